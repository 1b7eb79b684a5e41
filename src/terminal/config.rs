//! What options and clients decide about a terminal, set by the server whenever they change.

use crate::base::Colour;
use crate::base::width::WidthRules;

/// The option `allow-passthrough`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AllowPassthrough {
    #[default]
    Off,
    On,
    /// Even while the pane is not visible.
    All,
}

/// The option `set-clipboard`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SetClipboard {
    Off,
    /// Only tmux itself sets it, not programs.
    #[default]
    External,
    On,
}

/// The option `get-clipboard`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum GetClipboard {
    #[default]
    Off,
    /// Programs get the newest paste buffer.
    Buffer,
    /// A client's terminal is asked.
    Request,
    /// As `Request`, and the answer becomes a paste buffer.
    Both,
}

/// The option `extended-keys`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ExtendedKeys {
    #[default]
    Off,
    On,
    Always,
}

/// The option `alternate-history`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AlternateHistory {
    #[default]
    Off,
    /// Rows that leave the top of the alternate screen are kept.
    Scrolled,
    /// Rows that it shows, too.
    Frames,
}

/// The option `kitty-graphics`, and what clients' terminals know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KittyGraphics {
    /// The protocol is not known, as in tmux 3.7c.
    #[default]
    Off,
    /// It is known to a program that has used it before.
    Used,
    On,
}

/// A light or dark theme, as clients report it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Theme {
    Dark,
    Light,
}

/// Everything about a terminal that is decided outside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TerminalConfig {
    /// A pane; otherwise a popup, which has no title, clipboard, or colours to report.
    pub pane: bool,
    pub widths: WidthRules,
    /// Longest string (OSC, DCS, APC, `ESC k`) kept, in bytes; a longer one is discarded.
    pub input_buffer_size: usize,
    pub allow_rename: bool,
    pub allow_set_title: bool,
    pub allow_passthrough: AllowPassthrough,
    /// Programs may use modes that tmux does not have.
    pub more_modes: bool,
    /// Programs get checksums of the screen.
    pub allow_checksum: bool,
    pub alternate_screen: bool,
    pub alternate_history: AlternateHistory,
    pub scroll_on_clear: bool,
    pub set_clipboard: SetClipboard,
    pub get_clipboard: GetClipboard,
    pub extended_keys: ExtendedKeys,
    /// Programs may use kitty's keyboard protocol: `extended-keys` is not off, and
    /// `extended-keys-format` is `kitty`.
    pub kitty_keys: bool,
    /// The option `cursor-style` as a DECSCUSR number, 0–6.
    pub cursor_style: u32,
    pub cursor_colour: Option<Colour>,
    /// Width and height of a cell in pixels.
    pub cell_pixels: (u32, u32),
    /// The option `pane-colours`: palette entries that programs may override.
    pub palette: Vec<(u8, Colour)>,
    /// The colours that OSC 10 and 11 queries report when the program set none.
    pub foreground: Option<Colour>,
    pub background: Option<Colour>,
    pub theme: Option<Theme>,
    pub kitty_graphics: KittyGraphics,
    /// Some attached client can be asked for its palette or clipboard.
    pub client_answers: bool,
}

impl Default for TerminalConfig {
    fn default() -> Self {
        Self {
            pane: true,
            widths: WidthRules::default(),
            input_buffer_size: 1 << 20,
            allow_rename: false,
            allow_set_title: true,
            allow_passthrough: AllowPassthrough::Off,
            more_modes: false,
            allow_checksum: false,
            alternate_screen: true,
            alternate_history: AlternateHistory::Off,
            scroll_on_clear: true,
            set_clipboard: SetClipboard::External,
            get_clipboard: GetClipboard::Off,
            extended_keys: ExtendedKeys::Off,
            kitty_keys: false,
            cursor_style: 0,
            cursor_colour: None,
            cell_pixels: (16, 32),
            palette: Vec::new(),
            foreground: None,
            background: None,
            theme: None,
            kitty_graphics: KittyGraphics::Off,
            client_answers: false,
        }
    }
}
