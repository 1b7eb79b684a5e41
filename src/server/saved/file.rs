//! The files of saved sessions, in the directory of a server's transcripts.
//!
//! ```text
//! sessions         current sessions
//! sessions.old     the previous version, in case the current one is damaged
//! sessions.before  sessions of a server that did not end on purpose (the machine went down)
//! texts/NAME       text of a pane, by the name of its transcript
//! file := "SMR1 " length " " CRC-32 of the bytes in hexadecimal "\n" bytes
//! text := file*    the text at some moment, and what was printed since then, piece by piece
//! ```
//!
//! A file is written under another name, synced, and renamed: whenever the machine stops, a
//! complete file exists. What is printed later is appended to a text, so that a long one is not
//! written again for a few bytes: if the machine stops while that is written, the pieces before it
//! are complete.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::transcript::Storage;

use super::Saved;

const MAGIC: &str = "SMR1";
const STATE: &str = "sessions";
const OLD: &str = "sessions.old";
const BEFORE: &str = "sessions.before";
const BAD: &str = "sessions.bad";
const NEW: &str = "sessions.new";
const TEXTS: &str = "texts";
/// Longest file that is read, in bytes. A longer one counts as damaged.
const MAX_FILE: u64 = 256 << 20;
/// Longest first line, in bytes.
const MAX_HEAD: usize = 64;

/// See the module comment.
pub(super) struct Files {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
    /// True if `sessions` is intact: this server wrote it, or read it.
    is_whole: bool,
    /// True once the files of earlier servers were examined.
    has_begun: bool,
    /// Texts that `sessions.before` needs.
    before: BTreeSet<String>,
    /// Lengths of the texts that this server wrote.
    lengths: BTreeMap<String, u64>,
}

/// Prefixes bytes with their length and checksum.
fn seal(bytes: &[u8]) -> Vec<u8> {
    let head = format!("{MAGIC} {} {:08x}\n", bytes.len(), crc32fast::hash(bytes));
    [head.as_bytes(), bytes].concat()
}

/// The bytes of the first sealed part of a file, if they are intact, and the rest of the file.
fn unseal(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = file.iter().take(MAX_HEAD).position(|&byte| byte == b'\n')?;
    let head = std::str::from_utf8(&file[..end]).ok()?;
    let length = head.split(' ').nth(1)?.parse().ok()?;
    let (bytes, rest) = file[end + 1..].split_at_checked(length)?;
    (head == format!("{MAGIC} {length} {:08x}", crc32fast::hash(bytes))).then_some((bytes, rest))
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

impl Files {
    pub(super) fn new(storage: Arc<dyn Storage>, dir: PathBuf) -> Self {
        let (before, lengths) = (BTreeSet::new(), BTreeMap::new());
        Self { storage, dir, is_whole: false, has_begun: false, before, lengths }
    }

    /// Called before the first write: renames sessions of a server that this one does not continue
    /// to `sessions.before`. Returns messages about damage.
    pub(super) fn begin(&mut self, life: i64) -> Vec<String> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Vec::new();
        }
        let mut said = Vec::new();
        let mut newest = None;
        for name in [STATE, OLD] {
            match self.read(name) {
                Ok(Some(saved)) if saved.life == life => {
                    self.is_whole = name == STATE;
                    self.note_before();
                    return said;
                }
                // A file without sessions replaces nothing, and `sessions.old` does not replace a
                // newer version of the same life.
                Ok(Some(saved)) if saved.sessions.is_empty() => {}
                Ok(Some(saved)) if name == OLD && self.life_before() == Some(saved.life) => {}
                Ok(Some(_)) => newest = newest.or(Some(name)),
                Ok(None) => {}
                Err(why) => {
                    drop(self.storage.rename(&self.dir.join(name), &self.dir.join(BAD)));
                    let path = self.dir.join(name);
                    said.push(format!("saved sessions: {} {why}, kept as {BAD}", path.display()));
                }
            }
        }
        if let Some(name) = newest {
            drop(self.storage.rename(&self.dir.join(name), &self.dir.join(BEFORE)));
        }
        self.note_before();
        said
    }

    fn life_before(&self) -> Option<i64> {
        self.read(BEFORE).ok().flatten().map(|saved| saved.life)
    }

    fn note_before(&mut self) {
        self.before = self.read(BEFORE).ok().flatten().map(|saved| texts(&saved)).unwrap_or_default();
    }

    /// The sessions that can be restored.
    pub(super) fn left(&self) -> Result<Option<Saved>, String> {
        self.read(BEFORE).map_err(|why| format!("{} {why}", self.dir.join(BEFORE).display()))
    }

    /// Removes sessions that were restored and are in `sessions` now.
    pub(super) fn forget_left(&mut self) -> io::Result<()> {
        self.before.clear();
        // This file may still be the earlier server's.
        self.remove(OLD)?;
        self.remove(BEFORE)
    }

    fn read(&self, name: &str) -> Result<Option<Saved>, &'static str> {
        let Some(file) = self.read_file(Path::new(name))? else { return Ok(None) };
        let bytes = unseal(&file).filter(|(_, rest)| rest.is_empty()).map(|(bytes, _)| bytes);
        let saved = bytes.and_then(|bytes| serde_json::from_slice(bytes).ok());
        saved.map(Some).ok_or("is damaged")
    }

    fn read_file(&self, name: &Path) -> Result<Option<Vec<u8>>, &'static str> {
        match self.storage.check_dir(&self.dir) {
            Err(error) if is_missing(&error) => return Ok(None),
            Err(_) => return Err("is in a directory that others can change"),
            Ok(()) => {}
        }
        let path = self.dir.join(name);
        let file = match self.storage.len(&path) {
            Err(error) if is_missing(&error) => return Ok(None),
            Ok(length) if length <= MAX_FILE => self.storage.read_at(&path, 0, length as usize),
            Ok(_) => return Err("is damaged"),
            Err(error) => Err(error),
        };
        file.map(Some).map_err(|_| "cannot be read")
    }

    /// Replaces `sessions`; the previous version becomes `sessions.old`.
    pub(super) fn write(&mut self, saved: &[u8]) -> io::Result<()> {
        self.storage.create_dir(&self.dir)?;
        let (new, state) = (self.dir.join(NEW), self.dir.join(STATE));
        self.write_beside(&new, &seal(saved))?;
        if std::mem::take(&mut self.is_whole) {
            self.storage.rename(&state, &self.dir.join(OLD))?;
        }
        self.storage.rename(&new, &state)?;
        self.is_whole = true;
        self.storage.sync_dir(&self.dir)
    }

    fn write_beside(&self, new: &Path, sealed: &[u8]) -> io::Result<()> {
        match self.storage.create(new) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        self.storage.truncate(new, 0)?;
        self.storage.append(new, 0, sealed)?;
        self.storage.sync(new)
    }

    /// Replaces the text of a pane.
    pub(super) fn write_text(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.lengths.remove(name);
        let dir = self.dir.join(TEXTS);
        self.storage.create_dir(&self.dir)?;
        self.storage.create_dir(&dir)?;
        let (new, sealed) = (dir.join(format!("{name}.new")), seal(bytes));
        self.write_beside(&new, &sealed)?;
        self.storage.rename(&new, &dir.join(name))?;
        self.lengths.insert(name.to_owned(), sealed.len() as u64);
        Ok(())
    }

    /// Adds to the text of a pane that this server wrote. After an error it must be written whole.
    pub(super) fn append_text(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let at = self.lengths.remove(name).ok_or(io::ErrorKind::NotFound)?;
        let (file, sealed) = (self.dir.join(TEXTS).join(name), seal(bytes));
        self.storage.append(&file, at, &sealed)?;
        self.storage.sync(&file)?;
        self.lengths.insert(name.to_owned(), at + sealed.len() as u64);
        Ok(())
    }

    /// The text of a pane and what was added to it, if it exists and is intact. Whatever was added
    /// behind a part that is not intact is left out.
    pub(super) fn read_text(&self, name: &str) -> Result<Option<Vec<Vec<u8>>>, &'static str> {
        let Some(file) = self.read_file(&Path::new(TEXTS).join(name))? else { return Ok(None) };
        let mut parts = Vec::new();
        let mut rest = &file[..];
        while let Some((bytes, behind)) = unseal(rest) {
            parts.push(bytes.to_vec());
            rest = behind;
        }
        if parts.is_empty() { Err("is damaged") } else { Ok(Some(parts)) }
    }

    /// Removes the texts of panes that are gone.
    pub(super) fn keep_texts(&mut self, wanted: &BTreeSet<String>) -> io::Result<()> {
        let dir = self.dir.join(TEXTS);
        let names = match self.storage.list(&dir) {
            Err(error) if is_missing(&error) => return Ok(()),
            names => names?,
        };
        self.lengths.retain(|name, _| wanted.contains(name));
        let gone = |name: &&String| !wanted.contains(*name) && !self.before.contains(*name);
        names.iter().filter(gone).try_for_each(|name| self.storage.remove(&dir.join(name)))
    }

    /// Removes everything of this server, which was ended on purpose.
    pub(super) fn end(&mut self) -> io::Result<()> {
        if !self.has_begun {
            // The files belong to another server.
            return Ok(());
        }
        self.is_whole = false;
        [NEW, STATE, OLD].into_iter().try_for_each(|name| self.remove(name))?;
        self.keep_texts(&BTreeSet::new())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match self.storage.remove(&self.dir.join(name)) {
            Err(error) if !is_missing(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Names of the texts that these sessions use.
pub(super) fn texts(saved: &Saved) -> BTreeSet<String> {
    saved.panes.iter().filter_map(|pane| pane.history.clone()).collect()
}

#[cfg(test)]
mod tests;
