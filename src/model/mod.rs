//! Floor 2: sessions, windows, winlinks, panes, clients, layouts, key tables, paste buffers,
//! alerts. No descriptors, no clock, no I/O: what must happen in the world goes through `Host`.
//!
//! One `Server` owns id-keyed tables; objects hold ids, not references. An id that is not in its table
//! belongs to an object that is gone: look-ups return `Option`, and code that finds nothing does nothing.

use std::collections::BTreeMap;

use crate::base::clock::Now;
use crate::base::width::WidthRules;
use crate::base::{BoxedMap, ClientId, PaneId, SessionId, WindowId};
use crate::options::{Environ, Options, Scope};

mod adopt;
pub(crate) mod alerts;
pub(crate) mod arrange;
pub(crate) mod buffers;
pub(crate) mod client;
pub(crate) mod clients;
pub(crate) mod events;
pub mod find;
pub(crate) mod host;
pub(crate) mod kept;
pub(crate) mod key_tables;
pub(crate) mod layout;
pub(crate) mod lifecycle;
pub(crate) mod messages;
pub(crate) mod mode;
pub(crate) mod monitors;
pub(crate) mod moves;
pub(crate) mod names;
pub(crate) mod neighbours;
pub(crate) mod notify;
pub(crate) mod option_access;
pub(crate) mod pane;
pub(crate) mod pane_events;
pub(crate) mod pane_limits;
pub(crate) mod panes;
pub mod queue;
pub(crate) mod queue_record;
pub(crate) mod redraw;
pub(crate) mod screens;
pub(crate) mod session;
pub mod sessions;
pub(crate) mod sizes;
pub mod spawn;
pub(crate) mod terminal_config;
pub mod test_host;
pub(crate) mod timeouts;
pub(crate) mod usage;
pub(crate) mod waits;
pub(crate) mod window;
pub(crate) mod windows;
pub(crate) mod winlinks;

pub(crate) use buffers::Buffers;
pub use client::{Client, ClientFlags};
pub(crate) use find::FindState;
pub(crate) use host::Host;
pub(crate) use key_tables::KeyTables;
pub(crate) use layout::Layout;
pub(crate) use messages::MessageLog;
pub(crate) use pane::Pane;
pub(crate) use queue::{Exec, ItemContext, Queues};
pub(crate) use session::{Session, SessionGroup, Winlink};
pub(crate) use window::Window;

/// Everything a command, mode or key handler works with: the state, the world, the time.
pub struct Cx<'a> {
    pub server: &'a mut Server,
    pub host: &'a mut dyn Host,
    pub now: Now,
}

impl Cx<'_> {
    /// Borrows the same context for a shorter time, to pass it to a function.
    pub fn reborrow(&mut self) -> Cx<'_> {
        Cx { server: self.server, host: self.host, now: self.now }
    }
}

/// The three global option levels. Session, window and pane options belong to their objects.
pub struct GlobalOptions {
    pub server: Options,
    pub session: Options,
    pub window: Options,
}

impl Default for GlobalOptions {
    fn default() -> Self {
        GlobalOptions {
            server: Options::defaults(Scope::SERVER),
            session: Options::defaults(Scope::SESSION),
            window: Options::defaults(Scope::WINDOW),
        }
    }
}

/// A marked pane (`select-pane -m`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct Marked {
    pub session: SessionId,
    /// The winlink: its session and index. If the window moves to another session, this follows but
    /// `session` does not: the mark is invalid until the window comes back.
    pub link: (SessionId, i32),
    pub window: WindowId,
    pub pane: PaneId,
}

/// The state of a server.
#[derive(Default)]
pub struct Server {
    pub options: GlobalOptions,
    /// The global environment.
    pub environ: Environ,
    pub sessions: BoxedMap<SessionId, Session>,
    pub windows: BoxedMap<WindowId, Window>,
    pub panes: BoxedMap<PaneId, Pane>,
    pub clients: BTreeMap<ClientId, Client>,
    pub groups: BTreeMap<String, SessionGroup>,
    pub next_session: u32,
    pub next_window: u32,
    pub next_pane: u32,
    pub next_client: u32,
    /// Number of winlinks ever made.
    pub next_link: u64,
    pub marked: Option<Marked>,
    pub buffers: Buffers,
    pub key_tables: KeyTables,
    pub queues: Queues,
    /// Waiters for output and events of panes.
    pub waits: waits::Waits,
    /// Subscribers to events.
    pub events: events::Events,
    /// Commands `wait-for -E` that wait, in order.
    pub event_waiters: Vec<EventWaiter>,
    pub monitors: monitors::Monitors,
    pub messages: MessageLog,
    /// Prompt histories by type: command, search, target, window-target. Newest last.
    pub prompt_history: [Vec<String>; 4],
    /// Channels of `wait-for`, by name.
    pub wait_channels: BTreeMap<String, WaitChannel>,
    /// Delayed commands of `run-shell -b -d`, by number.
    pub delayed: BTreeMap<u64, Delayed>,
    /// The same for `run-shell -d`, which a command waits for.
    pub waiting_delayed: BTreeMap<u64, (kept::Listener, Delayed)>,
    /// Users besides the owner who may connect, by user id.
    pub access: BTreeMap<u32, Access>,
    /// The same for groups, by group id; a rule for the user takes precedence.
    pub group_access: BTreeMap<u32, Access>,
    /// An element of an array option was set under a name; from then on unset elements are listed as
    /// empty.
    pub named_keys: bool,
    pub width_rules: WidthRules,
    /// Files named by `-f` or found, for `#{config_files}`.
    pub config_files: Vec<String>,
    /// The configuration has been loaded; until then, clients wait and errors are gathered.
    pub config_done: bool,
    /// The configuration is being loaded; the item that waits for it.
    pub config_started: bool,
    pub config_item: Option<queue::ItemId>,
    /// Count of commands run: the number in control mode's guards.
    pub command_number: u64,
    pub config_errors: Vec<String>,
    /// Nesting depth of files that source each other, by client.
    pub source_depth: BTreeMap<Option<ClientId>, u32>,
    pub socket_path: String,
    pub pid: i32,
    pub uid: u32,
    pub start_time: Now,
    /// Sessions, clients or windows changed: sizes must be computed again.
    pub sizes_dirty: bool,
    /// Counts activities, so that the newest is known even within one second.
    pub activity_counter: u64,
    /// The last value of `Pane::active_point` (which of several panes was used last).
    pub active_point: u32,
    /// The client whose commands started the server; its directory is used until the configuration is
    /// loaded.
    pub config_client: Option<ClientId>,
    /// Sessions may have lost their last client: `destroy-unattached` has to be checked.
    pub unattached_dirty: bool,
    /// Panes whose programs were started in this turn. They are not asked for a program's name yet, since
    /// it may still be the shell before it executes the program.
    pub starting_panes: Vec<PaneId>,
    /// Panes that printed something in this turn.
    pub active_panes: Vec<PaneId>,
    /// Panes kept after their program's end, whose last line has to be drawn.
    pub ended_panes: Vec<PaneId>,
    /// Output of jobs while the first session was made: its pane shows it.
    pub early_lines: Vec<String>,
    /// Panes whose view modes have new lines that they have not taken over yet.
    pub printed_panes: Vec<PaneId>,
    /// Panes that are not read because control clients are behind with their output.
    pub held_panes: Vec<PaneId>,
    /// A pane that takes no more input, until the sender has been told.
    pub input_refused: Option<PaneId>,
    /// Alerts that have to be shown to clients.
    pub alert_messages: Vec<alerts::AlertMessage>,
    /// `kill-server` or the end of the last session asked the server to exit.
    pub exiting: bool,
    /// Clients whose status lines show an animation and are redrawn for its next frame.
    pub animated: parking_lot::Mutex<std::collections::BTreeSet<ClientId>>,
    /// State of `#()` commands (see `format::jobs`).
    pub format_jobs: parking_lot::Mutex<BTreeMap<FormatJobKey, FormatJob>>,
    /// Formats that were read before.
    pub(crate) parsed_formats: parking_lot::Mutex<crate::syntax::format::Cache>,
    /// Memory, processor, processes and disk used by panes.
    pub usage: parking_lot::Mutex<usage::UsageBook>,
}

/// A `#()` command as written, for one client and, in a loop, one window or pane.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct FormatJobKey {
    pub client: Option<ClientId>,
    pub tag: Option<String>,
    pub command: String,
}

/// State of one `#()` command. All times are seconds since the Unix epoch.
#[derive(Default, Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct FormatJob {
    /// The last line that it printed, if any.
    pub output: Option<String>,
    /// The command with formats expanded, when it was last asked for.
    pub expanded: Option<String>,
    /// A format asked for it since it was last started.
    pub wanted: bool,
    pub running: bool,
    pub id: Option<host::JobId>,
    /// Counts starts: output of earlier runs is ignored.
    pub generation: u64,
    /// When it was last asked for again, started, or printed something new.
    pub last: i64,
    /// It has printed a line since the last start.
    pub updated: bool,
    /// Used in a status line, which is redrawn when the output changes.
    pub status: bool,
    /// Output after the last complete line.
    pub partial: Vec<u8>,
}

/// State of a `wait-for` channel.
#[derive(Default, Debug)]
pub struct WaitChannel {
    pub locked: bool,
    pub woken: bool,
    pub waiters: Vec<queue::ItemId>,
    pub lockers: Vec<queue::ItemId>,
}

/// A `wait-for -E` that waits for an event.
#[derive(Debug)]
pub struct EventWaiter {
    pub name: String,
    pub item: queue::ItemId,
    pub subscription: events::SubscriptionId,
}

/// Command that `run-shell -d` runs later.
#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct Delayed {
    /// When it runs, monotonic milliseconds.
    pub due_ms: u64,
    /// Pane that shows its output (`-t`).
    pub pane: Option<PaneId>,
    pub work: DelayedWork,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum DelayedWork {
    Nothing,
    /// Commands of tmux.
    Commands(String),
    Shell {
        command: String,
        cwd: String,
        environ: Vec<(String, String)>,
        stderr: bool,
    },
}

/// Rights of another user (`server-access`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    pub read_only: bool,
}

impl Server {
    /// Rights of a user; `None`: none. A rule for the user takes precedence over one for the group.
    pub fn access_of(&self, uid: u32, gid: Option<u32>) -> Option<Access> {
        if uid == 0 || uid == self.uid {
            return Some(Access { read_only: false });
        }
        let of_group = || gid.and_then(|gid| self.group_access.get(&gid));
        self.access.get(&uid).or_else(of_group).copied()
    }

    /// Whether `server-access` lets a client's user only read. A client that its owner attached
    /// with `-r` is not meant.
    pub fn reads_only(&self, client: ClientId) -> bool {
        let access = self.client(client).and_then(|c| self.access_of(c.uid, c.gid));
        access.is_none_or(|access| access.read_only)
    }

    /// Whether a command was asked for by such a client, and not by a hook.
    pub fn is_asked_by_reader(&self, item: &ItemContext) -> bool {
        let of_hook = item.state.flags.contains(queue::StateFlags::NOHOOKS);
        !of_hook && item.queue_client.is_some_and(|id| self.reads_only(id))
    }

    /// Updates the flags of clients, or ends them, after the rule of a user or a group changed.
    pub fn apply_access(&mut self, group: bool, id: u32) {
        let owner = self.uid;
        let Self { clients, access, group_access, .. } = self;
        for client in clients.values_mut().filter(|c| c.uid != 0 && c.uid != owner) {
            let as_user = access.get(&client.uid);
            let meant = if group { client.gid == Some(id) && as_user.is_none() } else { client.uid == id };
            if !meant {
                continue;
            }
            match as_user.or_else(|| client.gid.and_then(|gid| group_access.get(&gid))) {
                Some(access) => client.flags.set(ClientFlags::READONLY, access.read_only),
                None => {
                    client.exit_message = Some("access not allowed".to_owned());
                    client.flags.insert(ClientFlags::EXIT);
                }
            }
        }
    }
}

/// Look-ups by id; `None` when the object is gone.
impl Server {
    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    pub fn window(&self, id: WindowId) -> Option<&Window> {
        self.windows.get(&id)
    }

    pub fn pane(&self, id: PaneId) -> Option<&Pane> {
        self.panes.get(&id)
    }

    pub fn client(&self, id: ClientId) -> Option<&Client> {
        self.clients.get(&id)
    }

    pub fn session_by_name(&self, name: &str) -> Option<SessionId> {
        self.sessions.values().find(|s| s.name == name).map(|s| s.id)
    }

    /// Sessions sorted by name, as tmux walks them.
    pub fn sessions_by_name(&self) -> Vec<SessionId> {
        let mut all: Vec<_> = self.sessions.values().collect();
        all.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
        all.into_iter().map(|s| s.id).collect()
    }

    /// The window that a winlink shows.
    pub fn winlink_window(&self, session: SessionId, index: i32) -> Option<WindowId> {
        Some(self.session(session)?.winlinks.get(&index)?.window)
    }

    /// The current window of a session.
    pub fn current_window(&self, session: SessionId) -> Option<WindowId> {
        let s = self.session(session)?;
        self.winlink_window(session, s.current)
    }
}
