//! A pane's part of the transcripts, which its history, the writer and the store share.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::commands::Commands;
use super::info::PaneInfo;
use super::list::List;
use super::notes::Notes;
use super::sealed::Sealed;
use super::segment::Segment;
use super::widths::Widths;
use crate::base::PaneId;

/// State shared by pane, writer and store.
pub(super) struct Pane {
    /// Name of its directory, unique in the store.
    pub key: String,
    pub id: PaneId,
    pub dir: PathBuf,
    pub info: Mutex<PaneInfo>,
    /// True if blocks are written; otherwise the newest lines stay in memory.
    pub on_disk: AtomicBool,
    pub list: Mutex<List>,
    /// Limit of bytes on disk; 0 keeps nothing.
    pub cap: AtomicU64,
    /// Bytes on disk of blocks that are not retired.
    pub disk: AtomicU64,
    /// Bytes pending for the writer.
    pub pending: AtomicU64,
    /// Reason why the disk cannot be written, while it cannot.
    pub trouble: Mutex<Option<String>>,
    pub notes: Mutex<Notes>,
    pub commands: Mutex<Commands>,
    pub writing: Mutex<Writing>,
    /// True if its directory and info file exist.
    pub created: AtomicBool,
    /// Lines before this one were cleared, and the disk does not know yet.
    pub floor_due: Mutex<Option<u64>>,
    /// Fate of the transcript when the pane's history is dropped.
    pub ending: Mutex<Option<Ending>>,
    /// True after the history was dropped.
    pub over: AtomicBool,
    /// Number of the next line, for owners of a handle.
    pub end_line: AtomicU64,
    /// The pane of which this is the second stream; see `alternate`.
    pub main: Option<Arc<Pane>>,
    /// Its own second stream.
    pub alternate: Mutex<Weak<Pane>>,
}

/// Fate of a pane's transcript. Without an ending it stays, for a later server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    Remove,
    /// Kept until this time, in seconds since the Unix epoch.
    Keep(i64),
}

/// Position of the writer.
#[derive(Debug, Default)]
pub(super) struct Writing {
    pub segment: Option<Arc<Segment>>,
    pub len: u64,
    pub next_segment: u64,
    pub sequence: u64,
}

impl std::fmt::Debug for Pane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pane").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Pane {
    /// A pane's part of the store, without anything on disk yet. `main`: the pane of which it is the
    /// second stream.
    pub(super) fn new(
        dir: &Path,
        key: String,
        info: PaneInfo,
        limit: u64,
        width: u32,
        main: Option<Arc<Pane>>,
    ) -> Self {
        Self {
            id: PaneId(info.pane),
            dir: dir.join(&key),
            key,
            info: Mutex::new(info),
            on_disk: AtomicBool::new(true),
            list: Mutex::new(List::new(Widths::new(u64::MAX, width))),
            cap: AtomicU64::new(limit),
            disk: AtomicU64::new(0),
            pending: AtomicU64::new(0),
            trouble: Mutex::new(None),
            notes: Mutex::new(Notes::default()),
            commands: Mutex::new(Commands::default()),
            writing: Mutex::new(Writing::default()),
            created: AtomicBool::new(false),
            floor_due: Mutex::new(None),
            ending: Mutex::new(None),
            over: AtomicBool::new(false),
            end_line: AtomicU64::new(0),
            main,
            alternate: Mutex::new(Weak::new()),
        }
    }

    pub(super) fn limit(&self) -> u64 {
        self.cap.load(Ordering::Relaxed)
    }

    pub(super) fn is_on_disk(&self) -> bool {
        self.on_disk.load(Ordering::Relaxed)
    }

    /// Retires a block: its space will be freed.
    pub(super) fn retire(&self, block: &Sealed) {
        let (disk, pending) = block.retire();
        self.disk.fetch_sub(disk, Ordering::Relaxed);
        self.pending.fetch_sub(pending, Ordering::Relaxed);
    }

    /// Drops the oldest block that is on disk. False if there is none.
    pub(super) fn drop_oldest(&self) -> bool {
        let mut list = self.list.lock();
        if list.front().is_none_or(|block| block.is_pending()) {
            return false;
        }
        let block = list.pop_front();
        drop(list);
        block.inspect(|block| self.retire(block)).is_some()
    }

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
