//! `pipe-pane`: sends a pane's output to a program, and the program's output to the pane.

use crate::base::PaneId;
use crate::model::host::{AtExit, JobDone, JobInput, JobReads, Pipe};
use crate::model::kept::Purpose;
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;

use super::{output, place, shell};

pub(crate) fn pipe_pane(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(pane) = item.target.pane.and_then(|id| cx.server.pane(id)) else { return Exec::Error };
    if pane.has_exited() {
        return output::error(cx, item, "target pane has exited");
    }
    let id = pane.id;
    let had_pipe = pane.pipe.is_some();
    if had_pipe {
        cx.host.pipe_pane(id, None);
        if let Some(pane) = cx.server.panes.get_mut(&id) {
            pane.pipe = None;
        }
    }
    let format = args.string(0).unwrap_or_default();
    if format.is_empty() || (args.has('o') && had_pipe) {
        return Exec::Normal;
    }
    let to_pane = args.has('I');
    let to_job = !to_pane || args.has('O');
    let command = place::objects(cx, item).expand_time(&format);
    let mut request = shell::job(cx, item, command);
    request.input = if to_job { JobInput::Open } else { JobInput::Nothing };
    request.reads = if to_pane { JobReads::Stdout } else { JobReads::Nothing };
    request.at_exit = AtExit::Leave;
    request.kept = Some(Purpose::Pipe { pane: id, to_job, to_pane });
    request.done = Some(pipe_done(id));
    match cx.host.run_job(request) {
        Ok(job) => {
            cx.host.pipe_pane(id, Some(Pipe { job, to_job, to_pane }));
            if let Some(pane) = cx.server.panes.get_mut(&id) {
                pane.pipe = Some(job);
            }
            Exec::Normal
        }
        Err(error) => output::error(cx, item, &format!("fork error: {error}")),
    }
}

/// The callback for the end of a pipe's job.
pub(super) fn pipe_done(pane: PaneId) -> JobDone {
    Box::new(move |cx, _| {
        // Another pipe may have been opened meanwhile.
        let job = cx.server.pane(pane).and_then(|p| p.pipe);
        if job.is_some_and(|job| cx.host.job_pid(job).is_none()) {
            cx.host.pipe_pane(pane, None);
            if let Some(pane) = cx.server.panes.get_mut(&pane) {
                pane.pipe = None;
            }
        }
    })
}
