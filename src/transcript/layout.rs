//! How a logical line divides into rows of a given width, as tmux's reflow would leave it:
//! rows are filled greedily, and a cell that does not fit whole moves to the next row.

use smallvec::SmallVec;

use crate::base::CellFlags;
use crate::base::history::{Row, RowFlags, Run, RunKind};

/// Where a row of a line ends, and what that row carries beside its cells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Break {
    /// Columns of the line up to and including this row.
    pub end: u32,
    /// Shell marks of the row. `WRAPPED` follows from the row's place and is never kept here.
    pub flags: RowFlags,
}

pub(super) type Breaks = SmallVec<[Break; 1]>;

/// Cells of equal width in a row: (columns of one cell, how many).
pub(super) type Unit = (u32, u32);

/// The cells of runs, left to right.
pub(super) fn units(runs: &[Run]) -> impl Iterator<Item = Unit> + '_ {
    runs.iter().map(|run| match run.kind {
        RunKind::Narrow | RunKind::Cleared => (1, run.cols),
        RunKind::Wide => (2, run.cols / 2),
        RunKind::Cluster(width) | RunKind::Tab(width) => (u32::from(width.max(1)), 1),
    })
}

/// Whether any cell of the runs takes more than one column.
pub(super) fn has_wide(runs: &[Run]) -> bool {
    units(runs).any(|(width, _)| width > 1)
}

/// Rows that a line of single-column cells takes.
pub(super) fn narrow_rows(cols: u32, width: u32) -> u32 {
    cols.div_ceil(width.max(1)).max(1)
}

/// Walks the rows of a line and reports the column at which each but the last ends. A cell
/// wider than the row takes a row of its own.
pub(super) fn each_break(units: impl Iterator<Item = Unit>, width: u32, mut found: impl FnMut(u32)) {
    let width = width.max(1);
    let (mut x, mut col) = (0u32, 0u32);
    for (cell, mut count) in units {
        while count > 0 {
            let fit = width.saturating_sub(x) / cell;
            if fit == 0 && x > 0 {
                found(col);
                x = 0;
                continue;
            }
            let take = fit.max(1).min(count);
            x += take * cell;
            col += take * cell;
            count -= take;
        }
    }
}

/// Rows that a line of any cells takes.
pub(super) fn wide_rows(units: impl Iterator<Item = Unit>, width: u32) -> u32 {
    let mut rows = 1;
    each_break(units, width, |_| rows += 1);
    rows
}

/// All rows of a line at a width, in the order shown.
pub(super) fn breaks(runs: &[Run], cols: u32, width: u32, empty_tail: bool) -> Breaks {
    let mut out = Breaks::new();
    let plain = |end| Break { end, flags: RowFlags::empty() };
    each_break(units(runs), width, |end| out.push(plain(end)));
    out.push(plain(cols));
    if empty_tail {
        out.push(plain(cols));
    }
    out
}

/// Bytes of `text` before character number `chars`. `ascii` says that every character is one
/// byte, which spares the walk.
fn byte_of(text: &str, chars: u32, ascii: bool) -> usize {
    if ascii && text.is_char_boundary(chars as usize) {
        return chars as usize;
    }
    text.char_indices().nth(chars as usize).map_or(text.len(), |(at, _)| at)
}

/// The cells of a line from column `from` up to column `to` as a row of their own.
pub(super) fn slice(text: &str, runs: &[Run], from: u32, to: u32) -> Row {
    let mut out = Row::default();
    let (mut col, mut at) = (0u32, 0usize);
    for run in runs {
        let (start, end) = (col, col + run.cols);
        let run_text = &text[at..at + run.bytes as usize];
        col = end;
        at += run.bytes as usize;
        if end <= from {
            continue;
        }
        if start >= to {
            break;
        }
        let low = from.saturating_sub(start);
        let high = run.cols.min(to - start);
        let piece = match run.kind {
            RunKind::Narrow | RunKind::Wide => {
                let cell = if run.kind == RunKind::Wide { 2 } else { 1 };
                let ascii = cell == 1 && run.bytes == run.cols;
                let head = byte_of(run_text, low.div_ceil(cell), ascii);
                let rest = &run_text[head..];
                &rest[..byte_of(rest, (high - low) / cell, ascii)]
            }
            RunKind::Cluster(_) => run_text,
            RunKind::Tab(_) | RunKind::Cleared => "",
        };
        out.text.push_str(piece);
        out.push_run(Run { bytes: piece.len() as u32, cols: high - low, ..*run });
    }
    out
}

/// A line whose end is not known yet, or that was taken back for changing: its rows joined,
/// and where they end.
#[derive(Clone, Debug)]
pub(super) struct OpenLine {
    /// The rows joined. Its flags are the first row's marks.
    pub row: Row,
    pub breaks: Breaks,
    pub cols: u32,
    /// The last row is followed by more of the same line.
    pub continues: bool,
}

impl OpenLine {
    pub fn new(row: Row) -> Self {
        let cols = row.cols();
        let continues = row.flags.contains(RowFlags::WRAPPED);
        let flags = row.flags - RowFlags::WRAPPED;
        let mut breaks = Breaks::new();
        breaks.push(Break { end: cols, flags });
        Self { row: Row { flags, ..row }, breaks, cols, continues }
    }

    /// Joins the next row of the line.
    pub fn push(&mut self, row: &Row) {
        self.row.text.push_str(&row.text);
        row.runs.iter().for_each(|run| self.row.push_run(*run));
        self.cols += row.cols();
        self.continues = row.flags.contains(RowFlags::WRAPPED);
        self.breaks.push(Break { end: self.cols, flags: row.flags - RowFlags::WRAPPED });
    }

    /// Whether the line ends in an empty row, which reflow never joins to the row before.
    pub fn empty_tail(&self) -> bool {
        let n = self.breaks.len();
        n > 1 && !self.continues && self.breaks[n - 2].end == self.cols
    }

    /// One of its rows.
    pub fn row(&self, index: usize) -> Option<Row> {
        let here = self.breaks.get(index)?;
        let from = index.checked_sub(1).map_or(0, |before| self.breaks[before].end);
        let mut row = slice(&self.row.text, &self.row.runs, from, here.end);
        row.flags = here.flags;
        if index + 1 < self.breaks.len() || self.continues {
            row.flags |= RowFlags::WRAPPED;
        }
        row.time = self.row.time;
        Some(row)
    }

    /// Takes the last row off; what is left, if anything is, continues.
    pub fn pop(mut self) -> (Row, Option<Self>) {
        let last = self.breaks.len() - 1;
        let row = self.row(last).expect("a line has at least one row");
        self.breaks.pop();
        let Some(end) = self.breaks.last().map(|b| b.end) else { return (row, None) };
        let mut rest = slice(&self.row.text, &self.row.runs, 0, end);
        (rest.flags, rest.time) = (self.row.flags, self.row.time);
        self.row = rest;
        self.cols = end;
        self.continues = true;
        (row, Some(self))
    }

    /// Lays the line out afresh for a width; marks of rows after the first are lost, as in tmux.
    pub fn relay(&mut self, width: u32) {
        let tail = self.empty_tail();
        self.breaks = breaks(&self.row.runs, self.cols, width, tail);
        self.breaks[0].flags = self.row.flags;
    }

    /// Whether the rows are not what greedy filling at `width` gives.
    pub fn irregular(&self, width: u32) -> bool {
        if self.breaks.len() == 1 {
            return false;
        }
        let mut greedy = breaks(&self.row.runs, self.cols, width, self.empty_tail());
        greedy[0].flags = self.row.flags;
        greedy != self.breaks
    }
}

/// Cell flags that are kept of a run.
pub(super) const KEPT_FLAGS: CellFlags = CellFlags::NOPALETTE;
