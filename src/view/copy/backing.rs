//! Rows that copy mode reads: rows of a pane's history (laid out on demand, never copied), then
//! rows of its screen as they were when the mode was entered.
//!
//! Rows are numbered from 0, the oldest. The *view* is the last `rows` of them; scrolling reaches
//! the `hsize` rows above. Lines read from the history are kept in a small cache.

use std::sync::Arc;

use parking_lot::Mutex;

use super::folds::{Folds, Place};
use crate::base::history::{HistoryView, Row, RowFlags, RowRef, RunKind, Seek};
use crate::base::links::{Hyperlink, Links};
use crate::base::{Cell, CellFlags, LinkId, Size};
use crate::terminal::{Scrolled, relay_next, relink};

/// Lines that the cache keeps decoded (direct mapped).
const CACHED_LINES: usize = 256;
/// A logical line that spans history and screen is joined across the border when the width
/// changes, if at most this many of its rows are in the history.
const MAX_JOINED_ROWS: usize = 10_000;
/// Rows searched for a position after the width changed; beyond, the position is estimated.
const MAX_POSITION_ROWS: usize = 200_000;

/// Rows of a history that are laid out along with the screen, to count the rows that return to it.
const SMALL_HISTORY: usize = 512;

/// A line that starts in the history and continues on the screen is searched row by row from at
/// most this many columns before the screen.
const MAX_BORDER_COLS: usize = 8192;

/// One row, decoded.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub cells: Vec<Cell>,
    pub flags: RowFlags,
    pub time: i64,
    row: Row,
}

impl Line {
    /// The cell at a column; cleared to the right of what was written.
    pub(crate) fn cell(&self, x: usize) -> &Cell {
        self.cells.get(x).unwrap_or(&Cell::CLEARED)
    }

    pub(crate) fn wrapped(&self) -> bool {
        self.flags.contains(RowFlags::WRAPPED)
    }

    /// Columns that exist, whether or not anything was written there.
    pub(crate) fn size(&self) -> usize {
        self.cells.len().max(self.row.size as usize)
    }

    /// Columns up to the last one that is not a plain space.
    pub(crate) fn length(&self, cols: usize) -> usize {
        let mut len = self.cells.len().min(cols);
        while len > 0 && is_space(&self.cells[len - 1]) {
            len -= 1;
        }
        len
    }

    /// Text of the line without trailing spaces, tabs kept.
    pub(crate) fn text(&self, cols: usize) -> String {
        let mut out = String::new();
        for cell in self.cells.iter().take(self.length(cols)).filter(|c| !c.is_padding()) {
            push_cell(&mut out, cell);
        }
        out
    }

    /// The row that it was decoded from.
    pub(crate) fn row(&self) -> RowRef<'_> {
        self.row.by_ref()
    }

    pub(crate) fn from_row(row: &Row) -> Self {
        Self { cells: row.cells(), flags: row.flags, time: row.time, row: row.clone() }
    }
}

/// A single blank, as opposed to a tab of several columns or a padding cell.
pub(super) fn is_space(cell: &Cell) -> bool {
    !cell.is_padding() && cell.glyph.as_char() == Some(' ') && cell.width <= 1
}

pub(super) fn is_tab(cell: &Cell) -> bool {
    cell.flags.contains(CellFlags::TAB)
}

/// Appends a cell's text, a tab cell as a tab.
pub(super) fn push_cell(out: &mut String, cell: &Cell) {
    if is_tab(cell) {
        out.push('\t');
    } else {
        cell.glyph.push_text_to(out);
    }
}

/// Parts to make a backing of.
pub(crate) struct Source {
    pub history: Option<Box<dyn HistoryView>>,
    pub rows: Vec<Row>,
    pub links: Links,
    pub size: Size,
    /// Rows of history that return to the screen when it grows.
    pub pullable: u64,
}

struct Inner {
    history: Option<Box<dyn HistoryView>>,
    links: Links,
    cache: Vec<Option<(usize, Arc<Line>)>>,
}

/// The rows of a copy mode. Reading goes through `&self`; see the module comment.
pub(crate) struct Backing {
    inner: Mutex<Inner>,
    /// Rows taken from the history; those after them are in `tail`.
    history_rows: usize,
    /// True if the history's last line continues in the tail; the tail then has all of it.
    last_in_tail: bool,
    /// See `border()`; computed on first use.
    border: Mutex<Option<usize>>,
    tail: Vec<Arc<Line>>,
    blank: Arc<Line>,
    pub cols: usize,
    pub rows: usize,
    /// Rows above the view.
    pub hsize: usize,
    pullable: usize,
    /// Blank rows that the last change of size added at the end.
    filled: usize,
    /// Number of the logical line of the screen's first row.
    pub first_line: Option<u64>,
    folds: Folds,
}

/// The rows of a backing as they were at one moment.
pub(crate) struct BackingReader {
    history: Option<Box<dyn HistoryView>>,
    history_rows: usize,
    tail: Vec<Arc<Line>>,
    links: Links,
}

impl HistoryView for BackingReader {
    fn rows(&mut self) -> u64 {
        (self.history_rows + self.tail.len()) as u64
    }

    fn row(&mut self, index: u64, links: &mut Links) -> Option<Row> {
        if index < self.history_rows as u64 {
            return Some(self.history.as_mut().and_then(|h| h.row(index, links)).unwrap_or_default());
        }
        let line = self.tail.get(index as usize - self.history_rows)?;
        let mut row = line.row.clone();
        relink(&mut row, &self.links, links);
        Some(row)
    }

    fn scan(
        &mut self,
        rows: std::ops::Range<u64>,
        links: &mut Links,
        each: &mut dyn FnMut(RowRef<'_>, &Links) -> bool,
    ) -> u64 {
        let end = rows.end.min(self.history_rows as u64);
        let (mut at, mut enough) = (rows.start, false);
        if let Some(history) = self.history.as_mut().filter(|_| at < end) {
            at = history.scan(at..end, links, &mut |row, links| {
                enough = !each(row, links);
                !enough
            });
        }
        while at < rows.end && !enough {
            let Some(row) = self.row(at, links) else { break };
            at += 1;
            enough = !each(row.by_ref(), links);
        }
        at
    }

    fn set_width(&mut self, _cols: u32) {}
}

/// A position that survives a change of width: the count of logical lines below it, and the offset
/// in its own line (`None`: behind the line's last cell).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogicalPosition {
    below: usize,
    offset: Option<usize>,
}

impl Backing {
    pub(crate) fn new(mut source: Source) -> Self {
        let history_rows = source.history.as_mut().map_or(0, |h| h.rows() as usize);
        let rows = (source.size.rows as usize).max(1);
        let mut tail: Vec<_> = source.rows.iter().map(|r| Arc::new(Line::from_row(r))).collect();
        let blank = Arc::new(Line::default());
        if history_rows + tail.len() < rows {
            tail.resize(rows - history_rows, blank.clone());
        }
        Self {
            hsize: history_rows + tail.len() - rows,
            inner: Mutex::new(Inner {
                history: source.history,
                links: source.links,
                cache: vec![None; CACHED_LINES],
            }),
            history_rows,
            last_in_tail: false,
            border: Mutex::new(None),
            tail,
            blank,
            cols: (source.size.cols as usize).max(1),
            rows,
            pullable: source.pullable as usize,
            filled: 0,
            first_line: None,
            folds: Folds::default(),
        }
    }

    /// Number of the last row.
    pub(crate) fn last(&self) -> usize {
        self.hsize + self.rows - 1
    }

    /// A row; blank outside.
    pub(crate) fn line(&self, y: usize) -> Arc<Line> {
        match self.folds.place(y) {
            Place::Row(y) => self.line_below(y),
            Place::Fold(line) => line,
        }
    }

    /// A row, ignoring folds.
    fn line_below(&self, y: usize) -> Arc<Line> {
        if y >= self.history_rows {
            return self.tail.get(y - self.history_rows).unwrap_or(&self.blank).clone();
        }
        let inner = &mut *self.inner.lock();
        let slot = y % CACHED_LINES;
        if let Some((at, line)) = &inner.cache[slot]
            && *at == y
        {
            return line.clone();
        }
        let row = inner.history.as_mut().and_then(|h| h.row(y as u64, &mut inner.links));
        let line = row.map_or_else(|| self.blank.clone(), |row| Arc::new(Line::from_row(&row)));
        inner.cache[slot] = Some((y, line.clone()));
        line
    }

    /// Hands over rows in order, without decoding those of the history.
    pub(crate) fn scan(&self, rows: std::ops::Range<usize>, each: &mut dyn FnMut(RowRef<'_>)) {
        let mut at = rows.start;
        if !self.folds.any() && at < self.history_rows {
            let inner = &mut *self.inner.lock();
            let range = at as u64..rows.end.min(self.history_rows) as u64;
            let next = inner.history.as_mut().map(|history| {
                history.scan(range, &mut inner.links, &mut |row, _| {
                    each(row);
                    true
                })
            });
            at = next.map_or(at, |next| next as usize);
        }
        (at..rows.end).for_each(|y| each(self.line(y).row()));
    }

    /// A row, unless it stands alone (does not wrap) and its text fails a test: then `None`,
    /// without decoding it.
    pub(crate) fn line_if(&self, y: usize, test: &dyn Fn(&str) -> bool) -> Option<Arc<Line>> {
        if y >= self.history_rows || self.folds.any() {
            return Some(self.line(y));
        }
        let inner = &mut *self.inner.lock();
        let slot = y % CACHED_LINES;
        if let Some((at, line)) = &inner.cache[slot]
            && *at == y
        {
            return Some(line.clone());
        }
        let row = inner.history.as_mut()?.row(y as u64, &mut inner.links)?;
        if !row.flags.contains(RowFlags::WRAPPED) && !test(&row.text) {
            return None;
        }
        let line = Arc::new(Line::from_row(&row));
        inner.cache[slot] = Some((y, line.clone()));
        Some(line)
    }

    /// Appends the text of a row's cells, including blanks up to the width. True if the line
    /// continues in the next row.
    pub(crate) fn push_text(&self, y: usize, out: &mut String) -> bool {
        if y < self.history_rows && !self.folds.any() {
            let inner = &mut *self.inner.lock();
            let row = inner.history.as_mut().and_then(|h| h.row(y as u64, &mut inner.links));
            if let Some(row) = row.filter(|row| row.cols() as usize <= self.cols) {
                push_row_text(&row, self.cols, out);
                return row.flags.contains(RowFlags::WRAPPED);
            }
        }
        let line = self.line(y);
        (0..self.cols).map(|x| line.cell(x)).filter(|c| !c.is_padding()).for_each(|c| push_cell(out, c));
        line.wrapped()
    }

    /// Nearest row from `y` on (or back) that may match a filter; see `HistoryView::seek`. Rows of
    /// the screen may always match.
    pub(crate) fn seek(&self, y: usize, down: bool, filter: &regex::bytes::Regex, budget: usize) -> Seek {
        if self.folds.any() {
            return Seek::At(y as u64);
        }
        let border = self.border();
        if y >= border {
            return Seek::At(y as u64);
        }
        let inner = &mut *self.inner.lock();
        let Some(history) = inner.history.as_mut() else { return Seek::At(y as u64) };
        match history.seek(y as u64, down, filter, budget) {
            Seek::At(row) | Seek::More(row) if row >= border as u64 => Seek::At(border as u64),
            Seek::End if down => Seek::At(border as u64),
            found => found,
        }
    }

    /// First row that the history alone cannot search: the first row of a line that continues on
    /// the screen, or else the screen's first row.
    fn border(&self) -> usize {
        if let Some(border) = *self.border.lock() {
            return border;
        }
        let most = MAX_BORDER_COLS / self.cols + 2;
        let mut y = self.history_rows;
        while y > 0 && self.history_rows - y < most && self.wrapped(y - 1) {
            y -= 1;
        }
        *self.border.lock() = Some(y);
        y
    }

    /// A reader of all rows as they are now, for another thread.
    pub(crate) fn reader(&self) -> BackingReader {
        let inner = self.inner.lock();
        BackingReader {
            history: inner.history.as_ref().and_then(|history| history.twin()),
            history_rows: self.history_rows,
            tail: self.tail.clone(),
            links: inner.links.clone(),
        }
    }

    pub(crate) fn length(&self, y: usize) -> usize {
        self.line(y).length(self.cols)
    }

    pub(crate) fn wrapped(&self, y: usize) -> bool {
        self.line(y).wrapped()
    }

    pub(crate) fn cell(&self, x: usize, y: usize) -> Cell {
        self.line(y).cell(x).clone()
    }

    /// URI of a cell's link.
    pub(crate) fn link_uri(&self, link: LinkId) -> Option<String> {
        self.inner.lock().links.get(link).map(|l| l.uri.clone())
    }

    /// A link of a cell.
    pub(crate) fn link(&self, id: LinkId) -> Option<Hyperlink> {
        self.inner.lock().links.get(id).cloned()
    }

    /// Appends rows that scrolled off the screen, and replaces the screen.
    pub(crate) fn extend(&mut self, scrolled: Vec<Arc<Line>>, screen: Vec<Arc<Line>>, links: Links) {
        self.tail.truncate(self.hsize.saturating_sub(self.history_rows));
        self.hsize += scrolled.len();
        self.pullable += scrolled.len();
        self.tail.extend(scrolled);
        self.tail.extend(screen);
        self.inner.get_mut().links = links;
        self.trim();
        self.tail.truncate(self.hsize + self.rows - self.history_rows);
        self.fill();
    }

    /// Links of the backing's rows.
    pub(crate) fn links_mut(&mut self) -> &mut Links {
        &mut self.inner.get_mut().links
    }

    /// Overwrites rows of a view mode from `at` on; surplus rows scroll away. Returns the count of
    /// oldest rows that were dropped.
    pub(crate) fn overlay(&mut self, at: usize, rows: Vec<Arc<Line>>) -> usize {
        let end = at + rows.len();
        if self.tail.len() < end {
            self.tail.resize(end, self.blank.clone());
        }
        self.tail.splice(at..end, rows);
        let scrolled = end.saturating_sub(self.hsize + self.rows);
        self.hsize += scrolled;
        self.pullable += scrolled;
        let gone = self.trim();
        self.fill();
        gone
    }

    /// Drops the oldest rows beyond a view mode's limit; returns their count.
    fn trim(&mut self) -> usize {
        let surplus = self.hsize.saturating_sub(super::lines::MAX_ROWS);
        if surplus > 0 {
            self.tail.drain(..surplus);
            self.hsize -= surplus;
            self.pullable = self.pullable.min(self.hsize);
        }
        surplus
    }

    /// Columns that a character of `set` takes at a cell, 0 for other characters. With a tab in the
    /// set, a tab counts from column `x` to its end.
    pub(crate) fn in_set(&self, x: usize, y: usize, set: &str) -> usize {
        let line = self.line(y);
        let cell = line.cell(x);
        if set.contains('\t') {
            if cell.is_padding() {
                let mut first = x;
                while first > 0 {
                    first -= 1;
                    if !line.cell(first).is_padding() {
                        break;
                    }
                }
                if is_tab(line.cell(first)) {
                    return usize::from(line.cell(first).width).saturating_sub(x - first);
                }
            } else if is_tab(cell) {
                return usize::from(cell.width);
            }
        }
        if cell.is_padding() || (is_tab(cell) && cell.width > 1) {
            return 0;
        }
        usize::from(cell.glyph.as_char().is_some_and(|c| set.contains(c)))
    }

    /// Number of the logical line of a row, if lines are numbered.
    pub(crate) fn line_of_row(&self, y: usize) -> Option<u64> {
        let y = self.folds.real(y);
        if y < self.history_rows {
            return self.inner.lock().history.as_mut()?.line_of_row(y as u64);
        }
        let ended = self.tail.iter().take(y - self.history_rows).filter(|line| !line.wrapped()).count();
        Some(self.first_line? + ended as u64)
    }

    /// First row of a logical line, or of the nearest line that exists.
    pub(crate) fn row_of_line(&self, line: u64) -> Option<usize> {
        let first = self.first_line?;
        let begins_above = || {
            !self.last_in_tail && self.history_rows > 0 && self.line_below(self.history_rows - 1).wrapped()
        };
        if line < first || (line == first && begins_above()) {
            let row = self.inner.lock().history.as_mut()?.row_of_line(line)?;
            return Some(self.folds.shown(row as usize));
        }
        let mut left = line - first;
        let mut y = self.history_rows;
        for row in &self.tail {
            if left == 0 {
                break;
            }
            left -= u64::from(!row.wrapped());
            y += 1;
        }
        Some(self.folds.shown(y))
    }

    /// Folds rows into one that shows their count.
    pub(crate) fn fold(&mut self, from: usize, to: usize) {
        let (from, to) = (self.folds.real(from), self.folds.real_end(to));
        if from < to {
            if !self.folds.any() {
                self.folds.base = self.hsize;
            }
            self.folds.add(from, to);
            self.hsize = self.folds.base.saturating_sub(self.folds.saved());
        }
    }

    /// Shows the rows folded into a row. True if there were some.
    pub(crate) fn unfold(&mut self, y: usize) -> bool {
        let found = self.folds.remove(y);
        if found {
            self.hsize = self.folds.base - self.folds.saved().min(self.folds.base);
        }
        found
    }

    /// True if a row stands for folded rows.
    pub(crate) fn is_fold(&self, y: usize) -> bool {
        matches!(self.folds.place(y), Place::Fold(_))
    }

    /// Row that shows row `y`, which is a number with no rows folded.
    pub(crate) fn shown_row(&self, y: usize) -> usize {
        self.folds.shown(y)
    }

    /// Shows everything that is folded.
    pub(crate) fn unfold_all(&mut self) {
        if self.folds.any() {
            self.hsize = self.folds.base;
            self.folds = Folds::default();
        }
    }

    /// Exchanges the current folds with others, to work without folds for a while.
    pub(crate) fn exchange_folds(&mut self, folds: &mut Folds) {
        self.unfold_rows();
        std::mem::swap(&mut self.folds, folds);
        if self.folds.any() {
            self.hsize = self.folds.base.saturating_sub(self.folds.saved());
        }
    }

    fn unfold_rows(&mut self) {
        if self.folds.any() {
            self.hsize = self.folds.base;
        }
    }

    /// Number of a row when no rows are folded.
    pub(crate) fn real_row(&self, y: usize) -> usize {
        self.folds.real(y)
    }

    /// Number, when no rows are folded, of the last of the rows that a row stands for.
    pub(crate) fn real_end_row(&self, y: usize) -> usize {
        self.folds.real_end(y)
    }

    pub(crate) fn is_folded(&self) -> bool {
        self.folds.any()
    }

    /// Rows above the view, and the last row, when no rows are folded.
    pub(crate) fn unfolded(&self) -> (usize, usize) {
        let hsize = if self.folds.any() { self.folds.base } else { self.hsize };
        (hsize, hsize + self.rows - 1)
    }

    /// Changes the size. The width reflows; the height moves rows between view and history.
    pub(crate) fn resize(&mut self, cols: usize, rows: usize) {
        let (cols, rows) = (cols.max(1), rows.max(1));
        self.filled = 0;
        if rows < self.rows {
            self.hsize += self.rows - rows;
            self.pullable += self.rows - rows;
        } else {
            let pull = (rows - self.rows).min(self.pullable).min(self.hsize);
            self.hsize -= pull;
            self.pullable -= pull;
        }
        self.rows = rows;
        self.fill();
        if cols != self.cols {
            self.reflow(cols);
        }
    }

    /// Makes the tail reach the end of the view.
    fn fill(&mut self) {
        let want = (self.hsize + self.rows).saturating_sub(self.history_rows);
        if self.tail.len() < want {
            self.filled += want - self.tail.len();
            self.tail.resize(want, self.blank.clone());
        }
    }

    fn reflow(&mut self, cols: usize) {
        *self.border.get_mut() = None;
        let mut joined = Vec::new();
        let mut y = self.history_rows;
        while y > 0 && joined.len() < MAX_JOINED_ROWS && self.line(y - 1).wrapped() {
            y -= 1;
            joined.push(self.line(y));
        }
        joined.reverse();
        let joins = !joined.is_empty() && joined.len() < MAX_JOINED_ROWS;
        let before = self.history_rows - if joins { joined.len() } else { 0 };
        let mut scrolled = Scrolled { rows: self.pullable as u64, ..Scrolled::default() };
        if before <= SMALL_HISTORY {
            let above: Vec<Arc<Line>> = (0..before).map(|y| self.line(y)).collect();
            lay_out(&above, cols, &mut scrolled);
        }
        {
            let inner = self.inner.get_mut();
            inner.cache.iter_mut().for_each(|slot| *slot = None);
            if let Some(history) = &mut inner.history {
                history.set_width(cols as u32);
                self.history_rows = history.rows() as usize;
            }
        }
        let mut lines = std::mem::take(&mut self.tail);
        self.cols = cols;
        if joins {
            joined.append(&mut lines);
            lines = joined;
        }
        self.last_in_tail |= joins;
        if self.last_in_tail {
            // The line that continues in the tail is the history's last; leave it out here.
            let mut start = self.history_rows;
            if start > 0 {
                start -= 1;
                while start > 0 && self.line(start - 1).wrapped() {
                    start -= 1;
                }
            }
            self.history_rows = start;
        }
        if before > SMALL_HISTORY {
            let all = self.pullable == self.hsize;
            let above = (self.history_rows + self.hsize).saturating_sub(before);
            let rows = if all { above } else { self.pullable };
            scrolled = Scrolled {
                before_old: before as u64,
                before_new: self.history_rows as u64,
                rows: rows as u64,
            };
        }
        self.tail = lay_out(&lines, cols, &mut scrolled);
        self.hsize = (self.history_rows + self.tail.len()).saturating_sub(self.rows);
        self.pullable = (scrolled.rows as usize).min(self.hsize);
        self.fill();
    }

    /// Position of a cell in terms that do not depend on the width.
    pub(crate) fn logical_position(&self, x: usize, y: usize) -> LogicalPosition {
        let last = self.last().min(y.saturating_add(MAX_POSITION_ROWS));
        let below = (y..last).filter(|&row| !self.wrapped(row)).count();
        let used = self.line(y).cells.len();
        if x >= used {
            return LogicalPosition { below, offset: None };
        }
        let mut offset = x;
        let mut row = y;
        while row > 0 && y - row < MAX_JOINED_ROWS && self.wrapped(row - 1) {
            row -= 1;
            offset += self.line(row).cells.len();
        }
        LogicalPosition { below, offset: Some(offset) }
    }

    /// Cell of a logical position at the current width.
    pub(crate) fn cell_position(&self, position: LogicalPosition) -> (usize, usize) {
        let mut y = self.last().saturating_sub(self.filled);
        let mut below = 0;
        while y > 0 && below < position.below {
            y -= 1;
            if !self.wrapped(y) {
                below += 1;
            }
        }
        // `y` is the last row of the wanted line.
        let Some(mut offset) = position.offset else {
            return (self.line(y).cells.len(), y);
        };
        let mut start = y;
        while start > 0 && y - start < MAX_JOINED_ROWS && self.wrapped(start - 1) {
            start -= 1;
        }
        while start < y {
            let used = self.line(start).cells.len();
            if offset < used {
                break;
            }
            offset -= used;
            start += 1;
        }
        (offset, start)
    }
}

fn push_row_text(row: &Row, cols: usize, out: &mut String) {
    let mut at = 0;
    let blanks = |out: &mut String, count: usize| out.extend(std::iter::repeat_n(' ', count));
    for run in &row.runs {
        let text = &row.text[at..at + run.bytes as usize];
        at += run.bytes as usize;
        match run.kind {
            RunKind::Narrow | RunKind::Wide | RunKind::Cluster(_) => out.push_str(text),
            RunKind::Tab(_) => out.push('\t'),
            RunKind::Cleared if run.flags.contains(CellFlags::PADDING) => {}
            RunKind::Cleared => blanks(out, run.cols as usize),
        }
    }
    blanks(out, cols.saturating_sub(row.cols() as usize));
}

/// Lays rows out at another width, as the terminal does when its width changes.
fn lay_out(rows: &[Arc<Line>], cols: usize, scrolled: &mut Scrolled) -> Vec<Arc<Line>> {
    let mut laid = Vec::new();
    for line in rows.chunk_by(|line, _| line.wrapped()) {
        let line: Vec<Row> = line.iter().map(|row| row.row.clone()).collect();
        let line = relay_next(&line, cols as u32, scrolled);
        laid.extend(line.iter().map(|row| Arc::new(Line::from_row(row))));
    }
    laid
}
