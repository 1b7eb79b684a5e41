//! The world: helper processes.

use crate::base::Size;
use crate::model::host::{AtExit, JobHost, JobId, JobInput, JobRequest};

use super::World;
use crate::server::jobs::NewJob;

impl JobHost for World {
    fn run_job(&mut self, request: JobRequest) -> Result<JobId, String> {
        let command = request.command.iter().filter(|command| !crate::sys::exec::is_script(command));
        let words = request.argv.iter().chain(command).map(String::as_str);
        let environ = request.environ.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        crate::sys::exec::check(words, environ)?;
        let (token, started) = self.custody.spawn_job(&request)?;
        let (pid, fd, tty) = started.map_or((0, None, String::new()), |job| (job.pid, job.fd, job.tty));
        let name = request.command.clone().unwrap_or_else(|| request.argv.join(" "));
        let (stdin, keep_stdin) = match request.input {
            JobInput::Nothing => (Vec::new(), false),
            JobInput::Bytes(bytes) => (bytes, false),
            JobInput::Open => (Vec::new(), true),
        };
        let new = NewJob {
            pid,
            name,
            fd,
            stdin,
            keep_stdin,
            pty: request.pty.is_some(),
            detached: request.at_exit == AtExit::Leave,
            output: request.output,
            done: request.done,
            token,
            tty,
            gathered: Default::default(),
            kept: request.kept,
        };
        self.jobs.add(&self.poller, new).map_err(|e| e.to_string())
    }

    fn job_write(&mut self, job: JobId, bytes: &[u8]) -> bool {
        self.jobs.write(&self.poller, job, bytes)
    }

    fn job_close_stdin(&mut self, job: JobId) {
        self.jobs.close_stdin(&self.poller, job);
    }

    fn job_resize(&mut self, job: JobId, size: Size) {
        self.jobs.resize(job, size);
    }

    fn job_kill(&mut self, job: JobId, signal: i32) {
        self.jobs.signal(job, signal);
    }

    fn job_pid(&self, job: JobId) -> Option<i32> {
        self.jobs.get(job).map(|job| job.pid)
    }

    fn describe_jobs(&self) -> Vec<String> {
        self.jobs.describe()
    }
}
