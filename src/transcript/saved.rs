//! A pane's history as its journal keeps it: the lines that are not on disk yet, and what is
//! needed to go on with those that are.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::block::Block;
use super::line;
use super::pane::PaneHistory;
use super::recover::{self, Found};
use super::sealed::{Place, Sealed};
use super::store::{PaneInfo, TranscriptStore};
use super::widths::Widths;
use crate::base::codec::{Malformed, Reader, put_varint};

/// What stands before the blocks.
#[derive(Serialize, Deserialize)]
struct Head {
    key: String,
    info: PaneInfo,
    /// Where its directory is: `history-directory` may be another by now.
    #[serde(default)]
    dir: Option<PathBuf>,
    /// Nothing is to be written to the disk.
    #[serde(default)]
    off_disk: bool,
    width: u32,
    /// `Widths::steps`.
    #[serde(default)]
    widths: Vec<(u64, u32)>,
    /// Lines before this one are not wanted any more.
    first_line: u64,
    blocks: Vec<BlockHead>,
    /// The line being joined, as a record with the open block's links.
    tail: bool,
}

#[derive(Serialize, Deserialize)]
struct BlockHead {
    first_line: u64,
    base_time: i64,
    lines: u32,
    #[serde(default)]
    largest: u32,
    bytes: usize,
}

impl BlockHead {
    fn decode(&self, id: u64, input: &mut Reader) -> Result<Block, Malformed> {
        let mut block =
            Block::decode(id, self.first_line, self.base_time, input.bytes(self.bytes)?, self.lines)?;
        block.largest = self.largest;
        Ok(block)
    }
}

impl PaneHistory {
    pub(super) fn put_saved(&mut self, out: &mut Vec<u8>) {
        self.held.get_or_insert_default().clear();
        let mut bodies: Vec<u8> = Vec::new();
        let mut blocks = Vec::new();
        let mut put = |first_line, base_time, lines, largest, raw: &[u8]| {
            blocks.push(BlockHead { first_line, base_time, lines, largest, bytes: raw.len() });
            bodies.extend_from_slice(raw);
        };
        let open = &self.newest.open;
        let first_line = {
            let list = self.pane.list.lock();
            for block in list.blocks() {
                if let Place::Pending(pending) = &*block.place.lock() {
                    put(block.first_line, block.base_time, block.lines, block.largest.into(), &pending.raw);
                }
            }
            list.front().map_or(open.first_line, |block| block.first_line)
        };
        put(open.first_line, open.base_time, open.lines(), open.largest, &open.encode());
        if let Some(tail) = &self.newest.tail {
            let width = self.newest.lay().width;
            line::put_line(&mut bodies, &mut self.scratch, tail, width, open.base_time);
        }
        let head = Head {
            key: self.pane.key.clone(),
            info: self.pane.info.lock().clone(),
            off_disk: !self.pane.is_on_disk(),
            dir: self.pane.dir.parent().map(Path::to_path_buf),
            width: self.newest.lay().width,
            widths: self.newest.widths.steps().to_vec(),
            first_line,
            blocks,
            tail: self.newest.tail.is_some(),
        };
        let text = serde_json::to_vec(&head).unwrap_or_default();
        put_varint(out, text.len() as u64);
        out.extend(text);
        out.extend(bodies);
    }
}

impl TranscriptStore {
    /// Goes on with a history that `History::save` wrote, whether or not any of it is on disk.
    /// Lines that went to the disk since are given up: they will be printed again.
    pub fn resume(&self, saved: &[u8], limit: u64) -> io::Result<PaneHistory> {
        let bad = |_| io::Error::from(io::ErrorKind::InvalidData);
        let mut input = Reader(saved);
        let len = input.varint().map_err(bad)? as usize;
        let head: Head = serde_json::from_slice(input.bytes(len).map_err(bad)?)?;
        let (Some(first), Some((open_head, pending))) = (head.blocks.first(), head.blocks.split_last())
        else {
            return Err(bad(Malformed));
        };
        let id = || self.shared.next_id();
        let pending = pending.iter().map(|block| block.decode(id(), &mut input));
        let pending = pending.collect::<Result<Vec<Block>, Malformed>>().map_err(bad)?;
        let open = open_head.decode(id(), &mut input).map_err(bad)?;
        let tail = match head.tail {
            true => {
                let body = line::body(&mut input).map_err(bad)?;
                let line = line::parse(body, open.base_time).map_err(bad)?;
                Some(Arc::new(line.reopen(head.width, true)))
            }
            false => None,
        };
        let dir = head.dir.unwrap_or_else(|| self.shared.dir());
        let scanned = recover::scan(&self.shared, &dir, &head.key);
        let (mut found, created) = match scanned {
            Ok(found) => (found, true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Found::default(), false),
            Err(error) => return Err(error),
        };
        found.info = head.info;
        found.blocks.retain(|block| {
            let wanted = block.end_line() > head.first_line;
            if !wanted {
                block.retire();
            }
            wanted
        });
        let mut history = self.go_on(&dir, &head.key, found, limit, head.width);
        history.pane.on_disk.store(!head.off_disk, Ordering::Relaxed);
        history.pane.created.store(created, Ordering::Relaxed);
        history.cut(first.first_line);
        let widths = Widths::of_steps(&head.widths).filter(|widths| widths.lay().width == head.width);
        history.newest.widths = widths.unwrap_or_else(|| Widths::new(open.end_line(), head.width));
        history.pane.list.lock().set_widths(history.newest.widths.clone());
        if !history.newest.open.is_empty() {
            history.seal();
        }
        for block in pending {
            history.push_sealed(Sealed::new(&block, &history.newest.widths));
        }
        history.newest.open = Arc::new(open);
        history.newest.tail = tail;
        history.pane.end_line.store(history.end_line(), Ordering::Relaxed);
        history.obey_limit();
        Ok(history)
    }
}
