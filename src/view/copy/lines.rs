//! Output of commands as the rows of a view mode. It is written to a terminal of the pane's
//! width, so that it wraps and is coloured as a program's output would be.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::backing::{Backing, Line, Source};
use crate::base::history::Row;
use crate::base::links::Links;
use crate::base::width::WidthRules;
use crate::base::{CellStyle, Size};
use crate::terminal::{MemoryHistory, Terminal, TerminalConfig, relink};

/// Rows that a view mode keeps; older rows are dropped.
pub(super) const MAX_ROWS: usize = 200_000;

/// Bytes of lines that a view mode keeps for the next server. A view mode with more closes with its
/// server.
const MAX_SAVED_BYTES: usize = 256 << 10;

/// A line as it was added.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct AddedLine {
    text: String,
    parse: bool,
    /// Time of the addition, in seconds since the Unix epoch.
    secs: i64,
}

pub(super) struct ViewLines {
    terminal: Terminal,
    /// All lines; `None` when they are too many to be saved.
    added: Option<Vec<AddedLine>>,
    added_bytes: usize,
    widths: WidthRules,
    written: bool,
    new: bool,
    /// Position of the terminal in a view that was resized.
    base: Option<Base>,
}

/// After a resize the backing holds the lines so far, and a new terminal takes only later ones; it
/// begins at the cursor's row.
struct Base {
    /// Row of the backing where the terminal begins.
    row: usize,
    /// True if that row has not changed since the resize.
    kept: bool,
}

impl ViewLines {
    pub(super) fn new(size: Size, widths: WidthRules) -> Self {
        let size = Size::new(size.cols.max(1), size.rows.max(1));
        let terminal = Self::terminal(size, widths.clone());
        let added = Some(Vec::new());
        Self { terminal, added, added_bytes: 0, widths, written: false, new: false, base: None }
    }

    fn terminal(size: Size, widths: WidthRules) -> Terminal {
        let config = TerminalConfig { pane: false, widths, ..TerminalConfig::default() };
        Terminal::new(size, config, Box::new(MemoryHistory::new(MAX_ROWS, size.cols)))
    }

    /// An empty backing of the size.
    pub(super) fn backing(&self) -> Backing {
        let source = Source {
            history: None,
            rows: Vec::new(),
            links: Links::new(),
            size: self.terminal.size(),
            pullable: 0,
        };
        Backing::new(source)
    }

    /// Reports whether lines were added since the last `move_to`.
    pub(super) fn is_new(&self) -> bool {
        self.new
    }

    /// Adds a line, with its escape sequences if `parse`; else control characters except tabs and
    /// newlines are left out. Rows that it scrolls away get the time `now_secs`.
    pub(super) fn add(&mut self, line: &str, parse: bool, now_secs: i64) {
        self.keep(line, parse, now_secs);
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

    /// Keeps a line for the next server.
    fn keep(&mut self, line: &str, parse: bool, secs: i64) {
        self.added_bytes += line.len();
        if self.added_bytes > MAX_SAVED_BYTES {
            self.added = None;
        }
        self.added.iter_mut().for_each(|all| all.push(AddedLine { text: line.to_owned(), parse, secs }));
    }

    /// All lines that were added, for the next server; `None` if they are too many.
    pub(super) fn save(&self) -> Option<&[AddedLine]> {
        self.added.as_deref()
    }

    /// Adds lines that another server saved.
    pub(super) fn load(&mut self, lines: &[AddedLine]) {
        lines.iter().for_each(|line| self.add(&line.text, line.parse, line.secs));
    }

    /// Moves the rows that scrolled away since the last call, and the screen, to a backing.
    pub(super) fn move_to(&mut self, back: &mut Backing) {
        self.new = false;
        let rows = self.terminal.history_rows();
        let mut scrolled: Vec<Row> = (0..rows).filter_map(|index| self.terminal.history_row(index)).collect();
        self.terminal.clear_history();
        let mut screen: Vec<Row> = (0..self.terminal.size().rows).map(|y| self.terminal.row(y)).collect();
        let links = self.terminal.links();
        let lines = |rows: &[Row]| rows.iter().map(|row| Arc::new(Line::from_row(row))).collect();
        match &mut self.base {
            None => back.extend(lines(&scrolled), lines(&screen), links.clone()),
            Some(base) => {
                scrolled.iter_mut().chain(&mut screen).for_each(|row| relink(row, links, back.links_mut()));
                base.put(back, lines(&scrolled), lines(&screen), self.terminal.cursor().y as usize);
            }
        }
    }

    /// Handles a resize. All lines have been moved to the backing, which had `hsize` rows above its
    /// screen and was `cols` wide before.
    pub(super) fn resize(&mut self, size: Size, back: &Backing, (hsize, cols): (usize, usize)) {
        let y = self.terminal.cursor().y as usize;
        let cursor = self.base.as_ref().map_or(hsize, |base| base.row) + y;
        self.terminal = Self::terminal(Size::new(size.cols.max(1), size.rows.max(1)), self.widths.clone());
        if self.written {
            // tmux: if the cursor is above the screen or the width changed, the cursor goes to the
            // top, and later output overwrites the rows there.
            let row = if cols == back.cols { cursor.max(back.hsize) } else { back.hsize };
            self.base = Some(Base { row, kept: true });
        }
    }
}

impl Base {
    /// Writes the terminal's rows into the backing.
    fn put(&mut self, back: &mut Backing, scrolled: Vec<Arc<Line>>, screen: Vec<Arc<Line>>, y: usize) {
        let scrolls = scrolled.len();
        let used = screen.iter().rposition(|line| line.size() > 0).map_or(0, |last| last + 1).max(y + 1);
        let rows: Vec<Arc<Line>> = scrolled.into_iter().chain(screen.into_iter().take(used)).collect();
        let kept = usize::from(self.kept);
        let gone = back.overlay(self.row + kept, rows.into_iter().skip(kept).collect());
        self.kept &= scrolls == 0;
        self.row = (self.row + scrolls).saturating_sub(gone);
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
