//! Tests of the room's façade: bytes in, screen out. Expectations were recorded from tmux 3.7c.

use super::*;
use crate::base::history::RowFlags;
use crate::base::width;

fn terminal(cols: u32, rows: u32) -> Terminal {
    let history = Box::new(MemoryHistory::new(2000, cols));
    Terminal::new(Size::new(cols, rows), TerminalConfig::default(), history)
}

/// History and screen as text, one row a line, without trailing blanks; `>` at the end of a row
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

/// Resizes several times after the input, and compares the result.
#[track_caller]
fn check_resized(input: &str, sizes: &[(u32, u32)], expect: &str) {
    let mut terminal = terminal(10, 4);
    terminal.feed(input.as_bytes());
    for &(cols, rows) in sizes {
        terminal.resize(Size::new(cols, rows));
    }
    assert_eq!(show(&mut terminal), expect, "for {input:?} at {sizes:?}");
}

#[test]
fn lines_wrap_anew_and_history_comes_back() {
    check_resized("0123456789abc", &[(5, 4)], "01234>\n--\n56789>\nabc\n\n\n3,1");
    check_resized("0123456789abc", &[(5, 4), (20, 4)], "--\n0123456789abc\n\n\n\n13,0");
    check_resized("1\r\n2\r\n3\r\n4", &[(10, 2)], "1\n2\n--\n3\n4\n1,1");
    check_resized("1\r\n2\r\n3\r\n4", &[(10, 2), (10, 4)], "--\n1\n2\n3\n4\n1,3");
    // Wide characters count three columns here, so a filler is alone on the next line.
    check_resized("世界世", &[(8, 4)], "世界世>\n--\n\n\n\n\n1,0");
    // The alternate screen is cut, not wrapped; the main screen is rewrapped when it returns.
    check_resized("0123456789ab\x1b[?1049hxyz", &[(5, 4)], "--\n\n  xyz\n\n\n5,1");
}

#[test]
fn clearing_keeps_what_was_shown() {
    check("1\r\n2\x1b[2J", "1\n2\n--\n\n\n\n\n1,1");
    check("1\r\n2\x1b[2J\x1b[3J", "--\n\n\n\n\n1,1");
    check("1\r\n2\x1b[H\x1b[K\x1b[L3", "--\n3\n\n2\n\n1,0");
}

#[test]
fn strings_have_limits() {
    let mut terminal = terminal(10, 4);
    terminal.configure(&TerminalConfig { input_buffer_size: 4096, ..TerminalConfig::default() });
    terminal.feed(b"\x1b]2;fits\x07");
    assert_eq!(terminal.title(), "fits");
    terminal.feed(b"\x1b]2;");
    terminal.feed(&[b'x'; 1 << 20]);
    assert!(terminal.pending_input().len() <= 4096);
    terminal.feed(b"\x07y");
    assert_eq!((terminal.title(), terminal.cursor()), ("fits", Point::new(1, 0)));
}

#[test]
fn queries_to_a_client_hold_replies_back() {
    let mut terminal = terminal(10, 4);
    terminal.configure(&TerminalConfig { client_answers: true, ..TerminalConfig::default() });
    terminal.feed(b"\x1b]4;1;?\x07\x1b[5n");
    assert_eq!(terminal.take_events(), [TerminalEvent::PaletteQuery { index: 1 }]);
    assert_eq!(terminal.take_replies(), b"");
    terminal.answer_palette(1, (1, 2, 3));
    assert_eq!(terminal.take_replies(), b"\x1b]4;1;rgb:0101/0202/0303\x07\x1b[0n");
    terminal.feed(b"\x1b]4;1;?\x07\x1b[5n");
    terminal.time_out(1000);
    assert_eq!(terminal.take_replies(), b"\x1b[0n");
}

#[test]
fn styles_and_clusters_do_not_pile_up() {
    let mut terminal = terminal(10, 4);
    for n in 0..100_000u32 {
        let (r, g, b) = (n >> 16, n >> 8 & 0xff, n & 0xff);
        let accent = char::from_u32(0x300 + n % 0x60).unwrap();
        terminal.feed(format!("\x1b[38;2;{r};{g};{b}mx{accent}{accent}").as_bytes());
    }
    let (styles, clusters) = terminal.table_sizes();
    assert!(styles <= 1 << 16 && clusters <= 1 << 16);
    let last = terminal.cell(terminal.cursor().x - 1, terminal.cursor().y);
    assert_eq!(last.style.fg, Colour::Rgb(1, 134, 159));
}

#[test]
fn images_are_saved_newest_first_up_to_a_bound() {
    let mut old = terminal(20, 40);
    old.configure(&TerminalConfig { cell_pixels: (8, 16), ..TerminalConfig::default() });
    let body = |n: usize| format!("~{}", "$".repeat((1 << 20) - 100 - n));
    for n in 0..3 {
        old.feed(format!("\x1b[{};1H\x1bPq{}\x1b\\", 1 + 10 * n, body(n)).as_bytes());
    }
    let drawn: Vec<Image> = old.images().cloned().collect();
    assert_eq!(drawn.len(), 3);
    let mut saved = Vec::new();
    old.save(&mut saved);
    assert!(saved.len() < 3 << 20, "{}", saved.len());
    let history = || Box::new(MemoryHistory::new(0, 20));
    let new = Terminal::load(&saved, TerminalConfig::default(), history()).expect("as saved");
    assert_eq!(new.images().cloned().collect::<Vec<_>>(), drawn[1..]);
    let images: usize = drawn[1..].iter().map(|image| image.data.len()).sum();
    for end in [saved.len() - 2, saved.len() - images] {
        assert!(Terminal::load(&saved[..end], TerminalConfig::default(), history()).is_err());
    }
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    /// Typical pieces of output, and noise.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let text = prop::sample::select(vec![
            "hello",
            "0123456789abcdef",
            "世界",
            "e\u{301}",
            "\u{1f1e9}\u{1f1ea}",
            "\t",
            "\r\n",
            "\n",
            "\u{1f44d}\u{1f3fd}",
            "\x1b[?1049h",
            "\x1b[?1049l",
            "\x1b[4h",
            "\x1b[4l",
            "\x1b[?7l",
            "\x1b[?7h",
            "\x1b]8;;http://a\x1b\\",
            "\x1b]2;t\x07",
            "\x1b(0",
            "\x0e",
            "\x1b7",
            "\x1b8",
            "\x1bc",
            "\x1bM",
            "\x1bPq#1;2;3;4;5~~~-~\x1b\\",
            "\x1b[2J",
            "\x1b[?6h",
            "\x1b[2;3r",
            "\x1b#8",
            "\x1b[c",
        ]);
        let sequence = ("[0-9;:]{0,6}", prop::sample::select(b"@ABCDEFGHJKLMPSTXZbcdfghlmnrstu".to_vec()));
        prop_oneof![
            4 => text.prop_map(|text| text.as_bytes().to_vec()),
            4 => sequence.prop_map(|(params, last)| {
                let mut out = format!("\x1b[{params}").into_bytes();
                out.push(last);
                out
            }),
            1 => prop::collection::vec(any::<u8>(), 0..12),
        ]
    }

    fn state(terminal: &mut Terminal) -> String {
        let replies = String::from_utf8_lossy(&terminal.take_replies()).into_owned();
        let modes = terminal.modes().describe();
        let rows: Vec<Row> = (0..terminal.size().rows)
            // The number of cells behind a line's text depends on how the input was split.
            .map(|y| Row { size: 0, ..terminal.row(y) })
            .collect();
        let images: Vec<_> = terminal.images().cloned().collect();
        format!("{}\n{modes} {} {replies:?} {rows:?} {images:?}", show(terminal), terminal.title())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

        /// A saved and loaded terminal behaves as if it had never been saved.
        #[test]
        fn a_loaded_terminal_is_the_saved_one(
            before in prop::collection::vec(piece(), 0..40),
            after in prop::collection::vec(piece(), 0..20),
            (cols, rows) in (1u32..30, 1u32..8),
        ) {
            let history = || Box::new(MemoryHistory::new(0, cols));
            let config = TerminalConfig { cell_pixels: (8, 16), ..TerminalConfig::default() };
            let mut old = Terminal::new(Size::new(cols, rows), config.clone(), history());
            old.feed(&before.concat());
            old.take_replies();
            old.take_events();
            let mut saved = Vec::new();
            old.save(&mut saved);
            let mut new = Terminal::load(&saved, config, history()).expect("as saved");
            prop_assert_eq!(state(&mut new), state(&mut old));
            for terminal in [&mut new, &mut old] {
                terminal.feed(&after.concat());
            }
            prop_assert_eq!(state(&mut new), state(&mut old));
        }

        #[test]
        fn any_split_gives_the_same_state(
            pieces in prop::collection::vec(piece(), 0..40),
            (cols, rows) in (1u32..30, 1u32..8),
            cut in 1usize..9,
            (later_cols, later_rows) in (1u32..30, 1u32..8),
        ) {
            let bytes = pieces.concat();
            let mut whole = terminal(cols, rows);
            whole.feed(&bytes);
            let mut split = terminal(cols, rows);
            bytes.chunks(cut).for_each(|chunk| split.feed(chunk));
            prop_assert_eq!(state(&mut whole), state(&mut split));
            for terminal in [&mut whole, &mut split] {
                terminal.resize(Size::new(later_cols, later_rows));
                terminal.feed(&bytes);
                let mut surface = Surface::new(Size::new(20, 5));
                terminal.draw(&mut surface, Point::new(1, 1));
            }
            prop_assert_eq!(state(&mut whole), state(&mut split));
        }
    }
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

#[test]
fn a_terminal_that_is_taken_over_keeps_the_history_and_title_of_the_other() {
    let mut popup =
        Terminal::new(Size::new(8, 3), TerminalConfig::default(), Box::new(MemoryHistory::new(0, 8)));
    popup.feed(b"\x1b]2;popup\x1b\\lost\r\none\r\ntwo\r\n\x1b[?2004h\x1b[1mthree");
    let mut pane = terminal(10, 4);
    pane.set_title("pane".to_owned());
    pane.take_over(popup);
    pane.resize(Size::new(10, 4));
    pane.feed(b"\r\nfour\r\nfive");
    assert_eq!(show(&mut pane), "one\n--\ntwo\nthree\nfour\nfive\n4,3");
    assert_eq!(pane.title(), "pane");
    assert!(pane.modes().contains(Modes::BRACKETPASTE));
}
