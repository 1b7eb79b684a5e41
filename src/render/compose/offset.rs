//! Selects the part of a window that a client shows if the window is larger than its terminal.

use super::Subject;
use crate::base::{Point, Size};
use crate::model::Server;

/// A client's view into its window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct View {
    /// Offset into the window.
    pub x: u32,
    pub y: u32,
    pub size: Size,
    /// True if the window is larger than the view.
    pub bigger: bool,
}

/// Computes the view: the position that the user panned to, or one that contains the cursor.
/// `status_rows` are the rows of the status line, without message and prompt. `cursor` is that of
/// the active pane or its mode, if visible.
pub(super) fn view(
    server: &Server,
    subject: &Subject,
    status_rows: u32,
    cursor: Option<Point>,
) -> Option<View> {
    let window = server.window(subject.window)?.size;
    let room = Size::new(subject.size.cols, subject.size.rows.saturating_sub(status_rows));
    if room.cols >= window.cols && room.rows >= window.rows {
        return Some(View { x: 0, y: 0, size: window, bigger: false });
    }
    let at = |x: u32, y: u32| Some(View { x, y, size: room, bigger: true });
    if let Some((moved, x, y)) = server.client(subject.client)?.pan
        && moved == subject.window
    {
        return at(
            x.min(window.cols.saturating_sub(room.cols)),
            y.min(window.rows.saturating_sub(room.rows)),
        );
    }
    let pane = server.pane(subject.active)?;
    let Some(cursor) = cursor else { return at(0, 0) };
    let x = (pane.x + cursor.x as i32).max(0) as u32;
    let y = (pane.y + cursor.y as i32).max(0) as u32;
    let across = match x {
        x if x < room.cols => 0,
        x if x > window.cols.saturating_sub(room.cols) => window.cols.saturating_sub(room.cols),
        x => x - room.cols / 2,
    };
    let down = match y {
        y if y < room.rows => 0,
        y if y > window.rows.saturating_sub(room.rows) => window.rows.saturating_sub(room.rows),
        y => y - room.rows + 1,
    };
    at(across, down)
}
