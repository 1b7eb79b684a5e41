//! Continues a history that was saved in a journal.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::alternate;
use super::history::PaneHistory;
use super::line;
use super::lost::Lost;
use super::pane::Pane;
use super::recover::{self, Found, NO_FILE};
use super::saved::Head;
use super::sealed::Sealed;
use super::store::TranscriptStore;
use super::widths::Widths;
use crate::base::PaneId;
use crate::base::codec::{Malformed, Reader};

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
        let mut history =
            PaneHistory::of_found(&self.shared, &dir, &head.key, found, limit, head.width, main);
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
