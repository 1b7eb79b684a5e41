//! Scopes of panes: their limits, their usage, and what is left of them.

use crate::base::PaneId;
use crate::model::pane_limits::{PaneLimits, ServerLimits};

/// Processes that outlive their pane, in its scope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftScope {
    pub name: String,
    /// The pane that the scope belonged to.
    pub pane: PaneId,
    pub pids: Vec<i32>,
    /// Memory in bytes.
    pub memory: u64,
    pub cpu_usec: u64,
}

/// Scopes of panes: their limits, their usage, and what is left of them.
pub trait ScopeHost {
    /// Sets the limits of a pane: called before its program is started, and when options change.
    fn set_pane_limits(&mut self, pane: PaneId, limits: PaneLimits);
    /// Sets the limits of all panes together.
    fn set_server_limits(&mut self, limits: ServerLimits);
    /// Value for a format variable that only the host knows (`pane_memory`, `containment`, …).
    fn usage(&self, pane: Option<PaneId>, variable: &str) -> Option<String>;
    /// Scopes of closed panes in which processes still run.
    fn left_scopes(&self) -> Vec<LeftScope>;
    /// Ends all processes in such a scope, given its name.
    fn end_left_scope(&mut self, name: &str);
}
