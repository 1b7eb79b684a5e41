//! A pane's group in the unified hierarchy: the files of its limits and usage, and the last values of its
//! event counters.

use std::collections::HashMap;
use std::io;

use super::events::Watch;
use super::group::Group;
use super::limits::{Knob, LIMITS, Limits, Usage};
use super::scope::{Event, OomCause};
use crate::base::PaneId;

/// Controllers whose limits panes have.
pub(super) const CONTROLLERS: [&str; 4] = ["memory", "pids", "cpu", "io"];

/// Writes limits. Those of missing controllers are skipped; of the others, all are tried and the first
/// error is returned.
pub(super) fn set_limits(group: &Group, limits: &Limits) -> io::Result<()> {
    write_limits(group, limits, false)
}

/// Writes the limits of a group that was just made: only those that it does not have already.
pub(super) fn set_first_limits(group: &Group, limits: &Limits) -> io::Result<()> {
    write_limits(group, limits, true)
}

fn write_limits(group: &Group, limits: &Limits, is_new: bool) -> io::Result<()> {
    let mut result = Ok(());
    let mut write = |file: &str, text: &str| {
        let one = group.write_if_any(file, text);
        if result.is_ok() {
            result = one;
        }
    };
    if limits.oom_ends_pane || !is_new {
        write("memory.oom.group", if limits.oom_ends_pane { "1" } else { "0" });
    }
    for row in LIMITS {
        let (Knob { file, text }, limit) = (row.v2, limits[row.limit]);
        if !(is_new && row.is_default(limit)) {
            write(file, &text(limit));
        }
    }
    result
}

pub(super) fn usage(group: &Group) -> Usage {
    Usage {
        memory: group.number("memory.current"),
        memory_peak: group.number("memory.peak"),
        memory_max: group.number("memory.max"),
        swap: group.number("memory.swap.current"),
        pids: group.number("pids.current"),
        cpu_usec: group.field("cpu.stat", "usage_usec"),
        oom_kills: group.field("memory.events", "oom_kill"),
    }
}

#[derive(Clone, Copy, Default)]
struct Counts {
    oom_kill: u64,
    oom: u64,
    pids_max: u64,
    populated: bool,
}

impl Counts {
    fn read(group: &Group) -> Self {
        let events = group.read("memory.events").unwrap_or_default();
        let of = |name| super::group::field(&events, name).unwrap_or(0);
        Self {
            oom_kill: of("oom_kill"),
            oom: of("oom"),
            pids_max: group.field("pids.events", "max").unwrap_or(0),
            populated: group.field("cgroup.events", "populated") == Some(1),
        }
    }
}

/// The panes whose event files are watched.
#[derive(Default)]
pub(super) struct Watched {
    panes: HashMap<PaneId, (Group, Counts)>,
}

impl Watched {
    /// Starts to watch a pane. The present values of the counters are not reported.
    pub(super) fn add(&mut self, watch: &mut Watch, pane: PaneId, group: &Group) -> io::Result<()> {
        self.add_since(watch, pane, group, Counts::read(group))
    }

    /// Starts to watch a pane whose group was just made, so that all counters are 0.
    pub(super) fn add_new(&mut self, watch: &mut Watch, pane: PaneId, group: &Group) -> io::Result<()> {
        self.add_since(watch, pane, group, Counts::default())
    }

    fn add_since(&mut self, watch: &mut Watch, pane: PaneId, group: &Group, now: Counts) -> io::Result<()> {
        self.panes.insert(pane, (group.clone(), now));
        for file in ["memory.events", "pids.events", "cgroup.events"] {
            if group.has(file) {
                watch.file(pane, &group.dir.join(file))?;
            }
        }
        Ok(())
    }

    pub(super) fn forget(&mut self, pane: PaneId) {
        self.panes.remove(&pane);
    }

    /// True if a group belongs to a watched pane.
    pub(super) fn holds(&self, group: &Group) -> bool {
        self.panes.values().any(|(held, _)| held == group)
    }

    /// Appends the events of a pane whose files changed.
    pub(super) fn events(&mut self, pane: PaneId, out: &mut Vec<Event>) {
        let Some((group, before)) = self.panes.get_mut(&pane) else { return };
        let now = Counts::read(group);
        // The counters of a removed group read as zeros, so only an increase is an event.
        if now.oom_kill > before.oom_kill {
            let cause = if now.oom > before.oom { OomCause::Pane } else { OomCause::Above };
            out.push(Event::OomKill { pane, kills: now.oom_kill - before.oom_kill, cause });
        }
        if now.pids_max > before.pids_max {
            out.push(Event::PidsLimit { pane, hits: now.pids_max - before.pids_max });
        }
        if before.populated && !now.populated {
            out.push(Event::Empty { pane });
        }
        let killed = now.oom_kill > before.oom_kill;
        let grown = |a: u64, b: u64| a.max(b);
        *before = Counts {
            oom_kill: grown(now.oom_kill, before.oom_kill),
            // `oom` rises before `oom_kill` does, often in an earlier wake-up.
            oom: if killed { grown(now.oom, before.oom) } else { before.oom },
            pids_max: grown(now.pids_max, before.pids_max),
            populated: now.populated,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::host::tests::made_up;
    use super::super::limits::Limit;
    use super::*;

    #[test]
    fn limits_go_where_the_kernel_has_them_and_memory_high_is_left_alone() {
        let (dir, _) = made_up(&[
            ("p/memory.max", "max"),
            ("p/memory.high", "max"),
            ("p/memory.swap.max", "max"),
            ("p/memory.oom.group", "0"),
            ("p/pids.max", "max"),
            ("p/cpu.weight", "100"),
        ]);
        let group = Group::new(dir.path().join("p"));
        let limits = Limits::new(true)
            .with(Limit::Memory, Some(4096))
            .with(Limit::Swap, Some(0))
            .with(Limit::Cpu, Some(0))
            .with(Limit::Io, Some(5));
        set_limits(&group, &limits).unwrap();
        let now = |file: &str| group.read(file).unwrap();
        assert_eq!((now("memory.max").as_str(), &now("memory.swap.max")[..1]), ("4096", "0"));
        assert_eq!(now("memory.high"), "max");
        assert_eq!((&now("pids.max")[..3], now("memory.oom.group").as_str()), ("max", "1"));
        assert_eq!(now("cpu.weight").trim_end_matches('0'), "1");
        assert!(!group.has("io.weight"));
    }

    #[test]
    fn a_new_group_is_written_only_what_it_has_not() {
        const FILES: [&str; 5] = ["memory.max", "memory.oom.group", "pids.max", "cpu.weight", "io.weight"];
        let made: Vec<_> = FILES.iter().map(|file| format!("p/{file}")).collect();
        let (dir, _) = made_up(&made.iter().map(|file| (file.as_str(), "-")).collect::<Vec<_>>());
        let group = Group::new(dir.path().join("p"));
        let now = || FILES.map(|file| group.read(file).unwrap());
        set_first_limits(&group, &Limits::new(false).with(Limit::Cpu, Some(100))).unwrap();
        assert_eq!(now(), ["-"; 5], "no limits, and the default weight");
        let limits = Limits::new(true).with(Limit::Pids, Some(7)).with(Limit::Io, Some(50));
        set_first_limits(&group, &limits).unwrap();
        assert_eq!(now(), ["-", "1", "7", "-", "default 50"]);
        set_limits(&group, &Limits::new(false).with(Limit::Cpu, Some(100))).unwrap();
        assert_eq!(
            now().map(|text| text.chars().take(3).collect::<String>()),
            ["max", "0", "max", "100", "def"]
        );
    }

    #[test]
    fn each_limit_has_a_controller_that_panes_get() {
        let mut needed: Vec<&str> = LIMITS.iter().filter_map(|row| row.v2.file.split('.').next()).collect();
        needed.dedup();
        assert_eq!(needed, CONTROLLERS);
    }

    #[test]
    fn counters_become_events_once() {
        let (dir, _) = made_up(&[
            ("p/memory.events", "low 0\nhigh 0\nmax 3\noom 0\noom_kill 0\n"),
            ("p/pids.events", "max 0\n"),
            ("p/cgroup.events", "populated 1\nfrozen 0\n"),
        ]);
        let group = Group::new(dir.path().join("p"));
        let mut watch = Watch::new().unwrap();
        let (mut watched, pane) = (Watched::default(), PaneId(3));
        watched.add(&mut watch, pane, &group).unwrap();
        assert_eq!(watch.changed(), []);
        watch.suspect(pane);
        assert_eq!(watch.changed(), [pane]);
        assert_eq!(watch.changed(), []);
        group.write("memory.events", "low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\n").unwrap();
        assert_eq!(watch.changed(), [pane]);
        let mut out = Vec::new();
        watched.events(pane, &mut out);
        assert_eq!(out, [Event::OomKill { pane, kills: 2, cause: OomCause::Pane }]);
        group.write("cgroup.events", "populated 0\nfrozen 0\n").unwrap();
        group.write("pids.events", "max 5\n").unwrap();
        out.clear();
        watched.events(pane, &mut out);
        assert_eq!(out, [Event::PidsLimit { pane, hits: 5 }, Event::Empty { pane }]);
        out.clear();
        watched.events(pane, &mut out);
        assert_eq!(out, []);
    }
}
