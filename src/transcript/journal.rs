//! The raw journal: what a pane printed since its last checkpoint, in a small ring mapped from
//! a file. The page cache keeps it when the process dies, so that a new server rebuilds the
//! exact screen from checkpoint and replay.
//!
//! ```text
//! file := magic "SMJ1" capacity:u32 checkpoint:u64 length:u64 0… (64 bytes) data[capacity]
//! ```
//!
//! `length` counts the bytes printed since checkpoint number `checkpoint`; the last `capacity`
//! of them are in `data`, byte number n at `n % capacity`. Bytes are stored before `length`
//! grows, so a death in between loses at most what was being appended. This file has the
//! room's only unsafe code.

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::fcntl::{FallocateFlags, fallocate};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

const MAGIC: &[u8; 4] = b"SMJ1";
const HEADER: usize = 64;
const AT_CAPACITY: usize = 4;
const AT_CHECKPOINT: usize = 8;
const AT_LENGTH: usize = 16;

/// Bytes kept since a checkpoint, unless told otherwise.
pub const JOURNAL_BYTES: usize = 256 << 10;
/// Largest capacity that a file is believed to have.
const MAX_BYTES: usize = 64 << 20;

/// See the module comment.
pub struct Journal {
    map: NonNull<c_void>,
    size: NonZeroUsize,
    capacity: usize,
    length: u64,
}

// SAFETY: the mapping belongs to this value alone, and moves with it between threads.
unsafe impl Send for Journal {}

impl Journal {
    /// Makes (or empties) a journal of `capacity` bytes. The space is taken at once, so that a
    /// full disk shows here and not as a signal later.
    pub fn create(file: &Path, capacity: usize) -> io::Result<Self> {
        let capacity = capacity.clamp(4096, MAX_BYTES);
        let size = NonZeroUsize::new(HEADER + capacity).expect("a header is there");
        let flags = libc::O_NOFOLLOW | libc::O_CLOEXEC;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(flags)
            .open(file)?;
        fallocate(&file, FallocateFlags::empty(), 0, size.get() as i64)?;
        let map = map(&file, size)?;
        let mut journal = Self { map, size, capacity, length: 0 };
        let header = journal.bytes_mut();
        header[..4].copy_from_slice(MAGIC);
        header[AT_CAPACITY..AT_CHECKPOINT].copy_from_slice(&(capacity as u32).to_le_bytes());
        Ok(journal)
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the mapping is `size` bytes, readable and writable, and borrowed from self.
        unsafe { std::slice::from_raw_parts_mut(self.map.cast::<u8>().as_ptr(), self.size.get()) }
    }

    fn length_cell(&self) -> &AtomicU64 {
        // SAFETY: the offset is inside the mapping and aligned to 8 (a mapping is page-aligned);
        // all writes to it go through this atomic.
        unsafe { &*self.map.cast::<u8>().add(AT_LENGTH).cast::<AtomicU64>().as_ptr() }
    }

    /// Appends what a pane printed; the oldest bytes give way. Never blocks, never fails.
    pub fn append(&mut self, bytes: &[u8]) {
        let (capacity, length) = (self.capacity, self.length);
        let kept = &bytes[bytes.len().saturating_sub(capacity)..];
        let start = ((length + (bytes.len() - kept.len()) as u64) % capacity as u64) as usize;
        let data = &mut self.bytes_mut()[HEADER..];
        let (first, second) = kept.split_at(kept.len().min(capacity - start));
        data[start..start + first.len()].copy_from_slice(first);
        data[..second.len()].copy_from_slice(second);
        self.length = length + bytes.len() as u64;
        self.length_cell().store(self.length.to_le(), Ordering::Release);
    }

    /// Says that checkpoint `number` holds everything so far: the journal starts anew.
    pub fn checkpoint(&mut self, number: u64) {
        // Emptied first: a death in between leaves the old checkpoint with nothing after it,
        // rather than the new one with what it holds already.
        self.length = 0;
        self.length_cell().store(0, Ordering::Release);
        self.bytes_mut()[AT_CHECKPOINT..AT_LENGTH].copy_from_slice(&number.to_le_bytes());
    }

    /// Whether it is time for a checkpoint: half of the ring is used.
    pub fn wants_checkpoint(&self) -> bool {
        self.length >= self.capacity as u64 / 2
    }

    /// Reads a journal that a dead server left.
    pub fn recover(file: &Path) -> io::Result<Recovered> {
        let bad = || io::Error::from(io::ErrorKind::InvalidData);
        let flags = libc::O_NOFOLLOW | libc::O_CLOEXEC;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(file)?;
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(file, (HEADER + MAX_BYTES) as u64), &mut bytes)?;
        let (header, data) = bytes.split_at_checked(HEADER).ok_or_else(bad)?;
        let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("eight bytes"));
        let capacity =
            u32::from_le_bytes(header[AT_CAPACITY..AT_CHECKPOINT].try_into().expect("four bytes")) as usize;
        if &header[..4] != MAGIC || capacity == 0 || data.len() < capacity {
            return Err(bad());
        }
        let (length, data) = (number(AT_LENGTH), &data[..capacity]);
        let kept = length.min(capacity as u64) as usize;
        let start = ((length - kept as u64) % capacity as u64) as usize;
        let (tail, head) =
            (&data[start..(start + kept).min(capacity)], &data[..(start + kept).saturating_sub(capacity)]);
        Ok(Recovered {
            checkpoint: number(AT_CHECKPOINT),
            bytes: [tail, head].concat(),
            whole: length <= capacity as u64,
        })
    }
}

fn map(file: &File, size: NonZeroUsize) -> io::Result<NonNull<c_void>> {
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new shared mapping of a file that was just made `size` bytes long and that
    // nobody else shortens: it lies in a directory only we can use.
    Ok(unsafe { mmap(None, size, protection, MapFlags::MAP_SHARED, file, 0) }?)
}

impl Drop for Journal {
    fn drop(&mut self) {
        // SAFETY: mapped in `create` with this size, and no reference into it outlives self.
        let _ = unsafe { munmap(self.map, self.size.get()) };
    }
}

/// What a journal held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// The checkpoint that `bytes` follow.
    pub checkpoint: u64,
    pub bytes: Vec<u8>,
    /// Nothing since the checkpoint was overwritten.
    pub whole: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_printed_since_the_checkpoint_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("journal");
        let mut journal = Journal::create(&file, 4096).unwrap();
        let mut all = Vec::new();
        for n in 0..2000u32 {
            let piece = format!("piece {n};").repeat(n as usize % 7);
            journal.append(piece.as_bytes());
            all.extend(piece.bytes());
            let found = Journal::recover(&file).unwrap();
            let want = &all[all.len().saturating_sub(4096)..];
            assert_eq!((&found.bytes[..], found.whole), (want, all.len() <= 4096), "{n}");
            assert_eq!(journal.wants_checkpoint(), all.len() >= 2048);
        }
        journal.append(&[b'z'; 10_000]);
        assert_eq!(Journal::recover(&file).unwrap().bytes, [b'z'; 4096]);
        journal.checkpoint(7);
        journal.append(b"new");
        drop(journal);
        let found = Journal::recover(&file).unwrap();
        assert_eq!(found, Recovered { checkpoint: 7, bytes: b"new".to_vec(), whole: true });
    }

    #[test]
    fn damaged_journals_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("journal");
        for bytes in [&b""[..], b"SMJ1", &[0; 5000], b"SMJ1\xff\xff\xff\xff"] {
            std::fs::write(&file, bytes).unwrap();
            assert!(Journal::recover(&file).is_err());
        }
    }
}
