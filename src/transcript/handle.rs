//! A cheap handle to a pane's history. The terminal owns the history itself; the server uses the
//! handle.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::alternate::share_of;
use super::notes::Note;
use super::pane::{Ending, Pane};
use super::queue::Job;
use super::shared::Shared;

/// Bytes pending for the writer at which the server should stop reading the pane.
const CONGESTED_BYTES: u64 = 512 << 10;

/// See the module comment. Cheap to clone.
#[derive(Clone)]
pub struct PaneHandle {
    pub(super) pane: Arc<Pane>,
    pub(super) store: Arc<Shared>,
}

impl PaneHandle {
    /// Key of the transcript in its store.
    pub fn key(&self) -> &str {
        &self.pane.key
    }

    /// Reports whether so much is pending for the disk that the pane should not be read for now.
    /// Always false while the disk fails or hangs: lines then stay in memory, and the oldest are
    /// dropped.
    pub fn is_congested(&self) -> bool {
        let congested = |pane: &Pane| {
            pane.pending.load(Ordering::Relaxed) > CONGESTED_BYTES
                && pane.trouble.lock().is_none()
                && pane.is_on_disk()
                && !self.store.queue.hangs()
        };
        congested(&self.pane) || self.pane.alternate().is_some_and(|beside| congested(&beside))
    }

    /// Reason why lines cannot be written, if so.
    pub fn error(&self) -> Option<String> {
        let trouble = self.pane.trouble.lock().clone();
        trouble.or_else(|| self.store.queue.hangs().then(|| "the disk does not answer".to_owned()))
    }

    /// Sets the limit in bytes on disk; 0 drops everything and keeps nothing.
    pub fn set_limit(&self, bytes: u64) {
        let set = |pane: &Arc<Pane>, bytes: u64| {
            pane.cap.store(bytes, Ordering::Relaxed);
            if bytes == 0 {
                let gone = pane.list.lock().clear();
                gone.iter().for_each(|block| pane.retire(block));
            }
            self.store.queue.push(Job::Trim(pane.clone()));
        };
        set(&self.pane, bytes);
        self.pane.alternate().iter().for_each(|beside| set(beside, share_of(bytes)));
    }

    /// Sets whether lines are written to the disk from now on. If not, the newest are kept in
    /// memory, and lines that are on disk stay there until they are cleared.
    pub fn set_on_disk(&self, on: bool) {
        for pane in [Some(self.pane.clone()), self.pane.alternate()].into_iter().flatten() {
            if pane.on_disk.swap(on, Ordering::Relaxed) != on && on {
                self.store.queue.push(Job::Write(pane));
            }
        }
    }

    /// Records the command that the pane runs now.
    pub fn set_command(&self, command: String) {
        let mut info = self.pane.info.lock();
        if info.command != command {
            info.command = command;
            drop(info);
            self.store.queue.push(Job::Info(self.pane.clone()));
        }
    }

    pub fn limit(&self) -> u64 {
        self.pane.limit()
    }

    /// Bytes on disk of both streams.
    pub fn disk_bytes(&self) -> u64 {
        self.pane.disk_of_both()
    }

    /// Adds a note about an event of the pane. The transcript itself is not changed.
    pub fn annotate(&self, time: i64, text: &str) {
        let line = self.pane.end_line.load(Ordering::Relaxed);
        let note = Note { time, line, text: text.to_owned() };
        let bytes = note.encode();
        if self.pane.notes.lock().add(note) {
            let file = self.pane.dir.join("notes");
            self.store.queue.push(Job::Note { pane: self.pane.clone(), file, bytes });
        }
    }

    /// The notes, oldest first.
    pub fn annotations(&self) -> Vec<Note> {
        self.pane.notes.lock().all().cloned().collect()
    }

    /// True if the history was dropped: nobody uses it any more.
    pub fn is_over(&self) -> bool {
        self.pane.over.load(Ordering::Relaxed)
    }

    /// Decides what happens to the transcript when the history is dropped: it is removed, or kept
    /// until `keep_until` (seconds since the Unix epoch). Without this call it stays, for a later
    /// server.
    pub fn close(&self, keep_until: Option<i64>) {
        *self.pane.ending.lock() = Some(keep_until.map_or(Ending::Remove, Ending::Keep));
    }
}
