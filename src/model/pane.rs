//! A pane: its terminal, its process, and the modes that cover it.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::base::clock::Now;
use crate::base::{Colour, PaneId, Size, WindowId};
use crate::options::Options;
use crate::terminal::Terminal;
use crate::terminal::config::Theme;

use super::host::{ExitStatus, JobId};
use super::mode::ModeEntry;

bitflags::bitflags! {
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct PaneFlags: u32 {
        const REDRAW = 0x1;
        const DROP = 0x2;
        const FOCUSED = 0x4;
        const VISITED = 0x8;
        const ZOOMED = 0x10;
        /// `select-pane -d`: input is thrown away.
        const INPUT_OFF = 0x40;
        /// The pane printed something since the flag was last checked.
        const CHANGED = 0x80;
        /// The process has ended.
        const EXITED = 0x100;
        /// The exit status of the program is known.
        const STATUS_READY = 0x200;
        const STATUS_DRAWN = 0x400;
        /// The pane has no process by design.
        const EMPTY = 0x800;
        const STYLE_CHANGED = 0x1000;
        const THEME_CHANGED = 0x2000;
        const UNSEEN_CHANGES = 0x4000;
        /// Its terminal has been closed.
        const CLOSED = 0x8000;
        /// The pane printed something in this turn.
        const ACTIVITY = 0x1_0000;
        /// Its program has printed nothing yet: it may still be starting.
        const SILENT = 0x2_0000;
    }
}

/// Figures about a pane that the next server gets if this one dies: its state file holds them as a whole,
/// so a new one is a field here and nowhere else. A file without the field gives its default.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Lasting {
    /// Count of the bytes printed since the pane was made (control mode offsets).
    pub output_offset: u64,
    /// Time of the last output, seconds since the Unix epoch; 0: never.
    pub last_output: i64,
    /// Out-of-memory kills seen in this pane's scope.
    pub oom_kills: u64,
}

/// A pane. The window's layout decides its place; `x`, `y` and `size` are copied from there.
pub struct Pane {
    pub id: PaneId,
    pub window: WindowId,
    /// Raised each time the pane is used, to find the pane used last.
    pub active_point: u32,
    pub options: Options,
    pub size: Size,
    /// Offset in the window; may be negative for floating panes.
    pub x: i32,
    pub y: i32,
    pub flags: PaneFlags,
    /// The program and its arguments; empty for the default command.
    pub argv: Vec<String>,
    pub shell: String,
    pub cwd: String,
    pub pid: Option<i32>,
    pub tty: String,
    pub status: Option<ExitStatus>,
    pub dead_time: Now,
    /// The emulator. A leaf lock: never hold two, never hold one while calling `Host`.
    pub terminal: Arc<Mutex<Terminal>>,
    /// Modes, top first.
    pub modes: Vec<ModeEntry>,
    /// The last search in this pane, and whether it was a regular expression.
    pub search: Option<(String, bool)>,
    /// The job of an open pipe (`pipe-pane`).
    pub pipe: Option<JobId>,
    /// Colours that a control client reported for this pane's terminal.
    pub control_fg: Option<Colour>,
    pub control_bg: Option<Colour>,
    /// The theme that the program was notified of last, if it asked for that.
    pub announced_theme: Option<Theme>,
    /// Border styles given with `new-pane -S/-R` (style strings).
    pub border_style: Option<String>,
    pub active_border_style: Option<String>,
    /// Scrollbar slider as last drawn: first row and height.
    pub slider: (u32, u32),
    /// Ranges of the pane's border status line, for the mouse.
    pub border_ranges: Vec<super::client::StatusRange>,
    pub lasting: Lasting,
    /// Text of the last notification that the program sent.
    pub notification: String,
}
