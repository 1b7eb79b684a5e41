//! The history of full-screen programs (option `alternate-history`): rows of the alternate screen
//! that go to the history's second stream.
//!
//! `scrolled` keeps rows that leave the top of the screen. `frames` also looks at the screen: when
//! output comes in another second than the output before, before it is cleared, and when the program
//! leaves. A row counts as the same by its text, whatever its style: a bar that moves over a list
//! makes no new rows of it.
//!
//! - `scrolled`: rows that leave again, in the order in which they left before, are not kept again
//!   (a pager that goes up and down). Three of them in a row are a repetition, one is not: many lines of a
//!   program are a bracket.
//! - `frames`: a row is kept once. Short rows (brackets, blank ones) have the fate of the row above.
//!   A row that is drawn again with small changes (a spinner, a bar, a clock) is kept as it is at
//!   the end; other rows when they stood there in two looks, or when most of the screen changes.
//!
//! What counts as known is a window of `WINDOW` rows. Nothing here reads a clock: `Screen::look` is
//! told by the time that output is read at.

mod look;
mod repeats;
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
use crate::base::posix::strftime;
use crate::base::{Attrs, CellStyle};

/// Rows that are known as kept: eight bytes each, and an entry of a map.
const WINDOW: usize = 4096;
/// Characters (blanks apart) of a row that is known by its text; a shorter one may stand anywhere.
const FEW: u32 = 4;

/// What is known of a row by its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Known {
    hash: u64,
    /// Characters, blanks apart.
    chars: u32,
}

impl Known {
    /// Of a line: its characters up to the last that is not blank.
    fn of(line: &Line, tables: &CellTables) -> Self {
        const FACTOR: u64 = 0x517c_c1b7_2722_0a95;
        let mut known = Self { hash: FACTOR, chars: 0 };
        for cell in &line.cells[..text_end(&line.cells)] {
            let part = match CellTables::is_char(*cell) {
                true => u64::from(cell.glyph_bits()),
                false => tables.text_hash(*cell),
            };
            known.chars += u32::from(!is_blank(*cell));
            known.hash = (known.hash.rotate_left(5) ^ part).wrapping_mul(FACTOR);
        }
        known
    }

    fn is_short(self) -> bool {
        self.chars < FEW
    }
}

fn is_blank(cell: Packed) -> bool {
    cell.glyph_bits() == u32::from(b' ') || cell.mark.contains(Mark::PADDING)
}

/// Columns up to the last cell that is not blank.
fn text_end(cells: &[Packed]) -> usize {
    cells.iter().rposition(|cell| !is_blank(*cell)).map_or(0, |last| last + 1)
}

/// What is known of the rows of a pane's alternate screen.
pub(super) struct Alternate {
    frames: bool,
    title: String,
    /// The next row that is kept gets a heading.
    heading: bool,
    repeats: Repeats,
    looks: Looks,
    /// Short rows that are kept if the next one is.
    short: Vec<(Known, Row)>,
    /// The row before was kept.
    kept: bool,
}

/// Short rows in a sequence that are kept; more of them are blanks.
const MAX_SHORT: usize = 3;

impl Alternate {
    pub fn new(kind: AlternateHistory) -> Self {
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

    pub fn set_kind(&mut self, kind: AlternateHistory) {
        self.frames = kind == AlternateHistory::Frames;
    }

    /// Lines of its own whose cells refer to the grid's tables.
    pub fn lines_mut(&mut self) -> impl Iterator<Item = &mut Line> {
        self.looks.lines_mut()
    }

    /// What a later server is told: rows that are known.
    pub fn save(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.frames));
        let known = self.repeats.known();
        put_varint(out, known.len() as u64);
        known.iter().for_each(|hash| out.extend(hash.to_le_bytes()));
    }

    pub fn load(input: &mut Reader) -> Result<Self, Malformed> {
        let kind = if input.u8()? == 0 { AlternateHistory::Scrolled } else { AlternateHistory::Frames };
        let mut alternate = Self { heading: false, ..Self::new(kind) };
        for _ in 0..input.varint()?.min(WINDOW as u64) {
            let hash = input.bytes(8)?.try_into().map_err(|_| Malformed)?;
            alternate.repeats.add(u64::from_le_bytes(hash));
        }
        Ok(alternate)
    }

    /// In `frames`: keeps a row unless it is known; `out` takes those that are kept.
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
    /// The option `alternate-history`.
    pub(super) fn set_alternate(&mut self, kind: AlternateHistory) {
        match (&mut self.alternate, kind) {
            (alternate, AlternateHistory::Off) => *alternate = None,
            (Some(alternate), kind) => alternate.set_kind(kind),
            (alternate, kind) => *alternate = Some(Box::new(Alternate::new(kind))),
        }
    }

    /// A row leaves the top of the alternate screen.
    pub(super) fn keep_alternate(&mut self, y: u32) {
        let Some(mut alternate) = self.alternate.take() else { return };
        let line = &self.lines[y as usize];
        let known = Known::of(line, &self.tables);
        let mut out = Vec::new();
        let row = || row_of(line, &self.tables, self.now);
        match alternate.frames {
            true => alternate.keep_once(known, row, &mut out),
            false => alternate.repeats.left(known, row, &mut out),
        }
        self.write_alternate(&mut alternate, &out);
        self.alternate = Some(alternate);
    }

    /// Rows come back at the top of the alternate screen: they will leave again.
    pub(super) fn alternate_reversed(&mut self, count: u32) {
        self.settle_alternate();
        if let Some(alternate) = self.alternate.as_mut().filter(|alternate| !alternate.frames) {
            alternate.repeats.go_back(count.into());
        }
    }

    /// Puts rows at the end of the stream, below a heading where one is due.
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

    /// Rows of the alternate screen that the stream does not have.
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

    /// Puts what is held back into the stream: nothing may be lost of it.
    pub(super) fn settle_alternate(&mut self) {
        let Some(mut alternate) = self.alternate.take() else { return };
        let rows = alternate.repeats.give_up();
        self.write_alternate(&mut alternate, &rows);
        self.alternate = Some(alternate);
    }
}

impl Terminal {
    /// What is kept of full-screen programs, and the rows of the alternate screen that are not in
    /// it yet; `None` when there is neither.
    pub fn alternate_history(&mut self) -> Option<(Box<dyn HistoryView>, Vec<Row>)> {
        self.settle();
        let grid = &mut self.screen.grid;
        let rest = grid.alternate_rest();
        if !rest.is_empty() {
            // Begun, so that there is something to read.
            grid.history.alternate()?;
        }
        Some((grid.history.alternate_view()?, rest))
    }
}

/// A row of the stream: it stands alone.
fn row_of(line: &Line, tables: &CellTables, now: i64) -> Row {
    let mut row = Row::default();
    line.to_row(tables, &mut row);
    row.flags -= RowFlags::WRAPPED;
    row.time = now;
    row
}

/// The row above what was kept: when, and of which program. It counts as a prompt, so that copy
/// mode jumps to it.
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
