//! The descriptors that the server waits for, by owner.

use crate::base::{ClientId, PaneId};
use crate::model::host::JobId;
use crate::reactor;

/// The server's set of descriptors.
pub(super) type Poller = reactor::Poller<Token>;

/// Owner of a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token {
    Listener,
    Keeper,
    /// Containment events (OOM kills).
    Scopes,
    /// The kernel reports that memory is short.
    Pressure,
    /// The next server sent a message.
    Successor,
    /// Work beside the loop is finished, or the transcripts have messages.
    Work,
    /// A client's connection.
    Client(ClientId),
    /// A client's terminal.
    Tty(ClientId),
    Pane(PaneId),
    /// A job's output.
    JobOut(JobId),
    /// A control client's input and output.
    ControlIn(ClientId),
    ControlOut(ClientId),
}

impl reactor::Token for Token {
    fn pack(self) -> u64 {
        let (kind, id) = match self {
            Token::Listener => (0, 0),
            Token::Keeper => (2, 0),
            Token::Scopes => (3, 0),
            Token::Work => (10, 0),
            Token::Pressure => (11, 0),
            Token::Successor => (12, 0),
            Token::Client(c) => (4, u64::from(c.0)),
            Token::Tty(c) => (5, u64::from(c.0)),
            Token::Pane(p) => (6, u64::from(p.0)),
            Token::JobOut(j) => (7, j.0),
            Token::ControlIn(c) => (8, u64::from(c.0)),
            Token::ControlOut(c) => (9, u64::from(c.0)),
        };
        id << 8 | kind
    }

    fn unpack(data: u64) -> Option<Self> {
        let id = data >> 8;
        Some(match data & 0xff {
            0 => Token::Listener,
            2 => Token::Keeper,
            3 => Token::Scopes,
            10 => Token::Work,
            11 => Token::Pressure,
            12 => Token::Successor,
            4 => Token::Client(ClientId(id as u32)),
            5 => Token::Tty(ClientId(id as u32)),
            6 => Token::Pane(PaneId(id as u32)),
            7 => Token::JobOut(JobId(id)),
            8 => Token::ControlIn(ClientId(id as u32)),
            9 => Token::ControlOut(ClientId(id as u32)),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reactor::Token as _;

    #[test]
    fn tokens_survive_packing() {
        for token in [
            Token::Listener,
            Token::Client(ClientId(7)),
            Token::Pane(PaneId(u32::MAX)),
            Token::JobOut(JobId(1 << 40)),
        ] {
            assert_eq!(Token::unpack(token.pack()), Some(token));
        }
    }
}
