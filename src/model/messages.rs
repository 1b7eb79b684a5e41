//! The server's message log (`show-messages`), bounded by `message-limit`.

use std::collections::VecDeque;

#[derive(Clone, Debug)]
pub struct Message {
    pub number: u64,
    /// Seconds since the Unix epoch.
    pub time: i64,
    pub text: String,
}

/// Newest last.
#[derive(Clone, Debug, Default)]
pub struct MessageLog {
    pub entries: VecDeque<Message>,
    pub next_number: u64,
}

impl MessageLog {
    /// Adds a message and removes the oldest beyond `limit`.
    pub fn add(&mut self, time: i64, text: String, limit: usize) {
        self.entries.push_back(Message { number: self.next_number, time, text });
        self.next_number += 1;
        while self.entries.len() > limit {
            self.entries.pop_front();
        }
    }
}
