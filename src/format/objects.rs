//! The objects that a format is expanded for: a client, session, winlink, window, pane and paste buffer,
//! and extra variables. They are gathered step by step; then `expand` gives any number of formats their
//! values.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::base::clock::Now;
use crate::base::{ClientId, MouseEvent, PaneId, SessionId, WindowId};
use crate::model::buffers::Buffer;
use crate::model::queue::StateFlags;
use crate::model::{
    Client, ClientFlags, FindState, Host, ItemContext, Pane, Server, Session, Window, Winlink,
};
use crate::options::Chain;

use super::value::Value;

/// The main kind of object that formats are about (`#{pane_format}` and the like).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Kind {
    #[default]
    Unknown,
    Session,
    Window,
    Pane,
}

/// Separates runs of `#()` commands; each tag has its own results.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) enum JobTag {
    #[default]
    None,
    Window(WindowId),
    Pane(PaneId),
}

/// Objects that were named; the others are derived from them.
#[derive(Clone, Copy, Debug, Default)]
struct Given {
    client: Option<ClientId>,
    session: Option<SessionId>,
    /// Session and index.
    winlink: Option<(SessionId, i32)>,
    pane: Option<PaneId>,
}

/// The objects and variables that formats are expanded with.
#[derive(Clone)]
pub struct Objects<'a> {
    server: &'a Server,
    host: &'a dyn Host,
    now: Now,
    kind: Kind,
    /// The client whose command this is: `#()` output is stored for it.
    owner: Option<ClientId>,
    client: Option<ClientId>,
    session: Option<SessionId>,
    winlink: Option<(SessionId, i32)>,
    window: Option<WindowId>,
    pane: Option<PaneId>,
    buffer: Option<&'a Buffer>,
    mouse: Option<MouseEvent>,
    /// Variables of the command item; loops pass them on.
    item: BTreeMap<String, Value>,
    /// Variables of only these objects, which loops do not pass on.
    extra: BTreeMap<String, Value>,
    /// Variables of the mode that covers the pane, made on first use.
    mode: OnceCell<BTreeMap<String, Value>>,
    pub(super) tag: JobTag,
    pub(super) last_in_loop: bool,
    jobs: bool,
    /// For a status line, which is redrawn when a job's output changes.
    pub(super) status: bool,
    /// Run `#()` commands again even if their output is recent.
    pub(super) force: bool,
}

impl<'a> Objects<'a> {
    /// No objects: only global options and server variables.
    pub fn new(server: &'a Server, host: &'a dyn Host, now: Now) -> Self {
        Self {
            server,
            host,
            now,
            kind: Kind::Unknown,
            owner: None,
            client: None,
            session: None,
            winlink: None,
            window: None,
            pane: None,
            buffer: None,
            mouse: None,
            item: BTreeMap::new(),
            extra: BTreeMap::new(),
            mode: OnceCell::new(),
            tag: JobTag::None,
            last_in_loop: false,
            jobs: true,
            status: false,
            force: false,
        }
    }

    /// Sets the client and, by default, the objects that it shows.
    pub fn client(self, client: Option<ClientId>) -> Self {
        let given = Given { client, ..self.given() };
        self.fill(given)
    }

    /// Sets the objects of a resolved target.
    pub fn state(self, state: &FindState) -> Self {
        let winlink = state.session.zip(state.winlink);
        let given = Given { session: state.session, winlink, pane: state.pane, ..self.given() };
        let mut objects = self.fill(given);
        if objects.window.is_none() {
            objects.window = state.window;
        }
        objects
    }

    /// Sets a session, with its current window and active pane.
    pub fn with_session(self, session: SessionId) -> Self {
        let given = Given { session: Some(session), ..self.given() };
        self.fill(given)
    }

    /// Sets a window at its place in a session, with its active pane.
    pub fn with_winlink(self, session: SessionId, index: i32) -> Self {
        let winlink = Some((session, index));
        let given = Given { session: Some(session), winlink, ..self.given() };
        self.fill(given)
    }

    /// Sets a winlink that may belong to another session.
    pub(super) fn with_foreign_winlink(self, session: SessionId, winlink: (SessionId, i32)) -> Self {
        let given = Given { session: Some(session), winlink: Some(winlink), ..self.given() };
        self.fill(given)
    }

    /// Sets a pane, in a window at its place in a session.
    pub fn with_pane_at(self, session: SessionId, index: i32, pane: PaneId) -> Self {
        let (session, winlink) = (Some(session), Some((session, index)));
        let given = Given { session, winlink, pane: Some(pane), ..self.given() };
        self.fill(given)
    }

    /// Sets a window, without a session.
    pub fn with_window(mut self, window: WindowId) -> Self {
        self.window = Some(window);
        self
    }

    /// Sets a pane and its window, without a session.
    pub fn with_pane(mut self, pane: PaneId) -> Self {
        if self.window.is_none() {
            self.window = self.server.pane(pane).map(|pane| pane.window);
        }
        self.pane = Some(pane);
        self.mode = OnceCell::new();
        self
    }

    /// Sets a pane as the main object, without a session.
    pub fn about_pane(self, pane: PaneId) -> Self {
        let given = Given { pane: Some(pane), ..self.given() };
        self.fill(given)
    }

    /// Sets a paste buffer.
    pub fn with_buffer(mut self, name: &str) -> Self {
        self.buffer = self.server.buffers.by_name.get(name);
        self
    }

    /// Sets the variables, mouse event and name of the running command.
    pub fn item(mut self, item: &ItemContext) -> Self {
        self.owner = item.client;
        self.jobs &= !is_from_reader(self.server, item);
        if let Some(command) = &item.command {
            self.item.insert("command".to_owned(), Value::Text(command.id.name().to_owned()));
        }
        for (name, value) in item.state.formats.lock().iter() {
            self.item.insert(name.clone(), Value::Text(value.clone()));
        }
        self.mouse(item.state.event.mouse)
    }

    /// Sets a mouse event.
    pub fn mouse(mut self, mouse: MouseEvent) -> Self {
        self.mouse = mouse.valid.then_some(mouse);
        self
    }

    /// Sets the client that `#()` output is stored for.
    pub fn owner(mut self, client: Option<ClientId>) -> Self {
        self.owner = client;
        self
    }

    /// For a client's status line (the client also owns the jobs).
    pub fn for_status(mut self, force: bool) -> Self {
        self.status = true;
        self.force = force;
        self
    }

    /// Disables `#()`, which expands to nothing.
    pub fn no_jobs(mut self) -> Self {
        self.jobs = false;
        self
    }

    /// Adds a variable.
    pub fn add(mut self, name: &str, value: impl Into<String>) -> Self {
        self.extra.insert(name.to_owned(), Value::Text(value.into()));
        self
    }

    /// Adds a time, in seconds since the Unix epoch.
    pub fn add_time(mut self, name: &str, secs: i64) -> Self {
        self.extra.insert(name.to_owned(), Value::Time(secs));
        self
    }

    /// True if there is a client.
    pub fn has_client(&self) -> bool {
        self.the_client().is_some()
    }

    fn given(&self) -> Given {
        let pane = self.pane.filter(|_| self.kind == Kind::Pane);
        let winlink = self.winlink.filter(|_| matches!(self.kind, Kind::Pane | Kind::Window));
        let session = self.session.filter(|_| self.kind != Kind::Unknown);
        Given { client: self.client, session, winlink, pane }
    }

    /// Stores the given objects and derives the others: a client's session, a session's current window, a
    /// window's active pane, the newest automatic buffer.
    fn fill(mut self, given: Given) -> Self {
        let server = self.server;
        self.kind = match given {
            Given { pane: Some(_), .. } => Kind::Pane,
            Given { winlink: Some(_), .. } => Kind::Window,
            Given { session: Some(_), .. } => Kind::Session,
            _ => Kind::Unknown,
        };
        let client_session = given.client.and_then(|id| server.client(id)).and_then(|c| c.session);
        let session = given.session.or(client_session);
        let current = || session.and_then(|id| server.session(id)).map(|s| (s.id, s.current));
        let winlink = given.winlink.or_else(current);
        let window = winlink.and_then(|(session, index)| server.winlink_window(session, index));
        let active = || window.and_then(|id| server.window(id)).map(|w| w.active);
        let pane = given.pane.or_else(active);
        self.client = given.client;
        self.session = session;
        self.winlink = winlink;
        self.window = window.or_else(|| pane.and_then(|id| server.pane(id)).map(|p| p.window));
        self.pane = pane;
        let automatic = server.buffers.by_name.values().filter(|buffer| buffer.automatic);
        self.buffer = automatic.max_by_key(|buffer| buffer.order);
        self.mode = OnceCell::new();
        self
    }
}

/// True if a read-only client gave the command: its formats run no programs. Commands of hooks belong to
/// the owner, whichever client caused the event.
fn is_from_reader(server: &Server, item: &ItemContext) -> bool {
    let client = item.queue_client.and_then(|id| server.client(id));
    let reads_only = client.is_some_and(|client| client.flags.contains(ClientFlags::READONLY));
    reads_only && !item.state.flags.contains(StateFlags::NOHOOKS)
}

/// Objectss for one pass of a loop: inherited and added parts.
impl<'a> Objects<'a> {
    /// No objects, but with the same command, mouse and settings for jobs.
    pub(super) fn fresh(&self, tag: JobTag, last: bool) -> Self {
        Self {
            kind: Kind::Unknown,
            client: None,
            session: None,
            winlink: None,
            window: None,
            pane: None,
            buffer: None,
            extra: BTreeMap::new(),
            mode: OnceCell::new(),
            tag,
            last_in_loop: last || self.last_in_loop,
            ..self.clone()
        }
    }
}

/// The objects, for variables.
impl<'a> Objects<'a> {
    pub fn server(&self) -> &'a Server {
        self.server
    }

    pub(super) fn host(&self) -> &'a dyn Host {
        self.host
    }

    pub(super) fn now(&self) -> Now {
        self.now
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn job_owner(&self) -> Option<ClientId> {
        self.owner
    }

    pub(super) fn runs_jobs(&self) -> bool {
        self.jobs
    }

    pub(super) fn client_id(&self) -> Option<ClientId> {
        self.client
    }

    pub(super) fn the_client(&self) -> Option<&'a Client> {
        self.server.client(self.client?)
    }

    pub(super) fn session(&self) -> Option<&'a Session> {
        self.server.session(self.session?)
    }

    /// The winlink with its session and index.
    pub(super) fn winlink(&self) -> Option<(&'a Session, i32, &'a Winlink)> {
        let (session, index) = self.winlink?;
        let session = self.server.session(session)?;
        Some((session, index, session.winlinks.get(&index)?))
    }

    pub(super) fn window(&self) -> Option<&'a Window> {
        self.server.window(self.window?)
    }

    pub(super) fn pane(&self) -> Option<&'a Pane> {
        self.server.pane(self.pane?)
    }

    pub(super) fn buffer(&self) -> Option<&'a Buffer> {
        self.buffer
    }

    pub(super) fn mouse_event(&self) -> Option<MouseEvent> {
        self.mouse
    }

    pub(super) fn added(&self, name: &str) -> Option<Value> {
        let found = self.extra.get(name).or_else(|| self.mode_variables().get(name));
        found.or_else(|| self.item.get(name)).cloned()
    }

    /// All variables that were added, with those of the command and the mode.
    pub(super) fn all_added(&self) -> BTreeMap<String, Value> {
        let mut added = self.item.clone();
        added.extend(self.mode_variables().clone());
        added.extend(self.extra.clone());
        added
    }

    /// Options of the pane, with inherited ones.
    pub(super) fn pane_options(&self) -> Option<Chain<'a>> {
        let (pane, global) = (self.pane()?, &self.server.options.window);
        Some(match self.server.window(pane.window) {
            Some(window) => Chain::new(&[&pane.options, &window.options, global]),
            None => Chain::new(&[&pane.options, global]),
        })
    }

    /// Options of the window, with inherited ones.
    pub(super) fn window_options(&self) -> Option<Chain<'a>> {
        Some(Chain::new(&[&self.window()?.options, &self.server.options.window]))
    }

    /// Options of the pane's window, with inherited ones.
    pub(super) fn pane_window_options(&self) -> Option<Chain<'a>> {
        let window = self.server.window(self.pane()?.window)?;
        Some(Chain::new(&[&window.options, &self.server.options.window]))
    }

    /// Options of the session, with inherited ones.
    pub(super) fn session_options(&self) -> Option<Chain<'a>> {
        Some(Chain::new(&[&self.session()?.options, &self.server.options.session]))
    }

    /// Variables of the mode that covers the pane.
    fn mode_variables(&self) -> &BTreeMap<String, Value> {
        self.mode.get_or_init(|| {
            let mut variables = BTreeMap::new();
            if let Some(entry) = self.pane().and_then(|pane| pane.modes.first()) {
                entry.mode.formats(&mut |name, value| {
                    variables.insert(name.to_owned(), Value::Text(value));
                });
            }
            variables
        })
    }
}
