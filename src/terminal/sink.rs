//! Implements the parser's commands for the screen: control characters and escape sequences;
//! strings and control sequences are passed on.

use super::events::{StringEnd, TerminalEvent};
use super::modes::Modes;
use super::params::Params;
use super::parser::Commands;
use super::passing::Passed;
use super::screen::Screen;
use crate::base::Glyph;

impl Commands for Screen {
    fn print_ascii(&mut self, text: &[u8]) {
        self.print_text(text);
    }

    fn print_char(&mut self, c: char, replacement: bool) {
        self.print_wide(c);
        self.last = (!replacement).then_some(Glyph::Char(c));
    }

    fn print_chars(&mut self, text: &str) {
        self.print_wide_text(text);
        self.last = text.chars().next_back().map(Glyph::Char);
    }

    fn pass_lines(&mut self, bytes: &[u8]) -> Passed {
        self.pass_lines(bytes)
    }

    fn non_ascii(&mut self) {
        self.last = None;
    }

    fn control(&mut self, byte: u8) {
        let bg = self.pen.style.bg;
        match byte {
            0x07 if self.config.pane => self.outbox.event(TerminalEvent::Bell),
            0x08 => self.backspace(),
            0x09 => self.tab(),
            0x0a..=0x0c => {
                self.line_feed(false, bg);
                if self.modes.contains(Modes::CRLF) {
                    self.carriage_return();
                }
            }
            0x0d => self.carriage_return(),
            0x0e => self.pen.shifted = true,
            0x0f => self.pen.shifted = false,
            _ => {}
        }
        self.last = None;
    }

    fn escape(&mut self, intermediates: &[u8], byte: u8) {
        let bg = self.pen.style.bg;
        match (intermediates, byte) {
            (b"(", b'0') => self.pen.line_drawing[0] = true,
            (b"(", b'B') => self.pen.line_drawing[0] = false,
            (b")", b'0') => self.pen.line_drawing[1] = true,
            (b")", b'B') => self.pen.line_drawing[1] = false,
            (b"#", b'8') => self.alignment_test(),
            (b"", b'7') => self.save_cursor(),
            (b"", b'8') => self.restore_cursor(),
            (b"", b'=') => self.modes.insert(Modes::KKEYPAD),
            (b"", b'>') => self.modes.remove(Modes::KKEYPAD),
            (b"", b'D') => self.line_feed(false, bg),
            (b"", b'E') => {
                self.carriage_return();
                self.line_feed(false, bg);
            }
            (b"", b'H') => self.set_tab(true),
            (b"", b'M') => self.reverse_index(bg),
            (b"", b'\\') => {}
            (b"", b'c') => self.reset(),
            _ => return,
        }
        self.last = None;
    }

    fn csi(&mut self, params: &Params, intermediates: &[u8], byte: u8) {
        if self.csi_command(params, intermediates, byte) {
            self.last = None;
        }
    }

    fn string_begins(&mut self) {
        self.last = None;
    }

    fn dcs(&mut self, params: &[u8], intermediates: &[u8], data: &[u8]) {
        self.dcs_command(params, intermediates, data);
    }

    fn osc(&mut self, data: &[u8], end: StringEnd) {
        self.osc_command(data, end);
    }

    fn apc(&mut self, data: &[u8]) {
        if let Some(command) = data.strip_prefix(b"G")
            && self.takes_graphics()
        {
            return self.graphics_command(command);
        }
        self.set_title_from_program(data);
    }

    fn rename(&mut self, data: &[u8]) {
        self.rename_from_program(data);
    }
}
