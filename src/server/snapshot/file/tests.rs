//! Files of records: the last written data is read, whatever was damaged.

use std::os::unix::fs::MetadataExt;

use super::*;

fn key(name: &str) -> RecordKey {
    RecordKey { kind: 1, name: name.into() }
}

/// A writer's places of its records.
#[derive(Default)]
struct Keys(BTreeMap<String, Written>);

impl Keys {
    fn put(&mut self, file: &mut StateFile, name: &str, body: &[u8]) {
        let written = file.put(&key(name), 1, body).unwrap();
        if let Some(before) = self.0.insert(name.to_owned(), written) {
            file.outdate(&before);
        }
    }

    fn commit(&mut self, file: &mut StateFile) {
        file.commit(self.0.values_mut()).unwrap();
    }
}

fn left(file: &StateFile) -> Left {
    Left::read(file.share().unwrap()).unwrap()
}

fn newest(left: &Left, name: &str) -> Option<Vec<u8>> {
    left.records.get(&key(name)).map(|bodies| bodies.last().unwrap().bytes.clone())
}

fn bytes(file: &StateFile) -> Vec<u8> {
    let mut bytes = vec![0; file.file.metadata().unwrap().len() as usize];
    file.file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

#[test]
fn the_newest_record_of_a_key_counts_once_its_turn_is_whole() {
    let mut file = StateFile::create().unwrap();
    let mut keys = Keys::default();
    assert!(left(&file).records.is_empty());
    keys.put(&mut file, "a", b"one");
    keys.put(&mut file, "b", b"two");
    assert!(left(&file).records.is_empty(), "the turn is not over");
    keys.commit(&mut file);
    keys.put(&mut file, "a", b"three");
    keys.put(&mut file, "long", &vec![7; 100_000]);
    keys.commit(&mut file);
    let gone = keys.0.remove("b").unwrap();
    file.remove(&key("b"), &gone);
    keys.commit(&mut file);
    let found = left(&file);
    assert_eq!(newest(&found, "a").unwrap(), b"three");
    assert_eq!(newest(&found, "b"), None);
    assert_eq!(newest(&found, "long").unwrap(), vec![7; 100_000]);
    assert!(found.refused.is_empty());
}

#[test]
fn what_is_outdated_costs_no_memory() {
    let mut file = StateFile::create().unwrap();
    let mut keys = Keys::default();
    keys.put(&mut file, "still", &[3; 1000]);
    for n in 0..3000u32 {
        keys.put(&mut file, "changes", &n.to_le_bytes().repeat(200));
        if n % 10 == 0 {
            keys.put(&mut file, "long", &n.to_le_bytes().repeat(30_000));
        }
        keys.commit(&mut file);
    }
    let metadata = file.file.metadata().unwrap();
    assert!(metadata.blocks() * 512 < 2 << 20, "{} bytes of memory", metadata.blocks() * 512);
    assert!(metadata.len() < 4 << 20, "{} bytes of file", metadata.len());
    let found = left(&file);
    assert_eq!(newest(&found, "still").unwrap(), [3; 1000]);
    assert_eq!(newest(&found, "changes").unwrap(), 2999u32.to_le_bytes().repeat(200));
    assert_eq!(newest(&found, "long").unwrap(), 2990u32.to_le_bytes().repeat(30_000));
    assert!(found.refused.is_empty());
}

/// A file with older and newer records, one of them long, and its contents.
fn sample() -> (Vec<u8>, BTreeMap<&'static str, Vec<Vec<u8>>>) {
    let mut file = StateFile::create().unwrap();
    let mut keys = Keys::default();
    let long = [b"a long body ".repeat(6000), b"another long body ".repeat(4000)];
    let mut held: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
    for (name, body) in [
        ("first", b"1".to_vec()),
        ("second", b"22".to_vec()),
        ("long", long[0].clone()),
        ("first", b"111".to_vec()),
        ("third", b"REC2 in a body".to_vec()),
        ("other", long[1].clone()),
    ] {
        keys.put(&mut file, name, &body);
        keys.commit(&mut file);
        held.entry(name).or_default().push(body);
    }
    (bytes(&file), held)
}

/// Nothing is found that was not written, and at most one key has lost its newest record.
fn check(bytes: &[u8], held: &BTreeMap<&'static str, Vec<Vec<u8>>>, what: &str) {
    let found = Left::parse(bytes).unwrap_or_default();
    for (key, bodies) in &found.records {
        let name = std::str::from_utf8(&key.name).unwrap();
        let known = held.get(name).unwrap_or_else(|| panic!("{what}: {name} was never written"));
        assert!(bodies.iter().all(|body| known.contains(&body.bytes)), "{what}: {name} is wrong");
    }
    let lost = held.iter().filter(|(name, bodies)| newest(&found, name).as_ref() != bodies.last()).count();
    assert!(lost <= 1, "{what}: {lost} lost");
    assert!(lost == 0 || !found.refused.is_empty(), "{what}: nobody is told");
}

#[test]
fn a_flipped_byte_costs_one_record_at_most() {
    let (bytes, held) = sample();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut at = 0;
    while at < used {
        for flip in [1u8, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            check(&bytes, &held, &format!("byte {at} ^ {flip}"));
        }
        // Test every byte of header and records, and some of the long bodies and of unused space.
        let is_long = at > PAGE as usize + 1024;
        at += if is_long { 997 } else { 1 };
    }
}

#[test]
fn a_cut_file_keeps_what_is_whole() {
    let (bytes, held) = sample();
    let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for len in (0..used).filter(|len| *len < PAGE as usize + 1024 || len % 499 == 0) {
        let Ok(found) = Left::parse(&bytes[..len]) else {
            assert!(len < HEADER, "{len} bytes");
            continue;
        };
        for (key, bodies) in &found.records {
            let known = &held[std::str::from_utf8(&key.name).unwrap()];
            assert!(bodies.iter().all(|body| known.contains(&body.bytes)));
        }
        // Records before the cut are intact.
        if len > PAGE as usize + 200 {
            assert!(newest(&found, "second").is_some(), "{len} bytes");
        }
        let whole = held.iter().all(|(name, bodies)| newest(&found, name).as_ref() == bodies.last());
        assert!(whole || !found.refused.is_empty(), "{len} bytes: nobody is told");
    }
}
