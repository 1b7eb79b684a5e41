//! The row-count aid: facts about a block's lines from which their rows at any width are computed
//! without decompressing the block.
//!
//! ```text
//! aid  := whole:u8 kinds:varint (columns-step:varint lines:varint)*
//!         wide:varint (lines:varint units:varint (cell:u8 fillers:u8 count:varint)*)*
//! ```
//!
//! Lines of single-column cells are a histogram of lengths. Lines with wider cells keep the pattern
//! of their cells (wrap width of a cell; count of its fillers, times two, plus one if the fillers
//! take columns), because such a line wraps differently if a wide cell falls on the right edge.
//! `whole` is 2; 1 in files of earlier versions, where each pattern stands for one line and has no
//! count of lines; 0 if the patterns were too large.

use std::collections::BTreeMap;

use super::layout::{self, Unit};
use crate::base::codec::{Malformed, Reader, put_varint};
use crate::base::history::Run;

/// Most cells and rows in a block that is accepted: a hundred times the usual, and still quick to
/// count.
pub(super) const MAX_CELLS: u64 = 1 << 28;
/// Bytes of wide patterns kept for a block; beyond it, counting decompresses the block.
const MAX_PATTERN_BYTES: usize = 16 << 10;
/// First byte of an aid whose patterns have counts of lines.
const COUNTED: u8 = 2;

/// See the module comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Aid {
    /// Pairs of columns and count of lines with that length, sorted by columns.
    narrow: Vec<(u32, u32)>,
    /// Count of lines by pattern.
    wide: BTreeMap<Vec<Unit>, u32>,
    pattern_bytes: usize,
    /// True if the patterns were too large: counting needs the block itself.
    partial: bool,
}

/// Aid of a block that is being filled, updated with each line, so that sealing does not read all
/// lines again.
#[derive(Clone, Debug, Default)]
pub(super) struct Growing {
    /// Count of single-column lines by their columns.
    narrow: Vec<u32>,
    wide: Aid,
    /// True if it misses some lines of the block.
    lost: bool,
}

/// Longest line that `Growing` counts.
const LONGEST_COUNTED: u32 = 4096;

impl Growing {
    /// Adds a line of single-column cells.
    #[inline]
    pub(super) fn add_narrow(&mut self, cols: u32) {
        match self.narrow.get_mut(cols as usize) {
            Some(lines) => *lines += 1,
            None => self.add_longer(cols),
        }
    }

    fn add_longer(&mut self, cols: u32) {
        if cols > LONGEST_COUNTED {
            return self.forget();
        }
        self.narrow.resize(cols as usize + 1, 0);
        self.narrow[cols as usize] += 1;
    }

    /// Adds a line with cells whose wrap width is not one column.
    pub(super) fn add_wide(&mut self, runs: &[Run], cols: u32) {
        self.wide.add_wide(runs, cols);
    }

    /// Called when lines were taken back, or others were added without it.
    pub(super) fn forget(&mut self) {
        *self = Self { lost: true, ..Self::default() };
    }

    /// The aid of all lines; `None` if it is incomplete.
    pub(super) fn aid(&self) -> Option<Aid> {
        let mut aid = (!self.lost).then(|| self.wide.clone())?;
        let counted = self.narrow.iter().enumerate().filter(|(_, lines)| **lines > 0);
        if !aid.partial {
            aid.narrow = counted.map(|(cols, lines)| (cols as u32, *lines)).collect();
        }
        Some(aid)
    }
}

impl Aid {
    /// Adds lines of single-column cells.
    pub(super) fn add_narrow(&mut self, cols: u32, lines: u32) {
        match self.narrow.binary_search_by_key(&cols, |entry| entry.0) {
            Ok(at) => self.narrow[at].1 = self.narrow[at].1.saturating_add(lines),
            Err(at) => self.narrow.insert(at, (cols, lines)),
        }
    }

    /// Adds a line with cells whose wrap width is not one column.
    pub(super) fn add_wide(&mut self, runs: &[Run], cols: u32) {
        if self.partial {
            return;
        }
        let mut pattern: Vec<Unit> = Vec::new();
        for unit in layout::units(runs, cols) {
            match pattern.last_mut() {
                Some(last) if *last == (Unit { count: last.count, ..unit }) => last.count += unit.count,
                _ => pattern.push(unit),
            }
        }
        if pattern.iter().all(|unit| unit.cell < 256 && unit.fillers < 128) {
            self.add_pattern(pattern, 1);
            self.bound(MAX_PATTERN_BYTES);
        } else {
            self.give_up();
        }
    }

    fn add_pattern(&mut self, pattern: Vec<Unit>, lines: u32) {
        let bytes = 3 * pattern.len() + 2;
        let known = self.wide.entry(pattern).or_insert_with(|| {
            self.pattern_bytes += bytes;
            0
        });
        *known = known.saturating_add(lines);
    }

    fn bound(&mut self, pattern_bytes: usize) {
        if self.pattern_bytes > pattern_bytes {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        *self = Self { partial: true, ..Self::default() };
    }

    /// Adds the lines of another block. Patterns may take up to `pattern_bytes`.
    pub(super) fn add(&mut self, other: Self, pattern_bytes: usize) {
        if self.partial || other.partial {
            return self.give_up();
        }
        other.narrow.into_iter().for_each(|(cols, lines)| self.add_narrow(cols, lines));
        other.wide.into_iter().for_each(|(pattern, lines)| self.add_pattern(pattern, lines));
        self.bound(pattern_bytes);
    }

    /// Rows at a width, without empty last rows; `None` if the aid is incomplete.
    pub(super) fn rows(&self, width: u32) -> Option<u64> {
        if self.partial {
            return None;
        }
        let narrow: u64 = self
            .narrow
            .iter()
            .map(|&(cols, lines)| u64::from(layout::narrow_rows(cols, width)) * u64::from(lines))
            .sum();
        let rows = |pattern: &[Unit]| u64::from(layout::wide_rows(pattern.iter().copied(), width));
        let wide: u64 = self.wide.iter().map(|(p, &lines)| rows(p) * u64::from(lines)).sum();
        Some(narrow + wide)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        if self.partial {
            return vec![0];
        }
        let mut out = vec![COUNTED];
        put_varint(&mut out, self.narrow.len() as u64);
        let mut before = 0;
        for &(cols, lines) in &self.narrow {
            put_varint(&mut out, u64::from(cols - before));
            put_varint(&mut out, u64::from(lines));
            before = cols;
        }
        put_varint(&mut out, self.wide.len() as u64);
        for (pattern, &lines) in &self.wide {
            put_varint(&mut out, u64::from(lines));
            put_varint(&mut out, pattern.len() as u64);
            for unit in pattern {
                out.extend([unit.cell as u8, (unit.fillers << 1 | unit.filler) as u8]);
                put_varint(&mut out, u64::from(unit.count));
            }
        }
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(bytes);
        let whole = reader.u8()?;
        if whole == 0 {
            return Ok(Self { partial: true, ..Self::default() });
        }
        let mut aid = Self::default();
        let small = |n: u64| u32::try_from(n).map_err(|_| Malformed);
        let mut cols = 0u32;
        let mut cells = 0u64;
        for _ in 0..reader.varint()? {
            cols = cols.checked_add(small(reader.varint()?)?).ok_or(Malformed)?;
            let lines = small(reader.varint()?)?;
            cells = cells.saturating_add(u64::from(cols).saturating_mul(lines.into()) + u64::from(lines));
            aid.narrow.push((cols, lines));
        }
        for _ in 0..reader.varint()? {
            let lines = if whole == COUNTED { small(reader.varint()?)? } else { 1 };
            let mut pattern = Vec::new();
            for _ in 0..reader.varint()? {
                let (cell, fillers) = (u32::from(reader.u8()?), u32::from(reader.u8()?));
                let count = small(reader.varint()?)?;
                let counted = u64::from(cell.max(1)) + u64::from(fillers);
                let counted = counted.saturating_mul(count.into()).saturating_mul(lines.into());
                cells = cells.saturating_add(counted);
                pattern.push(Unit { cell, filler: fillers & 1, fillers: fillers >> 1, count });
            }
            cells = cells.saturating_add(lines.into());
            aid.add_pattern(pattern, lines);
        }
        if cells > MAX_CELLS {
            return Err(Malformed);
        }
        Ok(aid)
    }
}
