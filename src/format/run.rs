//! What all parts of one expansion share: its allowed time and work, its explanations, and the lists that
//! its loops walk.

use std::cell::{Cell, RefCell};

use crate::model::Host;

use super::loops::Lists;

/// Maximum time of one expansion in ms; the rest of the format is empty. (tmux 3.7c's limit)
const MAX_MS: u64 = 100;

/// Steps between two readings of the clock.
const CLOCK_STEPS: u32 = 16;

/// Maximum number of bytes that one expansion reads, makes and searches; the rest of the format is empty.
/// It limits the memory that can be filled within `MAX_MS`.
const MAX_WORK: u64 = 16 << 20;

/// Maximum number of lines of explanation for `display-message -v`; later ones are dropped.
const MAX_LOG_LINES: usize = 10_000;

/// One expansion.
pub(super) struct Run<'a> {
    host: &'a dyn Host,
    /// Start of the expansion, by the host's clock.
    started_ms: u64,
    steps: Cell<u32>,
    work: Cell<u64>,
    /// The time or work allowed is used up.
    stopped: Cell<bool>,
    /// Explanations, if they are wanted.
    log: Option<RefCell<Vec<String>>>,
    pub lists: RefCell<Lists>,
}

impl<'a> Run<'a> {
    /// `verbose`: collect explanations.
    pub(super) fn new(host: &'a dyn Host, verbose: bool) -> Self {
        Self {
            host,
            started_ms: host.elapsed_ms(),
            steps: Cell::default(),
            work: Cell::default(),
            stopped: Cell::default(),
            log: verbose.then(RefCell::default),
            lists: RefCell::default(),
        }
    }

    /// No explanations are wanted.
    pub(super) fn is_silent(&self) -> bool {
        self.log.is_none()
    }

    pub(super) fn into_log(self) -> Vec<String> {
        self.log.map(RefCell::into_inner).unwrap_or_default()
    }

    /// Counts work; returns false when the allowed work or time is used up.
    pub(super) fn spend(&self, bytes: usize, depth: u32) -> bool {
        if self.stopped.get() {
            return false;
        }
        self.work.set(self.work.get().saturating_add(bytes as u64 + 1));
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() >= CLOCK_STEPS {
            self.steps.set(0);
            let spent_ms = self.host.elapsed_ms().saturating_sub(self.started_ms);
            if spent_ms >= MAX_MS {
                self.log(depth, || format!("reached time limit ({spent_ms})"));
                self.stopped.set(true);
            }
        }
        if self.work.get() > MAX_WORK {
            self.stopped.set(true);
        }
        !self.stopped.get()
    }

    /// Adds an explanation, indented by depth.
    pub(super) fn log(&self, depth: u32, text: impl FnOnce() -> String) {
        if let Some(log) = &self.log
            && log.borrow().len() < MAX_LOG_LINES
        {
            let indent = " ".repeat((depth as usize).min(10));
            log.borrow_mut().push(format!("#{indent}{}", text()));
        }
    }
}
