//! A pane's scope, whatever backend made it, and what happens to it.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use super::limits::{Limits, Usage};
use crate::base::PaneId;

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
