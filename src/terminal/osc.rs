//! Operating system commands and the strings that set titles.

use super::config::{GetClipboard, SetClipboard};
use super::events::{StringEnd, TerminalEvent};
use super::modes::ProgressState;
use super::screen::Screen;
use crate::base::text::{clean_name, from_bytes, visible};
use crate::base::{Colour, LinkId};
use base64::Engine;

/// Letters of OSC 52 that name a selection.
const SELECTIONS: &str = "cpqs01234567";

impl Screen {
    pub(super) fn osc_command(&mut self, data: &[u8], end: StringEnd) {
        let digits = data.iter().position(|b| !b.is_ascii_digit()).unwrap_or(data.len());
        if digits == 0 {
            return;
        }
        // tmux: the number wraps at 32 bits.
        let number =
            data[..digits].iter().fold(0u32, |n, b| n.wrapping_mul(10).wrapping_add(u32::from(b - b'0')));
        let text = match data.get(digits) {
            None => &data[digits..],
            Some(b';') => &data[digits + 1..],
            Some(_) => return,
        };
        match number {
            0 | 2 => self.set_title_from_program(text),
            4 => self.osc_palette(&from_bytes(text), end),
            7 => {
                if self.config.pane
                    && let Some(path) = clean_name(text)
                {
                    self.path = path;
                    self.outbox.event(TerminalEvent::Path);
                }
            }
            8 => self.osc_hyperlink(text),
            9 if text.starts_with(b"4;") => self.osc_progress(text),
            9 => self.osc_9(text),
            10 | 11 => self.osc_default_colour(number, &from_bytes(text), end),
            12 => self.osc_cursor_colour(&from_bytes(text), end),
            52 => self.osc_clipboard(text, end),
            99 => self.osc_99(text),
            104 => self.osc_reset_palette(&from_bytes(text)),
            110 | 111 if text.is_empty() => self.set_default_colour(number - 100, None),
            112 if text.is_empty() => self.cursor_colour = None,
            133 => self.osc_mark(text),
            633 => self.osc_633(text),
            1337 => self.osc_1337(text),
            777 => self.osc_777(text),
            _ => {}
        }
    }

    pub(super) fn set_title_from_program(&mut self, text: &[u8]) {
        if self.config.pane
            && self.config.allow_set_title
            && let Some(title) = clean_name(text)
        {
            self.title.clone_from(&title);
            self.outbox.event(TerminalEvent::Title(title));
        }
    }

    /// `ESC k`: the window's name.
    pub(super) fn rename_from_program(&mut self, text: &[u8]) {
        if self.config.pane
            && self.config.allow_rename
            && let Ok(name) = std::str::from_utf8(text)
            && !name.contains(|c: char| c.is_ascii_control())
        {
            self.outbox.event(TerminalEvent::Name(name.to_owned()));
        }
    }

    fn reply_colour(&mut self, prefix: &str, colour: Option<Colour>, end: StringEnd) {
        if let Some(text) = colour.and_then(Colour::to_rgb).map(|rgb| colour_reply(prefix, rgb, end)) {
            self.outbox.reply(text.as_bytes());
        }
    }

    /// OSC 4: pairs of index and colour, or index and `?`.
    fn osc_palette(&mut self, text: &str, end: StringEnd) {
        let mut rest = text;
        let mut changed = false;
        while !rest.is_empty() {
            let Some((number, after)) = rest.split_once(';') else { break };
            let number = number.trim_start();
            let number = number.strip_prefix('+').unwrap_or(number);
            let index = if number.is_empty() { Ok(0) } else { number.parse::<u8>() };
            let Ok(index) = index else { break };
            let (colour, next) = after.split_once(';').unwrap_or((after, ""));
            rest = next;
            if colour == "?" {
                match self.palette.get(index) {
                    Some(known) => self.reply_colour(&format!("4;{index}"), Some(known), end),
                    None if self.config.pane && self.config.client_answers => {
                        self.outbox.ask_palette(index, end);
                    }
                    None => {}
                }
            } else if let Some(colour) = Colour::parse_x11(colour) {
                changed |= self.palette.set(index, Some(colour));
            }
        }
        if changed {
            self.outbox.event(TerminalEvent::Palette);
        }
    }

    fn osc_reset_palette(&mut self, text: &str) {
        let mut changed = text.is_empty();
        if text.is_empty() {
            self.palette.clear();
        }
        for number in text.split(';') {
            let Ok(index) = number.trim_start().parse::<u8>() else { break };
            changed |= self.palette.set(index, None);
        }
        if changed {
            self.outbox.event(TerminalEvent::Palette);
        }
    }

    fn osc_default_colour(&mut self, number: u32, text: &str, end: StringEnd) {
        if text != "?" {
            if let Some(colour) = Colour::parse_x11(text) {
                self.set_default_colour(number, Some(colour));
            }
            return;
        }
        if self.config.pane {
            let colour = match number {
                10 => self.palette.fg.or(self.config.foreground),
                _ => self.palette.bg.or(self.config.background),
            };
            self.reply_colour(&number.to_string(), colour, end);
        }
    }

    fn set_default_colour(&mut self, number: u32, colour: Option<Colour>) {
        self.palette.settle();
        if number == 10 {
            self.palette.fg = colour;
        } else {
            self.palette.bg = colour;
            self.outbox.event(TerminalEvent::Background);
        }
        self.outbox.event(TerminalEvent::Palette);
    }

    fn osc_cursor_colour(&mut self, text: &str, end: StringEnd) {
        if text != "?" {
            self.cursor_colour = Colour::parse_x11(text).or(self.cursor_colour);
        } else if self.config.pane {
            self.reply_colour("12", self.cursor_colour.or(self.config.cursor_colour), end);
        }
    }

    /// OSC 8: `params;uri`.
    fn osc_hyperlink(&mut self, text: &[u8]) {
        let mut id: Option<&[u8]> = None;
        let mut rest = text;
        let uri = loop {
            let Some(at) = rest.iter().position(|b| matches!(b, b':' | b';')) else { return };
            let part = &rest[..at];
            if part.len() >= 4 && part.starts_with(b"id=") {
                if id.is_some() {
                    return;
                }
                id = Some(&part[3..]);
            }
            let ends = rest[at] == b';';
            rest = &rest[at + 1..];
            if ends {
                break rest;
            }
        };
        self.pen.style.link = match uri {
            [] => LinkId(0),
            uri => self.grid.links.intern(&visible(id.unwrap_or_default()), &visible(uri)),
        };
    }

    /// OSC 9;4: progress.
    fn osc_progress(&mut self, text: &[u8]) {
        let Some(rest) = text.strip_prefix(b"4;") else { return };
        let Some((&first, rest)) = rest.split_first() else { return };
        let state = match first {
            b'0' => ProgressState::Hidden,
            b'1' => ProgressState::Normal,
            b'2' => ProgressState::Error,
            b'3' => ProgressState::Indeterminate,
            b'4' => ProgressState::Paused,
            _ => return,
        };
        let percent = match rest {
            [] | [b';'] => None,
            [b';', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
                let fold = |n: u32, b: &u8| n.saturating_mul(10).saturating_add(u32::from(b - b'0'));
                match u8::try_from(digits.iter().fold(0, fold)) {
                    Ok(percent) if percent <= 100 => Some(percent),
                    _ => return,
                }
            }
            _ => return,
        };
        self.set_progress(state, percent);
        if self.config.pane {
            self.outbox.event(TerminalEvent::Progress);
        }
    }

    pub(super) fn set_progress(&mut self, state: ProgressState, percent: Option<u8>) {
        self.progress.state = state;
        if let Some(percent) = percent.filter(|_| state != ProgressState::Indeterminate) {
            self.progress.percent = percent;
        }
    }

    /// OSC 52: sets the clipboard, or asks for it.
    fn osc_clipboard(&mut self, text: &[u8], end: StringEnd) {
        if self.config.set_clipboard != SetClipboard::On {
            return;
        }
        let Some(at) = text.iter().position(|&b| b == b';') else { return };
        let data = &text[at + 1..];
        let mut selections = String::new();
        for c in text[..at].iter().map(|&b| char::from(b)) {
            if SELECTIONS.contains(c) && !selections.contains(c) {
                selections.push(c);
            }
        }
        if data == b"?" {
            return self.ask_clipboard(selections.chars().next(), end);
        }
        if data.is_empty() {
            return;
        }
        if let Some(data) = decode_base64(data) {
            self.outbox.event(TerminalEvent::ClipboardSet { selections, data });
        }
    }

    fn ask_clipboard(&mut self, selection: Option<char>, end: StringEnd) {
        match self.config.get_clipboard {
            GetClipboard::Off => {}
            GetClipboard::Buffer => {
                self.outbox.event(TerminalEvent::ClipboardBuffer { selection, end });
            }
            GetClipboard::Request | GetClipboard::Both => {
                if self.config.pane && self.config.client_answers {
                    self.outbox.ask_clipboard(selection, end);
                }
            }
        }
    }
}

/// `OSC prefix;rgb:…`.
pub(super) fn colour_reply(prefix: &str, (r, g, b): (u8, u8, u8), end: StringEnd) -> String {
    format!("\x1b]{prefix};rgb:{r:02x}{r:02x}/{g:02x}{g:02x}/{b:02x}{b:02x}{}", end.text())
}

/// The answer to a query for the clipboard.
pub(super) fn clipboard_reply(selection: Option<char>, data: &[u8], end: StringEnd) -> Vec<u8> {
    let mut out = b"\x1b]52;".to_vec();
    out.extend(selection.map(|c| c as u8));
    out.push(b';');
    out.extend_from_slice(base64::engine::general_purpose::STANDARD.encode(data).as_bytes());
    out.extend_from_slice(end.text().as_bytes());
    out
}

/// Decodes base64 as the C library does: blanks in between are skipped, padding must be right.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let engine = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    engine.decode(text).ok()
}
