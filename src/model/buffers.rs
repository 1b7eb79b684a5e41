//! Paste buffers: named and automatic ones, newest first.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::base::clock::Now;
use crate::base::tracked::Tracked;
use crate::options::opt;

use super::Server;
use super::events::EventKind;
use super::names::clean_name;
use super::option_access::OptionScope;

/// One buffer. The data is shared, so that readers need no copy.
#[derive(Clone, Debug)]
pub struct Buffer {
    pub name: String,
    pub data: Bytes,
    /// Made by a copy rather than named by the user: counts towards `buffer-limit`.
    pub automatic: bool,
    /// Seconds since the Unix epoch.
    pub created: i64,
    /// Later buffers have higher numbers.
    pub order: u64,
}

/// All buffers.
#[derive(Clone, Debug, Default)]
pub struct Buffers {
    pub by_name: Tracked<BTreeMap<String, Buffer>>,
    /// Number for the next automatic name, `bufferN`.
    pub next_index: u64,
    pub next_order: u64,
}

impl Buffers {
    pub fn get(&self, name: &str) -> Option<&Buffer> {
        self.by_name.get(name)
    }

    /// All buffers, newest first.
    pub fn by_time(&self) -> Vec<&Buffer> {
        let mut all: Vec<&Buffer> = self.by_name.values().collect();
        all.sort_by_key(|b| std::cmp::Reverse(b.order));
        all
    }

    /// The newest automatic buffer.
    pub fn top(&self) -> Option<&Buffer> {
        self.by_name.values().filter(|b| b.automatic).max_by_key(|b| b.order)
    }

    fn automatic(&self) -> usize {
        self.by_name.values().filter(|b| b.automatic).count()
    }

    fn oldest_automatic(&self) -> Option<String> {
        self.by_name.values().filter(|b| b.automatic).min_by_key(|b| b.order).map(|b| b.name.clone())
    }
}

impl Server {
    fn insert_buffer(&mut self, name: String, data: Bytes, automatic: bool, now: Now) {
        let order = self.buffers.next_order;
        self.buffers.next_order += 1;
        let buffer = Buffer { name: name.clone(), data, automatic, created: now.secs(), order };
        self.buffers.by_name.insert(name.clone(), buffer);
        self.notify_buffer(EventKind::PasteBufferChanged, &name);
    }

    /// Adds an automatic buffer, whose name starts with `prefix`. The oldest automatic ones are removed
    /// while there are `buffer-limit` of them. Empty data adds nothing.
    pub fn add_buffer(&mut self, prefix: Option<&str>, data: impl Into<Bytes>, now: Now) {
        let data = data.into();
        if data.is_empty() {
            return;
        }
        let limit = self.option(OptionScope::Server, opt::BUFFER_LIMIT).max(1) as usize;
        while self.buffers.automatic() >= limit
            && let Some(oldest) = self.buffers.oldest_automatic()
        {
            self.delete_buffer(&oldest);
        }
        let name = loop {
            let name = format!("{}{}", prefix.unwrap_or("buffer"), self.buffers.next_index);
            self.buffers.next_index += 1;
            if self.buffers.get(&name).is_none() {
                break name;
            }
        };
        self.insert_buffer(name, data, true, now);
    }

    /// Adds or replaces a named buffer, or adds an automatic one. Errors are messages for users.
    pub fn set_buffer(&mut self, data: impl Into<Bytes>, name: Option<&str>, now: Now) -> Result<(), String> {
        let data = data.into();
        if data.is_empty() {
            return Ok(());
        }
        let Some(name) = name else {
            self.add_buffer(None, data, now);
            return Ok(());
        };
        if name.is_empty() {
            return Err("empty buffer name".to_owned());
        }
        let name = clean_name(name, false).ok_or_else(|| format!("invalid buffer name: {name}"))?;
        self.delete_buffer(&name);
        self.insert_buffer(name, data, false, now);
        Ok(())
    }

    /// Replaces the data of a buffer; all else stays.
    pub fn replace_buffer(&mut self, name: &str, data: Vec<u8>) {
        if let Some(buffer) = self.buffers.by_name.get_mut(name) {
            buffer.data = data.into();
            self.notify_buffer(EventKind::PasteBufferChanged, name);
        }
    }

    /// Renames a buffer, which counts as named from then on; replaces a buffer that has the new name.
    pub fn rename_buffer(&mut self, old: &str, new: &str) -> Result<(), String> {
        if old.is_empty() {
            return Err("no buffer".to_owned());
        }
        if new.is_empty() {
            return Err("new name is empty".to_owned());
        }
        let name = clean_name(new, false).ok_or_else(|| format!("invalid buffer name: {new}"))?;
        if self.buffers.get(old).is_none() {
            return Err(format!("no buffer {old}"));
        }
        if name == old {
            return Ok(());
        }
        self.delete_buffer(&name);
        if let Some(buffer) = self.buffers.by_name.remove(old) {
            let buffer = Buffer { name: name.clone(), automatic: false, ..buffer };
            self.buffers.by_name.insert(name.clone(), buffer);
        }
        self.notify_buffer(EventKind::PasteBufferDeleted, old);
        self.notify_buffer(EventKind::PasteBufferChanged, &name);
        Ok(())
    }

    /// Removes a buffer if it exists.
    pub fn delete_buffer(&mut self, name: &str) {
        if self.buffers.get(name).is_some() {
            self.notify_buffer(EventKind::PasteBufferDeleted, name);
            self.buffers.by_name.remove(name);
        }
    }
}
