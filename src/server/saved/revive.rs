//! Restores saved sessions: the same windows, layouts and texts, and in each pane a new shell, or
//! the program that ran in it if `restore-programs` allows that.
//!
//! Files are read beside the loop: first the sessions, for which the loop then chooses ids, and then
//! the text of one pane after the other. Sessions are made when all are read. A restore that is
//! stopped before leaves nothing: histories that it opened are closed, and what was saved stays.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::base::clock::Now;
use crate::base::{PaneId, SessionId, WindowId};
use crate::model::events::EventKind;
use crate::model::host::{RestoreShare, RestoreWatch, Restored};
use crate::model::layout::CellKind;
use crate::model::option_access::OptionScope;
use crate::model::pane::PaneFlags;
use crate::model::session::SessionGroup;
use crate::model::spawn::{Spawn, SpawnFlags};
use crate::model::window::WindowFlags;
use crate::model::{Cx, Layout, Server};
use crate::options::opt;
use crate::server::histories::CRASH_KEEP;
use crate::server::pump::{feed_all, split_checkpoint};
use crate::server::restore::{is_held, remake, restore_session, restore_window};
use crate::server::snapshot::{PaneRecord, SessionRecord, WindowRecord};
use crate::server::world::World;
use crate::sys::time::strftime;
use crate::terminal::config::KittyGraphics;
use crate::terminal::{MemoryHistory, Terminal, TerminalConfig};
use crate::transcript::{PaneHandle, PaneHistory, PaneInfo, Recovered, TranscriptStore};

use super::saver::Alone;
use super::{Saved, SavedPane, SavedSession, SavedWindow};

/// An id that no pane has.
const NO_PANE: PaneId = PaneId(u32::MAX);

type Store = Option<Arc<TranscriptStore>>;
type ReadText = Box<dyn Fn(&str) -> Result<Option<Recovered>, &'static str> + Send>;

/// Longest wait until the histories of a restore that was stopped are closed.
const CLOSING: Duration = Duration::from_secs(10);

/// A pane's terminal with its old text, and a handle to its history.
struct Opened {
    terminal: Terminal,
    handle: Option<PaneHandle>,
    warning: Option<String>,
    /// Its history is a new one.
    fresh: bool,
    /// Bytes of its history and its screen.
    bytes: u64,
}

/// A restore under way.
struct Opening {
    saved: Saved,
    read_text: ReadText,
    store: Store,
    /// The line that ends the old text of a pane.
    line: String,
    now: Now,
    opened: BTreeMap<PaneId, Opened>,
    watch: RestoreWatch,
    /// No other restore begins while this is held.
    alone: Alone,
}

/// Restores sessions saved by servers before this one, which has run since `life`.
pub(crate) fn restore(world: &mut World, life: i64, watch: RestoreWatch) {
    let Some(alone) = world.saver.begin_restore() else {
        let text = "sessions are being restored already".to_owned();
        return world.callbacks.push_back(Box::new(|cx| (watch.done)(cx, Err(text))));
    };
    let read = world.saver.reader(life);
    let read_text: ReadText = Box::new(world.saver.text_reader());
    let store = world.histories.store();
    world.work.begin(Box::new(move || {
        let saved = read();
        Box::new(move |cx| match saved {
            Err(why) => (watch.done)(cx, Err(why)),
            Ok(None) => (watch.done)(cx, Err("no saved sessions".to_owned())),
            Ok(Some(saved)) => open(cx, saved, read_text, store, (watch, alone)),
        })
    }));
}

/// Chooses ids, and starts reading the panes' texts.
fn open(
    cx: &mut Cx<'_>,
    mut saved: Saved,
    read_text: ReadText,
    store: Store,
    (watch, alone): (RestoreWatch, Alone),
) {
    renumber(cx.server, &mut saved);
    let line = strftime("-- restored %Y-%m-%d %H:%M:%S: the lines above are from before --", cx.now.secs());
    let (now, opened) = (cx.now, BTreeMap::new());
    Opening { saved, read_text, store, line, now, opened, watch, alone }.step(cx);
}

impl Opening {
    /// Reads the next pane, or ends: with sessions, or without a trace if somebody stopped it.
    fn step(mut self, cx: &mut Cx<'_>) {
        let panes = (self.opened.len() as u64, self.saved.panes.len() as u64);
        let bytes = self.opened.values().map(|opened| opened.bytes).sum();
        if !(self.watch.step)(cx, RestoreShare { panes, bytes }) {
            return self.give_up(cx);
        }
        let next = self.saved.panes.iter().position(|pane| !self.opened.contains_key(&pane.id));
        let Some(next) = next else {
            let restored = build(cx, self.saved, self.opened);
            cx.host.note_restored();
            return (self.watch.done)(cx, Ok(restored));
        };
        cx.host.background(Box::new(move || {
            while !self.opened.is_empty() && is_held() {}
            let pane = &self.saved.panes[next];
            let mut opened = open_pane(pane, &self.read_text, self.store.as_deref(), self.now.wall_us);
            opened.terminal.outlive_program(&self.line);
            self.opened.insert(pane.id, opened);
            Box::new(move |cx| self.step(cx))
        }));
    }

    /// Closes what was opened, so that all of it can be restored later.
    fn give_up(self, cx: &mut Cx<'_>) {
        let Self { store, opened, watch, now, alone, .. } = self;
        cx.host.background(Box::new(move || {
            close_all(opened, now);
            store.iter().for_each(|store| _ = store.settle(CLOSING));
            drop(alone);
            Box::new(|cx| (watch.done)(cx, Err("stopped: nothing was restored".to_owned())))
        }));
    }
}

/// Closes the histories of a restore that was stopped. Those that were there before it stay as long as
/// those of a server that died.
fn close_all(opened: BTreeMap<PaneId, Opened>, now: Now) {
    let until = now.secs() + CRASH_KEEP;
    for Opened { terminal, handle, fresh, .. } in opened.into_values() {
        handle.into_iter().for_each(|handle| handle.close((!fresh).then_some(until)));
        drop(terminal);
    }
}

/// Replaces all ids by new ones of this server.
fn renumber(server: &mut Server, saved: &mut Saved) {
    fn take<T: Ord + Copy>(
        old: impl Iterator<Item = T>,
        next: &mut u32,
        new: fn(u32) -> T,
    ) -> BTreeMap<T, T> {
        let mut ids = BTreeMap::new();
        for id in old {
            ids.entry(id).or_insert_with(|| {
                *next += 1;
                new(*next - 1)
            });
        }
        ids
    }
    let sessions = take(saved.sessions.iter().map(|s| s.id), &mut server.next_session, SessionId);
    let windows = take(saved.windows.iter().map(|w| w.id), &mut server.next_window, WindowId);
    let panes = take(saved.panes.iter().map(|p| p.id), &mut server.next_pane, PaneId);
    let pane = |id: &mut PaneId| *id = panes.get(id).copied().unwrap_or(NO_PANE);
    let layout = |layout: &mut Layout| {
        for cell in layout.cells.iter_mut().flatten() {
            if let CellKind::Pane(Some(id)) = &mut cell.kind {
                pane(id);
            }
        }
    };
    for session in &mut saved.sessions {
        session.id = sessions[&session.id];
        session.winlinks.retain(|(_, window)| windows.contains_key(window));
        session.winlinks.iter_mut().for_each(|(_, window)| *window = windows[window]);
    }
    for window in &mut saved.windows {
        window.id = windows[&window.id];
        let SavedWindow { panes, last_panes, z_order, active, .. } = window;
        panes.iter_mut().chain(last_panes).chain(z_order).chain([active]).for_each(pane);
        layout(&mut window.layout);
        window.saved_layout.iter_mut().for_each(layout);
    }
    saved.panes.iter_mut().for_each(|saved| pane(&mut saved.id));
    for members in saved.groups.values_mut() {
        members.retain(|id| sessions.contains_key(id));
        members.iter_mut().for_each(|id| *id = sessions[id]);
    }
}

/// A pane's terminal as it was, as far as known.
fn open_pane(pane: &SavedPane, read_text: &ReadText, store: Option<&TranscriptStore>, now_us: i64) -> Opened {
    let name = pane.history.as_deref();
    let text = name.map_or(Ok(None), read_text);
    let warning = text.as_ref().err().map(|why| format!("what pane {} showed {why}", pane.id));
    let screen_bytes = text.as_ref().map_or(0, |text| text.as_ref().map_or(0, text_bytes));
    let text = text.ok().flatten();
    let parts = text.as_ref().and_then(|text| split_checkpoint(&text.checkpoint));
    let load = |screen: &[u8], history| Terminal::load(screen, TerminalConfig::default(), history).ok();
    let Some(store) = store else {
        let terminal = parts.and_then(|(_, screen)| load(screen, memory()));
        let terminal = terminal.unwrap_or_else(|| blank(pane, memory()));
        return Opened { terminal, handle: None, warning, fresh: true, bytes: screen_bytes };
    };
    let mut handle = None;
    let mut hold = |history: PaneHistory| -> Box<dyn crate::base::history::History> {
        handle = Some(history.handle());
        Box::new(history)
    };
    let made = Cell::new(false);
    let fresh = || {
        made.set(true);
        let info = PaneInfo { pane: pane.id.0, created_us: now_us, ..PaneInfo::default() };
        store.open_pane(pane.id, info, u64::MAX, pane.size.cols)
    };
    let adopted = || {
        let name = name.filter(|name| !store.is_open(name))?;
        let history = store.adopt(name, pane.id, u64::MAX, pane.size.cols.max(1), None).ok()?;
        store.claim(&history);
        Some(history)
    };
    let terminal = match (parts, &text) {
        (Some((history, screen)), Some(text)) => {
            let more = text.printed.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
            let more = more + u64::from(pane.size.rows) + 1;
            match store.resume_for(history, u64::MAX, Some((pane.id, more))) {
                Ok(history) => load(screen, hold(history)).map(|terminal| printed_on(pane, terminal, text)),
                // The disk has newer lines than the saved screen.
                Err(error) if error.kind() == io::ErrorKind::StaleNetworkFileHandle => {
                    adopted().map(|history| blank(pane, hold(history)))
                }
                Err(_) => load(screen, hold(fresh())).map(|terminal| printed_on(pane, terminal, text)),
            }
        }
        _ => adopted().map(|history| blank(pane, hold(history))),
    };
    let mut terminal = terminal.unwrap_or_else(|| blank(pane, hold(fresh())));
    terminal.set_title(pane.title.clone());
    let bytes = screen_bytes + handle.as_ref().map_or(0, |handle| handle.disk_bytes());
    Opened { terminal, handle, warning, fresh: made.get(), bytes }
}

/// Bytes of what a pane showed.
fn text_bytes(text: &Recovered) -> u64 {
    let printed = text.printed.iter().map(|(_, bytes)| bytes.len());
    (text.checkpoint.len() + printed.sum::<usize>()) as u64
}

fn memory() -> Box<dyn crate::base::history::History> {
    Box::new(MemoryHistory::new(0, 80))
}

fn blank(pane: &SavedPane, history: Box<dyn crate::base::history::History>) -> Terminal {
    let size = crate::base::Size::new(pane.size.cols.max(1), pane.size.rows.max(1));
    Terminal::new(size, TerminalConfig::default(), history)
}

/// Replays the output after the checkpoint.
fn printed_on(pane: &SavedPane, mut terminal: Terminal, text: &Recovered) -> Terminal {
    let config = TerminalConfig { kitty_graphics: KittyGraphics::Used, ..terminal.config().clone() };
    terminal.configure(&config);
    for (time, bytes) in &text.printed {
        terminal.set_now(*time);
        feed_all(pane.id, &mut terminal, bytes);
    }
    terminal
}

/// Makes sessions, windows and panes of the data.
fn build(cx: &mut Cx<'_>, saved: Saved, opened: BTreeMap<PaneId, Opened>) -> Restored {
    let Saved { sessions, windows, panes, groups, .. } = saved;
    let mut restored = Restored::default();
    let mut homes = BTreeMap::new();
    for window in &windows {
        for pane in &window.panes {
            homes.entry(*pane).or_insert(window.id);
        }
    }
    let left: BTreeSet<PaneId> =
        panes.iter().map(|pane| pane.id).filter(|pane| homes.contains_key(pane)).collect();
    let window_ids: Vec<WindowId> = windows.iter().map(|window| window.id).collect();
    for window in windows {
        let own: BTreeSet<PaneId> = left.iter().copied().filter(|p| homes[p] == window.id).collect();
        let (id, options) = (window.id, window.options.clone());
        restore_window(cx.server, id, window_record(cx, window), &own, options);
    }
    for session in sessions {
        build_session(cx, session, &mut restored);
    }
    let shown = |id: &WindowId| cx.server.windows.get(id).is_some_and(|w| !w.winlinks.is_empty());
    let (shown, hidden): (Vec<_>, Vec<_>) = window_ids.into_iter().partition(shown);
    hidden.iter().for_each(|id| drop(cx.server.windows.remove(id)));
    for (name, sessions) in groups {
        let sessions: Vec<_> =
            sessions.into_iter().filter(|id| cx.server.sessions.contains_key(id)).collect();
        let group = cx.server.groups.entry(name.clone());
        group.or_insert_with(|| SessionGroup { name, sessions: Vec::new() }).sessions.extend(sessions);
    }
    build_panes(cx, panes, opened, &homes, &mut restored);
    restored.windows = shown.len();
    shown.iter().for_each(|window| cx.fix_panes(*window, None));
    cx.server.sizes_dirty = true;
    restored
}

fn build_session(cx: &mut Cx<'_>, session: SavedSession, restored: &mut Restored) {
    let taken = |name: &str| cx.server.sessions.values().any(|session| session.name == name);
    let mut name = session.name.clone();
    for number in 2.. {
        if !taken(&name) {
            break;
        }
        name = format!("{}-{number}", session.name);
    }
    if name != session.name {
        let text = format!("there is another session {}: the restored one is {name}", session.name);
        restored.warnings.push(text);
    }
    let links = session.winlinks.iter().map(|&(at, window)| {
        cx.server.next_link += 1;
        (at, window, cx.server.next_link - 1, 0)
    });
    let record = SessionRecord {
        name: name.clone().into(),
        cwd: session.cwd.into(),
        created: cx.now,
        activity: cx.now,
        last_activity: cx.now,
        winlinks: links.collect(),
        current: session.current,
        last: session.last.into(),
        group: session.group.map(Cow::Owned),
        ..SessionRecord::default()
    };
    restore_session(cx.server, session.id, record, session.options, Default::default());
    if cx.server.sessions.contains_key(&session.id) {
        restored.sessions.push(name);
        cx.server.notify_session(EventKind::SessionCreated, session.id);
    }
}

fn window_record(cx: &Cx<'_>, window: SavedWindow) -> WindowRecord<'static> {
    let flags = if window.zoomed { WindowFlags::ZOOMED } else { WindowFlags::empty() };
    WindowRecord {
        last_panes: window.last_panes.into(),
        z_order: window.z_order.into(),
        layout: Cow::Owned(window.layout),
        saved_layout: window.saved_layout.map(Cow::Owned),
        last_preset: window.last_preset,
        manual_size: window.manual_size,
        flags: flags.bits(),
        created: cx.now,
        activity: cx.now,
        ..WindowRecord::of_panes(window.name, window.size, window.active, window.panes)
    }
}

fn build_panes(
    cx: &mut Cx<'_>,
    panes: Vec<SavedPane>,
    mut opened: BTreeMap<PaneId, Opened>,
    homes: &BTreeMap<PaneId, WindowId>,
    restored: &mut Restored,
) {
    let mut starts = Vec::new();
    for pane in panes {
        let Some(window) = homes.get(&pane.id).copied() else { continue };
        let Some((session, _)) = cx.server.best_winlink(window) else { continue };
        let Some(Opened { terminal, handle, warning, .. }) = opened.remove(&pane.id) else { continue };
        restored.warnings.extend(warning);
        handle.into_iter().for_each(|handle| cx.host.hold_history(pane.id, handle));
        let scope = OptionScope::Session(session);
        let default = cx.server.option_text(scope, opt::DEFAULT_COMMAND);
        let record = PaneRecord {
            argv: Cow::Owned(Some(default).filter(|text| !text.is_empty()).into_iter().collect()),
            shell: Cow::Owned(cx.default_shell(scope)),
            cwd: Cow::Owned(pane.start_directory.clone()),
            pid: None,
            ..PaneRecord::of_program(window, pane.size, 0, String::new())
        };
        let terminal = Arc::new(Mutex::new(terminal));
        let made = remake(pane.id, record, pane.options.clone(), terminal);
        cx.server.panes.insert(pane.id, made);
        cx.configure_terminal(pane.id);
        crate::server::pictures::keep(cx, pane.id);
        starts.push((session, window, pane));
    }
    // Set sizes first: a program is started at the size of its pane.
    let windows: BTreeSet<WindowId> = starts.iter().map(|(_, window, _)| *window).collect();
    windows.into_iter().for_each(|window| cx.fix_panes(window, None));
    for (session, window, pane) in starts {
        start(cx, session, window, &pane, restored);
    }
}

/// Starts a shell in a pane, or the program that ran in it.
fn start(cx: &mut Cx<'_>, session: SessionId, window: WindowId, pane: &SavedPane, restored: &mut Restored) {
    let again = Again::of(cx.server, pane);
    let mut flags =
        SpawnFlags::RESPAWN | SpawnFlags::DETACHED | SpawnFlags::NO_NOTIFY | SpawnFlags::KEEP_SCREEN;
    flags.set(SpawnFlags::EMPTY, pane.empty);
    let shell = cx.server.pane(pane.id).map(|pane| pane.shell.clone()).unwrap_or_default();
    let directory = if pane.directory.is_empty() { &pane.start_directory } else { &pane.directory };
    let spawn = Spawn {
        window: Some(window),
        pane: Some(pane.id),
        argv: again.argv(&shell),
        cwd: Some(directory.clone()).filter(|path| path.starts_with('/')),
        flags,
        ..Spawn::new(session)
    };
    let before = cx.server.pane(pane.id).map(|pane| pane.argv.clone()).unwrap_or_default();
    let result = cx.spawn_pane(spawn);
    restored.panes += 1;
    let Some(made) = cx.server.panes.get_mut(&pane.id) else { return };
    if matches!(again, Again::InShell(_)) {
        // The pane belongs to its shell, which `respawn-pane` starts again.
        made.argv = before;
    }
    if let Err(why) = result {
        made.flags |= PaneFlags::EMPTY;
        restored.warnings.push(format!("nothing runs in pane {}: {why}", pane.id));
    }
}

/// The program to start in a pane.
enum Again {
    Shell,
    /// The pane's own command.
    Command(Vec<String>),
    /// The command that ran in its shell.
    InShell(Vec<String>),
}

impl Again {
    fn of(server: &Server, pane: &SavedPane) -> Self {
        let options = server.server_options();
        let names: Vec<&str> = options.strings(opt::RESTORE_PROGRAMS).collect();
        let may = |program: Option<&str>| {
            let name = program.unwrap_or_default().rsplit('/').next().unwrap_or_default();
            !name.is_empty() && names.iter().any(|known| *known == "*" || *known == name)
        };
        let made_for = pane.argv.first().and_then(|argument| match pane.argv.len() {
            1 => argument.split_whitespace().next(),
            _ => Some(argument.as_str()),
        });
        let runs = may(pane.program.first().map(String::as_str));
        match pane.argv.is_empty() {
            false if runs || may(made_for) => Self::Command(pane.argv.clone()),
            true if runs => Self::InShell(pane.program.clone()),
            _ => Self::Shell,
        }
    }

    fn argv(&self, shell: &str) -> Vec<String> {
        match self {
            Self::Shell => Vec::new(),
            Self::Command(argv) => argv.clone(),
            Self::InShell(program) => {
                let line: Vec<String> = program.iter().map(|word| quoted(word)).collect();
                // With job control the program is in the foreground by itself; the trap is for a
                // shell that ends when its program is interrupted.
                let script = format!(
                    "trap : INT QUIT; set -m; {}; trap - INT QUIT; exec {} -l",
                    line.join(" "),
                    quoted(shell)
                );
                ["/bin/sh", "-c", &script].map(str::to_owned).to_vec()
            }
        }
    }
}

/// Quotes a word for a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
