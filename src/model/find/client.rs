//! Finding clients by name or terminal, and the client that a command acts on by default.

use crate::base::{ClientId, SessionId};
use crate::syntax::table::FindFlags;

use super::super::Server;

impl Server {
    /// The client used last: of a session if it has any, else of all.
    pub fn best_client(&self, session: SessionId) -> Option<ClientId> {
        let session = Some(session).filter(|s| self.session(*s).is_some_and(|s| s.attached != 0));
        let mut best: Option<&super::Client> = None;
        for client in self.clients.values() {
            if client.session.is_none() || (session.is_some() && client.session != session) {
                continue;
            }
            if best.is_none_or(|best| client.last_used() > best.last_used()) {
                best = Some(client);
            }
        }
        best.map(|c| c.id)
    }

    /// The client a command acts on when none is named. Error: `no current client`.
    pub fn current_client(&self, client: Option<ClientId>) -> Result<ClientId, String> {
        let own = client.and_then(|id| self.client(id));
        if let Some(c) = own
            && c.session.is_some()
        {
            return Ok(c.id);
        }
        let session = match own.and_then(|c| self.inside_pane(c)).and_then(|p| self.pane(p)) {
            Some(pane) => self.best_session_with(pane.window, FindFlags::QUIET),
            None => self.best_session_of_all(FindFlags::QUIET),
        };
        session.and_then(|s| self.best_client(s)).ok_or_else(|| "no current client".to_owned())
    }

    /// A client by its name or terminal, with or without the leading `/dev/` and a trailing colon; `None`
    /// means the current client. Errors: `can't find client: NAME`.
    pub fn find_client(&self, target: Option<&str>, client: Option<ClientId>) -> Result<ClientId, String> {
        let Some(target) = target else { return self.current_client(client) };
        let name = target.strip_suffix(':').unwrap_or(target);
        self.client_by_name(name).ok_or_else(|| format!("can't find client: {name}"))
    }

    pub(super) fn client_by_name(&self, name: &str) -> Option<ClientId> {
        let matches = |c: &&super::Client| {
            let tty_matches =
                || !c.tty.is_empty() && (c.tty == name || c.tty.strip_prefix("/dev/") == Some(name));
            c.session.is_some() && (c.name == name || tty_matches())
        };
        self.clients.values().find(matches).map(|c| c.id)
    }
}
