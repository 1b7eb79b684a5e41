//! Floor 2: option and hook tables, typed values, inheritance.

/// One level of options.
#[derive(Default, Clone, Debug)]
pub struct Options;

/// An environment: variables with values, or marked as removed.
#[derive(Default, Clone, Debug)]
pub struct Environ;
