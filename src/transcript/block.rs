//! A block: a sequence of records in memory, being filled or read back. Knows the offsets of its
//! lines and, for a width, the starts of their rows.

use std::collections::HashMap;

use parking_lot::Mutex;
use smallvec::SmallVec;

use super::aid::{Aid, Growing, MAX_CELLS};
use super::layout::{self, OpenLine, Unit};
use super::line::{self, Line, LineFlags, LineHead};
use super::widths::{Alike, Lay, Widths};
use crate::base::LinkId;
use crate::base::codec::{Malformed, Reader, put_varint};
use crate::base::history::Row;
use crate::base::links::{Hyperlink, Links};

/// Start of each line's rows, in one layout.
#[derive(Clone, Debug)]
struct Layout {
    lay: Lay,
    /// `Widths::id` if rows depend on more than `lay`, else 0.
    id: u32,
    rows: u32,
    /// First row of each line; empty while every line is one row.
    starts: Vec<u32>,
}

/// See the module comment.
#[derive(Debug)]
pub(super) struct Block {
    /// Unique in the store; names the block in caches.
    pub id: u64,
    /// Number of its first line, counted from the pane's beginning.
    pub first_line: u64,
    pub base_time: i64,
    data: Vec<u8>,
    offsets: Vec<u32>,
    /// Links of its cells; a cell's `LinkId(n)` means `links[n - 1]`.
    links: Vec<Hyperlink>,
    link_ids: HashMap<LinkId, u32>,
    link_bytes: usize,
    /// Upper bound on the wrap width of any line, in columns.
    pub widest: u32,
    /// Upper bound on the wrap width of any cell that is wider than a column.
    pub largest: u32,
    pub empty_tails: u32,
    /// Count of records that continue in the next record.
    pub continued: u32,
    /// True if it replaces a block that cannot be read.
    pub stands_in: bool,
    /// True if the record of some line has the ends of its rows.
    noted: bool,
    growing: Growing,
    layout: Mutex<Option<Layout>>,
}

impl Clone for Block {
    fn clone(&self) -> Self {
        Self {
            data: self.data.clone(),
            offsets: self.offsets.clone(),
            links: self.links.clone(),
            link_ids: self.link_ids.clone(),
            layout: Mutex::new(self.layout.lock().clone()),
            growing: self.growing.clone(),
            ..*self
        }
    }
}

/// Rows of the line that was read last, if its width history was replayed; invalid once the width
/// changes or lines are taken back.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo {
    /// Block and line of these rows.
    of: Option<(u64, u32)>,
    rows: Vec<Row>,
    pub alike: Alike,
    /// What stands in the place of the block that was read last, if it cannot be read: as long as
    /// the reader stays in it, the disk is not asked for every row.
    pub stand_in: Option<std::sync::Arc<Block>>,
}

/// Counts of rows by the later changes of width, the line's cells, and the ends of its rows (with
/// the columns of each), if recorded.
type OddRows = HashMap<(usize, SmallVec<[Unit; 4]>, SmallVec<[(u32, u32); 2]>), Option<u32>>;

impl Block {
    pub(super) fn new(id: u64, first_line: u64, base_time: i64) -> Self {
        Self {
            id,
            first_line,
            base_time,
            data: Vec::new(),
            offsets: Vec::new(),
            links: Vec::new(),
            link_ids: HashMap::new(),
            link_bytes: 0,
            widest: 0,
            largest: 0,
            empty_tails: 0,
            continued: 0,
            stands_in: false,
            noted: false,
            growing: Growing::default(),
            layout: Mutex::new(None),
        }
    }

    pub(super) fn lines(&self) -> u32 {
        self.offsets.len() as u32
    }

    pub(super) fn end_line(&self) -> u64 {
        self.first_line + u64::from(self.lines())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Bytes of its records and links, which decide when it is full.
    pub(super) fn bytes(&self) -> usize {
        self.data.len() + self.link_bytes
    }

    /// Its memory in bytes, roughly, without what is reserved for further lines: a block that another
    /// server reads back has the same.
    pub(super) fn memory(&self) -> usize {
        self.bytes() + 4 * self.offsets.len() + 256
    }

    /// Frees memory reserved for further lines.
    pub(super) fn shrink(&mut self) {
        self.data.shrink_to_fit();
        self.offsets.shrink_to_fit();
    }

    /// Its records, concatenated.
    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    pub(super) fn has_links(&self) -> bool {
        !self.links.is_empty()
    }

    /// Gives up its records' memory.
    pub(super) fn into_data(self) -> Vec<u8> {
        self.data
    }

    pub(super) fn link(&self, index: u32) -> Option<&Hyperlink> {
        self.links.get(index as usize)
    }

    /// The line whose record contains a byte of `data()`.
    pub(super) fn line_at_byte(&self, byte: usize) -> u32 {
        (self.offsets.partition_point(|&at| at as usize <= byte) as u32).saturating_sub(1)
    }

    /// Offset of a line's record in `data()`; the end of `data()` for a line after the last.
    pub(super) fn byte_of_line(&self, line: u32) -> usize {
        self.offsets.get(line as usize).map_or(self.data.len(), |&at| at as usize)
    }

    /// Replaces the caller's link ids in a row by the block's own; returns the changed ids.
    pub(super) fn own_links(&mut self, row: &mut Row, links: &Links) -> Vec<(LinkId, u32)> {
        let mut met = Vec::new();
        for run in row.runs.iter_mut().filter(|run| run.style.link.0 != 0) {
            let theirs = run.style.link;
            let known = self.link_ids.get(&theirs).copied();
            let index = known.or_else(|| {
                let link = links.get(theirs)?;
                self.link_bytes += link.id.len() + link.uri.len() + 8;
                self.links.push(link.clone());
                let index = self.links.len() as u32 - 1;
                self.link_ids.insert(theirs, index);
                Some(index)
            });
            run.style.link = LinkId(index.map_or(0, |i| i + 1));
            met.extend(index.map(|i| (theirs, i)));
        }
        met
    }

    /// Adds a row that is a line of its own, if it is plain. True if it was added.
    pub(super) fn push_row(&mut self, scratch: &mut Vec<u8>, row: &Row, width: u32) -> bool {
        let at = self.data.len() as u32;
        let Some(whole) = line::put_row(&mut self.data, scratch, row, width, self.base_time) else {
            return false;
        };
        self.offsets.push(at);
        self.widest = self.widest.max(whole.width);
        match whole.wide {
            true => {
                self.largest = self.largest.max(layout::largest(&row.runs, whole.cols));
                self.growing.add_wide(&row.runs, whole.cols);
            }
            false => {
                self.largest = self.largest.max(u32::from(whole.cols > 0));
                self.growing.add_narrow(whole.cols);
            }
        }
        self.laid(1, width);
        true
    }

    /// Adds a line of plain text, laid out at `width` without deviations.
    pub(super) fn push_text(&mut self, text: &[u8], time: i64, width: u32) {
        self.offsets.push(self.data.len() as u32);
        line::put_text(&mut self.data, text, time.wrapping_sub(self.base_time));
        let cols = text.len() as u32;
        self.widest = self.widest.max(cols);
        self.largest = self.largest.max(u32::from(cols > 0));
        self.growing.add_narrow(cols);
        self.laid(layout::narrow_rows(cols, width), width);
    }

    /// Appends a line.
    pub(super) fn push(&mut self, scratch: &mut Vec<u8>, line: &OpenLine, width: u32) {
        self.offsets.push(self.data.len() as u32);
        let flags = line::put_line(&mut self.data, scratch, line, width, self.base_time);
        self.widest = self.widest.max(layout::wrap_width(&line.row.runs, line.cols));
        self.largest = self.largest.max(layout::largest(&line.row.runs, line.cols));
        self.empty_tails += u32::from(line.empty_tail());
        self.continued += u32::from(line.continues);
        self.noted |= flags.contains(LineFlags::BREAKS);
        match flags.contains(LineFlags::WIDE) {
            true => self.growing.add_wide(&line.row.runs, line.cols),
            false => self.growing.add_narrow(line.cols),
        }
        self.laid(line.breaks.len() as u32, width);
    }

    /// Records the rows of the line that was added last.
    fn laid(&mut self, rows: u32, width: u32) {
        let number = self.end_line() - 1;
        let Some(layout) = self.layout.get_mut() else { return };
        if layout.lay.width != width || !layout.lay.as_pushed(number) {
            *self.layout.get_mut() = None;
            return;
        }
        if layout.starts.is_empty() && rows != 1 {
            layout.starts = (0..self.offsets.len() as u32 - 1).collect();
        }
        if rows != 1 || !layout.starts.is_empty() {
            layout.starts.push(layout.rows);
        }
        layout.rows += rows;
    }

    /// Removes the last line and returns it.
    pub(super) fn pop(&mut self, widths: &Widths) -> Option<OpenLine> {
        let last = self.lines().checked_sub(1)?;
        let (lay, number) = (widths.lay(), self.first_line + u64::from(last));
        let line = self.line(last)?;
        let rows =
            if lay.as_pushed(number) { None } else { self.followed(last, widths, &mut Alike::default()) };
        let rejoined = rows.and_then(|rows| OpenLine::of_rows(&rows, lay.width));
        let line = rejoined.unwrap_or_else(|| line.reopen(lay.width, lay.as_pushed(number)));
        self.data.truncate(self.offsets.pop().expect("a line was just read") as usize);
        self.empty_tails -= u32::from(line.empty_tail()).min(self.empty_tails);
        self.continued -= u32::from(line.continues).min(self.continued);
        *self.layout.get_mut() = None;
        self.growing.forget();
        Some(line)
    }

    pub(super) fn body(&self, line: u32) -> Option<&[u8]> {
        let at = *self.offsets.get(line as usize)? as usize;
        line::body(&mut Reader(&self.data[at..])).ok()
    }

    fn head(&self, line: u32) -> Option<LineHead> {
        line::head(self.body(line)?).ok()
    }

    /// A line, by its index in the block.
    pub(super) fn line(&self, line: u32) -> Option<Line<'_>> {
        line::parse(self.body(line)?, self.base_time).ok()
    }

    /// Reports whether its last line continues in the next block.
    pub(super) fn continues(&self) -> bool {
        let last = self.lines().checked_sub(1).and_then(|last| self.head(last));
        last.is_some_and(|head| head.flags.contains(LineFlags::CONTINUES))
    }

    /// Count of rows of a line that is filled at a width.
    fn filled_rows_of(&self, line: u32, head: &LineHead, width: u32) -> u32 {
        if head.flags.contains(LineFlags::WIDE) && head.width > width {
            return self.line(line).map_or(1, |l| l.rows(width, false));
        }
        layout::narrow_rows(head.width, width) + u32::from(head.flags.contains(LineFlags::EMPTY_TAIL))
    }

    /// Count of rows of all lines, filled at a width.
    pub(super) fn filled_rows(&self, width: u32) -> u32 {
        let rows = |n| self.head(n).map_or(1, |head| self.filled_rows_of(n, &head, width));
        (0..self.lines()).map(rows).sum()
    }

    /// The rows of a line after its width history; see `Widths::rows`.
    fn followed(&self, line: u32, widths: &Widths, alike: &mut Alike) -> Option<Vec<Row>> {
        widths.rows(&self.line(line)?, self.first_line + u64::from(line), self.largest, alike)
    }

    /// Count of rows of a line if it depends on its whole width history, else `None`. `known`
    /// caches the counts of equal lines.
    fn odd_rows_of(&self, line: u32, widths: &Widths, known: &mut OddRows) -> Option<u32> {
        let number = self.first_line + u64::from(line);
        let found = self.line(line)?;
        if !widths.odd(number, number + 1, self.largest.min(found.largest())) {
            return None;
        }
        let rows = || self.followed(line, widths, &mut Alike::default()).map(|rows| rows.len() as u32);
        if found.pushed.iter().any(|b| !b.gap.is_empty()) || found.flags.contains(LineFlags::EMPTY_TAIL) {
            return rows();
        }
        let cells = layout::units(&found.runs, found.cols).collect();
        let ends = found.pushed.iter().map(|b| (b.end, b.size)).collect();
        *known.entry((widths.changes_since(number), cells, ends)).or_insert_with(rows)
    }

    fn with_layout<T>(&self, widths: &Widths, use_it: impl FnOnce(&Layout) -> T) -> T {
        let lay = widths.lay();
        let lay = Lay { from: lay.from.clamp(self.first_line, self.end_line()), ..lay };
        let odd = self.is_odd(widths);
        let id = if odd { widths.id() } else { 0 };
        let mut slot = self.layout.lock();
        if let Some(layout) = slot.as_ref().filter(|layout| layout.lay == lay && layout.id == id) {
            return use_it(layout);
        }
        if !odd && !self.noted && self.empty_tails == 0 && self.widest <= lay.width {
            return use_it(slot.insert(Layout { lay, id, rows: self.lines(), starts: Vec::new() }));
        }
        let mut layout = Layout { lay, id, rows: 0, starts: Vec::with_capacity(self.offsets.len()) };
        let mut known = OddRows::new();
        for line in 0..self.lines() {
            layout.starts.push(layout.rows);
            let Some(head) = self.head(line) else {
                layout.rows += 1;
                continue;
            };
            let as_pushed = lay.as_pushed(self.first_line + u64::from(line));
            let noted = as_pushed && head.pushed_rows > 0;
            let followed = odd && !as_pushed && head.flags.contains(LineFlags::WIDE);
            let rows = match followed {
                true => self.odd_rows_of(line, widths, &mut known),
                false => noted.then_some(head.pushed_rows),
            };
            layout.rows += rows.unwrap_or_else(|| self.filled_rows_of(line, &head, lay.width));
        }
        if layout.rows == self.lines() && !odd {
            layout.starts = Vec::new();
        }
        use_it(slot.insert(layout))
    }

    /// The first row of each line (of none, where every line is one row), and all rows.
    pub(super) fn row_starts(&self, widths: &Widths) -> (Vec<u32>, u32) {
        self.with_layout(widths, |layout| (layout.starts.clone(), layout.rows))
    }

    /// See `Widths::odd`.
    fn is_odd(&self, widths: &Widths) -> bool {
        widths.odd(self.first_line, self.end_line(), self.largest)
    }

    /// Count of rows of all lines.
    pub(super) fn rows(&self, widths: &Widths) -> u32 {
        self.with_layout(widths, |layout| layout.rows)
    }

    /// The line that contains a row, and the index of the row in it.
    pub(super) fn find_row(&self, row: u32, widths: &Widths) -> (u32, u32) {
        self.with_layout(widths, |layout| {
            if layout.starts.is_empty() {
                return (row, 0);
            }
            let line = (layout.starts.partition_point(|&start| start <= row) as u32).saturating_sub(1);
            (line, row - layout.starts.get(line as usize).copied().unwrap_or(0))
        })
    }

    /// First row of a line.
    pub(super) fn row_of_line(&self, line: u32, widths: &Widths) -> u32 {
        self.with_layout(widths, |l| l.starts.get(line as usize).copied().unwrap_or(line))
    }

    /// Columns at which the rows of a line end.
    pub(super) fn row_ends(&self, line: u32, widths: &Widths) -> Vec<u32> {
        let lay = widths.lay();
        let as_pushed = lay.as_pushed(self.first_line + u64::from(line));
        if let Some(rows) = (!as_pushed).then(|| self.followed(line, widths, &mut Alike::default())).flatten()
        {
            let mut end = 0;
            let next = |row: &Row| {
                end += row.used();
                end
            };
            return rows.iter().map(next).collect();
        }
        let breaks = self.line(line).map(|l| l.reopen(lay.width, as_pushed).breaks);
        breaks.unwrap_or_default().iter().map(|b| b.end).collect()
    }

    /// One row, with link ids of the block.
    pub(super) fn row(&self, row: u32, widths: &Widths, memo: &mut Memo) -> Option<Row> {
        let lay = widths.lay();
        let (line, index) = self.find_row(row, widths);
        let number = self.first_line + u64::from(line);
        if lay.as_pushed(number) {
            return self.line(line)?.row(index, lay.width, true);
        }
        if memo.of != Some((self.id, line)) {
            memo.rows = self.followed(line, widths, &mut memo.alike).unwrap_or_default();
            memo.of = Some((self.id, line));
        }
        memo.rows.get(index as usize).cloned().or_else(|| self.line(line)?.row(index, lay.width, false))
    }

    /// What row counting at any width needs to know of the block.
    pub(super) fn aid(&self) -> Aid {
        if let Some(aid) = self.growing.aid() {
            return aid;
        }
        let mut aid = Aid::default();
        for n in 0..self.lines() {
            let Some(head) = self.head(n) else { continue };
            if !head.flags.contains(LineFlags::WIDE) {
                aid.add_narrow(head.cols, 1);
            } else if let Some(line) = self.line(n) {
                aid.add_wide(&line.runs, line.cols);
            }
        }
        aid
    }

    /// Rows at the current width, minus the rows of filling.
    pub(super) fn extra_rows(&self, widths: &Widths) -> i32 {
        if !self.noted && !self.is_odd(widths) {
            return 0;
        }
        self.rows(widths) as i32 - self.filled_rows(widths.lay().width) as i32
    }

    /// Encodes the block: `links:varint (id uri)* records`, each string with its length.
    pub(super) fn encode(&self) -> Vec<u8> {
        [&self.encoded_links(), self.data()].concat()
    }

    /// The links at the start of `encode`'s bytes; the records follow.
    pub(super) fn encoded_links(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.links.len() as u64);
        for text in self.links.iter().flat_map(|link| [&link.id, &link.uri]) {
            put_varint(&mut out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        out
    }

    /// The same bytes as `encode`, in the memory that the block had for its records.
    pub(super) fn into_encoded(self) -> Vec<u8> {
        let (links, mut data) = (self.encoded_links(), self.data);
        data.splice(0..0, links);
        data
    }

    /// A block for the lines that come next, which will be like those of this one: it begins with
    /// memory for as many, `spare` for their records.
    pub(super) fn next(&self, id: u64, spare: Vec<u8>) -> Self {
        let mut next = Self::new(id, self.end_line(), 0);
        next.data = spare;
        next.offsets.reserve(self.offsets.len());
        next
    }

    /// Reads `encode`'s bytes back. The number of lines is checked against `lines`.
    pub(super) fn decode(
        id: u64,
        first_line: u64,
        base_time: i64,
        mut bytes: Vec<u8>,
        lines: u32,
    ) -> Result<Self, Malformed> {
        let mut block = Self::new(id, first_line, base_time);
        let mut reader = Reader(&bytes);
        let text = |reader: &mut Reader| -> Result<String, Malformed> {
            let len = usize::try_from(reader.varint()?).map_err(|_| Malformed)?;
            String::from_utf8(reader.bytes(len)?.to_vec()).map_err(|_| Malformed)
        };
        for _ in 0..reader.varint()? {
            let link = Hyperlink { id: text(&mut reader)?, uri: text(&mut reader)? };
            block.link_bytes += link.id.len() + link.uri.len() + 8;
            block.links.push(link);
        }
        block.growing.forget();
        let before = bytes.len() - reader.0.len();
        bytes.drain(..before);
        block.data = bytes;
        let mut reader = Reader(&block.data);
        block.offsets.reserve_exact((lines as usize).min(block.data.len()));
        let mut cells = 0;
        while !reader.0.is_empty() {
            block.offsets.push((block.data.len() - reader.0.len()) as u32);
            let head = line::head(line::body(&mut reader)?)?;
            cells += u64::from(head.width.max(head.cols)) + u64::from(head.pushed_rows) + 2;
            block.widest = block.widest.max(head.width);
            block.noted |= head.pushed_rows > 0;
            block.empty_tails += u32::from(head.flags.contains(LineFlags::EMPTY_TAIL));
            block.continued += u32::from(head.flags.contains(LineFlags::CONTINUES));
        }
        if block.lines() != lines || cells > MAX_CELLS {
            return Err(Malformed);
        }
        Ok(block)
    }
}
