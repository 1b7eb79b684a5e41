//! Paste buffers: named and automatic ones, newest first.

use std::collections::BTreeMap;
use std::sync::Arc;

/// One buffer. The data is shared so that readers need no copy.
#[derive(Clone, Debug)]
pub struct Buffer {
    pub name: String,
    pub data: Arc<[u8]>,
    /// Made by a copy rather than named by the user: counts towards `buffer-limit`.
    pub automatic: bool,
    /// Seconds since the Unix epoch.
    pub created: i64,
    /// Later buffers have higher numbers.
    pub order: u64,
}

/// All buffers.
#[derive(Clone, Debug, Default)]
pub struct Buffers {
    pub by_name: BTreeMap<String, Buffer>,
    /// Number for the next automatic name, `bufferN`.
    pub next_index: u64,
    pub next_order: u64,
}
