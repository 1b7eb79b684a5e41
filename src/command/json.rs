//! `-j`: listings of commands as JSON. Keys are the names of format variables and are stable; the tables
//! in this file give the type of each value.

use serde_json::{Map, Value, json};

use crate::base::text;
use crate::format::Objects;
use crate::model::{ClientFlags, Cx, ItemContext};

use super::output;

/// The type of a value. A missing text is empty, a missing list has no elements; any other missing value
/// is `null`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Text,
    /// A whole number.
    Number,
    /// Seconds since the Unix epoch; `null` if it never happened.
    Time,
    Flag,
    /// An array of texts.
    Texts,
    /// An array of numbers.
    Numbers,
}

use Kind::{Flag, Number, Numbers, Text, Texts, Time};

/// Keys of one kind of object.
pub(crate) type Keys = &'static [(&'static str, Kind)];

pub(crate) const SESSION: Keys = &[
    ("active_window_index", Number),
    ("last_window_index", Number),
    ("session_activity", Time),
    ("session_alerts", Text),
    ("session_attached", Number),
    ("session_attached_list", Texts),
    ("session_created", Time),
    ("session_group", Text),
    ("session_group_list", Texts),
    ("session_grouped", Flag),
    ("session_id", Text),
    ("session_last_attached", Time),
    ("session_many_attached", Flag),
    ("session_marked", Flag),
    ("session_name", Text),
    ("session_path", Text),
    ("session_stack", Numbers),
    ("session_windows", Number),
];

pub(crate) const WINDOW: Keys = &[
    ("session_id", Text),
    ("session_name", Text),
    ("window_active", Flag),
    ("window_active_clients", Number),
    ("window_activity", Time),
    ("window_activity_flag", Flag),
    ("window_bell_flag", Flag),
    ("window_flags", Text),
    ("window_height", Number),
    ("window_id", Text),
    ("window_index", Number),
    ("window_last_flag", Flag),
    ("window_layout", Text),
    ("window_linked", Flag),
    ("window_linked_sessions_list", Texts),
    ("window_marked_flag", Flag),
    ("window_name", Text),
    ("window_panes", Number),
    ("window_silence_flag", Flag),
    ("window_visible_layout", Text),
    ("window_width", Number),
    ("window_zoomed_flag", Flag),
];

pub(crate) const PANE: Keys = &[
    ("alternate_on", Flag),
    ("cursor_flag", Flag),
    ("cursor_x", Number),
    ("cursor_y", Number),
    ("history_bytes", Number),
    ("history_limit", Number),
    ("history_size", Number),
    ("mouse_any_flag", Flag),
    ("pane_active", Flag),
    ("pane_at_bottom", Flag),
    ("pane_at_left", Flag),
    ("pane_at_right", Flag),
    ("pane_at_top", Flag),
    ("pane_bottom", Number),
    ("pane_current_command", Text),
    ("pane_current_path", Text),
    ("pane_dead", Flag),
    ("pane_dead_signal", Number),
    ("pane_dead_status", Number),
    ("pane_dead_time", Time),
    ("pane_floating_flag", Flag),
    ("pane_height", Number),
    ("pane_id", Text),
    ("pane_in_mode", Number),
    ("pane_index", Number),
    ("pane_input_off", Flag),
    ("pane_left", Number),
    ("pane_marked", Flag),
    ("pane_mode", Text),
    ("pane_oom_kills", Number),
    ("pane_path", Text),
    ("pane_pid", Number),
    ("pane_pipe", Flag),
    ("pane_right", Number),
    ("pane_scope", Text),
    ("pane_start_command", Text),
    ("pane_start_path", Text),
    ("pane_synchronized", Flag),
    ("pane_tabs", Numbers),
    ("pane_title", Text),
    ("pane_top", Number),
    ("pane_tty", Text),
    ("pane_unseen_changes", Flag),
    ("pane_width", Number),
    ("pane_z", Number),
    ("pane_zoomed_flag", Flag),
    ("session_id", Text),
    ("session_name", Text),
    ("window_active", Flag),
    ("window_id", Text),
    ("window_index", Number),
    ("window_name", Text),
];

pub(crate) const CLIENT: Keys = &[
    ("client_activity", Time),
    ("client_cell_height", Number),
    ("client_cell_width", Number),
    ("client_control_mode", Flag),
    ("client_created", Time),
    ("client_discarded", Number),
    ("client_flags", Texts),
    ("client_height", Number),
    ("client_key_table", Text),
    ("client_last_session", Text),
    ("client_name", Text),
    ("client_pid", Number),
    ("client_prefix", Flag),
    ("client_readonly", Flag),
    ("client_session", Text),
    ("client_termfeatures", Texts),
    ("client_termname", Text),
    ("client_termtype", Text),
    ("client_theme", Text),
    ("client_tty", Text),
    ("client_uid", Number),
    ("client_user", Text),
    ("client_utf8", Flag),
    ("client_width", Number),
    ("client_written", Number),
];

pub(crate) const BUFFER: Keys =
    &[("buffer_created", Time), ("buffer_name", Text), ("buffer_sample", Text), ("buffer_size", Number)];

pub(crate) const SERVER: Keys = &[
    ("config_files", Texts),
    ("host", Text),
    ("pid", Number),
    ("server_sessions", Number),
    ("socket_path", Text),
    ("start_time", Time),
    ("uid", Number),
    ("user", Text),
    ("version", Text),
];

pub(crate) const COMMAND: Keys =
    &[("command_list_alias", Text), ("command_list_name", Text), ("command_list_usage", Text)];

pub(crate) const KEY: Keys = &[
    ("key_command", Text),
    ("key_note", Text),
    ("key_repeat", Flag),
    ("key_string", Text),
    ("key_table", Text),
];

pub(crate) const TRANSCRIPT: Keys = &[
    ("transcript_bytes", Number),
    ("transcript_command", Text),
    ("transcript_created", Time),
    ("transcript_error", Text),
    ("transcript_keep_until", Time),
    ("transcript_live", Flag),
    ("transcript_name", Text),
    ("transcript_pane", Text),
];

pub(crate) const USAGE: Keys = &[
    ("pane_current_command", Text),
    ("pane_id", Text),
    ("pane_index", Number),
    ("pane_oom_kills", Number),
    ("session_name", Text),
    ("usage_cpu_permille", Number),
    ("usage_history_bytes", Number),
    ("usage_history_max_bytes", Number),
    ("usage_kind", Text),
    ("usage_memory_bytes", Number),
    ("usage_memory_max_bytes", Number),
    ("usage_memory_peak_bytes", Number),
    ("usage_name", Text),
    ("usage_pids", Number),
    ("usage_pids_max", Number),
    ("usage_scope", Text),
    ("window_index", Number),
];

/// The values of keys, for some objects.
pub(crate) fn object(objects: &Objects<'_>, keys: &[Keys]) -> Map<String, Value> {
    let keys = keys.iter().copied().flatten();
    keys.map(|&(name, kind)| (name.to_owned(), value(objects.variable(name), kind))).collect()
}

fn value(given: Option<String>, kind: Kind) -> Value {
    let given = given.unwrap_or_default();
    let parts = || given.split(',').filter(|part| !part.is_empty());
    let number = |text: &str| text.parse::<i64>().map_or(Value::Null, Value::from);
    match kind {
        Text => string(&given),
        Number => number(&given),
        Time if given == "0" => Value::Null,
        Time => number(&given),
        Flag => json!(!given.is_empty() && given != "0"),
        Texts => parts().map(string).collect(),
        Numbers => parts().map(number).collect(),
    }
}

/// A text as a JSON string: U+FFFD stands for bytes that are not UTF-8.
pub(crate) fn string(text: &str) -> Value {
    Value::String(String::from_utf8_lossy(&text::to_bytes(text)).into_owned())
}

/// JSON for a client: without UTF-8 it gets `\u` escapes for characters beyond ASCII.
pub(crate) fn for_client(cx: &Cx<'_>, item: &ItemContext, json: String) -> String {
    let client = item.client.and_then(|id| cx.server.client(id));
    if json.is_ascii() || client.is_none_or(|client| client.flags.contains(ClientFlags::UTF8)) {
        return json;
    }
    ascii(&json)
}

/// The same JSON in ASCII: characters beyond it occur only in strings.
pub(crate) fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

/// Prints one object on a line.
pub(crate) fn print(cx: &mut Cx<'_>, item: &ItemContext, object: Map<String, Value>) {
    let line = for_client(cx, item, Value::Object(object).to_string());
    output::print(cx, item, &line);
}

/// Prints an array, each element on a line.
pub(crate) fn print_array(cx: &mut Cx<'_>, item: &ItemContext, elements: &[String]) {
    if elements.is_empty() {
        output::print(cx, item, "[]");
        return;
    }
    for (index, element) in elements.iter().enumerate() {
        let (open, close) =
            (if index == 0 { "[" } else { " " }, if index + 1 == elements.len() { "]" } else { "," });
        let line = for_client(cx, item, format!("{open}{element}{close}"));
        output::print(cx, item, &line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_variables_and_have_one_type_wherever_they_are() {
        let tables = [SESSION, WINDOW, PANE, CLIENT, BUFFER, SERVER, COMMAND, KEY, TRANSCRIPT, USAGE];
        let mut kinds = std::collections::BTreeMap::new();
        for table in tables {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0), "{:?}", table[0]);
            for (name, kind) in table {
                assert_eq!(kinds.insert(name, kind).unwrap_or(kind), kind, "{name}");
            }
        }
        let known: Vec<&str> = crate::format::variable_names().collect();
        let of_tables = ["command_list_", "key_", "transcript_", "usage_"];
        for name in kinds.keys() {
            let is_added = of_tables.iter().any(|prefix| name.starts_with(prefix));
            assert!(is_added || known.contains(name), "{name}");
        }
    }

    #[test]
    fn values_have_their_types() {
        let check = |given: Option<&str>, kind, expect: Value| {
            assert_eq!(value(given.map(str::to_owned), kind), expect, "{given:?} {kind:?}");
        };
        check(Some("7"), Number, json!(7));
        check(None, Number, Value::Null);
        check(Some("0"), Flag, json!(false));
        check(Some("1"), Flag, json!(true));
        check(None, Flag, json!(false));
        check(Some("0"), Time, Value::Null);
        check(Some("1,2"), Numbers, json!([1, 2]));
        check(Some(""), Texts, json!([]));
        check(Some("a,b"), Texts, json!(["a", "b"]));
        check(Some(&text::from_bytes(b"a\xffb")), Text, json!("a\u{fffd}b"));
        check(None, Text, json!(""));
    }

    #[test]
    fn ascii_is_the_same_json() {
        let text = json!({"a": "ä世😀\u{1b}"}).to_string();
        let ascii = ascii(&text);
        assert!(ascii.is_ascii());
        assert_eq!(
            serde_json::from_str::<Value>(&ascii).unwrap(),
            serde_json::from_str::<Value>(&text).unwrap()
        );
    }
}
