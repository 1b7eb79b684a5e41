//! The callbacks of jobs that an earlier server started, made from the jobs' purposes.

use crate::format;
use crate::model::host::{JobDone, JobOutput};
use crate::model::kept::Purpose;

use crate::view::popup;

use super::template::Template;
use super::{pipe, shell};

/// The callbacks of a job.
pub(crate) fn callbacks(purpose: Purpose) -> (Option<JobOutput>, Option<JobDone>) {
    match purpose {
        Purpose::RunShell { listener, command } => (None, Some(shell::run_shell_done(listener, command))),
        Purpose::IfShell { listener, yes, no } => {
            let (yes, no) = (Template::load(yes), no.map(Template::load));
            (Some(Box::new(|_, _| {})), Some(shell::if_shell_done(listener, yes, no)))
        }
        Purpose::Pipe { pane, .. } => (None, Some(pipe::pipe_done(pane))),
        Purpose::Format { key, generation } => {
            let (output, done) = format::jobs::callbacks(&key, generation);
            (Some(output), Some(done))
        }
        Purpose::Popup { client: Some(client) } => {
            let (output, done) = popup::callbacks(client);
            (Some(output), Some(done))
        }
        Purpose::Popup { client: None } | Purpose::Alone => (None, None),
    }
}
