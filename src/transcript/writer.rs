//! The writer thread. All slow disk work is done here: compressing, appending, freeing space,
//! retrying after errors.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::sys::error::error_text;

use super::alternate;
use super::info;
use super::pane::Pane;
use super::queue::Job;
use super::sealed::{Place, Sealed};
use super::segment::{SEGMENT_PREFIX, Segment, disk_round};
use super::shared::Shared;
use super::small::{number_text, write_small};

/// Time between retries of a failing disk. (Tests trigger them.)
const RETRY: Duration = Duration::from_secs(if cfg!(test) { 3600 } else { 2 });
/// Least size of a segment file in bytes; the size is a sixteenth of the limit, within bounds.
const MIN_SEGMENT: u64 = 64 << 10;
const MAX_SEGMENT: u64 = 8 << 20;

/// The writer's loop; ends when the queue is stopped and empty. A failing disk is retried at its
/// time, even while other work is queued.
pub(super) fn run(store: &Arc<Shared>) {
    let mut due: Option<Instant> = None;
    loop {
        let failing = failing_panes(store);
        due = if failing.is_empty() { None } else { due.or_else(|| Some(Instant::now() + RETRY)) };
        if due.is_some_and(|due| due <= Instant::now()) && !store.queue.is_stopping() {
            failing.iter().for_each(|pane| retry(store, pane));
            due = None;
            continue;
        }
        match store.queue.next(due.map(|due| due.saturating_duration_since(Instant::now()))) {
            Some(job) => perform(store, job),
            None if store.queue.is_stopped() => return,
            None => {}
        }
    }
}

/// Retries all failing panes now.
#[cfg(test)]
pub(super) fn retry_all(store: &Shared) {
    failing_panes(store).iter().for_each(|pane| retry(store, pane));
}

fn failing_panes(store: &Shared) -> Vec<Arc<Pane>> {
    store.panes.lock().values().filter(|pane| pane.trouble.lock().is_some()).cloned().collect()
}

fn perform(store: &Shared, job: Job) {
    match job {
        Job::Write(pane) => {
            if pane.trouble.lock().is_none()
                && pane.is_on_disk()
                && let Err(error) = write_waiting(store, &pane)
            {
                enter_trouble(store, &pane, &error);
            }
        }
        Job::Release { segment, at, len } => release(store, &segment, at, len),
        Job::Small { pane, file, bytes } => {
            if pane.created.load(Ordering::Relaxed)
                && let Err(error) = write_small(&*store.storage, &file, &bytes)
            {
                store.message(format!("history: cannot write {}: {}", file.display(), error_text(&error)));
            }
        }
        Job::Floor(pane) => {
            if let Err(error) = write_floor(store, &pane) {
                store.message(format!(
                    "history: cannot clear {}: {}; what was cleared is on disk until that works",
                    pane.dir.display(),
                    error_text(&error)
                ));
                *pane.trouble.lock() = Some(error_text(&error));
                store.loader.messages.wake();
            }
        }
        Job::Note { pane, file, bytes } => {
            // Notes get a file only beside a transcript.
            if (pane.is_on_disk() || pane.created.load(Ordering::Relaxed)) && make_dir(store, &pane).is_ok() {
                let _ = store.storage.create(&file);
                let end = store.storage.len(&file).unwrap_or(0);
                let _ = store.storage.append(&file, end, &bytes);
            }
        }
        Job::Info(pane) => {
            if pane.created.load(Ordering::Relaxed)
                && let Err(error) = write_info(store, &pane)
            {
                store.message(format!(
                    "history: cannot write {}: {}",
                    pane.dir.display(),
                    error_text(&error)
                ));
            }
        }
        Job::Trim(pane) => trim(store, &pane),
        Job::Remove(pane) => {
            finish_segment(store, &pane);
            remove_small_files(store, &pane.dir);
            remove_dirs(store, &pane.dir);
        }
        Job::Finish(pane) => {
            finish_segment(store, &pane);
            store.forget_pane(&pane.key);
        }
    }
}

/// Removes a pane's directory if it is empty; for a closed pane with its second stream's directory.
fn remove_dirs(store: &Shared, dir: &Path) {
    if store.storage.remove_dir(dir).is_ok()
        && dir.ends_with(alternate::DIR)
        && let Some(around) = dir.parent()
    {
        let _ = store.storage.remove_dir(around);
    }
}

fn remove_small_files(store: &Shared, dir: &Path) {
    for name in store.storage.list(dir).unwrap_or_default() {
        if !name.starts_with(SEGMENT_PREFIX) && name != alternate::DIR {
            let _ = store.storage.remove(&dir.join(name));
        }
    }
}

fn enter_trouble(store: &Shared, pane: &Pane, error: &io::Error) {
    let first = failing_panes(store).is_empty();
    *pane.trouble.lock() = Some(error_text(error));
    if first {
        let dir = store_dir(pane);
        store.message(format!(
            "history: cannot write to {}: {}; panes keep their newest lines in memory",
            dir.display(),
            error_text(error)
        ));
    }
}

/// The directory that contains a pane's directory.
fn store_dir(pane: &Pane) -> &Path {
    pane.dir.parent().unwrap_or(&pane.dir)
}

/// Records on disk which lines were cleared, if that is due.
fn write_floor(store: &Shared, pane: &Pane) -> io::Result<()> {
    let due = *pane.floor_due.lock();
    let Some(floor) = due else { return Ok(()) };
    if pane.created.load(Ordering::Relaxed) {
        match write_small(&*store.storage, &pane.dir.join("floor"), &number_text(floor)) {
            // The directory was removed, and with it the cleared lines.
            Err(error) if is_gone(&error) => start_again(store, pane),
            other => other?,
        }
    }
    let mut slot = pane.floor_due.lock();
    if *slot == due {
        *slot = None;
    }
    Ok(())
}

/// Writes the pending blocks of a pane in the order of their lines, as far as possible. Returns the
/// number of blocks written.
fn write_waiting(store: &Shared, pane: &Arc<Pane>) -> io::Result<usize> {
    let mut written = 0;
    // Search again each time: pending blocks may be dropped meanwhile, and marked.
    while let Some(block) = { pane.list.lock().first_pending() } {
        // Dropped since the search.
        if block.is_retired() {
            continue;
        }
        match write(store, pane, &block) {
            // Another process removed the directory. Its contents are lost; the rest goes into a
            // new one.
            Err(error) if is_gone(&error) => {
                start_again(store, pane);
                write(store, pane, &block)?;
            }
            other => other?,
        }
        written += 1;
    }
    Ok(written)
}

/// Reports whether the error means that a file or directory no longer exists.
fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, StaleNetworkFileHandle};
    matches!(error.kind(), NotFound | NotADirectory | StaleNetworkFileHandle)
}

/// Lets the next block create the pane's directory and a segment.
fn start_again(store: &Shared, pane: &Pane) {
    pane.created.store(false, Ordering::Relaxed);
    if let Some(segment) = pane.writing.lock().segment.take() {
        segment.finished.store(true, Ordering::Release);
        if segment.live.load(Ordering::Acquire) == 0 {
            remove_segment(store, &segment);
        }
    }
}

/// Tries the disk again for a pane in trouble.
fn retry(store: &Shared, pane: &Arc<Pane>) {
    let done = write_floor(store, pane).and_then(|()| match pane.is_on_disk() {
        true => write_waiting(store, pane),
        // There is nothing left that could fail.
        false => Ok(1),
    });
    let done = done.and_then(|written| match (written, probe(store, pane)) {
        (1.., _) => Ok(()),
        (0, Err(error)) if is_gone(&error) => {
            start_again(store, pane);
            probe(store, pane)
        }
        (0, probed) => probed,
    });
    *pane.trouble.lock() = done.err().map(|error| error_text(&error));
    if failing_panes(store).is_empty() {
        store.message(format!("history: writing to {} again", store_dir(pane).display()));
    }
}

/// Tests whether the disk accepts writes, when there is nothing to write.
fn probe(store: &Shared, pane: &Pane) -> io::Result<()> {
    make_dir(store, pane)?;
    write_info(store, pane)
}

fn write_info(store: &Shared, pane: &Pane) -> io::Result<()> {
    let mut info = pane.info.lock().clone();
    if store.encrypts() {
        info.command.clear();
    }
    write_small(&*store.storage, &pane.dir.join("info"), &info::text(&info)?)
}

pub(super) fn make_dir(store: &Shared, pane: &Pane) -> io::Result<()> {
    if pane.created.load(Ordering::Relaxed) {
        return Ok(());
    }
    if let Some(main) = &pane.main {
        make_dir(store, main)?;
    }
    store.storage.create_dir(store_dir(pane))?;
    store.storage.create_dir(&pane.dir)?;
    write_info(store, pane)?;
    pane.created.store(true, Ordering::Relaxed);
    Ok(())
}

fn segment_bytes(cap: u64) -> u64 {
    (cap / 16).clamp(MIN_SEGMENT, MAX_SEGMENT)
}

/// The segment to append to, and its length. A segment is encrypted as a whole or not at all.
fn current_segment(store: &Shared, pane: &Pane) -> io::Result<(Arc<Segment>, u64)> {
    let encrypted = store.encrypts();
    if pane.writing.lock().segment.as_ref().is_some_and(|segment| segment.encrypted != encrypted) {
        finish_segment(store, pane);
        // The info file shows the command, or omits it while encrypting.
        write_info(store, pane)?;
    }
    let mut writing = pane.writing.lock();
    if let Some(segment) = &writing.segment {
        return Ok((segment.clone(), writing.len));
    }
    // If the directory was replaced since it was created, its new owner must not get the data.
    store.storage.check_dir(store_dir(pane))?;
    store.storage.check_dir(&pane.dir)?;
    let name = |number: u64| pane.dir.join(format!("{SEGMENT_PREFIX}{number:08}"));
    let mut path = name(writing.next_segment);
    let mut made = store.storage.create(&path);
    if made.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists) {
        // This directory could not be listed before.
        let names = store.storage.list(&pane.dir)?;
        let last =
            names.iter().filter_map(|name| name.strip_prefix(SEGMENT_PREFIX)?.parse::<u64>().ok()).max();
        writing.next_segment = writing.next_segment.max(last.map_or(0, |last| last.saturating_add(1)));
        path = name(writing.next_segment);
        made = store.storage.create(&path);
    }
    writing.next_segment += 1;
    made?;
    let segment = Arc::new(Segment {
        path,
        freeing: store.queue.clone(),
        live: AtomicU32::new(0),
        finished: AtomicBool::new(false),
        encrypted,
    });
    writing.segment = Some(segment.clone());
    writing.len = 0;
    Ok((segment, 0))
}

fn write(store: &Shared, pane: &Arc<Pane>, block: &Arc<Sealed>) -> io::Result<()> {
    if block.is_retired() {
        return Ok(());
    }
    let Place::Pending(pending) = block.place.lock().clone() else { return Ok(()) };
    make_dir(store, pane)?;
    let (segment, at) = current_segment(store, pane)?;
    let sequence = pane.writing.lock().sequence;
    let frame = store.encode(block.header(sequence), &pending.raw, &pending.aid, segment.encrypted)?;
    store.storage.append(&segment.path, at, &frame)?;
    segment.live.fetch_add(1, Ordering::Relaxed);
    let len = frame.len() as u64;
    {
        let mut place = block.place.lock();
        *place = Place::Disk { segment, at, aid_len: pending.aid.len() as u32, len: len as u32 };
        if !block.is_retired() {
            pane.pending.fetch_sub(pending.bytes(), Ordering::Relaxed);
            pane.disk.fetch_add(disk_round(len), Ordering::Relaxed);
        }
    }
    if let Some(pending) = Arc::into_inner(pending) {
        store.keep_spare(pending.raw);
    }
    let full = {
        let mut writing = pane.writing.lock();
        writing.sequence += 1;
        writing.len += len;
        writing.len >= segment_bytes(pane.cap.load(Ordering::Relaxed))
    };
    if full {
        finish_segment(store, pane);
    }
    trim(store, pane);
    Ok(())
}

/// Ends the current segment; the next block starts a new one.
fn finish_segment(store: &Shared, pane: &Pane) {
    let Some(segment) = pane.writing.lock().segment.take() else { return };
    if let Err(error) = store.storage.sync(&segment.path) {
        store.message(format!("history: {}: {}", segment.path.display(), error_text(&error)));
    }
    segment.finished.store(true, Ordering::Release);
    if segment.live.load(Ordering::Acquire) == 0 {
        remove_segment(store, &segment);
    }
}

/// Removes an empty segment. True on success.
fn remove_segment(store: &Shared, segment: &Segment) -> bool {
    let removed = store.storage.remove(&segment.path).is_ok();
    // Succeeds only for the last file of a closed pane.
    if let Some(dir) = segment.path.parent() {
        remove_dirs(store, dir);
    }
    removed
}

fn release(store: &Shared, segment: &Segment, at: u64, len: u64) {
    let left = segment.live.fetch_sub(1, Ordering::AcqRel) - 1;
    if left > 0 || !segment.finished.load(Ordering::Acquire) || !remove_segment(store, segment) {
        // If holes cannot be punched, the space is freed with the segment.
        let _ = store.storage.punch(&segment.path, at, len);
    }
}

/// Drops oldest blocks until the pane, and all panes together, are within their limits.
fn trim(store: &Shared, pane: &Pane) {
    while pane.disk.load(Ordering::Relaxed) > pane.cap.load(Ordering::Relaxed) && pane.drop_oldest() {}
    let main = pane.main.as_deref().unwrap_or(pane);
    while main.disk_of_both() > main.cap.load(Ordering::Relaxed) && main.drop_oldest() {}
    let limit = store.total_limit.load(Ordering::Relaxed);
    if limit == u64::MAX {
        return;
    }
    let panes: Vec<Arc<Pane>> = store.panes.lock().values().cloned().collect();
    let disk = |pane: &Arc<Pane>| pane.disk.load(Ordering::Relaxed);
    while panes.iter().map(disk).sum::<u64>() > limit {
        let Some(largest) = panes.iter().max_by_key(|pane| disk(pane)) else { return };
        if !largest.drop_oldest() {
            return;
        }
    }
}
