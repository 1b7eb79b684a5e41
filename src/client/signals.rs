//! The client's signals: blocked until it waits for a server, and then caught by the runtime, so that no
//! call is interrupted.

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::sys::signals;

/// Signals that a client catches.
pub(super) const CAUGHT: [Signal; 8] = [
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGCHLD,
    Signal::SIGCONT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGWINCH,
];
/// Signals that a client ignores.
const IGNORED: [Signal; 5] =
    [Signal::SIGPIPE, Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU, Signal::SIGQUIT];

/// The original signal mask.
pub(super) struct Signals {
    before: SigSet,
}

impl Signals {
    /// Blocks and ignores a client's signals.
    pub(super) fn take() -> nix::Result<Self> {
        for signal in IGNORED {
            signals::ignore(signal);
        }
        let set = SigSet::from_iter(CAUGHT);
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), Some(&mut before))?;
        Ok(Self { before })
    }

    /// Restores the signals for a program that replaces this process.
    ///
    /// tmux: SIGTTIN and SIGTTOU stay ignored in programs that a client or a server runs.
    pub(super) fn restore(&self) {
        for signal in CAUGHT.into_iter().chain([Signal::SIGPIPE, Signal::SIGTSTP, Signal::SIGQUIT]) {
            signals::reset(signal);
        }
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}

/// Stops this process until it is continued. Restores the default action first; call `ignore_stop`
/// afterwards to ignore the terminal's stop key again.
pub(super) fn stop() {
    signals::reset(Signal::SIGTSTP);
    let _ = nix::sys::signal::kill(nix::unistd::getpid(), Signal::SIGTSTP);
}

/// Ignores the stop key again.
pub(super) fn ignore_stop() {
    signals::ignore(Signal::SIGTSTP);
}

/// Collects all children that have ended.
pub(super) fn reap() {
    while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        if status == WaitStatus::StillAlive {
            break;
        }
    }
}
