//! Helper processes: `run-shell`, `if-shell`, `#()`, `pipe-pane`, copy pipes, popups. A job is
//! finished when its output is closed and its exit status is known.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use crate::model::host::{ExitStatus, JobDone, JobId, JobOutput, JobResult};
use crate::model::kept::Purpose;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::base::{ClientId, Size};

use super::custody::JobStarted;
use super::snapshot::JobRecord;
use super::token::{Poller, Token};
use crate::reactor::Interest;

/// Bytes of typed input queued for one job (a popup's program). More is refused, and the client
/// gets a message. Pipes stop reading their panes long before.
pub(super) const MAX_INPUT: usize = 64 << 20;
/// Bytes of one job's output that outlive the server. Further output from before the server was
/// killed is cut off, which `run-shell` reports.
pub(super) const MAX_SAVED: usize = 64 << 10;
/// Bytes read from one job in one turn.
const SLICE: usize = 64 << 10;

/// Status of a job that could not be started: a shell's status for a command that it cannot run.
const NOT_STARTED: ExitStatus = ExitStatus::Exited(127);

/// A running job.
pub(super) struct Job {
    /// 0 until the keeper reports that it has started.
    pub pid: i32,
    /// Its command line.
    name: String,
    file: Option<std::fs::File>,
    input: VecDeque<u8>,
    /// True if standard input stays open when all was written.
    keep_stdin: bool,
    stdin_closed: bool,
    pty: bool,
    detached: bool,
    gathered: Vec<u8>,
    /// True if output beyond the limit was dropped.
    cut: bool,
    pub output: Option<JobOutput>,
    done: Option<JobDone>,
    status: Option<ExitStatus>,
    /// True if its output is not read for now, because its consumer is behind.
    unread: bool,
    interest: Interest,
    token: u64,
    tty: String,
    /// Operations to do as soon as it has started.
    size: Option<Size>,
    signal: Option<i32>,
    /// From this a later server makes its callbacks.
    kept: Option<Purpose>,
}

/// Parts of a job on a terminal, for the pane that it becomes.
pub(super) struct Freed {
    pub pid: i32,
    pub master: OwnedFd,
    /// The keeper's token for it.
    pub token: u64,
    pub tty: String,
}

/// Parameters of a new job.
pub(super) struct NewJob {
    pub pid: i32,
    pub name: String,
    /// A socket pair's end (both directions) or the master of a terminal; `None`: no output.
    pub fd: Option<OwnedFd>,
    pub stdin: Vec<u8>,
    pub keep_stdin: bool,
    pub pty: bool,
    pub detached: bool,
    pub output: Option<JobOutput>,
    pub done: Option<JobDone>,
    /// The keeper's token for it.
    pub token: u64,
    /// Name of its terminal, if it has one.
    pub tty: String,
    /// Output that the previous server gathered, and true if there was more.
    pub gathered: (Vec<u8>, bool),
    pub kept: Option<Purpose>,
}

/// A finished job, with its gathered output.
pub(super) struct Finished {
    pub id: JobId,
    pub done: Option<JobDone>,
    pub result: JobResult,
    /// Token under which the keeper holds its socket.
    pub held: Option<u64>,
}

#[derive(Default)]
pub(super) struct Jobs {
    jobs: BTreeMap<JobId, Job>,
    next: u64,
}

impl Jobs {
    pub(super) fn add(&mut self, poller: &Poller, new: NewJob) -> io::Result<JobId> {
        self.next += 1;
        let id = JobId(self.next);
        if let Some(fd) = &new.fd {
            set_nonblocking(fd)?;
            poller.add(fd.as_fd(), Token::JobOut(id), Interest::READ)?;
        }
        let job = Job {
            pid: new.pid,
            name: new.name,
            file: new.fd.map(std::fs::File::from),
            input: new.stdin.into(),
            keep_stdin: new.keep_stdin,
            stdin_closed: false,
            pty: new.pty,
            detached: new.detached,
            gathered: new.gathered.0,
            cut: new.gathered.1,
            output: new.output,
            done: new.done,
            status: None,
            unread: false,
            interest: Interest::READ,
            token: new.token,
            tty: new.tty,
            size: None,
            signal: None,
            kept: new.kept,
        };
        self.jobs.insert(id, job);
        self.flush(poller, id);
        Ok(id)
    }

    /// Handles the result of a job's start.
    pub(super) fn started(&mut self, poller: &Poller, token: u64, started: Result<JobStarted, String>) {
        let Some((&id, job)) = self.jobs.iter_mut().find(|(_, job)| job.token == token) else { return };
        let watched = started.map_err(io::Error::other).and_then(|started| {
            (job.pid, job.tty) = (started.pid, started.tty);
            if let Some(fd) = &started.fd {
                set_nonblocking(fd)?;
                poller.add(fd.as_fd(), Token::JobOut(id), Interest::READ)?;
            }
            job.file = started.fd.map(std::fs::File::from);
            Ok(())
        });
        if watched.is_err() {
            job.status = Some(NOT_STARTED);
            return;
        }
        if let (Some(size), Some(fd)) = (job.size.take(), job.fd()) {
            super::proc::set_window_size(fd, size, (0, 0));
        }
        if let Some(signal) = job.signal.take().and_then(|signal| Signal::try_from(signal).ok()) {
            job.send(signal);
        }
        self.flush(poller, id);
    }

    /// Signals a job's processes, as soon as they exist.
    pub(super) fn signal(&mut self, id: JobId, signal: i32) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        match Signal::try_from(signal) {
            Ok(known) if job.pid > 0 => job.send(known),
            _ => job.signal = Some(signal),
        }
    }

    /// Sets the size of a job's terminal, as soon as it exists.
    pub(super) fn resize(&mut self, id: JobId, size: Size) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        match job.fd() {
            Some(fd) => super::proc::set_window_size(fd, size, (0, 0)),
            None => job.size = Some(size),
        }
    }

    pub(super) fn get(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: JobId) -> Option<&mut Job> {
        self.jobs.get_mut(&id)
    }

    /// Queued input of each job for another server, or the reason why not all jobs can be passed on
    /// now.
    pub(super) fn travel(&self) -> Result<Vec<(u64, Vec<u8>)>, String> {
        let input = |job: &Job| {
            if job.pid == 0 && job.status.is_none() {
                return Err(format!("'{}' is being started", job.name));
            }
            match job.record() {
                Some(_) => Ok((job.token, job.input.iter().copied().collect())),
                None => Err(format!("'{}' runs and cannot be handed over", job.name)),
            }
        };
        self.jobs.values().map(input).collect()
    }

    /// The program in a client's popup, as of the previous server.
    pub(super) fn in_popup_of(&self, client: ClientId) -> Option<JobId> {
        let popup = |job: &Job| matches!(job.kept, Some(Purpose::Popup { client: Some(of) }) if of == client);
        self.jobs.iter().find(|(_, job)| popup(job)).map(|(id, _)| *id)
    }

    /// A line for each job, newest first, for `show-messages -J`.
    pub(super) fn describe(&self) -> Vec<String> {
        let line = |(number, job): (usize, &Job)| {
            let fd = job.file.as_ref().map_or(-1, std::os::fd::AsRawFd::as_raw_fd);
            format!("Job {number}: {} [fd={fd}, pid={}, status=0]", job.name, job.pid)
        };
        self.jobs.values().rev().enumerate().map(line).collect()
    }

    pub(super) fn by_pid(&self, pid: i32) -> Option<JobId> {
        self.jobs.iter().find(|(_, j)| j.pid == pid && j.status.is_none()).map(|(id, _)| *id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (JobId, &Job)> {
        self.jobs.iter().map(|(id, job)| (*id, job))
    }

    /// Reports whether some process is running whose end is awaited.
    pub(super) fn hold_the_server(&self) -> bool {
        self.jobs.values().any(|job| !job.detached && job.status.is_none())
    }

    /// Queues input and writes as much as possible. False: too much is queued, nothing was added.
    pub(super) fn write(&mut self, poller: &Poller, id: JobId, bytes: &[u8]) -> bool {
        let room = self.waiting(id) + bytes.len() <= MAX_INPUT;
        if room {
            self.push(poller, id, bytes);
        }
        room
    }

    /// Like `write` without a limit, for a source that limits itself by `waiting`.
    pub(super) fn push(&mut self, poller: &Poller, id: JobId, bytes: &[u8]) {
        if let Some(job) = self.jobs.get_mut(&id).filter(|job| job.file.is_some()) {
            job.input.extend(bytes);
        }
        self.flush(poller, id);
    }

    /// Puts input of another server in front of the queue.
    pub(super) fn push_first(&mut self, poller: &Poller, id: JobId, bytes: &[u8]) {
        if let Some(job) = self.jobs.get_mut(&id).filter(|job| job.file.is_some()) {
            bytes.iter().rev().for_each(|byte| job.input.push_front(*byte));
        }
        self.flush(poller, id);
    }

    /// Bytes of input queued for a job.
    pub(super) fn waiting(&self, id: JobId) -> usize {
        self.jobs.get(&id).map_or(0, |job| job.input.len())
    }

    /// Stops or resumes reading a job's output.
    pub(super) fn set_reading(&mut self, poller: &Poller, id: JobId, reading: bool) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.unread = !reading;
            job.watch(poller, id);
        }
    }

    pub(super) fn close_stdin(&mut self, poller: &Poller, id: JobId) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.keep_stdin = false;
        }
        self.flush(poller, id);
    }

    /// Writes queued input; closes the writing side when all is written and nothing follows.
    pub(super) fn flush(&mut self, poller: &Poller, id: JobId) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let Some(file) = &mut job.file else { return };
        while !job.input.is_empty() {
            match file.write(job.input.as_slices().0) {
                Ok(written) => drop(job.input.drain(..written)),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => job.input.clear(),
            }
        }
        if job.input.is_empty() && !job.keep_stdin && !job.stdin_closed && !job.pty {
            job.stdin_closed = true;
            nix::sys::socket::shutdown(
                std::os::fd::AsRawFd::as_raw_fd(file),
                nix::sys::socket::Shutdown::Write,
            )
            .ok();
        }
        job.watch(poller, id);
    }

    /// Reads a slice of output. Returns it for a consumer; without one, if the job `gathers`,
    /// stores it here. At the end of output the descriptor is closed.
    pub(super) fn read(&mut self, poller: &Poller, id: JobId, gathers: bool) -> Option<Vec<u8>> {
        let job = self.jobs.get_mut(&id)?;
        if job.unread {
            return None;
        }
        let file = job.file.as_mut()?;
        let mut buffer = vec![0; SLICE];
        match file.read(&mut buffer) {
            Ok(0) => self.close(poller, id),
            Ok(len) => {
                buffer.truncate(len);
                if job.output.is_some() || !gathers {
                    return Some(buffer);
                }
                let room = JobResult::MAX_OUTPUT - job.gathered.len();
                job.gathered.extend_from_slice(&buffer[..len.min(room)]);
                job.cut |= len > room;
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            // A terminal whose last process has ended reads EIO.
            Err(_) => self.close(poller, id),
        }
        None
    }

    /// Removes a job that runs on a terminal from the jobs, without ending it.
    pub(super) fn free(&mut self, poller: &Poller, id: JobId) -> Option<Freed> {
        let job = self.jobs.remove(&id)?;
        match job.file {
            Some(file) if job.pty && job.status.is_none() => {
                poller.remove(file.as_fd());
                Some(Freed { pid: job.pid, master: file.into(), token: job.token, tty: job.tty })
            }
            _ => {
                self.jobs.insert(id, job);
                None
            }
        }
    }

    fn close(&mut self, poller: &Poller, id: JobId) {
        if let Some(file) = self.jobs.get_mut(&id).and_then(|job| job.file.take()) {
            poller.remove(file.as_fd());
        }
    }

    /// Records how a process ended.
    pub(super) fn exited(&mut self, id: JobId, status: ExitStatus) {
        if let Some(job) = self.jobs.get_mut(&id) {
            job.status = Some(status);
        }
    }

    /// Takes the finished jobs.
    pub(super) fn take_finished(&mut self) -> Vec<Finished> {
        let over: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|(_, job)| job.file.is_none() && job.status.is_some())
            .map(|(id, _)| *id)
            .collect();
        over.into_iter()
            .filter_map(|id| {
                let job = self.jobs.remove(&id)?;
                let status = job.status?;
                Some(Finished {
                    id,
                    done: job.done,
                    result: JobResult { output: job.gathered, cut: job.cut, status },
                    held: job.kept.is_some().then_some(job.token),
                })
            })
            .collect()
    }
}

impl Job {
    /// Signals its processes. A job without a terminal is in the server's process group, as in
    /// tmux, so that only the shell itself can be signalled.
    fn send(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid);
        if self.pty { killpg(pid, signal) } else { kill(pid, signal) }.ok();
    }

    /// Record for a later server; `None` for a job that ends with this server.
    pub(super) fn record(&self) -> Option<JobRecord<'_>> {
        self.record_up_to(MAX_SAVED)
    }

    /// Like `record`, with at most `limit` bytes of its output.
    pub(super) fn record_up_to(&self, limit: usize) -> Option<JobRecord<'_>> {
        let purpose = self.kept.as_ref().filter(|_| self.status.is_none() || self.file.is_some())?;
        Some(JobRecord {
            token: self.token,
            name: Cow::Borrowed(&self.name),
            purpose: Cow::Borrowed(purpose),
            keep_stdin: self.keep_stdin,
            pty: self.pty,
            detached: self.detached,
            gathered: Cow::Borrowed(&self.gathered[..self.gathered.len().min(limit)]),
            cut: self.cut || self.gathered.len() > limit,
        })
    }

    /// The keeper's token for it.
    pub(super) fn token(&self) -> u64 {
        self.token
    }

    /// Reports whether it has not ended yet.
    pub(super) fn runs(&self) -> bool {
        self.status.is_none()
    }

    fn watch(&mut self, poller: &Poller, id: JobId) {
        let interest = Interest { read: !self.unread, write: !self.input.is_empty() };
        if let Some(file) = self.file.as_ref().filter(|_| interest != self.interest) {
            self.interest = interest;
            poller.set(file.as_fd(), Token::JobOut(id), interest).ok();
        }
    }

    pub(super) fn fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.file.as_ref().map(AsFd::as_fd)
    }
}

/// Makes a descriptor non-blocking.
pub(super) fn set_nonblocking(fd: &impl AsFd) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    if !flags.contains(OFlag::O_NONBLOCK) {
        fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(pid: i32, detached: bool) -> NewJob {
        NewJob {
            pid,
            name: "sleep".to_owned(),
            fd: None,
            stdin: Vec::new(),
            keep_stdin: false,
            pty: false,
            detached,
            output: None,
            done: None,
            token: 0,
            tty: String::new(),
            gathered: Default::default(),
            kept: None,
        }
    }

    #[test]
    fn only_jobs_that_are_waited_for_hold_the_server() {
        let poller = Poller::new().unwrap();
        let mut jobs = Jobs::default();
        jobs.add(&poller, new(1, true)).unwrap();
        assert!(!jobs.hold_the_server());
        let waited = jobs.add(&poller, new(2, false)).unwrap();
        assert!(jobs.hold_the_server());
        jobs.exited(waited, ExitStatus::Exited(0));
        assert!(!jobs.hold_the_server());
    }
}
