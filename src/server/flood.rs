//! When a pane floods: it prints more than anyone can read. Its screen is then shown a few
//! times a second, since each frame would be a screen full of other text. What a program draws
//! on the alternate screen, or soon after a key, is no flood. tmux does the same when a terminal
//! does not take what it prints; the numbers of bytes and of milliseconds between are tmux's.
//!
//! Nothing here looks at a clock: times are monotonic milliseconds that the caller passes.

/// Time over which output is counted, and between two frames of a flood, in milliseconds.
const FLOOD_MS: u64 = 100;
/// What a pane prints this soon after a key is the answer to it, in milliseconds.
const ANSWER_MS: u64 = 50;
/// A pane that floods is shown when it was silent for this long, in milliseconds.
const QUIET_MS: u64 = 20;
/// Bytes for each cell of a pane that may come within that time before it is a flood.
const BYTES_PER_CELL: u64 = 8;

/// A piece of what a pane printed, and how the pane was when it came.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Its length in bytes.
    pub bytes: u64,
    /// Columns times rows of the pane.
    pub cells: u64,
    /// The pane shows its alternate screen.
    pub alternate: bool,
    /// When a key was last sent to the pane.
    pub typed_ms: Option<u64>,
    /// There is more to read of the pane.
    pub more: bool,
    pub now_ms: u64,
}

impl Piece {
    /// Whether it came soon after a key.
    fn answers(&self) -> bool {
        self.typed_ms.is_some_and(|typed| self.now_ms < typed + ANSWER_MS)
    }
}

/// How soon what a pane printed is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Pace {
    /// It answers a key: at once.
    Answer,
    /// With the next frame; while panes wait to be read, frames are some milliseconds apart.
    #[default]
    Usual,
    /// It floods: a few times a second.
    Flood,
}

/// What one pane printed lately.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flood {
    /// Begin of the time that is counted, what came in it, and in the one before.
    start_ms: u64,
    bytes: u64,
    before: u64,
}

impl Flood {
    /// Counts a piece, and says how soon it is to be shown.
    pub fn note(&mut self, piece: &Piece) -> Pace {
        let passed = piece.now_ms.saturating_sub(self.start_ms);
        if passed >= FLOOD_MS {
            self.before = if passed < 2 * FLOOD_MS { self.bytes } else { 0 };
            (self.start_ms, self.bytes) = (piece.now_ms, 0);
        }
        self.bytes += piece.bytes;
        match is_flood(self.bytes.max(self.before), piece) {
            true => Pace::Flood,
            // The last piece of an answer is drawn at once, and with it those before.
            false if piece.answers() && !piece.more => Pace::Answer,
            false => Pace::Usual,
        }
    }
}

/// Whether a piece is of a flood, when so many bytes came lately.
fn is_flood(bytes: u64, piece: &Piece) -> bool {
    // A program that draws whole screens is meant to be seen, and so is the answer to a key.
    bytes > piece.cells * BYTES_PER_CELL && !piece.alternate && !piece.answers()
}

/// When a terminal is due to show a flood: it was drawn on at `drawn_ms`, and the last piece
/// came at `printed_ms`. Never later than both limits, whatever else happens or does not.
pub fn frame_due(drawn_ms: u64, printed_ms: u64) -> u64 {
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

    /// Whether a piece may wait for the next frame of a flood.
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
        // However it is cut.
        let mut flood = Flood::default();
        assert!(!floods(&mut flood, piece(MOST, 1)));
        assert!(floods(&mut flood, piece(1, 1)));
        // A pane with more cells takes more.
        assert!(!floods(&mut Flood::default(), Piece { cells: CELLS + 1, ..piece(MOST + 1, 1) }));
    }

    #[test]
    fn a_flood_goes_on_until_little_comes() {
        let mut flood = Flood::default();
        assert!(!floods(&mut flood, piece(4096, 1)));
        assert!(!floods(&mut flood, piece(4096, 2)));
        assert!(floods(&mut flood, piece(16384, 3)));
        // The next time is one too, from its first byte.
        assert!(floods(&mut flood, piece(1, 102)));
        assert!(!floods(&mut flood, piece(1, 202)));
    }

    #[test]
    fn a_pause_ends_a_flood() {
        let mut flood = Flood::default();
        assert!(floods(&mut flood, piece(1 << 20, 1)));
        assert!(!floods(&mut flood, piece(1, 1 + 2 * FLOOD_MS)));
    }

    #[test]
    fn the_alternate_screen_is_drawn_at_once() {
        let mut flood = Flood::default();
        assert!(!floods(&mut flood, Piece { alternate: true, ..piece(1 << 20, 1) }));
        // What came there counts when it is left, so that the rest of a flood waits.
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
        // While there is more of it to read, what came so far may wait for the rest.
        assert_eq!(flood.note(&Piece { more: true, ..after(0) }), Pace::Usual);
        // A pane that nothing was typed into answers nothing, however young the server is.
        assert!(floods(&mut Flood::default(), piece(1 << 20, 1)));
    }

    #[test]
    fn a_flood_is_drawn_after_a_time_and_its_end_after_a_pause() {
        // While it goes on: a frame every so often, whenever the last piece came.
        assert_eq!(frame_due(1000, 1000 + FLOOD_MS - 1), 1000 + FLOOD_MS);
        // Its end.
        assert_eq!(frame_due(1000, 1010), 1010 + QUIET_MS);
        // After a long silence the first piece waits for no more than its end.
        assert!(frame_due(0, 5000) <= 5000);
    }
}
