//! A panic costs only the object in which it happens: a frame, a pane's output, a command, a
//! format.

use std::path::Path;

use super::recovery::until;
use super::screen::Outer;
use super::server::Server;

/// A server that panics where it is told to, and its process id.
fn fragile() -> (Server, String) {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let args =
        ["-L", "t", "-f", "/dev/null", "new-session", "-d", "-s", "s", "-x", "40", "-y", "8", "exec cat"];
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    let mark = [("SCOPEMUX_PANIC".to_owned(), Some("HERE".to_owned()))];
    assert_eq!(server.run(&args, b"", &mark).status, Some(0));
    let pid = server.ask(&["display-message", "-p", "#{pid}"]);
    (server, pid)
}

/// The same server is alive, and its log contains the panic.
fn lives(server: &Server, pid: &str, what: &str) {
    assert_eq!(server.ask(&["display-message", "-p", "#{pid}"]), pid);
    let report = format!("internal error in {what}");
    until(server, &["show-messages"], |log| log.contains(&report) && log.contains(".rs:"));
}

#[test]
fn a_command_that_panics_fails_and_the_next_one_runs() {
    let (server, pid) = fragile();
    let args = ["-L", "t", "display-message", "-p", "command-HERE"].map(str::to_owned);
    let output = server.run(&args, b"", &[]);
    assert_eq!(output.status, Some(1));
    assert_eq!(output.err, b"internal error: display-message\n");
    assert_eq!(server.ask(&["display-message", "-p", "next"]), "next\n");
    lives(&server, &pid, "the command display-message");
}

#[test]
fn a_format_that_panics_is_empty() {
    let (server, pid) = fragile();
    assert_eq!(server.ask(&["display-message", "-p", "format-HERE"]), "\n");
    lives(&server, &pid, "the format format-HERE");
}

#[test]
fn output_that_panics_starts_the_pane_again_and_its_program_lives() {
    let (server, pid) = fragile();
    let program = server.ask(&["display-message", "-p", "#{pane_pid}"]);
    server.tmux(&["send-keys", "output-HERE", "Enter"]);
    lives(&server, &pid, "the terminal of pane %0");
    server.tmux(&["send-keys", "after", "Enter"]);
    until(&server, &["capture-pane", "-p"], |screen| screen.contains("after"));
    assert_eq!(server.ask(&["display-message", "-p", "#{pane_pid}"]), program);
}

#[test]
fn drawing_that_panics_blanks_one_client() {
    let (server, pid) = fragile();
    server.tmux(&["new-session", "-d", "-s", "draw-HERE", "exec cat"]);
    let attach = |name: &str| ["attach-session", "-t", name].map(str::to_owned).to_vec();
    let _blank = Outer::attach(&server, &serde_json::json!({}), &attach("draw-HERE"));
    let mut other = Outer::attach(&server, &serde_json::json!({}), &attach("=s"));
    lives(&server, &pid, "drawing client");
    other.keys(&server, b"seen");
    until(&server, &["capture-pane", "-p", "-t", "=s:"], |screen| screen.contains("seen"));
    assert_eq!(server.ask(&["list-clients"]).lines().count(), 2);
}
