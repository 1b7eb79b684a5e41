//! Output of real programs for a terminal of 80x24, played into a pane: at several points the pane
//! must show the same as in tmux 3.7c.
//!
//! `recordings/NAME.zst` is a program's output (`agent` and `generated-N` are generated: the redraw
//! loop of an assistant's interface, and mixed sequences); `NAME.json` is tmux's result, recorded
//! like all cases. The result must not depend on how the output is split.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use scopemux::testing::base::Size;
use scopemux::testing::terminal::{Capture, CaptureOptions, MemoryHistory, Terminal, TerminalConfig};

use super::server::Server;
use super::steps::{self, fixtures, root};

/// Points of a stream where the pane is compared, the end included.
const LOOKS: usize = 8;
/// Size of the pane.
const SIZE: Size = Size { cols: 80, rows: 24 };
/// Rows of history kept in the tests that only split a stream.
const HISTORY: usize = 2000;
/// Number of random ways to split a stream.
const CUTS: u64 = 6;

/// All recordings: path, and output of the program.
pub(crate) fn recordings() -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(root().join("recordings")).expect("there are recordings");
    let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("a directory entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "zst"));
    files.sort();
    let read = |path: PathBuf| {
        let packed = fs::read(&path).expect("a recording is readable");
        let stream = zstd::decode_all(packed.as_slice()).expect("a recording is compressed with zstd");
        (path, stream)
    };
    files.into_iter().map(read).collect()
}

/// Splits a stream into parts that each end before a sequence.
fn parts(stream: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut from = 0;
    for look in 1..=LOOKS {
        let at = (stream.len() * look / LOOKS).max(from);
        let next = stream[at..].windows(2).position(|two| two == b"\x1b[");
        let end = next.map_or(stream.len(), |next| at + next);
        parts.push(&stream[from..end]);
        from = end;
    }
    parts
}

/// Bytes in the notation of cases.
fn encoded(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("@x{byte:02x};")));
    }
    out
}

/// Answers and screens of a pane that is given the parts of a stream.
fn play(binary: &Path, stream: &[u8]) -> Vec<Value> {
    let mut server = Server::new(binary);
    for step in &fixtures()["vt"] {
        steps::run(&mut server, step, None);
    }
    let size = ["-x".to_owned(), SIZE.cols.to_string(), "-y".to_owned(), SIZE.rows.to_string()];
    let mut resize = vec!["resize-window".to_owned(), "-t".to_owned(), "s:0".to_owned()];
    resize.extend(size);
    steps::run(&mut server, &json!({ "cmd": resize }), None);
    let look = json!({ "cmd": ["capture-pane", "-t", "s:0.0", "-p", "-e", "-N", "-S", "-", ";",
        "capture-pane", "-t", "s:0.0", "-p", "-a", "-q", "-e", ";",
        // Synchronized output ends after a second, so its state depends on the speed of the
        // machine.
        "display-message", "-p", "-t", "s:0.0", "#{s/sync=1/sync=0/:#{E:@vt}}"] });
    let mut seen = Vec::new();
    for part in parts(stream) {
        seen.extend(steps::run(&mut server, &json!({ "put": encoded(part), "pane": "s:0.0" }), None));
        seen.extend(steps::run(&mut server, &look, None));
    }
    seen
}

/// Screen and answers of a terminal that is given a stream in pieces.
fn feed<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> String {
    let history = Box::new(MemoryHistory::new(HISTORY, SIZE.cols));
    let mut terminal = Terminal::new(SIZE, TerminalConfig::default(), history);
    let mut replies = Vec::new();
    for piece in pieces {
        terminal.feed(piece);
        replies.extend(terminal.take_replies());
    }
    let mut out = format!("{:?} {:?} {:?}\n", terminal.cursor(), terminal.modes(), terminal.scroll_region());
    let options = CaptureOptions { sequences: true, written: true, ..CaptureOptions::default() };
    let mut capture = Capture::new(options, SIZE.cols);
    for index in 0..terminal.history_rows() {
        if let Some(row) = terminal.history_row(index) {
            out.push_str(&capture.text(row.by_ref(), terminal.links()));
            out.push('\n');
        }
    }
    for y in 0..SIZE.rows {
        out.push_str(&capture.text(terminal.row(y).by_ref(), terminal.links()));
        out.push_str(if terminal.is_wrapped(y) { "\\\n" } else { "\n" });
    }
    out.push_str(&String::from_utf8_lossy(&replies));
    out
}

/// Splits a stream into pieces of 1 to 64 bytes, the same for each seed.
fn pieces(stream: &[u8], seed: u64) -> Vec<&[u8]> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut rest = stream;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let (piece, after) = rest.split_at(rest.len().min(1 + (state % 64) as usize));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[test]
fn recorded_programs_look_as_in_tmux() {
    let recorder = std::env::var_os("SCOPEMUX_RECORD").map(PathBuf::from);
    let binary = recorder.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_scopemux")));
    for (path, stream) in recordings() {
        let expected = path.with_extension("json");
        let seen = play(&binary, &stream);
        if recorder.is_some() {
            let lines: Vec<String> = seen.iter().map(Value::to_string).collect();
            fs::write(&expected, format!("[\n{}\n]\n", lines.join(",\n"))).expect("writable");
            continue;
        }
        let text = fs::read_to_string(&expected).expect("there is a record of tmux");
        let want: Vec<Value> = serde_json::from_str(&text).expect("a record is JSON");
        assert_eq!(seen.len(), want.len(), "{}", path.display());
        for (index, (seen, want)) in seen.iter().zip(&want).enumerate() {
            assert_eq!(seen, want, "{}, result {index}", path.display());
        }
    }
}

#[test]
fn how_recorded_programs_are_cut_does_not_matter() {
    for (path, stream) in recordings() {
        let whole = feed(std::iter::once(stream.as_slice()));
        assert_eq!(feed(stream.chunks(1)), whole, "{}, byte by byte", path.display());
        for seed in 1..=CUTS {
            let cut = feed(pieces(&stream, seed).into_iter());
            assert_eq!(cut, whole, "{}, cut in way {seed}", path.display());
        }
    }
}
