//! A client's terminal: the capabilities of its terminfo entry, corrected by features and by
//! `terminal-overrides`.

use super::acs;
use super::caps::{Cap, CapKind};
use super::expand::{Param, expand_into};
use super::features::Features;
use crate::base::text::{from_bytes, to_bytes};
use crate::sys::pattern::fnmatch;

/// Longest stored capability in bytes; longer ones are cut.
const MAX_CAP_BYTES: usize = 8191;

/// The value of one capability.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Value {
    None,
    Text(Box<[u8]>),
    Number(i32),
    Flag(bool),
}

/// Properties derived from the capabilities.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TermFlags {
    /// Shows 256 colours, whatever `colors` says.
    pub colours_256: bool,
    pub rgb: bool,
    /// Left and right margins (DECSLRM).
    pub margins: bool,
    /// Rectangle fill (DECFRA).
    pub rect_fill: bool,
    /// No automatic margin: writing the last cell of the screen would scroll, or the cell would be lost.
    pub no_auto_margin: bool,
    /// Derived from the VT100: may be queried for its attributes.
    pub vt100_like: bool,
    pub sixel: bool,
}

/// The server's options about terminals.
#[derive(Clone, Copy, Default, Debug)]
pub struct TermOptions<'a> {
    /// `terminal-features`, item by item.
    pub features: &'a [String],
    /// `terminal-overrides`, item by item.
    pub overrides: &'a [String],
}

/// A terminal; see the module comment.
#[derive(Clone, Debug)]
pub struct Term {
    name: String,
    values: Vec<Value>,
    applied: Features,
    /// Features that `terminal-features` removes, even if other sources add them.
    removed: Features,
    pub flags: TermFlags,
    acs: [u8; 128],
}

impl Term {
    /// Builds a terminal from its name and the `name=value` capabilities of the client. `features` are
    /// those that the client asked for; the terminal's known features are added to them. The error is a
    /// message for the client, which is refused.
    pub fn new(
        name: &str,
        caps: &[String],
        features: &mut Features,
        options: &TermOptions<'_>,
        colorterm: Option<&str>,
    ) -> Result<Term, String> {
        let mut term = Term {
            name: name.to_owned(),
            values: vec![Value::None; super::caps::CAPS.len()],
            applied: Features::default(),
            removed: Features::default(),
            flags: TermFlags::default(),
            acs: [0; 128],
        };
        caps.iter().for_each(|cap| term.set_from_client(cap));
        for item in options.features {
            if let Some(rest) = matching_item(item, name) {
                features.change(rest, ":", &mut term.removed);
            }
        }
        match colorterm {
            Some(c) if c.eq_ignore_ascii_case("truecolor") || c.eq_ignore_ascii_case("24bit") => {
                features.change("RGB", ",", &mut term.removed);
            }
            Some(c) if c.contains("256") => features.change("256", ",", &mut term.removed),
            _ => {}
        }
        term.apply_overrides(options.overrides);
        if !term.has(Cap::CLEAR) {
            return Err("terminal does not support clear".to_owned());
        }
        if !term.has(Cap::CUP) {
            return Err("terminal does not support cup".to_owned());
        }
        if term.flag(Cap::XT) || term.text(Cap::CLEAR).starts_with(b"\x1b[") {
            term.flags.vt100_like = true;
            features.change("bpaste,focus,title", ",", &mut term.removed);
        }
        let direct = term.has(Cap::SETRGBF) && term.has(Cap::SETRGBB);
        if (term.flag(Cap::TC) || term.has(Cap::RGB)) && !direct {
            features.change("RGB", ",", &mut term.removed);
        }
        term.update_features(*features, options.overrides);
        Ok(term)
    }

    /// Adds features that were detected later; returns true when any is new (the client must then be
    /// redrawn).
    pub fn update_features(&mut self, features: Features, overrides: &[String]) -> bool {
        let features = self.without_removed(features);
        let fresh = features.0 & !self.applied.0 != 0;
        if fresh {
            for cap in features.new_caps(self.applied) {
                self.apply(&cap);
            }
            let new = Features(features.0 & !self.applied.0);
            self.flags.colours_256 |= new.has("256") || new.has("RGB");
            self.flags.sixel |= new.has("sixel");
            self.applied.0 |= features.0;
            self.apply_overrides(overrides);
        }
        fresh
    }

    /// The features without those that are removed.
    pub fn without_removed(&self, features: Features) -> Features {
        Features(features.0 & !self.removed.0)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The features in force.
    pub fn features(&self) -> Features {
        self.applied
    }

    fn set_from_client(&mut self, cap: &str) {
        let Some((name, value)) = cap.split_once('=') else { return };
        let Some(cap) = Cap::by_name(name) else { return };
        self.values[cap.0 as usize] = match cap.kind() {
            CapKind::Text => Value::Text(strip_padding(&to_bytes(value)).into()),
            CapKind::Number => match value.parse::<i32>() {
                Ok(n) if n >= 0 => Value::Number(n),
                _ => Value::None,
            },
            CapKind::Flag => Value::Flag(value.starts_with('1')),
        };
    }

    /// Applies capabilities in the form of `terminal-overrides`: `name=value`, `name`, `name@`, separated
    /// by colons.
    fn apply(&mut self, capabilities: &str) {
        for item in override_items(capabilities) {
            let (name, value) = match item.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => match item.strip_suffix('@') {
                    Some(name) => (name, None),
                    None => (item.as_str(), Some("")),
                },
            };
            let Some(cap) = Cap::by_name(name) else { continue };
            let slot = &mut self.values[cap.0 as usize];
            let Some(value) = value else {
                *slot = Value::None;
                continue;
            };
            let raw = to_bytes(value);
            let mut value = unvis(&raw).unwrap_or(raw);
            value.truncate(MAX_CAP_BYTES);
            match cap.kind() {
                CapKind::Text => *slot = Value::Text(value.into()),
                CapKind::Number => {
                    if let Some(n) = std::str::from_utf8(&value).ok().and_then(|v| v.parse::<i32>().ok())
                        && n >= 0
                    {
                        *slot = Value::Number(n);
                    }
                }
                CapKind::Flag => *slot = Value::Flag(true),
            }
        }
    }

    fn apply_overrides(&mut self, overrides: &[String]) {
        for item in overrides {
            if let Some(rest) = matching_item(item, &self.name) {
                let rest = rest.to_owned();
                self.apply(&rest);
            }
        }
        self.flags.rgb = self.has(Cap::SETRGBF) && self.has(Cap::SETRGBB);
        self.flags.margins = self.has(Cap::CMG) && self.has(Cap::CLMG);
        self.flags.rect_fill = self.has(Cap::RECT);
        self.flags.no_auto_margin = !self.flag(Cap::AM);
        self.acs = [0; 128];
        let pairs =
            if self.has(Cap::ACSC) { self.text(Cap::ACSC).to_vec() } else { acs::ASCII_PAIRS.to_vec() };
        for pair in pairs.chunks_exact(2) {
            if let Some(slot) = self.acs.get_mut(usize::from(pair[0])) {
                *slot = pair[1];
            }
        }
    }

    pub fn has(&self, cap: Cap) -> bool {
        self.values[cap.0 as usize] != Value::None
    }

    /// A capability's text, not expanded; empty when it has none.
    pub fn text(&self, cap: Cap) -> &[u8] {
        match &self.values[cap.0 as usize] {
            Value::Text(text) => text,
            _ => b"",
        }
    }

    pub fn number(&self, cap: Cap) -> i32 {
        match self.values[cap.0 as usize] {
            Value::Number(n) => n,
            _ => 0,
        }
    }

    pub fn flag(&self, cap: Cap) -> bool {
        matches!(self.values[cap.0 as usize], Value::Flag(true))
    }

    /// Appends a capability, not expanded.
    pub fn put(&self, cap: Cap, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text(cap));
    }

    /// Appends a capability expanded with up to three numbers. A negative number appends nothing.
    pub fn put_numbers(&self, cap: Cap, numbers: &[i32], out: &mut Vec<u8>) {
        if numbers.iter().any(|&n| n < 0) || numbers.len() > 3 {
            return;
        }
        let mut params = [Param::Number(0); 3];
        for (param, &n) in params.iter_mut().zip(numbers) {
            *param = Param::Number(n);
        }
        expand_into(self.text(cap), &params[..numbers.len()], out);
    }

    /// Appends a capability expanded with text parameters.
    pub fn put_texts(&self, cap: Cap, texts: &[&[u8]], out: &mut Vec<u8>) {
        let params: Vec<Param<'_>> = texts.iter().map(|t| Param::Text(t)).collect();
        expand_into(self.text(cap), &params, out);
    }

    /// True if line drawing must use the terminal's alternative character set: `U8` of zero forces it,
    /// otherwise a client without UTF-8 needs it.
    pub fn needs_acs(&self, utf8: bool) -> bool {
        (self.has(Cap::U8) && self.number(Cap::U8) == 0) || !utf8
    }

    /// The character to send for a key of the alternative character set while that is switched on.
    pub fn acs(&self, key: u8) -> Option<u8> {
        self.acs.get(usize::from(key)).copied().filter(|&b| b != 0)
    }

    /// One line per capability, as printed by `show-messages -T`.
    pub fn describe(&self) -> impl Iterator<Item = String> + '_ {
        Cap::all().filter(|cap| !cap.is_ours() || self.has(*cap)).map(|cap| {
            let value = match &self.values[cap.0 as usize] {
                Value::None => "[missing]".to_owned(),
                Value::Text(text) => format!("(string) {}", vis(text)),
                Value::Number(n) => format!("(number) {n}"),
                Value::Flag(flag) => format!("(flag) {flag}"),
            };
            format!("{:4}: {}: {value}", cap.0, cap.name())
        })
    }
}

/// The rest of an option item `pattern:…` if the pattern matches the terminal's name.
fn matching_item<'a>(item: &'a str, name: &str) -> Option<&'a str> {
    let end = field_end(item);
    let pattern = item[..end].replace("::", ":");
    let rest = item.get(end + 1..).unwrap_or("");
    (!item.is_empty() && fnmatch(&pattern, name, false)).then_some(rest)
}

/// The end of the first field of a colon-separated list; doubled colons are part of a field.
fn field_end(list: &str) -> usize {
    let bytes = list.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b':', Some(b':')) => at += 2,
            (b':', _) => break,
            _ => at += 1,
        }
    }
    at
}

/// The non-empty fields of a colon-separated list, doubled colons made single.
fn override_items(list: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let end = field_end(rest);
        if end > MAX_CAP_BYTES {
            break;
        }
        if end > 0 {
            items.push(rest[..end].replace("::", ":"));
        }
        rest = rest.get(end + 1..).unwrap_or("");
    }
    items
}

/// Removes terminfo's delays, `$<…>`.
fn strip_padding(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'$' && tail.first() == Some(&b'<') {
            match tail.iter().position(|&b| b == b'>') {
                Some(end) => rest = &tail[end + 1..],
                None => break,
            }
            continue;
        }
        out.push(byte);
        rest = tail;
    }
    out.truncate(MAX_CAP_BYTES);
    out
}

/// Decodes backslash escapes like `unvis(3)`; `None` when one is invalid.
fn unvis(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(escape) = bytes.next() else {
            break; // A lone backslash at the end is dropped.
        };
        out.push(match escape {
            b'\\' => b'\\',
            b'0'..=b'7' => {
                let mut value = escape - b'0';
                for _ in 0..2 {
                    if let Some(digit) = bytes.next_if(|b| (b'0'..=b'7').contains(b)) {
                        value = (value << 3).wrapping_add(digit - b'0');
                    }
                }
                value
            }
            b'M' => match bytes.next()? {
                b'-' => bytes.next()? | 0x80,
                b'^' => control(bytes.next()?) | 0x80,
                _ => return None,
            },
            b'^' => control(bytes.next()?),
            b'n' => b'\n',
            b'r' => b'\r',
            b'b' => 0x08,
            b'a' => 0x07,
            b'v' => 0x0b,
            b't' => b'\t',
            b'f' => 0x0c,
            b's' => b' ',
            b'E' => 0x1b,
            b'\n' | b'$' => continue,
            _ => return None,
        });
    }
    Some(out)
}

fn control(byte: u8) -> u8 {
    if byte == b'?' { 0x7f } else { byte & 0x1f }
}

/// Longest printed form of a capability in `describe`, in bytes.
const MAX_DESCRIBED: usize = 127;

/// A capability as readable text: control characters in C style or octal.
fn vis(text: &[u8]) -> String {
    let mut out: Vec<u8> = Vec::new();
    for (n, &byte) in text.iter().enumerate() {
        let shown: Vec<u8> = match byte {
            b'\\' => b"\\\\".to_vec(),
            b'\n' => b"\\n".to_vec(),
            b'\r' => b"\\r".to_vec(),
            0x08 => b"\\b".to_vec(),
            0x07 => b"\\a".to_vec(),
            0x0b => b"\\v".to_vec(),
            b'\t' => b"\\t".to_vec(),
            0x0c => b"\\f".to_vec(),
            0 if !text.get(n + 1).is_some_and(|b| (b'0'..=b'7').contains(b)) => b"\\0".to_vec(),
            b' '..=b'~' => vec![byte],
            _ => format!("\\{byte:03o}").into_bytes(),
        };
        if out.len() + shown.len() > MAX_DESCRIBED {
            break;
        }
        out.extend(shown);
    }
    from_bytes(&out)
}

#[cfg(test)]
mod tests;
