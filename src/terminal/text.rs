//! Finding text in the input: printable ASCII, and whole characters beyond it.

/// Bytes that are checked to be characters at once. The check of those behind the text that is taken is wasted.
const CHECKED: usize = 256;

/// How many bytes of printable ASCII the input begins with. Sixteen are looked at at once,
/// which the compiler turns into one comparison.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    let mut count = 0;
    for chunk in bytes.chunks_exact(16) {
        let special = chunk.iter().fold(false, |any, b| any | (b.wrapping_sub(0x20) >= 0x5f));
        if special {
            break;
        }
        count += 16;
    }
    let rest = &bytes[count..];
    count + rest.iter().position(|b| b.wrapping_sub(0x20) >= 0x5f).unwrap_or(rest.len())
}

/// How many bytes beyond ASCII the input begins with.
fn beyond_ascii_len(bytes: &[u8]) -> usize {
    let mut count = 0;
    for chunk in bytes.chunks_exact(16) {
        if chunk.iter().fold(0xff, |all, b| all & b) < 0x80 {
            break;
        }
        count += 16;
    }
    let rest = &bytes[count..];
    count + rest.iter().position(u8::is_ascii).unwrap_or(rest.len())
}

/// The whole characters of a piece of input. Each part of it is checked once, however many pieces of text
/// it is taken in.
pub(super) struct Characters<'a> {
    bytes: &'a [u8],
    /// Where the part begins that was checked last, and its text.
    start: usize,
    text: &'a str,
}

impl<'a> Characters<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, start: 0, text: "" }
    }

    /// The characters beyond ASCII at `at`, as far as they are whole, or some of them.
    pub(super) fn beyond_ascii(&mut self, at: usize) -> &'a str {
        let text = self.text(at);
        &text[..beyond_ascii_len(text.as_bytes())]
    }

    /// The characters at `at`, as far as they are whole, or some of them.
    pub(super) fn text(&mut self, at: usize) -> &'a str {
        if self.known(at).is_empty() {
            self.check(at, CHECKED);
        }
        self.known(at)
    }

    /// Printable ASCII that is at `at`.
    pub(super) fn ascii(&mut self, at: usize, len: usize) -> &'a str {
        if self.known(at).len() < len {
            self.check(at, len.max(CHECKED));
        }
        &self.known(at)[..len]
    }

    /// The text from `at` on, as far as it was checked.
    fn known(&self, at: usize) -> &'a str {
        at.checked_sub(self.start).and_then(|from| self.text.get(from..)).unwrap_or_default()
    }

    fn check(&mut self, at: usize, most: usize) {
        let bytes = &self.bytes[at..];
        let bytes = &bytes[..bytes.len().min(most)];
        let valid = |end: usize| std::str::from_utf8(&bytes[..end]).unwrap_or_default();
        self.start = at;
        self.text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => valid(error.valid_up_to()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_found_whole_in_any_order() {
        let mut input = "é日本語 ".repeat(100).into_bytes();
        input.extend_from_slice(b"\xe6\x97");
        let mut characters = Characters::new(&input);
        let mut found = String::new();
        let mut at = 0;
        while at < input.len() {
            let text = match input[at] {
                b' ' => characters.ascii(at, 1),
                _ => characters.beyond_ascii(at),
            };
            if text.is_empty() {
                break;
            }
            assert!(text == " " || text.bytes().all(|b| !b.is_ascii()), "{text:?}");
            found.push_str(text);
            at += text.len();
        }
        assert_eq!(found, "é日本語 ".repeat(100));
        assert_eq!(at, input.len() - 2, "a character that is not whole waits");
        assert_eq!(characters.beyond_ascii(0), "é日本語", "the piece is read again from its start");
        assert_eq!(characters.beyond_ascii(1), "", "the middle of a character is none");
    }

    #[test]
    fn runs_of_ascii_longer_than_a_part_are_one() {
        let input = [b"x".repeat(1000), "日".into()].concat();
        assert_eq!(Characters::new(&input).ascii(3, 997).len(), 997);
        assert_eq!((plain_prefix(&input), beyond_ascii_len(&input)), (1000, 0));
        assert_eq!(beyond_ascii_len("日本語日本語日本語 ".as_bytes()), 27);
    }
}
