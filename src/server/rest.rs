//! Memory that an idle server frees: pages of the program that only the start needed, memory that
//! panes used for much output, and free heap after panes came or went.

use crate::sys::heap;

use super::runtime::Runtime;

/// Silence after which a pane is at rest, in milliseconds.
const QUIET_MS: u64 = 1000;
/// Time between checks for panes at rest, in milliseconds.
const LOOK_MS: u64 = 2000;
/// Panes handled in one turn, so that the turn stays short.
const AT_ONCE: usize = 16;
/// The server counts as at rest this long after its start, or after the last pane was opened or
/// closed, in milliseconds: the effects of such a change, such as a record in the state file, are
/// over by then.
const SETTLED_MS: u64 = 300;
/// A second pass follows when names were looked up and everything was saved.
const SETTLED_AGAIN_MS: u64 = 900;

/// Time of the next check.
#[derive(Default)]
pub(super) struct Rest {
    next_ms: u64,
    started: bool,
}

/// Times of the first and last opening or closing of panes since memory was freed for it (monotonic
/// ms).
#[derive(Clone, Copy)]
pub(super) struct Changes {
    first_ms: u64,
    last_ms: u64,
    /// True if memory was freed for them once.
    given: bool,
}

impl Changes {
    /// Adds a change to earlier ones.
    pub(super) fn note(before: &mut Option<Self>, now_ms: u64) {
        let new = Self { first_ms: now_ms, last_ms: now_ms, given: false };
        let changes = before.get_or_insert(new);
        if changes.given {
            *changes = new;
        }
        changes.last_ms = now_ms;
    }

    /// Time to free memory: soon after the last change, and not much later than the first.
    fn due_ms(&self) -> u64 {
        match self.given {
            false => (self.last_ms + SETTLED_MS).min(self.first_ms + LOOK_MS),
            true => self.last_ms + SETTLED_AGAIN_MS,
        }
    }

    /// Called after memory was freed; returns the changes for the second pass.
    fn done(mut self) -> Option<Self> {
        (!std::mem::replace(&mut self.given, true)).then_some(self)
    }
}

impl Runtime {
    /// Time at which to free memory; `None` if there is none to free.
    pub(super) fn rest_due_ms(&self) -> Option<u64> {
        let quiet = (!self.world.pump.printed.is_empty()).then_some(self.rest.next_ms.max(QUIET_MS));
        quiet.into_iter().chain(self.settled_due_ms()).min()
    }

    /// Time at which to free the pages that were needed for recent changes.
    fn settled_due_ms(&self) -> Option<u64> {
        let changed = self.world.pump.changes.map(|changes| changes.due_ms());
        changed.or_else(|| (!self.rest.started).then_some(SETTLED_MS))
    }

    /// Frees memory, if it is time.
    pub(super) fn give_back(&mut self) {
        let now_ms = self.world.now.mono_ms;
        if self.settled_due_ms().is_some_and(|due| due <= now_ms) {
            self.rest.started = true;
            let changes = self.world.pump.changes.take();
            if changes.is_some() {
                heap::trim();
            }
            self.world.pump.changes = changes.and_then(Changes::done);
            heap::release_program();
        }
        let pump = &mut self.world.pump;
        if pump.printed.is_empty() || self.rest.next_ms.max(QUIET_MS) > now_ms {
            return;
        }
        self.rest.next_ms = now_ms + LOOK_MS;
        let quiet = pump.printed.iter().filter(|(_, at)| **at + QUIET_MS <= now_ms);
        let quiet: Vec<_> = quiet.map(|(pane, _)| *pane).take(AT_ONCE).collect();
        if quiet.len() == AT_ONCE {
            self.rest.next_ms = now_ms;
        }
        for pane in quiet {
            pump.printed.remove(&pane);
            pump.rest(pane);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_soon_after_the_last_change_and_in_any_case_in_time() {
        let mut changes = None;
        Changes::note(&mut changes, 1000);
        assert_eq!(changes.unwrap().due_ms(), 1000 + SETTLED_MS);
        Changes::note(&mut changes, 1100);
        assert_eq!(changes.unwrap().due_ms(), 1100 + SETTLED_MS);
        for now_ms in (1100..9000).step_by(100) {
            Changes::note(&mut changes, now_ms);
        }
        assert_eq!(changes.unwrap().due_ms(), 1000 + LOOK_MS);
        // Once more for its effects, unless there is another change.
        let mut again = changes.unwrap().done();
        assert_eq!(again.unwrap().due_ms(), 8900 + SETTLED_AGAIN_MS);
        assert!(again.unwrap().done().is_none());
        Changes::note(&mut again, 9000);
        assert_eq!(again.unwrap().due_ms(), 9000 + SETTLED_MS);
    }
}
