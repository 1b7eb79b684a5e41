//! Files that commands read and write: by the server itself, or through a client, in the client's
//! standard streams and working directory.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::base::ClientId;
use crate::base::text;
use crate::model::host::{Content, FileDone, FileError, Work};

use super::world::World;

/// Largest file that the server itself reads, in bytes; a larger one is an error (`File too
/// large`).
const MAX_READ: u64 = 1 << 30;

/// Most bytes that are written to a file in one turn; more is written beside the loop.
const WRITTEN_AT_ONCE: usize = 1 << 20;

/// Reads through the client when the path is its standard input or it has no session yet
/// (then the file may only be readable on its side); else here.
pub(super) fn read(world: &mut World, client: Option<ClientId>, path: &str, done: FileDone) {
    if let Some(peer) = via(world, client, path) {
        peer.open_read(path, done);
        return;
    }
    if path == "-" {
        return answer(world, done, Err(FileError(libc::EBADF)));
    }
    let path = as_path(path);
    if may_be_quick(&path) {
        return answer(world, done, read_here(&path));
    }
    beside(world, done, move || read_here(&path));
}

/// Writes a file, through the client or directly, as in `read`.
pub(super) fn write(
    world: &mut World,
    client: Option<ClientId>,
    path: &str,
    append: bool,
    content: Content,
    done: FileDone,
) {
    if let Some(peer) = via(world, client, path) {
        let mode = if append { libc::O_APPEND } else { libc::O_TRUNC };
        peer.open_write(path, libc::O_CREAT | libc::O_WRONLY | mode, content, done);
        return;
    }
    if path == "-" {
        return answer(world, done, Err(FileError(libc::EBADF)));
    }
    let at_hand = match &content {
        Content::Bytes(bytes) => bytes.len() <= WRITTEN_AT_ONCE,
        Content::Shared(bytes) => bytes.len() <= WRITTEN_AT_ONCE,
        Content::Made(_) => false,
    };
    let path = as_path(path);
    if at_hand && may_be_quick(&path) {
        return answer(world, done, write_here(&path, append, content));
    }
    beside(world, done, move || write_here(&path, append, content));
}

/// Runs the callback with the result, on the loop.
fn answer(world: &mut World, done: FileDone, result: Result<Vec<u8>, FileError>) {
    world.callbacks.push_back(Box::new(move |cx| done(cx, result)));
}

/// Runs slow work on a thread of its own: a pipe without a reader may never open.
fn beside(
    world: &mut World,
    done: FileDone,
    run: impl FnOnce() -> Result<Vec<u8>, FileError> + Send + 'static,
) {
    if !world.work.has_room_apart() {
        return answer(world, done, Err(FileError(libc::EAGAIN)));
    }
    let work: Work = Box::new(move || {
        let result = run();
        Box::new(move |cx| done(cx, result))
    });
    world.work.begin_apart(work);
}

/// Reports whether a path can be opened without blocking: a regular file, or none.
fn may_be_quick(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |found| found.is_file() || found.is_dir())
}

/// The client whose streams to use, if any. tmux: the standard streams of a client that is attached
/// or in control mode cannot be used.
fn via<'a>(world: &'a mut World, client: Option<ClientId>, path: &str) -> Option<&'a mut super::peer::Peer> {
    let peer = world.peers.get_mut(&client?)?;
    let control = peer.control.as_ref().is_some_and(super::control_io::ControlIo::is_listening);
    let attached = control || peer.tty.as_ref().is_some_and(|tty| tty.is_started());
    let in_use = attached || (path == "-" && peer.control.is_some());
    (!in_use).then_some(peer)
}

fn as_path(path: &str) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(&text::to_bytes(path))).to_owned()
}

fn errno(error: &std::io::Error) -> FileError {
    FileError(error.raw_os_error().unwrap_or(libc::EIO))
}

fn read_here(path: &Path) -> Result<Vec<u8>, FileError> {
    let file = fs::File::open(path).map_err(|e| errno(&e))?;
    let mut data = Vec::new();
    file.take(MAX_READ + 1).read_to_end(&mut data).map_err(|e| errno(&e))?;
    if data.len() as u64 > MAX_READ {
        return Err(FileError(libc::EFBIG));
    }
    Ok(data)
}

fn write_here(path: &Path, append: bool, content: Content) -> Result<Vec<u8>, FileError> {
    let mut options = fs::OpenOptions::new();
    options.create(true).write(true).append(append).truncate(!append);
    let mut file = options.open(path).map_err(|e| errno(&e))?;
    let mut write = |data: &[u8]| file.write_all(data).map_err(|e| errno(&e));
    match content {
        Content::Bytes(data) => write(&data)?,
        Content::Shared(data) => write(&data)?,
        Content::Made(mut maker) => {
            while let Some(piece) = maker() {
                write(&piece)?;
            }
        }
    }
    Ok(Vec::new())
}
