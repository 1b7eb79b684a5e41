//! Serialization of the command queues for the next server, which continues with them under the same item
//! numbers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::{ClientId, PaneId, SessionId, WindowId};
use crate::syntax::command::Invocation;

use super::events::{EventKind, Payload};
use super::find::FindState;
use super::notify::{Gone, Notification};
use super::queue::{Item, ItemId, ItemKind, QueueState, Queues, Step, as_text, shared_state};

/// Added to group numbers of another server, to tell them from groups of this one.
const OTHER: u64 = 1 << 62;

/// All queues.
#[derive(Serialize, Deserialize)]
pub struct QueuesRecord {
    next_item: u64,
    ran: u64,
    queues: Vec<(Option<ClientId>, Vec<ItemRecord>)>,
}

#[derive(Serialize, Deserialize)]
struct ItemRecord {
    id: ItemId,
    group: u64,
    kind: KindRecord,
    client: Option<ClientId>,
    #[serde(with = "shared_state")]
    state: Arc<QueueState>,
    #[serde(rename = "waiting")]
    working: bool,
    resumed: bool,
    started: bool,
}

#[derive(Serialize, Deserialize)]
enum KindRecord {
    Command(#[serde(with = "as_text")] Arc<Invocation>),
    Step(Step),
    Notify(Box<NotificationRecord>),
}

#[derive(Serialize, Deserialize)]
struct NotificationRecord {
    name: String,
    current: FindState,
    client: Option<ClientId>,
    session: Option<SessionId>,
    window: Option<WindowId>,
    pane: Option<PaneId>,
    buffer: Option<String>,
    gone: Option<Gone>,
    payload: Payload,
    formats: Vec<(String, String)>,
}

impl ItemRecord {
    /// `None` if only this server can do the item's work.
    fn take(item: &Item) -> Option<Self> {
        let kind = match &item.kind {
            // The item's work has begun the wait; the record only marks the place.
            _ if item.started => KindRecord::Step(Step::Nothing),
            ItemKind::Command(command) => KindRecord::Command(command.clone()),
            ItemKind::Step(step) => KindRecord::Step(step.clone()),
            ItemKind::Notify(notification) => {
                KindRecord::Notify(Box::new(NotificationRecord::take(notification)))
            }
            ItemKind::Callback(_) => return None,
        };
        let Item { id, group, kind: _, client, state, working, resumed, started } = item;
        Some(Self {
            id: *id,
            group: *group,
            kind,
            client: *client,
            state: state.clone(),
            working: *working,
            resumed: *resumed,
            started: *started,
        })
    }

    fn make(self) -> Item {
        let Self { id, group, kind, client, state, working, resumed, started } = self;
        let kind = match kind {
            KindRecord::Command(command) => ItemKind::Command(command),
            KindRecord::Step(step) => ItemKind::Step(step),
            KindRecord::Notify(notification) => match notification.make() {
                Some(notification) => ItemKind::Notify(Box::new(notification)),
                None => ItemKind::Step(Step::Nothing),
            },
        };
        let group = if group == 0 { 0 } else { group | OTHER };
        Item { id, group, kind, client, state, working, resumed, started }
    }
}

impl NotificationRecord {
    fn take(notification: &Notification) -> Self {
        let Notification { kind, current, client, session, window, pane, buffer, gone, payload, formats } =
            notification.clone();
        let name = kind.name().to_owned();
        Self { name, current, client, session, window, pane, buffer, gone, payload, formats }
    }

    /// `None` for an event that this version does not have.
    fn make(self) -> Option<Notification> {
        let Self { name, current, client, session, window, pane, buffer, gone, payload, formats } = self;
        let kind = EventKind::ALL.iter().copied().find(|kind| kind.name() == name)?;
        Some(Notification { kind, current, client, session, window, pane, buffer, gone, payload, formats })
    }
}

impl Queues {
    /// All queued items; `None` while one of them cannot be serialized.
    pub fn record(&self) -> Option<QueuesRecord> {
        let queue = |(client, queue): (&Option<ClientId>, &super::queue::Queue)| {
            let super::queue::Queue { items } = queue;
            Some((*client, items.iter().map(ItemRecord::take).collect::<Option<Vec<_>>>()?))
        };
        // Refusals are reported in the same turn; nothing is silent between turns.
        let Self { queues, next_item, ran, refused: _, silent: _, cut: _ } = self;
        let queues = queues.iter().map(queue).collect::<Option<Vec<_>>>()?;
        Some(QueuesRecord { next_item: *next_item, ran: *ran, queues })
    }

    /// Continues with the queues of another server.
    pub fn take_up(&mut self, record: QueuesRecord) {
        let QueuesRecord { next_item, ran, queues } = record;
        (self.next_item, self.ran) = (next_item, ran);
        for (client, items) in queues {
            self.queues.entry(client).or_default().items.extend(items.into_iter().map(ItemRecord::make));
        }
    }
}
