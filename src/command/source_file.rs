//! `source-file`, and the configuration files that are loaded when a server starts.

use crate::base::{ClientId, text};
use crate::format::parse;
use crate::model::host::FileError;
use crate::model::queue::{ItemId, QueueState, Step};
use crate::model::{ClientFlags, Cx, Exec, FindState, ItemContext};
use crate::syntax::args::Args;
use crate::syntax::{CommandList, Origin, ParseFlags};
use crate::view;

use super::{output, place};

/// Maximum depth of files that source each other.
const MAX_DEPTH: u32 = 50;

fn strerror(error: FileError) -> String {
    crate::sys::error::strerror(error.0)
}

/// Queues the reading of a configuration file at start. `quiet`: the file need not exist.
pub(crate) fn load_config(cx: &mut Cx<'_>, path: &str, quiet: bool) {
    let path = path.to_owned();
    let read = move |cx: &mut Cx<'_>, item: &ItemContext| {
        let id = item.id;
        let name = path.clone();
        let done = move |cx: &mut Cx<'_>, result: Result<Vec<u8>, FileError>| {
            config_read(cx, id, &name, quiet, result);
            cx.server.queues.resume(id);
        };
        cx.host.read_file(None, &path, Box::new(done));
        Exec::Wait
    };
    let items = cx.server.queues.callback(&std::sync::Arc::default(), Box::new(read));
    cx.server.queues.append(None, items);
}

fn config_read(cx: &mut Cx<'_>, after: ItemId, path: &str, quiet: bool, result: Result<Vec<u8>, FileError>) {
    let bytes = match result {
        Ok(bytes) => bytes,
        Err(FileError(libc::ENOENT)) if quiet => return,
        Err(error) => return output::add_config_error(cx, format!("{path}: {}", strerror(error))),
    };
    let flags = if quiet { ParseFlags::QUIET } else { ParseFlags::empty() };
    let client = cx.server.config_client;
    let parsed = parse::config(cx, &text::from_bytes(&bytes), &Origin::file(path, flags), None, client);
    match parsed.result {
        Ok(list) => {
            let state = QueueState::new(FindState::default(), Default::default(), Default::default());
            insert(cx, after, None, &state, path, &list);
        }
        Err(error) => output::add_config_error(cx, error),
    }
}

/// Inserts the commands of a file behind an item. Returns the last item, after which the next file's
/// commands go.
fn insert(
    cx: &mut Cx<'_>,
    after: ItemId,
    client: Option<ClientId>,
    state: &std::sync::Arc<QueueState>,
    path: &str,
    list: &CommandList,
) -> Option<ItemId> {
    state.add_format("current_file", path);
    let items = cx.server.queues.commands(list, state);
    cx.server.queues.insert_after(after, client, items)
}

/// Shows errors of configuration files: to a control client as lines, else in the view mode of a
/// session's active pane, once a client is attached.
pub(crate) fn show_config_errors(cx: &mut Cx<'_>, session: Option<crate::base::SessionId>) {
    if cx.server.config_errors.is_empty() {
        return;
    }
    let first = cx.server.clients.values().next().map(|client| (client.id, client.flags, client.session));
    if let Some((client, flags, _)) = first
        && flags.contains(ClientFlags::CONTROL)
    {
        for error in std::mem::take(&mut cx.server.config_errors) {
            control_line(cx, client, &format!("%config-error {error}"));
        }
        return;
    }
    let session = session
        .or(first.and_then(|(_, _, session)| session))
        .or_else(|| cx.server.sessions_by_name().first().copied());
    let attached = session.and_then(|id| cx.server.session(id)).is_some_and(|s| s.attached > 0);
    let window = session.filter(|_| attached).and_then(|id| cx.server.current_window(id));
    let Some(pane) = window.and_then(|id| cx.server.window(id)).map(|window| window.active) else {
        return;
    };
    for error in std::mem::take(&mut cx.server.config_errors) {
        view::modes::add_view_line(cx, pane, &error, false);
    }
}

fn control_line(cx: &mut Cx<'_>, client: ClientId, line: &str) {
    let mut bytes = text::to_bytes(line);
    bytes.push(b'\n');
    cx.host.control_write(client, &bytes);
}

/// Prints the errors of sourced files for the client that sourced them.
fn print_errors(cx: &mut Cx<'_>, item: &ItemContext) {
    let control = item
        .client
        .and_then(|id| cx.server.client(id))
        .filter(|client| client.flags.contains(ClientFlags::CONTROL))
        .map(|client| client.id);
    for error in std::mem::take(&mut cx.server.config_errors) {
        match control {
            Some(client) => control_line(cx, client, &format!("%config-error {error}")),
            None => output::print(cx, item, &error),
        }
    }
}

/// State of a `source-file`.
struct Sourcing {
    item: ItemContext,
    flags: ParseFlags,
    /// Files still to be read, the next one first.
    files: std::vec::IntoIter<String>,
    /// The item behind which the next file's commands are inserted.
    after: ItemId,
    failed: bool,
}

/// `source-file`.
pub(crate) fn source(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let depth = cx.server.source_depth.entry(item.client).or_default();
    if *depth >= MAX_DEPTH {
        return output::error(cx, item, "too many nested files");
    }
    *depth += 1;
    let (files, failed) = find_files(cx, item, args);
    let sourcing = Sourcing {
        item: item.clone(),
        flags: flags(cx, item, args),
        files: files.into_iter(),
        after: item.id,
        failed,
    };
    if sourcing.files.len() == 0 {
        finish(cx, &sourcing);
        return if failed { Exec::Error } else { Exec::Normal };
    }
    read_next(cx, sourcing);
    Exec::Wait
}

fn flags(cx: &Cx<'_>, item: &ItemContext, args: &Args) -> ParseFlags {
    let mut flags = ParseFlags::empty();
    flags.set(ParseFlags::QUIET, args.has('q'));
    flags.set(ParseFlags::PARSE_ONLY, args.has('n'));
    let client = item.client.and_then(|id| cx.server.client(id));
    let control = client.is_some_and(|client| client.flags.contains(ClientFlags::CONTROL));
    let inherited = item.command.as_ref().is_some_and(|command| command.flags.contains(ParseFlags::VERBOSE));
    flags.set(ParseFlags::VERBOSE, !control && (args.has('v') || inherited));
    flags
}

/// The files that the arguments name, and true if an argument matched no file.
fn find_files(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> (Vec<String>, bool) {
    let directory = cx.server.client_cwd(item.client, None).filter(|cwd| !cwd.is_empty());
    let directory = quote_for_glob(&directory.unwrap_or_else(|| cx.host.home()));
    let (mut files, mut failed) = (Vec::new(), false);
    for argument in args.to_vector() {
        let path = if args.has('F') { place::expand_target(cx, item, &argument) } else { argument };
        if path == "-" {
            files.push(path);
            continue;
        }
        let pattern = if path.starts_with('/') { path.clone() } else { format!("{directory}/{path}") };
        let found = cx.host.glob(&pattern);
        if found.is_empty() && !args.has('q') {
            output::error(cx, item, &format!("{}: {path}", strerror(FileError(libc::ENOENT))));
            failed = true;
        }
        files.extend(found.iter().map(|path| {
            use std::os::unix::ffi::OsStrExt;
            text::from_bytes(path.as_os_str().as_bytes())
        }));
    }
    (files, failed)
}

fn quote_for_glob(path: &str) -> String {
    let mut quoted = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && c != '/' {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

fn read_next(cx: &mut Cx<'_>, mut sourcing: Sourcing) {
    let Some(path) = sourcing.files.next() else {
        finish(cx, &sourcing);
        cx.server.queues.resume(sourcing.item.id);
        return;
    };
    let (client, name) = (sourcing.item.client, path.clone());
    let done = move |cx: &mut Cx<'_>, result: Result<Vec<u8>, FileError>| {
        file_read(cx, &mut sourcing, &name, result);
        read_next(cx, sourcing);
    };
    cx.host.read_file(client, &path, Box::new(done));
}

fn file_read(cx: &mut Cx<'_>, sourcing: &mut Sourcing, path: &str, result: Result<Vec<u8>, FileError>) {
    let item = &sourcing.item;
    let bytes = match result {
        Ok(bytes) => bytes,
        Err(error) => {
            output::error(cx, item, &format!("{}: {path}", strerror(error)));
            return;
        }
    };
    if bytes.is_empty() {
        return;
    }
    let origin = Origin::file(path, sourcing.flags);
    let parsed = parse::config(cx, &text::from_bytes(&bytes), &origin, Some(item), item.client);
    for line in parsed.printed {
        output::print(cx, item, &line);
    }
    match parsed.result {
        Ok(_) if sourcing.flags.contains(ParseFlags::PARSE_ONLY) => (),
        Ok(list) => {
            let state = item.state.copy(Default::default());
            *state.current.lock() = item.target;
            if let Some(last) = insert(cx, sourcing.after, item.client, &state, path, &list) {
                sourcing.after = last;
            }
        }
        Err(error) => {
            output::add_config_error(cx, error);
            sourcing.failed = true;
        }
    }
}

/// Called when all files have been read: queues the printing of errors behind their commands.
fn finish(cx: &mut Cx<'_>, sourcing: &Sourcing) {
    if !cx.server.config_done {
        return;
    }
    let client = sourcing.item.client;
    if let Some(client) = client.and_then(|id| cx.server.clients.get_mut(&id))
        && sourcing.failed
        && client.session.is_none()
    {
        client.exit_status = 1;
    }
    let items = cx.server.queues.step(&sourcing.item.state, Step::Sourced);
    cx.server.queues.insert_after(sourcing.after, client, items);
}

/// Called when all commands of the files have run.
pub(super) fn sourced(cx: &mut Cx<'_>, item: &ItemContext) {
    if let Some(depth) = cx.server.source_depth.get_mut(&item.client) {
        *depth = depth.saturating_sub(1);
    }
    print_errors(cx, item);
}
