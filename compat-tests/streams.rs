//! No data is lost: answers, buffers, pastes, pipes and commands of any size arrive complete, even
//! if a reader is slow or goes away. Sizes are chosen around each limit that exists or has existed.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

use super::server::{Output, PATIENCE, Server};

/// A server with one session of 80x24 whose pane runs an idle program.
fn server() -> Server {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-x", "80", "-y", "24", "exec sleep 1000"]);
    server
}

fn path(server: &Server, name: &str) -> String {
    String::from_utf8(server.bytes(&format!("@TMP@/{name}"))).expect("a path is text")
}

/// Bytes in lines, no two stretches of which are equal.
fn numbered(len: usize) -> Vec<u8> {
    let mut out: Vec<u8> =
        (0..).flat_map(|n| format!("{n:08} abcdefghijklmnop\n").into_bytes()).take(len).collect();
    if let Some(last) = out.last_mut() {
        *last = b'.';
    }
    out
}

/// A client process, with both streams piped.
fn client(server: &Server, args: &[&str]) -> Child {
    let all: Vec<String> =
        ["-L", "t", "-f", "/dev/null"].iter().chain(args).map(|a| (*a).to_owned()).collect();
    let mut command = server.command(&all);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program runs")
}

/// Runs a client with input.
fn with_input(server: &Server, args: &[&str], input: &[u8]) -> Output {
    let all: Vec<String> =
        ["-L", "t", "-f", "/dev/null"].iter().chain(args).map(|a| (*a).to_owned()).collect();
    server.run(&all, input, &[])
}

#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        std::thread::yield_now();
    }
}

#[track_caller]
fn assert_same(got: &[u8], wanted: &[u8], what: &str) {
    let at = got.iter().zip(wanted).position(|(a, b)| a != b).unwrap_or(got.len().min(wanted.len()));
    assert!(got == wanted, "{what}: {} of {} bytes, differs at {at}", got.len(), wanted.len());
}

/// Prints numbered lines in the pane; returns the expected output of `capture-pane -p -S -`.
fn fill(server: &mut Server, lines: usize) -> Vec<u8> {
    server.tmux(&["set-option", "-g", "history-limit", "500M"]);
    server.tmux(&["new-window", "-d", "exec sleep 1000"]);
    let printed: Vec<u8> =
        (0..lines).flat_map(|n| format!("{n:08} {}\r\n", "x".repeat(60)).into_bytes()).collect();
    let tty = server.tty(":1");
    for piece in printed.chunks(1 << 20) {
        tty.write(piece);
    }
    tty.write(b"\x1b[5n");
    tty.read_until(b"\x1b[0n");
    let mut wanted: Vec<u8> = printed.into_iter().filter(|b| *b != b'\r').collect();
    // The cursor's row, and the rows below if the screen is not full.
    wanted.extend(std::iter::repeat_n(b'\n', 24 - lines.min(23)));
    wanted
}

/// `capture-pane` around the number of rows captured at once, and far beyond the size of one piece:
/// to a client, with escape sequences, joined, to a buffer and in control mode.
#[test]
fn captures_are_whole() {
    for lines in [1, 476, 477, 478, 500, 3_000, 40_000] {
        let mut server = server();
        let wanted = fill(&mut server, lines);
        let capture =
            |flags: &[&str]| server.tmux(&[&["capture-pane", "-t", ":1", "-S", "-"], flags].concat());
        assert_same(&capture(&["-p"]).out, &wanted, &format!("{lines} lines"));
        assert_same(&capture(&["-pe"]).out, &wanted, &format!("{lines} lines with -e"));
        assert_same(&capture(&["-pJ"]).out, &wanted, &format!("{lines} lines with -J"));
        assert_eq!(capture(&["-b", "captured"]).status, Some(0));
        assert_same(
            &server.tmux(&["show-buffer", "-b", "captured"]).out,
            &wanted,
            &format!("buffer of {lines}"),
        );
    }
}

/// The answer of a control client is complete between its guards; notifications follow after it.
#[test]
fn control_clients_get_long_answers_between_guards() {
    let mut server = server();
    let wanted = fill(&mut server, 30_000);
    let mut control = server.spawn_control("-C", &["attach-session".to_owned()], &[]);
    let mut input = control.stdin.take().expect("a pipe");
    input.write_all(b"capture-pane -p -t :1 -S -\ndisplay-message -p after\n").expect("the client reads");
    wait_until("the server answers others", || server.ask(&["display-message", "-p", "ok"]) == "ok\n");
    server.tmux(&["rename-window", "-t", ":0", "meanwhile"]);
    let reader = std::thread::spawn(move || {
        let mut out = Vec::new();
        control.stdout.take().expect("a pipe").read_to_end(&mut out).expect("output");
        control.wait().expect("it ends");
        out
    });
    server.tmux(&["set-buffer", "x"]);
    input.write_all(b"detach-client\n").expect("the client reads");
    let out = reader.join().expect("the reader ends");
    let begin = out.windows(9).position(|w| w == b"\n00000000").expect("the answer starts") + 1;
    let end = begin + wanted.len();
    assert_same(&out[begin..end.min(out.len())], &wanted, "between guards");
    assert!(out[end..].starts_with(b"%end "), "{:?}", String::from_utf8_lossy(&out[end..end + 40]));
    let rest = String::from_utf8_lossy(&out[end..]);
    assert!(rest.contains("\nafter\n%end ") && rest.contains("meanwhile"), "{rest}");
}

/// A control client whose input has ended runs what it was asked to before it leaves, also where
/// that is work beside the loop.
#[test]
fn control_clients_whose_input_has_ended_run_all_lines() {
    let mut server = server();
    fill(&mut server, 60_000);
    let mut control = server.spawn_control("-C", &["attach-session".to_owned()], &[]);
    let lines = "copy-mode -t :1\nsend-keys -t :1 -X search-backward 00000000\n\
                 display-message -p -t :1 'found #{search_present} #{copy_cursor_line}'\n";
    let mut input = control.stdin.take().expect("a pipe");
    input.write_all(lines.as_bytes()).expect("the client reads");
    drop(input);
    let mut out = String::new();
    control.stdout.take().expect("a pipe").read_to_string(&mut out).expect("output");
    control.wait().expect("it ends");
    assert!(out.contains("\nfound 1 00000000 x"), "{out}");
}

/// The same for a client whose first command waits for the server to start.
#[test]
fn control_clients_whose_input_has_ended_start_a_server() {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    let out = with_input(
        &server,
        &["-C", "new-session", "-x", "100", "-y", "50"],
        b"list-sessions -F ':#{window_width}'\n",
    );
    let said = String::from_utf8_lossy(&out.out);
    assert!(said.contains("\n:100\n"), "{said}");
    assert_eq!(server.ask(&["list-sessions", "-F", "#{session_windows}"]), "1\n");
}

/// A program cannot be started with an argument or variable of more than 128 KiB: whoever asked
/// learns that, and nothing is given up for it.
#[test]
fn programs_with_too_long_arguments_are_refused() {
    let server = server();
    server.tmux(&["new-window", "-d", "exec sleep 1000"]);
    let pane = || server.ask(&["display-message", "-p", "-t", ":1", "#{pane_pid} #{pane_start_command}"]);
    let (before, long) = (pane(), "x".repeat(4 << 20));
    let start = |line: &str| {
        let out = with_input(&server, &["source-file", "-"], line.replace("LONG", &long).as_bytes());
        (out.status, String::from_utf8_lossy(&out.err).into_owned())
    };
    for (line, what) in [
        ("new-window -d true LONG", "create window failed: fork failed"),
        ("new-session -d true LONG", "create window failed: fork failed"),
        ("split-window -d true LONG", "create pane failed: fork failed"),
        ("new-window -d -e A=LONG true", "create window failed: fork failed"),
        ("respawn-pane -k -t :1 true LONG", "respawn pane failed: fork failed"),
        ("respawn-window -k -t :1 true LONG", "respawn window failed: fork failed"),
    ] {
        assert_eq!(start(line), (Some(1), format!("{what}: Argument list too long\n")), "{line}");
    }
    assert_eq!(pane(), before);
    assert_eq!(server.ask(&["list-windows", "-a", "-F", "#{window_panes}"]), "1\n1\n");
    // A directory that cannot be is no reason: the program starts at home.
    assert_eq!(start("new-window -d -c /LONG 'exec sleep 1000'"), (Some(0), String::new()));
}

/// A shell's command that is longer than an argument may be arrives whole in each shell, and its programs
/// get no descriptor that they would not have otherwise.
#[test]
fn long_commands_of_shells_are_run() {
    let server = server();
    let run = |line: &str, len: usize| {
        let line = line.replace("LONG", &"x".repeat(len));
        with_input(&server, &["source-file", "-"], line.as_bytes())
    };
    let shells = [("sh", 4 << 20), ("bash", 300_000), ("zsh", 131_072), ("fish", 300_000)];
    for (shell, len) in shells {
        let places = [format!("/bin/{shell}"), format!("/usr/bin/{shell}")];
        let Some(path) = places.iter().find(|path| Path::new(path).exists()) else { continue };
        server.tmux(&["set-option", "-g", "default-shell", path]);
        let out = run("new-window -d -n long 'echo $(printf %s LONG | wc -c); exec sleep 1000'\n", len);
        assert_eq!((out.status, out.err.as_slice()), (Some(0), &b""[..]), "{shell}");
        let wait = ["wait-pane", "-t", ":long", "-T", "60", "-a", "-m", "^[0-9]+$"];
        assert_eq!(server.ask(&wait), format!("0:{len}\n"), "{shell}");
        server.tmux(&["kill-window", "-t", ":long"]);
    }
    server.tmux(&["set-option", "-g", "default-shell", "/bin/sh"]);
    let out = run("run-shell 'ls /proc/self/fd | tail -n +4; printf %s LONG | wc -c'\n", 300_000);
    assert_eq!(String::from_utf8_lossy(&out.out), "3\n300000\n");
}

/// A path that fits in no message is an error of the command, and not the end of its client.
#[test]
fn paths_that_are_too_long_are_errors() {
    let server = server();
    server.tmux(&["set-buffer", "-b", "b", "text"]);
    for len in [16_300, 16_364, 16_400, 1 << 20] {
        let path = format!("/{}", "x".repeat(len));
        for command in ["load-buffer", "save-buffer -b b"] {
            let out = with_input(&server, &["source-file", "-"], format!("{command} {path}\n").as_bytes());
            let said = String::from_utf8_lossy(&out.err).into_owned();
            let why = said.strip_suffix(&format!(": {path}\n"));
            let known = ["File name too long", "Argument list too long"];
            assert!(out.status == Some(1) && why.is_some_and(|why| known.contains(&why)), "{said:.100}");
        }
    }
}

/// What was printed and could not be written is missed with a message and a status; a reader that
/// wants no more is none.
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let mut server = server();
    fill(&mut server, 3_000);
    server.tmux(&["set-buffer", &"x".repeat(100_000)]);
    for command in [
        vec!["display-message", "-p", "x"],
        vec!["list-keys"],
        vec!["capture-pane", "-p", "-t", ":1", "-S", "-"],
        vec!["run-shell", "seq 100000"],
        vec!["show-buffer"],
        vec!["save-buffer", "-"],
    ] {
        let ended = |child: Child| {
            let out = child.wait_with_output().expect("it ends");
            (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
        };
        let all: Vec<String> =
            ["-L", "t", "-f", "/dev/null"].iter().chain(&command).map(|a| (*a).to_owned()).collect();
        let full = std::fs::File::options().write(true).open("/dev/full").expect("a device");
        let child = server.command(&all).stdout(full).stderr(Stdio::piped()).spawn();
        let lost = (Some(1), "No space left on device: -\n".to_owned());
        assert_eq!(ended(child.expect("the program runs")), lost, "{command:?}");
        let mut child = client(&server, &command);
        child.stdout.as_mut().expect("a pipe").read_exact(&mut [0; 1]).expect("it begins");
        drop(child.stdout.take());
        assert_eq!(ended(child), (Some(0), String::new()), "{command:?}");
    }
}

/// A reader that takes nothing for a while keeps nobody waiting and loses nothing; one that goes
/// away costs nothing more.
#[test]
fn slow_and_vanished_readers() {
    let mut server = server();
    let wanted = fill(&mut server, 60_000);
    let mut slow = client(&server, &["capture-pane", "-p", "-t", ":1", "-S", "-"]);
    let mut gone = client(&server, &["save-transcript", "-t", ":1"]);
    let mut first = [0; 1];
    slow.stdout.as_mut().expect("a pipe").read_exact(&mut first).expect("it begins");
    gone.stdout.as_mut().expect("a pipe").read_exact(&mut [0; 1]).expect("it begins");
    drop(gone.stdout.take());
    assert_eq!(server.ask(&["display-message", "-p", "ok"]), "ok\n");
    server.tty(":1").write(b"printed since\r\n");
    server.tmux(&["clear-history", "-t", ":1"]);
    let mut out = first.to_vec();
    slow.stdout.take().expect("a pipe").read_to_end(&mut out).expect("output");
    assert_same(&out, &wanted, "a slow reader, whatever the pane did since");
    assert!(slow.wait().expect("it ends").success());
    let gone = gone.wait_with_output().expect("it ends");
    assert_eq!(
        (gone.status.code(), String::from_utf8_lossy(&gone.stderr).as_ref()),
        (Some(1), "Broken pipe: -\n")
    );
    let mut killed = client(&server, &["save-transcript", "-t", ":0"]);
    killed.kill().expect("it runs");
    killed.wait().expect("it ends");
    assert_eq!(server.ask(&["display-message", "-p", "ok"]), "ok\n");
}

/// Buffers are loaded and saved byte for byte.
#[test]
fn buffers_of_any_size() {
    let server = server();
    let limits = [16_368, 64 << 10, 1 << 20, 4 << 20, 16 << 20];
    let sizes = limits.iter().flat_map(|limit| [limit - 1, *limit, limit + 1]).chain([70 << 20]);
    for size in sizes {
        let data = numbered(size);
        let (from, to) = (path(&server, "from"), path(&server, "to"));
        std::fs::write(&from, &data).expect("a file");
        assert_eq!(server.tmux(&["load-buffer", "-b", "b", &from]).status, Some(0));
        assert_same(
            &server.tmux(&["save-buffer", "-b", "b", "-"]).out,
            &data,
            &format!("save-buffer - of {size}"),
        );
        assert_eq!(server.tmux(&["save-buffer", "-b", "b", &to]).status, Some(0));
        assert_same(&std::fs::read(&to).expect("a file"), &data, &format!("save-buffer of {size}"));
        if size <= 4 << 20 {
            assert_eq!(with_input(&server, &["load-buffer", "-b", "c", "-"], &data).status, Some(0));
            assert_same(
                &server.tmux(&["show-buffer", "-b", "c"]).out,
                &data,
                &format!("load-buffer - of {size}"),
            );
        }
    }
}

#[test]
fn a_full_disk_is_an_error_of_its_client() {
    let server = server();
    for size in [1, 100_000, 5 << 20] {
        with_input(&server, &["load-buffer", "-b", "b", "-"], &numbered(size));
        let saved = server.tmux(&["save-buffer", "-b", "b", "/dev/full"]);
        let said = String::from_utf8_lossy(&saved.err).into_owned();
        assert_eq!(
            (saved.status, said.as_str()),
            (Some(1), "No space left on device: /dev/full\n"),
            "{size}"
        );
    }
}

/// A paste arrives complete in a program that reads, and in one that reads late.
#[test]
fn pastes_arrive_whole() {
    let mut server = server();
    server.tmux(&["new-window", "-d", "exec sleep 1000"]);
    server.tty(":1");
    for size in [64 << 10, (64 << 10) + 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 12 << 20] {
        let data = numbered(size);
        with_input(&server, &["load-buffer", "-b", "b", "-"], &data);
        let pasted = server.tmux(&[
            "paste-buffer",
            "-r",
            "-d",
            "-b",
            "b",
            "-t",
            ":1",
            ";",
            "send-keys",
            "-t",
            ":1",
            "~",
        ]);
        assert_eq!((pasted.status, pasted.err.as_slice()), (Some(0), &b""[..]), "{size}");
        assert_same(&server.tty(":1").read_until(b"~"), &data, &format!("a paste of {size}"));
    }
}

/// Input that no program reads is refused at the limit, with an error; input accepted before is not
/// lost.
#[test]
fn input_is_refused_and_not_dropped() {
    let mut server = server();
    server.tmux(&["new-window", "-d", "exec sleep 1000"]);
    server.tty(":1");
    let piece = "k".repeat(100_000);
    let ten: Vec<&str> = ["send-keys", "-l", "-t", ":1"].into_iter().chain([piece.as_str(); 10]).collect();
    let mut taken = 0;
    let refused = loop {
        let sent = server.tmux(&ten);
        if sent.status != Some(0) {
            break sent;
        }
        taken += 1;
        assert!(taken < 200, "there is a limit");
    };
    assert_eq!(String::from_utf8_lossy(&refused.err), "too much input waiting: %1\n");
    assert!(taken >= 60, "{taken} MB were taken");
}

/// All output of a job is printed, whatever its size.
#[test]
fn jobs_print_all() {
    let server = server();
    let limits = [256 << 10, 16 << 20];
    for size in limits.iter().flat_map(|limit| [limit - 1, *limit, limit + 1]).chain([30 << 20]) {
        let data = numbered(size);
        let from = path(&server, "printed");
        std::fs::write(&from, &data).expect("a file");
        let mut wanted = data;
        wanted.extend_from_slice(format!("\n'cat {from}; exit 3' returned 3\n").as_bytes());
        let ran = server.tmux(&["run-shell", &format!("cat {from}; exit 3")]);
        assert_eq!(ran.status, Some(3), "{size}");
        assert_same(&ran.out, &wanted, &format!("run-shell of {size}"));
    }
}

/// The job of `pipe-pane` receives every byte, even if it begins to read late; its output is typed
/// into the pane.
#[test]
fn pipes_lose_nothing() {
    let mut server = server();
    let (gate, log) = (path(&server, "gate"), path(&server, "log"));
    nix::unistd::mkfifo(gate.as_str(), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    server.tmux(&["pipe-pane", "-O", "-t", ":0", &format!("read x <{gate}; exec cat >{log}")]);
    let data = numbered(11 << 20);
    let copy = data.clone();
    let tty = server.tty(":0");
    // The pane is not read while its job does not read.
    let sent = std::thread::scope(|scope| {
        let writer = scope.spawn(move || tty.write(&copy));
        std::fs::write(&gate, "go\n").expect("the job opens its gate");
        writer.join()
    });
    sent.expect("all is taken");
    wait_until("all is in the log", || std::fs::metadata(&log).is_ok_and(|m| m.len() >= data.len() as u64));
    assert_same(&std::fs::read(&log).expect("a log"), &data, "the log");
    server.tmux(&["new-window", "-d", "exec sleep 1000"]);
    server.tty(":1");
    let from = path(&server, "typed");
    std::fs::write(&from, &data).expect("a file");
    server.tmux(&["pipe-pane", "-I", "-t", ":1", &format!("cat {from}; echo '~'")]);
    assert_same(&server.tty(":1").read_until(b"~\n"), &data, "typed by a pipe");
}

/// Commands longer than a protocol message arrive complete, up to the kernel's limit for arguments.
#[test]
fn long_commands() {
    let server = server();
    for size in [16_000, 16_341, 16_342, 16_343, 16_360, 16_380, 16_384, 32_768, 131_000] {
        let text = String::from_utf8(numbered(size)).expect("text");
        let set = server.tmux(&["set-buffer", "-b", "b", &text]);
        assert_eq!((set.status, String::from_utf8_lossy(&set.err).as_ref()), (Some(0), ""), "{size}");
        assert_same(
            &server.tmux(&["show-buffer", "-b", "b"]).out,
            text.as_bytes(),
            &format!("set-buffer of {size}"),
        );
    }
    let piece = "p".repeat(100_000);
    let many: Vec<&str> = ["set-option", "-g", "@x", &piece, ";"].repeat(15);
    let set = server.tmux(&many[..many.len() - 1]);
    assert_eq!((set.status, set.err.len()), (Some(0), 0));
    assert_eq!(server.ask(&["show-options", "-gv", "@x"]).len(), piece.len() + 1);
    let thousand: Vec<&str> = ["send-keys"].into_iter().chain(["x"; 1000]).collect();
    let refused = server.tmux(&[&thousand[..], &[&piece]].concat());
    assert_eq!((refused.status, refused.err.as_slice()), (Some(1), &b"command too long\n"[..]));
}

/// An operation beyond a limit is not done in part: it fails with a message.
#[test]
fn what_is_too_much_is_an_error() {
    let server = server();
    let check = |args: &[&str], said: &str| {
        let ran = server.tmux(args);
        assert_eq!((ran.status, String::from_utf8_lossy(&ran.err).as_ref()), (Some(1), said), "{args:?}");
    };
    check(&["send-keys", "-N", "1048577", "x"], "too many keys\n");
    check(&["send-keys", "-N", "524289", "x", "y"], "too many keys\n");
    assert_eq!(server.tmux(&["send-keys", "-N", "1048576", "x"]).status, Some(0));
}

/// Lines of a control client longer than its former limit of 1 MiB.
#[test]
fn long_lines_in_control_mode() {
    let server = server();
    let mut control = server.spawn_control("-C", &["attach-session".to_owned()], &[]);
    let mut input = control.stdin.take().expect("a pipe");
    let sizes = [(1 << 20) - 20, 1 << 20, (1 << 20) + 1, 3 << 20];
    for size in sizes {
        let line = format!("set-buffer -b b{size} {}\n", "c".repeat(size));
        input.write_all(line.as_bytes()).expect("the client reads");
    }
    input.write_all(b"display-message -p done\ndetach-client\n").expect("the client reads");
    let out = control.wait_with_output().expect("it ends").stdout;
    assert!(String::from_utf8_lossy(&out).contains("\ndone\n"), "{}", String::from_utf8_lossy(&out));
    for size in sizes {
        assert_eq!(server.ask(&["show-buffer", "-b", &format!("b{size}")]).len(), size);
    }
}

/// A list made over several turns, as in control mode, equals one made at once; objects that go
/// away meanwhile are left out.
#[test]
fn long_lists_are_whole() {
    let server = server();
    server.tmux(&["set-option", "-g", "buffer-limit", "5000"]);
    let commands: String = (0..1_000).map(|n| format!("set-buffer -b b{n:04} x{n}\n")).collect();
    server.write_file("@TMP@/many", &commands);
    assert_eq!(server.tmux(&["source-file", &path(&server, "many")]).status, Some(0));
    let wanted: Vec<u8> = (0..1_000).flat_map(|n| format!("b{n:04} x{n}\n").into_bytes()).collect();
    let list = ["list-buffers", "-O", "name", "-F", "#{buffer_name} #{buffer_sample}"];
    assert_same(&server.tmux(&list).out, &wanted, "a list");
    let filtered = server.tmux(&[&list[..], &["-f", "#{m:*99,#{buffer_name}}"]].concat()).out;
    assert_eq!(String::from_utf8_lossy(&filtered).lines().count(), 10);
    let json = server.tmux(&["list-buffers", "-j"]).out;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(json.as_array().map(Vec::len), Some(1_000));
    let mut control = server.spawn_control("-C", &["attach-session".to_owned()], &[]);
    let mut input = control.stdin.take().expect("a pipe");
    writeln!(input, "list-buffers -O name -F '#{{buffer_name}} #{{buffer_sample}}'\n").expect("it reads");
    let out = control.wait_with_output().expect("it ends").stdout;
    let begin = memchr::memmem::find(&out, b"\nb0000").expect("the list begins") + 1;
    assert_same(&out[begin..begin + wanted.len()], &wanted, "between guards");
    assert!(out[begin + wanted.len()..].starts_with(b"%end "), "the guard follows");
}

/// A client's next command sees the result of its search, however long the search takes; other
/// clients are answered meanwhile.
#[test]
fn a_search_is_done_when_its_command_is() {
    let mut server = server();
    fill(&mut server, 60_000);
    server.tmux(&["copy-mode", "-t", ":1"]);
    for (command, text) in [("search-backward", "00000007 x"), ("search-forward", "00059990 x")] {
        let search = ["send-keys", "-t", ":1", "-X", command, text];
        let ask = ["display-message", "-p", "-t", ":1", "#{search_present} #{copy_cursor_line}"];
        let both = client(&server, &[&search[..], &[";"], &ask].concat());
        assert_eq!(server.ask(&["display-message", "-p", "ok"]), "ok\n");
        let out = both.wait_with_output().expect("it ends").stdout;
        assert_eq!(String::from_utf8_lossy(&out), format!("1 {text}{}\n", "x".repeat(59)), "{command}");
    }
}

/// What is copied of a long history is whole and there for the next command of its client, which
/// finds the mode as the command leaves it; other clients are answered meanwhile.
#[test]
fn a_long_copy_is_done_when_its_command_is() {
    let mut server = server();
    let wanted = fill(&mut server, 60_000);
    let wanted = wanted.trim_ascii_end();
    for (command, mode) in
        [("copy-selection-no-clear", 1), ("copy-selection", 1), ("copy-pipe-and-cancel", 0)]
    {
        server.tmux(&["copy-mode", "-t", ":1"]);
        for step in ["history-top", "begin-selection", "history-bottom"] {
            server.tmux(&["send-keys", "-t", ":1", "-X", step]);
        }
        let copy = ["send-keys", "-t", ":1", "-X", command];
        let ask = ["display-message", "-p", "-t", ":1", "#{pane_in_mode} #{buffer_size}"];
        let both = client(&server, &[&copy[..], &[";"], &ask].concat());
        assert_eq!(server.ask(&["display-message", "-p", "ok"]), "ok\n");
        let out = both.wait_with_output().expect("it ends").stdout;
        let copied = server.tmux(&["save-buffer", "-"]).out;
        assert_eq!(String::from_utf8_lossy(&out), format!("{mode} {}\n", copied.len()), "{command}");
        assert_same(copied.trim_ascii_end(), wanted, command);
        server.tmux(&["delete-buffer"]);
    }
}

/// A long copy is whole and done when its command is, also if its pane or mode is gone by then.
#[test]
fn a_long_copy_outlives_its_mode() {
    for leave in [
        vec!["copy-mode", "-q", "-t", ":1"],
        vec!["clear-history", "-t", ":1"],
        vec!["respawn-pane", "-k", "-t", ":1", "exec sleep 1000"],
        vec!["kill-pane", "-t", ":1"],
    ] {
        let mut server = server();
        let wanted = fill(&mut server, 40_000);
        server.tmux(&["copy-mode", "-t", ":1"]);
        for step in ["history-top", "begin-selection", "history-bottom"] {
            server.tmux(&["send-keys", "-t", ":1", "-X", step]);
        }
        let begin = ["set-option", "-g", "@begun", "1", ";"];
        let copy = ["send-keys", "-t", ":1", "-X", "copy-selection", "name", ";"];
        let ask = ["display-message", "-p", "#{buffer_name} #{buffer_size}"];
        let copies = client(&server, &[&begin[..], &copy, &ask].concat());
        while server.ask(&["show-options", "-gqv", "@begun"]).is_empty() {}
        assert_eq!(server.tmux(&leave).status, Some(0));
        let out = copies.wait_with_output().expect("it ends").stdout;
        let copied = server.tmux(&["save-buffer", "-"]).out;
        assert_eq!(String::from_utf8_lossy(&out), format!("name0 {}\n", copied.len()), "{leave:?}");
        assert_same(copied.trim_ascii_end(), wanted.trim_ascii_end(), leave[0]);
    }
}
