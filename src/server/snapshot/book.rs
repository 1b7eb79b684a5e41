//! Records what was written of the server's state, and finds changes. Objects are compared by a
//! hash of their records, tables that can be long by their stamps: checking 500 panes costs less
//! than drawing one screen, and only changes are written.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::fd::OwnedFd;

use bytes::Bytes;
use serde::Serialize;

use crate::base::PaneId;
use crate::base::text::to_bytes;
use crate::model::Server;
use crate::model::buffers::Buffer;
use crate::model::key_tables::Binding;
use crate::model::monitors::SavedMonitors;
use crate::options::{Environ, Options};

use super::file::{RecordKey, StateFile, Written};
use super::load::RECORD_VERSION;
use super::records::{
    BufferRecord, ChannelRecord, JobRecord, Kind, MessageRecord, ModeRecord, PaneRecord, ServerRecord,
    SessionRecord, WindowRecord, bindings, group,
};

/// A record that is in the file.
struct Entry {
    /// Hash or stamp of the written record.
    print: u64,
    written: Written,
    /// Number of the pass that found it last.
    seen: u64,
}

/// The bindings of a table, for comparison.
struct Table {
    bindings: Vec<Binding>,
    print: u64,
}

/// See the module comment.
pub(super) struct Book {
    file: StateFile,
    entries: HashMap<RecordKey, Entry>,
    tables: HashMap<String, Table>,
    /// Data of buffers, by number: a buffer that shares this memory has not changed.
    buffers: HashMap<u64, Bytes>,
    /// The buffers' stamp at the last pass, and true if this pass compared them.
    buffers_stamp: u64,
    buffers_seen: bool,
    looks: u64,
    /// The first message that is not written yet, and the oldest written one.
    messages: (u64, u64),
    scratch: Vec<u8>,
    is_new: bool,
}

/// Data for a pass that is not in the model.
pub(super) struct Beside<'a> {
    pub origin_ms: u64,
    pub history_key: Option<[u8; 32]>,
    /// Records for a server that takes over in place.
    pub passage: Vec<(Kind, String, Vec<u8>)>,
    /// Jobs that outlive the server.
    pub jobs: Vec<JobRecord<'a>>,
    /// Reports whether a pane's screen is in its journal.
    pub has_journal: &'a dyn Fn(PaneId) -> bool,
    /// Makes a checkpoint of a pane's screen, as for its journal.
    pub checkpoint: &'a mut dyn FnMut(PaneId, &mut Vec<u8>),
}

impl Book {
    pub(super) fn begin() -> io::Result<Self> {
        Ok(Self {
            file: StateFile::create()?,
            entries: HashMap::new(),
            tables: HashMap::new(),
            buffers: HashMap::new(),
            buffers_stamp: 0,
            buffers_seen: false,
            looks: 0,
            messages: (0, 0),
            scratch: Vec::new(),
            is_new: true,
        })
    }

    /// Writes changes. Returns the file at the first call.
    pub(super) fn enter(&mut self, server: &Server, beside: &mut Beside<'_>) -> io::Result<Option<OwnedFd>> {
        self.looks += 1;
        self.enter_globals(server, beside)?;
        self.enter_tables(server)?;
        self.enter_buffers(server)?;
        self.enter_messages(server)?;
        for (id, session) in &server.sessions {
            let id = id.to_string();
            self.options(&id, &session.options)?;
            self.environ(&id, &session.environ)?;
            self.record(Kind::Session, &id, &SessionRecord::take(session))?;
        }
        for (id, window) in &server.windows {
            let id = id.to_string();
            self.options(&id, &window.options)?;
            self.record(Kind::Window, &id, &WindowRecord::take(window))?;
        }
        self.enter_panes(server, beside)?;
        self.remove_unseen();
        if self.file.is_pending() {
            self.file.commit(self.entries.values_mut().map(|entry| &mut entry.written))?;
        }
        std::mem::take(&mut self.is_new).then(|| self.file.share()).transpose()
    }

    fn enter_globals(&mut self, server: &Server, beside: &Beside<'_>) -> io::Result<()> {
        self.record(Kind::Server, "", &ServerRecord::take(server, beside.origin_ms))?;
        let crate::model::GlobalOptions { server: of_server, session, window } = &server.options;
        self.options("server", of_server)?;
        self.options("session", session)?;
        self.options("window", window)?;
        self.environ("global", &server.environ)?;
        for (name, of_name) in &server.groups {
            self.record(Kind::Group, name, group(of_name))?;
        }
        for (number, lines) in server.prompt_history.iter().enumerate().filter(|(_, lines)| !lines.is_empty())
        {
            self.record(Kind::Prompts, &number.to_string(), lines)?;
        }
        for (name, channel) in &server.wait_channels {
            self.record(Kind::Channel, name, &ChannelRecord::take(channel))?;
        }
        for (number, delayed) in &server.delayed {
            self.record(Kind::Delayed, &number.to_string(), delayed)?;
        }
        for (user, access) in &server.access {
            let crate::model::Access { read_only } = access;
            self.record(Kind::Access, &user.to_string(), read_only)?;
        }
        for (group, access) in &server.group_access {
            let crate::model::Access { read_only } = access;
            self.record(Kind::Access, &format!("g{group}"), read_only)?;
        }
        for job in &beside.jobs {
            let print = hash(&(job.gathered.len(), job.cut, job.keep_stdin));
            self.bytes(Kind::Job, &job.token.to_string(), print, |out| write_json(out, job))?;
        }
        let monitors = server.monitors.save();
        if monitors != SavedMonitors::default() {
            self.record(Kind::Monitors, "", &monitors)?;
        }
        for (kind, name, body) in &beside.passage {
            self.bytes(*kind, name, hash(body), |out| out.extend_from_slice(body))?;
        }
        if let Some(key) = beside.history_key {
            self.bytes(Kind::HistoryKey, "", hash(&key), |out| out.extend(key))?;
        }
        Ok(())
    }

    fn enter_panes(&mut self, server: &Server, beside: &mut Beside<'_>) -> io::Result<()> {
        for (id, pane) in &server.panes {
            let name = id.to_string();
            self.options(&name, &pane.options)?;
            self.record(Kind::Pane, &name, &PaneRecord::take(pane))?;
            if !pane.modes.is_empty() {
                let modes: Vec<ModeRecord> = pane.modes.iter().filter_map(ModeRecord::take).collect();
                self.record(Kind::Modes, &name, &modes)?;
            }
            if (beside.has_journal)(*id) {
                continue;
            }
            let (generation, unsaved) = {
                let terminal = pane.terminal.lock();
                (terminal.generation(), terminal.is_unsaved())
            };
            let key = record_key(Kind::Screen, &name);
            if unsaved && let Some(entry) = self.entries.get_mut(&key) {
                entry.print = !generation;
            }
            let checkpoint = &mut *beside.checkpoint;
            self.bytes(Kind::Screen, &name, generation, |out| checkpoint(*id, out))?;
        }
        Ok(())
    }

    fn enter_tables(&mut self, server: &Server) -> io::Result<()> {
        for (name, table) in &server.key_tables.tables {
            let known = self.tables.get(name);
            let print = match known.filter(|known| is_still(&known.bindings, table.bindings.values())) {
                Some(known) => known.print,
                None => {
                    let print = self.looks;
                    let bindings = table.bindings.values().cloned().collect();
                    self.tables.insert(name.clone(), Table { bindings, print });
                    print
                }
            };
            self.bytes(Kind::KeyTable, name, print, |out| write_json(out, &bindings(table)))?;
        }
        if self.tables.len() > server.key_tables.tables.len() {
            self.tables.retain(|name, _| server.key_tables.tables.contains_key(name));
        }
        Ok(())
    }

    fn enter_buffers(&mut self, server: &Server) -> io::Result<()> {
        let stamp = server.buffers.by_name.stamp();
        self.buffers_seen = stamp != self.buffers_stamp;
        if !self.buffers_seen {
            return Ok(());
        }
        // After an error before the end, the next pass compares the buffers again.
        self.buffers_stamp = 0;
        for buffer in server.buffers.by_name.values() {
            let Buffer { name, data, automatic, created, order } = buffer;
            let key = order.to_string();
            if !self.buffers.get(order).is_some_and(|kept| is_same_memory(kept, data)) {
                self.buffers.insert(*order, data.clone());
                if let Some(entry) = self.entries.get_mut(&record_key(Kind::Buffer, &key)) {
                    entry.print = !entry.print;
                }
            }
            let print = hash(&(name, automatic, created));
            let record =
                BufferRecord { name: name.into(), automatic: *automatic, created: *created, order: *order };
            self.bytes(Kind::Buffer, &key, print, |out| {
                out.extend([0; 4]);
                write_json(out, &record);
                let length = (out.len() - 4) as u32;
                out[..4].copy_from_slice(&length.to_le_bytes());
                out.extend_from_slice(data);
            })?;
        }
        if self.buffers.len() > server.buffers.by_name.len() {
            let orders: std::collections::HashSet<u64> =
                server.buffers.by_name.values().map(|buffer| buffer.order).collect();
            self.buffers.retain(|order, _| orders.contains(order));
        }
        self.buffers_stamp = stamp;
        Ok(())
    }

    /// Messages are only ever added at one end and dropped at the other.
    fn enter_messages(&mut self, server: &Server) -> io::Result<()> {
        let log = &server.messages;
        let oldest = log.entries.front().map_or(log.next_number, |message| message.number);
        let (next, first) = self.messages;
        for number in first..oldest.min(next) {
            self.remove(&record_key(Kind::Message, &number.to_string()));
        }
        let known = log.entries.iter().rev().take_while(|message| message.number >= next).count();
        for message in log.entries.iter().skip(log.entries.len() - known) {
            let crate::model::messages::Message { number, time, text } = message;
            let record = MessageRecord { time: *time, text: text.into() };
            self.record(Kind::Message, &number.to_string(), &record)?;
        }
        self.messages = (log.next_number, oldest);
        Ok(())
    }

    fn options(&mut self, level: &str, options: &Options) -> io::Result<()> {
        if options.is_empty() {
            return Ok(());
        }
        self.bytes(Kind::Options, level, options.stamp(), |out| write_json(out, options))
    }

    fn environ(&mut self, whose: &str, environ: &Environ) -> io::Result<()> {
        if environ.is_empty() {
            return Ok(());
        }
        self.bytes(Kind::Environ, whose, environ.stamp(), |out| write_json(out, environ))
    }

    fn record<T: Hash + Serialize + ?Sized>(&mut self, kind: Kind, name: &str, record: &T) -> io::Result<()> {
        self.bytes(kind, name, hash(record), |out| write_json(out, record))
    }

    /// Ensures that the file has a record with this hash or stamp; `write` makes its body if it
    /// must be written.
    fn bytes(
        &mut self,
        kind: Kind,
        name: &str,
        print: u64,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> io::Result<()> {
        let key = record_key(kind, name);
        let entry = self.entries.get_mut(&key);
        if let Some(entry) = entry {
            entry.seen = self.looks;
            if entry.print == print {
                return Ok(());
            }
        }
        self.scratch.clear();
        write(&mut self.scratch);
        let written = self.file.put(&key, RECORD_VERSION, &self.scratch)?;
        if self.scratch.capacity() > MAX_SCRATCH {
            self.scratch = Vec::new();
        }
        if let Some(before) = self.entries.insert(key, Entry { print, written, seen: self.looks }) {
            self.file.outdate(&before.written);
        }
        Ok(())
    }

    /// Removes records of objects that this pass did not find.
    fn remove_unseen(&mut self) {
        let looks = self.looks;
        let passed_by =
            |kind: u16| kind == Kind::Message as u16 || kind == Kind::Buffer as u16 && !self.buffers_seen;
        let gone = |(key, entry): (&RecordKey, &Entry)| {
            (entry.seen != looks && !passed_by(key.kind)).then(|| key.clone())
        };
        let gone: Vec<RecordKey> = self.entries.iter().filter_map(gone).collect();
        gone.iter().for_each(|key| self.remove(key));
    }

    fn remove(&mut self, key: &RecordKey) {
        if let Some(entry) = self.entries.remove(key) {
            self.file.remove(key, &entry.written);
        }
    }
}

/// Size of the buffer for making records above which it is freed, in bytes.
const MAX_SCRATCH: usize = 1 << 20;

fn record_key(kind: Kind, name: &str) -> RecordKey {
    RecordKey { kind: kind as u16, name: to_bytes(name) }
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn write_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("records are made of what JSON has, in memory");
}

/// Reports whether all bindings are unchanged.
fn is_still<'a>(then: &[Binding], now: impl ExactSizeIterator<Item = &'a Binding>) -> bool {
    then.len() == now.len()
        && then.iter().zip(now).all(|(then, now)| {
            then.key == now.key
                && then.commands.is_same(&now.commands)
                && then.note == now.note
                && then.repeat == now.repeat
        })
}

/// Reports whether two buffers share their data. The book keeps its data alive, so that other data
/// cannot be at the same address.
fn is_same_memory(a: &Bytes, b: &Bytes) -> bool {
    (a.as_ptr(), a.len()) == (b.as_ptr(), b.len())
}
