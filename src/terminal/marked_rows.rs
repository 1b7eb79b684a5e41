//! Columns of the marks in each row, which `capture-pane -R` prints. tmux's main branch keeps them with the
//! row.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::marks::{Mark, MarkKind};

/// Columns of the newest mark of each kind in a row, and the status that its command ended with; 0 without
/// such a mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct MarkColumns {
    pub prompt: u32,
    pub command: u32,
    pub output: u32,
    pub end: u32,
    pub status: u8,
}

/// The newest rows that have marks, by logical line and row within the line, in the order in which the first
/// mark was set.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct MarkedRows(VecDeque<(u64, u32, MarkColumns)>);

/// Rows with marks whose columns are kept; of older ones `capture-pane -R` has only the flags.
const MAX_MARKED_ROWS: usize = 1000;

impl MarkedRows {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes a mark. `is_first`: its row has no other marks now; it may have had some before it was erased.
    pub(super) fn note(&mut self, mark: Mark, is_first: bool) {
        let Some(line) = mark.line else { return };
        let known = self.0.iter().rposition(|(l, row, _)| (*l, *row) == (line, mark.row));
        let at = known.unwrap_or_else(|| {
            if self.0.len() == MAX_MARKED_ROWS {
                self.0.pop_front();
            }
            self.0.push_back((line, mark.row, MarkColumns::default()));
            self.0.len() - 1
        });
        let columns = &mut self.0[at].2;
        if is_first || mark.kind == MarkKind::Prompt {
            *columns = MarkColumns::default();
        }
        match mark.kind {
            MarkKind::Prompt | MarkKind::PromptPart { .. } => columns.prompt = mark.col,
            MarkKind::Command => columns.command = mark.col,
            MarkKind::Output => columns.output = mark.col,
            MarkKind::End { status } => (columns.end, columns.status) = (mark.col, status),
        }
    }

    /// The columns of a row's marks; `None` for a row without, or with marks that are too old.
    pub(super) fn get(&self, line: u64, row: u32) -> Option<MarkColumns> {
        self.0.iter().rfind(|(l, r, _)| (*l, *r) == (line, row)).map(|(.., columns)| *columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(kind: MarkKind, line: u64, col: u32) -> Mark {
        Mark { kind, line: Some(line), row: 0, col, time: 0 }
    }

    #[test]
    fn marks_of_a_row_are_kept_together_until_a_new_prompt() {
        let mut rows = MarkedRows::default();
        rows.note(mark(MarkKind::Prompt, 7, 1), true);
        rows.note(mark(MarkKind::Command, 7, 4), false);
        rows.note(mark(MarkKind::End { status: 3 }, 8, 2), true);
        let first = MarkColumns { prompt: 1, command: 4, ..MarkColumns::default() };
        assert_eq!(rows.get(7, 0), Some(first));
        assert_eq!(rows.get(8, 0), Some(MarkColumns { end: 2, status: 3, ..MarkColumns::default() }));
        assert_eq!((rows.get(7, 1), rows.get(9, 0)), (None, None));
        rows.note(mark(MarkKind::Output, 7, 5), true);
        assert_eq!(rows.get(7, 0), Some(MarkColumns { output: 5, ..MarkColumns::default() }), "erased");
        rows.note(mark(MarkKind::Prompt, 7, 0), false);
        assert_eq!(rows.get(7, 0), Some(MarkColumns::default()));
    }

    #[test]
    fn the_oldest_rows_are_forgotten() {
        let mut rows = MarkedRows::default();
        let lines = 0..=MAX_MARKED_ROWS as u64;
        lines.for_each(|line| rows.note(mark(MarkKind::Prompt, line, 9), true));
        assert_eq!(rows.get(0, 0), None);
        assert!(rows.get(1, 0).is_some() && rows.get(MAX_MARKED_ROWS as u64, 0).is_some());
    }
}
