//! How many descriptors keeper and server may hold. A pane takes two in the keeper, and the usual
//! limit of 1024 is one that a process may raise by itself. What runs in panes gets the limit that
//! the keeper was started with: programs that close or poll every possible descriptor are slow
//! under a large one, and select(2) cannot name the descriptors beyond 1024.

use nix::libc::rlim_t;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors that the keeper keeps free for its own work: starting a server and a program,
/// clients who ask for a server.
pub(super) const RESERVE: usize = 32;

/// The limits that this process was started with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FileLimits {
    pub(super) soft: rlim_t,
    pub(super) hard: rlim_t,
}

impl FileLimits {
    /// Raises the limit as far as it goes. Returns what it was; `None` where that is not known.
    pub(super) fn raise() -> Option<Self> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
        // Without the right to do so the limit stays, which is no reason to stop.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
        Some(Self { soft, hard })
    }

    /// Sets the limit back, in a process that becomes something else.
    pub(super) fn give_back(self) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, self.soft, self.hard);
    }
}
