//! Rewrapping lines for another width: lines that are too long are split, and lines that continue
//! are joined. Works on any stretch of whole logical lines; the grid uses it for the screen, the
//! memory history for everything.
//!
//! tmux: filler cells of wide characters and tabs count a column of their own here (see
//! `Packed::wrap_width`), so a line of wide characters wraps earlier than it looks; and the flags
//! that a line keeps depend on which line took the cells. Both are visible in `capture-pane`, so
//! both are reproduced. Cells of pictures that were placed at the cursor count no column, so that a
//! picture is cut at the border, and whole again in a wider pane.

use std::collections::VecDeque;

use super::cells::{CellTables, Mark, Packed};
use super::line::Line;
use crate::base::history::RowFlags;

/// Count of rows of history that return to the screen if it grows, kept up to date while lines
/// move. All numbers count rows from the oldest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scrolled {
    /// Rows before the given lines, in the old and in the new layout.
    pub before_old: u64,
    pub before_new: u64,
    pub rows: u64,
}

struct Reflow<'a> {
    source: VecDeque<Line>,
    /// Source lines taken so far.
    taken: u64,
    out: Vec<Line>,
    cols: u32,
    tables: &'a CellTables,
    scrolled: &'a mut Scrolled,
}

/// Rewraps `lines` for `cols` columns.
pub(super) fn reflow(
    lines: VecDeque<Line>,
    cols: u32,
    tables: &CellTables,
    scrolled: &mut Scrolled,
) -> Vec<Line> {
    let out = Vec::with_capacity(lines.len());
    let mut flow = Reflow { source: lines, taken: 0, out, cols, tables, scrolled };
    while let Some(line) = flow.source.pop_front() {
        let (width, at) = measure(&line, cols);
        if width > cols {
            flow.split(line, at);
        } else if width < cols && line.flags.contains(RowFlags::WRAPPED) {
            flow.out.push(line);
            flow.join(width);
        } else {
            flow.out.push(line);
        }
        flow.taken += 1;
    }
    flow.out
}

/// The columns of a line, and the index of the first cell that does not fit.
fn measure(line: &Line, cols: u32) -> (u32, u32) {
    let (mut width, mut at) = (0, 0);
    for (index, cell) in line.cells[..line.used as usize].iter().enumerate() {
        if at == 0 && width + cell.wrap_width() > cols {
            at = index as u32;
        }
        width += cell.wrap_width();
    }
    (width, at)
}

impl Reflow<'_> {
    /// A cell as if it were newly written.
    fn fresh(&self, mut cell: Packed) -> Packed {
        let rich = CellTables::is_extended_style(self.tables.style(cell.style));
        let plain = cell.ascii_byte().is_some() && cell.width <= 1 && !cell.mark.contains(Mark::TAB);
        cell.mark.set(Mark::EXTENDED, rich || !plain);
        cell
    }

    fn write(&mut self, row: usize, x: u32, cell: Packed) {
        let cell = self.fresh(cell);
        self.out[row].set(x, cell, self.cols, self.tables);
    }

    /// Splits a line that is too long; its first `at` cells stay.
    fn split(&mut self, mut line: Line, at: u32) {
        let wrapped = line.flags.contains(RowFlags::WRAPPED);
        let rest: Vec<Packed> = line.cells[at as usize..line.used as usize].to_vec();
        line.cells.truncate(at as usize);
        line.used = at;
        line.flags |= RowFlags::WRAPPED;
        let first = self.out.len();
        self.out.push(line);
        self.out.push(Line::default());
        let (mut width, mut x) = (0, 0);
        for cell in rest {
            if width + cell.wrap_width() > self.cols {
                self.out.last_mut().expect("a line was pushed").flags |= RowFlags::WRAPPED;
                self.out.push(Line::default());
                (width, x) = (0, 0);
            }
            width += cell.wrap_width();
            self.write(self.out.len() - 1, x, cell);
            x += 1;
        }
        if self.scrolled.before_old + self.taken <= self.scrolled.rows {
            self.scrolled.rows += (self.out.len() - first - 1) as u64;
        }
        if wrapped {
            self.out.last_mut().expect("a line was pushed").flags |= RowFlags::WRAPPED;
            if width < self.cols {
                self.join(width);
            }
        }
    }

    /// Fills the last output line, which has `width` columns, from the lines after it.
    fn join(&mut self, mut width: u32) {
        let to = self.out.len() - 1;
        let mut x = self.out[to].used;
        let mut wrapped = true;
        let mut lines = 0;
        let mut last: Option<(usize, u32)> = None; // source line, and the part taken of it
        while let Some(next) = self.source.get(lines) {
            wrapped &= next.flags.contains(RowFlags::WRAPPED);
            if next.used == 0 {
                if !wrapped {
                    break;
                }
                lines += 1;
                continue;
            }
            if width + next.get(0).wrap_width() > self.cols {
                break;
            }
            let used = next.used;
            let mut want = 0;
            while want < used {
                let cell = self.source[lines].get(want);
                if width + cell.wrap_width() > self.cols {
                    break;
                }
                width += cell.wrap_width();
                self.write(to, x, cell);
                x += 1;
                want += 1;
            }
            last = Some((lines, want));
            lines += 1;
            if !wrapped || want != used || width == self.cols {
                break;
            }
        }
        let Some((index, want)) = last else { return };
        let from = &mut self.source[index];
        if want < from.used {
            from.cells.truncate(from.used as usize);
            from.cells.drain(..want as usize);
            from.used -= want;
            lines = index;
        } else if !wrapped {
            self.out[to].flags -= RowFlags::WRAPPED;
        }
        self.source.drain(..lines);
        self.taken += lines as u64;
        let to = self.scrolled.before_new + to as u64;
        let gone = lines as u64;
        if self.scrolled.rows > to + gone {
            self.scrolled.rows -= gone;
        } else if self.scrolled.rows > to {
            self.scrolled.rows = to;
        }
    }
}
