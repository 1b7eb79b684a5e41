//! A part of a text that is shared: nodes of a tree hold their texts without copying them.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A range of a shared text.
#[derive(Clone)]
pub(crate) struct Part {
    source: Arc<str>,
    range: Range<usize>,
}

impl Part {
    /// A whole text.
    pub(crate) fn new(text: &str) -> Self {
        Self { source: text.into(), range: 0..text.len() }
    }

    /// A part of this part, which must begin and end between characters.
    pub(super) fn slice(&self, range: Range<usize>) -> Self {
        let start = self.range.start;
        let range = start + range.start..start + range.end;
        debug_assert!(range.end <= self.range.end);
        Self { source: Arc::clone(&self.source), range }
    }

    /// Everything from a position.
    pub(super) fn tail(&self, from: usize) -> Self {
        self.slice(from..self.len())
    }
}

impl Deref for Part {
    type Target = str;

    fn deref(&self) -> &str {
        &self.source[self.range.clone()]
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
