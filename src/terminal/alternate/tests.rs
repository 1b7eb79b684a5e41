//! Rows kept of full-screen programs.

use crate::base::PaneId;
use crate::base::Size;
use crate::terminal::config::AlternateHistory;
use crate::terminal::{Terminal, TerminalConfig};
use crate::transcript::{PaneInfo, StoreConfig, TranscriptStore};

struct Screen {
    terminal: Terminal,
    now: i64,
    _store: TranscriptStore,
}

impl Screen {
    fn new(kind: AlternateHistory, rows: u32) -> Self {
        let dir = std::env::temp_dir().join("scopemux-alternate-never-made");
        let store = TranscriptStore::new(StoreConfig::new(dir)).unwrap();
        let size = Size::new(60, rows);
        let history = store.open_pane(PaneId(1), PaneInfo::default(), 1 << 20, size.cols);
        let mut terminal = Terminal::new(size, TerminalConfig::default(), Box::new(history));
        terminal.configure(&TerminalConfig { alternate_history: kind, ..TerminalConfig::default() });
        Self { terminal, now: 1_000_000, _store: store }
    }

    /// Prints text some seconds later.
    fn print(&mut self, secs: i64, text: &str) -> &mut Self {
        self.now += secs;
        self.terminal.set_now(self.now);
        self.terminal.feed(text.as_bytes());
        self
    }

    /// All kept rows, without headings.
    fn kept(&mut self) -> Vec<String> {
        self.terminal.settle();
        let Some(mut view) = self.terminal.history().alternate_view() else { return Vec::new() };
        let rows = view.rows();
        let mut links = crate::base::links::Links::new();
        let rows = (0..rows).filter_map(|at| view.row(at, &mut links));
        rows.map(|row| row.text).filter(|text| !text.starts_with("-- ")).collect()
    }
}

const ENTER: &str = "\x1b[?1049h\x1b[H\x1b[2J";
const LEAVE: &str = "\x1b[?1049l";

fn lines(from: u32, to: u32) -> String {
    (from..to).map(|n| format!("\r\nline {n}")).collect()
}

#[test]
fn nothing_is_kept_with_the_option_off() {
    let mut screen = Screen::new(AlternateHistory::Off, 4);
    screen.print(0, ENTER).print(20, &lines(0, 50)).print(20, LEAVE);
    assert!(screen.kept().is_empty());
}

#[test]
fn rows_that_leave_the_top_are_kept_and_other_rows_are_not() {
    let mut screen = Screen::new(AlternateHistory::Scrolled, 4);
    screen.print(0, ENTER).print(0, "line 0").print(0, &lines(1, 10));
    screen.print(1, "\x1b[2J").print(1, LEAVE).print(1, &lines(100, 120));
    assert_eq!(screen.kept(), (0..6).map(|n| format!("line {n}")).collect::<Vec<_>>());
}

#[test]
fn a_region_counts_if_its_top_is_the_screen_s() {
    for (region, kept) in [("\x1b[1;3r\x1b[3;1H", 3), ("\x1b[2;4r\x1b[4;1H", 0)] {
        let mut screen = Screen::new(AlternateHistory::Scrolled, 4);
        screen.print(0, ENTER).print(0, region).print(0, "line 0").print(0, &lines(1, 4));
        let texts = screen.kept();
        assert_eq!(texts.iter().filter(|text| !text.is_empty()).count(), if kept > 0 { 1 } else { 0 });
        assert_eq!(texts.len(), kept, "{texts:?}");
    }
    // Lines that are deleted at the top count as scrolled off too.
    let mut screen = Screen::new(AlternateHistory::Scrolled, 4);
    screen.print(0, ENTER).print(0, "line 0").print(0, &lines(1, 4)).print(0, "\x1b[H\x1b[2M");
    assert_eq!(screen.kept(), ["line 0", "line 1"]);
}

/// A pager over a text with the rows `text(n)`, which moves up or down and prints the new rows.
fn pager(screen: &mut Screen, text: &dyn Fn(i64) -> String, moves: &[i64]) {
    let mut top = 0;
    for &by in moves {
        for _ in 0..by.abs() {
            if by > 0 {
                screen.print(0, &format!("\x1b[4;1H\r\n{}", text(top + 4)));
                top += 1;
            } else {
                top -= 1;
                screen.print(0, &format!("\x1b[H\x1bM{}", text(top)));
            }
        }
    }
}

#[test]
fn what_a_pager_shows_again_is_kept_once() {
    for moves in [&[20, -10, 10, -1, 1, -20, 30, -3, 5][..], &[7, -2, 9, -9, 16]] {
        let mut screen = Screen::new(AlternateHistory::Scrolled, 4);
        let text = |n: i64| if n % 3 == 0 { "}".to_owned() } else { format!("row {n}") };
        let first: Vec<String> = (0..4).map(text).collect();
        screen.print(0, ENTER).print(0, &first.join("\r\n"));
        pager(&mut screen, &text, moves);
        let mut most = 0;
        moves.iter().fold(0, |at, by| {
            most = most.max(at + by);
            at + by
        });
        assert_eq!(screen.kept(), (0..most).map(text).collect::<Vec<_>>(), "{moves:?}");
    }
}

#[test]
fn rows_after_a_jump_back_are_known_again() {
    let mut screen = Screen::new(AlternateHistory::Scrolled, 4);
    screen.print(0, ENTER).print(0, "line 0").print(0, &lines(1, 30));
    screen.print(1, "\x1b[H\x1b[2Jline 0").print(0, &lines(1, 40));
    assert_eq!(screen.kept(), (0..36).map(|n| format!("line {n}")).collect::<Vec<_>>());
}

#[test]
fn brackets_that_stand_alone_are_no_repetition() {
    let mut screen = Screen::new(AlternateHistory::Scrolled, 4);
    let text: Vec<String> =
        (0..20).flat_map(|n| [format!("fn f{n}() {{"), "}".to_owned(), String::new()]).collect();
    screen.print(0, ENTER).print(0, &text.join("\r\n"));
    assert_eq!(screen.kept(), text[..56]);
}

fn frame(rows: &[String]) -> String {
    let drawn: Vec<String> =
        rows.iter().enumerate().map(|(y, row)| format!("\x1b[{};1H{row}\x1b[K", y + 1)).collect();
    drawn.concat()
}

#[test]
fn an_hour_of_a_spinner_keeps_a_row() {
    let mut screen = Screen::new(AlternateHistory::Frames, 6);
    screen.print(0, ENTER);
    for second in 0..3600 {
        let glyph = ['|', '/', '-', '\\'][second % 4];
        let rows = [
            "The title of it".to_owned(),
            format!("{glyph} working for {second} seconds"),
            format!("[{:<20}] {}%", "#".repeat(second / 180), second / 36),
        ];
        screen.print(1, &frame(&rows));
    }
    screen.print(1, LEAVE);
    let kept = screen.kept();
    assert_eq!(kept[0], "The title of it");
    assert!(kept.len() <= 6, "{kept:?}");
    assert!(kept.contains(&"\\ working for 3599 seconds".to_owned()), "{kept:?}");
}

/// What `top` shows at a moment: processes with numbers of their own, in an order of its own.
fn processes(moment: i64) -> Vec<String> {
    let process = |n: i64| {
        let (memory, cpu, time) = (9000 + moment * 37 * n % 971, (moment * n * 7919) % 100, moment * n % 60);
        let state = if cpu > 50 { 'R' } else { 'S' };
        format!(
            "{} root  20 {memory} {state} {cpu}.{} 0:{time:02} prog{}",
            4000 + n * 13,
            cpu % 7,
            ["a", "bc"][n as usize % 2]
        )
    };
    let mut all: Vec<i64> = (1..9).collect();
    all.sort_by_key(|n| (moment * n * 7919) % 100);
    std::iter::once(format!("Load: {}.{:02}", moment % 3, moment * 7 % 100))
        .chain(all.into_iter().map(process))
        .collect()
}

#[test]
fn processes_that_change_numbers_and_order_are_kept_once_and_as_they_were_at_the_end() {
    let mut screen = Screen::new(AlternateHistory::Frames, 12);
    screen.print(0, ENTER);
    for moment in 1..1800 {
        screen.print(2, &frame(&processes(moment)));
    }
    screen
        .print(2, &frame(&[processes(1800), vec!["4500 root  20 1 S 1.0 0:01 another".to_owned()]].concat()));
    screen.print(2, LEAVE);
    let kept = screen.kept();
    let rows = kept.iter().filter(|row| row.contains("prog")).count();
    assert!((8..=24).contains(&rows), "{rows}: {kept:?}");
    processes(1800).iter().for_each(|row| assert!(kept.contains(row), "{row} {kept:?}"));
    assert!(kept.iter().any(|row| row.ends_with("another")));
}

#[test]
fn a_row_of_a_table_is_known_by_its_columns_and_words() {
    let key = |text: &str| {
        let mut screen = Screen::new(AlternateHistory::Frames, 2);
        screen.print(0, text);
        super::tables::key_of(&screen.terminal.screen.grid.lines[0].cells)
    };
    let row = key("24271 root 20 0 163M 9552 S 0.5 0:00.02 /usr/bin/top -d 2");
    assert!(row.is_some());
    assert_eq!(key("24271 root 20 0 1.1g 13 R 67.5 1:40.72 /usr/bin/top -d 2"), row);
    for other in ["24272 root 20 0 163M 9552 S 0.5 0:00.02 /usr/bin/top -d 2", "24271 root 20 0 163M 9 vim 2"]
    {
        let other = key(other);
        assert!(other.is_some() && other != row);
    }
    let line = key("10:00:01 GET took 12 ms of 30 and 7");
    assert!(line.is_some() && key("10:00:02 GET took 12 ms of 30 and 7") != line);
    for text in ["", "src/a.rs:12:3: error 5 of 7", "12 + let x = 1;", "~ ~ a sentence of 3 words, or 4"] {
        assert_eq!(key(text), None, "{text}");
    }
}

/// A page of distinct words.
fn page(n: usize) -> Vec<String> {
    let word = ["alpha", "bravissimo", "ch", "delta-echo", "foxtrots"][n];
    (1..6).map(|y| if y == 3 { "}".to_owned() } else { word.repeat(y) }).collect()
}

#[test]
fn pages_that_replace_each_other_are_kept_once_and_in_order() {
    for clear in ["", "\x1b[2J", "\x1b[H\x1b[J"] {
        let mut screen = Screen::new(AlternateHistory::Frames, 6);
        screen.print(0, ENTER);
        for n in [0, 1, 2, 1, 3, 0, 4] {
            screen.print(2, &format!("{clear}{}", frame(&page(n))));
        }
        screen.print(2, LEAVE);
        assert_eq!(screen.kept(), (0..5).flat_map(page).collect::<Vec<_>>(), "{clear:?}");
    }
}

#[test]
fn a_saved_terminal_knows_what_was_kept() {
    let mut screen = Screen::new(AlternateHistory::Frames, 4);
    screen
        .print(0, ENTER)
        .print(0, &frame(&["first row".to_owned(), "second row".to_owned()]))
        .print(0, LEAVE);
    let mut saved = Vec::new();
    screen.terminal.save(&mut saved);
    let history = screen._store.open_pane(PaneId(2), PaneInfo::default(), 1 << 20, 40);
    let config = TerminalConfig { alternate_history: AlternateHistory::Frames, ..TerminalConfig::default() };
    let mut loaded = Terminal::load(&saved, TerminalConfig::default(), Box::new(history)).unwrap();
    loaded.configure(&config);
    screen.terminal = loaded;
    screen
        .print(1, ENTER)
        .print(0, &frame(&["second row".to_owned(), "third row".to_owned()]))
        .print(0, LEAVE);
    assert_eq!(screen.kept(), ["third row"]);
}
