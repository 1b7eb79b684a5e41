//! Builds a client's frame from the model.

pub mod border_chars;
pub mod borders;
