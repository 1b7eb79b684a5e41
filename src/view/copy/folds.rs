//! Rows of copy mode that are folded into one: the output of commands.

use std::sync::Arc;

use super::backing::Line;
use super::state::{CopyState, Spot};
use crate::base::history::Row;
use crate::base::{Attrs, Cell, CellStyle};

/// Contents of a row.
pub(crate) enum Place {
    /// A row, by its number with nothing folded.
    Row(usize),
    /// A row that stands for folded rows.
    Fold(Arc<Line>),
}

struct Fold {
    /// Number of the first folded row when no rows are folded, and the count of folded rows.
    from: usize,
    rows: usize,
    /// Row that stands for them.
    at: usize,
    line: Arc<Line>,
}

/// See the module comment. Sorted by row; folds do not nest.
#[derive(Default)]
pub(crate) struct Folds {
    list: Vec<Fold>,
    /// Rows above the view when no rows are folded; set while some are.
    pub base: usize,
}

impl Folds {
    pub(crate) fn any(&self) -> bool {
        !self.list.is_empty()
    }

    /// Number of rows that folds hide.
    pub(crate) fn saved(&self) -> usize {
        self.list.iter().map(|fold| fold.rows - 1).sum()
    }

    /// The fold at or before a row.
    fn before(&self, y: usize) -> Option<&Fold> {
        let at = self.list.partition_point(|fold| fold.at <= y).checked_sub(1)?;
        self.list.get(at)
    }

    pub(crate) fn place(&self, y: usize) -> Place {
        match self.before(y) {
            None => Place::Row(y),
            Some(fold) if fold.at == y => Place::Fold(fold.line.clone()),
            Some(fold) => Place::Row(fold.from + fold.rows + (y - fold.at - 1)),
        }
    }

    /// Number of a row when no rows are folded; for a fold, its first row.
    pub(crate) fn real(&self, y: usize) -> usize {
        match self.before(y) {
            None => y,
            Some(fold) if fold.at == y => fold.from,
            Some(fold) => fold.from + fold.rows + (y - fold.at - 1),
        }
    }

    /// Like `real`, but for a fold its last row.
    pub(crate) fn real_end(&self, y: usize) -> usize {
        match self.before(y).filter(|fold| fold.at == y) {
            Some(fold) => fold.from + fold.rows - 1,
            None => self.real(y),
        }
    }

    /// Row that shows row `y`, which is a number with no rows folded.
    pub(crate) fn shown(&self, y: usize) -> usize {
        let Some(at) = self.list.partition_point(|fold| fold.from <= y).checked_sub(1) else { return y };
        let fold = &self.list[at];
        match y < fold.from + fold.rows {
            true => fold.at,
            false => fold.at + 1 + (y - fold.from - fold.rows),
        }
    }

    /// Folds rows, numbered as if no rows were folded; includes folds among them.
    pub(crate) fn add(&mut self, from: usize, to: usize) {
        self.list.retain(|fold| fold.from + fold.rows <= from || fold.from > to);
        let at = self.list.partition_point(|fold| fold.from < from);
        let rows = to - from + 1;
        self.list.insert(at, Fold { from, rows, at: 0, line: line_of(rows) });
        self.settle();
    }

    /// Removes the fold in a row. True if there was one.
    pub(crate) fn remove(&mut self, y: usize) -> bool {
        let count = self.list.len();
        self.list.retain(|fold| fold.at != y);
        self.settle();
        self.list.len() < count
    }

    fn settle(&mut self) {
        let mut saved = 0;
        for fold in &mut self.list {
            fold.at = fold.from - saved;
            saved += fold.rows - 1;
        }
    }
}

impl CopyState {
    /// Does something with nothing folded; afterwards the same rows are folded again.
    pub(super) fn without_folds<R>(&mut self, act: impl FnOnce(&mut Self) -> R) -> R {
        let mut folds = Folds::default();
        self.back.exchange_folds(&mut folds);
        let result = act(self);
        self.back.exchange_folds(&mut folds);
        result
    }

    /// The cell to search from, with nothing folded: of a fold, all of what is folded is ahead.
    pub(super) fn unfolded_cell(&self, x: usize, y: usize, down: bool) -> (usize, usize) {
        match (self.back.is_fold(y), down) {
            (false, _) => (x, self.back.real_row(y)),
            (true, true) => (0, self.back.real_row(y)),
            (true, false) => (self.back.cols - 1, self.back.real_end_row(y)),
        }
    }

    /// Unfolds what hides a row, given by its number with nothing folded; returns its number now. A
    /// selection keeps the cells that it had. The caller moves the cursor.
    pub(super) fn show_unfolded(&mut self, real: usize) -> usize {
        let at = self.back.shown_row(real);
        if !self.back.is_fold(at) {
            return at;
        }
        let spots = |state: &mut Self| {
            [
                &mut state.start,
                &mut state.end,
                &mut state.origin,
                &mut state.first_start,
                &mut state.first_end,
            ]
            .map(|spot: &mut Spot| std::mem::take(&mut spot.y))
        };
        let rows = spots(self).map(|y| self.back.real_row(y));
        let mark = self.back.real_row(self.mark.y);
        self.back.unfold(at);
        let [start, end, origin, first_start, first_end] = rows.map(|y| self.back.shown_row(y));
        (self.start.y, self.end.y, self.origin.y) = (start, end, origin);
        (self.first_start.y, self.first_end.y) = (first_start, first_end);
        self.mark.y = self.back.shown_row(mark);
        self.back.shown_row(real)
    }
}

fn line_of(rows: usize) -> Arc<Line> {
    let style = CellStyle { attrs: Attrs::DIM, ..CellStyle::DEFAULT };
    let text = format!("··· {rows} lines ···");
    let cells = crate::base::width::clusters(&text);
    let cells: Vec<Cell> = cells.map(|cell| Cell { style, ..cell }).collect();
    Arc::new(Line::from_row(&cells.iter().collect::<Row>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_order_around_folds() {
        let mut folds = Folds::default();
        folds.add(10, 19);
        folds.add(2, 4);
        assert_eq!(folds.saved(), 11);
        for y in 0..40 {
            let shown = folds.shown(y);
            match folds.place(shown) {
                Place::Row(real) => assert_eq!(real, y),
                Place::Fold(_) => assert!((2..=4).contains(&y) || (10..=19).contains(&y), "{y}"),
            }
        }
        assert_eq!((folds.shown(5), folds.shown(10), folds.shown(20)), (3, 8, 9));
        assert_eq!((folds.real(8), folds.real_end(8), folds.real(9)), (10, 19, 20));
        assert!(folds.remove(8) && !folds.remove(8));
        assert_eq!((folds.shown(20), folds.real(18)), (18, 20));
        folds.add(0, 30);
        assert_eq!((folds.saved(), folds.shown(31), folds.real(1)), (30, 1, 31));
    }
}
