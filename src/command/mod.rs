//! Floor 5: the commands, one file for each family, and the queue that runs them.
//!
//! A command is a function `fn(&mut Cx, &ItemContext, &Args) -> Exec`. It finds its resolved targets in
//! the `ItemContext`, prints with `output::print`, and fails with `return output::error(cx, item, text)`.
//! To wait, it stores its item id where the work ends and returns `Exec::Wait`; the end of the work calls
//! `cx.server.queues.resume(id)`.

pub mod asked;
pub mod attach;
pub mod buffers;
pub mod capture;
pub(crate) mod capture_json;
mod capture_seen;
pub mod choose;
pub mod client;
mod command_output;
pub mod copy_mode;
pub mod defaults;
pub mod dispatch;
pub mod display_message;
pub mod display_panes;
pub mod environment;
pub mod input;
pub mod json;
pub mod kept;
pub mod keys;
pub mod layout;
mod line_marks;
pub mod list;
pub mod list_commands;
mod list_usage;
pub mod menu;
pub mod messages;
pub mod monitors;
pub mod move_window;
pub mod option_effects;
pub mod options;
pub mod output;
pub mod pane;
pub mod pipe;
pub mod place;
pub mod popup;
pub mod progress;
mod prompt;
pub mod queue;
pub mod refresh;
pub mod resize_pane;
pub mod restore_sessions;
pub mod search_transcripts;
mod send_command;
mod send_keys;
pub mod session;
pub mod shell;
pub mod source_file;
pub mod split;
pub mod steps;
pub mod template;
mod transcripts;
mod typed_command;
pub mod upgrade;
pub mod wait_for;
mod wait_match;
mod wait_pane;
pub mod waiters;
mod watch_events;
pub mod window;
