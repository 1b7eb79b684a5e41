//! Changing size, and the alternate screen, which is entered and left through sizes.

use std::collections::VecDeque;

use super::alternate::Why;
use super::events::TerminalEvent;
use super::grid::{Pullable, Saved};
use super::line::Line;
use super::reflow::{Scrolled, reflow};
use super::screen::{SavedScreen, Screen};
use crate::base::history::RowFlags;
use crate::base::{Colour, Size};

/// Rows of history that are rewrapped together with the screen if they continue in its first line;
/// a longer line is cut there.
const MAX_PULLED: usize = 8192;

/// A history of at most this many rows is rewrapped completely with the screen, so that it comes
/// out exactly as tmux's; a longer one rewraps itself.
const SMALL_HISTORY: u64 = 512;

/// Count for a history with too many rows to count.
const MANY: u64 = 1 << 48;

/// A position in unwrapped text: a logical line, and a cell in it or its end.
struct Unwrapped {
    line: usize,
    cell: Option<u32>,
}

impl Screen {
    /// Changes the size of a pane: rewraps lines unless the alternate screen shows.
    pub(super) fn resize(&mut self, size: Size) {
        let reflows = self.grid.saved.is_none();
        self.resize_to(size, reflows);
    }

    /// Changes the size; with `reflows`, rewraps lines.
    pub(super) fn resize_to(&mut self, size: Size, reflows: bool) {
        let size = Size::new(size.cols.max(1), size.rows.max(1));
        let old = self.size();
        self.images.list.clear();
        let mut at = Some(self.cy);
        if size.cols != old.cols {
            self.grid.size.cols = size.cols;
            self.reset_tabs();
        }
        if size.rows != old.rows {
            at = self.resize_rows(size.rows);
        }
        if reflows && size.cols != old.cols {
            self.reflow(at);
            return;
        }
        match at {
            Some(y) => self.cy = y,
            None => (self.cx, self.cy) = (0, 0),
        }
    }

    /// Changes the height; returns the new row of the cursor's line, unless it left the screen.
    fn resize_rows(&mut self, rows: u32) -> Option<u32> {
        let old = self.rows();
        let mut y = i64::from(self.cy);
        let keeps = self.grid.keeps_history();
        if rows < old {
            let mut needed = old - rows;
            // First remove lines below the cursor, then those at the top.
            let below = (old - 1).saturating_sub(self.cy).min(needed);
            if below > 0 {
                self.grid.delete_lines(old - below, below, Colour::Default);
                needed -= below;
            }
            if keeps {
                for line in 0..needed {
                    self.grid.keep_line(line);
                }
                self.grid.pullable.add(needed.into());
                self.grid.lines.drain(..needed as usize);
                y -= i64::from(needed);
            } else {
                let above = self.cy.min(needed);
                if above > 0 {
                    self.grid.delete_lines(0, above, Colour::Default);
                    y -= i64::from(above);
                }
            }
            self.grid.lines.truncate(rows as usize);
        } else {
            let needed = rows - old;
            if keeps {
                let more = match self.grid.pullable {
                    Pullable::Rows(rows) => rows.min(needed.into()),
                    Pullable::AllBut(rows) => rows.saturating_add(needed.into()),
                };
                let there = self.grid.history.rows_up_to(more);
                for _ in 0..self.grid.pullable.of(there) {
                    let Some(line) = self.grid.pull_line() else { break };
                    self.grid.lines.push_front(line);
                    self.grid.pullable.take();
                    y += 1;
                }
            }
            self.grid.lines.resize(rows as usize, Line::default());
        }
        self.grid.size.rows = rows;
        self.upper = 0;
        self.lower = rows - 1;
        u32::try_from(y).ok()
    }

    /// Rewraps history and screen for the grid's width. `at`: the cursor's line.
    fn reflow(&mut self, at: Option<u32>) {
        let cols = self.cols();
        let rows = self.rows() as usize;
        let keeps = self.grid.keeps_history();
        let small = self.grid.history.rows_up_to(SMALL_HISTORY + 1) <= SMALL_HISTORY;
        let mut lines: VecDeque<Line> = std::mem::take(&mut self.grid.lines);
        let mut pulled = 0;
        while small || (pulled < MAX_PULLED && self.grid.tail_is_wrapped()) {
            let Some(line) = self.grid.pull_line() else { break };
            lines.push_front(line);
            pulled += 1;
        }
        let cursor = at.map(|y| wrap_position(&lines, self.cx, y as usize + pulled));
        let counted = small
            || match self.grid.pullable {
                Pullable::Rows(rows) => self.grid.history.rows_up_to(rows + 1) <= rows,
                Pullable::AllBut(_) => false,
            };
        let before_old = if counted { self.grid.history.rows() } else { MANY };
        self.grid.history.set_width(cols);
        let before_new = if counted { self.grid.history.rows() } else { MANY };
        let history_old = before_old + pulled as u64;
        let mut scrolled = Scrolled { before_old, before_new, rows: self.grid.pullable.of(history_old) };
        if scrolled.rows == history_old {
            scrolled.rows = before_new + pulled as u64;
        }
        let laid = reflow(lines, cols, &self.grid.tables, &mut scrolled);
        let mut lines: VecDeque<Line> = laid.into();
        // Fill the screen with rows of history before blank ones; none of the cursor's logical line
        // may be missing above it.
        let mut moved = 0;
        while lines.len() < rows {
            let Some(line) = self.grid.pull_line() else { break };
            lines.push_front(line);
            moved += 1;
        }
        while lines.len() < rows {
            lines.push_back(Line::default());
        }
        let place = cursor.map(|cursor| unwrap_position(&lines, moved, cursor));
        let excess = lines.len() - rows;
        self.grid.lines = lines;
        let mut there = before_new - moved as u64;
        for _ in 0..excess {
            if keeps {
                self.grid.keep_line(0);
                there += 1;
            }
            self.grid.lines.pop_front();
        }
        self.grid.pullable = match self.grid.pullable {
            Pullable::Rows(rows) if !counted => Pullable::Rows(rows),
            _ => Pullable::AllBut(there.saturating_sub(scrolled.rows)),
        };
        (self.cx, self.cy) = match place {
            // Beside a picture the cursor may have been right of what is the border now.
            Some((x, y)) if y >= excess => (x.min(cols), (y - excess) as u32),
            _ => (0, 0),
        };
    }

    /// Saves the screen and shows an empty one without history.
    pub(super) fn alternate_on(&mut self, cursor: bool) {
        if self.config.pane && !self.config.alternate_screen {
            return;
        }
        if self.grid.saved.is_none() {
            let lines: Vec<Line> = self.grid.lines.iter().cloned().collect();
            let size = self.size();
            if cursor {
                self.saved_screen.cursor = Some((self.cx, self.cy));
            }
            self.saved_screen.style = self.pen.style;
            let images = std::mem::take(&mut self.images.list);
            self.images.saved.extend(images);
            self.grid.clear(0, 0, size.cols, size.rows, Colour::Default);
            self.grid.saved = Some(Saved { lines, size });
            self.begin_alternate();
        }
        self.outbox.event(TerminalEvent::Alternate);
    }

    /// Shows the saved screen again.
    pub(super) fn alternate_off(&mut self, cursor: bool) {
        if self.config.alternate_screen || !self.config.pane {
            self.leave_alternate(cursor);
        }
    }

    /// Like `alternate_off`, even if programs may not use the alternate screen.
    pub(super) fn leave_alternate(&mut self, cursor: bool) {
        self.look(Why::Leave);
        let now = self.size();
        if let Some(size) = self.grid.saved.as_ref().map(|saved| saved.size) {
            self.resize_to(size, false);
        }
        // tmux: restores the cursor even if the alternate screen does not show.
        if let (true, SavedScreen { cursor: Some((x, y)), style }) = (cursor, self.saved_screen) {
            (self.cx, self.cy) = (x, y);
            self.pen.style = style;
        }
        if let Some(saved) = self.grid.saved.take() {
            for (line, old) in self.grid.lines.iter_mut().zip(saved.lines) {
                *line = old;
            }
            self.resize_to(now, true);
            self.images.list = std::mem::take(&mut self.images.saved);
        }
        self.cx = self.cx.min(self.cols() - 1);
        self.cy = self.cy.min(self.rows() - 1);
        self.forget_lost_placements();
        self.outbox.event(TerminalEvent::Alternate);
    }
}

/// Converts a position to unwrapped text.
fn wrap_position(lines: &VecDeque<Line>, x: u32, y: usize) -> Unwrapped {
    let (mut cells, mut line) = (0, 0);
    for above in lines.iter().take(y) {
        if above.flags.contains(RowFlags::WRAPPED) {
            cells += above.used;
        } else {
            cells = 0;
            line += 1;
        }
    }
    let used = lines.get(y).map_or(0, |line| line.used);
    Unwrapped { line, cell: (x < used).then_some(cells + x) }
}

/// Converts a position in unwrapped text, which starts at line `from`, to column and line.
fn unwrap_position(lines: &VecDeque<Line>, from: usize, position: Unwrapped) -> (u32, usize) {
    let last = lines.len() - 1;
    let (mut y, mut line) = (from, 0);
    while y < last && line < position.line {
        if !lines[y].flags.contains(RowFlags::WRAPPED) {
            line += 1;
        }
        y += 1;
    }
    let continues = |y: usize| y < last && lines[y].flags.contains(RowFlags::WRAPPED);
    let x = match position.cell {
        None => {
            while continues(y) {
                y += 1;
            }
            lines[y].used
        }
        Some(mut cell) => {
            while continues(y) && cell >= lines[y].used {
                cell -= lines[y].used;
                y += 1;
            }
            cell
        }
    };
    (x, y)
}
