//! Finds transcripts that an earlier server left, and reads their segments. The segments alone are
//! sufficient. Damage is skipped up to the next intact frame, and a line says what is missing;
//! nothing is truncated, and a file without any intact frame is renamed and kept. A frame whose
//! payload was freed is skipped silently.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};

use super::alternate;
use super::commands::{self, Commands};
use super::frame::{HEADER_BYTES, Header, MAGIC, MAX_AID_BYTES, Unfolder, Unreadable};
use super::info::{self, PaneInfo};
use super::lost::Lost;
use super::notes::Notes;
use super::sealed::Sealed;
use super::segment::{SEGMENT_PREFIX, Segment};
use super::shared::Shared;
use super::small::{self, read_small};
use super::widths::Widths;

/// Longest small file that is read back, in bytes.
const MAX_SMALL: usize = 1 << 20;
/// Most directories examined in a store's directory.
const MAX_LEFTOVERS: usize = 4096;
/// Prefix for the name of a file that is set aside.
const ASIDE_PREFIX: &str = "bad-";
/// Most files set aside under one name; then the last is replaced.
const MAX_ASIDE: u32 = 16;
/// Reason for missing lines if there is no damage in their place.
pub(super) const NO_FILE: &str = "no file holds them";

/// A transcript that no pane of this server has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    pub key: String,
    pub info: PaneInfo,
    /// Kept by `history-keep` until then (seconds since the Unix epoch); otherwise its server died.
    pub keep_until: Option<i64>,
    /// Bytes of its segment files.
    pub bytes: u64,
}

/// Contents of a transcript's directory.
#[derive(Default)]
pub(super) struct Found {
    pub info: PaneInfo,
    /// Oldest first; marks stand for lines missing between two of them.
    pub blocks: Vec<Sealed>,
    pub notes: Notes,
    pub commands: Commands,
    /// Lines before this one were cleared.
    pub floor: u64,
    pub next_segment: u64,
    pub next_sequence: u64,
    /// True if there are no segments.
    pub empty: bool,
    /// Damage before the first block, and after the last.
    pub bad_start: Option<String>,
    pub bad_end: Option<String>,
    /// Number of the first line that may be missing before the first block, if known.
    pub start: Option<u64>,
}

impl Found {
    /// Adds a mark for the lines missing before the first block. `first`: a line that is known to
    /// have existed.
    pub(super) fn mark_start(&mut self, first: Option<u64>, id: u64) {
        let Some(why) = self.bad_start.take() else { return };
        let Some(block) = self.blocks.first() else {
            self.bad_end.get_or_insert(why);
            return;
        };
        let known = first.or(self.start).map(|first| first.max(self.start.unwrap_or(0)).max(self.floor));
        let end = block.first_line;
        let first_line = known.unwrap_or(end.saturating_sub(1));
        if first_line < end {
            let lines = known.map(|first| end - first);
            let lost = Lost { first_line, lines, from: 0, to: block.base_time, why };
            self.blocks.insert(0, Sealed::of_missing(lost, id, &Widths::new(0, 1)));
        }
    }

    /// The lines missing after the last block, whose last line is the one before `end`.
    pub(super) fn lost_at_end(&self, end: u64) -> Option<Lost> {
        let why = self.bad_end.clone()?;
        Some(Lost { first_line: end, lines: None, from: 0, to: 0, why })
    }
}

/// Contents of the segments, in the order of writing.
#[derive(Default)]
struct Frames {
    blocks: Vec<(u64, Sealed)>,
    /// Sequences and lines of dropped blocks.
    holes: Vec<(u64, Range<u64>)>,
    /// Damage: the sequence of the frame before it, and a description.
    bad: Vec<(Option<u64>, String)>,
    /// Sequence of the frame that was found last.
    last: Option<u64>,
}

impl Frames {
    fn note_bad(&mut self, why: String) {
        self.bad.push((self.last, why));
    }

    /// Damage between two frames, given by their sequences.
    fn bad_between(&self, from: Option<u64>, to: Option<u64>) -> Option<&String> {
        let within = |after: Option<u64>| after >= from && to.is_none_or(|to| after.is_none_or(|at| at < to));
        self.bad.iter().find(|(after, _)| within(*after)).map(|(_, why)| why)
    }
}

fn is_key(name: &str) -> bool {
    name.starts_with("pane-") && !name.contains('/')
}

/// Reports whether a name is that of a transcript or of a second stream.
fn is_readable(name: &str) -> bool {
    is_key(name.strip_suffix(alternate::DIR).and_then(|name| name.strip_suffix('/')).unwrap_or(name))
}

fn segment_number(name: &str) -> Option<u64> {
    name.strip_prefix(SEGMENT_PREFIX)?.parse().ok()
}

fn is_aside(name: &str) -> bool {
    name.starts_with(ASIDE_PREFIX)
}

/// Name of a file before it was set aside.
fn plain_name(name: &str) -> &str {
    let name = name.strip_prefix(ASIDE_PREFIX).unwrap_or(name);
    let numbered = name.strip_prefix(SEGMENT_PREFIX).and_then(|rest| rest.split_once('-'));
    numbered.map_or(name, |(number, _)| &name[..SEGMENT_PREFIX.len() + number.len()])
}

pub(super) fn leftovers(store: &Shared, open: &[String]) -> Vec<Leftover> {
    let dir = store.dir();
    let trouble = store.storage.check_dir(&dir).err().filter(|error| error.kind() != io::ErrorKind::NotFound);
    if store.dir_trouble(trouble.map(|error| error.to_string())) {
        return Vec::new();
    }
    let names = store.storage.list(&dir).unwrap_or_default();
    let keys = names.into_iter().filter(|name| is_key(name) && !open.contains(name));
    keys.take(MAX_LEFTOVERS).filter_map(|key| leftover(store, key)).collect()
}

fn small(store: &Shared, dir: &Path, name: &str) -> io::Result<Vec<u8>> {
    read_small(&*store.storage, &dir.join(name), MAX_SMALL)
}

fn info(store: &Shared, dir: &Path, key: &str) -> PaneInfo {
    info::parse(&small(store, dir, "info").unwrap_or_default(), key)
}

fn leftover(store: &Shared, key: String) -> Option<Leftover> {
    let dir = store.dir().join(&key);
    let names = store.storage.list(&dir).ok()?;
    let bytes_in = |dir: &Path, names: &[String]| -> u64 {
        let segments = names.iter().filter(|name| name.starts_with(SEGMENT_PREFIX));
        segments.map(|name| store.storage.len(&dir.join(name)).unwrap_or(0)).sum()
    };
    let beside = dir.join(alternate::DIR);
    let bytes =
        bytes_in(&dir, &names) + store.storage.list(&beside).map_or(0, |names| bytes_in(&beside, &names));
    let info = info(store, &dir, &key);
    // A damaged time counts as none: the transcript gets a new one.
    let keep_until = small(store, &dir, "until").ok().and_then(|text| small::number(&text));
    Some(Leftover { info, keep_until, bytes, key })
}

/// Removes a transcript that is not open.
pub(super) fn remove(store: &Shared, key: &str) -> io::Result<()> {
    if !is_key(key) || store.panes.lock().contains_key(key) {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    let dir = store.dir().join(key);
    store.storage.check_dir(&dir)?;
    for name in store.storage.list(&dir)? {
        match name == alternate::DIR {
            true => alternate::remove_dir(&*store.storage, &dir)?,
            false => store.storage.remove(&dir.join(name))?,
        }
    }
    store.storage.remove_dir(&dir)
}

/// Renames a file without any intact contents, so that it is kept and not read again.
fn set_aside(store: &Shared, dir: &Path, name: &str, why: &str) {
    let taken = store.storage.list(dir).unwrap_or_default();
    let mut names = (0..MAX_ASIDE).map(|n| match n {
        0 => format!("{ASIDE_PREFIX}{name}"),
        n => format!("{ASIDE_PREFIX}{name}-{n}"),
    });
    let free = names.find(|to| !taken.contains(to));
    let to = dir.join(free.unwrap_or_else(|| format!("{ASIDE_PREFIX}{name}-{MAX_ASIDE}")));
    if store.storage.rename(&dir.join(name), &to).is_ok() {
        let file = dir.join(name);
        store.message(format!("history: {}: {why}; kept as {}", file.display(), to.display()));
    }
}

/// The line before which all was cleared. A damaged file is set aside: the segments show what was
/// cleared and freed.
fn floor(store: &Shared, dir: &Path) -> u64 {
    match small(store, dir, "floor") {
        Ok(text) => small::number(&text).unwrap_or_else(|| {
            set_aside(store, dir, "floor", "damaged");
            0
        }),
        Err(error) => {
            if is_no_file(&error) {
                set_aside(store, dir, "floor", &error.to_string());
            }
            0
        }
    }
}

/// Reports whether the error means that something other than a file has a file's name.
fn is_no_file(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidInput || error.raw_os_error() == Some(libc::ELOOP)
}

/// Reads a transcript's directory in `dir`.
pub(super) fn scan(store: &Shared, dir: &Path, key: &str) -> io::Result<Found> {
    if !is_readable(key) || store.panes.lock().contains_key(key) {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    let dir = dir.join(key);
    store.storage.check_dir(&dir)?;
    let mut found = Found {
        info: info(store, &dir, key),
        notes: Notes::decode(&small(store, &dir, "notes").unwrap_or_default()),
        commands: Commands::decode(&small(store, &dir, commands::FILE).unwrap_or_default()),
        floor: floor(store, &dir),
        ..Found::default()
    };
    let mut frames = Frames::default();
    let names = store.storage.list(&dir)?;
    let mut segments: Vec<(u64, &String)> =
        names.iter().filter_map(|name| Some((segment_number(plain_name(name))?, name))).collect();
    segments.sort();
    found.start = segments.first().and_then(|(first, _)| (*first == 0).then_some(0));
    found.empty = segments.is_empty();
    found.next_segment = segments.last().map_or(0, |(last, _)| last.saturating_add(1));
    for (_, name) in segments {
        match is_aside(name) {
            true => frames.note_bad(format!("{} is damaged", plain_name(name))),
            false => scan_file(store, &dir, name, &mut frames),
        }
    }
    assemble(store, &mut found, frames);
    Ok(found)
}

/// Adds the contents of a segment. An empty one is removed.
fn scan_file(store: &Shared, dir: &Path, name: &str, frames: &mut Frames) {
    let segment = found_segment(store, dir.join(name));
    let (blocks, holes, last) = (frames.blocks.len(), frames.holes.len(), frames.last);
    match scan_segment(store, &segment, frames) {
        Ok(Rest::Wanted) => {}
        Ok(Rest::Nothing) => drop(store.storage.remove(&segment.path)),
        Ok(Rest::Damaged) => set_aside(store, dir, name, "damaged"),
        // The writer, or another reader of the transcript, freed the last block of the segment and
        // removed it meanwhile. It holds nothing that is wanted.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            frames.blocks.truncate(blocks);
            frames.holes.truncate(holes);
            frames.last = last;
        }
        Err(error) => {
            frames.note_bad(format!("{name}: {error}"));
            if is_no_file(&error) {
                set_aside(store, dir, name, &error.to_string());
            }
        }
    }
}

/// Sorts blocks by their lines, and adds marks for lines missing between them.
fn assemble(store: &Shared, found: &mut Found, mut frames: Frames) {
    let mut blocks = std::mem::take(&mut frames.blocks);
    blocks.sort_by_key(|(sequence, _)| *sequence);
    let holes = frames.holes.iter().map(|(sequence, _)| *sequence);
    let last = blocks.iter().map(|(sequence, _)| *sequence).chain(holes).max();
    found.next_sequence = last.map_or(0, |last| last.saturating_add(1));
    let mut kept: Vec<(u64, Sealed)> = Vec::new();
    for (sequence, block) in blocks {
        while let Some((_, last)) = kept.last()
            && (last.first_line >= block.first_line || last.end_line() > block.first_line)
        {
            // A later frame that starts at or before the lines of an earlier one replaces it.
            kept.pop().iter().for_each(|(_, old)| {
                old.retire();
            });
        }
        if block.end_line() <= found.floor {
            block.retire();
        } else {
            kept.push((sequence, block));
        }
    }
    if frames.bad.is_empty() {
        drop_stale(&mut kept, &frames.holes);
    }
    let first = kept.first().map(|(sequence, _)| *sequence);
    let given_up = frames.holes.iter().filter(|(sequence, _)| first.is_none_or(|first| *sequence < first));
    let start = given_up.map(|(_, lines)| lines.end).max();
    found.start = start.or(found.start).map(|start| start.max(found.floor));
    found.bad_start = frames.bad_between(None, first).cloned();
    found.bad_end = kept.last().and_then(|(last, _)| frames.bad_between(Some(*last), None)).cloned();
    for (sequence, block) in kept {
        mark_gap(store, found, &frames, sequence, &block);
        found.blocks.push(block);
    }
}

/// Adds a mark if lines are missing between the blocks so far and the next one.
fn mark_gap(store: &Shared, found: &mut Found, frames: &Frames, sequence: u64, next: &Sealed) {
    let Some(last) = found.blocks.last().filter(|last| last.lost.is_none()) else { return };
    let first_line = last.end_line().max(found.floor);
    if first_line < next.first_line {
        let why = frames.bad_between(None, Some(sequence)).map_or(NO_FILE, String::as_str).to_owned();
        let (lines, from, to) = (Some(next.first_line - first_line), last.base_time, next.base_time);
        let lost = Lost { first_line, lines, from, to, why };
        found.blocks.push(Sealed::of_missing(lost, store.next_id(), &Widths::new(0, 1)));
    }
}

/// Blocks are dropped oldest first, so a block older than a hole should have been dropped too
/// (unless it is the newest); it survived only because the disk failed. Drop it. (Near damage, such
/// a block cannot be told from one whose successor was lost.)
fn drop_stale(blocks: &mut Vec<(u64, Sealed)>, holes: &[(u64, Range<u64>)]) {
    let newest = blocks.last().map_or(0, |(_, block)| block.first_line);
    let ends = blocks.iter().skip(1).map(|(_, next)| next.first_line).chain([u64::MAX]);
    let lines: Vec<Range<u64>> = blocks
        .iter()
        .zip(ends)
        .map(|((_, block), next)| {
            block.first_line..if block.lost.is_some() { next } else { block.end_line() }
        })
        .collect();
    let covered = |line: u64| lines.iter().any(|lines| lines.contains(&line));
    let given_up =
        holes.iter().map(|(_, lines)| lines).filter(|hole| hole.end <= newest && !covered(hole.start));
    let from = given_up.map(|hole| hole.end).max().unwrap_or(0);
    blocks.retain(|(_, block)| {
        let wanted = block.first_line >= from;
        if !wanted {
            block.retire();
        }
        wanted
    });
}

/// Reports whether a transcript has blocks that are encrypted with another server's key. A segment
/// is encrypted as a whole, with one key, so its first block is enough.
pub(super) fn is_locked(store: &Shared, key: &str) -> bool {
    let dir = store.dir().join(key);
    let names = store.storage.list(&dir).unwrap_or_default();
    let mut segments = names.iter().filter(|name| is_readable(key) && segment_number(name).is_some());
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
    store.loader.open_payload(header, &payload, &mut Unfolder::default()) == Err(Unreadable::Locked)
}

fn found_segment(store: &Shared, path: PathBuf) -> Arc<Segment> {
    Arc::new(Segment {
        path,
        freeing: store.queue.clone(),
        live: AtomicU32::new(0),
        finished: AtomicBool::new(true),
        encrypted: false,
    })
}

/// Fate of a segment that was read.
enum Rest {
    Wanted,
    /// Empty: its frames were dropped, or its only write never ended.
    Nothing,
    /// Nothing in it is intact.
    Damaged,
}

/// Adds the intact frames of a segment, and the damage between them.
fn scan_segment(store: &Shared, segment: &Arc<Segment>, frames: &mut Frames) -> io::Result<Rest> {
    let end = store.storage.len(&segment.path)?;
    let (mut at, mut rest, mut readable) = (0u64, Rest::Nothing, false);
    while at < end {
        let peeked = peek(store, segment, at, end);
        match peeked {
            Err(error) if !readable || error.kind() == io::ErrorKind::NotFound => return Err(error),
            Ok(Some((header, state))) => {
                frames.last = Some(header.sequence);
                let lines = header.first_line..header.first_line + u64::from(header.lines);
                match state {
                    Payload::There => {
                        let block = Sealed::found(store.next_id(), &header, segment.clone(), at);
                        frames.blocks.push((header.sequence, block));
                        rest = Rest::Wanted;
                    }
                    Payload::Hole => frames.holes.push((header.sequence, lines)),
                }
                at += header.frame_len();
            }
            _ if is_torn(store, segment, at, end) => break,
            _ => {
                let name = segment.path.file_name().unwrap_or_default().to_string_lossy();
                frames.note_bad(format!("{name} is damaged"));
                if matches!(rest, Rest::Nothing) {
                    rest = Rest::Damaged;
                }
                let Some(next) = next_frame(store, segment, at + 1, end, frames.last) else { break };
                at = next;
            }
        }
        readable = true;
    }
    Ok(rest)
}

/// Reports whether the end of a segment is an unfinished write: less than a header, an intact
/// header of a longer frame, or zeros.
fn is_torn(store: &Shared, segment: &Segment, at: u64, end: u64) -> bool {
    if end - at < HEADER_BYTES as u64 {
        return true;
    }
    let most = (HEADER_BYTES + MAX_AID_BYTES as usize).min((end - at) as usize);
    let Ok(bytes) = store.storage.read_at(&segment.path, at, most) else { return false };
    match Header::decode(&bytes) {
        Ok((header, _)) => at + header.frame_len() > end,
        Err(_) => bytes.len() as u64 == end - at && bytes.iter().all(|&b| b == 0),
    }
}

/// Bytes per read in the search for the next frame.
const SEARCH_BYTES: u64 = 256 << 10;
/// Most places examined that look like the start of a frame; a file with more is skipped.
const MAX_CANDIDATES: usize = 4096;

/// Offset of the next intact frame that was written after the one before the damage.
fn next_frame(store: &Shared, segment: &Segment, from: u64, end: u64, last: Option<u64>) -> Option<u64> {
    let (mut at, mut left) = (from, MAX_CANDIDATES);
    while at < end {
        // Unreadable bytes are skipped.
        let bytes = store.storage.read_at(&segment.path, at, SEARCH_BYTES as usize).unwrap_or_default();
        for (offset, _) in bytes.windows(MAGIC.len()).enumerate().filter(|(_, four)| four == MAGIC) {
            left = left.checked_sub(1)?;
            let found = at + offset as u64;
            if let Ok(Some((header, _))) = peek(store, segment, found, end)
                && last.is_none_or(|last| header.sequence > last)
            {
                return Some(found);
            }
        }
        at += SEARCH_BYTES - MAGIC.len() as u64;
    }
    None
}

#[derive(PartialEq, Eq)]
enum Payload {
    There,
    /// Freed in the file system: reads as zeros.
    Hole,
}

/// Bytes read to examine a frame: its header and, nearly always, its aid.
const PEEK_BYTES: usize = 4096;

/// The frame at an offset; `None` without an intact header of a complete frame. Payloads are
/// checked when they are read.
fn peek(store: &Shared, segment: &Segment, at: u64, end: u64) -> io::Result<Option<(Header, Payload)>> {
    let mut bytes = store.storage.read_at(&segment.path, at, PEEK_BYTES)?;
    let Ok(fields) = Header::decode_fields(&bytes) else { return Ok(None) };
    if at + fields.frame_len() > end {
        return Ok(None);
    }
    let start = HEADER_BYTES + fields.aid_len as usize;
    if start + 4 > bytes.len() {
        bytes = store.storage.read_at(&segment.path, at, start + 4)?;
    }
    let Ok((header, _)) = Header::decode(&bytes) else { return Ok(None) };
    let payload = bytes.get(start..).unwrap_or_default();
    let hole = payload.iter().take(4).all(|&b| b == 0);
    Ok(Some((header, if hole { Payload::Hole } else { Payload::There })))
}
