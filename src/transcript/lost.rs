//! Lines that are missing from a history: one line replaces them and says how many, from when, and
//! why. It is a block like any other, so that every reader of a history (copy mode, a search, a
//! capture, an export) shows and counts it once.

use serde::{Deserialize, Serialize};
use smallvec::smallvec;

use super::block::Block;
use super::layout::OpenLine;
use crate::base::history::{Row, Run, RunKind};
use crate::base::{Attrs, CellFlags, CellStyle};

/// Wider than the text, so that the line is one row.
const WIDTH: u32 = 1 << 15;
/// Bytes of a date.
const DATE: usize = 10;
/// Longest reason that is shown, in bytes.
const MAX_WHY: usize = 200;

/// Lines missing in one place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Lost {
    /// Number of the first line that is missing, counted from the pane's beginning.
    pub first_line: u64,
    /// Count of missing lines; `None` if unknown.
    pub lines: Option<u64>,
    /// Times when the first and the last of them were printed, seconds since the epoch; 0: unknown.
    pub from: i64,
    pub to: i64,
    pub why: String,
}

impl Lost {
    /// For a line that an earlier server wrote: the line itself has the details.
    pub(super) fn unknown(first_line: u64) -> Self {
        Self { first_line, lines: None, from: 0, to: 0, why: String::new() }
    }

    /// Adds missing lines that followed these.
    pub(super) fn add(&mut self, more: Self) {
        self.lines = self.lines.zip(more.lines).map(|(lines, more)| lines + more);
        self.to = self.to.max(more.to);
        self.why = more.why;
    }

    /// Text for people, mostly short enough for a row of eighty columns.
    pub(super) fn text(&self) -> String {
        let count = match self.lines {
            Some(1) => "1 line missing".to_owned(),
            Some(lines) => format!("{lines} lines missing"),
            None => "lines missing".to_owned(),
        };
        format!("[{count}: {}{}]", self.reason(), self.when())
    }

    /// Time when they were printed, as far as known.
    fn when(&self) -> String {
        let time = |secs| crate::sys::time::strftime("%Y-%m-%d %H:%M:%S", secs);
        let (from, to) = (time(self.from), time(self.to));
        match (self.from, self.to) {
            (0, 0) => String::new(),
            (0, _) => format!(", until {to}"),
            (_, 0) => format!(", {from}"),
            _ if from == to => format!(", {from}"),
            _ if from[..DATE] == to[..DATE] => format!(", {from}-{}", &to[DATE + 1..]),
            _ => format!(", {from} - {to}"),
        }
    }

    /// The reason without characters that a line cannot hold.
    fn reason(&self) -> String {
        let plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        let why = self.why.split(" (os error").next().unwrap_or_default();
        why.chars().take(MAX_WHY).map(plain).collect()
    }

    /// The line as a block.
    pub(super) fn block(&self, id: u64) -> Block {
        self.filled(id, 1)
    }

    /// A block with this line and empty lines after it, to replace a block that cannot be read: the
    /// lines around it keep their numbers, and mostly their rows.
    pub(super) fn filled(&self, id: u64, lines: u32) -> Block {
        let mut block = Block::new(id, self.first_line, self.from);
        let mut scratch = Vec::new();
        let mut push = |row: Row| block.push(&mut scratch, &OpenLine::new(row, WIDTH), WIDTH);
        push(line(&self.text(), self.from));
        (1..lines).for_each(|_| push(Row { time: self.from, ..Row::default() }));
        block
    }
}

/// Text in reverse, as one row.
fn line(text: &str, time: i64) -> Row {
    let style = CellStyle { attrs: Attrs::REVERSE, ..CellStyle::DEFAULT };
    let (bytes, cols) = (text.len() as u32, text.len() as u32);
    let run = Run { kind: RunKind::Narrow, style, flags: CellFlags::empty(), bytes, cols };
    Row { text: text.to_owned(), runs: smallvec![run], time, ..Row::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_many_when_and_why() {
        let why = "disk\nfull (os error 28)".to_owned();
        let mut lost = Lost { first_line: 7, lines: Some(1), from: 0, to: 0, why };
        assert_eq!(lost.text(), "[1 line missing: disk?full]");
        lost.add(Lost { first_line: 8, lines: Some(9), from: 5, to: 3600, why: "gone".into() });
        assert!(lost.text().starts_with("[10 lines missing: gone, until 1970-01-01 "), "{}", lost.text());
        lost.from = 60;
        assert!(lost.text().len() < 80 && lost.text().contains(", 1970-01-01 "), "{}", lost.text());
        assert_eq!(lost.block(1).lines(), 1);
        assert_eq!(lost.filled(1, 40).lines(), 40);
    }
}
