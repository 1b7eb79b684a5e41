//! A row of the table of options: its fields, and a function for each type that makes one.

use crate::base::{Colour, Key};

bitflags::bitflags! {
    /// The levels of an option. Options of panes can be set on windows too.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Scope: u8 {
        const SERVER = 0x1;
        const SESSION = 0x2;
        const WINDOW = 0x4;
        const PANE = 0x8;
    }
}

/// The type of an option's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    String,
    Number {
        min: i64,
        max: i64,
    },
    Key,
    Colour,
    Flag,
    Choice(&'static [&'static str]),
    Command,
    /// A limit in bytes: `64M`, or a number of KiB (see `size::ByteCap`).
    ByteCap,
    /// Bytes or a percentage of what the host has (see `size::MemoryLimit`).
    MemoryLimit,
    /// A length of time: `30s`, `12h`, `7d`, `forever`, `0` (see `size::Keep`).
    Keep,
}

/// The initial value of an option.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Initial {
    Text(&'static str),
    /// Elements of an array.
    List(&'static [&'static str]),
    Number(i64),
    Key(Key),
    Colour(Colour),
    Flag(bool),
    Choice(usize),
}

/// What follows from a change of an option, besides what follows from every change
/// (`command::option_effects`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing else: the option is read when it is needed.
    Nothing,
    /// Windows with automatic names are named again.
    Names,
    /// Clients use the key table of their sessions.
    KeyTable,
    /// Times of silence start again.
    Silence,
    /// Styles of panes are read again, and programs that asked get a report of their colours.
    PaneStyles,
    /// Panes are laid out again.
    PaneSizes,
    /// Widths of characters are read again.
    CharacterWidths,
    /// Status lines are drawn at once.
    StatusTime,
    /// Histories get new limits.
    HistoryLimit,
    /// Limits of panes and of their transcripts are applied at once.
    Limits,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct OptionEntry {
    pub name: &'static str,
    pub kind: Kind,
    pub scope: Scope,
    pub initial: Initial,
    /// Set for arrays: a string is split at any of these characters, or used whole if there are none.
    pub array: Option<&'static str>,
    pub is_hook: bool,
    /// Strings must be styles; `-a` appends with a comma.
    pub is_style: bool,
    /// Strings must match this glob.
    pub pattern: Option<&'static str>,
    pub unit: Option<&'static str>,
    pub effect: Effect,
    /// A sentence about the option, in words of scopemux; empty for hooks.
    pub about: &'static str,
    /// Not in tmux: found only by its full name, and left out of whole listings.
    pub ours: bool,
}

impl OptionEntry {
    const fn new(name: &'static str, scope: Scope, kind: Kind, initial: Initial) -> Self {
        OptionEntry {
            name,
            kind,
            scope,
            initial,
            array: None,
            is_hook: false,
            is_style: false,
            pattern: None,
            unit: None,
            effect: Effect::Nothing,
            about: "",
            ours: false,
        }
    }

    pub(super) const fn defaults(self, list: &'static [&'static str]) -> Self {
        OptionEntry { initial: Initial::List(list), ..self }
    }

    pub(super) const fn style(self) -> Self {
        OptionEntry { is_style: true, ..self }
    }

    pub(super) const fn pattern(self, pattern: &'static str) -> Self {
        OptionEntry { pattern: Some(pattern), ..self }
    }

    pub(super) const fn unit(self, unit: &'static str) -> Self {
        OptionEntry { unit: Some(unit), ..self }
    }

    pub(super) const fn effect(self, effect: Effect) -> Self {
        OptionEntry { effect, ..self }
    }

    pub(super) const fn about(self, about: &'static str) -> Self {
        OptionEntry { about, ..self }
    }

    pub(super) const fn ours(self) -> Self {
        OptionEntry { ours: true, ..self }
    }

    /// True if values are stored and printed as strings.
    pub fn is_string(&self) -> bool {
        matches!(self.kind, Kind::String | Kind::ByteCap | Kind::MemoryLimit | Kind::Keep)
    }

    pub fn is_array(&self) -> bool {
        self.array.is_some()
    }

    /// The choices, if it has any.
    pub fn choices(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Choice(choices) => choices,
            _ => &[],
        }
    }
}

pub(super) const INT_MAX: i64 = 2147483647;
pub(super) const UINT_MAX: i64 = 4294967295;
pub(super) const SHORT_MAX: i64 = 32767;

pub(super) const SERVER: Scope = Scope::SERVER;
pub(super) const SESSION: Scope = Scope::SESSION;
pub(super) const WINDOW: Scope = Scope::WINDOW;
pub(super) const PANE: Scope = Scope::WINDOW.union(Scope::PANE);

pub(super) const fn string(name: &'static str, scope: Scope, initial: &'static str) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::String, Initial::Text(initial))
}

/// An array of strings, split at any of the separators.
pub(super) const fn texts(
    name: &'static str,
    scope: Scope,
    initial: &'static str,
    separators: &'static str,
) -> OptionEntry {
    OptionEntry { array: Some(separators), ..string(name, scope, initial) }
}

/// An array of colours.
pub(super) const fn colours(name: &'static str, scope: Scope, separators: &'static str) -> OptionEntry {
    OptionEntry { array: Some(separators), ..colour(name, scope, Colour::None) }
}

pub(super) const fn byte_cap(name: &'static str, scope: Scope, initial: &'static str) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::ByteCap, Initial::Text(initial))
}

pub(super) const fn memory_limit(name: &'static str, scope: Scope, initial: &'static str) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::MemoryLimit, Initial::Text(initial))
}

pub(super) const fn keep(name: &'static str, scope: Scope, initial: &'static str) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Keep, Initial::Text(initial))
}

pub(super) const fn number(
    name: &'static str,
    scope: Scope,
    min: i64,
    max: i64,
    initial: i64,
) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Number { min, max }, Initial::Number(initial))
}

pub(super) const fn key(name: &'static str, scope: Scope, initial: Key) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Key, Initial::Key(initial))
}

pub(super) const fn colour(name: &'static str, scope: Scope, initial: Colour) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Colour, Initial::Colour(initial))
}

pub(super) const fn flag(name: &'static str, scope: Scope, initial: bool) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Flag, Initial::Flag(initial))
}

pub(super) const fn choice(
    name: &'static str,
    scope: Scope,
    choices: &'static [&'static str],
    initial: usize,
) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Choice(choices), Initial::Choice(initial))
}

pub(super) const fn command(name: &'static str, scope: Scope, initial: &'static str) -> OptionEntry {
    OptionEntry::new(name, scope, Kind::Command, Initial::Text(initial))
}

pub(super) const fn hook(name: &'static str, scope: Scope) -> OptionEntry {
    let entry = OptionEntry::new(name, scope, Kind::Command, Initial::Text(""));
    OptionEntry { is_hook: true, array: Some(""), ..entry }
}
