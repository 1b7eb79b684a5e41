//! An upgrade in place, in the running server: another program is started as the next server,
//! receives the whole state, and reports when it is ready. Until then this server keeps everything,
//! so that a program that does not start, ends, hangs or cannot read the state does no harm.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::Signal;

use crate::base::blob::Blob;
use crate::control;
use crate::model::WaitChannel;
use crate::model::host::{ExitStatus, Refused};
use crate::model::queue::ItemContext;
use crate::protocol::custody::{Handle, Parcel};
use crate::protocol::upgrade::{FORMAT, ToNew, ToOld};

use super::custody::News;
use super::passage::{ClientRecord, Passage, Passed};
use super::runtime::Runtime;
use super::snapshot::Kind;
use super::token::{Poller, Token};
use super::world::World;
use crate::reactor::{self, Interest, Reactor};

/// Longest silence of the new server before this one continues. Clients are answered within two
/// seconds whatever happens.
const SILENCE: Duration = Duration::from_millis(1500);
/// Longest time for this server's unfinished work to reach a state that can be handed over.
const SETTLING: Duration = Duration::from_millis(1500);
/// Milliseconds between checks of that state.
const LOOK_MS: u64 = 10;
/// Longest time for writing data that is pending for the disk.
const WRITING: Duration = Duration::from_millis(500);
/// Bytes of input queued for one program that can be passed to the next server. With more, the
/// upgrade is refused.
const MAX_TYPED: usize = 256 << 20;

/// An upgrade in progress.
pub(super) struct Upgrade {
    channel: OwnedFd,
    handle: Handle,
    program: String,
    asked: ItemContext,
    failed: Refused,
    /// Time since when this server has tried to settle; set once the new server has answered.
    settling: Option<Instant>,
    heard: Instant,
    /// True if the channel has ended.
    ended: bool,
    status: Option<ExitStatus>,
}

impl World {
    /// Asks the keeper to start a program as the next server.
    pub(super) fn begin_upgrade(
        &mut self,
        program: Option<String>,
        asked: &ItemContext,
        failed: Refused,
    ) -> Result<(), String> {
        if self.upgrade.is_some() {
            return Err("an upgrade is under way".to_owned());
        }
        let program = match program {
            Some(path) => path,
            None => own_program().map_err(|error| error.to_string())?,
        };
        check(&program).map_err(|error| {
            format!("{program}: {}", crate::sys::error::strerror(error.raw_os_error().unwrap_or(0)))
        })?;
        let begin = || -> io::Result<(OwnedFd, OwnedFd)> {
            let (ours, theirs) = UnixStream::pair()?;
            super::jobs::set_nonblocking(&ours)?;
            Ok((ours.into(), theirs.into()))
        };
        let (channel, theirs) = begin().map_err(|error| error.to_string())?;
        self.poller.add(channel.as_fd(), Token::Successor, Interest::READ).map_err(|e| e.to_string())?;
        self.custody.upgrade(program.clone(), theirs)?;
        self.upgrade = Some(Upgrade {
            channel,
            handle: Handle::default(),
            program,
            asked: asked.waiting(),
            failed,
            settling: None,
            heard: Instant::now(),
            ended: false,
            status: None,
        });
        Ok(())
    }
}

/// A time limit; longer in tests, which run on busy machines.
fn patience(usual: Duration) -> Duration {
    let asked = std::env::var("SCOPEMUX_UPGRADE_MS").ok().filter(|_| cfg!(debug_assertions));
    asked.and_then(|ms| ms.parse().ok()).map_or(usual, Duration::from_millis)
}

/// Path of this program's file, or of the file that replaced it.
fn own_program() -> io::Result<String> {
    let path = std::fs::read_link("/proc/self/exe")?.to_string_lossy().into_owned();
    Ok(path.strip_suffix(" (deleted)").map_or(path.clone(), str::to_owned))
}

fn check(program: &str) -> io::Result<()> {
    if std::fs::metadata(program)?.is_dir() {
        return Err(io::Error::from_raw_os_error(libc::EISDIR));
    }
    Ok(nix::unistd::access(program, nix::unistd::AccessFlags::X_OK)?)
}

impl Upgrade {
    /// Receives messages of the new server; returns the next parcel.
    fn hear(&mut self) -> Result<Option<ToOld>, String> {
        if !self.handle.fill(self.channel.as_fd()).unwrap_or(false) {
            self.ended = true;
        }
        let parcel = self.handle.next_parcel().map_err(|error| error.to_string())?;
        if parcel.is_some() {
            self.heard = Instant::now();
        }
        Ok(parcel)
    }

    fn send(&mut self, parcel: impl Parcel) -> Result<(), String> {
        self.handle.send(parcel).map_err(|error| error.to_string())
    }

    /// Waits until the channel can be read, or written.
    fn wait(&mut self) -> Result<(), String> {
        self.handle.drain(self.channel.as_fd()).map_err(|_| self.ending())?;
        if self.heard.elapsed() >= patience(SILENCE) {
            return Err(format!("it gave no sign of life for {} ms", patience(SILENCE).as_millis()));
        }
        let mut flags = PollFlags::POLLIN;
        flags.set(PollFlags::POLLOUT, self.handle.wants_write());
        let mut fds = [PollFd::new(self.channel.as_fd(), flags)];
        poll(&mut fds, 50u16).ok();
        Ok(())
    }

    fn ending(&self) -> String {
        match self.status {
            Some(ExitStatus::Exited(status)) => {
                format!("it ended with status {status} and is no server of this kind")
            }
            Some(ExitStatus::Signaled(signal)) => format!("it was ended by signal {signal}"),
            None => "it ended".to_owned(),
        }
    }
}

impl Runtime {
    /// Time at which the loop must check an upgrade again (monotonic ms).
    pub(super) fn upgrade_due_ms(&self) -> Option<u64> {
        let upgrade = self.world.upgrade.as_ref()?;
        let silence = patience(SILENCE).saturating_sub(upgrade.heard.elapsed()).as_millis() as u64;
        let wait = if upgrade.settling.is_some() || upgrade.ended { LOOK_MS } else { silence.max(1) };
        Some(self.world.clock.mono_ms() + wait)
    }

    /// Advances an upgrade, at the end of a turn. If it succeeds, this process ends here.
    pub(super) fn drive_upgrade(&mut self) {
        for news in self.world.custody.take_news() {
            match (news, &mut self.world.upgrade) {
                (News::SuccessorEnded(status), Some(upgrade)) => upgrade.status = Some(status),
                (News::SuccessorEnded(_), None) => {}
                (News::KeeperStays(why), _) => {
                    let text = format!("the keeper is of the version before: {why}");
                    self.server.add_message(self.world.now, text);
                }
            }
        }
        let Some(mut upgrade) = self.world.upgrade.take() else { return };
        match self.step(&mut upgrade) {
            Ok(()) => self.world.upgrade = Some(upgrade),
            Err(why) => self.end_upgrade(upgrade, &why),
        }
    }

    fn end_upgrade(&mut self, upgrade: Upgrade, why: &str) {
        self.world.poller.remove(upgrade.channel.as_fd());
        self.world.custody.abandon();
        let text = format!("{}: {why}; the server goes on as it was", upgrade.program);
        self.ran += 1;
        (upgrade.failed)(&mut self.cx(), text);
        self.queue_busy = true;
    }

    fn step(&mut self, upgrade: &mut Upgrade) -> Result<(), String> {
        while let Some(parcel) = upgrade.hear()? {
            match parcel {
                ToOld::Hello { format, name } if format != FORMAT => {
                    return Err(format!("{name} reads state of form {format}, not {FORMAT}"));
                }
                ToOld::Hello { .. } => {
                    upgrade.settling = Some(Instant::now());
                    self.close_overlays();
                }
                ToOld::Failed { why } => return Err(why),
                ToOld::Progress | ToOld::Ready { .. } => {}
            }
        }
        if upgrade.ended && (upgrade.status.is_some() || upgrade.heard.elapsed() >= patience(SILENCE)) {
            return Err(upgrade.ending());
        }
        let Some(since) = upgrade.settling else {
            if upgrade.heard.elapsed() < patience(SILENCE) || upgrade.ended {
                return Ok(());
            }
            return Err(format!("it did not start within {} ms", patience(SILENCE).as_millis()));
        };
        if let Some(obstacle) = self.obstacle() {
            // The new server knows that it must wait.
            upgrade.heard = Instant::now();
            return if since.elapsed() < patience(SETTLING) { Ok(()) } else { Err(obstacle) };
        }
        let pid = self.transfer(upgrade)?;
        self.hand_over_to(upgrade, pid)
    }

    /// Closes what covers clients and cannot be passed to another server: the numbers of
    /// `display-panes`, help, a menu of a chooser.
    fn close_overlays(&mut self) {
        let clients = self.server.clients.values_mut();
        let covered = clients.filter_map(|client| {
            let overlay = client.overlay.as_mut()?;
            overlay.save().is_none().then_some(client.id)
        });
        for client in covered.collect::<Vec<_>>() {
            crate::view::overlay::clear(&mut self.cx(), client);
        }
        for peer in self.world.peers.values_mut() {
            let made = peer.make_all();
            for done in made {
                self.world.callbacks.push_back(Box::new(move |cx| done(cx, Ok(Vec::new()))));
            }
        }
        self.queue_busy = true;
    }

    /// The reason why the current state cannot be handed over, if any.
    fn obstacle(&mut self) -> Option<String> {
        if !self.server.config_done {
            return Some("the configuration is being read".to_owned());
        }
        if self.server.exiting {
            return Some("the server is about to end".to_owned());
        }
        if let Err(why) = self.world.jobs.travel() {
            return Some(why);
        }
        let server = &self.server;
        if server.events.save().is_none() {
            return Some("a client waits for events".to_owned());
        }
        if !self.world.work.is_idle() || !self.world.callbacks.is_empty() {
            return Some("histories are being read".to_owned());
        }
        for (id, peer) in &self.world.peers {
            let Some(client) = server.clients.get(id) else { continue };
            if let Some(what) = peer.obstacle() {
                return Some(format!("{} {what}", client.name));
            }
        }
        server.queues.record().is_none().then(|| "a command is under way".to_owned())
    }

    /// Saves everything and passes it to the new server. Returns the new process id once that
    /// server is ready.
    fn transfer(&mut self, upgrade: &mut Upgrade) -> Result<u64, String> {
        if let Some(store) = self.world.histories.store()
            && !store.settle(WRITING)
        {
            return Err("the disk does not take what is to be written".to_owned());
        }
        self.world.pump.save_all();
        let mut passed = Passed::default();
        let records = self.records(upgrade, &mut passed)?;
        let file = self.whole_state(records).map_err(|error| error.to_string())?;
        let count = passed.0.len() as u64;
        for fd in passed.0 {
            upgrade.send(ToNew::Passed { fd })?;
        }
        upgrade.send(ToNew::State { passed: count, file })?;
        upgrade.heard = Instant::now();
        loop {
            match upgrade.hear()? {
                Some(ToOld::Ready { pid }) => return Ok(pid),
                Some(ToOld::Failed { why }) => return Err(why),
                Some(_) => {}
                None if upgrade.ended => {
                    self.world.custody.receive();
                    for news in self.world.custody.take_news() {
                        if let News::SuccessorEnded(status) = news {
                            upgrade.status = Some(status);
                        }
                    }
                    return Err(upgrade.ending());
                }
                None => upgrade.wait()?,
            }
        }
    }

    /// Records of all state that a killed server does not leave.
    fn records(
        &mut self,
        upgrade: &Upgrade,
        passed: &mut Passed,
    ) -> Result<Vec<(Kind, String, Vec<u8>)>, String> {
        let text = |error: serde_json::Error| error.to_string();
        let mut records = Vec::new();
        let ids: Vec<_> = self.server.clients.keys().copied().collect();
        for id in ids {
            let control = match self.server.clients.get(&id).is_some_and(|c| c.control.is_some()) {
                true => Some(control::save(&mut self.cx(), id).ok_or("a control client is being answered")?),
                false => None,
            };
            let overlay = self.server.clients.get_mut(&id).and_then(|client| client.overlay.as_mut()?.save());
            let Some(peer) = self.world.peers.get(&id) else { continue };
            let peer = peer.record(passed)?;
            let Some(client) = self.server.clients.get(&id) else { continue };
            let timers = &self.world.timers;
            let record = ClientRecord::take(client, |timer| timers.due_ms(timer), control, overlay, peer);
            records.push((Kind::Client, id.0.to_string(), serde_json::to_vec(&record).map_err(text)?));
        }
        let passage = self.passage(upgrade)?;
        records.push((Kind::Passage, String::new(), serde_json::to_vec(&passage).map_err(text)?));
        Ok(records)
    }

    fn passage(&mut self, upgrade: &Upgrade) -> Result<Passage, String> {
        let mut typed = Vec::new();
        for pane in self.world.pump.ids() {
            let input = self.world.pump.record_input(pane, MAX_TYPED);
            let input = input.ok_or_else(|| format!("too much input waits for pane {pane}"))?;
            if !input.is_empty() {
                typed.push((pane, Blob(input)));
            }
        }
        let job_input = self.world.jobs.travel()?.into_iter().filter(|(_, input)| !input.is_empty());
        let server = &self.server;
        Ok(Passage {
            asked: upgrade.asked.clone(),
            queues: server.queues.record().ok_or("a command is under way")?,
            next_client: server.next_client,
            waiters: server
                .wait_channels
                .iter()
                .map(|(name, channel)| {
                    // The channel's own record says whether it is locked or woken.
                    let WaitChannel { locked: _, woken: _, waiters, lockers } = channel;
                    (name.clone(), waiters.clone(), lockers.clone())
                })
                .collect(),
            waits: server.waits.save(),
            looks: server.waits.save_looks(),
            event_waits: server.events.save().ok_or("a client waits for events")?,
            delayed: server
                .waiting_delayed
                .iter()
                .map(|(number, (listener, delayed))| (*number, listener.clone(), delayed.clone()))
                .collect(),
            format_jobs: server.format_jobs.lock().iter().map(|(k, job)| (k.clone(), job.clone())).collect(),
            source_depth: server.source_depth.iter().map(|(client, depth)| (*client, *depth)).collect(),
            palette_queries: self.world.palette_queries.clone(),
            typed,
            job_input: job_input.map(|(token, input)| (token, Blob(input))).collect(),
        })
    }

    /// Hands over to the new server, which is ready; this process ends.
    fn hand_over_to(&mut self, upgrade: &mut Upgrade, pid: u64) -> Result<(), String> {
        if !self.world.custody.hand_over() {
            return Err("the keeper does not answer".to_owned());
        }
        upgrade.send(ToNew::Commit)?;
        let deadline = Instant::now() + patience(SILENCE);
        while upgrade.handle.wants_write() && Instant::now() < deadline {
            if upgrade.wait().is_err() {
                break;
            }
        }
        tracing::info!("another server is in the place of this one");
        if self.command_line.foreground {
            self.stand_in(upgrade, pid).ok();
        }
        std::process::exit(0)
    }

    /// Keeps the process that was started in the foreground until the new server ends, and forwards
    /// signals to it.
    fn stand_in(&mut self, upgrade: &Upgrade, pid: u64) -> io::Result<()> {
        self.door.hand_over();
        let pid = nix::unistd::Pid::from_raw(pid as i32);
        let poller = Poller::new()?;
        // The new server keeps its end open for as long as it lives.
        poller.add(upgrade.channel.as_fd(), Token::Successor, Interest::READ)?;
        let mut reactor = Reactor::new(reactor::new_runtime()?, &poller)?;
        reactor.catch(&super::startup::SIGNALS)?;
        let mut ready = Vec::new();
        while ready.is_empty() {
            reactor.wait(&poller, None, &mut ready)?;
            while let Some(signal) = reactor.next_signal() {
                if signal != Signal::SIGCHLD {
                    nix::sys::signal::kill(pid, signal).ok();
                }
            }
        }
        Ok(())
    }
}
