//! The server itself.

use crate::model::Cx;
use crate::model::queue::ItemContext;

/// Called with the reason when a request fails.
pub(crate) type Refused = Box<dyn FnOnce(&mut Cx<'_>, String) + Send>;

/// The server itself.
pub trait ServerHost {
    /// An error with the reason if no program can be started now.
    fn can_start(&self) -> Result<(), String>;
    /// True if a program can be started without blocking. If not, the command queues are run again when
    /// it can.
    fn is_ready_to_start(&mut self) -> bool;
    /// Starts a program (`None`: this one, as it is on disk now) as the next server, which resumes the
    /// item. Calls `failed` if it does not start, and returns an error if it cannot be tried.
    fn upgrade(&mut self, program: Option<String>, item: &ItemContext, failed: Refused)
    -> Result<(), String>;
    /// The last lines of the log (`show-messages -H`), oldest first.
    fn log_lines(&self) -> Vec<String>;
    /// Memory of the server and the length of its turns, in one line.
    fn health(&self, panes: usize, clients: usize) -> String;
    /// Ends the server after this turn.
    fn shutdown(&mut self);
}
