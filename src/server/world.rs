//! The world as the server's commands see it: the implementation of `Host`. It owns every
//! descriptor; the model owns none.

mod clients;
mod jobs;
mod panes;
mod system;
mod terminals;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use nix::sys::signal::Signal;

use crate::base::clock::Now;
use crate::base::history::History;
use crate::base::{ClientId, PaneId};
use crate::model::host::{
    HistoryHost, JobId, LeftScope, LoopHost, Refused, RestoreWatch, SavedHost, ScopeHost, ServerHost,
    TimerId, Work,
};
use crate::model::pane_limits::{PaneLimits, ServerLimits};
use crate::model::queue::ItemContext;
use crate::transcript::{PaneHandle, TranscriptStore};

use super::clock::Clock;
use super::custody::Custody;
use super::health::{self, Turns};
use super::histories::{self, Histories};
use super::jobs::Jobs;
use super::peer::Peer;
use super::proc;
use super::pump::Pump;
use super::saved::{self, Saver};
use super::scopes::Scopes;
use super::successor::Predecessor;
use super::timers::{Callback, Timers};
use super::token::{Poller, Token};
use super::upgrade::Upgrade;
use super::work::Workshop;
use crate::reactor::Interest;

/// Parts of the machine that a server uses, in a form that tests replace.
pub(super) struct Surroundings {
    pub clock: Clock,
    /// Directory of histories and saved sessions of all servers, unless `history-directory` says another.
    pub state: PathBuf,
    /// Signals that the process catches for the server.
    pub signals: &'static [Signal],
}

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
    pub clock: Clock,
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

impl World {
    pub(super) fn new(
        poller: Poller,
        custody: Custody,
        socket_path: &str,
        tasks: Arc<tokio::runtime::Runtime>,
        surroundings: Surroundings,
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
            clock: surroundings.clock,
            shutdown: false,
            turns: Turns::default(),
            pieces_made: 0,
            saver: Saver::new(histories::directory_of(&surroundings.state, socket_path)),
            histories: Histories::new(surroundings.state, socket_path, work.waker()),
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

impl HistoryHost for World {
    fn open_history(&mut self, pane: PaneId, limit_bytes: u64) -> Box<dyn History> {
        self.histories.open(pane, limit_bytes, self.now.wall_us)
    }

    fn set_history_limit(&mut self, pane: PaneId, limit_bytes: u64) {
        self.histories.set_limit(pane, limit_bytes);
    }

    fn keeps_history(&self, pane: PaneId) -> bool {
        self.histories.keeps(pane)
    }

    fn history_cleared(&mut self, pane: PaneId) {
        self.pump.save(pane);
    }

    fn hold_history(&mut self, pane: PaneId, history: PaneHandle) {
        self.histories.hold(pane, history);
    }

    fn transcripts(&self) -> Option<Arc<TranscriptStore>> {
        self.histories.store()
    }
}

impl ScopeHost for World {
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
}

impl SavedHost for World {
    fn restore_sessions(&mut self, life: i64, watch: RestoreWatch) {
        saved::restore(self, life, watch);
    }

    fn note_restored(&mut self) {
        self.saver.note_restored(self.now.mono_ms);
    }

    fn save_sessions_again(&mut self) {
        self.saver.try_again(self.now.mono_ms);
    }
}

impl LoopHost for World {
    fn timer(&mut self, delay_ms: u64, callback: Callback) -> TimerId {
        self.timers.add(self.now.mono_ms + delay_ms, callback)
    }

    fn cancel_timer(&mut self, timer: TimerId) {
        self.timers.cancel(timer);
    }

    fn background(&mut self, work: Work) {
        self.work.begin(work);
    }

    fn elapsed_ms(&self) -> u64 {
        self.clock.mono_ms()
    }
}

impl ServerHost for World {
    fn can_start(&self) -> Result<(), String> {
        self.custody.can_start()
    }

    fn is_ready_to_start(&mut self) -> bool {
        self.custody.is_attentive()
    }

    fn upgrade(
        &mut self,
        program: Option<String>,
        item: &ItemContext,
        failed: Refused,
    ) -> Result<(), String> {
        self.begin_upgrade(program, item, failed)
    }

    fn log_lines(&self) -> Vec<String> {
        super::log::lines()
    }

    fn health(&self, panes: usize, clients: usize) -> String {
        health::line(self, panes, clients)
    }

    fn shutdown(&mut self) {
        self.shutdown = true;
    }
}
