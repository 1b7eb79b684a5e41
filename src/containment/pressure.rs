//! The kernel's word that tasks wait for memory, as a descriptor that an ordinary loop can
//! sleep on.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

/// A trigger on the whole host's memory pressure. The kernel tells by priority events, which
/// are turned into readability here.
pub struct Pressure {
    epoll: Epoll,
    _trigger: File,
}

impl Pressure {
    /// Ready when tasks have waited for memory for 150 ms within 2 s. Fails where an ordinary
    /// user may not ask for that.
    pub fn new() -> io::Result<Self> {
        let mut trigger = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open("/proc/pressure/memory")?;
        // Windows that are multiples of 2 s are open to everybody since 6.5.
        trigger.write_all(b"some 150000 2000000\0")?;
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        epoll.add(trigger.as_fd(), EpollEvent::new(EpollFlags::EPOLLPRI, 0))?;
        Ok(Self { epoll, _trigger: trigger })
    }

    /// Readable when there is pressure, until `take`.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }

    /// Whether there was pressure since the last call.
    pub fn take(&self) -> bool {
        let mut events = [EpollEvent::empty()];
        matches!(self.epoll.wait(&mut events, EpollTimeout::ZERO), Ok(1..))
    }
}
