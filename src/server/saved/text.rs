//! Text of a pane, as a file: its journal's checkpoint and the output since.

use crate::base::codec::{Malformed, Reader, put_varint};
use crate::transcript::Recovered;

/// Compression level; low, because texts are written again and again.
const LEVEL: i32 = 1;
/// Longest text that is decompressed, in bytes. A checkpoint and a log are shorter.
const MAX_TEXT: usize = 32 << 20;

pub(super) fn encode(text: &Recovered) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    put_varint(&mut out, text.checkpoint.len() as u64);
    out.extend_from_slice(&text.checkpoint);
    for (time, bytes) in &text.printed {
        put_varint(&mut out, time.unsigned_abs());
        put_varint(&mut out, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }
    zstd::bulk::compress(&out, LEVEL)
}

pub(super) fn decode(bytes: &[u8]) -> Result<Recovered, Malformed> {
    let bytes = zstd::bulk::decompress(bytes, MAX_TEXT).map_err(|_| Malformed)?;
    let mut input = Reader(&bytes);
    let length = |input: &mut Reader| usize::try_from(input.varint()?).map_err(|_| Malformed);
    let checkpoint_len = length(&mut input)?;
    let checkpoint = input.bytes(checkpoint_len)?.to_vec();
    let mut printed = Vec::new();
    while !input.0.is_empty() {
        let time = i64::try_from(input.varint()?).map_err(|_| Malformed)?;
        let len = length(&mut input)?;
        printed.push((time, input.bytes(len)?.to_vec()));
    }
    Ok(Recovered { checkpoint, printed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_cut_ones_are_refused() {
        let text = Recovered {
            checkpoint: (0..5000_u32).flat_map(u32::to_le_bytes).collect(),
            printed: vec![(5, b"one".to_vec()), (1 << 40, vec![0; 300]), (7, Vec::new())],
        };
        let file = encode(&text).unwrap();
        assert_eq!(decode(&file).unwrap(), text);
        for len in 0..file.len() {
            assert!(decode(&file[..len]).is_err(), "{len} bytes");
        }
    }
}
