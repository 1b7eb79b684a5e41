//! Variables about the mouse event that ran a command.

use super::row::{Table, text};
use super::{client, screen};
use crate::format::objects::Objects;
use crate::format::value::Value;
use crate::model::client::RangeKind;
use crate::model::mode::TextAt;
use crate::model::{Client, Pane};
use crate::options::{Chain, opt};

pub(super) const TABLE: Table = &[
    ("mouse_hyperlink", |objects| {
        let (pane, x, y) = cell(objects)?;
        if !pane.modes.is_empty() {
            return text(mode_text(pane, TextAt::Hyperlink, x, y)?);
        }
        text(screen::hyperlink_at(pane, x, y)?)
    }),
    ("mouse_line", |objects| {
        let (pane, x, y) = cell(objects)?;
        if !pane.modes.is_empty() {
            return text(mode_text(pane, TextAt::Line, x, y)?);
        }
        text(screen::line_at(pane, y)?)
    }),
    ("mouse_pane", |objects| text(under(objects)?.id)),
    ("mouse_status_line", |objects| text(status_cell(objects)?.2)),
    ("mouse_status_range", status_range),
    ("mouse_word", |objects| {
        let (pane, x, y) = cell(objects)?;
        if !pane.modes.is_empty() {
            return text(mode_text(pane, TextAt::Word, x, y)?);
        }
        let options = Chain::new(&[&objects.server().options.session]);
        text(screen::word_at(pane, x, y, options.get(opt::WORD_SEPARATORS))?)
    }),
    ("mouse_x", |objects| match cell(objects) {
        Some((_, x, _)) => text(x),
        None => text(status_cell(objects)?.1),
    }),
    ("mouse_y", |objects| match cell(objects) {
        Some((_, _, y)) => text(y),
        None => text(status_cell(objects)?.2),
    }),
];

/// The pane hit, or the active pane of the window hit.
fn under<'a>(objects: &Objects<'a>) -> Option<&'a Pane> {
    let (mouse, server) = (objects.mouse_event()?, objects.server());
    let session = server.session(mouse.session?)?;
    let window = match mouse.window {
        Some(id) => session.winlinks.values().find(|link| link.window == id)?.window,
        None => server.current_window(session.id)?,
    };
    let window = server.window(window)?;
    let pane = mouse.pane.unwrap_or(window.active);
    server.pane(pane).filter(|pane| window.panes.contains(&pane.id))
}

/// The pane hit and the cell in it.
fn cell<'a>(objects: &Objects<'a>) -> Option<(&'a Pane, u32, u32)> {
    let mouse = objects.mouse_event()?;
    let pane = under(objects)?;
    let mut y = mouse.y + mouse.oy;
    if mouse.status_at == Some(0) && y >= mouse.status_lines {
        y -= mouse.status_lines;
    }
    let x = i32::try_from(mouse.x + mouse.ox).ok()? - pane.x;
    let y = i32::try_from(y).ok()? - pane.y;
    let inside = x >= 0 && y >= 0 && x < pane.size.cols as i32 && y < pane.size.rows as i32;
    inside.then_some((pane, x as u32, y as u32))
}

/// The client, and the column and line of its status line that were hit.
fn status_cell<'a>(objects: &Objects<'a>) -> Option<(&'a Client, u32, u32)> {
    let mouse = objects.mouse_event()?;
    let client = objects.the_client().filter(|c| client::is_started(c))?;
    match mouse.status_at? {
        0 if mouse.y < mouse.status_lines => Some((client, mouse.x, mouse.y)),
        0 => None,
        at if mouse.y >= at => Some((client, mouse.x, mouse.y - at)),
        _ => None,
    }
}

fn status_range(objects: &Objects<'_>) -> Option<Value> {
    let (client, x, y) = status_cell(objects)?;
    let ranges = client.status_ranges.get(y as usize)?;
    let range = ranges.iter().find(|range| (range.start..range.end).contains(&x))?;
    match &range.kind {
        RangeKind::Left => text("left"),
        RangeKind::Right => text("right"),
        RangeKind::Pane(_) => text("pane"),
        RangeKind::Window(_) => text("window"),
        RangeKind::Session(_) => text("session"),
        RangeKind::User(name) => text(name),
        RangeKind::Control(_) => text("control"),
    }
}

/// The text that a mode which covers the pane shows at a cell, if the mode supports that.
fn mode_text(pane: &Pane, what: TextAt, x: u32, y: u32) -> Option<String> {
    pane.modes.first()?.mode.text_at(what, x, y)
}
