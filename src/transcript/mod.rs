//! On-disk history. A pane's scrollback is a transcript: logical lines in compressed blocks, which
//! one background thread appends to segment files, bounded in bytes on disk, and which are read
//! back by range.
//!
//! - `layout` how a line divides into rows; `widths` what became of them since; `line` a line
//!   as bytes; `block` lines in memory; `aid` row counts without decompressing; `frame` a block
//!   on disk.
//! - `sealed`, `group` and `list` the blocks of a pane; `history` its history; `view` a pinned reader;
//!   `cache` decoded blocks of the whole server.
//! - `alternate` what full-screen programs drew: a second history of a pane.
//! - `lost` the line that stands where lines are missing.
//! - `store` the server's transcripts; `queue` and `writer` the thread; `storage` files, `small`
//!   those with a checksum;
//!   `recover` what an earlier server left; `commands` that ran in a pane; `notes` what happened to a pane; `handle` what
//!   the server asks of a history that its terminal holds.
//! - `pictures` what programs showed, a file each.
//! - `scan` reads many rows in order; `search` and `export` read a view in bounded steps; `journal` is what outlives a
//!   server that crashes, `saved` the part of it that history has.
//!
//! Invariants: a sealed block never changes; no output of a pane waits for the disk; memory does
//! not depend on the amount of output, except some 100 bytes per block (128 KiB of lines, more
//! under large limits) and some 100 per group of blocks; a change of width reads nothing. The room
//! reads the clock only to detect a disk that hangs and to retry a failing one. A reader never
//! makes damage worse: it removes only dropped data and unfinished writes; a damaged file is
//! renamed and kept, and a line in the text says what is missing.

mod aid;
mod alternate;
mod block;
mod cache;
mod commands;
mod export;
mod frame;
mod group;
mod handle;
mod history;
mod journal;
mod layout;
mod line;
mod list;
mod literals;
mod lost;
mod notes;
mod pictures;
mod queue;
mod recover;
mod saved;
mod scan;
mod sealed;
mod search;
mod small;
mod storage;
mod store;
mod view;
mod widths;
mod writer;

#[cfg(test)]
pub(crate) mod fault;
#[cfg(test)]
mod tests;

pub use export::{Exporter, Form};
pub(crate) use frame::Key;
pub use frame::compressed_len;
pub(crate) use handle::PaneHandle;
pub(crate) use history::PaneHistory;
pub(crate) use journal::{Journal, Recovered};
pub(crate) use notes::Note;
pub(crate) use pictures::picture_name;
pub(crate) use search::prefilter;
pub use search::{Needle, Progress, SearchCursor};
pub(crate) use storage::Disk;
pub use storage::Storage;
pub(crate) use store::Transcript;
pub use store::{PaneInfo, StoreConfig, TranscriptStore};
pub(crate) use view::TranscriptView;
