//! Floor 0: the C library and the kernel, each noun in a file of its own.
//!
//! This is the only room with unsafe code. Each function is safe to call whatever its arguments are: a
//! descriptor is borrowed or owned and never a number, offsets and lengths are checked, and text ends with
//! NUL. Rooms above use safe calls of `nix` and of the standard library directly.

pub(crate) mod attribute;
pub(crate) mod descriptors;
pub(crate) mod error;
pub(crate) mod exec;
pub(crate) mod files;
pub(crate) mod fork;
pub(crate) mod heap;
pub(crate) mod locale;
pub(crate) mod map;
pub(crate) mod pattern;
pub(crate) mod process;
pub(crate) mod regex;
pub(crate) mod signals;
pub(crate) mod threads;
pub(crate) mod time;
pub(crate) mod tty;
pub(crate) mod watched;
