//! A row of the command table: all that the parser and the command queue need to know about a
//! command.

bitflags::bitflags! {
    /// General behaviour of a command.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct CommandFlags: u8 {
        /// A client that runs the command starts a server if there is none.
        const START_SERVER = 0x1;
        /// A read-only client may run the command.
        const READ_ONLY = 0x2;
        /// The command's `after-` hook runs if it succeeded.
        const AFTER_HOOK = 0x4;
        /// `-c` names the target client.
        const CLIENT_C = 0x8;
        /// `-t` names the target client.
        const CLIENT_T = 0x10;
        /// The command runs even if no target client is found.
        const CLIENT_CAN_FAIL = 0x20;
        /// The command changes nothing but the message log.
        const ONLY_ASKS = 0x40;
        /// The same if it prints (`-p`) and keeps nothing (`-k`).
        const PRINT_ONLY_ASKS = 0x80;
    }
}

bitflags::bitflags! {
    /// Options of the search for a source or target.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct FindFlags: u8 {
        /// Prefer sessions without clients.
        const PREFER_UNATTACHED = 0x1;
        /// No error message.
        const QUIET = 0x2;
        /// The window index need not exist.
        const WINDOW_INDEX = 0x4;
        /// Without a value: the marked pane, if there is one.
        const DEFAULT_MARKED = 0x8;
        /// Session names must match exactly.
        const EXACT_SESSION = 0x10;
        /// Window names must match exactly.
        const EXACT_WINDOW = 0x20;
        /// Not finding it is not an error.
        const CAN_FAIL = 0x40;
    }
}

/// Kind of object that a source or target is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FindKind {
    Pane,
    Window,
    Session,
}

/// Flag that names a source or target, and the kind of object it may name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FindSpec {
    pub flag: char,
    pub kind: FindKind,
    pub flags: FindFlags,
}

/// Allowed positional arguments of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Positional {
    /// Strings only.
    Strings,
    /// Each may be a string or `{ commands }`.
    CommandsOrString,
    /// The second and third are as above, the rest strings (`if-shell`).
    If,
    /// Either if there is `-C`, else strings (`run-shell`).
    Run,
    /// The second is as above, the rest strings (`set-option`).
    OptionValue,
    /// Name, key, command and so on; an empty name stands alone (`display-menu`).
    Menu,
}

/// Properties of a command for the parser and the command queue.
#[derive(Clone, Copy, Debug)]
pub struct CommandEntry {
    pub name: &'static str,
    pub alias: Option<&'static str>,
    /// Flags as in getopt: `a` a switch, `a:` with a value, `a::` with one or none at the end.
    pub template: &'static str,
    /// Fewest and most positional arguments; no `max` is no limit.
    pub min: usize,
    pub max: Option<usize>,
    /// With one of these flags no positional argument is allowed.
    pub without: &'static str,
    pub positional: Positional,
    pub usage: &'static str,
    pub source: Option<FindSpec>,
    pub target: Option<FindSpec>,
    pub flags: CommandFlags,
    /// True for a command that tmux does not have: an abbreviation never finds it.
    pub ours: bool,
}

/// Default values of a row's fields.
pub(super) const ROW: CommandEntry = CommandEntry {
    name: "",
    alias: None,
    template: "",
    min: 0,
    max: Some(0),
    without: "",
    positional: Positional::Strings,
    usage: "",
    source: None,
    target: None,
    flags: CommandFlags::empty(),
    ours: false,
};

pub(super) const NO_FIND: FindFlags = FindFlags::empty();

pub(super) const fn pane(flag: char, flags: FindFlags) -> Option<FindSpec> {
    Some(FindSpec { flag, kind: FindKind::Pane, flags })
}

pub(super) const fn window(flag: char, flags: FindFlags) -> Option<FindSpec> {
    Some(FindSpec { flag, kind: FindKind::Window, flags })
}

pub(super) const fn session(flag: char, flags: FindFlags) -> Option<FindSpec> {
    Some(FindSpec { flag, kind: FindKind::Session, flags })
}
