//! Killing, selecting, swapping, joining, breaking out and respawning panes.

use crate::base::PaneId;
use crate::model::moves::BreakTo;
use crate::model::names::is_valid_name;
use crate::model::neighbours::Side;
use crate::model::option_access::OptionScope;
use crate::model::pane::PaneFlags;
use crate::model::pane_events::Place;
use crate::model::spawn::Spawn;
use crate::model::winlinks::Step;
use crate::model::{ClientFlags, Cx, Exec, FindState, ItemContext, Marked};
use crate::options::opt;
use crate::syntax::args::Args;

use super::new_panes::{print_made, respawn_for, set_title};
use super::{hooks, output, place, split};

pub(crate) fn kill_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some((session, index, window, pane)) = place::pane(&item.target) else {
        return output::error(cx, item, "no active pane to kill");
    };
    let filter = args.get('f');
    if !args.has('a') {
        if filter.is_some() {
            return output::error(cx, item, "-f only valid with -a");
        }
        cx.kill_pane(pane);
        return Exec::Normal;
    }
    cx.unzoom_and_redraw(window);
    let others = cx.server.window(window).map_or(Vec::new(), |w| w.panes.clone());
    for other in others.into_iter().filter(|p| *p != pane) {
        let state = FindState::from_winlink_pane(cx.server, session, index, other);
        if place::passes(cx, item, filter, &state) {
            cx.end_pane(other);
        }
    }
    cx.server.redraw_window(window);
    Exec::Normal
}

pub(crate) fn last_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    select_last(cx, item, args)
}

pub(crate) fn select_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if args.has('l') {
        return select_last(cx, item, args);
    }
    let Some((_, _, window, pane)) = place::pane(&item.target) else { return Exec::Error };
    if args.has('m') || args.has('M') {
        mark(cx, item, args);
        return Exec::Normal;
    }
    if let Some(style) = args.get('P') {
        split::set_window_style(cx, pane, style);
    }
    if args.has('g') {
        let style = cx.server.option_text(OptionScope::Pane(pane), opt::WINDOW_STYLE);
        output::print(cx, item, &style);
        return Exec::Normal;
    }
    let sides = [('L', Side::Left), ('R', Side::Right), ('U', Side::Up), ('D', Side::Down)];
    let side = sides.into_iter().find(|(flag, _)| args.has(*flag)).map(|(_, side)| side);
    let pane = match side {
        None => Some(pane),
        Some(side) => {
            cx.push_zoom(window, false, true);
            let found = cx.server.neighbour(pane, side);
            cx.pop_zoom(window);
            found
        }
    };
    let Some(pane) = pane else { return Exec::Normal };
    if args.has('e') || args.has('d') {
        set_input(cx, pane, args.has('e'));
    } else if let Some(format) = args.get('T') {
        set_title(cx, item, pane, format);
    } else {
        activate(cx, item, args, pane);
    }
    Exec::Normal
}

/// Turns the input of a pane on or off.
fn set_input(cx: &mut Cx<'_>, pane: PaneId, on: bool) {
    let Some(p) = cx.server.panes.get_mut(&pane) else { return };
    p.flags.set(PaneFlags::INPUT_OFF, !on);
    let window = p.window;
    cx.server.redraw_window_borders(window);
    cx.server.status_window(window);
}

/// Makes a pane the active one: of its window, or of a client with active panes of its own.
fn activate(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, pane: PaneId) {
    let Some((session, index, window)) = place::window(&item.target) else { return };
    let own = item
        .client
        .and_then(|id| cx.server.client(id))
        .filter(|c| c.session.is_some() && c.flags.contains(ClientFlags::ACTIVE_PANE));
    let own_client = own.map(|c| c.id);
    let active = match own {
        Some(c) => cx.server.client_pane(c),
        None => cx.server.window(window).map(|w| w.active),
    };
    if active == Some(pane) {
        return;
    }
    if cx.push_zoom(window, false, args.has('Z')) {
        cx.server.redraw_window(window);
    }
    match own_client {
        Some(client) => {
            if cx.server.is_floating(pane) {
                cx.raise_pane(pane);
            }
            cx.server.set_client_pane(client, pane);
        }
        None => {
            if cx.switch_active_pane(window, pane) {
                item.set_current(FindState::from_winlink_pane(cx.server, session, index, pane));
            }
        }
    }
    hooks::insert(cx, item, Some(item.current()), "after-select-pane");
    cx.server.redraw_window_borders(window);
    cx.server.status_window(window);
    if cx.pop_zoom(window) {
        cx.server.redraw_window(window);
    }
}

fn select_last(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some((session, index, window)) = place::window(&item.target) else { return Exec::Error };
    let Some(w) = cx.server.window(window) else { return Exec::Error };
    // With two panes, the other one counts even if it was never active (`split-window -d`).
    let other = w.panes.iter().find(|p| **p != w.active).filter(|_| w.panes.len() == 2);
    let Some(pane) = w.last_panes.first().or(other).copied() else {
        return output::error(cx, item, "no last pane");
    };
    if args.has('e') || args.has('d') {
        set_input(cx, pane, args.has('e'));
        return Exec::Normal;
    }
    if cx.push_zoom(window, false, args.has('Z')) {
        cx.server.redraw_window(window);
    }
    if cx.switch_active_pane(window, pane) {
        item.set_current(FindState::from_winlink(cx.server, session, index));
        cx.server.redraw_window_borders(window);
        cx.server.status_window(window);
    }
    if cx.pop_zoom(window) {
        cx.server.redraw_window(window);
    }
    Exec::Normal
}

/// Marks a pane, or clears the mark.
fn mark(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) {
    let Some((session, index, window, pane)) = place::pane(&item.target) else { return };
    if args.has('m') && !cx.server.is_pane_visible(pane) {
        return;
    }
    let before = cx.server.valid_mark();
    let new = Marked { session, link: (session, index), window, pane };
    cx.server.marked = if args.has('M') || before == Some(new) { None } else { Some(new) };
    let (old, now) = (before.map(|mark| mark.pane), cx.server.marked.map(|mark| mark.pane));
    cx.server.notify_mark_changed(pane, old, now);
    for mark in [before, cx.server.marked].into_iter().flatten() {
        if let Some(p) = cx.server.panes.get_mut(&mark.pane) {
            p.mark_style(PaneFlags::REDRAW | PaneFlags::THEME_CHANGED);
        }
        cx.server.redraw_window_borders(mark.window);
        cx.server.status_window(mark.window);
    }
    if cx.server.is_floating(pane) {
        cx.switch_active_pane(window, pane);
    }
}

pub(crate) fn swap_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let (Some((_, src_index, mut src_w, mut src)), Some((_, dst_index, dst_w, dst))) =
        (place::pane(&item.source), place::pane(&item.target))
    else {
        return Exec::Error;
    };
    if cx.push_zoom(dst_w, false, args.has('Z')) {
        cx.server.redraw_window(dst_w);
    }
    let step = match (args.has('D'), args.has('U')) {
        (true, _) => Some(Step::Next),
        (_, true) => Some(Step::Previous),
        _ => None,
    };
    if let Some(beside) = step.and_then(|step| cx.server.pane_by_number(dst, step, 1)) {
        (src_w, src) = (dst_w, beside);
    }
    if src_w != dst_w && cx.push_zoom(src_w, false, args.has('Z')) {
        cx.server.redraw_window(src_w);
    }
    if src != dst {
        if cx.server.is_floating(src) || cx.server.is_floating(dst) {
            return output::error(cx, item, "cannot swap floating panes");
        }
        cx.swap_panes(src, dst, args.has('d'), [Some(src_index), Some(dst_index)]);
    }
    if cx.pop_zoom(src_w) {
        cx.server.redraw_window(src_w);
    }
    if src_w != dst_w && cx.pop_zoom(dst_w) {
        cx.server.redraw_window(dst_w);
    }
    Exec::Normal
}

pub(crate) fn join_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let (Some((_, src_index, src_w, src)), Some((session, index, dst_w, dst))) =
        (place::pane(&item.source), place::pane(&item.target))
    else {
        return Exec::Error;
    };
    cx.unzoom_and_redraw(dst_w);
    cx.unzoom_and_redraw(src_w);
    if src == dst {
        return output::error(cx, item, "source and target panes must be different");
    }
    let cell = match split::tiled_cell(cx, item, args, dst_w, dst) {
        Ok(cell) => cell,
        Err(cause) => return output::error(cx, item, &format!("size or position {cause}")),
    };
    let select = Some((session, index)).filter(|_| !args.has('d'));
    cx.join_pane(src, dst, cell, select, [Some(src_index), Some(index)]);
    if select.is_some() {
        item.set_current(FindState::from_session(cx.server, session));
        cx.server.redraw_session(session);
    } else {
        cx.server.status_session(session);
    }
    Exec::Normal
}

pub(crate) fn move_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    join_pane(cx, item, args)
}

pub(crate) fn break_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match break_out(cx, item, args) {
        Ok(exec) => exec,
        Err(message) => output::error(cx, item, &message),
    }
}

fn break_out(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Result<Exec, String> {
    let Some((src, src_index, window, pane)) = place::pane(&item.source) else { return Ok(Exec::Error) };
    let Some(dst) = item.target.session else { return Ok(Exec::Error) };
    let name = args.get('n');
    if let Some(name) = name.filter(|name| !is_valid_name(name)) {
        return Err(format!("invalid window name: {name}"));
    }
    let mut index = item.target.index;
    let mut src_index = src_index;
    let before = args.has('b');
    if args.has('a') || before {
        let at = item.target.winlink.or(cx.server.session(dst).map(|s| s.current));
        let Some(free) = at.and_then(|at| cx.server.shuffle_up(dst, at, before)) else {
            return Ok(Exec::Error);
        };
        index = Some(free);
        if cx.server.winlink_window(src, src_index) != Some(window) {
            src_index += 1;
        }
    }
    cx.unzoom_and_redraw(window);
    let new_index = if cx.server.window(window).is_some_and(|w| w.panes.len() == 1) {
        cx.link_window((src, src_index), (dst, index), false, !args.has('d'))?;
        if let Some(name) = name {
            cx.server.set_window_name(window, name, false);
            cx.server.set_option(OptionScope::Window(window), opt::AUTOMATIC_RENAME, "off");
        }
        cx.unlink_window(src, src_index);
        let Some(index) = cx.server.winlink_of(dst, window) else { return Ok(Exec::Error) };
        let [from, to] = [src_index, index].map(|index| Place { window, index: Some(index) });
        cx.server.notify_pane_moved(pane, from, to);
        index
    } else {
        if let Some(index) = index.filter(|i| cx.server.winlink_window(dst, *i).is_some()) {
            return Err(format!("index in use: {index}"));
        }
        let name = name.map(str::to_owned);
        let old_index = Some(src_index);
        let to = BreakTo { session: dst, index, name, client: item.target_client, old_index };
        let new_index = cx.break_pane(pane, to)?;
        if !args.has('d') {
            cx.select_winlink(dst, Some(new_index));
            item.set_current(FindState::from_session(cx.server, dst));
        }
        for session in [src, dst] {
            cx.server.redraw_session(session);
            cx.server.status_session_group(session);
        }
        new_index
    };
    let state = FindState::from_winlink_pane(cx.server, dst, new_index, pane);
    print_made(cx, item, args, &state);
    Ok(Exec::Normal)
}

pub(crate) fn respawn_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some((_, index, window, pane)) = place::pane(&item.target) else { return Exec::Error };
    let spawn = Spawn { window: Some(window), pane: Some(pane), ..respawn_for(cx, item, args, index) };
    if let Err(cause) = cx.spawn_pane(spawn) {
        return output::error(cx, item, &format!("respawn pane failed: {cause}"));
    }
    cx.server.mark_pane_changed(pane);
    cx.server.redraw_window_borders(window);
    cx.server.status_window(window);
    Exec::Normal
}
