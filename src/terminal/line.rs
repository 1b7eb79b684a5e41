//! One line of the grid, and its conversion to and from rows of history.

use super::cells::{CellTables, Mark, Packed, StyleId};
use crate::base::history::{Row, RowFlags, Run, RunKind};
use crate::base::{Cell, CellFlags, CellStyle, LinkId};

/// A line: `cells.len()` columns exist, the first `used` of them count as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub cells: Vec<Packed>,
    pub used: u32,
    pub flags: RowFlags,
    /// Time when the line last left the screen, seconds since the epoch; 0: never.
    pub time: i64,
}

impl Line {
    /// Empties the line, keeping its memory.
    pub(crate) fn reset(&mut self) {
        self.cells.clear();
        self.used = 0;
        self.flags = RowFlags::empty();
        self.time = 0;
    }

    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.cells.len() as u32
    }

    /// The cell at a column; a written blank where none exists.
    #[inline]
    pub(crate) fn get(&self, x: u32) -> Packed {
        self.cells.get(x as usize).copied().unwrap_or(Packed::BLANK)
    }

    /// Makes `cols` columns exist, in tmux's steps: a quarter, half or all of the grid's width.
    #[inline]
    pub(crate) fn expand(&mut self, cols: u32, grid_cols: u32, fill: Packed) {
        if cols <= self.len() {
            return;
        }
        let cols = Self::rounded(cols, grid_cols);
        if fill.mark.contains(Mark::EXTENDED) {
            self.flags |= RowFlags::EXTENDED;
        }
        self.cells.resize(cols as usize, fill);
    }

    /// Writes a cell.
    pub(crate) fn set(&mut self, x: u32, mut cell: Packed, grid_cols: u32, tables: &CellTables) {
        self.expand(x + 1, grid_cols, Packed::CLEARED);
        self.used = self.used.max(x + 1);
        let slot = &mut self.cells[x as usize];
        cell.mark.remove(Mark::CLEARED);
        cell.mark |= slot.mark & Mark::EXTENDED;
        if cell.mark.contains(Mark::EXTENDED) {
            self.flags |= RowFlags::EXTENDED;
            if tables.style(cell.style).link != LinkId(0) {
                self.flags |= RowFlags::HYPERLINK;
            }
        }
        *slot = cell;
    }

    /// Reports whether none of the cells in `x..end` is a part of a wider one.
    #[inline]
    pub(crate) fn is_single(&self, x: u32, end: u32) -> bool {
        let end = (end as usize).min(self.cells.len());
        let cells = self.cells.get(x as usize..end).unwrap_or_default();
        cells.iter().all(|cell| cell.is_one_column())
    }

    /// Writes an extended cell without a hyperlink, and the filler behind it if it is wide.
    #[inline]
    pub(crate) fn set_char(&mut self, x: u32, cell: Packed, grid_cols: u32) {
        let end = x + u32::from(cell.width);
        self.expand(end, grid_cols, Packed::CLEARED);
        self.used = self.used.max(end);
        if cell.width == 2 {
            let filler = &mut self.cells[x as usize + 1];
            *filler = Packed::PADDING.with(0, Mark::PADDING | (filler.mark & Mark::EXTENDED));
        }
        self.cells[x as usize] = cell;
        self.flags |= RowFlags::EXTENDED;
    }

    /// Writes a run of one-byte characters in one style.
    pub(crate) fn set_ascii(
        &mut self,
        x: u32,
        text: &[u8],
        style: StyleId,
        grid_cols: u32,
        tables: &CellTables,
    ) {
        let end = x as usize + text.len();
        let rich = style != StyleId(0) && CellTables::is_extended_style(tables.style(style));
        let mark = if rich { Mark::EXTENDED } else { Mark::empty() };
        // Existing cells keep their mark; new ones are appended without clearing them first.
        let old = self.cells.len().min(end).saturating_sub(x as usize);
        if old > 0 {
            for (slot, &byte) in self.cells[x as usize..x as usize + old].iter_mut().zip(text) {
                let mark = mark | (slot.mark & Mark::EXTENDED);
                *slot = Packed::ascii(byte, style).with(1, mark);
            }
        }
        if old < text.len() {
            let cols = Self::rounded(end as u32, grid_cols) as usize;
            add_cleared(&mut self.cells, cols);
            // New cells, in a loop that the compiler vectorizes.
            let new = &mut self.cells[x as usize + old..end];
            new.iter_mut()
                .zip(&text[old..])
                .for_each(|(slot, &b)| *slot = Packed::ascii(b, style).with(1, mark));
        }
        self.used = self.used.max(end as u32);
        if rich {
            self.flags |= RowFlags::EXTENDED;
            if tables.style(style).link != LinkId(0) {
                self.flags |= RowFlags::HYPERLINK;
            }
        }
    }

    /// Count of columns that exist once `cols` are needed.
    pub(crate) fn rounded(cols: u32, grid_cols: u32) -> u32 {
        if cols < grid_cols / 4 {
            grid_cols / 4
        } else if cols < grid_cols / 2 {
            grid_cols / 2
        } else {
            cols.max(grid_cols)
        }
    }

    /// Clears one existing cell. `moved`: the content was moved elsewhere, so that none of its
    /// marks stay.
    pub(crate) fn clear_cell(&mut self, x: u32, blank: Packed, moved: bool) {
        let Some(slot) = self.cells.get_mut(x as usize) else { return };
        let stays = !moved && slot.mark.contains(Mark::EXTENDED);
        *slot = blank;
        if stays {
            slot.mark = Mark::EXTENDED;
        }
        if slot.mark.contains(Mark::EXTENDED) {
            self.flags |= RowFlags::EXTENDED;
        }
    }

    /// Drops what is right of the border if it is the rest of a picture that was cut there.
    pub(crate) fn drop_hidden_picture(&mut self, cols: u32) {
        let hidden = self.cells.get(cols as usize..).unwrap_or_default();
        if hidden.iter().any(|cell| cell.mark.contains(Mark::PLACED)) {
            self.cells.truncate(cols as usize);
            self.used = self.used.min(cols);
        }
    }

    /// The text of a line, if it has no flag but `WRAPPED`, all its written cells are single bytes
    /// in the default style, and no other cell was ever written. Most lines are like that.
    pub(crate) fn plain_text<'a>(&self, text: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        if !(self.flags - RowFlags::WRAPPED).is_empty() {
            return None;
        }
        let used = (self.used as usize).min(self.cells.len());
        let (written, rest) = self.cells.split_at(used);
        let kind = Packed::BLANK.bits() & !0x7f;
        // Without branches, so that the compiler compares several cells at once.
        let differs = written.iter().fold(0, |differs, cell| differs | ((cell.bits() & !0x7f) ^ kind));
        let kept = rest.iter().fold(0, |differs, cell| differs | (cell.bits() ^ Packed::CLEARED.bits()));
        if differs | kept != 0 {
            return None;
        }
        text.clear();
        text.extend(written.iter().map(|cell| cell.bits() as u8));
        Some(text)
    }

    /// Writes the history's form of this line into `row`.
    pub(crate) fn to_row(&self, tables: &CellTables, row: &mut Row) {
        row.reset();
        row.flags = self.flags;
        row.time = self.time;
        row.size = self.len();
        let mut text = std::mem::take(&mut row.text).into_bytes();
        // Keep the cells behind the written ones up to the last that was not erased.
        let used = (self.used as usize).min(self.cells.len());
        let kept = self.cells[used..].iter().rposition(|cell| *cell != Packed::CLEARED);
        let end = kept.map_or(used, |last| used + last + 1);
        row.unwritten = (end as u32).saturating_sub(self.used);
        let mut cells = &self.cells[..end];
        while let Some(&first) = cells.first() {
            let start = text.len();
            let (count, run) = take_run(cells, first, tables, &mut text);
            let bytes = (text.len() - start) as u32;
            row.push_run(Run { bytes, ..run });
            cells = &cells[count..];
        }
        row.text = String::from_utf8(text).expect("cells hold whole characters");
    }

    /// The line for a row of history.
    pub(crate) fn from_row(row: &Row, pack: &mut dyn FnMut(&Cell) -> Packed) -> Self {
        let mut line = Line { flags: row.flags, used: row.used(), time: row.time, ..Line::default() };
        let mut at = 0;
        for run in &row.runs {
            let text = &row.text[at..at + run.bytes as usize];
            at += run.bytes as usize;
            push_run(&mut line.cells, run, text, pack);
        }
        let size = row.size as usize;
        if line.cells.len() < size {
            line.cells.resize(size, Packed::CLEARED);
        }
        if line.cells.iter().any(|cell| cell.mark.contains(Mark::EXTENDED)) {
            line.flags |= RowFlags::EXTENDED;
        }
        line
    }
}

/// Extends a line to `cols` cells by copying several at once.
fn add_cleared(cells: &mut Vec<Packed>, cols: usize) {
    const CLEARED: [Packed; 64] = [Packed::CLEARED; 64];
    while let Some(missing @ 1..) = cols.checked_sub(cells.len()) {
        cells.extend_from_slice(&CLEARED[..missing.min(64)]);
    }
}

/// Count of leading ASCII cells of one kind. The compiler compares eight at once, without a branch
/// for each.
fn ascii_run(cells: &[Packed], kind: u64) -> usize {
    if cells.get(1).is_none_or(|cell| cell.ascii_kind() != kind) {
        return 1;
    }
    let mut count = 0;
    for chunk in cells.chunks_exact(8) {
        if chunk.iter().fold(0, |differs, cell| differs | (cell.ascii_kind() ^ kind)) != 0 {
            break;
        }
        count += 8;
    }
    let rest = &cells[count..];
    count + rest.iter().position(|cell| cell.ascii_kind() != kind).unwrap_or(rest.len())
}

/// Takes the longest stretch of cells that forms one run; appends its text to `text`.
fn take_run(cells: &[Packed], first: Packed, tables: &CellTables, text: &mut Vec<u8>) -> (usize, Run) {
    let flags = if first.mark.contains(Mark::NOPALETTE) { CellFlags::NOPALETTE } else { CellFlags::empty() };
    let style = *tables.style(first.style);
    // The first filler tells the width of fillers of this run.
    let narrow = |filler: &Packed| filler.is_padding() && filler.mark.contains(Mark::EXTENDED);
    let filler_flags = |filler: Option<&Packed>| match filler {
        Some(filler) if narrow(filler) => flags | CellFlags::NARROW_FILLERS,
        _ => flags,
    };
    let alike = |c: &Packed| {
        c.style == first.style && (c.mark ^ first.mark) & (Mark::all() - Mark::EXTENDED) == Mark::empty()
    };
    let run = |kind, cols: usize| Run { kind, style, flags, bytes: 0, cols: cols as u32 };
    if first.mark.intersects(Mark::CLEARED | Mark::PADDING) {
        let same = |c: &&Packed| alike(c) && narrow(c) == narrow(&first);
        let count = cells.iter().take_while(same).count();
        let run = run(RunKind::Cleared, count);
        // A filler without its character takes a column but has no text.
        let orphan = if first.is_padding() { CellFlags::PADDING } else { CellFlags::empty() };
        return (count, Run { flags: filler_flags(Some(&first)) | orphan, ..run });
    }
    let fillers = |from: usize| cells[from..].iter().take_while(|c| c.is_padding()).count();
    if first.mark.contains(Mark::TAB) {
        let count = (1 + fillers(1)).min(usize::from(first.width.max(1)));
        let run = run(RunKind::Tab(first.width), count);
        return (count, Run { flags: filler_flags(cells.get(1)), ..run });
    }
    if !CellTables::is_char(first) || first.width == 0 || first.width > 2 {
        tables.push_text(first, text);
        let count = (1 + fillers(1)).min(usize::from(first.width.max(1)));
        let run = run(RunKind::Cluster(first.width), count);
        if first.width == 1 {
            let placed = first.mark.contains(Mark::PLACED);
            return (
                count,
                Run { flags: if placed { flags | CellFlags::NARROW_FILLERS } else { flags }, ..run },
            );
        }
        return (count, Run { flags: filler_flags(cells.get(1)), ..run });
    }
    if first.width == 1 {
        if first.ascii_byte().is_some() {
            let count = ascii_run(cells, first.ascii_kind());
            text.extend(cells[..count].iter().map(|c| c.bits() as u8));
            return (count, run(RunKind::Narrow, count));
        }
        let mut count = 0;
        for cell in cells {
            if !(alike(cell) && cell.width == 1 && CellTables::is_char(*cell)) {
                break;
            }
            tables.push_text(*cell, text);
            count += 1;
        }
        return (count, run(RunKind::Narrow, count));
    }
    let mut count = 0;
    while let Some(cell) = cells.get(count) {
        let like = |next: &Packed| next.is_padding() && narrow(next) == narrow(&cells[1]);
        let whole = cells.get(count + 1).is_some_and(like);
        if !(alike(cell) && cell.width == 2 && CellTables::is_char(*cell) && whole) {
            break;
        }
        tables.push_text(*cell, text);
        count += 2;
    }
    if count == 0 {
        tables.push_text(first, text);
        return (1, run(RunKind::Cluster(2), 1));
    }
    (count, Run { flags: filler_flags(cells.get(1)), ..run(RunKind::Wide, count) })
}

/// Appends the cells of one run.
fn push_run(cells: &mut Vec<Packed>, run: &Run, text: &str, pack: &mut dyn FnMut(&Cell) -> Packed) {
    let own = run.flags - CellFlags::NARROW_FILLERS;
    let filler = match own == run.flags {
        true => Packed::PADDING,
        false => Packed::PADDING.with(0, Mark::PADDING | Mark::EXTENDED),
    };
    let model = Cell { flags: own, style: run.style, ..Cell::BLANK };
    let mut wide = |glyph, width: u8, flags, cells: &mut Vec<Packed>| {
        let flags = own | flags;
        cells.push(pack(&Cell { glyph, width, flags, style: run.style }));
        let single = matches!(run.kind, RunKind::Cluster(_) | RunKind::Tab(_));
        let cols = if single { run.cols } else { u32::from(width) };
        cells.extend(std::iter::repeat_n(filler, cols.max(1) as usize - 1));
    };
    match run.kind {
        RunKind::Narrow if text.is_ascii() => {
            let first = pack(&model);
            cells.extend(text.bytes().map(|b| Packed::ascii(b, first.style).with(1, first.mark)));
        }
        RunKind::Narrow | RunKind::Wide => {
            let width = if run.kind == RunKind::Wide { 2 } else { 1 };
            for c in text.chars() {
                wide(crate::base::Glyph::Char(c), width, CellFlags::empty(), cells);
            }
        }
        RunKind::Cluster(width) => {
            let flags = if run.is_placed() { CellFlags::PLACED } else { CellFlags::empty() };
            wide(crate::base::Glyph::from_text(text), width, flags, cells);
        }
        RunKind::Tab(width) => wide(crate::base::Glyph::Char(' '), width, CellFlags::TAB, cells),
        RunKind::Cleared => {
            let flags = CellFlags::CLEARED | own;
            let mut blank = pack(&Cell { flags, ..model });
            blank.mark.remove(Mark::EXTENDED);
            if run.flags.contains(CellFlags::PADDING) {
                blank = filler;
            } else if run.style == CellStyle::DEFAULT {
                blank = Packed::CLEARED;
            }
            cells.extend(std::iter::repeat_n(blank, run.cols as usize));
        }
    }
}
