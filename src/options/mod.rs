//! Floor 2: option and hook tables, typed values, inheritance, environments.
//!
//! `Options` is one level (a pane's, a window's, a session's, or one of the three global ones).
//! It holds no reference to the level above; `Chain` is a view through several levels, put
//! together by whoever knows them.

mod about;
pub mod array_key;
mod chain;
mod environ;
pub mod names;
pub mod print;
mod set;
pub mod size;
pub mod table;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::tracked::Tracked;

pub use about::about;
pub use array_key::ArrayKey;
pub use chain::Chain;
pub use environ::{Environ, Variable};
pub use names::{NameError, OptionName, parse_name};
pub use set::Given;
pub use table::{COMMAND_ALIASES, Kind, OptionEntry, Scope};
pub use value::Value;

const HISTORY_LIMIT: &str = "history-limit";

/// One level of options.
#[derive(Default, Clone, Debug, Serialize, Deserialize)]
pub struct Options {
    entries: Tracked<BTreeMap<String, Value>>,
    /// A global level: options that are unset go back to their defaults.
    #[serde(default)]
    global: bool,
    /// `history-limit` was set here (its default keeps more than it prints).
    #[serde(default)]
    history_set: bool,
}

impl Options {
    /// An empty level: everything is inherited.
    pub fn new() -> Self {
        Options::default()
    }

    /// A global level with all options of a scope (or of several) at their defaults.
    pub fn defaults(scope: Scope) -> Self {
        let entries = table::all()
            .filter(|entry| entry.scope.intersects(scope))
            .map(|entry| (entry.name.to_string(), Value::initial(entry)))
            .collect();
        Options { entries: Tracked::new(entries), global: true, history_set: false }
    }

    /// The value on this level only.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.entries.get(name).or_else(|| self.entries.get(table::canonical(name)))
    }

    /// Changes with every change of this level; see `Tracked`.
    pub fn stamp(&self) -> u64 {
        self.entries.stamp()
    }

    /// Nothing is set on this level.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All values of this level by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Sets a value whose type is known to be right.
    pub fn set(&mut self, name: &str, value: Value) {
        self.history_set |= name == HISTORY_LIMIT;
        self.entries.insert(table::canonical(name).to_string(), value);
    }

    /// Whether this is a global level (the server's, all sessions', all windows').
    pub fn is_global(&self) -> bool {
        self.global
    }

    pub(in crate::options) fn history_is_set(&self) -> bool {
        self.history_set || (!self.global && self.get(HISTORY_LIMIT).is_some())
    }

    /// Sets a string option or a user option.
    pub fn set_string(&mut self, name: &str, text: impl Into<String>) {
        self.set(name, Value::String(text.into()));
    }

    /// Sets a flag.
    pub fn set_flag(&mut self, name: &str, on: bool) {
        self.set(name, Value::Flag(on));
    }

    /// Removes a value, or on a global level puts back the default.
    pub fn unset(&mut self, name: &str) {
        self.history_set &= name != HISTORY_LIMIT;
        match table::find(name) {
            Some(entry) if self.global => {
                self.entries.insert(entry.name.to_string(), Value::initial(entry));
            }
            Some(entry) => {
                self.entries.remove(entry.name);
            }
            None => {
                self.entries.remove(name);
            }
        }
    }

    /// Removes one element of an array. Error: `not an array`.
    pub fn unset_index(&mut self, name: &str, index: &ArrayKey) -> Result<(), String> {
        match self.entries.get_mut(table::canonical(name)) {
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
