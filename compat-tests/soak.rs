//! Mixed load on one server for a given time: panes are opened, split, resized, flooded, respawned,
//! copied from and searched, clients attach, stop reading and are killed, the server is killed and
//! upgraded, all at random; the invariants are checked all the time.
//!
//! `cargo test` runs it for a few seconds. `SCOPEMUX_SOAK_SECONDS=3600 cargo test --test soak` runs
//! it for an hour; SCOPEMUX_SOAK_SEED seeds the choices (their timing depends on the machine), and
//! SCOPEMUX_PROGRAM names another build of the program.
//! Memory, descriptors, threads, groups and disk are printed meanwhile. After a warm-up and at the
//! end everything is closed: server and keeper must then hold no more than after the warm-up. The
//! first violation ends the run and prints the last commands before it.

#[allow(dead_code, reason = "other targets use more of it")]
#[path = "../fuzz/input.rs"]
mod input;
#[allow(dead_code, reason = "other targets use more of it")]
mod screen;
#[allow(dead_code, reason = "other targets use more of it")]
mod server;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use input::Rng;
use server::Server;

/// Length of a run by default, in seconds.
const SHORT: u64 = 5;
/// Time after which a command counts as hanging, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// Most panes and clients.
const MAX_PANES: usize = 24;
const MAX_CLIENTS: usize = 5;
/// Operations between two checks.
const LOOK_EVERY: u64 = 25;
/// Limit for the server's memory at the end, in KiB.
const MAX_RSS: u64 = 256 << 10;
/// Growth of server and keeper allowed between the warm-up and the end, each time with the same
/// panes and no client: memory in KiB beside a quarter of the amount then, and descriptors.
const MORE_RSS: u64 = 24 << 10;
const MORE_DESCRIPTORS: usize = 8;
const MORE_THREADS: usize = 2;
/// The warm-up takes 1/`WARM_UP` of a run.
const WARM_UP: u64 = 6;

/// The program that is tested: the one `SCOPEMUX_PROGRAM` names, or the one built with this test.
fn program() -> PathBuf {
    std::env::var_os("SCOPEMUX_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_scopemux").into(), PathBuf::from)
}

/// Programs of new panes.
const PROGRAMS: &[&str] = &[
    "exec cat",
    "exec sleep 1000",
    "exec sh",
    "seq 50000; exec cat",
    "exit 3",
    "while :; do seq 200; sleep 0.2; done",
    "yes 'a line of a flood that goes on and on'",
    "while :; do printf '\\033[31mred\\033[m \\033[2J wide: \\346\\227\\245\\346\\234\\254 \\033]2;title\\007'; sleep 0.05; done",
    "printf '\\033[?1049h\\033[Hfull screen'; exec cat",
];
const COPY: &[&[&str]] = &[
    &["history-top"],
    &["history-bottom"],
    &["page-up"],
    &["halfpage-down"],
    &["search-backward", "1"],
    &["search-forward", "line"],
    &["begin-selection"],
    &["copy-selection"],
    &["next-word"],
    &["previous-paragraph"],
    &["search-again"],
    &["rectangle-toggle"],
    &["refresh-from-pane"],
    &["cancel"],
];
/// No key opens a prompt: while one is open in copy mode, `send-keys` waits, as in tmux.
const KEYS: &[&str] = &["ls", "echo hello", "q", "C-c", "Enter", "Escape", "x", "seq 300"];
const TYPED: &[&str] =
    &["\x02c", "\x02z", "\x02o", "\x02 ", "\x02[", "q", "abc\r", "\x02w", "q", "\x02q", "\x1b[A", "\x02n"];
const OPTIONS: &[&[&str]] = &[
    &["set-option", "-g", "status", "off"],
    &["set-option", "-g", "status", "2"],
    &["set-option", "-g", "status", "on"],
    &["set-option", "-g", "pane-border-status", "top"],
    &["set-option", "-g", "pane-border-status", "off"],
    &["set-option", "-g", "mode-keys", "vi"],
    &["set-option", "-g", "mode-keys", "emacs"],
    &["set-option", "-g", "window-size", "smallest"],
    &["set-option", "-g", "window-size", "latest"],
    &["set-option", "-g", "pane-scrollbars", "on"],
    &["set-option", "-g", "pane-scrollbars", "off"],
    &["set-option", "-g", "mouse", "on"],
    &["set-option", "-g", "@user", "value"],
    &["bind-key", "-n", "F5", "display-message", "x"],
    &["set-buffer", "text of a buffer"],
    &["delete-buffer"],
    &["run-shell", "-b", "echo x"],
    &["wait-for", "-S", "channel"],
    &["resize-window", "-A"],
];

/// A client on a terminal of its own.
struct Client {
    child: Child,
    terminal: fs::File,
    /// True if nobody reads its output.
    stalled: bool,
}

impl Client {
    fn attach(server: &Server, size: (u16, u16)) -> Self {
        let size = nix::pty::Winsize { ws_row: size.1, ws_col: size.0, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = nix::pty::openpty(Some(&size), None).expect("a terminal");
        let args = ["-L", "t", "-f", "/dev/null", "attach-session"].map(str::to_owned);
        let mut command = server.command(&args);
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().expect("a descriptor"));
        command.stdin(end(&pty.slave)).stdout(end(&pty.slave)).stderr(end(&pty.slave));
        let slave = pty.slave.as_raw_fd();
        // SAFETY: both calls are allowed between fork and exec.
        unsafe {
            command.pre_exec(move || {
                nix::unistd::setsid()?;
                if libc::ioctl(slave, libc::TIOCSCTTY, 0) != 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().expect("the program runs");
        let flags = nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK);
        nix::fcntl::fcntl(pty.master.as_fd(), flags).expect("our terminal");
        Self { child, terminal: pty.master.into(), stalled: false }
    }

    fn drain(&mut self) {
        let mut bytes = [0; 65536];
        for _ in 0..8 {
            if self.stalled || !matches!(self.terminal.read(&mut bytes), Ok(1..)) {
                return;
            }
        }
    }

    fn is_over(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Resources of a process.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    rss: u64,
    descriptors: usize,
    threads: usize,
}

impl Held {
    fn of(pid: &str) -> Self {
        let count = |dir: &str| fs::read_dir(format!("/proc/{pid}/{dir}")).map_or(0, Iterator::count);
        let rss = status_field(pid, "VmRSS:").trim_end_matches(" kB").parse().unwrap_or(0);
        Self { rss, descriptors: count("fd"), threads: count("task") }
    }

    /// Reports whether this is about as much as `before`.
    fn fits(self, before: Self) -> bool {
        self.rss <= before.rss + before.rss / 4 + MORE_RSS
            && self.descriptors <= before.descriptors + MORE_DESCRIPTORS
            && self.threads <= before.threads + MORE_THREADS
    }
}

/// Value of a line in a process's status file.
fn status_field(pid: &str, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
}

/// Resources of a server with two panes and no client: its own process, its keeper's, and groups.
#[derive(Clone, Copy, Debug)]
struct Rest {
    server: Held,
    keeper: Held,
    groups: usize,
}

impl Rest {
    fn fits(self, before: Self) -> bool {
        self.server.fits(before.server) && self.keeper.fits(before.keeper) && self.groups <= before.groups
    }
}

struct Soak {
    server: Server,
    rng: Rng,
    clients: Vec<Client>,
    /// The last commands, for failure reports.
    last: VecDeque<String>,
    operations: u64,
    kills: u64,
    upgrades: u64,
    /// Upgrades that the old server refused because the new one was too slow.
    refused: u64,
    can_upgrade: bool,
    pid: String,
}

impl Soak {
    fn begin(seed: u64) -> Self {
        let server = Server::new(&program());
        // Keys typed by clients must not appear among the numbers.
        let count = "stty -echo; n=0; while :; do n=$((n + 1)); echo count $n; sleep 0.02; done";
        let mut soak = Self {
            server,
            rng: Rng::new(seed),
            clients: Vec::new(),
            last: VecDeque::new(),
            operations: 0,
            kills: 0,
            upgrades: 0,
            refused: 0,
            can_upgrade: false,
            pid: String::new(),
        };
        soak.ask(&["new-session", "-d", "-s", "keep", "-x", "90", "-y", "30", count]);
        soak.ask(&[
            "set-option",
            "-g",
            "history-limit",
            "8M",
            ";",
            "set-option",
            "-g",
            "status-interval",
            "1",
        ]);
        soak.ask(&["set-option", "-g", "status-right", "#(echo hi) #{pane_title}"]);
        soak.ask(&["new-session", "-d", "-s", "other", "-x", "80", "-y", "24", "exec cat"]);
        soak.can_upgrade = soak.try_ask(&["list-commands", "upgrade-server"]).0 == Some(0);
        soak.pid = soak.ask(&["display-message", "-p", "#{pid}"]);
        soak
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let last: Vec<&str> = self.last.iter().map(String::as_str).collect();
        panic!("{what}\nafter {} operations, {} kills:\n{}", self.operations, self.kills, last.join("\n"));
    }

    /// Runs a command, which may fail but not hang; returns its status and output.
    #[track_caller]
    fn try_ask(&mut self, args: &[&str]) -> (Option<i32>, String) {
        self.last.push_back(args.join(" "));
        if self.last.len() > 25 {
            self.last.pop_front();
        }
        let all: Vec<String> =
            ["-L", "t", "-f", "/dev/null"].iter().chain(args).map(|a| (*a).to_owned()).collect();
        let mut command: Command = self.server.command(&all);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program runs");
        let mut out = child.stdout.take().expect("a pipe");
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            out.read_to_end(&mut bytes).ok();
            bytes
        });
        let since = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("our child") {
                break status;
            }
            if since.elapsed() > PATIENCE {
                child.kill().ok();
                self.fail(&format!("no answer to {args:?}"));
            }
            self.clients.iter_mut().for_each(Client::drain);
            std::thread::sleep(Duration::from_millis(1));
        };
        let out = reader.join().expect("a reader");
        (status.code(), String::from_utf8_lossy(&out).into_owned())
    }

    #[track_caller]
    fn ask(&mut self, args: &[&str]) -> String {
        let (status, out) = self.try_ask(args);
        if status != Some(0) {
            self.fail(&format!("{args:?} ends with {status:?}"));
        }
        out
    }

    fn ids(&mut self, list: &str, format: &str) -> Vec<String> {
        self.ask(&[list, "-a", "-F", format]).lines().map(str::to_owned).collect()
    }

    /// A random pane, except the counting one.
    fn pane(&mut self) -> String {
        let panes = self.ids("list-panes", "#{pane_id}");
        let at = self.rng.below(panes.len());
        if panes[at] == "%0" { "%1".to_owned() } else { panes[at].clone() }
    }

    fn number(&mut self, from: usize, to: usize) -> String {
        (from + self.rng.below(to - from)).to_string()
    }

    fn operate(&mut self) {
        self.operations += 1;
        let pane = self.pane();
        let many = self.ids("list-panes", "#{pane_id}").len() >= MAX_PANES;
        let program = self.rng.pick(PROGRAMS);
        let t = pane.as_str();
        let number = self.number(1, 40);
        match self.rng.below(26) {
            0..=3 if !many => drop(self.try_ask(&["split-window", "-d", "-t", t, program])),
            4 if !many => drop(self.try_ask(&["split-window", "-d", "-h", "-f", "-t", t, program])),
            5 | 6 if !many => drop(self.try_ask(&["new-window", "-d", "-t", "keep:", program])),
            0..=6 => drop(self.try_ask(&["kill-pane", "-t", t])),
            7 if pane != "%1" => drop(self.try_ask(&["kill-pane", "-t", t])),
            8 => {
                let way = self.rng.pick(&["-U", "-D", "-L", "-R"]);
                self.try_ask(&["resize-pane", "-t", t, way, &number]);
            }
            9 => drop(self.try_ask(&["resize-pane", "-Z", "-t", t])),
            10 => {
                let size = (self.number(20, 200), self.number(8, 60));
                self.try_ask(&["resize-window", "-t", t, "-x", &size.0, "-y", &size.1]);
            }
            11 => {
                let layout = self.rng.pick(&["tiled", "even-vertical", "even-horizontal", "main-vertical"]);
                self.try_ask(&["select-layout", "-t", t, layout]);
            }
            12 => {
                let other = self.pane();
                let how = self.rng.pick(&["swap-pane", "join-pane", "move-pane"]);
                self.try_ask(&[how, "-d", "-s", t, "-t", &other]);
            }
            13 => drop(self.try_ask(&["break-pane", "-d", "-s", t, "-t", "keep:"])),
            14 => {
                // In vi's copy mode a digit asks for a number: `send-keys` would wait for the answer of a
                // client, as in tmux.
                self.try_ask(&["copy-mode", "-q", "-t", t]);
                let keys = self.rng.pick(KEYS);
                self.try_ask(&["send-keys", "-t", t, keys, "Enter"]);
            }
            15 | 16 => self.copy(t),
            17 => drop(self.try_ask(&["search-transcripts", "-l", "hello"])),
            18 => drop(self.try_ask(&["capture-pane", "-p", "-J", "-S", "-", "-t", t])),
            19 if pane != "%1" => drop(self.try_ask(&["respawn-pane", "-k", "-t", t, program])),
            20 => {
                let option = self.rng.pick(OPTIONS);
                self.try_ask(option);
            }
            21 => drop(self.try_ask(&["pipe-pane", "-o", "-t", t, "cat >/dev/null"])),
            22 => drop(self.try_ask(&["clear-history", "-t", t])),
            23 | 24 => self.use_client(),
            _ => drop(self.try_ask(&["list-windows", "-a"])),
        }
    }

    fn copy(&mut self, pane: &str) {
        self.try_ask(&["copy-mode", "-t", pane]);
        for _ in 0..1 + self.rng.below(5) {
            let command = self.rng.pick(COPY);
            self.try_ask(&[&["send-keys", "-t", pane, "-X"], command].concat());
        }
        if self.rng.below(3) > 0 {
            self.try_ask(&["send-keys", "-t", pane, "-X", "cancel"]);
        }
    }

    /// Uses a client: it attaches, types, stops reading, reads again, or ends in some way.
    fn use_client(&mut self) {
        self.clients.retain_mut(|client| !client.is_over());
        let at = self.rng.below(self.clients.len().max(1));
        match self.rng.below(8) {
            0..=2 if self.clients.len() < MAX_CLIENTS => {
                let size = (20 + self.rng.below(150) as u16, 5 + self.rng.below(50) as u16);
                self.last.push_back(format!("a client of {size:?}"));
                self.clients.push(Client::attach(&self.server, size));
            }
            3 if !self.clients.is_empty() => drop(self.clients.swap_remove(at)),
            4 => drop(self.try_ask(&["detach-client", "-a"])),
            5 => {
                if let Some(client) = self.clients.get_mut(at) {
                    client.stalled = !client.stalled;
                }
            }
            _ => {
                let typed = self.rng.pick(TYPED);
                if let Some(client) = self.clients.get_mut(at) {
                    client.terminal.write_all(typed.as_bytes()).ok();
                }
            }
        }
    }

    /// Kills the server: the next one must have every pane whose program is alive.
    fn kill(&mut self) {
        let format = "#{pane_id} #{pane_pid}";
        let before = self.ids("list-panes", format);
        self.last.push_back("kill -9 of the server".to_owned());
        let pid = self.pid.trim().parse().expect("a process");
        kill(Pid::from_raw(pid), Signal::SIGKILL).expect("our server");
        self.kills += 1;
        self.await_another();
        let after: BTreeSet<String> = self.ids("list-panes", format).into_iter().collect();
        for pane in before.iter().filter(|pane| !after.contains(*pane)) {
            let pid = pane.rsplit(' ').next().expect("a process");
            if is_alive(pid) {
                self.fail(&format!("pane {pane} is lost, its program lives"));
            }
        }
    }

    fn upgrade(&mut self) {
        let before: BTreeSet<String> = self.ids("list-panes", "#{pane_id} #{pane_pid}").into_iter().collect();
        self.last.push_back("upgrade-server".to_owned());
        let words = ["-L", "t", "-f", "/dev/null", "upgrade-server"].map(str::to_owned);
        let done = self.server.command(&words).stdin(Stdio::null()).output().expect("the program runs");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        // A busy machine may not start a server in time: the old one then stays, with all panes.
        let slow =
            ["it gave no sign of life for", "it did not start within"].iter().any(|why| said.contains(why));
        if slow && self.refused <= self.upgrades / 4 {
            self.refused += 1;
        } else if done.status.success() {
            self.upgrades += 1;
            self.await_another();
        } else {
            self.fail(&format!("upgrade-server: {:?} {said}", done.status));
        }
        let after: BTreeSet<String> = self.ids("list-panes", "#{pane_id} #{pane_pid}").into_iter().collect();
        let lost =
            before.difference(&after).find(|pane| is_alive(pane.rsplit(' ').next().unwrap_or_default()));
        if let Some(pane) = lost {
            self.fail(&format!("pane {pane} is lost, its program lives"));
        }
    }

    fn await_another(&mut self) {
        let since = Instant::now();
        loop {
            let (_, pid) = self.try_ask(&["display-message", "-p", "#{pid}"]);
            if !pid.trim().is_empty() && pid != self.pid {
                self.pid = pid;
                return;
            }
            if since.elapsed() > PATIENCE {
                self.fail("no server comes after the one that was killed");
            }
        }
    }

    /// Checks the invariants.
    fn look(&mut self) {
        let pid = self.ask(&["display-message", "-p", "#{pid}"]);
        if pid != self.pid {
            let messages = self.ask(&["show-messages", "-H"]);
            self.fail(&format!("the server died by itself:\n{messages}"));
        }
        let format = "#{session_name}:#{window_id} #{pane_id} #{pane_left} #{pane_top} #{pane_width} \
                      #{pane_height} #{window_width} #{window_height} #{pane_active} #{window_zoomed_flag} \
                      #{window_layout}";
        let mut windows: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
        for line in self.ids("list-panes", format) {
            let fields: Vec<String> = line.split(' ').map(str::to_owned).collect();
            windows.entry(fields[0].clone()).or_default().push(fields);
        }
        for (window, panes) in windows {
            let listed: BTreeSet<String> = panes.iter().map(|pane| pane[1].replace('%', "")).collect();
            let laid_out: BTreeSet<String> = leaves(&panes[0][10]);
            if listed != laid_out {
                self.fail(&format!("{window} has panes {listed:?} and a layout of {laid_out:?}"));
            }
            if panes.iter().filter(|pane| pane[8] == "1").count() != 1 {
                self.fail(&format!("{window} has not one active pane"));
            }
            // A window that is too small for its panes is smaller than its layout.
            let root = panes[0][10].split(',').nth(1).and_then(|size| size.split_once('x'));
            let (cols, rows) = root.map_or((0, 0), |(x, y)| (x.parse().unwrap_or(0), y.parse().unwrap_or(0)));
            for pane in panes.iter().filter(|pane| pane[9] == "0") {
                let field = |at: usize| pane[at].parse::<u32>().unwrap_or(u32::MAX / 4);
                let (right, bottom) = (field(2) + field(4), field(3) + field(5));
                if right > field(6).max(cols) || bottom > field(7).max(rows) {
                    self.fail(&format!("a pane lies outside its window: {pane:?}"));
                }
            }
        }
        let messages = self.ask(&["show-messages"]);
        if let Some(line) = messages.lines().find(|line| line.contains("panicked")) {
            self.fail(line);
        }
    }

    /// Prints the server's resources; returns its memory.
    fn report(&mut self, since: Instant) -> u64 {
        let panes = self.ids("list-panes", "#{pane_id}").len();
        let Held { rss, descriptors, threads } = Held::of(self.pid.trim());
        let groups = self.groups();
        println!(
            "soak: {:4} s, {} operations, {} kills, {} upgrades, {panes} panes, {} clients: {rss} KiB, {descriptors} \
             descriptors, {threads} threads, {groups} groups, {} KiB on disk",
            since.elapsed().as_secs(),
            self.operations,
            self.kills,
            self.upgrades,
            self.clients.len(),
            disk(&self.server.home()) / 1024,
        );
        rss
    }

    fn groups(&mut self) -> usize {
        let scope = self.ask(&["display-message", "-p", "-t", "%0", "#{pane_scope}"]);
        scope.trim().rsplit_once('/').map_or(0, |(parent, _)| groups(Path::new(parent)))
    }

    fn rest(&mut self) -> Rest {
        let server = self.pid.trim().to_owned();
        let keeper = status_field(&server, "PPid:");
        Rest { server: Held::of(&server), keeper: Held::of(&keeper), groups: self.groups() }
    }

    /// Closes everything but the first two panes.
    fn empty(&mut self) {
        self.clients.clear();
        self.look();
        let panes = self.ids("list-panes", "#{pane_id}");
        for pane in panes.iter().filter(|pane| !["%0", "%1"].contains(&pane.as_str())) {
            self.try_ask(&["kill-pane", "-t", pane]);
        }
        let buffers = self.ask(&["list-buffers", "-F", "#{buffer_name}"]);
        for buffer in buffers.lines() {
            self.try_ask(&["delete-buffer", "-b", buffer]);
        }
        // Its program may have ended.
        self.try_ask(&["respawn-pane", "-k", "-t", "%1", "exec cat"]);
        self.try_ask(&["clear-history", "-t", "%1"]);
    }

    /// Resources after everything was closed and had time to end. Must not exceed `before`.
    fn at_rest(&mut self, before: Option<Rest>) -> Rest {
        self.empty();
        let since = Instant::now();
        loop {
            let rest = self.rest();
            let is_done = match before {
                Some(before) => rest.fits(before),
                None => rest.groups <= 2 && self.ask(&["list-clients"]).is_empty(),
            };
            if is_done {
                println!("soak: at rest: {rest:?}");
                return rest;
            }
            if since.elapsed() > PATIENCE {
                self.fail(&format!("more is held than after the warm-up:\n{rest:?}\n{before:?}"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Checks that no leftovers exist and no line is missing.
    fn end(mut self, since: Instant, before: Option<Rest>) {
        self.at_rest(before);
        let text = self.ask(&["capture-pane", "-p", "-J", "-S", "-", "-t", "%0"]);
        let numbers = text.lines().filter_map(|line| line.strip_prefix("count ")?.trim().parse::<u64>().ok());
        let numbers: Vec<u64> = numbers.collect();
        let gap = numbers.windows(2).find(|pair| pair[0] + 1 != pair[1]);
        if numbers.len() < 20 || gap.is_some() {
            self.fail(&format!("{} lines were counted, with a gap at {gap:?}", numbers.len()));
        }
        let rss = self.report(since);
        if rss > MAX_RSS {
            self.fail(&format!("the server holds {rss} KiB"));
        }
        println!("soak: {} lines without a gap, nothing wrong", numbers.len());
    }
}

fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|fields| !fields.is_empty() && !fields.starts_with(" Z"))
}

/// Numbers of the panes in a layout.
fn leaves(layout: &str) -> BTreeSet<String> {
    let pane = regex::Regex::new(r"\d+x\d+,-?\d+,-?\d+,(\d+)").expect("a fixed pattern");
    pane.captures_iter(layout).map(|found| found[1].to_owned()).collect()
}

/// Groups below one.
fn groups(parent: &Path) -> usize {
    fs::read_dir(parent).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir()).count()
}

/// Bytes that files below a directory take.
fn disk(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(found) if found.is_dir() => bytes += disk(&entry.path()),
            Ok(found) => bytes += found.blocks() * 512,
            Err(_) => {}
        }
    }
    bytes
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    // Flags and filters are cargo's, meant for the usual test harness.
    let words: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    if words.iter().any(|word| !"soak".contains(word.as_str())) {
        return;
    }
    let (seconds, seed) = (number("SCOPEMUX_SOAK_SECONDS", SHORT), number("SCOPEMUX_SOAK_SEED", 1));
    println!("soak: {seconds} s from seed {seed}");
    let since = Instant::now();
    let mut soak = Soak::begin(seed);
    let (mut reported, mut disturbed) = (Instant::now(), Instant::now());
    let mut before = None;
    while since.elapsed().as_secs() < seconds {
        soak.operate();
        if soak.operations.is_multiple_of(LOOK_EVERY) {
            soak.look();
        }
        if disturbed.elapsed().as_secs() >= 7 {
            disturbed = Instant::now();
            if soak.can_upgrade && soak.rng.below(2) == 0 { soak.upgrade() } else { soak.kill() }
        }
        if before.is_none() && since.elapsed().as_secs() >= (seconds / WARM_UP).max(1) {
            before = Some(soak.at_rest(None));
        }
        if reported.elapsed().as_secs() >= 10 {
            reported = Instant::now();
            soak.report(since);
        }
    }
    soak.end(since, before);
}
