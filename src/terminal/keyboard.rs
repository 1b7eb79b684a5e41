//! Flags of kitty's keyboard protocol that programs set: a stack for each screen.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

bitflags::bitflags! {
    /// The protocol's progressive enhancements.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
    pub struct KeyboardFlags: u8 {
        /// Keys that share their bytes with others are escape sequences.
        const DISAMBIGUATE = 1;
        /// Repetitions and releases are reported.
        const EVENTS = 2;
        /// The key with Shift, and at the same place of a US keyboard, is reported.
        const ALTERNATES = 4;
        /// Keys that make text are escape sequences too, and modifiers are keys.
        const ALL_KEYS = 8;
        /// The text of a key is reported.
        const TEXT = 16;
    }
}

/// Most flags in a screen's stack, including those in force: as many as in kitty. One more drops
/// the oldest.
const MAX_DEPTH: usize = 8;

/// Stack of flags of one screen; the last are in force. Empty: never set.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct FlagStack(VecDeque<KeyboardFlags>);

impl FlagStack {
    pub(super) fn current(&self) -> KeyboardFlags {
        self.0.back().copied().unwrap_or_default()
    }

    /// `CSI = flags ; how u`: 1 replaces, 2 adds, 3 removes.
    pub(super) fn set(&mut self, flags: KeyboardFlags, how: i32) {
        let old = self.0.pop_back().unwrap_or_default();
        self.0.push_back(match how {
            1 => flags,
            2 => old | flags,
            3 => old - flags,
            _ => old,
        });
    }

    /// `CSI > flags u`.
    pub(super) fn push(&mut self, flags: KeyboardFlags) {
        if self.0.is_empty() {
            self.0.push_back(KeyboardFlags::empty());
        }
        self.0.push_back(flags);
        self.bound();
    }

    /// `CSI < count u`.
    pub(super) fn pop(&mut self, count: u32) {
        self.0.truncate(self.0.len().saturating_sub(count as usize));
    }

    /// Drops the oldest entries beyond the limit, for a record of another server.
    pub(super) fn bound(&mut self) {
        self.0.drain(..self.0.len().saturating_sub(MAX_DEPTH));
    }
}

/// The stacks of both screens.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Keyboard {
    main: FlagStack,
    alternate: FlagStack,
}

impl Keyboard {
    pub(super) fn stack(&mut self, alternate: bool) -> &mut FlagStack {
        if alternate { &mut self.alternate } else { &mut self.main }
    }

    pub(super) fn current(&self, alternate: bool) -> KeyboardFlags {
        if alternate { self.alternate.current() } else { self.main.current() }
    }

    pub(super) fn is_unused(&self) -> bool {
        *self == Self::default()
    }

    /// Applies the limits to data from outside.
    pub(super) fn bounded(mut self) -> Self {
        self.main.bound();
        self.alternate.bound();
        self
    }
}
