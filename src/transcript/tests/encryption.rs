//! The data on disk under `history-encrypt`.

use super::*;
use crate::base::PaneId;

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
    // New blocks are encrypted; existing ones stay as they are.
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
    assert_eq!(disk.used(), 66, "but for what is known of the pane");
    assert_eq!(history.handle().error().as_deref(), Some("no key to encrypt with"));
    assert_eq!(all_text(&mut history), lines(0, 5000));
}
