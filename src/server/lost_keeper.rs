//! A server whose keeper died starts another one and passes it everything that the first one held,
//! so that programs can be started again and everything outlives this server as before.

use std::os::fd::{AsFd, OwnedFd};

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::base::PaneId;
use crate::model::host::ExitStatus;

use super::jobs::Job;
use super::runtime::Runtime;
use super::token::Token;
use crate::reactor::Interest;

impl Runtime {
    /// Starts a keeper, unless one was started just before.
    pub(super) fn replace_keeper(&mut self) {
        let now_ms = self.world.now.mono_ms;
        if !self.birth.begin(now_ms) {
            return;
        }
        let text = match self.start_keeper() {
            Ok(()) => "the keeper ended; another one holds what it held".to_owned(),
            Err(error) => format!("the keeper ended and no other can be started: {error}"),
        };
        self.server.add_message(self.world.now, text);
    }

    fn start_keeper(&mut self) -> std::io::Result<()> {
        // Orphans of the next keeper become children of this process, which then learns how they
        // end.
        nix::sys::prctl::set_child_subreaper(true)?;
        let listener = self.door.copy()?;
        let keeper = self.birth.make_keeper(listener)?;
        self.world.custody.renew(keeper)?;
        self.world.poller.add(self.world.custody.fd(), Token::Keeper, Interest::READ)?;
        self.hand_over();
        Ok(())
    }

    fn hand_over(&mut self) {
        let running = |(id, pane): (&PaneId, &crate::model::pane::Pane)| {
            let pid = pane.pid.filter(|_| pane.status.is_none())?;
            Some((*id, pid, pane.tty.clone()))
        };
        let panes: Vec<_> = self.server.panes.iter().filter_map(running).collect();
        for (id, pid, tty) in panes {
            let copy =
                |fd: std::os::fd::BorrowedFd<'_>| -> Option<OwnedFd> { fd.as_fd().try_clone_to_owned().ok() };
            let master = self.world.pump.get(id).and_then(|io| copy(io.fd()));
            self.world.custody.hold(u64::from(id.0), pid, tty, master);
            self.world.keep_journal(id);
        }
        let jobs = self.world.jobs.iter().filter(|(_, job)| job.runs() && job.pid > 0);
        let socket = |job: &Job| job.record().and(job.fd()?.try_clone_to_owned().ok());
        let jobs: Vec<_> = jobs.map(|(_, job)| (job.token(), job.pid, socket(job))).collect();
        for (token, pid, socket) in jobs {
            self.world.custody.hold(token, pid, String::new(), socket);
        }
        self.deposits.begin_again();
    }

    /// Reaps children of this process: keepers, and their orphans.
    pub(super) fn collect_children(&mut self) {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => {
                    self.process_ended(pid.as_raw(), ExitStatus::Exited(code));
                }
                Ok(WaitStatus::Signaled(pid, signal, _)) => {
                    self.process_ended(pid.as_raw(), ExitStatus::Signaled(signal as i32));
                }
                Ok(WaitStatus::StillAlive) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}
