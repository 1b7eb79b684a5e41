//! Clients that come while a server takes up what a server that died left. They are served when that is
//! done; if it takes long, those with a terminal as standard error see there how far it is.
//!
//! The line is written to the terminal directly and not through the client, and erased before the server
//! writes to the client. A terminal that is taken over drops what it has not read (`Tty::start`), so the line
//! is erased again there.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::socket::{SockFlag, getsockopt, sockopt::PeerCredentials};

use crate::command::progress::Meter;
use crate::protocol::custody::Caller;
use crate::sys::descriptors;

/// Time until the line is first shown, and between its updates.
const FIRST: Duration = Duration::from_millis(700);
const EVERY: Duration = Duration::from_millis(300);
/// Most clients that are accepted meanwhile; more wait in the socket's own queue, without a line.
const MAX_EARLY: usize = 64;

/// Clears the line that the cursor is in.
pub(super) const ERASE_LINE: &str = "\r\x1b[K";

/// What is left to do when the server has taken up everything.
pub(super) struct Served {
    /// Clients to serve, in the order in which they came.
    pub callers: Vec<Caller>,
    /// Processes to whose terminal the line was written.
    pub saw_line: Vec<i32>,
}

/// See the module comment.
pub(super) struct Newcomers {
    began: Instant,
    due: Instant,
    /// Clients to serve, in the order in which they came.
    clients: Vec<Newcomer>,
    is_shown: bool,
}

struct Newcomer {
    caller: Caller,
    pid: Option<i32>,
    /// Standard error, if that is a terminal, and its name below `/proc`.
    errors: Option<(File, PathBuf)>,
}

impl Newcomers {
    /// `callers`: clients that came before this server was started.
    pub(super) fn new(callers: Vec<Caller>) -> Self {
        let began = Instant::now();
        let clients = callers.into_iter().map(Newcomer::from).collect();
        Self { began, due: began + FIRST, clients, is_shown: false }
    }

    /// Shows how far the server is, if it is time for that. `share`: panes that are taken up, of all;
    /// `bytes`: of their histories.
    pub(super) fn show(&mut self, listener: Option<BorrowedFd<'_>>, share: (u64, u64), bytes: u64) {
        let now = Instant::now();
        if now < self.due {
            return;
        }
        self.due = now + EVERY;
        listener.into_iter().for_each(|listener| self.accept(listener));
        let meter = Meter::default();
        meter.set(share, bytes);
        let text = meter.text((now - self.began).as_millis() as u64);
        self.is_shown = true;
        self.write(&format!("\rrecovering: {text}\x1b[K"));
    }

    fn accept(&mut self, listener: BorrowedFd<'_>) {
        while self.clients.len() < MAX_EARLY
            && let Ok(socket) = descriptors::accept(listener, SockFlag::empty())
        {
            self.clients.push(Newcomer::from(Caller::from(socket)));
        }
    }

    /// Writes to the terminals of clients that still run. A terminal that takes nothing is skipped. A
    /// client that comes back connects twice, first to see whether there is a server: so what counts is
    /// not whether the connection is open.
    fn write(&mut self, text: &str) {
        for Newcomer { errors, .. } in &mut self.clients {
            match errors {
                Some((terminal, name)) if name.symlink_metadata().is_ok() => {
                    _ = terminal.write_all(text.as_bytes());
                }
                _ => *errors = None,
            }
        }
    }

    /// Erases the line.
    pub(super) fn end(mut self) -> Served {
        if self.is_shown {
            self.write(ERASE_LINE);
        }
        let saw_line = self.clients.iter().filter(|client| self.is_shown && client.errors.is_some());
        let saw_line = saw_line.filter_map(|client| client.pid).collect();
        Served { callers: self.clients.into_iter().map(|client| client.caller).collect(), saw_line }
    }
}

impl From<Caller> for Newcomer {
    fn from(caller: Caller) -> Self {
        let pid = getsockopt(&caller.socket, PeerCredentials).ok().map(|peer| peer.pid());
        Self { caller, pid, errors: pid.and_then(errors_of) }
    }
}

fn errors_of(pid: i32) -> Option<(File, PathBuf)> {
    let name = PathBuf::from(format!("/proc/{pid}/fd/2"));
    let flags = libc::O_NOCTTY | libc::O_NONBLOCK | libc::O_CLOEXEC;
    let errors = OpenOptions::new().write(true).custom_flags(flags).open(&name);
    Some((errors.ok().filter(IsTerminal::is_terminal)?, name))
}
