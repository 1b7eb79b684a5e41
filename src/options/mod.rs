//! Floor 2: option and hook tables, typed values, inheritance, environments.
//!
//! `Options` is one level (a pane's, a window's, a session's, or one of the three global ones). It holds
//! no reference to the level above; `Chain` is a view through several levels, made by a caller that knows
//! them.

pub(crate) mod array_key;
mod chain;
pub(crate) mod entry;
mod environ;
pub(crate) mod key;
mod level;
pub(crate) mod names;
pub(crate) mod print;
mod set;
pub(crate) mod size;
pub(crate) mod table;
mod value;
mod values;

pub(crate) use array_key::ArrayKey;
pub(crate) use chain::{Chain, Single};
pub use entry::Scope;
pub(crate) use entry::{Kind, OptionEntry};
pub use environ::Environ;
pub(crate) use environ::Variable;
pub(crate) use key::OptionKey;
pub use level::Options;
pub(crate) use names::{NameError, OptionName, parse_name};
pub(crate) use set::Given;
pub(crate) use table::{COMMAND_ALIASES, opt};
pub(crate) use value::Value;

#[cfg(test)]
mod tests;
