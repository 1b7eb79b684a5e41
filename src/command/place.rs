//! Helpers of many commands: expanding a format for a target, parsing a number that may be a percentage,
//! the directory of a command.

use crate::base::number::parse_number;
use crate::base::{ClientId, PaneId, SessionId, WindowId};
use crate::format::Objects;
use crate::model::{Cx, FindState, ItemContext};
use crate::syntax::args::Args;

/// Expands a format for a client and a state, with the variables of the item.
pub(crate) fn expand(
    cx: &Cx<'_>,
    item: &ItemContext,
    format: &str,
    client: Option<ClientId>,
    place: &FindState,
) -> String {
    Objects::new(cx.server, cx.host, cx.now).item(item).client(client).state(place).expand(format)
}

/// The objects of a command's formats: its target and target client, with the variables of the item.
pub(crate) fn objects<'a>(cx: &'a Cx<'_>, item: &ItemContext) -> Objects<'a> {
    Objects::new(cx.server, &*cx.host, cx.now).item(item).client(item.target_client).state(&item.target)
}

/// Expands a format for the item's target and target client.
pub(crate) fn expand_target(cx: &Cx<'_>, item: &ItemContext, format: &str) -> String {
    objects(cx, item).expand(format)
}

/// True if a state passes the filter of `-f`; without a filter, all do.
pub(crate) fn passes(cx: &Cx<'_>, item: &ItemContext, filter: Option<&str>, state: &FindState) -> bool {
    let objects = || Objects::new(cx.server, cx.host, cx.now).item(item).state(state);
    filter.is_none_or(|filter| objects().is_true(filter))
}

/// The value of a flag, expanded: a number, or a percentage of `whole`. The error is the word that
/// describes it.
pub(crate) fn percentage(
    cx: &Cx<'_>,
    item: &ItemContext,
    args: &Args,
    flag: char,
    (min, max, whole): (i64, i64, i64),
) -> Result<i64, &'static str> {
    let value = args.get(flag).ok_or("missing")?;
    let Some(percent) = value.strip_suffix('%') else {
        return parse_number(&expand_target(cx, item, value), min, max);
    };
    let value = whole.saturating_mul(parse_number(&expand_target(cx, item, percent), 0, 100)?) / 100;
    match value {
        _ if value < min => Err("too small"),
        _ if value > max => Err("too large"),
        _ => Ok(value),
    }
}

/// Session and index of a target.
pub(crate) fn winlink(state: &FindState) -> Option<(SessionId, i32)> {
    state.session.zip(state.winlink)
}

/// Session, index and window of a target.
pub(crate) fn window(state: &FindState) -> Option<(SessionId, i32, WindowId)> {
    Some((state.session?, state.winlink?, state.window?))
}

/// Session, index, window and pane of a target.
pub(crate) fn pane(state: &FindState) -> Option<(SessionId, i32, WindowId, PaneId)> {
    Some((state.session?, state.winlink?, state.window?, state.pane?))
}

/// The directory of a client's commands: its own while it has no session, else the session's.
pub(crate) fn working_directory(cx: &Cx<'_>, client: Option<ClientId>, target: FindState) -> String {
    let client = client.and_then(|id| cx.server.client(id));
    if let Some(client) = client
        && client.session.is_none()
        && !client.cwd.is_empty()
    {
        return client.cwd.clone();
    }
    let session = target.session.or(client.and_then(|c| c.session));
    match session.and_then(|id| cx.server.session(id)) {
        Some(session) if !session.cwd.is_empty() => session.cwd.clone(),
        _ => Some(cx.host.home()).filter(|home| !home.is_empty()).unwrap_or_else(|| "/".to_owned()),
    }
}
