//! Attached terminals: taking one over, and handling its input.

use std::os::fd::AsFd;

use crate::base::{ClientId, Colour, Key, KeyCode, MouseEvent, NamedKey};
use crate::command::input::{self, InputEvent as ClientInput};
use crate::model::ClientFlags;
use crate::model::events::EventKind;
use crate::model::host::TtySetup;
use crate::model::queue::KeyEvent;
use crate::options::opt;
use crate::outer::features::Features;
use crate::outer::keys::{InputEvent, MouseReport};
use crate::outer::{Term, TermOptions};
use crate::render::tty::TtyOptions;

use super::newcomers::ERASE_LINE;
use super::runtime::Runtime;
use super::tty::{NewTty, Travelled, Tty};
use super::world::World;

/// Keys handled from one terminal in one turn; a longer paste continues in the next.
const MAX_KEYS: usize = 20_000;

/// Takes over a client's terminal. An error is sent to the client.
pub(super) fn open(world: &mut World, id: ClientId, setup: &TtySetup) -> Result<(), String> {
    let now_ms = world.now.mono_ms;
    let Some(peer) = world.peers.get_mut(&id) else { return Err("not a terminal".to_owned()) };
    if let Some(tty) = &mut peer.tty {
        return tty.start(&world.poller, now_ms).map_err(|e| e.to_string());
    }
    let (fd, travelled) = match peer.travelled.take() {
        Some(Travelled { fd, record }) => (Some(fd), Some(record)),
        None => (peer.stdin.as_ref().and_then(|fd| fd.as_fd().try_clone_to_owned().ok()), None),
    };
    let Some(fd) = fd else { return Err("not a terminal".to_owned()) };
    if super::proc::window_size(fd.as_fd()).is_none() {
        return Err("not a terminal".to_owned());
    }
    let learnt = travelled.as_ref().map_or(0, |record| record.features.0);
    let mut features = Features(setup.feature_bits | learnt);
    let options = TermOptions { features: &setup.features, overrides: &setup.overrides };
    let term =
        Term::new(&setup.term_name, &setup.term_caps, &mut features, &options, setup.colorterm.as_deref())?;
    let user_keys = setup.user_keys.iter().map(|(n, bytes)| (*n, bytes.as_slice())).collect();
    let new = NewTty { id, fd, utf8: setup.utf8, term, features, options: screen_options(setup), user_keys };
    let mut tty = Tty::new(new).map_err(|e| e.to_string())?;
    match travelled {
        Some(record) => tty.take_up(&world.poller, record).map_err(|e| e.to_string())?,
        None => {
            let before = if std::mem::take(&mut peer.saw_recovery) { ERASE_LINE } else { "" };
            tty.start_after(before, &world.poller, now_ms).map_err(|e| e.to_string())?;
        }
    }
    peer.tty = Some(tty);
    world.tty_changed.push(id);
    Ok(())
}

/// tmux's flag bits of a terminal, for `show-messages -T`.
pub(super) fn flag_bits(term: &Term) -> u32 {
    let flags = &term.flags;
    [
        (flags.colours_256, 0x1),
        (flags.no_auto_margin, 0x2),
        (flags.margins, 0x4),
        (flags.rect_fill, 0x8),
        (flags.rgb, 0x10),
        (flags.vt100_like, 0x20),
        (flags.sixel, 0x40),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .map(|(_, bit)| bit)
    .sum()
}

impl Runtime {
    /// Handles input of a client's terminal.
    pub(super) fn tty_readable(&mut self, id: ClientId) {
        let Some(tty) = self.world.peers.get_mut(&id).and_then(|p| p.tty.as_mut()) else { return };
        if !tty.read() {
            self.tty_lost(id);
            return;
        }
        self.decode(id);
    }

    /// Handles the end of the wait for the rest of a key.
    pub(super) fn tty_timed_out(&mut self, id: ClientId) {
        self.decode(id);
    }

    fn decode(&mut self, id: ClientId) {
        let now_ms = self.world.now.mono_ms;
        let escape_ms = self.server.server_options().get(opt::ESCAPE_TIME).max(1) as u64;
        for _ in 0..MAX_KEYS {
            let Some(tty) = self.world.peers.get_mut(&id).and_then(|p| p.tty.as_mut()) else { return };
            if !tty.is_started() {
                return;
            }
            let Some(event) = tty.next_event(now_ms, escape_ms) else { return };
            self.tty_event(id, event);
        }
    }

    fn tty_event(&mut self, id: ClientId, event: InputEvent) {
        match event {
            InputEvent::Key { key, mouse, report, bytes } => {
                self.focus_key(id, key);
                let mouse = mouse.map(mouse_event).unwrap_or_default();
                if let Some(client) = self.server.clients.get_mut(&id) {
                    client.flags.insert(ClientFlags::URGENT);
                }
                let input = ClientInput { event: KeyEvent { key, mouse, report }, bytes: bytes.to_vec() };
                input::handle_key(&mut self.cx(), id, input);
            }
            InputEvent::Clipboard { clip, data } => self.clipboard_answer(id, clip, data),
            InputEvent::Features(features) => self.learn_features(id, features),
            InputEvent::Version { name, features } => {
                if let Some(client) = self.server.clients.get_mut(&id) {
                    client.term_type = name;
                }
                self.learn_features(id, features);
            }
            InputEvent::Foreground(colour) => self.colour_answer(id, colour, true),
            InputEvent::Background(colour) => self.colour_answer(id, colour, false),
            InputEvent::Palette { index, colour } => self.palette_answer(id, index, colour),
            InputEvent::WindowCells { .. } => {}
            InputEvent::WindowPixels { width, height } => {
                if let Some(client) = self.server.clients.get_mut(&id) {
                    let size = client.size;
                    client.cell_pixels = (
                        width.checked_div(size.cols).unwrap_or(0),
                        height.checked_div(size.rows).unwrap_or(0),
                    );
                    self.server.sizes_dirty = true;
                }
            }
        }
    }

    fn focus_key(&mut self, id: ClientId, key: Key) {
        let (focused, hook) = match key.code {
            KeyCode::Named(NamedKey::FocusIn) => (true, EventKind::ClientFocusIn),
            KeyCode::Named(NamedKey::FocusOut) => (false, EventKind::ClientFocusOut),
            _ => return,
        };
        let Some(client) = self.server.clients.get_mut(&id) else { return };
        client.flags.set(ClientFlags::FOCUSED, focused);
        let window = client.session.and_then(|s| self.server.current_window(s));
        let mut cx = self.cx();
        cx.server.notify_client(hook, id);
        if let Some(window) = window {
            cx.update_window_focus(window);
        }
    }

    fn learn_features(&mut self, id: ClientId, features: Features) {
        let overrides: Vec<String> =
            self.server.server_options().strings(opt::TERMINAL_OVERRIDES).map(str::to_owned).collect();
        if let Some(tty) = self.world.peers.get_mut(&id).and_then(|p| p.tty.as_mut()) {
            tty.add_features(features, &overrides);
            tty.invalidate();
            self.world.tty_changed.push(id);
            self.server.redraw_client(id);
        }
    }

    fn colour_answer(&mut self, id: ClientId, colour: Option<Colour>, foreground: bool) {
        let Some(client) = self.server.clients.get_mut(&id) else { return };
        let Some(colour) = colour else { return };
        if foreground {
            client.fg = Some(colour);
        } else {
            client.bg = Some(colour);
        }
        if let Some(session) = client.session {
            self.cx().theme_changed(session);
        }
    }

    fn palette_answer(&mut self, id: ClientId, index: u8, colour: Colour) {
        let Colour::Rgb(r, g, b) = colour else { return };
        let queries = std::mem::take(&mut self.world.palette_queries);
        let (answered, kept) = queries.into_iter().partition(|(c, i, _)| *c == id && *i == index);
        self.world.palette_queries = kept;
        let answered: Vec<(ClientId, u8, crate::base::PaneId)> = answered;
        for (_, _, pane) in answered {
            let Some(terminal) = self.server.panes.get(&pane).map(|p| p.terminal.clone()) else { continue };
            let mut terminal = terminal.lock();
            terminal.answer_palette(index, (r, g, b));
            let replies = terminal.take_replies();
            drop(terminal);
            self.world.pump.write(pane, &replies, None);
        }
    }

    /// Drops queries of panes that the client would have answered, since it is gone.
    pub(super) fn forget_queries(&mut self, id: ClientId) {
        let queries = std::mem::take(&mut self.world.palette_queries);
        let (of_client, kept): (Vec<_>, Vec<_>) = queries.into_iter().partition(|(c, ..)| *c == id);
        self.world.palette_queries = kept;
        let clipboard = self.server.clients.get_mut(&id).map(|c| std::mem::take(&mut c.clipboard_panes));
        let asked = of_client.into_iter().map(|(.., pane)| pane).chain(clipboard.into_iter().flatten());
        for pane in asked {
            if let Some(pane) = self.server.panes.get(&pane) {
                pane.terminal.lock().forget_queries();
            }
        }
    }

    fn clipboard_answer(&mut self, id: ClientId, clip: Option<char>, data: Vec<u8>) {
        let get = self.server.server_options().get(opt::GET_CLIPBOARD);
        let Some(client) = self.server.clients.get_mut(&id) else { return };
        let panes = std::mem::take(&mut client.clipboard_panes);
        for pane in &panes {
            let Some(terminal) = self.server.panes.get(pane).map(|p| p.terminal.clone()) else { continue };
            let mut terminal = terminal.lock();
            terminal.answer_clipboard(clip, &data);
            let replies = terminal.take_replies();
            drop(terminal);
            self.world.pump.write(*pane, &replies, None);
        }
        // An unsolicited answer is only stored if the options say so.
        if panes.is_empty() || get == "both" {
            let now = self.world.now;
            self.server.set_buffer(data, None, now).ok();
        }
    }

    /// Handles a client's terminal that is gone (its ssh died): the client ends too.
    pub(super) fn tty_lost(&mut self, id: ClientId) {
        if let Some(peer) = self.world.peers.get_mut(&id)
            && let Some(mut tty) = peer.tty.take()
        {
            tty.close(&self.world.poller);
        }
        self.lose_client(id);
    }

    /// Copies new facts about terminals to their clients.
    pub(super) fn publish_ttys(&mut self) {
        for id in std::mem::take(&mut self.world.tty_changed) {
            let Some(tty) = self.world.peers.get(&id).and_then(|p| p.tty.as_ref()) else { continue };
            let Some(client) = self.server.clients.get_mut(&id) else { continue };
            let features = tty.term.features().to_string();
            let learnt = client.term_features != features;
            client.term_features = features;
            client.brackets_pastes = tty.term.has(crate::outer::Cap::ENBP);
            client.size = tty.size();
            client.cell_pixels = tty.cell_pixels;
            if let Some(session) = client.session.filter(|_| learnt) {
                // Notify programs if the theme has changed.
                self.cx().theme_changed(session);
                self.cx().settle_terminals();
            }
        }
    }
}

fn screen_options(setup: &TtySetup) -> TtyOptions {
    TtyOptions {
        extended_keys: setup.extended_keys,
        focus_events: setup.focus_events,
        italics_as_standout: setup.italics_as_standout,
    }
}

/// Converts a report of the terminal to an event of the client.
fn mouse_event(report: MouseReport) -> MouseEvent {
    MouseEvent {
        x: report.x,
        y: report.y,
        b: report.b,
        last_x: report.last_x,
        last_y: report.last_y,
        last_b: report.last_b,
        sgr_type: (report.sgr_type != ' ').then_some(report.sgr_type),
        sgr_b: report.sgr_b,
        ..MouseEvent::default()
    }
}
