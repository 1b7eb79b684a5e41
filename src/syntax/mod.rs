//! Floor 1: parsers of the command, style, target and layout languages.

pub mod args;
pub mod command;
