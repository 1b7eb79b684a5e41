//! Objects that a target refers to: a session, a winlink, a window and a pane together.
//!
//! This file makes states from objects, `target` resolves targets as users write them, `client` finds
//! clients.

use crate::base::{ClientId, MouseEvent, PaneId, SessionId, WindowId};
use crate::syntax::table::FindFlags;

use super::{Client, Server, Session};

mod client;
mod target;

pub use target::FindRequest;

/// A resolved target, or the current state. Ids may be gone by the time it is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct FindState {
    pub session: Option<SessionId>,
    /// Index of the winlink in `session`.
    pub winlink: Option<i32>,
    pub window: Option<WindowId>,
    pub pane: Option<PaneId>,
    /// Index asked for at which there is no window yet (`-t :7` of `new-window`).
    pub index: Option<i32>,
    /// `Server::next_link` when it was found: a winlink made later at the same index is a different one.
    pub found: u64,
}

impl FindState {
    /// The state of a session: its current window and active pane.
    pub fn from_session(server: &Server, session: SessionId) -> Self {
        let winlink = server.session(session).map(|s| s.current);
        let window = server.current_window(session);
        let pane = window.and_then(|w| server.window(w)).map(|w| w.active);
        let session = server.session(session).map(|s| s.id);
        Self { session, winlink, window, pane, index: None, found: server.next_link }
    }

    /// The state of a winlink, with its active pane.
    pub fn from_winlink(server: &Server, session: SessionId, index: i32) -> Self {
        let window = server.winlink_window(session, index);
        let pane = window.and_then(|w| server.window(w)).map(|w| w.active);
        let winlink = window.map(|_| index);
        Self { session: Some(session), winlink, window, pane, index: None, found: server.next_link }
    }

    /// The state of a winlink and a pane of its window.
    pub fn from_winlink_pane(server: &Server, session: SessionId, index: i32, pane: PaneId) -> Self {
        Self { pane: Some(pane), index: Some(index), ..Self::from_winlink(server, session, index) }
    }

    /// The state of a window, in the best session that shows it.
    pub fn from_window(server: &Server, window: WindowId) -> Self {
        let Some(w) = server.window(window) else { return Self::default() };
        let Some((session, index)) = server.best_winlink(window) else { return Self::default() };
        Self {
            session: Some(session),
            winlink: Some(index),
            window: Some(window),
            pane: Some(w.active),
            index: Some(index),
            found: server.next_link,
        }
    }

    /// The state of a pane, in the best session that shows its window.
    pub fn from_pane(server: &Server, pane: PaneId) -> Self {
        let Some(p) = server.pane(pane) else { return Self::default() };
        let state = Self::from_window(server, p.window);
        if state.window.is_some() { Self { pane: Some(pane), ..state } } else { state }
    }

    /// The state of the pane that a mouse event hit, if any.
    pub fn from_mouse(server: &Server, mouse: &MouseEvent) -> Option<Self> {
        let (session, index, pane) = server.mouse_pane(mouse)?;
        Some(Self { pane: Some(pane), ..Self::from_winlink(server, session, index) })
    }

    /// The state of the best session, if there is any.
    pub fn from_nothing(server: &Server, flags: FindFlags) -> Option<Self> {
        let session = server.best_session(server.sessions.values(), flags)?;
        let state = Self::from_session(server, session);
        Some(Self { index: state.winlink, ..state })
    }

    /// The state that an attached client shows.
    pub fn from_client(server: &Server, client: ClientId) -> Self {
        let Some(c) = server.client(client) else { return Self::default() };
        let Some(session) = c.session else { return Self::default() };
        let state = Self::from_session(server, session);
        Self { pane: server.client_pane(c).or(state.pane), ..state }
    }

    /// The current state for commands of a client: what the client shows; else the session of the pane
    /// that it runs in; else the best session. `None` without sessions.
    pub fn current_for(server: &Server, client: Option<ClientId>, flags: FindFlags) -> Option<Self> {
        let Some(c) = client.and_then(|id| server.client(id)) else {
            return Self::from_nothing(server, flags);
        };
        if c.session.is_some() {
            return Some(Self::from_client(server, c.id));
        }
        let window = server.inside_pane(c).and_then(|pane| server.pane(pane)).map(|p| p.window);
        let Some(session) = window.and_then(|w| server.best_session_with(w, flags)) else {
            return Self::from_nothing(server, flags);
        };
        // tmux: uses the session's current window, not the one that the client runs in.
        let state = Self::from_session(server, session);
        let index = window.and_then(|w| server.best_index(session, w));
        Some(Self { index, ..state })
    }

    /// True if all its objects still exist and belong together.
    pub fn is_valid(&self, server: &Server) -> bool {
        let (Some(s), Some(wl), Some(w), Some(p)) = (self.session, self.winlink, self.window, self.pane)
        else {
            return false;
        };
        let link = server.session(s).and_then(|s| s.winlinks.get(&wl));
        link.is_some_and(|link| link.window == w && link.made <= self.found)
            && server.window(w).is_some_and(|w| w.panes.contains(&p))
    }
}

impl Server {
    /// True if one session is a better guess than another.
    fn is_better(&self, session: &Session, than: &Session, flags: FindFlags) -> bool {
        if flags.contains(FindFlags::PREFER_UNATTACHED) {
            match (than.attached != 0, session.attached != 0) {
                (true, false) => return true,
                (false, true) => return false,
                _ => {}
            }
        }
        session.activity_order > than.activity_order
    }

    /// The best guess among sessions: the one used last.
    pub fn best_session<'a>(
        &self,
        sessions: impl IntoIterator<Item = &'a Session>,
        flags: FindFlags,
    ) -> Option<SessionId> {
        let mut best: Option<&Session> = None;
        for session in sessions {
            if best.is_none_or(|best| self.is_better(session, best, flags)) {
                best = Some(session);
            }
        }
        best.map(|s| s.id)
    }

    /// The best session that shows a window.
    pub fn best_session_with(&self, window: WindowId, flags: FindFlags) -> Option<SessionId> {
        let w = self.window(window)?;
        self.best_session(w.winlinks.iter().filter_map(|(s, _)| self.session(*s)), flags)
    }

    /// The index at which a session shows a window: its current winlink, else the first.
    pub fn best_index(&self, session: SessionId, window: WindowId) -> Option<i32> {
        let s = self.session(session)?;
        if self.current_window(session) == Some(window) {
            return Some(s.current);
        }
        self.winlink_of(session, window)
    }

    /// The best session and index that show a window.
    pub fn best_winlink(&self, window: WindowId) -> Option<(SessionId, i32)> {
        let session = self.best_session_with(window, FindFlags::empty())?;
        Some((session, self.best_index(session, window)?))
    }

    /// The pane that an unattached client runs in: by its terminal or by `TMUX_PANE`.
    pub fn inside_pane(&self, client: &Client) -> Option<PaneId> {
        let by_tty = self.panes.values().find(|p| p.has_terminal() && p.tty == client.tty);
        if let Some(pane) = by_tty {
            return Some(pane.id);
        }
        let id = PaneId::parse(client.environ.get("TMUX_PANE")?)?;
        self.pane(id).map(|p| p.id)
    }

    /// The state of the best session, if there is any.
    pub fn find_from_nothing(&self) -> Option<FindState> {
        FindState::from_nothing(self, FindFlags::empty())
    }

    /// The state of the pane that a mouse event hit, if any.
    pub fn find_from_mouse(&self, mouse: &MouseEvent) -> Option<FindState> {
        FindState::from_mouse(self, mouse)
    }

    /// The session, and the winlink if any, that a mouse event hit.
    pub fn mouse_window(&self, mouse: &MouseEvent) -> Option<(SessionId, Option<i32>)> {
        if !mouse.valid {
            return None;
        }
        let session = self.session(mouse.session?)?;
        match mouse.window {
            None => Some((session.id, Some(session.current))),
            Some(window) => {
                self.window(window)?;
                Some((session.id, self.winlink_of(session.id, window)))
            }
        }
    }

    /// The session, winlink and pane that a mouse event hit.
    pub fn mouse_pane(&self, mouse: &MouseEvent) -> Option<(SessionId, i32, PaneId)> {
        let (session, index) = self.mouse_window(mouse)?;
        let index = index?;
        let window = self.window(self.winlink_window(session, index)?)?;
        let pane = mouse.pane.unwrap_or(window.active);
        window.panes.contains(&pane).then_some((session, index, pane))
    }

    /// The position in a pane that a mouse event hit; `last`: that of the event before it.
    pub fn mouse_at(&self, pane: PaneId, mouse: &MouseEvent, last: bool) -> Option<(u32, u32)> {
        let p = self.pane(pane)?;
        let (x, y) = if last { (mouse.last_x, mouse.last_y) } else { (mouse.x, mouse.y) };
        let (x, mut y) = (x + mouse.ox, y + mouse.oy);
        if mouse.status_at == Some(0) && y >= mouse.status_lines {
            y -= mouse.status_lines;
        }
        let x = u32::try_from(x as i32 - p.x).ok().filter(|&x| x < p.size.cols)?;
        let y = u32::try_from(y as i32 - p.y).ok().filter(|&y| y < p.size.rows)?;
        Some((x, y))
    }
}
