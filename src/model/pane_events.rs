//! Events of panes that programs cause.

use crate::base::{PaneId, SessionId, WindowId};
use crate::terminal::{CommandMarks, Mark, MarkKind};

use super::Server;
use super::events::{Datum, EventKind, Payload};
use super::find::FindState;
use super::host::ExitStatus;
use super::notify::Notification;
use super::pane::PaneFlags;

/// A window, and its index in a command's session.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub window: WindowId,
    pub index: Option<i32>,
}

impl Server {
    /// Notifies that a pane printed something, once a turn.
    pub fn notify_activity(&mut self, pane: PaneId) {
        let Some(p) = self.panes.get_mut(&pane) else { return };
        if !p.flags.contains(PaneFlags::ACTIVITY) {
            p.flags.insert(PaneFlags::ACTIVITY);
            self.active_panes.push(pane);
            self.notify_pane(EventKind::PaneActivity, pane);
        }
    }

    /// Ends the turn: output in the next one is notified again.
    pub fn end_activity(&mut self) {
        for pane in std::mem::take(&mut self.active_panes) {
            if let Some(pane) = self.panes.get_mut(&pane) {
                pane.flags.remove(PaneFlags::ACTIVITY);
            }
        }
    }

    /// Notifies that a program was started in a pane.
    pub(super) fn notify_pane_created(&mut self, session: SessionId, pane: PaneId, empty: bool, again: bool) {
        let Some(p) = self.pane(pane) else { return };
        let winlink = self.winlink_of(session, p.window);
        let current = winlink.map(|index| FindState::from_winlink_pane(self, session, index, pane));
        let command = super::names::command_line(&p.argv);
        let command = Some(if command.is_empty() { p.shell.clone() } else { command });
        let cwd = Some(p.cwd.clone()).filter(|cwd| !cwd.is_empty());
        let event = self.pane_event(EventKind::PaneCreated, pane);
        let event = Notification { current: current.unwrap_or_default(), session: Some(session), ..event };
        let event = event.with_some("pane_command", command.filter(|text| !text.is_empty()));
        let event = event.with_some("pane_current_path", cwd);
        self.notify(event.with("created_empty", empty).with("created_respawn", again));
    }

    /// Notifies that another pane or none is marked now; `pane` stands in if none was or is marked.
    pub fn notify_mark_changed(&mut self, pane: PaneId, before: Option<PaneId>, now: Option<PaneId>) {
        let about = now.or(before).unwrap_or(pane);
        let event = self.pane_event(EventKind::MarkedPaneChanged, about);
        let event = event.with_some("new_pane", now).with_some("old_pane", before);
        self.notify(event.with("marked", now.is_some()));
    }

    /// Notifies that a session joined or left a group.
    pub(super) fn notify_group(&mut self, kind: EventKind, session: SessionId, group: &str) {
        let count = self.groups.get(group).map_or(0, |group| group.sessions.len() as u32);
        let event = self.session_event(kind, session);
        self.notify(event.with("group", group).with("group_size", count));
    }

    /// Notifies that another pane became active in a window.
    pub(super) fn notify_pane_changed(&mut self, window: WindowId, new: PaneId, old: PaneId) {
        let event = self.window_event(EventKind::WindowPaneChanged, window);
        let old = Some(old).filter(|old| *old != super::windows::NO_PANE);
        self.notify(event.with("pane", new).with("new_pane", new).with_some("old_pane", old));
    }

    /// Notifies that the program of a pane ended.
    pub(super) fn notify_pane_end(&mut self, kind: EventKind, pane: PaneId) {
        let status = self.pane(pane).and_then(|p| p.status);
        let event = self.pane_event(kind, pane).with("exit_success", status == Some(ExitStatus::Exited(0)));
        self.notify(match status {
            Some(ExitStatus::Exited(status)) => event.with("exit_status", status),
            Some(ExitStatus::Signaled(signal)) => event.with("exit_signal", signal.to_string()),
            None => event,
        });
    }

    /// Notifies that a pane entered or left a mode.
    pub fn notify_mode(&mut self, pane: PaneId, before: Option<&str>, now: Option<&str>, entered: bool) {
        let change = if entered { EventKind::PaneModeEntered } else { EventKind::PaneModeExited };
        for kind in [change, EventKind::PaneModeChanged] {
            let event = self.pane_event(kind, pane).with("mode_entered", entered);
            self.notify(event.with_some("current_mode", now).with_some("previous_mode", before));
        }
    }

    /// Notifies that a pane moved to another window.
    pub fn notify_pane_moved(&mut self, pane: PaneId, from: Place, to: Place) {
        let event = self.pane_event(EventKind::PaneMoved, pane);
        let event = event.with_some("window", self.window_datum(to.window));
        let event = event.with_some("new_window", self.window_datum(to.window));
        let event = event.with_some("old_window", self.window_datum(from.window));
        let event = event.with_some("old_window_index", from.index).with_some("window_index", to.index);
        self.notify(event.with_some("new_window_index", to.index));
    }

    /// Notifies of a notification that a pane's program sent.
    pub fn notify_program(&mut self, pane: PaneId, told: &crate::terminal::Notification) {
        let notification = self.pane_notification(EventKind::PaneNotification, pane);
        let mut payload = Payload::default();
        payload.set("title", told.title.as_str());
        payload.set("text", told.text.as_str());
        let session = notification.current.session;
        self.notify(Notification { session, payload, ..notification });
    }

    /// Notifies that a pane's shell marked a prompt, a command or its end.
    pub fn notify_mark(&mut self, pane: PaneId, mark: &Mark, marks: &CommandMarks) {
        let kind = match mark.kind {
            MarkKind::Prompt => return self.notify_pane(EventKind::PaneShellPrompt, pane),
            MarkKind::Output => EventKind::PaneCommandStarted,
            MarkKind::End { .. } => EventKind::PaneCommandFinished,
            MarkKind::Command | MarkKind::PromptPart { .. } => return,
        };
        let notification = self.pane_event(kind, pane);
        let payload = command_payload(mark, marks);
        let session = notification.current.session;
        self.notify(Notification { session, payload, ..notification });
    }
}

fn command_payload(mark: &Mark, marks: &CommandMarks) -> Payload {
    let mut payload = Payload::default();
    if let Some(status) = marks.status {
        payload.set("command_status", i32::from(status));
    }
    if let Some(start) = marks.output {
        payload.set("command_start_time", Datum::Time(start.time));
    }
    if let Some(end) = marks.end {
        payload.set("command_end_time", Datum::Time(end.time));
    }
    if let Some(seconds) = marks.duration(mark.time) {
        payload.set("command_duration", Datum::Number(seconds));
    }
    payload
}
