//! The names of keys, both ways.
