//! Output and ends of panes' programs: output through the pump, events of terminals, sizes, exits.

use crate::base::{PaneId, Size};
use crate::control;
use crate::model::events::EventKind;
use crate::model::host::{ExitStatus, Hold, LoopHost, PaneHost};
use crate::model::pane::PaneFlags;
use crate::model::waits::News;
use crate::model::{ClientFlags, Cx, Server};
use crate::options::opt;
use crate::terminal::{Notification, TerminalEvent};

use super::flood::Pace;
use super::proc;
use super::pump::{PaneIo, Slice};
use super::runtime::Runtime;

/// Time after which synchronized output is drawn anyway, in milliseconds.
const SYNC_MS: u64 = 1000;
/// A little more than the time for which transcripts of panes ended by a signal are kept, in
/// milliseconds.
const SPARED_MS: u64 = 61_000;
/// Time between two resizes of one pane, as in tmux, in milliseconds.
const RESIZE_MS: u64 = 250;

impl PaneIo {
    /// Queues a size to be set at the end of the turn.
    pub(super) fn queue_resize(&mut self, size: Size, cell_pixels: (u32, u32)) {
        self.resize = Some((size, cell_pixels));
    }
}

impl Runtime {
    /// Reads panes with a typing user, and processes their output.
    pub(super) fn pump_fast(&mut self) {
        if !self.world.pump.is_busy() {
            return;
        }
        for pane in self.world.pump.take_resumed() {
            if let Some(slice) = self.world.pump.feed_rest(pane) {
                self.pane_slice(slice);
            }
        }
        let wanted = |pane: PaneId| is_wanted(&self.server, pane);
        let slices = self.world.pump.turn_fast(&self.world.poller, &wanted);
        for slice in slices {
            self.pane_slice(slice);
        }
    }

    /// Reads a slice of another pane. False: there was none.
    pub(super) fn pump_bulk(&mut self) -> bool {
        let wanted = |pane: PaneId| is_wanted(&self.server, pane);
        let slice = self.world.pump.turn_bulk(&self.world.poller, &wanted);
        slice.map(|slice| self.pane_slice(slice)).is_some()
    }

    /// Processes a slice part by part: raw bytes for the clients' terminals are sent after the
    /// output before them and before the output behind them.
    fn pane_slice(&mut self, slice: Slice) {
        let pane = slice.pane;
        let mut part = Some(slice);
        while let Some(slice) = part {
            let (raw, stopped) = (slice.raw, slice.stopped);
            self.pane_output(slice);
            if raw {
                self.draw_before_raw();
            }
            if self.read_picture(pane) || !stopped {
                return;
            }
            part = self.world.pump.feed_rest(pane);
        }
    }

    fn pane_output(&mut self, slice: Slice) {
        let id = slice.pane;
        let _span = tracing::trace_span!("pane", id = id.0).entered();
        tracing::trace!(bytes = slice.len, closed = slice.closed, "output");
        if slice.pace == Pace::Flood {
            self.pacing.note_flood(self.world.now.mono_ms);
        }
        if let Some(pane) = self.server.panes.get_mut(&id) {
            pane.flags.insert(PaneFlags::CHANGED);
            if !pane.modes.is_empty() {
                pane.flags.insert(PaneFlags::UNSEEN_CHANGES);
            }
            pane.lasting.output_offset += slice.bytes.len() as u64;
            if slice.len > 0 {
                pane.lasting.last_output = self.world.now.secs();
                pane.flags -= PaneFlags::SILENT;
            }
            let terminal = pane.terminal.clone();
            let mut terminal = terminal.lock();
            let replies = terminal.take_replies();
            let events = terminal.take_events();
            let congested = terminal.history().is_congested();
            drop(terminal);
            if !replies.is_empty() {
                self.world.pump.write(id, &replies, None);
            }
            let mut cx = self.cx();
            let window = cx.server.panes.get(&id).map(|p| p.window);
            if let Some(window) = window {
                // A slice without output tells of the end, or of what was held back.
                if slice.len > 0 {
                    cx.window_activity(window);
                    cx.server.notify_activity(id);
                }
                match slice.pace {
                    Pace::Answer => cx.server.mark_pane_answered(id),
                    Pace::Usual => cx.server.mark_pane_paced(id),
                    Pace::Flood => cx.server.mark_pane_flooded(id),
                }
            }
            events.into_iter().for_each(|event| terminal_event(&mut cx, id, event));
            crate::model::timeouts::watch(&mut cx, id);
            cx.tell_waiters(id, &News::Printed { whole: !slice.stopped });
            cx.tell_subscribers();
            if !slice.bytes.is_empty() {
                control::pane_output(&mut cx, id, &slice.bytes);
            }
            if congested {
                self.world.pane_pause(id, Hold::Transcript);
                self.world.timer(20, Box::new(move |cx| cx.host.pane_resume(id, Hold::Transcript)));
            }
        }
        self.world.pipe_output(id, &slice.bytes);
        if slice.closed {
            self.hear_scope(id);
            crate::model::lifecycle::pane_closed(&mut self.cx(), id);
        }
    }

    /// Handles the end of one of our processes.
    pub(super) fn process_ended(&mut self, pid: i32, status: ExitStatus) {
        tracing::debug!(pid, ?status, "a program ended");
        let pane =
            self.server.panes.values().find(|p| p.pid == Some(pid) && p.status.is_none()).map(|p| p.id);
        if let Some(id) = pane {
            if self.world.saver.note_end(status, self.world.now.mono_ms) {
                self.world.histories.spare(id, self.world.now.secs());
                // The timer only wakes the loop, which then checks the spared transcripts.
                self.world.timer(SPARED_MS, Box::new(|_| {}));
            }
            // Its last output is still in the terminal.
            self.drain_pane(id);
            self.hear_scope(id);
            crate::model::lifecycle::pane_exited(&mut self.cx(), id, status);
            crate::view::ended::draw_ended(&mut self.cx());
            return;
        }
        if let Some(job) = self.world.jobs.by_pid(pid) {
            self.world.jobs.exited(job, status);
        }
    }

    /// Reads the remaining output of a pane whose process has ended, up to a limit.
    fn drain_pane(&mut self, id: PaneId) {
        self.give_up_picture(id);
        // Output behind that was read already.
        while let Some(slice) = self.world.pump.feed_rest(id) {
            self.pane_slice(slice);
            self.give_up_picture(id);
        }
        for _ in 0..64 {
            self.world.pump.note_ready(id);
            let Some(slice) = self.world.pump.drain_one(&self.world.poller, id) else { return };
            let more = !slice.closed && !slice.bytes.is_empty();
            self.pane_slice(slice);
            if !more {
                return;
            }
        }
    }

    /// Sets the sizes of panes: at once the first time, then at intervals, since programs redraw.
    pub(super) fn apply_pane_sizes(&mut self) {
        let now_ms = self.world.now.mono_ms;
        let (mut later, mut resized) = (Vec::new(), Vec::new());
        for (id, io) in self.world.pump.panes_mut() {
            let Some((size, pixels)) = io.resize else { continue };
            if now_ms < io.resized_ms + RESIZE_MS && io.resized_ms != 0 {
                if !io.resize_timer {
                    io.resize_timer = true;
                    later.push((id, io.resized_ms + RESIZE_MS - now_ms));
                }
                continue;
            }
            io.resize = None;
            io.resize_timer = false;
            io.resized_ms = now_ms;
            proc::set_window_size(io.fd(), size, pixels);
            resized.push(id);
        }
        for id in resized {
            self.report_size(id);
        }
        for (_, delay) in later {
            // The timer only wakes the loop; sizes are set at the end of every turn.
            self.world.timer(delay, Box::new(|_| {}));
        }
    }
}

impl Runtime {
    /// Reports the terminal's size to a program that asked for it (mode 2048).
    fn report_size(&mut self, pane: PaneId) {
        let Some(p) = self.server.panes.get(&pane) else { return };
        let report = p.terminal.lock().size_report();
        if !report.is_empty() {
            self.world.pump.write(pane, &report, None);
        }
    }
}

/// Reports whether a pane's bytes are needed beside its terminal.
fn is_wanted(server: &Server, pane: PaneId) -> bool {
    server.panes.get(&pane).is_some_and(|p| p.pipe.is_some())
        || server.clients.values().any(|c| c.flags.contains(ClientFlags::CONTROL))
}

/// Handles a request of a program to the outside.
fn terminal_event(cx: &mut Cx<'_>, id: PaneId, event: TerminalEvent) {
    let Some(pane) = cx.server.panes.get(&id) else { return };
    let window = pane.window;
    match event {
        TerminalEvent::Bell => {
            cx.server.notify_pane(EventKind::PaneBell, id);
            cx.window_bell(window);
        }
        TerminalEvent::Title(title) => {
            let event = cx.server.pane_event(EventKind::PaneTitleChanged, id);
            cx.server.notify(event.with("new_title", title));
            cx.server.redraw_window_borders(window);
            cx.server.status_window(window);
        }
        TerminalEvent::Path => {
            cx.server.redraw_window_borders(window);
            cx.server.status_window(window);
        }
        TerminalEvent::Name(name) => crate::model::lifecycle::program_renames_window(cx, id, &name),
        TerminalEvent::ClipboardSet { selections, data } => {
            for client in showing_clients(cx, id, false) {
                cx.host.tty_set_clipboard(client, &selections, &data);
            }
            cx.server.notify_pane(EventKind::PaneSetClipboard, id);
            cx.server.set_buffer(data, None, cx.now).ok();
        }
        TerminalEvent::ClipboardBuffer { selection, end } => {
            if let Some(data) = cx.server.buffers.top().map(|b| b.data.clone()) {
                let terminal = cx.server.panes[&id].terminal.clone();
                let mut terminal = terminal.lock();
                terminal.reply_clipboard(selection, &data, end);
                let replies = terminal.take_replies();
                drop(terminal);
                cx.host.pane_reply(id, &replies);
            }
        }
        TerminalEvent::ClipboardQuery { .. } => query_clipboard(cx, id),
        TerminalEvent::PaletteQuery { index } => {
            if let Some(client) = showing_clients(cx, id, false).first() {
                cx.host.tty_query_palette(*client, id, index);
            }
        }
        TerminalEvent::Passthrough { data, always } => {
            for client in showing_clients(cx, id, always) {
                // tmux: a client whose panes are frozen does not get it.
                let held = cx.server.client(client).is_some_and(|c| c.is_frozen());
                if always || !held {
                    cx.host.tty_write(client, &data);
                }
            }
        }
        TerminalEvent::SyncStart => end_sync_in_time(cx, id),
        TerminalEvent::Mark(mark, marks) => {
            cx.server.notify_mark(id, &mark, &marks);
            cx.tell_waiters(id, &News::Mark(&mark, &marks));
        }
        TerminalEvent::Notification(notification) => notify(cx, id, &notification),
        TerminalEvent::Background => cx.server.pane_background_changed(id),
        TerminalEvent::Pictures => super::pictures::keep(cx, id),
        TerminalEvent::ThemeUpdates
        | TerminalEvent::Palette
        | TerminalEvent::Progress
        | TerminalEvent::SyncEnd
        | TerminalEvent::Alternate
        | TerminalEvent::Images => {
            if event == TerminalEvent::Progress {
                cx.server.status_window(window);
            }
            if event == TerminalEvent::Alternate {
                cx.server.redraw_window(window);
            }
            cx.server.mark_pane_paced(id);
        }
    }
}

/// Handles a program's notification: runs hooks and subscribers, and notifies clients according to
/// the option, by the terminal's notification or else by a bell and a message.
fn notify(cx: &mut Cx<'_>, id: PaneId, notification: &Notification) {
    cx.server.notify_program(id, notification);
    let parts = [notification.title.as_str(), notification.text.as_str()];
    let text = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(": ");
    if let Some(pane) = cx.server.panes.get_mut(&id) {
        pane.notification.clone_from(&text);
    }
    let reach = cx.server.pane_options(id).get(opt::NOTIFICATIONS);
    if reach == "off" {
        return;
    }
    cx.server.mark_notified(id);
    for client in showing_clients(cx, id, reach == "on") {
        if !cx.host.tty_notify(client, &text) {
            cx.host.tty_bell(client);
            crate::view::message::show_error(cx, client, &text.replace('#', "##"));
        }
    }
}

/// Draws synchronized output after a time, even if the program has not ended it.
pub(super) fn end_sync_in_time(cx: &mut Cx<'_>, id: PaneId) {
    cx.host.timer(
        SYNC_MS,
        Box::new(move |cx| {
            if let Some(pane) = cx.server.panes.get(&id) {
                pane.terminal.lock().end_sync();
                cx.server.mark_pane_changed(id);
            }
        }),
    );
}

/// Attached clients with terminals that show the pane's window (`always`: that have the window in
/// their session).
fn showing_clients(cx: &Cx<'_>, pane: PaneId, always: bool) -> Vec<crate::base::ClientId> {
    let Some(window) = cx.server.panes.get(&pane).map(|p| p.window) else { return Vec::new() };
    let shows = |c: &&crate::model::Client| {
        let Some(session) = c.session else { return false };
        if !c.accepts_input() {
            return false;
        }
        if always {
            return cx
                .server
                .session(session)
                .is_some_and(|s| s.winlinks.values().any(|wl| wl.window == window));
        }
        cx.server.current_window(session) == Some(window) && cx.server.is_pane_visible(pane)
    };
    cx.server.clients.values().filter(shows).map(|c| c.id).collect()
}

/// Asks the terminal of the client that shows a pane for its clipboard.
fn query_clipboard(cx: &mut Cx<'_>, pane: PaneId) {
    let Some(client) = showing_clients(cx, pane, false).first().copied() else { return };
    if let Some(client) = cx.server.clients.get_mut(&client)
        && !client.clipboard_panes.contains(&pane)
        && client.clipboard_panes.len() < 64
    {
        client.clipboard_panes.push(pane);
    }
    cx.host.tty_query_clipboard(client);
}
