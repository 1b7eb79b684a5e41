//! What the server reports about panes and clients: terminals closed, programs ended, windows renamed by
//! programs, clients gone.

use crate::base::{ClientId, PaneId};
use crate::options::opt;

use super::Cx;
use super::host::ExitStatus;
use super::option_access::OptionScope;
use super::pane::PaneFlags;
use super::waits::News;

/// Milliseconds for which a closed pane that somebody waits for is kept until the exit status of its
/// program is known.
const STATUS_WAIT_MS: u64 = 500;

/// Called when a pane's program closed the terminal.
pub(crate) fn pane_closed(cx: &mut Cx<'_>, pane: PaneId) {
    let Some(p) = cx.server.panes.get_mut(&pane) else { return };
    p.flags |= PaneFlags::EXITED;
    let pid = p.pid;
    if p.status.is_none() && cx.server.waits.is_watched(pane) {
        // A waiter gets the exit status, which will be known in a moment.
        let end = move |cx: &mut Cx<'_>| {
            if cx.server.pane(pane).is_some_and(|p| p.pid == pid && p.status.is_none()) {
                cx.destroy_pane(pane, true);
            }
        };
        cx.host.timer(STATUS_WAIT_MS, Box::new(end));
        return;
    }
    cx.destroy_pane(pane, true);
}

/// Called when a pane's program ended; all its output is in the terminal.
pub(crate) fn pane_exited(cx: &mut Cx<'_>, pane: PaneId, status: ExitStatus) {
    let Some(p) = cx.server.panes.get_mut(&pane) else { return };
    p.status = Some(status);
    p.flags |= PaneFlags::STATUS_READY | PaneFlags::EXITED;
    cx.tell_waiters(pane, &News::Exited(status));
    cx.destroy_pane(pane, true);
}

/// Called when a program names its window (`ESC k`); an empty name turns automatic names on again.
pub(crate) fn program_renames_window(cx: &mut Cx<'_>, pane: PaneId, name: &str) {
    let Some(window) = cx.server.pane(pane).map(|p| p.window) else { return };
    if !cx.server.option(OptionScope::Pane(pane), opt::ALLOW_RENAME) {
        return;
    }
    if name.is_empty() {
        cx.server.unset_option(OptionScope::Window(window), opt::AUTOMATIC_RENAME);
        let on = cx.server.option(OptionScope::Window(window), opt::AUTOMATIC_RENAME);
        if !on {
            cx.server.set_window_name(window, "", true);
        }
    } else {
        cx.server.set_window_name(window, name, true);
        cx.server.set_option(OptionScope::Window(window), opt::AUTOMATIC_RENAME, "off");
    }
    cx.server.redraw_window_borders(window);
    cx.server.status_window(window);
}

/// Called when a client is going and has no session any more. Windows that it used last pass to the next
/// client that shows them.
pub(crate) fn client_lost(cx: &mut Cx<'_>, client: ClientId) {
    let windows: Vec<_> =
        cx.server.windows.values().filter(|w| w.latest == Some(client)).map(|w| w.id).collect();
    for window in windows {
        let next = cx
            .server
            .clients
            .values()
            .filter(|c| c.id != client && cx.server.client_window(c) == Some(window))
            .max_by_key(|c| c.last_used())
            .map(|c| c.id);
        match next {
            Some(next) => cx.server.update_latest(next),
            None => {
                if let Some(w) = cx.server.windows.get_mut(&window) {
                    w.latest = None;
                }
            }
        }
    }
}
