//! What a client waits for: its connection, its files and signals.

use std::io;
use std::os::fd::BorrowedFd;

use nix::sys::signal::Signal;

use crate::reactor::{self, Interest, Poller, Reactor, Ready};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Token {
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

/// See the module comment. A process that has one cannot become a keeper by forking any more: it
/// would share the descriptors by which tokio hears of signals.
pub struct Waiting {
    reactor: Reactor,
    poller: Poller<Token>,
    ready: Vec<Ready<Token>>,
}

impl Waiting {
    /// Catches the signals, also those that came while they were blocked.
    pub fn new(signals: &[Signal]) -> io::Result<Self> {
        let poller = Poller::new()?;
        let mut reactor = Reactor::new(reactor::new_runtime()?, &poller)?;
        reactor.catch(signals)?;
        Ok(Self { reactor, poller, ready: Vec::new() })
    }

    pub fn next_signal(&mut self) -> Option<Signal> {
        self.reactor.next_signal()
    }

    /// Waits until one of the descriptors is as wanted, or a signal has come; which are. Nothing
    /// is kept of them: a file may be closed while others still have it open, and epoll would go
    /// on reporting it.
    pub fn wait(&mut self, wanted: &[(Token, BorrowedFd<'_>, Interest)]) -> io::Result<&[Ready<Token>]> {
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
