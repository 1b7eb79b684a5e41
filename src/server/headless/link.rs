//! A client's side of the protocol: its connection, and the files that it reads and writes for the server.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use crate::protocol::fdpass::{self, Progress};
use crate::protocol::message::MAX_FILE_CHUNK;
use crate::protocol::{ClientFlags, Connection, Message};

use super::caps;

/// What a client passes to the server when it connects.
#[derive(Default)]
pub(super) struct Identity {
    pub flags: ClientFlags,
    /// Name of its terminal, if it has one.
    pub tty: String,
    pub stdin: Option<OwnedFd>,
    pub stdout: Option<OwnedFd>,
}

/// See the module comment.
pub(in crate::server) struct Link {
    socket: UnixStream,
    connection: Connection,
    /// Streams that the server writes: a standard stream by its number, or the path of a file.
    writing: BTreeMap<i32, (i32, Option<String>)>,
    /// What is on its standard input.
    pub stdin: Vec<u8>,
    /// What it printed, and its errors.
    pub out: String,
    pub err: String,
    /// What the server told it, beside files: `detach`, `lock COMMAND` and the like.
    pub told: Vec<String>,
    /// True while the server has its terminal.
    attached: bool,
    status: i32,
    /// True once the client has ended.
    pub ended: bool,
}

impl Link {
    /// Connects, identifies and sends a command.
    pub(super) fn connect(path: &str, identity: Identity, argv: Vec<String>) -> Self {
        let socket = UnixStream::connect(path).expect("the server listens");
        socket.set_nonblocking(true).expect("a socket");
        let mut connection = Connection::default();
        let flags = identity.flags | ClientFlags::UTF8 | ClientFlags::CONFIRMS_WRITES;
        let mut messages = vec![
            Message::IdentifyLongFlags((flags | ClientFlags::START_SERVER).bits()),
            Message::IdentifyTerm(caps::NAME.to_owned()),
            Message::IdentifyTtyName(identity.tty),
            Message::IdentifyCwd("/".to_owned()),
        ];
        let capabilities = caps::CAPABILITIES.iter().filter(|_| identity.stdin.is_some());
        messages.extend(capabilities.map(|cap| Message::IdentifyTerminfo((*cap).to_owned())));
        messages.extend([
            Message::IdentifyStdin(identity.stdin),
            Message::IdentifyStdout(identity.stdout),
            Message::IdentifyClientPid(std::process::id() as i32),
            Message::IdentifyEnviron(format!("TERM={}", caps::NAME)),
            Message::IdentifyDone,
            Message::Command(argv),
        ]);
        messages.into_iter().for_each(|message| connection.send(message).expect("there is room"));
        Self {
            socket,
            connection,
            writing: BTreeMap::new(),
            stdin: Vec::new(),
            out: String::new(),
            err: String::new(),
            told: Vec::new(),
            attached: false,
            status: 0,
            ended: false,
        }
    }

    /// The exit status, once it has ended.
    pub(super) fn status(&self) -> Option<i32> {
        self.ended.then_some(self.status)
    }

    /// Sends a message.
    pub(super) fn send(&mut self, message: Message) {
        self.connection.send(message).expect("there is room");
    }

    /// Exchanges messages with the server until nothing more comes. True if something came.
    pub(super) fn serve(&mut self) -> bool {
        let mut came = false;
        while !self.ended {
            fdpass::drain(&mut self.connection, self.socket.as_fd());
            let progress = fdpass::fill(&mut self.connection, self.socket.as_fd()).expect("the protocol");
            while let Some(message) = self.connection.next_message().expect("the protocol") {
                came = true;
                self.handle(message);
            }
            match progress {
                Progress::Done => {}
                Progress::WouldBlock => break,
                Progress::Closed | Progress::Reset => self.ended = true,
            }
        }
        fdpass::drain(&mut self.connection, self.socket.as_fd());
        if self.ended {
            self.socket.shutdown(Shutdown::Both).ok();
        }
        came
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::WriteOpen { stream, fd, flags, path } => {
                if let Some(path) = &path {
                    let append = flags & libc::O_APPEND != 0;
                    let mut options = OpenOptions::new();
                    options.create(true).append(append).write(true).truncate(!append);
                    options.open(path).expect("a file to write");
                }
                self.writing.insert(stream, (fd, path));
                self.send(Message::WriteReady { stream, error: 0 });
            }
            Message::Write { stream, data } => self.write(stream, &data),
            Message::WriteClose { stream } => {
                self.writing.remove(&stream);
                self.send(Message::WriteDone { stream, error: 0 });
            }
            Message::ReadOpen { stream, path, .. } => {
                let data = match path {
                    None => Ok(std::mem::take(&mut self.stdin)),
                    Some(path) => std::fs::read(path),
                };
                let error = data.as_ref().err().and_then(std::io::Error::raw_os_error).unwrap_or(0);
                for data in data.unwrap_or_default().chunks(MAX_FILE_CHUNK) {
                    self.send(Message::Read { stream, data: data.to_vec() });
                }
                self.send(Message::ReadDone { stream, error });
            }
            Message::Ready => {
                self.attached = true;
                self.send(Message::Resize);
            }
            Message::Exit { status, message } => {
                self.status = status.unwrap_or(0);
                self.told.push(format!("exit {}", message.unwrap_or_default()).trim_end().to_owned());
                self.leave();
            }
            Message::Shutdown => self.leave_for("shutdown"),
            Message::Detach(session) => self.leave_for(&format!("detach {session}")),
            Message::DetachKill(session) => self.leave_for(&format!("detach and hang up {session}")),
            Message::Exec { command, .. } => self.leave_for(&format!("exec {command}")),
            Message::Lock(command) => self.told.push(format!("lock {command}")),
            Message::Suspend => self.told.push("suspend".to_owned()),
            Message::Exited => self.ended = true,
            _ => {}
        }
    }

    fn leave_for(&mut self, reason: &str) {
        self.told.push(reason.to_owned());
        self.leave();
    }

    /// A client with a terminal asks for it back; any other ends at once.
    fn leave(&mut self) {
        if self.attached {
            self.send(Message::Exiting);
        } else {
            self.ended = true;
        }
    }

    fn write(&mut self, stream: i32, data: &[u8]) {
        let text = String::from_utf8_lossy(data);
        match self.writing.get(&stream) {
            Some((1, _)) => self.out += &text,
            Some((2, _)) => self.err += &text,
            Some((_, Some(path))) => {
                let file = OpenOptions::new().append(true).open(path);
                file.and_then(|mut file| file.write_all(data)).expect("a file to write");
            }
            other => panic!("nothing writes stream {stream}: {other:?}"),
        }
    }
}
