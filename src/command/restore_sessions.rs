//! `restore-sessions`: restores from disk the sessions that a reboot ended.

use crate::model::host::Restored;
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;

use super::output;

pub(crate) fn restore_sessions(cx: &mut Cx<'_>, item: &ItemContext, _args: &Args) -> Exec {
    let waiting = item.waiting();
    let life = cx.server.start_time.wall_us;
    cx.host.restore_sessions(
        life,
        Box::new(move |cx, result| {
            match result {
                Ok(restored) => {
                    for warning in &restored.warnings {
                        let now = cx.now;
                        cx.server.add_message(now, warning.clone());
                        output::print(cx, &waiting, warning);
                    }
                    output::print(cx, &waiting, &summary(&restored));
                }
                Err(why) => drop(output::error(cx, &waiting, &why)),
            }
            cx.server.queues.resume(waiting.id);
        }),
    );
    Exec::Wait
}

/// Summary of the restored sessions, in one line.
pub(crate) fn summary(restored: &Restored) -> String {
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let (sessions, windows) = (count(restored.sessions.len(), "session"), count(restored.windows, "window"));
    format!("restored {sessions}, {windows}, {}", count(restored.panes, "pane"))
}
