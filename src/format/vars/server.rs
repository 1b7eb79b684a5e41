//! Variables about the server and the machine.

use super::row::{Table, flag, text};
use crate::format::objects::{Kind, Objects};
use crate::format::value::Value;

/// The version of tmux that scopemux is equivalent to.
const VERSION: &str = "3.7c";

/// Default format of a line in the buffer chooser.
pub(crate) const BUFFER_MODE_FORMAT: &str = "#{t/p:buffer_created}: #{buffer_sample}";
/// Default format of a line in the client chooser.
pub(crate) const CLIENT_MODE_FORMAT: &str = "#{t/p:client_activity}: session #{session_name}";
/// Default format of a line in the tree chooser.
pub(crate) const TREE_MODE_FORMAT: &str = concat!(
    "#{?pane_format,",
    "#{?pane_marked,#[reverse],}#{?pane_floating_flag,#[italics],}#{pane_current_command}#{pane_flags}",
    "#{?#{&&:#{pane_title},#{!=:#{pane_title},#{host_short}}},: \"#{pane_title}\",}",
    ",window_format,",
    "#{?window_marked_flag,#[reverse],}#{window_name}#{window_flags}",
    "#{?#{&&:#{==:#{window_panes},1},#{&&:#{pane_title},#{!=:#{pane_title},#{host_short}}}},",
    ": \"#{pane_title}\",}",
    ",",
    "#{session_windows} windows",
    "#{?session_grouped, (group #{session_group}: #{session_group_list}),}",
    "#{?session_attached, (attached),}",
    "}",
);

pub(super) const TABLE: Table = &[
    ("buffer_mode_format", |_| text(BUFFER_MODE_FORMAT)),
    ("client_mode_format", |_| text(CLIENT_MODE_FORMAT)),
    ("config_files", |objects| text(objects.server().config_files.join(","))),
    ("host", |objects| text(objects.host().hostname())),
    ("host_short", host_short),
    ("loop_last_flag", |objects| flag(objects.last_in_loop)),
    ("next_session_id", |objects| text(format_args!("${}", objects.server().next_session))),
    ("pane_format", |objects| flag(objects.kind() == Kind::Pane)),
    ("pid", |objects| text(objects.server().pid)),
    ("server_sessions", |objects| text(objects.server().sessions.len())),
    ("session_format", |objects| flag(objects.kind() == Kind::Session)),
    ("sixel_support", |_| flag(true)),
    ("socket_path", |objects| text(&objects.server().socket_path)),
    ("start_time", |objects| Some(Value::Time(objects.server().start_time.secs()))),
    ("tree_mode_format", |_| text(TREE_MODE_FORMAT)),
    ("uid", |objects| text(objects.server().uid)),
    ("user", |objects| text(objects.host().user_name(objects.server().uid)?)),
    ("version", |_| text(VERSION)),
    ("window_format", |objects| flag(objects.kind() == Kind::Window)),
];

fn host_short(objects: &Objects<'_>) -> Option<Value> {
    let host = objects.host().hostname();
    text(host.split('.').next().unwrap_or_default())
}
