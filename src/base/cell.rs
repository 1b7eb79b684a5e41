//! One character cell, in the form that rooms exchange. Rooms that hold many cells (the terminal's grid,
//! the transcript) store them in packed form.

use std::sync::Arc;

use super::colour::Colour;

bitflags::bitflags! {
    /// Character attributes. The values are private to this program.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
    pub struct Attrs: u16 {
        const BRIGHT = 0x1;
        const DIM = 0x2;
        const UNDERSCORE = 0x4;
        const BLINK = 0x8;
        const REVERSE = 0x10;
        const HIDDEN = 0x20;
        const ITALICS = 0x40;
        /// The cell's character is from the alternative (line drawing) character set.
        const CHARSET = 0x80;
        const STRIKETHROUGH = 0x100;
        const UNDERSCORE_DOUBLE = 0x200;
        const UNDERSCORE_CURLY = 0x400;
        const UNDERSCORE_DOTTED = 0x800;
        const UNDERSCORE_DASHED = 0x1000;
        const OVERLINE = 0x2000;
        /// In a style: "noattr", which hides inherited attributes.
        const NOATTR = 0x4000;
        const ANY_UNDERSCORE = 0x4 | 0x200 | 0x400 | 0x800 | 0x1000;
    }
}

bitflags::bitflags! {
    /// Properties of a cell beside its character.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct CellFlags: u8 {
        /// The right half of a wide character, or a later cell of a tab.
        const PADDING = 0x1;
        const SELECTED = 0x2;
        /// Not changed by the pane's palette (used for borders, modes and the like).
        const NOPALETTE = 0x4;
        /// Never written, or erased: shown as a blank, and not copied at the end of a line.
        const CLEARED = 0x8;
        /// First cell of a tab; the cells after it are padding.
        const TAB = 0x10;
        /// On a run of history: the fillers of its cells count no column when lines are wrapped again;
        /// a cluster of one column, which has none, is `PLACED`. Cells do not have it.
        const NARROW_FILLERS = 0x20;
        /// Part of a picture that was placed at the cursor. It counts no column when lines are wrapped
        /// again: a picture is cut at the pane's border.
        const PLACED = 0x40;
    }
}

/// A hyperlink's number in the table of the cell's grid; 0 is "no link".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct LinkId(pub u32);

/// Colours and attributes of a cell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct CellStyle {
    pub fg: Colour,
    pub bg: Colour,
    /// Underline colour.
    pub us: Colour,
    pub attrs: Attrs,
    pub link: LinkId,
}

impl CellStyle {
    /// Reports whether this is `DEFAULT`. Inlined: it is asked for each row that a program prints.
    #[inline(always)]
    pub(crate) fn is_default(&self) -> bool {
        let Self { fg, bg, us, attrs, link } = self;
        let plain = |colour: &Colour| matches!(colour, Colour::Default);
        plain(fg) && plain(bg) && plain(us) && attrs.is_empty() && *link == LinkId(0)
    }

    pub const DEFAULT: Self = Self {
        fg: Colour::DEFAULT,
        bg: Colour::DEFAULT,
        us: Colour::DEFAULT,
        attrs: Attrs::empty(),
        link: LinkId(0),
    };
}

impl Default for CellStyle {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The text of a cell: one character, or a cluster of several (combining marks, emoji sequences), which
/// is shared because clusters are rare and cells are many.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Glyph {
    Char(char),
    Cluster(Arc<str>),
}

impl Glyph {
    /// A cell holds at most this many bytes of UTF-8 (tmux 3.7c's limit).
    pub const MAX_BYTES: usize = 32;

    pub fn from_text(text: &str) -> Self {
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Glyph::Char(c),
            (None, _) => Glyph::Char(' '),
            _ => Glyph::Cluster(text.into()),
        }
    }

    pub fn push_to(&self, out: &mut String) {
        match self {
            Glyph::Char(c) => out.push(*c),
            Glyph::Cluster(s) => out.push_str(s),
        }
    }

    /// Appends the glyph to a string of the form that `text` makes: no character of the glyph is taken
    /// for a stray byte.
    pub fn push_text_to(&self, out: &mut String) {
        match self {
            Glyph::Char(c) => super::text::push_char(*c, out),
            Glyph::Cluster(s) => s.chars().for_each(|c| super::text::push_char(c, out)),
        }
    }

    pub fn len_bytes(&self) -> usize {
        match self {
            Glyph::Char(c) => c.len_utf8(),
            Glyph::Cluster(s) => s.len(),
        }
    }

    /// The character, if the glyph is exactly one.
    pub fn as_char(&self) -> Option<char> {
        match self {
            Glyph::Char(c) => Some(*c),
            Glyph::Cluster(_) => None,
        }
    }
}

/// One character cell.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cell {
    pub glyph: Glyph,
    /// Width in columns: 1 or 2 (a tab's first cell: up to 8); 0 for padding.
    pub width: u8,
    pub flags: CellFlags,
    pub style: CellStyle,
}

impl Cell {
    /// A blank written cell in the default style.
    pub const BLANK: Self =
        Self { glyph: Glyph::Char(' '), width: 1, flags: CellFlags::empty(), style: CellStyle::DEFAULT };

    /// A cell that was never written or was erased.
    pub const CLEARED: Self =
        Self { glyph: Glyph::Char(' '), width: 1, flags: CellFlags::CLEARED, style: CellStyle::DEFAULT };

    /// The filler behind the first cell of a wide character.
    pub const PADDING: Self =
        Self { glyph: Glyph::Char('!'), width: 0, flags: CellFlags::PADDING, style: CellStyle::DEFAULT };

    pub fn new(c: char, style: CellStyle) -> Self {
        Self { glyph: Glyph::Char(c), width: 1, flags: CellFlags::empty(), style }
    }

    pub fn is_padding(&self) -> bool {
        self.flags.contains(CellFlags::PADDING)
    }
}

impl Default for Cell {
    fn default() -> Self {
        Self::BLANK
    }
}
