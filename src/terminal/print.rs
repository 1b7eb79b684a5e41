//! Writing characters: wrapping, insert mode, wide characters, combining.

use super::cells::{CellTables, Mark, Packed};
use super::modes::Modes;
use super::screen::Screen;
use crate::base::history::RowFlags;
use crate::base::width::{Joining, joining, joining_blanks, may_join};
use crate::base::{Attrs, Cell, CellFlags, CellStyle, Colour, Glyph};

impl Screen {
    /// Prints ASCII, as the pen's character set shows it.
    pub(super) fn print_text(&mut self, text: &[u8]) {
        if let Some(&last) = text.last() {
            self.last = Some(Glyph::Char(char::from(last)));
        }
        self.pen.style.attrs.set(Attrs::CHARSET, self.pen.draws_lines());
        self.write_ascii(text);
        self.pen.style.attrs.remove(Attrs::CHARSET);
    }

    /// Writes ASCII in the pen's style: in whole runs where possible.
    pub(super) fn write_ascii(&mut self, text: &[u8]) {
        let cellwise = self.pen.style.attrs.contains(Attrs::CHARSET)
            || self.modes & (Modes::WRAP | Modes::INSERT) != Modes::WRAP;
        if cellwise {
            return self.write_cells(text);
        }
        let cols = self.cols();
        let mut rest = text;
        while !rest.is_empty() {
            if self.cx > cols - 1 {
                self.line_feed(true, Colour::Default);
                self.cx = 0;
                if rest.len() / cols as usize >= self.rows() as usize {
                    rest = &rest[self.pass_lines(rest).taken..];
                }
            }
            let count = rest.len().min((cols - self.cx) as usize);
            self.write_run(&rest[..count]);
            rest = &rest[count..];
        }
    }

    /// Writes ASCII with the result of `put` for each cell: in runs over existing single cells.
    fn write_cells(&mut self, text: &[u8]) {
        let mut rest = text;
        while let Some(&first) = rest.first() {
            let run = &rest[..self.overwritable(rest.len())];
            if run.is_empty() {
                self.put(&Cell::new(char::from(first), self.pen.style));
                rest = &rest[1..];
                continue;
            }
            let style = self.grid.style_id(&self.pen.style);
            let grid = &mut self.grid;
            let line = &mut grid.lines[self.cy as usize];
            line.set_ascii(self.cx, run, style, grid.size.cols, &grid.tables);
            self.cx += run.len() as u32;
            rest = &rest[run.len()..];
        }
    }

    /// Count of cells from the cursor on, up to `most`, that a run of ASCII may replace without
    /// further checks: they exist, none is part of a wider one, the cursor stays on the line, and
    /// without wrapping does not reach the last column.
    fn overwritable(&self, most: usize) -> usize {
        if self.modes.contains(Modes::INSERT) {
            return 0;
        }
        let end = self.cols() as usize - usize::from(!self.modes.contains(Modes::WRAP));
        let start = self.cx as usize;
        let cells = &self.grid.line(self.cy).cells;
        let cells = cells.get(start..end.min(cells.len())).unwrap_or_default();
        let cells = &cells[..cells.len().min(most)];
        cells.iter().position(|cell| !cell.is_one_column()).unwrap_or(cells.len())
    }

    /// Writes a run that fits on the line.
    fn write_run(&mut self, text: &[u8]) {
        let (cols, y, start) = (self.cols(), self.cy, self.cx);
        let end = start + text.len() as u32;
        // The style is the same for the whole run.
        let style = self.grid.style_id(&self.pen.style);
        if self.grid.get(start, y).is_padding() {
            self.blank_halves_before(start, y);
        }
        if !self.images.list.is_empty() {
            self.drop_images_in(start, y, text.len() as u32, 1);
        }
        let grid = &mut self.grid;
        let line = &mut grid.lines[y as usize];
        line.set_ascii(start, text, style, cols, &grid.tables);
        self.cx = end;
        let mut x = end;
        while line.cells.get(x as usize).is_some_and(|cell| cell.is_padding()) && x < cols {
            line.set(x, Packed::BLANK, cols, &grid.tables);
            x += 1;
        }
    }

    /// Blanks the first half of a wide character whose second half is at `x`.
    fn blank_halves_before(&mut self, start: u32, y: u32) {
        let mut x = start;
        while x > 0 && self.grid.get(x, y).is_padding() {
            self.grid.set(x, y, Packed::BLANK);
            x -= 1;
        }
        if x != start {
            let cell = self.grid.get(x, y);
            if cell.width > 1 || cell.is_padding() {
                self.grid.set(x, y, Packed::BLANK);
            }
        }
    }

    /// Prints characters beyond ASCII.
    pub(super) fn print_wide_text(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            rest = &rest[self.write_chars(rest)..];
            if let Some(c) = rest.chars().next() {
                self.print_wide(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }

    /// Writes characters that do not combine, as far as they fit on the line and replace only whole
    /// cells; returns their length in bytes.
    fn write_chars(&mut self, text: &str) -> usize {
        let usual = self.modes & (Modes::WRAP | Modes::INSERT) == Modes::WRAP;
        if !usual || self.after_cluster() {
            return 0;
        }
        let style = self.grid.style_id(&self.pen.style);
        let grid = &mut self.grid;
        let cols = grid.size.cols;
        let line = &mut grid.lines[self.cy as usize];
        if CellTables::has_link(grid.tables.style(style)) {
            return 0;
        }
        let (mut taken, mut x, mut checked) = (0, self.cx, self.cx);
        for c in text.chars() {
            let Some(width) = self.config.widths.apart_width(c) else { break };
            let end = x + u32::from(width);
            if end > cols || !line.is_single(checked, end + 1) {
                break;
            }
            checked = end + 1;
            line.set_char(x, Packed::char(c, style, width, Mark::EXTENDED), cols);
            taken += c.len_utf8();
            x = end;
        }
        self.cx = x;
        taken
    }

    /// Prints a character beyond ASCII.
    pub(super) fn print_wide(&mut self, c: char) {
        let width = self.config.widths.char_width(c).unwrap_or(1);
        if self.write_char(c, width) {
            return;
        }
        self.put(&Cell { glyph: Glyph::Char(c), width, flags: CellFlags::empty(), style: self.pen.style });
    }

    /// The common case of `put`: a character that does not combine, over whole cells. False in
    /// other cases: nothing was written.
    fn write_char(&mut self, c: char, width: u8) -> bool {
        let usual = self.modes & (Modes::WRAP | Modes::INSERT) == Modes::WRAP;
        let end = self.cx + u32::from(width);
        if !usual || width == 0 || end > self.cols() || may_join(c) || self.after_cluster() {
            return false;
        }
        let style = self.grid.style_id(&self.pen.style);
        let grid = &mut self.grid;
        let line = &mut grid.lines[self.cy as usize];
        // The cells to write, and the one behind, must not be part of wider ones.
        if !line.is_single(self.cx, end + 1) {
            return false;
        }
        let cell = Packed::char(c, style, width, Mark::EXTENDED);
        if width == 2 {
            line.set(self.cx + 1, Packed::PADDING, grid.size.cols, &grid.tables);
        }
        line.set(self.cx, cell, grid.size.cols, &grid.tables);
        self.cx = end;
        true
    }

    /// Writes one cell at the cursor.
    pub(super) fn put(&mut self, cell: &Cell) {
        if cell.is_padding() || self.combine(cell) {
            return;
        }
        let cols = self.cols();
        let width = u32::from(cell.width);
        let wraps = self.modes.contains(Modes::WRAP);
        // tmux computes these unsigned, so a cell wider than the screen never wraps.
        let fits = cols.wrapping_sub(width);
        if !wraps && width > 1 && (width > cols || (self.cx != cols && self.cx > fits)) {
            return;
        }
        let insert = self.modes.contains(Modes::INSERT);
        if insert {
            self.grid.insert_cells(self.cx, self.cy, width, Colour::Default);
        }
        if wraps && self.cx > fits {
            self.line_feed(true, Colour::Default);
            self.cx = 0;
        }
        if self.cx > fits {
            return;
        }
        let (x, y) = (self.cx, self.cy);
        let mut changed = insert;
        if self.grid.line(y).flags.contains(RowFlags::EXTENDED) {
            changed |= self.overwrite(self.grid.get(x, y), width);
        }
        for filler in x + 1..x + width {
            self.grid.set(filler, y, Packed::PADDING);
            changed = true;
        }
        // tmux: a default blank is not stored if the line has no cells there yet.
        if changed || x < self.grid.line(y).len() || !is_default_blank(cell) {
            let packed = self.grid.pack(cell);
            self.grid.set(x, y, packed);
        }
        let last = cols - u32::from(!wraps);
        let stays = last.wrapping_sub(width);
        self.move_to(Some(if x <= stays { x + width } else { last }), None);
    }

    /// Joins a character to the cell before the cursor, or drops it. False: it needs its own cell.
    fn combine(&mut self, cell: &Cell) -> bool {
        let Glyph::Char(c) = cell.glyph else { return false };
        // tmux: a tab is several blanks; they join a text that ends in a joiner as one character
        // does.
        let tab = cell.flags.contains(CellFlags::TAB) && cell.width > 1;
        let may = if tab { self.after_cluster() } else { !c.is_ascii() };
        if !may || (cell.width > 0 && !may_join(c) && !self.after_cluster()) {
            return false;
        }
        let found = self.cell_before(self.cx, self.cy);
        let mut bytes = std::mem::take(&mut self.cluster);
        bytes.clear();
        let before = found.map(|(_, cell)| self.grid.tables.push_text(cell, &mut bytes));
        let done = self.join_to(cell, tab, c, found, before.map(|()| &mut bytes));
        self.cluster = bytes;
        done
    }

    /// Joins a character (or a tab) to a cell before the cursor with the text `before`. False: it
    /// needs its own cell.
    fn join_to(
        &mut self,
        cell: &Cell,
        tab: bool,
        c: char,
        found: Option<(u32, Packed)>,
        before: Option<&mut Vec<u8>>,
    ) -> bool {
        let (x, y) = (self.cx, self.cy);
        let text = before.as_ref().map(|bytes| std::str::from_utf8(bytes).unwrap_or_default());
        let blanks = usize::from(cell.width);
        let verdict = match tab {
            true => joining_blanks(text, blanks),
            false => joining(text, c, cell.width, &self.config.widths),
        };
        let wide = match verdict {
            Joining::Apart => return false,
            Joining::Dropped => return true,
            Joining::Joined { wide } => wide,
        };
        let (Some((columns, old)), Some(bytes)) = (found, before) else { return true };
        match tab {
            true => bytes.resize(bytes.len() + blanks, b' '),
            false => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let widen = wide && old.width == 1;
        let width = if widen { 2 } else { old.width };
        let packed = self.grid.joined(old, text, width);
        let first = x - columns;
        self.grid.set(first, y, packed);
        if widen {
            self.grid.set(x, y, Packed::PADDING);
        }
        // tmux: a character cut off by the edge leaves the cursor; one that is completely outside
        // of a screen that has shrunk brings it back.
        let after = x + u32::from(widen);
        if after <= self.cols() {
            self.cx = after;
        } else if first > self.cols() {
            self.cx = self.cols() - 1;
        }
        true
    }

    /// Reports whether the cell before the cursor is a cluster, which further characters may join.
    fn after_cluster(&self) -> bool {
        let columns = |n: u32| self.cx.checked_sub(n).map(|x| self.grid.get(x, self.cy));
        let cluster = |cell: Option<Packed>| cell.is_some_and(|c| !CellTables::is_char(c));
        cluster(columns(1)) || cluster(columns(2))
    }

    /// The character left of a column, and the columns it takes.
    fn cell_before(&self, x: u32, y: u32) -> Option<(u32, Packed)> {
        let mut columns = 1;
        let mut cell = self.grid.get(x.checked_sub(1)?, y);
        if x != 1 && cell.is_padding() {
            columns = 2;
            cell = self.grid.get(x - 2, y);
        }
        (!cell.is_padding() && u32::from(cell.width) == columns).then_some((columns, cell))
    }

    /// Blanks the rest of wide characters and tabs that a cell of `width` at the cursor cuts. True
    /// if there were any.
    fn overwrite(&mut self, now: Packed, width: u32) -> bool {
        let y = self.cy;
        let mut done = false;
        if now.is_padding() {
            let mut x = self.cx;
            while x > 0 && self.grid.get(x, y).is_padding() {
                self.grid.set(x, y, Packed::BLANK);
                x -= 1;
            }
            self.grid.set(x, y, Packed::BLANK);
            done = true;
        }
        if width == 1 && now.width == 1 && !now.is_padding() {
            return done;
        }
        let blank = if now.mark.contains(Mark::TAB) {
            // tmux: the rest of a tab keeps its style, and the mark of a tab.
            now.with(1, now.mark)
        } else {
            Packed::BLANK
        };
        let mut x = self.cx + width.max(1);
        while x < self.cols() && self.grid.get(x, y).is_padding() {
            self.grid.set(x, y, blank);
            x += 1;
            done = true;
        }
        done
    }

    /// HT: moves to the next tab stop; over blanks it stores a tab in the cells.
    pub(super) fn tab(&mut self) {
        let cols = self.cols();
        if self.cx >= cols - 1 {
            return;
        }
        let first = self.grid.get(self.cx, self.cy);
        let mut x = self.cx;
        let mut blank = true;
        loop {
            let cell = self.grid.get(x, self.cy);
            blank &= self.is_blank_like(cell, first);
            x += 1;
            if self.tabs[x as usize] || x >= cols - 1 {
                break;
            }
        }
        let width = x - self.cx;
        if !blank || width as usize > Glyph::MAX_BYTES {
            self.cx = x;
            return;
        }
        let style = *self.grid.tables.style(first.style);
        self.put(&Cell { glyph: Glyph::Char(' '), width: width as u8, flags: CellFlags::TAB, style });
    }

    /// Reports whether a cell is a blank that looks like `first`.
    fn is_blank_like(&self, cell: Packed, first: Packed) -> bool {
        let tables = &self.grid.tables;
        let look = |cell: Packed| {
            let style = *tables.style(cell.style);
            let mark = cell.mark - (Mark::CLEARED | Mark::EXTENDED);
            (CellStyle { us: Colour::DEFAULT, ..style }, mark)
        };
        cell.ascii_byte() == Some(b' ') && cell.width == 1 && look(cell) == look(first)
    }

    /// REP: repeats the last character.
    pub(super) fn repeat(&mut self, count: u32) {
        let Some(glyph) = self.last.take() else { return };
        let count = count.min(self.cols().saturating_sub(self.cx));
        // tmux: the pen stays in the line drawing set afterwards.
        self.pen.style.attrs.set(Attrs::CHARSET, self.pen.draws_lines());
        match glyph {
            Glyph::Char(c) if c.is_ascii() => self.write_ascii(&vec![c as u8; count as usize]),
            glyph => {
                let width = match &glyph {
                    Glyph::Char(c) => self.config.widths.char_width(*c).unwrap_or(1),
                    Glyph::Cluster(_) => 1,
                };
                let style = self.pen.style;
                let cell = Cell { glyph, width, flags: CellFlags::empty(), style };
                (0..count).for_each(|_| self.put(&cell));
            }
        }
    }
}

/// Reports whether a cell looks like one that was never written.
fn is_default_blank(cell: &Cell) -> bool {
    let plain = CellStyle { us: Colour::DEFAULT, ..cell.style } == CellStyle::DEFAULT;
    plain && cell.glyph == Glyph::Char(' ') && cell.width == 1 && cell.flags.is_empty()
}
