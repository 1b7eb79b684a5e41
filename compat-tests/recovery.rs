//! What a server that is killed leaves: the next one has every line, and the screen, as it was.

use std::path::Path;
use std::time::Instant;

use super::server::{PATIENCE, Server};

const LINES: usize = 30_000;

/// Asks until the answer is wanted.
fn until(server: &Server, args: &[&str], wanted: impl Fn(&str) -> bool) -> String {
    let since = Instant::now();
    loop {
        let answer = server.ask(args);
        if wanted(&answer) {
            return answer;
        }
        assert!(since.elapsed() < PATIENCE, "{args:?} still gives {answer:?}");
    }
}

#[test]
fn a_killed_server_loses_no_line() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let program = format!("seq -f 'number %.0f' 1 {LINES}; printf '\\033[31mred'; read never");
    server.tmux(&["new-session", "-d", "-x", "40", "-y", "10", &program]);
    // In the middle of it, and once more when all is printed.
    for enough in [LINES / 10, LINES] {
        until(&server, &["display-message", "-p", "#{history_size}"], |rows| {
            rows.trim().parse().is_ok_and(|rows: usize| rows + 20 > enough)
        });
        let pid = server.ask(&["display-message", "-p", "#{pid}"]);
        let number = pid.trim().parse().expect("a process id");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(number), nix::sys::signal::Signal::SIGKILL)
            .expect("our server");
        until(&server, &["display-message", "-p", "#{pid}"], |now| !now.trim().is_empty() && *now != pid);
    }
    until(&server, &["capture-pane", "-p"], |screen| screen.contains("red"));
    let all = server.ask(&["capture-pane", "-p", "-S", "-"]);
    let want = (1..=LINES).map(|n| format!("number {n}")).chain(["red".to_owned()]);
    assert!(all.lines().eq(want), "of {} lines, the last are {:?}", all.lines().count(), all.lines().last());
    let screen = server.ask(&["capture-pane", "-p", "-e"]);
    assert!(screen.contains("\x1b[31mred"), "{screen:?}");
    assert_eq!(server.ask(&["display-message", "-p", "#{cursor_x},#{cursor_y}"]), "3,9\n");
}
