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

/// Shortest run of blanks inside a row that is erased rather than written: erasing needs a cursor
/// movement to the cell behind.
const MIN_ERASE: u32 = 10;
/// Like `MIN_ERASE`, for a run up to the end of a row.
const MIN_ERASE_END: u32 = 4;
/// Least count of steps for which hiding the cursor (18 bytes on most terminals) or synchronizing
/// pays.
const MIN_BUSY: usize = 4;

/// Appends the bytes that turn the terminal's screen into the frame.
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
        // The next output is most likely in the style of the cell before the cursor, or in the
        // default style: then the echo of a key costs only its own byte.
        let before = at.x.checked_sub(1).map_or(CellStyle::DEFAULT, |x| frame.surface.get(x, at.y).style);
        if tty.wanted != before {
            style::reset(tty, term, out);
        }
    }
    if sync {
        term.put_numbers(Cap::SYNC, &[2], out);
    }
}

/// State that drawing functions share.
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
        // New rows take the current background.
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
        // A blank row is erased whole: a terminal then stores no cells for it.
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

    /// Draws a cell, and cells behind it that a terminal would join to it: last cell first, over
    /// blanks, since terminals join new text to the character before it. Returns the column after
    /// them.
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

    /// Reports whether the whole row is blank, and the terminal can erase it in its background.
    fn erases_row(&self, y: u32) -> bool {
        let row = self.frame.surface.row(y);
        let bg = row[0].style.bg;
        self.term.has(Cap::EL)
            && (bg.is_default() || self.term.flag(Cap::BCE))
            && !self.continues(y)
            && row.iter().all(|c| erasable(c) && c.style.bg == bg)
    }

    /// Draws blanks from `x` to `stop`; returns the column after the drawn cells.
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
        // tmux: all blanks get the style of the last one.
        let blank = Cell { style: blank_style(&row[stop as usize - 1]), ..Cell::BLANK };
        (x..stop).for_each(|at| self.cell(&blank, at, y));
        stop
    }

    /// Reports whether erasing up to `stop` may leave the second half of a shown wide character.
    /// With tmux as the terminal, writing over that half later clears the cell before it, so the
    /// first half must be written again too.
    fn tears(&self, stop: u32, y: u32) -> bool {
        let Some(shown) = &self.tty.shown else { return stop < self.tty.size.cols };
        let row = shown.row(y);
        (stop as usize) < row.len() && is_tied(row, stop as usize)
    }

    /// Reports whether the cursor is just past the end of the row above, and that row continues in
    /// this one: the terminal then wraps by itself, and remembers both rows as one line.
    fn continues(&self, y: u32) -> bool {
        let cols = self.tty.size.cols;
        y > 0
            && self.tty.cursor == Some((cols, y - 1))
            && self.frame.is_wrapped(y - 1)
            && !self.term.flags.no_auto_margin
            && self.tty.region.is_none_or(|(_, bottom)| bottom != y - 1)
            // Text that the terminal joins to the end of the row above does not wrap.
            && !self.joins_last(self.frame.surface.row(y - 1), &self.frame.surface.row(y)[0])
    }

    /// Draws one cell.
    fn cell(&mut self, cell: &Cell, x: u32, y: u32) {
        let size = self.tty.size;
        let width = u32::from(cell.width.max(1));
        // Terminals without the wrap glitch scroll when the last cell of the screen is written.
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
                // A tab behind a joiner is part of the cell, as blanks; on the outer terminal these
                // would take cells of their own.
                Glyph::Cluster(text) => {
                    let (first, rest) = text.as_bytes().split_at(1);
                    self.out.extend_from_slice(first);
                    self.out.extend(rest.iter().filter(|&&byte| byte != b' '));
                }
            },
            Text::Repeat(byte) => self.out.resize(self.out.len() + width as usize, byte),
        }
        // Terminals differ in the width of clusters, and may join cells that are separate here, so
        // the cursor's position is now unknown.
        let cluster = matches!((&cell.glyph, text), (Glyph::Cluster(_), Text::Same));
        let sure = !cluster && !self.joins_last(&self.frame.surface.row(y)[..x as usize], cell);
        self.tty.cursor = sure.then_some((x + width, y));
    }

    /// Reports whether a terminal may join a cell's text to the last character of a row, or of a
    /// part of one.
    fn joins_last(&self, row: &[Cell], cell: &Cell) -> bool {
        // The common case: translation cannot turn such a cell into joining text.
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

    /// Text to write for a cell on this terminal, and its style.
    fn translate(&self, cell: &Cell) -> (Text, CellStyle) {
        let mut style = cell.style;
        let blank = Text::Repeat(b' ');
        let c = match &cell.glyph {
            _ if cell.is_padding() || cell.flags.contains(crate::base::CellFlags::TAB) => {
                return (blank, style);
            }
            // REP gives a mark a cell of its own. A terminal would add the mark to the cell before,
            // and nothing redraws that cell when the mark is gone.
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

    /// Text for a key of the alternative character set: UTF-8, or the terminal's own set.
    fn line_drawing(&self, key: u8, mut style: CellStyle) -> (Text, CellStyle) {
        if self.term.needs_acs(self.tty.utf8) {
            return (Text::Byte(self.term.acs(key).unwrap_or(key)), style);
        }
        style.attrs -= Attrs::CHARSET;
        (acs::to_char(key).map_or(Text::Byte(key), Text::Char), style)
    }
}

/// Text to write for a cell.
#[derive(Clone, Copy)]
enum Text {
    /// The cell's own glyph.
    Same,
    Byte(u8),
    Char(char),
    /// This byte for each column.
    Repeat(u8),
}

/// Reports whether a cell may be drawn by erasing, which leaves only a background. Cut halves of
/// wide characters count as blanks.
fn erasable(cell: &Cell) -> bool {
    cell.is_padding() || (is_erasable(cell) && cell.style.fg.is_default() && cell.style.us.is_default())
}

fn blank_style(cell: &Cell) -> CellStyle {
    CellStyle { attrs: Attrs::empty(), link: crate::base::LinkId(0), ..cell.style }
}
