//! Floor 3: tmux's format language: evaluation, modifiers, tables of variables, `#()` jobs, and drawing
//! of styled text.
//!
//! `Scope` holds the objects of a format and expands it; `draw` puts the result on a surface. Formats
//! come from any source, so nothing here may hang or grow: depth and work of an expansion are limited
//! (`expand`), and results have at most a few megabytes.

pub(crate) mod draw;
mod expand;
mod fuzzy;
pub(crate) mod jobs;
mod lookup;
mod loops;
mod modifiers;
mod number;
mod operators;
pub mod parse;
mod scan;
mod scope;
pub(crate) mod sort;
pub(crate) mod style;
mod tables;
mod terminals;
pub(crate) mod usage;
mod vars;
pub(crate) mod watch;
mod width;

pub(crate) use scan::is_true;
pub use scope::Scope;
pub(crate) use terminals::FRAME_MS;
pub(crate) use width::{trim_left, trim_right, width};

use crate::base::WindowId;
use crate::model::Cx;
use crate::model::option_access::OptionScope;
use crate::options::opt;

/// The name that `automatic-rename-format` now gives to a window.
pub(crate) fn window_name(cx: &Cx<'_>, window: WindowId) -> String {
    let format = cx.server.chain(OptionScope::Window(window)).get(opt::AUTOMATIC_RENAME_FORMAT).to_owned();
    let mut scope = Scope::new(cx.server, cx.host, cx.now).with_window(window);
    scope.tag = scope::JobTag::Window(window);
    let scope = match cx.server.window(window) {
        Some(w) => scope.with_pane(w.active),
        None => scope,
    };
    scope.expand(&format)
}

#[cfg(test)]
mod tests;

/// Names of all variables, including those of scopemux.
#[cfg(test)]
pub(crate) fn variable_names() -> impl Iterator<Item = &'static str> {
    vars::all().into_iter().map(|(name, _)| name).chain(vars::ours().map(|(name, _)| *name))
}

/// True if tmux does not have the variable.
#[cfg(test)]
pub(crate) fn is_our_variable(name: &str) -> bool {
    vars::ours().any(|(ours, _)| *ours == name)
}
