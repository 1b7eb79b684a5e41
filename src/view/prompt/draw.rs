//! Draws a prompt: its text, in the style of messages in the status line, then its input.

use super::{LinePrompt, objects};
use crate::base::width::char_width;
use crate::base::{Cell, CellStyle, ClientId, Point, Surface};
use crate::format;
use crate::model::Cx;
use crate::model::option_access::OptionScope;
use crate::options::opt;
use crate::view::{message, style};

/// Columns of a character: control characters show as `^X`.
fn shown_width(c: char) -> u32 {
    if c.is_control() { 2 } else { u32::from(char_width(c).unwrap_or(0)) }
}

impl LinePrompt {
    /// The prompt's own text as it shows now, with the width it takes.
    pub(super) fn prompt_text(&self) -> &str {
        &self.prompt
    }

    pub(super) fn draw_line(&mut self, cx: &Cx<'_>, client: ClientId, line: &mut Surface) {
        let session = cx.server.client(client).and_then(|c| c.session);
        let at = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        let objects = objects(cx, client, self.state.as_ref()).add("prompt-input", self.line.to_text());
        let key = if self.command { opt::MESSAGE_COMMAND_STYLE } else { opt::MESSAGE_STYLE };
        let base = style::of_option(cx.server, at, key, &objects);
        let whole = style::whole_of_option(cx.server, at, opt::MESSAGE_STYLE, &objects);
        let (x, width) = message::area(&whole, line.size().cols);
        let prompt = objects.expand_time(&self.prompt);
        let objects =
            objects.add("message", prompt).add("command_prompt", if self.command { "1" } else { "0" });
        let expanded = objects.expand_time(&cx.server.option_text(at, opt::MESSAGE_FORMAT));
        let start = format::width(&expanded).min(width);
        format::draw::draw(line, x, 0, width, base, &expanded);
        // tmux: without room for the input, the cursor stays at its last place.
        line.cursor = Point::new(self.cursor_x.min(line.size().cols.saturating_sub(1)), 0);
        line.cursor_visible = true;
        if width > start {
            self.draw_input(line, x + start, width - start, base);
            self.cursor_x = line.cursor.x;
        }
    }

    /// Draws the input, scrolled so that the cursor shows.
    fn draw_input(&self, line: &mut Surface, x: u32, room: u32, style: CellStyle) {
        let before: u32 = self.line.text[..self.line.index].iter().copied().map(shown_width).sum();
        let mut total: u32 = self.line.text.iter().copied().map(shown_width).sum();
        total += u32::from(self.quote_next);
        let (offset, shown) = if before >= room { (before - room + 1, room) } else { (0, total.min(room)) };
        line.cursor = Point::new(x + before - offset, 0);
        let mut at = 0;
        for (index, &c) in self.line.text.iter().enumerate() {
            if self.quote_next && index == self.line.index {
                put(line, x, offset, shown, &mut at, '^', style);
            }
            put(line, x, offset, shown, &mut at, c, style);
        }
        if self.quote_next && self.line.index == self.line.text.len() {
            put(line, x, offset, shown, &mut at, '^', style);
        }
    }
}

/// Draws one character if it is in the visible part; `at` is its column before scrolling.
fn put(line: &mut Surface, x: u32, offset: u32, shown: u32, at: &mut u32, c: char, style: CellStyle) {
    let width = shown_width(c);
    let column = *at;
    *at += width;
    if column < offset || *at > offset + shown {
        return;
    }
    let to = x + column - offset;
    if c.is_control() {
        let letter = if c == '\x7f' { '?' } else { char::from(c as u8 | 0x40) };
        line.put(to, 0, Cell::new('^', style));
        line.put(to + 1, 0, Cell::new(letter, style));
    } else if width > 0 {
        line.put(to, 0, Cell { width: width as u8, ..Cell::new(c, style) });
    }
}
