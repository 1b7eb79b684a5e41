//! The keeper's loop, server after server.

use super::deaths::{Death, Next};
use super::groups;
use super::handover::pack_birth;
use super::hold::{Wish, disappoint};
use super::limits::RESERVE;
use super::spawn::{IGNORED, Refusals, open_gate, spawn};
use super::state::{Keeper, Template, wait_any, wait_for};
use super::strangers::LOOK_MS;
use crate::base::text::to_bytes;
use crate::protocol::custody::{Caller, Handle, HeldChild, Part, Recovered, Report, Request, ServerStart};
use crate::protocol::custody::{Spawn, Stdio};
use crate::protocol::fdpass::has_room;
use crate::sys::fork::{fork, quit};
use crate::sys::signals;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, killpg, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Milliseconds for a server to exit after it has closed its end; then it is killed.
const LAST_WORDS_MS: u16 = 2000;
/// Time to wait after a fork of a server failed.
const NO_FORK_WAIT: Duration = Duration::from_secs(1);

/// Result of serving a server.
enum End {
    /// The server said goodbye or exited with status 0.
    Goodbye,
    /// It died.
    Lost,
    /// Another server has replaced it.
    HandedOver,
}

impl Keeper {
    /// Starts the server as a child and serves it until it says goodbye.
    pub(crate) fn run(mut self, first_client: Option<OwnedFd>) -> ! {
        let clients = first_client.into_iter().map(Caller::from).collect();
        match self.start_server(clients, false) {
            Ok(socket) => self.keep(Some(socket)),
            Err(_) => quit(1),
        }
    }

    /// Becomes the server, while a child becomes the keeper.
    pub(crate) fn run_beside(mut self) -> ! {
        let forked = UnixStream::pair().and_then(|pair| Ok((pair, fork()?)));
        match forked {
            Ok(((ours, theirs), None)) => {
                drop(theirs);
                self.keep(Some(ours.into()))
            }
            Ok(((ours, theirs), Some(_))) => {
                drop(ours);
                let server = self.server;
                server(self.give_over(theirs.into(), Vec::new(), false))
            }
            Err(error) => {
                eprintln!("fork failed: {}", crate::sys::error::strerror(error.raw_os_error().unwrap_or(0)));
                std::process::exit(1)
            }
        }
    }

    /// Starts the next server, with all that the last one left behind.
    pub(super) fn run_again(mut self) -> ! {
        let socket = self.start_server(Vec::new(), true).ok();
        self.keep(socket)
    }

    /// In the process of the next server: becomes that server.
    pub(super) fn run_successor(mut self, socket: OwnedFd, before: OwnedFd) -> ! {
        let server = self.server;
        let start = self.give_over(socket, Vec::new(), true);
        let recovered = start.recovered.map(|recovered| Recovered { upgrade: true, ..recovered });
        server(ServerStart { recovered, before: Some(before), ..start })
    }

    /// Becomes the keeper of a server that is already running.
    pub(super) fn run_with(self, socket: OwnedFd) -> ! {
        self.keep(Some(socket))
    }

    /// Forks a server and returns the keeper's end of the socket pair. The child gets copies of the
    /// keeper's descriptors, so the keeper needs no new ones for it.
    fn start_server(&mut self, clients: Vec<Caller>, recover: bool) -> io::Result<OwnedFd> {
        let (ours, theirs) = UnixStream::pair()?;
        self.life = Death::default();
        let pid = match fork() {
            Ok(None) => {
                drop(ours);
                let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.inherited.mask), None);
                IGNORED.into_iter().for_each(signals::reset);
                (self.server)(self.give_over(theirs.into(), clients, recover))
            }
            Ok(Some(pid)) => pid,
            Err(error) => {
                self.callers = clients;
                return Err(error.into());
            }
        };
        self.callers = clients;
        self.server_pid = Some(pid);
        Ok(ours.into())
    }

    /// In the server's process: passes all that the keeper has to the server.
    fn give_over(&mut self, keeper: OwnedFd, clients: Vec<Caller>, recover: bool) -> ServerStart {
        name_process(c"tmux: server");
        let Ok(listener) = self.listener.try_clone() else { quit(1) };
        self.refusals = None;
        let children = std::mem::take(&mut self.children);
        let deposit = self.deposit.take();
        let recovered = Recovered {
            deposit,
            children: children.into_values().collect(),
            left_out: self.deaths.left_out().to_vec(),
            upgrade: false,
        };
        let Template { socket_path, config_files, config_quiet, flags, log_level, environment } =
            self.template.clone();
        ServerStart {
            keeper,
            listener,
            socket_path,
            clients,
            config_files,
            config_quiet,
            flags,
            log_level,
            log: self.log.as_ref().and_then(|log| log.try_clone().ok()),
            environment,
            recovered: recover.then_some(recovered),
            birth: pack_birth(self),
            before: None,
        }
    }

    /// The keeper's loop, server after server.
    fn keep(mut self, mut socket: Option<OwnedFd>) -> ! {
        name_process(c"tmux: keeper");
        IGNORED.into_iter().for_each(signals::ignore);
        signals::reset(Signal::SIGCHLD);
        let only_child = SigSet::from_iter([Signal::SIGCHLD]);
        let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&only_child), None);
        let Ok(mut signals) =
            SignalFd::with_flags(&only_child, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        else {
            quit(1)
        };
        loop {
            let next = match socket.take() {
                Some(served) => match self.serve(&served, &mut signals) {
                    End::Goodbye => self.leave(&mut signals),
                    End::HandedOver => {
                        drop(served);
                        socket = self.follow_successor();
                        continue;
                    }
                    End::Lost => self.deaths.note(self.life, Instant::now()),
                },
                None => Next::StartAfter(NO_FORK_WAIT),
            };
            // Jobs without a terminal end with the server that reads their output.
            self.children.retain(|_, child| child.master.is_some());
            let callers = self.await_start(next, &mut signals);
            socket = self.start_server(callers, true).ok();
        }
    }

    /// Waits until the next server has to be started. Returns the clients that wait for it.
    fn await_start(&mut self, next: Next, signals: &mut SignalFd) -> Vec<Caller> {
        let mut callers = std::mem::take(&mut self.callers);
        let wish = match next {
            Next::Start => return callers,
            Next::StartAfter(wait) => self.hold(signals, None, Some(wait)),
            Next::Hold => {
                let line = self.deaths.line();
                disappoint(std::mem::take(&mut callers), &line);
                let wish = self.hold(signals, Some(&line), None);
                self.deaths.asked();
                wish
            }
        };
        match wish {
            Wish::End => self.leave(signals),
            Wish::Server(more) => callers.extend(more),
            Wish::Nothing => {}
        }
        callers
    }

    /// Ends the keeper: terminals are closed, so their programs get SIGHUP.
    fn leave(&mut self, signals: &mut SignalFd) -> ! {
        self.children.clear();
        groups::remove(std::mem::take(&mut self.groups), || {
            let ended = PollFd::new(signals.as_fd(), PollFlags::POLLIN);
            let _ = poll(&mut [ended], PollTimeout::from(groups::LOOK_MS));
            while let Ok(Some(_)) = signals.read_signal() {}
            while wait_any().is_some() {}
        });
        quit(0)
    }

    /// Serves one server until its end.
    fn serve(&mut self, socket: &OwnedFd, signals: &mut SignalFd) -> End {
        let mut handle = Handle::default();
        for report in std::mem::take(&mut self.untold) {
            let _ = handle.send(report);
        }
        // Signals of children that ended before may have been read without looking at the children.
        self.reap(&mut handle);
        loop {
            let wants = if handle.wants_write() { PollFlags::POLLOUT } else { PollFlags::empty() };
            let mut fds = vec![
                PollFd::new(socket.as_fd(), PollFlags::POLLIN | wants),
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
            ];
            fds.extend(self.strangers.fds().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
            let strangers = 2..fds.len();
            fds.extend(self.refusals.iter().map(|refusals| PollFd::new(refusals.fd(), PollFlags::POLLIN)));
            let soon = self.strangers.look_soon();
            let timeout = if soon { PollTimeout::from(LOOK_MS) } else { PollTimeout::NONE };
            let _ = poll(&mut fds, timeout);
            let is_ready = |fd: &PollFd<'_>| fd.any().unwrap_or(true);
            let readable = is_ready(&fds[0]);
            let ended = soon || fds[strangers.clone()].iter().any(is_ready);
            let refused = fds[strangers.end..].iter().any(is_ready);
            // Looking for children that ended takes the longer, the more children there are.
            if is_ready(&fds[1]) {
                while let Ok(Some(_)) = signals.read_signal() {}
                self.reap(&mut handle);
            }
            if refused {
                self.note_refusals(&mut handle);
            }
            if ended {
                self.note_strangers(&mut handle);
            }
            let open = !readable || handle.fill(socket.as_fd()).unwrap_or(false);
            loop {
                match handle.next_parcel::<Request>() {
                    Ok(Some(Request::Goodbye { groups })) => {
                        let path = |dir: &String| PathBuf::from(OsStr::from_bytes(&to_bytes(dir)));
                        self.groups = groups.iter().map(path).collect();
                        return End::Goodbye;
                    }
                    Ok(Some(Request::HandOver)) if self.successor.is_some() => return End::HandedOver,
                    Ok(Some(request)) => self.perform(request, &mut handle),
                    Ok(None) => break,
                    Err(_) => return self.server_end(signals),
                }
            }
            if std::mem::take(&mut self.server_done) {
                return End::Goodbye;
            }
            if !open {
                return self.server_end(signals);
            }
            // The end of a server that does not read is noticed later.
            let _ = handle.drain(socket.as_fd());
        }
    }

    /// Reports children that could not enter their groups. Their start was reported before, because a
    /// child enters them only when the scheduler runs it.
    fn note_refusals(&mut self, handle: &mut Handle) {
        while let Some(token) = self.refusals.as_ref().and_then(Refusals::take) {
            let _ = handle.send(Report::NotContained { token });
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
                    // A child that has not begun leads no group yet; it blocks signals until then.
                    let _ = if group {
                        killpg(pid, signal).or_else(|_| kill(pid, signal))
                    } else {
                        kill(pid, signal)
                    };
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
            Request::Hold { token, pid, tty, master } => {
                let child = HeldChild { token, pid, tty, master, journal: None, status: None };
                self.hold_stranger(child, handle);
            }
            Request::Taking { part } => self.life.taking = Some(part),
            Request::Answered => {
                self.life.answered = true;
                self.life.taking = Some(Part::Whole);
                // The server owns their connections now.
                self.callers.clear();
            }
            Request::Ping { number } => {
                let _ = handle.send(Report::Pong { number });
            }
            Request::Upgrade { program, channel } => self.start_successor(program, channel),
            Request::Abandon => self.end_successor(),
            Request::HandOver | Request::Goodbye { .. } => {}
        }
    }

    fn start_child(&mut self, wanted: Spawn) -> Report {
        let token = wanted.token;
        let holds = wanted.held || matches!(&wanted.stdio, Stdio::Pty(pty) if !pty.transient);
        if !has_room(RESERVE) {
            return Report::SpawnFailed { token, errno: Errno::EMFILE as i32 };
        }
        if !wanted.groups.is_empty() && self.refusals.is_none() {
            // Without it a child that cannot enter its groups runs all the same, and nobody is told.
            self.refusals = Refusals::new().ok();
        }
        match spawn(wanted, &self.inherited, self.refusals.as_ref()) {
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

    /// Takes over a child of a keeper that died.
    fn hold_stranger(&mut self, child: HeldChild, handle: &mut Handle) {
        let (token, pid) = (child.token, child.pid);
        self.children.insert(token, child);
        if !self.strangers.watch(token, pid) {
            self.child_ended(token, pid, 0, handle);
        }
    }

    fn note_strangers(&mut self, handle: &mut Handle) {
        for (token, pid, status) in self.strangers.take_ended() {
            self.child_ended(token, pid, status, handle);
        }
    }

    /// Called when the server has closed its end: waits for the end of its process, so that no two
    /// servers read the same pty, and stores its exit status.
    fn server_end(&mut self, signals: &mut SignalFd) -> End {
        self.end_successor();
        self.open_all_gates();
        let Some(pid) = self.server_pid.take() else { return End::Lost };
        let deadline = Instant::now() + Duration::from_millis(u64::from(LAST_WORDS_MS));
        loop {
            match wait_for(pid, true) {
                Some(0) => return End::Goodbye,
                Some(status) => {
                    self.life.status = Some(status).filter(|status| *status != -1);
                    return End::Lost;
                }
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

    /// Watches children of a keeper that died; their parent is another process now.
    pub(super) fn watch_strangers(&mut self) {
        let own = std::process::id().to_string();
        let running = self.children.values().filter(|child| child.status.is_none());
        let running: Vec<(u64, i32)> = running.map(|child| (child.token, child.pid)).collect();
        for (token, pid) in running {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let parent = stat.rsplit(')').next().and_then(|fields| fields.split_whitespace().nth(1));
            if parent == Some(&own) || self.strangers.watch(token, pid) {
                continue;
            }
            if let Some(child) = self.children.get_mut(&token) {
                child.status = Some(0);
            }
            self.untold.push(Report::Exited { token, pid, status: 0 });
        }
    }
}

fn name_process(name: &std::ffi::CStr) {
    let _ = prctl::set_name(name);
}
