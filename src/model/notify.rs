//! Notifications: events that hooks and control clients get. They are queued, so that they are delivered
//! in order and never in the middle of a command.

use crate::base::{ClientId, PaneId, SessionId, Size, WindowId};

use super::Server;
use super::events::{Datum, EventKind, EventName, Payload};
use super::find::FindState;

/// One event that has a hook.
#[derive(Clone, Debug, Default)]
pub struct Notification {
    pub kind: EventKind,
    pub current: FindState,
    pub client: Option<ClientId>,
    pub session: Option<SessionId>,
    pub window: Option<WindowId>,
    pub pane: Option<PaneId>,
    /// Name of the paste buffer concerned.
    pub buffer: Option<String>,
    /// Last state of the window or session, if it was destroyed before the delivery.
    pub gone: Option<Gone>,
    /// More data of the event.
    pub payload: Payload,
    /// Format variables for the hook's commands (`hook_session_name` and so on), in order.
    pub formats: Vec<(String, String)>,
}

/// Last state of a window or session. tmux: a notification keeps its object alive, so it shows the
/// object's state at its end.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Gone {
    pub name: String,
    /// The active pane of a window.
    pub active: Option<PaneId>,
    /// Panes whose modes ended with the window: they are notified after this notification.
    pub modes_ended: Vec<PaneId>,
}

impl Notification {
    /// Adds a value to the payload.
    pub fn with(mut self, name: &str, value: impl Into<Datum>) -> Self {
        self.payload.set(name, value);
        self
    }

    /// Adds a value to the payload if there is one.
    pub fn with_some(self, name: &str, value: Option<impl Into<Datum>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds the new and the old size.
    pub fn with_sizes(self, new: Size, old: Size) -> Self {
        let new = self.with("width", new.cols).with("height", new.rows);
        new.with("old_width", old.cols).with("old_height", old.rows)
    }
}

impl Server {
    /// Called when a window is destroyed: stores its last state in the notifications of it that wait.
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

    /// Fires an event and queues its notification. Variables of objects that may be gone at the delivery
    /// are computed now.
    pub fn notify(&mut self, mut notification: Notification) {
        let name = EventName::Kind(notification.kind);
        // Nobody listens to most of the events that tmux 3.7c does not have: skip their work.
        let hooked =
            || notification.kind.is_old() || self.has_hook(&notification.current, notification.kind.name());
        let hooked = !self.queues.silent && hooked();
        if !hooked && !self.events.wants(&name) {
            return;
        }
        let payload = self.payload_of(&notification);
        self.fire(name, notification.current, payload.clone());
        // tmux: commands in the hook of a notification notify neither hooks nor control clients.
        if !hooked {
            return;
        }
        notification.formats = self.hook_formats(&notification, &payload);
        let items = self.queues.notification(notification);
        self.queues.append(None, items);
    }

    /// All data of an event.
    fn payload_of(&self, notification: &Notification) -> Payload {
        let Notification { current, client, session, window, pane, buffer, .. } = notification;
        let mut payload = Payload::default();
        let mut add = |name: &str, datum: Option<Datum>| {
            if let Some(datum) = datum {
                payload.set(name, datum);
            }
        };
        let at_client = (client.is_some() && !current.eq(&FindState::default())).then_some(current);
        let session = session.or(at_client.and_then(|at| at.session));
        let window = window.or(at_client.and_then(|at| at.window));
        let pane = pane.or(at_client.and_then(|at| at.pane));
        add("client", client.and_then(|id| self.client_datum(id)));
        add("session", session.and_then(|id| self.session_datum(id)));
        add("window", window.and_then(|id| self.window_datum(id)));
        add("pane", pane.map(Datum::Pane));
        add("paste_buffer", buffer.clone().map(Datum::Text));
        if at_client.is_some() || (session.is_some() && window.is_some()) {
            add("window_index", current.winlink.map(Datum::from));
        }
        payload.extend(notification.payload.clone());
        payload
    }

    /// The variables of an event's hook. tmux: hooks of 3.7c see only those of these names that belong to
    /// the event's objects.
    fn hook_formats(&self, notification: &Notification, payload: &Payload) -> Vec<(String, String)> {
        const OLD: [&str; 6] = [
            "hook_client",
            "hook_session",
            "hook_session_name",
            "hook_window",
            "hook_window_name",
            "hook_pane",
        ];
        let mut formats = vec![("hook".to_owned(), notification.kind.name().to_owned())];
        let old = notification.kind.is_old();
        if old {
            formats.extend(self.old_formats(notification));
        }
        let known = payload.formats("hook_").into_iter();
        // Unlike 3.7c, the main branch names the pane and the window that became active: they are named once
        // something of the main branch was used.
        let of_main = self.monitors.in_use;
        let told = |name: &str| match notification.kind {
            EventKind::WindowPaneChanged => of_main && name == "hook_pane",
            EventKind::SessionWindowChanged => of_main && matches!(name, "hook_window" | "hook_window_name"),
            _ => false,
        };
        let hidden = |name: &str| old && OLD.contains(&name) && !told(name);
        formats.extend(known.filter(|(name, _)| !hidden(name)));
        formats
    }

    fn old_formats(&self, notification: &Notification) -> Vec<(String, String)> {
        let mut formats = Vec::new();
        let mut add = |name: &str, value: String| formats.push((name.to_owned(), value));
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
        formats
    }

    /// A notification about a pane; the caller adds more data.
    pub fn pane_notification(&self, kind: EventKind, pane: PaneId) -> Notification {
        let current = FindState::from_pane(self, pane);
        let window = self.pane(pane).map(|p| p.window);
        Notification { kind, current, window, pane: Some(pane), ..Default::default() }
    }

    /// A notification about a session; the caller adds more data.
    pub fn session_event(&self, kind: EventKind, session: SessionId) -> Notification {
        let current = FindState::from_session(self, session);
        Notification { kind, current, session: Some(session), ..Default::default() }
    }

    pub fn window_event(&self, kind: EventKind, window: WindowId) -> Notification {
        let current = FindState::from_window(self, window);
        Notification { kind, current, window: Some(window), ..Default::default() }
    }

    pub fn pane_event(&self, kind: EventKind, pane: PaneId) -> Notification {
        let current = FindState::from_pane(self, pane);
        let own = || self.pane(pane).map(|p| p.window).filter(|_| !kind.is_old());
        let window = current.window.or_else(own);
        Notification { kind, current, window, pane: Some(pane), ..Default::default() }
    }

    pub fn client_event(&self, kind: EventKind, client: ClientId) -> Notification {
        let current = FindState::from_client(self, client);
        let session = self.clients.get(&client).and_then(|c| c.session);
        Notification { kind, current, client: Some(client), session, ..Default::default() }
    }

    pub fn notify_session(&mut self, kind: EventKind, session: SessionId) {
        self.notify(self.session_event(kind, session));
    }

    pub fn notify_window(&mut self, kind: EventKind, window: WindowId) {
        self.notify(self.window_event(kind, window));
    }

    pub fn notify_pane(&mut self, kind: EventKind, pane: PaneId) {
        self.notify(self.pane_event(kind, pane));
    }

    pub fn notify_client(&mut self, kind: EventKind, client: ClientId) {
        self.notify(self.client_event(kind, client));
    }

    /// Notifies that a mode ended with its pane; the hooks run without a current session or window. tmux:
    /// notifications that wait keep a destroyed window alive, and its panes' modes end after the last of
    /// them.
    pub fn notify_gone_mode(&mut self, window: WindowId, pane: PaneId) {
        if !self.windows.contains_key(&window) {
            let waiting = self.queues.notifications_mut().filter(|n| n.window == Some(window));
            if let Some(gone) = waiting.last().and_then(|n| n.gone.as_mut()) {
                gone.modes_ended.push(pane);
                return;
            }
        }
        let (window, pane) = (Some(window), Some(pane));
        self.notify(Notification { kind: EventKind::PaneModeChanged, window, pane, ..Default::default() });
    }

    pub fn notify_buffer(&mut self, kind: EventKind, buffer: &str) {
        self.notify(Notification { kind, buffer: Some(buffer.to_owned()), ..Default::default() });
    }
}
