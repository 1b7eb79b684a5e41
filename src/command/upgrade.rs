//! `upgrade-server`: replaces the running server by another program and keeps everything.

use crate::model::{Cx, Exec, ItemContext};
use crate::syntax::args::Args;

use super::output;

pub(crate) fn upgrade_server(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let program = args.string(0).map(|path| output::client_path(cx, item.client, &path));
    let waiting = item.waiting();
    let failed = Box::new(move |cx: &mut Cx<'_>, why: String| {
        output::error(cx, &waiting, &format!("not upgraded: {why}"));
        cx.server.queues.resume(waiting.id);
    });
    match cx.host.upgrade(program, item, failed) {
        Ok(()) => Exec::Wait,
        Err(why) => output::error(cx, item, &format!("not upgraded: {why}")),
    }
}

/// Called in the new server: ends the command that the old server was given.
pub(crate) fn succeeded(cx: &mut Cx<'_>, item: &ItemContext) {
    let text = format!("upgraded: process {} is the server", cx.server.pid);
    cx.server.add_message(cx.now, text.clone());
    output::print(cx, item, &text);
    cx.server.queues.resume(item.id);
}
