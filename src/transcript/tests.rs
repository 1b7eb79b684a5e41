//! The room's behaviour at its façade: against a model, under faults, after crashes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::fault::{Fault, FaultyDisk};
use super::*;
use crate::base::history::{History, HistoryView, Row, RowFlags, Run, RunKind, Seek};
use crate::base::links::Links;
use crate::base::{Cell, CellFlags, CellStyle, Colour, PaneId, width};

const LONG: Duration = Duration::from_secs(20);
const CAP: u64 = 64 << 20;

fn store_on(disk: &FaultyDisk) -> TranscriptStore {
    let config = StoreConfig { storage: Arc::new(disk.clone()), ..StoreConfig::new(PathBuf::from("/t")) };
    TranscriptStore::new(config).unwrap()
}

fn text_row(text: &str) -> Row {
    width::clusters(text).collect::<Vec<Cell>>().iter().collect()
}

fn all_text(view: &mut dyn HistoryView) -> Vec<String> {
    let mut links = Links::new();
    (0..view.rows()).map(|n| view.row(n, &mut links).unwrap().text).collect()
}

fn push_lines(history: &mut PaneHistory, from: u64, to: u64) {
    let links = Links::new();
    for n in from..to {
        history.push(&text_row(&format!("line {n} {}", "x".repeat((n % 50) as usize))), &links);
    }
}

fn lines(from: u64, to: u64) -> Vec<String> {
    (from..to).map(|n| format!("line {n} {}", "x".repeat((n % 50) as usize))).collect()
}

/// Rows as cells: what tmux's reflow does, on the plainest structure that can hold it.
#[derive(Clone, Default, Debug)]
struct Model {
    /// (cells with fillers, wrapped, columns that exist where that is known)
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

/// Cells as they compare: a filler is a filler, whether or not its character is there.
fn plain(cells: Vec<Cell>) -> Vec<Cell> {
    let filler = |cell: &Cell| cell.is_padding().then_some(Cell { style: cell.style, ..Cell::PADDING });
    cells.into_iter().map(|cell| filler(&cell).unwrap_or(cell)).collect()
}

fn compare(row: &Row, (cells, wrapped, size): &(Vec<Cell>, bool, Option<u32>), n: usize) {
    let got = plain(row.cells());
    assert_eq!((&got, row.flags.contains(RowFlags::WRAPPED)), (cells, *wrapped), "row {n}");
    assert!(size.is_none_or(|size| size == row.size), "row {n}: {size:?} {}", row.size);
}

#[derive(Clone, Debug)]
enum Op {
    Push(Vec<Cell>, bool, u32),
    Pop,
    Width(u32),
    Flush,
    Check,
}

fn cell() -> impl Strategy<Value = Cell> {
    let style = prop_oneof![
        4 => Just(CellStyle::DEFAULT),
        1 => (0u8..8).prop_map(|n| CellStyle { fg: Colour::Basic(n), ..CellStyle::DEFAULT }),
        1 => (0u8..8).prop_map(|n| CellStyle { bg: Colour::Rgb(n, 0, 1), us: Colour::None, ..CellStyle::DEFAULT }),
    ];
    let shape = prop_oneof![
        8 => Just(("a", 1, CellFlags::empty())),
        2 => Just(("é", 1, CellFlags::empty())),
        3 => Just(("世", 2, CellFlags::empty())),
        1 => Just(("e\u{301}", 1, CellFlags::empty())),
        1 => Just((" ", 1, CellFlags::CLEARED)),
        1 => Just((" ", 3, CellFlags::TAB)),
    ];
    (shape, style).prop_map(|((text, width, flags), style)| Cell {
        glyph: crate::base::Glyph::from_text(text),
        width,
        flags,
        style,
    })
}

fn op() -> impl Strategy<Value = Op> {
    let row = prop::collection::vec(cell(), 0..40);
    prop_oneof![
        8 => (row, prop::bool::weighted(0.3), 0u32..9).prop_map(|(cells, wrapped, more)| Op::Push(cells, wrapped, more)),
        2 => Just(Op::Pop),
        1 => (3u32..30).prop_map(Op::Width),
        1 => Just(Op::Flush),
        1 => Just(Op::Check),
    ]
}

fn fit(cells: Vec<Cell>, width: u32) -> Vec<Cell> {
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
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn rows_come_out_as_the_model_says(ops in prop::collection::vec(op(), 1..60)) {
        let disk = FaultyDisk::default();
        let store = store_on(&disk);
        let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 10);
        let (mut model, mut width) = (Model::default(), 10u32);
        let mut links = Links::new();
        let mut pinned: Option<(Box<dyn HistoryView>, Model, u32)> = None;
        for op in ops {
            match op {
                Op::Push(cells, wrapped, more) => {
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
        store.shared.cache.lock().clear();
        same(&mut history, &model);
    }
}

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
fn caps_bound_the_disk_and_change_live() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let cap = 256 << 10;
    let mut a = store.open_pane(PaneId(1), PaneInfo::default(), cap, 80);
    let mut b = store.open_pane(PaneId(2), PaneInfo::default(), CAP, 80);
    let noise = |n: u64| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15).pow(1)).repeat(3);
    for n in 0..40_000u64 {
        a.push(&text_row(&noise(n)), &Links::new());
        b.push(&text_row(&noise(n + 7)), &Links::new());
        if n % 2000 == 0 {
            assert!(store.settle(LONG));
        }
    }
    a.flush();
    assert!(store.settle(LONG));
    assert!(a.bytes().1 <= cap && a.bytes().1 > cap / 2, "{:?}", a.bytes());
    let rows = a.rows();
    assert!(rows > 1000 && rows < 40_000);
    assert_eq!(a.row(rows - 1, &mut Links::new()).unwrap().text, noise(39_999));
    a.handle().set_limit(64 << 10);
    assert!(store.settle(LONG));
    assert!(a.bytes().1 <= 64 << 10 && a.rows() < rows);
    store.set_total_limit(1 << 20);
    assert!(store.settle(LONG));
    assert!(store.disk_bytes() <= 1 << 20 && b.bytes().1 > a.bytes().1);
    assert!(store.settle(LONG));
    assert!(disk.used() <= (1 << 20) + (256 << 10), "{}", disk.used());
    a.handle().set_limit(0);
    b.handle().close(None);
    drop(b);
    assert!(store.settle(LONG));
    assert_eq!((a.rows(), a.keeps(), store.disk_bytes()), (0, false, 0));
    drop(a);
    assert!(disk.names().iter().all(|n| !n.contains("pane-2")), "{:?}", disk.names());
}

#[test]
fn a_pinned_view_stays_readable_while_its_pane_rolls_over() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 20_000);
    assert!(store.settle(LONG));
    let mut view = history.view();
    push_lines(&mut history, 20_000, 30_000);
    history.handle().set_limit(64 << 10);
    assert!(store.settle(LONG));
    history.clear();
    history.handle().close(None);
    drop(history);
    assert!(store.settle(LONG));
    assert_eq!(all_text(&mut *view), lines(0, 20_000));
    drop(view);
    assert!(store.settle(LONG));
    assert_eq!(disk.names(), [""; 0]);
}

#[test]
fn disk_trouble_keeps_the_newest_lines_and_ends() {
    for fault in
        [Fault::Errno(libc::ENOSPC), Fault::Errno(libc::EROFS), Fault::Errno(libc::EMFILE), Fault::Short]
    {
        let disk = FaultyDisk::default();
        let store = store_on(&disk);
        let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
        push_lines(&mut history, 0, 10_000);
        assert!(store.settle(LONG));
        disk.fail(0, fault, true);
        for n in 0..50 {
            push_lines(&mut history, 10_000 + n * 1000, 11_000 + n * 1000);
            assert!(store.settle(LONG));
            assert!(!history.handle().is_congested());
        }
        assert!(history.handle().error().is_some() && store.error().is_some());
        assert_eq!(store.take_messages().len(), 1, "one clear message");
        assert!(history.bytes().0 < 4 << 20, "{:?}", history.bytes());
        let shown = all_text(&mut history);
        assert_eq!(shown[shown.len() - 5000..], lines(55_000, 60_000));
        assert_eq!(shown[..5000], lines(0, 5000));
        disk.heal();
        super::writer::retry_all(&store.shared);
        assert_eq!(history.handle().error(), None);
        assert_eq!(store.take_messages().len(), 1);
        push_lines(&mut history, 60_000, 65_000);
        assert!(store.settle(LONG));
        drop(store);
        let store = store_on(&disk);
        let key = store.leftovers()[0].key.clone();
        let mut again = store.adopt(&key, PaneId(1), CAP, 80, None).unwrap();
        let found = all_text(&mut again);
        assert_eq!(found[..], all_text(&mut history)[..found.len()]);
    }
}

#[test]
fn unreadable_blocks_are_blank_rows() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 20_000);
    assert!(store.settle(LONG));
    disk.fail_reads(true);
    assert_eq!(all_text(&mut history)[0], "");
    assert!(store.take_messages()[0].contains("cannot read"));
    disk.fail_reads(false);
    assert_eq!(all_text(&mut history), lines(0, 20_000));
}

/// Writes lines with a crash at change number `at`; what is found afterwards must be a
/// beginning of what was printed.
fn crash_at(at: u64) -> bool {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), 40 << 10, 80);
    disk.fail(at, Fault::Crash, false);
    push_lines(&mut history, 0, 500);
    assert!(store.settle(LONG));
    let before = history.end_line();
    push_lines(&mut history, 500, 4000);
    for _ in 0..200 {
        history.pop(&mut Links::new());
    }
    push_lines(&mut history, 3800, 4000);
    history.flush();
    assert!(store.settle(LONG));
    let reached = disk.changes() > at;
    drop((history, store));
    disk.heal();
    let store = store_on(&disk);
    let Some(left) = store.leftovers().pop() else { return reached };
    let mut found = store.adopt(&left.key, PaneId(1), CAP, 80, None).unwrap();
    let shown = all_text(&mut found);
    let end = found.end_line();
    assert!(end <= 4000 && (reached || end == 4000), "crash at {at}: {before} {end}");
    assert_eq!(shown, lines(end - shown.len() as u64, end), "crash at {at}");
    push_lines(&mut found, end, end + 100);
    found.flush();
    assert!(store.settle(LONG));
    assert_eq!(all_text(&mut found).last(), lines(end + 99, end + 100).last());
    let first = end - shown.len() as u64;
    let mut cut = {
        drop((found, store));
        let store = store_on(&disk);
        let key = store.leftovers()[0].key.clone();
        store.adopt(&key, PaneId(1), CAP, 80, Some(end + 50)).unwrap()
    };
    assert_eq!(all_text(&mut cut), lines(first, end + 50), "cut after crash at {at}");
    reached
}

#[test]
fn a_crash_at_any_write_leaves_a_beginning_of_what_was_printed() {
    let mut at = 0;
    while crash_at(at) {
        at += 1;
        assert!(at < 1000);
    }
    assert!(at > 20, "only {at} writes were tried");
}

/// What panes go through in the table of faults: files are made, appended to, synced, renamed,
/// cut, given back and removed. What stays open at the end.
fn busy_life(store: &TranscriptStore) -> PaneHistory {
    let open = |pane, cap| store.open_pane(PaneId(pane), PaneInfo::default(), cap, 80);
    for (pane, until) in [(2, None), (3, Some(100))] {
        let mut closed = open(pane, CAP);
        push_lines(&mut closed, 0, 50);
        closed.handle().annotate(1, "noted");
        closed.handle().close(until);
    }
    let mut history = open(1, 16 << 10);
    for step in 0..6 {
        push_lines(&mut history, step * 60, step * 60 + 60);
        history.flush();
        assert!(store.settle(LONG));
        match step {
            0 => history.handle().set_command("sh".into()),
            1 => history.handle().annotate(2, "noted"),
            2 => {
                for _ in 0..30 {
                    history.pop(&mut Links::new());
                }
                push_lines(&mut history, 150, 180);
            }
            3 => history.clear(),
            4 => history.handle().set_limit(8 << 10),
            _ => (),
        }
    }
    history.flush();
    assert!(store.settle(LONG));
    history
}

/// Lines (from, to) of blocks that are on disk and wanted.
fn sealed_lines(history: &PaneHistory) -> Vec<(u64, u64)> {
    let list = history.pane.list.lock();
    let on_disk = list.blocks().filter(|block| block.disk_bytes() > 0);
    on_disk.map(|block| (block.first_line, block.end_line())).collect()
}

/// One line of the table: a fault at change number `at` of a busy life. Whether it got there.
fn fault_at(at: u64, fault: Fault, lasting: bool) -> bool {
    let case = format!("{fault:?} at {at}, lasting: {lasting}");
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    disk.fail(at, fault, lasting);
    let mut history = busy_life(&store);
    let reached = disk.changes() > at;
    let shown = all_text(&mut history);
    let end = history.end_line();
    assert_eq!((end, &shown), (360, &lines(end - shown.len() as u64, end)), "{case}");
    let said = store.take_messages();
    let why = match fault {
        Fault::Errno(errno) => std::io::Error::from_raw_os_error(errno).to_string(),
        Fault::Short => std::io::Error::from_raw_os_error(libc::ENOSPC).to_string(),
        Fault::Crash => std::io::Error::from_raw_os_error(libc::EIO).to_string(),
    };
    for text in &said {
        let clear = text.starts_with("history: ") && text.contains("/t");
        assert!(clear && (text.contains(&why) || text.ends_with(" again")), "{case}: {text}");
    }
    assert!(history.handle().error().is_none_or(|text| text == why), "{case}");
    let mut sealed = sealed_lines(&history);
    if fault != Fault::Crash {
        // The disk is well again: what waited is written, and nothing is missing.
        disk.heal();
        super::writer::retry_all(&store.shared);
        assert_eq!(history.handle().error(), None, "{case}");
        push_lines(&mut history, 360, 375);
        history.flush();
        assert!(store.settle(LONG));
        sealed = sealed_lines(&history);
        assert_eq!(sealed.last().map(|last| last.1), Some(375), "{case}");
    }
    drop((history, store));
    disk.heal();
    let store = store_on(&disk);
    store.all();
    for left in store.leftovers() {
        store.read(&left.key).expect("what is listed can be read");
    }
    let left = store.leftovers().into_iter().find(|left| left.key == "pane-1-0");
    let Some(left) = left else {
        assert_eq!(sealed, [], "{case}");
        return reached;
    };
    let mut found = store.adopt(&left.key, PaneId(1), CAP, 80, None).unwrap();
    let (shown, end) = (all_text(&mut found), found.end_line());
    let first = end - shown.len() as u64;
    assert_eq!(shown, lines(first, end), "{case}");
    for (from, to) in sealed {
        assert!(first <= from && to <= end, "{case}: {from} to {to} of {first} to {end}");
    }
    reached
}

#[test]
fn no_fault_at_any_change_loses_a_sealed_block() {
    let errnos = [libc::ENOSPC, libc::EIO, libc::EROFS, libc::EMFILE].map(Fault::Errno);
    for fault in errnos.into_iter().chain([Fault::Short, Fault::Crash]) {
        let lasts = [Fault::Errno(libc::ENOSPC), Fault::Errno(libc::EROFS)].contains(&fault);
        for &lasting in if lasts { &[false, true][..] } else { &[false] } {
            let mut at = 0;
            while fault_at(at, fault, lasting) {
                at += 1;
            }
            assert!(at > 50, "only {at} changes were tried");
        }
    }
}

#[test]
fn damaged_segments_never_show_anything_wrong() {
    let mut seed = 1u64;
    for round in 0..200 {
        let disk = FaultyDisk::default();
        let store = store_on(&disk);
        let mut history = store.open_pane(PaneId(1), PaneInfo::default(), 32 << 10, 80);
        push_lines(&mut history, 0, 600);
        history.flush();
        assert!(store.settle(LONG));
        drop((history, store));
        disk.damage(|path, bytes| {
            if path.to_string_lossy().contains("seg-") && !bytes.is_empty() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
                let at = (seed >> 33) as usize % bytes.len();
                if round % 3 == 0 { bytes.truncate(at) } else { bytes[at] ^= 1 << (round % 8) }
            }
        });
        let store = store_on(&disk);
        let key = store.leftovers()[0].key.clone();
        let mut found = store.adopt(&key, PaneId(1), CAP, 80, None).unwrap();
        let want = lines(0, 600);
        for line in all_text(&mut found) {
            assert!(line.is_empty() || want.contains(&line), "{line}");
        }
    }
}

#[test]
fn kept_transcripts_are_found_and_expire() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history =
        store.open_pane(PaneId(4), PaneInfo { command: "sh".into(), ..PaneInfo::default() }, CAP, 80);
    push_lines(&mut history, 0, 10);
    history.handle().annotate(77, "killed: out of memory");
    history.handle().close(Some(100));
    drop(history);
    assert!(store.settle(LONG));
    let left = store.leftovers();
    assert_eq!((left.len(), left[0].keep_until, left[0].info.pane), (1, Some(100), 4));
    store.expire(99);
    let mut again = store.adopt(&left[0].key, PaneId(4), CAP, 80, None).unwrap();
    assert_eq!(all_text(&mut again), lines(0, 10));
    assert_eq!(again.handle().annotations()[0].text, "killed: out of memory");
    drop((again, store));
    let store = store_on(&disk);
    store.expire(100);
    assert_eq!(store.leftovers(), []);
    assert_eq!(disk.names(), [""; 0]);
}

#[test]
fn encrypted_blocks_read_back_with_their_key_only() {
    let disk = FaultyDisk::default();
    let config =
        |key| StoreConfig { storage: Arc::new(disk.clone()), key, ..StoreConfig::new(PathBuf::from("/t")) };
    let store = TranscriptStore::new(config(Some(Key([5; 32])))).unwrap();
    let info = PaneInfo { command: "secret".into(), ..PaneInfo::default() };
    let mut history = store.open_pane(PaneId(1), info, CAP, 80);
    push_lines(&mut history, 0, 2000);
    history.flush();
    assert!(store.settle(LONG));
    let holds = |word: &[u8]| {
        let mut found = false;
        disk.damage(|_, bytes| found |= bytes.windows(word.len()).any(|at| at == word));
        found
    };
    assert!(holds(b"secret"));
    // From now on; what is there stays as it is.
    store.set_encrypt(true);
    push_lines(&mut history, 2000, 5000);
    history.flush();
    assert!(store.settle(LONG));
    assert_eq!(all_text(&mut history), lines(0, 5000));
    assert!(!holds(b"secret"));
    assert_eq!(store.all()[0].info.command, "secret");
    drop(store);
    for (key, readable) in [(Some(Key([5; 32])), true), (Some(Key([6; 32])), false), (None, false)] {
        let store = TranscriptStore::new(config(key)).unwrap();
        let listed = store.all()[0].error.clone();
        assert_eq!(listed.is_none(), readable, "{listed:?}");
        assert!(listed.is_none_or(|text| text.starts_with("encrypted, and the key went")));
        let key = store.leftovers()[0].key.clone();
        assert_eq!(store.read(&key).is_ok(), readable);
        let mut again = store.adopt(&key, PaneId(1), CAP, 80, None).unwrap();
        assert_eq!(all_text(&mut again)[..2000], lines(0, 2000));
        assert_eq!(all_text(&mut again)[4000] == lines(4000, 4001)[0], readable);
        assert_eq!(store.take_messages().is_empty(), readable);
    }
}

#[test]
fn without_a_key_nothing_is_written_in_the_clear() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    store.set_encrypt(true);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 5000);
    assert!(store.settle(LONG));
    assert_eq!(disk.used(), 49, "but for what is known of the pane");
    assert_eq!(history.handle().error().as_deref(), Some("no key to encrypt with"));
    assert_eq!(all_text(&mut history), lines(0, 5000));
}

#[test]
fn transcripts_stay_where_they_were_opened() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut first = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_lines(&mut first, 0, 5000);
    store.set_dir(PathBuf::from("/elsewhere"));
    let mut second = store.open_pane(PaneId(2), PaneInfo::default(), CAP, 80);
    for history in [&mut first, &mut second] {
        push_lines(history, 5000, 10_000);
        history.flush();
    }
    assert!(store.settle(LONG));
    assert!(disk.names().iter().any(|name| name.starts_with("/t/pane-1-0/seg-")));
    assert!(
        disk.names()
            .iter()
            .all(|name| name.starts_with("/t/pane-1-0/") || name.starts_with("/elsewhere/pane-2-0/"))
    );
    push_lines(&mut first, 10_000, 10_010);
    let mut saved = Vec::new();
    first.save(&mut saved);
    std::mem::forget((first, second));
    drop(store);
    // The next server goes on with it where it is.
    let store = store_on(&disk);
    store.set_dir(PathBuf::from("/elsewhere"));
    let mut again = store.resume(&saved, CAP).unwrap();
    assert_eq!(all_text(&mut again), lines(0, 10_010));
    again.handle().close(None);
    drop(again);
    assert!(store.settle(LONG));
    assert!(disk.names().iter().all(|name| name.starts_with("/elsewhere/pane-2-0/")));
}

#[test]
fn a_pane_may_keep_its_lines_off_the_disk() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    history.handle().set_on_disk(false);
    push_lines(&mut history, 0, 100_000);
    history.handle().annotate(0, "a note");
    assert!(store.settle(LONG));
    assert_eq!(disk.names(), [""; 0]);
    assert!(!history.handle().is_congested() && history.handle().error().is_none());
    assert!(history.bytes().0 < 4 << 20, "{:?}", history.bytes());
    let shown = all_text(&mut history);
    assert!(shown.len() > 10_000, "{}", shown.len());
    assert_eq!(shown, lines(100_000 - shown.len() as u64, 100_000));
    let mut saved = Vec::new();
    history.save(&mut saved);
    std::mem::forget(history);
    drop(store);
    // Nor does the next server write them, until it is told to.
    let store = store_on(&disk);
    let mut again = store.resume(&saved, CAP).unwrap();
    assert!(store.settle(LONG));
    assert_eq!((disk.names(), all_text(&mut again)), (vec![], shown.clone()));
    again.handle().set_on_disk(true);
    assert!(store.settle(LONG));
    assert!(disk.used() > 0);
    assert_eq!(all_text(&mut again), shown);
}

#[test]
fn a_real_directory_is_private_and_links_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("state/scopemux/default");
    let store = TranscriptStore::new(StoreConfig::new(root.clone())).unwrap();
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 50_000);
    assert!(store.settle(LONG));
    assert_eq!(history.handle().error(), None);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let pane = root.join(history.handle().key());
    assert_eq!((mode(&root), mode(&pane), mode(&pane.join("seg-00000000"))), (0o700, 0o700, 0o600));
    assert_eq!(all_text(&mut history), lines(0, 50_000));
    history.handle().close(None);
    drop(history);
    assert!(store.settle(LONG));
    assert!(!pane.exists());
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&root, &link).unwrap();
    let store = TranscriptStore::new(StoreConfig::new(link)).unwrap();
    let mut history = store.open_pane(PaneId(2), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 50_000);
    assert!(store.settle(LONG));
    assert!(history.handle().error().unwrap().contains("not a private directory"));
}

#[test]
fn searches_find_every_match_in_both_directions_and_can_be_interrupted() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 20);
    push_lines(&mut history, 0, 16_000);
    let mut row = text_row("needle at the very ");
    row.flags = RowFlags::WRAPPED;
    history.push(&row, &Links::new());
    let mut view = history.pin();
    let rows = view.rows();
    let all = all_text(&mut view);
    let check = |view: &mut TranscriptView, pattern: &str, is_regex: bool, want: Vec<u64>| {
        let needle = Needle::new(pattern, is_regex, false).unwrap();
        for forward in [true, false] {
            let mut cursor = SearchCursor::new(view, if forward { 0 } else { rows }, forward);
            let (mut found, mut pauses) = (Vec::new(), 0);
            loop {
                match cursor.step(view, &needle, 32 << 10) {
                    Progress::Found(f) => found.extend(f.hits.iter().map(|hit| hit.row)),
                    Progress::More => pauses += 1,
                    Progress::Done => break,
                }
            }
            if !forward {
                found.reverse();
            }
            assert!(found == want, "{pattern}: {} and {} rows", found.len(), want.len());
            assert!(pauses > 3);
        }
    };
    let rows_with =
        |text: &str| -> Vec<u64> { (0..rows).filter(|&n| all[n as usize].contains(text)).collect() };
    check(&mut view, "line 777 ", false, rows_with("line 777 "));
    let posix = regex::Regex::new("ne 15[0-9]{3} ").unwrap();
    let want = (0..rows).filter(|&n| posix.is_match(&all[n as usize])).collect();
    check(&mut view, "ne 15[0-9]{3} ", true, want);
    check(&mut view, "needle", false, vec![rows - 1]);
    let filter = prefilter("line 15000", false, false).unwrap();
    let mut at = view.seek(0, true, &filter, usize::MAX);
    assert_eq!(at, Seek::At(rows_with("line 15000")[0]));
    at = view.seek(rows - 1, false, &filter, 1);
    while let Seek::More(row) = at {
        at = view.seek(row, false, &filter, 1);
    }
    let last = rows_with("line 15000")[0];
    assert!(matches!(at, Seek::At(row) if row >= last && row < last + 4), "{at:?}");
    assert_eq!(view.seek(0, true, &prefilter("nowhere", false, true).unwrap(), usize::MAX), Seek::End);
}

#[test]
fn exports_are_whole_and_show_notes_between_lines() {
    let store = store_on(&FaultyDisk::default());
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 3);
    history.handle().annotate(0, "killed");
    push_lines(&mut history, 3, 5000);
    let mut view = history.pin();
    let notes = history.handle().annotations();
    let mut export = Exporter::new(&mut view, Form::Text, 0, u64::MAX, notes);
    let mut out = String::new();
    while export.step(&mut view, 1000, &mut out) {}
    let mut want = lines(0, 5000);
    want.iter_mut().for_each(|line| line.truncate(line.trim_end().len()));
    let shown: Vec<&str> = out.lines().collect();
    assert!(shown[3].starts_with("-- 19") && shown[3].ends_with(": killed --"), "{}", shown[3]);
    assert_eq!([&shown[..3], &shown[4..]].concat(), want);
    for form in [Form::Ansi, Form::Html, Form::Cast] {
        let (mut export, mut out) = (Exporter::new(&mut view, form, 10, 20, Vec::new()), String::new());
        while export.step(&mut view, 3, &mut out) {}
        assert!(out.contains("line 10 ") && !out.contains("line 9 ") && !out.contains("line 20 "), "{out}");
    }
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

#[test]
fn kept_transcripts_are_listed_and_read_without_a_pane() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    let other = store.open_pane(PaneId(2), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 5_000);
    history.handle().annotate(3, "killed");
    history.handle().close(Some(1000));
    drop(history);
    assert!(store.settle(LONG));
    let all: Vec<_> = store.all().into_iter().map(|one| (one.info.pane, one.live, one.keep_until)).collect();
    assert_eq!(all, [(2, true, None), (1, false, Some(1000))]);
    let key = store.all()[1].key.clone();
    let (mut view, notes) = store.read(&key).unwrap();
    assert_eq!(all_text(&mut view), lines(0, 5_000));
    assert_eq!(notes.len(), 1);
    assert!(store.read("../x").is_err(), "not a name of a transcript");
    assert!(store.read(other.handle().key()).is_err(), "that one is open");
}
