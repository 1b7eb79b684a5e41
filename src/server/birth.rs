//! The next keeper: the data to make it from, and when it may be made.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// Milliseconds between two keepers, so that one that dies at once does not keep the server busy.
const PAUSE_MS: u64 = 1000;

/// See the module comment.
pub(super) struct Birth {
    /// What the first keeper was made from.
    data: Vec<u8>,
    /// Earliest time to make the next one (monotonic ms).
    earliest_ms: u64,
}

impl Birth {
    pub(super) fn new(data: Vec<u8>) -> Self {
        Self { data, earliest_ms: 0 }
    }

    /// True if a keeper may be made now; the next one comes after a pause.
    pub(super) fn begin(&mut self, now_ms: u64) -> bool {
        let begins = now_ms >= self.earliest_ms;
        if begins {
            self.earliest_ms = now_ms + PAUSE_MS;
        }
        begins
    }

    /// Earliest time to make the next keeper (monotonic ms).
    pub(super) fn earliest_ms(&self) -> u64 {
        self.earliest_ms
    }

    /// Makes a keeper that has this listening socket. Returns the connection to it.
    pub(super) fn make_keeper(&self, listener: OwnedFd) -> std::io::Result<OwnedFd> {
        let (ours, theirs) = UnixStream::pair()?;
        crate::keeper::replace(&self.data, listener, theirs.into())?;
        Ok(ours.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keeper_is_made_at_once_and_the_next_after_a_pause() {
        let mut birth = Birth::new(Vec::new());
        assert!(birth.begin(5));
        assert!(!birth.begin(6) && !birth.begin(4 + PAUSE_MS));
        assert_eq!(birth.earliest_ms(), 5 + PAUSE_MS);
        assert!(birth.begin(5 + PAUSE_MS));
    }
}
