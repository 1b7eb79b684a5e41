//! What a server leaves with the keeper for the one after it: everything that people made and
//! would miss, as plain records. Clients, prompts, modes and jobs are not in it; clients see
//! their server go and attach again.

mod file;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::clock::Now;
use crate::base::{Key, PaneId, Point, SessionId, Size, WindowId};
use crate::model::Server;
use crate::model::host::ExitStatus;
use crate::model::key_tables::{Binding, KeyTables};
use crate::model::pane::{Pane, PaneFlags};
use crate::model::window::{Window, WindowFlags};
use crate::options::{Environ, Options};
use crate::terminal::Terminal;
use crate::terminal::capture::{Capture, CaptureOptions};

use super::runtime::Runtime;
use file::{Left, Place, SnapshotFile};

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
    /// In a part of the file: where.
    #[serde(default)]
    tables_at: Option<Place>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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
    /// In a part of the file: where.
    #[serde(default)]
    data_at: Option<Place>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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
    /// Of a pane without a journal, from which the next server knows more.
    #[serde(default)]
    pub screen: Option<ScreenRecord>,
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
    /// None: begins with the next snapshot.
    book: Option<Book>,
}

/// The bindings of all tables, and where they were written.
struct Tables {
    bindings: Vec<(String, Vec<Binding>)>,
    place: Place,
}

/// The file, and which parts of it hold what still is as it was.
struct Book {
    file: SnapshotFile,
    tables: Option<Tables>,
    /// By number (`Buffer::order`): what was written, and where.
    buffers: BTreeMap<u64, (Arc<[u8]>, Place)>,
    /// Parts that the next index does not name.
    outdated: Vec<Place>,
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
        self.deposits.dirty = false;
        self.deposits.next_ms = now_ms + INTERVAL_MS;
        self.deposits.shape = shape;
        self.world.pump.save_disturbed();
        // What a journal has of a screen is taken up with the transcript that it belongs to.
        let stored = self.world.histories.store().is_some();
        let whole = |pane| !(stored && self.world.pump.has_journal(pane));
        let snapshot = Snapshot { history_key: self.world.histories.key(), ..Snapshot::take(server, whole) };
        // Without a snapshot a later server starts empty; there is nobody to tell.
        let kept = self.deposits.book.take().filter(|book| !book.is_spent());
        if let Ok(mut book) = kept.map_or_else(Book::begin, Ok)
            && let Ok(news) = book.enter(server, snapshot)
        {
            if let Some(file) = news {
                self.world.custody.deposit(file);
            }
            self.deposits.book = Some(book);
        }
    }
}

impl Book {
    fn begin() -> io::Result<Self> {
        let file = SnapshotFile::create()?;
        Ok(Self { file, tables: None, buffers: BTreeMap::new(), outdated: Vec::new() })
    }

    fn is_spent(&self) -> bool {
        self.file.is_spent(self.buffers.values().map(|(data, _)| data.len() as u64).sum())
    }

    /// Makes a snapshot the newest. Returns the file when it was the first in it.
    fn enter(&mut self, server: &Server, mut snapshot: Snapshot) -> io::Result<Option<OwnedFd>> {
        let first = !self.file.has_index();
        snapshot.tables_at = Some(self.enter_tables(server)?);
        snapshot.buffers = self.enter_buffers(server)?;
        self.file.publish(&serde_json::to_vec(&snapshot)?)?;
        for place in self.outdated.drain(..) {
            self.file.free(place);
        }
        first.then(|| self.file.share()).transpose()
    }

    fn enter_tables(&mut self, server: &Server) -> io::Result<Place> {
        if let Some(tables) = self.tables.as_ref().filter(|tables| tables.are_still(&server.key_tables)) {
            return Ok(tables.place);
        }
        let place = self.file.put(&serde_json::to_vec(&tables(server))?)?;
        let all = server.key_tables.tables.iter();
        let bindings = all.map(|(name, table)| (name.clone(), table.bindings.values().cloned().collect()));
        let before = self.tables.replace(Tables { bindings: bindings.collect(), place });
        self.outdated.extend(before.map(|before| before.place));
        Ok(place)
    }

    fn enter_buffers(&mut self, server: &Server) -> io::Result<Vec<BufferRecord>> {
        let mut before = std::mem::take(&mut self.buffers);
        let mut records = Vec::new();
        let mut room = MAX_BUFFER_BYTES;
        for buffer in server.buffers.by_time() {
            let Some(left) = room.checked_sub(buffer.data.len()) else { continue };
            room = left;
            let is_still = |(data, _): &(Arc<[u8]>, Place)| Arc::ptr_eq(data, &buffer.data);
            let place = match before.get(&buffer.order).filter(|kept| is_still(kept)) {
                Some(&(_, place)) => {
                    before.remove(&buffer.order);
                    place
                }
                None => self.file.put(&buffer.data)?,
            };
            self.buffers.insert(buffer.order, (buffer.data.clone(), place));
            records.push(BufferRecord {
                name: buffer.name.clone(),
                data_at: Some(place),
                data: Vec::new(),
                automatic: buffer.automatic,
                created: buffer.created,
                order: buffer.order,
            });
        }
        self.outdated.extend(before.into_values().map(|(_, place)| place));
        Ok(records)
    }
}

impl Tables {
    /// Whether every key still does the same.
    fn are_still(&self, now: &KeyTables) -> bool {
        let is_still = |then: &Binding, now: &Binding| {
            then.key == now.key
                && Arc::ptr_eq(&then.commands, &now.commands)
                && then.note == now.note
                && then.repeat == now.repeat
        };
        self.bindings.len() == now.tables.len()
            && self.bindings.iter().zip(&now.tables).all(|((name, then), (now_name, now))| {
                name == now_name
                    && then.len() == now.bindings.len()
                    && then.iter().zip(now.bindings.values()).all(|(then, now)| is_still(then, now))
            })
    }
}

impl Snapshot {
    /// What the server before left; None when that cannot be read.
    pub fn read(deposit: OwnedFd) -> Option<Self> {
        let left = Left::open(deposit).ok()?;
        let mut snapshot: Self = serde_json::from_slice(&left.index).ok()?;
        if let Some(place) = snapshot.tables_at {
            snapshot.tables = serde_json::from_slice(&left.part(place).ok()?).ok()?;
        }
        for buffer in &mut snapshot.buffers {
            if let Some(place) = buffer.data_at {
                buffer.data = left.part(place).ok()?;
            }
        }
        Some(snapshot)
    }

    /// Looks at everything once, but for what has parts of its own. `whole` says which panes'
    /// screens are to be in it.
    fn take(server: &Server, whole: impl Fn(PaneId) -> bool) -> Self {
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
            buffers: Vec::new(),
            next_buffer: (server.buffers.next_index, server.buffers.next_order),
            tables_at: None,
            tables: Vec::new(),
            sessions: sessions.collect(),
            groups: server
                .groups
                .iter()
                .map(|(name, group)| (name.clone(), group.sessions.clone()))
                .collect(),
            windows: server.windows.values().filter_map(window).collect(),
            panes: server.panes.values().map(|p| pane(p, whole(p.id))).collect(),
            history_key: None,
        }
    }
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

fn pane(p: &Pane, whole: bool) -> PaneRecord {
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
        screen: whole.then(|| ScreenRecord::take(&p.terminal.lock())),
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
