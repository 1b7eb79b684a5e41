//! Placements: of pictures at the cursor, which become cells, and virtual ones, whose cells the
//! program prints.

use super::Failure;
use super::control::Control;
use super::store::{Placement, Shape};
use crate::base::Colour;
use crate::base::history::RowFlags;
use crate::base::placeholder::{self, MAX_SIDE, Part};
use crate::terminal::modes::Modes;
use crate::terminal::screen::Screen;

impl Screen {
    /// Executes a command that shows a picture (`a=p`, `a=T`).
    pub(super) fn put_picture(&mut self, id: u32, control: &Control) -> Result<(), Failure> {
        let is_virtual = control.has(b'U');
        if control.has(b'P') {
            return Err(Failure::new("ENOTSUP", "relative placements are not supported"));
        }
        let entry = self.graphics.pictures.get(id).ok_or_else(|| Failure::no_picture(control))?;
        let (cols, rows) = size_in_cells(control, &entry.picture.shape, self.config.cell_pixels)?;
        let moves = control.get(b'C') != 1;
        let line = self.line_here().filter(|_| !is_virtual).map(|line| line + u64::from(rows) - 1);
        let place = Placement {
            number: 0,
            id: control.get(b'p'),
            is_virtual,
            cols,
            rows,
            z: control.signed(b'z'),
            line,
        };
        let placed = self.graphics.pictures.place(id, place);
        let (number, old) = placed.ok_or_else(|| Failure::new("ENOSPC", "too many placements"))?;
        if let Some(old) = old {
            self.erase_parts(&[(id, old)]);
        }
        if !is_virtual {
            self.draw_placement(id, &Placement { number, ..place }, moves);
        }
        Ok(())
    }

    /// Number of the cursor's logical line; `None` on the alternate screen.
    fn line_here(&self) -> Option<u64> {
        let wraps = |y: &u32| self.grid.line(*y).flags.contains(RowFlags::WRAPPED);
        let ended = (0..self.cy).filter(|y| !wraps(y)).count() as u64;
        self.grid.saved.is_none().then(|| self.grid.history.next_line() + self.grid.unkept + ended)
    }

    /// Writes the cells of a placement at the cursor. Columns that do not fit on the line are cut
    /// off; below the last line the screen scrolls if `moves` is set.
    fn draw_placement(&mut self, id: u32, place: &Placement, moves: bool) {
        let cols = self.cols();
        let insert = self.modes & Modes::INSERT;
        self.modes -= Modes::INSERT;
        let (x, y) = (self.cx.min(cols - 1), self.cy);
        let bottom = if self.cy > self.lower { self.rows() - 1 } else { self.lower };
        for row in 0..place.rows {
            if row > 0 && moves {
                self.line_feed(false, Colour::Default);
            } else if row > 0 {
                if self.cy >= bottom {
                    break;
                }
                self.cy += 1;
            }
            self.cx = x;
            for col in 0..place.cols.min(cols - x) {
                let part = Part { picture: id, placement: place.number, row, col };
                if let Some(cell) = placeholder::cell(part, Colour::DEFAULT) {
                    self.cx = x + col;
                    self.put(&cell);
                }
            }
        }
        self.modes |= insert;
        if !moves {
            (self.cx, self.cy) = (x, y);
        } else if x + place.cols >= cols {
            self.cx = 0;
            self.line_feed(false, Colour::Default);
        } else {
            self.cx = x + place.cols;
        }
    }

    /// Placeholders on the screen: their positions and parts.
    pub(super) fn parts_on_screen(&self) -> Vec<(u32, u32, Part)> {
        let mut parts = Vec::new();
        for (y, line) in (0..).zip(&self.grid.lines) {
            let mut reader = placeholder::PartReader::default();
            for (x, packed) in (0..).zip(&line.cells) {
                if packed.ascii_byte().is_some() {
                    reader = placeholder::PartReader::default();
                } else if let Some(part) = reader.read(&self.grid.tables.unpack(*packed)) {
                    parts.push((x, y, part));
                }
            }
        }
        parts
    }

    /// Blanks the cells on the screen that show the given placements (picture and number).
    pub(super) fn erase_parts(&mut self, gone: &[(u32, u32)]) {
        if gone.is_empty() {
            return;
        }
        for (x, y, part) in self.parts_on_screen() {
            if part.placement != 0 && gone.contains(&(part.picture, part.placement)) {
                self.grid.clear(x, y, 1, 1, Colour::Default);
            }
        }
    }

    /// Removes a picture, and its cells on the screen that the program did not print itself.
    pub(super) fn forget_picture(&mut self, id: u32) {
        if id != 0 {
            self.stop_showing(|pictures| pictures.forget(|entry| entry.id == id));
        }
    }
}

/// Columns and rows of a picture: those of the command, or as many as its size needs.
fn size_in_cells(control: &Control, shape: &Shape, pixels: (u32, u32)) -> Result<(u32, u32), Failure> {
    let (cell_width, cell_height) = (u64::from(pixels.0.max(1)), u64::from(pixels.1.max(1)));
    let part = |whole: u32, from: u8, len: u8| {
        let left = whole.saturating_sub(control.get(from));
        u64::from(if control.has(len) { control.get(len).min(left) } else { left })
    };
    let (width, height) = (part(shape.width, b'x', b'w'), part(shape.height, b'y', b'h'));
    let (cols, rows) = (u64::from(control.get(b'c')), u64::from(control.get(b'r')));
    if (cols == 0 || rows == 0) && (width == 0 || height == 0) {
        return Err(Failure::new("EINVAL", "the size of the image is not known"));
    }
    let (cols, rows) = match (cols, rows) {
        (0, 0) => (
            (width + u64::from(control.get(b'X'))).div_ceil(cell_width),
            (height + u64::from(control.get(b'Y'))).div_ceil(cell_height),
        ),
        (0, rows) => ((rows * cell_height * width).div_ceil(height * cell_width), rows),
        (cols, 0) => (cols, (cols * cell_width * height).div_ceil(width * cell_height)),
        both => both,
    };
    let side = |cells: u64| cells.clamp(1, MAX_SIDE.into()) as u32;
    Ok((side(cols), side(rows)))
}
