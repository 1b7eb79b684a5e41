//! `resize-pane`: moving borders by number or by the mouse, zoom, and trimming.

use crate::base::{ClientId, MouseEvent, PaneId, Size};
use crate::model::layout::{Axis, BorderStatus, CellId, PANE_MINIMUM};
use crate::model::mode::Drag;
use crate::model::window::WindowFlags;
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;

use super::window::adjustment;
use super::{output, place};

pub(crate) fn resize_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some((_, _, window, pane)) = place::pane(&item.target) else { return Exec::Error };
    if args.has('T') {
        trim(cx, pane);
        return Exec::Normal;
    }
    if args.has('M') {
        start_drag(cx, item);
        return Exec::Normal;
    }
    if args.has('Z') {
        if cx.server.window(window).is_some_and(|w| w.flags.contains(WindowFlags::ZOOMED)) {
            cx.unzoom(window, true);
        } else {
            cx.zoom(pane);
        }
        cx.server.redraw_window(window);
        return Exec::Normal;
    }
    cx.unzoom_and_redraw(window);
    match resize(cx, args, pane) {
        Ok(()) => {
            cx.server.redraw_window(window);
            Exec::Normal
        }
        Err(message) => output::error(cx, item, &message),
    }
}

fn resize(cx: &mut Cx<'_>, args: &Args, pane: PaneId) -> Result<(), String> {
    let adjust = adjustment(args)?;
    let Some(window) = cx.server.pane(pane).map(|p| p.window) else { return Ok(()) };
    let whole = cx.server.window(window).map_or(Size::default(), |w| w.size);
    let max = i64::from(i32::MAX);
    if args.has('x') {
        let cols = args.percentage('x', 0, max, i64::from(whole.cols)).map_err(|e| format!("width {e}"))?;
        cx.resize_pane_to(pane, Axis::LeftRight, cols as u32);
    }
    if args.has('y') {
        let rows = args.percentage('y', 0, max, i64::from(whole.rows)).map_err(|e| format!("height {e}"))?;
        let Some(p) = cx.server.pane(pane) else { return Ok(()) };
        let at_edge = match cx.server.border_status(window) {
            BorderStatus::Off => false,
            BorderStatus::Top => p.y == 1,
            BorderStatus::Bottom => p.y + p.size.rows as i32 == whole.rows as i32 - 1,
        };
        let rows = if at_edge && rows != max { rows + 1 } else { rows };
        cx.resize_pane_to(pane, Axis::TopBottom, rows as u32);
    }
    let moves = [
        ('L', Axis::LeftRight, -adjust),
        ('R', Axis::LeftRight, adjust),
        ('U', Axis::TopBottom, -adjust),
        ('D', Axis::TopBottom, adjust),
    ];
    if let Some((_, axis, change)) = moves.into_iter().find(|(flag, ..)| args.has(*flag)) {
        cx.resize_pane(pane, axis, change, true);
    }
    Ok(())
}

/// `-T`: drops the rows below the cursor and brings as many rows of history back.
fn trim(cx: &mut Cx<'_>, pane: PaneId) {
    let Some(p) = cx.server.pane(pane).filter(|p| p.modes.is_empty()) else { return };
    let mut terminal = p.terminal.lock();
    let size = terminal.size();
    let below = size.rows.saturating_sub(1).saturating_sub(terminal.cursor().y);
    let rows = u64::from(below).min(terminal.history_rows()) as u32;
    if rows > 0 {
        terminal.resize(Size::new(size.cols, size.rows - rows));
        terminal.resize(size);
    }
    drop(terminal);
    cx.server.mark_pane_changed(pane);
}

/// Borders being dragged with the mouse.
struct BorderDrag {
    /// True for a floating pane's own border, false for one between tiled panes.
    floating: bool,
}

impl Drag for BorderDrag {
    fn update(&mut self, cx: &mut Cx<'_>, _client: ClientId, mouse: &MouseEvent) {
        if self.floating {
            drag_floating(cx, mouse);
        } else {
            drag_tiled(cx, mouse);
        }
    }

    fn release(&mut self, _cx: &mut Cx<'_>, _client: ClientId, _mouse: &MouseEvent) {}
}

fn start_drag(cx: &mut Cx<'_>, item: &ItemContext) {
    let mouse = item.state.event.mouse;
    let Some((session, index, pane)) = cx.server.mouse_pane(&mouse) else { return };
    let Some(client) = item.client.and_then(|id| cx.server.client(id)) else { return };
    if client.session != Some(session) {
        return;
    }
    let client = client.id;
    let floating = cx.server.is_floating(pane);
    if floating && let Some(window) = cx.server.winlink_window(session, index) {
        cx.switch_active_pane(window, pane);
    }
    let mut drag = BorderDrag { floating };
    drag.update(cx, client, &mouse);
    if let Some(c) = cx.server.clients.get_mut(&client) {
        c.mouse.drag = Some(Box::new(drag));
    }
}

/// Position of the mouse in its window, and the one before: (x, y), (x, y).
fn positions(mouse: &MouseEvent) -> ((i32, i32), (i32, i32)) {
    let row = |y: u32| {
        let y = y + mouse.oy;
        match mouse.status_at {
            Some(0) if y >= mouse.status_lines => y - mouse.status_lines,
            Some(at) if at > 0 && y >= at => at - 1,
            _ => y,
        }
    };
    let col = |x: u32| (x + mouse.ox) as i32;
    ((col(mouse.x), row(mouse.y) as i32), (col(mouse.last_x), row(mouse.last_y) as i32))
}

/// Moves the borders under and next to the mouse's last position, so that corners can be dragged.
fn drag_tiled(cx: &mut Cx<'_>, mouse: &MouseEvent) {
    const AROUND: [(i32, i32); 5] = [(0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)];
    let place = cx.server.mouse_window(mouse);
    let window = place.and_then(|(session, index)| cx.server.winlink_window(session, index?));
    let Some(w) = window.and_then(|w| cx.server.window(w)) else { return };
    let ((x, y), (last_x, last_y)) = positions(mouse);
    let mut cells: Vec<CellId> = Vec::new();
    for (dx, dy) in AROUND {
        if let Some(cell) = w.layout.search_by_border(last_x + dx, last_y + dy)
            && !cells.contains(&cell)
        {
            cells.push(cell);
        }
    }
    let window = w.id;
    for cell in cells {
        let Some(w) = cx.server.window(window) else { return };
        let Some(parent) = w.layout.cell(cell).parent else { continue };
        let rows = w.layout.cell(parent).runs(Axis::TopBottom);
        if y != last_y && rows {
            cx.resize_cell(window, cell, Axis::TopBottom, y - last_y);
        } else if x != last_x && !rows {
            cx.resize_cell(window, cell, Axis::LeftRight, x - last_x);
        }
    }
    cx.server.redraw_window(window);
}

/// A floating pane's cell while it is dragged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Float {
    cols: i32,
    rows: i32,
    x: i32,
    y: i32,
}

const LEAST: i32 = PANE_MINIMUM as i32;

/// Applies a drag from `last` to `now` to a floating cell with borders in the columns `left` and `right`
/// and the rows `top` and `bottom`. `None`: nothing to do.
fn dragged(
    cell: Float,
    (left, right): (i32, i32),
    (top, bottom): (i32, i32),
    now: (i32, i32),
    last: (i32, i32),
) -> Option<Float> {
    let ((x, y), (last_x, last_y)) = (now, last);
    let on_left = last_x == left || last_x == left + 1;
    let on_right = last_x == right || last_x == right + 1;
    let (wider, taller) = (cell.cols + (last_x - x), cell.rows + (last_y - y));
    let (to_x, to_y) = (x - cell.x, y - cell.y);
    Some(if on_left && last_y == top {
        Float { cols: wider.max(LEAST), rows: taller.max(LEAST), x: x + 1, y: y + 1 }
    } else if on_right && last_y == top {
        Float { cols: to_x.max(LEAST), rows: taller.max(LEAST), y: y + 1, ..cell }
    } else if on_left && last_y == bottom {
        if to_y < LEAST {
            return None;
        }
        Float { cols: wider.max(LEAST), rows: to_y, x: x + 1, ..cell }
    } else if on_right && last_y == bottom {
        Float { cols: to_x.max(LEAST), rows: to_y.max(LEAST), ..cell }
    } else if last_x == right {
        Float { cols: Some(to_x).filter(|&n| n >= LEAST)?, ..cell }
    } else if last_x == left {
        Float { cols: Some(wider).filter(|&n| n >= LEAST)?, x: x + 1, ..cell }
    } else if last_y == bottom {
        Float { rows: Some(to_y).filter(|&n| n >= LEAST)?, ..cell }
    } else if last_y == top {
        // Dragging the top border moves the pane.
        Float { x: cell.x + (x - last_x), y: y + 1, ..cell }
    } else {
        return None;
    })
}

fn drag_floating(cx: &mut Cx<'_>, mouse: &MouseEvent) {
    let Some((_, _, pane)) = cx.server.mouse_pane(mouse) else { return };
    let Some(p) = cx.server.pane(pane) else { return };
    let window = p.window;
    let (mut left, mut right) = (p.x - 1, p.x + p.size.cols as i32);
    let rows = (p.y - 1, p.y + p.size.rows as i32);
    if cx.server.shows_scrollbar(pane) {
        let bar = cx.server.scrollbar_size(pane);
        let wide = (bar.cols + bar.pad) as i32;
        if cx.server.scrollbars_left(window) {
            left -= wide;
        } else {
            right += wide;
        }
    }
    let (now, last) = positions(mouse);
    let Some(w) = cx.server.windows.get_mut(&window) else { return };
    let Some(id) = w.layout.find(pane) else { return };
    let cell = w.layout.cell_mut(id);
    let old = Float { cols: cell.size.cols as i32, rows: cell.size.rows as i32, x: cell.x, y: cell.y };
    let Some(new) = dragged(old, (left, right), rows, now, last) else { return };
    (cell.size, cell.x, cell.y) = (Size::new(new.cols as u32, new.rows as u32), new.x, new.y);
    cx.fix_panes(window, None);
    cx.server.redraw_window(window);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floating_panes_follow_the_mouse() {
        let cell = Float { cols: 20, rows: 5, x: 10, y: 4 };
        let check = |last, now, expect| {
            assert_eq!(dragged(cell, (9, 30), (3, 9), now, last), expect, "{last:?} to {now:?}");
        };
        check((15, 3), (17, 5), Some(Float { x: 12, y: 6, ..cell }));
        check((30, 6), (28, 6), Some(Float { cols: 18, ..cell }));
        check((30, 9), (32, 12), Some(Float { cols: 22, rows: 8, ..cell }));
        check((9, 3), (8, 2), Some(Float { cols: 21, rows: 6, x: 9, y: 3 }));
        check((15, 6), (16, 6), None);
    }
}
