//! What the model and the commands need done in the world, as a trait that the server
//! implements. Floors below the server never touch a descriptor, a process or a clock.

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
    /// Pixels of one cell, 0 if not known.
    pub cell_pixels: (u32, u32),
    /// The erase character of the new terminal (option `backspace`), as a byte.
    pub erase: u8,
    /// Control characters of the terminal that the session was made on (`c_cc`).
    pub control_chars: Option<Vec<u8>>,
    /// The emulator that the pane's output is fed to.
    pub terminal: Option<Arc<Mutex<Terminal>>>,
    /// Only a terminal, no process (an empty pane that is written to by the server).
    pub empty: bool,
}

/// A started program.
#[derive(Clone, Debug, Default)]
pub struct Spawned {
    pub pid: i32,
    /// Path of the terminal, for example `/dev/pts/7`.
    pub tty: String,
}

/// How a process ended.
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
    /// Merge standard error into what is read (tmux: jobs' stderr goes to /dev/null unless asked).
    pub stderr: bool,
    /// Run on a terminal of this size instead of pipes (popups).
    pub pty: Option<Size>,
    /// The server may end while it runs; otherwise its end is waited for.
    pub detached: bool,
    /// Called with output as it comes (in pieces); when `None` it is gathered (bounded) for `done`.
    pub output: Option<JobOutput>,
    /// Called once when the process has ended and its output was read.
    pub done: Option<JobDone>,
    /// What it is for, so that it outlives the server. It ends with the server when `None`.
    pub kept: Option<Purpose>,
}

pub type JobOutput = Box<dyn FnMut(&mut Cx<'_>, &[u8]) + Send>;
pub type JobDone = Box<dyn FnOnce(&mut Cx<'_>, JobResult) + Send>;

/// What a job came to.
pub struct JobResult {
    /// Gathered output, at most `JobResult::MAX_OUTPUT` bytes of it.
    pub output: Vec<u8>,
    /// There was more.
    pub cut: bool,
    pub status: ExitStatus,
}

impl JobResult {
    /// Bytes of output gathered from one job. The rest is read and thrown away; `run-shell`
    /// prints what there is, says so and fails.
    pub const MAX_OUTPUT: usize = 256 << 20;
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub struct JobId(pub u64);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimerId(pub u64);

/// Why a pane is held back: its output is not read while there is any reason.
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

/// Makes a text piece by piece, as whoever takes it has room; `None` after the last piece.
pub type Maker = Box<dyn FnMut() -> Option<Vec<u8>> + Send>;

/// A text for a client or a file.
pub enum Content {
    Bytes(Vec<u8>),
    Shared(Bytes),
    /// Made beside the loop, each piece when the one before it was taken.
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

/// A file as a client reaches it: `-` is the client's own standard input or output.
pub type FileDone = Box<dyn FnOnce(&mut Cx<'_>, Result<Vec<u8>, FileError>) + Send>;

/// Why a file could not be read or written: an errno, printed with `strerror`.
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
    /// It is attached now: the terminal is the server's.
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
    /// The server is going.
    Shutdown,
}

/// What a terminal that is taken over needs of its client and of options.
#[derive(Clone, Debug, Default)]
pub struct TtySetup {
    pub term_name: String,
    pub term_caps: Vec<String>,
    /// Features asked for by the client, as bits of the wire.
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
    /// The pane that it was of.
    pub pane: PaneId,
    pub pids: Vec<i32>,
    /// Bytes.
    pub memory: u64,
    pub cpu_usec: u64,
}

/// Something to do on the loop, once.
pub type Callback = Box<dyn FnOnce(&mut Cx<'_>) + Send>;

/// Called when something asked for does not come about, with the reason.
pub type Refused = Box<dyn FnOnce(&mut Cx<'_>, String) + Send>;

/// Work beside the loop: it may read disks and take its time, and says what follows on the
/// loop. Long work goes in steps, each queueing the next.
pub type Work = Box<dyn FnOnce() -> Callback + Send>;

/// What came of restoring sessions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Restored {
    /// Names of the sessions.
    pub sessions: Vec<String>,
    pub windows: usize,
    pub panes: usize,
    /// What is not as it was.
    pub warnings: Vec<String>,
}

/// Called with what came of it, or why nothing did.
pub type RestoreDone = Box<dyn FnOnce(&mut Cx<'_>, Result<Restored, String>) + Send>;

/// Effects on the world. All calls return at once; what takes time answers through callbacks.
pub trait Host {
    // Panes
    /// A pane's history: a transcript on disk, at most `limit_bytes` of it (0 keeps nothing).
    fn open_history(&mut self, pane: PaneId, limit_bytes: u64) -> Box<dyn History>;
    /// Changes the cap of a pane's history.
    fn set_history_limit(&mut self, pane: PaneId, limit_bytes: u64);
    /// Whether a pane's history is kept when the pane is closed.
    fn keeps_history(&self, _pane: PaneId) -> bool {
        false
    }
    /// A pane's history was cleared: it must not come back, whatever happens to the server.
    fn history_cleared(&mut self, _pane: PaneId) {}
    fn spawn_pane(&mut self, pane: PaneId, request: SpawnRequest) -> Result<Spawned, String>;
    /// Makes the program of a job that has a terminal the program of a pane: it is no job any
    /// more, and nobody is told that it is over.
    fn pane_from_job(
        &mut self,
        _pane: PaneId,
        _job: JobId,
        _terminal: Arc<Mutex<Terminal>>,
    ) -> Result<Spawned, String> {
        Err("there are no jobs".to_owned())
    }
    /// What a pane may take: told before its program is started, and when options change.
    fn set_pane_limits(&mut self, _pane: PaneId, _limits: PaneLimits) {}
    /// What all panes together may take.
    fn set_server_limits(&mut self, _limits: ServerLimits) {}
    /// Queues bytes for a pane's program. False: too much waits already, nothing was queued.
    fn pane_write(&mut self, pane: PaneId, bytes: &[u8]) -> bool;
    /// Queues a text that is made as the program takes it. False: too many wait already.
    fn pane_paste(&mut self, pane: PaneId, maker: Maker) -> bool;
    /// Answers of the emulator to its program: not typed, so no reason to hurry the pane.
    /// Somebody waits for what the pane prints: no text is to pass that nobody saw.
    fn pane_watched(&mut self, _pane: PaneId, _watched: bool) {}
    fn pane_reply(&mut self, pane: PaneId, bytes: &[u8]);
    /// Reads a pane again that was held back for this reason, if no other one is left.
    fn pane_resume(&mut self, pane: PaneId, why: Hold);
    /// These are the pictures that a pane holds: puts them on the disk, where it has a transcript
    /// there, reads those that are only there, and removes what it holds no more.
    fn keep_pictures(&mut self, _pane: PaneId, _pictures: Vec<Arc<Picture>>) {}
    /// Holds a pane back: its output is not read.
    fn pane_pause(&mut self, pane: PaneId, why: Hold);
    /// Sets the size of a pane's terminal (coalesced, at the end of the turn).
    fn pane_resize(&mut self, pane: PaneId, size: Size, cell_pixels: (u32, u32));
    /// Closes a pane's terminal: its program gets SIGHUP. The scope is dealt with as configured.
    fn pane_close(&mut self, pane: PaneId);
    /// Sends a signal to a process (group when negative).
    fn kill(&mut self, pid: i32, signal: i32);
    /// Name of the program in the foreground of a pane's terminal, and its directory.
    fn pane_command(&self, pane: PaneId) -> Option<String>;
    fn pane_cwd(&self, pane: PaneId) -> Option<String>;
    /// Starts or stops feeding what a pane prints to a job, and a job's output to the pane.
    fn pipe_pane(&mut self, pane: PaneId, job: Option<(JobId, bool, bool)>);

    /// Whether a program can be started without anybody waiting for it. If not, the command
    /// queues are run again when it can.
    fn is_ready_to_start(&mut self) -> bool {
        true
    }
    /// Why no program can be started now, if that is so.
    fn can_start(&self) -> Result<(), String> {
        Ok(())
    }

    /// Starts a program (this one, as it is on the disk now, when `None`) as the next server. Says
    /// `upgraded` when that failed; else the next server goes on with the item.
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
    /// Queues bytes for a job. False: too much waits already, nothing was queued.
    fn job_write(&mut self, job: JobId, bytes: &[u8]) -> bool;
    fn job_close_stdin(&mut self, job: JobId);
    fn job_resize(&mut self, job: JobId, size: Size);
    fn job_kill(&mut self, job: JobId, signal: i32);
    fn job_pid(&self, job: JobId) -> Option<i32>;
    /// Calls back once after `delay_ms`.
    fn timer(&mut self, delay_ms: u64, callback: Box<dyn FnOnce(&mut Cx<'_>) + Send>) -> TimerId;
    fn cancel_timer(&mut self, timer: TimerId);
    /// Does something on a thread of its own, then what it returns on the loop.
    fn background(&mut self, _work: Work) {}
    /// The transcripts of this server; `None` where histories are in memory only.
    fn transcripts(&self) -> Option<Arc<TranscriptStore>> {
        None
    }

    /// A pane's history is another one from now on, that was opened beside the loop.
    fn hold_history(&mut self, _pane: PaneId, _history: PaneHandle) {}
    /// Brings back the sessions that were saved before this server began (`life`: when, in
    /// microseconds since the Unix epoch); then calls back.
    fn restore_sessions(&mut self, _life: i64, _done: RestoreDone) {}
    /// What was saved is there again.
    fn note_restored(&mut self) {}
    /// Saving sessions failed: it is tried again later.
    fn save_sessions_again(&mut self) {}

    // Clients
    /// Writes to a client's standard output or error. False: too much waits for it already,
    /// nothing was queued.
    fn client_write(&mut self, client: ClientId, stream: Stream, bytes: &[u8]) -> bool;
    /// Writes a text of any size to a client's standard output, behind what was written before.
    /// `done` is called when the client has been sent all of it.
    fn client_stream(&mut self, client: ClientId, content: Content, done: FileDone);
    /// A piece of a text for a client's stream was made; without a maker it was the last one.
    fn stream_made(&mut self, _client: ClientId, _stream: i32, _maker: Option<Maker>, _piece: Vec<u8>) {}
    /// Bytes that wait for the reader of a client's standard output.
    fn client_pending(&self, _client: ClientId) -> usize {
        0
    }
    /// The terminal that a standard stream of a client's process is, if it is one.
    fn client_terminal(&self, _pid: i32, _stream: Stream) -> Option<String> {
        None
    }
    fn client_message(&mut self, client: ClientId, message: ClientMessage);
    /// Raw bytes to a client's terminal (passthrough, clipboard), after the next frame.
    fn tty_write(&mut self, client: ClientId, bytes: &[u8]);
    /// Puts text on the clipboard of a client's terminal.
    fn tty_set_clipboard(&mut self, client: ClientId, selection: &str, data: &[u8]);
    /// Asks a client's terminal for its clipboard.
    fn tty_query_clipboard(&mut self, client: ClientId);
    /// Control characters of a client's terminal (`c_cc`) before it is taken over.
    fn client_control_chars(&self, _client: ClientId) -> Option<Vec<u8>> {
        None
    }
    /// Takes a client's terminal over (attach). The error is what the client is told.
    /// Commands call `Cx::open_terminal`, which gathers what it needs.
    fn tty_open(&mut self, client: ClientId, setup: TtySetup) -> Result<(), String>;
    /// Asks a newly attached client's terminal what it is.
    fn tty_send_requests(&mut self, client: ClientId);
    /// Asks a client's terminal for a palette entry on behalf of a pane.
    fn tty_query_palette(&mut self, client: ClientId, pane: PaneId, index: u8);
    /// Lines and output of a control client: appended to its bounded queue.
    fn control_write(&mut self, client: ClientId, bytes: &[u8]);
    /// Bytes that a control client has not taken yet.
    fn control_pending(&self, client: ClientId) -> usize;
    /// Asks a client's terminal for its colours again.
    fn tty_query_colours(&mut self, client: ClientId);
    /// Gives a client's terminal back as it was; `lock` clears it for the lock program.
    fn tty_stop(&mut self, client: ClientId, lock: bool);
    /// Rings the bell of a client's terminal.
    fn tty_bell(&mut self, client: ClientId);
    /// Has a client's terminal show a notification. False: it cannot.
    fn tty_notify(&mut self, _client: ClientId, _text: &str) -> bool {
        false
    }
    /// Tells a client that its flags have changed.
    fn client_flags(&mut self, client: ClientId);
    /// What is known of a client's terminal (`show-messages -T`).
    fn describe_terminal(&self, client: ClientId) -> Option<TerminalDescription>;
    /// The last lines of the log (`show-messages -H`), oldest first.
    fn log_lines(&self) -> Vec<String>;
    /// What the server holds and how long its turns take, in one line.
    fn health(&self, panes: usize, clients: usize) -> String;
    /// A line for each running job (`show-messages -J`).
    fn describe_jobs(&self) -> Vec<String>;
    /// Draw this client again from nothing.
    fn tty_invalidate(&mut self, client: ClientId);

    // Files
    /// Reads a file through a client (or here when it is `None`), at most `max` bytes.
    fn read_file(&mut self, client: Option<ClientId>, path: &str, done: FileDone);
    fn write_file(
        &mut self,
        client: Option<ClientId>,
        path: &str,
        append: bool,
        content: Content,
        done: FileDone,
    );
    /// Paths that match a glob pattern, sorted; none when nothing does.
    fn glob(&mut self, pattern: &str) -> Vec<PathBuf>;
    /// Whether a path is a program that can be run.
    fn is_executable(&self, path: &str) -> bool;
    fn home(&self) -> String;
    /// The shell that the user database gives whoever runs the server.
    fn login_shell(&self) -> Option<String> {
        None
    }
    /// The home directory of a user; of the server's own if the name is empty.
    fn home_of(&self, user: &str) -> Option<String>;
    /// Starts to read a control client's lines.
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
    /// Milliseconds of a clock that also moves within a turn, for work that stops after a time.
    fn elapsed_ms(&self) -> u64;
    /// Value for a format variable that only the host knows (`pane_memory`, `containment`, …).
    fn usage(&self, pane: Option<PaneId>, variable: &str) -> Option<String>;
    /// What closed panes have left running.
    fn left_scopes(&self) -> Vec<LeftScope> {
        Vec::new()
    }
    /// Ends everything in one of those, by its name.
    fn end_left_scope(&mut self, _name: &str) {}
    /// A process's command line, for people to read.
    fn process_line(&self, _pid: i32) -> Option<String> {
        None
    }
    /// Ends the server after this turn.
    fn shutdown(&mut self);
}
