//! Menus and popups of clients that the previous server passed on.

use crate::base::ClientId;
use crate::model::Cx;
use crate::model::host::JobId;
use crate::model::mode::{OverlayKind, SavedOverlay};

use super::{menu, popup};

/// Opens a saved overlay over its client. `job`: the program in the client's popup. `None` if the
/// record cannot be read.
pub(crate) fn load(cx: &mut Cx<'_>, client: ClientId, saved: SavedOverlay, job: Option<JobId>) -> Option<()> {
    match saved.kind {
        OverlayKind::Menu => menu::load(cx, client, saved.body),
        OverlayKind::Popup => popup::load(cx, client, saved.body, job),
    }
}
