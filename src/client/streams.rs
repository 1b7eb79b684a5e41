//! The standard streams.

use crate::base::text::to_bytes;
use std::io::{self, BufRead, Write};

/// Prints a text. A failed write is ignored, since it cannot be reported.
pub(super) fn say(text: &str) {
    let mut out = io::stdout();
    let _ = out.write_all(&to_bytes(text)).and_then(|()| out.flush());
}

/// Prints a complaint to standard error.
pub(super) fn say_error(text: &str) {
    let _ = io::stderr().write_all(&[&to_bytes(text)[..], b"\n"].concat());
}

/// Reads lines until an empty one, or the end.
pub(super) fn wait_for_empty_line() {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).is_ok() && line.len() > 1 {
        line.clear();
    }
}

/// Sets standard streams to blocking: the server may have made the shared terminal non-blocking.
pub(super) fn set_blocking() {
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    fn clear(stream: impl std::os::fd::AsFd) {
        if let Ok(flags) = fcntl(&stream, FcntlArg::F_GETFL) {
            let flags = OFlag::from_bits_retain(flags) - OFlag::O_NONBLOCK;
            let _ = fcntl(&stream, FcntlArg::F_SETFL(flags));
        }
    }
    clear(io::stdin());
    clear(io::stdout());
    clear(io::stderr());
}
