//! When frames are drawn and whose turn it is: less often while panes flood, and every client as often as
//! the others.

use crate::base::ClientId;

use super::flood;

/// Least time between frames while panes flood, in milliseconds.
const FRAME_MS: u64 = 8;

/// See the module comment.
pub(super) struct Pacing {
    /// Earliest time of the next frame while panes have output to read.
    next_ms: u64,
    /// True if the last turn left frames for that time.
    put_off: bool,
    /// Time of the last output of a flooding pane (monotonic ms).
    flooded_ms: u64,
    /// The client that was drawn last.
    last_drawn: ClientId,
    /// True if another turn must draw without waiting for an event.
    wants_turn: bool,
}

impl Default for Pacing {
    fn default() -> Self {
        Self { next_ms: 0, put_off: false, flooded_ms: 0, last_drawn: ClientId(0), wants_turn: false }
    }
}

impl Pacing {
    /// Reports whether frames are held in this turn. While panes have output to read (`busy`), a
    /// frame for each slice would cost more than the slices.
    pub(super) fn holds(&self, now_ms: u64, busy: bool) -> bool {
        busy && now_ms < self.next_ms
    }

    /// Drawing begins in a turn.
    pub(super) fn begin(&mut self) {
        self.wants_turn = false;
    }

    /// Records the end of drawing in a turn. `wanted`: some client still waits for a frame.
    pub(super) fn end(&mut self, now_ms: u64, held: bool, drawn: bool, wanted: bool) {
        if drawn && !held {
            self.next_ms = now_ms + FRAME_MS;
        }
        self.put_off = held && wanted;
    }

    /// Time of the next frame. A frame that was put off has one even if its time passes before the
    /// loop sleeps, because no other event may follow. A frame for a slow terminal waits for the
    /// terminal.
    pub(super) fn due(&self, now_ms: u64, wanted: bool) -> Option<u64> {
        (self.put_off || wanted && self.next_ms > now_ms).then_some(self.next_ms)
    }

    /// Has the loop begin another turn at once: frames are left, or something changed after drawing.
    pub(super) fn want_turn(&mut self) {
        self.wants_turn = true;
    }

    pub(super) fn wants_turn(&self) -> bool {
        self.wants_turn
    }

    pub(super) fn note_drawn(&mut self, client: ClientId) {
        self.last_drawn = client;
    }

    /// True if a client waits while others, which have higher numbers, are drawn first.
    pub(super) fn had_its_turn(&self, client: ClientId) -> bool {
        client <= self.last_drawn
    }

    /// A flooding pane has printed.
    pub(super) fn note_flood(&mut self, now_ms: u64) {
        self.flooded_ms = now_ms;
    }

    /// Time of the next frame that only flooding panes need, on a terminal that was drawn at `drawn_ms`.
    pub(super) fn flood_due(&self, drawn_ms: u64) -> u64 {
        flood::frame_due(drawn_ms, self.flooded_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last turn of a flood: a frame is pending, and its time passes while the turn ends.
    #[test]
    fn a_frame_that_was_put_off_is_due_though_its_time_has_passed() {
        let mut pacing = Pacing::default();
        assert!(!pacing.holds(100, true), "the first frame is drawn");
        pacing.end(100, false, true, false);
        assert!(pacing.holds(105, true));
        pacing.end(105, true, false, true);
        assert_eq!(pacing.due(105, true), Some(100 + FRAME_MS));
        assert_eq!(pacing.due(200, true), Some(100 + FRAME_MS), "nothing else wakes the loop");
        assert!(!pacing.holds(200, true));
        pacing.end(200, false, true, false);
        assert_eq!(pacing.due(200, false), None, "all is drawn");
        pacing.end(300, false, false, true);
        assert_eq!(pacing.due(300, true), None, "a terminal that is slow wakes the loop itself");
    }

    #[test]
    fn clients_are_drawn_in_turns_and_what_is_left_wants_another_turn() {
        let mut pacing = Pacing::default();
        pacing.begin();
        pacing.note_drawn(ClientId(3));
        assert!(pacing.had_its_turn(ClientId(2)) && pacing.had_its_turn(ClientId(3)));
        assert!(!pacing.had_its_turn(ClientId(4)));
        assert!(!pacing.wants_turn());
        pacing.want_turn();
        assert!(pacing.wants_turn());
        pacing.begin();
        assert!(!pacing.wants_turn());
    }
}
