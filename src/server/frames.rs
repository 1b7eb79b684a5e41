//! Drawing: each client whose terminal took the frame before gets the next one, if anything
//! changed. A slow client skips frames; it never queues them.

use crate::base::{ClientId, PaneId};
use crate::format::Scope;
use crate::model::{Client, ClientFlags, Cx};
use crate::render::compose;

use super::flood;
use super::runtime::Runtime;
use super::tty::Tty;

/// Frames are at least this far apart while panes flood.
const FRAME_MS: u64 = 8;

impl Runtime {
    /// Whether some client waits for a frame.
    pub fn frame_wanted(&self) -> bool {
        self.server.clients.values().any(|c| c.flags.contains(ClientFlags::REDRAW) || c.status_dirty)
    }

    /// When the next frame is due that only flooding panes want; `None` if none is.
    pub fn flood_frame_due(&self) -> Option<u64> {
        let flooded = self.server.clients.values().filter(|c| c.flags.contains(ClientFlags::FLOODED));
        let ttys = flooded.filter(|c| is_drawn(c)).filter_map(|c| self.world.peers.get(&c.id)?.tty.as_ref());
        ttys.filter(|tty| tty.is_drained()).map(|tty| self.flood_due(tty)).min()
    }

    fn flood_due(&self, tty: &Tty) -> u64 {
        flood::frame_due(tty.drawn_ms, self.flooded_ms)
    }

    /// Draws all clients that want it and can take it.
    pub fn render(&mut self) {
        let now_ms = self.world.now.mono_ms;
        // While panes flood, a frame for each slice would cost more than the slices.
        if self.world.pump.is_busy() && now_ms < self.next_frame_ms {
            return;
        }
        let mut drawn = false;
        let ttys = &self.world.peers;
        let has_raw = |id| ttys.get(&id).and_then(|peer| peer.tty.as_ref()).is_some_and(|tty| tty.has_raw());
        let is_due = |id| {
            ttys.get(&id).and_then(|peer| peer.tty.as_ref()).is_some_and(|tty| self.flood_due(tty) <= now_ms)
        };
        let clients: Vec<ClientId> = self
            .server
            .clients
            .values()
            .filter(|c| is_drawn(c))
            .filter(|c| {
                c.flags.contains(ClientFlags::REDRAW)
                    || c.status_dirty
                    || has_raw(c.id)
                    || c.flags.contains(ClientFlags::FLOODED) && is_due(c.id)
            })
            .map(|c| c.id)
            .collect();
        for id in clients {
            drawn |= self.draw_client(id);
        }
        if drawn {
            self.next_frame_ms = now_ms + FRAME_MS;
        }
    }

    fn draw_client(&mut self, id: ClientId) -> bool {
        let Some(tty) = self.world.peers.get_mut(&id).and_then(|p| p.tty.as_mut()) else { return false };
        // What was written to the terminal in this turn goes first: only one that does not take
        // it wakes the server again, and a frame that waited for less would wait for something
        // else to happen. One that is gone is noticed when its output is written.
        tty.flush(&self.world.poller);
        if !tty.is_drained() {
            return false;
        }
        tty.drawn_ms = self.world.now.mono_ms;
        let mut composer = std::mem::take(&mut tty.composer);
        let mut cx = Cx { now: self.world.now, server: &mut self.server, host: &mut self.world };
        let status = cx.server.clients.get_mut(&id).is_some_and(|c| std::mem::take(&mut c.status_dirty));
        if status {
            update_modes(&mut cx, id);
            update_title(&mut cx, id);
        }
        if let Some(client) = cx.server.clients.get_mut(&id) {
            client.flags.remove(ClientFlags::REDRAW | ClientFlags::FLOODED);
        }
        let frame = compose::compose(&mut cx, id, status, &mut composer);
        let Some(tty) = self.world.peers.get_mut(&id).and_then(|p| p.tty.as_mut()) else { return false };
        tty.composer = composer;
        if let Some(frame) = frame {
            tty.draw(&frame);
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

/// Whether frames are drawn for a client.
fn is_drawn(client: &Client) -> bool {
    client.session.is_some() && client.flags.contains(ClientFlags::TERMINAL) && client.accepts_input()
}

/// Lets modes in view know that time has passed.
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
    if !options.flag("set-titles") {
        return;
    }
    let template = options.string("set-titles-string").to_owned();
    drop(options);
    let title = Scope::new(cx.server, cx.host, cx.now).client(Some(id)).expand_time(&template);
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.title = title;
    }
}
