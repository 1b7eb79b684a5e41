//! Copy mode and view mode: scrolling back through a pane's rows or a command's output, with a
//! cursor that selects, searches and copies.
//!
//! | file | holds |
//! |---|---|
//! | `folds` | rows that are folded into one |
//! | `outputs` | the output of commands: selected, copied, folded |
//! | `backing` | the rows: history read on demand, then the screen as it was |
//! | `state`, `motion`, `walk`, `selection`, `search` | the state machine, without a server |
//! | `commands` | the table of `send-keys -X` |
//! | `reader` | walking over words and wrapped rows |
//! | `draw`, `formats` | drawing; format variables |
//! | `saved` | its state for the next server |
//! | `mode`, `effects`, `mouse`, `lines` | the mode on its pane, and its effects outside |

mod ahead;
mod backing;
pub(crate) mod commands;
mod draw;
mod effects;
mod folds;
mod formats;
mod lines;
mod mode;
mod motion;
mod mouse;
mod outputs;
mod reader;
mod saved;
mod search;
mod selection;
mod state;
mod walk;

pub(crate) use mode::{CopyMode, with_copy_mode};

#[cfg(test)]
mod tests;
