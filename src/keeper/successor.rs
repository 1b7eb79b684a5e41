//! An upgrade in place: a new program is started as the next server while the old one runs. Nothing
//! depends on it until the old server says that it hands over: then the keeper serves the new server, and
//! executes its program too.

use super::handover::{SUCCESSOR_VARIABLE, become_program, execute, pack_into};
use super::spawn::{IGNORED, silence};
use super::state::{Keeper, Successor};
use crate::base::text::to_bytes;
use crate::protocol::custody::{Handle, Report};
use crate::protocol::upgrade::ToOld;
use crate::sys::error::strerror;
use crate::sys::fork::{fork, quit};
use crate::sys::signals;
use nix::errno::Errno;
use nix::sys::signal::{SigmaskHow, Signal, kill, sigprocmask};
use nix::unistd::Pid;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

impl Keeper {
    /// Starts a program as the next server. Errors are reported over the channel.
    pub(super) fn start_successor(&mut self, program: String, channel: OwnedFd) {
        self.end_successor();
        let started = UnixStream::pair().map_err(|_| Errno::last()).and_then(|(ours, theirs)| {
            self.adopted = Some(theirs.into());
            self.channel = channel.try_clone().ok();
            let state = pack_into(self);
            let forked = state.and_then(|state| Ok((state, fork()?)));
            let (state, Some(pid)) = forked? else {
                self.become_successor(&program);
            };
            drop(state);
            Ok(Successor { pid, socket: ours.into() })
        });
        (self.adopted, self.channel) = (None, None);
        match started {
            Ok(successor) => self.successor = Some(successor),
            Err(error) => say(channel.as_fd(), ToOld::Failed { why: strerror(error as i32) }),
        }
    }

    /// In the child: executes the program. A program that is no server of ours prints its version and
    /// exits.
    fn become_successor(&mut self, program: &str) -> ! {
        IGNORED.into_iter().for_each(signals::reset);
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.inherited.mask), None);
        silence();
        let argv = [to_bytes(program), b"-V".to_vec()];
        let argv = argv.into_iter().filter_map(|arg| CString::new(arg).ok()).collect();
        let error = pack_into(self).map_or_else(
            |error| error,
            |state| {
                let channel = self.channel.as_ref().map_or(-1, AsRawFd::as_raw_fd);
                let value = format!("{},{channel}", state.as_raw_fd());
                execute(self, program, argv, (SUCCESSOR_VARIABLE, &value), &state)
            },
        );
        if let Some(channel) = &self.channel {
            say(channel.as_fd(), ToOld::Failed { why: strerror(error as i32) });
        }
        quit(1)
    }

    /// Ends the next server if there is one: it is not wanted.
    pub(super) fn end_successor(&mut self) {
        if let Some(next) = self.successor.take() {
            // The loop collects its exit status.
            let _ = kill(Pid::from_raw(next.pid), Signal::SIGKILL);
        }
    }

    /// Makes the next server the current one, and executes its program as the keeper. If that fails,
    /// returns its connection, and the old keeper program serves it.
    pub(super) fn follow_successor(&mut self) -> Option<OwnedFd> {
        let next = self.successor.take()?;
        self.open_all_gates();
        self.serve_next(next.pid);
        self.adopted = Some(next.socket);
        // Execute the very program that has started, even if its file was replaced meanwhile.
        let error = become_program(self, &format!("/proc/{}/exe", next.pid));
        self.untold.push(Report::UpgradeFailed { errno: error as i32 });
        self.adopted.take()
    }
}

/// Writes a message to the old server.
pub(super) fn say(channel: BorrowedFd<'_>, message: ToOld) {
    let mut handle = Handle::default();
    // A server that is gone needs no message.
    let _ = handle.send(message);
    let _ = handle.drain(channel);
}
