//! A chooser as text, for the next server: its source and settings, and which items are expanded,
//! tagged and current. The list itself is built again.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::tree::SavedTree;
use super::{Source, Tree, TreeMode};
use crate::base::{PaneId, Size, Surface};
use crate::model::Cx;
use crate::view::modes;

#[derive(Serialize, Deserialize)]
struct SavedMode {
    /// `None`: this kind of list is not restored; the window is only unzoomed.
    source: Option<String>,
    tree: SavedTree,
    zoomed: bool,
}

/// A source as text.
pub(super) fn source_text(source: &impl Serialize) -> Option<String> {
    serde_json::to_string(source).ok()
}

impl<S: Source> TreeMode<S> {
    pub(super) fn saved(&self) -> Option<String> {
        // The next server recomputes size and drawing.
        let Self { source, tree, size: _, surface: _, zoomed, drawn: _ } = self;
        let saved = SavedMode { source: source.save(), tree: tree.save(), zoomed: *zoomed };
        (saved.source.is_some() || saved.zoomed).then(|| serde_json::to_string(&saved).ok()).flatten()
    }
}

/// Restores a chooser that another server saved.
pub(crate) fn restore<S: Source + DeserializeOwned>(cx: &mut Cx<'_>, pane: PaneId, prefix: u32, saved: &str) {
    let Ok(SavedMode { source: Some(text), tree: saved, zoomed }) = serde_json::from_str(saved) else {
        return unzoom(cx, pane, saved);
    };
    let (Ok(source), Some(size)) = (serde_json::from_str::<S>(&text), cx.server.pane(pane).map(|p| p.size))
    else {
        return;
    };
    let mut tree = Tree::new(size);
    tree.orders = source.orders();
    tree.fixed_preview = source.preview_rows();
    tree.take_up(saved);
    let surface = Surface::new(Size::default());
    let mut mode = TreeMode { source, tree, size, surface, zoomed, drawn: None };
    mode.set_size(size);
    mode.build(cx, pane);
    modes::put_back(cx, pane, Box::new(mode), prefix);
}

/// Ends a chooser that is not restored, unzooming the window as on leaving it.
pub(crate) fn unzoom(cx: &mut Cx<'_>, pane: PaneId, saved: &str) {
    let zoomed = serde_json::from_str::<SavedMode>(saved).is_ok_and(|saved| saved.zoomed);
    if zoomed && let Some(window) = cx.server.pane(pane).map(|p| p.window) {
        cx.unzoom_and_redraw(window);
    }
}
