//! Key tables: which key runs which commands.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::base::Key;
use crate::syntax::command::CommandList;

/// The commands of a binding. Default bindings are parsed on first use: there are hundreds, and parsing
/// them all would take a quarter of the server's start.
#[derive(Clone)]
pub struct Bound(Arc<Commands>);

enum Commands {
    Parsed(Arc<CommandList>),
    Default { line: &'static str, parse: fn(&str) -> Arc<CommandList>, parsed: OnceLock<Arc<CommandList>> },
}

impl Bound {
    /// The commands of a default binding, which `parse` reads from a line of the configuration.
    pub fn from_line(line: &'static str, parse: fn(&str) -> Arc<CommandList>) -> Self {
        Self(Arc::new(Commands::Default { line, parse, parsed: OnceLock::new() }))
    }

    pub fn list(&self) -> &Arc<CommandList> {
        match &*self.0 {
            Commands::Parsed(list) => list,
            Commands::Default { line, parse, parsed } => parsed.get_or_init(|| parse(line)),
        }
    }

    /// True if both are the same object; equal commands are not enough.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<Arc<CommandList>> for Bound {
    fn from(list: Arc<CommandList>) -> Self {
        Self(Arc::new(Commands::Parsed(list)))
    }
}

impl Deref for Bound {
    type Target = CommandList;

    fn deref(&self) -> &CommandList {
        self.list()
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.list().fmt(f)
    }
}

/// The commands that a key runs.
#[derive(Clone, Debug)]
pub struct Binding {
    pub key: Key,
    pub commands: Bound,
    pub note: Option<String>,
    /// `bind-key -r`.
    pub repeat: bool,
}

/// One table. Keys are stored without flags (`Key::identity`).
#[derive(Clone, Debug, Default)]
pub struct KeyTable {
    pub bindings: BTreeMap<Key, Binding>,
    /// Bindings at start, for `unbind-key` followed by a reset.
    pub defaults: BTreeMap<Key, Binding>,
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

    /// Makes an empty table unless there is one: a client's look-up of a key does so.
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
