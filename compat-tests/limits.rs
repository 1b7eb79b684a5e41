//! Hostile output: whatever a program prints, the server lives, answers, and holds little memory.
//! (tmux is no reference here: it keeps less of some data, and more of other data.)

use std::fs;
use std::path::Path;

use super::keeper::wait_for;
use super::server::Server;

/// Bytes of an endless string or flood.
const MUCH: usize = 2 << 20;
/// Memory that the server may gain for one pane, in KiB.
const MAX_GROWTH: u64 = 48 << 10;

fn rss(server: &Server) -> u64 {
    let pid = server.ask(&["display-message", "-p", "#{pid}"]);
    let status = fs::read_to_string(format!("/proc/{}/status", pid.trim())).expect("the server lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Prints `output` in a new pane; the server answers in the middle and at the end, and has not
/// grown.
#[track_caller]
fn check(output: &[u8]) {
    let mut server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "exec sleep 1000"]);
    server.tmux(&[
        "set-option",
        "-g",
        "allow-passthrough",
        "on",
        ";",
        "set-option",
        "-g",
        "set-clipboard",
        "on",
    ]);
    let before = rss(&server);
    server.tty("").write(output);
    assert_eq!(server.ask(&["display-message", "-p", "alive"]), "alive\n");
    let tty = server.tty("");
    tty.write(b"\x1b\\\x1bcafter\x1b[5n");
    assert!(tty.read_until(b"\x1b[0n").len() < 1 << 20, "an answer comes");
    let screen = server.ask(&["capture-pane", "-p"]);
    assert!(screen.starts_with("after\n"), "{screen:?}");
    let growth = rss(&server).saturating_sub(before);
    assert!(growth < MAX_GROWTH, "the server grew by {growth} KiB");
}

/// `start`, followed by `MUCH` bytes of a filling.
fn endless(start: &str, filling: &str) -> Vec<u8> {
    let mut out = start.as_bytes().to_vec();
    out.extend(filling.repeat(MUCH / filling.len()).bytes());
    out
}

fn numbered(count: u32, piece: impl Fn(u32) -> String) -> Vec<u8> {
    (0..count).flat_map(|n| piece(n).into_bytes()).collect()
}

#[test]
fn strings_without_an_end() {
    for start in ["\x1b]2;", "\x1b]52;c;", "\x1b]8;;", "\x1bP", "\x1bPtmux;", "\x1b_", "\x1bk", "\x1b^"] {
        check(&endless(start, "QUFB"));
    }
    check(&endless("\x1b[", "1;"));
}

#[test]
fn titles_links_and_colours_without_number() {
    check(&numbered(60_000, |n| format!("\x1b]2;title {n}\x07")));
    check(&numbered(60_000, |n| format!("\x1b]8;;http://example.org/{n}\x1b\\x")));
    check(&numbered(60_000, |n| format!("\x1b[38;2;{};{};{}mx", n >> 16, n >> 8 & 255, n & 255)));
    check(&numbered(2_000, |n| format!("\x1b]52;c;{}{n:04}\x07", "QUFB".repeat(250))));
    check(&numbered(20_000, |n| format!("\x1b]4;{};?\x07\x1b[c", n % 256)));
}

#[test]
fn marks_and_joiners_without_end() {
    check(&endless("a", "\u{301}"));
    check(&endless("", "\u{1f469}\u{200d}"));
    let mark = |n: u32| char::from_u32(0x300 + n % 112).unwrap_or_default();
    check(&numbered(60_000, |n| format!("x{}{}{}", mark(n), mark(n / 112), mark(n / 12544))));
}

#[test]
fn huge_counts() {
    check(&endless("x", "\x1b[99999999b"));
    check(&endless("", "\x1b[99999999I\x1b[99999999Z\x1bH\t"));
    check(&numbered(300, |n| format!("line {n}\x1b[99999999S\x1b[99999999T")));
    let finals = "@ABCDEFGHIJKLMPSTXZ`abdegr";
    check(&numbered(20, |_| {
        finals.chars().map(|f| format!("\x1b[2147483647{f}\x1b[4294967295;99999999999999999999{f}")).collect()
    }));
}

#[test]
fn an_update_that_never_ends() {
    check(&endless("\x1b[?2026h", "some line\r\n"));
}

#[test]
fn sixel_bombs() {
    check(&numbered(10, |_| "\x1bPq\"1;1;99999;99999#0;2;0;0;0#0!99999999~-\x1b\\".to_owned()));
    check(&numbered(2, |_| format!("\x1bPq#1;2;100;0;0{}\x1b\\", "!9999~-".repeat(1600))));
    check(&endless("\x1bPq", "#1~~~~$-"));
}

#[test]
fn a_file_of_more_commands_than_any_queue_was_made_for() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "exec sleep 1000"]);
    let text = format!("{}set -g @last yes\n", "set -ga @n x\nset -g @n ''\n".repeat(50_000));
    server.write_file("@TMP@/many.conf", &text);
    let path = String::from_utf8(server.bytes("@TMP@/many.conf")).expect("a path of ASCII");
    server.tmux(&["source-file", &path]);
    assert_eq!(server.ask(&["show-options", "-gv", "@last"]), "yes\n");
}

/// Commands that never end, of a client or of a hook, keep neither the others waiting nor the
/// server from ending. (tmux answers nobody any more.)
#[test]
fn endless_commands_keep_nobody_waiting() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "exec sleep 1000"]);
    server.tmux(&["set-option", "-s", "command-alias[99]", "again=if-shell -F 1 again"]);
    let all = ["-L", "t", "-f", "/dev/null", "if-shell", "-F", "1", "again"].map(str::to_owned);
    let mut endless = server.command(&all).spawn().expect("the program runs");
    for n in 0..20 {
        assert_eq!(server.ask(&["display-message", "-p", &n.to_string()]), format!("{n}\n"));
    }
    endless.kill().expect("it runs");
    endless.wait().expect("it ends");
    server.tmux(&["set-hook", "-g", "window-renamed", "again", ";", "rename-window", "x"]);
    for n in 0..20 {
        assert_eq!(server.ask(&["display-message", "-p", &n.to_string()]), format!("{n}\n"));
    }
    assert_eq!(server.tmux(&["kill-server"]).status, Some(0));
}

/// A hook that makes a session for each one that ends does not keep a server that is asked to end
/// (tmux stays, and takes no client any more).
#[test]
fn a_server_that_ends_makes_no_more_sessions() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "exec sleep 1000"]);
    let pid: i32 = server.ask(&["display-message", "-p", "#{pid}"]).trim().parse().expect("a number");
    server.tmux(&["set-hook", "-g", "session-closed", "new-session -d", ";", "kill-server"]);
    let process = nix::unistd::Pid::from_raw(pid);
    wait_for("the end of the server", || nix::sys::signal::kill(process, None).is_err().then_some(()));
}
