//! A history in memory, bounded in rows: used without a history on disk, and in tests.

use std::collections::VecDeque;

use super::cells::{CellTables, Packed};
use super::line::Line;
use super::reflow::{Scrolled, reflow};
use crate::base::history::{History, HistoryView, Row, RowFlags};
use crate::base::links::Links;
use crate::base::{Cell, LinkId};

/// Rows in memory at the current width. When it is full, a tenth is dropped at once.
#[derive(Clone, Debug)]
pub struct MemoryHistory {
    rows: VecDeque<Row>,
    limit: usize,
    cols: u32,
    links: Links,
    bytes: u64,
    /// Count of lines that ended in the rows pushed so far.
    lines: u64,
}

/// Longest run of rows that is rewrapped as one logical line; longer lines are rewrapped in pieces.
const MAX_JOINED_ROWS: usize = 65_536;

impl MemoryHistory {
    /// A history of at most `limit` rows for a terminal of `cols` columns; 0 keeps nothing.
    pub fn new(limit: usize, cols: u32) -> Self {
        Self { rows: VecDeque::new(), limit, cols, links: Links::new(), bytes: 0, lines: 0 }
    }

    /// Changes the limit; with `trim`, surplus rows are dropped now, else with the next row.
    pub fn set_limit(&mut self, limit: usize, trim: bool) {
        self.limit = limit;
        while trim && self.rows.len() > limit {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(row) = self.rows.pop_front() {
            self.bytes -= row_bytes(&row);
        }
    }

    fn make_room(&mut self) {
        if self.rows.len() < self.limit {
            return;
        }
        // tmux: drops a tenth of the limit at once, so #{history_size} saw-tooths.
        for _ in 0..(self.limit / 10).max(1) {
            self.drop_oldest();
        }
    }
}

fn row_bytes(row: &Row) -> u64 {
    (size_of::<Row>() + row.text.capacity() + row.runs.len() * size_of::<crate::base::history::Run>()) as u64
}

/// Rewrites the links of a row from one table into another.
pub(crate) fn relink(row: &mut Row, from: &Links, to: &mut Links) {
    for run in row.runs.iter_mut().filter(|run| run.style.link != LinkId(0)) {
        run.style.link = match from.get(run.style.link) {
            Some(link) => to.adopt(link),
            None => LinkId(0),
        };
    }
}

impl HistoryView for MemoryHistory {
    fn rows(&mut self) -> u64 {
        self.rows.len() as u64
    }

    fn line_of_row(&mut self, row: u64) -> Option<u64> {
        let newer = self.rows.iter().skip(usize::try_from(row).ok()?);
        let ends = newer.filter(|row| !row.flags.contains(RowFlags::WRAPPED)).count();
        Some(self.lines - ends as u64)
    }

    fn row_of_line(&mut self, line: u64) -> Option<u64> {
        let mut number = self.lines;
        for (index, row) in self.rows.iter().enumerate().rev() {
            number -= u64::from(!row.flags.contains(RowFlags::WRAPPED));
            if number < line {
                return Some(index as u64 + 1);
            }
        }
        Some(0)
    }

    fn row(&mut self, index: u64, links: &mut Links) -> Option<Row> {
        let mut row = self.rows.get(usize::try_from(index).ok()?)?.clone();
        relink(&mut row, &self.links, links);
        Some(row)
    }

    fn twin(&self) -> Option<Box<dyn HistoryView>> {
        Some(Box::new(self.clone()))
    }

    fn set_width(&mut self, cols: u32) {
        if cols == self.cols {
            return;
        }
        self.cols = cols;
        let mut tables = CellTables::new();
        let mut out = VecDeque::with_capacity(self.rows.len());
        let mut batch = VecDeque::new();
        let old = std::mem::take(&mut self.rows);
        self.bytes = 0;
        for row in old {
            let wrapped = row.flags.contains(RowFlags::WRAPPED);
            let mut pack =
                |cell: &Cell| -> Packed { tables.pack(cell).unwrap_or_else(|| tables.pack_poor(cell)) };
            batch.push_back(Line::from_row(&row, &mut pack));
            if wrapped && batch.len() < MAX_JOINED_ROWS {
                continue;
            }
            flush(&mut batch, cols, &tables, &mut out);
            if tables.len().0 > 1 << 15 || tables.len().1 > 1 << 15 {
                tables = CellTables::new();
            }
        }
        flush(&mut batch, cols, &tables, &mut out);
        self.bytes = out.iter().map(row_bytes).sum();
        self.rows = out;
    }
}

/// Rewraps the rows of one line for a width, ignoring their links.
pub(crate) fn relay(rows: Vec<Row>, cols: u32) -> Vec<Row> {
    relay_next(&rows, cols, &mut Scrolled::default())
}

/// Rewraps the rows of the next line, and counts it in `scrolled`.
pub(crate) fn relay_next(rows: &[Row], cols: u32, scrolled: &mut Scrolled) -> Vec<Row> {
    let mut tables = CellTables::new();
    let mut pack = |cell: &Cell| -> Packed { tables.pack(cell).unwrap_or_else(|| tables.pack_poor(cell)) };
    let batch = rows.iter().map(|row| Line::from_row(row, &mut pack)).collect();
    let out: Vec<Row> =
        reflow(batch, cols, &tables, scrolled).iter().map(|line| to_row(line, &tables)).collect();
    scrolled.before_old += rows.len() as u64;
    scrolled.before_new += out.len() as u64;
    out
}

fn flush(batch: &mut VecDeque<Line>, cols: u32, tables: &CellTables, out: &mut VecDeque<Row>) {
    let lines = reflow(std::mem::take(batch), cols, tables, &mut Scrolled::default());
    out.extend(lines.iter().map(|line| to_row(line, tables)));
}

fn to_row(line: &Line, tables: &CellTables) -> Row {
    let mut row = Row::default();
    line.to_row(tables, &mut row);
    row
}

impl History for MemoryHistory {
    fn continues(&mut self) -> bool {
        self.rows.back().is_some_and(|row| row.flags.contains(RowFlags::WRAPPED))
    }

    fn push(&mut self, row: &Row, links: &Links) {
        if self.limit == 0 {
            return;
        }
        self.make_room();
        self.lines += u64::from(!row.flags.contains(RowFlags::WRAPPED));
        let mut row = row.clone();
        relink(&mut row, links, &mut self.links);
        self.bytes += row_bytes(&row);
        self.rows.push_back(row);
    }

    fn pop(&mut self, links: &mut Links) -> Option<Row> {
        let mut row = self.rows.pop_back()?;
        self.bytes -= row_bytes(&row).min(self.bytes);
        self.lines -= u64::from(!row.flags.contains(RowFlags::WRAPPED));
        relink(&mut row, &self.links, links);
        Some(row)
    }

    fn next_line(&self) -> u64 {
        self.lines
    }

    fn oldest_line(&self) -> u64 {
        let ended = self.rows.iter().filter(|row| !row.flags.contains(RowFlags::WRAPPED)).count();
        self.lines - ended as u64
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.links.clear();
        self.bytes = 0;
    }

    fn keeps(&self) -> bool {
        self.limit > 0
    }

    fn view(&mut self) -> Box<dyn HistoryView> {
        Box::new(self.clone())
    }

    fn bytes(&self) -> (u64, u64) {
        (self.bytes, 0)
    }
}
