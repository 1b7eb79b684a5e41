//! Typed keys of options: `options.get(opt::REPEAT_TIME)` is a number. Reading an option that does not
//! exist, or with the wrong type, does not compile.

use std::marker::PhantomData;

use crate::base::{Colour, Key};

use super::size::{ByteCap, Keep, MemoryLimit};
use super::table::{self, Initial, OptionEntry};
use super::{Chain, Value};

/// An option that the program reads: its row in the table, and the type of its values (`of`).
pub struct OptionKey<T> {
    place: u16,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for OptionKey<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for OptionKey<T> {}

impl<T> std::fmt::Debug for OptionKey<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name())
    }
}

impl<T> OptionKey<T> {
    pub(super) const fn at(place: u16) -> Self {
        Self { place, of: PhantomData }
    }

    pub(super) fn place(self) -> u16 {
        self.place
    }

    /// The option's row.
    pub fn entry(self) -> &'static OptionEntry {
        table::entry(self.place)
    }

    /// The option's name.
    pub fn name(self) -> &'static str {
        self.entry().name
    }
}

/// Types of option values, named after the functions that make rows.
#[allow(dead_code, non_camel_case_types)]
pub(crate) mod of {
    macro_rules! kinds {
        ($($(#[$about:meta])* $kind:ident),*) => { $($(#[$about])* pub(crate) enum $kind {})* };
    }

    kinds!(
        string,
        number,
        key,
        colour,
        flag,
        /// Read as the name of a choice.
        choice,
        command,
        byte_cap,
        memory_limit,
        keep,
        /// An array of strings.
        texts,
        /// An array of colours.
        colours,
        /// An array of commands.
        hook
    );
}

/// Options with one value, which `Chain::get` reads. A value whose type differs from the row's is
/// ignored: the default applies.
pub trait Single {
    type Value<'a>;

    fn read<'a>(chain: &Chain<'a>, key: OptionKey<Self>) -> Self::Value<'a>
    where
        Self: Sized;
}

/// Options with numeric values: flags are 0 and 1, choices their index.
pub trait Numeric {}

impl Numeric for of::number {}
impl Numeric for of::flag {}
impl Numeric for of::choice {}

/// Options whose values are stored as they were written, and read as lengths or limits.
pub trait Written {}

impl Written for of::byte_cap {}

impl Single for of::string {
    type Value<'a> = &'a str;

    fn read<'a>(chain: &Chain<'a>, key: OptionKey<Self>) -> &'a str {
        chain.text_at(key.place)
    }
}

impl Single for of::number {
    type Value<'a> = i64;

    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> i64 {
        chain.number_at(key.place)
    }
}

impl Single for of::flag {
    type Value<'a> = bool;

    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> bool {
        chain.number_at(key.place) != 0
    }
}

impl Single for of::choice {
    type Value<'a> = &'static str;

    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> &'static str {
        let at = usize::try_from(chain.number_at(key.place)).ok();
        at.and_then(|at| key.entry().choices().get(at)).copied().unwrap_or("")
    }
}

impl Single for of::colour {
    type Value<'a> = Colour;

    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> Colour {
        match (chain.value_at(key.place), key.entry().initial) {
            (Some(Value::Colour(colour)), _) => *colour,
            (_, Initial::Colour(colour)) => colour,
            _ => Colour::Default,
        }
    }
}

impl Single for of::key {
    type Value<'a> = Key;

    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> Key {
        match (chain.value_at(key.place), key.entry().initial) {
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
        let text = chain.text_at(key.place);
        if key.place == table::opt::HISTORY_LIMIT.place
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
        MemoryLimit::parse(chain.text_at(key.place)).unwrap_or(MemoryLimit::None)
    }
}

impl Single for of::keep {
    type Value<'a> = Keep;

    fn read(chain: &Chain<'_>, key: OptionKey<Self>) -> Keep {
        Keep::parse(chain.text_at(key.place)).unwrap_or(Keep::Seconds(0))
    }
}
