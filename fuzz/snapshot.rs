//! The state file of a server: reading it never panics, whatever it contains, and each damaged byte
//! costs at most its own record, and is reported.

use std::sync::OnceLock;

use scopemux::testing::server::{StateFile, read_state};

use crate::input::Rng;

/// Bytes of one edit: an offset, and a byte to exclusive-or there.
const EDIT: usize = 4;
/// Edits beyond these are ignored: the cost of heavy damage is not defined.
const MAX_EDITS: usize = 3;
/// Offset of the records in a new file, and the used part of the pages before.
const RECORDS: usize = 4096;
const HEADER: usize = 56;
/// Bytes of a record before its key, and the part of them that the checksum at their end covers.
const HEAD: usize = 32;
const HEAD_SUMMED: usize = 28;

/// A file with all tables of a new server, and its parsed contents.
fn sample() -> &'static (Vec<u8>, StateFile) {
    static SAMPLE: OnceLock<(Vec<u8>, StateFile)> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let bytes = scopemux::testing::server::new_state().expect("a memory file");
        let state = read_state(&bytes).expect("it is whole");
        (bytes, state)
    })
}

pub(crate) fn check(input: &[u8]) {
    // The input as a whole file, with and without a header that points to the records.
    let _ = read_state(input);
    let (whole, state) = sample();
    let _ = read_state(&[&whole[..RECORDS], input].concat());
    let _ = read_state(&[&whole[..RECORDS], &sealed(input)].concat());
    let mut damaged = whole.clone();
    let edits = input.chunks_exact(EDIT).take(MAX_EDITS);
    for edit in edits.clone() {
        let at = u32::from_le_bytes([edit[0], edit[1], edit[2], 0]) as usize % whole.len();
        damaged[at] ^= edit[3];
    }
    let Some(found) = read_state(&damaged) else {
        assert!(damaged[..RECORDS] != whole[..RECORDS], "nothing can be read, but the header is whole");
        return;
    };
    let lost = state.found.iter().filter(|key| !found.found.contains(key)).count();
    assert!(lost <= edits.count(), "{lost} records lost");
    assert!(found.found.iter().all(|key| state.found.contains(key)), "found what was never written");
    assert!(lost == 0 || !found.refused.is_empty(), "{lost} records lost and nobody is told");
}

/// A record of any kind and contents, with correct checksums: kind, key length, key, body.
fn sealed(input: &[u8]) -> Vec<u8> {
    let [kind, key, rest @ ..] = input else { return Vec::new() };
    let key = usize::from(*key).min(rest.len());
    let numbers = [key as u64, (rest.len() - key) as u64].map(u64::to_le_bytes);
    let mut out = [b"REC2".as_slice(), &[*kind, 0, 1, 0, 0, 0, 0, 0], &numbers[0][..4], &numbers[1]].concat();
    out.extend(crc32fast::hash(rest).to_le_bytes());
    assert_eq!(out.len(), HEAD_SUMMED);
    out.extend(crc32fast::hash(&out).to_le_bytes());
    out.extend_from_slice(rest);
    out.resize(out.len().next_multiple_of(8), 0);
    out
}

/// Kind, key length, key and body of one of the sample's records, as `sealed` takes them.
fn unsealed(rng: &mut Rng) -> Vec<u8> {
    let records = &sample().0[RECORDS..];
    let heads: Vec<usize> =
        (0..records.len() - HEAD).step_by(8).filter(|&at| records[at..].starts_with(b"REC2")).collect();
    let head = &records[heads[rng.below(heads.len())]..];
    let length = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
    let (key, body) = (length(12), length(16));
    [&[head[4], key as u8], &head[HEAD..HEAD + key + body]].concat()
}

fn damage(bytes: &mut [u8], edits: usize, rng: &mut Rng) {
    for _ in 0..edits {
        let at = rng.below(bytes.len());
        bytes[at] = rng.next() as u8;
    }
}

pub(crate) fn generate(rng: &mut Rng) -> Vec<u8> {
    match rng.below(5) {
        // Damaged records.
        0 => {
            let records = &sample().0[RECORDS..];
            let from = rng.below(records.len());
            let mut out = records[from..].iter().take(4000).copied().collect::<Vec<u8>>();
            damage(&mut out, rng.below(20), rng);
            out
        }
        // An invalid record with correct checksums.
        1 => {
            let mut out = unsealed(rng);
            damage(&mut out, rng.below(5), rng);
            out
        }
        2 => (0..rng.below(200)).map(|_| rng.next() as u8).collect(),
        // Edits of the header or anywhere.
        which => {
            let reach = if which == 3 { HEADER } else { sample().0.len() };
            let edits = 1 + rng.below(MAX_EDITS);
            let edit = |_| {
                let at = rng.below(reach).to_le_bytes();
                [at[0], at[1], at[2], rng.next() as u8]
            };
            (0..edits).flat_map(edit).collect()
        }
    }
}
