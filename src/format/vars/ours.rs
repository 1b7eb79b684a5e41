//! Variables that only scopemux has. They can be used like tmux's, but are never listed, so that listings
//! stay the same.

use super::row::{Table, text};
use crate::format::usage;
use crate::model::session::WinlinkFlags;
use crate::model::usage::totals;

pub(super) const TABLE: Table = &[
    ("containment", |objects| text(objects.host().usage(None, "containment")?)),
    ("history_disk_bytes", |objects| {
        text(objects.host().usage(Some(objects.pane()?.id), "history_disk_bytes")?)
    }),
    ("history_disk_max", |objects| text(objects.host().usage(Some(objects.pane()?.id), "history_disk_max")?)),
    ("history_error", |objects| text(objects.host().usage(Some(objects.pane()?.id), "history_error")?)),
    ("left_scopes", |objects| text(objects.host().usage(None, "left_scopes")?)),
    ("pane_cpu_usec", |objects| text(objects.host().usage(Some(objects.pane()?.id), "pane_cpu_usec")?)),
    ("pane_memory", |objects| text(objects.host().usage(Some(objects.pane()?.id), "pane_memory")?)),
    ("pane_memory_max", |objects| text(objects.host().usage(Some(objects.pane()?.id), "pane_memory_max")?)),
    ("pane_memory_peak", |objects| text(objects.host().usage(Some(objects.pane()?.id), "pane_memory_peak")?)),
    ("pane_notification", |objects| text(&objects.pane()?.notification)),
    ("pane_oom_kills", |objects| {
        let pane = objects.pane()?;
        let counted = objects.host().usage(Some(pane.id), "pane_oom_kills");
        text(counted.unwrap_or_else(|| pane.lasting.oom_kills.to_string()))
    }),
    ("pane_pids", |objects| text(objects.host().usage(Some(objects.pane()?.id), "pane_pids")?)),
    ("pane_pids_max", |objects| text(objects.host().usage(Some(objects.pane()?.id), "pane_pids_max")?)),
    ("pane_scope", |objects| text(objects.host().usage(Some(objects.pane()?.id), "pane_scope")?)),
    ("pane_swap", |objects| text(objects.host().usage(Some(objects.pane()?.id), "pane_swap")?)),
    ("panes_history", |objects| text(number(totals(objects.server(), objects.host()).history))),
    ("panes_history_max", |objects| text(number(totals(objects.server(), objects.host()).history_max))),
    ("panes_memory", |objects| text(number(totals(objects.server(), objects.host()).memory))),
    ("panes_memory_max", |objects| text(number(totals(objects.server(), objects.host()).memory_max))),
    ("scopemux_version", |_| text(env!("CARGO_PKG_VERSION"))),
    ("server_rss", |objects| text(objects.host().usage(None, "server_rss")?)),
    ("usage_summary", |objects| text(usage::summary(&totals(objects.server(), objects.host())))),
    ("window_notification_flag", |objects| {
        let flags = objects.winlink()?.2.flags;
        text(u8::from(flags.contains(WinlinkFlags::NOTIFIED)))
    }),
];

fn number(number: Option<u64>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}
