//! Files and standard streams that the client reads and writes for the server.

use crate::base::text::to_bytes;
use crate::protocol::message::MAX_FILE_CHUNK;
use crate::protocol::{Connection, Message, ProtocolError};
use crate::sys::error::strerror;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::{read, write};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// Maximum number of bytes per write: a full pipe may block the client for as long as these take.
const WRITE_SIZE: usize = 64 * 1024;
/// Reading stops while this many bytes are queued for the server.
const MAX_UNSENT: usize = 1024 * 1024;

/// The open files, by the server's stream numbers.
#[derive(Default)]
pub(super) struct Files {
    open: BTreeMap<i32, File>,
    /// Standard streams that have been used; each can be used once.
    used: [bool; 3],
    /// In control mode, where the streams stay open for the server.
    pub control: bool,
    /// Why standard output could not be written; 0: it could.
    lost_output: i32,
}

struct File {
    fd: Option<OwnedFd>,
    reading: bool,
    /// Bytes to be written.
    pending: Vec<u8>,
    written: usize,
    /// No more data will come: the file is closed once all is written.
    closing: bool,
    /// The errno of a failed write; later data is dropped.
    error: i32,
    /// The destination: a path, or a standard stream by its number.
    target: Target,
}

enum Target {
    Path(String),
    Stream(i32),
}

impl Files {
    pub(super) fn new(control: bool) -> Self {
        Self { control, ..Self::default() }
    }

    /// True if any bytes are still to be written.
    pub(super) fn write_left(&self) -> bool {
        self.open.values().any(|file| file.fd.is_some() && file.written < file.pending.len())
    }

    /// Count of bytes still to be written.
    pub(super) fn unwritten(&self) -> usize {
        self.open.values().map(|file| file.pending.len() - file.written).sum()
    }

    /// The descriptors to poll: `true` for reading.
    pub(super) fn waiting<'a>(&'a self, connection: &Connection) -> Vec<(i32, BorrowedFd<'a>, bool)> {
        let may_read = connection.output_len() < MAX_UNSENT;
        let wanted = |file: &File| if file.reading { may_read } else { file.written < file.pending.len() };
        let files = self.open.iter().filter(|(_, file)| wanted(file));
        files.filter_map(|(&stream, file)| Some((stream, file.fd.as_ref()?.as_fd(), file.reading))).collect()
    }

    /// Opens a file or standard input for the server. Data is sent when it can be read.
    pub(super) fn read_open(
        &mut self,
        connection: &mut Connection,
        (stream, fd, path): (i32, i32, Option<String>),
    ) -> Result<(), ProtocolError> {
        let target = Target::new(fd, path.as_deref());
        let opened = if self.open.contains_key(&stream) {
            Err(Errno::EBADF)
        } else {
            self.open_one(fd, &[0], path, OFlag::O_RDONLY)
        };
        match opened {
            Ok(fd) => {
                self.open.insert(stream, File::new(fd, true, target));
                Ok(())
            }
            Err(error) => connection.send(Message::ReadDone { stream, error: error as i32 }),
        }
    }

    /// Opens a file or standard stream to write to.
    pub(super) fn write_open(
        &mut self,
        connection: &mut Connection,
        (stream, fd, flags, path): (i32, i32, i32, Option<String>),
    ) -> Result<(), ProtocolError> {
        let flags = OFlag::from_bits_truncate(flags) | OFlag::O_WRONLY | OFlag::O_CREAT;
        let target = Target::new(fd, path.as_deref());
        let opened = if self.open.contains_key(&stream) {
            Err(Errno::EBADF)
        } else {
            self.open_one(fd, &[1, 2], path, flags)
        };
        let error = match opened {
            Ok(fd) => {
                self.open.insert(stream, File::new(fd, false, target));
                0
            }
            Err(error) => error as i32,
        };
        connection.send(Message::WriteReady { stream, error })
    }

    /// The user has stopped the command: reports the files that are incomplete.
    pub(super) fn stopped(&mut self) {
        let written = self.open.values().filter(|file| !file.reading);
        let paths = written.filter_map(|file| match &file.target {
            Target::Path(path) => Some(path.clone()),
            Target::Stream(_) => None,
        });
        let lines: Vec<String> = paths.map(|path| format!("stopped: {path} is not complete\n")).collect();
        // First erases the progress line.
        let begin = if self.taken_errors().is_some() { "\r\x1b[K" } else { "" };
        self.say(&format!("{begin}{}", lines.concat()));
    }

    /// Says why standard output could not be written, if that is so: what the server printed is
    /// not where it was to go. A reader that has left had what it wanted. True: it was said.
    ///
    /// tmux: says nothing, and succeeds.
    pub(super) fn report_lost_output(&self) -> bool {
        if self.lost_output == 0 || self.lost_output == libc::EPIPE {
            return false;
        }
        self.say(&format!("{}: -\n", strerror(self.lost_output)));
        true
    }

    /// Standard error, when the server has it.
    fn taken_errors(&self) -> Option<&OwnedFd> {
        let file = self.open.values().find(|file| matches!(file.target, Target::Stream(2)))?;
        file.fd.as_ref()
    }

    fn say(&self, text: &str) {
        match self.taken_errors() {
            Some(fd) => _ = write(fd, text.as_bytes()),
            None => eprint!("{text}"),
        }
    }

    fn open_one(
        &mut self,
        fd: i32,
        streams: &[i32],
        path: Option<String>,
        flags: OFlag,
    ) -> nix::Result<OwnedFd> {
        if fd == -1 {
            let path = to_bytes(path.as_deref().unwrap_or("-"));
            let flags = flags | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
            return open(OsStr::from_bytes(&path), flags, Mode::from_bits_truncate(0o644));
        }
        if !streams.contains(&fd) || std::mem::replace(&mut self.used[fd as usize], !self.control) {
            return Err(Errno::EBADF);
        }
        self.take_stream(fd)
    }

    /// Duplicates a standard stream. Unless in control mode, the original is then redirected to
    /// /dev/null, so that the reader of our output sees its end as soon as the server closes the stream.
    fn take_stream(&self, fd: i32) -> nix::Result<OwnedFd> {
        let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
        let taken = match fd {
            0 => stdin.as_fd().try_clone_to_owned(),
            1 => stdout.as_fd().try_clone_to_owned(),
            _ => stderr.as_fd().try_clone_to_owned(),
        };
        let taken = taken.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EBADF)))?;
        if !self.control
            && let Ok(null) = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())
        {
            let _ = match fd {
                0 => nix::unistd::dup2_stdin(&null),
                1 => nix::unistd::dup2_stdout(&null),
                _ => nix::unistd::dup2_stderr(&null),
            };
        }
        Ok(taken)
    }

    /// Takes data to write; `None` when the server's stream is not open.
    pub(super) fn write_data(&mut self, stream: i32, data: Vec<u8>) -> Option<()> {
        let file = self.open.get_mut(&stream)?;
        if file.fd.is_some() {
            if file.written == file.pending.len() {
                file.pending = data;
                file.written = 0;
            } else {
                file.pending.extend_from_slice(&data);
            }
        }
        Some(())
    }

    /// Closes a stream once all its data is written; `None` when it is not open.
    pub(super) fn write_close(
        &mut self,
        connection: &mut Connection,
        stream: i32,
    ) -> Option<Result<(), ProtocolError>> {
        self.open.get_mut(&stream)?.closing = true;
        Some(self.finish(connection, stream))
    }

    /// Closes a stream that is completely written, and reports the result.
    fn finish(&mut self, connection: &mut Connection, stream: i32) -> Result<(), ProtocolError> {
        let over = |file: &File| file.closing && (file.fd.is_none() || file.written == file.pending.len());
        if !self.open.get(&stream).is_some_and(over) {
            return Ok(());
        }
        let Some(file) = self.open.remove(&stream) else { return Ok(()) };
        let closed = file.fd.map_or(Ok(()), nix::unistd::close);
        let error = closed.err().map_or(file.error, |error| error as i32);
        connection.send(Message::WriteDone { stream, error })
    }

    /// Stops reading a stream; `None` when it is not open.
    pub(super) fn read_cancel(
        &mut self,
        connection: &mut Connection,
        stream: i32,
    ) -> Option<Result<(), ProtocolError>> {
        self.open.remove(&stream)?;
        Some(connection.send(Message::ReadDone { stream, error: 0 }))
    }

    /// Reads or writes a stream that is ready.
    pub(super) fn ready(&mut self, connection: &mut Connection, stream: i32) -> Result<(), ProtocolError> {
        let Some(file) = self.open.get_mut(&stream) else { return Ok(()) };
        if file.reading {
            let Some(fd) = &file.fd else { return Ok(()) };
            let mut data = vec![0; MAX_FILE_CHUNK];
            let error = match read(fd, &mut data) {
                Ok(0) => 0,
                Ok(len) => {
                    data.truncate(len);
                    return connection.send(Message::Read { stream, data });
                }
                Err(Errno::EAGAIN | Errno::EINTR) => return Ok(()),
                Err(_) => libc::EIO,
            };
            self.open.remove(&stream);
            connection.send(Message::ReadDone { stream, error })
        } else {
            file.write_some();
            if matches!(file.target, Target::Stream(1)) && file.error != 0 {
                self.lost_output = file.error;
            }
            self.finish(connection, stream)
        }
    }
}

impl Target {
    fn new(fd: i32, path: Option<&str>) -> Self {
        if fd == -1 { Self::Path(path.unwrap_or("-").to_owned()) } else { Self::Stream(fd) }
    }
}

impl File {
    fn new(fd: OwnedFd, reading: bool, target: Target) -> Self {
        Self { fd: Some(fd), reading, pending: Vec::new(), written: 0, closing: false, error: 0, target }
    }

    /// Writes once. After an error the file is closed and later data is dropped.
    fn write_some(&mut self) {
        let Some(fd) = &self.fd else { return };
        let rest = &self.pending[self.written..];
        match write(fd, &rest[..rest.len().min(WRITE_SIZE)]) {
            Ok(len) => self.written += len,
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(error) => {
                self.error = error as i32;
                self.fd = None;
            }
        }
        if self.written == self.pending.len() {
            self.pending = Vec::new();
            self.written = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages queued for the server, as text.
    fn sent(connection: &mut Connection) -> Vec<String> {
        let mut server = Connection::default();
        while let Some((bytes, _)) = connection.output() {
            let bytes = bytes.to_vec();
            connection.wrote(bytes.len());
            server.push_input(&bytes, None).unwrap();
        }
        std::iter::from_fn(|| server.next_message().unwrap()).map(|message| format!("{message:?}")).collect()
    }

    #[test]
    fn a_file_that_cannot_be_written_says_why() {
        let (mut files, mut connection) = (Files::new(true), Connection::default());
        files.write_open(&mut connection, (3, -1, 0, Some("/dev/full".to_owned()))).unwrap();
        files.write_data(3, b"hello".to_vec()).unwrap();
        files.ready(&mut connection, 3).unwrap();
        files.write_data(3, b"more".to_vec()).unwrap();
        files.write_close(&mut connection, 3).unwrap().unwrap();
        let ends = ["WriteReady { stream: 3, error: 0 }", "WriteDone { stream: 3, error: 28 }"];
        assert_eq!(sent(&mut connection), ends);
    }

    #[test]
    fn files_are_written_and_read_for_the_server() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x").to_str().unwrap().to_owned();
        let (mut files, mut connection) = (Files::new(true), Connection::default());
        let at = |path: &str| Some(path.to_owned());
        let flags = libc::O_TRUNC;
        files.write_open(&mut connection, (3, -1, flags, at(&path))).unwrap();
        files.write_open(&mut connection, (3, -1, flags, at(&path))).unwrap();
        files.write_open(&mut connection, (4, -1, flags, at("/nosuch/x"))).unwrap();
        files.write_open(&mut connection, (5, 0, 0, None)).unwrap();
        assert_eq!(
            sent(&mut connection),
            [
                "WriteReady { stream: 3, error: 0 }",
                "WriteReady { stream: 3, error: 9 }",
                "WriteReady { stream: 4, error: 2 }",
                "WriteReady { stream: 5, error: 9 }",
            ]
        );
        files.write_data(3, b"hello".to_vec()).unwrap();
        files.write_close(&mut connection, 3).unwrap().unwrap();
        assert!(files.write_left());
        assert!(files.write_data(7, Vec::new()).is_none());
        files.ready(&mut connection, 3).unwrap();
        assert!(!files.write_left() && files.open.is_empty());
        files.read_open(&mut connection, (6, -1, at(&path))).unwrap();
        files.ready(&mut connection, 6).unwrap();
        files.ready(&mut connection, 6).unwrap();
        files.read_open(&mut connection, (7, -1, at("/nosuch/x"))).unwrap();
        files.read_open(&mut connection, (8, 1, None)).unwrap();
        assert_eq!(
            sent(&mut connection),
            [
                "WriteDone { stream: 3, error: 0 }",
                "Read { stream: 6, data: [104, 101, 108, 108, 111] }",
                "ReadDone { stream: 6, error: 0 }",
                "ReadDone { stream: 7, error: 2 }",
                "ReadDone { stream: 8, error: 9 }",
            ]
        );
    }
}
