//! A block as stored in a segment file: header, row-count aid, payload.
//!
//! ```text
//! frame  := magic "SMX1" header-crc:u32 fields aid payload
//! fields := flags:u8 largest:u8 0 0 sequence:u64 first-line:u64 base-time:i64 lines:u32 widest:u32
//!           empty-tails:u32 extra-rows:i32 raw-length:u32 payload-length:u32
//!           aid-length:u32 payload-crc:u32
//! ```
//!
//! Integers are little-endian. `header-crc` (CRC-32) covers fields and aid. The payload is an
//! independent zstd frame, or a 24-byte nonce and its XChaCha20-Poly1305 encryption with the fields
//! as associated data. `docs/transcript-format.md` documents the format.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zstd::bulk::Decompressor;

use crate::base::codec::{Malformed, Reader};

pub(super) const MAGIC: &[u8; 4] = b"SMX1";
/// Bytes before the aid.
pub(super) const HEADER_BYTES: usize = 68;
/// Largest block that a frame may decompress to; a larger length is damage.
pub(super) const MAX_RAW_BYTES: u32 = 4 << 20;
/// Largest aid.
pub(super) const MAX_AID_BYTES: u32 = 1 << 20;
const NONCE_BYTES: usize = 24;
/// Bytes of the authentication tag after the encrypted data.
const TAG_BYTES: usize = 16;
const FLAG_ENCRYPTED: u8 = 1;
const FLAG_LOST: u8 = 2;
/// On 128 KiB blocks of program output, level 1 is a third faster than level 3, whose strategy is
/// for longer inputs, and compresses as well (plain logs: 5.04 to one, and 4.93).
const ZSTD_LEVEL: i32 = 1;

/// A secret of 32 bytes that encrypts payloads.
#[derive(Clone)]
pub struct Key(pub [u8; 32]);

impl Key {
    /// A new secret from the kernel.
    pub fn random() -> std::io::Result<Self> {
        let mut secret = [0; 32];
        fill_random(&mut secret)?;
        Ok(Self(secret))
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Error of decoding a payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unreadable {
    Damaged,
    /// Intact, but encrypted with a key that this server does not have.
    Locked,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Damaged => "damaged block",
            Self::Locked => "encrypted, and the key went with the server that wrote it",
        })
    }
}

impl From<Malformed> for Unreadable {
    fn from(_: Malformed) -> Self {
        Self::Damaged
    }
}

/// Fields of a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Header {
    pub encrypted: bool,
    /// True if its line replaces all lines up to the next block, which are missing.
    pub lost: bool,
    /// Number of the frame, over all frames the pane ever wrote.
    pub sequence: u64,
    pub first_line: u64,
    pub base_time: i64,
    pub lines: u32,
    pub widest: u32,
    /// Upper bound on the wrap width of any cell; 0 in files of earlier versions.
    pub largest: u8,
    pub empty_tails: u32,
    pub extra_rows: i32,
    pub raw_len: u32,
    pub payload_len: u32,
    pub aid_len: u32,
    pub payload_crc: u32,
}

impl Header {
    /// Bytes of the whole frame.
    pub(super) fn frame_len(&self) -> u64 {
        HEADER_BYTES as u64 + u64::from(self.aid_len) + u64::from(self.payload_len)
    }

    fn fields(&self) -> Vec<u8> {
        let flag = |is: bool, flag| if is { flag } else { 0 };
        let flags = flag(self.encrypted, FLAG_ENCRYPTED) | flag(self.lost, FLAG_LOST);
        let mut out = vec![flags, self.largest, 0, 0];
        out.extend(self.sequence.to_le_bytes());
        out.extend(self.first_line.to_le_bytes());
        out.extend(self.base_time.to_le_bytes());
        for n in [self.lines, self.widest, self.empty_tails, self.extra_rows as u32, self.raw_len] {
            out.extend(n.to_le_bytes());
        }
        for n in [self.payload_len, self.aid_len, self.payload_crc] {
            out.extend(n.to_le_bytes());
        }
        out
    }

    /// Associated data of the encryption: the fields known before encrypting.
    fn sealed_fields(&self) -> Vec<u8> {
        Self { payload_len: 0, aid_len: 0, payload_crc: 0, ..*self }.fields()
    }

    /// Decodes and checks a header and its aid.
    pub(super) fn decode(bytes: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let header = Self::decode_fields(bytes)?;
        let covered = bytes.get(8..HEADER_BYTES + header.aid_len as usize).ok_or(Malformed)?;
        let crc = u32::from_le_bytes(bytes[4..8].try_into().expect("four bytes"));
        if crc32fast::hash(covered) != crc {
            return Err(Malformed);
        }
        Ok((header, &covered[HEADER_BYTES - 8..]))
    }

    /// Decodes a header without its aid; checks only the lengths in it.
    pub(super) fn decode_fields(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(bytes);
        if reader.bytes(4)? != MAGIC {
            return Err(Malformed);
        }
        reader.u32()?;
        let flags = reader.u8()?;
        let largest = reader.u8()?;
        reader.bytes(2)?;
        let header = Self {
            encrypted: flags & FLAG_ENCRYPTED != 0,
            lost: flags & FLAG_LOST != 0,
            sequence: reader.u64()?,
            first_line: reader.u64()?,
            base_time: reader.u64()? as i64,
            lines: reader.u32()?,
            widest: reader.u32()?,
            largest,
            empty_tails: reader.u32()?,
            extra_rows: reader.i32()?,
            raw_len: reader.u32()?,
            payload_len: reader.u32()?,
            aid_len: reader.u32()?,
            payload_crc: reader.u32()?,
        };
        let sane = header.raw_len <= MAX_RAW_BYTES
            && header.aid_len <= MAX_AID_BYTES
            && header.payload_len <= 2 * MAX_RAW_BYTES
            && header.lines > 0
            && header.first_line.checked_add(u64::from(header.lines)).is_some();
        if sane { Ok(header) } else { Err(Malformed) }
    }
}

/// Passes the compressed bytes to `use_it`. Buffers for input and output belong to the writer's
/// thread: allocating them for each block would cost page faults each time.
fn compressed<T>(raw: &[u8], use_it: impl FnOnce(&[u8]) -> T) -> std::io::Result<T> {
    use std::cell::RefCell;
    use zstd::bulk::Compressor;
    thread_local! {
        static KEPT: RefCell<Option<(Compressor<'static>, Vec<u8>)>> = const { RefCell::new(None) };
    }
    KEPT.with_borrow_mut(|kept| {
        let (packer, out) = match kept {
            Some(kept) => kept,
            None => kept.insert((Compressor::new(ZSTD_LEVEL)?, Vec::new())),
        };
        out.clear();
        out.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        packer.compress_to_buffer(raw, out)?;
        Ok(use_it(out))
    })
}

fn compress(raw: &[u8]) -> std::io::Result<Vec<u8>> {
    compressed(raw, <[u8]>::to_vec)
}

/// Length of a block's payload, for the benches.
pub fn compressed_len(raw: &[u8]) -> std::io::Result<usize> {
    compressed(raw, <[u8]>::len)
}

/// Unfolds blocks one after the other into the same memory.
#[derive(Default)]
pub(super) struct Unfolder {
    zstd: Option<Decompressor<'static>>,
    spare: Vec<u8>,
}

impl Unfolder {
    /// Gives memory for the next block.
    pub(super) fn reuse(&mut self, spare: Vec<u8>) {
        self.spare = spare;
    }

    /// At most `len` bytes.
    pub(super) fn unfold(&mut self, packed: &[u8], len: usize) -> std::io::Result<Vec<u8>> {
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            None => self.zstd.insert(Decompressor::new()?),
        };
        let mut raw = std::mem::take(&mut self.spare);
        raw.clear();
        raw.reserve_exact(len);
        zstd.decompress_to_buffer(packed, &mut raw)?;
        Ok(raw)
    }
}

/// Compresses (and, given a key, encrypts) a block into a frame.
pub(super) fn encode(
    mut header: Header,
    raw: &[u8],
    aid: &[u8],
    key: Option<&Key>,
) -> std::io::Result<Vec<u8>> {
    header.raw_len = raw.len() as u32;
    header.encrypted = key.is_some();
    let mut payload = compress(raw)?;
    if let Some(key) = key {
        payload = encrypt(key, &header.sealed_fields(), &payload)?;
    }
    header.payload_len = payload.len() as u32;
    header.aid_len = aid.len() as u32;
    header.payload_crc = crc32fast::hash(&payload);
    let fields = header.fields();
    let mut crc = crc32fast::Hasher::new();
    crc.update(&fields);
    crc.update(aid);
    let mut out = Vec::with_capacity(HEADER_BYTES + aid.len() + payload.len());
    out.extend_from_slice(MAGIC);
    out.extend(crc.finalize().to_le_bytes());
    out.extend(fields);
    out.extend_from_slice(aid);
    out.extend(payload);
    Ok(out)
}

/// Reports whether a payload is unchanged since it was written.
pub(super) fn is_intact(header: &Header, payload: &[u8]) -> bool {
    payload.len() == header.payload_len as usize && crc32fast::hash(payload) == header.payload_crc
}

/// Decodes a payload whose header was checked.
pub(super) fn open_payload(
    header: &Header,
    payload: &[u8],
    key: Option<&Key>,
    unfolder: &mut Unfolder,
) -> Result<Vec<u8>, Unreadable> {
    if !is_intact(header, payload) {
        return Err(Unreadable::Damaged);
    }
    let opened;
    let packed = if header.encrypted {
        // The data is intact, so only the key can be wrong.
        opened = key.and_then(|key| decrypt(key, &header.sealed_fields(), payload)).ok_or(
            if payload.len() < NONCE_BYTES + TAG_BYTES { Unreadable::Damaged } else { Unreadable::Locked },
        )?;
        &opened[..]
    } else {
        payload
    };
    let raw = unfolder.unfold(packed, header.raw_len as usize).map_err(|_| Unreadable::Damaged)?;
    if raw.len() == header.raw_len as usize { Ok(raw) } else { Err(Unreadable::Damaged) }
}

fn fill_random(bytes: &mut [u8]) -> std::io::Result<()> {
    use std::io::Read;
    std::fs::File::open("/dev/urandom")?.read_exact(bytes)
}

fn encrypt(key: &Key, fields: &[u8], text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut nonce = [0u8; NONCE_BYTES];
    fill_random(&mut nonce)?;
    let cipher = XChaCha20Poly1305::new(&key.0.into());
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: text, aad: fields })
        .map_err(|_| std::io::Error::other("encryption failed"))?;
    Ok([&nonce[..], &sealed].concat())
}

fn decrypt(key: &Key, fields: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = payload.split_at_checked(NONCE_BYTES)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().expect("split at the nonce's length");
    XChaCha20Poly1305::new(&key.0.into())
        .decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: fields })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_and_any_flipped_bit_is_noticed() {
        for key in [None, Some(Key([7; 32]))] {
            let raw = b"some lines some lines some lines".repeat(20);
            let header = Header { sequence: 3, first_line: 9, lines: 20, widest: 32, ..Header::default() };
            let frame = encode(header, &raw, b"aid", key.as_ref()).unwrap();
            let check = |frame: &[u8]| -> Result<Vec<u8>, Unreadable> {
                let (header, aid) = Header::decode(frame)?;
                assert_eq!(aid, b"aid");
                open_payload(&header, &frame[HEADER_BYTES + 3..], key.as_ref(), &mut Unfolder::default())
            };
            assert_eq!(check(&frame).unwrap(), raw);
            for byte in 0..frame.len() {
                let mut bad = frame.clone();
                bad[byte] ^= 0x10;
                assert!(check(&bad).is_err(), "byte {byte}");
            }
            for len in 0..frame.len() {
                assert!(check(&frame[..len]).is_err(), "length {len}");
            }
        }
    }

    #[test]
    fn a_wrong_key_opens_nothing() {
        let header = Header { lines: 1, ..Header::default() };
        let frame = encode(header, b"secret", b"", Some(&Key([1; 32]))).unwrap();
        let (header, _) = Header::decode(&frame).unwrap();
        for key in [Some(&Key([2; 32])), None] {
            let opened = open_payload(&header, &frame[HEADER_BYTES..], key, &mut Unfolder::default());
            assert_eq!(opened, Err(Unreadable::Locked));
        }
        let other = Key::random().unwrap();
        assert_ne!(other.0, Key::random().unwrap().0);
    }
}
