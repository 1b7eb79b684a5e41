//! The newest lines of a history: those of the open block, and the line being joined. And reading
//! of rows, sealed or not, which a pane's own history and a pinned view have in common.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::block::{Block, Memo};
use super::layout::{self, MAX_LINE_COLS, OpenLine};
use super::links::LinkCache;
use super::list::List;
use super::loader::Loader;
use super::scan::{Each, Relinker, Scanner};
use super::widths::{self, Lay, Widths};
use crate::base::history::{Row, RowRef};
use crate::base::links::Links;

/// Ranges of up to so many rows leave their blocks in the cache, since they may be read again soon.
/// Whoever reads more would only drive others' blocks out of it.
const MANY_ROWS: u64 = 4096;

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
        loader: &Loader,
        links: &mut Links,
    ) -> Option<Row> {
        let (sealed, rows) = list.find(index, loader)?;
        let known = self.memo.stand_in.take().filter(|block| block.id == sealed.id);
        let block = known.unwrap_or_else(|| loader.load(&sealed));
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

impl Newest {
    /// Hands over rows of blocks and of what is newer than they, until `each` has had enough.
    /// Returns the row after the last one; see `HistoryView::scan`.
    pub(super) fn scan(
        &mut self,
        list: &mut List,
        loader: &Loader,
        rows: Range<u64>,
        links: &mut Links,
        each: Each<'_>,
    ) -> u64 {
        let sealed = list.rows(loader);
        let end = rows.end.min(sealed + self.rows());
        let many = rows.end.saturating_sub(rows.start) > MANY_ROWS;
        let mut at = rows.start;
        let mut counted = |row: RowRef<'_>, links: &Links| {
            at += 1;
            each(row, links)
        };
        let mut next = rows.start;
        let (widths, cache, memo) = (&self.widths, &mut self.links, &mut self.memo);
        while next < end {
            let Some((found, of)) = list.find(next, loader) else { break };
            let block = if many { self.scanner.block(&found, loader) } else { loader.load(&found) };
            let relinker = Relinker { block: &block, cache, links };
            if !block.scan(next - of.start..of.end.min(end) - of.start, widths, memo, relinker, &mut counted)
            {
                return at;
            }
            next = of.end;
        }
        if next >= end {
            return at;
        }
        self.scanner.leave();
        let open = u64::from(self.open.rows(widths));
        let from = next.saturating_sub(sealed);
        if from < open {
            let relinker = Relinker { block: &self.open, cache, links };
            if !self.open.scan(from..open.min(end - sealed), widths, memo, relinker, &mut counted) {
                return at;
            }
        }
        let Some(tail) = &self.tail else { return at };
        for index in from.max(open)..end - sealed {
            let Some(mut row) = tail.row((index - open) as usize) else { break };
            cache.translate(&mut row.runs, &self.open, links);
            if !counted(row.by_ref(), links) {
                break;
            }
        }
        at
    }
}
