//! The server's transcripts: their directory, limits and writer.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::block::Block;
use super::cache::Cache;
use super::commands::Commands;
use super::frame::{self, Header, Key, Unreadable};
use super::history::{Pane, PaneHistory, Writing};
use super::list::List;
use super::notes::Notes;
use super::queue::{Job, Queue};
use super::recover::Found;
use super::scan::Unfolder;
use super::sealed::{NoBlock, Sealed};
use super::small::{number_text, write_small};
use super::storage::{Disk, Storage};
use super::view::{Newest, TranscriptView};
use super::widths::Widths;
use super::{Note, alternate, recover, writer};
use crate::base::PaneId;
use crate::base::posix::run_in_background;

/// Messages queued for the server; further ones are dropped until it takes them.
const MAX_MESSAGES: usize = 16;

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

/// Description of a pane, stored with its transcript for recovery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaneInfo {
    /// The pane's number, 3 for `%3`.
    pub pane: u32,
    /// Creation time of the pane, microseconds since the Unix epoch. Makes the name unique.
    pub created_us: i64,
    /// The command it was started with, for people. Not on disk while blocks are encrypted.
    pub command: String,
    /// Process id of the server.
    pub server: u32,
}

/// A transcript that no pane of this server has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    pub key: String,
    pub info: PaneInfo,
    /// Kept by `history-keep` until then (seconds since the Unix epoch); otherwise its server died.
    pub keep_until: Option<i64>,
    /// Bytes of its segment files.
    pub bytes: u64,
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

/// Buffers of written blocks that are kept for the next ones: to get one from the kernel each time
/// costs as much as filling it.
const MAX_SPARES: usize = 2;
/// Memory of such a buffer, in bytes.
const SPARE_BYTES: std::ops::RangeInclusive<usize> = 64 << 10..=512 << 10;

/// Columns at which a transcript without a pane is laid out.
const READ_WIDTH: u32 = 80;

/// State shared by the store, its panes, its views and its writer.
pub(super) struct Shared {
    /// Directory of new transcripts, which is also searched for others.
    dir: Mutex<PathBuf>,
    pub storage: Arc<dyn Storage>,
    key: Mutex<Option<Key>>,
    encrypt: AtomicBool,
    pub cache: Mutex<Cache>,
    pub queue: Arc<Queue>,
    pub panes: Mutex<BTreeMap<String, Arc<Pane>>>,
    pub total_limit: AtomicU64,
    pub messages: Mutex<VecDeque<String>>,
    /// Reason why the directory's contents are not used, if so.
    dir_trouble: Mutex<Option<String>>,
    pub wake: Box<dyn Fn() + Send + Sync>,
    next_id: AtomicU64,
    spares: Mutex<Vec<Vec<u8>>>,
}

impl Shared {
    /// A buffer for a block, empty; without memory where none is left.
    pub(super) fn take_spare(&self) -> Vec<u8> {
        self.spares.lock().pop().unwrap_or_default()
    }

    /// Takes the buffer of a block that was written.
    pub(super) fn keep_spare(&self, mut buffer: Vec<u8>) {
        let mut spares = self.spares.lock();
        if spares.len() < MAX_SPARES && SPARE_BYTES.contains(&buffer.capacity()) {
            buffer.clear();
            spares.push(buffer);
        }
    }

    /// Gives the memory of kept buffers back.
    pub(super) fn drop_spares(&self) {
        self.spares.lock().clear();
    }

    pub(super) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.dir.lock().clone()
    }

    /// Reports whether new blocks are encrypted.
    pub(super) fn encrypts(&self) -> bool {
        self.encrypt.load(Ordering::Relaxed)
    }

    /// Encodes a block as a frame, encrypted or not.
    pub(super) fn encode(
        &self,
        header: Header,
        raw: &[u8],
        aid: &[u8],
        encrypted: bool,
    ) -> io::Result<Vec<u8>> {
        let key = self.key.lock().clone().filter(|_| encrypted);
        if encrypted && key.is_none() {
            return Err(io::Error::other("no key to encrypt with"));
        }
        frame::encode(header, raw, aid, key.as_ref())
    }

    /// Unfolds a payload whose header was checked.
    pub(super) fn open_payload(
        &self,
        header: &Header,
        payload: &[u8],
        unfolder: &mut Unfolder,
    ) -> Result<Vec<u8>, Unreadable> {
        frame::open_payload(header, payload, self.key.lock().clone().as_ref(), unfolder)
    }

    /// Loads a sealed block into memory. A block that cannot be read is replaced by one with as
    /// many lines, the first of which says so.
    pub(super) fn load(&self, sealed: &Sealed) -> Arc<Block> {
        if let Some(block) = self.cache.lock().get(sealed.id) {
            return block;
        }
        let (block, lasting) = self.unfold(sealed, &mut Unfolder::default());
        if lasting {
            self.cache.lock().put(block.clone());
        }
        block
    }

    /// The same for who reads it once: nothing else leaves the cache for it.
    pub(super) fn load_once(&self, sealed: &Sealed, unfolder: &mut Unfolder) -> Arc<Block> {
        let known = self.cache.lock().get(sealed.id);
        known.unwrap_or_else(|| self.unfold(sealed, unfolder).0)
    }

    /// A block, or what stands in its place, and whether that lasts.
    fn unfold(&self, sealed: &Sealed, unfolder: &mut Unfolder) -> (Arc<Block>, bool) {
        let (block, lasting) = match sealed.read(self, unfolder) {
            Ok(block) => (block, true),
            Err(why) => {
                self.message(format!("history: cannot read lines from {}: {why}", sealed.first_line));
                let mut block = sealed.as_lost(0, &why.to_string()).filled(sealed.id, sealed.lines);
                block.stands_in = true;
                (block, matches!(why, NoBlock::Damaged(_)))
            }
        };
        (Arc::new(block), lasting)
    }

    /// Queues a message for the server; the same text twice in a row is queued once.
    pub(super) fn message(&self, text: String) {
        let mut messages = self.messages.lock();
        if messages.len() < MAX_MESSAGES && messages.back() != Some(&text) {
            messages.push_back(text);
            drop(messages);
            (self.wake)();
        }
    }

    /// Records whether the directory cannot be trusted, with one message if so. True if it cannot.
    pub(super) fn dir_trouble(&self, trouble: Option<String>) -> bool {
        let before = std::mem::replace(&mut *self.dir_trouble.lock(), trouble.clone());
        if let Some(text) = trouble.as_ref().filter(|_| before != trouble) {
            self.message(format!("history: {text}; transcripts in it are not looked at"));
        }
        trouble.is_some()
    }

    pub(super) fn forget_pane(&self, key: &str) {
        self.panes.lock().remove(key);
    }

    /// Opens a transcript that was found in `dir`. `main`: the pane of which it is the second
    /// stream.
    pub(super) fn go_on(
        self: &Arc<Self>,
        dir: &Path,
        key: &str,
        found: Found,
        limit: u64,
        width: u32,
        main: Option<Arc<Pane>>,
    ) -> PaneHistory {
        let width = width.max(1);
        let pane = make_pane(dir, key.to_owned(), found.info, limit, width, main);
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
        self.panes.lock().insert(key.to_owned(), pane.clone());
        let history = PaneHistory::new(pane.clone(), self.clone(), width, end.max(found.floor));
        self.queue.push(Job::Trim(pane));
        history
    }
}

/// A pane's part of the store, without anything on disk yet. `main`: the pane of which it is the
/// second stream.
pub(super) fn make_pane(
    dir: &Path,
    key: String,
    info: PaneInfo,
    limit: u64,
    width: u32,
    main: Option<Arc<Pane>>,
) -> Pane {
    Pane {
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
        let shared = Arc::new(Shared {
            dir: Mutex::new(config.dir),
            storage: config.storage,
            key: Mutex::new(config.key),
            encrypt: AtomicBool::new(false),
            cache: Mutex::new(Cache::new(config.cache_bytes)),
            queue: Arc::new(Queue::default()),
            panes: Mutex::new(BTreeMap::new()),
            total_limit: AtomicU64::new(config.total_limit),
            messages: Mutex::new(VecDeque::new()),
            dir_trouble: Mutex::new(None),
            wake: config.wake,
            next_id: AtomicU64::new(1),
            spares: Mutex::default(),
        });
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
        let pane = Arc::new(make_pane(&self.shared.dir(), key.clone(), info, limit, width, None));
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
        Ok((TranscriptView { list, newest: Newest::new(open, widths), store: self.shared.clone() }, notes))
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
        let mut history = self.shared.go_on(&dir, key, found, limit, width, None);
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
        self.shared.key.lock().clone()
    }

    /// Takes over the previous server's key.
    pub fn set_key(&self, key: Key) {
        *self.shared.key.lock() = Some(key);
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
        self.shared.messages.lock().drain(..).collect()
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
        self.shared.cache.lock().used()
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
