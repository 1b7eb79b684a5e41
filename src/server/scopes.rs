//! The server's use of a scope per pane: starting a pane's program in it, its usage, processes left
//! when the pane is closed, and the choice of a victim when memory runs out.

mod left;
mod report;

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::base::{BoxedMap, PaneId};
use crate::containment::{
    self, Amount, Backstop, Choice, Containment, Deed, Event, Found, Host, KernelLog, LIMITS, Late, Limit,
    Limits, OomCause, PaneScope, Pressure, Settings, Standing, Starting, load_of,
};
use crate::model::pane_limits::{PaneLimits, ServerLimits};
use crate::options::size::{MemoryLimit, short_bytes};

use super::token::{Poller, Token};
use crate::reactor::Interest;
pub(super) use report::OomReport;

/// Cgroups to start a pane's program in.
#[derive(Debug, Default)]
pub(super) struct SpawnTarget {
    /// Directory of the cgroup to start in.
    pub cgroup: Option<OwnedFd>,
    /// Version 1 cgroups to enter instead.
    pub groups: Vec<PathBuf>,
    pub oom_score_adj: Option<i32>,
    /// True if the program waits until `take_opened` names the pane.
    pub gated: bool,
}

/// Longest wait of the first pane for systemd, which takes a tenth of a second on a busy machine:
/// panes start within a second whatever the bus does. A later answer is used when it comes.
const START_WAIT: Duration = Duration::from_millis(600);
/// Milliseconds for which a pane's program waits at its gate for systemd to move it.
const GATE_MS: u64 = 700;
/// Milliseconds between the SIGHUP of a closed pane and the end of its remaining processes, with
/// `pane-kill-scope`.
const KILL_MS: u64 = 3000;
/// Milliseconds until killed processes are checked again.
const AGAIN_MS: u64 = 200;
/// Milliseconds for which this process's `oom_score_adj` is taken as known.
const SCORE_MS: u64 = 1000;
/// Milliseconds between checks of the host's memory, if the kernel does not report pressure.
const LOOK_MS: u64 = 2000;
/// Most scopes of closed panes whose processes are awaited; older ones are left to `sweep`.
const MAX_CLOSED: usize = 1024;

/// A pane's scope.
struct Held {
    scope: Box<dyn PaneScope>,
    /// True if its pid must be passed to `attach`.
    attach: bool,
    limits: Option<Limits>,
    /// Pid of the first process.
    pid: Option<i32>,
}

/// A scope whose pane is closed.
struct Closed {
    pane: PaneId,
    scope: Box<dyn PaneScope>,
    /// Time at which to kill the remaining processes (monotonic ms).
    kill_at: Option<u64>,
}

/// The scopes of all panes.
pub(super) struct Scopes {
    label: String,
    /// Runtime of the tasks that talk to systemd while the server waits.
    tasks: Arc<tokio::runtime::Runtime>,
    /// systemd's answer, if it did not come in time.
    late: Option<Late>,
    backend: Option<Box<dyn Containment>>,
    memory_base: u64,
    pids_base: u64,
    panes: BoxedMap<PaneId, Held>,
    closed: Vec<Closed>,
    /// Programs at their gates, and the time limit of each (monotonic ms).
    gates: BTreeMap<PaneId, u64>,
    opened: Vec<PaneId>,
    /// True once the scopes that a dead server left were searched for.
    orphans_claimed: bool,
    wanted: BoxedMap<PaneId, PaneLimits>,
    /// This process's `oom_score_adj`, and when it was read (monotonic ms).
    score: Option<(i32, u64)>,
    server: Option<ServerLimits>,
    pressure: Option<Pressure>,
    backstop: Backstop,
    next_look: u64,
    /// True if the loop wakes for that check; else the next turn from then on makes it.
    wake_for_look: bool,
    /// Read beside the loop, because the log may be long.
    log: Option<Arc<Mutex<KernelLog>>>,
    messages: Vec<String>,
}

impl SpawnTarget {
    /// Directories of all cgroups, for a process that already runs.
    pub(super) fn directories(&self) -> Vec<PathBuf> {
        let fd = |dir: &OwnedFd| PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd()));
        if self.groups.is_empty() { self.cgroup.iter().map(fd).collect() } else { self.groups.clone() }
    }
}

impl Scopes {
    /// Starts: asks systemd at once; the first pane uses the answer.
    pub(super) fn new(socket_path: &str, tasks: Arc<tokio::runtime::Runtime>) -> Self {
        let name = socket_path.rsplit('/').next().unwrap_or_default();
        let usual = format!("/tmp/tmux-{}/{name}", nix::unistd::geteuid());
        // Servers with one name in different directories must not share a scope.
        let label = match socket_path == usual {
            true => name.to_owned(),
            false => format!("{name}_{:08x}", crc32fast::hash(socket_path.as_bytes())),
        };
        Self {
            label,
            tasks,
            late: None,
            backend: None,
            memory_base: 0,
            pids_base: 0,
            panes: BoxedMap::new(),
            closed: Vec::new(),
            gates: BTreeMap::new(),
            opened: Vec::new(),
            orphans_claimed: false,
            wanted: BoxedMap::new(),
            score: None,
            server: None,
            pressure: None,
            backstop: Backstop::default(),
            next_look: 0,
            wake_for_look: true,
            log: None,
            messages: Vec::new(),
        }
    }

    fn begin(&mut self) -> Starting {
        let containment = self.server.as_ref().map_or("auto", |server| server.containment.as_str());
        let choice = Choice::parse(containment).unwrap_or_default();
        let keeper = nix::unistd::getppid().as_raw();
        // In the foreground the parent may be any process; only our own program moves too.
        let exe = |pid: &str| std::fs::read_link(format!("/proc/{pid}/exe")).ok();
        let ours = keeper > 1 && exe(&keeper.to_string()).is_some_and(|path| Some(path) == exe("self"));
        let mut pids = vec![nix::unistd::getpid().as_raw()];
        pids.extend(ours.then_some(keeper));
        let host = Host::default();
        self.pids_base = host.pids_base();
        let starting = Starting::begin(Settings {
            choice,
            label: self.label.clone(),
            pids,
            host,
            tasks: self.tasks.clone(),
        });
        self.memory_base = starting.memory_base();
        starting
    }

    /// The backend, which is set up when the first pane needs it.
    fn backend(&mut self, poller: &Poller) -> &mut Box<dyn Containment> {
        if self.backend.is_none() {
            let Found { mut backend, message, late } = self.begin().finish(START_WAIT);
            tracing::info!("containment: {}", backend.status());
            self.messages.extend(message);
            let fds = [backend.events_fd(), late.as_ref().and_then(Late::fd)];
            for fd in fds.into_iter().flatten() {
                poller.add(fd, Token::Scopes, Interest::READ).ok();
            }
            self.late = late;
            backend.sweep();
            self.pressure = Pressure::new(&self.tasks).ok();
            if let Some(pressure) = &self.pressure {
                poller.add(pressure.fd(), Token::Pressure, Interest::READ).ok();
            }
            self.backend = Some(backend);
            self.log = KernelLog::open().map(|log| Arc::new(Mutex::new(log)));
            self.apply_total();
        }
        self.backend.as_mut().expect("set above")
    }

    /// Reports whether systemd has not answered yet, so that this process's groups may still
    /// change.
    pub(super) fn is_waiting(&self) -> bool {
        self.late.is_some()
    }

    /// Uses systemd's answer if it has come: panes that already run get their scopes.
    fn take_late(&mut self, poller: &Poller) {
        let Some(mut late) = self.late.take() else { return };
        if self.backend.as_ref().is_some_and(|b| b.status().backend != containment::Backend::None) {
            let (failures, more) = late.moved();
            self.messages.extend(failures.into_iter().map(|why| format!("a pane is not contained: {why}")));
            self.late = more.then_some(late);
            return;
        }
        let mut backend = match late.take() {
            None => {
                self.late = Some(late);
                return;
            }
            Some(Ok(backend)) => backend,
            Some(Err(why)) => {
                self.messages.push(format!("panes are not contained: {why}"));
                return;
            }
        };
        if let Some(fd) = backend.events_fd() {
            poller.add(fd, Token::Scopes, Interest::READ).ok();
        }
        self.messages
            .push(format!("containment: systemd answers; panes are contained: {}", backend.status()));
        let host = Host::default();
        for (pane, pid) in
            self.panes.iter().filter_map(|(pane, held)| Some((*pane, held.pid?))).collect::<Vec<_>>()
        {
            let limits = self.limits(pane);
            let opened = backend.open(pane, &limits).map_err(|e| e.to_string()).and_then(|mut scope| {
                // Processes started during the move may stay where they are; so does charged
                // memory.
                let pids = host.family(pid);
                match scope.spawn_target().map_err(|e| e.to_string())? {
                    containment::SpawnTarget::Attach => scope.attach(&pids),
                    _ => late.bring(&scope.name(), pids)?,
                }
                Ok(scope)
            });
            match opened {
                Ok(scope) => {
                    let held = Held { scope, attach: false, limits: Some(limits), pid: Some(pid) };
                    self.panes.insert(pane, held);
                }
                Err(why) => self.messages.push(format!("pane {pane} is not contained: {why}")),
            }
        }
        self.backend = Some(backend);
        self.late = Some(late);
        self.apply_total();
    }

    fn apply_total(&mut self) {
        let (base, server) = (self.memory_base, self.server.clone());
        if let (Some(backend), Some(server)) = (&mut self.backend, server)
            && let Err(error) = backend.set_panes_memory_max(server.panes_memory.of(base))
        {
            self.messages.push(format!("panes-memory-max: {error}"));
        }
    }

    pub(super) fn set_server_limits(&mut self, limits: ServerLimits) {
        if self.server.as_ref() != Some(&limits) {
            self.server = Some(limits);
            self.apply_total();
        }
    }

    pub(super) fn set_pane_limits(&mut self, pane: PaneId, limits: PaneLimits) {
        self.wanted.insert(pane, limits);
        let concrete = self.limits(pane);
        if let Some(held) = self.panes.get_mut(&pane)
            && held.limits != Some(concrete)
        {
            held.limits = Some(concrete);
            if let Err(error) = held.scope.set_limits(&concrete) {
                self.messages.push(format!("limits of pane {pane}: {error}"));
            }
        }
    }

    fn limits(&self, pane: PaneId) -> Limits {
        let Some(wanted) = self.wanted.get(&pane) else { return Limits::default() };
        let mut limits = Limits::new(wanted.oom_ends_pane);
        for (row, amount) in LIMITS.iter().zip(wanted.limits) {
            limits[row.limit] = amount.of(match row.amount {
                Amount::Memory | Amount::Weight => self.memory_base,
                Amount::Tasks => self.pids_base,
            });
        }
        limits
    }

    /// Makes the scope of a new pane. Without one the pane runs all the same, with one message.
    pub(super) fn open_pane(&mut self, poller: &Poller, pane: PaneId, now_ms: u64) -> SpawnTarget {
        self.backend(poller);
        let oom_score_adj = Some(self.pane_score(now_ms));
        let limits = self.limits(pane);
        let backend = self.backend.as_mut().expect("set up above");
        backend.forget(pane);
        let opened = backend.open(pane, &limits).and_then(|scope| {
            let target = scope.spawn_target()?;
            Ok((scope, target))
        });
        let (scope, target) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.messages.push(format!("pane {pane} is not contained: {error}"));
                return SpawnTarget { oom_score_adj, ..SpawnTarget::default() };
            }
        };
        let (mut attach, mut groups) = (false, Vec::new());
        let cgroup = match target {
            containment::SpawnTarget::Group { dir, .. } => Some(dir),
            containment::SpawnTarget::Enter { dirs } => {
                groups = dirs;
                None
            }
            containment::SpawnTarget::Attach => {
                attach = true;
                None
            }
            containment::SpawnTarget::None => None,
        };
        self.panes.insert(pane, Held { scope, attach, limits: Some(limits), pid: None });
        SpawnTarget { cgroup, groups, oom_score_adj, gated: attach }
    }

    /// The `oom_score_adj` of a new pane, computed from that of this process. The latter is read again every
    /// `SCORE_MS`, since other programs may change it.
    fn pane_score(&mut self, now_ms: u64) -> i32 {
        let known = self.score.filter(|(_, read_ms)| now_ms < read_ms + SCORE_MS);
        let (score, _) = *self.score.insert(known.unwrap_or_else(|| (own_score(), now_ms)));
        containment::pane_oom_score(score)
    }

    /// Takes over the scope of a pane that an earlier server started.
    pub(super) fn adopt_pane(&mut self, poller: &Poller, pane: PaneId, pid: i32) {
        self.backend(poller);
        let host = Host::default();
        let path = |controller| host.path_of(&pid.to_string(), controller);
        let paths = [None, Some("memory"), Some("pids")].into_iter().filter_map(path);
        let mut names = paths.flat_map(|p| p.split('/').map(str::to_owned).collect::<Vec<_>>());
        let named = names.rfind(|part| part.starts_with("pane-") || part.contains("-pane-"));
        let backend = self.backend.as_mut().expect("set up above");
        if let Some(scope) = named.and_then(|name| backend.adopt(pane, &name).ok()) {
            let held = Held { scope, attach: false, limits: None, pid: Some(pid) };
            self.panes.insert(pane, held);
        }
    }

    /// Records that the pane's first process runs.
    pub(super) fn pane_started(&mut self, pane: PaneId, pid: i32, contained: bool, now_ms: u64) {
        let Some(held) = self.panes.get_mut(&pane) else { return };
        held.pid = Some(pid);
        if held.attach {
            held.scope.attach(&[pid]);
            self.gates.insert(pane, now_ms + GATE_MS);
            return;
        }
        if !contained {
            self.not_moved(pane);
        }
    }

    /// Records that the pane's first process runs outside of its group.
    pub(super) fn not_moved(&mut self, pane: PaneId) {
        self.messages.push(format!("pane {pane} is not contained: it could not be moved"));
    }

    /// Takes the panes whose gates have opened (their programs may exec now).
    pub(super) fn take_opened(&mut self) -> Vec<PaneId> {
        std::mem::take(&mut self.opened)
    }

    /// Opens gates whose time limit has passed.
    fn open_late(&mut self, now_ms: u64) {
        let late = self.gates.iter().filter(|(_, due)| **due <= now_ms);
        for pane in late.map(|(pane, _)| *pane).collect::<Vec<_>>() {
            self.gates.remove(&pane);
            self.opened.push(pane);
            let scope = self.backend.as_mut().map(|backend| backend.attach_late(pane));
            if let Some(Err(why)) = scope {
                self.messages.push(format!("pane {pane} is not contained: {why}"));
            }
        }
    }

    /// Handles a closed pane, whose program got SIGHUP. Remaining processes stay in its scope.
    pub(super) fn close_pane(&mut self, pane: PaneId, now_ms: u64) {
        let kill = self.wanted.remove(&pane).is_some_and(|limits| limits.kill_scope);
        let Some(held) = self.panes.remove(&pane) else { return };
        if self.gates.remove(&pane).is_some() {
            // Its program is still waiting; the closed terminal will end it.
            self.opened.push(pane);
        }
        if self.closed.len() >= MAX_CLOSED {
            self.closed.remove(0);
        }
        let kill_at = kill.then_some(now_ms + KILL_MS);
        self.closed.push(Closed { pane, scope: held.scope, kill_at });
        self.tidy(now_ms);
    }

    /// Removes empty scopes of closed panes, and kills processes whose time limit has passed.
    pub(super) fn tidy(&mut self, now_ms: u64) {
        let Some(backend) = &mut self.backend else { return };
        let panes = &self.panes;
        self.closed.retain_mut(|closed| {
            if closed.kill_at.is_some_and(|at| at <= now_ms) {
                // Repeat until none are left; killed processes take a moment to end.
                closed.kill_at = Some(now_ms + AGAIN_MS);
                closed.scope.kill().ok();
            }
            let gone = closed.scope.is_empty() && closed.scope.remove().unwrap_or(true);
            if gone && !panes.contains_key(&closed.pane) {
                backend.forget(closed.pane);
            }
            !gone
        });
    }

    /// Forces the next `events` to read this pane's counters even if inotify has not fired, because
    /// its program is gone.
    pub(super) fn suspect(&mut self, pane: PaneId) {
        self.backend.iter_mut().for_each(|backend| backend.suspect(pane));
    }

    /// Takes the events that the server must report.
    pub(super) fn events(&mut self, poller: &Poller, now_ms: u64) -> Vec<OomReport> {
        self.take_late(poller);
        let Some(backend) = &mut self.backend else { return Vec::new() };
        let mut reports = Vec::new();
        let mut emptied = false;
        for event in backend.events() {
            match event {
                Event::OomKill { pane, kills, cause } => {
                    let limit =
                        match (cause, self.panes.get(&pane).and_then(|held| held.limits?[Limit::Memory])) {
                            (OomCause::Pane, Some(bytes)) => {
                                format!("pane-memory-max, {}", short_bytes(bytes))
                            }
                            (OomCause::Pane, None) => "its own limit".to_owned(),
                            (OomCause::Above, _) => "panes-memory-max or the host's memory".to_owned(),
                        };
                    if let Some(held) = self.panes.get(&pane)
                        && held.limits.is_some_and(|limits| limits.oom_ends_pane)
                    {
                        // Version 1 does not do this by itself, and neither does a unit that was
                        // made before.
                        held.scope.kill().ok();
                    }
                    let text = format!("pane {pane}: out of memory ({limit}), {kills} killed");
                    let scope = self.panes.get(&pane).map(|held| held.scope.name());
                    reports.push(OomReport { pane, kills, text, scope, terminal: None });
                }
                Event::PidsLimit { pane, .. } => {
                    let limit = self.panes.get(&pane).and_then(|held| held.limits?[Limit::Pids]).unwrap_or(0);
                    self.messages.push(format!("pane {pane}: a fork failed (pane-pids-max, {limit})"));
                }
                Event::Empty { .. } => emptied = true,
                Event::Attached { pane, result } => {
                    if self.gates.remove(&pane).is_none() {
                        // Its gate was opened before, and that was reported.
                        continue;
                    }
                    self.opened.push(pane);
                    if let Err(error) = result {
                        self.messages.push(format!("pane {pane} is not contained: {error}"));
                    }
                }
            }
        }
        if emptied {
            self.tidy(now_ms);
        }
        reports
    }

    /// Called when the kernel reports that memory is short: `look` then checks in this turn.
    pub(super) fn pressed(&mut self) {
        self.pressure.iter().for_each(Pressure::clear);
        self.next_look = 0;
    }

    /// The kernel's log, which names killed processes.
    pub(super) fn log(&self) -> Option<Arc<Mutex<KernelLog>>> {
        self.log.clone()
    }

    /// Checks the host's memory when a check is due, and returns the report of a kill. `standing` says how
    /// people use a pane.
    pub(super) fn look(&mut self, now_ms: u64, standing: impl Fn(PaneId) -> Standing) -> Option<OomReport> {
        self.claim_orphans();
        self.open_late(now_ms);
        if self.closed.iter().any(|closed| closed.kill_at.is_some_and(|at| at <= now_ms)) {
            self.tidy(now_ms);
        }
        if self.panes.is_empty() || now_ms < self.next_look {
            return None;
        }
        self.next_look = now_ms + LOOK_MS;
        // If the kernel reports pressure, that wakes the loop. Other turns check too, since a program may
        // take the last free memory before any process has to wait for memory.
        self.wake_for_look = self.pressure.is_none();
        let host = Host::default();
        let wanted = self.server.as_ref().map_or(MemoryLimit::None, |server| server.backstop);
        let floor = wanted.of(host.meminfo("MemTotal")?)?;
        let panes = &self.panes;
        let load = |(pane, held): (&PaneId, &Held)| load_of(*pane, &*held.scope, standing(*pane));
        let loads = || panes.iter().map(load).collect();
        let deed = self.backstop.look(now_ms, host.meminfo("MemAvailable")?, floor, loads);
        if let Some(next) = self.backstop.next_look() {
            self.next_look = self.next_look.min(next);
            self.wake_for_look = true;
        }
        let (victim, signal, verb) = match deed? {
            Deed::Terminate(victim) => (victim, nix::sys::signal::Signal::SIGTERM, "asked to end"),
            Deed::Spare => {
                let why = "memory is short (memory-backstop), but no pane holds enough of it to be ended";
                self.messages.push(why.to_owned());
                return None;
            }
            Deed::Kill(victim) => (victim, nix::sys::signal::Signal::SIGKILL, "killed"),
        };
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(victim.pid), signal).ok();
        let text =
            format!("pane {}: memory is short (memory-backstop), process {} {verb}", victim.pane, victim.pid);
        Some(OomReport { pane: victim.pane, kills: 0, text, scope: None, terminal: None })
    }

    /// Time at which `look` must run even if nothing else wakes the loop.
    pub(super) fn next_look_ms(&self) -> Option<u64> {
        let look = (!self.panes.is_empty() && self.wake_for_look).then_some(self.next_look);
        look.into_iter()
            .chain(self.closed.iter().filter_map(|closed| closed.kill_at))
            .chain(self.gates.values().copied())
            .min()
    }

    /// Groups that the keeper removes after the server's end.
    pub(super) fn left_groups(&self) -> Vec<PathBuf> {
        self.backend.as_ref().map(|backend| backend.own_groups()).unwrap_or_default()
    }

    pub(super) fn take_messages(&mut self) -> Vec<String> {
        let notices = self.backend.as_mut().map(|backend| backend.notices()).unwrap_or_default();
        self.messages.extend(notices);
        std::mem::take(&mut self.messages)
    }

    /// Value of a format variable of this room; `None` for others.
    pub(super) fn usage(&self, pane: Option<PaneId>, variable: &str) -> Option<String> {
        if variable == "containment" {
            return Some(self.backend.as_ref().map_or("none".to_owned(), |b| b.status().to_string()));
        }
        if variable == "left_scopes" {
            return Some(self.left_text());
        }
        if let "panes_memory" | "panes_memory_max" = variable {
            let backend = self.backend.as_ref()?;
            let status = backend.status();
            let counted = status.backend != containment::Backend::None && !status.missing.contains(&"memory");
            let limit = || self.server.as_ref()?.panes_memory.of(self.memory_base).filter(|_| counted);
            let bytes = if variable == "panes_memory" { backend.panes_memory() } else { limit() };
            return Some(bytes.map_or(String::new(), |bytes| bytes.to_string()));
        }
        let held = self.panes.get(&pane?);
        let scope = held.map(|held| &held.scope);
        if variable == "pane_pids_max" {
            let limit = held.and_then(|held| held.limits?[Limit::Pids]);
            return Some(limit.map_or(String::new(), |limit| limit.to_string()));
        }
        if variable == "pane_scope" {
            return Some(scope.map_or(String::new(), |scope| scope.name()));
        }
        let number: fn(containment::Usage) -> Option<u64> = match variable {
            "pane_memory" => |usage| usage.memory,
            "pane_memory_peak" => |usage| usage.memory_peak,
            "pane_memory_max" => |usage| usage.memory_max,
            "pane_swap" => |usage| usage.swap,
            "pane_pids" => |usage| usage.pids,
            "pane_cpu_usec" => |usage| usage.cpu_usec,
            _ => return None,
        };
        Some(scope.and_then(|scope| number(scope.usage())).map_or(String::new(), |n| n.to_string()))
    }
}

fn own_score() -> i32 {
    let text = std::fs::read_to_string("/proc/self/oom_score_adj").unwrap_or_default();
    text.trim().parse().unwrap_or(0)
}
