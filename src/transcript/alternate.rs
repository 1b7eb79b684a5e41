//! The second stream of a pane: output of full-screen programs (option `alternate-history`). It is
//! a history like any other, in its own directory inside the pane's, created with its first row.
//! The pane's history holds it and ends it, and one limit applies to both.

use std::path::Path;

use super::storage::Storage;

/// Name of its directory.
pub(super) const DIR: &str = "alternate";
/// Fraction of the pane's bytes on disk for this stream: 1/`SHARE`.
const SHARE: u64 = 4;

/// Key in the store of the second stream of a pane's history.
pub(super) fn key_of(key: &str) -> String {
    format!("{key}/{DIR}")
}

/// Limit of the second stream, in bytes on disk.
pub(super) fn share_of(limit: u64) -> u64 {
    limit / SHARE
}

/// Removes the second stream of a transcript that is not open.
pub(super) fn remove_dir(storage: &dyn Storage, dir: &Path) -> std::io::Result<()> {
    let dir = dir.join(DIR);
    storage.check_dir(&dir)?;
    for name in storage.list(&dir)? {
        storage.remove(&dir.join(name))?;
    }
    storage.remove_dir(&dir)
}
