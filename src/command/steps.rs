//! The steps of a queue: items that are not commands.

use crate::base::ClientId;
use crate::control;
use crate::model::queue::{Exec, Step};
use crate::model::{ClientFlags, Cx, ItemContext};
use crate::options::opt;
use crate::syntax::table::CommandFlags;
use crate::view;

use super::input::{self, InputEvent};
use super::{output, source_file};

pub(crate) fn run(cx: &mut Cx<'_>, item: &ItemContext, step: Step) -> Exec {
    match (step, item.client) {
        (Step::Refuse(error), _) => return output::error(cx, item, &error),
        (Step::Sourced, _) => source_file::sourced(cx, item),
        (Step::ClientDone, Some(id)) => client_done(cx, id),
        (Step::DefaultCommand, Some(id)) => return default_command(cx, item, id),
        (Step::RefuseLine(error), Some(id)) => control::say_refusal(cx, item, id, &error),
        (Step::ShowError(text), Some(id)) => view::message::show_error(cx, id, &text),
        (Step::Key(event, bytes), Some(id)) => input::dispatch(cx, id, item, InputEvent { event, bytes }),
        (Step::Nothing, _) | (_, None) => {}
    }
    Exec::Normal
}

/// Runs `default-client-command` for a client that sent no command.
fn default_command(cx: &mut Cx<'_>, item: &ItemContext, id: ClientId) -> Exec {
    let Some(list) = cx.server.server_options().command(opt::DEFAULT_CLIENT_COMMAND) else {
        return Exec::Normal;
    };
    let read_only = cx.server.client(id).is_some_and(|c| c.flags.contains(ClientFlags::READONLY));
    if read_only && !list.all_have(CommandFlags::READ_ONLY) {
        return output::error(cx, item, "client is read-only");
    }
    cx.server.queues.run_behind(Some(item), item.client, &list);
    Exec::Normal
}

/// Ends a client whose command has ended, unless it is attached now.
fn client_done(cx: &mut Cx<'_>, id: ClientId) {
    let Some(client) = cx.server.clients.get_mut(&id) else { return };
    if !client.flags.contains(ClientFlags::ATTACHED) {
        client.flags.insert(ClientFlags::EXIT);
    } else if !client.flags.contains(ClientFlags::EXIT) {
        if client.flags.contains(ClientFlags::CONTROL) {
            control::ready(cx, id);
        } else {
            cx.host.tty_send_requests(id);
        }
    }
}
