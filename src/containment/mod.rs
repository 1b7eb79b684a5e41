//! A scope per pane: its own cgroup with its own limits, so that a program that uses too much harms only
//! its own pane.
//!
//! `Containment` is the interface to the server. Backends, best first: `delegated` (a cgroup v2 subtree
//! that the server owns), `units` (a systemd scope per pane), `v1` (memory and pids groups of legacy
//! hosts), `none`. `choose` selects one at start. None of them sets `memory.high`: between high and max,
//! without swap, a program whose use stays constant would be throttled without end.
//!
//! Nothing here blocks a turn: group files are read at once, and D-Bus runs in tasks (`bus`) with a
//! deadline on every call.

mod backstop;
mod bus;
mod choose;
mod delegated;
mod events;
mod group;
mod host;
mod limits;
mod none;
mod oom;
mod pressure;
mod units;
mod v1;
mod v2;

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;

use crate::base::PaneId;

pub use backstop::{
    Attention, Backstop, Deed, KEYED_MS, PaneLoad, ProcessLoad, Standing, Victim, choose_victim, load_of,
};
pub use choose::{Choice, Found, Late, Settings, Starting};
pub use host::Host;
pub use limits::{Amount, BadAmount, LIMITS, Limit, Limits, Usage, parse_amount};
pub use oom::{KernelLog, PANE_OOM_SCORE, pane_oom_score, raise_oom_score};
pub use pressure::Pressure;

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

/// The way in which a process gets into a pane's scope.
#[derive(Debug)]
pub enum SpawnTarget {
    /// `clone3` with `CLONE_INTO_CGROUP` into this directory. If the kernel refuses, the child writes `0`
    /// to `procs` before it executes its program.
    Group { dir: OwnedFd, procs: PathBuf },
    /// The child enters each of these groups (version 1) before it executes its program: it writes `0` to
    /// their `tasks`, which does not block.
    Enter { dirs: Vec<PathBuf> },
    /// The child waits at a gate; its pid is passed to `PaneScope::attach`, and the gate opens on
    /// `Event::Attached`, or after a time limit (`Containment::attach_late`).
    Attach,
    /// The child starts without a scope.
    None,
}

/// The limit that caused an OOM kill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OomCause {
    /// The pane's own.
    Pane,
    /// A limit of all panes together or of a group above, or the host's whole memory.
    Above,
}

/// Something that happened to a pane.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The kernel killed because memory ran out. `kills` counts tasks, not processes.
    OomKill { pane: PaneId, kills: u64, cause: OomCause },
    /// A fork failed at the pane's limit on processes, this many times since the last event.
    PidsLimit { pane: PaneId, hits: u64 },
    /// The last process of the scope is gone.
    Empty { pane: PaneId },
    /// The answer to `PaneScope::attach`: the gate has to be opened in either case.
    Attached { pane: PaneId, result: Result<(), String> },
}

/// One pane's scope. Dropping the value does not remove the scope; call `remove` when it is empty.
pub trait PaneScope: Send {
    /// Contents of `#{pane_scope}`: a path below the cgroup mount, or a unit. May be empty.
    fn name(&self) -> String;
    /// The place where the pane's first process has to start.
    fn spawn_target(&self) -> io::Result<SpawnTarget>;
    /// Moves processes into the scope (`SpawnTarget::Attach`): the pane's first one, and its children up
    /// to now.
    fn attach(&mut self, _pids: &[i32]) {}
    /// Changes limits at once. Limits of missing controllers are skipped.
    fn set_limits(&mut self, limits: &Limits) -> io::Result<()>;
    fn usage(&self) -> Usage;
    fn pids(&self) -> Vec<i32>;
    /// Kills every process in the scope with SIGKILL.
    fn kill(&self) -> io::Result<()>;
    fn is_empty(&self) -> bool;
    /// Removes the scope; returns false while it has processes.
    fn remove(&mut self) -> io::Result<bool>;
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
