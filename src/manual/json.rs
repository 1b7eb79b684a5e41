//! The page about JSON: the keys of each command's objects, and their types.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::rows::lines;
use super::{FORMATS, keep};
use crate::command::capture_json;
use crate::command::json::{self, Keys, Kind};

/// Descriptions of keys that are not variables of all formats.
const OTHERS: &[(&str, &str)] = &[
    ("command_list_alias", "Alias of the command."),
    ("command_list_name", "Name of the command."),
    ("command_list_usage", "How the command is called."),
    ("key_command", "Commands that the key runs."),
    ("key_note", "Note of the binding."),
    ("key_repeat", "The key may be repeated without the prefix."),
    ("key_string", "Name of the key."),
    ("key_table", "Key table that it is bound in."),
    ("transcript_bytes", "Bytes on disk."),
    ("transcript_command", "Command that ran in the pane."),
    ("transcript_created", "When the pane was made."),
    ("transcript_error", "Why it is not being written."),
    ("transcript_keep_until", "Until when it is kept."),
    ("transcript_live", "Its pane is still there."),
    ("transcript_name", "Name of the transcript."),
    ("transcript_pane", "Id of its pane."),
    ("usage_cpu_permille", "Thousandths of one processor since the last look."),
    ("usage_history_bytes", "Bytes of history on disk."),
    ("usage_history_max_bytes", "The most they may be."),
    ("usage_kind", "pane, left (processes that a closed pane left running), server or total."),
    ("usage_memory_bytes", "Bytes of memory."),
    ("usage_memory_max_bytes", "The most they may be."),
    ("usage_memory_peak_bytes", "The most they have been."),
    ("usage_name", "Name of what it is about."),
    ("usage_pids", "Processes."),
    ("usage_pids_max", "The most they may be."),
    ("usage_scope", "The scope of what a closed pane left running."),
];

/// Tables of keys, with the commands whose objects have these keys.
const TABLES: &[(&str, Keys)] = &[
    ("`list-sessions`, `display-message`", json::SESSION),
    ("`list-windows`, `display-message`", json::WINDOW),
    ("`list-panes`, `display-message`", json::PANE),
    ("`list-clients`, `display-message` where there is a client", json::CLIENT),
    ("`display-message`", json::SERVER),
    ("`list-buffers`", json::BUFFER),
    ("`list-keys`", json::KEY),
    ("`list-commands`", json::COMMAND),
    ("`list-transcripts`", json::TRANSCRIPT),
    ("`list-usage`", json::USAGE),
    ("`capture-pane`", capture_json::CAPTURE),
];

const HEAD: &str = "\
# JSON

`-j` has a command print JSON: `list-*` an array, an object on each line; `display-message` and
`capture-pane` one object. Keys are the names of format variables. They stay as they are: later versions add keys, and
neither rename one nor give it another type. Filters (`-f`) and orders (`-O`, `-r`) work as without
`-j`; a format given with `-F` is added as the text `line`, the message of `display-message` as
`message`.

A text that is missing is empty, a list that is missing has no elements, a flag is `false`; a number
or a time that is missing is `null`. Times are seconds since the Unix epoch. Bytes that are no UTF-8
come as U+FFFD. A client without UTF-8 gets `\\u` for everything beyond ASCII.

This page is made from the tables of the program.
";

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Number => "number",
        Kind::Time => "time",
        Kind::Flag => "true or false",
        Kind::Texts => "texts",
        Kind::Numbers => "numbers",
    }
}

/// Rewrites the description of a variable that is 1 or 0 for a value that is true or false.
fn as_flag(about: &str) -> String {
    let words = [("1 if ", "Whether "), ("1 while ", "Whether now "), ("1 for ", "Whether it is ")];
    let word = words.iter().find_map(|(old, new)| Some(format!("{new}{}", about.strip_prefix(old)?)));
    word.unwrap_or_else(|| about.to_owned())
}

fn page() -> String {
    let about: BTreeMap<&str, &str> = lines(FORMATS).chain(OTHERS.iter().copied()).collect();
    let mut out = HEAD.to_owned();
    for (commands, keys) in TABLES {
        let _ = write!(out, "\n## {commands}\n\n| key | type | what it says |\n| --- | --- | --- |\n");
        for (name, kind) in *keys {
            let about = about.get(name).unwrap_or_else(|| panic!("no sentence for the key {name}"));
            let about = as_flag(about);
            let _ = writeln!(out, "| `{name}` | {} | {about} |", type_name(*kind));
        }
    }
    out.push_str("| `lines` | array of objects | The rows, from the first to the last: |\n\n");
    out.push_str("| key of a row | type | what it says |\n| --- | --- | --- |\n");
    for (name, kind, about) in capture_json::ROWS {
        let _ = writeln!(out, "| `{name}` | {kind} | {about} |");
    }
    out
}

#[test]
fn manual_of_json_is_what_the_tables_give() {
    keep("docs/json.md", &page());
}
