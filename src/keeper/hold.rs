//! A keeper without a server: it keeps the terminals, tells clients why there is no server, and finds out
//! which client asks for one.

use super::state::Keeper;
use crate::protocol::custody::{Caller, Handle};
use crate::protocol::fdpass::drain;
use crate::protocol::{ClientFlags, Connection, Message};
use crate::sys::descriptors::{self, receive};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signalfd::SignalFd;
use nix::sys::socket::{SockFlag, getsockopt, sockopt::PeerCredentials};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Maximum number of clients that are served at once; one more replaces the oldest.
const MAX_CALLERS: usize = 64;
/// Maximum number of bytes that one client may send before its command: an environment, with room to
/// spare.
const MAX_SAID: usize = 4 << 20;
/// Maximum time for a client to send its command, and to read the answer.
const PATIENCE: Duration = Duration::from_secs(5);
const READ_SIZE: usize = 64 * 1024;

/// The reason why the keeper stops waiting.
pub(super) enum Wish {
    /// A server has to be started, for these clients.
    Server(Vec<Caller>),
    /// `kill-server`: the keeper has to end.
    End,
    /// The time has run out.
    Nothing,
}

/// A client whose request is being read.
struct Heard {
    caller: Caller,
    connection: Connection,
    flags: ClientFlags,
    since: Instant,
    answered: bool,
}

/// The request of a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Want {
    Unknown,
    Gone,
    Server,
    End,
    Other,
}

impl Keeper {
    /// Waits until there is something to do. With a `line`, clients that ask for no server get the line
    /// as an answer; without it, any client causes a server to be started.
    pub(super) fn hold(
        &mut self,
        signals: &mut SignalFd,
        line: Option<&str>,
        longest: Option<Duration>,
    ) -> Wish {
        let deadline = longest.map(|longest| Instant::now() + longest);
        let mut heard: Vec<Heard> = Vec::new();
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Wish::Nothing;
            }
            wait(&heard, &self.listener, signals, left);
            while let Ok(Some(_)) = signals.read_signal() {}
            self.reap(&mut Handle::default());
            if let Some(socket) = accept(&self.listener) {
                if line.is_none() {
                    return Wish::Server(vec![socket.into()]);
                }
                if heard.len() >= MAX_CALLERS {
                    heard.remove(0);
                }
                heard.push(Heard::new(socket));
            }
            let mut wish = None;
            heard.retain_mut(|client| {
                match client.listen() {
                    Want::Gone => return false,
                    want @ (Want::Server | Want::End) => wish = Some(want),
                    Want::Other => client.answer(1, line.map(str::to_owned)),
                    Want::Unknown => {}
                }
                client.since.elapsed() < PATIENCE
            });
            match wish {
                Some(Want::Server) => {
                    let waiting = heard.into_iter().filter(|client| !client.answered);
                    return Wish::Server(waiting.map(|client| client.caller).collect());
                }
                Some(_) => {
                    heard.iter_mut().for_each(|client| client.answer(0, None));
                    return Wish::End;
                }
                None => {}
            }
        }
    }
}

/// Tells waiting clients that there will be no server.
pub(super) fn disappoint(callers: Vec<Caller>, line: &str) {
    for caller in callers {
        Heard::new(caller.socket).answer(1, Some(line.to_owned()));
    }
}

fn wait(heard: &[Heard], listener: &OwnedFd, signals: &SignalFd, left: Option<Duration>) {
    let mut fds = vec![
        PollFd::new(listener.as_fd(), PollFlags::POLLIN),
        PollFd::new(signals.as_fd(), PollFlags::POLLIN),
    ];
    fds.extend(heard.iter().map(|client| PollFd::new(client.caller.socket.as_fd(), PollFlags::POLLIN)));
    // A client that sends nothing more is dropped when its time is over.
    let patience = (!heard.is_empty()).then_some(PATIENCE);
    let longest = left.into_iter().chain(patience).min();
    let timeout = longest.map_or(PollTimeout::NONE, |time| {
        PollTimeout::try_from(time.as_millis().min(60_000) as i32 + 1).unwrap_or(PollTimeout::MAX)
    });
    let _ = poll(&mut fds, timeout);
}

/// Accepts a connection of this user or of root; others need a server to check their access.
fn accept(listener: &OwnedFd) -> Option<OwnedFd> {
    let socket = descriptors::accept(listener.as_fd(), SockFlag::SOCK_NONBLOCK).ok()?;
    let uid = getsockopt(&socket, PeerCredentials).ok()?.uid();
    (uid == 0 || uid == nix::unistd::getuid().as_raw()).then_some(socket)
}

impl Heard {
    fn new(socket: OwnedFd) -> Self {
        Self {
            caller: socket.into(),
            connection: Connection::default(),
            flags: ClientFlags::empty(),
            since: Instant::now(),
            answered: false,
        }
    }

    /// Reads the client's messages. They are also kept unchanged, for the server.
    fn listen(&mut self) -> Want {
        let mut buffer = [0; READ_SIZE];
        match receive(self.caller.socket.as_fd(), &mut buffer) {
            Ok((0, _)) => return Want::Gone,
            Ok((len, fds)) => {
                if self.answered {
                    return Want::Unknown;
                }
                self.caller.said.extend_from_slice(&buffer[..len]);
                self.caller.passed.extend(fds);
                let taken = self.connection.push_input(&buffer[..len], []);
                if taken.is_err() || self.caller.said.len() > MAX_SAID {
                    return Want::Gone;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Want::Unknown,
            Err(_) => return Want::Gone,
        }
        loop {
            match self.connection.next_message() {
                Ok(Some(Message::IdentifyLongFlags(flags))) => {
                    self.flags |= ClientFlags::from_bits_retain(flags);
                }
                Ok(Some(Message::IdentifyFlags(flags))) => {
                    self.flags |= ClientFlags::from_bits_retain(u64::from(flags as u32));
                }
                Ok(Some(Message::Command(argv))) => return self.want(&argv),
                // The first piece of a long command, whose name is not known yet.
                Ok(Some(Message::CommandPiece(_))) => return self.want(&[String::new()]),
                Ok(Some(Message::Shell(_))) => return Want::Server,
                Ok(Some(_)) => {}
                Ok(None) => return Want::Unknown,
                Err(_) => return Want::Gone,
            }
        }
    }

    /// The client sends a flag that tells whether its command starts a server.
    fn want(&self, argv: &[String]) -> Want {
        let starts = self.flags.contains(ClientFlags::START_SERVER)
            && !self.flags.contains(ClientFlags::NO_START_SERVER);
        match argv.first() {
            Some(name) if name.len() > "kill-se".len() && "kill-server".starts_with(name.as_str()) => {
                Want::End
            }
            _ if starts || argv.is_empty() => Want::Server,
            _ => Want::Other,
        }
    }

    fn answer(&mut self, status: i32, message: Option<String>) {
        self.answered = true;
        self.since = Instant::now();
        // If the client does not read this small answer, there is nothing else to do.
        let _ = self.connection.send(Message::Exit { status: Some(status), message });
        drain(&mut self.connection, self.caller.socket.as_fd());
    }
}
