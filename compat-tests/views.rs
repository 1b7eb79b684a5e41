//! What people look at beside their programs: status lines, and the lists of our own commands.

use std::path::Path;

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
