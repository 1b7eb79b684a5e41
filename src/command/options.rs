//! `set-option`, `show-options` and their variants for windows and hooks.

use crate::format::{Objects, parse};
use crate::model::events::EventName;
use crate::model::monitors::Monitors;
use crate::model::option_access::OptionScope;
use crate::model::queue::{QueueState, StateFlags};
use crate::model::spawn::is_usable_shell;
use crate::model::{Cx, Exec, ItemContext};
use crate::options::print::{Listing, Shown, Which, listing, shown};
use crate::options::{ArrayKey, Given, Kind, NameError, OptionName, Scope, Value, opt, parse_name, table};
use crate::syntax::CommandId;
use crate::syntax::args::Args;

use super::option_level::{command_id, scope_from_flags, scope_from_name};
use super::{monitors, option_effects, output, place};

/// `set-option`, `set-window-option` and `set-hook`.
pub(crate) fn set(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let is_hook = command_id(item) == Some(CommandId::SetHook);
    cx.server.monitors.in_use |= is_hook && "BET".chars().any(|flag| args.has(flag));
    if is_hook && args.has('E') {
        return monitors::fire(cx, item, args);
    }
    if is_hook && args.has('B') {
        return monitors::set(cx, item, args);
    }
    if args.count() == 0 {
        return output::error(cx, item, "missing argument");
    }
    let argument = place::expand_target(cx, item, &args.string(0).unwrap_or_default());
    if is_hook && args.has('R') {
        return run_hook(cx, item, &argument);
    }
    let quiet = args.has('q');
    let name = match parse_name(&argument) {
        Ok(name) => name,
        Err(_) if quiet => return Exec::Normal,
        Err(error) => return output::error(cx, item, &error.message(&argument)),
    };
    cx.server.monitors.in_use |= is_hook && EventName::new(&name.name).is_of_main_branch();
    let value = args
        .string(1)
        .map(|value| if args.has('F') { place::expand_target(cx, item, &value) } else { value });
    let (scope, level) = match scope_from_name(cx, item, args, &name) {
        Ok(found) => found,
        Err(_) if quiet => return Exec::Normal,
        Err(error) => return output::error(cx, item, &error),
    };
    let user_hooks = &cx.server.monitors.user_hooks;
    if is_hook
        && name.is_user()
        && user_hooks.len() >= Monitors::MAX_NAMES
        && !user_hooks.contains(&name.name)
    {
        return output::error(cx, item, "too many hooks of users");
    }
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
        if cx.server.chain(level).named_here(&name.name).is_none() {
            return Exec::Normal;
        }
        unset_at(cx, level, &name)
    } else {
        assign(cx, level, &name, value.as_deref(), args.has('a'))
    };
    if let Err(error) = result {
        return output::error(cx, item, &error);
    }
    if name.is_user() {
        if unset {
            cx.server.monitors.remove(level, &name.name);
        } else if is_hook {
            cx.server.monitors.user_hooks.insert(name.name.clone());
        }
    }
    option_effects::apply(cx, &name.name);
    Exec::Normal
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

/// True if a level sets the option (or the element) itself.
fn is_set(cx: &Cx<'_>, level: OptionScope, name: &OptionName) -> bool {
    match (cx.server.chain(level).named_here(&name.name), &name.index) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(value), Some(index)) => value.elements().any(|(at, _)| at == index),
    }
}

fn unset_at(cx: &mut Cx<'_>, level: OptionScope, name: &OptionName) -> Result<(), String> {
    let Some(options) = cx.server.level_mut(level) else { return Ok(()) };
    match &name.index {
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
        if cx.server.chain(pane).named_here(&name.name).is_some() {
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
    let usable_shell = entry.name != opt::DEFAULT_SHELL.name()
        || value.is_some_and(|path| is_shell(cx, level, path, append));
    let given = value.map(|text| Given { text, commands, usable_shell });
    let current = cx.server.chain(level).named(&name.name).cloned();
    cx.server.named_keys |= matches!(name.index, Some(ArrayKey::Name(_)));
    let Some(options) = cx.server.level_mut(level) else { return Ok(()) };
    if entry.is_array() {
        options.assign_array(entry, name.index.as_ref(), &given.ok_or("empty value")?, append)
    } else {
        options.assign(entry, given.as_ref(), append, current.as_ref())
    }
}

/// True if the new value of `default-shell` would be the path of a usable shell.
fn is_shell(cx: &Cx<'_>, level: OptionScope, value: &str, append: bool) -> bool {
    let before = cx.server.level(level).filter(|_| append).and_then(|l| l.own(opt::DEFAULT_SHELL));
    match before {
        Some(Value::String(before)) => is_usable_shell(cx.host, &format!("{before}{value}")),
        _ => is_usable_shell(cx.host, value),
    }
}

/// `show-options`, `show-window-options` and `show-hooks`.
pub(crate) fn show(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match show_what(cx, item, args) {
        Ok(()) => Exec::Normal,
        Err(_) if args.has('q') => Exec::Normal,
        Err(error) => output::error(cx, item, &error),
    }
}

fn show_what(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Result<(), String> {
    let is_hook = command_id(item) == Some(CommandId::ShowHooks);
    let argument = args.string(0).map(|argument| place::expand_target(cx, item, &argument));
    cx.server.monitors.in_use |= is_hook && (args.has('B') || args.has('F'));
    if is_hook && args.has('B') {
        let name =
            argument.as_deref().map(|argument| parse_name(argument).map_err(|error| error.message(argument)));
        let name = name.transpose()?;
        let level = match &name {
            Some(name) => scope_from_name(cx, item, args, name)?.1,
            None => scope_from_flags(cx, item, args)?.1,
        };
        if let Some(name) = &name
            && cx.server.chain(level).named_here(&name.name).is_none()
            && name.is_user()
        {
            return Err(format!("invalid option: {}", name.name));
        }
        monitors::show(cx, item, args, level, name.as_ref().map(|name| name.name.as_str()));
        return Ok(());
    }
    let (level, shown) = match &argument {
        None => show_all(cx, item, args)?,
        Some(argument) => show_one(cx, item, args, argument)?,
    };
    for shown in shown {
        let line = match args.get('F') {
            Some(template) => as_format(cx, item, args, level, &shown).expand(template),
            None => shown.line(args.has('v')),
        };
        output::print(cx, item, &line);
    }
    Ok(())
}

/// What `-F` of a listing is expanded for: one of its lines.
fn as_format<'a>(
    cx: &'a Cx<'_>,
    item: &ItemContext,
    args: &Args,
    level: OptionScope,
    shown: &Shown,
) -> Objects<'a> {
    let flag = |on: bool| if on { "1" } else { "0" };
    let index = shown.index.as_ref().map(ArrayKey::to_string).unwrap_or_default();
    let mut objects = place::objects(cx, item);
    for (name, value) in [
        ("option_name", shown.name.as_str()),
        ("option_value", &shown.value),
        ("option_value_only", flag(args.has('v'))),
        ("option_is_parent", flag(shown.inherited)),
        ("option_is_array", flag(shown.is_array)),
        ("option_is_string", flag(shown.is_string)),
        ("option_is_hook", flag(shown.is_hook)),
        ("option_is_user", flag(shown.is_user)),
        ("option_has_value", flag(shown.has_value)),
        ("option_array_key", &index),
        ("option_has_array_key", flag(shown.index.is_some())),
    ] {
        objects = objects.add(name, value);
    }
    if command_id(item) == Some(CommandId::ShowHooks) {
        let (count, time) = cx.server.hook_fires(level, &shown.name);
        objects = objects.add("hook_fire_count", count.to_string());
        if time != 0 {
            objects = objects.add_time("hook_fire_time", time);
        }
    }
    objects
}

type ShownAt = (OptionScope, Vec<Shown>);

fn show_one(cx: &Cx<'_>, item: &ItemContext, args: &Args, argument: &str) -> Result<ShownAt, String> {
    let name = parse_name(argument).map_err(|error| error.message(argument))?;
    let (_, level) = scope_from_name(cx, item, args, &name)?;
    let chain = cx.server.chain(level);
    let own = chain.named_here(&name.name);
    let inherited = if args.has('A') && own.is_none() { chain.named(&name.name) } else { None };
    let listing = Listing { values_only: values_only(args), inherited: inherited.is_some() };
    match own.or(inherited) {
        Some(value) => {
            // tmux: 3.7c refuses keys that are not numbers; they are accepted once somebody has set such a
            // key.
            let is_name = matches!(name.index, Some(ArrayKey::Name(_)));
            let known = |key: &ArrayKey| value.elements().any(|(at, _)| at == key);
            if is_name && !cx.server.named_keys && !name.index.as_ref().is_some_and(known) {
                return Err(NameError::Ambiguous.message(argument));
            }
            Ok((level, shown(&name.name, value, name.index.as_ref(), listing)))
        }
        None if name.is_user() => Err(format!("invalid option: {argument}")),
        None => Ok((level, Vec::new())),
    }
}

/// True if arrays without elements are left out.
fn values_only(args: &Args) -> bool {
    args.has('v') && !args.has('F')
}

fn show_all(cx: &Cx<'_>, item: &ItemContext, args: &Args) -> Result<ShownAt, String> {
    let (scope, level) = scope_from_flags(cx, item, args)?;
    let which = if command_id(item) == Some(CommandId::ShowHooks) {
        Which::Hooks
    } else if args.has('H') {
        Which::Both
    } else {
        Which::Options
    };
    let parents = args.has('A').then(|| cx.server.chain(level));
    let Some(options) = cx.server.level(level) else { return Ok((level, Vec::new())) };
    let monitored = |name: &str| cx.server.monitors.find(level, name).is_some();
    let mut out = listing(options, parents.as_ref(), scope, which, values_only(args));
    // tmux: a monitor's commands, and in the main branch those of a user's hook, are no options.
    let Monitors { in_use, user_hooks, .. } = &cx.server.monitors;
    let is_hook = |name: &str| monitored(name) || (*in_use && user_hooks.contains(name));
    match which {
        Which::Options => out.retain(|shown| !shown.is_user || !is_hook(&shown.name)),
        Which::Both => {}
        Which::Hooks => {
            let hooks = options.iter().filter(|(name, _)| is_hook(name));
            let listing = Listing { values_only: values_only(args), inherited: false };
            let mut hooks: Vec<Shown> =
                hooks.flat_map(|(name, value)| shown(name, value, None, listing)).collect();
            hooks.append(&mut out);
            out = hooks;
        }
    }
    Ok((level, out))
}
