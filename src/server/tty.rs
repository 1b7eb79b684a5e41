//! The server's handling of a client's terminal: termios, reading and decoding keys, drawing frames
//! once earlier output was taken, starting and stopping.

mod travel;

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use nix::sys::termios::{
    self, InputFlags, LocalFlags, OutputFlags, SetArg, SpecialCharacterIndices, Termios,
};

use crate::base::{ClientId, Size};
use crate::outer::features::Features;
use crate::outer::keys::{Decoder, InputEvent};
use crate::outer::{Cap, Term};
use crate::render::compose::{Composer, Erasing};
use crate::render::crops::Making;
use crate::render::frame::Frame;
use crate::render::pictures::FramePictures;
use crate::render::tty::{Tty as Screen, TtyOptions};

use super::proc;
use super::token::{Poller, Token};
use crate::reactor::Interest;

pub(super) use travel::{Travelled, TtyRecord};

/// Raw bytes (passthrough, clipboard) queued for one terminal; more is dropped and counted.
const MAX_RAW: usize = 4 << 20;
/// Bytes of pictures written to one terminal at once, behind a frame; the rest follows when it has
/// taken them, so that they delay frames only briefly.
const PICTURE_SLICE: usize = 64 << 10;
/// Feature of terminals that show pictures by kitty's protocol.
const PICTURES: &str = "kittygraphics";
/// Bytes read from a terminal at once.
const READ: usize = 16 << 10;
/// Time after which requests for colours and attributes count as unanswered, in milliseconds.
pub(super) const QUERY_TIMEOUT_MS: u64 = 5000;
/// Least time between unforced requests for colours, in milliseconds.
pub(super) const REQUEST_INTERVAL_MS: u64 = 30_000;

pub(super) struct Tty {
    id: ClientId,
    file: std::fs::File,
    original: Termios,
    pub term: Term,
    pub screen: Screen,
    pub decoder: Decoder,
    pub composer: Composer,
    pub features: Features,
    out: Vec<u8>,
    written: usize,
    raw: Vec<u8>,
    registered: bool,
    interest: Interest,
    pub cell_pixels: (u32, u32),
    /// True if the next frame must draw everything.
    stale: bool,
    /// Time at which to give up on unanswered requests.
    pub give_up_ms: Option<u64>,
    pub last_requests_ms: u64,
    /// True if it was asked whether it knows kitty's keyboard protocol.
    asked_keyboard: bool,
    /// Time of the last frame that held nothing back (monotonic ms).
    pub drawn_ms: u64,
    /// Bytes written, and raw bytes dropped.
    pub total_written: u64,
    pub dropped: u64,
}

/// Parameters of a new terminal.
pub(super) struct NewTty<'a> {
    pub id: ClientId,
    pub fd: OwnedFd,
    pub utf8: bool,
    pub term: Term,
    pub features: Features,
    pub options: TtyOptions,
    pub user_keys: Vec<(u16, &'a [u8])>,
}

/// Reports whether pictures of kitty's protocol are shown as sixel: the terminal knows that only.
fn shows_sixels(term: &Term) -> bool {
    !term.features().has(PICTURES) && (term.flags.sixel || term.has(Cap::SXL))
}

impl Tty {
    /// Control characters of the terminal before it was taken over.
    pub(super) fn control_chars(&self) -> &[u8] {
        &self.original.control_chars
    }

    /// Takes ownership of a descriptor, which must be a terminal.
    pub(super) fn new(new: NewTty<'_>) -> io::Result<Self> {
        let original = termios::tcgetattr(&new.fd)?;
        let (size, cell_pixels) = proc::window_size(new.fd.as_fd()).unwrap_or_default();
        let size = sane(size);
        let erase = original.control_chars[SpecialCharacterIndices::VERASE as usize];
        let decoder = Decoder::new(&new.term, new.user_keys, (erase != 0).then_some(erase));
        let mut composer = Composer::default();
        composer.no_bright = new.term.has(Cap::NOBR);
        composer.erasing = Erasing::of(&new.term);
        composer.pictures = FramePictures::new(id_space(&new.fd));
        composer.pictures.enabled = new.term.features().has(PICTURES);
        composer.pictures.sixels.enabled = shows_sixels(&new.term);
        composer.pictures.sixels.cell = cell_pixels;
        Ok(Self {
            id: new.id,
            file: new.fd.into(),
            original,
            screen: Screen::new(size, new.utf8, new.options),
            term: new.term,
            decoder,
            composer,
            features: new.features,
            out: Vec::new(),
            written: 0,
            raw: Vec::new(),
            registered: false,
            interest: Interest::READ,
            cell_pixels,
            stale: false,
            give_up_ms: None,
            last_requests_ms: 0,
            asked_keyboard: false,
            drawn_ms: 0,
            total_written: 0,
            dropped: 0,
        })
    }

    pub(super) fn is_started(&self) -> bool {
        self.screen.is_started()
    }

    pub(super) fn size(&self) -> Size {
        self.screen.size()
    }

    /// Sets the terminal to raw mode, takes its screen, and starts to read.
    pub(super) fn start(&mut self, poller: &Poller, now_ms: u64) -> io::Result<()> {
        self.start_after("", poller, now_ms)
    }

    /// As `start`, with text that is written to the main screen first.
    pub(super) fn start_after(&mut self, text: &str, poller: &Poller, now_ms: u64) -> io::Result<()> {
        let mut raw = self.original.clone();
        raw.input_flags.remove(
            InputFlags::IXON
                | InputFlags::IXOFF
                | InputFlags::ICRNL
                | InputFlags::INLCR
                | InputFlags::IGNCR
                | InputFlags::IMAXBEL
                | InputFlags::ISTRIP,
        );
        raw.input_flags.insert(InputFlags::IGNBRK);
        raw.output_flags
            .remove(OutputFlags::OPOST | OutputFlags::ONLCR | OutputFlags::OCRNL | OutputFlags::ONLRET);
        raw.local_flags.remove(
            LocalFlags::IEXTEN
                | LocalFlags::ICANON
                | LocalFlags::ECHO
                | LocalFlags::ECHOE
                | LocalFlags::ECHONL
                | LocalFlags::ECHOCTL
                | LocalFlags::ECHOPRT
                | LocalFlags::ECHOKE
                | LocalFlags::ISIG,
        );
        raw.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        raw.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        super::jobs::set_nonblocking(&self.file)?;
        if termios::tcsetattr(&self.file, SetArg::TCSANOW, &raw).is_ok() {
            termios::tcflush(&self.file, termios::FlushArg::TCOFLUSH).ok();
        }
        if !self.registered {
            poller.add(self.file.as_fd(), Token::Tty(self.id), Interest::READ)?;
            self.registered = true;
            self.interest = Interest::READ;
        }
        self.out.clear();
        self.out.extend_from_slice(text.as_bytes());
        self.written = 0;
        self.composer.pictures.forget();
        self.screen.start(&self.term, &mut self.out);
        self.give_up_ms = Some(now_ms + QUERY_TIMEOUT_MS);
        Ok(())
    }

    /// Asks the terminal for its attributes and colours.
    pub(super) fn send_requests(&mut self, now_ms: u64) {
        let have = self.decoder.expects_attributes();
        let have = (!have.0, !have.1, !have.2);
        if self.screen.request_attributes(&self.term, have, &mut self.out) {
            self.decoder.expect_colours();
        }
        self.last_requests_ms = now_ms;
    }

    /// Asks for the colours again, unless that was done recently.
    pub(super) fn repeat_requests(&mut self, now_ms: u64, force: bool) {
        if !self.is_started() || (!force && now_ms < self.last_requests_ms + REQUEST_INTERVAL_MS) {
            return;
        }
        self.last_requests_ms = now_ms;
        if self.screen.request_colours(&self.term, &mut self.out) {
            self.decoder.expect_colours();
        }
        self.give_up_ms = Some(now_ms + QUERY_TIMEOUT_MS);
    }

    /// Restores the terminal as it was found. Queued output is lost.
    pub(super) fn stop(&mut self, poller: &Poller) {
        if !self.is_started() {
            return;
        }
        if self.registered {
            poller.remove(self.file.as_fd());
            self.registered = false;
        }
        // A dead terminal fails; there is nothing to restore then.
        if proc::window_size(self.file.as_fd()).is_none()
            || termios::tcsetattr(&self.file, SetArg::TCSANOW, &self.original).is_err()
        {
            return;
        }
        let mut out = std::mem::take(&mut self.out);
        let cut = !out.is_empty();
        self.written = 0;
        out.clear();
        if cut && self.composer.pictures.enabled {
            // A picture may have been cut off in the middle.
            out.extend_from_slice(b"\x1b\\");
        }
        self.composer.pictures.stop(&mut out);
        self.screen.stop(&self.term, &mut out);
        self.write_now(&out);
    }

    /// Clears the screen for the lock program, after `stop`.
    pub(super) fn clear_for_lock(&mut self) {
        let mut out = Vec::new();
        for cap in [Cap::SMCUP, Cap::CLEAR, Cap::E3] {
            self.term.put(cap, &mut out);
        }
        self.write_now(&out);
    }

    /// Makes reads block again, after `stop`, for another program that uses the terminal.
    pub(super) fn hand_over(&self) {
        set_blocking(&self.file);
    }

    /// Writes as much as the terminal takes within a short wait.
    fn write_now(&mut self, mut bytes: &[u8]) {
        for _ in 0..50 {
            match self.file.write(bytes) {
                Ok(len) => bytes = &bytes[len..],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let mut fds = [nix::poll::PollFd::new(self.file.as_fd(), nix::poll::PollFlags::POLLOUT)];
                    nix::poll::poll(&mut fds, 10u16).ok();
                }
                Err(_) => return,
            }
            if bytes.is_empty() {
                return;
            }
        }
    }

    pub(super) fn close(&mut self, poller: &Poller) {
        self.stop(poller);
        if self.registered {
            poller.remove(self.file.as_fd());
            self.registered = false;
        }
        set_blocking(&self.file);
    }

    /// Reads the terminal's size; true if it has changed.
    pub(super) fn check_size(&mut self) -> bool {
        let Some((size, pixels)) = proc::window_size(self.file.as_fd()) else { return false };
        let size = sane(size);
        // If the system does not know the size of a cell, the terminal may.
        let unknown = pixels.0 == 0 || pixels.1 == 0;
        if unknown
            && !self.decoder.expects_window_size()
            && self.screen.request_size(&self.term, &mut self.out)
        {
            self.decoder.expect_window_size();
        }
        let pixels = if unknown && size == self.size() { self.cell_pixels } else { pixels };
        if size == self.size() && pixels == self.cell_pixels {
            return false;
        }
        self.cell_pixels = pixels;
        self.composer.pictures.sixels.cell = pixels;
        self.screen.resize(size, &self.term, &mut self.out);
        true
    }

    /// Reports whether all output was taken, so that a new frame may be drawn.
    pub(super) fn is_drained(&self) -> bool {
        self.out.is_empty() && self.is_started()
    }

    /// Reports whether more may be written behind output that was not taken yet. If not, raw bytes
    /// are dropped and counted, as for a blocked terminal in tmux.
    pub(super) fn takes_more(&mut self) -> bool {
        let room = self.is_started() && self.out.len() - self.written < MAX_RAW;
        if !room {
            self.dropped += self.raw.len() as u64;
            self.raw.clear();
        }
        room
    }

    /// Draws a frame. The first frame that needs kitty's keyboard protocol also asks the terminal
    /// whether it knows the protocol.
    pub(super) fn draw(&mut self, frame: &Frame, now_ms: u64) {
        if frame.keyboard.is_some() && !std::mem::replace(&mut self.asked_keyboard, true) {
            if self.screen.request_keyboard(&self.term, &mut self.out) {
                self.decoder.expect_keyboard();
            }
            self.give_up_ms = Some(now_ms + QUERY_TIMEOUT_MS);
        }
        if std::mem::take(&mut self.stale) {
            self.screen.invalidate(&self.term, &mut self.out);
        }
        self.screen.cell_pixels = self.cell_pixels;
        self.screen.draw(frame, &self.composer.links, &self.term, &mut self.out);
        self.decoder.speaks_kitty = self.screen.keyboard().is_on();
        let raw = std::mem::take(&mut self.raw);
        if !raw.is_empty() {
            if self.composer.pictures.is_waiting() && raw.windows(3).any(|bytes| bytes == b"\x1b_G") {
                self.composer.pictures.finish_sending(&mut self.out);
            }
            self.screen.raw(&raw, &self.term, &mut self.out);
            // The cursor returns to its place in the frame.
            self.screen.draw(frame, &self.composer.links, &self.term, &mut self.out);
        }
    }

    /// Parts and forms of pictures to be made beside the loop.
    pub(super) fn wanted_pictures(&mut self) -> Vec<Making> {
        self.composer.pictures.take_wanted()
    }

    /// Reports whether pictures are queued and the terminal has taken everything else.
    pub(super) fn takes_pictures(&self) -> bool {
        self.is_drained() && self.composer.pictures.is_waiting()
    }

    /// Writes a slice of the queued pictures. True: a picture can be shown now.
    pub(super) fn give_pictures(&mut self) -> bool {
        self.composer.pictures.write(PICTURE_SLICE, &mut self.out);
        self.composer.pictures.has_news()
    }

    /// Bytes that the terminal has not taken.
    pub(super) fn output_len(&self) -> usize {
        self.out.len() - self.written + self.raw.len()
    }

    /// Reports whether raw bytes wait for a frame.
    pub(super) fn has_raw(&self) -> bool {
        !self.raw.is_empty()
    }

    pub(super) fn invalidate(&mut self) {
        self.stale = true;
    }

    /// Queues raw bytes to be written behind the next frame.
    pub(super) fn queue_raw(&mut self, bytes: &[u8]) {
        if self.raw.len() + bytes.len() <= MAX_RAW {
            self.raw.extend_from_slice(bytes);
        } else {
            self.dropped += bytes.len() as u64;
        }
    }

    pub(super) fn set_clipboard(&mut self, selection: &str, data: &[u8]) {
        if self.is_started() {
            self.screen.set_clipboard(selection, data, &self.term, &mut self.raw);
        }
    }

    pub(super) fn query_clipboard(&mut self) {
        if self.is_started() {
            self.screen.query_clipboard(&self.term, &mut self.raw);
        }
    }

    pub(super) fn bell(&mut self) {
        if self.is_started() {
            self.screen.bell(&self.term, &mut self.raw);
        }
    }

    /// Adds features. True if the terminal must be drawn again.
    pub(super) fn add_features(&mut self, features: Features, overrides: &[String]) -> bool {
        self.features.0 |= self.term.without_removed(features).0;
        let fresh = self.term.update_features(self.features, overrides);
        self.composer.erasing = Erasing::of(&self.term);
        self.composer.pictures.enabled = self.term.features().has(PICTURES);
        self.composer.pictures.sixels.enabled = shows_sixels(&self.term);
        self.screen.update_features(&self.term, &mut self.out);
        fresh
    }

    /// Writes as much as the terminal takes. False: the terminal is gone.
    pub(super) fn flush(&mut self, poller: &Poller) -> bool {
        while self.written < self.out.len() {
            match self.file.write(&self.out[self.written..]) {
                Ok(0) => break,
                Ok(len) => {
                    self.written += len;
                    self.total_written += len as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
        if self.written == self.out.len() {
            self.out.clear();
            self.out.shrink_to(64 << 10);
            self.written = 0;
        }
        let interest = Interest { read: true, write: !self.out.is_empty() };
        if self.registered && interest != self.interest {
            self.interest = interest;
            poller.set(self.file.as_fd(), Token::Tty(self.id), interest).ok();
        }
        true
    }

    /// Reads input into the decoder. False: the terminal is gone.
    pub(super) fn read(&mut self) -> bool {
        let mut buffer = [0; READ];
        match self.file.read(&mut buffer) {
            Ok(0) => false,
            Ok(len) => {
                self.decoder.push(&buffer[..len]);
                true
            }
            Err(e) => matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        }
    }

    /// The next decoded event.
    pub(super) fn next_event(&mut self, now_ms: u64, escape_time_ms: u64) -> Option<InputEvent> {
        self.decoder.next(now_ms, escape_time_ms)
    }
}

/// A number for ids of pictures on a terminal, which stays the same for successive servers.
fn id_space(fd: &OwnedFd) -> u16 {
    let device = nix::sys::stat::fstat(fd).map_or(0, |stat| stat.st_rdev);
    let mixed = device.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
    // Apart from small ids, which are used by programs that do not coordinate.
    0x4000 | mixed as u16
}

pub(super) fn set_blocking(file: &std::fs::File) {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    if let Ok(flags) = fcntl(file, FcntlArg::F_GETFL) {
        let flags = OFlag::from_bits_retain(flags) - OFlag::O_NONBLOCK;
        fcntl(file, FcntlArg::F_SETFL(flags)).ok();
    }
}

/// tmux: a terminal of unknown size counts as 80×24.
pub(super) fn sane(size: Size) -> Size {
    Size::new(if size.cols == 0 { 80 } else { size.cols }, if size.rows == 0 { 24 } else { size.rows })
}
