//! Searching: finds the next match, and the cells of the view that are parts of matches.
//!
//! Rows are searched in bounded slices: a search that does not end within one slice is kept as
//! `Pending` and continues when the server has time. Counting all matches has a limit too; the
//! count is then partial, as tmux's is when it runs out of time.

use std::ffi::CString;

use super::backing::{Backing, Line, is_tab};
use super::state::CopyState;
use crate::base::history::Seek;
use crate::base::text::to_bytes;
use crate::base::width::clusters;
use crate::base::{Cell, Glyph};
use crate::sys::regex::Regex;
use crate::transcript::prefilter;

/// Rows of the first slice, rows of each later slice, and cost of a row for a regular expression, in rows.
/// The first slice is so large that most searches end within their command.
const FIRST_SLICE_ROWS: usize = 60_000;
pub(super) const SLICE_ROWS: usize = 8_000;
const REGEX_COST: usize = 3;
/// Rows of history that the filter skips at the cost of one, and bytes that one run of it may read.
const SKIPPED_PER_ROW: usize = 2;
const SKIP_BYTES: usize = 256 << 10;
/// A wrapped line is searched as one up to this many columns (limit of tmux).
const MAX_LINE_COLS: usize = 2000;

/// Direction of `search-again`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) enum Direction {
    #[default]
    None,
    Up,
    Down,
}

/// The last search, and which of its matches are highlighted.
pub(crate) struct Search {
    /// Direction of the search command, which `search-again` repeats.
    pub kind: Direction,
    /// Direction of the last search.
    pub down: bool,
    pub regex: bool,
    pub text: Option<String>,
    /// For each cell of the view the number of its match; 0: none.
    pub marks: Option<Vec<u8>>,
    generation: u8,
    /// Count of matches in all rows, if known.
    pub count: Option<usize>,
    pub partial: bool,
    /// True once a search has run. The same search again then marks only the matches of the view, and does
    /// not count those of all rows.
    searched: bool,
    pub timed_out: bool,
    /// Start of an incremental search: cursor and scroll offset.
    pub origin: Option<(usize, usize, usize)>,
    /// The pane's last search: its text, and true for a regular expression.
    pub last: Option<(String, bool)>,
    /// A search that continues in further slices.
    pub pending: Option<Pending>,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            kind: Direction::None,
            down: false,
            regex: false,
            text: None,
            marks: None,
            generation: 1,
            // tmux: the count is 0, not unknown, until a search.
            count: Some(0),
            partial: false,
            searched: false,
            timed_out: false,
            origin: None,
            last: None,
            pending: None,
        }
    }
}

/// A search that has not ended yet.
pub(crate) struct Pending {
    finder: Finder,
    scan: Scan,
    visible_only: bool,
    /// Searches still to do after this one (repeat count).
    pub repeats: u32,
}

/// A search text, compiled.
struct Finder {
    cells: Vec<Cell>,
    ignore_case: bool,
    regex: Option<Regex>,
    /// Bytes that a row must contain if a plain match starts in it (unless the row wraps).
    needle: Vec<u8>,
    /// Prefilter for history: may report false positives, never misses a match.
    filter: Option<regex::bytes::Regex>,
}

/// A walk over rows for the next match.
struct Scan {
    down: bool,
    x: usize,
    y: usize,
    /// Last row to search, in the direction of the search.
    end: usize,
    /// Row to end at after the search wrapped around; `None`: do not wrap.
    wrap_end: Option<usize>,
    sieve: Sieve,
}

/// Backoff for the filter: while it skips no rows, it runs less and less often.
#[derive(Default)]
struct Sieve {
    /// Rows to search before the filter runs again, now and after its next failure.
    rest: u32,
    next: u32,
}

impl Sieve {
    const MOST: u32 = 64;

    fn is_due(&mut self) -> bool {
        self.rest = self.rest.saturating_sub(1);
        self.rest == 0
    }

    fn asked(&mut self, moved: bool) {
        self.next = if moved { 1 } else { (2 * self.next).clamp(1, Self::MOST) };
        self.rest = self.next;
    }
}

enum Step {
    Found(usize, usize),
    Nothing,
    More,
}

impl Finder {
    fn new(text: &str, regex: bool) -> Option<Self> {
        let cells = pattern_cells(text);
        let ignore_case = !text.bytes().any(|b| b.is_ascii_uppercase());
        let regex = if regex {
            let mut pattern = String::new();
            cells.iter().filter(|c| !c.is_padding()).for_each(|c| c.glyph.push_to(&mut pattern));
            Some(Regex::new(&to_bytes(&pattern), ignore_case)?)
        } else {
            None
        };
        // A blank may be a tab or a cell never written, and `!` the later part of a wide character.
        let longest = text.split([' ', '\t', '!']).max_by_key(|part| part.len()).unwrap_or("");
        let filter = prefilter(if regex.is_some() { text } else { longest }, regex.is_some(), ignore_case);
        Some(Self { cells, ignore_case, regex, needle: longest.as_bytes().to_vec(), filter })
    }

    fn cost(&self) -> usize {
        if self.regex.is_some() { REGEX_COST } else { 1 }
    }

    /// Reports whether the text of an unwrapped row may match.
    fn may_match(&self, text: &str) -> bool {
        if self.regex.is_some() || self.needle.is_empty() {
            return true;
        }
        if !self.ignore_case {
            return memchr::memmem::find(text.as_bytes(), &self.needle).is_some();
        }
        text.as_bytes().windows(self.needle.len()).any(|window| window.eq_ignore_ascii_case(&self.needle))
    }

    /// Next row from `y` on (or back) that may match; `None` if there is none. Skipped rows are
    /// charged to the budget.
    fn skip(&self, back: &Backing, mut y: usize, down: bool, budget: &mut usize) -> Option<usize> {
        let Some(filter) = &self.filter else { return Some(y) };
        loop {
            let (row, more) = match back.seek(y, down, filter, SKIP_BYTES) {
                Seek::At(row) => (row as usize, false),
                Seek::More(row) => (row as usize, true),
                Seek::End => return None,
            };
            *budget = budget.saturating_sub(row.abs_diff(y) / SKIPPED_PER_ROW);
            y = row;
            if !more || *budget < self.cost() {
                return Some(y);
            }
        }
    }

    /// First match in `first..end` of a row: column and width in cells.
    fn first_in(&self, back: &Backing, y: usize, first: usize, end: usize) -> Option<(usize, usize)> {
        match &self.regex {
            Some(regex) => first_regex(back, regex, y, first, end),
            None => {
                let line = back.line_if(y, &|text| self.may_match(text))?;
                let found = (first..end).find(|&x| self.matches_at(back, &line, x, y))?;
                Some((found, self.cells.len()))
            }
        }
    }

    /// Last match in `first..end` of a row.
    fn last_in(&self, back: &Backing, y: usize, first: usize, end: usize) -> Option<(usize, usize)> {
        match &self.regex {
            Some(regex) => last_regex(back, regex, y, first, end),
            None => {
                let line = back.line_if(y, &|text| self.may_match(text))?;
                let found = (first..end).rev().find(|&x| self.matches_at(back, &line, x, y))?;
                Some((found, self.cells.len()))
            }
        }
    }

    /// Reports whether the pattern matches at a cell, continuing in the next rows where the line
    /// wraps.
    fn matches_at(&self, back: &Backing, line: &std::sync::Arc<Line>, x: usize, y: usize) -> bool {
        let cols = back.cols;
        let mut padding = 0;
        let mut at = (y, line.clone());
        for (index, wanted) in self.cells.iter().enumerate() {
            let mut px = x + index + padding;
            let mut py = y;
            while px >= cols && py < back.last() {
                let wraps = if at.0 == py { at.1.wrapped() } else { back.wrapped(py) };
                if !wraps {
                    break;
                }
                px -= cols;
                py += 1;
            }
            if px >= cols + padding {
                return false;
            }
            if at.0 != py {
                at = (py, back.line(py));
            }
            let cell = at.1.cell(px);
            if is_tab(cell) {
                padding += usize::from(cell.width) - 1;
            }
            if !same(cell, wanted, self.ignore_case) {
                return false;
            }
        }
        true
    }
}

/// Cells to compare a search text as, wide characters with their padding.
fn pattern_cells(text: &str) -> Vec<Cell> {
    let mut out = Vec::new();
    for (index, part) in text.split('\t').enumerate() {
        if index > 0 {
            out.push(Cell { glyph: Glyph::Char('\t'), ..Cell::BLANK });
        }
        for cell in clusters(part) {
            let width = cell.width;
            out.push(cell);
            (1..width).for_each(|_| out.push(Cell::PADDING));
        }
    }
    out
}

fn same(cell: &Cell, wanted: &Cell, ignore_case: bool) -> bool {
    if is_tab(cell) {
        let blank = cell.width == 1 && wanted.glyph.as_char() == Some(' ');
        return blank || wanted.glyph.as_char() == Some('\t');
    }
    // tmux: the later cells of a wide character read as `!`, and match one.
    let width = |c: &Cell| if c.is_padding() { 1 } else { c.width };
    if width(cell) != width(wanted) {
        return false;
    }
    match (cell.glyph.as_char(), wanted.glyph.as_char()) {
        (Some(a), Some(b)) if ignore_case => a.to_ascii_lowercase() == b,
        _ => cell.glyph == wanted.glyph,
    }
}

/// Text of a (wrapped) line from a cell on, and the offset in it of each cell.
struct Joined {
    text: CString,
    offsets: Vec<usize>,
}

impl Joined {
    fn new(back: &Backing, y: usize, first: usize) -> Self {
        let (mut text, mut offsets) =
            (String::with_capacity(2 * back.cols + 1), Vec::with_capacity(2 * back.cols));
        let (mut row, mut from) = (y, first);
        loop {
            let line = back.line(row);
            for x in from..back.cols {
                offsets.push(text.len());
                let cell = line.cell(x);
                if is_tab(cell) {
                    text.push('\t');
                } else if !cell.is_padding() {
                    cell.glyph.push_to(&mut text);
                }
            }
            if offsets.len() >= MAX_LINE_COLS || row > back.last() || !line.wrapped() {
                break;
            }
            row += 1;
            from = 0;
        }
        Self { text: c_string(text), offsets }
    }

    /// Text of the line from the start of a row on.
    fn text(back: &Backing, y: usize) -> CString {
        let mut text = String::with_capacity(2 * back.cols + 1);
        let mut row = y;
        while back.push_text(row, &mut text)
            && (row + 1 - y) * back.cols < MAX_LINE_COLS
            && row <= back.last()
        {
            row += 1;
        }
        c_string(text)
    }

    /// Index of the first cell whose text starts at or after an offset.
    fn cell_at(&self, offset: usize) -> usize {
        self.offsets.partition_point(|&o| o < offset)
    }

    /// Next match behind a byte offset that is not empty.
    fn find(&self, regex: &Regex, from: usize, not_bol: bool) -> Option<(usize, usize)> {
        let rest = std::ffi::CStr::from_bytes_with_nul(&self.text.as_bytes_with_nul()[from..]).ok()?;
        let (start, end) = regex.find(rest, 0, not_bol)?.first().copied().flatten()?;
        (start != end).then_some((from + start, from + end))
    }
}

/// Text up to its first NUL.
fn c_string(text: String) -> CString {
    let mut bytes = text.into_bytes();
    bytes.truncate(memchr::memchr(0, &bytes).unwrap_or(bytes.len()));
    CString::new(bytes).expect("cut before the first NUL")
}

/// Reports whether a row can be skipped because nothing in its line matches.
fn rules_out(back: &Backing, regex: &Regex, y: usize, first: usize) -> bool {
    first == 0 && !regex.is_in(&Joined::text(back, y))
}

fn first_regex(back: &Backing, regex: &Regex, y: usize, first: usize, end: usize) -> Option<(usize, usize)> {
    if first >= end || rules_out(back, regex, y, first) {
        return None;
    }
    let joined = Joined::new(back, y, first);
    let (start, stop) = joined.find(regex, 0, first != 0)?;
    let (start, stop) = (first + joined.cell_at(start), first + joined.cell_at(stop));
    (start < end).then_some((start, stop - start))
}

fn last_regex(back: &Backing, regex: &Regex, y: usize, first: usize, end: usize) -> Option<(usize, usize)> {
    if rules_out(back, regex, y, first) {
        return None;
    }
    let joined = Joined::new(back, y, first);
    let (mut from, mut found) = (0, None);
    while let Some((start, stop)) = joined.find(regex, from, first != 0) {
        let (x, after) = (first + joined.cell_at(start), first + joined.cell_at(stop));
        if x >= end {
            break;
        }
        found = Some((x, after.saturating_sub(x)));
        if after >= end {
            break;
        }
        from = stop;
    }
    found.filter(|(_, width)| *width > 0)
}

impl Scan {
    /// Searches rows until a match, the end, or the end of the budget.
    fn step(&mut self, back: &Backing, finder: &Finder, budget: &mut usize) -> Step {
        loop {
            let ended = if self.down { self.y > self.end } else { self.y < self.end };
            if ended {
                let Some(end) = self.wrap_end.take() else { return Step::Nothing };
                self.end = end;
                (self.x, self.y) = if self.down { (0, 0) } else { (back.cols - 1, back.last()) };
                continue;
            }
            if *budget < finder.cost() {
                return Step::More;
            }
            *budget -= finder.cost();
            if self.skip(back, finder, budget) {
                continue;
            }
            if self.down {
                if let Some((x, _)) = finder.first_in(back, self.y, self.x, back.cols) {
                    return Step::Found(x, self.y);
                }
                self.x = 0;
                self.y += 1;
            } else {
                if let Some((x, width)) = finder.last_in(back, self.y, 0, self.x + 1) {
                    let (x, y) = self.overlap(back, finder, x, width);
                    return Step::Found(x, y);
                }
                self.x = back.cols - 1;
                if self.y == 0 {
                    self.end = 1;
                } else {
                    self.y -= 1;
                }
            }
        }
    }

    /// Skips rows that cannot match. True if the position changed.
    fn skip(&mut self, back: &Backing, finder: &Finder, budget: &mut usize) -> bool {
        if !self.sieve.is_due() {
            return false;
        }
        let found = finder.skip(back, self.y, self.down, budget);
        self.sieve.asked(found != Some(self.y));
        match found {
            Some(y) if y == self.y => return false,
            Some(y) => self.y = y,
            None if self.down => self.y = back.last() + 1,
            // tmux: searching up ends at row 0, whatever the end is.
            None => (self.y, self.end) = (0, 1),
        }
        self.x = if self.down { 0 } else { back.cols - 1 };
        true
    }

    /// A regular expression found at the start of a row may have begun in the rows above that wrap
    /// into it: the longest match with the same end counts.
    fn overlap(&self, back: &Backing, finder: &Finder, x: usize, width: usize) -> (usize, usize) {
        let (mut best, mut y) = ((x, self.y), self.y);
        let Some(regex) = &finder.regex else { return best };
        let position = |x: usize, y: usize| (y * back.cols) + x;
        let end = position(x + width, self.y);
        let mut at = x;
        while at == 0 && y > self.end && back.wrapped(y - 1) {
            y -= 1;
            let Some((found, width)) = last_regex(back, regex, y, 0, back.cols) else { break };
            if position(found + width, y) != end {
                break;
            }
            at = found;
            best = (found, y);
        }
        best
    }
}

impl CopyState {
    pub(crate) fn clear_marks(&mut self) {
        self.search.count = None;
        self.search.partial = false;
        self.search.marks = None;
    }

    /// Recomputes the marks of the view after it moved.
    pub(crate) fn refresh_marks(&mut self) {
        if self.search.marks.is_some() && !self.search.timed_out {
            self.mark_matches(self.search.regex, true);
        }
    }

    /// Index of a cell in the marks, if the cell is in the view.
    pub(crate) fn mark_index(&self, x: usize, y: usize) -> Option<usize> {
        let top = self.top();
        (y >= top && y < top + self.rows()).then(|| (y - top) * self.back.cols + x)
    }

    fn mark(&self, index: usize) -> u8 {
        self.search.marks.as_ref().and_then(|m| m.get(index)).copied().unwrap_or(0)
    }

    /// Searches for the text. True if found. A search that needs more than one slice continues
    /// later.
    pub(crate) fn find(&mut self, down: bool, regex: bool, repeats: u32) -> bool {
        (self.search.pending, self.walk) = (None, None);
        let Some(text) = self.search.text.clone() else { return false };
        let regex = regex && text.contains(['^', '$', '*', '+', '(', ')', '?', '[', ']', '.', '\\']);
        self.search.down = down;
        if self.search.timed_out {
            return false;
        }
        let same_as_last = self.search.last.as_ref().is_some_and(|(t, r)| *r == regex && *t == text);
        let visible_only = self.search.searched && same_as_last;
        if !self.search.searched || self.search.last.as_ref().is_none_or(|(_, r)| *r != regex) {
            self.search.searched = true;
        }
        if !visible_only && self.search.marks.is_some() {
            self.clear_marks();
        }
        self.search.last = Some((text.clone(), regex));
        if pattern_cells(&text).is_empty() {
            return false;
        }
        let (x, y) = self.search_start(down);
        let (x, y) = self.unfolded_cell(x, y, down);
        let Some(finder) = Finder::new(&text, regex) else { return false };
        let end = if down { self.back.unfolded().1 } else { 0 };
        let wrap_end = self.settings.wrap_search.then_some(y);
        let scan = Scan { down, x, y, end, wrap_end, sieve: Sieve::default() };
        self.run_search(Pending { finder, scan, visible_only, repeats }, FIRST_SLICE_ROWS)
    }

    /// Start of a search: in emacs the cursor; in vi the end of the match under it.
    fn search_start(&self, down: bool) -> (usize, usize) {
        let (mut x, mut y) = (self.cx, self.row());
        let wrap = self.settings.wrap_search;
        if !down {
            self.step_left(&mut x, &mut y, wrap);
        } else if self.settings.vi {
            if self.search.marks.is_some() {
                self.step_past_mark(&mut x, &mut y);
            } else {
                self.step_right(&mut x, &mut y, wrap);
            }
        }
        (x, y)
    }

    fn step_left(&self, x: &mut usize, y: &mut usize, wrap: bool) {
        if *x > 0 {
            *x -= 1;
        } else if *y > 0 {
            (*x, *y) = (self.back.cols - 1, *y - 1);
        } else if wrap {
            (*x, *y) = (self.back.cols - 1, self.back.last());
        }
    }

    fn step_right(&self, x: &mut usize, y: &mut usize, wrap: bool) {
        if *x != self.back.cols - 1 {
            *x += 1;
        } else if *y != self.back.last() {
            (*x, *y) = (0, *y + 1);
        } else if wrap {
            (*x, *y) = (0, 0);
        }
    }

    fn step_past_mark(&self, x: &mut usize, y: &mut usize) {
        let wrap = self.settings.wrap_search;
        let Some(mark) = self.mark_index(*x, *y).map(|at| self.mark(at)).filter(|m| *m != 0) else {
            return;
        };
        // The view's cells bound the walk; a match that fills the whole view ends it too.
        for _ in 0..=self.back.cols * self.rows() {
            let here = self.mark_index(*x, *y).map(|at| self.mark(at));
            if here != Some(mark) {
                return;
            }
            if !wrap && *x == self.back.cols - 1 && *y == self.back.last() {
                return;
            }
            self.step_right(x, y, wrap);
        }
    }

    /// Continues a search or walk that was interrupted. True while there is more to do.
    pub(crate) fn continue_search(&mut self) -> bool {
        if let Some(walk) = self.walk.take() {
            self.go_on_walking(walk);
        } else if let Some(pending) = self.search.pending.take() {
            self.run_search(pending, SLICE_ROWS);
        }
        self.is_searching()
    }

    /// Reports whether a search or walk is unfinished.
    pub(crate) fn is_searching(&self) -> bool {
        self.search.pending.is_some() || self.walk.is_some()
    }

    fn run_search(&mut self, mut pending: Pending, mut budget: usize) -> bool {
        match self.step(&mut pending.scan, &pending.finder, &mut budget) {
            Step::Nothing => false,
            Step::More => {
                self.search.pending = Some(pending);
                false
            }
            Step::Found(x, y) => {
                self.scroll_to(x, y, true);
                self.found(&pending);
                let (down, regex) = (pending.scan.down, self.search.regex);
                if pending.repeats > 1 {
                    self.find(down, regex, pending.repeats - 1);
                }
                true
            }
        }
    }

    /// Runs a scan over all rows, folded ones too. A fold with the match is unfolded.
    fn step(&mut self, scan: &mut Scan, finder: &Finder, budget: &mut usize) -> Step {
        match self.without_folds(|state| scan.step(&state.back, finder, budget)) {
            Step::Found(x, y) => Step::Found(x, self.show_unfolded(y)),
            other => other,
        }
    }

    /// Highlights the matches and puts the cursor at the right end of the one found.
    fn found(&mut self, pending: &Pending) {
        self.mark_with(&pending.finder, pending.visible_only);
        let down = pending.scan.down;
        let (mut x, mut y) = (self.cx, self.row());
        let index = self.mark_index(x, y);
        if !down {
            if let Some(at) = index.filter(|_| self.search.marks.is_some()) {
                self.goto_mark_start(at);
            }
            return;
        }
        // The cursor is inside of a match that began before, so move to the next one.
        if let Some(at) = index.filter(|&at| at > 0)
            && self.search.marks.is_some()
            && self.mark(at) == self.mark(at - 1)
        {
            self.step_past_mark(&mut x, &mut y);
            let wrap_end = self.settings.wrap_search.then_some(y);
            let wrap_end = wrap_end.map(|y| self.unfolded_cell(0, y, down).1);
            let end = self.back.unfolded().1;
            (x, y) = self.unfolded_cell(x, y, down);
            let mut scan = Scan { down, x, y, end, wrap_end, sieve: Sieve::default() };
            let mut budget = FIRST_SLICE_ROWS;
            if let Step::Found(x, y) = self.step(&mut scan, &pending.finder, &mut budget) {
                self.scroll_to(x, y, true);
            }
            (x, y) = (self.cx, self.row());
        }
        if !self.settings.vi {
            self.step_past_mark(&mut x, &mut y);
            self.cx = x;
            self.cy = (y + self.oy).saturating_sub(self.back.hsize).min(self.rows() - 1);
        }
    }

    /// Moves to the first cell in the view of the match at an index.
    fn goto_mark_start(&mut self, index: usize) {
        let mark = self.mark(index);
        let mut at = index;
        while at > 0 && self.mark(at - 1) == mark {
            at -= 1;
        }
        self.cx = at % self.back.cols;
        self.cy = at / self.back.cols;
    }

    pub(crate) fn mark_matches(&mut self, regex: bool, visible_only: bool) {
        let Some(finder) = self.search.text.as_deref().and_then(|t| Finder::new(t, regex)) else {
            return;
        };
        self.mark_with(&finder, visible_only);
    }

    fn mark_with(&mut self, finder: &Finder, visible_only: bool) {
        if !visible_only {
            // Matches in folds count; those of the view are marked below.
            let folded = self.back.is_folded();
            let (found, ended) =
                self.without_folds(|state| state.mark_rows(finder, 0, state.back.last() + 1));
            self.search.partial = !ended;
            self.search.count = match found {
                _ if ended => Some(found),
                1001.. => Some(1000),
                101.. => Some(100),
                11.. => Some(10),
                _ => None,
            };
            if ended && !folded {
                return;
            }
        }
        let mut first = self.top();
        while first > 0 && self.back.wrapped(first - 1) {
            first -= 1;
        }
        self.mark_rows(finder, first, self.top() + self.rows());
    }

    /// Marks the matches that start in some rows. Returns their count, and true if all rows were
    /// searched.
    fn mark_rows(&mut self, finder: &Finder, first: usize, end: usize) -> (usize, bool) {
        self.search.marks = Some(vec![0; self.back.cols * self.rows()]);
        self.search.generation = 1;
        let (mut found, mut budget) = (0, FIRST_SLICE_ROWS);
        let mut y = first;
        while y < end {
            match finder.skip(&self.back, y, true, &mut budget) {
                Some(row) if row < end => y = row,
                _ => break,
            }
            let mut x = if self.back.is_fold(y) { self.back.cols } else { 0 };
            while let Some((at, mut width)) = finder.first_in(&self.back, y, x, self.back.cols) {
                if finder.regex.is_some() {
                    let last = self.back.cell((at + width).saturating_sub(1), y);
                    if last.width > 2 {
                        width += usize::from(last.width) - 1;
                    }
                }
                found += 1;
                x = at + self.mark_match(at, y, width, finder.regex.is_some()).max(1);
            }
            budget = budget.saturating_sub(finder.cost());
            y += 1;
            if budget == 0 && y < end {
                return (found, false);
            }
        }
        (found, true)
    }

    /// Marks one match if it is in the view; returns its width in cells.
    fn mark_match(&mut self, x: usize, y: usize, width: usize, regex: bool) -> usize {
        let Some(first) = self.mark_index(x, y) else { return width };
        let line = self.back.line(y);
        let marks = self.search.marks.get_or_insert_default();
        let room = marks.len().saturating_sub(first);
        let mut width = width.min(room);
        let mut at = 0;
        while at < width {
            if !regex && is_tab(line.cell(x + at)) {
                width = (width + usize::from(line.cell(x + at).width) - 1).min(room);
            }
            if marks[first + at] == 0 {
                marks[first + at] = self.search.generation;
            }
            at += 1;
        }
        self.search.generation = self.search.generation.checked_add(1).unwrap_or(1);
        width
    }

    /// First and last index of the match of a marked cell.
    pub(crate) fn match_bounds(&self, index: usize) -> (usize, usize) {
        let mark = self.mark(index);
        let (mut start, mut end) = (index, index);
        let last = self.back.cols * self.rows() - 1;
        while start > 0 && self.mark(start - 1) == mark {
            start -= 1;
        }
        while end < last && self.mark(end + 1) == mark {
            end += 1;
        }
        (start, end)
    }

    /// Text of the match under the cursor, or of the one that ends just before it.
    pub(crate) fn match_at_cursor(&self) -> Option<String> {
        self.search.marks.as_ref()?;
        let mut at = self.mark_index(self.cx, self.row())?;
        if self.mark(at) == 0 {
            at = at.checked_sub(1).filter(|&at| self.mark(at) != 0)?;
        }
        let (start, end) = self.match_bounds(at);
        let mut out = String::new();
        for index in start..=end {
            let line = self.back.line(self.top() + index / self.back.cols);
            let cell = line.cell(index % self.back.cols);
            if !cell.is_padding() {
                super::backing::push_cell(&mut out, cell);
            }
        }
        (!out.is_empty()).then_some(out)
    }

    /// Bounds in the marks of the match to show as the current one.
    pub(crate) fn current_match(&self) -> Option<(usize, usize)> {
        self.search.marks.as_ref()?;
        let at = self.mark_index(self.cx, self.row())?;
        let at = if !self.settings.vi && self.search.down && at > 0 { at - 1 } else { at };
        (self.mark(at) != 0).then(|| self.match_bounds(at))
    }
}
