//! The log of `-v`: `tmux-client-PID.log` in the working directory.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// An open log, or nothing when `-v` was not given or the file cannot be made.
#[derive(Default)]
pub(super) struct Log(Option<File>);

impl Log {
    /// Opens the log of this process for a level above 0.
    pub(super) fn open(level: u8) -> Self {
        let name = format!("tmux-client-{}.log", std::process::id());
        let open = || OpenOptions::new().append(true).create(true).open(name).ok();
        Self(if level > 0 { open() } else { None })
    }

    /// Writes a line. The text is only computed when there is a log.
    pub(super) fn line(&mut self, text: impl FnOnce() -> String) {
        if let Some(file) = &mut self.0 {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            // A full disk must not end the client.
            let _ = writeln!(file, "{}.{:06} {}", now.as_secs(), now.subsec_micros(), text());
        }
    }
}
