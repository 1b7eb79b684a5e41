//! The level of an option that a command's flags and target choose.

use crate::model::option_access::OptionScope;
use crate::model::{Cx, ItemContext};
use crate::options::{OptionName, Scope, table};
use crate::syntax::CommandId;
use crate::syntax::args::Args;

pub(super) fn command_id(item: &ItemContext) -> Option<CommandId> {
    item.command.as_ref().map(|command| command.id)
}

/// The level that the flags and the option's own scope choose.
pub(super) fn scope_from_name(
    cx: &Cx<'_>,
    item: &ItemContext,
    args: &Args,
    name: &OptionName,
) -> Result<(Scope, OptionScope), String> {
    let Some(entry) = table::find(&name.name) else {
        return scope_from_flags(cx, item, args);
    };
    if entry.scope == Scope::SERVER {
        Ok((Scope::SERVER, OptionScope::Server))
    } else if entry.scope == Scope::SESSION {
        session_scope(cx, item, args)
    } else if entry.scope.contains(Scope::PANE) && args.has('p') {
        pane_scope(cx, item, args)
    } else {
        window_scope(cx, item, args)
    }
}

/// The level that the flags alone choose.
pub(super) fn scope_from_flags(
    cx: &Cx<'_>,
    item: &ItemContext,
    args: &Args,
) -> Result<(Scope, OptionScope), String> {
    let for_windows =
        matches!(command_id(item), Some(CommandId::SetWindowOption | CommandId::ShowWindowOptions));
    if args.has('s') {
        Ok((Scope::SERVER, OptionScope::Server))
    } else if args.has('p') {
        pane_scope(cx, item, args)
    } else if for_windows || args.has('w') {
        window_scope(cx, item, args)
    } else {
        session_scope(cx, item, args)
    }
}

pub(super) fn missing(args: &Args, what: &str) -> String {
    match args.get('t') {
        Some(target) => format!("no such {what}: {target}"),
        None => format!("no current {what}"),
    }
}

pub(super) fn session_scope(
    cx: &Cx<'_>,
    item: &ItemContext,
    args: &Args,
) -> Result<(Scope, OptionScope), String> {
    if args.has('g') {
        return Ok((Scope::SESSION, OptionScope::GlobalSession));
    }
    let session = item.target.session.filter(|id| cx.server.session(*id).is_some());
    let session = session.ok_or_else(|| missing(args, "session"))?;
    Ok((Scope::SESSION, OptionScope::Session(session)))
}

pub(super) fn window_scope(
    cx: &Cx<'_>,
    item: &ItemContext,
    args: &Args,
) -> Result<(Scope, OptionScope), String> {
    if args.has('g') {
        return Ok((Scope::WINDOW, OptionScope::GlobalWindow));
    }
    let place = item.target.session.zip(item.target.winlink);
    let window = place.and_then(|(session, index)| cx.server.winlink_window(session, index));
    let window = window.ok_or_else(|| missing(args, "window"))?;
    Ok((Scope::WINDOW, OptionScope::Window(window)))
}

pub(super) fn pane_scope(
    cx: &Cx<'_>,
    item: &ItemContext,
    args: &Args,
) -> Result<(Scope, OptionScope), String> {
    let pane = item.target.pane.filter(|id| cx.server.pane(*id).is_some());
    let pane = pane.ok_or_else(|| missing(args, "pane"))?;
    Ok((Scope::PANE, OptionScope::Pane(pane)))
}
