//! Histories of panes.

use std::sync::Arc;

use crate::base::PaneId;
use crate::base::history::History;
use crate::transcript::{PaneHandle, TranscriptStore};

/// Histories of panes.
pub trait HistoryHost {
    /// Opens a pane's history: a transcript of at most `limit_bytes` on disk (0 keeps nothing).
    fn open_history(&mut self, pane: PaneId, limit_bytes: u64) -> Box<dyn History>;
    /// Changes the size limit of a pane's history.
    fn set_history_limit(&mut self, pane: PaneId, limit_bytes: u64);
    /// True if a pane's history is kept when the pane is closed.
    fn keeps_history(&self, pane: PaneId) -> bool;
    /// Called when a pane's history was cleared: no crash of the server may bring it back.
    fn history_cleared(&mut self, pane: PaneId);
    /// Replaces a pane's history by one that was opened on another thread.
    fn hold_history(&mut self, pane: PaneId, history: PaneHandle);
    /// The transcripts of this server; `None` where histories are in memory only.
    fn transcripts(&self) -> Option<Arc<TranscriptStore>>;
}
