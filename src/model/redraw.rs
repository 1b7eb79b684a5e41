//! Marking what has to be redrawn. Frames are compared with what a client shows, so marking too much
//! costs time but never bytes.

use crate::base::{ClientId, SessionId, WindowId};

use super::{Client, ClientFlags, Server};

impl Server {
    fn mark_clients(&mut self, wanted: impl Fn(&Server, &Client) -> bool, status_only: bool) {
        let ids: Vec<ClientId> = self.clients.values().filter(|c| wanted(self, c)).map(|c| c.id).collect();
        for id in ids {
            if let Some(client) = self.clients.get_mut(&id) {
                client.status_dirty = true;
                if !status_only {
                    client.flags |= ClientFlags::REDRAW;
                }
            }
        }
    }

    /// Redraws all that a client shows.
    pub fn redraw_client(&mut self, client: ClientId) {
        self.mark_clients(|_, c| c.id == client, false);
    }

    pub fn redraw_session(&mut self, session: SessionId) {
        self.mark_clients(|_, c| c.session == Some(session), false);
    }

    /// Redraws all clients of a session and of the sessions in its group.
    pub fn redraw_session_group(&mut self, session: SessionId) {
        let members = self.group_members(session);
        self.mark_clients(|_, c| c.session.is_some_and(|s| members.contains(&s)), false);
    }

    /// Redraws the clients that show a window now.
    pub fn redraw_window(&mut self, window: WindowId) {
        self.mark_clients(|server, c| server.client_window(c) == Some(window), false);
    }

    /// Redraws the borders of a window, with the status lines on them.
    pub fn redraw_window_borders(&mut self, window: WindowId) {
        self.redraw_window_panes(window);
    }

    /// Redraws the panes of a window, but not the status lines around it.
    pub fn redraw_window_panes(&mut self, window: WindowId) {
        self.mark_window_clients(window, ClientFlags::REDRAW, |_| true);
    }

    /// Sets flags on clients that show a window now.
    pub(super) fn mark_window_clients(
        &mut self,
        window: WindowId,
        how: ClientFlags,
        wanted: impl Fn(&Client) -> bool,
    ) {
        let shows = |c: &&Client| self.client_window(c) == Some(window) && wanted(c);
        let ids: Vec<ClientId> = self.clients.values().filter(shows).map(|c| c.id).collect();
        for id in ids {
            if let Some(client) = self.clients.get_mut(&id) {
                client.flags |= how;
            }
        }
    }

    /// Redraws the status line of a client.
    pub fn redraw_status(&mut self, client: ClientId) {
        self.status_client(client);
    }

    pub fn redraw_all(&mut self) {
        self.mark_clients(|_, c| c.session.is_some(), false);
    }

    /// Redraws only the status line of a client.
    pub fn status_client(&mut self, client: ClientId) {
        self.mark_clients(|_, c| c.id == client, true);
    }

    pub fn status_session(&mut self, session: SessionId) {
        self.mark_clients(|_, c| c.session == Some(session), true);
    }

    pub fn status_session_group(&mut self, session: SessionId) {
        let members = self.group_members(session);
        self.mark_clients(|_, c| c.session.is_some_and(|s| members.contains(&s)), true);
    }

    /// Redraws status lines of the clients whose session has the window anywhere.
    pub fn status_window(&mut self, window: WindowId) {
        self.mark_clients(|server, c| c.session.is_some_and(|s| server.session_has(s, window)), true);
    }

    /// The window that a client shows.
    pub fn client_window(&self, client: &Client) -> Option<WindowId> {
        self.current_window(client.session?)
    }
}
