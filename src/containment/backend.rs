//! A backend: what makes scopes for panes.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use super::limits::Limits;
use super::scope::{Event, PaneScope};
use crate::base::PaneId;

/// The backend in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    Delegated,
    Units,
    V1,
    None,
}

/// Contents of `#{containment}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    pub backend: Backend,
    /// Controllers that are not available, so that their limits have no effect.
    pub missing: Vec<&'static str>,
    /// The reason why there is nothing better; empty for the best.
    pub why: String,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.backend {
            Backend::Delegated => "delegated",
            Backend::Units => "units",
            Backend::V1 => "cgroup1",
            Backend::None => "none",
        })?;
        if !self.missing.is_empty() && self.backend != Backend::None {
            write!(f, " (no {})", self.missing.join(", "))?;
        }
        if !self.why.is_empty() {
            write!(f, " ({})", self.why)?;
        }
        Ok(())
    }
}

/// Remaining processes of a closed pane, or of a server that died.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stray {
    pub name: String,
    pub pids: Vec<i32>,
}

/// Makes scopes for panes. Created by `Starting`.
pub trait Containment: Send {
    fn status(&self) -> Status;
    /// Makes a scope, named after the pane's number. An older scope with that name is not reused while it
    /// has processes.
    fn open(&mut self, pane: PaneId, limits: &Limits) -> io::Result<Box<dyn PaneScope>>;
    /// Takes over a scope that an earlier server made, by its name.
    fn adopt(&mut self, pane: PaneId, name: &str) -> io::Result<Box<dyn PaneScope>>;
    /// Called when a pane's gate opens although `Event::Attached` did not come: moves the pane to a scope
    /// of another kind, if there is one.
    fn attach_late(&mut self, _pane: PaneId) -> Result<(), String> {
        Err("systemd does not answer".to_owned())
    }
    /// Stops watching a pane. Its scope stays while it has processes.
    fn forget(&mut self, pane: PaneId);
    /// Sets the limit of memory for all panes together, in bytes.
    fn set_panes_memory_max(&mut self, bytes: Option<u64>) -> io::Result<()>;
    /// Memory of all panes together, in bytes.
    fn panes_memory(&self) -> Option<u64>;
    /// Readable when `events` has a result.
    fn events_fd(&self) -> Option<BorrowedFd<'_>>;
    /// Groups that have to be removed when the server has ended.
    fn own_groups(&self) -> Vec<PathBuf> {
        Vec::new()
    }
    /// Called when a pane's program ended: forces the next `events` to read the pane's counters even if
    /// no notification has come, since the scope and its counters may be removed soon.
    fn suspect(&mut self, _pane: PaneId) {}
    /// Events since the last call. Never blocks.
    fn events(&mut self) -> Vec<Event>;
    /// Messages for users about the containment as a whole, since the last call.
    fn notices(&mut self) -> Vec<String> {
        Vec::new()
    }
    /// Removes scopes that are empty and belong to no pane; returns the processes left in the others.
    fn sweep(&mut self) -> Vec<Stray>;
}
