//! Parts of the rooms for tests, fuzz targets and benches: all that the library exports beside the
//! program itself. Rooms are private, so that the compiler finds unused code.

/// `base`: cells, sizes, ids, history.
pub mod base {
    pub use crate::base::{
        Attrs, Cell, CellFlags, CellStyle, ClientId, Colour, LinkId, PaneId, Point, Rect, SessionId, Size,
        Surface,
    };

    pub mod clock {
        pub use crate::base::clock::Now;
    }
    pub mod history {
        pub use crate::base::history::{History, HistoryView, Row, RowFlags};
    }
    pub mod links {
        pub use crate::base::links::{Hyperlink, Links};
    }
    pub mod width {
        pub use crate::base::width::may_join;
    }
}

/// `command`: the queue.
pub mod command {
    pub use crate::command::queue;
}

/// `control`: control mode.
pub mod control {
    pub use crate::control::{line, pane_output, settle, start};
}

/// `containment`: backends and start-up.
pub mod containment {
    pub use crate::containment::*;
}

/// `format`: expansion.
pub mod format {
    pub use crate::format::{Objects, parse};
}

/// `model`: the server's state and a made-up host.
pub mod model {
    pub use crate::model::option_access::OptionScope;
    pub use crate::model::{Client, ClientFlags, Cx, Server, find, queue, sessions, spawn, test_host};

    pub mod layout {
        pub use crate::model::layout::{Layout, checksum};
    }
}

/// `options`: values and environments.
pub mod options {
    pub use crate::options::{Environ, Options, Scope};
}

/// `outer`: the terminal of a client.
pub mod outer {
    pub use crate::outer::{Decoder, Features, InputEvent, Term, TermOptions, acs};
}

/// `reactor`: waiting for descriptors, signals and timers.
pub mod reactor {
    pub use crate::reactor::new_runtime;
}

/// `render`: from the model to bytes for a terminal.
pub mod render {
    pub use crate::render::{compose, diff, emit, frame, tty};
}

/// `server`: the state file.
pub mod server {
    pub use crate::server::{StateFile, new_state, read_state};
}

/// `protocol`: tmux's protocol.
pub mod protocol {
    pub use crate::protocol::{Connection, Message};
}

/// `syntax`: the command language and styles.
pub mod syntax {
    pub use crate::syntax::{parse, style};
}

/// `terminal`: the emulator.
pub mod terminal {
    pub use crate::terminal::config::{AlternateHistory, KittyGraphics};
    pub use crate::terminal::{Capture, CaptureOptions, MemoryHistory, Terminal, TerminalConfig, trace};
}

/// `transcript`: history on disk.
pub mod transcript {
    pub use crate::transcript::{
        Exporter, Form, Needle, PaneInfo, Progress, SearchCursor, Storage, StoreConfig, TranscriptStore,
        compressed_len,
    };
}

/// `view`: modes, overlays and prompts.
pub mod view {
    pub use crate::view::{modes, overlay};
}
