//! Descriptors that reach this process as numbers: each gets its one owner here.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use nix::cmsg_space;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockFlag, UnixAddr, accept4, recvmsg};

/// Maximum number of descriptors that one message can carry (the kernel's SCM_MAX_FD). There is always
/// room for all of them: a truncated list would leave descriptors open without an owner.
const MAX_FDS_PER_READ: usize = 253;

/// Number of the first descriptor behind the standard streams.
const FIRST: RawFd = 3;

/// Accepts a connection; the new socket is closed on exec, and `flags` may make it non-blocking.
pub(crate) fn accept(listener: BorrowedFd<'_>, flags: SockFlag) -> nix::Result<OwnedFd> {
    let number = accept4(listener.as_raw_fd(), flags | SockFlag::SOCK_CLOEXEC)?;
    // SAFETY: the kernel has just made this descriptor for this process, and nobody else has seen its
    // number.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Receives into `buffer`: returns the number of bytes (0 at the end) and the descriptors, which are
/// closed on exec. Never blocks.
pub(crate) fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut control = cmsg_space!([RawFd; MAX_FDS_PER_READ]);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC | MsgFlags::MSG_DONTWAIT;
    let received = recvmsg::<UnixAddr>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let mut fds = Vec::new();
    for message in received.cmsgs()? {
        if let ControlMessageOwned::ScmRights(numbers) = message {
            // SAFETY: the kernel has just installed these descriptors for this process, and
            // nobody else has seen their numbers.
            fds.extend(numbers.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    Ok((received.bytes, fds))
}

/// Takes over a descriptor that the program before this one, in the same process, left open for it.
/// `None` if the number is not open, is a standard stream, or has an owner already.
///
/// Whatever this program opens is closed on exec, and what was left open for it is not: so a descriptor
/// with an owner is known by its flag, which an adopted one gets too.
pub(crate) fn adopt(number: RawFd) -> Option<OwnedFd> {
    if number < FIRST {
        return None;
    }
    // SAFETY: it is not -1; a number that is not open only makes fcntl fail.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = FdFlag::from_bits_retain(fcntl(borrowed, FcntlArg::F_GETFD).ok()?);
    if flags.contains(FdFlag::FD_CLOEXEC) {
        return None;
    }
    fcntl(borrowed, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).ok()?;
    // SAFETY: it is open and, as its flag said, nobody in this program owns it.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Leaves a descriptor open for `adopt`, here or in the program that this process executes next. Returns
/// its number.
pub(crate) fn leave(fd: OwnedFd) -> nix::Result<RawFd> {
    fcntl(&fd, FcntlArg::F_SETFD(FdFlag::empty()))?;
    Ok(fd.into_raw_fd())
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn only_what_was_left_open_is_adopted_and_once() {
        let file = OwnedFd::from(File::open("/dev/null").unwrap());
        let number = file.as_raw_fd();
        assert!(adopt(number).is_none(), "it has an owner");
        assert_eq!(leave(file), Ok(number));
        let adopted = adopt(number).expect("it was left open");
        assert!(adopt(number).is_none(), "it has an owner again");
        drop(adopted);
        for standard in [-1, 0, 1, 2] {
            assert!(adopt(standard).is_none());
        }
        assert!(adopt(RawFd::MAX).is_none(), "it is not open");
    }
}
