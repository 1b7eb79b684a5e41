//! Bytes and strings. tmux's strings are bytes; scopemux has `String`, because nearly all are UTF-8.
//! Invalid bytes are preserved: byte 0x80+n becomes the private character U+10FF80+n, and is turned back
//! into the byte on output. These characters themselves, if a text contains one, are represented by their
//! four bytes.

/// First character that stands for a stray byte; `STRAY + b` for byte `b` in 0x80..=0xff.
const STRAY: u32 = 0x10_ff00;

/// Decodes bytes, mapping each byte that is not part of valid UTF-8 to a stand-in character.
pub(crate) fn from_bytes(mut bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    while !bytes.is_empty() {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                push_text(text, &mut out);
                break;
            }
            Err(error) => {
                let (good, rest) = bytes.split_at(error.valid_up_to());
                push_text(std::str::from_utf8(good).expect("valid_up_to bounds valid UTF-8"), &mut out);
                out.extend(char::from_u32(STRAY + u32::from(rest[0])));
                bytes = &rest[1..];
            }
        }
    }
    out
}

/// True if some character of a text may be a stand-in: all stand-ins begin with this byte.
fn may_have_stray(text: &str) -> bool {
    memchr::memchr(0xf4, text.as_bytes()).is_some()
}

/// Appends valid text, each character as by `push_char`.
pub(crate) fn push_text(text: &str, out: &mut String) {
    if may_have_stray(text) {
        text.chars().for_each(|c| push_char(c, out));
    } else {
        out.push_str(text);
    }
}

/// Appends a character of valid text. One that looks like a stand-in is appended as the stand-ins of its
/// bytes.
pub(crate) fn push_char(c: char, out: &mut String) {
    if stray_byte(c).is_none() {
        out.push(c);
        return;
    }
    let bytes = c.encode_utf8(&mut [0; 4]).as_bytes().to_vec();
    out.extend(bytes.into_iter().filter_map(|byte| char::from_u32(STRAY + u32::from(byte))));
}

/// The bytes of a string: the inverse of `from_bytes`.
pub(crate) fn to_bytes(text: &str) -> Vec<u8> {
    if !may_have_stray(text) {
        return text.as_bytes().to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match stray_byte(c) {
            Some(b) => out.push(b),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// The same for a string that is not needed any more: without stand-ins nothing is copied.
pub(crate) fn into_bytes(text: String) -> Vec<u8> {
    if may_have_stray(&text) { to_bytes(&text) } else { text.into_bytes() }
}

/// The byte that a stand-in character represents.
pub(crate) fn stray_byte(c: char) -> Option<u8> {
    let b = (c as u32).checked_sub(STRAY)?;
    (0x80..=0xff).contains(&b).then_some(b as u8)
}

/// The start of a text if its stray bytes have the form of one of the last characters of Unicode or of
/// one beyond it (up to U+13FFFF): tmux checks only the form, and treats it as text.
pub(crate) fn beyond_unicode(text: &str) -> Option<&str> {
    let ranges = [0xf4..=0xf4, 0x80..=0xbf, 0x80..=0xbf, 0x80..=0xbf];
    let mut chars = text.chars();
    for range in ranges {
        stray_byte(chars.next()?).filter(|byte| range.contains(byte))?;
    }
    Some(&text[..text.len() - chars.as_str().len()])
}

/// The number of a character beyond Unicode, in the form that `beyond_unicode` finds.
pub(crate) fn beyond_number(text: &str) -> Option<u32> {
    let mut bytes = beyond_unicode(text)?.chars().filter_map(stray_byte);
    let lead = u32::from(bytes.next()?) & 0x07;
    Some(bytes.fold(lead, |number, byte| number << 6 | u32::from(byte) & 0x3f))
}

/// True if every stray byte of a text belongs to a sequence that tmux treats as a character.
pub(crate) fn has_only_characters(mut text: &str) -> bool {
    while let Some(at) = text.find(|c| stray_byte(c).is_some()) {
        let Some(whole) = beyond_unicode(&text[at..]) else { return false };
        text = &text[at + whole.len()..];
    }
    true
}

/// The C escape of a control character that has a letter of its own, and of a backslash.
pub(crate) fn c_escape(c: char) -> Option<&'static str> {
    Some(match c {
        '\\' => "\\\\",
        '\x07' => "\\a",
        '\x08' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\x0b' => "\\v",
        '\x0c' => "\\f",
        '\r' => "\\r",
        _ => return None,
    })
}

/// Makes bytes visible as tmux stores links and names given by programs: valid UTF-8, tabs and newlines
/// stay, other control characters and stray bytes become C escapes or octal, and a backslash is doubled.
pub(crate) fn visible(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let text = from_bytes(bytes);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\t' | '\n' => out.push(c),
            c if let Some(escape) = c_escape(c) => out.push_str(escape),
            '\0' if chars.peek().is_some_and(|next| ('0'..='7').contains(next)) => out.push_str("\\000"),
            '\0' => out.push_str("\\0"),
            c => match stray_byte(c).or(c.is_ascii_control().then_some(c as u8)) {
                Some(byte) => out.push_str(&format!("\\{byte:03o}")),
                None => out.push(c),
            },
        }
    }
    out
}

/// A title, path or name from a program, made safe; `None` if it contains control characters or invalid
/// text. The `#` of `#(` is replaced, since it could run commands in a format.
pub(crate) fn clean_name(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.contains(|c: char| c.is_ascii_control()) {
        return None;
    }
    Some(text.replace("#(", "_(").replace('\\', "\\\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive() {
        for bytes in [
            &b"plain"[..],
            b"\xff\xfe",
            "aé".as_bytes(),
            b"a\xc3",
            b"\xe4\xb8x\x80",
            "\u{10ffff}\u{10ff80}".as_bytes(),
        ] {
            assert_eq!(to_bytes(&from_bytes(bytes)), bytes);
            assert_eq!(into_bytes(from_bytes(bytes)), bytes);
        }
        assert_eq!(from_bytes("世".as_bytes()), "世");
    }

    #[test]
    fn tmux_goes_by_the_form_of_the_last_characters() {
        let number = |bytes: &[u8]| beyond_number(&from_bytes(bytes));
        assert_eq!(number(b"\xf4\x90\x80\x80x"), Some(0x11_0000));
        assert_eq!(number(b"\xf4\xbf\xbf\xbf"), Some(0x13_ffff));
        assert_eq!(number("\u{10ffff}".as_bytes()), Some(0x10_ffff));
        assert_eq!(number(b"\xf5\x80\x80\x80"), None);
        let only = |bytes: &[u8]| has_only_characters(&from_bytes(bytes));
        assert!(only(b"a\xf4\x90\x80\x80b") && only(b"") && !only(b"\xf4\x90\x80\x80\x80"));
    }
}
