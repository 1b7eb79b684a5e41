//! A memory file that this process has mapped, and that others may hold to read it.

use std::ffi::CStr;
use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap, munmap};

/// Page size: the unit in which the kernel allocates and frees memory, in bytes.
pub(crate) const PAGE: usize = 4096;

/// A shared mapping of a whole memory file. The file keeps its length, so every byte of it can be read and
/// written. Whoever gets the file reads it; to write to it is left to the owner of the mapping, as is the
/// rule for all memory of a process that has a file (`/proc/self/mem`).
pub(crate) struct Map {
    start: NonNull<c_void>,
    len: NonZeroUsize,
}

// SAFETY: the mapping belongs to this value alone, and moves with it between threads.
unsafe impl Send for Map {}

impl Map {
    /// Makes a memory file of `len` bytes, all zero, and maps it. The file is closed on exec. Memory is
    /// allocated as it is used.
    pub(crate) fn new(name: &CStr, len: NonZeroUsize) -> io::Result<(Self, OwnedFd)> {
        let file = File::from(memfd_create(name, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?);
        file.set_len(len.get() as u64)?;
        let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
        fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new shared mapping of a file of that size, which nobody can make shorter.
        let start = unsafe { mmap(None, len, protection, MapFlags::MAP_SHARED, &file, 0) }?;
        Ok((Self { start, len }, file.into()))
    }

    /// All bytes.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the mapping is `len` bytes, readable and writable, and borrowed from self.
        unsafe { std::slice::from_raw_parts_mut(self.start.cast::<u8>().as_ptr(), self.len.get()) }
    }

    /// The number at an offset in bytes. Panics if the offset is no multiple of 8, or the number is not
    /// wholly inside.
    fn cell(&mut self, at: usize) -> &AtomicU64 {
        assert!(at.is_multiple_of(8) && at < self.len.get() && self.len.get() - at >= 8);
        // SAFETY: the number is inside the mapping and aligned to 8 (a mapping is page-aligned).
        unsafe { &*self.start.cast::<u8>().add(at).cast::<AtomicU64>().as_ptr() }
    }

    /// Stores a number, least byte first, behind all that was written before. Panics if the offset, in
    /// bytes, is no multiple of 8 or too large.
    pub(crate) fn store(&mut self, at: usize, value: u64) {
        self.cell(at).store(value.to_le(), Ordering::Release);
    }

    /// Frees the memory of whole pages between two offsets, in bytes; they read as zeros afterwards.
    /// Nothing happens if the end is too large.
    pub(crate) fn free(&mut self, from: usize, to: usize) {
        let (from, to) = (from.next_multiple_of(PAGE), to / PAGE * PAGE);
        if from >= to || to > self.len.get() {
            return;
        }
        // SAFETY: whole pages inside the mapping; nothing is borrowed from them.
        let _ = unsafe { madvise(self.start.byte_add(from), to - from, MmapAdvise::MADV_REMOVE) };
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: mapped in `new` with this size, and no reference into it outlives self.
        let _ = unsafe { munmap(self.start, self.len.get()) };
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn what_is_written_is_in_the_file_and_what_is_freed_is_zero() {
        let (mut map, fd) = Map::new(c"test", NonZeroUsize::new(3 * PAGE).unwrap()).unwrap();
        let file = File::from(fd);
        map.bytes_mut().fill(7);
        map.store(PAGE - 8, 0x0102);
        map.free(PAGE - 1, 3 * PAGE - 1);
        let mut bytes = vec![1; 3 * PAGE];
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(bytes[PAGE - 9..PAGE + 1], [7, 2, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert!(bytes[PAGE..2 * PAGE].iter().all(|byte| *byte == 0));
        assert!(bytes[2 * PAGE..].iter().all(|byte| *byte == 7), "half a page stays");
        map.free(0, 4 * PAGE);
        assert_eq!(map.bytes_mut()[0], 7, "the end is behind the file's");
    }

    #[test]
    fn the_file_keeps_its_length() {
        let (_map, fd) = Map::new(c"test", NonZeroUsize::new(PAGE).unwrap()).unwrap();
        let file = File::from(fd);
        assert!(file.set_len(1).is_err() && file.set_len(2 * PAGE as u64).is_err());
    }

    #[test]
    fn numbers_outside_or_across_are_refused() {
        let length = NonZeroUsize::new(PAGE).unwrap();
        for at in [1, PAGE - 4, PAGE, usize::MAX - 7] {
            let stored = std::panic::catch_unwind(|| Map::new(c"test", length).unwrap().0.store(at, 1));
            assert!(stored.is_err(), "{at}");
        }
    }
}
