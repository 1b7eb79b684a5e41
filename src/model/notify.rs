//! Notifications: something happened that hooks and control clients are told of. They are
//! queued, so that they are delivered in order and never in the middle of a command.

use crate::base::{ClientId, PaneId, SessionId, WindowId};

use super::Server;
use super::find::FindState;

/// One event, by its hook name (`session-created`, `pane-exited`, …).
#[derive(Clone, Debug, Default)]
pub struct Notification {
    pub name: &'static str,
    pub current: FindState,
    pub client: Option<ClientId>,
    pub session: Option<SessionId>,
    pub window: Option<WindowId>,
    pub pane: Option<PaneId>,
    /// Name of the paste buffer concerned.
    pub buffer: Option<String>,
    /// What the window or session was like when it went, if it went before the delivery.
    pub gone: Option<Gone>,
    /// Format variables for the hook's commands (`hook_session_name` and so on), in order.
    pub formats: Vec<(String, String)>,
}

/// The last of a window or session. tmux: a notification keeps what it is about alive, so what
/// is told is its state when it went.
#[derive(Clone, Debug)]
pub struct Gone {
    pub name: String,
    /// The active pane of a window.
    pub active: Option<PaneId>,
    /// Panes of a window whose modes ended with it, which is told once this was delivered.
    pub modes_ended: Vec<PaneId>,
}

impl Server {
    /// A window goes: notifications of it that wait keep what they tell.
    pub(super) fn leave_window_to_notifications(&mut self, window: WindowId) {
        let Some(w) = self.windows.get(&window) else { return };
        let active = Some(w.active).filter(|pane| w.panes.contains(pane));
        let gone = Gone { name: w.name.clone(), active, modes_ended: Vec::new() };
        for notification in self.queues.notifications_mut().filter(|n| n.window == Some(window)) {
            notification.gone = Some(gone.clone());
        }
    }

    /// The same for a session.
    pub(super) fn leave_session_to_notifications(&mut self, session: SessionId) {
        let Some(s) = self.sessions.get(&session) else { return };
        let gone = Gone { name: s.name.clone(), active: None, modes_ended: Vec::new() };
        let about = |n: &&mut Notification| n.session == Some(session) && n.window.is_none();
        for notification in self.queues.notifications_mut().filter(about) {
            notification.gone = Some(gone.clone());
        }
    }

    /// Queues a notification. Variables that describe what may be gone by the time it is
    /// delivered are taken down now.
    pub fn notify(&mut self, mut notification: Notification) {
        // tmux: what the hook of a notification does tells neither hooks nor control clients.
        if self.queues.silent {
            return;
        }
        let mut add = |name: &str, value: String| notification.formats.push((name.to_owned(), value));
        add("hook", notification.name.to_owned());
        if let Some(client) = notification.client.and_then(|id| self.clients.get(&id)) {
            add("hook_client", client.name.clone());
        }
        if let Some(session) = notification.session.and_then(|id| self.sessions.get(&id)) {
            add("hook_session", session.id.to_string());
            add("hook_session_name", session.name.clone());
        }
        if let Some(window) = notification.window.and_then(|id| self.windows.get(&id)) {
            add("hook_window", window.id.to_string());
            add("hook_window_name", window.name.clone());
        }
        if let Some(pane) = notification.pane {
            add("hook_pane", pane.to_string());
        }
        let items = self.queues.notification(notification);
        self.queues.append(None, items);
    }

    pub fn notify_session(&mut self, name: &'static str, session: SessionId) {
        let current = FindState::from_session(self, session);
        self.notify(Notification { name, current, session: Some(session), ..Default::default() });
    }

    pub fn notify_window(&mut self, name: &'static str, window: WindowId) {
        let current = FindState::from_window(self, window);
        self.notify(Notification { name, current, window: Some(window), ..Default::default() });
    }

    pub fn notify_pane(&mut self, name: &'static str, pane: PaneId) {
        let current = FindState::from_pane(self, pane);
        let window = current.window;
        self.notify(Notification { name, current, window, pane: Some(pane), ..Default::default() });
    }

    /// A mode ended with its pane: its hooks run where nothing in particular is. tmux: a window
    /// that goes with its panes is held by the notifications of it that wait, the last of which
    /// ends it.
    pub fn notify_gone_mode(&mut self, window: WindowId, pane: PaneId) {
        if !self.windows.contains_key(&window) {
            let waiting = self.queues.notifications_mut().filter(|n| n.window == Some(window));
            if let Some(gone) = waiting.last().and_then(|n| n.gone.as_mut()) {
                gone.modes_ended.push(pane);
                return;
            }
        }
        let (window, pane) = (Some(window), Some(pane));
        self.notify(Notification { name: "pane-mode-changed", window, pane, ..Default::default() });
    }

    pub fn notify_client(&mut self, name: &'static str, client: ClientId) {
        let current = FindState::from_client(self, client);
        let session = self.clients.get(&client).and_then(|c| c.session);
        self.notify(Notification { name, current, client: Some(client), session, ..Default::default() });
    }

    pub fn notify_buffer(&mut self, name: &'static str, buffer: &str) {
        self.notify(Notification { name, buffer: Some(buffer.to_owned()), ..Default::default() });
    }
}
