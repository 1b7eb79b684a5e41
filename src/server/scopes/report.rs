//! Reports that a pane's program was killed for lack of memory. The event is reported at once; the
//! text waits for the name of the victim, which is in a log that may be long.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::base::{ClientId, PaneId};
use crate::containment::KernelLog;
use crate::model::Cx;
use crate::model::events::EventKind;
use crate::terminal::Terminal;
use crate::view::message;

/// A report about a pane.
pub(crate) struct OomReport {
    pub pane: PaneId,
    pub kills: u64,
    pub text: String,
    /// Scope for which the kernel's log may name the victim.
    pub scope: Option<String>,
    /// Keeps the transcript open until the text is in it: the pane may end meanwhile.
    pub terminal: Option<Arc<Mutex<Terminal>>>,
}

impl OomReport {
    /// Marks the pane, if it still exists, and runs hooks.
    pub(crate) fn mark(&mut self, cx: &mut Cx<'_>) {
        if let Some(pane) = cx.server.panes.get_mut(&self.pane) {
            pane.lasting.oom_kills += self.kills;
            self.terminal = Some(pane.terminal.clone());
            let window = pane.window;
            cx.server.redraw_window_borders(window);
            cx.server.status_window(window);
            // The window has a bell's mark in the status line until a user views it.
            cx.window_bell(window);
        }
        cx.server.notify_pane(EventKind::PaneOom, self.pane);
    }

    /// Adds the killed process's name, if the log has it.
    pub(crate) fn name_killed(&mut self, log: &mut KernelLog) {
        let killed = self.scope.take().and_then(|scope| log.killed_process(&scope));
        if let Some((name, pid)) = killed {
            self.text += &format!(": {name}, process {pid}");
        }
    }

    /// Shows the report once, in all places where people look.
    pub(crate) fn tell(self, cx: &mut Cx<'_>) {
        if let Some(terminal) = self.terminal {
            terminal.lock().history().annotate(cx.now.secs(), &self.text);
        }
        let attached: Vec<ClientId> =
            cx.server.clients.values().filter(|c| c.session.is_some()).map(|c| c.id).collect();
        if attached.is_empty() {
            cx.server.add_message(cx.now, self.text.clone());
        }
        for client in attached {
            message::show_error(cx, client, &self.text);
        }
    }
}
