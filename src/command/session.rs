//! Making, checking, renaming and killing sessions.

use crate::base::number::parse_number;
use crate::base::{ClientId, SessionId, Size};
use crate::model::events::EventKind;
use crate::model::host::ClientMessage;
use crate::model::names::{clean_name, is_valid_name};
use crate::model::option_access::OptionScope;
use crate::model::queue::StateFlags;
use crate::model::session::WinlinkFlags;
use crate::model::sessions::NewSession;
use crate::model::sizes::parse_size;
use crate::model::spawn::Spawn;
use crate::model::window::WindowFlags;
use crate::model::winlinks::Step;
use crate::model::{ClientFlags, Cx, Exec, FindState, ItemContext};
use crate::options::{Environ, Options, opt};
use crate::syntax::args::Args;

use super::attach::{self, AttachFlags};
use super::{hooks, output, place, refresh};

/// Default format of `-P`.
const TEMPLATE: &str = "#{session_name}:";

/// `has-session`: succeeds whenever its target was found.
pub(crate) fn has_session(_cx: &mut Cx<'_>, _item: &ItemContext, _args: &Args) -> Exec {
    Exec::Normal
}

/// A name given with a flag, expanded and cleaned. The error is a message for users.
fn given_name(
    cx: &Cx<'_>,
    item: &ItemContext,
    args: &Args,
    flag: char,
    what: &str,
) -> Result<Option<String>, String> {
    let Some(format) = args.get(flag) else { return Ok(None) };
    let name = place::expand(cx, item, format, item.client, &FindState::default());
    let invalid = format!("invalid {what} name: {name}");
    clean_name(&name, false).map(Some).ok_or(invalid)
}

/// A group whose windows the new session shares.
struct Group {
    /// Prefix of the names of unnamed sessions, before their number.
    prefix: String,
    /// Name of the group, existing or new.
    name: String,
    /// Session to put first into a new group.
    with: Option<SessionId>,
}

fn find_group(cx: &Cx<'_>, item: &ItemContext, args: &Args) -> Result<Option<Group>, String> {
    let Some(text) = args.get('t') else { return Ok(None) };
    let with = item.target.session.and_then(|id| cx.server.session(id));
    let known = match with {
        Some(s) => s.group.clone(),
        None => cx.server.groups.get(text).map(|g| g.name.clone()),
    };
    if let Some(name) = known {
        return Ok(Some(Group { prefix: name.clone(), name, with: None }));
    }
    if let Some(s) = with {
        return Ok(Some(Group { prefix: s.name.clone(), name: s.name.clone(), with: Some(s.id) }));
    }
    let prefix = clean_name(text, false).ok_or_else(|| format!("invalid session group name: {text}"))?;
    Ok(Some(Group { prefix, name: text.to_owned(), with: None }))
}

/// A size flag: a number of cells, or `-` for the client's.
fn size_flag(args: &Args, flag: char, word: &str, client: Option<u32>, fallback: u32) -> Result<u32, String> {
    match args.get(flag) {
        None => Ok(fallback),
        Some("-") => Ok(client.unwrap_or(fallback)),
        Some(text) => {
            parse_number(text, 1, i64::from(u16::MAX)).map(|n| n as u32).map_err(|e| format!("{word} {e}"))
        }
    }
}

/// The initial options of a new session: `default-size`, if a size was given.
fn session_options(
    cx: &Cx<'_>,
    args: &Args,
    client: Option<ClientId>,
    attach: bool,
) -> Result<Options, String> {
    let client = client.and_then(|id| cx.server.client(id));
    let own = client.map(|c| c.size);
    let cols = size_flag(args, 'x', "width", own.map(|s| s.cols), 80)?;
    let rows = size_flag(args, 'y', "height", own.map(|s| s.rows), 24)?;
    let control = client.is_some_and(|c| c.flags.contains(ClientFlags::CONTROL));
    let size = match own.filter(|_| attach && !control) {
        Some(own) => {
            let status = cx.server.option_number(OptionScope::GlobalSession, opt::STATUS) != 0;
            Size::new(own.cols, own.rows.saturating_sub(u32::from(status)))
        }
        None => {
            let text = cx.server.option_text(OptionScope::GlobalSession, opt::DEFAULT_SIZE);
            match parse_size(&text) {
                None => Size::new(cols, rows),
                Some(size) => Size::new(
                    if args.has('x') { cols } else { size.cols },
                    if args.has('y') { rows } else { size.rows },
                ),
            }
        }
    };
    let mut options = Options::new();
    if args.has('x') || args.has('y') {
        let cols = if args.has('x') { cols } else { size.cols.max(1) };
        let rows = if args.has('y') { rows } else { size.rows.max(1) };
        options.set_string(opt::DEFAULT_SIZE.name(), format!("{cols}x{rows}"));
    }
    Ok(options)
}

fn session_environ(cx: &Cx<'_>, args: &Args, client: Option<ClientId>) -> Environ {
    let mut environ = Environ::default();
    if let Some(c) = client.and_then(|id| cx.server.client(id))
        && !args.has('E')
    {
        let chain = cx.server.chain(OptionScope::GlobalSession);
        environ.update(chain.strings(opt::UPDATE_ENVIRONMENT), &c.environ);
    }
    for pair in args.all('e') {
        environ.put(pair, false);
    }
    environ
}

/// Takes over the client's terminal for a session that it will be attached to. Returns the terminal's
/// control characters, as they were before. The error is a message for users.
fn take_terminal(cx: &mut Cx<'_>, client: ClientId) -> Result<Option<Vec<u8>>, String> {
    let Some(c) = cx.server.client(client) else { return Ok(None) };
    let mut control_chars = None;
    if !c.flags.contains(ClientFlags::CONTROL) {
        if attach::is_nested(cx, client) {
            return Err(attach::NESTED.to_owned());
        }
        control_chars = cx.host.tty_control_chars(client);
        cx.open_terminal(client).map_err(|e| format!("open terminal failed: {e}"))?;
    }
    Ok(control_chars)
}

pub(crate) fn new_session(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match create(cx, item, args) {
        Ok(exec) => exec,
        Err(message) => output::error(cx, item, &message),
    }
}

fn create(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Result<Exec, String> {
    if cx.server.exiting {
        // A hook that runs when a session ends may create another one, which would keep alive a server
        // that accepts no clients any more.
        return Err("server is exiting".to_owned());
    }
    if args.has('t') && (args.count() != 0 || args.has('n')) {
        return Err("command or window name given with target".to_owned());
    }
    let window_name = given_name(cx, item, args, 'n', "window")?;
    let name = given_name(cx, item, args, 's', "session")?;
    let existing = match &name {
        Some(name) => cx.server.session_by_name(name),
        None => item.target.session.filter(|_| args.has('A')),
    };
    if let Some(session) = existing {
        if !args.has('A') {
            return Err(format!("duplicate session: {}", name.unwrap_or_default()));
        }
        let target = cx.server.session(session).map(|s| s.name.clone());
        let flags = AttachFlags {
            detach: args.has('D'),
            kill: args.has('X'),
            read_only: false,
            keep_environ: args.has('E'),
        };
        return Ok(attach::attach(cx, item, target.as_deref(), flags, args.get('c'), args.get('f')));
    }
    let group = find_group(cx, item, args)?;
    let client = item.client.filter(|id| cx.server.client(*id).is_some());
    let attach = client.filter(|_| !args.has('d'));
    let attached = client.and_then(|id| cx.server.client(id)).is_some_and(|c| c.session.is_some());
    let cwd = match args.get('c') {
        Some(format) => place::expand(cx, item, format, item.client, &FindState::default()),
        None => cx.client_cwd(item.client, None),
    };
    let control_chars = match attach.filter(|_| !attached) {
        Some(client) => take_terminal(cx, client)?,
        None => None,
    };
    let options = session_options(cx, args, client, attach.is_some())?;
    let environ = session_environ(cx, args, client);
    let prefix = group.as_ref().map(|g| g.prefix.clone());
    let session = cx.create_session(NewSession { name, prefix, cwd, environ, options, control_chars });
    let spawn = Spawn {
        client: item.client,
        cwd_session: item.target.session,
        size_client: attach,
        name: window_name,
        argv: args.to_vector(),
        cwd: args.get('c').map(|c| place::expand(cx, item, c, item.client, &FindState::default())),
        ..Spawn::new(session)
    };
    if let Err(cause) = cx.spawn_window(spawn) {
        cx.destroy_session(session, false);
        return Err(format!("create window failed: {cause}"));
    }
    if let Some(group) = group {
        join_group(cx, session, &group);
    }
    cx.server.notify_session(EventKind::SessionCreated, session);
    if let Some(client) = attach {
        enter(cx, item, args, client, session);
    }
    finish(cx, item, args, session, attach);
    Ok(Exec::Normal)
}

fn join_group(cx: &mut Cx<'_>, session: SessionId, group: &Group) {
    if let Some(with) = group.with {
        cx.server.add_to_group(&group.name, with);
    }
    cx.server.add_to_group(&group.name, session);
    cx.synchronize_group_to(session);
    let first = cx.server.end_winlink(session, Step::Next);
    cx.select_winlink(session, first);
}

/// Attaches the client to its new session.
fn enter(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, client: ClientId, session: SessionId) {
    if let Some(flags) = args.get('f') {
        refresh::set_flags(cx, client, flags);
    }
    let Some(c) = cx.server.clients.get_mut(&client) else { return };
    match c.session {
        Some(old) => c.last_session = Some(old),
        None if c.flags.contains(ClientFlags::CONTROL) => {}
        None => cx.host.client_message(client, ClientMessage::Ready),
    }
    cx.set_client_session(client, Some(session));
    if !item.state.flags.contains(StateFlags::REPEAT) {
        cx.server.set_key_table(client, None, cx.now);
    }
}

fn finish(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, session: SessionId, attach: Option<ClientId>) {
    let state = FindState::from_session(cx.server, session);
    if args.has('P') {
        let text = place::expand(cx, item, args.get('F').unwrap_or(TEMPLATE), item.client, &state);
        output::print(cx, item, &text);
    }
    if let Some(c) = attach.and_then(|id| cx.server.clients.get_mut(&id)) {
        c.flags |= ClientFlags::ATTACHED;
    }
    if !args.has('d') {
        item.set_current(state);
    }
    hooks::insert(cx, item, Some(state), "after-new-session");
    attach::show_config_errors(cx, session);
}

pub(crate) fn rename_session(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(session) = item.target.session else { return Exec::Error };
    let name = place::expand_target(cx, item, &args.string(0).unwrap_or_default());
    if !is_valid_name(&name) {
        return output::error(cx, item, &format!("invalid session name: {name}"));
    }
    let name = clean_name(&name, false).unwrap_or_default();
    if cx.server.session(session).is_some_and(|s| s.name == name) {
        return Exec::Normal;
    }
    if cx.server.session_by_name(&name).is_some() {
        return output::error(cx, item, &format!("duplicate session: {name}"));
    }
    let Some(s) = cx.server.sessions.get_mut(&session) else { return Exec::Error };
    let old = std::mem::replace(&mut s.name, name.clone());
    cx.server.status_session(session);
    let event = cx.server.session_event(EventKind::SessionRenamed, session);
    cx.server.notify(event.with("old_name", old).with("new_name", name));
    Exec::Normal
}

pub(crate) fn kill_session(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(session) = item.target.session else { return Exec::Error };
    let filter = args.get('f');
    if filter.is_some() && (!args.has('a') || args.has('C')) {
        return output::error(cx, item, "-f only valid with -a");
    }
    if args.has('C') {
        clear_alerts(cx, session);
        return Exec::Normal;
    }
    let doomed: Vec<SessionId> = if args.has('a') {
        let passes = |other: &SessionId| {
            let state = FindState { session: Some(*other), ..FindState::default() };
            *other != session && place::passes(cx, item, filter, &state)
        };
        cx.server.sessions_by_name().into_iter().filter(passes).collect()
    } else if args.has('g') {
        cx.server.group_members(session)
    } else {
        vec![session]
    };
    for session in doomed {
        cx.leave_session(session);
        cx.destroy_session(session, true);
    }
    Exec::Normal
}

/// Clears the alerts of all windows of a session.
fn clear_alerts(cx: &mut Cx<'_>, session: SessionId) {
    let Some(s) = cx.server.sessions.get_mut(&session) else { return };
    for winlink in s.winlinks.values_mut() {
        winlink.flags -= WinlinkFlags::ALERTS;
        if let Some(w) = cx.server.windows.get_mut(&winlink.window) {
            w.flags -= WindowFlags::ALERTS;
        }
    }
    cx.server.redraw_session(session);
}
