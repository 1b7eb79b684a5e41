//! Reading expanded text: plain characters become cells in the current style, and `#[…]` changes the
//! style, selects the section and marks ranges.

use crate::base::width::{Joining, joining};
use crate::base::{Attrs, Cell, CellFlags, CellStyle, Colour, Glyph, LinkId};
use crate::syntax::style::{Align, DefaultKind, List, Range, Style};

use crate::format::width::columns;
use crate::syntax::format::scan::skip;

/// Sections that text can belong to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Slot {
    Left,
    Centre,
    Right,
    AbsoluteCentre,
    List,
    ListLeft,
    ListRight,
    /// Text after the list, with the list's alignment.
    After,
}

const SLOTS: usize = 8;

/// Cells of one section; wide ones are followed by padding.
#[derive(Default)]
pub(super) struct Section {
    cells: Vec<Cell>,
}

impl Section {
    pub(super) fn width(&self) -> i64 {
        self.cells.len() as i64
    }

    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Adds a character, joined to the last cell if it combines.
    fn push(&mut self, c: char, width: u32, style: CellStyle) {
        let last = self.cells.iter().rposition(|cell| !cell.is_padding());
        let mut before = String::new();
        if let Some(last) = last {
            self.cells[last].glyph.push_to(&mut before);
        }
        let rules = crate::base::width::WidthRules::default();
        match (joining(last.map(|_| before.as_str()), c, width as u8, &rules), last) {
            (Joining::Dropped, _) => {}
            (Joining::Joined { wide }, Some(last)) => {
                before.push(c);
                let cell = &mut self.cells[last];
                cell.glyph = Glyph::from_text(&before);
                if wide && cell.width == 1 {
                    cell.width = 2;
                    let style = cell.style;
                    self.cells.push(Cell { style, ..Cell::PADDING });
                }
            }
            _ => {
                let flags = CellFlags::empty();
                let width = width.max(1) as u8;
                self.cells.push(Cell { glyph: Glyph::Char(c), width, flags, style });
                for _ in 1..width {
                    self.cells.push(Cell { style, ..Cell::PADDING });
                }
            }
        }
    }
}

/// A range for the mouse, in columns of its section.
pub(super) struct SectionRange {
    pub slot: Slot,
    pub start: i64,
    pub end: i64,
    pub kind: Range,
}

/// Result of reading a text.
pub(super) struct Sections {
    sections: [Section; SLOTS],
    pub ranges: Vec<SectionRange>,
    /// Columns of the list that should stay visible.
    pub focus: Option<(i64, i64)>,
    pub list_align: Align,
    pub fill: Option<Colour>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ListState {
    None,
    Inside,
    Over,
}

struct Reader<'l> {
    out: Sections,
    base: CellStyle,
    current_default: CellStyle,
    style: Style,
    slot: Slot,
    /// Sections for the alignments default, left, centre, right, absolute centre.
    map: [Slot; 5],
    list: ListState,
    focus_start: Option<i64>,
    focus_end: Option<i64>,
    range: Option<SectionRange>,
    link: &'l mut dyn FnMut(&str) -> LinkId,
}

impl Sections {
    pub(super) fn get(&self, slot: Slot) -> &Section {
        &self.sections[slot as usize]
    }

    /// Reads a text; `None` when a style in it has no end.
    pub(super) fn parse(
        text: &str,
        base: CellStyle,
        link: &mut dyn FnMut(&str) -> LinkId,
    ) -> Option<Sections> {
        let mut reader = Reader {
            out: Sections {
                sections: Default::default(),
                ranges: Vec::new(),
                focus: None,
                list_align: Align::Default,
                fill: None,
            },
            base,
            current_default: base,
            style: Style::from_cell(base),
            slot: Slot::Left,
            map: [Slot::Left, Slot::Left, Slot::Centre, Slot::Right, Slot::AbsoluteCentre],
            list: ListState::None,
            focus_start: None,
            focus_end: None,
            range: None,
            link,
        };
        reader.read(text)?;
        reader.out.focus = reader.focus_start.zip(reader.focus_end);
        Some(reader.out)
    }
}

impl Reader<'_> {
    fn read(&mut self, text: &str) -> Option<()> {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let next = bytes.get(at + 1);
            if bytes[at] == b'#' && next.is_some_and(|&next| next != b'[') {
                at = self.hashes(text, at);
            } else if bytes[at] == b'#' && next == Some(&b'[') && !self.style.ignore {
                let end = at + 2 + skip(&text[at + 2..], b"]")?;
                self.change_style(&text[at + 2..end]);
                at = end + 1;
            } else {
                let c = text[at..].chars().next()?;
                if let Some(width) = columns(c) {
                    self.push(c, width);
                }
                at += c.len_utf8();
            }
        }
        Some(())
    }

    fn push(&mut self, c: char, width: u32) {
        let mut style = self.style.cell;
        style.attrs -= Attrs::NOATTR;
        self.out.sections[self.slot as usize].push(c, width, style);
    }

    /// Reads a run of `#`: each pair stands for one `#`, as does a single one at the end; before a `[`,
    /// an odd one begins a style. Returns the position after the run, or that of the style.
    fn hashes(&mut self, text: &str, at: usize) -> usize {
        let run = text[at..].bytes().take_while(|&byte| byte == b'#').count();
        let even = run % 2 == 0;
        if text.as_bytes().get(at + run) != Some(&b'[') {
            (0..run.div_ceil(2)).for_each(|_| self.push('#', 1));
            return at + run;
        }
        if !self.style.ignore {
            (0..run / 2).for_each(|_| self.push('#', 1));
            if even {
                self.push('[', 1);
            }
        }
        if even { at + run + 1 } else { at + run - 1 }
    }

    fn change_style(&mut self, text: &str) {
        let saved = self.style.cell;
        if self.style.parse_onto(&self.current_default, text).is_err() {
            return;
        }
        let to = &self.style.link;
        self.style.cell.link = if to.is_empty() { LinkId(0) } else { (self.link)(to) };
        if let Some(fill) = fill_colour(self.style.fill) {
            self.out.fill = Some(fill);
        }
        match std::mem::take(&mut self.style.default) {
            DefaultKind::Base => {}
            DefaultKind::Push => self.current_default = saved,
            DefaultKind::Pop => self.current_default = self.base,
            DefaultKind::Set => {
                self.base = saved;
                self.current_default = saved;
            }
        }
        self.change_list();
        self.change_range();
    }

    fn columns_of(&self, slot: Slot) -> i64 {
        self.out.get(slot).width()
    }

    fn end_focus(&mut self) {
        if self.focus_start.is_some() && self.focus_end.is_none() {
            self.focus_end = Some(self.columns_of(Slot::List));
        }
    }

    /// Selects the section from the style's list state and alignment.
    fn change_list(&mut self) {
        match self.style.list {
            List::On => {
                if self.list != ListState::Inside {
                    self.range = None;
                    self.list = ListState::Inside;
                    self.out.list_align = self.style.align;
                }
                self.end_focus();
                self.slot = Slot::List;
            }
            List::Focus => {
                if self.list == ListState::Inside && self.focus_start.is_none() {
                    self.focus_start = Some(self.columns_of(Slot::List));
                }
            }
            List::Off => {
                if self.list == ListState::Inside {
                    self.range = None;
                    self.end_focus();
                    let align = self.out.list_align;
                    self.map[align as usize] = Slot::After;
                    if align == Align::Left {
                        self.map[Align::Default as usize] = Slot::After;
                    }
                    self.list = ListState::Over;
                }
                self.slot = self.map[self.style.align as usize];
            }
            List::LeftMarker => self.enter_marker(Slot::ListLeft),
            List::RightMarker => self.enter_marker(Slot::ListRight),
        }
    }

    /// Directs text to a marker of the list, if the marker is still empty.
    fn enter_marker(&mut self, slot: Slot) {
        if self.list != ListState::Inside || self.columns_of(slot) != 0 {
            return;
        }
        self.range = None;
        if self.focus_start.is_some() && self.focus_end.is_none() {
            self.focus_start = None;
        }
        self.slot = slot;
    }

    /// Ends a range when the style has another one, and begins that one.
    fn change_range(&mut self) {
        let here = self.columns_of(self.slot);
        if self.range.as_ref().is_some_and(|range| range.kind != self.style.range)
            && let Some(mut range) = self.range.take()
            && here != range.start
        {
            // tmux: the end is one column too far, and counted in the section that is current now.
            range.end = here + 1;
            self.out.ranges.push(range);
        }
        if self.range.is_none() && self.style.range != Range::None {
            let (slot, kind) = (self.slot, self.style.range.clone());
            self.range = Some(SectionRange { slot, start: here, end: here, kind });
        }
    }
}

/// The colour of a fill, if it is one.
fn fill_colour(colour: Colour) -> Option<Colour> {
    (colour != Colour::Default).then_some(colour)
}
