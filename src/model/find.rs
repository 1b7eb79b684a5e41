//! What a target stands for: a session, a winlink, a window and a pane, together.

use crate::base::{ClientId, PaneId, SessionId, WindowId};

use super::Server;

/// A resolved target, or the current state. Ids may be gone by the time it is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FindState {
    pub session: Option<SessionId>,
    /// Index of the winlink in `session`.
    pub winlink: Option<i32>,
    pub window: Option<WindowId>,
    pub pane: Option<PaneId>,
    /// Window index asked for where there is no window yet (`-t :7` of `new-window`).
    pub index: Option<i32>,
}

impl FindState {
    /// A session with its current window and active pane.
    pub fn from_session(server: &Server, session: SessionId) -> Self {
        let winlink = server.session(session).map(|s| s.current);
        let window = server.current_window(session);
        let pane = window.and_then(|w| server.window(w)).map(|w| w.active);
        Self { session: server.session(session).map(|s| s.id), winlink, window, pane, index: None }
    }

    /// A winlink of a session with its active pane.
    pub fn from_winlink(server: &Server, session: SessionId, index: i32) -> Self {
        let window = server.winlink_window(session, index);
        let pane = window.and_then(|w| server.window(w)).map(|w| w.active);
        Self { session: Some(session), winlink: window.map(|_| index), window, pane, index: None }
    }

    /// A window, in the best session that shows it.
    pub fn from_window(server: &Server, window: WindowId) -> Self {
        let Some(w) = server.window(window) else { return Self::default() };
        let place = server.best_winlink(window);
        Self {
            session: place.map(|p| p.0),
            winlink: place.map(|p| p.1),
            window: Some(window),
            pane: Some(w.active),
            index: None,
        }
    }

    /// A pane, in the best session that shows its window.
    pub fn from_pane(server: &Server, pane: PaneId) -> Self {
        let Some(p) = server.pane(pane) else { return Self::default() };
        Self { pane: Some(pane), ..Self::from_window(server, p.window) }
    }

    /// What a client looks at.
    pub fn from_client(server: &Server, client: ClientId) -> Self {
        match server.client(client).and_then(|c| c.session) {
            Some(session) => Self::from_session(server, session),
            None => Self::default(),
        }
    }

    /// Whether all that it names is still there and still belongs together.
    pub fn is_valid(&self, server: &Server) -> bool {
        let (Some(s), Some(wl), Some(w), Some(p)) = (self.session, self.winlink, self.window, self.pane)
        else {
            return false;
        };
        server.winlink_window(s, wl) == Some(w) && server.window(w).is_some_and(|w| w.panes.contains(&p))
    }
}

impl Server {
    /// The session and index that a window is best shown in: an attached session first, then
    /// the one used last; its current winlink if that is the window, else the lowest index.
    pub fn best_winlink(&self, window: WindowId) -> Option<(SessionId, i32)> {
        let w = self.window(window)?;
        let session = w
            .winlinks
            .iter()
            .filter_map(|(s, _)| self.session(*s))
            .max_by_key(|s| (s.attached > 0, s.activity_order))?;
        if self.current_window(session.id) == Some(window) {
            return Some((session.id, session.current));
        }
        session.winlinks.iter().find(|(_, wl)| wl.window == window).map(|(index, _)| (session.id, *index))
    }
}
