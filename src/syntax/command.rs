//! Parsed commands: lists of invocations in groups, with their arguments, and how to print them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::context::ParseFlags;
use super::escape::{Form, escape_in};
use super::table::{CommandFlags, CommandId};
use super::template::{Text, ValueKind, fill_all};

/// One argument.
#[derive(Clone, Debug)]
pub enum ArgValue {
    String(String),
    Commands(Arc<CommandList>),
}

impl ArgValue {
    /// The string, or the commands as text.
    pub fn to_text(&self) -> String {
        match self {
            ArgValue::String(text) => text.clone(),
            ArgValue::Commands(list) => list.print(),
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            ArgValue::String(text) => Some(text),
            ArgValue::Commands(_) => None,
        }
    }

    fn filled(&self, values: &[String]) -> ArgValue {
        match self {
            ArgValue::String(text) => {
                ArgValue::String(fill_all(text, values, ValueKind::Typed, Text::Argument))
            }
            ArgValue::Commands(list) => ArgValue::Commands(Arc::new(list.filled(values))),
        }
    }

    fn print(&self, form: Form) -> String {
        match self {
            ArgValue::String(text) => escape_in(form, text),
            ArgValue::Commands(list) => format!("{{ {} }}", list.print_in(form)),
        }
    }
}

/// A flag that was given.
#[derive(Clone, Debug, Default)]
pub(super) struct Flag {
    pub count: u32,
    pub values: Vec<String>,
    /// True for a flag with an optional value that came last, without a value.
    pub optional: bool,
}

/// Flags and positional arguments of one command.
#[derive(Clone, Debug, Default)]
pub struct Args {
    pub(super) flags: BTreeMap<char, Flag>,
    pub(super) values: Vec<ArgValue>,
}

impl Args {
    /// A copy with `%1`, `%%` and so on replaced, in every value.
    pub fn filled(&self, values: &[String]) -> Args {
        let flags = self.flags.iter().map(|(&letter, flag)| {
            let filled = flag
                .values
                .iter()
                .map(|text| fill_all(text, values, ValueKind::Typed, Text::Argument))
                .collect();
            (letter, Flag { values: filled, optional: false, count: flag.count })
        });
        Args { flags: flags.collect(), values: self.values.iter().map(|v| v.filled(values)).collect() }
    }

    /// Prints them as tmux does: switches joined, flags with values by letter, positional
    /// arguments.
    pub fn print(&self) -> String {
        self.print_in(Form::Shown)
    }

    /// The same in a form.
    pub fn print_in(&self, form: Form) -> String {
        let mut words: Vec<String> = Vec::new();
        let switches: String = self
            .flags
            .iter()
            .filter(|(_, flag)| !flag.optional && flag.values.is_empty())
            .flat_map(|(&letter, flag)| std::iter::repeat_n(letter, flag.count as usize))
            .collect();
        if !switches.is_empty() {
            words.push(format!("-{switches}"));
        }
        let mut last_optional = false;
        for (letter, flag) in &self.flags {
            if flag.optional {
                words.push(format!("-{letter}"));
                last_optional = true;
            } else if !flag.values.is_empty() {
                words.extend(flag.values.iter().map(|value| format!("-{letter} {}", escape_in(form, value))));
                last_optional = false;
            }
        }
        // tmux: arguments that begin with a dash are printed without a `--` before them.
        let is_dashed = matches!(self.values.first(), Some(ArgValue::String(text)) if text.starts_with('-'));
        if last_optional || form == Form::Kept && is_dashed {
            words.push("--".to_string());
        }
        words.extend(self.values.iter().map(|value| value.print(form)));
        words.join(" ")
    }
}

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
