//! History in the form that rooms exchange: rows in a compact form, and the traits of a pane's history
//! (in memory or in a transcript on disk).
//!
//! A *row* holds one line of the screen from the moment when it scrolled away. Rows joined by
//! `RowFlags::WRAPPED` form a *logical line*; a history stores logical lines and lays out rows for its
//! current width.

use smallvec::SmallVec;

use super::cell::{Cell, CellFlags, CellStyle, Glyph};
use super::commands::CommandRecord;
use super::links::Links;

bitflags::bitflags! {
    /// Properties of a row beside its cells.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct RowFlags: u8 {
        /// The next row continues this one.
        const WRAPPED = 0x1;
        /// A shell prompt starts here (OSC 133;A).
        const START_PROMPT = 0x2;
        /// A command's output starts here (OSC 133;C).
        const START_OUTPUT = 0x4;
        /// Some cell of the row has a character of several bytes or more than basic colours (shown by
        /// `capture-pane -F`).
        const EXTENDED = 0x8;
        /// Some cell of the row has or had a hyperlink.
        const HYPERLINK = 0x10;
        /// A further line of a prompt starts here (OSC 133;P;k=s).
        const SECOND_PROMPT = 0x20;
        /// The typed command of a prompt starts here (OSC 133;B).
        const START_COMMAND = 0x40;
        /// A command's output ends here (OSC 133;D).
        const END_OUTPUT = 0x80;
    }
}

/// Says how the text of a run divides into cells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RunKind {
    /// Every character is a cell of one column.
    Narrow,
    /// Every character is a cell of two columns.
    Wide,
    /// All of the run's text is one cell of this many columns. The run has fewer columns if the cell was
    /// cut.
    Cluster(u8),
    /// A tab of this many columns (no text); the run has fewer if the tab was cut.
    Tab(u8),
    /// Cells never written, or erased (no text). With the flag `PADDING`: fillers whose character was cut
    /// off, which show as blanks but hold no text.
    Cleared,
}

/// A stretch of a row in one style.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Run {
    pub kind: RunKind,
    pub style: CellStyle,
    /// Further cell flags shared by the run (`NOPALETTE`).
    pub flags: CellFlags,
    /// Bytes of the row's text.
    pub bytes: u32,
    /// Width in columns.
    pub cols: u32,
}

/// The runs of a row: mostly one.
pub(crate) type Runs = SmallVec<[Run; 1]>;

/// One row: text and style runs. Trailing cells that were never written are not stored.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Row {
    pub flags: RowFlags,
    /// Columns at the end of the runs that do not count as written: blanks with a background colour.
    pub unwritten: u32,
    /// Columns that the line had, written or not (`capture-pane -N` shows them as blanks); unknown if
    /// less than the columns of the runs.
    pub size: u32,
    pub text: String,
    pub runs: Runs,
    /// When the row was last written, seconds since the Unix epoch; 0: unknown.
    pub time: i64,
}

/// Drops the empty rows at the end of a screen, which is to follow a history. Its last line ends there.
pub(crate) fn cut_screen(rows: &mut Vec<Row>) {
    let used = rows.iter().rposition(|row| row.used() > 0).map_or(0, |last| last + 1);
    rows.truncate(used);
    if let Some(last) = rows.last_mut() {
        last.flags.remove(RowFlags::WRAPPED);
    }
}

/// Columns of a row that exist once `used` of them were written from left to right. tmux: a quarter, a
/// half or all of `width` are allocated at a time.
pub(crate) fn usual_size(used: u32, width: u32) -> u32 {
    match used {
        0 => 0,
        _ if used < width / 4 => width / 4,
        _ if used < width / 2 => width / 2,
        _ => used.max(width),
    }
}

impl Row {
    /// Columns of all runs.
    pub fn cols(&self) -> u32 {
        self.runs.iter().map(|r| r.cols).sum()
    }

    /// Columns that count as written.
    pub fn used(&self) -> u32 {
        self.cols().saturating_sub(self.unwritten)
    }

    /// Appends one cell. Padding is skipped, since the cell before it stands for it.
    pub fn push(&mut self, cell: &Cell) {
        if cell.is_padding() {
            return;
        }
        let width = cell.width.max(1);
        let mut flags = cell.flags & CellFlags::NOPALETTE;
        let start = self.text.len();
        let kind = if cell.flags.contains(CellFlags::TAB) {
            RunKind::Tab(width)
        } else if cell.flags.contains(CellFlags::CLEARED) {
            RunKind::Cleared
        } else {
            cell.glyph.push_to(&mut self.text);
            match (&cell.glyph, width) {
                (Glyph::Char(_), 1) => RunKind::Narrow,
                (Glyph::Char(_), 2) => RunKind::Wide,
                _ => RunKind::Cluster(width),
            }
        };
        if cell.flags.contains(CellFlags::PLACED) && kind == RunKind::Cluster(1) {
            flags |= CellFlags::NARROW_FILLERS;
        }
        let run = Run {
            kind,
            style: cell.style,
            flags,
            bytes: (self.text.len() - start) as u32,
            cols: u32::from(width),
        };
        self.push_run(run);
    }

    /// Appends a run whose text is in `text` already, and joins it to the last run if both have the same
    /// kind and style.
    pub fn push_run(&mut self, run: Run) {
        push_run(&mut self.runs, run);
    }

    /// The row where it lies.
    pub fn by_ref(&self) -> RowRef<'_> {
        RowRef {
            flags: self.flags,
            unwritten: self.unwritten,
            size: self.size,
            text: &self.text,
            runs: &self.runs,
            time: self.time,
        }
    }

    /// Empties the row, but keeps its memory.
    pub fn reset(&mut self) {
        self.flags = RowFlags::empty();
        self.unwritten = 0;
        self.size = 0;
        self.text.clear();
        self.runs.clear();
        self.time = 0;
    }

    /// All cells left to right, padding included.
    pub fn cells(&self) -> Vec<Cell> {
        self.by_ref().cells()
    }
}

impl Run {
    /// Reports whether this is a cell of a picture that was placed at the cursor (`CellFlags::PLACED`).
    pub(crate) fn is_placed(&self) -> bool {
        self.kind == RunKind::Cluster(1) && self.flags.contains(CellFlags::NARROW_FILLERS)
    }
}

/// Appends a run to others, joining it with the last one where both divide alike.
pub(crate) fn push_run(runs: &mut Runs, run: Run) {
    if let Some(last) = runs.last_mut()
        && last.kind == run.kind
        && last.style == run.style
        && last.flags == run.flags
        && matches!(run.kind, RunKind::Narrow | RunKind::Wide | RunKind::Cleared)
    {
        last.bytes += run.bytes;
        last.cols += run.cols;
        return;
    }
    runs.push(run);
}

/// A row that is read where it lies: as `Row`, with text and runs borrowed. This is how much text
/// is read, since nothing is allocated or copied for a row.
#[derive(Clone, Copy, Debug)]
pub struct RowRef<'a> {
    pub flags: RowFlags,
    pub unwritten: u32,
    pub size: u32,
    pub text: &'a str,
    pub runs: &'a [Run],
    pub time: i64,
}

/// Some cells of one run, as text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece<'a> {
    /// Cells that show this.
    Text(&'a str),
    /// One cell of several characters, or of none.
    Cluster(&'a str),
    Tab,
    /// So many blanks that were never written.
    Blanks(u32),
}

impl<'a> RowRef<'a> {
    pub fn to_row(self) -> Row {
        let Self { flags, unwritten, size, text, runs, time } = self;
        Row { flags, unwritten, size, text: text.to_owned(), runs: runs.into(), time }
    }

    /// Columns taken by all runs.
    pub fn cols(&self) -> u32 {
        self.runs.iter().map(|r| r.cols).sum()
    }

    /// Columns that count as written.
    pub fn used(&self) -> u32 {
        self.cols().saturating_sub(self.unwritten)
    }

    /// What the first `cols` columns show, run by run, fillers left out.
    pub fn pieces(&self, cols: u32) -> impl Iterator<Item = (&'a Run, Piece<'a>)> + use<'a> {
        let (text, mut at, mut left) = (self.text, 0usize, cols);
        self.runs.iter().filter_map(move |run| {
            let own = &text[at..at + run.bytes as usize];
            at += run.bytes as usize;
            let cols = run.cols.min(left);
            left -= cols;
            if cols == 0 || run.flags.contains(CellFlags::PADDING) {
                return None;
            }
            let piece = match run.kind {
                RunKind::Narrow => Piece::Text(first_chars(own, cols, run)),
                RunKind::Wide => Piece::Text(first_chars(own, cols.div_ceil(2), run)),
                RunKind::Cluster(_) => Piece::Cluster(own),
                RunKind::Tab(_) => Piece::Tab,
                RunKind::Cleared => Piece::Blanks(cols),
            };
            Some((run, piece))
        })
    }

    /// All cells left to right, padding included.
    pub fn cells(&self) -> Vec<Cell> {
        let mut out = Vec::with_capacity(self.cols() as usize);
        let mut at = 0;
        for run in self.runs {
            let text = &self.text[at..at + run.bytes as usize];
            at += run.bytes as usize;
            let mut emit = |glyph: Glyph, width: u8, flags: CellFlags| {
                let flags = flags | (run.flags - CellFlags::NARROW_FILLERS);
                out.push(Cell { glyph, width, flags, style: run.style });
                // A single cell may have been cut: then it has fewer columns than its width.
                let single = matches!(run.kind, RunKind::Cluster(_) | RunKind::Tab(_));
                let cols = if single { run.cols } else { u32::from(width) };
                for _ in 1..cols {
                    out.push(Cell { style: run.style, ..Cell::PADDING });
                }
            };
            match run.kind {
                RunKind::Narrow => {
                    text.chars().for_each(|c| emit(Glyph::Char(c), 1, CellFlags::empty()));
                }
                RunKind::Wide => {
                    text.chars().for_each(|c| emit(Glyph::Char(c), 2, CellFlags::empty()));
                }
                RunKind::Cluster(width) => {
                    let flags = if run.is_placed() { CellFlags::PLACED } else { CellFlags::empty() };
                    emit(Glyph::from_text(text), width, flags);
                }
                RunKind::Tab(width) => emit(Glyph::Char(' '), width, CellFlags::TAB),
                RunKind::Cleared => {
                    (0..run.cols).for_each(|_| emit(Glyph::Char(' '), 1, CellFlags::CLEARED));
                }
            }
        }
        out
    }
}

/// The first characters of a run's text.
fn first_chars<'a>(text: &'a str, count: u32, run: &Run) -> &'a str {
    if count >= run.cols || run.kind == RunKind::Wide && count >= run.cols.div_ceil(2) {
        return text;
    }
    let end = match count as usize {
        end if run.bytes == run.cols && text.is_char_boundary(end) => end,
        count => text.char_indices().nth(count).map_or(text.len(), |(at, _)| at),
    };
    &text[..end]
}

impl<'a> FromIterator<&'a Cell> for Row {
    fn from_iter<I: IntoIterator<Item = &'a Cell>>(cells: I) -> Self {
        let mut row = Row::default();
        cells.into_iter().for_each(|cell| row.push(cell));
        row
    }
}

/// Reading rows by number. Row 0 is the oldest; rows are laid out at the reader's width.
pub trait HistoryView: Send + std::any::Any {
    /// Rows at the current width.
    fn rows(&mut self) -> u64;
    /// Rows at the current width, at most `limit`: a small number is counted without reading all lines.
    fn rows_up_to(&mut self, limit: u64) -> u64 {
        self.rows().min(limit)
    }
    /// One row; `None` outside. May read a bounded part of the disk. Links are interned in the caller's
    /// table.
    fn row(&mut self, index: u64, links: &mut Links) -> Option<Row>;
    /// Calls `each` with rows `rows.start`, `rows.start + 1`, … in order, up to `rows.end` or the last
    /// existing row, until `each` returns false. Returns the number of the row after the last one passed,
    /// with which the next call can continue. `each` also gets the caller's table of links, which has
    /// those of the row.
    ///
    /// Use this to read many rows. Take a view (`History::view`): it refers to all present rows, whatever
    /// is printed, trimmed or cleared later. Then read it range by range on any thread. A row is borrowed
    /// from the block that was decompressed for it; at most one block is decompressed at a time, each
    /// block and line once per range, and a line of any length is passed as its rows (all but the last
    /// have `RowFlags::WRAPPED`), so memory depends neither on the history nor on its longest line.
    /// Reading can continue at any row: no state is needed between two ranges.
    fn scan(
        &mut self,
        rows: std::ops::Range<u64>,
        links: &mut Links,
        each: &mut dyn FnMut(RowRef<'_>, &Links) -> bool,
    ) -> u64 {
        let mut at = rows.start;
        while at < rows.end {
            let Some(row) = self.row(at, links) else { break };
            at += 1;
            if !each(row.by_ref(), links) {
                break;
            }
        }
        at
    }
    /// The same, each row as a value of its own.
    fn read(
        &mut self,
        rows: std::ops::Range<u64>,
        links: &mut Links,
        each: &mut dyn FnMut(Row) -> bool,
    ) -> u64 {
        self.scan(rows, links, &mut |row, _| each(row.to_row()))
    }
    /// A second reader of the same rows, for another thread; `None` if that is not possible.
    fn twin(&self) -> Option<Box<dyn HistoryView>> {
        None
    }
    /// The first row of a logical line by its number, counted from the start of the pane; the nearest
    /// existing row if the line is gone, and `None` if lines are not counted.
    fn row_of_line(&mut self, _line: u64) -> Option<u64> {
        None
    }
    /// The number of the logical line that a row belongs to.
    fn line_of_row(&mut self, _row: u64) -> Option<u64> {
        None
    }
    /// Sets the width that rows are laid out at; costs nothing until rows are read.
    fn set_width(&mut self, cols: u32);
    /// The nearest row at or after `from` (backward: at or before it) whose logical line may contain text
    /// that `filter` finds. `filter` runs over raw bytes in which text is mixed with other data, so it
    /// may find a row that does not match; but it misses none as long as the filter looks for text
    /// without blanks. `budget` limits the bytes searched.
    fn seek(&mut self, from: u64, forward: bool, filter: &regex::bytes::Regex, budget: usize) -> Seek {
        let _ = (forward, filter, budget);
        Seek::At(from)
    }
}

/// Result of `HistoryView::seek`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seek {
    /// The first row (forward) or last row (backward) of a line that may match, but not before (after)
    /// the row where the search started.
    At(u64),
    /// The budget is used up; continue from this row.
    More(u64),
    /// No match in the rest of the history.
    End,
}

/// A pane's history as its terminal writes it. Never fails: disk errors are handled and reported behind
/// the trait.
pub trait History: HistoryView {
    /// Adds the newest row.
    fn push(&mut self, row: &Row, links: &Links);
    /// Adds the newest row if it is of the most common kind, faster than `push`: single-byte characters
    /// in the default style, without flags except `WRAPPED`, with `size` columns. Returns false if it
    /// does not add the row.
    fn push_plain(&mut self, _text: &[u8], _size: u32, _wrapped: bool, _time: i64) -> bool {
        false
    }
    /// Adds a whole line of such text at once, which fills rows of `cols` columns. True if it did.
    fn push_plain_line(&mut self, _text: &[u8], _cols: u32, _time: i64) -> bool {
        false
    }
    /// Removes and returns the newest row, laid out at the current width.
    fn pop(&mut self, links: &mut Links) -> Option<Row>;
    /// True if the newest row continues in the one that will be pushed next.
    fn continues(&mut self) -> bool;
    /// The number of the logical line that the next pushed row will belong to: lines are counted from the
    /// start of the pane, including cleared and trimmed ones.
    fn next_line(&self) -> u64 {
        0
    }
    /// The number of the oldest logical line that is kept.
    fn oldest_line(&self) -> u64 {
        0
    }
    /// Deletes everything, on disk too.
    fn clear(&mut self);
    /// True if anything is kept at all (`history-limit 0` keeps nothing).
    fn keeps(&self) -> bool;
    /// A snapshot for reading while the pane prints: later pushes do not show in it, and its rows stay
    /// readable until it is dropped.
    fn view(&mut self) -> Box<dyn HistoryView>;
    /// Bytes used: (in memory, on disk).
    fn bytes(&self) -> (u64, u64);
    /// True if the writer is behind: the pane should not be read for a moment.
    fn is_congested(&self) -> bool {
        false
    }
    /// Changes the limit, in bytes on disk.
    fn set_limit(&mut self, _bytes: u64) {}
    /// Name of its transcript, if it has one.
    fn key(&self) -> Option<String> {
        None
    }
    /// The reason why it is not being written to disk, if it is not.
    fn error(&self) -> Option<String> {
        None
    }
    /// Adds a note beside the newest line; it is never drawn.
    fn annotate(&mut self, _time: i64, _text: &str) {}
    /// Appends all that the next server needs to continue the history: lines that are not on disk yet,
    /// and the place of the others. Appends nothing if it cannot be continued.
    fn save(&mut self, _out: &mut Vec<u8>) {}
    /// Queues all finished lines for the disk and returns the number of the next line, counted from the
    /// start of the pane.
    fn flush(&mut self) -> u64 {
        0
    }
    /// Frees memory that is reserved for new lines, because none may come for a while.
    fn rest(&mut self) {}
    /// Records a command that ran in the pane, or updates its record.
    fn note_command(&mut self, _record: &CommandRecord) {}
    /// The newest commands that ran in the pane, oldest first.
    fn commands(&self) -> Vec<CommandRecord> {
        Vec::new()
    }
    /// The second history of the pane, for output of full-screen programs on the alternate screen; it is
    /// created on first use. `None` if there can be none.
    fn alternate(&mut self) -> Option<&mut dyn History> {
        None
    }
    /// A snapshot of the second history; `None` when nothing was kept.
    fn alternate_view(&mut self) -> Option<Box<dyn HistoryView>> {
        None
    }
    /// Queues everything for the disk, including an unfinished line: the pane's program has ended.
    fn flush_all(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_give_their_cells_back() {
        let mut cells: Vec<Cell> = super::super::width::clusters("ab世界e\u{301}f").collect();
        cells.push(Cell { flags: CellFlags::TAB, width: 3, ..Cell::BLANK });
        cells.push(Cell::CLEARED);
        let row: Row = cells.iter().collect();
        let back: Vec<Cell> = row.cells().into_iter().filter(|c| !c.is_padding()).collect();
        assert_eq!(back, cells);
        assert_eq!(row.cols(), 2 + 4 + 1 + 1 + 3 + 1);
    }

    #[test]
    fn pieces_say_what_cells_say() {
        let mut cells: Vec<Cell> = super::super::width::clusters("ab世界e\u{301}fé").collect();
        cells.push(Cell { flags: CellFlags::TAB, width: 3, ..Cell::BLANK });
        cells.extend([Cell::CLEARED, Cell::CLEARED]);
        let row: Row = cells.iter().collect();
        for cols in 0..=row.cols() + 1 {
            let mut expect = String::new();
            for cell in row.cells().iter().take(cols as usize).filter(|cell| !cell.is_padding()) {
                match cell.flags.contains(CellFlags::TAB) {
                    true => expect.push('\t'),
                    false => cell.glyph.push_to(&mut expect),
                }
            }
            let text = |(_, piece): (&Run, Piece)| match piece {
                Piece::Text(text) | Piece::Cluster(text) => text.to_owned(),
                Piece::Tab => "\t".to_owned(),
                Piece::Blanks(count) => " ".repeat(count as usize),
            };
            assert_eq!(row.by_ref().pieces(cols).map(text).collect::<String>(), expect, "{cols}");
        }
    }
}
