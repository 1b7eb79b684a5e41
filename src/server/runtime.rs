//! The loop: gather events → apply → run queues → settle → render → perform. One thread owns all
//! state; each step is plain synchronous code.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use crate::base::ClientId;
use crate::command::queue;
use crate::model::host::JobId;
use crate::model::{Cx, Server};
use crate::reactor::{Reactor, Ready};

use super::birth::Birth;
use super::command_line::CommandLine;
use super::deadlines::Deadlines;
use super::door::Door;
use super::pacing::Pacing;
use super::token::Token;
use super::world::World;

/// Rounds of callbacks and queue runs in one turn before descriptors are checked again.
const MAX_ROUNDS: usize = 64;

/// A running server.
pub(super) struct Runtime {
    pub server: Server,
    pub world: World,
    pub door: Door,
    pub reactor: Reactor,
    /// True if sessions without clients must be checked (`destroy-unattached`, the socket's mode).
    pub unattached_dirty: bool,
    pub pacing: Pacing,
    /// True if more queue items are pending than one turn runs.
    pub queue_busy: bool,
    pub deadlines: Deadlines,
    pub command_line: CommandLine,
    pub deposits: super::snapshot::Deposits,
    pub rest: super::rest::Rest,
    /// Count of callbacks that ran: timers, work, ends of jobs.
    pub ran: u64,
    pub birth: Birth,
    /// True once a client was warned that a logout ends the server, or no warning is needed.
    pub logout_told: bool,
    /// Channel that tells the previous server, which stands in for this one in the foreground, that
    /// this one is alive.
    pub before: Option<OwnedFd>,
}

impl Runtime {
    pub(super) fn cx(&mut self) -> Cx<'_> {
        Cx { now: self.world.now, server: &mut self.server, host: &mut self.world }
    }

    /// Reads the clocks, once a turn.
    pub(super) fn tick(&mut self) {
        let now = self.world.clock.now();
        self.world.pump.now_secs = now.secs();
        self.world.pump.now_ms = now.mono_ms;
        self.world.now = now;
    }

    /// Continues the monotonic time of the previous server, which began at `origin_ms`.
    pub(super) fn continue_clock(&mut self, origin_ms: u64) {
        let age = super::snapshot::monotonic_ms().checked_sub(origin_ms).map(Duration::from_millis);
        if age.is_some_and(|age| self.world.clock.continue_from(age)) {
            self.deposits.origin_ms = origin_ms;
            self.tick();
        }
    }

    /// Runs until the server ends.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let mut ready = Vec::new();
        loop {
            let timeout = self.timeout();
            self.world.custody.watch(&self.world.poller);
            self.reactor.wait(&self.world.poller, timeout, &mut ready)?;
            if self.turn(&ready) {
                return Ok(());
            }
        }
    }

    /// Handles the events of a wait, and everything that follows from them and from the time. True if
    /// the server has ended.
    pub(super) fn turn(&mut self, ready: &[Ready<Token>]) -> bool {
        self.world.custody.begin_turn();
        let began = Instant::now();
        let _turn = tracing::trace_span!("turn", ready = ready.len()).entered();
        self.tick();
        let signalled = self.take_signals();
        if !ready.is_empty() || signalled || self.world.custody.has_ended() {
            self.deposits.note(self.world.now.mono_ms);
        }
        self.world.pump.asked = false;
        for event in ready {
            self.apply(*event);
        }
        self.note_ended();
        self.pump_fast();
        self.run_timers();
        self.run_queues();
        // A program that gets a key has received nothing that could be lost. It computes its
        // answer while other panes are read.
        self.world.pump.flush_written(&self.world.poller);
        if self.pump_bulk() {
            self.run_queues();
            self.world.pump.flush_written(&self.world.poller);
        }
        // All changes are in the state file before control clients (next) and other clients (at
        // the end of the turn) receive their answers.
        self.keep_state();
        self.flush_control();
        self.settle();
        self.keep_settled();
        self.render();
        self.note_panics();
        self.perform();
        // Work that can wait comes after drawing.
        self.keep_late();
        self.give_back();
        self.check_names();
        self.server.starting_panes.clear();
        self.server.end_activity();
        self.start_format_jobs();
        self.save_sessions();
        self.animate();
        self.drive_upgrade();
        if self.is_over() {
            return true;
        }
        self.note_health();
        self.world.turns.note(began.elapsed());
        false
    }

    /// Time to sleep: zero while there is work, else until the next timer.
    pub(super) fn timeout(&mut self) -> Option<Duration> {
        // A control client whose output is written may be waiting for its exit.
        let flushed = std::mem::take(&mut self.world.control_flushed);
        if flushed
            || self.world.pump.is_busy()
            || self.queue_busy
            || self.pacing.wants_turn()
            || !self.world.callbacks.is_empty()
            || self.world.custody.has_ended()
        {
            return Some(Duration::ZERO);
        }
        let now = self.world.clock.mono_ms();
        let timers = self.world.timers.next_due();
        let keys =
            self.world.peers.values().filter_map(|p| p.tty.as_ref()).filter_map(|t| t.decoder.deadline());
        let frame = self.next_frame_due(now);
        let due = timers
            .into_iter()
            .chain(keys)
            .chain(frame)
            .chain(self.flood_frame_due())
            .chain(self.world.pump.pause_due_ms())
            .chain(self.next_check_ms())
            .chain(self.deposits.due_ms())
            .chain(self.rest_due_ms())
            .chain(self.world.saver.due_ms())
            .chain(self.upgrade_due_ms())
            .chain(self.world.custody.lost.then_some(self.birth.earliest_ms()))
            .min()?;
        Some(Duration::from_millis(due.saturating_sub(now)))
    }

    fn apply(&mut self, event: Ready<Token>) {
        match event.token {
            Token::Listener => self.accept_all(),
            Token::Keeper => self.read_keeper(),
            Token::Scopes => self.read_scopes(),
            Token::Pressure => self.world.scopes.pressed(),
            // Checked in each turn.
            Token::Successor => {}
            Token::Work => self.world.callbacks.extend(self.world.work.take_done()),
            Token::Client(id) => {
                self.world.pump.note_asked();
                self.client_ready(id, event.readable);
            }
            Token::Tty(id) => {
                if event.readable {
                    self.world.pump.hurry();
                    self.tty_readable(id);
                }
            }
            Token::Pane(id) => {
                if event.writable {
                    self.world.pump.flush(&self.world.poller, id);
                    self.world.pipe_pane_drained(id);
                }
                if event.readable {
                    self.world.pump.note_ready(id);
                }
            }
            Token::ControlIn(id) => {
                self.world.pump.hurry();
                self.control_readable(id);
            }
            Token::ControlOut(id) => self.control_writable(id),
            Token::JobOut(id) => self.job_ready(id, event),
        }
    }

    fn accept_all(&mut self) {
        // Enough for a burst of scripts; the rest is accepted in the next turn.
        for _ in 0..64 {
            let now_ms = self.world.now.mono_ms;
            let Some(socket) = self.door.accept(&self.world.poller, now_ms) else { return };
            let _ = self.accept(socket);
        }
    }

    fn job_ready(&mut self, id: JobId, event: Ready<Token>) {
        if event.writable {
            self.world.jobs.flush(&self.world.poller, id);
            self.world.pipe_job_drained(id);
        }
        let gathers = !self.world.pipes.contains_key(&id);
        if event.readable
            && let Some(bytes) = self.world.jobs.read(&self.world.poller, id, gathers)
        {
            if self.world.pipe_input(id, &bytes) {
                return;
            }
            let Some(mut output) = self.world.jobs.get_mut(id).and_then(|job| job.output.take()) else {
                return;
            };
            output(&mut self.cx(), &bytes);
            if let Some(job) = self.world.jobs.get_mut(id) {
                job.output = Some(output);
            }
        }
    }

    fn run_timers(&mut self) {
        // A timer that re-arms itself without delay runs again in the next turn.
        let now_ms = self.world.now.mono_ms;
        for _ in 0..1000 {
            let Some(callback) = self.world.timers.take_due(now_ms) else { break };
            self.ran += 1;
            callback(&mut self.cx());
        }
        let late: Vec<ClientId> = self
            .world
            .peers
            .values()
            .filter(|p| p.tty.as_ref().and_then(|t| t.decoder.deadline()).is_some_and(|due| due <= now_ms))
            .map(|p| p.id)
            .collect();
        late.into_iter().for_each(|id| self.tty_timed_out(id));
    }

    /// Runs callbacks, ends of jobs and queues until none are left.
    fn run_queues(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let mut busy = false;
            while let Some(callback) = self.world.callbacks.pop_front() {
                busy = true;
                self.ran += 1;
                callback(&mut self.cx());
            }
            for finished in self.world.jobs.take_finished() {
                busy = true;
                self.world.pipe_job_ended(finished.id);
                finished.held.into_iter().for_each(|token| self.world.custody.release(token));
                self.ran += 1;
                if let Some(done) = finished.done {
                    done(&mut self.cx(), finished.result);
                }
            }
            self.queue_busy = queue::run(&mut self.cx());
            if !busy && self.world.callbacks.is_empty() {
                return;
            }
        }
    }

    /// Writes all queued output.
    fn perform(&mut self) {
        self.world.pump.flush_written(&self.world.poller);
        self.flush_control();
        self.apply_pane_sizes();
        let mut gone = Vec::new();
        for peer in self.world.peers.values_mut() {
            if std::mem::take(&mut peer.flags_changed)
                && let Some(client) = self.server.clients.get(&peer.id)
            {
                peer.send(crate::protocol::Message::Flags(super::clients::wire_flags(client).bits()));
            }
            peer.tell_session(self.server.clients.get(&peer.id));
            peer.flush(&self.world.poller);
            peer.begin_making(&self.world.work);
            for end in std::mem::take(&mut peer.ended) {
                self.world.callbacks.push_back(Box::new(move |cx| (end.done)(cx, end.result)));
            }
            if let Some(tty) = &mut peer.tty
                && tty.is_started()
                && !tty.flush(&self.world.poller)
            {
                peer.tty_lost = true;
            }
            if peer.broken || peer.tty_lost || peer.control_lost {
                gone.push((peer.id, !peer.tty_lost));
            }
        }
        for (id, broken) in gone {
            if broken {
                self.lose_client(id);
            } else {
                self.tty_lost(id);
            }
        }
    }
}
