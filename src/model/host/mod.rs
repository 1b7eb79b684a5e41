//! Effects on the world that the model and the commands need, as traits that the server implements: one
//! for each noun. Floors below the server never touch a descriptor, a process or a clock.

mod clients;
mod event_loop;
mod files;
mod histories;
mod jobs;
mod panes;
mod saved;
mod scopes;
mod server;
mod system;
mod terminals;

pub(crate) use clients::{ClientHost, ClientMessage, Stream};
pub(crate) use event_loop::{Callback, Work};
pub(crate) use event_loop::{LoopHost, TimerId};
pub(crate) use files::{Content, FileError, FileHost};
pub(crate) use files::{FileDone, Maker};
pub(crate) use histories::HistoryHost;
pub(crate) use jobs::{AtExit, JobInput, JobReads};
pub(crate) use jobs::{ExitStatus, JobHost, JobId, JobRequest, JobResult};
pub(crate) use jobs::{JobDone, JobOutput};
pub(crate) use panes::{Hold, PaneHost, Pipe, SpawnRequest, Spawned};
pub(crate) use saved::{RestoreShare, RestoreWatch, Restored, SavedHost};
pub(crate) use scopes::{LeftScope, ScopeHost};
pub(crate) use server::Refused;
pub(crate) use server::ServerHost;
pub(crate) use system::SystemHost;
pub(crate) use terminals::{TerminalDescription, TerminalHost, TtySetup};

/// The whole world. All calls return at once; what takes time answers through callbacks.
pub trait Host:
    PaneHost
    + HistoryHost
    + ScopeHost
    + JobHost
    + LoopHost
    + SavedHost
    + ClientHost
    + TerminalHost
    + FileHost
    + SystemHost
    + ServerHost
{
}

impl<T> Host for T where
    T: PaneHost
        + HistoryHost
        + ScopeHost
        + JobHost
        + LoopHost
        + SavedHost
        + ClientHost
        + TerminalHost
        + FileHost
        + SystemHost
        + ServerHost
{
}
