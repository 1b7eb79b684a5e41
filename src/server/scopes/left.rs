//! Processes left in the scopes of closed panes: `nohup` jobs and daemons, of this server's panes
//! and of those of a server that died.

use crate::base::PaneId;
use crate::model::host::LeftScope;

use super::{Closed, Scopes};

/// Panes of dead servers get numbers downwards from here; our own panes never reach them.
const FIRST_ORPHAN: u32 = u32::MAX;

/// The pane's number in the name of its scope (`…pane-3`, `…pane-3.1`, `…-pane-3.scope`).
fn pane_of(name: &str) -> Option<PaneId> {
    let (_, tail) = name.rsplit_once("pane-")?;
    let digits = tail.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().map(PaneId)
}

impl Scopes {
    /// Takes over scopes that belong to no pane, after a restarted server has taken its own.
    pub(super) fn claim_orphans(&mut self) {
        let Some(backend) = &mut self.backend else { return };
        if std::mem::replace(&mut self.orphans_claimed, true) {
            return;
        }
        let held = self.closed.iter().map(|closed| closed.scope.name()).collect::<Vec<_>>();
        for stray in backend.sweep() {
            if self.closed.len() >= super::MAX_CLOSED {
                break;
            }
            // Scopes of panes that closed meanwhile are known already.
            let known = |name: &String| name.rsplit('/').next() == Some(&stray.name);
            if held.iter().any(known) {
                continue;
            }
            let stand_in = PaneId(FIRST_ORPHAN - self.closed.len() as u32);
            if let Ok(scope) = backend.adopt(stand_in, &stray.name) {
                self.closed.push(Closed { pane: stand_in, scope, kill_at: None });
            }
        }
    }

    /// The scopes of closed panes with processes.
    pub(crate) fn left(&self) -> Vec<LeftScope> {
        let entry = |closed: &Closed| {
            let (name, pids, usage) = (closed.scope.name(), closed.scope.pids(), closed.scope.usage());
            let pane = pane_of(&name).unwrap_or(closed.pane);
            let (memory, cpu_usec) = (usage.memory.unwrap_or(0), usage.cpu_usec.unwrap_or(0));
            LeftScope { name, pane, pids, memory, cpu_usec }
        };
        self.closed.iter().map(entry).filter(|left| !left.pids.is_empty()).collect()
    }

    /// The same list as text: `scope:pid,pid scope:pid`.
    pub(super) fn left_text(&self) -> String {
        let entry = |left: LeftScope| {
            let pids: Vec<String> = left.pids.iter().map(i32::to_string).collect();
            format!("{}:{}", left.name, pids.join(","))
        };
        self.left().into_iter().map(entry).collect::<Vec<_>>().join(" ")
    }

    /// Kills all processes in one of them, now.
    pub(crate) fn end_left(&mut self, name: &str, now_ms: u64) {
        for closed in self.closed.iter_mut().filter(|closed| closed.scope.name() == name) {
            closed.kill_at = Some(now_ms);
        }
        self.tidy(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_pane() {
        let check = |name: &str, expect: Option<u32>| assert_eq!(pane_of(name).map(|p| p.0), expect);
        check("/a/panes/pane-3", Some(3));
        check("pane-12.1", Some(12));
        check("app-scopemux-x-pane-7.scope", Some(7));
        check("app-scopemux-pane-x-pane-8.2.scope", Some(8));
        check("server", None);
    }
}
