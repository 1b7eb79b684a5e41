//! Terminals of panes, and the programs in them.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::base::{PaneId, Size};
use crate::terminal::Terminal;
use crate::terminal::graphics::Picture;

use super::files::Maker;
use super::jobs::JobId;

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
    /// It floods, and a key in another pane waits for its answer.
    Answer,
}

/// A pipe of `pipe-pane`.
#[derive(Clone, Copy, Debug)]
pub struct Pipe {
    pub job: JobId,
    /// Output of the pane goes to the job.
    pub to_job: bool,
    /// Output of the job goes to the pane.
    pub to_pane: bool,
}

/// Terminals of panes, and the programs in them.
pub trait PaneHost {
    /// Starts a pane's program on a terminal of its own. The error is a message for whoever asked.
    fn spawn_pane(&mut self, pane: PaneId, request: SpawnRequest) -> Result<Spawned, String>;
    /// Turns a job that has a terminal into a pane. It is no longer a job, and its callback for the end
    /// is not called.
    fn pane_from_job(
        &mut self,
        pane: PaneId,
        job: JobId,
        terminal: Arc<Mutex<Terminal>>,
    ) -> Result<Spawned, String>;
    /// Queues bytes for a pane's program. False: the queue is full, nothing was queued.
    fn pane_write(&mut self, pane: PaneId, bytes: &[u8]) -> bool;
    /// Queues a text that is made as the program reads it. False: too many texts are queued already.
    fn pane_paste(&mut self, pane: PaneId, maker: Maker) -> bool;
    /// Queues answers of the emulator to its program: they were not typed, so the output is not urgent.
    fn pane_reply(&mut self, pane: PaneId, bytes: &[u8]);
    /// Sets whether somebody waits for a pane's output: then the pane is read so that no text passes
    /// unseen.
    fn pane_watched(&mut self, pane: PaneId, watched: bool);
    /// Holds a pane back: its output is not read.
    fn pane_pause(&mut self, pane: PaneId, why: Hold);
    /// Removes one reason to hold a pane back; the pane is read again when none is left.
    fn pane_resume(&mut self, pane: PaneId, why: Hold);
    /// Sets the size of a pane's terminal (coalesced, at the end of the turn).
    fn pane_resize(&mut self, pane: PaneId, size: Size, cell_pixels: (u32, u32));
    /// Closes a pane's terminal: its program gets SIGHUP. The scope is dealt with as configured.
    fn pane_close(&mut self, pane: PaneId);
    /// Name of the program in the foreground of a pane's terminal.
    fn pane_command(&self, pane: PaneId) -> Option<String>;
    /// Directory of that program.
    fn pane_cwd(&self, pane: PaneId) -> Option<String>;
    /// Arguments of that program, of its parent, and so on up to the pane's own program, `pid`.
    fn pane_programs(&self, pane: PaneId, pid: i32) -> Vec<Vec<String>>;
    /// Ends the pipe of a pane and starts another one, or none.
    fn pipe_pane(&mut self, pane: PaneId, pipe: Option<Pipe>);
    /// Syncs the pictures that a pane holds with the disk, if its transcript is there: writes new ones,
    /// reads those that are only there, and deletes the others.
    fn keep_pictures(&mut self, pane: PaneId, pictures: Vec<Arc<Picture>>);
}
