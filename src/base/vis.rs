//! Making control characters visible, as the C library's `vis(3)` does: tmux prints names,
//! buffers and pastes through it. Valid UTF-8 beyond ASCII passes as it is.

bitflags::bitflags! {
    /// Which characters are encoded, and in what form.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct Vis: u8 {
        /// `\ooo`.
        const OCTAL = 0x1;
        /// `\n`, `\t`, `\a` and the like.
        const CSTYLE = 0x2;
        /// Spaces too.
        const SPACE = 0x4;
        /// Tabs too.
        const TAB = 0x8;
        /// Newlines too.
        const NEWLINE = 0x10;
        /// Backspace, bell and carriage return are not encoded.
        const SAFE = 0x20;
        /// Backslashes are not encoded.
        const NO_SLASH = 0x40;
        /// Double quotes and `$` before a name get a backslash.
        const DOUBLE_QUOTE = 0x80;
    }
}

/// Encodes bytes.
pub(crate) fn encode(bytes: &[u8], flags: Vis) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid().as_bytes();
        let mut rest = valid;
        while let Some((&byte, tail)) = rest.split_first() {
            if byte >= 0x80 {
                let end = rest.iter().position(|b| *b < 0x80).unwrap_or(rest.len());
                out.extend_from_slice(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
            encode_byte(byte, tail.first().copied(), flags, &mut out);
            rest = tail;
        }
        let invalid = chunk.invalid();
        for (at, &byte) in invalid.iter().enumerate() {
            encode_byte(byte, invalid.get(at + 1).copied(), flags, &mut out);
        }
    }
    out
}

fn passes(byte: u8, flags: Vis) -> bool {
    match byte {
        b' ' => !flags.contains(Vis::SPACE),
        b'\t' => !flags.contains(Vis::TAB),
        b'\n' => !flags.contains(Vis::NEWLINE),
        0x08 | 0x07 | b'\r' => flags.contains(Vis::SAFE),
        _ => byte.is_ascii_graphic(),
    }
}

fn encode_byte(byte: u8, next: Option<u8>, flags: Vis, out: &mut Vec<u8>) {
    if flags.contains(Vis::DOUBLE_QUOTE)
        && byte == b'$'
        && let Some(next) = next
    {
        if next.is_ascii_alphabetic() || next == b'_' || next == b'{' {
            out.push(b'\\');
        }
        out.push(b'$');
        return;
    }
    if passes(byte, flags) {
        if byte == b'"' && flags.contains(Vis::DOUBLE_QUOTE)
            || byte == b'\\' && !flags.contains(Vis::NO_SLASH)
        {
            out.push(b'\\');
        }
        out.push(byte);
        return;
    }
    if flags.contains(Vis::CSTYLE) {
        let letter = match byte {
            b'\n' => b'n',
            b'\r' => b'r',
            0x08 => b'b',
            0x07 => b'a',
            0x0b => b'v',
            b'\t' => b't',
            0x0c => b'f',
            b' ' => b's',
            0 => {
                let octal_follows = next.is_some_and(|n| (b'0'..=b'7').contains(&n));
                out.extend_from_slice(if octal_follows { b"\\000" } else { b"\\0" });
                return;
            }
            _ => 0,
        };
        if letter != 0 {
            out.extend_from_slice(&[b'\\', letter]);
            return;
        }
    }
    if byte & 0x7f == b' ' || flags.contains(Vis::OCTAL) {
        out.extend_from_slice(format!("\\{byte:03o}").as_bytes());
        return;
    }
    encode_meta(byte, flags, out);
}

/// `^A`, `M-a`, `M^A`.
fn encode_meta(byte: u8, flags: Vis, out: &mut Vec<u8>) {
    if !flags.contains(Vis::NO_SLASH) {
        out.push(b'\\');
    }
    let low = byte & 0x7f;
    if byte >= 0x80 {
        out.push(b'M');
    }
    if low.is_ascii_control() {
        out.push(b'^');
        out.push(if low == 0x7f { b'?' } else { low + b'@' });
    } else {
        out.extend_from_slice(&[b'-', low]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_the_c_library_does() {
        let check = |bytes: &[u8], flags: Vis, expect: &str| {
            assert_eq!(String::from_utf8_lossy(&encode(bytes, flags)), expect, "{bytes:?} {flags:?}");
        };
        check(b"a\x1bb", Vis::OCTAL, "a\\033b");
        check(b"a\x1bb", Vis::SAFE | Vis::NO_SLASH, "a^[b");
        check(b"\x07\r", Vis::SAFE | Vis::NO_SLASH, "\x07\r");
        check(b"a\\b\n\t", Vis::CSTYLE | Vis::TAB | Vis::NEWLINE, "a\\\\b\\n\\t");
        check("é".as_bytes(), Vis::OCTAL, "é");
        check(b"\xff", Vis::OCTAL, "\\377");
        check(b"$HOME \"x\"", Vis::DOUBLE_QUOTE, "\\$HOME \\\"x\\\"");
        check(b"\x001", Vis::CSTYLE, "\\0001");
    }
}
