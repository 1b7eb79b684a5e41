//! A client's terminal on its way to another server: it stays as it is, and is drawn again once.

use std::os::fd::{AsFd, OwnedFd};

use nix::sys::termios::Termios;
use serde::{Deserialize, Serialize};

use crate::outer::features::Features;
use crate::outer::keys::DecoderRecord;
use crate::render::frame::CursorLook;

use super::super::passage::{Arrived, Blob, FdNumber, Passed};
use super::super::token::{Poller, Token};
use super::Tty;
use crate::reactor::Interest;

#[derive(Serialize, Deserialize)]
pub struct TtyRecord {
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
    give_up_ms: Option<u64>,
    last_requests_ms: u64,
    total_written: u64,
    dropped: u64,
}

/// A terminal that another server had, before options have said what it can do.
pub struct Travelled {
    pub fd: OwnedFd,
    pub record: TtyRecord,
}

impl TtyRecord {
    pub fn arrive(self, arrived: &mut Arrived) -> Result<Travelled, String> {
        Ok(Travelled { fd: arrived.take(self.fd)?, record: self })
    }
}

impl Tty {
    pub fn record(&self, passed: &mut Passed) -> Result<TtyRecord, String> {
        let original: libc::termios = self.original.clone().into();
        Ok(TtyRecord {
            fd: passed.put(self.file.as_fd()).map_err(|e| e.to_string())?,
            original: (
                [original.c_iflag, original.c_oflag, original.c_cflag, original.c_lflag],
                original.c_line,
                [original.c_ispeed, original.c_ospeed],
            ),
            control_chars: original.c_cc.to_vec(),
            started: self.is_started(),
            features: self.features,
            decoder: self.decoder.save(),
            out: Blob(self.out[self.written..].to_vec()),
            raw: Blob(self.raw.clone()),
            cell_pixels: self.cell_pixels,
            look_set: self.screen.look_set(),
            give_up_ms: self.give_up_ms,
            last_requests_ms: self.last_requests_ms,
            total_written: self.total_written,
            dropped: self.dropped,
        })
    }

    /// Goes on with a terminal as another server left it.
    pub fn take_up(&mut self, poller: &Poller, record: TtyRecord) -> std::io::Result<()> {
        let mut original: libc::termios = self.original.clone().into();
        let (flags, line, speeds) = record.original;
        [original.c_iflag, original.c_oflag, original.c_cflag, original.c_lflag] = flags;
        original.c_line = line;
        [original.c_ispeed, original.c_ospeed] = speeds;
        for (to, from) in original.c_cc.iter_mut().zip(record.control_chars) {
            *to = from;
        }
        self.original = Termios::from(original);
        self.decoder.take_up(record.decoder);
        self.cell_pixels = record.cell_pixels;
        (self.give_up_ms, self.last_requests_ms) = (record.give_up_ms, record.last_requests_ms);
        (self.total_written, self.dropped) = (record.total_written, record.dropped);
        (self.out, self.raw) = (record.out.0, record.raw.0);
        if record.started {
            self.screen.take_up(record.look_set);
            self.stale = true;
            poller.add(self.file.as_fd(), Token::Tty(self.id), Interest::READ)?;
            self.registered = true;
            self.interest = Interest::READ;
        }
        Ok(())
    }
}
