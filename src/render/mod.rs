//! Drawing for a client: `compose` builds a `Frame` from the model, `diff` finds the changes since
//! the previous frame, `emit` writes them for the client's terminal in few bytes. `drawing` starts and
//! stops the terminal and does all that for a frame; `tty` is its known state.
//!
//! The invariant, which the tests check: a terminal that shows frame `a` and is fed `emit(diff(a,
//! b))` shows frame `b`. There is one way to draw; nothing draws around it.

pub mod compose;
pub(crate) mod crops;
pub mod diff;
mod drawing;
pub mod emit;
pub mod frame;
mod images;
pub(crate) mod pictures;
pub(crate) mod sixels;
pub mod tty;

pub use diff::diff;

#[cfg(test)]
mod tests;
