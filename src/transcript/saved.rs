//! The part of a pane's history in its journal: the lines that are not on disk yet, and the state
//! for continuing with those that are.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::alternate;
use super::block::Block;
use super::history::{Pane, PaneHistory};
use super::line;
use super::lost::Lost;
use super::recover::{self, Found, NO_FILE};
use super::sealed::{Place, Sealed};
use super::store::{PaneInfo, TranscriptStore};
use super::widths::Widths;
use crate::base::PaneId;
use crate::base::codec::{Malformed, Reader, put_varint};
use crate::base::commands::CommandRecord;

/// Header before the blocks.
#[derive(Serialize, Deserialize)]
struct Head {
    key: String,
    info: PaneInfo,
    /// Location of its directory: `history-directory` may have changed since.
    #[serde(default)]
    dir: Option<PathBuf>,
    /// True if nothing may be written to the disk.
    #[serde(default)]
    off_disk: bool,
    width: u32,
    /// `Widths::steps`.
    #[serde(default)]
    widths: Vec<(u64, u32)>,
    /// Lines before this one are cleared.
    first_line: u64,
    blocks: Vec<BlockHead>,
    /// True if its directory exists.
    #[serde(default)]
    created: bool,
    /// Position of the writer, which unreadable segments would not reveal.
    #[serde(default)]
    next_segment: u64,
    #[serde(default)]
    next_sequence: u64,
    /// Commands that may not be on disk yet.
    #[serde(default)]
    commands: Vec<CommandRecord>,
    /// True if the line being joined follows, as a record with the open block's links.
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
    /// Set if the block replaces missing lines.
    #[serde(default)]
    lost: Option<Box<Lost>>,
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

    fn decode(&self, id: u64, input: &mut Reader) -> Result<Block, Malformed> {
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

impl PaneHistory {
    pub(super) fn put_saved(&mut self, out: &mut Vec<u8>) {
        self.held.get_or_insert_default().clear();
        let open = &self.newest.open;
        // Bytes of blocks are copied once, to where they stay: all of this is done for each 256 KiB
        // that a pane prints.
        let (mut blocks, mut waiting) = (Vec::new(), Vec::new());
        let first_line = {
            let list = self.pane.list.lock();
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
            let writing = self.pane.writing.lock();
            (writing.next_segment, writing.sequence)
        };
        let head = Head {
            key: self.pane.key.clone(),
            info: self.pane.info.lock().clone(),
            off_disk: !self.pane.is_on_disk(),
            dir: Some(self.pane.base_dir().to_path_buf()),
            width: self.newest.lay().width,
            widths: self.newest.widths.steps().to_vec(),
            first_line,
            blocks,
            created: self.pane.created.load(Ordering::Relaxed),
            next_segment,
            next_sequence,
            commands: self.pane.commands.lock().newest(),
            tail: self.newest.tail.is_some(),
        };
        let text = serde_json::to_vec(&head).unwrap_or_default();
        put_varint(out, text.len() as u64);
        out.extend(text);
        waiting.iter().for_each(|pending| out.extend_from_slice(&pending.raw));
        out.extend_from_slice(&links);
        out.extend_from_slice(open.data());
        if let Some(tail) = &self.newest.tail {
            let width = self.newest.lay().width;
            line::put_line(out, &mut self.scratch, tail, width, open.base_time);
        }
    }
}

impl PaneHistory {
    /// Adds a mark for lines that were on the disk, are not in memory, and were not found: lines up
    /// to `end`, from `from` at the earliest.
    fn mark_up_to(&mut self, end: u64, from: u64, bad: Option<String>, time: i64) {
        let last =
            self.pane.list.lock().blocks().next_back().map(|last| (last.end_line(), last.lost.is_some()));
        let first_line = match last {
            Some((_, true)) => return,
            Some((last, false)) => last.max(from),
            // Perhaps all lines on the disk were dropped.
            None if bad.is_none() => return,
            None => from,
        };
        if first_line < end {
            let why = bad.unwrap_or_else(|| NO_FILE.to_owned());
            self.mark_missing(Lost { first_line, lines: Some(end - first_line), from: 0, to: time, why });
        }
    }
}

impl TranscriptStore {
    /// Continues a history that `History::save` wrote, even if none of it is on disk. Lines that
    /// were written to disk since are dropped: they will be printed again.
    pub fn resume(&self, saved: &[u8], limit: u64) -> io::Result<PaneHistory> {
        self.resume_for(saved, limit, None)
    }

    /// Like `resume`, for another pane than the saved one, after some time, if at most a given
    /// number of lines followed. Fails if more lines are on the disk, which is then the better
    /// source (`adopt`), or if the transcript is open.
    pub fn resume_for(
        &self,
        saved: &[u8],
        limit: u64,
        other: Option<(PaneId, u64)>,
    ) -> io::Result<PaneHistory> {
        let mut input = Reader(saved);
        let mut history = self.resume_part(&mut input, limit, other, None)?;
        let (share, main) = (alternate::share_of(limit), history.pane.clone());
        // A second stream that is on disk but not in the journal was created after the save.
        match input.0.is_empty() {
            true => history.adopt_second(true),
            false => match self.resume_part(&mut input, share, None, Some(main)) {
                Ok(second) => history.hold_second(second),
                Err(error) => {
                    self.shared.message(format!("history: {}: {error}", alternate::key_of(&history.pane.key)))
                }
            },
        }
        if other.is_some() {
            self.claim(&history);
        }
        Ok(history)
    }

    /// Resumes one of the saved streams.
    fn resume_part(
        &self,
        input: &mut Reader,
        limit: u64,
        other: Option<(PaneId, u64)>,
        main: Option<Arc<Pane>>,
    ) -> io::Result<PaneHistory> {
        let bad = |_| io::Error::from(io::ErrorKind::InvalidData);
        let len = input.varint().map_err(bad)? as usize;
        let head: Head = serde_json::from_slice(input.bytes(len).map_err(bad)?)?;
        let (Some(first), Some((open_head, pending))) = (head.blocks.first(), head.blocks.split_last())
        else {
            return Err(bad(Malformed));
        };
        let id = || self.shared.next_id();
        let pending = pending.iter().map(|head| Ok((head.decode(id(), input)?, head.lost.clone())));
        let pending = pending.collect::<Result<Vec<_>, Malformed>>().map_err(bad)?;
        let open = open_head.decode(id(), input).map_err(bad)?;
        let tail = match head.tail {
            true => {
                let body = line::body(input).map_err(bad)?;
                let line = line::parse(body, open.base_time).map_err(bad)?;
                Some(Arc::new(line.reopen(head.width, true)))
            }
            false => None,
        };
        let dir = head.dir.unwrap_or_else(|| self.shared.dir());
        let scanned = recover::scan(&self.shared, &dir, &head.key);
        if let Some((_, more)) = other {
            if self.is_open(&head.key) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let on_disk = scanned.as_ref().ok().and_then(|found| found.blocks.last()).map(Sealed::end_line);
            if on_disk.is_some_and(|end| end > open.end_line().saturating_add(more)) {
                return Err(io::ErrorKind::StaleNetworkFileHandle.into());
            }
        }
        // The journal's data does not depend on the disk.
        let (mut found, created) = match scanned {
            Ok(found) => (found, true),
            Err(error) => {
                let expected = head.created || error.kind() != io::ErrorKind::NotFound;
                let bad_end = expected.then(|| error.to_string());
                (Found { bad_end, ..Found::default() }, false)
            }
        };
        if found.empty && head.next_segment > 0 {
            found.bad_end.get_or_insert_with(|| NO_FILE.to_owned());
        }
        found.next_segment = found.next_segment.max(head.next_segment);
        found.next_sequence = found.next_sequence.max(head.next_sequence);
        found.mark_start(Some(head.first_line), id());
        let (floor, bad_end) = (found.floor, found.bad_end.clone());
        found.info = head.info;
        found.info.pane = other.map_or(found.info.pane, |(pane, _)| pane.0);
        found.blocks.retain(|block| {
            let wanted = block.end_line() > head.first_line;
            if !wanted {
                block.retire();
            }
            wanted
        });
        let mut history = self.shared.go_on(&dir, &head.key, found, limit, head.width, main);
        history.pane.on_disk.store(!head.off_disk, Ordering::Relaxed);
        history.pane.created.store(created, Ordering::Relaxed);
        history.cut(first.first_line);
        let widths = Widths::of_steps(&head.widths).filter(|widths| widths.lay().width == head.width);
        history.newest.widths = widths.unwrap_or_else(|| Widths::new(open.end_line(), head.width));
        history.pane.list.lock().set_widths(history.newest.widths.clone());
        if !history.newest.open.is_empty() {
            history.seal();
        }
        history.mark_up_to(first.first_line, head.first_line.max(floor), bad_end, first.base_time);
        for (block, lost) in pending {
            let mut sealed = Sealed::new(&block, &history.newest.widths);
            sealed.lost = lost;
            history.push_sealed(sealed);
        }
        history.newest.open = Arc::new(open);
        history.newest.tail = tail;
        history.pane.end_line.store(history.end_line(), Ordering::Relaxed);
        {
            let mut commands = history.pane.commands.lock();
            if let Some(first) = head.commands.first() {
                // Lines after the checkpoint are printed again, and with them their commands.
                commands.cut(first.start.line);
            }
            head.commands.iter().for_each(|record| drop(commands.add(record, false)));
        }
        history.obey_limit();
        Ok(history)
    }
}
