//! Escaping: how tmux writes strings so that its own parser reads them back.

use crate::base::text::{beyond_unicode, c_escape, stray_byte};

/// Characters that cause an argument to be written in double quotes.
const NEEDS_DOUBLE: &[char] = &[' ', '#', '\'', ';', '$', '{', '}', '%'];
/// Characters that, without any of the above, cause single quotes.
const NEEDS_SINGLE: &[char] = &[' ', '"'];

/// Form in which an argument is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// As `list-keys`, `show-options` and others print it: bare, escaped, or quoted.
    // tmux: a backslash or a control character in single quotes is written as an escape, though
    // nothing is an escape there when it is read again.
    Shown,
    /// Text that parses to the same value.
    Kept,
}

/// One argument as `list-keys`, `show-options` and others print it.
pub(crate) fn escape(text: &str) -> String {
    escape_in(Form::Shown, text)
}

/// One argument.
pub(crate) fn escape_in(form: Form, text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return "''".to_string();
    };
    let double = text.contains(NEEDS_DOUBLE) || form == Form::Kept && text.contains(NEEDS_SINGLE);
    let single = !double && text.contains(NEEDS_SINGLE);
    if first.is_ascii() && first != ' ' && text.len() == 1 && (double || single || first == '~') {
        return format!("\\{first}");
    }
    let escaped = visible(text, double);
    match (double, single) {
        (true, _) if escaped.starts_with('~') => format!("\"\\{escaped}\""),
        (true, _) => format!("\"{escaped}\""),
        (_, true) => format!("'{escaped}'"),
        _ if escaped.starts_with('~') => format!("\\{escaped}"),
        _ => escaped,
    }
}

/// Doubles backslashes and escapes control characters and stray bytes; with `quoted` also `"`, and
/// `$` before a possible variable name.
pub(crate) fn visible(text: &str, quoted: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted => out.push_str("\\\""),
            '$' if quoted => {
                let name_follows =
                    chars.as_str().starts_with(|n: char| n.is_ascii_alphabetic() || n == '_' || n == '{');
                out.push_str(if name_follows { "\\$" } else { "$" });
            }
            c if let Some(escape) = c_escape(c) => out.push_str(escape),
            ' '..='~' => out.push(c),
            _ if c.is_ascii() => push_octal(&mut out, c as u8),
            _ => match stray_byte(c) {
                Some(byte) => {
                    let from = text.len() - chars.as_str().len() - c.len_utf8();
                    match beyond_unicode(&text[from..]) {
                        Some(whole) => {
                            out.push_str(whole);
                            chars = text[from + whole.len()..].chars();
                        }
                        None => push_octal(&mut out, byte),
                    }
                }
                None => out.push(c),
            },
        }
    }
    out
}

fn push_octal(out: &mut String, byte: u8) {
    out.push_str(&format!("\\{byte:03o}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_as_tmux_does() {
        let check = |text: &str, expect: &str| assert_eq!(escape(text), expect, "{text:?}");
        check("", "''");
        check("a", "a");
        check("$", "\\$");
        check("\"", "\\\"");
        check("~", "\\~");
        check(" ", "\" \"");
        check("a b", "\"a b\"");
        check("a\"b", "'a\"b'");
        check("a\\b", "a\\\\b");
        check("b'c", "\"b'c\"");
        check("$HOME", "\"\\$HOME\"");
        check("$1 x", "\"$1 x\"");
        check("~/x", "\\~/x");
        check("~/x y", "\"\\~/x y\"");
        check("a\nb\x1b", "a\\nb\\033");
        check("世", "世");
        // These parse to a different value.
        check("\\\"", "'\\\\\"'");
        check("\t\"", "'\\t\"'");
    }

    #[test]
    fn what_is_kept_is_read_as_the_same() {
        let check = |text: &str, expect: &str| assert_eq!(escape_in(Form::Kept, text), expect, "{text:?}");
        check("a b", "\"a b\"");
        check("a\"b", "\"a\\\"b\"");
        check("\\\"", "\"\\\\\\\"\"");
        check("\t\"", "\"\\t\\\"\"");
    }
}
