//! Starting a server: this process forks, and the child becomes the keeper, which starts the
//! server. The first client's connection is a socket pair, so that its command is served even
//! when the listening socket cannot be made.

use super::cli::Arguments;
use super::place;
use super::signals::Signals;
use super::socket::StartLock;
use crate::keeper::{self, Keeper, Template};
use crate::protocol::custody::ServerStart;
use crate::protocol::fdpass::{Progress, drain, fill};
use crate::protocol::{ClientFlags, Connection, Message};
use crate::sys::descriptors;
use crate::sys::error::error_text;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, umask};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::exit;

/// First of the descriptors that systemd passes.
const SYSTEMD_FIRST_FD: i32 = 3;

/// Functions and texts from the rest of the program that the client needs.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    /// Output of `-V`.
    pub version: &'static str,
    /// The first line of `-VV`.
    pub own_version: &'static str,
    /// True if the arguments parse and contain a command that starts a server.
    pub starts_server: fn(&[String]) -> bool,
    /// Becomes the server.
    pub server: fn(ServerStart) -> !,
}

/// The listening socket that systemd passed to this process, if any.
pub(super) fn activated_listener() -> Option<OwnedFd> {
    let pid: i32 = place::var("LISTEN_PID")?.parse().ok()?;
    let count: i32 = place::var("LISTEN_FDS")?.parse().ok()?;
    if pid != nix::unistd::getpid().as_raw() || count < 1 {
        return None;
    }
    descriptors::adopt(SYSTEMD_FIRST_FD)
}

/// Starts a server and returns a connection to it. With `-D` (in the foreground) it does not return.
pub(super) fn start(
    program: Program,
    arguments: &Arguments,
    path: &str,
    signals: &Signals,
    listener: Option<OwnedFd>,
    lock: Option<StartLock>,
) -> Result<OwnedFd, String> {
    let config_quiet = arguments.config_files.is_empty();
    let template = Template {
        socket_path: path.to_owned(),
        config_files: if config_quiet { place::config_files() } else { arguments.config_files.clone() },
        config_quiet,
        flags: arguments.flags,
        log_level: arguments.log_level,
        environment: place::environment(),
    };
    if arguments.flags.contains(ClientFlags::NO_FORK) {
        let listener = listen(arguments.flags, path, listener);
        if let Some(lock) = lock {
            lock.release();
        }
        let listener = listener?;
        signals.restore();
        Keeper::new(template, listener, program.server).run_beside()
    }
    let (ours, theirs) = UnixStream::pair().map_err(|error| error_text(&error))?;
    let daemon = keeper::daemonize()
        .map_err(|error| format!("fork failed: {}", crate::sys::error::strerror(error as i32)))?;
    if !daemon {
        return Ok(ours.into());
    }
    drop(ours);
    signals.restore();
    let listener = listen(arguments.flags, path, listener);
    if let Some(lock) = lock {
        lock.release();
    }
    match listener {
        Ok(listener) => Keeper::new(template, listener, program.server).run(Some(theirs.into())),
        Err(complaint) => {
            refuse(theirs.into(), complaint);
            exit(0)
        }
    }
}

/// Makes the listening socket, or takes the one that was passed.
fn listen(flags: ClientFlags, path: &str, passed: Option<OwnedFd>) -> Result<OwnedFd, String> {
    if let Some(listener) = passed {
        return Ok(listener);
    }
    let _ = std::fs::remove_file(path);
    // A socket in the default place may be open to the group, since the directory restricts access.
    let closed = if flags.contains(ClientFlags::DEFAULT_SOCKET) { 0o117 } else { 0o177 };
    let before = umask(Mode::from_bits_truncate(closed));
    let bound = UnixListener::bind(path);
    umask(before);
    let listener =
        bound.and_then(|listener| listener.set_nonblocking(true).map(|()| OwnedFd::from(listener)));
    listener.map_err(|error: io::Error| format!("error creating {path} ({})", error_text(&error)))
}

/// Tells the first client why the server did not start.
fn refuse(socket: OwnedFd, complaint: String) {
    let mut connection = Connection::default();
    let answer = Message::Exit { status: Some(0), message: Some(complaint) };
    let _ = connection.send(answer);
    drain(&mut connection, socket.as_fd());
    // Read the client's remaining messages, so that it gets the answer and not a broken pipe.
    loop {
        let mut wait = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut wait, PollTimeout::NONE);
        match fill(&mut connection, socket.as_fd()) {
            Ok(Progress::Closed | Progress::Reset) | Err(_) => return,
            Ok(_) => while let Ok(Some(_)) = connection.next_message() {},
        }
    }
}
