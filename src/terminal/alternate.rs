//! The history of full-screen programs (option `alternate-history`): rows of the alternate screen
//! that are written to the history's second stream.
//!
//! `scrolled` keeps rows that scroll off the top of the screen. `frames` also samples the screen:
//! when output comes in another second than the output before, before the screen is cleared, and
//! when the program leaves the alternate screen. Rows are compared by their text, whatever their
//! style: a highlight that moves over a list makes no new rows of it.
//!
//! - `scrolled`: rows that scroll off again, in the same order as before, are not kept again (a
//!   pager that moves up and down). It takes three of them in a row to count as a repetition: a
//!   single row is no evidence, since many lines of a program are just a bracket.
//! - `frames`: a row is kept once. Short rows (brackets, blank ones) are kept or dropped with the
//!   row above. A row that is redrawn with small changes (a spinner, a bar, a clock) is kept in its
//!   last state, and so is a row of a table that moves; other rows are kept if two samples saw them, or if
//!   most of the screen changes.
//!
//! A row counts as known if it is among the last `WINDOW` rows that were kept. Nothing here reads a
//! clock: `Screen::look` uses the time at which output is read.

mod look;
mod repeats;
mod tables;
#[cfg(test)]
mod tests;

pub(super) use self::look::Why;

use std::collections::VecDeque;

use self::look::Looks;
use self::repeats::Repeats;
use super::Terminal;
use super::cells::{CellTables, Mark, Packed};
use super::config::AlternateHistory;
use super::grid::Grid;
use super::line::Line;
use crate::base::codec::{Malformed, Reader, put_varint};
use crate::base::history::{HistoryView, Row, RowFlags};
use crate::base::links::Links;
use crate::base::{Attrs, CellStyle};
use crate::sys::time::strftime;

/// Hashes of kept rows that are remembered: eight bytes each, and an entry of a map.
const WINDOW: usize = 4096;
/// A row with fewer characters (without blanks) is short: its text alone does not identify it.
const FEW: u32 = 4;

/// Identity of a row: a hash of its text, and its length.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Known {
    hash: u64,
    /// Count of characters, without blanks.
    chars: u32,
}

impl Known {
    /// Identity of a line: of its characters up to the last that is not blank.
    fn of(line: &Line, tables: &CellTables) -> Self {
        const FACTOR: u64 = 0x517c_c1b7_2722_0a95;
        let cells = &line.cells[..text_end(&line.cells)];
        let part = |cell: &Packed| match CellTables::is_char(*cell) {
            true => u64::from(cell.glyph_bits()),
            false => tables.text_hash(*cell),
        };
        let mut hash = FACTOR;
        // Two cells for each multiplication, since each waits for the one before.
        for pair in cells.chunks(2) {
            let both = pair.iter().fold(0, |both: u64, cell| both.rotate_left(32) ^ part(cell));
            hash = (hash.rotate_left(5) ^ both).wrapping_mul(FACTOR);
        }
        Self { hash, chars: count_chars(cells) }
    }

    fn is_short(self) -> bool {
        self.chars < FEW
    }
}

fn is_blank(cell: Packed) -> bool {
    (cell.glyph_bits() == u32::from(b' ')) | cell.mark.contains(Mark::PADDING)
}

/// Count of characters, without blanks.
fn count_chars(cells: &[Packed]) -> u32 {
    cells.iter().map(|cell| u32::from(!is_blank(*cell))).sum()
}

/// Columns up to the last cell that is not blank.
fn text_end(cells: &[Packed]) -> usize {
    cells.iter().rposition(|cell| !is_blank(*cell)).map_or(0, |last| last + 1)
}

/// State of the rows that a pane's alternate screen showed.
pub(super) struct Alternate {
    frames: bool,
    title: String,
    /// True if the next row that is kept needs a heading.
    heading: bool,
    repeats: Repeats,
    looks: Looks,
    /// Short rows, kept if the next long row is.
    short: Vec<(Known, Row)>,
    /// True if the last long row was kept.
    kept: bool,
}

/// Most consecutive short rows that are kept; more of them are blank space.
const MAX_SHORT: usize = 3;

impl Alternate {
    pub(super) fn new(kind: AlternateHistory) -> Self {
        Self {
            frames: kind == AlternateHistory::Frames,
            title: String::new(),
            heading: true,
            repeats: Repeats::default(),
            looks: Looks::default(),
            short: Vec::new(),
            kept: false,
        }
    }

    pub(super) fn set_kind(&mut self, kind: AlternateHistory) {
        self.frames = kind == AlternateHistory::Frames;
    }

    /// Its own lines, whose cells refer to the grid's tables.
    pub(super) fn lines_mut(&mut self) -> impl Iterator<Item = &mut Line> {
        self.looks.lines_mut()
    }

    /// Saves the known rows for a later server.
    pub(super) fn save(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.frames));
        let known = self.repeats.known();
        put_varint(out, known.len() as u64);
        known.iter().for_each(|hash| out.extend(hash.to_le_bytes()));
    }

    pub(super) fn load(input: &mut Reader) -> Result<Self, Malformed> {
        let kind = if input.u8()? == 0 { AlternateHistory::Scrolled } else { AlternateHistory::Frames };
        let mut alternate = Self { heading: false, ..Self::new(kind) };
        for _ in 0..input.varint()?.min(WINDOW as u64) {
            let hash = input.bytes(8)?.try_into().map_err(|_| Malformed)?;
            alternate.repeats.add(u64::from_le_bytes(hash));
        }
        Ok(alternate)
    }

    /// Remembers a row that scrolls off and is new beyond doubt; true if it is.
    fn takes_at_once(&mut self, known: Known) -> bool {
        let new = !known.is_short() && self.short.is_empty() && self.repeats.is_new(known.hash);
        if new {
            self.kept = true;
            self.repeats.add(known.hash);
        }
        new
    }

    /// In `frames`: keeps a row unless it is known; kept rows are appended to `out`.
    fn keep_once(&mut self, known: Known, row: impl FnOnce() -> Row, out: &mut Vec<Row>) {
        if known.is_short() {
            let again = self.short.last().is_some_and(|(last, _)| *last == known);
            if self.kept && !again && self.short.len() < MAX_SHORT {
                self.short.push((known, row()));
            }
            return;
        }
        self.kept = !self.repeats.is_known(known.hash);
        let short = std::mem::take(&mut self.short);
        if self.kept {
            out.extend(short.into_iter().map(|(_, row)| row));
            self.repeats.add(known.hash);
            out.push(row());
        }
    }
}

impl Grid {
    /// Applies the option `alternate-history`.
    pub(super) fn set_alternate(&mut self, kind: AlternateHistory) {
        match (&mut self.alternate, kind) {
            (alternate, AlternateHistory::Off) => *alternate = None,
            (Some(alternate), kind) => alternate.set_kind(kind),
            (alternate, kind) => *alternate = Some(Box::new(Alternate::new(kind))),
        }
    }

    /// Handles a row that scrolls off the top of the alternate screen.
    pub(super) fn keep_alternate(&mut self, y: u32) {
        let Some(mut alternate) = self.alternate.take() else { return };
        let line = &self.lines[y as usize];
        let known = Known::of(line, &self.tables);
        if alternate.takes_at_once(known) {
            self.push_alternate(&mut alternate, y);
        } else {
            let mut out = Vec::new();
            let row = || row_of(line, &self.tables, self.now);
            match alternate.frames {
                true => alternate.keep_once(known, row, &mut out),
                false => alternate.repeats.left(known, row, &mut out),
            }
            self.write_alternate(&mut alternate, &out);
        }
        self.alternate = Some(alternate);
    }

    /// Appends a line of the screen to the stream, without a row in between where that is possible.
    fn push_alternate(&mut self, alternate: &mut Alternate, y: u32) {
        let line = &self.lines[y as usize];
        if let Some(text) = line.plain_text(&mut self.plain).filter(|_| !alternate.heading)
            && let Some(history) = self.history.alternate()
            && history.push_plain(text, line.len(), false, self.now)
        {
            return;
        }
        let row = row_of(line, &self.tables, self.now);
        self.write_alternate(alternate, std::slice::from_ref(&row));
    }

    /// Handles rows that scroll back in at the top of the alternate screen: they will scroll off
    /// again.
    pub(super) fn alternate_reversed(&mut self, count: u32) {
        self.settle_alternate();
        if let Some(alternate) = self.alternate.as_mut().filter(|alternate| !alternate.frames) {
            alternate.repeats.go_back(count.into());
        }
    }

    /// Appends rows to the stream, with a heading if one is due.
    fn write_alternate(&mut self, alternate: &mut Alternate, rows: &[Row]) {
        if rows.is_empty() {
            return;
        }
        let Some(history) = self.history.alternate() else { return };
        if !history.keeps() {
            return;
        }
        if std::mem::take(&mut alternate.heading) {
            history.push(&heading(&alternate.title, self.now), &Links::new());
        }
        rows.iter().for_each(|row| history.push(row, &self.links));
    }

    /// Rows of the alternate screen that are not in the stream.
    fn alternate_rest(&self) -> Vec<Row> {
        let (Some(alternate), true) = (&self.alternate, self.saved.is_some()) else { return Vec::new() };
        let mut wanted = false;
        let mut rows = Vec::new();
        for line in &self.lines {
            let known = Known::of(line, &self.tables);
            if !known.is_short() {
                wanted = !alternate.frames || !alternate.repeats.is_known(known.hash);
            }
            if wanted {
                rows.push(row_of(line, &self.tables, self.now));
            }
        }
        let used = rows.iter().rposition(|row| row.used() > 0).map_or(0, |last| last + 1);
        rows.truncate(used);
        rows
    }

    /// Writes the held rows to the stream, so that none are lost.
    pub(super) fn settle_alternate(&mut self) {
        let Some(mut alternate) = self.alternate.take() else { return };
        let rows = alternate.repeats.give_up();
        self.write_alternate(&mut alternate, &rows);
        self.alternate = Some(alternate);
    }
}

impl Terminal {
    /// View of the rows kept of full-screen programs, and the rows of the alternate screen that are
    /// not kept yet; `None` if there are neither.
    pub fn alternate_history(&mut self) -> Option<(Box<dyn HistoryView>, Vec<Row>)> {
        self.settle();
        let grid = &mut self.screen.grid;
        let rest = grid.alternate_rest();
        if !rest.is_empty() {
            // Create the stream, so that there is something to read.
            grid.history.alternate()?;
        }
        Some((grid.history.alternate_view()?, rest))
    }
}

/// A row for the stream, which does not wrap.
fn row_of(line: &Line, tables: &CellTables, now: i64) -> Row {
    let mut row = Row::default();
    line.to_row(tables, &mut row);
    row.flags -= RowFlags::WRAPPED;
    row.time = now;
    row
}

/// Heading above kept rows: time and program. It is marked as a prompt, so that copy mode jumps to
/// it.
fn heading(title: &str, now: i64) -> Row {
    let gap = if title.is_empty() { "" } else { " " };
    let text = format!("{}{gap}{title} --", strftime("-- %Y-%m-%d %H:%M:%S", now));
    let style = CellStyle { attrs: Attrs::DIM, ..CellStyle::DEFAULT };
    let cells = crate::base::width::clusters(&text);
    let cells: VecDeque<_> = cells.map(|cell| crate::base::Cell { style, ..cell }).collect();
    let mut row: Row = cells.iter().collect();
    row.flags = RowFlags::START_PROMPT;
    row.time = now;
    row.size = row.cols();
    row
}
