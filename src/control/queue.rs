//! The output queue of a control client: output of panes, and lines that must not overtake it.
//!
//! Output is stored as the bytes that panes printed, in the same order, and written in pieces as the
//! client reads. A client that falls behind is paused (with `pause-after`) or, after five minutes, ended.
//! If its queue is full, panes that only this client watches are not read.

use std::collections::{BTreeMap, VecDeque};

use crate::base::{ClientId, PaneId, text as codec};
use crate::model::host::{Content, FileDone, Hold, Maker};
use crate::model::{ClientFlags, Cx};

use super::subscriptions::Subscriptions;
use super::text::{self, Text};

/// Bytes in the queue of a client's descriptor, beyond which output is kept here.
const HIGH_WATER: usize = 8192;
/// Minimum number of bytes written for one pane before the next pane.
const SLICE: usize = 2048;
/// Maximum number of bytes of output queued for one client: beyond it panes are held back, or the client
/// is dropped if others watch them.
const MAX_WAITING: usize = 1 << 20;
/// Maximum number of bytes of lines queued behind output; beyond it the client is dropped ("too far
/// behind").
const MAX_LINES: usize = 64 << 20;
/// Age of output (ms) at which its client is ended.
const MAX_AGE_MS: u64 = 300_000;

/// Says whether a pane's output is sent to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) enum PaneState {
    #[default]
    On,
    /// `refresh-client -A %1:off`.
    Off,
    Paused,
}

/// An entry of the queue.
pub(super) enum Entry {
    Output {
        pane: PaneId,
        since_ms: u64,
        bytes: VecDeque<u8>,
    },
    Line(String),
    /// The answer to a command, as a text.
    Text(Text),
}

/// The state of one control client.
#[derive(Default)]
pub(super) struct State {
    pub(super) panes: BTreeMap<PaneId, PaneState>,
    pub(super) entries: VecDeque<Entry>,
    /// Bytes of output and bytes of lines in `entries`.
    pub(super) waiting: usize,
    pub(super) lines: usize,
    pub subscriptions: Subscriptions,
    /// Panes held back for this client.
    pub(super) held: Vec<PaneId>,
}

impl State {
    /// Drops queued output and the states of panes.
    pub(super) fn reset(&mut self) {
        self.discard_output();
        self.panes.clear();
    }

    pub(super) fn discard_output(&mut self) {
        self.entries.retain(|e| !matches!(e, Entry::Output { .. }));
        self.waiting = 0;
    }

    fn discard_pane(&mut self, pane: PaneId) {
        self.entries.retain(|e| !matches!(e, Entry::Output { pane: p, .. } if *p == pane));
        self.waiting = self
            .entries
            .iter()
            .map(|e| match e {
                Entry::Output { bytes, .. } => bytes.len(),
                Entry::Line(_) | Entry::Text(_) => 0,
            })
            .sum();
    }

    pub(super) fn push_output(&mut self, pane: PaneId, since_ms: u64, bytes: &[u8]) {
        self.waiting += bytes.len();
        // Output of the same moment is joined to one entry, so that a flood costs bytes and not entries.
        if let Some(Entry::Output { pane: p, since_ms: t, bytes: b }) = self.entries.back_mut()
            && *p == pane
            && *t == since_ms
        {
            b.extend(bytes);
            return;
        }
        self.entries.push_back(Entry::Output { pane, since_ms, bytes: bytes.iter().copied().collect() });
    }

    /// Milliseconds since the oldest queued output of a pane was printed.
    fn age(&self, pane: PaneId, now_ms: u64) -> u64 {
        self.entries
            .iter()
            .find_map(|e| match e {
                Entry::Output { pane: p, since_ms, .. } if *p == pane => {
                    Some(now_ms.saturating_sub(*since_ms))
                }
                _ => None,
            })
            .unwrap_or(0)
    }
}

/// Calls a function with a client's state, if it is a control client.
pub(super) fn with_state<R>(
    cx: &mut Cx<'_>,
    id: ClientId,
    run: impl FnOnce(&mut Cx<'_>, &mut State) -> R,
) -> Option<R> {
    let mut boxed = cx.server.clients.get_mut(&id)?.control.take()?;
    let result = boxed.downcast_mut::<State>().map(|state| run(cx, state));
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.control = Some(boxed);
    }
    result
}

/// Writes a line now, or queues it behind output.
pub(super) fn write_line(cx: &mut Cx<'_>, id: ClientId, line: &str) {
    let overflow = with_state(cx, id, |cx, state| {
        if state.entries.is_empty() {
            put_line(cx, id, line);
            return false;
        }
        state.lines += line.len();
        state.entries.push_back(Entry::Line(line.to_owned()));
        state.lines > MAX_LINES
    });
    if overflow == Some(true) {
        drop_client(cx, id);
    }
}

/// Writes the answer to a command as fast as the client takes it, after queued entries. `done` is called
/// when all of it was written.
pub(super) fn write_text(cx: &mut Cx<'_>, id: ClientId, text: Content, done: FileDone) {
    with_state(cx, id, |_, state| state.entries.push_back(Entry::Text(Text::new(text, done))));
    write_pending(cx, id);
}

/// Called with the next piece of the text at the head of a client's queue.
fn text_made(cx: &mut Cx<'_>, id: ClientId, maker: Option<Maker>, piece: Vec<u8>) {
    with_state(cx, id, |_, state| {
        if let Some(Entry::Text(text)) = state.entries.front_mut() {
            text.made(maker, piece);
        }
    });
    write_pending(cx, id);
}

fn put_line(cx: &mut Cx<'_>, id: ClientId, line: &str) {
    let mut bytes = codec::to_bytes(line);
    bytes.push(b'\n');
    cx.host.control_write(id, &bytes);
}

/// Ends a client that is too far behind.
fn drop_client(cx: &mut Cx<'_>, id: ClientId) {
    with_state(cx, id, |_, state| {
        state.entries.clear();
        (state.waiting, state.lines) = (0, 0);
    });
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.exit_message = Some("too far behind".to_owned());
        client.flags.insert(ClientFlags::EXIT);
    }
}

/// Called with output of a pane: queues it for all control clients that watch the pane.
pub fn pane_output(cx: &mut Cx<'_>, pane: PaneId, bytes: &[u8]) {
    let ids: Vec<ClientId> =
        cx.server.clients.values().filter(|c| c.control.is_some()).map(|c| c.id).collect();
    for id in ids {
        let Some(client) = cx.server.client(id) else { continue };
        if client.flags.intersects(ClientFlags::CONTROL_NO_OUTPUT | ClientFlags::EXIT)
            || !sees_pane(cx, id, pane)
        {
            continue;
        }
        let pauses = client.flags.contains(ClientFlags::CONTROL_PAUSE_AFTER);
        let full = with_state(cx, id, |cx, state| {
            if state.panes.get(&pane).copied().unwrap_or_default() != PaneState::On {
                return false;
            }
            state.push_output(pane, cx.now.mono_ms, bytes);
            state.waiting > MAX_WAITING
        });
        if full == Some(true) {
            if pauses {
                pause(cx, id, pane);
            } else {
                hold_or_drop(cx, id, pane);
            }
        }
        write_pending(cx, id);
    }
}

/// Called when a client's queue is full: holds the pane back, or drops the client if another client
/// watches the pane.
fn hold_or_drop(cx: &mut Cx<'_>, id: ClientId, pane: PaneId) {
    if is_watched(cx, id, pane) {
        drop_client(cx, id);
        return;
    }
    cx.host.pane_pause(pane, Hold::Control);
    if !cx.server.held_panes.contains(&pane) {
        cx.server.held_panes.push(pane);
    }
    with_state(cx, id, |_, state| {
        if !state.held.contains(&pane) {
            state.held.push(pane);
        }
    });
}

/// Resumes panes whose clients have room again or are gone. If another client has started to watch a
/// pane, the client that holds the pane back is dropped.
pub(super) fn resume_panes(cx: &mut Cx<'_>) {
    for pane in std::mem::take(&mut cx.server.held_panes) {
        let ids: Vec<ClientId> =
            cx.server.clients.values().filter(|c| c.control.is_some()).map(|c| c.id).collect();
        let mut full = false;
        for id in ids {
            if !holds(cx, id, pane) {
                continue;
            }
            if is_watched(cx, id, pane) {
                drop_client(cx, id);
            } else {
                full = true;
            }
        }
        if full {
            cx.server.held_panes.push(pane);
        } else {
            cx.host.pane_resume(pane, Hold::Control);
        }
    }
}

/// True if a pane is held back for a client that still has no room.
fn holds(cx: &mut Cx<'_>, id: ClientId, pane: PaneId) -> bool {
    let held = with_state(cx, id, |_, state| {
        if state.waiting <= MAX_WAITING / 2 {
            state.held.retain(|held| *held != pane);
        }
        state.held.contains(&pane)
    });
    held == Some(true)
}

/// True if a pane is in the session of a control client.
fn sees_pane(cx: &Cx<'_>, id: ClientId, pane: PaneId) -> bool {
    let Some(session) = cx.server.client(id).and_then(|c| c.session).and_then(|s| cx.server.session(s))
    else {
        return false;
    };
    cx.server.pane(pane).is_some_and(|p| session.winlinks.values().any(|wl| wl.window == p.window))
}

/// True if a client other than this one watches a pane.
fn is_watched(cx: &Cx<'_>, id: ClientId, pane: PaneId) -> bool {
    cx.server.clients.values().any(|c| c.id != id && c.session.is_some() && sees_pane(cx, c.id, pane))
}

/// Writes as much as the client takes, oldest entries first.
pub(super) fn write_pending(cx: &mut Cx<'_>, id: ClientId) {
    let extended = cx.server.client(id).is_some_and(|c| c.flags.contains(ClientFlags::CONTROL_PAUSE_AFTER));
    check_ages(cx, id, extended);
    with_state(cx, id, |cx, state| {
        while cx.host.control_pending(id) < HIGH_WATER {
            match state.entries.pop_front() {
                None => break,
                Some(Entry::Text(mut text)) => {
                    let next = text.next(cx, id, text_made);
                    match next {
                        text::Next::Write(bytes) => {
                            cx.host.control_write(id, &bytes);
                            state.entries.push_front(Entry::Text(text));
                        }
                        text::Next::Wait => {
                            state.entries.push_front(Entry::Text(text));
                            break;
                        }
                        text::Next::End(done) => done(cx, Ok(Vec::new())),
                    }
                }
                Some(Entry::Line(line)) => {
                    state.lines -= line.len();
                    put_line(cx, id, &line);
                }
                Some(Entry::Output { pane, since_ms, mut bytes }) => {
                    let take = bytes.len().min(SLICE);
                    let piece: Vec<u8> = bytes.drain(..take).collect();
                    state.waiting -= take;
                    let age = cx.now.mono_ms.saturating_sub(since_ms);
                    cx.host.control_write(id, &output_line(pane, &piece, extended.then_some(age)));
                    if !bytes.is_empty() {
                        state.entries.push_front(Entry::Output { pane, since_ms, bytes });
                    }
                }
            }
        }
    });
}

/// Pauses panes whose output has been queued too long, or ends the client.
fn check_ages(cx: &mut Cx<'_>, id: ClientId, pauses: bool) {
    let pause_after_ms = cx.server.client(id).map_or(0, |c| u64::from(c.pause_age_ms));
    let limit = if pauses { pause_after_ms } else { MAX_AGE_MS };
    let late = with_state(cx, id, |cx, state| {
        let Some(Entry::Output { pane, .. }) =
            state.entries.iter().find(|e| matches!(e, Entry::Output { .. }))
        else {
            return None;
        };
        let age = state.age(*pane, cx.now.mono_ms);
        (age > 0 && age >= limit).then_some(*pane)
    });
    match late.flatten() {
        Some(pane) if pauses => pause(cx, id, pane),
        Some(_) => drop_client(cx, id),
        None => {}
    }
}

fn pause(cx: &mut Cx<'_>, id: ClientId, pane: PaneId) {
    let paused = with_state(cx, id, |_, state| {
        let known = state.panes.entry(pane).or_default();
        let fresh = *known != PaneState::Paused;
        *known = PaneState::Paused;
        state.discard_pane(pane);
        fresh
    });
    if paused == Some(true) {
        write_line(cx, id, &format!("%pause {pane}"));
    }
}

/// `refresh-client -A`: `on`, `off`, `continue` or `pause`.
pub(crate) fn set_pane_state(cx: &mut Cx<'_>, id: ClientId, pane: PaneId, word: &str) {
    match word {
        "on" => {
            with_state(cx, id, |_, state| {
                if state.panes.get(&pane) == Some(&PaneState::Off) {
                    state.panes.insert(pane, PaneState::On);
                }
            });
        }
        "off" => {
            with_state(cx, id, |_, state| {
                state.discard_pane(pane);
                state.panes.insert(pane, PaneState::Off);
            });
        }
        "continue" => {
            let continued = with_state(cx, id, |_, state| {
                let paused = state.panes.get(&pane) == Some(&PaneState::Paused);
                if paused {
                    state.panes.insert(pane, PaneState::On);
                }
                paused
            });
            if continued == Some(true) {
                write_line(cx, id, &format!("%continue {pane}"));
            }
        }
        "pause" => pause(cx, id, pane),
        _ => {}
    }
}

/// True if nothing is queued.
pub(super) fn is_done(cx: &mut Cx<'_>, id: ClientId) -> bool {
    with_state(cx, id, |_, state| state.entries.is_empty()).unwrap_or(true)
}

/// `%output %1 text` or `%extended-output %1 age : text`, with control characters and
/// backslashes as `\ooo`.
fn output_line(pane: PaneId, bytes: &[u8], age_ms: Option<u64>) -> Vec<u8> {
    let mut out = match age_ms {
        Some(age) => format!("%extended-output {pane} {age} : ").into_bytes(),
        None => format!("%output {pane} ").into_bytes(),
    };
    for &byte in bytes {
        if byte < b' ' || byte == b'\\' {
            out.extend_from_slice(format!("\\{byte:03o}").as_bytes());
        } else {
            out.push(byte);
        }
    }
    out.push(b'\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_escaped() {
        assert_eq!(output_line(PaneId(1), b"a\r\n\\\x7f", None), b"%output %1 a\\015\\012\\134\x7f\n");
        assert_eq!(output_line(PaneId(0), b"x", Some(5)), b"%extended-output %0 5 : x\n");
    }

    #[test]
    fn floods_are_counted_and_forgotten() {
        let mut state = State::default();
        state.push_output(PaneId(1), 5, &[b'x'; 100]);
        state.push_output(PaneId(1), 5, &[b'x'; 100]);
        state.push_output(PaneId(2), 6, &[b'y'; 10]);
        assert_eq!((state.entries.len(), state.waiting), (2, 210));
        assert_eq!(state.age(PaneId(2), 10), 4);
        state.discard_pane(PaneId(1));
        assert_eq!((state.entries.len(), state.waiting), (1, 10));
    }
}
