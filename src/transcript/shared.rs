//! State shared by the store, its panes and its writer.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::frame::{self, Header};
use super::loader::Loader;
use super::pane::Pane;
use super::queue::Queue;
use super::storage::Storage;

/// Buffers of written blocks that are kept for the next ones: to get one from the kernel each time
/// costs as much as filling it.
const MAX_SPARES: usize = 2;
/// Memory of such a buffer, in bytes.
const SPARE_BYTES: std::ops::RangeInclusive<usize> = 64 << 10..=512 << 10;

/// See the module comment.
pub(super) struct Shared {
    /// Directory of new transcripts, which is also searched for others.
    pub dir: Mutex<PathBuf>,
    pub storage: Arc<dyn Storage>,
    pub loader: Arc<Loader>,
    pub encrypt: AtomicBool,
    pub queue: Arc<Queue>,
    pub panes: Mutex<BTreeMap<String, Arc<Pane>>>,
    pub total_limit: AtomicU64,
    /// Reason why the directory's contents are not used, if so.
    pub dir_trouble: Mutex<Option<String>>,
    next_id: AtomicU64,
    spares: Mutex<Vec<Vec<u8>>>,
}

impl Shared {
    pub(super) fn new(loader: Loader, dir: PathBuf, total_limit: u64) -> Self {
        Self {
            dir: Mutex::new(dir),
            storage: loader.storage.clone(),
            loader: Arc::new(loader),
            encrypt: AtomicBool::new(false),
            queue: Arc::new(Queue::default()),
            panes: Mutex::new(BTreeMap::new()),
            total_limit: AtomicU64::new(total_limit),
            dir_trouble: Mutex::new(None),
            next_id: AtomicU64::new(1),
            spares: Mutex::default(),
        }
    }

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
        let key = self.loader.key.lock().clone().filter(|_| encrypted);
        if encrypted && key.is_none() {
            return Err(io::Error::other("no key to encrypt with"));
        }
        frame::encode(header, raw, aid, key.as_ref())
    }

    /// Queues a message for the server.
    pub(super) fn message(&self, text: String) {
        self.loader.messages.push(text);
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
}
