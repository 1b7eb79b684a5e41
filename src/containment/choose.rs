//! Choosing a backend when the server starts, and setting it up.

use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use super::backend::Containment;
use super::bus::{Bus, Properties, Request, Value};
use super::delegated::Delegated;
use super::group::{Group, PREFIX};
use super::host::Host;
use super::none::Nothing;
use super::units::Units;
use super::v1::V1;

/// The administrator's choice (server option `containment`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Choice {
    /// The best backend that works.
    #[default]
    Auto,
    /// A systemd scope per pane.
    Units,
    /// Groups made by scopemux, of either version.
    Cgroup,
    None,
}

impl Choice {
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "auto" => Self::Auto,
            "units" => Self::Units,
            "cgroup" => Self::Cgroup,
            "none" => Self::None,
            _ => return None,
        })
    }
}

/// Settings that start-up needs.
#[derive(Clone, Debug)]
pub struct Settings {
    pub choice: Choice,
    /// Distinguishes this server from others of the same user: the socket's name, possibly with more.
    pub label: String,
    /// Process ids of server and keeper, which are moved out of the group that they were started in.
    pub pids: Vec<i32>,
    pub host: Host,
    /// Runtime for the bus tasks, which run while the server waits.
    pub tasks: Arc<Runtime>,
}

/// Result of start-up.
pub struct Found {
    pub backend: Box<dyn Containment>,
    /// A message for users, if they should know why there is no better backend.
    pub message: Option<String>,
    /// Set if systemd has not answered yet.
    pub late: Option<Late>,
}

/// An answer of systemd that is still expected while panes run without containment, or in groups that
/// scopemux made.
pub struct Late {
    starting: Starting,
    /// Count of requests to move panes' processes that systemd has not answered.
    moving: usize,
}

impl Late {
    /// Readable when `take` or `moved` has a result.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.starting.bus.as_ref().map(Bus::fd)
    }

    /// The backend, or the reason why there will be none; `None`: not yet known.
    pub fn take(&mut self) -> Option<Result<Box<dyn Containment>, String>> {
        let answer = self.starting.bus.as_mut()?.answers().into_iter().next()?;
        let done = answer.result.and_then(|()| {
            let found = self.starting.backend(true, "").map(|(backend, _)| backend);
            found.ok_or_else(|| std::mem::take(&mut self.starting.why))
        });
        Some(done)
    }

    /// Asks systemd to move running processes into a pane's group below the server's scope, which an
    /// ordinary user may not do.
    pub fn bring(&mut self, scope: &str, pids: Vec<i32>) -> Result<(), String> {
        let unit = self.starting.unit();
        let (_, below) = scope.split_once(&unit).ok_or("it is in another scope")?;
        let request = Request::Move { below: below.to_owned(), unit, pids };
        self.starting.bus.as_ref().ok_or("no bus")?.ask(TOKEN, request)?;
        self.moving += 1;
        Ok(())
    }

    /// Failures of `bring` since the last call, and true if more answers are expected.
    pub fn moved(&mut self) -> (Vec<String>, bool) {
        let answers = self.starting.bus.as_mut().map(Bus::answers).unwrap_or_default();
        if let Some(home) = &self.starting.home {
            if answers.iter().any(|answer| answer.result.is_ok()) {
                // The scope is not needed, and is removed when it is empty.
                self.starting.settings.pids.iter().for_each(|pid| drop(home.adopt(*pid)));
            }
            return (Vec::new(), answers.is_empty());
        }
        self.moving = self.moving.saturating_sub(answers.len());
        (answers.into_iter().filter_map(|answer| answer.result.err()).collect(), self.moving > 0)
    }
}

/// A backend that is being set up. systemd is asked at once; `finish` waits for its answer.
pub struct Starting {
    settings: Settings,
    memory_base: u64,
    bus: Option<Bus>,
    /// systemd did not answer within the limit.
    waits: bool,
    why: String,
    /// The unified group that the server was started in.
    origin: Option<Group>,
    /// Group for server and keeper, if systemd moves them too late.
    home: Option<Group>,
}

/// Further time to wait for systemd when it has started to move processes.
const MOVING: Duration = Duration::from_millis(200);

/// The token of all requests of start-up.
const TOKEN: u64 = u64::MAX;

impl Starting {
    /// Starts the set-up without waiting.
    pub fn begin(mut settings: Settings) -> Self {
        settings.label = unit_part(&settings.label);
        let memory_base = settings.host.memory_base();
        let origin = settings.host.own_dir(None).map(Group::new);
        let (why, home) = (String::new(), None);
        let mut it = Self { settings, memory_base, bus: None, waits: false, why, origin, home };
        if it.wants_bus() {
            it.ask();
        }
        it
    }

    /// The memory that percentages refer to; measured before any process was moved.
    pub fn memory_base(&self) -> u64 {
        self.memory_base
    }

    fn wants_bus(&self) -> bool {
        let host = &self.settings.host;
        let choice = match self.settings.choice {
            Choice::Auto | Choice::Cgroup => self.already().is_none() && !self.is_delegated_here(),
            Choice::Units => true,
            Choice::None => false,
        };
        choice && host.is_unified() && host.has_systemd()
    }

    /// The subtree made by an earlier server, if this one was started in it.
    fn already(&self) -> Option<Group> {
        let own = self.settings.host.own_dir(None).map(Group::new)?;
        let base = Group::new(own.dir.parent()?);
        (own.name() == "server" && base.child("panes").is_writable()).then_some(base)
    }

    /// True if the present group can be divided by this server: the group belongs to the user and has no
    /// other processes (a service with `Delegate=yes`). False for root, who owns all groups.
    fn is_delegated_here(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let uid = nix::unistd::geteuid().as_raw();
        let Some(own) = self.settings.host.own_dir(None).map(Group::new) else { return false };
        uid != 0
            && own.dir.metadata().is_ok_and(|m| m.uid() == uid)
            && own.is_writable()
            && own.pids().iter().all(|pid| self.settings.pids.contains(pid))
    }

    fn unit(&self) -> String {
        format!("app-scopemux-{}.scope", self.settings.label)
    }

    fn ask(&mut self) {
        let system = nix::unistd::geteuid().is_root();
        let bus = match Bus::start(self.settings.tasks.clone(), self.settings.host.clone(), system) {
            Ok(bus) => bus,
            Err(error) => return self.why = error.to_string(),
        };
        let request = Request::Scope {
            unit: self.unit(),
            pids: self.settings.pids.clone(),
            properties: self.properties(),
            join: Some("server"),
        };
        match bus.ask(TOKEN, request) {
            Ok(()) => self.bus = Some(bus),
            Err(error) => self.why = error,
        }
    }

    fn properties(&self) -> Properties {
        vec![
            ("Description", Value::Text(format!("scopemux server {}", self.settings.label))),
            ("Delegate", Value::Flag(true)),
            ("CollectMode", Value::Text("inactive-or-failed".to_owned())),
        ]
    }

    /// Waits for systemd, at most `limit`, and sets up the best backend. Always returns one.
    pub fn finish(mut self, limit: Duration) -> Found {
        let found = |backend, message| Found { backend, message, late: None };
        if self.settings.choice == Choice::None {
            return found(Box::new(Nothing { why: "switched off".to_owned() }), None);
        }
        let mut in_scope = false;
        if let Some(bus) = &mut self.bus {
            let mut answer = bus.wait(limit);
            if answer.is_none() && self.scope_group().is_some() {
                // systemd has moved the server, so it will soon move the keeper and answer.
                answer = self.bus.as_mut().and_then(|bus| bus.wait(MOVING));
            }
            match answer {
                Some(answer) => match answer.result {
                    Ok(()) => in_scope = true,
                    Err(error) => self.why = error,
                },
                None => {
                    self.waits = true;
                    self.why = "systemd does not answer".to_owned();
                }
            }
        }
        if self.settings.choice == Choice::Units && self.bus.is_none() && self.why.is_empty() {
            self.why = "systemd does not run here".to_owned();
        }
        let asked = std::mem::take(&mut self.why);
        if let Some((backend, fallen)) = self.backend(in_scope, &asked) {
            let status = backend.status();
            let message = fallen.then(|| format!("containment: {status}{}", self.advice()));
            let late = (self.waits && self.home.is_some()).then_some(Late { starting: self, moving: 0 });
            return Found { backend, message, late };
        }
        let why = [asked, std::mem::take(&mut self.why)].into_iter().find(|why| !why.is_empty());
        let why = why.unwrap_or_else(|| "no cgroups to be had".to_owned());
        let backend = Box::new(Nothing { why: why.clone() });
        if self.waits {
            let message = format!("panes are not contained: {why}; it is still waited for");
            let late = Some(Late { starting: self, moving: 0 });
            return Found { backend, message: Some(message), late };
        }
        found(backend, Some(format!("panes are not contained: {why}{}", self.advice())))
    }

    /// Advice for an ordinary user.
    fn advice(&self) -> &'static str {
        if nix::unistd::geteuid().is_root() {
            return "";
        }
        match self.settings.host.has_systemd() {
            true => "; a user manager that runs helps (loginctl enable-linger), or a unit with Delegate=yes",
            false => "; a cgroup that belongs to this user helps",
        }
    }

    /// The best backend that can be set up, and true if it gives less than was asked for. `asked` is the
    /// reason why systemd failed; it is empty if there is none.
    fn backend(&mut self, in_scope: bool, asked: &str) -> Option<(Box<dyn Containment>, bool)> {
        let host = self.settings.host.clone();
        let units = self.settings.choice == Choice::Units;
        if units
            && in_scope
            && let Some(bus) = self.bus.take()
        {
            let (own, pids) = (self.scope_group(), &self.settings.pids);
            let found = Units::new(host.clone(), bus, self.unit(), self.given(), own, pids);
            if let Some(it) = self.or_why(found) {
                self.remove_dead(None);
                return Some((it, false));
            }
        }
        let asked = if asked.is_empty() { self.why.clone() } else { asked.to_owned() };
        let why = match units {
            true => format!("no units: {asked}"),
            false if in_scope || asked.is_empty() => String::new(),
            false => format!("without systemd: {asked}"),
        };
        let less = !why.is_empty();
        if host.is_unified() {
            let bases: Vec<Group> = match (in_scope, self.already()) {
                (true, _) => self.scope_group().into_iter().collect(),
                (false, Some(base)) => vec![base],
                (false, None) => {
                    let bases = self.bases();
                    // systemd may move the server while we probe. If it has, none of the groups below is
                    // valid, so check this last.
                    if self.waits && self.scope_group().is_some() {
                        return None;
                    }
                    bases
                }
            };
            for base in bases {
                match Delegated::new(&base, &self.settings.pids, why.clone()) {
                    Ok(it) => {
                        self.remove_dead(Some(&base));
                        self.home = (!in_scope).then(|| base.child("server"));
                        return Some((Box::new(it), less));
                    }
                    Err(error) => {
                        self.why = error.to_string();
                        if base.name().starts_with(PREFIX) {
                            base.remove_unheld();
                        }
                    }
                }
            }
            return None;
        }
        let name = format!("{PREFIX}{}", self.settings.label);
        let found = V1::new(&host, &name, why);
        self.or_why(found).map(|it| (it, less))
    }

    /// Removes groups of dead servers that found no systemd: beside our group `base`, or where this
    /// server was started.
    fn remove_dead(&self, base: Option<&Group>) {
        let beside = base.filter(|base| base.name().starts_with(PREFIX));
        let above =
            [beside, self.origin.as_ref()].into_iter().flatten().filter_map(|group| group.dir.parent());
        let mut groups: Vec<Group> = above.map(Group::new).chain(self.origin.clone()).collect();
        groups.dedup();
        groups.into_iter().filter(Group::is_writable).for_each(|group| group.remove_dead(PREFIX));
    }

    fn or_why<C: Containment + 'static>(
        &mut self,
        found: std::io::Result<C>,
    ) -> Option<Box<dyn Containment>> {
        match found {
            Ok(it) => Some(Box::new(it)),
            Err(error) => {
                self.why = error.to_string();
                None
            }
        }
    }

    /// Controllers that units can set but that have no effect here.
    fn given(&self) -> Vec<&'static str> {
        let scope = self.scope_group();
        let given = scope.and_then(|g| g.read("cgroup.controllers").ok()).unwrap_or_default();
        super::v2::CONTROLLERS.into_iter().filter(|c| !given.split_whitespace().any(|g| g == *c)).collect()
    }

    /// The group of the scope that systemd moved the server into.
    fn scope_group(&self) -> Option<Group> {
        let own = self.settings.host.own_dir(None)?;
        let unit = self.unit();
        own.ancestors().find(|dir| dir.file_name().is_some_and(|n| *n == *unit)).map(Group::new)
    }

    /// Candidates without systemd, best first: our own group if it has no other processes, then a new one
    /// beside it, then one below it (at the root, only that).
    fn bases(&self) -> Vec<Group> {
        let Some(own) = self.settings.host.own_dir(None).map(Group::new) else { return Vec::new() };
        let mut bases = Vec::new();
        let alone = own.pids().iter().all(|pid| self.settings.pids.contains(pid));
        let root = self.settings.host.mounts().iter().any(|m| m.controllers.is_empty() && m.dir == own.dir);
        if alone && !root && own.is_writable() {
            bases.push(own.clone());
        }
        let name = format!("{PREFIX}{}", self.settings.label);
        let parent = own.dir.parent().map(Group::new).filter(|_| !root);
        let groups = parent.into_iter().chain([own]).filter(Group::is_writable);
        bases.extend(groups.map(|group| group.child(&name)));
        bases
    }
}

/// Turns a text into a part of unit and file names.
fn unit_part(text: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || "_.".contains(c) { c } else { '_' };
    let part: String = text.chars().map(fits).take(100).collect();
    if part.is_empty() { "default".to_owned() } else { part }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::super::Limits;
    use super::super::bus::Answer;
    use super::super::host::tests::made_up;
    use super::*;
    use crate::base::PaneId;

    #[test]
    fn labels_become_harmless() {
        assert_eq!(unit_part("my work/../x"), "my_work_.._x");
        assert_eq!(unit_part(""), "default");
    }

    fn tasks() -> Arc<Runtime> {
        crate::reactor::new_runtime().unwrap()
    }

    /// A host with systemd and a group that the server may divide.
    fn with_systemd() -> (tempfile::TempDir, Host) {
        made_up(&[
            ("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
            ("proc/self/cgroup", "0::/a\n"),
            ("sys/fs/cgroup/a/cgroup.procs", ""),
            ("run/systemd/system/x", ""),
        ])
    }

    #[test]
    fn a_bus_that_is_missing_refuses_or_hangs_leaves_groups_of_our_own_and_is_named() {
        const NEVER: Duration = Duration::from_millis(1);
        const ANSWERED: Duration = Duration::from_secs(60);
        let check = |bus: fn(&UnixListener), listens: bool, limit: Duration, why: &str| {
            for choice in [Choice::Cgroup, Choice::Units] {
                let (dir, host) = with_systemd();
                let listener = listens.then(|| UnixListener::bind(dir.path().join("bus")).unwrap());
                std::thread::scope(|scope| {
                    let settings = Settings {
                        choice,
                        label: "x".into(),
                        pids: Vec::new(),
                        host: host.clone(),
                        tasks: tasks(),
                    };
                    scope.spawn(|| listener.as_ref().map(bus));
                    let Found { backend, message, .. } = Starting::begin(settings).finish(limit);
                    let status = backend.status().to_string();
                    assert!(status.starts_with("delegated (no "), "{status}");
                    assert!(status.contains(why), "{status}");
                    assert!(message.as_ref().is_some_and(|message| message.contains(why)), "{message:?}");
                });
            }
        };
        check(|_| (), false, ANSWERED, "No such file");
        check(|bus| drop(bus.accept()), true, ANSWERED, "I/O error");
        // The socket accepts connections, but nothing answers.
        check(|_| (), true, NEVER, "systemd does not answer");
    }

    #[test]
    fn groups_of_dead_servers_go_when_any_other_starts() {
        let (dir, host) = made_up(&[
            ("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/cgroup.procs", ""),
            ("sys/fs/cgroup/a/b/cgroup.procs", "99\n"),
        ]);
        let top = Group::new(dir.path().join("sys/fs/cgroup/a"));
        let names = || top.children().iter().map(Group::name).collect::<Vec<_>>();
        let server = |label: &str| {
            let (label, pids) = (label.to_owned(), Vec::new());
            let settings = Settings { choice: Choice::Auto, label, pids, host: host.clone(), tasks: tasks() };
            Starting::begin(settings).finish(Duration::ZERO)
        };
        let one = server("one");
        let mut two = server("two").backend;
        two.open(PaneId(1), &Limits::default()).unwrap();
        assert_eq!(names(), ["b", "scopemux-one", "scopemux-two"]);
        drop(two);
        // The state after a server's death: the group is not locked and has no processes.
        let three = server("three");
        assert_eq!(names(), ["b", "scopemux-one", "scopemux-three"]);
        drop((one, three));
    }

    #[test]
    fn of_the_groups_that_may_be_made_only_the_first_that_works_is() {
        let check = |pids: Vec<i32>, expect: &[&str]| {
            let (dir, host) = made_up(&[
                ("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
                ("proc/self/cgroup", "0::/a/b\n"),
                ("sys/fs/cgroup/a/cgroup.procs", ""),
                ("sys/fs/cgroup/a/b/cgroup.procs", "99\n"),
            ]);
            let settings = Settings { choice: Choice::Auto, label: "x".into(), pids, host, tasks: tasks() };
            let found = Starting::begin(settings).finish(Duration::ZERO);
            let top = Group::new(dir.path().join("sys/fs/cgroup"));
            let made: Vec<Group> = top.tree().into_iter().filter(|g| g.name().starts_with(PREFIX)).collect();
            let dirs: Vec<&std::path::Path> =
                made.iter().map(|group| group.dir.strip_prefix(&top.dir).unwrap()).collect();
            assert_eq!(dirs, expect.iter().map(std::path::Path::new).collect::<Vec<_>>());
            drop(found);
        };
        check(Vec::new(), &["a/scopemux-x"]);
        // No process can be moved where there is no `cgroup.procs`.
        check(vec![12], &[]);
    }

    #[test]
    fn a_scope_that_systemd_has_begun_to_make_is_waited_for() {
        let (dir, host) = made_up(&[
            ("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
            ("proc/self/cgroup", "0::/app-scopemux-x.scope\n"),
            ("sys/fs/cgroup/app-scopemux-x.scope/cgroup.procs", ""),
            ("run/systemd/system/x", ""),
        ]);
        let _listener = UnixListener::bind(dir.path().join("bus")).unwrap();
        let settings =
            Settings { choice: Choice::Units, label: "x".into(), pids: Vec::new(), host, tasks: tasks() };
        let Found { backend, late, .. } = Starting::begin(settings).finish(Duration::ZERO);
        assert_eq!(backend.status().to_string(), "none (systemd does not answer)");
        assert!(late.is_some());
    }

    #[test]
    fn what_systemd_moves_too_late_is_brought_back() {
        let (dir, host) = with_systemd();
        let home = Group::new(dir.path().join("sys/fs/cgroup/a/server"));
        std::fs::create_dir(&home.dir).unwrap();
        std::fs::write(home.procs_file(), "").unwrap();
        let late = |result| {
            let settings = Settings {
                choice: Choice::Auto,
                label: "x".into(),
                pids: vec![12],
                host: host.clone(),
                tasks: tasks(),
            };
            let bus = Some(Bus::answered(Answer { token: TOKEN, result }));
            let (why, home) = (String::new(), Some(home.clone()));
            let starting = Starting { settings, memory_base: 0, bus, waits: true, why, origin: None, home };
            Late { starting, moving: 0 }
        };
        assert_eq!(late(Err("no".to_owned())).moved(), (Vec::new(), false));
        assert!(home.pids().is_empty());
        let mut it = late(Ok(()));
        assert_eq!(it.moved(), (Vec::new(), false));
        assert_eq!(home.pids(), [12]);
        assert_eq!(it.moved(), (Vec::new(), true), "nothing has come since");
    }

    #[test]
    fn without_cgroups_there_is_one_clear_message() {
        let (_dir, host) = made_up(&[("proc/self/mountinfo", ""), ("proc/self/cgroup", "")]);
        let settings =
            Settings { choice: Choice::Auto, label: "x".into(), pids: vec![1], host, tasks: tasks() };
        let Found { backend: found, message, .. } = Starting::begin(settings.clone()).finish(Duration::ZERO);
        assert_eq!(found.status().to_string(), "none (no version 1 hierarchy is mounted)");
        assert!(message.unwrap().starts_with("panes are not contained: "));
        let off = Settings { choice: Choice::None, ..settings };
        let Found { backend: found, message, .. } = Starting::begin(off).finish(Duration::ZERO);
        assert_eq!((found.status().to_string().as_str(), message), ("none (switched off)", None));
    }
}
