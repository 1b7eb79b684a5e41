//! Looking up options through levels: a pane's, its window's, the global ones; or a session's and the
//! global ones.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::base::{Colour, Key};
use crate::syntax::CommandList;

use super::array_key::ArrayKey;
use super::entry::{Initial, Kind};
use super::key::{Numeric, OptionKey, Written, of};
use super::level::Options;
use super::size::{ByteCap, Keep, MemoryLimit};
use super::table;
use super::value::Value;

/// A view through levels of options, the nearest first. If no level sets an option, the table's default
/// applies.
#[derive(Clone, Debug)]
pub struct Chain<'a> {
    levels: SmallVec<[&'a Options; 3]>,
}

impl<'a> Chain<'a> {
    pub fn new(levels: &[&'a Options]) -> Self {
        Chain { levels: SmallVec::from_slice(levels) }
    }

    /// The value of an option, in the type given by its key.
    pub fn get<T: Single>(&self, key: OptionKey<T>) -> T::Value<'a> {
        T::read(self, key)
    }

    /// A number; a flag counts as 0 or 1, a choice by its index.
    pub fn number(&self, key: OptionKey<impl Numeric>) -> i64 {
        self.number_at(key.place())
    }

    /// A length or a limit, as it was written.
    pub fn text<T: Written>(&self, key: OptionKey<T>) -> &'a str {
        self.text_at(key.place())
    }

    /// The command in an option.
    pub(crate) fn command(&self, key: OptionKey<of::command>) -> Option<Arc<CommandList>> {
        match self.value_at(key.place()) {
            Some(Value::Command(list)) => Some(list.clone()),
            _ => None,
        }
    }

    /// The elements of an array by index.
    pub fn array<T>(
        &self,
        key: OptionKey<T>,
    ) -> impl Iterator<Item = (&'a ArrayKey, &'a Value)> + use<'a, T> {
        self.value_at(key.place()).into_iter().flat_map(Value::elements)
    }

    /// The strings of an array in order.
    pub(crate) fn strings(&self, key: OptionKey<of::texts>) -> impl Iterator<Item = &'a str> + use<'a> {
        self.array(key).filter_map(|(_, value)| value.as_str())
    }

    /// The nearest value of an option given by name, which may be a user option.
    pub fn named(&self, name: &str) -> Option<&'a Value> {
        match table::place(name) {
            Some(place) => self.value_at(place),
            None => self.levels.iter().find_map(|level| level.user(name)),
        }
    }

    /// The same, but only from the nearest level.
    pub fn named_here(&self, name: &str) -> Option<&'a Value> {
        self.levels.first().and_then(|level| level.named(name))
    }

    /// The numeric value of an option given by name; its row must have a numeric type.
    pub fn named_number(&self, name: &str) -> i64 {
        table::place(name).map_or(0, |place| self.number_at(place))
    }

    /// The amount in an option given by name, whose type is an amount or a number.
    pub(crate) fn amount(&self, name: &str) -> MemoryLimit {
        let Some(place) = table::place(name) else { return MemoryLimit::None };
        match table::entry(place).kind {
            Kind::Number { .. } => MemoryLimit::Absolute(self.number_at(place).max(0) as u64),
            _ => MemoryLimit::parse(self.text_at(place)).unwrap_or(MemoryLimit::None),
        }
    }

    /// A user option, `None` if it is not set.
    pub fn user(&self, name: &str) -> Option<&'a str> {
        self.levels.iter().find_map(|level| level.user(name)).and_then(Value::as_str)
    }

    /// The commands of a hook in order.
    pub fn commands(&self, hook: &str) -> impl Iterator<Item = Arc<CommandList>> + use<'a> {
        self.named(hook).into_iter().flat_map(Value::elements).filter_map(|(_, value)| match value {
            Value::Command(list) => Some(list.clone()),
            _ => None,
        })
    }

    /// The nearest value.
    fn value_at(&self, place: u16) -> Option<&'a Value> {
        self.levels.iter().find_map(|level| level.at(place))
    }

    fn text_at(&self, place: u16) -> &'a str {
        match (self.value_at(place), table::entry(place).initial) {
            (Some(Value::String(text)), _) => text,
            (_, Initial::Text(text)) => text,
            _ => "",
        }
    }

    fn number_at(&self, place: u16) -> i64 {
        match self.value_at(place) {
            Some(Value::Number(number)) => *number,
            Some(Value::Flag(flag)) => i64::from(*flag),
            Some(Value::Choice(choice)) => *choice as i64,
            _ => match table::entry(place).initial {
                Initial::Number(number) => number,
                Initial::Flag(flag) => i64::from(flag),
                Initial::Choice(choice) => choice as i64,
                _ => 0,
            },
        }
    }

    fn history_is_set(&self) -> bool {
        self.levels.iter().any(|level| level.history_is_set())
    }
}

/// Options with one value, which `Chain::get` reads. A value whose type differs from the row's is
/// ignored: the default applies.
pub trait Single {
    type Value<'a>;

    fn read<'a>(chain: &Chain<'a>, key: OptionKey<Self>) -> Self::Value<'a>
    where
        Self: Sized;
}

impl Single for of::string {
    type Value<'a> = &'a str;

    fn read<'a>(chain: &Chain<'a>, key: OptionKey<Self>) -> &'a str {
        chain.text_at(key.place())
    }
}

impl Single for of::number {
    type Value<'a> = i64;

    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> i64 {
        chain.number_at(key.place())
    }
}

impl Single for of::flag {
    type Value<'a> = bool;

    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> bool {
        chain.number_at(key.place()) != 0
    }
}

impl Single for of::choice {
    type Value<'a> = &'static str;

    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> &'static str {
        let at = usize::try_from(chain.number_at(key.place())).ok();
        at.and_then(|at| key.entry().choices().get(at)).copied().unwrap_or("")
    }
}

impl Single for of::colour {
    type Value<'a> = Colour;

    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> Colour {
        match (chain.value_at(key.place()), key.entry().initial) {
            (Some(Value::Colour(colour)), _) => *colour,
            (_, Initial::Colour(colour)) => colour,
            _ => Colour::Default,
        }
    }
}

impl Single for of::key {
    type Value<'a> = Key;

    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> Key {
        match (chain.value_at(key.place()), key.entry().initial) {
            (Some(Value::Key(key)), _) => *key,
            (_, Initial::Key(key)) => key,
            _ => Key::NONE,
        }
    }
}

impl Single for of::byte_cap {
    /// Bytes.
    type Value<'a> = u64;

    /// The default of `history-limit` is larger than its printed value.
    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> u64 {
        let text = chain.text_at(key.place());
        if key.place() == table::opt::HISTORY_LIMIT.place()
            && !chain.history_is_set()
            && let Some(cap) = ByteCap::untouched(text)
        {
            return cap.bytes;
        }
        ByteCap::parse(text).map_or(0, |cap| cap.bytes)
    }
}

impl Single for of::memory_limit {
    type Value<'a> = MemoryLimit;

    /// A value that cannot be parsed (it cannot be set) counts as no limit.
    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> MemoryLimit {
        MemoryLimit::parse(chain.text_at(key.place())).unwrap_or(MemoryLimit::None)
    }
}

impl Single for of::keep {
    type Value<'a> = Keep;

    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> Keep {
        Keep::parse(chain.text_at(key.place())).unwrap_or(Keep::Seconds(0))
    }
}
