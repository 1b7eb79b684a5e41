//! Runs the command queues: runs commands with their targets resolved, delivers notifications to control
//! clients and hooks, stops at items that wait, and drops the rest of a group after a failure.

use std::sync::Arc;

use crate::base::{ClientId, guard};
use crate::model::notify::Notification;
use crate::model::queue::{Exec, Item, ItemContext, ItemId, ItemKind, QueueState, StateFlags, Step};
use crate::model::{Client, ClientFlags, Cx, FindState};
use crate::syntax::CommandId;
use crate::syntax::command::Invocation;
use crate::syntax::table::{CommandFlags, FindFlags, FindSpec};

use super::{dispatch, hooks, output, steps};

/// Maximum number of items run in one call; the rest runs in the next turn, so that a hook which triggers
/// itself cannot starve clients.
const MAX_STEPS: usize = 1_000;
/// Maximum time of one call in milliseconds, once `MIN_STEPS` items ran: a shorter list is never
/// interrupted.
const MAX_MS: u64 = 50;
const MIN_STEPS: usize = 100;
/// Maximum number of bytes of a command that the message log keeps; the rest is cut.
const MAX_LOGGED: usize = 64 << 10;

/// What one turn of the queues has done.
struct Turn {
    steps: usize,
    started_ms: u64,
}

impl Turn {
    fn is_over(&self, cx: &Cx<'_>) -> bool {
        let late = || cx.host.elapsed_ms().saturating_sub(self.started_ms) >= MAX_MS;
        self.steps >= MAX_STEPS || (self.steps >= MIN_STEPS && late())
    }
}

/// Runs all queues until they are empty or wait. Returns whether there is more to run.
pub fn run(cx: &mut Cx<'_>) -> bool {
    let mut turn = Turn { steps: 0, started_ms: cx.host.elapsed_ms() };
    // The rest of a long list runs after the other queues had their turn.
    if let Some(cut) = cx.server.queues.cut.take() {
        for other in identified(cx).into_iter().map(Some).filter(|other| *other != cut) {
            run_queue(cx, other, &mut turn);
        }
        run_queue(cx, cut, &mut turn);
    }
    loop {
        if turn.is_over(cx) {
            return true;
        }
        let mut ran = run_queue(cx, None, &mut turn);
        for client in identified(cx) {
            ran |= run_queue(cx, Some(client), &mut turn);
        }
        if !ran {
            return false;
        }
    }
}

fn identified(cx: &Cx<'_>) -> Vec<ClientId> {
    let known = |c: &&Client| c.flags.contains(ClientFlags::IDENTIFIED);
    cx.server.clients.values().filter(known).map(|c| c.id).collect()
}

/// Runs one queue. Returns true if it did anything.
fn run_queue(cx: &mut Cx<'_>, owner: Option<ClientId>, turn: &mut Turn) -> bool {
    let mut ran = false;
    loop {
        if turn.is_over(cx) {
            if ran && cx.server.queues.cut.is_none() {
                cx.server.queues.cut = Some(owner);
            }
            break;
        }
        let Some(queue) = cx.server.queues.queues.get_mut(&owner) else { break };
        let Some(first) = queue.items.front_mut() else { break };
        if first.started {
            if !first.resumed {
                break; // it waits
            }
            queue.items.pop_front();
            ran = true;
            continue;
        }
        if waits_for_start(first) && !cx.host.is_ready_to_start() {
            break;
        }
        let Some(first) = cx.server.queues.queues.get_mut(&owner).and_then(|queue| queue.items.front_mut())
        else {
            break;
        };
        first.started = true;
        turn.steps += 1;
        ran = true;
        // Advance the clock 1 µs per item, so that objects made in one turn have distinct creation times.
        cx.now.wall_us += 1;
        let taken = take_kind(first);
        cx.server.queues.silent = owner.is_none() && taken.state.flags.contains(StateFlags::NOHOOKS);
        crate::view::modes::take_printed(cx);
        let result = fire(cx, taken);
        cx.server.queues.silent = false;
        cx.tell_subscribers();
        report_refused(cx, owner);
        settle(cx, owner, result);
    }
    ran
}

/// True if a command starts a program and needs its process id: such a command waits until the program
/// can be started at once, so that nothing else is blocked.
fn waits_for_start(item: &Item) -> bool {
    const STARTING: [CommandId; 8] = [
        CommandId::NewPane,
        CommandId::NewSession,
        CommandId::NewWindow,
        CommandId::SplitWindow,
        CommandId::RespawnPane,
        CommandId::RespawnWindow,
        CommandId::PipePane,
        CommandId::DisplayPopup,
    ];
    matches!(&item.kind, ItemKind::Command(invocation) if STARTING.contains(&invocation.id))
}

/// Whether a command that waits does so for programs or people. All others wait for work that is
/// done beside the loop, and which tmux does at once.
fn waits_for_others(id: CommandId) -> bool {
    use CommandId as C;
    matches!(
        id,
        C::RunShell
            | C::IfShell
            | C::WaitFor
            | C::WaitPane
            | C::SendCommand
            | C::WatchEvents
            | C::CommandPrompt
            | C::ConfirmBefore
            | C::DisplayMenu
            | C::DisplayPopup
            | C::DisplayPanes
            | C::DisplayMessage
            | C::NewPane
            | C::SplitWindow
            | C::UpgradeServer
    )
}

/// Reports how many commands the queues had no room for.
fn report_refused(cx: &mut Cx<'_>, owner: Option<ClientId>) {
    let refused = std::mem::take(&mut cx.server.queues.refused);
    if refused == 0 {
        return;
    }
    let text = format!("too many commands waiting: {refused} not run");
    cx.server.add_message(cx.now, text.clone());
    let items = cx.server.queues.step(&Arc::default(), Step::Refuse(text));
    cx.server.queues.append(owner, items);
}

/// An item's data while it runs; the item itself stays in the queue to mark the place.
struct Firing {
    id: ItemId,
    group: u64,
    client: Option<ClientId>,
    state: Arc<QueueState>,
    kind: ItemKind,
}

fn take_kind(item: &mut Item) -> Firing {
    let placeholder = ItemKind::Step(Step::Nothing);
    Firing {
        id: item.id,
        group: item.group,
        client: item.client,
        state: item.state.clone(),
        kind: std::mem::replace(&mut item.kind, placeholder),
    }
}

/// Result of running an item: its id, its group, and the outcome.
struct Fired {
    id: ItemId,
    group: u64,
    exec: Exec,
    /// See `Item::working`.
    working: bool,
}

fn settle(cx: &mut Cx<'_>, owner: Option<ClientId>, fired: Fired) {
    if fired.exec == Exec::Wait {
        let queue = cx.server.queues.queues.get_mut(&owner);
        if let Some(first) = queue.and_then(|queue| queue.items.front_mut()).filter(|i| i.id == fired.id) {
            first.working = fired.working;
        }
        return;
    }
    if matches!(fired.exec, Exec::Error | Exec::Stop) {
        cx.server.queues.drop_group_after(owner, fired.group);
    }
    if let Some(queue) = cx.server.queues.queues.get_mut(&owner)
        && queue.items.front().is_some_and(|i| i.id == fired.id)
    {
        queue.items.pop_front();
    }
}

fn fire(cx: &mut Cx<'_>, firing: Firing) -> Fired {
    let (id, group) = (firing.id, firing.group);
    let mut item = ItemContext {
        id,
        group,
        client: firing.client,
        queue_client: firing.client,
        target_client: None,
        source: FindState::default(),
        target: FindState::default(),
        state: firing.state,
        command: None,
    };
    let working = matches!(&firing.kind, ItemKind::Command(command) if !waits_for_others(command.id));
    let exec = match firing.kind {
        ItemKind::Command(invocation) => {
            cx.server.queues.ran += u64::from(!only_asks(&invocation));
            item.command = Some(invocation.clone());
            fire_command(cx, item, &invocation)
        }
        ItemKind::Step(step) => guard::run(|| "a step of a queue".to_owned(), || steps::run(cx, &item, step))
            .unwrap_or(Exec::Error),
        ItemKind::Callback(callback) => {
            guard::run(|| "a command's callback".to_owned(), || callback(cx, &item)).unwrap_or(Exec::Error)
        }
        ItemKind::Notify(notification) => {
            cx.server.queues.ran += 1;
            guard::run(|| "a notification".to_owned(), || deliver(cx, &item, &notification));
            Exec::Normal
        }
    };
    Fired { id, group, exec, working }
}

/// Whether a command changes nothing but the message log, which need not be kept before its client
/// is answered.
fn only_asks(invocation: &Invocation) -> bool {
    let flags = invocation.id.entry().flags;
    let prints = || invocation.args.has('p') && !invocation.args.has('k');
    flags.contains(CommandFlags::ONLY_ASKS) || (flags.contains(CommandFlags::PRINT_ONLY_ASKS) && prints())
}

fn fire_command(cx: &mut Cx<'_>, mut item: ItemContext, invocation: &Arc<Invocation>) -> Exec {
    let entry = invocation.id.entry();
    if cx.server.config_done {
        log_command(cx, &item, invocation);
    }
    let span = tracing::debug_span!("command", client = ?item.client.map(|id| id.0));
    let _span = span.enter();
    tracing::debug!("{}", invocation.print());
    let guard = crate::control::begin(cx, &item);
    if item.client.is_none() {
        item.client = cx.server.find_client(None, None).ok();
    }
    let exec = match resolve(cx, &mut item, invocation) {
        Ok(()) => {
            let exec = guard::run(
                || format!("the command {}", entry.name),
                || {
                    guard::trip("command", invocation.print().as_bytes());
                    dispatch::exec(cx, &item, invocation)
                },
            );
            exec.unwrap_or_else(|| output::error(cx, &item, &format!("internal error: {}", entry.name)))
        }
        Err(message) => message.map_or(Exec::Error, |text| output::error(cx, &item, &text)),
    };
    if exec != Exec::Error
        && entry.flags.contains(CommandFlags::AFTER_HOOK)
        && let Some(current) = hooks::state_for(cx, &item)
    {
        hooks::insert(cx, &item, Some(current), &format!("after-{}", entry.name));
    }
    item.client = item.queue_client;
    if exec == Exec::Error {
        let current = hooks::state_for(cx, &item);
        hooks::insert(cx, &item, current, "command-error");
    }
    crate::control::end(cx, &item, guard, exec == Exec::Error);
    exec
}

/// Finds the target client, the source and the target. `Err(None)` fails silently.
fn resolve(cx: &mut Cx<'_>, item: &mut ItemContext, invocation: &Invocation) -> Result<(), Option<String>> {
    let entry = invocation.id.entry();
    let quiet = entry.flags.contains(CommandFlags::CLIENT_CAN_FAIL);
    let flag = if entry.flags.contains(CommandFlags::CLIENT_C) {
        Some('c')
    } else if entry.flags.contains(CommandFlags::CLIENT_T) {
        Some('t')
    } else {
        None
    };
    item.target_client = match flag {
        Some(flag) => match cx.server.find_client(invocation.args.get(flag), item.client) {
            Ok(client) => Some(client),
            Err(_) if quiet => None,
            Err(text) => return Err(Some(text)),
        },
        None => cx.server.find_client(None, item.client).ok(),
    };
    item.source = find(cx, item, invocation, entry.source)?;
    item.target = find(cx, item, invocation, entry.target)?;
    Ok(())
}

fn find(
    cx: &mut Cx<'_>,
    item: &ItemContext,
    invocation: &Invocation,
    spec: Option<FindSpec>,
) -> Result<FindState, Option<String>> {
    match spec {
        None => {
            Ok(FindState::current_for(cx.server, item.target_client, FindFlags::empty()).unwrap_or_default())
        }
        Some(spec) => cx
            .server
            .find_for_item(item, invocation.args.get(spec.flag), spec.kind, spec.flags)
            .map_err(|text| Some(text).filter(|text| !text.is_empty())),
    }
}

/// Delivers a notification to control clients and hooks.
fn deliver(cx: &mut Cx<'_>, item: &ItemContext, notification: &Notification) {
    crate::control::notify(cx, notification);
    hooks::insert_for(cx, item, notification);
    if let (Some(window), Some(gone)) = (notification.window, &notification.gone) {
        gone.modes_ended.iter().for_each(|pane| cx.server.notify_gone_mode(window, *pane));
    }
}

/// Adds a command to the message log, in the form that `show-messages` lists.
fn log_command(cx: &mut Cx<'_>, item: &ItemContext, invocation: &Invocation) {
    let mut text = invocation.print();
    if text.len() > MAX_LOGGED {
        text.truncate(text.floor_char_boundary(MAX_LOGGED));
        text.push('…');
    }
    let key = item.state.event.key;
    let who = match item.client.and_then(|id| cx.server.client(id)) {
        Some(client) if client.session.is_some() && key != crate::base::Key::NONE => {
            format!("{} key {}: {text}", client.name, key.name(false))
        }
        Some(client) => format!("{} command: {text}", client.name),
        None => format!("command: {text}"),
    };
    cx.server.add_message(cx.now, who);
}
