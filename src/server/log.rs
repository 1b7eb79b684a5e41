//! The server's log. With `-v` or after SIGUSR2 it is `tmux-server-PID.log` in the working
//! directory, as in tmux; the most important lines are always in a ring that outlives the server.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::protocol::ring::Ring;

/// Level for one `-v`.
const DEBUG: u8 = 1;

/// Destinations of lines.
struct Log {
    /// Count of `-v` options; 0 for no file.
    level: AtomicU8,
    file: Mutex<Option<File>>,
    ring: Option<Ring>,
    next_span: AtomicU64,
    /// Texts of open spans, by number.
    spans: Mutex<Vec<(u64, String)>>,
}

/// The log of the process; tracing too has one subscriber per process.
static LOG: OnceLock<Arc<Log>> = OnceLock::new();

thread_local! {
    /// Numbers of the spans that this thread is in.
    static INSIDE: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Starts the log of this process, which also receives panics.
pub(super) fn start(level: u8, ring: Option<Ring>) {
    let log = Arc::new(Log {
        level: AtomicU8::new(level),
        file: Mutex::new(if level > 0 { open() } else { None }),
        ring,
        next_span: AtomicU64::new(0),
        spans: Mutex::default(),
    });
    if LOG.set(log.clone()).is_err() || tracing::subscriber::set_global_default(Shared(log)).is_err() {
        return;
    }
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let thread = std::thread::current();
        let frames = std::backtrace::Backtrace::force_capture().to_string();
        let ours = frames.lines().filter(|line| line.contains("scopemux::") && !line.contains("::log::"));
        let ours: Vec<&str> = ours.map(str::trim).take(12).collect();
        tracing::error!("{info} (thread {}): {}", thread.name().unwrap_or("?"), ours.join(", "));
        before(info);
    }));
}

/// Turns the file on or off (SIGUSR2).
pub(super) fn toggle() {
    let Some(log) = LOG.get() else { return };
    if log.level.load(Ordering::Relaxed) == 0 {
        *log.file.lock() = open();
        log.level.store(DEBUG, Ordering::Relaxed);
        tracing::callsite::rebuild_interest_cache();
        tracing::debug!("log opened");
    } else {
        tracing::debug!("log closed");
        log.level.store(0, Ordering::Relaxed);
        *log.file.lock() = None;
        tracing::callsite::rebuild_interest_cache();
    }
}

/// The lines in the ring, oldest first.
pub(super) fn lines() -> Vec<String> {
    LOG.get().and_then(|log| Some(log.ring.as_ref()?.lines())).unwrap_or_default()
}

/// Count of servers that died before this one.
pub(super) fn deaths() -> u64 {
    LOG.get().and_then(|log| Some(log.ring.as_ref()?.deaths())).unwrap_or(0)
}

/// Counts the death of the previous server.
pub(super) fn count_death() {
    if let Some(ring) = LOG.get().and_then(|log| log.ring.as_ref()) {
        // Without memory for a page the count is too low by one.
        let _ = ring.count_death();
    }
}

fn open() -> Option<File> {
    let name = format!("tmux-server-{}.log", std::process::id());
    OpenOptions::new().append(true).create(true).open(name).ok()
}

impl Log {
    fn most(&self) -> LevelFilter {
        match self.level.load(Ordering::Relaxed) {
            0 => LevelFilter::INFO,
            DEBUG => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        }
    }

    fn write(&self, level: Level, text: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = format!("{}.{:06} {text}", now.as_secs(), now.subsec_micros());
        if level <= Level::INFO
            && let Some(ring) = &self.ring
        {
            let _ = ring.push(&line);
        }
        if let Some(file) = &mut *self.file.lock() {
            // A full disk must not end the server.
            let _ = file.write_all(format!("{line}\n").as_bytes());
        }
    }
}

/// The subscriber: a shared `Log`.
struct Shared(Arc<Log>);

impl Subscriber for Shared {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.0.most() && metadata.target().starts_with("scopemux")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0.most())
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let number = self.0.next_span.fetch_add(1, Ordering::Relaxed) + 1;
        let mut text = Text(span.metadata().name().to_owned());
        span.record(&mut text);
        self.0.spans.lock().push((number, text.0));
        Id::from_u64(number)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        INSIDE.with_borrow(|inside| {
            let spans = self.0.spans.lock();
            for span in inside.iter().filter_map(|id| spans.iter().find(|(number, _)| number == id)) {
                text.0 += &span.1;
                text.0.push_str(": ");
            }
        });
        event.record(&mut text);
        self.0.write(*event.metadata().level(), text.0.trim_end());
    }

    fn enter(&self, span: &Id) {
        INSIDE.with_borrow_mut(|inside| inside.push(span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        INSIDE.with_borrow_mut(|inside| inside.retain(|id| *id != span.into_u64()));
    }

    fn try_close(&self, span: Id) -> bool {
        self.0.spans.lock().retain(|(number, _)| *number != span.into_u64());
        true
    }
}

/// Fields as text: the message itself, others with their names.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_and_where_it_was_are_in_the_ring_without_v() {
        let ring = Ring::new().unwrap();
        start(0, ring.try_clone().ok());
        tracing::debug!("not this");
        let thread = std::thread::Builder::new().name("unlucky".to_owned());
        let ended = thread.spawn(|| panic!("what happened")).unwrap().join();
        assert!(ended.is_err());
        let lines = ring.lines();
        let panic = lines.iter().find(|line| line.contains("what happened")).expect("it is logged");
        assert!(panic.contains("log.rs") && panic.contains("(thread unlucky)"), "{panic}");
        assert!(!lines.iter().any(|line| line.contains("not this")), "{lines:?}");
    }
}
