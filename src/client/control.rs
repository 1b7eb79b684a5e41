//! The terminal of a `-CC` client: raw enough for a program at the other end, and restored when the
//! client ends.

use nix::sys::termios::{
    ControlFlags, InputFlags, OutputFlags, SetArg, SpecialCharacterIndices, Termios, cfmakeraw, tcgetattr,
    tcsetattr,
};
use std::io::{stdin, stdout};

/// The original settings.
pub(super) struct RawTerminal {
    before: Termios,
}

impl RawTerminal {
    /// Sets up the terminal on standard input. The error is a message for the user.
    pub(super) fn enter() -> Result<Self, String> {
        let before = tcgetattr(stdin())
            .map_err(|error| format!("tcgetattr failed: {}", crate::sys::error::strerror(error as i32)))?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        raw.input_flags = InputFlags::ICRNL | InputFlags::IXANY;
        raw.output_flags = OutputFlags::OPOST | OutputFlags::ONLCR;
        let speed = before.control_flags & ControlFlags::CBAUD;
        raw.control_flags = ControlFlags::CREAD | ControlFlags::CS8 | ControlFlags::HUPCL | speed;
        raw.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        raw.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        let _ = tcsetattr(stdin(), SetArg::TCSANOW, &raw);
        Ok(Self { before })
    }

    /// Restores the settings, once all output is written.
    pub(super) fn leave(&self) {
        let _ = tcsetattr(stdout(), SetArg::TCSAFLUSH, &self.before);
    }
}
