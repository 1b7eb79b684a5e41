//! Effects of copying outside of the mode: paste buffers, the clipboard, commands.

use std::sync::Arc;

use super::commands::Effect;
use crate::base::text::{into_bytes, to_bytes};
use crate::base::{PaneId, SessionId};
use crate::model::Cx;
use crate::model::events::EventKind;
use crate::model::host::{AtExit, Content, FileError, JobInput, JobReads, JobRequest};
use crate::model::kept::Purpose;
use crate::model::mode::ModeTarget;
use crate::model::option_access::OptionScope;
use crate::options::opt;

/// Performs one effect of a copy mode on a pane.
pub(super) fn perform(cx: &mut Cx<'_>, pane: PaneId, target: &ModeTarget, effect: Effect) {
    match effect {
        Effect::Copy { text, prefix, buffer, clipboard } => {
            let data = into_bytes(Arc::unwrap_or_clone(text));
            if clipboard {
                set_clipboard(cx, pane, &data);
            }
            if buffer && !data.is_empty() {
                cx.server.add_buffer(prefix.as_deref(), data, cx.now);
            }
        }
        Effect::Append(text) => append(cx, pane, into_bytes(text)),
        Effect::Pipe { text, command } => pipe(cx, target, &text, command),
        Effect::Save { .. }
        | Effect::Refresh
        | Effect::Alternate
        | Effect::StartDrag
        | Effect::ScrollToMouse { .. } => {}
    }
}

/// Puts data on the clipboards of the clients that show the pane, if `set-clipboard` allows it.
fn set_clipboard(cx: &mut Cx<'_>, pane: PaneId, data: &[u8]) {
    if cx.server.option_text(OptionScope::Server, opt::SET_CLIPBOARD) == "off" {
        return;
    }
    let window = cx.server.pane(pane).map(|p| p.window);
    let clients: Vec<_> = cx
        .server
        .clients
        .values()
        .filter(|c| c.session.is_some() && cx.server.client_window(c) == window)
        .map(|c| c.id)
        .collect();
    for client in clients {
        cx.host.tty_set_clipboard(client, "", data);
    }
    cx.server.notify_pane(EventKind::PaneSetClipboard, pane);
}

/// Writes text to a file through the client; a relative path starts at the client's working
/// directory.
pub(super) fn save(cx: &mut Cx<'_>, target: &ModeTarget, content: Content, path: &str) {
    let client = target.client;
    let path = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("{}/{path}", cx.client_cwd(client, target.state.session)),
    };
    let shown = path.clone();
    let done = Box::new(move |cx: &mut Cx<'_>, result: Result<Vec<u8>, FileError>| {
        if let (Err(error), Some(client)) = (result, client) {
            let text = format!("{}: {shown}", crate::sys::error::strerror(error.0));
            crate::view::message::show_error(cx, client, &text);
        }
    });
    cx.host.write_file(None, &path, false, content, done);
}

/// Appends to the newest automatic buffer, or makes one.
fn append(cx: &mut Cx<'_>, pane: PaneId, data: Vec<u8>) {
    set_clipboard(cx, pane, &data);
    let top = cx.server.buffers.top().map(|b| (b.name.clone(), b.data.to_vec()));
    let (name, mut whole) = top.map_or((None, Vec::new()), |(name, data)| (Some(name), data));
    whole.extend_from_slice(&data);
    // The name is that of an existing buffer, so it is valid.
    let _ = cx.server.set_buffer(whole, name.as_deref(), cx.now);
}

/// Runs a command (or `copy-command`) with data as its input.
fn pipe(cx: &mut Cx<'_>, target: &ModeTarget, text: &str, command: Option<String>) {
    let default = || cx.server.option_text(OptionScope::Server, opt::COPY_COMMAND);
    let command = command.filter(|c| !c.is_empty()).unwrap_or_else(default);
    if command.is_empty() {
        return;
    }
    let session = target.state.session;
    let request = JobRequest {
        command: Some(command),
        argv: Vec::new(),
        shell: cx.default_shell(session.map_or(OptionScope::GlobalSession, OptionScope::Session)),
        cwd: cx.client_cwd(None, session),
        environ: environ(cx, session),
        input: JobInput::Bytes(to_bytes(text)),
        reads: JobReads::Nothing,
        pty: None,
        at_exit: AtExit::Leave,
        output: None,
        done: None,
        kept: Some(Purpose::Alone),
    };
    // The command may have ended by now; nobody is there to report the error to.
    let _ = cx.host.run_job(request);
}

fn environ(cx: &Cx<'_>, session: Option<SessionId>) -> Vec<(String, String)> {
    let environ = cx.server.environ_for_session(session, false);
    environ.iter().filter_map(|(name, v)| Some((name.to_owned(), v.value.clone()?))).collect()
}
