//! Floor 1: the emulator. Bytes in, grid out.

/// One pane's terminal.
pub struct Terminal;
