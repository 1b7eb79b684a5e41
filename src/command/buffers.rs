//! Paste buffers: set, delete, load, save, show, paste.

use bytes::Bytes;

use crate::base::ClientId;
use crate::base::text;
use crate::base::vis::{self, Vis};
use crate::model::host::{FileError, Maker};
use crate::model::pane::PaneFlags;
use crate::model::{ClientFlags, Cx, Exec, ItemContext};
use crate::syntax::args::Args;
use crate::terminal::Modes;

use super::{output, place};

/// The name given with `-b`, or that of the newest automatic buffer. The error is a message for users.
fn existing(cx: &Cx<'_>, args: &Args) -> Result<String, String> {
    match args.get('b') {
        Some(name) if cx.server.buffers.get(name).is_some() => Ok(name.to_owned()),
        Some(name) => Err(format!("unknown buffer: {name}")),
        None => cx.server.buffers.top().map(|b| b.name.clone()).ok_or_else(|| "no buffer".to_owned()),
    }
}

pub(crate) fn delete_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    match existing(cx, args) {
        Ok(name) => {
            cx.server.delete_buffer(&name);
            Exec::Normal
        }
        Err(message) => output::error(cx, item, &message),
    }
}

pub(crate) fn set_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
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
    let data: Bytes = data.into();
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

pub(crate) fn load_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let path = place::expand_target(cx, item, &args.string(0).unwrap_or_default());
    let path = output::client_path(cx, item.client, &path);
    let name = args.get('b').map(str::to_owned);
    let clipboard = if args.has('w') { item.target_client } else { None };
    let waiting = item.clone();
    let shown = path.clone();
    cx.host.read_file(
        item.client,
        &path,
        Box::new(move |cx, result| match result {
            Err(error) => {
                output::error(cx, &waiting, &file_error(error, &shown));
                cx.server.queues.resume(waiting.id);
            }
            Ok(data) => loaded(cx, &waiting, data.into(), name, clipboard),
        }),
    );
    Exec::Wait
}

/// Maximum number of bytes of a buffer that are turned into text on the loop.
const FEW_BYTES: usize = 1 << 20;

/// Makes a buffer of the data of a file, and ends the command.
fn loaded(
    cx: &mut Cx<'_>,
    item: &ItemContext,
    data: Bytes,
    name: Option<String>,
    clipboard: Option<ClientId>,
) {
    let attached = clipboard.filter(|id| cx.server.client(*id).is_some_and(|c| c.session.is_some()));
    if !data.is_empty() {
        match cx.server.set_buffer(data.clone(), name.as_deref(), cx.now) {
            Err(message) => drop(output::error(cx, item, &message)),
            Ok(()) => attached.into_iter().for_each(|client| cx.host.tty_set_clipboard(client, "", &data)),
        }
    }
    cx.server.queues.resume(item.id);
}

/// Error message for a file, such as `No such file or directory: PATH`.
pub(crate) fn file_error(error: FileError, path: &str) -> String {
    format!("{}: {path}", crate::sys::error::strerror(error.0))
}

pub(crate) fn show_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    save(cx, item, args, None)
}

pub(crate) fn save_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
    let path = place::expand_target(cx, item, &args.string(0).unwrap_or_default());
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
        return show(cx, item, data);
    }
    let path = output::client_path(cx, item.client, path.as_deref().unwrap_or("-"));
    let waiting = item.clone();
    let shown = path.clone();
    cx.host.write_file(
        item.client,
        &path,
        args.has('a'),
        data.into(),
        Box::new(move |cx, result| {
            // A reader of standard output that has left had what it wanted.
            let left = |error: &FileError| shown == "-" && error.0 == libc::EPIPE;
            if let Some(error) = result.err().filter(|error| !left(error)) {
                output::error(cx, &waiting, &file_error(error, &shown));
            }
            cx.server.queues.resume(waiting.id);
        }),
    );
    Exec::Wait
}

/// Shows a buffer to a client that is attached or in control mode.
fn show(cx: &mut Cx<'_>, item: &ItemContext, data: Bytes) -> Exec {
    if data.len() <= FEW_BYTES || !output::can_stream(cx, item) {
        output::print(cx, item, &text::from_bytes(&data));
        return Exec::Normal;
    }
    let waiting = item.id;
    output::stream_text(cx, item, data, false, Box::new(move |cx, _| cx.server.queues.resume(waiting)));
    Exec::Wait
}

pub(crate) fn paste_buffer(cx: &mut Cx<'_>, item: &ItemContext, args: &Args) -> Exec {
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
        let (id, raw) = (pane.id, args.has('S'));
        let paste = Paste { data: buffer.data.clone(), at: 0, separator, raw, bracket };
        // A paste may end lines, so it counts as input of a line.
        cx.server.note_input(id, b"\n");
        let queued = if buffer.data.len() <= PASTE_PIECE {
            cx.host.pane_write(id, &paste.all())
        } else {
            cx.host.pane_paste(id, paste.maker())
        };
        if !queued {
            return output::error(cx, item, &format!("too much input waiting: {id}"));
        }
    }
    if args.has('d') {
        cx.server.delete_buffer(&buffer.name);
    }
    Exec::Normal
}

/// Bytes of a buffer that are pasted at once.
const PASTE_PIECE: usize = 64 << 10;

/// A buffer as its program gets it: newlines are replaced, and control characters made visible unless
/// `raw`.
struct Paste {
    data: Bytes,
    /// Count of the bytes of `data` that have been pasted.
    at: usize,
    separator: Vec<u8>,
    raw: bool,
    bracket: bool,
}

impl Paste {
    /// Makes the bytes in pieces.
    fn maker(mut self) -> Maker {
        let mut begun = false;
        let mut ended = false;
        Box::new(move || {
            let mut out = Vec::new();
            if self.bracket && !begun {
                out.extend_from_slice(b"\x1b[200~");
            }
            begun = true;
            let until = self.at + PASTE_PIECE;
            while self.at < self.data.len().min(until) {
                self.push_line(&mut out);
            }
            if self.at == self.data.len() {
                if ended {
                    return None;
                }
                ended = true;
                if self.bracket {
                    out.extend_from_slice(b"\x1b[201~");
                }
            }
            Some(out)
        })
    }

    /// All bytes of a small buffer.
    fn all(self) -> Vec<u8> {
        std::iter::from_fn(self.maker()).flatten().collect()
    }

    /// Appends the next line, or a part of a long one.
    fn push_line(&mut self, out: &mut Vec<u8>) {
        let rest = &self.data[self.at..];
        let near = &rest[..rest.len().min(PASTE_PIECE)];
        let (len, ends) = match memchr::memchr(b'\n', near) {
            Some(at) => (at, true),
            None if near.len() < rest.len() => (output::whole_chars(rest, near.len()), false),
            None => (near.len(), false),
        };
        if self.raw {
            out.extend_from_slice(&rest[..len]);
        } else {
            out.extend_from_slice(&vis::encode(&rest[..len], Vis::SAFE | Vis::NO_SLASH));
        }
        if ends {
            out.extend_from_slice(&self.separator);
        }
        self.at += len + usize::from(ends);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pasted(data: &[u8], separator: &[u8], raw: bool, bracket: bool) -> Vec<u8> {
        Paste { data: Bytes::copy_from_slice(data), at: 0, separator: separator.to_vec(), raw, bracket }.all()
    }

    #[test]
    fn pastes_lines_with_separators() {
        assert_eq!(pasted(b"a\nb\n", b"\r", false, false), b"a\rb\r");
        assert_eq!(pasted(b"a\x1b[31m", b"\r", false, true), b"\x1b[200~a^[[31m\x1b[201~");
        assert_eq!(pasted(b"a\x1b", b"\n", true, false), b"a\x1b");
        assert_eq!(pasted(b"", b"\n", true, true), b"\x1b[200~\x1b[201~");
    }

    /// A long paste is the same whatever its pieces are: lines shorter and longer than a piece,
    /// characters of several bytes across their edges, bytes that are not UTF-8.
    #[test]
    fn pieces_of_a_paste_make_the_whole() {
        for text in ["x", "\u{e9}", "\u{4e16}", "\u{1f469}", "a\u{1}", "\n", "ab\u{e9}\n"] {
            for len in [PASTE_PIECE - 1, PASTE_PIECE, PASTE_PIECE + 1, 3 * PASTE_PIECE + 2] {
                let data: Vec<u8> = text.bytes().cycle().take(len).collect();
                let expected: Vec<u8> = data
                    .split_inclusive(|b| *b == b'\n')
                    .flat_map(|line| match line.strip_suffix(b"\n") {
                        Some(line) => [vis::encode(line, Vis::SAFE | Vis::NO_SLASH), b"\r".to_vec()].concat(),
                        None => vis::encode(line, Vis::SAFE | Vis::NO_SLASH),
                    })
                    .collect();
                assert!(pasted(&data, b"\r", false, false) == expected, "{text:?} {len}");
                let raw = pasted(&data, b"\n", true, false);
                assert!(raw == data, "{text:?} {len} raw");
            }
        }
    }
}
