//! A pane's history: lines are added at the new end, rows are read anywhere.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::alternate::{key_of, share_of};
use super::block::{Block, Memo};
use super::commands::{self, Written};
use super::handle::PaneHandle;
use super::info::PaneInfo;
use super::layout::OpenLine;
use super::lost::Lost;
use super::newest::{Added, Newest};
use super::pane::{Ending, Pane};
use super::queue::Job;
use super::saved;
use super::sealed::Sealed;
use super::shared::Shared;
use super::small::number_text;
use super::view::TranscriptView;
use super::widths::Widths;
use crate::base::PaneId;
use crate::base::commands::CommandRecord;
use crate::base::history::{History, HistoryView, Row, RowFlags, RowRef};
use crate::base::links::Links;

/// Bytes of records in a full block, unless the limit is small.
const BLOCK_BYTES: usize = 128 << 10;
const MIN_BLOCK_BYTES: usize = 4 << 10;
const MAX_BLOCK_BYTES: usize = 256 << 10;
/// Bytes that may be pending while the disk fails, hangs or is off. Above it, the oldest pending
/// lines are dropped, and a line says how many are missing. With a disk that is only slow, the pane
/// is read more slowly (`PaneHandle::is_congested`); then nothing is dropped, and the pending bytes
/// are bounded by the size of one read.
const RING_BYTES: u64 = 1 << 20;

/// A pane's history over its transcript. Made by `TranscriptStore::open_pane`.
pub struct PaneHistory {
    pub(super) pane: Arc<Pane>,
    pub(super) store: Arc<Shared>,
    pub(super) newest: Newest,
    pub(super) scratch: Vec<u8>,
    /// Blocks taken back since the history was last saved (`None`: never saved): if the server
    /// dies, their lines are needed again.
    pub(super) held: Option<Vec<Arc<Sealed>>>,
    /// The second stream, once it has rows.
    pub(super) alternate: Option<Box<PaneHistory>>,
}

impl PaneHistory {
    pub(super) fn new(pane: Arc<Pane>, store: Arc<Shared>, width: u32, first_line: u64) -> Self {
        let open = Arc::new(Block::new(store.next_id(), first_line, 0));
        let newest = Newest::new(open, Widths::new(first_line, width));
        pane.list.lock().set_widths(newest.widths.clone());
        Self { pane, store, newest, scratch: Vec::new(), held: None, alternate: None }
    }

    pub fn pane_id(&self) -> PaneId {
        self.pane.id
    }

    /// A cheap handle for queries and settings that do not need the history itself.
    pub fn handle(&self) -> PaneHandle {
        PaneHandle { pane: self.pane.clone(), store: self.store.clone() }
    }

    /// Number of the next finished line; lines are numbered from the pane's start.
    pub fn end_line(&self) -> u64 {
        self.newest.open.end_line()
    }

    /// Pins the current contents like `History::view`, but with its own type (search needs it).
    pub fn pin(&self) -> TranscriptView {
        let list = self.pane.list.lock().clone();
        TranscriptView { list, newest: self.newest.clone(), loader: self.store.loader.clone() }
    }

    /// Bytes of a full block. Blocks are small under small limits, so that several fit, and large
    /// under large limits, since each takes memory.
    pub(super) fn block_bytes(&self) -> usize {
        let cap = usize::try_from(self.pane.limit()).unwrap_or(usize::MAX);
        (cap / 8).clamp(MIN_BLOCK_BYTES, BLOCK_BYTES).max((cap / 4096).min(MAX_BLOCK_BYTES))
    }

    fn finish_tail(&mut self) {
        if self.newest.finish_tail(&mut self.scratch) {
            self.line_added();
        }
    }

    /// Seals the open block if it is full.
    fn line_added(&mut self) {
        let full = self.newest.open.bytes() >= self.block_bytes();
        self.pane.end_line.store(self.end_line(), Ordering::Relaxed);
        if full {
            self.seal();
        }
    }

    /// If another thread set the limit to 0, also drops the lines in memory.
    pub(super) fn obey_limit(&mut self) {
        if !self.keeps() && (!self.newest.open.is_empty() || self.newest.tail.is_some()) {
            self.forget();
        }
    }

    pub(super) fn seal(&mut self) {
        let large = self.block_bytes() >= BLOCK_BYTES;
        let spare = if large { self.store.take_spare() } else { Vec::new() };
        let next = self.newest.open.next(self.store.next_id(), spare);
        let full = std::mem::replace(&mut self.newest.open, Arc::new(next));
        self.push_sealed(Sealed::of(full, &self.newest.widths));
        self.bound_pending();
    }

    /// Adds a block to the list and queues it for writing.
    pub(super) fn push_sealed(&self, sealed: Sealed) {
        let sealed = Arc::new(sealed);
        self.pane.pending.fetch_add(sealed.pending_bytes(), Ordering::Relaxed);
        self.pane.list.lock().push(sealed);
        self.store.queue.push(Job::Write(self.pane.clone()));
    }

    /// Drops the oldest pending blocks if too many are pending for a disk that accepts nothing.
    fn bound_pending(&mut self) {
        let trouble = self.pane.trouble.lock().clone();
        let off = !self.pane.is_on_disk();
        let hangs = || self.store.queue.hangs().then(|| "the disk does not answer".to_owned());
        let Some(why) = trouble.or_else(|| off.then(|| "history-disk is off".to_owned())).or_else(hangs)
        else {
            return;
        };
        while self.pane.pending.load(Ordering::Relaxed) > RING_BYTES && self.give_up(&why, off) {}
    }

    /// Drops the oldest pending block. A mark replaces it, unless it is the oldest of all in a
    /// history that keeps only the newest lines. False if there is none.
    fn give_up(&self, why: &str, unmarked_front: bool) -> bool {
        let mut list = self.pane.list.lock();
        let front = unmarked_front.then(|| list.drop_front_pending()).flatten();
        let gone = match front {
            Some(block) => [Some(block), None],
            None => {
                let mark = |lost| {
                    let mark = Sealed::of_lost(lost, self.store.next_id(), &self.newest.widths);
                    self.pane.pending.fetch_add(mark.pending_bytes(), Ordering::Relaxed);
                    mark
                };
                let Some(gone) = list.give_up(why, mark) else { return false };
                gone
            }
        };
        drop(list);
        gone.iter().flatten().for_each(|block| self.pane.retire(block));
        true
    }

    /// Adds a mark for missing lines; the mark is in memory only.
    pub(super) fn mark_missing(&mut self, lost: Lost) {
        let end = lost.first_line + 1;
        let mark = Sealed::of_missing(lost, self.store.next_id(), &self.newest.widths);
        self.pane.list.lock().push(Arc::new(mark));
        self.newest.open = Arc::new(Block::new(self.store.next_id(), end, 0));
    }

    /// Takes the newest sealed block back into memory to change it. False if there is none, or if
    /// it cannot be read: it then stays as it is.
    fn unseal(&mut self) -> bool {
        let newest = self.pane.list.lock().blocks().next_back().cloned();
        let Some(sealed) = newest else { return false };
        let block = self.store.loader.load(&sealed);
        if block.stands_in {
            return false;
        }
        self.give_back(&sealed);
        let mut block = Arc::unwrap_or_clone(block);
        block.id = self.store.next_id();
        self.newest.open = Arc::new(block);
        true
    }

    /// Removes the newest sealed block from the list.
    fn give_back(&mut self, sealed: &Arc<Sealed>) {
        self.pane.list.lock().pop_back();
        self.store.loader.cache.lock().remove(sealed.id);
        self.pane.retire(sealed);
        self.held.iter_mut().for_each(|held| held.push(sealed.clone()));
    }

    /// Drops lines from number `line` on. Lines in a block that begins before `line` and cannot be
    /// read stay, and numbering continues after them.
    pub(super) fn cut(&mut self, line: u64) {
        self.newest.tail = None;
        while self.newest.open.end_line() > line {
            if !self.newest.open.is_empty() {
                self.pop_line();
                continue;
            }
            let newest = self.pane.list.lock().blocks().next_back().cloned();
            let next = match newest {
                Some(sealed) if sealed.first_line >= line => {
                    self.give_back(&sealed);
                    sealed.first_line
                }
                Some(sealed) if sealed.end_line() > line => match self.unseal() {
                    true => continue,
                    false => sealed.end_line(),
                },
                _ => line,
            };
            let stuck = next > line && next >= self.newest.open.end_line();
            self.newest.open = Arc::new(Block::new(self.store.next_id(), next, 0));
            if stuck {
                return;
            }
        }
    }

    /// Takes the newest line back from the open block.
    fn pop_line(&mut self) -> Option<OpenLine> {
        let line = Arc::make_mut(&mut self.newest.open).pop(&self.newest.widths);
        let end = self.end_line();
        self.newest.memo = Memo::default();
        self.newest.widths.taken_back(end);
        self.pane.list.lock().taken_back(end);
        line
    }

    fn forget(&mut self) {
        let end = self.end_line();
        // Record on disk which lines are cleared before their space is freed: if freeing fails or
        // the server ends in between, none of them comes back.
        if self.pane.ending.lock().is_none() {
            *self.pane.floor_due.lock() = Some(end);
            self.store.queue.push(Job::Floor(self.pane.clone()));
        }
        if self.pane.commands.lock().clear() {
            let file = self.pane.dir.join(commands::FILE);
            self.store.queue.push(Job::Small { pane: self.pane.clone(), file, bytes: Vec::new() });
        }
        let gone = self.pane.list.lock().clear();
        gone.iter().for_each(|block| self.pane.retire(block));
        self.newest.tail = None;
        self.newest.open = Arc::new(Block::new(self.store.next_id(), end, 0));
    }
}

impl Drop for PaneHistory {
    fn drop(&mut self) {
        let ending = *self.pane.ending.lock();
        if let Some(alternate) = self.alternate.take() {
            *alternate.pane.ending.lock() = ending;
        }
        self.pane.over.store(true, Ordering::Relaxed);
        match ending {
            Some(Ending::Remove) => {
                self.forget();
                self.store.forget_pane(&self.pane.key);
                self.store.queue.push(Job::Remove(self.pane.clone()));
            }
            Some(Ending::Keep(until)) => {
                self.flush_all();
                if self.pane.main.is_none() {
                    let (file, bytes) = (self.pane.dir.join("until"), number_text(until));
                    self.store.queue.push(Job::Small { pane: self.pane.clone(), file, bytes });
                }
                self.store.queue.push(Job::Finish(self.pane.clone()));
            }
            None => {
                self.flush();
            }
        }
    }
}

impl HistoryView for PaneHistory {
    fn rows(&mut self) -> u64 {
        self.obey_limit();
        self.pane.list.lock().rows(&self.store.loader) + self.newest.rows()
    }

    fn rows_up_to(&mut self, limit: u64) -> u64 {
        self.obey_limit();
        let newest = self.newest.rows();
        let sealed = self.pane.list.lock().rows_up_to(limit.saturating_sub(newest), &self.store.loader);
        (sealed + newest).min(limit)
    }

    fn row(&mut self, index: u64, links: &mut Links) -> Option<Row> {
        let mut list = self.pane.list.lock();
        let sealed = list.rows(&self.store.loader);
        if index < sealed {
            return self.newest.sealed_row(&mut list, index, &self.store.loader, links);
        }
        drop(list);
        self.newest.row(index - sealed, links)
    }

    fn scan(
        &mut self,
        rows: std::ops::Range<u64>,
        links: &mut Links,
        each: &mut dyn FnMut(RowRef<'_>, &Links) -> bool,
    ) -> u64 {
        self.newest.scan(&mut self.pane.list.lock(), &self.store.loader, rows, links, each)
    }

    fn set_width(&mut self, cols: u32) {
        if self.newest.set_width(cols) {
            self.pane.list.lock().set_widths(self.newest.widths.clone());
        }
        self.alternate.iter_mut().for_each(|alternate| alternate.set_width(cols));
    }
}

impl History for PaneHistory {
    fn push(&mut self, row: &Row, links: &Links) {
        if !self.keeps() {
            return self.obey_limit();
        }
        if self.newest.add_plain(row, &mut self.scratch) {
            self.line_added();
        } else if self.newest.join(row, links) {
            self.finish_tail();
        }
    }

    fn push_plain(&mut self, text: &[u8], size: u32, wrapped: bool, time: i64) -> bool {
        if !self.keeps() {
            return false;
        }
        match self.newest.add_plain_text(text, size, wrapped, time) {
            Added::Not => return false,
            Added::Line => self.line_added(),
            Added::Row => {}
            Added::LastRow => self.finish_tail(),
        }
        true
    }

    fn push_plain_line(&mut self, text: &[u8], cols: u32, time: i64) -> bool {
        let added = self.keeps() && self.newest.add_plain_line(text, cols, time);
        if added {
            self.line_added();
        }
        added
    }

    fn pop(&mut self, links: &mut Links) -> Option<Row> {
        if self.newest.tail.is_none() {
            if self.newest.open.is_empty() && !self.unseal() {
                return None;
            }
            let line = self.pop_line()?;
            self.newest.tail = Some(Arc::new(line));
        }
        let tail = Arc::unwrap_or_clone(self.newest.tail.take()?);
        let (mut row, rest) = tail.pop();
        self.newest.tail = rest.map(Arc::new);
        self.newest.links.translate(&mut row.runs, &self.newest.open, links);
        Some(row)
    }

    fn continues(&mut self) -> bool {
        if let Some(tail) = &self.newest.tail {
            return tail.continues;
        }
        if !self.newest.open.is_empty() {
            return self.newest.open.continues();
        }
        let newest = self.pane.list.lock().blocks().next_back().cloned();
        newest.is_some_and(|sealed| self.store.loader.load(&sealed).continues())
    }

    fn next_line(&self) -> u64 {
        self.end_line()
    }

    fn oldest_line(&self) -> u64 {
        let sealed = self.pane.list.lock().front().map(|block| block.first_line);
        sealed.unwrap_or(self.newest.open.first_line)
    }

    fn clear(&mut self) {
        self.forget();
        self.alternate.iter_mut().for_each(|alternate| alternate.forget());
    }

    fn keeps(&self) -> bool {
        self.pane.limit() > 0
    }

    fn is_congested(&self) -> bool {
        self.handle().is_congested()
    }

    fn set_limit(&mut self, bytes: u64) {
        self.handle().set_limit(bytes);
        self.obey_limit();
        self.alternate.iter_mut().for_each(|alternate| alternate.obey_limit());
    }

    fn key(&self) -> Option<String> {
        Some(self.pane.key.clone())
    }

    fn error(&self) -> Option<String> {
        self.handle().error()
    }

    fn annotate(&mut self, time: i64, text: &str) {
        self.handle().annotate(time, text);
    }

    fn rest(&mut self) {
        if let Some(open) = Arc::get_mut(&mut self.newest.open) {
            open.shrink();
        }
        self.store.drop_spares();
        self.alternate.iter_mut().for_each(|alternate| alternate.rest());
    }

    fn flush_all(&mut self) {
        self.finish_tail();
        self.flush();
        self.alternate.iter_mut().for_each(|alternate| alternate.flush_all());
    }

    fn flush(&mut self) -> u64 {
        if !self.newest.open.is_empty() {
            self.seal();
        }
        self.alternate.iter_mut().for_each(|alternate| {
            alternate.flush();
        });
        self.end_line()
    }

    fn save(&mut self, out: &mut Vec<u8>) {
        self.save_own(out);
        self.alternate.iter_mut().for_each(|alternate| alternate.save_own(out));
    }

    fn note_command(&mut self, record: &CommandRecord) {
        let written = self.pane.commands.lock().add(record, self.store.encrypts());
        let Some(written) = written.filter(|_| self.pane.is_on_disk() && self.keeps()) else { return };
        let (pane, file) = (self.pane.clone(), self.pane.dir.join(commands::FILE));
        self.store.queue.push(match written {
            Written::Append(bytes) => Job::Note { pane, file, bytes },
            Written::Whole(bytes) => Job::Small { pane, file, bytes },
        });
    }

    fn commands(&self) -> Vec<CommandRecord> {
        self.pane.commands.lock().all().cloned().collect()
    }

    fn alternate(&mut self) -> Option<&mut dyn History> {
        Some(self.second())
    }

    fn alternate_view(&mut self) -> Option<Box<dyn HistoryView>> {
        Some(Box::new(self.pin_alternate()?))
    }

    fn view(&mut self) -> Box<dyn HistoryView> {
        Box::new(self.pin())
    }

    fn bytes(&self) -> (u64, u64) {
        let tail = self.newest.tail.as_ref().map_or(0, |tail| tail.row.text.len());
        let list = self.pane.list.lock().memory();
        let memory = self.newest.open.memory() + tail + list;
        let own = (
            memory as u64 + self.pane.pending.load(Ordering::Relaxed),
            self.pane.disk.load(Ordering::Relaxed),
        );
        let beside = self.alternate.as_ref().map_or((0, 0), |alternate| alternate.bytes());
        (own.0 + beside.0, own.1 + beside.1)
    }
}

impl PaneHistory {
    /// Rows of the unfinished line, for a snapshot: push them again after `adopt`.
    pub fn unfinished(&mut self, links: &mut Links) -> Vec<Row> {
        let Some(tail) = self.newest.tail.clone() else { return Vec::new() };
        let rows = (0..tail.breaks.len()).filter_map(|n| tail.row(n));
        rows.map(|mut row| {
            self.newest.links.translate(&mut row.runs, &self.newest.open, links);
            row.flags |= RowFlags::WRAPPED;
            row
        })
        .collect()
    }

    /// Saves this stream alone; see `History::save`.
    fn save_own(&mut self, out: &mut Vec<u8>) {
        self.held.get_or_insert_default().clear();
        saved::put(out, &mut self.scratch, &self.pane, &self.newest);
    }

    /// The second stream, created if there is none yet.
    pub(super) fn second(&mut self) -> &mut PaneHistory {
        if self.alternate.is_none() {
            let main = &self.pane;
            let info = PaneInfo { ..main.info.lock().clone() };
            let (key, limit) = (key_of(&main.key), share_of(main.limit()));
            let width = self.newest.lay().width;
            let pane = Pane::new(main.base_dir(), key.clone(), info, limit, width, Some(main.clone()));
            pane.on_disk.store(main.is_on_disk(), Ordering::Relaxed);
            let pane = Arc::new(pane);
            self.store.panes.lock().insert(key, pane.clone());
            let history = PaneHistory::new(pane, self.store.clone(), width, 0);
            self.hold_second(history);
        }
        self.alternate.as_mut().expect("it was begun above")
    }

    /// Stores a recovered second stream.
    pub(super) fn hold_second(&mut self, history: PaneHistory) {
        *self.pane.alternate.lock() = Arc::downgrade(&history.pane);
        self.alternate = Some(Box::new(history));
    }

    /// View of the output of full-screen programs; `None` if none was kept.
    pub fn pin_alternate(&self) -> Option<TranscriptView> {
        self.alternate.as_ref().map(|history| history.pin())
    }
}
