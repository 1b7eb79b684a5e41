//! Styles from options: their text may contain formats, and they are added to a base style.

use crate::base::{CellStyle, Colour};
use crate::syntax::style::Style;

use super::objects::Objects;

/// Expands and parses a style string; an invalid one is the default style.
pub(crate) fn parse(objects: &Objects<'_>, text: &str) -> Style {
    let expanded = if text.contains("#{") { objects.expand(text) } else { text.to_owned() };
    Style::parse(&expanded).unwrap_or_default()
}

/// Adds a style to a cell's: the colours that the style sets, and its attributes.
pub(crate) fn add(cell: &mut CellStyle, objects: &Objects<'_>, text: &str) {
    let style = parse(objects, text).cell;
    if style.fg != Colour::Default {
        cell.fg = style.fg;
    }
    if style.bg != Colour::Default {
        cell.bg = style.bg;
    }
    if style.us != Colour::Default {
        cell.us = style.us;
    }
    cell.attrs |= style.attrs;
}
