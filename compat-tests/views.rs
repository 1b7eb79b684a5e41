//! Information beside the programs: status lines, and the lists of our own commands.

use std::path::Path;

use super::recovery::until;
use super::screen::Outer;
use super::server::Server;

fn attached(server: &Server) -> Outer {
    server.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "exec cat"]);
    Outer::attach(server, &serde_json::json!({}), &["attach-session".to_owned()])
}

#[test]
fn the_clock_draws_the_status_line_again() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("text");
    std::fs::write(&file, "before").expect("a file");
    let mut outer = attached(&server);
    server.tmux(&["set-option", "-g", "status-interval", "1"]);
    server.tmux(&["set-option", "-g", "status-right", &format!("#(cat {})", file.display())]);
    outer.until_shows("before");
    std::fs::write(&file, "after").expect("a file");
    outer.until_shows("after");
}

/// Runs a command as the attached client, by binding a key.
fn command(server: &Server, outer: &mut Outer, command: &[&str]) {
    server.tmux(&[&["bind-key", "-n", "F5"], command].concat());
    outer.keys(server, b"\x1b[15~");
}

#[test]
fn choose_usage_has_a_heading_and_a_line_for_all_panes() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let mut outer = attached(&server);
    command(&server, &mut outer, &["choose-usage"]);
    outer.until_shows("MEMORY OF LIMIT");
    outer.until_shows("all panes");
    outer.until_shows("server; limits of all panes:");
    outer.until_shows("0:0.0 cat");
    // The list's keys show on a small terminal too.
    outer.keys(&server, b"\x08");
    outer.until_shows("Limit memory of selected pane");
    outer.until_shows("Exit mode");
}

#[test]
fn list_usage_is_for_scripts() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "exec cat"]);
    server.tmux(&["split-window", "-d", "exec cat"]);
    let kinds = server.ask(&["list-usage", "-F", "#{usage_kind} #{usage_name}"]);
    let mut kinds: Vec<&str> = kinds.lines().collect();
    kinds[..2].sort_unstable();
    assert_eq!(kinds, ["pane %0", "pane %1", "server server", "total all panes"]);
    let only = server.ask(&["list-usage", "-f", "#{==:#{usage_kind},server}", "-F", "#{usage_memory_bytes}"]);
    assert!(only.trim().parse::<u64>().is_ok_and(|bytes| bytes > 0), "{only:?}");
    let plain = server.ask(&["list-usage", "-F", "#{usage_memory_share} #{usage_memory_bar} #{usage_pids}"]);
    assert!(!plain.contains("#["), "{plain:?}");
}

const LINES: &str = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo the end";

#[test]
fn a_kept_transcript_is_chosen_read_searched_and_removed() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let mut outer = attached(&server);
    server.tmux(&["set-option", "-g", "history-keep", "forever"]);
    server.tmux(&["new-window", "-d", LINES]);
    let kept = ["list-transcripts", "-f", "#{!:#{transcript_live}}", "-F", "#{transcript_name}"];
    until(&server, &kept, |kept| !kept.is_empty());
    command(&server, &mut outer, &["choose-transcripts"]);
    outer.until_shows("kept until removed");
    outer.keys(&server, b"\r");
    outer.until_shows("the end");
    outer.keys(&server, b"q");
    outer.until_shows("kept until removed");
    outer.keys(&server, b"S");
    outer.until_shows("(search for)");
    outer.keys(&server, b"line 1999[79]$\r");
    outer.until_shows("2 lines");
    outer.until_shows("line 19998");
    outer.keys(&server, b"q");
    outer.until_shows("kept until removed");
    outer.keys(&server, b"x");
    outer.until_shows("Remove pane-");
    outer.keys(&server, b"y");
    until(&server, &kept, |kept| kept.is_empty());
}

#[test]
fn a_search_of_an_attached_client_lists_lines_with_those_around_them() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let mut outer = attached(&server);
    server.tmux(&["respawn-pane", "-k", &format!("{LINES}; exec cat")]);
    outer.until_shows("the end");
    command(&server, &mut outer, &["search-transcripts", "line.777.$"]);
    outer.until_shows("10 lines");
    outer.until_shows("line 7772");
    command(&server, &mut outer, &["search-transcripts", "nowhere.to.be.seen"]);
    outer.until_shows("No lines match");
}

#[test]
fn a_transcript_is_saved_in_every_form() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "printf '\\033[31mred\\033[m\\n'; exec cat"]);
    let saved = |form: &str| server.ask(&["save-transcript", "-F", form]);
    until(&server, &["save-transcript"], |text| text == "red\n");
    assert_eq!(saved("ansi"), "\x1b[0;31mred\x1b[0m\n");
    assert_eq!(saved("markdown"), "`````\nred\n`````\n");
    let html = saved("html");
    assert!(html.contains("<span style=\"color:var(--c1);\">red</span>") && html.contains("@media print"));
    let cast = saved("cast");
    let lines: Vec<serde_json::Value> =
        cast.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert_eq!((&lines[0]["version"], &lines[0]["width"]), (&2.into(), &80.into()));
    assert_eq!(lines[1], serde_json::json!([0.0, "o", "\x1b[0;31mred\x1b[0m\r\n"]));
}

#[test]
fn links_of_styles_reach_the_terminal() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "exec cat"]);
    server.tmux(&["set-option", "-s", "terminal-features", "*:hyperlinks"]);
    server.tmux(&["set-option", "-g", "status-left", "#[link=https://example.org/?a=b]site#[nolink]|"]);
    let mut outer = Outer::attach(&server, &serde_json::json!({}), &["attach-session".to_owned()]);
    outer.until_sent(b"\x1b]8;id=tmux");
    outer.until_sent(b";https://example.org/?a=b\x1b\\");
    outer.until_sent(b"site\x1b]8;;\x1b\\|");
}

#[test]
fn choose_commands_goes_to_a_command_of_its_own_pane() {
    let mut server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let mut outer = attached(&server);
    server.tty("").write(
        b"\x1b]133;A\x07$ \x1b]133;B\x07first\r\n\x1b]133;C\x07one\r\ntwo\r\n\x1b]133;D;0\x07\
          \x1b]133;A\x07$ \x1b]133;B\x07second\r\n\x1b]133;C\x07three\r\n\x1b]133;D;1\x07\
          \x1b]133;A\x07$ \x1b]133;B\x07",
    );
    until(&server, &["capture-pane", "-p"], |screen| screen.contains("three"));
    server.tmux(&["choose-commands"]);
    outer.until_shows("second");
    outer.until_shows("failed   1");
    outer.keys(&server, b"\x1b[B\r"); // The older one is below.
    until(&server, &["display-message", "-p", "#{pane_mode}"], |mode| mode.trim() == "copy-mode");
    server.tmux(&["send-keys", "-X", "copy-command-output"]);
    assert_eq!(server.ask(&["show-buffer"]), "one\ntwo\n");
    // No list is left below copy mode.
    server.tmux(&["send-keys", "-X", "cancel"]);
    assert_eq!(server.ask(&["display-message", "-p", "#{pane_mode}"]), "\n");
}
