//! Decides when sessions are written to disk: some seconds after a change, beside the loop, and
//! once more when a signal ends the server. `kill-server`, and the end of the last session, end the
//! server on purpose: nothing is kept for a restore.
//!
//! A machine that goes down signals programs before or after the server. So nothing is written for
//! a while after a signal ended a pane's program.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;

use crate::base::PaneId;
use crate::model::host::ExitStatus;
use crate::options::opt;
use crate::server::runtime::Runtime;
use crate::sys::error::error_text;
use crate::transcript::{Disk, Recovered, Storage};

use super::file::{Files, texts};
use super::{Saved, text};

/// Time between the first change and its write, and between two writes, in milliseconds.
const SOON_MS: u64 = 2000;
const EVERY_MS: u64 = 5000;
/// Time between two writes of one pane's text, in milliseconds.
const TEXT_MS: u64 = 15_000;
/// Time to the next write if more texts are due than one write takes, in milliseconds.
const MORE_MS: u64 = 1000;
/// Most texts in one write, and most bytes of them; the others wait for the next write.
const MAX_TEXTS: usize = 16;
const MAX_TEXT_BYTES: usize = 4 << 20;
/// Time to the next attempt after an error of the disk, in milliseconds.
const AGAIN_MS: u64 = 10_000;
/// Time without writes after a signal ended a pane's program, in milliseconds.
const HOLD_MS: u64 = 30_000;
/// Longest time for the last write, and for the end of a write in progress.
const LAST: Duration = Duration::from_secs(3);

/// Texts by the names of their transcripts.
type Texts = Vec<(String, Text)>;

enum Text {
    Whole(Recovered),
    /// What was printed since the text was written last.
    More(Vec<(i64, Vec<u8>)>),
}

impl Text {
    fn bytes(&self) -> usize {
        let (checkpoint, printed) = match self {
            Self::Whole(text) => (text.checkpoint.len(), &text.printed),
            Self::More(printed) => (0, printed),
        };
        checkpoint + printed.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    }

    fn write(&self, name: &str, files: &mut Files) -> std::io::Result<()> {
        match self {
            Self::Whole(text) => files.write_text(name, &text::encode(text)?),
            Self::More(printed) => files.append_text(name, &text::encode_more(printed)?),
        }
    }
}

/// The state of a pane that was written last.
struct Written {
    name: String,
    /// The journal's stamp.
    stamp: (u64, usize),
    at_ms: u64,
}

/// State shared by the loop and the writing thread.
struct Shared {
    files: Mutex<Files>,
    /// Hash of the newest body that was written.
    newest: Mutex<Option<u64>>,
    busy: AtomicBool,
    /// True after the server's last write.
    over: AtomicBool,
    restoring: AtomicBool,
    outcome: Mutex<Outcome>,
}

#[derive(Default)]
struct Outcome {
    /// The disk's error, if it has one.
    error: Option<String>,
    failed: bool,
    written: Option<SystemTime>,
    /// Messages, each with true if it is for all clients and not only for the message log.
    messages: Vec<(String, bool)>,
}

/// Held by the restore that is under way.
pub(crate) struct Alone(Arc<Shared>);

impl Drop for Alone {
    fn drop(&mut self) {
        self.0.restoring.store(false, Ordering::Relaxed);
    }
}

/// See the module comment.
pub(crate) struct Saver {
    shared: Arc<Shared>,
    dirty: bool,
    next_ms: u64,
    texts: BTreeMap<PaneId, Written>,
    /// Nothing is written before this time.
    hold_ms: u64,
    /// True if the server ends by a signal: the files stay on disk.
    leaves: bool,
    /// True if the earlier state was restored and may be removed with the next write.
    forget_left: bool,
}

impl Saver {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self::with_storage(Arc::new(Disk), dir)
    }

    fn with_storage(storage: Arc<dyn Storage>, dir: PathBuf) -> Self {
        let shared = Shared {
            files: Mutex::new(Files::new(storage, dir)),
            newest: Mutex::default(),
            busy: AtomicBool::new(false),
            over: AtomicBool::new(false),
            restoring: AtomicBool::new(false),
            outcome: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
            dirty: false,
            next_ms: 0,
            texts: BTreeMap::new(),
            hold_ms: 0,
            leaves: false,
            forget_left: false,
        }
    }

    /// Records a change.
    pub(crate) fn note_change(&mut self, now_ms: u64) {
        if !std::mem::replace(&mut self.dirty, true) {
            self.next_ms = self.next_ms.max(now_ms + SOON_MS);
        }
    }

    /// Handles the end of a pane's program. True if it looks like the machine going down.
    pub(crate) fn note_end(&mut self, status: ExitStatus, now_ms: u64) -> bool {
        let by_signal = matches!(status, ExitStatus::Signaled(libc::SIGHUP | libc::SIGTERM));
        if by_signal {
            self.hold_ms = now_ms + HOLD_MS;
        }
        by_signal
    }

    fn is_held(&self, now_ms: u64) -> bool {
        now_ms < self.hold_ms
    }

    /// Time of the next write.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        let busy = self.shared.busy.load(Ordering::Relaxed);
        (self.dirty && !busy).then_some(self.next_ms.max(self.hold_ms))
    }

    /// Takes messages about errors and successes since the last call, with true if they are for all
    /// clients.
    pub(crate) fn take_messages(&self) -> Vec<(String, bool)> {
        std::mem::take(&mut self.shared.outcome.lock().messages)
    }

    /// For the health line: seconds since the last write, or the error.
    pub(crate) fn health(&self) -> String {
        let outcome = self.shared.outcome.lock();
        match (&outcome.error, outcome.written) {
            (Some(error), _) => format!("failing ({error})"),
            (None, Some(at)) => format!("{} s ago", at.elapsed().unwrap_or_default().as_secs()),
            (None, None) => "never".to_owned(),
        }
    }

    /// `None` while another restore is under way: both would open the same histories.
    pub(crate) fn begin_restore(&self) -> Option<Alone> {
        (!self.shared.restoring.swap(true, Ordering::Relaxed)).then(|| Alone(self.shared.clone()))
    }

    /// Reads the state to restore, beside the loop.
    pub(crate) fn reader(&self, life: i64) -> impl FnOnce() -> Result<Option<Saved>, String> + Send + use<> {
        let shared = self.shared.clone();
        move || {
            let mut files = shared.files.lock();
            shared.say(files.begin(life));
            files.left()
        }
    }

    /// Reads the texts of panes, beside the loop.
    pub(crate) fn text_reader(
        &self,
    ) -> impl Fn(&str) -> Result<Option<Recovered>, &'static str> + Send + use<> {
        let shared = self.shared.clone();
        move |name| match shared.files.lock().read_text(name)? {
            Some(parts) => text::decode(&parts).map(Some).map_err(|_| "is damaged"),
            None => Ok(None),
        }
    }

    /// Handles the end of a restore: the sessions are written as this server's, and the old state
    /// is then removed.
    pub(crate) fn note_restored(&mut self, now_ms: u64) {
        self.forget_left = true;
        self.dirty = true;
        self.next_ms = now_ms;
    }
}

impl Shared {
    fn say(&self, messages: Vec<String>) {
        self.outcome.lock().messages.extend(messages.into_iter().map(|text| (text, false)));
    }

    /// Writes sessions, unless they are unchanged, then texts.
    fn write(
        &self,
        files: &mut Files,
        saved: Saved,
        texts: &Texts,
        forget_left: bool,
    ) -> std::io::Result<()> {
        self.say(files.begin(saved.life));
        let body = serde_json::to_vec(&saved)?;
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let print = Some(hasher.finish());
        let mut newest = self.newest.lock();
        if *newest != print {
            files.write(&body)?;
            *newest = print;
        }
        drop((newest, body));
        if forget_left {
            files.forget_left()?;
        }
        for (name, text) in texts {
            text.write(name, files)?;
        }
        files.keep_texts(&wanted(&saved))
    }

    fn note(&self, result: std::io::Result<()>) {
        let mut outcome = self.outcome.lock();
        let before = outcome.error.is_some();
        match result {
            Ok(()) => {
                outcome.written = Some(SystemTime::now());
                outcome.error = None;
                if before {
                    outcome.messages.push(("saved sessions: written again".to_owned(), true));
                }
            }
            Err(error) => {
                outcome.failed = true;
                // Without any successful write, an error matters only to users who ask.
                let missed = outcome.written.is_some();
                let text = error_text(&error);
                if outcome.error.as_ref() != Some(&text) {
                    outcome.messages.push((format!("saved sessions: cannot be written: {text}"), missed));
                }
                outcome.error = Some(text);
            }
        }
    }
}

/// Names of texts that may stay on disk.
fn wanted(saved: &Saved) -> BTreeSet<String> {
    if saved.encrypted { BTreeSet::new() } else { texts(saved) }
}

impl Runtime {
    /// Starts a write, if one is due.
    pub(crate) fn save_sessions(&mut self) {
        let now_ms = self.world.now.mono_ms;
        if self.world.saver.due_ms().is_none_or(|due| now_ms < due) {
            return;
        }
        if self.server.exiting {
            // Sessions that are being ended are not saved, and no write is due for them.
            self.world.saver.dirty = false;
            return;
        }
        let saver = &mut self.world.saver;
        saver.dirty = false;
        saver.next_ms = now_ms + EVERY_MS;
        if std::mem::take(&mut saver.shared.outcome.lock().failed) {
            // Texts that count as written may not be on disk.
            saver.texts.clear();
        }
        if !self.server.server_options().get(opt::RESTORE_SAVE) {
            return self.remove_saved();
        }
        let mut saved = Saved::take(&self.server);
        let texts = self.changed_texts(&saved, MAX_TEXTS);
        let saver = &mut self.world.saver;
        saver.shared.busy.store(true, Ordering::Relaxed);
        let (shared, forget_left) = (saver.shared.clone(), std::mem::take(&mut saver.forget_left));
        self.world.work.begin(Box::new(move || {
            saved.ask_programs();
            let mut files = shared.files.lock();
            if shared.over.load(Ordering::Relaxed) {
                return Box::new(|_| ());
            }
            let result = shared.write(&mut files, saved, &texts, forget_left);
            drop(files);
            let failed = result.is_err();
            shared.note(result);
            shared.busy.store(false, Ordering::Relaxed);
            Box::new(move |cx| {
                if failed {
                    cx.host.save_sessions_again()
                }
            })
        }));
    }

    /// Removes everything that was written, since `restore-save` was turned off.
    fn remove_saved(&mut self) {
        self.world.saver.texts.clear();
        let shared = self.world.saver.shared.clone();
        if shared.newest.lock().is_none() {
            return;
        }
        self.world.work.begin(Box::new(move || {
            *shared.newest.lock() = None;
            let result = shared.files.lock().end();
            shared.note(result);
            Box::new(|_| ())
        }));
    }

    /// Copies texts of panes that changed since their last write, at most `most`.
    fn changed_texts(&mut self, saved: &Saved, most: usize) -> Texts {
        let now_ms = self.world.now.mono_ms;
        let (pump, saver) = (&mut self.world.pump, &mut self.world.saver);
        if saved.encrypted {
            // The files are removed.
            saver.texts.clear();
        }
        saver.texts.retain(|pane, _| self.server.panes.contains_key(pane));
        let (mut texts, mut bytes, mut more) = (Texts::new(), 0, None);
        for pane in saved.panes.iter().filter(|pane| !saved.encrypted && !pane.off_disk) {
            let (Some(name), Some(stamp)) = (&pane.history, pump.journal_stamp(pane.id)) else { continue };
            let known = saver.texts.get(&pane.id).filter(|known| known.name == *name);
            if known.is_some_and(|known| known.stamp == stamp) {
                continue;
            }
            let due_ms = known.map_or(0, |known| known.at_ms + TEXT_MS);
            if due_ms > now_ms && most != usize::MAX {
                more = Some(more.unwrap_or(due_ms).min(due_ms));
                continue;
            }
            if texts.len() >= most || bytes > MAX_TEXT_BYTES && most != usize::MAX {
                more = Some(now_ms + MORE_MS);
                break;
            }
            // The last writing of all may follow one that fails.
            let known = known.filter(|_| most != usize::MAX);
            let later = known.and_then(|known| pump.copy_journal_since(pane.id, known.stamp));
            let text = later.map(Text::More).or_else(|| pump.copy_journal(pane.id).map(Text::Whole));
            if let Some(text) = text {
                bytes += text.bytes();
                texts.push((name.clone(), text));
                saver.texts.insert(pane.id, Written { name: name.clone(), stamp, at_ms: now_ms });
            }
        }
        if let Some(due_ms) = more {
            saver.dirty = true;
            saver.next_ms = due_ms.max(now_ms + MORE_MS);
        }
        texts
    }

    /// Called when a signal is about to end the server: writes everything once more, as far as that
    /// is quick, and keeps the files.
    pub(crate) fn save_for_good(&mut self) {
        self.world.saver.leaves = true;
        self.world.histories.leave_all();
        let held = self.world.saver.is_held(self.world.now.mono_ms);
        if held || !self.server.server_options().get(opt::RESTORE_SAVE) || self.server.sessions.is_empty() {
            return;
        }
        let began = Instant::now();
        let mut saved = Saved::take(&self.server);
        saved.ask_programs();
        let texts = self.changed_texts(&saved, usize::MAX);
        let shared = self.world.saver.shared.clone();
        let Some(mut files) = shared.files.try_lock_for(LAST) else { return };
        shared.over.store(true, Ordering::Relaxed);
        let result = shared.write(&mut files, saved, &Texts::new(), false);
        let failed = result.is_err();
        shared.note(result);
        for (name, text) in texts {
            if failed || began.elapsed() > LAST {
                return;
            }
            shared.note(text.write(&name, &mut files));
        }
    }

    /// Called when the server ends. Sessions that were ended on purpose do not come back.
    pub(crate) fn end_saved(&mut self) {
        let saver = &self.world.saver;
        let on_purpose = self.world.shutdown || !saver.is_held(self.world.now.mono_ms);
        if saver.leaves || !on_purpose {
            return;
        }
        let Some(mut files) = saver.shared.files.try_lock_for(LAST) else { return };
        saver.shared.over.store(true, Ordering::Relaxed);
        if let Err(error) = files.end() {
            tracing::warn!("saved sessions: cannot be removed: {error}");
        }
    }
}

impl Saver {
    /// Schedules another attempt after an error of the disk.
    pub(crate) fn try_again(&mut self, now_ms: u64) {
        self.dirty = true;
        self.next_ms = now_ms + AGAIN_MS;
    }
}
