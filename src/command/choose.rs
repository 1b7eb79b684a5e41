//! `choose-tree`, `choose-buffer`, `choose-client`, `choose-usage`, `choose-commands`, `choose-transcripts`,
//! `customize-mode` and `find-window`.

use crate::format::sort::{self, Order, Sort};
use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::view::mode_tree::buffers::Buffers;
use crate::view::mode_tree::clients::Clients;
use crate::view::mode_tree::commands;
use crate::view::mode_tree::customize::Customize;
use crate::view::mode_tree::transcripts;
use crate::view::mode_tree::usage::{self, UsageList};
use crate::view::mode_tree::windows::Windows;
use crate::view::mode_tree::{self, Setup};

use super::output::error;

fn has_order(args: &Args) -> bool {
    args.get('O').is_none_or(|name| Order::parse(name).is_some())
}

pub(crate) fn choose_tree(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if !has_order(args) {
        return error(cx, item, "invalid sort order");
    }
    if let Some(pane) = item.target.pane {
        mode_tree::open(cx, pane, Windows::new(args, item.target), Setup::new(args));
    }
    Exec::Normal
}

pub(crate) fn choose_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if !has_order(args) {
        return error(cx, item, "invalid sort order");
    }
    if let Some(pane) = item.target.pane.filter(|_| !cx.server.buffers.by_name.is_empty()) {
        mode_tree::open(cx, pane, Buffers::new(args, item.target), Setup::new(args));
    }
    Exec::Normal
}

pub(crate) fn choose_client(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if !has_order(args) {
        return error(cx, item, "invalid sort order");
    }
    let any = !sort::clients(cx.server, Sort::default()).is_empty();
    if let Some(pane) = item.target.pane.filter(|_| any) {
        mode_tree::open(cx, pane, Clients::new(args), Setup::new(args));
    }
    Exec::Normal
}

pub(crate) fn choose_commands(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if !has_order(args) {
        return error(cx, item, "invalid sort order");
    }
    match item.target.pane {
        Some(pane) if !commands::open(cx, pane, args) => {
            error(cx, item, "no commands: the shell sets no marks (OSC 133)")
        }
        _ => Exec::Normal,
    }
}

pub(crate) fn choose_usage(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if args.get('O').is_some_and(|name| Order::parse_usage(name).is_none()) {
        return error(cx, item, "invalid sort order");
    }
    if let Some(pane) = item.target.pane {
        usage::open(cx, pane, UsageList::new(args), Setup::new(args));
    }
    Exec::Normal
}

pub(crate) fn choose_transcripts(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if !has_order(args) {
        return error(cx, item, "invalid sort order");
    }
    let Some(pane) = item.target.pane else { return Exec::Normal };
    if cx.host.transcripts().is_none() {
        return error(cx, item, "no transcripts");
    }
    let waiting = item.id;
    transcripts::open(cx, pane, args, move |cx| cx.server.queues.resume(waiting));
    Exec::Wait
}

pub(crate) fn customize_mode(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if let Some(pane) = item.target.pane {
        mode_tree::open(cx, pane, Customize::new(args, item.target), Setup::new(args));
    }
    Exec::Normal
}

/// A filter that finds a string in contents, names and titles, as the flags say.
fn window_filter(args: &Args, text: &str) -> String {
    let star = if args.has('r') { "" } else { "*" };
    let suffix = match (args.has('r'), args.has('i')) {
        (true, true) => "/ri",
        (true, false) => "/r",
        (false, true) => "/i",
        (false, false) => "",
    };
    let all = !args.has('C') && !args.has('N') && !args.has('T');
    let matches = |what: &str| format!("#{{m{suffix}:{star}{text}{star},#{{{what}}}}}");
    let mut parts = Vec::new();
    if all || args.has('C') {
        parts.push(format!("#{{C{suffix}:{text}}}"));
    }
    if all || args.has('N') {
        parts.push(matches("window_name"));
    }
    if all || args.has('T') {
        parts.push(matches("pane_title"));
    }
    parts.into_iter().rev().reduce(|rest, part| format!("#{{||:{part},{rest}}}")).unwrap_or_default()
}

pub(crate) fn find_window(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let filter = window_filter(args, &args.string(0).unwrap_or_default());
    if let Some(pane) = item.target.pane {
        let source = Windows::new(&Args::default(), item.target);
        mode_tree::open(cx, pane, source, Setup::filtered(filter, args.has('Z')));
    }
    Exec::Normal
}
