//! Replies to queries: device attributes, XTVERSION, colours, the clipboard, the size.

use base64::Engine;

use super::event::InputEvent;
use super::extended;
use super::parse::Parse;
use crate::base::Colour;
use crate::base::text::from_bytes;
use crate::outer::features::Features;

/// Longest reply other than the clipboard's, in bytes.
const MAX_REPLY: usize = 127;
/// Maximum count of numbers that are read from a device attributes reply.
const MAX_PARAMS: usize = 32;

/// Which replies are outstanding.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Awaiting {
    pub primary: bool,
    pub secondary: bool,
    pub version: bool,
    pub foreground: bool,
    pub background: bool,
    pub window_size: bool,
    #[serde(default)]
    pub keyboard: bool,
}

type Reply = Parse<Option<InputEvent>>;

/// Parses a prefix, of which only a part may have arrived.
fn prefix<'a>(bytes: &'a [u8], prefix: &[u8]) -> Parse<&'a [u8]> {
    if let Some(rest) = bytes.strip_prefix(prefix) {
        if rest.is_empty() { Parse::Partial } else { Parse::Yes(rest, prefix.len()) }
    } else if prefix.starts_with(bytes) {
        Parse::Partial
    } else {
        Parse::No
    }
}

/// Unwraps a `Yes`, or returns any other result.
macro_rules! yes {
    ($parse:expr) => {
        match $parse {
            Parse::Yes(value, size) => (value, size),
            Parse::Partial => return Parse::Partial,
            _ => return Parse::No,
        }
    };
}

/// The contents of a string up to BEL (if `bel`) or ST, and its length including that.
fn string(rest: &[u8], max: usize, bel: bool) -> Parse<&[u8]> {
    for (n, &byte) in rest.iter().take(max).enumerate() {
        if n > 0 && byte == b'\\' && rest[n - 1] == 0x1b {
            return Parse::Yes(&rest[..n - 1], n + 1);
        }
        if bel && byte == 0x07 {
            return Parse::Yes(&rest[..n], n + 1);
        }
    }
    if rest.len() < max { Parse::Partial } else { Parse::No }
}

/// OSC 52.
pub(super) fn clipboard(bytes: &[u8]) -> Reply {
    let (rest, head) = yes!(prefix(bytes, b"\x1b]52;"));
    let (text, size) = yes!(string(rest, usize::MAX, true));
    let size = head + size;
    let Some(split) = text.iter().position(|b| *b == b';') else {
        return Parse::Yes(None, size);
    };
    let clip = (split == 1).then(|| char::from(text[0]));
    let encoded: Vec<u8> = text[split + 1..].iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let engine = base64::engine::general_purpose::STANDARD;
    match engine.decode(&encoded) {
        Ok(data) if !encoded.is_empty() => Parse::Yes(Some(InputEvent::Clipboard { clip, data }), size),
        _ => Parse::Yes(None, size),
    }
}

/// `CSI ? … c`.
pub(super) fn primary_attributes(bytes: &[u8], awaiting: &mut Awaiting) -> Reply {
    if !awaiting.primary {
        return Parse::No;
    }
    let (params, size) = yes!(attributes(bytes, b"\x1b[?"));
    let mut features = Features::default();
    features.add_primary_attributes(&params);
    awaiting.primary = false;
    Parse::Yes(Some(InputEvent::Features(features)), size)
}

/// `CSI > … c`.
pub(super) fn secondary_attributes(bytes: &[u8], awaiting: &mut Awaiting) -> Reply {
    if !awaiting.secondary {
        return Parse::No;
    }
    let (params, size) = yes!(attributes(bytes, b"\x1b[>"));
    let mut features = Features::default();
    features.add_secondary_attributes(&params);
    awaiting.secondary = false;
    Parse::Yes(Some(InputEvent::Features(features)), size)
}

/// `DCS > | name ST`.
pub(super) fn version(bytes: &[u8], awaiting: &mut Awaiting) -> Reply {
    if !awaiting.version {
        return Parse::No;
    }
    let (rest, head) = yes!(prefix(bytes, b"\x1bP>|"));
    let (text, size) = yes!(string(rest, MAX_REPLY, false));
    let size = head + size;
    let name = from_bytes(text);
    let mut features = Features::default();
    features.add_version(&name);
    awaiting.version = false;
    Parse::Yes(Some(InputEvent::Version { name, features }), size)
}

/// OSC 10 and OSC 11.
pub(super) fn colours(bytes: &[u8], awaiting: &mut Awaiting) -> Reply {
    let foreground = matches!(prefix(bytes, b"\x1b]10;"), Parse::Yes(..) | Parse::Partial);
    let wanted: &[u8] = if foreground { b"\x1b]10;" } else { b"\x1b]11;" };
    let (rest, head) = yes!(prefix(bytes, wanted));
    let (text, size) = yes!(string(rest, MAX_REPLY, true));
    let size = head + size;
    let colour = parse_colour(text);
    let event = if foreground {
        awaiting.foreground &= colour.is_none();
        InputEvent::Foreground(colour)
    } else {
        awaiting.background &= colour.is_none();
        InputEvent::Background(colour)
    };
    Parse::Yes(Some(event), size)
}

/// OSC 4.
pub(super) fn palette(bytes: &[u8]) -> Reply {
    let (rest, head) = yes!(prefix(bytes, b"\x1b]4;"));
    let (text, size) = yes!(string(rest, MAX_REPLY, true));
    let size = head + size;
    let Some(split) = text.iter().position(|b| *b == b';') else { return Parse::No };
    let index = std::str::from_utf8(&text[..split]).ok().and_then(|t| t.parse::<u8>().ok());
    let Some(index) = index else { return Parse::No };
    let event = parse_colour(&text[split + 1..]).map(|colour| InputEvent::Palette { index, colour });
    Parse::Yes(event, size)
}

/// `CSI 8 ; rows ; cols t` and `CSI 4 ; height ; width t`.
pub(super) fn window_size(bytes: &[u8], awaiting: &mut Awaiting) -> Reply {
    if !awaiting.window_size {
        return Parse::No;
    }
    let ((params, last), size) = yes!(extended::scan(bytes));
    if last != b't' {
        return Parse::No;
    }
    match extended::numbers(params).as_slice() {
        [8, rows, cols, ..] => Parse::Yes(Some(InputEvent::WindowCells { cols: *cols, rows: *rows }), size),
        [4, height, width, ..] => {
            let event = InputEvent::WindowPixels { width: *width, height: *height };
            awaiting.window_size = false;
            Parse::Yes(Some(event), size)
        }
        _ => Parse::No,
    }
}

/// The foreground or background colour in a terminal's reply that a control client passed on.
pub(crate) fn colour_report(bytes: &[u8]) -> (Option<Colour>, Option<Colour>) {
    let body = |start: &[u8]| {
        let rest = bytes.strip_prefix(start)?;
        let text = rest.strip_suffix(b"\x1b\\").or_else(|| rest.strip_suffix(b"\x07"))?;
        parse_colour(text)
    };
    (body(b"\x1b]10;"), body(b"\x1b]11;"))
}

/// The numbers of a device attributes reply; an invalid one counts as 0.
fn attributes(bytes: &[u8], start: &[u8]) -> Parse<Vec<u32>> {
    let (rest, head) = yes!(prefix(bytes, start));
    let Some(end) = rest.iter().take(MAX_REPLY + 1).position(u8::is_ascii_lowercase) else {
        return if rest.len() <= MAX_REPLY { Parse::Partial } else { Parse::No };
    };
    if rest[end] != b'c' {
        return Parse::No;
    }
    let params = rest[..end]
        .split(|b| *b == b';')
        .take(MAX_PARAMS)
        .map(|field| std::str::from_utf8(field).ok().and_then(|t| t.parse().ok()).unwrap_or(0))
        .collect();
    Parse::Yes(params, head + end + 1)
}

/// A colour as terminals report it, in any of the forms of X11.
fn parse_colour(text: &[u8]) -> Option<Colour> {
    Colour::parse_x11(std::str::from_utf8(text).ok()?)
}
