//! Searching. A filter runs over the bytes of whole blocks and skips lines that cannot match; only
//! the remaining lines are checked exactly. All work is done in bounded steps, so that a search of
//! gigabytes can be interrupted.

use std::ffi::CString;

use regex::bytes;

use super::literals::{self, longest_word};
use super::view::{Chunk, LineAt, TranscriptView};
use crate::base::CellFlags;
use crate::base::history::{HistoryView, Run, RunKind};
use crate::base::text::to_bytes;
use crate::sys;

/// Longest pattern, in bytes; a longer one matches nothing.
const MAX_PATTERN: usize = 4096;
/// Matches reported per line.
const MAX_HITS: usize = 1000;
/// Memory of a filter's automaton, in bytes.
const FILTER_BYTES: usize = 1 << 20;

/// A filter that may report false positives but never misses a match: one of the literals that any
/// match contains. `None` if there are none, as for `.*` or a blank.
pub(crate) fn prefilter(pattern: &str, is_regex: bool, ignore_case: bool) -> Option<bytes::Regex> {
    let required = match is_regex {
        true => literals::required(pattern)?,
        false => vec![longest_word(pattern).to_owned()],
    };
    // Only the case of ASCII is folded in the same way everywhere.
    let folded = |piece: String| {
        let ascii = piece.split(|c: char| !c.is_ascii()).max_by_key(|p| p.len()).unwrap_or_default();
        if ignore_case { ascii.to_owned() } else { piece }
    };
    let required: Vec<String> = required.into_iter().map(folded).collect();
    if required.iter().any(String::is_empty) || required.iter().map(String::len).sum::<usize>() > MAX_PATTERN
    {
        return None;
    }
    let any: Vec<String> = required.iter().map(|literal| regex::escape(literal)).collect();
    bytes::RegexBuilder::new(&any.join("|"))
        .case_insensitive(ignore_case)
        .unicode(!ignore_case)
        .size_limit(FILTER_BYTES)
        .build()
        .ok()
}

/// A compiled search text.
pub struct Needle {
    filter: Option<bytes::Regex>,
    exact: Exact,
}

enum Exact {
    Literal(bytes::Regex),
    Posix(sys::regex::Regex),
}

impl Needle {
    /// `None`: invalid or empty pattern.
    pub fn new(pattern: &str, is_regex: bool, ignore_case: bool) -> Option<Self> {
        if pattern.is_empty() || pattern.len() > MAX_PATTERN {
            return None;
        }
        let exact = if is_regex {
            Exact::Posix(sys::regex::Regex::new(&to_bytes(pattern), ignore_case)?)
        } else {
            let mut builder = bytes::RegexBuilder::new(&regex::escape(pattern));
            Exact::Literal(builder.case_insensitive(ignore_case).size_limit(FILTER_BYTES).build().ok()?)
        };
        Some(Self { filter: prefilter(pattern, is_regex, ignore_case), exact })
    }

    /// Byte ranges of matches, left to right, not overlapping, none empty.
    fn ranges(&self, text: &str) -> Vec<(usize, usize)> {
        match &self.exact {
            Exact::Literal(find) => {
                find.find_iter(text.as_bytes()).take(MAX_HITS).map(|m| (m.start(), m.end())).collect()
            }
            Exact::Posix(find) => {
                let mut out = Vec::new();
                let mut at = 0;
                while out.len() < MAX_HITS && at < text.len() {
                    let Ok(rest) = CString::new(&text[at..]) else { break };
                    let Some(Some((from, to))) = find.find(&rest, 0, at > 0).and_then(|m| m.first().copied())
                    else {
                        break;
                    };
                    if to > from {
                        out.push((at + from, at + to));
                    }
                    at += to.max(from + 1);
                    while !text.is_char_boundary(at) {
                        at += 1;
                    }
                }
                out
            }
        }
    }
}

/// A match: its start and its count of columns. It may continue in the next rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hit {
    pub row: u64,
    pub col: u32,
    pub cols: u32,
}

/// A line with matches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its first row, and its count of rows.
    pub row: u64,
    pub rows: u32,
    pub hits: Vec<Hit>,
    /// The whole line; a tab is a tab character.
    pub text: String,
}

/// Result of a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Progress {
    Found(Found),
    /// The budget is used up; call `step` again.
    More,
    /// Everything was searched.
    Done,
}

/// A search in progress over one view, line by line.
pub struct SearchCursor {
    next: Option<LineAt>,
    forward: bool,
}

/// Text of a line, and for each column the byte at which its cell starts.
fn cells(text: &str, runs: &[Run]) -> (String, Vec<(usize, u32)>) {
    let mut out = String::with_capacity(text.len());
    let mut starts = Vec::new();
    let (mut at, mut col) = (0usize, 0u32);
    for run in runs {
        let piece = &text[at..at + run.bytes as usize];
        at += run.bytes as usize;
        let mut put = |out: &mut String, text: &str, width: u32| {
            starts.push((out.len(), col));
            out.push_str(text);
            col += width;
        };
        match run.kind {
            RunKind::Narrow | RunKind::Wide => {
                let width = if run.kind == RunKind::Wide { 2 } else { 1 };
                piece.char_indices().for_each(|(i, c)| put(&mut out, &piece[i..i + c.len_utf8()], width));
            }
            RunKind::Cluster(_) => put(&mut out, piece, run.cols),
            RunKind::Tab(_) => put(&mut out, "\t", run.cols),
            RunKind::Cleared if run.flags.contains(CellFlags::PADDING) => put(&mut out, "", run.cols),
            RunKind::Cleared => (0..run.cols).for_each(|_| put(&mut out, " ", 1)),
        }
    }
    starts.push((out.len(), col));
    (out, starts)
}

impl SearchCursor {
    /// Starts at the line that contains a row, going forward or backward.
    pub fn new(view: &mut TranscriptView, from: u64, forward: bool) -> Self {
        let rows = view.rows();
        let next = view.line_of(from.min(rows.saturating_sub(1))).map(|(at, _)| at);
        Self { next, forward }
    }

    /// Count of searched blocks, and of all blocks.
    pub fn progress(&self, view: &TranscriptView) -> (u64, u64) {
        let all = view.list.len() as u64 + 1;
        let done = match self.next {
            None => all,
            Some(at) if self.forward => at.block as u64,
            Some(at) => all.saturating_sub(at.block as u64 + 1),
        };
        (done, all)
    }

    /// Searches until a line matches or about `budget` bytes were read.
    pub fn step(&mut self, view: &mut TranscriptView, needle: &Needle, budget: usize) -> Progress {
        let mut left = i64::try_from(budget).unwrap_or(i64::MAX);
        while let Some(at) = self.next {
            if left <= 0 {
                return Progress::More;
            }
            left -= 64;
            let Some(at) = self.skip(view, at, needle.filter.as_ref(), &mut left) else { continue };
            self.next = self.beside(view, at);
            if let Some(found) = look(view, at, needle) {
                return Progress::Found(found);
            }
        }
        Progress::Done
    }

    /// The line after (or before) one.
    fn beside(&self, view: &TranscriptView, at: LineAt) -> Option<LineAt> {
        let lines = view.chunk(at.block).map_or(0, |chunk| chunk.lines());
        if self.forward && at.line + 1 < lines {
            return Some(LineAt { line: at.line + 1, ..at });
        }
        if !self.forward && at.line > 0 {
            return Some(LineAt { line: at.line - 1, ..at });
        }
        view.beside_block(at.block, self.forward)
    }

    /// The nearest line from `at` on in its block that the filter does not exclude. If there is
    /// none, the search moves to the next block.
    fn skip(
        &mut self,
        view: &TranscriptView,
        at: LineAt,
        filter: Option<&bytes::Regex>,
        left: &mut i64,
    ) -> Option<LineAt> {
        let Some(filter) = filter else { return Some(at) };
        let Some(Chunk::Block(block)) = view.chunk(at.block) else { return Some(at) };
        *left -= block.data().len() as i64;
        let found = block.seek(at.line, self.forward, filter);
        if found.is_none() {
            self.next = view.beside_block(at.block, self.forward);
        }
        found.map(|line| LineAt { line, ..at })
    }
}

/// Exact matches of one line.
fn look(view: &mut TranscriptView, at: LineAt, needle: &Needle) -> Option<Found> {
    let chunk = view.chunk(at.block)?;
    let (text, starts) = match &chunk {
        Chunk::Block(block) => {
            let line = block.line(at.line)?;
            cells(line.text, &line.runs)
        }
        Chunk::Tail(tail) => cells(&tail.row.text, &tail.row.runs),
    };
    let ranges = needle.ranges(&text);
    if ranges.is_empty() {
        return None;
    }
    let row = view.row_of(at);
    let row_starts = view.row_starts(at);
    let col_of = |byte: usize| {
        let i = starts.partition_point(|&(start, _)| start <= byte).saturating_sub(1);
        starts[i].1
    };
    let end_of =
        |byte: usize| starts[starts.partition_point(|&(start, _)| start < byte).min(starts.len() - 1)].1;
    let hit = |&(from, to): &(usize, usize)| {
        let col = col_of(from);
        let index = row_starts.partition_point(|&start| start <= col).saturating_sub(1);
        Hit { row: row + index as u64, col: col - row_starts[index], cols: end_of(to) - col }
    };
    let hits = ranges.iter().map(hit).collect();
    Some(Found { row, rows: row_starts.len() as u32, hits, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_look_for_what_every_match_holds() {
        let check = |pattern: &str, is_regex: bool, expect: Option<&str>| {
            let got = prefilter(pattern, is_regex, false).map(|f| f.as_str().to_owned());
            assert_eq!(got.as_deref(), expect, "{pattern}");
        };
        check("foo barbaz", false, Some("barbaz"));
        check("a.b", false, Some("a\\.b"));
        check("  ", false, None);
        check("ab*cde", true, Some("cde"));
        check("abc?d", true, Some("ab"));
        check("x{2}yz+", true, Some("xyz"));
        check("[[:alpha:]]foo[]a]b", true, Some("foo"));
        check("a\\.bc", true, Some("a\\.bc"));
        check("\\<word\\>", true, Some("word"));
        check("(foo)?", true, None);
        check("foo|bar", true, Some("foo|bar"));
        check("(foo|barbaz)x+*yz", true, Some("foo|barbaz"));
        check("(a|b*)cd", true, Some("cd"));
        check("a(bc|(d|ef)ghi)*jk", true, Some("jk"));
        check("(one|two.(three)+)?", true, None);
        check("(one|two.(three)+)", true, Some("one|three"));
        // Patterns that POSIX reads differently get no filter.
        for pattern in ["ab+?c", "(?i)abc", "a\\1b", "x\\'y", "[a\\]b]c", "[[a]b]c", "\\dabc"] {
            check(pattern, true, None);
        }
        check("foo bar.*quux", true, Some("quux"));
        check("ab+c", true, Some("ab"));
        check("(ab", true, None);
        check("a|", true, None);
        check(".*", true, None);
    }
}
