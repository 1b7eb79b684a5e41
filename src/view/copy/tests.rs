//! Motions, selections and searches against what tmux 3.7c did with the same rows.

use super::backing::{Backing, Source};
use super::commands::{self, Call, Effect};
use super::state::{CopyState, Settings};
use crate::base::history::History;
use crate::base::links::Links;
use crate::base::{PaneId, Size};
use crate::terminal::{MemoryHistory, Terminal, TerminalConfig};
use crate::transcript::{PaneInfo, StoreConfig, TranscriptStore};

const TEXT: &str = "Seven plain words stand in this row\r\n\tAfter a tab\r\nIt ends with dots...\r\n\r\n--- m!xed @signs (and) [more] {ones}\r\n\r\nfor (i = 0; i < 10; i++) {\r\n    call(array[i], \"str\");\r\n}\r\n\r\nfoo bar foo baz foo\r\nhttp://example.com/path?x=1&y=2 and more\r\n日本語 wide text é end\r\nlonglonglonglonglonglonglonglonglonglonglonglonglonglong\r\n$ prompt one\r\noutput a\r\n$ last";
const SEPARATORS: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~";

fn state(vi: bool) -> CopyState {
    state_of(vi, TEXT)
}

/// The same text many times.
pub(super) fn long_state(vi: bool) -> CopyState {
    state_of(vi, &format!("{TEXT}\r\n").repeat(20))
}

fn state_of(vi: bool, text: &str) -> CopyState {
    let size = Size::new(40, 6);
    let mut terminal =
        Terminal::new(size, TerminalConfig::default(), Box::new(MemoryHistory::new(1000, size.cols)));
    terminal.feed(text.as_bytes());
    let source = Source {
        history: Some(History::view(terminal.history())),
        rows: (0..size.rows).map(|y| terminal.row(y)).collect(),
        links: Links::new(),
        size,
        pullable: 0,
    };
    let settings = Settings {
        vi,
        wrap_search: true,
        separators: SEPARATORS.to_owned(),
        format_separators: SEPARATORS.to_owned(),
        ..Settings::default()
    };
    let mut state = CopyState::new(Backing::new(source), settings);
    let last = state.back.last();
    state.enter_at(6, last);
    state
}

/// Runs commands (`N*name arg`), then compares the cursor with its absolute row, and the copied
/// text.
#[track_caller]
fn check(vi: bool, script: &[&str], cursor: (usize, usize), copied: &str) {
    let mut state = state(vi);
    let mut effects = Vec::new();
    for line in script {
        let (count, line) = line.split_once('*').map_or((1, *line), |(n, l)| (n.parse().unwrap(), l));
        let mut words = line.split_whitespace().map(str::to_owned);
        let name = words.next().unwrap();
        let args: Vec<String> = words.collect();
        let entry = commands::lookup(&name).unwrap();
        let (flags, args) = commands::parse(entry, &args).unwrap();
        let mut call =
            Call { flags: &flags, args, count, session: true, mouse: false, effects: &mut effects };
        state.run(&name, Some((entry, &mut call)));
    }
    let text = effects.into_iter().find_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text),
        _ => None,
    });
    assert_eq!(
        ((state.cx, state.row()), text.as_deref().map_or("", String::as_str)),
        (cursor, copied),
        "{script:?}"
    );
}

#[test]
fn cursor_moves_as_in_tmux() {
    check(false, &["history-top", "next-word"], (6, 0), "");
    check(false, &["history-top", "next-word-end"], (5, 0), "");
    check(true, &["history-top", "next-word-end"], (4, 0), "");
    check(false, &["history-top", "4*cursor-down", "2*next-word"], (5, 4), "");
    check(false, &["history-top", "4*cursor-down", "2*next-space"], (10, 4), "");
    check(false, &["history-top", "6*cursor-down", "end-of-line"], (26, 6), "");
    check(true, &["history-top", "6*cursor-down", "end-of-line"], (25, 6), "");
    check(false, &["history-top", "6*cursor-down", "4*cursor-right", "next-matching-bracket"], (23, 6), "");
    check(false, &["history-top", "next-paragraph"], (0, 3), "");
    check(false, &["history-top", "13*cursor-down", "end-of-line"], (16, 14), "");
    check(false, &["history-top", "10*cursor-down", "jump-forward o", "jump-again"], (2, 10), "");
}

#[test]
fn selections_copy_as_in_tmux() {
    let select = ["history-top", "10*cursor-down", "begin-selection", "3*cursor-right", "copy-selection"];
    check(false, &select, (3, 10), "foo");
    check(true, &select, (3, 10), "foo ");
    check(false, &["history-top", "copy-line"], (0, 0), "Seven plain words stand in this row");
    check(false, &["history-top", "cursor-down", "copy-line"], (0, 1), "\tAfter a tab");
    let wrapped = ["history-top", "13*cursor-down", "copy-line"];
    check(false, &wrapped, (0, 13), &"long".repeat(14));
    let block = [
        "history-top",
        "10*cursor-down",
        "begin-selection",
        "rectangle-on",
        "cursor-down",
        "3*cursor-right",
        "copy-selection",
    ];
    check(false, &block, (3, 11), "foo\nhtt");
    check(false, &["history-top", "10*cursor-down", "select-word", "copy-selection"], (3, 10), "foo");
}

#[test]
fn searches_find_as_in_tmux() {
    check(false, &["search-backward foo"], (16, 10), "");
    check(false, &["3*search-backward foo"], (0, 10), "");
    check(false, &["history-top", "search-forward foo"], (3, 10), "");
    check(true, &["history-top", "search-forward foo"], (0, 10), "");
    check(true, &["history-top", "search-forward b[ar]+"], (4, 10), "");
    check(false, &["search-backward FOO"], (6, 17), "");
}

#[test]
fn cursor_stays_on_its_text_when_the_size_changes() {
    let mut state = state(false);
    for (cols, rows) in [(20, 6), (40, 10)] {
        state.resize(cols, rows);
        assert_eq!((state.cx, state.back.line(state.row()).text(cols)), (6, "$ last".to_owned()));
    }
}

/// In a long history a walk to a paragraph or prompt runs in slices, and so do its repeats.
#[test]
fn far_walks_come_in_slices() {
    let size = Size::new(40, 6);
    let mut terminal =
        Terminal::new(size, TerminalConfig::default(), Box::new(MemoryHistory::new(100_000, size.cols)));
    terminal.feed(b"first\r\n\r\n");
    terminal.feed("a line of text\r\n".repeat(20_000).as_bytes());
    let source = Source {
        history: Some(History::view(terminal.history())),
        rows: (0..size.rows).map(|y| terminal.row(y)).collect(),
        links: Links::new(),
        size,
        pullable: 0,
    };
    let mut state = CopyState::new(Backing::new(source), Settings::default());
    let last = state.back.last();
    state.enter_at(0, last);
    let mut walk = |run: &dyn Fn(&mut CopyState), row: usize| {
        run(&mut state);
        assert!(state.is_searching(), "one slice is too short for it");
        while state.continue_search() {}
        assert_eq!(state.row(), row);
    };
    walk(&|s| s.goto_paragraph(false, 1), 1);
    walk(&|s| s.goto_paragraph(true, 1), last);
    walk(&|s| s.goto_paragraph(false, 2), 0);
    walk(&|s| s.goto_prompt(true, false), 0);
}

/// A search of history on disk, which skips whole blocks, finds the same as a search of history in
/// memory, row by row: the cursor after each step, and the number of matches.
#[test]
fn history_that_is_passed_over_holds_no_match() {
    let dir = tempfile::tempdir().unwrap();
    let store = TranscriptStore::new(StoreConfig::new(dir.path().into())).unwrap();
    let size = Size::new(40, 6);
    let text: String = (0..4000)
        .map(|n| match n % 1500 {
            700 => format!("{}{}\r\n", "w".repeat(n % 80 + 30), "Needle 日本!x tab\there"),
            900 => format!("n\u{e9}edle {n} (deep) nEEdles\r\n"),
            1100 => format!("{}\x1b[44m\x1b[Kbehind\r\n", "needle".repeat(40)),
            _ => format!("plain line {n} of no interest, long enough to wrap\r\n"),
        })
        .chain(std::iter::once("needle".repeat(60)))
        .collect();
    let terminal = |history: Box<dyn History>| {
        let mut terminal = Terminal::new(size, TerminalConfig::default(), history);
        terminal.feed(text.as_bytes());
        terminal
    };
    let on_disk = store.open_pane(PaneId(1), PaneInfo::default(), 64 << 20, size.cols);
    let mut on_disk = terminal(Box::new(on_disk));
    let mut in_memory = terminal(Box::new(MemoryHistory::new(100_000, size.cols)));
    let state = |terminal: &mut Terminal| {
        let source = Source {
            history: Some(History::view(terminal.history())),
            rows: (0..size.rows).map(|y| terminal.row(y)).collect(),
            links: Links::new(),
            size,
            pullable: 0,
        };
        let settings = Settings { wrap_search: true, ..Settings::default() };
        let mut state = CopyState::new(Backing::new(source), settings);
        let last = state.back.last();
        state.enter_at(6, last);
        state
    };
    let patterns = [
        ("Needle", false),
        ("needle", false),
        ("日本!x", false),
        ("x tab here", false),
        ("needlebehind", false),
        ("(nothing|n.edle) [0-9]+", true),
        ("^needle", true),
        ("dle+$", true),
        ("(w{3}|q)N", true),
        ("absent.*", true),
    ];
    for (pattern, regex) in patterns {
        for down in [false, true] {
            let (mut one, mut other) = (state(&mut on_disk), state(&mut in_memory));
            for _ in 0..4 {
                let steps = [&mut one, &mut other].map(|state| {
                    state.search.text = Some(pattern.to_owned());
                    state.search.regex = regex;
                    state.find(down, regex, 1);
                    while state.continue_search() {}
                    (state.cx, state.row(), state.search.count)
                });
                assert_eq!(steps[0], steps[1], "{pattern} {down}");
            }
        }
    }
}
