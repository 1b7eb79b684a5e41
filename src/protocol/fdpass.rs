//! Bytes with descriptors over a Unix socket. The only file of the protocol that does I/O.

use super::connection::Connection;
use super::error::ProtocolError;
use crate::sys::descriptors::receive;
use nix::fcntl::{OFlag, open};
use nix::sys::socket::{ControlMessage, MsgFlags, UnixAddr, sendmsg};
use nix::sys::stat::Mode;
use parking_lot::Mutex;
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// Maximum number of bytes per receive.
const READ_SIZE: usize = 64 * 1024;
/// True if this process can open `count` more descriptors.
pub(crate) fn has_room(count: usize) -> bool {
    use nix::sys::resource::{Resource, getrlimit};
    let copy = || open("/dev/null", OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty()).ok();
    let Some(first) = copy() else { return false };
    // New descriptors get the lowest free number: after a low one, more are likely to be free.
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft);
    if (first.as_raw_fd() as u64 + count as u64) * 2 < limit {
        return true;
    }
    let copies: Vec<OwnedFd> = (1..count).map_while(|_| first.try_clone().ok()).collect();
    copies.len() + 1 >= count
}

/// What one receive takes. It lives as long as the process, so that only those of its pages are touched
/// that are received into: on the stack all of it would be cleared each time, which in a client takes
/// fresh pages, and in the keeper copies of those that it shares with a child.
static BUFFER: Mutex<[u8; READ_SIZE]> = Mutex::new([0; READ_SIZE]);

/// Receives as `receive` does, and passes the bytes and the descriptors to `taken`. Returns the number of
/// bytes, 0 at the end.
pub(crate) fn receive_with(
    socket: BorrowedFd<'_>,
    taken: impl FnOnce(&[u8], Vec<OwnedFd>),
) -> io::Result<usize> {
    let mut buffer = BUFFER.lock();
    let (len, fds) = receive(socket, &mut buffer[..])?;
    taken(&buffer[..len], fds);
    Ok(len)
}

/// Sends bytes and at most one descriptor; returns the number of bytes sent. Never blocks and never
/// raises SIGPIPE.
pub(crate) fn send(socket: BorrowedFd<'_>, bytes: &[u8], fd: Option<BorrowedFd<'_>>) -> io::Result<usize> {
    let numbers: Vec<RawFd> = fd.iter().map(AsRawFd::as_raw_fd).collect();
    send_all(socket, bytes, &numbers)
}

fn send_all(socket: BorrowedFd<'_>, bytes: &[u8], numbers: &[RawFd]) -> io::Result<usize> {
    let rights = [ControlMessage::ScmRights(numbers)];
    let control = if numbers.is_empty() { &[][..] } else { &rights[..] };
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
    Ok(sendmsg::<UnixAddr>(socket.as_raw_fd(), &[IoSlice::new(bytes)], control, flags, None)?)
}

/// Result of receiving or sending.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Progress {
    /// Something was received or everything was sent.
    Done,
    /// The socket is not ready.
    WouldBlock,
    /// The peer is gone.
    Closed,
    /// The peer is gone and has not read everything, or never accepted the connection.
    Reset,
}

/// Receives once into the connection.
pub(crate) fn fill(connection: &mut Connection, socket: BorrowedFd<'_>) -> Result<Progress, ProtocolError> {
    loop {
        let mut pushed = Ok(());
        let received = receive_with(socket, |bytes, fds| {
            if !bytes.is_empty() {
                pushed = connection.push_input(bytes, fds);
            }
        });
        return match received {
            Ok(0) => Ok(Progress::Closed),
            Ok(_) => pushed.map(|()| Progress::Done),
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => continue,
                io::ErrorKind::WouldBlock => Ok(Progress::WouldBlock),
                io::ErrorKind::ConnectionReset => Ok(Progress::Reset),
                _ => Ok(Progress::Closed),
            },
        };
    }
}

/// Sends queued output, until all is sent or the socket takes no more.
pub(crate) fn drain(connection: &mut Connection, socket: BorrowedFd<'_>) -> Progress {
    while let Some((bytes, fd)) = connection.output() {
        match send(socket, bytes, fd) {
            Ok(len) => connection.wrote(len),
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock => return Progress::WouldBlock,
                _ => return Progress::Closed,
            },
        }
    }
    Progress::Done
}
