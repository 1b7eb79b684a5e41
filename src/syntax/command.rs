//! Parsed command lists.

use std::sync::Arc;

use super::args::Args;

/// One command with its arguments.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub args: Args,
}

/// Commands in groups: when one fails, the rest of its group is not run.
#[derive(Clone, Debug, Default)]
pub struct CommandList {
    pub groups: Vec<Vec<Arc<Invocation>>>,
}
