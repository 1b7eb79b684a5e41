//! Sessions that outlive the machine.

use crate::model::Cx;

/// Result of restoring sessions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Restored {
    /// Names of the sessions.
    pub sessions: Vec<String>,
    pub windows: usize,
    pub panes: usize,
    /// Differences from what was saved.
    pub warnings: Vec<String>,
}

/// How far a restore is: panes that are read, of all, and bytes of their histories and screens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RestoreShare {
    pub panes: (u64, u64),
    pub bytes: u64,
}

/// Called after each pane that is read; false stops the restore, and nothing of it is left.
pub(crate) type RestoreStep = Box<dyn FnMut(&mut Cx<'_>, RestoreShare) -> bool + Send>;

/// Called with the result of a restore, or with the reason why it failed.
pub(crate) type RestoreDone = Box<dyn FnOnce(&mut Cx<'_>, Result<Restored, String>) + Send>;

/// Functions for whoever waits for a restore.
pub struct RestoreWatch {
    pub step: RestoreStep,
    pub done: RestoreDone,
}

/// Sessions that outlive the machine.
pub trait SavedHost {
    /// Restores the sessions that were saved before this server started (`life`: its start, in
    /// microseconds since the Unix epoch); then calls back.
    fn restore_sessions(&mut self, life: i64, watch: RestoreWatch);
    /// Records that the saved sessions have been restored.
    fn note_restored(&mut self);
    /// Retries saving sessions later, since it failed.
    fn save_sessions_again(&mut self);
}
