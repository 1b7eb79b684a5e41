//! Files, here or at a client.

use std::path::PathBuf;

use bytes::Bytes;

use crate::base::ClientId;
use crate::model::Cx;

/// Makes a text piece by piece, when its reader has room; `None` after the last piece.
pub(crate) type Maker = Box<dyn FnMut() -> Option<Vec<u8>> + Send>;

/// A text for a client or a file.
pub enum Content {
    Bytes(Vec<u8>),
    Shared(Bytes),
    /// Made on another thread; each piece is made when the one before it was taken.
    Made(Maker),
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Shared(bytes)
    }
}

/// Called when a file was read or written, with its data (empty for a write) or the error.
pub(crate) type FileDone = Box<dyn FnOnce(&mut Cx<'_>, Result<Vec<u8>, FileError>) + Send>;

/// Why a file could not be read or written: an errno, shown by `strerror`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileError(pub i32);

/// Files, here or at a client.
pub trait FileHost {
    /// Reads a file through a client (or here when it is `None`).
    fn read_file(&mut self, client: Option<ClientId>, path: &str, done: FileDone);
    /// Writes a file through a client (or here when it is `None`), then calls `done`.
    fn write_file(
        &mut self,
        client: Option<ClientId>,
        path: &str,
        append: bool,
        content: Content,
        done: FileDone,
    );
    /// Paths that match a glob pattern, sorted; empty when none matches.
    fn glob(&mut self, pattern: &str) -> Vec<PathBuf>;
    /// True if a path is a program that can be run.
    fn is_executable(&self, path: &str) -> bool;
}
