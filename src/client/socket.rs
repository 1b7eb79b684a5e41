//! Reaching the server: connecting, the lock that prevents two clients from starting two servers, and
//! finding out how the server marks descriptors.

use crate::protocol::fdpass::send;
use crate::protocol::imsg::{FdMarking, Header};
use crate::sys::descriptors::receive;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// Maximum number of bytes of a socket path, including its NUL.
const MAX_SOCKET_PATH: usize = 108;
/// Milliseconds for a server to answer the probe of descriptor marks.
const PROBE_TIMEOUT_MS: u16 = 2000;

/// Result of connecting.
pub(super) enum Reached {
    /// A server listens at the socket.
    Connected(UnixStream),
    /// There is no server, and one may be started; its starter must release the lock.
    StartServer(Option<StartLock>),
}

/// The lock file beside the socket, held while a server is being started.
pub(super) struct StartLock {
    file: File,
    path: PathBuf,
}

impl StartLock {
    /// Removes the file, then releases the lock.
    pub(super) fn release(self) {
        let _ = fs::remove_file(&self.path);
        drop(self.file);
    }
}

/// Connects, or reports that a server has to be started. Waits for another client that is just starting
/// one.
pub(super) fn reach(path: &str, may_start: bool) -> io::Result<Reached> {
    let socket = Path::new(path);
    if path.len() >= MAX_SOCKET_PATH {
        return Err(Errno::ENAMETOOLONG.into());
    }
    let mut tried_lock = false;
    let mut lock = None;
    loop {
        let error = match connect(path) {
            Ok(stream) => return Ok(Reached::Connected(stream)),
            Err(error) => error,
        };
        let nobody = matches!(error.raw_os_error(), Some(libc::ECONNREFUSED | libc::ENOENT));
        if !nobody || !may_start {
            return Err(error);
        }
        if tried_lock {
            break;
        }
        // Once the lock is held the socket is tried again: another client may have started the
        // server between the failed connection and the lock.
        match take_lock(path) {
            Lock::Held(held) => {
                lock = Some(held);
                tried_lock = true;
            }
            Lock::Unavailable => tried_lock = true,
            Lock::WaitedFor => {}
        }
    }
    if lock.is_some()
        && let Err(error) = fs::remove_file(socket)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    Ok(Reached::StartServer(lock))
}

/// tmux: an empty path becomes a socket address of zeros, which refuses connections.
fn connect(path: &str) -> io::Result<UnixStream> {
    if path.is_empty() {
        return Err(Errno::ECONNREFUSED.into());
    }
    UnixStream::connect(path)
}

enum Lock {
    Held(StartLock),
    /// Another client held the lock and has released it.
    WaitedFor,
    /// The lock cannot be taken; the server is started without it.
    Unavailable,
}

fn take_lock(socket: &str) -> Lock {
    let path = PathBuf::from(format!("{socket}.lock"));
    let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let Ok(file) = opened else {
        return Lock::Unavailable;
    };
    match file.try_lock() {
        Ok(()) => Lock::Held(StartLock { file, path }),
        Err(TryLockError::WouldBlock) => {
            while file.lock().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {}
            Lock::WaitedFor
        }
        Err(TryLockError::Error(_)) => Lock::Held(StartLock { file, path }),
    }
}

/// The way in which the server at this connection marks descriptors. Servers up to 3.5a and those from
/// 3.6 on use different marks and do not report which. Unless the server is this program, it is probed
/// over a second connection: it gets a header with the old mark, which newer servers take for an invalid
/// length, and with a wrong version, which older servers complain about.
pub(super) fn marking_of(stream: &UnixStream, path: &str) -> FdMarking {
    if is_this_program(stream) { FdMarking::TopBit } else { probe(path).unwrap_or_default() }
}

fn is_this_program(stream: &UnixStream) -> bool {
    let Ok(peer) = getsockopt(stream, PeerCredentials) else {
        return false;
    };
    let theirs = fs::metadata(format!("/proc/{}/exe", peer.pid()));
    let own = fs::metadata("/proc/self/exe");
    matches!((own, theirs), (Ok(own), Ok(theirs)) if own.ino() == theirs.ino() && own.dev() == theirs.dev())
}

fn probe(path: &str) -> io::Result<FdMarking> {
    let stream = OwnedFd::from(UnixStream::connect(path)?);
    let fd_marking = Some(FdMarking::Flag);
    let question = Header { kind: 100, payload_len: 0, fd_marking, peer_id: 0, pid: u32::MAX };
    send(stream.as_fd(), &question.encode(), None)?;
    let mut wait = [PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
    poll(&mut wait, PollTimeout::from(PROBE_TIMEOUT_MS))?;
    match receive(stream.as_fd(), &mut [0; 64])? {
        (0, _) => Ok(FdMarking::TopBit),
        _ => Ok(FdMarking::Flag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;

    /// Probes a server that gives this answer; returns the bytes that it received.
    fn check(answer: &'static [u8], expect: FdMarking) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s").to_str().unwrap().to_owned();
        let listener = UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let mut question = [0; 16];
            stream.read_exact(&mut question).unwrap();
            stream.write_all(answer).unwrap();
            question
        });
        assert_eq!(probe(&path).unwrap(), expect);
        let asked = Header::decode(&server.join().unwrap()).unwrap();
        assert_eq!((asked.kind, asked.fd_marking, asked.peer_id), (100, Some(FdMarking::Flag), 0));
    }

    #[test]
    fn servers_show_how_they_mark_descriptors() {
        check(b"", FdMarking::TopBit);
        check(b"\x0c\0\0\0\x10\0\0\0\x08\0\0\0\xff\xff\xff\xff", FdMarking::Flag);
    }

    #[test]
    fn the_lock_file_goes_when_the_server_has_started() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s").to_str().unwrap().to_owned();
        assert!(reach(&path, false).is_err_and(|error| error.raw_os_error() == Some(libc::ENOENT)));
        let Ok(Reached::StartServer(Some(lock))) = reach(&path, true) else {
            panic!("a server is to be started")
        };
        assert!(fs::exists(format!("{path}.lock")).unwrap());
        lock.release();
        assert!(!fs::exists(format!("{path}.lock")).unwrap());
        let long = "x".repeat(MAX_SOCKET_PATH);
        assert!(reach(&long, true).is_err_and(|error| error.raw_os_error() == Some(libc::ENAMETOOLONG)));
    }
}
