//! The pane's width history. tmux's reflow is not idempotent: rows keep properties (existing
//! columns, flags) from one change of width to the next, so that a line's rows depend on every
//! width since it was printed. This file replays that history.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use super::layout::{self, OpenLine};
use super::line::{Line, LineFlags};
use crate::base::CellStyle;
use crate::base::history::{Row, RowFlags, RowRef, Run, RunKind};
use crate::terminal::{CellTables, relay};

/// Changes of width that are remembered; for lines older than that, the first changes are left out.
const MAX_STEPS: usize = 64;
/// Last changes of width that are replayed for a line that is not plain; effects of earlier ones
/// hardly ever show, and each costs a layout for every such line.
pub(super) const MAX_FOLLOWED_STEPS: usize = 8;
/// Most kinds of lines whose rows are cached.
const MAX_ALIKE: usize = 4096;
/// Longest line in columns whose width history is replayed. Longer ones are filled at the current
/// width.
const MAX_FOLLOWED_COLS: u32 = 8 << 10;

/// Layout of rows: lines from number `from` on are as pushed, lines before it are filled at
/// `width`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Lay {
    pub width: u32,
    pub from: u64,
}

impl Lay {
    pub(super) fn as_pushed(self, line: u64) -> bool {
        line >= self.from
    }
}

/// Properties of a row of a line, without its contents.
#[derive(Clone, Copy, Debug)]
struct Shape {
    end: u32,
    flags: RowFlags,
    size: u32,
    /// Count of columns at its start that still count as never written.
    cleared: u32,
    /// True if it has the line's time.
    timed: bool,
}

impl Shape {
    fn of(row: &Row, end: u32) -> Self {
        let cleared = row.runs.first().filter(|run| run.kind == RunKind::Cleared).map_or(0, |run| run.cols);
        Self { end, flags: row.flags, size: row.size, cleared, timed: row.time != 0 }
    }

    /// Row of a line that starts at column `from`; the first `lead` columns of the line were never
    /// written when it was printed. Those of them that moved to another row count as written.
    fn row(&self, line: &Line<'_>, from: u32, lead: u32) -> Row {
        let kept = (from + self.cleared).min(self.end);
        let lead = lead.clamp(kept, self.end);
        let mut row = layout::slice(line.text, &line.runs, if lead == kept { from } else { lead }, self.end);
        if lead > kept {
            let after = std::mem::replace(&mut row, layout::slice(line.text, &line.runs, from, kept));
            let cols = lead - kept;
            row.text.extend((0..cols).map(|_| ' '));
            row.push_run(Run { kind: RunKind::Narrow, bytes: cols, cols, ..line.runs[0] });
            row.text.push_str(&after.text);
            after.runs.into_iter().for_each(|run| row.push_run(run));
        }
        let time = if self.timed { line.time } else { 0 };
        Row { flags: self.flags, size: self.size, time, ..row }
    }
}

/// Rows of a line; `None` if filling is the best known result.
type Shapes = Option<Box<[Shape]>>;

/// Cache of rows of lines with only plain single-column characters, perhaps after columns that were
/// never written: such rows depend only on the later changes of width, on both lengths, and on the
/// marks of the first row.
#[derive(Clone, Debug, Default)]
pub(super) struct Alike {
    /// Key: count of changes, columns, columns never written, marks.
    known: HashMap<(usize, u32, u32, RowFlags), Shapes>,
}

/// Lines with a cell wider than the window are counted by replay only among this many lines before
/// the last change of width, because each of them costs a layout when the width changes.
const MAX_ODD_LINES: u64 = 1 << 17;

/// See the module comment.
#[derive(Clone, Debug)]
pub(super) struct Widths {
    /// (first line pushed at a width, the width), oldest first, never empty. Earlier lines have no
    /// known widths.
    steps: Vec<(u64, u32)>,
    /// Identifies this width history: every change, pane and view gets another id.
    id: u32,
    /// Lines before this one are never odd.
    odd_from: u64,
}

fn next_id() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed) % (1 << 31)
}

impl Widths {
    /// Lines from `first_line` on are pushed at `width`.
    pub(super) fn new(first_line: u64, width: u32) -> Self {
        Self { steps: vec![(first_line, width.max(1))], id: next_id(), odd_from: 0 }
    }

    pub(super) fn steps(&self) -> &[(u64, u32)] {
        &self.steps
    }

    /// Restores the result of `steps`; `None` if it is invalid.
    pub(super) fn of_steps(steps: &[(u64, u32)]) -> Option<Self> {
        let good = !steps.is_empty()
            && steps.len() <= MAX_STEPS
            && steps.is_sorted_by_key(|step| step.0)
            && steps.iter().all(|step| step.1 > 0);
        let odd_from = steps.last()?.0.saturating_sub(MAX_ODD_LINES);
        good.then(|| Self { steps: steps.to_vec(), id: next_id(), odd_from })
    }

    pub(super) fn lay(&self) -> Lay {
        let (from, width) = self.steps[self.steps.len() - 1];
        Lay { width, from }
    }

    /// Records that lines from `line` on are pushed at another width.
    pub(super) fn change(&mut self, line: u64, width: u32) {
        if self.steps.len() == MAX_STEPS {
            self.steps.remove(1);
        }
        self.steps.push((line, width));
        self.id = next_id();
        self.odd_from = line.saturating_sub(MAX_ODD_LINES);
    }

    /// Records that `line` and later lines were taken back, and will be pushed at the current
    /// width.
    pub(super) fn taken_back(&mut self, line: u64) {
        self.steps.iter_mut().rev().take_while(|step| step.0 > line).for_each(|step| step.0 = line);
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Reports whether the rows of some lines in `first..end`, whose cells have at most the wrap
    /// width `largest`, may depend on the whole width history: tmux puts a cell wider than the
    /// window in a row of its own, with empty rows before it that are never joined again.
    pub(super) fn odd(&self, first: u64, end: u64, largest: u32) -> bool {
        let first = first.max(self.steps[0].0);
        if largest < 2 || end <= first.max(self.odd_from) {
            return false;
        }
        let then = self.since(first).map_or(&[][..], |(_, then)| then);
        then.iter().rev().take(MAX_FOLLOWED_STEPS).any(|step| step.1 < largest)
    }

    /// Width at which a line was pushed, and the later ones.
    fn since(&self, line: u64) -> Option<(u32, &[(u64, u32)])> {
        let at = self.steps.partition_point(|step| step.0 <= line).checked_sub(1)?;
        Some((self.steps[at].1, &self.steps[at + 1..]))
    }

    /// Count of changes of width since a line was pushed.
    pub(super) fn changes_since(&self, line: u64) -> usize {
        self.since(line).map_or(0, |(_, then)| then.len())
    }

    /// Rows of a line that was pushed before the last change of width; `None` if filling is the
    /// best known result. `largest`: see `odd`.
    pub(super) fn rows(
        &self,
        line: &Line<'_>,
        number: u64,
        largest: u32,
        alike: &mut Alike,
    ) -> Option<Vec<Row>> {
        let (pushed, then) = self.since(number)?;
        if line.cols > MAX_FOLLOWED_COLS || line.flags.contains(LineFlags::CONTINUES) {
            return None;
        }
        let Some(lead) = plain_after(line) else {
            let skipped = then.len().saturating_sub(MAX_FOLLOWED_STEPS);
            let open = match skipped.checked_sub(1) {
                Some(before) if !self.fits(line, then) => line.reopen(then[before].1, false),
                _ => line.reopen(pushed, true),
            };
            let rows = self.followed(line, &open, &then[skipped..]);
            if self.odd(number, number + 1, largest.min(line.largest())) {
                return Some(rows);
            }
            return self.is_filled(line, &rows).then_some(rows);
        };
        let mut from = 0;
        let rows = self.shapes(line, lead, (pushed, then), alike).as_ref()?.iter().map(|shape| {
            let row = shape.row(line, from, lead);
            from = shape.end;
            row
        });
        Some(rows.collect())
    }

    /// The row of a line of which `rows` says that it is one, as it is in the line's record.
    pub(super) fn only_row<'a>(
        &self,
        line: &'a Line<'_>,
        number: u64,
        alike: &mut Alike,
    ) -> Option<RowRef<'a>> {
        let (pushed, then) = self.since(number)?;
        if line.cols > MAX_FOLLOWED_COLS || line.flags.contains(LineFlags::CONTINUES) {
            return None;
        }
        let lead = plain_after(line)?;
        let [shape] = &self.shapes(line, lead, (pushed, then), alike).as_ref()?[..] else { return None };
        if lead.min(shape.end) > shape.cleared {
            return None;
        }
        let time = if shape.timed { line.time } else { 0 };
        let (flags, size, text, runs) = (shape.flags, shape.size, line.text, &line.runs[..]);
        Some(RowRef { flags, unwritten: 0, size, text, runs, time })
    }

    /// What became of a plain line, whose first `lead` columns were never written, since it was
    /// pushed at a width that others followed.
    fn shapes<'a>(
        &self,
        line: &Line<'_>,
        lead: u32,
        (pushed, then): (u32, &[(u64, u32)]),
        alike: &'a mut Alike,
    ) -> &'a Shapes {
        let key = (then.len(), line.cols, lead, line.marks);
        if alike.known.len() >= MAX_ALIKE && !alike.known.contains_key(&key) {
            alike.known.clear();
        }
        alike.known.entry(key).or_insert_with(|| {
            let mut open = line.reopen(pushed, true);
            // A nonzero time marks the rows that have the line's time.
            open.row.time = 1;
            let rows = self.followed(line, &open, then);
            if !self.is_filled(line, &rows) {
                return None;
            }
            let mut end = 0;
            let shape = |row: &Row| {
                end += row.cols();
                Shape::of(row, end)
            };
            Some(rows.iter().map(shape).collect())
        })
    }

    /// Reports whether a line fitted into one row at all widths.
    fn fits(&self, line: &Line<'_>, then: &[(u64, u32)]) -> bool {
        let counted = line.counted();
        line.pushed.len() <= 1 && then.iter().all(|step| counted <= step.1)
    }

    /// Rows of a line after some changes of width.
    fn followed(&self, line: &Line<'_>, open: &OpenLine, then: &[(u64, u32)]) -> Vec<Row> {
        let mut rows = rows_of(open);
        let counted = line.counted();
        for &(_, width) in then {
            if rows.len() > 1 || counted > width {
                rows = relay(rows, width);
            }
        }
        rows
    }

    /// Reports whether the rows are as many as with filling, and all one line. tmux: a line may
    /// lose its wrap mark (if a wide character does not fit, or before an empty last row). Counting
    /// ignores such lines.
    fn is_filled(&self, line: &Line<'_>, rows: &[Row]) -> bool {
        let mut but_last = rows.iter().rev().skip(1);
        but_last.all(|row| row.flags.contains(RowFlags::WRAPPED))
            && rows.len() as u32 == line.rows(self.lay().width, false)
    }
}

/// Count of columns at a line's start that were never written, if its rows depend only on them, its
/// length and marks: any other cell marks its row as extended.
fn plain_after(line: &Line<'_>) -> Option<u32> {
    let other = LineFlags::WIDE | LineFlags::EMPTY_TAIL | LineFlags::BREAKS | LineFlags::CONTINUES;
    let never_written =
        |run: &&Run| run.kind == RunKind::Cleared && run.style == CellStyle::DEFAULT && run.flags.is_empty();
    let lead = line.runs.first().filter(never_written).map_or(0, |run| run.cols);
    let plain = !line.flags.intersects(other)
        && !line.marks.intersects(RowFlags::EXTENDED | RowFlags::HYPERLINK)
        && line.unwritten == 0
        && line.text.is_ascii()
        && line
            .runs
            .iter()
            .skip(usize::from(lead > 0))
            .all(|run| run.kind == RunKind::Narrow && !CellTables::is_extended_style(&run.style));
    plain.then_some(lead)
}

/// All rows of a line.
pub(super) fn rows_of(line: &OpenLine) -> Vec<Row> {
    (0..line.breaks.len()).filter_map(|n| line.row(n)).collect()
}
