//! Events: what happens in the server, with its data, for hooks and subscribers.
//!
//! Everything that happens passes through `Server::fire`. It runs no hooks: `Server::notify` queues
//! those, and fires too. Subscribers (`wait-for -E`, `watch-events`) are called by
//! `Cx::tell_subscribers`, which runs after each command and each slice of a pane's output, so that only
//! the events of one command or slice ever wait.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use crate::base::{ClientId, PaneId, SessionId, WindowId};

use super::find::FindState;
use super::{Cx, Server};

macro_rules! kinds {
    ($($kind:ident $name:literal $since:ident,)*) => {
        /// All events, apart from commands (`after-…`) and events of users (`@…`).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub enum EventKind { #[default] $($kind,)* }

        impl EventKind {
            pub const ALL: &'static [EventKind] = &[$(EventKind::$kind,)*];

            /// The event's name, which is also the name of its hook.
            pub fn name(self) -> &'static str {
                match self { $(EventKind::$kind => $name,)* }
            }

            fn since(self) -> Since {
                match self { $(EventKind::$kind => Since::$since,)* }
            }
        }
    };
}

/// The version of tmux that has an event first.
#[derive(PartialEq, Eq)]
enum Since {
    /// tmux 3.7c: its hook sees the variables of that version.
    Old,
    /// tmux's main branch.
    Main,
    /// Only scopemux has it.
    Ours,
}

kinds! {
    AlertActivity "alert-activity" Old,
    AlertBell "alert-bell" Old,
    AlertSilence "alert-silence" Old,
    ClientActive "client-active" Old,
    ClientAttached "client-attached" Old,
    ClientClosed "client-closed" Main,
    ClientCreated "client-created" Main,
    ClientDarkTheme "client-dark-theme" Old,
    ClientDetached "client-detached" Old,
    ClientFocusIn "client-focus-in" Old,
    ClientFocusOut "client-focus-out" Old,
    ClientLightTheme "client-light-theme" Old,
    ClientResized "client-resized" Old,
    ClientSessionChanged "client-session-changed" Old,
    MarkedPaneChanged "marked-pane-changed" Main,
    PaneActivity "pane-activity" Main,
    PaneBell "pane-bell" Main,
    PaneCommandFinished "pane-command-finished" Main,
    PaneCommandStarted "pane-command-started" Main,
    PaneCreated "pane-created" Main,
    PaneDied "pane-died" Old,
    PaneExited "pane-exited" Old,
    PaneFocusIn "pane-focus-in" Old,
    PaneFocusOut "pane-focus-out" Old,
    PaneModeChanged "pane-mode-changed" Old,
    PaneModeEntered "pane-mode-entered" Main,
    PaneModeExited "pane-mode-exited" Main,
    PaneMoved "pane-moved" Main,
    PaneNotification "pane-notification" Ours,
    PaneOom "pane-oom" Ours,
    PanePromptClosed "pane-prompt-closed" Main,
    PanePromptOpened "pane-prompt-opened" Main,
    PaneResized "pane-resized" Main,
    PaneSetClipboard "pane-set-clipboard" Old,
    PaneShellPrompt "pane-shell-prompt" Main,
    PaneTitleChanged "pane-title-changed" Old,
    // Paste buffers: control clients and subscribers hear of them, but there is no hook.
    PasteBufferChanged "paste-buffer-changed" Old,
    PasteBufferDeleted "paste-buffer-deleted" Old,
    SessionAddedToGroup "session-added-to-group" Main,
    SessionClosed "session-closed" Old,
    SessionCreated "session-created" Old,
    SessionRemovedFromGroup "session-removed-from-group" Main,
    SessionRenamed "session-renamed" Old,
    SessionWindowChanged "session-window-changed" Old,
    WindowClosed "window-closed" Main,
    WindowCreated "window-created" Main,
    WindowLayoutChanged "window-layout-changed" Old,
    WindowLinked "window-linked" Old,
    WindowPaneChanged "window-pane-changed" Old,
    WindowRenamed "window-renamed" Old,
    WindowResized "window-resized" Old,
    WindowUnlinked "window-unlinked" Old,
    WindowUnzoomed "window-unzoomed" Main,
    WindowZoomed "window-zoomed" Main,
}

impl EventKind {
    /// True if users can set a hook for it.
    pub fn has_hook(self) -> bool {
        !matches!(self, Self::PasteBufferChanged | Self::PasteBufferDeleted)
    }

    /// True if tmux 3.7c has it too.
    pub fn is_old(self) -> bool {
        self.since() == Since::Old
    }
}

/// The name of an event.
#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(from = "String", into = "String")]
pub enum EventName {
    Kind(EventKind),
    /// `after-…`, `command-error`, and `@…` for events of users and monitors.
    Other(String),
}

impl From<String> for EventName {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

impl From<EventName> for String {
    fn from(name: EventName) -> Self {
        name.as_str().to_owned()
    }
}

impl EventName {
    /// True if only tmux's main branch has the event.
    pub fn is_of_main_branch(&self) -> bool {
        matches!(self, Self::Kind(kind) if kind.since() == Since::Main)
    }

    pub fn new(name: &str) -> Self {
        match EventKind::ALL.iter().find(|kind| kind.name() == name) {
            Some(kind) => Self::Kind(*kind),
            None => Self::Other(name.to_owned()),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Kind(kind) => kind.name(),
            Self::Other(name) => name,
        }
    }
}

/// One value of an event's payload. Names are those at the time of the event.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Datum {
    Text(String),
    Number(i64),
    /// Seconds since the Unix epoch.
    Time(i64),
    Client(String),
    Session(SessionId, String),
    Window(WindowId, String),
    Pane(PaneId),
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Client(text) => f.write_str(text),
            Self::Number(number) | Self::Time(number) => number.fmt(f),
            Self::Session(id, _) => id.fmt(f),
            Self::Window(id, _) => id.fmt(f),
            Self::Pane(id) => id.fmt(f),
        }
    }
}

impl From<String> for Datum {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Datum {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u32> for Datum {
    fn from(number: u32) -> Self {
        Self::Number(i64::from(number))
    }
}

impl From<i32> for Datum {
    fn from(number: i32) -> Self {
        Self::Number(i64::from(number))
    }
}

impl From<bool> for Datum {
    fn from(on: bool) -> Self {
        Self::Number(i64::from(on))
    }
}

impl From<PaneId> for Datum {
    fn from(pane: PaneId) -> Self {
        Self::Pane(pane)
    }
}

/// The data of an event, by name: `pane`, `window`, `exit_status`, … A hook sees them with `hook_` before
/// each name, and `hook_session_name` and the like for objects that have a name.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Payload(BTreeMap<String, Datum>);

impl Payload {
    pub fn set(&mut self, name: &str, value: impl Into<Datum>) {
        self.0.insert(name.to_owned(), value.into());
    }

    pub fn get(&self, name: &str) -> Option<&Datum> {
        self.0.get(name)
    }

    /// Iterates in order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Datum)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub fn extend(&mut self, other: Payload) {
        self.0.extend(other.0);
    }

    /// The data as format variables, with `prefix` before each name.
    pub fn formats(&self, prefix: &str) -> Vec<(String, String)> {
        let mut out = Vec::new();
        for (key, value) in self.iter() {
            out.push((format!("{prefix}{key}"), value.to_string()));
            if let Datum::Session(_, name) | Datum::Window(_, name) = value {
                out.push((format!("{prefix}{key}_name"), name.clone()));
            }
        }
        out
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    pub name: EventName,
    /// The place of the event; its objects may be gone when the event is handled.
    pub target: FindState,
    /// The data of the event; `event` is its name.
    pub payload: Payload,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SubscriptionId(u64);

/// Says whether a subscription stays after a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    On,
    Ended,
}

/// A subscriber to events.
pub trait OnEvent: Send {
    fn hear(&mut self, cx: &mut Cx<'_>, event: &Event) -> Keep;

    /// Its state as text for the next server; `None`: it cannot be handed over.
    fn save(&self) -> Option<String> {
        None
    }
}

impl<F: FnMut(&mut Cx<'_>, &Event) -> Keep + Send> OnEvent for F {
    fn hear(&mut self, cx: &mut Cx<'_>, event: &Event) -> Keep {
        self(cx, event)
    }
}

struct Subscription {
    /// The event subscribed to; `None`: every event.
    name: Option<EventName>,
    /// Number of the first event that it gets.
    since: u64,
    /// `None` while it runs.
    call: Option<Box<dyn OnEvent>>,
}

/// Subscribers to events, and the events that they have not been called with yet.
#[derive(Default)]
pub struct Events {
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    next: u64,
    /// Count of events fired.
    number: u64,
    waiting: VecDeque<(u64, Arc<Event>)>,
}

impl Events {
    pub fn unsubscribe(&mut self, id: SubscriptionId) {
        self.subscriptions.remove(&id);
    }

    /// All subscribers as text for the next server; `None`: one of them cannot be handed over.
    pub fn save(&self) -> Option<Vec<String>> {
        self.subscriptions.values().map(|s| s.call.as_ref()?.save()).collect()
    }

    /// True if an event of this name has a subscriber.
    pub fn wants(&self, name: &EventName) -> bool {
        self.subscriptions.values().any(|s| s.name.as_ref().is_none_or(|wanted| wanted == name))
    }
}

impl Server {
    /// Calls back for each later event of a name, or (`None`) for all.
    pub fn subscribe(&mut self, name: Option<EventName>, call: Box<dyn OnEvent>) -> SubscriptionId {
        let events = &mut self.events;
        events.next += 1;
        let id = SubscriptionId(events.next);
        let since = events.number;
        events.subscriptions.insert(id, Subscription { name, since, call: Some(call) });
        id
    }

    pub fn unsubscribe(&mut self, id: SubscriptionId) {
        self.events.unsubscribe(id);
    }

    /// Queues an event for its subscribers. Runs no hooks.
    pub fn fire(&mut self, name: EventName, target: FindState, mut payload: Payload) {
        if !self.events.wants(&name) {
            return;
        }
        payload.set("event", name.as_str());
        let number = self.events.number;
        self.events.number += 1;
        self.events.waiting.push_back((number, Arc::new(Event { name, target, payload })));
    }

    pub fn client_datum(&self, id: ClientId) -> Option<Datum> {
        self.clients.get(&id).map(|client| Datum::Client(client.name.clone()))
    }

    pub fn session_datum(&self, id: SessionId) -> Option<Datum> {
        self.sessions.get(&id).map(|session| Datum::Session(id, session.name.clone()))
    }

    pub fn window_datum(&self, id: WindowId) -> Option<Datum> {
        self.windows.get(&id).map(|window| Datum::Window(id, window.name.clone()))
    }
}

impl Cx<'_> {
    /// Calls the subscribers of the events that were fired.
    pub fn tell_subscribers(&mut self) {
        while let Some((number, event)) = self.server.events.waiting.pop_front() {
            let ids: Vec<SubscriptionId> = self.server.events.subscriptions.keys().copied().collect();
            for id in ids {
                let Some(subscription) = self.server.events.subscriptions.get_mut(&id) else { continue };
                let wanted = subscription.name.as_ref().is_none_or(|name| *name == event.name);
                if !wanted || subscription.since > number {
                    continue;
                }
                let Some(mut call) = subscription.call.take() else { continue };
                let keep = call.hear(&mut self.reborrow(), &event);
                match self.server.events.subscriptions.get_mut(&id) {
                    Some(subscription) if keep == Keep::On => subscription.call = Some(call),
                    _ => drop(self.server.events.subscriptions.remove(&id)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::Host;
    use super::super::test_host::TestHost;
    use super::*;

    fn fire(server: &mut Server, name: &str) {
        server.fire(EventName::new(name), FindState::default(), Payload::default());
    }

    #[test]
    fn every_kind_has_its_own_name() {
        for kind in EventKind::ALL {
            assert_eq!(EventName::new(kind.name()), EventName::Kind(*kind));
        }
        assert_eq!(EventName::new("@mine"), EventName::Other("@mine".to_owned()));
    }

    #[test]
    fn subscribers_are_told_of_what_happens_after_they_came_until_they_end() {
        let mut server = Server::default();
        let mut host = TestHost::default();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let watch = |server: &mut Server, name: Option<EventName>, mut left: u32| {
            let seen = seen.clone();
            let call = move |_: &mut Cx<'_>, event: &Event| {
                seen.lock().unwrap().push((left, event.payload.get("event").map(Datum::to_string)));
                left -= 1;
                if left == 0 { Keep::Ended } else { Keep::On }
            };
            server.subscribe(name, Box::new(call))
        };
        fire(&mut server, "@before");
        let all = watch(&mut server, None, 9);
        fire(&mut server, "@a");
        watch(&mut server, Some(EventName::new("@a")), 1);
        fire(&mut server, "@b");
        fire(&mut server, "@a");
        fire(&mut server, "@a");
        let host: &mut dyn Host = &mut host;
        let mut cx = Cx { server: &mut server, host, now: Default::default() };
        cx.tell_subscribers();
        let told = |left, name: &str| (left, Some(name.to_owned()));
        let expect = [told(9, "@a"), told(8, "@b"), told(7, "@a"), told(1, "@a"), told(6, "@a")];
        assert_eq!(*seen.lock().unwrap(), expect);
        cx.server.unsubscribe(all);
        assert!(!cx.server.events.wants(&EventName::new("@a")));
    }
}
