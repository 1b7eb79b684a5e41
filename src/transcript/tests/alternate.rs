//! The second stream of a pane: it is kept, ended, bounded and recovered with the first.

use super::*;
use crate::base::PaneId;

fn push_alternate(history: &mut PaneHistory, from: u64, to: u64) {
    push_lines(history.second(), from, to);
}

fn alternate_text(history: &mut PaneHistory) -> Vec<String> {
    history.alternate_view().map_or_else(Vec::new, |mut view| all_text(&mut *view))
}

#[test]
fn both_streams_survive_a_server_that_dies() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    assert!(history.alternate_view().is_none());
    push_lines(&mut history, 0, 5000);
    push_alternate(&mut history, 100, 9000);
    let mut saved = Vec::new();
    history.save(&mut saved);
    // Rows after the checkpoint will be printed again, even if they are on disk.
    push_alternate(&mut history, 9000, 30_000);
    history.flush();
    assert!(store.settle(LONG));
    std::mem::forget(history);
    drop(store);
    let store = store_on(&disk);
    let mut again = store.resume(&saved, CAP).unwrap();
    assert_eq!(all_text(&mut again), lines(0, 5000));
    assert_eq!(alternate_text(&mut again), lines(100, 9000));
    push_alternate(&mut again, 9000, 9100);
    again.flush_all();
    assert!(store.settle(LONG));
    std::mem::forget(again);
    drop(store);
    // Without a journal, everything that was written is on disk.
    let store = store_on(&disk);
    let key = store.leftovers()[0].key.clone();
    let mut adopted = store.adopt(&key, PaneId(1), CAP, 80, None).unwrap();
    assert_eq!(alternate_text(&mut adopted), lines(100, 9100));
}

#[test]
fn a_stream_that_was_begun_after_the_checkpoint_begins_again() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 10);
    let mut saved = Vec::new();
    history.save(&mut saved);
    push_alternate(&mut history, 0, 9000);
    history.flush();
    assert!(store.settle(LONG));
    std::mem::forget(history);
    drop(store);
    let store = store_on(&disk);
    let mut again = store.resume(&saved, CAP).unwrap();
    push_alternate(&mut again, 0, 20);
    assert_eq!(alternate_text(&mut again), lines(0, 20));
}

#[test]
fn one_cap_holds_for_both_and_the_second_gets_a_quarter() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let cap = 256 << 10;
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), cap, 80);
    // Compresses badly.
    let noise = |n: u64| {
        let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            char::from(b'!' + (x % 90) as u8)
        };
        text_row(&(0..70).map(|_| next()).collect::<String>())
    };
    for n in 0..20_000 {
        history.push(&noise(n), &Links::new());
        history.second().push(&noise(n + 1_000_000), &Links::new());
        if n % 1000 == 0 {
            assert!(store.settle(LONG));
        }
    }
    history.flush();
    assert!(store.settle(LONG));
    let (both, second) = (history.handle().disk_bytes(), history.second().handle().disk_bytes());
    assert!(both <= cap && both > cap / 2, "{both}");
    assert!(second <= cap / 4 && second > cap / 16, "{second}");
    history.handle().set_limit(cap / 4);
    assert!(store.settle(LONG));
    assert!(history.handle().disk_bytes() <= cap / 4);
    assert_eq!(store.all().len(), 1);
    history.clear();
    assert!(store.settle(LONG));
    assert_eq!((history.handle().disk_bytes(), alternate_text(&mut history).len()), (0, 0));
}

#[test]
fn it_goes_or_is_kept_with_its_pane() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    for keep in [None, Some(100)] {
        let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
        push_lines(&mut history, 0, 5000);
        push_alternate(&mut history, 0, 5000);
        history.flush();
        assert!(store.settle(LONG));
        assert!(disk.names().iter().any(|name| name.starts_with("/t/pane-1-0/alternate/seg-")));
        history.handle().close(keep);
        drop(history);
        assert!(store.settle(LONG));
        assert_eq!(disk.names().is_empty(), keep.is_none(), "{:?}", disk.names());
    }
    let all = store.all();
    assert_eq!(all.len(), 1);
    let (mut view, _) = store.read_alternate(&all[0].key).unwrap();
    assert_eq!(all_text(&mut view), lines(0, 5000));
    store.expire(100);
    assert_eq!(disk.names(), [""; 0]);
}
