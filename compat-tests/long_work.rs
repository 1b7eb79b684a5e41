//! Work that takes long shows how far it is, and can be stopped without a trace. Servers of release builds
//! cannot be held at a pane, so only debug builds have these tests.

use std::fs;
use std::path::PathBuf;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::keeper::{number, start, wait_for};
use super::restore::{assert_is_restored, end_by_signal, fill, lists};
use super::screen::Outer;
use super::server::{Changes, Server};

/// While this file exists, servers that restore wait after the first pane.
struct Hold(PathBuf);

impl Hold {
    fn new(server: &Server) -> Self {
        let path = server.home().join("hold");
        fs::write(&path, "").expect("a file");
        Self(path)
    }

    /// The environment of such a server.
    fn environment(server: &Server) -> [(String, Option<String>); 1] {
        [("SCOPEMUX_HOLD".to_owned(), Some(server.home().join("hold").display().to_string()))]
    }

    fn end(self) {
        fs::remove_file(self.0).expect("our file");
    }
}

fn run(server: &Server, args: &[&str], env: &Changes) {
    let all: Vec<String> =
        ["-L", "t", "-f", "/dev/null"].iter().chain(args).map(|a| (*a).to_owned()).collect();
    assert_eq!(server.run(&all, b"", env).status, Some(0), "{args:?}");
}

fn client(server: &Server, command: &str) -> Outer {
    Outer::start(server, &json!({}), &[command.to_owned()])
}

#[test]
fn clients_see_how_far_a_recovery_is() {
    let server = start();
    run(&server, &["new-session", "-d", "echo first pane; exec cat"], &Hold::environment(&server));
    for _ in 0..4 {
        server.tmux(&["new-window", "-d", "exec cat"]);
    }
    let mut attached = Outer::attach(&server, &json!({}), &["attach-session".to_owned()]);
    attached.until_shows("first pane");
    let hold = Hold::new(&server);
    kill(Pid::from_raw(number(&server, "#{pid}")), Signal::SIGKILL).expect("our server");
    // The client that was attached, one that asks, and one whose user has no patience.
    let mut asks = client(&server, "list-sessions");
    let mut stops = client(&server, "list-sessions");
    for one in [&mut attached, &mut asks, &mut stops] {
        one.until_sent(b"recovering: 20%, ");
        one.until_sent(b" s left");
    }
    stops.type_only(b"\x03");
    assert_eq!(stops.ended(), Some(130));
    hold.end();
    assert_eq!(asks.ended(), Some(0));
    // The line is erased before the answer.
    asks.until_sent(b"\r\x1b[K0: 5 windows");
    attached.until_sent(b"\r\x1b[K\x1b[?1049h");
    attached.until_shows("first pane");
}

/// A server of which a machine that went down ended another one; what that one showed.
fn after_an_end(server: &Server) -> Vec<String> {
    fill(server);
    let before = lists(server);
    end_by_signal(server);
    run(server, &["start-server", ";", "set-option", "-s", "exit-empty", "off"], &Hold::environment(server));
    before
}

/// Restores all, once a restore that was stopped is over.
fn restore_all(server: &Server, before: &[String]) {
    let said = wait_for("the end of the other restore", || {
        let said = server.tmux(&["restore-sessions"]);
        let text = String::from_utf8_lossy(&[said.out, said.err].concat()).into_owned();
        (text != "sessions are being restored already\n").then_some(text)
    });
    assert_eq!(said, "restored 3 sessions, 3 windows, 6 panes\n");
    assert_is_restored(server, before);
}

#[test]
fn a_restore_that_its_client_leaves_can_be_had_later() {
    let server = start();
    let before = after_an_end(&server);
    let hold = Hold::new(&server);
    let mut restore = client(&server, "restore-sessions");
    restore.until_sent(b"restoring: 16%, ");
    let other = server.tmux(&["restore-sessions"]);
    assert_eq!(String::from_utf8_lossy(&other.err), "sessions are being restored already\n");
    restore.type_only(b"\x03");
    assert_eq!(restore.ended(), Some(130));
    hold.end();
    restore_all(&server, &before);
}

#[test]
fn a_restore_that_is_stopped_leaves_all_as_it_was() {
    let server = start();
    let before = after_an_end(&server);
    let hold = Hold::new(&server);
    server.tmux(&["new-session", "-d", "-s", "mine", "exec cat"]);
    let mut attached = Outer::attach(&server, &json!({}), &["attach-session".to_owned()]);
    attached.keys(&server, b"\x02:");
    attached.type_only(b"restore-sessions\r");
    attached.until_shows("restoring: 16%, ");
    attached.until_shows("(q stops it)");
    attached.type_only(b"q");
    hold.end();
    attached.until_shows("Stopped: nothing was restored");
    assert_eq!(server.ask(&["list-sessions", "-F", "#{session_name}"]), "mine\n");
    server.tmux(&["kill-session", "-t", "mine"]);
    restore_all(&server, &before);
}

#[test]
fn a_server_that_restores_when_it_starts_can_be_told_to_go_without() {
    let server = start();
    fill(&server);
    let before = lists(&server);
    end_by_signal(&server);
    server.write_file(
        "@TMP@/restore.conf",
        "set-option -s restore-on-start on\nset-option -s exit-empty off\n",
    );
    let conf = String::from_utf8(server.bytes("@TMP@/restore.conf")).expect("a path");
    let hold = Hold::new(&server);
    let environment = Hold::environment(&server);
    let args = ["-f", &conf, "new-session", "-d", "-s", "mine"].map(str::to_owned);
    let mut first = Outer::start_with(&server, &json!({}), &args, &environment);
    first.until_sent(b"restoring: 16%, ");
    first.type_only(b"\x03");
    assert_eq!(first.ended(), Some(130));
    hold.end();
    let said = wait_for("the message", || {
        let said = server.ask(&["show-messages"]);
        said.contains("restore-on-start: ").then_some(said)
    });
    assert!(said.contains("restore-on-start: stopped: nothing was restored"), "{said}");
    restore_all(&server, &before);
}
