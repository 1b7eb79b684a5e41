//! Layouts applied to windows: they set the places and sizes of panes. Also zoom, presets, layout strings
//! and z-order.

use crate::base::{PaneId, Size, WindowId};
use crate::options::opt;

use super::events::EventKind;
use super::layout::{
    Axis, BorderStatus, CellId, CellKind, Layout, LayoutError, PANE_MINIMUM, PresetOptions, Rules,
};
use super::layout::{PRESETS, SplitPlace};
use super::option_access::OptionScope;
use super::pane::PaneFlags;
use super::sizes::WINDOW_MAXIMUM;
use super::window::WindowFlags;
use super::{Cx, Server};

/// When a pane has a scrollbar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScrollbarPolicy {
    Off,
    /// Only in copy mode and view mode.
    Modal,
    Always,
}

/// Columns of a scrollbar and of the padding between it and the pane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScrollbarSize {
    pub cols: u32,
    pub pad: u32,
}

impl Server {
    pub fn border_status(&self, window: WindowId) -> BorderStatus {
        match self.option_text(OptionScope::Window(window), opt::PANE_BORDER_STATUS).as_str() {
            "top" => BorderStatus::Top,
            "bottom" => BorderStatus::Bottom,
            _ => BorderStatus::Off,
        }
    }

    pub fn scrollbar_policy(&self, window: WindowId) -> ScrollbarPolicy {
        match self.option_text(OptionScope::Window(window), opt::PANE_SCROLLBARS).as_str() {
            "modal" => ScrollbarPolicy::Modal,
            "on" => ScrollbarPolicy::Always,
            _ => ScrollbarPolicy::Off,
        }
    }

    pub fn scrollbars_left(&self, window: WindowId) -> bool {
        self.option_text(OptionScope::Window(window), opt::PANE_SCROLLBARS_POSITION) == "left"
    }

    /// Width and padding from `pane-scrollbars-style`.
    pub fn scrollbar_size(&self, pane: PaneId) -> ScrollbarSize {
        let style = self.option_text(OptionScope::Pane(pane), opt::PANE_SCROLLBARS_STYLE);
        let mut size = ScrollbarSize { cols: 1, pad: 0 };
        for part in style.split([',', ' ']) {
            if let Some(n) = part.strip_prefix("width=").and_then(|n| n.parse().ok()) {
                size.cols = n;
            } else if let Some(n) = part.strip_prefix("pad=").and_then(|n| n.parse().ok()) {
                size.pad = n;
            }
        }
        size
    }

    /// True if a pane shows a scrollbar now.
    pub fn shows_scrollbar(&self, pane: PaneId) -> bool {
        let Some(p) = self.pane(pane) else { return false };
        if p.is_alternate() {
            return false;
        }
        match self.scrollbar_policy(p.window) {
            ScrollbarPolicy::Off => false,
            ScrollbarPolicy::Always => true,
            ScrollbarPolicy::Modal => {
                p.modes.first().is_some_and(|m| matches!(m.mode.name(), "copy-mode" | "view-mode"))
            }
        }
    }

    /// Rows and columns that a window's layout must leave free beside its panes.
    pub fn layout_rules(&self, window: WindowId) -> Rules {
        let Some(w) = self.window(window) else { return Rules::default() };
        self.layout_rules_for(window, w.active)
    }

    fn layout_rules_for(&self, window: WindowId, pane: PaneId) -> Rules {
        let scrollbar = (self.scrollbar_policy(window) != ScrollbarPolicy::Off).then(|| {
            let size = self.scrollbar_size(pane);
            size.cols + size.pad
        });
        Rules { status: self.border_status(window), scrollbar_cols: scrollbar }
    }

    pub fn is_floating(&self, pane: PaneId) -> bool {
        self.pane(pane).and_then(|p| self.window(p.window)).is_some_and(|w| w.layout.is_floating(pane))
    }

    /// Counts the panes of a window that are tiled.
    pub fn count_tiled(&self, window: WindowId) -> u32 {
        self.window(window)
            .map_or(0, |w| w.panes.iter().filter(|&&p| !w.layout.is_floating(p)).count() as u32)
    }

    /// True if a pane above this one, with its borders, covers the cell of the window.
    pub fn is_pane_covered(&self, pane: PaneId, x: i32, y: i32) -> bool {
        let Some(w) = self.pane(pane).and_then(|p| self.window(p.window)) else { return false };
        let left = self.scrollbars_left(w.id);
        w.z_order.iter().take_while(|&&id| id != pane).filter(|&&id| self.is_pane_visible(id)).any(|&id| {
            let Some(p) = self.pane(id) else { return false };
            let (top, bottom) = ((p.y - 1).max(0), p.y + p.size.rows as i32);
            if y < top || y > bottom || (!w.layout.is_floating(id) && (y == top || y == bottom)) {
                return false;
            }
            let bar = self.scrollbar_size(id);
            let bar = if self.shows_scrollbar(id) { (bar.cols + bar.pad) as i32 } else { 0 };
            let (before, after) = if left { (bar, 0) } else { (0, bar) };
            x >= (p.x - 1 - before).max(0) && x <= p.x + p.size.cols as i32 + after
        })
    }

    /// True if a pane can be seen in its window.
    pub fn is_pane_visible(&self, pane: PaneId) -> bool {
        let Some(w) = self.pane(pane).and_then(|p| self.window(p.window)) else { return false };
        !w.flags.contains(WindowFlags::ZOOMED) || w.active == pane
    }

    /// The layout of a window as a string; with `visible`, the layout of a zoomed pane as it is shown.
    pub fn layout_text(&self, window: WindowId, visible: bool) -> Option<String> {
        let w = self.window(window)?;
        let layout = w.saved_layout.as_ref().filter(|_| !visible).unwrap_or(&w.layout);
        layout.print(&w.z_order, &w.layout)
    }

    fn preset_options(&self, window: WindowId) -> PresetOptions {
        let text = |key| self.option_text(OptionScope::Window(window), key);
        PresetOptions {
            main_height: text(opt::MAIN_PANE_HEIGHT),
            main_width: text(opt::MAIN_PANE_WIDTH),
            other_height: text(opt::OTHER_PANE_HEIGHT),
            other_width: text(opt::OTHER_PANE_WIDTH),
            max_columns: self.option(OptionScope::Window(window), opt::TILED_LAYOUT_MAX_COLUMNS) as u32,
        }
    }
}

/// Place and size of a pane within its cell. If a scrollbar or a status line leaves no room, the pane has
/// no columns or rows.
fn place_in_cell(
    server: &Server,
    pane: PaneId,
    (x, y, size): (i32, i32, Size),
    status: Option<BorderStatus>,
    left: bool,
) -> (i32, i32, Size) {
    // A length below zero wrapped around; it counts as 0.
    let length = |length: u32| if length > WINDOW_MAXIMUM { 0 } else { length };
    let (mut x, mut y, mut size) = (x, y, Size::new(length(size.cols), length(size.rows)));
    if let Some(status) = status {
        if status == BorderStatus::Top {
            y += 1;
        }
        size.rows = size.rows.saturating_sub(1);
    }
    if server.shows_scrollbar(pane) {
        let bar = server.scrollbar_size(pane);
        let (cols, pad) = (bar.cols.max(1), bar.pad);
        let (room, wide) = (size.cols as i32, (cols + pad) as i32);
        if left && room - (cols as i32) < PANE_MINIMUM as i32 {
            x += room - PANE_MINIMUM as i32;
            size.cols = PANE_MINIMUM;
        } else if !left && room - wide < PANE_MINIMUM as i32 {
            size.cols = PANE_MINIMUM;
        } else {
            size.cols = size.cols.saturating_sub(cols + pad);
            x += if left { wide } else { 0 };
        }
    }
    (x, y, size)
}

impl Cx<'_> {
    /// Gives all panes except `skip` the places and sizes of their cells.
    pub fn fix_panes(&mut self, window: WindowId, skip: Option<PaneId>) {
        self.fix_panes_from(window, skip, None);
    }

    /// Like `fix_panes`; one pane is resized before the others.
    pub fn fix_panes_from(&mut self, window: WindowId, skip: Option<PaneId>, first: Option<PaneId>) {
        let Some(w) = self.server.window(window) else { return };
        let rules = self.server.layout_rules(window);
        let left = self.server.scrollbars_left(window);
        let mut places = Vec::new();
        for (id, cell) in w.layout.cells.iter().enumerate() {
            let Some(cell) = cell else { continue };
            let CellKind::Pane(Some(pane)) = cell.kind else { continue };
            if Some(pane) == skip {
                continue;
            }
            let status = (!cell.floating && w.layout.needs_status_row(id, &rules)).then_some(rules.status);
            places.push((pane, place_in_cell(self.server, pane, (cell.x, cell.y, cell.size), status, left)));
        }
        places.sort_by_key(|(pane, _)| Some(*pane) != first);
        for (pane, (x, y, size)) in places {
            if let Some(p) = self.server.panes.get_mut(&pane) {
                (p.x, p.y) = (x, y);
            }
            self.resize_pane_screen(pane, size);
        }
    }

    /// Resizes a pane's terminal, its modes and its program's terminal.
    pub fn resize_pane_screen(&mut self, pane: PaneId, size: Size) {
        let Some(p) = self.server.panes.get_mut(&pane) else { return };
        if p.size == size {
            return;
        }
        let old = std::mem::replace(&mut p.size, size);
        let window = p.window;
        self.resize_terminal(pane, size);
        let pixels = self.server.window(window).map_or((0, 0), |w| w.cell_pixels);
        self.host.pane_resize(pane, size, pixels);
        self.with_top_mode(pane, |cx, mode| mode.mode.resize(cx, pane, size));
        let event = self.server.pane_event(EventKind::PaneResized, pane);
        self.server.notify(event.with_sizes(size, old));
    }

    /// Called after any change of a layout: updates the places of panes and notifies.
    fn layout_changed(&mut self, window: WindowId) {
        if let Some(w) = self.server.windows.get_mut(&window) {
            w.layout.fix_offsets();
        }
        self.fix_panes(window, None);
        self.server.notify_window(EventKind::WindowLayoutChanged, window);
    }

    /// Splits a pane's cell; the caller must put a pane into the new cell at once. The window must not be
    /// zoomed. `None`: no room.
    pub fn split_cell(&mut self, pane: PaneId, place: SplitPlace) -> Option<CellId> {
        let window = self.server.pane(pane)?.window;
        let rules = self.server.layout_rules_for(window, pane);
        self.server.windows.get_mut(&window)?.layout.split(pane, place, &rules)
    }

    /// Makes a cell for a floating pane.
    pub fn floating_cell(&mut self, window: WindowId, size: Size, x: i32, y: i32) -> Option<CellId> {
        let w = self.server.windows.get_mut(&window)?;
        w.layout.add_floating(w.size, size, x, y)
    }

    /// Puts a pane into a cell. With `keep_size` the pane is not resized to the cell now.
    pub fn assign_cell(&mut self, window: WindowId, cell: CellId, pane: PaneId, keep_size: bool) {
        let Some(w) = self.server.windows.get_mut(&window) else { return };
        w.layout.assign(cell, pane);
        self.fix_panes(window, keep_size.then_some(pane));
    }

    /// Takes a pane's cell out of its window's layout.
    pub fn close_cell(&mut self, pane: PaneId) {
        let Some(window) = self.server.pane(pane).map(|p| p.window) else { return };
        let rules = self.server.layout_rules(window);
        let Some(w) = self.server.windows.get_mut(&window) else { return };
        let Some(cell) = w.layout.find(pane) else { return };
        w.layout.remove(cell, &rules);
        self.layout_changed(window);
    }

    /// Moves the border of a pane (`resize-pane -LRUD`).
    pub fn resize_pane(&mut self, pane: PaneId, axis: Axis, change: i32, opposite: bool) {
        self.change_layout(pane, |layout, rules| layout.resize_pane(pane, axis, change, opposite, rules));
    }

    /// Makes a pane a given size (`resize-pane -x/-y`).
    pub fn resize_pane_to(&mut self, pane: PaneId, axis: Axis, size: u32) {
        self.change_layout(pane, |layout, rules| layout.resize_pane_to(pane, axis, size, rules));
    }

    /// Moves the border after a cell (dragging with the mouse).
    pub fn resize_cell(&mut self, window: WindowId, cell: CellId, axis: Axis, change: i32) {
        let rules = self.server.layout_rules(window);
        let Some(w) = self.server.windows.get_mut(&window) else { return };
        w.layout.resize_cell(cell, axis, change, false, &rules);
        self.layout_changed(window);
    }

    fn change_layout(&mut self, pane: PaneId, change: impl FnOnce(&mut Layout, &Rules) -> bool) {
        let Some(window) = self.server.pane(pane).map(|p| p.window) else { return };
        let rules = self.server.layout_rules(window);
        let Some(w) = self.server.windows.get_mut(&window) else { return };
        if change(&mut w.layout, &rules) {
            self.layout_changed(window);
        }
    }

    /// Spreads the panes around one evenly. Sends no notification.
    pub fn spread_out(&mut self, pane: PaneId) {
        let Some(window) = self.server.pane(pane).map(|p| p.window) else { return };
        let rules = self.server.layout_rules(window);
        let Some(w) = self.server.windows.get_mut(&window) else { return };
        if w.layout.spread_out(pane, &rules) {
            self.fix_panes(window, None);
        }
    }

    /// Arranges a window as preset number `preset`. The window must not be zoomed.
    pub fn apply_preset(&mut self, window: WindowId, preset: usize) {
        let preset = preset.min(PRESETS.len() - 1);
        let options = self.server.preset_options(window);
        let rules = self.server.layout_rules(window);
        let tiled = self.server.count_tiled(window);
        let Some(w) = self.server.windows.get_mut(&window) else { return };
        w.last_preset = Some(preset);
        let Some(layout) = Layout::preset(preset, &w.panes, tiled, w.size, &options, &rules) else { return };
        let size = layout.size();
        w.layout = layout;
        self.fix_panes(window, None);
        if let Some(w) = self.server.windows.get_mut(&window) {
            w.size = size;
        }
        self.server.notify_window(EventKind::WindowLayoutChanged, window);
        self.server.redraw_window(window);
    }

    /// Applies a layout string. The window must not be zoomed.
    pub fn apply_layout(&mut self, window: WindowId, text: &str) -> Result<(), LayoutError> {
        let Some(w) = self.server.windows.get_mut(&window) else { return Ok(()) };
        let layout = Layout::parse(text, &w.panes)?;
        // tmux: a layout of a single pane does not change the size of the window.
        if layout.root.is_some_and(|root| !layout.cell(root).is_leaf()) {
            w.size = layout.size();
        }
        w.z_order = layout.panes();
        w.layout = layout;
        w.layout.fix_offsets();
        self.fix_panes(window, None);
        self.recalculate_sizes();
        self.server.notify_window(EventKind::WindowLayoutChanged, window);
        Ok(())
    }

    /// Shows only one pane of its window. Returns false when there is nothing to do.
    pub fn zoom(&mut self, pane: PaneId) -> bool {
        let Some(window) = self.server.pane(pane).map(|p| p.window) else { return false };
        let Some(w) = self.server.window(window) else { return false };
        if w.flags.contains(WindowFlags::ZOOMED) || w.panes.len() == 1 {
            return false;
        }
        if w.active != pane {
            self.set_active_pane(window, pane, true);
        }
        let Some(w) = self.server.windows.get_mut(&window) else { return false };
        let size = w.size;
        w.saved_layout = Some(std::mem::replace(&mut w.layout, Layout::single(pane, size)));
        w.flags |= WindowFlags::ZOOMED;
        if let Some(p) = self.server.panes.get_mut(&pane) {
            p.flags |= PaneFlags::ZOOMED;
        }
        self.fix_panes(window, None);
        self.server.notify_window(EventKind::WindowZoomed, window);
        self.server.notify_window(EventKind::WindowLayoutChanged, window);
        true
    }

    /// Undoes a zoom. Returns false when there was none.
    pub fn unzoom(&mut self, window: WindowId, notify: bool) -> bool {
        let Some(w) = self.server.windows.get_mut(&window) else { return false };
        if !w.flags.contains(WindowFlags::ZOOMED) {
            return false;
        }
        w.flags -= WindowFlags::ZOOMED;
        if let Some(layout) = w.saved_layout.take() {
            w.layout = layout;
        }
        for pane in &w.panes {
            if let Some(p) = self.server.panes.get_mut(pane) {
                p.flags -= PaneFlags::ZOOMED;
            }
        }
        self.fix_panes(window, None);
        if notify {
            self.server.notify_window(EventKind::WindowUnzoomed, window);
            self.server.notify_window(EventKind::WindowLayoutChanged, window);
        }
        true
    }

    /// Unzooms before a change of panes, and redraws the clients that show the window.
    pub fn unzoom_and_redraw(&mut self, window: WindowId) {
        if self.unzoom(window, true) {
            self.server.redraw_window(window);
        }
    }

    /// Unzooms before a change of panes. Remembers to zoom again if `keep` is set and the window was
    /// zoomed (or `always`). Returns true if it was zoomed.
    pub fn push_zoom(&mut self, window: WindowId, always: bool, keep: bool) -> bool {
        let Some(w) = self.server.windows.get_mut(&window) else { return false };
        let zoomed = w.flags.contains(WindowFlags::ZOOMED);
        w.flags.set(WindowFlags::WAS_ZOOMED, keep && (always || zoomed));
        self.unzoom(window, true)
    }

    /// Zooms the active pane if `push_zoom` asked for it. Returns true if it did.
    pub fn pop_zoom(&mut self, window: WindowId) -> bool {
        let Some(w) = self.server.window(window) else { return false };
        let active = w.active;
        w.flags.contains(WindowFlags::WAS_ZOOMED) && self.zoom(active)
    }

    /// Moves a pane to the top of its window's stack.
    pub fn raise_pane(&mut self, pane: PaneId) {
        let Some(window) = self.server.pane(pane).map(|p| p.window) else { return };
        let Some(w) = self.server.windows.get_mut(&window) else { return };
        w.z_order.retain(|p| *p != pane);
        w.z_order.insert(0, pane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_without_room_leaves_its_pane_none() {
        let place = |rows, status| {
            let server = Server::default();
            place_in_cell(&server, PaneId(0), (0, 0, Size::new(5, rows)), status, false).2
        };
        for status in [BorderStatus::Top, BorderStatus::Bottom] {
            assert_eq!(place(3, Some(status)), Size::new(5, 2));
            assert_eq!(place(0, Some(status)), Size::new(5, 0));
        }
        // tmux: its unsigned arithmetic wraps around below zero.
        assert_eq!(place(0u32.wrapping_sub(1), None), Size::new(5, 0));
    }
}
