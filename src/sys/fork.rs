//! Forking, and the end of a forked child.
//!
//! In the child only the thread that forked runs. The others, if there are any, look as if they were never
//! scheduled again: what they have locked stays locked, and nothing else of theirs can be reached. So a
//! process that forks has one thread, or its child waits for ever; it is no danger to memory.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::errno::Errno;
use nix::unistd::ForkResult;

/// Forks: the child's process id, or `None` in the child.
pub(crate) fn fork() -> nix::Result<Option<i32>> {
    // SAFETY: see the module comment; the C library keeps its own locks usable in the child.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Some(child.as_raw())),
        ForkResult::Child => Ok(None),
    }
}

/// Forks with the child in a version 2 cgroup, whose directory is given, from its first instruction. Fails
/// with ENOSYS where the kernel has no clone3(2).
pub(crate) fn fork_into(cgroup: BorrowedFd<'_>) -> nix::Result<Option<i32>> {
    const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
    // SAFETY: clone_args is plain numbers, for which zero is valid.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = CLONE_INTO_CGROUP;
    args.exit_signal = libc::SIGCHLD as u64;
    args.cgroup = cgroup.as_raw_fd() as u64;
    // SAFETY: without CLONE_VM this is a fork, for which see the module comment. The arguments outlive
    // the call.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &args, size_of::<libc::clone_args>()) };
    match Errno::result(pid)? {
        0 => Ok(None),
        pid => Ok(Some(pid as i32)),
    }
}

/// Ends this process, a forked child, without running its parent's exit handlers.
pub(crate) fn quit(status: i32) -> ! {
    // SAFETY: _exit has no preconditions.
    unsafe { libc::_exit(status) }
}

/// Closes all descriptors but the standard streams, runs the rest of a forked child, which executes its
/// program, and ends the child with status 1 if that returns. Owners of other descriptors are left behind
/// and never dropped; what `rest` does with one of them fails.
pub(crate) fn end_without_descriptors(rest: impl FnOnce()) -> ! {
    // SAFETY: this closes every descriptor from 3 on. Their owners are never used again, since this
    // function does not return, and not by a panic either.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    let _ = catch_unwind(AssertUnwindSafe(rest));
    quit(1)
}
