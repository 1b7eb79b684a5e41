//! The second stream of a pane: output of full-screen programs (option `alternate-history`). It is
//! a history like any other, in its own directory inside the pane's, created with its first row.
//! The pane's history holds it and ends it, and one limit applies to both.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::history::{Pane, PaneHistory};
use super::recover;
use super::store::{PaneInfo, Shared, make_pane};
use super::view::TranscriptView;
use crate::base::history::HistoryView;

/// Name of its directory.
pub(super) const DIR: &str = "alternate";
/// Fraction of the pane's bytes on disk for this stream: 1/`SHARE`.
const SHARE: u64 = 4;

/// Key in the store of the second stream of a pane's history.
pub(super) fn key_of(key: &str) -> String {
    format!("{key}/{DIR}")
}

/// Limit of the second stream, in bytes on disk.
pub(super) fn share_of(limit: u64) -> u64 {
    limit / SHARE
}

impl Pane {
    /// The directory that keys are relative to.
    pub(super) fn base_dir(&self) -> &Path {
        let own = self.main.as_ref().map_or(&self.dir, |main| &main.dir);
        own.parent().unwrap_or(own)
    }

    /// The pane's second stream, if there is one.
    pub(super) fn alternate(&self) -> Option<Arc<Pane>> {
        self.alternate.lock().upgrade()
    }

    /// Bytes on disk of both streams.
    pub(super) fn disk_of_both(&self) -> u64 {
        let disk = |pane: &Pane| pane.disk.load(Ordering::Relaxed);
        disk(self) + self.alternate().map_or(0, |beside| disk(&beside))
    }
}

impl PaneHistory {
    /// The second stream, created if there is none yet.
    pub(super) fn second(&mut self) -> &mut PaneHistory {
        if self.alternate.is_none() {
            let main = &self.pane;
            let info = PaneInfo { ..main.info.lock().clone() };
            let (key, limit) = (key_of(&main.key), share_of(main.limit()));
            let width = self.newest.lay().width;
            let pane = make_pane(main.base_dir(), key.clone(), info, limit, width, Some(main.clone()));
            pane.on_disk.store(main.is_on_disk(), Ordering::Relaxed);
            let pane = Arc::new(pane);
            self.store.panes.lock().insert(key, pane.clone());
            let history = PaneHistory::new(pane, self.store.clone(), width, 0);
            self.hold_second(history);
        }
        self.alternate.as_mut().expect("it was begun above")
    }

    /// Stores a recovered second stream.
    pub(super) fn hold_second(&mut self, history: PaneHistory) {
        *self.pane.alternate.lock() = Arc::downgrade(&history.pane);
        self.alternate = Some(Box::new(history));
    }

    /// Opens the second stream that is on disk, if there is one, to continue it. `cut`: its lines
    /// are dropped, since they will be drawn again.
    pub(super) fn adopt_second(&mut self, cut: bool) {
        let main = self.pane.clone();
        let (dir, key) = (main.base_dir(), key_of(&main.key));
        let Ok(mut found) = recover::scan(&self.store, dir, &key) else { return };
        found.mark_start(None, self.store.next_id());
        found.info = main.info.lock().clone();
        let (limit, width) = (share_of(main.limit()), self.newest.lay().width);
        let mut history = self.store.go_on(dir, &key, found, limit, width, Some(main.clone()));
        if cut {
            history.cut(0);
        }
        self.hold_second(history);
    }

    /// View of the output of full-screen programs; `None` if none was kept.
    pub fn pin_alternate(&self) -> Option<TranscriptView> {
        self.alternate.as_ref().map(|history| history.pin())
    }

    pub(super) fn alternate_view_of(&self) -> Option<Box<dyn HistoryView>> {
        Some(Box::new(self.pin_alternate()?))
    }
}

/// Removes the second stream of a transcript that is not open.
pub(super) fn remove_dir(store: &Shared, dir: &Path) -> std::io::Result<()> {
    let dir = dir.join(DIR);
    store.storage.check_dir(&dir)?;
    for name in store.storage.list(&dir)? {
        store.storage.remove(&dir.join(name))?;
    }
    store.storage.remove_dir(&dir)
}
