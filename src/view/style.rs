//! Styles of options, as cells are drawn with them.

use crate::base::{Attrs, Cell, CellFlags, CellStyle, Colour};
use crate::format::Objects;
use crate::model::Server;
use crate::model::option_access::OptionScope;
use crate::options::OptionKey;
use crate::options::key::of;
use crate::syntax::style::Style;

/// Style of a style option, with formats expanded; the fallback style if it does not parse.
pub(crate) fn of_option(
    server: &Server,
    at: OptionScope,
    key: OptionKey<of::string>,
    objects: &Objects<'_>,
) -> CellStyle {
    whole_of_option(server, at, key, objects).cell
}

/// Like `of_option`, but the whole style (with fill, width, padding) and not only the cell's.
pub(crate) fn whole_of_option(
    server: &Server,
    at: OptionScope,
    key: OptionKey<of::string>,
    objects: &Objects<'_>,
) -> Style {
    parse(server.option(at, key), objects)
}

/// A style string, its formats expanded.
pub(crate) fn parse(text: &str, objects: &Objects<'_>) -> Style {
    let parsed = if text.contains("#{") { Style::parse(&objects.expand(text)) } else { Style::parse(text) };
    parsed.unwrap_or_else(|_| fallback())
}

/// Style used where a style string does not parse. tmux: default colours, but a black underscore
/// colour.
fn fallback() -> Style {
    Style { cell: CellStyle { us: Colour::Basic(0), ..CellStyle::DEFAULT }, ..Style::default() }
}

/// Style of a cell when selected: the selection's colours where it sets some, and the attributes of
/// both unless the selection has `noattr`.
pub(crate) fn selected(cell: &Cell, selection: &CellStyle) -> Cell {
    let mut style = *selection;
    if style.fg.is_default() {
        style.fg = cell.style.fg;
    }
    if style.bg.is_default() {
        style.bg = cell.style.bg;
    }
    style.us = selection.us;
    style.link = cell.style.link;
    style.attrs |= if style.attrs.contains(Attrs::NOATTR) {
        cell.style.attrs & Attrs::CHARSET
    } else {
        cell.style.attrs
    };
    Cell { style, flags: cell.flags | CellFlags::NOPALETTE, ..cell.clone() }
}
