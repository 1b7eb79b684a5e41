//! The kernel's word that tasks wait for memory, as a descriptor that a loop can sleep on.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;

/// A trigger on the whole host's memory pressure.
pub struct Pressure(File);

impl Pressure {
    /// Fires when tasks have waited for memory for 150 ms within 2 s. Fails where an ordinary
    /// user may not ask for that.
    pub fn new() -> io::Result<Self> {
        let mut trigger = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open("/proc/pressure/memory")?;
        // Windows that are multiples of 2 s are open to everybody since 6.5.
        trigger.write_all(b"some 150000 2000000\0")?;
        Ok(Self(trigger))
    }

    /// Has a priority event (`EPOLLPRI`) for each time that it fires. The kernel forgets the event
    /// when it is looked at, so it must be watched by the loop's own set: a set within that set
    /// would be asked twice, and the second time there is nothing.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
