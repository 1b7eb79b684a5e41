//! After a server is killed, the next one has every line and the same screen.

use std::path::Path;
use std::time::Instant;

use super::screen::Outer;
use super::server::{PATIENCE, Server};

const LINES: usize = 30_000;

/// Repeats a command until its answer is the wanted one.
pub(crate) fn until(server: &Server, args: &[&str], mut wanted: impl FnMut(&str) -> bool) -> String {
    let since = Instant::now();
    loop {
        let answer = server.ask(args);
        if wanted(&answer) {
            return answer;
        }
        assert!(since.elapsed() < PATIENCE, "{args:?} still gives {answer:?}");
    }
}

/// Prints in a pane, and waits until the server has read it: it answers what is asked behind it. (The kernel
/// passes a terminal's data on in a thread of its own, so a command may overtake them.)
pub(crate) fn show(server: &mut Server, pane: &str, data: &[u8]) {
    let tty = server.tty(pane);
    tty.write(data);
    tty.write(b"\x1b[5n");
    tty.read_until(b"\x1b[0n");
}

/// Kills the server, and waits for the next one.
pub(crate) fn kill(server: &Server) {
    let pid = server.ask(&["display-message", "-p", "#{pid}"]);
    let number = pid.trim().parse().expect("a process id");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(number), nix::sys::signal::Signal::SIGKILL)
        .expect("our server");
    until(server, &["display-message", "-p", "#{pid}"], |now| !now.trim().is_empty() && *now != pid);
}

/// Waits until a pane has at least `enough` rows of history.
fn await_rows(server: &Server, pane: &str, enough: usize) {
    until(server, &["display-message", "-p", "-t", pane, "#{history_size}"], |rows| {
        rows.trim().parse().is_ok_and(|rows: usize| rows >= enough)
    });
}

/// Output of `seq`, and the row of the cursor.
fn numbers() -> String {
    (1..=LINES).map(|n| format!("number {n}\n")).chain(["\n".to_owned()]).collect()
}

/// Names of the files below a directory that are not empty.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => found.extend(files(&entry.path())),
            false => found.push(entry.path().display().to_string()),
        }
    }
    found
}

#[test]
fn a_killed_server_loses_no_line() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let program = format!("seq -f 'number %.0f' 1 {LINES}; printf '\\033[31mred'; read never");
    server.tmux(&["new-session", "-d", "-x", "40", "-y", "10", &program]);
    // Kill once in the middle of the output, and once after all of it.
    for enough in [LINES / 10, LINES] {
        until(&server, &["display-message", "-p", "#{history_size}"], |rows| {
            rows.trim().parse().is_ok_and(|rows: usize| rows + 20 > enough)
        });
        kill(&server);
    }
    until(&server, &["capture-pane", "-p"], |screen| screen.contains("red"));
    let all = server.ask(&["capture-pane", "-p", "-S", "-"]);
    let want = (1..=LINES).map(|n| format!("number {n}")).chain(["red".to_owned()]);
    assert!(all.lines().eq(want), "of {} lines, the last are {:?}", all.lines().count(), all.lines().last());
    let screen = server.ask(&["capture-pane", "-p", "-e"]);
    assert!(screen.contains("\x1b[31mred"), "{screen:?}");
    assert_eq!(server.ask(&["display-message", "-p", "#{cursor_x},#{cursor_y}"]), "3,9\n");
}

#[test]
fn a_dead_pane_keeps_its_lines() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "40", "-y", "10", "read never"]);
    server.tmux(&["set-option", "-g", "remain-on-exit", "on"]);
    // Fewer lines than a block has; the last one wraps from the history into the screen.
    let program = "seq -f 'number %.0f' 1 200; printf %0600d 7";
    server.tmux(&["new-window", "-d", "-n", "dead", program]);
    until(&server, &["display-message", "-p", "-t", ":dead", "#{pane_dead}"], |dead| dead == "1\n");
    let all = server.ask(&["capture-pane", "-p", "-t", ":dead", "-S", "-"]);
    assert_eq!(all.lines().count(), 200 + 15 + 1, "{all}");
    // A new window forces a state file, which includes the dead pane and its screen.
    server.tmux(&["new-window", "-d", "read never"]);
    kill(&server);
    assert_eq!(server.ask(&["capture-pane", "-p", "-t", ":dead", "-S", "-"]), all);
}

#[test]
fn keys_and_buffers_are_as_they_were_last() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "read never"]);
    server.tmux(&["set-buffer", "-b", "stays", "as it is", ";", "set-buffer", "-b", "changes", "one"]);
    server.tmux(&["set-buffer", "-b", "goes", "x", ";", "set-buffer", &"long ".repeat(20_000)]);
    server.tmux(&[
        "bind-key",
        "-n",
        "F5",
        "new-window",
        ";",
        "bind-key",
        "-T",
        "mine",
        "-r",
        "a",
        "next-window",
    ]);
    // A new window forces a state file; the next command changes a part of its contents.
    server.tmux(&["new-window", "-d", "read never"]);
    server.tmux(&["set-buffer", "-a", "-b", "changes", " two", ";", "delete-buffer", "-b", "goes"]);
    server.tmux(&["set-buffer", "-b", "stays", "-n", "moved", ";", "set-buffer", "-b", "new", "three"]);
    server.tmux(&["bind-key", "-n", "F5", "kill-pane", ";", "unbind-key", "C-b"]);
    server.tmux(&["bind-key", "-N", "a note", "-T", "mine", "b", "last-window"]);
    server.tmux(&["new-window", "-d", "read never"]);
    let format = "#{buffer_name} #{buffer_size} #{buffer_created} #{buffer_full}";
    let all = |server: &Server| {
        let asked: [&[&str]; 3] =
            [&["list-keys"], &["list-keys", "-N", "-T", "mine"], &["list-buffers", "-F", format]];
        let mut answers: Vec<String> = asked.iter().map(|args| server.ask(args)).collect();
        for buffer in ["moved", "changes", "new"] {
            answers.push(server.ask(&["show-buffer", "-b", buffer]));
        }
        answers
    };
    let before = all(&server);
    assert_eq!(before[3..], ["as it is", "one two", "three"]);
    kill(&server);
    assert_eq!(all(&server), before);
    // The state file that the next server wrote is complete too.
    server.tmux(&["set-buffer", "-b", "new", "four", ";", "new-window", "-d", "read never"]);
    let before = all(&server);
    kill(&server);
    assert_eq!(all(&server), before);
}

#[test]
fn cleared_history_does_not_come_back() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let program = format!("seq -f 'number %.0f' 1 {LINES}; read never");
    server.tmux(&["new-session", "-d", "-x", "40", "-y", "10", &program]);
    await_rows(&server, "", LINES - 9);
    let pid = server.ask(&["display-message", "-p", "#{pid}"]);
    server.tmux(&["clear-history"]);
    let number = pid.trim().parse().expect("a process id");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(number), nix::sys::signal::Signal::SIGKILL)
        .expect("our server");
    until(&server, &["display-message", "-p", "#{pid}"], |now| !now.trim().is_empty() && *now != pid);
    assert_eq!(server.ask(&["display-message", "-p", "#{history_size}"]), "0\n");
    let screen = server.ask(&["capture-pane", "-p", "-S", "-"]);
    assert!(screen.starts_with(&format!("number {}\n", LINES - 8)), "{screen}");
}

#[test]
fn options_of_windows_and_sessions_hold_for_what_is_replayed() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "read never", ";", "set-option", "-g", "history-limit", "4K"]);
    server.tmux(&["set-option", "-t", "0", "history-limit", "64M"]);
    let program = format!("stty -echo; read go; seq -f 'number %.0f' 1 {LINES}; read never");
    server.tmux(&["new-window", "-n", "one", &program]);
    server.tmux(&["set-option", "-w", "alternate-screen", "off"]);
    // Force a state file that includes the option.
    server.tmux(&["new-window", "-d", "read never"]);
    server.tmux(&["send-keys", "-l", "x"]);
    server.tmux(&["send-keys", "Enter"]);
    await_rows(&server, ":one", LINES - 100);
    kill(&server);
    let all = server.ask(&["capture-pane", "-p", "-S", "-", "-t", ":one"]);
    let first = all.lines().find(|line| line.starts_with("number"));
    assert_eq!(first, Some("number 1"));
    // Printed just before the server dies: read from the journal with the window's options.
    let mut server = server;
    server.tty(":one").write(b"\x1b[?1049hABC");
    until(&server, &["capture-pane", "-p", "-t", ":one"], |screen| screen.contains("ABC"));
    kill(&server);
    assert_eq!(server.ask(&["display-message", "-p", "-t", ":one", "#{alternate_on}"]), "0\n");
    assert!(server.ask(&["capture-pane", "-p", "-t", ":one"]).contains("ABC"));
}

#[test]
fn transcripts_lie_where_history_directory_says() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let program = format!("seq -f 'number %.0f' 1 {LINES}; read never");
    // Sessions for a restore lie elsewhere; a slow machine would have some.
    let options =
        "set -s history-directory '@TMP@/kept'\nset -g history-keep forever\nset -s restore-save off\n";
    server.write_file("@TMP@/conf", options);
    let conf = String::from_utf8(server.bytes("@TMP@/conf")).expect("a path");
    let start = ["-L", "t", "-f", &conf, "new-session", "-d", "-x", "40", "-y", "10", &program];
    server.run(&start.map(str::to_owned), b"", &[]);
    await_rows(&server, "", LINES - 9);
    let kept = String::from_utf8(server.bytes("@TMP@/kept")).expect("a path");
    let named = |server: &Server| {
        server.ask(&["list-transcripts", "-F", "#{transcript_name}: #{transcript_command}"])
    };
    assert_eq!(named(&server).lines().count(), 1);
    assert!(named(&server).contains(": seq -f"), "{}", named(&server));
    let there = files(Path::new(&kept));
    assert!(there.iter().any(|file| file.contains("/seg-")), "{there:?}");
    assert_eq!(
        files(Path::new(&String::from_utf8(server.bytes("@TMP@/home/.local")).expect("a path"))),
        [""; 0]
    );
    // The next server finds the pane's transcript in its directory, even if the option has changed.
    server.tmux(&["set-option", "-s", "history-directory", "~/other"]);
    kill(&server);
    let all = server.ask(&["capture-pane", "-p", "-S", "-"]);
    assert_eq!(all, numbers());
    let wrong = server.tmux(&["set-option", "-s", "history-directory", "x"]);
    assert_eq!(wrong.status, Some(0));
    until(&server, &["show-messages"], |text| text.contains("history-directory: not an absolute path: x"));
    // The transcript of a closed pane stays in its directory.
    server.tmux(&["set-option", "-s", "history-directory", &kept]);
    server.tmux(&["new-window", "read never", ";", "kill-window", "-t", ":0"]);
    until(&server, &["list-transcripts", "-f", "#{transcript_keep_until}"], |text| text.contains("pane-0-"));
}

#[test]
fn encrypted_history_is_read_by_the_next_server_and_by_no_other() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let program = format!("seq -f 'number %.0f' 1 {LINES}; read never");
    server.write_file("@TMP@/conf", "set -s history-encrypt on\nset -g history-keep forever\n");
    let conf = String::from_utf8(server.bytes("@TMP@/conf")).expect("a path");
    let start = ["-L", "t", "-f", &conf, "new-session", "-d", "-x", "40", "-y", "10"];
    let with = |more: &[&str]| start.iter().chain(more).map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
    server.run(&with(&[&program]), b"", &[]);
    await_rows(&server, "", LINES - 9);
    kill(&server);
    let all = server.ask(&["capture-pane", "-p", "-S", "-"]);
    assert_eq!(all, numbers());
    let home = String::from_utf8(server.bytes("@TMP@/home")).expect("a path");
    let segments = files(Path::new(&home)).into_iter().filter(|file| file.contains("/seg-"));
    let mut frames = 0;
    for segment in segments {
        // Magic, checksum, and the flag for encryption.
        let bytes = std::fs::read(segment).expect("our file");
        assert_eq!((&bytes[..4], bytes[8]), (&b"SMX1"[..], 1));
        frames += 1;
    }
    assert!(frames > 0);
    // The transcript is kept when its pane closes; its key is lost with the server.
    server.tmux(&["new-window", "read never", ";", "kill-window", "-t", ":0"]);
    let name = until(
        &server,
        &["list-transcripts", "-F", "#{transcript_name}", "-f", "#{transcript_keep_until}"],
        |text| !text.is_empty(),
    );
    let read = |server: &Server| server.tmux(&["save-transcript", "-N", "-k", name.trim()]);
    let saved = String::from_utf8_lossy(&read(&server).out).into_owned();
    assert!(saved.lines().next() == Some("number 1"), "{:?}", saved.lines().next());
    server.tmux(&["kill-server"]);
    until(&server, &["list-sessions"], |text| text.is_empty());
    server.run(&with(&["read never"]), b"", &[]);
    let listed = server.ask(&["list-transcripts", "-f", "#{transcript_keep_until}"]);
    assert!(listed.contains("(encrypted, and the key went with the server that wrote it)"), "{listed}");
    let error = String::from_utf8_lossy(&read(&server).err).into_owned();
    assert!(error.contains("encrypted, and the key went"), "{error}");
}

#[test]
fn a_pane_with_history_disk_off_leaves_nothing_on_disk() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "40", "-y", "10", "read never"]);
    server.tmux(&["set-option", "-w", "-g", "history-disk", "off"]);
    // A slow machine would have written sessions for a restore.
    server.tmux(&["set-option", "-s", "restore-save", "off"]);
    let program = format!("seq -f 'number %.0f' 1 {LINES}; read never");
    server.tmux(&["new-window", "-n", "secret", &program]);
    until(&server, &["capture-pane", "-p", "-t", ":secret"], |screen| screen.contains(&LINES.to_string()));
    kill(&server);
    let all = server.ask(&["capture-pane", "-p", "-S", "-", "-t", ":secret"]);
    assert!(all.ends_with(&format!("number {LINES}\n\n")), "{:?}", all.lines().last());
    assert!(all.lines().count() > 5000, "{}", all.lines().count());
    let home = String::from_utf8(server.bytes("@TMP@/home")).expect("a path");
    assert_eq!(files(Path::new(&home)), [""; 0]);
}

#[test]
fn a_full_file_system_costs_old_lines_and_nothing_else() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let text = |text: &str| String::from_utf8(server.bytes(text)).expect("a path");
    let place = text("@TMP@/small");
    std::fs::create_dir(&place).expect("a directory");
    // A file system for the server and its panes only, with half a megabyte free.
    let start = format!(
        "mount -t tmpfs -o size=1m,mode=700 none {place} && head -c 500000 /dev/zero >{place}/ballast && \
         exec {} -L t -f {} new-session -d -x 80 -y 10 'read never'",
        env!("CARGO_BIN_EXE_scopemux"),
        text("@TMP@/conf"),
    );
    server.write_file("@TMP@/conf", "set -s history-directory '@TMP@/small'\n");
    let command = server.command(&[]);
    let mut unshare = std::process::Command::new("unshare");
    unshare.args(["-m", "sh", "-c", &start]).env_clear();
    unshare.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    unshare.current_dir(command.get_current_dir().expect("a home")).stdin(std::process::Stdio::null());

    match unshare.output() {
        Ok(output) if output.status.success() => {}
        other => {
            println!("not tested, since nothing can be mounted here: {other:?}");
            return;
        }
    }
    // Two megabytes that do not compress, and lines after them.
    let flood = "head -c 1500000 /dev/urandom | base64; seq -f 'number %.0f' 1 2000; read never";
    server.tmux(&["new-window", "-d", "-n", "flood", flood]);
    until(&server, &["capture-pane", "-p", "-t", ":flood"], |screen| screen.contains("number 2000"));
    let error = ["display-message", "-p", "-t", ":flood", "#{history_error}"];
    until(&server, &error, |error| error.contains("No space left on device"));
    let said = server.ask(&["show-messages"]);
    let clear =
        said.lines().filter(|line| line.contains("history: cannot write to") && line.contains(&place));
    assert_eq!(clear.count(), 1, "{said}");
    // The newest lines are all there, and everything else works.
    let newest = server.ask(&["capture-pane", "-p", "-t", ":flood", "-S", "-1900"]);
    assert!(newest.contains("number 100\n") && newest.contains("number 1999\n"));
    assert_eq!(server.tmux(&["new-window", "-d", "-n", "more", "echo fine; read never"]).status, Some(0));
    until(&server, &["capture-pane", "-p", "-t", ":more"], |screen| screen.contains("fine"));
    // With free space again, the waiting lines are written.
    server.tmux(&["run-shell", &format!("rm {place}/ballast")]);
    server.tmux(&["set-option", "-g", "history-limit", "256K"]);
    until(&server, &error, |error| error == "\n");
    assert!(server.ask(&["show-messages"]).contains("history: writing to"));
    kill(&server);
    let newest = server.ask(&["capture-pane", "-p", "-t", ":flood", "-S", "-1900"]);
    assert!(newest.contains("number 100\n") && newest.contains("number 1999\n"));
}

#[test]
fn a_popup_that_became_a_pane_outlives_its_server() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "60", "-y", "16", "exec cat"]);
    server.tmux(&["set-option", "-g", "mouse", "on"]);
    server.tmux(&[
        "bind-key",
        "-n",
        "F5",
        "display-popup",
        "-w",
        "30",
        "-h",
        "8",
        "-x",
        "10",
        "-y",
        "12",
        "exec cat",
    ]);
    let step = serde_json::json!({ "cols": 60, "rows": 16 });
    let mut outer = Outer::attach(&server, &step, &["attach-session".to_owned()]);
    outer.keys(&server, b"\x1b[15~");
    outer.mouse(&server, "press 3 10 4");
    outer.keys(&server, b"h");
    until(&server, &["display-message", "-p", "#{window_panes}"], |panes| panes == "2\n");
    outer.keys(&server, b"before\r");
    let shown = ["capture-pane", "-p"];
    until(&server, &shown, |screen| screen.matches("before").count() == 2);
    let pid = ["display-message", "-p", "#{pane_pid}"];
    let program = server.ask(&pid);
    kill(&server);
    assert_eq!(server.ask(&pid), program);
    server.tmux(&["send-keys", "after", "Enter"]);
    let screen = until(&server, &shown, |screen| screen.matches("after").count() == 2);
    assert_eq!(screen.matches("before").count(), 2, "{screen}");
}

#[test]
fn the_program_of_a_popup_ends_with_the_client() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "exec cat"]);
    let mut outer = Outer::attach(&server, &serde_json::json!({}), &["attach-session".to_owned()]);
    server.tmux(&["bind-key", "-n", "F5", "display-popup", "echo runs; exec cat"]);
    outer.keys(&server, b"\x1b[15~");
    outer.until_shows("runs");
    let jobs = server.ask(&["show-messages", "-J"]);
    let pid = jobs.split("pid=").nth(1).and_then(|rest| rest.split(',').next()).expect("a job");
    let directory = format!("/proc/{pid}");
    assert!(Path::new(&directory).exists(), "{jobs}");
    kill(&server);
    super::keeper::wait_for("its end", || (!Path::new(&directory).exists()).then_some(()));
    assert_eq!(server.ask(&["display-message", "-p", "#{session_windows}"]), "1\n");
}

#[test]
fn output_of_a_command_stays_in_view() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "60", "-y", "16", "exec cat"]);
    server.tmux(&["run-shell", "-t", ":", "seq 1 100; printf 'a\\ttab'"]);
    for command in ["history-top", "begin-selection", "cursor-down"] {
        server.tmux(&["send-keys", "-N", "3", "-X", command]);
    }
    let looks = || {
        let place = "#{pane_mode} #{scroll_position} #{copy_cursor_x},#{copy_cursor_y} #{selection_present}";
        let place = server.ask(&["display-message", "-p", place]);
        place + &server.ask(&["capture-pane", "-M", "-p", "-S", "-", "-E", "-"])
    };
    let before = looks();
    assert!(before.starts_with("view-mode 85 0,3 1\n") && before.contains("\n100\n"), "{before}");
    kill(&server);
    assert_eq!(looks(), before);
    // Too much of it closes with the server.
    server.tmux(&["run-shell", "-t", ":", "seq 1 60000"]);
    kill(&server);
    assert!(looks().starts_with(" "));
}

#[test]
fn images_outlive_their_server() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    // An image of 40 by 30 pixels, and another one behind the alternate screen.
    let image = r##"\033Pq"1;1;40;30#1;2;100;0;0#1!40~-!40~-!40~-!40~-!40~\033\\"##;
    let program = format!("printf 'first{image}'; printf '\\033[?1049h{image}second'; read never");
    server.tmux(&["new-session", "-d", "-x", "60", "-y", "16", &program]);
    until(&server, &["capture-pane", "-p"], |screen| screen.contains("second"));
    kill(&server);
    // A terminal without sixel shows a box in its place.
    let step = serde_json::json!({ "cols": 60, "rows": 17 });
    let mut outer = Outer::attach(&server, &step, &["attach-session".to_owned()]);
    outer.until_shows("SIXEL IMAGE");
    outer.until_shows("second");
    let mut server = server;
    server.tty(":0").write(b"\x1b[?1049l");
    outer.until_shows("first");
    outer.until_shows("SIXEL IMAGE");
}

#[test]
fn a_dead_server_is_in_the_log_of_the_next() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "read never"]);
    let health = server.ask(&["show-messages", "-H"]);
    assert!(health.contains("containment: ") && health.trim_end().ends_with("restarts 0"), "{health}");
    kill(&server);
    let health = server.ask(&["show-messages", "-H"]);
    let lines = ["containment: ", "the server before died", "containment: ", "health: "];
    let mut rest = health.as_str();
    for line in lines {
        rest = rest.split_once(line).unwrap_or_else(|| panic!("no {line:?} in {health}")).1;
    }
    assert!(rest.trim_end().ends_with("restarts 1"), "{health}");
}
