//! Sizes of windows: computed from the clients that show them, as `window-size` says, or set by hand.

use crate::base::{ClientId, SessionId, Size, WindowId};
use crate::options::opt;

use super::client::ClientFlags;
use super::events::EventKind;
use super::option_access::OptionScope;
use super::window::WindowFlags;
use super::windows::known_pixels;
use super::{Client, Cx, Server};

/// Minimum and maximum of the width and height of a window.
pub(crate) const WINDOW_MINIMUM: u32 = 1;
pub(crate) const WINDOW_MAXIMUM: u32 = 10_000;

/// Flags of clients that do not count for sizes: gone, suspended or exiting.
const OUT_OF_PLAY: ClientFlags = ClientFlags::DEAD.union(ClientFlags::SUSPENDED).union(ClientFlags::EXIT);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SizePolicy {
    Largest,
    Smallest,
    Manual,
    Latest,
}

impl SizePolicy {
    fn from_option(text: &str) -> Self {
        match text {
            "largest" => Self::Largest,
            "smallest" => Self::Smallest,
            "manual" => Self::Manual,
            _ => Self::Latest,
        }
    }
}

/// The window to compute a size for, and the clients that count.
struct Question<'a> {
    policy: SizePolicy,
    window: Option<WindowId>,
    /// Counts even if its size would be ignored.
    client: Option<ClientId>,
    counts: &'a dyn Fn(&Client) -> bool,
}

fn clamp(size: Size) -> Size {
    Size::new(
        size.cols.clamp(WINDOW_MINIMUM, WINDOW_MAXIMUM),
        size.rows.clamp(WINDOW_MINIMUM, WINDOW_MAXIMUM),
    )
}

/// Reads `WxH` as `sscanf` would: text after it is ignored.
pub(crate) fn parse_size(text: &str) -> Option<Size> {
    let (cols, rest) = text.split_once('x')?;
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    Some(Size::new(cols.parse().ok()?, rest[..digits].parse().ok()?))
}

impl Server {
    /// Row and height of a session's status line, from its options.
    pub fn update_status_cache(&mut self, session: SessionId) {
        let lines = self.option_number(OptionScope::Session(session), opt::STATUS).max(0) as u32;
        let top = self.option_text(OptionScope::Session(session), opt::STATUS_POSITION) == "top";
        if let Some(s) = self.sessions.get_mut(&session) {
            s.status_lines = lines;
            s.status_at = match (lines, top) {
                (0, _) => None,
                (_, true) => Some(0),
                (_, false) => Some(1),
            };
        }
    }

    /// Number of lines of a client's status line.
    pub fn status_lines(&self, client: &Client) -> u32 {
        if client.flags.intersects(ClientFlags::STATUS_OFF | ClientFlags::CONTROL) {
            return 0;
        }
        match client.session.and_then(|id| self.session(id)) {
            Some(s) => s.status_lines,
            None => self.option_number(OptionScope::GlobalSession, opt::STATUS).max(0) as u32,
        }
    }

    /// Row at which a client's status line starts, if it has one.
    pub fn status_at_line(&self, client: &Client) -> Option<u32> {
        if client.flags.intersects(ClientFlags::STATUS_OFF | ClientFlags::CONTROL) {
            return None;
        }
        match self.session(client.session?)?.status_at? {
            0 => Some(0),
            _ => Some(client.size.rows.saturating_sub(self.status_lines(client))),
        }
    }

    /// Size of a client's terminal without the status line.
    fn client_room(&self, client: &Client) -> Size {
        Size::new(client.size.cols, client.size.rows.wrapping_sub(self.status_lines(client)))
    }

    /// True if a client's size does not count.
    pub fn ignores_size(&self, client: &Client) -> bool {
        if client.session.is_none() || client.flags.intersects(OUT_OF_PLAY) {
            return true;
        }
        if client.flags.contains(ClientFlags::IGNORE_SIZE) {
            let counts = |c: &Client| {
                c.session.is_some()
                    && !c.flags.intersects(OUT_OF_PLAY)
                    && !c.flags.contains(ClientFlags::IGNORE_SIZE)
            };
            if self.clients.values().any(counts) {
                return true;
            }
        }
        client.flags.contains(ClientFlags::CONTROL)
            && !client.flags.intersects(ClientFlags::SIZE_CHANGED | ClientFlags::WINDOW_SIZE_CHANGED)
    }

    fn takes_part(&self, question: &Question<'_>, client: &Client) -> bool {
        Some(client.id) == question.client || (!self.ignores_size(client) && (question.counts)(client))
    }

    /// Size in cells, and pixels of a cell, from the clients that count; `None` when none does.
    fn size_by_clients(&self, question: &Question<'_>) -> Option<(Size, (u32, u32))> {
        let window = question.window.and_then(|id| self.window(id));
        let policy = question.policy;
        let mut pixels = (0, 0);
        let mut size = match (policy, window) {
            (SizePolicy::Largest, _) => Size::default(),
            (SizePolicy::Manual, Some(w)) => w.manual_size,
            _ => Size::new(u32::MAX, u32::MAX),
        };
        if policy != SizePolicy::Manual {
            let sees = |c: &&Client| {
                !self.ignores_size(c)
                    && window.is_some_and(|w| c.session.is_some_and(|s| self.session_has(s, w.id)))
            };
            let crowded = policy == SizePolicy::Latest && self.clients.values().filter(sees).count() > 1;
            for client in self.clients.values().filter(|c| self.takes_part(question, c)) {
                if crowded && window.and_then(|w| w.latest) != Some(client.id) {
                    continue;
                }
                let own = window.and_then(|w| client.windows.get(&w.id)).map(|view| view.size);
                let room = match own {
                    Some(own) if own.cols != 0 && own.rows != 0 => own,
                    _ => self.client_room(client),
                };
                if policy == SizePolicy::Largest {
                    size = Size::new(size.cols.max(room.cols), size.rows.max(room.rows));
                } else {
                    size = Size::new(size.cols.min(room.cols), size.rows.min(room.rows));
                }
                if client.cell_pixels.0 > pixels.0 && client.cell_pixels.1 > pixels.1 {
                    pixels = client.cell_pixels;
                }
            }
        }
        if let Some(w) = window {
            for client in self.clients.values().filter(|c| self.takes_part(question, c)) {
                if !client.flags.contains(ClientFlags::WINDOW_SIZE_CHANGED) {
                    continue;
                }
                let Some(own) = client.windows.get(&w.id).map(|view| view.size) else { continue };
                size.cols = if own.cols != 0 { size.cols.min(own.cols) } else { size.cols };
                size.rows = if own.rows != 0 { size.rows.min(own.rows) } else { size.rows };
            }
        }
        let found = match policy {
            SizePolicy::Manual => window.is_some(),
            SizePolicy::Largest => size.cols != 0 && size.rows != 0,
            _ => size.cols != u32::MAX && size.rows != u32::MAX,
        };
        found.then_some((size, pixels))
    }

    /// True if a window is current in a session with clients.
    fn is_shown(&self, window: &super::Window) -> bool {
        window.winlinks.iter().any(|(session, index)| {
            self.session(*session).is_some_and(|s| s.attached != 0 && s.current == *index)
        })
    }

    /// Size for a new window, or for one that is resized by `resize-window -A/-a`.
    pub fn window_size_for(
        &self,
        client: Option<ClientId>,
        session: SessionId,
        window: Option<WindowId>,
        policy: Option<SizePolicy>,
    ) -> (Size, (u32, u32)) {
        let policy = policy.unwrap_or_else(|| {
            SizePolicy::from_option(&self.option_text(OptionScope::GlobalWindow, opt::WINDOW_SIZE))
        });
        let given = client.and_then(|id| self.client(id));
        if let Some(c) = given.filter(|c| policy == SizePolicy::Latest && !self.ignores_size(c)) {
            return (clamp(self.client_room(c)), c.cell_pixels);
        }
        let client = given.filter(|c| !c.flags.contains(ClientFlags::CONTROL)).map(|c| c.id);
        let counts = |c: &Client| match window {
            Some(w) => c.session.is_some_and(|s| self.session_has(s, w)),
            None => c.session == Some(session),
        };
        let question = Question { policy, window, client, counts: &counts };
        let (size, pixels) = self.size_by_clients(&question).unwrap_or_else(|| {
            let text = self.option_text(OptionScope::Session(session), opt::DEFAULT_SIZE);
            (parse_size(&text).unwrap_or(Size::new(80, 24)), (0, 0))
        });
        (clamp(size), pixels)
    }
}

impl Cx<'_> {
    /// Size for a new window, in cells and pixels of a cell.
    pub fn default_window_size(
        &self,
        client: Option<ClientId>,
        session: SessionId,
        window: Option<WindowId>,
        policy: Option<SizePolicy>,
    ) -> (Size, (u32, u32)) {
        self.server.window_size_for(client, session, window, policy)
    }

    /// Resizes a window and its layout. `pixels`: new size of a cell, if it changes.
    pub fn resize_window(&mut self, window: WindowId, size: Size, pixels: Option<(u32, u32)>) {
        let size = clamp(size);
        let Some(w) = self.server.window(window) else { return };
        let zoomed = w.flags.contains(WindowFlags::ZOOMED);
        if zoomed {
            self.unzoom(window, true);
        }
        let rules = self.server.layout_rules(window);
        let Some(w) = self.server.windows.get_mut(&window) else { return };
        w.layout.resize(size, &rules);
        let least = w.layout.size();
        let old = w.size;
        w.size = Size::new(size.cols.max(least.cols), size.rows.max(least.rows));
        if let Some(pixels) = pixels {
            w.cell_pixels = known_pixels(pixels);
        }
        let active = w.active;
        self.fix_panes(window, None);
        if zoomed {
            self.zoom(active);
        }
        self.server.redraw_window(window);
        self.server.notify_window(EventKind::WindowLayoutChanged, window);
        let event = self.server.window_event(EventKind::WindowResized, window);
        let new = self.server.window(window).map_or(old, |w| w.size);
        self.server.notify(event.with_sizes(new, old));
        if let Some(w) = self.server.windows.get_mut(&window) {
            w.flags -= WindowFlags::RESIZE;
        }
    }

    /// Computes a window's size again. The change waits for `apply_sizes`, unless `now` is set or the
    /// window is sized by hand.
    pub fn recalculate_size(&mut self, window: WindowId, now: bool) {
        let server = &*self.server;
        let Some(w) = server.window(window).filter(|w| !w.panes.is_empty()) else { return };
        let scope = OptionScope::Window(window);
        let policy = SizePolicy::from_option(&server.option_text(scope, opt::WINDOW_SIZE));
        let current_only = server.option(scope, opt::AGGRESSIVE_RESIZE);
        let counts = |c: &Client| {
            let Some(shown) = server.client_window(c) else { return false };
            if current_only {
                return shown == window;
            }
            c.session.is_some_and(|s| server.session_has(s, window))
        };
        let question = Question { policy, window: Some(window), client: None, counts: &counts };
        let Some((size, pixels)) = server.size_by_clients(&question) else { return };
        let before = if w.flags.contains(WindowFlags::RESIZE) { w.new_size } else { w.size };
        if !now && before == size {
            return;
        }
        if now || policy == SizePolicy::Manual {
            self.resize_window(window, size, Some(pixels));
        } else if let Some(w) = self.server.windows.get_mut(&window) {
            w.new_size = size;
            w.new_cell_pixels = pixels;
            w.flags |= WindowFlags::RESIZE;
        }
    }

    /// Counts attached clients and computes the size of every window.
    pub fn recalculate_sizes(&mut self) {
        self.recalculate_sizes_now(false);
    }

    pub fn recalculate_sizes_now(&mut self, now: bool) {
        let server = &mut *self.server;
        let sessions: Vec<SessionId> = server.sessions.keys().copied().collect();
        for session in sessions {
            server.update_status_cache(session);
            if let Some(s) = server.sessions.get_mut(&session) {
                s.attached = 0;
            }
        }
        let ids: Vec<ClientId> = server.clients.keys().copied().collect();
        for id in ids {
            let Some(c) = server.client(id) else { continue };
            let ignored = server.ignores_size(c);
            let lines = c.session.and_then(|s| server.session(s)).map_or(0, |s| s.status_lines);
            let Some(c) = server.clients.get_mut(&id) else { continue };
            if let Some(s) = c.session.and_then(|s| server.sessions.get_mut(&s))
                && !c.flags.intersects(OUT_OF_PLAY)
            {
                s.attached += 1;
            }
            if !ignored {
                let off = c.size.rows <= lines || c.flags.contains(ClientFlags::CONTROL);
                c.flags.set(ClientFlags::STATUS_OFF, off);
            }
        }
        let windows: Vec<WindowId> = server.windows.keys().copied().collect();
        for window in windows {
            self.recalculate_size(window, now);
        }
        self.server.sizes_dirty = false;
    }

    /// Applies the waiting size changes of windows that are shown. Called once a turn.
    pub fn apply_sizes(&mut self) {
        let waiting: Vec<_> = self
            .server
            .windows
            .values()
            .filter(|w| w.flags.contains(WindowFlags::RESIZE) && self.server.is_shown(w))
            .map(|w| (w.id, w.new_size, w.new_cell_pixels))
            .collect();
        for (window, size, pixels) in waiting {
            self.resize_window(window, size, Some(pixels));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_leniently() {
        assert_eq!(parse_size("80x24"), Some(Size::new(80, 24)));
        assert_eq!(parse_size("80x24abc"), Some(Size::new(80, 24)));
        assert_eq!(parse_size("80"), None);
        assert_eq!(parse_size("x24"), None);
    }
}
