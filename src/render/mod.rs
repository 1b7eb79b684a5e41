//! What a client shows: `compose` builds a `Frame` from the model, `diff` says what changed
//! since the frame before, `emit` writes that for the client's terminal in as few bytes as it
//! can. `tty` starts and stops the terminal and holds what is known of its state.
//!
//! The invariant, which the tests hold: a terminal that shows frame `a` and is fed
//! `emit(diff(a, b))` shows frame `b`. There is one way to draw; nothing draws around it.

pub mod compose;
pub mod diff;
pub mod emit;
pub mod frame;
mod images;
pub mod pictures;
pub mod tty;

pub use diff::diff;

#[cfg(test)]
mod tests;
