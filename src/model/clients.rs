//! Clients in use: their activity, their key tables, and which one used a window last.

use crate::base::clock::Now;
use crate::base::{ClientId, PaneId, WindowId};
use crate::options::opt;

use super::Cx;
use super::client::ClientFlags;
use super::events::EventKind;
use super::host::TtySetup;
use super::option_access::OptionScope;
use super::pane::PaneFlags;
use super::{Client, Server};

/// The key table that clients use by default.
const ROOT_TABLE: &str = "root";

impl Client {
    /// Order of last use; grows with each use, and starts when the client connects.
    pub fn last_used(&self) -> (i64, u64) {
        (self.activity.wall_us, self.activity_order)
    }

    /// True while output of panes is held back: a message, a prompt, or an overlay that fills the
    /// terminal is shown. All is redrawn when that ends.
    pub fn is_frozen(&self) -> bool {
        self.message.as_ref().is_some_and(|m| m.freezes)
            || self.prompt.as_ref().is_some_and(|p| p.freezes())
            || self.overlay.as_ref().is_some_and(|o| !o.covers_part())
    }

    /// True unless the client is gone, exiting or suspended.
    pub fn accepts_input(&self) -> bool {
        !self.flags.intersects(ClientFlags::DEAD | ClientFlags::SUSPENDED | ClientFlags::EXIT)
    }
}

impl Server {
    /// Records that a client is being used now.
    pub fn touch_client(&mut self, client: ClientId, now: Now) {
        self.activity_counter += 1;
        let order = self.activity_counter;
        let Some(c) = self.clients.get_mut(&client) else { return };
        c.last_activity = c.activity;
        c.activity = now;
        c.activity_order = order;
        c.last_input_ms = now.mono_ms;
        if let Some(session) = c.session {
            self.touch_session(session, now);
        }
    }

    /// The key table that a client uses by default: option `key-table`.
    pub fn default_key_table(&self, client: ClientId) -> String {
        let Some(session) = self.client(client).and_then(|c| c.session) else {
            return ROOT_TABLE.to_owned();
        };
        let name = self.option_text(OptionScope::Session(session), opt::KEY_TABLE);
        if name.is_empty() { ROOT_TABLE.to_owned() } else { name }
    }

    /// The key table that a client's next key is looked up in.
    pub fn client_key_table(&self, client: ClientId) -> String {
        let own = self.client(client).and_then(|c| c.key_table.clone());
        own.unwrap_or_else(|| self.default_key_table(client))
    }

    /// Puts a client into a key table, or (`None`) back into the default one.
    pub fn set_key_table(&mut self, client: ClientId, table: Option<&str>, now: Now) {
        let name = table.map_or_else(|| self.default_key_table(client), str::to_owned);
        self.key_tables.ensure(&name);
        if let Some(c) = self.clients.get_mut(&client) {
            c.key_table = table.map(str::to_owned);
            c.key_table_since_ms = now.mono_ms;
        }
    }

    /// Marks a pane whose screen changed.
    pub fn mark_pane_changed(&mut self, pane: PaneId) {
        self.mark_pane(pane, ClientFlags::REDRAW);
    }

    /// Marks a pane whose screen was changed by a flood of output.
    pub fn mark_pane_flooded(&mut self, pane: PaneId) {
        self.mark_pane(pane, ClientFlags::FLOODED);
    }

    /// Marks a pane that printed something that does not answer a key.
    pub fn mark_pane_paced(&mut self, pane: PaneId) {
        self.mark_pane(pane, ClientFlags::PACED);
    }

    /// Marks a pane that printed the answer to a key.
    pub fn mark_pane_answered(&mut self, pane: PaneId) {
        self.mark_pane(pane, ClientFlags::REDRAW | ClientFlags::URGENT);
    }

    fn mark_pane(&mut self, pane: PaneId, how: ClientFlags) {
        let Some(p) = self.panes.get_mut(&pane) else { return };
        p.flags |= PaneFlags::CHANGED | PaneFlags::REDRAW;
        if !p.modes.is_empty() {
            p.flags |= PaneFlags::UNSEEN_CHANGES;
        }
        let window = p.window;
        self.mark_window_clients(window, how, |client| !client.is_frozen());
        // Under an overlay not even the cursor is updated.
        self.mark_window_clients(window, ClientFlags::HELD, |c| c.is_frozen() && c.overlay.is_none());
    }

    /// Called when the background of a pane changed, which may also change the pane's theme.
    pub fn pane_background_changed(&mut self, pane: PaneId) {
        if let Some(p) = self.panes.get_mut(&pane) {
            // The terminal computed its palette when it got the colour, and may have dropped the colour
            // since.
            p.flags |= PaneFlags::STYLE_CHANGED | PaneFlags::THEME_CHANGED;
        }
        self.mark_pane_changed(pane);
    }

    /// Resets a pane's terminal (`send-keys -R`).
    pub fn reset_pane(&mut self, pane: PaneId) {
        if let Some(p) = self.panes.get_mut(&pane) {
            p.terminal.lock().reset();
            p.mark_style(PaneFlags::THEME_CHANGED);
        }
        self.mark_pane_changed(pane);
    }

    /// Lets a pane that `remain-on-exit` kept be closed at the next check.
    pub fn end_remain_on_exit(&mut self, pane: PaneId) {
        self.set_option(OptionScope::Pane(pane), opt::REMAIN_ON_EXIT, "off");
    }

    pub fn take_unattached_dirty(&mut self) -> bool {
        std::mem::take(&mut self.unattached_dirty)
    }

    /// Adds to the message log, which keeps at most `message-limit` lines.
    pub fn add_message(&mut self, now: Now, text: String) {
        let limit = self.option(OptionScope::Server, opt::MESSAGE_LIMIT).max(0) as usize;
        self.messages.add(now.secs(), text, limit);
    }

    /// The current window of a client's session.
    pub fn window_of_client(&self, client: ClientId) -> Option<WindowId> {
        self.client(client).and_then(|c| self.client_window(c))
    }

    /// Records that a client used its window last; with `window-size latest` the size follows it.
    pub fn update_latest(&mut self, client: ClientId) {
        let Some(window) = self.window_of_client(client) else { return };
        let Some(w) = self.windows.get_mut(&window).filter(|w| w.latest != Some(client)) else {
            return;
        };
        w.latest = Some(client);
        if self.option_text(OptionScope::Window(window), opt::WINDOW_SIZE) == "latest" {
            self.sizes_dirty = true;
        }
        self.notify_client(EventKind::ClientActive, client);
    }
}

impl Cx<'_> {
    /// Takes over a client's terminal, set up by its options. The error is a message for the client.
    pub fn open_terminal(&mut self, client: ClientId) -> Result<(), String> {
        let Some(c) = self.server.client(client) else { return Err("not a terminal".to_owned()) };
        let options = self.server.server_options();
        let texts = |key| options.strings(key).map(str::to_owned).collect();
        let term = options.get(opt::DEFAULT_TERMINAL);
        let setup = TtySetup {
            term_name: c.term_name.clone(),
            term_caps: c.term_caps.clone(),
            feature_bits: c.feature_bits,
            utf8: c.flags.contains(ClientFlags::UTF8),
            colorterm: c.environ.get("COLORTERM").map(str::to_owned),
            features: texts(opt::TERMINAL_FEATURES),
            overrides: texts(opt::TERMINAL_OVERRIDES),
            user_keys: options
                .array(opt::USER_KEYS)
                .filter_map(|(index, value)| {
                    let text = value.to_text(None, false);
                    Some((u16::try_from(index.number()?).ok()?, crate::base::text::to_bytes(&text)))
                })
                .collect(),
            extended_keys: options.get(opt::EXTENDED_KEYS) != "off",
            focus_events: options.get(opt::FOCUS_EVENTS),
            italics_as_standout: term == "screen" || term.starts_with("screen-"),
        };
        drop(options);
        self.host.tty_open(client, setup)
    }
}
