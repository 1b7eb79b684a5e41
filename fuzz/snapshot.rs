//! The state file that a server leaves: whatever is in it, reading it ends well, and damage to a
//! few bytes costs the few records that they are in and is told.

use std::sync::OnceLock;

use scopemux::server::{StateFile, read_state};

use crate::input::Rng;

/// Bytes of one edit: where, and what is exclusive-ored there.
const EDIT: usize = 4;
/// Edits beyond these are passed over: what much damage costs is not promised.
const MAX_EDITS: usize = 3;

/// A file with every table of a new server in it, and what it says.
fn sample() -> &'static (Vec<u8>, StateFile) {
    static SAMPLE: OnceLock<(Vec<u8>, StateFile)> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let bytes = scopemux::server::new_state().expect("a memory file");
        let state = read_state(&bytes).expect("it is whole");
        (bytes, state)
    })
}

pub fn check(input: &[u8]) {
    // As a whole file, with and without a header that leads to the records.
    let _ = read_state(input);
    let (whole, state) = sample();
    let _ = read_state(&[&whole[..4096], input].concat());
    let mut damaged = whole.clone();
    let edits = input.chunks_exact(EDIT).take(MAX_EDITS);
    for edit in edits.clone() {
        let at = u32::from_le_bytes([edit[0], edit[1], edit[2], 0]) as usize % whole.len();
        damaged[at] ^= edit[3];
    }
    let Some(found) = read_state(&damaged) else {
        assert!(damaged[..4096] != whole[..4096], "nothing can be read, but the header is whole");
        return;
    };
    let lost = state.found.iter().filter(|key| !found.found.contains(key)).count();
    assert!(lost <= 2 * edits.count(), "{lost} records lost");
    assert!(found.found.iter().all(|key| state.found.contains(key)), "found what was never written");
    assert!(lost == 0 || !found.refused.is_empty(), "{lost} records lost and nobody is told");
}

pub fn generate(rng: &mut Rng) -> Vec<u8> {
    match rng.below(3) {
        // Records, damaged.
        0 => {
            let records = &sample().0[4096..];
            let from = rng.below(records.len());
            let mut out = records[from..].iter().take(4000).copied().collect::<Vec<u8>>();
            for _ in 0..rng.below(20) {
                let at = rng.below(out.len());
                out[at] = rng.next() as u8;
            }
            out
        }
        1 => (0..rng.below(200)).map(|_| rng.next() as u8).collect(),
        _ => (0..EDIT * (1 + rng.below(MAX_EDITS))).map(|_| rng.next() as u8).collect(),
    }
}
