//! What a server leaves with the keeper for the one after it: everything that people made and
//! would miss. It is written at the end of each turn in which commands ran, before anyone is told
//! what came of them, so that what a client was told is done is done, whatever ends the server.
//!
//! - `records`: what is kept of the model, kind by kind
//! - `book`: finds what has changed since it was written
//! - `file`: the file of records; `load`: reads it

mod book;
mod file;
mod load;
mod records;

use book::{Beside, Book};
pub use records::{JobRecord, Kind, PaneRecord, SessionRecord, Snapshot, WindowRecord};

use std::io;
use std::os::fd::OwnedFd;

use super::pump::write_checkpoint;
use super::runtime::Runtime;

/// What only programs and clocks changed (times of activity, flags of output), and the lines that
/// commands which only ask leave in the message log, are written this late at most. What other
/// commands did is written in their turn.
const LATE_MS: u64 = 250;
/// Time to the next attempt when the file could not be written and no command runs before.
const AGAIN_MS: u64 = 1000;

/// When the state is to be looked at again.
pub struct Deposits {
    /// Something happened since the last look.
    dirty: bool,
    next_ms: u64,
    /// Commands and callbacks that had run by the last look.
    ran: u64,
    shape: [usize; 3],
    /// None: begins with the next look.
    book: Option<Book>,
    /// Commands ran in this turn, and what settles afterwards is to be written too.
    commands_ran: bool,
    /// Where monotonic times begin, by CLOCK_MONOTONIC (ms).
    pub origin_ms: u64,
    /// The last attempt to write failed, which was said.
    failing: bool,
}

/// What is in a state file, for tests that damage one.
pub struct StateFile {
    /// Kind and name of everything that was found.
    pub found: Vec<(&'static str, String)>,
    /// What the message log says of the rest.
    pub refused: Vec<String>,
}

/// Reads a state file; None when nothing says where its records are.
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

/// CLOCK_MONOTONIC in milliseconds, which servers that follow each other share.
pub fn monotonic_ms() -> u64 {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC);
    now.map_or(0, |now| now.tv_sec() as u64 * 1000 + now.tv_nsec() as u64 / 1_000_000)
}

impl Deposits {
    pub fn new() -> Self {
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

    /// Notes how a writing went; what is to be said of it, once for each change.
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

    /// There is nobody any more who has the file: the next snapshot is left in a new one.
    pub fn begin_again(&mut self) {
        self.book = None;
        self.dirty = true;
        self.next_ms = 0;
    }

    /// Something happened; what only programs and clocks changed is written after `LATE_MS`, not
    /// between a key and its echo.
    pub fn note(&mut self, now_ms: u64) {
        if !std::mem::replace(&mut self.dirty, true) {
            self.next_ms = now_ms + LATE_MS;
        }
    }

    /// When the loop must wake up for a look.
    pub fn due_ms(&self) -> Option<u64> {
        self.dirty.then_some(self.next_ms)
    }
}

impl Runtime {
    /// Writes what has changed, if commands or callbacks ran since the last look.
    pub fn keep_state(&mut self) {
        self.keep(false);
    }

    /// Writes what has changed, if it is time: after frames, which somebody waits for.
    pub fn keep_late(&mut self) {
        self.keep(true);
    }

    fn keep(&mut self, if_late: bool) {
        let server = &self.server;
        if server.exiting {
            // Nothing is kept of a server that is asked to end.
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

    /// The same after sizes, names and alerts have settled.
    pub fn keep_settled(&mut self) {
        if std::mem::take(&mut self.deposits.commands_ran) {
            // Seen as never looked at.
            self.deposits.ran = 0;
        }
        self.keep_state();
        self.deposits.commands_ran = false;
    }

    /// A file of its own with all of the state, and with records for a server that takes over in
    /// place.
    pub fn whole_state(&mut self, passage: Vec<(Kind, String, Vec<u8>)>) -> io::Result<OwnedFd> {
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
        // A journal's screen is taken up with the transcript that it belongs to.
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
        // The keeper has the last file that was whole meanwhile; the next attempt is a new one.
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
