//! Sealed blocks and the segment files that contain them. A sealed block never changes and can be
//! read by all its owners; the space of a retired block is freed when the last of them drops it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::aid::Aid;
use super::block::Block;
use super::frame::{HEADER_BYTES, Header, Unreadable};
use super::lost::Lost;
use super::queue::{Job, Queue};
use super::scan::Unfolder;
use super::store::Shared;
use super::widths::Widths;
use crate::base::codec::Malformed;

/// A file of frames. It is deleted when it is finished and all its blocks are retired.
#[derive(Debug)]
pub(super) struct Segment {
    pub path: PathBuf,
    pub queue: Arc<Queue>,
    /// Count of its blocks that are not retired.
    pub live: AtomicU32,
    /// True if nothing more will be written to it.
    pub finished: AtomicBool,
    /// True if its payloads are encrypted. Unused once it is finished.
    pub encrypted: bool,
}

/// Location of a sealed block's bytes.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In memory, pending for the writer.
    Pending(Arc<Pending>),
    /// In memory permanently: a mark for missing lines, made when files were read.
    Memory(Arc<Pending>),
    Disk {
        segment: Arc<Segment>,
        at: u64,
        aid_len: u32,
        len: u32,
    },
}

/// Bytes of a block before they are written.
#[derive(Debug)]
pub(super) struct Pending {
    pub raw: Vec<u8>,
    pub aid: Vec<u8>,
}

impl Pending {
    pub(super) fn bytes(&self) -> u64 {
        (self.raw.len() + self.aid.len()) as u64
    }
}

/// Reason why a block cannot be read.
#[derive(Debug)]
pub(super) enum NoBlock {
    /// The disk cannot be read now.
    Io(std::io::Error),
    /// It will not become readable later.
    Damaged(Unreadable),
}

impl std::fmt::Display for NoBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Damaged(why) => why.fmt(f),
        }
    }
}

/// Tag bit: the cached row count depends on the pane's whole width history, not only on the current
/// width.
const ODD: u32 = 1 << 31;

/// See the module comment.
#[derive(Debug)]
pub(super) struct Sealed {
    pub id: u64,
    pub first_line: u64,
    pub base_time: i64,
    pub lines: u32,
    pub widest: u32,
    /// Upper bound on the wrap width of any cell.
    pub largest: u8,
    pub empty_tails: u32,
    /// Rows when it was sealed, minus the rows of filling.
    pub extra_rows: i32,
    /// Set if it replaces all lines up to the next block, which are missing.
    pub lost: Option<Box<Lost>>,
    /// `key << 32 | rows` of the last count; see `remember`.
    counted: AtomicU64,
    retired: AtomicBool,
    pub place: Mutex<Place>,
}

impl Sealed {
    /// Seals a block. Lines that are shown as pushed stay so until the width changes.
    pub(super) fn new(block: &Block, widths: &Widths) -> Self {
        Self::with(block, widths).holding(block.encode())
    }

    /// The same of a block that nobody else may have: its records are not copied then.
    pub(super) fn of(block: Arc<Block>, widths: &Widths) -> Self {
        match Arc::try_unwrap(block) {
            Ok(block) => Self::with(&block, widths).holding(block.into_encoded()),
            Err(shared) => Self::new(&shared, widths),
        }
    }

    fn holding(mut self, raw: Vec<u8>) -> Self {
        if let Place::Pending(pending) = self.place.get_mut()
            && let Some(pending) = Arc::get_mut(pending)
        {
            pending.raw = raw;
        }
        self
    }

    /// What is known of a block, without its bytes.
    fn with(block: &Block, widths: &Widths) -> Self {
        let pending = Pending { raw: Vec::new(), aid: block.aid().encode() };
        Self {
            id: block.id,
            first_line: block.first_line,
            base_time: block.base_time,
            lines: block.lines(),
            widest: block.widest,
            largest: u8::try_from(block.largest).unwrap_or(u8::MAX),
            empty_tails: block.empty_tails,
            extra_rows: block.extra_rows(widths),
            lost: None,
            counted: AtomicU64::new(0),
            retired: AtomicBool::new(false),
            place: Mutex::new(Place::Pending(Arc::new(pending))),
        }
    }

    /// A mark for missing lines, to be written like any other block.
    pub(super) fn of_lost(lost: Lost, id: u64, widths: &Widths) -> Self {
        let mut sealed = Self::new(&lost.block(id), widths);
        sealed.lost = Some(Box::new(lost));
        sealed
    }

    /// A mark in memory only: later readers of the files find the same lines missing.
    pub(super) fn of_missing(lost: Lost, id: u64, widths: &Widths) -> Self {
        let mut sealed = Self::of_lost(lost, id, widths);
        if let Place::Pending(pending) = sealed.place.get_mut() {
            let pending = pending.clone();
            *sealed.place.get_mut() = Place::Memory(pending);
        }
        sealed
    }

    /// The lines that are missing if this block is dropped; it ended before `until` (seconds since
    /// the epoch).
    pub(super) fn as_lost(&self, until: i64, why: &str) -> Lost {
        let (lines, from) = (Some(u64::from(self.lines)), self.base_time);
        let to = until.max(from);
        Lost { first_line: self.first_line, lines, from, to, why: why.to_owned() }
    }

    /// A block found in a segment.
    pub(super) fn found(id: u64, header: &Header, segment: Arc<Segment>, at: u64) -> Self {
        segment.live.fetch_add(1, Ordering::Relaxed);
        let (aid_len, len) = (header.aid_len, header.frame_len() as u32);
        Self {
            id,
            first_line: header.first_line,
            base_time: header.base_time,
            lines: header.lines,
            widest: header.widest,
            largest: header.largest,
            empty_tails: header.empty_tails,
            extra_rows: header.extra_rows,
            lost: header.lost.then(|| Box::new(Lost::unknown(header.first_line))),
            counted: AtomicU64::new(0),
            retired: AtomicBool::new(false),
            place: Mutex::new(Place::Disk { segment, at, aid_len, len }),
        }
    }

    pub(super) fn header(&self, sequence: u64) -> Header {
        Header {
            sequence,
            lost: self.lost.is_some(),
            first_line: self.first_line,
            base_time: self.base_time,
            lines: self.lines,
            widest: self.widest,
            largest: self.largest,
            empty_tails: self.empty_tails,
            extra_rows: self.extra_rows,
            ..Header::default()
        }
    }

    pub(super) fn end_line(&self) -> u64 {
        self.first_line + u64::from(self.lines)
    }

    /// Bytes on disk, rounded up to the file system's block size.
    pub(super) fn disk_bytes(&self) -> u64 {
        match &*self.place.lock() {
            Place::Disk { len, .. } => disk_round(u64::from(*len)),
            _ => 0,
        }
    }

    /// Bytes of memory while it is pending for the writer.
    pub(super) fn pending_bytes(&self) -> u64 {
        match &*self.place.lock() {
            Place::Pending(pending) => pending.bytes(),
            _ => 0,
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        matches!(&*self.place.lock(), Place::Pending(_))
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Marks the block as unwanted by its pane. Returns the bytes on disk and the pending bytes
    /// that stop counting.
    pub(super) fn retire(&self) -> (u64, u64) {
        let place = self.place.lock();
        self.retired.store(true, Ordering::Release);
        match &*place {
            Place::Disk { len, .. } => (disk_round(u64::from(*len)), 0),
            Place::Pending(pending) => (0, pending.bytes()),
            Place::Memory(_) => (0, 0),
        }
    }

    /// Count of its rows. If the line count is not enough, reads the aid, rarely the whole block,
    /// from the disk; a block that cannot be read counts as its replacement.
    pub(super) fn rows(&self, widths: &Widths, store: &Shared) -> u64 {
        if let Some(rows) = self.known_rows(widths) {
            return rows;
        }
        if self.is_odd(widths) {
            let rows = u64::from(store.load(self).rows(widths));
            self.remember(ODD | widths.id(), rows);
            return rows;
        }
        let width = widths.lay().width;
        aids(&[self], store).into_iter().flatten().for_each(|aid| self.count_by(&aid, width));
        let filled = self.known_filled(width).unwrap_or_else(|| {
            let rows = u64::from(store.load(self).filled_rows(width));
            self.remember(width, rows);
            rows
        });
        filled.saturating_add_signed(self.extra(widths))
    }

    /// Count of its rows, if nothing must be read for it.
    pub(super) fn known_rows(&self, widths: &Widths) -> Option<u64> {
        if self.is_odd(widths) {
            return self.counted(ODD | widths.id());
        }
        Some(self.known_filled(widths.lay().width)?.saturating_add_signed(self.extra(widths)))
    }

    /// See `Widths::odd`. While a block shows as it was sealed, `extra_rows` is enough.
    fn is_odd(&self, widths: &Widths) -> bool {
        self.end_line() <= widths.lay().from
            && widths.odd(self.first_line, self.end_line(), self.largest.into())
    }

    fn extra(&self, widths: &Widths) -> i64 {
        if self.end_line() > widths.lay().from { i64::from(self.extra_rows) } else { 0 }
    }

    /// Count of rows of filling, if nothing must be read for it.
    fn known_filled(&self, width: u32) -> Option<u64> {
        if self.widest <= width {
            return Some(u64::from(self.lines) + u64::from(self.empty_tails));
        }
        self.counted(width)
    }

    /// The cached count, if it belongs to `key`.
    fn counted(&self, key: u32) -> Option<u64> {
        let counted = self.counted.load(Ordering::Relaxed);
        (counted >> 32 == u64::from(key)).then_some(counted & u64::from(u32::MAX))
    }

    /// Caches a count under a width, or under `ODD` and the id of a width history.
    fn remember(&self, key: u32, rows: u64) {
        if rows <= u64::from(u32::MAX) {
            self.counted.store(u64::from(key) << 32 | rows, Ordering::Relaxed);
        }
    }

    /// Counts its rows at a width from its aid, if that is complete.
    pub(super) fn count_by(&self, aid: &Aid, width: u32) {
        if let Some(rows) = aid.rows(width) {
            self.remember(width, rows + u64::from(self.empty_tails));
        }
    }

    /// Its aid, while it is pending for the writer.
    pub(super) fn aid_in_memory(&self) -> Option<Aid> {
        match &*self.place.lock() {
            Place::Pending(held) | Place::Memory(held) => Aid::decode(&held.aid).ok(),
            Place::Disk { .. } => None,
        }
    }

    /// Reads the whole block. The error says why that fails.
    pub(super) fn read(&self, store: &Shared, unfolder: &mut Unfolder) -> Result<Block, NoBlock> {
        let place = self.place.lock().clone();
        let damaged = |_: Malformed| NoBlock::Damaged(Unreadable::Damaged);
        let raw = match &place {
            Place::Pending(held) | Place::Memory(held) => held.raw.clone(),
            Place::Disk { segment, at, len, .. } => {
                let bytes = store.storage.read_at(&segment.path, *at, *len as usize).map_err(NoBlock::Io)?;
                let (header, aid) = Header::decode(&bytes).map_err(damaged)?;
                // Another file may have replaced the one that was written.
                if (header.first_line, header.lines) != (self.first_line, self.lines) {
                    return Err(damaged(Malformed));
                }
                let payload = bytes.get(HEADER_BYTES + aid.len()..).unwrap_or_default();
                store.open_payload(&header, payload, unfolder).map_err(NoBlock::Damaged)?
            }
        };
        let mut block =
            Block::decode(self.id, self.first_line, self.base_time, raw, self.lines).map_err(damaged)?;
        block.largest = self.largest.into();
        Ok(block)
    }
}

/// The aids of some blocks, opening a segment once for those that are adjacent in it. `None` for
/// unreadable ones.
fn aids(blocks: &[&Sealed], store: &Shared) -> Vec<Option<Aid>> {
    let on_disk = |block: &&Sealed| match &*block.place.lock() {
        Place::Pending(_) | Place::Memory(_) => None,
        Place::Disk { segment, at, aid_len, .. } => {
            Some((segment.clone(), (*at, HEADER_BYTES + *aid_len as usize)))
        }
    };
    let places: Vec<_> = blocks.iter().map(on_disk).collect();
    let mut out = Vec::with_capacity(blocks.len());
    while let Some(place) = places.get(out.len()) {
        let Some((segment, _)) = place else {
            out.push(blocks[out.len()].aid_in_memory());
            continue;
        };
        let same = places[out.len()..].iter().map_while(|place| place.as_ref());
        let parts: Vec<_> =
            same.take_while(|place| Arc::ptr_eq(&place.0, segment)).map(|place| place.1).collect();
        let read = store.storage.read_parts(&segment.path, &parts).unwrap_or_else(|_| {
            // Perhaps only one of them is unreadable.
            let one = |&(at, len): &(u64, usize)| store.storage.read_at(&segment.path, at, len);
            parts.iter().map(|part| one(part).unwrap_or_default()).collect()
        });
        let aid = |bytes: Vec<u8>| Aid::decode(Header::decode(&bytes).ok()?.1).ok();
        out.extend(read.into_iter().map(aid));
    }
    out
}

/// Counts the rows of blocks as far as aids suffice. Returns the aids that were read.
pub(super) fn count<'a>(
    blocks: impl Iterator<Item = &'a Arc<Sealed>>,
    widths: &Widths,
    store: &Shared,
) -> Vec<Aid> {
    let width = widths.lay().width;
    let unknown: Vec<&Sealed> = blocks
        .map(|block| &**block)
        .filter(|block| !block.is_odd(widths) && block.known_filled(width).is_none())
        .collect();
    let read = unknown.iter().zip(aids(&unknown, store));
    let counted = read.filter_map(|(block, aid)| aid.inspect(|aid| block.count_by(aid, width)));
    counted.collect()
}

impl Drop for Sealed {
    fn drop(&mut self) {
        if let Place::Disk { segment, at, aid_len, len } = self.place.get_mut()
            && *self.retired.get_mut()
        {
            // The header stays, so that recovery can skip the hole.
            let keep = HEADER_BYTES as u64 + u64::from(*aid_len);
            let (at, len) = (*at + keep, u64::from(*len) - keep);
            segment.queue.push(Job::Release { segment: segment.clone(), at, len });
        }
    }
}

/// Block size of file systems, in bytes.
const FILE_BLOCK: u64 = 4096;

pub(super) fn disk_round(len: u64) -> u64 {
    len.next_multiple_of(FILE_BLOCK)
}
