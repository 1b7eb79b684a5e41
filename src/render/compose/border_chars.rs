//! The characters of borders, by `pane-border-lines`.

use super::borders::{CellKind, Side};
use crate::base::{Attrs, Cell, Glyph};

/// The option `pane-border-lines`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum BorderLines {
    #[default]
    Single,
    Double,
    Heavy,
    Simple,
    Number,
    Spaces,
}

impl BorderLines {
    /// Parses the option's value; anything unknown is `single`.
    pub(super) fn parse(text: &str) -> Self {
        match text {
            "double" => Self::Double,
            "heavy" => Self::Heavy,
            "simple" => Self::Simple,
            "number" => Self::Number,
            "spaces" => Self::Spaces,
            _ => Self::Single,
        }
    }
}

/// One character for each `CellKind` up to `Outside`.
const SINGLE: &str = " xqlkmjwvtun~";
const SIMPLE: &str = " |-+++++++++.";
const DOUBLE: &str = " ║═╔╗╚╝╦╩╠╣╬·";
const HEAVY: &str = " ┃━┏┓┗┛┳┻┣┫╋·";

fn char_of(table: &str, kind: CellKind) -> char {
    table.chars().nth(kind as usize).unwrap_or(' ')
}

/// Sets the border character of a cell whose style is already set. `number` is the pane's index as
/// shown, `fill` the character outside the window.
pub(super) fn set_border(
    cell: &mut Cell,
    lines: BorderLines,
    kind: CellKind,
    number: Option<u32>,
    fill: Option<&Glyph>,
) {
    if kind == CellKind::Outside
        && let Some(fill) = fill
    {
        cell.glyph = fill.clone();
        return;
    }
    let (c, line_drawing) = match lines {
        BorderLines::Number if kind == CellKind::Outside => (char_of(SINGLE, kind), true),
        BorderLines::Number => (number.and_then(|n| char::from_digit(n % 10, 10)).unwrap_or('*'), false),
        BorderLines::Double => (char_of(DOUBLE, kind), false),
        BorderLines::Heavy => (char_of(HEAVY, kind), false),
        BorderLines::Simple => (char_of(SIMPLE, kind), false),
        BorderLines::Spaces => (' ', false),
        BorderLines::Single => (char_of(SINGLE, kind), true),
    };
    cell.glyph = Glyph::Char(c);
    cell.style.attrs.set(Attrs::CHARSET, line_drawing);
}

/// Puts an arrow towards the active pane into a border cell.
pub(super) fn set_arrow(cell: &mut Cell, side: Side) {
    let key = match side {
        Side::Left => '+',
        Side::Right => ',',
        Side::Top => '.',
        Side::Bottom => '-',
        Side::Inside | Side::Outside => ' ',
    };
    cell.glyph = Glyph::Char(key);
    cell.style.attrs |= Attrs::CHARSET;
}
