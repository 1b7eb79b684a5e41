//! The events that a client waits for: its connection, its files and signals.

use std::io;
use std::os::fd::BorrowedFd;

use nix::sys::signal::Signal;

use crate::reactor::{self, Interest, Poller, Reactor, Ready};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token {
    Socket,
    /// A file that is read or written for the server, by its stream number.
    File(i32),
}

impl reactor::Token for Token {
    fn pack(self) -> u64 {
        match self {
            Token::Socket => 0,
            Token::File(stream) => u64::from(stream as u32) << 1 | 1,
        }
    }

    fn unpack(data: u64) -> Option<Self> {
        Some(if data == 0 { Token::Socket } else { Token::File((data >> 1) as i32) })
    }
}

/// See the module comment. A process that has one must not fork a keeper any more, which would share the
/// descriptors through which tokio receives signals.
pub(super) struct Waiting {
    reactor: Reactor,
    poller: Poller<Token>,
    ready: Vec<Ready<Token>>,
}

impl Waiting {
    /// Catches the signals, including those that arrived while they were blocked.
    pub(super) fn new(signals: &[Signal]) -> io::Result<Self> {
        let poller = Poller::new()?;
        let mut reactor = Reactor::new(reactor::new_runtime()?, &poller)?;
        reactor.catch(signals)?;
        Ok(Self { reactor, poller, ready: Vec::new() })
    }

    pub(super) fn next_signal(&mut self) -> Option<Signal> {
        self.reactor.next_signal()
    }

    /// Waits for one of the descriptors or a signal, and returns which are ready. Descriptors are not
    /// kept registered: a file may be closed here while other processes still have it open, and epoll
    /// would continue to report it.
    pub(super) fn wait(
        &mut self,
        wanted: &[(Token, BorrowedFd<'_>, Interest)],
    ) -> io::Result<&[Ready<Token>]> {
        for (token, fd, interest) in wanted {
            self.poller.add(*fd, *token, *interest)?;
        }
        let waited = self.reactor.wait(&self.poller, None, &mut self.ready);
        wanted.iter().for_each(|(_, fd, _)| self.poller.remove(*fd));
        waited.map(|()| &self.ready[..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reactor::Token as _;

    #[test]
    fn tokens_survive_packing() {
        for token in [Token::Socket, Token::File(0), Token::File(3), Token::File(i32::MAX), Token::File(-1)] {
            assert_eq!(Token::unpack(token.pack()), Some(token));
        }
    }
}
