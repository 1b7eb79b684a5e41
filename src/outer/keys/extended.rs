//! Extended keys: `CSI number ; modifiers u` and `CSI 27 ; modifiers ; number ~`.

use super::parse::Parse;
use crate::base::key::MAX_BEYOND;
use crate::base::width::char_width;
use crate::base::{Key, KeyCode, KeyFlags, Mods, NamedKey};

/// Longest sequence that is parsed, in bytes.
const MAX_BYTES: usize = 64;

/// tmux: accepts numbers beyond Unicode as keys.
const BEYOND_UNICODE: std::ops::RangeInclusive<u32> = char::MAX as u32 + 1..=MAX_BEYOND;

pub(super) fn parse(bytes: &[u8], erase: Option<u8>) -> Parse<Key> {
    let (params, last, size) = match scan(bytes) {
        Parse::Yes(found, size) => (found.0, found.1, size),
        Parse::Partial => return Parse::Partial,
        _ => return Parse::No,
    };
    let numbers = numbers(params);
    let (number, modifiers) = match (last, numbers.as_slice()) {
        (b'~', [27, modifiers, number, ..]) => (*number, *modifiers),
        (b'u', [number, modifiers, ..]) => (*number, *modifiers),
        _ => return Parse::No,
    };
    match key(number, modifiers, erase) {
        Some(key) => Parse::Yes(key, size),
        None => Parse::No,
    }
}

/// The parameters and final byte of a CSI sequence of digits and semicolons.
pub(super) fn scan(bytes: &[u8]) -> Parse<(&[u8], u8)> {
    if bytes.len() < 2 {
        return Parse::Partial;
    }
    if bytes[1] != b'[' {
        return Parse::No;
    }
    let end = bytes.iter().skip(2).take(MAX_BYTES - 2).position(|b| !b.is_ascii_digit() && *b != b';');
    match end {
        Some(end) => Parse::Yes((&bytes[2..2 + end], bytes[2 + end]), end + 3),
        None if bytes.len() < MAX_BYTES => Parse::Partial,
        None => Parse::No,
    }
}

/// Leading decimal numbers separated by single semicolons; stops at the first that is missing.
pub(super) fn numbers(params: &[u8]) -> Vec<u32> {
    let mut out = Vec::new();
    for field in params.split(|b| *b == b';') {
        if field.is_empty() {
            break;
        }
        let value = field.iter().fold(0u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')));
        out.push(value as u32);
    }
    out
}

fn key(number: u32, modifiers: u32, erase: Option<u8>) -> Option<Key> {
    let mut key = if erase.is_some_and(|e| u32::from(e) == number) {
        Key::named(NamedKey::BSpace)
    } else {
        match char::from_u32(number) {
            Some(c) if c.is_ascii() || has_width(c) => Key::char(c),
            None if BEYOND_UNICODE.contains(&number) => Key::new(KeyCode::Beyond(number), Mods::empty()),
            _ => return None,
        }
    };
    let bits = modifiers.saturating_sub(1);
    key.mods.set(Mods::SHIFT, bits & 1 != 0);
    key.mods.set(Mods::META, bits & 0b1010 != 0);
    key.mods.set(Mods::CTRL, bits & 4 != 0);
    key.flags.set(KeyFlags::IMPLIED_META, bits & 0b1010 != 0);
    // Shift by itself is dropped for a character: some terminals report S-a as A, some as S-A.
    let KeyCode::Char(c) = key.code else {
        if matches!(key.code, KeyCode::Beyond(_)) && key.mods == Mods::SHIFT {
            key.mods = Mods::empty();
        }
        return Some(key);
    };
    if c == '\t' && key.mods.contains(Mods::SHIFT) {
        key.code = KeyCode::Named(NamedKey::BTab);
        key.mods -= Mods::SHIFT;
    }
    if c > ' ' && c != '\x7f' && key.mods == Mods::SHIFT {
        key.mods = Mods::empty();
    }
    Some(key)
}

/// True if a character can be shown at all; C1 controls count as characters without width.
pub(super) fn has_width(c: char) -> bool {
    char_width(c).is_some() || ('\u{80}'..='\u{9f}').contains(&c)
}
