//! Time as an argument. Floors below the server never read a clock; they are given a `Now`.

use serde::{Deserialize, Serialize};

/// A moment, read once a turn: wall time for display, monotonic time for timers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Now {
    /// Microseconds since the Unix epoch.
    pub wall_us: i64,
    /// Monotonic milliseconds since an arbitrary start.
    pub mono_ms: u64,
}

impl Now {
    /// Whole seconds since the Unix epoch.
    pub fn secs(&self) -> i64 {
        self.wall_us.div_euclid(1_000_000)
    }
}
