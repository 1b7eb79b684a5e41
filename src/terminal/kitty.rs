//! Encodes keys in kitty's keyboard protocol, for programs that turned it on. The rules are those
//! of its specification, <https://sw.kovidgoyal.net/kitty/keyboard-protocol/>; where that is
//! silent, kitty's behaviour counts.

use std::fmt::Write;

use super::keyboard::KeyboardFlags;
use crate::base::key_report::{KeyAction, KeyReport, ReportMods, number, without_keypad};
use crate::base::{Key, extra_keys};

/// Form in which a key reaches a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Encoded {
    /// Not at all.
    Nothing,
    /// As for a program without the protocol.
    AsEver,
    Bytes(String),
}

/// Encodes a key event for a program that set these flags.
pub(super) fn encode(report: &KeyReport, flags: KeyboardFlags) -> Encoded {
    let all = flags.contains(KeyboardFlags::ALL_KEYS);
    let disambiguated = flags.intersects(KeyboardFlags::DISAMBIGUATE | KeyboardFlags::ALL_KEYS);
    let released = report.action == KeyAction::Release;
    if released && !flags.contains(KeyboardFlags::EVENTS) {
        return Encoded::Nothing;
    }
    if extra_keys::is_modifier(report.number) && !all {
        return Encoded::Nothing;
    }
    // Text without a key can only be reported as text.
    let as_text = !all || (report.number == 0 && !flags.contains(KeyboardFlags::TEXT));
    if let Some(text) = report.text.filter(|_| !released && as_text) {
        return Encoded::Bytes(text.to_string());
    }
    let mut report = *report;
    if !disambiguated {
        report.number = without_keypad(report.number).unwrap_or(report.number);
    }
    // These keys keep their bytes, so that a shell works after a program that did not reset its
    // flags.
    let typed = matches!(report.number, number::ENTER | number::TAB | number::BACKSPACE);
    if typed && !all && (report.mods - ReportMods::LOCKS).is_empty() {
        return if released { Encoded::Nothing } else { Encoded::AsEver };
    }
    let eventful = flags.contains(KeyboardFlags::EVENTS) && report.action != KeyAction::Press;
    if is_functional(report.number) {
        let escape = report.number == number::ESCAPE && report.mods.is_empty() && !disambiguated;
        if !disambiguated && (escape && !eventful || !flags.contains(KeyboardFlags::EVENTS)) {
            return Encoded::AsEver;
        }
    } else if !disambiguated && !eventful {
        return as_ever(&report);
    }
    Encoded::Bytes(sequence(&report, flags))
}

/// Encodes a key event for a program without the protocol. Keys without other bytes get those of
/// the protocol, as its specification says.
pub(super) fn encode_plain(report: &KeyReport, key: Key) -> Encoded {
    if report.action == KeyAction::Release || extra_keys::is_modifier(report.number) {
        return Encoded::Nothing;
    }
    if !key.is_ours() {
        return as_ever(report);
    }
    let mut report = KeyReport { mods: report.mods - ReportMods::LOCKS, ..*report };
    report.number = without_keypad(report.number).unwrap_or(report.number);
    match report.number {
        number::MENU => Encoded::Bytes(written(&report, KeyboardFlags::empty(), 29, '~')),
        _ => Encoded::Bytes(sequence(&report, KeyboardFlags::empty())),
    }
}

/// A key for a program that gets what it always got. Control-Backspace has no bytes in tmux, where terminals
/// send the byte of Control-h for it; from a terminal with the protocol it comes as a key, and becomes that
/// byte here.
fn as_ever(report: &KeyReport) -> Encoded {
    let mods = report.mods - ReportMods::LOCKS;
    let alt = mods.contains(ReportMods::ALT);
    let plain = (mods - ReportMods::SHIFT - ReportMods::ALT) == ReportMods::CTRL;
    match report.number == number::BACKSPACE && plain {
        true => Encoded::Bytes(if alt { "\x1b\x08" } else { "\x08" }.to_owned()),
        false => Encoded::AsEver,
    }
}

fn is_functional(number: u32) -> bool {
    (number::ESCAPE..=number::LAST).contains(&number)
}

/// `CSI number:shifted:base ; modifiers:event ; text u`, and the other forms of functional keys.
fn sequence(report: &KeyReport, flags: KeyboardFlags) -> String {
    let (number, last) = short_form(report.number).unwrap_or((report.number, 'u'));
    written(report, flags, number, last)
}

fn written(report: &KeyReport, flags: KeyboardFlags, number: u32, last: char) -> String {
    let mut key = number.to_string();
    if flags.contains(KeyboardFlags::ALTERNATES) && !is_functional(report.number) {
        let shifted = if report.mods.contains(ReportMods::SHIFT) { report.shifted } else { 0 };
        let field = |number: u32| if number == 0 { String::new() } else { number.to_string() };
        match (shifted, report.base) {
            (0, 0) => {}
            (shifted, 0) => _ = write!(key, ":{shifted}"),
            (shifted, base) => _ = write!(key, ":{}:{base}", field(shifted)),
        }
    }
    let mut mods = String::new();
    let event = flags.contains(KeyboardFlags::EVENTS) && report.action != KeyAction::Press;
    if !report.mods.is_empty() || event {
        mods = (u32::from(report.mods.bits()) + 1).to_string();
    }
    if event {
        mods.push_str(if report.action == KeyAction::Repeat { ":2" } else { ":3" });
    }
    let embeds = flags.contains(KeyboardFlags::ALL_KEYS | KeyboardFlags::TEXT);
    let text = report.text.filter(|c| embeds && !c.is_control());
    match (mods.as_str(), text) {
        ("", None) if key == "1" => format!("\x1b[{last}"),
        ("", None) => format!("\x1b[{key}{last}"),
        (mods, None) => format!("\x1b[{key};{mods}{last}"),
        (mods, Some(text)) => format!("\x1b[{key};{mods};{}{last}", u32::from(text)),
    }
}

/// Numbers and final characters of keys that had sequences before the protocol existed.
const SHORT: &[(u32, u32, char)] = &[
    (number::ESCAPE, 27, 'u'),
    (number::ENTER, 13, 'u'),
    (number::TAB, 9, 'u'),
    (number::BACKSPACE, 127, 'u'),
    (number::INSERT, 2, '~'),
    (number::DELETE, 3, '~'),
    (number::LEFT, 1, 'D'),
    (number::RIGHT, 1, 'C'),
    (number::UP, 1, 'A'),
    (number::DOWN, 1, 'B'),
    (number::PAGE_UP, 5, '~'),
    (number::PAGE_DOWN, 6, '~'),
    (number::HOME, 1, 'H'),
    (number::END, 1, 'F'),
    (number::F1, 1, 'P'),
    (57365, 1, 'Q'),
    (57366, 13, '~'),
    (57367, 1, 'S'),
    (57368, 15, '~'),
    (57369, 17, '~'),
    (57370, 18, '~'),
    (57371, 19, '~'),
    (57372, 20, '~'),
    (57373, 21, '~'),
    (57374, 23, '~'),
    (number::F12, 24, '~'),
    (number::KP_BEGIN, 1, 'E'),
];

fn short_form(number: u32) -> Option<(u32, char)> {
    SHORT.iter().find(|(known, ..)| *known == number).map(|(_, short, last)| (*short, *last))
}

#[cfg(test)]
mod tests;
