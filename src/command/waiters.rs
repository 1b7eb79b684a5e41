//! Reads commands that wait for a pane or for events, from an earlier server.

use serde::Deserialize;

use super::send_command::Sending;
use super::split::UntilEnd;
use super::wait_for::EventWait;
use super::wait_pane::Waiting;
use super::watch_events::{self, Watching};
use crate::model::Cx;
use crate::model::waits::{SavedWait, Waiter};

/// A waiter as `saved_wait::write` writes it.
#[derive(Deserialize)]
enum Saved {
    Pane(Box<Waiting>),
    Sending(Box<Sending>),
    End(Box<UntilEnd>),
    Event(Box<EventWait>),
    Watch(Box<Watching>),
}

/// Adds the waiters of another server. Error: one of them cannot be read.
pub(crate) fn take_up(cx: &mut Cx<'_>, waits: Vec<SavedWait>, events: &[String]) -> Result<(), String> {
    let read =
        |text: &str| serde_json::from_str(text).map_err(|error| format!("a wait cannot be read: {error}"));
    for (pane, text, timers) in waits {
        let waiter: Box<dyn Waiter> = match read(&text)? {
            Saved::Pane(waiter) => waiter,
            Saved::Sending(waiter) => waiter,
            Saved::End(waiter) => waiter,
            Saved::Event(_) | Saved::Watch(_) => return Err("a wait is for no pane".to_owned()),
        };
        let id = cx.watch_pane(pane, waiter).ok_or("too many waits")?;
        for (what, due_ms) in timers {
            cx.tell_later(pane, id, due_ms.saturating_sub(cx.now.mono_ms), what);
        }
    }
    for text in events {
        match read(text)? {
            Saved::Event(wait) => wait.begin(cx),
            Saved::Watch(watching) => watch_events::begin(cx, *watching),
            Saved::Pane(_) | Saved::Sending(_) | Saved::End(_) => {
                return Err("a wait is for no event".to_owned());
            }
        }
    }
    Ok(())
}
