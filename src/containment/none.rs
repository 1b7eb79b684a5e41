//! No containment: panes share all resources, as under tmux. Holds the reason.

use std::io;
use std::os::fd::BorrowedFd;

use super::backend::{Backend, Containment, Status, Stray};
use super::limits::{Limits, Usage};
use super::scope::{Event, PaneScope, SpawnTarget};
use crate::base::PaneId;

/// See the module comment.
pub(super) struct Nothing {
    pub why: String,
}

struct NoScope;

impl Containment for Nothing {
    fn status(&self) -> Status {
        Status { backend: Backend::None, missing: vec!["memory", "pids", "cpu", "io"], why: self.why.clone() }
    }

    fn open(&mut self, _pane: PaneId, _limits: &Limits) -> io::Result<Box<dyn PaneScope>> {
        Ok(Box::new(NoScope))
    }

    fn adopt(&mut self, _pane: PaneId, _name: &str) -> io::Result<Box<dyn PaneScope>> {
        Ok(Box::new(NoScope))
    }

    fn forget(&mut self, _pane: PaneId) {}

    fn set_panes_memory_max(&mut self, _bytes: Option<u64>) -> io::Result<()> {
        Ok(())
    }

    fn panes_memory(&self) -> Option<u64> {
        None
    }

    fn events_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn events(&mut self) -> Vec<Event> {
        Vec::new()
    }

    fn sweep(&mut self) -> Vec<Stray> {
        Vec::new()
    }
}

impl PaneScope for NoScope {
    fn name(&self) -> String {
        String::new()
    }

    fn spawn_target(&self) -> io::Result<SpawnTarget> {
        Ok(SpawnTarget::None)
    }

    fn set_limits(&mut self, _limits: &Limits) -> io::Result<()> {
        Ok(())
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn pids(&self) -> Vec<i32> {
        Vec::new()
    }

    fn kill(&self) -> io::Result<()> {
        Ok(())
    }

    fn is_empty(&self) -> bool {
        true
    }

    fn remove(&mut self) -> io::Result<bool> {
        Ok(true)
    }
}
