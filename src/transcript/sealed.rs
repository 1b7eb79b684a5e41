//! Sealed blocks. A sealed block never changes and can be read by all its owners; the space of a
//! retired block is freed when the last of them drops it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::aid::Aid;
use super::block::Block;
use super::frame::{HEADER_BYTES, Header};
use super::lost::Lost;
use super::segment::{Segment, disk_round};
use super::widths::Widths;

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

    /// Count of its rows, if nothing must be read for it.
    pub(super) fn known_rows(&self, widths: &Widths) -> Option<u64> {
        if self.is_odd(widths) {
            return self.counted(ODD | widths.id());
        }
        Some(self.known_filled(widths.lay().width)?.saturating_add_signed(self.extra(widths)))
    }

    /// See `Widths::odd`. While a block shows as it was sealed, `extra_rows` is enough.
    pub(super) fn is_odd(&self, widths: &Widths) -> bool {
        self.end_line() <= widths.lay().from
            && widths.odd(self.first_line, self.end_line(), self.largest.into())
    }

    /// See `extra_rows`; 0 once the width has changed.
    pub(super) fn extra(&self, widths: &Widths) -> i64 {
        if self.end_line() > widths.lay().from { i64::from(self.extra_rows) } else { 0 }
    }

    /// Count of rows of filling, if nothing must be read for it.
    pub(super) fn known_filled(&self, width: u32) -> Option<u64> {
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

    /// Caches the count of rows of filling at a width.
    pub(super) fn remember_filled(&self, width: u32, rows: u64) {
        self.remember(width, rows);
    }

    /// Caches the count of rows that depends on the whole width history.
    pub(super) fn remember_odd(&self, widths: &Widths, rows: u64) {
        self.remember(ODD | widths.id(), rows);
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
}

impl Drop for Sealed {
    fn drop(&mut self) {
        if let Place::Disk { segment, at, aid_len, len } = self.place.get_mut()
            && *self.retired.get_mut()
        {
            // The header stays, so that recovery can skip the hole.
            let keep = HEADER_BYTES as u64 + u64::from(*aid_len);
            let (at, len) = (*at + keep, u64::from(*len) - keep);
            segment.freeing.free(segment.clone(), at, len);
        }
    }
}
