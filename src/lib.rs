//! scopemux: a drop-in tmux server and client with a cgroup scope per pane and history on disk.
//!
//! `docs/architecture.md` is the map. Imports go down the floors only; `tidy` checks it.

#![deny(unsafe_code)]

mod base;
mod client;
mod command;
mod containment;
mod control;
mod format;
mod keeper;
mod model;
mod options;
mod outer;
pub mod program;
mod protocol;
mod reactor;
mod render;
mod server;
mod syntax;
#[allow(unsafe_code)] // This room makes safe functions of it; see there.
mod sys;
mod terminal;
pub mod testing;
mod transcript;
mod view;

#[cfg(test)]
mod circles;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod manual;
#[cfg(test)]
mod tidy;
