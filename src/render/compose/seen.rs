//! Clipping: finds the part of a box of the window that a client sees. It is computed once for each
//! box, and all copying runs over its rows and columns, so that no index can be outside the
//! terminal or the box.

use std::ops::Range;

use crate::base::{Point, Rect, Size};

/// Part of a box that is on the terminal. It has at least one cell, and is completely inside both
/// the box and the terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::render) struct Seen {
    /// Its top left corner on the terminal.
    pub at: Point,
    /// Its top left corner in the box.
    pub from: Point,
    pub size: Size,
}

impl Seen {
    /// Visible part of a box. `placed` is relative to a room whose first row is row `top` of the
    /// terminal.
    pub(crate) fn new(placed: Rect, room: Size, top: u32) -> Option<Self> {
        let seen = placed.intersect(&Rect::new(0, 0, room.cols, room.rows))?;
        Some(Self {
            at: Point::new(seen.x as u32, seen.y as u32 + top),
            from: Point::new((seen.x - placed.x) as u32, (seen.y - placed.y) as u32),
            size: seen.size,
        })
    }

    /// Its rows as pairs: row of the box, row of the terminal.
    pub(crate) fn rows(self) -> impl Iterator<Item = (u32, u32)> {
        (0..self.size.rows).map(move |n| (self.from.y + n, self.at.y + n))
    }

    /// Its columns on the terminal.
    pub(crate) fn columns(self) -> Range<usize> {
        self.at.x as usize..(self.at.x + self.size.cols) as usize
    }

    /// Its columns in the box.
    pub(crate) fn source(self) -> Range<usize> {
        self.from.x as usize..(self.from.x + self.size.cols) as usize
    }

    /// Its rectangle on the terminal.
    pub(crate) fn rect(self) -> Rect {
        Rect { x: self.at.x as i32, y: self.at.y as i32, size: self.size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// For boxes and rooms at any position and of any size: the part is inside the box and on
        /// the terminal, and no visible cell is missing.
        #[test]
        fn what_is_seen_is_in_both(
            x in -30i32..30, y in -30i32..30, cols in 0u32..25, rows in 0u32..25,
            room_cols in 1u32..20, room_rows in 0u32..20, top in 0u32..5,
        ) {
            let placed = Rect::new(x, y, cols, rows);
            let seen = Seen::new(placed, Size::new(room_cols, room_rows), top);
            let mut cells = 0;
            for (from, at) in seen.into_iter().flat_map(Seen::rows) {
                proptest::prop_assert!(from < rows && at >= top && at < top + room_rows);
                proptest::prop_assert_eq!(from as i32 + y, (at - top) as i32);
                cells += seen.map_or(0, |s| s.columns().len());
            }
            if let Some(seen) = seen {
                proptest::prop_assert!(seen.source().end <= cols as usize);
                proptest::prop_assert!(seen.columns().end <= room_cols as usize);
                proptest::prop_assert_eq!(seen.source().start as i32 + x, seen.columns().start as i32);
            }
            let inside = |at: i32, count: u32, room: u32| (at..at + count as i32).filter(|n| (0..room as i32).contains(n)).count();
            proptest::prop_assert_eq!(cells, inside(x, cols, room_cols) * inside(y, rows, room_rows));
        }
    }
}
