//! Bytes to commands: the state machine of escape sequences.
//!
//! The `vte` crate is not used here because its machine differs where programs can see it:
//! tmux knows no 8-bit controls, carries an unfinished UTF-8 character across escape
//! sequences, consumes as many bytes as a lead byte announces, ends a DCS only at `ESC \`,
//! ignores a sequence whose parameters fill 64 bytes or number 24, and has strings of its own
//! (`ESC k`, APC). The states and ranges here are those of tmux 3.7c.
//!
//! The commands do not depend on how the input is split.

use std::mem;

use serde::{Deserialize, Serialize};

use super::events::StringEnd;
use super::params::Params;
use super::passing::Passed;
use super::text::{Characters, plain_prefix};

/// Receiver of the parser's commands.
pub(super) trait Commands {
    /// Printable ASCII.
    fn print_ascii(&mut self, text: &[u8]);
    /// A character beyond ASCII, or with `replacement` the one that replaces invalid bytes.
    fn print_char(&mut self, c: char, replacement: bool);
    /// Characters that are all beyond ASCII.
    fn print_chars(&mut self, text: &str);
    /// A line ended: takes lines of what follows that nobody will see.
    fn pass_lines(&mut self, _bytes: &[u8]) -> Passed {
        Passed::default()
    }
    /// Bytes beyond ASCII began, whatever becomes of them.
    fn non_ascii(&mut self);
    fn control(&mut self, byte: u8);
    fn escape(&mut self, intermediates: &[u8], byte: u8);
    fn csi(&mut self, params: &Params, intermediates: &[u8], byte: u8);
    /// A string of any kind began.
    fn string_begins(&mut self);
    fn dcs(&mut self, params: &[u8], intermediates: &[u8], data: &[u8]);
    fn osc(&mut self, data: &[u8], end: StringEnd);
    fn apc(&mut self, data: &[u8]);
    fn rename(&mut self, data: &[u8]);
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum State {
    Ground,
    Escape,
    EscapeIntermediate,
    CsiEnter,
    CsiParameter,
    CsiIntermediate,
    CsiIgnore,
    DcsEnter,
    DcsParameter,
    DcsIntermediate,
    DcsData,
    DcsEscape,
    DcsIgnore,
    Osc,
    Apc,
    Rename,
    Consume,
}

/// Bytes of parameters kept; a sequence with more is ignored.
pub(super) const MAX_PARAMETERS: usize = 63;
/// Intermediate bytes kept; a sequence with more is ignored.
const MAX_INTERMEDIATES: usize = 3;

/// The state machine. Strings are bounded by `limit`, everything else by the constants above.
pub(super) struct Parser {
    state: State,
    intermediates: Vec<u8>,
    parameters: Vec<u8>,
    data: Vec<u8>,
    params: Params,
    /// True after an overflow: the sequence is parsed but not executed.
    discard: bool,
    end: StringEnd,
    utf8: Utf8,
    /// Longest string, in bytes.
    limit: usize,
    /// Input since the ground state, for `capture-pane -P`.
    pending: Vec<u8>,
    /// Strings begun so far.
    strings: u64,
}

/// An unfinished UTF-8 character.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Utf8 {
    bytes: [u8; 4],
    have: u8,
    size: u8,
    started: bool,
    bad: bool,
}

/// State of a parser in the middle of a sequence, without its strings.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedParser {
    state: State,
    intermediates: Vec<u8>,
    parameters: Vec<u8>,
    discard: bool,
    end: StringEnd,
    utf8: Utf8,
}

impl Parser {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            state: State::Ground,
            intermediates: Vec::with_capacity(MAX_INTERMEDIATES),
            parameters: Vec::with_capacity(MAX_PARAMETERS),
            data: Vec::new(),
            params: Params::default(),
            discard: false,
            end: StringEnd::St,
            utf8: Utf8::default(),
            limit,
            pending: Vec::new(),
            strings: 0,
        }
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Returns to the ground state, dropping collected data.
    pub(super) fn reset(&mut self) {
        self.state = State::Ground;
        self.clear();
        self.pending = Vec::new();
    }

    /// Reports whether a string is being collected, which needs a time limit.
    pub(super) fn in_string(&self) -> bool {
        use State::*;
        matches!(
            self.state,
            DcsEnter
                | DcsParameter
                | DcsIntermediate
                | DcsData
                | DcsEscape
                | DcsIgnore
                | Osc
                | Apc
                | Rename
                | Consume
        )
    }

    /// Number of the string that is being collected.
    pub(super) fn open_string(&self) -> Option<u64> {
        self.in_string().then_some(self.strings)
    }

    /// Input since the ground state was left.
    pub(super) fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// The state, and its two strings (`data` and `pending`). Replaying the pending input instead
    /// would repeat commands that were executed on the way.
    pub(super) fn save(&self) -> (SavedParser, [&[u8]; 2]) {
        let saved = SavedParser {
            state: self.state,
            intermediates: self.intermediates.clone(),
            parameters: self.parameters.clone(),
            discard: self.discard,
            end: self.end,
            utf8: self.utf8,
        };
        (saved, [&self.data, &self.pending])
    }

    /// Restores the result of `save`.
    pub(super) fn load(&mut self, saved: SavedParser, [data, pending]: [&[u8]; 2]) {
        self.state = saved.state;
        self.intermediates = saved.intermediates;
        self.parameters = saved.parameters;
        (self.discard, self.end) = (saved.discard, saved.end);
        if saved.utf8.have < saved.utf8.size && saved.utf8.size <= 4 {
            self.utf8 = saved.utf8;
        }
        (self.data, self.pending) = (data.to_vec(), pending.to_vec());
    }

    fn clear(&mut self) {
        self.intermediates.clear();
        self.parameters.clear();
        self.data.clear();
        self.end = StringEnd::St;
        self.discard = false;
    }

    pub(super) fn advance(&mut self, mut bytes: &[u8], to: &mut impl Commands) {
        while let Some(&byte) = bytes.first() {
            let taken = match self.state {
                State::Ground => self.ground(bytes, to),
                State::Osc | State::DcsData | State::Apc | State::Rename => self.string(bytes, to),
                _ => {
                    self.step(byte, to);
                    1
                }
            };
            if self.state == State::Ground {
                self.back_in_ground();
            } else {
                let room = self.limit.saturating_sub(self.pending.len());
                self.pending.extend_from_slice(&bytes[taken - 1..taken][..room.min(1)]);
            }
            bytes = &bytes[taken..];
        }
    }

    fn back_in_ground(&mut self) {
        if !self.pending.is_empty() {
            self.pending.clear();
            if self.data.capacity() > 4096 {
                self.data = Vec::new();
                self.pending = Vec::new();
            }
        }
    }

    /// Processes text, controls and complete control sequences, up to the first other byte.
    fn ground(&mut self, bytes: &[u8], to: &mut impl Commands) -> usize {
        let (mut at, mut looked) = (0, 0);
        let mut characters = Characters::new(bytes);
        while let Some(&byte) = bytes.get(at) {
            let rest = &bytes[at..];
            at += match byte {
                0x20..=0x7e => {
                    let plain = plain_prefix(rest);
                    self.stop_utf8(to);
                    to.print_ascii(&rest[..plain]);
                    plain
                }
                0x1b => match self.whole_csi(rest, to) {
                    Some(taken) => taken,
                    None => {
                        self.clear();
                        self.state = State::Escape;
                        return at + 1;
                    }
                },
                0x7f => 1,
                0x80.. => {
                    let text = if self.utf8.started { "" } else { characters.beyond_ascii(at) };
                    if text.is_empty() {
                        self.non_ascii(byte, to)
                    } else {
                        to.print_chars(text);
                        text.len()
                    }
                }
                b'\n' if at >= looked => {
                    self.control(byte, to);
                    let passed = to.pass_lines(&rest[1..]);
                    looked = at + 1 + passed.looked;
                    1 + passed.taken
                }
                _ => {
                    self.control(byte, to);
                    1
                }
            };
        }
        at
    }

    /// Executes a control sequence that is complete and has only numbers, as nearly all have;
    /// returns its length. The state machine would do the same, byte by byte.
    fn whole_csi(&mut self, bytes: &[u8], to: &mut impl Commands) -> Option<usize> {
        let body = bytes.strip_prefix(b"\x1b[")?;
        let private = body.first() == Some(&b'?');
        let parameters = &body[usize::from(private)..];
        let taken = self.params.parse_plain(&parameters[..parameters.len().min(MAX_PARAMETERS + 1)])?;
        let last = *parameters.get(taken).filter(|byte| matches!(byte, 0x40..=0x7e))?;
        to.csi(&self.params, if private { b"?" } else { b"" }, last);
        Some(bytes.len() - parameters.len() + taken + 1)
    }

    fn control(&mut self, byte: u8, to: &mut impl Commands) {
        self.stop_utf8(to);
        to.control(byte);
    }

    fn stop_utf8(&mut self, to: &mut impl Commands) {
        if mem::take(&mut self.utf8.started) {
            to.print_char(char::REPLACEMENT_CHARACTER, true);
        }
    }

    /// Processes one byte of a character that is not whole in one piece of input, or invalid.
    fn non_ascii(&mut self, byte: u8, to: &mut impl Commands) -> usize {
        if !self.utf8.started {
            to.non_ascii();
            let size = match byte {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => {
                    to.print_char(char::REPLACEMENT_CHARACTER, true);
                    return 1;
                }
            };
            self.utf8 = Utf8 { bytes: [byte, 0, 0, 0], have: 1, size: size as u8, started: true, bad: false };
            return 1;
        }
        to.non_ascii();
        let utf8 = &mut self.utf8;
        utf8.bad |= byte & 0xc0 != 0x80;
        utf8.bytes[usize::from(utf8.have)] = byte;
        utf8.have += 1;
        if utf8.have == utf8.size {
            utf8.started = false;
            let whole = &utf8.bytes[..usize::from(utf8.size)];
            let decoded = std::str::from_utf8(whole).ok().and_then(|text| text.chars().next());
            match decoded.filter(|_| !utf8.bad) {
                Some(c) => to.print_char(c, false),
                None => to.print_char(char::REPLACEMENT_CHARACTER, true),
            }
        }
        1
    }

    /// Consumes the plain data at the start of a string, or one other byte.
    fn string(&mut self, bytes: &[u8], to: &mut impl Commands) -> usize {
        let special: fn(&u8) -> bool =
            if self.state == State::DcsData { |b| *b == 0x1b } else { |b| *b < 0x20 };
        let plain = bytes.iter().position(special).unwrap_or(bytes.len());
        if plain == 0 {
            self.step(bytes[0], to);
            return 1;
        }
        let room = self.limit.saturating_sub(self.pending.len());
        self.pending.extend_from_slice(&bytes[..(plain - 1).min(room)]);
        self.collect(&bytes[..plain]);
        plain
    }

    fn collect(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.discard {
                return;
            }
            // tmux: the buffer doubles from 32 bytes, so its limit acts in powers of two.
            let needed = (self.data.len() + 2).next_power_of_two().max(32);
            if needed > self.limit && needed > 32 {
                self.discard = true;
                return;
            }
            self.data.push(byte);
        }
    }

    fn intermediate(&mut self, byte: u8) {
        if self.intermediates.len() == MAX_INTERMEDIATES {
            self.discard = true;
        } else {
            self.intermediates.push(byte);
        }
    }

    fn parameter(&mut self, byte: u8) {
        if self.parameters.len() == MAX_PARAMETERS {
            self.discard = true;
        } else {
            self.parameters.push(byte);
        }
    }

    /// Processes one byte in any state but ground.
    fn step(&mut self, byte: u8, to: &mut impl Commands) {
        use State::*;
        if matches!(self.state, DcsData | DcsEscape) {
            return self.step_dcs_data(byte, to);
        }
        match byte {
            0x18 | 0x1a => {
                self.control(byte, to);
                return self.enter(Ground, to);
            }
            0x1b => return self.enter(Escape, to),
            _ => {}
        }
        match self.state {
            Escape => self.step_escape(byte, to),
            EscapeIntermediate => match byte {
                0x00..=0x1f => self.control(byte, to),
                0x20..=0x2f => self.intermediate(byte),
                0x30..=0x7e => self.dispatch_escape(byte, to),
                _ => {}
            },
            CsiEnter | CsiParameter | CsiIntermediate | CsiIgnore => self.step_csi(byte, to),
            DcsEnter | DcsParameter | DcsIntermediate => self.step_dcs(byte, to),
            Osc if byte == 0x07 => {
                self.end = StringEnd::Bel;
                self.enter(Ground, to);
            }
            Osc | Apc | Rename if byte >= 0x20 => self.collect(&[byte]),
            _ => {}
        }
    }

    fn step_escape(&mut self, byte: u8, to: &mut impl Commands) {
        use State::*;
        match byte {
            0x00..=0x1f => self.control(byte, to),
            0x20..=0x2f => {
                self.intermediate(byte);
                self.state = EscapeIntermediate;
            }
            b'P' => self.enter(DcsEnter, to),
            b'X' | b'^' => self.enter(Consume, to),
            b'[' => self.enter(CsiEnter, to),
            b']' => self.enter(Osc, to),
            b'_' => self.enter(Apc, to),
            b'k' => self.enter(Rename, to),
            0x30..=0x7e => self.dispatch_escape(byte, to),
            _ => {}
        }
    }

    fn dispatch_escape(&mut self, byte: u8, to: &mut impl Commands) {
        if !self.discard {
            to.escape(&self.intermediates, byte);
        }
        self.enter(State::Ground, to);
    }

    fn step_csi(&mut self, byte: u8, to: &mut impl Commands) {
        use State::*;
        match (byte, self.state) {
            (0x00..=0x1f, _) => self.control(byte, to),
            (0x20..=0x3f, CsiIgnore) => {}
            (0x40..=0x7e, CsiIgnore) => self.enter(Ground, to),
            (0x20..=0x2f, _) => {
                self.intermediate(byte);
                self.state = CsiIntermediate;
            }
            (0x30..=0x3f, CsiIntermediate) => self.state = CsiIgnore,
            (0x3c..=0x3f, CsiEnter) => {
                self.intermediate(byte);
                self.state = CsiParameter;
            }
            (0x3c..=0x3f, _) => self.state = CsiIgnore,
            (0x30..=0x3b, _) => {
                self.parameter(byte);
                self.state = CsiParameter;
            }
            (0x40..=0x7e, _) => {
                if !self.discard && self.params.parse(&self.parameters) {
                    to.csi(&self.params, &self.intermediates, byte);
                }
                self.enter(Ground, to);
            }
            _ => {}
        }
    }

    fn step_dcs(&mut self, byte: u8, _to: &mut impl Commands) {
        use State::*;
        match (byte, self.state) {
            (0x20..=0x2f, _) => {
                self.intermediate(byte);
                self.state = DcsIntermediate;
            }
            (0x30..=0x3f, DcsIntermediate) | (0x3a, _) | (0x3c..=0x3f, DcsParameter) => {
                self.state = DcsIgnore;
            }
            (0x30..=0x3b, _) => {
                self.parameter(byte);
                self.state = DcsParameter;
            }
            (0x3c..=0x3f, _) => {
                self.intermediate(byte);
                self.state = DcsParameter;
            }
            (0x40..=0x7e, _) => {
                self.collect(&[byte]);
                self.state = DcsData;
            }
            _ => {}
        }
    }

    fn step_dcs_data(&mut self, byte: u8, to: &mut impl Commands) {
        match (self.state, byte) {
            (State::DcsData, 0x1b) => self.state = State::DcsEscape,
            (State::DcsEscape, b'\\') => {
                if !self.discard {
                    to.dcs(&self.parameters, &self.intermediates, &self.data);
                }
                self.state = State::Ground;
            }
            _ => {
                // tmux: the ESC that did not end the string is not part of it either.
                self.collect(&[byte]);
                self.state = State::DcsData;
            }
        }
    }

    /// Leaves a state, ending its string, and enters another.
    fn enter(&mut self, state: State, to: &mut impl Commands) {
        if !self.discard {
            match self.state {
                State::Osc => to.osc(&self.data, self.end),
                State::Apc => to.apc(&self.data),
                State::Rename => to.rename(&self.data),
                _ => {}
            }
        }
        match state {
            State::Escape | State::CsiEnter => self.clear(),
            State::DcsEnter | State::Osc | State::Apc | State::Rename | State::Consume => {
                self.clear();
                self.strings += 1;
                to.string_begins();
            }
            _ => {}
        }
        self.state = state;
    }
}
