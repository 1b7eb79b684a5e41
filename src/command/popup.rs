//! `display-popup`.

use crate::base::{ClientId, Size};
use crate::model::option_access::OptionScope;
use crate::model::{Cx, Exec, ItemContext};
use crate::options::opt;
use crate::syntax::args::Args;
use crate::view::boxes::BoxLines;
use crate::view::overlay;
use crate::view::popup::{self, Changes, PopupFlags, Request};

use super::menu::{corner, lines};
use super::output::error;
use super::place;

pub(crate) fn display_popup(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(client) = item.target_client else { return Exec::Error };
    if args.has('C') {
        overlay::clear(cx, client);
        return Exec::Normal;
    }
    let modify = popup::of_client(cx, client).is_some();
    if !modify && cx.server.client(client).is_none_or(|c| c.overlay.is_some()) {
        return Exec::Normal;
    }
    let mut request = Request::default();
    if !modify {
        match place_and_command(cx, item, args, client) {
            Ok(Some(filled)) => request = filled,
            Ok(None) => return Exec::Normal,
            Err(message) => return error(cx, item, &message),
        }
    }
    let lines = if args.has('B') {
        Some(BoxLines::None)
    } else {
        match lines(args, "popup-border-lines") {
            Ok(lines) => lines,
            Err(message) => return error(cx, item, &message),
        }
    };
    let objects = place::objects(cx, item);
    let title = objects.expand(args.get('T').unwrap_or(""));
    let (style, border_style) = (args.get('s').map(str::to_owned), args.get('S').map(str::to_owned));
    let flags = flags(args, modify);
    if modify {
        let changes = Changes { title: Some(title), style, border_style, lines, flags };
        popup::modify(cx, client, changes);
        return Exec::Normal;
    }
    let request = Request {
        flags: flags.unwrap_or_default(),
        lines,
        title,
        style,
        border_style,
        item: Some(item.id),
        owner: item.client,
        ..request
    };
    if popup::open(cx, client, request) { Exec::Wait } else { Exec::Normal }
}

/// The flags for closing the popup; `None` keeps those of an open one.
fn flags(args: &Args, modify: bool) -> Option<PopupFlags> {
    let mut flags = (args.has('N') || !modify).then_some(PopupFlags::empty());
    let mut add = |flag: PopupFlags| flags = Some(flags.unwrap_or_default() | flag);
    match args.times('E') {
        0 => {}
        1 => add(PopupFlags::CLOSE_ON_EXIT),
        _ => add(PopupFlags::CLOSE_ON_SUCCESS),
    }
    if args.has('k') {
        add(PopupFlags::CLOSE_ON_KEY);
    }
    flags
}

/// Size, place and command of a new popup; `None` when it does not fit.
fn place_and_command(
    cx: &Cx<'_>,
    item: &ItemContext,
    args: &Args,
    client: ClientId,
) -> Result<Option<Request>, String> {
    let Some(full) = cx.server.client(client).map(|c| c.size) else { return Ok(None) };
    let length = |letter: char, whole: u32, name: &str| {
        if !args.has(letter) {
            return Ok(whole / 2);
        }
        let whole = i64::from(whole);
        let given = args.percentage(letter, 1, whole, whole).map_err(|cause| format!("{name} {cause}"))?;
        Ok::<u32, String>(given.min(whole) as u32)
    };
    let rows = length('h', full.rows, "height")?;
    let cols = length('w', full.cols, "width")?;
    let size = Size::new(cols, rows);
    let Some(at) = corner(cx, item, args, size) else { return Ok(None) };
    let objects = place::objects(cx, item);
    let session = item.target.session;
    let cwd = match args.get('d') {
        Some(directory) => objects.expand(directory),
        None => cx.client_cwd(Some(client), session),
    };
    let level = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
    let shell = cx.default_shell(level);
    let (command, argv) = match args.to_vector().as_slice() {
        [] => (cx.server.option_text(level, opt::DEFAULT_COMMAND), Vec::new()),
        [one] => (one.clone(), Vec::new()),
        all => (String::new(), all.to_vec()),
    };
    let mut environ: Vec<(String, String)> = cx
        .server
        .environ_for_session(session, true)
        .iter()
        .filter_map(|(name, variable)| Some((name.to_owned(), variable.value.clone()?)))
        .collect();
    for pair in args.all('e') {
        if let Some((name, value)) = pair.split_once('=') {
            environ.retain(|(n, _)| n != name);
            environ.push((name.to_owned(), value.to_owned()));
        }
    }
    let argv = if command.is_empty() && argv.is_empty() { vec![shell.clone()] } else { argv };
    let command = Some(command).filter(|c| !c.is_empty());
    Ok(Some(Request { at, size, command, argv, shell, cwd, environ, ..Request::default() }))
}
