//! The small files beside a transcript's segments: rewritten as a whole, each with a checksum, so
//! that a damaged file is detected.

use std::io;
use std::path::Path;
use std::str::FromStr;

use super::storage::Storage;

/// Rewrites a small file atomically: readers see the old or the new text, never a part of it.
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

/// A number as the text of a file: `<decimal> <CRC-32 of it in hexadecimal>`.
pub(super) fn number_text(number: impl ToString) -> Vec<u8> {
    let text = number.to_string();
    format!("{text} {:08x}\n", crc32fast::hash(text.as_bytes())).into_bytes()
}

/// The number in a file; `None` if the file is damaged. Earlier versions wrote the decimal only.
pub(super) fn number<T: FromStr>(bytes: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(bytes).ok()?;
    match text.split_once(' ') {
        None => text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit())),
        Some((number, sum)) => {
            let sound = sum == format!("{:08x}\n", crc32fast::hash(number.as_bytes()));
            number.parse().ok().filter(|_| sound)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_byte_is_noticed() {
        let text = number_text(1_234_567_890_u64);
        assert_eq!(number(&text), Some(1_234_567_890_u64));
        assert_eq!(number(b"77"), Some(77_u64));
        for bit in 0..8 {
            for byte in 0..text.len() {
                let mut bad = text.clone();
                bad[byte] ^= 1 << bit;
                assert_eq!(number::<u64>(&bad), None, "bit {bit} of byte {byte}");
            }
        }
    }
}
