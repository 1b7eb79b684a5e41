//! Parsed arguments of a command.

/// Flags and positional arguments of one command.
#[derive(Clone, Debug, Default)]
pub struct Args;
