//! `wait-for`: channels that commands can wait for, wake and lock; and waiting for events (`-E`).

use serde::{Deserialize, Serialize};

use crate::format::{Objects, is_true};
use crate::model::events::{Event, EventName, Keep, OnEvent};
use crate::model::queue::ItemId;
use crate::model::{Cx, EventWaiter, Exec, ItemContext, Server};
use crate::options::table;
use crate::syntax::args::Args;

use super::output;
use super::saved_wait::{self, WaitKind};

pub(crate) fn wait_for(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let name = args.string(0).unwrap_or_default();
    if args.has('E') {
        return event(cx, item, args, &name);
    }
    if args.has('l') {
        let channel = cx.server.wait_channels.get(&name);
        let waiting: Vec<ItemId> =
            channel.into_iter().flat_map(|c| c.waiters.iter().chain(&c.lockers)).copied().collect();
        return list(cx, item, waiting);
    }
    if let Some(client) = args.get('w') {
        wake(cx.server, &name, client);
        return Exec::Normal;
    }
    if args.has('S') {
        signal(cx.server, &name);
        return Exec::Normal;
    }
    if !args.has('L') && args.has('U') {
        return unlock(cx, item, &name);
    }
    wait(cx, item, name, args.has('L'))
}

fn wait(cx: &mut Cx<'_>, item: &ItemContext, name: String, lock: bool) -> Exec {
    if item.client.is_none() {
        return output::error(cx, item, if lock { "not able to lock" } else { "not able to wait" });
    }
    let channel = cx.server.wait_channels.entry(name.clone()).or_default();
    if lock {
        if channel.locked {
            channel.lockers.push(item.id);
            return Exec::Wait;
        }
        channel.locked = true;
        return Exec::Normal;
    }
    if channel.woken {
        forget_if_done(cx.server, &name);
        return Exec::Normal;
    }
    channel.waiters.push(item.id);
    Exec::Wait
}

/// The name of the client whose queue holds a waiting item; `None`: it no longer waits.
fn waiting_client(server: &Server, item: ItemId) -> Option<String> {
    let client = server.queues.owner(item)?.and_then(|id| server.client(id));
    Some(client.map(|client| client.name.clone()).unwrap_or_default())
}

/// Prints the names of the clients that wait.
fn list(cx: &mut Cx<'_>, item: &ItemContext, waiting: Vec<ItemId>) -> Exec {
    let names: Vec<String> = waiting.into_iter().filter_map(|id| waiting_client(cx.server, id)).collect();
    names.iter().for_each(|name| output::print(cx, item, name));
    Exec::Normal
}

/// `-w`: resumes one client that waits for a channel, or for the channel's lock, which the client does
/// not get.
fn wake(server: &mut Server, name: &str, client: &str) {
    let Some(channel) = server.wait_channels.get(name) else { return };
    let of_client = |id: &ItemId| waiting_client(server, *id).as_deref() == Some(client);
    let found = channel.waiters.iter().chain(&channel.lockers).copied().find(of_client);
    let Some((id, channel)) = found.zip(server.wait_channels.get_mut(name)) else { return };
    channel.waiters.retain(|waiting| *waiting != id);
    channel.lockers.retain(|waiting| *waiting != id);
    if !channel.locked && !channel.woken && channel.waiters.is_empty() && channel.lockers.is_empty() {
        server.wait_channels.remove(name);
    }
    server.queues.resume(id);
}

/// True if there is an event of this name: one with a hook, or any user event.
fn is_event(name: &str) -> bool {
    name.starts_with('@') || table::find(name).is_some_and(|entry| entry.is_hook)
}

/// `-E`: waits for an event; with `-l` and `-w` lists or wakes the waiters.
fn event(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, name: &str) -> Exec {
    if !is_event(name) {
        return output::error(cx, item, &format!("invalid event: {name}"));
    }
    if args.has('l') {
        let waiters = cx.server.event_waiters.iter().filter(|waiter| waiter.name == name);
        let waiting = waiters.map(|waiter| waiter.item).collect();
        return list(cx, item, waiting);
    }
    if let Some(client) = args.get('w') {
        let of_client = |waiter: &EventWaiter| {
            waiter.name == name && waiting_client(cx.server, waiter.item).as_deref() == Some(client)
        };
        return match cx.server.event_waiters.iter().position(of_client) {
            Some(at) => {
                let waiter = cx.server.event_waiters.remove(at);
                cx.server.unsubscribe(waiter.subscription);
                cx.server.queues.resume(waiter.item);
                Exec::Normal
            }
            None => output::error(cx, item, &format!("waiter {client} not found")),
        };
    }
    if item.client.is_none() {
        return output::error(cx, item, "not able to wait");
    }
    forget_gone(cx.server);
    let filter = args.get('F').map(str::to_owned);
    let wait = EventWait { item: item.waiting(), name: name.to_owned(), filter, verbose: args.has('v') };
    Box::new(wait).begin(cx);
    Exec::Wait
}

/// State of a `wait-for -E`.
#[derive(Serialize, Deserialize)]
pub(super) struct EventWait {
    item: ItemContext,
    name: String,
    filter: Option<String>,
    verbose: bool,
}

impl EventWait {
    pub(super) fn begin(self: Box<Self>, cx: &mut Cx<'_>) {
        let (name, item) = (self.name.clone(), self.item.id);
        let subscription = cx.server.subscribe(Some(EventName::new(&name)), self);
        cx.server.event_waiters.push(EventWaiter { name, item, subscription });
    }
}

impl OnEvent for EventWait {
    /// Prints the event (`-v`), and resumes the command if the event passes the filter.
    fn hear(&mut self, cx: &mut Cx<'_>, event: &Event) -> Keep {
        if self.verbose {
            for (name, value) in event.payload.iter() {
                output::print(cx, &self.item, &format!("{name}={value}"));
            }
        }
        if let Some(filter) = &self.filter {
            let mut objects = Objects::new(cx.server, cx.host, cx.now).item(&self.item).no_jobs();
            for (name, value) in event.payload.formats("") {
                objects = objects.add(&name, value);
            }
            if !is_true(&objects.expand(filter)) {
                return Keep::On;
            }
        }
        cx.server.event_waiters.retain(|waiter| waiter.item != self.item.id);
        cx.server.queues.resume(self.item.id);
        Keep::Ended
    }

    fn save(&self) -> Option<String> {
        Some(saved_wait::write(WaitKind::Event, self))
    }
}

/// Removes waiters whose clients are gone, so that the list stays bounded by the clients.
fn forget_gone(server: &mut Server) {
    let Server { event_waiters, queues, events, .. } = server;
    event_waiters.retain(|waiter| {
        let waits = queues.owner(waiter.item).is_some();
        if !waits {
            events.unsubscribe(waiter.subscription);
        }
        waits
    });
}

fn signal(server: &mut Server, name: &str) {
    let channel = server.wait_channels.entry(name.to_owned()).or_default();
    if channel.waiters.is_empty() && !channel.woken {
        channel.woken = true;
        return;
    }
    for waiter in std::mem::take(&mut channel.waiters) {
        server.queues.resume(waiter);
    }
    forget_if_done(server, name);
}

fn unlock(cx: &mut Cx<'_>, item: &ItemContext, name: &str) -> Exec {
    let Some(channel) = cx.server.wait_channels.get_mut(name).filter(|c| c.locked) else {
        return output::error(cx, item, &format!("channel {name} not locked"));
    };
    if channel.lockers.is_empty() {
        channel.locked = false;
        forget_if_done(cx.server, name);
    } else {
        let next = channel.lockers.remove(0);
        cx.server.queues.resume(next);
    }
    Exec::Normal
}

/// tmux: removes a channel only when it was woken and is neither waited for nor locked; one that was
/// waited for and signalled stays, not woken, and is found again by its name.
fn forget_if_done(server: &mut Server, name: &str) {
    if server.wait_channels.get(name).is_some_and(|c| !c.locked && c.waiters.is_empty() && c.woken) {
        server.wait_channels.remove(name);
    }
}

/// Resumes all waiters: the server is exiting.
pub(crate) fn flush(server: &mut Server) {
    for waiter in std::mem::take(&mut server.event_waiters) {
        server.unsubscribe(waiter.subscription);
        server.queues.resume(waiter.item);
    }
    for (_, channel) in std::mem::take(&mut server.wait_channels) {
        for waiting in channel.waiters.into_iter().chain(channel.lockers) {
            server.queues.resume(waiting);
        }
    }
}
