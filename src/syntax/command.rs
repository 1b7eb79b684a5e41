//! Parsed commands: lists of invocations in groups, and how to print them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::args::Args;
use super::escape::Form;
use super::parse::ParseFlags;
use super::table::{CommandFlags, CommandId};

/// One command with its arguments.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub id: CommandId,
    pub args: Args,
    /// Place in the source: a file's name (`None` for a command line) and a line from 1.
    pub file: Option<Arc<str>>,
    pub line: u32,
    /// Flags with which its text was parsed (`source-file` passes `-v` on).
    pub flags: ParseFlags,
}

impl Invocation {
    /// Prints it as `list-keys` and `source-file -v` show it.
    pub fn print(&self) -> String {
        self.print_in(Form::Shown)
    }

    /// Prints it for the next server, which parses it to the same value.
    pub fn print_kept(&self) -> String {
        self.print_in(Form::Kept)
    }

    fn print_in(&self, form: Form) -> String {
        let args = self.args.print_in(form);
        if args.is_empty() { self.id.name().to_string() } else { format!("{} {args}", self.id.name()) }
    }
}

/// Commands that fail together: after an error, the rest of the group is not run.
#[derive(Clone, Debug)]
pub struct Group {
    /// Never 0. The same each time the group is queued, so that a binding that fails also removes
    /// its queued later runs, as in tmux.
    pub id: u64,
    pub commands: Vec<Arc<Invocation>>,
}

impl Group {
    pub fn new(commands: Vec<Arc<Invocation>>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), commands }
    }
}

/// Commands in groups.
#[derive(Clone, Debug, Default)]
pub struct CommandList {
    pub groups: Vec<Group>,
}

impl CommandList {
    /// All commands in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Invocation>> {
        self.groups.iter().flat_map(|group| &group.commands)
    }

    pub fn is_empty(&self) -> bool {
        self.groups.iter().all(|group| group.commands.is_empty())
    }

    /// Reports whether all commands have a flag.
    pub fn all_have(&self, flag: CommandFlags) -> bool {
        self.iter().all(|invocation| invocation.id.entry().flags.contains(flag))
    }

    /// Reports whether any command has a flag.
    pub fn any_have(&self, flag: CommandFlags) -> bool {
        self.iter().any(|invocation| invocation.id.entry().flags.contains(flag))
    }

    /// A copy with `%1`, `%%` and so on replaced, in every argument, and with groups of its own.
    pub fn filled(&self, values: &[String]) -> CommandList {
        let fill = |invocation: &Arc<Invocation>| {
            let args = invocation.args.filled(values);
            Arc::new(Invocation { args, flags: ParseFlags::empty(), ..Invocation::clone(invocation) })
        };
        let copy = |group: &Group| Group::new(group.commands.iter().map(fill).collect());
        CommandList { groups: self.groups.iter().map(copy).collect() }
    }

    /// Prints commands separated by ` ; `, groups by ` ;; `.
    pub fn print(&self) -> String {
        self.print_in(Form::Shown)
    }

    /// Prints commands for the next server, which parses them to the same value. Groups are lost.
    pub fn print_kept(&self) -> String {
        self.print_with(Form::Kept, " ; ", " ; ")
    }

    pub(super) fn print_in(&self, form: Form) -> String {
        self.print_with(form, " ; ", " ;; ")
    }

    /// Prints bindings as `list-keys` shows them: the separators are escaped, so that the text can
    /// be read back as arguments.
    pub fn print_escaped(&self) -> String {
        self.print_with(Form::Shown, " \\; ", " \\;\\; ")
    }

    /// Like `print_escaped` or `print`, but without group separators.
    pub fn print_flat(&self, escaped: bool) -> String {
        let separator = if escaped { " \\; " } else { " ; " };
        self.print_with(Form::Shown, separator, separator)
    }

    fn print_with(&self, form: Form, separator: &str, group_separator: &str) -> String {
        let groups = self.groups.iter().filter(|group| !group.commands.is_empty()).map(|group| {
            let commands: Vec<String> =
                group.commands.iter().map(|invocation| invocation.print_in(form)).collect();
            commands.join(separator)
        });
        groups.collect::<Vec<_>>().join(group_separator)
    }
}
