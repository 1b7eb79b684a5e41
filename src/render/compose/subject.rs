//! What a frame shows: the objects, and the part of the window.

use super::blanks::{Erasing, Ground};
use super::seen::Seen;
use crate::base::{ClientId, Colour, PaneId, Point, Rect, SessionId, Size, WindowId};

/// A client's view into its window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct View {
    /// Offset into the window.
    pub x: u32,
    pub y: u32,
    pub size: Size,
    /// Rows of the window from the first one that is shown.
    pub rows_left: u32,
    /// True if the window is larger than the view.
    pub bigger: bool,
}

/// Objects that a frame shows.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Subject {
    pub client: ClientId,
    pub session: SessionId,
    /// Index of the current winlink.
    pub index: i32,
    pub window: WindowId,
    /// Pane that receives this client's input.
    pub active: PaneId,
    /// Size of the client's terminal.
    pub size: Size,
    /// Rows of the terminal that status lines take from the window.
    pub status_rows: u32,
    /// Rows that status lines, message or prompt cover: at least one while there is a message or
    /// prompt.
    pub covered_rows: u32,
    /// The rows of both counts are at the top.
    pub status_top: bool,
    pub view: View,
    pub erasing: Erasing,
}

impl Subject {
    /// First row of the window on the terminal.
    pub(super) fn top(&self) -> u32 {
        if self.status_top { self.status_rows } else { 0 }
    }

    /// Row of the terminal below the last one of the window.
    pub(super) fn bottom(&self) -> u32 {
        if self.status_top { self.size.rows } else { self.size.rows.saturating_sub(self.status_rows) }
    }

    /// Background a row is composed on: its left column on the terminal, and the pane's colour.
    pub(super) fn ground(&self, left: i32, bg: Colour) -> Ground {
        Ground { erasing: self.erasing, left, cols: self.size.cols, bg }
    }

    /// The part of a box of the window that is on the terminal, if any.
    pub(super) fn seen(&self, x: i32, y: i32, size: Size) -> Option<Seen> {
        // tmux: beside a window that fits on the terminal nothing of a floating pane is drawn; beside one
        // that is too high for it a floating pane continues to the right of the window. Nothing is drawn
        // below a window.
        let cols = self.size.cols.min(self.view.size.cols);
        let rows = self.view.size.rows.min(self.view.rows_left).min(self.bottom() - self.top());
        let room = Size::new(cols, rows);
        Seen::new(Rect { x: x - self.view.x as i32, y: y - self.view.y as i32, size }, room, self.top())
    }

    /// Position on the terminal of a cell of the window, if the cell is there.
    pub(super) fn place(&self, x: i32, y: i32) -> Option<Point> {
        self.seen(x, y, Size::new(1, 1)).map(|seen| seen.at)
    }
}
