//! Damaged files: whichever byte is flipped, no intact line is lost and no wrong line is shown.

use super::lost::marks;
use super::*;
use crate::base::PaneId;

const LINES: u64 = 260;
const CLEARED: u64 = 200;
/// Bytes of a frame before its payload, about.
const HEADER: usize = 120;

/// A transcript of several segments, partly cleared, and kept until a time.
fn sound() -> (FaultyDisk, String) {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let info = PaneInfo { command: "sh".into(), ..PaneInfo::default() };
    let mut history = store.open_pane(PaneId(1), info, 32 << 10, 80);
    push_lines(&mut history, 0, CLEARED);
    history.flush();
    assert!(store.settle(LONG));
    history.clear();
    for part in 0..3 {
        push_lines(&mut history, CLEARED + part * 20, CLEARED + part * 20 + 20);
        history.flush();
        assert!(store.settle(LONG));
        // The next block begins another segment.
        store.set_encrypt(part % 2 == 0);
        store.set_key(Key([7; 32]));
    }
    history.handle().annotate(1_700_000_000, "a note");
    let key = history.handle().key().to_owned();
    history.handle().close(Some(2_000_000_000));
    drop(history);
    assert!(store.settle(LONG));
    (disk, key)
}

fn opened(disk: &FaultyDisk) -> TranscriptStore {
    let store = store_on(disk);
    store.set_key(Key([7; 32]));
    store
}

/// Reads a damaged disk. Returns the count of lines that are shown as they were printed.
fn check(disk: &FaultyDisk, key: &str, case: &str) -> usize {
    let size = |disk: &FaultyDisk| disk.files().values().map(Vec::len).sum::<usize>();
    let before = size(disk);
    let store = opened(disk);
    let left = store.leftovers();
    assert_eq!(left.len(), 1, "{case}");
    assert_eq!((left[0].info.pane, &left[0].key[..]), (1, key), "{case}");
    assert!(["sh", ""].contains(&left[0].info.command.as_str()), "{case}: {:?}", left[0].info);
    assert!([None, Some(2_000_000_000)].contains(&left[0].keep_until), "{case}: {:?}", left[0].keep_until);
    store.expire(1_900_000_000);
    let (mut view, notes) = store.read(key).unwrap();
    assert!(
        notes.iter().all(|note| note.text == "a note" && note.time == 1_700_000_000),
        "{case}: {notes:?}"
    );
    let shown = all_text(&mut view);
    drop(view);
    let mut adopted = store.adopt(key, PaneId(1), CAP, 80, None).unwrap();
    assert!(all_text(&mut adopted) == shown, "{case}: it reads the same again");
    drop(adopted);
    assert!(store.settle(LONG));
    assert_eq!(size(disk), before, "{case}: nothing is cut or removed");
    let want = lines(CLEARED, LINES);
    let mut next = 0;
    let mut whole = 0;
    for line in shown.iter().filter(|line| !line.is_empty() && !line.contains(" missing: ")) {
        let at = want[next..].iter().position(|want| want == line);
        next += at.unwrap_or_else(|| panic!("{case}: {line:?} is out of place")) + 1;
        whole += 1;
    }
    let marked = marks(&shown).len();
    assert!(marked <= 1, "{case}: {marked} marks");
    assert_eq!(marked == 0, whole == want.len(), "{case}: {whole} lines and {marked} marks");
    whole
}

#[test]
fn whatever_byte_is_flipped_nothing_sound_is_lost() {
    let (disk, key) = sound();
    let all = (LINES - CLEARED) as usize;
    assert_eq!(check(&disk.copy(), &key, "sound"), all);
    let (mut flips, mut marked) = (0, 0);
    for (path, bytes) in disk.files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let segment = name.starts_with("seg-");
        // Test every byte of headers and small files, and every seventh of payloads.
        for at in (0..bytes.len()).filter(|at| !segment || *at < HEADER || at % 7 == 0) {
            let hurt = disk.copy();
            hurt.damage(|file, bytes| {
                if file == path {
                    bytes[at] ^= 1 << (at % 8);
                }
            });
            let whole = check(&hurt, &key, &format!("byte {at} of {name}"));
            // Only the block that was hit may be missing.
            assert!(whole >= all - if segment { 20 } else { 0 }, "byte {at} of {name}: {whole} of {all}");
            flips += 1;
            marked += usize::from(whole < all);
        }
    }
    println!("{flips} bytes flipped: {marked} cost a block, which is marked; nothing else was lost");
    assert!(flips > 400 && marked > 200, "{flips} {marked}");
}

#[test]
fn a_segment_that_is_gone_or_cannot_be_read_is_marked() {
    let (disk, key) = sound();
    let segments: Vec<PathBuf> =
        disk.files().into_keys().filter(|path| path.to_string_lossy().contains("seg-")).collect();
    assert!(segments.len() >= 3);
    for path in &segments {
        let hurt = disk.copy();
        hurt.damage(|file, bytes| {
            if file == path {
                bytes.iter_mut().for_each(|byte| *byte = !*byte);
            }
        });
        let whole = check(&hurt, &key, &format!("all of {}", path.display()));
        assert!(whole >= 40, "{whole}");
        let names = hurt.names();
        let aside = names.iter().filter(|name| name.contains("/bad-seg-")).count();
        assert_eq!(aside, 1, "{names:?}");
    }
}

#[test]
fn a_journal_goes_on_whatever_became_of_the_files() {
    let disk = FaultyDisk::default();
    let store = store_on(&disk);
    let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
    push_lines(&mut history, 0, 20_000);
    assert!(store.settle(LONG));
    push_lines(&mut history, 20_000, 20_100);
    let mut saved = Vec::new();
    history.save(&mut saved);
    let whole = all_text(&mut history);
    std::mem::forget(history);
    type Hurt = fn(&FaultyDisk);
    let hurts: [(&str, Hurt); 4] = [
        ("flipped", |disk| {
            disk.damage(|path, bytes| {
                if path.to_string_lossy().contains("seg-") {
                    bytes[36] ^= 0x10;
                }
            });
        }),
        ("unreadable", |disk| disk.fail_reads(true)),
        ("removed", FaultyDisk::wipe),
        ("sound", |_| ()),
    ];
    for (name, hurt) in hurts {
        let disk = disk.copy();
        hurt(&disk);
        let store = store_on(&disk);
        let mut again = store.resume(&saved, CAP).unwrap();
        disk.fail_reads(false);
        let shown = all_text(&mut again);
        assert_eq!(shown[shown.len() - 100..], lines(20_000, 20_100), "{name}");
        let gone: usize = marks(&shown).iter().filter_map(|(_, mark)| lost::missing(mark)).sum();
        assert_eq!(shown.len() - marks(&shown).len() + gone, whole.len(), "{name}");
        assert_eq!(gone == 0, name == "sound", "{name}: {gone}");
        push_lines(&mut again, 20_100, 30_000);
        again.flush();
        assert!(store.settle(LONG));
        assert_eq!(again.handle().error(), None, "{name}");
    }
}

#[test]
fn what_is_no_file_is_neither_waited_for_nor_believed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    type Make = fn(&std::path::Path);
    let make: [(&str, Make); 4] = [
        ("fifo", |path| nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap()),
        ("directory", |path| std::fs::create_dir(path).unwrap()),
        ("link", |path| symlink("/etc/passwd", path).unwrap()),
        ("socket", |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap())),
    ];
    for (kind, make) in make {
        for name in ["seg-00000000", "floor", "info", "notes", "until"] {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path().join("s");
            let store = TranscriptStore::new(StoreConfig::new(root.clone())).unwrap();
            let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
            push_lines(&mut history, 0, 20_000);
            history.handle().annotate(1_700_000_000, "a note");
            history.flush();
            assert!(store.settle(LONG));
            let pane = root.join(history.handle().key());
            drop(history);
            drop(store);
            let path = pane.join(name);
            let _ = std::fs::rename(&path, pane.join("elsewhere"));
            make(&path);
            let store = TranscriptStore::new(StoreConfig::new(root.clone())).unwrap();
            let left = store.leftovers();
            assert_eq!(left.len(), 1, "{kind} {name}");
            let shown = all_text(&mut store.read(&left[0].key).unwrap().0);
            if name.starts_with("seg-") {
                assert_eq!(marks(&shown).len(), 1, "{kind} {name}");
            } else {
                assert_eq!(shown, lines(0, 20_000), "{kind} {name}");
            }
            let mut again = store.adopt(&left[0].key, PaneId(1), CAP, 80, None).unwrap();
            push_lines(&mut again, 20_000, 40_000);
            again.flush();
            assert!(store.settle(LONG));
            assert_eq!(again.handle().error(), None, "{kind} {name}");
            let mode = pane.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o700);
        }
    }
}

#[test]
fn a_directory_that_others_can_change_is_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    let open = dir.path().join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
    let sticky = dir.path().join("sticky");
    std::fs::create_dir(&sticky).unwrap();
    std::fs::set_permissions(&sticky, PermissionsExt::from_mode(0o1777)).unwrap();
    let (link, second) = (dir.path().join("link"), dir.path().join("second"));
    symlink(&open, &link).unwrap();
    symlink(&sticky, &second).unwrap();
    for (root, refused) in [
        (open.join("s"), true),
        (link.join("s"), true),
        (second.join("s"), true),
        (open.join("under/s"), true),
        (sticky.join("s"), false),
        (dir.path().join("s"), false),
    ] {
        let store = TranscriptStore::new(StoreConfig::new(root.clone())).unwrap();
        let mut history = store.open_pane(PaneId(1), PaneInfo::default(), CAP, 80);
        push_lines(&mut history, 0, 20_000);
        history.flush();
        assert!(store.settle(LONG));
        let error = history.handle().error();
        assert_eq!(error.is_some(), refused, "{}: {error:?}", root.display());
        assert!(error.is_none_or(|text| text.contains("can be changed by others")));
        assert_eq!(all_text(&mut history), lines(0, 20_000));
        if refused {
            assert!(store.take_messages()[0].contains("can be changed by others"));
            assert!(!root.join(history.handle().key()).exists());
            assert_eq!(store.leftovers(), []);
        }
    }
}
