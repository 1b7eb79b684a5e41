//! Sizes, points and rectangles, all in character cells. Offsets are signed because floating panes and
//! panned views may start left of or above the visible area.

use serde::{Deserialize, Serialize};

/// Width and height in cells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Size {
    pub cols: u32,
    pub rows: u32,
}

impl Size {
    pub const fn new(cols: u32, rows: u32) -> Self {
        Self { cols, rows }
    }
}

/// A cell position; `x` counts columns and `y` rows, both from 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Point {
    pub x: u32,
    pub y: u32,
}

impl Point {
    pub const fn new(x: u32, y: u32) -> Self {
        Self { x, y }
    }
}

/// A rectangle of cells; `x` and `y` may be negative.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Rect {
    pub x: i32,
    pub y: i32,
    pub size: Size,
}

impl Rect {
    pub const fn new(x: i32, y: i32, cols: u32, rows: u32) -> Self {
        Self { x, y, size: Size::new(cols, rows) }
    }

    /// First column to the right of the rectangle.
    pub const fn right(&self) -> i32 {
        self.x + self.size.cols as i32
    }

    /// First row below the rectangle.
    pub const fn bottom(&self) -> i32 {
        self.y + self.size.rows as i32
    }

    pub const fn contains(&self, x: i32, y: i32) -> bool {
        x >= self.x && y >= self.y && x < self.right() && y < self.bottom()
    }

    /// The shared part of two rectangles, if there is one.
    pub fn intersect(&self, other: &Rect) -> Option<Rect> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (self.right().min(other.right()), self.bottom().min(other.bottom()));
        (x < right && y < bottom).then(|| Rect::new(x, y, (right - x) as u32, (bottom - y) as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intersects_with_negative_offsets() {
        let a = Rect::new(-2, -1, 5, 3);
        let b = Rect::new(0, 0, 10, 10);
        assert_eq!(a.intersect(&b), Some(Rect::new(0, 0, 3, 2)));
        assert_eq!(a.intersect(&Rect::new(3, 0, 1, 1)), None);
    }
}
