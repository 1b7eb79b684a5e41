//! scopemux: a drop-in tmux server and client with a cgroup scope per pane and history on disk.
//!
//! `docs/architecture.md` is the map. Imports go down the floors only; `tidy` checks it.

pub mod base;
pub mod client;
pub mod command;
pub mod containment;
pub mod control;
pub mod format;
pub mod keeper;
pub mod model;
pub mod options;
pub mod outer;
pub mod protocol;
pub mod reactor;
pub mod render;
pub mod server;
pub mod syntax;
pub mod terminal;
pub mod transcript;
pub mod view;

#[cfg(test)]
mod limits;
#[cfg(test)]
mod manual;
#[cfg(test)]
mod tidy;
