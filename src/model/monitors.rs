//! Monitors (`set-hook -B`): formats that are watched, and the user options whose commands run when their
//! values change. This file holds the data; `command::monitors` evaluates the formats.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::number::scan_unsigned;
use crate::base::{PaneId, SessionId, WindowId};

use super::Server;
use super::find::FindState;
use super::option_access::OptionScope;

/// The object that a watched format is expanded for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum What {
    Session,
    Pane(PaneId),
    AllPanes,
    Window(WindowId),
    AllWindows,
}

impl What {
    pub fn parse(text: &str) -> Self {
        match text {
            "%*" => What::AllPanes,
            "@*" => What::AllWindows,
            _ => {
                // tmux: ignores text after the number.
                let number = |sign| text.strip_prefix(sign).and_then(scan_unsigned).map(|(number, _)| number);
                let pane = number('%').map(|id| What::Pane(PaneId(id)));
                pane.or_else(|| number('@').map(|id| What::Window(WindowId(id)))).unwrap_or(What::Session)
            }
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Session => Ok(()),
            What::Pane(id) => id.fmt(f),
            What::AllPanes => f.write_str("%*"),
            What::Window(id) => id.fmt(f),
            What::AllWindows => f.write_str("@*"),
        }
    }
}

/// One monitor. It is removed with the user option that holds its commands.
#[derive(Clone, Debug)]
pub struct Monitor {
    pub id: u64,
    /// The object or global level on which the option is set.
    pub level: OptionScope,
    /// Name of the option and of the event.
    pub name: String,
    pub what: What,
    pub format: String,
    /// The event is fired only for values that are true.
    pub only_true: bool,
    /// The session that is watched; `None`: the first by name.
    pub session: Option<SessionId>,
    /// The target that it was set with.
    pub target: FindState,
    /// Values seen last, by index of the window and pane.
    pub last: BTreeMap<(i32, Option<PaneId>), String>,
    /// Count of events fired, and time of the last one (seconds since the Unix epoch).
    pub fires: u32,
    pub fired: i64,
}

/// State of a monitor that the next server needs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct SavedMonitor {
    pub level: OptionScope,
    pub name: String,
    pub what: What,
    pub format: String,
    pub only_true: bool,
    pub session: Option<SessionId>,
}

/// State of all monitors and hooks that the next server needs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct SavedMonitors {
    pub monitors: Vec<SavedMonitor>,
    pub user_hooks: BTreeSet<String>,
}

/// All monitors, and the run counts of hooks.
#[derive(Default)]
pub struct Monitors {
    pub list: Vec<Monitor>,
    next: u64,
    /// By name: level, count of runs, and time of the last one (seconds since the Unix epoch).
    fired: BTreeMap<String, Vec<(OptionScope, u32, i64)>>,
    /// Somebody used a flag or set a hook that only tmux's main branch has: listings of hooks, and hooks
    /// themselves, may then show more than those of 3.7c.
    pub in_use: bool,
    /// User options that were set by `set-hook`: hooks for the user events of the same name.
    pub user_hooks: BTreeSet<String>,
}

impl Monitors {
    /// Maximum number of user options that are hooks; more are refused with an error. Also the maximum
    /// number of names with run counts.
    pub const MAX_NAMES: usize = 10_000;

    /// Maximum number of monitors; more are refused with an error.
    pub const MAX: usize = 1000;

    /// Adds a monitor, or replaces the one of the same name and level. Returns its id; `None`: too many.
    pub fn add(&mut self, saved: SavedMonitor, target: FindState) -> Option<u64> {
        self.remove(saved.level, &saved.name);
        if self.list.len() >= Self::MAX {
            return None;
        }
        self.next += 1;
        let SavedMonitor { level, name, what, format, only_true, session } = saved;
        let last = BTreeMap::new();
        let id = self.next;
        self.list.push(Monitor {
            id,
            level,
            name,
            what,
            format,
            only_true,
            session,
            target,
            last,
            fires: 0,
            fired: 0,
        });
        Some(id)
    }

    pub fn remove(&mut self, level: OptionScope, name: &str) {
        self.list.retain(|monitor| monitor.level != level || monitor.name != name);
    }

    pub fn find(&self, level: OptionScope, name: &str) -> Option<&Monitor> {
        self.list.iter().find(|monitor| monitor.level == level && monitor.name == name)
    }

    pub fn get_mut(&mut self, id: u64) -> Option<&mut Monitor> {
        self.list.iter_mut().find(|monitor| monitor.id == id)
    }

    /// Loads the state that an earlier server saved.
    pub fn load(&mut self, saved: SavedMonitors) {
        for monitor in saved.monitors {
            self.add(monitor, FindState::default());
        }
        self.user_hooks = saved.user_hooks;
    }

    /// Saves the state for the next server.
    pub fn save(&self) -> SavedMonitors {
        let save = |monitor: &Monitor| SavedMonitor {
            level: monitor.level,
            name: monitor.name.clone(),
            what: monitor.what,
            format: monitor.format.clone(),
            only_true: monitor.only_true,
            session: monitor.session,
        };
        let monitors = self.list.iter().map(save).collect();
        SavedMonitors { monitors, user_hooks: self.user_hooks.clone() }
    }
}

impl Server {
    /// Counts a run of the hook that is set on this level.
    pub fn count_hook(&mut self, level: OptionScope, name: &str, now: i64) {
        if self.monitors.fired.len() >= Monitors::MAX_NAMES && !self.monitors.fired.contains_key(name) {
            return;
        }
        let fired = self.monitors.fired.entry(name.to_owned()).or_default();
        if let Some((_, count, time)) = fired.iter_mut().find(|(at, ..)| *at == level) {
            (*count, *time) = (count.saturating_add(1), now);
            return;
        }
        let mut fired = std::mem::take(fired);
        // Levels of objects that are gone are removed, so that the list stays as short as the objects.
        fired.retain(|(at, ..)| self.level(*at).is_some());
        fired.push((level, 1, now));
        self.monitors.fired.insert(name.to_owned(), fired);
    }

    /// The level on which the hook is set that a look-up from `scope` finds.
    pub fn hook_level(&self, scope: OptionScope, name: &str) -> OptionScope {
        let above = |scope: OptionScope| match scope {
            OptionScope::Session(_) => OptionScope::GlobalSession,
            OptionScope::Pane(id) => {
                self.pane(id).map_or(OptionScope::GlobalWindow, |p| OptionScope::Window(p.window))
            }
            OptionScope::Window(_) => OptionScope::GlobalWindow,
            global => global,
        };
        let has = |scope: &OptionScope| self.level(*scope).is_some_and(|level| level.named(name).is_some());
        let levels = [scope, above(scope), above(above(scope))];
        levels.into_iter().find(has).unwrap_or(scope)
    }

    /// Count of runs of a level's hook, and time of the last one.
    pub fn hook_fires(&self, level: OptionScope, name: &str) -> (u32, i64) {
        if let Some(monitor) = self.monitors.find(level, name) {
            return (monitor.fires, monitor.fired);
        }
        let fired = self.monitors.fired.get(name).into_iter().flatten().find(|(at, ..)| *at == level);
        fired.map_or((0, 0), |(_, count, time)| (*count, *time))
    }

    /// The session that a monitor watches, if it exists.
    pub fn monitored_session(&self, monitor: &Monitor) -> Option<SessionId> {
        match monitor.session {
            Some(session) => self.session(session).map(|s| s.id),
            None => self.sessions.values().min_by(|a, b| a.name.cmp(&b.name)).map(|s| s.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_watched() {
        assert_eq!(What::parse("%*"), What::AllPanes);
        assert_eq!(What::parse("%3"), What::Pane(PaneId(3)));
        assert_eq!(What::parse("@*"), What::AllWindows);
        assert_eq!(What::parse("@0"), What::Window(WindowId(0)));
        assert_eq!(What::parse("@0x"), What::Window(WindowId(0)));
        assert_eq!(What::parse(""), What::Session);
    }
}
