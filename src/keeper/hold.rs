//! A keeper without a server: it holds on to what it has, says to who connects that there is no
//! server and why, and finds out who asks for one.

use super::held::Keeper;
use crate::protocol::custody::{Caller, Handle};
use crate::protocol::fdpass::{drain, receive};
use crate::protocol::{ClientFlags, Connection, Message};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signalfd::SignalFd;
use nix::sys::socket::{SockFlag, accept4, getsockopt, sockopt::PeerCredentials};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// Clients that are heard at once; the oldest goes for one more.
const MAX_CALLERS: usize = 64;
/// Bytes that one client may say before its command: an environment, with room to spare.
const MAX_SAID: usize = 4 << 20;
/// How long a client may take for its command, and to take its answer.
const PATIENCE: Duration = Duration::from_secs(5);
const READ_SIZE: usize = 64 * 1024;

/// Why the keeper goes on.
pub(super) enum Wish {
    /// A server is to be started, for these clients.
    Server(Vec<Caller>),
    /// `kill-server`: everything is to end.
    End,
    /// The time is over.
    Nothing,
}

/// A client while it is heard.
struct Heard {
    caller: Caller,
    connection: Connection,
    flags: ClientFlags,
    since: Instant,
    answered: bool,
}

/// What a client wants, once it has said so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Want {
    Unknown,
    Gone,
    Server,
    End,
    Other,
}

impl Keeper {
    /// Waits until there is something to do. With a `line` clients that ask for no server get
    /// it for an answer; without one any client is a reason to start a server.
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

/// Tells clients that were to get a server that there is none.
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
    // Who says nothing more goes when its time is over.
    let patience = (!heard.is_empty()).then_some(PATIENCE);
    let longest = left.into_iter().chain(patience).min();
    let timeout = longest.map_or(PollTimeout::NONE, |time| {
        PollTimeout::try_from(time.as_millis().min(60_000) as i32 + 1).unwrap_or(PollTimeout::MAX)
    });
    let _ = poll(&mut fds, timeout);
}

/// A connection of this user or of root; others are for a server to judge.
fn accept(listener: &OwnedFd) -> Option<OwnedFd> {
    let raw = accept4(listener.as_raw_fd(), SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK).ok()?;
    let socket = super::adopt(raw)?;
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

    /// Takes what the client says. It is kept as it came, for the server.
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
                // The first piece of a long one, which says nothing of its name.
                Ok(Some(Message::CommandPiece(_))) => return self.want(&[String::new()]),
                Ok(Some(Message::Shell(_))) => return Want::Server,
                Ok(Some(_)) => {}
                Ok(None) => return Want::Unknown,
                Err(_) => return Want::Gone,
            }
        }
    }

    /// The client itself knows best whether its command starts a server.
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
        // A client that does not take this small answer would take no other.
        let _ = self.connection.send(Message::Exit { status: Some(status), message });
        drain(&mut self.connection, self.caller.socket.as_fd());
    }
}
