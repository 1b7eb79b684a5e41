//! Rows pushed, taken back and rewrapped, compared with the simplest possible model.

use proptest::prelude::*;

use super::*;
use crate::base::history::RowFlags;
use crate::base::{CellFlags, CellStyle, Colour, PaneId};

/// Rows as cells: tmux's reflow on the simplest possible structure.
#[derive(Clone, Default, Debug)]
struct Model {
    /// (cells with fillers, wrapped, columns that exist if known)
    rows: Vec<(Vec<Cell>, bool, Option<u32>)>,
}

impl Model {
    fn reflow(&mut self, width: u32) {
        let mut out = Vec::new();
        let mut joined: Option<Vec<Cell>> = None;
        let total = self.rows.len();
        for (n, (cells, wrapped, _)) in std::mem::take(&mut self.rows).into_iter().enumerate() {
            let follows = joined.is_some();
            let lone = follows && cells.is_empty() && !wrapped;
            let mut line = joined.take().unwrap_or_default();
            line.extend(cells);
            if wrapped && n + 1 < total {
                joined = Some(line);
                continue;
            }
            let (mut row, mut x) = (Vec::new(), 0);
            for cell in line {
                // A filler counts a column of its own.
                let cols = u32::from(cell.width.max(1));
                if x > 0 && x + cols > width {
                    out.push((std::mem::take(&mut row), true, None));
                    x = 0;
                }
                x += cols;
                row.push(cell);
            }
            out.push((row, wrapped || lone, None));
            if lone {
                out.push((Vec::new(), false, None));
            }
        }
        self.rows = out;
    }
}

/// Cells for comparison: a filler is a filler, even without its character. (Rewrapped cells count
/// as written.)
pub(super) fn plain(cells: Vec<Cell>) -> Vec<Cell> {
    let filler = |cell: &Cell| cell.is_padding().then_some(Cell::PADDING);
    let written = |cell: Cell| Cell { flags: cell.flags - CellFlags::CLEARED, ..cell };
    cells.into_iter().map(|cell| written(filler(&cell).unwrap_or(cell))).collect()
}

fn compare(row: &Row, (cells, wrapped, size): &(Vec<Cell>, bool, Option<u32>), n: usize) {
    let got = plain(row.cells());
    assert_eq!((&got, row.flags.contains(RowFlags::WRAPPED)), (cells, *wrapped), "row {n}");
    assert!(size.is_none_or(|size| size == row.size), "row {n}: {size:?} {}", row.size);
}

/// An operation on a history.
#[derive(Clone)]
pub(super) enum Op {
    Push(Vec<Cell>, bool, u32, u32),
    Pop,
    Width(u32),
    Flush,
    Check,
}

impl std::fmt::Debug for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Push(cells, wrapped, more, blank) => {
                let mut text = String::new();
                for cell in cells {
                    match cell.flags.is_empty() {
                        true => cell.glyph.push_to(&mut text),
                        false => text.push(if cell.width > 1 { 'T' } else { '_' }),
                    }
                }
                write!(f, "Push({text:?}, {wrapped}, {more}, {blank})")
            }
            Self::Pop => write!(f, "Pop"),
            Self::Width(cols) => write!(f, "Width({cols})"),
            Self::Flush => write!(f, "Flush"),
            Self::Check => write!(f, "Check"),
        }
    }
}

fn cell(wide: bool) -> impl Strategy<Value = Cell> {
    let style = prop_oneof![
        4 => Just(CellStyle::DEFAULT),
        1 => (0u8..8).prop_map(|n| CellStyle { fg: Colour::Basic(n), ..CellStyle::DEFAULT }),
        1 => (0u8..8).prop_map(|n| CellStyle { bg: Colour::Rgb(n, 0, 1), us: Colour::None, ..CellStyle::DEFAULT }),
    ];
    let shape = prop_oneof![
        8 => Just(("a", 1, CellFlags::empty())),
        2 => Just(("é", 1, CellFlags::empty())),
        1 => Just(("e\u{301}", 1, CellFlags::empty())),
        if wide { 3 } else { 0 } => Just(("世", 2, CellFlags::empty())),
        if wide { 1 } else { 0 } => Just((" ", 3, CellFlags::TAB)),
        1 => Just((" ", 1, CellFlags::CLEARED)),
    ];
    (shape, style).prop_map(|((text, width, flags), style)| Cell {
        glyph: crate::base::Glyph::from_text(text),
        width,
        flags,
        style,
    })
}

pub(super) fn op(wide: bool) -> impl Strategy<Value = Op> {
    let row = prop::collection::vec(cell(wide), 0..40);
    prop_oneof![
        8 => (row, prop::bool::weighted(0.3), 0u32..9, 0u32..9)
            .prop_map(|(cells, wrapped, more, blank)| {
            let wrapped = wrapped && !cells.is_empty();
            Op::Push(cells, wrapped, more, blank.saturating_sub(5))
        }),
        2 => Just(Op::Pop),
        2 => (3u32..30).prop_map(Op::Width),
        1 => Just(Op::Flush),
        1 => Just(Op::Check),
    ]
}

pub(super) fn fit(cells: Vec<Cell>, width: u32) -> Vec<Cell> {
    let mut x = 0;
    let fits = |cell: &Cell| {
        x += u32::from(cell.width);
        x <= width
    };
    cells.into_iter().take_while(fits).collect()
}

fn same(history: &mut dyn HistoryView, model: &Model) {
    let mut links = Links::new();
    assert_eq!(history.rows(), model.rows.len() as u64);
    for (n, want) in model.rows.iter().enumerate() {
        compare(&history.row(n as u64, &mut links).unwrap(), want, n);
    }
    assert!(history.row(model.rows.len() as u64, &mut links).is_none());
    scanned(history);
}

/// Rows that are read in order, from anywhere and to anywhere, are those that are read one by one.
pub(super) fn scanned(history: &mut dyn HistoryView) {
    let (mut links, count) = (Links::new(), history.rows());
    let rows: Vec<Row> = (0..count).map(|n| history.row(n, &mut links).unwrap()).collect();
    let middle = count / 2;
    for (from, to) in [(0, u64::MAX), (0, count), (middle, u64::MAX), (1, middle), (count, count + 1)] {
        let mut at = from as usize;
        let next = history.scan(from..to, &mut links, &mut |row, _| {
            assert_eq!(row.to_row(), rows[at], "row {at}");
            at += 1;
            true
        });
        assert_eq!((next, at as u64), (to.min(count).max(from), next), "{from} to {to}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn rows_come_out_as_the_model_says(ops in prop::collection::vec(op(true), 1..60)) {
        let disk = FaultyDisk::default();
        let store = store_on(&disk);
        let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 10);
        let (mut model, mut width) = (Model::default(), 10u32);
        let mut links = Links::new();
        let mut pinned: Option<(Box<dyn HistoryView>, Model, u32)> = None;
        for op in ops {
            match op {
                Op::Push(cells, wrapped, more, _) => {
                    let cells = fit(cells, width);
                    let mut row: Row = cells.iter().collect();
                    row.flags.set(RowFlags::WRAPPED, wrapped);
                    row.size = row.cols() + more;
                    history.push(&row, &links);
                    model.rows.push((plain(row.cells()), wrapped, Some(row.size)));
                }
                Op::Pop => {
                    let got = history.pop(&mut links);
                    let want = model.rows.pop();
                    assert_eq!(got.is_some(), want.is_some());
                    if let (Some(got), Some(want)) = (got, want) {
                        compare(&got, &want, model.rows.len());
                    }
                }
                Op::Width(cols) if cols != width => {
                    width = cols;
                    history.set_width(cols);
                    model.reflow(cols);
                }
                Op::Width(_) => {}
                Op::Flush => {
                    history.flush();
                }
                Op::Check => {
                    if let Some((mut view, then, _)) = pinned.take() {
                        same(&mut *view, &then);
                    }
                    pinned = Some((history.view(), model.clone(), width));
                }
            }
        }
        same(&mut history, &model);
        if let Some((mut view, mut then, then_width)) = pinned {
            same(&mut *view, &then);
            let other = if then_width == 7 { 9 } else { 7 };
            view.set_width(other);
            then.reflow(other);
            same(&mut *view, &then);
        }
        assert!(store.settle(LONG));
        store.shared.loader.cache.lock().clear();
        same(&mut history, &model);
    }
}
