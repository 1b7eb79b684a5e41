//! Per-client cache of composed pane rows, keyed by packed cells. A typical key press changes one
//! or two rows: the others are recognized by their packed cells (a few hundred bytes to compare)
//! and stay in the frame.

use super::dim::Dim;
use super::subject::Subject;
use crate::base::{Cell, Colour, PaneId, Size};
use crate::terminal::{Packed, Palette, Terminal};

/// Everything but its cells that the look of a pane's row depends on.
#[derive(Clone, PartialEq)]
pub(super) struct Setting {
    pub subject: Subject,
    /// Position of the pane in the window, and its size there.
    pub at: (i32, i32),
    pub size: Size,
    pub terminal_size: Size,
    /// Style and cluster numbers keep their meaning while this number stays the same.
    pub epoch: u64,
    pub fg: Colour,
    pub bg: Colour,
    pub palette: Palette,
    pub no_bright: bool,
    pub dim: Dim,
}

/// Cached rows of one pane; `None` for a row that may look different while its cells stay the same.
pub(super) struct KeptPane {
    id: PaneId,
    setting: Setting,
    rows: Vec<Option<Vec<Packed>>>,
}

impl KeptPane {
    pub(super) fn new(id: PaneId, setting: Setting) -> Self {
        Self { id, setting, rows: Vec::new() }
    }

    /// Reports whether a row of the terminal equals the cached one.
    pub(super) fn has(&self, y: u32, terminal: &Terminal) -> bool {
        let kept = self.rows.get(y as usize).and_then(Option::as_ref);
        kept.is_some_and(|kept| terminal.packed_row(y) == Some(&kept[..]))
    }

    /// Marks a row to be composed again in the next frame.
    pub(super) fn forget(&mut self, y: u32) {
        if let Some(kept) = self.rows.get_mut(y as usize) {
            *kept = None;
        }
    }

    /// Caches a row of the terminal, which was drawn as the cells `drawn`.
    pub(super) fn keep(&mut self, y: u32, terminal: &Terminal, drawn: &[Cell]) {
        if self.rows.len() <= y as usize {
            self.rows.resize_with(y as usize + 1, Option::default);
        }
        let kept = &mut self.rows[y as usize];
        // The client may reuse its link numbers, so rows with links are not cached.
        let lasting = drawn.iter().all(|cell| cell.style.link.0 == 0);
        let Some(packed) = terminal.packed_row(y).filter(|_| lasting) else {
            *kept = None;
            return;
        };
        let kept = kept.get_or_insert_default();
        kept.clear();
        kept.extend_from_slice(packed);
    }
}

/// Cached rows of all panes in a client's last frame.
#[derive(Default)]
pub(super) struct KeptPanes(Vec<KeptPane>);

impl KeptPanes {
    /// Removes a pane's cached rows from the cache; `None` if none are valid for `setting`.
    pub(super) fn take(&mut self, id: PaneId, setting: &Setting) -> Option<KeptPane> {
        let at = self.0.iter().position(|kept| kept.id == id)?;
        Some(self.0.swap_remove(at)).filter(|kept| kept.setting == *setting)
    }

    pub(super) fn get_mut(&mut self, id: PaneId) -> Option<&mut KeptPane> {
        self.0.iter_mut().find(|kept| kept.id == id)
    }

    pub(super) fn put(&mut self, kept: KeptPane) {
        self.0.push(kept);
    }
}
