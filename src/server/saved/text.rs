//! Text of a pane, as a file: its journal's checkpoint and the output since, and parts with what was
//! printed later.

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
    put_printed(&text.printed, &mut out);
    zstd::bulk::compress(&out, LEVEL)
}

/// A part that follows the text.
pub(super) fn encode_more(printed: &[(i64, Vec<u8>)]) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    put_printed(printed, &mut out);
    zstd::bulk::compress(&out, LEVEL)
}

fn put_printed(printed: &[(i64, Vec<u8>)], out: &mut Vec<u8>) {
    for (time, bytes) in printed {
        put_varint(out, time.unsigned_abs());
        put_varint(out, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }
}

/// The text of a file's parts.
pub(super) fn decode(parts: &[Vec<u8>]) -> Result<Recovered, Malformed> {
    let mut left = MAX_TEXT;
    let mut unpacked = parts.iter().map(|part| {
        let bytes = zstd::bulk::decompress(part, left).map_err(|_| Malformed)?;
        left -= bytes.len();
        Ok(bytes)
    });
    let first = unpacked.next().ok_or(Malformed)??;
    let mut input = Reader(&first);
    let checkpoint_len = length(&mut input)?;
    let checkpoint = input.bytes(checkpoint_len)?.to_vec();
    let mut printed = Vec::new();
    get_printed(&mut input, &mut printed)?;
    for part in unpacked {
        get_printed(&mut Reader(&part?), &mut printed)?;
    }
    Ok(Recovered { checkpoint, printed })
}

fn length(input: &mut Reader) -> Result<usize, Malformed> {
    usize::try_from(input.varint()?).map_err(|_| Malformed)
}

fn get_printed(input: &mut Reader, printed: &mut Vec<(i64, Vec<u8>)>) -> Result<(), Malformed> {
    while !input.0.is_empty() {
        let time = i64::try_from(input.varint()?).map_err(|_| Malformed)?;
        let len = length(input)?;
        printed.push((time, input.bytes(len)?.to_vec()));
    }
    Ok(())
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
        assert_eq!(decode(std::slice::from_ref(&file)).unwrap(), text);
        for len in 0..file.len() {
            assert!(decode(&[file[..len].to_vec()]).is_err(), "{len} bytes");
        }
        let later = [vec![(8, b"two".to_vec())], vec![(9, b"three".to_vec()), (9, Vec::new())]];
        let parts = [file, encode_more(&later[0]).unwrap(), encode_more(&later[1]).unwrap()];
        let all = Recovered { printed: [&text.printed[..], &later.concat()].concat(), ..text };
        assert_eq!(decode(&parts).unwrap(), all);
    }
}
