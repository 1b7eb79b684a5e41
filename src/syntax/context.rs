//! The surroundings of a text that is parsed.

bitflags::bitflags! {
    /// Options of the parser.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
    pub struct ParseFlags: u8 {
        /// No error if the file does not exist (the parser itself ignores it).
        const QUIET = 0x1;
        /// Assignments are not made, because nothing will be run.
        const PARSE_ONLY = 0x2;
        /// Aliases are not looked up.
        const NO_ALIAS = 0x4;
        /// Each group is printed as it is parsed.
        const VERBOSE = 0x8;
        /// Lines do not start groups.
        const ONE_GROUP = 0x10;
    }
}

/// Access of the command language to its surroundings.
pub trait ParseContext {
    /// A variable of the global environment.
    fn getenv(&self, name: &str) -> Option<String>;
    /// Home directory of a user; that of the server's user if the name is empty.
    fn home_of(&self, user: &str) -> Option<String>;
    /// Expands the format after `%if` or `%elif`.
    fn expand_condition(&mut self, format: &str) -> String;
    /// Value of the `command-alias` with this name.
    fn alias(&self, name: &str) -> Option<String>;
    /// Sets a variable of the global environment.
    fn set_env(&mut self, name: &str, value: &str, hidden: bool);
}

/// An empty context, for text of the program itself (default bindings, tests).
#[derive(Clone, Copy, Debug, Default)]
pub struct NoContext;

impl ParseContext for NoContext {
    fn getenv(&self, _: &str) -> Option<String> {
        None
    }

    fn home_of(&self, _: &str) -> Option<String> {
        None
    }

    fn expand_condition(&mut self, format: &str) -> String {
        format.to_string()
    }

    fn alias(&self, _: &str) -> Option<String> {
        None
    }

    fn set_env(&mut self, _: &str, _: &str, _: bool) {}
}
