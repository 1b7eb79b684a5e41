//! Selects the part of a window that a client shows if the window is larger than its terminal.

use super::subject::{Subject, View};
use crate::base::{Point, Size};
use crate::model::Server;

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
        return Some(View { x: 0, y: 0, size: window, rows_left: window.rows, bigger: false });
    }
    let at = |x: u32, y: u32| {
        Some(View { x, y, size: room, rows_left: window.rows.saturating_sub(y), bigger: true })
    };
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
    let across = offset(pane.x + cursor.x as i32, room.cols, window.cols, room.cols / 2);
    let down = offset(pane.y + cursor.y as i32, room.rows, window.rows, room.rows.saturating_sub(1));
    at(across, down)
}

/// First column or row that is shown, of `window`, if `room` of them have place. A cursor between both
/// ends has `before` of them before it.
fn offset(cursor: i32, room: u32, window: u32, before: u32) -> u32 {
    let end = window.saturating_sub(room);
    match u32::try_from(cursor) {
        Ok(cursor) if cursor < room => 0,
        // tmux: a cursor beyond a window that has room is followed to where nothing of the window is.
        Ok(cursor) if window < room || cursor <= end => cursor - before,
        // tmux: before the first one counts as behind the last one.
        _ => end,
    }
}
