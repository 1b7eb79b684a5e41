//! A cursor that walks over rows the way copy mode's motions do: over wrapped lines, words,
//! separators and wide characters.

use super::backing::{Backing, is_space, is_tab};
use crate::base::Glyph;

/// Characters that always separate words.
pub(super) const WHITESPACE: &str = "\t ";

/// A position among the rows of a backing.
pub(crate) struct Reader<'a> {
    back: &'a Backing,
    pub x: usize,
    pub y: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(back: &'a Backing, x: usize, y: usize) -> Self {
        Self { back, x, y }
    }

    fn length(&self) -> usize {
        self.back.length(self.y)
    }

    fn on_padding(&self) -> bool {
        self.back.line(self.y).cell(self.x).is_padding()
    }

    /// Moves from the later cells of a wide character to its first.
    fn leave_padding(&mut self) {
        while self.x > 0 && self.on_padding() {
            self.x -= 1;
        }
    }

    /// Moves one cell forward. `all`: over the whole width, not only the text; `onemore`: also onto
    /// the cell behind the text.
    pub(crate) fn right(&mut self, wrap: bool, all: bool, onemore: bool) {
        let limit = match (all, onemore) {
            (true, _) => self.back.cols,
            (false, true) => self.length(),
            (false, false) => self.length().saturating_sub(1),
        };
        if wrap && self.x >= limit && self.y < self.back.last() {
            self.x = 0;
            self.down();
        } else if self.x < limit {
            self.x += 1;
            while self.x < limit && self.on_padding() {
                self.x += 1;
            }
        }
    }

    /// Moves one cell back; to the row above if that row wraps into this one, or always with
    /// `wrap`.
    pub(crate) fn left(&mut self, wrap: bool) {
        self.leave_padding();
        if self.x > 0 {
            self.x -= 1;
        } else if self.y > 0 && (wrap || self.back.wrapped(self.y - 1)) {
            self.up();
            self.x = self.length();
        }
    }

    pub(crate) fn down(&mut self) {
        if self.y < self.back.last() {
            self.y += 1;
        }
        self.leave_padding();
    }

    pub(crate) fn up(&mut self) {
        self.y = self.y.saturating_sub(1);
        self.leave_padding();
    }

    /// Moves to the first column; with `wrap`, of the first row of a wrapped line.
    pub(crate) fn start_of_line(&mut self, wrap: bool) {
        while wrap && self.y > 0 && self.back.wrapped(self.y - 1) {
            self.y -= 1;
        }
        self.x = 0;
    }

    /// Moves behind the text (`all`: the width); with `wrap`, of the last row of a wrapped line.
    pub(crate) fn end_of_line(&mut self, wrap: bool, all: bool) {
        while wrap && self.y < self.back.last() && self.back.wrapped(self.y) {
            self.y += 1;
        }
        self.x = if all { self.back.cols } else { self.length() };
    }

    pub(crate) fn in_set(&self, set: &str) -> usize {
        self.back.in_set(self.x, self.y, set)
    }

    fn is_white(&self) -> bool {
        self.in_set(WHITESPACE) != 0
    }

    fn is_separator(&self, separators: &str) -> bool {
        self.in_set(separators) != 0
    }

    /// Last column of the row that a word may fill: the whole width if the row wraps.
    fn row_limit(&self) -> usize {
        if self.back.wrapped(self.y) { self.back.cols - 1 } else { self.length() }
    }

    /// Moves to the next row while the position is behind `limit`; false at the end of all rows.
    fn wrap_forward(&mut self, limit: &mut usize) -> bool {
        while self.x > *limit {
            if self.y == self.back.last() {
                return false;
            }
            self.x = 0;
            self.down();
            *limit = self.row_limit();
        }
        true
    }

    /// Skips the word, or the run of separators, under the position.
    fn skip_word(&mut self, limit: &mut usize, separators: &str) {
        let in_separators = self.is_separator(separators);
        loop {
            self.x += 1;
            if !self.wrap_forward(limit) || self.is_white() || self.is_separator(separators) != in_separators
            {
                return;
            }
        }
    }

    /// Moves to the start of the next word.
    pub(crate) fn next_word(&mut self, separators: &str) {
        let mut limit = self.row_limit();
        if !self.wrap_forward(&mut limit) {
            return;
        }
        if !self.is_white() {
            self.skip_word(&mut limit, separators);
        }
        while self.wrap_forward(&mut limit) {
            match self.in_set(WHITESPACE) {
                0 => return,
                width => self.x += width,
            }
        }
    }

    /// Moves behind the end of the current or next word.
    pub(crate) fn next_word_end(&mut self, separators: &str) {
        let mut limit = self.row_limit();
        while self.wrap_forward(&mut limit) {
            if !self.is_white() {
                self.skip_word(&mut limit, separators);
                return;
            }
            self.x += 1;
        }
    }

    /// Moves to the start of the previous word; with `already`, if the position is at the start of
    /// a word, to the word before. `stop_at_eol`: the blank end of a row stops the walk.
    pub(crate) fn previous_word(&mut self, separators: &str, already: bool, stop_at_eol: bool) {
        let letters = if already || self.is_white() {
            match self.back_to_word(separators, stop_at_eol) {
                Some(letters) => letters,
                None => return,
            }
        } else {
            !self.is_separator(separators)
        };
        loop {
            let (x, y) = (self.x, self.y);
            if self.x == 0 {
                if self.y == 0 || !self.back.wrapped(self.y - 1) {
                    return;
                }
                self.up();
                self.x = self.back.cols;
            }
            self.x = self.x.saturating_sub(1);
            if self.is_white() || letters == self.is_separator(separators) {
                (self.x, self.y) = (x, y);
                return;
            }
        }
    }

    /// Moves back over blanks to the last cell of a word. `Some(true)` if that word is of letters,
    /// not separators.
    fn back_to_word(&mut self, separators: &str, stop_at_eol: bool) -> Option<bool> {
        loop {
            if self.x > 0 {
                self.x -= 1;
                if !self.is_white() {
                    return Some(!self.is_separator(separators));
                }
                continue;
            }
            if self.y == 0 {
                return None;
            }
            self.up();
            self.x = self.length();
            if stop_at_eol && self.x > 0 && self.back.in_set(self.x - 1, self.y, WHITESPACE) != 0 {
                return Some(false);
            }
        }
    }

    fn holds(&self, x: usize, y: usize, wanted: &Glyph) -> bool {
        let line = self.back.line(y);
        let cell = line.cell(x);
        if cell.is_padding() {
            return false;
        }
        if is_tab(cell) && (cell.width > 1 || wanted.as_char() == Some('\t')) {
            return wanted.as_char() == Some('\t');
        }
        cell.glyph == *wanted
    }

    /// Moves forward to a character within the (wrapped) line. False if it is not there.
    pub(crate) fn jump(&mut self, wanted: &Glyph) -> bool {
        let mut first = self.x;
        for y in self.y..=self.back.last() {
            if let Some(x) = (first..self.back.length(y)).find(|&x| self.holds(x, y, wanted)) {
                (self.x, self.y) = (x, y);
                return true;
            }
            if !self.back.wrapped(y) {
                return false;
            }
            first = 0;
        }
        false
    }

    /// Moves back to a character within the (wrapped) line. False if it is not there.
    pub(crate) fn jump_back(&mut self, wanted: &Glyph) -> bool {
        let mut end = self.x + 1;
        let mut y = self.y;
        loop {
            if let Some(x) = (0..end).rev().find(|&x| self.holds(x, y, wanted)) {
                (self.x, self.y) = (x, y);
                return true;
            }
            if y == 0 || !self.back.wrapped(y - 1) {
                return false;
            }
            y -= 1;
            end = self.back.length(y);
        }
    }

    /// Moves to the first cell of the (wrapped) line that is not blank, if there is one.
    pub(crate) fn back_to_indentation(&mut self) {
        let old = (self.x, self.y);
        self.start_of_line(true);
        for y in self.y..=self.back.last() {
            let line = self.back.line(y);
            let found = (0..line.length(self.back.cols)).find(|&x| {
                let cell = line.cell(x);
                !is_space(cell) && !is_tab(cell) && !cell.is_padding()
            });
            if let Some(x) = found {
                (self.x, self.y) = (x, y);
                return;
            }
            if !line.wrapped() {
                break;
            }
        }
        (self.x, self.y) = old;
    }
}
