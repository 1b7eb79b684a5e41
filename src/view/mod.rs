//! Floor 4: what covers a pane or a client: copy mode, choosers, clock, prompts, menus,
//! popups, messages; and what a mouse event at a client hits.

pub(crate) mod boxes;
pub(crate) mod clock;
pub(crate) mod copy;
pub(crate) mod display_panes;
pub(crate) mod editor;
pub(crate) mod ended;
pub(crate) mod menu;
pub(crate) mod message;
pub(crate) mod mode_tree;
pub mod modes;
pub(crate) mod mouse;
pub mod overlay;
pub(crate) mod place;
pub(crate) mod popup;
pub(crate) mod prompt;
pub(crate) mod style;
pub(crate) mod travel;

use crate::base::ClientId;
use crate::model::Cx;

/// Closes everything that is open on a client, which detaches or is gone.
pub(crate) fn close_all(cx: &mut Cx<'_>, client: ClientId) {
    overlay::clear(cx, client);
    prompt::close(cx, client);
    message::clear(cx, client);
}
