//! Setting options from strings, with tmux's error messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::number::parse_number;
use crate::base::{Colour, Key};
use crate::syntax::parse::NoContext;
use crate::syntax::style::Style;
use crate::syntax::{CommandList, Origin, parse_string};
use crate::sys::pattern::fnmatch;

use super::array_key::ArrayKey;
use super::entry::{Kind, OptionEntry};
use super::level::Options;
use super::size::{ByteCap, Keep, MemoryLimit};
use super::table::opt;
use super::value::Value;

/// A value as given by the user.
#[derive(Clone, Debug)]
pub struct Given<'a> {
    pub text: &'a str,
    /// The text parsed as commands, for options that hold commands; the error is the parser's. `None`:
    /// the text is parsed here, without aliases.
    pub commands: Option<Result<Arc<CommandList>, String>>,
    /// True if the text names a usable shell.
    pub usable_shell: bool,
}

impl<'a> Given<'a> {
    /// A value without commands and checks of shells.
    pub fn text(text: &'a str) -> Self {
        Given { text, commands: None, usable_shell: true }
    }

    fn commands(&self) -> Result<Value, String> {
        let list = self
            .commands
            .clone()
            .unwrap_or_else(|| parse_string(self.text, &Origin::default(), &mut NoContext).map(Arc::new));
        list.map(Value::Command)
    }
}

impl Options {
    /// Sets a user option.
    pub fn assign_user(&mut self, name: &str, value: &str, append: bool) {
        match self.entries.get_mut(name) {
            Some(Value::String(text)) if append => text.push_str(value),
            _ => self.set_string(name, value),
        }
    }

    /// Sets an option that is not an array. `current` is the present value, own or inherited: without a
    /// new value, flags and two-way choices toggle it.
    pub fn assign(
        &mut self,
        entry: &OptionEntry,
        given: Option<&Given<'_>>,
        append: bool,
        current: Option<&Value>,
    ) -> Result<(), String> {
        let new = match (entry.kind, given.map(|given| given.text)) {
            (Kind::Flag, value) => Value::Flag(flag(value, current)?),
            (Kind::Choice(choices), value) => Value::Choice(choice(choices, value, current)?),
            (_, None) => return Err("empty value".to_string()),
            (Kind::Number { min, max }, Some(value)) => {
                let number = parse_number(value, min, max);
                Value::Number(number.map_err(|error| format!("value is {error}: {value}"))?)
            }
            (Kind::Key, Some(value)) => {
                Value::Key(Key::parse_ours(value).ok_or_else(|| format!("bad key: {value}"))?)
            }
            (Kind::Colour, Some(value)) => Value::Colour(colour(value)?),
            (Kind::Command, Some(_)) => given.map_or_else(|| Err(String::new()), Given::commands)?,
            (_, Some(value)) => {
                let usable_shell = given.is_some_and(|given| given.usable_shell);
                let result = self.string(entry, value, append, usable_shell);
                if let (Kind::String, Err(_), Some(current)) = (entry.kind, &result, current) {
                    // tmux: after an error, sets the inherited value on this level.
                    self.set(entry.name, current.clone());
                }
                Value::String(result?)
            }
        };
        self.set(entry.name, new);
        Ok(())
    }

    fn string(
        &self,
        entry: &OptionEntry,
        value: &str,
        append: bool,
        usable_shell: bool,
    ) -> Result<String, String> {
        // tmux: appends only to the value of this level, not to an inherited one.
        let text = match self.named(entry.name) {
            Some(Value::String(old)) if append && entry.kind == Kind::String => {
                format!("{old}{}{value}", if entry.is_style { "," } else { "" })
            }
            _ => value.to_string(),
        };
        let checked = match entry.kind {
            Kind::ByteCap => ByteCap::parse(&text).map(|_| ()),
            Kind::MemoryLimit => MemoryLimit::parse(&text).map(|_| ()),
            Kind::Keep => Keep::parse(&text).map(|_| ()),
            _ => Ok(()),
        };
        checked.map_err(|error| format!("value is {error}: {text}"))?;
        if entry.name == opt::DEFAULT_SHELL.name() && !usable_shell {
            return Err(format!("not a suitable shell: {text}"));
        }
        if entry.pattern.is_some_and(|pattern| !fnmatch(pattern, &text, false)) {
            return Err(format!("value is invalid: {text}"));
        }
        // tmux: 3.7c has no links in styles of options; in texts they work as on the main branch.
        let is_style = |text: &str| Style::parse(text).is_ok_and(|style| style.link.is_empty());
        if entry.is_style && !text.contains("#{") && !is_style(&text) {
            return Err(format!("invalid style: {text}"));
        }
        Ok(text)
    }

    /// Sets an array: one element by index, or all elements from one string. Elements set before an error
    /// stay set.
    pub fn assign_array(
        &mut self,
        entry: &OptionEntry,
        index: Option<&ArrayKey>,
        given: &Given<'_>,
        append: bool,
    ) -> Result<(), String> {
        let mut items = match self.entries.remove(entry.name) {
            Some(Value::Array(items)) => items,
            _ => BTreeMap::new(),
        };
        let result = match index {
            Some(index) => set_element(entry, &mut items, index, given.text, append, given),
            None => {
                if !append {
                    items.clear();
                }
                set_all(entry, &mut items, given)
            }
        };
        self.set(entry.name, Value::Array(items));
        result
    }
}

fn set_all(
    entry: &OptionEntry,
    items: &mut BTreeMap<ArrayKey, Value>,
    given: &Given<'_>,
) -> Result<(), String> {
    let value = given.text;
    let separators = entry.array.unwrap_or_default();
    let parts: Vec<&str> =
        if separators.is_empty() { vec![value] } else { value.split(|c| separators.contains(c)).collect() };
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let Some(free) = (0..u32::MAX).map(ArrayKey::Number).find(|index| !items.contains_key(index)) else {
            break;
        };
        set_element(entry, items, &free, part, false, given)?;
    }
    Ok(())
}

fn set_element(
    entry: &OptionEntry,
    items: &mut BTreeMap<ArrayKey, Value>,
    index: &ArrayKey,
    value: &str,
    append: bool,
    given: &Given<'_>,
) -> Result<(), String> {
    let new = match entry.kind {
        Kind::Command => given.commands()?,
        Kind::Colour => Value::Colour(colour(value)?),
        Kind::String => match items.get(index) {
            Some(Value::String(old)) if append => Value::String(format!("{old}{value}")),
            _ => Value::String(value.to_string()),
        },
        _ => return Err("wrong array type".to_string()),
    };
    items.insert(index.clone(), new);
    Ok(())
}

fn colour(value: &str) -> Result<Colour, String> {
    Colour::parse(value).ok_or_else(|| format!("bad colour: {value}"))
}

fn flag(value: Option<&str>, current: Option<&Value>) -> Result<bool, String> {
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(!matches!(current, Some(Value::Flag(true))));
    };
    match value.to_ascii_lowercase().as_str() {
        "1" | "on" | "yes" => Ok(true),
        "0" | "off" | "no" => Ok(false),
        _ => Err(format!("bad value: {value}")),
    }
}

/// Without a value, toggles between the first two choices; others stay.
fn choice(choices: &[&str], value: Option<&str>, current: Option<&Value>) -> Result<usize, String> {
    match value {
        Some(value) => choices
            .iter()
            .position(|&choice| choice == value)
            .ok_or_else(|| format!("unknown value: {value}")),
        None => Ok(match current {
            Some(Value::Choice(choice @ (0 | 1))) => 1 - choice,
            Some(Value::Choice(choice)) => *choice,
            _ => 0,
        }),
    }
}
