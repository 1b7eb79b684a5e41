//! What a server leaves with the keeper for the one after it: everything that people made and
//! would miss, as plain records. Clients, prompts, modes and jobs are not in it; clients see
//! their server go and attach again.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::OwnedFd;

use nix::sys::memfd::{MFdFlags, memfd_create};
use serde::{Deserialize, Serialize};

use crate::base::clock::Now;
use crate::base::{Key, PaneId, Point, SessionId, Size, WindowId};
use crate::model::Server;
use crate::model::host::ExitStatus;
use crate::model::pane::{Pane, PaneFlags};
use crate::model::window::{Window, WindowFlags};
use crate::options::{Environ, Options};
use crate::terminal::Terminal;
use crate::terminal::capture::{Capture, CaptureOptions};

use super::runtime::Runtime;

/// Time between two snapshots of a busy server. A change of sessions, windows or panes is
/// deposited at once.
const INTERVAL_MS: u64 = 1000;
/// Paste buffers kept, newest first, in bytes of data; the rest is not worth copying each time.
const MAX_BUFFER_BYTES: usize = 4 << 20;

/// A server, without what cannot outlive it.
#[derive(Serialize, Deserialize)]
pub struct Snapshot {
    pub options: [Options; 3],
    pub environ: Environ,
    pub next_session: u32,
    pub next_window: u32,
    pub next_pane: u32,
    pub start_time: Now,
    pub activity_counter: u64,
    pub active_point: u32,
    pub prompt_history: [Vec<String>; 4],
    pub buffers: Vec<BufferRecord>,
    pub next_buffer: (u64, u64),
    pub tables: Vec<(String, Vec<BindingRecord>)>,
    pub sessions: Vec<SessionRecord>,
    pub groups: Vec<(String, Vec<SessionId>)>,
    pub windows: Vec<WindowRecord>,
    pub panes: Vec<PaneRecord>,
    /// What transcripts are encrypted with. It is nowhere but here and in the server's memory.
    #[serde(default)]
    pub history_key: Option<[u8; 32]>,
}

#[derive(Serialize, Deserialize)]
pub struct BufferRecord {
    pub name: String,
    pub data: Vec<u8>,
    pub automatic: bool,
    pub created: i64,
    pub order: u64,
}

#[derive(Serialize, Deserialize)]
pub struct BindingRecord {
    pub key: Key,
    pub commands: String,
    pub note: Option<String>,
    pub repeat: bool,
}

#[derive(Serialize, Deserialize)]
pub struct SessionRecord {
    pub id: SessionId,
    pub name: String,
    pub cwd: String,
    pub created: Now,
    pub last_attached: Now,
    pub activity: Now,
    pub activity_order: u64,
    pub last_activity: Now,
    /// Index, window, and bits of `WinlinkFlags`.
    pub winlinks: Vec<(i32, WindowId, u8)>,
    pub current: i32,
    pub last: Vec<i32>,
    pub options: Options,
    pub environ: Environ,
    pub group: Option<String>,
    pub termios: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
pub struct WindowRecord {
    pub id: WindowId,
    pub name: String,
    pub panes: Vec<PaneId>,
    pub active: PaneId,
    pub last_panes: Vec<PaneId>,
    pub z_order: Vec<PaneId>,
    /// As `#{window_layout}`, without a zoom.
    pub layout: String,
    pub last_preset: Option<usize>,
    pub size: Size,
    pub manual_size: Size,
    pub cell_pixels: (u32, u32),
    /// Bits of `WindowFlags`.
    pub flags: u8,
    pub options: Options,
    pub created: Now,
    pub activity: Now,
}

#[derive(Serialize, Deserialize)]
pub struct PaneRecord {
    pub id: PaneId,
    pub window: WindowId,
    pub active_point: u32,
    pub options: Options,
    pub size: Size,
    /// Bits of `PaneFlags`.
    pub flags: u32,
    pub argv: Vec<String>,
    pub shell: String,
    pub cwd: String,
    pub pid: Option<i32>,
    pub tty: String,
    pub status: Option<ExitStatus>,
    pub dead_time: Now,
    pub search: Option<(String, bool)>,
    pub border_style: Option<String>,
    pub active_border_style: Option<String>,
    pub output_offset: u64,
    pub oom_kills: u64,
    pub screen: ScreenRecord,
}

/// A screen as text that draws it again.
#[derive(Serialize, Deserialize)]
pub struct ScreenRecord {
    pub title: String,
    pub path: String,
    pub rows: Vec<String>,
    /// The normal screen below the alternate one.
    pub saved: Option<(Vec<String>, Point)>,
    pub cursor: Point,
    pub region: (u32, u32),
    /// Bits of `Modes`.
    pub modes: u32,
}

/// When the next snapshot is due, and what the last one covered.
#[derive(Default)]
pub struct Deposits {
    pub dirty: bool,
    next_ms: u64,
    shape: [usize; 6],
}

impl Deposits {
    /// When the loop must wake up for a snapshot.
    pub fn due_ms(&self) -> Option<u64> {
        self.dirty.then_some(self.next_ms)
    }
}

impl Runtime {
    /// Deposits a snapshot when one is due.
    pub fn keep_snapshot(&mut self) {
        let server = &self.server;
        let shape = [
            server.sessions.len(),
            server.windows.len(),
            server.panes.len(),
            server.next_session as usize,
            server.next_window as usize,
            server.next_pane as usize,
        ];
        let now_ms = self.world.now.mono_ms;
        let due = self.deposits.dirty && now_ms >= self.deposits.next_ms;
        if server.exiting {
            // Nothing is kept of a server that is asked to end.
            self.deposits.dirty = false;
        }
        if server.exiting || !server.config_done || !(due || shape != self.deposits.shape) {
            return;
        }
        self.deposits = Deposits { dirty: false, next_ms: now_ms + INTERVAL_MS, shape };
        self.world.pump.save_disturbed();
        // Without a snapshot a later server starts empty; there is nobody to tell.
        let history_key = self.world.histories.key();
        if let Ok(file) = (Snapshot { history_key, ..Snapshot::take(&self.server) }).write() {
            self.world.custody.deposit(file);
        }
    }
}

impl Snapshot {
    /// Looks at everything once.
    pub fn take(server: &Server) -> Self {
        let sessions = server.sessions.values().map(|s| SessionRecord {
            id: s.id,
            name: s.name.clone(),
            cwd: s.cwd.clone(),
            created: s.created,
            last_attached: s.last_attached,
            activity: s.activity,
            activity_order: s.activity_order,
            last_activity: s.last_activity,
            winlinks: s.winlinks.iter().map(|(at, link)| (*at, link.window, link.flags.bits())).collect(),
            current: s.current,
            last: s.last.clone(),
            options: s.options.clone(),
            environ: s.environ.clone(),
            group: s.group.clone(),
            termios: s.termios.clone(),
        });
        let globals = &server.options;
        Self {
            options: [globals.server.clone(), globals.session.clone(), globals.window.clone()],
            environ: server.environ.clone(),
            next_session: server.next_session,
            next_window: server.next_window,
            next_pane: server.next_pane,
            start_time: server.start_time,
            activity_counter: server.activity_counter,
            active_point: server.active_point,
            prompt_history: server.prompt_history.clone(),
            buffers: buffers(server),
            next_buffer: (server.buffers.next_index, server.buffers.next_order),
            tables: tables(server),
            sessions: sessions.collect(),
            groups: server
                .groups
                .iter()
                .map(|(name, group)| (name.clone(), group.sessions.clone()))
                .collect(),
            windows: server.windows.values().filter_map(window).collect(),
            panes: server.panes.values().map(pane).collect(),
            history_key: None,
        }
    }

    /// The snapshot in a file of its own, read from its start.
    fn write(&self) -> std::io::Result<OwnedFd> {
        let mut file = File::from(memfd_create(c"snapshot", MFdFlags::MFD_CLOEXEC)?);
        file.write_all(&serde_json::to_vec(self)?)?;
        file.rewind()?;
        Ok(file.into())
    }
}

fn buffers(server: &Server) -> Vec<BufferRecord> {
    let mut all: Vec<_> = server.buffers.by_name.values().collect();
    all.sort_by_key(|buffer| std::cmp::Reverse(buffer.order));
    let mut room = MAX_BUFFER_BYTES;
    all.retain(|buffer| {
        let fits = buffer.data.len() <= room;
        room -= if fits { buffer.data.len() } else { 0 };
        fits
    });
    let record = |buffer: &crate::model::buffers::Buffer| BufferRecord {
        name: buffer.name.clone(),
        data: buffer.data.to_vec(),
        automatic: buffer.automatic,
        created: buffer.created,
        order: buffer.order,
    };
    all.into_iter().map(record).collect()
}

fn tables(server: &Server) -> Vec<(String, Vec<BindingRecord>)> {
    let bindings = |table: &crate::model::key_tables::KeyTable| {
        let records = table.bindings.values().map(|binding| BindingRecord {
            key: binding.key,
            commands: binding.commands.print_flat(false),
            note: binding.note.clone(),
            repeat: binding.repeat,
        });
        records.collect()
    };
    server.key_tables.tables.iter().map(|(name, table)| (name.clone(), bindings(table))).collect()
}

fn window(w: &Window) -> Option<WindowRecord> {
    let layout =
        w.saved_layout.as_ref().filter(|_| w.flags.contains(WindowFlags::ZOOMED)).unwrap_or(&w.layout);
    Some(WindowRecord {
        id: w.id,
        name: w.name.clone(),
        panes: w.panes.clone(),
        active: w.active,
        last_panes: w.last_panes.clone(),
        z_order: w.z_order.clone(),
        layout: layout.print(&w.z_order, layout)?,
        last_preset: w.last_preset,
        size: w.size,
        manual_size: w.manual_size,
        cell_pixels: w.cell_pixels,
        flags: (w.flags - (WindowFlags::ZOOMED | WindowFlags::WAS_ZOOMED)).bits(),
        options: w.options.clone(),
        created: w.created,
        activity: w.activity,
    })
}

fn pane(p: &Pane) -> PaneRecord {
    PaneRecord {
        id: p.id,
        window: p.window,
        active_point: p.active_point,
        options: p.options.clone(),
        size: p.size,
        flags: (p.flags - (PaneFlags::FOCUSED | PaneFlags::ZOOMED)).bits(),
        argv: p.argv.clone(),
        shell: p.shell.clone(),
        cwd: p.cwd.clone(),
        pid: p.pid,
        tty: p.tty.clone(),
        status: p.status,
        dead_time: p.dead_time,
        search: p.search.clone(),
        border_style: p.border_style.clone(),
        active_border_style: p.active_border_style.clone(),
        output_offset: p.output_offset,
        oom_kills: p.oom_kills,
        screen: ScreenRecord::take(&p.terminal.lock()),
    }
}

impl ScreenRecord {
    fn take(terminal: &Terminal) -> Self {
        let options = CaptureOptions { sequences: true, trailing: true, ..CaptureOptions::default() };
        let draw = |rows: Vec<crate::base::history::Row>, cols: u32| {
            let row = |row: &_| Capture::new(options, cols).text(row, terminal.links());
            rows.iter().map(row).collect::<Vec<String>>()
        };
        let size = terminal.size();
        let saved = terminal.saved_size().map(|saved| {
            let rows = (0..saved.rows).filter_map(|y| terminal.saved_row(y)).collect();
            (draw(rows, saved.cols), terminal.saved_cursor().unwrap_or_default())
        });
        Self {
            title: terminal.title().to_owned(),
            path: terminal.path().to_owned(),
            rows: draw((0..size.rows).map(|y| terminal.row(y)).collect(), size.cols),
            saved,
            cursor: terminal.cursor(),
            region: terminal.scroll_region(),
            modes: terminal.modes().bits(),
        }
    }
}
