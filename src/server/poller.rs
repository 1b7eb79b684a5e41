//! Waiting for descriptors: epoll with typed tokens, level-triggered. The set is the only
//! thing the server sleeps on.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use parking_lot::Mutex;

use crate::base::{ClientId, PaneId};
use crate::model::host::JobId;

/// What a descriptor belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Token {
    Listener,
    Signals,
    Keeper,
    /// Containment events (OOM kills).
    Scopes,
    /// The kernel says that memory is short.
    Pressure,
    /// Work beside the loop is done, or the transcripts have something to say.
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

impl Token {
    fn pack(self) -> u64 {
        let (kind, id) = match self {
            Token::Listener => (0, 0),
            Token::Signals => (1, 0),
            Token::Keeper => (2, 0),
            Token::Scopes => (3, 0),
            Token::Work => (10, 0),
            Token::Pressure => (11, 0),
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
            1 => Token::Signals,
            2 => Token::Keeper,
            3 => Token::Scopes,
            10 => Token::Work,
            11 => Token::Pressure,
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

/// What to wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interest {
    pub read: bool,
    pub write: bool,
}

impl Interest {
    pub const NONE: Self = Self { read: false, write: false };
    pub const READ: Self = Self { read: true, write: false };
    pub const WRITE: Self = Self { read: false, write: true };

    fn flags(self) -> EpollFlags {
        let mut flags = EpollFlags::empty();
        flags.set(EpollFlags::EPOLLIN, self.read);
        flags.set(EpollFlags::EPOLLOUT, self.write);
        flags
    }
}

/// A descriptor became ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ready {
    pub token: Token,
    pub readable: bool,
    pub writable: bool,
    /// The other end is gone.
    pub hangup: bool,
}

pub struct Poller {
    epoll: Epoll,
    /// Files and `/dev/null`, which epoll refuses: always ready. By descriptor.
    always: Mutex<BTreeMap<RawFd, (Token, Interest)>>,
}

impl Poller {
    /// Events taken at once; more stay for the next call.
    const BATCH: usize = 256;

    pub fn new() -> io::Result<Self> {
        Ok(Self { epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?, always: Mutex::default() })
    }

    pub fn add(&self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        match self.epoll.add(fd, EpollEvent::new(interest.flags(), token.pack())) {
            Err(nix::errno::Errno::EPERM) => {
                self.always.lock().insert(fd.as_raw_fd(), (token, interest));
                Ok(())
            }
            result => Ok(result?),
        }
    }

    /// Watches a descriptor that tells by priority events.
    pub fn add_priority(&self, fd: BorrowedFd<'_>, token: Token) -> io::Result<()> {
        Ok(self.epoll.add(fd, EpollEvent::new(EpollFlags::EPOLLPRI, token.pack()))?)
    }

    pub fn set(&self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        if let Some(entry) = self.always.lock().get_mut(&fd.as_raw_fd()) {
            *entry = (token, interest);
            return Ok(());
        }
        let mut event = EpollEvent::new(interest.flags(), token.pack());
        Ok(self.epoll.modify(fd, &mut event)?)
    }

    /// Stops watching; not watching it is fine.
    pub fn remove(&self, fd: BorrowedFd<'_>) {
        if self.always.lock().remove(&fd.as_raw_fd()).is_none() {
            self.epoll.delete(fd).ok();
        }
    }

    /// Waits until something is ready or the time is over (`None`: for ever).
    pub fn wait(&self, timeout: Option<Duration>, out: &mut Vec<Ready>) -> io::Result<()> {
        out.clear();
        let wanted = |(token, interest): &(Token, Interest)| {
            let ready = interest.read || interest.write;
            ready.then_some(Ready {
                token: *token,
                readable: interest.read,
                writable: interest.write,
                hangup: false,
            })
        };
        out.extend(self.always.lock().values().filter_map(wanted));
        let timeout = match timeout {
            _ if !out.is_empty() => EpollTimeout::ZERO,
            None => EpollTimeout::NONE,
            Some(t) => {
                // Round up, so that a timer is due when its time-out returns.
                let ms = t.as_micros().div_ceil(1000).min(60_000) as i32;
                EpollTimeout::try_from(ms).unwrap_or(EpollTimeout::ZERO)
            }
        };
        let mut events = [EpollEvent::empty(); Self::BATCH];
        let count = match self.epoll.wait(&mut events, timeout) {
            Ok(count) => count,
            Err(nix::errno::Errno::EINTR) => 0,
            Err(error) => return Err(error.into()),
        };
        for event in &events[..count] {
            let flags = event.events();
            let gone = flags.intersects(EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR);
            let Some(token) = Token::unpack(event.data()) else { continue };
            out.push(Ready {
                token,
                readable: flags.contains(EpollFlags::EPOLLIN) || gone,
                writable: flags.contains(EpollFlags::EPOLLOUT),
                hangup: gone,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_packing() {
        for token in [
            Token::Listener,
            Token::Signals,
            Token::Client(ClientId(7)),
            Token::Pane(PaneId(u32::MAX)),
            Token::JobOut(JobId(1 << 40)),
        ] {
            assert_eq!(Token::unpack(token.pack()), Some(token));
        }
    }
}
