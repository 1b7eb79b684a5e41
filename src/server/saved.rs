//! State of a server on disk, so that it survives a reboot: sessions, windows, layouts,
//! directories, titles and options, and the text of each pane. `docs/restore.md` describes it.
//!
//! - `file`: writing and reading files, so that a torn one does no harm
//! - `text`: text of a pane, as a file
//! - `saver`: when to write
//! - `revive`: making sessions of the files

mod file;
mod revive;
mod saver;
mod text;

pub(super) use revive::restore;
pub(super) use saver::Saver;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{PaneId, SessionId, Size, WindowId};
use crate::model::pane::PaneFlags;
use crate::model::session::Session;
use crate::model::window::{Window, WindowFlags};
use crate::model::{Layout, Pane, Server};
use crate::options::{Options, opt};

use super::proc;

/// Sessions in the form of the file. Missing fields have their defaults.
#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Saved {
    /// Start time of the first server in this chain of successors (microseconds since the Unix
    /// epoch).
    pub life: i64,
    /// True if histories are encrypted: texts of panes must not be written to disk.
    pub encrypted: bool,
    pub sessions: Vec<SavedSession>,
    pub windows: Vec<SavedWindow>,
    pub panes: Vec<SavedPane>,
    /// Session groups by name.
    pub groups: BTreeMap<String, Vec<SessionId>>,
}

#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SavedSession {
    pub id: SessionId,
    pub name: String,
    pub cwd: String,
    /// Index and window.
    pub winlinks: Vec<(i32, WindowId)>,
    pub current: i32,
    pub last: Vec<i32>,
    pub group: Option<String>,
    pub options: Options,
}

#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SavedWindow {
    pub id: WindowId,
    pub name: String,
    pub panes: Vec<PaneId>,
    pub active: PaneId,
    pub last_panes: Vec<PaneId>,
    pub z_order: Vec<PaneId>,
    pub layout: Layout,
    /// The layout before a zoom.
    pub saved_layout: Option<Layout>,
    pub last_preset: Option<usize>,
    pub size: Size,
    pub manual_size: Size,
    pub zoomed: bool,
    pub options: Options,
}

#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SavedPane {
    pub id: PaneId,
    pub size: Size,
    /// The command it was started with, and its directory.
    pub argv: Vec<String>,
    pub start_directory: String,
    /// Directory of the program that ran in it, and that program's command line.
    pub directory: String,
    pub program: Vec<String>,
    pub title: String,
    /// Key of its transcript.
    pub history: Option<String>,
    /// True if nothing of it may be written to disk.
    pub off_disk: bool,
    /// True for a pane without a process, by design.
    pub empty: bool,
    pub options: Options,
    #[serde(skip)]
    pub pid: Option<i32>,
}

impl Saved {
    /// Current state. The programs in panes are queried later (`ask_programs`).
    pub(super) fn take(server: &Server) -> Self {
        Self {
            life: server.start_time.wall_us,
            encrypted: server.server_options().get(opt::HISTORY_ENCRYPT),
            sessions: server.sessions.values().map(SavedSession::take).collect(),
            windows: server.windows.values().map(SavedWindow::take).collect(),
            panes: server.panes.values().map(|pane| SavedPane::take(server, pane)).collect(),
            groups: server
                .groups
                .iter()
                .map(|(name, group)| (name.clone(), group.sessions.clone()))
                .collect(),
        }
    }

    /// Queries the program and the directory of each pane.
    pub(super) fn ask_programs(&mut self) {
        for pane in &mut self.panes {
            let Some(pid) = pane.pid else { continue };
            let group = proc::foreground(pid).unwrap_or(pid);
            pane.directory = proc::cwd(group).or_else(|| proc::cwd(pid)).unwrap_or_default();
            pane.program = proc::arguments(group);
        }
    }
}

impl SavedSession {
    fn take(session: &Session) -> Self {
        Self {
            id: session.id,
            name: session.name.clone(),
            cwd: session.cwd.clone(),
            winlinks: session.winlinks.iter().map(|(at, link)| (*at, link.window)).collect(),
            current: session.current,
            last: session.last.clone(),
            group: session.group.clone(),
            options: session.options.clone(),
        }
    }
}

impl SavedWindow {
    fn take(window: &Window) -> Self {
        Self {
            id: window.id,
            name: window.name.clone(),
            panes: window.panes.clone(),
            active: window.active,
            last_panes: window.last_panes.clone(),
            z_order: window.z_order.clone(),
            layout: window.layout.clone(),
            saved_layout: window.saved_layout.clone(),
            last_preset: window.last_preset,
            size: window.size,
            manual_size: window.manual_size,
            zoomed: window.flags.contains(WindowFlags::ZOOMED),
            options: window.options.clone(),
        }
    }
}

impl SavedPane {
    fn take(server: &Server, pane: &Pane) -> Self {
        let (title, history) = {
            let mut terminal = pane.terminal.lock();
            (terminal.title().to_owned(), terminal.history().key())
        };
        Self {
            id: pane.id,
            size: pane.size,
            argv: pane.argv.clone(),
            start_directory: pane.cwd.clone(),
            directory: String::new(),
            program: Vec::new(),
            title,
            history,
            off_disk: !server.pane_options(pane.id).get(opt::HISTORY_DISK),
            empty: pane.flags.contains(PaneFlags::EMPTY),
            options: pane.options.clone(),
            pid: pane.pid.filter(|_| pane.status.is_none()),
        }
    }
}
