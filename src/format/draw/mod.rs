//! Drawing of expanded formats: styled text is divided into sections (left, centre, right, a list with
//! markers), which are laid out in the given width and trimmed if it is too small.
//!
//! `sections` reads the text, this file lays it out.

use crate::base::{Cell, CellStyle, LinkId, Point, Surface};
use crate::model::client::{RangeKind, StatusRange};
use crate::syntax::style::{Align, Range};

mod sections;

use sections::{Section, Sections, Slot};

/// Draws expanded text into `width` columns from (x, y); cells without text are left as they are. Returns
/// the ranges for the mouse, their columns relative to `x`.
pub(crate) fn draw(
    surface: &mut Surface,
    x: u32,
    y: u32,
    width: u32,
    base: CellStyle,
    expanded: &str,
) -> Vec<StatusRange> {
    draw_linked(surface, Point::new(x, y), width, base, expanded, &mut |_| LinkId(0))
}

/// Like `draw`, for text with hyperlinks: `link` returns the id of a link by its URI.
pub(crate) fn draw_linked(
    surface: &mut Surface,
    at: Point,
    width: u32,
    base: CellStyle,
    expanded: &str,
    link: &mut dyn FnMut(&str) -> LinkId,
) -> Vec<StatusRange> {
    // A style without an end: nothing is drawn at all.
    let Some(sections) = Sections::parse(expanded, base, link) else { return Vec::new() };
    if let Some(fill) = sections.fill {
        let style = CellStyle { bg: fill, ..CellStyle::DEFAULT };
        surface.fill(at.x, at.y, width, 1, &Cell { style, ..Cell::BLANK });
    }
    let mut arrangement = Arrangement {
        surface,
        at,
        available: i64::from(width),
        ranges: sections.ranges.iter().map(|range| (range.slot, range.start, range.end)).collect(),
        sections: &sections,
        placed: vec![None; sections.ranges.len()],
    };
    match sections.list_align {
        Align::Default => arrangement.without_list(),
        Align::Left => arrangement.list_on_left(),
        Align::Centre => arrangement.list_in_centre(),
        Align::Right => arrangement.list_on_right(),
        Align::AbsoluteCentre => arrangement.list_in_absolute_centre(),
    }
    let placed = std::mem::take(&mut arrangement.placed);
    let ranges = sections.ranges.iter().zip(placed);
    ranges.filter_map(|(range, place)| status_range(&range.kind, place?)).collect()
}

/// Expanded text without its `#[…]`.
pub(crate) fn without_styles(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("#[") {
        let hashes = rest[..at].bytes().rev().take_while(|b| *b == b'#').count();
        let end = rest[at..].find(']').map(|end| at + end + 1).filter(|_| hashes % 2 == 0);
        let (shown, after) = end.map_or((at + 2, at + 2), |end| (at, end));
        out.push_str(&rest[..shown]);
        rest = &rest[after..];
    }
    out + rest
}

fn status_range(kind: &Range, (start, end): (i64, i64)) -> Option<StatusRange> {
    let kind = match kind {
        Range::None => return None,
        Range::Left => RangeKind::Left,
        Range::Right => RangeKind::Right,
        Range::Control(number) => RangeKind::Control(*number),
        Range::Pane(id) => RangeKind::Pane(crate::base::PaneId(*id)),
        Range::Window(index) => RangeKind::Window(*index as i32),
        Range::Session(id) => RangeKind::Session(crate::base::SessionId(*id)),
        Range::User(name) => RangeKind::User(name.clone()),
    };
    Some(StatusRange { start: start.max(0) as u32, end: end.max(0) as u32, kind })
}

/// Widths of the sections after trimming.
#[derive(Clone, Copy)]
struct Widths {
    left: i64,
    centre: i64,
    right: i64,
    list: i64,
    after: i64,
    absolute: i64,
}

impl Widths {
    /// The order in which sections give up columns beside a list on the left or right.
    fn centre_first(&mut self) -> [&mut i64; 5] {
        [&mut self.centre, &mut self.list, &mut self.right, &mut self.after, &mut self.left]
    }

    /// The order in which sections give up columns beside a list in the centre.
    fn list_first(&mut self) -> [&mut i64; 5] {
        [&mut self.list, &mut self.after, &mut self.centre, &mut self.right, &mut self.left]
    }

    /// Takes `excess` columns from the widths in `order`, each down to 0 before the next.
    fn trim(mut excess: i64, order: &mut [&mut i64]) {
        for width in order.iter_mut() {
            let taken = excess.clamp(0, **width);
            **width -= taken;
            excess -= taken;
        }
    }
}

/// Places sections on the surface.
struct Arrangement<'s> {
    surface: &'s mut Surface,
    at: Point,
    available: i64,
    sections: &'s Sections,
    /// Section and columns of each range.
    ranges: Vec<(Slot, i64, i64)>,
    /// Columns of each range on the surface, once its section was drawn.
    placed: Vec<Option<(i64, i64)>>,
}

impl Arrangement<'_> {
    fn widths(&self) -> Widths {
        let width = |slot| self.section(slot).width();
        Widths {
            left: width(Slot::Left),
            centre: width(Slot::Centre),
            right: width(Slot::Right),
            list: width(Slot::List),
            after: width(Slot::After),
            absolute: width(Slot::AbsoluteCentre),
        }
    }

    fn section(&self, slot: Slot) -> &Section {
        self.sections.get(slot)
    }

    /// Copies `width` columns of a section from `start` to `offset`.
    fn copy(&mut self, slot: Slot, offset: i64, start: i64, width: i64) {
        let cells = self.sections.get(slot).cells();
        let last = i64::from(self.surface.size().cols) - 1;
        let x = i64::from(self.at.x) + offset;
        // tmux: a position left of the line counts as its last column.
        let x = if x < 0 || x > last { last } else { x };
        for column in 0..width {
            let Some(cell) = cells.get((start + column) as usize) else { break };
            if column + i64::from(cell.width.max(1)) > width {
                break;
            }
            let x = (x + column) as u32;
            if cell.is_padding() {
                if column == 0 {
                    self.surface.put(x, self.at.y, Cell { style: cell.style, ..Cell::BLANK });
                }
                continue;
            }
            self.surface.put(x, self.at.y, cell.clone());
        }
    }

    /// Draws part of a section, and moves its ranges with it.
    fn put(&mut self, slot: Slot, offset: i64, start: i64, width: i64) {
        self.copy(slot, offset, start, width);
        for (range, placed) in self.ranges.iter().zip(&mut self.placed) {
            let (range_slot, from, to) = *range;
            if range_slot != slot || to <= start || from >= start + width {
                continue;
            }
            let (from, to) = (from.max(start), to.min(start + width));
            if from != to {
                *placed = Some((from - start + offset, to - start + offset));
            }
        }
    }

    fn put_right(&mut self, slot: Slot, end: i64, width: i64) {
        let whole = self.section(slot).width();
        self.put(slot, end - width, whole - width, width);
    }

    /// Draws the centre in the middle between two columns.
    fn put_centre(&mut self, from: i64, to: i64, width: i64) {
        let whole = self.section(Slot::Centre).width();
        self.put(Slot::Centre, from + (to - from) / 2 - width / 2, whole / 2 - width / 2, width);
    }

    fn put_absolute_centre(&mut self, width: i64) {
        let width = width.min(self.available);
        self.put(Slot::AbsoluteCentre, (self.available - width) / 2, 0, width);
    }

    /// Draws the list, with markers at the sides where it is cut; its focus stays visible.
    fn put_list(&mut self, mut offset: i64, mut width: i64, focus: (i64, i64)) {
        let whole = self.section(Slot::List).width();
        if width >= whole {
            return self.put(Slot::List, offset, 0, width);
        }
        let centre = focus.0 + (focus.1 - focus.0) / 2;
        let mut start = (centre - width / 2).max(0);
        if centre < width / 2 {
            start = 0;
        }
        if start + width > whole {
            start = whole - width;
        }
        let left = self.section(Slot::ListLeft).width();
        let right = self.section(Slot::ListRight).width();
        if start != 0 && width > left {
            self.copy(Slot::ListLeft, offset, 0, left);
            offset += left;
            start += left;
            width -= left;
        }
        if start + width < whole && width > right {
            self.copy(Slot::ListRight, offset + width - right, 0, right);
            width -= right;
        }
        self.put(Slot::List, offset, start, width);
    }

    fn focus_or(&self, default: i64) -> (i64, i64) {
        self.sections.focus.unwrap_or((default, default))
    }

    /// Widths of the sections beside a list; `None` if no column is left for the list.
    fn widths_with_list(&self, order: fn(&mut Widths) -> [&mut i64; 5]) -> Option<Widths> {
        let mut w = self.widths();
        let excess = w.left + w.centre + w.right + w.list + w.after - self.available;
        Widths::trim(excess, &mut order(&mut w));
        (w.list != 0).then_some(w)
    }

    fn without_list(&mut self) {
        let mut w = self.widths();
        let excess = w.left + w.centre + w.right - self.available;
        Widths::trim(excess, &mut [&mut w.centre, &mut w.right, &mut w.left]);
        self.put(Slot::Left, 0, 0, w.left);
        self.put_right(Slot::Right, self.available, w.right);
        self.put_centre(w.left, self.available - w.right, w.centre);
        self.put_absolute_centre(w.absolute);
    }

    fn list_on_left(&mut self) {
        let Some(w) = self.widths_with_list(Widths::centre_first) else { return self.without_list() };
        self.put(Slot::Left, 0, 0, w.left);
        self.put_right(Slot::Right, self.available, w.right);
        self.put(Slot::After, w.left + w.list, 0, w.after);
        self.put_centre(w.left + w.list + w.after, self.available - w.right, w.centre);
        self.put_list(w.left, w.list, self.focus_or(0));
        self.put_absolute_centre(w.absolute);
    }

    fn list_in_centre(&mut self) {
        let Some(w) = self.widths_with_list(Widths::list_first) else { return self.without_list() };
        self.put(Slot::Left, 0, 0, w.left);
        self.put_right(Slot::Right, self.available, w.right);
        let middle = w.left + (self.available - w.right - w.left) / 2;
        let list_at = middle - w.list / 2;
        self.put(Slot::Centre, list_at - w.centre, 0, w.centre);
        self.put(Slot::After, list_at + w.list, 0, w.after);
        let whole = self.section(Slot::List).width();
        self.put_list(list_at, w.list, self.focus_or(whole / 2));
        self.put_absolute_centre(w.absolute);
    }

    fn list_on_right(&mut self) {
        let Some(w) = self.widths_with_list(Widths::centre_first) else { return self.without_list() };
        self.put(Slot::Left, 0, 0, w.left);
        self.put_right(Slot::After, self.available, w.after);
        let right_at = self.available - w.right - w.list - w.after;
        self.put(Slot::Right, right_at, 0, w.right);
        self.put_centre(w.left, right_at, w.centre);
        self.put_list(self.available - w.list - w.after, w.list, self.focus_or(0));
        self.put_absolute_centre(w.absolute);
    }

    /// Draws the list over the left, centre and right sections, beside the absolute centre and the text
    /// after the list.
    fn list_in_absolute_centre(&mut self) {
        let mut w = self.widths();
        let excess = w.left + w.centre + w.right - self.available;
        Widths::trim(excess, &mut [&mut w.centre, &mut w.right, &mut w.left]);
        let excess = w.list + w.after + w.absolute - self.available;
        Widths::trim(excess, &mut [&mut w.list, &mut w.after, &mut w.absolute]);
        self.put(Slot::Left, 0, 0, w.left);
        self.put_right(Slot::Right, self.available, w.right);
        let middle = w.left + (self.available - w.right - w.left) / 2;
        self.put(Slot::Centre, middle - w.centre, 0, w.centre);
        let whole = self.section(Slot::List).width();
        let mut offset = (self.available - w.list - w.absolute) / 2;
        self.put(Slot::AbsoluteCentre, offset, 0, w.absolute);
        offset += w.absolute;
        self.put_list(offset, w.list, self.focus_or(whole / 2));
        offset += w.list;
        self.put(Slot::After, offset, 0, w.after);
    }
}

#[cfg(test)]
mod tests;
