//! A scope per pane: its own cgroup with its own limits, so that a program that uses too much harms only
//! its own pane.
//!
//! `Containment` is the interface to the server. Backends, best first: `delegated` (a cgroup v2 subtree
//! that the server owns), `units` (a systemd scope per pane), `v1` (memory and pids groups of legacy
//! hosts), `none`. `choose` selects one at start. None of them sets `memory.high`: between high and max,
//! without swap, a program whose use stays constant would be throttled without end.
//!
//! Nothing here blocks a turn: group files are read at once, and D-Bus runs in tasks (`bus`) with a
//! deadline on every call.

mod backend;
mod backstop;
mod bus;
mod choose;
mod delegated;
mod events;
mod group;
mod host;
mod limits;
mod none;
mod oom;
mod pressure;
mod scope;
mod units;
mod v1;
mod v2;

pub use backend::{Backend, Containment, Status, Stray};
pub use backstop::{
    Attention, Backstop, Deed, KEYED_MS, PaneLoad, ProcessLoad, Standing, Victim, choose_victim, load_of,
};
pub use choose::{Choice, Found, Late, Settings, Starting};
pub use host::Host;
pub use limits::{Amount, BadAmount, LIMITS, Limit, Limits, Usage, parse_amount};
pub use oom::{KernelLog, PANE_OOM_SCORE, pane_oom_score, raise_oom_score};
pub use pressure::Pressure;
pub use scope::{Event, OomCause, PaneScope, SpawnTarget};
