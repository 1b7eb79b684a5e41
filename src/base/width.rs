//! How many columns a character takes.
//!
//! The figures come from the `unicode-width` crate, corrected where tmux 3.7c on glibc
//! measures otherwise; `codepoint-widths` adds the user's own on top (`WidthRules`).

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthChar;

use super::{Cell, CellFlags, CellStyle, Glyph};

/// A user's corrections, from the options `codepoint-widths` and
/// `variation-selector-always-wide`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WidthRules {
    /// Code point → columns (0–2).
    pub overrides: BTreeMap<u32, u8>,
    pub variation_selector_always_wide: bool,
}

impl WidthRules {
    /// Columns of one character; `None` for control characters.
    pub fn char_width(&self, c: char) -> Option<u8> {
        if let Some(&width) = self.overrides.get(&(c as u32)) {
            return Some(width);
        }
        char_width(c)
    }
}

/// Columns of one character under the built-in rules; `None` for control characters.
pub fn char_width(c: char) -> Option<u8> {
    if c.is_ascii() {
        return (' '..='~').contains(&c).then_some(1);
    }
    c.width().map(|w| w as u8)
}

/// Columns of a whole string, control characters counting nothing.
pub fn text_width(text: &str) -> u32 {
    text.chars().filter_map(char_width).map(u32::from).sum()
}

/// Splits text into cells in the default style: each base character with the zero-width
/// characters that follow it. Control characters are dropped.
pub fn clusters(text: &str) -> impl Iterator<Item = Cell> + '_ {
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        loop {
            let first = chars.next()?;
            let Some(width) = char_width(first) else {
                continue;
            };
            let mut cluster = String::new();
            while let Some(&next) = chars.peek() {
                let joins = char_width(next) == Some(0);
                if !joins || first.len_utf8() + cluster.len() + next.len_utf8() > Glyph::MAX_BYTES {
                    break;
                }
                cluster.push(next);
                chars.next();
            }
            let glyph = if cluster.is_empty() {
                Glyph::Char(first)
            } else {
                cluster.insert(0, first);
                Glyph::Cluster(cluster.into())
            };
            let width = width.max(1);
            return Some(Cell { glyph, width, flags: CellFlags::empty(), style: CellStyle::DEFAULT });
        }
    })
}
