//! Every message of tmux's protocol version 8, in the layouts of 3.3a to 3.7c: native-endian words,
//! NUL-terminated strings, without further alignment.

use super::error::ProtocolError;
use super::imsg::MAX_PAYLOAD;
use crate::base::text::{from_bytes, to_bytes};
use std::os::fd::OwnedFd;

/// Maximum number of arguments of one command, as in tmux's server.
const MAX_ARGUMENTS: i32 = 1000;

/// Longest command that is sent in pieces, in bytes; beyond it the error is `command too long`.
pub(crate) const MAX_COMMAND: usize = 16 << 20;

/// Maximum of file data in one `Read` or `Write` message, beside its stream number.
pub(crate) const MAX_FILE_CHUNK: usize = MAX_PAYLOAD - 4;

/// A message. Client and server share the type; comments give the direction.
#[derive(Debug)]
pub enum Message {
    /// In either direction: the receiver has another version. `peer` is the version in the header.
    Version {
        peer: u8,
    },

    // Client to server, before its command.
    /// Versions up to 3.1 sent flags as 32 bits.
    IdentifyFlags(i32),
    IdentifyLongFlags(u64),
    IdentifyTerm(String),
    IdentifyTtyName(String),
    IdentifyCwd(String),
    /// The client's standard input; the descriptor is missing if its marking was not recognized.
    IdentifyStdin(Option<OwnedFd>),
    IdentifyStdout(Option<OwnedFd>),
    /// One `NAME=value`.
    IdentifyEnviron(String),
    IdentifyClientPid(i32),
    /// Bits of `features::NAMES`.
    IdentifyFeatures(u32),
    /// One terminfo capability, `name=value`.
    IdentifyTerminfo(String),
    IdentifyDone,

    // Client to server.
    /// Run a command; without arguments, the default command.
    Command(Vec<String>),
    /// A piece of a command that is longer than one message, from a client to a server of scopemux. The
    /// last message is `CommandTooLong`, which a server of tmux understands too.
    CommandPiece(Vec<u8>),
    /// A command message with inconsistent arguments; answered with `command too long`.
    CommandTooLong,
    Resize,
    Exiting,
    Wakeup,
    Unlock,
    /// To the server: asks for the shell of `-c`. To the client: the shell.
    Shell(Option<String>),
    Read {
        stream: i32,
        data: Vec<u8>,
    },
    ReadDone {
        stream: i32,
        error: i32,
    },
    WriteReady {
        stream: i32,
        error: i32,
    },
    /// All of a stream was written, or writing failed. tmux sends it since after 3.7.
    WriteDone {
        stream: i32,
        error: i32,
    },

    // Server to client.
    Ready,
    Flags(u64),
    /// The name of the session that the client was detached from.
    Detach(String),
    DetachKill(String),
    /// Detach and run `command` with `shell`.
    Exec {
        command: String,
        shell: String,
    },
    Exit {
        status: Option<i32>,
        message: Option<String>,
    },
    Exited,
    Shutdown,
    Suspend,
    /// Run the lock command.
    Lock(String),
    /// Open a file for reading; `fd` is -1 for a path and 0 for standard input.
    ReadOpen {
        stream: i32,
        fd: i32,
        path: Option<String>,
    },
    ReadCancel {
        stream: i32,
    },
    /// Open a file for writing; `fd` is -1 for a path, else 1 or 2; `flags` are open(2)'s.
    WriteOpen {
        stream: i32,
        fd: i32,
        flags: i32,
        path: Option<String>,
    },
    Write {
        stream: i32,
        data: Vec<u8>,
    },
    WriteClose {
        stream: i32,
    },

    /// Only in scopemux: the number of the session that the client shows now, and the client's flags.
    /// Clients of tmux ignore it.
    Session {
        number: u32,
        flags: u64,
    },
    /// Only in scopemux: true if C-c ends the client, since it waits for long work that stops with it.
    /// Clients of tmux ignore it.
    MayStop(bool),

    /// Standard streams as sent by tmux before 1.9: the peer is too old.
    TooOld,
    /// An unknown type; ignored, as in tmux.
    Other(u32),
}

/// Type numbers in the protocol.
pub(super) mod kind {
    pub(crate) const VERSION: u32 = 12;
    pub(crate) const IDENTIFY_FLAGS: u32 = 100;
    pub(crate) const IDENTIFY_TERM: u32 = 101;
    pub(crate) const IDENTIFY_TTYNAME: u32 = 102;
    pub(crate) const IDENTIFY_STDIN: u32 = 104;
    pub(crate) const IDENTIFY_ENVIRON: u32 = 105;
    pub(crate) const IDENTIFY_DONE: u32 = 106;
    pub(crate) const IDENTIFY_CLIENTPID: u32 = 107;
    pub(crate) const IDENTIFY_CWD: u32 = 108;
    pub(crate) const IDENTIFY_FEATURES: u32 = 109;
    pub(crate) const IDENTIFY_STDOUT: u32 = 110;
    pub(crate) const IDENTIFY_LONGFLAGS: u32 = 111;
    pub(crate) const IDENTIFY_TERMINFO: u32 = 112;
    pub(crate) const COMMAND: u32 = 200;
    pub(crate) const DETACH: u32 = 201;
    pub(crate) const DETACHKILL: u32 = 202;
    pub(crate) const EXIT: u32 = 203;
    pub(crate) const EXITED: u32 = 204;
    pub(crate) const EXITING: u32 = 205;
    pub(crate) const LOCK: u32 = 206;
    pub(crate) const READY: u32 = 207;
    pub(crate) const RESIZE: u32 = 208;
    pub(crate) const SHELL: u32 = 209;
    pub(crate) const SHUTDOWN: u32 = 210;
    pub(crate) const OLD_STDERR: u32 = 211;
    pub(crate) const OLD_STDOUT: u32 = 213;
    pub(crate) const SUSPEND: u32 = 214;
    pub(crate) const UNLOCK: u32 = 215;
    pub(crate) const WAKEUP: u32 = 216;
    pub(crate) const EXEC: u32 = 217;
    pub(crate) const FLAGS: u32 = 218;
    pub(crate) const READ_OPEN: u32 = 300;
    pub(crate) const READ: u32 = 301;
    pub(crate) const READ_DONE: u32 = 302;
    pub(crate) const WRITE_OPEN: u32 = 303;
    pub(crate) const WRITE: u32 = 304;
    pub(crate) const WRITE_READY: u32 = 305;
    pub(crate) const WRITE_CLOSE: u32 = 306;
    pub(crate) const READ_CANCEL: u32 = 307;
    pub(crate) const WRITE_DONE: u32 = 308;
    /// Not in tmux, which ignores unknown numbers.
    pub(crate) const COMMAND_PIECE: u32 = 0x5350_0001;
    /// Far from all numbers that tmux may ever use.
    pub(crate) const SESSION: u32 = 0x736d_0001;
    pub(crate) const MAY_STOP: u32 = 0x736d_0002;
}

impl Message {
    /// Decodes a payload. `peer` is the low byte of the header's peer id. A descriptor that the message
    /// does not need is closed.
    pub fn decode(kind: u32, payload: &[u8], fd: Option<OwnedFd>, peer: u8) -> Result<Self, ProtocolError> {
        let mut body = Body { kind, rest: payload };
        let message = match kind {
            kind::VERSION => Self::Version { peer },
            100..=112 => return Self::decode_identify(body, fd),
            300..=308 => return Self::decode_file(body),
            kind::COMMAND => return decode_command(body),
            kind::COMMAND_PIECE => return Ok(Self::CommandPiece(body.take_rest())),
            kind::DETACH => return Ok(Self::Detach(body.name())),
            kind::DETACHKILL => return Ok(Self::DetachKill(body.name())),
            kind::EXIT => return body.exit(),
            kind::EXITED => Self::Exited,
            kind::EXITING => Self::Exiting,
            kind::LOCK => Self::Lock(body.string()?),
            kind::READY => Self::Ready,
            kind::RESIZE => Self::Resize,
            kind::SHELL if payload.is_empty() => Self::Shell(None),
            kind::SHELL => Self::Shell(Some(body.string()?)),
            // tmux: a client that is not attached also reads a status and message from it.
            kind::SHUTDOWN if payload.is_empty() => Self::Shutdown,
            kind::SHUTDOWN => return body.exit(),
            kind::OLD_STDERR..=kind::OLD_STDOUT => return Ok(Self::TooOld),
            kind::SUSPEND => Self::Suspend,
            kind::UNLOCK => Self::Unlock,
            kind::WAKEUP => Self::Wakeup,
            kind::EXEC => {
                let command = body.c_string()?;
                Self::Exec { command, shell: body.string()? }
            }
            kind::FLAGS => Self::Flags(body.u64()?),
            kind::SESSION => Self::Session { number: body.i32()? as u32, flags: body.u64()? },
            kind::MAY_STOP => Self::MayStop(body.i32()? != 0),
            other => return Ok(Self::Other(other)),
        };
        body.end(message)
    }

    fn decode_identify(mut body: Body<'_>, fd: Option<OwnedFd>) -> Result<Self, ProtocolError> {
        let message = match body.kind {
            kind::IDENTIFY_FLAGS => Self::IdentifyFlags(body.i32()?),
            kind::IDENTIFY_LONGFLAGS => Self::IdentifyLongFlags(body.u64()?),
            kind::IDENTIFY_TERM => Self::IdentifyTerm(body.string()?),
            kind::IDENTIFY_TTYNAME => Self::IdentifyTtyName(body.string()?),
            kind::IDENTIFY_CWD => Self::IdentifyCwd(body.string()?),
            kind::IDENTIFY_STDIN => Self::IdentifyStdin(fd),
            kind::IDENTIFY_STDOUT => Self::IdentifyStdout(fd),
            kind::IDENTIFY_ENVIRON => Self::IdentifyEnviron(body.string()?),
            kind::IDENTIFY_CLIENTPID => Self::IdentifyClientPid(body.i32()?),
            kind::IDENTIFY_FEATURES => Self::IdentifyFeatures(body.i32()? as u32),
            kind::IDENTIFY_TERMINFO => Self::IdentifyTerminfo(body.string()?),
            kind::IDENTIFY_DONE => return Ok(Self::IdentifyDone),
            other => return Ok(Self::Other(other)),
        };
        body.end(message)
    }

    fn decode_file(mut body: Body<'_>) -> Result<Self, ProtocolError> {
        let kind = body.kind;
        let stream = body.i32()?;
        let message = match kind {
            kind::READ_OPEN => Self::ReadOpen { stream, fd: body.i32()?, path: body.path() },
            kind::READ => Self::Read { stream, data: body.take_rest() },
            kind::READ_DONE => Self::ReadDone { stream, error: body.i32()? },
            kind::READ_CANCEL => Self::ReadCancel { stream },
            kind::WRITE_OPEN => {
                Self::WriteOpen { stream, fd: body.i32()?, flags: body.i32()?, path: body.path() }
            }
            kind::WRITE => Self::Write { stream, data: body.take_rest() },
            kind::WRITE_READY => Self::WriteReady { stream, error: body.i32()? },
            kind::WRITE_CLOSE => Self::WriteClose { stream },
            kind::WRITE_DONE => Self::WriteDone { stream, error: body.i32()? },
            other => return Ok(Self::Other(other)),
        };
        body.end(message)
    }

    /// The type number, payload and descriptor to send.
    pub fn encode(self) -> (u32, Vec<u8>, Option<OwnedFd>) {
        let mut out = Vec::new();
        let mut passed = None;
        let kind = match self {
            Self::Version { .. } => kind::VERSION,
            Self::IdentifyFlags(flags) => put(&mut out, kind::IDENTIFY_FLAGS, flags),
            Self::IdentifyLongFlags(flags) => put_u64(&mut out, kind::IDENTIFY_LONGFLAGS, flags),
            Self::IdentifyTerm(name) => put_str(&mut out, kind::IDENTIFY_TERM, &name),
            Self::IdentifyTtyName(name) => put_str(&mut out, kind::IDENTIFY_TTYNAME, &name),
            Self::IdentifyCwd(path) => put_str(&mut out, kind::IDENTIFY_CWD, &path),
            Self::IdentifyStdin(fd) => {
                passed = fd;
                kind::IDENTIFY_STDIN
            }
            Self::IdentifyStdout(fd) => {
                passed = fd;
                kind::IDENTIFY_STDOUT
            }
            Self::IdentifyEnviron(pair) => put_str(&mut out, kind::IDENTIFY_ENVIRON, &pair),
            Self::IdentifyClientPid(pid) => put(&mut out, kind::IDENTIFY_CLIENTPID, pid),
            Self::IdentifyFeatures(bits) => put(&mut out, kind::IDENTIFY_FEATURES, bits as i32),
            Self::IdentifyTerminfo(pair) => put_str(&mut out, kind::IDENTIFY_TERMINFO, &pair),
            Self::IdentifyDone => kind::IDENTIFY_DONE,
            Self::Command(argv) => {
                put(&mut out, 0, argv.len() as i32);
                argv.iter().fold(kind::COMMAND, |kind, arg| put_str(&mut out, kind, arg))
            }
            Self::CommandPiece(bytes) => {
                out.extend_from_slice(&bytes);
                kind::COMMAND_PIECE
            }
            // Two arguments are announced and one is sent, which every version of tmux refuses safely.
            Self::CommandTooLong => {
                put(&mut out, kind::COMMAND, 2);
                put_str(&mut out, kind::COMMAND, "")
            }
            Self::Resize => kind::RESIZE,
            Self::Exiting => kind::EXITING,
            Self::Wakeup => kind::WAKEUP,
            Self::Unlock => kind::UNLOCK,
            Self::Shell(None) => kind::SHELL,
            Self::Shell(Some(path)) => put_str(&mut out, kind::SHELL, &path),
            Self::Ready => kind::READY,
            Self::Flags(flags) => put_u64(&mut out, kind::FLAGS, flags),
            Self::Detach(session) => put_str(&mut out, kind::DETACH, &session),
            Self::DetachKill(session) => put_str(&mut out, kind::DETACHKILL, &session),
            Self::Exec { command, shell } => {
                put_str(&mut out, kind::EXEC, &command);
                put_str(&mut out, kind::EXEC, &shell)
            }
            Self::Exit { status: None, message: None } => kind::EXIT,
            Self::Exit { status, message } => {
                put(&mut out, kind::EXIT, status.unwrap_or(0));
                message.map_or(kind::EXIT, |text| put_str(&mut out, kind::EXIT, &text))
            }
            Self::Session { number, flags } => {
                put(&mut out, kind::SESSION, number as i32);
                put_u64(&mut out, kind::SESSION, flags)
            }
            Self::MayStop(may) => put(&mut out, kind::MAY_STOP, i32::from(may)),
            Self::Exited => kind::EXITED,
            Self::Shutdown => kind::SHUTDOWN,
            Self::Suspend => kind::SUSPEND,
            Self::Lock(command) => put_str(&mut out, kind::LOCK, &command),
            Self::TooOld => kind::OLD_STDOUT,
            Self::Other(other) => other,
            file => file.encode_file(&mut out),
        };
        (kind, out, passed)
    }

    fn encode_file(self, out: &mut Vec<u8>) -> u32 {
        let (kind, stream, words, path, data) = match self {
            Self::ReadOpen { stream, fd, path } => (kind::READ_OPEN, stream, vec![fd], path, vec![]),
            Self::Read { stream, data } => (kind::READ, stream, vec![], None, data),
            Self::ReadDone { stream, error } => (kind::READ_DONE, stream, vec![error], None, vec![]),
            Self::ReadCancel { stream } => (kind::READ_CANCEL, stream, vec![], None, vec![]),
            Self::WriteOpen { stream, fd, flags, path } => {
                (kind::WRITE_OPEN, stream, vec![fd, flags], path, vec![])
            }
            Self::Write { stream, data } => (kind::WRITE, stream, vec![], None, data),
            Self::WriteReady { stream, error } => (kind::WRITE_READY, stream, vec![error], None, vec![]),
            Self::WriteDone { stream, error } => (kind::WRITE_DONE, stream, vec![error], None, vec![]),
            Self::WriteClose { stream } => (kind::WRITE_CLOSE, stream, vec![], None, vec![]),
            _ => unreachable!("encode handles every other message"),
        };
        put(out, kind, stream);
        for word in words {
            put(out, kind, word);
        }
        if let Some(path) = path {
            put_str(out, kind, &path);
        }
        out.extend_from_slice(&data);
        kind
    }
}

fn put(out: &mut Vec<u8>, kind: u32, word: i32) -> u32 {
    out.extend_from_slice(&word.to_ne_bytes());
    kind
}

fn put_u64(out: &mut Vec<u8>, kind: u32, word: u64) -> u32 {
    out.extend_from_slice(&word.to_ne_bytes());
    kind
}

fn put_str(out: &mut Vec<u8>, kind: u32, text: &str) -> u32 {
    out.extend_from_slice(&to_bytes(text));
    out.push(0);
    kind
}

/// The bytes of a command that is sent in pieces.
pub(crate) fn command_bytes(argv: &[String]) -> Vec<u8> {
    Message::Command(argv.to_vec()).encode().1
}

/// Decodes a command that was received in pieces.
pub(crate) fn command_of_bytes(bytes: &[u8]) -> Result<Message, ProtocolError> {
    decode_command(Body { kind: kind::COMMAND, rest: bytes })
}

/// Decodes the count of arguments and the arguments behind it. Later bytes are ignored.
fn decode_command(mut body: Body<'_>) -> Result<Message, ProtocolError> {
    let count = body.i32()?;
    if body.rest.last().is_some_and(|&last| last != 0) {
        return Err(ProtocolError::Payload(kind::COMMAND));
    }
    if !(0..=MAX_ARGUMENTS).contains(&count) {
        return Ok(Message::CommandTooLong);
    }
    let mut argv = Vec::with_capacity(count as usize);
    for _ in 0..count {
        match body.c_string() {
            Ok(arg) => argv.push(arg),
            Err(_) => return Ok(Message::CommandTooLong),
        }
    }
    Ok(Message::Command(argv))
}

/// The rest of a payload.
struct Body<'a> {
    kind: u32,
    rest: &'a [u8],
}

impl Body<'_> {
    fn bad(&self) -> ProtocolError {
        ProtocolError::Payload(self.kind)
    }

    fn i32(&mut self) -> Result<i32, ProtocolError> {
        let (word, rest) = self.rest.split_first_chunk().ok_or_else(|| self.bad())?;
        self.rest = rest;
        Ok(i32::from_ne_bytes(*word))
    }

    fn u64(&mut self) -> Result<u64, ProtocolError> {
        let (word, rest) = self.rest.split_first_chunk().ok_or_else(|| self.bad())?;
        self.rest = rest;
        Ok(u64::from_ne_bytes(*word))
    }

    /// A string that must fill the payload up to its final NUL; it ends at the first NUL.
    fn string(&mut self) -> Result<String, ProtocolError> {
        if self.rest.last() != Some(&0) {
            return Err(self.bad());
        }
        Ok(self.name())
    }

    /// A string up to its NUL; the rest stays.
    fn c_string(&mut self) -> Result<String, ProtocolError> {
        let end = memchr::memchr(0, self.rest).ok_or_else(|| self.bad())?;
        let text = from_bytes(&self.rest[..end]);
        self.rest = &self.rest[end + 1..];
        Ok(text)
    }

    /// All bytes up to the first NUL or the end.
    fn name(&mut self) -> String {
        let end = memchr::memchr(0, self.rest).unwrap_or(self.rest.len());
        let text = from_bytes(&self.rest[..end]);
        self.rest = &[];
        text
    }

    fn path(&mut self) -> Option<String> {
        (!self.rest.is_empty()).then(|| self.name())
    }

    fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest).to_vec()
    }

    /// No payload, a status, or a status and a message.
    fn exit(mut self) -> Result<Message, ProtocolError> {
        let status = if self.rest.is_empty() { None } else { Some(self.i32()?) };
        let message = self.path();
        Ok(Message::Exit { status, message })
    }

    fn end(self, message: Message) -> Result<Message, ProtocolError> {
        if self.rest.is_empty() { Ok(message) } else { Err(self.bad()) }
    }
}
