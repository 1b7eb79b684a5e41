//! Terminals of attached clients.

use crate::base::{ClientId, PaneId};

/// Data for taking over a client's terminal, from the client and from options.
#[derive(Clone, Debug, Default)]
pub struct TtySetup {
    pub term_name: String,
    pub term_caps: Vec<String>,
    /// Features asked for by the client, as bits of the protocol.
    pub feature_bits: u32,
    pub utf8: bool,
    pub colorterm: Option<String>,
    /// `terminal-features`, `terminal-overrides` and `user-keys`, item by item.
    pub features: Vec<String>,
    pub overrides: Vec<String>,
    pub user_keys: Vec<(u16, Vec<u8>)>,
    /// `extended-keys` is not off.
    pub extended_keys: bool,
    pub focus_events: bool,
    /// `default-terminal` is a `screen`: it shows italics as standout.
    pub italics_as_standout: bool,
}

/// A client's terminal as `show-messages -T` lists it.
#[derive(Clone, Debug, Default)]
pub struct TerminalDescription {
    pub name: String,
    pub flags: u32,
    pub capabilities: Vec<String>,
}

/// Terminals of attached clients.
pub trait TerminalHost {
    /// Control characters of a client's terminal (`c_cc` of `struct termios`), as programs outside set them;
    /// `None` if the client has no terminal.
    fn tty_control_chars(&self, client: ClientId) -> Option<Vec<u8>>;
    /// Takes over a client's terminal (attach). The error is a message for the client. Commands call
    /// `Cx::open_terminal`, which gathers the setup.
    fn tty_open(&mut self, client: ClientId, setup: TtySetup) -> Result<(), String>;
    /// Restores a client's terminal and releases it; `lock` clears it for the lock program.
    fn tty_stop(&mut self, client: ClientId, lock: bool);
    /// Asks a newly attached client's terminal for its type and features.
    fn tty_send_requests(&mut self, client: ClientId);
    /// Writes raw bytes to a client's terminal (passthrough, clipboard), after the next frame.
    fn tty_write(&mut self, client: ClientId, bytes: &[u8]);
    /// Redraws a client completely.
    fn tty_invalidate(&mut self, client: ClientId);
    /// Rings the bell of a client's terminal.
    fn tty_bell(&mut self, client: ClientId);
    /// Has a client's terminal show a notification. False: the terminal cannot.
    fn tty_notify(&mut self, client: ClientId, text: &str) -> bool;
    /// Puts text on the clipboard of a client's terminal.
    fn tty_set_clipboard(&mut self, client: ClientId, selection: &str, data: &[u8]);
    /// Asks a client's terminal for its clipboard.
    fn tty_query_clipboard(&mut self, client: ClientId);
    /// Asks a client's terminal for a palette entry on behalf of a pane.
    fn tty_query_palette(&mut self, client: ClientId, pane: PaneId, index: u8);
    /// Asks a client's terminal again for its colours.
    fn tty_query_colours(&mut self, client: ClientId);
    /// Features of a client's terminal (`show-messages -T`).
    fn describe_terminal(&self, client: ClientId) -> Option<TerminalDescription>;
}
