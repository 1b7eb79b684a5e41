//! What commands say: to whom, and in which form. Every message a command prints or fails
//! with goes through here, so that it reaches scripts, terminals and control clients alike.

use crate::base::ClientId;
use crate::base::number::parse_number;
use crate::base::text;
use crate::format::Scope;
use crate::model::host::Stream;
use crate::model::{ClientFlags, Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::view;

/// How a client hears of things.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// Nobody asked: a configuration file or a hook.
    Nobody,
    /// Lines of a control client.
    Control(ClientId),
    /// The standard streams of a client without a session.
    Streams(ClientId),
    /// An attached terminal.
    Attached(ClientId),
}

fn audience(cx: &Cx<'_>, item: &ItemContext) -> Audience {
    match item.client.and_then(|id| cx.server.client(id)) {
        None => Audience::Nobody,
        Some(client) if client.flags.contains(ClientFlags::CONTROL) => Audience::Control(client.id),
        Some(client) if client.session.is_none() => Audience::Streams(client.id),
        Some(client) => Audience::Attached(client.id),
    }
}

/// Prints a line of output: to standard output, to a control client, or to a view mode in the
/// active pane of an attached client.
pub fn print(cx: &mut Cx<'_>, item: &ItemContext, line: &str) {
    match audience(cx, item) {
        Audience::Nobody => {}
        Audience::Control(id) => control_line(cx, id, line),
        Audience::Streams(id) => {
            let mut bytes = plain(cx, id, line);
            bytes.push(b'\n');
            cx.host.client_write(id, Stream::Out, &bytes);
        }
        Audience::Attached(id) => {
            let Some(pane) = cx.server.client(id).and_then(|c| cx.server.client_pane(c)) else { return };
            // Nothing at all opens the view and is no line in it.
            view::modes::enter_view(cx, pane);
            for line in line.split('\n').filter(|_| !line.is_empty()) {
                view::modes::add_view_line(cx, pane, line, true);
            }
        }
    }
}

/// Prints bytes as they are, with a final newline.
pub fn print_bytes(cx: &mut Cx<'_>, item: &ItemContext, bytes: &[u8]) {
    match audience(cx, item) {
        Audience::Streams(id) => {
            cx.host.client_write(id, Stream::Out, bytes);
            cx.host.client_write(id, Stream::Out, b"\n");
        }
        // Whatever the client's locale: `_` is for messages.
        Audience::Control(id) => crate::control::write(cx, id, &text::from_bytes(bytes)),
        _ => print(cx, item, &text::from_bytes(bytes)),
    }
}

/// Writes a line to a control client as it can take it.
pub fn control_line(cx: &mut Cx<'_>, id: ClientId, line: &str) {
    let bytes = plain(cx, id, line);
    crate::control::write(cx, id, &text::from_bytes(&bytes));
}

/// Text for a client; one that does not take UTF-8 sees `_` for what it cannot show.
fn plain(cx: &Cx<'_>, id: ClientId, line: &str) -> Vec<u8> {
    let utf8 = cx.server.client(id).is_some_and(|c| c.flags.contains(ClientFlags::UTF8));
    if utf8 { text::to_bytes(line) } else { text::sanitize(line).into_bytes() }
}

/// Shows a message in the status line of the command's target client, if it has one.
pub fn message(cx: &mut Cx<'_>, item: &ItemContext, text: &str) {
    if let Some(client) = item.target_client {
        view::message::show_error(cx, client, text);
    }
}

/// Reports a failure and returns `Exec::Error`, so that commands can `return error(…)`.
pub fn error(cx: &mut Cx<'_>, item: &ItemContext, message: &str) -> Exec {
    match audience(cx, item) {
        Audience::Nobody => {
            let at = item.command.as_ref().and_then(|c| Some(format!("{}:{}: ", c.file.as_ref()?, c.line)));
            super::source_file::add_error(cx, format!("{}{message}", at.unwrap_or_default()));
        }
        Audience::Attached(id) => {
            let mut chars = message.chars();
            let capital: String =
                chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect();
            view::message::show_error(cx, id, &capital);
        }
        Audience::Control(id) | Audience::Streams(id) => {
            let name = cx.server.client(id).map(|c| c.name.clone()).unwrap_or_default();
            cx.server.add_message(cx.now, format!("{name} message: {message}"));
            let mut bytes = plain(cx, id, message);
            if audience(cx, item) == Audience::Control(id) {
                crate::control::write(cx, id, &text::from_bytes(&bytes));
            } else {
                bytes.push(b'\n');
                cx.host.client_write(id, Stream::Err, &bytes);
            }
            if let Some(client) = cx.server.clients.get_mut(&id) {
                client.exit_status = 1;
            }
        }
    }
    Exec::Error
}

/// A flag's value, expanded as a format, as a number. The error is the word tmux uses.
pub fn expanded_number(
    cx: &Cx<'_>,
    item: &ItemContext,
    args: &Args,
    flag: char,
    min: i64,
    max: i64,
) -> Result<i64, &'static str> {
    let value = args.get(flag).ok_or("missing")?;
    let expanded = Scope::new(cx.server, cx.host, cx.now)
        .item(item)
        .client(item.target_client)
        .state(&item.target)
        .expand(value);
    parse_number(&expanded, min, max)
}

/// A path as a client means it: `~/` is its home, relative ones start in its directory.
pub fn client_path(cx: &Cx<'_>, client: Option<ClientId>, path: &str) -> String {
    if path == "-" {
        return path.to_owned();
    }
    let path = match path.strip_prefix("~/") {
        Some(rest) => format!("{}/{rest}", cx.host.home()),
        None => path.to_owned(),
    };
    if path.starts_with('/') {
        return path;
    }
    format!("{}/{path}", super::shell::working_directory(cx, client, Default::default()))
}
