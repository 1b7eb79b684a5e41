//! A scope per pane, as the server uses it: where a pane's program is started, what it uses,
//! and what is left when the pane is closed.

use std::os::fd::OwnedFd;

use crate::base::PaneId;

/// Where to start a pane's program.
#[derive(Debug, Default)]
pub struct SpawnTarget {
    /// Directory of the cgroup to start in.
    pub cgroup: Option<OwnedFd>,
    pub oom_score_adj: Option<i32>,
}

/// Out-of-memory preference of what runs in panes, above the server's own: even a host without
/// memory takes a pane's program first. Raising it needs no privilege.
const PANE_OOM_SCORE_ADJ: i32 = 200;

/// The scopes of all panes.
#[derive(Debug, Default)]
pub struct Scopes {}

impl Scopes {
    /// Makes the scope of a new pane.
    pub fn open_pane(&mut self, _pane: PaneId) -> SpawnTarget {
        SpawnTarget { cgroup: None, oom_score_adj: Some(PANE_OOM_SCORE_ADJ) }
    }

    /// The pane's first process runs.
    pub fn pane_started(&mut self, _pane: PaneId, _pid: i32, _contained: bool) {}

    /// The pane is closed.
    pub fn close_pane(&mut self, _pane: PaneId) {}

    /// Value of a format variable, if it is one of ours.
    pub fn usage(&self, _pane: Option<PaneId>, variable: &str) -> Option<String> {
        (variable == "containment").then(|| "none".to_owned())
    }
}
