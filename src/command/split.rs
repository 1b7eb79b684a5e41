//! New panes: tiled or floating.

use serde::{Deserialize, Serialize};

use crate::base::number::parse_number;
use crate::base::{PaneId, SessionId, Size, WindowId};
use crate::model::events::Keep;
use crate::model::host::ExitStatus;
use crate::model::layout::{Axis, CellId, SplitPlace};
use crate::model::option_access::OptionScope;
use crate::model::pane::PaneFlags;
use crate::model::spawn::{Spawn, SpawnFlags};
use crate::model::waits::{News, WaitId, Waiter};
use crate::model::{Cx, Exec, FindState, ItemContext};
use crate::options::{opt, table};
use crate::syntax::args::Args;

use super::new_panes::{print_made, set_title, spawn_for};
use super::saved_wait::{self, WaitKind};
use super::{hooks, output, place};

/// The value of `-B` for a pane without border lines.
const NO_LINES: &str = "none";

/// Columns and rows between one floating pane and the next.
const FLOAT_STEP: (u32, u32) = (4, 2);

pub(crate) fn split_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    new(cx, item, args, false)
}

pub(crate) fn new_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    new(cx, item, args, !args.has('L'))
}

fn new(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, floating: bool) -> Exec {
    match create(cx, item, args, floating) {
        Ok(exec) => exec,
        Err(message) => output::error(cx, item, &message),
    }
}

/// Makes room for a pane in a window, as `-h -b -f -l -p` ask. The error is a message for users.
pub(crate) fn tiled_cell(
    cx: &mut Cx<'_>,
    item: &ItemContext,
    args: &Args,
    window: WindowId,
    pane: PaneId,
) -> Result<CellId, String> {
    if cx.server.is_floating(pane) {
        return Err("can't split a floating pane".to_owned());
    }
    let axis = if args.has('h') { Axis::LeftRight } else { Axis::TopBottom };
    let whole = if args.has('f') {
        cx.server.window(window).map(|w| w.size)
    } else {
        cx.server.pane(pane).map(|p| p.size)
    };
    let whole = whole.unwrap_or_default();
    let whole = i64::from(if axis == Axis::LeftRight { whole.cols } else { whole.rows });
    let size = if args.has('l') {
        Some(place::percentage(cx, item, args, 'l', (0, i64::from(i32::MAX), whole)))
    } else {
        args.get('p').map(|percent| {
            let percent = place::expand_target(cx, item, percent);
            parse_number(&percent, 0, 100).map(|percent| whole * percent / 100)
        })
    };
    let size = size.transpose().map_err(|_| "invalid tiled geometry".to_owned())?;
    cx.push_zoom(window, true, args.has('Z'));
    let place = SplitPlace { axis, size: size.map(|n| n as i32), before: args.has('b'), full: args.has('f') };
    cx.split_cell(pane, place).ok_or_else(|| "no space for a new pane".to_owned())
}

/// A coordinate of a floating pane if none was given: one step from the last pane's.
fn next_offset(last: &mut u32, step: u32, limit: u32) -> i32 {
    *last = if *last == 0 || *last > limit { step } else { *last + step };
    *last as i32
}

fn floating_cell(
    cx: &mut Cx<'_>,
    item: &ItemContext,
    args: &Args,
    window: WindowId,
) -> Result<CellId, String> {
    let gone = || "window is gone".to_owned();
    let w = cx.server.window(window).ok_or_else(gone)?;
    let (cols, rows) = (i64::from(w.size.cols), i64::from(w.size.rows));
    let given = |flag: char, limits: (i64, i64, i64)| {
        args.has(flag).then(|| place::percentage(cx, item, args, flag, limits)).transpose()
    };
    let width = given('x', (0, cols - 1, cols))?.unwrap_or(cols / 2);
    let height = given('y', (0, rows - 1, rows))?.unwrap_or(rows / 4);
    let x = given('X', (-width, cols, cols))?;
    let y = given('Y', (-height, rows, rows))?;
    let w = cx.server.windows.get_mut(&window).ok_or_else(gone)?;
    let size = w.size;
    // tmux: its main branch counts the border lines of a pane as part of its size; 3.7c, without `-B`,
    // does not.
    let frame = if args.get('B').is_some_and(|lines| lines != NO_LINES) { 1 } else { 0 };
    let inner = |flag: char, cells: i64| if args.has(flag) { cells - 2 * frame } else { cells };
    let (width, height) = (inner('x', width), inner('y', height));
    if args.has('B') && (width < 1 || height < 1) {
        return Err(format!("invalid {}", if width < 1 { "width" } else { "height" }));
    }
    let (x, y) = (x.map(|x| x + frame), y.map(|y| y + frame));
    let x = x.map_or_else(|| next_offset(&mut w.last_new_pane.0, FLOAT_STEP.0, size.cols), |x| x as i32);
    let y = y.map_or_else(|| next_offset(&mut w.last_new_pane.1, FLOAT_STEP.1, size.rows), |y| y as i32);
    cx.push_zoom(window, true, args.has('Z'));
    cx.floating_cell(window, Size::new(width as u32, height as u32), x, y).ok_or_else(gone)
}

fn create(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, floating: bool) -> Result<Exec, String> {
    let Some((session, index, window, pane)) = place::pane(&item.target) else { return Ok(Exec::Error) };
    let blank = args.count() == 1 && args.string(0).is_some_and(|s| s.is_empty());
    let empty = args.has('I') || blank || args.has('E');
    if empty && args.count() != 0 && !blank {
        return Err("command cannot be given for empty pane".to_owned());
    }
    if let Some(lines) = args.get('B').filter(|lines| !is_lines(lines)) {
        return Err(format!("pane-border-lines unknown value: {lines}"));
    }
    let cell = if floating {
        floating_cell(cx, item, args, window)
    } else {
        tiled_cell(cx, item, args, window, pane)
    };
    let cell = cell.map_err(|cause| match args.has('B') {
        true => cause,
        false => format!("size or position {cause}"),
    })?;
    let mut flags = SpawnFlags::empty();
    for (flag, on) in [
        (SpawnFlags::FLOATING, floating),
        (SpawnFlags::BEFORE, args.has('b')),
        (SpawnFlags::FULL_SIZE, args.has('f')),
        (SpawnFlags::EMPTY, empty),
        (SpawnFlags::DETACHED, args.has('d')),
        (SpawnFlags::ZOOM, args.has('Z')),
    ] {
        flags.set(flag, on);
    }
    let spawn = Spawn {
        window: Some(window),
        pane: Some(pane),
        cell: Some(cell),
        flags,
        argv: if empty { Vec::new() } else { args.to_vector() },
        ..spawn_for(cx, item, args, &item.target)
    };
    let new = cx.spawn_pane(spawn).map_err(|cause| format!("create pane failed: {cause}"))?;
    set_options(cx, args, new);
    if let Some(format) = args.get('T') {
        set_title(cx, item, new, format);
    }
    let input = args.has('I') && start_input(cx, item, new);
    if !args.has('d') {
        item.set_current(FindState::from_winlink_pane(cx.server, session, index, new));
    }
    if !floating {
        cx.pop_zoom(window);
        cx.server.redraw_window(window);
    }
    cx.server.redraw_session(session);
    finish(cx, item, args, (session, index), new);
    if !input && args.has('W') {
        cx.watch_pane(new, Box::new(UntilEnd(item.waiting()))).ok_or("too many waits")?;
        return Ok(Exec::Wait);
    }
    Ok(if input { Exec::Wait } else { Exec::Normal })
}

/// `-W`: waits for the end of the pane's program, and exits with its status.
#[derive(Serialize, Deserialize)]
pub(super) struct UntilEnd(ItemContext);

impl Waiter for UntilEnd {
    fn hear(&mut self, cx: &mut Cx<'_>, _: WaitId, news: &News<'_>) -> Keep {
        let status = match *news {
            News::Exited(ExitStatus::Exited(status)) => status,
            News::Exited(ExitStatus::Signaled(signal)) => signal + 128,
            News::Gone => 0,
            News::Printed { .. } | News::Mark(..) | News::Free | News::Late(_) => return Keep::On,
        };
        let client = self.0.client.and_then(|id| cx.server.clients.get_mut(&id));
        if let Some(client) = client.filter(|client| client.session.is_none()) {
            client.exit_status = status;
        }
        cx.server.queues.resume(self.0.id);
        Keep::Ended
    }

    fn save(&self) -> String {
        saved_wait::write(WaitKind::End, self)
    }
}

/// True for a value of `pane-border-lines`, in tmux 3.7c or its main branch.
fn is_lines(text: &str) -> bool {
    let known = table::find("pane-border-lines").is_some_and(|entry| entry.choices().contains(&text));
    known || text == NO_LINES
}

fn finish(
    cx: &mut Cx<'_>,
    item: &ItemContext,
    args: &Args,
    (session, index): (SessionId, i32),
    pane: PaneId,
) {
    let state = FindState::from_winlink_pane(cx.server, session, index, pane);
    print_made(cx, item, args, &state);
    hooks::insert(cx, item, Some(state), "after-split-window");
}

/// Sets a style option of a pane.
///
/// tmux: text that is not a style is stored, and drawn as the default style.
fn set_style(cx: &mut Cx<'_>, pane: PaneId, option: &str, style: &str) {
    if let Some(level) = cx.server.level_mut(OptionScope::Pane(pane)) {
        level.set_string(option, style);
    }
}

/// Sets the style of a pane's background and text.
pub(crate) fn set_window_style(cx: &mut Cx<'_>, pane: PaneId, style: &str) {
    set_style(cx, pane, "window-style", style);
    set_style(cx, pane, "window-active-style", style);
    if let Some(p) = cx.server.panes.get_mut(&pane) {
        p.mark_style(PaneFlags::REDRAW | PaneFlags::THEME_CHANGED);
        let window = p.window;
        cx.server.redraw_window_panes(window);
    }
}

fn set_options(cx: &mut Cx<'_>, args: &Args, pane: PaneId) {
    let scope = OptionScope::Pane(pane);
    if let Some(style) = args.get('s') {
        set_window_style(cx, pane, style);
    }
    for (flag, option) in [('S', "pane-active-border-style"), ('R', "pane-border-style")] {
        if let Some(style) = args.get(flag) {
            set_style(cx, pane, option, style);
        }
    }
    if let Some(lines) = args.get('B') {
        match lines == NO_LINES {
            true => set_style(cx, pane, "pane-border-lines", lines),
            false => cx.server.set_option(scope, opt::PANE_BORDER_LINES, lines),
        }
    }
    if args.has('k') || args.has('m') {
        cx.server.set_option(scope, opt::REMAIN_ON_EXIT, "key");
        if let Some(format) = args.get('m') {
            cx.server.set_option(scope, opt::REMAIN_ON_EXIT_FORMAT, format);
        }
    }
}

/// Sends the client's standard input to an empty pane. Returns true if the command has to wait.
fn start_input(cx: &mut Cx<'_>, item: &ItemContext, pane: PaneId) -> bool {
    let Some(client) = item.client.and_then(|id| cx.server.client(id)) else { return false };
    if client.session.is_some()
        || client.flags.intersects(crate::model::ClientFlags::DEAD | crate::model::ClientFlags::EXITED)
    {
        return false;
    }
    let (client, waiting) = (client.id, item.id);
    cx.host.read_file(
        Some(client),
        "-",
        Box::new(move |cx, result| {
            match cx.server.pane(pane) {
                Some(_) => {
                    crate::model::timeouts::feed(cx, pane, &result.unwrap_or_default());
                    cx.server.mark_pane_changed(pane);
                }
                None => {
                    if let Some(c) = cx.server.clients.get_mut(&client) {
                        c.exit_status = 1;
                        c.flags |= crate::model::ClientFlags::EXIT;
                    }
                }
            }
            cx.server.queues.resume(waiting);
        }),
    );
    true
}
