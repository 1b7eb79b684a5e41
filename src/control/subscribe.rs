//! Subscriptions (`refresh-client -B name:what:format`): a format is watched, and changes of its value
//! are sent to the client, at most once a second.

use std::collections::BTreeMap;

use crate::base::{ClientId, SessionId};
use crate::format::{Objects, watch};
use crate::model::Cx;
use crate::model::monitors::What;

use super::queue::{with_state, write_line};
use super::subscriptions::Subscription;

/// Maximum number of subscriptions of one client; more are refused with an error.
const MAX: usize = 1000;
const INTERVAL_MS: u64 = 1000;

/// Starts the timer for the subscriptions of an earlier server.
pub(super) fn go_on(cx: &mut Cx<'_>, id: ClientId) {
    let start = with_state(cx, id, |_, state| {
        let wanted = !state.subscriptions.by_name.is_empty();
        wanted && !std::mem::replace(&mut state.subscriptions.ticking, true)
    });
    if start == Some(true) {
        cx.host.timer(INTERVAL_MS, Box::new(move |cx| tick(cx, id)));
    }
}

/// Adds the subscription `name:what:format`; `name` alone ends one. Returns false if there are too many.
pub(crate) fn subscribe(cx: &mut Cx<'_>, id: ClientId, value: &str) -> bool {
    let Some((name, rest)) = value.split_once(':') else {
        with_state(cx, id, |_, state| state.subscriptions.by_name.remove(value));
        return true;
    };
    let Some((what, format)) = rest.split_once(':') else { return true };
    let what = What::parse(what);
    let start = with_state(cx, id, |_, state| {
        let subscriptions = &mut state.subscriptions;
        if subscriptions.by_name.len() >= MAX && !subscriptions.by_name.contains_key(name) {
            return None;
        }
        let new = Subscription { what, format: format.to_owned(), last: BTreeMap::new() };
        subscriptions.by_name.insert(name.to_owned(), new);
        Some(!std::mem::replace(&mut subscriptions.ticking, true))
    });
    let Some(start) = start else { return true };
    if start == Some(true) {
        cx.host.timer(INTERVAL_MS, Box::new(move |cx| tick(cx, id)));
    }
    start.is_some()
}

/// Expands all formats, and sends values that changed.
fn tick(cx: &mut Cx<'_>, id: ClientId) {
    let lines = with_state(cx, id, |cx, state| {
        if state.subscriptions.by_name.is_empty() {
            state.subscriptions.ticking = false;
            return None;
        }
        let Some(session) = cx.server.client(id).and_then(|c| c.session) else { return Some(Vec::new()) };
        let mut lines = Vec::new();
        for (name, subscription) in &mut state.subscriptions.by_name {
            changes(cx, id, session, name, subscription, &mut lines);
        }
        Some(lines)
    });
    let Some(Some(lines)) = lines else { return };
    lines.iter().for_each(|line| write_line(cx, id, line));
    cx.host.timer(INTERVAL_MS, Box::new(move |cx| tick(cx, id)));
}

fn changes(
    cx: &Cx<'_>,
    id: ClientId,
    session: SessionId,
    name: &str,
    subscription: &mut Subscription,
    out: &mut Vec<String>,
) {
    let objects = || Objects::new(cx.server, cx.host, cx.now).client(Some(id));
    for seen in watch::values(cx.server, session, subscription.what, &subscription.format, objects, objects) {
        let key = (seen.index, seen.pane);
        if subscription.last.get(&key) == Some(&seen.value) {
            continue;
        }
        let place = match (seen.window, seen.pane) {
            (Some(window), Some(pane)) => format!("{window} {} {pane}", seen.index),
            (Some(window), None) => format!("{window} {} -", seen.index),
            _ => "- - -".to_owned(),
        };
        out.push(format!("%subscription-changed {name} {session} {place} : {}", seen.value));
        subscription.last.insert(key, seen.value);
    }
}
