//! Drawing of copy mode: text with matches, mark and selection, line numbers, the position.

use super::state::{CopyState, LineNumbers};
use crate::base::{Attrs, Cell, CellFlags, CellStyle, Point, Size, Surface};
use crate::view::style::selected;

/// The styles of copy mode's options.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Styles {
    pub position: CellStyle,
    pub matched: CellStyle,
    pub current: CellStyle,
    pub mark: CellStyle,
    pub number: CellStyle,
    pub current_number: CellStyle,
    pub selection: CellStyle,
}

/// Colours and attributes of `style` for a cell, colours exchanged with `inverted`.
fn paint(cell: &mut Cell, style: &CellStyle, inverted: bool) {
    cell.style.attrs = style.attrs;
    (cell.style.fg, cell.style.bg) = if inverted { (style.bg, style.fg) } else { (style.fg, style.bg) };
}

impl CopyState {
    /// Draws everything but the position indicator.
    pub(crate) fn draw(&self, surface: &mut Surface, styles: &Styles) {
        let size = Size::new(self.back.cols as u32, self.rows() as u32);
        surface.resize(size);
        surface.clear(CellStyle::DEFAULT);
        let current = self.current_match();
        for py in 0..self.rows() {
            self.draw_number(surface, py, styles);
            self.draw_row(surface, py, styles, current);
        }
        let x = self.screen_x(self.cx).min(self.back.cols - 1);
        surface.cursor = Point::new(x as u32, self.cy as u32);
        surface.cursor_visible = true;
    }

    /// Marks a cursor that is behind the last column, over the position indicator.
    pub(crate) fn draw_end(&self, surface: &mut Surface) {
        if self.cx >= self.text_cols() {
            let x = self.screen_x(self.cx).min(self.back.cols - 1);
            surface.put(x as u32, self.cy as u32, Cell::new('$', CellStyle::DEFAULT));
        }
    }

    /// Draws the selection over the rest.
    pub(crate) fn draw_selection(&self, surface: &mut Surface, styles: &Styles) {
        let Some(shown) = &self.shown else { return };
        for y in 0..self.rows() {
            for x in (0..self.back.cols).filter(|&x| shown.contains(x, y)) {
                let cell = surface.get(x as u32, y as u32);
                let cell = selected(cell, &styles.selection);
                surface.set_raw(x as u32, y as u32, cell);
            }
        }
    }

    fn draw_number(&self, surface: &mut Surface, py: usize, styles: &Styles) {
        let width = self.number_width();
        if width == 0 {
            return;
        }
        let current = py == self.cy;
        let absolute = self.top() + py + 1;
        let number = match self.number_mode() {
            LineNumbers::Default => py.abs_diff(self.oy),
            LineNumbers::Absolute => absolute,
            LineNumbers::Hybrid if current => absolute,
            _ => py.abs_diff(self.cy),
        };
        let mut style = if current { styles.current_number } else { styles.number };
        let text = match self.status_of_row(self.top() + py) {
            Some(status) if self.shows_status() => {
                let (text, colour) = status.text();
                style.fg = colour;
                format!("{text:>width$} ", width = width - 1)
            }
            _ if self.number_mode() == LineNumbers::Off => " ".repeat(width),
            _ => format!("{number:>width$} ", width = width - 1),
        };
        for (x, c) in text.chars().take(width).enumerate() {
            let cell = Cell { flags: CellFlags::NOPALETTE, ..Cell::new(c, style) };
            surface.put(x as u32, py as u32, cell);
        }
    }

    fn draw_row(&self, surface: &mut Surface, py: usize, styles: &Styles, current: Option<(usize, usize)>) {
        let (left, cols, y) = (self.number_width(), self.text_cols(), self.top() + py);
        let line = self.back.line(y);
        let marked = self.show_mark && y == self.mark.y;
        let marks = self.search.marks.as_deref();
        for x in 0..cols {
            let cell = line.cell(x);
            if cell.is_padding() || x + usize::from(cell.width) > cols {
                continue;
            }
            let mut cell = cell.clone();
            let inverted = marked && x == self.mark.x;
            if marked {
                paint(&mut cell, &styles.mark, inverted);
            }
            let index = py * self.back.cols + x;
            if marks.is_some_and(|m| m.get(index).is_some_and(|&m| m != 0)) {
                let is_current = current.is_some_and(|(a, b)| (a..=b).contains(&index));
                let style = if is_current { &styles.current } else { &styles.matched };
                paint(&mut cell, style, inverted);
            }
            if cell.width == 1 && cell.style.attrs == Attrs::empty() && cell == Cell::CLEARED {
                continue;
            }
            surface.put((left + x) as u32, py as u32, cell);
        }
    }
}
