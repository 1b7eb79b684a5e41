//! Output of commands: who gets it, and in which form. Every message that a command prints or fails with
//! passes through here, so that it reaches scripts, terminals and control clients alike.

use bytes::Bytes;

use crate::base::ClientId;
use crate::base::number::parse_number;
use crate::base::{text, width};
use crate::model::host::{Content, FileDone, Stream};
use crate::model::{ClientFlags, Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::view;

use super::place;

/// Bytes of a long text made at a time.
const PIECE: usize = 256 << 10;

/// Maximum number of errors of configuration files that are kept; later ones are dropped.
const MAX_ERRORS: usize = 1000;

/// The way in which a client gets output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// No client: a configuration file or a hook.
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
pub(crate) fn print(cx: &mut Cx<'_>, item: &ItemContext, line: &str) {
    match audience(cx, item) {
        Audience::Nobody => {}
        Audience::Control(id) => control_line(cx, id, line),
        Audience::Streams(id) => {
            let mut bytes = plain(cx, id, line);
            bytes.push(b'\n');
            write_out(cx, id, &bytes);
        }
        Audience::Attached(id) => {
            let Some(pane) = cx.server.client(id).and_then(|c| cx.server.client_pane(c)) else { return };
            // An empty line opens the view and adds no line.
            view::modes::enter_view(cx, pane);
            for line in line.split('\n').filter(|_| !line.is_empty()) {
                view::modes::add_view_line(cx, pane, line, true);
            }
        }
    }
}

/// Prints bytes as they are, with a final newline.
pub(crate) fn print_bytes(cx: &mut Cx<'_>, item: &ItemContext, bytes: &[u8]) {
    match audience(cx, item) {
        Audience::Streams(id) => {
            write_out(cx, id, &[bytes, b"\n"].concat());
        }
        // Not sanitized for the client's locale: `_` is only for messages.
        Audience::Control(id) => crate::control::write(cx, id, &text::from_bytes(bytes)),
        _ => print(cx, item, &text::from_bytes(bytes)),
    }
}

/// Called by a command that will print when it ends, and waits: its output then goes out at once.
pub(super) fn prepare(cx: &mut Cx<'_>, item: &ItemContext) {
    if let Audience::Streams(id) = audience(cx, item) {
        cx.host.client_open_output(id);
    }
}

/// Writes to a client's standard output. If the queue is full, the client's command fails.
fn write_out(cx: &mut Cx<'_>, id: ClientId, bytes: &[u8]) {
    if !cx.host.client_write(id, Stream::Out, bytes)
        && let Some(client) = cx.server.clients.get_mut(&id)
        && std::mem::replace(&mut client.exit_status, 1) != 1
    {
        cx.host.client_write(id, Stream::Err, b"too much output\n");
    }
}

/// Prints a text of any size as fast as its reader takes it: to standard output, or as lines of a control
/// client. `text` must end with a newline. `done` is called when all of it was sent.
pub(super) fn stream_to(cx: &mut Cx<'_>, item: &ItemContext, text: Content, done: FileDone) {
    match audience(cx, item) {
        Audience::Streams(id) => cx.host.client_stream(id, text, done),
        Audience::Control(id) => crate::control::stream(cx, id, text, done),
        Audience::Nobody | Audience::Attached(_) => done(cx, Ok(Vec::new())),
    }
}

/// The same for a command that does nothing else.
pub(crate) fn stream(cx: &mut Cx<'_>, item: &ItemContext, text: Content) -> Exec {
    let waiting = item.id;
    stream_to(cx, item, text, Box::new(move |cx, _| cx.server.queues.resume(waiting)));
    Exec::Wait
}

/// Puts text that another thread makes into a paste buffer. The queue of `waiting` waits for it.
pub(super) fn to_buffer(
    cx: &mut Cx<'_>,
    waiting: ItemContext,
    name: Option<String>,
    make: impl FnOnce() -> Bytes + Send + 'static,
) -> Exec {
    cx.host.background(Box::new(move || {
        let data = make();
        Box::new(move |cx| {
            if let Err(message) = cx.server.set_buffer(data, name.as_deref(), cx.now) {
                error(cx, &waiting, &message);
            }
            cx.server.queues.resume(waiting.id);
        })
    }));
    Exec::Wait
}

/// Prints a long text like `print`, as fast as its reader takes it. With `lines`, the text is sanitized
/// line by line, and its own last newline is not doubled.
pub(crate) fn stream_text(cx: &mut Cx<'_>, item: &ItemContext, text: Bytes, lines: bool, done: FileDone) {
    let client = item.client.and_then(|id| cx.server.client(id));
    let utf8 = client.is_some_and(|client| client.flags.contains(ClientFlags::UTF8));
    let (mut at, mut ended) = (0, lines && text.ends_with(b"\n"));
    let maker = move || {
        let rest = &text[at..];
        if rest.is_empty() {
            return (!std::mem::replace(&mut ended, true)).then(|| b"\n".to_vec());
        }
        let piece = &rest[..whole_chars(rest, rest.len().min(PIECE))];
        at += piece.len();
        if utf8 {
            return Some(piece.to_vec());
        }
        let separator = if lines { '\n' } else { '\0' };
        let shown = text::from_bytes(piece);
        let shown: Vec<String> = shown.split(separator).map(width::sanitize).collect();
        Some(shown.join("\n").into_bytes())
    };
    stream_to(cx, item, Content::Made(Box::new(maker)), done);
}

/// The longest prefix of at most `len` bytes that splits no character.
pub(crate) fn whole_chars(text: &[u8], len: usize) -> usize {
    let is_inside = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    (len.saturating_sub(3)..=len).rev().find(|at| !is_inside(at)).unwrap_or(len)
}

/// True if the item's client is a control client.
pub(crate) fn is_control(cx: &Cx<'_>, item: &ItemContext) -> bool {
    matches!(audience(cx, item), Audience::Control(_))
}

/// True if the item's client takes UTF-8.
pub(crate) fn takes_utf8(cx: &Cx<'_>, item: &ItemContext) -> bool {
    let client = item.client.and_then(|id| cx.server.client(id));
    client.is_some_and(|client| client.flags.contains(ClientFlags::UTF8))
}

/// True if `stream` has a reader.
pub(crate) fn can_stream(cx: &Cx<'_>, item: &ItemContext) -> bool {
    matches!(audience(cx, item), Audience::Streams(_) | Audience::Control(_))
}

/// True if output may be printed over several turns.
pub(crate) fn can_step(cx: &Cx<'_>, item: &ItemContext) -> bool {
    matches!(audience(cx, item), Audience::Streams(_))
}

/// Writes a line to a control client, sanitized for it.
pub(crate) fn control_line(cx: &mut Cx<'_>, id: ClientId, line: &str) {
    let bytes = plain(cx, id, line);
    crate::control::write(cx, id, &text::from_bytes(&bytes));
}

/// Text for a client; if it does not take UTF-8, `_` stands for characters that it cannot show.
fn plain(cx: &Cx<'_>, id: ClientId, line: &str) -> Vec<u8> {
    let utf8 = cx.server.client(id).is_some_and(|c| c.flags.contains(ClientFlags::UTF8));
    if utf8 { text::to_bytes(line) } else { width::sanitize(line).into_bytes() }
}

/// Stores an error of a configuration file; it is shown when all files have run.
pub(crate) fn add_config_error(cx: &mut Cx<'_>, error: String) {
    if cx.server.config_errors.len() < MAX_ERRORS {
        cx.server.config_errors.push(error);
    }
}

/// Reports a failure and returns `Exec::Error`, so that commands can `return error(…)`.
pub(crate) fn error(cx: &mut Cx<'_>, item: &ItemContext, message: &str) -> Exec {
    match audience(cx, item) {
        Audience::Nobody => {
            let at = item.command.as_ref().and_then(|c| Some(format!("{}:{}: ", c.file.as_ref()?, c.line)));
            add_config_error(cx, format!("{}{message}", at.unwrap_or_default()));
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

/// The value of a flag, expanded as a format, as a number. The error is the word that tmux uses.
pub(crate) fn expanded_number(
    cx: &Cx<'_>,
    item: &ItemContext,
    args: &Args,
    flag: char,
    min: i64,
    max: i64,
) -> Result<i64, &'static str> {
    let value = args.get(flag).ok_or("missing")?;
    let expanded = place::expand_target(cx, item, value);
    parse_number(&expanded, min, max)
}

/// A path of a client: `~/` is the client's home, and relative paths start in the client's directory.
pub(crate) fn client_path(cx: &Cx<'_>, client: Option<ClientId>, path: &str) -> String {
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
    format!("{}/{path}", place::working_directory(cx, client, Default::default()))
}
