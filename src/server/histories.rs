//! Panes' histories: transcripts below the state directory of this server's socket, or in
//! memory where there is no such directory.

use std::path::PathBuf;

use crate::base::PaneId;
use crate::base::history::History;
use crate::terminal::MemoryHistory;
use crate::transcript::{PaneInfo, StoreConfig, TranscriptStore};

/// Rows kept in memory where nothing can be kept on disk.
const MEMORY_ROWS: usize = 2000;

/// The transcripts of one server.
pub struct Histories {
    store: Option<TranscriptStore>,
    /// Why there are none on disk.
    pub error: Option<String>,
}

impl Histories {
    /// Opens the store that belongs to a socket.
    pub fn new(socket_path: &str) -> Self {
        match TranscriptStore::new(StoreConfig::new(directory(socket_path))) {
            Ok(store) => Self { store: Some(store), error: None },
            Err(error) => Self { store: None, error: Some(error.to_string()) },
        }
    }

    pub fn open(&mut self, pane: PaneId, limit_bytes: u64) -> Box<dyn History> {
        match &self.store {
            Some(store) if limit_bytes > 0 => {
                Box::new(store.open_pane(pane, PaneInfo::default(), limit_bytes, 80))
            }
            Some(_) => Box::new(MemoryHistory::new(0, 80)),
            None => Box::new(MemoryHistory::new(if limit_bytes == 0 { 0 } else { MEMORY_ROWS }, 80)),
        }
    }

    /// Goes on with the transcript of a pane whose server died; a new one if there is none.
    pub fn reopen(&mut self, pane: PaneId, limit_bytes: u64, cols: u32) -> Box<dyn History> {
        if let Some(store) = self.store.as_ref().filter(|_| limit_bytes > 0) {
            let left = store.leftovers().into_iter().filter(|left| left.keep_until.is_none());
            let newest = left.filter(|left| left.info.pane == pane.0).max_by_key(|left| left.info.created_us);
            if let Some(left) = newest
                && let Ok(history) = store.adopt(&left.key, pane, limit_bytes, cols, None)
            {
                return Box::new(history);
            }
        }
        self.open(pane, limit_bytes)
    }

    /// What went wrong with the disk since this was last asked.
    pub fn take_messages(&self) -> Vec<String> {
        self.store.as_ref().map(TranscriptStore::take_messages).unwrap_or_default()
    }

    /// Value of a format variable of the whole store.
    pub fn usage(&self, variable: &str) -> Option<String> {
        match variable {
            "history_disk_bytes" => {
                Some(self.store.as_ref().map_or(0, TranscriptStore::disk_bytes).to_string())
            }
            "history_error" => {
                let error =
                    self.store.as_ref().and_then(TranscriptStore::error).or_else(|| self.error.clone());
                Some(error.unwrap_or_default())
            }
            _ => None,
        }
    }
}

/// `${XDG_STATE_HOME:-~/.local/state}/scopemux/<socket>`, the socket's path with its slashes
/// replaced, so that two servers never share a directory.
fn directory(socket_path: &str) -> PathBuf {
    let state = match std::env::var("XDG_STATE_HOME") {
        Ok(path) if path.starts_with('/') => PathBuf::from(path),
        _ => PathBuf::from(super::proc::home()).join(".local/state"),
    };
    state.join("scopemux").join(socket_path.trim_start_matches('/').replace('/', "%"))
}
