//! Alerts: bells, activity and silence in windows, and which clients get them.

use crate::base::{ClientId, PaneId, SessionId, WindowId};
use crate::options::key::of;
use crate::options::{Chain, OptionKey, opt};

use super::client::ClientFlags;
use super::events::EventKind;
use super::notify::Notification;
use super::option_access::OptionScope;
use super::session::WinlinkFlags;
use super::window::WindowFlags;
use super::{Cx, FindState, Server};

/// Maximum number of alerts that wait to be shown; more are dropped.
const MAX_MESSAGES: usize = 1000;

/// Bell or message that one client gets for an alert.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlertMessage {
    pub client: ClientId,
    /// Ring its bell.
    pub bell: bool,
    /// Show this message.
    pub text: Option<String>,
}

struct Kind {
    window: WindowFlags,
    winlink: WinlinkFlags,
    /// True if the option that watches windows for this kind of alert is set.
    is_watched: fn(&Chain<'_>) -> bool,
    action: OptionKey<of::choice>,
    visual: OptionKey<of::choice>,
    hook: EventKind,
    title: &'static str,
}

const KINDS: [Kind; 3] = [
    Kind {
        window: WindowFlags::BELL,
        winlink: WinlinkFlags::BELL,
        is_watched: |options| options.get(opt::MONITOR_BELL),
        action: opt::BELL_ACTION,
        visual: opt::VISUAL_BELL,
        hook: EventKind::AlertBell,
        title: "Bell",
    },
    Kind {
        window: WindowFlags::ACTIVITY,
        winlink: WinlinkFlags::ACTIVITY,
        is_watched: |options| options.get(opt::MONITOR_ACTIVITY),
        action: opt::ACTIVITY_ACTION,
        visual: opt::VISUAL_ACTIVITY,
        hook: EventKind::AlertActivity,
        title: "Activity",
    },
    Kind {
        window: WindowFlags::SILENCE,
        winlink: WinlinkFlags::SILENCE,
        is_watched: |options| options.get(opt::MONITOR_SILENCE) != 0,
        action: opt::SILENCE_ACTION,
        visual: opt::VISUAL_SILENCE,
        hook: EventKind::AlertSilence,
        title: "Silence",
    },
];

impl Server {
    fn alert_applies(&self, session: SessionId, index: i32, action: OptionKey<of::choice>) -> bool {
        let current = self.session(session).is_some_and(|s| s.current == index);
        match self.option(OptionScope::Session(session), action) {
            "any" => true,
            "current" => current,
            "other" => !current,
            _ => false,
        }
    }
}

impl Server {
    /// Marks a window wherever nobody looks at it, because a program in this pane sent a notification.
    pub fn mark_notified(&mut self, pane: PaneId) {
        let window = self.pane(pane).and_then(|p| self.window(p.window));
        for (session, index) in window.map(|w| w.winlinks.clone()).unwrap_or_default() {
            let Some(s) = self.sessions.get_mut(&session) else { continue };
            let seen = s.current == index && s.attached != 0;
            if let Some(link) = s.winlinks.get_mut(&index).filter(|_| !seen) {
                link.flags |= WinlinkFlags::NOTIFIED;
                self.status_session(session);
            }
        }
    }
}

impl Cx<'_> {
    /// Notes that something was printed in a window.
    pub fn window_activity(&mut self, window: WindowId) {
        if let Some(w) = self.server.windows.get_mut(&window) {
            w.activity = self.now;
        }
        self.queue_alert(window, WindowFlags::ACTIVITY);
    }

    /// Notes that a bell rang in a window.
    pub fn window_bell(&mut self, window: WindowId) {
        self.queue_alert(window, WindowFlags::BELL);
    }

    /// Restarts the silence timer of one window.
    pub fn reset_silence(&mut self, window: WindowId) {
        let seconds = self.server.option(OptionScope::Window(window), opt::MONITOR_SILENCE);
        let now = self.now.mono_ms;
        if let Some(w) = self.server.windows.get_mut(&window) {
            w.flags -= WindowFlags::SILENCE;
            w.silence_due_ms = u64::try_from(seconds).ok().filter(|&s| s > 0).map(|s| now + s * 1000);
        }
    }

    /// Restarts the silence timers of all windows (`monitor-silence` has changed).
    pub fn reset_all_silence(&mut self) {
        let windows: Vec<WindowId> = self.server.windows.keys().copied().collect();
        for window in windows {
            self.reset_silence(window);
        }
    }

    fn queue_alert(&mut self, window: WindowId, flags: WindowFlags) {
        self.reset_silence(window);
        let wanted = {
            let options = self.server.window_options(window);
            KINDS.iter().any(|kind| flags.contains(kind.window) && (kind.is_watched)(&options))
        };
        if let Some(w) = self.server.windows.get_mut(&window) {
            w.flags |= flags;
            w.alerts_queued |= wanted;
        }
    }

    /// Queues alerts for windows that have been silent long enough.
    pub fn check_silence(&mut self) {
        let now = self.now.mono_ms;
        let due: Vec<WindowId> = self
            .server
            .windows
            .values()
            .filter(|w| w.silence_due_ms.is_some_and(|due| due <= now))
            .map(|w| w.id)
            .collect();
        for window in due {
            self.queue_alert(window, WindowFlags::SILENCE);
        }
    }

    /// Processes the queued alerts. Called once a turn; `Server::alert_messages` then holds what to show.
    pub fn check_alerts(&mut self) {
        let queued: Vec<WindowId> =
            self.server.windows.values().filter(|w| w.alerts_queued).map(|w| w.id).collect();
        for window in queued {
            self.check_window_alerts(window);
            if let Some(w) = self.server.windows.get_mut(&window) {
                w.alerts_queued = false;
                w.flags -= WindowFlags::ALERTS;
            }
        }
    }

    /// Processes the alerts of all windows of a session now.
    pub(super) fn queue_session_alerts(&mut self, session: SessionId) {
        let Some(s) = self.server.session(session) else { return };
        let windows: Vec<WindowId> = s.winlinks.values().map(|wl| wl.window).collect();
        for window in windows {
            self.check_window_alerts(window);
        }
    }

    fn check_window_alerts(&mut self, window: WindowId) {
        for kind in &KINDS {
            self.check_kind(window, kind);
        }
    }

    fn check_kind(&mut self, window: WindowId, kind: &Kind) {
        let Some(w) = self.server.window(window) else { return };
        if !w.flags.contains(kind.window) || !(kind.is_watched)(&self.server.window_options(window)) {
            return;
        }
        let places = w.winlinks.clone();
        for (session, _) in &places {
            if let Some(s) = self.server.sessions.get_mut(session) {
                s.alerted = false;
            }
        }
        for (session, index) in places {
            let Some(s) = self.server.sessions.get_mut(&session) else { continue };
            let seen = s.current == index && s.attached != 0;
            let Some(wl) = s.winlinks.get_mut(&index) else { continue };
            // A bell counts even if there was one before.
            if kind.winlink != WinlinkFlags::BELL && wl.flags.contains(kind.winlink) {
                continue;
            }
            if !seen {
                wl.flags |= kind.winlink;
                self.server.status_session(session);
            }
            if !self.server.alert_applies(session, index, kind.action) {
                continue;
            }
            self.server.notify(Notification {
                kind: kind.hook,
                current: FindState::from_winlink(self.server, session, index),
                session: Some(session),
                window: Some(window),
                ..Default::default()
            });
            let Some(s) = self.server.sessions.get_mut(&session) else { continue };
            if !std::mem::replace(&mut s.alerted, true) {
                self.tell_clients(session, index, kind);
            }
        }
    }

    fn tell_clients(&mut self, session: SessionId, index: i32, kind: &Kind) {
        let visual = self.server.option(OptionScope::Session(session), kind.visual);
        let current = self.server.session(session).is_some_and(|s| s.current == index);
        let text = match (visual, current) {
            ("off", _) => None,
            (_, true) => Some(format!("{} in current window", kind.title)),
            (_, false) => Some(format!("{} in window {index}", kind.title)),
        };
        let bell = matches!(visual, "off" | "both");
        let clients = self.server.clients.values().filter(|c| c.session == Some(session));
        let told: Vec<AlertMessage> = clients
            .filter(|c| !c.flags.contains(ClientFlags::CONTROL))
            .map(|c| AlertMessage { client: c.id, bell, text: text.clone() })
            .collect();
        self.server.alert_messages.extend(told);
        self.server.alert_messages.truncate(MAX_MESSAGES);
    }
}
