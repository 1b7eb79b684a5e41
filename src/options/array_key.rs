//! Keys of elements of array options: numbers, or names as in tmux's main branch.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The key of an element. Numbers are ordered before names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ArrayKey {
    Number(u32),
    /// A name, which never consists only of digits.
    Name(Arc<str>),
}

impl ArrayKey {
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Name(_) => None,
        }
    }
}

impl From<u32> for ArrayKey {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for ArrayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl Serialize for ArrayKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ArrayKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Ok(text.parse().map_or_else(|_| Self::Name(text.into()), Self::Number))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn keys_are_sorted_and_are_read_back() {
        let keys = [ArrayKey::Name("a".into()), 10.into(), ArrayKey::Name("-1".into()), 9.into()];
        let map: BTreeMap<ArrayKey, u8> = keys.into_iter().zip(0..).collect();
        let text = serde_json::to_string(&map).unwrap();
        assert_eq!(text, r#"{"9":3,"10":1,"-1":2,"a":0}"#);
        assert_eq!(serde_json::from_str::<BTreeMap<ArrayKey, u8>>(&text).unwrap(), map);
    }
}
