//! Paste buffers: set, delete, load, save, show, paste.

use crate::base::text;
use crate::base::vis::{self, Vis};
use crate::format::Scope;
use crate::model::host::FileError;
use crate::model::pane::PaneFlags;
use crate::model::{ClientFlags, Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::terminal::Modes;

use super::output;

/// A format of a command expanded for its target.
fn expand(cx: &Cx<'_>, item: &ItemContext, format: &str) -> String {
    Scope::new(cx.server, cx.host, cx.now)
        .item(item)
        .client(item.target_client)
        .state(&item.target)
        .expand(format)
}

/// The name given with `-b`, or that of the newest automatic buffer. The error is the message.
fn existing(cx: &Cx<'_>, args: &Args) -> Result<String, String> {
    match args.get('b') {
        Some(name) if cx.server.buffers.get(name).is_some() => Ok(name.to_owned()),
        Some(name) => Err(format!("unknown buffer: {name}")),
        None => cx.server.buffers.top().map(|b| b.name.clone()).ok_or_else(|| "no buffer".to_owned()),
    }
}

pub fn delete_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match existing(cx, args) {
        Ok(name) => {
            cx.server.delete_buffer(&name);
            Exec::Normal
        }
        Err(message) => output::error(cx, item, &message),
    }
}

pub fn set_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    if let Some(new) = args.get('n') {
        let renamed = existing(cx, args).and_then(|old| cx.server.rename_buffer(&old, new));
        return match renamed {
            Ok(()) => Exec::Normal,
            Err(message) => output::error(cx, item, &message),
        };
    }
    let Some(value) = args.string(0).filter(|_| args.count() == 1) else {
        return output::error(cx, item, "no data specified");
    };
    if value.is_empty() {
        return Exec::Normal;
    }
    let name = args.get('b');
    let mut data = Vec::new();
    if args.has('a')
        && let Some(old) = name.and_then(|name| cx.server.buffers.get(name))
    {
        data.extend_from_slice(&old.data);
    }
    data.extend_from_slice(&text::to_bytes(&value));
    if let Err(message) = cx.server.set_buffer(data.clone(), name, cx.now) {
        return output::error(cx, item, &message);
    }
    if args.has('w')
        && let Some(client) = item.target_client
    {
        cx.host.tty_set_clipboard(client, "", &data);
    }
    Exec::Normal
}

pub fn load_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let path = expand(cx, item, &args.string(0).unwrap_or_default());
    let path = output::client_path(cx, item.client, &path);
    let name = args.get('b').map(str::to_owned);
    let clipboard = if args.has('w') { item.target_client } else { None };
    let waiting = item.clone();
    let shown = path.clone();
    cx.host.read_file(
        item.client,
        &path,
        Box::new(move |cx, result| {
            match result {
                Err(error) => drop(output::error(cx, &waiting, &file_error(error, &shown))),
                Ok(data) if data.is_empty() => {}
                Ok(data) => match cx.server.set_buffer(data.clone(), name.as_deref(), cx.now) {
                    Err(message) => drop(output::error(cx, &waiting, &message)),
                    Ok(()) => {
                        let attached =
                            clipboard.filter(|id| cx.server.client(*id).is_some_and(|c| c.session.is_some()));
                        if let Some(client) = attached {
                            cx.host.tty_set_clipboard(client, "", &data);
                        }
                    }
                },
            }
            cx.server.queues.resume(waiting.id);
        }),
    );
    Exec::Wait
}

/// `No such file or directory: PATH`.
pub fn file_error(error: FileError, path: &str) -> String {
    format!("{}: {path}", crate::base::posix::strerror(error.0))
}

pub fn show_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    save(cx, item, args, None)
}

pub fn save_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let path = expand(cx, item, &args.string(0).unwrap_or_default());
    save(cx, item, args, Some(path))
}

/// Writes a buffer to a file, or shows it when there is no path.
fn save(cx: &mut Cx<'_>, item: &ItemContext, args: &Args, path: Option<String>) -> Exec {
    let found = match args.get('b') {
        Some(name) => cx.server.buffers.get(name).ok_or_else(|| format!("no buffer {name}")),
        None => cx.server.buffers.top().ok_or_else(|| "no buffers".to_owned()),
    };
    let data = match found {
        Ok(buffer) => buffer.data.clone(),
        Err(message) => return output::error(cx, item, &message),
    };
    let shows = item
        .client
        .and_then(|id| cx.server.client(id))
        .is_some_and(|client| client.session.is_some() || client.flags.contains(ClientFlags::CONTROL));
    if path.is_none() && shows {
        output::print(cx, item, &text::from_bytes(&data));
        return Exec::Normal;
    }
    let path = output::client_path(cx, item.client, path.as_deref().unwrap_or("-"));
    let waiting = item.clone();
    let shown = path.clone();
    cx.host.write_file(
        item.client,
        &path,
        args.has('a'),
        data.to_vec(),
        Box::new(move |cx, result| {
            if let Err(error) = result {
                output::error(cx, &waiting, &file_error(error, &shown));
            }
            cx.server.queues.resume(waiting.id);
        }),
    );
    Exec::Wait
}

pub fn paste_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let Some(pane) = item.target.pane.and_then(|id| cx.server.pane(id)) else { return Exec::Error };
    if pane.has_exited() {
        return output::error(cx, item, "target pane has exited");
    }
    let buffer = match args.get('b') {
        Some(name) => match cx.server.buffers.get(name) {
            Some(buffer) => Some(buffer.clone()),
            None => return output::error(cx, item, &format!("no buffer {name}")),
        },
        None => cx.server.buffers.top().cloned(),
    };
    let Some(buffer) = buffer else { return Exec::Normal };
    if !pane.flags.contains(PaneFlags::INPUT_OFF) {
        let bracket = args.has('p') && pane.terminal.lock().modes().contains(Modes::BRACKETPASTE);
        let separator = args.get('s').map(text::to_bytes);
        let separator =
            separator.unwrap_or_else(|| if args.has('r') { b"\n".to_vec() } else { b"\r".to_vec() });
        let bytes = pasted(&buffer.data, &separator, args.has('S'), bracket);
        cx.host.pane_write(pane.id, &bytes);
    }
    if args.has('d') {
        cx.server.delete_buffer(&buffer.name);
    }
    Exec::Normal
}

/// What a program gets: newlines replaced, control characters made visible unless `raw`.
fn pasted(data: &[u8], separator: &[u8], raw: bool, bracket: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 12);
    if bracket {
        out.extend_from_slice(b"\x1b[200~");
    }
    for piece in data.split_inclusive(|b| *b == b'\n') {
        let (line, ends) = match piece.strip_suffix(b"\n") {
            Some(line) => (line, true),
            None => (piece, false),
        };
        if raw {
            out.extend_from_slice(line);
        } else {
            out.extend_from_slice(&vis::encode(line, Vis::SAFE | Vis::NO_SLASH));
        }
        if ends {
            out.extend_from_slice(separator);
        }
    }
    if bracket {
        out.extend_from_slice(b"\x1b[201~");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pastes_lines_with_separators() {
        assert_eq!(pasted(b"a\nb\n", b"\r", false, false), b"a\rb\r");
        assert_eq!(pasted(b"a\x1b[31m", b"\r", false, true), b"\x1b[200~a^[[31m\x1b[201~");
        assert_eq!(pasted(b"a\x1b", b"\n", true, false), b"a\x1b");
    }
}
