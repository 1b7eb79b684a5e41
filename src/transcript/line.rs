//! Logical lines as bytes: the record that blocks are made of.
//!
//! ```text
//! record := length:varint body
//! body   := flags:u8 time:zigzag cols:varint [WIDE: counted-width:varint] [MARKS: row-flags:u8]
//!           [BREAKS: unwritten:varint count:varint row*]
//!           [not PLAIN: count:varint run*] text
//! row    := cols:varint row-flags:u8 size:varint [row-flags & 1: count:varint run*]
//! run    := tag:u8 [columns:u8 for clusters and tabs] [bytes:varint] [cols:varint] [style]
//! ```
//!
//! Times are relative to the block's. Text comes last and in one piece, so that a search can scan
//! the bytes of a whole block.

use super::layout::{self, Break, Breaks, Cutter, Gap, OpenLine, Shape, Whole};
use crate::base::codec::{Malformed, Reader, put_varint};
use crate::base::history::{Row, RowFlags, RowRef, Run, RunKind, Runs, push_run};
use crate::base::{Attrs, CellFlags, CellStyle, Colour, LinkId};

bitflags::bitflags! {
    /// Properties of a line that its record states.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) struct LineFlags: u8 {
        /// The first row has flags of its own.
        const MARKS = 0x1;
        /// The next record continues this line, which was too long for one.
        const CONTINUES = 0x4;
        /// The last row is empty and is never joined, at any width.
        const EMPTY_TAIL = 0x8;
        /// A cell has a wrap width other than one column.
        const WIDE = 0x10;
        /// The rows differ from the layout at the pane's width; their ends are recorded.
        const BREAKS = 0x20;
        /// One run of single-column characters in the default style, or nothing.
        const PLAIN = 0x40;
    }
}

/// Bit beside a row's flags, in the place of `WRAPPED`, which is not recorded: runs of blanks that
/// do not count as written follow the row.
const ROW_HAS_GAP: u8 = RowFlags::WRAPPED.bits();
/// More columns than any row has.
const MAX_ROW_COLS: u32 = 1 << 16;

const TAG_NARROW: u8 = 0;
const TAG_WIDE: u8 = 1;
const TAG_CLUSTER: u8 = 2;
const TAG_TAB: u8 = 3;
const TAG_CLEARED: u8 = 4;
/// A cluster or tab that was cut: it takes fewer columns than its width, and records how many.
const TAG_CUT_CLUSTER: u8 = 5;
const TAG_CUT_TAB: u8 = 6;
const TAG_MASK: u8 = 0x0f;
const TAG_NOPALETTE: u8 = 0x10;
/// The style is that of the previous run (the default style at the start).
const TAG_SAME_STYLE: u8 = 0x20;
const TAG_PADDING: u8 = 0x40;
const TAG_NARROW_FILLERS: u8 = 0x80;
/// Tags of the recorded cell flags.
const FLAG_TAGS: [(CellFlags, u8); 3] = [
    (CellFlags::NOPALETTE, TAG_NOPALETTE),
    (CellFlags::PADDING, TAG_PADDING),
    (CellFlags::NARROW_FILLERS, TAG_NARROW_FILLERS),
];

/// A decoded record; the text is borrowed from the block.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    pub flags: LineFlags,
    /// Flags of the first row.
    pub marks: RowFlags,
    pub time: i64,
    /// Columns that count as written.
    pub cols: u32,
    /// Count of columns after them.
    pub unwritten: u32,
    pub text: &'a str,
    pub runs: Runs,
    /// Rows as they were pushed; empty unless `BREAKS`.
    pub pushed: Breaks,
}

/// The part of a record that row counting needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineHead {
    pub flags: LineFlags,
    /// Columns that count as written.
    pub cols: u32,
    /// Wrap width of its cells.
    pub width: u32,
    /// Count of rows as pushed; 0 unless `BREAKS`.
    pub pushed_rows: u32,
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn put_colour(out: &mut Vec<u8>, colour: Colour) {
    match colour {
        Colour::None => out.push(0),
        Colour::Default => out.push(1),
        Colour::Terminal => out.push(2),
        Colour::Basic(n) => out.extend([3, n]),
        Colour::Indexed(n) => out.extend([4, n]),
        Colour::Rgb(r, g, b) => out.extend([5, r, g, b]),
    }
}

fn colour(reader: &mut Reader) -> Result<Colour, Malformed> {
    Ok(match reader.u8()? {
        0 => Colour::None,
        1 => Colour::Default,
        2 => Colour::Terminal,
        3 => Colour::Basic(reader.u8()?),
        4 => Colour::Indexed(reader.u8()?),
        5 => {
            let rgb = reader.bytes(3)?;
            Colour::Rgb(rgb[0], rgb[1], rgb[2])
        }
        _ => return Err(Malformed),
    })
}

const STYLE_FG: u8 = 1;
const STYLE_BG: u8 = 2;
const STYLE_US: u8 = 4;
const STYLE_ATTRS: u8 = 8;
const STYLE_LINK: u8 = 16;

fn put_style(out: &mut Vec<u8>, style: &CellStyle) {
    let at = out.len();
    out.push(0);
    let mut mask = 0;
    for (bit, colour) in [(STYLE_FG, style.fg), (STYLE_BG, style.bg), (STYLE_US, style.us)] {
        if colour != Colour::Default {
            mask |= bit;
            put_colour(out, colour);
        }
    }
    if !style.attrs.is_empty() {
        mask |= STYLE_ATTRS;
        put_varint(out, u64::from(style.attrs.bits()));
    }
    if style.link.0 != 0 {
        mask |= STYLE_LINK;
        put_varint(out, u64::from(style.link.0));
    }
    out[at] = mask;
}

fn style(reader: &mut Reader) -> Result<CellStyle, Malformed> {
    let mask = reader.u8()?;
    let mut style = CellStyle::DEFAULT;
    for (bit, slot) in [(STYLE_FG, &mut style.fg), (STYLE_BG, &mut style.bg), (STYLE_US, &mut style.us)] {
        if mask & bit != 0 {
            *slot = colour(reader)?;
        }
    }
    if mask & STYLE_ATTRS != 0 {
        style.attrs = Attrs::from_bits_truncate(number(reader)? as u16);
    }
    if mask & STYLE_LINK != 0 {
        style.link = LinkId(number(reader)?);
    }
    Ok(style)
}

/// Larger than any number of columns, rows or bytes in a record, so that sums of them fit.
const MAX_NUMBER: u64 = 1 << 24;

#[inline]
fn number(reader: &mut Reader) -> Result<u32, Malformed> {
    match reader.varint()? {
        number if number < MAX_NUMBER => Ok(number as u32),
        _ => Err(Malformed),
    }
}

fn put_run(out: &mut Vec<u8>, run: &Run, last: &CellStyle) {
    let (tag, param) = match run.kind {
        RunKind::Narrow => (TAG_NARROW, None),
        RunKind::Wide => (TAG_WIDE, None),
        RunKind::Cluster(width) if run.cols != u32::from(width) => (TAG_CUT_CLUSTER, Some(width)),
        RunKind::Tab(width) if run.cols != u32::from(width) => (TAG_CUT_TAB, Some(width)),
        RunKind::Cluster(width) => (TAG_CLUSTER, Some(width)),
        RunKind::Tab(width) => (TAG_TAB, Some(width)),
        RunKind::Cleared => (TAG_CLEARED, None),
    };
    let same = *last == run.style;
    let flags: u8 = FLAG_TAGS.iter().filter(|(flag, _)| run.flags.contains(*flag)).map(|(_, tag)| tag).sum();
    out.push(tag | flags | if same { TAG_SAME_STYLE } else { 0 });
    out.extend(param);
    if has_text(tag) {
        put_varint(out, u64::from(run.bytes));
    }
    if !matches!(tag, TAG_CLUSTER | TAG_TAB) {
        put_varint(out, u64::from(run.cols));
    }
    if !same {
        put_style(out, &run.style);
    }
}

fn put_runs(out: &mut Vec<u8>, runs: &[Run]) {
    put_varint(out, runs.len() as u64);
    let mut last = CellStyle::DEFAULT;
    for run in runs {
        put_run(out, run, &last);
        last = run.style;
    }
}

fn has_text(tag: u8) -> bool {
    matches!(tag, TAG_NARROW | TAG_WIDE | TAG_CLUSTER | TAG_CUT_CLUSTER)
}

#[inline]
fn run(reader: &mut Reader, last: &CellStyle) -> Result<Run, Malformed> {
    let byte = reader.u8()?;
    let tag = byte & TAG_MASK;
    if byte & !TAG_SAME_STYLE == TAG_NARROW {
        // Most runs are of this kind.
        let (kind, flags, bytes, cols) =
            (RunKind::Narrow, CellFlags::empty(), number(reader)?, number(reader)?);
        let style = if byte & TAG_SAME_STYLE != 0 { *last } else { style(reader)? };
        return Ok(Run { kind, style, flags, bytes, cols });
    }
    let kind = match tag {
        TAG_NARROW => RunKind::Narrow,
        TAG_WIDE => RunKind::Wide,
        TAG_CLUSTER | TAG_CUT_CLUSTER => RunKind::Cluster(reader.u8()?),
        TAG_TAB | TAG_CUT_TAB => RunKind::Tab(reader.u8()?),
        TAG_CLEARED => RunKind::Cleared,
        _ => return Err(Malformed),
    };
    let bytes = if has_text(tag) { number(reader)? } else { 0 };
    let cols = match kind {
        RunKind::Cluster(width) | RunKind::Tab(width) if matches!(tag, TAG_CLUSTER | TAG_TAB) => {
            u32::from(width)
        }
        _ => number(reader)?,
    };
    let held = FLAG_TAGS.iter().filter(|(_, tag)| byte & tag != 0);
    let flags = held.fold(CellFlags::empty(), |flags, (flag, _)| flags | *flag);
    let style = if byte & TAG_SAME_STYLE != 0 { *last } else { style(reader)? };
    Ok(Run { kind, style, flags, bytes, cols })
}

fn runs<T: Extend<Run>>(reader: &mut Reader, mut all: T) -> Result<T, Malformed> {
    let mut last = CellStyle::DEFAULT;
    for _ in 0..number(reader)? {
        let run = run(reader, &last)?;
        last = run.style;
        all.extend([run]);
    }
    Ok(all)
}

/// The blanks behind a row.
fn gap(reader: &mut Reader) -> Result<Gap, Malformed> {
    let gap = runs(reader, Gap::new())?;
    let blank = |run: &Run| run.kind == RunKind::Cleared && run.cols <= MAX_ROW_COLS;
    (gap.iter().all(blank) && gap.len() <= layout::MAX_GAP_RUNS).then_some(gap).ok_or(Malformed)
}

/// True if a row has only narrow characters of the default style, so that its runs need not be written.
fn is_plain(runs: &[Run]) -> bool {
    match runs {
        [] => true,
        [run] => {
            run.kind == RunKind::Narrow
                && run.style == CellStyle::DEFAULT
                && (run.flags & layout::KEPT_FLAGS).is_empty()
        }
        _ => false,
    }
}

/// Appends the record of a line to `out`; returns its properties. `scratch` is a buffer reused
/// between calls.
pub(super) fn put_line(
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    line: &OpenLine,
    width: u32,
    base_time: i64,
) -> LineFlags {
    let runs = &line.row.runs;
    let plain = is_plain(runs);
    let irregular = line.irregular(width) || line.row.unwritten > 0;
    let wide = !plain && layout::has_wide(runs, line.cols);
    let mut flags = LineFlags::empty();
    flags.set(LineFlags::MARKS, !line.row.flags.is_empty());
    flags.set(LineFlags::PLAIN, plain);
    flags.set(LineFlags::CONTINUES, line.continues);
    flags.set(LineFlags::EMPTY_TAIL, line.empty_tail());
    flags.set(LineFlags::WIDE, wide);
    flags.set(LineFlags::BREAKS, irregular);
    scratch.clear();
    scratch.push(flags.bits());
    put_varint(scratch, zigzag(line.row.time.wrapping_sub(base_time)));
    put_varint(scratch, u64::from(line.cols));
    if wide {
        put_varint(scratch, u64::from(layout::wrap_width(runs, line.cols)));
    }
    if !line.row.flags.is_empty() {
        scratch.push(line.row.flags.bits());
    }
    if irregular {
        put_varint(scratch, u64::from(line.row.unwritten));
        put_varint(scratch, line.breaks.len() as u64);
        let mut before = 0;
        for b in &line.breaks {
            put_varint(scratch, u64::from(b.end - before));
            let gap = if b.gap.is_empty() { 0 } else { ROW_HAS_GAP };
            scratch.push((b.flags - RowFlags::WRAPPED).bits() | gap);
            put_varint(scratch, u64::from(b.size));
            if !b.gap.is_empty() {
                put_runs(scratch, &b.gap);
            }
            before = b.end;
        }
    }
    if !plain {
        put_runs(scratch, runs);
    }
    put_varint(out, (scratch.len() + line.row.text.len()) as u64);
    out.extend_from_slice(scratch);
    out.extend_from_slice(line.row.text.as_bytes());
    flags
}

/// Appends the record of a line of one row: plain text of the usual size. `time` is relative to the
/// block's.
pub(super) fn put_text(out: &mut Vec<u8>, text: &[u8], time: i64) {
    let (time, cols) = (zigzag(time), text.len() as u64);
    if time < 0x80 && cols < 0x7d {
        // The common case: all three numbers fit in one byte.
        out.extend_from_slice(&[cols as u8 + 3, LineFlags::PLAIN.bits(), time as u8, cols as u8]);
    } else {
        put_varint(out, 1 + varint_len(time) + varint_len(cols) + cols);
        out.push(LineFlags::PLAIN.bits());
        put_varint(out, time);
        put_varint(out, cols);
    }
    out.extend_from_slice(text);
}

/// Count of bytes that `put_varint` appends.
fn varint_len(value: u64) -> u64 {
    u64::from((64 - (value | 1).leading_zeros()).div_ceil(7))
}

/// Appends the record of a row that is a whole line with the usual layout (most are): its text is
/// copied once, directly from the row. Returns the row's properties; `None` if the row is not like
/// that.
pub(super) fn put_row(
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    row: &Row,
    width: u32,
    base_time: i64,
) -> Option<Whole> {
    let whole = layout::whole(row, width)?;
    let plain = is_plain(&row.runs);
    let mut flags = LineFlags::empty();
    flags.set(LineFlags::MARKS, !row.flags.is_empty());
    flags.set(LineFlags::PLAIN, plain);
    flags.set(LineFlags::WIDE, whole.wide);
    scratch.clear();
    scratch.push(flags.bits());
    put_varint(scratch, zigzag(row.time.wrapping_sub(base_time)));
    put_varint(scratch, u64::from(whole.cols));
    if whole.wide {
        put_varint(scratch, u64::from(whole.width));
    }
    if !row.flags.is_empty() {
        scratch.push(row.flags.bits());
    }
    if !plain {
        put_runs(scratch, &row.runs);
    }
    put_varint(out, (scratch.len() + row.text.len()) as u64);
    out.extend_from_slice(scratch);
    out.extend_from_slice(row.text.as_bytes());
    Some(whole)
}

/// The body of the record at the start of `reader`, which then moves past the record.
pub(super) fn body<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let len = usize::try_from(reader.varint()?).map_err(|_| Malformed)?;
    reader.bytes(len)
}

/// Reads the part of a record's body that row counting needs.
pub(super) fn head(body: &[u8]) -> Result<LineHead, Malformed> {
    let mut reader = Reader(body);
    let (flags, _, cols, width, _) = start(&mut reader)?;
    let pushed_rows = if flags.contains(LineFlags::BREAKS) {
        number(&mut reader)?;
        number(&mut reader)?
    } else {
        0
    };
    Ok(LineHead { flags, cols, width, pushed_rows })
}

/// Flags, time, columns, counted width and marks.
fn start(reader: &mut Reader) -> Result<(LineFlags, i64, u32, u32, RowFlags), Malformed> {
    let flags = LineFlags::from_bits(reader.u8()?).ok_or(Malformed)?;
    let time = unzigzag(reader.varint()?);
    let cols = number(reader)?;
    let width = if flags.contains(LineFlags::WIDE) { number(reader)? } else { cols };
    let marks = if flags.contains(LineFlags::MARKS) { reader.u8()? } else { 0 };
    Ok((flags, time, cols, width, RowFlags::from_bits_truncate(marks)))
}

/// Reads a record's body, checking that its parts are consistent.
pub(super) fn parse(body: &[u8], base_time: i64) -> Result<Line<'_>, Malformed> {
    parse_into(body, base_time, Runs::new())
}

/// The same into a list of runs that was used before.
pub(super) fn parse_into(body: &[u8], base_time: i64, mut runs: Runs) -> Result<Line<'_>, Malformed> {
    runs.clear();
    let mut reader = Reader(body);
    let (flags, time, cols, _, marks) = start(&mut reader)?;
    let time = time.wrapping_add(base_time);
    let (mut pushed, mut unwritten) = (Breaks::new(), 0);
    if flags.contains(LineFlags::BREAKS) {
        unwritten = number(&mut reader)?;
        let mut end = 0u32;
        for _ in 0..number(&mut reader)? {
            end = end.checked_add(number(&mut reader)?).ok_or(Malformed)?;
            let bits = reader.u8()?;
            let flags = RowFlags::from_bits_truncate(bits) - RowFlags::WRAPPED;
            let size = number(&mut reader)?;
            let gap = if bits & ROW_HAS_GAP != 0 { gap(&mut reader)? } else { Gap::new() };
            pushed.push(Break { end, flags, size, gap });
        }
        if end != cols || pushed.is_empty() {
            return Err(Malformed);
        }
    }
    if !flags.contains(LineFlags::PLAIN) {
        runs = self::runs(&mut reader, runs)?;
    }
    let text = std::str::from_utf8(reader.0).map_err(|_| Malformed)?;
    if flags.contains(LineFlags::PLAIN) && cols > 0 {
        let (style, flags) = (CellStyle::DEFAULT, CellFlags::empty());
        runs.push(Run { kind: RunKind::Narrow, style, flags, bytes: text.len() as u32, cols });
    }
    let mut at = 0usize;
    let mut total = 0u64;
    for run in &runs {
        at += run.bytes as usize;
        total += u64::from(run.cols);
        if !text.is_char_boundary(at) {
            return Err(Malformed);
        }
    }
    if at != text.len() || total != u64::from(cols) + u64::from(unwritten) {
        return Err(Malformed);
    }
    Ok(Line { flags, marks, time, cols, unwritten, text, runs, pushed })
}

impl Line<'_> {
    fn shape(&self) -> Shape<'_> {
        Shape {
            runs: &self.runs,
            cols: self.cols,
            unwritten: self.unwritten,
            flags: self.marks,
            empty_tail: self.flags.contains(LineFlags::EMPTY_TAIL),
        }
    }

    /// Wrap width of its cells.
    pub(super) fn counted(&self) -> u32 {
        layout::wrap_width(&self.runs, self.cols)
    }

    /// Wrap width of its largest cell.
    pub(super) fn largest(&self) -> u32 {
        layout::largest(&self.runs, self.cols)
    }

    fn honours(&self, as_pushed: bool) -> bool {
        as_pushed && !self.pushed.is_empty()
    }

    /// Count of rows at a width; `as_pushed`: as the recorded ends say.
    pub(super) fn rows(&self, width: u32, as_pushed: bool) -> u32 {
        if self.honours(as_pushed) {
            return self.pushed.len() as u32;
        }
        let tail = u32::from(self.flags.contains(LineFlags::EMPTY_TAIL));
        tail + if self.flags.contains(LineFlags::WIDE) {
            layout::wide_rows(layout::units(&self.runs, self.cols), width)
        } else {
            layout::narrow_rows(self.cols, width)
        }
    }

    /// Converts the line to one that can be changed, laid out for a width.
    pub(super) fn reopen(&self, width: u32, as_pushed: bool) -> OpenLine {
        let row = Row {
            flags: self.marks,
            unwritten: self.unwritten,
            size: 0,
            text: self.text.to_owned(),
            runs: self.runs.clone(),
            time: self.time,
        };
        let continues = self.flags.contains(LineFlags::CONTINUES);
        if self.honours(as_pushed) {
            return OpenLine { row, breaks: self.pushed.clone(), cols: self.cols, continues, plain: false };
        }
        let breaks = self.shape().breaks(width);
        let mut line = OpenLine { row, breaks, cols: self.cols, continues, plain: false };
        line.refill(width);
        line
    }

    /// Row number `index` at a width.
    pub(super) fn row(&self, index: u32, width: u32, as_pushed: bool) -> Option<Row> {
        self.rows_from(index, width, as_pushed).next()
    }

    /// The line's only row, borrowed from the record; `None` if the line has several rows at this width.
    pub(super) fn only_row(&self, width: u32, as_pushed: bool) -> Option<RowRef<'_>> {
        let (flags, size) = match &self.pushed[..] {
            [only] if as_pushed && only.gap.is_empty() => (only.flags, only.size),
            _ if self.honours(as_pushed) || self.rows(width, false) != 1 => return None,
            _ => (self.marks, layout::usual_size(self.cols + self.unwritten, width)),
        };
        let wrapped = self.flags.contains(LineFlags::CONTINUES);
        let flags = if wrapped { flags | RowFlags::WRAPPED } else { flags };
        let (text, runs) = (self.text, &self.runs[..]);
        Some(RowRef { flags, unwritten: self.unwritten, size, text, runs, time: self.time })
    }

    /// Rows from number `index` on at a width. Reading all of them takes time in proportion to the line's
    /// length.
    pub(super) fn rows_from(&self, index: u32, width: u32, as_pushed: bool) -> LineRows<'_> {
        let as_pushed = self.honours(as_pushed);
        let simple = !self.flags.intersects(LineFlags::WIDE | LineFlags::EMPTY_TAIL);
        let laid = match as_pushed {
            true => Some(self.pushed.clone()),
            false => (!simple).then(|| self.shape().breaks(width)),
        };
        let rows = laid.as_ref().map_or_else(|| self.rows(width, false), |laid| laid.len() as u32);
        let mut out = LineRows {
            line: self,
            cutter: Cutter::new(self.text, self.runs.clone()),
            runs: Runs::new(),
            laid,
            as_pushed,
            width: width.max(1),
            rows,
            next: index,
            col: 0,
        };
        if let Some(before) = index.min(rows).checked_sub(1) {
            out.col = out.break_of(before, 0).end;
            out.cutter.skip(out.col);
        }
        out
    }
}

/// The rows of a line, one after the other.
pub(super) struct LineRows<'a> {
    line: &'a Line<'a>,
    cutter: Cutter<'a>,
    /// Runs of the row that was made last.
    runs: Runs,
    /// Where rows end, unless each but the last is full.
    laid: Option<Breaks>,
    as_pushed: bool,
    width: u32,
    rows: u32,
    next: u32,
    /// Columns before the next row.
    col: u32,
}

impl LineRows<'_> {
    /// The end of the row that starts at column `from`.
    fn break_of(&self, index: u32, from: u32) -> Break {
        if let Some(laid) = &self.laid {
            return laid[index as usize].clone();
        }
        let end = (index + 1).saturating_mul(self.width).min(self.line.cols);
        let flags = if index == 0 { self.line.marks } else { layout::later_flags(self.line.marks) };
        let unwritten = if self.rows == 1 { self.line.unwritten } else { 0 };
        let size = layout::usual_size(end.saturating_sub(from) + unwritten, self.width);
        Break { end, flags, size, gap: Gap::new() }
    }

    /// The next row, with its text borrowed from the record. `amend` may change its runs first.
    pub(super) fn next_row(&mut self, amend: &mut dyn FnMut(&mut [Run])) -> Option<RowRef<'_>> {
        if self.next >= self.rows {
            return None;
        }
        let here = self.break_of(self.next, self.col);
        self.next += 1;
        let last = self.next == self.rows;
        let kept = if last && (self.rows == 1 || self.as_pushed) { self.line.unwritten } else { 0 };
        self.runs.clear();
        let text = self.cutter.take(here.end - self.col + kept, &mut self.runs);
        self.col = here.end;
        here.gap.iter().for_each(|run| push_run(&mut self.runs, *run));
        amend(&mut self.runs);
        let wrapped = !last || self.line.flags.contains(LineFlags::CONTINUES);
        Some(RowRef {
            flags: if wrapped { here.flags | RowFlags::WRAPPED } else { here.flags },
            unwritten: kept + layout::gap_cols(&here.gap),
            size: here.size,
            text,
            runs: &self.runs,
            time: self.line.time,
        })
    }
}

impl Iterator for LineRows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        self.next_row(&mut |_| ()).map(RowRef::to_row)
    }
}
