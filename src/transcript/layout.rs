//! Divides a logical line into rows of a given width, with the result of tmux's reflow: rows are
//! filled greedily, and a cell that does not fit moves to the next row.
//!
//! tmux: wrapping does not count the columns that cells take on the screen. The filler behind a
//! wide character or a tab counts a column of its own (unless marked otherwise), so a line of wide
//! characters wraps earlier than it looks, and may wrap before a filler. Cells of pictures that were
//! placed at the cursor count none, so their row may be longer than the width.

use std::ops::Range;

use smallvec::SmallVec;

pub(super) use crate::base::history::usual_size;
use crate::base::history::{Row, RowFlags, Run, RunKind, Runs, push_run};
use crate::base::{CellFlags, CellStyle};

/// End of a row of a line, and the row's properties beside its cells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Break {
    /// Columns of the line up to and including this row.
    pub end: u32,
    /// All flags but `WRAPPED`, which follows from the row's position.
    pub flags: RowFlags,
    /// Count of columns that existed.
    pub size: u32,
    /// Blanks after them that do not count as written. For a line's last row they are not here but
    /// at the end of its runs.
    pub gap: Gap,
}

/// Runs without text.
pub(super) type Gap = SmallVec<[Run; 0]>;

/// Count of columns of a gap.
pub(super) fn gap_cols(gap: &Gap) -> u32 {
    gap.iter().map(|run| run.cols).sum()
}

pub(super) type Breaks = SmallVec<[Break; 1]>;

/// A logical line beyond this many columns or bytes is split into several records.
pub(super) const MAX_LINE_COLS: u32 = 128 << 10;
const MAX_LINE_BYTES: usize = 256 << 10;
/// Most runs of blanks that are recorded for the rows of one line.
pub(super) const MAX_GAP_RUNS: usize = 4096;
/// Flags that a newly laid out row takes from its line's first row.
const SHARED_FLAGS: RowFlags = RowFlags::EXTENDED.union(RowFlags::HYPERLINK);
/// Cell flags that runs keep.
pub(super) const KEPT_FLAGS: CellFlags =
    CellFlags::NOPALETTE.union(CellFlags::PADDING).union(CellFlags::NARROW_FILLERS);

/// Equal cells in a row, each with its fillers. Widths are wrap widths.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Unit {
    pub cell: u32,
    pub filler: u32,
    /// Fillers behind each cell.
    pub fillers: u32,
    pub count: u32,
}

impl Unit {
    /// The cells of a run.
    fn of(run: &Run) -> Self {
        let filler = u32::from(!run.flags.contains(CellFlags::NARROW_FILLERS));
        match run.kind {
            RunKind::Cleared if run.flags.contains(CellFlags::PADDING) => {
                Self { cell: filler, filler: 0, fillers: 0, count: run.cols }
            }
            RunKind::Narrow | RunKind::Cleared => Self { cell: 1, filler: 0, fillers: 0, count: run.cols },
            RunKind::Wide => Self { cell: 2, filler, fillers: 1, count: run.cols / 2 },
            // A picture is cut at the border, not wrapped.
            RunKind::Cluster(_) if run.is_placed() => Self { cell: 0, filler: 0, fillers: 0, count: 1 },
            RunKind::Cluster(width) | RunKind::Tab(width) => {
                Self { cell: u32::from(width), filler, fillers: run.cols.saturating_sub(1), count: 1 }
            }
        }
    }

    /// Wrap width of all of it.
    fn width(&self) -> u32 {
        (self.cell + self.filler * self.fillers) * self.count
    }

    fn is_narrow(&self) -> bool {
        self.cell == 1 && self.fillers == 0
    }
}

/// Cells of a line's first `cols` columns, left to right. (Columns after them do not count as
/// written, and never take part in wrapping.)
pub(super) fn units(runs: &[Run], cols: u32) -> impl Iterator<Item = Unit> + '_ {
    let mut left = cols;
    runs.iter().map_while(move |run| {
        let cols = run.cols.min(left);
        left -= cols;
        (cols > 0).then(|| Unit::of(&Run { cols, ..*run }))
    })
}

/// Reports whether a cell has a wrap width other than one column.
pub(super) fn has_wide(runs: &[Run], cols: u32) -> bool {
    units(runs, cols).any(|unit| !unit.is_narrow())
}

/// Wrap width of a line.
pub(super) fn wrap_width(runs: &[Run], cols: u32) -> u32 {
    units(runs, cols).map(|unit| unit.width()).sum()
}

/// Wrap width of the widest cell of a line.
pub(super) fn largest(runs: &[Run], cols: u32) -> u32 {
    units(runs, cols).map(|unit| unit.cell).max().unwrap_or(0)
}

/// Count of rows of a line of single-column cells.
pub(super) fn narrow_rows(cols: u32, width: u32) -> u32 {
    cols.div_ceil(width.max(1)).max(1)
}

/// Walks the rows of a line and reports the column at which each but the last ends. A cell wider
/// than the row gets a row of its own; if such a cell ends a line's first row, tmux leaves an empty
/// row after it.
pub(super) fn each_break(units: impl Iterator<Item = Unit>, width: u32, mut found: impl FnMut(u32)) {
    let width = width.max(1);
    let (mut x, mut col, mut first) = (0u32, 0u32, true);
    let mut place = |cell: u32, mut count: u32| {
        while count > 0 {
            let fit = width.saturating_sub(x).checked_div(cell).unwrap_or(count);
            if fit == 0 && x > 0 {
                found(col);
                if std::mem::take(&mut first) && cell > width {
                    found(col);
                }
                x = 0;
                continue;
            }
            let take = fit.max(1).min(count);
            x += take * cell;
            col += take;
            count -= take;
        }
    };
    for unit in units {
        if unit.fillers == 0 {
            place(unit.cell, unit.count);
            continue;
        }
        for _ in 0..unit.count {
            place(unit.cell, 1);
            place(unit.filler, unit.fillers);
        }
    }
}

/// Count of rows of a line with any cells.
pub(super) fn wide_rows(units: impl Iterator<Item = Unit>, width: u32) -> u32 {
    let mut rows = 1;
    each_break(units, width, |_| rows += 1);
    rows
}

/// Flags of a newly laid out row after the first.
pub(super) fn later_flags(first: RowFlags) -> RowFlags {
    first & SHARED_FLAGS
}

/// A line to lay out.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    pub runs: &'a [Run],
    /// Columns that count as written.
    pub cols: u32,
    /// Count of columns after them.
    pub unwritten: u32,
    /// Flags of the first row.
    pub flags: RowFlags,
    pub empty_tail: bool,
}

impl Shape<'_> {
    /// All rows of the line at a width, in order.
    pub(super) fn breaks(&self, width: u32) -> Breaks {
        let mut ends: SmallVec<[u32; 4]> = SmallVec::new();
        each_break(units(self.runs, self.cols), width, |end| ends.push(end));
        ends.push(self.cols);
        if self.empty_tail {
            ends.push(self.cols);
        }
        // Unwritten columns stay only if the line stays one row.
        let more = if ends.len() == 1 { self.unwritten } else { 0 };
        let mut start = 0;
        let mut flags = self.flags;
        let row = |end: u32| {
            let row = Break { end, flags, size: usual_size(end - start + more, width), gap: Gap::new() };
            (start, flags) = (end, later_flags(self.flags));
            row
        };
        ends.into_iter().map(row).collect()
    }
}

/// Length in bytes of the first `chars` characters of `text`. `ascii`: every character is one byte,
/// so that no walk is needed.
fn byte_of(text: &str, chars: u32, ascii: bool) -> usize {
    if ascii && text.is_char_boundary(chars as usize) {
        return chars as usize;
    }
    text.char_indices().nth(chars as usize).map_or(text.len(), |(at, _)| at)
}

/// The columns `from` to `to` of a run of wide characters: their runs, and where their text ends.
/// Halves at the edges are cut off from each other.
fn slice_wide(out: &mut Runs, run: &Run, text: &str, from: u32, to: u32) -> Range<usize> {
    let orphan =
        Run { kind: RunKind::Cleared, flags: run.flags | CellFlags::PADDING, bytes: 0, cols: 1, ..*run };
    if from % 2 == 1 {
        push_run(out, orphan);
    }
    let (first, last) = (from.div_ceil(2), to / 2);
    let head = byte_of(text, first, false);
    let rest = &text[head..];
    let all = to == run.cols;
    let split = to % 2 == 1 && to > from;
    let mut len = if all && !split { rest.len() } else { byte_of(rest, last.saturating_sub(first), false) };
    if len > 0 {
        push_run(out, Run { bytes: len as u32, cols: (last - first) * 2, ..*run });
    }
    if split {
        let alone = if all { rest.len() - len } else { byte_of(&rest[len..], 1, false) };
        push_run(out, Run { kind: RunKind::Cluster(2), bytes: alone as u32, cols: 1, ..*run });
        len += alone;
    }
    head..head + len
}

/// Cells of a line from column `from` to column `to`, as a separate row.
pub(super) fn slice(text: &str, runs: &[Run], from: u32, to: u32) -> Row {
    let mut out = Row::default();
    out.text = cut(text, runs, from, to, &mut out.runs).to_owned();
    out
}

/// The same in place: the text of the row, whose runs are appended to `out`.
fn cut<'a>(text: &'a str, runs: &[Run], from: u32, to: u32, out: &mut Runs) -> &'a str {
    let (mut col, mut at) = (0u32, 0usize);
    // What is cut out is one stretch of the text: only at its edges is less than a run taken.
    let mut found: Option<Range<usize>> = None;
    for run in runs {
        let (start, end) = (col, col + run.cols);
        let (text_at, run_text) = (at, &text[at..at + run.bytes as usize]);
        col = end;
        at += run.bytes as usize;
        if end <= from {
            continue;
        }
        if start >= to {
            break;
        }
        let low = from.saturating_sub(start);
        let high = run.cols.min(to - start);
        let cols = high - low;
        let piece = match run.kind {
            RunKind::Wide => slice_wide(out, run, run_text, low, high),
            RunKind::Narrow => {
                let ascii = run.bytes == run.cols;
                let head = byte_of(run_text, low, ascii);
                let rest = &run_text[head..];
                let len = if high == run.cols { rest.len() } else { byte_of(rest, cols, ascii) };
                push_run(out, Run { bytes: len as u32, cols, ..*run });
                head..head + len
            }
            RunKind::Cluster(_) | RunKind::Tab(_) if low > 0 => {
                let flags = run.flags | CellFlags::PADDING;
                push_run(out, Run { kind: RunKind::Cleared, flags, bytes: 0, cols, ..*run });
                0..0
            }
            RunKind::Cluster(_) | RunKind::Tab(_) | RunKind::Cleared => {
                push_run(out, Run { cols, ..*run });
                0..run_text.len()
            }
        };
        if !piece.is_empty() {
            let from = found.map_or(text_at + piece.start, |found| found.start);
            found = Some(from..text_at + piece.end);
        }
    }
    found.map_or("", |found| &text[found])
}

/// Rest of a line from which rows are cut one after the other.
pub(super) struct Cutter<'a> {
    /// Text of the remaining runs.
    text: &'a str,
    runs: Runs,
    /// The first run that is left, and the columns of it that are gone.
    at: usize,
    from: u32,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(text: &'a str, runs: Runs) -> Self {
        Self { text, runs, at: 0, from: 0 }
    }

    /// The text of the next `cols` columns, whose runs are appended to `out`.
    pub(super) fn take(&mut self, cols: u32, out: &mut Runs) -> &'a str {
        let text = cut(self.text, &self.runs[self.at..], self.from, self.from + cols, out);
        self.skip(cols);
        text
    }

    /// Skips `cols` columns. The skipped part of a long run is cut off, so that it is not walked
    /// again.
    pub(super) fn skip(&mut self, cols: u32) {
        self.from += cols;
        while let Some(run) = self.runs.get_mut(self.at) {
            if self.from >= run.cols {
                self.from -= run.cols;
                self.text = &self.text[run.bytes as usize..];
                self.at += 1;
                continue;
            }
            let (gone, chars) = match run.kind {
                RunKind::Narrow => (self.from, self.from),
                RunKind::Wide => (self.from & !1, self.from / 2),
                RunKind::Cleared => (self.from, 0),
                RunKind::Cluster(_) | RunKind::Tab(_) => (0, 0),
            };
            let own = &self.text[..run.bytes as usize];
            let bytes = byte_of(own, chars, run.bytes == run.cols);
            run.cols -= gone;
            run.bytes -= bytes as u32;
            self.text = &self.text[bytes..];
            self.from -= gone;
            return;
        }
    }
}

/// A line that has not ended yet, or that was taken back for a change: its rows joined, and the
/// ends of the rows.
#[derive(Clone, Debug)]
pub(super) struct OpenLine {
    /// The rows joined. Its flags are the first row's; its unwritten columns the last row's.
    pub row: Row,
    pub breaks: Breaks,
    /// Columns that count as written.
    pub cols: u32,
    /// True if the line continues after the last row.
    pub continues: bool,
    /// True if it is plain text, laid out at the pane's width without deviations.
    pub plain: bool,
}

impl OpenLine {
    /// A line of one row so far. `width` is that of the pane.
    pub(super) fn new(mut row: Row, width: u32) -> Self {
        let cols = row.used();
        let continues = row.flags.contains(RowFlags::WRAPPED);
        row.flags -= RowFlags::WRAPPED;
        let mut breaks = Breaks::new();
        breaks.push(Break { end: cols, flags: row.flags, size: size_of(&row, width), gap: Gap::new() });
        Self { row, breaks, cols, continues, plain: false }
    }

    /// A line of plain text without rows; `push_plain` must follow.
    pub(super) fn begin_plain(time: i64) -> Self {
        let row = Row { time, ..Row::default() };
        Self { row, breaks: Breaks::new(), cols: 0, continues: true, plain: true }
    }

    /// Joins the next row of a line of plain text: single-byte characters in the default style, in
    /// a row of the usual size.
    pub(super) fn push_plain(&mut self, text: &str, width: u32, continues: bool) {
        let cols = text.len() as u32;
        if self.breaks.is_empty() {
            self.row.size = usual_size(cols, width);
        }
        self.row.text.push_str(text);
        let (kind, style, flags) = (RunKind::Narrow, CellStyle::DEFAULT, CellFlags::empty());
        self.row.push_run(Run { kind, style, flags, bytes: cols, cols });
        self.cols += cols;
        self.continues = continues;
        let (size, flags) = (usual_size(cols, width), RowFlags::empty());
        self.breaks.push(Break { end: self.cols, flags, size, gap: Gap::new() });
    }

    /// Reports whether it is as long as a record may be.
    pub(super) fn is_long(&self) -> bool {
        self.cols >= MAX_LINE_COLS || self.row.text.len() >= MAX_LINE_BYTES
    }

    /// Joins the next row of the line.
    pub(super) fn push(&mut self, row: &Row, width: u32) {
        self.plain = false;
        let gap = self.take_unwritten();
        self.breaks.last_mut().expect("a line has at least one row").gap = gap;
        self.row.text.push_str(&row.text);
        row.runs.iter().for_each(|run| self.row.push_run(*run));
        self.row.unwritten = row.unwritten;
        self.cols += row.used();
        self.continues = row.flags.contains(RowFlags::WRAPPED);
        let flags = row.flags - RowFlags::WRAPPED;
        self.breaks.push(Break { end: self.cols, flags, size: size_of(row, width), gap: Gap::new() });
    }

    /// Rows joined; there is at least one.
    pub(super) fn of_rows(rows: &[Row], width: u32) -> Option<Self> {
        let (first, more) = rows.split_first()?;
        let mut line = Self::new(first.clone(), width);
        more.iter().for_each(|row| line.push(row, width));
        Some(line)
    }

    /// Reports whether the last row's unwritten columns are allowed before another row.
    pub(super) fn may_go_on(&self) -> bool {
        if self.row.unwritten == 0 {
            return true;
        }
        let (mut col, mut runs) = (0, self.breaks.iter().map(|b| b.gap.len()).sum::<usize>());
        for run in &self.row.runs {
            col += run.cols;
            if col > self.cols {
                runs += 1;
                if run.kind != RunKind::Cleared {
                    return false;
                }
            }
        }
        runs <= MAX_GAP_RUNS
    }

    fn take_unwritten(&mut self) -> Gap {
        if self.row.unwritten == 0 {
            return Gap::new();
        }
        let gap = slice(&self.row.text, &self.row.runs, self.cols, self.cols + self.row.unwritten);
        let kept = slice(&self.row.text, &self.row.runs, 0, self.cols);
        (self.row.text, self.row.runs) = (kept.text, kept.runs);
        self.row.unwritten = 0;
        gap.runs.into_iter().collect()
    }

    /// Reports whether the line ends in an empty row, which reflow never joins to the row before.
    pub(super) fn empty_tail(&self) -> bool {
        let n = self.breaks.len();
        n > 1 && !self.continues && self.breaks[n - 2].end == self.cols
    }

    fn shape(&self) -> Shape<'_> {
        Shape {
            runs: &self.row.runs,
            cols: self.cols,
            unwritten: self.row.unwritten,
            flags: self.row.flags,
            empty_tail: self.empty_tail(),
        }
    }

    /// One of its rows.
    pub(super) fn row(&self, index: usize) -> Option<Row> {
        let here = self.breaks.get(index)?;
        let from = index.checked_sub(1).map_or(0, |before| self.breaks[before].end);
        let last = index + 1 == self.breaks.len();
        let unwritten = if last { self.row.unwritten } else { 0 };
        let mut row = slice(&self.row.text, &self.row.runs, from, here.end + unwritten);
        here.gap.iter().for_each(|run| row.push_run(*run));
        let unwritten = unwritten + gap_cols(&here.gap);
        (row.flags, row.size, row.unwritten, row.time) = (here.flags, here.size, unwritten, self.row.time);
        if !last || self.continues {
            row.flags |= RowFlags::WRAPPED;
        }
        Some(row)
    }

    /// Removes the last row; returns it and the rest, if any, which continues.
    pub(super) fn pop(mut self) -> (Row, Option<Self>) {
        self.plain = false;
        let last = self.breaks.len() - 1;
        let row = self.row(last).expect("a line has at least one row");
        self.breaks.pop();
        let Some(before) = self.breaks.last_mut() else { return (row, None) };
        let (end, gap) = (before.end, std::mem::take(&mut before.gap));
        let mut rest = slice(&self.row.text, &self.row.runs, 0, end);
        rest.unwritten = gap_cols(&gap);
        gap.into_iter().for_each(|run| rest.push_run(run));
        self.row = Row { flags: self.row.flags, time: self.row.time, ..rest };
        self.cols = end;
        self.continues = true;
        (row, Some(self))
    }

    /// Lays the line out again for a width; properties of rows after the first are lost.
    pub(super) fn refill(&mut self, width: u32) {
        self.plain = false;
        self.breaks = self.shape().breaks(width);
        if self.breaks.len() > 1 {
            self.take_unwritten();
        }
    }

    /// Reports whether the rows differ from a new layout at `width`.
    pub(super) fn irregular(&self, width: u32) -> bool {
        if let [only] = &self.breaks[..]
            && self.cols <= width
            && !has_wide(&self.row.runs, self.cols)
        {
            let usual = usual_size(self.cols + self.row.unwritten, width);
            return only.flags != self.row.flags || only.size != usual;
        }
        let unwritten = self.row.unwritten > 0 && self.breaks.len() > 1;
        unwritten || self.shape().breaks(width) != self.breaks
    }
}

/// A row that is a line of its own, without deviations from its layout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Whole {
    pub cols: u32,
    /// Its wrap width.
    pub width: u32,
    /// True if a cell has a wrap width other than one column.
    pub wide: bool,
}

/// Properties of a row that is a line of its own, equal to its layout at `width` and without links;
/// `None` for other rows.
pub(super) fn whole(row: &Row, width: u32) -> Option<Whole> {
    if row.unwritten > 0 || row.flags.contains(RowFlags::WRAPPED) {
        return None;
    }
    let mut whole = Whole { cols: 0, width: 0, wide: false };
    for run in &row.runs {
        if run.style.link.0 != 0 {
            return None;
        }
        let unit = Unit::of(run);
        whole.cols += run.cols;
        whole.width += unit.width();
        whole.wide |= !unit.is_narrow() && run.cols > 0;
    }
    let usual = row.size < whole.cols || row.size == usual_size(whole.cols, width);
    (usual && whole.width <= width).then_some(whole)
}

/// Count of columns that existed in a row; the usual count if the row does not say.
fn size_of(row: &Row, width: u32) -> u32 {
    let cols = row.cols();
    if row.size < cols { usual_size(cols, width) } else { row.size }
}
