//! The whole program with runaways in its panes: the cost of each runaway, and its report. All
//! waits are for conditions; times are printed, not asserted.

mod mux;

use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use mux::{Mux, children_of, group_of, lives, parent_of, weight_of};

use super::{LONG, until};

/// Command that eats memory without end, and then prints its status.
const HOG: &str = "tail /dev/zero; echo ended $?";
const ENDED: &str = "ended 137";
/// Command that holds some 22 MB until it is killed.
const PLATEAU: &str = "(head -c 22000000 /dev/zero; sleep 1000) | tail -c 60000000";
const PLATEAU_BYTES: u64 = 21_000_000;

/// Panes for which the start is measured.
const STARTS: usize = 10;

type Case = fn(&mut Mux);

pub(crate) fn all(expected: &str) {
    let begin = Instant::now();
    let mut it = Mux::start();
    it.until_contained();
    println!("program: {} after {} ms", it.show("%0", "#{containment}"), begin.elapsed().as_millis());
    until("a scope", || !it.show("%0", "#{pane_scope}").is_empty());
    let server = it.server();
    let keeper = parent_of(server);
    apart(&mut it, expected, server, keeper);
    let cases: [(&str, Case); 12] = [
        ("what a pane costs to start", start_up),
        ("a hog at 64M beside 20 panes", hog),
        ("a hog without a shell", pane_of_a_hog),
        ("limits that no program fits into", tiny_limits),
        ("weights of processors", weights),
        ("pane-oom-policy pane", whole_pane_goes),
        ("five hogs under panes-memory-max", five_hogs),
        ("hogs that stay between limits", plateau),
        ("a fork bomb", fork_bomb),
        ("daemons", daemons),
        ("memory taken at once is the pane's", charged_from_the_start),
        ("panes come and go", nothing_is_left),
    ];
    for (name, case) in cases {
        run(name, || case(&mut it));
    }
    // True on a machine that only this test uses.
    let machine = std::env::var_os("SCOPEMUX_SCOPES_MACHINE").is_some();
    if machine {
        run("the host runs out of memory, without caps", || host_wide(&mut it));
    }
    assert_eq!(it.server(), server, "another server");
    assert!(Path::new(&format!("/proc/{keeper}")).exists(), "the keeper is gone");
    it.end();
    // On version 2 without systemd, leftovers are removed when another server starts.
    if expected == "cgroup1" || std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() {
        run("a server ends", ended_server);
    }
    run("a server is killed, and another one starts", dead_server);
    if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some() {
        run("the scope that the server was started in is stopped", founder_stops);
        run("the bus is stopped", || bad_bus(None));
        run("the bus hangs", || bad_bus(Some(false)));
        run("the bus refuses", || bad_bus(Some(true)));
        if machine {
            run("systemd hangs while the server runs", || systemd_hangs(expected));
        }
        if machine && expected == "delegated" {
            run("a program starts while systemd moves the server", started_between);
            run("the unit is stopped, restarted and reloaded", service);
        }
        if machine && expected == "units" {
            run("a program ends while systemd moves it", moved_dead);
        }
    }
    println!("program: all passed");
}

/// Runs a case. `SCOPEMUX_SCOPES_ONLY` holds parts of the names of the wanted cases.
fn run(name: &str, case: impl FnOnce()) {
    if std::env::var("SCOPEMUX_SCOPES_ONLY")
        .is_ok_and(|only| !only.split(',').any(|part| name.contains(part)))
    {
        return;
    }
    println!("  {name}");
    let began = Instant::now();
    case();
    println!("    took {} ms", began.elapsed().as_millis());
}

/// Server and keeper are neither in the group they were started in nor in a pane's, and a host out
/// of memory kills panes before them.
fn apart(it: &mut Mux, expected: &str, server: i32, keeper: i32) {
    let scope = it.show("%0", "#{pane_scope}");
    let pane = it.show("%0", "#{pane_pid}");
    let score = |pid: &str| -> i32 {
        std::fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).unwrap().trim().parse().unwrap()
    };
    for pid in [server, keeper] {
        let pid = pid.to_string();
        let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
        assert!(!groups.contains(scope.rsplit('/').next().unwrap()), "{groups} is the pane's");
        let founder = std::fs::read_to_string("/proc/self/cgroup").unwrap();
        // Version 1 allows processes beside groups, so nobody moves there.
        assert!(expected == "cgroup1" || groups != founder, "{groups} is the founder's");
        // The pane's process raises its own score, after the server knows of it.
        until("a pane that is ended first", || score(&pid) < score(&pane));
    }
    if expected != "cgroup1" {
        // systemd may move them into the wrong group late.
        let spared = || attribute(&group_of(&server.to_string()), "user.oomd_omit").as_deref() == Some("1");
        until("a group that systemd-oomd spares", spared);
    }
}

/// Compares starts with those of a server without containment.
fn start_up(it: &mut Mux) {
    let mut none = Mux::new();
    none.configure("set-option -s containment none\n");
    none.begin(&[]);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..STARTS {
        times[0].push(none.start_pane());
        times[1].push(it.start_pane());
    }
    for (mut times, what) in times.into_iter().zip(["without a group", "in a group"]) {
        let mut middle = |by: fn(&(Duration, Duration)) -> Duration| {
            times.sort_by_key(by);
            by(&times[times.len() / 2]).as_secs_f64() * 1e3
        };
        let (turn, word) = (middle(|time| time.0), middle(|time| time.1));
        println!("    {what}: answered after {turn:.1} ms, first word after {word:.1} ms");
    }
    none.end();
}

fn hog(it: &mut Mux) {
    it.run(&["set-hook", "-g", "pane-oom", "set-option -sF @told '#{hook_pane}'"]);
    let others: Vec<String> = it.run(&twenty("sh")).lines().map(str::to_owned).collect();
    // An emulator translates code at its first run; the translation of kernel, systemd, journal and
    // server for a kill must not be measured.
    let before = it.pane("32M");
    it.type_line(&before, HOG);
    it.until_shows(&before, ENDED);
    it.run(&["kill-pane", "-t", &before]);
    let hog = it.pane("64M");
    it.news();
    // Twenty starting shells keep a machine busy too: wait for their prompts.
    for other in &others {
        it.until_begun(other);
        it.echo(other);
    }
    // Meanwhile, measure the echo of every pane.
    let mut times: Vec<Duration> = Vec::new();
    it.type_line(&hog, HOG);
    let mut turns = 0;
    let began = Instant::now();
    while it.number(&hog, "pane_oom_kills") == 0 || turns < others.len() {
        assert!(began.elapsed() < LONG, "nobody tells of the kill: {}", it.run(&["show-messages"]));
        times.push(it.echo(&others[turns % others.len()]));
        turns += 1;
    }
    times.sort();
    println!(
        "    {} echoes of 20 panes meanwhile: median {:.1} ms, worst {:.1} ms",
        times.len(),
        times[times.len() / 2].as_secs_f64() * 1e3,
        times[times.len() - 1].as_secs_f64() * 1e3,
    );
    it.until_shows(&hog, ENDED);
    it.answers(&hog, "shell");
    told(it, &hog);
    for pane in others.iter().chain([&hog]) {
        it.run(&["kill-pane", "-t", pane]);
    }
}

/// A kill is reported exactly once, in each place where people look.
fn told(it: &mut Mux, hog: &str) {
    assert_eq!(it.number(hog, "pane_oom_kills"), 1);
    assert_eq!(it.number("%0", "pane_oom_kills"), 0);
    assert_eq!(it.show(hog, "#{@told}"), hog, "the hook");
    assert_eq!(it.show(hog, "#{window_bell_flag}"), "1");
    // The kill of an earlier pane may be reported late.
    let news = it.news();
    let line = format!("%pane-oom {hog}");
    assert_eq!(news.iter().filter(|told| **told == line).count(), 1, "{news:?}");
    let text = "out of memory (pane-memory-max, 64M), 1 killed";
    until("the message", || it.run(&["show-messages"]).contains(text));
    let file = it.dir.path().join("transcript").display().to_string();
    it.run(&["save-transcript", "-t", hog, &file]);
    until("the transcript", || std::fs::read_to_string(&file).is_ok_and(|saved| saved.contains(text)));
}

/// The kill of its last process ends the pane: it is reported all the same.
fn pane_of_a_hog(it: &mut Mux) {
    it.news();
    it.run(&["set-option", "-g", "pane-memory-max", "16M"]);
    let hog = it.run(&["new-window", "-d", "-P", "-F", "#{pane_id}", "exec tail /dev/zero"]);
    let text = format!("pane {hog}: out of memory (");
    until("the message", || it.run(&["show-messages"]).contains(&text));
    until("the pane's end", || !it.lives(&hog));
    let news = it.news();
    let told = format!("%pane-oom {hog}");
    assert_eq!(news.iter().filter(|line| **line == told).count(), 1, "{news:?}");
    it.run(&["set-option", "-g", "-u", "pane-memory-max"]);
}

/// A program that its limit does not even let begin ends alone, and the limit is named; one that runs
/// already ends, or keeps its old limit where the kernel refuses the new one.
fn tiny_limits(it: &mut Mux) {
    for limit in ["0", "1K"] {
        // The pane has a limit of its own, so that only the one beside it gets that of the window.
        let pane = it.pane("none");
        it.until_begun(&pane);
        it.run(&["set-option", "-w", "-t", &pane, "pane-memory-max", limit]);
        let split = ["split-window", "-d", "-t", &pane, "-P", "-F", "#{pane_id}", "exec sleep 1000"];
        let beside = it.run(&split);
        let text = format!("pane {beside}: out of memory (pane-memory-max, {limit})");
        until("the message", || it.run(&["show-messages"]).contains(&text));
        until("the pane's end", || !it.lives(&beside));
        it.run(&["set-option", "-p", "-t", &pane, "pane-memory-max", limit]);
        let refused = format!("limits of pane {pane}: ");
        until("an end or a refusal", || !it.lives(&pane) || it.run(&["show-messages"]).contains(&refused));
        if it.lives(&pane) {
            it.answers(&pane, "kept");
            it.run(&["kill-pane", "-t", &pane]);
        }
        it.answers("%0", "beside");
    }
}

/// A pane's weight counts beside all others, also those whose programs run already.
fn weights(it: &mut Mux) {
    let begun = |it: &mut Mux| {
        let pane = it.pane("none");
        it.until_begun(&pane);
        pane
    };
    let (light, beside) = (begun(it), begun(it));
    it.run(&["set-option", "-p", "-t", &light, "pane-cpu-weight", "50"]);
    let later = begun(it);
    if it.show("%0", "#{containment}").contains("(no cpu") {
        println!("    no weights here");
    } else {
        for (pane, weight) in [(&light, 50), (&beside, 100), (&later, 100)] {
            let pid = it.show(pane, "#{pane_pid}");
            until("its weight", || weight_of(&pid) == Some(weight));
        }
    }
    for pane in [light, beside, later] {
        it.answers(&pane, "weighed");
        it.run(&["kill-pane", "-t", &pane]);
    }
}

fn whole_pane_goes(it: &mut Mux) {
    let pane = it.pane("64M");
    it.run(&["set-option", "-p", "-t", &pane, "pane-oom-policy", "pane"]);
    it.type_line(&pane, HOG);
    until("the pane's end", || !it.lives(&pane));
    it.answers("%0", "still");
}

fn five_hogs(it: &mut Mux) {
    it.run(&["set-option", "-s", "panes-memory-max", "96M"]);
    let hogs: Vec<String> = (0..5).map(|_| it.pane("none")).collect();
    for hog in &hogs {
        it.type_line(hog, HOG);
    }
    for hog in &hogs {
        it.until_shows(hog, ENDED);
    }
    it.answers("%0", "five");
    it.run(&["set-option", "-s", "panes-memory-max", "90%"]);
    for hog in &hogs {
        it.answers(hog, "shell");
        it.run(&["kill-pane", "-t", hog]);
    }
}

/// Below the pane's limit, above half of the limit of all panes, and two panes just below that:
/// nowhere in between is a program that stops growing throttled.
fn plateau(it: &mut Mux) {
    it.run(&[
        "set-option",
        "-s",
        "panes-memory-max",
        "64M",
        ";",
        "set-option",
        "-g",
        "pane-kill-scope",
        "on",
    ]);
    let panes = [it.pane("32M"), it.pane("none")];
    for pane in &panes {
        it.type_line(pane, &format!("{PLATEAU} &"));
    }
    for pane in &panes {
        until("the plateau", || it.number(pane, "pane_memory") > PLATEAU_BYTES);
    }
    for pane in panes.iter().map(String::as_str).chain(["%0"]) {
        it.answers(pane, "beside");
        assert_eq!(it.number(pane, "pane_oom_kills"), 0);
        let group = group_of(&it.show(pane, "#{pane_pid}"));
        for dir in group.ancestors().take_while(|dir| dir.join("memory.high").exists()) {
            let high = std::fs::read_to_string(dir.join("memory.high")).unwrap();
            assert_eq!(high.trim(), "max", "{}", dir.display());
        }
    }
    it.run(&["set-option", "-s", "panes-memory-max", "90%"]);
    for pane in &panes {
        it.run(&["kill-pane", "-t", pane]);
    }
    until("the end of all", || it.show("%0", "#{left_scopes}").is_empty());
}

fn fork_bomb(it: &mut Mux) {
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

fn daemons(it: &mut Mux) {
    for kill in ["off", "on"] {
        let pane = it.pane("64M");
        let up = it.dir.path().join(kill);
        // A process that it starts later would not be among those killed below.
        let daemon = format!("trap \"\" HUP TERM; sleep 1000 & echo >{}; wait", up.display());
        it.type_line(&pane, &format!("(setsid sh -c '{daemon}' >/dev/null 2>&1 &)"));
        until("a daemon", || up.exists());
        it.run(&["set-option", "-p", "-t", &pane, "pane-kill-scope", kill]);
        let (scope, shell) = (it.show(&pane, "#{pane_scope}"), it.show(&pane, "#{pane_pid}"));
        it.run(&["kill-pane", "-t", &pane]);
        until("the shell's end", || !lives(&shell));
        if kill == "off" {
            // They stay alive, are listed, and stay under the limits.
            let left = it.show("%0", "#{left_scopes}");
            assert!(left.starts_with(&scope), "{left}");
            let pids: Vec<&str> = left.rsplit(':').next().unwrap().split(',').collect();
            let name = scope.rsplit('/').next().unwrap();
            let stays = |pid: &&str| {
                let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
                groups.contains(name)
            };
            // What was ending when the list was made is in no group for a moment, and then no more.
            until("processes in their group", || pids.iter().all(|pid| stays(pid) || !lives(pid)));
            let stay: Vec<&&str> = pids.iter().filter(|pid| stays(pid)).collect();
            assert!(stay.len() >= 2, "the daemon and its child: {left}");
            for pid in stay {
                let max = group_of(pid).join("memory.max");
                assert!(!max.exists() || std::fs::read_to_string(max).unwrap() == "67108864\n");
            }
            // The end of one may end another.
            Command::new("kill").arg("-9").args(pids).status().unwrap();
        }
        until("the daemon's end", || it.show("%0", "#{left_scopes}").is_empty());
    }
}

fn charged_from_the_start(it: &mut Mux) {
    let pane = it.run(&["new-window", "-d", "-P", "-F", "#{pane_id}", PLATEAU]);
    until("memory", || it.number(&pane, "pane_memory") > PLATEAU_BYTES);
    it.run(&["kill-pane", "-t", &pane]);
}

fn nothing_is_left(it: &mut Mux) {
    let keeper = parent_of(it.server());
    until("the end of what ran before", || it.show("%0", "#{left_scopes}").is_empty());
    // 200 panes.
    for _ in 0..10 {
        it.run(&twenty("exec true"));
        until("the end of twenty", || it.run(&["list-panes", "-a"]).lines().count() == 1);
    }
    // Close some panes before their programs have begun.
    it.run(&[";", "new-window", "-d", "exec sleep 1000", ";", "kill-window", "-t", "{end}"].repeat(20)[1..]);
    until("the end of all", || it.run(&["list-panes", "-a"]).lines().count() == 1);
    until("an empty list", || it.show("%0", "#{left_scopes}").is_empty());
    // The remaining children are the server and the shell.
    until("no process", || children_of(keeper) == 2);
    let scope = it.show("%0", "#{pane_scope}");
    let beside = if scope.starts_with('/') {
        PathBuf::from(format!("/sys/fs/cgroup{scope}"))
    } else {
        group_of(&it.show("%0", "#{pane_pid}"))
    };
    let groups = || {
        let entries = std::fs::read_dir(beside.parent().unwrap()).unwrap().flatten();
        entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())).count()
    };
    until("nothing but one scope", || groups() == 1);
    if scope.ends_with(".scope") {
        until("no unit but one", || {
            let list = ["--user", "list-units", "--all", "--plain", "--no-legend", "app-scopemux-t*-pane-*"];
            let out = Command::new("systemctl").args(list).output().unwrap();
            String::from_utf8_lossy(&out.stdout).lines().count() == 1
        });
    }
}

/// Arguments for twenty new windows.
fn twenty(command: &str) -> Vec<&str> {
    [";", "new-window", "-d", "-P", "-F", "#{pane_id}", command].repeat(20).split_off(1)
}

fn host_wide(it: &mut Mux) {
    let none = ["set-option", "-s", "panes-memory-max", "none"];
    it.run(&[&none[..], &[";", "set-option", "-s", "memory-backstop", "0"]].concat());
    let pane = it.pane("none");
    it.type_line(&pane, HOG);
    it.until_shows(&pane, ENDED);
    it.answers("%0", "host");
    it.run(&["kill-pane", "-t", &pane]);
}

/// The groups of a server that ended are removed by its keeper, or by systemd.
fn ended_server() {
    let mut it = Mux::start();
    it.until_contained();
    it.run(&twenty("sh"));
    let top = top_group(&mut it);
    it.end();
    until("the end of its groups", || groups_named(Path::new("/sys/fs/cgroup"), &top) == 0);
}

/// Name of the group that holds all of a server's groups, or of a pane's unit.
fn top_group(it: &mut Mux) -> String {
    let mut top = String::new();
    until("a group", || {
        let scope = it.show("%0", "#{pane_scope}");
        top = scope.split('/').find(|part| part.contains("scopemux-")).unwrap_or_default().to_owned();
        !top.is_empty() && groups_named(Path::new("/sys/fs/cgroup"), &top) != 0
    });
    top
}

/// Kills a server with its keeper and panes. Leftovers of its groups are removed when any server
/// starts below the same group; systemd removes its units by itself.
fn dead_server() {
    let mut dead = Mux::start();
    dead.until_contained();
    let (server, pane) = (dead.server(), dead.show("%0", "#{pane_pid}"));
    let top = top_group(&mut dead);
    let groups = || groups_named(Path::new("/sys/fs/cgroup"), &top);
    let keeper = parent_of(server);
    // Whichever is left for a moment would start the other again: the server is stopped before.
    signal(server, Signal::SIGSTOP);
    signal(keeper, Signal::SIGKILL);
    signal(server, Signal::SIGKILL);
    until("the end of all", || !lives(&server.to_string()) && !lives(&pane));
    drop(dead);
    // The programs in its pane may end a moment after the server.
    until("the end of its groups", || {
        Mux::start().end();
        groups() == 0
    });
}

/// Number of directories below `dir` that are named `name`.
fn groups_named(dir: &Path, name: &str) -> usize {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let dirs = entries.filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir()));
    dirs.map(|dir| usize::from(dir.file_name() == *name) + groups_named(&dir.path(), name)).sum()
}

fn founder_stops() {
    let mut it = Mux::new();
    // A process stays in it, or it would end with the client.
    let stays = "sleep 1000 >/dev/null 2>&1 & exec \"$@\"";
    it.begin(&["systemd-run", "--user", "--scope", "--unit=founder", "-q", "sh", "-c", stays, "sh"]);
    let server = it.server();
    it.until_contained();
    assert!(Command::new("systemctl").args(["--user", "stop", "founder.scope"]).status().unwrap().success());
    it.answers("%0", "founder");
    assert_eq!(it.server(), server);
    it.end();
}

/// The unit of `conf/systemd` in a user's manager: stop, restart, reload and kill end no program of
/// a pane, and the unit ends with the server.
fn service() {
    const NAME: &str = "scopemux@unit";
    let program = Mux::new().program.clone();
    let directory = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR").expect("a login")).join("systemd/user");
    let unit = include_str!("../../conf/systemd/scopemux@.service");
    let unit = unit.replace("%h/.local/bin/scopemux", program.to_str().unwrap());
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("scopemux@.service"), unit).unwrap();
    let systemctl = |words: &[&str]| {
        let out = Command::new("systemctl").arg("--user").args(words).output().unwrap();
        assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let state = || systemctl(&["show", "--property=ActiveState", NAME]);
    let ask = |words: &[&str]| {
        let mut command = Command::new(&program);
        command.args(["-N", "-L", "unit"]).args(words).env_remove("TMUX").env_remove("TMUX_TMPDIR");
        let out = command.output().unwrap();
        assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    };
    systemctl(&["daemon-reload"]);
    systemctl(&["start", NAME]);
    for name in ["one", "two"] {
        ask(&["new-session", "-d", "-s", name, "exec sleep 1000"]);
    }
    // The user does not linger, so the first client shows a message once.
    let attach = format!("{} -N -L unit attach-session -t one", program.display());
    let mut client = Command::new("script");
    client
        .args(["-qec", &attach, "/dev/null"])
        .env("TERM", "xterm")
        .env_remove("TMUX")
        .env_remove("TMUX_TMPDIR");
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    until("the advice about a logout", || ask(&["show-messages"]).contains("a logout ends this server"));
    ask(&["detach-client", "-s", "one"]);
    client.wait().unwrap();
    let programs = || ask(&["list-panes", "-a", "-F", "#{session_name} #{pane_id} #{pane_pid} #{pane_dead}"]);
    let server = || ask(&["display-message", "-p", "#{pid}"]);
    let (before, first) = (programs(), server());
    for words in [&["restart", NAME][..], &["stop", NAME], &["start", NAME]] {
        systemctl(words);
        assert_eq!((programs(), server()), (before.clone(), first.clone()), "after {words:?}");
    }
    systemctl(&["reload", NAME]);
    assert_eq!(programs(), before, "after reload");
    let second = server();
    assert_ne!(second, first, "reload upgrades the server");
    signal(second.parse().unwrap(), Signal::SIGKILL);
    until("the unit beside the next server", || {
        let waits = systemctl(&["show", "--property=NRestarts", NAME]).trim() == "NRestarts=1";
        waits && state().trim() == "ActiveState=active"
    });
    assert_eq!(programs(), before, "after a kill");
    ask(&["kill-server"]);
    until("the end of the unit", || state().trim() == "ActiveState=inactive");
    std::fs::remove_file(directory.join("scopemux@.service")).unwrap();
}

/// `hangs_up`: `None`: there is no socket; `Some(false)`: it never answers; `Some(true)`: it hangs
/// up.
fn bad_bus(hangs_up: Option<bool>) {
    let mut it = Mux::new();
    let path = it.dir.path().join("bus");
    let listener = hangs_up.map(|_| UnixListener::bind(&path).unwrap());
    if hangs_up == Some(true) {
        let copy = listener.as_ref().unwrap().try_clone().unwrap();
        std::thread::spawn(move || copy.incoming().for_each(drop));
    }
    it.env.push(("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", path.display())));
    let began = Instant::now();
    it.begin(&[]);
    println!("    a pane after {} ms, {}", began.elapsed().as_millis(), it.show("%0", "#{containment}"));
    let log = it.run(&["show-messages"]);
    assert!(log.contains("not contained") || log.contains("containment:"), "{log}");
    it.answers("%0", "bus");
    it.end();
}

/// Panes start all the same, and get their scopes when systemd is back.
fn systemd_hangs(expected: &str) {
    let mut it = Mux::start();
    it.until_contained();
    let manager = ["--user", "show", "--property=Id", "basic.target"];
    let systemd = user_manager();
    signal(systemd, Signal::SIGSTOP);
    let began = Instant::now();
    let pane = it.pane("64M");
    it.answers(&pane, "alone");
    println!("    a pane after {} ms: {}", began.elapsed().as_millis(), it.show(&pane, "#{pane_scope}"));
    assert!(it.show(&pane, "#{pane_scope}").starts_with('/'), "it has a group of our own making");
    if expected == "units" {
        let log = it.run(&["show-messages"]);
        assert!(log.contains("until systemd answers, panes get groups in"), "{log}");
    }
    it.type_line(&pane, HOG);
    it.until_shows(&pane, ENDED);
    signal(systemd, Signal::SIGCONT);
    assert!(Command::new("systemctl").args(manager).output().unwrap().status.success());
    if expected == "units" {
        until("a unit", || {
            let pane = it.pane("64M");
            it.answers(&pane, "again");
            it.show(&pane, "#{pane_scope}").ends_with(".scope")
        });
    }
    it.end();
}

/// A pane whose program the keeper has started in the server's new scope before the server has
/// divided the scope.
fn started_between() {
    let systemd = user_manager();
    signal(systemd, Signal::SIGSTOP);
    let mut it = Mux::start();
    let (server, pid) = (it.server(), it.show("%0", "#{pane_pid}"));
    println!("    {}", it.show("%0", "#{containment}"));
    signal(server, Signal::SIGSTOP);
    signal(systemd, Signal::SIGCONT);
    let ours = |pid: i32| {
        let group = group_of(&pid.to_string());
        let mut names = group.iter().map(|name| name.to_string_lossy().into_owned());
        names.rfind(|name| name.starts_with("app-scopemux-") && name.ends_with(".scope"))
    };
    until("a scope", || ours(server).is_some() && ours(parent_of(server)) == ours(server));
    let unit = ours(server).unwrap();
    let manager =
        ["org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"];
    let attach = ["AttachProcessesToUnit", "ssau", &unit, "/", "1", &pid];
    let mut busctl = Command::new("busctl");
    assert!(busctl.args(["--user", "call"]).args(manager).args(attach).status().unwrap().success());
    assert_eq!(ours(pid.parse().unwrap()), Some(unit));
    signal(server, Signal::SIGCONT);
    it.until_contained();
    let now = it.show("%0", "#{containment}");
    assert!(!now.contains("memory"), "{now}");
    until("a group of the pane's own", || group_of(&pid).ends_with("panes/pane-0"));
    it.answers("%0", "between");
    it.end();
}

/// systemd counts zombies as moved, and would keep their scope forever.
fn moved_dead() {
    let mut it = Mux::start();
    it.until_contained();
    let (systemd, keeper) = (user_manager(), parent_of(it.server()));
    signal(systemd, Signal::SIGSTOP);
    let shown = it.run(&["new-window", "-d", "-P", "-F", "#{pane_scope} #{pane_pid}", "exec sleep 1000"]);
    let (unit, pid) = shown.split_once(' ').unwrap();
    signal(keeper, Signal::SIGSTOP);
    signal(pid.parse().unwrap(), Signal::SIGKILL);
    signal(systemd, Signal::SIGCONT);
    let groups = || groups_named(Path::new("/sys/fs/cgroup"), unit);
    let active = ["--user", "is-active", "--quiet", unit];
    until("a unit", || Command::new("systemctl").args(active).status().unwrap().success());
    assert_eq!(groups(), 1);
    signal(keeper, Signal::SIGCONT);
    until("the end of the unit", || groups() == 0);
    it.end();
}

/// The process id of the user's systemd.
fn user_manager() -> i32 {
    let unit = format!("user@{}.service", nix::unistd::getuid());
    let asked = Command::new("systemctl").args(["show", "--property=MainPID", "--value", &unit]).output();
    String::from_utf8_lossy(&asked.unwrap().stdout).trim().parse().unwrap()
}

fn signal(pid: i32, signal: Signal) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).unwrap();
}

/// An extended attribute of a file.
fn attribute(path: &Path, name: &str) -> Option<String> {
    let text = |s: &std::ffi::OsStr| std::ffi::CString::new(s.as_encoded_bytes()).unwrap();
    let mut value = [0u8; 64];
    let (path, name) = (text(path.as_os_str()), text(name.as_ref()));
    // SAFETY: both strings end with NUL, and the buffer has the given length.
    let length =
        unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    usize::try_from(length).ok().map(|length| String::from_utf8_lossy(&value[..length]).into_owned())
}
