//! The purpose of a job, as data: from it the next server makes the callbacks for the job's output and
//! end.

use serde::{Deserialize, Serialize};

use crate::base::{ClientId, PaneId};

use super::queue::ItemContext;
use super::{FindState, FormatJobKey};

/// See the module comment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Purpose {
    /// `run-shell`: its output is printed line by line when it has ended.
    RunShell { listener: Listener, command: String },
    /// `if-shell`: its status chooses between two lists of commands.
    IfShell { listener: Listener, yes: CommandText, no: Option<CommandText> },
    /// `pipe-pane`: the pipe of a pane.
    Pipe { pane: PaneId, to_job: bool, to_pane: bool },
    /// `#()`: the run with this number.
    Format { key: FormatJobKey, generation: u64 },
    /// `display-popup`: the program in a client's popup; `None` if the client is gone.
    Popup { client: Option<ClientId> },
    /// Nobody waits for its output or end.
    Alone,
}

/// Receivers of a job's output and end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Listener {
    /// The command that waits; output goes where the output of commands goes.
    pub item: Option<ItemContext>,
    pub client: Option<ClientId>,
    /// `-t`: output is shown in this pane.
    pub pane: Option<PaneId>,
    /// The client or command that waited ended with a killed server: nothing is reported.
    #[serde(default)]
    pub gone: bool,
}

/// Commands as text, parsed when they are needed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommandText {
    pub text: String,
    /// The text was parsed before, as a part of other commands.
    pub parsed: bool,
    /// File and line of the command that has this as an argument, and the state it ran with.
    pub file: Option<String>,
    pub line: u32,
    pub client: Option<ClientId>,
    pub state: FindState,
}

impl Purpose {
    /// Called when the server was killed: its clients are gone, and with them all waiting commands.
    pub fn forget_clients(&mut self) {
        match self {
            Self::RunShell { listener, .. } | Self::IfShell { listener, .. } => {
                listener.gone = listener.item.take().is_some();
                listener.client = None;
            }
            Self::Popup { client } => *client = None,
            Self::Pipe { .. } | Self::Format { .. } | Self::Alone => {}
        }
    }
}
