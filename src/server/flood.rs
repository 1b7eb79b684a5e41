//! When a pane floods: it prints more than anyone can read. Its screen is then shown a few
//! times a second, since each frame would be a screen full of other text. What a program draws
//! on the alternate screen, or soon after a key, is no flood. tmux does the same when a terminal
//! does not take what it prints; the numbers of bytes and of milliseconds between are tmux's.

/// Time over which output is counted, and between two frames of a flood, in milliseconds.
pub const FLOOD_MS: u64 = 100;
/// What a pane prints this soon after a key is the answer to it, in milliseconds.
pub const ANSWER_MS: u64 = 50;
/// A pane that floods is shown when it was silent for this long, in milliseconds.
pub const QUIET_MS: u64 = 20;
/// Bytes for each cell of a pane that may come within that time before it is a flood.
const BYTES_PER_CELL: u64 = 8;

/// What one pane printed lately.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flood {
    /// Begin of the time that is counted (monotonic ms), what came in it, and in the one before.
    start_ms: u64,
    bytes: u64,
    before: u64,
}

impl Flood {
    /// Counts bytes that a pane of so many cells printed. Whether it floods.
    pub fn note(&mut self, bytes: usize, cells: u64, now_ms: u64) -> bool {
        let passed = now_ms.saturating_sub(self.start_ms);
        if passed >= FLOOD_MS {
            self.before = if passed < 2 * FLOOD_MS { self.bytes } else { 0 };
            (self.start_ms, self.bytes) = (now_ms, 0);
        }
        self.bytes += bytes as u64;
        self.bytes.max(self.before) > cells * BYTES_PER_CELL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELLS: u64 = 80 * 24;

    #[test]
    fn what_one_can_read_is_no_flood() {
        let mut flood = Flood::default();
        assert!((0..1000).all(|n| !flood.note(1000, CELLS, 1 + n * 10)));
    }

    #[test]
    fn a_flood_goes_on_until_little_comes() {
        let mut flood = Flood::default();
        assert!(!flood.note(4096, CELLS, 1));
        assert!(!flood.note(4096, CELLS, 2));
        assert!(flood.note(16384, CELLS, 3));
        // The next time is one too, from its first byte.
        assert!(flood.note(1, CELLS, 102));
        assert!(!flood.note(1, CELLS, 202));
    }

    #[test]
    fn a_pause_ends_a_flood() {
        let mut flood = Flood::default();
        assert!(flood.note(1 << 20, CELLS, 1));
        assert!(!flood.note(1, CELLS, 1 + 2 * FLOOD_MS));
    }
}
