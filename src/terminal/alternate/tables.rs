//! Rows of tables that a program redraws with other numbers, and in another order: lists of processes, of
//! containers, of transfers.
//!
//! Such a row is known by its first two columns and by the words of the others. It is kept once, and again
//! only after it was out of view for some time.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::terminal::alternate::is_blank;
use crate::terminal::cells::{Packed, StyleHasher};

/// Numbers behind the first two columns that make a row one of a table. Lines of a log and of a program have
/// fewer, or begin with a time or a place of their own.
const NUMBERS: u32 = 3;
/// Columns that are compared as they are.
const FIXED: u32 = 2;
/// Seconds out of view after which a row of a table is a new one.
const AWAY_SECS: i64 = 60;
/// Most rows of tables that are known; at the limit those that are out of view are forgotten, then all.
const MAX_LISTED: usize = 1024;

/// Keys of rows of tables that were kept, and when they were last seen.
#[derive(Default)]
pub(super) struct Listed {
    seen: HashMap<u64, i64, BuildHasherDefault<StyleHasher>>,
    now: i64,
}

impl Listed {
    pub(super) fn clear(&mut self) {
        self.seen.clear();
    }

    pub(super) fn has(&self, key: u64) -> bool {
        self.seen.contains_key(&key)
    }

    pub(super) fn add(&mut self, key: u64, now: i64) {
        if self.seen.len() >= MAX_LISTED {
            self.seen.retain(|_, seen| *seen >= now);
        }
        if self.seen.len() >= MAX_LISTED {
            self.seen.clear();
        }
        self.seen.insert(key, now);
    }

    /// Notes which rows the screen shows now; forgets those that it has not shown for long.
    pub(super) fn see(&mut self, keys: &[Option<u64>], now: i64) {
        for key in keys.iter().flatten() {
            if let Some(seen) = self.seen.get_mut(key) {
                *seen = now;
            }
        }
        if now - self.now >= AWAY_SECS {
            self.now = now;
            self.seen.retain(|_, seen| now - *seen < AWAY_SECS);
        }
    }
}

fn is_digit(cell: Packed) -> bool {
    cell.glyph_bits().wrapping_sub(u32::from(b'0')) < 10
}

/// Count of numbers in a row, without branches, so that the compiler looks at several cells at once.
fn count_numbers(cells: &[Packed]) -> u32 {
    let first = cells.first().map_or(0, |cell| u32::from(is_digit(*cell)));
    let begins = |(before, cell): (&Packed, &Packed)| u32::from(is_digit(*cell) & !is_digit(*before));
    first + cells.iter().zip(cells.get(1..).unwrap_or_default()).map(begins).sum::<u32>()
}

/// Key of a row; `None` if it is not one of a table.
pub(super) fn key_of(cells: &[Packed]) -> Option<u64> {
    // Most rows are text.
    if count_numbers(cells) < NUMBERS {
        return None;
    }
    const FACTOR: u64 = 0x517c_c1b7_2722_0a95;
    let mut hash = FACTOR;
    let mut add = |glyph: u32| hash = (hash.rotate_left(5) ^ u64::from(glyph)).wrapping_mul(FACTOR);
    let (mut column, mut numbers, mut digits) = (0, 0, false);
    // The letter before, if it is the first of a word.
    let (mut first, mut word, mut blank) = (None, false, true);
    for cell in cells {
        if is_blank(*cell) {
            (blank, digits, word, first) = (true, false, false, None);
            continue;
        }
        if std::mem::take(&mut blank) {
            column += 1;
            add(u32::from(b' '));
        }
        let glyph = cell.glyph_bits();
        if column <= FIXED {
            add(glyph);
            continue;
        }
        numbers += u32::from(is_digit(*cell) && !digits);
        digits = is_digit(*cell);
        if !char::from_u32(glyph).is_some_and(char::is_alphabetic) {
            (word, first) = (false, None);
        } else if word {
            add(glyph);
        } else if let Some(before) = first.replace(glyph) {
            word = true;
            add(before);
            add(glyph);
        }
    }
    (numbers >= NUMBERS).then_some(hash)
}
