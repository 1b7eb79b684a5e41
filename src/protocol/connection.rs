//! One end of a connection: turns received bytes and descriptors into messages, and messages into bytes
//! to send. It does no I/O, so a runtime and a plain poll loop can both drive it.

use super::error::ProtocolError;
use super::imsg::{FdMarking, HEADER_SIZE, Header, MAX_PAYLOAD, PROTOCOL_VERSION};
use super::message::{Message, kind};
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Maximum number of bytes of input that are not decoded yet; a peer cannot send further ahead of the
/// reader.
pub(crate) const MAX_INPUT: usize = 256 * 1024;
/// Maximum number of received descriptors that no message has claimed yet. A client sends two.
pub(crate) const MAX_PENDING_FDS: usize = 8;
/// Maximum number of bytes of output queued for a slow peer, unless the owner sets another limit.
pub(crate) const DEFAULT_MAX_OUTPUT: usize = 16 * 1024 * 1024;

/// A connection's buffers and framing state.
#[derive(Debug)]
pub struct Connection {
    input: Vec<u8>,
    /// Bytes of `input` already turned into messages.
    consumed: usize,
    fds: VecDeque<OwnedFd>,
    /// Marking of descriptors that are sent: the one that the peer was last seen to use.
    marking: FdMarking,
    output: VecDeque<Frame>,
    output_len: usize,
    max_output: usize,
}

/// Bytes to write. A descriptor is sent with the first byte of its frame.
#[derive(Debug)]
struct Frame {
    bytes: Vec<u8>,
    written: usize,
    fd: Option<OwnedFd>,
}

/// Frames without descriptors are joined up to this size, to be written in one call.
const JOIN_SIZE: usize = 64 * 1024;
/// Bytes of a message that fills such a frame with others like it.
const LONG: usize = 8 * 1024;

impl Default for Connection {
    fn default() -> Self {
        Self::new(FdMarking::default())
    }
}

impl Connection {
    /// A connection that marks descriptors in this way, until the peer shows another one.
    pub fn new(marking: FdMarking) -> Self {
        Self {
            input: Vec::new(),
            consumed: 0,
            fds: VecDeque::new(),
            marking,
            output: VecDeque::new(),
            output_len: 0,
            max_output: DEFAULT_MAX_OUTPUT,
        }
    }

    /// The marking in use for sending.
    pub fn marking(&self) -> FdMarking {
        self.marking
    }

    /// For the next server: input that is not a complete message yet, its descriptors in order, and
    /// output that is queued. `None` while a descriptor is queued.
    pub fn unread(&self) -> Option<(&[u8], impl Iterator<Item = BorrowedFd<'_>>, Vec<u8>)> {
        let mut output = Vec::with_capacity(self.output_len);
        for frame in &self.output {
            if frame.fd.is_some() {
                return None;
            }
            output.extend_from_slice(&frame.bytes[frame.written..]);
        }
        Some((&self.input[self.consumed..], self.fds.iter().map(AsFd::as_fd), output))
    }

    /// Continues with the state of another server's connection.
    pub fn take_up(&mut self, input: Vec<u8>, fds: impl IntoIterator<Item = OwnedFd>, output: Vec<u8>) {
        self.input = input;
        self.fds.extend(fds);
        if !output.is_empty() {
            self.output_len += output.len();
            self.output.push_back(Frame { bytes: output, written: 0, fd: None });
        }
    }

    /// Sets the maximum number of bytes of queued output; beyond it `send` fails.
    pub fn set_max_output(&mut self, bytes: usize) {
        self.max_output = bytes;
    }

    /// Adds received bytes and descriptors. Descriptors keep their order; those beyond the maximum are
    /// closed.
    pub fn push_input(
        &mut self,
        bytes: &[u8],
        fds: impl IntoIterator<Item = OwnedFd>,
    ) -> Result<(), ProtocolError> {
        for fd in fds {
            if self.fds.len() == MAX_PENDING_FDS {
                return Err(ProtocolError::TooManyFds);
            }
            self.fds.push_back(fd);
        }
        if self.input.len() - self.consumed + bytes.len() > MAX_INPUT {
            return Err(ProtocolError::InputFull);
        }
        self.input.drain(..self.consumed);
        self.consumed = 0;
        self.input.extend_from_slice(bytes);
        Ok(())
    }

    /// The next complete message, or `None` until more has arrived. After an error the connection must
    /// not be read any more.
    pub fn next_message(&mut self) -> Result<Option<Message>, ProtocolError> {
        let waiting = &self.input[self.consumed..];
        let Some((header, rest)) = waiting.split_first_chunk::<HEADER_SIZE>() else {
            return Ok(None);
        };
        let header = Header::decode(header)?;
        let Some(payload) = rest.get(..header.payload_len) else {
            return Ok(None);
        };
        let fd = match header.fd_marking {
            Some(marking) => {
                self.marking = marking;
                self.fds.pop_front()
            }
            None => None,
        };
        let version = (header.peer_id & 0xff) as u8;
        let message = Message::decode(header.kind, payload, fd, version);
        if u32::from(version) != PROTOCOL_VERSION && !matches!(message, Ok(Message::Version { .. })) {
            return Err(ProtocolError::Version(version));
        }
        self.consumed += HEADER_SIZE + header.payload_len;
        if self.consumed == self.input.len() {
            self.input.clear();
            self.consumed = 0;
        }
        message.map(Some)
    }

    /// Queues a message.
    pub fn send(&mut self, message: Message) -> Result<(), ProtocolError> {
        let (kind, payload, fd) = message.encode();
        self.queue(kind, &[&payload], fd)
    }

    /// Queues data for a stream that the peer writes, as `Message::Write`, copying it once.
    pub fn send_data(&mut self, stream: i32, data: &[u8]) -> Result<(), ProtocolError> {
        self.queue(kind::WRITE, &[&stream.to_ne_bytes(), data], None)
    }

    /// Queues a message of which the payload is given in parts.
    fn queue(&mut self, kind: u32, parts: &[&[u8]], fd: Option<OwnedFd>) -> Result<(), ProtocolError> {
        let payload_len = parts.iter().map(|part| part.len()).sum();
        if payload_len > MAX_PAYLOAD {
            return Err(ProtocolError::TooLong);
        }
        let len = HEADER_SIZE + payload_len;
        if self.output_len + len > self.max_output {
            return Err(ProtocolError::OutputFull);
        }
        self.output_len += len;
        let fd_marking = fd.is_some().then_some(self.marking);
        let header = Header { kind, payload_len, fd_marking, peer_id: PROTOCOL_VERSION, pid: u32::MAX };
        let joins = |last: &&mut Frame| fd.is_none() && last.bytes.len() + len <= JOIN_SIZE;
        let bytes = match self.output.back_mut().filter(joins) {
            Some(last) => &mut last.bytes,
            None => {
                // Where one long message comes, others follow.
                let bytes = Vec::with_capacity(if len > LONG { JOIN_SIZE } else { len });
                self.output.push_back(Frame { bytes, written: 0, fd });
                &mut self.output.back_mut().expect("it was just added").bytes
            }
        };
        bytes.extend_from_slice(&header.encode());
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        Ok(())
    }

    /// Drops queued output, for a peer that no longer reads.
    pub fn clear_output(&mut self) {
        self.output.clear();
        self.output_len = 0;
    }

    /// Bytes of queued output.
    pub fn output_len(&self) -> usize {
        self.output_len
    }

    /// The bytes to write next, and the descriptor to pass with their first byte.
    pub fn output(&self) -> Option<(&[u8], Option<BorrowedFd<'_>>)> {
        let frame = self.output.front()?;
        Some((&frame.bytes[frame.written..], frame.fd.as_ref().map(AsFd::as_fd)))
    }

    /// Called when the first `len` bytes of `output` were written, with their descriptor.
    pub fn wrote(&mut self, len: usize) {
        let Some(frame) = self.output.front_mut() else { return };
        if len == 0 {
            return;
        }
        let len = len.min(frame.bytes.len() - frame.written);
        frame.written += len;
        frame.fd = None;
        self.output_len -= len;
        if frame.written == frame.bytes.len() {
            self.output.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
