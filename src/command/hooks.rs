//! Hooks of commands and notifications: their commands are inserted behind the item that caused them.

use std::sync::Arc;

use crate::base::ClientId;
use crate::model::events::{EventName, Payload};
use crate::model::notify::Notification;
use crate::model::option_access::OptionScope;
use crate::model::queue::{ItemContext, ItemId, KeyEvent, QueueState, StateFlags};
use crate::model::{Cx, FindState};
use crate::syntax::command::CommandList;
use crate::syntax::table::FindFlags;

/// The state that a hook of this command runs with: its target, else the current state, else the
/// client's.
pub(super) fn state_for(cx: &Cx<'_>, item: &ItemContext) -> Option<FindState> {
    let own = || FindState::current_for(cx.server, item.client, FindFlags::empty());
    let candidates = [Some(item.target), Some(item.current()), own()];
    candidates.into_iter().flatten().find(|state| state.is_valid(cx.server))
}

/// Inserts the commands of a command's hook behind the item.
pub(super) fn insert(cx: &mut Cx<'_>, item: &ItemContext, current: Option<FindState>, name: &str) {
    if item.state.flags.contains(StateFlags::NOHOOKS) {
        return;
    }
    let session = current.and_then(|c| c.session);
    let lists = cx.server.session_hook(session, name);
    let scope = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
    let level = cx.server.hook_level(scope, name);
    if cx.server.level(level).is_some_and(|level| level.named(name).is_some()) {
        cx.server.count_hook(level, name, cx.now.secs());
    }
    let event = EventName::new(name);
    if lists.is_empty() && !cx.server.events.wants(&event) {
        return;
    }
    let payload = arguments(item);
    if !lists.is_empty() {
        let state = QueueState::new(current.unwrap_or_default(), item.state.event, StateFlags::NOHOOKS);
        *state.formats.lock() = payload.formats("hook_");
        state.add_format("hook", name);
        insert_lists(cx, item.id, item.client, &lists, &state);
    }
    cx.server.fire(event, current.unwrap_or_default(), payload);
}

/// Payload of a command's event: its arguments and flags.
fn arguments(item: &ItemContext) -> Payload {
    let mut payload = Payload::default();
    let Some(invocation) = &item.command else { return payload };
    let args = &invocation.args;
    payload.set("arguments", args.print());
    for (index, value) in args.to_vector().into_iter().enumerate() {
        payload.set(&format!("argument_{index}"), value);
    }
    for letter in args.letters() {
        payload.set(&format!("flag_{letter}"), args.get(letter).unwrap_or("1"));
        for (index, value) in args.all(letter).iter().enumerate() {
            payload.set(&format!("flag_{letter}_{index}"), value.as_str());
        }
    }
    payload
}

/// Inserts command lists behind an item, in order.
fn insert_lists(
    cx: &mut Cx<'_>,
    after: ItemId,
    client: Option<ClientId>,
    lists: &[Arc<CommandList>],
    state: &Arc<QueueState>,
) {
    let mut after = after;
    for list in lists {
        let items = cx.server.queues.commands(list, state);
        if let Some(last) = cx.server.queues.insert_after(after, client, items) {
            after = last;
        }
    }
}

/// Inserts the commands of the hooks for a notification.
pub(super) fn insert_for(cx: &mut Cx<'_>, item: &ItemContext, notification: &Notification) {
    let mut current = notification.current;
    if !current.is_valid(cx.server) {
        current = cx.server.find_from_nothing().unwrap_or_default();
    }
    let name = notification.kind.name();
    let Some(scope) = cx.server.hook_scope(&current, name) else { return };
    cx.server.count_hook(cx.server.hook_level(scope, name), name, cx.now.secs());
    let lists = cx.server.notify_hook(&current, name);
    if lists.is_empty() {
        return;
    }
    let state = QueueState::new(current, KeyEvent::default(), StateFlags::NOHOOKS);
    state.formats.lock().clone_from(&notification.formats);
    insert_lists(cx, item.id, item.client, &lists, &state);
}
