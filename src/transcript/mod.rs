//! On-disk history. A pane's scrollback is a transcript: logical lines in compressed blocks, which
//! one background thread appends to segment files, bounded in bytes on disk, and which are read
//! back by range.
//!
//! Files, lowest first; none imports one that comes after it:
//!
//! - `layout` how a line divides into rows; `line` a line as bytes; `widths` what became of its rows
//!   since; `aid` row counts without decompressing; `block` lines in memory; `seek` the nearest
//!   line that a filter matches; `lost` the line that stands where lines are missing.
//! - `frame` a block on disk; `storage` files; `segment` a file of frames; `sealed` a block that
//!   does not change any more, wherever it is.
//! - `messages` for the server; `cache` decoded blocks of the whole server; `loader` blocks from
//!   memory, cache or disk; `group` and `list` the sealed blocks of a pane.
//! - `links` links in a reader's table; `scan` many rows in order; `newest` the lines that are not
//!   sealed; `view` a pinned reader.
//! - `small` files with a checksum; `info` who the pane is; `notes` what happened to it; `commands`
//!   that ran in it; `alternate` where its second stream is: what full-screen programs drew.
//! - `pane` what a history, the writer and the store share; `queue` the writer's jobs; `shared` what
//!   all panes share; `handle` what the server asks of a history that its terminal holds; `writer`
//!   the thread; `recover` what an earlier server left; `pictures` what programs showed, a file
//!   each.
//! - `journal` what outlives a server that crashes, `saved` the part of it that a history has.
//! - `history` a pane's history; `adopt` continues one that is on disk; `store` the server's
//!   transcripts; `resume` continues one that is in a journal.
//! - `literals` what any match of a pattern contains; `search` and `export` read a view in bounded
//!   steps.
//!
//! Invariants: a sealed block never changes; no output of a pane waits for the disk; memory does
//! not depend on the amount of output, except some 100 bytes per block (128 KiB of lines, more
//! under large limits) and some 100 per group of blocks; a change of width reads nothing. The room
//! reads the clock only to detect a disk that hangs and to retry a failing one. A reader never
//! makes damage worse: it removes only dropped data and unfinished writes; a damaged file is
//! renamed and kept, and a line in the text says what is missing.

mod adopt;
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
mod info;
mod journal;
mod layout;
mod line;
mod links;
mod list;
mod literals;
mod loader;
mod lost;
mod messages;
mod newest;
mod notes;
mod pane;
mod pictures;
mod queue;
mod recover;
mod resume;
mod saved;
mod scan;
mod sealed;
mod search;
mod seek;
mod segment;
mod shared;
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
pub use info::PaneInfo;
pub(crate) use journal::{Journal, Recovered};
pub(crate) use notes::Note;
pub(crate) use pictures::picture_name;
pub(crate) use search::prefilter;
pub use search::{Needle, Progress, SearchCursor};
pub(crate) use storage::Disk;
pub use storage::Storage;
pub(crate) use store::Transcript;
pub use store::{StoreConfig, TranscriptStore};
pub(crate) use view::TranscriptView;
