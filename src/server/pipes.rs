//! Pipes of `pipe-pane`: output of a pane to a job, output of a job to a pane. No byte is lost: if
//! one side is behind, the other is read more slowly.

use crate::base::PaneId;
use crate::model::host::{Hold, JobId, PaneHost, Pipe};

use super::world::World;

/// Bytes queued for a pipe's job at which its pane is not read any more, or queued for a pane at
/// which its job is not read any more.
pub(super) const MAX_PIPE: usize = 4 << 20;
/// Reading resumes when at most this many bytes are queued.
const RESUME_BYTES: usize = 1 << 20;

impl World {
    /// Connects a pane and a job.
    pub(super) fn open_pipe(&mut self, pane: PaneId, pipe: Pipe) {
        if let Some(io) = self.pump.get_mut(pane) {
            io.pipe = Some(pipe);
            self.pipes.insert(pipe.job, pane);
        }
    }

    /// Ends a pane's pipe: the job gets the queued data, then the end of its input.
    pub(super) fn close_pipe(&mut self, pane: PaneId) {
        if let Some(pipe) = self.pump.get_mut(pane).and_then(|io| io.pipe.take()) {
            self.jobs.close_stdin(&self.poller, pipe.job);
            self.jobs.set_reading(&self.poller, pipe.job, true);
            self.pipes.remove(&pipe.job);
            self.pane_resume(pane, Hold::Pipe);
        }
    }

    /// Handles the end of a pipe's job. Its pane is read as before.
    pub(super) fn pipe_job_ended(&mut self, job: JobId) {
        if let Some(pane) = self.pipes.remove(&job) {
            if let Some(io) = self.pump.get_mut(pane) {
                io.pipe = None;
            }
            self.pane_resume(pane, Hold::Pipe);
        }
    }

    /// Passes all output of a pane to its pipe.
    pub(super) fn pipe_output(&mut self, pane: PaneId, bytes: &[u8]) {
        let Some(pipe) = self.pump.get(pane).and_then(|io| io.pipe) else { return };
        if pipe.to_job && !bytes.is_empty() {
            self.jobs.push(&self.poller, pipe.job, bytes);
            if self.jobs.waiting(pipe.job) > MAX_PIPE {
                self.pane_pause(pane, Hold::Pipe);
            }
        }
    }

    /// Handles progress of a job in reading its input.
    pub(super) fn pipe_job_drained(&mut self, job: JobId) {
        if let Some(pane) = self.pipes.get(&job).copied()
            && self.jobs.waiting(job) <= RESUME_BYTES
        {
            self.pane_resume(pane, Hold::Pipe);
        }
    }

    /// Types output of a pipe's job into its pane. False if the job is no pipe's.
    pub(super) fn pipe_input(&mut self, job: JobId, bytes: &[u8]) -> bool {
        let Some(pane) = self.pipes.get(&job).copied() else { return false };
        if self.pump.get(pane).and_then(|io| io.pipe).is_some_and(|pipe| pipe.to_pane) {
            self.pump.push(pane, bytes, Some(self.now.mono_ms));
            if self.pump.waiting(pane) > MAX_PIPE {
                self.jobs.set_reading(&self.poller, job, false);
            }
        }
        true
    }

    /// Handles progress of a pane's program in reading its input.
    pub(super) fn pipe_pane_drained(&mut self, pane: PaneId) {
        if let Some(pipe) = self.pump.get(pane).and_then(|io| io.pipe)
            && pipe.to_pane
            && self.pump.waiting(pane) <= RESUME_BYTES
        {
            self.jobs.set_reading(&self.poller, pipe.job, true);
        }
    }
}
