//! The visible lines, and their exchange with the history.

use std::collections::VecDeque;

use super::alternate::Alternate;
use super::cells::{CellTables, Packed, StyleId};
use super::line::Line;
use crate::base::history::{History, Row, RowFlags};
use crate::base::links::Links;
use crate::base::{Cell, CellStyle, Colour, Glyph, Size};

/// Lines saved while the alternate screen shows, and the size they had.
#[derive(Debug)]
pub(super) struct Saved {
    pub lines: Vec<Line>,
    pub size: Size,
}

/// Count of the newest rows of history that return when the screen grows, without counting the rows
/// of a long history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pullable {
    /// At most this many.
    Rows(u64),
    /// All but the oldest `n`.
    AllBut(u64),
}

impl Pullable {
    /// Adds rows that moved to the history and would return.
    pub(super) fn add(&mut self, count: u64) {
        if let Self::Rows(rows) = self {
            *rows += count;
        }
    }

    /// Removes one row that returned.
    pub(super) fn take(&mut self) {
        if let Self::Rows(rows) = self {
            *rows = rows.saturating_sub(1);
        }
    }

    /// The count for a history of `rows` rows.
    pub(super) fn of(self, rows: u64) -> u64 {
        match self {
            Self::Rows(count) => count.min(rows),
            Self::AllBut(count) => rows.saturating_sub(count),
        }
    }
}

/// The visible lines with the tables that their cells refer to.
pub(super) struct Grid {
    pub size: Size,
    pub lines: VecDeque<Line>,
    pub tables: CellTables,
    pub history: Box<dyn History>,
    pub links: Links,
    pub saved: Option<Saved>,
    pub pullable: Pullable,
    /// True if the newest row of history continues on the screen; `None`: not known.
    pub tail_wrapped: Option<bool>,
    /// Count of logical lines that scrolled away without a history.
    pub unkept: u64,
    /// Seconds since the epoch, stamped on rows as they leave the screen.
    pub now: i64,
    /// State of the rows of full-screen programs; `None` while the option is off.
    pub alternate: Option<Box<Alternate>>,
    /// A row that goes to the history, kept for its memory.
    pub scratch: Row,
    /// The text of the line that goes to the history.
    pub plain: Vec<u8>,
}

impl Grid {
    pub(super) fn new(size: Size, history: Box<dyn History>) -> Self {
        Self {
            size,
            lines: (0..size.rows).map(|_| Line::default()).collect(),
            tables: CellTables::new(),
            history,
            links: Links::new(),
            saved: None,
            pullable: Pullable::AllBut(0),
            tail_wrapped: Some(false),
            unkept: 0,
            now: 0,
            alternate: None,
            scratch: Row::default(),
            plain: Vec::new(),
        }
    }

    /// Reports whether lines that scroll away are kept.
    pub(super) fn keeps_history(&self) -> bool {
        self.saved.is_none() && self.history.keeps()
    }

    /// The id of a style; makes room in the table when it is full.
    #[inline]
    pub(super) fn style_id(&mut self, style: &CellStyle) -> StyleId {
        if let Some(id) = self.tables.intern_style(style) {
            return id;
        }
        self.collect();
        self.tables.intern_style(style).unwrap_or_default()
    }

    fn collect(&mut self) {
        let saved = self.saved.iter_mut().flat_map(|saved| saved.lines.iter_mut());
        let seen = self.alternate.iter_mut().flat_map(|alternate| alternate.lines_mut());
        self.tables.collect(self.lines.iter_mut().chain(saved).chain(seen));
    }

    pub(super) fn pack(&mut self, cell: &Cell) -> Packed {
        if let Some(packed) = self.tables.pack(cell) {
            return packed;
        }
        self.collect();
        self.tables.pack(cell).unwrap_or_else(|| self.tables.pack_poor(cell))
    }

    /// The cell with its text replaced by a cluster.
    pub(super) fn joined(&mut self, cell: Packed, text: &str, width: u8) -> Packed {
        if let Some(packed) = self.tables.joined(cell, text, width) {
            return packed;
        }
        let glyph = Glyph::Cluster(text.into());
        let cell = self.tables.unpack(cell);
        self.pack(&Cell { glyph, width, ..cell })
    }

    /// The cell that a clear with a background leaves behind.
    pub(super) fn blank(&mut self, bg: Colour) -> Packed {
        if bg == Colour::Default {
            return Packed::CLEARED;
        }
        if let Some(packed) = self.tables.cleared(bg) {
            return packed;
        }
        self.collect();
        self.tables.cleared(bg).unwrap_or(Packed::CLEARED)
    }

    #[inline]
    pub(super) fn line(&self, y: u32) -> &Line {
        &self.lines[y as usize]
    }

    pub(super) fn line_mut(&mut self, y: u32) -> &mut Line {
        &mut self.lines[y as usize]
    }

    #[inline]
    pub(super) fn get(&self, x: u32, y: u32) -> Packed {
        self.lines.get(y as usize).map_or(Packed::BLANK, |line| line.get(x))
    }

    pub(super) fn set(&mut self, x: u32, y: u32, cell: Packed) {
        let cols = self.size.cols;
        if let Some(line) = self.lines.get_mut(y as usize) {
            line.set(x, cell, cols, &self.tables);
        }
    }

    /// Empties a line; with a background colour, fills it with blanks.
    fn empty_line(&mut self, y: u32, bg: Colour) {
        let fill = (!bg.is_default()).then(|| self.blank(bg));
        let cols = self.size.cols;
        let line = &mut self.lines[y as usize];
        line.reset();
        if let Some(fill) = fill {
            line.expand(cols, cols, fill);
        }
    }

    /// Ends the wrap of the line above `y`.
    fn unwrap_above(&mut self, y: u32) {
        if y > 0 {
            self.lines[y as usize - 1].flags -= RowFlags::WRAPPED;
        } else {
            self.unwrap_tail();
        }
    }

    /// Ends the wrap of the newest row of history.
    fn unwrap_tail(&mut self) {
        if !self.tail_is_wrapped() {
            return;
        }
        if let Some(mut row) = self.history.pop(&mut self.links) {
            row.flags -= RowFlags::WRAPPED;
            self.history.push(&row, &self.links);
        }
        self.tail_wrapped = Some(false);
    }

    /// Reports whether the newest row of history continues on the screen.
    pub(super) fn tail_is_wrapped(&mut self) -> bool {
        if let Some(known) = self.tail_wrapped {
            return known;
        }
        let wrapped = self.history.continues();
        self.tail_wrapped = Some(wrapped);
        wrapped
    }

    /// Moves a line that scrolls away to the history.
    pub(super) fn push_line(&mut self, y: u32) {
        self.lines[y as usize].time = self.now;
        self.keep_line(y);
    }

    /// Appends a line to the history as it is.
    pub(super) fn keep_line(&mut self, y: u32) {
        let line = &self.lines[y as usize];
        self.tail_wrapped = Some(line.flags.contains(RowFlags::WRAPPED));
        if let Some(text) = line.plain_text(&mut self.plain)
            && self.history.push_plain(text, line.len(), line.flags.contains(RowFlags::WRAPPED), line.time)
        {
            return;
        }
        line.to_row(&self.tables, &mut self.scratch);
        self.history.push(&self.scratch, &self.links);
    }

    /// Counts a line that scrolls away and is not kept.
    pub(super) fn note_unkept(&mut self, y: u32) {
        self.unkept += u64::from(!self.line(y).flags.contains(RowFlags::WRAPPED));
    }

    /// Takes the newest row of history back as a line.
    pub(super) fn pull_line(&mut self) -> Option<Line> {
        let row = self.history.pop(&mut self.links)?;
        self.tail_wrapped = None;
        Some(Line::from_row(&row, &mut |cell| self.pack(cell)))
    }

    /// Scrolls a region up by one line, which moves to the history if there is one.
    pub(super) fn scroll_up(&mut self, upper: u32, lower: u32, bg: Colour) {
        if !self.keeps_history() {
            if upper == 0 {
                match self.saved.is_none() {
                    true => self.note_unkept(0),
                    false if self.alternate.is_some() => self.keep_alternate(0),
                    false => {}
                }
            }
            self.move_lines(upper, upper + 1, lower.saturating_sub(upper), bg);
            return;
        }
        self.push_line(upper);
        self.pullable.add(1);
        self.exchange_lines(upper, upper + 1, lower - upper);
        self.empty_line(lower, bg);
    }

    pub(super) fn scroll_down(&mut self, upper: u32, lower: u32, bg: Colour) {
        if upper == 0 && self.saved.is_some() && self.alternate.is_some() {
            self.alternate_reversed(1);
        }
        self.move_lines(upper + 1, upper, lower.saturating_sub(upper), bg);
    }

    /// Moves `count` lines from `from` to `to`, emptying the places they leave.
    pub(super) fn move_lines(&mut self, to: u32, from: u32, count: u32, bg: Colour) {
        let rows = self.size.rows;
        if count == 0 || from == to || from.max(to).saturating_add(count) > rows {
            return;
        }
        self.unwrap_above(to);
        self.exchange_lines(to, from, count);
        let left = if to < from { from.max(to + count)..from + count } else { from..to.min(from + count) };
        left.for_each(|y| self.empty_line(y, bg));
        if from < to || from >= to + count {
            self.unwrap_above(from);
        }
    }

    /// Exchanges `count` lines at `from` with those at `to`; the latter end up in the places left,
    /// in any order.
    fn exchange_lines(&mut self, to: u32, from: u32, count: u32) {
        let (first, distance) = (to.min(from) as usize, to.abs_diff(from) as usize);
        let end = first + distance + count as usize;
        match to < from {
            true if first == 0 && end == self.lines.len() && distance == 1 => {
                if let Some(line) = self.lines.pop_front() {
                    self.lines.push_back(line);
                }
            }
            true if first == 0 && end == self.lines.len() => self.lines.rotate_left(distance),
            false if first == 0 && end == self.lines.len() => self.lines.rotate_right(distance),
            _ if distance > count as usize => {
                (0..count).for_each(|i| self.lines.swap((to + i) as usize, (from + i) as usize));
            }
            true => self.lines.make_contiguous()[first..end].rotate_left(distance),
            false => self.lines.make_contiguous()[first..end].rotate_right(distance),
        }
    }

    pub(super) fn clear_lines(&mut self, y: u32, count: u32, bg: Colour) {
        if count == 0 || y.saturating_add(count) > self.size.rows {
            return;
        }
        for row in y..y + count {
            self.empty_line(row, bg);
        }
        self.unwrap_above(y);
    }

    /// Clears an area.
    pub(super) fn clear(&mut self, x: u32, y: u32, nx: u32, ny: u32, bg: Colour) {
        if nx == 0 || ny == 0 {
            return;
        }
        if x == 0 && nx == self.size.cols {
            self.clear_lines(y, ny, bg);
            return;
        }
        if y.saturating_add(ny) > self.size.rows {
            return;
        }
        let blank = self.blank(bg);
        let cols = self.size.cols;
        for line in self.lines.range_mut(y as usize..(y + ny) as usize) {
            let exists = cols.min(line.len());
            let mut count = nx;
            if bg.is_default() {
                if x > exists {
                    continue;
                }
                count = count.min(exists.saturating_sub(x));
            }
            line.expand(x + count, cols, Packed::CLEARED);
            for column in x..x + count {
                line.clear_cell(column, blank, false);
            }
            if x + nx >= cols {
                line.drop_hidden_picture(cols);
            }
        }
    }

    /// Moves `count` cells of a line from `from` to `to`, clearing the places they leave.
    pub(super) fn move_cells(&mut self, to: u32, from: u32, y: u32, count: u32, bg: Colour) {
        if count == 0 || from == to {
            return;
        }
        let blank = self.blank(bg);
        let cols = self.size.cols;
        let Some(line) = self.lines.get_mut(y as usize) else { return };
        line.expand(from + count, cols, Packed::CLEARED);
        line.expand(to + count, cols, Packed::CLEARED);
        let (from_at, to_at) = (from as usize, to as usize);
        line.cells.copy_within(from_at..from_at + count as usize, to_at);
        line.used = line.used.max(to + count);
        for column in from..from + count {
            if column < to || column >= to + count {
                line.clear_cell(column, blank, true);
            }
        }
    }

    pub(super) fn insert_lines(&mut self, y: u32, count: u32, bg: Colour) {
        let rows = self.size.rows;
        // tmux: if all lines below are deleted, nothing moves and nothing is cleared either.
        self.move_lines(y + count, y, rows - y - count, bg);
    }

    pub(super) fn insert_lines_in(&mut self, lower: u32, y: u32, count: u32, bg: Colour) {
        let kept = lower + 1 - y - count;
        self.move_lines(lower + 1 - kept, y, kept, bg);
        self.clear_rest(y + kept, count, kept, bg);
    }

    /// Clears the lines that a move of `kept` lines by `count` did not fill.
    fn clear_rest(&mut self, y: u32, count: u32, kept: u32, bg: Colour) {
        self.clear(0, y, self.size.cols, count.saturating_sub(kept), bg);
        if count < kept {
            // tmux: clearing a negative number of lines still ends the wrap of the line above them.
            self.unwrap_above(y);
        }
    }

    pub(super) fn delete_lines(&mut self, y: u32, count: u32, bg: Colour) {
        let rows = self.size.rows;
        self.move_lines(y, y + count, rows - y - count, bg);
        self.clear(0, rows - count, self.size.cols, count, bg);
    }

    pub(super) fn delete_lines_in(&mut self, lower: u32, y: u32, count: u32, bg: Colour) {
        let kept = lower + 1 - y - count;
        self.move_lines(y, y + count, kept, bg);
        self.clear_rest(y + kept, count, kept, bg);
    }

    pub(super) fn insert_cells(&mut self, x: u32, y: u32, count: u32, bg: Colour) {
        let cols = self.size.cols;
        if x >= cols - 1 {
            self.clear(x, y, 1, 1, bg);
        } else {
            self.move_cells(x + count, x, y, cols.saturating_sub(x + count), bg);
        }
    }

    pub(super) fn delete_cells(&mut self, x: u32, y: u32, count: u32, bg: Colour) {
        let cols = self.size.cols;
        self.move_cells(x, x + count, y, cols - x - count, bg);
        self.clear(cols - count, y, count, 1, bg);
    }

    /// Clears the screen by scrolling its contents into the history.
    pub(super) fn clear_into_history(&mut self, bg: Colour) {
        let written = |line: &Line| line.used != 0;
        let last = self.lines.iter().rposition(written).map_or(0, |at| at as u32 + 1);
        let Size { cols, rows } = self.size;
        if last == 0 {
            self.clear(0, 0, cols, rows, bg);
            return;
        }
        for _ in 0..last {
            self.push_line(0);
            self.lines.rotate_left(1);
            self.empty_line(rows - 1, bg);
        }
        if last < rows {
            self.clear(0, 0, cols, rows - last, bg);
        }
        self.pullable = Pullable::Rows(0);
    }

    pub(super) fn clear_history(&mut self) {
        self.history.clear();
        self.pullable = Pullable::AllBut(0);
        self.tail_wrapped = Some(false);
    }
}
