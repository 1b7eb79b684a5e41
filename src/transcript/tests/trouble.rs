//! A disk that fails for a while, cannot be read, or returns wrong data.

use super::super::fault::Fault;
use super::*;
use crate::base::PaneId;

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
        writer::retry_all(&store.shared);
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
fn unreadable_blocks_say_so_and_keep_their_rows() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 20_000);
    assert!(store.settle(LONG));
    disk.fail_reads(true);
    let shown = all_text(&mut history);
    assert!(shown[0].ends_with(" lines missing: Input/output error]"), "{}", shown[0]);
    assert_eq!((&shown[1][..], shown.len()), ("", 20_000));
    let needle = Needle::new("missing", false, false).unwrap();
    let mut view = history.pin();
    let mut cursor = SearchCursor::new(&mut view, 0, true);
    let found = cursor.step(&mut view, &needle, usize::MAX);
    assert!(matches!(found, Progress::Found(found) if found.row == 0));
    assert!(store.take_messages()[0].contains("cannot read"));
    disk.fail_reads(false);
    assert_eq!(all_text(&mut history), lines(0, 20_000));
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
            assert!(line.is_empty() || line.contains(" missing: ") || want.contains(&line), "{line}");
        }
    }
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
