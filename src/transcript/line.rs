//! Logical lines as bytes: the record that blocks are made of.
//!
//! ```text
//! record := length:varint body
//! body   := flags:u8 time:zigzag cols:varint
//!           [BREAKS: count:varint (cols:varint marks:u8)*]
//!           [not PLAIN: count:varint run*] text
//! run    := tag:u8 [columns:u8 for clusters and tabs] [bytes:varint] [cols:varint] [style]
//! ```
//!
//! Times are relative to the block's. Text comes last and unbroken, so that a search can run
//! over the bytes of a whole block.

use smallvec::SmallVec;

use super::layout::{self, Break, Breaks, KEPT_FLAGS, OpenLine};
use crate::base::codec::{Malformed, Reader, put_varint};
use crate::base::history::{Row, RowFlags, Run, RunKind};
use crate::base::{Attrs, CellFlags, CellStyle, Colour, LinkId};

bitflags::bitflags! {
    /// What a record says of its line.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) struct LineFlags: u8 {
        const PROMPT = 0x1;
        const OUTPUT = 0x2;
        /// The next record is the same line, which was too long for one.
        const CONTINUES = 0x4;
        /// The last row is empty and stands alone whatever the width.
        const EMPTY_TAIL = 0x8;
        /// Some cell takes more than one column.
        const WIDE = 0x10;
        /// The rows were not filled greedily when they were pushed; where they ended is noted.
        const BREAKS = 0x20;
        /// One run of single-column characters in the default style, or nothing.
        const PLAIN = 0x40;
    }
}

const TAG_NARROW: u8 = 0;
const TAG_WIDE: u8 = 1;
const TAG_CLUSTER: u8 = 2;
const TAG_TAB: u8 = 3;
const TAG_CLEARED: u8 = 4;
const TAG_MASK: u8 = 0x0f;
const TAG_NOPALETTE: u8 = 0x10;
/// The style is the one of the run before (of the default style at the start).
const TAG_SAME_STYLE: u8 = 0x20;

/// A record read back; the text is borrowed from the block.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    pub flags: LineFlags,
    pub time: i64,
    pub cols: u32,
    pub text: &'a str,
    pub runs: SmallVec<[Run; 1]>,
    /// Rows as they were pushed; empty unless `BREAKS`.
    pub pushed: Breaks,
}

/// The little that row counting needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineHead {
    pub flags: LineFlags,
    pub cols: u32,
    /// Rows as pushed; 0 unless `BREAKS`.
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

fn number(reader: &mut Reader) -> Result<u32, Malformed> {
    u32::try_from(reader.varint()?).map_err(|_| Malformed)
}

fn put_run(out: &mut Vec<u8>, run: &Run, last: &CellStyle) {
    let (tag, param) = match run.kind {
        RunKind::Narrow => (TAG_NARROW, None),
        RunKind::Wide => (TAG_WIDE, None),
        RunKind::Cluster(width) => (TAG_CLUSTER, Some(width)),
        RunKind::Tab(width) => (TAG_TAB, Some(width)),
        RunKind::Cleared => (TAG_CLEARED, None),
    };
    let same = *last == run.style;
    let palette = if run.flags.contains(CellFlags::NOPALETTE) { TAG_NOPALETTE } else { 0 };
    out.push(tag | palette | if same { TAG_SAME_STYLE } else { 0 });
    out.extend(param);
    if !matches!(run.kind, RunKind::Tab(_) | RunKind::Cleared) {
        put_varint(out, u64::from(run.bytes));
    }
    if param.is_none() {
        put_varint(out, u64::from(run.cols));
    }
    if !same {
        put_style(out, &run.style);
    }
}

fn run(reader: &mut Reader, last: &CellStyle) -> Result<Run, Malformed> {
    let tag = reader.u8()?;
    let kind = match tag & TAG_MASK {
        TAG_NARROW => RunKind::Narrow,
        TAG_WIDE => RunKind::Wide,
        TAG_CLUSTER => RunKind::Cluster(reader.u8()?.max(1)),
        TAG_TAB => RunKind::Tab(reader.u8()?.max(1)),
        TAG_CLEARED => RunKind::Cleared,
        _ => return Err(Malformed),
    };
    let bytes = if matches!(kind, RunKind::Tab(_) | RunKind::Cleared) { 0 } else { number(reader)? };
    let cols = match kind {
        RunKind::Cluster(width) | RunKind::Tab(width) => u32::from(width),
        _ => number(reader)?,
    };
    let flags = if tag & TAG_NOPALETTE != 0 { KEPT_FLAGS } else { CellFlags::empty() };
    let style = if tag & TAG_SAME_STYLE != 0 { *last } else { style(reader)? };
    Ok(Run { kind, style, flags, bytes, cols })
}

fn marks(flags: RowFlags) -> LineFlags {
    let mut out = LineFlags::empty();
    out.set(LineFlags::PROMPT, flags.contains(RowFlags::START_PROMPT));
    out.set(LineFlags::OUTPUT, flags.contains(RowFlags::START_OUTPUT));
    out
}

/// Appends the record of a line to `out`. `scratch` is reused between calls.
pub(super) fn put_line(
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    line: &OpenLine,
    width: u32,
    base_time: i64,
) {
    let runs = &line.row.runs;
    let plain = match runs.as_slice() {
        [] => true,
        [run] => {
            run.kind == RunKind::Narrow
                && run.style == CellStyle::DEFAULT
                && (run.flags & KEPT_FLAGS).is_empty()
        }
        _ => false,
    };
    let irregular = line.irregular(width);
    let mut flags = marks(line.row.flags);
    flags.set(LineFlags::PLAIN, plain);
    flags.set(LineFlags::CONTINUES, line.continues);
    flags.set(LineFlags::EMPTY_TAIL, line.empty_tail());
    flags.set(LineFlags::WIDE, !plain && layout::has_wide(runs));
    flags.set(LineFlags::BREAKS, irregular);
    scratch.clear();
    scratch.push(flags.bits());
    put_varint(scratch, zigzag(line.row.time.wrapping_sub(base_time)));
    put_varint(scratch, u64::from(line.cols));
    if irregular {
        put_varint(scratch, line.breaks.len() as u64);
        let mut before = 0;
        for b in &line.breaks {
            put_varint(scratch, u64::from(b.end - before));
            scratch.push(b.flags.bits());
            before = b.end;
        }
    }
    if !plain {
        put_varint(scratch, runs.len() as u64);
        let mut last = CellStyle::DEFAULT;
        for run in runs {
            put_run(scratch, run, &last);
            last = run.style;
        }
    }
    put_varint(out, (scratch.len() + line.row.text.len()) as u64);
    out.extend_from_slice(scratch);
    out.extend_from_slice(line.row.text.as_bytes());
}

/// The body of the record at the start of `reader`, which moves past it.
pub(super) fn body<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let len = usize::try_from(reader.varint()?).map_err(|_| Malformed)?;
    reader.bytes(len)
}

/// Reads what row counting needs of a record's body.
pub(super) fn head(body: &[u8]) -> Result<LineHead, Malformed> {
    let mut reader = Reader(body);
    let flags = LineFlags::from_bits(reader.u8()?).ok_or(Malformed)?;
    reader.varint()?;
    let cols = number(&mut reader)?;
    let pushed_rows = if flags.contains(LineFlags::BREAKS) { number(&mut reader)? } else { 0 };
    Ok(LineHead { flags, cols, pushed_rows })
}

/// Reads a record's body, checking that its parts agree with each other.
pub(super) fn parse(body: &[u8], base_time: i64) -> Result<Line<'_>, Malformed> {
    let mut reader = Reader(body);
    let flags = LineFlags::from_bits(reader.u8()?).ok_or(Malformed)?;
    let time = unzigzag(reader.varint()?).wrapping_add(base_time);
    let cols = number(&mut reader)?;
    let mut pushed = Breaks::new();
    if flags.contains(LineFlags::BREAKS) {
        let mut end = 0u32;
        for _ in 0..number(&mut reader)? {
            end = end.checked_add(number(&mut reader)?).ok_or(Malformed)?;
            let marks = RowFlags::from_bits_truncate(reader.u8()?);
            pushed.push(Break { end, flags: marks });
        }
        if end != cols || pushed.is_empty() {
            return Err(Malformed);
        }
    }
    let mut runs: SmallVec<[Run; 1]> = SmallVec::new();
    if !flags.contains(LineFlags::PLAIN) {
        let mut last = CellStyle::DEFAULT;
        for _ in 0..number(&mut reader)? {
            let run = run(&mut reader, &last)?;
            last = run.style;
            runs.push(run);
        }
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
    if at != text.len() || total != u64::from(cols) {
        return Err(Malformed);
    }
    Ok(Line { flags, time, cols, text, runs, pushed })
}

impl Line<'_> {
    fn marks(&self) -> RowFlags {
        let mut out = RowFlags::empty();
        out.set(RowFlags::START_PROMPT, self.flags.contains(LineFlags::PROMPT));
        out.set(RowFlags::START_OUTPUT, self.flags.contains(LineFlags::OUTPUT));
        out
    }

    /// Rows taken at a width; `as_pushed` honours noted row ends.
    pub fn rows(&self, width: u32, as_pushed: bool) -> u32 {
        if as_pushed && !self.pushed.is_empty() {
            return self.pushed.len() as u32;
        }
        let tail = u32::from(self.flags.contains(LineFlags::EMPTY_TAIL));
        tail + if self.flags.contains(LineFlags::WIDE) {
            layout::wide_rows(layout::units(&self.runs), width)
        } else {
            layout::narrow_rows(self.cols, width)
        }
    }

    /// The line as one that can be changed, laid out for a width.
    pub fn reopen(&self, width: u32, as_pushed: bool) -> OpenLine {
        let breaks = if as_pushed && !self.pushed.is_empty() {
            self.pushed.clone()
        } else {
            let tail = self.flags.contains(LineFlags::EMPTY_TAIL);
            let mut laid = layout::breaks(&self.runs, self.cols, width, tail);
            laid[0].flags = self.marks();
            laid
        };
        let row = Row {
            flags: self.marks(),
            text: self.text.to_owned(),
            runs: self.runs.clone(),
            time: self.time,
            ..Row::default()
        };
        OpenLine { row, breaks, cols: self.cols, continues: self.flags.contains(LineFlags::CONTINUES) }
    }

    /// Row number `index` at a width.
    pub fn row(&self, index: u32, width: u32, as_pushed: bool) -> Option<Row> {
        let narrow = !self.flags.intersects(LineFlags::WIDE | LineFlags::EMPTY_TAIL);
        let honoured = as_pushed && !self.pushed.is_empty();
        let rows = self.rows(width, as_pushed);
        if index >= rows {
            return None;
        }
        let (from, to, flags) = if narrow && !honoured {
            let from = index * width.max(1);
            (from, from.saturating_add(width.max(1)).min(self.cols), RowFlags::empty())
        } else {
            let laid = if honoured {
                self.pushed.clone()
            } else {
                layout::breaks(&self.runs, self.cols, width, self.flags.contains(LineFlags::EMPTY_TAIL))
            };
            let here = *laid.get(index as usize)?;
            (index.checked_sub(1).map_or(0, |before| laid[before as usize].end), here.end, here.flags)
        };
        let mut row = layout::slice(self.text, &self.runs, from, to);
        row.flags = flags;
        if index == 0 {
            row.flags |= self.marks();
        }
        if index + 1 < rows || self.flags.contains(LineFlags::CONTINUES) {
            row.flags |= RowFlags::WRAPPED;
        }
        row.time = self.time;
        Some(row)
    }
}
