//! Movements of the cursor: by rows, pages, words, paragraphs, brackets, prompts and jumps.

use super::backing::Line;
use super::reader::{Reader, WHITESPACE};
use super::state::{CopyState, JumpKind, LineSelection};
use crate::base::Glyph;

const OPEN: &str = "{[(";
const CLOSE: &str = "}])";

/// The ASCII character of a cell, if it is one.
fn ascii(line: &Line, x: usize) -> Option<char> {
    let cell = line.cell(x);
    cell.glyph.as_char().filter(|c| c.is_ascii() && !cell.is_padding() && cell.width <= 1)
}

/// Change of the depth of nested brackets at a character: 1 at one like that which the search began at, -1
/// at its partner.
fn nesting(c: Option<char>, first: char, partner: char) -> i32 {
    i32::from(c == Some(first)) - i32::from(c == Some(partner))
}

fn partner(c: char, from: &str, to: &str) -> Option<char> {
    from.chars().zip(to.chars()).find(|(f, _)| *f == c).map(|(_, t)| t)
}

impl CopyState {
    /// Remembers the column to return to in longer rows.
    fn remember_column(&mut self) {
        let length = self.back.length(self.row());
        if self.cx != length {
            self.last_cx = self.cx;
            self.last_length = length;
        }
    }

    /// If the cursor belongs at the end of the text of its new row, the column of that end.
    fn wants_line_end(&self) -> Option<usize> {
        let length = self.back.length(self.row());
        ((self.cx >= self.last_length && self.cx != length) || self.cx > length).then_some(length)
    }

    pub(crate) fn cursor_up(&mut self, scroll_only: bool) {
        let free = !self.in_rectangle();
        let row = self.row();
        if free {
            self.remember_column();
        }
        if self.line_selection == LineSelection::LeftRight && row == self.start.y {
            self.other_end();
        }
        if scroll_only || self.cy == 0 {
            if free {
                self.cx = self.last_cx;
            }
            self.scroll_down(1);
        } else {
            let x = if free { self.last_cx } else { self.cx };
            self.set_cursor(x, self.cy - 1);
            self.update_selection(false);
        }
        self.settle_column(free);
    }

    pub(crate) fn cursor_down(&mut self, scroll_only: bool) {
        let free = !self.in_rectangle();
        let row = self.row();
        if free {
            self.remember_column();
        }
        if self.line_selection == LineSelection::RightLeft && row == self.end.y {
            self.other_end();
        }
        if scroll_only || self.cy == self.rows() - 1 {
            if free {
                self.cx = self.last_cx;
            }
            self.scroll_up(1);
        } else {
            let x = if free { self.last_cx } else { self.cx };
            self.set_cursor(x, self.cy + 1);
            self.update_selection(false);
        }
        self.settle_column(free);
    }

    /// Corrects the column after a step up or down: to the end of a shorter row, or to an end of a
    /// selected line.
    fn settle_column(&mut self, free: bool) {
        if free && let Some(length) = self.wants_line_end() {
            self.set_cursor(length, self.cy);
            self.update_selection(false);
        }
        let x = match self.line_selection {
            LineSelection::None => return,
            LineSelection::LeftRight if self.rectangle => self.back.cols,
            LineSelection::LeftRight => self.back.length(self.row()),
            LineSelection::RightLeft => 0,
        };
        self.set_cursor(x, self.cy);
        self.update_selection(false);
    }

    fn page_rows(&self, half: bool) -> usize {
        match self.rows() {
            0..=2 => 1,
            rows if half => rows / 2,
            rows => rows - 2,
        }
    }

    /// Scrolls by rows and puts the cursor in a valid column. Where the view cannot scroll, the
    /// cursor moves instead.
    fn page(&mut self, up: bool, n: usize) {
        self.remember_column();
        self.cx = self.last_cx;
        self.shift(up, n);
        self.fit_page_column();
    }

    fn shift(&mut self, up: bool, n: usize) {
        if up {
            if self.oy + n > self.back.hsize {
                self.oy = self.back.hsize;
                self.cy = self.cy.saturating_sub(n);
            } else {
                self.oy += n;
            }
        } else if self.oy < n {
            self.oy = 0;
            self.cy = (self.cy + n).min(self.rows() - 1);
        } else {
            self.oy -= n;
        }
    }

    fn fit_page_column(&mut self) {
        if !self.in_rectangle() && self.wants_line_end().is_some() {
            self.end_of_line();
        }
    }

    fn paged(&mut self) {
        self.refresh_marks();
        self.update_selection(false);
    }

    pub(crate) fn page_up(&mut self, half: bool) {
        self.page(true, self.page_rows(half));
        self.paged();
    }

    /// Moves down a page. True if the bottom was reached and the mode must end.
    pub(crate) fn page_down(&mut self, half: bool, scroll_exit: bool) -> bool {
        self.page(false, self.page_rows(half));
        if scroll_exit && self.oy == 0 {
            return true;
        }
        self.paged();
        false
    }

    /// Scrolls a row to the top of the view, as the scrollbar does. True if the mode must end.
    pub(crate) fn scroll_to_top_row(&mut self, row: usize, scroll_exit: bool) -> bool {
        let top = self.top();
        self.remember_column();
        self.cx = self.last_cx;
        if top >= row {
            self.shift(true, top - row);
        } else {
            self.shift(false, row - top);
        }
        self.drag = super::state::CursorDrag::None;
        self.fit_page_column();
        if scroll_exit && self.oy == 0 {
            return true;
        }
        self.paged();
        false
    }

    /// Moves to a position found above, scrolling if it is above the view.
    fn arrive_up(&mut self, top: usize, x: usize, y: usize) {
        for _ in y..top {
            self.cursor_up(true);
        }
        self.set_cursor(x, y.saturating_sub(top));
        self.update_selection(false);
    }

    /// Moves to a position found below, scrolling if it is below the view.
    fn arrive_down(&mut self, top: usize, x: usize, y: usize, no_reset: bool) {
        let cy = y.saturating_sub(top);
        let last = self.rows() - 1;
        for _ in last..cy {
            self.cursor_down(true);
        }
        self.set_cursor(x, cy.min(last));
        self.update_selection(no_reset);
    }

    /// Walks up with a reader and moves to where it stops.
    fn walk_up(&mut self, walk: impl FnOnce(&mut Reader<'_>)) {
        let mut reader = self.reader();
        walk(&mut reader);
        let (x, y) = (reader.x, reader.y);
        self.arrive_up(self.top(), x, y);
    }

    fn walk_down(&mut self, no_reset: bool, walk: impl FnOnce(&mut Reader<'_>)) {
        let mut reader = self.reader();
        walk(&mut reader);
        let (x, y) = (reader.x, reader.y);
        self.arrive_down(self.top(), x, y, no_reset);
    }

    pub(crate) fn start_of_line(&mut self) {
        self.walk_up(|r| r.start_of_line(true));
    }

    pub(crate) fn back_to_indentation(&mut self) {
        self.walk_up(|r| r.back_to_indentation());
    }

    pub(crate) fn end_of_line(&mut self) {
        let rectangle = self.in_rectangle();
        let mut reader = self.reader();
        reader.end_of_line(true, rectangle);
        let (mut x, y) = (reader.x, reader.y);
        if !rectangle {
            x = self.limit(y, false);
        }
        self.arrive_down(self.top(), x, y, false);
    }

    pub(crate) fn cursor_left(&mut self) {
        self.walk_up(|r| r.left(true));
    }

    pub(crate) fn cursor_right(&mut self) {
        let (all, onemore) = (self.in_rectangle(), !self.settings.vi);
        self.walk_down(false, |r| r.right(true, all, onemore));
    }

    pub(crate) fn next_word(&mut self, separators: &str) {
        self.walk_down(false, |r| r.next_word(separators));
    }

    fn walk_word_end(reader: &mut Reader<'_>, separators: &str, vi: bool) {
        if vi && reader.in_set(WHITESPACE) == 0 {
            reader.right(false, false, false);
        }
        reader.next_word_end(separators);
        if vi {
            reader.left(true);
        }
    }

    pub(crate) fn next_word_end(&mut self, separators: &str, no_reset: bool) {
        let vi = self.settings.vi;
        self.walk_down(no_reset, |r| Self::walk_word_end(r, separators, vi));
    }

    /// End of the current or next word.
    pub(crate) fn word_end_position(&self, separators: &str) -> (usize, usize) {
        let mut reader = self.reader();
        Self::walk_word_end(&mut reader, separators, self.settings.vi);
        (reader.x, reader.y)
    }

    pub(crate) fn previous_word(&mut self, separators: &str, already: bool) {
        let stop_at_eol = !self.settings.vi;
        self.walk_up(|r| r.previous_word(separators, already, stop_at_eol));
    }

    /// Start of the current or previous word.
    pub(crate) fn word_start_position(&self, separators: &str) -> (usize, usize) {
        let mut reader = self.reader();
        reader.previous_word(separators, false, true);
        (reader.x, reader.y)
    }

    /// Goes to a line by number, counted from the bottom, or from the top with absolute numbers.
    pub(crate) fn goto_line(&mut self, text: &str) {
        let Ok(number) = text.trim_start().parse::<i64>() else { return };
        if !(-1..=i64::from(i32::MAX)).contains(&number) {
            return;
        }
        let hsize = self.back.hsize;
        self.oy = if self.numbers_absolute() {
            hsize - ((number.max(1) as usize).min(hsize + 1) - 1)
        } else if number < 0 || number as usize > hsize {
            hsize
        } else {
            number as usize
        };
        self.update_selection(false);
    }

    /// Puts the cursor on a cell (column, and row counted from the oldest), with its row in the
    /// middle of the view where there is room.
    pub(crate) fn show_cell(&mut self, x: usize, y: usize) {
        let (hsize, rows) = (self.back.hsize, self.back.rows);
        let y = y.min(hsize + rows.saturating_sub(1));
        self.oy = (hsize + rows / 2).saturating_sub(y).min(hsize);
        self.cy = (y + self.oy).saturating_sub(hsize).min(rows.saturating_sub(1));
        self.cx = x;
        self.update_selection(false);
    }

    pub(crate) fn jump(&mut self, kind: JumpKind, wanted: &Glyph) {
        let top = self.top();
        let mut reader = self.reader();
        match kind {
            JumpKind::Forward => {
                reader.x += 1;
                if reader.jump(wanted) {
                    let (x, y) = (reader.x, reader.y);
                    self.arrive_down(top, x, y, false);
                }
            }
            JumpKind::ToForward => {
                reader.x += 2;
                if reader.jump(wanted) {
                    reader.left(true);
                    let (x, y) = (reader.x, reader.y);
                    self.arrive_down(top, x, y, false);
                }
            }
            JumpKind::Backward => {
                reader.left(false);
                if reader.jump_back(wanted) {
                    let (x, y) = (reader.x, reader.y);
                    self.arrive_up(top, x, y);
                }
            }
            JumpKind::ToBackward => {
                reader.left(false);
                reader.left(false);
                if reader.jump_back(wanted) {
                    reader.right(true, false, !self.settings.vi);
                    let (x, y) = (reader.x, reader.y);
                    self.arrive_up(top, x, y);
                }
            }
        }
    }

    pub(crate) fn jump_to_mark(&mut self) {
        let here = self.cursor();
        let (mark, hsize) = (self.mark, self.back.hsize);
        self.cx = mark.x;
        if mark.y < hsize {
            self.cy = 0;
            self.oy = hsize - mark.y;
        } else {
            self.cy = (mark.y - hsize).min(self.rows() - 1);
            self.oy = 0;
        }
        self.mark = here;
        self.show_mark = true;
        self.update_selection(false);
    }

    /// Moves to the opening bracket of the closing one under (or, in emacs, left of) the cursor.
    pub(crate) fn previous_bracket(&mut self) {
        let (mut x, y) = (self.cx, self.row());
        let line = self.back.line(y);
        if line.length(self.back.cols) == 0 {
            return;
        }
        let mut found = ascii(&line, x).filter(|c| CLOSE.contains(*c));
        if found.is_none() && !self.entered_vi && x > 0 {
            x -= 1;
            found = ascii(&line, x).filter(|c| CLOSE.contains(*c));
        }
        let Some(close) = found else {
            if !self.entered_vi {
                self.previous_word(CLOSE, true);
            }
            return;
        };
        let open = partner(close, CLOSE, OPEN).expect("it is one of the closing brackets");
        if let Some((x, y)) = self.opening_bracket(x, y, open, close) {
            self.scroll_to(x, y, false);
        }
    }

    fn opening_bracket(&self, x: usize, y: usize, open: char, close: char) -> Option<(usize, usize)> {
        let (mut x, mut y, mut depth) = (x, y, 1);
        let mut line = self.back.line(y);
        while depth != 0 {
            if x == 0 {
                let mut length = 0;
                while y > 0 && length == 0 {
                    y -= 1;
                    line = self.back.line(y);
                    length = line.length(self.back.cols);
                }
                if length == 0 {
                    return None;
                }
                x = length;
            }
            x -= 1;
            depth += nesting(ascii(&line, x), close, open);
        }
        Some((x, y))
    }

    /// Moves to the bracket that closes the one under the cursor, or the next one. In vi, a closing
    /// bracket that comes first leads back to its opening one, `count` times, and ends the command
    /// (false).
    pub(crate) fn next_bracket(&mut self, count: u32) -> bool {
        let (mut x, mut y) = (self.cx, self.row());
        let last = self.back.last();
        let mut line = self.back.line(y);
        let mut length = line.length(self.back.cols);
        let mut tried = false;
        if length == 0 {
            return false;
        }
        let open = loop {
            let c = ascii(&line, x);
            if self.entered_vi && c.is_some_and(|c| CLOSE.contains(c)) {
                self.bracket_back_from(x, y, count);
                return false;
            }
            if let Some(c) = c.filter(|c| OPEN.contains(*c)) {
                break c;
            }
            if !self.entered_vi {
                if tried || x > length {
                    self.next_word_end(OPEN, false);
                    return true;
                }
                tried = true;
                x += 1;
            } else if x <= length {
                x += 1;
            } else if y == last || !line.wrapped() {
                return true;
            } else {
                (x, y) = (0, y + 1);
                line = self.back.line(y);
                length = line.length(self.back.cols);
            }
        };
        let close = partner(open, OPEN, CLOSE).expect("it is one of the opening brackets");
        if let Some((x, y)) = self.closing_bracket(x, y, open, close) {
            self.scroll_to(x, y, false);
        }
        true
    }

    fn closing_bracket(&self, x: usize, y: usize, open: char, close: char) -> Option<(usize, usize)> {
        let (mut x, mut y, mut depth) = (x, y, 1);
        let mut line = self.back.line(y);
        let mut length = line.length(self.back.cols);
        while depth != 0 {
            if x <= length {
                x += 1;
            } else {
                if y == self.back.last() {
                    return None;
                }
                (x, y) = (0, y + 1);
                line = self.back.line(y);
                length = line.length(self.back.cols);
            }
            depth += nesting(ascii(&line, x), open, close);
        }
        Some((x, y))
    }

    /// Moves from a closing bracket to its opening one; the cursor stays if there is none.
    fn bracket_back_from(&mut self, x: usize, y: usize, count: u32) {
        let old = self.cursor();
        self.scroll_to(x, y, false);
        for _ in 0..count {
            self.previous_bracket();
        }
        let here = self.cursor();
        if ascii(&self.back.line(here.y), here.x).is_some_and(|c| CLOSE.contains(c)) {
            self.scroll_to(old.x, old.y, false);
        }
    }
}
