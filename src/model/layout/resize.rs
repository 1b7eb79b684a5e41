//! Changing sizes within a layout: of one pane at the cost of its neighbours, of all for a new window
//! size, and evenly.

use crate::base::{PaneId, Size};

use super::{Axis, CellId, Layout, PANE_MINIMUM, Rules};

impl Layout {
    /// Number of rows or columns by which a cell can shrink along an axis.
    pub fn available(&self, id: CellId, axis: Axis, rules: &Rules) -> u32 {
        let cell = self.cell(id);
        if cell.is_leaf() {
            let extra = match axis {
                Axis::LeftRight => rules.scrollbar_cols.unwrap_or(0),
                Axis::TopBottom => u32::from(self.needs_status_row(id, rules)),
            };
            return cell.along(axis).saturating_sub(PANE_MINIMUM + extra);
        }
        let children = cell.children.iter().map(|&child| self.available(child, axis, rules));
        if cell.runs(axis) {
            children.fold(0, u32::saturating_add)
        } else {
            children.min().unwrap_or(u32::MAX)
        }
    }

    /// Changes a cell by `change`, spreading it over its children in turn. The caller has checked that
    /// there is room.
    pub fn adjust(&mut self, id: CellId, axis: Axis, change: i32, rules: &Rules) {
        let cell = self.cell_mut(id);
        cell.set_along(axis, cell.along(axis).wrapping_add_signed(change));
        let along = cell.runs(axis);
        let children = cell.children.clone();
        let tiled: Vec<CellId> = children.into_iter().filter(|&c| !self.cell(c).floating).collect();
        if !along {
            for child in tiled {
                self.adjust(child, axis, change, rules);
            }
            return;
        }
        let mut left = change;
        while left != 0 {
            let before = left;
            for &child in &tiled {
                if left > 0 {
                    self.adjust(child, axis, 1, rules);
                    left -= 1;
                } else if left < 0 && self.available(child, axis, rules) > 0 {
                    self.adjust(child, axis, -1, rules);
                    left += 1;
                }
            }
            if left == before {
                break;
            }
        }
    }

    /// Fits the layout to a new window size, as far as minimum sizes allow.
    pub fn resize(&mut self, size: Size, rules: &Rules) {
        let Some(root) = self.root else { return };
        if self.cell(root).is_leaf() && self.cell(root).floating {
            return;
        }
        for (axis, wanted) in [(Axis::LeftRight, size.cols), (Axis::TopBottom, size.rows)] {
            let now = self.cell(root).along(axis);
            let limit = self.available(root, axis, rules) as i32;
            let mut change = wanted as i32 - now as i32;
            if change < 0 && change < -limit {
                change = -limit;
            }
            if limit == 0 && wanted <= now {
                change = 0;
            }
            if change != 0 {
                self.adjust(root, axis, change, rules);
            }
        }
        self.fix_offsets();
    }

    /// The cell to resize for a pane along an axis, and its parent: the first parent that runs that way.
    fn resizable(&self, pane: PaneId, axis: Axis) -> Option<(CellId, CellId)> {
        let mut id = self.find(pane)?;
        loop {
            let parent = self.cell(id).parent?;
            if self.cell(parent).runs(axis) {
                return Some((id, parent));
            }
            id = parent;
        }
    }

    /// Resizes a pane. Returns false if there is no neighbour to resize against.
    pub fn resize_pane_to(&mut self, pane: PaneId, axis: Axis, size: u32, rules: &Rules) -> bool {
        let Some((id, parent)) = self.resizable(pane, axis) else { return false };
        let now = self.cell(id).along(axis) as i32;
        let last = self.cell(parent).children.last() == Some(&id);
        let change = if last { now.wrapping_sub(size as i32) } else { (size as i32).wrapping_sub(now) };
        self.resize_pane(pane, axis, change, true, rules)
    }

    /// Moves the border after a pane (before it, if it is the last) by `change`. With `opposite`, room
    /// may also be taken from cells on the other side. Returns false if there is no border to move.
    pub fn resize_pane(
        &mut self,
        pane: PaneId,
        axis: Axis,
        change: i32,
        opposite: bool,
        rules: &Rules,
    ) -> bool {
        let Some((mut id, parent)) = self.resizable(pane, axis) else { return false };
        if self.cell(parent).children.last() == Some(&id) {
            let Some(previous) = self.previous(id) else { return false };
            id = previous;
        }
        self.resize_cell(id, axis, change, opposite, rules);
        true
    }

    /// Moves the border after a cell by `change`.
    pub fn resize_cell(&mut self, id: CellId, axis: Axis, change: i32, opposite: bool, rules: &Rules) {
        let mut needed = change.unsigned_abs();
        while needed != 0 {
            let moved = if change > 0 {
                self.grow(id, axis, needed, opposite, rules)
            } else {
                self.shrink(id, axis, needed, rules)
            };
            if moved == 0 {
                break;
            }
            needed -= moved;
        }
        self.fix_offsets();
    }

    /// Grows a cell by up to `needed` at the cost of the first cell that can shrink; returns by how much.
    fn grow(&mut self, id: CellId, axis: Axis, needed: u32, opposite: bool, rules: &Rules) -> u32 {
        let Some((parent, at)) = self.position(id) else { return 0 };
        let children = self.cell(parent).children.clone();
        let gives = |cell: &&CellId| self.available(**cell, axis, rules) > 0;
        let mut giver = children[at + 1..].iter().find(gives);
        if giver.is_none() && opposite {
            giver = children[..at].iter().rev().find(gives);
        }
        let Some(&giver) = giver else { return 0 };
        self.give(giver, id, axis, needed, rules)
    }

    /// Takes up to `needed` from one cell for another; returns how much.
    fn give(&mut self, giver: CellId, taker: CellId, axis: Axis, needed: u32, rules: &Rules) -> u32 {
        let size = self.available(giver, axis, rules).min(needed);
        self.adjust(taker, axis, size as i32, rules);
        self.adjust(giver, axis, -(size as i32), rules);
        size
    }

    /// Takes up to `needed` from a cell or those before it and gives it to the next one.
    fn shrink(&mut self, id: CellId, axis: Axis, needed: u32, rules: &Rules) -> u32 {
        let Some((parent, at)) = self.position(id) else { return 0 };
        let children = self.cell(parent).children.clone();
        let giver = children[..=at].iter().rev().find(|&&c| self.available(c, axis, rules) > 0);
        let (Some(&giver), Some(&taker)) = (giver, children.get(at + 1)) else { return 0 };
        self.give(giver, taker, axis, needed, rules)
    }

    /// Makes the children of a cell as equal as possible. Returns true if that changed anything.
    pub(super) fn spread_cell(&mut self, parent: CellId, rules: &Rules) -> bool {
        let axis = match self.cell(parent).kind {
            super::CellKind::LeftRight => Axis::LeftRight,
            super::CellKind::TopBottom => Axis::TopBottom,
            super::CellKind::Pane(_) => return false,
        };
        let children = self.cell(parent).children.clone();
        let number = children.len() as u32;
        if number <= 1 {
            return false;
        }
        let rows = axis == Axis::TopBottom;
        let mut size = self.cell(parent).along(axis);
        if rows && self.needs_status_row(parent, rules) {
            size = size.wrapping_sub(1);
        }
        if size < number - 1 {
            return false;
        }
        let each = (size - (number - 1)) / number;
        if each == 0 {
            return false;
        }
        let mut remainder = size.wrapping_sub(number * (each + 1)).wrapping_add(1);
        let mut changed = false;
        for child in children {
            let mut wanted = each;
            if rows && self.needs_status_row(child, rules) {
                wanted += 1;
            }
            if remainder > 0 {
                wanted += 1;
                remainder -= 1;
            }
            let change = wanted as i32 - self.cell(child).along(axis) as i32;
            self.adjust(child, axis, change, rules);
            changed |= change != 0;
        }
        changed
    }

    /// Spreads the cells around a pane evenly, at the innermost level where that changes something
    /// (`select-layout -E`). Returns true if it did.
    pub fn spread_out(&mut self, pane: PaneId, rules: &Rules) -> bool {
        let mut parent = self.find(pane).and_then(|id| self.cell(id).parent);
        while let Some(id) = parent {
            if self.spread_cell(id, rules) {
                self.fix_offsets();
                return true;
            }
            parent = self.cell(id).parent;
        }
        false
    }
}
