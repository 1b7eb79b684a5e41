//! The world as the server's commands see it: the implementation of `Host`. It owns every
//! descriptor; the model owns none.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::clock::Now;
use crate::base::history::History;
use crate::base::{ClientId, PaneId, Size};
use crate::model::Cx;
use crate::model::host::{
    ClientMessage, Content, FileDone, Hold, Host, JobId, JobRequest, LeftScope, Maker, Refused, RestoreWatch,
    SpawnRequest, Spawned, Stream, TerminalDescription, TimerId, TtySetup, Work,
};
use crate::model::pane_limits::{PaneLimits, ServerLimits};
use crate::model::queue::ItemContext;
use crate::transcript::{PaneHandle, TranscriptStore};

use parking_lot::Mutex;

use crate::terminal::Terminal;
use crate::terminal::graphics::Picture;

use super::custody::Custody;
use super::health::{self, Turns};
use super::histories::{self, Histories};
use super::jobs::{Jobs, NewJob};
use super::peer::Peer;
use super::pump::{Pipe, Pump};
use super::saved::{self, Saver};
use super::scopes::Scopes;
use super::successor::Predecessor;
use super::timers::{Callback, Timers};
use super::token::{Poller, Token};
use super::upgrade::Upgrade;
use super::work::Workshop;
use super::{files, proc};
use crate::reactor::Interest;

/// Callbacks that are due now; they run between the steps of a turn.
pub(super) type Callbacks = VecDeque<Callback>;

pub(super) struct World {
    pub poller: Poller,
    pub timers: Timers,
    pub callbacks: Callbacks,
    /// True if output for control clients was written in this turn.
    pub control_flushed: bool,
    pub pump: Pump,
    pub jobs: Jobs,
    pub custody: Custody,
    pub peers: BTreeMap<ClientId, Peer>,
    pub scopes: Scopes,
    pub now: Now,
    /// Origin of `elapsed_ms`.
    started: std::time::Instant,
    pub shutdown: bool,
    pub histories: Histories,
    pub saver: Saver,
    pub turns: Turns,
    /// Callbacks that only brought pieces of texts, which changes nothing that is kept.
    pub pieces_made: u64,
    pub work: Workshop,
    /// Clients whose terminals were opened or have new features.
    pub tty_changed: Vec<ClientId>,
    /// Processes whose terminal may show how far the recovery was (`Newcomers`).
    pub saw_recovery: Vec<i32>,
    /// Palette entries that clients were asked for, and the panes that asked.
    pub palette_queries: Vec<(ClientId, u8, PaneId)>,
    /// Files with pictures of each pane.
    pub picture_files: BTreeMap<PaneId, BTreeSet<String>>,
    /// `pipe-pane` output from jobs to panes.
    pub pipes: BTreeMap<JobId, PaneId>,
    /// An upgrade in progress.
    pub upgrade: Option<Upgrade>,
    /// The previous server, while it runs.
    pub predecessor: Option<Predecessor>,
}

/// Most unanswered queries for palette entries, over all clients.
const MAX_QUERIES: usize = 256;

impl World {
    pub(super) fn new(
        poller: Poller,
        custody: Custody,
        socket_path: &str,
        tasks: Arc<tokio::runtime::Runtime>,
    ) -> std::io::Result<Self> {
        let work = Workshop::new()?;
        poller.add(work.fd(), Token::Work, Interest::READ)?;
        Ok(Self {
            poller,
            timers: Timers::default(),
            callbacks: Callbacks::new(),
            control_flushed: false,
            pump: Pump::default(),
            jobs: Jobs::default(),
            custody,
            peers: BTreeMap::new(),
            scopes: Scopes::new(socket_path, tasks),
            now: Now::default(),
            started: std::time::Instant::now(),
            shutdown: false,
            turns: Turns::default(),
            pieces_made: 0,
            saver: Saver::new(histories::directory_of(socket_path)),
            histories: Histories::new(socket_path, work.waker()),
            work,
            tty_changed: Vec::new(),
            picture_files: BTreeMap::new(),
            saw_recovery: Vec::new(),
            palette_queries: Vec::new(),
            pipes: BTreeMap::new(),
            upgrade: None,
            predecessor: None,
        })
    }

    fn tty(&mut self, client: ClientId) -> Option<&mut super::tty::Tty> {
        self.peers.get_mut(&client)?.tty.as_mut()
    }

    /// Lets programs run whose scopes are ready.
    pub(super) fn open_gates(&mut self) {
        for pane in self.scopes.take_opened() {
            self.custody.open_gate(pane);
        }
    }
}

impl World {
    /// Bytes queued for programs, clients and terminals.
    pub(super) fn queued_bytes(&self) -> usize {
        let tty = |peer: &Peer| peer.tty.as_ref().map_or(0, |tty| tty.output_len());
        let peers = self.peers.values().map(|peer| peer.output_len() + tty(peer));
        self.pump.all_waiting() + peers.sum::<usize>()
    }

    /// Makes the keeper hold a pane's journal for the next server; without it, that server restores
    /// less.
    pub(super) fn keep_journal(&mut self, pane: PaneId) {
        if let Ok(file) = self.pump.begin_journal(pane) {
            self.custody.keep_journal(pane, file);
        }
    }
}

impl Host for World {
    fn spawn_pane(&mut self, pane: PaneId, request: SpawnRequest) -> Result<Spawned, String> {
        if request.empty {
            return Ok(Spawned::default());
        }
        let command = if request.argv.is_empty() { request.shell.clone() } else { request.argv.join(" ") };
        self.histories.set_command(pane, command);
        let target = self.scopes.open_pane(&self.poller, pane);
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
        let target = self.scopes.open_pane(&self.poller, pane);
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

    fn open_history(&mut self, pane: PaneId, limit_bytes: u64) -> Box<dyn History> {
        self.histories.open(pane, limit_bytes, self.now.wall_us)
    }

    fn set_pane_limits(&mut self, pane: PaneId, limits: PaneLimits) {
        self.histories.set_keep(pane, limits.history_keep);
        self.histories.set_on_disk(pane, limits.history_disk);
        self.scopes.set_pane_limits(pane, limits);
    }

    fn set_server_limits(&mut self, limits: ServerLimits) {
        self.histories.set_total_limit(limits.history_total);
        self.histories.set_directory(&limits.history_directory);
        self.histories.set_encrypt(limits.history_encrypt);
        self.scopes.set_server_limits(limits);
    }

    fn set_history_limit(&mut self, pane: PaneId, limit_bytes: u64) {
        self.histories.set_limit(pane, limit_bytes);
    }

    fn history_cleared(&mut self, pane: PaneId) {
        self.pump.save(pane);
    }

    fn home_of(&self, user: &str) -> Option<String> {
        if user.is_empty() {
            return Some(self.home());
        }
        let user = nix::unistd::User::from_name(user).ok().flatten()?;
        Some(user.dir.to_string_lossy().into_owned())
    }

    fn control_listen(&mut self, client: ClientId) {
        if let Some(control) = self.peers.get_mut(&client).and_then(|p| p.control.as_mut()) {
            control.listen(&self.poller, client);
        }
    }

    fn pane_write(&mut self, pane: PaneId, bytes: &[u8]) -> bool {
        // Typed input puts the pane into the fast lane.
        self.pump.write(pane, bytes, Some(self.now.mono_ms))
    }

    fn pane_paste(&mut self, pane: PaneId, maker: Maker) -> bool {
        self.pump.paste(pane, maker, self.now.mono_ms)
    }

    fn pane_watched(&mut self, pane: PaneId, watched: bool) {
        if let Some(io) = self.pump.get_mut(pane) {
            io.watched = watched;
        }
    }

    fn pane_reply(&mut self, pane: PaneId, bytes: &[u8]) {
        self.pump.write(pane, bytes, None);
    }

    fn pane_resume(&mut self, pane: PaneId, why: Hold) {
        self.pump.set_held(&self.poller, pane, why, false);
    }

    fn pane_pause(&mut self, pane: PaneId, why: Hold) {
        self.pump.set_held(&self.poller, pane, why, true);
    }

    fn keep_pictures(&mut self, pane: PaneId, pictures: Vec<Arc<Picture>>) {
        super::pictures::store(self, pane, pictures);
    }

    fn pane_resize(&mut self, pane: PaneId, size: Size, cell_pixels: (u32, u32)) {
        if let Some(io) = self.pump.get_mut(pane) {
            io.queue_resize(size, cell_pixels);
        }
    }

    fn keeps_history(&self, pane: PaneId) -> bool {
        self.histories.keeps(pane)
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

    fn kill(&mut self, pid: i32, signal: i32) {
        if pid != 0
            && let Ok(signal) = nix::sys::signal::Signal::try_from(signal)
        {
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).ok();
        }
    }

    fn pane_command(&self, pane: PaneId) -> Option<String> {
        let pgrp = nix::unistd::tcgetpgrp(self.pump.get(pane)?.fd()).ok()?;
        proc::command_line_name(pgrp.as_raw())
    }

    fn pane_programs(&self, pane: PaneId, pid: i32) -> Vec<Vec<String>> {
        let pgrp = self.pump.get(pane).and_then(|tty| nix::unistd::tcgetpgrp(tty.fd()).ok());
        pgrp.map(|pgrp| proc::ancestry(pgrp.as_raw(), pid)).unwrap_or_default()
    }

    fn pane_cwd(&self, pane: PaneId) -> Option<String> {
        let pgrp = nix::unistd::tcgetpgrp(self.pump.get(pane)?.fd()).ok()?;
        proc::cwd(pgrp.as_raw())
    }

    fn pipe_pane(&mut self, pane: PaneId, job: Option<(JobId, bool, bool)>) {
        self.close_pipe(pane);
        if let Some((job, to_job, to_pane)) = job {
            self.open_pipe(pane, Pipe { job, to_job, to_pane });
        }
    }

    fn run_job(&mut self, request: JobRequest) -> Result<JobId, String> {
        let command = request.command.iter().filter(|command| !crate::base::exec::is_script(command));
        let words = request.argv.iter().chain(command).map(String::as_str);
        let environ = request.environ.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        crate::base::exec::check(words, environ)?;
        let (token, started) = self.custody.spawn_job(&request)?;
        let (pid, fd, tty) = started.map_or((0, None, String::new()), |job| (job.pid, job.fd, job.tty));
        let name = request.command.clone().unwrap_or_else(|| request.argv.join(" "));
        let new = NewJob {
            pid,
            name,
            fd,
            stdin: request.stdin,
            keep_stdin: request.keep_stdin,
            pty: request.pty.is_some(),
            detached: request.detached,
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

    fn upgrade(
        &mut self,
        program: Option<String>,
        item: &ItemContext,
        failed: Refused,
    ) -> Result<(), String> {
        self.begin_upgrade(program, item, failed)
    }

    fn is_ready_to_start(&mut self) -> bool {
        self.custody.is_attentive()
    }

    fn can_start(&self) -> Result<(), String> {
        self.custody.can_start()
    }

    fn job_pid(&self, job: JobId) -> Option<i32> {
        self.jobs.get(job).map(|job| job.pid)
    }

    fn timer(&mut self, delay_ms: u64, callback: Box<dyn FnOnce(&mut Cx<'_>) + Send>) -> TimerId {
        self.timers.add(self.now.mono_ms + delay_ms, callback)
    }

    fn cancel_timer(&mut self, timer: TimerId) {
        self.timers.cancel(timer);
    }

    fn background(&mut self, work: Work) {
        self.work.begin(work);
    }

    fn transcripts(&self) -> Option<Arc<TranscriptStore>> {
        self.histories.store()
    }

    fn hold_history(&mut self, pane: PaneId, history: PaneHandle) {
        self.histories.hold(pane, history);
    }

    fn restore_sessions(&mut self, life: i64, watch: RestoreWatch) {
        saved::restore(self, life, watch);
    }

    fn note_restored(&mut self) {
        self.saver.note_restored(self.now.mono_ms);
    }

    fn save_sessions_again(&mut self) {
        self.saver.try_again(self.now.mono_ms);
    }

    fn client_write(&mut self, client: ClientId, stream: Stream, bytes: &[u8]) -> bool {
        self.peers.get_mut(&client).is_none_or(|peer| peer.print(stream, bytes))
    }

    fn client_stream(&mut self, client: ClientId, content: Content, done: FileDone) {
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.stream(content, done);
        }
    }

    fn stream_made(&mut self, client: ClientId, stream: i32, maker: Option<Maker>, piece: Vec<u8>) {
        self.pieces_made += 1;
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.stream_made(stream, maker, piece);
        }
    }

    fn client_pending(&self, client: ClientId) -> usize {
        self.peers.get(&client).map_or(0, |peer| peer.printed_waiting())
    }
    fn client_terminal(&self, pid: i32, stream: Stream) -> Option<String> {
        let number = if stream == Stream::Err { 2 } else { 1 };
        let path = std::fs::read_link(format!("/proc/{pid}/fd/{number}")).ok()?;
        let path = path.to_str()?;
        (path.starts_with("/dev/pts/") || path.starts_with("/dev/tty")).then(|| path.to_owned())
    }

    fn client_message(&mut self, client: ClientId, message: ClientMessage) {
        self.custody.note_answer();
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.queue_message(message);
        }
    }

    fn tty_write(&mut self, client: ClientId, bytes: &[u8]) {
        if let Some(tty) = self.peers.get_mut(&client).and_then(|p| p.tty.as_mut()) {
            tty.queue_raw(bytes);
        }
    }

    fn tty_set_clipboard(&mut self, client: ClientId, selection: &str, data: &[u8]) {
        if let Some(tty) = self.peers.get_mut(&client).and_then(|p| p.tty.as_mut()) {
            tty.set_clipboard(selection, data);
        }
    }

    fn tty_query_clipboard(&mut self, client: ClientId) {
        if let Some(tty) = self.peers.get_mut(&client).and_then(|p| p.tty.as_mut()) {
            tty.query_clipboard();
        }
    }

    fn tty_open(&mut self, client: ClientId, setup: TtySetup) -> Result<(), String> {
        super::ttys::open(self, client, &setup)
    }

    fn tty_send_requests(&mut self, client: ClientId) {
        let now_ms = self.now.mono_ms;
        if let Some(tty) = self.tty(client) {
            tty.send_requests(now_ms);
        }
    }

    fn tty_query_palette(&mut self, client: ClientId, pane: PaneId, index: u8) {
        self.palette_queries.push((client, index, pane));
        self.palette_queries.drain(..self.palette_queries.len().saturating_sub(MAX_QUERIES));
        if let Some(tty) = self.tty(client) {
            tty.queue_raw(format!("\x1b]4;{index};?\x1b\\").as_bytes());
        }
    }

    fn tty_query_colours(&mut self, client: ClientId) {
        let now_ms = self.now.mono_ms;
        if let Some(tty) = self.tty(client) {
            tty.repeat_requests(now_ms, true);
        }
    }

    fn tty_stop(&mut self, client: ClientId, lock: bool) {
        if let Some(tty) = self.peers.get_mut(&client).and_then(|p| p.tty.as_mut()) {
            tty.stop(&self.poller);
            if lock {
                tty.clear_for_lock();
            }
            tty.hand_over();
        }
    }

    fn tty_notify(&mut self, client: ClientId, text: &str) -> bool {
        let Some(tty) = self.tty(client).filter(|tty| tty.term.features().has("notify")) else {
            return false;
        };
        tty.queue_raw(format!("\x1b]9;{text}\x07").as_bytes());
        true
    }

    fn tty_bell(&mut self, client: ClientId) {
        if let Some(tty) = self.tty(client) {
            tty.bell();
        }
    }

    fn control_write(&mut self, client: ClientId, bytes: &[u8]) {
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.control_write(bytes);
        }
    }

    fn control_pending(&self, client: ClientId) -> usize {
        self.peers.get(&client).map_or(0, |peer| peer.control_pending())
    }

    fn client_flags(&mut self, client: ClientId) {
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.flags_changed = true;
        }
    }

    fn describe_terminal(&self, client: ClientId) -> Option<TerminalDescription> {
        let tty = self.peers.get(&client)?.tty.as_ref()?;
        Some(TerminalDescription {
            name: tty.term.name().to_owned(),
            flags: super::ttys::flag_bits(&tty.term),
            capabilities: tty.term.describe().collect(),
        })
    }

    fn log_lines(&self) -> Vec<String> {
        super::log::lines()
    }

    fn health(&self, panes: usize, clients: usize) -> String {
        health::line(self, panes, clients)
    }

    fn describe_jobs(&self) -> Vec<String> {
        self.jobs.describe()
    }

    fn tty_invalidate(&mut self, client: ClientId) {
        if let Some(tty) = self.peers.get_mut(&client).and_then(|p| p.tty.as_mut()) {
            tty.invalidate();
        }
    }

    fn read_file(&mut self, client: Option<ClientId>, path: &str, done: FileDone) {
        files::read(self, client, path, done);
    }

    fn write_file(
        &mut self,
        client: Option<ClientId>,
        path: &str,
        append: bool,
        content: Content,
        done: FileDone,
    ) {
        files::write(self, client, path, append, content, done);
    }

    fn glob(&mut self, pattern: &str) -> Vec<PathBuf> {
        proc::glob(pattern)
    }

    fn is_executable(&self, path: &str) -> bool {
        nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
    }

    fn login_shell(&self) -> Option<String> {
        let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten()?;
        Some(user.shell.to_string_lossy().into_owned())
    }

    fn home(&self) -> String {
        proc::home()
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        nix::unistd::User::from_uid(uid.into()).ok().flatten().map(|user| user.name)
    }

    fn user_id(&self, name: &str) -> Option<u32> {
        nix::unistd::User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
    }

    fn group_name(&self, gid: u32) -> Option<String> {
        nix::unistd::Group::from_gid(gid.into()).ok().flatten().map(|group| group.name)
    }

    fn group_id(&self, name: &str) -> Option<u32> {
        nix::unistd::Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
    }

    fn elapsed_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }
    fn hostname(&self) -> String {
        nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn usage(&self, pane: Option<PaneId>, variable: &str) -> Option<String> {
        if variable == "server_rss" {
            return proc::resident_bytes().map(|bytes| bytes.to_string());
        }
        self.scopes.usage(pane, variable).or_else(|| self.histories.usage(pane, variable))
    }

    fn left_scopes(&self) -> Vec<LeftScope> {
        self.scopes.left()
    }

    fn end_left_scope(&mut self, name: &str) {
        self.scopes.end_left(name, self.now.mono_ms);
    }

    fn process_line(&self, pid: i32) -> Option<String> {
        proc::command_line(pid)
    }

    fn shutdown(&mut self) {
        self.shutdown = true;
    }
}
