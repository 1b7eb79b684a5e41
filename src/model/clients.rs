//! Clients in use: activity, key tables, whose window it is.

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

/// The key table of clients that are in none.
const ROOT_TABLE: &str = "root";

impl Client {
    /// Grows with each use, from when it connected on.
    pub fn last_used(&self) -> (i64, u64) {
        (self.activity.wall_us, self.activity_order)
    }

    /// What panes print is held back: a message, a prompt, or an overlay that is not drawn
    /// around is shown. It is drawn again as a whole when that ends.
    pub fn is_frozen(&self) -> bool {
        self.message.as_ref().is_some_and(|m| m.freezes)
            || self.prompt.as_ref().is_some_and(|p| p.freezes())
            || self.overlay.as_ref().is_some_and(|o| !o.covers_part())
    }

    /// Neither gone, going, nor suspended.
    pub fn accepts_input(&self) -> bool {
        !self.flags.intersects(ClientFlags::DEAD | ClientFlags::SUSPENDED | ClientFlags::EXIT)
    }
}

impl Server {
    /// A client is being used now.
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

    /// The table that a client's keys are looked up in when it is in none: option `key-table`.
    pub fn default_key_table(&self, client: ClientId) -> String {
        let Some(session) = self.client(client).and_then(|c| c.session) else {
            return ROOT_TABLE.to_owned();
        };
        let name = self.option_text(OptionScope::Session(session), opt::KEY_TABLE);
        if name.is_empty() { ROOT_TABLE.to_owned() } else { name }
    }

    /// The table that a client's next key is looked up in.
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

    /// Something of a pane changed on the screen.
    pub fn mark_pane_changed(&mut self, pane: PaneId) {
        self.mark_pane(pane, ClientFlags::REDRAW);
    }

    /// A pane that floods changed on the screen.
    pub fn mark_pane_flooded(&mut self, pane: PaneId) {
        self.mark_pane(pane, ClientFlags::FLOODED);
    }

    /// A pane printed something that no key asked for.
    pub fn mark_pane_paced(&mut self, pane: PaneId) {
        self.mark_pane(pane, ClientFlags::PACED);
    }

    /// A pane printed the answer to a key.
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
        // What an overlay hides does not even move the cursor.
        self.mark_window_clients(window, ClientFlags::HELD, |c| c.is_frozen() && c.overlay.is_none());
    }

    /// The background of a pane changed, and with it maybe what theme it has.
    pub fn pane_background_changed(&mut self, pane: PaneId) {
        if let Some(p) = self.panes.get_mut(&pane) {
            // The terminal settled its palette when it took the colour, and may have forgotten
            // that colour since.
            p.flags |= PaneFlags::STYLE_CHANGED | PaneFlags::THEME_CHANGED;
        }
        self.mark_pane_changed(pane);
    }

    /// Puts a pane's terminal back to its start (`send-keys -R`).
    pub fn reset_pane(&mut self, pane: PaneId) {
        if let Some(p) = self.panes.get_mut(&pane) {
            p.terminal.lock().reset();
            p.mark_style(PaneFlags::THEME_CHANGED);
        }
        self.mark_pane_changed(pane);
    }

    /// Lets a pane that was kept after its program's end go with the next look at it.
    pub fn end_remain_on_exit(&mut self, pane: PaneId) {
        self.set_option(OptionScope::Pane(pane), opt::REMAIN_ON_EXIT, "off");
    }

    pub fn take_unattached_dirty(&mut self) -> bool {
        std::mem::take(&mut self.unattached_dirty)
    }

    /// Adds to the message log, which keeps at most `message-limit`.
    pub fn add_message(&mut self, now: Now, text: String) {
        let limit = self.option(OptionScope::Server, opt::MESSAGE_LIMIT).max(0) as usize;
        self.messages.add(now.secs(), text, limit);
    }

    /// The window that a session's clients see, for a client.
    pub fn window_of_client(&self, client: ClientId) -> Option<WindowId> {
        self.client(client).and_then(|c| self.client_window(c))
    }

    /// A client is the one that used its window last; sizes may follow it.
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
    /// Takes a client's terminal over, as its options have it. The error is for the client.
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
