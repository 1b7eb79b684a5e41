//! Monitors (`set-hook -B`) and events of users (`set-hook -E`): firing them, and running their hooks.

use crate::base::SessionId;
use crate::format::watch::{self, Watched};
use crate::format::{Objects, is_true, parse};
use crate::model::events::{Datum, EventName, Payload};
use crate::model::monitors::{Monitor, Monitors, SavedMonitor, What};
use crate::model::option_access::OptionScope;
use crate::model::queue::{KeyEvent, QueueState, StateFlags};
use crate::model::{Cx, Exec, FindState, ItemContext};
use crate::options::parse_name;
use crate::syntax::args::Args;

use super::{option_effects, option_level, output, place};

const INTERVAL_MS: u64 = 1000;

/// `set-hook -E`: fires an event of a user.
pub(crate) fn fire(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match args.count() {
        0 => return output::error(cx, item, "missing argument"),
        1 => {}
        _ => return output::error(cx, item, "too many arguments"),
    }
    let name = place::expand_target(cx, item, &args.string(0).unwrap_or_default());
    if !name.starts_with('@') {
        return output::error(cx, item, "event name must start with @");
    }
    let target = item.target;
    let server = &*cx.server;
    let mut payload = Payload::default();
    let mut add = |key: &str, datum: Option<Datum>| {
        if let Some(datum) = datum {
            payload.set(key, datum);
        }
    };
    add("client", item.queue_client.and_then(|id| server.client_datum(id)));
    add("session", target.session.and_then(|id| server.session_datum(id)));
    add("window", target.window.and_then(|id| server.window_datum(id)));
    add("window_index", target.winlink.or(target.index).map(Datum::from));
    add("pane", target.pane.filter(|id| server.pane(*id).is_some()).map(Datum::Pane));
    cx.server.fire(EventName::new(&name), target, payload.clone());
    if cx.server.queues.silent || !cx.server.monitors.user_hooks.contains(&name) {
        return Exec::Normal;
    }
    let mut current = target;
    if !current.is_valid(cx.server) {
        current = cx.server.find_from_nothing().unwrap_or_default();
    }
    let scope = cx.server.hook_scope(&current, &name);
    if let Some(text) = scope.and_then(|scope| cx.server.chain(scope).user(&name).map(str::to_owned)) {
        queue_hook(cx, &name, &payload, current, &text);
    }
    Exec::Normal
}

/// Queues the commands of a user's hook. tmux: text that cannot be parsed does nothing.
fn queue_hook(cx: &mut Cx<'_>, name: &str, payload: &Payload, current: FindState, text: &str) {
    let Ok(list) = parse::commands(cx, text) else { return };
    let state = QueueState::new(current, KeyEvent::default(), StateFlags::NOHOOKS);
    *state.formats.lock() = payload.formats("hook_");
    state.add_format("hook", name);
    if let Some(scope) = cx.server.hook_scope(&current, name) {
        cx.server.count_hook(cx.server.hook_level(scope, name), name, cx.now.secs());
    }
    let items = cx.server.queues.commands(&list, &state);
    cx.server.queues.append(None, items);
}

/// `set-hook -B`: adds a monitor, or with `-u` removes one.
pub(crate) fn set(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match set_monitor(cx, item, args) {
        Ok(()) => Exec::Normal,
        Err(message) => output::error(cx, item, &message),
    }
}

fn set_monitor(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Result<(), String> {
    if args.count() > 1 {
        return Err("too many arguments".to_owned());
    }
    let value = args.get('B').unwrap_or_default();
    let parts = value.split_once(':').and_then(|(name, rest)| Some((name, rest.split_once(':')?)));
    let unset = args.has('u');
    let (name, (what, format)) = match parts {
        Some(parts) => parts,
        None if unset => (value, ("", "")),
        None => return Err(format!("invalid subscription: {value}")),
    };
    if !name.starts_with('@') {
        return Err("monitor hook name must start with @".to_owned());
    }
    let option = parse_name(name).map_err(|error| error.message(name))?;
    let (_, level) = option_level::scope_from_name(cx, item, args, &option)?;
    if unset {
        cx.server.monitors.remove(level, name);
        return Ok(());
    }
    set_commands(cx, args, level, name);
    let global =
        matches!(level, OptionScope::Server | OptionScope::GlobalSession | OptionScope::GlobalWindow);
    let saved = SavedMonitor {
        level,
        name: name.to_owned(),
        what: What::parse(what),
        format: format.to_owned(),
        only_true: args.has('T'),
        session: item.target.session.filter(|_| !global),
    };
    let Some(id) = cx.server.monitors.add(saved, item.target) else {
        return Err(format!("too many monitors (at most {})", Monitors::MAX));
    };
    watch(cx, id);
    Ok(())
}

/// Sets the user option that holds the commands, even if there are none.
fn set_commands(cx: &mut Cx<'_>, args: &Args, level: OptionScope, name: &str) {
    let own = cx.server.chain(level).named_here(name).is_some();
    let Some(options) = cx.server.level_mut(level) else { return };
    match args.string(0) {
        Some(value) => options.assign_user(name, &value, args.has('a')),
        None if !own => options.set_string(name, ""),
        None => return,
    }
    option_effects::apply(cx, name);
}

/// Starts to check a monitor's format once a second.
pub(crate) fn watch(cx: &mut Cx<'_>, id: u64) {
    cx.host.timer(INTERVAL_MS, Box::new(move |cx| tick(cx, id)));
}

/// Starts to check the formats of all monitors of an earlier server.
pub(crate) fn watch_all(cx: &mut Cx<'_>) {
    let ids: Vec<u64> = cx.server.monitors.list.iter().map(|monitor| monitor.id).collect();
    ids.into_iter().for_each(|id| watch(cx, id));
}

fn tick(cx: &mut Cx<'_>, id: u64) {
    let Some(monitor) = cx.server.monitors.get_mut(id) else { return };
    let (level, name) = (monitor.level, monitor.name.clone());
    if cx.server.level(level).is_none_or(|level| level.named(&name).is_none()) {
        cx.server.monitors.remove(level, &name);
        return;
    }
    watch(cx, id);
    let Some(monitor) = cx.server.monitors.get_mut(id).map(|monitor| monitor.clone()) else { return };
    let Some(session) = cx.server.monitored_session(&monitor) else { return };
    let objects = || Objects::new(cx.server, cx.host, cx.now).no_jobs();
    let whole = || objects().with_session(session);
    let seen = watch::values(cx.server, session, monitor.what, &monitor.format, objects, whole);
    let (mut last, mut changes) = (std::collections::BTreeMap::new(), Vec::new());
    if matches!(monitor.what, What::Pane(_) | What::Window(_)) {
        last.clone_from(&monitor.last);
    }
    for seen in seen {
        let key = (seen.index, seen.pane);
        let before = monitor.last.get(&key);
        let changed = before.is_some_and(|before| *before != seen.value);
        last.insert(key, seen.value.clone());
        if changed && (!monitor.only_true || is_true(&seen.value)) {
            changes.push((before.cloned().unwrap_or_default(), seen));
        }
    }
    if let Some(monitor) = cx.server.monitors.get_mut(id) {
        monitor.last = last;
        monitor.fires += changes.len() as u32;
        if !changes.is_empty() {
            monitor.fired = cx.now.secs();
        }
    }
    changes.into_iter().for_each(|(before, seen)| changed(cx, &monitor, session, &before, seen));
}

/// Called when a watched value changed: fires the event and queues the commands.
fn changed(cx: &mut Cx<'_>, monitor: &Monitor, session: SessionId, before: &str, seen: Watched) {
    let mut payload = Payload::default();
    payload.set("value", seen.value.as_str());
    payload.set("last", before);
    if let Some(datum) = cx.server.session_datum(session) {
        payload.set("session", datum);
    }
    if let Some(datum) = seen.window.and_then(|window| cx.server.window_datum(window)) {
        payload.set("window", datum);
        payload.set("window_index", seen.index);
    }
    if let Some(pane) = seen.pane {
        payload.set("pane", pane);
    }
    let mut current = match (seen.window, seen.pane) {
        (_, Some(pane)) => FindState::from_winlink_pane(cx.server, session, seen.index, pane),
        (Some(_), None) => FindState::from_winlink(cx.server, session, seen.index),
        (None, None) => FindState::from_session(cx.server, session),
    };
    cx.server.fire(EventName::new(&monitor.name), current, payload.clone());
    let Some(text) = cx.server.level(monitor.level).and_then(|level| level.named(&monitor.name)) else {
        return;
    };
    let text = text.to_text(None, false);
    if !current.is_valid(cx.server) {
        current = cx.server.find_from_nothing().unwrap_or_default();
    }
    let mut objects = Objects::new(cx.server, cx.host, cx.now).state(&current).add("hook", &*monitor.name);
    for (name, value) in payload.formats("hook_") {
        objects = objects.add(&name, value);
    }
    let text = objects.expand(&text);
    queue_hook(cx, &monitor.name, &payload, current, &text);
}

/// `show-hooks -B`: shows the monitors of a level, all or one.
pub(crate) fn show(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, level: OptionScope, name: Option<&str>) {
    const TEMPLATE: &str = "#{option_name}:#{hook_monitor_target}:#{hook_monitor_format}";
    let wanted = |monitor: &&Monitor| monitor.level == level && name.is_none_or(|name| monitor.name == name);
    let mut monitors: Vec<Monitor> = cx.server.monitors.list.iter().filter(wanted).cloned().collect();
    monitors.sort_by(|a, b| a.name.cmp(&b.name));
    for monitor in monitors {
        let value = format!("{}:{}:{}", monitor.name, monitor.what, monitor.format);
        let mut objects = place::objects(cx, item);
        for (name, value) in [
            ("option_name", monitor.name.as_str()),
            ("option_value", &value),
            ("option_value_only", "0"),
            ("option_is_parent", "0"),
            ("option_is_array", "0"),
            ("option_is_string", "1"),
            ("option_is_hook", "1"),
            ("option_is_user", "1"),
            ("option_has_value", "1"),
            ("option_array_key", ""),
            ("option_has_array_key", "0"),
            ("hook_monitor_target", &monitor.what.to_string()),
            ("hook_monitor_format", &monitor.format),
            ("hook_fire_count", &monitor.fires.to_string()),
        ] {
            objects = objects.add(name, value);
        }
        if monitor.fired != 0 {
            objects = objects.add_time("hook_fire_time", monitor.fired);
        }
        let line = objects.expand(args.get('F').unwrap_or(TEMPLATE));
        output::print(cx, item, &line);
    }
}
