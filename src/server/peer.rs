//! The server's side of a connected client: its socket, its file streams, and its terminal if it
//! has one.

mod travel;

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use crate::base::{ClientId, SessionId};
use crate::model::Client;
use crate::model::host::{ClientMessage, Content, FileDone, FileError, Maker, Stream};
use crate::protocol::fdpass::{self, Progress};
use crate::protocol::imsg::MAX_PAYLOAD;
use crate::protocol::message::{MAX_COMMAND, MAX_FILE_CHUNK, command_of_bytes};
use crate::protocol::{ClientFlags, Connection, Message, ProtocolError};

use super::control_io::ControlIo;
use super::outgoing::{Next, Outgoing};
use super::token::{Poller, Token};
use super::tty::Travelled;
use super::tty::Tty;
use super::work::Workshop;
use crate::reactor::Interest;

pub(super) use travel::PeerRecord;

/// Bytes of one file that is read through a client; a larger one is an error (`File too large`).
const MAX_READ: usize = 1 << 30;
/// Longest path that fits in the message which opens a file beside its numbers; a longer one is
/// an error (`Argument list too long`).
const MAX_PATH: usize = MAX_PAYLOAD - 13;
/// Bytes kept in the socket's own queue; streams wait behind it.
const SOCKET_QUEUE: usize = 256 << 10;

/// Flags that a client keeps when it reconnects.
const KEPT_FLAGS: ClientFlags = ClientFlags::READ_ONLY
    .union(ClientFlags::IGNORE_SIZE)
    .union(ClientFlags::ACTIVE_PANE)
    .union(ClientFlags::NO_DETACH_ON_DESTROY);

/// A stream that the client writes for us: its standard output, or a file.
#[derive(Default)]
struct Writing {
    ready: bool,
    /// Close when all is written.
    closing: bool,
    /// True after the close was sent and until the client reports the result.
    closed: bool,
    out: Outgoing,
    done: Option<FileDone>,
}

/// A stream that the client reads for us.
struct Reading {
    data: Vec<u8>,
    done: Option<FileDone>,
}

/// Result of a file stream, for its callback.
pub(super) struct FileEnd {
    pub done: FileDone,
    pub result: Result<Vec<u8>, FileError>,
}

pub(super) struct Peer {
    pub id: ClientId,
    socket: OwnedFd,
    connection: Connection,
    interest: Interest,
    writing: BTreeMap<i32, Writing>,
    reading: BTreeMap<i32, Reading>,
    next_stream: i32,
    pub tty: Option<Tty>,
    /// True if the terminal may show how far the recovery was.
    pub saw_recovery: bool,
    /// A terminal from another server, until it is taken over.
    pub travelled: Option<Travelled>,
    pub control: Option<ControlIo>,
    /// True if the control client's streams, or the terminal, are gone.
    pub control_lost: bool,
    pub tty_lost: bool,
    /// True if the client must receive its flags.
    pub flags_changed: bool,
    /// The session last sent to the client, and its flags.
    told_session: Option<(SessionId, u64)>,
    /// Descriptors that the client passed when it identified.
    pub stdin: Option<OwnedFd>,
    pub stdout: Option<OwnedFd>,
    /// The client reports when a file is written, and the result (as tmux after 3.7 does).
    pub confirms: bool,
    /// Pieces to make beside the loop, for these streams.
    making: Vec<(i32, Maker)>,
    /// Parts received of a command that is longer than one message.
    command: Vec<u8>,
    /// Bytes of environment and capabilities that the client sent.
    pub identify_bytes: usize,
    /// Message to send once all streams are written.
    farewell: Option<ClientMessage>,
    pub said_farewell: bool,
    /// True once a control client has all its lines before its exit message. The client prints its
    /// own last line to the same descriptor.
    pub has_all_lines: bool,
    /// True if the connection is broken or refused and must be dropped.
    pub broken: bool,
    /// Finished file transfers whose callbacks have not run.
    pub ended: Vec<FileEnd>,
}

impl Peer {
    pub(super) fn new(
        poller: &Poller,
        id: ClientId,
        socket: OwnedFd,
        connection: Connection,
    ) -> std::io::Result<Self> {
        super::jobs::set_nonblocking(&socket)?;
        poller.add(socket.as_fd(), Token::Client(id), Interest::READ)?;
        Ok(Self {
            id,
            socket,
            connection,
            interest: Interest::READ,
            writing: BTreeMap::new(),
            reading: BTreeMap::new(),
            next_stream: 3,
            tty: None,
            saw_recovery: false,
            travelled: None,
            control: None,
            control_lost: false,
            tty_lost: false,
            flags_changed: false,
            told_session: None,
            stdin: None,
            stdout: None,
            confirms: false,
            command: Vec::new(),
            making: Vec::new(),
            identify_bytes: 0,
            farewell: None,
            said_farewell: false,
            has_all_lines: false,
            broken: false,
            ended: Vec::new(),
        })
    }

    /// Reads available messages. False: the other end is gone.
    pub(super) fn receive(&mut self) -> Result<bool, ProtocolError> {
        let progress = fdpass::fill(&mut self.connection, self.socket.as_fd())?;
        Ok(!matches!(progress, Progress::Closed | Progress::Reset))
    }

    /// Sends a client with a terminal the session it shows, so that it can return there.
    pub(super) fn tell_session(&mut self, client: Option<&Client>) {
        let Some(client) = client.filter(|_| self.tty.is_some()) else { return };
        let flags = super::clients::wire_flags(client) & KEPT_FLAGS;
        let now = client.session.map(|session| (session, flags.bits()));
        if let Some((session, flags)) = now.filter(|_| self.told_session != now) {
            self.told_session = now;
            self.send(Message::Session { number: session.0, flags });
        }
    }

    /// Takes input that the client sent to another process.
    pub(super) fn take_said(&mut self, said: &[u8], passed: Vec<OwnedFd>) -> Result<(), ProtocolError> {
        self.connection.push_input(said, passed)
    }

    /// Bytes that the client has not read.
    pub(super) fn output_len(&self) -> usize {
        self.connection.output_len()
    }

    pub(super) fn next_message(&mut self) -> Result<Option<Message>, ProtocolError> {
        self.connection.next_message()
    }

    pub(super) fn send(&mut self, message: Message) {
        if self.connection.send(message).is_err() {
            self.broken = true;
        }
    }

    /// Opens standard output now, so that what is printed later need not wait for the client to open it.
    pub(super) fn open_output(&mut self) {
        self.standard(Stream::Out);
    }

    /// Prints to a standard stream. False: too much is queued already.
    pub(super) fn print(&mut self, stream: Stream, bytes: &[u8]) -> bool {
        self.standard(stream).out.print(bytes)
    }

    /// Bytes of printed output in the queue.
    pub(super) fn printed_waiting(&self) -> usize {
        self.writing.get(&1).map_or(0, |writing| writing.out.waiting())
    }

    /// Writes a text to standard output.
    pub(super) fn stream(&mut self, content: Content, done: FileDone) {
        let out = &mut self.standard(Stream::Out).out;
        out.push(content);
        out.push_done(done);
    }

    /// A standard stream; opens it first if necessary.
    fn standard(&mut self, stream: Stream) -> &mut Writing {
        let number = match stream {
            Stream::Out => 1,
            Stream::Err => 2,
        };
        if !self.writing.contains_key(&number) {
            self.send(Message::WriteOpen { stream: number, fd: number, flags: 0, path: None });
        }
        self.writing.entry(number).or_default()
    }

    /// Adds a finished piece of a text; without a maker it was the last one.
    pub(super) fn stream_made(&mut self, stream: i32, maker: Option<Maker>, piece: Vec<u8>) {
        if let Some(writing) = self.writing.get_mut(&stream) {
            writing.out.made(maker, piece);
        }
    }

    /// Starts making the pieces that its streams need, beside the loop.
    pub(super) fn begin_making(&mut self, work: &Workshop) {
        let client = self.id;
        for (stream, mut maker) in self.making.drain(..) {
            work.begin(Box::new(move || {
                let piece = maker();
                let left = piece.is_some().then_some(maker);
                Box::new(move |cx| cx.host.stream_made(client, stream, left, piece.unwrap_or_default()))
            }));
        }
    }

    /// Reads a file (or standard input, for `-`) on the client's side.
    pub(super) fn open_read(&mut self, path: &str, done: FileDone) {
        let stream = self.take_stream();
        let (fd, path) = if path == "-" { (0, None) } else { (-1, Some(path.to_owned())) };
        self.reading.insert(stream, Reading { data: Vec::new(), done: Some(done) });
        if path.as_ref().is_some_and(|path| path.len() > MAX_PATH) {
            return self.end_read(stream, libc::E2BIG);
        }
        self.send(Message::ReadOpen { stream, fd, path });
    }

    /// Writes a file (or standard output, for `-`) on the client's side.
    pub(super) fn open_write(&mut self, path: &str, flags: i32, content: Content, done: FileDone) {
        let stream = self.take_stream();
        let (fd, path) = if path == "-" { (1, None) } else { (-1, Some(path.to_owned())) };
        let mut writing = Writing { closing: true, done: Some(done), ..Writing::default() };
        writing.out.push(content);
        self.writing.insert(stream, writing);
        if path.as_ref().is_some_and(|path| path.len() > MAX_PATH) {
            return self.end_write(stream, libc::E2BIG);
        }
        self.send(Message::WriteOpen { stream, fd, flags, path });
    }

    /// Adds a part of a long command. Excess length is detected at its end.
    pub(super) fn take_piece(&mut self, piece: &[u8]) {
        if self.command.len() <= MAX_COMMAND + MAX_PAYLOAD {
            self.command.extend_from_slice(piece);
        }
    }

    /// The complete command; `None` if there were no parts or too many.
    pub(super) fn take_command(&mut self) -> Option<Vec<String>> {
        let bytes = std::mem::take(&mut self.command);
        match command_of_bytes(&bytes) {
            Ok(Message::Command(argv)) if bytes.len() <= MAX_COMMAND + 4 => Some(argv),
            _ => None,
        }
    }

    fn take_stream(&mut self) -> i32 {
        self.next_stream = self.next_stream.wrapping_add(1).max(3);
        self.next_stream
    }

    /// Handles a message about a file stream; returns any other message.
    pub(super) fn file_message(&mut self, message: Message) -> Option<Message> {
        match message {
            Message::Read { stream, data } => {
                let reading = self.reading.get_mut(&stream)?;
                if reading.data.len() + data.len() > MAX_READ {
                    self.send(Message::ReadCancel { stream });
                    self.end_read(stream, libc::EFBIG);
                } else {
                    reading.data.extend_from_slice(&data);
                }
            }
            Message::ReadDone { stream, error } => self.end_read(stream, error),
            Message::WriteReady { stream, error } if error != 0 => self.end_write(stream, error),
            Message::WriteDone { stream, error } if self.confirms => self.end_write(stream, error),
            Message::WriteDone { .. } => {}
            Message::WriteReady { stream, .. } => {
                if let Some(writing) = self.writing.get_mut(&stream) {
                    writing.ready = true;
                }
            }
            other => return Some(other),
        }
        None
    }

    fn end_read(&mut self, stream: i32, error: i32) {
        let Some(Reading { data, done: Some(done) }) = self.reading.remove(&stream) else { return };
        let result = if error == 0 { Ok(data) } else { Err(FileError(error)) };
        self.ended.push(FileEnd { done, result });
    }

    fn end_write(&mut self, stream: i32, error: i32) {
        let Some(mut writing) = self.writing.remove(&stream) else { return };
        for done in writing.out.clear().into_iter().chain(writing.done) {
            let result = if error == 0 { Ok(Vec::new()) } else { Err(FileError(error)) };
            self.ended.push(FileEnd { done, result });
        }
    }

    /// Ends all streams, since the client is gone.
    pub(super) fn abandon_files(&mut self) {
        let reading: Vec<i32> = self.reading.keys().copied().collect();
        reading.into_iter().for_each(|stream| self.end_read(stream, libc::EINTR));
        let writing: Vec<i32> = self.writing.keys().copied().collect();
        writing.into_iter().for_each(|stream| self.end_write(stream, libc::EINTR));
    }

    /// Queues an exit message, sent when all streams are written.
    pub(super) fn queue_message(&mut self, message: ClientMessage) {
        match message {
            ClientMessage::Ready => self.send(Message::Ready),
            ClientMessage::Suspend => self.send(Message::Suspend),
            ClientMessage::Lock(command) => self.send(Message::Lock(command)),
            ClientMessage::MayStop(may) => self.send(Message::MayStop(may)),
            // tmux: the client decides whether this ends it; one in control mode stays.
            ClientMessage::Exec { command, shell } => self.send(Message::Exec { command, shell }),
            farewell => self.farewell = Some(farewell),
        }
    }

    /// Reports whether it was told to leave.
    pub(super) fn is_leaving(&self) -> bool {
        self.farewell.is_some() || self.said_farewell
    }

    /// Moves streams into the socket's queue, and the queue into the socket.
    pub(super) fn flush(&mut self, poller: &Poller) {
        loop {
            self.fill_socket_queue();
            // The last of the output and the exit leave together: one system call, and the client wakes once.
            if !self.has_stream_data() {
                self.say_farewell();
            }
            match fdpass::drain(&mut self.connection, self.socket.as_fd()) {
                Progress::Closed | Progress::Reset => {
                    self.broken = true;
                    break;
                }
                _ if self.connection.output_len() > 0 => break,
                _ if !self.has_stream_data() => break,
                _ => {}
            }
        }
        let interest = Interest { read: true, write: self.connection.output_len() > 0 };
        if interest != self.interest {
            self.interest = interest;
            poller.set(self.socket.as_fd(), Token::Client(self.id), interest).ok();
        }
    }

    fn has_stream_data(&self) -> bool {
        self.writing.values().any(|w| w.ready && w.out.is_due())
    }

    fn fill_socket_queue(&mut self) {
        let streams: Vec<i32> = self.writing.keys().copied().collect();
        for stream in streams {
            while self.connection.output_len() < SOCKET_QUEUE {
                let Some(writing) = self.writing.get_mut(&stream).filter(|w| w.ready) else { break };
                match writing.out.next(MAX_FILE_CHUNK) {
                    Next::Data(data) => self.broken |= self.connection.send_data(stream, &data).is_err(),
                    Next::Make(maker) => self.making.push((stream, maker)),
                    Next::Done(done) => self.ended.push(FileEnd { done, result: Ok(Vec::new()) }),
                    Next::Nothing => {
                        if writing.closing && !writing.closed && writing.out.is_empty() {
                            writing.closed = true;
                            self.send(Message::WriteClose { stream });
                            if !self.confirms {
                                self.end_write(stream, 0);
                            }
                        }
                        break;
                    }
                }
            }
        }
    }

    /// Sends the exit message once the streams are written (including those not ready yet).
    fn say_farewell(&mut self) {
        let owes_lines = self.control.is_some() && !self.has_all_lines;
        if owes_lines || self.writing.values().any(|w| !w.out.is_empty()) {
            return;
        }
        let Some(message) = self.farewell.take() else { return };
        self.said_farewell = true;
        let message = match message {
            ClientMessage::Ready => Message::Ready,
            ClientMessage::Exit { status, message } => Message::Exit { status: Some(status), message },
            ClientMessage::Detach { session, kill: false } => Message::Detach(session),
            ClientMessage::Detach { session, kill: true } => Message::DetachKill(session),
            ClientMessage::Exec { command, shell } => Message::Exec { command, shell },
            ClientMessage::Shutdown => Message::Shutdown,
            ClientMessage::Suspend => Message::Suspend,
            ClientMessage::Lock(command) => Message::Lock(command),
            ClientMessage::MayStop(may) => Message::MayStop(may),
        };
        self.send(message);
    }

    /// Stops watching the socket and closes the terminal.
    pub(super) fn close(&mut self, poller: &Poller) {
        poller.remove(self.socket.as_fd());
        if let Some(mut tty) = self.tty.take() {
            tty.close(poller);
        }
        if let Some(mut control) = self.control.take() {
            control.close(poller);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    /// Messages that the client can read now.
    fn read(client: &mut Connection, socket: &UnixStream) -> Vec<Message> {
        fdpass::fill(client, socket.as_fd()).unwrap();
        std::iter::from_fn(|| client.next_message().unwrap()).collect()
    }

    #[test]
    fn an_answer_to_a_client_that_waited_is_sent_at_once() {
        let poller = Poller::new().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut peer = Peer::new(&poller, ClientId(1), ours.into(), Connection::default()).unwrap();
        let mut client = Connection::default();
        peer.open_output();
        peer.flush(&poller);
        let opened = read(&mut client, &theirs);
        assert!(matches!(opened[..], [Message::WriteOpen { stream: 1, fd: 1, .. }]), "{opened:?}");
        client.send(Message::WriteReady { stream: 1, error: 0 }).unwrap();
        fdpass::drain(&mut client, theirs.as_fd());
        peer.receive().unwrap();
        while let Some(message) = peer.next_message().unwrap() {
            assert!(peer.file_message(message).is_none());
        }
        assert!(peer.print(Stream::Out, b"3:match\n"));
        peer.queue_message(ClientMessage::Exit { status: 0, message: None });
        peer.flush(&poller);
        let answer = read(&mut client, &theirs);
        assert!(
            matches!(&answer[..], [Message::Write { stream: 1, data }, Message::Exit { .. }] if data == b"3:match\n"),
            "{answer:?}"
        );
    }

    #[test]
    fn output_that_was_opened_and_not_used_delays_no_exit() {
        let poller = Poller::new().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut peer = Peer::new(&poller, ClientId(1), ours.into(), Connection::default()).unwrap();
        peer.open_output();
        peer.queue_message(ClientMessage::Exit { status: 3, message: None });
        peer.flush(&poller);
        let answer = read(&mut Connection::default(), &theirs);
        assert!(
            matches!(answer[..], [Message::WriteOpen { .. }, Message::Exit { status: Some(3), .. }]),
            "{answer:?}"
        );
    }
}
