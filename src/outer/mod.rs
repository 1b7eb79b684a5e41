//! The client's own terminal: its abilities (`term`, `features`, `caps`, `acs`) and the meaning of its
//! input (`keys`).
//!
//! A `Term` is built from the capabilities that a client sends when it identifies itself; only clients
//! read the terminfo database. A `keys::Decoder` turns input from the terminal into keys, mouse reports
//! and replies. Nothing here does I/O or reads a clock.

pub mod acs;
pub(crate) mod caps;
pub(crate) mod expand;
pub(crate) mod features;
pub(crate) mod keys;
pub(crate) mod term;

pub(crate) use caps::Cap;
pub use features::Features;
pub use keys::{Decoder, InputEvent};
pub use term::{Term, TermOptions};
