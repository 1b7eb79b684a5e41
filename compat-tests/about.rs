//! `-VV` prints all that a bug report needs, without a server.

use std::process::Command;

#[test]
fn the_version_is_followed_by_what_a_bug_report_needs() {
    let output = Command::new(env!("CARGO_BIN_EXE_scopemux"))
        .arg("-VV")
        .env("TERM", "no-such-terminal")
        .env("XDG_STATE_HOME", "/somewhere/state")
        .output()
        .expect("the program runs");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(concat!("scopemux ", env!("CARGO_PKG_VERSION"))));
    for wanted in ["equals: tmux 3.7c", "history: /somewhere/state/scopemux"] {
        assert!(lines.any(|line| line == wanted), "no {wanted:?} in {text}");
    }
    let terminal = text.lines().find(|line| line.starts_with("terminal: ")).expect("a line on the terminal");
    assert!(terminal.contains("no-such-terminal") && !terminal.contains("known to terminfo"), "{terminal}");
}
