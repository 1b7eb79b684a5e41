//! A fault at each change in turn, and the state that the next server finds.

use crate::sys::error::strerror;
use std::path::Path;

use super::super::fault::Fault;
use super::super::small;
use super::*;
use crate::base::PaneId;

/// Writes lines with a crash at change number `at`; the recovered lines must be a prefix of the
/// printed ones. True if that change was reached.
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

/// Lines that `busy_life` clears.
const CLEARED: u64 = 240;

/// Operations on panes for the table of faults: files are created, appended to, synced, renamed,
/// truncated, punched and removed. Returns the pane that stays open at the end.
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

/// Lines (from, to) of blocks that are on disk and not retired.
fn sealed_lines(history: &PaneHistory) -> Vec<(u64, u64)> {
    let list = history.pane.list.lock();
    let on_disk = list.blocks().filter(|block| block.disk_bytes() > 0);
    on_disk.map(|block| (block.first_line, block.end_line())).collect()
}

/// One row of the table: a fault at change number `at` of a busy life. True if that change was
/// reached.
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
        Fault::Errno(errno) => strerror(errno),
        Fault::Short => strerror(libc::ENOSPC),
        Fault::Crash => strerror(libc::EIO),
    };
    for text in &said {
        let clear = text.starts_with("history: ") && text.contains("/t");
        assert!(clear && (text.contains(&why) || text.ends_with(" again")), "{case}: {text}");
    }
    assert!(history.handle().error().is_none_or(|text| text == why), "{case}");
    let mut sealed = sealed_lines(&history);
    if fault != Fault::Crash {
        // The disk works again: pending blocks are written, and nothing is missing.
        disk.heal();
        writer::retry_all(&store.shared);
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
    // Cleared lines do not come back, unless the machine stopped before the clear was recorded.
    assert!(fault == Fault::Crash || first >= CLEARED, "{case}: {first}");
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

/// A reader frees the cleared blocks of a transcript and removes their segment while a second reader
/// is anywhere in that segment.
#[test]
fn a_segment_that_another_reader_removes_is_not_taken_for_a_damaged_one() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    for n in 0..5 {
        push_lines(&mut history, n * 100, n * 100 + 100);
        history.flush();
    }
    assert!(store.settle(LONG));
    let before = disk.copy();
    drop((history, store));
    let segment = disk.names().into_iter().find(|name| name.contains("seg-")).unwrap();
    let floor = small::number_text(500);
    let mut tried = 0;
    for at in 0.. {
        let disk = before.copy();
        let store = store_on(&disk);
        let key = store.leftovers()[0].key.clone();
        let file = PathBuf::from(format!("/t/{key}/floor"));
        small::write_small(&disk, &file, &floor).unwrap();
        disk.remove_at_read(at, Path::new(&segment));
        let reads = disk.reads();
        let mut found = store.adopt(&key, PaneId(1), CAP, 80, None).unwrap();
        push_lines(&mut found, 500, 510);
        assert_eq!(all_text(&mut found), lines(500, 510), "removed at read {at}");
        if disk.reads() <= reads + at {
            break;
        }
        tried += 1;
    }
    assert!(tried > 5, "only {tried} reads were tried");
}

/// Disks that fail, from the clear on, to record which lines were cleared.
#[test]
fn what_was_cleared_stays_cleared_when_the_disk_refuses_to_note_it() {
    for errno in [libc::EROFS, libc::ENOSPC, libc::EIO] {
        for before_restart in [true, false] {
            let disk = FaultyDisk::default();
            let store = store_on(&disk);
            let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
            push_lines(&mut history, 0, 500);
            history.flush();
            assert!(store.settle(LONG));
            disk.fail(0, Fault::Errno(errno), true);
            history.clear();
            assert!(store.settle(LONG));
            assert_eq!(history.rows(), 0);
            let said = store.take_messages();
            let why = strerror(errno);
            assert!(said.len() == 1 && said[0].starts_with("history: cannot clear /t/"), "{said:?}");
            assert!(said[0].contains(&why) && history.handle().error() == Some(why), "{said:?}");
            // The pane continues, and no cleared line comes back in it.
            push_lines(&mut history, 500, 600);
            history.flush();
            assert!(store.settle(LONG));
            assert_eq!(all_text(&mut history), lines(500, 600));
            if before_restart {
                disk.heal();
                writer::retry_all(&store.shared);
                assert_eq!(history.handle().error(), None);
                assert_eq!(store.take_messages().len(), 1);
            }
            drop((history, store));
            disk.heal();
            let store = store_on(&disk);
            let left = store.leftovers().pop().expect("a transcript was written");
            let mut found = store.adopt(&left.key, PaneId(1), CAP, 80, None).unwrap();
            // A disk that failed to the end still has its earlier state, and there was a message.
            let want = if before_restart { lines(500, 600) } else { lines(0, 500) };
            assert_eq!(all_text(&mut found), want);
        }
    }
}
