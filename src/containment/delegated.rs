//! A subtree of the unified hierarchy that belongs to the server: `server` for server and keeper, `panes`
//! with a group per pane. The server owns the directories, so `memory.events` stays until it was read,
//! and limits are changed by writing a file.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use super::backend::{Backend, Containment, Status, Stray};
use super::events::Watch;
use super::group::Group;
use super::limits::{Limits, Usage};
use super::scope::{Event, PaneScope, SpawnTarget};
use super::v2::{self, CONTROLLERS, Watched};
use crate::base::PaneId;

/// See the module comment.
pub(super) struct Delegated {
    panes: Group,
    /// Lock that shows other servers that the groups are in use; it ends with the process.
    _held: File,
    missing: Vec<&'static str>,
    /// The reason why it is not what was asked for.
    why: String,
    watch: Watch,
    watched: Watched,
}

/// Maximum number of group names tried for a pane whose name is used by a scope with processes.
const MAX_NAMES: u32 = 1000;
/// Maximum number of checks for processes in a group that is divided: processes may start others while
/// they are moved.
const MOVE_ROUNDS: usize = 16;
/// Processor weight of server and keeper; all panes together have 100. The server needs little, but users
/// wait for it, even while panes use every core.
const SERVER_WEIGHT: u32 = 1000;

impl Delegated {
    /// Divides `base`: the processes `pids` (server and keeper) move to a leaf group, since a group with
    /// controllers for its children must have no processes.
    pub(super) fn new(base: &Group, pids: &[i32], why: String) -> io::Result<Self> {
        let held = base.hold()?;
        let panes = divide(base, pids)?;
        let given = panes.read("cgroup.subtree_control").unwrap_or_default();
        let missing =
            CONTROLLERS.into_iter().filter(|c| !given.split_whitespace().any(|g| g == *c)).collect();
        let (watch, watched) = (Watch::new()?, Watched::default());
        let mut it = Self { panes, _held: held, missing, why, watch, watched };
        it.sweep();
        Ok(it)
    }

    fn scope(&mut self, pane: PaneId, group: Group) -> io::Result<Box<dyn PaneScope>> {
        self.watched.add(&mut self.watch, pane, &group)?;
        Ok(Box::new(Scope { group }))
    }
}

/// Makes `server` and `panes` below `base`, and moves `pids` and all other processes of `base` into the
/// first. Returns the second.
pub(super) fn divide(base: &Group, pids: &[i32]) -> io::Result<Group> {
    let (server, panes) = (base.child("server"), base.child("panes"));
    for group in [&server, &panes] {
        match group.make() {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
    }
    // Kernels before 5.7 do not support the attribute.
    let _ = server.spare();
    for &pid in pids {
        match server.adopt(pid) {
            // The process has ended already.
            Err(e) if e.raw_os_error() == Some(libc::ESRCH) => {}
            other => other?,
        }
    }
    // These processes were started by the keeper after systemd had moved it: with even one of them in
    // `base`, no controller can be passed on. Those of panes are moved to their own group later.
    for _ in 0..MOVE_ROUNDS {
        let left = base.own_pids();
        if left.is_empty() {
            break;
        }
        // A process may end meanwhile.
        left.into_iter().for_each(|pid| drop(server.adopt(pid)));
    }
    enable(base);
    enable(&panes);
    if server.has("cpu.weight") {
        // The default is an equal share.
        let _ = server.write("cpu.weight", &SERVER_WEIGHT.to_string());
    }
    Ok(panes)
}

/// Makes a new group for a pane.
pub(super) fn new_group(panes: &Group, pane: PaneId, limits: &Limits) -> io::Result<Group> {
    for n in 0..MAX_NAMES {
        let suffix = if n == 0 { String::new() } else { format!(".{n}") };
        let group = panes.child(&format!("pane-{}{suffix}", pane.0));
        if group.dir.exists() && !(group.is_empty() && group.remove()?) {
            continue;
        }
        group.make()?;
        v2::set_first_limits(&group, limits)?;
        return Ok(group);
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// The group of a pane that an earlier server made.
pub(super) fn old_group(panes: &Group, name: &str) -> io::Result<Group> {
    let last = name.rsplit('/').next().unwrap_or_default();
    let group = panes.child(last);
    match last.starts_with("pane-") && group.dir.exists() {
        true => Ok(group),
        false => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

/// Removes groups that are empty and not watched; returns the processes left in the others.
pub(super) fn sweep(panes: &Group, watched: &Watched) -> Vec<Stray> {
    let mut strays = Vec::new();
    for group in panes.children() {
        if watched.holds(&group) {
            continue;
        }
        if group.is_empty() {
            // If a process appears meanwhile, the group stays for the next sweep.
            let _ = group.remove();
        } else {
            strays.push(Stray { name: group.name(), pids: group.pids() });
        }
    }
    strays
}

/// Enables controllers one by one, so that a missing one does not affect the others.
fn enable(group: &Group) {
    for controller in CONTROLLERS {
        // A controller that is missing is named in the status.
        let _ = group.write("cgroup.subtree_control", &format!("+{controller}"));
    }
}

impl Containment for Delegated {
    fn status(&self) -> Status {
        Status { backend: Backend::Delegated, missing: self.missing.clone(), why: self.why.clone() }
    }

    fn open(&mut self, pane: PaneId, limits: &Limits) -> io::Result<Box<dyn PaneScope>> {
        let group = new_group(&self.panes, pane, limits)?;
        self.watched.add_new(&mut self.watch, pane, &group)?;
        Ok(Box::new(Scope { group }))
    }

    fn adopt(&mut self, pane: PaneId, name: &str) -> io::Result<Box<dyn PaneScope>> {
        let group = old_group(&self.panes, name)?;
        self.scope(pane, group)
    }

    fn forget(&mut self, pane: PaneId) {
        self.watch.forget(pane);
        self.watched.forget(pane);
    }

    fn set_panes_memory_max(&mut self, bytes: Option<u64>) -> io::Result<()> {
        if !self.panes.has("memory.max") {
            return Ok(());
        }
        self.panes.write_limit("memory.max", bytes)
    }

    fn panes_memory(&self) -> Option<u64> {
        self.panes.number("memory.current")
    }

    fn own_groups(&self) -> Vec<PathBuf> {
        vec![self.panes.dir.clone()]
    }

    fn events_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.watch.fd())
    }

    fn suspect(&mut self, pane: PaneId) {
        self.watch.suspect(pane);
    }

    fn events(&mut self) -> Vec<Event> {
        let mut out = Vec::new();
        for pane in self.watch.changed() {
            self.watched.events(pane, &mut out);
        }
        out
    }

    fn sweep(&mut self) -> Vec<Stray> {
        sweep(&self.panes, &self.watched)
    }
}

struct Scope {
    group: Group,
}

impl PaneScope for Scope {
    fn name(&self) -> String {
        self.group.path()
    }

    fn spawn_target(&self) -> io::Result<SpawnTarget> {
        Ok(SpawnTarget::Group { dir: self.group.open()?, procs: self.group.procs_file() })
    }

    fn set_limits(&mut self, limits: &Limits) -> io::Result<()> {
        v2::set_limits(&self.group, limits)
    }

    fn usage(&self) -> Usage {
        v2::usage(&self.group)
    }

    fn pids(&self) -> Vec<i32> {
        self.group.pids()
    }

    fn kill(&self) -> io::Result<()> {
        self.group.kill()
    }

    fn is_empty(&self) -> bool {
        self.group.is_empty()
    }

    fn remove(&mut self) -> io::Result<bool> {
        self.group.remove()
    }
}

#[cfg(test)]
mod tests {
    use super::super::host::tests::made_up;
    use super::*;

    #[test]
    fn nothing_stays_in_a_group_that_is_divided() {
        let (dir, _) = made_up(&[("a/cgroup.procs", "77\n"), ("a/server/cgroup.procs", "")]);
        let base = Group::new(dir.path().join("a"));
        divide(&base, &[]).unwrap();
        assert!(base.child("server").pids().contains(&77));
    }

    #[test]
    fn the_server_comes_before_what_panes_run() {
        let (dir, _) = made_up(&[("a/server/cpu.weight", "100\n"), ("a/panes/cpu.weight", "100\n")]);
        let base = Group::new(dir.path().join("a"));
        let weight = |group: &Group| group.number("cpu.weight").unwrap();
        let panes = divide(&base, &[]).unwrap();
        assert!(weight(&base.child("server")) > weight(&panes));
    }
}
