//! Effects of a changed option: updates everything that holds a copy of its value or depends on it.

use crate::base::{PaneId, WindowId};
use crate::model::Cx;
use crate::model::option_access::OptionScope;
use crate::model::pane::PaneFlags;
use crate::options::entry::Effect;
use crate::options::{opt, table};

/// Updates everything that depends on an option, given its name.
pub(crate) fn apply(cx: &mut Cx<'_>, name: &str) {
    match table::find(name) {
        Some(entry) => take_effect(cx, entry.effect),
        // An option of users: styles of panes may be formats that contain it.
        None if name.starts_with('@') => restyle_panes(cx, PaneFlags::empty()),
        None => {}
    }
    cx.configure_terminals();
    let sessions: Vec<_> = cx.server.sessions.keys().copied().collect();
    for session in sessions {
        cx.server.update_status_cache(session);
    }
    cx.recalculate_sizes();
    cx.server.redraw_all();
}

fn take_effect(cx: &mut Cx<'_>, effect: Effect) {
    match effect {
        Effect::Nothing => {}
        Effect::Names => mark_renamed(cx),
        Effect::KeyTable => cx.server.clients.values_mut().for_each(|client| client.key_table = None),
        Effect::Silence => cx.reset_all_silence(),
        Effect::PaneStyles => restyle_panes(cx, PaneFlags::THEME_CHANGED),
        Effect::PaneSizes => fix_all_panes(cx),
        Effect::CharacterWidths => cx.server.update_width_rules(),
        Effect::StatusTime => cx.server.clients.values_mut().for_each(|client| client.status_due_ms = 0),
        Effect::HistoryLimit => set_history_limits(cx),
        Effect::Limits => cx.apply_limits(),
    }
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
