//! Moving panes and windows: swap, rotate, join to another window, break out of a window.

use crate::base::{ClientId, PaneId, SessionId, WindowId};
use crate::options::opt;

use super::events::EventKind;
use super::layout::{CellId, CellKind, Layout};
use super::option_access::OptionScope;
use super::pane::PaneFlags;
use super::pane_events::Place;
use super::{Cx, Server};

/// Destination of a pane that leaves its window.
pub struct BreakTo {
    pub session: SessionId,
    /// `None`: the first free index.
    pub index: Option<i32>,
    pub name: Option<String>,
    pub client: Option<ClientId>,
    /// Index of the pane's old window in its session.
    pub old_index: Option<i32>,
}

impl Server {
    /// Exchanges the windows of two winlinks. Returns false if both show the same one.
    pub fn swap_winlinks(&mut self, src: (SessionId, i32), dst: (SessionId, i32)) -> bool {
        let windows = (self.winlink_window(src.0, src.1), self.winlink_window(dst.0, dst.1));
        let (Some(src_window), Some(dst_window)) = windows else { return false };
        if src_window == dst_window {
            return false;
        }
        for (place, old, new) in [(dst, dst_window, src_window), (src, src_window, dst_window)] {
            if let Some(wl) = self.sessions.get_mut(&place.0).and_then(|s| s.winlinks.get_mut(&place.1)) {
                wl.window = new;
            }
            if let Some(w) = self.windows.get_mut(&old)
                && let Some(at) = w.winlinks.iter().position(|p| *p == place)
            {
                w.winlinks.remove(at);
            }
            if let Some(w) = self.windows.get_mut(&new) {
                w.winlinks.push(place);
            }
        }
        if let Some(marked) = self.marked.as_mut()
            && marked.link == src
        {
            marked.link = dst;
        }
        true
    }

    /// Puts `pane` into places of a window's lists.
    fn replace_in_lists(&mut self, window: WindowId, places: [Option<usize>; 2], pane: PaneId) {
        let Some(w) = self.windows.get_mut(&window) else { return };
        if let Some(slot) = places[0].and_then(|at| w.panes.get_mut(at)) {
            *slot = pane;
        }
        if let Some(slot) = places[1].and_then(|at| w.z_order.get_mut(at)) {
            *slot = pane;
        }
    }

    fn places_in_lists(&self, window: WindowId, pane: PaneId) -> [Option<usize>; 2] {
        let Some(w) = self.window(window) else { return [None; 2] };
        [w.panes.iter().position(|p| *p == pane), w.z_order.iter().position(|p| *p == pane)]
    }

    /// Sets a pane's window; its styles and theme may change with it.
    fn set_pane_window(&mut self, pane: PaneId, window: WindowId) {
        if let Some(p) = self.panes.get_mut(&pane) {
            p.window = window;
            p.mark_style(PaneFlags::THEME_CHANGED);
        }
    }
}

impl Cx<'_> {
    /// Exchanges two panes of one or two windows. With `keep_active`, each place that had the active pane
    /// has it afterwards too.
    pub fn swap_panes(&mut self, src: PaneId, dst: PaneId, keep_active: bool, indexes: [Option<i32>; 2]) {
        let server = &mut *self.server;
        let (Some(src_w), Some(dst_w)) =
            (server.pane(src).map(|p| p.window), server.pane(dst).map(|p| p.window))
        else {
            return;
        };
        server.forget_client_pane(src_w, src);
        server.forget_client_pane(dst_w, dst);
        let src_places = server.places_in_lists(src_w, src);
        let dst_places = server.places_in_lists(dst_w, dst);
        server.replace_in_lists(src_w, src_places, dst);
        server.replace_in_lists(dst_w, dst_places, src);
        let src_cell = server.window(src_w).and_then(|w| w.layout.find(src));
        let dst_cell = server.window(dst_w).and_then(|w| w.layout.find(dst));
        for (window, cell, pane) in [(src_w, src_cell, dst), (dst_w, dst_cell, src)] {
            if let (Some(w), Some(cell)) = (server.windows.get_mut(&window), cell) {
                w.layout.cell_mut(cell).kind = CellKind::Pane(Some(pane));
            }
        }
        server.set_pane_window(src, dst_w);
        server.set_pane_window(dst, src_w);
        let active = |cx: &Self, window| cx.server.window(window).map(|w: &super::Window| w.active);
        if !keep_active {
            self.set_active_pane(src_w, dst, true);
            if src_w != dst_w {
                self.set_active_pane(dst_w, src, true);
            }
        } else {
            if active(self, src_w) == Some(src) {
                self.set_active_pane(src_w, dst, true);
            }
            if active(self, dst_w) == Some(dst) {
                self.set_active_pane(dst_w, src, true);
            }
        }
        if src_w != dst_w {
            for (window, pane) in [(src_w, src), (dst_w, dst)] {
                if let Some(w) = self.server.windows.get_mut(&window) {
                    w.last_panes.retain(|p| *p != pane);
                }
            }
        }
        // The pane that was named first is resized first.
        self.fix_panes_from(dst_w, None, Some(src));
        self.server.redraw_window(dst_w);
        if src_w != dst_w {
            self.fix_panes(src_w, None);
            self.server.redraw_window(src_w);
        }
        let [from, to] =
            [(src_w, indexes[0]), (dst_w, indexes[1])].map(|(window, index)| Place { window, index });
        if src_w != dst_w {
            self.server.notify_pane_moved(src, from, to);
            self.server.notify_pane_moved(dst, to, from);
        }
        self.server.notify_window(EventKind::WindowLayoutChanged, src_w);
        if src_w != dst_w {
            self.server.notify_window(EventKind::WindowLayoutChanged, dst_w);
        }
    }

    /// Moves every pane to the place of the next one (`down`), or of the one before. Returns
    /// the pane that is where the active one was.
    pub fn rotate_panes(&mut self, window: WindowId, down: bool) -> Option<PaneId> {
        let w = self.server.windows.get_mut(&window)?;
        let cells: Vec<Option<CellId>> = w.panes.iter().map(|&p| w.layout.find(p)).collect();
        let old = w.panes.clone();
        if down {
            w.panes.rotate_right(1);
        } else {
            w.panes.rotate_left(1);
        }
        let panes = w.panes.clone();
        for (cell, pane) in cells.iter().zip(&panes) {
            if let Some(cell) = cell {
                w.layout.cell_mut(*cell).kind = CellKind::Pane(Some(*pane));
            }
        }
        let at = panes.iter().position(|p| *p == w.active)?;
        let count = panes.len();
        let next = if down { panes[(at + count - 1) % count] } else { panes[(at + 1) % count] };
        let places: Vec<_> = old.iter().map(|p| self.server.pane(*p).map(|p| (p.x, p.y, p.size))).collect();
        for (place, pane) in places.into_iter().zip(panes) {
            let Some((x, y, size)) = place else { continue };
            if let Some(p) = self.server.panes.get_mut(&pane) {
                (p.x, p.y) = (x, y);
            }
            self.resize_pane_screen(pane, size);
        }
        Some(next)
    }

    /// Takes a pane out of its window's lists and layout, without ending it.
    fn leave_window(&mut self, pane: PaneId, window: WindowId) {
        self.server.forget_client_pane(window, pane);
        self.lost_pane(window, pane);
        if let Some(w) = self.server.windows.get_mut(&window) {
            w.panes.retain(|p| *p != pane);
            w.z_order.retain(|p| *p != pane);
        }
    }

    /// Moves a pane into a cell made for it beside `dst`. Its old window is killed if it has no other
    /// pane. `select`: makes the pane active, in this session and index.
    pub fn join_pane(
        &mut self,
        pane: PaneId,
        dst: PaneId,
        cell: CellId,
        select: Option<(SessionId, i32)>,
        indexes: [Option<i32>; 2],
    ) {
        let (Some(src_w), Some(dst_w)) =
            (self.server.pane(pane).map(|p| p.window), self.server.pane(dst).map(|p| p.window))
        else {
            return;
        };
        self.close_cell(pane);
        self.leave_window(pane, src_w);
        self.server.set_pane_window(pane, dst_w);
        if let Some(w) = self.server.windows.get_mut(&dst_w) {
            // tmux: puts it behind the other pane in the list, even with `-b`.
            for list in [&mut w.panes, &mut w.z_order] {
                let at = list.iter().position(|p| *p == dst).map_or(list.len(), |at| at + 1);
                list.insert(at, pane);
            }
        }
        self.assign_cell(dst_w, cell, pane, false);
        self.recalculate_sizes();
        self.server.redraw_window(src_w);
        self.server.redraw_window(dst_w);
        if let Some((session, index)) = select {
            self.set_active_pane(dst_w, pane, true);
            self.select_winlink(session, Some(index));
        }
        let [from, to] =
            [(src_w, indexes[0]), (dst_w, indexes[1])].map(|(window, index)| Place { window, index });
        self.server.notify_pane_moved(pane, from, to);
        if self.server.window(src_w).is_some_and(|w| w.panes.is_empty()) {
            self.kill_window(src_w, true);
        } else {
            self.server.notify_window(EventKind::WindowLayoutChanged, src_w);
        }
        self.server.notify_window(EventKind::WindowLayoutChanged, dst_w);
    }

    /// Moves a pane into a window of its own, in a session. Returns the window's index. The error is a
    /// message for users.
    pub fn break_pane(&mut self, pane: PaneId, to: BreakTo) -> Result<i32, String> {
        let gone = || "pane is gone".to_owned();
        let old = self.server.pane(pane).map(|p| p.window).ok_or_else(gone)?;
        self.leave_window(pane, old);
        self.close_cell(pane);
        let (size, pixels) = self.server.window(old).map(|w| (w.size, w.cell_pixels)).ok_or_else(gone)?;
        let window = self.create_window(size, pixels);
        self.server.set_pane_window(pane, window);
        let w = self.server.windows.get_mut(&window).ok_or_else(gone)?;
        w.panes.push(pane);
        w.z_order.push(pane);
        w.active = pane;
        w.latest = to.client;
        match &to.name {
            None => {
                let name = self.server.default_window_name(window);
                self.server.set_window_name(window, &name, false);
            }
            Some(name) => {
                self.server.set_window_name(window, name, false);
                self.server.set_option(OptionScope::Window(window), opt::AUTOMATIC_RENAME, "off");
            }
        }
        if let Some(w) = self.server.windows.get_mut(&window) {
            w.layout = Layout::single(pane, size);
        }
        self.fix_panes(window, None);
        if let Some(p) = self.server.panes.get_mut(&pane) {
            p.flags |= PaneFlags::CHANGED;
        }
        let index = self.attach_window(to.session, window, to.index)?;
        self.server.notify_window(EventKind::WindowCreated, window);
        let from = Place { window: old, index: to.old_index };
        self.server.notify_pane_moved(pane, from, Place { window, index: Some(index) });
        Ok(index)
    }
}
