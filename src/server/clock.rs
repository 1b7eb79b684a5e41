//! The server's clock: time of day, and milliseconds since the first server of this state began.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::base::clock::Now;

/// See the module comment.
pub(super) struct Clock(Source);

/// Where a clock has its time from. Without tests there is one variant, which costs nothing.
enum Source {
    /// The machine's clocks, of which the monotonic one began at this time.
    Machine { started: Instant },
    /// A test moves the time.
    #[cfg(test)]
    Hand(Now),
}

impl Clock {
    /// A clock that begins now.
    pub(super) fn new() -> Self {
        Self(Source::Machine { started: Instant::now() })
    }

    /// Monotonic milliseconds. The first one is 1, so that 0 can mean "never".
    pub(super) fn mono_ms(&self) -> u64 {
        match &self.0 {
            Source::Machine { started } => started.elapsed().as_millis() as u64 + 1,
            #[cfg(test)]
            Source::Hand(now) => now.mono_ms,
        }
    }

    pub(super) fn now(&self) -> Now {
        match &self.0 {
            Source::Machine { .. } => {
                let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Now { wall_us: wall.as_micros() as i64, mono_ms: self.mono_ms() }
            }
            #[cfg(test)]
            Source::Hand(now) => *now,
        }
    }

    /// Continues a clock that began this long ago. False if this machine has no such time.
    pub(super) fn continue_from(&mut self, age: Duration) -> bool {
        let began = Instant::now().checked_sub(age);
        match (&mut self.0, began) {
            (Source::Machine { started }, Some(began)) => *started = began,
            #[cfg(test)]
            (Source::Hand(_), _) => return false,
            _ => {}
        }
        began.is_some()
    }
}

#[cfg(test)]
impl Clock {
    /// A clock that stands still until a test moves it.
    pub(super) fn by_hand(now: Now) -> Self {
        Self(Source::Hand(now))
    }

    /// Moves a clock of a test, both of its times.
    pub(super) fn advance(&mut self, ms: u64) {
        let Source::Hand(now) = &mut self.0 else { panic!("this clock runs by itself") };
        now.mono_ms += ms;
        now.wall_us += ms as i64 * 1000;
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
