//! Progress of a long command, and a way to stop it. An attached client gets a line that q and C-c end; a
//! client that runs one command gets it on its standard error, if that is a terminal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::base::{Attrs, CellStyle, ClientId, Key, Surface};
use crate::format::draw::draw as draw_format;
use crate::format::usage::size_text;
use crate::model::host::{ClientMessage, Stream};
use crate::model::mode::{Overlay, OverlayResult};
use crate::model::queue::KeyEvent;
use crate::model::{Client, ClientFlags, Cx, ItemContext};
use crate::view::overlay;

/// Milliseconds until the line is first shown, and between its updates.
const FIRST_MS: u64 = 700;
const EVERY_MS: u64 = 300;

/// Progress counters, which the working thread updates.
#[derive(Default)]
pub(crate) struct Meter {
    /// Steps done, and steps in all.
    done: AtomicU64,
    total: AtomicU64,
    bytes: AtomicU64,
    stopped: AtomicBool,
    over: AtomicBool,
    shown: AtomicBool,
}

impl Meter {
    pub(crate) fn set(&self, (done, total): (u64, u64), bytes: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Percentage, bytes and time left, after `ms` milliseconds of work.
    pub(crate) fn text(&self, ms: u64) -> String {
        let (done, total) = (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed));
        let bytes = size_text(self.bytes());
        if done == 0 || total == 0 {
            return bytes;
        }
        let share = u128::from(done.min(total)) * 100 / u128::from(total);
        let left = u128::from(ms) * u128::from(total.saturating_sub(done)) / u128::from(done) / 1000;
        let left = match left {
            0..120 => format!("{left} s"),
            _ => format!("{} min", left / 60),
        };
        format!("{share}%, {bytes}, {left} left")
    }
}

/// The client that sees the line.
#[derive(Clone, Copy)]
enum Watcher {
    Attached(ClientId),
    Errors(ClientId),
}

/// Shows progress until `Work::end` is called.
pub(crate) struct Work {
    pub meter: Arc<Meter>,
    watcher: Option<Watcher>,
    /// A client that C-c ends, and with it the work.
    waits: Option<ClientId>,
}

impl Work {
    /// `what`: the name of the work, such as "saving". `prints`: the work writes to the client's standard
    /// output.
    pub(crate) fn begin(cx: &mut Cx<'_>, item: &ItemContext, what: &'static str, prints: bool) -> Self {
        Self::begin_for(cx, item.client, what, prints)
    }

    /// `begin` for work that no command began.
    pub(crate) fn begin_for(
        cx: &mut Cx<'_>,
        client: Option<ClientId>,
        what: &'static str,
        prints: bool,
    ) -> Self {
        let meter = Arc::new(Meter::default());
        let client = client.and_then(|id| cx.server.client(id));
        let waits = client.filter(|client| client.session.is_none()).map(|client| client.id);
        let watcher = client.and_then(|client| watcher(cx, client, prints));
        waits.into_iter().for_each(|client| cx.host.client_message(client, ClientMessage::MayStop(true)));
        if let Some(watcher) = watcher {
            let (meter, began_ms) = (meter.clone(), cx.now.mono_ms);
            cx.host.timer(FIRST_MS, Box::new(move |cx| show(cx, watcher, what, began_ms, &meter)));
        }
        Self { meter, watcher, waits }
    }

    /// Reports whether somebody stopped the work, or nobody waits for it any more.
    pub(crate) fn is_over(&self, cx: &Cx<'_>) -> bool {
        self.meter.is_stopped() || self.waits.is_some_and(|client| cx.server.client(client).is_none())
    }

    /// Removes the line: the work is done or was stopped.
    pub(crate) fn end(&self, cx: &mut Cx<'_>) {
        self.meter.over.store(true, Ordering::Relaxed);
        let waits = self.waits.filter(|client| cx.server.client(*client).is_some());
        waits.into_iter().for_each(|client| cx.host.client_message(client, ClientMessage::MayStop(false)));
        if !self.meter.shown.load(Ordering::Relaxed) {
            return;
        }
        match self.watcher {
            Some(Watcher::Attached(client)) if has_line(cx, client) => overlay::clear(cx, client),
            Some(Watcher::Errors(client)) => {
                cx.host.client_write(client, Stream::Err, b"\r\x1b[K");
            }
            _ => {}
        }
    }
}

fn watcher(cx: &Cx<'_>, client: &Client, prints: bool) -> Option<Watcher> {
    if client.flags.contains(ClientFlags::CONTROL) {
        return None;
    }
    if client.session.is_some() {
        return Some(Watcher::Attached(client.id));
    }
    let errors = cx.host.client_terminal(client.pid, Stream::Err)?;
    let mixes = prints && cx.host.client_terminal(client.pid, Stream::Out) == Some(errors);
    (!mixes).then_some(Watcher::Errors(client.id))
}

fn show(cx: &mut Cx<'_>, watcher: Watcher, what: &'static str, began_ms: u64, meter: &Arc<Meter>) {
    if meter.over.load(Ordering::Relaxed) {
        return;
    }
    let text = format!("{what}: {}", meter.text(cx.now.mono_ms.saturating_sub(began_ms)));
    match watcher {
        Watcher::Attached(client) => {
            let Some(c) = cx.server.clients.get_mut(&client) else { return };
            match c.overlay.as_mut().map(|overlay| overlay.as_any().downcast_mut::<Line>()) {
                Some(Some(line)) => {
                    line.text = text;
                    cx.server.redraw_client(client);
                }
                // Another overlay is open and stays.
                Some(None) => {}
                None => overlay::open(cx, client, Box::new(Line { text, meter: meter.clone() }), 0),
            }
        }
        Watcher::Errors(client) => {
            if cx.server.client(client).is_none() {
                return;
            }
            cx.host.client_write(client, Stream::Err, format!("\r{text}\x1b[K").as_bytes());
        }
    }
    meter.shown.store(true, Ordering::Relaxed);
    let meter = meter.clone();
    cx.host.timer(EVERY_MS, Box::new(move |cx| show(cx, watcher, what, began_ms, &meter)));
}

fn has_line(cx: &mut Cx<'_>, client: ClientId) -> bool {
    let overlay = cx.server.clients.get_mut(&client).and_then(|c| c.overlay.as_mut());
    overlay.is_some_and(|overlay| overlay.as_any().is::<Line>())
}

/// The line of an attached client.
struct Line {
    text: String,
    meter: Arc<Meter>,
}

impl Overlay for Line {
    fn draw(&mut self, _: &mut Cx<'_>, _: ClientId, frame: &mut Surface) {
        let size = frame.size();
        let text = format!("#[fill=default,align=left] {} #[dim](q stops it)", self.text);
        let style = CellStyle { attrs: Attrs::REVERSE, ..CellStyle::DEFAULT };
        frame.fill(0, size.rows - 1, size.cols, 1, &crate::base::Cell { style, ..crate::base::Cell::BLANK });
        draw_format(frame, 0, size.rows - 1, size.cols, style, &text);
    }

    fn key(&mut self, _: &mut Cx<'_>, _: ClientId, event: &KeyEvent) -> OverlayResult {
        let key = event.key.identity();
        if key == Key::char('q') || key == Key::ctrl('c') || key == Key::char('\x1b') {
            self.meter.stop();
            return OverlayResult::Close;
        }
        // Other keys are queued behind the command, as usual.
        OverlayResult::Pass
    }

    fn resize(&mut self, _: &mut Cx<'_>, _: ClientId) -> OverlayResult {
        OverlayResult::Keep
    }

    fn close(&mut self, _: &mut Cx<'_>, _: ClientId) {}

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_bytes_and_time_left() {
        let meter = Meter::default();
        let check = |done, bytes, ms, expect: &str| {
            meter.set(done, bytes);
            assert_eq!(meter.text(ms), expect);
        };
        check((0, 0), 0, 500, "0B");
        check((0, 10), 2048, 500, "2.0K");
        check((25, 100), 1 << 30, 10_000, "25%, 1.0G, 30 s left");
        check((1, 100), 1 << 20, 10_000, "1%, 1.0M, 16 min left");
        check((100, 100), 1, 10_000, "100%, 1B, 0 s left");
    }
}
