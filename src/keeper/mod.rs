//! The keeper: a tiny process that forks panes and jobs, is their parent, and holds on to what
//! must outlive a server. It parses nothing that comes from a pane and starts no thread.
//!
//! It starts the server as its child (for `tmux -D` it is the server's child instead). When the
//! server ends without a goodbye, it starts another and hands over the listening socket, the
//! masters of all ptys, and the last snapshot; an upgrade is the same with a new program.
//! It never lets go of a living pane: when servers die one after the other it stops starting
//! them by itself (`deaths`), says so to who connects, and starts the next for who asks (`hold`).

mod deaths;
mod groups;
mod handover;
mod held;
mod hold;
mod limits;
mod spawn;
mod strangers;
mod successor;

pub use handover::{replace, resume};
pub use held::{Keeper, Template};
pub use spawn::{adopt, daemonize};

/// Set in the environment of a keeper that becomes a new program: the descriptor of its state.
pub const RESUME_VARIABLE: &str = "SCOPEMUX_KEEPER";
/// Set for a new program that is to become the next server: descriptors of its keeper's state and
/// of the channel to the server before.
pub const SUCCESSOR_VARIABLE: &str = "SCOPEMUX_SUCCESSOR";
