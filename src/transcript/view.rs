//! Reading rows: the parts that a pane's own history and a pinned view have in common.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::block::{Block, Memo};
use super::history::MAX_LINE_COLS;
use super::layout::{self, OpenLine};
use super::list::List;
use super::scan::Scanner;
use super::store::Shared;
use super::widths::{self, Lay, Widths};
use crate::base::LinkId;
use crate::base::history::{HistoryView, Row, RowRef, Run, Seek};
use crate::base::links::Links;

/// Links of blocks that are already in the reader's table: (block, link) → id. Without the cache, a
/// link without an `id=` would become a new one at each read of its row.
#[derive(Clone, Debug, Default)]
pub(super) struct LinkCache {
    known: HashMap<(u64, u32), LinkId>,
}

impl LinkCache {
    pub(super) fn note(&mut self, block: u64, index: u32, id: LinkId) {
        if self.known.len() >= Links::MAX {
            self.known.clear();
        }
        self.known.insert((block, index), id);
    }

    /// Replaces a block's own link ids by ids in the reader's table.
    pub(super) fn translate(&mut self, runs: &mut [Run], block: &Block, links: &mut Links) {
        for run in runs.iter_mut().filter(|run| run.style.link.0 != 0) {
            let index = run.style.link.0 - 1;
            run.style.link = block.link(index).map_or(LinkId(0), |link| {
                let known = self.known.get(&(block.id, index)).copied();
                if let Some(id) = known.filter(|&id| links.get(id) == Some(link)) {
                    return id;
                }
                let id = links.intern(&link.id, &link.uri);
                self.note(block.id, index, id);
                id
            });
        }
    }
}

/// Result of adding a row of plain text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Added {
    /// The row is not plain: nothing was added.
    Not,
    /// A whole line was added to the open block.
    Line,
    /// A row was added to the line being joined; `LastRow`: that line is complete now.
    Row,
    LastRow,
}

/// The newest lines: the open block and the line being joined.
#[derive(Clone, Debug)]
pub(super) struct Newest {
    pub open: Arc<Block>,
    pub tail: Option<Arc<OpenLine>>,
    pub widths: Widths,
    pub links: LinkCache,
    pub memo: Memo,
    pub scanner: Scanner,
}

impl Newest {
    pub(super) fn rows(&self) -> u64 {
        let tail = self.tail.as_ref().map_or(0, |tail| tail.breaks.len() as u64);
        u64::from(self.open.rows(&self.widths)) + tail
    }

    pub(super) fn new(open: Arc<Block>, widths: Widths) -> Self {
        let (links, memo, scanner) = (LinkCache::default(), Memo::default(), Scanner::default());
        Self { open, tail: None, widths, links, memo, scanner }
    }

    pub(super) fn lay(&self) -> Lay {
        self.widths.lay()
    }

    /// Sets another width; the line being joined is laid out at once. False if the width is
    /// unchanged.
    pub(super) fn set_width(&mut self, cols: u32) -> bool {
        let cols = cols.max(1);
        let old = self.lay().width;
        if cols == old {
            return false;
        }
        self.widths.change(self.open.end_line(), cols);
        self.memo = Memo::default();
        if let Some(tail) = self.tail.take() {
            let rows = crate::terminal::relay(widths::rows_of(&tail), cols);
            self.tail = OpenLine::of_rows(&rows, cols).map(Arc::new);
        }
        true
    }

    pub(super) fn row(&mut self, index: u64, links: &mut Links) -> Option<Row> {
        let open = u64::from(self.open.rows(&self.widths));
        let mut row = if index < open {
            self.open.row(index as u32, &self.widths, &mut self.memo)?
        } else {
            self.tail.as_ref()?.row((index - open) as usize)?
        };
        self.links.translate(&mut row.runs, &self.open, links);
        Some(row)
    }

    /// A row of a sealed block. A row beyond the block's is blank: the rows around it keep their
    /// numbers.
    pub(super) fn sealed_row(
        &mut self,
        list: &mut List,
        index: u64,
        store: &Shared,
        links: &mut Links,
    ) -> Option<Row> {
        let (sealed, rows) = list.find(index, store)?;
        let known = self.memo.stand_in.take().filter(|block| block.id == sealed.id);
        let block = known.unwrap_or_else(|| store.load(&sealed));
        self.memo.stand_in = block.stands_in.then(|| block.clone());
        let Some(mut row) = block.row((index - rows.start) as u32, &self.widths, &mut self.memo) else {
            return Some(Row::default());
        };
        self.links.translate(&mut row.runs, &block, links);
        Some(row)
    }
}

impl Newest {
    /// Adds a row to the line being joined. Whether the line is whole now.
    pub(super) fn join(&mut self, row: &Row, links: &Links) -> bool {
        let width = self.lay().width;
        let mut row = Cow::Borrowed(row);
        if row.runs.iter().any(|run| run.style.link.0 != 0) {
            let open = Arc::make_mut(&mut self.open);
            let (block, met) = (open.id, open.own_links(row.to_mut(), links));
            met.into_iter().for_each(|(id, index)| self.links.note(block, index, id));
        }
        let tail = match self.tail.take() {
            Some(mut tail) => {
                Arc::make_mut(&mut tail).push(&row, width);
                tail
            }
            None => Arc::new(OpenLine::new(row.into_owned(), width)),
        };
        let whole = !tail.continues || tail.is_long() || !tail.may_go_on();
        self.tail = Some(tail);
        whole
    }

    /// Adds a row that is a whole line to the open block, if it is plain and no line is being
    /// joined. True if it was added.
    pub(super) fn add_plain(&mut self, row: &Row, scratch: &mut Vec<u8>) -> bool {
        if self.tail.is_some() {
            return false;
        }
        let width = self.lay().width;
        let open = Arc::make_mut(&mut self.open);
        if open.is_empty() {
            open.base_time = row.time;
        }
        open.push_row(scratch, row, width)
    }

    /// Like `add_plain`, for a row of plain text; see `History::push_plain`.
    pub(super) fn add_plain_text(&mut self, text: &[u8], size: u32, wrapped: bool, time: i64) -> Added {
        let width = self.lay().width;
        let cols = text.len() as u32;
        if cols > width || size != layout::usual_size(cols, width) {
            return Added::Not;
        }
        if wrapped || self.tail.is_some() {
            return self.join_plain_text(text, wrapped, time);
        }
        let open = Arc::make_mut(&mut self.open);
        if open.is_empty() {
            open.base_time = time;
        }
        open.push_text(text, time, width);
        Added::Line
    }

    /// Adds all rows of a line of plain text; see `History::push_plain_line`. Whether it did.
    pub(super) fn add_plain_line(&mut self, text: &[u8], cols: u32, time: i64) -> bool {
        let width = self.lay().width;
        if self.tail.is_some() || cols != width || text.len() >= MAX_LINE_COLS as usize {
            return false;
        }
        let open = Arc::make_mut(&mut self.open);
        if open.is_empty() {
            open.base_time = time;
        }
        open.push_text(text, time, width);
        true
    }

    /// Adds a row of plain text to the line being joined, or begins one.
    fn join_plain_text(&mut self, text: &[u8], wrapped: bool, time: i64) -> Added {
        let width = self.lay().width;
        let full = text.len() as u32 == width;
        let Ok(text) = std::str::from_utf8(text) else { return Added::Not };
        if text.is_empty() || wrapped && !full || self.tail.as_ref().is_some_and(|tail| !tail.plain) {
            return Added::Not;
        }
        let tail = self.tail.get_or_insert_with(|| Arc::new(OpenLine::begin_plain(time)));
        let tail = Arc::make_mut(tail);
        tail.push_plain(text, width, wrapped);
        if wrapped && !tail.is_long() { Added::Row } else { Added::LastRow }
    }

    /// Moves the line being joined to the open block. True if there was one.
    pub(super) fn finish_tail(&mut self, scratch: &mut Vec<u8>) -> bool {
        let Some(tail) = self.tail.take() else { return false };
        let width = self.lay().width;
        let time = tail.row.time;
        let open = Arc::make_mut(&mut self.open);
        if open.is_empty() {
            open.base_time = time;
        }
        match tail.plain && !tail.continues {
            true => open.push_text(tail.row.text.as_bytes(), time, width),
            false => open.push(scratch, &tail, width),
        }
        true
    }
}

/// A pane's history at one moment. It holds the sealed blocks that it can see, so that they stay
/// readable while the pane continues; dropping the view releases them.
#[derive(Clone)]
pub struct TranscriptView {
    pub(super) list: List,
    pub(super) newest: Newest,
    pub(super) store: Arc<Shared>,
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
        self.list.rows(&self.store) + self.newest.rows()
    }

    fn row(&mut self, index: u64, links: &mut Links) -> Option<Row> {
        let sealed = self.list.rows(&self.store);
        if index < sealed {
            return self.newest.sealed_row(&mut self.list, index, &self.store, links);
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
        self.newest.scan(&mut self.list, &self.store, rows, links, each)
    }

    fn seek(&mut self, from: u64, forward: bool, filter: &regex::bytes::Regex, budget: usize) -> Seek {
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
            return Some(Chunk::Block(self.store.load(sealed)));
        }
        if index == self.list.len() {
            return Some(Chunk::Block(self.newest.open.clone()));
        }
        self.newest.tail.clone().map(Chunk::Tail)
    }

    /// The first row of a line.
    pub(super) fn row_of(&mut self, at: LineAt) -> u64 {
        let base = self.list.row_of_block(at.block, &self.store);
        let open = if at.block > self.list.len() { self.newest.open.rows(&self.newest.widths) } else { 0 };
        let within = match self.chunk(at.block) {
            Some(Chunk::Block(block)) => block.row_of_line(at.line, &self.newest.widths),
            _ => 0,
        };
        base + u64::from(open) + u64::from(within)
    }

    /// The line that contains a row, and the index of the row in it.
    pub(super) fn line_of(&mut self, row: u64) -> Option<(LineAt, u32)> {
        let block = self.list.block_of_row(row, &self.store);
        let within = row.checked_sub(self.list.row_of_block(block, &self.store))?;
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
