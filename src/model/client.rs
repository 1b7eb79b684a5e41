//! A connected client: a terminal, a control client, or a script's one command.

use crate::base::clock::Now;
use crate::base::{ClientId, Colour, Key, MouseEvent, PaneId, SessionId, Size, WindowId};
use crate::options::Environ;

use super::host::TimerId;
use super::mode::{Drag, Overlay, Prompt};
use super::queue::ItemId;

bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
    pub struct ClientFlags: u64 {
        /// The client has a terminal.
        const TERMINAL = 0x1;
        const LOGIN = 0x2;
        /// Asked to exit once its output is written.
        const EXIT = 0x4;
        const REPEAT = 0x20;
        const SUSPENDED = 0x40;
        const ATTACHED = 0x80;
        const EXITED = 0x100;
        const DEAD = 0x200;
        const READONLY = 0x800;
        const NO_START_SERVER = 0x1000;
        const CONTROL = 0x2000;
        /// `-CC`.
        const CONTROL_CONTROL = 0x4000;
        const FOCUSED = 0x8000;
        const UTF8 = 0x1_0000;
        const IGNORE_SIZE = 0x2_0000;
        const IDENTIFIED = 0x4_0000;
        const DOUBLE_CLICK = 0x10_0000;
        const TRIPLE_CLICK = 0x20_0000;
        const SIZE_CHANGED = 0x40_0000;
        const STATUS_OFF = 0x80_0000;
        const CONTROL_NO_OUTPUT = 0x400_0000;
        const ACTIVE_PANE = 0x800_0000;
        const CONTROL_PAUSE_AFTER = 0x1000_0000;
        const CONTROL_WAIT_EXIT = 0x2000_0000;
        const START_SERVER = 0x4000_0000;
        const NO_FORK = 0x8000_0000;
        const BRACKET_PASTING = 0x1_0000_0000;
        const ASSUME_PASTING = 0x2_0000_0000;
        const NO_DETACH_ON_DESTROY = 0x4_0000_0000;
        const REDRAW = 0x8_0000_0000;
        /// A pane in view that floods changed: a frame is due, but not at once.
        const FLOODED = 0x40_0000_0000;
        /// A pane in view printed, but not in answer to a key: while output of other panes waits to be
        /// read, the frame is delayed by a few milliseconds.
        const PACED = 0x80_0000_0000;
        /// Somebody typed, or a pane answers a key: the next frame is drawn without delay.
        const URGENT = 0x100_0000_0000;
        /// A pane in view changed, but its output is held back: only the cursor is updated.
        const HELD = 0x200_0000_0000;
        /// The client's size does not count for the sizes of windows.
        const UNATTACHED_SIZE = 0x10_0000_0000;
        /// A control client gave a size for one window.
        const WINDOW_SIZE_CHANGED = 0x20_0000_0000;
    }
}

/// The range that the mouse hits in a status line or border (`#[range=…]`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RangeKind {
    Left,
    Right,
    Pane(PaneId),
    /// Index of a winlink.
    Window(i32),
    Session(SessionId),
    User(String),
    Control(u8),
}

/// Columns `start..end` of a line, with the range that they belong to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusRange {
    pub start: u32,
    pub end: u32,
    pub kind: RangeKind,
}

/// A message shown in the status line.
#[derive(Clone, Debug)]
pub struct StatusMessage {
    pub text: String,
    /// Keys are dropped and the message stays. Else the next key closes the message and is handled as
    /// usual.
    pub ignore_keys: bool,
    pub ignore_styles: bool,
    /// Output of panes is not drawn while the message is shown.
    pub freezes: bool,
    pub timer: Option<TimerId>,
}

/// Maximum number of keys held down whose release must not reach programs; beyond it, the oldest is
/// forgotten.
const MAX_WITHHELD: usize = 16;

impl Client {
    /// Records the press of a key; `reached` is true if a program got it.
    pub fn note_press(&mut self, number: u32, reached: bool) {
        self.withheld.retain(|known| *known != number);
        if !reached {
            self.withheld.push(number);
            self.withheld.drain(..self.withheld.len().saturating_sub(MAX_WITHHELD));
        }
    }

    /// Called when a key is released. Returns true if its press was kept from programs.
    pub fn was_withheld(&mut self, number: u32) -> bool {
        let known = self.withheld.iter().position(|known| *known == number);
        known.map(|at| self.withheld.remove(at)).is_some()
    }
}

/// Click and drag state.
#[derive(Default)]
pub struct MouseState {
    /// The last click: its button, where it was, and its event. Another one soon after it at
    /// the same place makes a double click.
    pub click: Option<MouseEvent>,
    pub click_location: Option<crate::base::MouseLocation>,
    /// Runs out when no other click can follow.
    pub click_timer: Option<TimerId>,
    /// The click timer has to be started (again); the code that handles the key starts it.
    pub click_pending: bool,
    /// The button that is being dragged: its bits plus one.
    pub drag_button: u32,
    /// Called with each event of the drag.
    pub drag: Option<Box<dyn Drag>>,
    /// The pane where the drag began.
    pub last_pane: Option<PaneId>,
    /// The slider of a scrollbar is being dragged, held this far below its first row.
    pub scrolling: bool,
    pub slider_offset: i32,
}

/// Per-window state of a client (`active-pane` flag, offsets of its view).
#[derive(Clone, Copy, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct ClientWindow {
    pub pane: Option<PaneId>,
    pub size: Size,
}

pub struct Client {
    pub id: ClientId,
    /// Name as users see it: the terminal's path or `client-PID`.
    pub name: String,
    pub pid: i32,
    pub uid: u32,
    /// Its group, where the connection tells.
    pub gid: Option<u32>,
    pub user: String,
    /// Path of its terminal, empty without one.
    pub tty: String,
    pub term_name: String,
    /// Answer to XTVERSION.
    pub term_type: String,
    /// Feature names in force, comma-separated, as `#{client_termfeatures}`.
    pub term_features: String,
    /// Capabilities sent at identify, `name=value`.
    pub term_caps: Vec<String>,
    pub flags: ClientFlags,
    pub exit_status: i32,
    pub exit_message: Option<String>,
    pub cwd: String,
    /// Environment of the client's process.
    pub environ: Environ,
    /// The status line has an animation and is redrawn for its next frame.
    pub animated: bool,
    /// Size of the whole terminal.
    pub size: Size,
    pub cell_pixels: (u32, u32),
    pub session: Option<SessionId>,
    pub last_session: Option<SessionId>,
    pub created: Now,
    pub activity: Now,
    /// `Server::activity_counter` at the last activity.
    pub activity_order: u64,
    /// The client's key table if it is not the default one, and when that was set.
    pub key_table: Option<String>,
    pub key_table_since_ms: u64,
    pub last_key: Option<Key>,
    /// Kitty numbers of keys whose press did not reach a program; their release must not either.
    pub withheld: Vec<u32>,
    pub repeat_timer: Option<TimerId>,
    /// Last title set on its terminal.
    pub title: String,
    pub message: Option<StatusMessage>,
    pub prompt: Option<Box<dyn Prompt>>,
    pub overlay: Option<Box<dyn Overlay>>,
    pub overlay_timer: Option<TimerId>,
    pub mouse: MouseState,
    /// Offset of the view, set by hand, into a window that is larger than the client.
    pub pan: Option<(WindowId, u32, u32)>,
    /// View into the window as last drawn: offset, size, and whether the window is larger.
    pub view: (u32, u32, Size, bool),
    pub windows: std::collections::BTreeMap<WindowId, ClientWindow>,
    /// Ranges of each status line as last drawn.
    pub status_ranges: Vec<Vec<StatusRange>>,
    /// Status line needs to be computed again (interval, options, names).
    pub status_dirty: bool,
    /// The next status line runs its `#()` commands again, even if they ran just now.
    pub status_forced: bool,
    /// When the status line is due for its interval (monotonic ms).
    pub status_due_ms: u64,
    /// Terminal colours it reported, and dark or light theme.
    pub fg: Option<Colour>,
    pub bg: Option<Colour>,
    pub theme: Option<Theme>,
    /// A control client's panes are paused when they are this far behind (`pause-after`).
    pub pause_age_ms: u32,
    /// Bytes written to and discarded for its terminal.
    pub written: u64,
    pub discarded: u64,
    /// Time of the last input (monotonic ms); the lock timer counts from here.
    pub last_input_ms: u64,
    /// State of control mode: parsed input and output queues. Owned by the `control` room.
    pub control: Option<Box<dyn std::any::Any + Send>>,
    /// The command item that waits for this client (attach from a command line).
    pub waiting_item: Option<ItemId>,
    /// Clipboard queries from panes that wait for an answer.
    pub clipboard_panes: Vec<PaneId>,
    /// Terminal features asked for with `-T` or `-2`, as bits of the protocol.
    pub feature_bits: u32,
    /// Its terminal brackets pastes.
    pub brackets_pastes: bool,
    /// Start of the paste in progress, seconds since the Unix epoch.
    pub paste_since: i64,
    /// Time of the activity before the last.
    pub last_activity: Now,
}

impl Client {
    /// A client that has just connected.
    pub fn new(id: ClientId, now: Now) -> Self {
        Self {
            id,
            name: String::new(),
            pid: 0,
            uid: 0,
            gid: None,
            user: String::new(),
            tty: String::new(),
            term_name: String::new(),
            term_type: String::new(),
            term_features: String::new(),
            term_caps: Vec::new(),
            flags: ClientFlags::FOCUSED,
            exit_status: 0,
            exit_message: None,
            cwd: String::new(),
            environ: Default::default(),
            animated: false,
            size: Size::new(80, 24),
            cell_pixels: Default::default(),
            session: None,
            last_session: None,
            created: now,
            activity: now,
            activity_order: 0,
            key_table: None,
            key_table_since_ms: 0,
            last_key: None,
            withheld: Vec::new(),
            repeat_timer: None,
            title: String::new(),
            message: None,
            prompt: None,
            overlay: None,
            overlay_timer: None,
            mouse: Default::default(),
            pan: None,
            view: Default::default(),
            windows: Default::default(),
            status_ranges: Vec::new(),
            status_dirty: false,
            status_forced: false,
            status_due_ms: 0,
            fg: None,
            bg: None,
            theme: None,
            pause_age_ms: 0,
            written: 0,
            discarded: 0,
            last_input_ms: 0,
            control: None,
            waiting_item: None,
            clipboard_panes: Vec::new(),
            feature_bits: 0,
            brackets_pastes: false,
            paste_since: 0,
            last_activity: now,
        }
    }

    /// True if the client's terminal shows pictures by kitty's protocol.
    pub fn has_pictures(&self) -> bool {
        self.term_features.split(',').any(|name| name == "kittygraphics")
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Theme {
    Light,
    Dark,
}
