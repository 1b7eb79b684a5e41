//! Drawing: each client whose terminal has taken the last frame gets the next one, if anything
//! changed. A slow client skips frames; they are never queued.

use std::time::{Duration, Instant};

use crate::base::{ClientId, PaneId, guard};
use crate::format::Objects;
use crate::model::{Client, ClientFlags, Cx};
use crate::options::opt;
use crate::render::compose::{self, Extent};
use crate::render::frame::Frame;

use super::flood::Pace;
use super::runtime::Runtime;
use super::tty::Tty;

/// Marks of a client that needs drawing; a frame that holds nothing back clears all of them.
const MARKS: ClientFlags = ClientFlags::REDRAW
    .union(ClientFlags::PACED)
    .union(ClientFlags::FLOODED)
    .union(ClientFlags::URGENT)
    .union(ClientFlags::HELD);

/// Time for drawing in one turn; the remaining clients are drawn in the next turns, so that other
/// events are handled in between.
const DRAWING: Duration = Duration::from_millis(2);

impl Runtime {
    /// Reports whether some client waits for a frame.
    pub(super) fn frame_wanted(&self) -> bool {
        let marks = ClientFlags::REDRAW | ClientFlags::PACED | ClientFlags::HELD;
        self.server.clients.values().any(|c| c.flags.intersects(marks) || c.status_dirty)
    }

    /// Time at which the loop must wake to draw frames that the last turn did not.
    pub(super) fn next_frame_due(&self, now_ms: u64) -> Option<u64> {
        self.pacing.due(now_ms, self.frame_wanted())
    }

    /// Time of the next frame that only flooding panes need; `None` if there is none.
    pub(super) fn flood_frame_due(&self) -> Option<u64> {
        let flooded = self.server.clients.values().filter(|c| c.flags.contains(ClientFlags::FLOODED));
        let ttys = flooded.filter(|c| is_drawn(c)).filter_map(|c| self.world.peers.get(&c.id)?.tty.as_ref());
        ttys.filter(|tty| tty.is_drained()).map(|tty| self.flood_due(tty)).min()
    }

    fn flood_due(&self, tty: &Tty) -> u64 {
        self.pacing.flood_due(tty.drawn_ms)
    }

    /// Draws clients that need it and can take it: first those with a typing user, then the others
    /// in turns.
    pub(super) fn render(&mut self) {
        let now_ms = self.world.now.mono_ms;
        let paced = self.pacing.holds(now_ms, self.world.pump.is_busy());
        let clients = self.clients_to_draw(paced);
        let mut drawn = false;
        self.pacing.begin();
        let begin = Instant::now();
        for (n, id) in clients.iter().enumerate() {
            if n > 0 && begin.elapsed() > DRAWING {
                self.pacing.want_turn();
                break;
            }
            drawn |= self.draw_client(*id, paced, false);
            self.pacing.note_drawn(*id);
        }
        self.give_pictures();
        self.make_pictures();
        self.pacing.end(now_ms, paced, drawn, self.frame_wanted());
    }

    /// Writes the next part of queued pictures to terminals that have taken everything else. Once a
    /// terminal has a whole picture, the cells that show it are drawn.
    fn give_pictures(&mut self) {
        for peer in self.world.peers.values_mut() {
            let Some(tty) = peer.tty.as_mut().filter(|tty| tty.takes_pictures()) else { continue };
            let news = tty.give_pictures();
            // A terminal that is gone is handled when output is written to it.
            tty.flush(&self.world.poller);
            if tty.takes_pictures() || news {
                self.pacing.want_turn();
            }
            if news && let Some(client) = self.server.clients.get_mut(&peer.id) {
                client.flags.insert(ClientFlags::PACED);
            }
        }
    }

    /// Begins to make parts and forms of pictures that the frames need, beside the loop. Once they are there, the client
    /// is drawn.
    fn make_pictures(&mut self) {
        for (client, peer) in &mut self.world.peers {
            let wanted = peer.tty.as_mut().map(|tty| tty.wanted_pictures()).unwrap_or_default();
            let client = *client;
            if wanted.is_empty() {
                continue;
            }
            self.world.work.begin(Box::new(move || {
                wanted.into_iter().for_each(|making| making());
                Box::new(move |cx| cx.server.redraw_client(client))
            }));
        }
    }

    fn clients_to_draw(&self, paced: bool) -> Vec<ClientId> {
        let now_ms = self.world.now.mono_ms;
        let wants = |c: &&Client| {
            let Some(tty) = self.tty_of(c.id) else { return false };
            let flooded = c.flags.contains(ClientFlags::FLOODED) && self.flood_due(tty) <= now_ms;
            let marked = c.flags.intersects(ClientFlags::REDRAW | ClientFlags::HELD);
            let at_once = marked || c.status_dirty || tty.has_raw();
            match paced {
                true => at_once && c.flags.contains(ClientFlags::URGENT),
                false => at_once || c.flags.contains(ClientFlags::PACED) || flooded,
            }
        };
        let mut clients: Vec<(bool, bool, ClientId)> = self
            .server
            .clients
            .values()
            .filter(|c| is_drawn(c))
            .filter(wants)
            .map(|c| (!c.flags.contains(ClientFlags::URGENT), self.pacing.had_its_turn(c.id), c.id))
            .collect();
        clients.sort();
        clients.into_iter().map(|(_, _, id)| id).collect()
    }

    /// Panes in a client's view whose new rows wait for a later frame, and the marks that stay.
    fn held_back(&self, id: ClientId, paced: bool, flood_due: bool) -> (Vec<PaneId>, ClientFlags) {
        let Some(client) = self.server.clients.get(&id) else { return Default::default() };
        let mut marks = ClientFlags::empty();
        marks.set(ClientFlags::PACED, paced);
        marks.set(ClientFlags::FLOODED, !flood_due);
        let marks = marks & client.flags;
        if marks.is_empty() {
            return Default::default();
        }
        let window = self.server.client_window(client).and_then(|w| self.server.window(w));
        let panes = window.map(|w| w.panes.as_slice()).unwrap_or_default().iter().copied();
        let held = panes.filter(|pane| match self.world.pump.pace(*pane) {
            Pace::Answer => false,
            Pace::Usual => marks.contains(ClientFlags::PACED),
            Pace::Flood => marks.contains(ClientFlags::FLOODED),
        });
        (held.collect(), marks)
    }

    fn tty_of(&self, id: ClientId) -> Option<&Tty> {
        self.world.peers.get(&id)?.tty.as_ref()
    }

    /// Draws the current frames, and then writes the raw bytes that programs sent: later output of
    /// the panes comes after them.
    pub(super) fn draw_before_raw(&mut self) {
        let raw = |c: &&Client| is_drawn(c) && self.tty_of(c.id).is_some_and(|tty| tty.has_raw());
        let clients: Vec<ClientId> = self.server.clients.values().filter(raw).map(|c| c.id).collect();
        clients.into_iter().for_each(|id| _ = self.draw_client(id, false, true));
    }

    /// Draws a client; with `behind`, even if its terminal has not taken earlier output. False if
    /// it was not drawn.
    fn draw_client(&mut self, id: ClientId, paced: bool, behind: bool) -> bool {
        let Some(tty) = self.world.peers.get_mut(&id).and_then(|p| p.tty.as_mut()) else { return false };
        // Flush first. EPOLLOUT is armed only when a flush falls short, so a frame held back for
        // output that was never attempted would wait for an unrelated event. A terminal that is
        // gone is handled when its output is written.
        tty.flush(&self.world.poller);
        if !(tty.is_drained() || behind && tty.takes_more()) {
            return false;
        }
        let mut composer = std::mem::take(&mut tty.composer);
        let now_ms = self.world.now.mono_ms;
        let flood_due = self.tty_of(id).is_some_and(|tty| self.flood_due(tty) <= now_ms);
        let (held, kept_marks) = self.held_back(id, paced, flood_due);
        composer.held = held;
        let mut cx = Cx { now: self.world.now, server: &mut self.server, host: &mut self.world };
        let status = cx.server.clients.get_mut(&id).is_some_and(|c| std::mem::take(&mut c.status_dirty));
        if status {
            update_modes(&mut cx, id);
            update_title(&mut cx, id);
        }
        let client = cx.server.clients.get_mut(&id);
        let extent = client.map_or(Extent::All, |client| extent(client, status, kept_marks));
        let composed = guard::run(
            || format!("drawing client {}", id.0),
            || {
                let mut cx = Cx { now: self.world.now, server: &mut self.server, host: &mut self.world };
                trip(&cx, id);
                compose::compose(&mut cx, id, extent, &mut composer)
            },
        );
        let frame = composed.unwrap_or_else(|| {
            composer.restart();
            let size = self.server.client(id).map(|c| c.size).filter(|s| s.cols > 0 && s.rows > 0)?;
            Some(Frame::new(compose::drawn_size(size)))
        });
        let Some(tty) = self.world.peers.get_mut(&id).and_then(|p| p.tty.as_mut()) else { return false };
        tty.composer = composer;
        if !kept_marks.contains(ClientFlags::FLOODED) {
            tty.drawn_ms = now_ms;
        }
        if let Some(frame) = frame {
            if guard::run(|| format!("drawing client {}", id.0), || tty.draw(&frame, now_ms)).is_none() {
                tty.invalidate();
            }
            tty.composer.reuse(frame);
            let (written, dropped) = (tty.total_written, tty.dropped);
            if let Some(client) = self.server.clients.get_mut(&id) {
                client.written = written;
                client.discarded = dropped;
            }
        }
        true
    }
}

/// Parts of a client's frame that may differ; clears the client's marks, except `kept_marks`.
fn extent(client: &mut Client, status: bool, kept_marks: ClientFlags) -> Extent {
    let all = client.flags.contains(ClientFlags::REDRAW);
    client.flags.remove(MARKS.difference(kept_marks));
    match status {
        // A change that must show panes again sets more marks than the status line's.
        true if client.is_frozen() && !all => Extent::Status,
        false if client.is_frozen() && !all => Extent::Cursor,
        true => Extent::All,
        false => Extent::Panes,
    }
}

fn trip(cx: &Cx<'_>, id: ClientId) {
    let session = cx.server.client(id).and_then(|c| c.session).and_then(|s| cx.server.session(s));
    session.into_iter().for_each(|session| guard::trip("draw", session.name.as_bytes()));
}

/// Reports whether frames are drawn for a client.
fn is_drawn(client: &Client) -> bool {
    client.session.is_some() && client.flags.contains(ClientFlags::TERMINAL) && client.accepts_input()
}

/// Updates the modes in view with the current time.
fn update_modes(cx: &mut Cx<'_>, id: ClientId) {
    let window = cx.server.client(id).and_then(|c| c.session).and_then(|s| cx.server.current_window(s));
    let panes: Vec<PaneId> =
        window.and_then(|w| cx.server.window(w)).map(|w| w.panes.clone()).unwrap_or_default();
    if !panes.is_empty() {
        crate::view::modes::update_all(cx);
    }
}

/// Computes the title of a client's terminal (`set-titles`).
fn update_title(cx: &mut Cx<'_>, id: ClientId) {
    let Some(session) = cx.server.client(id).and_then(|c| c.session) else { return };
    let options = cx.server.session_options(session);
    if !options.get(opt::SET_TITLES) {
        return;
    }
    let template = options.get(opt::SET_TITLES_STRING).to_owned();
    drop(options);
    let title = Objects::new(cx.server, cx.host, cx.now).client(Some(id)).expand_time(&template);
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.title = title;
    }
}
