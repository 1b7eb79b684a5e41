//! Environment of children, tested by running shells in them.

use super::*;
use crate::sys::process::wait;
use std::fs::File;
use std::io::Read;

const PTY: Pty =
    Pty { cols: 91, rows: 17, xpixel: 910, ypixel: 340, control_chars: None, erase: None, transient: false };
const SOCKET: Stdio = Stdio::Socket { stdin: true, stdout: true, stderr: false };

fn inherited() -> Inherited {
    Inherited { mask: SigSet::empty(), files: None }
}

fn shell(script: &str, stdio: Stdio) -> Spawn {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Spawn {
        token: 1,
        program: "sh".into(),
        argv: vec!["-sh".into(), "-c".into(), script.into()],
        env: vec![pair("PATH", "/nosuch:/usr/bin:/bin"), pair("PWD", "/elsewhere"), pair("A", "b c")],
        cwd: None,
        home: None,
        stdio,
        cgroup: None,
        oom_score_adj: None,
        gated: false,
        held: false,
        groups: Vec::new(),
    }
}

/// Starts the child, reads all its output, and compares that and its exit status.
fn check(wanted: Spawn, expect: &str, expect_status: i32) {
    let started = spawn(wanted, &inherited(), None).unwrap();
    let flags = OFlag::from_bits_retain(fcntl(&started.fd, FcntlArg::F_GETFL).unwrap());
    fcntl(&started.fd, FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK)).unwrap();
    let mut output = Vec::new();
    // A pty ends with EIO, a socket with end of file.
    let _ = File::from(started.fd).read_to_end(&mut output);
    let (pid, status) = wait(started.pid, 0).unwrap();
    let output = String::from_utf8_lossy(&output).replace('\r', "").replace(&pid.to_string(), "PID");
    assert_eq!((output.as_str(), status), (expect, expect_status << 8));
}

#[test]
fn panes_lead_a_terminal_of_their_size() {
    let script = "stty size; tty | cut -c1-9; ps -o sid= -p $$ | tr -d ' '; echo $0 $A; exit 3";
    check(shell(script, Stdio::Pty(PTY)), "17 91\n/dev/pts/\nPID\n-sh b c\n", 3);
    let pty = Pty { erase: Some(8), control_chars: Some(vec![1; 10]), ..PTY };
    check(
        shell("stty -a | grep -oE 'intr = [^;]*| erase = [^;]*|iutf8'", Stdio::Pty(pty)),
        "intr = ^A\n erase = ^H\niutf8\n",
        0,
    );
}

#[test]
fn jobs_have_a_socket_and_nothing_else_open() {
    let script = "for i in 0 1 2; do readlink /proc/$$/fd/$i | cut -c1-7; done";
    check(shell(script, SOCKET), "socket:\nsocket:\n/dev/nu\n", 0);
    let open = "for i in 0 1 2 3 4 5 6 7 8 9 10 11 12; do [ -e /proc/$$/fd/$i ] && echo $i; done; true";
    check(shell(open, SOCKET), "0\n1\n2\n", 0);
    let quiet = Stdio::Socket { stdin: false, stdout: true, stderr: true };
    check(shell("cat; echo err >&2", quiet), "err\n", 0);
}

#[test]
fn children_start_where_they_can() {
    let at = |cwd: Option<&str>, home: Option<&str>| Spawn {
        cwd: cwd.map(str::to_owned),
        home: home.map(str::to_owned),
        ..shell("env | grep ^PWD=", SOCKET)
    };
    let sh_keeps = |dir: &str| format!("PWD={dir}\n");
    check(at(Some("/usr"), None), &sh_keeps("/usr"), 0);
    check(at(Some("/nosuch"), Some("/var")), &sh_keeps("/var"), 0);
    check(at(Some("/nosuch"), Some("/nosuch")), &sh_keeps("/"), 0);
}

#[test]
fn signals_are_as_in_tmux() {
    // Recorded from a pane of tmux 3.7c: SIGTTIN and SIGTTOU ignored, nothing blocked.
    let script = "exec sed -nE 's/Sig(Blk|Ign).*(.{7})$/\\1 \\2/p' /proc/self/status";
    let expect = "Blk 0000000\nIgn 0300000\n";
    check(shell(script, Stdio::Pty(PTY)), expect, 0);
}

#[test]
fn oom_score_is_raised_and_failures_are_quiet() {
    let wanted = Spawn { oom_score_adj: Some(500), ..shell("cat /proc/self/oom_score_adj", SOCKET) };
    check(wanted, "500\n", 0);
    check(Spawn { program: "/nosuch".into(), ..shell("", SOCKET) }, "", 1);
    check(Spawn { program: "nosuch".into(), ..shell("", SOCKET) }, "", 1);
}

#[test]
fn a_script_without_an_interpreter_runs_in_a_shell() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("script");
    std::fs::write(&path, "echo ran $1\n").unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let program = path.to_str().unwrap().to_owned();
    let argv = vec![program.clone(), "arg".into()];
    check(Spawn { program, argv, ..shell("", SOCKET) }, "ran arg\n", 0);
}

#[test]
fn a_gated_child_waits_until_it_is_let_go() {
    let mut started = spawn(Spawn { gated: true, ..shell("echo here", SOCKET) }, &inherited(), None).unwrap();
    let gate = started.gate.take().expect("a gated child has a gate");
    let nothing = read(&started.fd, &mut [0; 1]);
    assert_eq!(nothing, Err(Errno::EAGAIN));
    assert!(wait(started.pid, libc::WNOHANG).is_none());
    open_gate(&gate);
    assert_eq!(wait(started.pid, 0), Some((started.pid, 0)));
    let mut output = [0; 16];
    let length = read(&started.fd, &mut output).unwrap();
    assert_eq!(&output[..length], b"here\n");
}

#[test]
fn a_signal_that_comes_before_the_program_runs_is_not_lost() {
    // As in the keeper.
    signals::ignore(Signal::SIGUSR2);
    let started = spawn(Spawn { gated: true, ..shell("echo here", SOCKET) }, &inherited(), None).unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(started.pid), Signal::SIGUSR2).unwrap();
    open_gate(&started.gate.expect("a gated child has a gate"));
    assert_eq!(wait(started.pid, 0), Some((started.pid, Signal::SIGUSR2 as i32)));
}

#[test]
fn a_child_enters_its_version_1_groups_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let group = |name: &str| {
        std::fs::create_dir(dir.path().join(name)).unwrap();
        std::fs::write(dir.path().join(name).join("tasks"), "").unwrap();
        dir.path().join(name).to_str().unwrap().to_owned()
    };
    let check = |groups: Vec<String>, expect: bool| {
        let refusals = Refusals::new().unwrap();
        let wanted = Spawn { token: 37, groups, ..shell("true", SOCKET) };
        let started = spawn(wanted, &inherited(), Some(&refusals)).unwrap();
        assert_eq!(wait(started.pid, 0), Some((started.pid, 0)));
        assert_eq!((refusals.take(), refusals.take()), ((!expect).then_some(37), None));
    };
    let written = |group: &str| std::fs::read_to_string(format!("{group}/tasks")).unwrap();
    let groups = [group("memory"), group("pids")];
    check(groups.to_vec(), true);
    assert_eq!(groups.each_ref().map(|group| written(group)), ["0", "0"]);
    // If one group cannot be entered, the others are.
    let last = group("cpu");
    check(vec![dir.path().join("gone").to_str().unwrap().to_owned(), last.clone()], false);
    assert_eq!(written(&last), "0");
}

#[test]
fn a_child_whose_terminal_is_gone_before_it_begins_ends_without_running() {
    let dir = tempfile::tempdir().unwrap();
    let ran = dir.path().join("ran");
    let wanted = Spawn { gated: true, ..shell(&format!("echo >{}", ran.display()), Stdio::Pty(PTY)) };
    let started = spawn(wanted, &inherited(), None).unwrap();
    drop(started.fd);
    open_gate(&started.gate.expect("a gated child has a gate"));
    // It holds the terminal open itself until it is the terminal's session leader.
    assert_eq!(wait(started.pid, 0), Some((started.pid, Signal::SIGHUP as i32)));
    assert!(!ran.exists());
}

#[test]
fn children_have_the_limit_of_descriptors_that_the_keeper_was_started_with() {
    let files = Some(FileLimits { soft: 99, hard: 999 });
    let mut started =
        spawn(shell("ulimit -Sn; ulimit -Hn", SOCKET), &Inherited { mask: SigSet::empty(), files }, None)
            .unwrap();
    assert_eq!(wait(started.pid, 0), Some((started.pid, 0)));
    let mut output = [0; 16];
    let length = read(&mut started.fd, &mut output).unwrap();
    assert_eq!(&output[..length], b"99\n999\n");
}
