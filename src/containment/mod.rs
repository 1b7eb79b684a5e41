//! A scope per pane: its own cgroup with its own limits, so that a program that runs wild
//! costs its own pane and nothing else.
//!
//! `Containment` is what the server sees. Backends, best first: `delegated` (a cgroup v2
//! subtree that we own), `units` (a systemd scope per pane), `v1` (memory and pids groups of
//! legacy hosts), `none`. `choose` picks one at start. `memory.high` is never set by any of
//! them: between high and max, with no swap, a program that plateaus is throttled for ever.
//!
//! Nothing here blocks a turn: group files answer at once, D-Bus lives in a thread of its own
//! (`bus`) with a deadline on every call.

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
pub use limits::{BadAmount, Limits, Usage, parse_amount};
pub use oom::{KernelLog, PANE_OOM_SCORE, pane_oom_score, raise_oom_score};
pub use pressure::Pressure;

/// Which backend is at work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    Delegated,
    Units,
    V1,
    None,
}

/// What `#{containment}` shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    pub backend: Backend,
    /// Controllers that were not given to us, so whose limits do nothing.
    pub missing: Vec<&'static str>,
    /// Why there is nothing better; empty for the best.
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

/// How a process gets into a pane's scope.
#[derive(Debug)]
pub enum SpawnTarget {
    /// `clone3` with `CLONE_INTO_CGROUP` into this directory. Where the kernel refuses, the
    /// child writes `0` to `procs` before it execs.
    Group { dir: OwnedFd, procs: PathBuf },
    /// The child enters each of these groups (version 1) before it execs: it writes `0` to their
    /// `tasks`, which waits for nobody.
    Enter { dirs: Vec<PathBuf> },
    /// The child waits on a gate; its pid goes to `PaneScope::attach`, and the gate opens on
    /// `Event::Attached`, or when it has waited long enough (`Containment::attach_late`).
    Attach,
    /// It just runs.
    None,
}

/// Whose limit it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OomCause {
    /// The pane's own.
    Pane,
    /// That of all panes together, of a group above, or the whole host's memory.
    Above,
}

/// Something that happened to a pane.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The kernel killed for want of memory. `kills` counts tasks, not processes.
    OomKill { pane: PaneId, kills: u64, cause: OomCause },
    /// A fork failed at the pane's limit on processes, this many times since the last event.
    PidsLimit { pane: PaneId, hits: u64 },
    /// The last process of the scope is gone.
    Empty { pane: PaneId },
    /// The answer to `PaneScope::attach`: open the gate either way.
    Attached { pane: PaneId, result: Result<(), String> },
}

/// One pane's scope. Dropping it leaves the scope in place; `remove` it when it is empty.
pub trait PaneScope: Send {
    /// What `#{pane_scope}` shows: a path below the cgroup mount, or a unit. May be empty.
    fn name(&self) -> String;
    /// Where the pane's first process is to start.
    fn spawn_target(&self) -> io::Result<SpawnTarget>;
    /// Puts processes into the scope (`SpawnTarget::Attach`): the pane's first one, and what
    /// that one started meanwhile.
    fn attach(&mut self, _pids: &[i32]) {}
    /// Changes limits, at once. Limits of controllers that are missing are passed over.
    fn set_limits(&mut self, limits: &Limits) -> io::Result<()>;
    fn usage(&self) -> Usage;
    fn pids(&self) -> Vec<i32>;
    /// Ends every process in the scope with SIGKILL.
    fn kill(&self) -> io::Result<()>;
    fn is_empty(&self) -> bool;
    /// Removes the scope; false while something runs in it.
    fn remove(&mut self) -> io::Result<bool>;
}

/// What still runs of a pane that is gone, or of a server that died.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stray {
    pub name: String,
    pub pids: Vec<i32>,
}

/// Scopes for panes. Made by `Starting`.
pub trait Containment: Send {
    fn status(&self) -> Status;
    /// A new scope. The pane's number names it; one left over from before is not reused while
    /// anything runs in it.
    fn open(&mut self, pane: PaneId, limits: &Limits) -> io::Result<Box<dyn PaneScope>>;
    /// Takes up a scope that an earlier server of ours opened, by its name.
    fn adopt(&mut self, pane: PaneId, name: &str) -> io::Result<Box<dyn PaneScope>>;
    /// The gate of a pane opens although `Event::Attached` did not come: gives it a scope of
    /// another kind, where there is one.
    fn attach_late(&mut self, _pane: PaneId) -> Result<(), String> {
        Err("systemd does not answer".to_owned())
    }
    /// Stops watching a pane. Its scope goes on while something runs in it.
    fn forget(&mut self, pane: PaneId);
    /// Bytes that all panes may take together.
    fn set_panes_memory_max(&mut self, bytes: Option<u64>) -> io::Result<()>;
    /// Bytes that all panes take together.
    fn panes_memory(&self) -> Option<u64>;
    /// Readable when `events` has something to say.
    fn events_fd(&self) -> Option<BorrowedFd<'_>>;
    /// Groups that nobody else removes when the server has ended.
    fn own_groups(&self) -> Vec<PathBuf> {
        Vec::new()
    }
    /// A pane's program ended: the next call of `events` looks at its counters, though nothing was
    /// told of them yet. The scope may go at once, and they with it.
    fn suspect(&mut self, _pane: PaneId) {}
    /// What happened since the last call. Never blocks.
    fn events(&mut self) -> Vec<Event>;
    /// What people should know of the containment as a whole, since the last call.
    fn notices(&mut self) -> Vec<String> {
        Vec::new()
    }
    /// Removes scopes that are empty and belong to no pane; says what is left in the others.
    fn sweep(&mut self) -> Vec<Stray>;
}
