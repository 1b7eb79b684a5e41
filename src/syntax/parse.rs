//! Turns text or an argument vector into a `CommandList`: expands aliases, looks names up, reads
//! arguments by each command's template, and makes groups of lines.

use std::sync::Arc;

use super::args::ArgsError;
use super::command::{ArgValue, Args, CommandList, Group, Invocation};
pub use super::context::{NoContext, ParseContext, ParseFlags};
use super::statements::{RawArgument, RawCommand, parse_statements};
use super::table::CommandId;

/// Source of a text.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// File name: error messages then begin `name:line: `.
    pub file: Option<Arc<str>>,
    /// Number of the first line.
    pub line: u32,
    pub flags: ParseFlags,
}

impl Origin {
    /// A file read from its first line.
    pub fn file(name: &str, flags: ParseFlags) -> Self {
        Origin { file: Some(name.into()), line: 1, flags }
    }
}

/// Result of parsing.
#[derive(Debug)]
pub struct Parsed {
    /// The commands, or a one-line error message.
    pub result: Result<CommandList, String>,
    /// With `VERBOSE`, the lines to print, which come before any error.
    pub printed: Vec<String>,
}

/// Parses the text of a file, each line a group of its own.
pub fn parse_config(text: &str, origin: &Origin, context: &mut dyn ParseContext) -> Parsed {
    let mut build = Build::new(origin, context);
    let result = build.text(text);
    Parsed { result, printed: build.printed }
}

/// Parses a string as one group, even if it has several lines.
pub fn parse_string(
    text: &str,
    origin: &Origin,
    context: &mut dyn ParseContext,
) -> Result<CommandList, String> {
    let mut build = Build::new(origin, context);
    build.flags |= ParseFlags::ONE_GROUP;
    build.text(text)
}

/// Parses arguments that are already split: an argument that ends in `;` ends a command, one that
/// ends in `\;` ends in a semicolon.
pub fn parse_arguments(
    values: &[ArgValue],
    origin: &Origin,
    context: &mut dyn ParseContext,
) -> Result<CommandList, String> {
    let line = origin.line;
    let mut commands = Vec::new();
    let mut current = RawCommand { line, arguments: Vec::new() };
    for value in values {
        let text = match value {
            ArgValue::Commands(list) => {
                current.arguments.push(RawArgument::Parsed(list.clone()));
                continue;
            }
            ArgValue::String(text) => text,
        };
        let (argument, ends) = match text.strip_suffix(';') {
            None => (text.clone(), false),
            Some(rest) => match rest.strip_suffix('\\') {
                Some(rest) => (format!("{rest};"), false),
                None => (rest.to_string(), true),
            },
        };
        if !ends || !argument.is_empty() {
            current.arguments.push(RawArgument::String(argument));
        }
        if ends {
            commands.push(std::mem::replace(&mut current, RawCommand { line, arguments: Vec::new() }));
        }
    }
    if !current.arguments.is_empty() {
        commands.push(current);
    }
    Build::new(origin, context).commands(commands)
}

/// Commands being built. `line` is the line of the last command that began, even after a block
/// inside it was built: errors and `-v` show it.
struct Build<'c> {
    file: Option<Arc<str>>,
    line: u32,
    flags: ParseFlags,
    context: &'c mut dyn ParseContext,
    printed: Vec<String>,
}

impl<'c> Build<'c> {
    fn new(origin: &Origin, context: &'c mut dyn ParseContext) -> Self {
        Build {
            file: origin.file.clone(),
            line: origin.line,
            flags: origin.flags,
            context,
            printed: Vec::new(),
        }
    }

    fn located(&self, line: u32, message: &str) -> String {
        match &self.file {
            Some(file) => format!("{file}:{line}: {message}"),
            None => message.to_string(),
        }
    }

    fn text(&mut self, text: &str) -> Result<CommandList, String> {
        let raw = self.statements(text)?;
        self.commands(raw)
    }

    fn statements(&mut self, text: &str) -> Result<Vec<RawCommand>, String> {
        let parse_only = self.flags.contains(ParseFlags::PARSE_ONLY);
        parse_statements(text, &mut self.line, parse_only, self.context)
            .map_err(|(line, message)| self.located(line, &message))
    }

    fn commands(&mut self, raw: Vec<RawCommand>) -> Result<CommandList, String> {
        let mut list = CommandList::default();
        let mut last_line = None;
        let mut group: Vec<Arc<Invocation>> = Vec::new();
        let mut begun = false;
        for command in raw {
            if !self.flags.contains(ParseFlags::ONE_GROUP) && last_line != Some(command.line) && begun {
                self.end_group(&mut list, std::mem::take(&mut group));
            }
            begun = true;
            self.line = command.line;
            last_line = Some(command.line);
            self.command(command, &mut group)?;
        }
        if begun {
            self.end_group(&mut list, group);
        }
        Ok(list)
    }

    fn end_group(&mut self, list: &mut CommandList, group: Vec<Arc<Invocation>>) {
        let alone = CommandList { groups: vec![Group::new(group)] };
        if self.flags.contains(ParseFlags::VERBOSE) {
            let text = alone.print();
            self.printed.push(match &self.file {
                Some(file) => format!("{file}:{}: {text}", self.line),
                None => format!("{}: {text}", self.line),
            });
        }
        list.groups.extend(alone.groups.into_iter().filter(|group| !group.commands.is_empty()));
    }

    fn command(&mut self, raw: RawCommand, group: &mut Vec<Arc<Invocation>>) -> Result<(), String> {
        let mut arguments = raw.arguments;
        if !self.flags.contains(ParseFlags::NO_ALIAS) {
            // tmux: a command that starts with a block, or is empty, is silently ignored.
            let Some(RawArgument::String(name)) = arguments.first() else {
                return Ok(());
            };
            if let Some(alias) = self.context.alias(name) {
                arguments.remove(0);
                return self.alias(&alias, arguments, group);
            }
        }
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(match argument {
                RawArgument::String(text) => ArgValue::String(text),
                RawArgument::Block(raw) => ArgValue::Commands(Arc::new(self.commands(raw)?)),
                RawArgument::Parsed(list) => ArgValue::Commands(list),
            });
        }
        let invocation = self.invocation(&values).map_err(|cause| self.located(self.line, &cause))?;
        group.push(Arc::new(invocation));
        Ok(())
    }

    /// Expands an alias, which may be several commands; the arguments go to the last.
    fn alias(
        &mut self,
        text: &str,
        arguments: Vec<RawArgument>,
        group: &mut Vec<Arc<Invocation>>,
    ) -> Result<(), String> {
        let mut raw = self.statements(text)?;
        let Some(last) = raw.last_mut() else {
            return Ok(());
        };
        last.arguments.extend(arguments);
        self.flags |= ParseFlags::NO_ALIAS;
        let list = self.commands(raw);
        self.flags -= ParseFlags::NO_ALIAS;
        group.extend(list?.groups.into_iter().flat_map(|inner| inner.commands));
        Ok(())
    }

    fn invocation(&self, values: &[ArgValue]) -> Result<Invocation, String> {
        let Some(ArgValue::String(name)) = values.first() else {
            return Err("no command".to_string());
        };
        let id = CommandId::find(name)?;
        let entry = id.entry();
        let args = Args::parse(entry, &values[1..]).map_err(|error| match error {
            ArgsError::Usage => format!("usage: {} {}", entry.name, entry.usage),
            ArgsError::Cause(cause) => format!("command {}: {cause}", entry.name),
        })?;
        Ok(Invocation { id, args, file: self.file.clone(), line: self.line, flags: self.flags })
    }
}

#[cfg(test)]
#[path = "parse/tests.rs"]
mod tests;
