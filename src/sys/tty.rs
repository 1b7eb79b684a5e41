//! Terminals: their size, and the session that they control.

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::pty::Winsize;

/// Size of a terminal, in cells and in pixels of the whole (0 when unknown). Fails with ENOTTY for
/// anything else than a terminal.
pub(crate) fn window_size(fd: BorrowedFd<'_>) -> nix::Result<Winsize> {
    let mut size = Winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the descriptor is open for the borrow's life, and the structure that TIOCGWINSZ fills is
    // writable.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCGWINSZ, &mut size) })?;
    Ok(size)
}

/// Sets the size of a terminal, in cells and in pixels of the whole; its foreground programs get SIGWINCH
/// if it changed.
pub(crate) fn set_window_size(fd: BorrowedFd<'_>, size: &Winsize) -> nix::Result<()> {
    // SAFETY: the descriptor is open for the borrow's life, and the structure is what TIOCSWINSZ reads.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCSWINSZ, size) }).map(drop)
}

/// Count of bytes that can be read from a terminal without waiting, in raw mode.
#[cfg(test)]
pub(crate) fn readable_bytes(fd: BorrowedFd<'_>) -> nix::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: the descriptor is open for the borrow's life, and the number that FIONREAD sets is writable.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONREAD, &mut count) })?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Makes a terminal the controlling one of this process's session. Fails with EPERM if the process does
/// not lead a session, or the session or the terminal has another.
pub(crate) fn control(fd: BorrowedFd<'_>) -> nix::Result<()> {
    // SAFETY: the descriptor is open for the borrow's life; TIOCSCTTY takes a number.
    Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCSCTTY, 0) }).map(drop)
}
