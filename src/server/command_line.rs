//! The parts of the command line that started the server which it needs later.

/// See the module comment.
pub(super) struct CommandLine {
    /// Configuration files: those of `-f`, or those that are looked for.
    pub config_files: Vec<String>,
    /// A configuration file that does not exist is no error.
    pub config_quiet: bool,
    /// Started with `-D`.
    pub foreground: bool,
}
