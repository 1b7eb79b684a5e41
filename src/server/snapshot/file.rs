//! The file that snapshots are left in: a memory file that the keeper holds too. A server at work
//! leaves one each second and has a key to echo meanwhile, so only what has changed is written:
//! an index, made anew each time, names the places of parts that stay as they are.
//!
//! ```text
//! file  := header (4096 bytes) part…      each part at a multiple of 4096
//! header := "SMS1" 0:u32 at:u64 length:u64
//! ```
//!
//! `at` and `length` are the place of the newest index. They are written last, by one call, so
//! that a server that dies at any time leaves its last whole snapshot. The memory of parts that
//! no index names any more is given back.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use nix::fcntl::{FallocateFlags, fallocate};
use nix::sys::memfd::{MFdFlags, memfd_create};
use serde::{Deserialize, Serialize};

const MAGIC: &[u8; 4] = b"SMS1";
const AT_INDEX: u64 = 8;
/// Bytes of the header that are used.
const HEADER: usize = 24;
/// Parts begin at multiples of it, so that the memory of each can be given back.
const PAGE: u64 = 4096;
/// Where a file ends in favour of a new one: some systems limit the size of files, holes
/// included.
const SPAN: u64 = 32 << 20;

/// Where a part is, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Place {
    at: u64,
    length: u64,
}

/// See the module comment.
pub struct SnapshotFile {
    file: File,
    /// Where the next part goes.
    end: u64,
    index: Option<Place>,
}

impl SnapshotFile {
    pub fn create() -> io::Result<Self> {
        let file = File::from(memfd_create(c"snapshot", MFdFlags::MFD_CLOEXEC)?);
        let mut header = [0; HEADER];
        header[..MAGIC.len()].copy_from_slice(MAGIC);
        file.write_all_at(&header, 0)?;
        Ok(Self { file, end: PAGE, index: None })
    }

    /// The file for others to hold.
    pub fn share(&self) -> io::Result<OwnedFd> {
        Ok(self.file.try_clone()?.into())
    }

    /// Whether there has been a snapshot.
    pub fn has_index(&self) -> bool {
        self.index.is_some()
    }

    /// Whether parts are to go to a new file, by how much of this one they take.
    pub fn is_spent(&self, kept_bytes: u64) -> bool {
        self.end > SPAN + 2 * kept_bytes
    }

    /// Writes a part that the next index will name.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<Place> {
        let place = Place { at: self.end, length: bytes.len() as u64 };
        self.file.write_all_at(bytes, place.at)?;
        self.end = (place.at + place.length).next_multiple_of(PAGE);
        Ok(place)
    }

    /// This index is the snapshot from now on.
    pub fn publish(&mut self, index: &[u8]) -> io::Result<()> {
        let place = self.put(index)?;
        let header = [place.at.to_le_bytes(), place.length.to_le_bytes()].concat();
        self.file.write_all_at(&header, AT_INDEX)?;
        if let Some(before) = self.index.replace(place) {
            self.free(before);
        }
        Ok(())
    }

    /// Gives back the memory of a part that the published index does not name.
    pub fn free(&self, place: Place) {
        let length = place.length.next_multiple_of(PAGE) as i64;
        let hole = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        if length > 0 {
            // What is not given back goes with the file.
            fallocate(&self.file, hole, place.at as i64, length).ok();
        }
    }
}

/// The newest snapshot that a server left: its index, and the file with the parts.
pub struct Left {
    pub index: Vec<u8>,
    file: File,
}

impl Left {
    /// Reads it; an empty index where nothing was published. A file of an older version is an
    /// index without parts.
    pub fn open(file: OwnedFd) -> io::Result<Self> {
        let file = File::from(file);
        let size = file.metadata()?.len();
        let mut header = [0; HEADER];
        let place = match file.read_exact_at(&mut header, 0) {
            Ok(()) if header.starts_with(MAGIC) => {
                let number = |at: usize| {
                    header[at..].first_chunk().map_or(0, |eight: &[u8; 8]| u64::from_le_bytes(*eight))
                };
                Place { at: number(8), length: number(16) }
            }
            _ => Place { at: 0, length: size },
        };
        let index = read(&file, place)?;
        Ok(Self { index, file })
    }

    pub fn part(&self, place: Place) -> io::Result<Vec<u8>> {
        read(&self.file, place)
    }
}

fn read(file: &File, place: Place) -> io::Result<Vec<u8>> {
    let end = place.at.checked_add(place.length);
    if end.is_none_or(|end| file.metadata().is_ok_and(|data| end > data.len())) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; place.length as usize];
    file.read_exact_at(&mut bytes, place.at)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn left(file: &SnapshotFile) -> io::Result<Left> {
        Left::open(file.share().unwrap())
    }

    #[test]
    fn the_newest_index_and_its_parts_are_read() {
        let mut file = SnapshotFile::create().unwrap();
        assert!(left(&file).unwrap().index.is_empty(), "nothing was published");
        let part = file.put(b"part").unwrap();
        file.publish(b"first").unwrap();
        let other = file.put(&[7; 5000]).unwrap();
        // Dies here: what was put since is not part of it.
        assert_eq!(left(&file).unwrap().index, b"first");
        file.publish(b"second").unwrap();
        let found = left(&file).unwrap();
        assert_eq!(found.index, b"second");
        assert_eq!(found.part(part).unwrap(), b"part");
        assert_eq!(found.part(other).unwrap(), [7; 5000]);
        assert!(found.part(Place { at: 1 << 40, length: 1 }).is_err());
        assert!(found.part(Place { at: u64::MAX, length: 2 }).is_err());
    }

    #[test]
    fn memory_of_what_is_outdated_is_given_back() {
        let mut file = SnapshotFile::create().unwrap();
        let used = |file: &SnapshotFile| file.file.metadata().unwrap().blocks() * 512;
        file.publish(&[1; 100_000]).unwrap();
        let once = used(&file);
        for _ in 0..20 {
            file.publish(&[1; 100_000]).unwrap();
        }
        assert_eq!(used(&file), once);
        let part = file.put(&[1; 100_000]).unwrap();
        file.free(part);
        assert_eq!(used(&file), once);
        assert!(!file.is_spent(0) && file.end > 20 * 100_000);
    }

    #[test]
    fn an_older_version_left_one_text() {
        let file = File::from(memfd_create(c"old", MFdFlags::MFD_CLOEXEC).unwrap());
        file.write_all_at(b"{}", 0).unwrap();
        assert_eq!(Left::open(file.into()).unwrap().index, b"{}");
    }
}
