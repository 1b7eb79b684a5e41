//! A rectangle of cells to draw on, with a cursor. Frames, modes, menus, popups, the status line and
//! borders are all drawn onto surfaces, which the renderer compares.

use std::sync::Arc;

use super::cell::{Cell, CellFlags, CellStyle};
use super::geometry::{Point, Rect, Size};

/// A drawing target. Coordinates outside it are ignored, so callers may clip lazily.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Surface {
    size: Size,
    /// Rows are shared until they are written to: all rows of a blank surface are one, and rows that do
    /// not change from frame to frame are stored once.
    rows: Vec<Arc<[Cell]>>,
    /// Position of the cursor, and whether it is visible.
    pub cursor: Point,
    pub cursor_visible: bool,
}

impl Surface {
    pub fn new(size: Size) -> Self {
        let blank: Arc<[Cell]> = vec![Cell::BLANK; size.cols as usize].into();
        Self { size, rows: vec![blank; size.rows as usize], cursor: Point::default(), cursor_visible: false }
    }

    pub fn size(&self) -> Size {
        self.size
    }

    fn has(&self, x: u32, y: u32) -> bool {
        x < self.size.cols && y < self.size.rows
    }

    /// The cell at a position; blank outside.
    pub fn get(&self, x: u32, y: u32) -> &Cell {
        self.rows.get(y as usize).and_then(|row| row.get(x as usize)).unwrap_or(&Cell::BLANK)
    }

    /// One row of cells, left to right.
    pub fn row(&self, y: u32) -> &[Cell] {
        &self.rows[y as usize]
    }

    /// One row of cells for changes that ignore wide neighbours.
    pub fn row_mut(&mut self, y: u32) -> &mut [Cell] {
        Arc::make_mut(&mut self.rows[y as usize])
    }

    /// True if a row is shared with one of another surface.
    pub fn shares_row(&self, y: u32, other: &Surface) -> bool {
        let rows = self.rows.get(y as usize).zip(other.rows.get(y as usize));
        rows.is_some_and(|(a, b)| Arc::ptr_eq(a, b))
    }

    /// True if a row is shared with the one above it.
    pub fn repeats_row(&self, y: u32) -> bool {
        let above = y.checked_sub(1).and_then(|y| self.rows.get(y as usize));
        above.zip(self.rows.get(y as usize)).is_some_and(|(a, b)| Arc::ptr_eq(a, b))
    }

    /// Shares row `y` of a surface of the same width; does nothing if there is no such row.
    pub fn share_row(&mut self, y: u32, from: &Surface) {
        if let (Some(to), Some(row)) = (self.rows.get_mut(y as usize), from.rows.get(y as usize)) {
            to.clone_from(row);
        }
    }

    /// Shares the row above a row.
    pub fn repeat_row(&mut self, y: u32) {
        if let Some(above) = y.checked_sub(1).and_then(|y| self.rows.get(y as usize)).cloned() {
            self.rows[y as usize] = above;
        }
    }

    /// Blanks a row in the default style.
    pub fn clear_row(&mut self, y: u32) {
        self.row_mut(y).fill(Cell::BLANK);
    }

    /// Copies the cells of a rectangle of a surface of the same size, unchanged.
    pub fn copy_rect(&mut self, from: &Surface, rect: &Rect) {
        let whole = Rect::new(0, 0, self.size.cols, self.size.rows);
        let Some(area) = rect.intersect(&whole) else { return };
        let columns = area.x as usize..area.right() as usize;
        for y in area.y as u32..area.bottom() as u32 {
            if area.size.cols == self.size.cols && from.size.cols == self.size.cols {
                self.share_row(y, from);
                continue;
            }
            self.row_mut(y)[columns.clone()].clone_from_slice(&from.row(y)[columns.clone()]);
        }
    }

    /// Writes a raw cell and ignores wide neighbours; for bulk copies.
    pub fn set_raw(&mut self, x: u32, y: u32, cell: Cell) {
        if self.has(x, y) {
            self.row_mut(y)[x as usize] = cell;
        }
    }

    /// Writes a cell and keeps wide characters whole: when one half is overwritten the other turns blank,
    /// a wide cell that does not fit becomes a blank, and padding is put behind a wide cell.
    pub fn put(&mut self, x: u32, y: u32, cell: Cell) {
        if !self.has(x, y) {
            return;
        }
        let width = u32::from(cell.width.max(1));
        self.break_wide(x, y);
        if width > 1 && x + width > self.size.cols {
            self.set_raw(x, y, Cell { style: cell.style, ..Cell::BLANK });
            return;
        }
        let style = cell.style;
        for i in 1..width {
            self.break_wide(x + i, y);
            self.set_raw(x + i, y, Cell { style, ..Cell::PADDING });
        }
        self.set_raw(x, y, cell);
    }

    /// Blanks the other half of a wide character, one half of which at (x, y) will be overwritten.
    fn break_wide(&mut self, x: u32, y: u32) {
        if !self.has(x, y) {
            return;
        }
        let blank = |style: CellStyle| Cell { style, ..Cell::BLANK };
        if self.get(x, y).is_padding() {
            let mut first = x;
            while first > 0 && self.get(first, y).is_padding() {
                first -= 1;
            }
            let style = self.get(first, y).style;
            for clear in first..=x {
                self.set_raw(clear, y, blank(style));
            }
        }
        let mut next = x + 1;
        while next < self.size.cols && self.get(next, y).is_padding() {
            let style = self.get(next, y).style;
            self.set_raw(next, y, blank(style));
            next += 1;
        }
    }

    /// Fills a rectangle with one cell.
    pub fn fill(&mut self, x: u32, y: u32, cols: u32, rows: u32, cell: &Cell) {
        for row in y..(y.saturating_add(rows)).min(self.size.rows) {
            for col in x..(x.saturating_add(cols)).min(self.size.cols) {
                self.put(col, row, cell.clone());
            }
        }
    }

    /// Writes text from (x, y) rightwards in one style, cut at the right edge; returns the
    /// column after it. Control characters are skipped.
    pub fn text(&mut self, x: u32, y: u32, text: &str, style: CellStyle) -> u32 {
        let mut col = x;
        for glyph in super::width::clusters(text) {
            if col + u32::from(glyph.width) > self.size.cols {
                break;
            }
            let width = glyph.width;
            self.put(col, y, Cell { glyph: glyph.glyph, width, flags: CellFlags::empty(), style });
            col += u32::from(width);
        }
        col
    }

    /// Copies a rectangle of `from` to `to` here, clipping both; wide halves cut at an edge blank.
    pub fn blit(&mut self, from: &Surface, src: Point, size: Size, to: Point) {
        for row in 0..size.rows {
            for col in 0..size.cols {
                if src.x + col >= from.size.cols || src.y + row >= from.size.rows {
                    break;
                }
                let cell = from.get(src.x + col, src.y + row);
                let cut_left = col == 0 && cell.is_padding();
                let cut_right = col + u32::from(cell.width.max(1)) > size.cols;
                let cell = if cut_left || cut_right {
                    Cell { style: cell.style, ..Cell::BLANK }
                } else {
                    cell.clone()
                };
                if cell.is_padding() {
                    continue; // put() places it with its first half
                }
                self.put(to.x + col, to.y + row, cell);
            }
        }
    }

    /// A surface of some of the rows, which are shared, not copied.
    pub fn shared_rows(&self, y: u32, rows: u32) -> Self {
        let end = (y + rows).min(self.size.rows);
        let rows: Vec<_> = self.rows[y.min(end) as usize..end as usize].to_vec();
        let size = Size::new(self.size.cols, rows.len() as u32);
        Self { size, rows, cursor: Point::default(), cursor_visible: false }
    }

    /// Replaces rows from `y` on by those of a surface of the same width, which are shared, not copied.
    pub fn share_rows(&mut self, from: &Surface, y: u32) {
        debug_assert_eq!(from.size.cols, self.size.cols);
        let slots = self.rows.iter_mut().skip(y as usize);
        slots.zip(&from.rows).for_each(|(slot, row)| slot.clone_from(row));
    }

    /// Moves the rows of a rectangle by `lines` (up when positive), as a terminal scrolls a region; new
    /// rows are copies of `blank`. The caller handles wide characters cut by the sides.
    pub fn scroll(&mut self, rect: &Rect, lines: i32, blank: &Cell) {
        let whole = Rect::new(0, 0, self.size.cols, self.size.rows);
        let Some(area) = rect.intersect(&whole) else { return };
        let (left, right) = (area.x as u32, area.right() as u32);
        let (top, bottom) = (area.y as u32, area.bottom() as u32);
        let count = lines.unsigned_abs().min(bottom - top);
        let columns = left as usize..right as usize;
        let full = columns.len() == self.size.cols as usize;
        let mut copy = |to: u32, from: Option<u32>| match from {
            Some(from) if full => self.rows[to as usize] = self.rows[from as usize].clone(),
            Some(from) => {
                let row = self.rows[from as usize].clone();
                self.row_mut(to)[columns.clone()].clone_from_slice(&row[columns.clone()]);
            }
            None => self.row_mut(to)[columns.clone()].fill(blank.clone()),
        };
        if lines > 0 {
            (top..bottom - count).for_each(|y| copy(y, Some(y + count)));
            (bottom - count..bottom).for_each(|y| copy(y, None));
        } else {
            (top + count..bottom).rev().for_each(|y| copy(y, Some(y - count)));
            (top..top + count).for_each(|y| copy(y, None));
        }
    }

    /// Changes the size, keeping the top-left corner; new cells are blank.
    pub fn resize(&mut self, size: Size) {
        if size == self.size {
            return;
        }
        let mut new = Surface::new(size);
        new.blit(self, Point::default(), self.size, Point::default());
        new.cursor = self.cursor;
        new.cursor_visible = self.cursor_visible;
        *self = new;
    }

    /// Blanks everything in the given style.
    pub fn clear(&mut self, style: CellStyle) {
        let cell = Cell { style, ..Cell::BLANK };
        let row: Arc<[Cell]> = vec![cell; self.size.cols as usize].into();
        self.rows.fill(row);
    }

    /// Changes the cells of a row to what is visible: tabs become blanks, and a cell covered by a wide
    /// character becomes its second half.
    pub fn settle_row(&mut self, y: u32) {
        let cols = self.size.cols;
        let mut x = 0;
        while x < cols {
            let cell = self.get(x, y);
            let end = (x + u32::from(cell.width.max(1))).min(cols);
            if cell.flags.contains(CellFlags::TAB) {
                let blank = Cell { flags: cell.flags - CellFlags::TAB, style: cell.style, ..Cell::BLANK };
                self.set_raw(x, y, blank.clone());
                for filler in x + 1..end {
                    if !self.get(filler, y).is_padding() {
                        break;
                    }
                    self.set_raw(filler, y, blank.clone());
                }
                x += 1;
                continue;
            }
            for half in x + 1..end {
                if !self.get(half, y).is_padding() {
                    self.set_raw(half, y, Cell::PADDING);
                }
            }
            x = end;
        }
    }

    /// The text of a row with trailing blanks removed (for tests and searching).
    pub fn row_text(&self, y: u32) -> String {
        let mut out = String::new();
        for cell in self.row(y).iter().filter(|c| !c.is_padding()) {
            cell.glyph.push_to(&mut out);
        }
        out.truncate(out.trim_end_matches(' ').len());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_character_shows_whole() {
        let mut s = Surface::new(Size::new(4, 1));
        s.set_raw(0, 0, Cell { width: 2, ..Cell::new('\u{65e5}', CellStyle::DEFAULT) });
        s.set_raw(1, 0, Cell::new('x', CellStyle::DEFAULT));
        s.set_raw(2, 0, Cell::new('y', CellStyle::DEFAULT));
        s.settle_row(0);
        assert!(s.get(1, 0).is_padding());
        assert_eq!(s.row_text(0), "\u{65e5}y");
    }

    #[test]
    fn tabs_become_blanks_of_their_style() {
        let mut s = Surface::new(Size::new(6, 1));
        let style = CellStyle { bg: crate::base::Colour::Basic(1), ..CellStyle::DEFAULT };
        s.set_raw(1, 0, Cell { flags: CellFlags::TAB, width: 3, style, ..Cell::BLANK });
        s.set_raw(2, 0, Cell::PADDING);
        s.set_raw(3, 0, Cell::PADDING);
        s.settle_row(0);
        let styles: Vec<bool> = s.row(0).iter().map(|c| c.style == style).collect();
        assert_eq!(styles, [false, true, true, true, false, false]);
        assert!(s.row(0).iter().all(|c| c.flags.is_empty()));
    }

    #[test]
    fn wide_cells_never_show_halves() {
        let mut s = Surface::new(Size::new(6, 1));
        assert_eq!(s.text(0, 0, "a世界", CellStyle::DEFAULT), 5);
        s.text(2, 0, "x", CellStyle::DEFAULT);
        assert_eq!(s.row_text(0), "a x界");
        s.text(5, 0, "世", CellStyle::DEFAULT);
        assert_eq!(s.row_text(0), "a x界");
        let mut t = Surface::new(Size::new(2, 1));
        t.blit(&s, Point::new(3, 0), Size::new(1, 1), Point::default());
        assert_eq!(t.row_text(0), "");
    }
}
