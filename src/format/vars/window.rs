//! Variables about a window and its place in a session.

use super::row::{Table, flag, list, text};
use super::session::{clients, session_name};
use crate::format::objects::Objects;
use crate::format::value::Value;
use crate::model::session::WinlinkFlags;
use crate::model::window::WindowFlags;
use crate::model::{Client, Server, Session, Window};

pub(super) const TABLE: Table = &[
    ("window_active", |objects| {
        let (session, index, _) = objects.winlink()?;
        flag(session.current == index)
    }),
    ("window_active_clients", |objects| text(showing(objects)?.count())),
    ("window_active_clients_list", |objects| list(showing(objects)?.map(|c| c.name.clone()))),
    ("window_active_sessions", |objects| text(current_in(objects)?.count())),
    ("window_active_sessions_list", |objects| list(current_in(objects)?.map(|s| s.name.clone()))),
    ("window_activity", |objects| Some(Value::Time(objects.window()?.activity.secs()))),
    ("window_activity_flag", |objects| link_flag(objects, WinlinkFlags::ACTIVITY)),
    ("window_bell_flag", |objects| link_flag(objects, WinlinkFlags::BELL)),
    ("window_bigger", |objects| flag(objects.the_client()?.view.3)),
    ("window_cell_height", |objects| text(objects.window()?.cell_pixels.1)),
    ("window_cell_width", |objects| text(objects.window()?.cell_pixels.0)),
    ("window_end_flag", |objects| {
        let (session, index, _) = objects.winlink()?;
        flag(session.winlinks.keys().next_back() == Some(&index))
    }),
    ("window_flags", |objects| text(flags(objects, true)?)),
    ("window_height", |objects| text(objects.window()?.size.rows)),
    ("window_id", |objects| text(objects.window()?.id)),
    ("window_index", |objects| text(objects.winlink()?.1)),
    ("window_last_flag", |objects| {
        let (session, index, _) = objects.winlink()?;
        flag(session.last.first() == Some(&index))
    }),
    ("window_layout", |objects| {
        let window = objects.window()?;
        text(window.saved_layout.as_ref().unwrap_or(&window.layout).print(&window.z_order, &window.layout)?)
    }),
    ("window_linked", |objects| flag(links(objects)?.len() > 1)),
    ("window_linked_sessions", |objects| text(linked_sessions(objects)?)),
    ("window_linked_sessions_list", |objects| {
        list(links(objects)?.iter().filter_map(|&(session, _)| session_name(objects, session)))
    }),
    ("window_marked_flag", |objects| {
        let (session, index, _) = objects.winlink()?;
        flag(is_marked(objects.server(), session, index))
    }),
    ("window_name", |objects| text(&objects.window()?.name)),
    ("window_offset_x", |objects| text(offset(objects)?.0)),
    ("window_offset_y", |objects| text(offset(objects)?.1)),
    ("window_panes", |objects| text(objects.window()?.panes.len())),
    ("window_raw_flags", |objects| text(flags(objects, false)?)),
    ("window_silence_flag", |objects| link_flag(objects, WinlinkFlags::SILENCE)),
    ("window_stack_index", |objects| {
        let (session, index, _) = objects.winlink()?;
        text(session.last.iter().position(|&other| other == index).map_or(0, |at| at + 1))
    }),
    ("window_start_flag", |objects| {
        let (session, index, _) = objects.winlink()?;
        flag(session.winlinks.keys().next() == Some(&index))
    }),
    ("window_visible_layout", |objects| {
        let window = objects.window()?;
        text(window.layout.print(&window.z_order, &window.layout)?)
    }),
    ("window_width", |objects| text(objects.window()?.size.cols)),
    ("window_zoomed_flag", |objects| flag(objects.window()?.flags.contains(WindowFlags::ZOOMED))),
];

/// The window of the winlink.
fn linked<'a>(objects: &Objects<'a>) -> Option<&'a Window> {
    objects.server().window(objects.winlink()?.2.window)
}

fn links<'a>(objects: &Objects<'a>) -> Option<&'a [(crate::base::SessionId, i32)]> {
    Some(&linked(objects)?.winlinks)
}

fn link_flag(objects: &Objects<'_>, wanted: WinlinkFlags) -> Option<Value> {
    flag(objects.winlink()?.2.flags.contains(wanted))
}

/// Clients that show the window.
fn showing<'a>(objects: &Objects<'a>) -> Option<impl Iterator<Item = &'a Client> + use<'a>> {
    let (id, server) = (linked(objects)?.id, objects.server());
    Some(clients(objects).filter(move |c| c.session.and_then(|s| server.current_window(s)) == Some(id)))
}

/// Sessions that have a winlink of the window as their current one.
fn current_in<'a>(objects: &Objects<'a>) -> Option<impl Iterator<Item = &'a Session> + use<'a>> {
    let (links, server) = (links(objects)?, objects.server());
    let current = |&(id, index): &(_, i32)| server.session(id).filter(|s| s.current == index);
    Some(links.iter().filter_map(current).collect::<Vec<_>>().into_iter())
}

/// Count of the sessions that show the window; a group counts once, by its first session.
fn linked_sessions(objects: &Objects<'_>) -> Option<usize> {
    let window = linked(objects)?.id;
    let server = objects.server();
    let shows = |session: &Session| session.winlinks.values().any(|link| link.window == window);
    let firsts = server.groups.values().filter_map(|group| server.session(*group.sessions.first()?));
    let alone = server.sessions.values().filter(|session| session.group.is_none());
    Some(firsts.filter(|session| shows(session)).count() + alone.filter(|session| shows(session)).count())
}

/// The client's offset in a window that is larger than it.
fn offset(objects: &Objects<'_>) -> Option<(u32, u32)> {
    let (x, y, _, bigger) = objects.the_client()?.view;
    bigger.then_some((x, y))
}

fn is_marked(server: &Server, session: &Session, index: i32) -> bool {
    server.valid_mark().is_some_and(|marked| marked.link == (session.id, index))
}

fn flags(objects: &Objects<'_>, escape: bool) -> Option<String> {
    let (session, index, _) = objects.winlink()?;
    Some(objects.server().window_flags_text(session.id, index, escape))
}
