//! Helper processes.

use crate::base::Size;
use crate::model::Cx;
use crate::model::kept::Purpose;

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
    pub input: JobInput,
    pub reads: JobReads,
    /// Run on a terminal of this size instead of pipes (popups).
    pub pty: Option<Size>,
    pub at_exit: AtExit,
    /// Called with output as it comes (in pieces). When `None`, the output is gathered (bounded) for
    /// `done`.
    pub output: Option<JobOutput>,
    /// Called once when the process has ended and its output was read.
    pub done: Option<JobDone>,
    /// The job's purpose, so that it outlives the server. When `None`, the job ends with the server.
    pub kept: Option<Purpose>,
}

/// Standard input of a job that has no terminal.
pub enum JobInput {
    /// `/dev/null`.
    Nothing,
    /// These bytes, then its end.
    Bytes(Vec<u8>),
    /// Whatever `JobHost::job_write` gets, until `JobHost::job_close_stdin`.
    Open,
}

/// Output that is read of a job that has no terminal. The rest goes to `/dev/null`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobReads {
    Nothing,
    /// Standard output, as of jobs of tmux.
    Stdout,
    StdoutAndStderr,
}

/// Behaviour of a server that could end while a job runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtExit {
    /// The server waits for the job's end.
    Wait,
    /// The server ends.
    Leave,
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

/// Helper processes.
pub trait JobHost {
    /// Starts a job. The error is a message for whoever asked; the request's callbacks are then not called.
    fn run_job(&mut self, request: JobRequest) -> Result<JobId, String>;
    /// Queues bytes for a job. False: the queue is full, nothing was queued.
    fn job_write(&mut self, job: JobId, bytes: &[u8]) -> bool;
    /// Ends a job's standard input, after what is queued for it.
    fn job_close_stdin(&mut self, job: JobId);
    /// Sets the size of a job's terminal, in cells.
    fn job_resize(&mut self, job: JobId, size: Size);
    /// Sends a signal to a job's processes.
    fn job_kill(&mut self, job: JobId, signal: i32);
    /// The job's process; `None` when it has ended.
    fn job_pid(&self, job: JobId) -> Option<i32>;
    /// A line for each running job (`show-messages -J`).
    fn describe_jobs(&self) -> Vec<String>;
}
