//! Attaching clients to sessions, and switching them between sessions.

use crate::base::{ClientId, SessionId};
use crate::format::sort::{self, Order, Sort};
use crate::model::events::EventKind;
use crate::model::host::ClientMessage;
use crate::model::queue::StateFlags;
use crate::model::sessions::step_in;
use crate::model::winlinks::Step;
use crate::model::{ClientFlags, Cx, Exec, FindState, ItemContext};
use crate::options::opt;
use crate::syntax::args::Args;
use crate::syntax::table::{FindFlags, FindKind, FindSpec};

use super::{client, output, place, refresh};

/// Error for a client that runs inside a pane of this server.
pub(crate) const NESTED: &str = "sessions should be nested with care, unset $TMUX to force";

/// Flags of attaching.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AttachFlags {
    /// Detach other clients of the session; with `kill` their parents get SIGHUP.
    pub detach: bool,
    pub kill: bool,
    pub read_only: bool,
    /// Do not copy variables from the client's environment.
    pub keep_environ: bool,
}

/// True if a client runs in a pane of this server.
pub(crate) fn is_nested(cx: &Cx<'_>, client: ClientId) -> bool {
    let Some(c) = cx.server.client(client) else { return false };
    c.environ.get("TMUX").is_some_and(|v| !v.is_empty())
        && !c.tty.is_empty()
        && cx.server.panes.values().any(|p| p.tty == c.tty)
}

/// Shows the errors of the configuration, once there is a session to show them in.
pub(crate) fn show_config_errors(cx: &mut Cx<'_>, session: SessionId) {
    if cx.server.config_done && !cx.server.config_errors.is_empty() {
        super::source_file::show_config_errors(cx, Some(session));
    }
}

pub(crate) fn attach_session(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let flags = AttachFlags {
        detach: args.has('d'),
        kill: args.has('x'),
        read_only: args.has('r'),
        keep_environ: args.has('E'),
    };
    attach(cx, item, args.get('t'), flags, args.get('c'), args.get('f'))
}

/// Attaches the item's client to a session (`cwd`: a new directory for the session).
pub(crate) fn attach(
    cx: &mut Cx<'_>,
    item: &ItemContext,
    target: Option<&str>,
    flags: AttachFlags,
    cwd: Option<&str>,
    client_flags: Option<&str>,
) -> Exec {
    if cx.server.sessions.is_empty() {
        return output::error(cx, item, "no sessions");
    }
    let Some(client) = item.client else { return Exec::Normal };
    if is_nested(cx, client) {
        return output::error(cx, item, NESTED);
    }
    // tmux: a user who may only read detaches others, and sets the session's directory.
    if (flags.detach || flags.kill || cwd.is_some()) && cx.server.is_asked_by_reader(item) {
        return output::error(cx, item, "client is read-only");
    }
    let whole = target.is_some_and(|t| t.contains([':', '.']));
    let state = match find(cx, item, target, whole) {
        Ok(state) => state,
        Err(message) => return fail(cx, item, message),
    };
    let Some(session) = state.session else { return Exec::Error };
    select_target(cx, item, &state);
    if let Some(format) = cwd {
        let cwd = place::expand(cx, item, format, Some(client), &state);
        if let Some(s) = cx.server.sessions.get_mut(&session) {
            s.cwd = cwd;
        }
    }
    if let Some(list) = client_flags {
        refresh::set_flags(cx, client, list);
    }
    if flags.read_only
        && let Err(message) = make_read_only(cx, client)
    {
        return output::error(cx, item, &message);
    }
    match enter(cx, item, client, session, flags) {
        Ok(()) => Exec::Normal,
        Err(message) => output::error(cx, item, &message),
    }
}

fn fail(cx: &mut Cx<'_>, item: &ItemContext, message: Option<String>) -> Exec {
    message.map_or(Exec::Error, |text| output::error(cx, item, &text))
}

/// Finds a target that is a session, or (`whole`) a pane.
fn find(
    cx: &Cx<'_>,
    item: &ItemContext,
    target: Option<&str>,
    whole: bool,
) -> Result<FindState, Option<String>> {
    let (kind, flags) = if whole {
        (FindKind::Pane, FindFlags::empty())
    } else {
        (FindKind::Session, FindFlags::PREFER_UNATTACHED)
    };
    cx.server.find_target(item, target, FindSpec { flag: 't', kind, flags })
}

/// Makes the target's pane and window the current ones.
fn select_target(cx: &mut Cx<'_>, item: &ItemContext, state: &FindState) {
    let Some((session, index)) = place::winlink(state) else { return };
    if let Some((window, pane)) = state.window.zip(state.pane) {
        cx.set_active_pane(window, pane, true);
    }
    cx.select_winlink(session, Some(index));
    item.set_current(match state.pane {
        Some(pane) => FindState::from_winlink_pane(cx.server, session, index, pane),
        None => FindState::from_winlink(cx.server, session, index),
    });
}

/// Error unless the client belongs to the owner of the server: nobody else may change what a read-only
/// client can do.
fn check_owner(cx: &Cx<'_>, client: ClientId) -> Result<(), String> {
    let owner = cx.server.client(client).is_none_or(|c| c.uid == cx.server.uid);
    if owner { Ok(()) } else { Err("client is read-only".to_owned()) }
}

fn make_read_only(cx: &mut Cx<'_>, client: ClientId) -> Result<(), String> {
    if cx.server.client(client).is_some_and(|c| c.flags.contains(ClientFlags::READONLY)) {
        check_owner(cx, client)?;
    }
    if let Some(c) = cx.server.clients.get_mut(&client) {
        c.flags |= ClientFlags::READONLY | ClientFlags::IGNORE_SIZE;
    }
    Ok(())
}

/// Detaches the other clients of a session.
fn detach_others(cx: &mut Cx<'_>, client: ClientId, session: SessionId, kill: bool) {
    let others: Vec<ClientId> = cx
        .server
        .clients
        .values()
        .filter(|c| c.session == Some(session) && c.id != client)
        .map(|c| c.id)
        .collect();
    for other in others {
        client::detach(cx, other, kill);
    }
}

/// Copies variables named by `update-environment` from a client to a session.
fn update_environ(cx: &mut Cx<'_>, client: ClientId, session: SessionId) {
    let Some(from) = cx.server.client(client).map(|c| c.environ.clone()) else { return };
    let patterns: Vec<String> =
        cx.server.session_options(session).strings(opt::UPDATE_ENVIRONMENT).map(str::to_owned).collect();
    if let Some(s) = cx.server.sessions.get_mut(&session) {
        s.environ.update(patterns.iter().map(String::as_str), &from);
    }
}

fn enter(
    cx: &mut Cx<'_>,
    item: &ItemContext,
    client: ClientId,
    session: SessionId,
    flags: AttachFlags,
) -> Result<(), String> {
    let Some(c) = cx.server.clients.get_mut(&client) else { return Ok(()) };
    let attached = c.session.is_some();
    let control = c.flags.contains(ClientFlags::CONTROL);
    c.last_session = c.session;
    if !attached && !control {
        cx.open_terminal(client).map_err(|e| format!("open terminal failed: {e}"))?;
    }
    if flags.detach || flags.kill {
        detach_others(cx, client, session, flags.kill);
    }
    // tmux: also from a client of a user who may only read.
    if !flags.keep_environ && !cx.server.reads_only(client) {
        update_environ(cx, client, session);
    }
    cx.set_client_session(client, Some(session));
    if !attached || !item.state.flags.contains(StateFlags::REPEAT) {
        cx.server.set_key_table(client, None, cx.now);
    }
    if !attached {
        if !control {
            cx.host.client_message(client, ClientMessage::Ready);
        }
        cx.server.notify_client(EventKind::ClientAttached, client);
        if let Some(c) = cx.server.clients.get_mut(&client) {
            c.flags |= ClientFlags::ATTACHED;
        }
    }
    show_config_errors(cx, session);
    Ok(())
}

/// Turns a client's read-only state on or off.
fn toggle_read_only(cx: &mut Cx<'_>, item: &ItemContext, client: ClientId) -> Result<(), String> {
    let both = ClientFlags::READONLY | ClientFlags::IGNORE_SIZE;
    let on = cx.server.client(client).is_some_and(|c| c.flags.contains(ClientFlags::READONLY));
    if on && let Some(asking) = item.client {
        check_owner(cx, asking)?;
    }
    if let Some(c) = cx.server.clients.get_mut(&client) {
        c.flags.set(both, !on);
    }
    Ok(())
}

pub(crate) fn switch_client(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let target = args.get('t');
    let whole = target.is_some_and(|t| t.contains([':', '.', '%']) || t == "=");
    let state = match find(cx, item, target, whole) {
        Ok(state) => state,
        Err(message) => return fail(cx, item, message),
    };
    let Some(client) = item.target_client else { return Exec::Error };
    // tmux: a user who may only read switches any client.
    if item.queue_client != Some(client) && cx.server.is_asked_by_reader(item) {
        return output::error(cx, item, "client is read-only");
    }
    if args.has('r')
        && let Err(message) = toggle_read_only(cx, item, client)
    {
        return output::error(cx, item, &message);
    }
    if let Some(table) = args.get('T') {
        if !cx.server.key_tables.tables.contains_key(table) {
            return output::error(cx, item, &format!("table {table} doesn't exist"));
        }
        cx.server.set_key_table(client, Some(table), cx.now);
        return Exec::Normal;
    }
    let session = match choose_session(cx, item, args, client, &state) {
        Ok(Some(session)) => session,
        Ok(None) => return Exec::Normal,
        Err(message) => return output::error(cx, item, message),
    };
    if !args.has('E') {
        update_environ(cx, client, session);
    }
    cx.set_client_session(client, Some(session));
    if !item.state.flags.contains(StateFlags::REPEAT) {
        cx.server.set_key_table(client, None, cx.now);
    }
    Exec::Normal
}

/// The session to switch to; `None` when there is nothing to do.
fn choose_session(
    cx: &mut Cx<'_>,
    item: &ItemContext,
    args: &Args,
    client: ClientId,
    state: &FindState,
) -> Result<Option<SessionId>, &'static str> {
    let order = match args.get('O') {
        None => None,
        Some(text) => Some(Order::parse(text).ok_or("invalid sort order")?),
    };
    let sort = Sort { order, reversed: args.has('r') };
    let current = cx.server.client(client).and_then(|c| c.session);
    let beside = |step: Step| {
        let list = sort::sessions(cx.server, sort);
        current.and_then(|session| step_in(&list, session, step))
    };
    if args.has('n') {
        return beside(Step::Next).map(Some).ok_or("can't find next session");
    }
    if args.has('p') {
        return beside(Step::Previous).map(Some).ok_or("can't find previous session");
    }
    if args.has('l') {
        let last = cx.server.client(client).and_then(|c| c.last_session);
        let last = last.filter(|s| cx.server.session(*s).is_some());
        return last.map(Some).ok_or("can't find last session");
    }
    if item.client.is_none() {
        return Ok(None);
    }
    if let Some((session, index, window, pane)) = place::pane(state) {
        if cx.server.window(window).is_some_and(|w| w.active != pane) {
            if cx.push_zoom(window, false, args.has('Z')) {
                cx.server.redraw_window(window);
            }
            cx.switch_active_pane(window, pane);
            if cx.pop_zoom(window) {
                cx.server.redraw_window(window);
            }
        }
        cx.select_winlink(session, Some(index));
        item.set_current(FindState::from_session(cx.server, session));
    }
    Ok(state.session)
}
