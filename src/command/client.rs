//! Commands on clients: detach, suspend, lock, refresh; and the access of other users.

use crate::base::ClientId;
use crate::format::Objects;
use crate::model::host::ClientMessage;
use crate::model::{Access, ClientFlags, Cx, Exec, ItemContext};
use crate::options::opt;
use crate::syntax::args::Args;

use super::output;

pub(crate) fn suspend_client(cx: &mut Cx<'_>, item: &ItemContext, _args: &Args) -> Exec {
    if let Some(id) = item.target_client
        && cx.server.client(id).is_some_and(|c| c.session.is_some() && c.accepts_input())
    {
        cx.host.tty_stop(id, false);
        set_suspended(cx, id);
        cx.host.client_message(id, ClientMessage::Suspend);
    }
    Exec::Normal
}

fn set_suspended(cx: &mut Cx<'_>, id: ClientId) {
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.flags.insert(ClientFlags::SUSPENDED);
    }
}

pub(crate) fn detach_client(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let read_only = item
        .client
        .and_then(|id| cx.server.client(id))
        .is_some_and(|c| c.flags.contains(ClientFlags::READONLY));
    if read_only && (args.has('s') || args.has('a') || item.client != item.target_client) {
        return output::error(cx, item, "client is read-only");
    }
    let Some(target) = item.target_client else { return Exec::Error };
    if args.get('E').is_some_and(|command| command.len() > MAX_COMMAND) {
        return output::error(cx, item, "command too long");
    }
    if args.has('s') {
        let Some(session) = item.source.session else { return Exec::Normal };
        for id in clients_where(cx, |_, c| c == session) {
            leave(cx, id, args);
        }
        return Exec::Stop;
    }
    if args.has('a') {
        for id in clients_where(cx, |id, _| id != target) {
            leave(cx, id, args);
        }
        return Exec::Normal;
    }
    leave(cx, target, args);
    Exec::Stop
}

/// Attached clients that match.
fn clients_where(cx: &Cx<'_>, keep: impl Fn(ClientId, crate::base::SessionId) -> bool) -> Vec<ClientId> {
    cx.server
        .clients
        .values()
        .filter(|c| c.session.is_some_and(|session| keep(c.id, session)))
        .map(|c| c.id)
        .collect()
}

/// Detaches one client as the flags ask: normally, with SIGHUP for its parent, or running a command in
/// its place.
fn leave(cx: &mut Cx<'_>, id: ClientId, args: &Args) {
    match args.get('E') {
        Some("") => {}
        Some(command) => exec(cx, id, command),
        None => detach(cx, id, args.has('P')),
    }
}

/// Has a client replace itself by a shell command.
fn exec(cx: &mut Cx<'_>, id: ClientId, command: &str) {
    let session = cx.server.client(id).and_then(|c| c.session);
    let shell = cx.server.usable_shell(&*cx.host, session);
    cx.host.client_message(id, ClientMessage::Exec { command: command.to_owned(), shell });
}

/// Bytes of a session's name that a client which is detached says; the rest of a longer one is
/// left out, so that it fits in a message.
const MAX_NAME: usize = 4096;

/// Bytes of the command that a client becomes, beside its shell's path; a longer one does not fit
/// in a message.
const MAX_COMMAND: usize = 12 << 10;

/// Detaches a client from its session.
pub(crate) fn detach(cx: &mut Cx<'_>, id: ClientId, kill: bool) {
    let Some(client) = cx.server.clients.get_mut(&id) else { return };
    let Some(session) = client.session else { return };
    if client.flags.intersects(ClientFlags::DEAD | ClientFlags::EXITED | ClientFlags::EXIT) {
        return;
    }
    client.flags.insert(ClientFlags::EXIT);
    let mut name = cx.server.session(session).map(|s| s.name.clone()).unwrap_or_default();
    name.truncate(name.floor_char_boundary(MAX_NAME));
    cx.host.client_message(id, ClientMessage::Detach { session: name, kill });
}

pub(crate) fn lock_server(cx: &mut Cx<'_>, _item: &ItemContext, _args: &Args) -> Exec {
    for id in clients_where(cx, |_, _| true) {
        lock(cx, id);
    }
    cx.server.sizes_dirty = true;
    Exec::Normal
}

pub(crate) fn lock_session(cx: &mut Cx<'_>, item: &ItemContext, _args: &Args) -> Exec {
    if let Some(session) = item.target.session {
        for id in clients_where(cx, |_, s| s == session) {
            lock(cx, id);
        }
    }
    cx.server.sizes_dirty = true;
    Exec::Normal
}

pub(crate) fn lock_client(cx: &mut Cx<'_>, item: &ItemContext, _args: &Args) -> Exec {
    if let Some(id) = item.target_client {
        lock(cx, id);
    }
    cx.server.sizes_dirty = true;
    Exec::Normal
}

/// Locks one client with the session's `lock-command`.
pub(crate) fn lock(cx: &mut Cx<'_>, id: ClientId) {
    let Some(client) = cx.server.client(id) else { return };
    let Some(session) = client.session else { return };
    if client.flags.intersects(ClientFlags::CONTROL | ClientFlags::SUSPENDED) {
        return;
    }
    let command = cx.server.session_options(session).get(opt::LOCK_COMMAND).to_owned();
    if command.is_empty() || command.len() + 1 > crate::protocol::imsg::MAX_PAYLOAD {
        return;
    }
    cx.host.tty_stop(id, true);
    set_suspended(cx, id);
    cx.host.client_message(id, ClientMessage::Lock(command));
}

/// `server-access`: which users may connect besides the owner.
pub(crate) fn server_access(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if args.has('l') {
        let mode = |access: &Access| if access.read_only { 'R' } else { 'W' };
        let unknown = || "unknown".to_owned();
        let users = cx.server.access.iter().filter(|(uid, _)| **uid != 0).map(|(uid, access)| {
            format!("{} ({})", cx.host.user_name(*uid).unwrap_or_else(unknown), mode(access))
        });
        let groups = cx.server.group_access.iter().map(|(gid, access)| {
            format!("{} (G,{})", cx.host.group_name(*gid).unwrap_or_else(unknown), mode(access))
        });
        let rows: Vec<String> = users.chain(groups).collect();
        rows.iter().for_each(|row| output::print(cx, item, row));
        return Exec::Normal;
    }
    match change_access(cx, item, args) {
        Ok(()) => Exec::Normal,
        Err(message) => output::error(cx, item, &message),
    }
}

fn change_access(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Result<(), String> {
    let group = args.has('g');
    let kind = if group { "group" } else { "user" };
    let Some(format) = args.string(0) else {
        return Err(format!("missing {} argument", if group { "user or group" } else { "user" }));
    };
    let name = Objects::new(cx.server, cx.host, cx.now).item(item).client(item.target_client).expand(&format);
    let id = if group { cx.host.group_id(&name) } else { cx.host.user_id(&name) };
    let Some(id) = id.filter(|_| !name.is_empty()) else { return Err(format!("unknown {kind}: {name}")) };
    if !group && (id == 0 || id == cx.server.uid) {
        return Err(format!("{name} owns the server, can't change access"));
    }
    if args.has('a') && args.has('d') {
        return Err("-a and -d cannot be used together".to_owned());
    }
    if args.has('w') && args.has('r') {
        return Err("-r and -w cannot be used together".to_owned());
    }
    let members = if group { &mut cx.server.group_access } else { &mut cx.server.access };
    if args.has('d') {
        members.remove(&id).ok_or_else(|| format!("{kind} {name} not found"))?;
        cx.server.apply_access(group, id);
        return Ok(());
    }
    if args.has('a') && members.contains_key(&id) {
        return Err(format!("{kind} {name} is already added"));
    }
    if args.has('a') || args.has('r') || args.has('w') {
        let access = members.entry(id).or_insert(Access { read_only: false });
        if args.has('w') || args.has('r') {
            access.read_only = args.has('r');
        }
        cx.server.apply_access(group, id);
    }
    Ok(())
}
