//! `upgrade-server`: another program replaces the running server without an interruption: clients,
//! programs, jobs, pipes, prompts and waits continue. A file that is no such program changes
//! nothing.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::pty::{Winsize, openpty};
use serde_json::json;

use super::control::Control;
use super::keeper::wait_for;
use super::recovery::until;
use super::screen::Outer;
use super::server::{PATIENCE, Server};

/// Lines that each counting pane prints.
const LINES: usize = 15_000;
/// Last line that a pane prints.
const END: &str = "all is counted";

fn start() -> Server {
    Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")))
}

/// A server whose upgrades may take long, because the machine is busy.
fn start_patient(command: &str) -> Server {
    let server = start();
    let args = ["-L", "t", "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", command];
    let patience = [("SCOPEMUX_UPGRADE_MS".to_owned(), Some("20000".to_owned()))];
    let output = server.run(&args.map(str::to_owned), b"", &patience);
    assert_eq!(output.status, Some(0), "{}", String::from_utf8_lossy(&output.err));
    server
}

/// Number of upgrades under load.
fn upgrades() -> usize {
    std::env::var("SCOPEMUX_UPGRADES").ok().and_then(|times| times.parse().ok()).unwrap_or(3)
}

fn pid(server: &Server) -> String {
    server.ask(&["display-message", "-p", "#{pid}"])
}

/// Replaces the server by the same program; returns the new process id.
fn upgrade(server: &Server) -> String {
    let before = pid(server);
    let output = server.tmux(&["upgrade-server"]);
    assert_eq!(output.status, Some(0), "{}", String::from_utf8_lossy(&output.err));
    let after = pid(server);
    assert!(!after.is_empty() && after != before, "process {before:?}, then {after:?}");
    let said = String::from_utf8_lossy(&output.out).into_owned();
    assert_eq!(said, format!("upgraded: process {} is the server\n", after.trim()));
    after
}

/// Starts a command that waits.
fn begin(server: &Server, args: &[&str]) -> Child {
    let all: Vec<String> =
        ["-L", "t", "-f", "/dev/null"].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    let mut command = server.command(&all);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program runs")
}

/// Result of a command that was waiting: status, output and errors.
fn end(mut child: Child) -> (Option<i32>, String, String) {
    let status = wait_for("a command's end", || child.try_wait().expect("our child"));
    let mut text = [String::new(), String::new()];
    child.stdout.take().expect("a pipe").read_to_string(&mut text[0]).expect("text");
    child.stderr.take().expect("a pipe").read_to_string(&mut text[1]).expect("text");
    let [out, err] = text;
    (status.code(), out, err)
}

/// A real tmux client, of the binary that `SCOPEMUX_TMUX` names.
struct Tmux {
    child: Child,
}

impl Tmux {
    fn attach(server: &Server) -> Option<Self> {
        let program = std::env::var_os("SCOPEMUX_TMUX")?;
        let args = ["-L", "t", "attach-session"].map(str::to_owned);
        let like = server.command(&args);
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).expect("a terminal");
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().expect("a descriptor"));
        let mut command = Command::new(program);
        command.args(like.get_args()).env_clear();
        command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(end(&pty.slave)).stdout(end(&pty.slave)).stderr(end(&pty.slave));
        // SAFETY: both calls are allowed between fork and exec.
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                match libc::ioctl(0, libc::TIOCSCTTY, 0) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                }
            });
        }
        let child = command.spawn().expect("tmux runs");
        let mut master = fs::File::from(pty.master);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while matches!(master.read(&mut buffer), Ok(1..)) {}
        });
        let pid = child.id().to_string();
        until(server, &["list-clients", "-F", "#{client_pid}"], |pids| pids.lines().any(|line| line == pid));
        Some(Self { child })
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn clients(server: &Server) -> String {
    server.ask(&["list-clients", "-F", "#{client_pid} #{client_created} #{client_tty} #{client_flags}"])
}

fn lines() -> String {
    (1..=LINES).map(|n| format!("line {n}\n")).collect()
}

#[test]
fn nobody_notices_that_the_server_is_another_one() {
    let count =
        format!("read go; i=0; while [ $i -lt {LINES} ]; do i=$((i+1)); echo line $i; done; echo {END}; cat");
    let mut server = start_patient(&count);
    let panes = ["%0", "%1", "%2", "%3"];
    for _ in 1..panes.len() {
        server.tmux(&["new-window", "-d", &count]);
    }
    server.tmux(&["pipe-pane", "-t", "%1", "cat > @TMP@/piped"]);
    let outer = Outer::attach(&server, &json!({}), &["attach-session".to_owned()]);
    server.outers.insert("ours".to_owned(), outer);
    let mut tmux = Tmux::attach(&server);
    let mut control = Control::start(&server, "-C", &["attach-session".to_owned()], &[]);
    let waiter = begin(&server, &["wait-for", "channel"]);
    until(&server, &["show-messages"], |log| log.contains("command: wait-for channel"));
    let before = clients(&server);
    for pane in panes {
        server.tmux(&["send-keys", "-t", pane, "Enter"]);
    }
    for _ in 0..upgrades() {
        upgrade(&server);
        assert_eq!(clients(&server), before);
    }
    for pane in panes {
        until(&server, &["capture-pane", "-p", "-t", pane], |shown| shown.contains(END));
        let text = server.ask(&["capture-pane", "-p", "-S", "-", "-t", pane]);
        let counted: String =
            text.lines().filter(|l| l.starts_with("line ")).map(|l| format!("{l}\n")).collect();
        assert!(counted == lines(), "{pane}: lines are missing, or come twice");
    }
    until(&server, &["run-shell", "tail -1 @TMP@/piped"], |last| last.contains(END));
    let piped = fs::read_to_string(String::from_utf8(server.bytes("@TMP@/piped")).expect("a path"));
    assert!(piped.expect("a file").ends_with(&format!("{}{END}\n", lines()).replace('\n', "\r\n")));
    control.line(&server, b"display-message -p alive");
    control.see("\nalive\n");
    assert!(tmux.as_mut().is_none_or(|tmux| matches!(tmux.child.try_wait(), Ok(None))));
    server.tmux(&["wait-for", "-S", "channel"]);
    assert_eq!(end(waiter), (Some(0), String::new(), String::new()));
}

#[test]
fn what_waits_goes_on() {
    let mut server = start_patient("stty raw -echo; cat > /dev/null");
    let outer = Outer::attach(&server, &json!({}), &["attach-session".to_owned()]);
    server.outers.insert("ours".to_owned(), outer);
    server.tmux(&["wait-for", "-L", "lock"]);
    let locker = begin(&server, &["wait-for", "-L", "lock"]);
    server.tmux(&["run-shell", "mkfifo @TMP@/gate"]);
    let shell = begin(&server, &["run-shell", "cat @TMP@/gate; exit 3"]);
    let if_shell = begin(&server, &["if-shell", "cat @TMP@/gate", "display-message -p chosen"]);
    let later = begin(&server, &["run-shell", "-d", "1", "-C", "display-message -p later"]);
    let confirm = begin(&server, &["confirm-before", "-t", &tty(&server), "set-option -g @confirmed 1"]);
    until(&server, &["show-messages"], |log| log.contains("command: confirm-before"));
    upgrade(&server);
    let outer = server.outers.get_mut("ours").expect("attached");
    outer.until_shows("Confirm 'set-option'? (y/n)");
    let mut outer = server.outers.remove("ours").expect("attached");
    outer.keys(&server, b"y");
    assert_eq!(end(confirm).0, Some(0));
    assert_eq!(server.ask(&["show-options", "-gv", "@confirmed"]), "1\n");
    assert_eq!(end(later), (Some(0), "later\n".to_owned(), String::new()));
    // Prompts with several questions, and with text already typed.
    server.tmux(&[
        "command-prompt",
        "-b",
        "-t",
        &tty(&server),
        "-p",
        "one,two",
        "set-option -g @both '%1-%2'",
    ]);
    outer.keys(&server, b"first\rsec");
    upgrade(&server);
    outer.until_shows("two sec");
    outer.keys(&server, b"ond\r");
    until(&server, &["show-options", "-gqv", "@both"], |value| value == "first-second\n");
    server.tmux(&["run-shell", "echo printed > @TMP@/gate; echo > @TMP@/gate"]);
    let (status, out, _) = end(shell);
    assert_eq!(status, Some(3));
    assert!(out.ends_with("returned 3\n"), "{out:?}");
    assert_eq!(end(if_shell), (Some(0), "chosen\n".to_owned(), String::new()));
    server.tmux(&["wait-for", "-U", "lock"]);
    assert_eq!(end(locker).0, Some(0));
}

#[test]
fn a_chooser_stays_where_it_was() {
    let mut server = start_patient("cat");
    server.tmux(&["new-window", "-n", "second", "cat"]);
    server.tmux(&["new-window", "-n", "third", "cat"]);
    let outer = Outer::attach(&server, &json!({}), &["attach-session".to_owned()]);
    server.outers.insert("ours".to_owned(), outer);
    let mut outer = server.outers.remove("ours").expect("attached");
    outer.keys(&server, b"\x02w");
    until(&server, &["display-message", "-p", "#{pane_mode}"], |mode| mode == "tree-mode\n");
    outer.keys(&server, b"k");
    server.settle();
    upgrade(&server);
    assert_eq!(server.ask(&["display-message", "-p", "#{pane_mode}"]), "tree-mode\n");
    outer.keys(&server, b"\r");
    until(&server, &["display-message", "-p", "#{window_name} #{pane_mode}"], |name| name == "second \n");
    let choose = "set-option -g @chosen yes";
    let terminal = tty(&server);
    let asked = ["display-menu", "-c", &terminal, "-x", "0", "-y", "0", "an item", "a", choose];
    let menu = begin(&server, &asked);
    outer.until_shows("an item");
    upgrade(&server);
    outer.until_shows("an item");
    outer.keys(&server, b"a");
    assert_eq!(end(menu).0, Some(0));
    until(&server, &["show-options", "-gqv", "@chosen"], |chosen| chosen == "yes\n");
    // The numbers of panes disappear, and the client's keys go to the pane.
    let numbers = begin(&server, &["display-panes", "-d", "0", "-t", &terminal]);
    outer.until_shows("80x23");
    upgrade(&server);
    assert_eq!(end(numbers).0, Some(0));
    outer.keys(&server, b"typed\r");
    until(&server, &["capture-pane", "-p"], |shown| shown.contains("typed"));
}

#[test]
fn popups_stay_open_with_their_programs() {
    let mut server = start_patient("cat");
    let outer = Outer::attach(&server, &json!({}), &["attach-session".to_owned()]);
    server.outers.insert("ours".to_owned(), outer);
    let mut outer = server.outers.remove("ours").expect("attached");
    let terminal = tty(&server);
    let program = "echo first; read line; echo \"got $line\"; read line; exit 7";
    let popup = begin(&server, &["display-popup", "-E", "-T", "a title", "-c", &terminal, program]);
    outer.until_shows("first");
    outer.keys(&server, b"half");
    upgrade(&server);
    outer.until_shows("a title");
    outer.keys(&server, b" more\r");
    outer.until_shows("got half more");
    upgrade(&server);
    outer.keys(&server, b"\r");
    assert_eq!(end(popup).0, Some(7));
    // An editor of a buffer is in a popup too.
    server.tmux(&["set-buffer", "-b", "text", "old"]);
    server.tmux(&["set-option", "-g", "editor", "sh -c 'echo edits; read line; printf new > \"$0\"'"]);
    outer.keys(&server, b"\x02=e");
    outer.until_shows("edits");
    upgrade(&server);
    outer.keys(&server, b"\r");
    until(&server, &["show-buffer", "-b", "text"], |text| text == "new");
}

#[test]
fn a_server_in_the_foreground_stands_for_the_one_in_its_place() {
    let server = start();
    let all = ["-L", "t", "-f", "/dev/null", "-D"].map(str::to_owned);
    let mut command = server.command(&all);
    command.env("SCOPEMUX_UPGRADE_MS", "20000");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut front = command.spawn().expect("the program runs");
    let own = format!("{}\n", front.id());
    until(&server, &["display-message", "-p", "#{pid}"], |pid| pid == own);
    server.tmux(&["new-session", "-d", "-s", "kept", "cat"]);
    upgrade(&server);
    assert!(matches!(front.try_wait(), Ok(None)), "it waits for the server in its place");
    assert_eq!(server.ask(&["list-sessions", "-F", "#{session_name}"]), "kept\n");
    // The front process forwards signals, and ends when its server ends.
    let pid = nix::unistd::Pid::from_raw(front.id() as i32);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("our process");
    wait_for("its end", || front.try_wait().expect("our child"));
    until(&server, &["display-message", "-p", "#{pid}"], str::is_empty);
}

#[test]
fn waits_for_panes_and_events_go_on() {
    let server = start_patient("stty -echo; read go; echo old; exec cat");
    server.tmux(&["new-window", "-d", "sh"]);
    let waits = [
        begin(&server, &["wait-pane", "-t", "%0", "-m", "seen ([a-z]+)"]),
        begin(&server, &["wait-pane", "-t", "%0", "-x"]),
        begin(&server, &["wait-pane", "-t", "%0", "-q", "3000"]),
        begin(&server, &["wait-pane", "-t", "%0", "-T", "4", "-m", "never"]),
        begin(&server, &["send-command", "-t", "%1", "read x; echo \"<$x>\"; (exit 6)"]),
        begin(&server, &["wait-for", "-E", "-F", "#{==:#{pane},%1}", "@told"]),
        begin(&server, &["watch-events", "-e", "@told", "-n", "2", "-F", "#{hook} #{hook_pane}"]),
        begin(&server, &["watch-events", "-T", "4", "-n", "1", "-e", "after-new-session"]),
    ];
    until(&server, &["show-messages"], |log| {
        let count = |name: &str| log.matches(&format!("command: {name}")).count();
        ["wait-pane", "send-command", "wait-for", "watch-events"].map(count) == [4, 1, 1, 2]
    });
    let split = begin(&server, &["split-window", "-dW", "read go; exit 5"]);
    until(&server, &["list-panes", "-F", "#{pane_id}"], |panes| panes.contains("%2"));
    server.tmux(&["capture-pane", "-t", "%0", "-p", "-S", "@seen", "-k", "key"]);
    for _ in 0..2 {
        upgrade(&server);
    }
    let [line, exit, quiet, late, sent, event, watch, none] = waits;
    assert_eq!(end(quiet), (Some(0), String::new(), String::new()));
    assert_eq!(end(late), (Some(1), String::new(), "pane %0: timed out\n".to_owned()));
    assert_eq!(end(none), (Some(1), String::new(), "timed out\n".to_owned()));
    for pane in ["%0", "%1"] {
        server.tmux(&["set-hook", "-E", "-t", pane, "@told"]);
    }
    assert_eq!(end(event), (Some(0), String::new(), String::new()));
    assert_eq!(end(watch), (Some(0), "@told %0\n@told %1\n".to_owned(), String::new()));
    server.tmux(&["send-keys", "-t", "%0", "Enter", "seen thi", "s", "Enter"]);
    let (status, out, _) = end(line);
    assert_eq!((status, out.ends_with(":seen this\n")), (Some(0), true), "{out}");
    let new = server.ask(&["capture-pane", "-t", "%0", "-p", "-S", "@seen", "-k", "key"]);
    assert!(new.contains("old\nseen this\n"), "{new:?}");
    server.tmux(&["send-keys", "-t", "%1", "typed", "Enter"]);
    let (status, out, _) = end(sent);
    assert_eq!((status, out.ends_with("<typed>\n")), (Some(6), true), "{out:?}");
    server.tmux(&["send-keys", "-t", "%2", "Enter"]);
    assert_eq!(end(split), (Some(5), String::new(), String::new()));
    server.tmux(&["send-keys", "-t", "%0", "C-d"]);
    assert_eq!(end(exit), (Some(0), "status 0\n".to_owned(), String::new()));
}

fn tty(server: &Server) -> String {
    server.ask(&["list-clients", "-F", "#{client_tty}"]).trim().to_owned()
}

#[test]
fn sequences_and_messages_may_be_half_read() {
    let mut server = start_patient("cat > /dev/null");
    let pieces: [&[u8]; 5] =
        [b"\x1b[3", b"1mred \xe2\x82", b"\xac\x1b]2;a ti", b"tle\x1b\\ \x1b[?2026", b"h!\x1b[?2026l."];
    for piece in pieces {
        server.tty("").write(piece);
        server.settle();
        upgrade(&server);
    }
    let shown = server.ask(&["capture-pane", "-pe"]);
    assert!(shown.starts_with("\x1b[31mred € !."), "{shown:?}");
    assert_eq!(server.ask(&["display-message", "-p", "#{pane_title}"]), "a title\n");
    // A client that has sent only a part of its introduction.
    let said = introduction();
    let path = server.ask(&["display-message", "-p", "#{socket_path}"]);
    let mut socket = UnixStream::connect(path.trim()).expect("a server");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    for piece in said.chunks(said.len().div_ceil(3)) {
        socket.write_all(piece).expect("written");
        server.settle();
        upgrade(&server);
    }
    let mut kind = [0; 4];
    socket.read_exact(&mut kind).expect("an answer");
    // The client is asked to print the error.
    assert_eq!(u32::from_ne_bytes(kind), WRITE_OPEN);
}

/// Message type by which a server opens a client's stream.
const WRITE_OPEN: u32 = 303;

/// Messages of a client without a terminal, with an unknown command: flags, terminal, terminal
/// name, directory and process, and the command.
fn introduction() -> Vec<u8> {
    let command = [&1i32.to_ne_bytes()[..], b"nosuch\0"].concat();
    let messages: [(u32, &[u8]); 7] = [
        (111, &[0; 8]),
        (101, b"dumb\0"),
        (102, b"\0"),
        (108, b"/\0"),
        (107, &[1, 0, 0, 0]),
        (106, b""),
        (200, &command),
    ];
    let mut out = Vec::new();
    for (kind, body) in messages {
        // Type, length including this header, protocol version, and an unused word.
        for word in [kind, 16 + body.len() as u32, 8, u32::MAX] {
            out.extend(word.to_ne_bytes());
        }
        out.extend_from_slice(body);
    }
    out
}

#[test]
fn what_is_no_server_changes_nothing() {
    let server = start();
    server.tmux(&["new-session", "-d", "cat"]);
    let script = |name: &str, text: &str, mode: u32| {
        let path = format!("@TMP@/{name}");
        server.write_file(&path, text);
        let path = String::from_utf8(server.bytes(&path)).expect("a path");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our file");
        path
    };
    let ours = env!("CARGO_BIN_EXE_scopemux");
    // Half of the file may be a complete program without a part of its debug information.
    let part = script("part", "", 0o755);
    let program = fs::read(ours).expect("the program");
    fs::write(&part, &program[..1 << 20]).expect("written");
    let broken = [
        (script("empty", "", 0o755), "Exec format error"),
        (script("text", "no program\n", 0o755), "Exec format error"),
        (script("closed", "#!/bin/sh\n", 0o644), "Permission denied"),
        ("/nonexistent".to_owned(), "No such file or directory"),
        ("/".to_owned(), "Is a directory"),
        ("/bin/true".to_owned(), "is no server of this kind"),
        (script("status", "#!/bin/sh\nexit 7\n", 0o755), "it ended with status 7"),
        (script("crash", "#!/bin/sh\nkill -SEGV $$\n", 0o755), "it was ended by signal 11"),
        (script("hang", "#!/bin/sh\nexec sleep 100\n", 0o755), "it did not start within"),
        // A partial program, whatever it does, prints nothing.
        (part, "not upgraded"),
    ];
    let before = pid(&server);
    for (path, why) in broken {
        let since = Instant::now();
        let asked = begin(&server, &["upgrade-server", &path]);
        // Other clients are answered meanwhile.
        assert_eq!(pid(&server), before);
        let (status, out, err) = end(asked);
        assert_eq!((status, out.as_str()), (Some(1), ""), "{path}");
        assert!(err.contains(why) && err.starts_with("not upgraded: "), "{path}: {err:?}");
        assert!(since.elapsed() < Duration::from_secs(10), "{path} took {:?}", since.elapsed());
        assert_eq!(pid(&server), before);
    }
    let first = begin(&server, &["upgrade-server", &script("hang", "#!/bin/sh\nexec sleep 100\n", 0o755)]);
    until(&server, &["show-messages"], |log| log.matches("command: upgrade-server").count() > 10);
    let second = server.tmux(&["upgrade-server"]);
    assert_eq!(String::from_utf8_lossy(&second.err), "not upgraded: an upgrade is under way\n");
    assert_eq!((second.status, end(first).0), (Some(1), Some(1)));
    assert!(!server.ask(&["list-commands"]).contains("upgrade-server"));
}
