//! Parsing and printing the names of keys, and their order in listings.

use super::extra_keys;
use super::key::{Key, KeyCode, KeyFlags, Mods, MouseKey, MouseKind, MouseLocation, NamedKey, beyond_bytes};
use super::text::{beyond_number, beyond_unicode, from_bytes, push_char, stray_byte};
use super::width::char_width;

/// Highest number of a `UserN` key.
const MAX_USER: u32 = 1000;

/// Largest number of a character beyond Unicode that has a name: tmux accepts four bytes with the same
/// first byte as the last characters of Unicode.
const LAST_NAMED: u32 = 0x13_ffff;

/// Position of keys that tmux does not have: after all of its own.
const OURS: u64 = 0x100;

/// Names of keys that are not characters, and flags for sending them. Of several names of a key, the
/// first is printed.
const NAMED: &[(&str, NamedKey, KeyFlags)] = {
    use NamedKey::*;
    const META: KeyFlags = KeyFlags::IMPLIED_META;
    const ARROW: KeyFlags = KeyFlags::IMPLIED_META.union(KeyFlags::CURSOR);
    const PAD: KeyFlags = KeyFlags::KEYPAD;
    &[
        ("F1", F1, META),
        ("F2", F2, META),
        ("F3", F3, META),
        ("F4", F4, META),
        ("F5", F5, META),
        ("F6", F6, META),
        ("F7", F7, META),
        ("F8", F8, META),
        ("F9", F9, META),
        ("F10", F10, META),
        ("F11", F11, META),
        ("F12", F12, META),
        ("IC", Insert, META),
        ("Insert", Insert, META),
        ("DC", Delete, META),
        ("Delete", Delete, META),
        ("Home", Home, META),
        ("End", End, META),
        ("NPage", PageDown, META),
        ("PageDown", PageDown, META),
        ("PgDn", PageDown, META),
        ("PPage", PageUp, META),
        ("PageUp", PageUp, META),
        ("PgUp", PageUp, META),
        ("BTab", BTab, KeyFlags::empty()),
        ("BSpace", BSpace, KeyFlags::empty()),
        ("Up", Up, ARROW),
        ("Down", Down, ARROW),
        ("Left", Left, ARROW),
        ("Right", Right, ARROW),
        ("KP/", KpSlash, PAD),
        ("KP*", KpStar, PAD),
        ("KP-", KpMinus, PAD),
        ("KP7", Kp7, PAD),
        ("KP8", Kp8, PAD),
        ("KP9", Kp9, PAD),
        ("KP+", KpPlus, PAD),
        ("KP4", Kp4, PAD),
        ("KP5", Kp5, PAD),
        ("KP6", Kp6, PAD),
        ("KP1", Kp1, PAD),
        ("KP2", Kp2, PAD),
        ("KP3", Kp3, PAD),
        ("KPEnter", KpEnter, PAD),
        ("KP0", Kp0, PAD),
        ("KP.", KpPeriod, PAD),
    ]
};

/// Keys whose printed name cannot be used to bind them.
const PRINTED_ONLY: &[(&str, NamedKey)] = &[
    ("None", NamedKey::None),
    ("Unknown", NamedKey::Unknown),
    ("Any", NamedKey::Any),
    ("FocusIn", NamedKey::FocusIn),
    ("FocusOut", NamedKey::FocusOut),
    ("PasteStart", NamedKey::PasteStart),
    ("PasteEnd", NamedKey::PasteEnd),
    ("ReportDarkTheme", NamedKey::DarkTheme),
    ("ReportLightTheme", NamedKey::LightTheme),
    ("Mouse", NamedKey::Mouse),
    ("Dragging", NamedKey::Dragging),
];

/// Names of control characters, by code.
const CONTROL: [&str; 32] = [
    "[NUL]", "[SOH]", "[STX]", "[ETX]", "[EOT]", "[ENQ]", "[ASC]", "[BEL]", "[BS]", "Tab", "[LF]", "[VT]",
    "[FF]", "Enter", "[SO]", "[SI]", "[DLE]", "[DC1]", "[DC2]", "[DC3]", "[DC4]", "[NAK]", "[SYN]", "[ETB]",
    "[CAN]", "[EM]", "[SUB]", "Escape", "[FS]", "[GS]", "[RS]", "[US]",
];

const MOUSE_KINDS: &[(&str, MouseKind)] = &[
    ("MouseDown", MouseKind::Down),
    ("MouseUp", MouseKind::Up),
    ("MouseDragEnd", MouseKind::DragEnd),
    ("MouseDrag", MouseKind::Drag),
    ("SecondClick", MouseKind::SecondClick),
    ("DoubleClick", MouseKind::DoubleClick),
    ("TripleClick", MouseKind::TripleClick),
    ("WheelUp", MouseKind::WheelUp),
    ("WheelDown", MouseKind::WheelDown),
];

const MOUSE_LOCATIONS: &[(&str, MouseLocation)] = &[
    ("Pane", MouseLocation::Pane),
    ("Status", MouseLocation::Status),
    ("StatusLeft", MouseLocation::StatusLeft),
    ("StatusRight", MouseLocation::StatusRight),
    ("StatusDefault", MouseLocation::StatusDefault),
    ("ScrollbarUp", MouseLocation::ScrollbarUp),
    ("ScrollbarSlider", MouseLocation::ScrollbarSlider),
    ("ScrollbarDown", MouseLocation::ScrollbarDown),
    ("Border", MouseLocation::Border),
    ("Control0", MouseLocation::Control(0)),
    ("Control1", MouseLocation::Control(1)),
    ("Control2", MouseLocation::Control(2)),
    ("Control3", MouseLocation::Control(3)),
    ("Control4", MouseLocation::Control(4)),
    ("Control5", MouseLocation::Control(5)),
    ("Control6", MouseLocation::Control(6)),
    ("Control7", MouseLocation::Control(7)),
    ("Control8", MouseLocation::Control(8)),
    ("Control9", MouseLocation::Control(9)),
];

/// Locations for which a movement without a button has a name.
const MOVE_LOCATIONS: &[MouseLocation] = &[
    MouseLocation::Pane,
    MouseLocation::Status,
    MouseLocation::StatusLeft,
    MouseLocation::StatusRight,
    MouseLocation::Border,
];

impl Key {
    /// Parses a key's name: `a`, `C-a`, `^a`, `M-Left`, `MouseDown1Pane`, `User3`, `0x263a`, …
    pub fn parse(name: &str) -> Option<Key> {
        Self::read(name, false)
    }

    /// Also parses names that tmux does not know: `Super-x`, `Hyper-x`, `KMeta-x`, `F13`, `Menu`.
    pub fn parse_ours(name: &str) -> Option<Key> {
        Self::read(name, true)
    }

    fn read(name: &str, ours: bool) -> Option<Key> {
        if name.eq_ignore_ascii_case("none") {
            return Some(Key::NONE);
        }
        if name.eq_ignore_ascii_case("any") {
            return Some(Key::ANY);
        }
        if let Some(hex) = name.strip_prefix("0x") {
            return parse_hex(hex);
        }
        let (mut mods, mut rest) = (Mods::empty(), name);
        if let Some(after) = name.strip_prefix('^').filter(|after| !after.is_empty()) {
            if after.len() == 1 {
                return Some(Key::ctrl(after.chars().next()?.to_ascii_lowercase()));
            }
            (mods, rest) = (Mods::CTRL, after);
        }
        loop {
            if let Some((flag, after)) = our_modifier(rest).filter(|_| ours) {
                (mods, rest) = (mods | flag, after);
                continue;
            }
            let [letter, b'-', ..] = rest.as_bytes() else { break };
            mods |= match letter {
                b'C' | b'c' => Mods::CTRL,
                b'M' | b'm' => Mods::META,
                b'S' | b's' => Mods::SHIFT,
                _ => return None,
            };
            rest = &rest[2..];
        }
        let extra = || extra_keys::number(rest).map(|n| Key::new(KeyCode::Extra(n), Mods::empty()));
        let mut key = parse_plain(rest).or_else(|| extra().filter(|_| ours))?;
        if !mods.contains(Mods::META) {
            key.flags -= KeyFlags::IMPLIED_META;
        }
        Some(key.with(mods))
    }

    /// The key's name as in listings. `with_flags` appends its flags in brackets.
    pub fn name(self, with_flags: bool) -> String {
        let mut out = String::new();
        if let (true, KeyCode::Char(c)) = (self.flags.contains(KeyFlags::LITERAL), self.code) {
            out.push(c);
        } else {
            for (flag, prefix) in OUR_MODIFIERS.into_iter().chain(MODIFIERS) {
                if self.mods.contains(flag) {
                    out.push_str(prefix);
                }
            }
            match plain_name(self.code) {
                Some(name) => out.push_str(&name),
                None => out = format!("Invalid#{:x}", self.tmux_code()),
            }
        }
        if with_flags && !(self.flags - KeyFlags::VI).is_empty() {
            out.push('[');
            for (flag, letter) in FLAG_LETTERS {
                if self.flags.contains(*flag) {
                    out.push(*letter);
                }
            }
            out.push(']');
        }
        out
    }

    /// A number that orders keys as tmux lists them: modifiers first, then characters, user
    /// keys, named keys, mouse keys.
    pub fn sort_code(self) -> u64 {
        let code = match self.code {
            KeyCode::Char(c) => char_code(c),
            KeyCode::Beyond(number @ 0..0x80) => (2 << 29) | (1 << 24) | u64::from(number),
            KeyCode::Beyond(number @ 0x80..=LAST_NAMED) => (2 << 29) | (4 << 24) | u64::from(number),
            KeyCode::Beyond(number) => (2 << 29) | u64::from(number),
            KeyCode::User(n) => (1 << 32) | u64::from(n),
            KeyCode::Named(named) => (2 << 32) | named as u64,
            KeyCode::Extra(number) => (OURS << 32) | u64::from(number),
            KeyCode::Mouse(mouse) => {
                ((3 + mouse.kind as u64) << 32) | u64::from(mouse.button) << 8 | location_code(mouse.location)
            }
        };
        u64::from(self.mods.bits()) << 44 | code
    }

    fn tmux_code(self) -> u64 {
        u64::from(self.flags.bits()) << 48 | self.sort_code()
    }
}

const MODIFIERS: [(Mods, &str); 3] = [(Mods::CTRL, "C-"), (Mods::META, "M-"), (Mods::SHIFT, "S-")];

/// Modifiers that tmux does not have.
const OUR_MODIFIERS: [(Mods, &str); 3] =
    [(Mods::SUPER, "Super-"), (Mods::HYPER, "Hyper-"), (Mods::KMETA, "KMeta-")];

/// Splits a modifier that tmux does not have off the front of a name.
fn our_modifier(name: &str) -> Option<(Mods, &str)> {
    OUR_MODIFIERS.into_iter().find_map(|(flag, prefix)| {
        let head = name.get(..prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| (flag, &name[prefix.len()..]))
    })
}

const FLAG_LETTERS: &[(KeyFlags, char)] = &[
    (KeyFlags::LITERAL, 'L'),
    (KeyFlags::KEYPAD, 'K'),
    (KeyFlags::CURSOR, 'C'),
    (KeyFlags::IMPLIED_META, 'I'),
    (KeyFlags::BUILD_MODIFIERS, 'B'),
    (KeyFlags::SENT, 'S'),
];

/// tmux stores a character outside ASCII as its length and width above its bytes, so longer and wider
/// ones sort later.
fn char_code(c: char) -> u64 {
    if c.is_ascii() {
        return c as u64;
    }
    let mut buffer = [0; 4];
    let bytes = c.encode_utf8(&mut buffer).as_bytes();
    let width = u64::from(char_width(c).unwrap_or(0));
    let value = match bytes.len() {
        4 => c as u64 & 0xff_ffff,
        _ => bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)),
    };
    (width + 1) << 29 | (bytes.len() as u64) << 24 | value
}

fn location_code(location: MouseLocation) -> u64 {
    match location {
        MouseLocation::Pane => 0,
        MouseLocation::Status => 1,
        MouseLocation::StatusLeft => 2,
        MouseLocation::StatusRight => 3,
        MouseLocation::StatusDefault => 4,
        MouseLocation::Border => 5,
        MouseLocation::ScrollbarUp => 6,
        MouseLocation::ScrollbarSlider => 7,
        MouseLocation::ScrollbarDown => 8,
        MouseLocation::Control(n) => 9 + u64::from(n),
        MouseLocation::Nowhere => 19,
    }
}

/// Parses a code point in hex; text after the digits is ignored. tmux: numbers wrap at 32 bits.
fn parse_hex(text: &str) -> Option<Key> {
    let text = text.trim_start();
    let text = text.strip_prefix('+').unwrap_or(text);
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(text.len());
    let digits = text[..end].chars().filter_map(|c| c.to_digit(16));
    let number = digits
        .map(u64::from)
        .reduce(|number, digit| if number >> 60 == 0 { number << 4 | digit } else { u64::MAX })?;
    match number as u32 {
        number @ (0x20..0x80 | 0x11_0000..=LAST_NAMED) => {
            Some(Key::new(KeyCode::Beyond(number), Mods::empty()))
        }
        number => char::from_u32(number).map(Key::char),
    }
}

/// Parses a key without modifiers.
fn parse_plain(name: &str) -> Option<Key> {
    let mut chars = name.chars();
    let first = chars.next()?;
    if beyond_unicode(name) == Some(name) {
        let number = beyond_number(name)?;
        let code = char::from_u32(number).map_or(KeyCode::Beyond(number), KeyCode::Char);
        return Some(Key::new(code, Mods::empty()));
    }
    if chars.next().is_none() && stray_byte(first).is_none() {
        return (first >= ' ').then_some(Key::char(first));
    }
    if !first.is_ascii() {
        return None;
    }
    if let Some(&(_, named, flags)) = NAMED.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name)) {
        return Some(Key { flags, ..Key::named(named) });
    }
    if name.eq_ignore_ascii_case("space") {
        return Some(Key::char(' '));
    }
    if let Some(code) = CONTROL.iter().position(|known| known.eq_ignore_ascii_case(name)) {
        return Some(Key::char(char::from(code as u8)));
    }
    parse_mouse(name).or_else(|| parse_user(name))
}

fn parse_mouse(name: &str) -> Option<Key> {
    let strip = |text: &str, prefix: &str| {
        let head = text.get(..prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| text[prefix.len()..].to_string())
    };
    let (rest, kind) =
        MOUSE_KINDS.iter().find_map(|(prefix, kind)| strip(name, prefix).map(|rest| (rest, *kind)))?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (button, place) = rest.split_at(digits);
    let button = match (kind, button) {
        (MouseKind::WheelUp | MouseKind::WheelDown, "") => 0,
        (MouseKind::WheelUp | MouseKind::WheelDown, _) => return None,
        (_, "1" | "2" | "3" | "6" | "7" | "8" | "9" | "10" | "11") => button.parse().ok()?,
        _ => return None,
    };
    let (_, location) = MOUSE_LOCATIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(place))?;
    Some(Key::new(KeyCode::Mouse(MouseKey { kind, button, location: *location }), Mods::empty()))
}

fn parse_user(name: &str) -> Option<Key> {
    let number = name.strip_prefix("User")?.trim_start();
    let number = number.strip_prefix('+').unwrap_or(number);
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    let number: u32 = number[..end].parse().ok()?;
    (number <= MAX_USER).then(|| Key::new(KeyCode::User(number as u16), Mods::empty()))
}

fn plain_name(code: KeyCode) -> Option<String> {
    match code {
        KeyCode::Char(c) => Some(match c {
            '\0'..='\x1f' => CONTROL[c as usize].to_string(),
            ' ' => "Space".to_string(),
            '\x7f' => "C-?".to_string(),
            _ => {
                let mut name = String::new();
                push_char(c, &mut name);
                name
            }
        }),
        KeyCode::Beyond(number) => Some(from_bytes(&beyond_bytes(number))),
        KeyCode::User(n) => {
            let mut name = format!("User{n}");
            // tmux: cuts it to seven characters, so User1000 prints as User100.
            name.truncate(7);
            Some(name)
        }
        KeyCode::Named(named) => {
            let printed = PRINTED_ONLY.iter().find(|(_, known)| *known == named).map(|(name, _)| *name);
            let bound = NAMED.iter().find(|(_, known, _)| *known == named).map(|(name, ..)| *name);
            printed.or(bound).map(str::to_string)
        }
        KeyCode::Extra(number) => extra_keys::name(number).map(str::to_string),
        KeyCode::Mouse(mouse) => mouse_name(mouse),
    }
}

fn mouse_name(mouse: MouseKey) -> Option<String> {
    let (place, _) = MOUSE_LOCATIONS.iter().find(|(_, known)| *known == mouse.location)?;
    if mouse.kind == MouseKind::Move {
        let named = mouse.button == 0 && MOVE_LOCATIONS.contains(&mouse.location);
        return named.then(|| format!("MouseMove{place}"));
    }
    let (kind, _) = MOUSE_KINDS.iter().find(|(_, known)| *known == mouse.kind)?;
    match (mouse.kind, mouse.button) {
        (MouseKind::WheelUp | MouseKind::WheelDown, 0) => Some(format!("{kind}{place}")),
        (MouseKind::WheelUp | MouseKind::WheelDown, _) => None,
        (_, button @ (1..=3 | 6..=11)) => Some(format!("{kind}{button}{place}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_and_print_back() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(Key::parse(text).map(|key| key.name(false)).as_deref(), expect, "{text:?}");
        };
        check("a", Some("a"));
        check("C-A", Some("C-A"));
        check("^A", Some("C-a"));
        check("^é", Some("C-é"));
        check("^Space", Some("C-Space"));
        check("^", Some("^"));
        check("^^", Some("C-^"));
        check("C-^a", None);
        check("M-C-x", Some("C-M-x"));
        check("S-c-F6", Some("C-S-F6"));
        check("S-Delete", Some("S-DC"));
        check("pgdn", Some("NPage"));
        check("M-S-BTab", Some("M-S-BTab"));
        check("kp/", Some("KP/"));
        check("C-[NUL]", Some("C-[NUL]"));
        check("C- ", Some("C-Space"));
        check("0x20", Some(" "));
        check("0x110000", Some(&from_bytes(b"\xf4\x90\x80\x80")));
        check(&from_bytes(b"M-\xf4\x90\x80\x80"), Some(&from_bytes(b"M-\xf4\x90\x80\x80")));
        check("0x10ffff", Some(&from_bytes("\u{10ffff}".as_bytes())));
        check("0x140000", None);
        check("0x100000041", Some("A"));
        check("0x1F600", Some("😀"));
        check("0xd800", None);
        check("User5x", Some("User5"));
        check("User1000", Some("User100"));
        check("User1001", None);
        check("user7", None);
        check("MouseUp3Pane", Some("MouseUp3Pane"));
        check("mousedragend11statusLEFT", Some("MouseDragEnd11StatusLeft"));
        check("C-WheelUpControl3", Some("C-WheelUpControl3"));
        check("MouseDown4Pane", None);
        check("MouseMovePane", None);
        check("FocusIn", None);
        check("any", Some("Any"));
        check("S-Any", None);
        check("ab", None);
        check("a-b", None);
        check("C-", None);
        check("", None);
    }

    #[test]
    fn our_names_are_none_of_tmux_and_print_back() {
        for name in ["Super-x", "Hyper-Up", "KMeta-C-a", "Super-C-M-S-F13", "Menu", "KPLeft", "VolumeUp"] {
            assert_eq!(Key::parse(name), None, "{name}");
            assert_eq!(Key::parse_ours(name).map(|key| key.name(false)).as_deref(), Some(name));
        }
        let ours = |name: &str| Key::parse_ours(name).map(|key| key.name(false));
        assert_eq!(ours("c-SUPER-f14").as_deref(), Some("Super-C-F14"));
        assert_eq!(ours("M-C-x").as_deref(), Some("C-M-x"));
        assert_eq!(ours("Super-"), None);
        assert!(Key::parse_ours("F13") > Key::parse_ours("F12"));
    }

    #[test]
    fn keys_sort_as_tmux_lists_them() {
        let names =
            "Escape Space a é 世 😀 User1 Any F1 MouseDown1Pane WheelUpPane M-a M-F1 C-Tab C-a C-M-x S-a";
        let codes: Vec<u64> =
            names.split(' ').map(|name| Key::parse(name).expect("a key").sort_code()).collect();
        assert!(codes.is_sorted(), "{codes:x?}");
    }

    #[test]
    fn flags_come_with_the_name() {
        let key = Key::parse("M-Up").expect("a key");
        assert_eq!(key.name(true), "M-Up[CI]");
        assert_eq!(Key::parse("Up").expect("a key").name(true), "Up[C]");
    }
}
