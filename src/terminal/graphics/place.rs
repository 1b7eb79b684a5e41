//! Placements: of pictures at the cursor, which become cells, and virtual ones, whose cells the
//! program prints.

use super::Failure;
use super::control::Control;
use super::pixels::{Inset, Region};
use super::store::{Parent, Placement, Shape};
use crate::base::history::RowFlags;
use crate::base::placeholder::{self, MAX_SIDE, Part};
use crate::base::{Cell, CellFlags, Colour};
use crate::terminal::TerminalEvent;
use crate::terminal::modes::Modes;
use crate::terminal::screen::Screen;

/// Most placements above a relative one; with more it is refused (`ETOODEEP`).
const MAX_DEPTH: usize = 8;

impl Screen {
    /// Executes a command that shows a picture (`a=p`, `a=T`).
    pub(super) fn put_picture(&mut self, id: u32, control: &Control) -> Result<(), Failure> {
        self.forget_lost_placements();
        let is_virtual = control.has(b'U');
        let parent = self.parent_of(id, control)?;
        let offset = (control.signed(b'H'), control.signed(b'V'));
        let entry = self.graphics.pictures.get(id).ok_or_else(|| Failure::no_picture(control))?;
        let (cols, rows) = size_in_cells(control, &entry.picture.shape, self.config.cell_pixels)?;
        let region = region(control, &entry.picture.shape);
        let inset = (!is_virtual)
            .then(|| inset(control, &entry.picture.shape, region, (cols, rows), self.config.cell_pixels));
        let moves = control.get(b'C') != 1 && parent.is_none();
        let at = match parent {
            Some(parent) => self.place_beside(parent, offset),
            None => Some((self.cx.min(self.cols() - 1).into(), self.cy.into())),
        };
        let line = at.filter(|_| !is_virtual).and_then(|(_, y)| self.line_of_last(y, rows));
        let place = Placement {
            number: 0,
            id: control.get(b'p'),
            is_virtual,
            cols,
            rows,
            z: control.signed(b'z'),
            line,
            col: at.map_or(0, |(x, _)| x),
            parent: parent.map(|(picture, number)| Parent { picture, number, offset }),
            region,
            inset: inset.flatten(),
        };
        let placed = self.graphics.pictures.place(id, place);
        let (number, old) = placed.ok_or_else(|| Failure::new("ENOSPC", "too many placements"))?;
        if let Some(old) = old {
            self.erase_parts(&[(id, old)]);
        }
        let place = Placement { number, ..place };
        match at {
            _ if is_virtual => {}
            Some(at) if parent.is_some() => self.draw_beside(id, &place, at),
            Some(_) => self.draw_placement(id, &place, moves),
            // Its parent is not on the screen.
            None => {}
        }
        if let Some(old) = old {
            self.move_children((id, old), (id, number), MAX_DEPTH);
        }
        Ok(())
    }

    /// Moves the placements that are relative to one that was replaced.
    fn move_children(&mut self, old: (u32, u32), new: (u32, u32), depth: usize) {
        for (id, place) in self.graphics.pictures.adopt_children(old, new) {
            self.erase_parts(&[(id, place.number)]);
            let offset = place.parent.map_or((0, 0), |parent| parent.offset);
            if let Some(at) = self.place_beside(new, offset) {
                self.draw_beside(id, &place, at);
                self.graphics.pictures.moved(id, place.number, at.0, self.line_of_last(at.1, place.rows));
            }
            if depth > 0 {
                self.move_children((id, place.number), (id, place.number), depth - 1);
            }
        }
    }

    /// Column and row of a placement at an offset to its parent, if that is on the screen.
    fn place_beside(&self, parent: (u32, u32), (x, y): (i32, i32)) -> Option<(i64, i64)> {
        let at = self.origin_of(parent)?;
        Some((at.0 + i64::from(x), at.1 + i64::from(y)))
    }

    /// The placement (picture and number) that a placement is relative to (`P`, `Q`).
    fn parent_of(&self, id: u32, control: &Control) -> Result<Option<(u32, u32)>, Failure> {
        let wanted = (control.get(b'P'), control.get(b'Q'));
        if wanted == (0, 0) {
            return Ok(None);
        }
        if control.has(b'U') {
            return Err(Failure::new("EINVAL", "a virtual placement cannot be relative"));
        }
        let missing = || {
            let text = format!("there is no placement {} of an image with id {}", wanted.1, wanted.0);
            Failure::new("ENOPARENT", text)
        };
        let parent = self.graphics.pictures.get(wanted.0).ok_or_else(missing)?;
        let of_it = |place: &&Placement| wanted.1 == 0 || place.id == wanted.1;
        let parent = parent.placements.iter().find(of_it).map(|place| (wanted.0, place.number));
        let parent = parent.ok_or_else(missing)?;
        // The placement that this one replaces must not be above itself.
        let replaced = self.graphics.pictures.get(id).and_then(|entry| {
            let same = |place: &&Placement| control.has(b'p') && place.id == control.get(b'p');
            entry.placements.iter().find(same).map(|place| (id, place.number))
        });
        let mut above = Some(parent);
        for _ in 0..=MAX_DEPTH {
            let Some(at) = above else { return Ok(Some(parent)) };
            if Some(at) == replaced {
                return Err(Failure::new("ECYCLE", "the placement would be its own parent"));
            }
            let entry = self.graphics.pictures.get(at.0);
            above =
                entry.and_then(|entry| entry.placement(at.1)).and_then(|place| place.parent).map(Parent::key);
        }
        Err(Failure::new("ETOODEEP", format!("more than {MAX_DEPTH} placements are above it")))
    }

    /// Column and row of a placement's first cell, which may be beside the screen, if any of its cells is
    /// on the screen.
    fn origin_of(&self, (picture, number): (u32, u32)) -> Option<(i64, i64)> {
        let place = *self.graphics.pictures.get(picture)?.placement(number)?;
        let of_it = |part: &Part| {
            part.picture == picture && (part.placement == number || (place.is_virtual && part.placement == 0))
        };
        if let Some((x, y, part)) = self.parts_on_screen().into_iter().find(|(.., part)| of_it(part)) {
            return Some((i64::from(x) - i64::from(part.col), i64::from(y) - i64::from(part.row)));
        }
        // Its children may cover it.
        let last =
            (0..self.rows()).find(|y| place.line.is_some() && self.line_below_top(*y) == place.line)?;
        Some((place.col, i64::from(last) + 1 - i64::from(place.rows)))
    }

    /// Number of the logical line of a row, which may be below the screen; `None` on the alternate
    /// screen.
    fn line_below_top(&self, y: u32) -> Option<u64> {
        let wraps = |y: &u32| self.grid.line(*y).flags.contains(RowFlags::WRAPPED);
        let ended = (0..y.min(self.rows())).filter(|y| !wraps(y)).count() as u64;
        let below = u64::from(y.saturating_sub(self.rows()));
        self.grid.saved.is_none().then(|| self.grid.history.next_line() + self.grid.unkept + ended + below)
    }

    /// Number of the logical line of the last of some rows.
    fn line_of_last(&self, y: i64, rows: u32) -> Option<u64> {
        self.line_below_top((y + i64::from(rows) - 1).clamp(0, i64::from(u32::MAX)) as u32)
    }

    /// Writes the cells of a placement at a place; those beside the screen are cut off.
    fn draw_beside(&mut self, id: u32, place: &Placement, (x, y): (i64, i64)) {
        let cursor = (self.cx, self.cy);
        let insert = self.modes & Modes::INSERT;
        self.modes -= Modes::INSERT;
        let inside = |at: i64, end: u32| u32::try_from(at).ok().filter(|at| *at < end);
        for row in 0..place.rows {
            let Some(cy) = inside(y + i64::from(row), self.rows()) else { continue };
            for col in 0..place.cols {
                let Some(cx) = inside(x + i64::from(col), self.cols()) else { continue };
                let part = Part { picture: id, placement: place.number, row, col };
                if let Some(cell) = placed_cell(part) {
                    (self.cx, self.cy) = (cx, cy);
                    self.put(&cell);
                }
            }
        }
        self.modes |= insert;
        (self.cx, self.cy) = cursor;
    }

    /// Forgets placements of lines that left the history since the last call. Costs next to nothing
    /// without pictures, and while nothing leaves the history.
    pub(in crate::terminal) fn forget_trimmed_placements(&mut self) {
        if self.graphics.pictures.is_empty() {
            return;
        }
        let oldest = self.grid.history.oldest_line();
        let trimmed = std::mem::replace(&mut self.graphics.oldest_line, oldest) != oldest;
        if trimmed && self.graphics.pictures.first_line().is_some_and(|line| line < oldest) {
            self.forget_lost_placements();
        }
    }

    /// Forgets placements whose cells are gone for good: those of lines that left the history, and
    /// those that were on the screen and were written over or erased.
    pub(in crate::terminal) fn forget_lost_placements(&mut self) {
        if !self.graphics.pictures.has_placed() {
            return;
        }
        let mut shown: Vec<(u32, u32)> =
            self.parts_on_screen().into_iter().map(|(.., part)| (part.picture, part.placement)).collect();
        shown.sort_unstable();
        shown.dedup();
        let alternate = self.grid.saved.is_some();
        let parents = self.graphics.pictures.parents();
        let (oldest, top) = (self.grid.history.oldest_line(), self.line_below_top(0));
        let gone = self.graphics.pictures.remove(false, |entry, place| {
            // A parent may be below its children.
            let key = (entry.id, place.number);
            let hidden = shown.binary_search(&key).is_err() && !parents.contains(&key);
            !place.is_virtual
                && match (place.line, top) {
                    (None, _) => !alternate || hidden,
                    (Some(last), _) if last < oldest => true,
                    // The main screen is behind the alternate one.
                    (Some(_), None) => false,
                    (Some(last), Some(top)) => hidden && last + 1 >= top + u64::from(place.rows),
                }
        });
        if !gone.is_empty() {
            self.outbox.event(TerminalEvent::Pictures);
        }
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
                if let Some(cell) = placed_cell(part) {
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

/// The cell for a part of a picture that is placed at the cursor.
fn placed_cell(part: Part) -> Option<Cell> {
    let cell = placeholder::cell(part, Colour::DEFAULT)?;
    Some(Cell { flags: cell.flags | CellFlags::PLACED, ..cell })
}

/// The part of a picture that a command shows (`x`, `y`, `w`, `h`); `None` for all of it.
fn region(control: &Control, shape: &Shape) -> Option<Region> {
    let (x, y) = (control.get(b'x'), control.get(b'y'));
    let side = |key: u8, from: u32, whole: u32| match control.get(key) {
        0 => whole.saturating_sub(from),
        some => some.min(whole.saturating_sub(from)),
    };
    let region = (x, y, side(b'w', x, shape.width), side(b'h', y, shape.height));
    let is_part = region.2 > 0 && region.3 > 0 && (region.2, region.3) != (shape.width, shape.height);
    is_part.then_some(region)
}

/// The offset of a picture in its first cell (`X`, `Y`): less than a cell, as in kitty.
fn offset(control: &Control, pixels: (u32, u32)) -> (u32, u32) {
    let less = |key: u8, side: u32| control.get(key).min(side.max(1) - 1);
    (less(b'X', pixels.0), less(b'Y', pixels.1))
}

/// The canvas on which a picture in so many cells has its offset.
fn inset(
    control: &Control,
    shape: &Shape,
    region: Option<Region>,
    cells: (u32, u32),
    pixels: (u32, u32),
) -> Option<Inset> {
    let size = region.map_or((shape.width, shape.height), |(_, _, width, height)| (width, height));
    let cells = (cells.0.checked_mul(pixels.0)?, cells.1.checked_mul(pixels.1)?);
    Inset::new(size, cells, offset(control, pixels), control.has(b'c') || control.has(b'r'))
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
    let (left, top) = offset(control, pixels);
    let (cols, rows) = match (cols, rows) {
        (0, 0) => {
            ((width + u64::from(left)).div_ceil(cell_width), (height + u64::from(top)).div_ceil(cell_height))
        }
        (0, rows) => ((rows * cell_height * width).div_ceil(height * cell_width), rows),
        (cols, 0) => (cols, (cols * cell_width * height).div_ceil(width * cell_height)),
        both => both,
    };
    let side = |cells: u64| cells.clamp(1, MAX_SIDE.into()) as u32;
    Ok((side(cols), side(rows)))
}
