//! The layout tree of a window: how tiled panes share it, and the places of floating ones.
//!
//! An arena of cells addressed by index. `resize` changes sizes, `split` adds and removes cells,
//! `presets` builds whole trees, `text` reads and prints layout strings. All of it is pure geometry: the
//! space for status lines and scrollbars comes in as `Rules`.

use serde::{Deserialize, Serialize};

use crate::base::{PaneId, Size};

mod presets;
mod resize;
mod split;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use presets::{PRESETS, PresetOptions, preset_lookup};
pub(crate) use split::SplitPlace;
pub(crate) use text::LayoutError;
pub use text::checksum;

pub(crate) type CellId = usize;

/// Smallest width or height of a pane.
pub(crate) const PANE_MINIMUM: u32 = 1;

/// The direction in which the children of a cell are arranged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Axis {
    /// Side by side: sizes are columns.
    LeftRight,
    /// One above the other: sizes are rows.
    TopBottom,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum CellKind {
    /// Children side by side.
    LeftRight,
    /// Children one above the other.
    TopBottom,
    /// A leaf. `None` only while a layout is being built.
    Pane(Option<PaneId>),
}

impl From<Axis> for CellKind {
    fn from(axis: Axis) -> Self {
        match axis {
            Axis::LeftRight => CellKind::LeftRight,
            Axis::TopBottom => CellKind::TopBottom,
        }
    }
}

/// Position of the panes' status lines (`pane-border-status`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BorderStatus {
    #[default]
    Off,
    Top,
    Bottom,
}

/// Space to leave free beside panes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    pub status: BorderStatus,
    /// Columns of a scrollbar with its padding, when scrollbars are not off.
    pub scrollbar_cols: Option<u32>,
}

/// One cell of the tree.
#[derive(Clone, Hash, Debug, Serialize, Deserialize)]
pub struct LayoutCell {
    pub kind: CellKind,
    pub parent: Option<CellId>,
    pub children: Vec<CellId>,
    pub size: Size,
    pub x: i32,
    pub y: i32,
    pub floating: bool,
}

impl LayoutCell {
    /// A leaf without a pane.
    pub fn leaf(parent: Option<CellId>, size: Size, x: i32, y: i32) -> Self {
        Self { kind: CellKind::Pane(None), parent, children: Vec::new(), size, x, y, floating: false }
    }

    pub fn is_leaf(&self) -> bool {
        matches!(self.kind, CellKind::Pane(_))
    }

    /// Size along an axis.
    pub fn along(&self, axis: Axis) -> u32 {
        match axis {
            Axis::LeftRight => self.size.cols,
            Axis::TopBottom => self.size.rows,
        }
    }

    pub fn set_along(&mut self, axis: Axis, size: u32) {
        match axis {
            Axis::LeftRight => self.size.cols = size,
            Axis::TopBottom => self.size.rows = size,
        }
    }

    /// True if children follow each other along this axis.
    pub fn runs(&self, axis: Axis) -> bool {
        self.kind == axis.into()
    }
}

/// A layout tree. Removed cells leave a hole that is reused.
#[derive(Clone, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Layout {
    pub cells: Vec<Option<LayoutCell>>,
    pub root: Option<CellId>,
}

impl Layout {
    /// A layout of one pane that fills the window.
    pub fn single(pane: PaneId, size: Size) -> Self {
        let mut layout = Self::default();
        let cell = LayoutCell { kind: CellKind::Pane(Some(pane)), ..LayoutCell::leaf(None, size, 0, 0) };
        layout.root = Some(layout.add(cell));
        layout
    }

    pub fn cell(&self, id: CellId) -> &LayoutCell {
        self.cells[id].as_ref().expect("a cell id stays valid while its cell is in the tree")
    }

    pub fn cell_mut(&mut self, id: CellId) -> &mut LayoutCell {
        self.cells[id].as_mut().expect("a cell id stays valid while its cell is in the tree")
    }

    /// Adds a cell to the arena (not to its parent's children).
    pub fn add(&mut self, cell: LayoutCell) -> CellId {
        if let Some(free) = self.cells.iter().position(Option::is_none) {
            self.cells[free] = Some(cell);
            return free;
        }
        if self.cells.is_empty() {
            // Most windows have a single pane.
            self.cells.reserve_exact(1);
        }
        self.cells.push(Some(cell));
        self.cells.len() - 1
    }

    /// Adds a leaf at the end of a cell's children.
    fn add_leaf(&mut self, parent: CellId, pane: Option<PaneId>, size: Size) -> CellId {
        let cell = LayoutCell { kind: CellKind::Pane(pane), ..LayoutCell::leaf(Some(parent), size, 0, 0) };
        let id = self.add(cell);
        self.cell_mut(parent).children.push(id);
        id
    }

    /// Size of the whole layout; zero without a root.
    pub fn size(&self) -> Size {
        self.root.map_or(Size::default(), |root| self.cell(root).size)
    }

    /// True if this is one tree whose leaves are panes. Every layout is, but not all that can be read
    /// from a file.
    pub fn is_sound(&self) -> bool {
        let Some(root) = self.root else { return false };
        let mut seen = vec![false; self.cells.len()];
        let mut next = vec![(root, None)];
        while let Some((id, parent)) = next.pop() {
            let Some(Some(cell)) = self.cells.get(id) else { return false };
            let fits = cell.is_leaf() == cell.children.is_empty() && cell.kind != CellKind::Pane(None);
            if std::mem::replace(&mut seen[id], true) || cell.parent != parent || !fits {
                return false;
            }
            next.extend(cell.children.iter().map(|&child| (child, Some(id))));
        }
        self.cells.iter().zip(seen).all(|(cell, seen)| cell.is_some() == seen)
    }

    /// The cell of a pane.
    pub fn find(&self, pane: PaneId) -> Option<CellId> {
        self.cells.iter().position(|c| c.as_ref().is_some_and(|c| c.kind == CellKind::Pane(Some(pane))))
    }

    /// True if a pane floats.
    pub fn is_floating(&self, pane: PaneId) -> bool {
        self.find(pane).is_some_and(|id| self.cell(id).floating)
    }

    /// Puts a pane into a cell, which becomes a leaf.
    pub fn assign(&mut self, id: CellId, pane: PaneId) {
        let cell = self.cell_mut(id);
        cell.kind = CellKind::Pane(Some(pane));
        cell.children.clear();
    }

    /// Panes in tree order.
    pub fn panes(&self) -> Vec<PaneId> {
        let mut out = Vec::new();
        if let Some(root) = self.root {
            self.collect_panes(root, &mut out);
        }
        out
    }

    fn collect_panes(&self, id: CellId, out: &mut Vec<PaneId>) {
        let cell = self.cell(id);
        if let CellKind::Pane(pane) = cell.kind {
            out.extend(pane);
        }
        for &child in &cell.children {
            self.collect_panes(child, out);
        }
    }

    /// Leaves at and below a cell.
    fn leaves(&self, id: CellId, out: &mut Vec<CellId>) {
        let cell = self.cell(id);
        if cell.is_leaf() {
            out.push(id);
        }
        for &child in &cell.children {
            self.leaves(child, out);
        }
    }

    /// Parent of a cell, and its position among the parent's children.
    fn position(&self, id: CellId) -> Option<(CellId, usize)> {
        let parent = self.cell(id).parent?;
        self.cell(parent).children.iter().position(|&c| c == id).map(|at| (parent, at))
    }

    fn next(&self, id: CellId) -> Option<CellId> {
        let (parent, at) = self.position(id)?;
        self.cell(parent).children.get(at + 1).copied()
    }

    fn previous(&self, id: CellId) -> Option<CellId> {
        let (parent, at) = self.position(id)?;
        at.checked_sub(1).map(|at| self.cell(parent).children[at])
    }

    /// Puts `new` in the place of `old`: among its parent's children, or as the root.
    fn replace(&mut self, old: CellId, new: CellId) {
        match self.position(old) {
            Some((parent, at)) => self.cell_mut(parent).children[at] = new,
            None => self.root = Some(new),
        }
    }

    /// True if only floating panes are between a cell and the window's edge (`last`: the bottom one, else
    /// the top one).
    fn touches_edge(&self, mut id: CellId, last: bool) -> bool {
        while Some(id) != self.root {
            let Some(parent) = self.cell(id).parent else { return false };
            if self.cell(parent).runs(Axis::TopBottom) {
                let mut tiled = self.cell(parent).children.iter().filter(|&&c| !self.cell(c).floating);
                let edge = if last { tiled.next_back() } else { tiled.next() };
                if edge != Some(&id) {
                    return false;
                }
            }
            id = parent;
        }
        true
    }

    /// True if a cell needs an additional row for a status line that has no border: only at the top or
    /// bottom edge of the window.
    pub fn needs_status_row(&self, id: CellId, rules: &Rules) -> bool {
        match rules.status {
            BorderStatus::Off => false,
            BorderStatus::Top => self.touches_edge(id, false),
            BorderStatus::Bottom => self.touches_edge(id, true),
        }
    }

    /// Recomputes the offsets of tiled cells from their sizes.
    pub fn fix_offsets(&mut self) {
        let Some(root) = self.root else { return };
        if self.cell(root).floating {
            return;
        }
        (self.cell_mut(root).x, self.cell_mut(root).y) = (0, 0);
        self.fix_children(root);
    }

    fn fix_children(&mut self, id: CellId) {
        let cell = self.cell(id);
        let (mut x, mut y, left_right) = (cell.x, cell.y, cell.runs(Axis::LeftRight));
        for child in cell.children.clone() {
            let cell = self.cell_mut(child);
            if cell.floating {
                continue;
            }
            (cell.x, cell.y) = (x, y);
            if left_right {
                x = x.wrapping_add_unsigned(cell.size.cols).wrapping_add(1);
            } else {
                y = y.wrapping_add_unsigned(cell.size.rows).wrapping_add(1);
            }
            if !cell.is_leaf() {
                self.fix_children(child);
            }
        }
    }

    /// The cell left of or above the border at a position of the window, for dragging that border.
    pub fn search_by_border(&self, x: i32, y: i32) -> Option<CellId> {
        self.border_below(self.root?, x, y)
    }

    fn border_below(&self, id: CellId, x: i32, y: i32) -> Option<CellId> {
        let parent = self.cell(id);
        let mut last: Option<CellId> = None;
        for &child in &parent.children {
            let cell = self.cell(child);
            let (right, bottom) = (cell.x + cell.size.cols as i32, cell.y + cell.size.rows as i32);
            if x >= cell.x && x < right && y >= cell.y && y < bottom {
                return self.border_below(child, x, y);
            }
            if let Some(before) = last {
                let previous = self.cell(before);
                let between = match parent.kind {
                    CellKind::LeftRight => x < cell.x && x >= previous.x + previous.size.cols as i32,
                    CellKind::TopBottom => y < cell.y && y >= previous.y + previous.size.rows as i32,
                    CellKind::Pane(_) => false,
                };
                if between {
                    return Some(before);
                }
            }
            last = Some(child);
        }
        None
    }

    /// Exchanges two panes of this layout.
    pub fn swap_panes(&mut self, a: PaneId, b: PaneId) {
        let (cell_a, cell_b) = (self.find(a), self.find(b));
        if let Some(id) = cell_a {
            self.cell_mut(id).kind = CellKind::Pane(Some(b));
        }
        if let Some(id) = cell_b {
            self.cell_mut(id).kind = CellKind::Pane(Some(a));
        }
    }
}
