//! A set of descriptors: epoll with typed tokens, level-triggered.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use parking_lot::Mutex;

/// The owner of a descriptor, packed into epoll's data.
pub(crate) trait Token: Copy {
    fn pack(self) -> u64;

    /// `None` if no token has this packed form.
    fn unpack(data: u64) -> Option<Self>;
}

/// The events to wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Interest {
    pub read: bool,
    pub write: bool,
}

impl Interest {
    pub(crate) const NONE: Self = Self { read: false, write: false };
    pub(crate) const READ: Self = Self { read: true, write: false };
    pub(crate) const WRITE: Self = Self { read: false, write: true };

    fn flags(self) -> EpollFlags {
        let mut flags = EpollFlags::empty();
        flags.set(EpollFlags::EPOLLIN, self.read);
        flags.set(EpollFlags::EPOLLOUT, self.write);
        flags
    }
}

/// A descriptor became ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ready<T> {
    pub token: T,
    pub readable: bool,
    pub writable: bool,
    /// The other end is closed.
    pub hangup: bool,
}

/// Maximum number of events taken at once; more stay for the next call.
const BATCH: usize = 256;

/// See the module comment.
pub(crate) struct Poller<T> {
    epoll: Epoll,
    /// Files and `/dev/null`, which epoll refuses and which are always ready. By descriptor.
    always: Mutex<BTreeMap<RawFd, (T, Interest)>>,
}

impl<T: Token> Poller<T> {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?, always: Mutex::default() })
    }

    pub(crate) fn add(&self, fd: BorrowedFd<'_>, token: T, interest: Interest) -> io::Result<()> {
        match self.epoll.add(fd, EpollEvent::new(interest.flags(), token.pack())) {
            Err(nix::errno::Errno::EPERM) => {
                self.always.lock().insert(fd.as_raw_fd(), (token, interest));
                Ok(())
            }
            result => Ok(result?),
        }
    }

    pub(crate) fn set(&self, fd: BorrowedFd<'_>, token: T, interest: Interest) -> io::Result<()> {
        if let Some(entry) = self.always.lock().get_mut(&fd.as_raw_fd()) {
            *entry = (token, interest);
            return Ok(());
        }
        let mut event = EpollEvent::new(interest.flags(), token.pack());
        Ok(self.epoll.modify(fd, &mut event)?)
    }

    /// Stops watching a descriptor; it is no error if it is not watched.
    pub(crate) fn remove(&self, fd: BorrowedFd<'_>) {
        if self.always.lock().remove(&fd.as_raw_fd()).is_none() {
            self.epoll.delete(fd).ok();
        }
    }

    /// Takes the descriptors that are ready now. Never blocks.
    pub(crate) fn take(&self, out: &mut Vec<Ready<T>>) -> io::Result<()> {
        out.clear();
        let wanted = |(token, interest): &(T, Interest)| {
            let ready = interest.read || interest.write;
            ready.then_some(Ready {
                token: *token,
                readable: interest.read,
                writable: interest.write,
                hangup: false,
            })
        };
        out.extend(self.always.lock().values().filter_map(wanted));
        let mut events = [EpollEvent::empty(); BATCH];
        let count = match self.epoll.wait(&mut events, EpollTimeout::ZERO) {
            Ok(count) => count,
            Err(nix::errno::Errno::EINTR) => 0,
            Err(error) => return Err(error.into()),
        };
        for event in &events[..count] {
            let flags = event.events();
            let gone = flags.intersects(EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR);
            let Some(token) = T::unpack(event.data()) else { continue };
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

impl<T> AsFd for Poller<T> {
    /// Readable when `take` returns something, apart from files.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }
}
