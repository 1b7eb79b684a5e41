//! Making, killing, renaming, selecting, resizing, respawning and rotating windows.

use crate::base::number::parse_number;
use crate::base::{SessionId, Size, WindowId};
use crate::model::names::{clean_name, is_valid_name};
use crate::model::option_access::OptionScope;
use crate::model::sizes::{SizePolicy, WINDOW_MAXIMUM, WINDOW_MINIMUM};
use crate::model::spawn::{Spawn, SpawnFlags};
use crate::model::winlinks::{Selected, Step};
use crate::model::{Cx, Exec, FindState, ItemContext};
use crate::options::opt;
use crate::syntax::args::Args;

use super::new_panes::{print_made, respawn_for, spawn_for};
use super::{hooks, output, place};

pub(crate) fn new_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match create(cx, item, args) {
        Ok(()) => Exec::Normal,
        Err(message) => output::error(cx, item, &message),
    }
}

fn create(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Result<(), String> {
    let Some(session) = item.target.session else { return Ok(()) };
    let empty = args.has('E');
    if empty && args.count() != 0 && !(args.count() == 1 && args.string(0).is_some_and(|s| s.is_empty())) {
        return Err("command cannot be given for empty pane".to_owned());
    }
    let about = FindState { session: Some(session), ..FindState::default() };
    let name = match args.get('n') {
        None => None,
        Some(format) => {
            let name = place::expand(cx, item, format, item.client, &about);
            Some(clean_name(&name, false).ok_or_else(|| format!("invalid window name: {name}"))?)
        }
    };
    let mut beside = item.target.winlink;
    if args.has('S')
        && item.target.index.is_none()
        && let Some(name) = &name
    {
        if select_named(cx, item, args, name)? {
            return Ok(());
        }
        // tmux: the search for a window of that name clears the target window.
        beside = None;
    }
    let before = args.has('b');
    let mut index = item.target.index;
    if (args.has('a') || before)
        && let Some(at) = beside
    {
        index = cx.server.shuffle_up(session, at, before).or(index);
    }
    let mut flags = SpawnFlags::empty();
    flags.set(SpawnFlags::DETACHED, args.has('d'));
    flags.set(SpawnFlags::KILL, args.has('k'));
    flags.set(SpawnFlags::EMPTY, empty);
    let mut spawn =
        Spawn { size_client: item.target_client, index, name, flags, ..spawn_for(cx, item, args, &about) };
    if empty {
        spawn.argv.clear();
    }
    let index = cx.spawn_window(spawn).map_err(|cause| format!("create window failed: {cause}"))?;
    let state = FindState::from_winlink(cx.server, session, index);
    if !args.has('d') || cx.server.session(session).is_some_and(|s| s.current == index) {
        item.set_current(state);
        cx.server.redraw_session_group(session);
    } else {
        cx.server.status_session_group(session);
    }
    print_made(cx, item, args, &state);
    hooks::insert(cx, item, Some(state), "after-new-window");
    Ok(())
}

/// `new-window -S`: selects the window of that name, if there is one. The error is a message for users.
fn select_named(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, name: &str) -> Result<bool, String> {
    let Some(session) = item.target.session else { return Ok(false) };
    let about = FindState { session: Some(session), ..FindState::default() };
    let wanted = place::expand(cx, item, name, item.client, &about);
    let Some(s) = cx.server.session(session) else { return Ok(false) };
    let named = |window: WindowId| cx.server.window(window).is_some_and(|w| w.name == wanted);
    let mut found = s.winlinks.iter().filter(|(_, wl)| named(wl.window)).map(|(index, _)| *index);
    let (first, second) = (found.next(), found.next());
    let Some(index) = first else { return Ok(false) };
    if second.is_some() {
        return Err(format!("multiple windows named {name}"));
    }
    if args.has('d') {
        return Ok(true);
    }
    if cx.select_winlink(session, Some(index)) == Selected::Changed {
        cx.server.redraw_session(session);
    }
    set_latest(cx, item);
    cx.recalculate_sizes();
    Ok(true)
}

/// Records that the item's client used the current window of the target session last.
fn set_latest(cx: &mut Cx<'_>, item: &ItemContext) {
    let attached = item.client.filter(|id| cx.server.client(*id).is_some_and(|c| c.session.is_some()));
    let Some(client) = attached else { return };
    let window = item.target.session.and_then(|s| cx.server.current_window(s));
    if let Some(w) = window.and_then(|w| cx.server.windows.get_mut(&w)) {
        w.latest = Some(client);
    }
}

pub(crate) fn kill_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some((session, _, window)) = place::window(&item.target) else { return Exec::Error };
    let filter = args.get('f');
    if !args.has('a') {
        if filter.is_some() {
            return output::error(cx, item, "-f only valid with -a");
        }
        cx.kill_window(window, true);
        return Exec::Normal;
    }
    if cx.server.session(session).is_none_or(|s| s.winlinks.len() <= 1) {
        return Exec::Normal;
    }
    while let Some(other) =
        links_that_pass(cx, item, session, filter).into_iter().find(|other| *other != window)
    {
        cx.kill_window(other, false);
    }
    let places = cx
        .server
        .session(session)
        .map_or(0, |s| s.winlinks.values().filter(|winlink| winlink.window == window).count());
    if places > 1 && links_that_pass(cx, item, session, filter).contains(&window) {
        // tmux: a window that is linked more than once is killed as well.
        cx.kill_window(window, false);
    }
    cx.renumber_all();
    Exec::Normal
}

/// The windows of a session that pass the filter of `-f`, in order of their indexes.
fn links_that_pass(
    cx: &Cx<'_>,
    item: &ItemContext,
    session: SessionId,
    filter: Option<&str>,
) -> Vec<WindowId> {
    let Some(s) = cx.server.session(session) else { return Vec::new() };
    let passes = |index: i32| {
        let state = FindState { pane: None, ..FindState::from_winlink(cx.server, session, index) };
        place::passes(cx, item, filter, &state)
    };
    s.winlinks.iter().filter(|(index, _)| passes(**index)).map(|(_, winlink)| winlink.window).collect()
}

pub(crate) fn unlink_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some((session, index, window)) = place::window(&item.target) else { return Exec::Error };
    if !args.has('k') && !cx.server.is_linked_elsewhere(session, window) {
        return output::error(cx, item, "window only linked to one session");
    }
    cx.unlink_window(session, index);
    cx.recalculate_sizes();
    Exec::Normal
}

pub(crate) fn rename_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(window) = item.target.window else { return Exec::Error };
    let name = place::expand_target(cx, item, &args.string(0).unwrap_or_default());
    if !is_valid_name(&name) {
        return output::error(cx, item, &format!("invalid window name: {name}"));
    }
    cx.server.set_window_name(window, &name, false);
    cx.server.set_option(OptionScope::Window(window), opt::AUTOMATIC_RENAME, "off");
    cx.server.redraw_window_borders(window);
    cx.server.status_window(window);
    Exec::Normal
}

/// The window that a select command asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Target,
    Step(Step),
    Last,
}

pub(crate) fn select_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let wish = if args.has('n') {
        Wish::Step(Step::Next)
    } else if args.has('p') {
        Wish::Step(Step::Previous)
    } else if args.has('l') {
        Wish::Last
    } else {
        Wish::Target
    };
    select(cx, item, args, wish)
}

pub(crate) fn next_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    select(cx, item, args, Wish::Step(Step::Next))
}

pub(crate) fn previous_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    select(cx, item, args, Wish::Step(Step::Previous))
}

pub(crate) fn last_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    select(cx, item, args, Wish::Last)
}

fn select(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, wish: Wish) -> Exec {
    let Some(session) = item.target.session else { return Exec::Error };
    let (selected, missing) = match wish {
        Wish::Step(step) => {
            let word = if step == Step::Next { "next" } else { "previous" };
            (cx.select_step(session, step, args.has('a')), word)
        }
        Wish::Last => (cx.select_last(session), "last"),
        Wish::Target => return select_target(cx, item, args),
    };
    if selected != Selected::Changed {
        return output::error(cx, item, &format!("no {missing} window"));
    }
    item.set_current(FindState::from_session(cx.server, session));
    cx.server.redraw_session(session);
    selected_one(cx, item)
}

fn select_target(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some((session, index)) = place::winlink(&item.target) else { return Exec::Error };
    let is_current = cx.server.session(session).is_some_and(|s| s.current == index);
    if args.has('T') && is_current {
        if cx.select_last(session) != Selected::Changed {
            return output::error(cx, item, "no last window");
        }
        if item.current().session == Some(session) {
            item.set_current(FindState::from_session(cx.server, session));
        }
        cx.server.redraw_session(session);
    } else if cx.select_winlink(session, Some(index)) == Selected::Changed {
        item.set_current(FindState::from_session(cx.server, session));
        cx.server.redraw_session(session);
    }
    selected_one(cx, item)
}

fn selected_one(cx: &mut Cx<'_>, item: &ItemContext) -> Exec {
    hooks::insert(cx, item, Some(item.current()), "after-select-window");
    set_latest(cx, item);
    cx.recalculate_sizes();
    Exec::Normal
}

/// A distance in cells: the first argument, or 1. The error is a message for users.
pub(crate) fn adjustment(args: &Args) -> Result<i32, String> {
    match args.string(0) {
        None => Ok(1),
        Some(text) => parse_number(&text, 1, i64::from(i32::MAX))
            .map(|n| n as i32)
            .map_err(|error| format!("adjustment {error}")),
    }
}

fn wanted_size(args: &Args, now: Size) -> Result<Size, String> {
    let adjust = adjustment(args)? as u32;
    let (min, max) = (i64::from(WINDOW_MINIMUM), i64::from(WINDOW_MAXIMUM));
    let mut size = now;
    if args.has('x') {
        size.cols = args.number('x', min, max).map_err(|error| format!("width {error}"))? as u32;
    }
    if args.has('y') {
        size.rows = args.number('y', min, max).map_err(|error| format!("height {error}"))? as u32;
    }
    if args.has('L') {
        size.cols = size.cols.checked_sub(adjust).unwrap_or(size.cols);
    } else if args.has('R') {
        size.cols = size.cols.wrapping_add(adjust);
    } else if args.has('U') {
        size.rows = size.rows.checked_sub(adjust).unwrap_or(size.rows);
    } else if args.has('D') {
        size.rows = size.rows.wrapping_add(adjust);
    }
    Ok(size)
}

pub(crate) fn resize_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some((session, _, window)) = place::window(&item.target) else { return Exec::Error };
    let Some(now) = cx.server.window(window).map(|w| w.size) else { return Exec::Error };
    let mut size = match wanted_size(args, now) {
        Ok(size) => size,
        Err(message) => return output::error(cx, item, &message),
    };
    let policy = match (args.has('A'), args.has('a')) {
        (true, _) => Some(SizePolicy::Largest),
        (_, true) => Some(SizePolicy::Smallest),
        _ => None,
    };
    if policy.is_some() {
        size = cx.server.window_size_for(None, session, Some(window), policy).0;
    }
    cx.server.set_option(OptionScope::Window(window), opt::WINDOW_SIZE, "manual");
    if let Some(w) = cx.server.windows.get_mut(&window) {
        w.manual_size = size;
    }
    cx.recalculate_size(window, true);
    Exec::Normal
}

pub(crate) fn respawn_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some((_, index, window)) = place::window(&item.target) else { return Exec::Error };
    let spawn = Spawn { size_client: item.target_client, ..respawn_for(cx, item, args, index) };
    if let Err(cause) = cx.spawn_window(spawn) {
        return output::error(cx, item, &format!("respawn window failed: {cause}"));
    }
    cx.server.redraw_window(window);
    Exec::Normal
}

pub(crate) fn rotate_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some((session, index, window)) = place::window(&item.target) else { return Exec::Error };
    cx.push_zoom(window, false, args.has('Z'));
    if let Some(pane) = cx.rotate_panes(window, args.has('D')) {
        cx.set_active_pane(window, pane, true);
        item.set_current(FindState::from_winlink_pane(cx.server, session, index, pane));
    }
    cx.pop_zoom(window);
    cx.server.redraw_window(window);
    Exec::Normal
}
