//! Effects on the world that the model and the commands need, as a trait that the server implements.
//! Floors below the server never touch a descriptor, a process or a clock.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::base::history::History;
use crate::base::{ClientId, PaneId, Size};
use crate::terminal::Terminal;
use crate::terminal::graphics::Picture;
use crate::transcript::{PaneHandle, TranscriptStore};

use super::Cx;
use super::kept::Purpose;
use super::pane_limits::{PaneLimits, ServerLimits};
use super::queue::ItemContext;

/// A program to start in a pane.
#[derive(Clone, Default)]
pub struct SpawnRequest {
    /// Program and arguments. Empty: the shell as a login shell; one: `shell -c` it; more: exec.
    pub argv: Vec<String>,
    pub shell: String,
    /// Directory to start in; the home directory and `/` are tried when it cannot be entered.
    pub cwd: String,
    /// The whole environment, in order.
    pub environ: Vec<(String, String)>,
    pub size: Size,
    /// Pixels of one cell, 0 if unknown.
    pub cell_pixels: (u32, u32),
    /// The erase character of the new terminal (option `backspace`), as a byte.
    pub erase: u8,
    /// Control characters of the terminal that the session was made on (`c_cc`).
    pub control_chars: Option<Vec<u8>>,
    /// The emulator that the pane's output is fed to.
    pub terminal: Option<Arc<Mutex<Terminal>>>,
    /// Makes only a terminal, no process (an empty pane that the server writes to).
    pub empty: bool,
}

/// A started program.
#[derive(Clone, Debug, Default)]
pub struct Spawned {
    pub pid: i32,
    /// Path of the terminal, for example `/dev/pts/7`.
    pub tty: String,
}

/// End of a process: exit status or signal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum ExitStatus {
    Exited(i32),
    Signaled(i32),
}

/// A helper process (`run-shell`, `if-shell`, `#()`, `pipe-pane`, `copy-pipe`, popups).
pub struct JobRequest {
    /// Shell command line; run as `shell -c command`.
    pub command: Option<String>,
    /// Program and arguments, when not a shell command.
    pub argv: Vec<String>,
    pub shell: String,
    pub cwd: String,
    pub environ: Vec<(String, String)>,
    /// Bytes written to its standard input, which is then closed.
    pub stdin: Vec<u8>,
    /// It gets no standard input at all.
    pub no_stdin: bool,
    /// Keep standard input open for `Host::job_write`.
    pub keep_stdin: bool,
    /// Output is thrown away.
    pub no_output: bool,
    /// Standard error is read with the output. Without it, the stream goes to /dev/null, as for jobs of
    /// tmux.
    pub stderr: bool,
    /// Run on a terminal of this size instead of pipes (popups).
    pub pty: Option<Size>,
    /// The server may end while the job runs; otherwise it waits for the job's end.
    pub detached: bool,
    /// Called with output as it comes (in pieces). When `None`, the output is gathered (bounded) for
    /// `done`.
    pub output: Option<JobOutput>,
    /// Called once when the process has ended and its output was read.
    pub done: Option<JobDone>,
    /// The job's purpose, so that it outlives the server. When `None`, the job ends with the server.
    pub kept: Option<Purpose>,
}

pub(crate) type JobOutput = Box<dyn FnMut(&mut Cx<'_>, &[u8]) + Send>;
pub(crate) type JobDone = Box<dyn FnOnce(&mut Cx<'_>, JobResult) + Send>;

/// Result of a job.
pub struct JobResult {
    /// Gathered output, at most `JobResult::MAX_OUTPUT` bytes of it.
    pub output: Vec<u8>,
    /// Output beyond the maximum was dropped.
    pub cut: bool,
    pub status: ExitStatus,
}

impl JobResult {
    /// Maximum number of bytes of output gathered from one job. The rest is read and dropped; `run-shell`
    /// prints what it has, reports the cut and fails.
    pub const MAX_OUTPUT: usize = 256 << 20;
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct JobId(pub u64);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimerId(pub u64);

/// Why a pane is held back: its output is not read while any reason applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    /// The writer of its transcript is behind.
    Transcript,
    /// A control client is behind.
    Control,
    /// The job of its `pipe-pane` is behind.
    Pipe,
    /// A file with a picture is being read for it.
    Picture,
}

/// Makes a text piece by piece, when its reader has room; `None` after the last piece.
pub(crate) type Maker = Box<dyn FnMut() -> Option<Vec<u8>> + Send>;

/// A text for a client or a file.
pub enum Content {
    Bytes(Vec<u8>),
    Shared(Bytes),
    /// Made on another thread; each piece is made when the one before it was taken.
    Made(Maker),
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Shared(bytes)
    }
}

/// Called when a file was read or written, with its data (empty for a write) or the error.
pub(crate) type FileDone = Box<dyn FnOnce(&mut Cx<'_>, Result<Vec<u8>, FileError>) + Send>;

/// Why a file could not be read or written: an errno, shown by `strerror`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileError(pub i32);

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

/// Data for taking over a client's terminal, from the client and from options.
#[derive(Clone, Debug, Default)]
pub struct TtySetup {
    pub term_name: String,
    pub term_caps: Vec<String>,
    /// Features asked for by the client, as bits of the protocol.
    pub feature_bits: u32,
    pub utf8: bool,
    pub colorterm: Option<String>,
    /// `terminal-features`, `terminal-overrides` and `user-keys`, item by item.
    pub features: Vec<String>,
    pub overrides: Vec<String>,
    pub user_keys: Vec<(u16, Vec<u8>)>,
    /// `extended-keys` is not off.
    pub extended_keys: bool,
    pub focus_events: bool,
    /// `default-terminal` is a `screen`: it shows italics as standout.
    pub italics_as_standout: bool,
}

/// A client's terminal as `show-messages -T` lists it.
#[derive(Clone, Debug, Default)]
pub struct TerminalDescription {
    pub name: String,
    pub flags: u32,
    pub capabilities: Vec<String>,
}

/// Processes that outlive their pane, in its scope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftScope {
    pub name: String,
    /// The pane that the scope belonged to.
    pub pane: PaneId,
    pub pids: Vec<i32>,
    /// Memory in bytes.
    pub memory: u64,
    pub cpu_usec: u64,
}

/// A function that the loop calls once.
pub(crate) type Callback = Box<dyn FnOnce(&mut Cx<'_>) + Send>;

/// Called with the reason when a request fails.
pub(crate) type Refused = Box<dyn FnOnce(&mut Cx<'_>, String) + Send>;

/// Work for another thread: it may read disks and block, and returns a callback for the loop. Long work
/// is split into steps, each of which queues the next.
pub(crate) type Work = Box<dyn FnOnce() -> Callback + Send>;

/// Result of restoring sessions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Restored {
    /// Names of the sessions.
    pub sessions: Vec<String>,
    pub windows: usize,
    pub panes: usize,
    /// Differences from what was saved.
    pub warnings: Vec<String>,
}

/// How far a restore is: panes that are read, of all, and bytes of their histories and screens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RestoreShare {
    pub panes: (u64, u64),
    pub bytes: u64,
}

/// Called after each pane that is read; false stops the restore, and nothing of it is left.
pub(crate) type RestoreStep = Box<dyn FnMut(&mut Cx<'_>, RestoreShare) -> bool + Send>;

/// Called with the result of a restore, or with the reason why it failed.
pub(crate) type RestoreDone = Box<dyn FnOnce(&mut Cx<'_>, Result<Restored, String>) + Send>;

/// Functions for whoever waits for a restore.
pub struct RestoreWatch {
    pub step: RestoreStep,
    pub done: RestoreDone,
}

/// Effects on the world. All calls return at once; what takes time answers through callbacks.
pub trait Host {
    // Panes
    /// Opens a pane's history: a transcript of at most `limit_bytes` on disk (0 keeps nothing).
    fn open_history(&mut self, pane: PaneId, limit_bytes: u64) -> Box<dyn History>;
    /// Changes the size limit of a pane's history.
    fn set_history_limit(&mut self, pane: PaneId, limit_bytes: u64);
    /// True if a pane's history is kept when the pane is closed.
    fn keeps_history(&self, _pane: PaneId) -> bool {
        false
    }
    /// Called when a pane's history was cleared: no crash of the server may bring it back.
    fn history_cleared(&mut self, _pane: PaneId) {}
    fn spawn_pane(&mut self, pane: PaneId, request: SpawnRequest) -> Result<Spawned, String>;
    /// Turns a job that has a terminal into a pane. It is no longer a job, and its callback for the end
    /// is not called.
    fn pane_from_job(
        &mut self,
        _pane: PaneId,
        _job: JobId,
        _terminal: Arc<Mutex<Terminal>>,
    ) -> Result<Spawned, String> {
        Err("there are no jobs".to_owned())
    }
    /// Sets the limits of a pane: called before its program is started, and when options change.
    fn set_pane_limits(&mut self, _pane: PaneId, _limits: PaneLimits) {}
    /// Sets the limits of all panes together.
    fn set_server_limits(&mut self, _limits: ServerLimits) {}
    /// Queues bytes for a pane's program. False: the queue is full, nothing was queued.
    fn pane_write(&mut self, pane: PaneId, bytes: &[u8]) -> bool;
    /// Queues a text that is made as the program reads it. False: too many texts are queued already.
    fn pane_paste(&mut self, pane: PaneId, maker: Maker) -> bool;
    /// Sets whether somebody waits for a pane's output: then the pane is read so that no text passes
    /// unseen.
    fn pane_watched(&mut self, _pane: PaneId, _watched: bool) {}
    /// Queues answers of the emulator to its program: they were not typed, so the output is not urgent.
    fn pane_reply(&mut self, pane: PaneId, bytes: &[u8]);
    /// Removes one reason to hold a pane back; the pane is read again when none is left.
    fn pane_resume(&mut self, pane: PaneId, why: Hold);
    /// Syncs the pictures that a pane holds with the disk, if its transcript is there: writes new ones,
    /// reads those that are only there, and deletes the others.
    fn keep_pictures(&mut self, _pane: PaneId, _pictures: Vec<Arc<Picture>>) {}
    /// Holds a pane back: its output is not read.
    fn pane_pause(&mut self, pane: PaneId, why: Hold);
    /// Sets the size of a pane's terminal (coalesced, at the end of the turn).
    fn pane_resize(&mut self, pane: PaneId, size: Size, cell_pixels: (u32, u32));
    /// Closes a pane's terminal: its program gets SIGHUP. The scope is dealt with as configured.
    fn pane_close(&mut self, pane: PaneId);
    /// Sends a signal to a process (to its group when negative).
    fn kill(&mut self, pid: i32, signal: i32);
    /// Name of the program in the foreground of a pane's terminal, and its directory.
    fn pane_command(&self, pane: PaneId) -> Option<String>;
    fn pane_cwd(&self, pane: PaneId) -> Option<String>;
    /// Arguments of that program, of its parent, and so on up to the pane's own program, `pid`.
    fn pane_programs(&self, pane: PaneId, pid: i32) -> Vec<Vec<String>>;
    /// Starts or stops the pipe of a pane: its output goes to a job, and the job's output to the pane.
    fn pipe_pane(&mut self, pane: PaneId, job: Option<(JobId, bool, bool)>);

    /// True if a program can be started without blocking. If not, the command queues are run again when
    /// it can.
    fn is_ready_to_start(&mut self) -> bool {
        true
    }
    /// An error with the reason if no program can be started now.
    fn can_start(&self) -> Result<(), String> {
        Ok(())
    }

    /// Starts a program (`None`: this one, as it is on disk now) as the next server. If that fails,
    /// reports through `upgraded`; else the next server resumes the item.
    fn upgrade(
        &mut self,
        _program: Option<String>,
        _item: &ItemContext,
        _failed: Refused,
    ) -> Result<(), String> {
        Err("not supported".to_owned())
    }

    // Jobs and timers
    fn run_job(&mut self, request: JobRequest) -> Result<JobId, String>;
    /// Queues bytes for a job. False: the queue is full, nothing was queued.
    fn job_write(&mut self, job: JobId, bytes: &[u8]) -> bool;
    fn job_close_stdin(&mut self, job: JobId);
    fn job_resize(&mut self, job: JobId, size: Size);
    fn job_kill(&mut self, job: JobId, signal: i32);
    fn job_pid(&self, job: JobId) -> Option<i32>;
    /// Calls back once after `delay_ms`.
    fn timer(&mut self, delay_ms: u64, callback: Box<dyn FnOnce(&mut Cx<'_>) + Send>) -> TimerId;
    fn cancel_timer(&mut self, timer: TimerId);
    /// Runs `work` on a thread of its own, then calls the returned callback on the loop.
    fn background(&mut self, _work: Work) {}
    /// The transcripts of this server; `None` where histories are in memory only.
    fn transcripts(&self) -> Option<Arc<TranscriptStore>> {
        None
    }

    /// Replaces a pane's history by one that was opened on another thread.
    fn hold_history(&mut self, _pane: PaneId, _history: PaneHandle) {}
    /// Restores the sessions that were saved before this server started (`life`: its start, in
    /// microseconds since the Unix epoch); then calls back.
    fn restore_sessions(&mut self, _life: i64, _watch: RestoreWatch) {}
    /// Records that the saved sessions have been restored.
    fn note_restored(&mut self) {}
    /// Retries saving sessions later, since it failed.
    fn save_sessions_again(&mut self) {}

    // Clients
    /// Writes to a client's standard output or error. False: the queue is full, nothing was queued.
    fn client_write(&mut self, client: ClientId, stream: Stream, bytes: &[u8]) -> bool;
    /// Writes a text of any size to a client's standard output, after earlier writes. Calls `done` when
    /// all of it was sent to the client.
    fn client_stream(&mut self, client: ClientId, content: Content, done: FileDone);
    /// Called with the next piece of a text for a client's stream; without a maker it was the last one.
    fn stream_made(&mut self, _client: ClientId, _stream: i32, _maker: Option<Maker>, _piece: Vec<u8>) {}
    /// Bytes queued for the reader of a client's standard output.
    fn client_pending(&self, _client: ClientId) -> usize {
        0
    }
    /// Path of the terminal that a standard stream of a client's process is, if it is one.
    fn client_terminal(&self, _pid: i32, _stream: Stream) -> Option<String> {
        None
    }
    fn client_message(&mut self, client: ClientId, message: ClientMessage);
    /// Writes raw bytes to a client's terminal (passthrough, clipboard), after the next frame.
    fn tty_write(&mut self, client: ClientId, bytes: &[u8]);
    /// Puts text on the clipboard of a client's terminal.
    fn tty_set_clipboard(&mut self, client: ClientId, selection: &str, data: &[u8]);
    /// Asks a client's terminal for its clipboard.
    fn tty_query_clipboard(&mut self, client: ClientId);
    /// Control characters of a client's terminal (`c_cc`) before it is taken over.
    fn client_control_chars(&self, _client: ClientId) -> Option<Vec<u8>> {
        None
    }
    /// Takes over a client's terminal (attach). The error is a message for the client. Commands call
    /// `Cx::open_terminal`, which gathers the setup.
    fn tty_open(&mut self, client: ClientId, setup: TtySetup) -> Result<(), String>;
    /// Asks a newly attached client's terminal for its type and features.
    fn tty_send_requests(&mut self, client: ClientId);
    /// Asks a client's terminal for a palette entry on behalf of a pane.
    fn tty_query_palette(&mut self, client: ClientId, pane: PaneId, index: u8);
    /// Appends lines and output to the bounded queue of a control client.
    fn control_write(&mut self, client: ClientId, bytes: &[u8]);
    /// Bytes that a control client has not read yet.
    fn control_pending(&self, client: ClientId) -> usize;
    /// Asks a client's terminal again for its colours.
    fn tty_query_colours(&mut self, client: ClientId);
    /// Restores a client's terminal and releases it; `lock` clears it for the lock program.
    fn tty_stop(&mut self, client: ClientId, lock: bool);
    /// Rings the bell of a client's terminal.
    fn tty_bell(&mut self, client: ClientId);
    /// Has a client's terminal show a notification. False: the terminal cannot.
    fn tty_notify(&mut self, _client: ClientId, _text: &str) -> bool {
        false
    }
    /// Sends a client its changed flags.
    fn client_flags(&mut self, client: ClientId);
    /// Features of a client's terminal (`show-messages -T`).
    fn describe_terminal(&self, client: ClientId) -> Option<TerminalDescription>;
    /// The last lines of the log (`show-messages -H`), oldest first.
    fn log_lines(&self) -> Vec<String>;
    /// Memory of the server and the length of its turns, in one line.
    fn health(&self, panes: usize, clients: usize) -> String;
    /// A line for each running job (`show-messages -J`).
    fn describe_jobs(&self) -> Vec<String>;
    /// Redraws a client completely.
    fn tty_invalidate(&mut self, client: ClientId);

    // Files
    /// Reads a file through a client (or here when it is `None`).
    fn read_file(&mut self, client: Option<ClientId>, path: &str, done: FileDone);
    fn write_file(
        &mut self,
        client: Option<ClientId>,
        path: &str,
        append: bool,
        content: Content,
        done: FileDone,
    );
    /// Paths that match a glob pattern, sorted; empty when none matches.
    fn glob(&mut self, pattern: &str) -> Vec<PathBuf>;
    /// True if a path is a program that can be run.
    fn is_executable(&self, path: &str) -> bool;
    fn home(&self) -> String;
    /// The login shell of the server's user, from the user database.
    fn login_shell(&self) -> Option<String> {
        None
    }
    /// The home directory of a user; of the server's user if the name is empty.
    fn home_of(&self, user: &str) -> Option<String>;
    /// Starts to read the lines of a control client.
    fn control_listen(&mut self, client: ClientId);
    /// Name of a user id, and id of a name.
    fn user_name(&self, uid: u32) -> Option<String>;
    fn user_id(&self, name: &str) -> Option<u32>;
    fn group_name(&self, _gid: u32) -> Option<String> {
        None
    }
    fn group_id(&self, _name: &str) -> Option<u32> {
        None
    }
    fn hostname(&self) -> String;
    /// Milliseconds of a clock that also advances within a turn, for work with a time limit.
    fn elapsed_ms(&self) -> u64;
    /// Value for a format variable that only the host knows (`pane_memory`, `containment`, …).
    fn usage(&self, pane: Option<PaneId>, variable: &str) -> Option<String>;
    /// Scopes of closed panes in which processes still run.
    fn left_scopes(&self) -> Vec<LeftScope> {
        Vec::new()
    }
    /// Ends all processes in such a scope, given its name.
    fn end_left_scope(&mut self, _name: &str) {}
    /// A process's command line, as readable text.
    fn process_line(&self, _pid: i32) -> Option<String> {
        None
    }
    /// Ends the server after this turn.
    fn shutdown(&mut self);
}
