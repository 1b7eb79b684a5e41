//! Settings of panes' terminals that depend on options and clients, passed to the terminals when they
//! change.

use std::collections::BTreeMap;

use crate::base::width::WidthRules;
use crate::base::{Colour, PaneId};
use crate::options::{Chain, Value, opt};
use crate::syntax::style::Style;
use crate::terminal::Modes;
use crate::terminal::config::{
    AllowPassthrough, AlternateHistory, ExtendedKeys, GetClipboard, KittyGraphics, SetClipboard,
    TerminalConfig, Theme,
};

use super::option_access::OptionScope;
use super::pane::PaneFlags;
use super::{Client, ClientFlags, Cx, Pane, Server};

/// Highest code point of Unicode.
const LAST_CODE_POINT: u32 = 0x10_ffff;

impl Cx<'_> {
    /// Passes the current settings to the terminal of every pane.
    pub fn configure_terminals(&mut self) {
        let panes: Vec<PaneId> = self.server.panes.keys().copied().collect();
        for pane in panes {
            self.configure_terminal(pane);
        }
    }

    /// Updates the terminals of panes whose style, clients or place changed; programs that asked for it
    /// are notified of a new theme.
    pub fn settle_terminals(&mut self) {
        let changed = |pane: &&Pane| pane.flags.contains(PaneFlags::THEME_CHANGED);
        let panes: Vec<PaneId> = self.server.panes.values().filter(changed).map(|pane| pane.id).collect();
        for pane in panes {
            self.configure_terminal(pane);
            self.announce_theme(pane);
        }
    }

    fn announce_theme(&mut self, pane: PaneId) {
        let Some(p) = self.server.panes.get_mut(&pane) else { return };
        p.flags.remove(PaneFlags::THEME_CHANGED);
        let terminal = p.terminal.lock();
        let theme = terminal.theme();
        let wanted = terminal.modes().contains(Modes::THEME_UPDATES);
        drop(terminal);
        if !wanted || theme == p.announced_theme {
            return;
        }
        p.announced_theme = theme;
        match theme {
            Some(Theme::Dark) => self.host.pane_reply(pane, b"\x1b[?997;1n"),
            Some(Theme::Light) => self.host.pane_reply(pane, b"\x1b[?997;2n"),
            None => (),
        }
    }

    /// Passes the current settings to one pane's terminal.
    pub fn configure_terminal(&mut self, pane: PaneId) {
        let Some(p) = self.server.pane(pane) else { return };
        let config = self.server.terminal_config(p);
        p.terminal.lock().configure(&config);
    }
}

impl Server {
    /// Applies the options `codepoint-widths` and `variation-selector-always-wide`.
    pub fn update_width_rules(&mut self) {
        let options = self.server_options();
        let ranges = options.strings(opt::CODEPOINT_WIDTHS).filter_map(parse_width);
        let mut overrides = BTreeMap::new();
        for (first, last, width) in ranges {
            overrides.extend((first..=last).map(|code| (code, width)));
        }
        let variation_selector_always_wide = options.get(opt::VARIATION_SELECTOR_ALWAYS_WIDE);
        drop(options);
        self.width_rules = WidthRules { overrides, variation_selector_always_wide };
    }

    /// The settings of a pane's terminal.
    pub fn terminal_config(&self, pane: &Pane) -> TerminalConfig {
        let (server, options) = (self.server_options(), self.chain(OptionScope::Pane(pane.id)));
        let attached = || {
            self.clients.values().filter(|c| !c.flags.intersects(ClientFlags::CONTROL) && self.shows(c, pane))
        };
        let control = self.clients.values().any(|c| c.flags.contains(ClientFlags::CONTROL));
        let foreground = pane.control_fg.filter(|_| control).or_else(|| attached().find_map(|c| c.fg));
        let background = pane.control_bg.filter(|_| control).or_else(|| {
            style_background(&options, self.is_active(pane)).or_else(|| attached().find_map(|c| c.bg))
        });
        TerminalConfig {
            pane: true,
            widths: self.width_rules.clone(),
            input_buffer_size: server.get(opt::INPUT_BUFFER_SIZE).max(0) as usize,
            allow_rename: options.get(opt::ALLOW_RENAME),
            allow_set_title: options.get(opt::ALLOW_SET_TITLE),
            allow_passthrough: match options.get(opt::ALLOW_PASSTHROUGH) {
                "on" => AllowPassthrough::On,
                "all" => AllowPassthrough::All,
                _ => AllowPassthrough::Off,
            },
            more_modes: options.get(opt::MORE_MODES),
            allow_checksum: options.get(opt::ALLOW_CHECKSUM),
            alternate_screen: options.get(opt::ALTERNATE_SCREEN),
            alternate_history: match options.get(opt::ALTERNATE_HISTORY) {
                "scrolled" => AlternateHistory::Scrolled,
                "frames" => AlternateHistory::Frames,
                _ => AlternateHistory::Off,
            },
            scroll_on_clear: options.get(opt::SCROLL_ON_CLEAR),
            set_clipboard: match server.get(opt::SET_CLIPBOARD) {
                "on" => SetClipboard::On,
                "external" => SetClipboard::External,
                _ => SetClipboard::Off,
            },
            get_clipboard: match server.get(opt::GET_CLIPBOARD) {
                "buffer" => GetClipboard::Buffer,
                "request" => GetClipboard::Request,
                "both" => GetClipboard::Both,
                _ => GetClipboard::Off,
            },
            extended_keys: match server.get(opt::EXTENDED_KEYS) {
                "on" => ExtendedKeys::On,
                "always" => ExtendedKeys::Always,
                _ => ExtendedKeys::Off,
            },
            kitty_keys: self.kitty_keys(),
            cursor_style: options.number(opt::CURSOR_STYLE) as u32,
            cursor_colour: Some(options.get(opt::CURSOR_COLOUR)).filter(|c| *c != Colour::None),
            cell_pixels: attached()
                .map(|c| c.cell_pixels)
                .find(|pixels| *pixels != (0, 0))
                .unwrap_or((16, 32)),
            palette: palette(&options),
            foreground,
            background,
            theme: background
                .and_then(Colour::is_light)
                .map(|light| if light { Theme::Light } else { Theme::Dark })
                .or_else(|| reported_theme(attached())),
            kitty_graphics: match options.get(opt::KITTY_GRAPHICS) {
                "off" => KittyGraphics::Off,
                "on" => KittyGraphics::On,
                _ if attached().any(Client::has_pictures) => KittyGraphics::On,
                _ => KittyGraphics::Used,
            },
            client_answers: attached().next().is_some(),
        }
    }

    /// True if a client is attached to a session that holds the pane's window.
    fn shows(&self, client: &Client, pane: &Pane) -> bool {
        let session = client.session.and_then(|id| self.session(id));
        session.is_some_and(|s| s.winlinks.values().any(|winlink| winlink.window == pane.window))
    }

    fn is_active(&self, pane: &Pane) -> bool {
        self.window(pane.window).is_some_and(|window| window.active == pane.id)
    }
}

/// The background that styles give a pane; styles that contain formats are skipped.
fn style_background(options: &Chain<'_>, active: bool) -> Option<Colour> {
    let keys = [opt::WINDOW_ACTIVE_STYLE, opt::WINDOW_STYLE];
    let keys = keys.into_iter().skip(usize::from(!active));
    let styles = keys.filter_map(|key| Style::parse(options.get(key)).ok());
    styles.map(|style| style.cell.bg).find(|colour| !colour.is_default())
}

/// The theme that all clients agree on.
fn reported_theme<'a>(clients: impl Iterator<Item = &'a Client>) -> Option<Theme> {
    let mut found = None;
    for theme in clients.filter_map(|client| client.theme) {
        let theme = match theme {
            super::client::Theme::Light => Theme::Light,
            super::client::Theme::Dark => Theme::Dark,
        };
        if found.is_some_and(|known| known != theme) {
            return None;
        }
        found = Some(theme);
    }
    found
}

fn palette(options: &Chain<'_>) -> Vec<(u8, Colour)> {
    let entries = options.array(opt::PANE_COLOURS);
    entries
        .filter_map(|(index, value)| match value {
            Value::Colour(colour) => Some((u8::try_from(index.number()?).ok()?, *colour)),
            _ => None,
        })
        .collect()
}

/// Parses one element of `codepoint-widths`: `U+X=W`, `U+X-U+Y=W` or a character and its width. Returns
/// the first and last code point and the columns; `None` if the text has no such form.
fn parse_width(text: &str) -> Option<(u32, u32, u8)> {
    let (what, width) = text.split_once('=')?;
    let width = crate::base::number::parse_number(width, 0, 2).ok()? as u8;
    let code = |text: &str| {
        let code = u32::from_str_radix(text.strip_prefix("U+")?, 16).ok()?;
        (1..=LAST_CODE_POINT).contains(&code).then_some(code)
    };
    if what.starts_with("U+") {
        let (first, last) = what.split_once('-').unwrap_or((what, what));
        let (first, last) = (code(first)?, code(last)?);
        return (first <= last).then_some((first, last, width));
    }
    let mut chars = what.chars();
    let only = chars.next()? as u32;
    chars.next().is_none().then_some((only, only, width))
}

#[cfg(test)]
mod tests {
    use super::parse_width;

    #[test]
    fn widths_of_code_points() {
        assert_eq!(parse_width("U+263A=2"), Some((0x263a, 0x263a, 2)));
        assert_eq!(parse_width("U+E000-U+E0FF=1"), Some((0xe000, 0xe0ff, 1)));
        assert_eq!(parse_width("☺=2"), Some((0x263a, 0x263a, 2)));
        for bad in ["U+0=1", "U+20-U+10=1", "U+20=3", "ab=1", "U+zz=1", "x"] {
            assert_eq!(parse_width(bad), None, "{bad}");
        }
    }
}
