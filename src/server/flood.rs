//! Flood detection: a pane floods if it prints more than anyone can read. Its screen is then drawn
//! a few times a second, since each frame would be a screen full of other text. Output on the
//! alternate screen, or soon after a key, is no flood. tmux does the same if a terminal does not
//! keep up with the output; the limits of bytes and milliseconds are tmux's.
//!
//! Nothing here reads a clock: times are monotonic milliseconds that the caller passes.

/// Window over which output is counted, and time between two frames of a flood, in milliseconds.
const FLOOD_MS: u64 = 100;
/// Output this soon after a key counts as the answer to the key, in milliseconds.
const ANSWER_MS: u64 = 50;
/// Silence after which a flooding pane is drawn, in milliseconds.
const QUIET_MS: u64 = 20;
/// Bytes per cell of a pane within the window from which on output is a flood.
const BYTES_PER_CELL: u64 = 8;

/// A piece of a pane's output, and the pane's state when it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// Its length in bytes.
    pub bytes: u64,
    /// Columns times rows of the pane.
    pub cells: u64,
    /// True if the pane shows its alternate screen.
    pub alternate: bool,
    /// Time of the last key that was sent to the pane.
    pub typed_ms: Option<u64>,
    /// True if there is more output to read from the pane.
    pub more: bool,
    pub now_ms: u64,
}

impl Piece {
    /// Reports whether it came soon after a key.
    fn answers(&self) -> bool {
        self.typed_ms.is_some_and(|typed| self.now_ms < typed + ANSWER_MS)
    }
}

/// Urgency of drawing a pane's output.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Pace {
    /// Answer to a key: drawn at once.
    Answer,
    /// Drawn with the next frame; while panes have output to read, frames are some milliseconds
    /// apart.
    #[default]
    Usual,
    /// Flood: drawn a few times a second.
    Flood,
}

/// Recent output of one pane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flood {
    /// Start of the current window, bytes printed in it, and in the one before.
    start_ms: u64,
    bytes: u64,
    before: u64,
}

impl Flood {
    /// Counts a piece, and returns how soon it is to be drawn.
    pub(super) fn note(&mut self, piece: &Piece) -> Pace {
        let passed = piece.now_ms.saturating_sub(self.start_ms);
        if passed >= FLOOD_MS {
            self.before = if self.is_recent(piece.now_ms) { self.bytes } else { 0 };
            (self.start_ms, self.bytes) = (piece.now_ms, 0);
        }
        self.bytes += piece.bytes;
        match is_flood(self.bytes.max(self.before), piece) {
            true => Pace::Flood,
            // The last piece of an answer is drawn at once, together with those before.
            false if piece.answers() && !piece.more => Pace::Answer,
            false => Pace::Usual,
        }
    }

    /// Reports whether output came of late, so that the last pace still holds.
    pub(super) fn is_recent(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.start_ms) < 2 * FLOOD_MS
    }
}

/// Reports whether `piece` belongs to a flood, given `bytes` printed in the current window.
fn is_flood(bytes: u64, piece: &Piece) -> bool {
    // Whole screens of a full-screen program must be seen, and so must the answer to a key.
    bytes > piece.cells * BYTES_PER_CELL && !piece.alternate && !piece.answers()
}

/// Time of the next frame of a flood, if the last frame was drawn at `drawn_ms`, and the last
/// output came at `printed_ms`. Both limits hold without any further event.
pub(super) fn frame_due(drawn_ms: u64, printed_ms: u64) -> u64 {
    (drawn_ms + FLOOD_MS).min(printed_ms + QUIET_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELLS: u64 = 80 * 24;
    const MOST: u64 = CELLS * BYTES_PER_CELL;

    fn piece(bytes: u64, now_ms: u64) -> Piece {
        Piece { bytes, cells: CELLS, alternate: false, typed_ms: None, more: false, now_ms }
    }

    /// Reports whether a piece may wait for the next frame of a flood.
    fn floods(flood: &mut Flood, piece: Piece) -> bool {
        flood.note(&piece) == Pace::Flood
    }

    #[test]
    fn what_one_can_read_is_no_flood() {
        let mut flood = Flood::default();
        assert!((0..1000).all(|n| !floods(&mut flood, piece(1000, 1 + n * 10))));
    }

    #[test]
    fn a_flood_is_more_than_eight_bytes_a_cell() {
        assert!(!floods(&mut Flood::default(), piece(MOST, 1)));
        assert!(floods(&mut Flood::default(), piece(MOST + 1, 1)));
        // However the output is split.
        let mut flood = Flood::default();
        assert!(!floods(&mut flood, piece(MOST, 1)));
        assert!(floods(&mut flood, piece(1, 1)));
        // A pane with more cells has a higher limit.
        assert!(!floods(&mut Flood::default(), Piece { cells: CELLS + 1, ..piece(MOST + 1, 1) }));
    }

    #[test]
    fn a_flood_goes_on_until_little_comes() {
        let mut flood = Flood::default();
        assert!(!floods(&mut flood, piece(4096, 1)));
        assert!(!floods(&mut flood, piece(4096, 2)));
        assert!(floods(&mut flood, piece(16384, 3)));
        // The next window is a flood too, from its first byte.
        assert!(floods(&mut flood, piece(1, 102)));
        assert!(!floods(&mut flood, piece(1, 202)));
    }

    #[test]
    fn a_pause_ends_a_flood() {
        let mut flood = Flood::default();
        assert!(floods(&mut flood, piece(1 << 20, 1)));
        assert!(flood.is_recent(2 * FLOOD_MS - 1) && !flood.is_recent(2 * FLOOD_MS));
        assert!(!floods(&mut flood, piece(1, 1 + 2 * FLOOD_MS)));
    }

    #[test]
    fn the_alternate_screen_is_drawn_at_once() {
        let mut flood = Flood::default();
        assert!(!floods(&mut flood, Piece { alternate: true, ..piece(1 << 20, 1) }));
        // Output on the alternate screen still counts once the program leaves it, so that the rest
        // of a flood waits.
        assert!(floods(&mut flood, piece(1, 2)));
    }

    #[test]
    fn the_answer_to_a_key_is_drawn_at_once() {
        let mut flood = Flood::default();
        let after = |ms: u64| Piece { typed_ms: Some(1000), ..piece(1 << 20, 1000 + ms) };
        assert!(!floods(&mut flood, after(0)));
        assert!(!floods(&mut flood, after(ANSWER_MS - 1)));
        assert!(floods(&mut flood, after(ANSWER_MS)));
        assert_eq!(flood.note(&after(ANSWER_MS - 1)), Pace::Answer);
        // While there is more of it to read, the output so far may wait for the rest.
        assert_eq!(flood.note(&Piece { more: true, ..after(0) }), Pace::Usual);
        // A pane without any key has no answers, even right after the server's start.
        assert!(floods(&mut Flood::default(), piece(1 << 20, 1)));
    }

    #[test]
    fn a_flood_is_drawn_after_a_time_and_its_end_after_a_pause() {
        // While it floods: frames at a fixed interval, whenever the last piece came.
        assert_eq!(frame_due(1000, 1000 + FLOOD_MS - 1), 1000 + FLOOD_MS);
        // At its end.
        assert_eq!(frame_due(1000, 1010), 1010 + QUIET_MS);
        // After a long silence the first piece must not wait.
        assert!(frame_due(0, 5000) <= 5000);
    }
}
