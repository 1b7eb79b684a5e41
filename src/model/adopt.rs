//! A popup that becomes a pane: the pane takes over its program and its screen.

use crate::base::{PaneId, SessionId};
use crate::terminal::Terminal;

use super::Cx;
use super::host::JobId;
use super::layout::{Axis, SplitPlace};
use super::option_access::OptionScope;
use super::spawn::Spawn;

impl Cx<'_> {
    /// Splits the active pane of a session's current window for the program of a job (`None`: it has
    /// ended), with the terminal that holds its output. Returns that terminal as the error if there is no
    /// room.
    pub fn pane_from_job(
        &mut self,
        session: SessionId,
        axis: Axis,
        job: Option<JobId>,
        terminal: Terminal,
    ) -> Result<PaneId, Box<Terminal>> {
        let Some(window) = self.server.current_window(session) else { return Err(Box::new(terminal)) };
        self.unzoom(window, true);
        let active = self.server.window(window).map(|w| w.active);
        let place = SplitPlace { axis, size: None, before: false, full: false };
        let Some((active, cell)) = active.and_then(|pane| Some((pane, self.split_cell(pane, place)?))) else {
            return Err(Box::new(terminal));
        };
        let spawn =
            Spawn { window: Some(window), pane: Some(active), cell: Some(cell), ..Spawn::new(session) };
        let pane = self.add_pane(&spawn, window);
        let shell = self.default_shell(OptionScope::Session(session));
        self.apply_pane_limits(pane);
        let Some(p) = self.server.panes.get_mut(&pane) else { return Ok(pane) };
        p.shell = shell;
        let size = p.size;
        let shared = p.terminal.clone();
        {
            let mut own = shared.lock();
            own.take_over(terminal);
            own.resize(size);
        }
        if let Some(Ok(spawned)) = job.map(|job| self.host.pane_from_job(pane, job, shared))
            && let Some(p) = self.server.panes.get_mut(&pane)
        {
            p.pid = Some(spawned.pid);
            p.tty = spawned.tty;
            let pixels = self.server.window(window).map_or((0, 0), |w| w.cell_pixels);
            self.host.pane_resize(pane, size, pixels);
        }
        self.set_active_pane(window, pane, true);
        self.server.redraw_window(window);
        Ok(pane)
    }
}
