//! Reattaching: a client whose server died waits for the next server, which the keeper starts, and
//! attaches again to the session that it showed.

use super::exit::Reason;
use super::session::Outcome;
use super::socket;
use super::streams::set_blocking;
use crate::protocol::ClientFlags;
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use std::collections::VecDeque;
use std::io::stdin;
use std::time::{Duration, Instant};

/// Maximum time until the next server listens.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);
/// Number of servers that may die within `WINDOW` before the client ends as a client of tmux does.
const MAX_TIMES: usize = 10;
const WINDOW: Duration = Duration::from_secs(60);

/// The terminal's settings at the client's start, and the times of its reattachments.
pub(super) struct Comeback {
    settings: Option<Termios>,
    times: VecDeque<Instant>,
}

impl Comeback {
    pub(super) fn new() -> Self {
        Self { settings: tcgetattr(stdin()).ok(), times: VecDeque::new() }
    }

    /// Waits for the next server, if this client should reattach. Returns the command for it.
    pub(super) fn command(&mut self, outcome: &Outcome, path: &str) -> Option<Vec<String>> {
        let (session, flags) = outcome.session.filter(|_| outcome.attached)?;
        if outcome.reason != Reason::LostServer || outcome.flags.contains(ClientFlags::CONTROL) {
            return None;
        }
        let now = Instant::now();
        self.times.retain(|then| now.duration_since(*then) < WINDOW);
        self.times.push_back(now);
        if self.times.len() > MAX_TIMES || !await_server(path) {
            return None;
        }
        // The next server expects the terminal in its original state, and restores that at its end.
        set_blocking();
        if let Some(settings) = &self.settings {
            let _ = tcsetattr(stdin(), SetArg::TCSADRAIN, settings);
        }
        Some(attach(session, flags))
    }
}

fn attach(session: u32, flags: ClientFlags) -> Vec<String> {
    let named = [
        (ClientFlags::READ_ONLY, "read-only"),
        (ClientFlags::IGNORE_SIZE, "ignore-size"),
        (ClientFlags::ACTIVE_PANE, "active-pane"),
        (ClientFlags::NO_DETACH_ON_DESTROY, "no-detach-on-destroy"),
    ];
    let names: Vec<&str> =
        named.into_iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, name)| name).collect();
    let mut command = vec!["attach-session".to_owned(), "-t".to_owned(), format!("${session}")];
    if !names.is_empty() {
        command.extend(["-f".to_owned(), names.join(",")]);
    }
    command
}

/// Waits until a server listens at the socket. Returns false when the time is over.
fn await_server(path: &str) -> bool {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match socket::reach(path, false) {
            Ok(_) => return true,
            Err(_) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_is_what_it_was() {
        let check = |flags, expect: &str| assert_eq!(attach(3, flags).join(" "), expect);
        check(ClientFlags::UTF8, "attach-session -t $3");
        let flags = ClientFlags::READ_ONLY | ClientFlags::IGNORE_SIZE;
        check(flags, "attach-session -t $3 -f read-only,ignore-size");
    }

    #[test]
    fn only_clients_that_lost_their_server_come_back() {
        let shown = Some((1, ClientFlags::empty()));
        let outcome = |reason, session| Outcome { reason, session, attached: true, ..Outcome::default() };
        let mut comeback = Comeback { settings: None, times: VecDeque::new() };
        for outcome in [
            outcome(Reason::Exited, shown),
            outcome(Reason::LostServer, None),
            Outcome { attached: false, ..outcome(Reason::LostServer, shown) },
            Outcome { flags: ClientFlags::CONTROL, ..outcome(Reason::LostServer, shown) },
        ] {
            assert_eq!(comeback.command(&outcome, "/nonexistent"), None);
        }
    }
}
