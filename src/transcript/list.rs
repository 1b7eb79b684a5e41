//! The sealed blocks of a pane (or of a view of it), oldest first, and the starts of their rows at
//! the current width. The layout is computed on first use after a change of width, by groups of
//! blocks whose row counts are in memory together. Only the blocks of a group that contains a
//! wanted row are counted one by one.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::group::{GROUP_BLOCKS, Group};
use super::loader::Loader;
use super::lost::Lost;
use super::sealed::Sealed;
use super::widths::Widths;

/// See the module comment.
#[derive(Clone, Debug)]
pub(super) struct List {
    blocks: VecDeque<Arc<Sealed>>,
    groups: VecDeque<Group>,
    widths: Widths,
    /// End of the last group's rows, on the scale of `Group::start`.
    end: u64,
    /// True if the starts of all groups are valid.
    laid: bool,
    /// The block found last: its index (on the scale of `Group::first`) and its rows.
    last: Option<(u64, Range<u64>)>,
}

impl List {
    pub(super) fn new(widths: Widths) -> Self {
        let (blocks, groups) = (VecDeque::new(), VecDeque::new());
        Self { blocks, groups, widths, end: 0, laid: true, last: None }
    }

    pub(super) fn blocks(&self) -> impl DoubleEndedIterator<Item = &Arc<Sealed>> + ExactSizeIterator {
        self.blocks.iter()
    }

    pub(super) fn front(&self) -> Option<&Arc<Sealed>> {
        self.blocks.front()
    }

    /// Sets the widths after a change. Blocks completely before the change are laid out again.
    pub(super) fn set_widths(&mut self, widths: Widths) {
        self.widths = widths;
        self.unlay();
    }

    /// Called after lines from `line` on were taken back; their blocks have been removed already.
    pub(super) fn taken_back(&mut self, line: u64) {
        self.widths.taken_back(line);
    }

    fn unlay(&mut self) {
        self.groups.iter_mut().for_each(|group| group.rows = None);
        self.laid = self.blocks.is_empty();
        self.last = None;
    }

    /// Adds a block; does not read the disk.
    pub(super) fn push(&mut self, block: Arc<Sealed>) {
        if self.groups.back().is_none_or(|group| group.blocks == GROUP_BLOCKS) {
            let first = self.groups.back().map_or(0, |group| group.first + u64::from(group.blocks));
            self.groups.push_back(Group::new(first, self.end));
        }
        let group = self.groups.back_mut().expect("there is one with room");
        self.laid &= group.push(&block, &self.widths);
        if let (true, Some(rows)) = (self.laid, group.rows) {
            self.end = group.start + rows;
        }
        self.blocks.push_back(block);
    }

    pub(super) fn pop_back(&mut self) -> Option<Arc<Sealed>> {
        let block = self.blocks.pop_back()?;
        self.last = None;
        if let Some(group) = self.groups.back_mut() {
            group.take(&block, &self.widths);
            match group.rows {
                Some(rows) => self.end = group.start + rows,
                None => self.laid = false,
            }
            if group.blocks == 0 {
                self.groups.pop_back();
            }
        }
        Some(block)
    }

    pub(super) fn pop_front(&mut self) -> Option<Arc<Sealed>> {
        let block = self.blocks.pop_front()?;
        self.last = None;
        if let Some(group) = self.groups.front_mut() {
            let before = group.rows;
            group.take(&block, &self.widths);
            group.first += 1;
            match before.zip(group.rows) {
                Some((before, rows)) => group.start += before - rows,
                None => self.laid = false,
            }
            if group.blocks == 0 {
                self.groups.pop_front();
            }
        }
        Some(block)
    }

    /// Removes all blocks and returns them; the list is then as new.
    pub(super) fn clear(&mut self) -> Vec<Arc<Sealed>> {
        let empty = Self::new(self.widths.clone());
        std::mem::replace(self, empty).blocks.into()
    }

    /// Drops the oldest block that is pending for the writer, and puts a block in its place that
    /// `mark` makes to say which lines are missing. A mark just before it, if still pending, is
    /// merged into the new one. Returns the removed blocks.
    pub(super) fn give_up(
        &mut self,
        why: &str,
        mark: impl FnOnce(Lost) -> Sealed,
    ) -> Option<[Option<Arc<Sealed>>; 2]> {
        let waiting = self.blocks.iter().rev().take_while(|block| block.is_pending()).count();
        let first = self.blocks.len() - waiting;
        let at = (first..self.blocks.len()).find(|&at| self.blocks[at].lost.is_none())?;
        let until = self.blocks.get(at + 1).map_or(0, |next| next.base_time);
        let mut lost = self.blocks[at].as_lost(until, why);
        let before = (at > first).then(|| self.blocks[at - 1].lost.as_deref().cloned()).flatten();
        let marked = before.is_some();
        if let Some(mut before) = before {
            before.add(lost);
            lost = before;
        }
        let gone = self.replace(at, Arc::new(mark(lost)));
        Some([Some(gone), if marked { self.remove(at - 1) } else { None }])
    }

    /// Drops the oldest block if it is pending for the writer.
    pub(super) fn drop_front_pending(&mut self) -> Option<Arc<Sealed>> {
        self.front().is_some_and(|block| block.is_pending()).then(|| self.pop_front()).flatten()
    }

    /// Index of the group of a block.
    fn group_of(&self, at: usize) -> usize {
        let place = self.base() + at as u64;
        self.groups.partition_point(|group| group.first <= place).saturating_sub(1)
    }

    fn replace(&mut self, at: usize, block: Arc<Sealed>) -> Arc<Sealed> {
        let of = self.group_of(at);
        self.groups[of].replace(&self.blocks[at], &block, &self.widths);
        self.laid = false;
        self.last = None;
        std::mem::replace(&mut self.blocks[at], block)
    }

    fn remove(&mut self, at: usize) -> Option<Arc<Sealed>> {
        let of = self.group_of(at);
        let block = self.blocks.remove(at)?;
        self.groups[of].take(&block, &self.widths);
        self.groups.iter_mut().skip(of + 1).for_each(|group| group.first -= 1);
        self.groups.retain(|group| group.blocks > 0);
        self.laid = false;
        self.last = None;
        Some(block)
    }

    /// The oldest block that is pending for the writer. Pending blocks are the newest of all, so
    /// that blocks are written in the order of their lines.
    pub(super) fn first_pending(&self) -> Option<Arc<Sealed>> {
        self.blocks.iter().rev().take_while(|block| block.is_pending()).last().cloned()
    }

    /// Index of the first block, counted over all blocks that were ever added.
    fn base(&self) -> u64 {
        self.groups.front().map_or(0, |group| group.first)
    }

    /// Indexes of the blocks of a group.
    fn range(&self, group: usize) -> Range<usize> {
        let group = &self.groups[group];
        let first = (group.first - self.base()) as usize;
        first..first + group.blocks as usize
    }

    fn lay(&mut self, loader: &Loader) {
        if self.laid {
            return;
        }
        self.end = 0;
        for at in 0..self.groups.len() {
            let range = self.range(at);
            let group = &mut self.groups[at];
            group.start = self.end;
            self.end += group.count(self.blocks.range(range), &self.widths, loader);
        }
        self.laid = true;
        self.last = None;
    }

    /// Count of rows of all blocks.
    pub(super) fn rows(&mut self, loader: &Loader) -> u64 {
        self.lay(loader);
        self.groups.front().map_or(0, |group| self.end - group.start)
    }

    /// Count of rows of all blocks, at most `limit`. A line has at least one row, which often
    /// decides it.
    pub(super) fn rows_up_to(&mut self, limit: u64, loader: &Loader) -> u64 {
        let mut lines = 0;
        let enough = self.groups.iter().rev().any(|group| {
            lines += group.lines;
            lines >= limit
        });
        if enough || limit == 0 { limit } else { self.rows(loader).min(limit) }
    }

    /// The block that contains a row, and its range of rows; `None` after the last.
    pub(super) fn find(&mut self, row: u64, loader: &Loader) -> Option<(Arc<Sealed>, Range<u64>)> {
        let (at, rows) = self.find_place(row, loader)?;
        Some((self.blocks.get(at)?.clone(), rows))
    }

    /// Index of the block that contains a row, and its range of rows. `None` for a row that does
    /// not exist (any more), whatever happened to the list since the caller learned of the row.
    fn find_place(&mut self, row: u64, loader: &Loader) -> Option<(usize, Range<u64>)> {
        self.lay(loader);
        let front = self.groups.front()?;
        let (base, top) = (front.first, front.start);
        let row = row.checked_add(top).filter(|row| *row < self.end)?;
        let (at, rows) = match self.last.clone().filter(|(_, rows)| rows.contains(&row)) {
            Some((place, rows)) => (place.checked_sub(base)? as usize, rows),
            None => {
                let group = self.groups.partition_point(|group| group.start <= row).checked_sub(1)?;
                let found = self.find_in(group, row, loader)?;
                self.last = Some((base + found.0 as u64, found.1.clone()));
                found
            }
        };
        Some((at, rows.start - top..rows.end - top))
    }

    /// The block of a group that contains a row, and its rows, both on the scale of `Group::start`.
    fn find_in(&self, group: usize, row: u64, loader: &Loader) -> Option<(usize, Range<u64>)> {
        let range = self.range(group);
        loader.count(self.blocks.range(range.clone()), &self.widths);
        let mut start = self.groups[group].start;
        for at in range.clone() {
            let end = start + loader.rows(&self.blocks[at], &self.widths);
            // If a block turns out unreadable, its row count has changed: the block after it gets
            // its rows.
            let end = if at + 1 == range.end { end.max(row + 1) } else { end };
            if row < end {
                return Some((at, start..end));
            }
            start = end;
        }
        None
    }

    /// First row of a block, by index; the count of all rows after the last block.
    pub(super) fn row_of_block(&mut self, index: usize, loader: &Loader) -> u64 {
        self.lay(loader);
        let Some(front) = self.groups.front() else { return 0 };
        let (base, top) = (front.first, front.start);
        let of = self.groups.partition_point(|group| group.first - base <= index as u64);
        let Some(of) = of.checked_sub(1).filter(|_| index < self.blocks.len()) else {
            return self.end - top;
        };
        let before = self.range(of).start..index;
        loader.count(self.blocks.range(before.clone()), &self.widths);
        let rows: u64 = self.blocks.range(before).map(|block| loader.rows(block, &self.widths)).sum();
        self.groups[of].start - top + rows
    }

    /// Index of the block that contains a row; the count of blocks for a row after them.
    pub(super) fn block_of_row(&mut self, row: u64, loader: &Loader) -> usize {
        self.find_place(row, loader).map_or(self.blocks.len(), |(at, _)| at)
    }

    pub(super) fn get(&self, index: usize) -> Option<&Arc<Sealed>> {
        self.blocks.get(index)
    }

    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Memory of the list itself, in bytes.
    pub(super) fn memory(&self) -> usize {
        let groups: usize = self.groups.iter().map(Group::memory).sum();
        self.blocks.len() * (size_of::<Sealed>() + 24) + groups
    }
}
