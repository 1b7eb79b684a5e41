//! The room's façade under test: bytes in, what the screen shows out. Expectations were
//! recorded from tmux 3.7c.

use super::*;
use crate::base::history::RowFlags;
use crate::base::width;

fn terminal(cols: u32, rows: u32) -> Terminal {
    let history = Box::new(MemoryHistory::new(2000, cols));
    Terminal::new(Size::new(cols, rows), TerminalConfig::default(), history)
}

/// History and screen as text, one row a line, trailing blanks cut; `>` at the end of a row
/// that continues; then the cursor.
fn show(terminal: &mut Terminal) -> String {
    let mut out = String::new();
    let history = terminal.history_rows();
    for index in 0..history {
        let row = terminal.history_row(index).unwrap();
        out.push_str(&line(&row));
        out.push('\n');
    }
    out.push_str("--\n");
    for y in 0..terminal.size().rows {
        out.push_str(&line(&terminal.row(y)));
        out.push('\n');
    }
    let Point { x, y } = terminal.cursor();
    out + &format!("{x},{y}")
}

fn line(row: &Row) -> String {
    let mut text = String::new();
    for cell in row.cells().iter().filter(|cell| !cell.is_padding()) {
        cell.glyph.push_to(&mut text);
    }
    text.truncate(text.trim_end_matches(' ').len());
    text + if row.flags.contains(RowFlags::WRAPPED) { ">" } else { "" }
}

#[track_caller]
fn check(input: &str, expect: &str) {
    let mut whole = terminal(10, 4);
    whole.feed(input.as_bytes());
    assert_eq!(show(&mut whole), expect, "for {input:?}");
    let mut split = terminal(10, 4);
    input.bytes().for_each(|byte| split.feed(&[byte]));
    assert_eq!(show(&mut split), expect, "split, for {input:?}");
}

#[test]
fn prints_wraps_and_scrolls() {
    check("hello", "--\nhello\n\n\n\n5,0");
    check("0123456789", "--\n0123456789\n\n\n\n10,0");
    check("0123456789ab", "--\n0123456789>\nab\n\n\n2,1");
    check("1\r\n2\r\n3\r\n4\r\n5", "1\n--\n2\n3\n4\n5\n1,3");
    check("世界\x1b[2Gx", "--\n x界\n\n\n\n2,0");
    check("a\tb", "--\na b\n\n\n\n9,0");
}

#[test]
fn replies_in_order() {
    let mut terminal = terminal(10, 4);
    terminal.feed(b"\x1b[c\x1b[5n\x1b[6n\x1b[>q");
    assert_eq!(terminal.take_replies(), b"\x1b[?1;2;4c\x1b[0n\x1b[1;1R\x1bP>|tmux 3.7c\x1b\\");
}

#[test]
fn widths_agree_with_cells() {
    let mut terminal = terminal(40, 2);
    let text = "e\u{301}世\u{1f1e9}\u{1f1ea}\u{2764}\u{fe0f}x";
    terminal.feed(text.as_bytes());
    let cells: Vec<u8> = width::clusters(text).map(|cell| cell.width).collect();
    assert_eq!(cells.iter().map(|w| u32::from(*w)).sum::<u32>(), terminal.cursor().x);
}
