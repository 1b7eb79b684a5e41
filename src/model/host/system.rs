//! Users, processes and the name of the machine.

/// Users, processes and the name of the machine.
pub trait SystemHost {
    /// The home directory of the server's user.
    fn home(&self) -> String;
    /// The home directory of a user; of the server's user if the name is empty.
    fn home_of(&self, user: &str) -> Option<String>;
    /// The login shell of the server's user, from the user database.
    fn login_shell(&self) -> Option<String>;
    // The user and group databases: name of an id, and id of a name.
    fn user_name(&self, uid: u32) -> Option<String>;
    fn user_id(&self, name: &str) -> Option<u32>;
    fn group_name(&self, gid: u32) -> Option<String>;
    fn group_id(&self, name: &str) -> Option<u32>;
    /// The machine's name; empty if it cannot be read.
    fn hostname(&self) -> String;
    /// A process's command line, as readable text.
    fn process_line(&self, pid: i32) -> Option<String>;
    /// Sends a signal to a process (to its group when negative).
    fn kill(&mut self, pid: i32, signal: i32);
}
