//! Widths that a pane had, and what its rows became with each: rows keep things from one
//! change of width to the next (columns that exist, flags), so that rows of a line laid out
//! anew depend on all widths since it was printed.

use super::layout::OpenLine;
use super::line::{Line, LineFlags};
use crate::base::history::{Row, RowFlags};
use crate::terminal::relay;

/// Changes of width that are remembered; of older lines than that, the first are left out.
const MAX_STEPS: usize = 64;
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
    pub fn rows(&self, line: &Line<'_>, number: u64) -> Option<Vec<Row>> {
        let (pushed, then) = self.since(number)?;
        if line.cols > MAX_FOLLOWED_COLS || line.flags.contains(LineFlags::CONTINUES) {
            return None;
        }
        let now = self.lay().width;
        let open = line.reopen(pushed, true);
        let mut rows = rows_of(&open);
        let least = then.iter().map(|step| step.1).min()?;
        if rows.len() > 1 || line.counted() > least {
            for &(_, width) in then {
                rows = relay(rows, width);
            }
        }
        // tmux: a line may lose the mark that says that it goes on (where a wide character
        // does not fit, or before an empty last row). Rows are counted without looking at such.
        let marked = rows.split_last()?.1.iter().all(|row| row.flags.contains(RowFlags::WRAPPED));
        (marked && rows.len() as u32 == line.rows(now, false)).then_some(rows)
    }
}

/// All rows of a line.
pub(super) fn rows_of(line: &OpenLine) -> Vec<Row> {
    (0..line.breaks.len()).filter_map(|n| line.row(n)).collect()
}
