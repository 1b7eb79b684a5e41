//! Values of a watched format (`refresh-client -B`, `set-hook -B`), for each object that it is watched
//! for.

use crate::base::{PaneId, SessionId, WindowId};
use crate::model::monitors::What;
use crate::model::{Pane, Server};

use super::objects::Objects;

/// The value of a format for one object.
pub(crate) struct Watched {
    /// Index of the window in the session; -1 for the session itself.
    pub index: i32,
    pub window: Option<WindowId>,
    pub pane: Option<PaneId>,
    pub value: String,
}

/// Expands a format for all objects of a session that `what` selects. `objects` makes what the
/// format is expanded for, without the object itself; `whole` does so for the session.
pub(crate) fn values<'a>(
    server: &'a Server,
    session: SessionId,
    what: What,
    format: &str,
    objects: impl Fn() -> Objects<'a>,
    whole: impl Fn() -> Objects<'a>,
) -> Vec<Watched> {
    let mut out = Vec::new();
    if what == What::Session {
        let value = whole().expand(format);
        out.push(Watched { index: -1, window: None, pane: None, value });
        return out;
    }
    let Some(winlinks) = server.session(session).map(|s| &s.winlinks) else { return out };
    for (&index, winlink) in winlinks {
        let Some(window) = server.window(winlink.window) else { continue };
        if what == What::AllWindows || what == What::Window(window.id) {
            let value = objects().with_winlink(session, index).expand(format);
            out.push(Watched { index, window: Some(window.id), pane: None, value });
        }
        for &pane in &window.panes {
            // tmux: a pane given by id is skipped while it has no terminal.
            let named = || server.pane(pane).is_some_and(Pane::has_terminal);
            if what == What::AllPanes || (what == What::Pane(pane) && named()) {
                let value = objects().with_pane_at(session, index, pane).expand(format);
                out.push(Watched { index, window: Some(window.id), pane: Some(pane), value });
            }
        }
    }
    out
}
