//! Lines that a disk did not accept: marked in their place, once, for all readers.

use super::super::fault::Fault;
use super::*;
use crate::base::PaneId;

/// Marks for missing lines: their rows and texts.
pub(super) fn marks(shown: &[String]) -> Vec<(usize, &String)> {
    shown.iter().enumerate().filter(|(_, line)| line.contains(" missing: ")).collect()
}

/// The number in a mark.
pub(super) fn missing(mark: &str) -> Option<usize> {
    mark.trim_start_matches('[').split(' ').next()?.parse().ok()
}

/// Pushes lines, each with its own time.
fn push_timed(history: &mut PaneHistory, from: u64, to: u64) {
    for n in from..to {
        let text = format!("line {n} {}", "x".repeat((n % 50) as usize));
        history.push(&Row { time: 1_000_000 + n as i64, ..text_row(&text) }, &Links::new());
    }
}

/// A disk that fails from line 10,000 to 60,000; returns the history.
fn with_a_hole(disk: &FaultyDisk, store: &TranscriptStore, fault: Fault) -> PaneHistory {
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_timed(&mut history, 0, 10_000);
    assert!(store.settle(LONG));
    disk.fail(0, fault, true);
    for n in 1..6 {
        push_timed(&mut history, n * 10_000, (n + 1) * 10_000);
        assert!(store.settle(LONG));
    }
    history
}

/// Checks that there is one mark, that the lines on both sides of it are complete, and that its
/// count is right.
fn check(shown: &[String], end: u64, why: &str) {
    let found = marks(shown);
    assert_eq!(found.len(), 1, "{found:?}");
    let (at, mark) = found[0];
    let gone = missing(mark).unwrap();
    assert!(gone > 10_000 && shown.len() + gone - 1 == end as usize, "{mark}");
    assert!(mark.contains(why) && mark.contains(", 1970-01-12 "), "{mark}");
    assert_eq!(shown[..at], lines(0, at as u64));
    assert_eq!(shown[at + 1..], lines((at + gone) as u64, end));
}

#[test]
fn a_hole_is_marked_once_everywhere_and_for_good() {
    for (fault, why) in [
        (Fault::Errno(libc::ENOSPC), "No space left"),
        (Fault::Errno(libc::EROFS), "Read-only"),
        (Fault::Errno(libc::EIO), "Input/output"),
        (Fault::Short, "No space left"),
    ] {
        let disk = FaultyDisk::default();
        let store = store_on(&disk);
        let mut history = with_a_hole(&disk, &store, fault);
        check(&all_text(&mut history), 60_000, why);
        // A journal contains the mark too.
        let mut saved = Vec::new();
        history.save(&mut saved);
        let next = disk.copy();
        let mut again = store_on(&next).resume(&saved, CAP).unwrap();
        check(&all_text(&mut again), 60_000, why);
        drop(again);
        disk.heal();
        writer::retry_all(&store.shared);
        assert_eq!(history.handle().error(), None);
        push_timed(&mut history, 60_000, 65_000);
        history.flush();
        assert!(store.settle(LONG));
        let mut view = history.pin();
        let shown = all_text(&mut view);
        check(&shown, 65_000, why);
        let needle = Needle::new(" missing: ", false, false).unwrap();
        let mut cursor = SearchCursor::new(&mut view, 0, true);
        let Progress::Found(found) = cursor.step(&mut view, &needle, usize::MAX) else {
            panic!("a search finds the mark");
        };
        assert_eq!((found.row as usize, found.rows), (marks(&shown)[0].0, 1));
        let mut text = String::new();
        let mut export = Exporter::new(&mut view, Form::Text, 0, u64::MAX, Vec::new());
        while export.step(&mut view, 1000, &mut text) {}
        assert_eq!(text.matches(" missing: ").count(), 1);
        drop((view, history, store));
        let store = store_on(&disk);
        let key = store.leftovers()[0].key.clone();
        check(&all_text(&mut store.read(&key).unwrap().0), 65_000, why);
        check(&all_text(&mut store.adopt(&key, PaneId(1), CAP, 80, None).unwrap()), 65_000, why);
    }
}

#[test]
fn blocks_are_written_in_the_order_of_their_lines() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = with_a_hole(&disk, &store, Fault::Errno(libc::ENOSPC));
    disk.heal();
    // The pane prints more within the same second: pending blocks are still written first.
    *history.pane.trouble.lock() = None;
    push_timed(&mut history, 60_000, 70_000);
    history.flush();
    assert!(store.settle(LONG));
    let shown = all_text(&mut history);
    drop((history, store));
    let store = store_on(&disk);
    let key = store.leftovers()[0].key.clone();
    assert_eq!(all_text(&mut store.read(&key).unwrap().0), shown);
    check(&shown, 70_000, "No space left");
}

#[test]
fn a_slow_disk_loses_nothing_and_slows_the_pane() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    disk.hold(true);
    push_lines(&mut history, 0, 80_000);
    assert!(history.handle().is_congested(), "the pane is not read meanwhile");
    assert_eq!(all_text(&mut history), lines(0, 80_000));
    disk.hold(false);
    history.flush();
    assert!(store.settle(LONG));
    assert!(!history.handle().is_congested());
    assert_eq!(all_text(&mut history), lines(0, 80_000));
}

#[test]
fn a_directory_that_was_removed_is_made_again() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 20_000);
    history.flush();
    assert!(store.settle(LONG));
    disk.wipe();
    push_lines(&mut history, 20_000, 40_000);
    history.flush();
    assert!(store.settle(LONG));
    assert_eq!((history.handle().error(), store.take_messages().len()), (None, 0));
    let shown = all_text(&mut history);
    assert_eq!(shown[20_000..], lines(20_000, 40_000));
    assert!(marks(&shown).iter().filter_map(|(_, mark)| missing(mark)).sum::<usize>() == 20_000);
    history.clear();
    disk.wipe();
    history.clear();
    push_lines(&mut history, 0, 100);
    history.flush();
    assert!(store.settle(LONG));
    assert_eq!((all_text(&mut history), history.handle().error()), (lines(0, 100), None));
    assert!(disk.names().iter().any(|name| name.contains("seg-")));
}

#[test]
fn a_ring_off_the_disk_is_marked_only_where_older_lines_stay() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    history.handle().set_on_disk(false);
    push_lines(&mut history, 0, 100_000);
    assert_eq!(marks(&all_text(&mut history)), []);
    history.clear();
    history.handle().set_on_disk(true);
    push_lines(&mut history, 100_000, 110_000);
    history.flush();
    assert!(store.settle(LONG));
    history.handle().set_on_disk(false);
    push_lines(&mut history, 110_000, 200_000);
    let shown = all_text(&mut history);
    let found = marks(&shown);
    assert!(found.len() == 1 && found[0].1.contains("history-disk is off"), "{found:?}");
    assert_eq!(shown.len() + missing(found[0].1).unwrap() - 1, 100_000);
}
