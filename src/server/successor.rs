//! An upgrade in place, in the next server: it loads everything that the previous one passes on,
//! while that one keeps it all, and changes nothing until it is told to.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};

use crate::base::ClientId;
use crate::command;
use crate::control;
use crate::model::client::{MouseState, StatusMessage};
use crate::model::queue::forget_read_states;
use crate::model::{Client, ClientFlags};
use crate::protocol::custody::{Handle, Recovered};
use crate::protocol::upgrade::{ToNew, ToOld};
use crate::view;

use super::passage::{Arrived, ClientRecord, MessageRecord, Passage};
use super::peer::{Peer, PeerRecord};
use super::runtime::Runtime;
use super::snapshot::Snapshot;

/// Longest wait for a message of the previous server.
const PATIENCE: Duration = Duration::from_secs(10);

/// The channel to the previous server.
pub(super) struct Predecessor {
    channel: OwnedFd,
    handle: Handle,
}

impl Predecessor {
    pub(super) fn new(channel: OwnedFd) -> Self {
        Self { channel, handle: Handle::default() }
    }

    /// Sends a message; a server that is gone ignores it.
    pub(super) fn say(&mut self, what: ToOld) {
        self.handle.send(what).ok();
        self.handle.drain(self.channel.as_fd()).ok();
    }

    /// Receives the next message.
    fn hear(&mut self) -> Result<ToNew, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.handle.next_parcel() {
                Ok(Some(parcel)) => return Ok(parcel),
                Ok(None) if Instant::now() < deadline => {}
                Ok(None) => return Err("the server before says nothing".to_owned()),
                Err(error) => return Err(error.to_string()),
            }
            let mut fds = [PollFd::new(self.channel.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, 500u16).ok();
            if !self.handle.fill(self.channel.as_fd()).unwrap_or(false) {
                return Err("the server before has gone".to_owned());
            }
        }
    }
}

impl Runtime {
    /// Loads everything, and waits for the message that this server takes over. Returns the end of
    /// the channel, which stays open as long as this server lives.
    pub(super) fn succeed(&mut self, channel: OwnedFd, recovered: Recovered) -> OwnedFd {
        self.world.predecessor = Some(Predecessor::new(channel));
        let taken = self.take_over(recovered);
        let Some(mut before) = self.world.predecessor.take() else { std::process::exit(1) };
        if let Err(why) = taken {
            before.say(ToOld::Failed { why });
            std::process::exit(1);
        }
        before.say(ToOld::Ready { pid: u64::from(std::process::id()) });
        // Without that message this server ends without a trace.
        if !matches!(before.hear(), Ok(ToNew::Commit)) {
            std::process::exit(1);
        }
        if let Some(store) = self.world.histories.store() {
            store.hold(false);
        }
        before.channel
    }

    fn take_over(&mut self, recovered: Recovered) -> Result<(), String> {
        if let Some(store) = self.world.histories.store() {
            store.hold(true);
        }
        let (file, mut arrived) = self.receive()?;
        forget_read_states();
        let mut snapshot = Snapshot::read(file).ok_or("the state cannot be read")?;
        if let Some(refused) = snapshot.refused.first() {
            return Err(refused.clone());
        }
        let passage = snapshot.passage.take().ok_or("the state is not whole")?;
        let clients = std::mem::take(&mut snapshot.clients);
        self.restore_from(snapshot, recovered);
        for (_, record) in clients {
            self.take_up_client(record, &mut arrived)?;
        }
        self.take_up_passage(passage)?;
        forget_read_states();
        self.write_state();
        Ok(())
    }

    /// Receives the state file and the descriptors.
    fn receive(&mut self) -> Result<(OwnedFd, Arrived), String> {
        let before = self.world.predecessor.as_mut().ok_or("there is no server before")?;
        let mut fds = Vec::new();
        loop {
            match before.hear()? {
                ToNew::Passed { fd } => fds.push(fd),
                ToNew::State { passed, file } if passed == fds.len() as u64 => {
                    return Ok((file, Arrived::new(fds)));
                }
                ToNew::State { .. } => return Err("descriptors are missing".to_owned()),
                ToNew::Commit => return Err("there is no state".to_owned()),
            }
        }
    }

    fn take_up_client(&mut self, record: ClientRecord, arrived: &mut Arrived) -> Result<(), String> {
        let id = record.id;
        let mut record = record;
        let tty = record.peer.tty.take();
        let was_started = tty.is_some();
        let control = record.control.take();
        let prompt = record.prompt.take();
        let overlay = record.overlay.take();
        let message = record.message.take();
        let repeat = record.repeat_due_ms;
        let (client, peer) = client_of(record);
        let mut peer = Peer::of_record(&self.world.poller, id, peer, arrived)?;
        peer.travelled = tty.map(|tty| tty.arrive(arrived)).transpose()?;
        self.world.peers.insert(id, peer);
        self.server.clients.insert(id, client);
        let mut cx = self.cx();
        if was_started {
            cx.open_terminal(id)?;
        }
        if let Some(record) = control {
            control::load(&mut cx, id, record);
        }
        if let Some(saved) = prompt
            && view::prompt::load(&mut cx, id, &saved, command::asked::load).is_none()
        {
            return Err("a prompt cannot be read".to_owned());
        }
        if let Some(saved) = overlay {
            let job = self.world.jobs.in_popup_of(id);
            view::travel::load(&mut self.cx(), id, saved, job).ok_or("a menu or popup cannot be read")?;
        }
        self.set_timers(id, message, repeat);
        self.server.redraw_client(id);
        self.say_progress();
        Ok(())
    }

    fn set_timers(&mut self, id: ClientId, message: Option<MessageRecord>, repeat_due_ms: Option<u64>) {
        let now_ms = self.world.now.mono_ms;
        let mut cx = self.cx();
        if let Some(MessageRecord { text, ignore_keys, ignore_styles, freezes, due_ms }) = message {
            let timer = due_ms.map(|due_ms| {
                let delay = due_ms.saturating_sub(now_ms);
                cx.host.timer(delay, Box::new(move |cx| view::message::clear(cx, id)))
            });
            if let Some(client) = cx.server.clients.get_mut(&id) {
                client.message = Some(StatusMessage { text, ignore_keys, ignore_styles, freezes, timer });
            }
        }
        if let Some(due_ms) = repeat_due_ms {
            command::input::repeat_until(&mut cx, id, due_ms.saturating_sub(now_ms));
        }
    }

    fn take_up_passage(&mut self, passage: Passage) -> Result<(), String> {
        let Passage {
            asked,
            queues,
            next_client,
            waiters,
            waits,
            looks,
            event_waits,
            delayed,
            format_jobs,
            source_depth,
            palette_queries,
            typed,
            job_input,
        } = passage;
        let server = &mut self.server;
        server.queues.take_up(queues);
        server.next_client = next_client;
        for (name, waiters, lockers) in waiters {
            let channel = server.wait_channels.entry(name).or_default();
            (channel.waiters, channel.lockers) = (waiters, lockers);
        }
        server.source_depth.extend(source_depth);
        let ids = std::mem::take(&mut *server.format_jobs.lock());
        for (key, mut job) in format_jobs {
            job.id = ids.get(&key).filter(|known| known.generation == job.generation).and_then(|job| job.id);
            job.running &= job.id.is_some();
            server.format_jobs.lock().insert(key, job);
        }
        server.waiting_delayed =
            delayed.into_iter().map(|(number, listener, delayed)| (number, (listener, delayed))).collect();
        self.world.palette_queries = palette_queries;
        for (pane, input) in typed {
            self.world.pump.push(pane, &input.0, None);
        }
        for (token, input) in job_input {
            let job = self.world.jobs.iter().find(|(_, job)| job.token() == token).map(|(id, _)| id);
            if let Some(job) = job {
                self.world.jobs.push_first(&self.world.poller, job, &input.0);
            }
        }
        let mut cx = self.cx();
        command::shell::wait_for_delayed(&mut cx);
        cx.server.waits.take_up_looks(looks);
        command::waiters::take_up(&mut cx, waits, &event_waits)?;
        command::upgrade::succeeded(&mut cx, &asked);
        Ok(())
    }

    /// Tells the previous server that this one is working.
    pub(super) fn say_progress(&mut self) {
        if let Some(before) = &mut self.world.predecessor {
            before.say(ToOld::Progress);
        }
    }
}

/// A client from another server's record. Its drawing, and what its terminal and its connection
/// report, are restored later.
fn client_of(record: ClientRecord) -> (Client, PeerRecord) {
    let ClientRecord {
        id,
        name,
        pid,
        uid,
        gid,
        user,
        tty,
        term_name,
        term_type,
        term_features,
        term_caps,
        flags,
        exit_status,
        exit_message,
        cwd,
        environ,
        size,
        cell_pixels,
        session,
        last_session,
        created,
        activity,
        activity_order,
        last_activity,
        key_table,
        key_table_since_ms,
        last_key,
        withheld,
        click,
        pan,
        windows,
        status_due_ms,
        fg,
        bg,
        theme,
        pause_age_ms,
        written,
        discarded,
        last_input_ms,
        waiting_item,
        clipboard_panes,
        feature_bits,
        brackets_pastes,
        paste_since,
        peer,
        // These need the server, to which the client then belongs.
        repeat_due_ms: _,
        message: _,
        prompt: _,
        overlay: _,
        control: _,
    } = record;
    let (click, click_location) = click.map_or((None, None), |(click, at)| (Some(click), at));
    let client = Client {
        name,
        pid,
        uid,
        gid,
        user,
        tty,
        term_name,
        term_type,
        term_features,
        term_caps,
        flags: flags | ClientFlags::REDRAW,
        exit_status,
        exit_message,
        cwd,
        environ,
        size,
        cell_pixels,
        session,
        last_session,
        activity,
        activity_order,
        last_activity,
        key_table,
        key_table_since_ms,
        last_key,
        withheld,
        mouse: MouseState { click, click_location, ..MouseState::default() },
        pan,
        windows: windows.into_iter().collect(),
        status_dirty: true,
        status_due_ms,
        fg,
        bg,
        theme,
        pause_age_ms,
        written,
        discarded,
        last_input_ms,
        waiting_item,
        clipboard_panes,
        feature_bits,
        brackets_pastes,
        paste_since,
        ..Client::new(id, created)
    };
    (client, peer)
}
