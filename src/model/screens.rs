//! Calls of the model to a pane's terminal: making, resizing and restarting it.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::base::{PaneId, Size};
use crate::terminal::{Modes, Terminal, TerminalConfig};

use super::{Cx, Pane};

impl Pane {
    /// True if the pane shows the alternate screen.
    pub fn is_alternate(&self) -> bool {
        self.terminal.lock().alternate_on()
    }

    /// Modes that the pane's program has set.
    pub fn terminal_modes(&self) -> Modes {
        self.terminal.lock().modes()
    }
}

impl Cx<'_> {
    /// A terminal for a new pane, with the host's name as its title.
    pub(super) fn new_terminal(
        &mut self,
        pane: PaneId,
        size: Size,
        limit_bytes: u64,
    ) -> Arc<Mutex<Terminal>> {
        let history = self.host.open_history(pane, limit_bytes);
        let mut terminal = Terminal::new(size, TerminalConfig::default(), history);
        terminal.set_title(self.host.hostname());
        Arc::new(Mutex::new(terminal))
    }

    /// Resizes the screen of a pane (not the terminal of its program).
    pub(super) fn resize_terminal(&mut self, pane: PaneId, size: Size) {
        if let Some(p) = self.server.pane(pane) {
            let mut terminal = p.terminal.lock();
            terminal.end_sync();
            terminal.resize(size);
        }
    }

    /// Clears the screen and resets all modes for a new program.
    pub(super) fn restart_terminal(&mut self, pane: PaneId) {
        if let Some(p) = self.server.pane(pane) {
            p.terminal.lock().restart();
        }
    }

    /// Prepares the screen of a pane without a program: no cursor, and line feeds also return the
    /// carriage.
    pub(super) fn set_empty_terminal(&mut self, pane: PaneId) {
        if let Some(p) = self.server.pane(pane) {
            let mut terminal = p.terminal.lock();
            terminal.set_modes(Modes::CURSOR, false);
            terminal.set_modes(Modes::CRLF, true);
        }
    }

    /// True if the program asked for focus events.
    pub(super) fn wants_focus(&self, pane: PaneId) -> bool {
        self.server.pane(pane).is_some_and(|p| p.terminal_modes().contains(Modes::FOCUSON))
    }
}
