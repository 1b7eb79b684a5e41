//! Descriptors that the runtime watches.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Has the runtime of this context say when a descriptor is readable.
pub(super) fn register(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the `AsyncFd` owns the descriptor and lends it to nobody who could close it.
    Ok(unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE)? })
}
