//! Which rows were kept: the newest of them by hash, in order.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;

use super::{Known, WINDOW};
use crate::base::history::Row;
use crate::terminal::cells::StyleHasher;

/// Rows in a sequence that make a repetition of what left before, if one of them is no short one.
const SURE: usize = 3;

/// See the module comment.
#[derive(Default)]
pub(super) struct Repeats {
    ring: VecDeque<u64>,
    /// The number of the ring's first row, counted from the first that was ever kept.
    first: u64,
    /// The number of the newest row of a hash.
    places: HashMap<u64, u64, BuildHasherDefault<StyleHasher>>,
    /// The row that would leave next if everything repeats itself: the one behind the newest,
    /// unless rows came back.
    at: u64,
    /// What leaves are rows that left before.
    sure: bool,
    /// Rows that seem to repeat others.
    held: Vec<(Known, Row)>,
}

impl Repeats {
    fn end(&self) -> u64 {
        self.first + self.ring.len() as u64
    }

    fn hash_at(&self, number: u64) -> Option<u64> {
        self.ring.get(usize::try_from(number.checked_sub(self.first)?).ok()?).copied()
    }

    pub fn known(&self) -> &VecDeque<u64> {
        &self.ring
    }

    pub fn is_known(&self, hash: u64) -> bool {
        self.places.contains_key(&hash)
    }

    pub fn add(&mut self, hash: u64) {
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
        self.at = self.end();
    }

    /// So many rows that left last came back. Nothing may be held back.
    pub fn go_back(&mut self, rows: u64) {
        self.at = self.at.saturating_sub(rows).max(self.first);
        self.sure = true;
    }

    /// A row leaves; `out` takes what is to be kept.
    pub fn left(&mut self, known: Known, row: impl FnOnce() -> Row, out: &mut Vec<Row>) {
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

    /// Rows that were held back are no repetition.
    pub fn give_up(&mut self) -> Vec<Row> {
        let held = std::mem::take(&mut self.held);
        held.iter().for_each(|(known, _)| self.add(known.hash));
        held.into_iter().map(|(_, row)| row).collect()
    }
}
