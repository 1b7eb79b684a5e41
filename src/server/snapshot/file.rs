//! The file with a server's state: a memory file that the keeper holds too. Changes are appended as
//! records; the newest record of a key counts. `docs/snapshot-format.md` describes it byte by byte.
//!
//! ```text
//! file   := header (4096 bytes) extent…          each extent at a multiple of 4096
//! header := "SMS2" version:u32 slot slot         both slots have the same contents
//! slot   := log:u64 end:u64 0:u32 crc:u32        start and end of the log's records
//! record := "REC2" kind:u16 version:u16 flags:u32 key:u32 body:u64 crc:u32 crc_head:u32
//!           key bytes, body bytes, zeros up to a multiple of 8
//! ```
//!
//! The records of a turn are written first and the header last, so that a server that dies at any
//! time leaves complete turns. A log whose extent is full is rewritten to another extent without
//! outdated records; the header switches to it once it is complete. Long bodies are in extents of
//! their own, to which their records point, so that they are never copied.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use nix::fcntl::{FallocateFlags, fallocate};
use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::sys::files;

pub(super) const MAGIC: &[u8; 4] = b"SMS2";
pub(super) const VERSION: u32 = 1;
const AT_SLOTS: u64 = 8;
const SLOT: usize = 24;
const HEADER: usize = 8 + 2 * SLOT;
const RECORD: &[u8; 4] = b"REC2";
/// Bytes of a record before its key.
const HEAD: usize = 32;
/// Alignment of extents, so that the memory of each can be freed.
const PAGE: u64 = 4096;
/// Bodies longer than this are in extents of their own, in bytes.
const LONG: usize = 64 << 10;
/// Room of a log beyond twice its contents, in bytes.
const ROOM: u64 = 256 << 10;
/// Longest key that is accepted, in bytes.
const MAX_KEY: usize = 64 << 10;

/// Flag: the key has been removed.
const REMOVED: u32 = 1;
/// Flag: the body is a place in the file and the checksum of the data there.
const ELSEWHERE: u32 = 2;

/// A piece of the file, as offset and length in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    at: u64,
    length: u64,
}

/// Key of a record: a kind of object, and the object's name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct RecordKey {
    pub kind: u16,
    pub name: Vec<u8>,
}

/// Place of the newest record of a key, and of its long body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    record: Place,
    long: Option<Place>,
}

/// The file as its writer sees it.
pub(super) struct StateFile {
    file: File,
    log: Place,
    /// Offset of the next record.
    end: u64,
    /// Records of this turn that are not in the file yet.
    pending: Vec<u8>,
    /// Unused extents by offset, and the end of the last extent.
    free: BTreeMap<u64, u64>,
    used: u64,
    /// Extents that become free with the next header.
    outdated: Vec<Place>,
}

impl StateFile {
    pub(super) fn create() -> io::Result<Self> {
        let file = File::from(memfd_create(c"snapshot", MFdFlags::MFD_CLOEXEC)?);
        let mut new = Self {
            file,
            log: Place { at: PAGE, length: ROOM },
            end: PAGE,
            pending: Vec::new(),
            free: BTreeMap::new(),
            used: PAGE + ROOM,
            outdated: Vec::new(),
        };
        new.file.write_all_at(&[&MAGIC[..], &VERSION.to_le_bytes()].concat(), 0)?;
        new.publish()?;
        Ok(new)
    }

    /// The file for others to hold.
    pub(super) fn share(&self) -> io::Result<OwnedFd> {
        Ok(self.file.try_clone()?.into())
    }

    /// Adds a record to those of this turn.
    pub(super) fn put(&mut self, key: &RecordKey, version: u16, body: &[u8]) -> io::Result<Written> {
        if body.len() < LONG {
            return Ok(Written { record: self.append(key, version, 0, body), long: None });
        }
        let place = self.allocate(body.len() as u64);
        self.file.write_all_at(body, place.at)?;
        let place = Place { length: body.len() as u64, ..place };
        let crc = crc32fast::hash(body).to_le_bytes();
        let body = [&place.at.to_le_bytes()[..], &place.length.to_le_bytes(), &crc].concat();
        Ok(Written { record: self.append(key, version, ELSEWHERE, &body), long: Some(place) })
    }

    /// Records that a key has been removed.
    pub(super) fn remove(&mut self, key: &RecordKey, written: &Written) {
        self.append(key, 0, REMOVED, &[]);
        self.outdate(written);
    }

    /// Called when a newer record of the key was put: frees the long body of the old one.
    pub(super) fn outdate(&mut self, written: &Written) {
        self.outdated.extend(written.long);
    }

    fn append(&mut self, key: &RecordKey, version: u16, flags: u32, body: &[u8]) -> Place {
        let at = self.end + self.pending.len() as u64;
        let start = self.pending.len();
        push_record(&mut self.pending, key, version, flags, body);
        Place { at, length: (self.pending.len() - start) as u64 }
    }

    /// Reports whether this turn has records that are not in the file yet.
    pub(super) fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Makes the records of this turn part of the file. `all` are the places of the newest records
    /// of all keys, which move if the log is full.
    pub(super) fn commit<'a>(&mut self, all: impl Iterator<Item = &'a mut Written>) -> io::Result<()> {
        if self.end + self.pending.len() as u64 > self.log.at + self.log.length {
            return self.compact(all);
        }
        let pending = std::mem::take(&mut self.pending);
        self.file.write_all_at(&pending, self.end)?;
        self.end += pending.len() as u64;
        self.pending = pending;
        self.pending.clear();
        self.publish()
    }

    /// Rewrites the current records to another extent.
    fn compact<'a>(&mut self, all: impl Iterator<Item = &'a mut Written>) -> io::Result<()> {
        let before = self.log;
        let mut old = vec![0; (self.end - before.at) as usize];
        self.file.read_exact_at(&mut old, before.at)?;
        old.append(&mut self.pending);
        let mut live = Vec::with_capacity(old.len());
        let mut moved: Vec<&mut Written> = all.collect();
        moved.sort_by_key(|written| written.record.at);
        let mut places = Vec::with_capacity(moved.len());
        for written in &moved {
            let start = (written.record.at - before.at) as usize;
            places.push(live.len() as u64);
            live.extend_from_slice(&old[start..start + written.record.length as usize]);
        }
        let log = self.allocate(2 * live.len() as u64 + ROOM);
        self.file.write_all_at(&live, log.at)?;
        for (written, offset) in moved.into_iter().zip(places) {
            written.record.at = log.at + offset;
        }
        (self.log, self.end) = (log, log.at + live.len() as u64);
        self.outdated.push(before);
        self.publish()
    }

    /// Writes place and length of the log to the header, and frees extents that become unused.
    fn publish(&mut self) -> io::Result<()> {
        let words = [self.log.at.to_le_bytes(), self.end.to_le_bytes()].concat();
        let mut slot = [&words[..], &[0; 4]].concat();
        slot.extend(crc32fast::hash(&slot).to_le_bytes());
        self.file.write_all_at(&slot.repeat(2), AT_SLOTS)?;
        for place in std::mem::take(&mut self.outdated) {
            self.release(place);
        }
        Ok(())
    }

    fn allocate(&mut self, length: u64) -> Place {
        let length = length.next_multiple_of(PAGE);
        if let Some((at, free)) =
            self.free.iter().map(|(at, free)| (*at, *free)).find(|&(_, free)| free >= length)
        {
            self.free.remove(&at);
            if free > length {
                self.free.insert(at + length, free - length);
            }
            return Place { at, length };
        }
        let at = self.used;
        self.used += length;
        Place { at, length }
    }

    fn release(&mut self, place: Place) {
        let (mut at, mut length) = (place.at, place.length.next_multiple_of(PAGE));
        let hole = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        // Memory that cannot be freed now is freed with the file.
        fallocate(&self.file, hole, at as i64, length as i64).ok();
        if let Some(next) = self.free.remove(&(at + length)) {
            length += next;
        }
        if let Some((&before, &free)) =
            self.free.range(..at).next_back().filter(|(b, free)| **b + **free == at)
        {
            (at, length) = (before, free + length);
        }
        if at + length == self.used {
            self.free.remove(&at);
            self.used = at;
        } else {
            self.free.insert(at, length);
        }
    }
}

fn push_record(out: &mut Vec<u8>, key: &RecordKey, version: u16, flags: u32, body: &[u8]) {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&key.name);
    crc.update(body);
    let start = out.len();
    out.extend_from_slice(RECORD);
    out.extend(key.kind.to_le_bytes());
    out.extend(version.to_le_bytes());
    out.extend(flags.to_le_bytes());
    out.extend((key.name.len() as u32).to_le_bytes());
    out.extend((body.len() as u64).to_le_bytes());
    out.extend(crc.finalize().to_le_bytes());
    let head = crc32fast::hash(&out[start..]);
    out.extend(head.to_le_bytes());
    out.extend_from_slice(&key.name);
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(8), 0);
}

/// A body that was found, and the version of its format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Body {
    pub version: u16,
    pub bytes: Vec<u8>,
}

/// The state that a server left.
#[derive(Default)]
pub(super) struct Left {
    /// Bodies by key: the newest record last, after older ones of the same key that no removal
    /// followed.
    pub records: BTreeMap<RecordKey, Vec<Body>>,
    /// Damaged records: the key, if known.
    pub refused: Vec<Option<RecordKey>>,
    /// Keys whose newest record lacks its long body. The long body of an older record may have been
    /// freed.
    bodiless: BTreeSet<RecordKey>,
}

impl Left {
    pub(super) fn read(file: OwnedFd) -> io::Result<Self> {
        let file = File::from(file);
        let len = file.metadata()?.len() as usize;
        Self::parse(&files::read_at(&file, 0, len)?)
    }

    /// Parses a whole file. Fails if its records cannot be located.
    pub(super) fn parse(bytes: &[u8]) -> io::Result<Self> {
        let bad = || io::Error::from(io::ErrorKind::InvalidData);
        let slots = bytes.get(AT_SLOTS as usize..HEADER).ok_or_else(bad)?;
        let mut newest = None;
        for slot in slots.chunks_exact(SLOT) {
            if crc32fast::hash(&slot[..SLOT - 4]) == word(slot, SLOT - 4) {
                newest = newest.max(Some((long(slot, 8), long(slot, 0))));
            }
        }
        let (end, log) = newest.ok_or_else(bad)?;
        let clamp = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
        let mut left = Self::default();
        let records = bytes.get(clamp(log)..clamp(end)).unwrap_or_default();
        left.walk(records, bytes);
        if records.len() as u64 != end.saturating_sub(log) {
            left.refused.push(None);
        }
        left.refused.extend(std::mem::take(&mut left.bodiless).into_iter().map(Some));
        Ok(left)
    }

    fn walk(&mut self, mut records: &[u8], file: &[u8]) {
        let mut lost = false;
        while records.len() >= HEAD {
            let head = &records[..HEAD];
            let sound =
                head.starts_with(RECORD) && crc32fast::hash(&head[..HEAD - 4]) == word(head, HEAD - 4);
            let head = Head::new(head).filter(|_| sound);
            let Some((head, length)) = head.and_then(|head| Some((head, head.length(records.len())?))) else {
                // The head is damaged: search for the next record at multiples of 8.
                if !std::mem::replace(&mut lost, true) {
                    self.refused.push(None);
                }
                records = &records[8..];
                continue;
            };
            lost = false;
            let (record, rest) = records.split_at(length);
            let (name, body) = record[HEAD..HEAD + head.key + head.body].split_at(head.key);
            records = rest;
            self.take(head, name, body, file);
        }
    }

    fn take(&mut self, head: Head, name: &[u8], body: &[u8], file: &[u8]) {
        let key = RecordKey { kind: head.kind, name: name.to_vec() };
        let mut crc = crc32fast::Hasher::new();
        crc.update(name);
        crc.update(body);
        if crc.finalize() != head.crc {
            return self.refused.push(Some(key));
        }
        self.bodiless.remove(&key);
        if head.flags & REMOVED != 0 {
            self.records.remove(&key);
            return;
        }
        let body = if head.flags & ELSEWHERE == 0 { Some(body) } else { elsewhere(body, file) };
        match body {
            Some(body) => {
                let body = Body { version: head.version, bytes: body.to_vec() };
                self.records.entry(key).or_default().push(body);
            }
            None => drop(self.bodiless.insert(key)),
        }
    }
}

/// A long body, if it is intact.
fn elsewhere<'a>(body: &[u8], file: &'a [u8]) -> Option<&'a [u8]> {
    if body.len() != 20 {
        return None;
    }
    let at = usize::try_from(long(body, 0)).ok()?;
    let end = at.checked_add(usize::try_from(long(body, 8)).ok()?)?;
    file.get(at..end).filter(|bytes| crc32fast::hash(bytes) == word(body, 16))
}

#[derive(Clone, Copy)]
struct Head {
    kind: u16,
    version: u16,
    flags: u32,
    key: usize,
    body: usize,
    crc: u32,
}

impl Head {
    fn new(bytes: &[u8]) -> Option<Self> {
        let key = word(bytes, 12) as usize;
        let body = usize::try_from(long(bytes, 16)).ok()?;
        let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let (flags, crc) = (word(bytes, 8), word(bytes, 24));
        (key <= MAX_KEY).then_some(Self { kind: half(4), version: half(6), flags, key, body, crc })
    }

    /// Length of the whole record in bytes, if `there` is enough for it.
    fn length(self, there: usize) -> Option<usize> {
        let length = HEAD.checked_add(self.key)?.checked_add(self.body)?.checked_next_multiple_of(8)?;
        (length <= there).then_some(length)
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |four: &[u8; 4]| u32::from_le_bytes(*four))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |eight: &[u8; 8]| u64::from_le_bytes(*eight))
}

#[cfg(test)]
mod tests;
