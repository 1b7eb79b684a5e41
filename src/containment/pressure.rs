//! Notification by the kernel that tasks wait for memory, as a descriptor for a loop.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

/// A trigger on the whole host's memory pressure.
pub struct Pressure(File);

impl Pressure {
    /// Fires when tasks have waited for memory for 150 ms within 2 s. Fails if an ordinary user may not
    /// use it.
    pub fn new() -> io::Result<Self> {
        let mut trigger = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open("/proc/pressure/memory")?;
        // Since 6.5, windows that are multiples of 2 s are open to every user.
        trigger.write_all(b"some 150000 2000000\0")?;
        Ok(Self(trigger))
    }

    /// Has a priority event (`EPOLLPRI`) each time that it fires. The kernel clears the event when it is
    /// polled, so the loop's own epoll set must contain it: a nested set would be polled twice, the
    /// second time without an event.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
