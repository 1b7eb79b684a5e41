//! Copy mode and view mode.

pub mod backing;
pub mod commands;
mod formats;
mod motion;
mod reader;
mod search;
mod selection;
pub mod state;
