//! The format variables of copy mode.

use super::backing::{Backing, Line, is_space, is_tab};
use super::state::{CopyState, CursorDrag, SelectBy};

fn parts_words(line: &Line, x: usize, separators: &str) -> bool {
    let cell = line.cell(x);
    !cell.is_padding()
        && (is_tab(cell) || is_space(cell) || cell.glyph.as_char().is_some_and(|c| separators.contains(c)))
}

impl Backing {
    /// Word at a cell, across wrapped rows; empty on a separator.
    pub(crate) fn word_at(&self, x: usize, y: usize, separators: &str) -> String {
        let (mut x, mut y) = (x, y);
        let mut line = self.line(y);
        // Back to the separator before the word, or to the first cell of the line.
        let mut on_separator = true;
        while !parts_words(&line, x, separators) {
            if x == 0 {
                let above = (y > 0 && self.wrapped(y - 1)).then(|| self.length(y - 1));
                let Some(length) = above.filter(|&l| l > 0) else {
                    on_separator = false;
                    break;
                };
                y -= 1;
                line = self.line(y);
                x = length;
            }
            x -= 1;
        }
        let mut out = String::new();
        loop {
            if on_separator {
                let length = line.length(self.cols);
                if length == 0 || x == length - 1 {
                    if y == self.last() || !line.wrapped() {
                        return out;
                    }
                    y += 1;
                    line = self.line(y);
                    x = 0;
                } else {
                    x += 1;
                }
            }
            on_separator = true;
            if line.cell(x).is_padding() {
                continue;
            }
            if parts_words(&line, x, separators) || x >= self.cols {
                return out;
            }
            line.cell(x).glyph.push_text_to(&mut out);
        }
    }

    /// URI of a cell's link, empty without one.
    pub(crate) fn link_at(&self, x: usize, y: usize) -> String {
        let line = self.line(y);
        let mut x = x;
        while x > 0 && line.cell(x).is_padding() {
            x -= 1;
        }
        self.link_uri(line.cell(x).style.link).unwrap_or_default()
    }
}

impl CopyState {
    /// Row of the view as a row of the backing.
    fn backing_row(&self, cy: usize) -> usize {
        self.top() + cy
    }

    /// Word, line and link at a cell of the view (for `mouse_word` and the like).
    pub(crate) fn word_in_view(&self, x: usize, cy: usize) -> String {
        self.back.word_at(x, self.backing_row(cy), &self.settings.format_separators)
    }

    pub(crate) fn line_in_view(&self, cy: usize) -> String {
        self.back.line(self.backing_row(cy)).text(self.back.cols)
    }

    pub(crate) fn link_in_view(&self, x: usize, cy: usize) -> String {
        self.back.link_at(x, self.backing_row(cy))
    }

    /// Adds all variables.
    pub(crate) fn formats(&self, add: &mut dyn FnMut(&str, String)) {
        let flag = |on: bool| if on { "1" } else { "0" }.to_owned();
        let (hsize, rows) = (self.back.hsize, self.rows());
        add("top_line_time", self.back.line(self.top()).time.to_string());
        add("scroll_position", self.oy.to_string());
        let (position, limit) =
            if self.numbers_absolute() { (self.top() + 1, hsize + rows) } else { (self.oy, hsize) };
        add("copy_position", position.to_string());
        add("copy_position_limit", limit.to_string());
        add("rectangle_toggle", flag(self.rectangle));
        add("copy_cursor_x", self.cx.to_string());
        add("copy_cursor_y", self.cy.to_string());
        if self.shown.is_some() {
            add("selection_start_x", self.start.x.to_string());
            add("selection_start_y", self.start.y.to_string());
            add("selection_end_x", self.end.x.to_string());
            add("selection_end_y", self.end.y.to_string());
        }
        let selected = self.shown.is_some();
        add("selection_active", flag(selected && self.drag != CursorDrag::None));
        add("selection_present", flag(selected && self.start != self.end));
        let mode = match self.select_by {
            SelectBy::Char => "char",
            SelectBy::Word => "word",
            SelectBy::Line => "line",
        };
        add("selection_mode", mode.to_owned());
        add("search_present", flag(self.search.marks.is_some()));
        add("search_timed_out", flag(self.search.timed_out));
        if let Some(count) = self.search.count {
            add("search_count", count.to_string());
            add("search_count_partial", flag(self.search.partial));
        }
        add("search_match", self.match_at_cursor().unwrap_or_default());
        add("copy_cursor_word", self.word_in_view(self.cx, self.cy));
        add("copy_cursor_line", self.line_in_view(self.cy));
        add("copy_cursor_hyperlink", self.link_in_view(self.cx, self.cy));
    }
}
