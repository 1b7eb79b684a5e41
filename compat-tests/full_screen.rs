//! An hour of each full-screen program by a fake clock, with the option `alternate-history`: the
//! history is readable, has no row twice, and is small.
//!
//! Programs are the recordings, repeated until the hour is over, and two generated ones: a spinner
//! with a clock and a bar, redrawn each second. To see the history and its cost:
//!
//!     SCOPEMUX_FULL_SCREEN=1 cargo test --test compat full_screen -- --nocapture
//!     SCOPEMUX_FULL_SCREEN='vim frames' valgrind --tool=callgrind TEST-BINARY full_screen::an_hour

use std::collections::HashMap;

use scopemux::testing::base::links::Links;
use scopemux::testing::base::{PaneId, Size};
use scopemux::testing::terminal::{AlternateHistory, Terminal, TerminalConfig};
use scopemux::testing::transcript::{PaneInfo, StoreConfig, TranscriptStore};

use super::recordings::recordings;

const HOUR: usize = 3600;
/// Bytes that a recording prints in one second.
const A_SECOND: usize = 2000;
/// Rows longer than this many characters are identified by their text.
const LONG: usize = 8;
const KINDS: [(&str, AlternateHistory); 3] = [
    ("off", AlternateHistory::Off),
    ("scrolled", AlternateHistory::Scrolled),
    ("frames", AlternateHistory::Frames),
];

/// Output of a program in each second.
type Hour = Vec<Vec<u8>>;

fn spinner() -> Hour {
    let second = |n: usize| {
        let glyph = ["⠋", "⠙", "⠹", "⠸", "⠼"][n % 5];
        format!("\x1b[3;1H{glyph} Thinking... ({n}s, {} tokens)\x1b[K", n * 37).into_bytes()
    };
    let start = b"\x1b[?1049h\x1b[2J\x1b[HThe task that it works on".to_vec();
    std::iter::once(start).chain((1..HOUR).map(second)).chain([b"\x1b[?1049l".to_vec()]).collect()
}

fn bar() -> Hour {
    let second = |n: usize| {
        let (done, rate) = (n * 50 / HOUR, 90 + n * 7 % 20);
        let text = format!("\x1b[2;1H[{:<50}] {}% {rate}.{} MB/s", "=".repeat(done), n * 100 / HOUR, n % 10);
        text.into_bytes()
    };
    let start = b"\x1b[?1049h\x1b[2J\x1b[HCopying all of it".to_vec();
    std::iter::once(start).chain((1..HOUR).map(second)).chain([b"\x1b[?1049l".to_vec()]).collect()
}

/// All programs by name. Recordings of the main screen are played on the alternate one.
fn programs() -> Vec<(String, Hour)> {
    let mut all: Vec<(String, Hour)> = recordings()
        .into_iter()
        .filter_map(|(path, stream)| {
            let name = path.file_stem()?.to_string_lossy().into_owned();
            let chosen = ["agent", "htop", "less", "mc", "tig", "top", "vim"].contains(&name.as_str());
            let seconds: Vec<Vec<u8>> = stream.chunks(A_SECOND).map(<[u8]>::to_vec).collect();
            chosen.then(|| {
                let enters = [[b"\x1b[?1049h".to_vec()].to_vec(), seconds].concat();
                (name, enters.into_iter().cycle().take(HOUR).collect())
            })
        })
        .collect();
    all.extend([("spinner".to_owned(), spinner()), ("bar".to_owned(), bar())]);
    all
}

/// History of an hour, row by row, and its bytes on disk.
fn played(hour: &Hour, kind: AlternateHistory, dir: &std::path::Path) -> (Vec<String>, u64) {
    let store = TranscriptStore::new(StoreConfig::new(dir.to_path_buf())).expect("a store");
    let size = Size::new(80, 24);
    let history = store.open_pane(PaneId(1), PaneInfo::default(), 64 << 20, size.cols);
    let handle = history.handle();
    let mut terminal = Terminal::new(size, TerminalConfig::default(), Box::new(history));
    terminal.configure(&TerminalConfig { alternate_history: kind, ..TerminalConfig::default() });
    for (second, bytes) in hour.iter().enumerate() {
        terminal.set_now(1_700_000_000 + second as i64);
        terminal.feed(bytes);
        terminal.take_replies();
        terminal.take_events();
    }
    terminal.keep_screen();
    let mut rows = Vec::new();
    if let Some((mut view, _)) = terminal.alternate_history() {
        let mut links = Links::new();
        view.read(0..u64::MAX, &mut links, &mut |row| {
            rows.push(row.text.trim_end().to_owned());
            true
        });
    }
    terminal.history().flush_all();
    assert!(store.settle(std::time::Duration::from_secs(60)), "the disk has taken it");
    let bytes = handle.disk_bytes();
    handle.close(None);
    (rows, bytes)
}

#[test]
fn an_hour_of_each_program_is_kept_without_repetitions() {
    let wanted = std::env::var("SCOPEMUX_FULL_SCREEN").ok();
    let dir = std::env::temp_dir().join(format!("scopemux-full-screen-{}", std::process::id()));
    for (name, hour) in programs() {
        for (kind_name, kind) in KINDS {
            let only = wanted.as_deref().filter(|only| only.contains(' '));
            if only.is_some_and(|only| only != format!("{name} {kind_name}")) {
                continue;
            }
            let (rows, bytes) = played(&hour, kind, &dir);
            let heading = |row: &&String| row.starts_with("-- ");
            let mut counts: HashMap<&str, usize> = HashMap::new();
            for row in rows.iter().filter(|row| !heading(row) && row.trim().chars().count() > LONG) {
                *counts.entry(row).or_default() += 1;
            }
            let twice = counts.values().filter(|count| **count > 1).count();
            let printed: usize = hour.iter().map(Vec::len).sum();
            if wanted.is_some() {
                let headings = rows.iter().filter(heading).count();
                println!(
                    "{name} {kind_name}: printed {printed}, kept {} rows ({headings} headings, {twice} twice), {bytes} bytes on disk",
                    rows.len()
                );
                if kind == AlternateHistory::Frames {
                    rows.iter().take(60).for_each(|row| println!("    {row}"));
                }
            }
            match kind {
                AlternateHistory::Off => assert!(rows.is_empty(), "{name}"),
                AlternateHistory::Scrolled => {}
                AlternateHistory::Frames => {
                    assert!(twice == 0, "{name}: {twice} rows twice");
                    assert!(rows.len() < 4000, "{name}: {} rows", rows.len());
                    assert!(bytes <= 512 << 10, "{name}: {bytes} bytes");
                }
            }
        }
    }
    let _ = std::fs::remove_dir_all(&dir);
    for name in ["spinner", "bar"] {
        let all = programs();
        let (_, hour) = all.iter().find(|(of, _)| of == name).expect("it is made up here");
        let (rows, _) = played(hour, AlternateHistory::Frames, &dir);
        assert!((2..=12).contains(&rows.len()), "{name}: {rows:?}");
        let _ = std::fs::remove_dir_all(&dir);
    }
}
