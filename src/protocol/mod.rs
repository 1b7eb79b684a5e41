//! tmux's wire: framing, messages and the connection that carries them, plus the private wire
//! between server and keeper.
//!
//! Everything here is a pure state machine over bytes and file descriptors, except `fdpass`,
//! which is the only file that touches a socket, and `ring`, which writes a memory file. Hostile input is an error value that costs the
//! one connection it came from; every queue has a number.
//!
//! - `imsg`: the 16-byte header and both markings of a passed descriptor
//! - `message`: every message of protocol version 8, as tmux 3.3a to 3.7c lay them out
//! - `connection`: buffers, framing, order of descriptors
//! - `flags`, `features`: the bit sets that identify messages carry
//! - `custody`: what server and keeper say to each other
//! - `upgrade`: what a server and the one in its place say to each other
//! - `fdpass`: sending and receiving bytes with descriptors
//! - `ring`: the last lines of a server's log, which its keeper holds too

pub mod connection;
pub mod custody;
pub mod fdpass;
pub mod features;
pub mod flags;
pub mod imsg;
pub mod message;
pub mod ring;
pub mod upgrade;

pub use connection::{Connection, ProtocolError};
pub use flags::ClientFlags;
pub use message::Message;

/// The protocol version, the low byte of every header's peer id.
pub const PROTOCOL_VERSION: u32 = 8;
