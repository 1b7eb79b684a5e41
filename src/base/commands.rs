//! What is remembered of a command that ran in a pane, as its shell's marks (OSC 133) tell it.

use serde::{Deserialize, Serialize};

/// A place in a pane's text: a logical line, which never shifts, and a place in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct LinePlace {
    /// Counted from the pane's beginning.
    pub line: u64,
    /// Rows below the line's first, at the width of then.
    pub row: u32,
    pub col: u32,
}

/// See the module comment.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CommandRecord {
    /// The line of the prompt at which it was typed.
    pub prompt: Option<u64>,
    /// Where its output begins.
    pub start: LinePlace,
    /// Where that ends; `None` while it runs.
    pub end: Option<LinePlace>,
    /// Seconds since the Unix epoch.
    pub started: i64,
    pub ended: Option<i64>,
    /// `None`: it runs, or the shell did not say.
    pub status: Option<u8>,
    pub directory: String,
    /// What was typed.
    pub text: String,
}

impl CommandRecord {
    /// Bytes kept of a directory and of what was typed.
    pub const MAX_TEXT: usize = 200;

    /// The line from which on it is this command's part of the pane.
    pub fn first_line(&self) -> u64 {
        self.prompt.map_or(self.start.line, |prompt| prompt.min(self.start.line))
    }

    pub fn failed(&self) -> bool {
        self.status.is_some_and(|status| status != 0)
    }

    /// Seconds that it ran, or has run until now.
    pub fn duration(&self, now: i64) -> i64 {
        (self.ended.unwrap_or(now) - self.started).max(0)
    }
}
