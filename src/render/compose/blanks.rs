//! The foreground of blanks. It cannot be seen, but a terminal remembers it, and what reads
//! the terminal's screen finds it there: blanks that are written have one, blanks that are
//! erased have none. tmux draws a whole line by one rule, which is followed here, so that how
//! a row was changed piece by piece leaves no trace.

use std::ops::Range;

use crate::base::{CellStyle, Colour, Surface};
use crate::render::diff::is_erasable;

/// Shortest run of blanks that tmux erases.
const MIN_ERASED: usize = 10;

/// Gives the blanks of a row the style that they have after tmux drew the row as a line whose
/// default background is `bg`.
pub(super) fn settle(surface: &mut Surface, y: u32, bg: Colour) {
    let cols = surface.size().cols;
    settle_part(surface, y, 0..cols, bg);
}

/// The same for some columns of a row.
pub(super) fn settle_part(surface: &mut Surface, y: u32, columns: Range<u32>, bg: Colour) {
    let mut before = bg;
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
        // Blanks that are written share the style of the last one.
        let style = match len >= MIN_ERASED {
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
