//! Time limits of a terminal: a string that never ends, and queries that no client answers.
//!
//! A terminal reads no clock. The server sets the time before it feeds the terminal, asks for the
//! next deadline (`next_timeout`), and then calls `time_out`.

use super::Terminal;
use super::events::QUERY_MS;

/// Time after which a string (OSC, DCS, APC, …) without an end is dropped, as in tmux.
const STRING_MS: u64 = 5000;

/// The clock as the server set it, and the deadlines. Times are monotonic milliseconds.
#[derive(Default)]
pub(super) struct Clock {
    pub now_ms: u64,
    /// Number of the string that is being collected, and the time of its first bytes.
    string: Option<(u64, u64)>,
    /// Earliest deadline that the server knows.
    armed_ms: Option<u64>,
}

impl Clock {
    /// Records which string is open after a piece of input.
    pub(super) fn note_string(&mut self, open: Option<u64>) {
        let known = self.string.filter(|(number, _)| open == Some(*number));
        self.string = known.or(open.map(|number| (number, self.now_ms)));
    }
}

impl Terminal {
    /// Sets the time, in monotonic milliseconds.
    pub fn set_clock(&mut self, now_ms: u64) {
        self.clock.now_ms = now_ms;
        self.screen.outbox.now_ms = now_ms;
    }

    /// Starts the time limits of a terminal that was loaded.
    pub fn begin_timeouts(&mut self, now_ms: u64) {
        self.set_clock(now_ms);
        self.clock.note_string(self.parser.open_string());
    }

    /// Time to call `time_out`, if the server does not know it yet.
    pub fn next_timeout(&mut self) -> Option<u64> {
        let string = self.clock.string.map(|(_, since)| since + STRING_MS);
        let query = self.screen.outbox.oldest_query_ms().map(|since| since + QUERY_MS);
        let due = string.into_iter().chain(query).min()?;
        let news = self.clock.armed_ms.is_none_or(|armed| due < armed);
        news.then(|| *self.clock.armed_ms.insert(due))
    }

    /// Drops a string that was open too long and queries that nobody answered; the answers held
    /// behind those are then among the replies.
    pub fn time_out(&mut self, now_ms: u64) {
        self.set_clock(now_ms);
        if self.clock.armed_ms.is_some_and(|armed| armed <= now_ms) {
            self.clock.armed_ms = None;
        }
        if self.clock.string.is_some_and(|(_, since)| since + STRING_MS <= now_ms) {
            self.abort_string();
        }
        self.screen.outbox.expire(now_ms);
    }

    /// Drops open queries, since the client that was asked is gone.
    pub fn forget_queries(&mut self) {
        self.screen.outbox.forget_queries();
    }
}

#[cfg(test)]
mod tests {
    use crate::base::Size;
    use crate::terminal::{MemoryHistory, Terminal, TerminalConfig, TerminalEvent};

    fn terminal() -> Terminal {
        let config = TerminalConfig { client_answers: true, ..TerminalConfig::default() };
        Terminal::new(Size::new(20, 4), config, Box::new(MemoryHistory::new(10, 20)))
    }

    fn feed_at(terminal: &mut Terminal, now_ms: u64, text: &str) -> Option<u64> {
        terminal.set_clock(now_ms);
        terminal.feed(text.as_bytes());
        terminal.next_timeout()
    }

    #[test]
    fn a_string_without_an_end_is_dropped_after_five_seconds() {
        for start in ["\x1b]0;abc", "\x1bPq", "\x1b_abc", "\x1bkabc", "\x1bXabc", "\x1b^abc"] {
            let mut terminal = terminal();
            assert_eq!(feed_at(&mut terminal, 1000, start), Some(6000), "{start:?}");
            // More of the same string does not extend its limit, and the deadline is reported once.
            assert_eq!(feed_at(&mut terminal, 4000, "more"), None);
            terminal.time_out(5999);
            assert!(terminal.in_string());
            terminal.time_out(6000);
            assert!(!terminal.in_string());
            assert_eq!(feed_at(&mut terminal, 6001, "shown"), None);
            assert_eq!(terminal.row(0).text, "shown", "{start:?}");
            assert_eq!(terminal.title(), "");
        }
    }

    #[test]
    fn each_string_has_its_own_five_seconds() {
        let mut terminal = terminal();
        feed_at(&mut terminal, 1000, "\x1b]0;a");
        assert_eq!(feed_at(&mut terminal, 4000, "b\x07x\x1b]0;c"), None);
        terminal.time_out(6000);
        assert!(terminal.in_string(), "the second began at 4000");
        assert_eq!(terminal.next_timeout(), Some(9000));
        terminal.time_out(9000);
        assert!(!terminal.in_string());
        assert_eq!(terminal.title(), "ab");
    }

    #[test]
    fn an_unanswered_question_holds_answers_back_for_half_a_second() {
        let mut terminal = terminal();
        assert_eq!(feed_at(&mut terminal, 1000, "\x1b]4;1;?\x07\x1b[5n"), Some(1500));
        assert_eq!(terminal.take_events(), [TerminalEvent::PaletteQuery { index: 1 }]);
        terminal.time_out(1499);
        assert_eq!(terminal.take_replies(), b"");
        terminal.time_out(1500);
        assert_eq!(terminal.take_replies(), b"\x1b[0n");
        assert_eq!(feed_at(&mut terminal, 1600, "\x1b[5n"), None);
        assert_eq!(terminal.take_replies(), b"\x1b[0n");
    }

    #[test]
    fn a_client_that_left_holds_no_answer_back() {
        let mut terminal = terminal();
        feed_at(&mut terminal, 1000, "\x1b]4;1;?\x07");
        terminal.forget_queries();
        terminal.feed(b"\x1b[5n");
        assert_eq!(terminal.take_replies(), b"\x1b[0n");
    }
}
