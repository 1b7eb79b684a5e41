//! The whole program as its users meet it: processes, terminals, connections, crashes. The cases
//! recorded from tmux have their own test target, `recorded`.

mod about;
mod agents;
mod completions;
mod control;
mod flood;
mod full_screen;
mod keeper;
mod kept;
mod keyboard;
mod limits;
#[cfg(debug_assertions)]
mod long_work;
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
