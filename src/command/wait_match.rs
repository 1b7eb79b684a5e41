//! Matching of `wait-pane -m`: a regular expression in the logical lines of a pane that were printed or
//! changed since the wait began.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::terminal::Terminal;

/// Maximum number of bytes of memory for a compiled pattern.
const PATTERN_LIMIT: usize = 4 << 20;

/// A match and its line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Hit {
    /// Number of the line; `None` on the alternate screen.
    pub line: Option<u64>,
    pub text: String,
    pub matched: String,
    /// Text of the groups of the pattern, the first group first.
    pub groups: Vec<Option<String>>,
}

/// A pattern, and the lines that were searched before.
#[derive(Serialize, Deserialize)]
pub(super) struct Matcher {
    #[serde(with = "as_pattern")]
    regex: Regex,
    /// Number of the first line that may still change.
    next: u64,
    /// By line number, from `next` on: the text searched last, in which there was no match.
    seen: BTreeMap<u64, String>,
    /// The same for the alternate screen while it is shown.
    alternate: Option<BTreeMap<u64, String>>,
    /// Number of the line with the cursor at the last search.
    cursor: u64,
}

/// Serialization of a regular expression as its pattern.
mod as_pattern {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(regex: &regex::Regex, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(regex.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<regex::Regex, D::Error> {
        let pattern = String::deserialize(from)?;
        super::compile(&pattern).ok_or_else(|| serde::de::Error::custom("bad pattern"))
    }
}

fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).size_limit(PATTERN_LIMIT).build().ok()
}

impl Matcher {
    /// Searches later output, or all output from the line `since` on.
    pub(super) fn new(pattern: &str, terminal: &mut Terminal, since: Option<u64>) -> Option<Self> {
        let regex = compile(pattern)?;
        let first = terminal.first_line();
        let mut seen = BTreeMap::new();
        if since.is_none() {
            let lines = terminal.text_lines(first.unwrap_or(0), u32::MAX);
            seen = lines.into_iter().map(|line| (line.number, line.text)).collect();
        }
        let next = since.or(first).unwrap_or(0);
        let (seen, alternate) = match first {
            Some(_) => (seen, None),
            None => (BTreeMap::new(), Some(seen)),
        };
        Some(Self { regex, next, seen, alternate, cursor: next })
    }

    /// Searches lines that have changed: with `whole` on all of the screen, otherwise only between the
    /// last and the present position of the cursor.
    pub(super) fn look(&mut self, terminal: &mut Terminal, whole: bool) -> Option<Hit> {
        let first = terminal.first_line();
        if first.is_some() {
            self.alternate = None;
        } else if self.alternate.is_none() {
            self.alternate = Some(BTreeMap::new());
            self.cursor = 0;
        }
        let cursor = terminal.cursor().y;
        let at = terminal.line_in_row(cursor);
        let from = match (whole, first) {
            (true, Some(_)) => self.next,
            (true, None) => 0,
            (false, _) => self.cursor.min(at),
        };
        let last_row = if whole { u32::MAX } else { cursor };
        self.cursor = at;
        let seen = self.alternate.as_mut().unwrap_or(&mut self.seen);
        for line in terminal.text_lines(from, last_row) {
            let old = seen.get(&line.number).map_or("", String::as_str);
            if old == line.text {
                continue;
            }
            if let Some(hit) = find(&self.regex, old, &line.text) {
                return Some(Hit { line: first.map(|_| line.number), ..hit });
            }
            seen.insert(line.number, line.text);
        }
        if let Some(first) = first
            && whole
        {
            self.next = first;
            self.seen = self.seen.split_off(&first);
        }
        None
    }
}

/// The first match that ends in new text.
fn find(regex: &Regex, old: &str, new: &str) -> Option<Hit> {
    let same: usize =
        old.chars().zip(new.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
    // The pattern may match only because text was cut off the end.
    let is_new = |end: usize| end > same || same == 0 || (end == new.len() && old.len() > new.len());
    let mut from = 0;
    while let Some(found) = regex.find_at(new, from) {
        if is_new(found.end()) {
            let groups = regex.captures_at(new, found.start())?;
            let groups = groups.iter().skip(1).map(|group| Some(group?.as_str().to_owned())).collect();
            let matched = found.as_str().to_owned();
            return Some(Hit { line: None, text: new.to_owned(), matched, groups });
        }
        from = found.start() + new[found.start()..].chars().next().map_or(1, char::len_utf8);
        if from > new.len() {
            break;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Size;
    use crate::terminal::{MemoryHistory, TerminalConfig};

    fn terminal(bytes: &str) -> Terminal {
        let size = Size::new(10, 3);
        let config = TerminalConfig { pane: true, ..TerminalConfig::default() };
        let mut terminal = Terminal::new(size, config, Box::new(MemoryHistory::new(100, size.cols)));
        terminal.feed(bytes.as_bytes());
        terminal
    }

    /// The match that a pattern finds when `before` was already searched and `after` was added.
    fn found(pattern: &str, before: &str, after: &str) -> Option<(Option<u64>, String)> {
        let mut terminal = terminal(before);
        let mut matcher = Matcher::new(pattern, &mut terminal, None).unwrap();
        assert_eq!(matcher.look(&mut terminal, true), None, "nothing came yet");
        terminal.feed(after.as_bytes());
        matcher.look(&mut terminal, true).map(|hit| (hit.line, hit.matched))
    }

    fn hit(line: u64, matched: &str) -> Option<(Option<u64>, String)> {
        Some((Some(line), matched.to_owned()))
    }

    #[test]
    fn only_what_comes_after_counts() {
        assert_eq!(found("done", "done\r\n", "more"), None);
        assert_eq!(found("done", "done\r\n", "done"), hit(1, "done"));
        assert_eq!(found("d.*e", "don", "e"), hit(0, "done"));
        assert_eq!(found("ab|bc", "ab", "c"), hit(0, "bc"));
        assert_eq!(found("x", "ax", "y"), None);
    }

    #[test]
    fn a_matcher_goes_on_where_another_server_left_it() {
        let mut terminal = terminal("old\r\nol");
        let mut matcher = Matcher::new("o.*d", &mut terminal, None).unwrap();
        assert_eq!(matcher.look(&mut terminal, true), None);
        let saved = serde_json::to_string(&matcher).unwrap();
        terminal.feed(b"d");
        let mut matcher: Matcher = serde_json::from_str(&saved).unwrap();
        assert_eq!(matcher.look(&mut terminal, true).map(|hit| hit.line), Some(Some(1)));
    }

    #[test]
    fn lines_have_their_numbers_wherever_they_are() {
        assert_eq!(found("b", "", "a\r\nb\r\nc\r\nd\r\ne"), hit(1, "b"));
        assert_eq!(found("j.*K", "", "0123456789abcdefghijKLM"), hit(0, "jK"));
        assert_eq!(found("^9k$", "x\r\n0123456789", "\r9k\x1b[K"), hit(1, "9k"));
    }

    #[test]
    fn a_resize_and_a_cleared_history_lose_nothing() {
        let mut terminal = terminal("one\r\n0123456789two\r\n");
        let mut matcher = Matcher::new("two|three", &mut terminal, None).unwrap();
        terminal.resize(Size::new(40, 2));
        assert_eq!(matcher.look(&mut terminal, true), None);
        terminal.clear_history();
        assert_eq!(matcher.look(&mut terminal, true), None);
        terminal.feed(b"three\r\n\r\n\r\n\r\n");
        let hit = matcher.look(&mut terminal, true).map(|hit| (hit.line, hit.matched));
        assert_eq!(hit, Some((Some(2), "three".to_owned())));
    }

    #[test]
    fn the_alternate_screen_is_looked_at_and_left() {
        let mut terminal = terminal("main");
        let mut matcher = Matcher::new("main|alt", &mut terminal, None).unwrap();
        terminal.feed(b"\x1b[?1049h\x1b[Hx");
        assert_eq!(matcher.look(&mut terminal, true), None);
        terminal.feed(b"\x1b[?1049l");
        assert_eq!(matcher.look(&mut terminal, true), None, "the screen behind it is not new");
        terminal.feed(b"\x1b[?1049h\x1b[Halt");
        let hit = matcher.look(&mut terminal, true).unwrap();
        assert_eq!((hit.line, hit.matched.as_str()), (None, "alt"));
    }

    #[test]
    fn everything_since_a_line_counts_when_that_is_asked_for() {
        let mut terminal = terminal("a\r\nb\r\nc\r\nd\r\ne");
        let mut find = |pattern: &str, since| {
            let mut matcher = Matcher::new(pattern, &mut terminal, Some(since)).unwrap();
            matcher.look(&mut terminal, true).map(|hit| hit.line.unwrap())
        };
        assert_eq!(find("[a-e]", 1), Some(1));
        assert_eq!(find("a", 1), None);
    }
}
