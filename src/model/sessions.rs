//! Sessions and session groups: making, destroying and synchronizing them; which session a client moves
//! to.

use crate::base::{ClientId, SessionId, WindowId};
use crate::options::{Environ, Options, opt};

use super::client::ClientFlags;
use super::events::EventKind;
use super::option_access::OptionScope;
use super::pane::PaneFlags;
use super::session::WinlinkFlags;
use super::winlinks::{NO_WINLINK, Selected, Step};
use super::{Cx, Server, Session, SessionGroup, Winlink};

/// Properties of a new session.
pub struct NewSession {
    /// Its name; `None`: named by its number, behind `prefix-` if there is a prefix.
    pub name: Option<String>,
    pub prefix: Option<String>,
    pub cwd: String,
    pub environ: Environ,
    pub options: Options,
    /// Control characters (`c_cc`) of the terminal that it is made on.
    pub control_chars: Option<Vec<u8>>,
}

impl Server {
    /// A session and all that share its windows; only itself when it is in no group.
    pub fn group_members(&self, session: SessionId) -> Vec<SessionId> {
        let group = self.session(session).and_then(|s| s.group.as_ref()).and_then(|g| self.groups.get(g));
        group.map_or_else(|| vec![session], |g| g.sessions.clone())
    }

    /// Puts a session into a group, which is made if necessary. A session that is in a group stays there.
    pub fn add_to_group(&mut self, group: &str, session: SessionId) {
        let Some(s) = self.sessions.get_mut(&session).filter(|s| s.group.is_none()) else { return };
        s.group = Some(group.to_owned());
        let group = self
            .groups
            .entry(group.to_owned())
            .or_insert_with(|| SessionGroup { name: group.to_owned(), sessions: Vec::new() });
        group.sessions.push(session);
        let name = group.name.clone();
        self.notify_group(EventKind::SessionAddedToGroup, session, &name);
    }

    fn remove_from_group(&mut self, session: SessionId) {
        let Some(name) = self.session(session).and_then(|s| s.group.clone()) else { return };
        self.notify_group(EventKind::SessionRemovedFromGroup, session, &name);
        if let Some(s) = self.sessions.get_mut(&session) {
            s.group = None;
        }
        if let Some(group) = self.groups.get_mut(&name) {
            group.sessions.retain(|s| *s != session);
            if group.sessions.is_empty() {
                self.groups.remove(&name);
            }
        }
    }

    /// True if a window of a session is also linked outside the session and its group.
    pub fn is_linked_elsewhere(&self, session: SessionId, window: WindowId) -> bool {
        let Some(w) = self.window(window) else { return false };
        w.winlinks.len() != self.group_members(session).len()
    }

    /// The session before or after one by name, wrapping.
    pub fn session_beside(&self, session: SessionId, step: Step) -> Option<SessionId> {
        step_in(&self.sessions_by_name(), session, step)
    }

    /// Records activity of a session now, for "newest" look-ups and the lock timer.
    pub fn touch_session(&mut self, session: SessionId, now: crate::base::clock::Now) {
        self.activity_counter += 1;
        let order = self.activity_counter;
        let lock_s = self.option(OptionScope::Session(session), opt::LOCK_AFTER_TIME);
        if let Some(s) = self.sessions.get_mut(&session) {
            s.last_activity = s.activity;
            s.activity = now;
            s.activity_order = order;
            let lock_s = u64::try_from(lock_s).ok().filter(|&n| n > 0 && s.attached != 0);
            s.lock_due_ms = lock_s.map(|n| now.mono_ms + n * 1000);
        }
    }

    /// The session used last among those that are wanted, leaving out `except`.
    fn newest_session(&self, except: SessionId, wanted: impl Fn(&Session) -> bool) -> Option<SessionId> {
        let mut best: Option<&Session> = None;
        for id in self.sessions_by_name() {
            let Some(s) = self.session(id).filter(|s| s.id != except && wanted(s)) else { continue };
            if best.is_none_or(|b| s.activity_order > b.activity_order) {
                best = Some(s);
            }
        }
        best.map(|s| s.id)
    }
}

/// The neighbour of an item in a list, wrapping.
pub fn step_in<T: Copy + PartialEq>(list: &[T], item: T, step: Step) -> Option<T> {
    let at = list.iter().position(|i| *i == item)?;
    let count = list.len();
    Some(match step {
        Step::Next => list[(at + 1) % count],
        Step::Previous => list[(at + count - 1) % count],
    })
}

impl Cx<'_> {
    /// A new session without windows.
    pub fn create_session(&mut self, new: NewSession) -> SessionId {
        let (id, name) = self.new_session_name(new.name, new.prefix.as_deref());
        let session = Session {
            id,
            name,
            cwd: new.cwd,
            created: self.now,
            last_attached: Default::default(),
            activity: self.now,
            activity_order: 0,
            last_activity: Default::default(),
            winlinks: Default::default(),
            current: NO_WINLINK,
            last: Vec::new(),
            options: new.options,
            environ: new.environ,
            lock_due_ms: None,
            attached: 0,
            group: None,
            alerted: false,
            control_chars: new.control_chars,
            status_at: None,
            status_lines: 0,
        };
        self.server.sessions.insert(id, session);
        self.server.update_status_cache(id);
        self.server.touch_session(id, self.now);
        id
    }

    fn new_session_name(&mut self, name: Option<String>, prefix: Option<&str>) -> (SessionId, String) {
        let mut next = || {
            let id = SessionId(self.server.next_session);
            self.server.next_session += 1;
            id
        };
        if let Some(name) = name {
            return (next(), name);
        }
        loop {
            let id = next();
            let name = prefix.map_or_else(|| id.0.to_string(), |prefix| format!("{prefix}-{}", id.0));
            if !self.server.sessions.values().any(|s| s.name == name) {
                return (id, name);
            }
        }
    }

    /// Removes a session and its winlinks. The caller has moved its clients elsewhere.
    pub fn destroy_session(&mut self, session: SessionId, notify: bool) {
        if self.server.session(session).is_none() {
            return;
        }
        if notify {
            self.server.notify_session(EventKind::SessionClosed, session);
        }
        self.server.remove_from_group(session);
        let indexes: Vec<i32> =
            self.server.session(session).map_or(Vec::new(), |s| s.winlinks.keys().copied().collect());
        for index in indexes {
            if let Some(window) = self.server.winlink_window(session, index) {
                self.server.notify_session_window(EventKind::WindowUnlinked, session, window);
            }
            self.remove_winlink(session, index);
        }
        self.server.leave_session_to_notifications(session);
        self.server.sessions.remove(&session);
        for client in self.server.clients.values_mut() {
            if client.last_session == Some(session) {
                client.last_session = None;
            }
        }
    }

    /// Destroys a session that has no windows left, with all of its group.
    pub fn destroy_session_group(&mut self, session: SessionId) {
        for member in self.server.group_members(session) {
            self.leave_session(member);
            self.destroy_session(member, true);
        }
    }

    /// Moves clients out of a session that is being destroyed: to another one or out, as
    /// `detach-on-destroy` says.
    pub fn leave_session(&mut self, session: SessionId) {
        let choice = self.server.option_text(OptionScope::Session(session), opt::DETACH_ON_DESTROY);
        let next = match choice.as_str() {
            "off" => self.server.newest_session(session, |_| true),
            "no-detached" => self.server.newest_session(session, |s| s.attached == 0),
            "previous" => self.server.session_beside(session, Step::Previous),
            "next" => self.server.session_beside(session, Step::Next),
            _ => None,
        };
        let next = next.filter(|s| *s != session);
        let spare = match choice.as_str() {
            "on" | "no-detached" if next.is_none() => self.server.newest_session(session, |_| true),
            _ => None,
        };
        let ids: Vec<ClientId> =
            self.server.clients.values().filter(|c| c.session == Some(session)).map(|c| c.id).collect();
        for id in ids {
            let Some(c) = self.server.clients.get_mut(&id) else { continue };
            let stays = c.flags.contains(ClientFlags::NO_DETACH_ON_DESTROY);
            let target = next.or(spare.filter(|_| stays));
            c.session = None;
            c.last_session = None;
            self.set_client_session(id, target);
            if target.is_none()
                && let Some(c) = self.server.clients.get_mut(&id)
            {
                c.flags |= ClientFlags::EXIT;
            }
        }
        self.recalculate_sizes();
    }

    /// Sets the session of a client, or `None`.
    pub fn set_client_session(&mut self, client: ClientId, session: Option<SessionId>) {
        let Some(c) = self.server.clients.get_mut(&client) else { return };
        let old = c.session;
        match (session, old) {
            (Some(new), Some(old)) if new != old => c.last_session = Some(old),
            (None, _) => c.last_session = None,
            _ => {}
        }
        c.session = session;
        c.flags |= ClientFlags::FOCUSED;
        if let Some(window) = old.and_then(|s| self.server.current_window(s)) {
            self.update_window_focus(window);
        }
        if let Some(old) = old {
            self.theme_changed(old);
        }
        if let Some(session) = session {
            self.enter_session(client, session, old);
        }
        self.check_unattached();
    }

    fn enter_session(&mut self, client: ClientId, session: SessionId, old: Option<SessionId>) {
        let window = self.server.current_window(session);
        if let Some(w) = window.and_then(|w| self.server.windows.get_mut(&w)) {
            w.latest = Some(client);
        }
        self.recalculate_sizes();
        if let Some(window) = window {
            self.update_window_focus(window);
        }
        self.server.touch_session(session, self.now);
        self.theme_changed(session);
        if let Some(s) = self.server.sessions.get_mut(&session) {
            s.last_attached = self.now;
            if let Some(wl) = s.winlinks.get_mut(&s.current) {
                wl.flags -= WinlinkFlags::ALERTS;
            }
        }
        if let Some(c) = self.server.clients.get_mut(&client) {
            c.status_due_ms = 0;
        }
        self.queue_session_alerts(session);
        let event = self.server.client_event(EventKind::ClientSessionChanged, client);
        let (old, new) =
            (old.and_then(|id| self.server.session_datum(id)), self.server.session_datum(session));
        self.server.notify(event.with_some("old_session", old).with_some("new_session", new));
        self.server.redraw_client(client);
    }

    /// Marks the panes of a session, so that their programs are notified if their theme changed.
    pub fn theme_changed(&mut self, session: SessionId) {
        let Some(s) = self.server.session(session) else { return };
        let windows: Vec<WindowId> = s.winlinks.values().map(|wl| wl.window).collect();
        for window in windows {
            let panes = self.server.window(window).map_or(Vec::new(), |w| w.panes.clone());
            for pane in panes {
                if let Some(p) = self.server.panes.get_mut(&pane) {
                    p.flags |= PaneFlags::THEME_CHANGED;
                }
            }
        }
    }

    /// Destroys sessions without attached clients where `destroy-unattached` says so.
    pub fn check_unattached(&mut self) {
        for session in self.server.sessions_by_name() {
            let Some(s) = self.server.session(session).filter(|s| s.attached == 0) else { continue };
            let group = s.group.is_some().then(|| self.server.group_members(session).len());
            let destroy = match self
                .server
                .option_text(OptionScope::Session(session), opt::DESTROY_UNATTACHED)
                .as_str()
            {
                "on" => true,
                "keep-last" => group.is_some_and(|n| n > 1),
                "keep-group" => group != Some(1),
                _ => false,
            };
            if destroy {
                self.destroy_session(session, true);
            }
        }
    }

    /// Copies the windows of the group to a session.
    pub fn synchronize_group_to(&mut self, session: SessionId) {
        let model = self.server.group_members(session).into_iter().find(|s| *s != session);
        if let Some(model) = model {
            self.copy_winlinks(model, session);
        }
    }

    /// Copies a session's windows to the others of its group.
    pub fn synchronize_group_from(&mut self, session: SessionId) {
        for member in self.server.group_members(session) {
            if member != session {
                self.copy_winlinks(session, member);
            }
        }
    }

    /// Replaces a session's winlinks with those of another of its group, keeping its own current and last
    /// windows as far as they still exist.
    fn copy_winlinks(&mut self, model: SessionId, session: SessionId) {
        let Some(m) = self.server.session(model) else { return };
        if m.winlinks.is_empty() {
            return;
        }
        let wanted = m.winlinks.clone();
        let model_current = m.current;
        let Some(s) = self.server.session(session) else { return };
        if s.current != NO_WINLINK
            && !wanted.contains_key(&s.current)
            && self.select_last(session) != Selected::Changed
            && self.select_step(session, Step::Previous, false) != Selected::Changed
        {
            self.select_step(session, Step::Next, false);
        }
        let Some(s) = self.server.sessions.get_mut(&session) else { return };
        let old = std::mem::take(&mut s.winlinks);
        for (index, winlink) in &wanted {
            let flags = winlink.flags & WinlinkFlags::ALERTS;
            self.server.next_link += 1;
            let made = self.server.next_link;
            s.winlinks.insert(*index, Winlink { window: winlink.window, made, flags });
        }
        let current = if s.current == NO_WINLINK { model_current } else { s.current };
        s.current = if s.winlinks.contains_key(&current) { current } else { NO_WINLINK };
        s.last.retain(|index| wanted.contains_key(index));
        for index in s.last.clone() {
            if let Some(wl) = s.winlinks.get_mut(&index) {
                wl.flags |= WinlinkFlags::VISITED;
            }
        }
        for (index, winlink) in &wanted {
            if let Some(w) = self.server.windows.get_mut(&winlink.window) {
                w.winlinks.push((session, *index));
            }
            self.server.notify_session_window(EventKind::WindowLinked, session, winlink.window);
        }
        for (index, winlink) in old {
            if !wanted.values().any(|wl| wl.window == winlink.window) {
                self.server.notify_session_window(EventKind::WindowUnlinked, session, winlink.window);
            }
            self.unlink_place(winlink.window, session, index);
        }
    }
}
