//! Looking options up through levels: the pane's, its window's, the global ones; or the
//! session's and the global ones.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::base::{Colour, Key};
use crate::syntax::CommandList;

use super::array_key::ArrayKey;
use super::size::{ByteCap, Keep, MemoryLimit};
use super::table::{self, Initial, OptionEntry};
use super::{Options, Value};

/// A view through levels of options, the nearest first. The getters fall back to the default
/// of the table where no level has the option, and to nothing (an empty string, 0, off) where
/// the table has no such option or it is of another type.
#[derive(Clone, Debug)]
pub struct Chain<'a> {
    levels: SmallVec<[&'a Options; 3]>,
}

impl<'a> Chain<'a> {
    pub fn new(levels: &[&'a Options]) -> Self {
        Chain { levels: SmallVec::from_slice(levels) }
    }

    /// The nearest value.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.levels.iter().find_map(|level| level.get(name))
    }

    /// The value on the nearest level only.
    pub fn get_only(&self, name: &str) -> Option<&'a Value> {
        self.levels.first().and_then(|level| level.get(name))
    }

    fn initial(name: &str) -> Option<&'static OptionEntry> {
        table::find(name)
    }

    /// A string option, or a user option.
    pub fn string(&self, name: &str) -> &'a str {
        match self.get(name) {
            Some(Value::String(text)) => text,
            _ => match Self::initial(name).map(|entry| entry.initial) {
                Some(Initial::Text(text)) => text,
                _ => "",
            },
        }
    }

    /// A user option, `None` if it is not set.
    pub fn user(&self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str)
    }

    /// A number; of flags 0 and 1, of choices their index.
    pub fn number(&self, name: &str) -> i64 {
        match self.get(name) {
            Some(Value::Number(number)) => *number,
            Some(Value::Flag(flag)) => i64::from(*flag),
            Some(Value::Choice(choice)) => *choice as i64,
            _ => match Self::initial(name).map(|entry| entry.initial) {
                Some(Initial::Number(number)) => number,
                Some(Initial::Flag(flag)) => i64::from(flag),
                Some(Initial::Choice(choice)) => choice as i64,
                _ => 0,
            },
        }
    }

    pub fn flag(&self, name: &str) -> bool {
        self.number(name) != 0
    }

    /// The name of the choice that is set.
    pub fn choice(&self, name: &str) -> &'static str {
        let choices = Self::initial(name).map(OptionEntry::choices).unwrap_or_default();
        usize::try_from(self.number(name)).ok().and_then(|at| choices.get(at)).copied().unwrap_or("")
    }

    pub fn colour(&self, name: &str) -> Colour {
        match self.get(name) {
            Some(Value::Colour(colour)) => *colour,
            _ => match Self::initial(name).map(|entry| entry.initial) {
                Some(Initial::Colour(colour)) => colour,
                _ => Colour::Default,
            },
        }
    }

    pub fn key(&self, name: &str) -> Key {
        match self.get(name) {
            Some(Value::Key(key)) => *key,
            _ => match Self::initial(name).map(|entry| entry.initial) {
                Some(Initial::Key(key)) => key,
                _ => Key::NONE,
            },
        }
    }

    pub fn command(&self, name: &str) -> Option<Arc<CommandList>> {
        match self.get(name) {
            Some(Value::Command(list)) => Some(list.clone()),
            _ => None,
        }
    }

    /// The elements of an array by index.
    pub fn array(&self, name: &str) -> impl Iterator<Item = (&'a ArrayKey, &'a Value)> + use<'a> {
        self.get(name).into_iter().flat_map(Value::elements)
    }

    /// The strings of an array in order.
    pub fn strings(&self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.array(name).filter_map(|(_, value)| value.as_str())
    }

    /// Commands of an array in order (hooks).
    pub fn commands(&self, name: &str) -> impl Iterator<Item = Arc<CommandList>> + use<'a> {
        self.array(name).filter_map(|(_, value)| match value {
            Value::Command(list) => Some(list.clone()),
            _ => None,
        })
    }

    /// A cap in bytes. A `history-limit` that nobody has set is larger than it prints.
    pub fn byte_cap(&self, name: &str) -> u64 {
        let text = self.string(name);
        if name == "history-limit"
            && !self.levels.iter().any(|level| level.history_is_set())
            && let Some(cap) = ByteCap::untouched(text)
        {
            return cap.bytes;
        }
        ByteCap::parse(text).map_or(0, |cap| cap.bytes)
    }

    /// A limit; one that does not parse (it cannot be set) is no limit.
    pub fn limit(&self, name: &str) -> MemoryLimit {
        MemoryLimit::parse(self.string(name)).unwrap_or(MemoryLimit::None)
    }

    pub fn keep(&self, name: &str) -> Keep {
        Keep::parse(self.string(name)).unwrap_or(Keep::Seconds(0))
    }
}
