//! The format language as a tree: `#{…}` with its modifiers, forms and operands, `#(…)`, `#X`, escapes
//! and styles. Reading it knows no objects; `format` expands it.
//!
//! A text is read once and found in a `Cache` afterwards. Where the text to be read depends on an
//! expansion, the tree holds only where it comes from, and the text is looked up in the cache when it is
//! known: the values that `#{E:…}` and `#{T:…}` expand again, patterns of `#{s/…/…/:}`, output of `#()`,
//! and each format that `strftime` changes first.

mod cache;
mod modifiers;
mod part;
mod read;
pub(crate) mod scan;
mod tree;

pub(crate) use cache::Cache;
pub(crate) use modifiers::{Kind, Modifier};
pub(crate) use part::Part;
pub(crate) use read::{MAX_TEXT, Pieces};
pub(crate) use tree::{Body, Form, Format, Operands, Over, Pair, Piece, Replacement};

#[cfg(test)]
mod tests;
