//! The client's signals: blocked until it waits for a server, and then caught by the runtime, so
//! that nothing interrupts anything. Dispositions are set here, the only unsafe code of the client.

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, sigaction, sigprocmask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

/// Signals that a client catches.
pub const CAUGHT: [Signal; 8] = [
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

/// The mask from before.
pub struct Signals {
    before: SigSet,
}

impl Signals {
    /// Blocks and ignores what a client blocks and ignores.
    pub fn take() -> nix::Result<Self> {
        for signal in IGNORED {
            dispose(signal, SigHandler::SigIgn);
        }
        let set = SigSet::from_iter(CAUGHT);
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), Some(&mut before))?;
        Ok(Self { before })
    }

    /// Puts everything back for a program that takes this process's place.
    ///
    /// tmux: SIGTTIN and SIGTTOU stay ignored in what a client or a server runs.
    pub fn restore(&self) {
        for signal in CAUGHT.into_iter().chain([Signal::SIGPIPE, Signal::SIGTSTP, Signal::SIGQUIT]) {
            dispose(signal, SigHandler::SigDfl);
        }
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None);
    }
}

/// Stops this process until it is continued. The default action comes back first; the stop key
/// of the terminal is ignored again once `ignore_stop` is called.
pub fn stop() {
    dispose(Signal::SIGTSTP, SigHandler::SigDfl);
    let _ = nix::sys::signal::kill(nix::unistd::getpid(), Signal::SIGTSTP);
}

/// Ignores the stop key again.
pub fn ignore_stop() {
    dispose(Signal::SIGTSTP, SigHandler::SigIgn);
}

/// Collects children that have ended, whoever left them to this process.
pub fn reap() {
    while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        if status == WaitStatus::StillAlive {
            break;
        }
    }
}

fn dispose(signal: Signal, handler: SigHandler) {
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: only SIG_DFL and SIG_IGN are installed here, so no handler can run.
    let _ = unsafe { sigaction(signal, &action) };
}
