//! The door: the socket on which clients connect, and who comes while the server is not ready to serve.

use std::fs::Permissions;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::socket::{Shutdown, SockFlag, shutdown};

use crate::protocol::custody::Caller;
use crate::reactor::Interest;
use crate::sys::descriptors;

use super::newcomers::{Newcomers, Served};
use super::token::{Poller, Token};

/// Time without accepting when the process is out of descriptors, in milliseconds.
const PAUSE_MS: u64 = 1000;

/// See the module comment.
pub(super) struct Door {
    /// `None` once the server is about to end.
    listener: Option<OwnedFd>,
    /// Until when nobody is accepted (monotonic ms).
    paused_until: Option<u64>,
    /// True if the socket's mode showed an attached session when it was last set; `None`: never set.
    shows_attached: Option<bool>,
    /// Clients that come while the state of a server that died is taken up.
    newcomers: Option<Newcomers>,
}

impl Door {
    pub(super) fn new(listener: OwnedFd) -> Self {
        Self { listener: Some(listener), paused_until: None, shows_attached: None, newcomers: None }
    }

    /// Wakes the loop when clients connect.
    pub(super) fn watch(&self, poller: &Poller) -> std::io::Result<()> {
        match &self.listener {
            Some(listener) => poller.add(listener.as_fd(), Token::Listener, Interest::READ),
            None => Ok(()),
        }
    }

    /// The next client that has connected, if there is one.
    pub(super) fn accept(&mut self, poller: &Poller, now_ms: u64) -> Option<OwnedFd> {
        let listener = self.listener.as_ref()?;
        loop {
            match descriptors::accept(listener.as_fd(), SockFlag::empty()) {
                Ok(socket) => return Some(socket),
                Err(Errno::EINTR | Errno::ECONNABORTED) => {}
                Err(Errno::EMFILE | Errno::ENFILE) => {
                    // Out of descriptors: retry later instead of spinning.
                    poller.remove(listener.as_fd());
                    self.paused_until = Some(now_ms + PAUSE_MS);
                    return None;
                }
                Err(_) => return None,
            }
        }
    }

    /// Accepts clients again when the pause is over.
    pub(super) fn end_pause(&mut self, poller: &Poller, now_ms: u64) {
        if self.paused_until.is_some_and(|at| at <= now_ms) {
            self.paused_until = None;
            self.watch(poller).ok();
        }
    }

    /// End of the pause, if there is one (monotonic ms).
    pub(super) fn pause_ends_ms(&self) -> Option<u64> {
        self.paused_until
    }

    /// Makes the socket executable while a session is attached, which tmux shows in `ls`.
    pub(super) fn show_attached(&mut self, socket_path: &str, attached: bool) {
        if self.shows_attached == Some(attached) || self.is_closed() {
            return;
        }
        self.shows_attached = Some(attached);
        let path = Path::new(socket_path);
        let Ok(meta) = std::fs::metadata(path) else { return };
        let mode = meta.permissions().mode() & 0o777;
        let mode = if attached { mode | (mode & 0o444) >> 2 } else { mode & !0o111 };
        std::fs::set_permissions(path, Permissions::from_mode(mode)).ok();
    }

    /// A copy of the socket, for a keeper.
    pub(super) fn copy(&self) -> std::io::Result<OwnedFd> {
        let listener = self.listener.as_ref().ok_or(std::io::ErrorKind::NotConnected)?;
        listener.try_clone()
    }

    /// Listens on another socket, which was made because the old one's name is gone.
    pub(super) fn replace(&mut self, poller: &Poller, listener: OwnedFd) {
        if let Some(old) = self.listener.replace(listener) {
            poller.remove(old.as_fd());
        }
        self.shows_attached = None;
        self.watch(poller).ok();
    }

    /// Closes the socket before the last client may leave: a script that waited for that client and then
    /// connects finds no server, not one that is about to end. The keeper's copy of the socket is shut
    /// down with ours.
    pub(super) fn close(&mut self, poller: &Poller) {
        if let Some(listener) = self.listener.take() {
            poller.remove(listener.as_fd());
            shutdown(listener.as_raw_fd(), Shutdown::Both).ok();
        }
    }

    /// Leaves the socket to the server that takes this one's place.
    pub(super) fn hand_over(&mut self) {
        self.listener = None;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.listener.is_none()
    }

    /// Lets clients wait while state is taken up. `callers`: those that came before this server was
    /// started.
    pub(super) fn let_wait(&mut self, callers: Vec<Caller>) {
        self.newcomers = Some(Newcomers::new(callers));
    }

    /// Shows waiting clients how far the server is. `share`: panes that are taken up, of all; `bytes`: of
    /// their histories.
    pub(super) fn show_progress(&mut self, share: (u64, u64), bytes: impl FnOnce() -> u64) {
        if let Some(newcomers) = &mut self.newcomers {
            newcomers.show(self.listener.as_ref().map(AsFd::as_fd), share, bytes());
        }
    }

    /// The clients that waited, who are served now.
    pub(super) fn end_wait(&mut self) -> Option<Served> {
        self.newcomers.take().map(Newcomers::end)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn a_door_takes_clients_shows_sessions_in_its_mode_and_refuses_once_it_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o660)).unwrap();
        let poller = Poller::new().unwrap();
        let mut door = Door::new(listener.into());
        door.watch(&poller).unwrap();
        assert!(door.accept(&poller, 1).is_none(), "nobody has come");
        let _clients = [UnixStream::connect(&path).unwrap(), UnixStream::connect(&path).unwrap()];
        assert!(door.accept(&poller, 1).is_some() && door.accept(&poller, 1).is_some());
        assert!(door.accept(&poller, 1).is_none() && door.pause_ends_ms().is_none());

        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        for (attached, expected) in [(true, 0o770), (false, 0o660)] {
            door.show_attached(path.to_str().unwrap(), attached);
            assert_eq!(mode(), expected);
        }

        let copy = door.copy().unwrap();
        door.close(&poller);
        assert!(door.is_closed() && door.copy().is_err() && door.accept(&poller, 1).is_none());
        assert!(UnixStream::connect(&path).is_err(), "the copy is shut down, too");
        drop(copy);
    }
}
