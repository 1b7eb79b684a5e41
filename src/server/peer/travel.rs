//! A client's connection on its way to another server.

use std::collections::BTreeMap;
use std::os::fd::AsFd;

use serde::{Deserialize, Serialize};

use crate::base::{ClientId, SessionId};
use crate::model::host::{ClientMessage, FileDone};
use crate::protocol::Connection;
use crate::protocol::imsg::FdMarking;

use super::super::control_io::{ControlIo, ControlIoRecord};
use super::super::passage::{Arrived, Blob, FdNumber, Passed};
use super::super::token::Poller;
use super::super::tty::TtyRecord;
use super::{Peer, Writing};

/// Bytes of long texts that are made at once for a client, so that it can go to another server.
const MAX_MADE: usize = 256 << 20;

#[derive(Serialize, Deserialize)]
pub struct PeerRecord {
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
    /// Has long texts made that are made as the client takes them. Returns who waits for that.
    pub fn make_all(&mut self) -> Vec<FileDone> {
        self.writing.values_mut().flat_map(|writing| writing.out.make_all(MAX_MADE)).collect()
    }

    /// What keeps it from going to another server now.
    pub fn obstacle(&self) -> Option<&'static str> {
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

    pub fn record(&self, passed: &mut Passed) -> Result<PeerRecord, String> {
        let mut put = |fd: std::os::fd::BorrowedFd<'_>| passed.put(fd).map_err(|e| e.to_string());
        let (input, fds, output) = self.connection.unread().ok_or("a descriptor waits to be sent")?;
        let writing = self.writing.iter().map(|(stream, writing)| {
            Some(WritingRecord {
                stream: *stream,
                ready: writing.ready,
                closing: writing.closing,
                closed: writing.closed,
                out: Blob(writing.out.record()?),
            })
        });
        Ok(PeerRecord {
            socket: put(self.socket.as_fd())?,
            marking: self.connection.marking(),
            input: Blob(input.to_vec()),
            fds: fds.map(&mut put).collect::<Result<_, _>>()?,
            output: Blob(output),
            writing: writing.collect::<Option<_>>().ok_or("a text is being made")?,
            next_stream: self.next_stream,
            stdin: self.stdin.as_ref().map(|fd| put(fd.as_fd())).transpose()?,
            stdout: self.stdout.as_ref().map(|fd| put(fd.as_fd())).transpose()?,
            tty: self.tty.as_ref().map(|tty| tty.record(passed)).transpose()?,
            control: self.control.as_ref().map(|control| control.record(passed)).transpose()?,
            told_session: self.told_session,
            flags_changed: self.flags_changed,
            confirms: self.confirms,
            command: Blob(self.command.clone()),
            identify_bytes: self.identify_bytes,
            farewell: self.farewell.clone(),
            said_farewell: self.said_farewell,
        })
    }

    /// A peer as another server had it, but for its terminal.
    pub fn of_record(
        poller: &Poller,
        id: ClientId,
        record: PeerRecord,
        arrived: &mut Arrived,
    ) -> Result<Self, String> {
        let mut connection = Connection::new(record.marking);
        let fds = record.fds.into_iter().map(|fd| arrived.take(fd)).collect::<Result<Vec<_>, _>>()?;
        connection.take_up(record.input.0, fds, record.output.0);
        let socket = arrived.take(record.socket)?;
        let control = record.control.map(|control| ControlIo::of_record(poller, id, control, arrived));
        let writing = record.writing.into_iter().map(|w| {
            let mut writing =
                Writing { ready: w.ready, closing: w.closing, closed: w.closed, ..Writing::default() };
            if !w.out.0.is_empty() {
                writing.out.push(w.out.0.into());
            }
            (w.stream, writing)
        });
        Ok(Self {
            writing: BTreeMap::from_iter(writing),
            next_stream: record.next_stream,
            control: control.transpose()?,
            told_session: record.told_session,
            flags_changed: record.flags_changed,
            stdin: record.stdin.map(|fd| arrived.take(fd)).transpose()?,
            stdout: record.stdout.map(|fd| arrived.take(fd)).transpose()?,
            confirms: record.confirms,
            command: record.command.0,
            identify_bytes: record.identify_bytes,
            farewell: record.farewell,
            said_farewell: record.said_farewell,
            ..Self::new(poller, id, socket, connection).map_err(|e| e.to_string())?
        })
    }
}
