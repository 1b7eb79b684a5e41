//! Lines that pass leave what writing them leaves.

use proptest::prelude::*;

use super::super::{MemoryHistory, Terminal, TerminalConfig};
use crate::base::Size;
use crate::base::history::Row;

const COLS: u32 = 12;
const ROWS: u32 = 4;

fn terminal(limit: usize, passes: bool) -> Terminal {
    let history = Box::new(MemoryHistory::new(limit, COLS));
    let mut terminal = Terminal::new(Size::new(COLS, ROWS), TerminalConfig::default(), history);
    terminal.screen.lines_pass = passes;
    terminal
}

/// All that can be seen of a terminal: rows of history and screen, cursor, and what comes back
/// when it grows.
fn all(terminal: &mut Terminal) -> (Vec<Row>, Vec<Row>, String) {
    let history = (0..terminal.history_rows()).filter_map(|n| terminal.history_row(n)).collect();
    let screen = (0..ROWS).map(|y| terminal.row(y)).collect();
    let grid = &terminal.screen.grid;
    let state = (terminal.cursor(), grid.pullable, grid.tail_wrapped, grid.unkept, &terminal.screen.last);
    let state = format!("{state:?}");
    (history, screen, state)
}

#[test]
fn a_line_drawing_set_that_stays_in_the_pen_passes_nothing() {
    let lines = "aaa\r\n".repeat(20);
    check(1000, &[[b"\r\n\r\n\r\n\x1b(0q\x1b[2b\x1b(B\r\n", lines.as_bytes()].concat()]);
}

#[track_caller]
fn check(limit: usize, pieces: &[Vec<u8>]) {
    let (mut passing, mut writing) = (terminal(limit, true), terminal(limit, false));
    for piece in pieces {
        passing.feed(piece);
        writing.feed(piece);
        assert_eq!(all(&mut passing), all(&mut writing), "limit {limit}, {pieces:?}");
    }
    for rows in [ROWS + 3, 2] {
        passing.resize(Size::new(COLS, rows));
        writing.resize(Size::new(COLS, rows));
        assert_eq!(passing.row(0), writing.row(0), "{rows} rows, {pieces:?}");
    }
}

#[test]
fn lines_pass_where_many_are_fed() {
    let lines: String = (0..50).map(|n| format!("line {n}\r\n")).collect();
    let mut terminal = terminal(1000, true);
    terminal.feed(b"\r\n\r\n\r\n");
    let passed = terminal.screen.pass_lines(lines.as_bytes());
    // What is left fills the screen above the cursor.
    assert_eq!(&lines[passed.taken..], "line 47\r\nline 48\r\nline 49\r\n");
    assert_eq!(passed.looked, lines.len());
}

/// Text that passes, in pieces, and what may stand between.
const WORDS: &[&str] = &[
    "word ",
    "a",
    "世界",
    "終端多重化器",
    "터미널",
    "naïve ",
    "e\u{301}tude",
    "⚠\u{fe0f}",
    "👩\u{200d}💻",
    "🇯🇵",
    "👍🏽",
    "🚀",
    "\u{301}",
    "\u{200d}",
    "\u{3164}",
    "\u{1112}\u{1161}\u{11ab}",
    "│",
    "“q”",
    "\u{85}",
    "\x1b[31m",
    "\x1b[m",
    "\x1b[0m",
    "\x1b[1;38;5;12m",
    "\x1b[38;2;130;137;151m",
    "\x1b[4:3m",
    "\x1b[44m",
    "\x1b[49m",
    "\x1b[K",
    "\x1b[0K",
    "\x1b[7m",
    "\x1b[27m",
    "\x1b[58;5;3m",
    "\x1b[59m",
    "longer than that ",
];
/// What does not pass.
const ODD: &[&[u8]] = &[
    b"\t",
    b"\n",
    b"\r",
    b"\x1b[A",
    b"\x1b[1K",
    b"\x1b[2;3r",
    b"\x1b[r",
    b"\x1b[9;1H",
    b"\x1b[?7l",
    b"\x1b[?7h",
    b"\x1b[4h",
    b"\x1b[4l",
    b"\x0e",
    b"\x0f",
    b"\x1b(0",
    b"\x1b(B",
    b"\x1b[?1049h",
    b"\x1b[?1049l",
    b"\x1b[2J",
    b"\x1b[3b",
    b"\x7f",
    b"\x80",
    b"\xe4\xb8",
    b"\x1b]8;;u\x1b\\",
    b"\x1b]8;;\x1b\\",
    b"\x1b[H",
    b"\x08",
];

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let line = (0..40usize, any::<bool>()).prop_map(|(len, end)| {
        let text: Vec<u8> = (0..len).map(|n| b'!' + (n % 80) as u8).collect();
        [&text[..], if end { b"\r\n" } else { b"" }].concat()
    });
    let words = prop::collection::vec(prop::sample::select(WORDS), 0..6);
    let line = prop_oneof![
        1 => line,
        2 => words.prop_map(|words| (words.concat() + "\x1b[49m\r\n").into_bytes()),
        1 => prop::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
    ];
    let lines = prop::collection::vec(line, 1..16).prop_map(|lines| lines.concat());
    prop_oneof![6 => lines, 1 => prop::sample::select(ODD).prop_map(<[u8]>::to_vec)]
}

proptest! {
    #[test]
    fn lines_that_pass_leave_what_writing_them_leaves(
        pieces in prop::collection::vec(prop::collection::vec(piece(), 1..8), 1..6),
        limit in prop::sample::select(vec![0usize, 1000]),
    ) {
        let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.concat()).collect();
        check(limit, &pieces);
    }
}
