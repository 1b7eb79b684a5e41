//! A pinned view of a pane's history, read by rows or by lines.

use std::sync::Arc;

use regex::bytes;

use super::block::Block;
use super::layout::OpenLine;
use super::list::List;
use super::loader::Loader;
use super::newest::Newest;
use crate::base::history::{HistoryView, Row, RowRef, Seek};
use crate::base::links::Links;

/// A pane's history at one moment. It holds the sealed blocks that it can see, so that they stay
/// readable while the pane continues; dropping the view releases them.
#[derive(Clone)]
pub struct TranscriptView {
    pub(super) list: List,
    pub(super) newest: Newest,
    pub(super) loader: Arc<Loader>,
}

impl TranscriptView {
    /// The transcript behind a view, if the view is of a pane's history.
    pub fn from_view(view: Box<dyn HistoryView>) -> Option<Self> {
        let view: Box<dyn std::any::Any> = view;
        view.downcast().ok().map(|view| *view)
    }

    /// Adds rows that are not in the history (yet): those of the screen.
    pub fn extend(&mut self, rows: &[Row], links: &Links) {
        let mut scratch = Vec::new();
        for row in rows {
            if self.newest.join(row, links) {
                self.newest.finish_tail(&mut scratch);
            }
        }
    }

    /// First row of a line, by number; or of the nearest line that exists.
    pub fn row_of_number(&mut self, line: u64) -> u64 {
        let sealed = self.list.blocks().position(|block| line < block.end_line());
        let at = match sealed {
            Some(block) => {
                let first = self.list.get(block).map_or(0, |block| block.first_line);
                LineAt { block, line: line.saturating_sub(first) as u32 }
            }
            None if line < self.newest.open.end_line() => {
                let first = self.newest.open.first_line;
                LineAt { block: self.list.len(), line: line.saturating_sub(first) as u32 }
            }
            None => LineAt { block: self.list.len() + 1, line: 0 },
        };
        self.row_of(at)
    }
}

impl HistoryView for TranscriptView {
    fn row_of_line(&mut self, line: u64) -> Option<u64> {
        Some(self.row_of_number(line))
    }

    fn line_of_row(&mut self, row: u64) -> Option<u64> {
        Some(self.line_number(row))
    }

    fn rows(&mut self) -> u64 {
        self.list.rows(&self.loader) + self.newest.rows()
    }

    fn row(&mut self, index: u64, links: &mut Links) -> Option<Row> {
        let sealed = self.list.rows(&self.loader);
        if index < sealed {
            return self.newest.sealed_row(&mut self.list, index, &self.loader, links);
        }
        self.newest.row(index - sealed, links)
    }

    fn twin(&self) -> Option<Box<dyn HistoryView>> {
        Some(Box::new(self.clone()))
    }

    fn set_width(&mut self, cols: u32) {
        if self.newest.set_width(cols) {
            self.list.set_widths(self.newest.widths.clone());
        }
    }

    fn scan(
        &mut self,
        rows: std::ops::Range<u64>,
        links: &mut Links,
        each: &mut dyn FnMut(RowRef<'_>, &Links) -> bool,
    ) -> u64 {
        self.newest.scan(&mut self.list, &self.loader, rows, links, each)
    }

    fn seek(&mut self, from: u64, forward: bool, filter: &bytes::Regex, budget: usize) -> Seek {
        self.seek_row(from, forward, filter, budget)
    }
}

/// Position of a line, for readers that go by lines rather than rows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct LineAt {
    /// Index of the block; the count of sealed blocks means the open one, one more the tail.
    pub block: usize,
    pub line: u32,
}

/// Lines in memory: one of the parts of a view.
pub(super) enum Chunk {
    Block(Arc<Block>),
    Tail(Arc<OpenLine>),
}

impl TranscriptView {
    /// Count of chunks: sealed blocks, the open one, the tail.
    pub(super) fn chunks(&self) -> usize {
        self.list.len() + 1 + usize::from(self.newest.tail.is_some())
    }

    /// One chunk; `None` after the last.
    pub(super) fn chunk(&self, index: usize) -> Option<Chunk> {
        if let Some(sealed) = self.list.get(index) {
            return Some(Chunk::Block(self.loader.load(sealed)));
        }
        if index == self.list.len() {
            return Some(Chunk::Block(self.newest.open.clone()));
        }
        self.newest.tail.clone().map(Chunk::Tail)
    }

    /// The first row of a line.
    pub(super) fn row_of(&mut self, at: LineAt) -> u64 {
        let base = self.list.row_of_block(at.block, &self.loader);
        let open = if at.block > self.list.len() { self.newest.open.rows(&self.newest.widths) } else { 0 };
        let within = match self.chunk(at.block) {
            Some(Chunk::Block(block)) => block.row_of_line(at.line, &self.newest.widths),
            _ => 0,
        };
        base + u64::from(open) + u64::from(within)
    }

    /// The line that contains a row, and the index of the row in it.
    pub(super) fn line_of(&mut self, row: u64) -> Option<(LineAt, u32)> {
        let block = self.list.block_of_row(row, &self.loader);
        let within = row.checked_sub(self.list.row_of_block(block, &self.loader))?;
        let widths = &self.newest.widths;
        if block == self.list.len() {
            let open = u64::from(self.newest.open.rows(widths));
            if within >= open {
                let tail = self.newest.tail.as_ref()?;
                let index = (within - open) as u32;
                return (index < tail.breaks.len() as u32)
                    .then_some((LineAt { block: block + 1, line: 0 }, index));
            }
        }
        let Some(Chunk::Block(found)) = self.chunk(block) else { return None };
        let (line, index) = found.find_row(within as u32, widths);
        Some((LineAt { block, line }, index))
    }

    /// Columns at which the rows of a line start.
    pub(super) fn row_starts(&self, at: LineAt) -> Vec<u32> {
        let mut ends = match self.chunk(at.block) {
            Some(Chunk::Block(block)) => block.row_ends(at.line, &self.newest.widths),
            Some(Chunk::Tail(tail)) => tail.breaks.iter().map(|b| b.end).collect(),
            None => Vec::new(),
        };
        ends.pop();
        std::iter::once(0).chain(ends).collect()
    }
}

impl TranscriptView {
    /// The first line of the next chunk, or the last of the previous one.
    pub(super) fn beside_block(&self, block: usize, forward: bool) -> Option<LineAt> {
        let mut block = block;
        loop {
            block = if forward { block + 1 } else { block.checked_sub(1)? };
            if block >= self.chunks() {
                return None;
            }
            let lines = self.chunk(block).map_or(0, |chunk| chunk.lines());
            if lines > 0 {
                return Some(LineAt { block, line: if forward { 0 } else { lines - 1 } });
            }
        }
    }

    fn seek_row(&mut self, from: u64, forward: bool, filter: &bytes::Regex, budget: usize) -> Seek {
        if from >= self.rows() {
            return Seek::End;
        }
        let found = self.line_of(from).map(|(at, _)| at);
        let mut at =
            found.unwrap_or_else(|| LineAt { block: self.list.block_of_row(from, &self.loader), line: 0 });
        let mut left = i64::try_from(budget).unwrap_or(i64::MAX);
        loop {
            let found = match self.chunk(at.block) {
                Some(Chunk::Block(block)) => {
                    left -= block.data().len() as i64;
                    block.seek(at.line, forward, filter)
                }
                Some(Chunk::Tail(tail)) => filter.is_match(tail.row.text.as_bytes()).then_some(0),
                None => None,
            };
            if let Some(line) = found {
                let at = LineAt { line, ..at };
                let first = self.row_of(at);
                let last = first + self.row_starts(at).len() as u64 - 1;
                return Seek::At(if forward { first.max(from) } else { last.min(from) });
            }
            match self.beside_block(at.block, forward) {
                None => return Seek::End,
                Some(next) => at = next,
            }
            if left <= 0 {
                let first = self.row_of(at);
                return Seek::More(if forward {
                    first
                } else {
                    first + self.row_starts(at).len() as u64 - 1
                });
            }
        }
    }
}

impl Chunk {
    pub(super) fn lines(&self) -> u32 {
        match self {
            Chunk::Block(block) => block.lines(),
            Chunk::Tail(_) => 1,
        }
    }
}
