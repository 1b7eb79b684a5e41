//! The client's own terminal: what it can do (`term`, `features`, `caps`, `acs`) and what its
//! bytes mean (`keys`).
//!
//! A `Term` is built from the capabilities that a client sends when it identifies itself; the
//! terminfo database is read by clients only. A `keys::Decoder` turns the bytes that come from
//! the terminal into keys, mouse reports and replies. Nothing here does I/O or reads a clock.

pub mod acs;
pub mod caps;
pub mod expand;
pub mod features;
pub mod keys;
pub mod term;

pub use caps::Cap;
pub use features::Features;
pub use keys::{Decoder, InputEvent};
pub use term::{Term, TermOptions};
