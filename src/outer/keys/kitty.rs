//! Keys from a terminal with kitty's keyboard protocol: `CSI number:shifted:base ; modifiers:event ; text
//! u`, and the legacy forms of keys with the same fields.
//! <https://sw.kovidgoyal.net/kitty/keyboard-protocol/>

use super::event::InputEvent;
use super::parse::Parse;
use super::replies::Awaiting;
use crate::base::key_report::{KeyAction, KeyReport, ReportMods, number};
use crate::outer::features::Features;

/// Longest sequence that is parsed, in bytes: one may contain a text. The bytes of a longer one are
/// decoded separately.
const MAX_BYTES: usize = 4096;

/// Final bytes, and their keys when the number is 1 or missing.
const LETTERS: &[(u8, u32)] = &[
    (b'A', number::UP),
    (b'B', number::DOWN),
    (b'C', number::RIGHT),
    (b'D', number::LEFT),
    (b'E', number::KP_BEGIN),
    (b'F', number::END),
    (b'H', number::HOME),
    (b'P', number::F1),
    (b'Q', 57365),
    (b'R', 57366),
    (b'S', 57367),
];

/// The keys of `CSI number ~`.
const TILDES: &[(u32, u32)] = &[
    (2, number::INSERT),
    (3, number::DELETE),
    (5, number::PAGE_UP),
    (6, number::PAGE_DOWN),
    (7, number::HOME),
    (8, number::END),
    (11, number::F1),
    (12, 57365),
    (13, 57366),
    (14, 57367),
    (15, 57368),
    (17, 57369),
    (18, 57370),
    (19, 57371),
    (20, 57372),
    (21, 57373),
    (23, 57374),
    (24, number::F12),
    (29, number::MENU),
    (57427, number::KP_BEGIN),
];

/// Keys whose number in `CSI number u` differs.
const CONTROLS: &[(u32, u32)] =
    &[(27, number::ESCAPE), (13, number::ENTER), (9, number::TAB), (127, number::BACKSPACE)];

/// A parsed sequence, with all characters of its text.
pub(super) struct Found {
    pub report: KeyReport,
    pub text: Vec<char>,
}

/// Sequences of one character each that stand for one with a longer text, since a key event has
/// room for one. The last one contains the key itself.
pub(super) fn taken_apart(report: &KeyReport, first: char, rest: &[char]) -> Vec<u8> {
    let mut out = format!("\x1b[0;;{}u", u32::from(first));
    if let [middle @ .., last] = rest {
        middle.iter().for_each(|c| out.push_str(&format!("\x1b[0;;{}u", u32::from(*c))));
        let number = CONTROLS.iter().find(|(_, known)| *known == report.number);
        let number = number.map_or(report.number, |(short, _)| *short);
        let (mods, action) = (u32::from(report.mods.bits()) + 1, report.action as u32 + 1);
        let (shifted, base) = (report.shifted, report.base);
        out.push_str(&format!("\x1b[{number}:{shifted}:{base};{mods}:{action};{}u", u32::from(*last)));
    }
    out.into_bytes()
}

/// `CSI ? flags u`: the terminal supports the protocol.
pub(super) fn keyboard_reply(bytes: &[u8], awaiting: &mut Awaiting) -> Parse<Option<InputEvent>> {
    if !awaiting.keyboard {
        return Parse::No;
    }
    let Some(rest) = bytes.strip_prefix(b"\x1b[?") else {
        return if b"\x1b[?".starts_with(bytes) { Parse::Partial } else { Parse::No };
    };
    match rest.iter().position(|b| !b.is_ascii_digit()) {
        Some(end @ 1..) if rest[end] == b'u' => {
            awaiting.keyboard = false;
            let mut features = Features::default();
            features.add("kittykeys", ",");
            Parse::Yes(Some(InputEvent::Features(features)), end + 4)
        }
        None if rest.len() < 8 => Parse::Partial,
        _ => Parse::No,
    }
}

/// Parses a key at the front.
pub(super) fn parse(bytes: &[u8]) -> Parse<Found> {
    if bytes.len() < 3 {
        return if b"\x1b[".starts_with(&bytes[..bytes.len().min(2)]) { Parse::Partial } else { Parse::No };
    }
    let Some(body) = bytes.strip_prefix(b"\x1b[") else { return Parse::No };
    let end = body.iter().take(MAX_BYTES).position(|b| !matches!(b, b'0'..=b':' | b';'));
    let Some(end) = end else {
        return if body.len() < MAX_BYTES { Parse::Partial } else { Parse::No };
    };
    match key(&body[..end], body[end]) {
        Some(found) => Parse::Yes(found, end + 3),
        None => Parse::No,
    }
}

/// A decimal number; `None` if it is invalid or too large.
fn decimal(text: &[u8]) -> Option<u32> {
    str::from_utf8(text).ok()?.parse().ok()
}

fn key(params: &[u8], last: u8) -> Option<Found> {
    // `CSI A` and the like are left to the tree, which knows their terminal modes. It does not know these
    // function keys, which other terminals send as `SS3 P` and so on.
    if params.is_empty() && !matches!(last, b'P' | b'Q' | b'S') {
        return None;
    }
    let mut fields = params.split(|b| *b == b';');
    let mut codes = fields.next()?.split(|b| *b == b':');
    let first = codes.next()?;
    let number = if first.is_empty() { 1 } else { decimal(first)? };
    let [shifted, base] = [codes.next(), codes.next()].map(|code| code.and_then(decimal).unwrap_or(0));
    let mut modifiers = fields.next().unwrap_or_default().split(|b| *b == b':');
    let mods = modifiers.next().and_then(decimal).unwrap_or(1).saturating_sub(1);
    let action = match modifiers.next().and_then(decimal) {
        Some(2) => KeyAction::Repeat,
        Some(3) => KeyAction::Release,
        _ => KeyAction::Press,
    };
    let text = fields.next().unwrap_or_default().split(|b| *b == b':');
    let text = text.filter_map(decimal).filter_map(char::from_u32).filter(|c| !c.is_control());
    let text: Vec<char> = text.collect();
    let look = |table: &[(u32, u32)]| table.iter().find(|(known, _)| *known == number).map(|(_, n)| *n);
    let number = match last {
        b'u' => look(CONTROLS).unwrap_or(number),
        b'~' => look(TILDES)?,
        _ if number == 1 => LETTERS.iter().find(|(letter, _)| *letter == last)?.1,
        _ => return None,
    };
    let mods = ReportMods::from_bits_truncate(mods as u8);
    let report = KeyReport { number, shifted, base, mods, action, text: text.first().copied() };
    Some(Found { report, text })
}
