//! Floor 5: the commands, one file for each family, and the queue that runs them.
//!
//! A command is a function `fn(&mut Cx, &ItemContext, &Args) -> Exec`. It finds its resolved targets in
//! the `ItemContext`, prints with `output::print`, and fails with `return output::error(cx, item, text)`.
//! To wait, it stores its item id where the work ends and returns `Exec::Wait`; the end of the work calls
//! `cx.server.queues.resume(id)`.

pub(crate) mod asked;
pub(crate) mod attach;
pub(crate) mod buffers;
pub(crate) mod capture;
pub(crate) mod capture_json;
mod capture_seen;
pub(crate) mod choose;
pub(crate) mod client;
mod command_output;
pub(crate) mod copy_mode;
pub(crate) mod defaults;
pub(crate) mod dispatch;
pub(crate) mod display_message;
pub(crate) mod display_panes;
pub(crate) mod environment;
mod history_range;
mod hooks;
pub(crate) mod input;
pub(crate) mod json;
pub(crate) mod kept;
pub(crate) mod keys;
pub(crate) mod layout;
mod line_marks;
pub(crate) mod list;
pub(crate) mod list_commands;
mod list_usage;
pub(crate) mod menu;
pub(crate) mod messages;
pub(crate) mod monitors;
pub(crate) mod move_window;
mod new_panes;
pub(crate) mod option_effects;
mod option_level;
pub(crate) mod options;
pub(crate) mod output;
pub(crate) mod pane;
pub(crate) mod pipe;
pub(crate) mod place;
pub(crate) mod popup;
pub(crate) mod progress;
mod prompt;
pub mod queue;
pub(crate) mod refresh;
pub(crate) mod resize_pane;
pub(crate) mod restore_sessions;
mod saved_wait;
pub(crate) mod search_transcripts;
mod send_command;
mod send_keys;
pub(crate) mod session;
pub(crate) mod shell;
pub(crate) mod source_file;
pub(crate) mod split;
pub(crate) mod steps;
pub(crate) mod template;
mod transcripts;
mod typed_command;
pub(crate) mod upgrade;
pub(crate) mod wait_for;
mod wait_match;
mod wait_pane;
pub(crate) mod waiters;
mod watch_events;
pub(crate) mod window;
