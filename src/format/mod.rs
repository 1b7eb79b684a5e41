//! Floor 3: tmux's format language: evaluation, modifiers, tables of variables, `#()` jobs, and drawing
//! of styled text.
//!
//! `Objects` are what formats are expanded for; `draw` puts the result on a surface. `syntax::format` reads
//! a format into a tree, once for each text, and `evaluate` gives the tree its value. Formats come from any
//! source, so nothing here may hang or grow: depth and work of an expansion are limited (`evaluate`, `run`),
//! and results have at most a few megabytes.
//!
//! No file of this room imports a file that imports it, directly or by others (`src/tidy.rs` tests it). So
//! they name each other's files and not this one.

pub(crate) mod draw;
mod evaluate;
mod expand;
mod fuzzy;
pub(crate) mod jobs;
mod lookup;
mod loops;
mod names;
mod number;
mod objects;
mod operators;
pub mod parse;
mod plan;
mod quote;
mod run;
pub(crate) mod sort;
pub(crate) mod style;
mod tables;
mod terminals;
mod times;
pub(crate) mod usage;
mod value;
mod vars;
pub(crate) mod watch;
mod width;

pub(crate) use names::window_name;
pub use objects::Objects;
pub(crate) use operators::is_true;
pub(crate) use terminals::FRAME_MS;
pub(crate) use vars::server::{BUFFER_MODE_FORMAT, CLIENT_MODE_FORMAT, TREE_MODE_FORMAT};
pub(crate) use width::{trim_left, trim_right, width};

#[cfg(test)]
mod tests;

/// Names of all variables, including those of scopemux.
#[cfg(test)]
pub(crate) fn variable_names() -> impl Iterator<Item = &'static str> {
    vars::all().into_iter().map(|(name, _)| name).chain(vars::ours().map(|(name, _)| *name))
}

/// True if tmux does not have the variable.
#[cfg(test)]
pub(crate) fn is_our_variable(name: &str) -> bool {
    vars::ours().any(|(ours, _)| *ours == name)
}
