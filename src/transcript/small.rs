//! The small files beside a transcript's segments: rewritten as a whole, each with a checksum, so
//! that a damaged file is detected.

use std::io;
use std::path::Path;
use std::str::FromStr;

use super::storage::Storage;
use super::store::PaneInfo;

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

/// Text before the checksum at the end of `info`.
const SUM: &str = ",\"crc\":\"";

/// The text of `info` for a pane: JSON, whose last field is the checksum of the rest.
pub(super) fn info_text(info: &PaneInfo) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_string(info)?;
    let sum = crc32fast::hash(text.as_bytes());
    text.pop();
    Ok(format!("{text}{SUM}{sum:08x}\"}}").into_bytes())
}

/// Contents of `info`. If the file is damaged or has no checksum, the pane and its time come from
/// the name of the directory.
pub(super) fn info(bytes: &[u8], key: &str) -> PaneInfo {
    let (mut info, is_sure) = checked_info(bytes).unwrap_or_default();
    if is_sure {
        return info;
    }
    let mut parts = key.split('-').skip(1);
    if let Some(pane) = parts.next().and_then(|pane| pane.parse().ok()) {
        info.pane = pane;
    }
    if let Some(created) = parts.next().and_then(|us| i64::from_str_radix(us, 16).ok()) {
        info.created_us = created;
    }
    info
}

/// Contents of the file, and true if it has a checksum.
fn checked_info(bytes: &[u8]) -> Option<(PaneInfo, bool)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let Some((before, sum)) = text.rsplit_once(SUM) else {
        // Earlier versions wrote no checksum.
        return Some((serde_json::from_str(text).ok()?, false));
    };
    let json = format!("{before}}}");
    let sound = sum == format!("{:08x}\"}}", crc32fast::hash(json.as_bytes()));
    Some((serde_json::from_str(&json).ok().filter(|_| sound)?, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_byte_is_noticed() {
        let text = number_text(1_234_567_890_u64);
        assert_eq!(number(&text), Some(1_234_567_890_u64));
        assert_eq!(number(b"77"), Some(77_u64));
        let known = PaneInfo { pane: 3, created_us: 0x5f, command: "vi \"x\"".to_owned(), server: 9 };
        let written = info_text(&known).unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&written).is_ok());
        assert_eq!(info(&written, "pane-3-5f"), known);
        for bit in 0..8 {
            for byte in 0..text.len() {
                let mut bad = text.clone();
                bad[byte] ^= 1 << bit;
                assert_eq!(number::<u64>(&bad), None, "bit {bit} of byte {byte}");
            }
            for byte in 0..written.len() {
                let mut bad = written.clone();
                bad[byte] ^= 1 << bit;
                let read = info(&bad, "pane-3-5f");
                let none = PaneInfo { command: String::new(), server: 0, ..known.clone() };
                // If the name of the checksum field was hit, the rest is intact.
                assert!([&none, &known].contains(&&read), "bit {bit} of byte {byte}: {read:?}");
            }
        }
    }
}
