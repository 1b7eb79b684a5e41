//! Control mode (`-C`, `-CC`): commands are read as lines, their output is wrapped in `%begin` and
//! `%end`, and output of panes and notifications are sent as `%`-lines.
//!
//! Output of panes for a client that does not read is kept in a bounded queue (`queue`): panes are
//! paused, or the client is dropped as "too far behind". `notify` formats notifications, `subscribe`
//! watches formats.

mod notify;
mod queue;
mod saved;
mod subscribe;
mod subscriptions;
mod text;

use std::sync::Arc;

use crate::base::ClientId;
use crate::base::number::scan_unsigned;
use crate::format::parse;
use crate::model::host::{Content, FileDone};
use crate::model::queue::{QueueState, StateFlags, Step};
use crate::model::{ClientFlags, Cx, FindState, ItemContext};
use crate::syntax::table::CommandFlags;

pub(crate) use notify::notify;
pub use queue::pane_output;
pub(crate) use queue::set_pane_state;
pub(crate) use saved::{ControlRecord, load, save};
pub(crate) use subscribe::subscribe;

use queue::State;

/// Starts control mode for a client that has just identified itself.
pub fn start(cx: &mut Cx<'_>, id: ClientId) {
    let Some(client) = cx.server.clients.get_mut(&id) else { return };
    client.control = Some(Box::new(State::default()));
    if client.flags.contains(ClientFlags::CONTROL_CONTROL) {
        cx.host.control_write(id, b"\x1bP1000p");
    }
}

/// Ends control mode for a client that is gone.
pub(crate) fn stop(cx: &mut Cx<'_>, id: ClientId) {
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.control = None;
    }
    queue::resume_panes(cx);
}

/// Called when the client's first command has ended: its lines are read from now on.
pub(crate) fn ready(cx: &mut Cx<'_>, id: ClientId) {
    cx.host.control_listen(id);
}

/// Runs a line of input. An empty one detaches.
pub fn line(cx: &mut Cx<'_>, id: ClientId, line: &str) {
    let Some(client) = cx.server.clients.get_mut(&id) else { return };
    if client.flags.contains(ClientFlags::EXIT) {
        return;
    }
    if line.is_empty() {
        client.flags.insert(ClientFlags::EXIT);
        return;
    }
    // tmux: the lines of a user who may only read run all commands.
    let reads_only = cx.server.reads_only(id);
    let parse = if reads_only { parse::reading_commands } else { parse::commands };
    match parse(cx, line) {
        Ok(list) if reads_only && !list.all_have(CommandFlags::READ_ONLY) => {
            refuse_line(cx, id, "client is read-only");
        }
        Ok(list) => {
            let items = cx.server.queues.commands(&list, &line_state());
            cx.server.queues.append(Some(id), items);
        }
        Err(error) => refuse_line(cx, id, &format!("parse error: {error}")),
    }
}

/// The queue state for the commands of a line.
fn line_state() -> Arc<QueueState> {
    QueueState::new(FindState::default(), Default::default(), StateFlags::CONTROL)
}

/// Queues the error for a line that cannot be run.
pub(crate) fn refuse_line(cx: &mut Cx<'_>, id: ClientId, error: &str) {
    let items = cx.server.queues.step(&line_state(), Step::RefuseLine(error.to_owned()));
    cx.server.queues.append(Some(id), items);
}

/// Prints the error when its item in the queue runs.
pub(crate) fn say_refusal(cx: &mut Cx<'_>, item: &ItemContext, id: ClientId, error: &str) {
    let guard = begin(cx, item);
    write(cx, id, error);
    end(cx, item, guard, true);
}

/// Called when the client closed its input: the client exits.
pub(crate) fn input_ended(cx: &mut Cx<'_>, id: ClientId) {
    if let Some(client) = cx.server.clients.get_mut(&id) {
        client.flags.insert(ClientFlags::EXIT);
    }
}

/// Numbers in a command's guard lines.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Guard {
    time: i64,
    number: u64,
    flags: u8,
}

/// Writes `%begin` before the output of a command.
pub(crate) fn begin(cx: &mut Cx<'_>, item: &ItemContext) -> Guard {
    cx.server.command_number += 1;
    let flags = u8::from(item.state.flags.contains(StateFlags::CONTROL));
    let guard = Guard { time: cx.now.secs(), number: cx.server.command_number, flags };
    say_guard(cx, item, "begin", guard);
    guard
}

/// Writes `%end` or `%error` after the output of a command.
pub(crate) fn end(cx: &mut Cx<'_>, item: &ItemContext, guard: Guard, failed: bool) {
    say_guard(cx, item, if failed { "error" } else { "end" }, guard);
}

fn say_guard(cx: &mut Cx<'_>, item: &ItemContext, word: &str, guard: Guard) {
    if let Some(id) = item.client.filter(|id| is_control(cx, *id)) {
        write(cx, id, &format!("%{word} {} {} {}", guard.time, guard.number, guard.flags));
    }
}

pub(crate) fn is_control(cx: &Cx<'_>, id: ClientId) -> bool {
    cx.server.client(id).is_some_and(|c| c.flags.contains(ClientFlags::CONTROL))
}

/// Writes a line, after all output that is queued.
pub(crate) fn write(cx: &mut Cx<'_>, id: ClientId, line: &str) {
    queue::write_line(cx, id, line);
}

/// Writes a text as fast as the client takes it; the text must end with a newline.
pub(crate) fn stream(cx: &mut Cx<'_>, id: ClientId, text: Content, done: FileDone) {
    queue::write_text(cx, id, text, done);
}

/// A client flag that only control clients have.
pub(crate) fn flag(cx: &mut Cx<'_>, id: ClientId, name: &str) -> Option<ClientFlags> {
    if let Some(rest) = name.strip_prefix("pause-after") {
        let seconds = match rest.strip_prefix('=') {
            Some(number) => scan_unsigned(number)?.0,
            None if rest.is_empty() => 0,
            None => return None,
        };
        cx.server.clients.get_mut(&id)?.pause_age_ms = seconds.wrapping_mul(1000);
        return Some(ClientFlags::CONTROL_PAUSE_AFTER);
    }
    match name {
        "no-output" => Some(ClientFlags::CONTROL_NO_OUTPUT),
        "wait-exit" => Some(ClientFlags::CONTROL_WAIT_EXIT),
        _ => None,
    }
}

/// Called when `no-output` changed: drops queued output.
pub(crate) fn reset_offsets(cx: &mut Cx<'_>, id: ClientId) {
    queue::with_state(cx, id, |_, state| state.reset());
    queue::resume_panes(cx);
}

/// Called when the client has taken some of its output.
pub(crate) fn drained(cx: &mut Cx<'_>, id: ClientId) {
    queue::write_pending(cx, id);
}

/// True if a client that has to exit has been sent everything.
pub(crate) fn may_exit(cx: &mut Cx<'_>, id: ClientId) -> bool {
    if !is_control(cx, id) {
        return true;
    }
    queue::with_state(cx, id, |_, state| state.discard_output());
    queue::write_pending(cx, id);
    queue::is_done(cx, id) && cx.host.control_pending(id) == 0
}

/// Called at the end of a turn: writes queued output, and resumes panes.
pub fn settle(cx: &mut Cx<'_>) {
    let ids: Vec<ClientId> =
        cx.server.clients.values().filter(|c| c.control.is_some()).map(|c| c.id).collect();
    for id in ids {
        queue::write_pending(cx, id);
    }
    queue::resume_panes(cx);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Now;
    use crate::model::queue::ItemKind;
    use crate::model::test_host::TestHost;
    use crate::model::{Access, Client, Server};

    #[test]
    fn users_who_may_only_read_run_no_other_commands() {
        let (mut server, mut host) = (Server::default(), TestHost::default());
        server.access.insert(1001, Access { read_only: true });
        server.access.insert(1002, Access { read_only: false });
        for uid in [0, 1001, 1002, 1003] {
            let id = ClientId(uid);
            server.clients.insert(id, Client { uid, ..Client::new(id, Now::default()) });
        }
        let mut cx = Cx { server: &mut server, host: &mut host, now: Now::default() };
        let mut refused = |uid: u32, text: &str| {
            line(&mut cx, ClientId(uid), text);
            let queue = cx.server.queues.queues.remove(&Some(ClientId(uid))).expect("a queue");
            matches!(&queue.items[0].kind, ItemKind::Step(Step::RefuseLine(_)))
        };
        for text in ["set-option -g @x 1", "run-shell true", "list-clients ; kill-server", "capture-pane -p"]
        {
            assert_eq!(
                [0, 1001, 1002, 1003].map(|uid| refused(uid, text)),
                [false, true, false, true],
                "{text}"
            );
        }
        assert_eq!([0, 1001, 1002].map(|uid| refused(uid, "list-clients")), [false; 3]);
        for uid in [1001, 1003, 1002] {
            line(&mut cx, ClientId(uid), "WHO=me");
            assert_eq!(cx.server.environ.get("WHO").is_some(), uid == 1002);
        }
    }
}
