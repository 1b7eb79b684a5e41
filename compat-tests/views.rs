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

/// Output of a shell that sets marks: some commands, of which those with a status other than 0 failed.
fn ran(commands: &[(&str, u8)]) -> String {
    let mut out = String::new();
    for (name, status) in commands {
        out += "\x1b]133;A\x07$ \x1b]133;B\x07";
        out += &format!("{name}\r\n\x1b]133;C\x07out of {name}\r\n\x1b]133;D;{status}\x07");
    }
    out + "\x1b]133;A\x07$ \x1b]133;B\x07"
}

/// A list of commands in which nothing depends on the time.
const LIST: [&str; 3] =
    ["choose-commands", "-F", "#{command_text}#{?command_failed, failed #{command_status},}"];

/// Waits until the terminal shows these rows and nothing else above the status line; the row whose text
/// has a style begins with `>`.
fn until_rows(outer: &mut Outer, expect: &[&str]) {
    let mut shown = Vec::new();
    for _ in 0..100 {
        let surface = outer.cells();
        let last = surface.size().rows - 1;
        let row = |y: u32| {
            // One row at most is marked, so of two others one is not.
            let unlike = |other: u32| surface.row(y)[0].style != surface.row(other % last)[0].style;
            let marked = unlike(y + 1) && unlike(y + 2);
            let text = surface.row_text(y).trim_end().to_owned();
            if marked { format!(">{text}") } else { text }
        };
        shown = (0..last).map(row).collect();
        let used = shown.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        shown.truncate(used);
        if shown == expect {
            return;
        }
    }
    panic!("{shown:#?} is not {expect:#?}");
}

#[test]
fn choose_commands_is_a_list_with_what_the_chosen_one_printed() {
    let mut server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let mut outer = attached(&server);
    server.tty("").write(ran(&[("one", 0), ("two", 3), ("three", 0), ("four", 1), ("five", 0)]).as_bytes());
    until(&server, &["capture-pane", "-p"], |screen| screen.contains("out of five"));
    server.tmux(&LIST);
    let list = [
        "(0) 0:0.0: five",
        "(1) 0:0.0: four failed 1",
        "(2) 0:0.0: three",
        "(3) 0:0.0: two failed 3",
        "(4) 0:0.0: one",
    ];
    let with = |outer: &mut Outer, current: usize, from: usize| {
        outer.until_shows("(4)");
        let names = ["one", "two", "three", "four", "five"];
        let surface = outer.cells();
        let rows: Vec<String> =
            (0..surface.size().rows - 1).map(|y| surface.row_text(y).trim_end().to_owned()).collect();
        for (y, line) in list.iter().enumerate() {
            assert_eq!(rows[y], *line, "{rows:#?}");
            let marked = surface.row(y as u32)[0].style != surface.row(6)[2].style;
            assert_eq!(marked, y == current, "{y}: {rows:#?}");
        }
        let inside = |row: &String| row.trim_matches(|c| "│ ".contains(c)).to_owned();
        let preview: Vec<String> =
            rows.iter().map(inside).filter(|row| row.starts_with(['$', 'o'])).collect();
        let expect: Vec<String> =
            names[from..].iter().flat_map(|name| [format!("$ {name}"), format!("out of {name}")]).collect();
        assert_eq!(preview[..2 * (names.len() - from)], expect[..], "{rows:#?}");
    };
    with(&mut outer, 0, 4);
    // Those that failed, down and up again, and no further.
    for (key, current) in [("e", 1), ("e", 3), ("e", 3), ("E", 1), ("E", 1), ("j", 2), ("E", 1)] {
        outer.keys(&server, key.as_bytes());
        with(&mut outer, current, 4 - current);
    }
    outer.keys(&server, b"\r");
    until(&server, &["display-message", "-p", "#{pane_mode}"], |mode| mode.trim() == "copy-mode");
    assert_eq!(server.ask(&["display-message", "-p", "#{copy_cursor_line}"]), "$ four\n");
}

#[test]
fn choose_commands_fits_small_terminals() {
    let mut server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "24", "-y", "5", "exec cat"]);
    let size = serde_json::json!({ "cols": 24, "rows": 5 });
    let mut outer = Outer::attach(&server, &size, &["attach-session".to_owned()]);
    server
        .tty("")
        .write(ran(&[("one", 1), ("two", 0), ("three", 0), ("four", 0), ("five", 1), ("six", 0)]).as_bytes());
    until(&server, &["capture-pane", "-p"], |screen| screen.contains("out of six"));
    server.tmux(&LIST);
    let list = ["(0) 0:0.0: six", "(1) 0:0.0: five failed 1", "(2) 0:0.0: four", "(3) 0:0.0: three"];
    until_rows(&mut outer, &[&format!(">{}", list[0]), list[1], list[2], list[3]]);
    outer.keys(&server, b"ee");
    until_rows(&mut outer, &[list[2], list[3], "(4) 0:0.0: two", ">(5) 0:0.0: one failed 1"]);
    outer.keys(&server, b"q");
    until(&server, &["display-message", "-p", "#{pane_mode}"], |mode| mode.trim().is_empty());
    // Smaller than anything that could be read.
    server.tmux(&LIST);
    outer.resize(&server, &serde_json::json!({ "cols": 3, "rows": 2 }));
    until(&server, &["display-message", "-p", "#{pane_width}x#{pane_height}"], |size| size.trim() == "3x1");
    outer.keys(&server, b"Ge\r");
    until(&server, &["display-message", "-p", "#{pane_mode}"], |mode| mode.trim() == "copy-mode");
}

#[test]
fn choose_commands_says_so_when_there_is_none() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "exec cat"]);
    let output = server.tmux(&["choose-commands"]);
    let error = String::from_utf8_lossy(&output.err).into_owned();
    assert_eq!(
        (output.status, error.as_str()),
        (Some(1), "no commands: the shell sets no marks (OSC 133)\n")
    );
    assert_eq!(server.ask(&["display-message", "-p", "#{pane_mode}"]), "\n");
}

#[test]
fn choose_commands_loses_the_commands_of_a_pane_that_dies() {
    let mut server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let mut outer = attached(&server);
    server.tmux(&["split-window", "-d", "-l", "3", "exec cat"]);
    server.tty("0:0.0").write(ran(&[("mine", 0)]).as_bytes());
    server.tty("0:0.1").write(ran(&[("theirs", 1)]).as_bytes());
    until(&server, &["capture-pane", "-p"], |screen| screen.contains("out of mine"));
    until(&server, &["capture-pane", "-p", "-t", ":.1"], |screen| screen.contains("out of theirs"));
    server.tmux(&[&["choose-commands", "-a"], &LIST[1..]].concat());
    outer.until_shows("0:0.1: theirs failed 1");
    server.tmux(&["kill-pane", "-t", ":.1"]);
    for _ in 0..100 {
        let surface = outer.cells();
        let rows: Vec<String> = (0..surface.size().rows).map(|y| surface.row_text(y)).collect();
        if !rows.iter().any(|row| row.contains("theirs")) {
            break;
        }
    }
    outer.until_shows("0:0.0: mine");
    outer.keys(&server, b"g\r");
    until(&server, &["display-message", "-p", "#{pane_mode}"], |mode| mode.trim() == "copy-mode");
    // The pane with the list itself.
    server.tmux(&["send-keys", "-X", "cancel"]);
    server.tmux(&["split-window", "-d", "exec cat"]);
    server.tmux(&LIST);
    outer.until_shows("mine");
    server.tmux(&["kill-pane"]);
    assert_eq!(server.ask(&["list-panes", "-F", "#{pane_mode}|"]), "|\n");
}

#[test]
fn the_theme_is_told_to_programs_that_asked_and_to_no_other() {
    let mut server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "exec sleep 1000"]);
    server.tmux(&["split-window", "-d", "exec sleep 1000"]);
    server.tty("0:0.0").write(b"\x1b[?2031h\x1b[?2031$p");
    server.tty("0:0.0").read_until(b"\x1b[?2031;1$y");
    for (colour, theme) in [("#ffffff", 2), ("#000000", 1)] {
        server.tmux(&["set-option", "-g", "window-style", &format!("bg={colour}")]);
        server.tty("0:0.0").read_until(format!("\x1b[?997;{theme}n").as_bytes());
        server.tty("0:0.1").write(b"\x1b[5n");
        assert_eq!(server.tty("0:0.1").read_until(b"\x1b[0n"), b"");
    }
    // One that no longer wants to know.
    server.tty("0:0.0").write(b"\x1b[?2031l\x1b[5n");
    server.tty("0:0.0").read_until(b"\x1b[0n");
    server.tmux(&["set-option", "-g", "window-style", "bg=#ffffff"]);
    server.tty("0:0.0").write(b"\x1b[5n");
    assert_eq!(server.tty("0:0.0").read_until(b"\x1b[0n"), b"");
}
