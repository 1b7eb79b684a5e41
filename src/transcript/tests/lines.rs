//! Single lines: long ones, their properties, and finding them again.

use super::*;
use crate::base::history::{RowFlags, Run, RunKind};
use crate::base::{CellFlags, PaneId};

#[test]
fn a_million_rows_come_back_across_blocks_at_any_width() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 100_000);
    assert!(store.settle(LONG));
    assert_eq!(history.rows(), 100_000);
    assert!(history.pane.list.lock().len() > 10);
    let mut links = Links::new();
    for n in [0, 1, 4999, 50_000, 77_777, 99_999] {
        assert_eq!(history.row(n, &mut links).unwrap().text, lines(n, n + 1)[0]);
    }
    history.set_width(20);
    let want: u64 = lines(0, 100_000).iter().map(|l| (l.len() as u64).div_ceil(20)).sum();
    assert_eq!(history.rows(), want);
    history.set_width(80);
    for n in (90_000..100_000).rev() {
        assert_eq!(history.pop(&mut links).unwrap().text, lines(n, n + 1)[0]);
    }
    push_lines(&mut history, 90_000, 90_010);
    assert_eq!(all_text(&mut *history.view())[89_990..], lines(89_990, 90_010));
    assert!(store.cached_bytes() <= StoreConfig::CACHE_BYTES);
}

#[test]
fn long_lines_are_cut_into_records_and_still_join() {
    let store = store_on(&FaultyDisk::default());
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 100);
    let mut row = text_row(&"y".repeat(100));
    row.flags = RowFlags::WRAPPED;
    for _ in 0..5000 {
        history.push(&row, &Links::new());
    }
    history.push(&text_row("end"), &Links::new());
    assert_eq!(history.rows(), 5001);
    let mut links = Links::new();
    assert!((0..5000).all(|n| history.row(n, &mut links).unwrap().flags == RowFlags::WRAPPED));
    assert_eq!(history.row(5000, &mut links).unwrap().text, "end");
}

#[test]
fn links_marks_and_cut_cells_survive_the_disk() {
    let store = store_on(&FaultyDisk::default());
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 20);
    let mut theirs = Links::new();
    let link = theirs.intern("", "http://a/");
    let mut row = text_row("see here");
    row.runs[0].style.link = link;
    row.flags = RowFlags::START_PROMPT | RowFlags::HYPERLINK;
    row.time = 1_700_000_000;
    row.size = 20;
    let cut =
        Run { kind: RunKind::Tab(8), flags: CellFlags::NARROW_FILLERS, bytes: 0, cols: 3, ..row.runs[0] };
    row.runs.push(cut);
    row.runs.push(Run { kind: RunKind::Cleared, flags: CellFlags::PADDING, cols: 2, ..cut });
    row.unwritten = 1;
    history.push(&row, &theirs);
    assert_eq!(history.pop(&mut theirs), Some(row.clone()), "its own links keep their numbers");
    history.push(&row, &theirs);
    history.flush();
    assert!(store.settle(LONG));
    let mut ours = Links::new();
    ours.intern("x", "http://other/");
    let back = history.row(0, &mut ours).unwrap();
    let there = back.runs[0].style.link;
    assert_eq!(ours.get(there), theirs.get(link));
    assert_eq!(history.row(0, &mut ours).unwrap().runs[0].style.link, there, "no new link per read");
    let mut back = back;
    back.runs.iter_mut().for_each(|run| run.style.link = link);
    assert_eq!(back, row);
}

#[test]
fn pictures_are_not_wrapped_at_any_width_and_text_is() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 20);
    let picture = |cols: usize| {
        let mut row = Row::default();
        let flags = CellFlags::PLACED;
        let glyph = crate::base::Glyph::from_text("\u{10eeee}\u{305}\u{305}");
        let cell = Cell { glyph, width: 1, flags, ..Cell::BLANK };
        (0..cols).for_each(|_| row.push(&cell));
        row
    };
    for _ in 0..700 {
        history.push(&picture(20), &Links::new());
        history.push(&text_row("a row of text"), &Links::new());
    }
    history.flush();
    assert!(store.settle(LONG));
    let mut links = Links::new();
    assert!(history.row(0, &mut links).unwrap().cells().iter().all(|c| c.flags == CellFlags::PLACED));
    for (width, rows) in [(5, 700 * 4), (20, 700 * 2), (10, 700 * 3), (40, 700 * 2)] {
        history.set_width(width);
        assert_eq!(history.rows(), rows, "{width} columns");
        for row in [0, rows / 700, rows - rows / 700] {
            assert_eq!(history.row(row, &mut links).unwrap().cols(), 20, "row {row} of {width} columns");
        }
        let mut view = history.view();
        let long =
            all_text(&mut *view).iter().filter(|text| text.matches('\u{10eeee}').count() == 20).count();
        assert_eq!(long, 700, "{width} columns");
        // A row that is wider than the pane.
        history.push(&picture(60), &Links::new());
        assert_eq!(history.rows(), rows + 1);
        history.pop(&mut links);
    }
}

#[test]
fn a_view_takes_the_screen_along_and_finds_lines_by_number() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 20);
    push_lines(&mut history, 0, 20_000);
    let mut view = TranscriptView::from_view(history.view()).unwrap();
    view.extend(&[text_row("on the screen"), text_row("below")], &Links::new());
    let rows = view.rows();
    assert_eq!(all_text(&mut view)[rows as usize - 2..], ["on the screen", "below"]);
    assert_eq!(history.rows() + 2, rows, "the pane itself has no more than before");
    for line in [0, 1, 777, 19_999, 20_000, 20_001] {
        let row = view.row_of_number(line);
        assert_eq!(view.line_number(row), line);
    }
}
