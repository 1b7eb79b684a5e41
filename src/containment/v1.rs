//! Legacy and hybrid hosts: memory, pids and (if available) cpu and blkio groups below the server's own
//! groups. The server need not move: in version 1 a group may have both processes and children.
//!
//! Panes get groups of the cpu controller only when a pane's weight is not the default one. All of them
//! would share one weight, which the kernel divides over processors by load: beside a pane that keeps one
//! processor busy, a shell that answers a key on the other has a hundredth of it, and waits. (Measured
//! on two cores beside a flood, without any groups: 0.9 ms instead of 1.2 at the median, 2.0 instead of 2.8 at
//! the 90th percentile. What the groups of the other controllers have of that was not measured.)

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::backend::{Backend, Containment, Status, Stray};
use super::events::Watch;
use super::group::{Group, PREFIX};
use super::host::Host;
use super::limits::{LIMITS, Limit, Limits, Usage, Version1};
use super::scope::{Event, OomCause, PaneScope, SpawnTarget};
use crate::base::PaneId;

/// Controllers, and their names in version 2.
const CONTROLLERS: [(&str, &str); 5] =
    [("memory", "memory"), ("pids", "pids"), ("cpu", "cpu"), ("blkio", "io"), ("cpuacct", "")];

/// The controller whose groups panes get on demand.
const CPU: &str = "cpu";
/// Maximum number of checks for processes in a pane that gets a group: they may start others while they
/// are moved.
const MOVE_ROUNDS: usize = 16;

/// See the module comment.
pub(super) struct V1 {
    /// The server's group in each hierarchy that it can write to; panes are below it.
    bases: Vec<(&'static str, Group)>,
    /// True once panes have groups of the cpu controller; then all of them have one.
    weighs: Arc<AtomicBool>,
    /// Locks that show other servers that the groups are in use; they end with the process.
    held: Vec<File>,
    why: String,
    watch: Watch,
    watched: HashMap<PaneId, (Groups, Counts)>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    oom_kill: u64,
    pids_max: u64,
}

/// A pane's groups, and whether that of the cpu controller is one of them.
#[derive(Clone)]
struct Groups(Arc<[(&'static str, Group)]>, Arc<AtomicBool>);

impl V1 {
    /// Makes a group called `name` below the present one in each hierarchy. Fails when neither memory nor
    /// pids is available.
    pub(super) fn new(host: &Host, name: &str, why: String) -> io::Result<Self> {
        let (mut bases, mut held): (Vec<(&'static str, Group)>, _) = (Vec::new(), Vec::new());
        let mut refused = io::Error::other("no version 1 hierarchy is mounted");
        for (controller, _) in CONTROLLERS {
            let Some(own) = host.own_dir(Some(controller)) else { continue };
            let group = Group::new(own).child(name);
            // cpu and cpuacct are often in one hierarchy.
            if bases.iter().any(|(_, other)| other == &group) {
                continue;
            }
            match group.hold() {
                Err(e) => refused = e,
                // A group of each pane there would only cost time.
                Ok(_) if !serves(controller, &group) => drop(group.remove()),
                Ok(file) => {
                    held.push(file);
                    bases.push((controller, group));
                }
            }
        }
        if !bases.iter().any(|(c, _)| ["memory", "pids"].contains(c)) {
            return Err(refused);
        }
        if let Some((_, memory)) = bases.iter().find(|(c, _)| *c == "memory") {
            // The limit of all panes together needs it; in newer kernels it is always on.
            let _ = memory.write("memory.use_hierarchy", "1");
        }
        for (_, base) in &bases {
            if let Some(parent) = base.dir.parent() {
                Group::new(parent).remove_dead(PREFIX);
            }
        }
        let of = |controller| bases.iter().find(|(c, _)| *c == controller).map(|(_, group)| group);
        // Where cpu and cpuacct are one hierarchy, what panes use is known by these groups only. Those of
        // an earlier server's panes stay.
        let weighs = of(CPU).is_some_and(|cpu| of("cpuacct").is_none() || !cpu.children().is_empty());
        let weighs = Arc::new(AtomicBool::new(weighs));
        let mut it = Self { bases, weighs, held, why, watch: Watch::new()?, watched: HashMap::new() };
        it.sweep();
        Ok(it)
    }

    fn base(&self, controller: &str) -> Option<&Group> {
        self.bases.iter().find(|(c, _)| *c == controller).map(|(_, g)| g)
    }

    fn groups(&self, name: &str) -> Groups {
        let all = self.bases.iter().map(|(c, base)| (*c, base.child(name))).collect();
        Groups(all, self.weighs.clone())
    }

    /// Watches a pane whose counters had these values so far.
    fn watch(&mut self, pane: PaneId, groups: Groups, counts: Counts) -> io::Result<Box<dyn PaneScope>> {
        if let Some(memory) = groups.get("memory") {
            self.watch.oom_v1(pane, memory)?;
        }
        if let Some(pids) = groups.get("pids") {
            match self.watch.file(pane, &pids.dir.join("pids.events")) {
                // Old kernels have no such file.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                watched => watched?,
            }
        }
        self.watched.insert(pane, (groups.clone(), counts));
        Ok(Box::new(Scope { groups }))
    }
}

/// Reports whether a controller does anything for panes: it has a file of their limits, or shows what
/// they use.
fn serves(controller: &str, group: &Group) -> bool {
    let mut files = LIMITS.iter().filter_map(|row| match row.v1 {
        Version1::Knob { controller: of, knob } if of == controller => Some(knob.file),
        _ => None,
    });
    ["memory", "cpuacct"].contains(&controller) || files.any(|file| group.has(file))
}

impl Groups {
    fn get(&self, controller: &str) -> Option<&Group> {
        self.0.iter().find(|(c, _)| *c == controller).map(|(_, g)| g)
    }

    fn counts(&self) -> Counts {
        Counts {
            oom_kill: self.get("memory").and_then(|g| g.field("memory.oom_control", "oom_kill")).unwrap_or(0),
            pids_max: self.get("pids").and_then(|g| g.field("pids.events", "max")).unwrap_or(0),
        }
    }

    /// The limit that was reached: the pane's own if its memory was ever near it. (Not all kernels keep
    /// `failcnt`.)
    fn oom_cause(&self) -> OomCause {
        const NEAR: u64 = 2 << 20;
        let number = |file: &str| self.get("memory").and_then(|g| g.number(file));
        match (number("memory.max_usage_in_bytes"), number("memory.limit_in_bytes")) {
            (Some(most), Some(limit)) if most.saturating_add(NEAR) >= limit => OomCause::Pane,
            _ => OomCause::Above,
        }
    }

    fn pids(&self) -> Vec<i32> {
        self.0.first().map(|(_, group)| group.pids()).unwrap_or_default()
    }

    /// Those that exist, or are to exist.
    fn used(&self) -> impl Iterator<Item = &Group> {
        let weighs = self.1.load(Relaxed);
        self.0.iter().filter(move |(controller, _)| weighs || *controller != CPU).map(|(_, group)| group)
    }

    fn make(&self) -> io::Result<()> {
        self.used().try_for_each(Group::make)
    }

    /// Gives this pane and those beside it groups of the cpu controller, with the default weight. A program
    /// that is just being started is not found, and stays outside.
    fn begin_weighing(&self) -> io::Result<()> {
        let (Some(cpu), Some((_, first))) = (self.get(CPU), self.0.first()) else { return Ok(()) };
        let (Some(to), Some(from)) = (cpu.dir.parent(), first.dir.parent()) else { return Ok(()) };
        self.1.store(true, Relaxed);
        for pane in Group::new(from).children() {
            let group = Group::new(to).child(&pane.name());
            match group.make() {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            let mut moved = HashSet::new();
            for _ in 0..MOVE_ROUNDS {
                let fresh: Vec<i32> = pane.pids().into_iter().filter(|pid| moved.insert(*pid)).collect();
                if fresh.is_empty() {
                    break;
                }
                // A process that has ended need not be moved.
                fresh.into_iter().for_each(|pid| drop(group.adopt(pid)));
            }
        }
        Ok(())
    }

    fn remove(&self) -> io::Result<bool> {
        let mut gone = true;
        for (_, group) in self.0.iter() {
            gone &= group.remove()?;
        }
        Ok(gone)
    }

    fn set_limits(&self, limits: &Limits) -> io::Result<()> {
        self.write_limits(limits, false)
    }

    /// Writes limits; of new groups, only those that they do not have already.
    fn write_limits(&self, limits: &Limits, is_new: bool) -> io::Result<()> {
        match self.get("memory") {
            Some(memory) if is_new => set_first_memory(memory, limits)?,
            Some(memory) => set_memory(memory, limits)?,
            None => {}
        }
        for row in LIMITS {
            let Version1::Knob { controller, knob } = row.v1 else { continue };
            let limit = limits[row.limit];
            if controller == CPU && !row.is_default(limit) && !self.1.load(Relaxed) {
                self.begin_weighing()?;
            }
            if let Some(group) = self.get(controller).filter(|_| !(is_new && row.is_default(limit))) {
                group.write_if_any(knob.file, &(knob.text)(limit))?;
            }
        }
        Ok(())
    }
}

/// The limit of memory plus swap. Kernels that do not count swap have no such file.
const SWAP: &str = "memory.memsw.limit_in_bytes";

/// Sets the limits of memory, and of memory plus swap. The second may never be below the first, so it is
/// removed before the first changes.
fn set_memory(group: &Group, limits: &Limits) -> io::Result<()> {
    group.write_if_any(SWAP, "-1")?;
    group.write("memory.limit_in_bytes", &number(limits[Limit::Memory]))?;
    match limits[Limit::Memory] {
        Some(memory) => group.write_if_any(SWAP, &with_swap(memory, limits)),
        None => Ok(()),
    }
}

/// The same for a new group, which has no limits.
fn set_first_memory(group: &Group, limits: &Limits) -> io::Result<()> {
    let Some(memory) = limits[Limit::Memory] else { return Ok(()) };
    group.write("memory.limit_in_bytes", &number(Some(memory)))?;
    group.write_if_any(SWAP, &with_swap(memory, limits))
}

fn number(limit: Option<u64>) -> String {
    limit.map_or("-1".to_owned(), |n| n.to_string())
}

/// The limit of memory plus swap under a limit of memory.
fn with_swap(memory: u64, limits: &Limits) -> String {
    let both = limits[Limit::Swap].map(|swap| memory.saturating_add(swap));
    number(both.filter(|&n| n < i64::MAX as u64))
}

impl Containment for V1 {
    fn status(&self) -> Status {
        let has = |controller: &str| self.base(controller).is_some();
        let wanted = CONTROLLERS.iter().filter(|(_, name)| !name.is_empty());
        let missing = wanted.filter(|(c, _)| !has(c)).map(|(_, name)| *name).collect();
        Status { backend: Backend::V1, missing, why: self.why.clone() }
    }

    fn open(&mut self, pane: PaneId, limits: &Limits) -> io::Result<Box<dyn PaneScope>> {
        for n in 0..1000 {
            let suffix = if n == 0 { String::new() } else { format!(".{n}") };
            let groups = self.groups(&format!("pane-{}{suffix}", pane.0));
            match groups.make() {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if !(groups.pids().is_empty() && groups.remove()?) {
                        continue;
                    }
                    groups.make()?;
                }
                made => made?,
            }
            groups.write_limits(limits, true)?;
            return self.watch(pane, groups, Counts::default());
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists))
    }

    fn adopt(&mut self, pane: PaneId, name: &str) -> io::Result<Box<dyn PaneScope>> {
        let groups = self.groups(name.rsplit('/').next().unwrap_or_default());
        let mut needed = groups.0.iter().filter(|(controller, _)| *controller != CPU);
        if !name.contains("pane-") || needed.any(|(_, group)| !group.dir.exists()) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let counts = groups.counts();
        self.watch(pane, groups, counts)
    }

    fn forget(&mut self, pane: PaneId) {
        self.watch.forget(pane);
        self.watched.remove(&pane);
    }

    fn set_panes_memory_max(&mut self, bytes: Option<u64>) -> io::Result<()> {
        let Some(base) = self.base("memory") else { return Ok(()) };
        base.write("memory.limit_in_bytes", &bytes.map_or("-1".to_owned(), |n| n.to_string()))
    }

    fn panes_memory(&self) -> Option<u64> {
        self.base("memory")?.number("memory.usage_in_bytes")
    }

    fn own_groups(&self) -> Vec<PathBuf> {
        self.bases.iter().map(|(_, group)| group.dir.clone()).collect()
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
            let Some((groups, before)) = self.watched.get_mut(&pane) else { continue };
            let now = groups.counts();
            if now.oom_kill > before.oom_kill {
                let kills = now.oom_kill - before.oom_kill;
                let cause = groups.oom_cause();
                self.watch.settled(pane);
                out.push(Event::OomKill { pane, kills, cause });
            }
            if now.pids_max > before.pids_max {
                out.push(Event::PidsLimit { pane, hits: now.pids_max - before.pids_max });
            }
            *before = now;
        }
        out
    }

    fn sweep(&mut self) -> Vec<Stray> {
        let held: Vec<String> =
            self.watched.values().filter_map(|(groups, _)| Some(groups.0.first()?.1.name())).collect();
        let mut names: Vec<String> =
            self.bases.iter().flat_map(|(_, base)| base.children()).map(|group| group.name()).collect();
        names.sort();
        names.dedup();
        let mut strays = Vec::new();
        for name in names.into_iter().filter(|name| !held.contains(name)) {
            let groups = self.groups(&name);
            let pids = groups.pids();
            if pids.is_empty() {
                let _ = groups.remove();
            } else {
                strays.push(Stray { name, pids });
            }
        }
        strays
    }
}

impl Drop for V1 {
    fn drop(&mut self) {
        // Groups with processes stay; the keeper waits for those.
        self.held.clear();
        for (_, base) in &self.bases {
            base.remove_unheld();
        }
    }
}

struct Scope {
    groups: Groups,
}

impl PaneScope for Scope {
    fn name(&self) -> String {
        let path =
            self.groups.0.first().map(|(_, g)| g.dir.to_string_lossy().into_owned()).unwrap_or_default();
        path.strip_prefix("/sys/fs/cgroup").unwrap_or(&path).to_owned()
    }

    fn spawn_target(&self) -> io::Result<SpawnTarget> {
        Ok(SpawnTarget::Enter { dirs: self.groups.used().map(|group| group.dir.clone()).collect() })
    }

    fn set_limits(&mut self, limits: &Limits) -> io::Result<()> {
        self.groups.set_limits(limits)
    }

    fn usage(&self) -> Usage {
        let (memory, pids) = (self.groups.get("memory"), self.groups.get("pids"));
        let number = |file: &str| memory.and_then(|g| g.number(file));
        let bytes = |field: &str| memory.and_then(|g| g.field("memory.stat", field));
        let cpu = self.groups.0.iter().find_map(|(_, g)| g.number("cpuacct.usage"));
        Usage {
            memory: number("memory.usage_in_bytes"),
            memory_peak: number("memory.max_usage_in_bytes"),
            // Without a limit, the file has the largest number of whole pages.
            memory_max: number("memory.limit_in_bytes").filter(|&n| n < i64::MAX as u64 / 2),
            swap: bytes("total_swap"),
            pids: pids.and_then(|g| g.number("pids.current")),
            cpu_usec: cpu.map(|ns| ns / 1000),
            oom_kills: memory.and_then(|g| g.field("memory.oom_control", "oom_kill")),
        }
    }

    fn pids(&self) -> Vec<i32> {
        self.groups.pids()
    }

    fn kill(&self) -> io::Result<()> {
        self.groups.0.first().map_or(Ok(()), |(_, group)| group.kill())
    }

    fn is_empty(&self) -> bool {
        self.groups.pids().is_empty()
    }

    fn remove(&mut self) -> io::Result<bool> {
        self.groups.remove()
    }
}
