//! A sorted table of large values: `BTreeMap` with each value in a box of its own.
//!
//! The nodes of a `BTreeMap` have room for eleven values. Ids are given in rising order, and then a node
//! stays half full, so a table of large values takes almost twice the memory of its values. Here the
//! nodes hold pointers.

use std::collections::{BTreeMap, btree_map};
use std::ops::{Index, RangeBounds};

/// See the module comment. The methods are those of `BTreeMap`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BoxedMap<K, V>(BTreeMap<K, Box<V>>);

impl<K, V> Default for BoxedMap<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

type Shared<'a, K, V> = std::iter::Map<btree_map::Iter<'a, K, Box<V>>, SharedItem<'a, K, V>>;
type SharedItem<'a, K, V> = fn((&'a K, &'a Box<V>)) -> (&'a K, &'a V);
type Mutable<'a, K, V> = std::iter::Map<btree_map::IterMut<'a, K, Box<V>>, MutableItem<'a, K, V>>;
type MutableItem<'a, K, V> = fn((&'a K, &'a mut Box<V>)) -> (&'a K, &'a mut V);
type Owned<K, V> = std::iter::Map<btree_map::IntoIter<K, Box<V>>, fn((K, Box<V>)) -> (K, V)>;

impl<K: Ord, V> BoxedMap<K, V> {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains_key(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.get(key).map(|value| &**value)
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key).map(|value| &mut **value)
    }

    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, Box::new(value)).map(|old| *old)
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key).map(|value| *value)
    }

    pub fn keys(&self) -> btree_map::Keys<'_, K, Box<V>> {
        self.0.keys()
    }

    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator {
        self.0.values().map(|value| &**value)
    }

    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> + ExactSizeIterator {
        self.0.values_mut().map(|value| &mut **value)
    }

    pub fn iter(&self) -> Shared<'_, K, V> {
        self.0.iter().map(|(key, value)| (key, &**value))
    }

    pub fn iter_mut(&mut self) -> Mutable<'_, K, V> {
        self.0.iter_mut().map(|(key, value)| (key, &mut **value))
    }

    pub fn range(&self, range: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.0.range(range).map(|(key, value)| (key, &**value))
    }

    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.0.retain(|key, value| keep(key, value));
    }
}

impl<K: Ord, V> Index<&K> for BoxedMap<K, V> {
    type Output = V;

    fn index(&self, key: &K) -> &V {
        &self.0[key]
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for BoxedMap<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(items: T) -> Self {
        Self(items.into_iter().map(|(key, value)| (key, Box::new(value))).collect())
    }
}

impl<K, V> IntoIterator for BoxedMap<K, V> {
    type Item = (K, V);
    type IntoIter = Owned<K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|(key, value)| (key, *value))
    }
}

impl<'a, K: Ord, V> IntoIterator for &'a BoxedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Shared<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, K: Ord, V> IntoIterator for &'a mut BoxedMap<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = Mutable<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_what_a_map_holds_in_its_order() {
        let mut map: BoxedMap<u32, String> =
            [(3, "c"), (1, "a"), (2, "b")].map(|(k, v)| (k, v.to_owned())).into_iter().collect();
        assert_eq!(map.insert(2, "B".to_owned()), Some("b".to_owned()));
        assert_eq!(map.remove(&1), Some("a".to_owned()));
        assert_eq!((map.get(&1), map.contains_key(&3), map.len()), (None, true, 2));
        map.values_mut().for_each(|value| value.push('!'));
        if let Some(value) = map.get_mut(&3) {
            value.push('?');
        }
        assert_eq!(map.iter().collect::<Vec<_>>(), [(&2, &"B!".to_owned()), (&3, &"c!?".to_owned())]);
        assert_eq!(map.range(3..).map(|(key, _)| *key).collect::<Vec<_>>(), [3]);
        map.retain(|key, _| *key == 3);
        assert_eq!(map.into_iter().collect::<Vec<_>>(), [(3, "c!?".to_owned())]);
    }
}
