//! Adding cells to a layout (splits, floating panes) and removing them.

use crate::base::{PaneId, Size};

use super::{Axis, CellId, CellKind, Layout, LayoutCell, PANE_MINIMUM, Rules};

/// Place and size of the new pane of a split.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SplitPlace {
    pub axis: Axis,
    /// Size of the new pane in cells; `None`: half.
    pub size: Option<i32>,
    /// Left of or above the old pane.
    pub before: bool,
    /// Split the whole window, not only the pane.
    pub full: bool,
}

impl Layout {
    /// Makes room for a new pane beside `pane`, and returns its empty cell; `None` when there is not
    /// enough room.
    pub fn split(&mut self, pane: PaneId, place: SplitPlace, rules: &Rules) -> Option<CellId> {
        let axis = place.axis;
        let old = if place.full { self.root? } else { self.find(pane)? };
        let LayoutCell { size, x, y, parent, .. } = *self.cell(old);
        let whole = self.cell(old).along(axis);
        let minimum = match (axis, rules.scrollbar_cols) {
            (Axis::LeftRight, Some(cols)) => PANE_MINIMUM * 2 + cols,
            (Axis::LeftRight, None) => PANE_MINIMUM * 2 + 1,
            (Axis::TopBottom, _) => PANE_MINIMUM * 2 + 1 + u32::from(self.needs_status_row(old, rules)),
        };
        if whole < minimum {
            return None;
        }
        let (first, second) = split_sizes(whole, place);
        let kept = if place.before { second } else { first };
        if place.full && !self.can_resize(old, axis, kept, rules) {
            return None;
        }
        let mut resized = false;
        let new = if let Some(parent) = parent.filter(|&p| self.cell(p).runs(axis)) {
            let new = self.add(LayoutCell::leaf(Some(parent), size, x, y));
            let at = self.position(old).expect("a cell is among its parent's children").1;
            self.cell_mut(parent).children.insert(if place.before { at } else { at + 1 }, new);
            new
        } else if place.full && self.cell(old).runs(axis) {
            resized = true;
            self.split_root(old, axis, kept, place.before, rules)
        } else {
            self.split_nested(old, axis, place.before)
        };
        if !resized {
            let (a, b) = if place.before { (new, old) } else { (old, new) };
            self.set_pair(axis, a, b, (first, second), (size, x, y));
        }
        if place.full {
            if !resized {
                self.fit_children(old, rules);
            }
            self.fix_offsets();
        }
        Some(new)
    }

    /// Gives two neighbouring cells their sizes and places within the space of one.
    fn set_pair(
        &mut self,
        axis: Axis,
        a: CellId,
        b: CellId,
        sizes: (u32, u32),
        (size, x, y): (Size, i32, i32),
    ) {
        let ((size_a, size_b), (bx, by)) = match axis {
            Axis::LeftRight => (
                (Size::new(sizes.0, size.rows), Size::new(sizes.1, size.rows)),
                (x.wrapping_add_unsigned(sizes.0 + 1), y),
            ),
            Axis::TopBottom => (
                (Size::new(size.cols, sizes.0), Size::new(size.cols, sizes.1)),
                (x, y.wrapping_add_unsigned(sizes.0 + 1)),
            ),
        };
        let cell = self.cell_mut(a);
        (cell.size, cell.x, cell.y) = (size_a, x, y);
        let cell = self.cell_mut(b);
        (cell.size, cell.x, cell.y) = (size_b, bx, by);
    }

    /// A full-size split along the root's own axis: shrinks the present children and adds one.
    fn split_root(&mut self, root: CellId, axis: Axis, kept: u32, before: bool, rules: &Rules) -> CellId {
        let size = self.cell(root).size;
        let whole = self.cell(root).along(axis);
        self.cell_mut(root).set_along(axis, kept);
        self.fit_children(root, rules);
        self.cell_mut(root).set_along(axis, whole);
        let mut cell = LayoutCell::leaf(Some(root), size, 0, 0);
        cell.set_along(axis, whole.wrapping_sub(1).wrapping_sub(kept));
        let new = self.add(cell);
        let children = &mut self.cell_mut(root).children;
        let at = if before { 0 } else { children.len() };
        children.insert(at, new);
        new
    }

    /// Replaces a cell by a new node that holds it and a new cell.
    fn split_nested(&mut self, old: CellId, axis: Axis, before: bool) -> CellId {
        let LayoutCell { size, x, y, parent, .. } = *self.cell(old);
        let node = self.add(LayoutCell { kind: axis.into(), ..LayoutCell::leaf(parent, size, x, y) });
        self.replace(old, node);
        self.cell_mut(old).parent = Some(node);
        let new = self.add(LayoutCell::leaf(Some(node), size, x, y));
        self.cell_mut(node).children = if before { vec![new, old] } else { vec![old, new] };
        new
    }

    /// Size for one child of a cell that changes from `previous` to `size`, in proportion; `left` is the
    /// space for the children that remain.
    fn proportional(
        &self,
        id: CellId,
        axis: Axis,
        (previous, size): (u32, u32),
        (count_left, left): (u32, u32),
        rules: &Rules,
    ) -> u32 {
        if count_left == 1 {
            return left;
        }
        let now = self.cell(id).along(axis);
        let fixed = now.wrapping_sub(self.available(id, axis, rules));
        let min = ((PANE_MINIMUM + 1) * (count_left - 1)).max(fixed);
        let wanted = now.wrapping_mul(size) / previous.max(1);
        wanted.min(left.wrapping_sub(min)).max(PANE_MINIMUM)
    }

    /// True if a cell with all cells below it can be made `size` along an axis.
    fn can_resize(&self, id: CellId, axis: Axis, size: u32, rules: &Rules) -> bool {
        let cell = self.cell(id);
        if cell.is_leaf() {
            return size as i32 >= PANE_MINIMUM as i32;
        }
        if !cell.runs(axis) {
            let nodes = cell.children.iter().filter(|&&c| !self.cell(c).is_leaf());
            return nodes.into_iter().all(|&child| self.can_resize(child, axis, size, rules));
        }
        let count = cell.children.len() as u32;
        let mut left = size;
        if left < count * 2 - 1 {
            return false;
        }
        for (index, &child) in (0u32..).zip(&cell.children) {
            let scale = (cell.along(axis), size);
            let new = self.proportional(child, axis, scale, (count - index, left), rules);
            let taken = if index == count - 1 { new } else { new.wrapping_add(1) };
            if taken > left || !self.can_resize(child, axis, new, rules) {
                return false;
            }
            left -= taken;
        }
        true
    }

    /// Fits all children of a cell into its size, in proportion to their old sizes.
    pub(super) fn fit_children(&mut self, id: CellId, rules: &Rules) {
        let LayoutCell { size, x, y, kind, .. } = *self.cell(id);
        let (axis, other) = match kind {
            CellKind::LeftRight => (Axis::LeftRight, Axis::TopBottom),
            CellKind::TopBottom => (Axis::TopBottom, Axis::LeftRight),
            CellKind::Pane(_) => return,
        };
        let children = self.cell(id).children.iter().copied();
        let tiled: Vec<CellId> = children.filter(|&c| !self.cell(c).floating).collect();
        let count = tiled.len() as u32;
        let used: u32 = tiled.iter().map(|&c| self.cell(c).along(axis)).sum();
        let previous = used.wrapping_add(count).wrapping_sub(1);
        let (whole, across) = (self.cell(id).along(axis), self.cell(id).along(other));
        let mut left = whole;
        for (index, child) in (0u32..).zip(tiled) {
            let new = self.proportional(child, axis, (previous, whole), (count - index, left), rules);
            left = left.wrapping_sub(new.wrapping_add(1));
            let cell = self.cell_mut(child);
            cell.set_along(axis, new);
            cell.set_along(other, across);
            match axis {
                Axis::LeftRight => cell.y = y,
                Axis::TopBottom => cell.x = x,
            }
            self.fit_children(child, rules);
        }
        debug_assert!(self.cell(id).size == size);
    }

    /// Adds a cell for a floating pane to the root, which becomes a node if it was a pane.
    pub fn add_floating(&mut self, window: Size, size: Size, x: i32, y: i32) -> Option<CellId> {
        let root = self.root?;
        let parent = if self.cell(root).is_leaf() {
            let cell = LayoutCell { kind: CellKind::TopBottom, ..LayoutCell::leaf(None, window, 0, 0) };
            let node = self.add(cell);
            self.cell_mut(node).children.push(root);
            self.cell_mut(root).parent = Some(node);
            self.root = Some(node);
            node
        } else {
            root
        };
        let new = self.add(LayoutCell { floating: true, ..LayoutCell::leaf(Some(parent), size, x, y) });
        self.cell_mut(parent).children.push(new);
        Some(new)
    }

    /// Takes a cell out of the tree; a neighbour gets its space, and a node left with one child is
    /// removed too. Offsets are not fixed here.
    pub fn remove(&mut self, id: CellId, rules: &Rules) {
        let LayoutCell { size, floating, .. } = *self.cell(id);
        let Some((parent, at)) = self.position(id) else {
            self.root = None;
            self.free(id);
            return;
        };
        let neighbour = if at == 0 { self.next(id) } else { self.previous(id) };
        if !floating && let Some(neighbour) = neighbour.filter(|&n| !self.cell(n).floating) {
            let (axis, freed) = match self.cell(parent).kind {
                CellKind::LeftRight => (Axis::LeftRight, size.cols),
                _ => (Axis::TopBottom, size.rows),
            };
            self.adjust(neighbour, axis, (freed + 1) as i32, rules);
        }
        self.cell_mut(parent).children.remove(at);
        self.free(id);
        if let [only] = self.cell(parent).children[..] {
            self.replace(parent, only);
            let above = self.cell(parent).parent;
            let cell = self.cell_mut(only);
            cell.parent = above;
            if above.is_none() && !cell.floating {
                (cell.x, cell.y) = (0, 0);
            }
            self.cells[parent] = None;
        }
    }

    /// Removes a cell and all below it from the arena.
    fn free(&mut self, id: CellId) {
        if let Some(cell) = self.cells[id].take() {
            for child in cell.children {
                self.free(child);
            }
        }
    }
}

/// Sizes of the first and second cell of a split of `whole`, without the border between them.
fn split_sizes(whole: u32, place: SplitPlace) -> (u32, u32) {
    let second = match place.size {
        None => whole.div_ceil(2).wrapping_sub(1),
        Some(size) if size < 0 => whole.div_ceil(2).wrapping_sub(1),
        Some(size) if place.before => whole.wrapping_sub(size as u32).wrapping_sub(1),
        Some(size) => size as u32,
    };
    let second = if second < PANE_MINIMUM { PANE_MINIMUM } else { second.min(whole - 2) };
    (whole - 1 - second, second)
}
