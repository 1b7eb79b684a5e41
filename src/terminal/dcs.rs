//! Device control strings: passthrough, status requests, images.

use super::config::AllowPassthrough;
use super::events::TerminalEvent;
use super::modes::{CursorShape, Modes};
use super::screen::Screen;

impl Screen {
    /// `data` begins with the final byte.
    pub(super) fn dcs_command(&mut self, params: &[u8], intermediates: &[u8], data: &[u8]) {
        if self.config.pane && intermediates.is_empty() && data.first() == Some(&b'q') {
            self.sixel(params, data);
        }
        if intermediates == b"$" && data.first() == Some(&b'q') {
            return self.status_request(data);
        }
        let always = match self.config.allow_passthrough {
            AllowPassthrough::Off => return,
            AllowPassthrough::On => false,
            AllowPassthrough::All => true,
        };
        if let Some(bytes) = data.strip_prefix(b"tmux;") {
            self.outbox.event(TerminalEvent::Passthrough { data: bytes.to_vec(), always });
        }
    }

    /// DECRQSS: only the cursor style is known.
    fn status_request(&mut self, data: &[u8]) {
        if !data.starts_with(b"q q") {
            return self.outbox.reply(b"\x1bP0$r\x1b\\");
        }
        let number = match self.cursor_shape {
            CursorShape::Default => Some(self.config.cursor_style).filter(|n| *n <= 6).unwrap_or(0),
            shape => shape.number(self.modes.contains(Modes::CURSOR_BLINKING)),
        };
        self.outbox.reply(format!("\x1bP1$r q{number} q\x1b\\").as_bytes());
    }
}
