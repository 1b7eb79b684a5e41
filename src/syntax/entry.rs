//! What the parser and the command queue must know of a command: the form of a row of the table
//! of commands, and what most rows share.

use super::args::Args;

bitflags::bitflags! {
    /// How a command behaves apart from what it does.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct CommandFlags: u8 {
        /// A client that runs it starts a server if there is none.
        const START_SERVER = 0x1;
        /// A read-only client may run it.
        const READ_ONLY = 0x2;
        /// Its `after-` hook runs when it has succeeded.
        const AFTER_HOOK = 0x4;
        /// `-c` names the target client.
        const CLIENT_C = 0x8;
        /// `-t` names the target client.
        const CLIENT_T = 0x10;
        /// It runs even where no target client can be found.
        const CLIENT_CAN_FAIL = 0x20;
    }
}

bitflags::bitflags! {
    /// How a source or target is looked for.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct FindFlags: u8 {
        /// Sessions without clients are better.
        const PREFER_UNATTACHED = 0x1;
        /// No error message.
        const QUIET = 0x2;
        /// A window index that does not exist yet is fine.
        const WINDOW_INDEX = 0x4;
        /// Without a value: the marked pane, if there is one.
        const DEFAULT_MARKED = 0x8;
        /// Session names only match exactly.
        const EXACT_SESSION = 0x10;
        /// Window names only match exactly.
        const EXACT_WINDOW = 0x20;
        /// Not finding it is not an error.
        const CAN_FAIL = 0x40;
    }
}

/// What kind of thing a source or target is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FindKind {
    Pane,
    Window,
    Session,
}

/// The flag that names a source or target, and what it may name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FindSpec {
    pub flag: char,
    pub kind: FindKind,
    pub flags: FindFlags,
}

/// What positional arguments of a command may be.
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

impl Positional {
    /// Whether the next argument may be `{ commands }`, given those before it.
    pub fn commands_allowed(self, args: &Args) -> bool {
        match self {
            Positional::Strings => false,
            Positional::CommandsOrString => true,
            Positional::If => matches!(args.count(), 1 | 2),
            Positional::OptionValue => args.count() == 1,
            Positional::Run => args.has('C'),
            Positional::Menu => menu_takes_command(args),
        }
    }
}

fn menu_takes_command(args: &Args) -> bool {
    let mut at = 0;
    while at < args.count() {
        let separator = args.string(at).is_some_and(|name| name.is_empty());
        if separator {
            at += 1;
            continue;
        }
        if args.count() == at + 2 {
            return true;
        }
        at += 3;
    }
    false
}

/// Everything the parser and the command queue must know of a command.
#[derive(Clone, Copy, Debug)]
pub struct CommandEntry {
    pub name: &'static str,
    pub alias: Option<&'static str>,
    /// Flags as in getopt: `a` a switch, `a:` with a value, `a::` with one or none at the end.
    pub template: &'static str,
    /// Fewest and most positional arguments; no `max` is no limit.
    pub min: usize,
    pub max: Option<usize>,
    /// With one of these flags there may be no positional argument at all.
    pub without: &'static str,
    pub positional: Positional,
    pub usage: &'static str,
    pub source: Option<FindSpec>,
    pub target: Option<FindSpec>,
    pub flags: CommandFlags,
    /// Not one of tmux's: never found by an abbreviation.
    pub ours: bool,
}

/// What most rows share.
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
