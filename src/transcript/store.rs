//! The server's transcripts: their directory, limits and writer.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use super::alternate;
use super::block::Block;
use super::cache::Cache;
use super::frame::{Key, Unreadable};
use super::history::PaneHistory;
use super::info::PaneInfo;
use super::list::List;
use super::loader::Loader;
use super::messages::Messages;
use super::newest::Newest;
use super::notes::Note;
use super::pane::Pane;
use super::queue::Job;
use super::recover::{self, Found, Leftover};
use super::sealed::Sealed;
use super::shared::Shared;
use super::small::{number_text, write_small};
use super::storage::{Disk, Storage};
use super::view::TranscriptView;
use super::widths::Widths;
use super::writer;
use crate::base::PaneId;
use crate::sys::threads::run_in_background;

/// Settings of a store.
pub struct StoreConfig {
    /// Directory of this server's transcripts; created on first use. See `set_dir`.
    pub dir: PathBuf,
    /// Limit of bytes on disk of all panes together; `u64::MAX`: no limit.
    pub total_limit: u64,
    /// Bytes of decoded blocks cached for readers, for the whole server.
    pub cache_bytes: usize,
    /// Key that decrypts blocks, and encrypts new ones while `set_encrypt` is on. Row-count aids
    /// reveal the lengths of lines.
    pub key: Option<Key>,
    /// Called, from the writer as a rule, when a message waits.
    pub wake: Box<dyn Fn() + Send + Sync>,
    pub storage: Arc<dyn Storage>,
}

impl StoreConfig {
    /// Decoded blocks of the whole server: some thirty of them, in bytes.
    pub const CACHE_BYTES: usize = 4 << 20;

    pub fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            total_limit: u64::MAX,
            cache_bytes: Self::CACHE_BYTES,
            key: None,
            wake: Box::new(|| ()),
            storage: Arc::new(Disk),
        }
    }
}

/// A transcript as lists show it.
#[derive(Clone, Debug)]
pub struct Transcript {
    pub key: String,
    pub info: PaneInfo,
    /// True if a pane has it open.
    pub live: bool,
    /// See `Leftover`.
    pub keep_until: Option<i64>,
    /// Bytes on disk.
    pub bytes: u64,
    /// Reason why it cannot be written or read, if so.
    pub error: Option<String>,
}

/// Columns at which a transcript without a pane is laid out.
const READ_WIDTH: u32 = 80;

/// See the module comment. Dropping it lets the writer finish pending work, for a limited time.
pub struct TranscriptStore {
    pub(super) shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

/// Longest wait for the writer when a store is dropped; a disk that hangs must not block the
/// server.
const LAST_WRITES: Duration = Duration::from_secs(3);

impl TranscriptStore {
    /// Starts the writer thread. Nothing is created on disk until a pane has a full block.
    pub fn new(config: StoreConfig) -> io::Result<Self> {
        let loader = Loader {
            storage: config.storage,
            key: Mutex::new(config.key),
            cache: Mutex::new(Cache::new(config.cache_bytes)),
            messages: Messages::new(config.wake),
        };
        let shared = Arc::new(Shared::new(loader, config.dir, config.total_limit));
        let writer = {
            let shared = shared.clone();
            std::thread::Builder::new().name("transcript".to_owned()).stack_size(256 << 10).spawn(
                move || {
                    run_in_background();
                    writer::run(&shared);
                },
            )?
        };
        Ok(Self { shared, writer: Some(writer) })
    }

    /// A new, empty history for a pane. `limit`: bytes on disk.
    pub fn open_pane(&self, id: PaneId, mut info: PaneInfo, limit: u64, width: u32) -> PaneHistory {
        info.pane = id.0;
        let stem = format!("pane-{}-{:x}", id.0, info.created_us);
        let mut panes = self.shared.panes.lock();
        let mut key = stem.clone();
        for n in 1.. {
            if !panes.contains_key(&key) {
                break;
            }
            key = format!("{stem}-{n}");
        }
        let pane = Arc::new(Pane::new(&self.shared.dir(), key.clone(), info, limit, width, None));
        panes.insert(key, pane.clone());
        drop(panes);
        PaneHistory::new(pane, self.shared.clone(), width.max(1), 0)
    }

    /// Transcripts in the directory that are not open: kept ones, and those of a server that died.
    pub fn leftovers(&self) -> Vec<Leftover> {
        let open: Vec<String> = self.shared.panes.lock().keys().cloned().collect();
        recover::leftovers(&self.shared, &open)
    }

    /// All transcripts: those of open panes, then those in the directory that are not open. Reads
    /// the disk.
    pub fn all(&self) -> Vec<Transcript> {
        let panes: Vec<Arc<Pane>> = self.shared.panes.lock().values().cloned().collect();
        let live = panes.iter().filter(|pane| pane.main.is_none()).map(|pane| Transcript {
            key: pane.key.clone(),
            info: pane.info.lock().clone(),
            live: true,
            keep_until: None,
            bytes: pane.disk_of_both(),
            error: pane.trouble.lock().clone(),
        });
        let kept = self.leftovers().into_iter().map(|left| Transcript {
            info: left.info,
            live: false,
            keep_until: left.keep_until,
            bytes: left.bytes,
            error: recover::is_locked(&self.shared, &left.key).then(|| Unreadable::Locked.to_string()),
            key: left.key,
        });
        live.chain(kept).collect()
    }

    /// Reads a transcript that is not open, and its notes. Fails if it does not exist, or is
    /// encrypted with a key that this server does not have.
    pub fn read(&self, key: &str) -> io::Result<(TranscriptView, Vec<Note>)> {
        if recover::is_locked(&self.shared, key) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, Unreadable::Locked.to_string()));
        }
        let mut found = recover::scan(&self.shared, &self.shared.dir(), key)?;
        found.mark_start(None, self.shared.next_id());
        let widths = Widths::new(0, READ_WIDTH);
        let mut list = List::new(widths.clone());
        let mut end = found.floor;
        let bad_end = found.bad_end.take();
        for block in found.blocks.drain(..) {
            end = end.max(block.end_line());
            list.push(Arc::new(block));
        }
        found.bad_end = bad_end;
        if let Some(lost) = found.lost_at_end(end) {
            list.push(Arc::new(Sealed::of_missing(lost, self.shared.next_id(), &widths)));
            end += 1;
        }
        let notes = found.notes.all().cloned().collect();
        let open = Arc::new(Block::new(self.shared.next_id(), end, 0));
        Ok((
            TranscriptView { list, newest: Newest::new(open, widths), loader: self.shared.loader.clone() },
            notes,
        ))
    }

    /// Reads the second stream of a transcript that is not open; see `read`.
    pub fn read_alternate(&self, key: &str) -> io::Result<(TranscriptView, Vec<Note>)> {
        self.read(&alternate::key_of(key))
    }

    /// Notes of a pane whose transcript is open.
    pub fn notes(&self, key: &str) -> Vec<Note> {
        let pane = self.shared.panes.lock().get(key).cloned();
        pane.map_or_else(Vec::new, |pane| pane.notes.lock().all().cloned().collect())
    }

    /// Opens a transcript found by `leftovers` to continue it. Lines from `cut` on are dropped:
    /// they will be printed again (a checkpoint and its journal are replayed).
    pub fn adopt(
        &self,
        key: &str,
        id: PaneId,
        limit: u64,
        width: u32,
        cut: Option<u64>,
    ) -> io::Result<PaneHistory> {
        let dir = self.shared.dir();
        let found = recover::scan(&self.shared, &dir, key)?;
        let mut found = Found { info: PaneInfo { pane: id.0, ..found.info.clone() }, ..found };
        found.mark_start(None, self.shared.next_id());
        let end = found.blocks.last().map_or(found.floor, |block| block.end_line().max(found.floor));
        let lost = found.lost_at_end(end).filter(|_| cut.is_none());
        let mut history = PaneHistory::of_found(&self.shared, &dir, key, found, limit, width, None);
        history.adopt_second(false);
        lost.into_iter().for_each(|lost| history.mark_missing(lost));
        if let Some(cut) = cut {
            history.cut(cut);
        }
        Ok(history)
    }

    /// Reports whether a pane has a transcript open.
    pub fn is_open(&self, key: &str) -> bool {
        self.shared.panes.lock().contains_key(key)
    }

    /// Records on disk that a leftover transcript belongs to a pane again.
    pub fn claim(&self, history: &PaneHistory) {
        // The file matters only for a transcript that is not open; it may not exist.
        let _ = self.shared.storage.remove(&history.pane.dir.join("until"));
        self.shared.queue.push(Job::Info(history.pane.clone()));
    }

    /// Removes a transcript found by `leftovers`.
    pub fn remove(&self, key: &str) -> io::Result<()> {
        recover::remove(&self.shared, key)
    }

    /// Sets the time until which transcripts of a server that died are kept.
    pub fn keep_leftovers(&self, until_secs: i64) {
        for left in self.leftovers().into_iter().filter(|left| left.keep_until.is_none()) {
            let file = self.shared.dir().join(&left.key).join("until");
            let _ = write_small(&*self.shared.storage, &file, &number_text(until_secs));
        }
    }

    /// Removes kept transcripts whose time has passed.
    pub fn expire(&self, now_secs: i64) {
        for left in self.leftovers() {
            if left.keep_until.is_some_and(|until| until <= now_secs) {
                let _ = self.remove(&left.key);
            }
        }
    }

    /// Sets the directory of transcripts that are opened from now on, which is also searched for
    /// others. Open ones stay where they are.
    pub fn set_dir(&self, dir: PathBuf) {
        *self.shared.dir.lock() = dir;
    }

    /// Sets whether new blocks are encrypted. Blocks on disk stay as they are.
    pub fn set_encrypt(&self, encrypt: bool) {
        self.shared.encrypt.store(encrypt, Ordering::Relaxed);
    }

    /// The key, for the next server.
    pub fn key(&self) -> Option<Key> {
        self.shared.loader.key.lock().clone()
    }

    /// Takes over the previous server's key.
    pub fn set_key(&self, key: Key) {
        *self.shared.loader.key.lock() = Some(key);
    }

    /// Sets the limit of bytes on disk of all open panes together.
    pub fn set_total_limit(&self, bytes: u64) {
        self.shared.total_limit.store(bytes, Ordering::Relaxed);
        let any = self.shared.panes.lock().values().next().cloned();
        any.into_iter().for_each(|pane| self.shared.queue.push(Job::Trim(pane)));
    }

    /// Bytes on disk of all open panes.
    pub fn disk_bytes(&self) -> u64 {
        self.shared.panes.lock().values().map(|pane| pane.disk.load(Ordering::Relaxed)).sum()
    }

    /// Reason why some pane's lines cannot be written, if so.
    pub fn error(&self) -> Option<String> {
        let panes = self.shared.panes.lock();
        let trouble = panes.values().find_map(|pane| pane.trouble.lock().clone());
        trouble.or_else(|| self.shared.dir_trouble.lock().clone())
    }

    /// Takes the messages for people that were queued since the last call.
    pub fn take_messages(&self) -> Vec<String> {
        self.shared.loader.messages.take()
    }

    /// Writes nothing while held: another server still has these files open.
    pub fn hold(&self, held: bool) {
        self.shared.queue.hold(held);
    }

    /// Waits until all queued work of the writer is done (or failed); false if that takes longer
    /// than `limit`.
    pub fn settle(&self, limit: Duration) -> bool {
        self.shared.queue.drain(limit)
    }

    /// Bytes of decoded blocks cached for readers.
    pub fn cached_bytes(&self) -> usize {
        self.shared.loader.cache.lock().used()
    }
}

impl Drop for TranscriptStore {
    fn drop(&mut self) {
        self.shared.queue.stop();
        if self.shared.queue.drain(LAST_WRITES)
            && let Some(writer) = self.writer.take()
        {
            let _ = writer.join();
        }
    }
}
