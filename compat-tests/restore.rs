//! After a reboot, sessions, windows, layouts, directories and texts are restored from disk.

use std::fs;
use std::path::PathBuf;

use nix::sys::signal::{Signal, kill as send_signal};
use nix::unistd::Pid;
use regex::Regex;

use super::keeper::{keeper_of, number, start, wait_for};
use super::recovery::until;
use super::server::Server;

/// Listings that must be equal.
const LISTS: &[&[&str]] = &[
    &["list-sessions", "-F", "#{session_name} #{session_group} #{session_path}"],
    &[
        "list-windows",
        "-a",
        "-F",
        "#{session_name}:#{window_index} #{window_name} #{window_flags} #{window_layout} #{window_visible_layout}",
    ],
    &[
        "list-panes",
        "-a",
        "-F",
        "#{session_name}:#{window_index}.#{pane_index} #{pane_active} #{pane_title} #{pane_current_path} \
         #{pane_width}x#{pane_height} #{@mine}",
    ],
    &["show-options", "-t", "work"],
    &["show-options", "-w", "-t", "work:grid"],
    &["show-options", "-p", "-t", "work:grid.2"],
];

/// The directory of the server's state.
fn directory(server: &Server) -> PathBuf {
    let dir = server.home().join(".local/state/scopemux");
    let entries = fs::read_dir(&dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).find(|path| path.is_dir()).unwrap_or(dir)
}

/// Makes sessions of all kinds.
pub(crate) fn fill(server: &Server) {
    let in_tmp = ["-c", "/tmp"];
    let new = ["new-session", "-d", "-s", "work", "-x", "80", "-y", "24", "-n", "grid"];
    server.tmux(&[&new[..], &in_tmp, &["echo first text; exec cat"]].concat());
    server.tmux(&["split-window", "-h", "-t", "work:grid", "-c", "/usr", "echo second text; exec cat"]);
    server.tmux(&["split-window", "-v", "-t", "work:grid", "-l", "5", "seq 1 20000; echo done; exec cat"]);
    server.tmux(&["select-pane", "-t", "work:grid.1", "-T", "a title"]);
    server.tmux(&["set-option", "-p", "-t", "work:grid.2", "@mine", "yes"]);
    server.tmux(&["new-window", "-t", "work:7", "-n", "zoomed", "printf '\\033[31mred\\033[m'; exec cat"]);
    server.tmux(&["split-window", "-t", "work:zoomed", "echo below; exec cat"]);
    server.tmux(&["resize-pane", "-Z", "-t", "work:zoomed"]);
    server.tmux(&["set-option", "-t", "work", "status-left", "mine"]);
    server.tmux(&["set-option", "-w", "-t", "work:grid", "main-pane-width", "33"]);
    server.tmux(&["new-session", "-d", "-s", "other", "-n", "o", "-x", "80", "-y", "24", "exec cat"]);
    server.tmux(&["link-window", "-s", "work:grid", "-t", "other:5"]);
    server.tmux(&["new-session", "-d", "-t", "other", "-s", "pair", "-x", "80", "-y", "24"]);
    for (pane, text) in [("grid.0", "first"), ("grid.1", "second"), ("grid.2", "done"), ("zoomed.1", "below")]
    {
        until(server, &["capture-pane", "-p", "-t", &format!("work:{pane}")], |screen| screen.contains(text));
    }
}

/// The listings. Layouts are without the numbers of panes, which grow with each restore.
pub(crate) fn lists(server: &Server) -> Vec<String> {
    let layout = Regex::new(r"\b[0-9a-f]{4},(\d+x\d+,\d+,\d+)").expect("a fixed pattern");
    let cell = Regex::new(r"(\d+x\d+,\d+,\d+),\d+").expect("a fixed pattern");
    let plain = |text: String| cell.replace_all(&layout.replace_all(&text, "$1"), "$1").into_owned();
    LISTS.iter().map(|args| plain(server.ask(args))).collect()
}

/// Text of a pane, up to the line that marks the end of the restored text.
fn old_text(server: &Server, pane: &str) -> Vec<String> {
    let text = server.ask(&["capture-pane", "-p", "-S", "-", "-t", pane]);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mark = lines.iter().rposition(|line| line.starts_with("-- restored "));
    lines.truncate(mark.unwrap_or_else(|| panic!("{pane} says where its old text ends: {text}")));
    lines
}

pub(crate) fn assert_is_restored(server: &Server, before: &[String]) {
    assert_eq!(lists(server), before);
    assert_eq!(old_text(server, "work:grid.0"), ["first text"]);
    assert_eq!(old_text(server, "work:grid.1"), ["second text"]);
    let long = old_text(server, "work:grid.2");
    let want = (1..=20_000).map(|n| n.to_string()).chain(["done".to_owned()]);
    assert!(long.iter().cloned().eq(want), "{} lines, the last {:?}", long.len(), long.last());
    let red = server.ask(&["capture-pane", "-p", "-e", "-t", "work:zoomed.0"]);
    assert!(red.contains("\x1b[31mred"), "{red:?}");
    // There is a shell in each pane.
    let shells = server.ask(&["list-panes", "-a", "-F", "#{pane_dead}#{pane_start_command}"]);
    assert!(shells.lines().all(|line| line == "0"), "{shells}");
    server.send_literal("work:grid.1", "echo is $((40 + 2))\n");
    until(server, &["capture-pane", "-p", "-t", "work:grid.1"], |screen| screen.contains("is 42"));
}

fn is_gone(server: &Server) -> Option<()> {
    // A server that is about to end would answer the next client, so wait for its end.
    let said = server.tmux(&["has-session"]).err;
    String::from_utf8_lossy(&said).starts_with("no server running").then_some(())
}

/// Kills everything at once, as a power failure would.
fn lose_power(server: &Server) {
    let pids = [keeper_of(server).expect("a keeper"), number(server, "#{pid}")].map(Pid::from_raw);
    // Stop all first, so that none notices another's end.
    for signal in [Signal::SIGSTOP, Signal::SIGKILL] {
        pids.iter().for_each(|pid| send_signal(*pid, signal).expect("our processes"));
    }
    wait_for("the end of the server", || is_gone(server));
}

/// Ends the server as a machine that goes down does.
pub(crate) fn end_by_signal(server: &Server) {
    send_signal(Pid::from_raw(number(server, "#{pid}")), Signal::SIGTERM).expect("our server");
    wait_for("the end of the server", || is_gone(server));
}

#[test]
fn a_server_that_the_machine_ends_is_restored() {
    let server = start();
    fill(&server);
    let before = lists(&server);
    end_by_signal(&server);
    let restored = server.tmux(&["restore-sessions"]);
    let out = String::from_utf8_lossy(&[restored.out, restored.err].concat()).into_owned();
    assert_eq!((restored.status, out.as_str()), (Some(0), "restored 3 sessions, 3 windows, 6 panes\n"));
    assert_is_restored(&server, &before);
    // Sessions can be restored only once.
    let again = server.tmux(&["restore-sessions"]);
    assert_eq!(
        (again.status, String::from_utf8_lossy(&again.err).as_ref()),
        (Some(1), "no saved sessions\n")
    );
}

#[test]
fn what_was_saved_meanwhile_outlives_a_loss_of_power() {
    let server = start();
    // Data that is written first is complete.
    server.tmux(&[
        "start-server",
        ";",
        "set-option",
        "-s",
        "exit-empty",
        "off",
        ";",
        "set-option",
        "-s",
        "restore-save",
        "off",
    ]);
    fill(&server);
    let before = lists(&server);
    server.tmux(&["set-option", "-s", "restore-save", "on"]);
    wait_for("the state on disk", || {
        let dir = directory(&server);
        let state = fs::read_to_string(dir.join("sessions")).ok()?;
        let texts = fs::read_dir(dir.join("texts")).ok()?.count();
        (state.contains("\"pair\"") && texts == 6).then_some(())
    });
    lose_power(&server);
    server.write_file("@TMP@/restore.conf", "set-option -s restore-on-start on\n");
    let conf = String::from_utf8(server.bytes("@TMP@/restore.conf")).expect("a path");
    let args = ["-L", "t", "-f", &conf, "start-server"].map(str::to_owned);
    assert_eq!(server.run(&args, b"", &[]).status, Some(0));
    assert_is_restored(&server, &before);
}

#[test]
fn a_server_that_is_ended_on_purpose_leaves_nothing() {
    let server = start();
    server.tmux(&["new-session", "-d", "-s", "gone", "echo secret; exec cat"]);
    let dir = || directory(&server);
    wait_for("the state on disk", || dir().join("sessions").exists().then_some(()));
    server.tmux(&["kill-server"]);
    wait_for("the end of the server", || is_gone(&server));
    // A server stops accepting clients before it removes its files.
    wait_for("the end of its files", || {
        let left = ["sessions", "sessions.old"].iter().any(|name| dir().join(name).exists());
        let texts = fs::read_dir(dir().join("texts")).into_iter().flatten().count();
        (!left && texts == 0).then_some(())
    });
    let none = server.tmux(&["restore-sessions"]);
    assert_eq!((none.status, String::from_utf8_lossy(&none.err).as_ref()), (Some(1), "no saved sessions\n"));
}

#[test]
fn text_that_must_not_be_on_the_disk_is_not_restored() {
    let options: [&[&str]; 2] = [&["-s", "history-encrypt", "on"], &["-gw", "history-disk", "off"]];
    for option in options {
        let server = start();
        let set =
            [&["start-server", ";", "set-option", "-s", "exit-empty", "off", ";", "set-option"], option];
        server.tmux(&set.concat());
        server.tmux(&[
            "new-session",
            "-d",
            "-s",
            "work",
            "-n",
            "one",
            "seq 1 5000; echo secret text; exec cat",
        ]);
        until(&server, &["capture-pane", "-p", "-t", "work"], |screen| screen.contains("secret text"));
        end_by_signal(&server);
        let texts = fs::read_dir(directory(&server).join("texts")).into_iter().flatten().count();
        assert_eq!(texts, 0, "{option:?}");
        assert_eq!(server.tmux(&["restore-sessions"]).status, Some(0));
        assert_eq!(server.ask(&["list-windows", "-a", "-F", "#{session_name} #{window_name}"]), "work one\n");
        let text = server.ask(&["capture-pane", "-p", "-S", "-", "-t", "work"]);
        assert!(!text.contains("secret text") && !text.contains("4999"), "{option:?}: {text}");
    }
}

#[test]
fn programs_on_the_list_are_started_again() {
    let server = start();
    server.tmux(&["new-session", "-d", "-s", "work", "-x", "80", "-y", "24"]);
    server.tmux(&["new-window", "-d", "-t", "work:5", "exec sleep 7654"]);
    server.tmux(&["new-window", "-d", "-t", "work:6", "exec cat"]);
    server.send_literal("work:0", "sleep 4567\n");
    let command = ["list-panes", "-a", "-F", "#{pane_current_command}"];
    until(&server, &command, |commands| commands == "sleep\nsleep\ncat\n");
    end_by_signal(&server);
    server.tmux(&[
        "start-server",
        ";",
        "set-option",
        "-s",
        "restore-programs",
        "vim,sleep",
        ";",
        "restore-sessions",
    ]);
    until(&server, &command, |commands| commands == "sleep\nsleep\nsh\n");
    let args = |pane: &str| {
        let group = format!("#{{pane_pid}} {pane}");
        let pid = server.ask(&["display-message", "-p", "-t", pane, &group]);
        let pid: i32 = pid.split(' ').next().and_then(|pid| pid.parse().ok()).expect("a process");
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("our process");
        let group = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(5)).expect("a group");
        fs::read_to_string(format!("/proc/{group}/cmdline")).unwrap_or_default()
    };
    until(&server, &["display-message", "-p", ""], |_| args("work:0").contains("4567"));
    assert_eq!(args("work:5"), "sleep\x007654\0");
    // After an interrupt, the pane runs its shell again.
    server.tmux(&["send-keys", "-t", "work:0", "C-c"]);
    until(&server, &command, |commands| commands.starts_with("sh\n"));
}

#[test]
fn a_disk_that_refuses_is_told_and_tried_again() {
    let server = start();
    server.tmux(&["new-session", "-d", "-s", "one", "exec cat"]);
    wait_for("the state on disk", || directory(&server).join("sessions").exists().then_some(()));
    let obstacle = directory(&server).join("sessions.new");
    fs::create_dir(&obstacle).expect("a directory in the place of the file");
    server.tmux(&["new-session", "-d", "-s", "two", "exec cat"]);
    until(&server, &["show-messages"], |said| {
        said.contains("saved sessions: cannot be written: Is a directory")
    });
    until(&server, &["show-messages", "-H"], |health| health.contains("saved failing (Is a directory"));
    fs::remove_dir(&obstacle).expect("our directory");
    until(&server, &["show-messages"], |said| said.contains("saved sessions: written again"));
    let state = fs::read_to_string(directory(&server).join("sessions")).expect("the state");
    assert!(state.contains("\"two\""), "{state}");
}
