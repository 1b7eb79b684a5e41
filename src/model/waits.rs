//! Waiters for a pane: they are called when it prints, when its shell sets a mark, and when its program
//! ends or the pane is closed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::PaneId;
use crate::terminal::{CommandMarks, Mark};

use super::events::Keep;
use super::host::ExitStatus;
use super::{Cx, Server};

/// Maximum number of waits of all clients; one more is an error for its caller.
const MAX_WAITS: usize = 10_000;

/// Maximum number of reader keys of one pane; one more is an error for its caller.
const MAX_KEYS: usize = 64;

/// News about a pane.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// It printed something. `whole`: all output read is on the screen; otherwise more follows, which may
    /// overwrite or scroll away the present text.
    Printed { whole: bool },
    /// Its shell set a mark just now: output after the mark is not on the screen yet.
    Mark(&'a Mark, &'a CommandMarks),
    /// Its program ended.
    Exited(ExitStatus),
    /// The pane is closed, or its program is replaced.
    Gone,
    /// A wait that held the pane has ended.
    Free,
    /// A timer of this wait is due; the number is that given to `tell_later`.
    Late(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WaitId(u64);

/// Called with news about a pane.
pub trait Waiter: Send {
    fn hear(&mut self, cx: &mut Cx<'_>, id: WaitId, news: &News<'_>) -> Keep;

    /// True if other waits of this kind must not begin before this one ends.
    fn holds_pane(&self) -> bool {
        false
    }

    /// Its state as text, for the next server.
    fn save(&self) -> String;
}

/// One wait.
struct Wait {
    /// `None` while it runs.
    waiter: Option<Box<dyn Waiter>>,
    /// Timers set for it: their number, and when they are due (monotonic ms).
    due: Vec<(u32, u64)>,
}

/// A serialized wait: its pane, its waiter, and its timers.
pub(crate) type SavedWait = (PaneId, String, Vec<(u32, u64)>);

/// Serialized state beside the waits.
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
    /// Marks of each pane at the last line typed into it.
    entered: BTreeMap<PaneId, CommandMarks>,
    /// Per pane and key: how far that reader has read (`capture-pane -S @seen`).
    seen: BTreeMap<PaneId, BTreeMap<String, Seen>>,
}

/// Position of the cursor at a reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seen {
    pub line: Option<u64>,
    /// Count of the line's rows above the cursor, and its column, at a width.
    pub row: u32,
    pub col: u32,
    pub width: u32,
}

impl Waits {
    /// Stores the position of a reading, and returns that of the one before. Error: too many keys.
    pub fn look(&mut self, pane: PaneId, key: &str, now: Seen) -> Result<Option<Seen>, String> {
        let keys = self.seen.entry(pane).or_default();
        if !keys.contains_key(key) && keys.len() >= MAX_KEYS {
            return Err(format!("too many keys: {key}"));
        }
        Ok(keys.insert(key.to_owned(), now))
    }

    /// All waits as text, for the next server.
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

    /// True if a wait holds the pane, other than the one that runs.
    pub fn is_held(&self, pane: PaneId) -> bool {
        let mut waits = self.all.range((pane, WaitId(0))..=(pane, WaitId(u64::MAX)));
        waits.any(|(_, wait)| wait.waiter.as_ref().is_some_and(|waiter| waiter.holds_pane()))
    }

    /// The marks of a pane at the last line typed into it.
    pub fn entered(&self, pane: PaneId) -> Option<&CommandMarks> {
        self.entered.get(&pane)
    }
}

impl Server {
    /// Records input to a pane: if it ends a line, stores the pane's marks.
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
    /// Calls `waiter` with all later news of a pane. `None`: too many waits.
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

    /// Calls one waiter with `News::Late(what)` after `delay_ms`.
    pub fn tell_later(&mut self, pane: PaneId, id: WaitId, delay_ms: u64, what: u32) {
        if let Some(wait) = self.server.waits.all.get_mut(&(pane, id)) {
            wait.due.retain(|(known, _)| *known != what);
            wait.due.push((what, self.now.mono_ms + delay_ms));
        }
        self.host.timer(delay_ms, Box::new(move |cx| cx.tell_waiter((pane, id), &News::Late(what))));
    }

    /// Ends a wait without calling the waiter.
    pub fn end_watch(&mut self, pane: PaneId, id: WaitId) {
        self.server.waits.all.remove(&(pane, id));
        let watched = self.server.waits.is_watched(pane);
        self.host.pane_watched(pane, watched);
    }

    /// Calls all waiters of a pane.
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
            _ => {
                self.end_watch(key.0, key.1);
                if waiter.holds_pane() {
                    self.tell_waiters(key.0, &News::Free);
                }
            }
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
