//! After the commands of a turn: restores the invariants before anyone can see the state. Sizes,
//! alerts, names, sessions without clients, clients that leave, and the end of the server.

use crate::base::{ClientId, PaneId, WindowId};
use crate::command::wait_for;
use crate::containment::{Attention, KEYED_MS, Standing};
use crate::control;
use crate::format;
use crate::model::host::{ClientMessage, LoopHost, SystemHost};
use crate::model::pane::PaneFlags;
use crate::model::window::WindowFlags;
use crate::model::{ClientFlags, Server, Session};
use crate::options::opt;

use super::runtime::Runtime;

/// Least time between two computations of a window's automatic name, in milliseconds.
const NAME_MS: u64 = 500;

impl Runtime {
    pub(super) fn settle(&mut self) {
        if self.world.shutdown && !self.server.exiting {
            self.begin_exit();
        }
        if std::mem::take(&mut self.server.sizes_dirty) {
            self.cx().recalculate_sizes();
        }
        self.apply_sizes();
        // Silence is an alert of this turn: no event may follow for a long time.
        self.cx().check_silence();
        self.cx().check_alerts();
        self.show_alerts();
        self.cx().settle_terminals();
        self.check_due();
        if std::mem::take(&mut self.unattached_dirty) || self.server.take_unattached_dirty() {
            self.cx().check_unattached();
            let attached = self.server.sessions.values().any(|s| s.attached > 0);
            self.door.show_attached(&self.server.socket_path, attached);
        }
        crate::view::ended::draw_ended(&mut self.cx());
        crate::command::shell::show_early_lines(&mut self.cx());
        self.publish_ttys();
        self.show_messages();
        self.warn_of_logout();
        // Settling may have queued notifications and callbacks: run them before any client leaves
        // or the loop sleeps.
        self.run_settled();
        control::settle(&mut self.cx());
        if self.is_ending() {
            self.door.close(&self.world.poller);
        }
        self.check_exits();
        if self.deadlines.take_exit(self.world.now.mono_ms) {
            self.drop_clients();
        }
        self.run_settled();
    }

    /// Windows get the sizes that commands and clients gave them. While a command waits for the keeper,
    /// so do they: a list that sizes a window and then splits it must split what was there before, as
    /// if there were no turn between.
    fn apply_sizes(&mut self) {
        let now_ms = self.world.now.mono_ms;
        let waiting = || self.server.windows.values().any(|w| w.flags.contains(WindowFlags::RESIZE));
        let waits = self.world.custody.is_asked() && waiting();
        // The timer only wakes the loop, should the keeper say nothing.
        let wake = |ms| _ = self.world.timer(ms, Box::new(|_| {}));
        if self.deadlines.hold_sizes(now_ms, waits, wake) {
            return;
        }
        self.cx().apply_sizes();
    }

    /// What disks and cgroups have to say. Trouble with a disk is shown to everybody.
    fn show_messages(&mut self) {
        self.note_panics();
        for message in self.world.scopes.take_messages() {
            tracing::info!("{message}");
            self.server.add_message(self.world.now, message);
        }
        let saver = self.world.saver.take_messages();
        let (shown, logged): (Vec<_>, Vec<_>) = saver.into_iter().partition(|(_, shown)| *shown);
        for (message, _) in logged {
            tracing::warn!("{message}");
            self.server.add_message(self.world.now, message);
        }
        let shown = shown.into_iter().map(|(message, _)| message);
        for message in self.world.histories.take_messages().into_iter().chain(shown) {
            tracing::warn!("{message}");
            let attached = self.server.clients.values().filter(|c| c.session.is_some()).map(|c| c.id);
            let attached: Vec<ClientId> = attached.collect();
            if attached.is_empty() {
                self.server.add_message(self.world.now, message.clone());
            }
            for client in attached {
                crate::view::message::show_error(&mut self.cx(), client, &message);
            }
        }
    }

    /// Adds caught panics to the message log.
    pub(super) fn note_panics(&mut self) {
        for message in crate::base::guard::take_reports() {
            self.server.add_message(self.world.now, message);
        }
    }

    fn run_settled(&mut self) {
        if !self.server.queues.is_empty() {
            self.queue_busy = crate::command::queue::run(&mut self.cx()) || !self.world.callbacks.is_empty();
        }
    }

    /// Rings bells and shows messages for alerts.
    fn show_alerts(&mut self) {
        for alert in std::mem::take(&mut self.server.alert_messages) {
            let mut cx = self.cx();
            if alert.bell {
                cx.host.tty_bell(alert.client);
            }
            if let Some(text) = alert.text {
                crate::view::message::show_error(&mut cx, alert.client, &text);
            }
        }
    }

    /// Updates automatic window names.
    pub(super) fn check_names(&mut self) {
        let now_ms = self.world.now.mono_ms;
        let changed: Vec<WindowId> = self
            .server
            .windows
            .values()
            .filter(|w| {
                self.server.panes.get(&w.active).is_some_and(|p| p.flags.contains(PaneFlags::CHANGED))
            })
            .map(|w| w.id)
            .collect();
        for id in changed {
            if !self.server.window_options(id).get(opt::AUTOMATIC_RENAME) {
                continue;
            }
            let Some(window) = self.server.windows.get_mut(&id) else { continue };
            if window.name_time_ms != 0 && now_ms < window.name_time_ms + NAME_MS {
                if !window.name_check_due {
                    window.name_check_due = true;
                    let delay = window.name_time_ms + NAME_MS - now_ms;
                    self.world.timer(delay, Box::new(|_| {}));
                }
                continue;
            }
            window.name_time_ms = now_ms;
            window.name_check_due = false;
            let active = window.active;
            if let Some(pane) = self.server.panes.get_mut(&active) {
                pane.flags.remove(PaneFlags::CHANGED);
            }
            let name = format::window_name(&self.cx(), id);
            let cx = self.cx();
            if cx.server.window(id).is_some_and(|w| w.name != name) {
                cx.server.set_window_name(id, &name, true);
                cx.server.redraw_window_borders(id);
                cx.server.status_window(id);
                // Frames of this turn are drawn: another turn draws the name.
                self.pacing.want_turn();
            }
        }
    }

    /// Redraws status lines, each every `status-interval` seconds.
    fn check_status(&mut self, now_ms: u64) {
        let attached = self.server.clients.values().filter(|c| c.status_due_ms <= now_ms);
        let due: Vec<_> = attached.filter_map(|c| Some((c.id, c.session?))).collect();
        for (id, session) in due {
            let interval = self.server.session_options(session).get(opt::STATUS_INTERVAL).max(0) as u64;
            let Some(client) = self.server.clients.get_mut(&id) else { continue };
            // 0: the client attached, or the option changed, since the last turn.
            if client.status_due_ms != 0 && client.message.is_none() && client.prompt.is_none() {
                client.status_dirty = true;
            }
            client.status_due_ms = if interval == 0 { 0 } else { now_ms + interval * 1000 };
        }
    }

    /// Handles everything else that is due by the clock: status lines, locks, unanswered queries.
    fn check_due(&mut self) {
        let now_ms = self.world.now.mono_ms;
        self.check_status(now_ms);
        self.check_locks();
        let (server, pump) = (&self.server, &self.world.pump);
        let report = self.world.scopes.look(now_ms, |pane| {
            let attention = match pump.typed_within(pane, now_ms, KEYED_MS) {
                true => Attention::Keyed,
                false if is_seen(server, pane) => Attention::Visible,
                false => Attention::Hidden,
            };
            Standing { attention, last_shell: last_shell(server, pane) }
        });
        self.world.open_gates();
        if let Some(mut report) = report {
            report.mark(&mut self.cx());
            report.tell(&mut self.cx());
        }
        for peer in self.world.peers.values_mut() {
            if let Some(tty) = &mut peer.tty
                && tty.give_up_ms.is_some_and(|at| at <= now_ms)
            {
                tty.give_up_ms = None;
                tty.decoder.give_up_replies();
            }
        }
        self.door.end_pause(&self.world.poller, now_ms);
        self.world.histories.end_spared(self.world.now.secs());
        if self.deadlines.take_tidy(now_ms) {
            format::jobs::tidy(&self.server, self.world.now);
            self.world.histories.tidy(self.world.now.secs());
        }
    }

    /// Locks sessions that were idle for `lock-after-time` seconds.
    fn check_locks(&mut self) {
        let now = self.world.now;
        let due: Vec<_> = self
            .server
            .sessions
            .values()
            .filter(|s| s.attached > 0 && s.lock_due_ms.is_some_and(|at| at <= now.mono_ms))
            .map(|s| s.id)
            .collect();
        for id in due {
            if let Some(session) = self.server.sessions.get_mut(&id) {
                session.lock_due_ms = None;
            }
            let clients: Vec<ClientId> =
                self.server.clients.values().filter(|c| c.session == Some(id)).map(|c| c.id).collect();
            for client in clients {
                crate::command::client::lock(&mut self.cx(), client);
            }
            self.server.sizes_dirty = true;
        }
    }

    /// The earliest time at which `check_due` has something to do.
    pub(super) fn next_check_ms(&self) -> Option<u64> {
        let status = self.server.clients.values().filter(|c| c.session.is_some() && c.status_due_ms != 0);
        let status = status.map(|c| c.status_due_ms);
        let silence = self.server.windows.values().filter_map(|w| w.silence_due_ms);
        let locks = self.server.sessions.values().filter(|s| s.attached > 0).filter_map(|s| s.lock_due_ms);
        let ttys = self.world.peers.values().filter_map(|p| p.tty.as_ref()).filter_map(|t| t.give_up_ms);
        status
            .chain(silence)
            .chain(locks)
            .chain(ttys)
            .chain(self.door.pause_ends_ms())
            .chain(self.deadlines.exit_ms())
            .chain(self.world.scopes.next_look_ms())
            .min()
    }

    /// Redraws animated status lines when the next frame is due.
    pub(super) fn animate(&mut self) {
        let due: Vec<ClientId> = std::mem::take(&mut *self.server.animated.lock()).into_iter().collect();
        for client in due {
            if let Some(client) = self.server.clients.get_mut(&client)
                && !std::mem::replace(&mut client.animated, true)
            {
                let id = client.id;
                let redraw = move |cx: &mut crate::model::Cx<'_>| {
                    if let Some(client) = cx.server.clients.get_mut(&id) {
                        client.animated = false;
                        cx.server.status_client(id);
                    }
                };
                self.world.timer(format::FRAME_MS, Box::new(redraw));
            }
        }
    }

    pub(super) fn start_format_jobs(&mut self) {
        format::jobs::start_due(&mut self.cx());
    }

    /// Starts the end of the server: clients are told, and all sessions are destroyed.
    pub(super) fn begin_exit(&mut self) {
        self.server.exiting = true;
        self.deadlines.begin_exit(self.world.now.mono_ms);
        wait_for::flush(&mut self.server);
        let clients: Vec<ClientId> = self.server.clients.keys().copied().collect();
        for id in clients {
            let Some(client) = self.server.clients.get_mut(&id) else { continue };
            if client.flags.contains(ClientFlags::SUSPENDED) {
                self.lose_client(id);
                continue;
            }
            client.flags.insert(ClientFlags::EXIT);
            client.session = None;
            if let Some(peer) = self.world.peers.get_mut(&id) {
                peer.queue_message(ClientMessage::Shutdown);
            }
        }
        let sessions: Vec<_> = self.server.sessions.keys().copied().collect();
        for id in sessions {
            self.cx().destroy_session(id, true);
        }
        // Pipes of panes end with their panes; all other helpers are signalled.
        let jobs =
            self.world.jobs.iter().filter(|(id, job)| job.runs() && !self.world.pipes.contains_key(id));
        let pids: Vec<i32> = jobs.map(|(_, job)| job.pid).collect();
        pids.into_iter().for_each(|pid| self.world.kill(pid, libc::SIGTERM));
    }

    /// Drops clients that do not leave because they read nothing.
    fn drop_clients(&mut self) {
        let clients: Vec<ClientId> = self.server.clients.keys().copied().collect();
        clients.into_iter().for_each(|id| self.lose_client(id));
        self.door.close(&self.world.poller);
    }

    /// Reports whether the server only waits for clients to leave.
    fn is_ending(&mut self) -> bool {
        let options = self.server.server_options();
        let (exit_empty, exit_unattached) = (options.get(opt::EXIT_EMPTY), options.get(opt::EXIT_UNATTACHED));
        drop(options);
        if !exit_empty && !self.server.exiting {
            return false;
        }
        if !exit_unattached && !self.server.sessions.is_empty() {
            return false;
        }
        if self.server.clients.values().any(|c| c.session.is_some()) {
            return false;
        }
        wait_for::flush(&mut self.server);
        self.server.clients.values().all(|c| c.flags.intersects(ClientFlags::EXIT | ClientFlags::DEAD))
            && !self.world.jobs.hold_the_server()
            && self.server.queues.is_empty()
    }

    /// Reports whether the server may end now.
    pub(super) fn is_over(&mut self) -> bool {
        self.door.is_closed() && self.server.clients.is_empty()
    }
}

/// The shell in a pane that is the only one of a session.
fn last_shell(server: &Server, pane: PaneId) -> Option<i32> {
    let pane = server.pane(pane).filter(|pane| pane.argv.is_empty())?;
    let alone = server.window(pane.window).is_some_and(|window| window.panes.len() == 1);
    let only = |session: &Session| session.winlinks.values().all(|winlink| winlink.window == pane.window);
    (alone && server.sessions.values().any(only)).then_some(pane.pid).flatten()
}

/// Reports whether some client shows a pane.
fn is_seen(server: &Server, pane: PaneId) -> bool {
    let Some(window) = server.pane(pane).map(|pane| pane.window) else { return false };
    let mut sessions = server.clients.values().filter_map(|client| client.session);
    server.is_pane_visible(pane) && sessions.any(|session| server.current_window(session) == Some(window))
}
