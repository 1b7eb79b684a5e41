//! Key reports of kitty's keyboard protocol, which hold more than tmux's keys. A report comes from a
//! client's terminal that uses the protocol, or is made from a tmux key.
//!
//! The protocol: <https://sw.kovidgoyal.net/kitty/keyboard-protocol/>. Keys that it encodes with short
//! numbers (`CSI 1 A`, `CSI 13 u`) have numbers from the block of functional keys here.

use serde::{Deserialize, Serialize};

use super::key::{Key, KeyCode, KeyFlags, Mods, NamedKey};

bitflags::bitflags! {
    /// Modifiers, with the protocol's bits.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
    pub struct ReportMods: u8 {
        const SHIFT = 1;
        const ALT = 2;
        const CTRL = 4;
        const SUPER = 8;
        const HYPER = 16;
        const META = 32;
        const CAPS_LOCK = 64;
        const NUM_LOCK = 128;

        const LOCKS = 64 | 128;
    }
}

/// The action of a key event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum KeyAction {
    #[default]
    Press,
    Repeat,
    Release,
}

/// One event of a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct KeyReport {
    /// The character of the key without Shift, or the number of a functional key; 0 for text that came
    /// from no key.
    pub number: u32,
    /// The character with Shift, and the one at the same position on a US keyboard; 0: unknown.
    pub shifted: u32,
    pub base: u32,
    pub mods: ReportMods,
    pub action: KeyAction,
    /// The text that the key produces, if any.
    pub text: Option<char>,
}

/// Numbers of functional keys that the protocol encodes with other, shorter ones.
pub(crate) mod number {
    pub(crate) const ESCAPE: u32 = 57344;
    pub(crate) const ENTER: u32 = 57345;
    pub(crate) const TAB: u32 = 57346;
    pub(crate) const BACKSPACE: u32 = 57347;
    pub(crate) const INSERT: u32 = 57348;
    pub(crate) const DELETE: u32 = 57349;
    pub(crate) const LEFT: u32 = 57350;
    pub(crate) const RIGHT: u32 = 57351;
    pub(crate) const UP: u32 = 57352;
    pub(crate) const DOWN: u32 = 57353;
    pub(crate) const PAGE_UP: u32 = 57354;
    pub(crate) const PAGE_DOWN: u32 = 57355;
    pub(crate) const HOME: u32 = 57356;
    pub(crate) const END: u32 = 57357;
    pub(crate) const MENU: u32 = 57363;
    pub(crate) const F1: u32 = 57364;
    pub(crate) const F12: u32 = 57375;
    pub(crate) const KP_BEGIN: u32 = 57427;
    /// The last number of the block.
    pub(crate) const LAST: u32 = 57454;
}

/// Functional keys that tmux has too.
const NAMED: &[(u32, NamedKey)] = &[
    (number::BACKSPACE, NamedKey::BSpace),
    (number::INSERT, NamedKey::Insert),
    (number::DELETE, NamedKey::Delete),
    (number::LEFT, NamedKey::Left),
    (number::RIGHT, NamedKey::Right),
    (number::UP, NamedKey::Up),
    (number::DOWN, NamedKey::Down),
    (number::PAGE_UP, NamedKey::PageUp),
    (number::PAGE_DOWN, NamedKey::PageDown),
    (number::HOME, NamedKey::Home),
    (number::END, NamedKey::End),
    (number::F1, NamedKey::F1),
    (57365, NamedKey::F2),
    (57366, NamedKey::F3),
    (57367, NamedKey::F4),
    (57368, NamedKey::F5),
    (57369, NamedKey::F6),
    (57370, NamedKey::F7),
    (57371, NamedKey::F8),
    (57372, NamedKey::F9),
    (57373, NamedKey::F10),
    (57374, NamedKey::F11),
    (number::F12, NamedKey::F12),
];

/// Keys of the keypad: number, tmux's key if there is one, and the equivalent key outside the keypad.
const KEYPAD: &[(u32, Option<NamedKey>, u32)] = &[
    (57399, Some(NamedKey::Kp0), '0' as u32),
    (57400, Some(NamedKey::Kp1), '1' as u32),
    (57401, Some(NamedKey::Kp2), '2' as u32),
    (57402, Some(NamedKey::Kp3), '3' as u32),
    (57403, Some(NamedKey::Kp4), '4' as u32),
    (57404, Some(NamedKey::Kp5), '5' as u32),
    (57405, Some(NamedKey::Kp6), '6' as u32),
    (57406, Some(NamedKey::Kp7), '7' as u32),
    (57407, Some(NamedKey::Kp8), '8' as u32),
    (57408, Some(NamedKey::Kp9), '9' as u32),
    (57409, Some(NamedKey::KpPeriod), '.' as u32),
    (57410, Some(NamedKey::KpSlash), '/' as u32),
    (57411, Some(NamedKey::KpStar), '*' as u32),
    (57412, Some(NamedKey::KpMinus), '-' as u32),
    (57413, Some(NamedKey::KpPlus), '+' as u32),
    (57414, Some(NamedKey::KpEnter), number::ENTER),
    (57415, None, '=' as u32),
    (57416, None, ',' as u32),
    (57417, None, number::LEFT),
    (57418, None, number::RIGHT),
    (57419, None, number::UP),
    (57420, None, number::DOWN),
    (57421, None, number::PAGE_UP),
    (57422, None, number::PAGE_DOWN),
    (57423, None, number::HOME),
    (57424, None, number::END),
    (57425, None, number::INSERT),
    (57426, None, number::DELETE),
];

/// The equivalent of a keypad key outside the keypad.
pub(crate) fn without_keypad(number: u32) -> Option<u32> {
    KEYPAD.iter().find(|(known, ..)| *known == number).map(|(.., plain)| *plain)
}

/// The modifiers of tmux and scopemux; locks are left out.
fn key_mods(mods: ReportMods) -> Mods {
    let mut out = Mods::empty();
    for (from, to) in MODS {
        out.set(*to, mods.contains(*from));
    }
    out
}

const MODS: &[(ReportMods, Mods)] = &[
    (ReportMods::SHIFT, Mods::SHIFT),
    (ReportMods::ALT, Mods::META),
    (ReportMods::CTRL, Mods::CTRL),
    (ReportMods::SUPER, Mods::SUPER),
    (ReportMods::HYPER, Mods::HYPER),
    (ReportMods::META, Mods::KMETA),
];

/// A key with the flags that it has when it is typed: `Key::parse` sets the same ones.
fn named(name: NamedKey, mods: Mods) -> Key {
    let mut key = Key::named(name).with(mods);
    let arrow = matches!(name, NamedKey::Up | NamedKey::Down | NamedKey::Left | NamedKey::Right);
    key.flags.set(KeyFlags::CURSOR, arrow);
    key.flags.set(KeyFlags::IMPLIED_META, mods.contains(Mods::META));
    key
}

impl KeyReport {
    /// The key for tmux's key tables, modes and prompts, as a terminal without the protocol would report
    /// it.
    pub fn key(&self) -> Key {
        let mods = key_mods(self.mods);
        if let Some(c) = self.text
            && (mods - Mods::SHIFT).is_empty()
            && !self.is_control()
        {
            return Key::char(c);
        }
        self.key_of(without_keypad(self.number).unwrap_or(self.number), mods)
    }

    /// True for Enter, Tab, Backspace and Escape, whatever text they produce.
    fn is_control(&self) -> bool {
        (number::ESCAPE..=number::BACKSPACE).contains(&self.number)
    }

    fn key_of(&self, number: u32, mods: Mods) -> Key {
        if let Some((_, name)) = NAMED.iter().find(|(known, _)| *known == number) {
            return named(*name, mods);
        }
        let typed = |c: char, mods: Mods| {
            let mut key = Key::char(c).with(mods);
            key.flags.set(KeyFlags::IMPLIED_META, mods.contains(Mods::META));
            key
        };
        match number {
            number::ESCAPE => typed('\x1b', mods),
            number::ENTER => typed('\r', mods),
            number::TAB if mods.contains(Mods::SHIFT) => named(NamedKey::BTab, mods - Mods::SHIFT),
            number::TAB => typed('\t', mods),
            _ if (number::BACKSPACE..=number::LAST).contains(&number) => {
                Key::new(KeyCode::Extra(number as u16), mods)
            }
            _ => {
                let Some(c) = self.character(number, mods) else { return Key::NONE };
                if !mods.contains(Mods::SHIFT) {
                    return typed(c, mods);
                }
                match self.with_shift(c) {
                    // tmux: drops Shift if the character shows it, unless other modifiers are held.
                    Some(shifted) if (mods - Mods::SHIFT - Mods::META).is_empty() => {
                        typed(shifted, mods - Mods::SHIFT)
                    }
                    Some(shifted) => typed(shifted, mods),
                    None if mods == Mods::SHIFT && c != ' ' => typed(c, Mods::empty()),
                    None => typed(c, mods),
                }
            }
        }
    }

    /// The character of a key. With Control or Alt, a key without an ASCII character counts as the one at
    /// its position on a US keyboard, so that every keyboard layout has Control-C.
    fn character(&self, number: u32, mods: Mods) -> Option<char> {
        let c = char::from_u32(number).filter(|c| *c != '\0')?;
        let base = char::from_u32(self.base).filter(|base| base.is_ascii_graphic());
        match base {
            Some(base) if !c.is_ascii() && mods.intersects(Mods::CTRL | Mods::META) => Some(base),
            _ => Some(c),
        }
    }

    /// The character that a key produces with Shift.
    fn with_shift(&self, c: char) -> Option<char> {
        let reported = char::from_u32(self.shifted).filter(|s| *s != '\0' && u32::from(c) == self.number);
        reported.or_else(|| {
            let mut upper = c.to_uppercase();
            upper.next().filter(|u| *u != c && upper.next().is_none())
        })
    }

    /// tmux's key for a keypad key.
    pub fn keypad_key(&self) -> Option<Key> {
        let (_, name, _) = KEYPAD.iter().find(|(number, ..)| *number == self.number)?;
        Some(Key { flags: KeyFlags::KEYPAD, ..Key::named((*name)?) })
            .filter(|_| (self.mods - ReportMods::LOCKS).is_empty())
    }

    /// Names under which the key may be bound, the most specific first; they include `key()`.
    pub fn names(&self) -> Vec<Key> {
        let (mods, key) = (key_mods(self.mods), self.key());
        let mut out = Vec::new();
        let mut add = |key: Key| {
            if !out.contains(&key.identity()) {
                out.push(key.identity());
            }
        };
        if let Some((number, name, _)) = KEYPAD.iter().find(|(number, ..)| *number == self.number) {
            let code = name.map_or(KeyCode::Extra(*number as u16), KeyCode::Named);
            add(Key::new(code, mods));
        }
        let exact = char::from_u32(self.number).filter(|c| !c.is_control() && self.number < number::ESCAPE);
        if let Some(c) = exact.filter(|c| !c.is_ascii() && !mods.contains(Mods::SHIFT)) {
            add(Key::new(KeyCode::Char(c), mods));
        }
        add(key);
        if let Some(c) = exact
            && mods.contains(Mods::SHIFT)
            && !(mods - Mods::SHIFT).is_empty()
        {
            add(Key::new(KeyCode::Char(c), mods));
            if let Some(shifted) = self.with_shift(c).filter(|s| !s.is_alphabetic()) {
                add(Key::new(KeyCode::Char(shifted), mods - Mods::SHIFT));
            }
        }
        add(plain(key));
        out
    }

    /// The report for a key that a terminal without the protocol or a command sent; `None` if it is no
    /// key of a keyboard.
    pub fn of(key: Key) -> Option<Self> {
        let mut mods = ReportMods::empty();
        for (to, from) in MODS {
            mods.set(*to, key.mods.contains(*from));
        }
        let functional = |number: u32| Some(Self { number, mods, ..Self::default() });
        match key.code {
            KeyCode::Extra(number) => functional(u32::from(number)),
            KeyCode::Named(NamedKey::BTab) => {
                Some(Self { number: number::TAB, mods: mods | ReportMods::SHIFT, ..Self::default() })
            }
            KeyCode::Named(name) => {
                let pad = KEYPAD.iter().find(|(_, known, _)| *known == Some(name)).map(|(n, ..)| *n);
                functional(pad.or_else(|| NAMED.iter().find(|(_, known)| *known == name).map(|(n, _)| *n))?)
            }
            KeyCode::Char('\r') => functional(number::ENTER),
            KeyCode::Char('\t') => functional(number::TAB),
            KeyCode::Char('\x1b') => functional(number::ESCAPE),
            KeyCode::Char('\x7f') => functional(number::BACKSPACE),
            KeyCode::Char(c) if !c.is_control() => Some(Self::of_char(c, mods)),
            KeyCode::Char(_) | KeyCode::Beyond(_) | KeyCode::User(_) | KeyCode::Mouse(_) => None,
        }
    }

    fn of_char(c: char, mods: ReportMods) -> Self {
        if (number::ESCAPE..=number::LAST).contains(&u32::from(c)) {
            // A character with the same number as a functional key.
            return Self { mods, text: Some(c), ..Self::default() };
        }
        let mut lower = c.to_lowercase();
        let small = lower.next().filter(|small| *small != c && lower.next().is_none());
        let mut report = Self { number: u32::from(small.unwrap_or(c)), mods, ..Self::default() };
        if small.is_some() {
            report.mods |= ReportMods::SHIFT;
        }
        let mut made = c;
        if report.mods.contains(ReportMods::SHIFT) {
            let shifted = report.with_shift(char::from_u32(report.number).unwrap_or(c));
            made = shifted.unwrap_or(c);
            report.shifted = shifted.map_or(0, u32::from);
        }
        report.text = (mods - ReportMods::SHIFT).is_empty().then_some(made);
        report
    }
}

/// The key that a terminal without the protocol sends instead of a given key.
pub(crate) fn plain(key: Key) -> Key {
    let without = |mods: Mods| Key { mods: key.mods - mods, ..key };
    let c = match (key.code, key.mods - Mods::META) {
        (KeyCode::Char('i'), Mods::CTRL) => '\t',
        (KeyCode::Char('m'), Mods::CTRL) => '\r',
        (KeyCode::Char('['), Mods::CTRL) => '\x1b',
        (KeyCode::Char('\r' | '\t' | '\x1b'), _) => return without(Mods::CTRL | Mods::SHIFT),
        (KeyCode::Char(' ') | KeyCode::Named(NamedKey::BSpace), _) => return without(Mods::SHIFT),
        _ => return key,
    };
    Key { code: KeyCode::Char(c), mods: key.mods - Mods::CTRL, ..key }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(number: u32, shifted: char, mods: u8) -> KeyReport {
        let shifted = if shifted == ' ' { 0 } else { u32::from(shifted) };
        KeyReport { number, shifted, mods: ReportMods::from_bits_retain(mods), ..KeyReport::default() }
    }

    #[track_caller]
    fn check(report: KeyReport, expect: &str) {
        let names: Vec<String> = report.names().iter().map(|key| key.name(false)).collect();
        assert_eq!(format!("{} ({})", report.key().name(false), names.join(" ")), expect);
    }

    #[test]
    fn a_report_is_a_key_of_tmux_and_has_the_names_that_users_bind() {
        check(report('a' as u32, 'A', 0), "a (a)");
        check(report('a' as u32, 'A', 1), "A (A)");
        check(report('a' as u32, 'A', 4), "C-a (C-a)");
        check(report('a' as u32, 'A', 5), "C-S-A (C-S-A C-S-a)");
        check(report('a' as u32, ' ', 3), "M-A (M-A M-S-a)");
        check(report('1' as u32, '!', 3), "M-! (M-! M-S-1)");
        check(report('-' as u32, '_', 5), "C-S-_ (C-S-_ C-S-- C-_)");
        check(report('x' as u32, 'X', 8), "Super-x (Super-x)");
        check(report('x' as u32, 'X', 8 + 1), "Super-S-X (Super-S-X Super-S-x)");
        check(report('i' as u32, 'I', 4), "C-i (C-i Tab)");
        check(report(number::ENTER, ' ', 1), "S-Enter (S-Enter Enter)");
        check(report(number::ENTER, ' ', 4), "C-Enter (C-Enter Enter)");
        check(report(number::TAB, ' ', 4), "C-Tab (C-Tab Tab)");
        check(report(number::TAB, ' ', 1), "BTab (BTab)");
        check(report(number::UP, ' ', 64 + 128), "Up (Up)");
        check(report(57414, ' ', 0), "Enter (KPEnter Enter)");
        check(report(57417, ' ', 4), "C-Left (C-KPLeft C-Left)");
        check(report(57376, ' ', 4), "C-F13 (C-F13)");
        check(report(57441, ' ', 1), "S-LeftShift (S-LeftShift)");
        let cyrillic = |mods| KeyReport { base: 'c' as u32, ..report('с' as u32, ' ', mods) };
        check(cyrillic(4), "C-c (C-с C-c)");
        check(cyrillic(0), "с (с)");
        let text = KeyReport { text: Some('é'), ..report('e' as u32, ' ', 0) };
        assert_eq!(text.key(), Key::char('é'));
    }

    #[test]
    fn a_key_has_a_report() {
        let check = |name: &str, number: u32, mods: u8, text: Option<char>| {
            let got = KeyReport::of(Key::parse_ours(name).expect("a key")).expect("a report");
            assert_eq!((got.number, got.mods.bits(), got.text), (number, mods, text), "{name}");
        };
        check("a", 'a' as u32, 0, Some('a'));
        check("A", 'a' as u32, 1, Some('A'));
        check("!", '!' as u32, 0, Some('!'));
        check("C-S-A", 'a' as u32, 5, None);
        check("M-A", 'a' as u32, 3, None);
        check("S-Enter", number::ENTER, 1, None);
        check("BTab", number::TAB, 1, None);
        check("KP5", 57404, 0, None);
        check("Hyper-F13", 57376, 16, None);
        assert_eq!(KeyReport::of(Key::named(NamedKey::FocusIn)), None);
    }
}
