//! The world: terminals of panes and their programs.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::base::{PaneId, Size};
use crate::model::host::{Hold, JobId, Maker, PaneHost, Pipe, SpawnRequest, Spawned};
use crate::terminal::Terminal;
use crate::terminal::graphics::Picture;

use super::World;
use crate::server::{pictures, proc};

impl PaneHost for World {
    fn spawn_pane(&mut self, pane: PaneId, request: SpawnRequest) -> Result<Spawned, String> {
        if request.empty {
            return Ok(Spawned::default());
        }
        let command = if request.argv.is_empty() { request.shell.clone() } else { request.argv.join(" ") };
        self.histories.set_command(pane, command);
        let target = self.scopes.open_pane(&self.poller, pane, self.now.mono_ms);
        let spawned = self.custody.spawn_pane(pane, &request, target)?;
        self.scopes.pane_started(pane, spawned.pid, spawned.contained, self.now.mono_ms);
        self.open_gates();
        let terminal = request.terminal.ok_or("no terminal")?;
        self.pump.add(&self.poller, pane, spawned.master, terminal).map_err(|e| e.to_string())?;
        self.keep_journal(pane);
        Ok(Spawned { pid: spawned.pid, tty: spawned.tty })
    }

    fn pane_from_job(
        &mut self,
        pane: PaneId,
        job: JobId,
        terminal: Arc<Mutex<Terminal>>,
    ) -> Result<Spawned, String> {
        let freed = self.jobs.free(&self.poller, job).ok_or("the program has ended")?;
        let target = self.scopes.open_pane(&self.poller, pane, self.now.mono_ms);
        let away = |dir: &&PathBuf| !proc::move_to_group(dir, freed.pid);
        let contained = target.directories().iter().filter(away).count() == 0;
        if let Some(score) = target.oom_score_adj {
            proc::set_oom_score(freed.pid, score);
        }
        self.scopes.pane_started(pane, freed.pid, contained, self.now.mono_ms);
        self.open_gates();
        let master = freed.master.try_clone().map_err(|e| e.to_string())?;
        self.custody.adopt_job(freed.token, pane, master);
        self.pump.add(&self.poller, pane, freed.master, terminal).map_err(|e| e.to_string())?;
        self.keep_journal(pane);
        Ok(Spawned { pid: freed.pid, tty: freed.tty })
    }

    fn pane_write(&mut self, pane: PaneId, bytes: &[u8]) -> bool {
        // Typed input puts the pane into the fast lane.
        self.pump.write(pane, bytes, Some(self.now.mono_ms))
    }

    fn pane_paste(&mut self, pane: PaneId, maker: Maker) -> bool {
        self.pump.paste(pane, maker, self.now.mono_ms)
    }

    fn pane_reply(&mut self, pane: PaneId, bytes: &[u8]) {
        self.pump.write(pane, bytes, None);
    }

    fn pane_watched(&mut self, pane: PaneId, watched: bool) {
        self.pump.set_watched(pane, watched);
    }

    fn pane_pause(&mut self, pane: PaneId, why: Hold) {
        self.pump.set_held(&self.poller, pane, why, true);
    }

    fn pane_resume(&mut self, pane: PaneId, why: Hold) {
        self.pump.set_held(&self.poller, pane, why, false);
    }

    fn pane_resize(&mut self, pane: PaneId, size: Size, cell_pixels: (u32, u32)) {
        if let Some(io) = self.pump.get_mut(pane) {
            io.queue_resize(size, cell_pixels);
        }
    }

    fn pane_close(&mut self, pane: PaneId) {
        self.close_pipe(pane);
        self.picture_files.remove(&pane);
        drop(self.pump.remove(&self.poller, pane));
        self.custody.close_pane(pane);
        self.scopes.close_pane(pane, self.now.mono_ms);
        self.open_gates();
        self.histories.close_pane(pane, self.now.secs());
    }

    fn pane_command(&self, pane: PaneId) -> Option<String> {
        let pgrp = nix::unistd::tcgetpgrp(self.pump.get(pane)?.fd()).ok()?;
        proc::command_line_name(pgrp.as_raw())
    }

    fn pane_cwd(&self, pane: PaneId) -> Option<String> {
        let pgrp = nix::unistd::tcgetpgrp(self.pump.get(pane)?.fd()).ok()?;
        proc::cwd(pgrp.as_raw())
    }

    fn pane_programs(&self, pane: PaneId, pid: i32) -> Vec<Vec<String>> {
        let pgrp = self.pump.get(pane).and_then(|tty| nix::unistd::tcgetpgrp(tty.fd()).ok());
        pgrp.map(|pgrp| proc::ancestry(pgrp.as_raw(), pid)).unwrap_or_default()
    }

    fn pipe_pane(&mut self, pane: PaneId, pipe: Option<Pipe>) {
        self.close_pipe(pane);
        if let Some(pipe) = pipe {
            self.open_pipe(pane, pipe);
        }
    }

    fn keep_pictures(&mut self, pane: PaneId, pictures: Vec<Arc<Picture>>) {
        pictures::store(self, pane, pictures);
    }
}
