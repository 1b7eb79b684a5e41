//! Boxes around menus, popups and previews.

use serde::{Deserialize, Serialize};

use crate::base::{Attrs, Cell, CellFlags, CellStyle, Surface};
use crate::format::draw::draw as draw_format;

/// The lines a box is drawn with (`menu-border-lines`, `popup-border-lines`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) enum BoxLines {
    #[default]
    Single,
    Double,
    Heavy,
    Simple,
    Rounded,
    Padded,
    None,
}

impl BoxLines {
    /// Names as the options have them.
    pub(crate) const NAMES: [(&'static str, BoxLines); 7] = [
        ("single", BoxLines::Single),
        ("double", BoxLines::Double),
        ("heavy", BoxLines::Heavy),
        ("simple", BoxLines::Simple),
        ("rounded", BoxLines::Rounded),
        ("padded", BoxLines::Padded),
        ("none", BoxLines::None),
    ];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(n, _)| *n == name).map(|(_, lines)| *lines)
    }
}

/// A part of a box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Vertical,
    Horizontal,
    TopLeft,
    TopRight,
    BottomLeft,
    BottomRight,
    LeftJoin,
    RightJoin,
}

/// The cell of a part. Single lines are from the terminal's line drawing set.
pub(crate) fn cell(lines: BoxLines, part: Part, style: CellStyle) -> Cell {
    let index = part as usize;
    let pick = |set: &str| set.chars().nth(index).unwrap_or(' ');
    let (c, charset) = match lines {
        BoxLines::Single => (pick("xqlkmjtu"), true),
        BoxLines::Double => (pick("║═╔╗╚╝╠╣"), false),
        BoxLines::Heavy => (pick("┃━┏┓┗┛┣┫"), false),
        BoxLines::Simple => (pick("|-++++++"), false),
        BoxLines::Rounded => (pick("│─╭╮╰╯├┤"), false),
        BoxLines::Padded => (' ', false),
        BoxLines::None => (' ', true),
    };
    let mut style = style;
    style.attrs.set(Attrs::CHARSET, charset);
    Cell { flags: CellFlags::NOPALETTE, ..Cell::new(c, style) }
}

/// Draws a box with a title in its top line.
pub(crate) fn draw_box(
    surface: &mut Surface,
    (x, y): (u32, u32),
    (cols, rows): (u32, u32),
    lines: BoxLines,
    style: CellStyle,
    title: Option<&str>,
) {
    if cols < 2 || rows < 2 {
        return;
    }
    let (right, bottom) = (x + cols - 1, y + rows - 1);
    let horizontal = cell(lines, Part::Horizontal, style);
    for column in x + 1..right {
        surface.put(column, y, horizontal.clone());
        surface.put(column, bottom, horizontal.clone());
    }
    let vertical = cell(lines, Part::Vertical, style);
    for row in y + 1..bottom {
        surface.put(x, row, vertical.clone());
        surface.put(right, row, vertical.clone());
    }
    surface.put(x, y, cell(lines, Part::TopLeft, style));
    surface.put(right, y, cell(lines, Part::TopRight, style));
    surface.put(x, bottom, cell(lines, Part::BottomLeft, style));
    surface.put(right, bottom, cell(lines, Part::BottomRight, style));
    // tmux: a box of three columns has its title's first cell for a corner.
    let room = if cols == 3 { 1 } else { cols.saturating_sub(4) };
    if let Some(title) = title.filter(|_| room > 0) {
        draw_format(surface, x + 2, y, room, style, title);
    }
}

/// Draws a line across a box, joined to its sides.
pub(crate) fn draw_divider(
    surface: &mut Surface,
    x: u32,
    y: u32,
    cols: u32,
    lines: BoxLines,
    style: CellStyle,
) {
    if cols < 2 {
        return;
    }
    surface.put(x, y, cell(lines, Part::LeftJoin, style));
    for column in x + 1..x + cols - 1 {
        surface.put(column, y, cell(lines, Part::Horizontal, style));
    }
    surface.put(x + cols - 1, y, cell(lines, Part::RightJoin, style));
}
