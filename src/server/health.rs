//! State of the server for its log: durations of turns, and counts of its objects.

use std::time::Duration;

use super::runtime::Runtime;
use super::world::World;
use super::{log, proc};

/// Time between two lines in the log.
const EVERY_MS: u64 = 60_000;
/// Histogram ranges for each doubling of a time.
const PARTS: u64 = 4;

/// Histogram of the durations of turns: a count for each range of microseconds, four to a doubling.
pub(super) struct Turns {
    counts: [u64; 128],
    most: Duration,
    next_line_ms: u64,
}

impl Default for Turns {
    fn default() -> Self {
        Self { counts: [0; 128], most: Duration::ZERO, next_line_ms: EVERY_MS }
    }
}

impl Turns {
    pub(super) fn note(&mut self, took: Duration) {
        self.counts[slot(took.as_micros() as u64)] += 1;
        self.most = self.most.max(took);
    }

    /// The time in microseconds that `of_thousand` out of a thousand turns did not exceed.
    fn quantile(&self, of_thousand: u64) -> u64 {
        let wanted = self.total() * of_thousand / 1000;
        let mut seen = 0;
        let reached = |count: &u64| {
            seen += count;
            seen > wanted
        };
        let slot = self.counts.iter().position(reached).unwrap_or(0) as u64;
        end_of(slot).min(self.most.as_micros() as u64)
    }

    fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// Range of a time in microseconds.
fn slot(us: u64) -> usize {
    if us < PARTS {
        return us as usize;
    }
    let doubling = u64::from(us.ilog2());
    let part = (us >> (doubling - 2)) & (PARTS - 1);
    (((doubling - 1) * PARTS + part) as usize).min(127)
}

/// The longest time in a range.
fn end_of(slot: u64) -> u64 {
    if slot < PARTS {
        return slot;
    }
    let (doubling, part) = (slot / PARTS + 1, slot % PARTS);
    ((PARTS + part + 1) << (doubling - 2)) - 1
}

/// Counts of the server's objects, in one line.
pub(super) fn line(world: &World, panes: usize, clients: usize) -> String {
    let entries = |dir: &str| std::fs::read_dir(dir).map_or(0, Iterator::count);
    let number = |name: &str| world.histories.usage(None, name).unwrap_or_default();
    let turns = &world.turns;
    format!(
        "health: rss {} panes {panes} clients {clients} queued {} cached {} disk {} descriptors {} threads {} \
         saved {} turns {} p50 {} p99 {} max {} us restarts {}",
        proc::resident_bytes().unwrap_or(0),
        world.queued_bytes(),
        world.histories.cached_bytes(),
        number("history_disk_bytes"),
        // Do not count the descriptor with which the directory is read.
        entries("/proc/self/fd").saturating_sub(1),
        entries("/proc/self/task"),
        world.saver.health(),
        turns.total(),
        turns.quantile(500),
        turns.quantile(990),
        turns.most.as_micros(),
        log::deaths(),
    )
}

impl Runtime {
    /// Writes a line to the log once a minute, in a turn with another cause.
    pub(super) fn note_health(&mut self) {
        let now_ms = self.world.now.mono_ms;
        if now_ms >= self.world.turns.next_line_ms {
            self.world.turns.next_line_ms = now_ms + EVERY_MS;
            tracing::info!("{}", line(&self.world, self.server.panes.len(), self.server.clients.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_range_that_ends_with_it_or_later() {
        let mut last = 0;
        for us in (0..5000).chain([1 << 20, 1 << 30]) {
            let slot = slot(us) as u64;
            assert!(slot >= last && us <= end_of(slot), "{us}: {slot}");
            assert!(slot == 0 || us > end_of(slot - 1), "{us}: {slot}");
            last = slot;
        }
    }

    #[test]
    fn quantiles_are_of_all_turns() {
        let mut turns = Turns::default();
        (0..99).for_each(|_| turns.note(Duration::from_micros(3)));
        turns.note(Duration::from_micros(900));
        assert_eq!((turns.quantile(500), turns.quantile(980), turns.quantile(990)), (3, 3, 900));
    }
}
