//! Variables about a pane: its place, its process, its state.

use super::{Table, Value, flag, screen, text};
use crate::base::Colour;
use crate::format::scope::Scope;
use crate::model::host::ExitStatus;
use crate::model::names::{command_line, window_name_from_command};
use crate::model::pane::PaneFlags;
use crate::model::{Pane, Server, Window};
use crate::options::key::of;
use crate::options::{OptionKey, opt};

pub(super) const TABLE: Table = &[
    ("pane_active", |scope| flag(scope_window(scope)?.active == scope.pane()?.id)),
    ("pane_at_bottom", |scope| {
        let (pane, window) = (scope.pane()?, scope_window(scope)?);
        let edge = window.size.rows as i32 - i32::from(border_status(scope) == "bottom");
        flag(pane.y + pane.size.rows as i32 == edge)
    }),
    ("pane_at_left", |scope| flag(scope.pane()?.x == 0)),
    ("pane_at_right", |scope| {
        let (pane, window) = (scope.pane()?, scope_window(scope)?);
        flag(pane.x + pane.size.cols as i32 == window.size.cols as i32)
    }),
    ("pane_at_top", |scope| flag(scope.pane()?.y == i32::from(border_status(scope) == "top"))),
    ("pane_bg", |scope| text(default_colours(scope)?.1)),
    ("pane_bottom", |scope| text(scope.pane()?.y + scope.pane()?.size.rows as i32 - 1)),
    ("pane_current_command", current_command),
    ("pane_current_path", |scope| text(scope.host().pane_cwd(scope.pane()?.id)?)),
    ("pane_dead", |scope| flag(is_dead(scope.pane()?))),
    ("pane_dead_signal", |scope| match scope.pane()?.status? {
        ExitStatus::Signaled(signal) => text(signal),
        ExitStatus::Exited(_) => None,
    }),
    ("pane_dead_status", |scope| match scope.pane()?.status? {
        ExitStatus::Exited(code) => text(code),
        ExitStatus::Signaled(_) => None,
    }),
    ("pane_dead_time", |scope| {
        let pane = scope.pane()?;
        let drawn = pane.flags.contains(PaneFlags::STATUS_DRAWN);
        drawn.then_some(Value::Time(pane.dead_time.secs()))
    }),
    ("pane_fg", |scope| text(default_colours(scope)?.0)),
    ("pane_flags", |scope| text(scope.server().pane_flags_text(scope.pane()?.id))),
    ("pane_floating_flag", |scope| flag(is_floating(scope.server(), scope.pane()?))),
    ("pane_height", |scope| text(scope.pane()?.size.rows)),
    ("pane_id", |scope| text(scope.pane()?.id)),
    ("pane_in_mode", |scope| text(scope.pane()?.modes.len())),
    ("pane_index", |scope| text(scope.server().pane_index(scope.pane()?.id)?)),
    ("pane_input_off", |scope| has(scope, PaneFlags::INPUT_OFF)),
    ("pane_last", |scope| {
        let pane = scope.pane()?;
        flag(scope_window(scope)?.last_panes.first() == Some(&pane.id))
    }),
    ("pane_left", |scope| text(scope.pane()?.x)),
    ("pane_marked", |scope| {
        let pane = scope.pane()?;
        flag(scope.server().valid_mark().is_some_and(|marked| marked.pane == pane.id))
    }),
    ("pane_marked_set", |scope| {
        scope.pane()?;
        flag(scope.server().valid_mark().is_some())
    }),
    ("pane_mode", |scope| text(scope.pane()?.modes.first()?.mode.name())),
    ("pane_pid", |scope| text(scope.pane()?.pid.unwrap_or(0))),
    ("pane_pipe", |scope| flag(scope.pane()?.pipe.is_some())),
    ("pane_pipe_pid", |scope| text(scope.host().job_pid(scope.pane()?.pipe?)?)),
    ("pane_right", |scope| text(scope.pane()?.x + scope.pane()?.size.cols as i32 - 1)),
    ("pane_search_string", |scope| text(scope.pane()?.search.as_ref().map_or("", |(text, _)| text.as_str()))),
    ("pane_start_command", |scope| text(command_line(&scope.pane()?.argv))),
    ("pane_start_path", |scope| text(&scope.pane()?.cwd)),
    ("pane_synchronized", |scope| flag(scope.pane_options()?.get(opt::SYNCHRONIZE_PANES))),
    ("pane_top", |scope| text(scope.pane()?.y)),
    ("pane_tty", |scope| text(&scope.pane()?.tty)),
    ("pane_unseen_changes", |scope| has(scope, PaneFlags::UNSEEN_CHANGES)),
    ("pane_width", |scope| text(scope.pane()?.size.cols)),
    ("pane_x", |scope| text(scope.pane()?.x)),
    ("pane_y", |scope| text(scope.pane()?.y)),
    ("pane_z", |scope| text(z_index(scope.server(), scope.pane()?)?)),
    ("pane_zoomed_flag", |scope| has(scope, PaneFlags::ZOOMED)),
];

/// The window that the pane is in.
fn scope_window<'a>(scope: &Scope<'a>) -> Option<&'a Window> {
    scope.server().window(scope.pane()?.window)
}

fn has(scope: &Scope<'_>, flags: PaneFlags) -> Option<Value> {
    flag(scope.pane()?.flags.contains(flags))
}

fn border_status(scope: &Scope<'_>) -> &'static str {
    scope.pane_window_options().map_or("", |options| options.get(opt::PANE_BORDER_STATUS))
}

/// True if its process has ended and its terminal was closed.
pub(super) fn is_dead(pane: &Pane) -> bool {
    pane.flags.contains(PaneFlags::EXITED | PaneFlags::STATUS_READY)
}

pub(in crate::format) fn is_floating(server: &Server, pane: &Pane) -> bool {
    server.window(pane.window).is_some_and(|window| window.layout.is_floating(pane.id))
}

/// Place in the stack: floating panes count from 0 at the top, all tiled panes are below.
pub(in crate::format) fn z_index(server: &Server, pane: &Pane) -> Option<usize> {
    let window = server.window(pane.window)?;
    let at = window.z_order.iter().position(|&id| id == pane.id)?;
    let above = window.z_order[..at].iter().filter(|&&id| window.layout.is_floating(id)).count();
    Some(above + usize::from(!window.layout.is_floating(pane.id)))
}

fn current_command(scope: &Scope<'_>) -> Option<Value> {
    let pane = scope.pane()?;
    if pane.shell.is_empty() {
        return None;
    }
    // tmux: directly after the start no program is in the foreground yet, and the given command line is
    // used.
    let starting = scope.server().starting_panes.contains(&pane.id);
    let running = Some(pane.id).filter(|_| !starting).and_then(|id| scope.host().pane_command(id));
    let mut command = running.unwrap_or_default();
    if command.is_empty() {
        command = command_line(&pane.argv);
    }
    if command.is_empty() {
        command.clone_from(&pane.shell);
    }
    text(window_name_from_command(&command))
}

/// Foreground and background of the pane's window style, with the colours of its terminal as default.
fn default_colours(scope: &Scope<'_>) -> Option<(Colour, Colour)> {
    let pane = scope.pane()?;
    let options = scope.pane_options()?;
    let inner = Scope::new(scope.server(), scope.host(), scope.now()).no_jobs().with_pane(pane.id);
    let colours = |option: OptionKey<of::string>| {
        let mut cell = screen::own_style(pane);
        crate::format::style::add(&mut cell, &inner, options.get(option));
        (cell.fg, cell.bg)
    };
    let (mut fg, mut bg) = colours(opt::WINDOW_STYLE);
    if scope_window(scope)?.active == pane.id {
        let active = colours(opt::WINDOW_ACTIVE_STYLE);
        fg = if active.0 == Colour::Default { fg } else { active.0 };
        bg = if active.1 == Colour::Default { bg } else { active.1 };
    }
    Some((fg, bg))
}
