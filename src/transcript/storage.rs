//! Files as the transcript sees them. Everything goes by path and nothing stays open, so that
//! a thousand panes need no descriptors and a failed call leaves nothing behind.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// What the transcript does to its directory. Every method may fail; none may panic.
pub trait Storage: Send + Sync {
    /// Makes a directory (and its parents) that only its owner can use. Fails if the path is
    /// a link, or belongs to or is open to somebody else.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;
    /// Makes a new empty file, readable and writable by its owner only.
    fn create(&self, file: &Path) -> io::Result<()>;
    /// Writes at the end, which the caller knows to be `at`: a torn write is written over.
    fn append(&self, file: &Path, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Reads up to `len` bytes; fewer only at the end of the file.
    fn read_at(&self, file: &Path, at: u64, len: usize) -> io::Result<Vec<u8>>;
    /// Several readings of one file: (place, length) of each.
    fn read_parts(&self, file: &Path, parts: &[(u64, usize)]) -> io::Result<Vec<Vec<u8>>> {
        parts.iter().map(|&(at, len)| self.read_at(file, at, len)).collect()
    }
    fn len(&self, file: &Path) -> io::Result<u64>;
    fn truncate(&self, file: &Path, len: u64) -> io::Result<()>;
    fn sync(&self, file: &Path) -> io::Result<()>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, file: &Path) -> io::Result<()>;
    /// Removes an empty directory.
    fn remove_dir(&self, dir: &Path) -> io::Result<()>;
    /// Gives the space of a range back; its bytes read as zero afterwards.
    fn punch(&self, file: &Path, at: u64, len: u64) -> io::Result<()>;
    /// Names in a directory, sorted.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
}

/// The real thing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Disk {
    fn open(options: &mut OpenOptions, file: &Path) -> io::Result<File> {
        options.custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NOCTTY).open(file)
    }

    fn write(file: &Path) -> io::Result<File> {
        Self::open(OpenOptions::new().write(true), file)
    }

    fn read(file: &File, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut out = vec![0; len];
        let mut have = 0;
        while have < len {
            match file.read_at(&mut out[have..], at + have as u64) {
                Ok(0) => break,
                Ok(n) => have += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        out.truncate(have);
        Ok(out)
    }
}

impl Storage for Disk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        if let Some(parent) = dir.parent()
            && !parent.exists()
        {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        match fs::DirBuilder::new().mode(0o700).create(dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let found = fs::symlink_metadata(dir)?;
        let ours = found.uid() == nix::unistd::geteuid().as_raw();
        if !found.is_dir() || !ours || found.mode() & 0o077 != 0 {
            let text = format!("{} is not a private directory", dir.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        Ok(())
    }

    fn create(&self, file: &Path) -> io::Result<()> {
        Self::open(OpenOptions::new().write(true).create_new(true).mode(0o600), file).map(drop)
    }

    fn append(&self, file: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
        Self::write(file)?.write_all_at(bytes, at)
    }

    fn read_at(&self, file: &Path, at: u64, len: usize) -> io::Result<Vec<u8>> {
        Self::read(&Self::open(OpenOptions::new().read(true), file)?, at, len)
    }

    fn read_parts(&self, file: &Path, parts: &[(u64, usize)]) -> io::Result<Vec<Vec<u8>>> {
        let file = Self::open(OpenOptions::new().read(true), file)?;
        parts.iter().map(|&(at, len)| Self::read(&file, at, len)).collect()
    }

    fn len(&self, file: &Path) -> io::Result<u64> {
        let found = fs::symlink_metadata(file)?;
        if !found.is_file() {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        Ok(found.len())
    }

    fn truncate(&self, file: &Path, len: u64) -> io::Result<()> {
        Self::write(file)?.set_len(len)
    }

    fn sync(&self, file: &Path) -> io::Result<()> {
        Self::write(file)?.sync_data()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        fs::remove_file(file)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        fs::remove_dir(dir)
    }

    fn punch(&self, file: &Path, at: u64, len: u64) -> io::Result<()> {
        use nix::fcntl::{FallocateFlags, fallocate};
        let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        fallocate(Self::write(file)?, flags, at as i64, len as i64).map_err(io::Error::from)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }
}

/// Replaces a small file as a whole: readers see the old or the new text, never half of it.
pub(super) fn write_small(storage: &dyn Storage, file: &Path, bytes: &[u8]) -> io::Result<()> {
    let next = file.with_extension("new");
    match storage.create(&next) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    storage.truncate(&next, 0)?;
    storage.append(&next, 0, bytes)?;
    storage.rename(&next, file)
}

/// Reads a small file; at most `limit` bytes of it.
pub(super) fn read_small(storage: &dyn Storage, file: &Path, limit: usize) -> io::Result<Vec<u8>> {
    storage.read_at(file, 0, limit)
}
