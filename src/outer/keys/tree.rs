//! A tree from byte sequences to keys, searched for the longest known sequence.

use std::collections::BTreeMap;

use crate::base::Key;

/// One byte of a sequence.
#[derive(Clone, Debug, Default)]
struct Node {
    key: Option<Key>,
    next: BTreeMap<u8, usize>,
}

/// Result of a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Found {
    pub key: Key,
    /// Bytes of the sequence.
    pub size: usize,
    /// A longer sequence starts with this one.
    pub may_continue: bool,
}

/// The tree; see the module comment.
#[derive(Clone, Debug)]
pub(super) struct KeyTree {
    nodes: Vec<Node>,
}

impl Default for KeyTree {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl KeyTree {
    /// Walks down: to the end of `bytes`, or to a known sequence that cannot be continued.
    fn walk(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let mut at = 0;
        for (n, byte) in bytes.iter().enumerate() {
            at = *self.nodes[at].next.get(byte)?;
            let node = &self.nodes[at];
            if n + 1 == bytes.len() || (node.next.is_empty() && node.key.is_some()) {
                return Some((at, n + 1));
            }
        }
        None
    }

    /// Adds or replaces a sequence.
    pub(super) fn add(&mut self, bytes: &[u8], key: Key) {
        if bytes.is_empty() {
            return;
        }
        // tmux: a sequence that continues a known, final one replaces that one.
        if let Some((at, _)) = self.walk(bytes) {
            self.nodes[at].key = Some(key);
            return;
        }
        let mut at = 0;
        for &byte in bytes {
            at = match self.nodes[at].next.get(&byte) {
                Some(&next) => next,
                None => {
                    self.nodes.push(Node::default());
                    let new = self.nodes.len() - 1;
                    self.nodes[at].next.insert(byte, new);
                    new
                }
            };
        }
        self.nodes[at].key = Some(key);
    }

    /// The key at the start of `bytes`, if they form a known prefix.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<Found> {
        let (at, size) = self.walk(bytes)?;
        let node = &self.nodes[at];
        node.key.map(|key| Found { key, size, may_continue: !node.next.is_empty() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_longest() {
        let mut tree = KeyTree::default();
        tree.add(b"abcd", Key::char('2'));
        tree.add(b"ab", Key::char('1'));
        let find = |tree: &KeyTree, bytes: &[u8]| tree.find(bytes).map(|f| (f.key, f.size, f.may_continue));
        assert_eq!(find(&tree, b"abcdx"), Some((Key::char('2'), 4, false)));
        assert_eq!(find(&tree, b"ab"), Some((Key::char('1'), 2, true)));
        assert_eq!(find(&tree, b"abx"), None);
        assert_eq!(find(&tree, b"abc"), None);
        tree.add(b"abcdef", Key::char('3'));
        assert_eq!(find(&tree, b"abcd"), Some((Key::char('3'), 4, false)));
    }
}
