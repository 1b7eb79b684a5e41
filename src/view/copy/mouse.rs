//! Copy mode and the mouse: clicks that move the cursor, drags that select (scrolling while
//! they are held at an edge), and the scrollbar.

use super::mode::{CopyMode, with_copy_mode};
use super::state::SelectBy;
use crate::base::{ClientId, MouseEvent, PaneId};
use crate::model::Cx;
use crate::model::mode::{Drag, ModeResult};
use crate::view::modes::settle_result;

/// Time between scroll steps while a drag is held at an edge, in milliseconds.
const DRAG_REPEAT_MS: u64 = 50;

/// Pane under a mouse event.
fn under(cx: &Cx<'_>, mouse: &MouseEvent) -> Option<PaneId> {
    cx.server.mouse_pane(mouse).map(|(_, _, pane)| pane)
}

/// The drag of a selection.
struct CopyDrag;

impl Drag for CopyDrag {
    fn update(&mut self, cx: &mut Cx<'_>, _: ClientId, mouse: &MouseEvent) {
        let Some(pane) = under(cx, mouse) else { return };
        if with_copy_mode(cx, pane, |cx, mode| mode.drag_to(cx, pane, mouse)).is_some() {
            settle_result(cx, pane, ModeResult::Redraw);
        }
    }

    fn release(&mut self, cx: &mut Cx<'_>, _: ClientId, mouse: &MouseEvent) {
        let Some(pane) = under(cx, mouse) else { return };
        with_copy_mode(cx, pane, |cx, mode| {
            if mode.state.number_width() != 0 {
                mode.drag_to(cx, pane, mouse);
            }
            mode.stop_drag_timer(cx);
        });
    }
}

fn scroll_at_edge(cx: &mut Cx<'_>, pane: PaneId) {
    let scrolled = with_copy_mode(cx, pane, |cx, mode| {
        mode.drag_timer = None;
        let (cy, last) = (mode.state.cy, mode.state.rows() - 1);
        if cy == 0 {
            mode.start_drag_timer(cx, pane);
            mode.state.cursor_up(true);
        } else if cy == last {
            mode.start_drag_timer(cx, pane);
            mode.state.cursor_down(true);
        }
    });
    if scrolled.is_some() {
        settle_result(cx, pane, ModeResult::Redraw);
    }
}

impl CopyMode {
    fn start_drag_timer(&mut self, cx: &mut Cx<'_>, pane: PaneId) {
        let callback = Box::new(move |cx: &mut Cx<'_>| scroll_at_edge(cx, pane));
        self.drag_timer = Some(cx.host.timer(DRAG_REPEAT_MS, callback));
    }

    fn stop_drag_timer(&mut self, cx: &mut Cx<'_>) {
        if let Some(timer) = self.drag_timer.take() {
            cx.host.cancel_timer(timer);
        }
    }

    /// Column of the text, and row of the view, under the mouse.
    fn under_mouse(
        &self,
        cx: &Cx<'_>,
        pane: PaneId,
        mouse: &MouseEvent,
        last: bool,
    ) -> Option<(usize, usize)> {
        let (x, y) = cx.server.mouse_at(pane, mouse, last)?;
        Some((self.state.text_x(x as usize), (y as usize).min(self.state.rows() - 1)))
    }

    /// Moves the cursor to the mouse, if it is in this mode's pane.
    pub(super) fn move_to_mouse(&mut self, cx: &Cx<'_>, pane: PaneId, mouse: &MouseEvent) {
        if under(cx, mouse) == Some(pane)
            && let Some((x, y)) = self.under_mouse(cx, pane, mouse, false)
        {
            self.state.set_cursor(x, y);
        }
    }

    /// Begins to select with the mouse.
    pub(crate) fn start_drag(
        &mut self,
        cx: &mut Cx<'_>,
        pane: PaneId,
        client: Option<ClientId>,
        mouse: &MouseEvent,
    ) {
        if under(cx, mouse) != Some(pane) {
            return;
        }
        let Some((x, y)) = self.under_mouse(cx, pane, mouse, true) else { return };
        let Some(client) = client.and_then(|id| cx.server.clients.get_mut(&id)) else { return };
        client.mouse.drag = Some(Box::new(CopyDrag));
        let state = &mut self.state;
        let row = state.top() + y;
        let in_first = x >= state.first_start.x && x <= state.first_end.x && row == state.first_start.y;
        if !in_first {
            state.select_by = SelectBy::Char;
        }
        match state.select_by {
            SelectBy::Word => {
                state.set_cursor(x, y);
                if let Some(separators) = state.separators.clone() {
                    let (x, row) = state.word_start_position(&separators);
                    let y = row.saturating_sub(state.top());
                    state.set_cursor(x, y);
                }
            }
            SelectBy::Line => state.set_cursor(0, y),
            SelectBy::Char => {
                state.set_cursor(x, y);
                state.start_selection();
            }
        }
        self.drag_to(cx, pane, mouse);
    }

    fn drag_to(&mut self, cx: &mut Cx<'_>, pane: PaneId, mouse: &MouseEvent) {
        self.stop_drag_timer(cx);
        let Some((x, y)) = self.under_mouse(cx, pane, mouse, false) else { return };
        let (old_x, old_y) = (self.state.cx, self.state.cy);
        self.state.set_cursor(x, y);
        self.state.update_selection(false);
        if old_y != self.state.cy || old_x == self.state.cx {
            if y == 0 {
                self.start_drag_timer(cx, pane);
                self.state.cursor_up(true);
            } else if y == self.state.rows() - 1 {
                self.start_drag_timer(cx, pane);
                self.state.cursor_down(true);
            }
        }
    }

    /// Scrolls to the position that the scrollbar's slider was dragged to. True if the mode must
    /// end.
    pub(crate) fn scroll_to_mouse(
        &mut self,
        cx: &mut Cx<'_>,
        pane: PaneId,
        client: Option<ClientId>,
        mouse: &MouseEvent,
        exit: bool,
    ) -> bool {
        let Some(client) = client.and_then(|id| cx.server.client(id)) else { return false };
        let Some(p) = cx.server.pane(pane) else { return false };
        let held = i64::from(client.mouse.slider_offset);
        let (top, height) = (i64::from(p.y), i64::from(p.size.rows));
        let slider = i64::from(p.slider.1);
        let y = i64::from(mouse.y) + i64::from(client.view.1);
        let most = (height - slider).max(0);
        let slider_y = (y - held - top).clamp(0, most);
        let rows = self.state.back.hsize as f32 + height as f32;
        let row = (slider_y as f32 * (rows / height as f32)) as usize;
        let (window, ended) = (p.window, self.state.scroll_to_top_row(row, exit));
        cx.set_active_pane(window, pane, false);
        ended
    }
}
