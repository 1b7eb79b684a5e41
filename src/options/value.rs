//! Values of options, and their printed form.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::{Colour, Key};
use crate::syntax::parse::NoContext;
use crate::syntax::{CommandList, Origin, parse_string};

use super::array_key::ArrayKey;
use super::entry::{Initial, Kind, OptionEntry};

/// A value. The option's row decides its variant; user options are strings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Value {
    String(String),
    Number(i64),
    Key(Key),
    Colour(Colour),
    Flag(bool),
    /// Index into the row's choices.
    Choice(usize),
    #[serde(serialize_with = "save_command", deserialize_with = "load_command")]
    Command(Arc<CommandList>),
    Array(BTreeMap<ArrayKey, Value>),
}

fn save_command<S: Serializer>(list: &Arc<CommandList>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&list.print_kept())
}

fn load_command<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<CommandList>, D::Error> {
    let text = String::deserialize(from)?;
    parse_string(&text, &Origin::default(), &mut NoContext).map(Arc::new).map_err(serde::de::Error::custom)
}

impl Value {
    /// The initial value of an option.
    pub fn initial(entry: &OptionEntry) -> Value {
        let single = |initial: Initial| match initial {
            Initial::Text(text) if entry.kind == Kind::Command => {
                let list = parse_string(text, &Origin::default(), &mut NoContext);
                Value::Command(Arc::new(list.expect("default commands parse")))
            }
            Initial::Text(text) => Value::String(text.to_string()),
            Initial::Number(number) => Value::Number(number),
            Initial::Key(key) => Value::Key(key),
            Initial::Colour(colour) => Value::Colour(colour),
            Initial::Flag(flag) => Value::Flag(flag),
            Initial::Choice(choice) => Value::Choice(choice),
            Initial::List(_) => unreachable!("lists are arrays"),
        };
        let Some(separators) = entry.array else {
            return single(entry.initial);
        };
        let parts: Vec<&str> = match entry.initial {
            Initial::List(list) => list.to_vec(),
            Initial::Text(text) => text.split(|c| separators.contains(c)).filter(|p| !p.is_empty()).collect(),
            _ => Vec::new(),
        };
        Value::Array(
            (0..).map(ArrayKey::Number).zip(parts.iter().map(|part| single(Initial::Text(part)))).collect(),
        )
    }

    /// The value as text; elements of arrays are joined with spaces. `numeric`: flags are 1 and 0 (as in
    /// formats).
    pub fn to_text(&self, entry: Option<&OptionEntry>, numeric: bool) -> String {
        match self {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Key(key) => key.name(false),
            Value::Colour(colour) => colour.to_string(),
            Value::Flag(flag) if numeric => u8::from(*flag).to_string(),
            Value::Flag(flag) => if *flag { "on" } else { "off" }.to_string(),
            Value::Choice(choice) => {
                let name = entry.and_then(|entry| entry.choices().get(*choice));
                name.copied().unwrap_or_default().to_string()
            }
            Value::Command(list) => list.print(),
            Value::Array(items) => {
                let parts: Vec<String> = items.values().map(|item| item.to_text(entry, numeric)).collect();
                parts.join(" ")
            }
        }
    }

    /// One element of an array as text, empty if it does not exist; other values as a whole.
    pub fn element_text(
        &self,
        entry: Option<&OptionEntry>,
        index: Option<&ArrayKey>,
        numeric: bool,
    ) -> String {
        match (self, index) {
            (Value::Array(items), Some(index)) => {
                items.get(index).map(|item| item.to_text(entry, numeric)).unwrap_or_default()
            }
            _ => self.to_text(entry, numeric),
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of an array by index; none for other values.
    pub fn elements(&self) -> impl Iterator<Item = (&ArrayKey, &Value)> {
        let items = match self {
            Value::Array(items) => Some(items),
            _ => None,
        };
        items.into_iter().flatten()
    }
}
