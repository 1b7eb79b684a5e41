//! Limits on descriptors of keeper and server. A pane takes two in the keeper; the usual soft limit of
//! 1024 is too low, and a process may raise it by itself. Programs in panes get the limit that the keeper
//! was started with: those that close or poll every possible descriptor are slow under a large limit, and
//! select(2) cannot handle descriptors beyond 1024.

use nix::libc::rlim_t;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors that the keeper keeps free for its own work: starting a server and a program, and clients
/// that ask for a server.
pub(super) const RESERVE: usize = 32;

/// The limits that this process was started with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FileLimits {
    pub(super) soft: rlim_t,
    pub(super) hard: rlim_t,
}

impl FileLimits {
    /// Raises the soft limit to the hard one. Returns the old limit; `None` if it is unknown.
    pub(super) fn raise() -> Option<Self> {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
        // If that is not permitted, the limit stays, which is harmless.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
        Some(Self { soft, hard })
    }

    /// Restores the limit, in a process that will execute another program.
    pub(super) fn give_back(self) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, self.soft, self.hard);
    }
}
