//! Typed keys of options: `options.get(opt::REPEAT_TIME)` is a number. Reading an option that does not
//! exist, or with the wrong type, does not compile.

use std::marker::PhantomData;

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

impl<T> OptionKey<T> {
    pub(super) const fn at(place: u16) -> Self {
        Self { place, of: PhantomData }
    }

    pub(super) fn place(self) -> u16 {
        self.place
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

/// Options with numeric values: flags are 0 and 1, choices their index.
pub trait Numeric {}

impl Numeric for of::number {}
impl Numeric for of::flag {}
impl Numeric for of::choice {}

/// Options whose values are stored as they were written, and read as lengths or limits.
pub trait Written {}

impl Written for of::byte_cap {}
