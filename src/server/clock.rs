//! The server's clock: time of day, and milliseconds since the first server of this state began.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::base::clock::Now;

/// See the module comment.
pub(super) struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock that begins now.
    pub(super) fn new() -> Self {
        Self { started: Instant::now() }
    }

    /// Monotonic milliseconds. The first one is 1, so that 0 can mean "never".
    pub(super) fn mono_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64 + 1
    }

    pub(super) fn now(&self) -> Now {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { wall_us: wall.as_micros() as i64, mono_ms: self.mono_ms() }
    }

    /// Continues a clock that began this long ago. False if this machine has no such time.
    pub(super) fn continue_from(&mut self, age: Duration) -> bool {
        let started = Instant::now().checked_sub(age);
        self.started = started.unwrap_or(self.started);
        started.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_has_no_time_zero_and_continues_an_earlier_one() {
        let mut clock = Clock::new();
        assert!(clock.mono_ms() >= 1);
        let before = clock.mono_ms();
        assert!(clock.continue_from(Duration::from_millis(5)));
        assert!(clock.mono_ms() >= 6 && clock.now().mono_ms >= before);
    }
}
