//! The text of logical lines by number, for commands that wait for text. A line keeps its number
//! when rows scroll away, are cleared or are rewrapped.

use super::Terminal;
use super::capture::{Capture, CaptureOptions};
use crate::base::history::{Row, RowFlags};

/// Most rows of history that one call reads.
pub(crate) const MAX_ROWS_BACK: u64 = 4096;

/// A logical line and its text: wrapped rows are joined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextLine {
    /// Counts from the pane's beginning; on the alternate screen, from its top.
    pub number: u64,
    pub text: String,
}

/// Collects rows until their line ends.
struct Joiner {
    from: u64,
    number: u64,
    open: bool,
    text: String,
    capture: Capture,
    out: Vec<TextLine>,
}

impl Joiner {
    fn take(&mut self, terminal: &Terminal, row: &Row) {
        if self.number >= self.from {
            self.text.push_str(&self.capture.text(row.by_ref(), terminal.links()));
        }
        self.open = row.flags.contains(RowFlags::WRAPPED);
        if !self.open {
            self.end();
        }
    }

    fn end(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        // Erased cells count as written.
        text.truncate(text.trim_end_matches(' ').len());
        if self.number >= self.from {
            self.out.push(TextLine { number: self.number, text });
        }
        self.number += 1;
        self.open = false;
    }
}

impl Terminal {
    /// Number of the logical line of the screen's first row; `None` on the alternate screen, whose
    /// lines are not numbered.
    pub fn first_line(&self) -> Option<u64> {
        let grid = &self.screen.grid;
        grid.saved.is_none().then(|| grid.history.next_line() + grid.unkept)
    }

    /// Number of the logical line of a row of the screen, as in `TextLine`.
    pub fn line_in_row(&self, y: u32) -> u64 {
        let ended = (0..y.min(self.size().rows)).filter(|y| !self.is_wrapped(*y)).count() as u64;
        self.first_line().unwrap_or(0) + ended
    }

    /// The lines from a number on, up to a row of the screen. Of lines in the history only the
    /// newest are included.
    pub fn text_lines(&mut self, from: u64, last_row: u32) -> Vec<TextLine> {
        let first = self.first_line();
        let (mut number, mut back) = (first.unwrap_or(0), Vec::new());
        let mut index = if first.is_some_and(|first| from <= first) { self.history_rows() } else { 0 };
        while index > 0 && (back.len() as u64) < MAX_ROWS_BACK {
            let Some(row) = self.history_row(index - 1) else { break };
            if !row.flags.contains(RowFlags::WRAPPED) {
                if number == 0 || number - 1 < from {
                    break;
                }
                number -= 1;
            }
            back.push(row);
            index -= 1;
        }
        let options = CaptureOptions { join: true, ..CaptureOptions::default() };
        let capture = Capture::new(options, u32::MAX);
        let mut joiner = Joiner { from, number, open: false, text: String::new(), capture, out: Vec::new() };
        back.iter().rev().for_each(|row| joiner.take(self, row));
        for y in 0..=last_row.min(self.size().rows.saturating_sub(1)) {
            if joiner.number >= from {
                joiner.take(self, &self.row(y));
            } else {
                joiner.number += u64::from(!self.is_wrapped(y));
            }
        }
        if joiner.open {
            joiner.end();
        }
        joiner.out
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MemoryHistory, TerminalConfig};
    use super::*;
    use crate::base::Size;

    fn terminal(limit: usize, bytes: &str) -> Terminal {
        let size = Size::new(10, 3);
        let config = TerminalConfig { pane: true, ..TerminalConfig::default() };
        let mut terminal = Terminal::new(size, config, Box::new(MemoryHistory::new(limit, size.cols)));
        terminal.feed(bytes.as_bytes());
        terminal
    }

    fn lines(terminal: &mut Terminal, from: u64) -> Vec<(u64, String)> {
        terminal.text_lines(from, 2).into_iter().map(|line| (line.number, line.text)).collect()
    }

    fn expect(list: &[(u64, &str)]) -> Vec<(u64, String)> {
        list.iter().map(|(number, text)| (*number, (*text).to_owned())).collect()
    }

    #[test]
    fn wrapped_rows_are_one_line_across_the_edge_of_the_screen() {
        let mut t = terminal(100, "a\r\n0123456789abcdefghijKLM\r\nz");
        assert_eq!(t.first_line(), Some(1));
        assert_eq!(lines(&mut t, 0), expect(&[(0, "a"), (1, "0123456789abcdefghijKLM"), (2, "z")]));
        assert_eq!(lines(&mut t, 2), expect(&[(2, "z")]));
        assert_eq!((t.line_in_row(0), t.line_in_row(1), t.line_in_row(2)), (1, 1, 2));
    }

    #[test]
    fn numbers_stay_when_history_is_cleared_trimmed_or_not_kept() {
        for limit in [0, 2, 100] {
            let mut t = terminal(limit, "a\r\nb\r\nc\r\nd\r\ne");
            assert_eq!(lines(&mut t, 2), expect(&[(2, "c"), (3, "d"), (4, "e")]), "limit {limit}");
            t.clear_history();
            assert_eq!(lines(&mut t, 0), expect(&[(2, "c"), (3, "d"), (4, "e")]), "limit {limit}");
        }
    }

    #[test]
    fn the_alternate_screen_counts_from_its_top() {
        let mut t = terminal(100, "a\r\nb\r\nc\r\nd\x1b[?1049h\x1b[Hx");
        assert_eq!((t.first_line(), lines(&mut t, 0)[0].clone()), (None, (0, "x".to_owned())));
    }
}
