//! A group of adjacent sealed blocks whose rows are counted together. The sum of their aids stays
//! in memory, so that a change of width reads nothing from disk.

use std::sync::Arc;

use super::aid::Aid;
use super::loader::Loader;
use super::sealed::Sealed;
use super::widths::Widths;

/// Blocks of a full group. Small in tests.
pub(super) const GROUP_BLOCKS: u32 = if cfg!(test) { 3 } else { 32 };
/// Bytes of wide patterns kept for a group; beyond it, its blocks are counted one by one.
const MAX_PATTERN_BYTES: usize = 2 << 10;

/// See the module comment.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub blocks: u32,
    /// Index of its first block, counted over all blocks that were ever added.
    pub first: u64,
    /// Start of its rows, on a scale that only grows. Valid while the list is laid out.
    pub start: u64,
    /// Count of its rows in the current layout; `None` until counted.
    pub rows: Option<u64>,
    pub lines: u64,
    empty_tails: u64,
    /// Upper bound on the wrap width of any line, in columns.
    widest: u32,
    /// Upper bound on the wrap width of any cell, in columns.
    largest: u8,
    sum: Sum,
}

/// Sum of the aids of a group's blocks.
#[derive(Clone, Debug)]
enum Sum {
    /// More blocks may be added.
    Open(Aid),
    /// Encoded sum of a full group.
    Full(Arc<[u8]>),
    /// Blocks were removed. Known again when a count reads all aids.
    Unknown,
}

impl Group {
    pub(super) fn new(first: u64, start: u64) -> Self {
        Self {
            blocks: 0,
            first,
            start,
            rows: Some(0),
            lines: 0,
            empty_tails: 0,
            widest: 0,
            largest: 0,
            sum: Sum::Open(Aid::default()),
        }
    }

    /// Adds a block to the sums that need no layout.
    fn include(&mut self, block: &Sealed) {
        self.blocks += 1;
        self.lines += u64::from(block.lines);
        self.empty_tails += u64::from(block.empty_tails);
        self.widest = self.widest.max(block.widest);
        self.largest = self.largest.max(block.largest);
    }

    /// Adds a block. True if the count of rows is still known.
    pub(super) fn push(&mut self, block: &Sealed, widths: &Widths) -> bool {
        self.include(block);
        let aid = block.aid_in_memory();
        if let Some(aid) = &aid {
            block.count_by(aid, widths.lay().width);
        }
        self.rows = self.rows.zip(block.known_rows(widths)).map(|(rows, more)| rows + more);
        match (&mut self.sum, aid) {
            (Sum::Open(sum), Some(aid)) => sum.add(aid, MAX_PATTERN_BYTES),
            _ => self.sum = Sum::Unknown,
        }
        self.close();
        self.rows.is_some()
    }

    /// Encodes the sum of a full group, to save memory.
    fn close(&mut self) {
        if let Sum::Open(sum) = &self.sum
            && self.blocks == GROUP_BLOCKS
        {
            self.sum = Sum::Full(sum.encode().into());
        }
    }

    /// Removes one of its blocks.
    pub(super) fn take(&mut self, block: &Sealed, widths: &Widths) {
        self.blocks -= 1;
        self.lines -= u64::from(block.lines);
        self.empty_tails -= u64::from(block.empty_tails);
        self.rows = self.rows.zip(block.known_rows(widths)).and_then(|(rows, less)| rows.checked_sub(less));
        self.sum = Sum::Unknown;
    }

    /// Replaces one of its blocks.
    pub(super) fn replace(&mut self, old: &Sealed, new: &Sealed, widths: &Widths) {
        self.take(old, widths);
        self.include(new);
        self.rows = None;
    }

    /// Counts its rows. `blocks` are the group's blocks. Reads their aids if the sum is not enough,
    /// and rarely more.
    pub(super) fn count<'a>(
        &mut self,
        blocks: impl DoubleEndedIterator<Item = &'a Arc<Sealed>> + Clone,
        widths: &Widths,
        loader: &Loader,
    ) -> u64 {
        if let Some(rows) = self.rows {
            return rows;
        }
        let lay = widths.lay();
        let (first, last) = (blocks.clone().next(), blocks.clone().next_back());
        let lines = first.zip(last).map_or((0, 0), |(first, last)| (first.first_line, last.end_line()));
        let filled = if widths.odd(lines.0, lines.1, self.largest.into()) {
            None
        } else if self.widest <= lay.width {
            Some(self.lines)
        } else {
            match &self.sum {
                Sum::Open(sum) => sum.rows(lay.width),
                Sum::Full(sum) => Aid::decode(sum).ok().and_then(|sum| sum.rows(lay.width)),
                Sum::Unknown => None,
            }
        };
        let rows = match filled {
            Some(rows) => {
                let as_pushed = blocks.rev().take_while(|block| block.end_line() > lay.from);
                let extra = as_pushed.map(|block| i64::from(block.extra_rows)).sum();
                (rows + self.empty_tails).saturating_add_signed(extra)
            }
            None => {
                let aids = loader.count(blocks.clone(), widths);
                if matches!(self.sum, Sum::Unknown) && aids.len() == self.blocks as usize {
                    let mut sum = Aid::default();
                    aids.into_iter().for_each(|aid| sum.add(aid, MAX_PATTERN_BYTES));
                    self.sum = Sum::Open(sum);
                    self.close();
                }
                blocks.map(|block| loader.rows(block, widths)).sum()
            }
        };
        self.rows = Some(rows);
        rows
    }

    /// Its memory in bytes.
    pub(super) fn memory(&self) -> usize {
        let sum = match &self.sum {
            Sum::Full(sum) => sum.len(),
            Sum::Open(_) | Sum::Unknown => 0,
        };
        size_of::<Self>() + sum
    }
}
