//! Floor 3: tmux's format language: evaluation, modifiers, variables as tables per noun, `#()`
//! jobs, and drawing of styled text.
//!
//! `Scope` says what a format is about and expands it; `draw` puts the result on a surface.
//! Formats come from anywhere, so nothing here can hang or grow: depth and work of an
//! expansion are bounded (`expand`), results are at most a few megabytes.

pub mod draw;
mod expand;
pub mod jobs;
mod lookup;
mod loops;
mod modifiers;
mod number;
mod operators;
pub mod parse;
mod scan;
mod scope;
pub mod sort;
pub mod style;
mod vars;
mod width;

pub use scan::{is_true, skip};
pub use scope::Scope;
pub use width::{trim_left, trim_right, width};

#[cfg(test)]
mod tests;
