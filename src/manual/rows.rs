//! The rows of the manual and the completions: tables of the program, and their texts.

use crate::options::entry::{Initial, Kind, OptionEntry};
use crate::options::table;
use crate::options::{Scope, Value};
use crate::syntax::table::{ALL, CommandEntry};

/// The text of one command.
pub(super) struct Command<'a> {
    pub name: &'a str,
    pub about: &'a str,
    pub flags: Vec<(char, &'a str)>,
}

/// Lines of a text file that are not comments.
fn content(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

/// Lines of the form "name sentence".
pub(super) fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    content(text).filter_map(|line| line.split_once(' '))
}

/// The texts of all commands.
pub(super) fn command_rows(text: &str) -> Vec<Command<'_>> {
    let mut out: Vec<Command<'_>> = Vec::new();
    for line in content(text).filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix("@ ") {
            out.push(Command { name, about: "", flags: Vec::new() });
            continue;
        }
        let command = out.last_mut().expect("an entry begins with the command's name");
        let flag = line.strip_prefix('-').and_then(|rest| rest.split_once(' '));
        match flag {
            Some((flag, about)) => {
                command.flags.push((flag.chars().next().expect("a flag is a letter"), about));
            }
            None => command.about = line,
        }
    }
    out
}

/// All commands, including those of scopemux.
pub(super) fn commands() -> impl Iterator<Item = &'static CommandEntry> {
    ALL.iter().map(|id| id.entry())
}

pub(super) fn options() -> impl Iterator<Item = &'static OptionEntry> {
    table::all().filter(|entry| !entry.is_hook)
}

pub(super) fn hooks() -> impl Iterator<Item = &'static str> {
    table::all().filter(|entry| entry.is_hook).map(|entry| entry.name)
}

/// The levels at which an option can be set.
pub(super) fn levels(entry: &OptionEntry) -> String {
    let names = [
        (Scope::SERVER, "server"),
        (Scope::SESSION, "session"),
        (Scope::WINDOW, "window"),
        (Scope::PANE, "pane"),
    ];
    let names: Vec<&str> = names.iter().filter(|(s, _)| entry.scope.contains(*s)).map(|(_, n)| *n).collect();
    names.join(", ")
}

/// The possible values of an option.
pub(super) fn values(entry: &OptionEntry) -> String {
    let one = match entry.kind {
        Kind::String if entry.is_style => "style".to_owned(),
        Kind::String => "text".to_owned(),
        Kind::Number { min, max } if max >= i64::from(i32::MAX) => format!("number from {min}"),
        Kind::Number { min, max } => format!("number from {min} to {max}"),
        Kind::Key => "key".to_owned(),
        Kind::Colour => "colour".to_owned(),
        Kind::Flag => "on or off".to_owned(),
        Kind::Choice(all) => all.join(" | "),
        Kind::Command => "command".to_owned(),
        Kind::ByteCap => "bytes (64M, 2G) or lines".to_owned(),
        Kind::MemoryLimit => "bytes or percent".to_owned(),
        Kind::Keep => "time (30s, 12h, 7d), forever or 0".to_owned(),
    };
    let unit = entry.unit.map_or(String::new(), |unit| format!(", in {unit}"));
    let array = if entry.array.is_some() { "; an array" } else { "" };
    format!("{one}{unit}{array}")
}

/// The default of an option as `show-options` prints it; `None` if it is empty or long.
pub(super) fn default(entry: &OptionEntry) -> Option<String> {
    let text = match entry.initial {
        Initial::List(_) => return None,
        _ => Value::initial(entry).to_text(Some(entry), false),
    };
    (!text.is_empty() && text.chars().count() <= 40).then_some(text)
}
