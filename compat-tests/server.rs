//! A private server of the program under test: its own directory, socket and environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use regex::Regex;

use super::screen::Outer;

/// Time after which an expected event counts as missing: more than it takes a program built without
/// optimization, on a machine with other work, to run 120,000 commands.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// `PATH` of programs: the same on every machine, for commands that print it.
const SEARCH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Name of the host that cases were recorded on. Its length affects the layout of screens.
const HOST: &str = "vm";

pub(crate) struct Server {
    binary: PathBuf,
    dir: tempfile::TempDir,
    ttys: BTreeMap<String, PaneTty>,
    /// Matches the name of the host.
    hostname: Regex,
    /// Attached clients by name.
    pub outers: BTreeMap<String, Outer>,
    /// Another way to give a command than a process of its own.
    pub shortcut: Option<Box<Shortcut>>,
}

/// Gives a command, and returns what it prints.
pub(crate) type Shortcut = dyn Fn(&[&str]) -> Output;

/// Variables of the environment that get another value, or none.
pub(crate) type Changes = [(String, Option<String>)];

/// Lets a program see a host named `HOST`: in a UTS namespace; an ordinary user needs a user
/// namespace around it, which keeps the ids.
fn on_named_host(command: &mut Command) {
    let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
    let maps = [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("{uid} {uid} 1")),
        ("/proc/self/gid_map", format!("{gid} {gid} 1")),
    ];
    // SAFETY: all calls are allowed between fork and exec, except for copying paths, which glibc
    // makes safe.
    unsafe {
        command.pre_exec(move || {
            let user = if uid.is_root() { CloneFlags::empty() } else { CloneFlags::CLONE_NEWUSER };
            unshare(CloneFlags::CLONE_NEWUTS | user)?;
            if !uid.is_root() {
                maps.iter().try_for_each(|(file, map)| fs::write(file, map))?;
            }
            Ok(nix::unistd::sethostname(HOST)?)
        });
    }
}

/// Reports whether this machine allows it. If not, cases that show the length of the host's name
/// differ.
fn can_name_host() -> bool {
    static CAN: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *CAN.get_or_init(|| {
        let mut command = Command::new("/bin/true");
        on_named_host(&mut command);
        command.status().is_ok_and(|status| status.success())
    })
}

/// Replacements for every text. Compiled once, because a row is short and compiling a pattern is
/// slow.
struct Patterns {
    tty: Regex,
    client: Regex,
    time: Regex,
}

fn patterns() -> &'static Patterns {
    static PATTERNS: std::sync::OnceLock<Patterns> = std::sync::OnceLock::new();
    let pattern = |text| Regex::new(text).expect("a fixed pattern");
    PATTERNS.get_or_init(|| Patterns {
        tty: pattern(r"/dev/pts/\d+"),
        client: pattern(r"\bclient-\d+\b"),
        time: pattern(r"(?m)^\d\d:\d\d: "),
    })
}

/// Result of a run of the program.
pub(crate) struct Output {
    pub status: Option<i32>,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

impl Server {
    pub(crate) fn new(binary: &Path) -> Self {
        let dir = tempfile::Builder::new().prefix("compat").tempdir().expect("a scratch directory");
        for name in ["home", "s"] {
            fs::create_dir(dir.path().join(name)).expect("a new directory");
        }
        fs::set_permissions(dir.path().join("s"), fs::Permissions::from_mode(0o700)).expect("our directory");
        let hostname = match can_name_host() {
            true => HOST.to_owned(),
            false => nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned(),
        };
        let hostname = Regex::new(&format!(r"\b{}\b", regex::escape(&hostname))).expect("an escaped name");
        Self {
            binary: binary.to_owned(),
            dir,
            ttys: BTreeMap::new(),
            hostname,
            outers: BTreeMap::new(),
            shortcut: None,
        }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Inserts the scratch directory and `@xHH;` bytes.
    pub(crate) fn bytes(&self, text: &str) -> Vec<u8> {
        let text = text.replace("@TMP@", &self.dir.path().to_string_lossy());
        let mut out = Vec::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("@x") {
            out.extend_from_slice(&rest.as_bytes()[..at]);
            let code = rest.get(at + 2..at + 5).filter(|code| code.ends_with(';'));
            match code.and_then(|code| u8::from_str_radix(&code[..2], 16).ok()) {
                Some(byte) => {
                    out.push(byte);
                    rest = &rest[at + 5..];
                }
                None => {
                    out.extend_from_slice(b"@x");
                    rest = &rest[at + 2..];
                }
            }
        }
        out.extend_from_slice(rest.as_bytes());
        out
    }

    /// The program with arguments, in the environment of all cases.
    pub(crate) fn command(&self, args: &[String]) -> Command {
        let home = self.home();
        let mut command = Command::new(&self.binary);
        command
            .args(args.iter().map(|arg| OsString::from_vec(self.bytes(arg))))
            .env_clear()
            .env("PATH", SEARCH)
            .env("HOME", &home)
            .env("PWD", &home)
            .env("SHELL", "/bin/sh")
            .env("LC_ALL", "C.UTF-8")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("TERM", "xterm-256color")
            .env("TMUX_TMPDIR", self.dir.path().join("s"))
            .env("USER", "tester")
            .env("HISTFILE", "")
            .current_dir(&home);
        if can_name_host() {
            on_named_host(&mut command);
        }
        command
    }

    /// Starts a control client (`flag` is its kind) on pipes.
    pub(crate) fn spawn_control(&self, flag: &str, args: &[String], env: &Changes) -> std::process::Child {
        let mut all: Vec<String> = ["-L", "t", "-f", "/dev/null", flag].map(str::to_owned).to_vec();
        all.extend_from_slice(args);
        let mut command = self.command(&all);
        self.change(&mut command, env);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().expect("the program runs")
    }

    pub(crate) fn change(&self, command: &mut Command, env: &Changes) {
        for (name, value) in env {
            match value {
                Some(value) => command.env(name, OsString::from_vec(self.bytes(value))),
                None => command.env_remove(name),
            };
        }
    }

    /// Runs the program with arguments, input and changes to its environment.
    pub(crate) fn run(&self, args: &[String], stdin: &[u8], env: &Changes) -> Output {
        let mut command = self.command(args);
        command
            .stdin(if stdin.is_empty() { Stdio::null() } else { Stdio::piped() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.change(&mut command, env);
        let mut child = command.spawn().expect("the program runs");
        if let Some(mut input) = child.stdin.take() {
            input.write_all(stdin).ok();
        }
        // A program that never answers fails its case, and not the whole run.
        let pid = nix::unistd::Pid::from_raw(child.id() as i32);
        let (ended, watch) = mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            if watch.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).ok();
            }
        });
        let output = child.wait_with_output().expect("the program ends");
        drop(ended);
        watchdog.join().expect("the watchdog ends");
        Output { status: output.status.code(), out: output.stdout, err: output.stderr }
    }

    /// Normalizes a result: replaces text that differs from run to run.
    pub(crate) fn normal(&self, bytes: &[u8]) -> String {
        let mut text = String::new();
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            chunk.invalid().iter().for_each(|b| text.push_str(&format!("\\x{b:02x}")));
        }
        let mut text = text.replace(&*self.dir.path().to_string_lossy(), "@TMP@");
        text = text.replace(&format!("/tmux-{}/", nix::unistd::getuid()), "/tmux-UID/");
        let replace = |text: &str, pattern: &Regex, with: &str| pattern.replace_all(text, with).into_owned();
        let Patterns { tty, client, time } = patterns();
        text = replace(&text, tty, "/dev/pts/N");
        text = replace(&text, &self.hostname, "@HOST@");
        if text.contains("client-") {
            text = replace(&text, client, "client-@PID@");
            text = replace(&text, time, "@HM@: ");
        }
        text
    }

    /// Writes a file below the scratch directory.
    pub(crate) fn write_file(&self, path: &str, data: &str) {
        let path = PathBuf::from(OsString::from_vec(self.bytes(path)));
        fs::create_dir_all(path.parent().expect("below the scratch directory")).expect("a directory");
        fs::write(path, self.bytes(data)).expect("a file");
    }

    pub(crate) fn tmux(&self, args: &[&str]) -> Output {
        if let Some(give) = &self.shortcut {
            return give(args);
        }
        let args: Vec<String> =
            ["-L", "t", "-f", "/dev/null"].iter().chain(args).map(|a| (*a).to_owned()).collect();
        self.run(&args, b"", &[])
    }

    /// Output of a command.
    pub(crate) fn ask(&self, args: &[&str]) -> String {
        String::from_utf8_lossy(&self.tmux(args).out).into_owned()
    }

    /// The terminal of a pane, as its program sees it.
    pub(crate) fn tty(&mut self, pane: &str) -> &mut PaneTty {
        let target = if pane.is_empty() { vec![] } else { vec!["-t", pane] };
        let args: Vec<&str> =
            ["display-message", "-p"].into_iter().chain(target).chain(["#{pane_tty}"]).collect();
        let path = String::from_utf8(self.tmux(&args).out).expect("a path").trim().to_owned();
        self.ttys.entry(path.clone()).or_insert_with(|| PaneTty::open(&path))
    }

    /// Sends text to a pane as keys.
    pub(crate) fn send_literal(&self, pane: &str, text: &str) {
        self.tmux(&["send-keys", "-l", "-t", pane, text]);
    }

    /// Waits until the server has read all data written to its panes.
    pub(crate) fn settle(&self) {
        self.tmux(&["display-message", "-p", ""]);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.outers.clear();
        self.ttys.clear();
        self.shortcut = None;
        self.tmux(&["kill-server"]);
    }
}

/// The program's end of a pane's terminal: raw, without echo.
pub(crate) struct PaneTty {
    file: fs::File,
}

impl PaneTty {
    fn open(path: &str) -> Self {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK);
        let file = options.open(path).expect("the pane's terminal opens");
        if let Ok(mut raw) = tcgetattr(&file) {
            cfmakeraw(&mut raw);
            tcsetattr(&file, SetArg::TCSANOW, &raw).ok();
        }
        Self { file }
    }

    fn wait(&self, flags: PollFlags, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now()).as_millis().min(1000) as u16;
        let mut fds = [PollFd::new(self.file.as_fd(), flags)];
        poll(&mut fds, left).is_ok_and(|n| n > 0) || Instant::now() < until
    }

    pub(crate) fn write(&mut self, mut data: &[u8]) {
        let until = Instant::now() + PATIENCE;
        while !data.is_empty() {
            match self.file.write(data) {
                Ok(len) => data = &data[len..],
                Err(_) if self.wait(PollFlags::POLLOUT, until) => {}
                Err(error) => panic!("writing to a pane: {error}"),
            }
        }
    }

    /// Reads up to a marker, which is removed. Panics if the marker does not come.
    pub(crate) fn read_until(&mut self, marker: &[u8]) -> Vec<u8> {
        let until = Instant::now() + PATIENCE;
        let mut got = Vec::new();
        let mut buffer = [0; 4096];
        while !got.ends_with(marker) {
            match self.file.read(&mut buffer) {
                Ok(len) => got.extend_from_slice(&buffer[..len]),
                Err(_) if self.wait(PollFlags::POLLIN, until) => {}
                Err(_) => panic!(
                    "no {:?} after {:?}",
                    String::from_utf8_lossy(marker),
                    String::from_utf8_lossy(&got[got.len().saturating_sub(200)..])
                ),
            }
        }
        got.truncate(got.len() - marker.len());
        got
    }
}
