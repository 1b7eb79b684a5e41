//! Passing a client's terminal to another server: its state stays as it is, and it is drawn once.

use std::os::fd::{AsFd, OwnedFd};

use nix::sys::termios::Termios;
use serde::{Deserialize, Serialize};

use crate::base::blob::Blob;
use crate::outer::features::Features;
use crate::outer::keys::DecoderRecord;
use crate::render::frame::CursorLook;
use crate::render::tty::Keyboard;

use super::super::passage::{Arrived, FdNumber, Passed};
use super::super::token::{Poller, Token};
use super::Tty;
use crate::reactor::Interest;

#[derive(Serialize, Deserialize)]
pub(crate) struct TtyRecord {
    fd: FdNumber,
    /// Input, output, control and local flags; the line; both speeds.
    original: ([u32; 4], u8, [u32; 2]),
    control_chars: Vec<u8>,
    started: bool,
    pub features: Features,
    decoder: DecoderRecord,
    out: Blob,
    raw: Blob,
    cell_pixels: (u32, u32),
    look_set: CursorLook,
    #[serde(default)]
    keyboard: Keyboard,
    give_up_ms: Option<u64>,
    last_requests_ms: u64,
    total_written: u64,
    dropped: u64,
}

/// A terminal of another server, before the options have set its abilities.
pub(crate) struct Travelled {
    pub fd: OwnedFd,
    pub record: TtyRecord,
}

impl TtyRecord {
    pub(crate) fn arrive(self, arrived: &mut Arrived) -> Result<Travelled, String> {
        Ok(Travelled { fd: arrived.take(self.fd)?, record: self })
    }
}

impl Tty {
    pub(crate) fn record(&self, passed: &mut Passed) -> Result<TtyRecord, String> {
        let Self {
            file,
            original,
            screen,
            decoder,
            features,
            out,
            written,
            raw,
            cell_pixels,
            give_up_ms,
            last_requests_ms,
            total_written,
            dropped,
            // The key of the client's record; the poller's interest is set again.
            id: _,
            registered: _,
            interest: _,
            // Made again of terminfo, features and options.
            term: _,
            // Asked again, unless the answer is known.
            asked_keyboard: _,
            // Everything is drawn again at once.
            composer: _,
            stale: _,
            drawn_ms: _,
        } = self;
        let original: libc::termios = original.clone().into();
        Ok(TtyRecord {
            fd: passed.put(file.as_fd()).map_err(|e| e.to_string())?,
            original: (
                [original.c_iflag, original.c_oflag, original.c_cflag, original.c_lflag],
                original.c_line,
                speeds_of(&original),
            ),
            control_chars: original.c_cc.to_vec(),
            started: screen.is_started(),
            features: *features,
            decoder: decoder.save(),
            out: Blob(out[*written..].to_vec()),
            raw: Blob(raw.clone()),
            cell_pixels: *cell_pixels,
            look_set: screen.look_set(),
            keyboard: screen.keyboard(),
            give_up_ms: *give_up_ms,
            last_requests_ms: *last_requests_ms,
            total_written: *total_written,
            dropped: *dropped,
        })
    }

    /// Continues with a terminal of another server.
    pub(crate) fn take_up(&mut self, poller: &Poller, record: TtyRecord) -> std::io::Result<()> {
        let TtyRecord {
            // The terminal was opened by it.
            fd: _,
            original: (flags, line, speeds),
            control_chars,
            started,
            // The terminal was made with them.
            features: _,
            decoder,
            out,
            raw,
            cell_pixels,
            look_set,
            keyboard,
            give_up_ms,
            last_requests_ms,
            total_written,
            dropped,
        } = record;
        let mut original: libc::termios = self.original.clone().into();
        [original.c_iflag, original.c_oflag, original.c_cflag, original.c_lflag] = flags;
        original.c_line = line;
        set_speeds(&mut original, speeds);
        for (to, from) in original.c_cc.iter_mut().zip(control_chars) {
            *to = from;
        }
        self.original = Termios::from(original);
        self.decoder.take_up(decoder);
        self.cell_pixels = cell_pixels;
        (self.give_up_ms, self.last_requests_ms) = (give_up_ms, last_requests_ms);
        (self.total_written, self.dropped) = (total_written, dropped);
        (self.out, self.raw) = (out.0, raw.0);
        if started {
            self.screen.take_up(look_set, keyboard);
            self.stale = true;
            poller.add(self.file.as_fd(), Token::Tty(self.id), Interest::READ)?;
            self.registered = true;
            self.interest = Interest::READ;
        }
        Ok(())
    }
}

/// Speeds of a terminal, in and out. The C libraries name the fields differently.
#[cfg(not(target_env = "musl"))]
fn speeds_of(settings: &libc::termios) -> [libc::speed_t; 2] {
    [settings.c_ispeed, settings.c_ospeed]
}

#[cfg(target_env = "musl")]
fn speeds_of(settings: &libc::termios) -> [libc::speed_t; 2] {
    [settings.__c_ispeed, settings.__c_ospeed]
}

#[cfg(not(target_env = "musl"))]
fn set_speeds(settings: &mut libc::termios, speeds: [libc::speed_t; 2]) {
    [settings.c_ispeed, settings.c_ospeed] = speeds;
}

#[cfg(target_env = "musl")]
fn set_speeds(settings: &mut libc::termios, speeds: [libc::speed_t; 2]) {
    [settings.__c_ispeed, settings.__c_ospeed] = speeds;
}
