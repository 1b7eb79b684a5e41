//! The client's session with a server: one loop over the connection, signals and files.

use super::exit::Reason;
use super::files::Files;
use super::log::Log;
use super::signals;
use super::waiting::{Token, Waiting};
use crate::base::text::to_bytes;
use crate::protocol::fdpass::{Progress, drain, fill};
use crate::protocol::{ClientFlags, Connection, Message, ProtocolError};
use crate::reactor::Interest;
use nix::sys::signal::Signal;
use smallvec::SmallVec;
use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::process::Command;

/// Messages of the server are not read while this many bytes are still to be written.
const MAX_UNWRITTEN: usize = 4 * 1024 * 1024;

/// Exit status of a client whose user stopped its command; shells use it for SIGINT.
const STOPPED: i32 = 130;

/// The last action of the process.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Afterwards {
    #[default]
    Exit,
    /// Send SIGHUP to the parent first.
    HangUpParent,
    /// Execute this command, with this shell.
    Exec { command: String, shell: String },
    /// Execute the shell that runs the command of `-c`.
    Shell(String),
}

/// Result of a session.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub reason: Reason,
    pub status: i32,
    pub afterwards: Afterwards,
    pub attached: bool,
    /// The server closed the connection without accepting it: it was about to end, and ran nothing.
    pub untaken: bool,
    /// The flags that the server set last.
    pub flags: ClientFlags,
    /// Number of the session that is shown and this client's flags, if the server sends them.
    pub session: Option<(u32, ClientFlags)>,
}

/// A client that is connected to a server.
pub(super) struct Session<'a> {
    socket: OwnedFd,
    connection: Connection,
    waiting: &'a mut Waiting,
    files: Files,
    outcome: Outcome,
    suspended: bool,
    /// The server ended this client; its files are still being written.
    exiting: bool,
    done: bool,
    /// A message has been received.
    heard: bool,
    /// C-c ends the client: its command is one of `STOPPABLE`, or the server says so.
    pub stoppable: bool,
    log: Log,
}

impl<'a> Session<'a> {
    /// Makes a session on a connected socket. Messages may already be queued in `connection`.
    pub(super) fn new(
        socket: OwnedFd,
        connection: Connection,
        waiting: &'a mut Waiting,
        flags: ClientFlags,
        log: Log,
    ) -> Self {
        let files = Files::new(flags.contains(ClientFlags::CONTROL));
        let outcome = Outcome { flags, ..Outcome::default() };
        let (suspended, exiting, done, heard, stoppable) = (false, false, false, false, false);
        Self { socket, connection, waiting, files, outcome, suspended, exiting, done, heard, stoppable, log }
    }

    /// Runs until the client has to end. The log is returned for the next session.
    pub(super) fn run(mut self) -> (Outcome, Log) {
        while !self.done {
            if let Err(error) = self.turn() {
                eprintln!("{error}");
                self.outcome.status = 1;
                self.done = true;
            }
        }
        if self.outcome.status == 0 && self.files.report_lost_output() {
            self.outcome.status = 1;
        }
        self.flush();
        (self.outcome, self.log)
    }

    /// Waits for an event and handles it.
    fn turn(&mut self) -> Result<(), ProtocolError> {
        if self.connection.output_len() > 0
            && drain(&mut self.connection, self.socket.as_fd()) == Progress::Closed
        {
            // Messages that the server sent before it closed are still read below.
            self.connection.clear_output();
        }
        let interest = Interest {
            read: self.files.unwritten() < MAX_UNWRITTEN,
            write: self.connection.output_len() > 0,
        };
        let mut wanted = vec![(Token::Socket, self.socket.as_fd(), interest)];
        for (stream, fd, reading) in self.files.waiting(&self.connection) {
            wanted.push((Token::File(stream), fd, if reading { Interest::READ } else { Interest::WRITE }));
        }
        let ready: SmallVec<[Token; 4]> = match self.waiting.wait(&wanted) {
            Ok(ready) => ready.iter().map(|ready| ready.token).collect(),
            Err(error) => {
                eprintln!("{error}");
                (self.outcome.status, self.done) = (1, true);
                return Ok(());
            }
        };
        for token in &ready {
            if let Token::File(stream) = token {
                self.files.ready(&mut self.connection, *stream)?;
                self.end_when_written();
            }
        }
        while let Some(signal) = self.waiting.next_signal() {
            self.signal(signal)?;
        }
        if ready.contains(&Token::Socket) { self.receive() } else { Ok(()) }
    }

    fn receive(&mut self) -> Result<(), ProtocolError> {
        let progress = fill(&mut self.connection, self.socket.as_fd())?;
        while !self.done {
            match self.connection.next_message() {
                Ok(Some(message)) => {
                    self.heard = true;
                    self.dispatch(message)?;
                }
                Ok(None) => break,
                Err(ProtocolError::Version(peer)) => {
                    self.connection.send(Message::Version { peer })?;
                    self.lost();
                }
                Err(error) => return Err(error),
            }
        }
        if matches!(progress, Progress::Closed | Progress::Reset) && !self.done {
            self.outcome.untaken = progress == Progress::Reset && !self.heard;
            self.lost();
        }
        Ok(())
    }

    /// Called when the server is gone.
    fn lost(&mut self) {
        if !self.exiting {
            self.outcome.reason = Reason::LostServer;
            self.outcome.status = 1;
        }
        self.done = true;
    }

    fn end_when_written(&mut self) {
        if self.exiting && !self.files.write_left() {
            self.done = true;
        }
    }

    fn signal(&mut self, signal: Signal) -> Result<(), ProtocolError> {
        self.log.line(|| format!("signal {signal}"));
        if signal == Signal::SIGCHLD {
            signals::reap();
            return Ok(());
        }
        if !self.outcome.attached {
            // tmux: C-c does not end a client that waits for a command. Here it ends one whose command
            // stops with it, and one that no server has answered at all, such as one that still takes up
            // what a server that died left.
            let stops = (self.stoppable || !self.heard) && signal == Signal::SIGINT;
            if stops {
                self.files.stopped();
                self.outcome.status = STOPPED;
            }
            self.done |= stops || matches!(signal, Signal::SIGTERM | Signal::SIGHUP);
            return Ok(());
        }
        match signal {
            Signal::SIGHUP => {
                self.outcome.reason = Reason::LostTty;
                self.outcome.status = 1;
                self.connection.send(Message::Exiting)
            }
            Signal::SIGTERM => {
                if !self.suspended {
                    self.outcome.reason = Reason::Terminated;
                }
                self.outcome.status = 1;
                self.connection.send(Message::Exiting)
            }
            Signal::SIGWINCH => self.connection.send(Message::Resize),
            Signal::SIGCONT => {
                signals::ignore_stop();
                self.suspended = false;
                self.connection.send(Message::Wakeup)
            }
            _ => Ok(()),
        }
    }

    fn dispatch(&mut self, message: Message) -> Result<(), ProtocolError> {
        self.log.line(|| format!("received {message:?}").chars().take(300).collect());
        match message {
            Message::Flags(flags) => {
                self.outcome.flags = ClientFlags::from_bits_retain(flags);
                self.files.control = self.outcome.flags.contains(ClientFlags::CONTROL);
                Ok(())
            }
            Message::Session { number, flags } => {
                self.outcome.session = Some((number, ClientFlags::from_bits_retain(flags)));
                Ok(())
            }
            Message::MayStop(may) => {
                self.stoppable = may;
                Ok(())
            }
            Message::Exited => {
                self.done = true;
                Ok(())
            }
            message if self.outcome.attached => self.dispatch_attached(message),
            message => self.dispatch_waiting(message),
        }
    }

    /// Handles a message before the server has taken over the terminal.
    fn dispatch_waiting(&mut self, message: Message) -> Result<(), ProtocolError> {
        match message {
            Message::Exit { status, message } => {
                self.note_exit(status, message);
                self.exiting = true;
                self.end_when_written();
            }
            Message::Shutdown => {
                self.exiting = true;
                self.end_when_written();
            }
            Message::Ready => {
                self.outcome.attached = true;
                self.connection.send(Message::Resize)?;
            }
            Message::Version { peer } => {
                eprintln!("protocol version mismatch (client 8, server {peer})");
                self.outcome.status = 1;
                self.done = true;
            }
            Message::Shell(Some(shell)) => {
                self.outcome.afterwards = Afterwards::Shell(shell);
                self.done = true;
            }
            Message::Detach(_) | Message::DetachKill(_) => self.connection.send(Message::Exiting)?,
            Message::TooOld => {
                eprintln!("server version is too old for client");
                self.done = true;
            }
            file => return self.dispatch_file(file),
        }
        Ok(())
    }

    fn dispatch_file(&mut self, message: Message) -> Result<(), ProtocolError> {
        let connection = &mut self.connection;
        let known = match message {
            Message::ReadOpen { stream, fd, path } => {
                return self.files.read_open(connection, (stream, fd, path));
            }
            Message::WriteOpen { stream, fd, flags, path } => {
                return self.files.write_open(connection, (stream, fd, flags, path));
            }
            Message::ReadCancel { stream } => match self.files.read_cancel(connection, stream) {
                Some(sent) => return sent,
                None => None,
            },
            Message::Write { stream, data } => self.files.write_data(stream, data),
            Message::WriteClose { stream } => match self.files.write_close(connection, stream) {
                Some(sent) => return sent,
                None => None,
            },
            _ => Some(()),
        };
        if known.is_none() {
            eprintln!("unknown stream number");
            self.outcome.status = 1;
            self.done = true;
        }
        Ok(())
    }

    /// Handles a message while the server draws on the terminal.
    fn dispatch_attached(&mut self, message: Message) -> Result<(), ProtocolError> {
        match message {
            Message::Detach(session) => self.outcome.reason = Reason::Detached(session),
            Message::DetachKill(session) => {
                self.outcome.reason = Reason::DetachedHangup(session);
                self.outcome.afterwards = Afterwards::HangUpParent;
            }
            Message::Exec { command, shell } => self.outcome.afterwards = Afterwards::Exec { command, shell },
            Message::Exit { status, message } => {
                self.note_exit(status, message);
                if self.outcome.reason == Reason::None {
                    self.outcome.reason = Reason::Exited;
                }
            }
            Message::Shutdown => {
                self.outcome.reason = Reason::ServerExited;
                self.outcome.status = 1;
            }
            Message::Suspend => {
                self.suspended = true;
                self.flush();
                signals::stop();
                return Ok(());
            }
            Message::Lock(command) => {
                self.flush();
                let command = OsString::from_vec(to_bytes(&command));
                let _ = Command::new("/bin/sh").arg("-c").arg(command).status();
                return self.connection.send(Message::Unlock);
            }
            _ => return Ok(()),
        }
        self.connection.send(Message::Exiting)
    }

    fn note_exit(&mut self, status: Option<i32>, message: Option<String>) {
        self.outcome.status = status.unwrap_or(self.outcome.status);
        if let Some(text) = message {
            self.outcome.reason = Reason::Message(text);
        }
    }

    /// Sends all queued messages, waiting for a slow server.
    fn flush(&mut self) {
        while drain(&mut self.connection, self.socket.as_fd()) == Progress::WouldBlock {
            if self.waiting.wait(&[(Token::Socket, self.socket.as_fd(), Interest::WRITE)]).is_err() {
                return;
            }
        }
    }
}
