//! Steps that turn one frame into the next: scrolls first, then stretches of rows.

use super::frame::Frame;
use crate::base::width::is_tied;
use crate::base::{Cell, CellFlags, CellStyle, Glyph, Rect, Surface};
use crate::outer::{Cap, Term};

/// Gap of unchanged cells between two changes that is drawn again rather than jumped over: a jump
/// costs about as many bytes.
const MAX_GAP: u32 = 4;
/// Narrowest and lowest block for which a rectangle fill pays.
const FILL_COLS: u32 = 10;
const FILL_ROWS: u32 = 3;
/// Cost of a scroll, about, in bytes: setting the region twice and moving.
const SCROLL_COST: i64 = 24;
/// Least cost of drawing a row, in bytes.
const ROW_COST: i64 = 4;

/// One step of drawing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    /// Rows of a rectangle move up (positive) or down; the new rows are blank in the default style.
    Scroll { region: Rect, lines: i32 },
    /// Draws the cells `start..end` of row `y`.
    Draw { y: u32, start: u32, end: u32 },
    /// Blanks a rectangle in a style that has only a background.
    Fill { rect: Rect, style: CellStyle },
}

impl Op {
    /// Cells that the step changes.
    pub fn rect(&self) -> Rect {
        match *self {
            Op::Scroll { region, .. } => region,
            Op::Draw { y, start, end } => Rect::new(start as i32, y as i32, end - start, 1),
            Op::Fill { rect, .. } => rect,
        }
    }
}

/// Abilities of a terminal beyond writing cells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DiffCaps {
    pub scroll_up: bool,
    pub scroll_down: bool,
    pub margins: bool,
    pub fill: bool,
}

impl DiffCaps {
    pub fn of(term: &Term) -> Self {
        Self {
            scroll_up: term.has(Cap::CSR),
            scroll_down: term.has(Cap::CSR) && (term.has(Cap::RI) || term.has(Cap::RIN)),
            margins: term.flags.margins,
            fill: term.flags.rect_fill && term.flag(Cap::BCE),
        }
    }
}

/// Steps from the shown surface to a frame. `shown` is `None` if it is not known; scrolls are
/// applied to it on the way. `rows`: rows that may differ, if known.
pub fn diff(shown: Option<&mut Surface>, frame: &Frame, rows: Option<&[bool]>, caps: &DiffCaps) -> Vec<Op> {
    let new = &frame.surface;
    let size = new.size();
    let mut ops = Vec::new();
    let Some(old) = shown.filter(|old| old.size() == size) else {
        ops.extend((0..size.rows).map(|y| Op::Draw { y, start: 0, end: size.cols }));
        return ops;
    };
    let mut looked_at = rows.map_or_else(|| vec![true; size.rows as usize], <[bool]>::to_vec);
    looked_at.resize(size.rows as usize, true);
    for region in &frame.regions {
        if let Some(op) = scroll(old, new, region, &looked_at, caps) {
            if let Op::Scroll { region, lines } = &op {
                old.scroll(region, *lines, &Cell::BLANK);
                looked_at[region.y as usize..region.bottom() as usize].fill(true);
            }
            ops.push(op);
        }
    }
    let mut spans = Vec::new();
    let mut equal = false;
    for y in 0..size.rows {
        let repeated = equal && old.repeats_row(y) && new.repeats_row(y);
        equal = !looked_at[y as usize] || old.shares_row(y, new) || repeated;
        if !equal {
            let before = spans.len();
            row_spans(y, old.row(y), new.row(y), &mut spans);
            equal = spans.len() == before;
        }
    }
    if caps.fill {
        gather_fills(new, &mut spans, &mut ops);
    }
    ops.extend(spans.iter().map(|s| Op::Draw { y: s.y, start: s.start, end: s.end }));
    ops
}

/// Reports whether two cells look the same.
pub fn same(a: &Cell, b: &Cell) -> bool {
    a.style == b.style
        && a.is_padding() == b.is_padding()
        && (a.width == b.width || a.is_padding())
        && (a.glyph == b.glyph || a.is_padding() || (is_space(a) && is_space(b)))
}

/// Reports whether a cell shows only its style.
fn is_space(cell: &Cell) -> bool {
    cell.flags.intersects(CellFlags::CLEARED | CellFlags::TAB) || cell.glyph == Glyph::Char(' ')
}

/// Reports whether a cell is a blank with only a background, so that an erased cell looks the same.
pub fn is_erasable(cell: &Cell) -> bool {
    is_space(cell) && !cell.is_padding() && cell.style.attrs.is_empty() && cell.style.link.0 == 0
}

/// A changed stretch of a row.
#[derive(Clone, Copy, Debug)]
struct Span {
    y: u32,
    start: u32,
    end: u32,
}

fn row_spans(y: u32, old: &[Cell], new: &[Cell], spans: &mut Vec<Span>) {
    let cols = new.len();
    let tied = |x: usize| is_tied(old, x) || is_tied(new, x);
    let first = spans.len();
    let mut x = 0;
    while x < cols {
        if same(&old[x], &new[x]) {
            x += 1;
            continue;
        }
        let mut start = x;
        while start > 0 && tied(start) {
            start -= 1;
        }
        let mut end = x + 1;
        while end < cols && (tied(end) || !same(&old[end], &new[end])) {
            end += 1;
        }
        match spans[first..].last_mut() {
            Some(last) if spans_join(new, last, start) => last.end = end as u32,
            _ => spans.push(Span { y, start: start as u32, end: end as u32 }),
        }
        x = end;
    }
}

/// Reports whether a new stretch continues the last one of its row: near enough, and in one style.
fn spans_join(new: &[Cell], last: &Span, start: usize) -> bool {
    let from = last.end as usize;
    if start < from {
        return true;
    }
    start - from <= MAX_GAP as usize
        && from > 0
        && new[from - 1..start].iter().all(|c| c.style == new[start].style && !c.is_padding())
}

/// A cheap hash of a row's look; collisions are possible.
fn row_hash(row: &[Cell]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut mix = |value: u64| hash = (hash ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    for cell in row {
        let glyph = match &cell.glyph {
            _ if cell.is_padding() || is_space(cell) => 0x20,
            Glyph::Char(c) => u64::from(*c as u32),
            Glyph::Cluster(text) => {
                text.bytes().fold(1u64 << 32, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)))
            }
        };
        let colour = |c: crate::base::Colour| match c {
            crate::base::Colour::Rgb(r, g, b) => {
                1 << 24 | u64::from(r) << 16 | u64::from(g) << 8 | u64::from(b)
            }
            crate::base::Colour::Basic(n) => 2 << 24 | u64::from(n),
            crate::base::Colour::Indexed(n) => 3 << 24 | u64::from(n),
            _ => 0,
        };
        let style = &cell.style;
        mix(glyph << 16 | u64::from(style.attrs.bits()));
        mix(colour(style.fg) << 32 | colour(style.bg));
    }
    hash
}

/// Hash of a row, and the approximate cost of drawing it.
fn row_facts(surface: &Surface, rect: &Rect, y: u32) -> (u64, i64) {
    let row = &surface.row(rect.y as u32 + y)[rect.x as usize..rect.right() as usize];
    let used = row.iter().filter(|c| !is_erasable(c)).count();
    (row_hash(row), used as i64 + ROW_COST)
}

/// The scroll of a region that saves most bytes, if any saves some.
fn scroll(old: &Surface, new: &Surface, region: &Rect, looked_at: &[bool], caps: &DiffCaps) -> Option<Op> {
    let size = new.size();
    let rect = region.intersect(&Rect::new(0, 0, size.cols, size.rows))?;
    let full_width = rect.size.cols == size.cols;
    let rows = rect.size.rows;
    if rows < 2 || rect.size.cols < 2 || !caps.scroll_up || (!full_width && !caps.margins) {
        return None;
    }
    let torn = |s: &Surface, y: u32| -> bool {
        let row = s.row(rect.y as u32 + y);
        let right = rect.right() as usize;
        is_tied(row, rect.x as usize) || right < row.len() && is_tied(row, right)
    };
    let differs = |y: u32| {
        let at = rect.y as u32 + y;
        let (a, b) = (&old.row(at)[rect.x as usize..], &new.row(at)[rect.x as usize..]);
        looked_at[at as usize] && a.iter().zip(b).take(rect.size.cols as usize).any(|(a, b)| !same(a, b))
    };
    if (0..rows).filter(|&y| differs(y)).take(2).count() < 2 {
        return None;
    }
    // A scroll would tear a wide character that crosses the side of the region.
    if !full_width && (0..rows).any(|y| torn(old, y) || torn(new, y)) {
        return None;
    }
    let before: Vec<_> = (0..rows).map(|y| row_facts(old, &rect, y)).collect();
    let after: Vec<_> = (0..rows).map(|y| row_facts(new, &rect, y)).collect();
    let kept = |lines: i32| -> i64 {
        after
            .iter()
            .enumerate()
            .filter(|(y, row)| {
                let from = *y as i64 + i64::from(lines);
                usize::try_from(from).ok().and_then(|f| before.get(f)).is_some_and(|b| b.0 == row.0)
            })
            .map(|(_, row)| row.1)
            .sum()
    };
    let stay = kept(0);
    let most = rows as i32 - 1;
    let down = if caps.scroll_down { -most } else { 1 };
    let gain = |lines: i32| kept(lines) - stay - SCROLL_COST - i64::from(lines.abs());
    let best = (down..=most).filter(|&l| l != 0).map(|l| (gain(l), -l.abs(), l)).max()?;
    (best.0 > 0).then_some(Op::Scroll { region: rect, lines: best.2 })
}

/// Turns blocks of rows that become blank in one background into rectangle fills.
fn gather_fills(new: &Surface, spans: &mut Vec<Span>, ops: &mut Vec<Op>) {
    let cols = new.size().cols;
    let plain = |s: &Span| -> Option<CellStyle> {
        let row = &new.row(s.y)[s.start as usize..s.end as usize];
        let style = row.first()?.style;
        // Some terminals ignore the default background in a fill, so only colours qualify.
        let fits = s.end < cols && s.end - s.start >= FILL_COLS && !style.bg.is_default();
        (fits && row.iter().all(|c| is_erasable(c) && c.style == style)).then_some(style)
    };
    let mut kept = Vec::with_capacity(spans.len());
    let mut at = 0;
    while at < spans.len() {
        let span = spans[at];
        let mut rows = 1;
        let style = plain(&span);
        if let Some(style) = style {
            while spans.get(at + rows).is_some_and(|next| {
                next.y == span.y + rows as u32
                    && (next.start, next.end) == (span.start, span.end)
                    && plain(next) == Some(style)
            }) {
                rows += 1;
            }
            if rows as u32 >= FILL_ROWS {
                let rect = Rect::new(span.start as i32, span.y as i32, span.end - span.start, rows as u32);
                ops.push(Op::Fill { rect, style });
                at += rows;
                continue;
            }
        }
        kept.push(span);
        at += 1;
    }
    *spans = kept;
}
