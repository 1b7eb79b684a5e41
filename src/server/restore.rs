//! A new server takes over what the one before left with the keeper: its snapshot, the
//! terminals of its panes, and how those ended that ended in between.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::base::{PaneId, WindowId};
use crate::model::buffers::Buffer;
use crate::model::host::{ExitStatus, Host};
use crate::model::key_tables::Binding;
use crate::model::layout::Layout;
use crate::model::option_access::OptionScope;
use crate::model::pane::{Pane, PaneFlags};
use crate::model::session::{Session, SessionGroup, Winlink, WinlinkFlags};
use crate::model::window::{Window, WindowFlags};
use crate::protocol::custody::{HeldChild, Part, Recovered};
use crate::syntax::parse::NoContext;
use crate::syntax::{Origin, parse_string};
use crate::terminal::{Modes, Terminal, TerminalConfig};
use crate::transcript::{self, Journal};

use super::custody::exit_status;
use super::pump::split_checkpoint;
use super::runtime::Runtime;
use super::snapshot::{PaneRecord, ScreenRecord, SessionRecord, Snapshot, WindowRecord};

impl Runtime {
    /// Takes over; false when nothing is left to serve.
    pub fn restore(&mut self, recovered: Recovered) -> bool {
        self.world.custody.begin_taking(recovered.left_out);
        let mut held: BTreeMap<PaneId, HeldChild> = BTreeMap::new();
        for child in recovered.children {
            match u32::try_from(child.token) {
                Ok(number) => drop(held.insert(PaneId(number), child)),
                Err(_) => self.world.custody.release(child.token),
            }
        }
        let Some(mut snapshot) = recovered.deposit.and_then(Snapshot::read) else { return false };
        let panes = std::mem::take(&mut snapshot.panes);
        let mut windows = std::mem::take(&mut snapshot.windows);
        let mut sessions = std::mem::take(&mut snapshot.sessions);
        if let Some(key) = snapshot.history_key {
            self.world.histories.set_key(key);
        }
        if !self.world.custody.takes(Part::Settings) {
            self.leave_out_settings(&mut snapshot, &mut windows, &mut sessions);
        }
        self.restore_globals(snapshot);
        self.cx().apply_server_limits();
        self.server.update_width_rules();
        // Without its terminal, or a reason to be shown dead, a pane was closed just then.
        let is_left = |record: &PaneRecord| {
            let stays = record.status.is_some() || flags(record).contains(PaneFlags::EMPTY);
            stays || held.contains_key(&record.id)
        };
        let panes: Vec<PaneRecord> = panes.into_iter().filter(is_left).collect();
        let left: BTreeSet<PaneId> = panes.iter().map(|record| record.id).collect();
        // Windows and sessions first: their options say how panes' output is taken and kept.
        let window_ids: Vec<WindowId> = windows.iter().map(|record| record.id).collect();
        windows.into_iter().for_each(|record| self.restore_window(record, &left));
        sessions.into_iter().for_each(|record| self.restore_session(record));
        let mut ended = Vec::new();
        for record in panes {
            let child = held.remove(&record.id);
            ended.extend(self.restore_pane(record, child));
        }
        window_ids.into_iter().for_each(|window| self.cx().fix_panes(window, None));
        // Started after the last snapshot: nobody knows where it belongs.
        for (pane, child) in held {
            self.world.kill(child.pid, libc::SIGHUP);
            self.world.custody.close_pane(pane);
        }
        self.forget_empty_groups();
        self.server.config_started = true;
        self.server.config_done = true;
        self.server.sizes_dirty = true;
        for (pid, status) in ended {
            self.process_ended(pid, status);
        }
        self.world.custody.takes(Part::Whole);
        !self.server.sessions.is_empty()
    }

    fn restore_globals(&mut self, snapshot: Snapshot) {
        let server = &mut self.server;
        [server.options.server, server.options.session, server.options.window] = snapshot.options;
        server.environ = snapshot.environ;
        server.next_session = snapshot.next_session;
        server.next_window = snapshot.next_window;
        server.next_pane = snapshot.next_pane;
        server.start_time = snapshot.start_time;
        server.activity_counter = snapshot.activity_counter;
        server.active_point = snapshot.active_point;
        server.prompt_history = snapshot.prompt_history;
        (server.buffers.next_index, server.buffers.next_order) = snapshot.next_buffer;
        for record in snapshot.buffers {
            let name = record.name.clone();
            let (automatic, created, order) = (record.automatic, record.created, record.order);
            let buffer = Buffer { name: record.name, data: record.data.into(), automatic, created, order };
            server.buffers.by_name.insert(name, buffer);
        }
        for table in server.key_tables.tables.values_mut() {
            table.bindings.clear();
        }
        for (name, records) in snapshot.tables {
            let table = server.key_tables.tables.entry(name).or_default();
            for record in records {
                let key = record.key;
                let parsed = parse_string(&record.commands, &Origin::default(), &mut NoContext);
                let default = table.defaults.get(&key.identity()).map(|binding| binding.commands.clone());
                let Some(commands) = parsed.ok().map(Arc::new).or(default) else { continue };
                let binding = Binding { key, commands, note: record.note, repeat: record.repeat };
                table.bindings.insert(key.identity(), binding);
            }
        }
        for (name, sessions) in snapshot.groups {
            server.groups.insert(name.clone(), SessionGroup { name, sessions });
        }
    }

    /// Makes a pane again and reads on from its terminal. Returns how its program ended, when
    /// it did while nobody looked.
    fn restore_pane(&mut self, record: PaneRecord, child: Option<HeldChild>) -> Option<(i32, ExitStatus)> {
        let id = record.id;
        let limit = self.history_limit(&record);
        let mut child = child;
        let journal = child.as_mut().and_then(|child| child.journal.take());
        let (journal, with_log) = self.take_journal(id, journal);
        let left = journal.and_then(|journal| Journal::recover(journal).ok());
        let resumed = left.as_ref().and_then(|left| self.resume(id, limit, left));
        let printed =
            left.filter(|_| resumed.is_some() && with_log).map_or_else(Vec::new, |left| left.printed);
        let terminal = resumed.unwrap_or_else(|| {
            let history = self.world.histories.reopen(id, limit, record.size.cols, self.world.now.wall_us);
            let mut terminal = Terminal::new(record.size, TerminalConfig::default(), history);
            if let Some(screen) = &record.screen {
                redraw(&mut terminal, screen);
            }
            terminal
        });
        let terminal = Arc::new(Mutex::new(terminal));
        let pane = remake(record, terminal.clone());
        self.server.panes.insert(id, pane);
        self.world.custody.takes(Part::Log(u64::from(id.0)));
        self.replay(id, printed);
        let mut ended = None;
        let pane = self.server.panes.get_mut(&id)?;
        if let Some(HeldChild { pid, tty, master, status, .. }) = child {
            pane.tty = tty;
            pane.pid = Some(pid);
            self.world.scopes.adopt_pane(&self.world.poller, id, pid);
            ended = status.map(|status| (pid, exit_status(status)));
            if let Some(master) = master {
                redraw_program(&master);
                if self.world.pump.add(&self.world.poller, id, master, terminal).is_err() {
                    pane.flags |= PaneFlags::CLOSED;
                }
                self.world.keep_journal(id);
            }
        } else {
            pane.pid = None;
        }
        ended.filter(|_| self.server.panes.get(&id).is_some_and(|pane| pane.status.is_none()))
    }

    /// A pane's terminal as the checkpoint in its journal has it.
    fn resume(&mut self, pane: PaneId, limit: u64, left: &transcript::Recovered) -> Option<Terminal> {
        let (history, screen) = split_checkpoint(&left.checkpoint)?;
        let history = self.world.histories.resume(pane, history, limit)?;
        Terminal::load(screen, TerminalConfig::default(), history).ok()
    }

    /// Prints again what a pane's program printed since the checkpoint.
    fn replay(&mut self, id: PaneId, printed: Vec<(i64, Vec<u8>)>) {
        self.cx().configure_terminal(id);
        let Some(pane) = self.server.panes.get(&id) else { return };
        let mut terminal = pane.terminal.lock();
        for (time, bytes) in printed {
            terminal.set_now(time);
            terminal.feed(&bytes);
        }
        if terminal.size() != pane.size {
            terminal.resize(pane.size);
        }
        // Answered and told by the server before, or too late.
        terminal.take_events();
        terminal.take_replies();
    }

    fn history_limit(&self, record: &PaneRecord) -> u64 {
        let session = self.server.best_winlink(record.window).map(|(session, _)| session);
        let scope = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        self.server.chain(scope).byte_cap("history-limit")
    }

    /// Makes a window again whose panes are those that are left.
    fn restore_window(&mut self, record: WindowRecord, left: &BTreeSet<PaneId>) {
        let here = |pane: &PaneId| left.contains(pane);
        let panes: Vec<PaneId> = record.panes.iter().copied().filter(here).collect();
        let Some(&first) = panes.first() else { return };
        let rules = crate::model::layout::Rules::default();
        let mut layout = Layout::parse(&record.layout, &record.panes)
            .unwrap_or_else(|_| Layout::single(first, record.size));
        for gone in record.panes.iter().filter(|pane| !panes.contains(pane)) {
            if let Some(cell) = layout.find(*gone) {
                layout.remove(cell, &rules);
            }
        }
        let keep = |list: Vec<PaneId>| list.into_iter().filter(|pane| panes.contains(pane)).collect();
        let window = Window {
            id: record.id,
            name: record.name,
            active: if panes.contains(&record.active) { record.active } else { first },
            last_panes: keep(record.last_panes),
            z_order: keep(record.z_order),
            layout,
            saved_layout: None,
            old_layout: None,
            last_preset: record.last_preset,
            size: record.size,
            manual_size: record.manual_size,
            cell_pixels: record.cell_pixels,
            new_size: record.size,
            new_cell_pixels: record.cell_pixels,
            last_new_pane: (0, 0),
            flags: WindowFlags::from_bits_truncate(record.flags),
            options: record.options,
            winlinks: Vec::new(),
            created: record.created,
            activity: record.activity,
            name_time_ms: 0,
            name_check_due: true,
            latest: None,
            alerts_queued: false,
            silence_due_ms: None,
            panes,
        };
        self.server.windows.insert(record.id, window);
    }

    fn restore_session(&mut self, record: SessionRecord) {
        let known = |window: &WindowId| self.server.windows.contains_key(window);
        let winlinks: BTreeMap<i32, Winlink> = record
            .winlinks
            .iter()
            .filter(|(_, window, _)| known(window))
            .map(|&(at, window, bits)| {
                (at, Winlink { window, made: 0, flags: WinlinkFlags::from_bits_truncate(bits) })
            })
            .collect();
        let Some(&first) = winlinks.keys().next() else { return };
        for (at, link) in &winlinks {
            if let Some(window) = self.server.windows.get_mut(&link.window) {
                window.winlinks.push((record.id, *at));
            }
        }
        let session = Session {
            id: record.id,
            name: record.name,
            cwd: record.cwd,
            created: record.created,
            last_attached: record.last_attached,
            activity: record.activity,
            activity_order: record.activity_order,
            last_activity: record.last_activity,
            current: if winlinks.contains_key(&record.current) { record.current } else { first },
            last: record.last.into_iter().filter(|at| winlinks.contains_key(at)).collect(),
            winlinks,
            options: record.options,
            environ: record.environ,
            lock_due_ms: None,
            attached: 0,
            group: record.group,
            alerted: false,
            termios: record.termios,
            status_at: None,
            status_lines: 0,
        };
        self.server.sessions.insert(record.id, session);
        self.server.update_status_cache(record.id);
    }

    fn forget_empty_groups(&mut self) {
        let sessions = &self.server.sessions;
        for group in self.server.groups.values_mut() {
            group.sessions.retain(|id| sessions.contains_key(id));
        }
        self.server.groups.retain(|_, group| !group.sessions.is_empty());
    }
}

fn flags(record: &PaneRecord) -> PaneFlags {
    PaneFlags::from_bits_truncate(record.flags)
}

fn remake(record: PaneRecord, terminal: Arc<Mutex<Terminal>>) -> Pane {
    Pane {
        flags: flags(&record) | PaneFlags::STYLE_CHANGED | PaneFlags::CHANGED,
        id: record.id,
        window: record.window,
        active_point: record.active_point,
        options: record.options,
        size: record.size,
        x: 0,
        y: 0,
        argv: record.argv,
        shell: record.shell,
        cwd: record.cwd,
        pid: record.pid,
        tty: record.tty,
        status: record.status,
        dead_time: record.dead_time,
        terminal,
        modes: Vec::new(),
        search: record.search,
        pipe: None,
        control_fg: None,
        control_bg: None,
        announced_theme: None,
        border_style: record.border_style,
        active_border_style: record.active_border_style,
        slider: (0, 0),
        border_ranges: Vec::new(),
        output_offset: record.output_offset,
        oom_kills: record.oom_kills,
        last_cursor: Default::default(),
    }
}

/// Draws a screen again, below and above an alternate one.
fn redraw(terminal: &mut Terminal, screen: &ScreenRecord) {
    let draw = |terminal: &mut Terminal, rows: &[String]| {
        for (y, row) in rows.iter().enumerate() {
            terminal.feed(format!("\x1b[{};1H\x1b[m{row}", y + 1).as_bytes());
        }
        terminal.feed(b"\x1b[m");
    };
    terminal.feed(b"\x1b[?7l");
    if let Some((rows, cursor)) = &screen.saved {
        draw(terminal, rows);
        terminal.feed(format!("\x1b[{};{}H\x1b[?1049h", cursor.y + 1, cursor.x + 1).as_bytes());
    }
    draw(terminal, &screen.rows);
    let (top, bottom) = screen.region;
    terminal.feed(format!("\x1b[{};{}r", top + 1, bottom + 1).as_bytes());
    let modes = Modes::from_bits_truncate(screen.modes);
    terminal.set_modes(Modes::all() - modes, false);
    terminal.set_modes(modes, true);
    terminal.set_cursor(screen.cursor);
    terminal.set_title(screen.title.clone());
    terminal.set_path(screen.path.clone());
    terminal.take_events();
    terminal.take_replies();
}

/// A program that fills the screen draws it anew when it hears of a size.
fn redraw_program(master: &OwnedFd) {
    if let Ok(group) = nix::unistd::tcgetpgrp(master) {
        nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGWINCH).ok();
    }
}
