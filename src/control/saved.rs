//! Serialization of a control client's state for the next server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{ClientId, PaneId};
use crate::model::Cx;
use crate::model::host::Hold;

use super::queue::{Entry, PaneState, State};
use super::subscribe;
use super::subscriptions::{SubscriptionRecord, Subscriptions};

/// See the module comment.
#[derive(Serialize, Deserialize)]
pub(crate) struct ControlRecord {
    panes: Vec<(PaneId, PaneState)>,
    entries: Vec<EntryRecord>,
    subscriptions: Vec<SubscriptionRecord>,
    held: Vec<PaneId>,
}

#[derive(Serialize, Deserialize)]
enum EntryRecord {
    Output { pane: PaneId, since_ms: u64, bytes: Vec<u8> },
    Line(String),
}

/// The state of a control client; `None` while a text is being made for it.
pub(crate) fn save(cx: &mut Cx<'_>, id: ClientId) -> Option<ControlRecord> {
    super::queue::with_state(cx, id, |_, state| {
        let State {
            panes,
            entries,
            subscriptions,
            held,
            // Recomputed on loading.
            waiting: _,
            lines: _,
        } = state;
        let entries = entries.iter().map(|entry| {
            Some(match entry {
                Entry::Output { pane, since_ms, bytes } => EntryRecord::Output {
                    pane: *pane,
                    since_ms: *since_ms,
                    bytes: bytes.iter().copied().collect(),
                },
                Entry::Line(line) => EntryRecord::Line(line.clone()),
                Entry::Text(_) => return None,
            })
        });
        Some(ControlRecord {
            entries: entries.collect::<Option<Vec<_>>>()?,
            panes: panes.iter().map(|(pane, how)| (*pane, *how)).collect(),
            subscriptions: subscriptions.save(),
            held: held.clone(),
        })
    })?
}

/// Restores the state that `save` returned.
pub(crate) fn load(cx: &mut Cx<'_>, id: ClientId, record: ControlRecord) {
    let ControlRecord { panes, entries, subscriptions, held } = record;
    let mut state = State { panes: BTreeMap::from_iter(panes), ..State::default() };
    for entry in entries {
        match entry {
            EntryRecord::Output { pane, since_ms, bytes } => state.push_output(pane, since_ms, &bytes),
            EntryRecord::Line(line) => {
                state.lines += line.len();
                state.entries.push_back(Entry::Line(line));
            }
        }
    }
    state.subscriptions = Subscriptions::load(subscriptions);
    for pane in held {
        cx.host.pane_pause(pane, Hold::Control);
        if !cx.server.held_panes.contains(&pane) {
            cx.server.held_panes.push(pane);
        }
        state.held.push(pane);
    }
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.control = Some(Box::new(state));
    }
    subscribe::go_on(cx, id);
}
