//! Jobs of the previous server that continue: `run-shell -b`, `if-shell -b`, `#()`, pipes. The
//! keeper has held their sockets; the state file says what they are for.

use std::collections::BTreeMap;

use crate::command::kept;
use crate::format;
use crate::model::host::{ExitStatus, JobId};
use crate::model::kept::Purpose;
use crate::protocol::custody::HeldChild;

use super::custody::exit_status;
use super::jobs::NewJob;
use super::runtime::Runtime;
use super::snapshot::JobRecord;
use crate::model::host::Pipe;

impl Runtime {
    /// Takes over the jobs that the keeper held. Returns the statuses of those that ended
    /// meanwhile.
    pub(super) fn take_up_jobs(
        &mut self,
        held: Vec<HeldChild>,
        mut records: BTreeMap<u64, JobRecord<'static>>,
    ) -> Vec<(i32, ExitStatus)> {
        let mut ended = Vec::new();
        for mut child in held {
            self.world.custody.note_job(child.token);
            let (Some(record), Some(socket)) = (records.remove(&child.token), child.master.take()) else {
                // No client knows of this job, or none needs it.
                self.world.custody.release(child.token);
                continue;
            };
            let mut purpose = record.purpose.into_owned();
            // In an upgrade, the waiting clients and items are passed on too.
            let upgrades = self.world.predecessor.is_some();
            if !upgrades {
                purpose.forget_clients();
            }
            if matches!(purpose, Purpose::Popup { client: None }) {
                // The popup ended with its client. Closing the terminal hangs the program up.
                self.world.custody.release(child.token);
                continue;
            }
            let (output, done) = kept::callbacks(purpose.clone());
            let job = NewJob {
                pid: child.pid,
                name: record.name.into_owned(),
                fd: Some(socket),
                stdin: Vec::new(),
                keep_stdin: record.keep_stdin,
                pty: record.pty,
                detached: record.detached,
                output,
                done,
                token: child.token,
                tty: child.tty.clone(),
                gathered: (record.gathered.into_owned(), record.cut),
                kept: Some(purpose.clone()),
            };
            let Ok(id) = self.world.jobs.add(&self.world.poller, job) else { continue };
            self.join(id, &purpose);
            ended.extend(child.status.map(|status| (child.pid, exit_status(status))));
        }
        ended
    }

    /// Connects a job to its purpose.
    fn join(&mut self, id: JobId, purpose: &Purpose) {
        match purpose {
            Purpose::Pipe { pane, to_job, to_pane } => {
                let open = self.world.pump.get(*pane).is_some();
                match self.server.panes.get_mut(pane).filter(|_| open) {
                    Some(pane) => {
                        pane.pipe = Some(id);
                        let pipe = Pipe { job: id, to_job: *to_job, to_pane: *to_pane };
                        self.world.open_pipe(pane.id, pipe);
                    }
                    None => self.world.jobs.close_stdin(&self.world.poller, id),
                }
            }
            Purpose::Format { key, generation } => {
                let upgrades = self.world.predecessor.is_some();
                let wanted = key.client.is_none() || upgrades;
                format::jobs::go_on(&self.server, key, *generation, id, self.world.now);
                if !wanted {
                    self.server.format_jobs.lock().remove(key);
                    self.world.jobs.signal(id, libc::SIGTERM);
                }
            }
            // A popup is taken up with its client.
            Purpose::RunShell { .. } | Purpose::IfShell { .. } | Purpose::Popup { .. } | Purpose::Alone => {}
        }
    }
}
