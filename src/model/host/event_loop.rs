//! What the loop calls later: timers, and the results of work on other threads.

use crate::model::Cx;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimerId(pub u64);

/// A function that the loop calls once.
pub(crate) type Callback = Box<dyn FnOnce(&mut Cx<'_>) + Send>;

/// Work for another thread: it may read disks and block, and returns a callback for the loop. Long work
/// is split into steps, each of which queues the next.
pub(crate) type Work = Box<dyn FnOnce() -> Callback + Send>;

/// What the loop calls later: timers, and the results of work on other threads.
pub trait LoopHost {
    /// Calls back once after `delay_ms`.
    fn timer(&mut self, delay_ms: u64, callback: Callback) -> TimerId;
    /// Forgets a timer; its callback is dropped. A timer that was called already is no error.
    fn cancel_timer(&mut self, timer: TimerId);
    /// Runs `work` on a thread of its own, then calls the returned callback on the loop.
    fn background(&mut self, work: Work);
    /// Milliseconds of a clock that also advances within a turn, for work with a time limit.
    fn elapsed_ms(&self) -> u64;
}
