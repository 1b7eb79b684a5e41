//! Writes commands that wait for a pane or for events, for the next server; `waiters` reads them.

use std::collections::BTreeMap;

use serde::Serialize;

/// The kind of a waiter: the name of its variant in `waiters::Saved`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub(super) enum WaitKind {
    Pane,
    Sending,
    End,
    Event,
    Watch,
}

/// A waiter as JSON.
pub(super) fn write(kind: WaitKind, waiter: &impl Serialize) -> String {
    serde_json::to_string(&BTreeMap::from([(kind, waiter)])).expect("waiters hold nothing that JSON has not")
}
