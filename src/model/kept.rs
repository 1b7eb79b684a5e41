//! What a job was started for, as data: a server that takes over from another one makes of it
//! again who hears of the job's output and end.

use serde::{Deserialize, Serialize};

use crate::base::{ClientId, PaneId};

use super::queue::ItemContext;
use super::{FindState, FormatJobKey};

/// See the module comment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Purpose {
    /// `run-shell`: its output is printed line by line when it has ended.
    RunShell { listener: Listener, command: String },
    /// `if-shell`: its status chooses.
    IfShell { listener: Listener, yes: CommandText, no: Option<CommandText> },
    /// The pipe of a pane.
    Pipe { pane: PaneId, to_job: bool, to_pane: bool },
    /// `#()`: the run of this number.
    Format { key: FormatJobKey, generation: u64 },
    /// Nobody hears of it.
    Alone,
}

/// Who hears of a job's output and end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Listener {
    /// The command waits; its output goes where commands' output goes.
    pub item: Option<ItemContext>,
    pub client: Option<ClientId>,
    /// `-t`: output is shown in this pane.
    pub pane: Option<PaneId>,
    /// Whoever waited has gone with a server that was killed: nobody hears of it.
    #[serde(default)]
    pub gone: bool,
}

/// Commands that are parsed when they are needed, as text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommandText {
    pub text: String,
    /// It was parsed before, as a part of other commands.
    pub parsed: bool,
    /// Where the command stood that it is an argument of, and what that was about.
    pub file: Option<String>,
    pub line: u32,
    pub client: Option<ClientId>,
    pub state: FindState,
}

impl Purpose {
    /// The clients of the server before have gone, and with them all that waits.
    pub fn forget_clients(&mut self) {
        match self {
            Self::RunShell { listener, .. } | Self::IfShell { listener, .. } => {
                listener.gone = listener.item.take().is_some();
                listener.client = None;
            }
            Self::Pipe { .. } | Self::Format { .. } | Self::Alone => {}
        }
    }
}
