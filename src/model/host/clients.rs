//! Processes of clients: their standard streams, messages and, in control mode, lines.

use crate::base::ClientId;

use super::files::{Content, FileDone, Maker};

/// Standard streams of a client that has no session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stream {
    Out,
    Err,
}

/// Messages to a client that end or suspend it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum ClientMessage {
    /// The client is attached now: the server owns the terminal.
    Ready,
    /// Exit with this status, printing a message when it goes back to the shell.
    Exit {
        status: i32,
        message: Option<String>,
    },
    /// `[detached (from session NAME)]`; with `kill`, its parent gets SIGHUP.
    Detach {
        session: String,
        kill: bool,
    },
    /// Run this command in place of the client (`detach-client -E`): command, shell.
    Exec {
        command: String,
        shell: String,
    },
    Suspend,
    /// Lock with this command.
    Lock(String),
    /// C-c ends the client, or no longer does: work that it waits for stops with it.
    MayStop(bool),
    /// The server exits.
    Shutdown,
}

/// Processes of clients: their standard streams, messages and, in control mode, lines.
pub trait ClientHost {
    /// Writes to a client's standard output or error. False: the queue is full, nothing was queued.
    fn client_write(&mut self, client: ClientId, stream: Stream, bytes: &[u8]) -> bool;
    /// Opens a client's standard output now, so that what is written later need not wait for the client
    /// to open it.
    fn client_open_output(&mut self, client: ClientId);
    /// Writes a text of any size to a client's standard output, after earlier writes. Calls `done` when
    /// all of it was sent to the client.
    fn client_stream(&mut self, client: ClientId, content: Content, done: FileDone);
    /// Called with the next piece of a text for a client's stream; without a maker it was the last one.
    fn stream_made(&mut self, client: ClientId, stream: i32, maker: Option<Maker>, piece: Vec<u8>);
    /// Bytes queued for the reader of a client's standard output.
    fn client_pending(&self, client: ClientId) -> usize;
    /// Path of the terminal that a standard stream of a client's process is, if it is one.
    fn client_terminal(&self, pid: i32, stream: Stream) -> Option<String>;
    /// Queues a message to a client, after its output.
    fn client_message(&mut self, client: ClientId, message: ClientMessage);
    /// Sends a client its changed flags.
    fn client_flags(&mut self, client: ClientId);
    /// Starts to read the lines of a control client.
    fn control_listen(&mut self, client: ClientId);
    /// Appends lines and output to the bounded queue of a control client.
    fn control_write(&mut self, client: ClientId, bytes: &[u8]);
    /// Bytes that a control client has not read yet.
    fn control_pending(&self, client: ClientId) -> usize;
}
