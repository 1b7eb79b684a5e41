//! Parsed commands: lists of invocations in groups, and how they print.

use std::sync::Arc;

use super::args::Args;
use super::parse::ParseFlags;
use super::table::{CommandFlags, CommandId};

/// One command with its arguments.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub id: CommandId,
    pub args: Args,
    /// Where it was read: a file's name (none for a command line) and a line from 1.
    pub file: Option<Arc<str>>,
    pub line: u32,
    /// How the text it stood in was parsed (`source-file` hands `-v` on).
    pub flags: ParseFlags,
}

impl Invocation {
    /// As `list-keys` and `source-file -v` show it.
    pub fn print(&self) -> String {
        let args = self.args.print();
        if args.is_empty() { self.id.name().to_string() } else { format!("{} {args}", self.id.name()) }
    }
}

/// Commands in groups: when one fails, the rest of its group is not run.
#[derive(Clone, Debug, Default)]
pub struct CommandList {
    pub groups: Vec<Vec<Arc<Invocation>>>,
}

impl CommandList {
    /// All commands in order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Invocation>> {
        self.groups.iter().flatten()
    }

    pub fn is_empty(&self) -> bool {
        self.groups.iter().all(Vec::is_empty)
    }

    /// Whether all commands have a flag.
    pub fn all_have(&self, flag: CommandFlags) -> bool {
        self.iter().all(|invocation| invocation.id.entry().flags.contains(flag))
    }

    /// Whether any command has a flag.
    pub fn any_have(&self, flag: CommandFlags) -> bool {
        self.iter().any(|invocation| invocation.id.entry().flags.contains(flag))
    }

    /// A copy with `%1`, `%%` and so on filled in, in every argument.
    pub fn filled(&self, values: &[String]) -> CommandList {
        let fill = |invocation: &Arc<Invocation>| {
            let args = invocation.args.filled(values);
            Arc::new(Invocation { args, flags: ParseFlags::empty(), ..Invocation::clone(invocation) })
        };
        let groups = self.groups.iter().map(|group| group.iter().map(fill).collect()).collect();
        CommandList { groups }
    }

    /// Commands separated by ` ; `, groups by ` ;; `.
    pub fn print(&self) -> String {
        self.print_with(" ; ", " ;; ")
    }

    /// As `list-keys` shows bindings: the separators are escaped, so that it can be read back
    /// as arguments.
    pub fn print_escaped(&self) -> String {
        self.print_with(" \\; ", " \\;\\; ")
    }

    /// Like `print_escaped` or `print`, but groups are not told apart.
    pub fn print_flat(&self, escaped: bool) -> String {
        let separator = if escaped { " \\; " } else { " ; " };
        self.print_with(separator, separator)
    }

    fn print_with(&self, separator: &str, group_separator: &str) -> String {
        let groups = self.groups.iter().filter(|group| !group.is_empty()).map(|group| {
            let commands: Vec<String> = group.iter().map(|invocation| invocation.print()).collect();
            commands.join(separator)
        });
        groups.collect::<Vec<_>>().join(group_separator)
    }
}
