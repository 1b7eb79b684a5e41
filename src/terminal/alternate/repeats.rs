//! Hashes of the rows kept last, in order, to detect repetitions.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;

use super::{Known, WINDOW};
use crate::base::history::Row;
use crate::terminal::cells::StyleHasher;

/// Rows in sequence that count as a repetition of earlier rows, if at least one of them is long.
const SURE: usize = 3;

/// See the module comment.
#[derive(Default)]
pub(super) struct Repeats {
    ring: VecDeque<u64>,
    /// Number of the ring's first row, counted over all rows ever kept.
    first: u64,
    /// Number of the newest row with a hash.
    places: HashMap<u64, u64, BuildHasherDefault<StyleHasher>>,
    /// Number of the row expected next in a repetition: the end of the ring, or an earlier row
    /// after rows scrolled back in.
    at: u64,
    /// True while rows repeat earlier ones for certain.
    sure: bool,
    /// Rows that seem to repeat earlier ones.
    held: Vec<(Known, Row)>,
}

impl Repeats {
    fn end(&self) -> u64 {
        self.first + self.ring.len() as u64
    }

    fn hash_at(&self, number: u64) -> Option<u64> {
        self.ring.get(usize::try_from(number.checked_sub(self.first)?).ok()?).copied()
    }

    pub(super) fn known(&self) -> &VecDeque<u64> {
        &self.ring
    }

    pub(super) fn is_known(&self, hash: u64) -> bool {
        self.places.contains_key(&hash)
    }

    /// Reports whether a row that scrolls off is unknown while none is held back.
    pub(super) fn is_new(&self, hash: u64) -> bool {
        self.held.is_empty() && !self.is_known(hash)
    }

    pub(super) fn add(&mut self, hash: u64) {
        if self.ring.len() >= WINDOW
            && let Some(old) = self.ring.pop_front()
        {
            if self.places.get(&old) == Some(&self.first) {
                self.places.remove(&old);
            }
            self.first += 1;
        }
        self.places.insert(hash, self.end());
        self.ring.push_back(hash);
        (self.at, self.sure) = (self.end(), false);
    }

    /// Handles `rows` rows that scrolled back in. The caller must have emptied `held`.
    pub(super) fn go_back(&mut self, rows: u64) {
        self.at = self.at.saturating_sub(rows).max(self.first);
        self.sure = true;
    }

    /// Handles a row that scrolls off; appends rows to keep to `out`.
    pub(super) fn left(&mut self, known: Known, row: impl FnOnce() -> Row, out: &mut Vec<Row>) {
        if self.at < self.end() && self.hash_at(self.at) == Some(known.hash) {
            self.at += 1;
            if self.sure {
                return;
            }
            self.held.push((known, row()));
            if self.held.len() >= SURE && self.held.iter().any(|(known, _)| !known.is_short()) {
                self.held.clear();
                self.sure = true;
            }
            return;
        }
        out.extend(self.give_up());
        (self.sure, self.at) = (false, self.end());
        match self.places.get(&known.hash) {
            Some(place) => {
                self.at = place + 1;
                self.held.push((known, row()));
            }
            None => {
                self.add(known.hash);
                out.push(row());
            }
        }
    }

    /// Returns the held rows: they are no repetition, so they must be kept.
    pub(super) fn give_up(&mut self) -> Vec<Row> {
        let held = std::mem::take(&mut self.held);
        held.iter().for_each(|(known, _)| self.add(known.hash));
        held.into_iter().map(|(_, row)| row).collect()
    }
}
