//! Passing a client's connection to another server.

use std::os::fd::AsFd;

use serde::{Deserialize, Serialize};

use crate::base::blob::Blob;
use crate::base::{ClientId, SessionId};
use crate::model::host::{ClientMessage, FileDone};
use crate::protocol::Connection;
use crate::protocol::imsg::FdMarking;

use super::super::control_io::{ControlIo, ControlIoRecord};
use super::super::passage::{Arrived, FdNumber, Passed};
use super::super::token::Poller;
use super::super::tty::TtyRecord;
use super::{Peer, Writing};

/// Bytes of long texts that are made at once for a client, to pass the client to another server.
const MAX_MADE: usize = 256 << 20;

#[derive(Serialize, Deserialize)]
pub(crate) struct PeerRecord {
    socket: FdNumber,
    marking: FdMarking,
    input: Blob,
    fds: Vec<FdNumber>,
    output: Blob,
    writing: Vec<WritingRecord>,
    next_stream: i32,
    pub tty: Option<TtyRecord>,
    control: Option<ControlIoRecord>,
    told_session: Option<(SessionId, u64)>,
    flags_changed: bool,
    stdin: Option<FdNumber>,
    stdout: Option<FdNumber>,
    confirms: bool,
    command: Blob,
    identify_bytes: usize,
    farewell: Option<ClientMessage>,
    said_farewell: bool,
    #[serde(default)]
    has_all_lines: bool,
}

#[derive(Serialize, Deserialize)]
struct WritingRecord {
    stream: i32,
    ready: bool,
    closing: bool,
    closed: bool,
    out: Blob,
}

impl Peer {
    /// Makes all long texts now. Returns the callbacks of their waiters.
    pub(crate) fn make_all(&mut self) -> Vec<FileDone> {
        self.writing.values_mut().flat_map(|writing| writing.out.make_all(MAX_MADE)).collect()
    }

    /// The reason why it cannot be passed to another server now, if any.
    pub(crate) fn obstacle(&self) -> Option<&'static str> {
        let writes = self.writing.values().any(|w| w.done.is_some() || w.out.record().is_none());
        let unsaid = !self.ended.is_empty() || !self.making.is_empty();
        let gone = self.broken || self.tty_lost || self.control_lost;
        if !self.reading.is_empty() {
            return Some("reads a file for the server");
        }
        if self.connection.unread().is_none() || gone || unsaid {
            return Some("is about to end");
        }
        writes.then_some("writes a file for the server")
    }

    pub(crate) fn record(&self, passed: &mut Passed) -> Result<PeerRecord, String> {
        let Self {
            socket,
            connection,
            writing,
            next_stream,
            tty,
            control,
            told_session,
            flags_changed,
            stdin,
            stdout,
            confirms,
            command,
            identify_bytes,
            farewell,
            said_farewell,
            has_all_lines,
            // The record's key; the poller's interest is set again.
            id: _,
            interest: _,
            // Empty, or the upgrade is refused now: see `obstacle`.
            reading: _,
            control_lost: _,
            tty_lost: _,
            making: _,
            broken: _,
            ended: _,
            // Taken over before a client is drawn.
            travelled: _,
            // The next server does not erase the line again.
            saw_recovery: _,
        } = self;
        let mut put = |fd: std::os::fd::BorrowedFd<'_>| passed.put(fd).map_err(|e| e.to_string());
        let (input, fds, output) = connection.unread().ok_or("a descriptor waits to be sent")?;
        let writing = writing.iter().map(|(stream, writing)| writing.record(*stream));
        Ok(PeerRecord {
            socket: put(socket.as_fd())?,
            marking: connection.marking(),
            input: Blob(input.to_vec()),
            fds: fds.map(&mut put).collect::<Result<_, _>>()?,
            output: Blob(output),
            writing: writing.collect::<Option<_>>().ok_or("a text is being made")?,
            next_stream: *next_stream,
            stdin: stdin.as_ref().map(|fd| put(fd.as_fd())).transpose()?,
            stdout: stdout.as_ref().map(|fd| put(fd.as_fd())).transpose()?,
            tty: tty.as_ref().map(|tty| tty.record(passed)).transpose()?,
            control: control.as_ref().map(|control| control.record(passed)).transpose()?,
            told_session: *told_session,
            flags_changed: *flags_changed,
            confirms: *confirms,
            command: Blob(command.clone()),
            identify_bytes: *identify_bytes,
            farewell: farewell.clone(),
            said_farewell: *said_farewell,
            has_all_lines: *has_all_lines,
        })
    }

    /// A peer from another server's record, except its terminal.
    pub(crate) fn of_record(
        poller: &Poller,
        id: ClientId,
        record: PeerRecord,
        arrived: &mut Arrived,
    ) -> Result<Self, String> {
        let PeerRecord {
            socket,
            marking,
            input,
            fds,
            output,
            writing,
            next_stream,
            // Taken out before.
            tty: _,
            control,
            told_session,
            flags_changed,
            stdin,
            stdout,
            confirms,
            command,
            identify_bytes,
            farewell,
            said_farewell,
            has_all_lines,
        } = record;
        let mut connection = Connection::new(marking);
        let fds = fds.into_iter().map(|fd| arrived.take(fd)).collect::<Result<Vec<_>, _>>()?;
        connection.take_up(input.0, fds, output.0);
        let socket = arrived.take(socket)?;
        let control = control.map(|control| ControlIo::of_record(poller, id, control, arrived));
        Ok(Self {
            writing: writing.into_iter().map(Writing::of_record).collect(),
            next_stream,
            control: control.transpose()?,
            told_session,
            flags_changed,
            stdin: stdin.map(|fd| arrived.take(fd)).transpose()?,
            stdout: stdout.map(|fd| arrived.take(fd)).transpose()?,
            confirms,
            command: command.0,
            identify_bytes,
            farewell,
            said_farewell,
            has_all_lines,
            ..Self::new(poller, id, socket, connection).map_err(|e| e.to_string())?
        })
    }
}

impl Writing {
    /// `None` while a text is being made.
    fn record(&self, stream: i32) -> Option<WritingRecord> {
        // Without a waiter, or the upgrade is refused now.
        let Self { ready, closing, closed, out, done: _ } = self;
        let out = Blob(out.record()?);
        Some(WritingRecord { stream, ready: *ready, closing: *closing, closed: *closed, out })
    }

    fn of_record(record: WritingRecord) -> (i32, Self) {
        let WritingRecord { stream, ready, closing, closed, out } = record;
        let mut writing = Self { ready, closing, closed, ..Self::default() };
        if !out.0.is_empty() {
            writing.out.push(out.0.into());
        }
        (stream, writing)
    }
}
