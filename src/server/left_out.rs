//! Parts of the state that a server leaves out, because they killed earlier servers: each is named
//! in the message log, and saved to a file for debugging.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::base::PaneId;
use crate::protocol::custody::Part;

use super::runtime::Runtime;
use super::snapshot::Snapshot;

/// Largest file saved for a report, in bytes; a journal is not longer.
const MAX_KEPT: u64 = 32 << 20;
const CHUNK: usize = 4096;

impl Runtime {
    /// The part of a pane's journal to load, and true if its log must be loaded too.
    pub(super) fn take_journal(&mut self, pane: PaneId, journal: Option<OwnedFd>) -> (Option<OwnedFd>, bool) {
        let Some(journal) = journal else { return (None, true) };
        let token = u64::from(pane.0);
        if !self.world.custody.takes(Part::Checkpoint(token)) {
            self.leave_out(&format!("the screen of pane {pane}"), &format!("pane-{}", pane.0), journal);
            return (None, false);
        }
        // Named again when it is printed: the checkpoint comes first.
        if self.world.custody.leaves_out(Part::Log(token))
            && let Ok(copy) = journal.try_clone()
        {
            let what = format!("what pane {pane} printed last");
            self.leave_out(&what, &format!("pane-{}", pane.0), copy);
            return (Some(journal), false);
        }
        (Some(journal), true)
    }

    /// Replaces options, hooks and environments by those of a new server.
    pub(super) fn leave_out_settings(&mut self, snapshot: &mut Snapshot) {
        let mut text = serde_json::to_vec(&std::mem::take(&mut snapshot.options)).unwrap_or_default();
        text.extend(serde_json::to_vec(&std::mem::take(&mut snapshot.environs)).unwrap_or_default());
        let kept = self.set_aside("settings", &mut text.as_slice());
        self.tell_left_out("options, hooks and environments", kept);
    }

    fn leave_out(&mut self, what: &str, name: &str, file: OwnedFd) {
        let mut file = File::from(file);
        let kept = file.seek(SeekFrom::Start(0)).and_then(|_| self.set_aside(name, &mut file));
        self.tell_left_out(what, kept);
    }

    fn tell_left_out(&mut self, what: &str, kept: io::Result<PathBuf>) {
        let place = match kept {
            Ok(path) => format!("kept in {}", path.display()),
            Err(error) => format!("it could not be kept: {error}"),
        };
        let text = format!("servers died of {what}, which this one does without ({place})");
        let now = self.world.now;
        self.server.add_message(now, text);
    }

    /// Writes a file for a report, which only this user can read.
    fn set_aside(&self, name: &str, from: &mut impl Read) -> io::Result<PathBuf> {
        let dir = super::histories::default_directory().join("left-out");
        DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        let name = format!("{}-{}-{name}", self.world.now.secs(), self.server.pid);
        let path = dir.join(name);
        write_sparse(&path, from)?;
        Ok(path)
    }
}

/// Copies data, leaving holes in place of zeros.
fn write_sparse(path: &Path, from: &mut impl Read) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut chunk = [0; CHUNK];
    let mut length = 0;
    let mut from = from.take(MAX_KEPT);
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return file.set_len(length);
        }
        length += read as u64;
        match chunk[..read].iter().all(|&byte| byte == 0) {
            true => drop(file.seek(SeekFrom::Current(read as i64))?),
            false => file.write_all(&chunk[..read])?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_alike() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = [vec![1; 5000], vec![0; 50_000], vec![2; 3], vec![0; 9000]].concat();
        let path = dir.path().join("copy");
        write_sparse(&path, &mut bytes.as_slice()).unwrap();
        assert!(std::fs::read(&path).unwrap() == bytes);
        assert!(write_sparse(&path, &mut bytes.as_slice()).is_err(), "nothing is overwritten");
    }
}
