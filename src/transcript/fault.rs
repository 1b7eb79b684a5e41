//! Storage for tests: files in memory; any operation can be made to fail, to be torn, or to be the
//! last one before the machine stops.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::storage::Storage;

/// Kind of failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Fails with this errno, writing nothing.
    Errno(i32),
    /// Writes half, then fails.
    Short,
    /// Writes half (if it writes); all later operations on this disk do nothing.
    Crash,
}

#[derive(Default)]
struct State {
    files: BTreeMap<PathBuf, Vec<u8>>,
    dirs: Vec<PathBuf>,
    /// Count of changing operations so far.
    changes: u64,
    /// Number of the changing operation that fails, and its fault; if `lasting`, later ones fail
    /// with the errno too.
    fault: Option<(u64, Fault, bool)>,
    crashed: bool,
    fail_reads: bool,
    /// A file that is removed before the read of this number.
    removed_at: Option<(u64, PathBuf)>,
    /// Count of reads so far.
    reads: u64,
}

/// See the module comment.
#[derive(Clone, Default)]
pub(crate) struct FaultyDisk {
    state: Arc<Mutex<State>>,
    held: Arc<(Mutex<bool>, Condvar)>,
}

fn error(errno: i32) -> io::Error {
    io::Error::from_raw_os_error(errno)
}

impl FaultyDisk {
    /// Makes changing operation number `at` fail (counted from now; 0 is the next).
    pub(crate) fn fail(&self, at: u64, fault: Fault, lasting: bool) {
        let mut state = self.state.lock();
        let at = state.changes + at;
        state.fault = Some((at, fault, lasting));
    }

    pub(crate) fn heal(&self) {
        let mut state = self.state.lock();
        state.fault = None;
        state.crashed = false;
    }

    pub(crate) fn fail_reads(&self, fail: bool) {
        self.state.lock().fail_reads = fail;
    }

    /// Removes a file before a read (counted from now; 0 is the next), as another reader would that
    /// frees its last block.
    pub(crate) fn remove_at_read(&self, at: u64, file: &Path) {
        let mut state = self.state.lock();
        state.removed_at = Some((state.reads + at, file.to_owned()));
    }

    pub(crate) fn changes(&self) -> u64 {
        self.state.lock().changes
    }

    pub(crate) fn reads(&self) -> u64 {
        self.state.lock().reads
    }

    /// Changes the bytes of every file with a function.
    pub(crate) fn damage(&self, mut change: impl FnMut(&Path, &mut Vec<u8>)) {
        self.state.lock().files.iter_mut().for_each(|(path, bytes)| change(path, bytes));
    }

    /// Bytes of all segment files without zero-filled holes (in whole 4 KiB pieces).
    pub(crate) fn used(&self) -> u64 {
        let state = self.state.lock();
        let pieces = state.files.values().flat_map(|f| f.chunks(4096));
        pieces.filter(|p| p.iter().any(|&b| b != 0)).map(|p| p.len() as u64).sum()
    }

    /// Another disk with the same contents.
    pub(crate) fn copy(&self) -> Self {
        let state = self.state.lock();
        let (files, dirs) = (state.files.clone(), state.dirs.clone());
        let state = State { files, dirs, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), ..Self::default() }
    }

    /// Files and their bytes.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.state.lock().files.clone()
    }

    /// Removes everything, as `rm -r` does.
    pub(crate) fn wipe(&self) {
        let mut state = self.state.lock();
        state.files.clear();
        state.dirs.clear();
    }

    /// With `hold`, every append blocks until `hold(false)`.
    pub(crate) fn hold(&self, hold: bool) {
        *self.held.0.lock() = hold;
        self.held.1.notify_all();
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state.lock().files.keys().map(|p| p.display().to_string()).collect()
    }

    /// Runs a change; a torn one runs `torn` instead.
    fn change<T>(
        &self,
        torn: impl FnOnce(&mut State),
        whole: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.state.lock();
        if state.crashed {
            return Err(error(libc::EIO));
        }
        let number = state.changes;
        state.changes += 1;
        let due = state.fault.filter(|&(at, _, lasting)| number == at || lasting && number > at);
        match due {
            Some((_, Fault::Errno(errno), _)) => Err(error(errno)),
            Some((_, Fault::Short, _)) => {
                torn(&mut state);
                Err(error(libc::ENOSPC))
            }
            Some((_, Fault::Crash, _)) => {
                torn(&mut state);
                state.crashed = true;
                Err(error(libc::EIO))
            }
            None => whole(&mut state),
        }
    }

    fn file<T>(&self, file: &Path, read: impl FnOnce(&Vec<u8>) -> T) -> io::Result<T> {
        let state = self.state.lock();
        if state.fail_reads {
            return Err(error(libc::EIO));
        }
        state.files.get(file).map(read).ok_or_else(|| error(libc::ENOENT))
    }
}

fn write(state: &mut State, file: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
    let data = state.files.get_mut(file).ok_or_else(|| error(libc::ENOENT))?;
    let end = at as usize + bytes.len();
    data.resize(data.len().max(end), 0);
    data[at as usize..end].copy_from_slice(bytes);
    Ok(())
}

impl Storage for FaultyDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.change(
            |_| (),
            |state| {
                state.dirs.push(dir.to_owned());
                Ok(())
            },
        )
    }

    fn check_dir(&self, dir: &Path) -> io::Result<()> {
        let made = self.state.lock().dirs.iter().any(|made| made == dir);
        if made { Ok(()) } else { Err(error(libc::ENOENT)) }
    }

    fn create(&self, file: &Path) -> io::Result<()> {
        self.change(
            |_| (),
            |state| {
                if state.files.contains_key(file) {
                    return Err(error(libc::EEXIST));
                }
                if !file.parent().is_some_and(|dir| state.dirs.iter().any(|made| made == dir)) {
                    return Err(error(libc::ENOENT));
                }
                state.files.insert(file.to_owned(), Vec::new());
                Ok(())
            },
        )
    }

    fn append(&self, file: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut held = self.held.0.lock();
        while *held {
            self.held.1.wait(&mut held);
        }
        drop(held);
        let half = &bytes[..bytes.len() / 2];
        self.change(|state| drop(write(state, file, at, half)), |state| write(state, file, at, bytes))
    }

    fn read_at(&self, file: &Path, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut state = self.state.lock();
        let reads = state.reads;
        if let Some((_, gone)) = state.removed_at.take_if(|(at, _)| *at == reads) {
            state.files.remove(&gone);
        }
        state.reads += 1;
        drop(state);
        self.file(file, |data| {
            let from = (at as usize).min(data.len());
            data[from..data.len().min(from + len)].to_vec()
        })
    }

    fn len(&self, file: &Path) -> io::Result<u64> {
        self.file(file, |data| data.len() as u64)
    }

    fn truncate(&self, file: &Path, len: u64) -> io::Result<()> {
        self.change(
            |_| (),
            |state| {
                let data = state.files.get_mut(file).ok_or_else(|| error(libc::ENOENT))?;
                data.resize(len as usize, 0);
                Ok(())
            },
        )
    }

    fn sync(&self, _file: &Path) -> io::Result<()> {
        self.change(|_| (), |_| Ok(()))
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        self.change(|_| (), |_| Ok(()))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(
            |_| (),
            |state| {
                let data = state.files.remove(from).ok_or_else(|| error(libc::ENOENT))?;
                state.files.insert(to.to_owned(), data);
                Ok(())
            },
        )
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        self.change(|_| (), |state| state.files.remove(file).map(drop).ok_or_else(|| error(libc::ENOENT)))
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        self.change(
            |_| (),
            |state| {
                if state.files.keys().any(|file| file.starts_with(dir)) {
                    return Err(error(libc::ENOTEMPTY));
                }
                state.dirs.retain(|d| d != dir);
                Ok(())
            },
        )
    }

    fn punch(&self, file: &Path, at: u64, len: u64) -> io::Result<()> {
        self.change(
            |_| (),
            |state| {
                let data = state.files.get_mut(file).ok_or_else(|| error(libc::ENOENT))?;
                let end = data.len().min((at + len) as usize);
                data[at as usize..end].fill(0);
                Ok(())
            },
        )
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state.lock();
        let below = state.files.keys().filter_map(|file| file.strip_prefix(dir).ok());
        let mut names: Vec<String> =
            below.filter_map(|p| Some(p.components().next()?.as_os_str().to_str()?.to_owned())).collect();
        names.dedup();
        Ok(names)
    }
}
