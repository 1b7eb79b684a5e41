//! The description of a pane beside its transcript: the file `info`, JSON with a checksum.

use std::io;

use serde::{Deserialize, Serialize};

/// Description of a pane, stored with its transcript for recovery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaneInfo {
    /// The pane's number, 3 for `%3`.
    pub pane: u32,
    /// Creation time of the pane, microseconds since the Unix epoch. Makes the name unique.
    pub created_us: i64,
    /// The command it was started with, for people. Not on disk while blocks are encrypted.
    pub command: String,
    /// Process id of the server.
    pub server: u32,
}

/// Text before the checksum at the end of `info`.
const SUM: &str = ",\"crc\":\"";

/// The text of `info` for a pane: JSON, whose last field is the checksum of the rest.
pub(super) fn text(info: &PaneInfo) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_string(info)?;
    let sum = crc32fast::hash(text.as_bytes());
    text.pop();
    Ok(format!("{text}{SUM}{sum:08x}\"}}").into_bytes())
}

/// Contents of `info`. If the file is damaged or has no checksum, the pane and its time come from
/// the name of the directory.
pub(super) fn parse(bytes: &[u8], key: &str) -> PaneInfo {
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
        let known = PaneInfo { pane: 3, created_us: 0x5f, command: "vi \"x\"".to_owned(), server: 9 };
        let written = text(&known).unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&written).is_ok());
        assert_eq!(parse(&written, "pane-3-5f"), known);
        for bit in 0..8 {
            for byte in 0..written.len() {
                let mut bad = written.clone();
                bad[byte] ^= 1 << bit;
                let read = parse(&bad, "pane-3-5f");
                let none = PaneInfo { command: String::new(), server: 0, ..known.clone() };
                // If the name of the checksum field was hit, the rest is intact.
                assert!([&none, &known].contains(&&read), "bit {bit} of byte {byte}: {read:?}");
            }
        }
    }
}
