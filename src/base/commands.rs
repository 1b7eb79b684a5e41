//! Records of commands that ran in a pane, from its shell's marks (OSC 133).

use serde::{Deserialize, Serialize};

/// A place in a pane's text: the number of a logical line, which never changes, and a place in that line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct LinePlace {
    /// Counted from the start of the pane.
    pub line: u64,
    /// Rows below the line's first, at the pane's width of that time.
    pub row: u32,
    pub col: u32,
}

/// See the module comment.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct CommandRecord {
    /// The line of the prompt at which it was typed.
    pub prompt: Option<u64>,
    /// Start of its output.
    pub start: LinePlace,
    /// End of its output; `None` while the command runs.
    pub end: Option<LinePlace>,
    /// Seconds since the Unix epoch.
    pub started: i64,
    pub ended: Option<i64>,
    /// Exit status; `None` while it runs, or if the shell did not report it.
    pub status: Option<u8>,
    pub directory: String,
    /// The typed command line.
    pub text: String,
}

impl CommandRecord {
    /// Maximum number of bytes kept of a directory and of a command line.
    pub const MAX_TEXT: usize = 200;

    /// The first line of the command's part of the pane.
    pub fn first_line(&self) -> u64 {
        self.prompt.map_or(self.start.line, |prompt| prompt.min(self.start.line))
    }

    pub fn failed(&self) -> bool {
        self.status.is_some_and(|status| status != 0)
    }

    /// Seconds that it ran, or has been running until `now`.
    pub fn duration(&self, now: i64) -> i64 {
        (self.ended.unwrap_or(now) - self.started).max(0)
    }
}
