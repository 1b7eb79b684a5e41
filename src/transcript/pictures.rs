//! Pictures beside a transcript: one file each, for a later server. A file is a sequence of frames
//! like those in segments, compressed and, if the option is on, encrypted.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use super::frame::{HEADER_BYTES, Header, Unfolder};
use super::handle::PaneHandle;
use super::writer::make_dir;

/// Bytes of a picture in one frame.
const PIECE_BYTES: usize = 2 << 20;
/// Largest picture that is read or written, in bytes.
const MAX_PICTURE_BYTES: usize = 64 << 20;
/// Prefix of the names of files with pictures; the rest of the name is a hash of the contents.
const PREFIX: &str = "picture-";
/// End of the name of a file that is not complete.
const UNFINISHED: &str = ".new";

/// File name for a picture with these bytes: equal bytes have equal names.
pub(crate) fn picture_name(bytes: &[u8]) -> String {
    // Like FNV-1a, but eight bytes at once; it must be the same in every version of this program.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..part.len()].copy_from_slice(part);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }
    format!("{PREFIX}{hash:016x}{:08x}-{:x}", crc32fast::hash(bytes), bytes.len())
}

fn is_name(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX);
    rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'))
}

/// All of these block on the disk: they are for threads beside the loop.
impl PaneHandle {
    fn picture_file(&self, name: &str) -> io::Result<PathBuf> {
        let sound = is_name(name).then(|| self.pane.dir.join(name));
        sound.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
    }

    /// Writes a picture under its name, unless it exists already. Fails if the pane must not be on
    /// disk.
    pub fn write_picture(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let file = self.picture_file(name)?;
        if !self.pane.is_on_disk() || self.limit() == 0 || bytes.len() > MAX_PICTURE_BYTES {
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        }
        let storage = &*self.store.storage;
        if storage.len(&file).is_ok() {
            return Ok(());
        }
        make_dir(&self.store, &self.pane)?;
        let next = file.with_extension("new");
        match storage.create(&next) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => storage.truncate(&next, 0)?,
        }
        let mut at = 0;
        for (n, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
            let header = Header { sequence: n as u64, lines: 1, ..Header::default() };
            let frame = self.store.encode(header, piece, &[], self.store.encrypts())?;
            storage.append(&next, at, &frame)?;
            at += frame.len() as u64;
        }
        storage.rename(&next, &file)
    }

    /// Reads a picture that was written under a name.
    pub fn read_picture(&self, name: &str) -> io::Result<Vec<u8>> {
        let file = self.picture_file(name)?;
        let storage = &*self.store.storage;
        let damaged = || io::Error::from(io::ErrorKind::InvalidData);
        let (len, mut at) = (storage.len(&file)?, 0);
        let mut out = Vec::new();
        while at < len && out.len() <= MAX_PICTURE_BYTES {
            let head = storage.read_at(&file, at, HEADER_BYTES)?;
            let (header, _) = Header::decode(&head).map_err(|_| damaged())?;
            let payload = storage.read_at(&file, at + HEADER_BYTES as u64, header.payload_len as usize)?;
            out.extend(
                self.store
                    .loader
                    .open_payload(&header, &payload, &mut Unfolder::default())
                    .map_err(|_| damaged())?,
            );
            at += header.frame_len();
        }
        if picture_name(&out) == name { Ok(out) } else { Err(damaged()) }
    }

    /// Removes all pictures but those with the given names, and what was being written when a server
    /// died.
    pub fn remove_pictures_but(&self, kept: &BTreeSet<String>) -> io::Result<()> {
        let storage = &*self.store.storage;
        for name in storage.list(&self.pane.dir)? {
            let stem = name.strip_suffix(UNFINISHED).unwrap_or(&name);
            if is_name(stem) && (stem != name || !kept.contains(&name)) {
                storage.remove(&self.pane.dir.join(&name))?;
            }
        }
        Ok(())
    }

    /// Removes a picture that is not shown any more.
    pub fn remove_picture(&self, name: &str) -> io::Result<()> {
        self.store.storage.remove(&self.picture_file(name)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PaneId;
    use crate::transcript::{Key, PaneInfo, StoreConfig, TranscriptStore};

    #[test]
    fn pictures_are_read_back_until_they_or_the_transcript_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        for encrypt in [false, true] {
            let config =
                StoreConfig { key: Some(Key([3; 32])), ..StoreConfig::new(dir.path().join("store")) };
            let store = TranscriptStore::new(config).unwrap();
            store.set_encrypt(encrypt);
            let info = PaneInfo { created_us: i64::from(encrypt), ..PaneInfo::default() };
            let history = store.open_pane(PaneId(4), info, u64::MAX, 80);
            let handle = history.handle();
            let large: Vec<u8> = (0..5_000_000_u32)
                .flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 24).to_le_bytes())
                .take(5_000_000)
                .collect();
            for bytes in [b"a picture".to_vec(), large] {
                let name = picture_name(&bytes);
                handle.write_picture(&name, &bytes).unwrap();
                handle.write_picture(&name, &bytes).unwrap();
                assert_eq!(handle.read_picture(&name).unwrap(), bytes);
            }
            let name = picture_name(b"a picture");
            let file = handle.picture_file(&name).unwrap();
            let text = std::fs::read(&file).unwrap();
            assert_eq!(text.windows(9).any(|part| part == b"a picture"), !encrypt);
            handle.remove_picture(&name).unwrap();
            assert!(handle.read_picture(&name).is_err());
            // Of files that nothing refers to, only those with pictures are removed.
            for bytes in [b"kept", b"gone"] {
                handle.write_picture(&picture_name(bytes), bytes).unwrap();
            }
            let unfinished = file.with_extension("new");
            let others = ["picture", "picture-x", "other.new"].map(|name| file.with_file_name(name));
            others.iter().chain([&unfinished]).for_each(|path| std::fs::write(path, b"part").unwrap());
            handle.remove_pictures_but(&BTreeSet::from([picture_name(b"kept")])).unwrap();
            assert_eq!(handle.read_picture(&picture_name(b"kept")).unwrap(), b"kept");
            assert!(handle.read_picture(&picture_name(b"gone")).is_err() && !unfinished.exists());
            for path in others {
                assert!(path.exists(), "{}", path.display());
                std::fs::remove_file(path).unwrap();
            }
            // A damaged file is not a picture.
            handle.write_picture(&name, b"a picture").unwrap();
            std::fs::write(&file, &text[..text.len() - 1]).unwrap();
            assert!(handle.read_picture(&name).is_err());
            assert!(handle.write_picture("picture-../x", b"").is_err());
            // All other files are removed with the transcript.
            let dir = file.parent().unwrap().to_owned();
            handle.close(None);
            drop(history);
            assert!(store.settle(std::time::Duration::from_secs(20)));
            assert!(!dir.exists());
        }
    }
}
