//! Sealed blocks next to one another whose rows are counted together: what counting needs to
//! know of their lines is kept in memory, so that a change of width reads nothing.

use std::sync::Arc;

use super::aid::Aid;
use super::sealed::{self, Sealed};
use super::store::Shared;
use super::widths::Widths;

/// Blocks of a group that is full. Tests have groups that are soon full.
pub(super) const GROUP_BLOCKS: u32 = if cfg!(test) { 3 } else { 32 };
/// Bytes of patterns of wide lines kept for a group; beyond it its blocks are counted one by one.
const MAX_PATTERN_BYTES: usize = 2 << 10;

/// See the module comment.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub blocks: u32,
    /// The place of its first block, on a scale that only grows.
    pub first: u64,
    /// Where its rows start, on a scale that only grows. Right while the list is laid out.
    pub start: u64,
    /// Its rows as they are laid out; `None` until counted.
    pub rows: Option<u64>,
    pub lines: u64,
    empty_tails: u64,
    /// No line counts more.
    widest: u32,
    /// No cell counts more.
    largest: u8,
    sum: Sum,
}

/// The aids of a group's blocks, added up.
#[derive(Clone, Debug)]
enum Sum {
    /// More blocks may come.
    Open(Aid),
    /// Encoded, of a full group.
    Full(Arc<[u8]>),
    /// Blocks went. Known again when all of them are read for a count.
    Unknown,
}

impl Group {
    pub fn new(first: u64, start: u64) -> Self {
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

    /// Adds a block. Whether the rows are still known.
    pub fn push(&mut self, block: &Sealed, widths: &Widths) -> bool {
        self.blocks += 1;
        self.lines += u64::from(block.lines);
        self.empty_tails += u64::from(block.empty_tails);
        self.widest = self.widest.max(block.widest);
        self.largest = self.largest.max(block.largest);
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

    /// Keeps the sum of a full group in the least memory.
    fn close(&mut self) {
        if let Sum::Open(sum) = &self.sum
            && self.blocks == GROUP_BLOCKS
        {
            self.sum = Sum::Full(sum.encode().into());
        }
    }

    /// Takes one of its blocks off.
    pub fn take(&mut self, block: &Sealed, widths: &Widths) {
        self.blocks -= 1;
        self.lines -= u64::from(block.lines);
        self.empty_tails -= u64::from(block.empty_tails);
        self.rows = self.rows.zip(block.known_rows(widths)).and_then(|(rows, less)| rows.checked_sub(less));
        self.sum = Sum::Unknown;
    }

    /// Puts a block in the place of one of its own.
    pub fn replace(&mut self, old: &Sealed, new: &Sealed, widths: &Widths) {
        self.take(old, widths);
        self.blocks += 1;
        self.lines += u64::from(new.lines);
        self.empty_tails += u64::from(new.empty_tails);
        self.widest = self.widest.max(new.widest);
        self.largest = self.largest.max(new.largest);
        self.rows = None;
    }

    /// Its rows. `blocks` are those that it is made of. Reads their aids where the sum does
    /// not say, rarely more.
    pub fn count<'a>(
        &mut self,
        blocks: impl DoubleEndedIterator<Item = &'a Arc<Sealed>> + Clone,
        widths: &Widths,
        store: &Shared,
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
                let aids = sealed::count(blocks.clone(), widths, store);
                if matches!(self.sum, Sum::Unknown) && aids.len() == self.blocks as usize {
                    let mut sum = Aid::default();
                    aids.into_iter().for_each(|aid| sum.add(aid, MAX_PATTERN_BYTES));
                    self.sum = Sum::Open(sum);
                    self.close();
                }
                blocks.map(|block| block.rows(widths, store)).sum()
            }
        };
        self.rows = Some(rows);
        rows
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        let sum = match &self.sum {
            Sum::Full(sum) => sum.len(),
            Sum::Open(_) | Sum::Unknown => 0,
        };
        size_of::<Self>() + sum
    }
}
