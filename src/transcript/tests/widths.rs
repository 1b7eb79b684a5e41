//! Rows after changes of width, compared with a history in memory that rewraps every row.

use proptest::prelude::*;

use super::super::layout::usual_size;
use super::super::widths::MAX_FOLLOWED_STEPS;
use super::model::{Op, fit, op, plain, scanned};
use super::*;
use crate::base::history::RowFlags;
use crate::base::{CellStyle, Colour, PaneId, Size};
use crate::terminal::{MemoryHistory, Terminal, TerminalConfig};

fn compare(row: &Row, want: &Row, n: u64) {
    let shape = |row: &Row| (row.used(), row.unwritten, row.flags, row.size, row.time);
    assert_eq!(shape(row), shape(want), "row {n}: {} {}", row.text, want.text);
    assert_eq!(plain(row.cells()), plain(want.cells()), "row {n}");
}

fn same(history: &mut dyn HistoryView, model: &mut dyn HistoryView) {
    let mut links = Links::new();
    let texts = |view: &mut dyn HistoryView| -> Vec<_> {
        (0..view.rows()).map(|n| view.row(n, &mut Links::new()).map(|row| (row.text, row.runs))).collect()
    };
    assert_eq!(history.rows(), model.rows(), "{:?}\n{:?}", texts(history), texts(model));
    for n in 0..model.rows() {
        let want = model.row(n, &mut links).unwrap();
        compare(&history.row(n, &mut links).unwrap(), &want, n);
    }
    assert!(history.row(model.rows(), &mut links).is_none());
    scanned(history);
}

/// A row of cells at the terminal's width, followed by `blank` coloured columns that do not count
/// as written, and `more` columns after those.
fn pushed(cells: &[Cell], wrapped: bool, more: u32, blank: u32) -> Row {
    let mut row: Row = cells.iter().collect();
    let style = CellStyle { bg: Colour::Basic(4), ..CellStyle::DEFAULT };
    (0..blank).for_each(|_| row.push(&Cell { style, ..Cell::CLEARED }));
    row.unwritten = blank;
    row.flags.set(RowFlags::WRAPPED, wrapped && !cells.is_empty());
    row.size = row.cols() + more;
    // Mark cells that need more than one byte and plain colours, as a terminal does.
    row.flags.set(
        RowFlags::EXTENDED,
        row.runs.iter().any(|run| run.cols != run.bytes || run.style.us != Colour::Default)
            || row.text.len() != row.text.chars().count(),
    );
    row
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn rows_carry_what_they_do_in_memory(ops in prop::collection::vec(op(false), 1..60)) {
        let disk = FaultyDisk::default();
        let store = store_on(&disk);
        let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 10);
        let (mut model, mut width) = (MemoryHistory::new(usize::MAX, 10), 10u32);
        let mut links = Links::new();
        let mut pinned: Option<([Box<dyn HistoryView>; 2], u32)> = None;
        // Only the last changes of width are replayed for a line.
        let mut changes = 0;
        for op in ops {
            match op {
                Op::Push(cells, wrapped, more, blank) => {
                    let last = model.rows().checked_sub(1).and_then(|last| model.row(last, &mut links));
                    if cells.is_empty() && last.is_some_and(|row| row.flags.contains(RowFlags::WRAPPED)) {
                        continue;
                    }
                    let row = pushed(&fit(cells, width), wrapped, more, blank);
                    history.push(&row, &links);
                    model.push(&row, &links);
                }
                Op::Pop => {
                    let got = history.pop(&mut links);
                    let want = model.pop(&mut links);
                    assert_eq!(got.is_some(), want.is_some());
                    if let (Some(got), Some(want)) = (got, want) {
                        compare(&got, &want, model.rows());
                    }
                }
                Op::Width(cols) => {
                    changes += u32::from(cols != width);
                    if changes >= 8 {
                        continue;
                    }
                    width = cols;
                    history.set_width(cols);
                    model.set_width(cols);
                }
                Op::Flush => {
                    history.flush();
                }
                Op::Check => {
                    if let Some(([mut view, mut then], _)) = pinned.take() {
                        same(&mut *view, &mut *then);
                    }
                    pinned = Some(([history.view(), model.view()], width));
                }
            }
        }
        same(&mut history, &mut model);
        if let Some(([mut view, mut then], then_width)) = pinned {
            same(&mut *view, &mut *then);
            let other = if then_width == 7 { 9 } else { 7 };
            view.set_width(other);
            then.set_width(other);
            same(&mut *view, &mut *then);
        }
        assert!(store.settle(LONG));
        store.shared.loader.cache.lock().clear();
        same(&mut history, &mut model);
    }
}

#[test]
fn a_change_of_width_reads_nothing_of_a_long_history() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    let config = TerminalConfig { pane: true, ..TerminalConfig::default() };
    let mut terminal = Terminal::new(Size::new(80, 24), config, Box::new(history));
    let text: String = lines(0, 50_000).iter().map(|line| format!("{line}\r\n")).collect();
    terminal.feed(text.as_bytes());
    assert!(store.settle(LONG));
    // With rows that return when the screen grows, and without.
    for before in ["", "\x1b[2J"] {
        terminal.feed(before.as_bytes());
        let reads = disk.reads();
        for size in [Size::new(20, 24), Size::new(33, 10), Size::new(33, 40), Size::new(80, 24)] {
            terminal.resize(size);
        }
        assert_eq!(disk.reads(), reads, "after {before:?}");
    }
    assert_eq!(terminal.history_rows(), 50_000);
}

/// Data for counting rows of many blocks is in memory, and is read again after it was lost.
#[test]
fn rows_are_counted_at_a_new_width_without_reading() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), 256 << 10, 200);
    let mut model = MemoryHistory::new(usize::MAX, 200);
    let links = Links::new();
    let tab = Cell { flags: crate::base::CellFlags::TAB, width: 8, ..Cell::BLANK };
    for n in 0..30_000 {
        let mut cells: Vec<Cell> = width::clusters(&format!("{n} {}", "x".repeat(n % 20))).collect();
        if n % 4 == 0 {
            cells.insert(n % 3, tab.clone());
        }
        let row = pushed(&cells, false, 0, 0);
        history.push(&row, &links);
        model.push(&row, &links);
    }
    assert!(store.settle(LONG));
    assert!(history.pane.list.lock().len() > 4 * 3);
    let mut view = history.view();
    let check = |history: &mut dyn HistoryView, model: &mut dyn HistoryView, cols: u32| {
        let reads = disk.reads();
        history.set_width(cols);
        model.set_width(cols);
        assert_eq!(history.rows(), model.rows(), "at {cols}");
        disk.reads() - reads
    };
    for cols in [12, 150, 9] {
        assert_eq!(check(&mut history, &mut model, cols), 0);
        assert_eq!(check(&mut *view, &mut *model.view(), cols), 0);
        // A row is found through one group's sum, and then in its block.
        store.shared.loader.cache.lock().clear();
        let (reads, middle) = (disk.reads(), model.rows() / 2);
        compare(
            &history.row(middle, &mut Links::new()).unwrap(),
            &model.row(middle, &mut Links::new()).unwrap(),
            middle,
        );
        assert!(disk.reads() - reads <= 4, "{}", disk.reads() - reads);
    }
    // The oldest are dropped and the newest taken back: the rest of their groups is read once.
    assert!(history.pane.drop_oldest());
    history.flush();
    history.pop(&mut links.clone());
    for (cols, reads) in [(11, true), (13, false), (8, false)] {
        let before = disk.reads();
        history.set_width(cols);
        let rows = history.rows();
        assert_eq!(disk.reads() > before, reads, "at {cols}");
        let widths = history.newest.widths.clone();
        let blocks: Vec<_> = history.pane.list.lock().blocks().cloned().collect();
        let counted = |block: &Arc<sealed::Sealed>| store.shared.loader.load(block).rows(&widths);
        let sealed: u64 = blocks.iter().map(|block| u64::from(counted(block))).sum();
        assert_eq!(rows, sealed + history.newest.rows(), "at {cols}");
    }
}

/// tmux: if a tab wider than the window ends the first row, an empty row follows.
#[test]
fn a_tab_wider_than_the_window_leaves_an_empty_row() {
    let store = store_on(&FaultyDisk::default());
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 40);
    let mut model = MemoryHistory::new(usize::MAX, 40);
    let tab = Cell { flags: crate::base::CellFlags::TAB, width: 8, ..Cell::BLANK };
    let letters = |text: &str| width::clusters(text).collect::<Vec<Cell>>();
    for cells in [
        [letters("ab"), vec![tab.clone()], letters("cd")].concat(),
        [letters("abcdefghijkl"), vec![tab.clone(), tab.clone()], letters("cd")].concat(),
        [vec![tab.clone()], letters("after")].concat(),
    ] {
        let row = pushed(&cells, false, 0, 0);
        history.push(&row, &Links::new());
        model.push(&row, &Links::new());
    }
    for cols in [5, 40, 7, 40, 8, 40, 2, 40] {
        history.set_width(cols);
        model.set_width(cols);
        same(&mut history, &mut model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
    /// Lines with a cell wider than the window: their rows depend on the whole width history, and
    /// are counted accordingly.
    #[test]
    fn cells_wider_than_the_window_split_lines_as_in_memory(
        ops in prop::collection::vec(
            (prop::collection::vec((any::<bool>(), 0usize..12), 0..5), 0u32..6, 2u32..8, 2u32..50),
            1..24,
        )
    ) {
        let disk = FaultyDisk::default();
        let store = store_on(&disk);
        let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 40);
        let (mut model, mut width, mut changes) = (MemoryHistory::new(usize::MAX, 40), 40, 0);
        let mut links = Links::new();
        let tab = Cell { flags: crate::base::CellFlags::TAB, width: 8, ..Cell::BLANK };
        for (pieces, kind, narrow, wide) in ops {
            match kind {
                0 if changes < 3 => {
                    changes += 1;
                    width = wide;
                    for cols in [narrow, wide] {
                        history.set_width(cols);
                        model.set_width(cols);
                        same(&mut history, &mut model);
                        same(&mut *history.view(), &mut model);
                    }
                }
                1 => {
                    history.flush();
                }
                2 => {
                    // Take a whole line, as a terminal does before it changes its width.
                    let (mut got, mut want) = (history.pop(&mut links), model.pop(&mut links));
                    while history.continues() {
                        (got, want) = (history.pop(&mut links), model.pop(&mut links));
                    }
                    assert_eq!(got.is_some(), want.is_some());
                }
                _ => {
                    let mut cells = Vec::new();
                    for (is_tab, letters) in pieces {
                        cells.extend(width::clusters(&"abcdefghijkl"[..letters]));
                        cells.extend(is_tab.then(|| tab.clone()));
                    }
                    let row = pushed(&fit(cells, width), false, 0, 0);
                    history.push(&row, &links);
                    model.push(&row, &links);
                }
            }
        }
        same(&mut history, &mut model);
        assert!(store.settle(LONG));
        store.shared.loader.cache.lock().clear();
        same(&mut history, &mut model);
        let mut view = history.view();
        for cols in [5, 40] {
            view.set_width(cols);
            model.set_width(cols);
            same(&mut *view, &mut model);
        }
    }
}

/// Rows that were counted line by line stay counted during look-ups.
#[test]
fn rows_of_odd_blocks_are_counted_once() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 40);
    let tab = Cell { flags: crate::base::CellFlags::TAB, width: 8, ..Cell::BLANK };
    for n in 0..40 {
        let mut cells: Vec<Cell> = width::clusters(&format!("line {n} and more")).collect();
        cells.insert(n % 5, tab.clone());
        history.push(&pushed(&cells, false, 0, 0), &Links::new());
        history.flush();
    }
    assert!(store.settle(LONG));
    history.set_width(5);
    history.set_width(20);
    let rows = history.rows();
    let look = |history: &mut PaneHistory| {
        (0..rows).for_each(|n| assert!(history.row(n, &mut Links::new()).is_some()));
    };
    look(&mut history);
    let reads = disk.reads();
    look(&mut history);
    assert_eq!((disk.reads(), history.rows()), (reads, rows));
}

/// Results for a line are cached for equal lines; the cache must not change any result.
#[test]
fn lines_like_one_another_come_out_as_each_by_itself() {
    let store = store_on(&FaultyDisk::default());
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 40);
    let mut model = MemoryHistory::new(usize::MAX, 40);
    let green = CellStyle { fg: Colour::Basic(2), ..CellStyle::DEFAULT };
    let widths = [40, 23, 31, 12, 80, 33, 5, 9, 7, 40, 12, 60, 34, 21, 20, 19];
    for (n, width) in widths.into_iter().enumerate() {
        history.set_width(width);
        model.set_width(width);
        for line in 0..60usize {
            let length = (line * 7 % 30).min(width as usize);
            let mut cells: Vec<Cell> = width::clusters(&"abcdefghij".repeat(3)[..length]).collect();
            cells.iter_mut().skip(line / 10).for_each(|cell| cell.style = green);
            // Columns at the start that were never written, as without carriage returns.
            let never = [0, 0, 3, 17][line % 4].min(length);
            cells[..never].fill(Cell::CLEARED);
            let mut row = pushed(&cells, line % 4 == 0, (line % 3) as u32, 0);
            // As many columns as printing allocates, or another number.
            if line % 7 < 5 {
                row.size = usual_size(row.cols(), width);
            }
            row.time = (line / 30 * (n + 1)) as i64;
            row.flags.set(RowFlags::START_PROMPT, line % 5 == 0);
            history.push(&row, &Links::new());
            model.push(&row, &Links::new());
        }
        let ended = pushed(&[], false, 0, 0);
        history.push(&ended, &Links::new());
        model.push(&ended, &Links::new());
        same(&mut history, &mut model);
        same(&mut *history.view(), &mut *model.view());
        if n > MAX_FOLLOWED_STEPS {
            continue;
        }
        for n in 0..model.rows() {
            let mut links = Links::new();
            let (got, want) = (history.row(n, &mut links).unwrap(), model.row(n, &mut links).unwrap());
            assert_eq!((got.text, got.runs), (want.text, want.runs), "row {n}");
        }
    }
}
