//! Limits of panes, read from options and passed to the host whenever they may have changed.

use super::Cx;
use crate::base::PaneId;
use crate::containment::LIMITS;
use crate::options::opt;
use crate::options::size::{Keep, MemoryLimit};

use super::option_access::OptionScope;

/// Limits of one pane, not yet resolved against the limits of the machine.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PaneLimits {
    /// In the order of `containment::LIMITS`; a weight is absolute.
    pub limits: [MemoryLimit; LIMITS.len()],
    /// When memory runs out, all processes of the pane are killed.
    pub oom_ends_pane: bool,
    /// When the pane is closed, processes that still run in its scope are killed.
    pub kill_scope: bool,
    /// Time for which the transcript is kept after the pane is closed.
    pub history_keep: Keep,
    /// Lines are written to disk; otherwise only the newest are kept, in memory.
    pub history_disk: bool,
}

/// Limits of all panes together.
#[derive(Clone, PartialEq, Debug)]
pub struct ServerLimits {
    pub panes_memory: MemoryLimit,
    pub backstop: MemoryLimit,
    /// Maximum number of bytes on disk of all transcripts.
    pub history_total: u64,
    /// Directory of transcripts; empty for the default.
    pub history_directory: String,
    /// Files on disk are encrypted.
    pub history_encrypt: bool,
    /// The option `containment`; read until the first pane is made.
    pub containment: String,
}

impl Cx<'_> {
    /// Passes all limits to the host.
    pub fn apply_limits(&mut self) {
        self.apply_server_limits();
        let panes: Vec<PaneId> = self.server.panes.keys().copied().collect();
        panes.into_iter().for_each(|pane| self.apply_pane_limits(pane));
    }

    /// Passes the limits that hold for all panes together to the host.
    pub fn apply_server_limits(&mut self) {
        let options = self.server.server_options();
        let limits = ServerLimits {
            panes_memory: options.get(opt::PANES_MEMORY_MAX),
            backstop: options.get(opt::MEMORY_BACKSTOP),
            history_total: options.get(opt::HISTORY_TOTAL_LIMIT),
            history_directory: options.get(opt::HISTORY_DIRECTORY).to_owned(),
            history_encrypt: options.get(opt::HISTORY_ENCRYPT),
            containment: self.server.option_text(OptionScope::Server, opt::CONTAINMENT),
        };
        drop(options);
        self.host.set_server_limits(limits);
    }

    /// Passes the limits of a pane, and those of all panes together, to the host.
    pub fn apply_pane_limits(&mut self, pane: PaneId) {
        self.apply_server_limits();
        let Some(window) = self.server.pane(pane).map(|p| p.window) else { return };
        let session = self.server.best_winlink(window).map(|(session, _)| session);
        let scope = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        let history_keep = self.server.chain(scope).get(opt::HISTORY_KEEP);
        let options = self.server.pane_options(pane);
        let limits = PaneLimits {
            limits: LIMITS.map(|row| options.amount(row.option)),
            oom_ends_pane: self.server.option_text(OptionScope::Pane(pane), opt::PANE_OOM_POLICY) == "pane",
            kill_scope: options.get(opt::PANE_KILL_SCOPE),
            history_keep,
            history_disk: options.get(opt::HISTORY_DISK),
        };
        drop(options);
        self.host.set_pane_limits(pane, limits);
    }
}

#[cfg(test)]
mod tests {
    use crate::containment::{Amount, LIMITS};
    use crate::options::entry::Effect;
    use crate::options::{Kind, table};

    #[test]
    fn each_limit_has_an_option_of_its_kind() {
        for row in LIMITS {
            let entry = table::find(row.option);
            let kind = entry.map(|entry| (entry.kind, row.amount));
            let fits = matches!(
                kind,
                Some(
                    (Kind::MemoryLimit, Amount::Memory | Amount::Tasks)
                        | (Kind::Number { .. }, Amount::Weight)
                )
            );
            assert!(fits, "{}", row.option);
            assert_eq!(entry.map(|entry| entry.effect), Some(Effect::Limits), "{}", row.option);
        }
    }
}
