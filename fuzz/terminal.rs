//! The emulator: it accepts any bytes and sizes, keeps its invariants, and the result does not
//! depend on how the bytes are split.
//!
//! An input is a program's output; `FF cols rows` changes the size.

use scopemux::testing::base::history::{Row, RowFlags};
use scopemux::testing::base::{Cell, CellStyle, Colour, Size};
use scopemux::testing::terminal::{
    Capture, CaptureOptions, KittyGraphics, MemoryHistory, Terminal, TerminalConfig,
};

use crate::input::{Rng, output};

/// Rows of history kept.
const HISTORY: usize = 100;

pub(crate) fn generate(rng: &mut Rng) -> Vec<u8> {
    let mut input = vec![0xff, rng.pick(&[1, 2, 7, 20, 80]), rng.pick(&[1, 2, 3, 6, 24])];
    for _ in 0..1 + rng.below(4) {
        let pieces = 1 + rng.below(30);
        input.extend(output(rng, pieces));
        if rng.below(2) == 0 {
            input.extend([0xff, 1 + rng.below(90) as u8, 1 + rng.below(30) as u8]);
        }
    }
    input
}

/// One step of an input.
pub(crate) enum Step<'a> {
    Write(&'a [u8]),
    Resize(Size),
}

pub(crate) fn steps(input: &[u8]) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut rest = input;
    while !rest.is_empty() {
        if let [0xff, cols, rows, after @ ..] = rest {
            steps.push(Step::Resize(Size::new(u32::from(*cols).max(1), u32::from(*rows).clamp(1, 60))));
            rest = after;
            continue;
        }
        let end = rest[1..].iter().position(|&b| b == 0xff).map_or(rest.len(), |at| at + 1);
        steps.push(Step::Write(&rest[..end]));
        rest = &rest[end..];
    }
    steps
}

pub(crate) fn new_terminal() -> Terminal {
    let size = Size::new(20, 6);
    Terminal::new(size, TerminalConfig::default(), Box::new(MemoryHistory::new(HISTORY, size.cols)))
}

/// Feeds an input, split into parts of at most `part` bytes, and describes the result. With
/// `reflows`, sizes are those of the input; without, the width stays after the first write.
fn play(input: &[u8], part: usize, reflows: bool) -> String {
    let mut terminal = new_terminal();
    let config = TerminalConfig { kitty_graphics: KittyGraphics::On, ..TerminalConfig::default() };
    terminal.configure(&config);
    let mut replies = Vec::new();
    let mut written = false;
    for step in steps(input) {
        match step {
            Step::Resize(size) if reflows || !written => terminal.resize(size),
            Step::Resize(size) => terminal.resize(Size::new(terminal.size().cols, size.rows)),
            Step::Write(bytes) => {
                bytes.chunks(part).for_each(|bytes| terminal.feed(bytes));
                written = true;
            }
        }
        replies.extend(terminal.take_replies());
        hold(&mut terminal);
    }
    format!("{}{:?}", describe(&mut terminal), String::from_utf8_lossy(&replies))
}

/// Checks the invariants.
fn hold(terminal: &mut Terminal) {
    let (size, cursor) = (terminal.size(), terminal.cursor());
    // tmux: without rewrapping (alternate screen) the cursor's column stays, even outside.
    assert!(cursor.y < size.rows, "the cursor is at {cursor:?} of {size:?}");
    let (upper, lower) = terminal.scroll_region();
    assert!(upper <= lower && lower < size.rows, "the region is {upper}-{lower} of {size:?}");
    assert!(terminal.history_rows() <= HISTORY as u64, "the history grew past its limit");
    assert!(terminal.pending_input().len() <= terminal.config().input_buffer_size + 4096, "a string grew");
}

/// A row without the details that in tmux depend on how the bytes are split: whether a blank in the
/// default style exists where the row had no cells yet, and its colour of a missing underline, also
/// where a mark joins it (that colour marks a row as extended).
fn settled(row: &Row) -> Row {
    let mut cells = row.cells();
    for cell in &mut cells {
        let style = CellStyle { us: Colour::DEFAULT, ..cell.style };
        let mut text = String::new();
        cell.glyph.push_to(&mut text);
        if style == CellStyle::DEFAULT && text.starts_with(' ') {
            cell.style = style;
            if text == " " && cell.width == 1 {
                *cell = Cell::BLANK;
            }
        }
    }
    let used = cells.iter().rposition(|cell| *cell != Cell::BLANK).map_or(0, |last| last + 1);
    Row { flags: row.flags - RowFlags::EXTENDED, ..cells[..used].iter().collect() }
}

/// All readable state of a terminal.
fn describe(terminal: &mut Terminal) -> String {
    let mut out = format!("{:?} {:?} {:?}\n", terminal.cursor(), terminal.modes(), terminal.scroll_region());
    out.push_str(&format!("{:?} {} {}\n", terminal.tabs(), terminal.title(), terminal.path()));
    let options = CaptureOptions { sequences: true, written: true, ..CaptureOptions::default() };
    let mut capture = Capture::new(options, terminal.size().cols);
    for index in 0..terminal.history_rows() {
        if let Some(row) = terminal.history_row(index) {
            let row = settled(&row);
            out.push_str(&capture.text(row.by_ref(), terminal.links()));
            out.push_str(if row.flags.is_empty() { "\n" } else { "+\n" });
        }
    }
    for y in 0..terminal.size().rows {
        out.push_str(&capture.text(settled(&terminal.row(y)).by_ref(), terminal.links()));
        out.push_str(if terminal.is_wrapped(y) { "\\\n" } else { "\n" });
    }
    out
}

pub(crate) fn check(input: &[u8]) {
    // tmux: a blank behind the existing cells is not kept, and the count of existing cells depends
    // on how the bytes are split. It shows only when lines are wrapped again.
    play(input, usize::MAX, true);
    play(input, 1, true);
    let whole = play(input, usize::MAX, false);
    for part in [1, 2, 5] {
        assert_eq!(play(input, part, false), whole, "split into parts of {part}");
    }
}
