//! The values of one level: options of the table by the position of their row, others by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::table;
use super::value::Value;

/// See the module comment. Serialized as a map of names.
#[derive(Default, Clone, Debug)]
pub(super) struct Values {
    rows: BTreeMap<u16, Value>,
    /// User options, and options of newer versions.
    others: BTreeMap<String, Value>,
}

impl Values {
    pub(super) fn at(&self, place: u16) -> Option<&Value> {
        self.rows.get(&place)
    }

    pub(super) fn user(&self, name: &str) -> Option<&Value> {
        self.others.get(name)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        match table::place(name) {
            Some(place) => self.rows.get_mut(&place),
            None => self.others.get_mut(name),
        }
    }

    pub(super) fn insert(&mut self, name: &str, value: Value) {
        match table::place(name) {
            Some(place) => drop(self.rows.insert(place, value)),
            None => drop(self.others.insert(name.to_owned(), value)),
        }
    }

    pub(super) fn insert_at(&mut self, place: u16, value: Value) {
        self.rows.insert(place, value);
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Value> {
        match table::place(name) {
            Some(place) => self.rows.remove(&place),
            None => self.others.remove(name),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.others.is_empty()
    }

    /// All values by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        let rows = self.rows.iter().map(|(&place, value)| (table::entry(place).name, value));
        let others = self.others.iter().map(|(name, value)| (name.as_str(), value));
        let mut all: Vec<_> = rows.chain(others).collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        all.into_iter()
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut values = Values::default();
        for (name, value) in BTreeMap::<String, Value>::deserialize(from)? {
            values.insert(&name, value);
        }
        Ok(values)
    }
}
