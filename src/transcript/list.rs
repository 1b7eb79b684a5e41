//! The sealed blocks of a pane (or of a view of it), oldest first, and where their rows start
//! at the width in use. Laid out when first asked after a change of width.

use std::collections::VecDeque;
use std::sync::Arc;

use super::sealed::{Place, Sealed};
use super::store::Shared;
use super::widths::Lay;

/// Readings of one file that are made at once.
const READ_AT_ONCE: usize = 64;

/// See the module comment.
#[derive(Clone, Debug)]
pub(super) struct List {
    blocks: VecDeque<Arc<Sealed>>,
    lay: Lay,
    /// Row at which each block starts, on a scale that only grows; empty until laid out.
    starts: VecDeque<u64>,
    end: u64,
    laid: bool,
}

impl List {
    pub fn new(lay: Lay) -> Self {
        let (blocks, starts) = (VecDeque::new(), VecDeque::new());
        Self { blocks, lay, starts, end: 0, laid: true }
    }

    pub fn blocks(&self) -> impl DoubleEndedIterator<Item = &Arc<Sealed>> + ExactSizeIterator {
        self.blocks.iter()
    }

    pub fn front(&self) -> Option<&Arc<Sealed>> {
        self.blocks.front()
    }

    /// Blocks that are wholly before `lay.from` were laid out afresh by a change of width.
    pub fn set_lay(&mut self, lay: Lay) {
        self.lay = lay;
        self.unlay();
    }

    /// Lines from `line` on were taken back: no block here has any of them.
    pub fn taken_back(&mut self, line: u64) {
        self.lay.from = self.lay.from.min(line);
    }

    fn unlay(&mut self) {
        self.starts.clear();
        self.end = 0;
        self.laid = self.blocks.is_empty();
    }

    pub fn push(&mut self, block: Arc<Sealed>, store: &Shared) {
        if self.laid {
            self.starts.push_back(self.end);
            self.end += block.rows(self.lay, store);
        }
        self.blocks.push_back(block);
    }

    pub fn pop_back(&mut self) -> Option<Arc<Sealed>> {
        let block = self.blocks.pop_back()?;
        if let Some(start) = self.starts.pop_back() {
            self.end = start;
        }
        Some(block)
    }

    pub fn pop_front(&mut self) -> Option<Arc<Sealed>> {
        let block = self.blocks.pop_front()?;
        self.starts.pop_front();
        Some(block)
    }

    pub fn clear(&mut self) -> Vec<Arc<Sealed>> {
        let gone = self.blocks.drain(..).collect();
        self.unlay();
        gone
    }

    /// Removes the oldest block that still waits for the writer.
    pub fn drop_pending(&mut self) -> Option<Arc<Sealed>> {
        let at = self.blocks.iter().position(|b| matches!(&*b.place.lock(), Place::Pending(_)))?;
        let block = self.blocks.remove(at);
        self.unlay();
        block
    }

    /// Has blocks count their rows, with one opening of a segment for many of them. What
    /// cannot be read so is left to the blocks one by one.
    fn count(&self, store: &Shared) {
        let width = self.lay.width;
        let mut wanted = self.blocks.iter().filter_map(|b| b.wanted(width).map(|w| (b, w))).peekable();
        while let Some((block, (segment, at, len))) = wanted.next() {
            let (mut blocks, mut parts) = (vec![block], vec![(at, len)]);
            while parts.len() < READ_AT_ONCE
                && let Some((block, (_, at, len))) = wanted.next_if(|(_, w)| Arc::ptr_eq(&w.0, &segment))
            {
                blocks.push(block);
                parts.push((at, len));
            }
            let Ok(read) = store.storage.read_parts(&segment.path, &parts) else { continue };
            blocks.iter().zip(read).for_each(|(block, bytes)| block.count_by(&bytes, width));
        }
    }

    fn lay(&mut self, store: &Shared) {
        if self.laid {
            return;
        }
        self.count(store);
        self.starts.clear();
        self.end = 0;
        for block in &self.blocks {
            self.starts.push_back(self.end);
            self.end += block.rows(self.lay, store);
        }
        self.laid = true;
    }

    /// Rows of all blocks.
    pub fn rows(&mut self, store: &Shared) -> u64 {
        self.lay(store);
        self.end - self.starts.front().copied().unwrap_or(self.end)
    }

    /// Rows of all blocks, at most `limit`: a line takes a row at least, which often says it.
    pub fn rows_up_to(&mut self, limit: u64, store: &Shared) -> u64 {
        let mut lines = 0;
        let enough = self.blocks.iter().rev().any(|block| {
            lines += u64::from(block.lines);
            lines >= limit
        });
        if enough || limit == 0 { limit } else { self.rows(store).min(limit) }
    }

    /// The block that holds a row, and the row's number in it.
    pub fn find(&mut self, row: u64, store: &Shared) -> Option<(Arc<Sealed>, u32)> {
        self.lay(store);
        let row = row + self.starts.front()?;
        if row >= self.end {
            return None;
        }
        let at = self.starts.partition_point(|&start| start <= row) - 1;
        Some((self.blocks[at].clone(), (row - self.starts[at]) as u32))
    }

    /// The row at which a block (by its place) starts.
    pub fn row_of_block(&mut self, index: usize, store: &Shared) -> u64 {
        self.lay(store);
        let base = self.starts.front().copied().unwrap_or(0);
        self.starts.get(index).copied().unwrap_or(self.end) - base
    }

    /// The place of the block that holds a row; the number of blocks when it is after them.
    pub fn block_of_row(&mut self, row: u64, store: &Shared) -> usize {
        self.lay(store);
        let base = self.starts.front().copied().unwrap_or(0);
        if row + base >= self.end {
            return self.blocks.len();
        }
        self.starts.partition_point(|&start| start <= row + base) - 1
    }

    pub fn get(&self, index: usize) -> Option<&Arc<Sealed>> {
        self.blocks.get(index)
    }

    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Bytes of memory of the list itself.
    pub fn memory(&self) -> usize {
        self.blocks.len() * (size_of::<Sealed>() + 32)
    }
}
