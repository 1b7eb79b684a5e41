//! The raw journal of a pane: a checkpoint (the exact screen, and the lines that are not on disk
//! yet) and every byte read from its program since. It is a memory file that the keeper holds too,
//! so that it outlives the server however the server ends; a new server restores the pane from
//! checkpoint and log.
//!
//! Programs' output is read directly into the file, whose unused part is zero: if the server dies,
//! the bytes that read(2) had copied are there, up to the last that is not NUL (terminals ignore
//! NULs), even though no length was recorded.
//!
//! ```text
//! file  := header (4096 bytes) log[256 KiB] area[2]
//! header := "SMJ3" 0:u32 active:u64 0:u64 slot[2] small[2]
//! slot  := length:u64 from:u64
//! log   := (length:u64 time:u64 bytes 0…)*      each at a multiple of 8
//! ```
//!
//! `active` counts checkpoints; 0: there is none yet. The newest is in `area[active % 2]`, or in
//! `small[active % 2]` if it fits there (which saves a page for each pane), and the log continues
//! from it at offset `from`. Earlier versions ("SMJ2") have no small areas.

use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use crate::sys::map::{Map, PAGE};

const MAGIC: &[u8; 4] = b"SMJ3";
const EARLIER_MAGIC: &[u8; 4] = b"SMJ2";
const AT_ACTIVE: usize = 8;
const AT_SLOTS: usize = 24;
const SLOT: usize = 16;
const SMALL: usize = 64;
/// Longest checkpoint that is stored in the header.
const SMALL_BYTES: usize = (LOG - SMALL) / 2;

const LOG: usize = 4096;
/// Bytes of output between two checkpoints, roughly.
const LOG_BYTES: usize = 256 << 10;
const ENTRY: usize = 16;
const AREAS: usize = LOG + LOG_BYTES;
/// Longest checkpoint: all lines that may be pending for the disk, and a very large screen.
const AREA_BYTES: usize = 8 << 20;
const SIZE: NonZeroUsize = NonZeroUsize::new(AREAS + 2 * AREA_BYTES).expect("not zero");
/// A pane at rest gets a checkpoint once its log is 1/`LOG_SHARE` as long as its checkpoint.
const LOG_SHARE: usize = 2;
/// Memory of an area beyond this is given back once its checkpoint is outdated.
const AREA_KEPT: usize = 640 << 10;

/// Offset of checkpoint `number`, which is `len` bytes long.
fn place(number: u64, len: usize) -> usize {
    match len {
        0..=SMALL_BYTES => SMALL + (number % 2) as usize * SMALL_BYTES,
        _ => AREAS + (number % 2) as usize * AREA_BYTES,
    }
}

/// See the module comment.
pub(crate) struct Journal {
    map: Map,
    active: u64,
    /// Offset of the next entry of the log.
    at: usize,
}

impl Journal {
    /// Creates a journal, and the file for others to hold. Memory is allocated as it is used.
    pub(crate) fn create() -> io::Result<(Self, OwnedFd)> {
        let (map, file) = Map::new(c"journal", SIZE)?;
        let mut journal = Self { map, active: 0, at: 0 };
        journal.map.bytes_mut()[..4].copy_from_slice(MAGIC);
        Ok((journal, file))
    }

    /// Reports whether a pane can be restored from it.
    pub(crate) fn is_usable(&self) -> bool {
        self.active > 0
    }

    /// Reports whether `len` more bytes fit before the next checkpoint (false without any
    /// checkpoint).
    pub(crate) fn has_room(&self, len: usize) -> bool {
        self.active > 0 && self.at + ENTRY + len <= LOG_BYTES
    }

    /// Buffer for reading up to `len` bytes, for which there must be room; `commit` follows.
    pub(crate) fn begin(&mut self, len: usize, time: i64) -> &mut [u8] {
        let start = LOG + self.at;
        self.map.store(start + 8, time as u64);
        &mut self.map.bytes_mut()[start + ENTRY..start + ENTRY + len]
    }

    /// Commits the first `len` bytes that were read; returns them.
    pub(crate) fn commit(&mut self, len: usize) -> &[u8] {
        let start = LOG + self.at;
        self.map.store(start, len as u64);
        if len > 0 {
            self.at += (ENTRY + len).next_multiple_of(8);
        }
        &self.map.bytes_mut()[start + ENTRY..start + ENTRY + len]
    }

    /// Replaces the checkpoint and empties the log. False if the checkpoint is too long: the
    /// journal is then unusable until there is a shorter one.
    pub(crate) fn checkpoint(&mut self, checkpoint: &[u8]) -> bool {
        if checkpoint.len() > AREA_BYTES {
            self.active = 0;
            self.map.store(AT_ACTIVE, 0);
            return false;
        }
        let next = self.active + 1;
        let area = place(next, checkpoint.len());
        let slot = AT_SLOTS + (next % 2) as usize * SLOT;
        self.map.bytes_mut()[area..area + checkpoint.len()].copy_from_slice(checkpoint);
        self.map.store(slot, checkpoint.len() as u64);
        self.map.store(slot + 8, self.at as u64);
        self.map.store(AT_ACTIVE, next);
        if self.at > 0 {
            let used = LOG + (self.at + ENTRY).min(LOG_BYTES);
            self.map.bytes_mut()[LOG..used].fill(0);
        }
        self.map.store(slot + 8, 0);
        self.at = 0;
        self.active = next;
        self.give_back(AREAS + ((next + 1) % 2) as usize * AREA_BYTES);
        true
    }

    /// Frees the memory that a long checkpoint took beyond the usual.
    fn give_back(&mut self, area: usize) {
        let number = (area - AREAS) / AREA_BYTES;
        let slot = AT_SLOTS + number * SLOT;
        if self.len_of(number as u64) <= AREA_KEPT {
            return;
        }
        self.map.store(slot, 0);
        self.map.free(area + AREA_KEPT, area + AREA_BYTES);
    }

    /// Reports whether it uses much more memory than a checkpoint made now would need. What a
    /// checkpoint costs, and the copies of it on disk, grows with its length: so a long one is
    /// replaced only after much output.
    pub(crate) fn is_large(&mut self) -> bool {
        let usual = self.len_of(self.active % 2) / LOG_SHARE;
        self.at > usual.max(2 * PAGE) || self.len_of((self.active + 1) % 2) > SMALL_BYTES
    }

    /// Frees all memory that the newest checkpoint does not use.
    pub(crate) fn shrink(&mut self) {
        let (active, other) = (self.active % 2, (self.active + 1) % 2);
        if self.active == 0 || self.at > 0 {
            return;
        }
        self.map.store(AT_SLOTS + other as usize * SLOT, 0);
        let area = |of: u64| AREAS + of as usize * AREA_BYTES;
        let len = Some(self.len_of(active)).filter(|len| *len > SMALL_BYTES).unwrap_or(0);
        self.map.free(LOG + PAGE, AREAS);
        self.map.free(area(other), area(other) + AREA_BYTES);
        self.map.free(area(active) + len, area(active) + AREA_BYTES);
    }

    /// Length of the checkpoint in a slot.
    fn len_of(&mut self, slot: u64) -> usize {
        let at = AT_SLOTS + slot as usize * SLOT;
        u64::from_le_bytes(self.map.bytes_mut()[at..at + 8].try_into().expect("eight bytes")) as usize
    }

    /// Reads a journal that a dead server left. Fails if it has no usable checkpoint.
    pub(crate) fn recover(file: OwnedFd) -> io::Result<Recovered> {
        let bad = || io::Error::from(io::ErrorKind::InvalidData);
        let file = File::from(file);
        let mut header = [0; LOG];
        file.read_exact_at(&mut header, 0)?;
        let active = number(&header, AT_ACTIVE);
        let earlier = &header[..4] == EARLIER_MAGIC;
        if !(&header[..4] == MAGIC || earlier) || active == 0 {
            return Err(bad());
        }
        let area = (active % 2) as usize;
        let slot = AT_SLOTS + area * SLOT;
        let (len, from) = (number(&header, slot) as usize, number(&header, slot + 8) as usize);
        if len > AREA_BYTES {
            return Err(bad());
        }
        let mut checkpoint = vec![0; len];
        let at = if earlier { AREAS + area * AREA_BYTES } else { place(active, len) };
        file.read_exact_at(&mut checkpoint, at as u64)?;
        let mut log = vec![0; LOG_BYTES];
        file.read_exact_at(&mut log, LOG as u64)?;
        Ok(Recovered { checkpoint, printed: printed(&log, from) })
    }

    /// Changes with every addition.
    pub(crate) fn stamp(&self) -> (u64, usize) {
        (self.active, self.at)
    }

    /// A copy of the output since `stamp`; `None` if there was a checkpoint since.
    pub(crate) fn copy_since(&mut self, stamp: (u64, usize)) -> Option<Vec<(i64, Vec<u8>)>> {
        let (active, from) = stamp;
        if active != self.active || !self.is_usable() || from > self.at {
            return None;
        }
        let log = LOG..LOG + self.at;
        Some(printed(&self.map.bytes_mut()[log], from))
    }

    /// A copy of the data that another server would recover now. Does not touch pages that were
    /// never written: reading them would allocate memory.
    pub(crate) fn copy(&mut self) -> Option<Recovered> {
        let (active, log) = (self.active, LOG..LOG + self.at);
        let usable = self.is_usable();
        let len = self.len_of(active % 2);
        let bytes = self.map.bytes_mut();
        let checkpoint = bytes.get(place(active, len)..)?.get(..len).filter(|_| usable)?.to_vec();
        Some(Recovered { checkpoint, printed: printed(&bytes[log], 0) })
    }
}

fn number(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).map_or(0, |b| u64::from_le_bytes(b.try_into().expect("eight bytes")))
}

/// Entries of a log from an offset on.
fn printed(log: &[u8], mut at: usize) -> Vec<(i64, Vec<u8>)> {
    let mut printed = Vec::new();
    while at + ENTRY <= log.len() {
        let (len, time) = (number(log, at) as usize, number(log, at + 8) as i64);
        let rest = &log[at + ENTRY..];
        if len == 0 || len > rest.len() {
            // The server died while reading this entry.
            let end = rest.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
            printed.push((time, rest[..end].to_vec()));
            break;
        }
        printed.push((time, rest[..len].to_vec()));
        at += (ENTRY + len).next_multiple_of(8);
    }
    printed.retain(|(_, bytes)| !bytes.is_empty());
    printed
}

/// Contents of a journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Recovered {
    pub checkpoint: Vec<u8>,
    /// Output since the checkpoint in pieces: time (seconds since the Unix epoch) and bytes.
    pub printed: Vec<(i64, Vec<u8>)>,
}

#[cfg(test)]
mod tests {
    use nix::sys::memfd::{MFdFlags, memfd_create};

    use super::*;

    fn again(fd: &OwnedFd) -> io::Result<Recovered> {
        Journal::recover(fd.try_clone().unwrap())
    }

    #[test]
    fn what_was_printed_since_the_checkpoint_comes_back() {
        let (mut journal, fd) = Journal::create().unwrap();
        assert!(again(&fd).is_err());
        assert!(!journal.has_room(1));
        assert!(journal.checkpoint(b"first"));
        let mut all = Vec::new();
        let mut checkpoint = b"first".to_vec();
        // What a reader has that copies only what is new.
        let (mut stamp, mut copied) = (journal.stamp(), Vec::new());
        for n in 0..4000usize {
            let piece = format!("piece {n};").repeat(n % 37).into_bytes();
            if !journal.has_room(1024) {
                checkpoint = format!("checkpoint {n}").into_bytes();
                assert!(journal.checkpoint(&checkpoint));
                all.clear();
            }
            journal.begin(1024, n as i64)[..piece.len()].copy_from_slice(&piece);
            if n % 100 == 0 {
                // The server dies here, before the commit.
                let found = again(&fd).unwrap().printed.into_iter().flat_map(|(_, bytes)| bytes);
                assert_eq!(found.collect::<Vec<u8>>(), [&all[..], &piece].concat());
            }
            assert_eq!(journal.commit(piece.len()), piece);
            all.extend(piece);
            if n % 10 == 0 {
                let found = again(&fd).unwrap();
                assert!(journal.copy().as_ref() == Some(&found));
                assert_eq!(found.checkpoint, checkpoint);
                let bytes = |printed: Vec<(i64, Vec<u8>)>| printed.into_iter().flat_map(|(_, bytes)| bytes);
                match journal.copy_since(stamp) {
                    Some(later) => copied.extend(bytes(later)),
                    None => copied = bytes(found.printed.clone()).collect::<Vec<u8>>(),
                }
                stamp = journal.stamp();
                assert!(copied == all, "{n}");
                assert!(bytes(found.printed).eq(all.iter().copied()), "{n}");
            }
        }
        assert!(journal.is_usable());
        assert!(!journal.checkpoint(&vec![1; AREA_BYTES + 1]));
        assert!(again(&fd).is_err() && !journal.is_usable());
        assert!(journal.checkpoint(&vec![1; AREA_BYTES]));
        assert!(journal.checkpoint(b"short"));
        assert_eq!(again(&fd).unwrap(), Recovered { checkpoint: b"short".to_vec(), printed: vec![] });
    }

    #[test]
    fn a_journal_at_rest_takes_no_more_than_its_checkpoint() {
        let (mut journal, fd) = Journal::create().unwrap();
        let pages = || nix::sys::stat::fstat(&fd).unwrap().st_blocks * 512 / PAGE as i64;
        assert!(journal.checkpoint(&[1; SMALL_BYTES]));
        assert_eq!(pages(), 1, "a short checkpoint is in the header");
        for n in 0..3u8 {
            journal.begin(100_000, 0).fill(n);
            journal.commit(100_000);
            assert!(journal.is_large());
            let checkpoint = vec![n; 50_000];
            assert!(journal.checkpoint(&checkpoint));
            journal.shrink();
            assert_eq!(again(&fd).unwrap(), Recovered { checkpoint, printed: vec![] });
            assert!(pages() <= 2 + 50_000 / PAGE as i64 + 1, "{} pages", pages());
        }
        assert!(journal.checkpoint(b"short"));
        journal.shrink();
        assert!(pages() <= 2 && !journal.is_large());
        assert_eq!(again(&fd).unwrap().checkpoint, b"short");
    }

    #[test]
    fn a_long_checkpoint_is_replaced_only_after_much_output() {
        let (mut journal, _fd) = Journal::create().unwrap();
        let mut printed = 0;
        for _ in 0..2 {
            assert!(journal.checkpoint(&[1; 160_000]));
            journal.shrink();
            printed = 0;
            while !journal.is_large() {
                journal.begin(1000, 0).fill(b'x');
                journal.commit(1000);
                printed += 1000;
            }
        }
        assert!((70_000..90_000).contains(&printed), "{printed}");
    }

    #[test]
    fn journals_of_the_version_before_are_read() {
        for len in [5, SMALL_BYTES + 1] {
            let (mut journal, fd) = Journal::create().unwrap();
            let checkpoint = vec![7; len];
            assert!(journal.checkpoint(&checkpoint));
            journal.begin(1024, 3)[..4].copy_from_slice(b"seen");
            journal.commit(4);
            let file = File::from(fd.try_clone().unwrap());
            let mut header = [0; LOG];
            file.read_exact_at(&mut header, 0).unwrap();
            // That version stores every checkpoint in an area.
            let area = number(&header, AT_ACTIVE) as usize % 2;
            file.write_all_at(&checkpoint, (AREAS + area * AREA_BYTES) as u64).unwrap();
            file.write_all_at(EARLIER_MAGIC, 0).unwrap();
            let printed = vec![(3, b"seen".to_vec())];
            assert_eq!(again(&fd).unwrap(), Recovered { checkpoint, printed });
        }
    }

    #[test]
    fn damaged_journals_are_refused() {
        for bytes in [&b""[..], b"SMJ2", b"SMJ3", &[0; 5000], &[0xff; 5000]] {
            let file = File::from(memfd_create(c"test", MFdFlags::MFD_CLOEXEC).unwrap());
            file.write_all_at(bytes, 0).unwrap();
            assert!(Journal::recover(file.into()).is_err());
        }
    }
}
