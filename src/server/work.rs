//! Work beside the loop: reading transcripts is as slow as the disk, so commands pass it to a few
//! threads and continue when the loop gets the result. Work is done in order; long work is queued
//! again for each of its steps, so that all of it progresses.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use nix::sys::eventfd::{EfdFlags, EventFd};
use parking_lot::{Condvar, Mutex};

use crate::model::host::{Callback, Work};
use crate::sys::threads::run_in_background;

/// Most threads. They are started on demand and stay.
const MAX_THREADS: usize = 2;

/// Most further threads for work that may block (a pipe without a reader); beyond it the caller
/// gets an error (`Resource temporarily unavailable`).
const MAX_APART: usize = 64;

struct Bench {
    state: Mutex<State>,
    filled: Condvar,
    event: EventFd,
}

/// The queue is bounded by the commands that wait for it: one step each.
#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    done: Vec<Callback>,
    idle: usize,
    threads: usize,
    /// Count of work items being done by these threads.
    busy: usize,
    /// Work that needs a thread of its own, and the count of such threads.
    apart: VecDeque<Work>,
    threads_apart: usize,
}

/// See the module comment.
pub(super) struct Workshop {
    bench: Arc<Bench>,
}

impl Workshop {
    pub(super) fn new() -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let event = EventFd::from_value_and_flags(0, flags)?;
        let bench = Bench { state: Mutex::default(), filled: Condvar::new(), event };
        Ok(Self { bench: Arc::new(bench) })
    }

    /// Readable when `take_done` has something, or a waker was called.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.bench.event.as_fd()
    }

    /// A function that wakes the loop, from any thread.
    pub(super) fn waker(&self) -> Box<dyn Fn() + Send + Sync> {
        let bench = self.bench.clone();
        Box::new(move || bench.wake())
    }

    pub(super) fn begin(&self, work: Work) {
        let mut state = self.bench.state.lock();
        state.waiting.push_back(work);
        if state.idle == 0 && state.threads < MAX_THREADS {
            let bench = self.bench.clone();
            let thread = std::thread::Builder::new().name("reader".to_owned());
            // Without a new thread the work waits for an existing one, or for the next attempt.
            state.threads += usize::from(thread.spawn(move || bench.run()).is_ok());
        }
        self.bench.filled.notify_one();
    }

    /// Reports whether `begin_apart` may be called.
    pub(super) fn has_room_apart(&self) -> bool {
        self.bench.state.lock().threads_apart < MAX_APART
    }

    /// Starts work that may block forever, on a thread of its own.
    pub(super) fn begin_apart(&self, work: Work) {
        let mut state = self.bench.state.lock();
        state.apart.push_back(work);
        let bench = self.bench.clone();
        let thread = std::thread::Builder::new().name("file".to_owned());
        match thread.spawn(move || bench.run_apart()) {
            Ok(_) => state.threads_apart += 1,
            Err(_) => {
                let work = state.apart.pop_back();
                drop(state);
                work.into_iter().for_each(|work| self.begin(work));
            }
        }
    }

    /// Reports whether no work is queued or running.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.bench.state.lock();
        state.waiting.is_empty() && state.done.is_empty() && state.busy == 0 && state.threads_apart == 0
    }

    /// Takes the callbacks to run on the loop now.
    pub(super) fn take_done(&self) -> Vec<Callback> {
        // Check the queue even if the event cannot be read.
        let _ = self.bench.event.read();
        std::mem::take(&mut self.bench.state.lock().done)
    }
}

impl Bench {
    fn wake(&self) {
        // A full counter wakes the loop too.
        let _ = self.event.write(1);
    }

    fn run_apart(&self) {
        run_in_background();
        let work = self.state.lock().apart.pop_front();
        let done = work.map(|work| work());
        let mut state = self.state.lock();
        state.threads_apart -= 1;
        state.done.extend(done);
        drop(state);
        self.wake();
    }

    fn run(&self) {
        run_in_background();
        loop {
            let work = {
                let mut state = self.state.lock();
                loop {
                    if let Some(work) = state.waiting.pop_front() {
                        state.busy += 1;
                        break work;
                    }
                    state.idle += 1;
                    self.filled.wait(&mut state);
                    state.idle -= 1;
                }
            };
            let callback = work();
            let mut state = self.state.lock();
            state.busy -= 1;
            state.done.push(callback);
            drop(state);
            self.wake();
        }
    }
}
