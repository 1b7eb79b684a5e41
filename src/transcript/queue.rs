//! The writer's queue. What waits in it is bounded by its users: blocks by each pane's limit
//! on pending bytes (`PaneHistory::is_congested`), everything else by the number of blocks.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::pane::Pane;
use super::sealed::Segment;

/// One thing for the writer to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Write what waits of a pane, in the order of its lines.
    Write(Arc<Pane>),
    /// A retired block's last holder let go of it.
    Release { segment: Arc<Segment>, at: u64, len: u64 },
    /// Replace a small file.
    Small { pane: Arc<Pane>, file: PathBuf, bytes: Vec<u8> },
    /// Say on disk which lines were cleared.
    Floor(Arc<Pane>),
    /// Append to a small file.
    Note { pane: Arc<Pane>, file: PathBuf, bytes: Vec<u8> },
    /// Say anew what is known of the pane.
    Info(Arc<Pane>),
    /// Bring a pane under its limits.
    Trim(Arc<Pane>),
    /// The pane is gone and nothing of it is kept.
    Remove(Arc<Pane>),
    /// The pane is gone and its files stay.
    Finish(Arc<Pane>),
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<Job>,
    stopping: bool,
    /// Set while a job is carried out.
    since: Option<Instant>,
    /// Nothing is carried out for now.
    held: bool,
}

/// See the module comment.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something was pushed, or it is time to stop.
    filled: Condvar,
    /// The queue ran empty.
    drained: Condvar,
}

/// A job that takes longer than this counts as a disk that hangs. (Tests hold a disk for a while
/// on a busy machine.)
const HANG: Duration = Duration::from_secs(if cfg!(test) { 60 } else { 3 });

impl Queue {
    pub fn push(&self, job: Job) {
        let mut state = self.state.lock();
        if !state.stopping || !matches!(job, Job::Write(_)) {
            state.jobs.push_back(job);
            self.filled.notify_one();
        }
    }

    /// The next job. `None` when `wait` passed without one, or the queue is stopped and empty
    /// (then `is_stopped`).
    pub fn next(&self, wait: Option<Duration>) -> Option<Job> {
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

    /// Carries nothing out until `hold(false)`.
    pub fn hold(&self, held: bool) {
        self.state.lock().held = held;
        self.filled.notify_all();
    }

    pub fn stop(&self) {
        let mut state = self.state.lock();
        (state.stopping, state.held) = (true, false);
        drop(state);
        self.filled.notify_all();
    }

    pub fn is_stopping(&self) -> bool {
        self.state.lock().stopping
    }

    pub fn is_stopped(&self) -> bool {
        let state = self.state.lock();
        state.stopping && state.jobs.is_empty()
    }

    /// Whether the writer has been at one job for so long that the disk must hang.
    pub fn hangs(&self) -> bool {
        self.state.lock().since.is_some_and(|since| since.elapsed() > HANG)
    }

    /// Waits until everything pushed so far is done, at most `limit`; false if it is not.
    pub fn drain(&self, limit: Duration) -> bool {
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
