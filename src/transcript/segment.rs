//! Segment files: frames, one after the other.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};

/// Segment files are called `seg-00000000`, `seg-00000001`, …
pub(super) const SEGMENT_PREFIX: &str = "seg-";
/// Block size of file systems, in bytes.
const FILE_BLOCK: u64 = 4096;

/// A file of frames. It is deleted when it is finished and all its blocks are retired.
#[derive(Debug)]
pub(super) struct Segment {
    pub path: PathBuf,
    pub freeing: Arc<dyn Freeing>,
    /// Count of its blocks that are not retired.
    pub live: AtomicU32,
    /// True if nothing more will be written to it.
    pub finished: AtomicBool,
    /// True if its payloads are encrypted. Unused once it is finished.
    pub encrypted: bool,
}

/// Frees the space of blocks that nobody uses any more.
pub(super) trait Freeing: std::fmt::Debug + Send + Sync {
    /// Frees `len` bytes of a segment from offset `at` on, later and on another thread.
    fn free(&self, segment: Arc<Segment>, at: u64, len: u64);
}

/// Bytes on disk of a block of `len` bytes.
pub(super) fn disk_round(len: u64) -> u64 {
    len.next_multiple_of(FILE_BLOCK)
}
