//! Events of panes that programs cause.

use crate::base::PaneId;
use crate::terminal::{CommandMarks, Mark, MarkKind};

use super::Server;
use super::events::{Datum, EventKind, Payload};
use super::notify::Notification;
use super::pane::PaneFlags;

impl Server {
    /// A pane printed something; this is said once a turn.
    pub fn notify_activity(&mut self, pane: PaneId) {
        let Some(p) = self.panes.get_mut(&pane) else { return };
        if !p.flags.contains(PaneFlags::ACTIVITY) {
            p.flags.insert(PaneFlags::ACTIVITY);
            self.active_panes.push(pane);
            self.notify_pane(EventKind::PaneActivity, pane);
        }
    }

    /// The turn is over: output of the next one is activity again.
    pub fn end_activity(&mut self) {
        for pane in std::mem::take(&mut self.active_panes) {
            if let Some(pane) = self.panes.get_mut(&pane) {
                pane.flags.remove(PaneFlags::ACTIVITY);
            }
        }
    }

    /// The shell of a pane marked a prompt, a command or its end.
    pub fn notify_mark(&mut self, pane: PaneId, mark: &Mark, marks: &CommandMarks) {
        let kind = match mark.kind {
            MarkKind::Prompt => return self.notify_pane(EventKind::PaneShellPrompt, pane),
            MarkKind::Output => EventKind::PaneCommandStarted,
            MarkKind::End { .. } => EventKind::PaneCommandFinished,
            MarkKind::Command | MarkKind::PromptPart { .. } => return,
        };
        let notification = self.pane_notification(kind, pane);
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
