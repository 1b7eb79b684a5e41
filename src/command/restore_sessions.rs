//! `restore-sessions`: restores from disk the sessions that a reboot ended. Shows how far it is; when it is
//! stopped, nothing is restored, and all of it can be restored later.

use crate::base::ClientId;
use crate::model::host::{RestoreShare, RestoreWatch, Restored};
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;

use super::output;
use super::progress::Work;

pub(crate) fn restore_sessions(cx: &mut Cx<'_>, item: &ItemContext, _args: &Args) -> Exec {
    let waiting = item.waiting();
    restore(cx, item.client, move |cx, result| {
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
    });
    Exec::Wait
}

/// Restores sessions while `client`, if there is one, sees how far it is and can stop it.
pub(crate) fn restore(
    cx: &mut Cx<'_>,
    client: Option<ClientId>,
    done: impl FnOnce(&mut Cx<'_>, Result<Restored, String>) + Send + 'static,
) {
    let work = std::sync::Arc::new(Work::begin_for(cx, client, "restoring", false));
    let seen = work.clone();
    let step = Box::new(move |cx: &mut Cx<'_>, share: RestoreShare| {
        seen.meter.set(share.panes, share.bytes);
        !seen.is_over(cx)
    });
    let done = Box::new(move |cx: &mut Cx<'_>, result| {
        work.end(cx);
        done(cx, result);
    });
    cx.host.restore_sessions(cx.server.start_time.wall_us, RestoreWatch { step, done });
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
