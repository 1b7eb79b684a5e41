//! `show-messages`, `kill-server`, `start-server`.

use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;

use super::{output, place};

/// Default format of a message.
const TEMPLATE: &str = "#{t/p:message_time}: #{message_text}";

pub(crate) fn show_messages(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if args.has('H') {
        let health = cx.host.health(cx.server.panes.len(), cx.server.clients.len());
        cx.host.log_lines().iter().for_each(|line| output::print(cx, item, line));
        output::print(cx, item, &health);
        return Exec::Normal;
    }
    let mut blank = false;
    if args.has('T') {
        blank = show_terminals(cx, item, args);
    }
    if args.has('J') {
        let jobs = cx.host.describe_jobs();
        if blank && !jobs.is_empty() {
            output::print(cx, item, "");
        }
        jobs.iter().for_each(|line| output::print(cx, item, line));
    }
    if args.has('T') || args.has('J') {
        return Exec::Normal;
    }
    let mut lines = Vec::new();
    for message in cx.server.messages.entries.iter().rev() {
        let objects = place::objects(cx, item)
            .add("message_text", message.text.clone())
            .add("message_number", message.number.to_string())
            .add_time("message_time", message.time);
        lines.push(objects.expand(TEMPLATE));
    }
    lines.iter().for_each(|line| output::print(cx, item, line));
    Exec::Normal
}

/// Lists features of the terminals of clients. Returns true if there were any.
fn show_terminals(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> bool {
    let only = if args.has('t') { item.target_client } else { None };
    let ids: Vec<_> = cx.server.clients.keys().rev().copied().collect();
    let mut number = 0;
    for id in ids {
        if only.is_some_and(|only| only != id) {
            continue;
        }
        let Some(terminal) = cx.host.describe_terminal(id) else { continue };
        let client = cx.server.client(id).map(|c| c.name.clone()).unwrap_or_default();
        let head = format!("Terminal {number}: {} for {client}, flags={:#x}:", terminal.name, terminal.flags);
        output::print(cx, item, &head);
        terminal.capabilities.iter().for_each(|line| output::print(cx, item, line));
        number += 1;
    }
    number > 0
}

pub(crate) fn kill_server(cx: &mut Cx<'_>, _item: &ItemContext, _args: &Args) -> Exec {
    cx.host.shutdown();
    Exec::Normal
}

/// Does nothing: the client has started a server before it sends the command.
pub(crate) fn start_server(_cx: &mut Cx<'_>, _item: &ItemContext, _args: &Args) -> Exec {
    Exec::Normal
}
