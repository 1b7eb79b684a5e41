//! Resolving targets as users write them: `session:window.pane` and its short forms, ids,
//! names and patterns, offsets, and words in braces.

use crate::base::number::parse_number;
use crate::base::{ClientId, MouseEvent, PaneId, SessionId, WindowId};
use crate::syntax::table::{FindFlags, FindKind, FindSpec};
use crate::sys::pattern::fnmatch;

use super::super::neighbours::Side;
use super::super::winlinks::Step;
use super::super::{ItemContext, Server};
use super::FindState;

/// A target to resolve, with the defaults for parts that it leaves out.
#[derive(Clone, Copy)]
pub struct FindRequest<'a> {
    pub kind: FindKind,
    pub flags: FindFlags,
    pub target: Option<&'a str>,
    /// The current state of the queue item.
    pub current: FindState,
    /// The client whose command it is.
    pub client: Option<ClientId>,
    pub mouse: &'a MouseEvent,
}

const WINDOW_WORDS: &[(&str, &str)] =
    &[("{start}", "^"), ("{last}", "!"), ("{end}", "$"), ("{next}", "+"), ("{previous}", "-")];

const PANE_WORDS: &[(&str, &str)] = &[
    ("{last}", "!"),
    ("{next}", "+"),
    ("{previous}", "-"),
    ("{top}", "top"),
    ("{bottom}", "bottom"),
    ("{left}", "left"),
    ("{right}", "right"),
    ("{top-left}", "top-left"),
    ("{top-right}", "top-right"),
    ("{bottom-left}", "bottom-left"),
    ("{bottom-right}", "bottom-right"),
];

fn word<'a>(words: &[(&str, &'a str)], text: &'a str) -> &'a str {
    words.iter().find(|(name, _)| *name == text).map_or(text, |(_, short)| short)
}

/// The parts of a target, before they are looked up.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Parts<'a> {
    session: Option<&'a str>,
    window: Option<&'a str>,
    pane: Option<&'a str>,
    /// The window part cannot be a session, the pane part cannot be a window.
    window_only: bool,
    pane_only: bool,
    exact_session: bool,
    exact_window: bool,
}

impl<'a> Parts<'a> {
    fn split(target: &'a str, kind: FindKind) -> Self {
        let (head, after_colon) = match target.split_once(':') {
            Some((head, rest)) => (head, Some(rest)),
            None => (target, None),
        };
        let (head, window, pane) = match after_colon {
            Some(rest) => match rest.split_once('.') {
                Some((window, pane)) => (head, Some(window), Some(pane)),
                None => (head, Some(rest), None),
            },
            None => match head.split_once('.') {
                Some((window, pane)) => (window, None, Some(pane)),
                None => (head, None, None),
            },
        };
        let mut parts = match (after_colon.is_some(), pane.is_some()) {
            (true, only) => Self {
                session: Some(head),
                window,
                pane,
                window_only: true,
                pane_only: only,
                ..Self::default()
            },
            (false, true) => Self { window: Some(head), pane, pane_only: true, ..Self::default() },
            (false, false) => Self::whole(head, kind),
        };
        if let Some(session) = parts.session.and_then(|s| s.strip_prefix('=')) {
            parts.session = Some(session);
            parts.exact_session = true;
        }
        if let Some(window) = parts.window.and_then(|w| w.strip_prefix('=')) {
            parts.window = Some(window);
            parts.exact_window = true;
        }
        parts.session = parts.session.filter(|s| !s.is_empty());
        parts.window = parts.window.filter(|w| !w.is_empty()).map(|w| word(WINDOW_WORDS, w));
        parts.pane = parts.pane.filter(|p| !p.is_empty()).map(|p| word(PANE_WORDS, p));
        parts
    }

    /// Splits a target without separators: its first character shows its kind, else `kind` decides.
    fn whole(text: &'a str, kind: FindKind) -> Self {
        let kind = match text.as_bytes().first() {
            Some(b'$') => FindKind::Session,
            Some(b'@') => FindKind::Window,
            Some(b'%') => FindKind::Pane,
            _ => kind,
        };
        match kind {
            FindKind::Session => Self { session: Some(text), ..Self::default() },
            FindKind::Window => Self { window: Some(text), ..Self::default() },
            FindKind::Pane => Self { pane: Some(text), ..Self::default() },
        }
    }
}

/// The part that a look-up did not find.
enum Missing {
    Session,
    Window,
    Pane,
}

impl Server {
    /// Resolves a source or target of a command item. The error is a message for users, or empty where
    /// the search is quiet. With `CAN_FAIL` there are no errors, only states with parts missing.
    pub fn find_target(
        &self,
        item: &ItemContext,
        target: Option<&str>,
        spec: FindSpec,
    ) -> Result<FindState, Option<String>> {
        self.find(FindRequest {
            kind: spec.kind,
            flags: spec.flags,
            target,
            current: item.current(),
            client: item.client,
            mouse: &item.state.event.mouse,
        })
    }

    /// Like `find_target`, with an empty error where the search is quiet.
    pub fn find_for_item(
        &self,
        item: &ItemContext,
        target: Option<&str>,
        kind: FindKind,
        flags: FindFlags,
    ) -> Result<FindState, String> {
        self.find_target(item, target, FindSpec { flag: 't', kind, flags }).map_err(Option::unwrap_or_default)
    }

    /// Resolves a target.
    pub fn find(&self, request: FindRequest<'_>) -> Result<FindState, Option<String>> {
        let mut state = FindState::default();
        let outcome = self.resolve(&request, &mut state);
        state.found = self.next_link;
        match outcome {
            Ok(()) => Ok(state),
            Err(_) if request.flags.contains(FindFlags::CAN_FAIL) => Ok(state),
            Err(_) if request.flags.contains(FindFlags::QUIET) => Err(None),
            Err(cause) => Err(Some(cause)),
        }
    }

    fn resolve(&self, request: &FindRequest<'_>, state: &mut FindState) -> Result<(), String> {
        let current = self.current_state(request)?;
        let target = request.target.unwrap_or_default();
        let mut parts = Parts::default();
        match target {
            "" => {}
            "@" | "{active}" | "{current}" => {
                let client = request.client.and_then(|id| self.client(id));
                let session = client.and_then(|c| c.session).ok_or("no current client")?;
                *state = FindState::from_session(self, session);
                return Ok(());
            }
            "=" | "{mouse}" => {
                *state = self.mouse_state(request).ok_or("no mouse target")?;
                return Ok(());
            }
            "~" | "{marked}" => {
                *state = self.marked_state().ok_or("no marked target")?;
                return Ok(());
            }
            _ => parts = Parts::split(target, request.kind),
        }
        if parts.pane.is_some() && request.flags.contains(FindFlags::WINDOW_INDEX) {
            return Err("can't specify pane here".to_owned());
        }
        let mut finder = Finder { server: self, flags: request.flags, current, parts, state };
        if parts.exact_session {
            finder.flags |= FindFlags::EXACT_SESSION;
        }
        if parts.exact_window {
            finder.flags |= FindFlags::EXACT_WINDOW;
        }
        finder.run().map_err(|missing| {
            let (what, name) = match missing {
                Missing::Session => ("session", parts.session),
                Missing::Window => ("window", parts.window),
                Missing::Pane => ("pane", parts.pane),
            };
            format!("can't find {what}: {}", name.unwrap_or_default())
        })
    }

    /// The state used for parts that are left out.
    fn current_state(&self, request: &FindRequest<'_>) -> Result<FindState, String> {
        if request.flags.contains(FindFlags::DEFAULT_MARKED)
            && let Some(marked) = self.marked_state()
        {
            return Ok(marked);
        }
        if request.current.is_valid(self) {
            return Ok(request.current);
        }
        FindState::current_for(self, request.client, request.flags)
            .filter(|state| state.is_valid(self))
            .ok_or_else(|| "no current target".to_owned())
    }

    fn marked_state(&self) -> Option<FindState> {
        let marked = self.valid_mark()?;
        Some(FindState {
            session: Some(marked.session),
            winlink: Some(marked.link.1),
            window: Some(marked.window),
            pane: Some(marked.pane),
            index: None,
            found: self.next_link,
        })
    }

    fn mouse_state(&self, request: &FindRequest<'_>) -> Option<FindState> {
        if request.kind == FindKind::Pane
            && let Some(state) = FindState::from_mouse(self, request.mouse)
        {
            return Some(state);
        }
        let (session, index) = self.mouse_window(request.mouse)?;
        let index = index.or(self.session(session).map(|s| s.current))?;
        Some(FindState::from_winlink(self, session, index)).filter(|state| state.pane.is_some())
    }

    /// The best session there is.
    pub fn best_session_of_all(&self, flags: FindFlags) -> Option<SessionId> {
        let names = self.sessions_by_name();
        self.best_session(names.into_iter().filter_map(|id| self.session(id)), flags)
    }

    /// The only one of `names` for which a test holds; `Err` if there are several.
    fn only<T: Copy>(names: &[(T, &str)], holds: impl Fn(&str) -> bool) -> Result<Option<T>, ()> {
        let mut found = names.iter().filter(|(_, name)| holds(name)).map(|(what, _)| *what);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(()),
            (found, None) => Ok(found),
        }
    }

    /// A session by id, name, client, prefix of a name, or pattern.
    fn session_by_text(&self, text: &str, flags: FindFlags) -> Option<SessionId> {
        if text.starts_with('$') {
            return SessionId::parse(text).and_then(|id| self.session(id)).map(|s| s.id);
        }
        if let Some(session) = self.session_by_name(text) {
            return Some(session);
        }
        let client = self.client_by_name(text.strip_suffix(':').unwrap_or(text));
        if let Some(session) = client.and_then(|c| self.client(c)).and_then(|c| c.session) {
            return Some(session);
        }
        if flags.contains(FindFlags::EXACT_SESSION) {
            return None;
        }
        let names: Vec<_> = self.sessions.values().map(|s| (s.id, s.name.as_str())).collect();
        let starts = Self::only(&names, |name| name.starts_with(text)).ok()?;
        starts.or_else(|| Self::only(&names, |name| fnmatch(text, name, false)).ok().flatten())
    }
}

/// One look-up: fills in a state from parts.
struct Finder<'a> {
    server: &'a Server,
    flags: FindFlags,
    current: FindState,
    parts: Parts<'a>,
    state: &'a mut FindState,
}

impl Finder<'_> {
    fn run(&mut self) -> Result<(), Missing> {
        let Parts { session, window, pane, window_only, pane_only, .. } = self.parts;
        let found = |ok: bool, missing: Missing| if ok { Ok(()) } else { Err(missing) };
        if let Some(session) = session {
            let id = self.server.session_by_text(session, self.flags).ok_or(Missing::Session)?;
            self.state.session = Some(id);
            match (window, pane) {
                (None, None) => *self.state = FindState::from_session(self.server, id),
                (Some(window), None) => {
                    found(self.window_in_session(window), Missing::Window)?;
                    self.use_active_pane();
                }
                (None, Some(pane)) => found(self.pane_in_session(pane), Missing::Pane)?,
                (Some(window), Some(pane)) => {
                    found(self.window_in_session(window), Missing::Window)?;
                    found(self.pane_in_window(pane), Missing::Pane)?;
                }
            }
            return Ok(());
        }
        match (window, pane) {
            (Some(window), Some(pane)) => {
                found(self.window(window, window_only), Missing::Window)?;
                found(self.pane_in_window(pane), Missing::Pane)
            }
            (Some(window), None) => {
                found(self.window(window, window_only), Missing::Window)?;
                self.use_active_pane();
                Ok(())
            }
            (None, Some(pane)) => found(self.pane(pane, pane_only), Missing::Pane),
            (None, None) => {
                *self.state = self.current;
                if self.flags.contains(FindFlags::WINDOW_INDEX) {
                    self.state.index = None;
                }
                Ok(())
            }
        }
    }

    fn use_active_pane(&mut self) {
        let window = self.state.winlink.and(self.state.window);
        if let Some(window) = window {
            self.state.pane = self.server.window(window).map(|w| w.active);
        }
    }

    /// Sets winlink, window and index from an index of the state's session.
    fn set_winlink(&mut self, index: Option<i32>) -> bool {
        let window = self
            .state
            .session
            .zip(index)
            .and_then(|(session, index)| self.server.winlink_window(session, index));
        self.state.winlink = index.filter(|_| window.is_some());
        self.state.window = window.or(self.state.window);
        if window.is_some() {
            self.state.index = index;
        }
        window.is_some()
    }

    /// Finds a window by id in any session, else by text in the current session; else the current window
    /// of the session with that name.
    fn window(&mut self, text: &str, only: bool) -> bool {
        if text.starts_with('@') {
            let id = WindowId::parse(text).filter(|id| self.server.window(*id).is_some());
            return self.best_place(id);
        }
        self.state.session = self.current.session;
        if self.window_in_session(text) {
            return true;
        }
        if only {
            return false;
        }
        let Some(session) = self.server.session_by_text(text, self.flags) else {
            // tmux: after a failed search for a session, it forgets the current one.
            *self.state = FindState::default();
            return false;
        };
        self.state.session = Some(session);
        let index = self.state.index;
        let ok = self.set_winlink(self.server.session(session).map(|s| s.current));
        if self.flags.contains(FindFlags::WINDOW_INDEX) {
            self.state.index = index;
        }
        ok
    }

    /// Fills in the best session and index for a window.
    fn best_place(&mut self, window: Option<WindowId>) -> bool {
        self.state.window = window;
        let session = window.and_then(|w| self.server.best_session_with(w, self.flags));
        self.state.session = session;
        self.best_index()
    }

    /// Fills in the best index of the state's window in its session.
    fn best_index(&mut self) -> bool {
        let (Some(session), Some(window)) = (self.state.session, self.state.window) else { return false };
        let index = self.server.best_index(session, window);
        index.is_some() && self.set_winlink(index)
    }

    /// Finds a window of the state's session: by id, offset, sign, index, name, prefix of a name, or
    /// pattern.
    fn window_in_session(&mut self, text: &str) -> bool {
        let server = self.server;
        let Some(s) = self.state.session.and_then(|id| server.session(id)) else { return false };
        let exact = self.flags.contains(FindFlags::EXACT_WINDOW);
        let wants_index = self.flags.contains(FindFlags::WINDOW_INDEX);
        // If only an index is found, the window is the current one.
        self.state.winlink = Some(s.current);
        self.state.window = server.current_window(s.id);
        if text.starts_with('@') {
            let id = WindowId::parse(text).filter(|id| server.session_has(s.id, *id));
            self.state.window = id;
            return self.best_index();
        }
        if !exact && let Some((step, count)) = offset(text) {
            if wants_index {
                let index = match step {
                    Step::Next => s.current.checked_add(count),
                    Step::Previous => s.current.checked_sub(count).filter(|&i| i >= 0),
                };
                self.state.index = index.or(self.state.index);
                return index.is_some();
            }
            let index = server.winlink_by_number(s.id, s.current, step, count as u32);
            if index.is_some() {
                return self.set_winlink(index);
            }
        }
        if !exact {
            match text {
                "!" => return self.set_winlink(s.last.first().copied()),
                "^" => return self.set_winlink(server.end_winlink(s.id, Step::Next)),
                "$" => return self.set_winlink(server.end_winlink(s.id, Step::Previous)),
                _ => {}
            }
        }
        if !text.starts_with(['+', '-'])
            && let Ok(index) = parse_number(text, 0, i64::from(i32::MAX))
        {
            let index = index as i32;
            if s.winlinks.contains_key(&index) {
                return self.set_winlink(Some(index));
            }
            if wants_index {
                self.state.winlink = None;
                self.state.index = Some(index);
                return true;
            }
        }
        let found = self.window_by_name(s.id, text, exact);
        self.set_winlink(found)
    }

    fn window_by_name(&self, session: SessionId, text: &str, exact: bool) -> Option<i32> {
        let s = self.server.session(session)?;
        let names: Vec<(i32, &str)> = s
            .winlinks
            .iter()
            .filter_map(|(index, wl)| Some((*index, self.server.window(wl.window)?.name.as_str())))
            .collect();
        let same = Server::only(&names, |name| name == text).ok()?;
        if same.is_some() || exact {
            return same;
        }
        let starts = Server::only(&names, |name| name.starts_with(text)).ok()?;
        starts.or_else(|| Server::only(&names, |name| fnmatch(text, name, false)).ok().flatten())
    }

    /// Finds a pane by id anywhere, else in the current window; else through `window`.
    fn pane(&mut self, text: &str, only: bool) -> bool {
        if text.starts_with('%') {
            let Some(pane) = self.pane_by_id(text) else { return false };
            self.state.pane = Some(pane);
            return self.best_place(self.server.pane(pane).map(|p| p.window));
        }
        *self.state = FindState { pane: None, ..self.current };
        if self.pane_in_window(text) {
            return true;
        }
        if only || !self.window(text, false) {
            return false;
        }
        self.use_active_pane();
        true
    }

    fn pane_by_id(&self, text: &str) -> Option<PaneId> {
        PaneId::parse(text).filter(|id| self.server.pane(*id).is_some())
    }

    fn pane_in_session(&mut self, text: &str) -> bool {
        if text.starts_with('%') {
            let Some(pane) = self.pane_by_id(text) else { return false };
            self.state.pane = Some(pane);
            self.state.window = self.server.pane(pane).map(|p| p.window);
            return self.best_index();
        }
        let current = self.state.session.and_then(|id| self.server.session(id)).map(|s| s.current);
        self.set_winlink(current) && self.pane_in_window(text)
    }

    /// Finds a pane of the state's window.
    fn pane_in_window(&mut self, text: &str) -> bool {
        let server = self.server;
        let Some(w) = self.state.window.and_then(|id| server.window(id)) else { return false };
        let pane = match text {
            _ if text.starts_with('%') => self.pane_by_id(text).filter(|p| w.panes.contains(p)),
            "!" => w.last_panes.first().copied(),
            "{up-of}" => server.neighbour(w.active, Side::Up),
            "{down-of}" => server.neighbour(w.active, Side::Down),
            "{left-of}" => server.neighbour(w.active, Side::Left),
            "{right-of}" => server.neighbour(w.active, Side::Right),
            _ => self.pane_by_position(w.id, w.active, text),
        };
        self.state.pane = pane.or(self.state.pane);
        pane.is_some()
    }

    fn pane_by_position(&self, window: WindowId, active: PaneId, text: &str) -> Option<PaneId> {
        let server = self.server;
        if let Some((step, count)) = offset(text) {
            return server.pane_by_number(active, step, count as u32);
        }
        let index = parse_number(text, 0, i64::from(i32::MAX)).ok();
        index
            .and_then(|index| server.pane_at_index(window, index))
            .or_else(|| server.pane_by_words(window, text))
    }
}

/// Parses `+`, `-`, `+N`, `-N` into a direction and a distance.
fn offset(text: &str) -> Option<(Step, i32)> {
    let (step, rest) = match text.as_bytes().first()? {
        b'+' => (Step::Next, &text[1..]),
        b'-' => (Step::Previous, &text[1..]),
        _ => return None,
    };
    if rest.is_empty() {
        return Some((step, 1));
    }
    // tmux: text that is not a number counts as 0.
    Some((step, parse_number(rest, 1, i64::from(i32::MAX)).unwrap_or(0) as i32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_split_into_parts() {
        let check = |target, kind, expect: (Option<&str>, Option<&str>, Option<&str>)| {
            let parts = Parts::split(target, kind);
            assert_eq!((parts.session, parts.window, parts.pane), expect, "{target}");
        };
        check("a", FindKind::Pane, (None, None, Some("a")));
        check("a", FindKind::Window, (None, Some("a"), None));
        check("@1", FindKind::Session, (None, Some("@1"), None));
        check("a:", FindKind::Pane, (Some("a"), None, None));
        check("a:b.c", FindKind::Session, (Some("a"), Some("b"), Some("c")));
        check("b.{last}", FindKind::Session, (None, Some("b"), Some("!")));
        check("=a:={end}", FindKind::Session, (Some("a"), Some("$"), None));
        check(":.1", FindKind::Session, (None, None, Some("1")));
    }
}
