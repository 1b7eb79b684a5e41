//! A keeper that starts no program: a test has the other end of each terminal and socket, and says what the
//! program prints and how it ends.
//!
//! The server waits for the answer to a start, so a thread answers. It shares everything with the test,
//! which answers what has come before it looks at anything: the order of things does not depend on threads.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use parking_lot::Mutex;

use crate::protocol::custody::{Handle, Report, Request, Spawn, Stdio};

/// Process number of the first program: beyond all that the kernel gives, so that no signal of the server
/// reaches a process.
const FIRST_PID: i32 = 100_000_000;

/// See the module comment.
pub(super) struct Keeper(Arc<Mutex<State>>);

struct State {
    socket: UnixStream,
    handle: Handle,
    /// By the server's tokens.
    programs: BTreeMap<u64, Program>,
    started: i32,
    /// Error with which further starts fail, if they do.
    refuses: Option<i32>,
}

/// A program that a server started.
struct Program {
    pid: i32,
    spawn: Box<Spawn>,
    /// The other end of its terminal or socket, until the program has ended.
    file: Option<UnixStream>,
    /// What the server wrote to it.
    received: Vec<u8>,
}

impl Keeper {
    /// The keeper, and the server's end of the connection.
    pub(super) fn start() -> (Self, OwnedFd) {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        let socket = ours.try_clone().expect("a descriptor");
        let programs = BTreeMap::new();
        let state = State { socket, handle: Handle::default(), programs, started: 0, refuses: None };
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        std::thread::spawn(move || {
            let mut open = true;
            while open {
                let mut fds = [PollFd::new(ours.as_fd(), PollFlags::POLLIN)];
                poll(&mut fds, PollTimeout::NONE).ok();
                open = shared.lock().serve();
            }
        });
        (Self(state), theirs.into())
    }

    /// Answers the requests that have come.
    pub(super) fn serve(&self) {
        self.0.lock().serve();
    }

    /// Makes further starts fail with this error, or succeed again.
    pub(super) fn refuse(&self, errno: Option<i32>) {
        self.0.lock().refuses = errno;
    }

    /// Writes to a program's standard output. Panics if the server does not take it.
    pub(super) fn print(&self, token: u64, mut bytes: &[u8], mut server: impl FnMut()) {
        while !bytes.is_empty() {
            let written = self.0.lock().file(token).write(bytes);
            match written {
                Ok(len) => bytes = &bytes[len..],
                // The server has to read first.
                Err(error) if error.kind() == ErrorKind::WouldBlock => server(),
                Err(error) => panic!("program {token} cannot print: {error}"),
            }
        }
    }

    /// Takes what the server has written to a program.
    pub(super) fn received(&self, token: u64) -> Vec<u8> {
        let mut state = self.0.lock();
        state.read(token);
        std::mem::take(&mut state.program(token).received)
    }

    /// Ends a program with this wait status. What it printed stays to be read.
    pub(super) fn end(&self, token: u64, status: i32) {
        let mut state = self.0.lock();
        state.read(token);
        let program = state.program(token);
        program.file = None;
        let pid = program.pid;
        state.send(Report::Exited { token, pid, status });
    }

    /// Tokens of the programs that run, in the order of their numbers.
    pub(super) fn running(&self) -> Vec<u64> {
        let state = self.0.lock();
        let running = state.programs.iter().filter(|(_, program)| program.file.is_some());
        running.map(|(token, _)| *token).collect()
    }

    /// The arguments of a program.
    pub(super) fn argv(&self, token: u64) -> Vec<String> {
        self.0.lock().program(token).spawn.argv.clone()
    }
}

impl State {
    /// Answers the requests that have come. False: the server is gone.
    fn serve(&mut self) -> bool {
        let open = matches!(self.handle.fill(self.socket.as_fd()), Ok(true));
        while let Ok(Some(request)) = self.handle.next_parcel() {
            self.answer(request);
        }
        open
    }

    fn answer(&mut self, request: Request) {
        match request {
            Request::Spawn(spawn) => self.spawn(spawn),
            Request::Ping { number } => self.send(Report::Pong { number }),
            // The server has closed the terminal: the program gets a SIGHUP, and nobody asks how it ends.
            Request::Release { token } => drop(self.programs.remove(&token)),
            Request::Adopt { job, token, .. } => {
                let program = self.programs.remove(&job).expect("a job that runs becomes a pane");
                self.programs.insert(token, program);
            }
            // Nothing is kept for a next server.
            _ => {}
        }
    }

    fn spawn(&mut self, spawn: Box<Spawn>) {
        let token = spawn.token;
        if let Some(errno) = self.refuses {
            return self.send(Report::SpawnFailed { token, errno });
        }
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        ours.set_nonblocking(true).expect("a socket");
        let pid = FIRST_PID + self.started;
        self.started += 1;
        let tty = match spawn.stdio {
            Stdio::Pty(_) => format!("/dev/pts/{}", 1000 + self.started),
            Stdio::Socket { .. } => String::new(),
        };
        self.programs.insert(token, Program { pid, spawn, file: Some(ours), received: Vec::new() });
        self.send(Report::Spawned { token, pid, tty, contained: true, fd: theirs.into() });
    }

    fn send(&mut self, report: Report) {
        self.handle.send(report).expect("a report fits");
        // A server that is gone needs no report.
        self.handle.drain(self.socket.as_fd()).ok();
    }

    fn program(&mut self, token: u64) -> &mut Program {
        self.programs.get_mut(&token).unwrap_or_else(|| panic!("there is no program {token}"))
    }

    fn file(&mut self, token: u64) -> &mut UnixStream {
        self.program(token).file.as_mut().unwrap_or_else(|| panic!("program {token} has ended"))
    }

    fn read(&mut self, token: u64) {
        let program = self.program(token);
        let Some(file) = &mut program.file else { return };
        let mut buffer = [0; 4096];
        while let Ok(len @ 1..) = file.read(&mut buffer) {
            program.received.extend_from_slice(&buffer[..len]);
        }
    }
}
