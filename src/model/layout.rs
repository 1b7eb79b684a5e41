//! The layout tree of a window: how tiled panes share it, and where floating ones lie.
//!
//! An arena of cells addressed by index; cell 0 is the root while there is one. The operations
//! (split, resize, spread, presets, parsing of layout strings) are in the files below.

use crate::base::{PaneId, Size};

pub type CellId = usize;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CellKind {
    /// Children side by side.
    LeftRight,
    /// Children one above the other.
    TopBottom,
    /// A leaf. `None` only while a layout is being built.
    Pane(Option<PaneId>),
}

/// One cell of the tree.
#[derive(Clone, Debug)]
pub struct LayoutCell {
    pub kind: CellKind,
    pub parent: Option<CellId>,
    pub children: Vec<CellId>,
    pub size: Size,
    pub x: i32,
    pub y: i32,
    pub floating: bool,
}

/// A layout tree. Removed cells leave a hole that is used again.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub cells: Vec<Option<LayoutCell>>,
    pub root: Option<CellId>,
}

impl Layout {
    pub fn cell(&self, id: CellId) -> &LayoutCell {
        self.cells[id].as_ref().expect("a cell id stays valid while its cell is in the tree")
    }

    pub fn cell_mut(&mut self, id: CellId) -> &mut LayoutCell {
        self.cells[id].as_mut().expect("a cell id stays valid while its cell is in the tree")
    }

    /// Adds a cell to the arena (not to the tree).
    pub fn add(&mut self, cell: LayoutCell) -> CellId {
        if let Some(free) = self.cells.iter().position(Option::is_none) {
            self.cells[free] = Some(cell);
            return free;
        }
        self.cells.push(Some(cell));
        self.cells.len() - 1
    }

    /// The cell of a pane.
    pub fn find(&self, pane: PaneId) -> Option<CellId> {
        self.cells.iter().position(|c| c.as_ref().is_some_and(|c| c.kind == CellKind::Pane(Some(pane))))
    }
}
