//! A value that detects changes: it has a stamp, and each mutable borrow gives it a new one. The holder
//! of a copy compares stamps instead of contents, and code that changes the value cannot forget to mark
//! it.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Stamps come from one counter, so that two values with the same stamp are equal even if one has
/// replaced the other.
static NEXT: AtomicU64 = AtomicU64::new(1);

fn stamp() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// See the module comment. A clone has the stamp of its original.
#[derive(Clone, Debug)]
pub struct Tracked<T> {
    value: T,
    stamp: u64,
}

impl<T> Tracked<T> {
    pub fn new(value: T) -> Self {
        Self { value, stamp: stamp() }
    }

    /// Stays the same as long as the value does.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }
}

impl<T: Default> Default for Tracked<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Deref for Tracked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Tracked<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.stamp = stamp();
        &mut self.value
    }
}

impl<T: Serialize> Serialize for Tracked<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Tracked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_new_stamp() {
        let mut value = Tracked::new(vec![1]);
        let before = value.clone();
        assert_eq!(value.len(), 1);
        assert_eq!(value.stamp(), before.stamp());
        value.push(2);
        assert_ne!(value.stamp(), before.stamp());
        assert_ne!(Tracked::new(vec![1]).stamp(), before.stamp());
    }
}
