//! Finding panes by their place: at a position, at a named corner or edge, and next to another pane,
//! wrapping around the window.

use crate::base::{PaneId, WindowId};

use super::layout::BorderStatus;
use super::{Server, Window};

/// A side of a pane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Up,
    Down,
    Left,
    Right,
}

/// Extent of a pane with its scrollbar, without borders.
#[derive(Clone, Copy)]
struct Extent {
    x: i32,
    y: i32,
    cols: i32,
    rows: i32,
}

/// True if a stretch of cells touches another one, corners included.
fn touches(start: i32, len: i32, (from, to): (i32, i32)) -> bool {
    let end = start + len - 1;
    (start < from && end > to) || (start >= from && start <= to) || (end >= from && end <= to)
}

impl Server {
    fn extent(&self, pane: PaneId) -> Option<Extent> {
        let p = self.pane(pane)?;
        let mut bar = 0;
        if self.shows_scrollbar(pane) {
            let size = self.scrollbar_size(pane);
            bar = (size.cols + size.pad) as i32;
        }
        let x = if self.scrollbars_left(p.window) { p.x - bar } else { p.x };
        Some(Extent { x, y: p.y, cols: p.size.cols as i32 + bar, rows: p.size.rows as i32 })
    }

    /// The topmost pane at a position of a window; a border belongs to its pane.
    pub fn pane_at(&self, window: WindowId, x: i32, y: i32) -> Option<PaneId> {
        let w = self.window(window)?;
        let top = self.border_status(window) == BorderStatus::Top;
        let visible = || w.z_order.iter().copied().filter(|&p| self.is_pane_visible(p));
        if top {
            // A status line on a top border takes precedence over the bottom border of the pane above.
            let on_status = |pane: &PaneId| {
                !w.layout.is_floating(*pane)
                    && self.extent(*pane).is_some_and(|e| x >= e.x && x <= e.x + e.cols && y == e.y - 1)
            };
            if let Some(found) = visible().find(on_status) {
                return Some(found);
            }
        }
        visible().find(|&pane| {
            let Some(e) = self.extent(pane) else { return false };
            let floating = w.layout.is_floating(pane);
            let left = if floating { e.x - 1 } else { e.x };
            let above = if floating || top { e.y - 1 } else { e.y };
            x >= left && x <= e.x + e.cols && y >= above && y <= e.y + e.rows
        })
    }

    /// The pane at a corner or edge named in words: `top`, `bottom-left` and so on.
    pub fn pane_by_words(&self, window: WindowId, words: &str) -> Option<PaneId> {
        let w = self.window(window)?;
        let (cols, rows) = (w.size.cols as i32, w.size.rows as i32);
        let (mut top, mut bottom) = (0, rows - 1);
        match self.border_status(window) {
            BorderStatus::Top => top += 1,
            BorderStatus::Bottom => bottom -= 1,
            BorderStatus::Off => {}
        }
        let (x, y) = match words.to_ascii_lowercase().as_str() {
            "top" => (cols / 2, top),
            "bottom" => (cols / 2, bottom),
            "left" => (0, rows / 2),
            "right" => (cols - 1, rows / 2),
            "top-left" => (0, top),
            "top-right" => (cols - 1, top),
            "bottom-left" => (0, bottom),
            "bottom-right" => (cols - 1, bottom),
            _ => return None,
        };
        self.pane_at(window, x, y)
    }

    /// The coordinate at which a neighbour on a side must begin or end.
    fn edge(&self, w: &Window, e: Extent, side: Side) -> i32 {
        let (cols, rows) = (w.size.cols as i32, w.size.rows as i32);
        let status = self.border_status(w.id);
        match (side, status) {
            (Side::Up, BorderStatus::Top) if e.y == 1 => rows + 1,
            (Side::Up, BorderStatus::Bottom) if e.y == 0 => rows,
            (Side::Up, BorderStatus::Off) if e.y == 0 => rows + 1,
            (Side::Up, _) => e.y,
            (Side::Down, BorderStatus::Top) if e.y + e.rows + 1 >= rows => 1,
            (Side::Down, BorderStatus::Bottom) if e.y + e.rows + 1 >= rows - 1 => 0,
            (Side::Down, BorderStatus::Off) if e.y + e.rows + 1 >= rows => 0,
            (Side::Down, _) => e.y + e.rows + 1,
            (Side::Left, _) if e.x == 0 => cols + 1,
            (Side::Left, _) => e.x,
            (Side::Right, _) if e.x + e.cols + 1 >= cols => 0,
            (Side::Right, _) => e.x + e.cols + 1,
        }
    }

    /// Among the panes that touch a side of another, the one used last.
    pub fn neighbour(&self, pane: PaneId, side: Side) -> Option<PaneId> {
        let p = self.pane(pane)?;
        let w = self.window(p.window)?;
        let own = self.extent(pane)?;
        let edge = self.edge(w, own, side);
        let span = match side {
            Side::Up => (own.x, own.x + own.cols),
            // tmux: these two leave the scrollbar out.
            Side::Down => (p.x, p.x + p.size.cols as i32),
            Side::Right => (p.y, p.y + p.size.rows as i32),
            Side::Left => (own.y, own.y + own.rows),
        };
        let mut best: Option<(u32, PaneId)> = None;
        for &other in w.panes.iter().filter(|&&other| other != pane) {
            let Some(e) = self.extent(other) else { continue };
            let meets = match side {
                Side::Up => e.y + e.rows + 1 == edge && touches(e.x, e.cols, span),
                Side::Down => e.y == edge && touches(e.x, e.cols, span),
                Side::Left => e.x + e.cols + 1 == edge && touches(e.y, e.rows, span),
                Side::Right => e.x == edge && touches(e.y, e.rows, span),
            };
            let point = self.pane(other).map_or(0, |p| p.active_point);
            if meets && best.is_none_or(|(most, _)| point > most) {
                best = Some((point, other));
            }
        }
        best.map(|(_, pane)| pane)
    }
}
