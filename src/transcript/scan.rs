//! Reading many rows in order, each where its record lies: nothing is allocated, copied or locked
//! for a row.

use std::ops::Range;
use std::sync::Arc;

use super::block::{Block, Memo};
use super::frame::Unfolder;
use super::line::{self, Line};
use super::links::LinkCache;
use super::loader::Loader;
use super::sealed::Sealed;
use super::widths::Widths;
use crate::base::history::{Row, RowRef, Run, Runs};
use crate::base::links::Links;

/// Takes rows until it returns false.
pub(super) type Each<'a> = &'a mut dyn FnMut(RowRef<'_>, &Links) -> bool;

/// What a reader keeps between two ranges: the block it is in.
#[derive(Default)]
pub(super) struct Scanner {
    unfolder: Unfolder,
    block: Option<Arc<Block>>,
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scanner").finish_non_exhaustive()
    }
}

impl Clone for Scanner {
    /// Another reader begins without a block.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Scanner {
    /// A sealed block, unless it is the one that was read last unfolded into that one's memory.
    pub(super) fn block(&mut self, sealed: &Sealed, loader: &Loader) -> Arc<Block> {
        let last = self.block.take();
        let block = match last {
            Some(block) if block.id == sealed.id => block,
            last => {
                if let Some(last) = last.and_then(Arc::into_inner) {
                    self.unfolder.reuse(last.into_data());
                }
                loader.load_once(sealed, &mut self.unfolder)
            }
        };
        self.block = Some(block.clone());
        block
    }

    /// Gives up the block that was read last.
    pub(super) fn leave(&mut self) {
        self.block = None;
    }
}

/// Puts ids of a reader's table in the place of a block's own links.
pub(super) struct Relinker<'a> {
    pub block: &'a Block,
    pub cache: &'a mut LinkCache,
    pub links: &'a mut Links,
}

impl Relinker<'_> {
    fn relink(&mut self, runs: &mut [Run]) {
        if self.block.has_links() {
            self.cache.translate(runs, self.block, self.links);
        }
    }
}

impl Block {
    /// Hands over some of its rows in order until `each` has had enough: then false. A line is
    /// parsed once however many rows it takes. Rows that the block does not have are blank.
    pub(super) fn scan(
        &self,
        rows: Range<u64>,
        widths: &Widths,
        memo: &mut Memo,
        mut relinker: Relinker<'_>,
        each: Each<'_>,
    ) -> bool {
        let lay = widths.lay();
        let (mut at, to) = (rows.start as u32, rows.end as u32);
        let (starts, all) = self.row_starts(widths);
        let all = all.min(to);
        let start_of = |line: u32| starts.get(line as usize).copied();
        let (mut number, mut skip) = self.find_row(at, widths);
        let mut runs = Runs::new();
        while at < all && number < self.lines() {
            let next = if starts.is_empty() { number + 1 } else { start_of(number + 1).unwrap_or(all) };
            let count = next.min(all).saturating_sub(at);
            let body = self.body(number).unwrap_or_default();
            let mut left = count;
            if let Ok(mut line) = line::parse_into(body, self.base_time, std::mem::take(&mut runs)) {
                let known = match lay.as_pushed(self.first_line + u64::from(number)) {
                    true => Laid::AsPushed,
                    false => self.laid_since(number, &line, widths, memo),
                };
                if !hand_over(&mut line, (skip, lay.width), known, &mut left, &mut relinker, each) {
                    return false;
                }
                runs = line.runs;
            }
            if !(0..left).all(|_| each(Row::default().by_ref(), relinker.links)) {
                return false;
            }
            at += count;
            (number, skip) = (number + 1, 0);
        }
        (at..to).all(|_| each(Row::default().by_ref(), relinker.links))
    }

    /// How a line shows that was pushed before the last change of width.
    fn laid_since(&self, number: u32, line: &Line<'_>, widths: &Widths, memo: &mut Memo) -> Laid {
        let number = self.first_line + u64::from(number);
        if let Some(row) = widths.only_row(line, number, &mut memo.alike) {
            return Laid::Only(Row { flags: row.flags, size: row.size, time: row.time, ..Row::default() });
        }
        match widths.rows(line, number, self.largest, &mut memo.alike) {
            Some(rows) => Laid::Rows(rows),
            None => Laid::Filled,
        }
    }
}

/// How the rows of a line are known.
enum Laid {
    AsPushed,
    /// As filling them afresh gives.
    Filled,
    /// It has been one row all the time, of such flags, size and time.
    Only(Row),
    Rows(Vec<Row>),
}

/// Hands over at most `left` rows of a line, those before number `skip` left out.
fn hand_over(
    line: &mut Line<'_>,
    (skip, width): (u32, u32),
    laid: Laid,
    left: &mut u32,
    relinker: &mut Relinker<'_>,
    each: Each<'_>,
) -> bool {
    let as_pushed = matches!(laid, Laid::AsPushed);
    match laid {
        Laid::Rows(rows) => {
            for mut row in rows.into_iter().skip(skip as usize).take(*left as usize) {
                *left -= 1;
                relinker.relink(&mut row.runs);
                if !each(row.by_ref(), relinker.links) {
                    return false;
                }
            }
            return true;
        }
        Laid::Only(of) if skip == 0 && *left > 0 => {
            *left -= 1;
            relinker.relink(&mut line.runs);
            let Row { flags, size, time, .. } = of;
            let (text, runs) = (line.text, &line.runs[..]);
            return each(RowRef { flags, unwritten: 0, size, text, runs, time }, relinker.links);
        }
        _ => {}
    }
    if skip == 0 && *left > 0 && line.only_row(width, as_pushed).is_some() {
        *left -= 1;
        relinker.relink(&mut line.runs);
        return line.only_row(width, as_pushed).is_none_or(|row| each(row, relinker.links));
    }
    let mut rows = line.rows_from(skip, width, as_pushed);
    while *left > 0
        && let Some(row) = rows.next_row(&mut |runs| relinker.relink(runs))
    {
        *left -= 1;
        if !each(row, relinker.links) {
            return false;
        }
    }
    true
}
