//! Scanning of format text: ends of arguments, escapes.

use std::str::Chars;

/// Characters that `#` escapes inside `#{}`.
const ESCAPED: &[u8] = b",#{}:";

/// Position of the first of `ends` that is not inside a nested `#{}` and not escaped.
pub(crate) fn skip(text: &str, ends: &[u8]) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0i32;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'#'
            && let Some(next) = bytes.get(at + 1).filter(|next| ESCAPED.contains(next))
        {
            depth += i32::from(*next == b'{');
            at += 2;
            continue;
        }
        depth -= i32::from(byte == b'}');
        if depth == 0 && ends.contains(&byte) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Turns `#,`, `##`, `#{`, `#}` and `#:` into the second character, outside of nested `#{}`.
///
/// tmux: drops a `#` at the very end.
pub(super) fn unescape(text: &str) -> String {
    without_escapes(text, |chars| chars.next())
}

/// Removes the `#` of escapes, except inside nested `#{}`. The character behind it may itself be the `#`
/// of an escape.
pub(crate) fn strip_escapes(text: &str) -> String {
    without_escapes(text, |_| None)
}

/// Replaces the `#` of each escape outside of nested `#{}` by what `escape` takes of the text behind it.
fn without_escapes(text: &str, escape: fn(&mut Chars<'_>) -> Option<char>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0i32;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let next = chars.as_str().bytes().next();
        depth += i32::from(c == '#' && next == Some(b'{')) - i32::from(c == '}');
        if depth == 0 && c == '#' && next.is_none_or(|next| ESCAPED.contains(&next)) {
            out.extend(escape(&mut chars));
            continue;
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_outside_of_braces() {
        assert_eq!(skip("a#{b,c},d", b","), Some(7));
        assert_eq!(skip("a#,b,c", b","), Some(4));
        assert_eq!(skip("#{x}}", b"}"), Some(3));
        assert_eq!(skip("abc", b","), None);
        assert_eq!(unescape("a#,b##c#}#{x#,}"), "a,b#c}#{x#,}");
        assert_eq!(strip_escapes("a#,b"), "a,b");
    }
}
