//! Panes' histories: transcripts below the state directory of this server's socket, or in
//! memory where there is no such directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::PaneId;
use crate::base::history::History;
use crate::options::size::Keep;
use crate::terminal::MemoryHistory;
use crate::transcript::{Key, PaneHandle, PaneInfo, StoreConfig, TranscriptStore};

/// Rows kept in memory where nothing can be kept on disk.
const MEMORY_ROWS: usize = 2000;
/// Seconds that the transcripts of a server that died are kept for.
const CRASH_KEEP: i64 = 7 * 86_400;
/// Seconds after which a server that still runs knows that the machine is not going down.
const SPARED_SECS: i64 = 60;

/// A pane's transcript.
struct Held {
    handle: PaneHandle,
    keep: Keep,
}

/// The transcripts of one server.
pub struct Histories {
    store: Option<Arc<TranscriptStore>>,
    panes: BTreeMap<PaneId, Held>,
    total_limit: u64,
    /// Name of this server's directory below `history-directory`.
    name: String,
    /// The option `history-directory`, as it was heard of last.
    directory: String,
    messages: Vec<String>,
    /// Transcripts stay as they are when their panes go.
    leaves: bool,
    /// Transcripts of panes whose program was ended by a signal, and until when (seconds since the
    /// Unix epoch) they are not removed.
    spared: Vec<(String, i64)>,
    /// Why there are none on disk.
    pub error: Option<String>,
}

impl Histories {
    /// Opens the store that belongs to a socket.
    pub fn new(socket_path: &str, wake: Box<dyn Fn() + Send + Sync>) -> Self {
        // Made before anything can be encrypted, so that the keeper has it as early as any
        // pane: what a server encrypted, the one after it can read.
        let key = Key::random().ok();
        let name = name_of(socket_path);
        let config = StoreConfig { wake, key, ..StoreConfig::new(default_directory().join(&name)) };
        let (store, error) = match TranscriptStore::new(config) {
            Ok(store) => (Some(Arc::new(store)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            store,
            panes: BTreeMap::new(),
            total_limit: u64::MAX,
            name,
            directory: String::new(),
            messages: Vec::new(),
            leaves: false,
            spared: Vec::new(),
            error,
        }
    }

    /// The option `history-directory`: where transcripts of panes made from now on go.
    pub fn set_directory(&mut self, directory: &str) {
        if directory == self.directory {
            return;
        }
        directory.clone_into(&mut self.directory);
        let home = super::proc::home();
        let path = match directory.strip_prefix('~') {
            _ if directory.is_empty() => default_directory(),
            Some(rest) if rest.is_empty() || rest.starts_with('/') => PathBuf::from(format!("{home}{rest}")),
            _ if directory.starts_with('/') => PathBuf::from(directory),
            _ => {
                let text = format!("history-directory: not an absolute path: {directory}; no change");
                self.messages.push(text);
                return;
            }
        };
        self.store.iter().for_each(|store| store.set_dir(path.join(&self.name)));
    }

    /// The option `history-encrypt`: what is written from now on is encrypted.
    pub fn set_encrypt(&mut self, encrypt: bool) {
        self.store.iter().for_each(|store| store.set_encrypt(encrypt));
    }

    /// The key of everything encrypted, for the next server.
    pub fn key(&self) -> Option<[u8; 32]> {
        self.store.as_ref()?.key().map(|key| key.0)
    }

    /// Goes on with the key of the server before.
    pub fn set_key(&mut self, key: [u8; 32]) {
        self.store.iter().for_each(|store| store.set_key(Key(key)));
    }

    /// The option `history-disk` of a pane: whether its lines are written to the disk.
    pub fn set_on_disk(&mut self, pane: PaneId, on: bool) {
        self.panes.get(&pane).into_iter().for_each(|held| held.handle.set_on_disk(on));
    }

    /// Bytes on disk that a pane may take.
    pub fn set_limit(&mut self, pane: PaneId, limit_bytes: u64) {
        self.panes.get(&pane).into_iter().for_each(|held| held.handle.set_limit(limit_bytes));
    }

    /// What a pane runs now.
    pub fn set_command(&mut self, pane: PaneId, command: String) {
        self.panes.get(&pane).into_iter().for_each(|held| held.handle.set_command(command.clone()));
    }

    /// A pane's transcript, if it has one.
    pub fn handle(&self, pane: PaneId) -> Option<PaneHandle> {
        self.panes.get(&pane).map(|held| held.handle.clone())
    }

    pub fn store(&self) -> Option<Arc<TranscriptStore>> {
        self.store.clone()
    }

    /// A new history; an older one of the same pane goes its own way.
    pub fn open(&mut self, pane: PaneId, limit_bytes: u64, now_us: i64) -> Box<dyn History> {
        match &self.store {
            Some(store) => {
                let info = PaneInfo {
                    pane: pane.0,
                    created_us: now_us,
                    command: String::new(),
                    server: std::process::id(),
                };
                let history = store.open_pane(pane, info, limit_bytes, 80);
                let keep = self.panes.get(&pane).map_or(Keep::Seconds(0), |held| held.keep);
                self.panes.insert(pane, Held { handle: history.handle(), keep });
                Box::new(history)
            }
            None => Box::new(MemoryHistory::new(if limit_bytes == 0 { 0 } else { MEMORY_ROWS }, 80)),
        }
    }

    /// A pane's history is one that was opened beside the loop.
    pub fn hold(&mut self, pane: PaneId, handle: PaneHandle) {
        self.panes.insert(pane, Held { handle, keep: Keep::Seconds(0) });
    }

    /// From now on transcripts stay as they are when their panes go: the machine may be going down.
    pub fn leave_all(&mut self) {
        self.leaves = true;
    }

    /// The machine may be going down: the transcript of this pane stays for a while when it goes.
    pub fn spare(&mut self, pane: PaneId, now_secs: i64) {
        if let Some(held) = self.panes.get(&pane).filter(|held| held.keep == Keep::Seconds(0)) {
            self.spared.push((held.handle.key().to_owned(), now_secs + SPARED_SECS));
        }
    }

    /// Removes what was spared, once its time is over.
    pub fn end_spared(&mut self, now_secs: i64) {
        let Some(store) = self.store.as_ref().filter(|_| !self.spared.is_empty()) else { return };
        self.spared.retain(|(key, until)| {
            if *until <= now_secs && !store.is_open(key) {
                let store = store.clone();
                let _ = store.remove(key);
            }
            *until > now_secs
        });
    }

    /// How long a pane's transcript is kept once it is closed.
    pub fn set_keep(&mut self, pane: PaneId, keep: Keep) {
        if let Some(held) = self.panes.get_mut(&pane) {
            held.keep = keep;
        }
    }

    /// Goes on with a history that was saved in its pane's journal.
    pub fn resume(&mut self, pane: PaneId, saved: &[u8], limit_bytes: u64) -> Option<Box<dyn History>> {
        let history = self.store.as_ref()?.resume(saved, limit_bytes).ok()?;
        self.panes.insert(pane, Held { handle: history.handle(), keep: Keep::Seconds(0) });
        Some(Box::new(history))
    }

    /// Goes on with the transcript of a pane whose server died; a new one if there is none.
    pub fn reopen(&mut self, pane: PaneId, limit_bytes: u64, cols: u32, now_us: i64) -> Box<dyn History> {
        if let Some(store) = self.store.as_ref().filter(|_| limit_bytes > 0) {
            let left = store.leftovers().into_iter().filter(|left| left.keep_until.is_none());
            let newest = left.filter(|left| left.info.pane == pane.0).max_by_key(|left| left.info.created_us);
            if let Some(left) = newest
                && let Ok(history) = store.adopt(&left.key, pane, limit_bytes, cols, None)
            {
                let held = Held { handle: history.handle(), keep: Keep::Seconds(0) };
                self.panes.insert(pane, held);
                return Box::new(history);
            }
        }
        self.open(pane, limit_bytes, now_us)
    }

    /// Bytes on disk of all transcripts together.
    pub fn set_total_limit(&mut self, bytes: u64) {
        if let Some(store) = self.store.as_ref().filter(|_| bytes != self.total_limit) {
            self.total_limit = bytes;
            store.set_total_limit(bytes);
        }
    }

    /// Whether a pane's transcript is kept when the pane is closed.
    pub fn keeps(&self, pane: PaneId) -> bool {
        self.panes.get(&pane).is_some_and(|held| held.keep != Keep::Seconds(0))
    }

    /// A pane is closed: says what becomes of its transcript when its terminal goes.
    pub fn close_pane(&mut self, pane: PaneId, now_secs: i64) {
        let Some(held) = self.panes.get(&pane).filter(|_| !self.leaves) else { return };
        let spared = self.spared.iter().any(|(key, _)| key == held.handle.key());
        held.handle.close(match held.keep {
            Keep::Seconds(0) if spared => Some(now_secs + CRASH_KEEP),
            Keep::Seconds(0) => None,
            Keep::Seconds(seconds) => Some(now_secs.saturating_add_unsigned(seconds)),
            Keep::Forever => Some(i64::MAX),
        });
    }

    /// Now and then: transcripts whose time is over go, and those of a server that died get
    /// a time.
    pub fn tidy(&mut self, now_secs: i64) {
        if let Some(store) = &self.store {
            store.keep_leftovers(now_secs + CRASH_KEEP);
            store.expire(now_secs);
        }
        self.panes.retain(|_, held| !held.handle.is_over());
    }

    /// What went wrong with the disk since this was last asked.
    pub fn take_messages(&mut self) -> Vec<String> {
        let mut messages = std::mem::take(&mut self.messages);
        messages.extend(self.store.iter().flat_map(|store| store.take_messages()));
        messages
    }

    /// Bytes of decoded blocks held for readers.
    pub fn cached_bytes(&self) -> usize {
        self.store.as_ref().map_or(0, |store| store.cached_bytes())
    }

    /// Value of a format variable: of a pane, or of the whole store.
    pub fn usage(&self, pane: Option<PaneId>, variable: &str) -> Option<String> {
        let held = pane.and_then(|pane| self.panes.get(&pane));
        match variable {
            "history_disk_bytes" => {
                let all = || self.store.as_ref().map_or(0, |store| store.disk_bytes());
                Some(held.map_or_else(all, |held| held.handle.disk_bytes()).to_string())
            }
            "history_disk_max" => {
                let limit = held.map_or(self.total_limit, |held| held.handle.limit());
                Some(Some(limit).filter(|limit| *limit != u64::MAX).map_or(String::new(), |n| n.to_string()))
            }
            "history_error" => {
                let all = || self.store.as_ref().and_then(|store| store.error());
                let error = held.map_or_else(all, |held| held.handle.error());
                Some(error.or_else(|| self.error.clone()).unwrap_or_default())
            }
            _ => None,
        }
    }
}

/// Name of a server's directory: two servers never share one.
fn name_of(socket_path: &str) -> String {
    socket_path.trim_start_matches('/').replace('/', "%")
}

/// The directory of a server's transcripts, wherever `history-directory` says that others go.
pub(super) fn directory_of(socket_path: &str) -> PathBuf {
    default_directory().join(name_of(socket_path))
}

/// What `history-directory` is when it is empty: `${XDG_STATE_HOME:-~/.local/state}/scopemux`.
pub(super) fn default_directory() -> PathBuf {
    let state = match std::env::var("XDG_STATE_HOME") {
        Ok(path) if path.starts_with('/') => PathBuf::from(path),
        _ => Path::new(&super::proc::home()).join(".local/state"),
    };
    state.join("scopemux")
}
