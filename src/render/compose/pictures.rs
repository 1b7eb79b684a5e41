//! Cells of panes that show parts of pictures (kitty's graphics protocol), for a client's terminal:
//! with the ids that it knows, or with text where it has no pictures.

use crate::base::placeholder::{self, Part, PartReader};
use crate::base::{Attrs, Cell, CellStyle, Glyph};
use crate::render::pictures::FramePictures;
use crate::terminal::Terminal;

/// The parts that cells of a whole row of a pane stand for, by column.
pub(super) fn parts(row: &[Cell]) -> Vec<(usize, Part)> {
    let mut reader = PartReader::default();
    let part = |(x, cell): (usize, &Cell)| reader.read(cell).map(|part| (x, part));
    row.iter().enumerate().filter_map(part).collect()
}

/// Turns a cell of the frame, which shows a part, into the terminal's own. A placeholder that a
/// program printed for a picture that nobody here knows stays as it is.
pub(super) fn draw(part: Part, terminal: &Terminal, shown: &mut FramePictures, cell: &mut Cell) {
    let Some(entry) = terminal.pictures().get(part.picture) else {
        if part.is_placed() {
            blank(cell);
        }
        return;
    };
    let Some(place) = entry.placement(part.placement) else { return blank(cell) };
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

/// A terminal without pictures shows a box of plus signs, and in its first row how large it is.
fn label(part: Part, (cols, rows): (u32, u32), cell: &mut Cell) {
    let text = format!("IMAGE ({cols}x{rows})");
    let letter = text.chars().nth(part.col as usize).filter(|_| part.row == 0);
    blank(cell);
    cell.glyph = Glyph::Char(letter.unwrap_or('+'));
    cell.style.attrs = Attrs::DIM;
}
