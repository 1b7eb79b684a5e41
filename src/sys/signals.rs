//! Actions of this process for signals.

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// Ignores a signal. SIGKILL and SIGSTOP cannot be ignored: nothing happens.
pub(crate) fn ignore(signal: Signal) {
    dispose(signal, SigHandler::SigIgn);
}

/// Gives a signal its default action again.
pub(crate) fn reset(signal: Signal) {
    dispose(signal, SigHandler::SigDfl);
}

fn dispose(signal: Signal, handler: SigHandler) {
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: only SIG_DFL and SIG_IGN are ever installed, so no handler can run.
    let _ = unsafe { sigaction(signal, &action) };
}
