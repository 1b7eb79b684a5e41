//! Variables about a window and its place in a session.

use super::session::{clients, session_name};
use super::{Table, Value, flag, list, text};
use crate::format::scope::Scope;
use crate::model::session::WinlinkFlags;
use crate::model::window::WindowFlags;
use crate::model::{Client, Server, Session, Window};

pub(super) const TABLE: Table = &[
    ("window_active", |scope| {
        let (session, index, _) = scope.winlink()?;
        flag(session.current == index)
    }),
    ("window_active_clients", |scope| text(showing(scope)?.count())),
    ("window_active_clients_list", |scope| list(showing(scope)?.map(|c| c.name.clone()))),
    ("window_active_sessions", |scope| text(current_in(scope)?.count())),
    ("window_active_sessions_list", |scope| list(current_in(scope)?.map(|s| s.name.clone()))),
    ("window_activity", |scope| Some(Value::Time(scope.window()?.activity.secs()))),
    ("window_activity_flag", |scope| link_flag(scope, WinlinkFlags::ACTIVITY)),
    ("window_bell_flag", |scope| link_flag(scope, WinlinkFlags::BELL)),
    ("window_bigger", |scope| flag(scope.the_client()?.view.3)),
    ("window_cell_height", |scope| text(scope.window()?.cell_pixels.1)),
    ("window_cell_width", |scope| text(scope.window()?.cell_pixels.0)),
    ("window_end_flag", |scope| {
        let (session, index, _) = scope.winlink()?;
        flag(session.winlinks.keys().next_back() == Some(&index))
    }),
    ("window_flags", |scope| text(flags(scope, true)?)),
    ("window_height", |scope| text(scope.window()?.size.rows)),
    ("window_id", |scope| text(scope.window()?.id)),
    ("window_index", |scope| text(scope.winlink()?.1)),
    ("window_last_flag", |scope| {
        let (session, index, _) = scope.winlink()?;
        flag(session.last.first() == Some(&index))
    }),
    ("window_layout", |scope| {
        let window = scope.window()?;
        text(window.saved_layout.as_ref().unwrap_or(&window.layout).print(&window.z_order, &window.layout)?)
    }),
    ("window_linked", |scope| flag(links(scope)?.len() > 1)),
    ("window_linked_sessions", |scope| text(linked_sessions(scope)?)),
    ("window_linked_sessions_list", |scope| {
        list(links(scope)?.iter().filter_map(|&(session, _)| session_name(scope, session)))
    }),
    ("window_marked_flag", |scope| {
        let (session, index, _) = scope.winlink()?;
        flag(is_marked(scope.server(), session, index))
    }),
    ("window_name", |scope| text(&scope.window()?.name)),
    ("window_offset_x", |scope| text(offset(scope)?.0)),
    ("window_offset_y", |scope| text(offset(scope)?.1)),
    ("window_panes", |scope| text(scope.window()?.panes.len())),
    ("window_raw_flags", |scope| text(flags(scope, false)?)),
    ("window_silence_flag", |scope| link_flag(scope, WinlinkFlags::SILENCE)),
    ("window_stack_index", |scope| {
        let (session, index, _) = scope.winlink()?;
        text(session.last.iter().position(|&other| other == index).map_or(0, |at| at + 1))
    }),
    ("window_start_flag", |scope| {
        let (session, index, _) = scope.winlink()?;
        flag(session.winlinks.keys().next() == Some(&index))
    }),
    ("window_visible_layout", |scope| {
        let window = scope.window()?;
        text(window.layout.print(&window.z_order, &window.layout)?)
    }),
    ("window_width", |scope| text(scope.window()?.size.cols)),
    ("window_zoomed_flag", |scope| flag(scope.window()?.flags.contains(WindowFlags::ZOOMED))),
];

/// The window of the winlink.
fn linked<'a>(scope: &Scope<'a>) -> Option<&'a Window> {
    scope.server().window(scope.winlink()?.2.window)
}

fn links<'a>(scope: &Scope<'a>) -> Option<&'a [(crate::base::SessionId, i32)]> {
    Some(&linked(scope)?.winlinks)
}

fn link_flag(scope: &Scope<'_>, wanted: WinlinkFlags) -> Option<Value> {
    flag(scope.winlink()?.2.flags.contains(wanted))
}

/// Clients that show the window.
fn showing<'a>(scope: &Scope<'a>) -> Option<impl Iterator<Item = &'a Client> + use<'a>> {
    let (id, server) = (linked(scope)?.id, scope.server());
    Some(clients(scope).filter(move |c| c.session.and_then(|s| server.current_window(s)) == Some(id)))
}

/// Sessions that have a winlink of the window as their current one.
fn current_in<'a>(scope: &Scope<'a>) -> Option<impl Iterator<Item = &'a Session> + use<'a>> {
    let (links, server) = (links(scope)?, scope.server());
    let current = |&(id, index): &(_, i32)| server.session(id).filter(|s| s.current == index);
    Some(links.iter().filter_map(current).collect::<Vec<_>>().into_iter())
}

/// Count of the sessions that show the window; a group counts once, by its first session.
fn linked_sessions(scope: &Scope<'_>) -> Option<usize> {
    let window = linked(scope)?.id;
    let server = scope.server();
    let shows = |session: &Session| session.winlinks.values().any(|link| link.window == window);
    let firsts = server.groups.values().filter_map(|group| server.session(*group.sessions.first()?));
    let alone = server.sessions.values().filter(|session| session.group.is_none());
    Some(firsts.filter(|session| shows(session)).count() + alone.filter(|session| shows(session)).count())
}

/// The client's offset in a window that is larger than it.
fn offset(scope: &Scope<'_>) -> Option<(u32, u32)> {
    let (x, y, _, bigger) = scope.the_client()?.view;
    bigger.then_some((x, y))
}

fn is_marked(server: &Server, session: &Session, index: i32) -> bool {
    server.valid_mark().is_some_and(|marked| marked.link == (session.id, index))
}

fn flags(scope: &Scope<'_>, escape: bool) -> Option<String> {
    let (session, index, _) = scope.winlink()?;
    Some(scope.server().window_flags_text(session.id, index, escape))
}
