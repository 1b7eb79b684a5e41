//! Floor 2: sessions, windows, winlinks, panes, clients, layouts, key tables, paste buffers,
//! alerts. No descriptors, no clock, no I/O: what must happen in the world goes through `Host`.
//!
//! One `Server` owns id-keyed tables; objects hold ids, not references. An id that is not in
//! its table is a thing that is gone: look-ups return `Option`, and code that finds nothing
//! does nothing.

use std::collections::BTreeMap;

use crate::base::clock::Now;
use crate::base::width::WidthRules;
use crate::base::{ClientId, PaneId, SessionId, WindowId};
use crate::options::{Environ, Options, Scope};

mod adopt;
pub mod alerts;
pub mod arrange;
pub mod buffers;
pub mod client;
pub mod clients;
pub mod events;
pub mod find;
pub mod host;
pub mod kept;
pub mod key_tables;
pub mod layout;
pub mod lifecycle;
pub mod messages;
pub mod mode;
pub mod monitors;
pub mod moves;
pub mod names;
pub mod neighbours;
pub mod notify;
pub mod option_access;
pub mod pane;
pub mod pane_events;
pub mod pane_limits;
pub mod panes;
pub mod queue;
pub mod queue_record;
pub mod redraw;
pub mod screens;
pub mod session;
pub mod sessions;
pub mod sizes;
pub mod spawn;
pub mod terminal_config;
pub mod test_host;
pub mod timeouts;
pub mod usage;
pub mod waits;
pub mod window;
pub mod windows;
pub mod winlinks;

pub use buffers::Buffers;
pub use client::{Client, ClientFlags};
pub use find::FindState;
pub use host::Host;
pub use key_tables::KeyTables;
pub use layout::Layout;
pub use messages::MessageLog;
pub use pane::Pane;
pub use queue::{Exec, ItemContext, Queues};
pub use session::{Session, SessionGroup, Winlink};
pub use window::Window;

/// Everything a command, mode or key handler works with: the state, the world, the time.
pub struct Cx<'a> {
    pub server: &'a mut Server,
    pub host: &'a mut dyn Host,
    pub now: Now,
}

impl Cx<'_> {
    /// A shorter-lived copy, for handing on.
    pub fn reborrow(&mut self) -> Cx<'_> {
        Cx { server: self.server, host: self.host, now: self.now }
    }
}

/// The three global option levels. Session, window and pane options hang on their objects.
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
    /// The winlink: its session and index. A window that moves to another session takes it
    /// along, but not `session`: the mark counts for nothing until it comes back.
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
    pub sessions: BTreeMap<SessionId, Session>,
    pub windows: BTreeMap<WindowId, Window>,
    pub panes: BTreeMap<PaneId, Pane>,
    pub clients: BTreeMap<ClientId, Client>,
    pub groups: BTreeMap<String, SessionGroup>,
    pub next_session: u32,
    pub next_window: u32,
    pub next_pane: u32,
    pub next_client: u32,
    /// Links of windows to sessions that were ever made.
    pub next_link: u64,
    pub marked: Option<Marked>,
    pub buffers: Buffers,
    pub key_tables: KeyTables,
    pub queues: Queues,
    /// Who waits for something in a pane.
    pub waits: waits::Waits,
    /// Who waits for events.
    pub events: events::Events,
    /// Waiters of `wait-for -E`, in order.
    pub event_waiters: Vec<EventWaiter>,
    pub monitors: monitors::Monitors,
    pub messages: MessageLog,
    /// Prompt histories by type: command, search, target, window-target. Newest last.
    pub prompt_history: [Vec<String>; 4],
    /// Channels of `wait-for`, by name.
    pub wait_channels: BTreeMap<String, WaitChannel>,
    /// What `run-shell -b -d` does later, by number.
    pub delayed: BTreeMap<u64, Delayed>,
    /// The same for `run-shell -d` that is waited for.
    pub waiting_delayed: BTreeMap<u64, (kept::Listener, Delayed)>,
    /// Who may connect besides the owner, by user id.
    pub access: BTreeMap<u32, Access>,
    /// The same for groups, by group id, for whoever is not there as a user.
    pub group_access: BTreeMap<u32, Access>,
    /// An element of an array option was set under a name: those that are not there are shown as
    /// empty then.
    pub named_keys: bool,
    pub width_rules: WidthRules,
    /// Files named by `-f` or found, for `#{config_files}`.
    pub config_files: Vec<String>,
    /// Configuration has been loaded; before that, clients wait and errors are gathered.
    pub config_done: bool,
    /// It is being loaded; the item that waits for it.
    pub config_started: bool,
    pub config_item: Option<queue::ItemId>,
    /// Commands run so far: the number in control mode's guards.
    pub command_number: u64,
    pub config_errors: Vec<String>,
    /// How deep files that source each other are nested, by the client that does it.
    pub source_depth: BTreeMap<Option<ClientId>, u32>,
    pub socket_path: String,
    pub pid: i32,
    pub uid: u32,
    pub start_time: Now,
    /// Sessions, clients or windows changed shape: sizes must be computed again.
    pub sizes_dirty: bool,
    /// Counts each activity, so that "newest" is well defined within one second.
    pub activity_counter: u64,
    /// The active point counter of panes (which pane of several was used last).
    pub active_point: u32,
    /// The client whose commands started the server; its directory counts until the
    /// configuration is loaded.
    pub config_client: Option<ClientId>,
    /// Sessions may have lost their last client: `destroy-unattached` is to be looked at.
    pub unattached_dirty: bool,
    /// Panes whose programs were started in this turn: what runs in them is not looked at yet,
    /// since it may still be the shell on its way to it.
    pub starting_panes: Vec<PaneId>,
    /// Panes that printed something in this turn.
    pub active_panes: Vec<PaneId>,
    /// Panes kept after their programs' ends, whose last line is still to be drawn.
    pub ended_panes: Vec<PaneId>,
    /// What jobs printed while the first session was made: its pane shows it.
    pub early_lines: Vec<String>,
    /// Panes whose view modes got lines that they have not taken over yet.
    pub printed_panes: Vec<PaneId>,
    /// Panes that are not read, for control clients have not taken what they printed.
    pub held_panes: Vec<PaneId>,
    /// A pane that took no more input, until whoever sent it has been told.
    pub input_refused: Option<PaneId>,
    /// Alerts that clients are still to be told of.
    pub alert_messages: Vec<alerts::AlertMessage>,
    /// `kill-server` or the last session's end asked for an end.
    pub exiting: bool,
    /// Clients whose status lines show an animation, and are drawn again for its next frame.
    pub animated: parking_lot::Mutex<std::collections::BTreeSet<ClientId>>,
    /// What is known of `#()` commands (see `format::jobs`).
    pub format_jobs: parking_lot::Mutex<BTreeMap<FormatJobKey, FormatJob>>,
    /// What panes use, for those who look.
    pub usage: parking_lot::Mutex<usage::UsageBook>,
}

/// A `#()` command as written, for one client and, in a loop, one window or pane.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct FormatJobKey {
    pub client: Option<ClientId>,
    pub tag: Option<String>,
    pub command: String,
}

/// What is known of one `#()` command. All times are seconds since the Unix epoch.
#[derive(Default, Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct FormatJob {
    /// The last line it printed, `None` before there is one.
    pub output: Option<String>,
    /// The command with formats expanded, as last wanted.
    pub expanded: Option<String>,
    /// A format asked for it since it was last started.
    pub wanted: bool,
    pub running: bool,
    pub id: Option<host::JobId>,
    /// Counts starts: what an earlier run still prints is not wanted any more.
    pub generation: u64,
    /// When it was last wanted afresh, or last had news.
    pub last: i64,
    /// It has printed a line since it was last started.
    pub updated: bool,
    /// Used in a status line, which is drawn again when there is news.
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

/// A `wait-for -E` that waits.
#[derive(Debug)]
pub struct EventWaiter {
    pub name: String,
    pub item: queue::ItemId,
    pub subscription: events::SubscriptionId,
}

/// What `run-shell -b -d` does when its time comes.
#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct Delayed {
    /// Monotonic milliseconds.
    pub due_ms: u64,
    /// Where its output is shown (`-t`).
    pub pane: Option<PaneId>,
    pub work: DelayedWork,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum DelayedWork {
    Nothing,
    /// tmux's commands.
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
    /// What a user may do; `None`: nothing. A rule for the user goes before one for the group.
    pub fn access_of(&self, uid: u32, gid: Option<u32>) -> Option<Access> {
        if uid == 0 || uid == self.uid {
            return Some(Access { read_only: false });
        }
        let of_group = || gid.and_then(|gid| self.group_access.get(&gid));
        self.access.get(&uid).or_else(of_group).copied()
    }

    /// Brings clients in line with a rule that changed for a user, or for a group.
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

/// The permission set of one object table: shared lookups.
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

    /// Sessions in the order of their names, as tmux walks them.
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
