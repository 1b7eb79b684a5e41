//! Converts keys and mouse events to the bytes that a program reads.

use super::keyboard::KeyboardFlags;
use super::kitty::{self, Encoded};
use super::modes::Modes;
use crate::base::key::beyond_bytes;
use crate::base::{Key, KeyCode, KeyFlags, KeyReport, Mods, MouseEvent, NamedKey};

/// Options that decide how keys are encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyEncodeOptions {
    /// The option `backspace`: the key that Backspace sends.
    pub backspace: Key,
    /// True if the option `extended-keys-format` is not `xterm`.
    pub csi_u: bool,
    /// Flags of kitty's keyboard protocol that the program set.
    pub kitty: KeyboardFlags,
}

impl Default for KeyEncodeOptions {
    fn default() -> Self {
        Self { backspace: Key::char('\x7f'), csi_u: false, kitty: KeyboardFlags::empty() }
    }
}

/// Reports whether the key of a character sends the character itself in all modes.
pub(crate) fn is_typed_as_it_is(c: char) -> bool {
    matches!(c, '\t' | '\r' | '\x1b' | ' '..='\x7f') || !c.is_ascii()
}

/// A key, with further information if kitty's keyboard protocol provided it.
#[derive(Clone, Copy, Debug)]
pub struct Pressed {
    pub key: Key,
    pub report: Option<KeyReport>,
}

impl From<Key> for Pressed {
    fn from(key: Key) -> Self {
        Self { key, report: None }
    }
}

/// The bytes for a key; empty if the key has no encoding in the program's modes.
pub(crate) fn encode_key(pressed: Pressed, modes: Modes, options: &KeyEncodeOptions) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = write_key(pressed, modes, options, &mut out);
    out
}

/// The key has no encoding. Bytes written before stay: `send-keys` types the key's name after them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("key cannot be encoded")]
pub(crate) struct NoEncoding;

/// Appends the bytes for a key.
pub(crate) fn write_key(
    pressed: Pressed,
    modes: Modes,
    options: &KeyEncodeOptions,
    out: &mut Vec<u8>,
) -> Result<(), NoEncoding> {
    match in_kitty_form(pressed, options) {
        Encoded::Nothing => return Ok(()),
        Encoded::Bytes(text) => {
            out.extend(crate::base::text::to_bytes(&text));
            return Ok(());
        }
        Encoded::AsEver => {}
    }
    let Pressed { key, report } = pressed;
    write_plain(on_keypad(key, report, modes), modes, options, out)
}

/// Encoding of a key in kitty's keyboard protocol.
fn in_kitty_form(pressed: Pressed, options: &KeyEncodeOptions) -> Encoded {
    let Pressed { key, report } = pressed;
    if key.flags.contains(KeyFlags::LITERAL) {
        return Encoded::AsEver;
    }
    let asked = !options.kitty.is_empty();
    let report = report.or_else(|| if asked || key.is_ours() { KeyReport::of(key) } else { None });
    match report {
        Some(report) if asked => kitty::encode(&report, options.kitty),
        Some(report) => kitty::encode_plain(&report, key),
        None => Encoded::AsEver,
    }
}

/// The keypad key with the same meaning, for a program that turned on keypad sequences.
fn on_keypad(key: Key, report: Option<KeyReport>, modes: Modes) -> Key {
    let keypad = report.filter(|_| modes.contains(Modes::KKEYPAD)).and_then(|report| report.keypad_key());
    keypad.unwrap_or(key)
}

/// Appends the bytes of a key as xterm sends them.
fn write_plain(
    key: Key,
    modes: Modes,
    options: &KeyEncodeOptions,
    out: &mut Vec<u8>,
) -> Result<(), NoEncoding> {
    let mut key = key;
    if key.is_mouse() {
        return Ok(());
    }
    if key.flags.contains(KeyFlags::LITERAL)
        && let KeyCode::Char(c) = key.code
    {
        out.push(c as u8);
        return Ok(());
    }
    if key.code == KeyCode::Named(NamedKey::BSpace) {
        if key.mods.is_empty() {
            out.extend(backspace_byte(options.backspace));
            return Ok(());
        }
        key = Key { code: options.backspace.code, mods: key.mods | options.backspace.mods, ..key };
    }
    if key.code == KeyCode::Named(NamedKey::BTab) {
        if modes.contains(Modes::KEYS_EXTENDED_2) {
            key.code = KeyCode::Char('\t');
            key.mods |= Mods::SHIFT;
        } else {
            key.mods = Mods::empty();
        }
    }
    if key.mods.is_empty()
        && key.flags.is_empty()
        && let KeyCode::Char(c) = key.code
        && is_typed_as_it_is(c)
    {
        out.extend(crate::base::text::to_bytes(c.encode_utf8(&mut [0; 4])));
        return Ok(());
    }
    if let KeyCode::Beyond(number) = key.code {
        return write_beyond(number, key.mods, modes, options, out);
    }
    if !modes.contains(Modes::KKEYPAD) {
        key.flags.remove(KeyFlags::KEYPAD);
    }
    if !modes.contains(Modes::KCURSOR) {
        key.flags.remove(KeyFlags::CURSOR);
    }
    if let KeyCode::Named(_) = key.code {
        out.extend(encode_named(key, modes));
        return Ok(());
    }
    let KeyCode::Char(c) = key.code else { return Ok(()) };
    let reported = modes.contains(Modes::KEYS_EXTENDED_2)
        || (modes.contains(Modes::KEYS_EXTENDED) && !stays_plain(c, key.mods));
    if reported { extended(c as u32, key.mods, options, out) } else { plain(c, key.mods, out) }
}

/// Appends a number beyond Unicode: as a report where modifiers can be reported, else in the style
/// of UTF-8.
fn write_beyond(
    number: u32,
    mods: Mods,
    modes: Modes,
    options: &KeyEncodeOptions,
    out: &mut Vec<u8>,
) -> Result<(), NoEncoding> {
    let reported = modes.contains(Modes::KEYS_EXTENDED_2)
        || (modes.contains(Modes::KEYS_EXTENDED) && mods.contains(Mods::CTRL));
    if reported && !mods.is_empty() {
        return extended(number, mods, options, out);
    }
    if mods.contains(Mods::META) {
        out.push(0x1b);
    }
    out.extend(beyond_bytes(number));
    Ok(())
}

/// The byte of the option `backspace`, if it is one.
fn backspace_byte(option: Key) -> Option<u8> {
    let KeyCode::Char(c) = option.code else { return None };
    if option.mods.is_empty() {
        return Some(c as u32 as u8).filter(|byte| *byte != 255);
    }
    if option.mods != Mods::CTRL {
        return None;
    }
    match c {
        '?' => Some(0x7f),
        '@'..='_' => Some(c as u8 - 0x40),
        'a'..='z' => Some(c as u8 - 0x60),
        _ => None,
    }
}

/// Keys with a sequence of their own.
fn encode_named(key: Key, modes: Modes) -> Vec<u8> {
    let KeyCode::Named(name) = key.code else { return Vec::new() };
    let bare_meta = key.mods.contains(Mods::META) && !key.flags.contains(KeyFlags::IMPLIED_META);
    let tries = [
        Some((key.mods, key.flags)),
        bare_meta.then_some((key.mods - Mods::META, key.flags)),
        key.flags.contains(KeyFlags::CURSOR).then_some((key.mods, key.flags - KeyFlags::CURSOR)),
        key.flags.contains(KeyFlags::KEYPAD).then_some((key.mods, key.flags - KeyFlags::KEYPAD)),
    ];
    let found = tries.into_iter().flatten().find_map(|(mods, flags)| named(name, mods, flags));
    let Some(sequence) = found else { return Vec::new() };
    if key.is_paste() && !modes.contains(Modes::BRACKETPASTE) {
        return Vec::new();
    }
    let mut out = Vec::new();
    if bare_meta {
        out.push(0x1b);
    }
    out.extend_from_slice(sequence.as_bytes());
    out
}

/// The sequence of a key with exactly these modifiers and flags.
fn named(name: NamedKey, mods: Mods, flags: KeyFlags) -> Option<String> {
    let flags = flags & (KeyFlags::KEYPAD | KeyFlags::CURSOR | KeyFlags::IMPLIED_META);
    if mods.is_empty() {
        let paste = matches!(name, NamedKey::PasteStart | NamedKey::PasteEnd);
        if paste && flags == KeyFlags::IMPLIED_META {
            return unmodified(name, KeyFlags::empty()).map(str::to_owned);
        }
        return unmodified(name, flags).map(str::to_owned);
    }
    let wanted = if mods.contains(Mods::META) { KeyFlags::IMPLIED_META } else { KeyFlags::empty() };
    if flags != wanted {
        return None;
    }
    let (number, last) = modified(name)?;
    Some(format!("\x1b[{number};{}{last}", modifier_number(mods)))
}

/// xterm's number for a set of modifiers.
fn modifier_number(mods: Mods) -> u8 {
    1 + u8::from(mods.contains(Mods::SHIFT))
        + 2 * u8::from(mods.contains(Mods::META))
        + 4 * u8::from(mods.contains(Mods::CTRL))
}

/// First parameter and final byte of a key with modifiers.
fn modified(name: NamedKey) -> Option<(u8, char)> {
    use NamedKey::*;
    Some(match name {
        F1 => (1, 'P'),
        F2 => (1, 'Q'),
        F3 => (1, 'R'),
        F4 => (1, 'S'),
        F5 => (15, '~'),
        F6 => (17, '~'),
        F7 => (18, '~'),
        F8 => (19, '~'),
        F9 => (20, '~'),
        F10 => (21, '~'),
        F11 => (23, '~'),
        F12 => (24, '~'),
        Up => (1, 'A'),
        Down => (1, 'B'),
        Right => (1, 'C'),
        Left => (1, 'D'),
        Home => (1, 'H'),
        End => (1, 'F'),
        PageUp => (5, '~'),
        PageDown => (6, '~'),
        Insert => (2, '~'),
        Delete => (3, '~'),
        _ => return Option::None,
    })
}

/// The sequence of a key without modifiers.
fn unmodified(name: NamedKey, flags: KeyFlags) -> Option<&'static str> {
    use NamedKey::*;
    if flags == KeyFlags::CURSOR {
        return Some(match name {
            Up => "\x1bOA",
            Down => "\x1bOB",
            Right => "\x1bOC",
            Left => "\x1bOD",
            _ => return Option::None,
        });
    }
    if let Some((plain, application)) = keypad(name) {
        return match flags {
            f if f == KeyFlags::KEYPAD => Some(application),
            f if f.is_empty() => Some(plain),
            _ => Option::None,
        };
    }
    if !flags.is_empty() {
        return Option::None;
    }
    Some(match name {
        PasteStart => "\x1b[200~",
        PasteEnd => "\x1b[201~",
        F1 => "\x1bOP",
        F2 => "\x1bOQ",
        F3 => "\x1bOR",
        F4 => "\x1bOS",
        F5 => "\x1b[15~",
        F6 => "\x1b[17~",
        F7 => "\x1b[18~",
        F8 => "\x1b[19~",
        F9 => "\x1b[20~",
        F10 => "\x1b[21~",
        F11 => "\x1b[23~",
        F12 => "\x1b[24~",
        Insert => "\x1b[2~",
        Delete => "\x1b[3~",
        Home => "\x1b[1~",
        End => "\x1b[4~",
        PageDown => "\x1b[6~",
        PageUp => "\x1b[5~",
        BTab => "\x1b[Z",
        Up => "\x1b[A",
        Down => "\x1b[B",
        Right => "\x1b[C",
        Left => "\x1b[D",
        _ => return Option::None,
    })
}

/// Bytes of a keypad key in numeric and in application mode.
fn keypad(name: NamedKey) -> Option<(&'static str, &'static str)> {
    use NamedKey::*;
    Some(match name {
        KpSlash => ("/", "\x1bOo"),
        KpStar => ("*", "\x1bOj"),
        KpMinus => ("-", "\x1bOm"),
        Kp7 => ("7", "\x1bOw"),
        Kp8 => ("8", "\x1bOx"),
        Kp9 => ("9", "\x1bOy"),
        KpPlus => ("+", "\x1bOk"),
        Kp4 => ("4", "\x1bOt"),
        Kp5 => ("5", "\x1bOu"),
        Kp6 => ("6", "\x1bOv"),
        Kp1 => ("1", "\x1bOq"),
        Kp2 => ("2", "\x1bOr"),
        Kp3 => ("3", "\x1bOs"),
        KpEnter => ("\n", "\x1bOM"),
        Kp0 => ("0", "\x1bOp"),
        KpPeriod => (".", "\x1bOn"),
        _ => return Option::None,
    })
}

/// Appends a modified character as modifyOtherKeys or CSI u reports it.
fn extended(code: u32, mods: Mods, options: &KeyEncodeOptions, out: &mut Vec<u8>) -> Result<(), NoEncoding> {
    if mods.is_empty() {
        return Err(NoEncoding);
    }
    let modifier = modifier_number(mods);
    let text = if options.csi_u {
        format!("\x1b[{code};{modifier}u")
    } else {
        format!("\x1b[27;{modifier};{code}~")
    };
    out.extend(text.into_bytes());
    Ok(())
}

/// Reports whether modifyOtherKeys 1 leaves a key as it is.
fn stays_plain(c: char, mods: Mods) -> bool {
    if !mods.contains(Mods::CTRL) {
        return mods.contains(Mods::META);
    }
    matches!(c, ' ' | '/' | '@' | '^' | '2'..='8' | '@'..='~')
}

/// Appends a character as terminals have always sent it.
fn plain(c: char, mods: Mods, out: &mut Vec<u8>) -> Result<(), NoEncoding> {
    if mods.contains(Mods::META) {
        out.push(0x1b);
    }
    if !c.is_ascii() {
        // Modifiers cannot be reported here, so they are lost.
        out.extend(crate::base::text::to_bytes(c.encode_utf8(&mut [0; 4])));
        return Ok(());
    }
    let keeps = matches!(c, '\r' | '\n' | '\t') || !mods.contains(Mods::CTRL);
    out.push(if keeps { c as u8 } else { control_byte(c).ok_or(NoEncoding)? });
    Ok(())
}

/// The control character of Control with `c`, or another printable one in some cases.
fn control_byte(c: char) -> Option<u8> {
    Some(match c {
        '1' | '!' => b'1',
        '9' | '(' => b'9',
        '0' | ')' => b'0',
        '=' => b'=',
        '+' => b'+',
        ';' | ':' => b';',
        '\'' | '"' => b'\'',
        ',' | '<' => b',',
        '.' | '>' => b'.',
        '/' | '-' => 0x1f,
        '8' | '?' => 0x7f,
        ' ' | '2' | '\0' => 0,
        '3'..='7' => c as u8 - 0x18,
        '@'..='~' => c as u8 & 0x1f,
        _ => return None,
    })
}

/// Largest value of a byte in the original mouse encoding, and of a character in the UTF-8 one.
const BYTE_MAX: u32 = 0xff;
const UTF8_MAX: u32 = 0x7ff;
/// Offset of buttons and of positions, which count from 1.
const BUTTON_OFFSET: u32 = 0x20;
const PLACE_OFFSET: u32 = 0x21;

fn is_drag(b: u32) -> bool {
    b & 32 != 0
}

/// Reports whether the button bits (including wheel and extra buttons) are 3: no button.
fn is_release(b: u32) -> bool {
    b & 0xc3 == 3
}

/// The bytes for a mouse event at a cell of the pane; empty if the modes do not ask for it.
pub(crate) fn encode_mouse(event: &MouseEvent, x: u32, y: u32, modes: Modes) -> Vec<u8> {
    if !modes.intersects(Modes::ALL_MOUSE) || (is_drag(event.b) && !modes.intersects(Modes::MOTION_MOUSE)) {
        return Vec::new();
    }
    // Only the mode for all motion reports motion without a button. Without SGR, the last button
    // tells if one was held.
    let idle = match event.sgr_type {
        Some(_) => is_drag(event.sgr_b) && is_release(event.sgr_b),
        None => is_drag(event.b) && is_release(event.b) && is_release(event.last_b),
    };
    if idle && !modes.contains(Modes::MOUSE_ALL) {
        return Vec::new();
    }
    if let Some(last) = event.sgr_type
        && modes.contains(Modes::MOUSE_SGR)
    {
        return format!("\x1b[<{};{};{}{last}", event.sgr_b, x + 1, y + 1).into_bytes();
    }
    let mut out = b"\x1b[M".to_vec();
    if modes.contains(Modes::MOUSE_UTF8) {
        if event.b > UTF8_MAX - BUTTON_OFFSET || x > UTF8_MAX - PLACE_OFFSET || y > UTF8_MAX - PLACE_OFFSET {
            return Vec::new();
        }
        for value in [event.b + BUTTON_OFFSET, x + PLACE_OFFSET, y + PLACE_OFFSET] {
            let c = char::from_u32(value).unwrap_or(' ');
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        return out;
    }
    if event.b + BUTTON_OFFSET > BYTE_MAX {
        return Vec::new();
    }
    out.push((event.b + BUTTON_OFFSET) as u8);
    out.extend([x, y].map(|place| place.saturating_add(PLACE_OFFSET).min(BYTE_MAX) as u8));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key: Key, modes: Modes, expect: &str) {
        let got = encode_key(key.into(), modes, &KeyEncodeOptions::default());
        assert_eq!(String::from_utf8_lossy(&got), expect, "for {key:?} in {modes:?}");
    }

    fn named_key(name: NamedKey, mods: Mods, flags: KeyFlags) -> Key {
        Key { flags, ..Key::new(KeyCode::Named(name), mods) }
    }

    #[test]
    fn keys_become_what_tmux_sends() {
        let none = Modes::empty();
        check(Key::char('a'), none, "a");
        check(Key::ctrl('a'), none, "\x01");
        check(Key::ctrl('?'), none, "\x7f");
        check(Key::ctrl('!'), none, "1");
        check(Key::char('x').with(Mods::META), none, "\x1bx");
        check(Key::named(NamedKey::BSpace), none, "\x7f");
        let up = |mods, flags| named_key(NamedKey::Up, mods, flags | KeyFlags::CURSOR);
        check(up(Mods::empty(), KeyFlags::empty()), none, "\x1b[A");
        check(up(Mods::empty(), KeyFlags::empty()), Modes::KCURSOR, "\x1bOA");
        check(up(Mods::SHIFT, KeyFlags::empty()), Modes::KCURSOR, "\x1b[1;2A");
        check(up(Mods::META, KeyFlags::IMPLIED_META), none, "\x1b[1;3A");
        check(up(Mods::META, KeyFlags::empty()), none, "\x1b\x1b[A");
        check(Key::named(NamedKey::BTab), none, "\x1b[Z");
        check(Key::named(NamedKey::BTab), Modes::KEYS_EXTENDED_2, "\x1b[27;2;9~");
        check(Key::ctrl('a'), Modes::KEYS_EXTENDED_2, "\x1b[27;5;97~");
        check(Key::ctrl('a'), Modes::KEYS_EXTENDED, "\x01");
        check(Key::ctrl('1'), Modes::KEYS_EXTENDED, "\x1b[27;5;49~");
    }

    #[test]
    fn mouse_events_become_what_their_modes_ask_for() {
        let press = MouseEvent { sgr_type: Some('M'), ..MouseEvent::default() };
        let bytes = |event: &MouseEvent, modes| encode_mouse(event, 2, 300, modes);
        assert_eq!(bytes(&press, Modes::empty()), b"");
        assert_eq!(bytes(&press, Modes::MOUSE_STANDARD), b"\x1b[M \x23\xff");
        let utf8 = Modes::MOUSE_STANDARD | Modes::MOUSE_UTF8;
        assert_eq!(bytes(&press, utf8), "\x1b[M #\u{14d}".as_bytes());
        let sgr = Modes::MOUSE_STANDARD | Modes::MOUSE_SGR;
        assert_eq!(bytes(&press, sgr), b"\x1b[<0;3;301M");
        let motion = MouseEvent { b: 35, sgr_b: 35, ..press };
        assert_eq!(bytes(&motion, Modes::MOUSE_BUTTON | Modes::MOUSE_SGR), b"");
        assert_eq!(bytes(&motion, Modes::MOUSE_ALL | Modes::MOUSE_SGR), b"\x1b[<35;3;301M");
    }

    #[test]
    fn numbers_beyond_unicode_are_sent_in_the_way_of_utf8() {
        // Recorded from tmux 3.7c.
        let check = |mods: Mods, expect: &[u8]| {
            let key = Key::new(KeyCode::Beyond(0x11_0000), mods);
            assert_eq!(encode_key(key.into(), Modes::empty(), &KeyEncodeOptions::default()), expect);
        };
        check(Mods::empty(), b"\xf4\x90\x80\x80");
        check(Mods::CTRL, b"\xf4\x90\x80\x80");
        check(Mods::CTRL | Mods::META, b"\x1b\xf4\x90\x80\x80");
    }
}
