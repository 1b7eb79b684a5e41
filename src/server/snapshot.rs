//! The state that a server leaves with the keeper for the next server: everything that people made
//! and would miss. It is written at the end of each turn in which commands ran, before any client
//! gets an answer, so that effects of answered commands last, whatever ends the server.
//!
//! - `records`: the saved part of the model, by kind
//! - `book`: finds changes since the last write
//! - `file`: the file of records; `load`: reads it

mod book;
mod file;
mod load;
mod records;

use book::{Beside, Book};
pub(super) use records::{JobRecord, Kind, PaneRecord, SessionRecord, Snapshot, WindowRecord};

use std::io;
use std::os::fd::OwnedFd;

use super::pump::write_checkpoint;
use super::runtime::Runtime;

/// What only programs and clocks changed (times of activity, flags of output), and the lines that
/// commands which only ask leave in the message log, are written this late at most. What other
/// commands did is written in their turn.
const LATE_MS: u64 = 250;
/// Time to the next attempt if the file could not be written and no command runs before, in
/// milliseconds.
const AGAIN_MS: u64 = 1000;

/// State of the periodic writes of the state file.
pub(super) struct Deposits {
    /// True if something changed since the last write.
    dirty: bool,
    next_ms: u64,
    /// Count of commands and callbacks at the last write.
    ran: u64,
    shape: [usize; 3],
    /// `None`: created by the next write.
    book: Option<Book>,
    /// True if commands ran in this turn: effects of settling must be written too.
    commands_ran: bool,
    /// Origin of monotonic times, by CLOCK_MONOTONIC (ms).
    pub origin_ms: u64,
    /// True if the last write failed, which was reported.
    failing: bool,
}

/// Contents of a state file, for tests that damage one.
pub struct StateFile {
    /// Kind and name of every record.
    pub found: Vec<(&'static str, String)>,
    /// Messages about the refused records.
    pub refused: Vec<String>,
}

/// Reads a state file; `None` if its records cannot be located.
pub fn read_state(bytes: &[u8]) -> Option<StateFile> {
    let snapshot = Snapshot::parse(bytes)?;
    Some(StateFile { found: snapshot.names(), refused: snapshot.refused })
}

/// The state file of a new server.
pub fn new_state() -> io::Result<Vec<u8>> {
    let mut server = crate::model::Server::default();
    server.environ.set("HOME", "/root");
    let mut beside = Beside {
        origin_ms: 1,
        history_key: Some([7; 32]),
        has_journal: &|_| true,
        jobs: Vec::new(),
        passage: Vec::new(),
        checkpoint: &mut |_, _| (),
    };
    let file = Book::begin()?.enter(&server, &mut beside)?;
    let file = file.ok_or(io::ErrorKind::NotFound)?;
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut std::fs::File::from(file), &mut bytes)?;
    Ok(bytes)
}

/// CLOCK_MONOTONIC in milliseconds, which successive servers share.
pub(super) fn monotonic_ms() -> u64 {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC);
    now.map_or(0, |now| now.tv_sec() as u64 * 1000 + now.tv_nsec() as u64 / 1_000_000)
}

impl Deposits {
    pub(super) fn new() -> Self {
        Self {
            dirty: false,
            next_ms: 0,
            ran: 0,
            shape: [0; 3],
            book: None,
            origin_ms: monotonic_ms(),
            commands_ran: false,
            failing: false,
        }
    }

    /// Records the result of a write; returns a message, once for each change.
    fn note_outcome(&mut self, outcome: &io::Result<()>) -> Option<String> {
        let failed = outcome.as_ref().err();
        if std::mem::replace(&mut self.failing, failed.is_some()) == failed.is_some() {
            return None;
        }
        Some(match failed {
            Some(error) => format!("state is not kept for a next server: {error}"),
            None => "state is kept for a next server again".to_owned(),
        })
    }

    /// Starts a new file for the next write, since nobody holds the old one any more.
    pub(super) fn begin_again(&mut self) {
        self.book = None;
        self.dirty = true;
        self.next_ms = 0;
    }

    /// Records a change by a program or clock, which is written after `LATE_MS`, not between a key
    /// and its echo.
    pub(super) fn note(&mut self, now_ms: u64) {
        if !std::mem::replace(&mut self.dirty, true) {
            self.next_ms = now_ms + LATE_MS;
        }
    }

    /// Time at which the loop must wake to write.
    pub(super) fn due_ms(&self) -> Option<u64> {
        self.dirty.then_some(self.next_ms)
    }
}

impl Runtime {
    /// Writes changes, if commands or callbacks ran since the last write.
    pub(super) fn keep_state(&mut self) {
        // Journals of new panes, without which a pane in the state file would begin with an empty screen.
        self.world.custody.flush();
        self.keep(false);
    }

    /// Writes late changes, if it is time: called after drawing, for which users wait.
    pub(super) fn keep_late(&mut self) {
        self.keep(true);
    }

    fn keep(&mut self, if_late: bool) {
        let server = &self.server;
        if server.exiting {
            // A server that is being ended saves nothing.
            self.deposits.dirty = false;
            return;
        }
        let shape = [server.sessions.len(), server.windows.len(), server.panes.len()];
        let ran = server.queues.ran + self.ran - self.world.pieces_made;
        let now_ms = self.world.now.mono_ms;
        let late = if_late && self.deposits.dirty && now_ms >= self.deposits.next_ms;
        if !late && ran == self.deposits.ran && shape == self.deposits.shape {
            return;
        }
        self.deposits.dirty = false;
        self.deposits.shape = shape;
        self.deposits.ran = ran;
        self.deposits.commands_ran |= !if_late;
        self.write_state();
    }

    /// Writes changes again after sizes, names and alerts have settled.
    pub(super) fn keep_settled(&mut self) {
        if std::mem::take(&mut self.deposits.commands_ran) {
            // Forces a comparison.
            self.deposits.ran = 0;
        }
        self.keep_state();
        self.deposits.commands_ran = false;
    }

    /// A separate file with the whole state, and with records for a server that takes over in
    /// place.
    pub(super) fn whole_state(&mut self, passage: Vec<(Kind, String, Vec<u8>)>) -> io::Result<OwnedFd> {
        let stored = self.world.histories.store().is_some();
        let (server, pump) = (&self.server, &self.world.pump);
        let jobs = self.world.jobs.iter();
        let mut beside = Beside {
            origin_ms: self.deposits.origin_ms,
            history_key: self.world.histories.key(),
            has_journal: &|pane| stored && pump.has_journal(pane),
            jobs: jobs.filter_map(|(_, job)| job.record_up_to(usize::MAX)).collect(),
            passage,
            checkpoint: &mut |pane, out| {
                if let Some(pane) = server.panes.get(&pane) {
                    write_checkpoint(&mut pane.terminal.lock(), out);
                }
            },
        };
        let file = Book::begin()?.enter(server, &mut beside)?;
        file.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn write_state(&mut self) {
        self.world.saver.note_change(self.world.now.mono_ms);
        self.world.pump.save_disturbed();
        // A journal's screen is loaded together with its transcript.
        let stored = self.world.histories.store().is_some();
        let (server, pump) = (&self.server, &self.world.pump);
        let mut beside = Beside {
            origin_ms: self.deposits.origin_ms,
            history_key: self.world.histories.key(),
            has_journal: &|pane| stored && pump.has_journal(pane),
            jobs: self.world.jobs.iter().filter_map(|(_, job)| job.record()).collect(),
            passage: Vec::new(),
            checkpoint: &mut |pane, out| {
                if let Some(pane) = server.panes.get(&pane) {
                    write_checkpoint(&mut pane.terminal.lock(), out);
                }
            },
        };
        let book = self.deposits.book.take().map_or_else(Book::begin, Ok);
        let entered = book.and_then(|mut book| Ok((book.enter(server, &mut beside)?, book)));
        let outcome = entered.map(|(news, book)| {
            if let Some(file) = news {
                self.world.custody.deposit(file);
            }
            self.deposits.book = Some(book);
        });
        // The keeper still has the last complete file; the next attempt makes a new one.
        if let Some(text) = self.deposits.note_outcome(&outcome) {
            tracing::error!("{text}");
            self.server.add_message(self.world.now, text);
        }
        if outcome.is_err() {
            self.deposits.dirty = true;
            self.deposits.next_ms = self.world.now.mono_ms + AGAIN_MS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_to_write_is_said_once_and_so_is_its_end() {
        let mut deposits = Deposits::new();
        let full = || Err(io::Error::from_raw_os_error(libc::ENOSPC));
        assert_eq!(deposits.note_outcome(&Ok(())), None);
        let said = deposits.note_outcome(&full()).expect("a message");
        assert!(said.starts_with("state is not kept for a next server: No space left on device"), "{said}");
        assert_eq!(deposits.note_outcome(&full()), None);
        assert_eq!(deposits.note_outcome(&Ok(())).as_deref(), Some("state is kept for a next server again"));
        assert_eq!(deposits.note_outcome(&Ok(())), None);
    }
}
