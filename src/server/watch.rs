//! Decides where feeding a pane stops while a command waits for its output: before text can be
//! overwritten, erased or scrolled away, and right behind each shell mark.

use crate::terminal::Terminal;

const MARK: &[u8] = b"\x1b]133;";

/// Count of bytes to feed before the waiting command must check; at least one.
pub(super) fn stop(bytes: &[u8], terminal: &Terminal) -> usize {
    let rows = terminal.size().rows;
    at(bytes, (rows / 2).max(1), terminal.in_string())
}

/// `lines`: count of line ends after which the first of the lines is near the top of the screen.
fn at(bytes: &[u8], lines: u32, in_string: bool) -> usize {
    if in_string && let Some(end) = string_end(bytes) {
        // The string may be a mark that began in an earlier slice.
        return end;
    }
    let (mut from, mut left) = (0, lines);
    while let Some(found) = memchr::memchr3(b'\n', b'\r', 0x1b, &bytes[from..]) {
        let at = from + found;
        from = at + 1;
        match bytes[at] {
            b'\n' => {
                left -= 1;
                if left == 0 {
                    return from;
                }
            }
            b'\r' if at > 0 && !matches!(bytes.get(from), Some(b'\n' | b'\r') | None) => return at,
            b'\r' => {}
            _ if bytes[at..].starts_with(MARK) => {
                if let Some(end) = string_end(&bytes[at + MARK.len()..]) {
                    return at + MARK.len() + end;
                }
            }
            _ if at > 0 && erases(&bytes[from..]) => return at,
            _ => {}
        }
    }
    bytes.len()
}

/// Offset of a string's end: behind BEL or ST.
fn string_end(bytes: &[u8]) -> Option<usize> {
    let at = memchr::memchr2(0x07, 0x1b, bytes)?;
    match bytes[at] {
        0x07 => Some(at + 1),
        _ if bytes.get(at + 1) == Some(&b'\\') => Some(at + 2),
        _ => Some(at + 1),
    }
}

/// Reports whether the bytes after an ESC erase or move text: a CSI with one of certain final
/// bytes, or a reset.
fn erases(bytes: &[u8]) -> bool {
    match bytes.first() {
        Some(b'c') => true,
        Some(b'[') => {
            let end = bytes[1..].iter().find(|byte| (0x40..=0x7e).contains(*byte));
            end.is_some_and(|end| b"JKLMPXSThl@".contains(end))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeding_stops_before_text_goes_and_behind_marks() {
        let check = |text: &str, expect: usize| assert_eq!(at(text.as_bytes(), 3, false), expect, "{text:?}");
        check("abc", 3);
        check("a\r\nb\r\nc\r\nd", 9);
        check("50%\r51%", 3);
        check("\r51%\r", 5);
        check("ready\x1b[2J", 5);
        check("\x1b[2Jready\x1b[K", 9);
        check("\x1b[1mready\x1b[m", 12);
        check("a\x1b]133;D;0\x07b", 11);
        check("a\x1b]133;D;0\x1b\\b", 12);
        check("a\x1b]133;D;", 9);
        assert_eq!(at(b"0\x07b", 3, true), 2);
    }

    #[test]
    fn feeding_always_gets_on() {
        let texts: [&[u8]; 7] = [b"\r", b"\x1b", b"\x1b[J", b"\n", b"\x1bc", b"\x1b\\", b"\x07"];
        for text in texts {
            for in_string in [false, true] {
                assert!(at(text, 1, in_string) > 0, "{text:?}");
            }
        }
    }
}
