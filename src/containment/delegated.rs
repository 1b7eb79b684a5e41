//! A subtree of the unified hierarchy that is ours: `server` for server and keeper, `panes`
//! with a group per pane. We own the directories, so nobody removes `memory.events` before we
//! have read it, and limits change by writing a file.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use super::events::Watch;
use super::group::Group;
use super::v2::{self, CONTROLLERS, Watched};
use super::{Backend, Containment, Event, Limits, PaneScope, SpawnTarget, Status, Stray, Usage};
use crate::base::PaneId;

/// See the module comment.
pub(super) struct Delegated {
    panes: Group,
    /// What tells other servers that our groups are in use; it ends with the process.
    _held: File,
    missing: Vec<&'static str>,
    /// Why it is not what was asked for.
    why: String,
    watch: Watch,
    watched: Watched,
}

/// Groups tried for a pane whose name is taken by something that still runs.
const MAX_NAMES: u32 = 1000;
/// Looks for processes in a group that is divided: what is moved may just be starting others.
const MOVE_ROUNDS: usize = 16;
/// Share of the processor of server and keeper; all panes together have 100. The server has little
/// to do, but somebody waits for it, even while panes take every core.
const SERVER_WEIGHT: u32 = 1000;

impl Delegated {
    /// Sets up below `base`: the processes `pids` (server and keeper) move to a leaf of their
    /// own, since a group with controllers below it must have no processes.
    pub fn new(base: &Group, pids: &[i32], why: String) -> io::Result<Self> {
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

/// Makes `server` and `panes` below `base` and moves `pids` into the first, and whatever else runs
/// in `base` itself; gives the second.
pub(super) fn divide(base: &Group, pids: &[i32]) -> io::Result<Group> {
    let (server, panes) = (base.child("server"), base.child("panes"));
    for group in [&server, &panes] {
        match group.make() {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
    }
    // Kernels before 5.7 keep no such attribute.
    let _ = server.spare();
    for &pid in pids {
        match server.adopt(pid) {
            // Gone already; its group does not matter.
            Err(e) if e.raw_os_error() == Some(libc::ESRCH) => {}
            other => other?,
        }
    }
    // What the keeper started after systemd had moved it: one process is enough, and no controller
    // can be passed on. A pane's is brought into its own group later.
    for _ in 0..MOVE_ROUNDS {
        let left = base.own_pids();
        if left.is_empty() {
            break;
        }
        // One that ends just now does not matter.
        left.into_iter().for_each(|pid| drop(server.adopt(pid)));
    }
    enable(base);
    enable(&panes);
    if server.has("cpu.weight") {
        // Equal shares are what it has without.
        let _ = server.write("cpu.weight", &SERVER_WEIGHT.to_string());
    }
    Ok(panes)
}

/// A new group for a pane among those of others.
pub(super) fn new_group(panes: &Group, pane: PaneId, limits: &Limits) -> io::Result<Group> {
    for n in 0..MAX_NAMES {
        let suffix = if n == 0 { String::new() } else { format!(".{n}") };
        let group = panes.child(&format!("pane-{}{suffix}", pane.0));
        if group.dir.exists() && !(group.is_empty() && group.remove()?) {
            continue;
        }
        group.make()?;
        v2::set_limits(&group, limits)?;
        return Ok(group);
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// The group of a pane that an earlier server of ours made.
pub(super) fn old_group(panes: &Group, name: &str) -> io::Result<Group> {
    let last = name.rsplit('/').next().unwrap_or_default();
    let group = panes.child(last);
    match last.starts_with("pane-") && group.dir.exists() {
        true => Ok(group),
        false => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

/// Removes groups that are empty and not watched; says what is left in the others.
pub(super) fn sweep(panes: &Group, watched: &Watched) -> Vec<Stray> {
    let mut strays = Vec::new();
    for group in panes.children() {
        if watched.holds(&group) {
            continue;
        }
        if group.is_empty() {
            // A process may appear in between; then it stays for the next time.
            let _ = group.remove();
        } else {
            strays.push(Stray { name: group.name(), pids: group.pids() });
        }
    }
    strays
}

/// Passes controllers on, one by one: one that is not there must not cost the others.
fn enable(group: &Group) {
    for controller in CONTROLLERS {
        // What is missing shows in the group below and is named in the status.
        let _ = group.write("cgroup.subtree_control", &format!("+{controller}"));
    }
}

impl Containment for Delegated {
    fn status(&self) -> Status {
        Status { backend: Backend::Delegated, missing: self.missing.clone(), why: self.why.clone() }
    }

    fn open(&mut self, pane: PaneId, limits: &Limits) -> io::Result<Box<dyn PaneScope>> {
        let group = new_group(&self.panes, pane, limits)?;
        self.scope(pane, group)
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
