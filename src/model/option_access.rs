//! Reading options by object: one place that knows at which level the look-up for an object starts.

use std::sync::Arc;

use crate::base::{Key, KeyCode, PaneId, SessionId, WindowId};
use crate::options::key::Numeric;
use crate::options::{Chain, Given, OptionKey, Options, Single, Value, opt, table};
use crate::syntax::CommandList;
use crate::terminal::{KeyEncodeOptions, Terminal};

use super::{FindState, Server};

/// Start of a look-up; options that are not set there are taken from its parents.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum OptionScope {
    Server,
    GlobalSession,
    GlobalWindow,
    Session(SessionId),
    Window(WindowId),
    Pane(PaneId),
}

impl Server {
    /// The option levels of an object, its own first. An object that is gone has only the levels above
    /// it.
    pub fn chain(&self, scope: OptionScope) -> Chain<'_> {
        let session = |id: SessionId| self.sessions.get(&id).map(|s| &s.options);
        let window = |id: WindowId| self.windows.get(&id).map(|w| &w.options);
        let mut levels: Vec<&Options> = Vec::new();
        match scope {
            OptionScope::Server => levels.push(&self.options.server),
            OptionScope::GlobalSession => levels.push(&self.options.session),
            OptionScope::GlobalWindow => levels.push(&self.options.window),
            OptionScope::Session(id) => {
                levels.extend(session(id));
                levels.push(&self.options.session);
            }
            OptionScope::Window(id) => {
                levels.extend(window(id));
                levels.push(&self.options.window);
            }
            OptionScope::Pane(id) => {
                let pane = self.panes.get(&id);
                levels.extend(pane.map(|p| &p.options));
                levels.extend(pane.and_then(|p| window(p.window)));
                levels.push(&self.options.window);
            }
        }
        Chain::new(&levels)
    }

    /// The server's options.
    pub fn server_options(&self) -> Chain<'_> {
        self.chain(OptionScope::Server)
    }

    /// True if programs, and terminals of clients, may use kitty's keyboard protocol.
    pub fn kitty_keys(&self) -> bool {
        let options = self.server_options();
        options.get(opt::EXTENDED_KEYS) != "off" && options.get(opt::EXTENDED_KEYS_FORMAT) == "kitty"
    }

    /// The rules by which keys are encoded for the program of a terminal.
    pub fn key_encoding(&self, terminal: &Terminal) -> KeyEncodeOptions {
        let options = self.server_options();
        KeyEncodeOptions {
            backspace: options.get(opt::BACKSPACE),
            csi_u: options.get(opt::EXTENDED_KEYS_FORMAT) != "xterm",
            kitty: terminal.keyboard_flags(),
        }
    }

    /// Options for a session.
    pub fn session_options(&self, session: SessionId) -> Chain<'_> {
        self.chain(OptionScope::Session(session))
    }

    /// Options for a window.
    pub fn window_options(&self, window: WindowId) -> Chain<'_> {
        self.chain(OptionScope::Window(window))
    }

    /// Options for a pane.
    pub fn pane_options(&self, pane: PaneId) -> Chain<'_> {
        self.chain(OptionScope::Pane(pane))
    }

    /// The commands of a hook for a session, or (`None`) for all.
    pub fn session_hook(&self, session: Option<SessionId>, name: &str) -> Vec<Arc<CommandList>> {
        let scope = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
        self.chain(scope).commands(name).collect()
    }

    /// The commands of a hook for an event's place: the session's, the pane's, or the window's, whichever
    /// has the hook first.
    pub fn notify_hook(&self, at: &FindState, name: &str) -> Vec<Arc<CommandList>> {
        match self.hook_scope(at, name) {
            Some(scope) => self.chain(scope).commands(name).collect(),
            None => Vec::new(),
        }
    }

    /// True if a hook of this name has commands at this place.
    pub fn has_hook(&self, at: &FindState, name: &str) -> bool {
        let nothing = || self.find_from_nothing().unwrap_or_default();
        let at = if at.is_valid(self) { *at } else { nothing() };
        let scope = self.hook_scope(&at, name);
        scope.is_some_and(|scope| self.chain(scope).commands(name).next().is_some())
    }

    /// The level at which a hook (or a user option that is run as one) is found.
    pub fn hook_scope(&self, at: &FindState, name: &str) -> Option<OptionScope> {
        let scopes = [
            Some(at.session.map_or(OptionScope::GlobalSession, OptionScope::Session)),
            at.pane.map(OptionScope::Pane),
            at.window.map(OptionScope::Window),
        ];
        scopes.into_iter().flatten().find(|scope| self.chain(*scope).named(name).is_some())
    }

    /// The options set on an object itself.
    pub fn level(&self, scope: OptionScope) -> Option<&Options> {
        match scope {
            OptionScope::Server => Some(&self.options.server),
            OptionScope::GlobalSession => Some(&self.options.session),
            OptionScope::GlobalWindow => Some(&self.options.window),
            OptionScope::Session(id) => self.sessions.get(&id).map(|s| &s.options),
            OptionScope::Window(id) => self.windows.get(&id).map(|w| &w.options),
            OptionScope::Pane(id) => self.panes.get(&id).map(|p| &p.options),
        }
    }

    /// The options set on an object itself, to be changed.
    pub fn level_mut(&mut self, scope: OptionScope) -> Option<&mut Options> {
        match scope {
            OptionScope::Server => Some(&mut self.options.server),
            OptionScope::GlobalSession => Some(&mut self.options.session),
            OptionScope::GlobalWindow => Some(&mut self.options.window),
            OptionScope::Session(id) => self.sessions.get_mut(&id).map(|s| &mut s.options),
            OptionScope::Window(id) => self.windows.get_mut(&id).map(|w| &mut w.options),
            OptionScope::Pane(id) => self.panes.get_mut(&id).map(|p| &mut p.options),
        }
    }

    /// The value of an option for an object, in the type given by its key.
    pub fn option<T: Single>(&self, scope: OptionScope, key: OptionKey<T>) -> T::Value<'_> {
        self.chain(scope).get(key)
    }

    /// A number; a flag counts as 0 or 1, a choice by its index.
    pub fn option_number(&self, scope: OptionScope, key: OptionKey<impl Numeric>) -> i64 {
        self.chain(scope).number(key)
    }

    /// The value of an option as text: numbers in decimal, flags as `on` and `off`, choices by
    /// their names.
    pub fn option_text<T>(&self, scope: OptionScope, key: OptionKey<T>) -> String {
        self.named_option_text(scope, key.name())
    }

    /// The value of an option given by name, as text; empty if there is no such option.
    pub fn named_option_text(&self, scope: OptionScope, name: &str) -> String {
        let entry = table::find(name);
        match (self.chain(scope).named(name), entry) {
            (Some(value), _) => value.to_text(entry, false),
            (None, Some(entry)) => Value::initial(entry).to_text(Some(entry), false),
            (None, None) => String::new(),
        }
    }

    /// Sets an option, other than an array, on an object itself. Text that is not valid for it changes
    /// nothing.
    pub fn set_option<T>(&mut self, scope: OptionScope, key: OptionKey<T>, value: &str) {
        let Some(level) = self.level_mut(scope) else { return };
        drop(level.assign(key.entry(), Some(&Given::text(value)), false, None));
    }

    /// Sets an option given by name; a name that is not in the table is a user option.
    pub fn set_named_option(&mut self, scope: OptionScope, name: &str, value: &str) {
        let Some(level) = self.level_mut(scope) else { return };
        match table::find(name) {
            Some(entry) => drop(level.assign(entry, Some(&Given::text(value)), false, None)),
            None => level.set_string(name, value),
        }
    }

    /// Unsets an option on an object itself.
    pub fn unset_option<T>(&mut self, scope: OptionScope, key: OptionKey<T>) {
        if let Some(level) = self.level_mut(scope) {
            level.unset(key.name());
        }
    }

    /// The byte that the erase key of new terminals sends (`backspace`).
    pub fn backspace_byte(&self) -> u8 {
        const DELETE: u8 = 0x7f;
        let key: Key = self.chain(OptionScope::Server).get(opt::BACKSPACE);
        match key.code {
            KeyCode::Char(c) if key.mods.is_empty() && c.is_ascii() => c as u8,
            // tmux: any value but a plain character means DEL.
            _ => DELETE,
        }
    }
}
