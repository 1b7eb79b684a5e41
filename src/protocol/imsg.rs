//! imsg framing, as in OpenBSD's libutil and in tmux: a header of four native-endian words (type, length,
//! peer id, process id), whose length includes the header.

use super::error::ProtocolError;

/// The protocol version: the low byte of the peer id in every header.
pub(crate) const PROTOCOL_VERSION: u32 = 8;
/// Bytes of a header.
pub(crate) const HEADER_SIZE: usize = 16;
/// Largest message, header included; longer ones end the connection.
pub(crate) const MAX_IMSG_SIZE: usize = 16384;
/// Largest payload of one message.
pub(crate) const MAX_PAYLOAD: usize = MAX_IMSG_SIZE - HEADER_SIZE;

/// The mark in a header that a file descriptor is sent with its message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum FdMarking {
    /// 3.3a to 3.5a: the length has 16 bits, and the lowest of the 16 flag bits above it is set.
    Flag,
    /// 3.6 and later: the top bit of a 32-bit length.
    #[default]
    TopBit,
}

const FLAG_MARK: u32 = 0x0001_0000;
const TOP_BIT_MARK: u32 = 0x8000_0000;

/// A decoded header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    /// The message's type number.
    pub kind: u32,
    /// Bytes that follow the header.
    pub payload_len: usize,
    /// Set when a descriptor is announced: the marking used.
    pub fd_marking: Option<FdMarking>,
    /// Low byte: the sender's protocol version.
    pub peer_id: u32,
    /// tmux always sends all ones.
    pub pid: u32,
}

impl Header {
    /// Decodes a header; lengths outside 16..=16384 and unknown flag bits are refused.
    pub(crate) fn decode(bytes: &[u8; HEADER_SIZE]) -> Result<Self, ProtocolError> {
        let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let marked = word(4);
        let (fd_marking, len) = match marked & (FLAG_MARK | TOP_BIT_MARK) {
            0 => (None, marked),
            FLAG_MARK => (Some(FdMarking::Flag), marked & !FLAG_MARK),
            TOP_BIT_MARK => (Some(FdMarking::TopBit), marked & !TOP_BIT_MARK),
            _ => return Err(ProtocolError::Length(marked)),
        };
        let len = len as usize;
        if !(HEADER_SIZE..=MAX_IMSG_SIZE).contains(&len) {
            return Err(ProtocolError::Length(marked));
        }
        let payload_len = len - HEADER_SIZE;
        Ok(Self { kind: word(0), payload_len, fd_marking, peer_id: word(8), pid: word(12) })
    }

    /// The bytes of a header.
    pub(crate) fn encode(&self) -> [u8; HEADER_SIZE] {
        let mark = match self.fd_marking {
            None => 0,
            Some(FdMarking::Flag) => FLAG_MARK,
            Some(FdMarking::TopBit) => TOP_BIT_MARK,
        };
        let len = (self.payload_len + HEADER_SIZE) as u32 | mark;
        let mut out = [0; HEADER_SIZE];
        for (at, word) in [self.kind, len, self.peer_id, self.pid].into_iter().enumerate() {
            out[at * 4..at * 4 + 4].copy_from_slice(&word.to_ne_bytes());
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: u32, expect: Result<(usize, Option<FdMarking>), ()>) {
        let mut bytes = [0; HEADER_SIZE];
        bytes[..4].copy_from_slice(&104u32.to_ne_bytes());
        bytes[4..8].copy_from_slice(&word.to_ne_bytes());
        bytes[8..12].copy_from_slice(&8u32.to_ne_bytes());
        bytes[12..].copy_from_slice(&u32::MAX.to_ne_bytes());
        let got = Header::decode(&bytes);
        assert_eq!(got.map(|h| (h.payload_len, h.fd_marking)).map_err(|_| ()), expect, "{word:#x}");
        if let Ok(header) = got {
            assert_eq!(header.encode(), bytes);
        }
    }

    #[test]
    fn lengths_and_marks() {
        check(16, Ok((0, None)));
        check(16384, Ok((16368, None)));
        check(0x8000_0010, Ok((0, Some(FdMarking::TopBit))));
        check(0x0001_0010, Ok((0, Some(FdMarking::Flag))));
        check(0x0001_4000, Ok((16368, Some(FdMarking::Flag))));
        for bad in [0, 15, 16385, 0x8001_0010, 0x0002_0010, 0x8000_000f, u32::MAX, 0x0001_ffff] {
            check(bad, Err(()));
        }
    }
}
