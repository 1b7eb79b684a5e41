//! Panes' histories: transcripts below the state directory of this server's socket, or in memory
//! without such a directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::history::History;
use crate::base::{BoxedMap, PaneId};
use crate::options::size::Keep;
use crate::terminal::MemoryHistory;
use crate::transcript::{Key, PaneHandle, PaneInfo, StoreConfig, TranscriptStore};

/// Rows kept in memory if there is no directory.
const MEMORY_ROWS: usize = 2000;
/// Seconds for which transcripts of a server that died are kept.
pub(super) const CRASH_KEEP: i64 = 7 * 86_400;
/// Seconds of running after which the server knows that the machine is not going down.
const SPARED_SECS: i64 = 60;

/// A pane's transcript.
struct Held {
    handle: PaneHandle,
    keep: Keep,
}

/// The transcripts of one server.
pub(super) struct Histories {
    store: Option<Arc<TranscriptStore>>,
    panes: BoxedMap<PaneId, Held>,
    total_limit: u64,
    /// Default of `history-directory`.
    state: PathBuf,
    /// Name of this server's directory below `history-directory`.
    name: String,
    /// Last known value of the option `history-directory`.
    directory: String,
    messages: Vec<String>,
    /// True if transcripts stay as they are when their panes close.
    leaves: bool,
    /// Transcripts of panes whose program was ended by a signal, with the time (seconds since the
    /// Unix epoch) until which they are not removed.
    spared: Vec<(String, i64)>,
    /// Reason why there are none on disk.
    pub error: Option<String>,
}

impl Histories {
    /// Opens the store of a socket below the directory `state`.
    pub(super) fn new(state: PathBuf, socket_path: &str, wake: Box<dyn Fn() + Send + Sync>) -> Self {
        // Create the key before anything can be encrypted, so that the keeper has it before any
        // pane: the next server can then read all that this one encrypted.
        let key = Key::random().ok();
        let name = name_of(socket_path);
        let config = StoreConfig { wake, key, ..StoreConfig::new(state.join(&name)) };
        let (store, error) = match TranscriptStore::new(config) {
            Ok(store) => (Some(Arc::new(store)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            store,
            panes: BoxedMap::new(),
            total_limit: u64::MAX,
            state,
            name,
            directory: String::new(),
            messages: Vec::new(),
            leaves: false,
            spared: Vec::new(),
            error,
        }
    }

    /// Applies the option `history-directory`: the place of transcripts of panes made from now on.
    pub(super) fn set_directory(&mut self, directory: &str) {
        if directory == self.directory {
            return;
        }
        directory.clone_into(&mut self.directory);
        let home = super::proc::home();
        let path = match directory.strip_prefix('~') {
            _ if directory.is_empty() => self.state.clone(),
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

    /// Applies the option `history-encrypt` to data written from now on.
    pub(super) fn set_encrypt(&mut self, encrypt: bool) {
        self.store.iter().for_each(|store| store.set_encrypt(encrypt));
    }

    /// Key of all encrypted data, for the next server.
    pub(super) fn key(&self) -> Option<[u8; 32]> {
        self.store.as_ref()?.key().map(|key| key.0)
    }

    /// Takes over the previous server's key.
    pub(super) fn set_key(&mut self, key: [u8; 32]) {
        self.store.iter().for_each(|store| store.set_key(Key(key)));
    }

    /// Applies the option `history-disk` of a pane: whether its lines are written to disk.
    pub(super) fn set_on_disk(&mut self, pane: PaneId, on: bool) {
        self.panes.get(&pane).into_iter().for_each(|held| held.handle.set_on_disk(on));
    }

    /// Sets a pane's limit in bytes on disk.
    pub(super) fn set_limit(&mut self, pane: PaneId, limit_bytes: u64) {
        self.panes.get(&pane).into_iter().for_each(|held| held.handle.set_limit(limit_bytes));
    }

    /// Records the command that a pane runs.
    pub(super) fn set_command(&mut self, pane: PaneId, command: String) {
        self.panes.get(&pane).into_iter().for_each(|held| held.handle.set_command(command.clone()));
    }

    /// Handle of a pane's transcript, if it has one.
    pub(super) fn handle(&self, pane: PaneId) -> Option<PaneHandle> {
        self.panes.get(&pane).map(|held| held.handle.clone())
    }

    pub(super) fn store(&self) -> Option<Arc<TranscriptStore>> {
        self.store.clone()
    }

    /// Makes a new history; an older one of the same pane becomes independent.
    pub(super) fn open(&mut self, pane: PaneId, limit_bytes: u64, now_us: i64) -> Box<dyn History> {
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

    /// Takes a pane's history that was opened beside the loop.
    pub(super) fn hold(&mut self, pane: PaneId, handle: PaneHandle) {
        self.panes.insert(pane, Held { handle, keep: Keep::Seconds(0) });
    }

    /// Makes all transcripts stay when their panes close, since the machine may be going down.
    pub(super) fn leave_all(&mut self) {
        self.leaves = true;
    }

    /// Makes the transcript of this pane stay for a while after it closes, since the machine may be
    /// going down.
    pub(super) fn spare(&mut self, pane: PaneId, now_secs: i64) {
        if let Some(held) = self.panes.get(&pane).filter(|held| held.keep == Keep::Seconds(0)) {
            self.spared.push((held.handle.key().to_owned(), now_secs + SPARED_SECS));
        }
    }

    /// Removes spared transcripts whose time is over.
    pub(super) fn end_spared(&mut self, now_secs: i64) {
        let Some(store) = self.store.as_ref().filter(|_| !self.spared.is_empty()) else { return };
        self.spared.retain(|(key, until)| {
            if *until <= now_secs && !store.is_open(key) {
                let store = store.clone();
                let _ = store.remove(key);
            }
            *until > now_secs
        });
    }

    /// Sets for how long a pane's transcript is kept after it closes.
    pub(super) fn set_keep(&mut self, pane: PaneId, keep: Keep) {
        if let Some(held) = self.panes.get_mut(&pane) {
            held.keep = keep;
        }
    }

    /// Continues a history that was saved in its pane's journal.
    pub(super) fn resume(
        &mut self,
        pane: PaneId,
        saved: &[u8],
        limit_bytes: u64,
    ) -> Option<Box<dyn History>> {
        let history = self.store.as_ref()?.resume(saved, limit_bytes).ok()?;
        self.panes.insert(pane, Held { handle: history.handle(), keep: Keep::Seconds(0) });
        Some(Box::new(history))
    }

    /// Continues the transcript of a pane whose server died, or makes a new one.
    pub(super) fn reopen(
        &mut self,
        pane: PaneId,
        limit_bytes: u64,
        cols: u32,
        now_us: i64,
    ) -> Box<dyn History> {
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
    pub(super) fn set_total_limit(&mut self, bytes: u64) {
        if let Some(store) = self.store.as_ref().filter(|_| bytes != self.total_limit) {
            self.total_limit = bytes;
            store.set_total_limit(bytes);
        }
    }

    /// Reports whether a pane's transcript is kept when the pane closes.
    pub(super) fn keeps(&self, pane: PaneId) -> bool {
        self.panes.get(&pane).is_some_and(|held| held.keep != Keep::Seconds(0))
    }

    /// Decides what happens to a closed pane's transcript when its terminal is dropped.
    pub(super) fn close_pane(&mut self, pane: PaneId, now_secs: i64) {
        let Some(held) = self.panes.get(&pane).filter(|_| !self.leaves) else { return };
        let spared = self.spared.iter().any(|(key, _)| key == held.handle.key());
        held.handle.close(match held.keep {
            Keep::Seconds(0) if spared => Some(now_secs + CRASH_KEEP),
            Keep::Seconds(0) => None,
            Keep::Seconds(seconds) => Some(now_secs.saturating_add_unsigned(seconds)),
            Keep::Forever => Some(i64::MAX),
        });
    }

    /// Called from time to time: removes transcripts whose time is over, and sets a time for those
    /// of a server that died.
    pub(super) fn tidy(&mut self, now_secs: i64) {
        if let Some(store) = &self.store {
            store.keep_leftovers(now_secs + CRASH_KEEP);
            store.expire(now_secs);
        }
        self.panes.retain(|_, held| !held.handle.is_over());
    }

    /// Takes messages about errors of the disk since the last call.
    pub(super) fn take_messages(&mut self) -> Vec<String> {
        let mut messages = std::mem::take(&mut self.messages);
        messages.extend(self.store.iter().flat_map(|store| store.take_messages()));
        messages
    }

    /// Bytes of decoded blocks cached for readers.
    pub(super) fn cached_bytes(&self) -> usize {
        self.store.as_ref().map_or(0, |store| store.cached_bytes())
    }

    /// Value of a format variable, for a pane or for the whole store.
    pub(super) fn usage(&self, pane: Option<PaneId>, variable: &str) -> Option<String> {
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

/// Name of a server's directory; different for all servers.
fn name_of(socket_path: &str) -> String {
    socket_path.trim_start_matches('/').replace('/', "%")
}

/// Directory of a server's transcripts and saved sessions, regardless of `history-directory`.
pub(super) fn directory_of(state: &Path, socket_path: &str) -> PathBuf {
    state.join(name_of(socket_path))
}

/// Default of `history-directory`: `${XDG_STATE_HOME:-~/.local/state}/scopemux`.
pub(super) fn default_directory() -> PathBuf {
    let state = match std::env::var("XDG_STATE_HOME") {
        Ok(path) if path.starts_with('/') => PathBuf::from(path),
        _ => Path::new(&super::proc::home()).join(".local/state"),
    };
    state.join("scopemux")
}
