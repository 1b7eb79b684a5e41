//! Sequences of keys: those known without terminfo, and the capabilities of terminfo for keys.

use crate::base::key::{Key, KeyCode, KeyFlags, Mods, NamedKey};

const NONE: Mods = Mods::empty();
const S: Mods = Mods::SHIFT;
const M: Mods = Mods::META;
const C: Mods = Mods::CTRL;

/// A key whose sequence includes the modifiers.
fn modified(name: NamedKey, mods: Mods) -> Key {
    let mut key = Key::named(name).with(mods);
    if mods.contains(M) {
        key.flags |= KeyFlags::IMPLIED_META;
    }
    key
}

fn flagged(name: NamedKey, flags: KeyFlags) -> Key {
    Key { flags, ..Key::named(name) }
}

/// Sequences as sent by xterm, in which `_` is a digit for the modifiers, `2` to `9`.
#[rustfmt::skip]
const XTERM: &[(&str, NamedKey)] = &[
    ("\x1b[1;_P", NamedKey::F1), ("\x1bO1;_P", NamedKey::F1), ("\x1bO_P", NamedKey::F1),
    ("\x1b[1;_Q", NamedKey::F2), ("\x1bO1;_Q", NamedKey::F2), ("\x1bO_Q", NamedKey::F2),
    ("\x1b[1;_R", NamedKey::F3), ("\x1bO1;_R", NamedKey::F3), ("\x1bO_R", NamedKey::F3),
    ("\x1b[1;_S", NamedKey::F4), ("\x1bO1;_S", NamedKey::F4), ("\x1bO_S", NamedKey::F4),
    ("\x1b[15;_~", NamedKey::F5),
    ("\x1b[17;_~", NamedKey::F6),
    ("\x1b[18;_~", NamedKey::F7),
    ("\x1b[19;_~", NamedKey::F8),
    ("\x1b[20;_~", NamedKey::F9),
    ("\x1b[21;_~", NamedKey::F10),
    ("\x1b[23;_~", NamedKey::F11),
    ("\x1b[24;_~", NamedKey::F12),
    ("\x1b[1;_A", NamedKey::Up),
    ("\x1b[1;_B", NamedKey::Down),
    ("\x1b[1;_C", NamedKey::Right),
    ("\x1b[1;_D", NamedKey::Left),
    ("\x1b[1;_H", NamedKey::Home),
    ("\x1b[1;_F", NamedKey::End),
    ("\x1b[5;_~", NamedKey::PageUp),
    ("\x1b[6;_~", NamedKey::PageDown),
    ("\x1b[2;_~", NamedKey::Insert),
    ("\x1b[3;_~", NamedKey::Delete),
];

/// The modifiers for the digits `2` to `9`.
fn xterm_modifiers() -> [(char, Mods); 8] {
    [('2', S), ('3', M), ('4', S | M), ('5', C), ('6', S | C), ('7', M | C), ('8', S | M | C), ('9', M)]
}

/// All keys known without terminfo, in the order in which they are added: later ones replace earlier
/// ones.
pub(super) fn builtin() -> Vec<(Vec<u8>, Key)> {
    let mut keys: Vec<(Vec<u8>, Key)> = Vec::new();
    for (template, name) in XTERM {
        for (digit, mods) in xterm_modifiers() {
            keys.push((template.replace('_', &digit.to_string()).into_bytes(), modified(*name, mods)));
        }
    }
    let mut add = |sequence: &str, key: Key| keys.push((sequence.as_bytes().to_vec(), key));
    add("\x1bO[", Key::ESCAPE);
    for (last, name) in KEYPAD {
        add(&format!("\x1bO{last}"), flagged(*name, KeyFlags::KEYPAD));
    }
    let arrows = [('A', NamedKey::Up), ('B', NamedKey::Down), ('C', NamedKey::Right), ('D', NamedKey::Left)];
    for (last, name) in arrows {
        let key = flagged(name, KeyFlags::CURSOR);
        let small = last.to_ascii_lowercase();
        for lead in ['O', '['] {
            add(&format!("\x1b{lead}{last}"), key);
            // tmux: Escape before an arrow is a separate key, not M-Up, so the sequence does not imply
            // Meta.
            add(&format!("\x1b\x1b{lead}{last}"), key.with(M));
        }
        add(&format!("\x1bO{small}"), modified(name, C));
        add(&format!("\x1b[{small}"), modified(name, S));
    }
    for (last, name) in [('H', NamedKey::Home), ('F', NamedKey::End)] {
        for lead in ['O', '['] {
            add(&format!("\x1b{lead}{last}"), Key::named(name));
            add(&format!("\x1b\x1b{lead}{last}"), modified(name, M));
        }
    }
    for (number, last, name, mods) in RXVT {
        add(&format!("\x1b[{number}{last}"), modified(*name, *mods));
    }
    add("\x1b[I", Key::named(NamedKey::FocusIn));
    add("\x1b[O", Key::named(NamedKey::FocusOut));
    add("\x1b[200~", flagged(NamedKey::PasteStart, KeyFlags::IMPLIED_META));
    add("\x1b[201~", flagged(NamedKey::PasteEnd, KeyFlags::IMPLIED_META));
    add("\x1b[1;5Z", Key::TAB.with(C | S));
    add("\x1b[?997;1n", Key::named(NamedKey::DarkTheme));
    add("\x1b[?997;2n", Key::named(NamedKey::LightTheme));
    keys
}

/// The keypad in application mode: the final byte after `ESC O`.
const KEYPAD: &[(char, NamedKey)] = &[
    ('o', NamedKey::KpSlash),
    ('j', NamedKey::KpStar),
    ('m', NamedKey::KpMinus),
    ('w', NamedKey::Kp7),
    ('x', NamedKey::Kp8),
    ('y', NamedKey::Kp9),
    ('k', NamedKey::KpPlus),
    ('t', NamedKey::Kp4),
    ('u', NamedKey::Kp5),
    ('v', NamedKey::Kp6),
    ('q', NamedKey::Kp1),
    ('r', NamedKey::Kp2),
    ('s', NamedKey::Kp3),
    ('M', NamedKey::KpEnter),
    ('p', NamedKey::Kp0),
    ('n', NamedKey::KpPeriod),
];

/// Function keys as rxvt sends them: number and final byte after `ESC [`.
#[rustfmt::skip]
const RXVT: &[(u8, char, NamedKey, Mods)] = &[
    (11, '~', NamedKey::F1, NONE), (12, '~', NamedKey::F2, NONE), (13, '~', NamedKey::F3, NONE), (14, '~', NamedKey::F4, NONE), (15, '~', NamedKey::F5, NONE),
    (17, '~', NamedKey::F6, NONE), (18, '~', NamedKey::F7, NONE), (19, '~', NamedKey::F8, NONE), (20, '~', NamedKey::F9, NONE), (21, '~', NamedKey::F10, NONE),
    (23, '~', NamedKey::F1, S), (24, '~', NamedKey::F2, S), (25, '~', NamedKey::F3, S), (26, '~', NamedKey::F4, S), (28, '~', NamedKey::F5, S),
    (29, '~', NamedKey::F6, S), (31, '~', NamedKey::F7, S), (32, '~', NamedKey::F8, S), (33, '~', NamedKey::F9, S), (34, '~', NamedKey::F10, S),
    (23, '$', NamedKey::F11, S), (24, '$', NamedKey::F12, S),
    (11, '^', NamedKey::F1, C), (12, '^', NamedKey::F2, C), (13, '^', NamedKey::F3, C), (14, '^', NamedKey::F4, C), (15, '^', NamedKey::F5, C), (17, '^', NamedKey::F6, C),
    (18, '^', NamedKey::F7, C), (19, '^', NamedKey::F8, C), (20, '^', NamedKey::F9, C), (21, '^', NamedKey::F10, C), (23, '^', NamedKey::F11, C), (24, '^', NamedKey::F12, C),
    (11, '@', NamedKey::F1, CS), (12, '@', NamedKey::F2, CS), (13, '@', NamedKey::F3, CS), (14, '@', NamedKey::F4, CS), (15, '@', NamedKey::F5, CS), (17, '@', NamedKey::F6, CS),
    (18, '@', NamedKey::F7, CS), (19, '@', NamedKey::F8, CS), (20, '@', NamedKey::F9, CS), (21, '@', NamedKey::F10, CS), (23, '@', NamedKey::F11, CS), (24, '@', NamedKey::F12, CS),
];

const CS: Mods = Mods::CTRL.union(Mods::SHIFT);

/// Capabilities for keys with modifiers, such as `kDC5`, and their keys. The name without a number has
/// Shift.
const EDITING: &[(&str, NamedKey)] = &[
    ("kDC", NamedKey::Delete),
    ("kDN", NamedKey::Down),
    ("kEND", NamedKey::End),
    ("kHOM", NamedKey::Home),
    ("kIC", NamedKey::Insert),
    ("kLFT", NamedKey::Left),
    ("kNXT", NamedKey::PageDown),
    ("kPRV", NamedKey::PageUp),
    ("kRIT", NamedKey::Right),
    ("kUP", NamedKey::Up),
];

const FUNCTION: [NamedKey; 12] = [
    NamedKey::F1,
    NamedKey::F2,
    NamedKey::F3,
    NamedKey::F4,
    NamedKey::F5,
    NamedKey::F6,
    NamedKey::F7,
    NamedKey::F8,
    NamedKey::F9,
    NamedKey::F10,
    NamedKey::F11,
    NamedKey::F12,
];

/// The keys that terminfo capabilities name, in the order in which they are added.
pub(super) fn terminfo() -> Vec<(String, Key)> {
    let mut keys: Vec<(String, Key)> = Vec::new();
    for number in 1..=63usize {
        let mods = [NONE, S, C, CS, M, M | S][(number - 1) / 12];
        keys.push((format!("kf{number}"), modified(FUNCTION[(number - 1) % 12], mods)));
    }
    let plain = [
        ("kich1", NamedKey::Insert),
        ("kdch1", NamedKey::Delete),
        ("khome", NamedKey::Home),
        ("kend", NamedKey::End),
        ("knp", NamedKey::PageDown),
        ("kpp", NamedKey::PageUp),
        ("kcbt", NamedKey::BTab),
    ];
    keys.extend(plain.map(|(cap, name)| (cap.to_owned(), Key::named(name))));
    let arrows = [
        ("kcuu1", NamedKey::Up),
        ("kcud1", NamedKey::Down),
        ("kcub1", NamedKey::Left),
        ("kcuf1", NamedKey::Right),
    ];
    keys.extend(arrows.map(|(cap, name)| (cap.to_owned(), flagged(name, KeyFlags::CURSOR))));
    for (cap, name) in EDITING {
        match *name {
            NamedKey::Down => keys.push(("kind".to_owned(), modified(NamedKey::Down, S))),
            NamedKey::Up => keys.push(("kri".to_owned(), modified(NamedKey::Up, S))),
            _ => {}
        }
        keys.push(((*cap).to_owned(), modified(*name, S)));
        for (digit, mods) in xterm_modifiers().into_iter().filter(|(d, _)| ('3'..='7').contains(d)) {
            keys.push((format!("{cap}{digit}"), modified(*name, mods)));
        }
    }
    keys
}

/// A key of the option `user-keys`.
pub(super) fn user(number: u16) -> Key {
    Key::new(KeyCode::User(number), NONE)
}

#[cfg(test)]
mod tests {
    use super::super::super::Cap;
    use super::*;

    #[test]
    fn every_capability_is_known() {
        for (cap, _) in terminfo() {
            assert!(Cap::by_name(&cap).is_some(), "{cap}");
        }
    }
}
