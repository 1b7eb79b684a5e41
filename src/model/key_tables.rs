//! Key tables: which key runs which commands.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::Key;
use crate::syntax::command::CommandList;

/// What a key does.
#[derive(Clone, Debug)]
pub struct Binding {
    pub key: Key,
    pub commands: Arc<CommandList>,
    pub note: Option<String>,
    /// `bind-key -r`.
    pub repeat: bool,
}

/// One table. Keys are held without flags (`Key::identity`).
#[derive(Clone, Debug, Default)]
pub struct KeyTable {
    pub bindings: BTreeMap<Key, Binding>,
    /// Bindings as they were at start, for `unbind-key` followed by a reset.
    pub defaults: BTreeMap<Key, Binding>,
    /// When it became some client's table (monotonic ms), for `prefix-timeout`.
    pub references: u32,
}

/// All tables by name.
#[derive(Clone, Debug, Default)]
pub struct KeyTables {
    pub tables: BTreeMap<String, KeyTable>,
}

impl KeyTables {
    pub fn get(&self, table: &str, key: Key) -> Option<&Binding> {
        self.tables.get(table)?.bindings.get(&key.identity())
    }

    pub fn add(&mut self, table: &str, binding: Binding) {
        let table = self.tables.entry(table.to_owned()).or_default();
        table.bindings.insert(binding.key.identity(), binding);
    }

    /// Makes a table, empty, unless it is there: a client that looks keys up in it does so.
    pub fn ensure(&mut self, table: &str) {
        if !self.tables.contains_key(table) {
            self.tables.insert(table.to_owned(), KeyTable::default());
        }
    }

    pub fn remove(&mut self, table: &str, key: Key) {
        if let Some(found) = self.tables.get_mut(table) {
            let was_bound = found.bindings.remove(&key.identity()).is_some();
            if was_bound && found.bindings.is_empty() && found.defaults.is_empty() {
                self.tables.remove(table);
            }
        }
    }
}
