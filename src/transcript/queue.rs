//! The writer's queue. Its users bound it: blocks by each pane's limit on pending bytes
//! (`PaneHistory::is_congested`), everything else by the number of blocks.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::pane::Pane;
use super::segment::{Freeing, Segment};

/// A job of the writer.
#[derive(Debug)]
pub(super) enum Job {
    /// Write the pending blocks of a pane, in the order of their lines.
    Write(Arc<Pane>),
    /// The last user of a retired block has released it.
    Release { segment: Arc<Segment>, at: u64, len: u64 },
    /// Replace a small file.
    Small { pane: Arc<Pane>, file: PathBuf, bytes: Vec<u8> },
    /// Record on disk which lines were cleared.
    Floor(Arc<Pane>),
    /// Append to a small file.
    Note { pane: Arc<Pane>, file: PathBuf, bytes: Vec<u8> },
    /// Rewrite the pane's info file.
    Info(Arc<Pane>),
    /// Enforce a pane's limits.
    Trim(Arc<Pane>),
    /// The pane is closed and its transcript is removed.
    Remove(Arc<Pane>),
    /// The pane is closed and its files stay.
    Finish(Arc<Pane>),
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<Job>,
    stopping: bool,
    /// Start time of the job that is running.
    since: Option<Instant>,
    /// True while no jobs are run.
    held: bool,
}

/// See the module comment.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Signalled when a job is pushed or the queue is stopped.
    filled: Condvar,
    /// Signalled when the queue is empty.
    drained: Condvar,
}

/// Time of a job after which the disk counts as hanging. (Tests hold a disk for a while on a busy
/// machine.)
const HANG: Duration = Duration::from_secs(if cfg!(test) { 60 } else { 3 });

impl Queue {
    pub(super) fn push(&self, job: Job) {
        let mut state = self.state.lock();
        if !state.stopping || !matches!(job, Job::Write(_)) {
            state.jobs.push_back(job);
            self.filled.notify_one();
        }
    }

    /// The next job. `None` if none came within `wait`, or if the queue is stopped and empty (then
    /// `is_stopped`).
    pub(super) fn next(&self, wait: Option<Duration>) -> Option<Job> {
        let mut state = self.state.lock();
        state.since = None;
        if state.jobs.is_empty() {
            self.drained.notify_all();
        }
        while state.held || (state.jobs.is_empty() && !state.stopping) {
            match wait {
                Some(wait) if self.filled.wait_for(&mut state, wait).timed_out() => return None,
                Some(_) => {}
                None => self.filled.wait(&mut state),
            }
        }
        let job = state.jobs.pop_front();
        state.since = job.is_some().then(Instant::now);
        job
    }

    /// With `held`, runs no jobs until `hold(false)`.
    pub(super) fn hold(&self, held: bool) {
        self.state.lock().held = held;
        self.filled.notify_all();
    }

    pub(super) fn stop(&self) {
        let mut state = self.state.lock();
        (state.stopping, state.held) = (true, false);
        drop(state);
        self.filled.notify_all();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state.lock().stopping
    }

    pub(super) fn is_stopped(&self) -> bool {
        let state = self.state.lock();
        state.stopping && state.jobs.is_empty()
    }

    /// Reports whether the current job has taken so long that the disk must hang.
    pub(super) fn hangs(&self) -> bool {
        self.state.lock().since.is_some_and(|since| since.elapsed() > HANG)
    }

    /// Waits at most `limit` until all jobs pushed so far are done; false if they are not.
    pub(super) fn drain(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut state = self.state.lock();
        while !state.jobs.is_empty() || state.since.is_some() {
            if self.drained.wait_until(&mut state, deadline).timed_out() {
                return false;
            }
        }
        true
    }
}

impl Freeing for Queue {
    fn free(&self, segment: Arc<Segment>, at: u64, len: u64) {
        self.push(Job::Release { segment, at, len });
    }
}
