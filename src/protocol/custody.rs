//! The protocol between server and keeper, over a private socket pair: requests to start and signal
//! processes in one direction, reports of the results in the other.
//!
//! A frame is a 32-bit length (of the rest), a type byte, and a body of `base::codec` records; at most
//! one descriptor is sent with it. Both ends are this program, of one version or of two during an
//! upgrade: unknown types and unknown trailing fields are ignored.

use super::error::ProtocolError;
use super::flags::ClientFlags;
use super::ring::Ring;
use crate::base::codec::{Malformed, Reader, put_varint};
use crate::base::text::{from_bytes, to_bytes};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Largest frame: a command line and an environment, with room to spare.
pub(crate) const MAX_FRAME: usize = 8 * 1024 * 1024;
/// Maximum number of bytes of output queued for the other end.
const MAX_OUTPUT: usize = 64 * 1024 * 1024;

/// All that a server starts with. `recovered` is set when it takes over from another.
#[derive(Debug)]
pub(crate) struct ServerStart {
    /// The server's end of the socket pair.
    pub keeper: OwnedFd,
    pub listener: OwnedFd,
    pub socket_path: String,
    /// Clients that waited for the start; they are connected like any others.
    pub clients: Vec<Caller>,
    /// Files to read at start, in order.
    pub config_files: Vec<String>,
    /// True if missing files cause no error, as for the default ones.
    pub config_quiet: bool,
    /// The flags of the client that started the server; `NO_FORK` for a server in the foreground, which
    /// does not exit when it has no sessions.
    pub flags: ClientFlags,
    /// Count of `-v`.
    pub log_level: u8,
    /// Ring buffer for the last lines of the log, in addition to a file.
    pub log: Option<Ring>,
    /// The initial global environment.
    pub environment: Vec<(String, String)>,
    pub recovered: Option<Recovered>,
    /// Data for starting another keeper if this one dies.
    pub birth: Vec<u8>,
    /// Channel to the running server that this one will replace.
    pub before: Option<OwnedFd>,
}

/// A client's connection, with the bytes and descriptors that the client has already sent.
#[derive(Debug)]
pub(crate) struct Caller {
    pub socket: OwnedFd,
    pub said: Vec<u8>,
    pub passed: Vec<OwnedFd>,
}

impl From<OwnedFd> for Caller {
    fn from(socket: OwnedFd) -> Self {
        Self { socket, said: Vec::new(), passed: Vec::new() }
    }
}

/// State that a new server gets from the one before.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    /// The last snapshot that the keeper got.
    pub deposit: Option<OwnedFd>,
    /// Every child that the keeper still holds, in order of starting.
    pub children: Vec<HeldChild>,
    /// True if the server before asked for this; false if it died.
    pub upgrade: bool,
    /// Parts that this server has to leave out, since servers before died of them.
    pub left_out: Vec<Part>,
}

/// A part of a server's state that the next one loads. The server reports each part before it begins, so
/// that the keeper knows at which part a server died.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Part {
    /// Options, hooks and environments.
    Settings,
    /// The checkpoint in the journal of this child.
    Checkpoint(u64),
    /// The output of this child since its checkpoint.
    Log(u64),
    /// The checkpoints of all children, and their output since.
    Checkpoints,
    /// The output of all children since their checkpoints.
    Logs,
    /// Everything has been loaded.
    Whole,
}

/// A child that outlived its server.
#[derive(Debug)]
pub(crate) struct HeldChild {
    pub token: u64,
    pub pid: i32,
    /// Name of its terminal, empty for a job without one.
    pub tty: String,
    /// The pty's master, or the socket of a job that outlives its server.
    pub master: Option<OwnedFd>,
    /// The journal of its output, if the server has sent one.
    pub journal: Option<OwnedFd>,
    /// Its wait status, if it has ended.
    pub status: Option<i32>,
}

/// Settings of a pane's terminal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Pty {
    pub cols: u16,
    pub rows: u16,
    pub xpixel: u16,
    pub ypixel: u16,
    /// Initial control characters (`c_cc`); those of a new terminal when `None`.
    pub control_chars: Option<Vec<u8>>,
    /// The erase character; also makes the terminal erase whole UTF-8 characters.
    pub erase: Option<u8>,
    /// No other server needs the terminal (a popup's): the keeper holds no duplicate of the master.
    pub transient: bool,
}

/// A child's standard streams.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Stdio {
    /// A terminal of its own, as its controlling terminal.
    Pty(Pty),
    /// One socket for the streams that are set; the others are `/dev/null`.
    Socket { stdin: bool, stdout: bool, stderr: bool },
}

/// A process to start.
#[derive(Debug)]
pub(crate) struct Spawn {
    /// Chosen by the server; identifies the child.
    pub token: u64,
    /// The file to execute; looked up in the child's `PATH` unless it has a slash.
    pub program: String,
    pub argv: Vec<String>,
    pub env: Vec<(String, String)>,
    /// The start directory. If it cannot be entered, `home` or `/` is used. `PWD` is set to that
    /// directory; with `None` the child stays in the keeper's directory and `PWD` is as given.
    pub cwd: Option<String>,
    pub home: Option<String>,
    pub stdio: Stdio,
    /// Directory of the cgroup to start in.
    pub cgroup: Option<OwnedFd>,
    /// Directories of version 1 cgroups that the child enters first, instead of `cgroup` (which is then
    /// the first of them, for a keeper of an older version).
    pub groups: Vec<String>,
    pub oom_score_adj: Option<i32>,
    /// The child waits at a gate until `Open` comes or the server is gone, before it executes its
    /// program.
    pub gated: bool,
    /// A job that outlives the server: the keeper holds its socket until the job is released.
    pub held: bool,
}

/// From server to keeper.
#[derive(Debug)]
pub(crate) enum Request {
    /// Answered by `Spawned` or `SpawnFailed`.
    Spawn(Box<Spawn>),
    /// Signal a child that has not ended, or its whole process group.
    Signal { token: u64, signal: i32, group: bool },
    /// Releases a child that waits at its gate.
    Open { token: u64 },
    /// The server has closed the child's terminal; the keeper has to close it too.
    Release { token: u64 },
    /// A job became a pane: rename its child to `token`, and keep `master` for the next server.
    Adopt { job: u64, token: u64, master: OwnedFd },
    /// Keep this snapshot instead of the one before.
    Deposit { snapshot: OwnedFd },
    /// Keep this journal of a child's output, instead of the one before, until the child is released.
    Journal { token: u64, journal: OwnedFd },
    /// The listening socket was made again; this is the new one.
    Listener { listener: OwnedFd },
    /// A child of a keeper that died: hold it like a child of this keeper.
    Hold { token: u64, pid: i32, tty: String, master: Option<OwnedFd> },
    /// The server starts to load this part.
    Taking { part: Part },
    /// The server has answered a client, so it works.
    Answered,
    /// Answered by `Pong` when the keeper reads it.
    Ping { number: u64 },
    /// Start this program as the next server. The two servers communicate over the channel.
    Upgrade { program: String, channel: OwnedFd },
    /// Make the next server the current one, and execute its program as the keeper; the asking server
    /// ends.
    HandOver,
    /// Kill the next server: it is not wanted.
    Abandon,
    /// The server ends for good. The keeper ends too, once it has removed these directories of cgroups,
    /// or some time has passed.
    Goodbye { groups: Vec<String> },
}

/// From keeper to server.
#[derive(Debug)]
pub(crate) enum Report {
    /// The child has started. `fd` is the pty's master or this end of the socket, non-blocking.
    /// `contained` is false when the child is not in each of the requested cgroups; for version 1 groups,
    /// which children enter by themselves, `NotContained` reports that later.
    Spawned { token: u64, pid: i32, tty: String, contained: bool, fd: OwnedFd },
    /// The child has not started; `errno` is the reason.
    SpawnFailed { token: u64, errno: i32 },
    /// The child has ended, with its wait status as from waitpid(2).
    Exited { token: u64, pid: i32, status: i32 },
    /// The keeper could not execute the server's program, and still runs the old version.
    UpgradeFailed { errno: i32 },
    /// The answer to a `Ping`.
    Pong { number: u64 },
    /// The next server has ended, with this wait status.
    SuccessorEnded { status: i32 },
    /// A started child could not enter each of its cgroups.
    NotContained { token: u64 },
}

/// A message in one direction.
pub(crate) trait Parcel: Sized {
    /// The type byte, the body, and the descriptor.
    fn pack(self) -> (u8, Vec<u8>, Option<OwnedFd>);
    /// `None` for an unknown type.
    fn unpack(kind: u8, body: Reader<'_>, fd: Option<OwnedFd>) -> Result<Option<Self>, Malformed>;
}

impl Parcel for Request {
    fn pack(self) -> (u8, Vec<u8>, Option<OwnedFd>) {
        let mut out = Vec::new();
        match self {
            Self::Spawn(spawn) => {
                let fd = spawn.pack(&mut out);
                (1, out, fd)
            }
            Self::Signal { token, signal, group } => {
                put_varint(&mut out, token);
                put_varint(&mut out, signal as u64);
                out.push(u8::from(group));
                (2, out, None)
            }
            Self::Release { token } => {
                put_varint(&mut out, token);
                (3, out, None)
            }
            Self::Deposit { snapshot } => (4, out, Some(snapshot)),
            Self::Listener { listener } => (5, out, Some(listener)),
            Self::Upgrade { program, channel } => {
                put_text(&mut out, &program);
                (6, out, Some(channel))
            }
            Self::HandOver => (15, out, None),
            Self::Abandon => (16, out, None),
            Self::Goodbye { groups } => {
                put_list(&mut out, &groups);
                (7, out, None)
            }
            Self::Open { token } => {
                put_varint(&mut out, token);
                (8, out, None)
            }
            Self::Journal { token, journal } => {
                put_varint(&mut out, token);
                (9, out, Some(journal))
            }
            Self::Adopt { job, token, master } => {
                put_varint(&mut out, job);
                put_varint(&mut out, token);
                (10, out, Some(master))
            }
            Self::Taking { part } => {
                part.pack(&mut out);
                (11, out, None)
            }
            Self::Answered => (12, out, None),
            Self::Hold { token, pid, tty, master } => {
                put_varint(&mut out, token);
                put_varint(&mut out, pid as u64);
                put_text(&mut out, &tty);
                (14, out, master)
            }
            Self::Ping { number } => {
                put_varint(&mut out, number);
                (13, out, None)
            }
        }
    }

    fn unpack(kind: u8, mut body: Reader<'_>, fd: Option<OwnedFd>) -> Result<Option<Self>, Malformed> {
        Ok(Some(match kind {
            1 => Self::Spawn(Box::new(Spawn::unpack(&mut body, fd)?)),
            2 => Self::Signal { token: body.varint()?, signal: int(&mut body)?, group: body.u8()? != 0 },
            3 => Self::Release { token: body.varint()? },
            4 => Self::Deposit { snapshot: fd.ok_or(Malformed)? },
            5 => Self::Listener { listener: fd.ok_or(Malformed)? },
            6 => Self::Upgrade { program: text(&mut body)?, channel: fd.ok_or(Malformed)? },
            // A server of an older version sends none.
            7 => {
                Self::Goodbye { groups: if body.0.is_empty() { Vec::new() } else { list(&mut body, text)? } }
            }
            8 => Self::Open { token: body.varint()? },
            9 => Self::Journal { token: body.varint()?, journal: fd.ok_or(Malformed)? },
            10 => Self::Adopt { job: body.varint()?, token: body.varint()?, master: fd.ok_or(Malformed)? },
            11 => Self::Taking { part: Part::unpack(&mut body)? },
            12 => Self::Answered,
            13 => Self::Ping { number: body.varint()? },
            14 => {
                Self::Hold { token: body.varint()?, pid: int(&mut body)?, tty: text(&mut body)?, master: fd }
            }
            15 => Self::HandOver,
            16 => Self::Abandon,
            _ => return Ok(None),
        }))
    }
}

impl Parcel for Report {
    fn pack(self) -> (u8, Vec<u8>, Option<OwnedFd>) {
        let mut out = Vec::new();
        match self {
            Self::Spawned { token, pid, tty, contained, fd } => {
                put_varint(&mut out, token);
                put_varint(&mut out, pid as u64);
                put_text(&mut out, &tty);
                out.push(u8::from(contained));
                (1, out, Some(fd))
            }
            Self::SpawnFailed { token, errno } => {
                put_varint(&mut out, token);
                put_varint(&mut out, errno as u64);
                (2, out, None)
            }
            Self::Exited { token, pid, status } => {
                put_varint(&mut out, token);
                put_varint(&mut out, pid as u64);
                put_varint(&mut out, status as u64);
                (3, out, None)
            }
            Self::UpgradeFailed { errno } => {
                put_varint(&mut out, errno as u64);
                (4, out, None)
            }
            Self::Pong { number } => {
                put_varint(&mut out, number);
                (5, out, None)
            }
            Self::SuccessorEnded { status } => {
                put_varint(&mut out, status as u64);
                (6, out, None)
            }
            Self::NotContained { token } => {
                put_varint(&mut out, token);
                (7, out, None)
            }
        }
    }

    fn unpack(kind: u8, mut body: Reader<'_>, fd: Option<OwnedFd>) -> Result<Option<Self>, Malformed> {
        Ok(Some(match kind {
            1 => Self::Spawned {
                token: body.varint()?,
                pid: int(&mut body)?,
                tty: text(&mut body)?,
                contained: body.u8()? != 0,
                fd: fd.ok_or(Malformed)?,
            },
            2 => Self::SpawnFailed { token: body.varint()?, errno: int(&mut body)? },
            3 => Self::Exited { token: body.varint()?, pid: int(&mut body)?, status: int(&mut body)? },
            4 => Self::UpgradeFailed { errno: int(&mut body)? },
            5 => Self::Pong { number: body.varint()? },
            6 => Self::SuccessorEnded { status: int(&mut body)? },
            7 => Self::NotContained { token: body.varint()? },
            _ => return Ok(None),
        }))
    }
}

impl Part {
    pub(crate) fn pack(self, out: &mut Vec<u8>) {
        let (kind, token) = match self {
            Self::Settings => (0, 0),
            Self::Checkpoint(token) => (1, token),
            Self::Log(token) => (2, token),
            Self::Checkpoints => (3, 0),
            Self::Logs => (4, 0),
            Self::Whole => (5, 0),
        };
        out.push(kind);
        put_varint(out, token);
    }

    pub(crate) fn unpack(body: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (kind, token) = (body.u8()?, body.varint()?);
        Ok(match kind {
            0 => Self::Settings,
            1 => Self::Checkpoint(token),
            2 => Self::Log(token),
            3 => Self::Checkpoints,
            4 => Self::Logs,
            5 => Self::Whole,
            _ => return Err(Malformed),
        })
    }
}

impl Spawn {
    fn pack(self, out: &mut Vec<u8>) -> Option<OwnedFd> {
        put_varint(out, self.token);
        put_text(out, &self.program);
        put_list(out, &self.argv);
        put_varint(out, self.env.len() as u64);
        for (name, value) in &self.env {
            put_text(out, name);
            put_text(out, value);
        }
        put_option(out, self.cwd.as_deref());
        put_option(out, self.home.as_deref());
        self.stdio.pack(out);
        put_option(out, self.oom_score_adj.map(|adj| adj.to_string()).as_deref());
        out.push(u8::from(self.gated));
        put_list(out, &self.groups);
        out.push(u8::from(self.held));
        self.cgroup
    }

    fn unpack(body: &mut Reader<'_>, cgroup: Option<OwnedFd>) -> Result<Self, Malformed> {
        Ok(Self {
            token: body.varint()?,
            program: text(body)?,
            argv: list(body, text)?,
            env: list(body, |body| Ok((text(body)?, text(body)?)))?,
            cwd: option(body)?,
            home: option(body)?,
            stdio: Stdio::unpack(body)?,
            oom_score_adj: option(body)?.and_then(|adj| adj.parse().ok()),
            gated: body.u8()? != 0,
            // A server of an older version sends none.
            groups: if body.0.is_empty() { Vec::new() } else { list(body, text)? },
            held: !body.0.is_empty() && body.u8()? != 0,
            cgroup,
        })
    }
}

impl Stdio {
    fn pack(&self, out: &mut Vec<u8>) {
        match self {
            Self::Socket { stdin, stdout, stderr } => {
                out.extend([0, u8::from(*stdin), u8::from(*stdout), u8::from(*stderr)]);
            }
            Self::Pty(pty) => {
                out.push(1);
                for word in [pty.cols, pty.rows, pty.xpixel, pty.ypixel] {
                    put_varint(out, u64::from(word));
                }
                put_option_bytes(out, pty.control_chars.as_deref());
                put_option_bytes(out, pty.erase.as_ref().map(std::slice::from_ref));
                out.push(u8::from(pty.transient));
            }
        }
    }

    fn unpack(body: &mut Reader<'_>) -> Result<Self, Malformed> {
        if body.u8()? == 0 {
            let mut flag = || body.u8().map(|byte| byte != 0);
            return Ok(Self::Socket { stdin: flag()?, stdout: flag()?, stderr: flag()? });
        }
        let mut word = || u16::try_from(body.varint()?).map_err(|_| Malformed);
        let (cols, rows, xpixel, ypixel) = (word()?, word()?, word()?, word()?);
        let control_chars = option_bytes(body)?.map(<[u8]>::to_vec);
        let erase = option_bytes(body)?.and_then(|bytes| bytes.first().copied());
        let transient = body.u8()? != 0;
        Ok(Self::Pty(Pty { cols, rows, xpixel, ypixel, control_chars, erase, transient }))
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends the length and the bytes of a text.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, &to_bytes(text));
}

fn put_list(out: &mut Vec<u8>, texts: &[String]) {
    put_varint(out, texts.len() as u64);
    texts.iter().for_each(|text| put_text(out, text));
}

fn put_option_bytes(out: &mut Vec<u8>, value: Option<&[u8]>) {
    out.push(u8::from(value.is_some()));
    if let Some(bytes) = value {
        put_bytes(out, bytes);
    }
}

fn put_option(out: &mut Vec<u8>, value: Option<&str>) {
    put_option_bytes(out, value.map(to_bytes).as_deref());
}

fn bytes<'a>(body: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let len = usize::try_from(body.varint()?).map_err(|_| Malformed)?;
    body.bytes(len)
}

/// Reads a text written by `put_text`.
pub(crate) fn text(body: &mut Reader<'_>) -> Result<String, Malformed> {
    bytes(body).map(from_bytes)
}

fn int(body: &mut Reader<'_>) -> Result<i32, Malformed> {
    Ok(body.varint()? as i32)
}

fn option_bytes<'a>(body: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Malformed> {
    if body.u8()? == 0 { Ok(None) } else { bytes(body).map(Some) }
}

fn option(body: &mut Reader<'_>) -> Result<Option<String>, Malformed> {
    Ok(option_bytes(body)?.map(from_bytes))
}

fn list<T>(
    body: &mut Reader<'_>,
    item: impl Fn(&mut Reader<'_>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = body.varint()?;
    (0..count).map(|_| item(body)).collect()
}

/// One end of the socket pair: buffers and framing, without I/O.
#[derive(Debug, Default)]
pub(crate) struct Handle {
    input: Vec<u8>,
    consumed: usize,
    fds: VecDeque<OwnedFd>,
    output: VecDeque<(Vec<u8>, usize, Option<OwnedFd>)>,
    output_len: usize,
}

impl Handle {
    /// Adds received bytes and descriptors.
    pub(crate) fn push_input(&mut self, bytes: &[u8], fds: impl IntoIterator<Item = OwnedFd>) {
        self.input.drain(..self.consumed);
        self.consumed = 0;
        self.input.extend_from_slice(bytes);
        self.fds.extend(fds);
    }

    /// The next complete parcel. After an error the socket pair must not be used any more.
    pub(crate) fn next_parcel<P: Parcel>(&mut self) -> Result<Option<P>, ProtocolError> {
        loop {
            let mut input = Reader(&self.input[self.consumed..]);
            let Ok(len) = input.u32() else { return Ok(None) };
            if !(2..=MAX_FRAME).contains(&(len as usize)) {
                return Err(ProtocolError::Length(len));
            }
            let Ok(body) = input.bytes(len as usize) else { return Ok(None) };
            let (kind, has_fd) = (body[0], body[1] != 0);
            let fd = if has_fd { self.fds.pop_front() } else { None };
            let parcel = P::unpack(kind, Reader(&body[2..]), fd);
            self.consumed += 4 + len as usize;
            match parcel {
                Ok(Some(parcel)) => return Ok(Some(parcel)),
                Ok(None) => {}
                Err(Malformed) => return Err(ProtocolError::Payload(u32::from(kind))),
            }
        }
    }

    /// Queues a parcel.
    pub(crate) fn send<P: Parcel>(&mut self, parcel: P) -> Result<(), ProtocolError> {
        let (kind, body, fd) = parcel.pack();
        let len = body.len() + 2;
        if len > MAX_FRAME {
            return Err(ProtocolError::TooLong);
        }
        if self.output_len + len > MAX_OUTPUT {
            return Err(ProtocolError::OutputFull);
        }
        let head = (len as u32).to_le_bytes();
        let frame = [&head[..], &[kind, u8::from(fd.is_some())], &body].concat();
        self.output_len += frame.len();
        self.output.push_back((frame, 0, fd));
        Ok(())
    }

    /// True if any output is queued.
    pub(crate) fn wants_write(&self) -> bool {
        !self.output.is_empty()
    }

    /// The bytes to write next, and the descriptor to pass with their first byte.
    pub(crate) fn output(&self) -> Option<(&[u8], Option<BorrowedFd<'_>>)> {
        let (bytes, written, fd) = self.output.front()?;
        Some((&bytes[*written..], fd.as_ref().map(AsFd::as_fd)))
    }

    /// Called when the first `len` bytes of `output` were written.
    pub(crate) fn wrote(&mut self, len: usize) {
        let Some((bytes, written, fd)) = self.output.front_mut() else { return };
        *written += len;
        *fd = None;
        self.output_len -= len;
        if *written >= bytes.len() {
            self.output.pop_front();
        }
    }

    /// Receives once without blocking; it is no error if there is nothing to receive. `Ok(false)` when
    /// the other end is closed.
    pub(crate) fn fill(&mut self, socket: BorrowedFd<'_>) -> io::Result<bool> {
        let received = super::fdpass::receive_with(socket, |bytes, fds| {
            if !bytes.is_empty() {
                self.push_input(bytes, fds);
            }
        });
        match received {
            Ok(len) => Ok(len > 0),
            Err(error) => match error.kind() {
                io::ErrorKind::ConnectionReset => Ok(false),
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(true),
                _ => Err(error),
            },
        }
    }

    /// Sends queued output until the socket takes no more, which is no error: see `wants_write`.
    pub(crate) fn drain(&mut self, socket: BorrowedFd<'_>) -> io::Result<()> {
        while let Some((bytes, fd)) = self.output() {
            match super::fdpass::send(socket, bytes, fd) {
                Ok(len) => self.wrote(len),
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => return Ok(()),
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
