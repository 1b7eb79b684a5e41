//! Floor 4: what covers a pane or a client: copy mode, choosers, clock, prompts, menus,
//! popups, messages; and what a mouse event at a client hits.

pub mod boxes;
pub mod clock;
pub mod copy;
pub mod display_panes;
pub mod editor;
pub mod ended;
pub mod menu;
pub mod message;
pub mod mode_tree;
pub mod modes;
pub mod mouse;
pub mod overlay;
pub mod place;
pub mod popup;
pub mod prompt;
pub mod style;

use crate::base::ClientId;
use crate::model::Cx;

/// Closes everything that is open on a client, which detaches or is gone.
pub fn close_all(cx: &mut Cx<'_>, client: ClientId) {
    overlay::clear(cx, client);
    prompt::close(cx, client);
    message::clear(cx, client);
}
