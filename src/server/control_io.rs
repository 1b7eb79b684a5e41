//! The descriptors of control clients: lines are read from their standard input, and output of the
//! `control` room is written to their standard output.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use serde::{Deserialize, Serialize};

use crate::base::blob::Blob;
use crate::base::{ClientId, text};
use crate::control;
use crate::model::ClientFlags;

use super::jobs::set_nonblocking;
use super::passage::{Arrived, FdNumber, Passed};
use super::peer::Peer;
use super::runtime::Runtime;
use super::token::{Poller, Token};
use crate::reactor::Interest;

/// Longest line a control client may send, in bytes: `command too long` for a longer one.
const MAX_LINE: usize = 64 << 20;
/// Bytes of output queued for one control client. The `control` room stays far below it and writes
/// long texts as the client reads them; only the answer of a single command that consists of lines
/// can come near. A client that reads nothing is dropped at the limit.
const MAX_OUTPUT: usize = 256 << 20;
/// Writes to control clients in one turn, each followed by output that was held back.
const MAX_FLUSHES: usize = 16;

/// A control client's streams.
pub(super) struct ControlIo {
    input: std::fs::File,
    output: Option<std::fs::File>,
    /// Input that was read but not yet handled as lines, and the length of its part without a line
    /// end.
    line: Vec<u8>,
    searched: usize,
    /// True while a line that is too long is skipped up to its end.
    skipping: bool,
    pending: Vec<u8>,
    written: usize,
    writing: bool,
    listening: bool,
    ended: bool,
}

/// A control client's streams, to be passed to another server.
#[derive(Serialize, Deserialize)]
pub(super) struct ControlIoRecord {
    input: FdNumber,
    output: Option<FdNumber>,
    line: Blob,
    searched: usize,
    skipping: bool,
    pending: Blob,
    listening: bool,
    ended: bool,
}

impl ControlIo {
    /// `both`: one terminal for both directions (`-CC`).
    pub(super) fn new(
        poller: &Poller,
        id: ClientId,
        input: OwnedFd,
        output: Option<OwnedFd>,
    ) -> io::Result<Self> {
        set_nonblocking(&input)?;
        match &output {
            Some(output) => set_nonblocking(output)?,
            None => drop(poller.add(input.as_fd(), Token::ControlIn(id), Interest::NONE)),
        }
        Ok(Self {
            input: input.into(),
            output: output.map(Into::into),
            line: Vec::new(),
            searched: 0,
            skipping: false,
            pending: Vec::new(),
            written: 0,
            writing: false,
            listening: false,
            ended: false,
        })
    }

    pub(super) fn record(&self, passed: &mut Passed) -> Result<ControlIoRecord, String> {
        let Self {
            input,
            output,
            line,
            searched,
            skipping,
            pending,
            written,
            listening,
            ended,
            // The poller's interest is set again.
            writing: _,
        } = self;
        let mut put = |file: &std::fs::File| passed.put(file.as_fd()).map_err(|e| e.to_string());
        Ok(ControlIoRecord {
            input: put(input)?,
            output: output.as_ref().map(put).transpose()?,
            line: Blob(line.clone()),
            searched: *searched,
            skipping: *skipping,
            pending: Blob(pending[*written..].to_vec()),
            listening: *listening,
            ended: *ended,
        })
    }

    pub(super) fn of_record(
        poller: &Poller,
        id: ClientId,
        record: ControlIoRecord,
        arrived: &mut Arrived,
    ) -> Result<Self, String> {
        let ControlIoRecord { input, output, line, searched, skipping, pending, listening, ended } = record;
        let input = arrived.take(input)?;
        let output = output.map(|fd| arrived.take(fd)).transpose()?;
        let mut io = Self {
            line: line.0,
            searched,
            skipping,
            pending: pending.0,
            ended,
            ..Self::new(poller, id, input, output).map_err(|e| e.to_string())?
        };
        if listening {
            io.listen(poller, id);
        }
        Ok(io)
    }

    /// Starts to read. An input of its own is not waited on before that: its end would be told even without
    /// interest, and the client would leave before its first command ran.
    pub(super) fn listen(&mut self, poller: &Poller, id: ClientId) {
        let begun = std::mem::replace(&mut self.listening, true);
        let interest = Interest { read: !self.ended, write: self.output.is_none() && self.writing };
        let input = self.input.as_fd();
        match self.output.is_some() && !begun {
            true => poller.add(input, Token::ControlIn(id), interest).ok(),
            false => poller.set(input, Token::ControlIn(id), interest).ok(),
        };
    }

    /// Reports whether the client is attached.
    pub(super) fn is_listening(&self) -> bool {
        self.listening
    }

    /// Reports whether output is queued that nothing else will write.
    fn is_due(&self) -> bool {
        self.pending() > 0 && !self.writing
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.len() - self.written
    }

    /// Queues output for the end of the turn, so that a command's lines are written together.
    /// False: too much is queued.
    pub(super) fn write(&mut self, bytes: &[u8]) -> bool {
        if self.pending() + bytes.len() > MAX_OUTPUT {
            return false;
        }
        self.pending.extend_from_slice(bytes);
        true
    }

    /// Writes queued output as far as possible. False: the other end is gone.
    pub(super) fn flush(&mut self, poller: &Poller, id: ClientId) -> bool {
        let alive = self.write_out();
        if self.written == self.pending.len() {
            self.pending.clear();
            self.pending.shrink_to(64 << 10);
            self.written = 0;
        }
        self.watch(poller, id);
        alive
    }

    fn write_out(&mut self) -> bool {
        let file = self.output.as_mut().unwrap_or(&mut self.input);
        while self.written < self.pending.len() {
            match file.write(&self.pending[self.written..]) {
                Ok(0) => break,
                Ok(len) => self.written += len,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
        true
    }

    fn watch(&mut self, poller: &Poller, id: ClientId) {
        let writing = self.pending() > 0;
        if writing == self.writing {
            return;
        }
        self.writing = writing;
        match &self.output {
            Some(output) if writing => {
                poller.add(output.as_fd(), Token::ControlOut(id), Interest::WRITE).ok();
            }
            Some(output) => poller.remove(output.as_fd()),
            None => {
                let interest = Interest { read: self.listening && !self.ended, write: writing };
                poller.set(self.input.as_fd(), Token::ControlIn(id), interest).ok();
            }
        }
    }

    /// Reads available input: whole lines (`None` for one that is too long), and true if the input
    /// has ended.
    fn read(&mut self) -> (Vec<Option<String>>, bool) {
        let mut buffer = [0; 64 << 10];
        match self.input.read(&mut buffer) {
            Ok(0) => self.ended = true,
            Ok(len) => self.line.extend_from_slice(&buffer[..len]),
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => self.ended = true,
        }
        (self.take_lines(), self.ended)
    }

    fn take_lines(&mut self) -> Vec<Option<String>> {
        let mut lines = Vec::new();
        let mut start = 0;
        while let Some(len) = memchr::memchr(b'\n', &self.line[self.searched.max(start)..]) {
            let end = self.searched.max(start) + len;
            let skipped = std::mem::take(&mut self.skipping);
            lines.push((!skipped).then(|| text::from_bytes(&self.line[start..end])));
            start = end + 1;
        }
        self.line.drain(..start);
        if self.line.len() > MAX_LINE {
            self.skipping = true;
        }
        if self.skipping {
            self.line = Vec::new();
        }
        self.searched = self.line.len();
        lines
    }

    pub(super) fn close(&mut self, poller: &Poller) {
        poller.remove(self.input.as_fd());
        if let Some(output) = &self.output {
            poller.remove(output.as_fd());
        }
        // The client uses these descriptors after us.
        for file in std::iter::once(&self.input).chain(&self.output) {
            super::tty::set_blocking(file);
        }
    }
}

impl Peer {
    pub(super) fn control_write(&mut self, bytes: &[u8]) {
        if let Some(control) = &mut self.control
            && !control.write(bytes)
        {
            self.control_lost = true;
        }
    }

    pub(super) fn control_pending(&self) -> usize {
        self.control.as_ref().map_or(0, ControlIo::pending)
    }
}

impl Runtime {
    /// Creates a control client's streams.
    pub(super) fn start_control_io(&mut self, id: ClientId) {
        let both = self.server.client(id).is_some_and(|c| c.flags.contains(ClientFlags::CONTROL_CONTROL));
        let Some(peer) = self.world.peers.get_mut(&id) else { return };
        let output = peer.stdout.take().filter(|_| !both);
        let Some(input) = peer.stdin.take() else { return };
        peer.control = ControlIo::new(&self.world.poller, id, input, output).ok();
    }

    pub(super) fn control_readable(&mut self, id: ClientId) {
        let Some(peer) = self.world.peers.get_mut(&id) else { return };
        let Some(control) = &mut peer.control else { return };
        control.flush(&self.world.poller, id);
        let (lines, ended) = control.read();
        if ended {
            self.world.poller.remove(control.input.as_fd());
        }
        let mut cx = self.cx();
        for line in lines {
            match line {
                Some(line) => control::line(&mut cx, id, &line),
                None => control::refuse_line(&mut cx, id, "command too long"),
            }
        }
        if ended {
            control::input_ended(&mut cx, id);
        }
    }

    /// Writes the output of this turn to control clients, and output that was held back behind it.
    pub(super) fn flush_control(&mut self) {
        for _ in 0..MAX_FLUSHES {
            let mut emptied = Vec::new();
            for peer in self.world.peers.values_mut() {
                let Some(control) = peer.control.as_mut().filter(|control| control.is_due()) else {
                    continue;
                };
                self.world.control_flushed = true;
                if !control.flush(&self.world.poller, peer.id) {
                    peer.control_lost = true;
                } else if control.pending() == 0 {
                    emptied.push(peer.id);
                }
            }
            if emptied.is_empty() {
                return;
            }
            for id in emptied {
                control::drained(&mut self.cx(), id);
            }
        }
    }

    pub(super) fn control_writable(&mut self, id: ClientId) {
        if let Some(peer) = self.world.peers.get_mut(&id)
            && let Some(control) = &mut peer.control
            && !control.flush(&self.world.poller, id)
        {
            peer.control_lost = true;
        }
        control::drained(&mut self.cx(), id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_whatever_is_read_at_once() {
        for step in [1, 2, 3, 7, 100] {
            let (input, mut other) = std::os::unix::net::UnixStream::pair().unwrap();
            let poller = Poller::new().unwrap();
            let mut io = ControlIo::new(&poller, ClientId(1), OwnedFd::from(input), None).unwrap();
            let mut lines = Vec::new();
            for piece in b"one\n\ntwo two\nthree\nrest".chunks(step) {
                other.write_all(piece).unwrap();
                lines.extend(io.read().0);
            }
            let texts: Vec<&str> = lines.iter().flatten().map(String::as_str).collect();
            assert_eq!(texts, ["one", "", "two two", "three"], "{step}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_one_error() {
        let (input, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let poller = Poller::new().unwrap();
        let mut io = ControlIo::new(&poller, ClientId(1), OwnedFd::from(input), None).unwrap();
        io.line = vec![b'x'; MAX_LINE];
        assert!(io.take_lines().is_empty());
        io.line.extend_from_slice(b"\nnext");
        assert!(io.take_lines().iter().flatten().map(String::len).eq([MAX_LINE]));
        io.line.extend(vec![b'x'; MAX_LINE]);
        assert!(io.take_lines().is_empty() && io.line.is_empty());
        io.line.extend_from_slice(b"more\nlast\n");
        assert_eq!(io.take_lines(), [None, Some("last".to_owned())]);
    }
}
