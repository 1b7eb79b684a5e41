//! Times at which a turn's end (`settle`) has something to do that no event announces.

/// Time between checks of idle format jobs and kept transcripts, in milliseconds.
const TIDY_MS: u64 = 3_600_000;
/// Sizes wait this long for a keeper that does not answer.
const KEEPER_MS: u64 = 1_000;
/// How long clients have to leave when the server ends.
const LEAVING_MS: u64 = 10_000;

/// See the module comment. All times are monotonic milliseconds.
#[derive(Default)]
pub(super) struct Deadlines {
    /// When the ending server drops the clients that have not left.
    exit: Option<u64>,
    /// Until when sizes wait for a command that waits for the keeper.
    sizes: Option<u64>,
    tidy: u64,
}

impl Deadlines {
    /// The server begins to end: clients have time to leave.
    pub(super) fn begin_exit(&mut self, now_ms: u64) {
        self.exit = Some(now_ms + LEAVING_MS);
    }

    /// When the server drops the clients that have not left, if it ends.
    pub(super) fn exit_ms(&self) -> Option<u64> {
        self.exit
    }

    /// True once, when the clients had their time to leave.
    pub(super) fn take_exit(&mut self, now_ms: u64) -> bool {
        self.exit.take_if(|by| *by <= now_ms).is_some()
    }

    /// True if sizes are held back, as long as a command waits for the keeper (`waits`) and not for ever.
    /// `wake` is called with the time left when this begins.
    pub(super) fn hold_sizes(&mut self, now_ms: u64, waits: bool, wake: impl FnOnce(u64)) -> bool {
        if !waits {
            self.sizes = None;
            return false;
        }
        let due = *self.sizes.get_or_insert_with(|| {
            wake(KEEPER_MS);
            now_ms + KEEPER_MS
        });
        now_ms < due
    }

    /// True if it is time to tidy up; the next time is much later.
    pub(super) fn take_tidy(&mut self, now_ms: u64) -> bool {
        let due = now_ms >= self.tidy;
        if due {
            self.tidy = now_ms + TIDY_MS;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_have_time_to_leave_and_are_dropped_once() {
        let mut deadlines = Deadlines::default();
        assert!(!deadlines.take_exit(1) && deadlines.exit_ms().is_none());
        deadlines.begin_exit(1);
        assert!(!deadlines.take_exit(LEAVING_MS));
        assert!(deadlines.take_exit(1 + LEAVING_MS) && !deadlines.take_exit(2 + LEAVING_MS));
    }

    #[test]
    fn sizes_wait_for_the_keeper_and_not_for_ever() {
        let mut deadlines = Deadlines::default();
        let mut woken = Vec::new();
        assert!(!deadlines.hold_sizes(1, false, |_| unreachable!()));
        assert!(deadlines.hold_sizes(5, true, |ms| woken.push(ms)));
        assert!(deadlines.hold_sizes(4 + KEEPER_MS, true, |ms| woken.push(ms)));
        assert!(!deadlines.hold_sizes(5 + KEEPER_MS, true, |ms| woken.push(ms)));
        assert_eq!(woken, [KEEPER_MS], "the loop is woken once");
        assert!(!deadlines.hold_sizes(6 + KEEPER_MS, false, |_| unreachable!()));
        assert!(deadlines.hold_sizes(7 + KEEPER_MS, true, |_| {}), "the next command waits as long");
    }

    #[test]
    fn the_server_tidies_up_at_once_and_then_now_and_again() {
        let mut deadlines = Deadlines::default();
        assert!(deadlines.take_tidy(1) && !deadlines.take_tidy(TIDY_MS));
        assert!(deadlines.take_tidy(1 + TIDY_MS));
    }
}
