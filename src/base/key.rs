//! Keys: a key that was pressed, or a mouse event and its place, with modifiers.

use serde::{Deserialize, Serialize};

use super::ids::{PaneId, SessionId, WindowId};

bitflags::bitflags! {
    /// Modifier keys.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
    pub struct Mods: u8 {
        const META = 1;
        const CTRL = 2;
        const SHIFT = 4;
        // Only in scopemux: modifiers that only kitty's keyboard protocol reports. Its Alt is `META`.
        const SUPER = 8;
        const HYPER = 16;
        const KMETA = 32;
    }
}

bitflags::bitflags! {
    /// The source and encoding of a key; not part of its identity when bindings are looked up.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
    pub struct KeyFlags: u8 {
        /// Sent literally (`send-keys -l`).
        const LITERAL = 0x1;
        /// A keypad key: depends on application keypad mode.
        const KEYPAD = 0x2;
        /// A cursor key: depends on application cursor mode.
        const CURSOR = 0x4;
        /// The escape sequence already includes Meta.
        const IMPLIED_META = 0x8;
        /// Modifiers must be included in the sequence when encoding.
        const BUILD_MODIFIERS = 0x10;
        /// Used by the vi prompt to mark a key that was translated.
        const VI = 0x20;
        /// Sent by `send-keys`, not typed.
        const SENT = 0x40;
    }
}

/// Keys with a name rather than a character. The order is tmux's, and shows in `list-keys`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[repr(u8)]
pub enum NamedKey {
    None,
    Unknown,
    FocusIn,
    FocusOut,
    Any,
    PasteStart,
    PasteEnd,
    BSpace,
    F1,
    F2,
    F3,
    F4,
    F5,
    F6,
    F7,
    F8,
    F9,
    F10,
    F11,
    F12,
    Insert,
    Delete,
    Home,
    End,
    PageDown,
    PageUp,
    BTab,
    Up,
    Down,
    Left,
    Right,
    KpSlash,
    KpStar,
    KpMinus,
    Kp7,
    Kp8,
    Kp9,
    KpPlus,
    Kp4,
    Kp5,
    Kp6,
    Kp1,
    Kp2,
    Kp3,
    KpEnter,
    Kp0,
    KpPeriod,
    DarkTheme,
    LightTheme,
    /// A mouse event that has not been classified yet.
    Mouse,
    /// A drag is in progress.
    Dragging,
    /// The double-click timer ran out.
    DoubleClickEnd,
}

/// The kinds of mouse events, in tmux's order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[repr(u8)]
pub enum MouseKind {
    Move,
    Down,
    Up,
    Drag,
    DragEnd,
    WheelDown,
    WheelUp,
    SecondClick,
    DoubleClick,
    TripleClick,
}

/// The places where a mouse event can happen, in tmux's order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum MouseLocation {
    Pane,
    Status,
    StatusLeft,
    StatusRight,
    StatusDefault,
    Border,
    ScrollbarUp,
    ScrollbarSlider,
    ScrollbarDown,
    /// A `range=control|N` of a border or status format, N in 0–9.
    Control(u8),
    Nowhere,
}

/// A classified mouse event as a key: `MouseDown1Pane` and so on. Buttons: 0 none, 1–3, 6–11.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct MouseKey {
    pub kind: MouseKind,
    pub button: u8,
    pub location: MouseLocation,
}

/// The key without modifiers. Control characters other than Tab, Enter and Escape are `Char` only if a
/// program sent them that way; `C-a` is `Char('a')` with `Mods::CTRL`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum KeyCode {
    Char(char),
    /// A number beyond Unicode, at most `MAX_BEYOND`, that a terminal sent in an extended key or that a
    /// configuration contains (`0x110000`). tmux: an ASCII character given by its number (`0x41`) is also
    /// a separate key, which can be sent but not typed.
    Beyond(u32),
    /// `User0` … `User1000`.
    User(u16),
    Named(NamedKey),
    /// Only in scopemux: a key that only kitty's keyboard protocol reports, by its number there.
    Extra(u16),
    Mouse(MouseKey),
}

/// A key press with modifiers. Identity in key tables is `(code, mods)`: see `Key::identity`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Key {
    pub code: KeyCode,
    pub mods: Mods,
    pub flags: KeyFlags,
}

/// Largest number that the longest historical form of UTF-8 can encode.
pub(crate) const MAX_BEYOND: u32 = 0x7fff_ffff;

/// A number beyond Unicode encoded as in UTF-8: 4 to 6 bytes. ASCII is one byte.
pub(crate) fn beyond_bytes(number: u32) -> Vec<u8> {
    let (lead, more) = match number {
        0..0x80 => return vec![number as u8],
        0x80..0x20_0000 => (0xf0, 3),
        0x20_0000..0x400_0000 => (0xf8, 4),
        _ => (0xfc, 5),
    };
    let mut bytes = vec![lead | (number >> (6 * more)) as u8];
    bytes.extend((0..more).rev().map(|n| 0x80 | (number >> (6 * n)) as u8 & 0x3f));
    bytes
}

impl Key {
    pub const NONE: Key = Key::named(NamedKey::None);
    pub const UNKNOWN: Key = Key::named(NamedKey::Unknown);
    pub const ANY: Key = Key::named(NamedKey::Any);
    pub const ESCAPE: Key = Key::char('\x1b');
    pub const ENTER: Key = Key::char('\r');
    pub const TAB: Key = Key::char('\t');

    pub const fn new(code: KeyCode, mods: Mods) -> Self {
        Key { code, mods, flags: KeyFlags::empty() }
    }

    pub const fn char(c: char) -> Self {
        Key::new(KeyCode::Char(c), Mods::empty())
    }

    pub const fn ctrl(c: char) -> Self {
        Key::new(KeyCode::Char(c), Mods::CTRL)
    }

    pub const fn named(name: NamedKey) -> Self {
        Key::new(KeyCode::Named(name), Mods::empty())
    }

    pub fn with(self, mods: Mods) -> Self {
        Key { mods: self.mods | mods, ..self }
    }

    /// The key as stored in key tables: without flags.
    pub fn identity(self) -> Self {
        Key { flags: KeyFlags::empty(), ..self }
    }

    /// True if tmux does not have the key, so that only kitty's protocol can encode it.
    pub fn is_ours(&self) -> bool {
        let mods = Mods::SUPER | Mods::HYPER | Mods::KMETA;
        matches!(self.code, KeyCode::Extra(_)) || self.mods.intersects(mods)
    }

    pub fn is_mouse(&self) -> bool {
        matches!(self.code, KeyCode::Mouse(_) | KeyCode::Named(NamedKey::Mouse))
    }

    pub fn is_paste(&self) -> bool {
        matches!(self.code, KeyCode::Named(NamedKey::PasteStart | NamedKey::PasteEnd))
    }
}

/// A decoded mouse report, with the objects that it hit. Positions are in cells of the client's terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct MouseEvent {
    /// The mouse key, once the event was classified.
    pub key: Option<Key>,
    /// Set when this is a real event (commands get a default one otherwise).
    pub valid: bool,
    /// The event is only for bindings; it is not sent to programs.
    pub ignore: bool,
    /// Position and raw button byte (as in the X10 encoding, less 32) now and before.
    pub x: u32,
    pub y: u32,
    pub b: u32,
    pub last_x: u32,
    pub last_y: u32,
    pub last_b: u32,
    /// Row of the status line's first line, if the status line is shown, and its height.
    pub status_at: Option<u32>,
    pub status_lines: u32,
    /// Offset of the client's view into the window.
    pub ox: u32,
    pub oy: u32,
    /// Session, window and pane hit.
    pub session: Option<SessionId>,
    pub window: Option<WindowId>,
    pub pane: Option<PaneId>,
    /// Data of the SGR encoding: release, final byte, and the raw button number.
    pub sgr_release: bool,
    pub sgr_type: Option<char>,
    pub sgr_b: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_unicode_have_the_long_forms_of_utf8() {
        assert_eq!(beyond_bytes(0x41), b"A");
        assert_eq!(beyond_bytes(0x11_0000), b"\xf4\x90\x80\x80");
        assert_eq!(beyond_bytes(0x1f_ffff), b"\xf7\xbf\xbf\xbf");
        assert_eq!(beyond_bytes(0x20_0000), b"\xf8\x88\x80\x80\x80");
        assert_eq!(beyond_bytes(0x400_0000), b"\xfc\x84\x80\x80\x80\x80");
        assert_eq!(beyond_bytes(MAX_BEYOND), b"\xfd\xbf\xbf\xbf\xbf\xbf");
    }

    #[test]
    fn flags_are_not_identity() {
        let typed = Key { flags: KeyFlags::SENT, ..Key::ctrl('b') };
        assert_eq!(typed.identity(), Key::ctrl('b'));
        assert_ne!(typed, Key::ctrl('b'));
    }
}
