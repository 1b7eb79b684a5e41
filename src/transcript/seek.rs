//! The nearest line of a block whose record a filter matches.

use regex::bytes;

use super::block::Block;

impl Block {
    /// The nearest line from `line` on (back) whose record the filter matches. A text that
    /// continues in another record may hide a match: then nothing is skipped.
    pub(super) fn seek(&self, line: u32, forward: bool, filter: &bytes::Regex) -> Option<u32> {
        if self.continued > 0 {
            return Some(line);
        }
        if forward {
            let from = self.byte_of_line(line);
            let found = filter.find_at(self.data(), from)?;
            return Some(self.line_at_byte(found.start()).max(line));
        }
        // Backwards in windows of growing size, so that near matches cost little and far ones one
        // pass.
        let mut end = line + 1;
        let mut lines = 1;
        while end > 0 {
            let first = end.saturating_sub(lines);
            if let Some(found) = self.last_found(first, end, filter) {
                return Some(found);
            }
            end = first;
            lines *= 2;
        }
        None
    }

    /// The last of some lines whose record the filter matches.
    fn last_found(&self, first: u32, end: u32, filter: &bytes::Regex) -> Option<u32> {
        let from = self.byte_of_line(first);
        let last = filter.find_iter(&self.data()[from..self.byte_of_line(end)]).last()?;
        let found = self.line_at_byte(from + last.start());
        // A match that crosses the end of its record may hide one in the records after it.
        let mut hidden = (found + 1..=self.line_at_byte(from + last.end().saturating_sub(1))).rev();
        let holds = |&n: &u32| filter.is_match(&self.data()[self.byte_of_line(n)..self.byte_of_line(n + 1)]);
        Some(hidden.find(holds).unwrap_or(found))
    }
}
