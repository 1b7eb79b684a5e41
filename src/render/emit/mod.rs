//! Writes the steps of a diff for one terminal: cursor movement (`cursor`), styles and colours
//! (`style`), modes (`modes`), and the cells themselves.

pub(super) mod cursor;
pub(super) mod modes;
pub(super) mod style;

use smallvec::{SmallVec, smallvec};

use super::diff::{Op, is_erasable};
use super::frame::{Frame, FrameLinks};
use super::tty::Tty;
use crate::base::width::{is_tied, joins_outside};
use crate::base::{Attrs, Cell, CellStyle, Colour, Glyph, Rect};
use crate::outer::{Cap, Term, acs};

/// Shortest run of blanks inside a row that is erased rather than written: the cursor has to
/// be moved over what is erased.
const MIN_ERASE: u32 = 10;
/// The same for a run up to the end of a row.
const MIN_ERASE_END: u32 = 4;
/// Steps that are worth hiding the cursor (18 bytes on most terminals) or synchronizing.
const MIN_BUSY: usize = 4;

/// Appends what turns the terminal's screen into the frame.
pub fn emit(ops: &[Op], frame: &Frame, links: &FrameLinks, term: &Term, tty: &mut Tty, out: &mut Vec<u8>) {
    let busy = ops.len() >= MIN_BUSY;
    let sync = busy && term.has(Cap::SYNC);
    if sync {
        term.put_numbers(Cap::SYNC, &[1], out);
    } else if busy {
        modes::hide_cursor(tty, term, out);
    }
    let mut painter = Painter { frame, links, term, tty, out };
    for op in ops {
        match op {
            Op::Scroll { region, lines } => painter.scroll(region, *lines),
            Op::Draw { y, start, end } => painter.draw(*y, *start, *end),
            Op::Fill { rect, style } => painter.fill(rect, *style),
        }
    }
    modes::update(tty, term, frame, out);
    let at = frame.surface.cursor;
    cursor::move_to(tty, term, at.x, at.y, out);
    if !ops.is_empty() {
        // What is printed next is most likely in the style of what is before the cursor, or in
        // none: a key that is echoed then costs its own byte only.
        let before = at.x.checked_sub(1).map_or(CellStyle::DEFAULT, |x| frame.surface.get(x, at.y).style);
        if tty.wanted != before {
            style::reset(tty, term, out);
        }
    }
    if sync {
        term.put_numbers(Cap::SYNC, &[2], out);
    }
}

/// Everything that drawing needs at hand.
struct Painter<'a> {
    frame: &'a Frame,
    links: &'a FrameLinks,
    term: &'a Term,
    tty: &'a mut Tty,
    out: &'a mut Vec<u8>,
}

impl Painter<'_> {
    fn style(&mut self, wanted: CellStyle) {
        style::set(self.tty, self.term, self.links, wanted, self.out);
    }

    fn move_to(&mut self, x: u32, y: u32) {
        cursor::move_to(self.tty, self.term, x, y, self.out);
    }

    fn scroll(&mut self, rect: &Rect, lines: i32) {
        // New rows take the background in force.
        self.style(CellStyle::DEFAULT);
        let (top, bottom) = (rect.y as u32, rect.bottom() as u32 - 1);
        let (left, right) = (rect.x as u32, rect.right() as u32 - 1);
        cursor::region(self.tty, self.term, top, bottom, self.out);
        cursor::margins(self.tty, self.term, left, right, self.out);
        let count = lines.unsigned_abs();
        let term = self.term;
        if lines > 0 {
            if count > 1 && term.has(Cap::INDN) {
                term.put_numbers(Cap::INDN, &[count as i32], self.out);
            } else {
                self.move_to(left, bottom);
                self.out.resize(self.out.len() + count as usize, b'\n');
            }
        } else {
            self.move_to(left, top);
            if (count > 1 && term.has(Cap::RIN)) || !term.has(Cap::RI) {
                term.put_numbers(Cap::RIN, &[count as i32], self.out);
            } else {
                (0..count).for_each(|_| term.put(Cap::RI, self.out));
            }
        }
        cursor::margins_off(self.tty, self.term, self.out);
    }

    fn fill(&mut self, rect: &Rect, style: CellStyle) {
        self.style(style);
        let (top, left) = (rect.y + 1, rect.x + 1);
        let text = format!("\x1b[32;{top};{left};{};{}$x", rect.bottom(), rect.right());
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Draws a stretch of a row, run by run.
    fn draw(&mut self, y: u32, start: u32, end: u32) {
        let row = self.frame.surface.row(y);
        // A row that is blank is erased whole: a terminal then keeps no cells of it.
        let mut x = if self.erases_row(y) { 0 } else { start };
        while x < end {
            let cell = &row[x as usize];
            if erasable(cell) {
                let bg = cell.style.bg;
                let run = row[x as usize..end as usize].iter();
                let len = run.take_while(|c| erasable(c) && c.style.bg == bg).count() as u32;
                x = self.blanks(row, y, x, x + len, bg);
            } else {
                x = self.cells(row, y, x, end);
            }
        }
    }

    /// Draws a cell, and those behind it that a terminal would join to it: last first, over
    /// blanks, since terminals join what they write to what stands before it. Returns the column
    /// after them.
    fn cells(&mut self, row: &[Cell], y: u32, x: u32, end: u32) -> u32 {
        let after = |x: u32| x + u32::from(row[x as usize].width.max(1));
        let mut starts: SmallVec<[u32; 4]> = smallvec![x];
        let mut stop = after(x);
        while stop < end && self.joins_last(&row[..stop as usize], &row[stop as usize]) {
            starts.push(stop);
            stop = after(stop);
        }
        let last = starts[starts.len() - 1];
        for at in x..last {
            self.cell(&Cell { style: row[x as usize].style, ..Cell::BLANK }, at, y);
        }
        starts.iter().rev().for_each(|&at| self.cell(&row[at as usize], at, y));
        stop
    }

    /// Whether all of a row is blank, and the terminal can erase it in its background.
    fn erases_row(&self, y: u32) -> bool {
        let row = self.frame.surface.row(y);
        let bg = row[0].style.bg;
        self.term.has(Cap::EL)
            && (bg.is_default() || self.term.flag(Cap::BCE))
            && !self.continues(y)
            && row.iter().all(|c| erasable(c) && c.style.bg == bg)
    }

    /// Blanks from `x` to `stop`; returns the column after what was drawn.
    fn blanks(&mut self, row: &[Cell], y: u32, x: u32, stop: u32, bg: Colour) -> u32 {
        let cols = self.tty.size.cols;
        let to_end = row[stop as usize..].iter().all(|c| erasable(c) && c.style.bg == bg);
        let len = if to_end { cols - x } else { stop - x };
        let wraps = x == 0 && self.continues(y);
        let bce = self.term.flag(Cap::BCE) || bg.is_default();
        let (erase, least) =
            if to_end && self.term.has(Cap::EL) { (Cap::EL, MIN_ERASE_END) } else { (Cap::ECH, MIN_ERASE) };
        if bce && !wraps && !self.frame.covered && len >= least && self.term.has(erase) {
            style::set_background(self.tty, self.term, self.links, bg, self.out);
            self.move_to(x, y);
            if erase == Cap::EL {
                self.term.put(erase, self.out);
                return x + len;
            }
            let torn = self.tears(stop, y);
            self.term.put_numbers(erase, &[len as i32 - i32::from(torn)], self.out);
            if torn {
                let blank = Cell { style: blank_style(&row[stop as usize - 1]), ..Cell::BLANK };
                self.cell(&blank, stop - 1, y);
            }
            return x + len;
        }
        // tmux: all in the style of the last of them.
        let blank = Cell { style: blank_style(&row[stop as usize - 1]), ..Cell::BLANK };
        (x..stop).for_each(|at| self.cell(&blank, at, y));
        stop
    }

    /// Whether erasing up to `stop` may leave the second half of a wide character that is shown.
    /// tmux as the terminal then clears the cell before it when that half is written over, so
    /// the first half has to be written over too.
    fn tears(&self, stop: u32, y: u32) -> bool {
        let Some(shown) = &self.tty.shown else { return stop < self.tty.size.cols };
        let row = shown.row(y);
        (stop as usize) < row.len() && is_tied(row, stop as usize)
    }

    /// Whether the cursor is just past the end of the row above, and that row goes on here:
    /// the terminal then wraps by itself, and remembers that it is one line.
    fn continues(&self, y: u32) -> bool {
        let cols = self.tty.size.cols;
        y > 0
            && self.tty.cursor == Some((cols, y - 1))
            && self.frame.is_wrapped(y - 1)
            && !self.term.flags.no_auto_margin
            && self.tty.region.is_none_or(|(_, bottom)| bottom != y - 1)
            // What a terminal joins to the end of the row above does not wrap.
            && !self.joins_last(self.frame.surface.row(y - 1), &self.frame.surface.row(y)[0])
    }

    /// Draws one cell.
    fn cell(&mut self, cell: &Cell, x: u32, y: u32) {
        let size = self.tty.size;
        let width = u32::from(cell.width.max(1));
        // Writing the last cell of the screen scrolls terminals without the wrap glitch.
        if self.term.flags.no_auto_margin && y + 1 == size.rows && x + width >= size.cols {
            return;
        }
        let (text, style) = self.translate(cell);
        self.style(style);
        if x == 0 && self.continues(y) {
            self.tty.cursor = Some((0, y));
        } else {
            self.move_to(x, y);
        }
        match text {
            Text::Byte(byte) => self.out.push(byte),
            Text::Char(c) => self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Text::Same => match &cell.glyph {
                Glyph::Char(c) => self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                // A tab behind a joiner is a part of the cell, in blanks; outside, these would
                // take cells of their own.
                Glyph::Cluster(text) => {
                    let (first, rest) = text.as_bytes().split_at(1);
                    self.out.extend_from_slice(first);
                    self.out.extend(rest.iter().filter(|&&byte| byte != b' '));
                }
            },
            Text::Repeat(byte) => self.out.resize(self.out.len() + width as usize, byte),
        }
        // Terminals do not agree on the width of clusters, and may join what stands apart here:
        // where the cursor is now is not known.
        let cluster = matches!((&cell.glyph, text), (Glyph::Cluster(_), Text::Same));
        let sure = !cluster && !self.joins_last(&self.frame.surface.row(y)[..x as usize], cell);
        self.tty.cursor = sure.then_some((x + width, y));
    }

    /// Whether a terminal may join what is written for a cell to the last character of a row,
    /// or of a part of one.
    fn joins_last(&self, row: &[Cell], cell: &Cell) -> bool {
        // Most cells: no translation makes more of such a one.
        if cell.glyph.as_char().is_some_and(|c| c.is_ascii()) && !cell.style.attrs.contains(Attrs::CHARSET) {
            return false;
        }
        let first = match (self.translate(cell).0, &cell.glyph) {
            (Text::Char(c), _) => Some(c),
            (Text::Same, Glyph::Char(c)) => Some(*c),
            (Text::Same, Glyph::Cluster(text)) => text.chars().next(),
            (Text::Byte(_) | Text::Repeat(_), _) => None,
        };
        let before = row.iter().rev().find(|cell| !cell.is_padding());
        first.zip(before).is_some_and(|(first, before)| joins_outside(&before.glyph, first, cell.width))
    }

    /// What to write for a cell on this terminal, and in which style.
    fn translate(&self, cell: &Cell) -> (Text, CellStyle) {
        let mut style = cell.style;
        let blank = Text::Repeat(b' ');
        let c = match &cell.glyph {
            _ if cell.is_padding() || cell.flags.contains(crate::base::CellFlags::TAB) => {
                return (blank, style);
            }
            // REP gives a mark a cell of its own. A terminal would add it to the cell before,
            // which nobody redraws when the mark is gone.
            _ if cell.width == 0 => return (blank, style),
            Glyph::Char(c) => *c,
            Glyph::Cluster(_) if self.tty.utf8 => return (Text::Same, style),
            Glyph::Cluster(_) => '\0',
        };
        let charset = style.attrs.contains(Attrs::CHARSET);
        if c.is_ascii() && charset {
            return self.line_drawing(c as u8, style);
        }
        style.attrs -= Attrs::CHARSET;
        if c.is_ascii_control() && self.tty.utf8 {
            return (blank, style);
        }
        if c.is_ascii_graphic() || c == ' ' || self.tty.utf8 {
            return (Text::Same, style);
        }
        match acs::from_char(c) {
            Some(key) => {
                style.attrs |= Attrs::CHARSET;
                self.line_drawing(key, style)
            }
            None => (Text::Repeat(b'_'), style),
        }
    }

    /// A key of the alternative character set: as UTF-8, or with the terminal's own set.
    fn line_drawing(&self, key: u8, mut style: CellStyle) -> (Text, CellStyle) {
        if self.term.needs_acs(self.tty.utf8) {
            return (Text::Byte(self.term.acs(key).unwrap_or(key)), style);
        }
        style.attrs -= Attrs::CHARSET;
        (acs::to_char(key).map_or(Text::Byte(key), Text::Char), style)
    }
}

/// What is written for a cell.
#[derive(Clone, Copy)]
enum Text {
    /// Its own glyph.
    Same,
    Byte(u8),
    Char(char),
    /// This byte for each column.
    Repeat(u8),
}

/// Whether a cell may be drawn by erasing, which leaves it nothing but a background. Halves of
/// nothing count as blanks.
fn erasable(cell: &Cell) -> bool {
    cell.is_padding() || (is_erasable(cell) && cell.style.fg.is_default() && cell.style.us.is_default())
}

fn blank_style(cell: &Cell) -> CellStyle {
    CellStyle { attrs: Attrs::empty(), link: crate::base::LinkId(0), ..cell.style }
}
