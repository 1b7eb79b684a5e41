//! Floor 6: the server. It owns the descriptors and the clock; all rooms below get both as
//! arguments.
//!
//! - `runtime`: the loop and the order of a turn
//! - `token`, `timers`: the events it waits for, in `reactor`
//! - `clock`: the time
//! - `pump`, `panes`: reading panes, and handling their output
//! - `clients`, `peer`, `files`: connections and their data
//! - `tty`, `ttys`, `frames`, `pacing`, `flood`: attached terminals, their input and drawing
//! - `control_io`: control clients' lines
//! - `jobs`, `custody`: programs, started through the keeper
//! - `old_jobs`: jobs of the previous server
//! - `upgrade`, `successor`, `passage`: replacing this program by another one
//! - `left_out`: parts that are not loaded because they killed earlier servers
//! - `logout`: whether a logout would end the server
//! - `birth`, `lost_keeper`: replacing a keeper that died
//! - `door`: the socket on which clients connect
//! - `newcomers`: clients that come while the state of a server that died is taken up
//! - `scopes`: a cgroup for each pane
//! - `saved`: sessions on disk, and restoring them after a reboot
//! - `settle`, `deadlines`: restoring invariants after each turn
//! - `command_line`: what the server was started with
//! - `startup`: from the keeper's hand-over to the first turn
//! - `rest`: freeing memory when the server is idle
//! - `log`, `health`: reports about the server itself
//! - `world`: the `Host` that commands see
//! - `headless`: for tests, all of this without programs, waiting and the time

mod awaited;
mod birth;
mod clients;
mod clock;
mod command_line;
mod control_io;
mod custody;
mod deadlines;
mod door;
mod files;
mod flood;
mod frames;
#[cfg(test)]
mod headless;
mod health;
mod histories;
mod input_queue;
mod jobs;
mod left_out;
mod log;
mod logout;
mod lost_keeper;
mod newcomers;
mod old_jobs;
mod outgoing;
mod pacing;
mod panes;
mod passage;
mod peer;
mod pictures;
mod pipes;
mod proc;
mod pump;
mod rest;
mod restore;
mod runtime;
mod saved;
mod scopes;
mod settle;
mod snapshot;
mod startup;
mod successor;
mod timers;
mod token;
mod tty;
mod ttys;
mod upgrade;
mod watch;
mod work;
mod world;

pub use snapshot::{StateFile, new_state, read_state};
pub(crate) use startup::run;
