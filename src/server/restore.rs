//! A new server takes over what the previous one left with the keeper: its snapshot, its panes'
//! terminals, and the exit statuses of programs that ended meanwhile.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::base::{PaneId, SessionId, Size, WindowId};
use crate::command::{monitors, shell};
use crate::model::buffers::Buffer;
use crate::model::host::{ExitStatus, PaneHost, SystemHost};
use crate::model::key_tables::Binding;
use crate::model::layout::{Layout, PresetOptions, Rules};
use crate::model::messages::Message;
use crate::model::option_access::OptionScope;
use crate::model::pane::{Pane, PaneFlags};
use crate::model::session::{Session, SessionGroup, Winlink, WinlinkFlags};
use crate::model::window::{Window, WindowFlags};
use crate::model::{Access, Server, WaitChannel};
use crate::options::{Options, opt};
use crate::protocol::custody::{HeldChild, Part, Recovered};
use crate::syntax::parse::NoContext;
use crate::syntax::{Origin, parse_string};
use crate::terminal::{Terminal, TerminalConfig};
use crate::transcript::Journal;
use crate::view;

use super::custody::exit_status;
use super::pump::split_checkpoint;
use super::runtime::Runtime;
use super::snapshot::{PaneRecord, SessionRecord, Snapshot, WindowRecord};

/// Size of a pane of which only the running program is known.
const UNKNOWN_SIZE: Size = Size::new(80, 24);

impl Runtime {
    /// Takes over; false if there is nothing left to serve.
    pub(super) fn restore(&mut self, recovered: Recovered) -> bool {
        // A server that died before it answered any client left no state.
        let Some(deposit) = recovered.deposit else { return false };
        let recovered = Recovered { deposit: None, ..recovered };
        let snapshot = Snapshot::read(deposit).unwrap_or_else(|| Snapshot {
            refused: vec!["state of the server before: it cannot be read".to_owned()],
            ..Snapshot::default()
        });
        self.restore_from(snapshot, recovered);
        !self.server.sessions.is_empty() || !self.server.server_options().get(opt::EXIT_EMPTY)
    }

    /// Takes over the contents of a state file and the keeper's descriptors.
    pub(super) fn restore_from(&mut self, mut snapshot: Snapshot, recovered: Recovered) {
        self.world.custody.begin_taking(recovered.left_out);
        let mut held: BTreeMap<PaneId, HeldChild> = BTreeMap::new();
        let mut jobs = Vec::new();
        for child in recovered.children {
            match u32::try_from(child.token) {
                Ok(number) => drop(held.insert(PaneId(number), child)),
                Err(_) => jobs.push(child),
            }
        }
        if let Some(key) = snapshot.history_key {
            self.world.histories.set_key(key);
        }
        let config_done = snapshot.server.as_ref().is_none_or(|server| server.config_done);
        if !self.world.custody.takes(Part::Settings) {
            self.leave_out_settings(&mut snapshot);
        }
        self.restore_globals(&mut snapshot);
        self.cx().apply_server_limits();
        self.server.update_width_rules();
        let kept = std::mem::take(&mut snapshot.jobs);
        let mut ended = self.restore_objects(snapshot, held);
        ended.extend(self.take_up_jobs(jobs, kept));
        self.forget_empty_groups();
        self.server.config_started = true;
        self.server.config_done = true;
        self.server.sizes_dirty = true;
        shell::wait_for_delayed(&mut self.cx());
        monitors::watch_all(&mut self.cx());
        if !config_done {
            let text = "the server ended while it read its configuration, which was not read to its end";
            self.server.add_message(self.world.now, text.to_owned());
        }
        for (pid, status) in ended {
            self.process_ended(pid, status);
        }
        self.world.custody.takes(Part::Whole);
    }

    /// Restores sessions, windows and panes. Returns the statuses of programs that ended meanwhile.
    fn restore_objects(
        &mut self,
        mut snapshot: Snapshot,
        mut held: BTreeMap<PaneId, HeldChild>,
    ) -> Vec<(i32, ExitStatus)> {
        if !snapshot.refused.is_empty() {
            find_places(&mut snapshot, &held);
        }
        let Snapshot {
            mut options, mut environs, sessions, windows, panes, mut screens, modes, refused, ..
        } = snapshot;
        let mut options_of = |id: String| options.remove(&id).unwrap_or_default();
        // A pane that has no terminal and must not be shown as dead was being closed when the server died.
        let is_left = |id: &PaneId, record: &PaneRecord| {
            // A pane whose program could not be started again has no process.
            let without = record.pid.is_none() && flags(record).contains(PaneFlags::CLOSED);
            let stays = without || record.status.is_some() || flags(record).contains(PaneFlags::EMPTY);
            stays || held.contains_key(id)
        };
        let panes: BTreeMap<PaneId, PaneRecord> =
            panes.into_iter().filter(|(id, record)| is_left(id, record)).collect();
        let left: BTreeSet<PaneId> = panes.keys().copied().collect();
        // Windows and sessions first: their options decide how panes' output is read and kept.
        let window_ids: Vec<WindowId> = windows.keys().copied().collect();
        for (id, record) in windows {
            let options = options_of(id.to_string());
            restore_window(&mut self.server, id, record, &left, options);
        }
        for (id, record) in sessions {
            let options = options_of(id.to_string());
            let environ = environs.remove(&id.to_string()).unwrap_or_default();
            restore_session(&mut self.server, id, record, options, environ);
        }
        let sessions = &self.server.sessions;
        for (id, window) in &mut self.server.windows {
            window.winlinks.retain(|(session, at)| {
                let link = sessions.get(session).and_then(|session| session.winlinks.get(at));
                link.is_some_and(|link| link.window == *id)
            });
        }
        let mut ended = Vec::new();
        let (mut done, all) = (0, panes.len() as u64);
        for (id, record) in panes {
            let (options, child) = (options_of(id.to_string()), held.remove(&id));
            ended.extend(self.restore_pane(id, record, options, child, screens.remove(&id)));
            done += 1;
            self.show_progress((done, all));
            while is_held() {
                self.show_progress((done, all));
            }
        }
        for (pane, records) in modes {
            for record in records.iter().rev() {
                view::modes::restore(&mut self.cx(), pane, &record.name, record.prefix, &record.state);
            }
        }
        window_ids.into_iter().for_each(|window| self.cx().fix_panes(window, None));
        self.set_time_limits();
        self.resize_terminals();
        // Started in the turn in which the server died: no client knows of it.
        for (pane, child) in held {
            self.world.kill(child.pid, libc::SIGHUP);
            self.world.custody.close_pane(pane);
        }
        for text in refused {
            self.server.add_message(self.world.now, text);
        }
        ended
    }

    /// Reports to the previous server, and to clients that wait, which share of the panes is restored.
    fn show_progress(&mut self, share: (u64, u64)) {
        self.say_progress();
        let histories = &self.world.histories;
        self.door.show_progress(share, || histories.store().map_or(0, |store| store.disk_bytes()));
    }

    /// Sets time limits for unfinished sequences of programs, as before.
    fn set_time_limits(&mut self) {
        let now_ms = self.world.now.mono_ms;
        let look = |pane: &Pane| {
            let mut terminal = pane.terminal.lock();
            terminal.begin_timeouts(now_ms);
            (pane.id, terminal.is_synchronized())
        };
        let panes: Vec<_> = self.server.panes.values().map(look).collect();
        for (pane, synchronized) in panes {
            let mut cx = self.cx();
            crate::model::timeouts::watch(&mut cx, pane);
            if synchronized {
                super::panes::end_sync_in_time(&mut cx, pane);
            }
        }
    }

    /// Gives each terminal the size of its pane, which may have changed just before the end.
    fn resize_terminals(&mut self) {
        for pane in self.server.panes.values() {
            let pixels = self.server.windows.get(&pane.window).map_or((0, 0), |window| window.cell_pixels);
            self.world.pane_resize(pane.id, pane.size, pixels);
        }
    }

    fn restore_globals(&mut self, snapshot: &mut Snapshot) {
        let globals = &mut self.server.options;
        for (level, name) in [
            (&mut globals.server, "server"),
            (&mut globals.session, "session"),
            (&mut globals.window, "window"),
        ] {
            if let Some(options) = snapshot.options.remove(name) {
                *level = options;
            }
        }
        if let Some(environ) = snapshot.environs.remove("global") {
            self.server.environ = environ;
        }
        self.restore_numbers(snapshot);
        self.restore_bindings(snapshot);
        let server = &mut self.server;
        for (record, data) in std::mem::take(&mut snapshot.buffers) {
            let name = record.name.into_owned();
            let (automatic, created, order) = (record.automatic, record.created, record.order);
            let buffer = Buffer { name: name.clone(), data: data.into(), automatic, created, order };
            server.buffers.next_order = server.buffers.next_order.max(order + 1);
            server.buffers.by_name.insert(name, buffer);
        }
        for (name, sessions) in std::mem::take(&mut snapshot.groups) {
            server.groups.insert(name.clone(), SessionGroup { name, sessions });
        }
        for (number, lines) in std::mem::take(&mut snapshot.prompts) {
            if let Some(history) = server.prompt_history.get_mut(number) {
                *history = lines;
            }
        }
        server.monitors.load(snapshot.monitors.take().unwrap_or_default());
        server.delayed = std::mem::take(&mut snapshot.delayed);
        for (name, record) in std::mem::take(&mut snapshot.channels) {
            let channel =
                WaitChannel { locked: record.locked, woken: record.woken, ..WaitChannel::default() };
            server.wait_channels.insert(name, channel);
        }
        // Messages of this server come after those of the previous one.
        let said = std::mem::take(&mut server.messages.entries);
        for (number, record) in std::mem::take(&mut snapshot.messages) {
            let message = Message { number, time: record.time, text: record.text.into_owned() };
            server.messages.entries.push_back(message);
            server.messages.next_number = server.messages.next_number.max(number + 1);
        }
        said.into_iter().for_each(|message| server.add_message(self.world.now, message.text));
        let access = |(id, read_only)| (id, Access { read_only });
        server.access.extend(std::mem::take(&mut snapshot.access).into_iter().map(access));
        server.group_access.extend(std::mem::take(&mut snapshot.group_access).into_iter().map(access));
    }

    /// Restores counters: new numbers must never equal old ones, even those of unknown objects.
    fn restore_numbers(&mut self, snapshot: &Snapshot) {
        let server = &mut self.server;
        let after = |last: Option<u32>| last.map_or(0, |last| last.saturating_add(1));
        server.next_session = after(snapshot.sessions.keys().next_back().map(|id| id.0));
        server.next_window = after(snapshot.windows.keys().next_back().map(|id| id.0));
        server.next_pane = after(snapshot.panes.keys().next_back().map(|id| id.0));
        let Some(record) = &snapshot.server else { return };
        server.next_session = server.next_session.max(record.next_session);
        server.next_window = server.next_window.max(record.next_window);
        server.next_pane = server.next_pane.max(record.next_pane);
        server.next_link = record.next_link;
        server.marked = record.marked;
        server.start_time = record.start_time;
        server.activity_counter = record.activity_counter;
        server.active_point = record.active_point;
        server.command_number = record.command_number;
        (server.buffers.next_index, server.buffers.next_order) = record.next_buffer;
        server.messages.next_number = record.next_message;
        self.continue_clock(record.origin_ms);
    }

    fn restore_bindings(&mut self, snapshot: &mut Snapshot) {
        let tables = &mut self.server.key_tables.tables;
        if snapshot.tables.is_empty() {
            return;
        }
        for table in tables.values_mut() {
            table.bindings.clear();
        }
        for (name, records) in std::mem::take(&mut snapshot.tables) {
            let table = tables.entry(name).or_default();
            for record in records {
                let key = record.key;
                let parsed = parse_string(&record.commands, &Origin::default(), &mut NoContext);
                let default = table.defaults.get(&key.identity()).map(|binding| binding.commands.clone());
                let Some(commands) = parsed.ok().map(|list| Arc::new(list).into()).or(default) else {
                    continue;
                };
                let note = record.note.map(Cow::into_owned);
                table.bindings.insert(key.identity(), Binding { key, commands, note, repeat: record.repeat });
            }
        }
    }

    /// Restores a pane and continues reading its terminal. Returns how its program ended, if it
    /// ended meanwhile.
    fn restore_pane(
        &mut self,
        id: PaneId,
        record: PaneRecord<'static>,
        options: Options,
        mut child: Option<HeldChild>,
        screen: Option<Vec<u8>>,
    ) -> Option<(i32, ExitStatus)> {
        let limit = self.history_limit(&record);
        let journal = child.as_mut().and_then(|child| child.journal.take());
        let (journal, with_log) = self.take_journal(id, journal);
        let left = journal.and_then(|journal| Journal::recover(journal).ok());
        let resumed = left.as_ref().and_then(|left| self.resume(id, limit, &left.checkpoint));
        let printed =
            left.filter(|_| resumed.is_some() && with_log).map_or_else(Vec::new, |left| left.printed);
        let resumed = resumed.or_else(|| self.resume(id, limit, &screen?));
        let terminal = resumed.unwrap_or_else(|| {
            let history = self.world.histories.reopen(id, limit, record.size.cols, self.world.now.wall_us);
            Terminal::new(record.size, TerminalConfig::default(), history)
        });
        let terminal = Arc::new(Mutex::new(terminal));
        let pane = remake(id, record, options, terminal.clone());
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
                if self.world.predecessor.is_none() {
                    redraw_program(&master);
                }
                if self.world.pump.add(&self.world.poller, id, master, terminal).is_err() {
                    pane.flags |= PaneFlags::CLOSED;
                }
                self.world.keep_journal(id);
            }
        }
        ended.filter(|_| self.server.panes.get(&id).is_some_and(|pane| pane.status.is_none()))
    }

    /// A pane's terminal from a checkpoint.
    fn resume(&mut self, pane: PaneId, limit: u64, checkpoint: &[u8]) -> Option<Terminal> {
        let (history, screen) = split_checkpoint(checkpoint)?;
        let history = self.world.histories.resume(pane, history, limit)?;
        Terminal::load(screen, TerminalConfig::default(), history).ok()
    }

    /// Replays the output of a pane's program since the checkpoint.
    fn replay(&mut self, id: PaneId, printed: Vec<(i64, Vec<u8>)>) {
        self.cx().configure_terminal(id);
        let Some(pane) = self.server.panes.get(&id) else { return };
        let mut terminal = pane.terminal.lock();
        for (time, bytes) in printed {
            terminal.set_now(time);
            super::pump::feed_all(id, &mut terminal, &bytes);
        }
        if terminal.size() != pane.size {
            terminal.resize(pane.size);
        }
        // The previous server handled these events, or it is too late for them.
        terminal.take_events();
        terminal.take_replies();
        drop(terminal);
        super::pictures::keep(&mut self.cx(), id);
    }

    fn history_limit(&self, record: &PaneRecord<'_>) -> u64 {
        let session = self.server.best_winlink(record.window).map(|(session, _)| session);
        let scope = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        self.server.chain(scope).get(opt::HISTORY_LIMIT)
    }

    fn forget_empty_groups(&mut self) {
        let sessions = &self.server.sessions;
        for group in self.server.groups.values_mut() {
            group.sessions.retain(|id| sessions.contains_key(id));
        }
        self.server.groups.retain(|_, group| !group.sessions.is_empty());
    }
}

/// Lets tests hold a restore after its first pane. Returns true, after a moment, while the file that they
/// name exists.
pub(super) fn is_held() -> bool {
    let held = cfg!(debug_assertions)
        && std::env::var_os("SCOPEMUX_HOLD").is_some_and(|path| std::path::Path::new(&path).exists());
    if held {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    held
}

/// Restores a window with those of its panes that are left.
pub(super) fn restore_window(
    server: &mut Server,
    id: WindowId,
    record: WindowRecord<'static>,
    left: &BTreeSet<PaneId>,
    options: Options,
) {
    let panes: Vec<PaneId> = record.panes.iter().copied().filter(|pane| left.contains(pane)).collect();
    let Some(&first) = panes.first() else { return };
    let active = if panes.contains(&record.active) { record.active } else { first };
    let mut flags = WindowFlags::from_bits_truncate(record.flags);
    let zoomed = record.saved_layout.filter(|_| flags.contains(WindowFlags::ZOOMED));
    let (layout, saved_layout) = match zoomed {
        // It stays zoomed unless the zoomed pane is gone.
        Some(saved) if active == record.active && panes.len() > 1 => {
            (Layout::single(active, record.size), Some(fit(saved.into_owned(), &panes, record.size)))
        }
        Some(saved) => (fit(saved.into_owned(), &panes, record.size), None),
        None => (fit(record.layout.into_owned(), &panes, record.size), None),
    };
    flags.set(WindowFlags::ZOOMED, saved_layout.is_some());
    let keep = |list: Cow<'_, [PaneId]>| {
        list.iter().copied().filter(|pane| panes.contains(pane)).collect::<Vec<PaneId>>()
    };
    let mut z_order = keep(record.z_order);
    z_order.extend(panes.iter().filter(|pane| !z_order.contains(pane)).copied().collect::<Vec<_>>());
    let window = Window {
        id,
        name: record.name.into_owned(),
        active,
        last_panes: keep(record.last_panes),
        z_order,
        layout,
        saved_layout,
        old_layout: record.old_layout.map(Cow::into_owned),
        last_preset: record.last_preset,
        size: record.size,
        manual_size: record.manual_size,
        cell_pixels: record.cell_pixels,
        new_size: record.size,
        new_cell_pixels: record.cell_pixels,
        last_new_pane: record.last_new_pane,
        flags,
        options,
        winlinks: record.winlinks.into_owned(),
        created: record.created,
        activity: record.activity,
        name_time_ms: record.name_time_ms,
        name_check_due: true,
        latest: None,
        alerts_queued: false,
        silence_due_ms: record.silence_due_ms,
        panes,
    };
    server.windows.insert(id, window);
}

pub(super) fn restore_session(
    server: &mut Server,
    id: SessionId,
    record: SessionRecord<'static>,
    options: Options,
    environ: crate::options::Environ,
) {
    let known = |window: &WindowId| server.windows.contains_key(window);
    let winlinks: BTreeMap<i32, Winlink> = record
        .winlinks
        .iter()
        .filter(|(_, window, _, _)| known(window))
        .map(|&(at, window, made, bits)| {
            (at, Winlink { window, made, flags: WinlinkFlags::from_bits_truncate(bits) })
        })
        .collect();
    let Some(&first) = winlinks.keys().next() else { return };
    for (at, link) in &winlinks {
        if let Some(window) = server.windows.get_mut(&link.window)
            && !window.winlinks.contains(&(id, *at))
        {
            window.winlinks.push((id, *at));
        }
    }
    let session = Session {
        id,
        name: record.name.into_owned(),
        cwd: record.cwd.into_owned(),
        created: record.created,
        last_attached: record.last_attached,
        activity: record.activity,
        activity_order: record.activity_order,
        last_activity: record.last_activity,
        current: if winlinks.contains_key(&record.current) { record.current } else { first },
        last: record.last.iter().copied().filter(|at| winlinks.contains_key(at)).collect(),
        winlinks,
        options,
        environ,
        lock_due_ms: record.lock_due_ms,
        attached: 0,
        group: record.group.map(Cow::into_owned),
        alerted: false,
        control_chars: record.control_chars.map(Cow::into_owned),
        status_at: None,
        status_lines: 0,
    };
    server.sessions.insert(id, session);
    server.update_status_cache(id);
}

/// A layout of exactly these panes.
fn fit(mut layout: Layout, panes: &[PaneId], size: Size) -> Layout {
    let rules = Rules::default();
    if layout.is_sound() {
        for gone in layout.panes().into_iter().filter(|pane| !panes.contains(pane)) {
            if let Some(cell) = layout.find(gone) {
                layout.remove(cell, &rules);
            }
        }
        layout.fix_offsets();
        let placed: BTreeSet<PaneId> = layout.panes().into_iter().collect();
        if layout.is_sound() && placed.len() == panes.len() {
            return layout;
        }
    }
    let tiled = u32::try_from(panes.len()).unwrap_or(u32::MAX);
    let even = Layout::preset(TILED, panes, tiled, size, &PresetOptions::default(), &rules);
    even.or_else(|| Some(Layout::single(*panes.first()?, size))).unwrap_or_default()
}

/// Index of the preset layout `tiled`.
const TILED: usize = 6;

/// Gives running programs a new window if damaged records leave them without one.
fn find_places(snapshot: &mut Snapshot, held: &BTreeMap<PaneId, HeldChild>) {
    let newest = snapshot.windows.keys().next_back().map_or(0, |id| id.0 + 1);
    let next = snapshot.server.as_ref().map_or(0, |server| server.next_window).max(newest);
    let mut rescued = Vec::new();
    for (&id, child) in held {
        let listed =
            snapshot.windows.iter().find(|(_, window)| window.panes.contains(&id)).map(|(id, _)| *id);
        let window = listed.unwrap_or(WindowId(next));
        let unknown = || PaneRecord::of_program(window, UNKNOWN_SIZE, child.pid, child.tty.clone());
        let record = snapshot.panes.entry(id).or_insert_with(unknown);
        if listed.is_none() {
            record.window = WindowId(next);
            rescued.push(id);
        }
    }
    if let Some(&active) = rescued.first() {
        let window = WindowRecord::of_panes("rescued".to_owned(), UNKNOWN_SIZE, active, rescued);
        snapshot.windows.insert(WindowId(next), window);
    }
    let shown: BTreeSet<WindowId> =
        snapshot.sessions.values().flat_map(|s| s.winlinks.iter().map(|link| link.1)).collect();
    let hidden = snapshot.windows.keys().copied().filter(|id| !shown.contains(id));
    let winlinks: Vec<_> = (0..).zip(hidden).map(|(at, id)| (at, id, 0, 0)).collect();
    if !winlinks.is_empty() {
        let id = snapshot.sessions.keys().next_back().map_or(0, |id| id.0 + 1);
        let id = snapshot.server.as_ref().map_or(0, |server| server.next_session).max(id);
        let name = Cow::Owned(format!("rescued-{id}"));
        snapshot.sessions.insert(SessionId(id), SessionRecord { name, winlinks, ..SessionRecord::default() });
    }
}

fn flags(record: &PaneRecord) -> PaneFlags {
    PaneFlags::from_bits_truncate(record.flags)
}

pub(super) fn remake(
    id: PaneId,
    record: PaneRecord<'static>,
    options: Options,
    terminal: Arc<Mutex<Terminal>>,
) -> Pane {
    Pane {
        flags: flags(&record) | PaneFlags::STYLE_CHANGED | PaneFlags::CHANGED,
        id,
        window: record.window,
        active_point: record.active_point,
        options,
        size: record.size,
        x: 0,
        y: 0,
        argv: record.argv.into_owned(),
        shell: record.shell.into_owned(),
        cwd: record.cwd.into_owned(),
        pid: record.pid,
        tty: record.tty.into_owned(),
        status: record.status,
        dead_time: record.dead_time,
        terminal,
        modes: Vec::new(),
        search: record.search.map(Cow::into_owned),
        pipe: None,
        control_fg: None,
        control_bg: None,
        announced_theme: None,
        border_style: record.border_style.map(Cow::into_owned),
        active_border_style: record.active_border_style.map(Cow::into_owned),
        slider: (0, 0),
        border_ranges: Vec::new(),
        lasting: record.lasting.into_owned(),
        notification: String::new(),
    }
}

/// Makes a full-screen program redraw by changing the terminal's size.
fn redraw_program(master: &OwnedFd) {
    if let Ok(group) = nix::unistd::tcgetpgrp(master) {
        nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGWINCH).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_that_are_left_take_the_place_of_those_that_ended() {
        let [left, above, below] = [1, 2, 3].map(PaneId);
        let text = "80x24,0,0{40x24,0,0,1,39x24,41,0[39x12,41,0,2,39x11,41,13,3]}";
        let text = format!("{:04x},{text}", crate::model::layout::checksum(text));
        let saved = Layout::parse(&text, &[left, above, below]).unwrap();
        let layout = fit(saved, &[left, below], Size::new(80, 24));
        let cell = layout.cell(layout.find(below).unwrap());
        assert_eq!((cell.size, cell.x, cell.y), (Size::new(39, 24), 41, 0));
    }
}
