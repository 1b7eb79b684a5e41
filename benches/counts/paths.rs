//! The hot paths, each with its preparation; only the work passed to `counted` is counted.

use std::time::Duration;

use scopemux::testing::base::history::{History, HistoryView};
use scopemux::testing::base::links::Links;
use scopemux::testing::base::{PaneId, Size};
use scopemux::testing::terminal::{
    AlternateHistory, Capture, CaptureOptions, MemoryHistory, Terminal, TerminalConfig,
};
use scopemux::testing::transcript::{
    Needle, PaneInfo, SearchCursor, StoreConfig, TranscriptStore, compressed_len,
};

use super::scene;
use super::workloads::{self, COLS, ROWS};

/// Runs the given work once, and counts it.
pub(crate) type Counted<'a> = &'a mut dyn FnMut(&mut dyn FnMut());

/// Bytes that are fed to a terminal.
const BYTES: usize = 256 << 10;
/// Bytes that the pump reads at once.
pub(crate) const SLICE: usize = 16 << 10;

/// A path: its name, and the function that prepares it and has it counted.
type HotPath = (&'static str, fn(Counted<'_>));

/// All paths.
pub(crate) const PATHS: &[HotPath] = &[
    ("feed-plain", |counted| feed(workloads::plain, counted)),
    ("feed-colour", |counted| feed(workloads::colour, counted)),
    ("feed-cjk", |counted| feed(workloads::cjk, counted)),
    ("feed-long", |counted| feed(workloads::long, counted)),
    ("feed-yes", |counted| feed(workloads::short, counted)),
    ("feed-redraw", |counted| feed(workloads::redraw, counted)),
    ("feed-sync", |counted| feed(workloads::sync, counted)),
    ("alternate-off", |counted| alternate(AlternateHistory::Off, counted)),
    ("alternate-scrolled", |counted| alternate(AlternateHistory::Scrolled, counted)),
    ("alternate-frames", |counted| alternate(AlternateHistory::Frames, counted)),
    ("append-plain", |counted| append(workloads::plain, counted)),
    ("append-colour", |counted| append(workloads::colour, counted)),
    ("append-cjk", |counted| append(workloads::cjk, counted)),
    ("append-long", |counted| append(workloads::long, counted)),
    ("append-yes", |counted| append(workloads::short, counted)),
    ("compress-plain", |counted| compress(workloads::plain, counted)),
    ("compress-colour", |counted| compress(workloads::colour, counted)),
    ("transcript-read", read),
    ("transcript-search", search),
    ("capture-plain", |counted| capture(workloads::plain, false, counted)),
    ("capture-long", |counted| capture(workloads::long, false, counted)),
    ("capture-colour", |counted| capture(workloads::colour, true, counted)),
    ("capture-cjk", |counted| capture(workloads::cjk, true, counted)),
    ("compose-all", scene::compose_all),
    ("compose-line", scene::compose_line),
    ("diff-all", scene::diff_all),
    ("diff-line", scene::diff_line),
    ("emit-all", scene::emit_all),
    ("emit-line", scene::emit_line),
    ("format", scene::format),
    ("command", scene::command),
];

fn terminal(history: Box<dyn History>) -> Terminal {
    Terminal::new(Size::new(COLS, ROWS), TerminalConfig::default(), history)
}

fn slices(terminal: &mut Terminal, input: &[u8]) {
    for slice in input.chunks(SLICE) {
        terminal.feed(slice);
        terminal.take_events();
        terminal.take_replies();
    }
}

fn feed(workload: fn(usize) -> Vec<u8>, counted: Counted<'_>) {
    let input = workload(BYTES);
    let mut terminal = terminal(Box::new(MemoryHistory::new(0, COLS)));
    slices(&mut terminal, &input[..SLICE.min(input.len())]);
    counted(&mut || slices(&mut terminal, &input));
}

/// Runs `act` with a terminal and its transcript, in a directory that is removed afterwards.
fn with_transcript(act: impl FnOnce(&TranscriptStore, &mut Terminal)) {
    let dir = tempfile::tempdir().expect("a directory for a transcript");
    let store = TranscriptStore::new(StoreConfig::new(dir.path().to_owned())).expect("a store opens");
    let history = store.open_pane(PaneId(0), PaneInfo::default(), 64 << 20, COLS);
    let mut terminal = terminal(Box::new(history));
    act(&store, &mut terminal);
}

fn append(workload: fn(usize) -> Vec<u8>, counted: Counted<'_>) {
    let input = workload(BYTES);
    with_transcript(|_, terminal| counted(&mut || slices(terminal, &input)));
}

/// Full-screen programs, with the option `alternate-history`, by a hand clock.
fn alternate(kind: AlternateHistory, counted: Counted<'_>) {
    let steps = workloads::full_screen();
    with_transcript(|_, terminal| {
        terminal.configure(&TerminalConfig { alternate_history: kind, ..TerminalConfig::default() });
        counted(&mut || {
            for (n, step) in steps.iter().enumerate() {
                terminal.set_now(1_700_000_000 + n as i64 / 20);
                slices(terminal, step);
            }
        });
    });
}

/// Compression of a block, as the writer does it, for one kind of text.
fn compress(workload: fn(usize) -> Vec<u8>, counted: Counted<'_>) {
    let input = workload(BYTES);
    counted(&mut || assert!(compressed_len(&input).is_ok_and(|len| len > 0)));
}

/// Prints and writes all of it to disk. Blocks are larger while the disk is behind, and counts
/// depend on them: it never is.
fn print(store: &TranscriptStore, terminal: &mut Terminal, input: &[u8]) {
    for part in input.chunks(BYTES / 4) {
        slices(terminal, part);
        written(store);
    }
    terminal.history().flush();
    written(store);
}

fn written(store: &TranscriptStore) {
    assert!(store.settle(Duration::from_secs(60)), "the disk takes it");
}

fn read(counted: Counted<'_>) {
    let input = workloads::colour(4 * BYTES);
    with_transcript(|store, terminal| {
        print(store, terminal, &input);
        let mut view = terminal.history().view();
        let mut links = Links::new();
        counted(&mut || {
            for index in 0..view.rows() {
                view.row(index, &mut links);
            }
        });
    });
}

/// `capture-pane -S -` of what lies in sealed blocks on disk; with `sequences` as `-e` prints it.
fn capture(workload: fn(usize) -> Vec<u8>, sequences: bool, counted: Counted<'_>) {
    let input = workload(4 * BYTES);
    with_transcript(|store, terminal| {
        print(store, terminal, &input);
        let (mut view, mut links) = (terminal.history().view(), Links::new());
        let options = CaptureOptions { sequences, ..CaptureOptions::default() };
        let mut capture = Capture::new(options, COLS);
        let mut out = String::with_capacity(8 * BYTES);
        counted(&mut || {
            view.scan(0..u64::MAX, &mut links, &mut |row, links| {
                capture.row(row, 0, links, &mut out);
                true
            });
        });
        assert!(out.len() > BYTES);
    });
}

fn search(counted: Counted<'_>) {
    let dir = tempfile::tempdir().expect("a directory for a transcript");
    let store = TranscriptStore::new(StoreConfig::new(dir.path().to_owned())).expect("a store opens");
    let mut history = store.open_pane(PaneId(0), PaneInfo::default(), 64 << 20, COLS);
    let mut source = terminal(Box::new(MemoryHistory::new(10_000, COLS)));
    slices(&mut source, &workloads::plain(4 * BYTES));
    for index in 0..source.history_rows() {
        if let Some(row) = source.history_row(index) {
            history.push(&row, source.links());
        }
        if index % 500 == 0 {
            written(&store);
        }
    }
    history.flush();
    written(&store);
    let mut view = history.pin();
    let needle = Needle::new("no such text", false, false).expect("a pattern");
    counted(&mut || {
        let rows = view.rows();
        let mut cursor = SearchCursor::new(&mut view, rows, false);
        cursor.step(&mut view, &needle, usize::MAX);
    });
}
