//! Output of commands as the rows of a view mode. It is written to a terminal of the pane's
//! width, so that it wraps and is coloured as a program's output would be.

use std::sync::Arc;

use super::backing::{Backing, Line, Source};
use crate::base::links::Links;
use crate::base::width::WidthRules;
use crate::base::{CellStyle, Size};
use crate::terminal::{MemoryHistory, Terminal, TerminalConfig};

/// Rows a view mode keeps; the oldest go.
pub const MAX_ROWS: usize = 200_000;

pub struct ViewLines {
    terminal: Terminal,
    written: bool,
    new: bool,
}

impl ViewLines {
    pub fn new(size: Size, widths: WidthRules) -> Self {
        let size = Size::new(size.cols.max(1), size.rows.max(1));
        let config = TerminalConfig { pane: false, widths, ..TerminalConfig::default() };
        let history = Box::new(MemoryHistory::new(MAX_ROWS, size.cols));
        Self { terminal: Terminal::new(size, config, history), written: false, new: false }
    }

    /// An empty backing of the size.
    pub fn backing(&self) -> Backing {
        let source = Source {
            history: None,
            rows: Vec::new(),
            links: Links::new(),
            size: self.terminal.size(),
            pullable: 0,
        };
        Backing::new(source)
    }

    /// Whether lines were added since they were last moved.
    pub fn is_new(&self) -> bool {
        self.new
    }

    /// Adds a line. `parse`: with its escape sequences; else control characters but tabs and
    /// newlines are left out. Rows that it scrolls away are of `now_secs`.
    pub fn add(&mut self, line: &str, parse: bool, now_secs: i64) {
        self.terminal.set_now(now_secs);
        if std::mem::replace(&mut self.written, true) {
            self.terminal.feed(b"\r\n");
        }
        self.new = true;
        if parse {
            self.terminal.feed(&crate::base::text::to_bytes(line));
            let _ = self.terminal.take_events();
            let _ = self.terminal.take_replies();
            return;
        }
        for (index, part) in line.split('\n').enumerate() {
            if index > 0 {
                self.terminal.feed(b"\r\n");
            }
            for (index, text) in part.split('\t').enumerate() {
                if index > 0 {
                    self.terminal.feed(b"\t");
                }
                self.terminal.write_text(text, CellStyle::DEFAULT);
            }
        }
    }

    /// Gives the rows that scrolled away since the last time, and the screen, to a backing.
    pub fn move_to(&mut self, back: &mut Backing) {
        self.new = false;
        let rows = self.terminal.history_rows();
        let scrolled: Vec<Arc<Line>> = (0..rows)
            .filter_map(|index| self.terminal.history_row(index))
            .map(|row| Arc::new(Line::from_row(&row)))
            .collect();
        self.terminal.clear_history();
        let screen =
            (0..self.terminal.size().rows).map(|y| Arc::new(Line::from_row(&self.terminal.row(y)))).collect();
        back.extend(scrolled, screen, self.terminal.links().clone());
    }

    pub fn resize(&mut self, size: Size) {
        self.terminal.resize(Size::new(size.cols.max(1), size.rows.max(1)));
        self.new |= self.written;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_scrolled_away_know_when() {
        let mut lines = ViewLines::new(Size::new(10, 2), WidthRules::default());
        let mut back = lines.backing();
        for (secs, text) in [(5, "a"), (6, "b"), (7, "c")] {
            lines.add(text, false, secs);
        }
        lines.move_to(&mut back);
        let times: Vec<i64> = (0..3).map(|y| back.line(y).time).collect();
        assert_eq!(times, [7, 0, 0]);
    }
}
