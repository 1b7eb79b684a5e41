//! The client flags in identify and flags messages, at tmux's bit positions.

use bitflags::bitflags;

bitflags! {
    /// Flags that a client sends to the server, and that a server sends back. Only bits with a meaning in
    /// the protocol are named; a server's messages also contain its private bits.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct ClientFlags: u64 {
        const TERMINAL = 0x1;
        /// The client was started as a login shell (`-l`, or a leading `-` in its name).
        const LOGIN = 0x2;
        const EXIT = 0x4;
        const SUSPENDED = 0x40;
        const ATTACHED = 0x80;
        const EXITED = 0x100;
        const DEAD = 0x200;
        const READ_ONLY = 0x800;
        /// `-N`: never start a server.
        const NO_START_SERVER = 0x1000;
        /// `-C`.
        const CONTROL = 0x2000;
        /// `-CC`.
        const CONTROL_CONTROL = 0x4000;
        const FOCUSED = 0x8000;
        /// The terminal takes UTF-8.
        const UTF8 = 0x1_0000;
        const IGNORE_SIZE = 0x2_0000;
        const IDENTIFIED = 0x4_0000;
        const CONTROL_NO_OUTPUT = 0x400_0000;
        /// The socket path is the default one, not given with `-S` or `$TMUX`.
        const DEFAULT_SOCKET = 0x800_0000;
        /// The command may start a server.
        const START_SERVER = 0x1000_0000;
        /// `-D`: the server stays in the foreground.
        const NO_FORK = 0x4000_0000;
        const ACTIVE_PANE = 0x8000_0000;
        const CONTROL_PAUSE_AFTER = 0x1_0000_0000;
        /// A control client waits for an empty line before it ends.
        const CONTROL_WAIT_EXIT = 0x2_0000_0000;
        /// The client sends `Message::WriteDone` (tmux after 3.7). Earlier servers take the bit for a
        /// request to redraw, which does no harm for a new client.
        const CONFIRMS_WRITES = 0x40_0000_0000;
        const NO_DETACH_ON_DESTROY = 0x80_0000_0000;
        const _ = !0;
    }
}
