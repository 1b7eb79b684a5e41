//! Contents of the records, one type for each kind: the part of the model that outlives a server.
//! Each type is filled from a model struct that is destructured field by field, so that the
//! compiler asks about every new field: it is saved, or it is named here as not saved.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::clock::Now;
use crate::base::{Key, PaneId, SessionId, Size, WindowId};
use crate::model::host::ExitStatus;
use crate::model::kept::Purpose;
use crate::model::key_tables::{Binding, KeyTable};
use crate::model::mode::ModeEntry;
use crate::model::pane::{Lasting, Pane, PaneFlags};
use crate::model::session::{Session, SessionGroup};
use crate::model::window::Window;
use crate::model::{Buffers, Layout, Marked, Server, WaitChannel};
use crate::server::passage::{ClientRecord, Passage};

/// Kinds of records. Other versions' files contain the numbers: never reuse one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub(crate) enum Kind {
    Server = 1,
    /// Options of a level: `server`, `session`, `window`, or the id of an object.
    Options = 2,
    /// Global environment (`global`), or that of a session by its id.
    Environ = 3,
    KeyTable = 4,
    Buffer = 5,
    Session = 6,
    Window = 7,
    Pane = 8,
    /// A whole terminal that is not in a journal.
    Screen = 9,
    Group = 10,
    Prompts = 11,
    Channel = 12,
    Message = 13,
    Access = 14,
    /// Key that encrypts transcripts.
    HistoryKey = 15,
    /// Modes of a pane, top first.
    Modes = 16,
    /// Commands that `run-shell -b -d` runs later.
    Delayed = 17,
    /// A job that continues.
    Job = 18,
    /// Monitors and hooks of users.
    Monitors = 19,
    /// For a server that takes over in place: a client; state that exists once per server.
    Client = 20,
    Passage = 21,
}

impl Kind {
    pub(crate) const ALL: [Self; 21] = [
        Self::Server,
        Self::Options,
        Self::Environ,
        Self::KeyTable,
        Self::Buffer,
        Self::Session,
        Self::Window,
        Self::Pane,
        Self::Screen,
        Self::Group,
        Self::Prompts,
        Self::Channel,
        Self::Message,
        Self::Access,
        Self::HistoryKey,
        Self::Modes,
        Self::Delayed,
        Self::Job,
        Self::Monitors,
        Self::Client,
        Self::Passage,
    ];

    /// Name for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Options => "options",
            Self::Environ => "environment",
            Self::KeyTable => "key table",
            Self::Buffer => "buffer",
            Self::Session => "session",
            Self::Window => "window",
            Self::Pane => "pane",
            Self::Screen => "screen",
            Self::Group => "session group",
            Self::Prompts => "prompt history",
            Self::Channel => "channel",
            Self::Message => "message",
            Self::Access => "access",
            Self::HistoryKey => "history key",
            Self::Modes => "modes",
            Self::Delayed => "delayed command",
            Self::Job => "job",
            Self::Monitors => "monitors",
            Self::Client => "client",
            Self::Passage => "what waits",
        }
    }
}

/// State that exists once per server.
#[derive(Hash, Serialize, Deserialize, Default)]
#[serde(default)]
pub(crate) struct ServerRecord {
    pub next_session: u32,
    pub next_window: u32,
    pub next_pane: u32,
    pub next_link: u64,
    pub marked: Option<Marked>,
    pub start_time: Now,
    pub activity_counter: u64,
    pub active_point: u32,
    pub command_number: u64,
    pub config_done: bool,
    /// Number of the next automatic buffer, of the next buffer of any kind, of the next message.
    pub next_buffer: (u64, u64),
    pub next_message: u64,
    /// Origin of this state's monotonic times, by CLOCK_MONOTONIC (ms).
    pub origin_ms: u64,
}

impl ServerRecord {
    /// Each field of the server is listed here and saved, or a comment says where it is saved. Data that
    /// only an upgrade in place passes on is in `passage.rs`.
    pub(crate) fn take(server: &Server, origin_ms: u64) -> Self {
        let Server {
            next_session,
            next_window,
            next_pane,
            next_link,
            marked,
            start_time,
            activity_counter,
            active_point,
            command_number,
            config_done,
            // Kinds of their own.
            options: _,
            environ: _,
            sessions: _,
            windows: _,
            panes: _,
            groups: _,
            buffers: Buffers { by_name: _, next_index, next_order },
            key_tables: _,
            messages,
            prompt_history: _,
            events: _,
            animated: _,
            waits: _,
            event_waiters: _,
            monitors: _,
            wait_channels: _,
            delayed: _,
            // Waiting clients are lost with their connections.
            waiting_delayed: _,
            access: _,
            group_access: _,
            // Derived from options.
            width_rules: _,
            // How a missing key is shown.
            named_keys: _,
            // The next server is started with it, or finds it out.
            config_files: _,
            socket_path: _,
            pid: _,
            uid: _,
            // Clients and their waits are lost with their connections.
            clients: _,
            next_client: _,
            queues: _,
            config_started: _,
            config_item: _,
            config_errors: _,
            config_client: _,
            source_depth: _,
            alert_messages: _,
            // Work that is still to be done in this turn.
            sizes_dirty: _,
            unattached_dirty: _,
            starting_panes: _,
            active_panes: _,
            ended_panes: _,
            early_lines: _,
            printed_panes: _,
            held_panes: _,
            input_refused: _,
            exiting: _,
            // Started again when a format needs them.
            format_jobs: _,
            // Read again on demand.
            parsed_formats: _,
            usage: _,
        } = server;
        Self {
            next_session: *next_session,
            next_window: *next_window,
            next_pane: *next_pane,
            next_link: *next_link,
            marked: *marked,
            start_time: *start_time,
            activity_counter: *activity_counter,
            active_point: *active_point,
            command_number: *command_number,
            config_done: *config_done,
            next_buffer: (*next_index, *next_order),
            next_message: messages.next_number,
            origin_ms,
        }
    }
}

/// A paste buffer. Its data follow the record's text.
#[derive(Serialize, Deserialize)]
pub(crate) struct BufferRecord<'a> {
    pub name: Cow<'a, str>,
    pub automatic: bool,
    pub created: i64,
    pub order: u64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct BindingRecord<'a> {
    pub key: Key,
    pub commands: String,
    pub note: Option<Cow<'a, str>>,
    pub repeat: bool,
}

/// Stands for a key's default commands, which every server knows. It is not a valid command, so
/// that servers that do not know this mark use the default too.
pub(super) const DEFAULT_COMMANDS: &str = "{";

/// The bindings of a table. Every server makes default bindings by itself.
pub(super) fn bindings<'a>(table: &'a KeyTable) -> Vec<BindingRecord<'a>> {
    let KeyTable { bindings, defaults } = table;
    let record = |Binding { key, commands, note, repeat }: &'a Binding| {
        let default = defaults.get(key).is_some_and(|default| default.commands.is_same(commands));
        let commands = if default { DEFAULT_COMMANDS.to_owned() } else { commands.print_kept() };
        let note = note.as_deref().map(Cow::Borrowed);
        BindingRecord { key: *key, commands, note, repeat: *repeat }
    };
    bindings.values().map(record).collect()
}

#[derive(Hash, Serialize, Deserialize, Default)]
#[serde(default)]
pub(crate) struct SessionRecord<'a> {
    pub name: Cow<'a, str>,
    pub cwd: Cow<'a, str>,
    pub created: Now,
    pub last_attached: Now,
    pub activity: Now,
    pub activity_order: u64,
    pub last_activity: Now,
    /// Index, window, number, and bits of `WinlinkFlags`.
    pub winlinks: Vec<(i32, WindowId, u64, u8)>,
    pub current: i32,
    pub last: Cow<'a, [i32]>,
    pub lock_due_ms: Option<u64>,
    pub group: Option<Cow<'a, str>>,
    /// The files of earlier versions have this name.
    #[serde(rename = "termios")]
    pub control_chars: Option<Cow<'a, [u8]>>,
}

impl<'a> SessionRecord<'a> {
    pub(crate) fn take(session: &'a Session) -> Self {
        let Session {
            id: _,
            name,
            cwd,
            created,
            last_attached,
            activity,
            activity_order,
            last_activity,
            winlinks,
            current,
            last,
            options: _,
            environ: _,
            lock_due_ms,
            // Clients attach again.
            attached: _,
            group,
            // Set and cleared in one check of alerts.
            alerted: _,
            control_chars,
            // Derived from options.
            status_at: _,
            status_lines: _,
        } = session;
        Self {
            name: name.into(),
            cwd: cwd.into(),
            created: *created,
            last_attached: *last_attached,
            activity: *activity,
            activity_order: *activity_order,
            last_activity: *last_activity,
            winlinks: winlinks.iter().map(|(at, l)| (*at, l.window, l.made, l.flags.bits())).collect(),
            current: *current,
            last: last.into(),
            lock_due_ms: *lock_due_ms,
            group: group.as_deref().map(Cow::Borrowed),
            control_chars: control_chars.as_deref().map(Cow::Borrowed),
        }
    }
}

#[derive(Hash, Serialize, Deserialize)]
pub(crate) struct WindowRecord<'a> {
    pub name: Cow<'a, str>,
    pub panes: Cow<'a, [PaneId]>,
    pub active: PaneId,
    pub last_panes: Cow<'a, [PaneId]>,
    pub z_order: Cow<'a, [PaneId]>,
    pub layout: Cow<'a, Layout>,
    /// Layout before a zoom.
    pub saved_layout: Option<Cow<'a, Layout>>,
    pub old_layout: Option<Cow<'a, str>>,
    pub last_preset: Option<usize>,
    pub size: Size,
    pub manual_size: Size,
    pub cell_pixels: (u32, u32),
    pub last_new_pane: (u32, u32),
    /// Bits of `WindowFlags`.
    pub flags: u8,
    pub created: Now,
    pub activity: Now,
    pub name_time_ms: u64,
    pub silence_due_ms: Option<u64>,
    /// Only for the order: the sessions define which winlinks exist.
    pub winlinks: Cow<'a, [(SessionId, i32)]>,
}

impl WindowRecord<'static> {
    /// A window for panes without one.
    pub(crate) fn of_panes(name: String, size: Size, active: PaneId, panes: Vec<PaneId>) -> Self {
        Self {
            name: name.into(),
            z_order: panes.clone().into(),
            panes: panes.into(),
            active,
            last_panes: Cow::default(),
            layout: Cow::default(),
            saved_layout: None,
            old_layout: None,
            last_preset: None,
            size,
            manual_size: size,
            cell_pixels: (0, 0),
            last_new_pane: (0, 0),
            flags: 0,
            created: Now::default(),
            activity: Now::default(),
            name_time_ms: 0,
            silence_due_ms: None,
            winlinks: Cow::default(),
        }
    }
}

impl<'a> WindowRecord<'a> {
    pub(crate) fn take(window: &'a Window) -> Self {
        let Window {
            id: _,
            name,
            panes,
            active,
            last_panes,
            z_order,
            layout,
            saved_layout,
            old_layout,
            last_preset,
            size,
            manual_size,
            cell_pixels,
            // Applied at the end of the turn.
            new_size: _,
            new_cell_pixels: _,
            last_new_pane,
            flags,
            options: _,
            winlinks,
            created,
            activity,
            name_time_ms,
            // The next server checks every name once.
            name_check_due: _,
            // A client, which is gone.
            latest: _,
            alerts_queued: _,
            silence_due_ms,
        } = window;
        Self {
            name: name.into(),
            panes: panes.into(),
            active: *active,
            last_panes: last_panes.into(),
            z_order: z_order.into(),
            layout: Cow::Borrowed(layout),
            saved_layout: saved_layout.as_ref().map(Cow::Borrowed),
            old_layout: old_layout.as_deref().map(Cow::Borrowed),
            last_preset: *last_preset,
            size: *size,
            manual_size: *manual_size,
            cell_pixels: *cell_pixels,
            last_new_pane: *last_new_pane,
            flags: flags.bits(),
            created: *created,
            activity: *activity,
            name_time_ms: *name_time_ms,
            silence_due_ms: *silence_due_ms,
            winlinks: winlinks.into(),
        }
    }
}

/// Flags of a pane that are only valid at the moment.
const MOMENTARY: PaneFlags = PaneFlags::FOCUSED
    .union(PaneFlags::REDRAW)
    .union(PaneFlags::CHANGED)
    .union(PaneFlags::ACTIVITY)
    .union(PaneFlags::SILENT)
    .union(PaneFlags::STYLE_CHANGED)
    .union(PaneFlags::THEME_CHANGED);

#[derive(Hash, Serialize, Deserialize)]
pub(crate) struct PaneRecord<'a> {
    pub window: WindowId,
    pub active_point: u32,
    pub size: Size,
    /// Bits of `PaneFlags`.
    pub flags: u32,
    pub argv: Cow<'a, [String]>,
    pub shell: Cow<'a, str>,
    pub cwd: Cow<'a, str>,
    pub pid: Option<i32>,
    pub tty: Cow<'a, str>,
    pub status: Option<ExitStatus>,
    pub dead_time: Now,
    pub search: Option<Cow<'a, (String, bool)>>,
    pub border_style: Option<Cow<'a, str>>,
    pub active_border_style: Option<Cow<'a, str>>,
    #[serde(flatten)]
    pub lasting: Cow<'a, Lasting>,
}

impl PaneRecord<'static> {
    /// A pane of which only the program is known.
    pub(crate) fn of_program(window: WindowId, size: Size, pid: i32, tty: String) -> Self {
        Self {
            window,
            active_point: 0,
            size,
            flags: 0,
            argv: Cow::default(),
            shell: Cow::default(),
            cwd: Cow::default(),
            pid: Some(pid),
            tty: tty.into(),
            status: None,
            dead_time: Now::default(),
            search: None,
            border_style: None,
            active_border_style: None,
            lasting: Cow::default(),
        }
    }
}

impl<'a> PaneRecord<'a> {
    pub(crate) fn take(pane: &'a Pane) -> Self {
        let Pane {
            id: _,
            window,
            active_point,
            options: _,
            size,
            // Derived from the layout.
            x: _,
            y: _,
            flags,
            argv,
            shell,
            cwd,
            pid,
            tty,
            status,
            dead_time,
            // In its journal, or a kind of its own.
            terminal: _,
            modes: _,
            search,
            // Its job has a record.
            pipe: _,
            // Set by a control client, which sets it again on the next server.
            control_fg: _,
            control_bg: _,
            announced_theme: _,
            border_style,
            active_border_style,
            // As last drawn.
            slider: _,
            border_ranges: _,
            lasting,
            // It was shown already.
            notification: _,
        } = pane;
        Self {
            window: *window,
            active_point: *active_point,
            size: *size,
            flags: (*flags - MOMENTARY).bits(),
            argv: argv.into(),
            shell: shell.into(),
            cwd: cwd.into(),
            pid: *pid,
            tty: tty.into(),
            status: *status,
            dead_time: *dead_time,
            search: search.as_ref().map(Cow::Borrowed),
            border_style: border_style.as_deref().map(Cow::Borrowed),
            active_border_style: active_border_style.as_deref().map(Cow::Borrowed),
            lasting: Cow::Borrowed(lasting),
        }
    }
}

/// Members of a session group.
pub(super) fn group(group: &SessionGroup) -> &[SessionId] {
    let SessionGroup { name: _, sessions } = group;
    sessions
}

/// A channel of `wait-for`: locked, woken.
#[derive(Hash, Serialize, Deserialize)]
pub(crate) struct ChannelRecord {
    pub locked: bool,
    pub woken: bool,
}

impl ChannelRecord {
    pub(crate) fn take(channel: &WaitChannel) -> Self {
        // Waiting items have lost their connections.
        let WaitChannel { locked, woken, waiters: _, lockers: _ } = channel;
        Self { locked: *locked, woken: *woken }
    }
}

/// A mode of a pane in its saved form.
#[derive(Hash, Serialize, Deserialize)]
pub(crate) struct ModeRecord<'a> {
    pub name: Cow<'a, str>,
    pub prefix: u32,
    pub state: String,
}

impl<'a> ModeRecord<'a> {
    pub(crate) fn take(entry: &'a ModeEntry) -> Option<Self> {
        // The next server sets the pane's size.
        let ModeEntry { mode, prefix, size: _ } = entry;
        Some(Self { name: mode.name().into(), prefix: *prefix, state: mode.save()? })
    }
}

/// A job that the next server takes over, by the keeper's token.
#[derive(Serialize, Deserialize)]
pub(crate) struct JobRecord<'a> {
    pub token: u64,
    /// Its command line.
    pub name: Cow<'a, str>,
    pub purpose: Cow<'a, Purpose>,
    pub keep_stdin: bool,
    /// True if it runs on a terminal.
    #[serde(default)]
    pub pty: bool,
    pub detached: bool,
    /// Its output so far, and true if there was more.
    pub gathered: Cow<'a, [u8]>,
    pub cut: bool,
}

/// A line of `show-messages`.
#[derive(Hash, Serialize, Deserialize)]
pub(crate) struct MessageRecord<'a> {
    pub time: i64,
    pub text: Cow<'a, str>,
}

/// The whole saved state, by kind.
#[derive(Default)]
pub(crate) struct Snapshot {
    pub server: Option<ServerRecord>,
    pub options: BTreeMap<String, crate::options::Options>,
    pub environs: BTreeMap<String, crate::options::Environ>,
    pub tables: BTreeMap<String, Vec<BindingRecord<'static>>>,
    pub buffers: Vec<(BufferRecord<'static>, Vec<u8>)>,
    pub sessions: BTreeMap<SessionId, SessionRecord<'static>>,
    pub windows: BTreeMap<WindowId, WindowRecord<'static>>,
    pub panes: BTreeMap<PaneId, PaneRecord<'static>>,
    /// Checkpoints in the journals' format.
    pub screens: BTreeMap<PaneId, Vec<u8>>,
    pub groups: BTreeMap<String, Vec<SessionId>>,
    pub prompts: BTreeMap<usize, Vec<String>>,
    pub channels: BTreeMap<String, ChannelRecord>,
    pub messages: BTreeMap<u64, MessageRecord<'static>>,
    /// User ids, and true if they may only read.
    pub access: BTreeMap<u32, bool>,
    pub group_access: BTreeMap<u32, bool>,
    pub history_key: Option<[u8; 32]>,
    pub modes: BTreeMap<PaneId, Vec<ModeRecord<'static>>>,
    pub delayed: BTreeMap<u64, crate::model::Delayed>,
    pub jobs: BTreeMap<u64, JobRecord<'static>>,
    pub monitors: Option<crate::model::monitors::SavedMonitors>,
    pub clients: BTreeMap<u32, ClientRecord>,
    pub passage: Option<Passage>,
    /// Messages about records that could not be read.
    pub refused: Vec<String>,
}

impl Snapshot {
    /// Kind and name of every record.
    pub(crate) fn names(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        let mut add = |kind: Kind, name: String| out.push((kind.name(), name));
        self.server.iter().for_each(|_| add(Kind::Server, String::new()));
        self.options.keys().for_each(|name| add(Kind::Options, name.clone()));
        self.environs.keys().for_each(|name| add(Kind::Environ, name.clone()));
        self.tables.keys().for_each(|name| add(Kind::KeyTable, name.clone()));
        self.buffers.iter().for_each(|(buffer, _)| add(Kind::Buffer, buffer.order.to_string()));
        self.sessions.keys().for_each(|id| add(Kind::Session, id.to_string()));
        self.windows.keys().for_each(|id| add(Kind::Window, id.to_string()));
        self.panes.keys().for_each(|id| add(Kind::Pane, id.to_string()));
        self.screens.keys().for_each(|id| add(Kind::Screen, id.to_string()));
        self.groups.keys().for_each(|name| add(Kind::Group, name.clone()));
        self.prompts.keys().for_each(|number| add(Kind::Prompts, number.to_string()));
        self.channels.keys().for_each(|name| add(Kind::Channel, name.clone()));
        self.messages.keys().for_each(|number| add(Kind::Message, number.to_string()));
        self.access.keys().for_each(|user| add(Kind::Access, user.to_string()));
        self.group_access.keys().for_each(|group| add(Kind::Access, format!("g{group}")));
        self.modes.keys().for_each(|id| add(Kind::Modes, id.to_string()));
        self.delayed.keys().for_each(|number| add(Kind::Delayed, number.to_string()));
        self.jobs.keys().for_each(|token| add(Kind::Job, token.to_string()));
        self.monitors.iter().for_each(|_| add(Kind::Monitors, String::new()));
        self.clients.keys().for_each(|id| add(Kind::Client, id.to_string()));
        self.passage.iter().for_each(|_| add(Kind::Passage, String::new()));
        self.history_key.iter().for_each(|_| add(Kind::HistoryKey, String::new()));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::defaults;
    use crate::syntax::Origin;
    use crate::syntax::parse::{NoContext, parse_string};

    #[test]
    fn default_bindings_are_written_without_being_parsed_and_others_as_text() {
        let parse = |text: &str| parse_string(text, &Origin::default(), &mut NoContext);
        assert!(parse(DEFAULT_COMMANDS).is_err(), "a server takes what it has by default");
        let mut server = Server::default();
        defaults::bind_default_keys(&mut server);
        let table = server.key_tables.tables.get_mut("prefix").unwrap();
        let key = *table.bindings.keys().next().unwrap();
        let ours = std::sync::Arc::new(parse("next-window -a").unwrap());
        table.bindings.get_mut(&key).unwrap().commands = ours.into();
        let records = bindings(table);
        let other: Vec<_> = records.iter().filter(|record| record.commands != DEFAULT_COMMANDS).collect();
        assert_eq!(
            other.iter().map(|r| (r.key, r.commands.as_str())).collect::<Vec<_>>(),
            [(key, "next-window -a")]
        );
        assert!(records.len() > 50);
    }

    #[test]
    fn a_session_of_an_earlier_version_keeps_its_control_characters() {
        let record: SessionRecord<'_> = serde_json::from_str(r#"{"name":"a","termios":[3,28]}"#).unwrap();
        assert_eq!(record.control_chars.as_deref(), Some([3, 28].as_slice()));
        let written = serde_json::to_string(&record).unwrap();
        assert!(written.contains(r#""termios":[3,28]"#), "an earlier version reads it: {written}");
    }

    #[test]
    fn figures_of_panes_are_read_from_the_files_of_other_versions() {
        let mut record = PaneRecord::of_program(WindowId(1), Size::new(80, 24), 2, "/dev/pts/3".into());
        record.lasting = Cow::Owned(Lasting { output_offset: 7, last_output: 8, oom_kills: 9 });
        let mut json = serde_json::to_value(&record).unwrap();
        assert_eq!(json["output_offset"], 7, "where earlier versions look for it");
        let read = |json| serde_json::from_value::<PaneRecord<'_>>(json).unwrap().lasting.into_owned();
        assert_eq!(read(json.clone()), *record.lasting);
        let fields = json.as_object_mut().unwrap();
        fields.remove("last_output");
        fields.insert("of_a_later_version".into(), 1.into());
        assert_eq!(read(json), Lasting { last_output: 0, ..record.lasting.into_owned() });
    }
}
