//! The row-count aid: enough about a block's lines to say how many rows they take at any width
//! without decompressing the block.
//!
//! ```text
//! aid  := whole:u8 kinds:varint (columns-step:varint lines:varint)*
//!         wide:varint (units:varint (tag:varint)*)*
//! ```
//!
//! Lines of single-column cells are a histogram of lengths. Lines with wider cells keep the
//! pattern of their cells (`tag = count * 16 + cell width`), because where a wide cell falls on
//! the right edge decides how the line wraps.

use std::collections::BTreeMap;

use super::layout::{self, Unit};
use crate::base::codec::{Malformed, Reader, put_varint};
use crate::base::history::Run;

/// Bytes of wide patterns kept for a block; beyond it the block is decompressed to count.
const MAX_PATTERN_BYTES: usize = 16 << 10;
/// Widest cell that a pattern can name (the widest tab).
const MAX_CELL: u32 = 15;

/// See the module comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Aid {
    narrow: BTreeMap<u32, u32>,
    wide: Vec<Vec<Unit>>,
    pattern_bytes: usize,
    /// The patterns did not fit: counting needs the block itself.
    partial: bool,
}

impl Aid {
    pub fn add_narrow(&mut self, cols: u32) {
        *self.narrow.entry(cols).or_default() += 1;
    }

    pub fn add_wide(&mut self, runs: &[Run]) {
        if self.partial {
            return;
        }
        let mut pattern: Vec<Unit> = Vec::new();
        for (cell, count) in layout::units(runs) {
            match pattern.last_mut() {
                Some(last) if last.0 == cell => last.1 += count,
                _ => pattern.push((cell, count)),
            }
        }
        self.pattern_bytes += 2 * pattern.len() + 1;
        if self.pattern_bytes > MAX_PATTERN_BYTES || pattern.iter().any(|u| u.0 > MAX_CELL) {
            self.partial = true;
            self.wide.clear();
            return;
        }
        self.wide.push(pattern);
    }

    /// Rows at a width, empty last rows not counted; `None` when the aid does not know.
    pub fn rows(&self, width: u32) -> Option<u64> {
        if self.partial {
            return None;
        }
        let narrow: u64 = self
            .narrow
            .iter()
            .map(|(&cols, &lines)| u64::from(layout::narrow_rows(cols, width)) * u64::from(lines))
            .sum();
        let wide: u64 =
            self.wide.iter().map(|p| u64::from(layout::wide_rows(p.iter().copied(), width))).sum();
        Some(narrow + wide)
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![u8::from(!self.partial)];
        if self.partial {
            return out;
        }
        put_varint(&mut out, self.narrow.len() as u64);
        let mut before = 0;
        for (&cols, &lines) in &self.narrow {
            put_varint(&mut out, u64::from(cols - before));
            put_varint(&mut out, u64::from(lines));
            before = cols;
        }
        put_varint(&mut out, self.wide.len() as u64);
        for pattern in &self.wide {
            put_varint(&mut out, pattern.len() as u64);
            pattern.iter().for_each(|&(cell, n)| put_varint(&mut out, u64::from(n) << 4 | u64::from(cell)));
        }
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(bytes);
        if reader.u8()? == 0 {
            return Ok(Self { partial: true, ..Self::default() });
        }
        let mut aid = Self::default();
        let small = |n: u64| u32::try_from(n).map_err(|_| Malformed);
        let mut cols = 0u32;
        for _ in 0..reader.varint()? {
            cols = cols.checked_add(small(reader.varint()?)?).ok_or(Malformed)?;
            aid.narrow.insert(cols, small(reader.varint()?)?);
        }
        for _ in 0..reader.varint()? {
            let mut pattern = Vec::new();
            for _ in 0..reader.varint()? {
                let tag = reader.varint()?;
                let (cell, count) = ((tag & 15) as u32, small(tag >> 4)?);
                if cell == 0 {
                    return Err(Malformed);
                }
                pattern.push((cell, count));
            }
            aid.pattern_bytes += 2 * pattern.len() + 1;
            aid.wide.push(pattern);
        }
        Ok(aid)
    }
}
