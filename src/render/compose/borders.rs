//! Geometry of the space between panes: which cells of a window are borders, of what kind and of
//! which pane; no colours or characters.
//!
//! Coordinates are relative to the window. Panes are given top first. A border between two tiled
//! panes belongs to the first pane, in stacking order, that touches the cell; whether the border
//! looks active is a separate question to the active pane (`touches`).

use crate::base::{PaneId, Size};

/// Kind of a window's cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum CellKind {
    Inside,
    TopBottom,
    LeftRight,
    TopLeft,
    TopRight,
    BottomLeft,
    BottomRight,
    TopJoin,
    BottomJoin,
    LeftJoin,
    RightJoin,
    Join,
    Outside,
    Scrollbar,
}

/// A side of a pane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Outside,
    Inside,
    Left,
    Right,
    Top,
    Bottom,
}

/// Position of the `pane-border-status` lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum PaneStatus {
    #[default]
    Off,
    Top,
    Bottom,
}

/// Indicators that show the active pane.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Indicators {
    pub colour: bool,
    pub arrows: bool,
}

/// Arrangement of the two tiled panes of a window that has exactly two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TwoPanes {
    SideBySide,
    Stacked,
}

/// A pane's geometry, as far as borders need it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct PaneBox {
    pub id: PaneId,
    pub x: i32,
    pub y: i32,
    pub cols: i32,
    pub rows: i32,
    pub floating: bool,
    /// False for a floating pane without lines around it (`new-pane -B none`).
    pub framed: bool,
    /// False if a zoomed pane hides it.
    pub visible: bool,
    /// Columns of a scrollbar and its padding, if one were shown; and true if one is shown.
    pub bar_cols: i32,
    pub bar_shown: bool,
    /// Width of the pane's border status line.
    pub status_cols: i32,
}

impl PaneBox {
    fn right(&self) -> i32 {
        self.x + self.cols
    }

    fn bottom(&self) -> i32 {
        self.y + self.rows
    }

    fn shown_bar(&self) -> i32 {
        if self.bar_shown { self.bar_cols } else { 0 }
    }
}

/// All inputs of the border geometry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct BorderLayout {
    pub size: Size,
    /// Top first.
    pub panes: Vec<PaneBox>,
    /// Index into `panes`.
    pub active: usize,
    /// The pane with the lowest index of the window.
    pub first: PaneId,
    pub two_panes: Option<TwoPanes>,
    pub status: PaneStatus,
    pub indicators: Indicators,
    /// Scrollbars are on (always or in modes); scrollbars are on the left.
    pub bars_on: bool,
    pub bars_left: bool,
}

impl BorderLayout {
    fn left_bars(&self) -> bool {
        self.bars_on && self.bars_left
    }

    /// Side of a pane's border that a cell is on.
    pub(super) fn side(&self, pane: &PaneBox, x: i32, y: i32) -> Side {
        if x >= pane.x && x < pane.right() && y >= pane.y && y < pane.bottom() {
            return Side::Inside;
        }
        if pane.floating && !pane.framed {
            return Side::Outside;
        }
        if pane.floating { self.floating_side(pane, x, y) } else { self.tiled_side(pane, x, y) }
    }

    fn floating_side(&self, pane: &PaneBox, x: i32, y: i32) -> Side {
        let bar = pane.shown_bar();
        let (mut left, mut right) = (pane.x - 1, pane.right());
        if self.left_bars() {
            left -= bar;
        } else {
            right += bar;
        }
        if y >= pane.y - 1 && y <= pane.bottom() {
            if x == left {
                return Side::Left;
            }
            if x == right {
                return Side::Right;
            }
        }
        if x > left && x <= right {
            if y == pane.y - 1 {
                return Side::Top;
            }
            if y == pane.bottom() {
                return Side::Bottom;
            }
        }
        Side::Outside
    }

    fn tiled_side(&self, pane: &PaneBox, x: i32, y: i32) -> Side {
        // With two panes and colour indicators, each pane gets half of the shared border.
        let two = self.two_panes.filter(|_| self.indicators.colour);
        let halves_y = two == Some(TwoPanes::SideBySide);
        let halves_x = two == Some(TwoPanes::Stacked);
        if (pane.y == 0 || y >= pane.y - 1) && y <= pane.bottom() {
            let upper = !halves_y || y <= pane.rows / 2;
            let lower = !halves_y || y > pane.rows / 2;
            let side = self.left_or_right(pane, x, upper, lower);
            if side != Side::Outside {
                return side;
            }
        }
        if halves_x && self.status == PaneStatus::Off {
            if pane.y == 0 && y == pane.rows && x <= pane.cols / 2 {
                return Side::Bottom;
            }
            if pane.y != 0 && y == pane.y - 1 && x > pane.cols / 2 {
                return Side::Top;
            }
            return Side::Outside;
        }
        let bar = pane.shown_bar();
        let from = if self.left_bars() { pane.x - bar } else { pane.x };
        let starts = if self.left_bars() { from == 0 || x >= from } else { pane.x == 0 || x >= from };
        if starts && (x <= pane.right() || (bar != 0 && x < pane.right() + bar)) {
            if self.status != PaneStatus::Bottom && pane.y != 0 && y == pane.y - 1 {
                return Side::Top;
            }
            if self.status != PaneStatus::Top && y == pane.bottom() {
                return Side::Bottom;
            }
        }
        Side::Outside
    }

    fn left_or_right(&self, pane: &PaneBox, x: i32, upper: bool, lower: bool) -> Side {
        let bar = pane.shown_bar();
        // tmux: with bars on the left, the right border of a pane that is not the first is searched
        // one column too far left.
        let (start, before, after) = if self.left_bars() {
            (pane.x - bar, pane.x - bar - 1, pane.right() + bar - 1)
        } else {
            (pane.x, pane.x - 1, pane.right() + bar)
        };
        if start == 0 {
            if x == pane.cols + bar && upper {
                return Side::Right;
            }
        } else {
            if x == before && lower {
                return Side::Left;
            }
            if x == after {
                return Side::Right;
            }
        }
        Side::Outside
    }

    /// Reports whether a cell is far from a pane in both directions, borders and scrollbar
    /// included.
    fn is_far(&self, pane: &PaneBox, x: i32, y: i32) -> bool {
        let (left, right) = self.reach(pane);
        (x < left || x > right) && (y < pane.y - 1 || y > pane.bottom())
    }

    /// Columns of the borders left and right of a pane; a hidden bar counts too.
    fn reach(&self, pane: &PaneBox) -> (i32, i32) {
        if self.left_bars() {
            (pane.x - 1 - pane.bar_cols, pane.right())
        } else {
            (pane.x - 1, pane.right() + pane.bar_cols)
        }
    }

    /// `None`: neither in the pane nor on its border; `Some(true)`: on its border.
    fn border_of(&self, pane: &PaneBox, x: i32, y: i32) -> Option<bool> {
        if self.is_far(pane, x, y) {
            return None;
        }
        match self.side(pane, x, y) {
            Side::Inside => Some(false),
            Side::Outside => None,
            _ => Some(true),
        }
    }

    /// Bottom row of the window for the borders.
    fn last_row(&self) -> i32 {
        self.size.rows as i32 - i32::from(self.status == PaneStatus::Bottom)
    }

    /// Reports whether a cell is a border as one pane sees it: a floating pane sees only its own, a
    /// tiled pane all borders of tiled panes.
    fn is_border(&self, pane: &PaneBox, x: i32, y: i32) -> bool {
        if pane.floating {
            return self.border_of(pane, x, y).unwrap_or(false);
        }
        let (cols, rows) = (self.size.cols as i32, self.last_row());
        if x > cols || y > rows {
            return false;
        }
        if x == cols || y == rows {
            return true;
        }
        self.panes
            .iter()
            .filter(|p| p.visible && !p.floating)
            .find_map(|p| self.border_of(p, x, y))
            .unwrap_or(false)
    }

    /// Kind of a border cell, computed from its neighbours that are borders.
    fn kind(&self, pane: &PaneBox, x: i32, y: i32) -> CellKind {
        let (cols, rows) = (self.size.cols as i32, self.last_row());
        if x > cols || y > rows {
            return CellKind::Outside;
        }
        let border = |x: i32, y: i32| self.is_border(pane, x, y);
        // The edge of the window counts as a border for tiled panes.
        let edge = !pane.floating;
        let left = (edge && x == 0) || border(x - 1, y);
        let right = x <= cols && border(x + 1, y);
        let (top, bottom) = match self.status {
            PaneStatus::Top => (y != 0 && border(x, y - 1), border(x, y + 1)),
            PaneStatus::Bottom => ((edge && y == 0) || border(x, y - 1), y != rows && border(x, y + 1)),
            PaneStatus::Off => ((edge && y == 0) || border(x, y - 1), border(x, y + 1)),
        };
        match (left, right, top, bottom) {
            (true, true, true, true) => CellKind::Join,
            (true, true, true, false) => CellKind::BottomJoin,
            (true, true, false, true) => CellKind::TopJoin,
            (true, true, false, false) => CellKind::LeftRight,
            (true, false, true, true) => CellKind::RightJoin,
            (true, false, true, false) => CellKind::BottomRight,
            (true, false, false, true) => CellKind::TopRight,
            (false, true, true, true) => CellKind::LeftJoin,
            (false, true, true, false) => CellKind::BottomLeft,
            (false, true, false, true) => CellKind::TopLeft,
            (false, false, true, true) => CellKind::TopBottom,
            _ => CellKind::Outside,
        }
    }

    /// Kind of a border cell next to a pane, for the pane's status line.
    pub(super) fn kind_at(&self, pane: &PaneBox, x: i32, y: i32) -> CellKind {
        self.kind(pane, x, y)
    }

    /// Kind of a cell, and the pane (index into `panes`) that owns it. `view_y`: the first row of
    /// the window that the client shows.
    pub(super) fn cell(&self, x: i32, y: i32, view_y: i32) -> (CellKind, Option<usize>) {
        let (cols, rows) = (self.size.cols as i32, self.size.rows as i32);
        if x > cols || y > rows || self.panes.is_empty() {
            return (CellKind::Outside, None);
        }
        let top = self.panes.iter().position(|pane| {
            // Floating panes are clipped to the window.
            let clipped = pane.floating && (x >= cols || y >= rows);
            let (left, right) = self.reach(pane);
            !clipped && x >= left && x <= right && y >= pane.y - 1 && y <= pane.bottom()
        });
        let start = top.unwrap_or(self.active);
        if x == cols || y == rows {
            return (self.kind(&self.panes[start], x, y), None);
        }
        let tiled_only = !self.panes[start].floating;
        let mut owner = None;
        for step in 0..self.panes.len() {
            let index = (start + step) % self.panes.len();
            let pane = &self.panes[index];
            if !pane.visible || (tiled_only && pane.floating) {
                continue;
            }
            owner = Some(index);
            if let Some(kind) = self.cell_of(pane, x, y, view_y) {
                return (kind, owner);
            }
        }
        (CellKind::Outside, owner)
    }

    /// Kind of a cell for one pane; `None` if the cell is unrelated to the pane.
    fn cell_of(&self, pane: &PaneBox, x: i32, y: i32, view_y: i32) -> Option<CellKind> {
        if self.is_far(pane, x, y) {
            return None;
        }
        let status_y = match self.status {
            PaneStatus::Off => None,
            PaneStatus::Top => Some(pane.y - 1),
            PaneStatus::Bottom => Some(pane.bottom()),
        };
        let status_x = pane.x + 2;
        if status_y.is_some_and(|line| y == line + view_y) && x >= status_x && x < status_x + pane.status_cols
        {
            return Some(CellKind::Inside);
        }
        if pane.bar_shown && ((pane.y == 0 && y < pane.rows) || (y >= pane.y && y < pane.bottom())) {
            let bar = if self.bars_left {
                pane.x - pane.bar_cols..pane.x
            } else {
                pane.right()..pane.right() + pane.bar_cols
            };
            if bar.contains(&x) {
                return Some(CellKind::Scrollbar);
            }
        }
        match self.side(pane, x, y) {
            Side::Inside => Some(CellKind::Inside),
            Side::Outside => None,
            _ => Some(self.kind(pane, x, y)),
        }
    }

    /// Reports whether a cell is on the border of a pane.
    pub(super) fn touches(&self, pane: &PaneBox, x: i32, y: i32) -> bool {
        !matches!(self.side(pane, x, y), Side::Inside | Side::Outside)
    }

    /// Reports whether a pane above hides this cell of a pane, with its borders.
    pub(super) fn is_covered(&self, pane: usize, x: i32, y: i32) -> bool {
        self.panes[..pane].iter().any(|above| {
            if above.floating && !above.framed {
                let shown = (above.x..above.right()).contains(&x) && (above.y..above.bottom()).contains(&y);
                return above.visible && shown;
            }
            if !above.visible || y < (above.y - 1).max(0) || y > above.bottom() {
                return false;
            }
            let edge_row = y == (above.y - 1).max(0) || y == above.bottom();
            if !above.floating && edge_row {
                return false;
            }
            let bar = above.shown_bar();
            let (left, right) = if self.bars_left {
                (above.x - 1 - bar, above.right())
            } else {
                (above.x - 1, above.right() + bar)
            };
            // tmux: what a pane covers ends one column earlier if its border is not in the window.
            let cols = self.size.cols as i32;
            let right = if right > cols { cols - 1 } else { right };
            x >= left.max(0) && x <= right
        })
    }

    /// Side of the arrow in a border cell, if it has one. `view` is the cell's position in the
    /// client's view.
    pub(super) fn arrow(
        &self,
        pane: usize,
        kind: CellKind,
        cell: (i32, i32),
        view: (i32, i32),
    ) -> Option<Side> {
        let active = &self.panes[self.active];
        let owner = &self.panes[pane];
        let (on_column, on_row) = (view.0 == owner.x + 1, view.1 == owner.y + 1);
        if !self.indicators.arrows || (!on_column && !on_row) {
            return None;
        }
        if pane != self.active && (active.floating || owner.floating) {
            return None;
        }
        let mut side = self.side(active, cell.0, cell.1);
        if side == Side::Inside {
            return None;
        }
        let mut shown = false;
        let first_is_active = active.id == self.first;
        if on_column {
            if side == Side::Outside {
                if self.two_panes.is_some() {
                    side = if first_is_active { Side::Bottom } else { Side::Top };
                    shown = true;
                }
            } else {
                shown |= kind == CellKind::LeftRight
                    || (kind == CellKind::TopJoin && side == Side::Bottom)
                    || (kind == CellKind::BottomJoin && side == Side::Top);
            }
        }
        if on_row {
            if side == Side::Outside {
                if self.two_panes.is_some() {
                    side = if first_is_active { Side::Right } else { Side::Left };
                    shown = true;
                }
            } else {
                shown |= kind == CellKind::TopBottom
                    || (kind == CellKind::LeftJoin && side == Side::Right)
                    || (kind == CellKind::RightJoin && side == Side::Left);
            }
        }
        shown.then_some(side)
    }
}

#[cfg(test)]
mod tests;
