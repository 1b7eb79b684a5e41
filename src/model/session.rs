//! Sessions, their winlinks, and session groups.

use std::collections::BTreeMap;

use crate::base::clock::Now;
use crate::base::{SessionId, WindowId};
use crate::options::{Environ, Options};

bitflags::bitflags! {
    /// Alerts of a winlink, and a mark for the last windows.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct WinlinkFlags: u8 {
        const BELL = 0x1;
        const ACTIVITY = 0x2;
        const SILENCE = 0x4;
        const VISITED = 0x8;
        /// A program sent a notification (`notifications`).
        const NOTIFIED = 0x10;
        const ALERTS = 0x17;
    }
}

/// A window's place in a session.
#[derive(Clone, Copy, Debug)]
pub struct Winlink {
    pub window: WindowId,
    /// `Server::next_link` when it was made, to tell it from an earlier winlink at the same index.
    pub made: u64,
    pub flags: WinlinkFlags,
}

/// A session: a named set of winlinks with a current one.
pub struct Session {
    pub id: SessionId,
    pub name: String,
    /// Working directory of new panes.
    pub cwd: String,
    pub created: Now,
    /// Last time a client was attached; zero when never.
    pub last_attached: Now,
    pub activity: Now,
    /// `Server::activity_counter` at the last activity.
    pub activity_order: u64,
    pub last_activity: Now,
    pub winlinks: BTreeMap<i32, Winlink>,
    /// Index of the current winlink.
    pub current: i32,
    /// Indexes of winlinks visited before, newest first.
    pub last: Vec<i32>,
    pub options: Options,
    pub environ: Environ,
    /// Time at which the session locks if there is no activity (monotonic ms).
    pub lock_due_ms: Option<u64>,
    /// Count of attached clients.
    pub attached: u32,
    pub group: Option<String>,
    /// Alerts were already shown for this session in this check.
    pub alerted: bool,
    /// Control characters (`c_cc`) of the terminal that the session was made on: new panes get them.
    pub control_chars: Option<Vec<u8>>,
    /// Row of the status line on its clients (`None` when off) and its height in lines.
    pub status_at: Option<u32>,
    pub status_lines: u32,
}

/// Sessions that share their windows.
#[derive(Clone, Debug, Default)]
pub struct SessionGroup {
    pub name: String,
    /// Members, oldest first.
    pub sessions: Vec<SessionId>,
}
