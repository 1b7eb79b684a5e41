//! What a keeper holds, and its loop.

use super::groups;
use super::spawn::{IGNORED, dispose, fork_here, open_gate, quit, spawn};
use crate::base::text::to_bytes;
use crate::protocol::ClientFlags;
use crate::protocol::custody::{Handle, HeldChild, Recovered, Report, Request, ServerStart, Spawn, Stdio};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, killpg, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;
use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Servers that may die within `RESTART_WINDOW` before the keeper gives up: a state that kills
/// every server that reads it would otherwise be tried for ever.
const MAX_RESTARTS: usize = 5;
const RESTART_WINDOW: Duration = Duration::from_secs(30);
/// How long a server that has closed its end may take to end.
const LAST_WORDS_MS: u16 = 2000;

/// What every server of this keeper starts with.
#[derive(Clone, Debug)]
pub struct Template {
    pub socket_path: String,
    pub config_files: Vec<String>,
    pub config_quiet: bool,
    pub flags: ClientFlags,
    pub log_level: u8,
    pub environment: Vec<(String, String)>,
}

/// The keeper's whole state.
pub struct Keeper {
    pub(super) template: Template,
    pub(super) listener: OwnedFd,
    pub(super) children: BTreeMap<u64, HeldChild>,
    pub(super) deposit: Option<OwnedFd>,
    /// Where children wait for their server to let them go.
    gates: BTreeMap<u64, OwnedFd>,
    /// The server, when it is this process's child.
    pub(super) server_pid: Option<i32>,
    /// That child has ended with success.
    server_done: bool,
    /// Cgroups of the server, which go when it has gone.
    groups: Vec<PathBuf>,
    server: fn(ServerStart) -> !,
    restarts: VecDeque<Instant>,
    /// The signal mask that children get.
    pub(super) mask: SigSet,
}

/// How a server's time ended.
enum End {
    /// It said goodbye or ended with success.
    Goodbye,
    /// It died.
    Lost,
}

impl Keeper {
    /// A keeper for a server that listens on this socket.
    pub fn new(template: Template, listener: OwnedFd, server: fn(ServerStart) -> !) -> Self {
        let mut mask = SigSet::empty();
        let _ = sigprocmask(SigmaskHow::SIG_BLOCK, None, Some(&mut mask));
        Self {
            template,
            listener,
            children: BTreeMap::new(),
            gates: BTreeMap::new(),
            deposit: None,
            server_pid: None,
            server_done: false,
            groups: Vec::new(),
            server,
            restarts: VecDeque::new(),
            mask,
        }
    }

    /// Starts the server as a child and keeps until it says goodbye.
    pub fn run(mut self, first_client: Option<OwnedFd>) -> ! {
        let recovered = None;
        let socket = self.start_server(first_client, recovered);
        self.keep(socket)
    }

    /// Becomes the server, and leaves the keeping to a child.
    pub fn run_beside(self) -> ! {
        let (ours, theirs) = pair();
        match fork_here() {
            Ok(None) => {
                drop(theirs);
                self.keep(ours)
            }
            Ok(Some(_)) => {
                drop(ours);
                let server = self.server;
                server(self.into_server_start(theirs, None, None))
            }
            Err(error) => {
                eprintln!("fork failed: {}", crate::base::posix::strerror(error as i32));
                std::process::exit(1)
            }
        }
    }

    /// Starts the next server, with all that the last one left.
    pub(super) fn run_again(mut self, upgrade: bool) -> ! {
        let socket = self.recover(upgrade);
        self.keep(socket)
    }

    fn recover(&mut self, upgrade: bool) -> OwnedFd {
        let copy = |fd: &OwnedFd| fd.try_clone().ok();
        let children = self.children.values().map(|child| HeldChild {
            token: child.token,
            pid: child.pid,
            tty: child.tty.clone(),
            master: child.master.as_ref().and_then(copy),
            journal: child.journal.as_ref().and_then(copy),
            status: child.status,
        });
        let recovered = Recovered {
            deposit: self.deposit.as_ref().and_then(copy),
            children: children.collect(),
            upgrade,
        };
        self.start_server(None, Some(recovered))
    }

    /// Forks a server; the keeper's end of the pair.
    fn start_server(&mut self, first_client: Option<OwnedFd>, recovered: Option<Recovered>) -> OwnedFd {
        let (ours, theirs) = pair();
        match fork_here() {
            Ok(None) => {
                drop(ours);
                let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.mask), None);
                let taken = std::mem::replace(
                    self,
                    Self::new(self.template.clone(), copy_or_quit(&self.listener), self.server),
                );
                (taken.server)(taken.into_server_start(theirs, first_client, recovered))
            }
            Ok(Some(pid)) => {
                self.server_pid = Some(pid);
                ours
            }
            Err(_) => quit(1),
        }
    }

    fn into_server_start(
        self,
        keeper: OwnedFd,
        first_client: Option<OwnedFd>,
        recovered: Option<Recovered>,
    ) -> ServerStart {
        name_process(c"tmux: server");
        let Template { socket_path, config_files, config_quiet, flags, log_level, environment } =
            self.template;
        ServerStart {
            keeper,
            listener: self.listener,
            socket_path,
            first_client,
            config_files,
            config_quiet,
            flags,
            log_level,
            environment,
            recovered,
        }
    }

    /// The keeper's life, server after server.
    fn keep(mut self, mut socket: OwnedFd) -> ! {
        name_process(c"tmux: keeper");
        IGNORED.into_iter().for_each(|signal| dispose(signal, true));
        dispose(Signal::SIGCHLD, false);
        let only_child = SigSet::from_iter([Signal::SIGCHLD]);
        let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&only_child), None);
        let Ok(mut signals) =
            SignalFd::with_flags(&only_child, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        else {
            quit(1)
        };
        loop {
            let end = self.serve(&socket, &mut signals);
            drop(socket);
            if matches!(end, End::Goodbye) || !self.may_restart() {
                self.leave(&mut signals);
            }
            // Jobs end with the server that wanted their output.
            self.children.retain(|_, child| child.master.is_some());
            IGNORED.into_iter().for_each(|signal| dispose(signal, false));
            socket = self.recover(false);
            IGNORED.into_iter().for_each(|signal| dispose(signal, true));
        }
    }

    /// Ends: terminals close, and what ran on them is told so.
    fn leave(mut self, signals: &mut SignalFd) -> ! {
        let groups = std::mem::take(&mut self.groups);
        drop(self);
        groups::remove(groups, || {
            let ended = PollFd::new(signals.as_fd(), PollFlags::POLLIN);
            let _ = poll(&mut [ended], PollTimeout::from(groups::LOOK_MS));
            while let Ok(Some(_)) = signals.read_signal() {}
            while wait_any().is_some() {}
        });
        quit(0)
    }

    fn may_restart(&mut self) -> bool {
        let now = Instant::now();
        self.restarts.retain(|then| now.duration_since(*then) < RESTART_WINDOW);
        self.restarts.push_back(now);
        self.restarts.len() <= MAX_RESTARTS
    }

    /// Serves one server until it is gone.
    fn serve(&mut self, socket: &OwnedFd, signals: &mut SignalFd) -> End {
        let mut handle = Handle::default();
        loop {
            let wants = if handle.wants_write() { PollFlags::POLLOUT } else { PollFlags::empty() };
            let mut fds = [
                PollFd::new(socket.as_fd(), PollFlags::POLLIN | wants),
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
            ];
            let _ = poll(&mut fds, PollTimeout::NONE);
            while let Ok(Some(_)) = signals.read_signal() {}
            self.reap(&mut handle);
            let open = handle.fill(socket.as_fd()).unwrap_or(false);
            loop {
                match handle.next_parcel::<Request>() {
                    Ok(Some(Request::Goodbye { groups })) => {
                        let path = |dir: &String| PathBuf::from(OsStr::from_bytes(&to_bytes(dir)));
                        self.groups = groups.iter().map(path).collect();
                        return End::Goodbye;
                    }
                    Ok(Some(request)) => self.perform(request, &mut handle),
                    Ok(None) => break,
                    Err(_) => return self.server_end(signals),
                }
            }
            if self.server_done {
                return End::Goodbye;
            }
            if !open {
                return self.server_end(signals);
            }
            // A server that does not read is noticed when it ends.
            let _ = handle.drain(socket.as_fd());
        }
    }

    fn perform(&mut self, request: Request, handle: &mut Handle) {
        match request {
            Request::Spawn(wanted) => {
                let report = self.start_child(*wanted);
                let _ = handle.send(report);
            }
            Request::Signal { token, signal, group } => {
                let running = self.children.get(&token).filter(|child| child.status.is_none());
                if let (Some(child), Ok(signal)) = (running, Signal::try_from(signal)) {
                    let pid = Pid::from_raw(child.pid);
                    let _ = if group { killpg(pid, signal) } else { kill(pid, signal) };
                }
            }
            Request::Open { token } => {
                if let Some(gate) = self.gates.remove(&token) {
                    open_gate(&gate);
                }
            }
            Request::Release { token } => {
                let ended = self.children.get_mut(&token).is_some_and(|child| {
                    child.master = None;
                    child.journal = None;
                    child.status.is_some()
                });
                if ended {
                    self.children.remove(&token);
                }
            }
            Request::Deposit { snapshot } => self.deposit = Some(snapshot),
            Request::Journal { token, journal } => {
                if let Some(child) = self.children.get_mut(&token) {
                    child.journal = Some(journal);
                }
            }
            Request::Adopt { job, token, master } => {
                if let Some(child) = self.children.remove(&job) {
                    let master = Some(master);
                    self.children.insert(token, HeldChild { token, master, ..child });
                }
            }
            Request::Listener { listener } => self.listener = listener,
            Request::Upgrade { program } => {
                let errno = self.upgrade(&program) as i32;
                let _ = handle.send(Report::UpgradeFailed { errno });
            }
            Request::Goodbye { .. } => {}
        }
    }

    fn start_child(&mut self, wanted: Spawn) -> Report {
        let token = wanted.token;
        let holds = matches!(&wanted.stdio, Stdio::Pty(pty) if !pty.transient);
        match spawn(wanted, &self.mask) {
            Ok(started) => {
                if let Some(gate) = started.gate {
                    self.gates.insert(token, gate);
                }
                let master = if holds { started.fd.try_clone().ok() } else { None };
                let (pid, tty) = (started.pid, started.tty.clone());
                self.children
                    .insert(token, HeldChild { token, pid, tty, master, journal: None, status: None });
                let (tty, contained, fd) = (started.tty, started.contained, started.fd);
                Report::Spawned { token, pid, tty, contained, fd }
            }
            Err(error) => Report::SpawnFailed { token, errno: error as i32 },
        }
    }

    /// Collects children that have ended or stopped.
    fn reap(&mut self, handle: &mut Handle) {
        while let Some((pid, status)) = wait_any() {
            if self.server_pid == Some(pid) {
                if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
                    self.server_pid = None;
                    self.server_done = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0;
                }
                continue;
            }
            if libc::WIFSTOPPED(status) {
                // tmux: a pane's first process is continued when it stops, unless it stopped
                // over its terminal.
                if ![libc::SIGTTIN, libc::SIGTTOU].contains(&libc::WSTOPSIG(status)) {
                    let _ = killpg(Pid::from_raw(pid), Signal::SIGCONT);
                }
                continue;
            }
            let Some(child) =
                self.children.values_mut().find(|child| child.pid == pid && child.status.is_none())
            else {
                continue;
            };
            child.status = Some(status);
            self.gates.remove(&child.token);
            let token = child.token;
            if child.master.is_none() {
                self.children.remove(&token);
            }
            let _ = handle.send(Report::Exited { token, pid, status });
        }
    }

    /// The server has closed its end: waits until its process is gone too, so that two never
    /// read the same pty, and looks how it ended.
    fn server_end(&mut self, signals: &mut SignalFd) -> End {
        self.open_all_gates();
        let Some(pid) = self.server_pid.take() else { return End::Lost };
        let deadline = Instant::now() + Duration::from_millis(u64::from(LAST_WORDS_MS));
        loop {
            match wait_for(pid, true) {
                Some(0) => return End::Goodbye,
                Some(_) => return End::Lost,
                None if Instant::now() >= deadline => break,
                None => {}
            }
            let mut fds = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut fds, PollTimeout::from(100u8));
            while let Ok(Some(_)) = signals.read_signal() {}
        }
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        let _ = wait_for(pid, false);
        End::Lost
    }

    /// Nobody is left to open them.
    fn open_all_gates(&mut self) {
        std::mem::take(&mut self.gates).values().for_each(open_gate);
    }

    fn upgrade(&mut self, program: &str) -> Errno {
        self.open_all_gates();
        super::handover::become_program(self, program)
    }
}

/// A child that has ended or stopped, and its status. A child in the way of `wait_for` cannot
/// be lost: only the keeper's loop calls this.
fn wait_any() -> Option<(i32, i32)> {
    super::spawn::wait(-1, libc::WNOHANG | libc::WUNTRACED)
}

/// The status of one child that has ended; `Some(-1)` when there is no such child.
pub(super) fn wait_for(pid: i32, now: bool) -> Option<i32> {
    match super::spawn::wait(pid, if now { libc::WNOHANG } else { 0 }) {
        Some((_, status)) => Some(status),
        None if now && kill(Pid::from_raw(pid), None).is_ok() => None,
        None => Some(-1),
    }
}

fn pair() -> (OwnedFd, OwnedFd) {
    match UnixStream::pair() {
        Ok((one, other)) => (one.into(), other.into()),
        Err(_) => quit(1),
    }
}

fn copy_or_quit(fd: &OwnedFd) -> OwnedFd {
    fd.try_clone().unwrap_or_else(|_| quit(1))
}

fn name_process(name: &std::ffi::CStr) {
    let _ = prctl::set_name(name);
}
