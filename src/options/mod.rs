//! Floor 2: option and hook tables, typed values, inheritance.

mod environ;

pub use environ::{Environ, Variable};

/// One level of options.
#[derive(Default, Clone, Debug)]
pub struct Options;
