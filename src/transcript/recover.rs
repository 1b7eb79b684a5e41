//! Finding transcripts that an earlier server left, and reading their segments back. The
//! segments alone say everything; a frame that is torn or damaged ends its segment, a frame
//! whose payload was given back is stepped over.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};

use super::frame::{self, HEADER_BYTES, Header, MAX_AID_BYTES, Unreadable};
use super::notes::Notes;
use super::sealed::{Sealed, Segment};
use super::storage::read_small;
use super::store::{Leftover, PaneInfo, Shared};
use super::writer::SEGMENT_PREFIX;

/// Longest small file that is read back, in bytes.
const MAX_SMALL: usize = 1 << 20;
/// Directories looked at in a store's directory.
const MAX_LEFTOVERS: usize = 4096;

/// What a transcript's directory holds.
#[derive(Default)]
pub(super) struct Found {
    pub info: PaneInfo,
    pub blocks: Vec<Sealed>,
    pub notes: Notes,
    /// Lines before this one were cleared.
    pub floor: u64,
    pub next_segment: u64,
    pub next_sequence: u64,
}

fn is_key(name: &str) -> bool {
    name.starts_with("pane-") && !name.contains('/')
}

pub(super) fn leftovers(store: &Shared, open: &[String]) -> Vec<Leftover> {
    let names = store.storage.list(&store.dir()).unwrap_or_default();
    let keys = names.into_iter().filter(|name| is_key(name) && !open.contains(name));
    keys.take(MAX_LEFTOVERS).filter_map(|key| leftover(store, key)).collect()
}

fn small(store: &Shared, dir: &Path, name: &str) -> Option<Vec<u8>> {
    read_small(&*store.storage, &dir.join(name), MAX_SMALL).ok()
}

fn number<T: std::str::FromStr>(store: &Shared, dir: &Path, name: &str) -> Option<T> {
    std::str::from_utf8(&small(store, dir, name)?).ok()?.trim().parse().ok()
}

fn leftover(store: &Shared, key: String) -> Option<Leftover> {
    let dir = store.dir().join(&key);
    let names = store.storage.list(&dir).ok()?;
    let segments = names.iter().filter(|name| name.starts_with(SEGMENT_PREFIX));
    let bytes = segments.map(|name| store.storage.len(&dir.join(name)).unwrap_or(0)).sum();
    let info = small(store, &dir, "info").and_then(|text| serde_json::from_slice(&text).ok());
    let keep_until = number(store, &dir, "until");
    Some(Leftover { info: info.unwrap_or_default(), keep_until, bytes, key })
}

/// Removes a transcript nobody has open.
pub(super) fn remove(store: &Shared, key: &str) -> io::Result<()> {
    if !is_key(key) || store.panes.lock().contains_key(key) {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    let dir = store.dir().join(key);
    for name in store.storage.list(&dir)? {
        store.storage.remove(&dir.join(name))?;
    }
    store.storage.remove_dir(&dir)
}

/// Reads a transcript's directory in `dir`.
pub(super) fn scan(store: &Shared, dir: &Path, key: &str) -> io::Result<Found> {
    if !is_key(key) || store.panes.lock().contains_key(key) {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    let dir = dir.join(key);
    let mut found = Found {
        info: small(store, &dir, "info").and_then(|t| serde_json::from_slice(&t).ok()).unwrap_or_default(),
        blocks: Vec::new(),
        notes: Notes::decode(&small(store, &dir, "notes").unwrap_or_default()),
        floor: number(store, &dir, "floor").unwrap_or(0),
        next_segment: 0,
        next_sequence: 0,
    };
    let mut frames: Vec<(u64, Sealed)> = Vec::new();
    let mut holes: Vec<Range<u64>> = Vec::new();
    for name in store.storage.list(&dir)? {
        let Some(number) = name.strip_prefix(SEGMENT_PREFIX).and_then(|n| n.parse::<u64>().ok()) else {
            continue;
        };
        found.next_segment = found.next_segment.max(number + 1);
        let segment = found_segment(store, dir.join(&name));
        let before = frames.len();
        match scan_segment(store, &segment, &mut frames, &mut holes) {
            // Nothing in it was wanted any more, and the writer, or whoever read the same
            // transcript, removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                frames.truncate(before);
                continue;
            }
            scanned => scanned?,
        }
        if frames.len() == before {
            let _ = store.storage.remove(&segment.path);
        }
    }
    frames.sort_by_key(|(sequence, _)| *sequence);
    found.next_sequence = frames.last().map_or(0, |(sequence, _)| sequence + 1);
    for (_, block) in frames {
        while found
            .blocks
            .last()
            .is_some_and(|last| last.first_line >= block.first_line || last.end_line() > block.first_line)
        {
            // A later frame that starts at or before an earlier one's lines replaces it.
            found.blocks.pop().iter().for_each(|old| {
                old.retire();
            });
        }
        if block.end_line() <= found.floor {
            block.retire();
        } else {
            found.blocks.push(block);
        }
    }
    drop_stale(&mut found.blocks, &holes);
    Ok(found)
}

/// Blocks are given up from the oldest on. One that is older than one that was given up, and
/// not the newest of all, was to go as well and stayed because a disk refused.
fn drop_stale(blocks: &mut Vec<Sealed>, holes: &[Range<u64>]) {
    let newest = blocks.last().map_or(0, |block| block.first_line);
    let covered = |line: u64| blocks.iter().any(|block| (block.first_line..block.end_line()).contains(&line));
    let given_up = holes.iter().filter(|hole| hole.end <= newest && !covered(hole.start));
    let from = given_up.map(|hole| hole.end).max().unwrap_or(0);
    blocks.retain(|block| {
        let wanted = block.first_line >= from;
        if !wanted {
            block.retire();
        }
        wanted
    });
}

/// Whether a transcript holds blocks that are encrypted with a key that is not this server's.
/// A segment is encrypted as a whole, with one key, so its first block says it for all.
pub(super) fn is_locked(store: &Shared, key: &str) -> bool {
    let dir = store.dir().join(key);
    let names = store.storage.list(&dir).unwrap_or_default();
    let mut segments = names.iter().filter(|name| is_key(key) && name.starts_with(SEGMENT_PREFIX));
    segments.any(|name| {
        let segment = found_segment(store, dir.join(name));
        let end = store.storage.len(&segment.path).unwrap_or(0);
        let mut at = 0;
        while let Ok(Some((header, state))) = peek(store, &segment, at, end) {
            if state == Payload::There {
                return header.encrypted && is_frame_locked(store, &segment, at, &header);
            }
            at += header.frame_len();
        }
        false
    })
}

fn is_frame_locked(store: &Shared, segment: &Segment, at: u64, header: &Header) -> bool {
    let at = at + HEADER_BYTES as u64 + u64::from(header.aid_len);
    let payload = store.storage.read_at(&segment.path, at, header.payload_len as usize).unwrap_or_default();
    store.open_payload(header, &payload) == Err(Unreadable::Locked)
}

fn found_segment(store: &Shared, path: PathBuf) -> Arc<Segment> {
    Arc::new(Segment {
        path,
        queue: store.queue.clone(),
        live: AtomicU32::new(0),
        finished: AtomicBool::new(true),
        encrypted: false,
    })
}

/// Adds the valid frames of a segment and cuts its tail after the last of them.
/// `holes` gets the lines of blocks that were given up.
fn scan_segment(
    store: &Shared,
    segment: &Arc<Segment>,
    frames: &mut Vec<(u64, Sealed)>,
    holes: &mut Vec<Range<u64>>,
) -> io::Result<()> {
    let end = store.storage.len(&segment.path)?;
    let mut at = 0u64;
    while at < end {
        let Some((header, state)) = peek(store, segment, at, end)? else { break };
        match state {
            Payload::There => {
                frames.push((header.sequence, Sealed::found(store.next_id(), &header, segment.clone(), at)));
            }
            Payload::Hole => holes.push(header.first_line..header.first_line + u64::from(header.lines)),
        }
        at += header.frame_len();
    }
    if at < end {
        // What follows is a write that never ended; nothing will be appended here again, so
        // failing to cut it does no harm.
        let _ = store.storage.truncate(&segment.path, at);
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Payload {
    There,
    /// Given back to the file system: reads as zeros.
    Hole,
}

/// Bytes read to look at a frame: its header and, nearly always, its aid.
const PEEK_BYTES: usize = 4096;

/// The frame at an offset; `None` when there is no whole one. Only the last frame of a file can
/// be torn, so only its payload is read and checked here; the others' when they are read.
fn peek(store: &Shared, segment: &Segment, at: u64, end: u64) -> io::Result<Option<(Header, Payload)>> {
    let mut bytes = store.storage.read_at(&segment.path, at, PEEK_BYTES)?;
    let Ok(fields) = Header::decode_fields(&bytes) else { return Ok(None) };
    if fields.aid_len > MAX_AID_BYTES || at + fields.frame_len() > end {
        return Ok(None);
    }
    let start = HEADER_BYTES + fields.aid_len as usize;
    let last = at + fields.frame_len() == end;
    if last || start + 4 > bytes.len() {
        bytes = store.storage.read_at(&segment.path, at, fields.frame_len() as usize)?;
    }
    let Ok((header, _)) = Header::decode(&bytes) else { return Ok(None) };
    let payload = bytes.get(start..).unwrap_or_default();
    if payload.iter().take(4).all(|&b| b == 0) {
        return Ok(Some((header, Payload::Hole)));
    }
    if last && !frame::is_intact(&header, payload) {
        return Ok(None);
    }
    Ok(Some((header, Payload::There)))
}
