//! Transcripts without a server: found, listed, continued, expired.

use super::*;
use crate::base::PaneId;

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
    // The next server continues it in the same place.
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
