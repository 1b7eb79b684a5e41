//! Scrolling, erasing, inserting and deleting.

use super::alternate::Why;
use super::cells::Packed;
use super::screen::Screen;
use crate::base::Colour;
use crate::base::history::RowFlags;

impl Screen {
    /// Moves down a line, scrolling at the end of the region. `wrapped`: the line continues.
    pub(super) fn line_feed(&mut self, wrapped: bool, bg: Colour) {
        if wrapped {
            self.grid.line_mut(self.cy).flags |= RowFlags::WRAPPED;
        }
        if self.cy == self.lower {
            if self.lower + 1 == self.rows() {
                self.scroll_images(1);
            } else {
                self.drop_images(self.upper, self.lower - self.upper);
            }
            self.grid.scroll_up(self.upper, self.lower, bg);
        } else if self.cy < self.rows() - 1 {
            self.cy += 1;
        }
    }

    pub(super) fn reverse_index(&mut self, bg: Colour) {
        if self.cy == self.upper {
            self.drop_all_images();
            self.grid.scroll_down(self.upper, self.lower, bg);
        } else if self.cy > 0 {
            self.cy -= 1;
        }
    }

    pub(super) fn scroll_up(&mut self, count: u32, bg: Colour) {
        let count = count.max(1).min(self.lower - self.upper + 1);
        self.scroll_images(count);
        for _ in 0..count {
            self.grid.scroll_up(self.upper, self.lower, bg);
        }
    }

    pub(super) fn scroll_down(&mut self, count: u32, bg: Colour) {
        let count = count.max(1).min(self.lower - self.upper + 1);
        self.drop_all_images();
        for _ in 0..count {
            self.grid.scroll_down(self.upper, self.lower, bg);
        }
    }

    /// Columns that an operation at the cursor affects, at most `count`; `None` right of the
    /// screen.
    fn columns_here(&mut self, count: u32) -> Option<u32> {
        let room = self.cols().checked_sub(self.cx).filter(|&room| room > 0)?;
        self.drop_images(self.cy, 1);
        Some(count.max(1).min(room))
    }

    pub(super) fn insert_characters(&mut self, count: u32, bg: Colour) {
        if let Some(count) = self.columns_here(count) {
            self.grid.insert_cells(self.cx, self.cy, count, bg);
        }
    }

    pub(super) fn delete_characters(&mut self, count: u32, bg: Colour) {
        if let Some(count) = self.columns_here(count) {
            self.grid.delete_cells(self.cx, self.cy, count, bg);
        }
    }

    pub(super) fn erase_characters(&mut self, count: u32, bg: Colour) {
        if let Some(count) = self.columns_here(count) {
            self.grid.clear(self.cx, self.cy, count, 1, bg);
        }
    }

    pub(super) fn insert_lines(&mut self, count: u32, bg: Colour) {
        let rows = self.rows();
        self.drop_images(self.cy, rows - self.cy);
        if self.cy == 0 && self.grid.saved.is_some() {
            self.grid.alternate_reversed(count.max(1).min(rows));
        }
        if self.cy < self.upper || self.cy > self.lower {
            self.grid.insert_lines(self.cy, count.max(1).min(rows - self.cy), bg);
        } else {
            let count = count.max(1).min(self.lower + 1 - self.cy);
            self.grid.insert_lines_in(self.lower, self.cy, count, bg);
        }
    }

    pub(super) fn delete_lines(&mut self, count: u32, bg: Colour) {
        let rows = self.rows();
        self.drop_images(self.cy, rows - self.cy);
        if self.cy == 0 && self.grid.saved.is_some() && self.grid.alternate.is_some() {
            (0..count.max(1).min(self.lower + 1)).for_each(|y| self.grid.keep_alternate(y));
        }
        if self.cy < self.upper || self.cy > self.lower {
            self.grid.delete_lines(self.cy, count.max(1).min(rows - self.cy), bg);
        } else {
            let count = count.max(1).min(self.lower + 1 - self.cy);
            self.grid.delete_lines_in(self.lower, self.cy, count, bg);
        }
    }

    pub(super) fn clear_line(&mut self, bg: Colour) {
        if self.grid.line(self.cy).len() == 0 && bg.is_default() {
            return;
        }
        self.drop_images(self.cy, 1);
        self.grid.clear(0, self.cy, self.cols(), 1, bg);
    }

    pub(super) fn clear_end_of_line(&mut self, bg: Colour) {
        if self.cx == 0 {
            return self.clear_line(bg);
        }
        let cols = self.cols();
        if self.cx > cols - 1 || (self.cx >= self.grid.line(self.cy).len() && bg.is_default()) {
            return;
        }
        self.drop_images(self.cy, 1);
        self.grid.clear(self.cx, self.cy, cols - self.cx, 1, bg);
    }

    pub(super) fn clear_start_of_line(&mut self, bg: Colour) {
        if self.cx >= self.cols() - 1 {
            return self.clear_line(bg);
        }
        self.drop_images(self.cy, 1);
        self.grid.clear(0, self.cy, self.cx + 1, 1, bg);
    }

    /// Reports whether clearing the screen moves its lines into the history.
    fn clears_into_history(&self) -> bool {
        self.grid.keeps_history() && self.config.pane && self.config.scroll_on_clear
    }

    pub(super) fn clear_end_of_screen(&mut self, bg: Colour) {
        let (cols, rows) = (self.cols(), self.rows());
        self.drop_images(self.cy, rows - self.cy);
        if self.cx == 0 && self.cy == 0 {
            self.look(Why::Clear);
        }
        if self.cx == 0 && self.cy == 0 && self.clears_into_history() {
            return self.grid.clear_into_history(bg);
        }
        if self.cx < cols {
            self.grid.clear(self.cx, self.cy, cols - self.cx, 1, bg);
        }
        self.grid.clear(0, self.cy + 1, cols, rows - (self.cy + 1), bg);
    }

    pub(super) fn clear_start_of_screen(&mut self, bg: Colour) {
        let cols = self.cols();
        self.drop_images(0, self.cy.saturating_sub(1));
        self.grid.clear(0, 0, cols, self.cy, bg);
        self.grid.clear(0, self.cy, (self.cx.saturating_add(1)).min(cols), 1, bg);
    }

    pub(super) fn clear_screen(&mut self, bg: Colour) {
        self.drop_all_images();
        self.look(Why::Clear);
        if self.clears_into_history() {
            self.grid.clear_into_history(bg);
        } else {
            self.grid.clear(0, 0, self.cols(), self.rows(), bg);
        }
    }

    /// DECALN: fills the screen with E.
    pub(super) fn alignment_test(&mut self) {
        self.drop_all_images();
        for y in 0..self.rows() {
            for x in 0..self.cols() {
                self.grid.set(x, y, Packed::ascii(b'E', Default::default()));
            }
        }
        self.move_to(Some(0), Some(0));
        self.upper = 0;
        self.lower = self.rows() - 1;
    }
}
