//! The selection, how it shows, and its text.

use super::backing::{Line, is_tab, push_cell};
use super::reader::WHITESPACE;
use super::state::{CopyState, CursorDrag, LineSelection, SelectBy, Spot};
use crate::base::history::{HistoryView, Piece, RowFlags, RowRef, Run, RunKind};
use crate::base::links::Links;
use crate::base::text::push_text;
use crate::base::{Attrs, CellFlags};

/// Selection in cells of the view, when last updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    sx: usize,
    sy: usize,
    ex: usize,
    ey: usize,
    rectangle: bool,
    /// Columns left of this one are never selected (line numbers).
    clip: usize,
    vi: bool,
    hidden: bool,
}

impl Shown {
    /// Reports whether a cell of the view is selected.
    pub(crate) fn contains(&self, x: usize, y: usize) -> bool {
        if self.hidden || x < self.clip {
            return false;
        }
        let (top, bottom) = (self.sy.min(self.ey), self.sy.max(self.ey));
        if y < top || y > bottom {
            return false;
        }
        if self.rectangle {
            return x >= self.sx.min(self.ex) && x <= self.sx.max(self.ex);
        }
        // The first and last cell in reading order; in emacs the last one is left out.
        let forward = self.sy < self.ey || (self.sy == self.ey && self.sx <= self.ex);
        let (first, last) = if forward { (self.sx, self.ex) } else { (self.ex, self.sx) };
        if y == top && x < first {
            return false;
        }
        if y < bottom {
            return true;
        }
        let end = if self.vi { last } else { last.saturating_sub(1) };
        // tmux: upwards from the first column, nothing of the last row is selected.
        x <= end && !(self.sy > self.ey && self.sx == 0)
    }
}

#[derive(PartialEq, Eq)]
enum Place {
    Above,
    InView,
    Below,
}

impl CopyState {
    pub(crate) fn start_selection(&mut self) {
        self.start = self.cursor();
        self.end = self.start;
        self.drag = CursorDrag::End;
        self.show_selection(false);
    }

    /// Updates the selection to the cursor, if there is a selection. `no_reset`: a word or line
    /// selection does not grow to whole words or lines. True if a part of the selection is in view.
    pub(crate) fn update_selection(&mut self, no_reset: bool) -> bool {
        self.is_selecting() && self.show_selection(no_reset)
    }

    fn show_selection(&mut self, no_reset: bool) -> bool {
        match self.drag {
            CursorDrag::End => self.follow_cursor(false, no_reset),
            CursorDrag::Start => self.follow_cursor(true, no_reset),
            CursorDrag::None => {}
        }
        let (start, start_place) = self.place(self.start);
        let (end, end_place) = self.place(self.end);
        if start_place == end_place && start_place != Place::InView {
            if let Some(shown) = &mut self.shown {
                shown.hidden = true;
            }
            return false;
        }
        self.shown = Some(Shown {
            sx: self.screen_x(start.x),
            sy: start.y,
            ex: self.screen_x(end.x),
            ey: end.y,
            rectangle: self.rectangle,
            clip: self.number_width().min(self.back.cols - 1),
            vi: self.entered_vi,
            hidden: false,
        });
        true
    }

    /// Clips a spot to the view.
    fn place(&self, spot: Spot) -> (Spot, Place) {
        let (top, rows) = (self.top(), self.rows());
        if spot.y < top {
            let x = if self.rectangle { spot.x } else { 0 };
            (Spot { x, y: 0 }, Place::Above)
        } else if spot.y > top + rows - 1 {
            let x = if self.rectangle { spot.x } else { self.back.cols - 1 };
            (Spot { x, y: rows - 1 }, Place::Below)
        } else {
            (Spot { x: spot.x, y: spot.y - top }, Place::InView)
        }
    }

    /// Moves the end (or start) of the selection to the cursor, by words or lines if it selects by
    /// those.
    fn follow_cursor(&mut self, start: bool, no_reset: bool) {
        let mut to_start = start;
        let mut spot = self.cursor();
        if self.select_by != SelectBy::Char && !no_reset {
            (to_start, spot) = match self.select_by {
                SelectBy::Word => self.follow_by_word(spot),
                _ => self.follow_by_line(spot),
            };
            if to_start {
                self.end = self.first_end;
            } else {
                self.start = self.first_start;
            }
        }
        if to_start {
            self.start = spot;
        } else {
            self.end = spot;
        }
    }

    fn follow_by_word(&self, at: Spot) -> (bool, Spot) {
        let separators = self.separators.as_deref().unwrap_or_default();
        let backwards = self.origin.y > at.y || (self.origin.y == at.y && self.origin.x > at.x);
        if backwards {
            let (x, y) = self.word_start_position(separators);
            return (true, Spot { x, y });
        }
        let word_ends_here =
            at.x < self.back.length(at.y) && self.back.in_set(at.x + 1, at.y, WHITESPACE) != 0;
        if word_ends_here {
            return (false, at);
        }
        let (x, y) = self.word_end_position(separators);
        (false, Spot { x, y })
    }

    fn follow_by_line(&self, at: Spot) -> (bool, Spot) {
        if self.origin.y > at.y {
            return (true, Spot { x: 0, y: at.y });
        }
        let y = at.y.max(self.first_end.y);
        (false, Spot { x: self.back.length(y), y })
    }

    pub(crate) fn clear_selection(&mut self) {
        self.shown = None;
        self.drag = CursorDrag::None;
        self.line_selection = LineSelection::None;
        self.select_by = SelectBy::Char;
        self.keep_cursor_in_row();
    }

    fn keep_cursor_in_row(&mut self) {
        let limit = self.limit(self.row(), self.rectangle);
        if self.cx > limit {
            self.set_cursor(limit, self.cy);
        }
    }

    pub(crate) fn set_rectangle(&mut self, on: bool) {
        self.rectangle = on;
        self.keep_cursor_in_row();
        self.update_selection(false);
    }

    /// Exchanges the cursor with the other end of the selection.
    pub(crate) fn other_end(&mut self) {
        if !self.is_selecting() {
            return;
        }
        self.line_selection = match self.line_selection {
            LineSelection::None => LineSelection::None,
            LineSelection::LeftRight => LineSelection::RightLeft,
            LineSelection::RightLeft => LineSelection::LeftRight,
        };
        self.drag = match self.drag {
            CursorDrag::None | CursorDrag::Start => CursorDrag::End,
            CursorDrag::End => CursorDrag::Start,
        };
        let to = if self.drag == CursorDrag::Start { self.start } else { self.end };
        let (hsize, rows, top, row) = (self.back.hsize, self.rows(), self.top(), self.row());
        self.cx = to.x;
        if to.y < top {
            self.oy = hsize - to.y;
            self.cy = 0;
        } else if to.y > top + rows {
            self.oy = (hsize + rows - 1).saturating_sub(to.y);
            self.cy = rows - 1;
        } else {
            self.cy = (self.cy + to.y).saturating_sub(row).min(rows - 1);
        }
        self.cx = self.cx.min(self.limit(self.row(), self.rectangle));
        self.update_selection(true);
    }

    pub(crate) fn select_line(&mut self, count: u32) {
        self.line_selection = LineSelection::LeftRight;
        self.rectangle = false;
        self.select_by = SelectBy::Line;
        self.origin = self.cursor();
        self.start_of_line();
        self.first_start = self.cursor();
        self.first_end.y = self.first_start.y;
        self.start_selection();
        self.end_of_line();
        let y = self.row();
        self.first_end = Spot { x: self.back.length(y), y };
        for _ in 1..count {
            self.cursor_down(false);
            self.end_of_line();
        }
    }

    pub(crate) fn select_word(&mut self) {
        self.line_selection = LineSelection::LeftRight;
        self.rectangle = false;
        self.select_by = SelectBy::Word;
        self.origin = self.cursor();
        let separators = self.settings.separators.clone();
        self.separators = Some(separators.clone());
        self.previous_word(&separators, false);
        let at = self.cursor();
        self.first_start = at;
        self.start_selection();
        let next = if self.back.wrapped(at.y) && at.x + 1 > self.back.cols - 1 {
            Spot { x: 0, y: at.y + 1 }
        } else {
            Spot { x: at.x + 1, y: at.y }
        };
        let single = at.x < self.back.length(at.y) && self.back.in_set(next.x, next.y, WHITESPACE) != 0;
        if single {
            self.set_cursor(at.x, self.cy);
            self.update_selection(true);
        } else {
            self.next_word_end(&separators, true);
        }
        self.first_end = self.cursor();
        if self.origin.y > self.first_end.y {
            self.origin = self.first_end;
        } else {
            self.origin.x = self.origin.x.min(self.first_end.x);
        }
    }

    /// The selected text; without a selection, the match under the cursor.
    pub(crate) fn selected_text(&mut self) -> Option<String> {
        if let Some(text) = self.ahead.take() {
            return text;
        }
        let Some(mut copying) = self.copying() else { return self.match_at_cursor() };
        self.without_folds(|state| state.back.scan(copying.rows(), &mut |row| copying.take(row)));
        copying.text()
    }

    /// What is to be copied of the rows of the selection: of a fold, all that is folded.
    pub(super) fn copying(&self) -> Option<Copying> {
        if !self.is_selecting() {
            return None;
        }
        let backwards = (self.end.y, self.end.x) < (self.start.y, self.start.x);
        let (first, last) = if backwards { (self.end, self.start) } else { (self.start, self.end) };
        let last_length = self.back.length(last.y);
        let ex = last.x.min(last_length);
        let vi = self.settings.vi;
        let (first_x, rest_x, rest_end, last_end) = if self.rectangle {
            let fixed = if self.drag == CursorDrag::End { self.start.x } else { self.end.x };
            if fixed < self.cx {
                let end = self.cx + usize::from(vi);
                (fixed, fixed, end, end)
            } else {
                (self.cx, self.cx, fixed + 1, fixed + 1)
            }
        } else {
            (first.x, 0, self.back.cols, ex + usize::from(vi))
        };
        // The newline behind the selection's last character is not part of it, except in vi
        // where that character may be the line's end itself.
        let without_end =
            (!vi || last_end <= last_length) && (!self.back.wrapped(last.y) || last_end != last_length);
        let (folded, folds_end) = (self.back.is_fold(first.y), self.back.is_fold(last.y));
        let (y, cols) = (self.back.real_row(first.y), self.back.cols);
        Some(Copying {
            first: y,
            last: self.back.real_end_row(last.y),
            first_x: if folded { 0 } else { first_x },
            rest_x,
            rest_end,
            last_end: if folds_end { cols } else { last_end },
            cols,
            without_end: without_end || folds_end,
            y,
            out: String::new(),
        })
    }
}

/// Bytes of a piece of text that is made while it is written.
const PIECE_BYTES: usize = 256 << 10;

/// A selection while it is copied, row by row. Rows are counted with nothing folded.
#[derive(Debug)]
pub(super) struct Copying {
    first: usize,
    last: usize,
    /// First column in the first row, and in the others.
    first_x: usize,
    rest_x: usize,
    /// Column behind the last one in all rows but the last, and in that.
    rest_end: usize,
    last_end: usize,
    /// Columns of the mode.
    cols: usize,
    without_end: bool,
    /// The next row.
    y: usize,
    out: String,
}

impl Copying {
    /// Of the cells from `start` to the one before `end`.
    pub(super) fn between(start: Spot, end: Spot, cols: usize) -> Self {
        Self {
            first: start.y,
            last: end.y,
            first_x: start.x,
            rest_x: 0,
            rest_end: cols,
            last_end: end.x,
            cols,
            without_end: false,
            y: start.y,
            out: String::new(),
        }
    }

    /// The next piece of the text; `None` behind the last one.
    pub(super) fn piece(&mut self, reader: &mut impl HistoryView) -> Option<String> {
        let before = self.y;
        reader.scan(before as u64..self.last as u64 + 1, &mut Links::new(), &mut |row, _| {
            self.take(row);
            self.out.len() < PIECE_BYTES
        });
        (self.y > before).then(|| std::mem::take(&mut self.out))
    }

    pub(super) fn rows(&self) -> std::ops::Range<usize> {
        self.first..self.last + 1
    }

    /// Takes the next row.
    pub(super) fn take(&mut self, row: RowRef<'_>) {
        let from = if self.y == self.first { self.first_x } else { self.rest_x };
        let to = if self.y == self.last { self.last_end } else { self.rest_end };
        copy_columns(row, self.cols, (from, to), &mut self.out);
        self.y += 1;
    }

    /// What was copied; `None` for nothing.
    pub(super) fn text(mut self) -> Option<String> {
        if self.out.is_empty() {
            return None;
        }
        if self.without_end {
            self.out.pop();
        }
        Some(self.out)
    }
}

/// Appends columns of a row of a mode `cols` wide, and a newline if they reach the end of a line.
fn copy_columns(row: RowRef<'_>, cols: usize, (from, to): (usize, usize), out: &mut String) {
    if from > to {
        return;
    }
    if from > 0 || to < cols || !copy_whole(row, cols, out) {
        copy_cells(row, cols, (from, to), out);
    }
}

/// The same cell by cell.
fn copy_cells(row: RowRef<'_>, cols: usize, (from, to): (usize, usize), out: &mut String) {
    let line = Line::from_row(&row.to_row());
    // tmux: of a wrapped row all columns that exist are copied, if they fit.
    let wrapped = line.wrapped() && line.size() <= cols;
    let length = if wrapped { line.size() } else { line.length(cols) };
    let to = to.min(length);
    for x in from.min(length)..to {
        let cell = line.cell(x);
        if cell.is_padding() {
            continue;
        }
        let drawn = cell.style.attrs.contains(Attrs::CHARSET) && !is_tab(cell);
        match cell.glyph.as_char().filter(|c| drawn && c.is_ascii()).and_then(line_drawing) {
            Some(c) => out.push(c),
            None => push_cell(out, cell),
        }
    }
    if !wrapped || to != length {
        out.push('\n');
    }
}

/// The same for all of a row, if every cell in it is copied as it is: run by run, which is how much
/// text is copied fast. Whether it is.
fn copy_whole(row: RowRef<'_>, cols: usize, out: &mut String) -> bool {
    let odd = |run: &Run| {
        run.style.attrs.contains(Attrs::CHARSET)
            || run.flags.contains(CellFlags::PADDING)
            || matches!(run.kind, RunKind::Cluster(_)) && run.bytes == 0
            // At the end of a line it counts as a blank.
            || matches!(run.kind, RunKind::Tab(0..=1))
    };
    let taken = row.cols() as usize;
    if taken > cols || row.runs.iter().any(odd) {
        return false;
    }
    let start = out.len();
    for (_, piece) in row.pieces(taken as u32) {
        match piece {
            Piece::Text(text) | Piece::Cluster(text) => push_text(text, out),
            Piece::Tab => out.push('\t'),
            Piece::Blanks(count) => out.extend(std::iter::repeat_n(' ', count as usize)),
        }
    }
    let size = taken.max(row.size as usize);
    if row.flags.contains(RowFlags::WRAPPED) && size <= cols {
        out.extend(std::iter::repeat_n(' ', size - taken));
        return true;
    }
    let end = out[start..].trim_end_matches(' ').len();
    out.truncate(start + end);
    out.push('\n');
    true
}

/// Character that the alternative character set (DEC special graphics) shows.
pub(super) fn line_drawing(c: char) -> Option<char> {
    const FROM: &str = "+,-.0`abcdefghijklmnopqrstuvwxyz{|}~";
    const TO: &str = "→←↑↓▮◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·";
    FROM.chars().zip(TO.chars()).find(|(from, _)| *from == c).map(|(_, to)| to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Size;
    use crate::terminal::{MemoryHistory, Terminal, TerminalConfig};

    #[test]
    fn whole_rows_are_copied_as_their_cells_are() {
        let lines = [
            "plain  ",
            "\ttab",
            "1234567\t",
            "1234567\t  ",
            "ends\t",
            "\x1b[44mblue\x1b[K\x1b[m",
            "世界 e\u{301}👍🏽 ",
            "123456789世x",
            "\x1b(0qqx\x1b(B",
            "wrapped far beyond ten columns   ",
            "wraps\x1b[20Gx",
            "\x1b[5C\x1b[3X\x1b[31m  \x1b[m",
        ];
        let mut terminal =
            Terminal::new(Size::new(10, 40), TerminalConfig::default(), Box::new(MemoryHistory::new(10, 10)));
        terminal.feed(lines.join("\r\n").as_bytes());
        for row in (0..40).map(|y| terminal.row(y)) {
            for cols in [4, 9, 10, 12] {
                let (mut whole, mut cells) = (String::new(), String::new());
                copy_columns(row.by_ref(), cols, (0, cols), &mut whole);
                copy_cells(row.by_ref(), cols, (0, cols), &mut cells);
                assert_eq!(whole, cells, "{row:?} of {cols} columns");
            }
        }
    }
}
