//! Panes that flood: output queued for a control client that stops reading is limited and comes in
//! whole lines, and the last frame of a flood is drawn.

use std::io::Read;
use std::path::Path;
use std::process::Child;

use super::recovery::until;
use super::screen::Outer;
use super::server::Server;

/// Equal answers in a row after which a pane counts as held back.
const SAME: usize = 20;

const ROWS: [&str; 3] = ["display-message", "-p", "#{history_size}"];

/// A flooding pane that a control client holds back by not reading; returns the client and the
/// pane's rows.
fn held(server: &Server) -> (Child, String) {
    server.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "exec cat"]);
    let client = server.spawn_control("-C", &["attach-session".to_owned()], &[]);
    until(server, &["list-clients"], |clients| !clients.is_empty());
    server.tmux(&["respawn-pane", "-k", "exec yes flood"]);
    let rows = held_back(server);
    (client, rows)
}

/// Waits until a flooding pane prints no more; returns its rows.
fn held_back(server: &Server) -> String {
    let (mut last, mut same) = (String::new(), 0);
    until(server, &ROWS, |now| {
        let flooded = now.trim().parse().is_ok_and(|rows: usize| rows > 1000);
        same = if flooded && now == last { same + 1 } else { 0 };
        now.clone_into(&mut last);
        same == SAME
    });
    last
}

#[test]
fn a_control_client_that_does_not_read_holds_the_pane_back_until_it_is_gone() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let (mut client, rows) = held(&server);
    client.kill().expect("our client");
    client.wait().expect("our client");
    until(&server, &ROWS, |now| now != rows);
}

#[test]
fn a_control_client_that_does_not_read_goes_when_someone_looks_at_the_pane() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let (mut client, rows) = held(&server);
    let _outer = Outer::attach(&server, &serde_json::json!({}), &["attach-session".to_owned()]);
    until(&server, &ROWS, |now| now != rows);
    client.kill().expect("our client");
    client.wait().expect("our client");
}

/// All further output of a control client.
fn rest(client: &mut Child) -> String {
    let mut out = Vec::new();
    client.stdout.take().expect("a pipe").read_to_end(&mut out).expect("output");
    client.wait().expect("it ends");
    String::from_utf8_lossy(&out).into_owned()
}

#[track_caller]
fn assert_whole_lines(text: &str) {
    let broken = text.lines().find(|line| !line.starts_with('%') || line[1..].contains("%exit"));
    assert_eq!(broken, None, "every line is whole");
    assert!(text.ends_with("\n%exit\n"), "{:?}", text.get(text.len().saturating_sub(200)..));
}

/// A control client with a partial line queued receives the rest of the line, whichever way the
/// client ends.
#[test]
fn a_control_client_that_reads_late_gets_whole_lines_whatever_ends_it() {
    for command in ["refresh-client -f no-output", "detach-client", "kill-session", "kill-server"] {
        let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
        let (mut client, _) = held(&server);
        let name = server.ask(&["list-clients", "-F", "#{client_name}"]);
        match command.split_once(' ') {
            Some((refresh, flags)) => {
                let args = [&[refresh, "-t", name.trim()], &flags.split(' ').collect::<Vec<_>>()[..]];
                assert_eq!(server.tmux(&args.concat()).status, Some(0), "{command}");
                server.tmux(&["detach-client", "-s", "0"]);
            }
            None => drop(server.tmux(&[command])),
        }
        assert_whole_lines(&rest(&mut client));
    }
}

/// A frame that was delayed by flooding panes is drawn even if no other event follows.
#[test]
fn the_last_frame_of_a_flood_is_drawn_without_another_event() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let flood = "stty -echo; while read n; do seq 1 20000; echo end-of-flood-$n.; done";
    server.tmux(&[
        "set-option",
        "-g",
        "status",
        "off",
        ";",
        "new-session",
        "-d",
        "-x",
        "80",
        "-y",
        "24",
        flood,
    ]);
    let mut outer = Outer::attach(&server, &serde_json::json!({}), &["attach-session".to_owned()]);
    for n in 0..30 {
        outer.type_only(format!("{n}\r").as_bytes());
        outer.until_shows(&format!("end-of-flood-{n}."));
    }
}
