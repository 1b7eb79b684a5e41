//! The keeper: a tiny process that forks panes and jobs, is their parent, and holds all that must outlive
//! a server. It parses no output of panes and starts no thread.
//!
//! It starts the server as its child (for `tmux -D` it is the server's child instead). When the server
//! ends without a goodbye, the keeper starts another and hands over the listening socket, the masters of
//! all ptys, and the last snapshot; an upgrade does the same with a new program. It never drops a living
//! pane: when servers die one after the other, it stops restarting them by itself (`deaths`), tells
//! clients so, and starts the next when a client asks for one (`hold`).

mod deaths;
mod groups;
mod handover;
mod hold;
mod limits;
mod resume;
mod serve;
mod spawn;
mod state;
mod strangers;
mod successor;

pub(crate) use handover::replace;
pub(crate) use resume::resume;
pub(crate) use spawn::daemonize;
pub(crate) use state::{Keeper, Template};
