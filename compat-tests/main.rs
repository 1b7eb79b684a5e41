//! The whole program as its users meet it: processes, terminals, connections, crashes. Cases that
//! were recorded from tmux are in a test target of their own, `recorded`.

mod about;
mod agents;
mod control;
mod flood;
mod full_screen;
mod keeper;
mod kept;
mod keyboard;
mod limits;
mod panics;
mod pictures;
mod recordings;
mod recovery;
mod restore;
mod screen;
mod server;
mod steps;
mod streams;
mod upgrade;
mod views;
