//! The last defence before the kernel's host-wide OOM killer: when memory is nearly exhausted, the
//! largest process of the largest pane gets SIGTERM, then SIGKILL.

use std::cmp::Reverse;

use super::scope::PaneScope;
use crate::base::PaneId;

/// Milliseconds between SIGTERM and SIGKILL, while memory is still short.
const GRACE_MS: u64 = 2000;
/// Milliseconds after a SIGKILL before another process is chosen: freeing memory takes a moment.
const REST_MS: u64 = 1000;

/// A process, and its memory in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProcessLoad {
    pub pid: i32,
    pub bytes: u64,
}

/// Degree of attention that users give to a pane; panes with the most are ended last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Attention {
    #[default]
    Hidden,
    /// The pane is visible on a client.
    Visible,
    /// The pane got a key within `KEYED_MS`.
    Keyed,
}

/// Milliseconds after a key for which a pane is spared in favour of others.
pub const KEYED_MS: u64 = 60_000;
/// A pane with less than 1/`WORTH` of the largest one's memory is not worth ending.
const WORTH: u64 = 4;
/// A pane with less than 1/`HELP` of the missing memory would not help.
const HELP: u64 = 20;

/// Facts about a pane, other than its memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    pub attention: Attention,
    /// Process id of the shell of a session's only pane: the session would end with it.
    pub last_shell: Option<i32>,
}

/// A pane's processes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaneLoad {
    pub pane: PaneId,
    /// Memory of its processes in bytes, without the kernel's caches.
    pub bytes: u64,
    pub standing: Standing,
    pub processes: Vec<ProcessLoad>,
}

impl PaneLoad {
    /// The process to end if the pane is chosen.
    fn victim(&self) -> Option<Victim> {
        let may_go = self.processes.iter().filter(|p| Some(p.pid) != self.standing.last_shell);
        let process = may_go.max_by_key(|p| (p.bytes, Reverse(p.pid)))?;
        Some(Victim { pane: self.pane, pid: process.pid })
    }
}

/// The process to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Victim {
    pub pane: PaneId,
    pub pid: i32,
}

/// The action to take now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    Terminate(Victim),
    Kill(Victim),
    /// Memory is short, but no pane has enough of it: all are spared. Reported once.
    Spare,
}

/// The largest process of the largest pane; `None` when no pane has enough of the `missing` bytes. Of the
/// panes that are worth ending, one that is not visible is chosen first, and one that gets keys last.
/// Ties go to the lower number, so that the choice is deterministic.
pub fn choose_victim(panes: &[PaneLoad], missing: u64) -> Option<Victim> {
    let helps = |pane: &&PaneLoad| pane.bytes >= (missing / HELP).max(1) && pane.victim().is_some();
    let most = panes.iter().filter(helps).map(|pane| pane.bytes).max()?;
    let worth = panes.iter().filter(helps).filter(|pane| pane.bytes >= most / WORTH);
    worth.max_by_key(|p| (Reverse(p.standing.attention), p.bytes, Reverse(p.pane)))?.victim()
}

/// Decides at each check of the host's memory. Checks are made by the pressure trigger or a timer;
/// between them nothing is done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backstop {
    /// The process that was sent SIGTERM, and when (ms).
    asked: Option<(Victim, u64)>,
    resting_until: u64,
    /// Since memory became short, it was reported that no pane would help.
    spared: bool,
}

impl Backstop {
    /// The action when `available` bytes are left and `floor` is the minimum. `panes` is only called when
    /// something has to be done.
    pub fn look(
        &mut self,
        now_ms: u64,
        available: u64,
        floor: u64,
        panes: impl FnOnce() -> Vec<PaneLoad>,
    ) -> Option<Deed> {
        if available >= floor {
            (self.asked, self.spared) = (None, false);
            return None;
        }
        if now_ms < self.resting_until {
            return None;
        }
        let panes = panes();
        let lives =
            |v: Victim| panes.iter().any(|p| p.pane == v.pane && p.processes.iter().any(|q| q.pid == v.pid));
        match self.asked {
            Some((victim, at)) if lives(victim) => {
                if now_ms < at + GRACE_MS {
                    return None;
                }
                self.asked = None;
                self.resting_until = now_ms + REST_MS;
                Some(Deed::Kill(victim))
            }
            _ => {
                let victim = choose_victim(&panes, floor - available);
                self.asked = victim.map(|victim| (victim, now_ms));
                match victim {
                    Some(victim) => Some(Deed::Terminate(victim)),
                    None => (!std::mem::replace(&mut self.spared, true)).then_some(Deed::Spare),
                }
            }
        }
    }

    /// Time of the next check without a trigger, in milliseconds of the same clock.
    pub fn next_look(&self) -> Option<u64> {
        self.asked.map(|(_, at)| at + GRACE_MS)
    }
}

/// The memory in a pane's scope, for `Backstop::look`.
pub fn load_of(pane: PaneId, scope: &dyn PaneScope, standing: Standing) -> PaneLoad {
    let processes: Vec<ProcessLoad> =
        scope.pids().into_iter().map(|pid| ProcessLoad { pid, bytes: resident(pid) }).collect();
    // Shared memory is counted by each process but once by the scope, which also counts caches.
    let sum: u64 = processes.iter().map(|p| p.bytes).sum();
    let bytes = scope.usage().memory.map_or(sum, |charged| charged.min(sum));
    PaneLoad { pane, bytes, standing, processes }
}

/// Bytes of a process's anonymous memory and swap; 0 when it is gone.
fn resident(pid: i32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| -> u64 {
        let line = text.lines().find_map(|l| l.strip_prefix(name));
        line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
    };
    (field("RssAnon:") + field("RssShmem:") + field("VmSwap:")) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pane: u32, bytes: u64, processes: &[(i32, u64)]) -> PaneLoad {
        let processes = processes.iter().map(|&(pid, bytes)| ProcessLoad { pid, bytes }).collect();
        PaneLoad { pane: PaneId(pane), bytes, standing: Standing::default(), processes }
    }

    #[test]
    fn the_largest_process_of_the_largest_pane_goes() {
        let check = |panes: &[PaneLoad], expect: Option<(u32, i32)>| {
            let got = choose_victim(panes, 100).map(|v| (v.pane.0, v.pid));
            assert_eq!(got, expect);
        };
        check(&[], None);
        check(&[load(1, 900, &[])], None);
        check(&[load(1, 50, &[(10, 50)]), load(2, 90, &[(20, 30), (21, 60)])], Some((2, 21)));
        check(&[load(2, 90, &[(20, 9)]), load(1, 90, &[(31, 5), (30, 5)])], Some((1, 30)));
    }

    #[test]
    fn panes_that_people_use_go_last() {
        use Attention::{Hidden, Keyed, Visible};
        let check = |panes: &[(u64, Attention)], expect: u32| {
            let loads = panes.iter().zip(0..).map(|(&(bytes, attention), n)| PaneLoad {
                standing: Standing { attention, last_shell: None },
                ..load(n, bytes, &[(n as i32, bytes)])
            });
            let loads: Vec<PaneLoad> = loads.collect();
            assert_eq!(choose_victim(&loads, 100).map(|v| v.pane.0), Some(expect), "{panes:?}");
        };
        check(&[(900, Keyed), (800, Visible), (300, Hidden), (400, Hidden)], 3);
        check(&[(900, Keyed), (300, Visible)], 1);
        // Ending a small pane does not help, even if the large one is being used.
        check(&[(900, Keyed), (200, Hidden), (100, Visible)], 0);
        check(&[(900, Visible), (900, Keyed), (10, Hidden)], 0);
    }

    #[test]
    fn panes_that_would_not_help_are_left_alone() {
        let check = |panes: &[PaneLoad], missing: u64, expect: Option<i32>| {
            assert_eq!(choose_victim(panes, missing).map(|v| v.pid), expect, "{missing}");
        };
        let panes = [load(1, 100, &[(10, 100)]), load(2, 40, &[(20, 40)])];
        check(&panes, 2000, Some(10));
        check(&panes, 2020, None);
        // A pane that is too small is not chosen, even if nobody looks at it.
        let mut seen = panes.clone();
        seen[0].standing.attention = Attention::Keyed;
        check(&seen, 100, Some(20));
        check(&seen, 1000, Some(10));
        check(&[load(1, 0, &[(10, 0)])], 1 << 40, None);
    }

    #[test]
    fn the_last_shell_of_a_session_is_left_alone_and_what_it_started_is_not() {
        let last = |pid: i32, pane: PaneLoad| PaneLoad {
            standing: Standing { last_shell: Some(pid), ..Standing::default() },
            ..pane
        };
        let check = |panes: &[PaneLoad], expect: Option<i32>| {
            assert_eq!(choose_victim(panes, 100).map(|v| v.pid), expect);
        };
        check(&[last(10, load(1, 900, &[(10, 900)]))], None);
        check(&[last(10, load(1, 900, &[(10, 800), (11, 100)]))], Some(11));
        check(&[last(10, load(1, 900, &[(10, 900)])), load(2, 90, &[(20, 90)])], Some(20));
    }

    #[test]
    fn that_no_pane_would_help_is_said_once_for_each_shortage() {
        let mut backstop = Backstop::default();
        let panes = || vec![load(1, 9, &[(10, 9)])];
        assert_eq!(backstop.look(0, 100, 1000, panes), Some(Deed::Spare));
        assert_eq!(backstop.look(2000, 100, 1000, panes), None);
        assert_eq!(backstop.next_look(), None);
        assert_eq!(backstop.look(4000, 1000, 1000, panes), None);
        assert_eq!(backstop.look(6000, 100, 1000, panes), Some(Deed::Spare));
    }

    #[test]
    fn asks_first_and_kills_only_who_stays() {
        let mut backstop = Backstop::default();
        let panes = || vec![load(1, 90, &[(10, 90)])];
        let victim = Victim { pane: PaneId(1), pid: 10 };
        assert_eq!(backstop.look(0, 100, 50, panes), None);
        assert_eq!(backstop.look(10, 40, 50, panes), Some(Deed::Terminate(victim)));
        assert_eq!(backstop.next_look(), Some(2010));
        assert_eq!(backstop.look(500, 40, 50, panes), None);
        assert_eq!(backstop.look(2010, 40, 50, panes), Some(Deed::Kill(victim)));
        assert_eq!(backstop.look(2500, 40, 50, panes), None);
        let rest = || vec![load(2, 10, &[(20, 10)])];
        let next = Victim { pane: PaneId(2), pid: 20 };
        assert_eq!(backstop.look(3100, 40, 50, rest), Some(Deed::Terminate(next)));
        assert_eq!(backstop.look(3200, 60, 50, rest), None);
        assert_eq!(backstop.next_look(), None);
    }
}
