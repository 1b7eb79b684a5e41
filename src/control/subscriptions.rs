//! The subscriptions of a control client.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::PaneId;
use crate::model::monitors::What;

/// A format that is watched.
pub(super) struct Subscription {
    pub what: What,
    pub format: String,
    /// Values sent last, by index of the window and pane.
    pub last: BTreeMap<(i32, Option<PaneId>), String>,
}

/// A serialized subscription.
#[derive(Serialize, Deserialize)]
pub(super) struct SubscriptionRecord {
    name: String,
    what: What,
    format: String,
    last: Vec<((i32, Option<PaneId>), String)>,
}

/// A client's subscriptions by name.
#[derive(Default)]
pub(super) struct Subscriptions {
    pub by_name: BTreeMap<String, Subscription>,
    pub ticking: bool,
}

impl Subscriptions {
    pub(super) fn save(&self) -> Vec<SubscriptionRecord> {
        let record = |(name, subscription): (&String, &Subscription)| {
            let Subscription { what, format, last } = subscription;
            SubscriptionRecord {
                name: name.clone(),
                what: *what,
                format: format.clone(),
                last: last.iter().map(|(place, value)| (*place, value.clone())).collect(),
            }
        };
        // The timer is started by the next server.
        let Self { by_name, ticking: _ } = self;
        by_name.iter().map(record).collect()
    }

    pub(super) fn load(records: Vec<SubscriptionRecord>) -> Self {
        let subscription = |record: SubscriptionRecord| {
            let SubscriptionRecord { name, what, format, last } = record;
            (name, Subscription { what, format, last: BTreeMap::from_iter(last) })
        };
        Self { by_name: records.into_iter().map(subscription).collect(), ticking: false }
    }
}
