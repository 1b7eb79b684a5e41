//! `wait-for`: channels that commands wait for, wake and lock.

use crate::model::{Cx, Exec, ItemContext, Server};
use crate::syntax::args::Args;

use super::output;

pub fn wait_for(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let name = args.string(0).unwrap_or_default();
    if args.has('S') {
        signal(cx.server, &name);
        return Exec::Normal;
    }
    if args.has('U') {
        return unlock(cx, item, &name);
    }
    let lock = args.has('L');
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

/// tmux: a channel goes only when it was woken and nobody waits or holds it; one that was
/// waited for and signalled stays, unwoken, and is found again by its name.
fn forget_if_done(server: &mut Server, name: &str) {
    if server.wait_channels.get(name).is_some_and(|c| !c.locked && c.waiters.is_empty() && c.woken) {
        server.wait_channels.remove(name);
    }
}

/// Lets all who wait go on: the server is ending.
pub fn flush(server: &mut Server) {
    for (_, channel) in std::mem::take(&mut server.wait_channels) {
        for waiting in channel.waiters.into_iter().chain(channel.lockers) {
            server.queues.resume(waiting);
        }
    }
}
