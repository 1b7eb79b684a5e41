//! Floor 6: the server. It owns the descriptors and the clock; everything below is handed
//! both as arguments.
//!
//! - `runtime`: the loop and the order of a turn
//! - `token`, `timers`: what it waits for, in `reactor`
//! - `pump`, `panes`: reading panes, and what their programs say
//! - `clients`, `peer`, `files`: connections and what goes over them
//! - `tty`, `ttys`, `frames`, `flood`: attached terminals, their input and drawing
//! - `control_io`: control clients' lines
//! - `jobs`, `custody`: programs, started through the keeper
//! - `old_jobs`: jobs of the server before, taken up
//! - `upgrade`, `successor`, `passage`: another program in the place of this one
//! - `left_out`: what a server does without, since others died of it
//! - `logout`: whether a logout would end the server
//! - `lost_keeper`: another keeper in place of one that died
//! - `scopes`: a cgroup for each pane
//! - `saved`: sessions on disk, and their coming back after a reboot
//! - `settle`: what must hold again after each turn
//! - `startup`: from the keeper's hand-over to the first turn
//! - `rest`: what it gives back when nothing happens
//! - `log`, `health`: what it says of itself
//! - `world`: the `Host` that commands see

mod clients;
mod control_io;
mod custody;
mod files;
mod flood;
mod frames;
mod health;
mod histories;
mod input_queue;
mod jobs;
mod left_out;
mod log;
mod logout;
mod lost_keeper;
mod old_jobs;
mod outgoing;
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
pub use startup::run;
