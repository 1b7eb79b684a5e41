//! Completions in real shells, as somebody who types and presses Tab meets them: each shell runs in a
//! pane. A shell that this machine does not have is named on standard error; `.ci/run` installs all.

use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::keeper::start;
use super::recovery::until;
use super::server::Server;

/// What is typed, and what is there after Tab and not before.
const CASES: &[(&str, &str)] = &[
    ("scopemux list-tran", "list-transcripts"),
    ("scopemux kill-pane -", "-a"),
    ("scopemux set-option -g status-inter", "status-interval"),
    ("scopemux set-option -g status-keys em", "status-keys emacs"),
    ("scopemux attach-session -t alp", "-t alpha"),
    ("scopemux -V", "-VV"),
    // The name that is an alias of the other one.
    ("tmux rename-ses", "rename-session"),
    ("tmux kill-session -t alp", "-t alpha"),
];

/// Runs a shell in a pane, with the completions and `alias tmux=scopemux`, and completes each case.
fn check(shell: &str, arguments: &str, setup: &[&str]) {
    if !["/bin", "/usr/bin"].iter().any(|dir| Path::new(dir).join(shell).exists()) {
        writeln!(std::io::stderr(), "completions: there is no {shell} here, so they are not tested in it")
            .ok();
        return;
    }
    let server = start();
    // The only `scopemux` in its path is the program under test, and there is no `tmux`.
    let bin = server.home().join("bin");
    std::fs::create_dir(&bin).expect("a new directory");
    symlink(env!("CARGO_BIN_EXE_scopemux"), bin.join("scopemux")).expect("a link");
    for tool in ["sort", "seq", "cat", "sed", "grep", "cut", "uname", "mkdir", "clear"] {
        let place =
            ["/usr/bin", "/bin"].iter().map(|dir| Path::new(dir).join(tool)).find(|path| path.exists());
        symlink(place.expect("a tool of every machine"), bin.join(tool)).expect("a link");
    }
    let program = format!("exec env PATH={} PS1='$ ' /usr/bin/{shell} {arguments}", bin.display());
    server.tmux(&["new-session", "-d", "-s", "alpha", "-x", "100", "-y", "40", &program]);
    let completions = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf/completions");
    for line in setup {
        let line = line.replace("DIR", &completions.display().to_string());
        server.send_literal("alpha", &format!("{line}\n"));
    }
    server.send_literal("alpha", "echo rea''dy\n");
    until(&server, &["capture-pane", "-p", "-t", "alpha"], |screen| {
        screen.lines().any(|line| line == "ready")
    });
    // Others than zsh list at the second Tab. zsh gives the terminal its usual modes back while it completes,
    // so that a key behind an unneeded Tab would be the terminal's.
    let tabs = if shell == "zsh" { 1 } else { 3 };
    for (typed, wanted) in CASES {
        complete(&server, typed, wanted, tabs);
    }
}

/// Presses Tab up to `tabs` times.
fn complete(server: &Server, typed: &str, wanted: &str, mut tabs: u32) {
    let screen = ["capture-pane", "-p", "-t", "alpha"];
    server.tmux(&["send-keys", "-t", "alpha", "C-u"]);
    server.send_literal("alpha", "clear\n");
    until(server, &screen, |screen| !screen.contains("mux") && !screen.contains("clear"));
    server.send_literal("alpha", typed);
    until(server, &screen, |screen| screen.contains(typed));
    until(server, &screen, |screen| {
        let is_there = screen.contains(wanted);
        if !is_there && tabs > 0 {
            tabs -= 1;
            server.tmux(&["send-keys", "-t", "alpha", "Tab"]);
        }
        is_there
    });
}

#[test]
fn bash_completes() {
    check("bash", "--norc --noprofile -i", &[". DIR/scopemux.bash", "alias tmux=scopemux"]);
}

#[test]
fn zsh_completes() {
    let setup = ["fpath=(DIR $fpath)", "autoload -Uz compinit", "compinit -u -D", "alias tmux=scopemux"];
    check("zsh", "-f -i", &setup);
}

#[test]
fn fish_completes() {
    check("fish", "--no-config -i", &["source DIR/scopemux.fish", "alias tmux scopemux"]);
}
