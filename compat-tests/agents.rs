//! Features for programs that drive the server, beyond tmux's: JSON, waits, commands with their
//! output.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::recovery::show;
use super::screen::Outer;
use super::server::{PATIENCE, Server};

/// A server with one session of 80x24 whose pane runs an idle program.
fn server() -> Server {
    let server = Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")));
    server.tmux(&["new-session", "-d", "-s", "main", "-x", "80", "-y", "24", "exec sleep 1000"]);
    server
}

/// JSON that a command prints.
#[track_caller]
fn json(server: &Server, args: &[&str]) -> Value {
    let output = server.tmux(args);
    assert_eq!((output.status, output.err.as_slice()), (Some(0), &b""[..]), "{args:?}");
    serde_json::from_slice(&output.out).unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

/// Keys that docs/json.md lists for a command.
fn documented(command: &str) -> Vec<String> {
    let page = include_str!("../docs/json.md");
    let chapters = page
        .split("\n## ")
        .filter(|chapter| chapter.lines().next().is_some_and(|head| head.contains(&format!("`{command}`"))));
    let rows = chapters.flat_map(str::lines).filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| Some(row.split_once('`')?.0.to_owned())).collect()
}

#[track_caller]
fn has_only_documented(command: &str, object: &Value) {
    let keys = documented(command);
    let object = object.as_object().expect("an object");
    for key in object.keys() {
        assert!(keys.contains(key), "{command}: {key} is not in docs/json.md");
    }
}

#[test]
fn json_of_listings_parses_and_has_the_keys_of_the_page() {
    let server = server();
    server.tmux(&["set-buffer", "a \"b\"\n\x1b[1m"]);
    server.tmux(&["new-window", "-d", "-n", "ü\"x", "exec sleep 1000"]);
    let lists = [
        ("list-sessions", &[][..], 1),
        ("list-windows", &[], 2),
        ("list-panes", &["-a"], 2),
        ("list-buffers", &[], 1),
        ("list-clients", &[], 0),
        ("list-transcripts", &[], 2),
    ];
    for (command, args, count) in lists {
        let list = json(&server, &[&[command, "-j"], args].concat());
        let list = list.as_array().expect("an array");
        assert_eq!(list.len(), count, "{command}");
        for object in list {
            has_only_documented(command, object);
            assert_eq!(object.as_object().map(|o| o.len()), Some(documented(command).len()), "{command}");
        }
    }
    for command in ["list-keys", "list-commands"] {
        let list = json(&server, &[command, "-j"]);
        let lines = server.ask(&[command]).lines().count();
        assert_eq!(list.as_array().expect("an array").len(), lines, "{command}");
        list.as_array().into_iter().flatten().for_each(|object| has_only_documented(command, object));
    }
}

#[test]
fn json_has_types_and_what_formats_say() {
    let server = server();
    server.tmux(&["set-buffer", "-b", "odd", "a \"b\"\n\x1b[1m"]);
    let panes = json(&server, &["list-panes", "-j", "-F", "#{pane_id}!"]);
    let pane = &panes[0];
    assert_eq!(pane["pane_width"], 80);
    assert_eq!(pane["pane_active"], true);
    assert_eq!(pane["pane_dead_status"], Value::Null);
    assert_eq!(pane["pane_tabs"][0], 8);
    assert_eq!(pane["line"], "%0!");
    assert_eq!(json(&server, &["list-panes", "-j", "-f", "0"]), Value::Array(Vec::new()));
    let buffers = json(&server, &["list-buffers", "-j"]);
    assert_eq!((&buffers[0]["buffer_name"], &buffers[0]["buffer_size"]), (&"odd".into(), &10.into()));
    let message = json(&server, &["display-message", "-j", "#{session_name} ü"]);
    assert_eq!((&message["message"], &message["pane_id"]), (&"main ü".into(), &"%0".into()));
    has_only_documented("display-message", &{
        let mut message = message;
        message.as_object_mut().expect("an object").remove("message");
        message
    });
}

/// Starts a command that waits, and returns once the server has received it.
fn start(server: &Server, args: &[&str]) -> std::process::Child {
    let all: Vec<String> =
        ["-L", "t", "-f", "/dev/null"].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    let waiting = || {
        let log = server.ask(&["show-messages"]);
        log.lines().filter(|line| line.contains(args[0]) && line.contains("command:")).count()
    };
    let before = waiting();
    let mut command = server.command(&all);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program runs");
    let until = Instant::now() + PATIENCE;
    while waiting() == before {
        assert!(Instant::now() < until, "{args:?} was not taken");
    }
    child
}

/// Status, standard output and standard error of a command that was waiting.
fn end(child: std::process::Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn ended(status: i32, out: &str, err: &str) -> (Option<i32>, String, String) {
    (Some(status), out.to_owned(), err.to_owned())
}

#[test]
fn wait_pane_answers_with_the_line_that_matches_and_only_to_what_comes_after() {
    let mut server = server();
    show(&mut server, ":0", b"ready 1\r\n");
    let child = start(&server, &["wait-pane", "-m", "ready [0-9]+"]);
    server.tty(":0").write(b"ready x\r\nmore ready 22\r\n");
    assert_eq!(end(child), ended(0, "2:ready 22", ""));
    let since = server.tmux(&["wait-pane", "-a", "-m", "ready [0-9]+"]);
    assert_eq!((since.status, since.out.as_slice()), (Some(0), &b"0:ready 1\n"[..]));
    let late = server.tmux(&["wait-pane", "-T", "0.05", "-m", "never"]);
    assert_eq!((late.status, late.err.as_slice()), (Some(1), &b"pane %0: timed out\n"[..]));
    let child = start(&server, &["wait-pane", "-j", "-m", "(a)(b)?"]);
    server.tty(":0").write(b"xac\r\n");
    let found: Value = serde_json::from_str(&end(child).1).expect("JSON");
    assert_eq!(found, serde_json::json!({"line": 3, "text": "xac", "match": "a", "groups": ["a", null]}));
}

#[test]
fn wait_pane_sees_text_that_is_gone_at_once() {
    let mut server = server();
    let gone = [
        "seen\r\x1b[K",
        "seen\r50%\r",
        "seen\x1b[H\x1b[J\x1b[3J",
        "\x1b[?1049h\x1b[Hseen\x1b[?1049l",
        &format!("seen\r\n{}", "x\r\n".repeat(400)),
    ];
    for text in gone {
        server.tmux(&["set-option", "-g", "history-limit", "0"]);
        let child = start(&server, &["wait-pane", "-m", "see[n]"]);
        server.tty(":0").write(text.as_bytes());
        let (status, out, err) = end(child);
        assert_eq!((status, err.as_str()), (Some(0), ""), "{text:?}");
        assert!(out.ends_with(":seen"), "{text:?}: {out}");
    }
}

#[test]
fn wait_pane_ends_with_the_pane_and_says_so() {
    let server = server();
    server.tmux(&["new-window", "-d", "-n", "b", "read x; exit 3"]);
    let exit = start(&server, &["wait-pane", "-t", ":b", "-x"]);
    let text = start(&server, &["wait-pane", "-t", ":b", "-m", "never"]);
    let quiet = start(&server, &["wait-pane", "-t", ":b", "-q", "60000"]);
    server.tmux(&["send-keys", "-t", ":b", "Enter"]);
    assert_eq!(end(exit), ended(0, "status 3", ""));
    assert_eq!(end(text), ended(1, "", "pane %1: its program has ended"));
    assert_eq!(end(quiet), ended(0, "", ""));
    server.tmux(&["new-window", "-d", "-n", "c", "exec sleep 1000"]);
    let text = start(&server, &["wait-pane", "-t", ":c", "-p", "-T", "600"]);
    server.tmux(&["kill-window", "-t", ":c"]);
    assert_eq!(end(text), ended(1, "", "pane %2: it is gone"));
    server.tmux(&["new-window", "-d", "-n", "d", "exec sleep 1000"]);
    let text = start(&server, &["wait-pane", "-t", ":d", "-x"]);
    server.tmux(&["respawn-pane", "-k", "-t", ":d", "exec sleep 1000"]);
    assert_eq!(end(text).0, Some(0));
}

#[test]
fn wait_pane_follows_the_marks_of_a_shell() {
    let mut server = server();
    let none = server.tmux(&["wait-pane", "-p", "-T", "0.05"]);
    let said = "pane %0: its shell marks no prompts and commands (OSC 133)\n";
    assert_eq!((none.status, String::from_utf8_lossy(&none.err).as_ref()), (Some(2), said));
    let child = start(&server, &["wait-pane", "-p"]);
    server.tty(":0").write(b"\x1b]133;A\x07$ \x1b]133;B\x07");
    assert_eq!(end(child), ended(0, "", ""));
    assert_eq!(server.tmux(&["wait-pane", "-p"]).status, Some(0), "it still prompts");
    let child = start(&server, &["wait-pane", "-c"]);
    server.tty(":0").write(b"\r\n\x1b]133;C\x07out\r\n\x1b]133;D;7\x07\x1b]133;A\x07$ \x1b]133;B\x07");
    assert_eq!(end(child), ended(7, "", ""));
    // A command that ended after the last line was typed counts as ended.
    server.tmux(&["send-keys", "make", "Enter"]);
    assert_eq!(server.tmux(&["wait-pane", "-p", "-T", "0.05"]).status, Some(1));
    show(&mut server, ":0", b"\r\n\x1b]133;C\x07out\r\n\x1b]133;D;9\x07\x1b]133;A\x07$ \x1b]133;B\x07");
    assert_eq!(server.tmux(&["wait-pane", "-c"]).status, Some(9));
    assert_eq!(server.tmux(&["wait-pane", "-p"]).status, Some(0));
}

#[test]
fn wait_pane_waits_for_quiet_and_refuses_what_makes_no_sense() {
    let server = server();
    let began = Instant::now();
    assert_eq!(server.tmux(&["wait-pane", "-q", "80"]).status, Some(0));
    assert!(began.elapsed() >= Duration::from_millis(80));
    let errors = [
        (&["wait-pane"][..], "one of -c, -m, -p, -q and -x must be given\n"),
        (&["wait-pane", "-x", "-p"], "one of -c, -m, -p, -q and -x must be given\n"),
        (&["wait-pane", "-m", "("], "invalid pattern: (\n"),
        (&["wait-pane", "-q", "0"], "invalid time: 0\n"),
        (&["wait-pane", "-x", "-T", "soon"], "invalid time: soon\n"),
        (&["wait-pane", "-m", "x", "-S", "@last-prompt"], "no prompt is marked in the pane\n"),
        (&["wait-p"], "unknown command: wait-p\n"),
    ];
    for (args, message) in errors {
        let output = server.tmux(args);
        assert_eq!((output.status, output.err.as_slice()), (Some(1), message.as_bytes()), "{args:?}");
    }
}

/// A shell, and its text for a command's status of 3.
struct Shell {
    name: &'static str,
    /// True if it sets the marks of `conf/shell-integration`.
    marks: bool,
    command: String,
}

/// The shells of this machine, each with and without marks.
fn shells() -> Vec<Shell> {
    let conf = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf/shell-integration");
    let conf = conf.display();
    let all = [
        ("sh", false, "exec env -u ENV PS1='$ ' sh -i".to_owned()),
        ("bash", false, "exec bash --norc --noprofile -i".to_owned()),
        ("bash", true, format!("exec bash --noprofile --rcfile {conf}/scopemux.bash -i")),
        ("zsh", false, "exec zsh -f -i".to_owned()),
        (
            "zsh",
            true,
            format!("mkdir -p z; echo 'source {conf}/scopemux.zsh' >z/.zshrc; ZDOTDIR=$PWD/z exec zsh -i"),
        ),
        ("fish", false, "exec fish --no-config -i".to_owned()),
        ("fish", true, format!("exec fish --no-config -i -C 'source {conf}/scopemux.fish'")),
    ];
    let installed = |name: &str| {
        ["/bin", "/usr/bin", "/usr/local/bin"].iter().any(|dir| Path::new(dir).join(name).exists())
    };
    let made = all.into_iter().filter(|(name, ..)| installed(name));
    made.map(|(name, marks, command)| Shell { name, marks, command }).collect()
}

/// A server whose window `s` runs the shell, ready when this returns.
fn with_shell(shell: &Shell) -> Server {
    let server = server();
    server.tmux(&["new-window", "-d", "-n", "s", &shell.command]);
    if shell.marks {
        assert_eq!(
            server.tmux(&["wait-pane", "-t", ":s", "-p", "-T", "20"]).status,
            Some(0),
            "{}",
            shell.name
        );
    }
    server
}

#[test]
fn send_command_gives_output_and_status_in_every_shell() {
    let same = |text: &str| (text.to_owned(), text.to_owned());
    let long: String = (1..=3000).map(|n| format!("{n}\n")).collect();
    let wide = "x".repeat(500);
    let posix: Vec<(String, String, i32)> = [
        ("echo one; echo two", "one\ntwo\n", 0),
        ("printf 'no end'", "no end", 0),
        ("sh -c 'exit 3'", "", 3),
        ("true", "", 0),
        ("printf '%s\\n' \"it's\" '\"$x\" !y'", "it's\n\"$x\" !y\n", 0),
        ("echo a\necho b", "a\nb\n", 0),
        ("printf 'a\\tb  c \\n'", "a\tb  c\n", 0),
        ("seq 3000", &long, 0),
        (&format!("echo {wide}"), &format!("{wide}\n"), 0),
        ("echo before; printf '\\033[H\\033[2J\\033[3J'; echo after", "after\n", 0),
        ("printf 'ü世界\\n'", "ü世界\n", 0),
        ("# nothing", "", 0),
        ("printf '%s|' 'a\tb'", "a\tb|", 0),
        ("sh -c 'exit 127'", "", 127),
    ]
    .map(|(command, out, status)| (same(command).0, out.to_owned(), status))
    .into();
    for shell in shells() {
        let server = with_shell(&shell);
        for round in 0..3 {
            for (command, out, status) in &posix {
                let output = server.tmux(&["send-command", "-t", ":s", "-T", "20", command]);
                let got = (output.status, String::from_utf8_lossy(&output.out).into_owned());
                let what = format!("{} marks {} round {round}: {command:?}", shell.name, shell.marks);
                assert_eq!(
                    got,
                    (Some(*status), out.clone()),
                    "{what}\n{}",
                    String::from_utf8_lossy(&output.err)
                );
            }
        }
        // A syntax error is reported, and the shell does not wait for more lines.
        let broken = server.tmux(&["send-command", "-t", ":s", "-T", "20", "if foo ("]);
        assert!(broken.err.is_empty() && broken.status != Some(0), "{}", shell.name);
        let gone = server.tmux(&["send-command", "-t", ":s", "-T", "20", "exit 3"]);
        assert_eq!(gone.status, Some(3), "{}", shell.name);
    }
}

/// Commands that are sent to one pane at once run one after the other, behind a line that was typed:
/// each of them gets its own output and status.
#[test]
fn send_command_waits_for_what_was_typed_and_sent_before() {
    for shell in shells() {
        let server = with_shell(&shell);
        server.tmux(&["send-keys", "-t", ":s", "sh -c 'sleep 0.1; exit 9'", "Enter"]);
        let sent: Vec<_> = (0..4)
            .map(|n| {
                let command = format!("echo answer {n}; sh -c 'exit {n}'");
                start(&server, &["send-command", "-t", ":s", "-T", "60", &command])
            })
            .collect();
        for (n, child) in (0..).zip(sent) {
            let what = format!("{} marks {}", shell.name, shell.marks);
            assert_eq!(end(child), ended(n, &format!("answer {n}"), ""), "{what}");
        }
    }
}

/// The syntax of the line is that of the shell which the pane's program becomes.
#[test]
fn send_command_waits_for_the_shell_of_a_new_pane() {
    for shell in shells() {
        let server = server();
        let begin = format!("until test -e go; do sleep 0.01; done; {}", shell.command);
        server.tmux(&["new-window", "-d", "-n", "s", &begin]);
        let sent = start(&server, &["send-command", "-t", ":s", "-T", "60", "echo here; sh -c 'exit 3'"]);
        let dir = server.ask(&["display-message", "-p", "-t", ":s", "#{pane_start_path}"]);
        std::fs::write(Path::new(dir.trim_end()).join("go"), "").expect("the file is made");
        assert_eq!(end(sent), ended(3, "here", ""), "{} marks {}", shell.name, shell.marks);
    }
}

/// The marks leave the status of a command to the user's own prompt.
#[test]
fn a_prompt_of_fish_shows_the_status_beside_the_marks() {
    let conf = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf/shell-integration");
    for shell in shells().into_iter().filter(|shell| shell.name == "fish" && shell.marks) {
        let prompt = "function fish_prompt; echo \"<$status>\"; end";
        let command =
            format!("exec fish --no-config -i -C '{prompt}; source {}/scopemux.fish'", conf.display());
        let server = with_shell(&Shell { command, ..shell });
        for status in [3, 0, 127] {
            let command = format!("sh -c 'exit {status}'");
            let output = server.tmux(&["send-command", "-t", ":s", "-T", "20", &command]);
            assert_eq!(output.status, Some(status));
            let shown = format!("<{status}>");
            let output = server.tmux(&["wait-pane", "-t", ":s", "-T", "20", "-a", "-m", &shown]);
            assert_eq!(output.status, Some(0), "{shown}");
        }
    }
}

#[test]
fn marks_of_the_program_before_do_not_count() {
    let mut server = server();
    server.tty(":0").write(b"\x1b]133;A\x07$ \x1b]133;B\x07");
    assert_eq!(server.tmux(&["wait-pane", "-p", "-T", "20"]).status, Some(0));
    server.tmux(&["respawn-pane", "-k", "exec sleep 1000"]);
    assert_eq!(server.tmux(&["wait-pane", "-p", "-T", "0.05"]).status, Some(2));
}

/// A session of a shell, as the bytes for its terminal: two commands and the prompt after them.
const SHELL: &str = concat!(
    "\x1b]133;A\x07$ \x1b]133;B\x07one\r\n\x1b]133;C\x07a\r\nb\r\n\x1b]133;D;0\x07",
    "\x1b]133;A\x07$ \x1b]133;B\x07two\r\n\x1b]133;C\x07c\r\nd\r\n\x1b]133;D;1\x07\x1b]133;A\x07$ \x1b]133;B\x07",
);

#[test]
fn capture_pane_takes_marks_and_numbers_that_stay() {
    let mut server = server();
    show(&mut server, ":0", SHELL.as_bytes());
    let command = ["capture-pane", "-p", "-S", "@last-command", "-E", "@last-command"];
    assert_eq!(server.ask(&command), "c\nd\n");
    assert_eq!(server.ask(&["capture-pane", "-p", "-S", "@1", "-E", "@2"]), "a\nb\n");
    let filler: String = (0..60).map(|n| format!("{n}\r\n")).collect();
    show(&mut server, ":0", filler.as_bytes());
    assert_eq!(server.ask(&command), "c\nd\n", "in the history");
    assert_eq!(server.ask(&["capture-pane", "-p", "-S", "@1", "-E", "@2"]), "a\nb\n");
    server.tmux(&["resize-window", "-x", "20", "-y", "10"]);
    assert_eq!(server.ask(&command), "c\nd\n", "at another width");
    let saved = server.tmux(&["save-transcript", "-S", "@last-prompt", "-E", "@7"]);
    assert_eq!(String::from_utf8_lossy(&saved.out), "$ 0\n1\n");
    let error = server.tmux(&["capture-pane", "-p", "-S", "@nonsense"]);
    assert_eq!((error.status, error.err.as_slice()), (Some(1), &b"invalid place: @nonsense\n"[..]));
}

#[test]
fn capture_pane_gives_only_what_is_new_to_each_reader() {
    let mut server = server();
    let look = |server: &Server, key: &str| server.ask(&["capture-pane", "-p", "-S", "@seen", "-k", key]);
    show(&mut server, ":0", b"one\r\ntw");
    assert_eq!(look(&server, "a"), "one\ntw");
    assert_eq!(look(&server, "a"), "");
    show(&mut server, ":0", format!("o\r\n{}", "x\r\n".repeat(100)).as_bytes());
    assert_eq!(look(&server, "a"), format!("o\n{}", "x\n".repeat(100)));
    assert_eq!(look(&server, "b"), format!("one\ntwo\n{}", "x\n".repeat(100)));
    server.tmux(&["clear-history"]);
    show(&mut server, ":0", b"y\r\n");
    assert_eq!(look(&server, "a"), "y\n");
}

#[test]
fn capture_pane_as_json_has_a_row_for_each_line() {
    let mut server = server();
    let tty = server.tty(":0");
    tty.write(format!("{SHELL}\x1b[1mü\x1b[m\r\n{}\x1b[5n", "x".repeat(90)).as_bytes());
    tty.read_until(b"\x1b[0n");
    let object = json(&server, &["capture-pane", "-j", "-S", "-", "-E", "@8"]);
    let rows = object["lines"].as_array().expect("rows");
    let numbers: Vec<_> = rows.iter().map(|row| row["line"].as_u64()).collect();
    assert_eq!(numbers, (0..=7).chain([7, 8]).map(Some).collect::<Vec<_>>());
    assert_eq!(
        (&rows[1]["output"], &rows[3]["prompt"], &rows[6]["text"]),
        (&true.into(), &true.into(), &"$ ü".into())
    );
    assert_eq!((&object["pane_width"], &rows[0]["row"]), (&80.into(), &0.into()));
    let keys: Vec<String> = documented("capture-pane");
    for key in object.as_object().into_iter().flatten().map(|(key, _)| key) {
        assert!(keys.contains(key), "{key}");
    }
    for key in rows[0].as_object().into_iter().flatten().map(|(key, _)| key) {
        assert!(keys.contains(key), "{key}");
    }
}

#[test]
fn watch_events_prints_what_happens() {
    let server = server();
    let watch = ["watch-events", "-j", "-n", "2", "-T", "20", "-e", "window-renamed", "-e", "window-linked"];
    let watching = start(&server, &watch);
    let plain = start(&server, &["watch-events", "-n", "1", "-T", "20", "-e", "window-renamed"]);
    let filter = [
        "watch-events",
        "-n",
        "1",
        "-T",
        "20",
        "-f",
        "#{==:#{hook_window_name},c d}",
        "-F",
        "<#{hook} #{hook_window}>",
    ];
    let filtered = start(&server, &filter);
    server.tmux(&["new-window", "-d", "exec sleep 1000"]);
    server.tmux(&["rename-window", "-t", ":1", "c d"]);
    let (status, out, err) = end(watching);
    assert_eq!((status, err.as_str()), (Some(0), ""));
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        (&events[0]["event"], &events[1]["event"]),
        (&"window-linked".into(), &"window-renamed".into())
    );
    assert_eq!((&events[1]["window"], &events[1]["window_name"]), (&"@1".into(), &"c d".into()));
    assert!(end(plain).1.starts_with("window-renamed "));
    assert_eq!(end(filtered), ended(0, "<window-renamed @1>", ""));
    assert_eq!(server.tmux(&["watch-events", "-n", "1", "-T", "0.05", "-e", "@never"]).status, Some(1));
    assert_eq!(server.tmux(&["watch-events", "-e", "nonsense"]).err, b"unknown event: nonsense\n");
}

#[test]
fn notifications_of_programs_are_events_with_their_text() {
    let mut server = server();
    let watch = ["watch-events", "-j", "-n", "1", "-T", "20", "-e", "pane-notification"];
    let watching = start(&server, &watch);
    server.tmux(&[
        "set-hook",
        "-g",
        "pane-notification",
        "set-option -gF @told '#{hook_title}|#{hook_text}|#{hook_pane}'",
    ]);
    server.tty(":0").write(b"\x1b]777;notify;Build;done #(x)\x07");
    let event: Value = serde_json::from_str(&end(watching).1).expect("JSON");
    assert_eq!(
        (&event["title"], &event["text"], &event["pane"]),
        (&"Build".into(), &"done _(x)".into(), &"%0".into())
    );
    let until = Instant::now() + PATIENCE;
    while server.ask(&["show-options", "-gqv", "@told"]) != "Build|done _(x)|%0\n" {
        assert!(Instant::now() < until, "{}", server.ask(&["show-options", "-gqv", "@told"]));
    }
}

/// A terminal that shows notifications receives them; another one gets a bell and a message.
/// Windows that no client shows are marked until one shows them.
#[test]
fn notifications_reach_terminals_and_mark_windows() {
    let mut server = server();
    server.tmux(&["set-option", "-g", "notifications", "on"]);
    server.tmux(&["new-window", "-d", "exec sleep 1000"]);
    let attach = |server: &Server, features: &str| {
        server.tmux(&["set-option", "-s", "terminal-features", features]);
        Outer::attach(server, &Value::Null, &["attach-session".to_owned()])
    };
    let mut able = attach(&server, "*:notify");
    let mut other = attach(&server, "*:clipboard");
    let sent = [
        ("\x1b]9;plain\x07", "plain"),
        ("\x1b]777;notify;Build;is done\x1b\\", "Build: is done"),
        ("\x1b]99;;kitty\x1b\\", "kitty"),
    ];
    for (bytes, text) in sent {
        server.tty(":1").write(bytes.as_bytes());
        able.until_sent(format!("\x1b]9;{text}\x07").as_bytes());
        other.until_sent(b"\x07");
        other.until_shows(text);
    }
    let flags = "#{window_flags}|#{window_notification_flag}|#{pane_notification}|#{session_alerts}";
    assert_eq!(server.ask(&["display-message", "-p", "-t", ":1", flags]), "@|1|kitty|1@\n");
    able.until_shows("1:sleep@");
    server.tmux(&["select-window", "-t", ":1"]);
    assert_eq!(server.ask(&["display-message", "-p", "-t", ":1", flags]), "*|0|kitty|\n");
    server.tmux(&["set-option", "-g", "notifications", "off"]);
    show(&mut server, ":0", b"\x1b]9;quiet\x07");
    let quiet = server.ask(&["display-message", "-p", "-t", ":0", flags]);
    assert_eq!(quiet, "-|0|quiet|\n");
}

/// A hook of a user is an option as in tmux 3.7c, until something of the main branch was used.
#[test]
fn hooks_of_users_leave_the_options_when_the_main_branch_is_used() {
    let server = server();
    let lists = |args: &[&str]| server.ask(args).lines().any(|line| line == "@mine \"display-message x\"");
    server.tmux(&["set-hook", "-g", "@mine", "display-message x"]);
    assert!(lists(&["show-options", "-g"]) && !lists(&["show-hooks", "-g"]));
    server.tmux(&["set-hook", "-g", "-B", "@monitor:%*:#{pane_width}"]);
    assert!(!lists(&["show-options", "-g"]) && lists(&["show-hooks", "-g"]));
    assert!(lists(&["show-options", "-gH"]) && lists(&["show-options", "-g", "@mine"]));
}

/// Nothing polls: a hundred waits in a hundred idle panes cause no turns of the server, and one of
/// them is answered while another pane floods.
#[test]
fn a_hundred_waits_cost_no_turns_while_nothing_comes() {
    let mut server = server();
    let windows = "new-window -d 'exec sleep 1000'\n".repeat(99);
    server.write_file("@TMP@/windows", &windows);
    let path = String::from_utf8(server.bytes("@TMP@/windows")).expect("a path");
    server.tmux(&["source-file", &path]);
    let waits: Vec<_> = (0..100)
        .map(|pane| {
            let args = ["-L", "t", "-f", "/dev/null", "wait-pane", "-t", &format!("%{pane}"), "-m", "se+n"];
            let mut command = server.command(&args.map(str::to_owned));
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().expect("the program runs")
        })
        .collect();
    let until = Instant::now() + PATIENCE;
    let waiting = |log: String| log.lines().filter(|line| line.contains("command: wait-pane")).count();
    while waiting(server.ask(&["show-messages"])) < 100 {
        assert!(Instant::now() < until, "waits were not taken");
    }
    let turns = || {
        let log = server.ask(&["show-messages", "-H"]);
        let line = log.lines().find(|line| line.contains("health:")).expect("a line of health");
        let mut words = line.split(' ').skip_while(|word| *word != "turns");
        words.nth(1).and_then(|count| count.parse::<u64>().ok()).expect("a count of turns")
    };
    let before = turns();
    // The `run-shell -d` waits on a timer of the server; each client that comes and goes costs some
    // turns.
    server.tmux(&["run-shell", "-d", "1", "true"]);
    let caused = turns() - before;
    assert!(caused < 80, "{caused} turns");
    server.tmux(&["respawn-pane", "-k", "-t", "%1", "yes"]);
    server.tty(":50").write(b"a seen b");
    let mut waits = waits;
    let answered = waits.swap_remove(50);
    assert_eq!(end(answered), ended(0, "0:seen", ""));
    for mut wait in waits {
        wait.kill().expect("it waits");
        wait.wait().expect("it ends");
    }
}

/// Viewers such as ghostty, iTerm2 and tmuxy run a control client on a terminal (`-CC`): its lines
/// are in a device control string, which ends when the client detaches.
#[test]
fn a_viewer_on_a_terminal_gets_its_lines_in_a_control_string() {
    let server = server();
    let args = ["-CC", "attach-session"].map(str::to_owned);
    let mut viewer = Outer::attach(&server, &Value::Null, &args);
    viewer.until_sent(b"\x1bP1000p%begin ");
    viewer.until_sent(b"%session-changed $0 main\r\n");
    viewer.type_only(b"refresh-client -fpause-after=5\n");
    viewer.type_only(b"list-windows -F '#{session_id} #{window_id} #{window_width} #{window_height}'\n");
    viewer.until_sent(b"$0 @0 80 24\r\n%end ");
    viewer.type_only(b"refresh-client -A '%0:pause'\n");
    viewer.until_sent(b"%pause %0\r\n");
    viewer.type_only(b"\n");
    viewer.until_sent(b"%exit\r\n\x1b\\");
}
