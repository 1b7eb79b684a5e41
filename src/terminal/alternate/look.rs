//! Samples ("looks") of the alternate screen (`alternate-history frames`).

use super::tables::{Listed, key_of};
use super::{Alternate, Known, count_chars, row_of, text_end};
use crate::base::history::Row;
use crate::terminal::cells::Packed;
use crate::terminal::grid::Grid;
use crate::terminal::line::Line;
use crate::terminal::screen::Screen;

/// Seconds between samples that keep rows which stay on the screen.
const FRAME_SECS: i64 = 10;
/// Samples per second before a clear; a program that clears more often is sampled again in the next
/// second. More of them would cost a program that clears for each frame a tenth of its time.
const MAX_CLEARS: u32 = 2;

/// Reason for a sample of the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::terminal) enum Why {
    /// More output comes, in another second than the last sample.
    Later,
    /// The screen will be cleared.
    Clear,
    /// The program leaves the alternate screen.
    Leave,
}

/// A row in the last sample.
#[derive(Default)]
struct Seen {
    known: Known,
    line: Line,
    /// Key of a row of a table.
    key: Option<u64>,
    /// True if the sample before contained it too.
    stood: bool,
}

/// The last sample.
#[derive(Default)]
pub(super) struct Looks {
    rows: Vec<Seen>,
    /// For each row of the screen, the row that was kept last.
    kept: Vec<Option<Line>>,
    /// Rows of tables that were kept and still show.
    listed: Listed,
    /// Times of the last sample, of the sample in `rows`, and of the last sample that kept rows.
    looked: i64,
    seen_at: i64,
    framed: i64,
    clears: u32,
}

impl Looks {
    pub(super) fn lines_mut(&mut self) -> impl Iterator<Item = &mut Line> {
        self.rows.iter_mut().map(|seen| &mut seen.line).chain(self.kept.iter_mut().flatten())
    }

    fn forget(&mut self) {
        self.rows.clear();
        self.kept.clear();
        self.listed.clear();
        self.clears = 0;
    }
}

impl Screen {
    /// Samples the alternate screen, if the option is on and the screen shows.
    pub(in crate::terminal) fn look(&mut self, why: Why) {
        if self.grid.saved.is_none() {
            return;
        }
        let Some(alternate) = &mut self.grid.alternate else { return };
        if alternate.title != self.title {
            alternate.title.clone_from(&self.title);
        }
        self.grid.look(why);
    }

    /// Handles the switch to the alternate screen: another program starts.
    pub(in crate::terminal) fn begin_alternate(&mut self) {
        if let Some(alternate) = &mut self.grid.alternate {
            alternate.heading = true;
            alternate.looks.forget();
            alternate.looks.looked = self.grid.now;
            alternate.looks.framed = self.grid.now;
            alternate.kept = false;
        }
    }
}

impl Grid {
    fn look(&mut self, why: Why) {
        if why != Why::Later {
            self.settle_alternate();
        }
        let Some(mut alternate) = self.alternate.take() else { return };
        // An empty screen counts as no sample before a clear.
        let empty = || why == Why::Clear && self.lines.iter().all(|line| text_end(&line.cells) == 0);
        if alternate.frames && !empty() && alternate.looks.is_due(why, self.now) {
            let rows = self.look_with(&mut alternate, why);
            if !rows.is_empty() {
                alternate.heading = true;
                self.write_alternate(&mut alternate, &rows);
                // Rows that scroll off from now on belong to another moment.
                alternate.heading = why == Why::Leave;
            }
        }
        if why == Why::Leave {
            alternate.looks.forget();
        }
        self.alternate = Some(alternate);
    }

    /// Rows to keep of the screen, and of the last sample.
    fn look_with(&self, alternate: &mut Alternate, why: Why) -> Vec<Row> {
        let mut looks = std::mem::take(&mut alternate.looks);
        let frame = self.now - looks.framed >= FRAME_SECS;
        let drawn = looks.rows.len() != self.lines.len()
            || looks.rows.iter().zip(&self.lines).any(|(seen, line)| seen.line.cells != line.cells);
        let mut out = Vec::new();
        if drawn || frame || why != Why::Later {
            // A row whose cells are those of the last sample is known without hashing it again.
            let known = |(y, line): (usize, &Line)| match looks.rows.get(y) {
                Some(seen) if seen.line.cells == line.cells => seen.known,
                _ => Known::of(line, &self.tables),
            };
            let now: Vec<Known> = self.lines.iter().enumerate().map(known).collect();
            let keys: Vec<Option<u64>> = self.keys(&looks, &now);
            let before = sorted(looks.rows.iter().map(|seen| seen.known.hash));
            if looks.rows.len() != now.len() || looks.rows.iter().zip(&now).any(|(a, b)| a.known != *b) {
                let there = sorted(now.iter().map(|known| known.hash));
                self.keep_gone(alternate, &mut looks, &there, &mut out);
            }
            looks.listed.see(&keys, self.now);
            if why != Why::Later || frame {
                self.keep_shown(alternate, &mut looks, why, (&now, &keys, &before), &mut out);
            }
            looks.rows.resize_with(now.len(), Seen::default);
            for (((seen, line), known), key) in looks.rows.iter_mut().zip(&self.lines).zip(now).zip(keys) {
                seen.stood = before.binary_search(&known.hash).is_ok();
                (seen.known, seen.key) = (known, key);
                if seen.line.cells != line.cells {
                    seen.line.clone_from(line);
                }
            }
        } else {
            looks.rows.iter_mut().for_each(|seen| seen.stood = true);
        }
        looks.seen_at = looks.looked;
        alternate.looks = looks;
        out
    }

    /// Keys of the rows that belong to a table.
    fn keys(&self, looks: &Looks, now: &[Known]) -> Vec<Option<u64>> {
        let key = |(y, (line, known)): (usize, (&Line, &Known))| match looks.rows.get(y) {
            Some(seen) if seen.known == *known => seen.key,
            _ => key_of(&line.cells[..text_end(&line.cells)]),
        };
        self.lines.iter().zip(now).enumerate().map(key).collect()
    }

    /// Keeps rows that the screen shows. `now` are their identities, `keys` those of rows of tables,
    /// `before` the sorted hashes of the last sample.
    fn keep_shown(
        &self,
        alternate: &mut Alternate,
        looks: &mut Looks,
        why: Why,
        (now, keys, before): (&[Known], &[Option<u64>], &[u64]),
        out: &mut Vec<Row>,
    ) {
        looks.framed = self.now;
        looks.kept.resize_with(now.len(), || None);
        let keys_before = sorted(looks.rows.iter().filter_map(|seen| seen.key));
        begin(alternate);
        for (y, ((line, known), key)) in self.lines.iter().zip(now).zip(keys).enumerate() {
            let row_stood = key.is_some_and(|key| keys_before.binary_search(&key).is_ok());
            let stood = row_stood || before.binary_search(&known.hash).is_ok();
            let drawn_again = || {
                let like = |old: &Line| *old.cells != *line.cells && is_like(old, line);
                key.is_some_and(|key| looks.listed.has(key))
                    || looks.kept[y].as_ref().is_some_and(like)
                    || (why == Why::Clear && looks.rows.get(y).is_some_and(|seen| like(&seen.line)))
            };
            // The cheap question first: most rows are known.
            let wanted = known.is_short()
                || match why {
                    Why::Leave => true,
                    Why::Clear => alternate.repeats.is_known(known.hash) || !drawn_again(),
                    Why::Later => stood && (alternate.repeats.is_known(known.hash) || !drawn_again()),
                };
            if wanted {
                let count = out.len();
                alternate.keep_once(*known, || row_of(line, &self.tables, self.now), out);
                if out.len() > count {
                    looks.kept[y] = Some(line.clone());
                }
                key.iter().for_each(|key| looks.listed.add(*key, self.now));
            } else {
                alternate.kept = false;
            }
        }
    }

    /// Keeps rows of the last sample that have left the screen and were not redrawn with changes:
    /// only those that two samples saw, or all of them if they are most of the screen.
    fn keep_gone(&self, alternate: &mut Alternate, looks: &mut Looks, there: &[u64], out: &mut Vec<Row>) {
        let is_gone = |(y, seen): (usize, &Seen)| {
            let again = || {
                seen.key.is_some_and(|key| looks.listed.has(key))
                    || self.lines.get(y).is_some_and(|line| is_like(&seen.line, line))
            };
            there.binary_search(&seen.known.hash).is_err() && !again()
        };
        let long = |seen: &Seen| !seen.known.is_short();
        let all = looks.rows.iter().filter(|seen| long(seen)).count();
        let gone: Vec<bool> = looks.rows.iter().enumerate().map(is_gone).collect();
        let count = gone.iter().zip(&looks.rows).filter(|(gone, seen)| **gone && long(seen)).count();
        let most = count * 2 > all;
        begin(alternate);
        for (seen, gone) in looks.rows.iter().zip(gone) {
            let wanted = if most { gone || seen.stood } else { gone && seen.stood };
            if seen.known.is_short() || wanted {
                alternate.keep_once(seen.known, || row_of(&seen.line, &self.tables, looks.seen_at), out);
                seen.key.iter().for_each(|key| looks.listed.add(*key, self.now));
            } else {
                alternate.kept = false;
            }
        }
    }
}

fn sorted(hashes: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut hashes: Vec<u64> = hashes.collect();
    hashes.sort_unstable();
    hashes
}

impl Looks {
    /// Reports whether a sample is due now.
    fn is_due(&mut self, why: Why, now: i64) -> bool {
        let later = now != self.looked;
        if later {
            (self.looked, self.clears) = (now, 0);
        }
        match why {
            Why::Later => later,
            Why::Leave => true,
            Why::Clear => {
                self.clears += 1;
                self.clears <= MAX_CLEARS
            }
        }
    }
}

/// Starts a group of rows that is unrelated to the rows before.
fn begin(alternate: &mut Alternate) {
    alternate.kept = true;
    alternate.short.clear();
}

/// Characters of a line, all digits mapped to one and repeats removed, so that bars, counters and
/// clocks are equal whatever they show.
fn outline(cells: &[Packed]) -> impl Iterator<Item = u32> {
    let mut last = None;
    let kinds = cells.iter().map(|cell| match cell.glyph_bits() {
        glyph if glyph.wrapping_sub(u32::from(b'0')) < 10 => u32::from(b'0'),
        glyph => glyph,
    });
    kinds.filter(move |kind| last.replace(*kind) != Some(*kind))
}

/// Reports whether two lines differ only in small changes: at most a third of the characters, or
/// only in what `outline` removes.
fn is_like(a: &Line, b: &Line) -> bool {
    let (a, b) = (&a.cells[..text_end(&a.cells)], &b.cells[..text_end(&b.cells)]);
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    // Without branches, so that the compiler compares several cells at once.
    let differs = |(a, b): (&Packed, &Packed)| u32::from(a.glyph_bits() != b.glyph_bits());
    let changed: u32 = short.iter().zip(long).map(differs).sum();
    // Characters are counted only if their count can matter: lines are mostly text, or mostly changed.
    let few = || {
        let more = count_chars(&long[short.len()..]);
        (changed + more) * 3 <= count_chars(&long[..short.len()]) + more
    };
    !long.is_empty() && ((changed as usize * 3 <= long.len() && few()) || outline(a).eq(outline(b)))
}
