//! Limits of bytes on disk, and panes that are not written to disk.

use super::*;
use crate::base::PaneId;

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
    // The next server does not write them either, until the option changes.
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
fn blocks_grow_with_the_cap() {
    let store = store_on(&FaultyDisk::default());
    for (cap, bytes) in
        [(1 << 10, 4 << 10), (400 << 10, 50 << 10), (64 << 20, 128 << 10), (1 << 30, 256 << 10)]
    {
        let history = store.open_pane(PaneId(1), PaneInfo::default(), cap, 80);
        assert_eq!(history.block_bytes(), bytes, "at {cap}");
    }
}
