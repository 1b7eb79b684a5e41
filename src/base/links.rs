//! Hyperlinks (OSC 8), interned: cells hold a small id, and a table holds the text.

use std::collections::{HashMap, VecDeque};

use super::cell::LinkId;

/// One hyperlink: the program's `id=` (may be empty) and the URI.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Hyperlink {
    pub id: String,
    pub uri: String,
}

/// A bounded table of hyperlinks. When it is full, the oldest entry is dropped; cells with its number
/// then show no link. Links without an `id=` always get separate numbers.
#[derive(Clone, Debug, Default)]
pub struct Links {
    by_id: HashMap<u32, Hyperlink>,
    by_link: HashMap<Hyperlink, u32>,
    order: VecDeque<u32>,
    next: u32,
}

impl Links {
    /// Maximum number of links per table (tmux 3.7c keeps 5000 in all).
    pub const MAX: usize = 5000;
    /// Longest URI and id in bytes; with a longer one there is no link.
    pub const MAX_URI_BYTES: usize = 8192;

    pub fn new() -> Self {
        Self::default()
    }

    /// The number of a link; a link with a known `id=` and URI keeps its number.
    pub fn intern(&mut self, id: &str, uri: &str) -> LinkId {
        if uri.is_empty() || uri.len() + id.len() > Self::MAX_URI_BYTES {
            return LinkId(0);
        }
        let link = Hyperlink { id: id.to_owned(), uri: uri.to_owned() };
        if !id.is_empty()
            && let Some(&known) = self.by_link.get(&link)
        {
            return LinkId(known);
        }
        if self.order.len() >= Self::MAX {
            self.drop_oldest();
        }
        self.next = self.next.wrapping_add(1).max(1);
        self.order.push_back(self.next);
        self.by_id.insert(self.next, link.clone());
        self.by_link.insert(link, self.next);
        LinkId(self.next)
    }

    /// The number of a link from another table: one with the same text keeps its number, so that rows can
    /// be copied repeatedly.
    pub fn adopt(&mut self, link: &Hyperlink) -> LinkId {
        match self.by_link.get(link) {
            Some(&known) => LinkId(known),
            None => self.intern(&link.id, &link.uri),
        }
    }

    /// The number of the newest link.
    pub fn newest(&self) -> u32 {
        self.next
    }

    /// Continues the numbers of a table whose newest was `newest`.
    pub fn go_on_from(&mut self, newest: u32) {
        self.next = self.next.max(newest);
    }

    /// Adds a link under the number that it had.
    pub fn restore(&mut self, id: LinkId, link: Hyperlink) {
        if id.0 == 0 || self.order.len() >= Self::MAX || self.by_id.contains_key(&id.0) {
            return;
        }
        self.order.push_back(id.0);
        self.by_id.insert(id.0, link.clone());
        self.by_link.insert(link, id.0);
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.order.pop_front() else { return };
        if let Some(link) = self.by_id.remove(&oldest)
            && self.by_link.get(&link) == Some(&oldest)
        {
            self.by_link.remove(&link);
        }
    }

    pub fn get(&self, id: LinkId) -> Option<&Hyperlink> {
        self.by_id.get(&id.0)
    }

    pub fn clear(&mut self) {
        *self = Self { next: self.next, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_and_shared_by_id() {
        let mut links = Links::new();
        let a = links.intern("x", "http://a");
        assert_eq!(links.intern("x", "http://a"), a);
        assert_ne!(links.intern("", "http://a"), links.intern("", "http://a"));
        for n in 0..Links::MAX {
            links.intern("", &format!("http://{n}"));
        }
        assert_eq!(links.get(a), None);
        assert_eq!(links.order.len(), Links::MAX);
        assert_eq!(links.intern("", &"x".repeat(9000)), LinkId(0));
    }
}
