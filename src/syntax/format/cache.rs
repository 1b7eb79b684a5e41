//! Formats that were read before, found by their text.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::read::parse;
use super::tree::{Format, Piece, Replacement};

/// Formats in each of the two halves of the cache.
const MAX_FORMATS: usize = 512;

/// Bytes of texts and trees in each of the two halves of the cache.
const MAX_BYTES: usize = 2 << 20;

/// What a node of a tree needs at most.
const NODE_BYTES: usize = size_of::<Piece>() + size_of::<Replacement>();

/// Trees of formats. The cache has two halves: what is used is in the new one, and when that is full
/// it becomes the old one, whose formats are forgotten. So a format stays as long as it is used.
#[derive(Default)]
pub(crate) struct Cache {
    new: HashSet<Entry>,
    new_bytes: usize,
    old: HashSet<Entry>,
}

/// A format that is found by its text.
struct Entry {
    format: Arc<Format>,
    bytes: usize,
}

impl Borrow<str> for Entry {
    fn borrow(&self) -> &str {
        &self.format.text
    }
}

impl Hash for Entry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (*self.format.text).hash(state);
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        *self.format.text == *other.format.text
    }
}

impl Eq for Entry {}

impl Cache {
    /// The tree of a text, which is read if it is not there.
    pub(crate) fn get(&mut self, text: &str) -> Arc<Format> {
        if let Some(entry) = self.new.get(text) {
            return Arc::clone(&entry.format);
        }
        let entry = self.old.take(text).unwrap_or_else(|| {
            let (format, nodes) = parse(text);
            Entry { format: Arc::new(format), bytes: text.len() + nodes * NODE_BYTES }
        });
        if self.new.len() == MAX_FORMATS || self.new_bytes + entry.bytes > MAX_BYTES {
            self.old = std::mem::take(&mut self.new);
            self.new_bytes = 0;
        }
        let format = Arc::clone(&entry.format);
        self.new_bytes += entry.bytes;
        self.new.insert(entry);
        format
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_TEXT;
    use super::*;

    #[test]
    fn a_text_is_read_once() {
        let mut cache = Cache::default();
        let first = cache.get("#{a}");
        assert!(Arc::ptr_eq(&first, &cache.get("#{a}")));
        assert!(!Arc::ptr_eq(&first, &cache.get("#{b}")));
    }

    /// Formats in use outlive any number of others, and others do not stay.
    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let mut cache = Cache::default();
        let used = cache.get("#{used}");
        for n in 0..10 * MAX_FORMATS {
            cache.get(&format!("#{{@{n}}}"));
            if n % (MAX_FORMATS / 2) == 0 {
                assert!(Arc::ptr_eq(&used, &cache.get("#{used}")), "{n}");
            }
            assert!(cache.new.len() + cache.old.len() <= 2 * MAX_FORMATS);
        }
    }

    #[test]
    fn large_trees_push_others_out() {
        let mut cache = Cache::default();
        for n in 0..100 {
            cache.get(&format!("#{{@{n}}}{}", "#,".repeat(MAX_TEXT / 3)));
            assert!(cache.new_bytes <= MAX_BYTES);
            assert!(cache.old.iter().map(|entry| entry.bytes).sum::<usize>() <= MAX_BYTES);
        }
        assert!((1..20).contains(&cache.new.len()));
    }
}
