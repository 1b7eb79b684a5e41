//! Reads the contents of a file's records. A record that cannot be read is refused alone: an older
//! one of the same key is used, and the message log reports it.

use std::os::fd::OwnedFd;

use serde::de::DeserializeOwned;

use crate::base::text::from_bytes;
use crate::base::{PaneId, SessionId, WindowId};

use super::file::{Body, Left, RecordKey};
use super::records::{Kind, Snapshot};

/// Refused records that are named one by one; beyond it, only their count is reported.
const MAX_NAMED: usize = 20;

/// Version of records that this program writes, and the newest one that it reads.
pub(super) const RECORD_VERSION: u16 = 1;

impl Snapshot {
    /// Reads the previous server's state; `None` if its records cannot be located.
    pub(crate) fn read(deposit: OwnedFd) -> Option<Self> {
        Left::read(deposit).ok().map(Self::from_left)
    }

    /// Like `read`, from the bytes of a file.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        Left::parse(bytes).ok().map(Self::from_left)
    }

    fn from_left(left: Left) -> Self {
        let mut snapshot = Self::default();
        let mut refused = left.refused;
        for (key, bodies) in left.records {
            let Some(kind) = Kind::ALL.into_iter().find(|kind| *kind as u16 == key.kind) else { continue };
            for body in bodies.into_iter().rev() {
                if body.version <= RECORD_VERSION && snapshot.take(kind, &key, body).is_some() {
                    break;
                }
                refused.push(Some(key.clone()));
            }
        }
        snapshot.refused = refused.iter().take(MAX_NAMED).map(|key| describe(key.as_ref())).collect();
        if let Some(more) = refused.len().checked_sub(MAX_NAMED).filter(|more| *more > 0) {
            snapshot.refused.push(format!("state of the server before: {more} more records are damaged"));
        }
        snapshot
    }

    /// Loads a record; `None` if it does not match the format of its kind.
    fn take(&mut self, kind: Kind, key: &RecordKey, body: Body) -> Option<()> {
        let name = from_bytes(&key.name);
        let bytes = &body.bytes[..];
        match kind {
            Kind::Server => self.server = Some(parse(bytes)?),
            Kind::Options => drop(self.options.insert(name, parse(bytes)?)),
            Kind::Environ => drop(self.environs.insert(name, parse(bytes)?)),
            Kind::KeyTable => drop(self.tables.insert(name, parse(bytes)?)),
            Kind::Buffer => {
                let (length, rest) = bytes.split_first_chunk()?;
                let (text, data) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
                self.buffers.push((parse(text)?, data.to_vec()));
            }
            Kind::Session => drop(self.sessions.insert(SessionId::parse(&name)?, parse(bytes)?)),
            Kind::Window => drop(self.windows.insert(WindowId::parse(&name)?, parse(bytes)?)),
            Kind::Pane => drop(self.panes.insert(PaneId::parse(&name)?, parse(bytes)?)),
            Kind::Screen => drop(self.screens.insert(PaneId::parse(&name)?, body.bytes)),
            Kind::Group => drop(self.groups.insert(name, parse(bytes)?)),
            Kind::Prompts => drop(self.prompts.insert(name.parse().ok()?, parse(bytes)?)),
            Kind::Channel => drop(self.channels.insert(name, parse(bytes)?)),
            Kind::Message => drop(self.messages.insert(name.parse().ok()?, parse(bytes)?)),
            Kind::Access => match name.strip_prefix('g') {
                Some(group) => drop(self.group_access.insert(group.parse().ok()?, parse(bytes)?)),
                None => drop(self.access.insert(name.parse().ok()?, parse(bytes)?)),
            },
            Kind::Modes => drop(self.modes.insert(PaneId::parse(&name)?, parse(bytes)?)),
            Kind::Client => drop(self.clients.insert(name.parse().ok()?, parse(bytes)?)),
            Kind::Passage => self.passage = Some(parse(bytes)?),
            Kind::Job => drop(self.jobs.insert(name.parse().ok()?, parse(bytes)?)),
            Kind::Delayed => drop(self.delayed.insert(name.parse().ok()?, parse(bytes)?)),
            Kind::Monitors => self.monitors = Some(parse(bytes)?),
            Kind::HistoryKey => self.history_key = Some(bytes.try_into().ok()?),
        }
        Some(())
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

fn describe(key: Option<&RecordKey>) -> String {
    let kind = key.and_then(|key| Kind::ALL.into_iter().find(|kind| *kind as u16 == key.kind));
    match (key, kind) {
        (Some(key), Some(kind)) => {
            let name = from_bytes(&key.name);
            format!("state of the server before: {} {name} is damaged, what it was before holds", kind.name())
        }
        _ => "state of the server before: a record is damaged and was left out".to_owned(),
    }
}
