//! Keys by name, as the bytes that a terminal sends for them.

/// Names of keys, and their bytes.
const NAMES: &[(&str, &str)] = &[
    ("Enter", "\r"),
    ("Escape", "\x1b"),
    ("Space", " "),
    ("Tab", "\t"),
    ("BSpace", "\x7f"),
    ("Up", "\x1bOA"),
    ("Down", "\x1bOB"),
    ("Right", "\x1bOC"),
    ("Left", "\x1bOD"),
    ("Home", "\x1bOH"),
    ("End", "\x1bOF"),
    ("PPage", "\x1b[5~"),
    ("NPage", "\x1b[6~"),
    ("DC", "\x1b[3~"),
];

/// The bytes of each key in a list with blanks between them: `C-b`, `M-x`, a name of `NAMES`, or else a
/// word that is typed letter by letter.
pub(super) fn bytes(keys: &str) -> Vec<Vec<u8>> {
    keys.split_whitespace().flat_map(word).collect()
}

fn word(word: &str) -> Vec<Vec<u8>> {
    if let Some((_, bytes)) = NAMES.iter().find(|(name, _)| *name == word) {
        return vec![bytes.as_bytes().to_vec()];
    }
    match word.as_bytes() {
        [b'C', b'-', key] => vec![vec![key & 0x1f]],
        [b'M', b'-', key] => vec![vec![0x1b, *key]],
        _ => word.chars().map(|c| c.to_string().into_bytes()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_names_control_keys_or_letters() {
        let expect: [&[u8]; 7] = [b"\x02", b"o", b"k", b"\r", b"\x1bx", b"\x1b[6~", b"%"];
        assert_eq!(bytes("C-b ok Enter M-x NPage %"), expect);
    }
}
