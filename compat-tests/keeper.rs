//! Reactions of a keeper to servers that die, and of a server to a keeper that dies.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill as send_signal};
use nix::unistd::Pid;

use super::recovery::{kill, until};
use super::screen::Outer;
use super::server::{PATIENCE, Server};

const PIDS: [&str; 4] = ["list-panes", "-a", "-F", "#{pane_pid}"];

pub(crate) fn start() -> Server {
    Server::new(Path::new(env!("CARGO_BIN_EXE_scopemux")))
}

pub(crate) fn number(server: &Server, format: &str) -> i32 {
    server.ask(&["display-message", "-p", format]).trim().parse().expect("a number")
}

fn parent(pid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("our process");
    let fields = stat.rsplit(')').next().expect("fields after the name");
    fields.split_whitespace().nth(1).and_then(|field| field.parse().ok()).expect("a parent")
}

/// Waits until the closure returns a value.
pub(crate) fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "{what} never comes");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|fields| !fields.is_empty() && !fields.starts_with(" Z"))
}

fn all_alive(pids: &str) -> bool {
    !pids.is_empty() && pids.split_whitespace().all(is_alive)
}

/// Children of a keeper that are servers.
fn server_of(keeper: i32) -> Option<i32> {
    let children = std::fs::read_to_string(format!("/proc/{keeper}/task/{keeper}/children")).ok()?;
    let mut pids = children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok());
    pids.find(|pid| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        name.trim() == "tmux: server" && is_alive(&pid.to_string())
    })
}

/// Process id of a server's keeper: it holds the socket too, but is not the server.
pub(crate) fn keeper_of(server: &Server) -> Option<i32> {
    let pid = number(server, "#{pid}");
    let by_name = |name: &str| -> Vec<i32> {
        let all = std::fs::read_dir("/proc").expect("processes").flatten();
        let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(|pid| {
            let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            comm.trim() == name && is_alive(&pid.to_string())
        })
        .collect()
    };
    let environ = |pid: i32| std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let own = environ(pid);
    by_name("tmux: keeper").into_iter().find(|keeper| {
        let theirs = environ(*keeper);
        let tmpdir = |environ: &[u8]| {
            let vars: Vec<Vec<u8>> = environ.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
            vars.into_iter().find(|var| var.starts_with(b"TMUX_TMPDIR="))
        };
        tmpdir(&theirs).is_some() && tmpdir(&theirs) == tmpdir(&own)
    })
}

/// Kills servers, one after the other, by a signal that looks like a crash.
fn crash(keeper: i32, times: usize) {
    let mut last = 0;
    for _ in 0..times {
        last = wait_for("a server", || server_of(keeper).filter(|pid| *pid != last));
        send_signal(Pid::from_raw(last), Signal::SIGABRT).expect("our server");
    }
    wait_for("the last one's end", || (server_of(keeper).is_none()).then_some(()));
}

#[test]
fn a_healthy_server_may_be_killed_again_and_again() {
    let server = start();
    server.tmux(&["new-session", "-d", "exec cat", ";", "split-window", "-d", "exec cat"]);
    let pids = server.ask(&PIDS);
    for _ in 0..12 {
        kill(&server);
    }
    assert_eq!(server.ask(&PIDS), pids);
    assert!(all_alive(&pids));
}

#[test]
fn servers_killed_before_they_answer_come_back() {
    let server = start();
    server.tmux(&["new-session", "-d", "exec cat"]);
    let pids = server.ask(&PIDS);
    let keeper = parent(number(&server, "#{pid}"));
    let mut last = 0;
    for _ in 0..7 {
        last = wait_for("a server", || server_of(keeper).filter(|pid| *pid != last));
        send_signal(Pid::from_raw(last), Signal::SIGKILL).expect("our server");
    }
    assert_eq!(server.ask(&PIDS), pids);
}

#[test]
fn servers_that_crash_in_a_row_cost_no_pane() {
    let server = start();
    server.tmux(&["new-session", "-d", "-s", "kept", "exec cat"]);
    let pids = server.ask(&PIDS);
    let keeper = parent(number(&server, "#{pid}"));
    crash(keeper, 6);
    for _ in 0..2 {
        let told = server.tmux(&["list-sessions"]);
        let text = String::from_utf8_lossy(&told.err).into_owned();
        assert_eq!(told.status, Some(1));
        let expect = "6 servers died one after the other, the last of SIGABRT; what runs in panes goes \
                      on and is kept: attach-session starts a server again, kill-server ends all\n";
        assert_eq!(text, expect);
    }
    assert!(all_alive(&pids));
    let step = serde_json::json!({ "cols": 60, "rows": 16 });
    let mut outer = Outer::attach(&server, &step, &["attach-session".to_owned()]);
    outer.until_shows("[kept]");
    assert_eq!(server.ask(&PIDS), pids);
}

#[test]
fn a_client_comes_back_to_its_session_when_the_server_dies() {
    let server = start();
    server.tmux(&["new-session", "-d", "-s", "other", "exec cat"]);
    server.tmux(&["new-session", "-d", "-s", "mine", "exec cat"]);
    let step = serde_json::json!({ "cols": 60, "rows": 16 });
    let args = ["attach-session", "-t", "other", "-r"].map(str::to_owned);
    let mut outer = Outer::attach(&server, &step, &args);
    outer.until_shows("[other]");
    server.tmux(&["switch-client", "-t", "mine"]);
    outer.until_shows("[mine]");
    for _ in 0..2 {
        kill(&server);
        let clients = ["list-clients", "-F", "#{client_session} #{client_readonly}"];
        until(&server, &clients, |clients| clients == "mine 1\n");
    }
    server.tmux(&["rename-session", "-t", "mine", "again"]);
    outer.until_shows("[again]");
}

/// Whatever starts a program waits until the keeper is there again, and then does what it does.
#[test]
fn a_stopped_keeper_keeps_nobody_waiting_but_who_needs_it() {
    let server = start();
    server.tmux(&["new-session", "-d", "-s", "a", "-x", "80", "-y", "24", "exec cat"]);
    server.tmux(&["split-window", "-d", "-t", "a:0", "exec cat"]);
    server.tmux(&["new-window", "-d", "-t", "a:1", "exec cat"]);
    let keeper = Pid::from_raw(parent(number(&server, "#{pid}")));
    send_signal(keeper, Signal::SIGSTOP).expect("our keeper");
    let pid = ["-F", "#{pane_pid}", "exec cat"];
    let waiting = [
        [&["new-window", "-dP", "-t", "a:2"], &pid[..]].concat(),
        [&["split-window", "-dP", "-t", "a:1"], &pid[..]].concat(),
        [&["new-pane", "-dP", "-t", "a:1"], &pid[..]].concat(),
        [&["new-session", "-dP", "-s", "b"], &pid[..]].concat(),
        vec!["respawn-pane", "-k", "-t", "a:0.1", "exec cat"],
        vec!["pipe-pane", "-t", "a:0.0", "exec cat >/dev/null"],
        vec!["run-shell", "echo job"],
        vec!["if-shell", "true", "display-message -p yes"],
    ];
    let started = waiting.map(|command| {
        let args: Vec<String> = ["-L", "t"].iter().chain(&command).map(|arg| (*arg).to_owned()).collect();
        let mut program = server.command(&args);
        let child = program.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn();
        (command, child.expect("the program runs"))
    });
    let job = ["-L", "t", "display-message", "-p", "#(echo job)"].map(str::to_owned);
    let since = Instant::now();
    for _ in 0..20 {
        server.run(&job, b"", &[]);
        assert_eq!(server.ask(&["display-message", "-p", "-t", "a", "#{session_windows}"]), "2\n");
    }
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert_eq!(server.tmux(&["kill-window", "-t", "a:1.0"]).status, Some(0), "what needs no keeper is done");
    send_signal(keeper, Signal::SIGCONT).expect("our keeper");
    for (command, child) in started {
        let output = child.wait_with_output().expect("the program ends");
        let [said, error] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        let lost = command.contains(&"a:1");
        let right = match command[0] {
            _ if lost => output.status.code() == Some(1) && !error.is_empty(),
            "run-shell" => said == "job\n",
            "if-shell" => said == "yes\n",
            _ if command.contains(&"-F") => is_alive(said.trim()),
            _ => output.status.success(),
        };
        assert!(right, "{command:?}: {:?} {said} {error}", output.status);
    }
    assert_eq!(server.ask(&["display-message", "-p", "-t", "a", "#{session_windows}"]), "2\n");
    assert_eq!(server.ask(&["display-message", "-p", "-t", "a:0.0", "#{pane_pipe}"]), "1\n");
    assert_eq!(server.ask(&["run-shell", "echo job"]), "job\n");
}

#[test]
fn a_keeper_that_dies_is_replaced() {
    let server = start();
    server.tmux(&["new-session", "-d", "-x", "60", "-y", "16", "exec cat"]);
    server.tmux(&["set-option", "-g", "remain-on-exit", "on"]);
    server.tmux(&["split-window", "-d", "read line; exit 3"]);
    for _ in 0..2 {
        let pids = server.ask(&PIDS);
        let pid = number(&server, "#{pid}");
        let keeper = wait_for("a keeper", || keeper_of(&server));
        send_signal(Pid::from_raw(keeper), Signal::SIGKILL).expect("our keeper");
        wait_for("another keeper", || keeper_of(&server).filter(|now| *now != keeper));
        assert_eq!((number(&server, "#{pid}"), server.ask(&PIDS)), (pid, pids.clone()));
        assert_eq!(server.tmux(&["new-window", "-d", "exec cat"]).status, Some(0));
        assert!(all_alive(&pids));
        assert_eq!(server.tmux(&["respawn-pane", "-k", "-t", ":1", "exec cat"]).status, Some(0));
        assert_eq!(server.ask(&["run-shell", "echo job"]), "job\n");
    }
    // Programs that earlier keepers started end as they otherwise would.
    server.tmux(&["send-keys", "-t", ":0.1", "Enter"]);
    let dead = ["display-message", "-p", "-t", ":0.1", "#{pane_dead}"];
    until(&server, &dead, |dead| dead == "1\n");
    let status = server.ask(&["display-message", "-p", "-t", ":0.1", "#{pane_dead_status}"]);
    assert!(["0\n", "3\n"].contains(&status.as_str()), "older kernels do not tell: {status}");
    // Everything outlives the server.
    server.tmux(&["kill-pane", "-t", ":0.1", ";", "new-window", "-d", "exec cat"]);
    let pids = server.ask(&PIDS);
    kill(&server);
    assert_eq!(server.ask(&PIDS), pids);
}

#[test]
fn kill_server_ends_what_a_keeper_without_server_holds() {
    let server = start();
    server.tmux(&["new-session", "-d", "exec cat"]);
    let pids = server.ask(&PIDS);
    let keeper = parent(number(&server, "#{pid}"));
    crash(keeper, 6);
    assert_eq!(server.tmux(&["kill-server"]).status, Some(0));
    wait_for("the end of all", || (!is_alive(pids.trim()) && !is_alive(&keeper.to_string())).then_some(()));
}

/// A server whose successors crash when they load `part`: the one that leaves it out logs `said`.
fn poisoned(part: &str, said: &str) -> Server {
    let server = start();
    let start = ["-L", "t", "-f", "/dev/null", "new-session", "-d", "-s", "kept", "-x", "40", "-y", "10"];
    let program = "echo before; read line; echo after; read never";
    let args: Vec<String> = start.iter().chain(&[program]).map(|arg| (*arg).to_owned()).collect();
    let die = [("SCOPEMUX_DIE_OF".to_owned(), Some(part.to_owned()))];
    server.run(&args, b"", &die);
    server.tmux(&["set-option", "-g", "@mine", "set"]);
    until(&server, &["capture-pane", "-p"], |screen| screen.contains("before"));
    // A new window forces a state file.
    server.tmux(&["new-window", "-d", "exec cat"]);
    let pids = server.ask(&PIDS);
    kill(&server);
    assert_eq!(server.ask(&PIDS), pids);
    let log = server.ask(&["show-messages"]);
    assert!(log.contains(&format!("servers died of {said}, which this one does without (kept in ")), "{log}");
    let kept = log.rsplit("(kept in ").next().and_then(|rest| rest.split(')').next()).expect("a path");
    assert!(std::fs::metadata(kept).expect("a file for a report").len() > 0);
    server
}

#[test]
fn a_log_that_ends_servers_is_left_out() {
    if cfg!(debug_assertions) {
        let server = poisoned("Log(0)", "what pane %0 printed last");
        assert_eq!(server.ask(&["show-options", "-gv", "@mine"]), "set\n");
    }
}

#[test]
fn a_checkpoint_that_ends_servers_is_left_out() {
    if cfg!(debug_assertions) {
        let server = poisoned("Checkpoint(0)", "the screen of pane %0");
        server.tmux(&["send-keys", "Enter"]);
        until(&server, &["capture-pane", "-p"], |screen| screen.contains("after"));
    }
}

#[test]
fn settings_that_end_servers_are_left_out() {
    if cfg!(debug_assertions) {
        let server = poisoned("Settings", "options, hooks and environments");
        assert_eq!(server.ask(&["show-options", "-gqv", "@mine"]), "");
        assert!(server.ask(&["capture-pane", "-p"]).contains("before"));
    }
}

#[test]
fn more_panes_than_the_usual_limit_of_descriptors_outlive_their_server() {
    let server = start();
    // The keeper must raise its soft limit: with this one it could hold only 500 of them.
    start_limited(&server, "-Sn 1024", "ulimit -n; exec cat");
    until(&server, &["capture-pane", "-p", "-t", ":0"], |text| text.starts_with("1024\n"));
    server.write_file("@TMP@/windows", &"new-window -d 'exec cat'\n".repeat(60));
    for made in 1..=10 {
        server.tmux(&["source-file", "@TMP@/windows"]);
        let enough = format!("{}\n", 1 + made * 60);
        until(&server, &["display-message", "-p", "#{session_windows}"], |count| count == enough);
    }
    let pids = server.ask(&PIDS);
    kill(&server);
    assert_eq!(server.ask(&PIDS), pids);
    assert!(all_alive(&pids));
}

/// Starts a server with a limited number of descriptors.
fn start_limited(server: &Server, limit: &str, program: &str) {
    let start = format!("ulimit {limit}; exec \"$0\" -L t -f /dev/null new-session -d \"$1\"");
    let shell = server.command(&[]);
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", &start, env!("CARGO_BIN_EXE_scopemux"), program]).env_clear();
    limited.envs(shell.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.current_dir(shell.get_current_dir().expect("a home")).stdin(std::process::Stdio::null());
    assert!(limited.status().expect("a shell").success());
}

#[test]
fn panes_that_do_not_fit_are_refused_and_the_server_answers() {
    let server = start();
    start_limited(&server, "-n 128", "exec cat");
    let refused =
        (0..128).map(|_| server.tmux(&["new-window", "-d", "exec cat"])).find(|run| run.status != Some(0));
    let text = String::from_utf8_lossy(&refused.expect("there is a limit").err).into_owned();
    assert_eq!(text, "create window failed: fork failed: Too many open files\n");
    let windows = number(&server, "#{session_windows}");
    assert!(windows > 20, "{windows}");
    // A respawned program needs no more descriptors than its predecessor.
    server.tmux(&["respawn-pane", "-k", "-t", ":0", "exec cat"]);
    let pids = server.ask(&PIDS);
    assert!(all_alive(&pids));
    kill(&server);
    assert_eq!(server.ask(&PIDS), pids);
    // There is room again after a pane is closed.
    server.tmux(&["kill-window", "-t", ":1", ";", "kill-window", "-t", ":2"]);
    until(&server, &["new-window", "-dP", "-F", "made", "exec cat"], |text| text == "made\n");
}
