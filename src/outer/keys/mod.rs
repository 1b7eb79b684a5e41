//! Decoding input from a client's terminal: keys, mouse reports, and replies to queries.
//!
//! Bytes are added with `push`, and events are returned by `next`. An incomplete sequence waits for more
//! bytes until a timer runs out, whose end `deadline` returns; time is an argument. Whether fast typing
//! is really a paste is decided by the server.

use smallvec::SmallVec;

use super::caps::Cap;
use super::term::Term;
use crate::base::text::{beyond_number, from_bytes};
use crate::base::{Key, KeyCode, KeyFlags, KeyReport, Mods, NamedKey};

mod event;
mod extended;
mod kitty;
mod mouse;
mod parse;
mod replies;
mod table;
mod tree;

pub use event::InputEvent;
pub(crate) use mouse::MouseReport;
pub(crate) use replies::colour_report;

use extended::has_width;
use parse::Parse;
use replies::Awaiting;
use tree::KeyTree;

/// Maximum number of bytes of an incomplete sequence; beyond it, they are decoded as if the timer had run
/// out.
pub(crate) const MAX_PENDING_BYTES: usize = 1 << 20;
/// Minimum wait in milliseconds while a reply is expected or a paste may end.
const SLOW_REPLY_MS: u64 = 500;
/// Ends a bracketed paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// State of a decoder that the next server needs.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct DecoderRecord {
    pending: Vec<u8>,
    deadline: Option<u64>,
    awaiting: Awaiting,
    requests_pending: bool,
    in_paste: bool,
    #[serde(default)]
    mouse: mouse::MouseState,
    #[serde(default)]
    speaks_kitty: bool,
}

/// Turns a terminal's bytes into events; see the module comment.
#[derive(Clone, Debug)]
pub struct Decoder {
    tree: KeyTree,
    /// Bytes not decoded yet are `pending[start..]`.
    pending: Vec<u8>,
    start: usize,
    /// The erase character (termios VERASE), if there is one.
    erase: Option<u8>,
    /// When the wait for more bytes ends, in monotonic milliseconds.
    deadline: Option<u64>,
    awaiting: Awaiting,
    /// The server waits for a reply to a program's query.
    pub requests_pending: bool,
    /// Inside a bracketed paste.
    in_paste: bool,
    /// The terminal was told to use kitty's keyboard protocol.
    pub speaks_kitty: bool,
    mouse: mouse::MouseState,
}

impl Decoder {
    /// A decoder for a terminal. `user_keys` are numbers and sequences of the option
    /// `user-keys`; `erase` is the terminal's VERASE character unless disabled.
    pub fn new<'a>(
        term: &Term,
        user_keys: impl IntoIterator<Item = (u16, &'a [u8])>,
        erase: Option<u8>,
    ) -> Self {
        let mut decoder = Decoder {
            tree: KeyTree::default(),
            pending: Vec::new(),
            start: 0,
            erase,
            deadline: None,
            awaiting: Awaiting { primary: true, secondary: true, version: true, ..Awaiting::default() },
            requests_pending: false,
            in_paste: false,
            speaks_kitty: false,
            mouse: mouse::MouseState::default(),
        };
        decoder.rebuild(term, user_keys);
        decoder
    }

    pub fn save(&self) -> DecoderRecord {
        let Self {
            pending,
            start,
            deadline,
            awaiting,
            requests_pending,
            in_paste,
            mouse,
            speaks_kitty,
            // Rebuilt from the terminal and from options.
            tree: _,
            erase: _,
        } = self;
        DecoderRecord {
            pending: pending[*start..].to_vec(),
            deadline: *deadline,
            awaiting: *awaiting,
            requests_pending: *requests_pending,
            in_paste: *in_paste,
            mouse: *mouse,
            speaks_kitty: *speaks_kitty,
        }
    }

    /// Continues with the state of another decoder.
    pub fn take_up(&mut self, record: DecoderRecord) {
        let DecoderRecord { pending, deadline, awaiting, requests_pending, in_paste, mouse, speaks_kitty } =
            record;
        self.speaks_kitty = speaks_kitty;
        (self.pending, self.start, self.deadline) = (pending, 0, deadline);
        (self.awaiting, self.requests_pending, self.in_paste) = (awaiting, requests_pending, in_paste);
        self.mouse = mouse;
    }

    /// Rebuilds the tree of keys, after `user-keys` or the terminal changed.
    pub fn rebuild<'a>(&mut self, term: &Term, user_keys: impl IntoIterator<Item = (u16, &'a [u8])>) {
        let mut tree = KeyTree::default();
        for (bytes, key) in table::builtin() {
            tree.add(&bytes, key);
        }
        for (cap, key) in table::terminfo() {
            if let Some(cap) = Cap::by_name(&cap) {
                tree.add(term.text(cap), key);
            }
        }
        for (number, bytes) in user_keys {
            tree.add(bytes, table::user(number));
        }
        self.tree = tree;
    }

    /// Called when the colours of the terminal were queried.
    pub fn expect_colours(&mut self) {
        self.awaiting.foreground = true;
        self.awaiting.background = true;
    }

    /// Called when the terminal was asked for kitty's keyboard protocol.
    pub fn expect_keyboard(&mut self) {
        self.awaiting.keyboard = true;
    }

    /// Called when the size was queried with `CSI 18 t` and `CSI 14 t`.
    pub fn expect_window_size(&mut self) {
        self.awaiting.window_size = true;
    }

    /// True while a reply with the size is expected.
    pub fn expects_window_size(&self) -> bool {
        self.awaiting.window_size
    }

    /// Stops waiting for replies other than sizes: the terminal does not answer, or was too slow.
    pub fn give_up_replies(&mut self) {
        self.awaiting = Awaiting { window_size: self.awaiting.window_size, ..Awaiting::default() };
    }

    /// Which replies to the initial queries are expected: primary, secondary, version.
    pub fn expects_attributes(&self) -> (bool, bool, bool) {
        (self.awaiting.primary, self.awaiting.secondary, self.awaiting.version)
    }

    /// True inside a bracketed paste.
    pub fn in_paste(&self) -> bool {
        self.in_paste
    }

    /// Takes bytes that arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.pending.drain(..self.start);
            self.start = 0;
        }
        self.pending.extend_from_slice(bytes);
    }

    /// When `next` should be called even without new bytes, in monotonic milliseconds.
    pub fn deadline(&self) -> Option<u64> {
        self.deadline
    }

    /// The next complete event, if any. `escape_time_ms` is the option `escape-time`.
    pub fn next(&mut self, now_ms: u64, escape_time_ms: u64) -> Option<InputEvent> {
        while self.start < self.pending.len() {
            let full = self.pending.len() - self.start > MAX_PENDING_BYTES;
            let expired = full || self.deadline.is_some_and(|end| end <= now_ms);
            match self.decode(expired) {
                Parse::Yes(event, size) => {
                    self.deadline = None;
                    self.start += size;
                    if event.is_some() {
                        return event;
                    }
                }
                Parse::Discard(size) => self.start += size,
                Parse::Partial | Parse::No => {
                    if self.deadline.is_none() {
                        self.deadline = Some(now_ms + self.delay(escape_time_ms));
                    }
                    return None;
                }
            }
        }
        self.pending.clear();
        self.start = 0;
        None
    }

    /// Decodes the present bytes even if they are incomplete (the timer has run out).
    pub fn flush(&mut self) -> Option<InputEvent> {
        if self.start < self.pending.len() {
            self.deadline = Some(0);
        }
        self.next(0, 1)
    }

    /// Milliseconds that an incomplete sequence waits.
    fn delay(&self, escape_time_ms: u64) -> u64 {
        let bytes = &self.pending[self.start..];
        let awaiting = Awaiting { window_size: false, ..self.awaiting } != Awaiting::default();
        let ending_paste = self.in_paste && bytes.len() < PASTE_END.len() && PASTE_END.starts_with(bytes);
        let delay = escape_time_ms.max(1);
        if awaiting || self.requests_pending || ending_paste { delay.max(SLOW_REPLY_MS) } else { delay }
    }

    /// Decodes one sequence at the front. `Yes(None, n)` drops n bytes without a meaning.
    fn decode(&mut self, expired: bool) -> Parse<Option<InputEvent>> {
        if self.pending[self.start] == 0x1b {
            match self.reply() {
                Parse::No => {}
                // When the time is over, an incomplete reply is decoded as keys.
                Parse::Partial if !expired => return Parse::Partial,
                Parse::Partial => return self.key(expired),
                found => return found,
            }
        }
        self.key(expired)
    }

    /// Sequences that are not keys of the tree, in tmux's order: the first kind that is complete, or may
    /// become so, decides.
    fn reply(&mut self) -> Parse<Option<InputEvent>> {
        type Kind = fn(&mut Decoder) -> Parse<Option<InputEvent>>;
        const KINDS: [Kind; 11] = [
            |decoder| replies::clipboard(decoder.bytes()),
            |decoder| decoder.answer(kitty::keyboard_reply),
            |decoder| decoder.answer(replies::primary_attributes),
            |decoder| decoder.answer(replies::secondary_attributes),
            |decoder| decoder.answer(replies::version),
            |decoder| decoder.answer(replies::colours),
            |decoder| replies::palette(decoder.bytes()),
            Decoder::mouse_report,
            Decoder::kitty_key,
            Decoder::extended,
            |decoder| decoder.answer(replies::window_size),
        ];
        for kind in KINDS {
            match kind(self) {
                Parse::No => {}
                found => return found,
            }
        }
        Parse::No
    }

    fn bytes(&self) -> &[u8] {
        &self.pending[self.start..]
    }

    /// A reply that may be outstanding.
    fn answer(
        &mut self,
        reply: fn(&[u8], &mut Awaiting) -> Parse<Option<InputEvent>>,
    ) -> Parse<Option<InputEvent>> {
        reply(&self.pending[self.start..], &mut self.awaiting)
    }

    /// A key event for the first `size` bytes.
    fn key_event(&self, key: Key, size: usize) -> Parse<Option<InputEvent>> {
        self.reported_key(key, None, size)
    }

    /// A key event with an optional report, for the first `size` bytes.
    fn reported_key(&self, key: Key, report: Option<KeyReport>, size: usize) -> Parse<Option<InputEvent>> {
        let bytes = SmallVec::from_slice(&self.bytes()[..size]);
        Parse::Yes(Some(InputEvent::Key { key, mouse: None, report, bytes }), size)
    }

    /// Decodes a key while the terminal uses the protocol, or may use it because an earlier server
    /// enabled it.
    fn kitty_key(&mut self) -> Parse<Option<InputEvent>> {
        if !self.speaks_kitty && !self.awaiting.keyboard {
            return Parse::No;
        }
        let (found, size) = match kitty::parse(self.bytes()) {
            Parse::Yes(found, size) => (found, size),
            Parse::Partial => return Parse::Partial,
            _ => return Parse::No,
        };
        let kitty::Found { report, text } = found;
        if let [first, rest @ ..] = text.as_slice()
            && !rest.is_empty()
        {
            let several = kitty::taken_apart(&report, *first, rest);
            self.pending.splice(self.start..self.start + size, several);
            return self.kitty_key();
        }
        let key = report.key();
        if key.code == KeyCode::Named(NamedKey::None) {
            return Parse::Discard(size);
        }
        self.reported_key(key, Some(report), size)
    }

    fn mouse_report(&mut self) -> Parse<Option<InputEvent>> {
        match mouse::parse(&self.pending[self.start..], &mut self.mouse) {
            Parse::Yes(report, size) => {
                let bytes = SmallVec::from_slice(&self.bytes()[..size]);
                let key = Key::named(NamedKey::Mouse);
                Parse::Yes(Some(InputEvent::Key { key, mouse: Some(report), report: None, bytes }), size)
            }
            Parse::No => Parse::No,
            Parse::Partial => Parse::Partial,
            Parse::Discard(size) => Parse::Discard(size),
        }
    }

    fn extended(&mut self) -> Parse<Option<InputEvent>> {
        match extended::parse(self.bytes(), self.erase) {
            Parse::Yes(key, size) => self.key_event(key, size),
            Parse::Partial => Parse::Partial,
            _ => Parse::No,
        }
    }

    /// A key, with or without Escape before it for Meta.
    fn key(&mut self, expired: bool) -> Parse<Option<InputEvent>> {
        match self.plain(0, expired) {
            Parse::Yes(key, size) => return self.key_event(key, size),
            Parse::Partial => return Parse::Partial,
            _ => {}
        }
        let bytes = self.bytes();
        if bytes[0] == 0x1b && bytes.len() > 1 {
            match self.plain(1, expired) {
                // The sequence already includes Meta, so this Escape is a separate key.
                Parse::Yes(key, _) if key.flags.contains(KeyFlags::IMPLIED_META) => {
                    return self.key_event(Key::ESCAPE, 1);
                }
                Parse::Yes(key, size) => return self.key_event(key.with(Mods::META), size + 1),
                Parse::Partial => return Parse::Partial,
                _ => {}
            }
        }
        self.byte_key()
    }

    /// A sequence of the tree or one UTF-8 character, `skip` bytes in.
    fn plain(&mut self, skip: usize, expired: bool) -> Parse<Key> {
        let bytes = &self.pending[self.start + skip..];
        if let Some(found) = self.tree.find(bytes) {
            if found.may_continue && !expired {
                return Parse::Partial;
            }
            match found.key.code {
                KeyCode::Named(NamedKey::PasteStart) => self.in_paste = true,
                KeyCode::Named(NamedKey::PasteEnd) => self.in_paste = false,
                _ => {}
            }
            return Parse::Yes(found.key, found.size);
        }
        match utf8(bytes) {
            Parse::Partial if expired => Parse::No,
            Parse::Yes(code, size) => Parse::Yes(Key::new(code, Mods::empty()), size),
            Parse::Partial => Parse::Partial,
            _ => Parse::No,
        }
    }

    /// A key that no table has: a byte, or Escape and a byte.
    fn byte_key(&self) -> Parse<Option<InputEvent>> {
        let bytes = self.bytes();
        let meta = bytes[0] == 0x1b && bytes.len() >= 2;
        let (byte, mods, size) = if meta { (bytes[1], Mods::META, 2) } else { (bytes[0], Mods::empty(), 1) };
        if self.erase == Some(byte) && byte != 0 {
            return self.key_event(Key::named(NamedKey::BSpace).with(mods), size);
        }
        let key = match byte {
            0 => Key::ctrl(' '),
            b'\t' | b'\r' | 0x1b | 0x20..=0x7f => Key::char(char::from(byte)),
            1..=0x1f => Key::ctrl(char::from(byte | 0x40).to_ascii_lowercase()),
            // tmux: a byte that is not a character is not sent to programs.
            _ => return Parse::Yes(None, size),
        };
        self.key_event(key.with(mods), size)
    }
}

/// The UTF-8 character of several bytes at the front, but no ASCII.
fn utf8(bytes: &[u8]) -> Parse<KeyCode> {
    let size = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => return Parse::No,
    };
    if bytes.len() < size {
        return Parse::Partial;
    }
    match std::str::from_utf8(&bytes[..size]).ok().and_then(|text| text.chars().next()) {
        Some(c) if has_width(c) => Parse::Yes(KeyCode::Char(c), size),
        Some(_) => Parse::No,
        None => match beyond_number(&from_bytes(&bytes[..size])) {
            Some(number) => Parse::Yes(KeyCode::Beyond(number), size),
            None => Parse::No,
        },
    }
}

#[cfg(test)]
mod tests;
