//! Terminal modes, cursor styles and progress: the state that a program sets with one switch.

bitflags::bitflags! {
    /// Modes of a screen.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
    pub struct Modes: u32 {
        /// The cursor shows (DECTCEM).
        const CURSOR = 0x1;
        const INSERT = 0x2;
        /// Application cursor keys (DECCKM).
        const KCURSOR = 0x4;
        /// Application keypad (DECKPAM).
        const KKEYPAD = 0x8;
        /// Text wraps at the right edge (DECAWM).
        const WRAP = 0x10;
        const MOUSE_STANDARD = 0x20;
        const MOUSE_BUTTON = 0x40;
        const CURSOR_BLINKING = 0x80;
        const MOUSE_UTF8 = 0x100;
        const MOUSE_SGR = 0x200;
        const BRACKETPASTE = 0x400;
        const FOCUSON = 0x800;
        const MOUSE_ALL = 0x1000;
        const ORIGIN = 0x2000;
        /// A line feed also returns (set by the server for screens of its own).
        const CRLF = 0x4000;
        const KEYS_EXTENDED = 0x8000;
        const CURSOR_VERY_VISIBLE = 0x1_0000;
        /// The program has set whether the cursor blinks.
        const CURSOR_BLINKING_SET = 0x2_0000;
        const KEYS_EXTENDED_2 = 0x4_0000;
        const THEME_UPDATES = 0x8_0000;
        /// Synchronized output: nothing is drawn until it ends.
        const SYNC = 0x10_0000;
        /// Not in tmux: the program gets reports of its size (mode 2048).
        const SIZE_REPORTS = 0x20_0000;

        const ALL_MOUSE = 0x20 | 0x40 | 0x1000;
        const MOTION_MOUSE = 0x40 | 0x1000;
        const EXTENDED_KEYS = 0x8000 | 0x4_0000;
    }
}

impl Modes {
    const NAMES: [(Modes, &str); 22] = [
        (Modes::CURSOR, "CURSOR"),
        (Modes::INSERT, "INSERT"),
        (Modes::KCURSOR, "KCURSOR"),
        (Modes::KKEYPAD, "KKEYPAD"),
        (Modes::WRAP, "WRAP"),
        (Modes::MOUSE_STANDARD, "MOUSE_STANDARD"),
        (Modes::MOUSE_BUTTON, "MOUSE_BUTTON"),
        (Modes::CURSOR_BLINKING, "CURSOR_BLINKING"),
        (Modes::CURSOR_VERY_VISIBLE, "CURSOR_VERY_VISIBLE"),
        (Modes::CURSOR_BLINKING_SET, "CURSOR_BLINKING_SET"),
        (Modes::MOUSE_UTF8, "MOUSE_UTF8"),
        (Modes::MOUSE_SGR, "MOUSE_SGR"),
        (Modes::BRACKETPASTE, "BRACKETPASTE"),
        (Modes::FOCUSON, "FOCUSON"),
        (Modes::MOUSE_ALL, "MOUSE_ALL"),
        (Modes::ORIGIN, "ORIGIN"),
        (Modes::CRLF, "CRLF"),
        (Modes::KEYS_EXTENDED, "KEYS_EXTENDED"),
        (Modes::KEYS_EXTENDED_2, "KEYS_EXTENDED_2"),
        (Modes::THEME_UPDATES, "THEME_UPDATES"),
        (Modes::SYNC, "SYNC"),
        (Modes::SIZE_REPORTS, "SIZE_REPORTS"),
    ];

    /// The modes by name, comma-separated, as `#{pane_mode}`-like listings print them.
    pub fn describe(self) -> String {
        if self.is_empty() {
            return "NONE".to_owned();
        }
        let on = Self::NAMES.iter().filter(|(mode, _)| self.contains(*mode));
        on.map(|(_, name)| *name).collect::<Vec<_>>().join(",")
    }
}

/// The shape of the cursor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum CursorShape {
    #[default]
    Default,
    Block,
    Underline,
    Bar,
}

impl CursorShape {
    /// Shape and blinking of a DECSCUSR number; 0 leaves the blinking unchanged. `None`: unknown
    /// number.
    pub fn from_number(number: u32) -> Option<(Self, Option<bool>)> {
        Some(match number {
            0 => (CursorShape::Default, None),
            1 | 2 => (CursorShape::Block, Some(number == 1)),
            3 | 4 => (CursorShape::Underline, Some(number == 3)),
            5 | 6 => (CursorShape::Bar, Some(number == 5)),
            _ => return None,
        })
    }

    /// The DECSCUSR number of an explicit shape.
    pub fn number(self, blinking: bool) -> u32 {
        match self {
            CursorShape::Default => 0,
            CursorShape::Block => 2 - u32::from(blinking),
            CursorShape::Underline => 4 - u32::from(blinking),
            CursorShape::Bar => 6 - u32::from(blinking),
        }
    }
}

/// State of the progress bar that a program shows (OSC 9;4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum ProgressState {
    #[default]
    Hidden,
    Normal,
    Error,
    Indeterminate,
    Paused,
}

/// The progress bar: its state and percentage.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    pub state: ProgressState,
    pub percent: u8,
}
