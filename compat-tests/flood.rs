//! A control client that stops reading while a pane floods: what waits for it is bounded.

use std::path::Path;
use std::process::Child;

use super::recovery::until;
use super::screen::Outer;
use super::server::Server;

/// Answers in a row that must be the same for a pane to count as held back.
const SAME: usize = 20;

const ROWS: [&str; 3] = ["display-message", "-p", "#{history_size}"];

/// A flooding pane that a control client holds back by not reading; the rows it printed.
fn held(server: &Server) -> (Child, String) {
    server.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "exec cat"]);
    let client = server.spawn_control("-C", &["attach-session".to_owned()], &[]);
    until(server, &["list-clients"], |clients| !clients.is_empty());
    server.tmux(&["respawn-pane", "-k", "exec yes flood"]);
    let (mut last, mut same) = (String::new(), 0);
    until(server, &ROWS, |now| {
        let flooded = now.trim().parse().is_ok_and(|rows: usize| rows > 1000);
        same = if flooded && now == last { same + 1 } else { 0 };
        now.clone_into(&mut last);
        same == SAME
    });
    (client, last)
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
