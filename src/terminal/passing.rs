//! Lines that scroll out of sight again before the end of what is fed go straight to the history.
//! A program that floods prints many screens at a time, of which nobody can see but the last: the
//! others need no cells.

use super::line::Line;
use super::modes::Modes;
use super::parser::plain_prefix;
use super::screen::Screen;
use crate::base::history::{RowFlags, Run, RunKind};
use crate::base::{CellFlags, CellStyle};

/// What became of lines that may pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Passed {
    /// Bytes that went to the history; what comes behind them is to be written as usual.
    pub taken: usize,
    /// Up to here there is nothing more to be found.
    pub looked: usize,
}

/// A row of plain text: where it begins, and whether the next one continues it.
#[derive(Clone, Copy, Default)]
struct Plain {
    start: usize,
    len: usize,
    wrapped: bool,
}

/// Rows that plain text makes on a screen which it scrolls, from the start of a row on. It ends at
/// the first byte that is not plain text, and before a row that may go on behind the end.
struct PlainRows<'a> {
    bytes: &'a [u8],
    cols: usize,
    at: usize,
    /// Bytes of text from `at` on, once they were counted.
    text: Option<usize>,
}

impl Iterator for PlainRows<'_> {
    type Item = Plain;

    fn next(&mut self) -> Option<Plain> {
        let start = self.at;
        let text = self.text.unwrap_or_else(|| plain_prefix(&self.bytes[start..]));
        let wrapped = text > self.cols;
        if wrapped {
            self.at += self.cols;
            self.text = Some(text - self.cols);
            return Some(Plain { start, len: self.cols, wrapped });
        }
        self.text = Some(text);
        if !self.bytes[start + text..].starts_with(b"\r\n") {
            return None;
        }
        self.at += text + 2;
        self.text = None;
        Some(Plain { start, len: text, wrapped })
    }
}

impl Screen {
    /// Takes as many of the lines that `bytes` begin with as scroll out of sight before their end.
    /// The screen is then as if they had been written to it and the lines behind them had not.
    /// Those fill all of it, so whatever it showed does not matter.
    pub fn pass_lines(&mut self, bytes: &[u8]) -> Passed {
        if !self.lines_may_pass() {
            return Passed::default();
        }
        let kept = self.rows() as usize - 1;
        // The shortest line has two bytes.
        if bytes.len() <= 2 * kept {
            return Passed { taken: 0, looked: bytes.len() };
        }
        let mut rows = PlainRows { bytes, cols: self.cols() as usize, at: 0, text: None };
        // The rows that would be on the screen now, above the cursor's; the oldest is at `oldest`.
        let mut shown: Vec<Plain> = rows.by_ref().take(kept).collect();
        let (mut oldest, mut passed) = (0, false);
        if shown.len() == kept {
            for row in rows.by_ref() {
                if !std::mem::replace(&mut passed, true) {
                    self.scroll_all_away();
                }
                let gone = std::mem::replace(&mut shown[oldest], row);
                oldest = if oldest + 1 == kept { 0 } else { oldest + 1 };
                self.keep_plain(&bytes[gone.start..gone.start + gone.len], gone.wrapped);
            }
        }
        let looked = rows.at + rows.text.unwrap_or(0);
        Passed { taken: if passed { shown[oldest].start } else { 0 }, looked }
    }

    /// Whether the cursor is where each line of plain text scrolls the whole screen up and goes to
    /// the history (or nowhere), and nothing but that.
    fn lines_may_pass(&self) -> bool {
        #[cfg(test)]
        if !self.lines_pass {
            return false;
        }
        let line = self.grid.line(self.cy);
        (self.cx, self.cy, self.upper) == (0, self.rows() - 1, 0)
            && self.lower == self.cy
            && self.lower > 0
            && self.modes & (Modes::WRAP | Modes::INSERT) == Modes::WRAP
            && self.pen.style == CellStyle::DEFAULT
            && !self.pen.draws_lines()
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

    /// Hands a row that scrolled by to the history.
    fn keep_plain(&mut self, text: &[u8], wrapped: bool) {
        let grid = &mut self.grid;
        if !grid.keeps_history() {
            grid.unkept += u64::from(!wrapped);
            return;
        }
        grid.pullable.add(1);
        grid.tail_wrapped = Some(wrapped);
        let cols = text.len() as u32;
        let size = if cols == 0 { 0 } else { Line::rounded(cols, grid.size.cols) };
        if grid.history.push_plain(text, size, wrapped, grid.now) {
            return;
        }
        let row = &mut grid.scratch;
        row.reset();
        row.flags.set(RowFlags::WRAPPED, wrapped);
        (row.time, row.size) = (grid.now, size);
        row.text.push_str(std::str::from_utf8(text).expect("printable ASCII"));
        if cols > 0 {
            let (kind, style, flags) = (RunKind::Narrow, CellStyle::DEFAULT, CellFlags::empty());
            row.push_run(Run { kind, style, flags, bytes: cols, cols });
        }
        grid.history.push(row, &grid.links);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{MemoryHistory, Terminal, TerminalConfig};
    use crate::base::Size;
    use crate::base::history::Row;

    const COLS: u32 = 12;
    const ROWS: u32 = 4;

    fn terminal(limit: usize, passes: bool) -> Terminal {
        let history = Box::new(MemoryHistory::new(limit, COLS));
        let mut terminal = Terminal::new(Size::new(COLS, ROWS), TerminalConfig::default(), history);
        terminal.screen.lines_pass = passes;
        terminal
    }

    /// All that can be seen of a terminal: rows of history and screen, cursor, and what comes back
    /// when it grows.
    fn all(terminal: &mut Terminal) -> (Vec<Row>, Vec<Row>, String) {
        let history = (0..terminal.history_rows()).filter_map(|n| terminal.history_row(n)).collect();
        let screen = (0..ROWS).map(|y| terminal.row(y)).collect();
        let grid = &terminal.screen.grid;
        let state = (terminal.cursor(), grid.pullable, grid.tail_wrapped, grid.unkept, &terminal.screen.last);
        let state = format!("{state:?}");
        (history, screen, state)
    }

    #[track_caller]
    fn check(limit: usize, pieces: &[Vec<u8>]) {
        let (mut passing, mut writing) = (terminal(limit, true), terminal(limit, false));
        for piece in pieces {
            passing.feed(piece);
            writing.feed(piece);
            assert_eq!(all(&mut passing), all(&mut writing), "limit {limit}, {pieces:?}");
        }
        for rows in [ROWS + 3, 2] {
            passing.resize(Size::new(COLS, rows));
            writing.resize(Size::new(COLS, rows));
            assert_eq!(passing.row(0), writing.row(0), "{rows} rows, {pieces:?}");
        }
    }

    #[test]
    fn lines_pass_where_many_are_fed() {
        let lines: String = (0..50).map(|n| format!("line {n}\r\n")).collect();
        let mut terminal = terminal(1000, true);
        terminal.feed(b"\r\n\r\n\r\n");
        let passed = terminal.screen.pass_lines(lines.as_bytes());
        // What is left fills the screen above the cursor.
        assert_eq!(&lines[passed.taken..], "line 47\r\nline 48\r\nline 49\r\n");
        assert_eq!(passed.looked, lines.len());
    }

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let odd = prop::sample::select(vec![
            &b"\x1b[31m"[..],
            b"\x1b[m",
            b"\x1b[0m",
            b"\x1b[44m",
            b"\t",
            b"\n",
            b"\r",
            b"\x1b[A",
            b"\x1b[K",
            b"\x1b[2;3r",
            b"\x1b[r",
            b"\x1b[9;1H",
            b"\x1b[?7l",
            b"\x1b[?7h",
            b"\x1b[4h",
            b"\x1b[4l",
            b"\x0e",
            b"\x1b(0",
            b"\x1b(B",
            b"\x1b[?1049h",
            b"\x1b[?1049l",
            b"\x1b[2J",
            b"\x1b[3b",
            b"\x7f",
            b"\x80",
            "世界".as_bytes(),
            "e\u{301}".as_bytes(),
            b"\x1b]8;;u\x1b\\",
            b"\x1b]8;;\x1b\\",
            b"\x1b[H",
        ]);
        let line = (0..40usize, any::<bool>()).prop_map(|(len, end)| {
            let text: Vec<u8> = (0..len).map(|n| b'!' + (n % 80) as u8).collect();
            [&text[..], if end { b"\r\n" } else { b"" }].concat()
        });
        let lines = prop::collection::vec(line, 1..12).prop_map(|lines| lines.concat());
        prop_oneof![3 => lines, 1 => odd.prop_map(<[u8]>::to_vec)]
    }

    proptest! {
        #[test]
        fn lines_that_pass_leave_what_writing_them_leaves(
            pieces in prop::collection::vec(prop::collection::vec(piece(), 1..8), 1..6),
            limit in prop::sample::select(vec![0usize, 1000]),
        ) {
            let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.concat()).collect();
            check(limit, &pieces);
        }
    }
}
