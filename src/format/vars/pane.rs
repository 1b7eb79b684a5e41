//! Variables about a pane: its place, its process, its state.

use super::row::{Table, flag, text};
use super::screen;
use crate::base::Colour;
use crate::format::objects::Objects;
use crate::format::value::Value;
use crate::model::host::ExitStatus;
use crate::model::names::{command_line, window_name_from_command};
use crate::model::pane::PaneFlags;
use crate::model::{Pane, Server, Window};
use crate::options::key::of;
use crate::options::{OptionKey, opt};

pub(super) const TABLE: Table = &[
    ("pane_active", |objects| flag(window_of(objects)?.active == objects.pane()?.id)),
    ("pane_at_bottom", |objects| {
        let (pane, window) = (objects.pane()?, window_of(objects)?);
        let edge = window.size.rows as i32 - i32::from(border_status(objects) == "bottom");
        flag(pane.y + pane.size.rows as i32 == edge)
    }),
    ("pane_at_left", |objects| flag(objects.pane()?.x == 0)),
    ("pane_at_right", |objects| {
        let (pane, window) = (objects.pane()?, window_of(objects)?);
        flag(pane.x + pane.size.cols as i32 == window.size.cols as i32)
    }),
    ("pane_at_top", |objects| flag(objects.pane()?.y == i32::from(border_status(objects) == "top"))),
    ("pane_bg", |objects| text(default_colours(objects)?.1)),
    ("pane_bottom", |objects| text(objects.pane()?.y + objects.pane()?.size.rows as i32 - 1)),
    ("pane_current_command", current_command),
    ("pane_current_path", |objects| text(objects.host().pane_cwd(objects.pane()?.id)?)),
    ("pane_dead", |objects| flag(is_dead(objects.pane()?))),
    ("pane_dead_signal", |objects| match objects.pane()?.status? {
        ExitStatus::Signaled(signal) => text(signal),
        ExitStatus::Exited(_) => None,
    }),
    ("pane_dead_status", |objects| match objects.pane()?.status? {
        ExitStatus::Exited(code) => text(code),
        ExitStatus::Signaled(_) => None,
    }),
    ("pane_dead_time", |objects| {
        let pane = objects.pane()?;
        let drawn = pane.flags.contains(PaneFlags::STATUS_DRAWN);
        drawn.then_some(Value::Time(pane.dead_time.secs()))
    }),
    ("pane_fg", |objects| text(default_colours(objects)?.0)),
    ("pane_flags", |objects| text(objects.server().pane_flags_text(objects.pane()?.id))),
    ("pane_floating_flag", |objects| flag(is_floating(objects.server(), objects.pane()?))),
    ("pane_height", |objects| text(objects.pane()?.size.rows)),
    ("pane_id", |objects| text(objects.pane()?.id)),
    ("pane_in_mode", |objects| text(objects.pane()?.modes.len())),
    ("pane_index", |objects| text(objects.server().pane_index(objects.pane()?.id)?)),
    ("pane_input_off", |objects| has(objects, PaneFlags::INPUT_OFF)),
    ("pane_last", |objects| {
        let pane = objects.pane()?;
        flag(window_of(objects)?.last_panes.first() == Some(&pane.id))
    }),
    ("pane_left", |objects| text(objects.pane()?.x)),
    ("pane_marked", |objects| {
        let pane = objects.pane()?;
        flag(objects.server().valid_mark().is_some_and(|marked| marked.pane == pane.id))
    }),
    ("pane_marked_set", |objects| {
        objects.pane()?;
        flag(objects.server().valid_mark().is_some())
    }),
    ("pane_mode", |objects| text(objects.pane()?.modes.first()?.mode.name())),
    ("pane_pid", |objects| text(objects.pane()?.pid.unwrap_or(0))),
    ("pane_pipe", |objects| flag(objects.pane()?.pipe.is_some())),
    ("pane_pipe_pid", |objects| text(objects.host().job_pid(objects.pane()?.pipe?)?)),
    ("pane_right", |objects| text(objects.pane()?.x + objects.pane()?.size.cols as i32 - 1)),
    ("pane_search_string", |objects| {
        text(objects.pane()?.search.as_ref().map_or("", |(text, _)| text.as_str()))
    }),
    ("pane_start_command", |objects| text(command_line(&objects.pane()?.argv))),
    ("pane_start_path", |objects| text(&objects.pane()?.cwd)),
    ("pane_synchronized", |objects| flag(objects.pane_options()?.get(opt::SYNCHRONIZE_PANES))),
    ("pane_top", |objects| text(objects.pane()?.y)),
    ("pane_tty", |objects| text(&objects.pane()?.tty)),
    ("pane_unseen_changes", |objects| has(objects, PaneFlags::UNSEEN_CHANGES)),
    ("pane_width", |objects| text(objects.pane()?.size.cols)),
    ("pane_x", |objects| text(objects.pane()?.x)),
    ("pane_y", |objects| text(objects.pane()?.y)),
    ("pane_z", |objects| text(z_index(objects.server(), objects.pane()?)?)),
    ("pane_zoomed_flag", |objects| has(objects, PaneFlags::ZOOMED)),
];

/// The window that the pane is in.
fn window_of<'a>(objects: &Objects<'a>) -> Option<&'a Window> {
    objects.server().window(objects.pane()?.window)
}

fn has(objects: &Objects<'_>, flags: PaneFlags) -> Option<Value> {
    flag(objects.pane()?.flags.contains(flags))
}

fn border_status(objects: &Objects<'_>) -> &'static str {
    objects.pane_window_options().map_or("", |options| options.get(opt::PANE_BORDER_STATUS))
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

fn current_command(objects: &Objects<'_>) -> Option<Value> {
    let pane = objects.pane()?;
    if pane.shell.is_empty() {
        return None;
    }
    // tmux: directly after the start no program is in the foreground yet, and the given command line is
    // used.
    let starting = objects.server().starting_panes.contains(&pane.id);
    let running = Some(pane.id).filter(|_| !starting).and_then(|id| objects.host().pane_command(id));
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
fn default_colours(objects: &Objects<'_>) -> Option<(Colour, Colour)> {
    let pane = objects.pane()?;
    let options = objects.pane_options()?;
    let inner = Objects::new(objects.server(), objects.host(), objects.now()).no_jobs().with_pane(pane.id);
    let colours = |option: OptionKey<of::string>| {
        let mut cell = screen::own_style(pane);
        crate::format::style::add(&mut cell, &inner, options.get(option));
        (cell.fg, cell.bg)
    };
    let (mut fg, mut bg) = colours(opt::WINDOW_STYLE);
    if window_of(objects)?.active == pane.id {
        let active = colours(opt::WINDOW_ACTIVE_STYLE);
        fg = if active.0 == Colour::Default { fg } else { active.0 };
        bg = if active.1 == Colour::Default { bg } else { active.1 };
    }
    Some((fg, bg))
}
