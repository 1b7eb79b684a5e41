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
    /// Format variables for the hook's commands (`hook_session_name` and so on), in order.
    pub formats: Vec<(String, String)>,
}

impl Server {
    /// Queues a notification. Variables that describe what may be gone by the time it is
    /// delivered are taken down now.
    pub fn notify(&mut self, mut notification: Notification) {
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

    pub fn notify_client(&mut self, name: &'static str, client: ClientId) {
        let current = FindState::from_client(self, client);
        let session = self.clients.get(&client).and_then(|c| c.session);
        self.notify(Notification { name, current, client: Some(client), session, ..Default::default() });
    }

    pub fn notify_buffer(&mut self, name: &'static str, buffer: &str) {
        self.notify(Notification { name, buffer: Some(buffer.to_owned()), ..Default::default() });
    }
}
