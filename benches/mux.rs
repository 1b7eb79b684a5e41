//! A private server of a measured program: its own directory, home, socket and environment.
//! Dropping the value ends it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

/// Time after which a bench fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// Raises this process's limit of descriptors to its maximum.
pub(crate) fn raise_limit() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("there is a limit");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("the hard limit is allowed");
}

/// A program to measure.
pub(crate) struct Program {
    pub name: &'static str,
    pub path: PathBuf,
}

pub(crate) struct Mux {
    path: PathBuf,
    dir: tempfile::TempDir,
}

impl Mux {
    pub(crate) fn new(program: &Program) -> Self {
        let dir = tempfile::Builder::new().prefix("bench").tempdir().expect("a scratch directory");
        Self { path: program.path.clone(), dir }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(["-S", &self.socket(), "-f", "/dev/null"])
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir())
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .current_dir(self.dir());
        command
    }

    fn socket(&self) -> String {
        self.dir().join("socket").to_string_lossy().into_owned()
    }

    /// Runs a command; returns its output.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        let output = self.command(args).stdin(Stdio::null()).output().expect("the program runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// Starts a command without waiting for it.
    pub(crate) fn spawn(&self, args: &[&str]) -> Waiting {
        let child = self.command(args).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        Waiting(std::cell::RefCell::new(child.expect("the program runs")))
    }

    /// Runs a command; returns the time it took, in milliseconds.
    pub(crate) fn time(&self, args: &[&str]) -> f64 {
        let start = Instant::now();
        self.run(args);
        start.elapsed().as_secs_f64() * 1e3
    }

    /// Opens a window; returns the time until its program runs, in milliseconds.
    pub(crate) fn time_to_first_word(&self) -> f64 {
        let word = self.dir().join("word");
        if !word.exists() {
            mkfifo(&word, Mode::S_IRWXU).expect("a pipe is made");
        }
        // Open for writing too, so that opening does not block.
        let mut pipe = File::options().read(true).write(true).open(&word).expect("a pipe");
        let start = Instant::now();
        self.run(&["new-window", "-d", &format!("echo >{}; exec sleep 1000", word.display())]);
        let mut byte = [0];
        pipe.read_exact(&mut byte).expect("a word");
        start.elapsed().as_secs_f64() * 1e3
    }

    /// Starts a session of 80 by 24 whose pane runs a shell command.
    pub(crate) fn start(&self, command: &str) -> Server {
        self.run(&["new-session", "-d", "-x", "80", "-y", "24", command]);
        Server { pid: self.run(&["display-message", "-p", "#{pid}"]).trim().parse().expect("a process id") }
    }

    /// A shell command that runs `program`, waits until a terminal has read all its output (the
    /// answer to a request for the cursor's position), signals the channel `done`, and stays.
    pub(crate) fn until_read(&self, program: &str) -> String {
        let mux = format!("{} -S {}", self.path.display(), self.socket());
        format!(
            "stty raw -echo; {program}; printf '\\033[6n'; dd bs=1 count=4 >/dev/null 2>&1; \
             {mux} wait-for -S done; exec sleep 1000"
        )
    }

    /// Attaches a client on a terminal of its own.
    pub(crate) fn attach(&self) -> Client {
        self.attach_with(&["attach-session"])
    }

    /// Like `attach`, to a given session.
    pub(crate) fn attach_to(&self, session: &str) -> Client {
        self.attach_with(&["attach-session", "-t", session])
    }

    fn attach_with(&self, args: &[&str]) -> Client {
        let size = Winsize { ws_row: 25, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).expect("a terminal");
        let end = || Stdio::from(pty.slave.try_clone().expect("a descriptor"));
        let child = self.command(args).stdin(end()).stdout(end()).stderr(end()).spawn();
        Client { master: File::from(pty.master), child: child.expect("the program runs"), received: 0 }
    }
}

impl Drop for Mux {
    fn drop(&mut self) {
        let _ = self.command(&["kill-server"]).stdin(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// A command in progress.
pub(crate) struct Waiting(std::cell::RefCell<Child>);

impl Waiting {
    pub(crate) fn is_over(&self) -> bool {
        self.0.borrow_mut().try_wait().is_ok_and(|status| status.is_some())
    }
}

/// A server's process.
pub(crate) struct Server {
    pid: i32,
}

impl Server {
    /// Resident memory, in MiB.
    pub(crate) fn rss(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
    }

    /// Processor time of all threads so far, in milliseconds.
    pub(crate) fn cpu(&self) -> f64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).into_iter().flatten().flatten();
        let spent = tasks.filter_map(|task| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        });
        spent.sum::<f64>() / 1e6
    }
}

/// An attached client, seen from its terminal.
pub(crate) struct Client {
    master: File,
    child: Child,
    /// Bytes received so far.
    pub received: usize,
}

impl Client {
    /// Reads until the program has been silent for a while.
    pub(crate) fn settle(&mut self) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE && self.read(Duration::from_millis(200)).is_some() {}
    }

    /// Types a byte that is echoed; returns the time until it was on the terminal, in milliseconds.
    pub(crate) fn echo(&mut self, key: u8) -> f64 {
        let start = Instant::now();
        self.master.write_all(&[key]).expect("a key is taken");
        while start.elapsed() < PATIENCE {
            if self.read(PATIENCE).is_some_and(|bytes| bytes.contains(&key)) {
                return start.elapsed().as_secs_f64() * 1e3;
            }
        }
        panic!("a key was not echoed");
    }

    /// Output within a time.
    fn read(&mut self, wait: Duration) -> Option<Vec<u8>> {
        let mut fds = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX);
        if poll(&mut fds, timeout).unwrap_or(0) == 0 {
            return None;
        }
        let mut buffer = vec![0; 65536];
        let len = self.master.read(&mut buffer).expect("the terminal is open");
        buffer.truncate(len);
        self.received += len;
        Some(buffer)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
