//! The server's connection to the keeper, which starts and signals programs and reports how they
//! ended.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::base::text::from_bytes;
use crate::base::{PaneId, Size};
use crate::model::host::{ExitStatus, JobInput, JobReads, JobRequest, SpawnRequest};
use crate::protocol::custody::{Handle, Part, Pty, Report, Request, Spawn, Stdio};

use crate::protocol::fdpass::has_room;

use super::scopes::SpawnTarget;
use super::token::{Poller, Token};
use crate::reactor::Interest;

/// Longest wait for a start, after the keeper has answered a ping, before the server gives up on
/// it, in milliseconds. A keeper forks in a millisecond; only a machine without memory takes
/// longer.
const PATIENCE_MS: u16 = 3000;
/// Descriptors that the server keeps free for clients and files when panes use up the rest.
const RESERVE: usize = 48;
/// While this many more descriptors are free, the next `CHECKS` checks of the turn need not count them. A
/// start is checked at most three times and opens at most four descriptors.
const MARGIN: usize = 128;
const CHECKS: u32 = 60;
/// First token of jobs; panes use their own numbers, which are smaller.
const FIRST_JOB: u64 = 1 << 40;

/// A started pane.
pub(super) struct PaneStarted {
    pub pid: i32,
    pub tty: String,
    pub master: OwnedFd,
    /// True if it runs in the requested cgroups.
    pub contained: bool,
}

/// A started job.
pub(super) struct JobStarted {
    pub pid: i32,
    pub fd: Option<OwnedFd>,
    /// Name of its terminal, if it has one.
    pub tty: String,
}

/// Answers to a start.
enum Started {
    Yes { pid: i32, tty: String, contained: bool, fd: OwnedFd },
    No(i32),
}

pub(super) struct Custody {
    socket: OwnedFd,
    handle: Handle,
    next_job: u64,
    /// Ends that were reported while the server waited for an answer.
    ended: VecDeque<(i32, ExitStatus)>,
    /// True while there is no keeper: nothing can be started.
    pub lost: bool,
    /// Parts that killed earlier servers, which this one leaves out.
    left_out: Vec<Part>,
    answered: bool,
    /// Checks of this turn that need not count free descriptors: there are enough.
    spare_checks: Cell<u32>,
    /// True if the keeper has answered in this turn, and so will answer a start at once.
    attentive: bool,
    /// Number of the newest ping, until it is answered.
    asked: Option<u64>,
    next_ping: u64,
    /// Tokens of starts without a waiter, and their results.
    starting: BTreeSet<u64>,
    started: VecDeque<(u64, Result<JobStarted, String>)>,
    /// Tokens of children that could not enter their cgroups.
    uncontained: Vec<u64>,
    /// True if the poller watches for room to write.
    writing: bool,
    /// Reports of the keeper about an upgrade.
    news: Vec<News>,
}

/// Progress of an upgrade.
pub(super) enum News {
    /// The keeper could not become the new program, for this reason.
    KeeperStays(String),
    /// The next server has ended before it took over.
    SuccessorEnded(ExitStatus),
}

impl Custody {
    pub(super) fn new(socket: OwnedFd) -> io::Result<Self> {
        super::jobs::set_nonblocking(&socket)?;
        Ok(Self {
            socket,
            handle: Handle::default(),
            next_job: FIRST_JOB,
            ended: VecDeque::new(),
            lost: false,
            left_out: Vec::new(),
            answered: false,
            attentive: false,
            spare_checks: Cell::new(0),
            asked: None,
            next_ping: 0,
            starting: BTreeSet::new(),
            started: VecDeque::new(),
            uncontained: Vec::new(),
            writing: false,
            news: Vec::new(),
        })
    }

    /// Begins to load the state of the previous server, except these parts.
    pub(super) fn begin_taking(&mut self, left_out: Vec<Part>) {
        self.left_out = left_out;
    }

    /// Tells the keeper that this part is loaded next, so that the keeper knows which part kills a
    /// server. False: the part must be left out.
    pub(super) fn takes(&mut self, part: Part) -> bool {
        let wanted = !self.leaves_out(part);
        if wanted {
            self.send(Request::Taking { part }).ok();
            die_if_told(part);
        }
        wanted
    }

    pub(super) fn leaves_out(&self, part: Part) -> bool {
        let all = match part {
            Part::Checkpoint(_) => Part::Checkpoints,
            Part::Log(_) => Part::Logs,
            other => other,
        };
        self.left_out.contains(&part) || self.left_out.contains(&all)
    }

    /// Tells the keeper, once, that this server answers clients and so is healthy.
    pub(super) fn note_answer(&mut self) {
        if !std::mem::replace(&mut self.answered, true) {
            self.send(Request::Answered).ok();
        }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Starts a pane's program and waits for the answer.
    pub(super) fn spawn_pane(
        &mut self,
        pane: PaneId,
        request: &SpawnRequest,
        target: SpawnTarget,
    ) -> Result<PaneStarted, String> {
        let (program, argv) = pane_argv(request);
        let mut env = request.environ.clone();
        // A path as long as this names no directory: the program starts in the home directory, as it does
        // if the directory does not exist.
        let has_directory = request.cwd.len() < libc::PATH_MAX as usize;
        if !has_directory {
            env.retain(|(name, _)| name != "PWD");
        }
        let spawn = Spawn {
            token: u64::from(pane.0),
            program,
            argv,
            env,
            cwd: Some(if has_directory { request.cwd.clone() } else { String::new() }),
            home: Some(super::proc::home()).filter(|home| !home.is_empty()),
            stdio: Stdio::Pty(Pty {
                erase: Some(request.erase),
                control_chars: request.control_chars.clone(),
                ..pty(request.size, request.cell_pixels)
            }),
            cgroup: target.cgroup,
            groups: target.groups.iter().map(|dir| from_bytes(dir.as_os_str().as_bytes())).collect(),
            oom_score_adj: target.oom_score_adj,
            gated: target.gated,
            held: false,
        };
        let started = self.start(spawn)?;
        Ok(PaneStarted { pid: started.0, tty: started.1, contained: started.2, master: started.3 })
    }

    /// Reports whether a program can be started without waiting for the keeper. If not, sends a
    /// ping, whose answer wakes the loop.
    pub(super) fn is_attentive(&mut self) -> bool {
        if self.attentive || self.lost {
            return true;
        }
        if self.asked.is_none() {
            self.next_ping += 1;
            self.asked = Some(self.next_ping);
            self.send(Request::Ping { number: self.next_ping }).ok();
        }
        false
    }

    /// Reports whether a ping is unanswered, so that a command waits for the keeper.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// Called when a turn begins: forgets that the keeper answered in the turn before.
    pub(super) fn begin_turn(&mut self) {
        self.attentive = false;
        self.spare_checks.set(0);
    }

    /// Starts a job. If the result is `None`, `take_started` returns the answer later, under this
    /// token.
    pub(super) fn spawn_job(&mut self, request: &JobRequest) -> Result<(u64, Option<JobStarted>), String> {
        let spawn = self.job(request);
        let token = spawn.token;
        if self.attentive {
            let (pid, tty, _, fd) = self.start(spawn)?;
            return Ok((token, Some(JobStarted { pid, fd: Some(fd), tty })));
        }
        self.ask_to_start(spawn)?;
        self.starting.insert(token);
        Ok((token, None))
    }

    /// Takes the panes whose programs run but could not enter their cgroups.
    pub(super) fn take_uncontained(&mut self) -> Vec<PaneId> {
        let tokens = std::mem::take(&mut self.uncontained);
        tokens.into_iter().filter_map(|token| u32::try_from(token).ok()).map(PaneId).collect()
    }

    /// Takes the result of a start without a waiter.
    pub(super) fn take_started(&mut self) -> Option<(u64, Result<JobStarted, String>)> {
        self.started.pop_front()
    }

    fn job(&mut self, request: &JobRequest) -> Spawn {
        self.next_job += 1;
        let (program, argv) = match &request.command {
            Some(command) => {
                let name = request.shell.rsplit('/').next().unwrap_or("sh").to_owned();
                (request.shell.clone(), vec![name, "-c".to_owned(), command.clone()])
            }
            None => (request.argv.first().cloned().unwrap_or_default(), request.argv.clone()),
        };
        let stdio = match request.pty {
            Some(size) => Stdio::Pty(Pty { transient: true, ..pty(size, (0, 0)) }),
            None => Stdio::Socket {
                stdin: !matches!(request.input, JobInput::Nothing),
                stdout: request.reads != JobReads::Nothing,
                stderr: request.reads == JobReads::StdoutAndStderr,
            },
        };
        Spawn {
            token: self.next_job,
            program,
            argv,
            env: request.environ.clone(),
            cwd: Some(request.cwd.clone()).filter(|cwd| !cwd.is_empty()),
            home: Some(super::proc::home()).filter(|home| !home.is_empty()),
            stdio,
            cgroup: None,
            groups: Vec::new(),
            oom_score_adj: None,
            gated: false,
            held: request.kept.is_some(),
        }
    }

    /// The reason why nothing can be started now, if so.
    pub(super) fn can_start(&self) -> Result<(), String> {
        if self.lost {
            return Err("the keeper is gone".to_owned());
        }
        let checks = self.spare_checks.get();
        if checks > 0 {
            self.spare_checks.set(checks - 1);
            return Ok(());
        }
        let roomy = has_room(RESERVE + MARGIN);
        if !roomy && !has_room(RESERVE) {
            return Err(crate::sys::error::strerror(libc::EMFILE));
        }
        self.spare_checks.set(if roomy { CHECKS } else { 0 });
        Ok(())
    }

    fn ask_to_start(&mut self, spawn: Spawn) -> Result<(), String> {
        self.can_start()?;
        self.send(Request::Spawn(Box::new(spawn)))
    }

    fn start(&mut self, spawn: Spawn) -> Result<(i32, String, bool, OwnedFd), String> {
        let token = spawn.token;
        self.ask_to_start(spawn)?;
        match self.wait_for(token)? {
            Started::Yes { pid, tty, contained, fd } => Ok((pid, tty, contained, fd)),
            Started::No(errno) => Err(crate::sys::error::strerror(errno)),
        }
    }

    fn send(&mut self, request: Request) -> Result<(), String> {
        self.handle.send(request).map_err(|e| e.to_string())?;
        self.flush();
        Ok(())
    }

    /// Writes queued requests to the keeper as far as possible.
    pub(super) fn flush(&mut self) {
        if self.handle.drain(self.socket.as_fd()).is_err() {
            self.lost = true;
        }
    }

    /// Waits for the answer to a start; stores other reports.
    fn wait_for(&mut self, token: u64) -> Result<Started, String> {
        let started = self.await_answer(token);
        self.note_received();
        started
    }

    fn await_answer(&mut self, token: u64) -> Result<Started, String> {
        loop {
            match self.handle.next_parcel() {
                Ok(Some(Report::Spawned { token: t, pid, tty, contained, fd })) if t == token => {
                    return Ok(Started::Yes { pid, tty, contained, fd });
                }
                Ok(Some(Report::SpawnFailed { token: t, errno })) if t == token => {
                    return Ok(Started::No(errno));
                }
                Ok(Some(report)) => self.note(report),
                Ok(None) => {
                    let mut flags = PollFlags::POLLIN;
                    flags.set(PollFlags::POLLOUT, self.handle.wants_write());
                    let mut fds = [PollFd::new(self.socket.as_fd(), flags)];
                    match poll(&mut fds, PollTimeout::from(PATIENCE_MS)) {
                        Ok(0) => return Err("the keeper does not answer".to_owned()),
                        Err(nix::errno::Errno::EINTR) => continue,
                        Err(error) => return Err(crate::sys::error::strerror(error as i32)),
                        Ok(_) => {}
                    }
                    self.flush();
                    if !matches!(self.handle.fill(self.socket.as_fd()), Ok(true)) {
                        self.lost = true;
                        return Err("the keeper is gone".to_owned());
                    }
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Reads the keeper's reports: ends of children.
    pub(super) fn receive(&mut self) {
        if !matches!(self.handle.fill(self.socket.as_fd()), Ok(true)) {
            self.lost = true;
        }
        self.note_received();
    }

    fn note_received(&mut self) {
        while let Ok(Some(report)) = self.handle.next_parcel() {
            self.note(report);
        }
    }

    fn note(&mut self, report: Report) {
        match report {
            Report::Exited { pid, status, .. } => self.ended.push_back((pid, exit_status(status))),
            Report::Pong { number } if self.asked == Some(number) => {
                self.asked = None;
                self.attentive = true;
            }
            Report::Spawned { token, pid, tty, fd, .. } if self.starting.remove(&token) => {
                self.started.push_back((token, Ok(JobStarted { pid, fd: Some(fd), tty })));
            }
            Report::SpawnFailed { token, errno } if self.starting.remove(&token) => {
                self.started.push_back((token, Err(crate::sys::error::strerror(errno))));
            }
            // The server gave up on this start: nobody uses the program.
            Report::Spawned { token, .. } => {
                let signal = libc::SIGKILL;
                self.send(Request::Signal { token, signal, group: true }).ok();
                self.release(token);
            }
            Report::Pong { .. } | Report::SpawnFailed { .. } => {}
            Report::UpgradeFailed { errno } => {
                let why = crate::sys::error::strerror(errno);
                self.news.push(News::KeeperStays(why));
            }
            Report::NotContained { token } => self.uncontained.push(token),
            Report::SuccessorEnded { status } => self.news.push(News::SuccessorEnded(exit_status(status))),
        }
    }

    /// Continues with another keeper after the first one died. Pending starts are lost; their
    /// waiters get an error.
    pub(super) fn renew(&mut self, socket: OwnedFd) -> io::Result<()> {
        super::jobs::set_nonblocking(&socket)?;
        for token in std::mem::take(&mut self.starting) {
            self.started.push_back((token, Err("the keeper is gone".to_owned())));
        }
        self.socket = socket;
        self.handle = Handle::default();
        (self.asked, self.attentive, self.writing, self.lost) = (None, false, false, false);
        if self.answered {
            self.send(Request::Answered).ok();
        }
        Ok(())
    }

    /// Asks the keeper to hold a child of the previous keeper.
    pub(super) fn hold(&mut self, token: u64, pid: i32, tty: String, master: Option<OwnedFd>) {
        self.send(Request::Hold { token, pid, tty, master }).ok();
    }

    /// Watches for room in the socket while output is queued.
    pub(super) fn watch(&mut self, poller: &Poller) {
        self.flush();
        let writing = self.handle.wants_write() && !self.lost;
        if writing != self.writing {
            self.writing = writing;
            poller.set(self.socket.as_fd(), Token::Keeper, Interest { read: true, write: writing }).ok();
        }
    }

    /// Reports whether the end of a child is known and not taken yet. Such an end may have been read while
    /// the server waited for the answer to a start, so the socket may not become readable for it again.
    pub(super) fn has_ended(&self) -> bool {
        !self.ended.is_empty() || !self.started.is_empty() || !self.news.is_empty()
    }

    /// Takes the end of one child: its process id and status.
    pub(super) fn take_ended(&mut self) -> Option<(i32, ExitStatus)> {
        self.ended.pop_front()
    }

    /// Tells the keeper to close a pane's terminal too.
    pub(super) fn close_pane(&mut self, pane: PaneId) {
        self.send(Request::Release { token: u64::from(pane.0) }).ok();
    }

    /// Tells the keeper that a job became a pane.
    pub(super) fn adopt_job(&mut self, job: u64, pane: PaneId, master: OwnedFd) {
        self.send(Request::Adopt { job, token: u64::from(pane.0), master }).ok();
    }

    /// Tells the keeper to let a pane's program run, which waits at its gate.
    pub(super) fn open_gate(&mut self, pane: PaneId) {
        self.send(Request::Open { token: u64::from(pane.0) }).ok();
    }

    /// Reserves the token of a job of the previous server.
    pub(super) fn note_job(&mut self, token: u64) {
        self.next_job = self.next_job.max(token);
    }

    /// Asks the keeper to forget a job, or a child of the previous server.
    pub(super) fn release(&mut self, token: u64) {
        self.send(Request::Release { token }).ok();
    }

    /// Asks for this program to be started as the next server.
    pub(super) fn upgrade(&mut self, program: String, channel: OwnedFd) -> Result<(), String> {
        self.can_start()?;
        self.send(Request::Upgrade { program, channel })
    }

    /// Tells the keeper that the next server takes over. False: the keeper cannot be reached.
    pub(super) fn hand_over(&mut self) -> bool {
        let deadline = std::time::Instant::now() + std::time::Duration::from_millis(PATIENCE_MS.into());
        let mut sent = self.send(Request::HandOver).is_ok();
        while sent && !self.lost && self.handle.wants_write() && std::time::Instant::now() < deadline {
            let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLOUT)];
            sent = poll(&mut fds, 50u16).is_ok();
            self.flush();
        }
        sent && !self.lost && !self.handle.wants_write()
    }

    /// Cancels the next server.
    pub(super) fn abandon(&mut self) {
        self.send(Request::Abandon).ok();
    }

    /// Takes the keeper's reports about an upgrade since the last call.
    pub(super) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Leaves a snapshot for the next server.
    pub(super) fn deposit(&mut self, snapshot: OwnedFd) {
        self.send(Request::Deposit { snapshot }).ok();
    }

    /// Leaves the journal of a pane for the next server. It is sent with the next request, or by `flush`:
    /// the keeper wakes once for the pane.
    pub(super) fn keep_journal(&mut self, pane: PaneId, journal: OwnedFd) {
        self.handle.send(Request::Journal { token: u64::from(pane.0), journal }).ok();
    }

    /// Tells the keeper that the server ends for good, and which of its cgroups to remove.
    pub(super) fn goodbye(&mut self, groups: &[PathBuf]) {
        let groups = groups.iter().map(|dir| from_bytes(dir.as_os_str().as_bytes())).collect();
        self.send(Request::Goodbye { groups }).ok();
    }

    /// Passes a new listening socket to the keeper.
    pub(super) fn new_listener(&mut self, listener: OwnedFd) {
        self.send(Request::Listener { listener }).ok();
    }
}

/// Lets tests kill servers with a part that they load.
fn die_if_told(part: Part) {
    if cfg!(debug_assertions) && std::env::var("SCOPEMUX_DIE_OF").is_ok_and(|of| of == format!("{part:?}")) {
        std::process::abort();
    }
}

/// Converts a wait status.
pub(super) fn exit_status(status: i32) -> ExitStatus {
    if libc::WIFSIGNALED(status) {
        ExitStatus::Signaled(libc::WTERMSIG(status))
    } else {
        ExitStatus::Exited(libc::WEXITSTATUS(status))
    }
}

/// Program and arguments of a pane: no argument means a login shell, one is a command for the
/// shell, several are executed directly.
fn pane_argv(request: &SpawnRequest) -> (String, Vec<String>) {
    let base = request.shell.rsplit('/').next().unwrap_or("sh").to_owned();
    match request.argv.as_slice() {
        [] => (request.shell.clone(), vec![format!("-{base}")]),
        [command] => (request.shell.clone(), vec![base, "-c".to_owned(), command.clone()]),
        [program, ..] => (program.clone(), request.argv.clone()),
    }
}

fn pty(size: Size, cell_pixels: (u32, u32)) -> Pty {
    let clamp = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    Pty {
        cols: clamp(size.cols),
        rows: clamp(size.rows),
        xpixel: clamp(size.cols.saturating_mul(cell_pixels.0)),
        ypixel: clamp(size.rows.saturating_mul(cell_pixels.1)),
        ..Pty::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

    #[test]
    fn ends_that_come_before_an_answer_are_known() {
        let (ours, theirs) =
            socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC).unwrap();
        let mut custody = Custody::new(ours).unwrap();
        let mut keeper = Handle::default();
        let fd = theirs.try_clone().unwrap();
        keeper.send(Report::Exited { token: 1, pid: 11, status: 0 }).unwrap();
        keeper.send(Report::NotContained { token: 3 }).unwrap();
        keeper.send(Report::Spawned { token: 2, pid: 12, tty: String::new(), contained: false, fd }).unwrap();
        keeper.drain(theirs.as_fd()).unwrap();
        assert!(custody.wait_for(2).is_ok());
        assert!(custody.has_ended());
        let ended: Vec<i32> = std::iter::from_fn(|| custody.take_ended()).map(|(pid, _)| pid).collect();
        assert_eq!(ended, [11]);
        assert_eq!(custody.take_uncontained(), [PaneId(3)]);
        assert!(!custody.has_ended());
    }
}
