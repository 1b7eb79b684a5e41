//! The reader of transcripts: listing, reading, searching, saving and continuing any directory
//! never panics, and undamaged lines show as they were printed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use scopemux::testing::base::PaneId;
use scopemux::testing::base::history::{History, HistoryView};
use scopemux::testing::base::links::Links;
use scopemux::testing::terminal::{Terminal, TerminalConfig};
use scopemux::testing::transcript::{
    Exporter, Form, Needle, PaneInfo, Progress, SearchCursor, Storage, StoreConfig, TranscriptStore,
};

use crate::input::Rng;

/// Limit of a pane's bytes on disk: small, so that there are several segments and holes in them.
const CAP: u64 = 96 << 10;
/// Rows read in one view, from both ends.
const ROWS: u64 = 60;
/// Longest wait for the writer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of a frame's header, before its aid, and the offset of its checksums.
const HEADER: usize = 68;
const HEADER_CRC: usize = 4;
const PAYLOAD_LEN: usize = 56;
const AID_LEN: usize = 60;
const PAYLOAD_CRC: usize = 64;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Files in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Files>>);

fn missing() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOENT)
}

impl Memory {
    fn with<T>(&self, file: &Path, change: impl FnOnce(&mut Vec<u8>) -> T) -> io::Result<T> {
        self.0.lock().expect("nobody panics here").get_mut(file).map(change).ok_or_else(missing)
    }

    fn files(&self) -> std::sync::MutexGuard<'_, Files> {
        self.0.lock().expect("nobody panics here")
    }
}

impl Storage for Memory {
    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn create(&self, file: &Path) -> io::Result<()> {
        let mut files = self.files();
        if files.contains_key(file) {
            return Err(io::Error::from_raw_os_error(libc::EEXIST));
        }
        files.insert(file.to_owned(), Vec::new());
        Ok(())
    }
    fn append(&self, file: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.with(file, |data| {
            data.resize(data.len().max(at as usize + bytes.len()), 0);
            data[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
        })
    }
    fn read_at(&self, file: &Path, at: u64, len: usize) -> io::Result<Vec<u8>> {
        self.with(file, |data| {
            let from = data.len().min(usize::try_from(at).unwrap_or(usize::MAX));
            data[from..data.len().min(from.saturating_add(len))].to_vec()
        })
    }
    fn len(&self, file: &Path) -> io::Result<u64> {
        self.with(file, |data| data.len() as u64)
    }
    fn truncate(&self, file: &Path, len: u64) -> io::Result<()> {
        self.with(file, |data| data.resize(len as usize, 0))
    }
    fn sync(&self, file: &Path) -> io::Result<()> {
        self.with(file, |_| ())
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut files = self.files();
        let data = files.remove(from).ok_or_else(missing)?;
        files.insert(to.to_owned(), data);
        Ok(())
    }
    fn remove(&self, file: &Path) -> io::Result<()> {
        self.files().remove(file).map(drop).ok_or_else(missing)
    }
    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        match self.files().keys().any(|file| file.starts_with(dir)) {
            true => Err(io::Error::from_raw_os_error(libc::ENOTEMPTY)),
            false => Ok(()),
        }
    }
    fn punch(&self, file: &Path, at: u64, len: u64) -> io::Result<()> {
        self.with(file, |data| {
            let end = data.len().min((at + len) as usize);
            data[end.min(at as usize)..end].fill(0);
        })
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let files = self.files();
        let below = files.keys().filter_map(|file| file.strip_prefix(dir).ok()?.components().next());
        let mut names: Vec<String> =
            below.map(|name| name.as_os_str().to_string_lossy().into_owned()).collect();
        names.dedup();
        Ok(names)
    }
}

fn store(files: Files) -> TranscriptStore {
    let storage = Arc::new(Memory(Arc::new(Mutex::new(files))));
    TranscriptStore::new(StoreConfig { storage, ..StoreConfig::new(PathBuf::from("/t")) })
        .expect("a thread starts")
}

/// Files of a terminal that printed various kinds of output: two panes, one of them kept.
fn sound() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| {
        let memory = Memory::default();
        let config =
            StoreConfig { storage: Arc::new(memory.clone()), ..StoreConfig::new(PathBuf::from("/t")) };
        let store = TranscriptStore::new(config).expect("a thread starts");
        for pane in 0..2 {
            let info = PaneInfo { command: "sh".into(), ..PaneInfo::default() };
            let history = store.open_pane(PaneId(pane), info, CAP, 40);
            let handle = history.handle();
            let size = scopemux::testing::base::Size::new(40, 5);
            let mut terminal = Terminal::new(size, TerminalConfig::default(), Box::new(history));
            let mut rng = Rng::new(u64::from(pane) + 1);
            for n in 0..400 {
                terminal.set_now(1_700_000_000 + n);
                let text: String =
                    (0..rng.below(120)).map(|_| rng.pick(&['a', ' ', 'é', '日', '\t', '\u{301}'])).collect();
                let (colour, noise) = (rng.below(256), rng.next());
                let link = if n % 7 == 0 { format!("\x1b]8;;http://x/{noise}\x1b\\") } else { String::new() };
                let line =
                    format!("{link}\x1b[38;5;{colour}mline {n} {text}\x1b[m{noise:x}\x1b]8;;\x1b\\\r\n");
                terminal.feed(line.as_bytes());
                if n % 60 == 0 {
                    handle.annotate(n, "noted");
                    terminal.history().flush();
                }
            }
            terminal.history().flush();
            if pane == 1 {
                handle.close(Some(i64::MAX));
            }
            assert!(store.settle(PATIENCE));
        }
        assert!(store.settle(PATIENCE));
        drop(store);
        let files = memory.files().clone();
        assert!(files.len() > 6, "{:?}", files.keys());
        files
    })
}

/// Interprets an input as changes to the files.
struct Script<'a>(&'a [u8]);

impl Script<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }
    fn number(&mut self) -> usize {
        usize::from(self.byte().unwrap_or(0)) << 8 | usize::from(self.byte().unwrap_or(0))
    }
    fn take(&mut self, len: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken.to_vec()
    }

    /// Makes one change; false at the end.
    fn step(&mut self, files: &mut Files) -> bool {
        let (Some(what), Some(which)) = (self.byte(), self.byte()) else { return false };
        let Some(path) = files.keys().nth(usize::from(which) % files.len().max(1)).cloned() else {
            return false;
        };
        let (at, other) = (self.number(), self.number());
        let data = files.entry(path.clone()).or_default();
        let at = at % (data.len() + 1);
        match what % 12 {
            0 => data.iter_mut().skip(at).take(1).for_each(|b| *b ^= 1 << (other % 8)),
            1 => data.truncate(at),
            2 => {
                let bytes = self.take(other % 32);
                data.splice(at..at, bytes);
            }
            3 => data.iter_mut().skip(at).take(other).for_each(|b| *b = 0),
            4 => *data = self.take(other % 64),
            5 => drop(files.remove(&path)),
            6 => {
                let name =
                    ["seg-00000000", "seg-99999999", "seg-x", "info", "notes", "floor", "until"][other % 7];
                let data = data.clone();
                files.insert(path.with_file_name(name), data);
            }
            7 => {
                let piece: Vec<u8> = data.iter().skip(at).take(other).copied().collect();
                data.extend(piece);
            }
            8 => {
                let len = other % 16;
                let bytes = self.take(len);
                data.iter_mut().skip(at).zip(bytes).for_each(|(to, from)| *to = from);
            }
            9 => {
                // A changed header with a correct checksum.
                let bytes = self.take(other % 16);
                change_frame(data, at, |frame| {
                    let place = 8 + at % (frame.len() - 8);
                    frame.iter_mut().skip(place).zip(&bytes).for_each(|(to, from)| *to = *from);
                });
            }
            _ => {
                // Changed records in a frame that is otherwise correct.
                let bytes = self.take(other % 16);
                change_payload(data, at, |raw| {
                    let place = at % (raw.len() + 1);
                    raw.iter_mut().skip(place).zip(&bytes).for_each(|(to, from)| *to = *from);
                    if bytes.is_empty() {
                        raw.truncate(place);
                    }
                });
            }
        }
        true
    }
}

fn u32_at(data: &[u8], at: usize) -> usize {
    data.get(at..at + 4).map_or(0, |b| u32::from_le_bytes(b.try_into().expect("four bytes")) as usize)
}

/// Offsets of frames, as far as headers can be followed.
fn frames(data: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    while data.get(at..at + 4) == Some(b"SMX1") && starts.len() < 1000 {
        starts.push(at);
        at += HEADER + u32_at(data, at + AID_LEN) + u32_at(data, at + PAYLOAD_LEN);
    }
    starts
}

/// Changes header and aid of a frame, and corrects its checksum.
fn change_frame(data: &mut [u8], pick: usize, change: impl FnOnce(&mut [u8])) {
    let starts = frames(data);
    let Some(&start) = starts.get(pick % starts.len().max(1)) else { return };
    let end = start + HEADER + u32_at(data, start + AID_LEN);
    let Some(frame) = data.get_mut(start..end) else { return };
    change(frame);
    let crc = crc32fast::hash(&frame[8..]);
    frame[HEADER_CRC..8].copy_from_slice(&crc.to_le_bytes());
}

/// Changes the records of a frame, and corrects everything else.
fn change_payload(data: &mut Vec<u8>, pick: usize, change: impl FnOnce(&mut Vec<u8>)) {
    let starts = frames(data);
    let Some(&start) = starts.get(pick % starts.len().max(1)) else { return };
    let from = start + HEADER + u32_at(data, start + AID_LEN);
    let to = from + u32_at(data, start + PAYLOAD_LEN);
    let Some(packed) = data.get(from..to) else { return };
    let Ok(mut raw) = zstd::bulk::decompress(packed, 4 << 20) else { return };
    change(&mut raw);
    let Ok(packed) = zstd::bulk::compress(&raw, 1) else { return };
    let header = [
        (PAYLOAD_LEN - 4, raw.len() as u32),
        (PAYLOAD_LEN, packed.len() as u32),
        (PAYLOAD_CRC, crc32fast::hash(&packed)),
    ];
    data.splice(from..to, packed);
    for (at, value) in header {
        data[start + at..start + at + 4].copy_from_slice(&value.to_le_bytes());
    }
    let crc = crc32fast::hash(&data[start + 8..from]);
    data[start + HEADER_CRC..start + 8].copy_from_slice(&crc.to_le_bytes());
}

/// Reads both ends at several widths.
fn look(view: &mut dyn HistoryView) {
    let mut links = Links::new();
    for width in [40, 7, 1, 300] {
        view.set_width(width);
        let rows = view.rows();
        for n in (0..rows.min(ROWS)).chain(rows.saturating_sub(ROWS)..rows) {
            assert!(view.row(n, &mut links).is_some(), "row {n} of {rows} at {width}");
        }
        assert!(view.row(rows, &mut links).is_none());
    }
}

/// See the module comment.
pub(crate) fn check(input: &[u8]) {
    let mut files = sound().clone();
    let mut script = Script(input);
    while script.step(&mut files) {}
    let store = store(files);
    for one in store.all() {
        let Ok((mut view, notes)) = store.read(&one.key) else { continue };
        look(&mut view);
        let needle = Needle::new("line 3[0-9]*", true, false).expect("a fixed pattern");
        let mut cursor = SearchCursor::new(&mut view, 0, true);
        for _ in 0..200 {
            if matches!(cursor.step(&mut view, &needle, 64 << 10), Progress::Done) {
                break;
            }
        }
        for form in [Form::Text, Form::Ansi, Form::Html, Form::Cast] {
            let mut exporter = Exporter::new(&mut view, form, 0, ROWS, notes.clone());
            let mut text = String::new();
            while exporter.step(&mut view, 32, &mut text) {}
        }
    }
    for left in store.leftovers() {
        let Ok(mut history) = store.adopt(&left.key, PaneId(9), CAP, 40, None) else { continue };
        look(&mut history);
        let mut links = Links::new();
        for _ in 0..20 {
            if history.pop(&mut links).is_none() {
                break;
            }
        }
        history.clear();
        history.handle().close(None);
    }
    assert!(store.settle(PATIENCE));
    store.expire(i64::MAX);
}

/// Generates a few changes.
pub(crate) fn generate(rng: &mut Rng) -> Vec<u8> {
    let steps = 1 + rng.below(4);
    let mut out = Vec::new();
    for _ in 0..steps {
        let len = 6 + rng.below(24);
        out.extend(
            (0..len).map(|_| {
                if rng.below(4) == 0 { rng.pick(&[0, 1, 0x7f, 0x80, 0xff]) } else { rng.next() as u8 }
            }),
        );
    }
    out
}
