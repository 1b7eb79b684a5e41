//! Floor 1: parsers of the command and style languages, templates, and the command table.
//!
//! Text in, plain structs out. Nothing here reads the model or runs anything; what the command
//! language needs from outside (environment, home directories, conditions, aliases) comes through
//! `parse::ParseContext`. Types of the parser library stay inside.

pub mod args;
pub mod command;
mod entry;
pub mod escape;
mod lexer;
pub mod parse;
mod statements;
pub mod style;
pub mod table;
pub mod template;

pub use args::ArgValue;
pub use command::CommandList;
pub use parse::{Origin, ParseContext, ParseFlags, Parsed, parse_arguments, parse_config, parse_string};
pub use table::CommandId;
