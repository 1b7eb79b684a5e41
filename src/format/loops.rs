//! The turns of loops: `#{S:…}` over sessions, `#{W:…}` over windows, `#{P:…}` over panes, `#{L:…}` over
//! clients.

use crate::base::{ClientId, PaneId, SessionId, WindowId};
use crate::model::{Server, Session, Window};
use crate::syntax::format::Over;

use super::objects::{JobTag, Objects};
use super::sort::{self, Sort};

/// The lists that the loops of one expansion walk. tmux: has one list of each kind, so a loop inside
/// another of its kind sorts the outer loop's list again.
#[derive(Default)]
pub(super) struct Lists {
    sessions: Vec<SessionId>,
    /// Session and index.
    winlinks: Vec<(SessionId, i32)>,
    panes: Vec<PaneId>,
    clients: Vec<ClientId>,
}

/// Overwrites the start of a list by another one; further entries stay. Returns the number of new entries.
fn overlay<T: Copy>(list: &mut Vec<T>, new: &[T]) -> usize {
    list.splice(..new.len().min(list.len()), new.iter().copied());
    new.len()
}

/// A loop, and what it walks.
pub(super) struct Loop<'s, 'a> {
    objects: &'s Objects<'a>,
    kind: Kind<'a>,
    /// Number of turns.
    pub count: usize,
}

enum Kind<'a> {
    Sessions,
    Windows(&'a Session),
    Panes(&'a Window),
    Clients,
}

/// One turn of a loop.
pub(super) struct Turn<'a> {
    pub objects: Objects<'a>,
    /// The turn is for the current session, window or pane.
    pub is_current: bool,
    pub entry: Entry,
}

/// What a turn is for.
pub(super) enum Entry {
    Session(SessionId),
    Window(i32, WindowId),
    Pane(PaneId),
    Client(ClientId),
}

impl Entry {
    /// Explains the turn.
    pub(super) fn describe(&self, server: &Server) -> String {
        match self {
            Self::Session(id) => format!("session loop: {id}"),
            Self::Window(index, id) => format!("window loop: {index} {id}"),
            Self::Pane(id) => format!("pane loop: {id}"),
            Self::Client(id) => {
                format!("client loop: {}", server.client(*id).map_or("", |client| &client.name))
            }
        }
    }
}

impl<'s, 'a> Loop<'s, 'a> {
    /// Sorts what the loop walks. The error explains why there is nothing to walk.
    pub(super) fn new(
        objects: &'s Objects<'a>,
        over: Over,
        sort: Sort,
        lists: &mut Lists,
    ) -> Result<Self, &'static str> {
        let server = objects.server();
        let (kind, count) = match over {
            Over::Sessions => (Kind::Sessions, overlay(&mut lists.sessions, &sort::sessions(server, sort))),
            Over::Windows => {
                let session = objects.session().ok_or("window loop but no session")?;
                let indexes = sort::winlinks_of(server, session, sort);
                let all: Vec<_> = indexes.into_iter().map(|index| (session.id, index)).collect();
                (Kind::Windows(session), overlay(&mut lists.winlinks, &all))
            }
            Over::Panes => {
                let window = objects.window().ok_or("pane loop but no window")?;
                let all = sort::panes_of(server, window, sort);
                (Kind::Panes(window), overlay(&mut lists.panes, &all))
            }
            Over::Clients => (Kind::Clients, overlay(&mut lists.clients, &sort::clients(server, sort))),
        };
        Ok(Self { objects, kind, count })
    }

    /// A turn, by the list as it is now. `None` when the window is gone.
    pub(super) fn turn(&self, at: usize, lists: &Lists) -> Option<Turn<'a>> {
        let is_last = at + 1 == self.count;
        Some(match self.kind {
            Kind::Sessions => self.session(lists.sessions[at], is_last),
            Kind::Windows(session) => return self.window(session, at, &lists.winlinks[..self.count]),
            Kind::Panes(window) => self.pane(window, lists.panes[at], is_last),
            Kind::Clients => self.client(lists.clients[at], is_last),
        })
    }

    fn session(&self, id: SessionId, is_last: bool) -> Turn<'a> {
        let current = self.objects.the_client().and_then(|client| client.session);
        let turn = self.objects.fresh(JobTag::None, is_last);
        let objects = turn.client(self.objects.client_id()).with_session(id);
        Turn { objects, is_current: current == Some(id), entry: Entry::Session(id) }
    }

    fn window(&self, session: &Session, at: usize, list: &[(SessionId, i32)]) -> Option<Turn<'a>> {
        let server = self.objects.server();
        let here = list[at];
        let (before, after) = (at.checked_sub(1).map(|before| list[before]), list.get(at + 1).copied());
        let current = (session.id, session.current);
        let window = server.winlink_window(here.0, here.1)?;
        let mut turn = self.objects.fresh(JobTag::Window(window), at + 1 == self.count);
        turn = turn.client(self.objects.client_id()).with_foreign_winlink(session.id, here);
        turn = turn.add("window_after_active", flag(before == Some(current)));
        turn = turn.add("window_before_active", flag(after == Some(current)));
        if let Some(next) = after {
            turn = add_neighbour(turn, next, current, "next");
        }
        if let Some(previous) = before {
            turn = add_neighbour(turn, previous, current, "prev");
        }
        let entry = Entry::Window(here.1, window);
        Some(Turn { objects: turn, is_current: here == current, entry })
    }

    fn pane(&self, window: &Window, id: PaneId, is_last: bool) -> Turn<'a> {
        let turn = self.objects.fresh(JobTag::Pane(id), is_last).client(self.objects.client_id());
        let objects = match self.objects.winlink() {
            Some((session, index, _)) => turn.with_pane_at(session.id, index, id),
            None => turn.with_pane(id),
        };
        Turn { objects, is_current: id == window.active, entry: Entry::Pane(id) }
    }

    fn client(&self, id: ClientId, is_last: bool) -> Turn<'a> {
        let turn = self.objects.fresh(JobTag::None, is_last).owner(Some(id)).client(Some(id));
        let place = self.objects.winlink().map(|(session, index, _)| (session.id, index));
        let objects = match (place, self.objects.pane()) {
            (Some((session, index)), Some(pane)) => turn.with_pane_at(session, index, pane.id),
            (Some((session, index)), None) => turn.with_winlink(session, index),
            _ => turn,
        };
        Turn { objects, is_current: false, entry: Entry::Client(id) }
    }
}

fn flag(value: bool) -> &'static str {
    if value { "1" } else { "0" }
}

/// Adds variables about the previous or next window of a loop, with its user options.
fn add_neighbour<'a>(
    mut objects: Objects<'a>,
    link: (SessionId, i32),
    current: (SessionId, i32),
    prefix: &str,
) -> Objects<'a> {
    let server = objects.server();
    let Some(window) = server.winlink_window(link.0, link.1) else { return objects };
    objects = objects.add(&format!("{prefix}_window_index"), link.1.to_string());
    objects = objects.add(&format!("{prefix}_window_active"), flag(link == current));
    let Some(window) = server.window(window) else { return objects };
    for (name, value) in window.options.iter().filter(|(name, _)| name.starts_with('@')) {
        objects = objects.add(&format!("{prefix}_{name}"), value.to_text(None, true));
    }
    objects
}
