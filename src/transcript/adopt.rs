//! Continues transcripts that were found on disk.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::alternate::{key_of, share_of};
use super::history::PaneHistory;
use super::pane::{Pane, Writing};
use super::queue::Job;
use super::recover::{self, Found};
use super::shared::Shared;

impl PaneHistory {
    /// Opens a transcript that was found in `dir`. `main`: the pane of which it is the second
    /// stream.
    pub(super) fn of_found(
        store: &Arc<Shared>,
        dir: &Path,
        key: &str,
        found: Found,
        limit: u64,
        width: u32,
        main: Option<Arc<Pane>>,
    ) -> Self {
        let width = width.max(1);
        let pane = Pane::new(dir, key.to_owned(), found.info, limit, width, main);
        pane.created.store(true, Ordering::Relaxed);
        *pane.notes.lock() = found.notes;
        *pane.commands.lock() = found.commands;
        *pane.writing.lock() =
            Writing { next_segment: found.next_segment, sequence: found.next_sequence, ..Writing::default() };
        let pane = Arc::new(pane);
        let mut end = 0;
        {
            let mut list = pane.list.lock();
            for block in found.blocks {
                pane.disk.fetch_add(block.disk_bytes(), Ordering::Relaxed);
                end = block.end_line();
                list.push(Arc::new(block));
            }
        }
        store.panes.lock().insert(key.to_owned(), pane.clone());
        let history = Self::new(pane.clone(), store.clone(), width, end.max(found.floor));
        store.queue.push(Job::Trim(pane));
        history
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
        let mut history = Self::of_found(&self.store, dir, &key, found, limit, width, Some(main.clone()));
        if cut {
            history.cut(0);
        }
        self.hold_second(history);
    }
}
