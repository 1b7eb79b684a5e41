//! Windows: making and destroying them, their active panes, their flags as text.

use crate::base::{PaneId, SessionId, Size, WindowId};
use crate::options::opt;

use super::events::EventKind;
use super::layout::Layout;
use super::option_access::OptionScope;
use super::pane::PaneFlags;
use super::session::WinlinkFlags;
use super::window::WindowFlags;
use super::winlinks::Step;
use super::{Cx, Server, Window};

/// Pixels of a cell when no terminal has reported them: width, height.
pub(crate) const DEFAULT_CELL_PIXELS: (u32, u32) = (16, 32);

/// Value of `Window::active` until the first pane is made; never the id of a pane.
pub(super) const NO_PANE: PaneId = PaneId(u32::MAX);

/// Pixels of a cell, with the default for those unknown.
pub(super) fn known_pixels(pixels: (u32, u32)) -> (u32, u32) {
    (
        if pixels.0 == 0 { DEFAULT_CELL_PIXELS.0 } else { pixels.0 },
        if pixels.1 == 0 { DEFAULT_CELL_PIXELS.1 } else { pixels.1 },
    )
}

impl Server {
    /// Flags of a winlink, as `#{window_raw_flags}`; with `escape`, `#` is doubled.
    pub fn window_flags_text(&self, session: SessionId, index: i32, escape: bool) -> String {
        let mut out = String::new();
        let Some(s) = self.session(session) else { return out };
        let Some(winlink) = s.winlinks.get(&index) else { return out };
        if winlink.flags.contains(WinlinkFlags::ACTIVITY) {
            out.push_str(if escape { "##" } else { "#" });
        }
        if winlink.flags.contains(WinlinkFlags::BELL) {
            out.push('!');
        }
        if winlink.flags.contains(WinlinkFlags::SILENCE) {
            out.push('~');
        }
        if winlink.flags.contains(WinlinkFlags::NOTIFIED) {
            out.push('@');
        }
        if s.current == index {
            out.push('*');
        }
        if s.last.first() == Some(&index) {
            out.push('-');
        }
        if self.valid_mark().is_some_and(|m| m.link == (session, index)) {
            out.push('M');
        }
        if self.window(winlink.window).is_some_and(|w| w.flags.contains(WindowFlags::ZOOMED)) {
            out.push('Z');
        }
        out
    }

    /// Flags of a pane, as `#{pane_flags}`.
    pub fn pane_flags_text(&self, pane: PaneId) -> String {
        let mut out = String::new();
        let Some(p) = self.pane(pane) else { return out };
        let Some(w) = self.window(p.window) else { return out };
        if w.active == pane {
            out.push('*');
        }
        if w.last_panes.first() == Some(&pane) {
            out.push('-');
        }
        if p.flags.contains(PaneFlags::ZOOMED) {
            out.push('Z');
        }
        if w.layout.is_floating(pane) {
            out.push('F');
        }
        out
    }

    /// The pane with an index in a window, counted from `pane-base-index`.
    pub fn pane_at_index(&self, window: WindowId, index: i64) -> Option<PaneId> {
        let base = self.option(OptionScope::Window(window), opt::PANE_BASE_INDEX);
        let at = usize::try_from(index.checked_sub(base)?).ok()?;
        self.window(window)?.panes.get(at).copied()
    }

    /// Index of a pane in its window.
    pub fn pane_index(&self, pane: PaneId) -> Option<u32> {
        let w = self.window(self.pane(pane)?.window)?;
        let base = self.option(OptionScope::Window(w.id), opt::PANE_BASE_INDEX);
        w.panes.iter().position(|p| *p == pane).map(|at| at as u32 + base as u32)
    }

    /// The pane `count` steps from another, wrapping.
    pub fn pane_by_number(&self, pane: PaneId, step: Step, count: u32) -> Option<PaneId> {
        let panes = &self.window(self.pane(pane)?.window)?.panes;
        let (total, at) = (panes.len(), panes.iter().position(|p| *p == pane)?);
        let count = count as usize % total;
        let at = match step {
            Step::Next => (at + count) % total,
            Step::Previous => (at + total - count) % total,
        };
        panes.get(at).copied()
    }

    /// The marked pane, if it still exists.
    pub fn valid_mark(&self) -> Option<super::Marked> {
        self.marked.filter(|m| {
            m.link.0 == m.session
                && self.winlink_window(m.session, m.link.1) == Some(m.window)
                && self.window(m.window).is_some_and(|w| w.panes.contains(&m.pane))
        })
    }

    /// Sets a window's name; a name that is not valid is ignored.
    pub fn set_window_name(&mut self, window: WindowId, name: &str, untrusted: bool) {
        let Some(name) = super::names::clean_name(name, untrusted) else { return };
        let Some(w) = self.windows.get_mut(&window) else { return };
        let old = std::mem::replace(&mut w.name, name.clone());
        let event = self.window_event(EventKind::WindowRenamed, window);
        self.notify(event.with("old_name", old).with("new_name", name));
    }

    /// Name for a window, from its active pane's command.
    pub fn default_window_name(&self, window: WindowId) -> String {
        let Some(pane) = self.window(window).and_then(|w| self.pane(w.active)) else { return String::new() };
        let command = super::names::command_line(&pane.argv);
        super::names::window_name_from_command(if command.is_empty() { &pane.shell } else { &command })
    }
}

impl Cx<'_> {
    /// Makes a window without panes that is not linked anywhere yet.
    pub(super) fn create_window(&mut self, size: Size, pixels: (u32, u32)) -> WindowId {
        let id = WindowId(self.server.next_window);
        self.server.next_window += 1;
        let window = Window {
            id,
            name: String::new(),
            panes: Vec::new(),
            active: NO_PANE,
            last_panes: Vec::new(),
            z_order: Vec::new(),
            layout: Layout::default(),
            saved_layout: None,
            old_layout: None,
            last_preset: None,
            size,
            manual_size: size,
            cell_pixels: known_pixels(pixels),
            new_size: Size::default(),
            new_cell_pixels: (0, 0),
            last_new_pane: (0, 0),
            flags: WindowFlags::empty(),
            options: Default::default(),
            winlinks: Vec::new(),
            created: self.now,
            activity: self.now,
            name_time_ms: 0,
            name_check_due: false,
            latest: None,
            alerts_queued: false,
            silence_due_ms: None,
        };
        self.server.windows.insert(id, window);
        self.window_activity(id);
        id
    }

    /// Makes a pane the active one of its window. Returns false when it already was.
    pub fn set_active_pane(&mut self, window: WindowId, pane: PaneId, notify: bool) -> bool {
        let Some(w) = self.server.window(window) else { return false };
        if w.active == pane {
            return false;
        }
        if w.flags.contains(WindowFlags::ZOOMED) {
            self.unzoom(window, true);
        }
        let Some(w) = self.server.windows.get_mut(&window) else { return false };
        let last = std::mem::replace(&mut w.active, pane);
        w.last_panes.retain(|p| *p != pane && *p != last);
        if w.panes.contains(&last) {
            w.last_panes.insert(0, last);
        }
        if let Some(p) = self.server.panes.get_mut(&pane) {
            p.active_point = self.server.active_point;
            p.flags |= PaneFlags::CHANGED;
            self.server.active_point += 1;
        }
        if self.server.option(OptionScope::Server, opt::FOCUS_EVENTS) {
            self.update_pane_focus(last);
            self.update_pane_focus(pane);
        }
        self.server.redraw_window(window);
        if notify {
            self.server.notify_pane_changed(window, pane, last);
        }
        true
    }

    /// Makes a pane active because a user selected it: a floating pane is also raised.
    pub fn switch_active_pane(&mut self, window: WindowId, pane: PaneId) -> bool {
        if self.server.window(window).is_some_and(|w| w.active != pane && w.layout.is_floating(pane)) {
            self.raise_pane(pane);
        }
        self.set_active_pane(window, pane, true)
    }

    /// Removes a pane from the window's records: active, last, marked.
    pub fn lost_pane(&mut self, window: WindowId, pane: PaneId) {
        if self.server.marked.is_some_and(|m| m.pane == pane) {
            self.server.marked = None;
        }
        let Some(w) = self.server.windows.get_mut(&window) else { return };
        w.last_panes.retain(|p| *p != pane);
        if w.active != pane {
            return;
        }
        let at = w.panes.iter().position(|p| *p == pane);
        let beside = at.and_then(|at| {
            at.checked_sub(1).and_then(|before| w.panes.get(before)).or_else(|| w.panes.get(at + 1))
        });
        let Some(next) = w.last_panes.first().or(beside).copied() else {
            w.active = NO_PANE;
            return;
        };
        w.last_panes.retain(|p| *p != next);
        w.active = next;
        if let Some(p) = self.server.panes.get_mut(&next) {
            p.flags |= PaneFlags::CHANGED;
        }
        self.server.notify_pane_changed(window, next, pane);
        self.update_window_focus(window);
    }

    /// Destroys a window that is not linked anywhere any more, with its panes.
    pub(super) fn drop_window(&mut self, window: WindowId) {
        self.unzoom(window, false);
        self.server.notify_window(EventKind::WindowClosed, window);
        self.server.leave_window_to_notifications(window);
        let Some(w) = self.server.windows.remove(&window) else { return };
        for pane in w.panes {
            self.destroy_pane_object(pane);
        }
    }

    /// Unlinks a window from all sessions; sessions left empty are destroyed.
    pub fn kill_window(&mut self, window: WindowId, renumber: bool) {
        for session in self.server.sessions_by_name() {
            if !self.server.session_has(session, window) {
                continue;
            }
            self.unzoom_and_redraw(window);
            while let Some(index) = self.server.winlink_of(session, window) {
                if self.detach_winlink(session, index) {
                    self.destroy_session_group(session);
                    break;
                }
                self.server.redraw_session_group(session);
            }
            if renumber {
                self.renumber_session(session);
            }
        }
        self.recalculate_sizes();
    }

    /// Renumbers the windows of a session (and its group) if `renumber-windows` is on.
    pub fn renumber_session(&mut self, session: SessionId) {
        if self.server.session(session).is_none()
            || !self.server.option(OptionScope::Session(session), opt::RENUMBER_WINDOWS)
        {
            return;
        }
        for member in self.server.group_members(session) {
            self.server.renumber_windows(member);
        }
    }

    /// Calls `renumber_session` for every session.
    pub fn renumber_all(&mut self) {
        for session in self.server.sessions_by_name() {
            self.renumber_session(session);
        }
    }

    /// Links a window into a session (`link-window`, `move-window`).
    pub fn link_window(
        &mut self,
        (src, src_index): (SessionId, i32),
        (dst, dst_index): (SessionId, Option<i32>),
        kill: bool,
        select: bool,
    ) -> Result<(), String> {
        let group = self.server.session(src).and_then(|s| s.group.clone());
        if src != dst && group.is_some() && group == self.server.session(dst).and_then(|s| s.group.clone()) {
            return Err("sessions are grouped".to_owned());
        }
        let Some(window) = self.server.winlink_window(src, src_index) else { return Ok(()) };
        let mut select = select;
        if let Some(index) = dst_index
            && let Some(there) = self.server.winlink_window(dst, index)
        {
            if there == window {
                return Err(format!("same index: {index}"));
            }
            if kill && self.clear_index(dst, index) {
                select = true;
            }
        }
        let new_index = self.attach_window(dst, window, dst_index)?;
        if let Some(marked) = self.server.marked.as_mut()
            && marked.link == (src, src_index)
        {
            marked.link = (dst, new_index);
        }
        if select {
            self.select_winlink(dst, Some(new_index));
        }
        self.server.redraw_session_group(dst);
        Ok(())
    }

    /// Unlinks a winlink; its session is destroyed if that was its last.
    pub fn unlink_window(&mut self, session: SessionId, index: i32) {
        if self.detach_winlink(session, index) {
            self.destroy_session_group(session);
        } else {
            self.server.redraw_session_group(session);
        }
    }
}
