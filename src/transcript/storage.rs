//! File access of the transcript. All calls take paths and no file stays open, so that a thousand
//! panes need no descriptors and a failed call leaves nothing behind.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::sys::files;

/// Operations of the transcript on its directory. Every method may fail; none may panic.
pub trait Storage: Send + Sync {
    /// Creates a directory (and its parents) that only its owner can use. Fails if the path is a
    /// link, or if others own it or have access.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;
    /// Fails if a directory is a link, or if others own it or have access: its contents cannot be
    /// trusted.
    fn check_dir(&self, dir: &Path) -> io::Result<()> {
        let _ = dir;
        Ok(())
    }
    /// Makes a new empty file, readable and writable by its owner only.
    fn create(&self, file: &Path) -> io::Result<()>;
    /// Writes at the end, at offset `at`; overwrites a torn write there.
    fn append(&self, file: &Path, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Reads up to `len` bytes; fewer only at the end of the file.
    fn read_at(&self, file: &Path, at: u64, len: usize) -> io::Result<Vec<u8>>;
    /// Reads several parts of one file, given as offset and length.
    fn read_parts(&self, file: &Path, parts: &[(u64, usize)]) -> io::Result<Vec<Vec<u8>>> {
        parts.iter().map(|&(at, len)| self.read_at(file, at, len)).collect()
    }
    fn len(&self, file: &Path) -> io::Result<u64>;
    fn truncate(&self, file: &Path, len: u64) -> io::Result<()>;
    fn sync(&self, file: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let _ = dir;
        Ok(())
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, file: &Path) -> io::Result<()>;
    /// Removes an empty directory.
    fn remove_dir(&self, dir: &Path) -> io::Result<()>;
    /// Frees the space of a range; its bytes read as zero afterwards.
    fn punch(&self, file: &Path, at: u64, len: u64) -> io::Result<()>;
    /// Names in a directory, sorted.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
}

fn not_a_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

fn is_ours(found: &fs::Metadata) -> bool {
    found.uid() == nix::unistd::geteuid().as_raw()
}

/// Fails if another user could replace this directory: a directory above it belongs to another
/// user, or is writable by all. In a sticky directory (`/tmp`), the directory must be there itself:
/// a link would be a way around.
fn check_above(dir: &Path) -> io::Result<()> {
    let Some(parent) = dir.parent() else { return Ok(()) };
    let real = fs::canonicalize(parent)?;
    // Root, or the user that stands for root in this user namespace.
    let root = fs::metadata("/")?.uid();
    for (depth, above) in real.ancestors().enumerate() {
        let found = fs::metadata(above)?;
        let open = found.mode() & 0o002 != 0;
        let sticky = found.mode() & u32::from(libc::S_ISVTX as u16) != 0;
        let linked = depth == 0 && open && real != parent;
        if (open && !sticky) || linked || (![0, root].contains(&found.uid()) && !is_ours(&found)) {
            let text = format!("{} can be changed by others", above.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
    }
    Ok(())
}

/// The real file system.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Disk;

impl Disk {
    /// Opens a regular file. Anything else in its place (a link, a fifo, a device, a directory) is
    /// an error, without blocking.
    fn open(options: &mut OpenOptions, file: &Path) -> io::Result<File> {
        let flags = libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NOCTTY | libc::O_NONBLOCK;
        let file = options.custom_flags(flags).open(file)?;
        if !file.metadata()?.is_file() {
            return Err(not_a_file());
        }
        Ok(file)
    }

    fn write(file: &Path) -> io::Result<File> {
        Self::open(OpenOptions::new().write(true), file)
    }

    fn read_only(file: &Path) -> io::Result<File> {
        Self::open(OpenOptions::new().read(true), file)
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
        self.check_dir(dir)
    }

    fn check_dir(&self, dir: &Path) -> io::Result<()> {
        let found = fs::symlink_metadata(dir)?;
        if !found.is_dir() || !is_ours(&found) || found.mode() & 0o077 != 0 {
            let text = format!("{} is not a private directory", dir.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        check_above(dir)
    }

    fn create(&self, file: &Path) -> io::Result<()> {
        Self::open(OpenOptions::new().write(true).create_new(true).mode(0o600), file).map(drop)
    }

    fn append(&self, file: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
        Self::write(file)?.write_all_at(bytes, at)
    }

    fn read_at(&self, file: &Path, at: u64, len: usize) -> io::Result<Vec<u8>> {
        files::read_at(&Self::read_only(file)?, at, len)
    }

    fn read_parts(&self, file: &Path, parts: &[(u64, usize)]) -> io::Result<Vec<Vec<u8>>> {
        let file = Self::read_only(file)?;
        parts.iter().map(|&(at, len)| files::read_at(&file, at, len)).collect()
    }

    fn len(&self, file: &Path) -> io::Result<u64> {
        let found = fs::symlink_metadata(file)?;
        if !found.is_file() {
            return Err(not_a_file());
        }
        Ok(found.len())
    }

    fn truncate(&self, file: &Path, len: u64) -> io::Result<()> {
        Self::write(file)?.set_len(len)
    }

    fn sync(&self, file: &Path) -> io::Result<()> {
        Self::write(file)?.sync_data()
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
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
