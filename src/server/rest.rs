//! What the server gives back to the kernel once nothing happens: pages of the program that only
//! starting needed, what panes took while they printed much, and what panes that ended leave in
//! the heap.

use super::runtime::Runtime;

/// A pane that printed nothing for so long is at rest, in milliseconds.
const QUIET_MS: u64 = 1000;
/// How often the server looks for panes at rest, in milliseconds.
const LOOK_MS: u64 = 2000;
/// Panes that are looked after in one turn, so that it stays short.
const AT_ONCE: usize = 16;

/// When to look.
#[derive(Default)]
pub struct Rest {
    next_ms: u64,
    started: bool,
}

impl Runtime {
    /// When memory is to be given back; `None` if there is none to give.
    pub fn rest_due_ms(&self) -> Option<u64> {
        let pump = &self.world.pump;
        let some = !self.rest.started || pump.removed || !pump.printed.is_empty();
        some.then_some(self.rest.next_ms.max(QUIET_MS))
    }

    /// Gives memory back, if it is time.
    pub fn give_back(&mut self) {
        let now_ms = self.world.now.mono_ms;
        if self.rest_due_ms().is_none_or(|due| due > now_ms) {
            return;
        }
        self.rest.next_ms = now_ms + LOOK_MS;
        if !std::mem::replace(&mut self.rest.started, true) {
            super::startup::release_program();
        }
        let pump = &mut self.world.pump;
        let quiet = pump.printed.iter().filter(|(_, at)| **at + QUIET_MS <= now_ms);
        let quiet: Vec<_> = quiet.map(|(pane, _)| *pane).take(AT_ONCE).collect();
        if quiet.len() == AT_ONCE {
            self.rest.next_ms = now_ms;
        }
        for pane in quiet {
            pump.printed.remove(&pane);
            pump.rest(pane);
        }
        if std::mem::take(&mut pump.removed) {
            super::startup::trim_heap();
            super::startup::release_program();
        }
    }
}
