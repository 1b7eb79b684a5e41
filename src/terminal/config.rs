//! Settings of a terminal from options and clients; the server updates them on every change.

use crate::base::Colour;
use crate::base::width::WidthRules;

/// The option `allow-passthrough`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AllowPassthrough {
    #[default]
    Off,
    On,
    /// Even for an invisible pane.
    All,
}

/// The option `set-clipboard`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SetClipboard {
    Off,
    /// Only tmux itself sets the clipboard, not programs.
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

/// Values of the option `alternate-history`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AlternateHistory {
    #[default]
    Off,
    /// Rows that scroll off the top of the alternate screen are kept.
    Scrolled,
    /// Rows that the screen shows are kept too.
    Frames,
}

/// The option `kitty-graphics`, combined with the abilities of clients' terminals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KittyGraphics {
    /// The protocol is off, as in tmux 3.7c.
    #[default]
    Off,
    /// The protocol works only for a program that has used it before.
    Used,
    On,
}

/// A light or dark theme, as clients report it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Theme {
    Dark,
    Light,
}

/// All external settings of a terminal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TerminalConfig {
    /// True for a pane; false for a popup, which has no title, clipboard or colours to report.
    pub pane: bool,
    pub widths: WidthRules,
    /// Longest string (OSC, DCS, APC, `ESC k`), in bytes; a longer one is dropped.
    pub input_buffer_size: usize,
    pub allow_rename: bool,
    pub allow_set_title: bool,
    pub allow_passthrough: AllowPassthrough,
    /// True if programs may use modes that tmux does not have.
    pub more_modes: bool,
    /// True if programs get checksums of the screen.
    pub allow_checksum: bool,
    pub alternate_screen: bool,
    pub alternate_history: AlternateHistory,
    pub scroll_on_clear: bool,
    pub set_clipboard: SetClipboard,
    pub get_clipboard: GetClipboard,
    pub extended_keys: ExtendedKeys,
    /// True if programs may use kitty's keyboard protocol: `extended-keys` is not off, and
    /// `extended-keys-format` is `kitty`.
    pub kitty_keys: bool,
    /// The option `cursor-style` as a DECSCUSR number, 0–6.
    pub cursor_style: u32,
    pub cursor_colour: Option<Colour>,
    /// Width and height of a cell in pixels.
    pub cell_pixels: (u32, u32),
    /// The option `pane-colours`: palette entries that programs may override.
    pub palette: Vec<(u8, Colour)>,
    /// Colours that OSC 10 and 11 queries report if the program has set none.
    pub foreground: Option<Colour>,
    pub background: Option<Colour>,
    pub theme: Option<Theme>,
    pub kitty_graphics: KittyGraphics,
    /// True if a client that is attached can be asked for its palette or clipboard.
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
