//! Variables that only scopemux has. They can be used like tmux's, but are never listed, so that listings
//! stay the same.

use super::{Table, text};
use crate::format::usage;
use crate::model::session::WinlinkFlags;
use crate::model::usage::totals;

pub(super) const TABLE: Table = &[
    ("containment", |scope| text(scope.host().usage(None, "containment")?)),
    ("history_disk_bytes", |scope| text(scope.host().usage(Some(scope.pane()?.id), "history_disk_bytes")?)),
    ("history_disk_max", |scope| text(scope.host().usage(Some(scope.pane()?.id), "history_disk_max")?)),
    ("history_error", |scope| text(scope.host().usage(Some(scope.pane()?.id), "history_error")?)),
    ("left_scopes", |scope| text(scope.host().usage(None, "left_scopes")?)),
    ("pane_cpu_usec", |scope| text(scope.host().usage(Some(scope.pane()?.id), "pane_cpu_usec")?)),
    ("pane_memory", |scope| text(scope.host().usage(Some(scope.pane()?.id), "pane_memory")?)),
    ("pane_memory_max", |scope| text(scope.host().usage(Some(scope.pane()?.id), "pane_memory_max")?)),
    ("pane_memory_peak", |scope| text(scope.host().usage(Some(scope.pane()?.id), "pane_memory_peak")?)),
    ("pane_notification", |scope| text(&scope.pane()?.notification)),
    ("pane_oom_kills", |scope| {
        let pane = scope.pane()?;
        let counted = scope.host().usage(Some(pane.id), "pane_oom_kills");
        text(counted.unwrap_or_else(|| pane.oom_kills.to_string()))
    }),
    ("pane_pids", |scope| text(scope.host().usage(Some(scope.pane()?.id), "pane_pids")?)),
    ("pane_pids_max", |scope| text(scope.host().usage(Some(scope.pane()?.id), "pane_pids_max")?)),
    ("pane_scope", |scope| text(scope.host().usage(Some(scope.pane()?.id), "pane_scope")?)),
    ("pane_swap", |scope| text(scope.host().usage(Some(scope.pane()?.id), "pane_swap")?)),
    ("panes_history", |scope| text(number(totals(scope.server(), scope.host()).history))),
    ("panes_history_max", |scope| text(number(totals(scope.server(), scope.host()).history_max))),
    ("panes_memory", |scope| text(number(totals(scope.server(), scope.host()).memory))),
    ("panes_memory_max", |scope| text(number(totals(scope.server(), scope.host()).memory_max))),
    ("scopemux_version", |_| text(env!("CARGO_PKG_VERSION"))),
    ("server_rss", |scope| text(scope.host().usage(None, "server_rss")?)),
    ("usage_summary", |scope| text(usage::summary(&totals(scope.server(), scope.host())))),
    ("window_notification_flag", |scope| {
        let flags = scope.winlink()?.2.flags;
        text(u8::from(flags.contains(WinlinkFlags::NOTIFIED)))
    }),
];

fn number(number: Option<u64>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}
