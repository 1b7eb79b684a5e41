//! The part of a pane's history in its journal: the lines that are not on disk yet, and the state
//! for continuing with those that are.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::block::Block;
use super::info::PaneInfo;
use super::line;
use super::lost::Lost;
use super::newest::Newest;
use super::pane::Pane;
use super::sealed::{Place, Sealed};
use crate::base::codec::{Malformed, Reader, put_varint};
use crate::base::commands::CommandRecord;

/// Header before the blocks.
#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    pub key: String,
    pub info: PaneInfo,
    /// Location of its directory: `history-directory` may have changed since.
    #[serde(default)]
    pub dir: Option<PathBuf>,
    /// True if nothing may be written to the disk.
    #[serde(default)]
    pub off_disk: bool,
    pub width: u32,
    /// `Widths::steps`.
    #[serde(default)]
    pub widths: Vec<(u64, u32)>,
    /// Lines before this one are cleared.
    pub first_line: u64,
    pub blocks: Vec<BlockHead>,
    /// True if its directory exists.
    #[serde(default)]
    pub created: bool,
    /// Position of the writer, which unreadable segments would not reveal.
    #[serde(default)]
    pub next_segment: u64,
    #[serde(default)]
    pub next_sequence: u64,
    /// Commands that may not be on disk yet.
    #[serde(default)]
    pub commands: Vec<CommandRecord>,
    /// True if the line being joined follows, as a record with the open block's links.
    pub tail: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct BlockHead {
    pub first_line: u64,
    pub base_time: i64,
    lines: u32,
    #[serde(default)]
    largest: u32,
    bytes: usize,
    /// Set if the block replaces missing lines.
    #[serde(default)]
    pub lost: Option<Box<Lost>>,
}

impl BlockHead {
    fn of_sealed(block: &Sealed) -> Self {
        Self {
            first_line: block.first_line,
            base_time: block.base_time,
            lines: block.lines,
            largest: block.largest.into(),
            bytes: 0,
            lost: block.lost.clone(),
        }
    }

    fn of_block(block: &Block) -> Self {
        Self {
            first_line: block.first_line,
            base_time: block.base_time,
            lines: block.lines(),
            largest: block.largest,
            bytes: 0,
            lost: None,
        }
    }

    pub(super) fn decode(&self, id: u64, input: &mut Reader) -> Result<Block, Malformed> {
        let mut block = Block::decode(
            id,
            self.first_line,
            self.base_time,
            input.bytes(self.bytes)?.to_vec(),
            self.lines,
        )?;
        block.largest = self.largest;
        Ok(block)
    }
}

/// Appends a history: its head, its blocks that are not on disk yet, and the line being joined.
/// `scratch` is a buffer reused between calls.
pub(super) fn put(out: &mut Vec<u8>, scratch: &mut Vec<u8>, pane: &Pane, newest: &Newest) {
    let open = &newest.open;
    // Bytes of blocks are copied once, to where they stay: all of this is done for each 256 KiB
    // that a pane prints.
    let (mut blocks, mut waiting) = (Vec::new(), Vec::new());
    let first_line = {
        let list = pane.list.lock();
        for block in list.blocks() {
            if let Place::Pending(pending) = &*block.place.lock() {
                blocks.push(BlockHead { bytes: pending.raw.len(), ..BlockHead::of_sealed(block) });
                waiting.push(pending.clone());
            }
        }
        list.front().map_or(open.first_line, |block| block.first_line)
    };
    let links = open.encoded_links();
    blocks.push(BlockHead { bytes: links.len() + open.data().len(), ..BlockHead::of_block(open) });
    let (next_segment, next_sequence) = {
        let writing = pane.writing.lock();
        (writing.next_segment, writing.sequence)
    };
    let head = Head {
        key: pane.key.clone(),
        info: pane.info.lock().clone(),
        off_disk: !pane.is_on_disk(),
        dir: Some(pane.base_dir().to_path_buf()),
        width: newest.lay().width,
        widths: newest.widths.steps().to_vec(),
        first_line,
        blocks,
        created: pane.created.load(Ordering::Relaxed),
        next_segment,
        next_sequence,
        commands: pane.commands.lock().newest(),
        tail: newest.tail.is_some(),
    };
    let text = serde_json::to_vec(&head).unwrap_or_default();
    put_varint(out, text.len() as u64);
    out.extend(text);
    waiting.iter().for_each(|pending| out.extend_from_slice(&pending.raw));
    out.extend_from_slice(&links);
    out.extend_from_slice(open.data());
    if let Some(tail) = &newest.tail {
        let width = newest.lay().width;
        line::put_line(out, scratch, tail, width, open.base_time);
    }
}
