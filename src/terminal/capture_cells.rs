//! Cells as `capture-pane -R` describes them, one a line: a feature of tmux's main branch for
//! inspecting a grid.

use std::fmt::Write;

use super::Terminal;
use super::capture::{is_extended, is_linked};
use super::marked_rows::{MarkColumns, MarkedRows};
use super::marks::MARKS;
use crate::base::history::{RowFlags, RowRef};
use crate::base::links::Links;
use crate::base::vis::{self, Vis};
use crate::base::{Attrs, Cell, CellFlags, Colour, Size, text};

/// A grid to describe.
#[derive(Clone, Debug)]
pub struct Described {
    pub cols: u32,
    pub rows: u32,
    /// Rows above the first visible one, and `history-limit`.
    pub history: u64,
    pub limit: String,
    marked: MarkedRows,
    /// The logical line of the next row, and the number of its rows before that.
    place: (u64, u32),
    /// True after the line about the whole grid.
    begun: bool,
}

/// Flags of rows with tmux's names and bits.
const ROW_FLAGS: [(&str, u32, RowFlags); 8] = [
    ("WRAPPED", 0x1, RowFlags::WRAPPED),
    ("EXTENDED", 0x2, RowFlags::EXTENDED),
    ("START_PROMPT", 0x8, RowFlags::START_PROMPT),
    ("SECOND_PROMPT", 0x10, RowFlags::SECOND_PROMPT),
    ("START_COMMAND", 0x20, RowFlags::START_COMMAND),
    ("START_OUTPUT", 0x40, RowFlags::START_OUTPUT),
    ("END_OUTPUT", 0x80, RowFlags::END_OUTPUT),
    ("HYPERLINK", 0x100, RowFlags::HYPERLINK),
];

/// Attributes with tmux's names and bits.
const ATTRIBUTES: [(&str, u32, Attrs); 14] = [
    ("CHARSET", 0x80, Attrs::CHARSET),
    ("BRIGHT", 0x1, Attrs::BRIGHT),
    ("DIM", 0x2, Attrs::DIM),
    ("UNDERSCORE", 0x4, Attrs::UNDERSCORE),
    ("BLINK", 0x8, Attrs::BLINK),
    ("REVERSE", 0x10, Attrs::REVERSE),
    ("HIDDEN", 0x20, Attrs::HIDDEN),
    ("ITALICS", 0x40, Attrs::ITALICS),
    ("STRIKETHROUGH", 0x100, Attrs::STRIKETHROUGH),
    ("UNDERSCORE_2", 0x200, Attrs::UNDERSCORE_DOUBLE),
    ("UNDERSCORE_3", 0x400, Attrs::UNDERSCORE_CURLY),
    ("UNDERSCORE_4", 0x800, Attrs::UNDERSCORE_DOTTED),
    ("UNDERSCORE_5", 0x1000, Attrs::UNDERSCORE_DASHED),
    ("OVERLINE", 0x2000, Attrs::OVERLINE),
];

/// Names of the set flags, and their bits in hexadecimal.
fn named(all: impl Iterator<Item = (&'static str, u32)>) -> String {
    let (mut names, mut bits) = (Vec::new(), 0);
    for (name, bit) in all {
        names.push(name);
        bits |= bit;
    }
    let names = if names.is_empty() { "NONE".to_owned() } else { names.join(",") };
    format!("{names}[{bits:x}]")
}

/// A colour, and its number in tmux.
fn colour(colour: Colour) -> String {
    let number = match colour {
        Colour::None => u32::MAX,
        Colour::Default => 8,
        Colour::Terminal => 9,
        Colour::Basic(n @ 0..8) => u32::from(n),
        Colour::Basic(n) => 90 + u32::from(n - 8),
        Colour::Indexed(n) => 0x0100_0000 | u32::from(n),
        Colour::Rgb(r, g, b) => 0x0200_0000 | u32::from_be_bytes([0, r, g, b]),
    };
    format!("{colour}[{number:x}]")
}

/// Cells that tmux allocates for a row with `used` cells.
fn allocated(used: u32, cols: u32) -> u32 {
    match used {
        0 => 0,
        _ if used <= cols / 4 => cols / 4,
        _ if used <= cols / 2 => cols / 2,
        _ => cols.max(used),
    }
}

impl Described {
    /// All of a pane. `limit`: its `history-limit`.
    pub fn new(terminal: &mut Terminal, limit: String) -> Self {
        let (Size { cols, rows }, history) = (terminal.size(), terminal.history_rows());
        let place = (terminal.history().oldest_line(), 0);
        Self { cols, rows, history, limit, marked: terminal.marked_rows().clone(), place, begun: false }
    }

    /// Appends a row; `number` counts from the first visible one.
    pub fn row(&mut self, row: RowRef<'_>, number: i64, links: &Links, out: &mut String) {
        if !std::mem::replace(&mut self.begun, true) {
            let _ = writeln!(out, "G {}x{} ({}/{})", self.cols, self.rows, self.history, self.limit);
        }
        let line = self.history.saturating_add_signed(number);
        let mut flags = row.flags;
        flags.set(RowFlags::EXTENDED, is_extended(row));
        flags.set(RowFlags::HYPERLINK, is_linked(row));
        let names = named(
            ROW_FLAGS.iter().filter(|(.., flag)| flags.contains(*flag)).map(|(name, bit, _)| (*name, *bit)),
        );
        let shown = if number < 0 { "-".to_owned() } else { number.to_string() };
        let used = row.used();
        let size = if row.size >= row.cols() { row.size } else { allocated(used, self.cols) };
        let _ = write!(out, "\tL {line} ({shown}) flags={names} {used}/{size}");
        if flags.intersects(MARKS) {
            let at = self.marked.get(self.place.0, self.place.1).unwrap_or_default();
            let MarkColumns { prompt, command, output, end, status } = at;
            let _ = write!(out, " osc133={prompt},{command},{output},{end},{status}");
        }
        out.push('\n');
        let (number, below) = self.place;
        self.place = if flags.contains(RowFlags::WRAPPED) { (number, below + 1) } else { (number + 1, 0) };
        let mut cells = row.cells();
        let existing = cells.len();
        cells.resize(self.cols as usize, Cell::BLANK);
        for (x, cell) in cells.iter().enumerate() {
            let beyond = x >= existing && x < size as usize;
            self.cell(line, x, cell, beyond, links, out);
        }
    }

    /// `beyond`: the cell is allocated, but was never written.
    fn cell(&self, line: u64, x: usize, cell: &Cell, beyond: bool, links: &Links, out: &mut String) {
        let mut data = String::new();
        match cell.flags.contains(CellFlags::TAB) {
            true => data.extend(std::iter::repeat_n(' ', usize::from(cell.width))),
            false => cell.glyph.push_text_to(&mut data),
        }
        let bytes = text::to_bytes(&data);
        let shown = vis::encode(&bytes, Vis::OCTAL | Vis::CSTYLE | Vis::TAB | Vis::NEWLINE);
        let is_256 = |colour: Colour| matches!(colour, Colour::Indexed(_));
        let style = &cell.style;
        let flags = [
            ("FG256", 0x1, is_256(style.fg)),
            ("BG256", 0x2, is_256(style.bg)),
            ("PADDING", 0x4, cell.is_padding()),
            ("CLEARED", 0x40, beyond || cell.flags.contains(CellFlags::CLEARED)),
            ("TAB", 0x80, cell.flags.contains(CellFlags::TAB)),
            ("NOPALETTE", 0x20, cell.flags.contains(CellFlags::NOPALETTE)),
        ];
        let flags = named(flags.iter().filter(|(.., on)| *on).map(|(name, bit, _)| (*name, *bit)));
        let attrs = named(
            ATTRIBUTES
                .iter()
                .filter(|(.., attr)| style.attrs.contains(*attr))
                .map(|(name, bit, _)| (*name, *bit)),
        );
        let link = links.get(style.link);
        let or_none = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or("NONE").to_owned();
        let _ = writeln!(
            out,
            "\t\tC {line},{x} data=({},{},{}) flags={flags} attr={attrs} fg={} bg={} us={} link={} linkid={}",
            cell.width.max(1),
            bytes.len(),
            text::from_bytes(&shown),
            colour(style.fg),
            colour(style.bg),
            colour(style.us),
            or_none(link.map(|link| link.uri.as_str())),
            or_none(link.map(|link| link.id.as_str())),
        );
    }
}
