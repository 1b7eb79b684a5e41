//! Files that commands read and write: by the server itself, or through a client, whose
//! standard streams and working directory are the ones that a user means.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::base::ClientId;
use crate::base::text;
use crate::model::host::{FileDone, FileError};

use super::world::World;

/// Largest file read by the server itself, in bytes.
const MAX_READ: u64 = 1 << 30;

/// Reads through the client when the path is its standard input or it has no session yet
/// (then the file may only be readable on its side); else here.
pub fn read(world: &mut World, client: Option<ClientId>, path: &str, done: FileDone) {
    if let Some(peer) = via(world, client, path) {
        peer.open_read(path, done);
        return;
    }
    let result = if path == "-" { Err(FileError(libc::EBADF)) } else { read_here(path) };
    world.callbacks.push_back(Box::new(move |cx| done(cx, result)));
}

/// Writes, through the client or here as for `read`.
pub fn write(
    world: &mut World,
    client: Option<ClientId>,
    path: &str,
    append: bool,
    data: Vec<u8>,
    done: FileDone,
) {
    if let Some(peer) = via(world, client, path) {
        let mode = if append { libc::O_APPEND } else { libc::O_TRUNC };
        peer.open_write(path, libc::O_CREAT | libc::O_WRONLY | mode, data, done);
        return;
    }
    let result = if path == "-" { Err(FileError(libc::EBADF)) } else { write_here(path, append, &data) };
    world.callbacks.push_back(Box::new(move |cx| done(cx, result)));
}

/// The client to go through, if any. tmux: the standard streams of one that is attached or in
/// control mode are not to be had.
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

fn read_here(path: &str) -> Result<Vec<u8>, FileError> {
    let path = as_path(path);
    let size = fs::metadata(&path).map_err(|e| errno(&e))?.len();
    if size > MAX_READ {
        return Err(FileError(libc::EFBIG));
    }
    fs::read(path).map_err(|e| errno(&e))
}

fn write_here(path: &str, append: bool, data: &[u8]) -> Result<Vec<u8>, FileError> {
    let mut options = fs::OpenOptions::new();
    options.create(true).write(true).append(append).truncate(!append);
    let mut file = options.open(as_path(path)).map_err(|e| errno(&e))?;
    file.write_all(data).map_err(|e| errno(&e))?;
    Ok(Vec::new())
}
