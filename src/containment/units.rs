//! One transient scope unit per pane, for administrators who manage panes with `systemctl`. systemd makes
//! units and moves processes; usage, events and killing use the unit's group files, since with
//! `OOMPolicy=continue` D-Bus does not report OOM kills. While systemd does not answer, panes get groups
//! below the server's own scope, made as in `delegated`.

use std::collections::{HashMap, HashSet};
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::backend::{Backend, Containment, Status, Stray};
use super::bus::{Bus, Properties, Request, Value};
use super::delegated;
use super::events::Watch;
use super::group::Group;
use super::host::{Host, SLICE};
use super::limits::{LIMITS, Limits, Usage};
use super::scope::{Event, PaneScope, SpawnTarget};
use super::v2::{self, Watched};
use crate::base::PaneId;

/// See the module comment.
pub(super) struct Units {
    /// `app-scopemux-<socket>`: the prefix of unit names.
    stem: String,
    /// The server's own scope.
    server: String,
    /// Parent of the panes' groups while systemd does not answer.
    own: Option<Group>,
    /// The last request to systemd failed, so new panes do not wait for it.
    failed: bool,
    /// Token of the request that tests whether systemd answers again.
    probe: Option<u64>,
    notices: Vec<String>,
    host: Host,
    bus: Arc<Mutex<Asking>>,
    missing: Vec<&'static str>,
    watch: Watch,
    watched: Watched,
    places: HashMap<PaneId, Arc<Mutex<Place>>>,
}

/// The bus and the requests without an answer.
struct Asking {
    bus: Bus,
    next: u64,
    attaching: HashMap<u64, PaneId>,
}

/// The place of a pane's processes.
struct Place {
    unit: String,
    limits: Limits,
    /// Processes to move, the pane's first one first.
    pids: Vec<i32>,
    group: Option<Group>,
    /// The group is one of `Units::own`.
    own: bool,
}

impl Asking {
    fn ask(&mut self, request: Request) -> Result<u64, String> {
        self.next += 1;
        self.bus.ask(self.next, request)?;
        Ok(self.next)
    }
}

fn limit_properties(limits: &Limits) -> Properties {
    LIMITS.iter().map(|row| (row.property, Value::Number(row.number(limits[row.limit])))).collect()
}

/// Properties that can only be set at creation.
fn new_properties(pane: PaneId, limits: &Limits, server: &str) -> Properties {
    let mut all = limit_properties(limits);
    let policy = if limits.oom_ends_pane { "kill" } else { "continue" };
    all.extend([
        ("Description", Value::Text(format!("scopemux pane {pane}"))),
        ("Slice", Value::Text(SLICE.to_owned())),
        // The default, stop, would end the rest of the pane after one kill.
        ("OOMPolicy", Value::Text(policy.to_owned())),
        ("CollectMode", Value::Text("inactive-or-failed".to_owned())),
        // On shutdown, panes end after the server. Never use PartOf=: it would pass a restart of the
        // server on to them.
        ("Before", Value::Texts(vec![server.to_owned()])),
    ]);
    all
}

impl Units {
    /// `own`: the group of the server's own scope, which is divided for the panes that get no unit;
    /// `pids` are the server's processes.
    pub(super) fn new(
        host: Host,
        bus: Bus,
        server: String,
        missing: Vec<&'static str>,
        own: Option<Group>,
        pids: &[i32],
    ) -> io::Result<Self> {
        let own = own.and_then(|base| delegated::divide(&base, pids).ok());
        let watch = Watch::new()?;
        watch.add_other(bus.fd())?;
        let bus = Arc::new(Mutex::new(Asking { bus, next: 0, attaching: HashMap::new() }));
        let stem = server.trim_end_matches(".scope").to_owned();
        Ok(Self {
            stem,
            server,
            own,
            failed: false,
            probe: None,
            notices: Vec::new(),
            host,
            bus,
            missing,
            watch,
            watched: Watched::default(),
            places: HashMap::new(),
        })
    }

    fn slice_group(&self) -> Option<Group> {
        self.host.slice_dir(SLICE).map(Group::new)
    }

    /// Starts to watch a pane whose process is in its unit.
    fn arrived(&mut self, pane: PaneId) -> Result<(), String> {
        let place = self.places.get(&pane).ok_or("the pane is gone")?.clone();
        let mut place = place.lock();
        let pid = *place.pids.first().ok_or("no process")?;
        let dir = self.host.dir_of(&pid.to_string(), None).ok_or("the process is gone")?;
        if !dir.to_string_lossy().contains(&place.unit) {
            return Err(format!("the process did not get into {}", place.unit));
        }
        let group = Group::new(dir);
        place.group = Some(group.clone());
        place.own = false;
        self.watch.forget(pane);
        self.watched.add(&mut self.watch, pane, &group).map_err(|e| e.to_string())
    }

    /// Called when systemd failed: moves the pane to a group below the server's own scope.
    fn fall_back(&mut self, pane: PaneId, why: &str) -> Result<(), String> {
        let place = self.places.get(&pane).ok_or("the pane is gone")?.clone();
        let panes = self.own.clone().ok_or(why)?;
        let mut place = place.lock();
        if place.own {
            return Ok(());
        }
        let group = delegated::new_group(&panes, pane, &place.limits).map_err(|e| e.to_string())?;
        for (n, pid) in place.pids.iter().enumerate() {
            match group.adopt(*pid) {
                Err(error) if n == 0 => {
                    // An empty group has no owner; if this fails, `sweep` removes it.
                    let _ = group.remove();
                    return Err(error.to_string());
                }
                // Other processes may have ended.
                _ => {}
            }
        }
        self.watched.add(&mut self.watch, pane, &group).map_err(|e| e.to_string())?;
        place.group = Some(group);
        place.own = true;
        if !std::mem::replace(&mut self.failed, true) {
            self.notices.push(format!(
                "containment: {why}; until systemd answers, panes get groups in {}",
                self.server
            ));
        }
        Ok(())
    }

    /// Called when systemd answers again.
    fn recovered(&mut self) {
        if std::mem::replace(&mut self.failed, false) {
            // Panes with requests still open are handled when their answers come.
            let asked: HashSet<PaneId> = self.bus.lock().attaching.values().copied().collect();
            let panes: Vec<PaneId> =
                self.places.keys().filter(|pane| !asked.contains(pane)).copied().collect();
            for pane in panes {
                self.take_back(pane);
            }
            self.notices.push("containment: systemd answers again; new panes get units".to_owned());
        }
    }

    fn answered(&mut self, token: u64, result: Result<(), String>, out: &mut Vec<Event>) {
        if self.probe == Some(token) {
            self.probe = None;
            if result.is_ok() {
                self.recovered();
            }
        }
        let attached = self.bus.lock().attaching.remove(&token);
        let Some(pane) = attached else { return };
        if self.places.get(&pane).is_some_and(|place| place.lock().own) {
            // Too late: the pane keeps the group that it has by now.
            self.take_back(pane);
            if result.is_ok() {
                self.recovered();
            }
            return;
        }
        let result = match result.and_then(|()| self.arrived(pane)) {
            Ok(()) => {
                self.recovered();
                Ok(())
            }
            Err(why) => self.fall_back(pane, &why),
        };
        out.push(Event::Attached { pane, result });
    }

    /// Moves a pane's processes back to the group below the server's scope, if systemd moved them after
    /// the time limit: a pane must be in one place, which has its limits. Returns true if there were any.
    fn take_back(&mut self, pane: PaneId) -> bool {
        let Some(place) = self.places.get(&pane) else { return false };
        let place = place.lock();
        let Some(own) = place.group.as_ref().filter(|_| place.own) else { return false };
        let away = |pid: &i32| {
            let dir = self.host.dir_of(&pid.to_string(), None)?;
            dir.file_name().is_some_and(|name| *name == *place.unit).then(|| Group::new(dir))
        };
        let Some(unit) = place.pids.iter().find_map(away) else { return false };
        // Processes that end meanwhile are ignored.
        unit.pids().into_iter().filter(|pid| own.adopt(*pid).is_ok()).count() > 0
    }

    fn is_own(&self, group: &Group) -> bool {
        self.own.as_ref().is_some_and(|panes| group.dir.starts_with(&panes.dir))
    }

    fn scope(
        &mut self,
        pane: PaneId,
        unit: String,
        limits: Limits,
        group: Option<Group>,
    ) -> Box<dyn PaneScope> {
        let own = group.as_ref().is_some_and(|group| self.is_own(group));
        let place = Arc::new(Mutex::new(Place { unit, limits, pids: Vec::new(), group, own }));
        self.places.insert(pane, place.clone());
        Box::new(Scope { pane, place, bus: self.bus.clone(), server: self.server.clone() })
    }
}

impl Containment for Units {
    fn status(&self) -> Status {
        Status { backend: Backend::Units, missing: self.missing.clone(), why: String::new() }
    }

    fn open(&mut self, pane: PaneId, limits: &Limits) -> io::Result<Box<dyn PaneScope>> {
        // The name may still be used by processes that a pane of a dead server left behind.
        let taken = |unit: &String| self.slice_group().is_some_and(|slice| slice.child(unit).dir.exists());
        let names = (0..1000).map(|n| match n {
            0 => format!("{}-pane-{}.scope", self.stem, pane.0),
            n => format!("{}-pane-{}.{n}.scope", self.stem, pane.0),
        });
        let unit = names.into_iter().find(|unit| !taken(unit));
        let unit = unit.ok_or_else(|| io::Error::from(io::ErrorKind::AlreadyExists))?;
        if self.failed
            && let Some(panes) = self.own.clone()
        {
            if self.probe.is_none() {
                self.probe = self.bus.lock().ask(Request::Probe { unit: self.server.clone() }).ok();
            }
            let group = delegated::new_group(&panes, pane, limits)?;
            self.watched.add(&mut self.watch, pane, &group)?;
            return Ok(self.scope(pane, unit, *limits, Some(group)));
        }
        Ok(self.scope(pane, unit, *limits, None))
    }

    fn adopt(&mut self, pane: PaneId, name: &str) -> io::Result<Box<dyn PaneScope>> {
        if let Some(panes) = self.own.clone()
            && let Ok(group) = delegated::old_group(&panes, name)
        {
            self.watched.add(&mut self.watch, pane, &group)?;
            return Ok(self.scope(pane, name.to_owned(), Limits::default(), Some(group)));
        }
        let own = PathBuf::from(name);
        let unit = own.file_name().map_or(String::new(), |n| n.to_string_lossy().into_owned());
        let group = self.slice_group().map(|slice| slice.child(&unit)).filter(|group| group.dir.is_dir());
        let group = group.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        self.watched.add(&mut self.watch, pane, &group)?;
        Ok(self.scope(pane, unit, Limits::default(), Some(group)))
    }

    fn attach_late(&mut self, pane: PaneId) -> Result<(), String> {
        self.fall_back(pane, "systemd does not answer")
    }

    fn forget(&mut self, pane: PaneId) {
        self.watch.forget(pane);
        self.watched.forget(pane);
        self.places.remove(&pane);
    }

    fn set_panes_memory_max(&mut self, bytes: Option<u64>) -> io::Result<()> {
        if let Some(panes) = self.own.as_ref().filter(|panes| panes.has("memory.max")) {
            panes.write_limit("memory.max", bytes)?;
        }
        let properties = vec![("MemoryMax", Value::Number(bytes.unwrap_or(u64::MAX)))];
        let request = Request::Set { unit: SLICE.to_owned(), properties };
        self.bus.lock().ask(request).map(drop).map_err(io::Error::other)
    }

    fn panes_memory(&self) -> Option<u64> {
        self.slice_group()?.number("memory.current")
    }

    fn events_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.watch.fd())
    }

    fn suspect(&mut self, pane: PaneId) {
        self.watch.suspect(pane);
    }

    fn events(&mut self) -> Vec<Event> {
        let mut out = Vec::new();
        let answers = self.bus.lock().bus.answers();
        for answer in answers {
            self.answered(answer.token, answer.result, &mut out);
        }
        for pane in self.watch.changed() {
            let before = out.len();
            self.watched.events(pane, &mut out);
            if out[before..].contains(&Event::Empty { pane }) && self.take_back(pane) {
                out.retain(|event| *event != Event::Empty { pane });
            }
        }
        out
    }

    fn notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    fn sweep(&mut self) -> Vec<Stray> {
        let own = self.own.as_ref().map(|panes| delegated::sweep(panes, &self.watched));
        let own = own.unwrap_or_default();
        let Some(slice) = self.slice_group() else { return own };
        let prefix = format!("{}-pane-", self.stem);
        // Units whose processes systemd still has to move are not watched yet.
        let asked: HashSet<String> = self.places.values().map(|place| place.lock().unit.clone()).collect();
        let ours = |group: &Group| {
            let name = group.name();
            name.starts_with(&prefix) && !asked.contains(&name) && !self.watched.holds(group)
        };
        let (empty, used): (Vec<Group>, _) =
            slice.children().into_iter().filter(ours).partition(Group::is_empty);
        for group in empty {
            // If systemd is about to stop the unit by itself, this has no effect.
            let _ = self.bus.lock().ask(Request::Stop { unit: group.name() });
        }
        let stray = |group: Group| Stray { name: group.name(), pids: group.pids() };
        used.into_iter().map(stray).chain(own).collect()
    }
}

struct Scope {
    pane: PaneId,
    place: Arc<Mutex<Place>>,
    bus: Arc<Mutex<Asking>>,
    server: String,
}

impl Scope {
    fn own_group(&self) -> Option<Group> {
        let place = self.place.lock();
        place.group.clone().filter(|_| place.own)
    }

    fn group(&self) -> Option<Group> {
        self.place.lock().group.clone()
    }
}

impl PaneScope for Scope {
    fn name(&self) -> String {
        let place = self.place.lock();
        place.group.as_ref().filter(|_| place.own).map_or_else(|| place.unit.clone(), Group::path)
    }

    fn spawn_target(&self) -> io::Result<SpawnTarget> {
        match self.own_group() {
            Some(group) => Ok(SpawnTarget::Group { dir: group.open()?, procs: group.procs_file() }),
            None => Ok(SpawnTarget::Attach),
        }
    }

    fn attach(&mut self, pids: &[i32]) {
        let mut place = self.place.lock();
        place.pids = pids.to_vec();
        let properties = new_properties(self.pane, &place.limits, &self.server);
        let request =
            Request::Scope { unit: place.unit.clone(), pids: pids.to_vec(), properties, join: None };
        let mut bus = self.bus.lock();
        // A refused request has no answer; the gate opens at its deadline.
        if let Ok(token) = bus.ask(request) {
            bus.attaching.insert(token, self.pane);
        }
    }

    fn set_limits(&mut self, limits: &Limits) -> io::Result<()> {
        let mut place = self.place.lock();
        place.limits = *limits;
        if place.pids.is_empty() && place.group.is_none() {
            return Ok(());
        }
        if let Some(group) = place.group.as_ref().filter(|_| place.own) {
            return v2::set_limits(group, limits);
        }
        let request = Request::Set { unit: place.unit.clone(), properties: limit_properties(limits) };
        self.bus.lock().ask(request).map(drop).map_err(io::Error::other)
    }

    fn usage(&self) -> Usage {
        self.group().map(|group| v2::usage(&group)).unwrap_or_default()
    }

    fn pids(&self) -> Vec<i32> {
        self.group().map(|group| group.pids()).unwrap_or_default()
    }

    fn kill(&self) -> io::Result<()> {
        self.group().map_or(Ok(()), |group| group.kill())
    }

    fn is_empty(&self) -> bool {
        self.group().is_none_or(|group| group.is_empty())
    }

    fn remove(&mut self) -> io::Result<bool> {
        // systemd removes the unit with its last process.
        self.own_group().map_or_else(|| Ok(self.is_empty()), |group| group.remove())
    }
}
