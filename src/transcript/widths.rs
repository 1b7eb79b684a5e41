//! Widths that a pane had, and what its rows became with each: rows keep things from one
//! change of width to the next (columns that exist, flags), so that rows of a line laid out
//! anew depend on all widths since it was printed.

use std::collections::HashMap;

use super::layout::{self, OpenLine};
use super::line::{Line, LineFlags};
use crate::base::history::{Row, RowFlags, RunKind};
use crate::terminal::{CellTables, relay};

/// Changes of width that are remembered; of older lines than that, the first are left out.
const MAX_STEPS: usize = 64;
/// The last changes of width that a line is followed through which is not like others; what it
/// carries from earlier ones hardly ever shows, and each costs a layout for every such line.
const MAX_FOLLOWED_STEPS: usize = 8;
/// Kinds of lines of which it is remembered what became of them.
const MAX_ALIKE: usize = 4096;
/// Columns of a line up to which it is followed through changes of width. Of longer ones, rows
/// are what filling them afresh gives.
const MAX_FOLLOWED_COLS: u32 = 8 << 10;

/// How rows are laid out: lines from number `from` on as they were pushed, those before it
/// filled at `width`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lay {
    pub width: u32,
    pub from: u64,
}

impl Lay {
    pub fn as_pushed(self, line: u64) -> bool {
        line >= self.from
    }
}

/// A row of a line, apart from what is in it.
#[derive(Clone, Copy, Debug)]
struct Shape {
    end: u32,
    flags: RowFlags,
    size: u32,
    /// It has the line's time.
    timed: bool,
}

/// The rows of a line; `None` when they are not known better than filling them gives.
type Shapes = Option<Box<[Shape]>>;

/// What became of lines that hold nothing but plain characters of one column: it hangs on the
/// changes of width since, on how long the line is, and on the marks of its first row.
#[derive(Clone, Debug, Default)]
pub(super) struct Alike {
    /// By the number of changes, the columns and the marks.
    known: HashMap<(usize, u32, RowFlags), Shapes>,
}

/// See the module comment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Widths {
    /// (first line pushed at a width, the width), oldest first, never empty. Nothing is known
    /// of lines before the first.
    steps: Vec<(u64, u32)>,
}

impl Widths {
    /// Lines from `first_line` on are pushed at `width`.
    pub fn new(first_line: u64, width: u32) -> Self {
        Self { steps: vec![(first_line, width.max(1))] }
    }

    pub fn steps(&self) -> &[(u64, u32)] {
        &self.steps
    }

    /// What `steps` gave; `None` if it is not that.
    pub fn of_steps(steps: &[(u64, u32)]) -> Option<Self> {
        let good = !steps.is_empty()
            && steps.len() <= MAX_STEPS
            && steps.is_sorted_by_key(|step| step.0)
            && steps.iter().all(|step| step.1 > 0);
        good.then(|| Self { steps: steps.to_vec() })
    }

    pub fn lay(&self) -> Lay {
        let (from, width) = self.steps[self.steps.len() - 1];
        Lay { width, from }
    }

    /// Lines from `line` on are pushed at another width.
    pub fn change(&mut self, line: u64, width: u32) {
        if self.steps.len() == MAX_STEPS {
            self.steps.remove(1);
        }
        self.steps.push((line, width));
    }

    /// Line `line` and those after it were taken back, and come again at the width of now.
    pub fn taken_back(&mut self, line: u64) {
        self.steps.iter_mut().rev().take_while(|step| step.0 > line).for_each(|step| step.0 = line);
    }

    /// The width that a line was pushed at, and those after it.
    fn since(&self, line: u64) -> Option<(u32, &[(u64, u32)])> {
        let at = self.steps.partition_point(|step| step.0 <= line).checked_sub(1)?;
        Some((self.steps[at].1, &self.steps[at + 1..]))
    }

    /// The rows of a line that was pushed before the last change of width; `None` when they
    /// are not known better than filling them gives.
    pub fn rows(&self, line: &Line<'_>, number: u64, alike: &mut Alike) -> Option<Vec<Row>> {
        let (pushed, then) = self.since(number)?;
        if line.cols > MAX_FOLLOWED_COLS || line.flags.contains(LineFlags::CONTINUES) {
            return None;
        }
        if !is_plain(line) {
            let skipped = then.len().saturating_sub(MAX_FOLLOWED_STEPS);
            let open = match skipped.checked_sub(1) {
                Some(before) if !self.fits(line, then) => line.reopen(then[before].1, false),
                _ => line.reopen(pushed, true),
            };
            return self.followed(line, &open, &then[skipped..]);
        }
        let key = (then.len(), line.cols, line.marks);
        if alike.known.len() >= MAX_ALIKE && !alike.known.contains_key(&key) {
            alike.known.clear();
        }
        let shapes = alike.known.entry(key).or_insert_with(|| {
            let mut open = line.reopen(pushed, true);
            // Any time: it tells which rows have the line's.
            open.row.time = 1;
            let rows = self.followed(line, &open, then)?;
            let mut end = 0;
            let shape = |row: &Row| {
                end += row.cols();
                Shape { end, flags: row.flags, size: row.size, timed: row.time != 0 }
            };
            Some(rows.iter().map(shape).collect())
        });
        let mut from = 0;
        let rows = shapes.as_ref()?.iter().map(|shape| {
            let row = layout::slice(line.text, &line.runs, from, shape.end);
            from = shape.end;
            let time = if shape.timed { line.time } else { 0 };
            Row { flags: shape.flags, size: shape.size, time, ..row }
        });
        Some(rows.collect())
    }

    /// Whether a line fitted into a row all the time.
    fn fits(&self, line: &Line<'_>, then: &[(u64, u32)]) -> bool {
        let counted = line.counted();
        line.pushed.len() <= 1 && then.iter().all(|step| counted <= step.1)
    }

    /// The rows of a line after some changes of width.
    fn followed(&self, line: &Line<'_>, open: &OpenLine, then: &[(u64, u32)]) -> Option<Vec<Row>> {
        let now = self.lay().width;
        let mut rows = rows_of(open);
        let counted = line.counted();
        for &(_, width) in then {
            if rows.len() > 1 || counted > width {
                rows = relay(rows, width);
            }
        }
        // tmux: a line may lose the mark that says that it goes on (where a wide character
        // does not fit, or before an empty last row). Rows are counted without looking at such.
        let marked = rows.split_last()?.1.iter().all(|row| row.flags.contains(RowFlags::WRAPPED));
        (marked && rows.len() as u32 == line.rows(now, false)).then_some(rows)
    }
}

/// Whether a line's rows hang on nothing but its length and marks: whatever needs more than one
/// byte and basic colours marks rows.
fn is_plain(line: &Line<'_>) -> bool {
    let other = LineFlags::WIDE | LineFlags::EMPTY_TAIL | LineFlags::BREAKS | LineFlags::CONTINUES;
    !line.flags.intersects(other)
        && !line.marks.intersects(RowFlags::EXTENDED | RowFlags::HYPERLINK)
        && line.unwritten == 0
        && line.text.is_ascii()
        && line
            .runs
            .iter()
            .all(|run| run.kind == RunKind::Narrow && !CellTables::is_extended_style(&run.style))
}

/// All rows of a line.
pub(super) fn rows_of(line: &OpenLine) -> Vec<Row> {
    (0..line.breaks.len()).filter_map(|n| line.row(n)).collect()
}
