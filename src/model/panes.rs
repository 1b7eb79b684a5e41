//! Panes: removing, killing and ending them; their focus and modes.

use crate::base::{PaneId, WindowId};
use crate::options::opt;

use super::client::ClientFlags;
use super::events::EventKind;
use super::host::ExitStatus;
use super::mode::{BusyMode, ModeEntry};
use super::option_access::OptionScope;
use super::pane::PaneFlags;
use super::waits::News;
use super::{Client, Cx, Pane, Server};

/// Result of handling a pane whose program has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PaneEnd {
    /// The pane is gone.
    Gone,
    /// The pane stays, and the caller has to draw `remain-on-exit-format` into it.
    Kept,
    /// Nothing to do: the end was handled before, or the status is not known yet.
    Unchanged,
}

impl Pane {
    /// Marks the pane's style as changed; `more` holds further flags to set.
    pub fn mark_style(&mut self, more: PaneFlags) {
        self.flags |= PaneFlags::STYLE_CHANGED | more;
        self.terminal.lock().style_changed();
    }

    /// Name of the mode on top.
    pub fn mode_name(&self) -> Option<&'static str> {
        self.modes.first().map(|entry| entry.mode.name())
    }

    /// True if the pane has a terminal that is open.
    pub fn has_terminal(&self) -> bool {
        !self.tty.is_empty() && !self.flags.intersects(PaneFlags::CLOSED | PaneFlags::EMPTY)
    }

    /// True if input cannot reach a program: there is none, or it has ended.
    pub fn has_exited(&self) -> bool {
        !self.has_terminal() || self.flags.contains(PaneFlags::EXITED)
    }
}

impl Server {
    /// The pane a client's input goes to.
    pub fn client_pane(&self, client: &Client) -> Option<PaneId> {
        let window = self.client_window(client)?;
        let active = self.window(window)?.active;
        if !client.flags.contains(ClientFlags::ACTIVE_PANE) {
            return Some(active);
        }
        match client.windows.get(&window) {
            None => Some(active),
            Some(view) => view.pane,
        }
    }

    /// Sets a client's own active pane in a window (flag `active-pane`).
    pub fn set_client_pane(&mut self, client: crate::base::ClientId, pane: PaneId) {
        let Some(window) = self.client(client).and_then(|c| self.client_window(c)) else { return };
        if let Some(c) = self.clients.get_mut(&client) {
            c.windows.entry(window).or_default().pane = Some(pane);
        }
    }

    /// Removes a pane that is closed from the clients' own active panes.
    pub(super) fn forget_client_pane(&mut self, window: WindowId, pane: PaneId) {
        for client in self.clients.values_mut() {
            if client.windows.get(&window).is_some_and(|view| view.pane == Some(pane)) {
                client.windows.remove(&window);
            }
            if client.mouse.last_pane == Some(pane) {
                client.mouse.last_pane = None;
                client.mouse.drag = None;
            }
        }
    }
}

impl Cx<'_> {
    /// Calls a function with a pane's top mode, which is taken out of the pane meanwhile.
    pub fn with_top_mode<R>(
        &mut self,
        pane: PaneId,
        run: impl FnOnce(&mut Cx<'_>, &mut ModeEntry) -> R,
    ) -> Option<R> {
        let top = self.server.panes.get_mut(&pane)?.modes.first_mut()?;
        let name = top.mode.name();
        let busy = ModeEntry { mode: Box::new(BusyMode::new(name)), prefix: 1, size: top.size };
        let mut entry = std::mem::replace(top, busy);
        let result = run(&mut self.reborrow(), &mut entry);
        let place = self
            .server
            .panes
            .get_mut(&pane)
            .and_then(|p| p.modes.iter_mut().find(|e| e.mode.name() == name && e.mode.is_busy()));
        match place {
            Some(place) => *place = entry,
            None => entry.mode.close(&mut self.reborrow(), pane),
        }
        Some(result)
    }

    /// Closes all modes of a pane.
    pub fn reset_modes(&mut self, pane: PaneId) {
        while let Some(p) = self.server.panes.get_mut(&pane)
            && !p.modes.is_empty()
        {
            let mut entry = p.modes.remove(0);
            p.flags |= PaneFlags::REDRAW | PaneFlags::CHANGED;
            if p.modes.is_empty() {
                p.flags -= PaneFlags::UNSEEN_CHANGES;
            }
            let window = p.window;
            entry.mode.close(&mut self.reborrow(), pane);
            self.fix_panes(window, None);
            self.server.redraw_window(window);
            self.server.status_window(window);
            let (left, now) = (entry.mode.name(), self.server.pane(pane).and_then(|p| p.mode_name()));
            self.server.notify_mode(pane, Some(left), now, false);
        }
    }

    /// Takes a pane out of its window and ends it. Its cell has already been removed.
    pub fn remove_pane(&mut self, pane: PaneId) {
        let Some(window) = self.server.pane(pane).map(|p| p.window) else { return };
        self.lost_pane(window, pane);
        if let Some(w) = self.server.windows.get_mut(&window) {
            w.panes.retain(|p| *p != pane);
            w.z_order.retain(|p| *p != pane);
        }
        self.destroy_pane_object(pane);
    }

    /// Ends a pane that belongs to no window's lists any more.
    pub(super) fn destroy_pane_object(&mut self, pane: PaneId) {
        self.tell_waiters(pane, &News::Gone);
        let Some(mut p) = self.server.panes.remove(&pane) else { return };
        self.server.forget_client_pane(p.window, pane);
        for entry in &mut p.modes {
            entry.mode.close(&mut self.reborrow(), pane);
            self.server.notify_gone_mode(p.window, pane);
        }
        if p.pipe.take().is_some() {
            self.host.pipe_pane(pane, None);
        }
        if self.host.keeps_history(pane) {
            p.terminal.lock().keep_screen();
        }
        self.host.pane_close(pane);
    }

    /// Kills a pane; its window is killed with its last pane.
    pub fn kill_pane(&mut self, pane: PaneId) {
        let Some(window) = self.server.pane(pane).map(|p| p.window) else { return };
        if self.server.window(window).is_some_and(|w| w.panes.len() == 1) {
            self.kill_window(window, true);
            self.recalculate_sizes();
            return;
        }
        self.unzoom_and_redraw(window);
        self.end_pane(pane);
        self.server.redraw_window(window);
    }

    /// Takes a pane out of its window's layout and lists and ends it. The window must not be zoomed, and
    /// may be left without panes.
    pub fn end_pane(&mut self, pane: PaneId) {
        let Some(window) = self.server.pane(pane).map(|p| p.window) else { return };
        self.server.forget_client_pane(window, pane);
        self.close_cell(pane);
        self.remove_pane(pane);
    }

    /// Called when a pane's program has ended: the pane is closed, or kept as `remain-on-exit` says.
    pub fn destroy_pane(&mut self, pane: PaneId, notify: bool) -> PaneEnd {
        let remain = self.server.option_text(OptionScope::Pane(pane), opt::REMAIN_ON_EXIT);
        let Some(p) = self.server.panes.get_mut(&pane) else { return PaneEnd::Unchanged };
        p.flags |= PaneFlags::CLOSED;
        let failed = p.status != Some(ExitStatus::Exited(0));
        let keep = match remain.as_str() {
            "off" => false,
            _ if !p.flags.contains(PaneFlags::STATUS_READY) => return PaneEnd::Unchanged,
            "failed" => failed,
            _ => true,
        };
        if keep {
            if p.flags.contains(PaneFlags::STATUS_DRAWN) {
                return PaneEnd::Unchanged;
            }
            p.flags |= PaneFlags::STATUS_DRAWN | PaneFlags::REDRAW;
            p.dead_time = self.now;
            let window = p.window;
            p.terminal.lock().set_modes(crate::terminal::Modes::CURSOR, false);
            self.host.pane_close(pane);
            self.server.ended_panes.push(pane);
            if notify {
                self.server.notify_pane_end(EventKind::PaneDied, pane);
            }
            self.server.redraw_window(window);
            return PaneEnd::Kept;
        }
        let window = p.window;
        if notify {
            self.server.notify_pane_end(EventKind::PaneExited, pane);
        }
        self.unzoom_and_redraw(window);
        self.end_pane(pane);
        if self.server.window(window).is_some_and(|w| w.panes.is_empty()) {
            self.kill_window(window, true);
        } else {
            self.server.redraw_window(window);
        }
        PaneEnd::Gone
    }

    /// Updates the focus of a window's active pane.
    pub fn update_window_focus(&mut self, window: WindowId) {
        if let Some(active) = self.server.window(window).map(|w| w.active) {
            self.update_pane_focus(active);
        }
    }

    /// Notifies a pane's program and hooks if the pane's focus changed.
    pub fn update_pane_focus(&mut self, pane: PaneId) {
        let Some(p) = self.server.pane(pane) else { return };
        if p.flags.contains(PaneFlags::EXITED) {
            return;
        }
        let window = p.window;
        let is_active = self.server.window(window).is_some_and(|w| w.active == pane);
        let focused = is_active
            && self.server.clients.values().any(|c| {
                c.flags.contains(ClientFlags::FOCUSED)
                    && c.overlay.is_none()
                    && self.server.client_window(c) == Some(window)
                    && c.session.and_then(|s| self.server.session(s)).is_some_and(|s| s.attached != 0)
            });
        if focused == p.flags.contains(PaneFlags::FOCUSED) {
            return;
        }
        if self.wants_focus(pane) {
            self.host.pane_write(pane, if focused { b"\x1b[I" } else { b"\x1b[O" });
        }
        if let Some(p) = self.server.panes.get_mut(&pane) {
            p.flags.set(PaneFlags::FOCUSED, focused);
        }
        self.server.notify_pane(if focused { EventKind::PaneFocusIn } else { EventKind::PaneFocusOut }, pane);
    }
}
