//! `set-option`, `show-options` and their kin for windows and hooks.

use crate::format::{Scope as FormatScope, parse};
use crate::model::option_access::OptionScope;
use crate::model::queue::{QueueState, StateFlags};
use crate::model::spawn::is_usable_shell;
use crate::model::{Cx, Exec, ItemContext};
use crate::options::print::{Listing, Which, lines, listing};
use crate::options::{Given, Kind, OptionName, Scope, Value, parse_name, table};
use crate::syntax::CommandId;
use crate::syntax::args::Args;

use super::{option_effects, output};

/// `set-option`, `set-window-option` and `set-hook`.
pub fn set(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let argument = expand(cx, item, &args.string(0).unwrap_or_default());
    if command_id(item) == Some(CommandId::SetHook) && args.has('R') {
        return run_hook(cx, item, &argument);
    }
    let quiet = args.has('q');
    let name = match parse_name(&argument) {
        Ok(name) => name,
        Err(_) if quiet => return Exec::Normal,
        Err(error) => return output::error(cx, item, &error.message(&argument)),
    };
    let value = args.string(1).map(|value| if args.has('F') { expand(cx, item, &value) } else { value });
    let (scope, level) = match scope_from_name(cx, item, args, &name) {
        Ok(found) => found,
        Err(_) if quiet => return Exec::Normal,
        Err(error) => return output::error(cx, item, &error),
    };
    let entry = table::find(&name.name);
    if name.index.is_some() && !entry.is_some_and(|entry| entry.is_array()) {
        return output::error(cx, item, &format!("not an array: {argument}"));
    }
    let unset = args.has('u') || args.has('U');
    if !unset && args.has('o') && is_set(cx, level, &name) {
        if quiet {
            return Exec::Normal;
        }
        return output::error(cx, item, &format!("already set: {argument}"));
    }
    if args.has('U') && scope == Scope::WINDOW {
        unset_in_panes(cx, level, &name);
    }
    let result = if unset {
        if cx.server.chain(level).get_only(&name.name).is_none() {
            return Exec::Normal;
        }
        unset_at(cx, level, &name)
    } else {
        assign(cx, level, &name, value.as_deref(), args.has('a'))
    };
    if let Err(error) = result {
        return output::error(cx, item, &error);
    }
    option_effects::apply(cx, &name.name);
    Exec::Normal
}

fn command_id(item: &ItemContext) -> Option<CommandId> {
    item.command.as_ref().map(|command| command.id)
}

fn expand(cx: &Cx<'_>, item: &ItemContext, text: &str) -> String {
    FormatScope::new(cx.server, &*cx.host, cx.now)
        .item(item)
        .client(item.target_client)
        .state(&item.target)
        .expand(text)
}

/// `set-hook -R`: runs a hook, or a user option's value, now.
fn run_hook(cx: &mut Cx<'_>, item: &ItemContext, name: &str) -> Exec {
    let mut current = item.target;
    if !current.is_valid(cx.server) {
        current = cx.server.find_from_nothing().unwrap_or_default();
    }
    let lists = if name.starts_with('@') {
        let scope = cx.server.hook_scope(&current, name);
        let text = scope.and_then(|scope| cx.server.chain(scope).user(name).map(str::to_owned));
        text.and_then(|text| parse::commands(cx, &text).ok()).into_iter().collect()
    } else {
        cx.server.notify_hook(&current, name)
    };
    let state = QueueState::new(current, Default::default(), StateFlags::NOHOOKS);
    state.add_format("hook", name);
    let mut after = item.id;
    for list in lists {
        let items = cx.server.queues.commands(&list, &state);
        after = cx.server.queues.insert_after(after, item.client, items).unwrap_or(after);
    }
    Exec::Normal
}

/// The level that the flags and the option's own scope choose.
fn scope_from_name(
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
fn scope_from_flags(cx: &Cx<'_>, item: &ItemContext, args: &Args) -> Result<(Scope, OptionScope), String> {
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

fn missing(args: &Args, what: &str) -> String {
    match args.get('t') {
        Some(target) => format!("no such {what}: {target}"),
        None => format!("no current {what}"),
    }
}

fn session_scope(cx: &Cx<'_>, item: &ItemContext, args: &Args) -> Result<(Scope, OptionScope), String> {
    if args.has('g') {
        return Ok((Scope::SESSION, OptionScope::GlobalSession));
    }
    let session = item.target.session.filter(|id| cx.server.session(*id).is_some());
    let session = session.ok_or_else(|| missing(args, "session"))?;
    Ok((Scope::SESSION, OptionScope::Session(session)))
}

fn window_scope(cx: &Cx<'_>, item: &ItemContext, args: &Args) -> Result<(Scope, OptionScope), String> {
    if args.has('g') {
        return Ok((Scope::WINDOW, OptionScope::GlobalWindow));
    }
    let place = item.target.session.zip(item.target.winlink);
    let window = place.and_then(|(session, index)| cx.server.winlink_window(session, index));
    let window = window.ok_or_else(|| missing(args, "window"))?;
    Ok((Scope::WINDOW, OptionScope::Window(window)))
}

fn pane_scope(cx: &Cx<'_>, item: &ItemContext, args: &Args) -> Result<(Scope, OptionScope), String> {
    let pane = item.target.pane.filter(|id| cx.server.pane(*id).is_some());
    let pane = pane.ok_or_else(|| missing(args, "pane"))?;
    Ok((Scope::PANE, OptionScope::Pane(pane)))
}

/// Whether a level has the option (or the element) itself.
fn is_set(cx: &Cx<'_>, level: OptionScope, name: &OptionName) -> bool {
    match (cx.server.chain(level).get_only(&name.name), name.index) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(value), Some(index)) => value.elements().any(|(at, _)| at == index),
    }
}

fn unset_at(cx: &mut Cx<'_>, level: OptionScope, name: &OptionName) -> Result<(), String> {
    let Some(options) = cx.server.level_mut(level) else { return Ok(()) };
    match name.index {
        Some(index) => options.unset_index(&name.name, index),
        None => {
            options.unset(&name.name);
            Ok(())
        }
    }
}

fn unset_in_panes(cx: &mut Cx<'_>, level: OptionScope, name: &OptionName) {
    let panes = match level {
        OptionScope::Window(id) => cx.server.window(id).map(|window| window.panes.clone()),
        _ => None,
    };
    for pane in panes.unwrap_or_default() {
        let pane = OptionScope::Pane(pane);
        if cx.server.chain(pane).get_only(&name.name).is_some() {
            unset_at(cx, pane, name).ok();
        }
    }
}

fn assign(
    cx: &mut Cx<'_>,
    level: OptionScope,
    name: &OptionName,
    value: Option<&str>,
    append: bool,
) -> Result<(), String> {
    let Some(entry) = table::find(&name.name) else {
        let value = value.ok_or("empty value")?;
        if let Some(options) = cx.server.level_mut(level) {
            options.assign_user(&name.name, value, append);
        }
        return Ok(());
    };
    let commands = match value {
        Some(value) if entry.kind == Kind::Command => Some(parse::commands(cx, value)),
        _ => None,
    };
    let usable_shell =
        entry.name != "default-shell" || value.is_some_and(|path| is_shell(cx, level, path, append));
    let given = value.map(|text| Given { text, commands, usable_shell });
    let current = cx.server.chain(level).get(&name.name).cloned();
    let Some(options) = cx.server.level_mut(level) else { return Ok(()) };
    if entry.is_array() {
        options.assign_array(entry, name.index, &given.ok_or("empty value")?, append)
    } else {
        options.assign(entry, given.as_ref(), append, current.as_ref())
    }
}

/// Whether what `default-shell` would be is the path of a program that can be a shell.
fn is_shell(cx: &Cx<'_>, level: OptionScope, value: &str, append: bool) -> bool {
    let before = cx.server.level(level).filter(|_| append).and_then(|l| l.get("default-shell"));
    match before {
        Some(Value::String(before)) => is_usable_shell(cx.host, &format!("{before}{value}")),
        _ => is_usable_shell(cx.host, value),
    }
}

/// `show-options`, `show-window-options` and `show-hooks`.
pub fn show(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let quiet = args.has('q');
    let shown = match args.string(0) {
        None => show_all(cx, item, args),
        Some(argument) => show_one(cx, item, args, &expand(cx, item, &argument)),
    };
    match shown {
        Ok(lines) => {
            for line in lines {
                output::print(cx, item, &line);
            }
            Exec::Normal
        }
        Err(_) if quiet => Exec::Normal,
        Err(error) => output::error(cx, item, &error),
    }
}

fn show_one(cx: &Cx<'_>, item: &ItemContext, args: &Args, argument: &str) -> Result<Vec<String>, String> {
    let name = parse_name(argument).map_err(|error| error.message(argument))?;
    let (_, level) = scope_from_name(cx, item, args, &name)?;
    let chain = cx.server.chain(level);
    let own = chain.get_only(&name.name);
    let inherited = if args.has('A') && own.is_none() { chain.get(&name.name) } else { None };
    let listing = Listing { values_only: args.has('v'), inherited: inherited.is_some() };
    match own.or(inherited) {
        Some(value) => Ok(lines(&name.name, value, name.index, listing)),
        None if name.is_user() => Err(format!("invalid option: {argument}")),
        None => Ok(Vec::new()),
    }
}

fn show_all(cx: &Cx<'_>, item: &ItemContext, args: &Args) -> Result<Vec<String>, String> {
    let (scope, level) = scope_from_flags(cx, item, args)?;
    let which = if command_id(item) == Some(CommandId::ShowHooks) {
        Which::Hooks
    } else if args.has('H') {
        Which::Both
    } else {
        Which::Options
    };
    let parents = args.has('A').then(|| cx.server.chain(level));
    let Some(options) = cx.server.level(level) else { return Ok(Vec::new()) };
    Ok(listing(options, parents.as_ref(), scope, which, args.has('v')))
}
