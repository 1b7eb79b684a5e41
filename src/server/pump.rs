//! The pump: the only reader of pane terminals. Panes typed into within the last second are in
//! the *fast* lane and are drained first; all others share the *bulk* lane, one slice for one
//! pane at a time. (Measured with 32 flooding panes on two cores: two lanes keep key echo under
//! 1 ms at the median; a task per pane gives 7–9 ms, one queue 16–30 ms.)

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::base::{BoxedMap, PaneId, Size, guard};
use crate::model::host::{Hold, Maker, Pipe};
use crate::terminal::{AllowPassthrough, Terminal};
use crate::transcript::{Journal, Recovered};

use super::awaited::Awaited;
use super::flood::{Flood, Pace, Piece};
use super::input_queue::InputQueue;
use super::jobs::set_nonblocking;
use super::rest::Changes;
use super::token::{Poller, Token};
use super::watch;
use crate::reactor::Interest;

/// Most bytes that one read takes from a terminal.
const READ: usize = 4095;
/// How much of one pane is read and parsed before others get their turn.
#[derive(Clone, Copy)]
struct Allowance {
    bytes: usize,
    time: Duration,
    /// True to read until nothing is left, and not only until a read is short.
    to_end: bool,
}

/// How long panes that do not flood are read in one turn before the others.
const QUIET_TIME: Duration = Duration::from_millis(1);
/// For a pane with much output. No other event is handled meanwhile.
const SLICE: Allowance = Allowance { bytes: 12 * READ, time: Duration::from_micros(250), to_end: false };
/// Like `SLICE`, while a key waits for its answer, which must not be delayed.
const SMALL_SLICE: Allowance = Allowance { bytes: READ, ..SLICE };
/// For a pane with a typing user.
const FAST_SLICE: Allowance = Allowance { bytes: 16 * READ, time: Duration::from_millis(2), to_end: false };
/// Bytes parsed at once: about as many as take `PIECE_TIME`. Of several screens of output only the last
/// one is written to cells, so large pieces are quicker, but no other event is handled meanwhile.
const PIECE: std::ops::RangeInclusive<usize> = READ..=SLICE.bytes;
const PIECE_TIME: Duration = Duration::from_micros(250);
/// How many times larger pieces are while nobody types: the first key after that waits a millisecond at most.
const CALM: usize = 4;
/// A read that brings fewer bytes than this has emptied the terminal, as a rule.
const FEW: usize = 1024;
/// Size of the buffer for making checkpoints above which it is freed, in bytes.
const SCRATCH_KEPT: usize = 1 << 20;
/// Time for which a pane stays in the fast lane after a key, in milliseconds.
const FAST_MS: u64 = 1000;

/// The server's end of one pane's terminal.
pub(super) struct PaneIo {
    file: std::fs::File,
    terminal: Arc<Mutex<Terminal>>,
    input: InputQueue,
    /// Time of the last key sent (monotonic ms).
    typed_ms: Option<u64>,
    flood: Flood,
    /// Urgency of drawing its last output.
    pace: Pace,
    interest: Interest,
    pub pipe: Option<Pipe>,
    /// A pending size, the time of the last resize, and true if a timer is armed.
    pub resize: Option<(Size, (u32, u32))>,
    pub resized_ms: u64,
    pub resize_timer: bool,
    /// Reasons not to read it for now.
    held: Vec<Hold>,
    hangup: bool,
    /// True if a command waits for its output: feeding then stops where the command must check.
    pub watched: bool,
    /// How much of it is parsed at once.
    piece: usize,
    /// True if its last slice ended before its terminal was empty.
    behind: bool,
    /// What was read behind the place at which feeding stopped, at most a slice.
    rest: Vec<u8>,
}

/// Journals of panes, and a buffer for checkpoints.
#[derive(Default)]
struct Journals {
    all: BTreeMap<PaneId, Journal>,
    scratch: Vec<u8>,
}

/// Output that one slice read.
#[derive(Default)]
pub(super) struct Slice {
    pub pane: PaneId,
    /// The bytes, for pipes and control clients; empty if none need them.
    pub bytes: Vec<u8>,
    /// Count of bytes read.
    pub len: usize,
    /// True if the last process closed the terminal.
    pub closed: bool,
    /// Urgency of drawing it.
    pub pace: Pace,
    /// True if it ends at bytes for the clients' terminals.
    pub raw: bool,
    /// True if `Pump::feed_rest` has more of it.
    pub stopped: bool,
}

/// Result of a read of a terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Empty,
    /// A terminal whose last process has ended reads EIO.
    Closed,
}

/// Reads once; returns the count of bytes.
fn read(file: &mut std::fs::File, buffer: &mut [u8]) -> (usize, End) {
    loop {
        return match file.read(buffer) {
            Ok(0) => (0, End::Closed),
            Ok(len) => (len, End::Open),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => (0, End::Empty),
            Err(_) => (0, End::Closed),
        };
    }
}

/// Reads until the buffer is full, or a read brings few bytes and there is no need to read `to_end`;
/// how many bytes came, and whether there may be more.
fn fill(file: &mut std::fs::File, buffer: &mut [u8], to_end: bool) -> (usize, End) {
    let mut filled = 0;
    loop {
        let (len, end) = read(file, &mut buffer[filled..]);
        filled += len;
        if end != End::Open || filled == buffer.len() {
            return (filled, end);
        }
        // A few bytes are all there was, as a rule; if not, epoll says so.
        if len < FEW && !to_end {
            return (filled, End::Empty);
        }
    }
}

/// Feeds bytes as `feed_to_raw` does. A terminal that panics at them starts again, and what is
/// left of them is skipped: the program lives, and its next output shows.
fn feed(pane: PaneId, terminal: &mut Terminal, bytes: &[u8], watched: bool) -> usize {
    let what = || format!("the terminal of pane {pane}");
    let bytes = if watched { &bytes[..watch::stop(bytes, terminal)] } else { bytes };
    let fed = guard::run(what, || {
        guard::trip("output", bytes);
        feed_to_raw(terminal, bytes)
    });
    fed.unwrap_or_else(|| {
        guard::run(what, || terminal.restart());
        bytes.len()
    })
}

/// Feeds bytes up to the first that are meant for the clients' terminals, or that name a file which
/// must be read first; returns the count.
fn feed_to_raw(terminal: &mut Terminal, bytes: &[u8]) -> usize {
    let mut done = 0;
    if terminal.config().allow_passthrough != AllowPassthrough::Off || terminal.takes_pictures() {
        // Such bytes end with ST, which is all that must be known of them here.
        while let Some(end) = bytes[done..].windows(2).position(|pair| pair == b"\x1b\\") {
            terminal.feed(&bytes[done..done + end + 2]);
            done += end + 2;
            if terminal.has_passthrough() || terminal.awaits_picture() {
                return done;
            }
        }
    }
    terminal.feed(&bytes[done..]);
    bytes.len()
}

#[derive(Default)]
pub(super) struct Pump {
    panes: BoxedMap<PaneId, PaneIo>,
    ready: VecDeque<PaneId>,
    /// Time for new lines, in seconds since the Unix epoch, and monotonic time in milliseconds; set
    /// once a turn.
    pub now_secs: i64,
    pub now_ms: u64,
    buffer: Vec<u8>,
    journals: Journals,
    /// Panes with input queued in this turn.
    written: Vec<PaneId>,
    /// True if a client sends a command in this turn: panes are then read to the end first.
    pub asked: bool,
    /// The pane that got the last key.
    typed: Option<PaneId>,
    awaited: Awaited,
    /// A user waits for the result of this turn; and the bulk lane was skipped in the last turn.
    hurried: bool,
    bulk_waited: bool,
    /// A command that waited for a pane gets its answer in this turn.
    told: bool,
    /// When a user waited last, or a pane printed that a command waits for (monotonic ms).
    hurried_ms: Option<u64>,
    /// Panes with output since they were last at rest, and its time (monotonic ms).
    pub(super) printed: BTreeMap<PaneId, u64>,
    /// See `take_resumed`.
    resumed: Vec<PaneId>,
    /// Panes that were opened or closed since memory was last freed.
    pub(super) changes: Option<Changes>,
}

impl Pump {
    pub(super) fn add(
        &mut self,
        poller: &Poller,
        pane: PaneId,
        fd: OwnedFd,
        terminal: Arc<Mutex<Terminal>>,
    ) -> io::Result<()> {
        set_nonblocking(&fd)?;
        poller.add(fd.as_fd(), Token::Pane(pane), Interest::READ)?;
        let io = PaneIo {
            file: fd.into(),
            terminal,
            input: InputQueue::default(),
            typed_ms: None,
            flood: Flood::default(),
            pace: Pace::default(),
            interest: Interest::READ,
            pipe: None,
            resize: None,
            resized_ms: 0,
            resize_timer: false,
            held: Vec::new(),
            hangup: false,
            watched: false,
            piece: *PIECE.start(),
            behind: false,
            rest: Vec::new(),
        };
        self.panes.insert(pane, io);
        Changes::note(&mut self.changes, self.now_ms);
        Ok(())
    }

    /// Creates a journal for a pane; returns its file, for the keeper.
    pub(super) fn begin_journal(&mut self, pane: PaneId) -> io::Result<OwnedFd> {
        let (mut journal, file) = Journal::create()?;
        if let Some(io) = self.panes.get(&pane) {
            checkpoint(&mut journal, &mut io.terminal.lock(), &mut self.journals.scratch);
        }
        self.journals.all.insert(pane, journal);
        Ok(file)
    }

    /// Reports whether a pane's screen is in its journal.
    pub(super) fn has_journal(&self, pane: PaneId) -> bool {
        self.journals.all.get(&pane).is_some_and(Journal::is_usable)
    }

    /// Makes checkpoints of panes with changes that the next server could not find out by itself.
    pub(super) fn save_disturbed(&mut self) {
        for (pane, journal) in &mut self.journals.all {
            if let Some(io) = self.panes.get(pane)
                && let mut terminal = io.terminal.lock()
                && terminal.is_unsaved()
                // Bytes read behind the name of a file are in the log, and not yet in the terminal.
                && !terminal.awaits_picture()
            {
                checkpoint(journal, &mut terminal, &mut self.journals.scratch);
            }
        }
    }

    /// Changes with every addition to a pane's journal.
    pub(super) fn journal_stamp(&self, pane: PaneId) -> Option<(u64, usize)> {
        self.journals.all.get(&pane).filter(|journal| journal.is_usable()).map(Journal::stamp)
    }

    /// Current contents of a pane's journal.
    pub(super) fn copy_journal(&mut self, pane: PaneId) -> Option<Recovered> {
        self.journals.all.get_mut(&pane)?.copy()
    }

    /// Output of a pane since an earlier `journal_stamp`; `None` if there was a checkpoint since.
    pub(super) fn copy_journal_since(
        &mut self,
        pane: PaneId,
        stamp: (u64, usize),
    ) -> Option<Vec<(i64, Vec<u8>)>> {
        self.journals.all.get_mut(&pane)?.copy_since(stamp)
    }

    /// Makes a checkpoint of one pane now.
    pub(super) fn save(&mut self, pane: PaneId) {
        if let (Some(journal), Some(io)) = (self.journals.all.get_mut(&pane), self.panes.get(&pane)) {
            checkpoint(journal, &mut io.terminal.lock(), &mut self.journals.scratch);
        }
    }

    /// Frees memory that a pane used for much output.
    pub(super) fn rest(&mut self, pane: PaneId) {
        let Some(io) = self.panes.get(&pane) else { return };
        let mut terminal = io.terminal.lock();
        terminal.history().rest();
        if let Some(journal) = self.journals.all.get_mut(&pane)
            && journal.is_large()
        {
            checkpoint(journal, &mut terminal, &mut self.journals.scratch);
            journal.shrink();
        }
    }

    pub(super) fn get(&self, pane: PaneId) -> Option<&PaneIo> {
        self.panes.get(&pane)
    }

    pub(super) fn get_mut(&mut self, pane: PaneId) -> Option<&mut PaneIo> {
        self.panes.get_mut(&pane)
    }

    pub(super) fn panes_mut(&mut self) -> impl Iterator<Item = (PaneId, &mut PaneIo)> {
        self.panes.iter_mut().map(|(id, io)| (*id, io))
    }

    /// Reads one slice of one pane now, until nothing is left.
    pub(super) fn drain_one(&mut self, poller: &Poller, pane: PaneId) -> Option<Slice> {
        self.ready.retain(|p| *p != pane);
        self.slice(poller, pane, Allowance { to_end: true, ..FAST_SLICE }, &|_| true)
    }

    /// Closes a pane's terminal.
    pub(super) fn remove(&mut self, poller: &Poller, pane: PaneId) -> Option<OwnedFd> {
        self.journals.all.remove(&pane);
        self.printed.remove(&pane);
        Changes::note(&mut self.changes, self.now_ms);
        let io = self.panes.remove(&pane)?;
        poller.remove(io.file.as_fd());
        self.ready.retain(|p| *p != pane);
        Some(io.file.into())
    }

    /// Handles a descriptor that became ready.
    pub(super) fn note_ready(&mut self, pane: PaneId) {
        if self.panes.get(&pane).is_some_and(|io| io.held.is_empty()) && !self.ready.contains(&pane) {
            self.ready.push_back(pane);
        }
    }

    /// Called when a client sends a command: the output so far of the pane that got the last key is
    /// read first, so that a script that sends keys and then reads the screen sees their effect.
    pub(super) fn note_asked(&mut self) {
        self.asked = true;
        self.hurry();
        if let Some(pane) = self.typed.filter(|pane| self.typed_within(*pane, self.now_ms, FAST_MS)) {
            self.note_ready(pane);
        }
    }

    /// Reports whether panes have output to read.
    pub(super) fn is_busy(&self) -> bool {
        !self.ready.is_empty() || !self.resumed.is_empty()
    }

    /// Takes the panes that may be fed again and have bytes left from an earlier read.
    pub(super) fn take_resumed(&mut self) -> Vec<PaneId> {
        std::mem::take(&mut self.resumed)
    }

    /// Adds or removes a reason for not reading a pane.
    pub(super) fn set_held(&mut self, poller: &Poller, pane: PaneId, why: Hold, held: bool) {
        let Some(io) = self.panes.get_mut(&pane) else { return };
        io.held.retain(|reason| *reason != why);
        if why == Hold::Picture && !held && !io.rest.is_empty() {
            self.resumed.push(pane);
        }
        if held {
            io.held.push(why);
            self.ready.retain(|p| *p != pane);
        }
        io.update_interest(poller, pane);
    }

    /// Urgency of drawing the last output of a pane.
    pub(super) fn pace(&self, pane: PaneId) -> Pace {
        self.panes.get(&pane).map(|io| io.pace).unwrap_or_default()
    }

    /// Reports whether a user types into a pane, or a command waits for what it prints and all that
    /// it printed so far has been read.
    fn is_urgent(&self, pane: PaneId) -> bool {
        let awaited = self.panes.get(&pane).is_some_and(|io| io.watched && !io.behind);
        awaited || self.typed_within(pane, self.now_ms, FAST_MS)
    }

    /// Sets whether commands wait for a pane's output. One of them has just begun to wait or gets its
    /// answer in this turn, which must not wait for panes that flood.
    pub(super) fn set_watched(&mut self, pane: PaneId, watched: bool) {
        if let Some(io) = self.panes.get_mut(&pane) {
            io.watched = watched;
        }
        self.told = true;
        self.hurry();
    }

    /// Reads all ready panes with a typing user, then those that commands wait for, then others that
    /// do not flood: whoever looks at such a pane in this turn sees all that it printed before.
    /// `wanted` reports whether a pane's bytes are needed beside its terminal.
    pub(super) fn turn_fast(&mut self, poller: &Poller, wanted: &dyn Fn(PaneId) -> bool) -> Vec<Slice> {
        let mut out = Vec::new();
        let began = Instant::now();
        self.make_way(poller);
        let mut ready = std::mem::take(&mut self.ready);
        // The sort is stable: whoever waited longer comes first.
        ready.make_contiguous().sort_by_key(|pane| !self.is_urgent(*pane));
        for pane in ready {
            let io = self.panes.get(&pane);
            let (behind, watched) = io.map_or((false, false), |io| (io.behind, io.watched));
            if self.typed_within(pane, self.now_ms, FAST_MS) {
                out.extend(self.slice(poller, pane, FAST_SLICE, wanted));
            } else if !behind && began.elapsed() < QUIET_TIME {
                if watched {
                    // More of it may come soon, and with it the answer to whoever waits.
                    self.hurried_ms = Some(self.now_ms);
                }
                out.extend(self.slice(poller, pane, SLICE, wanted));
            } else {
                self.ready.push_back(pane);
            }
        }
        if out.iter().any(|slice| slice.pace == Pace::Answer) {
            self.awaited.answered();
            self.hurried = true;
        }
        out
    }

    /// Reads one slice of one pane without a typing user. If a user waits for the result of this
    /// turn, the slice is read in the next turn; if it waited already, it is small where a command
    /// gets its answer.
    pub(super) fn turn_bulk(&mut self, poller: &Poller, wanted: &dyn Fn(PaneId) -> bool) -> Option<Slice> {
        let hurried = std::mem::take(&mut self.hurried);
        let told = std::mem::take(&mut self.told);
        self.make_way(poller);
        let at = self.ready.iter().position(|pane| !self.typed_within(*pane, self.now_ms, FAST_MS))?;
        if hurried && !std::mem::replace(&mut self.bulk_waited, true) {
            return None;
        }
        self.bulk_waited = false;
        let pane = self.ready.remove(at)?;
        let waits = told || self.awaited.is_due(self.now_ms);
        self.slice(poller, pane, if waits { SMALL_SLICE } else { SLICE }, wanted)
    }

    /// Stops reading panes that flood for the moment in which a key waits for its answer, and reads
    /// those again that were stopped for long enough.
    fn make_way(&mut self, poller: &Poller) {
        for pane in self.awaited.take_ended(self.now_ms) {
            self.set_held(poller, pane, Hold::Answer, false);
            self.note_ready(pane);
        }
        for at in (0..self.ready.len()).rev() {
            let pane = self.ready[at];
            let floods = self.panes.get(&pane).is_some_and(|io| io.floods(self.now_ms));
            let makes_way = floods && !self.typed_within(pane, self.now_ms, FAST_MS);
            if makes_way && self.awaited.pause(pane, self.now_ms) {
                self.set_held(poller, pane, Hold::Answer, true);
            }
        }
    }

    /// When panes that make way for an answer are read again at the latest (monotonic ms).
    pub(super) fn pause_due_ms(&self) -> Option<u64> {
        self.awaited.due_ms()
    }

    /// Called when a user types or sends a command.
    pub(super) fn hurry(&mut self) {
        self.hurried = true;
        self.hurried_ms = Some(self.now_ms);
    }

    /// Reports whether nobody typed or sent a command of late, so that no key is likely to wait.
    fn is_calm(&self) -> bool {
        self.hurried_ms.is_none_or(|hurried| self.now_ms >= hurried + FAST_MS)
    }

    fn slice(
        &mut self,
        poller: &Poller,
        pane: PaneId,
        allowance: Allowance,
        wanted: &dyn Fn(PaneId) -> bool,
    ) -> Option<Slice> {
        let times = if self.is_calm() { CALM } else { 1 };
        let io = self.panes.get_mut(&pane)?;
        let mut terminal = io.terminal.lock();
        terminal.set_now(self.now_secs);
        terminal.set_clock(self.now_ms);
        let keep = wanted(pane);
        let began = Instant::now();
        let mut slice = Slice { pane, ..Slice::default() };
        let mut more = true;
        while more && slice.len < allowance.bytes && (slice.len == 0 || began.elapsed() < allowance.time) {
            let most = (io.piece * times).min(*PIECE.end()).min(allowance.bytes - slice.len);
            let mut journal = self.journals.all.get_mut(&pane);
            if let Some(journal) = &mut journal
                && (terminal.is_disturbed() || !journal.has_room(most))
            {
                checkpoint(journal, &mut terminal, &mut self.journals.scratch);
            }
            let mut journal = journal.filter(|journal| journal.has_room(most));
            let buffer = match &mut journal {
                Some(journal) => journal.begin(most, self.now_secs),
                None => {
                    self.buffer.resize(*PIECE.end(), 0);
                    &mut self.buffer[..most]
                }
            };
            let (len, end) = fill(&mut io.file, buffer, allowance.to_end || self.asked);
            // Noted before it is looked at, so that nothing is lost whatever comes of that.
            let bytes = match journal {
                Some(journal) => journal.commit(len),
                None => &self.buffer[..len],
            };
            slice.closed = end == End::Closed;
            more = end == End::Open;
            if len == 0 {
                continue;
            }
            slice.len += len;
            let parsing = Instant::now();
            let fed = feed(pane, &mut terminal, bytes, io.watched);
            io.piece = next_piece(io.piece, len / times, parsing.elapsed() / times as u32);
            let (bytes, rest) = bytes.split_at(fed);
            if keep {
                slice.bytes.extend_from_slice(bytes);
            }
            slice.raw = terminal.has_passthrough();
            slice.stopped = !rest.is_empty();
            io.rest.extend_from_slice(rest);
            // Another part of the server must react before more is fed.
            if slice.raw || slice.stopped || io.watched {
                break;
            }
        }
        if slice.len > 0 {
            self.printed.insert(pane, self.now_ms);
        }
        let size = terminal.size();
        let piece = Piece {
            bytes: slice.len as u64,
            cells: u64::from(size.cols) * u64::from(size.rows),
            alternate: terminal.alternate_on(),
            typed_ms: io.typed_ms,
            more,
            now_ms: self.now_ms,
        };
        drop(terminal);
        io.pace = io.flood.note(&piece);
        io.behind = more && !slice.closed;
        slice.pace = io.pace;
        if slice.closed {
            io.hangup = true;
            io.update_interest(poller, pane);
            slice.closed = !slice.stopped;
        } else if more && io.held.is_empty() {
            self.ready.push_back(pane);
        }
        Some(slice)
    }

    /// Feeds the bytes behind the place at which feeding stopped, up to the next such place. `None`
    /// if there are none.
    pub(super) fn feed_rest(&mut self, pane: PaneId) -> Option<Slice> {
        let io = self.panes.get_mut(&pane).filter(|io| !io.rest.is_empty())?;
        let mut terminal = io.terminal.lock();
        let mut bytes = std::mem::take(&mut io.rest);
        let fed = feed(pane, &mut terminal, &bytes, io.watched);
        io.rest = bytes.split_off(fed);
        let stopped = !io.rest.is_empty();
        let closed = io.hangup && io.rest.is_empty();
        let len = bytes.len();
        Some(Slice { pane, bytes, len, closed, pace: io.pace, raw: terminal.has_passthrough(), stopped })
    }

    /// Queues input for a program, to be written at the end of the turn. False: too much is queued,
    /// nothing was added.
    pub(super) fn write(&mut self, pane: PaneId, bytes: &[u8], typed_ms: Option<u64>) -> bool {
        let room = self.panes.get(&pane).is_none_or(|io| io.input.has_room(bytes.len()));
        if room {
            self.push(pane, bytes, typed_ms);
        }
        room
    }

    /// Queues a paste. False: too many are queued.
    pub(super) fn paste(&mut self, pane: PaneId, maker: Maker, typed_ms: u64) -> bool {
        self.push(pane, &[], Some(typed_ms));
        self.panes.get_mut(&pane).is_none_or(|io| io.input.push_paste(maker))
    }

    /// Like `write` without a limit, for a source that limits itself by `waiting`.
    pub(super) fn push(&mut self, pane: PaneId, bytes: &[u8], typed_ms: Option<u64>) {
        let Some(io) = self.panes.get_mut(&pane) else { return };
        io.typed_ms = typed_ms.or(io.typed_ms);
        typed_ms.into_iter().for_each(|typed| self.awaited.typed(typed));
        self.typed = typed_ms.map(|_| pane).or(self.typed);
        // Older input is written when the terminal has room.
        if io.input.is_empty() {
            self.written.push(pane);
        }
        io.input.push(bytes);
    }

    /// Bytes of input queued for a pane's program.
    pub(super) fn waiting(&self, pane: PaneId) -> usize {
        self.panes.get(&pane).map_or(0, |io| io.input.len())
    }

    /// Bytes of input queued for all programs.
    pub(super) fn all_waiting(&self) -> usize {
        self.panes.values().map(|io| io.input.len()).sum()
    }

    /// Reports whether a pane got a key within `within_ms` milliseconds.
    pub(super) fn typed_within(&self, pane: PaneId, now_ms: u64, within_ms: u64) -> bool {
        let typed_ms = self.panes.get(&pane).and_then(|io| io.typed_ms);
        typed_ms.is_some_and(|typed| now_ms < typed + within_ms)
    }

    /// Writes all input that was queued since the last call: the keys of a command reach the
    /// program in one piece, as from a terminal, so that it cannot take a part of them for another
    /// key.
    pub(super) fn flush_written(&mut self, poller: &Poller) {
        for pane in std::mem::take(&mut self.written) {
            self.flush(poller, pane);
        }
    }

    /// Input queued for a program, for another server; `None` if there is more than `max`.
    pub(super) fn record_input(&mut self, pane: PaneId, max: usize) -> Option<Vec<u8>> {
        self.panes.get_mut(&pane).map_or(Some(Vec::new()), |io| io.input.record(max))
    }

    /// Makes checkpoints of all panes now.
    pub(super) fn save_all(&mut self) {
        let panes: Vec<PaneId> = self.journals.all.keys().copied().collect();
        panes.into_iter().for_each(|pane| self.save(pane));
    }

    /// The panes that are read.
    pub(super) fn ids(&self) -> Vec<PaneId> {
        self.panes.keys().copied().collect()
    }

    pub(super) fn flush(&mut self, poller: &Poller, pane: PaneId) {
        let Some(io) = self.panes.get_mut(&pane) else { return };
        while let Some(bytes) = io.input.front() {
            match io.file.write(bytes) {
                Ok(written) => io.input.wrote(written),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => io.input.clear(),
            }
        }
        io.update_interest(poller, pane);
    }
}

/// How much is parsed at once after a piece of `len` bytes took so long.
fn next_piece(piece: usize, len: usize, took: Duration) -> usize {
    let next = match took {
        took if took > PIECE_TIME => piece / 2,
        took if took < PIECE_TIME / 3 && len == piece => piece * 2,
        _ => piece,
    };
    next.clamp(*PIECE.start(), *PIECE.end())
}

/// Leaves the whole of a pane in its journal.
fn checkpoint(journal: &mut Journal, terminal: &mut Terminal, scratch: &mut Vec<u8>) {
    scratch.clear();
    write_checkpoint(terminal, scratch);
    journal.checkpoint(scratch);
    if scratch.capacity() > SCRATCH_KEPT {
        *scratch = Vec::new();
    }
}

/// Appends a checkpoint of a terminal to `out`, which must be empty.
pub(super) fn write_checkpoint(terminal: &mut Terminal, out: &mut Vec<u8>) {
    terminal.settle();
    terminal.history().save(out);
    let history = out.len();
    terminal.save(out);
    out.extend((history as u64).to_le_bytes());
}

/// The two parts of a checkpoint: history and terminal.
pub(super) fn split_checkpoint(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (bytes, history) = bytes.split_last_chunk::<8>()?;
    bytes.split_at_checked(usize::try_from(u64::from_le_bytes(*history)).ok()?)
}

/// Feeds output of earlier; its bytes for the clients' terminals are not sent any more.
pub(super) fn feed_all(pane: PaneId, terminal: &mut Terminal, bytes: &[u8]) {
    let what = || format!("the terminal of pane {pane}");
    if guard::run(what, || terminal.feed(bytes)).is_none() {
        guard::run(what, || terminal.restart());
    }
}

impl PaneIo {
    /// Reports whether it prints more than anyone can read, or than the server reads, and no command waits
    /// for what it prints.
    fn floods(&self, now_ms: u64) -> bool {
        let floods = self.pace == Pace::Flood && self.flood.is_recent(now_ms);
        (self.behind || floods) && !self.watched
    }

    fn update_interest(&mut self, poller: &Poller, pane: PaneId) {
        let interest = Interest { read: self.held.is_empty() && !self.hangup, write: !self.input.is_empty() };
        if interest == self.interest {
            return;
        }
        // A terminal that hung up is always "ready": remove it from the set, or the loop would
        // spin.
        if self.hangup {
            poller.remove(self.file.as_fd());
        } else {
            poller.set(self.file.as_fd(), Token::Pane(pane), interest).ok();
        }
        self.interest = interest;
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests;
