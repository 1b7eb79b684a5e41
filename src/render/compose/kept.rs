//! What rows of panes were when they were last composed for a client. A key pressed changes a
//! row or two: the others are recognised by their packed cells, a few hundred bytes to compare,
//! and stay in the frame as they are.

use super::Subject;
use crate::base::{Cell, Colour, PaneId, Size};
use crate::terminal::{Packed, Palette, Terminal};

/// What the look of a pane's rows depends on, beside their cells.
#[derive(Clone, PartialEq)]
pub(super) struct Setting {
    pub subject: Subject,
    /// Where the pane is in the window, and its size there.
    pub at: (i32, i32),
    pub size: Size,
    pub terminal_size: Size,
    /// Numbers of styles and clusters mean the same as long as this is the same.
    pub epoch: u64,
    pub fg: Colour,
    pub bg: Colour,
    pub palette: Palette,
    pub no_bright: bool,
    pub dim: super::panes::Dim,
}

/// The rows of one pane; none where a row may look different without its cells having changed.
pub(super) struct KeptPane {
    id: PaneId,
    setting: Setting,
    rows: Vec<Option<Vec<Packed>>>,
}

impl KeptPane {
    pub fn new(id: PaneId, setting: Setting) -> Self {
        Self { id, setting, rows: Vec::new() }
    }

    /// Whether a row of the terminal is as it was.
    pub fn has(&self, y: u32, terminal: &Terminal) -> bool {
        let kept = self.rows.get(y as usize).and_then(Option::as_ref);
        kept.is_some_and(|kept| terminal.packed_row(y) == Some(&kept[..]))
    }

    /// A row has to be composed again next time.
    pub fn forget(&mut self, y: u32) {
        if let Some(kept) = self.rows.get_mut(y as usize) {
            *kept = None;
        }
    }

    /// Keeps a row of the terminal, which was drawn as these cells.
    pub fn keep(&mut self, y: u32, terminal: &Terminal, drawn: &[Cell]) {
        if self.rows.len() <= y as usize {
            self.rows.resize_with(y as usize + 1, Option::default);
        }
        let kept = &mut self.rows[y as usize];
        // The client's numbers of links may be given anew.
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

/// The panes of a client's last frame.
#[derive(Default)]
pub(super) struct KeptPanes(Vec<KeptPane>);

impl KeptPanes {
    /// Takes out what is kept of a pane; `None` when nothing of it is of use.
    pub fn take(&mut self, id: PaneId, setting: &Setting) -> Option<KeptPane> {
        let at = self.0.iter().position(|kept| kept.id == id)?;
        Some(self.0.swap_remove(at)).filter(|kept| kept.setting == *setting)
    }

    pub fn get_mut(&mut self, id: PaneId) -> Option<&mut KeptPane> {
        self.0.iter_mut().find(|kept| kept.id == id)
    }

    pub fn put(&mut self, kept: KeptPane) {
        self.0.push(kept);
    }
}
