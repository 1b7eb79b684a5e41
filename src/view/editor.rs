//! Editing text in the user's editor (option `editor`), in a popup.

use crate::base::{ClientId, Point, Size};
use crate::model::Cx;
use crate::model::host::{AtExit, JobInput, JobReads, JobRequest};
use crate::model::option_access::OptionScope;
use crate::options::opt;

use super::popup::{self, Edited, PopupFlags, Request};

/// Largest text that is read back from an editor, in bytes.
const MAX_EDITED: usize = 64 << 20;

/// Opens an editor on a buffer, which gets the edited text, unless the editor failed or left nothing.
/// The file is kept beside the server's socket, in a directory that only the user may read.
pub(crate) fn edit(cx: &mut Cx<'_>, client: ClientId, buffer: &str) {
    let editor = cx.server.option_text(OptionScope::Server, opt::EDITOR);
    if editor.is_empty() || cx.server.client(client).is_none() {
        return;
    }
    let Some(found) = cx.server.buffers.get(buffer) else { return };
    let (data, order) = (found.data.to_vec(), found.order);
    let path = format!("{}.edit-{}", cx.server.socket_path, cx.now.wall_us);
    let edited = Edited { path: path.clone(), buffer: buffer.to_owned(), order };
    cx.host.write_file(
        None,
        &path,
        false,
        data.into(),
        Box::new(move |cx, written| {
            if written.is_ok() {
                open(cx, client, &editor, edited);
            }
        }),
    );
}

fn open(cx: &mut Cx<'_>, client: ClientId, editor: &str, edited: Edited) {
    let Some(c) = cx.server.client(client) else { return };
    let (full, session) = (c.size, c.session);
    let size = Size::new(full.cols * 9 / 10, full.rows * 9 / 10);
    let at = Point::new(full.cols / 2 - size.cols / 2, full.rows / 2 - size.rows / 2);
    let level = session.map_or(OptionScope::GlobalSession, OptionScope::Session);
    let environ = cx.server.environ_for_session(session, true);
    let environ = environ.iter().filter_map(|(n, v)| Some((n.to_owned(), v.value.clone()?))).collect();
    let path = edited.path.clone();
    let request = Request {
        flags: PopupFlags::INTERNAL | PopupFlags::CLOSE_ON_EXIT,
        at,
        size,
        command: Some(format!("{editor} '{}'", path.replace('\'', "'\\''"))),
        shell: cx.default_shell(level),
        cwd: "/tmp".to_owned(),
        environ,
        edited: Some(edited),
        ..Request::default()
    };
    if !popup::open(cx, client, request) {
        remove(cx, path);
    }
}

/// Reads the edited text back when the editor has ended.
pub(crate) fn closed(cx: &mut Cx<'_>, edited: Edited, status: i32) {
    let path = edited.path.clone();
    if status != 0 {
        remove(cx, path);
        return;
    }
    cx.host.read_file(
        None,
        &path,
        Box::new(move |cx, data| {
            remove(cx, edited.path);
            if let Ok(data) = data
                && !data.is_empty()
                && data.len() <= MAX_EDITED
            {
                replace(cx, &edited.buffer, edited.order, data);
            }
        }),
    );
}

/// Stores the text from the editor, if the buffer is still the same one, without a newline that the
/// editor added at the end.
fn replace(cx: &mut Cx<'_>, name: &str, order: u64, mut edited: Vec<u8>) {
    let Some(old) = cx.server.buffers.get(name).filter(|b| b.order == order) else { return };
    if old.data.last().is_some_and(|&b| b != b'\n') && edited.last() == Some(&b'\n') {
        edited.pop();
    }
    if !edited.is_empty() {
        cx.server.replace_buffer(name, edited);
    }
}

fn remove(cx: &mut Cx<'_>, path: String) {
    let request = JobRequest {
        command: None,
        argv: vec!["/bin/rm".to_owned(), "-f".to_owned(), path],
        shell: "/bin/sh".to_owned(),
        cwd: "/".to_owned(),
        environ: Vec::new(),
        input: JobInput::Nothing,
        reads: JobReads::Nothing,
        pty: None,
        at_exit: AtExit::Leave,
        output: None,
        done: None,
        kept: None,
    };
    // If the file cannot be removed it stays; nobody is there to report the error to.
    let _ = cx.host.run_job(request);
}
