//! Waiting for processes: children, and others by a descriptor.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;

/// waitpid(2): a child and its raw status; `None` when there is nothing to report.
pub(crate) fn wait(pid: i32, flags: i32) -> Option<(i32, i32)> {
    let mut status = 0;
    loop {
        // SAFETY: the status is writable for the call.
        let found = unsafe { libc::waitpid(pid, &mut status, flags) };
        match Errno::result(found) {
            Ok(found) if found > 0 => return Some((found, status)),
            Err(Errno::EINTR) => {}
            _ => return None,
        }
    }
}

/// A process that is watched, whoever is its parent. The descriptor becomes readable when it ends.
pub(crate) struct Process(OwnedFd);

impl Process {
    /// Watches a process; `None` if there is none of this number.
    pub(crate) fn watch(pid: i32) -> Option<Self> {
        // SAFETY: pidfd_open takes two numbers; a new descriptor is closed on exec.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let fd = Errno::result(fd).ok()? as i32;
        // SAFETY: the kernel has just made this descriptor for this process.
        Some(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The wait status, once its parent has collected it. Kernels before 6.15 do not report it.
    pub(crate) fn status(&self) -> Option<i32> {
        /// The first version of `struct pidfd_info`: a mask, a cgroup, eleven ids, and the exit code.
        #[repr(C)]
        #[derive(Default)]
        struct Info {
            mask: u64,
            cgroup: u64,
            ids: [u32; 11],
            exit_code: i32,
        }
        const INFO_EXIT: u64 = 1 << 3;
        nix::ioctl_readwrite!(pidfd_get_info, 0xff, 11, Info);
        let mut info = Info { mask: INFO_EXIT, ..Info::default() };
        // SAFETY: the descriptor is open, and the structure has the size that is in the number of
        // the call; the kernel writes no more than that.
        unsafe { pidfd_get_info(self.0.as_raw_fd(), &mut info) }.ok()?;
        (info.mask & INFO_EXIT != 0).then_some(info.exit_code)
    }
}

impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
