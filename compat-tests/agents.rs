//! What programs that drive the server have beyond tmux: JSON, waits, commands with their output.

use std::path::Path;

use serde_json::Value;

use super::server::Server;

/// A server with one session of 80x24 whose pane does nothing.
fn server() -> Server {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-s", "main", "-x", "80", "-y", "24", "exec sleep 1000"]);
    server
}

/// What a command prints as JSON.
#[track_caller]
fn json(server: &Server, args: &[&str]) -> Value {
    let output = server.tmux(args);
    assert_eq!((output.status, output.err.as_slice()), (Some(0), &b""[..]), "{args:?}");
    serde_json::from_slice(&output.out).unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

/// Keys that docs/json.md lists for a command.
fn documented(command: &str) -> Vec<String> {
    let page = include_str!("../docs/json.md");
    let chapters = page
        .split("\n## ")
        .filter(|chapter| chapter.lines().next().is_some_and(|head| head.contains(&format!("`{command}`"))));
    let rows = chapters.flat_map(str::lines).filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| Some(row.split_once('`')?.0.to_owned())).collect()
}

#[track_caller]
fn has_only_documented(command: &str, object: &Value) {
    let keys = documented(command);
    let object = object.as_object().expect("an object");
    for key in object.keys() {
        assert!(keys.contains(key), "{command}: {key} is not in docs/json.md");
    }
}

#[test]
fn json_of_listings_parses_and_has_the_keys_of_the_page() {
    let server = server();
    server.tmux(&["set-buffer", "a \"b\"\n\x1b[1m"]);
    server.tmux(&["new-window", "-d", "-n", "ü\"x", "exec sleep 1000"]);
    let lists = [
        ("list-sessions", &[][..], 1),
        ("list-windows", &[], 2),
        ("list-panes", &["-a"], 2),
        ("list-buffers", &[], 1),
        ("list-clients", &[], 0),
        ("list-transcripts", &[], 2),
    ];
    for (command, args, count) in lists {
        let list = json(&server, &[&[command, "-j"], args].concat());
        let list = list.as_array().expect("an array");
        assert_eq!(list.len(), count, "{command}");
        for object in list {
            has_only_documented(command, object);
            assert_eq!(object.as_object().map(|o| o.len()), Some(documented(command).len()), "{command}");
        }
    }
    for command in ["list-keys", "list-commands"] {
        let list = json(&server, &[command, "-j"]);
        let lines = server.ask(&[command]).lines().count();
        assert_eq!(list.as_array().expect("an array").len(), lines, "{command}");
        list.as_array().into_iter().flatten().for_each(|object| has_only_documented(command, object));
    }
}

#[test]
fn json_has_types_and_what_formats_say() {
    let server = server();
    server.tmux(&["set-buffer", "-b", "odd", "a \"b\"\n\x1b[1m"]);
    let panes = json(&server, &["list-panes", "-j", "-F", "#{pane_id}!"]);
    let pane = &panes[0];
    assert_eq!(pane["pane_width"], 80);
    assert_eq!(pane["pane_active"], true);
    assert_eq!(pane["pane_dead_status"], Value::Null);
    assert_eq!(pane["pane_tabs"][0], 8);
    assert_eq!(pane["line"], "%0!");
    assert_eq!(json(&server, &["list-panes", "-j", "-f", "0"]), Value::Array(Vec::new()));
    let buffers = json(&server, &["list-buffers", "-j"]);
    assert_eq!((&buffers[0]["buffer_name"], &buffers[0]["buffer_size"]), (&"odd".into(), &10.into()));
    let message = json(&server, &["display-message", "-j", "#{session_name} ü"]);
    assert_eq!((&message["message"], &message["pane_id"]), (&"main ü".into(), &"%0".into()));
    has_only_documented("display-message", &{
        let mut message = message;
        message.as_object_mut().expect("an object").remove("message");
        message
    });
}
