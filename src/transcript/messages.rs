//! Messages of the transcripts for people, which the server takes and shows.

use std::collections::VecDeque;

use parking_lot::Mutex;

/// Messages queued for the server; further ones are dropped until it takes them.
const MAX_MESSAGES: usize = 16;

/// See the module comment.
pub(super) struct Messages {
    waiting: Mutex<VecDeque<String>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Messages {
    /// `wake` is called when a message waits.
    pub(super) fn new(wake: Box<dyn Fn() + Send + Sync>) -> Self {
        Self { waiting: Mutex::default(), wake }
    }

    /// Queues a message for the server; the same text twice in a row is queued once.
    pub(super) fn push(&self, text: String) {
        let mut waiting = self.waiting.lock();
        if waiting.len() < MAX_MESSAGES && waiting.back() != Some(&text) {
            waiting.push_back(text);
            drop(waiting);
            self.wake();
        }
    }

    /// Wakes the server.
    pub(super) fn wake(&self) {
        (self.wake)();
    }

    /// The messages that were queued since the last call.
    pub(super) fn take(&self) -> Vec<String> {
        self.waiting.lock().drain(..).collect()
    }
}
