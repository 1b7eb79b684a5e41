//! The world: terminals of attached clients.

use nix::sys::termios;

use crate::base::{ClientId, PaneId};
use crate::model::host::{TerminalDescription, TerminalHost, TtySetup};

use crate::server::tty::Tty;
use crate::server::ttys;

use super::World;

/// Most unanswered queries for palette entries, over all clients.
const MAX_QUERIES: usize = 256;

impl World {
    fn tty(&mut self, client: ClientId) -> Option<&mut Tty> {
        self.peers.get_mut(&client)?.tty.as_mut()
    }
}

impl TerminalHost for World {
    fn tty_control_chars(&self, client: ClientId) -> Option<Vec<u8>> {
        let peer = self.peers.get(&client)?;
        match &peer.tty {
            Some(tty) => Some(tty.control_chars().to_vec()),
            None => Some(termios::tcgetattr(peer.stdin.as_ref()?).ok()?.control_chars.to_vec()),
        }
    }

    fn tty_open(&mut self, client: ClientId, setup: TtySetup) -> Result<(), String> {
        ttys::open(self, client, &setup)
    }

    fn tty_stop(&mut self, client: ClientId, lock: bool) {
        if let Some(tty) = self.peers.get_mut(&client).and_then(|peer| peer.tty.as_mut()) {
            tty.stop(&self.poller);
            if lock {
                tty.clear_for_lock();
            }
            tty.hand_over();
        }
    }

    fn tty_send_requests(&mut self, client: ClientId) {
        let now_ms = self.now.mono_ms;
        if let Some(tty) = self.tty(client) {
            tty.send_requests(now_ms);
        }
    }

    fn tty_write(&mut self, client: ClientId, bytes: &[u8]) {
        if let Some(tty) = self.tty(client) {
            tty.queue_raw(bytes);
        }
    }

    fn tty_invalidate(&mut self, client: ClientId) {
        if let Some(tty) = self.tty(client) {
            tty.invalidate();
        }
    }

    fn tty_bell(&mut self, client: ClientId) {
        if let Some(tty) = self.tty(client) {
            tty.bell();
        }
    }

    fn tty_notify(&mut self, client: ClientId, text: &str) -> bool {
        let Some(tty) = self.tty(client).filter(|tty| tty.term.features().has("notify")) else {
            return false;
        };
        tty.queue_raw(format!("\x1b]9;{text}\x07").as_bytes());
        true
    }

    fn tty_set_clipboard(&mut self, client: ClientId, selection: &str, data: &[u8]) {
        if let Some(tty) = self.tty(client) {
            tty.set_clipboard(selection, data);
        }
    }

    fn tty_query_clipboard(&mut self, client: ClientId) {
        if let Some(tty) = self.tty(client) {
            tty.query_clipboard();
        }
    }

    fn tty_query_palette(&mut self, client: ClientId, pane: PaneId, index: u8) {
        self.palette_queries.push((client, index, pane));
        self.palette_queries.drain(..self.palette_queries.len().saturating_sub(MAX_QUERIES));
        if let Some(tty) = self.tty(client) {
            tty.queue_raw(format!("\x1b]4;{index};?\x1b\\").as_bytes());
        }
    }

    fn tty_query_colours(&mut self, client: ClientId) {
        let now_ms = self.now.mono_ms;
        if let Some(tty) = self.tty(client) {
            tty.repeat_requests(now_ms, true);
        }
    }

    fn describe_terminal(&self, client: ClientId) -> Option<TerminalDescription> {
        let tty = self.peers.get(&client)?.tty.as_ref()?;
        Some(TerminalDescription {
            name: tty.term.name().to_owned(),
            flags: ttys::flag_bits(&tty.term),
            capabilities: tty.term.describe().collect(),
        })
    }
}
