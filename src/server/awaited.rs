//! A key that waits for its answer, and the panes that make way for it. The program that gets the key
//! shares the processors with programs that flood: those stop by themselves as soon as nobody reads what
//! they print, so that the program runs at once. (Measured on two busy cores beside
//! a hidden pane that floods: 1.0 ms instead of 1.4 at the median, 8 instead of 15 at the 99th percentile.)
//!
//! Nothing here reads a clock: times are monotonic milliseconds that the caller passes.

use crate::base::PaneId;

/// Longest time that a key waits for its answer, in milliseconds.
const ANSWER_WAIT_MS: u64 = 20;
/// Longest time for which a pane that floods is not read, in milliseconds; it is then read for as long at
/// least, however fast somebody types.
const PAUSE_MS: u64 = 3;
/// Most panes that make way at once. With more of them, the answer waits for the others anyway.
const MAX_PAUSED: usize = 4;

/// See the module comment.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    /// Time of the key whose answer has not come.
    typed_ms: Option<u64>,
    /// Panes that are not read, and since when.
    paused: Vec<PaneId>,
    since_ms: u64,
    /// When panes may make way again.
    next_ms: u64,
}

impl Awaited {
    /// A key was sent to a program.
    pub(super) fn typed(&mut self, now_ms: u64) {
        self.typed_ms = Some(now_ms);
    }

    /// The answer was read.
    pub(super) fn answered(&mut self) {
        self.typed_ms = None;
    }

    /// Reports whether a key waits that may still get an answer.
    pub(super) fn is_due(&self, now_ms: u64) -> bool {
        self.typed_ms.is_some_and(|typed| now_ms < typed + ANSWER_WAIT_MS)
    }

    /// Reports whether a pane that floods makes way now; it is then in the next `take_ended`.
    pub(super) fn pause(&mut self, pane: PaneId, now_ms: u64) -> bool {
        let waits = self.typed_ms.is_some_and(|typed| now_ms < typed + PAUSE_MS);
        if !waits || now_ms < self.next_ms || self.paused.len() >= MAX_PAUSED {
            return false;
        }
        if self.paused.is_empty() {
            self.since_ms = now_ms;
        }
        self.paused.push(pane);
        true
    }

    /// When the pause ends at the latest.
    pub(super) fn due_ms(&self) -> Option<u64> {
        (!self.paused.is_empty()).then_some(self.since_ms + PAUSE_MS)
    }

    /// The panes that are read again: the answer has come, or their pause is over.
    pub(super) fn take_ended(&mut self, now_ms: u64) -> Vec<PaneId> {
        let ended = self.typed_ms.is_none() || self.due_ms().is_some_and(|due| now_ms >= due);
        if !ended || self.paused.is_empty() {
            return Vec::new();
        }
        self.next_ms = now_ms + PAUSE_MS;
        std::mem::take(&mut self.paused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOODS: PaneId = PaneId(1);

    #[test]
    fn a_pane_that_floods_makes_way_until_the_answer_is_there() {
        let mut awaited = Awaited::default();
        assert!(!awaited.pause(FLOODS, 1000), "nobody types");
        awaited.typed(1000);
        assert!(awaited.pause(FLOODS, 1000));
        assert!(awaited.take_ended(1001).is_empty());
        assert_eq!(awaited.due_ms(), Some(1000 + PAUSE_MS));
        awaited.answered();
        assert_eq!(awaited.take_ended(1001), [FLOODS]);
        assert_eq!(awaited.due_ms(), None);
    }

    #[test]
    fn a_pane_makes_way_for_half_of_the_time_at_most() {
        let mut awaited = Awaited::default();
        let mut paused = false;
        let read = (1000..2000).filter(|now_ms| {
            awaited.typed(*now_ms);
            paused &= awaited.take_ended(*now_ms).is_empty();
            paused |= awaited.pause(FLOODS, *now_ms);
            !paused
        });
        let read = read.count() as u64;
        assert!((500 - PAUSE_MS..600).contains(&read), "{read}");
    }

    #[test]
    fn a_key_without_an_answer_is_waited_for_no_longer_than_its_time() {
        let mut awaited = Awaited::default();
        awaited.typed(1000);
        assert!(!awaited.pause(FLOODS, 1000 + PAUSE_MS), "its answer is late");
        assert!(awaited.is_due(1000 + ANSWER_WAIT_MS - 1));
        assert!(!awaited.is_due(1000 + ANSWER_WAIT_MS));
    }

    #[test]
    fn a_few_panes_make_way() {
        let mut awaited = Awaited::default();
        awaited.typed(1000);
        let panes = (0..100).filter(|id| awaited.pause(PaneId(*id), 1000)).count();
        assert_eq!(panes, MAX_PAUSED);
    }
}
