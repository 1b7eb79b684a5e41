//! Loads sealed blocks: from memory, the cache or the disk.

use std::sync::Arc;

use parking_lot::Mutex;

use super::aid::Aid;
use super::block::Block;
use super::cache::Cache;
use super::frame::{self, HEADER_BYTES, Header, Key, Unfolder, Unreadable};
use super::messages::Messages;
use super::sealed::{Place, Sealed};
use super::storage::Storage;
use super::widths::Widths;
use crate::base::codec::Malformed;

/// Reason why a block cannot be read.
#[derive(Debug)]
enum NoBlock {
    /// The disk cannot be read now.
    Io(std::io::Error),
    /// It will not become readable later.
    Damaged(Unreadable),
}

impl std::fmt::Display for NoBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Damaged(why) => why.fmt(f),
        }
    }
}

/// See the module comment.
pub(super) struct Loader {
    pub storage: Arc<dyn Storage>,
    pub key: Mutex<Option<Key>>,
    pub cache: Mutex<Cache>,
    pub messages: Messages,
}

impl Loader {
    /// Unfolds a payload whose header was checked.
    pub(super) fn open_payload(
        &self,
        header: &Header,
        payload: &[u8],
        unfolder: &mut Unfolder,
    ) -> Result<Vec<u8>, Unreadable> {
        frame::open_payload(header, payload, self.key.lock().clone().as_ref(), unfolder)
    }

    /// Loads a sealed block into memory. A block that cannot be read is replaced by one with as
    /// many lines, the first of which says so.
    pub(super) fn load(&self, sealed: &Sealed) -> Arc<Block> {
        if let Some(block) = self.cache.lock().get(sealed.id) {
            return block;
        }
        let (block, lasting) = self.unfold(sealed, &mut Unfolder::default());
        if lasting {
            self.cache.lock().put(block.clone());
        }
        block
    }

    /// The same for who reads it once: nothing else leaves the cache for it.
    pub(super) fn load_once(&self, sealed: &Sealed, unfolder: &mut Unfolder) -> Arc<Block> {
        let known = self.cache.lock().get(sealed.id);
        known.unwrap_or_else(|| self.unfold(sealed, unfolder).0)
    }

    /// A block, or what stands in its place, and whether that lasts.
    fn unfold(&self, sealed: &Sealed, unfolder: &mut Unfolder) -> (Arc<Block>, bool) {
        let (block, lasting) = match self.read(sealed, unfolder) {
            Ok(block) => (block, true),
            Err(why) => {
                self.messages.push(format!("history: cannot read lines from {}: {why}", sealed.first_line));
                let mut block = sealed.as_lost(0, &why.to_string()).filled(sealed.id, sealed.lines);
                block.stands_in = true;
                (block, matches!(why, NoBlock::Damaged(_)))
            }
        };
        (Arc::new(block), lasting)
    }

    /// Count of rows of a block. If the line count is not enough, reads the aid, rarely the whole block,
    /// from the disk; a block that cannot be read counts as its replacement.
    pub(super) fn rows(&self, sealed: &Sealed, widths: &Widths) -> u64 {
        if let Some(rows) = sealed.known_rows(widths) {
            return rows;
        }
        if sealed.is_odd(widths) {
            let rows = u64::from(self.load(sealed).rows(widths));
            sealed.remember_odd(widths, rows);
            return rows;
        }
        let width = widths.lay().width;
        self.aids(&[sealed]).into_iter().flatten().for_each(|aid| sealed.count_by(&aid, width));
        let filled = sealed.known_filled(width).unwrap_or_else(|| {
            let rows = u64::from(self.load(sealed).filled_rows(width));
            sealed.remember_filled(width, rows);
            rows
        });
        filled.saturating_add_signed(sealed.extra(widths))
    }

    /// Reads a whole block. The error says why that fails.
    fn read(&self, sealed: &Sealed, unfolder: &mut Unfolder) -> Result<Block, NoBlock> {
        let place = sealed.place.lock().clone();
        let damaged = |_: Malformed| NoBlock::Damaged(Unreadable::Damaged);
        let raw = match &place {
            Place::Pending(held) | Place::Memory(held) => held.raw.clone(),
            Place::Disk { segment, at, len, .. } => {
                let bytes = self.storage.read_at(&segment.path, *at, *len as usize).map_err(NoBlock::Io)?;
                let (header, aid) = Header::decode(&bytes).map_err(damaged)?;
                // Another file may have replaced the one that was written.
                if (header.first_line, header.lines) != (sealed.first_line, sealed.lines) {
                    return Err(damaged(Malformed));
                }
                let payload = bytes.get(HEADER_BYTES + aid.len()..).unwrap_or_default();
                self.open_payload(&header, payload, unfolder).map_err(NoBlock::Damaged)?
            }
        };
        let mut block = Block::decode(sealed.id, sealed.first_line, sealed.base_time, raw, sealed.lines)
            .map_err(damaged)?;
        block.largest = sealed.largest.into();
        Ok(block)
    }

    /// The aids of some blocks, opening a segment once for those that are adjacent in it. `None` for
    /// unreadable ones.
    fn aids(&self, blocks: &[&Sealed]) -> Vec<Option<Aid>> {
        let on_disk = |block: &&Sealed| match &*block.place.lock() {
            Place::Pending(_) | Place::Memory(_) => None,
            Place::Disk { segment, at, aid_len, .. } => {
                Some((segment.clone(), (*at, HEADER_BYTES + *aid_len as usize)))
            }
        };
        let places: Vec<_> = blocks.iter().map(on_disk).collect();
        let mut out = Vec::with_capacity(blocks.len());
        while let Some(place) = places.get(out.len()) {
            let Some((segment, _)) = place else {
                out.push(blocks[out.len()].aid_in_memory());
                continue;
            };
            let same = places[out.len()..].iter().map_while(|place| place.as_ref());
            let parts: Vec<_> =
                same.take_while(|place| Arc::ptr_eq(&place.0, segment)).map(|place| place.1).collect();
            let read = self.storage.read_parts(&segment.path, &parts).unwrap_or_else(|_| {
                // Perhaps only one of them is unreadable.
                let one = |&(at, len): &(u64, usize)| self.storage.read_at(&segment.path, at, len);
                parts.iter().map(|part| one(part).unwrap_or_default()).collect()
            });
            let aid = |bytes: Vec<u8>| Aid::decode(Header::decode(&bytes).ok()?.1).ok();
            out.extend(read.into_iter().map(aid));
        }
        out
    }

    /// Counts the rows of blocks as far as aids suffice. Returns the aids that were read.
    pub(super) fn count<'a>(
        &self,
        blocks: impl Iterator<Item = &'a Arc<Sealed>>,
        widths: &Widths,
    ) -> Vec<Aid> {
        let width = widths.lay().width;
        let unknown: Vec<&Sealed> = blocks
            .map(|block| &**block)
            .filter(|block| !block.is_odd(widths) && block.known_filled(width).is_none())
            .collect();
        let read = unknown.iter().zip(self.aids(&unknown));
        let counted = read.filter_map(|(block, aid)| aid.inspect(|aid| block.count_by(aid, width)));
        counted.collect()
    }
}
