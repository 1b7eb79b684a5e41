//! Who waits for something in a pane: they are called when it prints, when its shell sets a mark,
//! and when its program ends or the pane goes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::PaneId;
use crate::terminal::{CommandMarks, Mark};

use super::events::Keep;
use super::host::ExitStatus;
use super::{Cx, Server};

/// Waits of all clients at most; one more is an error of who asks.
const MAX_WAITS: usize = 10_000;

/// Readers of one pane that are told apart by a key; one more is an error of who asks.
const MAX_KEYS: usize = 64;

/// What there is to tell of a pane.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// It printed something. `whole`: all that was read is on the screen; otherwise there is more,
    /// which may overwrite or scroll away what is on the screen now.
    Printed { whole: bool },
    /// Its shell set a mark just now: nothing behind the mark is on the screen yet.
    Mark(&'a Mark, &'a CommandMarks),
    /// Its program ended.
    Exited(ExitStatus),
    /// It goes, or its program is replaced.
    Gone,
    /// A timer that was set for this wait is due.
    Late(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WaitId(u64);

/// Whoever waits for something in a pane.
pub trait Waiter: Send {
    fn hear(&mut self, cx: &mut Cx<'_>, id: WaitId, news: &News<'_>) -> Keep;

    /// What it is made of, for a server that takes over.
    fn save(&self) -> String;
}

/// One wait.
struct Wait {
    /// Taken out while it runs.
    waiter: Option<Box<dyn Waiter>>,
    /// Timers that were set for it: what they are for, and when they are due (monotonic ms).
    due: Vec<(u32, u64)>,
}

/// A wait as another server had it: its pane, its waiter, and its timers.
pub type SavedWait = (PaneId, String, Vec<(u32, u64)>);

/// What waits are made of beside the waiters.
#[derive(Default, Serialize, Deserialize)]
pub struct SavedLooks {
    entered: Vec<(PaneId, CommandMarks)>,
    seen: Vec<(PaneId, BTreeMap<String, Seen>)>,
}

/// All waits, by pane.
#[derive(Default)]
pub struct Waits {
    all: BTreeMap<(PaneId, WaitId), Wait>,
    next: u64,
    /// Marks of panes as they were when a line was typed into them last.
    entered: BTreeMap<PaneId, CommandMarks>,
    /// Up to where each reader has looked at a pane (`capture-pane -S @seen`).
    seen: BTreeMap<PaneId, BTreeMap<String, Seen>>,
}

/// Where the cursor was at a look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seen {
    pub line: Option<u64>,
    /// Rows of the line above it, and its column, at a width.
    pub row: u32,
    pub col: u32,
    pub width: u32,
}

impl Waits {
    /// Notes a look at a pane, and tells of the one before. An error: too many keys.
    pub fn look(&mut self, pane: PaneId, key: &str, now: Seen) -> Result<Option<Seen>, String> {
        let keys = self.seen.entry(pane).or_default();
        if !keys.contains_key(key) && keys.len() >= MAX_KEYS {
            return Err(format!("too many keys: {key}"));
        }
        Ok(keys.insert(key.to_owned(), now))
    }

    /// All waits, for a server that takes over.
    pub fn save(&self) -> Vec<SavedWait> {
        let waits = self.all.iter().filter_map(|((pane, _), wait)| {
            let waiter = wait.waiter.as_ref()?;
            Some((*pane, waiter.save(), wait.due.clone()))
        });
        waits.collect()
    }

    pub fn save_looks(&self) -> SavedLooks {
        SavedLooks {
            entered: self.entered.iter().map(|(pane, marks)| (*pane, *marks)).collect(),
            seen: self.seen.iter().map(|(pane, keys)| (*pane, keys.clone())).collect(),
        }
    }

    pub fn take_up_looks(&mut self, looks: SavedLooks) {
        self.entered.extend(looks.entered);
        self.seen.extend(looks.seen);
    }

    pub fn is_watched(&self, pane: PaneId) -> bool {
        self.all.range((pane, WaitId(0))..=(pane, WaitId(u64::MAX))).next().is_some()
    }

    /// What the marks of a pane were when a line was typed into it last.
    pub fn entered(&self, pane: PaneId) -> Option<&CommandMarks> {
        self.entered.get(&pane)
    }
}

impl Server {
    /// Input goes to a pane: if it ends a line, what comes of that is news.
    pub fn note_input(&mut self, pane: PaneId, bytes: &[u8]) {
        if bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n'))
            && let Some(p) = self.panes.get(&pane)
        {
            let marks = p.terminal.lock().marks();
            self.waits.entered.insert(pane, marks);
        }
    }
}

impl Cx<'_> {
    /// Calls `waiter` with what happens in a pane from now on. `None`: too many wait.
    pub fn watch_pane(&mut self, pane: PaneId, waiter: Box<dyn Waiter>) -> Option<WaitId> {
        let waits = &mut self.server.waits;
        if waits.all.len() >= MAX_WAITS {
            return None;
        }
        waits.next += 1;
        let id = WaitId(waits.next);
        waits.all.insert((pane, id), Wait { waiter: Some(waiter), due: Vec::new() });
        self.host.pane_watched(pane, true);
        Some(id)
    }

    /// Tells one waiter that a timer is due, after so many milliseconds.
    pub fn tell_later(&mut self, pane: PaneId, id: WaitId, delay_ms: u64, what: u32) {
        if let Some(wait) = self.server.waits.all.get_mut(&(pane, id)) {
            wait.due.retain(|(known, _)| *known != what);
            wait.due.push((what, self.now.mono_ms + delay_ms));
        }
        self.host.timer(delay_ms, Box::new(move |cx| cx.tell_waiter((pane, id), &News::Late(what))));
    }

    /// Ends a wait without a word.
    pub fn end_watch(&mut self, pane: PaneId, id: WaitId) {
        self.server.waits.all.remove(&(pane, id));
        let watched = self.server.waits.is_watched(pane);
        self.host.pane_watched(pane, watched);
    }

    /// Tells all who wait for something in a pane.
    pub fn tell_waiters(&mut self, pane: PaneId, news: &News<'_>) {
        let range = (pane, WaitId(0))..=(pane, WaitId(u64::MAX));
        let keys: Vec<_> = self.server.waits.all.range(range).map(|(key, _)| *key).collect();
        keys.into_iter().for_each(|key| self.tell_waiter(key, news));
        if matches!(news, News::Gone) {
            self.server.waits.entered.remove(&pane);
            self.server.waits.seen.remove(&pane);
        }
    }

    fn tell_waiter(&mut self, key: (PaneId, WaitId), news: &News<'_>) {
        let slot = self.server.waits.all.get_mut(&key);
        let Some(mut waiter) = slot.and_then(|wait| wait.waiter.take()) else { return };
        let keep = waiter.hear(&mut self.reborrow(), key.1, news);
        match self.server.waits.all.get_mut(&key) {
            Some(wait) if keep == Keep::On => wait.waiter = Some(waiter),
            _ => self.end_watch(key.0, key.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::super::test_host::TestHost;
    use super::*;

    #[test]
    fn waiters_are_told_of_their_pane_until_they_end() {
        struct Counting(Arc<Mutex<u32>>);
        impl Waiter for Counting {
            fn hear(&mut self, _: &mut Cx<'_>, _: WaitId, news: &News<'_>) -> Keep {
                *self.0.lock().unwrap() += 1;
                if matches!(news, News::Gone) { Keep::Ended } else { Keep::On }
            }
            fn save(&self) -> String {
                self.0.lock().unwrap().to_string()
            }
        }
        let (mut server, mut host) = (Server::default(), TestHost::default());
        let mut cx = Cx { server: &mut server, host: &mut host, now: Default::default() };
        let told = Arc::new(Mutex::new(0));
        let pane = PaneId(3);
        let id = cx.watch_pane(pane, Box::new(Counting(told.clone()))).unwrap();
        cx.tell_later(pane, id, 5, 7);
        cx.tell_waiters(PaneId(4), &News::Gone);
        cx.tell_waiters(pane, &News::Printed { whole: true });
        assert_eq!((*told.lock().unwrap(), cx.server.waits.is_watched(pane)), (1, true));
        assert_eq!(cx.server.waits.save(), [(pane, "1".to_owned(), vec![(7, 5)])]);
        cx.tell_waiters(pane, &News::Gone);
        cx.tell_waiters(pane, &News::Gone);
        assert_eq!((*told.lock().unwrap(), cx.server.waits.is_watched(pane)), (2, false));
    }
}
