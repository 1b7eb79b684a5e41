//! Effects of a changed option: updates everything that holds a copy of its value or depends on it.

use crate::base::{PaneId, WindowId};
use crate::model::Cx;
use crate::model::option_access::OptionScope;
use crate::model::pane::PaneFlags;
use crate::options::opt;

/// Updates everything that depends on an option, given its name in the table.
pub(crate) fn apply(cx: &mut Cx<'_>, name: &str) {
    match name {
        "automatic-rename" => mark_renamed(cx),
        "key-table" => cx.server.clients.values_mut().for_each(|client| client.key_table = None),
        "monitor-silence" => cx.reset_all_silence(),
        "window-style" | "window-active-style" => {
            restyle_panes(cx, PaneFlags::THEME_CHANGED);
        }
        "pane-border-status" | "pane-scrollbars" | "pane-scrollbars-position" | "pane-scrollbars-style" => {
            fix_all_panes(cx);
        }
        "codepoint-widths" | "variation-selector-always-wide" => cx.server.update_width_rules(),
        "status" | "status-interval" => {
            cx.server.clients.values_mut().for_each(|client| client.status_due_ms = 0);
        }
        "history-limit" => set_history_limits(cx),
        _ if name.starts_with('@') => restyle_panes(cx, PaneFlags::empty()),
        _ => (),
    }
    cx.limit_changed(name);
    cx.configure_terminals();
    let sessions: Vec<_> = cx.server.sessions.keys().copied().collect();
    for session in sessions {
        cx.server.update_status_cache(session);
    }
    cx.recalculate_sizes();
    cx.server.redraw_all();
}

fn restyle_panes(cx: &mut Cx<'_>, more: PaneFlags) {
    cx.server.panes.values_mut().for_each(|pane| pane.mark_style(more));
}

/// Marks active panes of automatically named windows as changed, so that the windows are named again.
fn mark_renamed(cx: &mut Cx<'_>) {
    let active: Vec<PaneId> = cx
        .server
        .windows
        .values()
        .filter(|window| cx.server.option(OptionScope::Window(window.id), opt::AUTOMATIC_RENAME))
        .map(|window| window.active)
        .collect();
    for pane in active {
        if let Some(pane) = cx.server.panes.get_mut(&pane) {
            pane.flags |= PaneFlags::CHANGED;
        }
    }
}

fn fix_all_panes(cx: &mut Cx<'_>) {
    let windows: Vec<WindowId> = cx.server.windows.keys().copied().collect();
    for window in windows {
        cx.fix_panes(window, None);
    }
}

/// Sets the limit of each pane's history from the session that shows its window best.
fn set_history_limits(cx: &mut Cx<'_>) {
    let panes: Vec<(PaneId, WindowId)> =
        cx.server.panes.values().map(|pane| (pane.id, pane.window)).collect();
    for (pane, window) in panes {
        let session = cx.server.best_winlink(window).map(|(session, _)| session);
        let scope = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        let limit = cx.server.chain(scope).get(opt::HISTORY_LIMIT);
        cx.host.set_history_limit(pane, limit);
    }
}
