//! Clients: connecting, identifying, sending commands, leaving.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

use crate::base::ClientId;
use crate::control;
use crate::model::events::EventKind;
use crate::model::host::ClientMessage;
use crate::model::queue::{QueueState, Step};
use crate::model::{Client, ClientFlags};
use crate::protocol::custody::Caller;
use crate::protocol::imsg::FdMarking;
use crate::protocol::{ClientFlags as WireFlags, Connection, Message, ProtocolError};
use crate::syntax::table::CommandFlags;

use super::peer::Peer;
use super::runtime::Runtime;

/// Most clients connected at once; more are refused.
const MAX_CLIENTS: usize = 4096;
/// Messages read from one client in one turn.
const MAX_MESSAGES: usize = 1000;
/// Bytes of environment variables and terminal capabilities that one client may send; more are
/// ignored. The kernel's own limit for an environment is lower.
const MAX_IDENTIFY: usize = 16 << 20;
/// Bytes of an earlier client's input that are processed at once: too few to contain `MAX_MESSAGES`
/// messages.
const CALLER_SLICE: usize = 8 << 10;
/// Bytes counted for each variable and capability beside its text.
const IDENTIFY_OVERHEAD: usize = 64;

impl Runtime {
    /// Accepts a connection that was made before this server started.
    pub(super) fn accept_caller(&mut self, caller: Caller) {
        let Some(id) = self.accept(caller.socket) else { return };
        let mut passed = caller.passed;
        for said in caller.said.chunks(CALLER_SLICE) {
            let Some(peer) = self.world.peers.get_mut(&id) else { return };
            if peer.take_said(said, std::mem::take(&mut passed)).is_err() {
                return self.lose_client(id);
            }
            self.client_ready(id, false);
        }
    }

    /// Accepts a new connection.
    pub(super) fn accept(&mut self, socket: OwnedFd) -> Option<ClientId> {
        if self.server.clients.len() >= MAX_CLIENTS || self.server.exiting {
            return None;
        }
        let uid = getsockopt(&socket, PeerCredentials).map(|c| (c.uid(), c.gid(), c.pid())).ok();
        let id = ClientId(self.server.next_client);
        self.server.next_client += 1;
        let connection = Connection::new(FdMarking::TopBit);
        let mut peer = Peer::new(&self.world.poller, id, socket, connection).ok()?;
        peer.saw_recovery = uid.is_some_and(|(.., pid)| self.world.saw_recovery.contains(&pid));
        self.world.peers.insert(id, peer);
        tracing::debug!(client = id.0, from = ?uid, "client connected");
        let mut client = Client::new(id, self.world.now);
        if let Some((uid, gid, _)) = uid {
            (client.uid, client.gid) = (uid, Some(gid));
        }
        match uid.and_then(|(uid, gid, _)| self.server.access_of(uid, Some(gid))) {
            Some(access) => client.flags.set(ClientFlags::READONLY, access.read_only),
            None => refuse(&mut client),
        }
        self.server.clients.insert(id, client);
        self.server.key_tables.ensure("root");
        Some(id)
    }

    /// Handles a client's socket that is ready.
    pub(super) fn client_ready(&mut self, id: ClientId, readable: bool) {
        let _span = tracing::debug_span!("client", id = id.0).entered();
        let Some(peer) = self.world.peers.get_mut(&id) else { return };
        let open = !readable || peer.receive().unwrap_or(false);
        for _ in 0..MAX_MESSAGES {
            let Some(peer) = self.world.peers.get_mut(&id) else { return };
            match peer.next_message() {
                Ok(Some(message)) => self.client_message(id, message),
                Ok(None) => break,
                Err(ProtocolError::Version(version)) => {
                    peer.send(Message::Version { peer: version });
                    peer.flush(&self.world.poller);
                    return self.lose_client(id);
                }
                Err(_) => return self.lose_client(id),
            }
        }
        if !open {
            self.lose_client(id);
        }
    }

    fn client_message(&mut self, id: ClientId, message: Message) {
        let Some(peer) = self.world.peers.get_mut(&id) else { return };
        let Some(message) = peer.file_message(message) else {
            for end in std::mem::take(&mut peer.ended) {
                self.world.callbacks.push_back(Box::new(move |cx| (end.done)(cx, end.result)));
            }
            return;
        };
        let Some(client) = self.server.clients.get_mut(&id) else { return };
        if client.flags.contains(ClientFlags::DEAD) {
            return;
        }
        let identified = client.flags.contains(ClientFlags::IDENTIFIED);
        match message {
            Message::Version { .. } | Message::TooOld => self.lose_client(id),
            Message::Command(argv) => self.client_command(id, argv),
            Message::CommandPiece(piece) => peer.take_piece(&piece),
            Message::CommandTooLong => match peer.take_command() {
                Some(argv) => self.client_command(id, argv),
                None => self.client_error(id, "command too long".to_owned()),
            },
            Message::Resize => self.client_resized(id),
            Message::Exiting => self.client_exiting(id),
            Message::Wakeup | Message::Unlock => self.client_resumed(id),
            Message::Shell(_) => self.client_shell(id),
            // tmux: drops a client that identifies twice.
            Message::IdentifyDone if identified => self.lose_client(id),
            message => {
                let last = !identified && identify(client, peer, message);
                if last {
                    self.client_identified(id);
                }
            }
        }
    }

    /// Handles the end of identification: the client gets its name and terminal. The first client
    /// starts loading the configuration.
    fn client_identified(&mut self, id: ClientId) {
        let Some(client) = self.server.clients.get_mut(&id) else { return };
        client.flags.insert(ClientFlags::IDENTIFIED);
        if client.term_name.is_empty() {
            client.term_name = "unknown".to_owned();
        }
        client.name =
            if client.tty.is_empty() { format!("client-{}", client.pid) } else { client.tty.clone() };
        if nix::unistd::access(client.cwd.as_str(), nix::unistd::AccessFlags::X_OK).is_err() {
            let home = super::proc::home();
            client.cwd = if home.is_empty() { "/".to_owned() } else { home };
        }
        if client.flags.contains(ClientFlags::CONTROL) {
            self.start_control_io(id);
            control::start(&mut self.cx(), id);
        } else if let Some(stdin) = self.world.peers.get_mut(&id).and_then(|peer| peer.stdin.take()) {
            if let Some((size, pixels)) = super::proc::window_size(stdin.as_fd()) {
                client.flags.insert(ClientFlags::TERMINAL);
                client.size = super::tty::sane(size);
                client.cell_pixels = pixels;
            }
            if let Some(peer) = self.world.peers.get_mut(&id) {
                peer.stdin = Some(stdin);
                peer.stdout = None;
            }
        }
        let shown = ClientFlags::CONTROL | ClientFlags::TERMINAL;
        if self.server.client(id).is_some_and(|client| client.flags.intersects(shown)) {
            self.server.notify_client(EventKind::ClientCreated, id);
        }
        let first = self.server.clients.keys().next() == Some(&id);
        let leaving = self.server.clients.get(&id).is_some_and(|c| c.flags.contains(ClientFlags::EXIT));
        if first && !leaving {
            self.load_config(Some(id));
        }
    }

    fn client_command(&mut self, id: ClientId, argv: Vec<String>) {
        let Some(client) = self.server.clients.get(&id) else { return };
        if client.flags.contains(ClientFlags::EXIT) {
            return;
        }
        let read_only = client.flags.contains(ClientFlags::READONLY);
        let mut cx = self.cx();
        let state = Arc::new(QueueState::default());
        if argv.is_empty() {
            let items = cx.server.queues.step(&state, Step::DefaultCommand);
            cx.server.queues.append(Some(id), items);
        } else {
            match crate::format::parse::arguments(&mut cx, &argv) {
                Err(error) => return self.client_error(id, error),
                Ok(list) if read_only && !list.all_have(CommandFlags::READ_ONLY) => {
                    let refused = Step::Refuse("client is read-only".to_owned());
                    let items = cx.server.queues.step(&state, refused);
                    cx.server.queues.append(Some(id), items);
                }
                Ok(list) => {
                    let items = cx.server.queues.commands(&list, &state);
                    cx.server.queues.append(Some(id), items);
                }
            }
        }
        let items = self.server.queues.step(&state, Step::ClientDone);
        self.server.queues.append(Some(id), items);
    }

    /// Reports an error from before any command ran, and ends the client.
    fn client_error(&mut self, id: ClientId, error: String) {
        let state = Arc::new(QueueState::default());
        let items = self.server.queues.step(&state, Step::Refuse(error));
        self.server.queues.append(Some(id), items);
        if let Some(client) = self.server.clients.get_mut(&id) {
            client.flags.insert(ClientFlags::EXIT);
        }
    }

    fn client_resized(&mut self, id: ClientId) {
        let Some(client) = self.server.clients.get_mut(&id) else { return };
        if client.flags.contains(ClientFlags::CONTROL) {
            return;
        }
        let now_ms = self.world.now.mono_ms;
        let mut old = client.size;
        if let Some(tty) = self.world.peers.get_mut(&id).and_then(|p| p.tty.as_mut()) {
            tty.check_size();
            old = std::mem::replace(&mut client.size, tty.size());
            client.cell_pixels = tty.cell_pixels;
            tty.repeat_requests(now_ms, false);
        }
        self.server.update_latest(id);
        self.server.sizes_dirty = true;
        let mut cx = self.cx();
        crate::view::overlay::resize(&mut cx, id);
        cx.server.redraw_client(id);
        if cx.server.client(id).is_some_and(|c| c.session.is_some()) {
            let new = cx.server.client(id).map_or(old, |c| c.size);
            let event = cx.server.client_event(EventKind::ClientResized, id);
            cx.server.notify(event.with_sizes(new, old));
        }
    }

    fn client_exiting(&mut self, id: ClientId) {
        self.cx().set_client_session(id, None);
        self.server.sizes_dirty = true;
        if let Some(peer) = self.world.peers.get_mut(&id) {
            if let Some(mut tty) = peer.tty.take() {
                tty.close(&self.world.poller);
            }
            peer.send(Message::Exited);
        }
    }

    fn client_resumed(&mut self, id: ClientId) {
        let now = self.world.now;
        let Some(client) = self.server.clients.get_mut(&id) else { return };
        if !client.flags.contains(ClientFlags::SUSPENDED) {
            return;
        }
        client.flags.remove(ClientFlags::SUSPENDED);
        if client.session.is_none() {
            return;
        }
        if let Some(tty) = self.world.peers.get_mut(&id).and_then(|p| p.tty.as_mut()) {
            tty.check_size();
            tty.start(&self.world.poller, now.mono_ms).ok();
        }
        self.server.touch_client(id, now);
        self.server.sizes_dirty = true;
        self.server.redraw_client(id);
    }

    /// `tmux -c`: the client asks which shell to run.
    fn client_shell(&mut self, id: ClientId) {
        let shell = self.server.usable_shell(&self.world, None);
        if let Some(peer) = self.world.peers.get_mut(&id) {
            peer.send(Message::Shell(Some(shell)));
            peer.flush(&self.world.poller);
        }
        self.lose_client(id);
    }

    /// Removes a client that is gone.
    pub(super) fn lose_client(&mut self, id: ClientId) {
        let Some(mut peer) = self.world.peers.remove(&id) else { return };
        tracing::debug!(client = id.0, "client gone");
        peer.abandon_files();
        for end in std::mem::take(&mut peer.ended) {
            self.world.callbacks.push_back(Box::new(move |cx| (end.done)(cx, end.result)));
        }
        peer.close(&self.world.poller);
        self.forget_queries(id);
        let mut cx = self.cx();
        if let Some(client) = cx.server.clients.get_mut(&id) {
            client.flags.insert(ClientFlags::DEAD);
        }
        crate::view::close_all(&mut cx, id);
        let attached = cx.server.client(id).is_some_and(|c| c.flags.contains(ClientFlags::ATTACHED));
        if attached {
            cx.server.notify_client(EventKind::ClientDetached, id);
        }
        let shown = ClientFlags::CONTROL | ClientFlags::TERMINAL;
        if cx.server.client(id).is_some_and(|c| !c.name.is_empty() && c.flags.intersects(shown)) {
            cx.server.notify_client(EventKind::ClientClosed, id);
        }
        control::stop(&mut cx, id);
        crate::format::jobs::forget_client(&mut cx, id);
        crate::model::lifecycle::client_lost(&mut cx, id);
        cx.server.queues.remove_client(id);
        cx.server.clients.remove(&id);
        cx.server.sizes_dirty = true;
        self.unattached_dirty = true;
    }

    /// Sends the exit message to clients that must leave, once each.
    pub(super) fn check_exits(&mut self) {
        let leaving: Vec<ClientId> = self
            .server
            .clients
            .values()
            .filter(|c| {
                c.flags.contains(ClientFlags::EXIT)
                    && !c.flags.intersects(ClientFlags::EXITED | ClientFlags::DEAD)
            })
            .map(|c| c.id)
            .collect();
        for id in leaving {
            if !control::may_exit(&mut self.cx(), id) {
                continue;
            }
            if let Some(peer) = self.world.peers.get_mut(&id) {
                peer.has_all_lines = true;
            }
            let Some(client) = self.server.clients.get_mut(&id) else { continue };
            // First run the commands that the client asked for, or their errors would be lost; but
            // do not wait for an item that is itself waiting.
            let next = self.server.queues.queues.get(&Some(id)).and_then(|queue| queue.items.front());
            let commands_only = client.session.is_none() || client.flags.contains(ClientFlags::CONTROL);
            if commands_only && next.is_some_and(|item| !item.started || item.working) {
                continue;
            }
            client.flags.insert(ClientFlags::EXITED);
            let Some(peer) = self.world.peers.get_mut(&id) else { continue };
            if !peer.is_leaving() {
                let message = client.exit_message.take();
                peer.queue_message(ClientMessage::Exit { status: client.exit_status, message });
            }
        }
    }
}

fn refuse(client: &mut Client) {
    client.exit_message = Some("access not allowed".to_owned());
    client.flags.insert(ClientFlags::EXIT);
}

impl Peer {
    /// Counts the data that a client sends about itself; false beyond the limit.
    fn has_room(&mut self, len: usize) -> bool {
        self.identify_bytes += len + IDENTIFY_OVERHEAD;
        self.identify_bytes <= MAX_IDENTIFY
    }
}

/// Handles one identify message. True if it was the last.
fn identify(client: &mut Client, peer: &mut Peer, message: Message) -> bool {
    match message {
        Message::IdentifyFeatures(bits) => client.feature_bits |= bits,
        Message::IdentifyFlags(bits) => add_flags(client, bits as u32 as u64),
        Message::IdentifyLongFlags(bits) => {
            peer.confirms |= WireFlags::from_bits_retain(bits).contains(WireFlags::CONFIRMS_WRITES);
            add_flags(client, bits);
        }
        Message::IdentifyTerm(name) => client.term_name = name,
        Message::IdentifyTerminfo(cap) if peer.has_room(cap.len()) => client.term_caps.push(cap),
        Message::IdentifyTtyName(name) => client.tty = name,
        Message::IdentifyCwd(path) => client.cwd = path,
        Message::IdentifyStdin(fd) => peer.stdin = fd,
        Message::IdentifyStdout(fd) => peer.stdout = fd,
        Message::IdentifyEnviron(pair) if peer.has_room(pair.len()) => {
            if let Some((name, value)) = pair.split_once('=') {
                client.environ.set(name, value);
            }
        }
        Message::IdentifyClientPid(pid) => client.pid = pid,
        Message::IdentifyDone => return true,
        _ => {}
    }
    false
}

fn add_flags(client: &mut Client, bits: u64) {
    let wire = WireFlags::from_bits_retain(bits);
    for (on_wire, ours) in [
        (WireFlags::LOGIN, ClientFlags::LOGIN),
        (WireFlags::NO_START_SERVER, ClientFlags::NO_START_SERVER),
        (WireFlags::CONTROL, ClientFlags::CONTROL),
        (WireFlags::CONTROL_CONTROL, ClientFlags::CONTROL_CONTROL),
        (WireFlags::UTF8, ClientFlags::UTF8),
        (WireFlags::START_SERVER, ClientFlags::START_SERVER),
        (WireFlags::READ_ONLY, ClientFlags::READONLY),
    ] {
        if wire.contains(on_wire) {
            client.flags.insert(ours);
        }
    }
}

/// A client's flags in the form sent to it.
pub(super) fn wire_flags(client: &Client) -> WireFlags {
    let mut wire = WireFlags::empty();
    for (ours, on_wire) in [
        (ClientFlags::TERMINAL, WireFlags::TERMINAL),
        (ClientFlags::LOGIN, WireFlags::LOGIN),
        (ClientFlags::ATTACHED, WireFlags::ATTACHED),
        (ClientFlags::READONLY, WireFlags::READ_ONLY),
        (ClientFlags::CONTROL, WireFlags::CONTROL),
        (ClientFlags::CONTROL_CONTROL, WireFlags::CONTROL_CONTROL),
        (ClientFlags::FOCUSED, WireFlags::FOCUSED),
        (ClientFlags::UTF8, WireFlags::UTF8),
        (ClientFlags::IGNORE_SIZE, WireFlags::IGNORE_SIZE),
        (ClientFlags::IDENTIFIED, WireFlags::IDENTIFIED),
        (ClientFlags::CONTROL_NO_OUTPUT, WireFlags::CONTROL_NO_OUTPUT),
        (ClientFlags::ACTIVE_PANE, WireFlags::ACTIVE_PANE),
        (ClientFlags::CONTROL_PAUSE_AFTER, WireFlags::CONTROL_PAUSE_AFTER),
        (ClientFlags::CONTROL_WAIT_EXIT, WireFlags::CONTROL_WAIT_EXIT),
        (ClientFlags::NO_DETACH_ON_DESTROY, WireFlags::NO_DETACH_ON_DESTROY),
    ] {
        wire.set(on_wire, client.flags.contains(ours));
    }
    wire
}
