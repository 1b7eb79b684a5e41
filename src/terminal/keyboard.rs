//! What programs ask of kitty's keyboard protocol: a stack of flags for each screen.

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

/// Flags that a screen remembers at most, those in force included: as many as kitty. One more
/// pushes the oldest out.
const MAX_DEPTH: usize = 8;

/// The flags of one screen, those in force last. Empty: none was ever set.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FlagStack(VecDeque<KeyboardFlags>);

impl FlagStack {
    pub fn current(&self) -> KeyboardFlags {
        self.0.back().copied().unwrap_or_default()
    }

    /// `CSI = flags ; how u`: 1 replaces, 2 adds, 3 takes away.
    pub fn set(&mut self, flags: KeyboardFlags, how: i32) {
        let old = self.0.pop_back().unwrap_or_default();
        self.0.push_back(match how {
            1 => flags,
            2 => old | flags,
            3 => old - flags,
            _ => old,
        });
    }

    /// `CSI > flags u`.
    pub fn push(&mut self, flags: KeyboardFlags) {
        if self.0.is_empty() {
            self.0.push_back(KeyboardFlags::empty());
        }
        self.0.push_back(flags);
        self.bound();
    }

    /// `CSI < count u`.
    pub fn pop(&mut self, count: u32) {
        self.0.truncate(self.0.len().saturating_sub(count as usize));
    }

    /// Lets the oldest go where there are too many, as in a record of another server.
    pub fn bound(&mut self) {
        self.0.drain(..self.0.len().saturating_sub(MAX_DEPTH));
    }
}

/// The stacks of both screens.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Keyboard {
    main: FlagStack,
    alternate: FlagStack,
}

impl Keyboard {
    pub fn stack(&mut self, alternate: bool) -> &mut FlagStack {
        if alternate { &mut self.alternate } else { &mut self.main }
    }

    pub fn current(&self, alternate: bool) -> KeyboardFlags {
        if alternate { self.alternate.current() } else { self.main.current() }
    }

    pub fn is_unused(&self) -> bool {
        *self == Self::default()
    }

    /// Bounds what came from elsewhere.
    pub fn bounded(mut self) -> Self {
        self.main.bound();
        self.alternate.bound();
        self
    }
}
