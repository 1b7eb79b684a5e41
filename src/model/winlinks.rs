//! Winlinks: windows at their indexes in sessions, the current and the last ones, and selecting among
//! them.

use crate::base::{SessionId, WindowId};
use crate::options::opt;

use super::events::EventKind;
use super::find::FindState;
use super::notify::Notification;
use super::option_access::OptionScope;
use super::session::WinlinkFlags;
use super::{Cx, Server, Winlink};

/// `Session::current` while a session has no current window (only in the middle of changes).
pub(crate) const NO_WINLINK: i32 = -1;

/// Direction in which to go through winlinks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    Next,
    Previous,
}

/// Result of selecting a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Selected {
    Changed,
    /// It was current before.
    Same,
    /// No such window.
    Missing,
}

impl Server {
    /// True if a session shows a window at any index.
    pub fn session_has(&self, session: SessionId, window: WindowId) -> bool {
        self.window(window).is_some_and(|w| w.winlinks.iter().any(|(s, _)| *s == session))
    }

    /// Lowest index at which a session shows a window.
    pub fn winlink_of(&self, session: SessionId, window: WindowId) -> Option<i32> {
        let s = self.session(session)?;
        s.winlinks.iter().find(|(_, wl)| wl.window == window).map(|(index, _)| *index)
    }

    /// First free index at or after one; wraps at the largest.
    fn free_index(&self, session: SessionId, from: i32) -> Option<i32> {
        let s = self.session(session)?;
        let mut index = from;
        // There are fewer winlinks than indexes, so the loop ends.
        while s.winlinks.contains_key(&index) {
            index = if index == i32::MAX { 0 } else { index + 1 };
            if index == from {
                return None;
            }
        }
        Some(index)
    }

    /// Puts a window at an index (`None`: the first free one from `base-index`). Returns the index, or
    /// `None` when it is taken.
    pub fn add_winlink(&mut self, session: SessionId, index: Option<i32>, window: WindowId) -> Option<i32> {
        let index = match index {
            Some(index) if self.session(session)?.winlinks.contains_key(&index) => return None,
            Some(index) => index,
            None => {
                let base = self.option(OptionScope::Session(session), opt::BASE_INDEX) as i32;
                self.free_index(session, base)?
            }
        };
        self.next_link += 1;
        let winlink = Winlink { window, made: self.next_link, flags: WinlinkFlags::empty() };
        self.sessions.get_mut(&session)?.winlinks.insert(index, winlink);
        if let Some(w) = self.windows.get_mut(&window) {
            w.winlinks.push((session, index));
        }
        Some(index)
    }

    /// Index of the winlink before or after one, in index order, without wrapping.
    fn beside(&self, session: SessionId, index: i32, step: Step) -> Option<i32> {
        let winlinks = &self.session(session)?.winlinks;
        match step {
            Step::Next => winlinks.range(index.checked_add(1)?..).next().map(|(i, _)| *i),
            Step::Previous => winlinks.range(..index).next_back().map(|(i, _)| *i),
        }
    }

    /// First or last index of a session.
    pub fn end_winlink(&self, session: SessionId, step: Step) -> Option<i32> {
        let winlinks = &self.session(session)?.winlinks;
        match step {
            Step::Next => winlinks.first_key_value().map(|(i, _)| *i),
            Step::Previous => winlinks.last_key_value().map(|(i, _)| *i),
        }
    }

    /// The winlink `count` steps away, wrapping.
    pub fn winlink_by_number(&self, session: SessionId, from: i32, step: Step, count: u32) -> Option<i32> {
        let winlinks = &self.session(session)?.winlinks;
        let total = u32::try_from(winlinks.len()).ok().filter(|&n| n > 0)?;
        let at = winlinks.range(..from).count() as u32;
        let at = match step {
            Step::Next => (at + count % total) % total,
            Step::Previous => (at + total - count % total) % total,
        };
        winlinks.keys().nth(at as usize).copied()
    }

    /// The next or previous winlink, wrapping, or the next with an alert.
    fn step_target(&self, session: SessionId, step: Step, alert: bool) -> Option<i32> {
        let s = self.session(session)?;
        let has_alert = |index: i32| {
            !alert || s.winlinks.get(&index).is_some_and(|wl| wl.flags.intersects(WinlinkFlags::ALERTS))
        };
        for start in [self.beside(session, s.current, step), self.end_winlink(session, step)] {
            let mut at = start;
            while let Some(index) = at {
                if has_alert(index) {
                    return Some(index);
                }
                at = self.beside(session, index, step);
            }
        }
        None
    }

    fn forget_last(&mut self, session: SessionId, index: i32) {
        if let Some(s) = self.sessions.get_mut(&session) {
            s.last.retain(|i| *i != index);
            if let Some(wl) = s.winlinks.get_mut(&index) {
                wl.flags -= WinlinkFlags::VISITED;
            }
        }
    }

    fn push_last(&mut self, session: SessionId, index: i32) {
        self.forget_last(session, index);
        if let Some(s) = self.sessions.get_mut(&session)
            && let Some(wl) = s.winlinks.get_mut(&index)
        {
            wl.flags |= WinlinkFlags::VISITED;
            s.last.insert(0, index);
        }
    }

    /// Clears the alerts of a window in all sessions.
    pub fn clear_alerts(&mut self, window: WindowId) {
        let Some(w) = self.windows.get_mut(&window) else { return };
        w.flags -= super::window::WindowFlags::ALERTS;
        for (session, index) in w.winlinks.clone() {
            let Some(s) = self.sessions.get_mut(&session) else { continue };
            let Some(wl) = s.winlinks.get_mut(&index) else { continue };
            if wl.flags.intersects(WinlinkFlags::ALERTS) {
                wl.flags -= WinlinkFlags::ALERTS;
                self.status_session(session);
            }
        }
    }

    /// Notifies hooks and control clients of an event of a window in a session.
    pub fn notify_session_window(&mut self, kind: EventKind, session: SessionId, window: WindowId) {
        let index = match self.session(session) {
            Some(s) if self.winlink_window(session, s.current) == Some(window) => Some(s.current),
            _ => self.winlink_of(session, window),
        };
        let current =
            index.map_or(FindState::default(), |index| FindState::from_winlink(self, session, index));
        self.notify(Notification {
            kind,
            current,
            session: Some(session),
            window: Some(window),
            ..Default::default()
        });
    }

    /// Notifies that another window became current in a session.
    fn notify_window_changed(&mut self, session: SessionId, before: i32) {
        let event = self.session_event(EventKind::SessionWindowChanged, session);
        let now = self.session(session).map(|s| s.current);
        let window = |index: i32| self.window_datum(self.winlink_window(session, index)?);
        let (new, old) = (now.and_then(window), window(before));
        let index = old.is_some().then_some(before);
        let event = event.with_some("window", new.clone()).with_some("new_window", new);
        let event = event.with_some("window_index", now).with_some("new_window_index", now);
        self.notify(event.with_some("old_window", old).with_some("old_window_index", index));
    }

    /// Moves winlinks up to free an index (`before`) or the one behind it; returns the free index.
    pub fn shuffle_up(&mut self, session: SessionId, index: i32, before: bool) -> Option<i32> {
        let free = if before { index } else { index.checked_add(1)? };
        let s = self.session(session)?;
        let mut last = free;
        while s.winlinks.contains_key(&last) {
            last = last.checked_add(1)?;
        }
        if last == i32::MAX {
            return None;
        }
        for from in (free..last).rev() {
            self.move_winlink(session, from, from + 1);
        }
        Some(free)
    }

    /// Moves a winlink to a free index, and updates all references to it.
    fn move_winlink(&mut self, session: SessionId, from: i32, to: i32) {
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let Some(winlink) = s.winlinks.remove(&from) else { return };
        s.winlinks.insert(to, winlink);
        if s.current == from {
            s.current = to;
        }
        for index in s.last.iter_mut().filter(|i| **i == from) {
            *index = to;
        }
        if let Some(w) = self.windows.get_mut(&winlink.window) {
            for place in w.winlinks.iter_mut().filter(|p| **p == (session, from)) {
                place.1 = to;
            }
        }
        if let Some(marked) = self.marked.as_mut()
            && marked.link == (session, from)
        {
            marked.link.1 = to;
        }
    }

    /// Numbers a session's windows from `base-index` without gaps.
    ///
    /// tmux: a window that is linked twice keeps only its first place among the last windows.
    pub fn renumber_windows(&mut self, session: SessionId) {
        let base = self.option(OptionScope::Session(session), opt::BASE_INDEX) as i32;
        let Some(s) = self.sessions.get_mut(&session) else { return };
        let old = std::mem::take(&mut s.winlinks);
        let mut new_index = std::collections::BTreeMap::new();
        for (index, (from, mut winlink)) in (base..).zip(old) {
            winlink.flags &= WinlinkFlags::ALERTS;
            self.next_link += 1;
            winlink.made = self.next_link;
            new_index.insert(from, (index, winlink.window));
            s.winlinks.insert(index, winlink);
        }
        s.current = new_index.get(&s.current).map_or(NO_WINLINK, |n| n.0);
        let mut last = Vec::new();
        for from in std::mem::take(&mut s.last) {
            let Some((_, window)) = new_index.get(&from) else { continue };
            if let Some((index, wl)) = s.winlinks.iter_mut().find(|(_, wl)| wl.window == *window)
                && !last.contains(index)
            {
                wl.flags |= WinlinkFlags::VISITED;
                last.push(*index);
            }
        }
        s.last = last;
        for (from, (to, window)) in &new_index {
            if let Some(w) = self.windows.get_mut(window) {
                // New indexes may equal old ones: mark those done by moving them to the end.
                if let Some(at) = w.winlinks.iter().position(|p| *p == (session, *from)) {
                    w.winlinks.remove(at);
                    w.winlinks.push((session, *to));
                }
            }
        }
        if let Some(marked) = self.marked.as_mut()
            && marked.link.0 == session
            && let Some((to, _)) = new_index.get(&marked.link.1)
        {
            marked.link.1 = *to;
        }
    }
}

impl Cx<'_> {
    /// Exchanges the windows at two indexes of a session; the current window stays the same. Returns
    /// false when there are no such windows.
    pub fn swap_windows_of(&mut self, session: SessionId, a: i32, b: i32) -> bool {
        let window = |index: i32| self.server.winlink_window(session, index);
        let (Some(first), Some(second)) = (window(a), window(b)) else { return false };
        let Some(s) = self.server.sessions.get_mut(&session) else { return false };
        for (index, window) in [(a, second), (b, first)] {
            if let Some(link) = s.winlinks.get_mut(&index) {
                link.window = window;
            }
        }
        if s.current == a {
            s.current = b;
        } else if s.current == b {
            s.current = a;
        }
        for (window, from, to) in [(first, a, b), (second, b, a)] {
            if let Some(w) = self.server.windows.get_mut(&window) {
                w.winlinks.retain(|place| *place != (session, from));
                w.winlinks.push((session, to));
            }
        }
        self.synchronize_group_from(session);
        self.server.redraw_session_group(session);
        self.server.sizes_dirty = true;
        true
    }

    /// Makes the window at an index the session's current one.
    pub fn select_winlink(&mut self, session: SessionId, index: Option<i32>) -> Selected {
        let Some(s) = self.server.session(session) else { return Selected::Missing };
        let Some(index) = index.filter(|i| s.winlinks.contains_key(i)) else { return Selected::Missing };
        if index == s.current {
            return Selected::Same;
        }
        let old = self.server.current_window(session);
        let before = s.current;
        self.server.forget_last(session, index);
        self.server.push_last(session, before);
        if let Some(s) = self.server.sessions.get_mut(&session) {
            s.current = index;
        }
        let new = self.server.current_window(session);
        if self.server.option(OptionScope::Server, opt::FOCUS_EVENTS) {
            for window in [old, new].into_iter().flatten() {
                self.update_window_focus(window);
            }
        }
        if let Some(window) = new {
            self.server.clear_alerts(window);
            self.window_activity(window);
        }
        self.server.notify_window_changed(session, before);
        Selected::Changed
    }

    /// Selects the next or previous window, or the next with an alert.
    pub fn select_step(&mut self, session: SessionId, step: Step, alert: bool) -> Selected {
        let target = self.server.step_target(session, step, alert);
        self.select_winlink(session, target)
    }

    /// Selects the window that was current before.
    pub fn select_last(&mut self, session: SessionId) -> Selected {
        let last = self.server.session(session).and_then(|s| s.last.first().copied());
        self.select_winlink(session, last)
    }

    /// Leaves the current winlink: selects the last one, else the previous or next one.
    fn leave_winlink(&mut self, session: SessionId) {
        if self.select_last(session) != Selected::Changed
            && self.select_step(session, Step::Previous, false) != Selected::Changed
        {
            self.select_step(session, Step::Next, false);
        }
    }

    /// Takes a winlink out of its session. A window without winlinks is destroyed. Nothing else of the
    /// session is changed.
    pub(super) fn remove_winlink(&mut self, session: SessionId, index: i32) {
        self.server.forget_last(session, index);
        let Some(s) = self.server.sessions.get_mut(&session) else { return };
        let Some(winlink) = s.winlinks.remove(&index) else { return };
        self.unlink_place(winlink.window, session, index);
    }

    /// Removes one place of a window; a window without places is destroyed.
    pub(super) fn unlink_place(&mut self, window: WindowId, session: SessionId, index: i32) {
        let Some(w) = self.server.windows.get_mut(&window) else { return };
        if let Some(at) = w.winlinks.iter().position(|p| *p == (session, index)) {
            w.winlinks.remove(at);
        }
        if w.winlinks.is_empty() {
            self.drop_window(window);
        }
    }

    /// Links a window into a session, at an index that must be free.
    pub fn attach_window(
        &mut self,
        session: SessionId,
        window: WindowId,
        index: Option<i32>,
    ) -> Result<i32, String> {
        let added = self.server.add_winlink(session, index, window);
        let Some(added) = added else {
            let base = self.server.option(OptionScope::Session(session), opt::BASE_INDEX);
            let shown = index.map_or(-1 - base, i64::from);
            return Err(format!("index in use: {shown}"));
        };
        self.server.notify_session_window(EventKind::WindowLinked, session, window);
        self.synchronize_group_from(session);
        Ok(added)
    }

    /// Unlinks a window from a session. Returns true when the session has none left: the caller must
    /// destroy it.
    pub fn detach_winlink(&mut self, session: SessionId, index: i32) -> bool {
        let Some(s) = self.server.session(session) else { return false };
        let Some(winlink) = s.winlinks.get(&index).copied() else { return s.winlinks.is_empty() };
        if s.current == index {
            self.leave_winlink(session);
        }
        self.server.notify_session_window(EventKind::WindowUnlinked, session, winlink.window);
        self.remove_winlink(session, index);
        if let Some(s) = self.server.sessions.get_mut(&session)
            && s.current == index
        {
            s.current = NO_WINLINK;
        }
        self.synchronize_group_from(session);
        self.server.session(session).is_some_and(|s| s.winlinks.is_empty())
    }

    /// Removes the winlink at an index for a replacement; the session may be without windows until then.
    /// Returns true when it was the current window.
    pub(super) fn clear_index(&mut self, session: SessionId, index: i32) -> bool {
        let Some(window) = self.server.winlink_window(session, index) else { return false };
        self.server.notify_session_window(EventKind::WindowUnlinked, session, window);
        self.remove_winlink(session, index);
        let Some(s) = self.server.sessions.get_mut(&session) else { return false };
        let was_current = s.current == index;
        if was_current {
            s.current = NO_WINLINK;
        }
        was_current
    }
}
