//! Names that formats give.

use crate::base::WindowId;
use crate::model::Cx;
use crate::model::option_access::OptionScope;
use crate::options::opt;

use super::objects::{JobTag, Objects};

/// The name that `automatic-rename-format` now gives to a window.
pub(crate) fn window_name(cx: &Cx<'_>, window: WindowId) -> String {
    let format = cx.server.chain(OptionScope::Window(window)).get(opt::AUTOMATIC_RENAME_FORMAT);
    let mut objects = Objects::new(cx.server, cx.host, cx.now).with_window(window);
    objects.tag = JobTag::Window(window);
    let objects = match cx.server.window(window) {
        Some(w) => objects.with_pane(w.active),
        None => objects,
    };
    objects.expand(format)
}
