//! Rows of text as the history takes them, made of bytes without a grid.

use std::ops::Range;

use super::super::cells::CellTables;
use super::super::line::Line;
use super::super::text::Characters;
use crate::base::history::{Row, RowFlags, Run, RunKind};
use crate::base::width::{Joining, WidthRules, joining};
use crate::base::{CellFlags, CellStyle};

/// A row as the history takes it.
#[derive(Clone, Default)]
pub(super) struct Made {
    /// Where its bytes begin, and the pen's style there.
    pub start: usize,
    pub style: CellStyle,
    /// Where its text is, if it is one piece in the default style; then `row` has none.
    pub plain: Range<usize>,
    pub row: Row,
}

impl Made {
    pub(super) fn is_plain(&self) -> bool {
        self.row.runs.is_empty()
    }
}

/// The cell before the cursor, which further characters may join.
#[derive(Clone, Copy, Default)]
pub(super) struct Last {
    /// Bytes of its text, which are the last of the row.
    bytes: u32,
    width: u8,
    pub is_cluster: bool,
}

/// Makes rows of text, one after the other, on an empty line each.
pub(super) struct Maker<'a> {
    pub bytes: &'a [u8],
    pub characters: Characters<'a>,
    pub cols: u32,
    pub at: usize,
    /// Rows on the screen above the one being made; those before them are out of sight.
    pub kept: usize,
    /// Rows that are whole. The newest of all are in `made`, each in its place round and round.
    pub whole: usize,
    pub made: Vec<Made>,
    pub current: usize,
    /// Rows of plain text, all of them full, that are out of sight and wait for the rest of their line.
    pub line: Range<usize>,
    /// Column of the cursor, and columns that exist.
    pub x: u32,
    size: u32,
    flags: RowFlags,
    /// The cells before the cursor that are alike; none of them: no columns.
    run: Run,
    /// The pen's style may be another one than that of the run.
    pub restyled: bool,
    pub last: Last,
}

/// Longest ASCII that is taken between other characters as they are. More of it is faster in its own way.
const LITTLE_ASCII: usize = 8;

/// Room for runs that is made when there is none left.
const MORE_RUNS: usize = 8;

pub(super) const NO_RUN: Run =
    Run { kind: RunKind::Narrow, style: CellStyle::DEFAULT, flags: CellFlags::empty(), bytes: 0, cols: 0 };

impl<'a> Maker<'a> {
    pub(super) fn new(bytes: &'a [u8], cols: u32, kept: usize, style: CellStyle) -> Self {
        let mut maker = Self {
            bytes,
            characters: Characters::new(bytes),
            cols,
            at: 0,
            kept,
            whole: 0,
            made: Vec::new(),
            current: 0,
            line: 0..0,
            x: 0,
            size: 0,
            flags: RowFlags::empty(),
            run: NO_RUN,
            restyled: false,
            last: Last::default(),
        };
        maker.begin(style);
        maker
    }

    /// Begins a row where the last one ended.
    pub(super) fn begin(&mut self, style: CellStyle) {
        if self.current == self.made.len() {
            self.made.push(Made::default());
        }
        let made = &mut self.made[self.current];
        (made.start, made.style, made.plain) = (self.at, style, 0..0);
        made.row.reset();
        (self.x, self.size, self.flags) = (0, 0, RowFlags::empty());
        self.last = Last::default();
    }

    /// Ends a row, whose place the next one may take that `is_due` then.
    pub(super) fn end(&mut self, wrapped: bool, time: i64) {
        self.flush();
        let row = &mut self.made[self.current].row;
        self.flags.set(RowFlags::WRAPPED, wrapped);
        (row.flags, row.size, row.time) = (self.flags, self.size, time);
        self.whole += 1;
        self.current = if self.current == self.kept { 0 } else { self.current + 1 };
    }

    /// Whether the row in the place of the next one is out of sight now.
    pub(super) fn is_due(&self) -> bool {
        self.whole > self.kept
    }

    /// The oldest row that is still on the screen.
    pub(super) fn oldest(&self) -> &Made {
        let next = self.current + 1;
        &self.made[if next > self.kept { 0 } else { next }]
    }

    /// Makes the columns before the cursor exist.
    fn grow(&mut self) {
        if self.x > self.size {
            self.size = Line::rounded(self.x, self.cols);
        }
    }

    /// Makes columns exist as far as characters of this width need them, from a column on up to the cursor.
    /// They come one after the other, and each makes exist what it needs.
    fn grow_by(&mut self, start: u32, width: u32) {
        while self.x > self.size {
            let fit = self.size.saturating_sub(start) / width;
            self.size = Line::rounded(start + (fit + 1) * width, self.cols);
        }
    }

    /// Adds the run of cells before the cursor to the row. The run before it is of another kind or style.
    #[inline]
    fn flush(&mut self) {
        if self.run.cols > 0 {
            self.push_run();
        }
    }

    fn push_run(&mut self) {
        let runs = &mut self.made[self.current].row.runs;
        if runs.len() == runs.capacity() {
            runs.reserve(MORE_RUNS);
        }
        runs.push(self.run);
        (self.run.cols, self.run.bytes) = (0, 0);
    }

    /// Makes a run of text that was plain so far.
    fn unfold_plain(&mut self) {
        let made = &mut self.made[self.current];
        if made.plain.is_empty() {
            return;
        }
        let plain = std::mem::take(&mut made.plain);
        let len = plain.len();
        self.run = Run { bytes: len as u32, cols: len as u32, ..NO_RUN };
        self.restyled = true;
        let text = ascii(&self.bytes[plain]);
        self.push_text(text);
    }

    /// Appends text to the row.
    fn push_text(&mut self, text: &str) {
        let row = &mut self.made[self.current].row;
        if row.text.capacity() == 0 {
            row.text.reserve(self.cols as usize);
        }
        row.text.push_str(text);
    }

    /// Adds to the run of cells before the cursor, or begins another.
    fn extend(&mut self, kind: RunKind, style: &CellStyle, bytes: u32, cols: u32) {
        let restyled = std::mem::take(&mut self.restyled);
        if self.run.cols == 0 || self.run.kind != kind || (restyled && self.run.style != *style) {
            self.flush();
            self.run = Run { kind, style: *style, ..NO_RUN };
            if CellTables::is_extended_style(style) {
                self.flags |= RowFlags::EXTENDED;
            }
        }
        self.run.bytes += bytes;
        self.run.cols += cols;
    }

    /// Takes so many bytes of ASCII, which fit on the row.
    pub(super) fn take_ascii(&mut self, len: usize, style: &CellStyle) {
        let text = self.at..self.at + len;
        self.at = text.end;
        if self.x == 0 && style.is_default() && self.made[self.current].is_plain() {
            self.made[self.current].plain = text;
        } else {
            self.extend_ascii(text, style);
        }
        self.x += len as u32;
        self.grow();
        self.last = Last { bytes: 1, width: 1, is_cluster: false };
    }

    /// The part of `take_ascii` that plain lines do not need, which are quicker without it.
    #[inline(never)]
    fn extend_ascii(&mut self, text: Range<usize>, style: &CellStyle) {
        let len = text.len();
        self.unfold_plain();
        self.extend(RunKind::Narrow, style, len as u32, len as u32);
        let text = self.characters.ascii(text.start, len);
        self.push_text(text);
    }

    /// Takes the ASCII that `text` begins with, if it is little, whole, fits on the row and is behind other
    /// characters; how many bytes.
    pub(super) fn take_little_ascii(&mut self, text: &str, style: &CellStyle) -> usize {
        let len = text.bytes().take(LITTLE_ASCII + 1).take_while(|b| matches!(b, b' '..=b'~')).count();
        let whole = len <= LITTLE_ASCII && len < text.len();
        let fits = self.x as usize + len <= self.cols as usize;
        if len == 0 || !whole || !fits || !self.flags.contains(RowFlags::EXTENDED) {
            return 0;
        }
        self.x += len as u32;
        self.grow();
        self.add_chars(&text[..len], 1, len as u32, 1, style);
        len
    }

    /// Takes as many of the characters that `text` begins with as are beyond ASCII and of one width, join
    /// nothing and fit on the row; how many bytes.
    pub(super) fn take_chars(&mut self, text: &str, style: &CellStyle, rules: &WidthRules) -> usize {
        let (mut taken, mut last, mut width, mut cols) = (0, 0, 0, 0);
        let room = self.cols - self.x;
        for c in text.chars() {
            let Some(own) = rules.apart_width(c) else { break };
            let other = own != width && taken > 0;
            if other || cols + u32::from(own) > room {
                break;
            }
            (width, last) = (own, c.len_utf8());
            taken += last;
            cols += u32::from(own);
        }
        if taken > 0 {
            let start = self.x;
            self.x += cols;
            self.grow_by(start, width.into());
            self.add_chars(&text[..taken], width, cols, last, style);
        }
        taken
    }

    /// Takes a character for which there is room and which joins nothing.
    pub(super) fn take_apart(&mut self, c: char, width: u8, style: &CellStyle) {
        self.x += u32::from(width);
        self.grow();
        self.add_chars(c.encode_utf8(&mut [0; 4]), width, width.into(), c.len_utf8(), style);
    }

    /// Adds characters of one width, the last of so many bytes, of which the cursor is behind already.
    fn add_chars(&mut self, text: &str, width: u8, cols: u32, last: usize, style: &CellStyle) {
        self.unfold_plain();
        let kind = if width == 2 { RunKind::Wide } else { RunKind::Narrow };
        self.extend(kind, style, text.len() as u32, cols);
        self.push_text(text);
        self.at += text.len();
        self.flags |= RowFlags::EXTENDED;
        self.last = Last { bytes: last as u32, width, is_cluster: false };
    }

    /// Joins a character to the cell before the cursor. `None`: it stands apart. False: it takes
    /// more than is known here to say what it does.
    pub(super) fn join(&mut self, c: char, width: u8, rules: &WidthRules) -> Option<bool> {
        if self.x > 0 && self.restyled {
            return Some(false);
        }
        self.unfold_plain();
        self.restyled = false;
        let text = &mut self.made[self.current].row.text;
        let before = (self.x > 0).then(|| &text[text.len() - self.last.bytes as usize..]);
        let wide = match joining(before, c, width, rules) {
            Joining::Apart if width == 0 => return Some(false),
            Joining::Apart => return None,
            Joining::Dropped => return Some(true),
            Joining::Joined { wide } => wide,
        };
        let widens = wide && self.last.width == 1;
        if self.x + u32::from(widens) > self.cols {
            return Some(false);
        }
        text.push(c);
        if !self.last.is_cluster {
            let style = self.run.style;
            self.run.bytes -= self.last.bytes;
            self.run.cols -= u32::from(self.last.width);
            self.flush();
            self.run = Run { style, bytes: self.last.bytes, ..NO_RUN };
        }
        let width = self.last.width + u8::from(widens);
        let bytes = self.last.bytes + c.len_utf8() as u32;
        self.run = Run { kind: RunKind::Cluster(width), bytes, cols: u32::from(width), ..self.run };
        self.last = Last { bytes, width, is_cluster: true };
        self.x += u32::from(widens);
        self.grow();
        self.flags |= RowFlags::EXTENDED;
        Some(true)
    }
}

pub(super) fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("printable ASCII")
}
