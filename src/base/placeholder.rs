//! Cells that show parts of a picture: U+10EEEE with diacritics for row and column, as in kitty's
//! graphics protocol ("Unicode placeholders").

use super::cell::{Cell, CellFlags, CellStyle, Glyph};
use super::colour::Colour;

/// The character of a placeholder cell.
pub(crate) const PLACEHOLDER: char = '\u{10eeee}';

/// The combining characters for 0, 1, 2, …: the list `rowcolumn-diacritics.txt` of kitty's specification.
const DIACRITICS: [u32; 297] = [
    0x0305, 0x030d, 0x030e, 0x0310, 0x0312, 0x033d, 0x033e, 0x033f, 0x0346, 0x034a, 0x034b, 0x034c, 0x0350,
    0x0351, 0x0352, 0x0357, 0x035b, 0x0363, 0x0364, 0x0365, 0x0366, 0x0367, 0x0368, 0x0369, 0x036a, 0x036b,
    0x036c, 0x036d, 0x036e, 0x036f, 0x0483, 0x0484, 0x0485, 0x0486, 0x0487, 0x0592, 0x0593, 0x0594, 0x0595,
    0x0597, 0x0598, 0x0599, 0x059c, 0x059d, 0x059e, 0x059f, 0x05a0, 0x05a1, 0x05a8, 0x05a9, 0x05ab, 0x05ac,
    0x05af, 0x05c4, 0x0610, 0x0611, 0x0612, 0x0613, 0x0614, 0x0615, 0x0616, 0x0617, 0x0657, 0x0658, 0x0659,
    0x065a, 0x065b, 0x065d, 0x065e, 0x06d6, 0x06d7, 0x06d8, 0x06d9, 0x06da, 0x06db, 0x06dc, 0x06df, 0x06e0,
    0x06e1, 0x06e2, 0x06e4, 0x06e7, 0x06e8, 0x06eb, 0x06ec, 0x0730, 0x0732, 0x0733, 0x0735, 0x0736, 0x073a,
    0x073d, 0x073f, 0x0740, 0x0741, 0x0743, 0x0745, 0x0747, 0x0749, 0x074a, 0x07eb, 0x07ec, 0x07ed, 0x07ee,
    0x07ef, 0x07f0, 0x07f1, 0x07f3, 0x0816, 0x0817, 0x0818, 0x0819, 0x081b, 0x081c, 0x081d, 0x081e, 0x081f,
    0x0820, 0x0821, 0x0822, 0x0823, 0x0825, 0x0826, 0x0827, 0x0829, 0x082a, 0x082b, 0x082c, 0x082d, 0x0951,
    0x0953, 0x0954, 0x0f82, 0x0f83, 0x0f86, 0x0f87, 0x135d, 0x135e, 0x135f, 0x17dd, 0x193a, 0x1a17, 0x1a75,
    0x1a76, 0x1a77, 0x1a78, 0x1a79, 0x1a7a, 0x1a7b, 0x1a7c, 0x1b6b, 0x1b6d, 0x1b6e, 0x1b6f, 0x1b70, 0x1b71,
    0x1b72, 0x1b73, 0x1cd0, 0x1cd1, 0x1cd2, 0x1cda, 0x1cdb, 0x1ce0, 0x1dc0, 0x1dc1, 0x1dc3, 0x1dc4, 0x1dc5,
    0x1dc6, 0x1dc7, 0x1dc8, 0x1dc9, 0x1dcb, 0x1dcc, 0x1dd1, 0x1dd2, 0x1dd3, 0x1dd4, 0x1dd5, 0x1dd6, 0x1dd7,
    0x1dd8, 0x1dd9, 0x1dda, 0x1ddb, 0x1ddc, 0x1ddd, 0x1dde, 0x1ddf, 0x1de0, 0x1de1, 0x1de2, 0x1de3, 0x1de4,
    0x1de5, 0x1de6, 0x1dfe, 0x20d0, 0x20d1, 0x20d4, 0x20d5, 0x20d6, 0x20d7, 0x20db, 0x20dc, 0x20e1, 0x20e7,
    0x20e9, 0x20f0, 0x2cef, 0x2cf0, 0x2cf1, 0x2de0, 0x2de1, 0x2de2, 0x2de3, 0x2de4, 0x2de5, 0x2de6, 0x2de7,
    0x2de8, 0x2de9, 0x2dea, 0x2deb, 0x2dec, 0x2ded, 0x2dee, 0x2def, 0x2df0, 0x2df1, 0x2df2, 0x2df3, 0x2df4,
    0x2df5, 0x2df6, 0x2df7, 0x2df8, 0x2df9, 0x2dfa, 0x2dfb, 0x2dfc, 0x2dfd, 0x2dfe, 0x2dff, 0xa66f, 0xa67c,
    0xa67d, 0xa6f0, 0xa6f1, 0xa8e0, 0xa8e1, 0xa8e2, 0xa8e3, 0xa8e4, 0xa8e5, 0xa8e6, 0xa8e7, 0xa8e8, 0xa8e9,
    0xa8ea, 0xa8eb, 0xa8ec, 0xa8ed, 0xa8ee, 0xa8ef, 0xa8f0, 0xa8f1, 0xaab0, 0xaab2, 0xaab3, 0xaab7, 0xaab8,
    0xaabe, 0xaabf, 0xaac1, 0xfe20, 0xfe21, 0xfe22, 0xfe23, 0xfe24, 0xfe25, 0xfe26, 0x10a0f, 0x10a38,
    0x1d185, 0x1d186, 0x1d187, 0x1d188, 0x1d189, 0x1d1aa, 0x1d1ab, 0x1d1ac, 0x1d1ad, 0x1d242, 0x1d243,
    0x1d244,
];

/// Maximum number of rows and columns of a picture that placeholders can express.
pub(crate) const MAX_SIDE: u32 = DIACRITICS.len() as u32;

/// The diacritic for a number below `MAX_SIDE`.
fn diacritic(number: u32) -> Option<char> {
    DIACRITICS.get(number as usize).copied().and_then(char::from_u32)
}

fn number_of(c: char) -> Option<u32> {
    DIACRITICS.binary_search(&u32::from(c)).ok().map(|at| at as u32)
}

/// The picture and the part of it that a cell shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    pub picture: u32,
    /// 0 for any placement of the picture.
    pub placement: u32,
    pub row: u32,
    pub col: u32,
}

/// First placement number given by scopemux: for pictures placed at the cursor.
pub(crate) const FIRST_PLACED: u32 = 0x80_0000;

impl Part {
    /// True if a placement at the cursor made the cell, not the program.
    pub fn is_placed(&self) -> bool {
        self.placement >= FIRST_PLACED
    }
}

/// True if a cell is a placeholder.
pub(crate) fn is_placeholder(cell: &Cell) -> bool {
    match &cell.glyph {
        Glyph::Char(c) => *c == PLACEHOLDER,
        Glyph::Cluster(text) => text.starts_with(PLACEHOLDER),
    }
}

/// Reads the placeholders of a row from left to right: numbers missing in a cell are taken from the cell
/// before.
#[derive(Default)]
pub(crate) struct PartReader {
    last: Option<(Part, Colour, Colour)>,
}

impl PartReader {
    /// The part that a cell shows; `None` if it is no placeholder.
    pub(crate) fn read(&mut self, cell: &Cell) -> Option<Part> {
        if !is_placeholder(cell) {
            self.last = None;
            return None;
        }
        let mut numbers = [None; 3];
        if let Glyph::Cluster(text) = &cell.glyph {
            let marks = text.chars().skip(1).map_while(number_of);
            numbers.iter_mut().zip(marks).for_each(|(place, number)| *place = Some(number));
        }
        let (fg, us) = (cell.style.fg, cell.style.us);
        let before = self.last.filter(|(_, last_fg, last_us)| (*last_fg, *last_us) == (fg, us));
        let before = before.map(|(part, ..)| part).filter(|part| match numbers {
            [Some(row), Some(col), _] => part.row == row && part.col + 1 == col,
            [Some(row), ..] => part.row == row,
            _ => true,
        });
        let col = before.map_or(0, |part| part.col + 1);
        let high = numbers[2].or(before.map(|part| part.picture >> 24)).unwrap_or(0);
        let part = Part {
            picture: number_in(fg) | high << 24,
            placement: number_in(us),
            row: numbers[0].or(before.map(|part| part.row)).unwrap_or(0),
            col: numbers[1].unwrap_or(col),
        };
        self.last = Some((part, fg, us));
        Some(part)
    }
}

/// The number that is encoded in a colour.
fn number_in(colour: Colour) -> u32 {
    match colour {
        Colour::Rgb(r, g, b) => u32::from_be_bytes([0, r, g, b]),
        Colour::Basic(n) | Colour::Indexed(n) => u32::from(n),
        Colour::None | Colour::Default | Colour::Terminal => 0,
    }
}

fn colour_of(number: u32) -> Colour {
    let [_, r, g, b] = number.to_be_bytes();
    Colour::Rgb(r, g, b)
}

/// The cell for a part of a picture, with a background; `None` if the numbers are too large for
/// placeholders. All numbers are included, so that the cell has the same meaning anywhere.
pub(crate) fn cell(part: Part, bg: Colour) -> Option<Cell> {
    let mut text = String::from(PLACEHOLDER);
    text.extend([diacritic(part.row)?, diacritic(part.col)?]);
    if part.picture >> 24 != 0 {
        text.push(diacritic(part.picture >> 24)?);
    }
    let us = if part.placement == 0 { Colour::DEFAULT } else { colour_of(part.placement) };
    let style = CellStyle { fg: colour_of(part.picture), bg, us, ..CellStyle::DEFAULT };
    Some(Cell { glyph: Glyph::Cluster(text.into()), width: 1, flags: CellFlags::empty(), style })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholder(marks: &str, fg: Colour) -> Cell {
        let glyph = Glyph::from_text(&format!("{PLACEHOLDER}{marks}"));
        let style = CellStyle { fg, ..CellStyle::DEFAULT };
        Cell { glyph, width: 1, flags: CellFlags::empty(), style }
    }

    fn read(cells: &[Cell]) -> Vec<Option<(u32, u32, u32)>> {
        let mut reader = PartReader::default();
        let parts = cells.iter().map(|cell| reader.read(cell));
        parts.map(|part| part.map(|part| (part.picture, part.row, part.col))).collect()
    }

    #[test]
    fn what_a_cell_says_is_read_back() {
        let part = Part { picture: 0xfe12_3456, placement: 7, row: 296, col: 12 };
        let made = cell(part, Colour::Basic(3)).expect("a cell");
        assert_eq!(PartReader::default().read(&made), Some(part));
        assert_eq!(cell(Part { row: 297, ..part }, Colour::Default), None);
        assert_eq!(PartReader::default().read(&Cell::BLANK), None);
    }

    #[test]
    fn numbers_left_out_are_those_of_the_cell_before() {
        let fg = Colour::Indexed(42);
        // The specification's examples: with all numbers, with the row of the first cell only.
        let first = placeholder("\u{30d}\u{305}\u{30e}", fg);
        let high = 42 | 2 << 24;
        let rest = [placeholder("\u{30d}\u{30d}", fg), placeholder("", fg), placeholder("\u{30d}", fg)];
        let row: Vec<Cell> = [first.clone()].into_iter().chain(rest).collect();
        let expect = (0..4).map(|col| Some((high, 1, col))).collect::<Vec<_>>();
        assert_eq!(read(&row), expect);
        // Another colour, another row, a column that is not the next one, or text between ends the
        // sequence.
        let other = placeholder("", Colour::Indexed(43));
        assert_eq!(read(&[first.clone(), other])[1], Some((43, 0, 0)));
        assert_eq!(read(&[first.clone(), placeholder("\u{305}", fg)])[1], Some((42, 0, 0)));
        assert_eq!(read(&[first.clone(), placeholder("\u{30d}\u{310}", fg)])[1], Some((42, 1, 3)));
        assert_eq!(read(&[first, Cell::BLANK, placeholder("", fg)])[2], Some((42, 0, 0)));
    }
}
