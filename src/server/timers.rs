//! One-shot timers of the loop, ordered by due time.

use std::collections::BTreeMap;

use crate::model::Cx;
use crate::model::host::TimerId;

pub(super) type Callback = Box<dyn FnOnce(&mut Cx<'_>) + Send>;

/// Times are monotonic milliseconds. At most `Timers::MAX` are pending; a further one never fires,
/// which only a runaway script can cause.
#[derive(Default)]
pub(super) struct Timers {
    due: BTreeMap<(u64, u64), Callback>,
    when: BTreeMap<u64, u64>,
    next: u64,
}

impl Timers {
    pub(super) const MAX: usize = 100_000;

    pub(super) fn add(&mut self, due_ms: u64, callback: Callback) -> TimerId {
        self.next += 1;
        if self.due.len() < Self::MAX {
            self.due.insert((due_ms, self.next), callback);
            self.when.insert(self.next, due_ms);
        }
        TimerId(self.next)
    }

    pub(super) fn cancel(&mut self, timer: TimerId) {
        if let Some(due) = self.when.remove(&timer.0) {
            self.due.remove(&(due, timer.0));
        }
    }

    /// Due time of a timer.
    pub(super) fn due_ms(&self, timer: TimerId) -> Option<u64> {
        self.when.get(&timer.0).copied()
    }

    /// Due time of the next timer.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.due.keys().next().map(|k| k.0)
    }

    /// Takes a timer that is due.
    pub(super) fn take_due(&mut self, now_ms: u64) -> Option<Callback> {
        let key = *self.due.keys().next().filter(|k| k.0 <= now_ms)?;
        self.when.remove(&key.1);
        self.due.remove(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_in_order_and_cancelled() {
        let mut timers = Timers::default();
        let a = timers.add(20, Box::new(|_| {}));
        timers.add(10, Box::new(|_| {}));
        assert_eq!(timers.next_due(), Some(10));
        assert!(timers.take_due(9).is_none());
        assert!(timers.take_due(10).is_some());
        timers.cancel(a);
        assert_eq!(timers.next_due(), None);
    }
}
