//! Lines that scroll out of sight again before the end of what is fed go straight to the history.
//! A program that floods prints many screens at a time, of which nobody can see but the last: the
//! others need no cells. Text in any characters and styles passes; at anything else (a tab, a
//! movement of the cursor, a link) lines are written as usual again.

mod rows;
#[cfg(test)]
mod tests;

use rows::{Maker, NO_RUN, ascii};

use super::line::Line;
use super::modes::Modes;
use super::params::Params;
use super::parser::MAX_PARAMETERS;
use super::screen::Screen;
use super::text::plain_prefix;
use crate::base::history::{Row, RowFlags, Run};
use crate::base::width::may_join;
use crate::base::{Attrs, LinkId};

/// What became of lines that may pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Passed {
    /// Bytes that went to the history; what comes behind them is to be written as usual.
    pub taken: usize,
    /// Up to here there is nothing more to be found.
    pub looked: usize,
}

impl Screen {
    /// Takes as many of the lines that `bytes` begin with as scroll out of sight before their end.
    /// The screen is then as if they had been written to it and the lines behind them had not.
    /// Those fill all of it, so whatever it showed does not matter.
    pub(super) fn pass_lines(&mut self, bytes: &[u8]) -> Passed {
        if !self.lines_may_pass() {
            return Passed::default();
        }
        let kept = self.lower as usize;
        // The shortest line has two bytes.
        if bytes.len() <= 2 * kept {
            return Passed { taken: 0, looked: bytes.len() };
        }
        let style = self.pen.style;
        let mut maker = Maker::new(bytes, self.cols(), kept, style);
        self.make_rows(&mut maker);
        self.keep_begun(&mut maker);
        let passed = maker.is_due();
        self.pen.style = if passed { maker.oldest().style } else { style };
        Passed { taken: if passed { maker.oldest().start } else { 0 }, looked: maker.at }
    }

    /// Makes rows up to the end, or to what does not pass, and keeps those that are out of sight.
    fn make_rows(&mut self, maker: &mut Maker) {
        let mut params = Params::default();
        while let Some(&byte) = maker.bytes.get(maker.at) {
            let rest = &maker.bytes[maker.at..];
            let goes_on = match byte {
                0x20..=0x7e => {
                    let mut left = plain_prefix(rest);
                    while left > 0 {
                        if maker.x == maker.cols {
                            self.end_row(maker, true);
                        }
                        let len = left.min((maker.cols - maker.x) as usize);
                        maker.take_ascii(len, &self.pen.style);
                        left -= len;
                    }
                    true
                }
                b'\r' if rest.get(1) == Some(&b'\n') && self.pen.style.bg.is_default() => {
                    maker.at += 2;
                    self.end_row(maker, false);
                    true
                }
                0x1b => self.take_sequence(maker, &mut params),
                0x80.. => {
                    let text = maker.characters.text(maker.at);
                    self.take_characters(maker, text)
                }
                _ => false,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Carries out a sequence that changes the style, or clears what is clear. False: it is another.
    fn take_sequence(&mut self, maker: &mut Maker, params: &mut Params) -> bool {
        let Some(body) = maker.bytes[maker.at..].strip_prefix(b"\x1b[") else { return false };
        let Some(taken) = params.parse_plain(&body[..body.len().min(MAX_PARAMETERS + 1)]) else {
            return false;
        };
        match body.get(taken) {
            Some(b'm') => {
                self.sgr(params);
                maker.restyled = true;
            }
            Some(b'K') if params.get(0, 0, 0) == 0 && self.pen.style.bg.is_default() => {}
            _ => return false,
        }
        maker.at += taken + 3;
        true
    }

    /// Takes characters beyond ASCII, and what little ASCII is between them. False: there is one that takes
    /// the usual way to write.
    fn take_characters(&mut self, maker: &mut Maker, text: &str) -> bool {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c.is_ascii() {
                let taken = maker.take_little_ascii(rest, &self.pen.style);
                if taken == 0 {
                    return true;
                }
                rest = &rest[taken..];
                continue;
            }
            if !maker.last.is_cluster {
                let taken = maker.take_chars(rest, &self.pen.style, &self.config.widths);
                if taken > 0 {
                    rest = &rest[taken..];
                    continue;
                }
            }
            let width = self.config.widths.char_width(c).unwrap_or(1);
            if width == 0 || may_join(c) || maker.last.is_cluster {
                match maker.join(c, width, &self.config.widths) {
                    Some(false) => return false,
                    Some(true) => {
                        maker.at += c.len_utf8();
                        rest = &rest[c.len_utf8()..];
                        continue;
                    }
                    None => {}
                }
            }
            if maker.x + u32::from(width) > maker.cols {
                self.end_row(maker, true);
            }
            maker.take_apart(c, width, &self.pen.style);
            rest = &rest[c.len_utf8()..];
        }
        !text.is_empty()
    }

    /// Ends a row, and keeps the one that is out of sight for it.
    fn end_row(&mut self, maker: &mut Maker, wrapped: bool) {
        maker.end(wrapped, self.grid.now);
        if maker.is_due() {
            if maker.whole == maker.kept + 1 {
                self.scroll_all_away();
            }
            self.keep_made(maker);
        }
        maker.begin(self.pen.style);
    }

    /// Whether the cursor is where each line of text scrolls the whole screen up and goes to the
    /// history (or nowhere), and nothing but that.
    fn lines_may_pass(&self) -> bool {
        #[cfg(test)]
        if !self.lines_pass {
            return false;
        }
        let line = self.grid.line(self.cy);
        (self.cx, self.cy, self.upper) == (0, self.rows() - 1, 0)
            && self.lower == self.cy
            && self.lower > 0
            && self.cols() >= MIN_COLS
            && self.modes & (Modes::WRAP | Modes::INSERT) == Modes::WRAP
            && self.pen.style.link == LinkId(0)
            && !self.pen.draws_lines()
            && !self.pen.style.attrs.contains(Attrs::CHARSET)
            && (line.cells.is_empty() && line.used == 0 && line.flags.is_empty())
            && self.images.list.is_empty()
            && self.grid.saved.is_none()
            && (self.grid.history.keeps() || self.grid.tail_wrapped == Some(false))
    }

    /// Scrolls all lines above the cursor's away, and puts the cursor on the first of the empty ones.
    fn scroll_all_away(&mut self) {
        let keeps = self.grid.keeps_history();
        for y in 0..self.lower {
            match keeps {
                true => self.grid.push_line(y),
                false => self.grid.note_unkept(y),
            }
        }
        if keeps {
            self.grid.pullable.add(u64::from(self.lower));
        }
        self.grid.lines.iter_mut().for_each(Line::reset);
        self.cy = 0;
    }

    /// Hands the row that is out of sight now to the history. The rows of a line of plain text wait
    /// for the last of them, since all of them are one piece of the input.
    fn keep_made(&mut self, maker: &mut Maker) {
        let made = &maker.made[maker.current];
        let wrapped = made.row.flags.contains(RowFlags::WRAPPED);
        if !self.grid.keeps_history() {
            self.grid.unkept += u64::from(!wrapped);
            return;
        }
        self.grid.pullable.add(1);
        self.grid.tail_wrapped = Some(wrapped);
        let (text, size) = (made.plain.clone(), made.row.size);
        if maker.line.end != text.start || !made.is_plain() {
            self.keep_begun(maker);
        }
        let made = &maker.made[maker.current];
        if !made.is_plain() {
            self.grid.history.push(&made.row, &self.grid.links);
        } else if wrapped && text.len() == maker.cols as usize {
            let start = if maker.line.is_empty() { text.start } else { maker.line.start };
            maker.line = start..text.end;
        } else if wrapped || maker.line.is_empty() {
            self.keep_begun(maker);
            self.keep_plain(&maker.bytes[text], size, wrapped);
        } else {
            let line = &maker.bytes[maker.line.start..text.end];
            if !self.grid.history.push_plain_line(line, maker.cols, self.grid.now) {
                self.keep_begun(maker);
                self.keep_plain(&maker.bytes[text], size, wrapped);
            }
            maker.line = 0..0;
        }
    }

    /// Hands the rows that wait for the rest of their line to the history.
    fn keep_begun(&mut self, maker: &mut Maker) {
        let line = std::mem::take(&mut maker.line);
        for text in maker.bytes[line].chunks(maker.cols as usize) {
            self.keep_plain(text, maker.cols, true);
        }
    }

    /// Hands a row of plain text to the history.
    fn keep_plain(&mut self, text: &[u8], size: u32, wrapped: bool) {
        let grid = &mut self.grid;
        if grid.history.push_plain(text, size, wrapped, grid.now) {
            return;
        }
        let mut row = Row { size, time: grid.now, text: ascii(text).to_owned(), ..Row::default() };
        row.flags.set(RowFlags::WRAPPED, wrapped);
        if !text.is_empty() {
            let len = text.len() as u32;
            row.push_run(Run { bytes: len, cols: len, ..NO_RUN });
        }
        grid.history.push(&row, &grid.links);
    }
}

/// On narrower screens characters may be wider than a row.
const MIN_COLS: u32 = 4;
