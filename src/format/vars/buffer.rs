//! Variables about a paste buffer.

use super::row::{Table, text};
use crate::base::text::{beyond_unicode, c_escape, from_bytes};
use crate::base::width::char_width;
use crate::format::value::Value;

/// Bytes of a buffer that its sample shows.
const SAMPLE_BYTES: usize = 200;

pub(super) const TABLE: Table = &[
    ("buffer_created", |objects| Some(Value::Time(objects.buffer()?.created))),
    ("buffer_full", |objects| {
        let data = &objects.buffer()?.data;
        let end = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
        text(from_bytes(&data[..end]))
    }),
    ("buffer_name", |objects| text(&objects.buffer()?.name)),
    ("buffer_sample", |objects| text(sample(&objects.buffer()?.data))),
    ("buffer_size", |objects| text(objects.buffer()?.data.len())),
];

/// The start of a buffer on one line, with control characters escaped.
fn sample(data: &[u8]) -> String {
    let shown = from_bytes(&data[..data.len().min(SAMPLE_BYTES)]);
    let mut out = String::new();
    let mut rest = shown.as_str();
    while let Some(c) = rest.chars().next() {
        if let Some(whole) = beyond_unicode(rest) {
            out.push_str(whole);
            rest = &rest[whole.len()..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        let next = rest.chars().next();
        push_visible(&mut out, c, next, next.is_some_and(|next| ('0'..='7').contains(&next)));
    }
    if data.len() > SAMPLE_BYTES || out.len() > SAMPLE_BYTES {
        let mut end = SAMPLE_BYTES.min(out.len());
        while !out.is_char_boundary(end) {
            end -= 1;
        }
        out.truncate(end);
        out.push_str("...");
    }
    out
}

/// Writes a character as `vis(3)` does with C-style escapes; `$` before a name and `\` are
/// escaped too.
fn push_visible(out: &mut String, c: char, next: Option<char>, next_is_octal: bool) {
    match c {
        '$' if next.is_some_and(|n| n.is_ascii_alphabetic() || n == '_' || n == '{') => out.push_str("\\$"),
        c if let Some(escape) = c_escape(c) => out.push_str(escape),
        ' '..='~' => out.push(c),
        '\0' if !next_is_octal => out.push_str("\\0"),
        _ if char_width(c).is_some() && crate::base::text::stray_byte(c).is_none() => out.push(c),
        _ => crate::base::text::to_bytes(&c.to_string())
            .iter()
            .for_each(|byte| out.push_str(&format!("\\{byte:03o}"))),
    }
}
