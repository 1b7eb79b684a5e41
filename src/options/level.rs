//! One level of options: a pane's, a window's, a session's, or a global one.

use serde::{Deserialize, Serialize};

use crate::base::tracked::Tracked;

use super::array_key::ArrayKey;
use super::entry::Scope;
use super::key::OptionKey;
use super::table::{self, opt};
use super::value::Value;
use super::values::Values;

/// See the module comment.
#[derive(Default, Clone, Debug, Serialize, Deserialize)]
pub struct Options {
    pub(super) entries: Tracked<Values>,
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

    pub(super) fn at(&self, place: u16) -> Option<&Value> {
        self.entries.at(place)
    }

    pub(super) fn user(&self, name: &str) -> Option<&Value> {
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

    pub(super) fn history_is_set(&self) -> bool {
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
