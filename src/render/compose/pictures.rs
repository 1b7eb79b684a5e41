//! Cells of panes that show parts of pictures (kitty's graphics protocol), converted for a client's
//! terminal: with the terminal's ids, or with text if it cannot show pictures.

use crate::base::placeholder::{self, Part, PartReader};
use crate::base::{Attrs, Cell, CellStyle, Glyph};
use crate::render::pictures::FramePictures;
use crate::terminal::Terminal;

/// Columns of a row with parts of pictures, and the parts.
pub(super) fn parts(row: &[Cell]) -> Vec<(usize, Part)> {
    let mut reader = PartReader::default();
    let part = |(x, cell): (usize, &Cell)| reader.read(cell).map(|part| (x, part));
    row.iter().enumerate().filter_map(part).collect()
}

/// Converts a cell of the frame, at a place on the terminal, that shows a part. A placeholder whose picture is unknown stays as
/// it is.
pub(super) fn draw(
    part: Part,
    terminal: &Terminal,
    shown: &mut FramePictures,
    (at, cell): ((u32, u32), &mut Cell),
) {
    let Some(entry) = terminal.pictures().get(part.picture) else {
        if part.is_placed() {
            blank(cell);
        }
        return;
    };
    let Some(place) = entry.placement(part.placement) else { return blank(cell) };
    if shown.sixels.enabled {
        if !entry.picture.is_missing() {
            shown.sixels.show(part, entry, place, at);
        }
        return blank(cell);
    }
    if !shown.enabled {
        return label(part, (place.cols, place.rows), cell);
    }
    let there = (!entry.picture.is_missing()).then(|| shown.show(part, entry, place)).flatten();
    match there.and_then(|part| placeholder::cell(part, cell.style.bg)) {
        Some(new) => *cell = new,
        None => blank(cell),
    }
}

fn blank(cell: &mut Cell) {
    *cell = Cell { style: CellStyle { bg: cell.style.bg, ..CellStyle::DEFAULT }, ..Cell::BLANK };
}

/// Replacement on a terminal without pictures: a box of plus signs with the picture's size in its
/// first row.
fn label(part: Part, (cols, rows): (u32, u32), cell: &mut Cell) {
    let text = format!("IMAGE ({cols}x{rows})");
    let letter = text.chars().nth(part.col as usize).filter(|_| part.row == 0);
    blank(cell);
    cell.glyph = Glyph::Char(letter.unwrap_or('+'));
    cell.style.attrs = Attrs::DIM;
}
