//! Storage of the grid's cells: eight bytes each; styles and clusters are interned in tables.
//!
//! Both tables are bounded by their index types. When one is full, entries that no cell uses are
//! dropped; if that does not help, further styles show as default and further clusters as their
//! first character.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::line::Line;
use crate::base::{Cell, CellFlags, CellStyle, Colour, Glyph, LinkId};

/// Marks a glyph as the index of a cluster rather than a character.
const CLUSTER: u32 = 1 << 31;

/// Clusters in a terminal's table at which unused ones are dropped.
const MAX_CLUSTERS: usize = 1 << 16;

bitflags::bitflags! {
    /// Properties of a packed cell beside its character.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Mark: u8 {
        const PADDING = 0x1;
        const CLEARED = 0x2;
        const TAB = 0x4;
        const NOPALETTE = 0x8;
        /// The cell needs, or once needed, more than a byte and two basic colours. tmux: such a
        /// cell stays so until its line is emptied; a filler cell counts one column for rewrapping
        /// unless it is so.
        const EXTENDED = 0x10;
        /// `CellFlags::PLACED`.
        const PLACED = 0x20;
    }
}

/// A style in the terminal's table; 0 is the default style.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct StyleId(pub u16);

/// One cell of the grid.
#[derive(Clone, Copy, Eq, Debug)]
#[repr(C, align(8))]
pub struct Packed {
    glyph: u32,
    pub style: StyleId,
    /// Columns: 0 for fillers, 1 or 2 for characters, up to 32 for a tab.
    pub width: u8,
    pub mark: Mark,
}

impl PartialEq for Packed {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Packed {
    /// The whole cell as one number, which is how cells are compared fast.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.glyph as u64
            | (self.style.0 as u64) << 32
            | (self.width as u64) << 48
            | (self.mark.bits() as u64) << 56
    }

    /// The bits that all cells of one ASCII run share: all but the character's low bits and the
    /// `EXTENDED` mark.
    #[inline]
    pub const fn ascii_kind(self) -> u64 {
        self.bits() & !(0x7f | (Mark::EXTENDED.bits() as u64) << 56)
    }

    /// A single character of a style.
    #[inline]
    pub const fn char(c: char, style: StyleId, width: u8, mark: Mark) -> Self {
        Self { glyph: c as u32, style, width, mark }
    }

    pub const CLEARED: Self = Self { glyph: ' ' as u32, style: StyleId(0), width: 1, mark: Mark::CLEARED };
    pub const BLANK: Self = Self { glyph: ' ' as u32, style: StyleId(0), width: 1, mark: Mark::empty() };
    pub const PADDING: Self = Self { glyph: '!' as u32, style: StyleId(0), width: 0, mark: Mark::PADDING };

    #[inline]
    pub const fn ascii(byte: u8, style: StyleId) -> Self {
        Self { glyph: byte as u32, style, width: 1, mark: Mark::empty() }
    }

    #[inline]
    pub const fn with(self, width: u8, mark: Mark) -> Self {
        Self { width, mark, ..self }
    }

    #[inline]
    pub fn is_padding(self) -> bool {
        self.mark.contains(Mark::PADDING)
    }

    /// Reports whether the cell takes one column and is no filler.
    #[inline]
    pub const fn is_one_column(self) -> bool {
        const FIELDS: u64 = 0xff << 48 | (Mark::PADDING.bits() as u64) << 56;
        self.bits() & FIELDS == 1 << 48
    }

    /// Bits that identify the cell's text: a character, or the index of a cluster.
    #[inline]
    pub const fn glyph_bits(self) -> u32 {
        self.glyph
    }

    /// The character, if it is a plain one of one byte.
    #[inline]
    pub fn ascii_byte(self) -> Option<u8> {
        (self.glyph < 0x80).then_some(self.glyph as u8)
    }

    /// Columns that the cell counts for when lines are rewrapped.
    #[inline]
    pub fn wrap_width(self) -> u32 {
        match self.mark {
            mark if mark.contains(Mark::PADDING) => u32::from(!mark.contains(Mark::EXTENDED)),
            mark if mark.contains(Mark::PLACED) => 0,
            _ => u32::from(self.width),
        }
    }
}

/// Hasher for styles, which are small and trusted: one multiplication for each part.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct StyleHasher(u64);

impl StyleHasher {
    fn add(&mut self, part: u64) {
        self.0 = (self.0.rotate_left(5) ^ part).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for StyleHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.add(u64::from(byte)));
    }

    fn write_u8(&mut self, part: u8) {
        self.add(u64::from(part));
    }

    fn write_u16(&mut self, part: u16) {
        self.add(u64::from(part));
    }

    fn write_u32(&mut self, part: u32) {
        self.add(u64::from(part));
    }

    fn write_u64(&mut self, part: u64) {
        self.add(part);
    }

    fn write_isize(&mut self, part: isize) {
        self.add(part as u64);
    }
}

/// Tables that packed cells refer to.
#[derive(Debug)]
pub(crate) struct CellTables {
    /// Unique among all tables; changes when the table is collected.
    epoch: u64,
    styles: Vec<CellStyle>,
    by_style: HashMap<CellStyle, StyleId, BuildHasherDefault<StyleHasher>>,
    last: (CellStyle, StyleId),
    clusters: Vec<Arc<str>>,
    by_cluster: HashMap<Arc<str>, u32>,
}

impl CellTables {
    pub(crate) fn new() -> Self {
        static EPOCHS: AtomicU64 = AtomicU64::new(0);
        Self {
            epoch: EPOCHS.fetch_add(1, Ordering::Relaxed),
            styles: vec![CellStyle::DEFAULT],
            by_style: [(CellStyle::DEFAULT, StyleId(0))].into_iter().collect(),
            last: (CellStyle::DEFAULT, StyleId(0)),
            clusters: Vec::new(),
            by_cluster: HashMap::new(),
        }
    }

    #[inline]
    pub(crate) fn style(&self, id: StyleId) -> &CellStyle {
        self.styles.get(usize::from(id.0)).unwrap_or(&CellStyle::DEFAULT)
    }

    /// The id of a style; `None` when the table is full.
    #[inline]
    pub(crate) fn intern_style(&mut self, style: &CellStyle) -> Option<StyleId> {
        if self.last.0 == *style {
            return Some(self.last.1);
        }
        let id = match self.by_style.get(style) {
            Some(&id) => id,
            None => {
                let id = StyleId(u16::try_from(self.styles.len()).ok()?);
                self.styles.push(*style);
                self.by_style.insert(*style, id);
                id
            }
        };
        self.last = (*style, id);
        Some(id)
    }

    fn intern_glyph(&mut self, glyph: &Glyph) -> Option<u32> {
        match glyph {
            Glyph::Char(c) => Some(u32::from(*c)),
            Glyph::Cluster(text) => {
                if let Some(&index) = self.by_cluster.get(text) {
                    return Some(index | CLUSTER);
                }
                if self.clusters.len() >= MAX_CLUSTERS {
                    return None;
                }
                let index = self.clusters.len() as u32;
                self.clusters.push(text.clone());
                self.by_cluster.insert(text.clone(), index);
                Some(index | CLUSTER)
            }
        }
    }

    pub(crate) fn glyph(&self, cell: Packed) -> Glyph {
        if cell.glyph & CLUSTER == 0 {
            return Glyph::Char(char::from_u32(cell.glyph).unwrap_or(' '));
        }
        let index = (cell.glyph & !CLUSTER) as usize;
        self.clusters.get(index).map_or(Glyph::Char(' '), |text| Glyph::Cluster(text.clone()))
    }

    /// Appends the text of a cell.
    pub(crate) fn push_text(&self, cell: Packed, out: &mut Vec<u8>) {
        if cell.glyph < 0x80 {
            out.push(cell.glyph as u8);
        } else if cell.glyph & CLUSTER == 0 {
            let c = char::from_u32(cell.glyph).unwrap_or(' ');
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        } else if let Some(text) = self.clusters.get((cell.glyph & !CLUSTER) as usize) {
            out.extend_from_slice(text.as_bytes());
        }
    }

    /// A hash of a cell's text.
    pub(crate) fn text_hash(&self, cell: Packed) -> u64 {
        let mut hasher = StyleHasher::default();
        match self.clusters.get((cell.glyph & !CLUSTER) as usize) {
            Some(text) if cell.glyph & CLUSTER != 0 => hasher.write(text.as_bytes()),
            _ => hasher.write_u32(cell.glyph),
        }
        hasher.finish()
    }

    /// Reports whether the glyph is a single character rather than a cluster.
    #[inline]
    pub(crate) fn is_char(cell: Packed) -> bool {
        cell.glyph & CLUSTER == 0
    }

    /// Reports whether a style needs an extended cell in tmux's grid.
    #[inline]
    pub(crate) fn is_extended_style(style: &CellStyle) -> bool {
        style.attrs.bits() > 0xff
            || matches!(style.fg, Colour::Rgb(..))
            || matches!(style.bg, Colour::Rgb(..))
            || style.us != Colour::DEFAULT
            || style.link != LinkId(0)
    }

    /// Reports whether a style has a hyperlink.
    #[inline]
    pub(crate) fn has_link(style: &CellStyle) -> bool {
        style.link != LinkId(0)
    }

    /// The cell with its text replaced by a cluster; `None` when the table is full.
    pub(crate) fn joined(&mut self, cell: Packed, text: &str, width: u8) -> Option<Packed> {
        let glyph = match self.by_cluster.get(text) {
            Some(&index) => index | CLUSTER,
            None => self.intern_glyph(&Glyph::Cluster(text.into()))?,
        };
        Some(Packed { glyph, style: cell.style, width, mark: cell.mark | Mark::EXTENDED })
    }

    /// Packs a cell; `None` when a table is full.
    pub(crate) fn pack(&mut self, cell: &Cell) -> Option<Packed> {
        let style = self.intern_style(&cell.style)?;
        let glyph = self.intern_glyph(&cell.glyph)?;
        let mut mark = Mark::empty();
        mark.set(Mark::PADDING, cell.is_padding());
        mark.set(Mark::CLEARED, cell.flags.contains(CellFlags::CLEARED));
        mark.set(Mark::TAB, cell.flags.contains(CellFlags::TAB));
        mark.set(Mark::NOPALETTE, cell.flags.contains(CellFlags::NOPALETTE));
        mark.set(Mark::PLACED, cell.flags.contains(CellFlags::PLACED));
        let one_byte = glyph < 0x80 && cell.width <= 1 && !mark.contains(Mark::TAB);
        mark.set(Mark::EXTENDED, !one_byte || Self::is_extended_style(&cell.style));
        Some(Packed { glyph, style, width: cell.width, mark })
    }

    /// Packs a cell as well as possible when the tables stay full.
    pub(crate) fn pack_poor(&mut self, cell: &Cell) -> Packed {
        let first = match &cell.glyph {
            Glyph::Char(c) => *c,
            Glyph::Cluster(text) => text.chars().next().unwrap_or(' '),
        };
        let plain = Cell { glyph: Glyph::Char(first), style: CellStyle::DEFAULT, ..cell.clone() };
        self.pack(&plain).unwrap_or(Packed::BLANK)
    }

    pub(crate) fn unpack(&self, cell: Packed) -> Cell {
        let mut flags = CellFlags::empty();
        flags.set(CellFlags::PADDING, cell.is_padding());
        flags.set(CellFlags::CLEARED, cell.mark.contains(Mark::CLEARED));
        flags.set(CellFlags::TAB, cell.mark.contains(Mark::TAB));
        flags.set(CellFlags::NOPALETTE, cell.mark.contains(Mark::NOPALETTE));
        flags.set(CellFlags::PLACED, cell.mark.contains(Mark::PLACED));
        Cell { glyph: self.glyph(cell), width: cell.width, flags, style: *self.style(cell.style) }
    }

    /// A cleared cell with a background.
    pub(crate) fn cleared(&mut self, bg: Colour) -> Option<Packed> {
        let style = CellStyle { bg, ..CellStyle::DEFAULT };
        let mut cell = Packed { style: self.intern_style(&style)?, ..Packed::CLEARED };
        if matches!(bg, Colour::Rgb(..)) {
            // tmux: an RGB background makes the cleared cell an ordinary extended blank.
            cell.mark = Mark::EXTENDED;
        }
        Some(cell)
    }

    /// The glyph as one number; 0 for a cluster (see `push_text`).
    pub(crate) fn glyph_number(cell: Packed) -> u64 {
        if Self::is_char(cell) { u64::from(cell.glyph) + 1 } else { 0 }
    }

    /// Drops styles and clusters that no cell of the lines uses, and renumbers the cells.
    pub(crate) fn collect<'a>(&mut self, lines: impl Iterator<Item = &'a mut Line>) {
        let old = std::mem::replace(self, Self::new());
        for cell in lines.flat_map(|line| line.cells.iter_mut()) {
            let style = old.style(cell.style);
            cell.style = self.intern_style(style).unwrap_or_default();
            if cell.glyph & CLUSTER != 0 {
                cell.glyph = self.intern_glyph(&old.glyph(*cell)).unwrap_or(' ' as u32);
            }
        }
    }

    /// Changes whenever entries are renumbered.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Entries in use: (styles, clusters).
    pub(crate) fn len(&self) -> (usize, usize) {
        (self.styles.len(), self.clusters.len())
    }
}
