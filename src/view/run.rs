//! Commands that menus, prompts and choosers run.

use std::sync::Arc;

use crate::model::Cx;
use crate::syntax::parse::NoContext;
use crate::syntax::{CommandList, Origin, parse_string};

/// Parses commands for the server. The error is the message to show.
pub fn parse(_cx: &mut Cx<'_>, text: &str) -> Result<Arc<CommandList>, String> {
    parse_string(text, &Origin::default(), &mut NoContext).map(Arc::new)
}
