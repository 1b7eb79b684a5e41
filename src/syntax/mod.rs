//! Floor 1: parsers of the command, format and style languages, templates, and the command table.
//!
//! Text in, plain structs out. Nothing here reads the model or runs anything; what the command
//! language needs from outside (environment, home directories, conditions, aliases) comes through
//! `ParseContext`. Types of the parser library stay inside.

pub(crate) mod args;
pub(crate) mod command;
mod context;
mod entry;
pub(crate) mod escape;
pub(crate) mod format;
mod lexer;
pub mod parse;
mod statements;
pub mod style;
pub(crate) mod table;
pub(crate) mod template;

pub(crate) use command::{ArgValue, CommandList};
pub(crate) use context::{ParseContext, ParseFlags};
pub(crate) use parse::{Origin, Parsed, parse_arguments, parse_config, parse_string};
pub(crate) use table::CommandId;
