//! The whole program with runaways in its panes: what each of them costs, and that it is told.
//! All waits are for conditions; times are printed, not asserted.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::until;

/// A server of its own, with its own state.
struct Mux {
    program: PathBuf,
    dir: tempfile::TempDir,
    env: Vec<(&'static str, String)>,
}

impl Mux {
    fn new() -> Self {
        let built = || std::env::current_exe().ok()?.parent()?.parent().map(|dir| dir.join("scopemux"));
        let program = std::env::var_os("SCOPEMUX_PROGRAM").map(PathBuf::from).or_else(built);
        let program = program.expect("this test is in a directory");
        let dir = tempfile::tempdir().unwrap();
        let units = std::env::var("SCOPEMUX_SCOPES").is_ok_and(|expected| expected == "units");
        let config = if units { "set-option -s containment units\n" } else { "" };
        std::fs::write(dir.path().join("config"), config).unwrap();
        Self { program, dir, env: Vec::new() }
    }

    fn command(&self, before: &[&str]) -> Command {
        let mut words = before.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        words.extend(["timeout".to_owned(), "120".to_owned(), self.program.display().to_string()]);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(["-L", "t", "-f"]).arg(self.dir.path().join("config"));
        command.stdin(Stdio::null());
        command.env("TMUX_TMPDIR", self.dir.path()).env("XDG_STATE_HOME", self.dir.path());
        command.env_remove("TMUX").env_remove("TMUX_PANE").envs(self.env.iter().map(|(k, v)| (k, v)));
        command
    }

    /// Runs commands; what they print.
    fn run(&self, args: &[&str]) -> String {
        let out = self.command(&[]).args(args).output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).trim_end().to_owned()
    }

    fn start() -> Self {
        let it = Self::new();
        it.run(&["new-session", "-d", "-x", "80", "-y", "24", "sh"]);
        it
    }

    /// A format's value for a pane.
    fn show(&self, pane: &str, format: &str) -> String {
        self.run(&["display-message", "-p", "-t", pane, format])
    }

    fn number(&self, pane: &str, name: &str) -> u64 {
        self.show(pane, &format!("#{{{name}}}")).parse().unwrap_or(0)
    }

    /// A new window with a shell; its pane.
    fn pane(&self, limit: &str) -> String {
        let pane = self.run(&["new-window", "-d", "-P", "-F", "#{pane_id}", "sh"]);
        self.run(&["set-option", "-p", "-t", &pane, "pane-memory-max", limit]);
        pane
    }

    fn type_line(&self, pane: &str, line: &str) {
        self.run(&["send-keys", "-t", pane, "-l", line, ";", "send-keys", "-t", pane, "Enter"]);
    }

    fn shows(&self, pane: &str, line: &str) -> bool {
        self.run(&["capture-pane", "-p", "-t", pane]).lines().any(|l| l.starts_with(line))
    }

    /// Whether a shell still does what it is told.
    fn answers(&self, pane: &str, word: &str) {
        let began = Instant::now();
        self.type_line(pane, &format!("echo {word}$((1+1))"));
        until("an answer", || self.shows(pane, &format!("{word}2")));
        println!("    pane {pane} answered after {} ms", began.elapsed().as_millis());
    }

    fn lives(&self, pane: &str) -> bool {
        self.run(&["list-panes", "-a", "-F", "#{pane_id}"]).lines().any(|id| id == pane)
    }

    fn end(self) {
        self.run(&["kill-server"]);
    }
}

pub fn all(expected: &str) {
    let it = Mux::start();
    let containment = it.show("%0", "#{containment}");
    println!("program: {containment}");
    assert!(containment.starts_with(expected), "{containment}: {}", it.run(&["show-messages"]));
    let own = it.show("%0", "#{pane_scope}");
    let founder = std::fs::read_to_string("/proc/self/cgroup").unwrap();
    let server = it.run(&["display-message", "-p", "#{pid}"]);
    let servers = std::fs::read_to_string(format!("/proc/{server}/cgroup")).unwrap();
    assert!(expected == "cgroup1" || servers != founder, "the server stays where it was started");
    assert!(!own.is_empty() && !servers.contains(&own));
    hog(&it);
    whole_pane_goes(&it);
    five_hogs(&it);
    plateau(&it);
    fork_bomb(&it);
    daemons(&it);
    charged_from_the_start(&it);
    nothing_is_left(&it, expected);
    if std::env::var_os("SCOPEMUX_HOST_OOM").is_some() {
        host_wide(&it);
    }
    assert_eq!(it.run(&["display-message", "-p", "#{pid}"]), server, "another server");
    it.end();
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() {
        founder_stops();
    }
    if expected == "units" || std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() {
        bad_bus("stopped", None);
        bad_bus("hung", Some(false));
        bad_bus("refusing", Some(true));
    }
    println!("program: all passed");
}

fn hog(it: &Mux) {
    println!("  hog at 64M beside 20 panes");
    let twenty = [";", "new-window", "-d", "-P", "-F", "#{pane_id}", "sh"].repeat(20);
    let others: Vec<String> = it.run(&twenty[1..]).lines().map(str::to_owned).collect();
    let hog = it.pane("64M");
    it.type_line(&hog, "tail /dev/zero; echo ended $?");
    // Some of them: in emulation a client takes a second to start.
    for pane in others.iter().step_by(5) {
        it.answers(pane, "here");
    }
    until("the hog's end", || it.shows(&hog, "ended 137"));
    until("a count", || it.number(&hog, "pane_oom_kills") > 0);
    assert_eq!(it.number(&hog, "pane_oom_kills"), 1);
    assert!(it.run(&["show-messages"]).contains("out of memory (pane-memory-max, 64M)"));
    it.answers(&hog, "shell");
    assert_eq!(it.number("%0", "pane_oom_kills"), 0);
    let ended: Vec<&str> =
        others.iter().chain([&hog]).flat_map(|pane| [";", "kill-pane", "-t", pane.as_str()]).collect();
    it.run(&ended[1..]);
}

fn whole_pane_goes(it: &Mux) {
    println!("  pane-oom-policy pane");
    let pane = it.pane("64M");
    it.run(&["set-option", "-p", "-t", &pane, "pane-oom-policy", "pane"]);
    if it.show(&pane, "#{containment}").starts_with("cgroup1") {
        println!("    not in version 1");
        it.run(&["kill-pane", "-t", &pane]);
        return;
    }
    it.type_line(&pane, "tail /dev/zero; echo ended $?");
    until("the pane's end", || !it.lives(&pane));
    it.answers("%0", "still");
}

fn five_hogs(it: &Mux) {
    println!("  five hogs under panes-memory-max");
    it.run(&["set-option", "-s", "panes-memory-max", "160M"]);
    let hogs: Vec<String> = (0..5).map(|_| it.pane("none")).collect();
    for hog in &hogs {
        it.type_line(hog, "tail /dev/zero; echo ended $?");
    }
    for hog in &hogs {
        until("the end of all hogs", || it.shows(hog, "ended 137"));
    }
    it.answers("%0", "five");
    it.run(&["set-option", "-s", "panes-memory-max", "90%"]);
    for hog in &hogs {
        it.answers(hog, "shell");
        it.run(&["kill-pane", "-t", hog]);
    }
}

fn plateau(it: &Mux) {
    println!("  a hog that stays below its cap");
    let pane = it.pane("64M");
    it.type_line(&pane, "(head -c 45000000 /dev/zero; sleep 1000) | tail -c 60000000 &");
    until("the plateau", || it.number(&pane, "pane_memory") > 44_000_000);
    it.answers(&pane, "beside");
    assert_eq!(it.number(&pane, "pane_oom_kills"), 0);
    it.run(&["set-option", "-g", "pane-kill-scope", "on", ";", "kill-pane", "-t", &pane]);
    until("an empty list", || it.show("%0", "#{left_scopes}").is_empty());
}

fn fork_bomb(it: &Mux) {
    println!("  a fork bomb");
    let pane = it.pane("256M");
    it.run(&["set-option", "-p", "-t", &pane, "pane-pids-max", "40"]);
    it.type_line(&pane, "f() { f | f & }; f");
    until("the limit", || it.number(&pane, "pane_pids") >= 35);
    assert!(it.number(&pane, "pane_pids") <= 40);
    it.answers("%0", "bomb");
    it.run(&["kill-pane", "-t", &pane]);
    until("the end of the bomb", || it.show("%0", "#{left_scopes}").is_empty());
    it.run(&["set-option", "-g", "-u", "pane-kill-scope"]);
}

fn daemons(it: &Mux) {
    println!("  daemons");
    let start = "(setsid sh -c 'trap \"\" HUP TERM; sleep 1000 & wait' >/dev/null 2>&1 &); echo on";
    for kill in [false, true] {
        let pane = it.pane("64M");
        it.type_line(&pane, start);
        until("a daemon", || it.shows(&pane, "on") && it.number(&pane, "pane_pids") >= 3);
        it.run(&["set-option", "-p", "-t", &pane, "pane-kill-scope", if kill { "on" } else { "off" }]);
        let (scope, pid) = (it.show(&pane, "#{pane_scope}"), it.show(&pane, "#{pane_pid}"));
        it.run(&["kill-pane", "-t", &pane]);
        until("the shell's end", || !std::path::Path::new(&format!("/proc/{pid}")).exists());
        if kill {
            until("the daemon's end", || it.show("%0", "#{left_scopes}").is_empty());
            continue;
        }
        let left = it.show("%0", "#{left_scopes}");
        assert!(left.starts_with(&scope), "{left}");
        for pid in left.rsplit(':').next().unwrap().split(',') {
            Command::new("kill").args(["-9", pid]).status().unwrap();
        }
        until("the daemon's end", || it.show("%0", "#{left_scopes}").is_empty());
    }
}

fn charged_from_the_start(it: &Mux) {
    println!("  memory taken at once is the pane's");
    let line = "(head -c 45000000 /dev/zero; sleep 1000) | tail -c 60000000";
    let pane = it.run(&["new-window", "-d", "-P", "-F", "#{pane_id}", line]);
    until("memory", || it.number(&pane, "pane_memory") > 40_000_000);
    it.run(&["kill-pane", "-t", &pane]);
}

fn nothing_is_left(it: &Mux, expected: &str) {
    println!("  200 panes");
    let began = Instant::now();
    for _ in 0..10 {
        let twenty: Vec<&str> = (0..20)
            .flat_map(|n| [if n == 0 { "" } else { ";" }, "new-window", "-d", "true"])
            .skip(1)
            .collect();
        it.run(&twenty);
    }
    until("the end of all", || it.run(&["list-panes", "-a"]).lines().count() == 1);
    println!("    {} ms", began.elapsed().as_millis());
    assert_eq!(it.show("%0", "#{left_scopes}"), "");
    let scope = it.show("%0", "#{pane_scope}");
    if expected == "units" {
        return;
    }
    let dir = PathBuf::from(format!("/sys/fs/cgroup{scope}"));
    let beside = || {
        let entries = std::fs::read_dir(dir.parent().unwrap()).unwrap().flatten();
        entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).count()
    };
    until("nothing but one scope", || beside() == 1);
}

fn host_wide(it: &Mux) {
    println!("  the host runs out of memory, without caps");
    it.run(&[
        "set-option",
        "-s",
        "panes-memory-max",
        "none",
        ";",
        "set-option",
        "-s",
        "memory-backstop",
        "0",
    ]);
    let pane = it.pane("none");
    it.type_line(&pane, "tail /dev/zero; echo ended $?");
    until("the hog's end", || it.shows(&pane, "ended 137"));
    it.answers("%0", "host");
    it.run(&["kill-pane", "-t", &pane]);
}

fn founder_stops() {
    println!("  the scope that the server was started in is stopped");
    let it = Mux::new();
    let before = ["systemd-run", "--user", "--scope", "--unit=founder", "-q"];
    let made = it.command(&before).args(["new-session", "-d", "sh"]).status().unwrap();
    assert!(made.success());
    let server = it.run(&["display-message", "-p", "#{pid}"]);
    Command::new("systemctl").args(["--user", "stop", "founder.scope"]).status().unwrap();
    it.answers("%0", "founder");
    assert_eq!(it.run(&["display-message", "-p", "#{pid}"]), server);
    it.end();
}

/// `hangs_up`: there is no socket, or one that never answers, or one that hangs up.
fn bad_bus(name: &str, hangs_up: Option<bool>) {
    let mut it = Mux::new();
    let path = it.dir.path().join("bus");
    let listener = hangs_up.map(|_| UnixListener::bind(&path).unwrap());
    if hangs_up == Some(true) {
        let copy = listener.as_ref().unwrap().try_clone().unwrap();
        std::thread::spawn(move || copy.incoming().for_each(drop));
    }
    it.env.push(("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", path.display())));
    let began = Instant::now();
    it.run(&["new-session", "-d", "sh"]);
    println!(
        "  bus {name}: a pane after {} ms, {}",
        began.elapsed().as_millis(),
        it.show("%0", "#{containment}")
    );
    let log = it.run(&["show-messages"]);
    assert!(log.contains("not contained") || log.contains("containment:"), "{log}");
    it.answers("%0", "bus");
    it.end();
}
