//! All kinds of state outlive a server that is killed right after its last answer: listings,
//! options, formats and screens are compared before and after.

use std::path::Path;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::recovery::until;
use super::server::{PATIENCE, Server};

/// Format variables that differ between servers, or depend on a program's reaction to a resize.
const DIFFERENT: &[&str] = &["pid", "window_activity", "history_bytes", "history_all_bytes", "client_"];

/// Commands whose answers must be equal.
const ASKED: &[&[&str]] = &[
    &["list-sessions", "-F", "#{session_name} #{session_id} #{session_group} #{session_stack}"],
    &["list-windows", "-a"],
    &["list-panes", "-a"],
    &["list-buffers"],
    &["list-keys"],
    &["list-keys", "-N", "-T", "mine"],
    &["show-options", "-s"],
    &["show-options", "-g"],
    &["show-options", "-gw"],
    &["show-hooks", "-g"],
    &["show-hooks", "-gw"],
    &["show-environment", "-g"],
    &["show-environment", "-gh"],
    &["show-prompt-history"],
    &["server-access", "-l"],
];

/// Answers of a server to all compared commands.
fn all(server: &Server) -> Vec<(String, String)> {
    let mut answers: Vec<(String, String)> =
        ASKED.iter().map(|args| (args.join(" "), server.ask(args))).collect();
    let mut ask = |args: &[&str]| {
        let answer = server.ask(args);
        answers.push((args.join(" "), answer.clone()));
        answer
    };
    for session in ask(&["list-sessions", "-F", "#{session_id}"]).lines() {
        ask(&["show-options", "-t", session]);
        ask(&["show-hooks", "-t", session]);
        ask(&["show-environment", "-t", session]);
        ask(&["show-environment", "-h", "-t", session]);
    }
    for window in ask(&["list-windows", "-a", "-F", "#{window_id}"]).lines() {
        ask(&["show-options", "-w", "-t", window]);
        ask(&["show-hooks", "-w", "-t", window]);
    }
    for pane in ask(&["list-panes", "-a", "-F", "#{pane_id}"]).lines() {
        ask(&["show-options", "-p", "-t", pane]);
        ask(&["show-hooks", "-p", "-t", pane]);
        ask(&["capture-pane", "-peN", "-S", "-", "-t", pane]);
        ask(&["capture-pane", "-peM", "-t", pane]);
    }
    for link in ask(&["list-panes", "-a", "-F", "#{session_id}:#{window_index}.#{pane_index}"]).lines() {
        let formats = server.ask(&["display-message", "-a", "-p", "-t", link]);
        let same = |line: &&str| !DIFFERENT.iter().any(|name| line.starts_with(name));
        answers.push((
            format!("formats of {link}"),
            formats.lines().filter(same).collect::<Vec<_>>().join("\n"),
        ));
    }
    for buffer in server.ask(&["list-buffers", "-F", "#{buffer_name}"]).lines() {
        answers.push((format!("buffer {buffer}"), server.ask(&["show-buffer", "-b", buffer])));
    }
    answers
}

/// Differences between two sets of answers, for a message.
fn differences(before: &[(String, String)], after: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for ((asked, before), (asked_again, after)) in before.iter().zip(after) {
        assert_eq!(asked, asked_again, "{found:#?}");
        let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
        if before != after {
            let gone: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
            let new: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
            found.push(format!("{asked}: -{gone:?} +{new:?}"));
        }
    }
    found
}

fn pid(server: &Server) -> Pid {
    let pid = server.ask(&["display-message", "-p", "#{pid}"]);
    Pid::from_raw(pid.trim().parse().expect("a process id"))
}

/// Kills a server immediately and waits until the next one answers.
fn kill_at_once(server: &Server, before: Pid) -> Pid {
    kill(before, Signal::SIGKILL).expect("our server");
    let since = Instant::now();
    loop {
        let now = server.ask(&["display-message", "-p", "#{pid}"]);
        if let Ok(now) = now.trim().parse().map(Pid::from_raw)
            && now != before
        {
            return now;
        }
        assert!(since.elapsed() < PATIENCE, "no server comes back");
    }
}

/// Runs commands, one a line, all of which must succeed.
fn run(server: &Server, script: &str) {
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        // Split into words as a shell does, with single quotes.
        let parts = line.split('\'').enumerate();
        let words = parts.flat_map(|(number, part)| match number % 2 {
            0 => part.split_whitespace().collect::<Vec<_>>(),
            _ => vec![part],
        });
        let output = server.tmux(&words.collect::<Vec<_>>());
        assert_eq!(output.status, Some(0), "{line}: {}", String::from_utf8_lossy(&output.err));
    }
}

/// Windows, panes and their properties.
const OBJECTS: &str = "
    new-session -d -s one -n first -e OF=one -x 100 -y 40 cat
    new-session -d -s two -t one ; new-session -d -s three cat
    split-window -d -h -t one:first cat ; split-window -d -t one:first cat
    new-window -d -n zoomed -t one: cat ; split-window -t one:zoomed cat
    resize-pane -Z -t one:zoomed.1
    new-window -d -n floats -t one: cat
    new-pane -d -t one:floats -x 30 -y 8 -X 4 -Y 3 cat
    new-window -d -n dead -t one: 'printf last; exit 3' ; set-option -w -t one:dead remain-on-exit on
    new-window -d -n empty -t three: cat ; split-window -d -t three:empty ''
    link-window -d -s three:empty -t one:9
    select-pane -m -t one:floats.0 ; select-pane -d -t one:first.1
    select-pane -T 'a title' -t one:first.0 ; select-pane -t one:first.2
    select-window -t one:zoomed ; select-window -t one:floats
    select-layout -t one:first main-vertical ; rename-window -t three:0 named
    resize-window -t three:0 -x 77 -y 33
";

/// Options, keys, hooks, environments, buffers, channels.
const SETTINGS: &str = "
    set-option -s @server 1 ; set-option -s command-alias[50] zz=list-keys
    set-option -g @global 2 ; set-option -g status-left '#[fg=red]x'
    set-option -gw mode-keys vi ; set-option -t two prefix C-a
    set-option -w -t one:first synchronize-panes on
    set-option -w -t one:first monitor-silence 1000
    set-option -p -t one:first.0 window-style bg=blue
    set-option -w -t one:first automatic-rename off
    set-hook -g alert-bell[3] 'display-message bell'
    set-hook -t one window-renamed 'set -g @renamed 1'
    bind-key -n F6 display-message 'a\"b\\\"c'
    bind-key -n F5 new-window ; bind-key -T mine -N 'a note' -r a next-window
    unbind-key C-b ; unbind-key -a -T copy-mode-vi
    set-environment -g SHOWN 1 ; set-environment -gh HIDDEN 2 ; set-environment -r -t one REMOVED
    set-buffer 'named by nobody' ; set-buffer -b named x ; set-buffer -a -b named y
    wait-for -L locked ; wait-for -S woken
    copy-mode -t one:first.0 ; send-keys -t one:first.0 -X begin-selection
    send-keys -t one:first.0 -X cursor-right ; send-keys -t one:first.0 -X set-mark
    clock-mode -t three:0
    run-shell -b -d 100 'true'
";

#[test]
fn all_state_outlives_a_killed_server() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    run(&server, OBJECTS);
    run(&server, SETTINGS);
    server.tmux(&["set-buffer", "-b", "long", &"long ".repeat(20_000)]);
    until(&server, &["display-message", "-p", "-t", "one:dead", "#{pane_dead_status}"], |dead| dead == "3\n");
    let before = all(&server);
    let first = pid(&server);
    run(&server, "set-option -g @last told");
    let second = kill_at_once(&server, first);
    assert_eq!(server.ask(&["show-options", "-gv", "@last"]), "told\n");
    run(&server, "set-option -gu @last");
    let after = all(&server);
    assert_eq!(differences(&before, &after), Vec::<String>::new());
    // The next server loads all of it from the state file of one that itself only loaded it.
    kill_at_once(&server, second);
    assert_eq!(differences(&before, &all(&server)), Vec::<String>::new());
    // Channels have no listing: the one that was woken wakes a waiter at once, and the lock is
    // held.
    run(&server, "wait-for woken ; wait-for -U locked");
}

#[test]
fn delayed_commands_run_under_the_next_server() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    run(&server, "new-session -d cat");
    let first = pid(&server);
    run(&server, "run-shell -b -d 1.5 -C 'set-option -g @commands run'");
    run(&server, "run-shell -b -d 1.5 'echo shell > @TMP@/ran'");
    kill_at_once(&server, first);
    assert_eq!(server.ask(&["show-options", "-gqv", "@commands"]), "", "not yet");
    until(&server, &["show-options", "-gqv", "@commands"], |text| text == "run\n");
    until(&server, &["run-shell", "cat @TMP@/ran"], |text| text == "shell\n");
}

/// Jobs that wait for their input, the pipe of a pane, and the commands that run when they end.
const JOBS: &str = "
    new-session -d -x 80 -y 24 cat ; set-option -g status off
    run-shell 'mkfifo @TMP@/shell @TMP@/if'
    pipe-pane 'cat >> @TMP@/piped'
    run-shell -b 'echo early; cat @TMP@/shell; exit 3'
    if-shell -b 'grep -q yes @TMP@/if' 'set-option -g @chosen yes' 'set-option -g @chosen no'
";

#[test]
fn choosers_come_back_and_unzoom_their_windows() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    run(&server, "new-session -d -s one -x 80 -y 30 cat ; split-window -d cat ; new-window -d cat");
    run(&server, "split-window -d -t one:1 cat ; set-buffer text");
    run(
        &server,
        "choose-tree -Zw -t one:0.0 ; choose-buffer -O size -r -t one:0.1 ; customize-mode -Z -t one:1.0",
    );
    run(&server, "choose-usage -t one:1.1");
    let format = "#{pane_id} #{pane_mode} #{window_zoomed_flag}";
    let before = server.ask(&["list-panes", "-a", "-F", format]);
    let modes = ["tree-mode 1", "buffer-mode 1", "options-mode 1", "usage-mode 1"];
    assert!(modes.iter().all(|mode| before.contains(mode)), "{before}");
    let first = pid(&server);
    let second = kill_at_once(&server, first);
    assert_eq!(server.ask(&["list-panes", "-a", "-F", format]), before);
    kill_at_once(&server, second);
    assert_eq!(server.ask(&["list-panes", "-a", "-F", format]), before);
    run(&server, "copy-mode -q -t one:0.0 ; copy-mode -q -t one:1.0");
    assert_eq!(server.ask(&["list-windows", "-F", "#{window_zoomed_flag}"]), "0\n0\n");
    // A mode that is not restored leaves no zoom behind.
    run(&server, "choose-transcripts -Z -t one:0.0");
    let third = pid(&server);
    kill_at_once(&server, third);
    assert_eq!(server.ask(&["list-windows", "-F", "#{window_zoomed_flag} #{pane_mode}"]), "0 \n0 \n");
}

#[test]
fn format_jobs_end_with_their_clients() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    run(&server, "new-session -d cat ; set-option -g status off");
    for _ in 0..20 {
        // Its client may end before the job's program runs.
        run(&server, "display-message -p '#(exec sleep 1000)'");
    }
    until(&server, &["show-messages", "-J"], str::is_empty);
}

#[test]
fn jobs_and_pipes_go_on_under_the_next_server() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    run(&server, JOBS);
    let piped = |server: &Server, text: &str| {
        server.send_literal("", text);
        until(server, &["run-shell", "cat @TMP@/piped"], |shown| shown.contains(text));
    };
    piped(&server, "before");
    let jobs = server.ask(&["show-messages", "-J"]);
    let first = pid(&server);
    let second = kill_at_once(&server, first);
    assert_eq!(server.ask(&["display-message", "-p", "#{pane_pipe}"]), "1\n");
    piped(&server, "after");
    // Twice: the server that loaded them saves the same state.
    kill_at_once(&server, second);
    piped(&server, "again");
    assert_eq!(server.ask(&["show-messages", "-J"]).lines().count(), jobs.lines().count(), "{jobs}");
    run(&server, "run-shell 'echo yes > @TMP@/if'");
    until(&server, &["show-options", "-gqv", "@chosen"], |text| text == "yes\n");
    run(&server, "run-shell 'echo late > @TMP@/shell'");
    // Output that it printed under all three servers, and its exit status.
    until(&server, &["capture-pane", "-pM"], |shown| {
        shown.starts_with("early\nlate\n") && shown.contains("returned 3\n")
    });
    run(&server, "pipe-pane");
    until(&server, &["show-messages", "-J"], |jobs| jobs.is_empty());
}
