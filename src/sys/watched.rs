//! Descriptors that tokio's runtime watches.

use std::io;
use std::ops::Deref;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A descriptor that a runtime watches. Nobody gets at it to close or to replace it, which the runtime
/// relies on.
pub(crate) struct Watched(AsyncFd<OwnedFd>);

impl Watched {
    /// Has the runtime of this context watch a descriptor, and panics if there is none.
    pub(crate) fn new(fd: OwnedFd, interest: Interest) -> io::Result<Self> {
        // SAFETY: the `AsyncFd` owns the descriptor, and is only shown as a shared reference, through
        // which it cannot be closed or replaced.
        Ok(Self(unsafe { AsyncFd::register_with_interest(fd, interest)? }))
    }
}

impl Deref for Watched {
    type Target = AsyncFd<OwnedFd>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
