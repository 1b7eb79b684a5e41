//! Work beside the loop: reading transcripts takes as long as a disk does, so commands hand it
//! to a few threads and go on when the loop is told. Work is done in the order it came; long
//! work comes back for each of its steps, so that all of it gets on.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use nix::sys::eventfd::{EfdFlags, EventFd};
use parking_lot::{Condvar, Mutex};

use crate::base::posix::run_in_background;
use crate::model::host::{Callback, Work};

/// Threads at most. They are started when there is work and stay.
const MAX_THREADS: usize = 2;

struct Bench {
    state: Mutex<State>,
    filled: Condvar,
    event: EventFd,
}

/// What waits is bounded by the commands that wait for it: one step each.
#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    done: Vec<Callback>,
    idle: usize,
    threads: usize,
}

/// See the module comment.
pub struct Workshop {
    bench: Arc<Bench>,
}

impl Workshop {
    pub fn new() -> io::Result<Self> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let event = EventFd::from_value_and_flags(0, flags)?;
        let bench = Bench { state: Mutex::default(), filled: Condvar::new(), event };
        Ok(Self { bench: Arc::new(bench) })
    }

    /// Readable when `take_done` has something, or a waker was called.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.bench.event.as_fd()
    }

    /// Wakes the loop when called, from any thread.
    pub fn waker(&self) -> Box<dyn Fn() + Send + Sync> {
        let bench = self.bench.clone();
        Box::new(move || bench.wake())
    }

    pub fn begin(&self, work: Work) {
        let mut state = self.bench.state.lock();
        state.waiting.push_back(work);
        if state.idle == 0 && state.threads < MAX_THREADS {
            let bench = self.bench.clone();
            let thread = std::thread::Builder::new().name("reader".to_owned());
            // Without a thread the work waits for one that is there, or for the next attempt.
            state.threads += usize::from(thread.spawn(move || bench.run()).is_ok());
        }
        self.bench.filled.notify_one();
    }

    /// What is to be done on the loop now.
    pub fn take_done(&self) -> Vec<Callback> {
        // Nothing to read is no reason not to look.
        let _ = self.bench.event.read();
        std::mem::take(&mut self.bench.state.lock().done)
    }
}

impl Bench {
    fn wake(&self) {
        // A full counter wakes the loop all the same.
        let _ = self.event.write(1);
    }

    fn run(&self) {
        run_in_background();
        loop {
            let work = {
                let mut state = self.state.lock();
                loop {
                    if let Some(work) = state.waiting.pop_front() {
                        break work;
                    }
                    state.idle += 1;
                    self.filled.wait(&mut state);
                    state.idle -= 1;
                }
            };
            let callback = work();
            self.state.lock().done.push(callback);
            self.wake();
        }
    }
}
