//! The foreground of blanks. It is invisible, but terminals store it and programs that read the
//! terminal's screen see it: written blanks have a foreground, erased blanks have none. tmux draws
//! a whole line by one rule. We follow the same rule, so that the result does not depend on the
//! steps in which a row was changed.

use std::ops::Range;

use crate::base::{CellStyle, Colour, Surface};
use crate::outer::{Cap, Term};
use crate::render::diff::is_erasable;

/// Shortest run of blanks that tmux erases.
const MIN_ERASED: usize = 10;

/// Abilities of a terminal to erase, and the background that it erases with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Erasing {
    /// Erased cells take the current background (back colour erase).
    bce: bool,
    to_end: bool,
    from_start: bool,
    inside: bool,
}

impl Default for Erasing {
    /// All ways of erasing, which most terminals have.
    fn default() -> Self {
        Self { bce: true, to_end: true, from_start: true, inside: true }
    }
}

impl Erasing {
    pub fn of(term: &Term) -> Self {
        Self {
            bce: term.flag(Cap::BCE),
            to_end: term.has(Cap::EL),
            from_start: term.has(Cap::EL1),
            inside: term.has(Cap::ECH),
        }
    }
}

/// Background a row is composed on: its left column on the terminal, and the pane's colour.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground {
    pub erasing: Erasing,
    /// Column of the terminal where the surface starts, and the terminal's number of columns.
    pub left: i32,
    pub cols: u32,
    /// Background of the pane.
    pub bg: Colour,
}

impl Ground {
    /// Reports whether tmux erases `len` blanks from `x` rather than writing them.
    fn erases(&self, x: u32, len: usize, bg: Colour) -> bool {
        let x = self.left + x as i32;
        let coloured = !bg.is_default() || !self.bg.is_default();
        len >= MIN_ERASED
            && (self.erasing.bce || !coloured)
            && (self.erasing.inside
                || (self.erasing.to_end && x + len as i32 >= self.cols as i32)
                || (self.erasing.from_start && x == 0))
    }
}

/// Gives a row's blanks the style that they have after tmux drew the row as a line.
pub(super) fn settle(surface: &mut Surface, y: u32, ground: Ground) {
    let cols = surface.size().cols;
    settle_part(surface, y, 0..cols, ground);
}

/// Like `settle`, for some columns of a row.
pub(super) fn settle_part(surface: &mut Surface, y: u32, columns: Range<u32>, ground: Ground) {
    let mut before = ground.bg;
    let mut x = columns.start;
    while x < columns.end {
        let cell = surface.get(x, y);
        let this = cell.style.bg;
        // tmux: the first blank of another background than the cell before it is written.
        if !is_erasable(cell) || this != before {
            before = this;
            x += 1;
            continue;
        }
        let row = &surface.row(y)[x as usize..columns.end as usize];
        let len = row.iter().take_while(|c| is_erasable(c) && c.style.bg == this).count();
        // Written blanks share the style of the last one.
        let style = match ground.erases(x, len, this) {
            true => CellStyle { bg: this, ..CellStyle::DEFAULT },
            false => row[len - 1].style,
        };
        for at in x..x + len as u32 {
            let cell = surface.get(at, y).clone();
            surface.set_raw(at, y, crate::base::Cell { style, ..cell });
        }
        x += len as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Size;

    /// True if 20 blanks on green after a letter keep their foreground.
    fn kept(erasing: Erasing) -> bool {
        let style = CellStyle { fg: Colour::Basic(0), bg: Colour::Basic(2), ..CellStyle::DEFAULT };
        let mut row = Surface::new(Size::new(21, 1));
        row.text(0, 0, &format!("x{}", " ".repeat(20)), style);
        settle(&mut row, 0, Ground { erasing, left: 0, cols: 21, bg: Colour::Default });
        row.get(15, 0).style == style
    }

    #[test]
    fn blanks_are_written_where_they_cannot_be_erased() {
        let all = Erasing::default();
        assert!(!kept(all));
        assert!(!kept(Erasing { inside: false, ..all }));
        assert!(kept(Erasing { bce: false, ..all }));
        assert!(kept(Erasing { inside: false, to_end: false, ..all }));
    }
}
