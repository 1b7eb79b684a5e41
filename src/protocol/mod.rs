//! tmux's protocol: framing, messages and the connection that carries them, plus the private protocol
//! between server and keeper.
//!
//! Everything here is a pure state machine over bytes and file descriptors, except `fdpass`, which is the
//! only file that touches a socket, and `ring`, which writes a memory file. Hostile input causes an error
//! that ends only its own connection; every queue is bounded.
//!
//! - `error`: why a connection ends
//! - `imsg`: the 16-byte header and both markings of a passed descriptor
//! - `message`: every message of protocol version 8, in the layouts of tmux 3.3a to 3.7c
//! - `connection`: buffers, framing, order of descriptors
//! - `flags`, `features`: the bit sets in identify messages
//! - `custody`: the protocol between server and keeper
//! - `upgrade`: the protocol between a server and the one that replaces it
//! - `fdpass`: sending and receiving bytes with descriptors
//! - `ring`: the last lines of a server's log, shared with its keeper

pub(crate) mod connection;
pub(crate) mod custody;
mod error;
pub(crate) mod fdpass;
pub(crate) mod features;
pub(crate) mod flags;
pub(crate) mod imsg;
pub(crate) mod message;
pub(crate) mod ring;
pub(crate) mod upgrade;

pub use connection::Connection;
pub(crate) use error::ProtocolError;
pub(crate) use flags::ClientFlags;
pub(crate) use imsg::PROTOCOL_VERSION;
pub use message::Message;
