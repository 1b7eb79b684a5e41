//! Floor 2: option and hook tables, typed values, inheritance, environments.
//!
//! `Options` is one level (a pane's, a window's, a session's, or one of the three global ones). It holds
//! no reference to the level above; `Chain` is a view through several levels, made by a caller that knows
//! them.

mod about;
pub(crate) mod array_key;
mod chain;
mod environ;
pub(crate) mod key;
pub(crate) mod names;
pub(crate) mod print;
mod set;
pub(crate) mod size;
pub(crate) mod table;
mod value;
mod values;

use serde::{Deserialize, Serialize};

use crate::base::tracked::Tracked;

pub(crate) use about::about;
pub(crate) use array_key::ArrayKey;
pub(crate) use chain::Chain;
pub use environ::Environ;
pub(crate) use environ::Variable;
pub(crate) use key::OptionKey;
pub(crate) use names::{NameError, OptionName, parse_name};
pub(crate) use set::Given;
pub use table::Scope;
pub(crate) use table::{COMMAND_ALIASES, Kind, OptionEntry, opt};
pub(crate) use value::Value;

use values::Values;

/// One level of options.
#[derive(Default, Clone, Debug, Serialize, Deserialize)]
pub struct Options {
    entries: Tracked<Values>,
    /// A global level: unsetting an option restores its default.
    #[serde(default)]
    global: bool,
    /// `history-limit` was set on this level (its default is larger than the printed value).
    #[serde(default)]
    history_set: bool,
}

impl Options {
    /// An empty level, which inherits everything.
    pub fn new() -> Self {
        Options::default()
    }

    /// A global level with all options of one or several scopes at their defaults.
    pub fn defaults(scope: Scope) -> Self {
        let mut entries = Values::default();
        for (place, entry) in (0..).zip(table::all()) {
            if entry.scope.intersects(scope) {
                entries.insert_at(place, Value::initial(entry));
            }
        }
        Options { entries: Tracked::new(entries), global: true, history_set: false }
    }

    /// The value of an option given by name, on this level only; also for user options.
    pub fn named(&self, name: &str) -> Option<&Value> {
        match table::place(name) {
            Some(place) => self.at(place),
            None => self.user(name),
        }
    }

    /// The value of an option on this level only.
    pub fn own<T>(&self, key: OptionKey<T>) -> Option<&Value> {
        self.at(key.place())
    }

    pub(in crate::options) fn at(&self, place: u16) -> Option<&Value> {
        self.entries.at(place)
    }

    pub(in crate::options) fn user(&self, name: &str) -> Option<&Value> {
        self.entries.user(name)
    }

    /// The stamp changes with every change of this level; see `Tracked`.
    pub fn stamp(&self) -> u64 {
        self.entries.stamp()
    }

    /// True if nothing is set on this level.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All values of this level by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter()
    }

    /// Sets a value; the caller has checked its type.
    pub fn set(&mut self, name: &str, value: Value) {
        self.history_set |= name == opt::HISTORY_LIMIT.name();
        self.entries.insert(name, value);
    }

    /// True for a global level (the server's, all sessions', all windows').
    pub fn is_global(&self) -> bool {
        self.global
    }

    pub(in crate::options) fn history_is_set(&self) -> bool {
        self.history_set || (!self.global && self.own(opt::HISTORY_LIMIT).is_some())
    }

    /// Sets a string option or a user option.
    pub fn set_string(&mut self, name: &str, text: impl Into<String>) {
        self.set(name, Value::String(text.into()));
    }

    /// Sets a flag.
    pub fn set_flag(&mut self, name: &str, on: bool) {
        self.set(name, Value::Flag(on));
    }

    /// Removes a value; on a global level restores the default.
    pub fn unset(&mut self, name: &str) {
        self.history_set &= name != opt::HISTORY_LIMIT.name();
        match table::place(name) {
            Some(place) if self.global => {
                self.entries.insert_at(place, Value::initial(table::entry(place)));
            }
            _ => {
                self.entries.remove(name);
            }
        }
    }

    /// Removes one element of an array. Error: `not an array`.
    pub fn unset_index(&mut self, name: &str, index: &ArrayKey) -> Result<(), String> {
        match self.entries.get_mut(name) {
            Some(Value::Array(items)) => {
                items.remove(index);
                Ok(())
            }
            _ => Err("not an array".to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
